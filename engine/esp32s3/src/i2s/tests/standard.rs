//! Standard and TDM mode: what parts hear and say, and when DMA's interrupts come.

use super::*;

/// 160 MHz, the source of MCLK, in ps.
const SOURCE: Ps = 6250;

fn divided(n: u32, b: u32, a: u32) -> Divider {
    let (num, conf) = divider(n, b, a);
    Divider::new(num, conf >> 18 & 0x1FF, conf >> 9 & 0x1FF, conf & 0x1FF, conf >> 27 != 0)
}

/// `soc/i2s_reg.h`: a MCLKs take N a + b source clocks; here 48 of them 625. 256 MCLKs a frame: 48 frames take
/// 256 x 625 x 6.25 ns = 1 ms, exactly.
#[test]
fn the_sample_rate_is_that_of_the_divider() {
    let mut bench = Bench::new();
    bench.tx_pins();
    bench.attach(STEREO);
    at_48k(&mut bench, 16, 16);
    let data: Vec<u8> = (0..480u16).flat_map(|n| [n.to_le_bytes(), (n | 0x8000).to_le_bytes()].concat()).collect();
    bench.put(OUT_DATA, &data);
    bench.start_dma(true, 2, 240 * 4, true);
    bench.start_tx(STANDARD);
    let start = bench.now();
    bench.run(10_000 * MICROSECOND - 20_000);
    let (samples, at) = bench.heard();
    assert_eq!(at.len(), 480);
    assert_eq!(at[0], start);
    assert_eq!(at[48] - start, 1_000_000_000);
    assert_eq!(at[479] - start, 1_000_000_000 * 9 + (at[47] - at[0]));
    assert_eq!(samples[2 * 479..], [479 << 16, (479 | 0x8000) << 16]);
    let heard = bench.heard.lock().unwrap();
    assert_eq!(heard.batches[0].1.bits, 16);
}

/// The order that `soc/i2s_reg.h` gives for X, Y, Z and YN1.
#[test]
fn mclk_is_made_of_periods_of_n_and_n_plus_1() {
    let lengths = |divider: &Divider, count: u64| -> Vec<u64> {
        (0..count).map(|n| divider.cycles(n + 1) - divider.cycles(n)).collect()
    };
    let divider = divided(13, 1, 48);
    assert_eq!(divider.period(), (48, 625));
    assert_eq!(lengths(&divider, 48), [vec![13; 47], vec![14]].concat());
    // 14 + 76/441: z = 76, x = 4, y = 61: 76 times four of 14 and one of 15, then 61 of 14.
    let divider = divided(14, 76, 441);
    assert_eq!(divider.period(), (441, 14 * 441 + 76));
    let all = lengths(&divider, 441);
    assert_eq!(all[..10], [14, 14, 14, 14, 15, 14, 14, 14, 14, 15]);
    assert_eq!((all[379], &all[380..]), (15, &[14; 61][..]));
    // 9 + 49/64, b > a/2: z = 15, x = 3, y = 4: 15 times one of 9 and three of 10, then four of 10.
    let divider = divided(9, 49, 64);
    let all = lengths(&divider, 64);
    assert_eq!(all[..8], [9, 10, 10, 10, 9, 10, 10, 10]);
    assert_eq!((divider.cycles(64), &all[60..]), (9 * 64 + 49, &[10; 4][..]));
    assert_eq!(Divider::new(0, 0, 1, 0, false).period(), (1, 256));
}

/// The interrupts of DMA come with the first bit of the frame that takes a descriptor's last bytes.
#[test]
fn out_eof_comes_in_time() {
    let mut bench = Bench::new();
    bench.tx_pins();
    bench.attach(STEREO);
    at_48k(&mut bench, 16, 16);
    bench.start_dma(true, 2, 240 * 4, true);
    bench.start_tx(STANDARD);
    let start = bench.now();
    bench.dma_raw(true);
    for n in 1..=6 {
        let frame = |n: u64| 256 * n * 625 / 48 * SOURCE;
        let at = bench.next_dma(true, OUT_EOF) - start;
        assert!(at.abs_diff(frame(240 * n - 1)) <= 3 * SOURCE, "EOF {n} after {at} ps");
    }
}

