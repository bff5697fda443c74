//! Several lines in target mode, DTR, and what moves single lines. Bits of ESP-IDF `soc/spi_struct.h`.

use super::target::facing;
use super::*;

const WP: u8 = 9;
const HD: u8 = 10;
const DATA_PINS: [u8; 4] = [MOSI, MISO, WP, HD];
/// SPI3's pins, each joined to one of SPI2's.
const FAR: [u8; 6] = [35, 36, 37, 38, 39, 40];

const FCMD_QUAD: u32 = 1 << 9;
const FADDR: [u32; 3] = [0, 1 << 5, 1 << 6];
const FREAD: [u32; 3] = [0, 1 << 14, 1 << 15];
const FWRITE: [u32; 3] = [0, 1 << 12, 1 << 13];

/// SPI2 on four lines, at 10 MHz.
fn quad() -> Bench {
    let mut bench = display();
    let fabric = &mut bench.system.dev.fabric;
    fabric.pins = Default::default();
    for (pin, signal) in DATA_PINS.into_iter().zip([signals::FSPID, signals::FSPIQ, signals::FSPIWP, signals::FSPIHD]) {
        fabric.set_pad(pin, matrix_pad());
        fabric.select_output(pin, out(signal));
        fabric.select_input(signal, InSelect { pin, invert: false, by_matrix: true });
    }
    bench.set(CLOCK_, 7 << 12);
    bench
}

fn target(bench: &mut Bench, offset: u32, value: u32) {
    bench.system.write_register(SPI3_BASE + offset, value);
}

/// And SPI3 on the other end of each line, a half-duplex target.
fn opposite() -> Bench {
    let mut bench = quad();
    let fabric = &mut bench.system.dev.fabric;
    let near = [MOSI, MISO, WP, HD, SCK, CS];
    let data = [signals::SPI3_D, signals::SPI3_Q, signals::SPI3_WP, signals::SPI3_HD];
    for (n, (near, far)) in near.into_iter().zip(FAR).enumerate() {
        fabric.set_pad(far, matrix_pad());
        let signal = data.get(n).copied().unwrap_or(if n == 4 { signals::SPI3_CLK } else { signals::SPI3_CS0 });
        if n < 4 {
            fabric.select_output(far, out(signal));
        }
        fabric.select_input(signal, InSelect { pin: far, invert: false, by_matrix: true });
        fabric.pins.join(near, far, 0);
    }
    target(&mut bench, USER_, 0);
    target(&mut bench, CTRL_, 0);
    target(&mut bench, SLAVE_, 1 << 26 | 0xF << 8);
    bench
}

/// A command with address 4, dummy and 16 bits of data, on so many lines (0, 1, 2: one, two, four).
fn transact(bench: &mut Bench, command: u32, quad_command: bool, lines: (usize, usize), write: Option<u32>) -> u32 {
    bench.set(USER2_, 7 << 28 | command);
    bench.set(USER1_, 7 << 27 | 7);
    bench.set(ADDR_, 4 << 24);
    bench.set(DLEN, 15);
    bench.set(W0, write.unwrap_or(0));
    let first = if quad_command { FCMD_QUAD } else { 0 };
    bench.set(CTRL_, first | FADDR[lines.0] | FREAD[lines.1]);
    let data = if write.is_some() { MOSI_EN } else { MISO_EN };
    bench.set(USER_, COMMAND | ADDRESS | DUMMY | data | FWRITE[lines.1]);
    bench.go();
    bench.run(MICROSECOND);
    bench.get(W0) & 0xFFFF
}

