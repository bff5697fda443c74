//! Edges on pins, slaves, and that the two ways of looking agree.

use super::*;

/// The levels of the pins by time, as the log has them.
fn log(bench: &mut Bench) -> Vec<(Ps, u64)> {
    bench.flush();
    bench.system.dev.fabric.pins.take_log()
}

/// TX at 48 kHz, 16 bits, with these frames in memory.
fn ready(frames: &[[u16; 2]]) -> Bench {
    let mut bench = Bench::new();
    bench.tx_pins();
    at_48k(&mut bench, 16, 16);
    let data: Vec<u8> = frames.iter().flatten().flat_map(|sample| sample.to_le_bytes()).collect();
    bench.put(OUT_DATA, &data);
    bench.start_dma(true, 1, data.len() as u32, true);
    bench
}

/// Philips: WS low with the left channel, data one clock behind it, MSB first, changed as the clock falls. 8 MCLKs a bit, of
/// 13 source clocks each but for every 48th.
#[test]
fn edges_are_those_of_the_philips_standard_and_the_divider() {
    let mut bench = ready(&[[0x8001, 0x4002]]);
    bench.system.dev.fabric.pins.keep_log(true);
    bench.start_tx(STANDARD);
    let start = bench.now();
    bench.run(50 * MICROSECOND);
    let log: Vec<(Ps, u64)> = log(&mut bench).into_iter().filter(|(at, _)| *at >= start).collect();
    let is_high = |levels: u64, pin: u8| levels >> pin & 1 != 0;
    let rising: Vec<(Ps, u64)> = log
        .windows(2)
        .filter(|pair| !is_high(pair[0].1, BCK) && is_high(pair[1].1, BCK))
        .map(|pair| (pair[1].0 - start, pair[1].1))
        .collect();
    // 104 source clocks of 6.25 ns a bit; the clock rises after 52.
    assert_eq!((rising[0].0, rising[1].0), (52 * 6250, 156 * 6250));
    // Bit 6 holds MCLK 47, which is the longer one.
    assert_eq!(rising[6].0, (6 * 104 + 1 + 52) * 6250);
    let bits = |pin: u8, range: std::ops::Range<usize>| -> Vec<u8> {
        rising[range].iter().map(|(_, levels)| u8::from(is_high(*levels, pin))).collect()
    };
    assert_eq!(bits(WS, 0..32), [[0; 16], [1; 16]].concat());
    let word = |range| bits(DOUT, range).iter().fold(0u32, |word, bit| word << 1 | u32::from(*bit));
    assert_eq!((bits(DOUT, 0..1), word(1..33), word(33..65)), (vec![0], 0x8001_4002, 0x8001_4002));
    // WS and data change with the falling edge alone.
    for pair in log.windows(2) {
        let changed = pair[0].1 ^ pair[1].1;
        if changed >> WS & 1 != 0 && pair[0].0 >= start {
            assert!(!is_high(pair[1].1, BCK));
        }
    }
}