/// 16 kHz, 24 bits in slots of 32, master, full duplex with SIG_LOOPBACK (ESP-IDF i2s_std, i2s_ll_share_bck_ws): MCLK =
/// 384 x 16 kHz = 160 MHz / (26 + 1/24), BCK = MCLK / 6.
#[test]
fn full_duplex_on_one_clock() {
    let mut bench = Bench::new();
    bench.tx_pins();
    bench.source(DIN, signals::I2S0I_SD);
    bench.attach(STEREO);
    let (n, div) = divider(26, 1, 24);
    for (clkm, conf) in [(TX_CLKM, TX_DIV), (RX_CLKM, RX_DIV)] {
        bench.set(clkm, 1 << 29 | CLK_ACTIVE | F160M | n);
        bench.set(conf, div);
    }
    bench.set(TX_CONF1_, conf1(24, 32, 6));
    bench.set(RX_CONF1_, conf1(24, 32, 6));
    bench.set(TX_TDM, 1 << 16 | 3);
    bench.set(RX_TDM, 1 << 16 | 3);
    bench.set(RX_EOF, 32 * 6);
    bench.put(OUT_DATA, &[1, 2, 3, 4, 5, 0x86]);
    bench.start_dma(true, 1, 96 * 6, true);
    bench.start_dma(false, 4, 32 * 6, true);
    bench.set(TX_CONF_, STANDARD | LOOPBACK);
    bench.start_rx(STANDARD | SLAVE);
    bench.run(MICROSECOND);
    assert_eq!(bench.heard.lock().unwrap().asked.len(), 0, "RX waits for TX, whose clock it has");
    bench.start_tx(STANDARD | LOOPBACK);
    let start = bench.now();
    bench.dma_raw(false);
    let at = bench.next_dma(false, IN_SUC_EOF) - start;
    // 32 frames of 62.5 us; the last bit comes one clock later, and is taken as the clock rises.
    let bit = SECOND / 16_000 / 64;
    assert!(at.abs_diff(32 * 64 * bit + bit / 2) <= 30_000, "{at}");
    bench.run(at);
    let (samples, times) = bench.heard();
    assert_eq!(samples[..2], [0x0302_0100, 0x8605_0400u32 as i32]);
    assert_eq!((times[0], times[16] - times[0]), (start, SECOND / 1000));
    // Frame n says n << 16 and its complement, of which 24 bits are kept.
    assert_eq!(bench.bytes(IN_DATA, 12), [0, 1, 0, 0xFF, 0xFE, 0xFF, 0, 2, 0, 0xFF, 0xFD, 0xFF]);
    let heard = bench.heard.lock().unwrap();
    assert_eq!(heard.asked[..2], times[..2]);
}

/// RX alone, 48 kHz, 16 bits in slots of 32 for a microphone of 24 bits; RX_EOF_NUM in bytes (`hal/i2s_ll.h`).
#[test]
fn a_microphone_is_recorded() {
    let mut bench = Bench::new();
    bench.rx_pins();
    bench.attach(STEREO);
    at_48k(&mut bench, 16, 32);
    bench.set(RX_EOF, 960);
    bench.start_dma(false, 3, 960, true);
    bench.start_rx(STANDARD);
    let start = bench.now();
    bench.dma_raw(false);
    let first = bench.next_dma(false, IN_SUC_EOF);
    assert!((first - start).abs_diff(5_000_000_000 + SECOND / 48_000 / 128) <= 30_000);
    let second = bench.next_dma(false, IN_SUC_EOF);
    assert!((second - first).abs_diff(5_000_000_000) <= 30_000);
    assert_eq!(bench.bytes(IN_DATA, 8), [1, 0, 0xFE, 0xFF, 2, 0, 0xFD, 0xFF]);
    assert_eq!(bench.bytes(IN_DATA + 960, 2), [241, 0]);
    // The descriptor went back to the processor, with its length and EOF.
    assert_eq!(bench.bytes(IN_LIST, 4), (1u32 << 30 | 960 << 12 | 960).to_le_bytes());
}