/// ESP-IDF `hal/spi_ll.h`, spi_ll_get_slave_hd_command: 10h and 20h for data on two and four lines, 50h and A0h for address and
/// data.
#[test]
fn a_target_takes_commands_on_two_and_four_lines() {
    for (n, (mode, lines)) in
        [(0x00, (0, 0)), (0x10, (0, 1)), (0x20, (0, 2)), (0x50, (1, 1)), (0xA0, (2, 2))].into_iter().enumerate()
    {
        let mut bench = opposite();
        let data = 0xB0E7 + 0x101 * n as u32;
        transact(&mut bench, mode | 0x01, false, lines, Some(data));
        assert_eq!(bench.system.read_register(SPI3_BASE + W0 + 4), data, "{mode:#x}");
        assert_eq!(bench.system.read_register(SPI3_BASE + INT_RAW), TRANS_DONE | 1 << 11);
        assert_eq!(bench.system.read_register(SPI3_BASE + SLAVE1_), 4 << 26 | (mode | 1) << 18 | 16);
        assert_eq!(transact(&mut bench, mode | 0x02, false, lines, None), data, "{mode:#x}");
        assert_eq!(bench.system.dev.fabric.pins.contention(), 0, "{mode:#x}");
    }
}

/// EN_QPI (06h) puts everything on four lines, until EX_QPI (DDh).
#[test]
fn a_target_in_qpi_mode_takes_everything_on_four_lines() {
    let mut bench = opposite();
    let command = |bench: &mut Bench, code: u32, quad: bool| {
        target(bench, INT_CLR, !0);
        bench.set(USER2_, 7 << 28 | code);
        bench.set(CTRL_, if quad { FCMD_QUAD } else { 0 });
        bench.set(USER_, COMMAND);
        bench.go();
        bench.run(MICROSECOND);
        bench.system.read_register(SPI3_BASE + INT_RAW)
    };
    assert_eq!(command(&mut bench, 0x06, false), TRANS_DONE | 1 << 3, "SLV_EN_QPI");
    transact(&mut bench, 0xA1, true, (2, 2), Some(0xCAFE));
    assert_eq!(bench.system.read_register(SPI3_BASE + W0 + 4), 0xCAFE);
    assert_eq!(transact(&mut bench, 0xA2, true, (2, 2), None), 0xCAFE);
    assert_eq!(command(&mut bench, 0xDD, true), TRANS_DONE | 1 << 2, "SLV_EX_QPI");
    transact(&mut bench, 0x01, false, (0, 0), Some(0x1234));
    assert_eq!(bench.system.read_register(SPI3_BASE + W0 + 4), 0x1234);
}

/// QUAD_DIN_PIN_SWAP: "swap FSPID with FSPIQ, swap FSPIWP with FSPIHD".
#[test]
fn inputs_of_four_lines_may_be_swapped() {
    for edges in [false, true] {
        for (high, swap, nibble) in [(MOSI, 0, 1), (MOSI, 1, 2), (MISO, 1, 1), (WP, 1, 8), (HD, 1, 4), (HD, 0, 8)] {
            let mut bench = quad();
            let fabric = &mut bench.system.dev.fabric;
            let now = fabric.now();
            if edges {
                fabric.interrupting_pins = 1 << SCK;
            }
            fabric.pins.drive_from_outside(Drive { pin: high, level: Some(true) }, now);
            bench.set(MISC_, 0x3E | swap << 31);
            bench.set(CTRL_, FREAD[2]);
            bench.set(USER_, MISO_EN);
            bench.set(DLEN, 7);
            bench.go();
            assert_eq!(bench.get(W0) & 0xFF, nibble * 0x11);
        }
    }
}

/// The levels of some pins at each edge of SCK while `data` goes out, and how many edges there were; a read, how long it took.
fn dtr(misc: u32, user: u32, bits: u32, data: u32) -> (Vec<u8>, Ps) {
    let mut bench = quad();
    bench.set(MISC_, 0x3E | misc);
    bench.set(USER_, MOSI_EN | user);
    bench.set(DLEN, bits - 1);
    bench.set(W0, data);
    bench.run(MICROSECOND);
    bench.system.dev.fabric.pins.keep_log(true);
    let took = bench.go();
    let log = bench.system.dev.fabric.pins.take_log();
    let edges = log.windows(2).filter(|pair| (pair[0].1 ^ pair[1].1) >> SCK & 1 != 0);
    let nibble =
        |levels: u64| DATA_PINS.iter().enumerate().fold(0, |all, (n, pin)| all | ((levels >> pin & 1) as u8) << n);
    (edges.map(|pair| nibble(pair[1].1)).collect(), took)
}