/// The trace, what a part hears and what memory gets do not depend on who looks at the wire: TX alone, RX alone, both, and
/// RX from a pin that the chip drives itself, as GPIO43 is driven by UART0 until software takes it.
#[test]
fn looking_changes_nothing() {
    let run = |which: u32, look: u32| {
        let mut bench = ready(&[[1, 2], [3, 4], [0xFFFF, 0x8000]]);
        bench.attach(STEREO);
        bench.source(DIN, signals::I2S0I_SD);
        bench.set(RX_EOF, 256);
        bench.start_dma(false, 1, 2048, false);
        match look {
            0 => {}
            1 => bench.system.dev.fabric.pins.keep_log(true),
            _ => _ = bench.system.dev.fabric.pins.attach_edges(BCK),
        }
        match which {
            0 => bench.start_tx(STANDARD),
            1 | 3 => {
                if which == 3 {
                    bench.output(DIN, signals::U0TXD);
                    bench.system.dev.fabric.enable(signals::U0TXD, true);
                }
                bench.rx_pins();
                bench.start_rx(STANDARD);
            }
            _ => {
                bench.set(TX_CONF_, STANDARD | LOOPBACK);
                bench.start_rx(STANDARD | SLAVE);
                bench.start_tx(STANDARD | LOOPBACK);
            }
        }
        bench.run(8000 * MICROSECOND);
        let (mut samples, mut at) = bench.heard();
        samples.truncate(600);
        at.truncate(300);
        let memory = bench.bytes(IN_DATA, 1024);
        (samples, at, memory, bench.system.dev.fabric.pins.trace.sha256())
    };
    for which in 0..4 {
        let quiet = run(which, 0);
        assert_eq!(which == 3, quiet.2[..64] == [0xFF; 64]);
        for look in [1, 2] {
            let looked = run(which, look);
            if which % 2 == 0 {
                assert!(quiet.0 == looked.0, "{:?}", &looked.0[..12]);
                assert!(quiet.1 == looked.1, "{:?}", &looked.1[..4]);
            }
            assert!(quiet.2 == looked.2, "{which} {look}: {:?}", &looked.2[..12]);
            assert_eq!(quiet.3, looked.3, "{which} {look}");
        }
    }
}

/// DOUT wired to DIN on the board: RX takes what TX sends.
#[test]
fn a_wire_from_dout_to_din() {
    let mut bench = ready(&[[0x1234, 0x8765], [0xFFFF, 0x0001]]);
    bench.source(DIN, signals::I2S0I_SD);
    let now = bench.now();
    bench.system.dev.fabric.pins.join(DOUT, DIN, now);
    bench.set(RX_EOF, 64);
    bench.start_dma(false, 1, 64, false);
    bench.set(TX_CONF_, STANDARD | LOOPBACK);
    bench.start_rx(STANDARD);
    bench.start_tx(STANDARD | LOOPBACK);
    bench.run(500 * MICROSECOND);
    let memory = bench.bytes(IN_DATA, 64);
    let begins = memory.chunks(4).position(|frame| frame == [0x34, 0x12, 0x65, 0x87]).unwrap();
    assert_eq!(memory[4 * begins + 4..4 * begins + 12], [0xFF, 0xFF, 1, 0, 0x34, 0x12, 0x65, 0x87]);
}

/// The same GPIO as dout and din (i2s_gpio_loopback_set).
#[test]
fn the_same_pin_as_output_and_input() {
    let mut bench = ready(&[[0x1234, 0x8765]]);
    bench.source(DOUT, signals::I2S0I_SD);
    bench.set(RX_EOF, 64);
    bench.start_dma(false, 1, 64, false);
    bench.set(TX_CONF_, STANDARD | LOOPBACK);
    bench.start_rx(STANDARD | SLAVE);
    bench.start_tx(STANDARD | LOOPBACK);
    bench.run(500 * MICROSECOND);
    assert_eq!(bench.bytes(IN_DATA + 16, 8), [0x34, 0x12, 0x65, 0x87, 0x34, 0x12, 0x65, 0x87]);
}