/// ESP-IDF programming guide, I2S, STD TX mode: what is on the line (WS low, WS high) for each slot mode and mask; the
/// memory holds 1, 2, 3, 4. CHAN_EQUAL and TX_MONO, mask, SKIP_MSK_EN as i2s_hal_std_set_tx_slot sets them.
#[test]
fn slot_modes_and_masks_of_tx() {
    let mono = 1 << 5 | 1 << 6;
    for (conf, tdm, line) in [
        (0, 1, [1, 0, 2, 0, 3, 0, 4, 0]),
        (0, 2, [0, 1, 0, 2, 0, 3, 0, 4]),
        (mono, 1, [1, 1, 2, 2, 3, 3, 4, 4]),
        (0, 1 << 20 | 1, [1, 0, 3, 0, 5, 0, 7, 0]),
        (0, 1 << 20 | 2, [0, 2, 0, 4, 0, 6, 0, 8]),
        (0, 3, [1, 2, 3, 4, 5, 6, 7, 8]),
    ] {
        let mut bench = Bench::new();
        bench.tx_pins();
        bench.attach(STEREO);
        at_48k(&mut bench, 16, 16);
        bench.set(TX_TDM, 1 << 16 | tdm);
        let data: Vec<u8> = (1..=16u16).flat_map(u16::to_le_bytes).collect();
        bench.put(OUT_DATA, &data);
        bench.start_dma(true, 1, 32, true);
        bench.start_tx(STANDARD | conf);
        bench.run(85 * MICROSECOND);
        let samples: Vec<i32> = bench.heard().0.iter().map(|sample| sample >> 16).collect();
        assert_eq!(samples[..8], line, "conf {conf:X}, mask {tdm:X}");
    }
}

/// The same guide, STD RX mode: mono takes the slot of the mask, stereo both. RX_MONO has no effect here: ESP-IDF 4.4 sets it
/// for stereo as well.
#[test]
fn slot_masks_of_rx() {
    for (mask, first, count) in [(1, [1, 0, 2, 0], 2), (2, [0xFE, 0xFF, 0xFD, 0xFF], 2), (3, [1, 0, 0xFE, 0xFF], 4)] {
        let mut bench = Bench::new();
        bench.rx_pins();
        bench.attach(STEREO);
        at_48k(&mut bench, 16, 32);
        bench.set(RX_TDM, 1 << 16 | mask);
        bench.set(RX_EOF, 10 * count);
        bench.start_dma(false, 1, 10 * count, false);
        bench.start_rx(STANDARD | 1 << 5 | 1 << 9);
        bench.run(230 * MICROSECOND);
        assert_eq!(bench.bytes(IN_DATA, 4), first);
        assert_eq!(bench.dma_raw(false) & IN_SUC_EOF, IN_SUC_EOF);
    }
}

/// SINGLE_DATA in slots that are not in use; bytes and bits the other way round; samples at the end of their slots.
#[test]
fn orders_alignment_and_single_data() {
    let sent = |conf: u32, data: u32, slot: u32| {
        let mut bench = Bench::new();
        bench.tx_pins();
        bench.attach(STEREO);
        at_48k(&mut bench, data, slot);
        bench.set(TX_TDM, 1 << 16 | 1);
        bench.set(SINGLE, 0x5A);
        bench.put(OUT_DATA, &[0x12, 0x34, 0x56, 0x78]);
        bench.start_dma(true, 1, 4, true);
        bench.start_tx(TDM_EN | conf);
        bench.run(MICROSECOND);
        let samples = bench.heard().0;
        (samples[0] as u32, samples[1] as u32)
    };
    assert_eq!(sent(LEFT_ALIGN, 16, 16), (0x3412_0000, 0x005A_0000));
    assert_eq!(sent(LEFT_ALIGN | 1 << 7, 16, 16), (0x1234_0000, 0x005A_0000));
    assert_eq!(sent(LEFT_ALIGN | 1 << 18, 16, 16), (0x482C_0000, 0x5A00_0000));
    assert_eq!(sent(LEFT_ALIGN, 16, 32), (0x3412_0000, 0x005A_0000));
    assert_eq!(sent(0, 16, 32), (0x0000_3412, 0x0000_005A));
    assert_eq!(sent(LEFT_ALIGN, 8, 16), (0x1200_0000, 0x5A00_0000));
    assert_eq!(sent(LEFT_ALIGN, 32, 32), (0x7856_3412, 0x0000_005A));
}