/// DATA_DTR_EN with CLK_DATA_DTR_EN: "clk and data are in DTR mode": a bit on each edge, and half the clocks.
#[test]
fn dtr_has_a_bit_on_each_edge() {
    const CLK_DATA: u32 = 1 << 16;
    const DATA_DTR: u32 = 1 << 17;
    let clock = 8 * BIT;
    let (bits, took) = dtr(CLK_DATA | DATA_DTR, 0, 8, 0xA3);
    assert_eq!(bits.iter().map(|levels| levels & 1).collect::<Vec<_>>(), [1, 0, 1, 0, 0, 0, 1, 1]);
    assert_eq!(took, 4 * clock);
    let (nibbles, took) = dtr(CLK_DATA | DATA_DTR, FWRITE[2], 32, 0x7856_3412);
    assert_eq!((nibbles, took), (vec![1, 2, 3, 4, 5, 6, 7, 8], 4 * clock));
    let (edges, took) = dtr(DATA_DTR, 0, 8, 0xA3);
    assert_eq!((edges.len(), took), (16, 8 * clock), "of the DQS line alone");
    // What goes out comes in on the same pin.
    let mut bench = quad();
    bench.system.dev.fabric.select_input(signals::FSPIQ, InSelect { pin: MOSI, invert: false, by_matrix: true });
    bench.set(MISC_, 0x3E | CLK_DATA | DATA_DTR);
    bench.set(USER_, MOSI_EN | MISO_EN | DOUTDIN);
    bench.set(DLEN, 18);
    bench.set(W0, 0x0096_5AC3);
    assert_eq!(bench.go(), 10 * clock);
    assert_eq!(bench.get(W0) & 0xFF_FFFF, 0x0080_5AC3);
}

/// CK_DIS: "spi clk out disable".
#[test]
fn the_clock_may_stay_where_it_is() {
    let (edges, took) = dtr(1 << 6, 0, 8, 0xA3);
    assert_eq!((edges, took), (vec![], 8 * 8 * BIT));
    let mut bench = display();
    bench.set(MISC_, 0x3E | 1 << 6);
    bench.set(USER_, MOSI_EN);
    bench.set(DLEN, 7);
    bench.go();
    assert_eq!(bench.heard(), b"", "a part without a clock hears nothing");
}

/// RSCK_DATA_OUT: "1: output data at rsck posedge", which saves half a cycle; the controller still gets all bits.
#[test]
fn a_target_may_give_half_a_cycle_earlier() {
    for early in [0, 1] {
        let mut bench = facing();
        bench.set(USER_, MOSI_EN | MISO_EN | DOUTDIN);
        bench.set(CMD_, UPDATE);
        bench.set(DLEN, 15);
        target(&mut bench, USER_, DOUTDIN);
        target(&mut bench, CTRL_, 0);
        target(&mut bench, SLAVE_, 1 << 26 | early << 3);
        target(&mut bench, W0, 0x5533);
        bench.system.dev.fabric.pins.keep_log(true);
        bench.go();
        bench.run(MICROSECOND);
        assert_eq!(bench.get(W0) & 0xFFFF, 0x5533);
        let log = bench.system.dev.fabric.pins.take_log();
        let mut moves = log.windows(2).filter(|pair| (pair[0].1 ^ pair[1].1) >> MISO & 1 != 0).skip(1);
        assert!(
            moves.all(|pair| pair[1].1 >> SCK & 1 == u64::from(early) || pair[1].1 >> CS & 1 != 0),
            "early {early}"
        );
    }
}