/// I2S1 as master on the same wires as I2S0 as slave, which is clocked by the edges on its pins: TX of each to RX of the other.
#[test]
fn a_slave_follows_edges_on_its_pins() {
    for delay in [1 << 29, 0] {
        let mut bench = ready(&[[0x1122, 0x3344], [0x5566, 0x7788]]);
        // I2S1 drives the wires; I2S0's bit clock and word select come from them.
        for (pin, signal) in [(BCK, signals::I2S1O_BCK), (WS, signals::I2S1O_WS), (17, signals::I2S1O_SD)] {
            bench.output(pin, signal);
        }
        for (pin, signal) in [
            (BCK, signals::I2S0O_BCK),
            (WS, signals::I2S0O_WS),
            (BCK, signals::I2S0I_BCK),
            (WS, signals::I2S0I_WS),
            (17, signals::I2S0I_SD),
            (DOUT, signals::I2S1I_SD),
        ] {
            bench.source(pin, signal);
        }
        let (n, div) = divider(13, 1, 48);
        for offset in [0, I2S1] {
            bench.set(offset + TX_CLKM, CLK_ACTIVE | F160M | n);
            bench.set(offset + TX_DIV, div);
            bench.set(offset + TX_CONF1_, conf1(16, 16, 8) & !(1 << 29) | delay);
            bench.set(offset + RX_CONF1_, conf1(16, 16, 8) & !(1 << 29) | delay);
            bench.set(offset + TX_TDM, 1 << 16 | 3);
            bench.set(offset + RX_TDM, 1 << 16 | 3);
            bench.set(offset + RX_EOF, 64);
        }
        bench.put(0x3FCA_8000, &[0xEF, 0xBE, 0xAD, 0xDE]);
        bench.list(1, true, 4, 0x3FC9_2000, 0x3FCA_8000, 4);
        bench.list(2, false, 4, 0x3FC9_3000, 0x3FCB_8000, 64);
        bench.start_dma(false, 1, 64, false);
        bench.start_rx(STANDARD | SLAVE);
        bench.start_tx(STANDARD | SLAVE);
        for bits in [UPDATE, START] {
            bench.set(I2S1 + RX_CONF_, STANDARD | SLAVE | bits);
            bench.set(I2S1 + TX_CONF_, STANDARD | LOOPBACK | bits);
        }
        bench.run(500 * MICROSECOND);
        let memory = bench.bytes(IN_DATA, 64);
        assert_eq!(memory[8..16], [0xEF, 0xBE, 0xAD, 0xDE, 0xEF, 0xBE, 0xAD, 0xDE], "delay {delay:X}");
        let back = bench.bytes(0x3FCB_8000, 64);
        let begins = back.chunks(4).position(|frame| frame == [0x22, 0x11, 0x44, 0x33]).expect("the slave's frame");
        assert!(begins <= 2);
        assert_eq!(back[4 * begins + 4..4 * begins + 12], [0x66, 0x55, 0x88, 0x77, 0x22, 0x11, 0x44, 0x33]);
    }
}

/// I2S0 as a slave in both directions, of a part that is the master: 48 kHz with slots of 32 bits.
fn slave_of_a_part(clock: I2sClock, look: u32) -> Bench {
    let mut bench = Bench::new();
    for (pin, signal) in [
        (BCK, signals::I2S0O_BCK),
        (WS, signals::I2S0O_WS),
        (BCK, signals::I2S0I_BCK),
        (WS, signals::I2S0I_WS),
        (DIN, signals::I2S0I_SD),
    ] {
        bench.source(pin, signal);
    }
    bench.output(DOUT, signals::I2S0O_SD);
    let wire = I2sWire::new(BCK, WS, Some(DOUT), Some(DIN), STEREO).clocked_by_part(clock);
    bench.system.dev.fabric.pins.attach_i2s(wire);
    match look {
        0 => {}
        1 => bench.system.dev.fabric.pins.keep_log(true),
        _ => _ = bench.system.dev.fabric.pins.attach_edges(WS),
    }
    bench.set(TX_CONF1_, conf1(32, 32, 8));
    bench.set(RX_CONF1_, conf1(16, 32, 8));
    bench.set(TX_TDM, 1 << 16 | 3);
    bench.set(RX_TDM, 1 << 16 | 3);
    bench.set(RX_EOF, 960);
    bench.put(OUT_DATA, &[1, 2, 3, 4, 5, 6, 7, 8]);
    bench.start_dma(true, 1, 8, true);
    bench.start_dma(false, 2, 960, true);
    bench
}

fn clock_48k(from: Ps) -> I2sClock {
    let layout = I2sLayout { bits: 64, ws_first: 32, ws_level: false, delay: true };
    I2sClock { rate: Hertz::new(48_000), layout, from }
}