/// i2s_hal_tdm_set_tx_slot: 8 slots of 16 bits, WS high for half of the frame or for one clock (PCM short), 16 kHz; slots 0, 1
/// and 5 in use.
#[test]
fn tdm_sends_and_takes_up_to_128_bits() {
    for width in [64, 1] {
        let mut bench = Bench::new();
        bench.tx_pins();
        bench.source(DIN, signals::I2S0I_SD);
        bench.attach(I2sFormat { slots: 8, slot_bits: 16, delay: true });
        // MCLK = 256 x 16 kHz = 160 MHz / (39 + 1/16).
        let (n, div) = divider(39, 1, 16);
        bench.set(TX_CLKM, CLK_ACTIVE | F160M | n);
        bench.set(TX_DIV, div);
        let conf1 = 1 << 29 | 15 << 24 | 63 << 18 | 15 << 13 | 1 << 7 | (width - 1);
        bench.set(TX_CONF1_, conf1);
        bench.set(RX_CONF1_, conf1);
        bench.set(TX_TDM, 7 << 16 | 0x23);
        bench.set(RX_TDM, 7 << 16 | 0x81);
        bench.set(RX_EOF, 16);
        bench.put(OUT_DATA, &[1, 0, 2, 0, 3, 0, 4, 0, 5, 0, 6, 0]);
        bench.start_dma(true, 1, 12, true);
        bench.start_dma(false, 1, 16, false);
        let high_first = 1 << 17;
        bench.set(TX_CONF_, STANDARD | LOOPBACK);
        bench.start_rx(STANDARD | high_first | SLAVE);
        bench.start_tx(STANDARD | high_first | LOOPBACK);
        bench.run(300 * MICROSECOND);
        let (samples, at) = bench.heard();
        let upper: Vec<i32> = samples.iter().map(|sample| sample >> 16).collect();
        assert_eq!(upper[..16], [1, 2, 0, 0, 0, 3, 0, 0, 4, 5, 0, 0, 0, 6, 0, 0]);
        assert_eq!(at[4] - at[0], 250 * MICROSECOND);
        assert_eq!(bench.bytes(IN_DATA, 8), [1, 0, 0xFE, 0xFF, 2, 0, 0xFD, 0xFF]);
    }
}

/// TX_STOP_EN: without data the clock stops and TX_IDLE is set; a link that is started lets it go on. TX_DONE and, after
/// LC_FIFO_TIMEOUT x 88000 APB clocks, TX_HUNG.
#[test]
fn tx_stops_without_data_and_goes_on() {
    let mut bench = Bench::new();
    bench.tx_pins();
    bench.attach(STEREO);
    at_48k(&mut bench, 16, 16);
    bench.set(HUNG, 1 << 11 | 2);
    bench.set(INT_ENA_, 0xF);
    bench.start_tx(STANDARD | STOP_EN);
    bench.run(100 * MICROSECOND);
    assert_eq!((bench.get(STATE_), bench.heard().1.len()), (1, 0));
    bench.start_dma(true, 1, 40, false);
    assert_eq!(bench.get(STATE_), 0);
    bench.run(300 * MICROSECOND);
    assert_eq!(bench.heard().1.len(), 10);
    assert_eq!((bench.get(STATE_), bench.get(INT_RAW_)), (1, 2));
    let i2s0 = 1u128 << Source::I2S0 as u8;
    assert_ne!(bench.system.dev.fabric.sources() & i2s0, 0);
    bench.set(INT_CLR_, 2);
    assert_eq!(bench.system.dev.fabric.sources() & i2s0, 0);
    bench.run(2_000 * MICROSECOND);
    assert_eq!(bench.get(INT_RAW_), 0);
    bench.run(200 * MICROSECOND);
    assert_eq!(bench.get(INT_RAW_), 8);
    bench.start_dma(true, 1, 40, false);
    bench.run(300 * MICROSECOND);
    assert_eq!(bench.heard().1.len(), 20);
    // Without STOP_EN zeros go out.
    bench.set(TX_CONF_, STANDARD | START);
    bench.run(1000 * MICROSECOND);
    assert!(bench.heard().1.len() > 60);
    bench.set(TX_CONF_, STANDARD);
    assert_eq!(bench.get(STATE_), 1);
    let count = bench.heard().1.len();
    bench.run(1000 * MICROSECOND);
    assert_eq!(bench.heard().1.len(), count);
}

/// RX_STOP_MODE 1 stops at the end of a packet, 2 where memory is full: RX_DONE.
#[test]
fn rx_stops_as_it_is_told() {
    for (mode, size) in [(1, 400), (2, 200)] {
        let mut bench = Bench::new();
        bench.rx_pins();
        bench.attach(STEREO);
        at_48k(&mut bench, 16, 32);
        bench.set(RX_EOF, if mode == 1 { 100 } else { 400 });
        bench.start_dma(false, 1, size, false);
        bench.start_rx(STANDARD | mode << 13);
        bench.run(3000 * MICROSECOND);
        assert_eq!((bench.get(RX_CONF_) & START, bench.get(INT_RAW_)), (0, 1));
        let stored = if mode == 1 { 100 } else { 200 };
        assert_ne!(bench.bytes(IN_DATA + stored - 4, 4), [0; 4]);
        assert_eq!(bench.bytes(IN_DATA + stored, 4), [0; 4]);
    }
}