/// A part is the master: the chip follows it in both directions.
#[test]
fn a_part_gives_the_clock() {
    let from = 3 * MICROSECOND;
    let mut bench = slave_of_a_part(clock_48k(from), 0);
    bench.run(15 * MICROSECOND);
    bench.start_rx(STANDARD | SLAVE);
    bench.start_tx(STANDARD | SLAVE);
    bench.dma_raw(false);
    let frame = SECOND / 48_000;
    let first = bench.next_dma(false, IN_SUC_EOF);
    let expected = from + frame + 240 * SECOND / 48_000 + frame / 128;
    assert!(first.abs_diff(expected) <= 30_000, "{first} and {expected}");
    let (samples, at) = bench.heard();
    assert_eq!(samples[..2], [0x0403_0201, 0x0807_0605]);
    assert_eq!((at[0], at[48] - at[0]), (from + frame, SECOND / 1000));
    assert_eq!(bench.bytes(IN_DATA, 8), [1, 0, 0xFE, 0xFF, 2, 0, 0xFD, 0xFF]);
}

/// Where somebody looks at the part's clock its edges are there, and the outcome is the same.
#[test]
fn looking_at_the_clock_of_a_part_changes_nothing() {
    let run = |look: u32| {
        let mut bench = slave_of_a_part(clock_48k(3 * MICROSECOND), look);
        bench.run(15 * MICROSECOND);
        bench.start_rx(STANDARD | SLAVE);
        bench.start_tx(STANDARD | SLAVE);
        bench.run(8_000 * MICROSECOND);
        let (samples, at) = bench.heard();
        let first = at.iter().position(|at| *at >= 20 * MICROSECOND).unwrap();
        let heard = (samples[2 * first..][..500].to_vec(), at[first..][..250].to_vec());
        // The part is asked for the frames before the chip follows, where they are there as edges.
        let memory = bench.bytes(IN_DATA, 960);
        let counts: Vec<u16> = memory.chunks(4).map(|frame| u16::from_le_bytes([frame[0], frame[1]])).collect();
        let steady = counts.windows(2).all(|pair| pair[1] == pair[0] + 1);
        (heard, steady, bench.system.dev.fabric.pins.trace.events())
    };
    let quiet = run(0);
    assert!(quiet.1);
    for look in [1, 2] {
        let looked = run(look);
        assert!(quiet.0 == looked.0, "{look}: {:?}", (&looked.0 .0[..6], &looked.0 .1[..3], &quiet.0 .1[..3]));
        assert_eq!((quiet.1, quiet.2), (looked.1, looked.2), "{look}");
    }
}

/// The part stops its clock, and gives another one.
#[test]
fn a_part_changes_its_clock() {
    let mut bench = slave_of_a_part(clock_48k(0), 0);
    bench.start_tx(STANDARD | SLAVE);
    bench.run(5_000 * MICROSECOND);
    bench.system.dev.fabric.pins.set_i2s_clock(1, None);
    bench.run(5_000 * MICROSECOND);
    let stopped = bench.heard().1.len();
    assert!((240..=240 + 64).contains(&stopped), "{stopped}");
    let from = bench.now();
    let clock = I2sClock { rate: Hertz::new(16_000), ..clock_48k(from) };
    bench.system.dev.fabric.pins.set_i2s_clock(1, Some(clock));
    bench.run(10_000 * MICROSECOND);
    let at = bench.heard().1;
    assert!(at.len() > stopped + 130);
    assert_eq!(at[at.len() - 1] - at[at.len() - 2], SECOND / 16_000);
}

/// 48 kHz stereo costs a few hundred events a second, not one for each bit.
#[test]
fn frames_cost_few_events() {
    let mut bench = ready(&[[1, 2]; 240]);
    bench.start_tx(STANDARD);
    let mut events = 0;
    let until = bench.now() + SECOND / 10;
    while bench.system.dev.fabric.events.next() <= until {
        let next = bench.system.dev.fabric.events.next();
        let now = bench.now();
        bench.run(next.saturating_sub(now));
        events += 1;
    }
    assert!(events < 120, "{events} events in 100 ms");
}
