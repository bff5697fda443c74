//! The controller as a target, full duplex and by the commands of half duplex. ESP-IDF `spi_slave_hal`, `spi_slave_hd_hal`.

use super::*;

/// SPI2 and SPI3 on the same pins, SPI3 as target: full duplex by the CPU's buffers (ESP-IDF spi_slave_hal).
pub(super) fn facing() -> Bench {
    let mut bench = display();
    let fabric = &mut bench.system.dev.fabric;
    fabric.pins = Default::default();
    for (pin, signal) in [(SCK, signals::SPI3_CLK), (MOSI, signals::SPI3_D), (CS, signals::SPI3_CS0)] {
        fabric.select_input(signal, InSelect { pin, invert: false, by_matrix: true });
    }
    fabric.select_output(MISO, out(signals::SPI3_Q));
    bench.set(CLOCK_, 7 << 12);
    bench.set(CMD_, UPDATE);
    bench
}

#[test]
fn the_two_controllers_talk_to_each_other_in_all_modes() {
    for (mode, idle_high, edge) in [(0u32, false, false), (1, false, true), (2, true, true), (3, true, false)] {
        let mut bench = facing();
        bench.set(MISC_, 0x3E | u32::from(idle_high) << 29);
        bench.set(USER_, MOSI_EN | MISO_EN | DOUTDIN | u32::from(edge) << 9);
        bench.set(CMD_, UPDATE);
        bench.set(DLEN, 19);
        bench.set(W0, 0x00F1_5AC3);
        let target = |bench: &mut Bench, offset, value| bench.system.write_register(SPI3_BASE + offset, value);
        target(&mut bench, USER_, DOUTDIN | u32::from(edge) << 8 | u32::from(edge) << 5);
        target(&mut bench, CTRL_, 0);
        target(&mut bench, SLAVE_, 1 << 26 | (mode & 1) << 2);
        target(&mut bench, W0, 0x0034_1296);
        bench.go();
        bench.run(MICROSECOND);
        assert_eq!(bench.get(W0) & 0xFF_FFFF, 0x0030_1296, "mode {mode}");
        assert_eq!(bench.system.read_register(SPI3_BASE + W0) & 0xFF_FFFF, 0x00F0_5AC3, "mode {mode}");
        assert_eq!(bench.system.read_register(SPI3_BASE + SLAVE1_) & 0x3_FFFF, 20);
        assert_eq!(bench.system.read_register(SPI3_BASE + INT_RAW), TRANS_DONE);
    }
}

/// TRM 30.5.9.3: command, address, dummy byte, data; WR_BUF (01h) and RD_BUF (02h), CMD8 (08h), an unknown one.
#[test]
fn a_half_duplex_target_obeys_commands() {
    let mut bench = facing();
    let target = |bench: &mut Bench, offset, value| bench.system.write_register(SPI3_BASE + offset, value);
    target(&mut bench, USER_, 0);
    target(&mut bench, CTRL_, 0);
    target(&mut bench, SLAVE_, 1 << 26 | 0xF << 8);
    bench.set(USER2_, 7 << 28 | 0x01);
    bench.set(USER1_, 7 << 27 | 7);
    bench.set(ADDR_, 4 << 24);
    bench.set(DLEN, 15);
    bench.set(W0, 0xBEEF);
    bench.set(USER_, COMMAND | ADDRESS | DUMMY | MOSI_EN);
    bench.go();
    bench.run(MICROSECOND);
    assert_eq!(bench.system.read_register(SPI3_BASE + W0 + 4), 0xBEEF);
    assert_eq!(bench.system.read_register(SPI3_BASE + INT_RAW), TRANS_DONE | 1 << 11);
    assert_eq!(bench.system.read_register(SPI3_BASE + SLAVE1_), 4 << 26 | 1 << 18 | 16);
    bench.set(USER2_, 7 << 28 | 0x02);
    bench.set(USER_, COMMAND | ADDRESS | DUMMY | MISO_EN);
    bench.set(W0, 0);
    bench.go();
    bench.run(MICROSECOND);
    assert_eq!(bench.get(W0) & 0xFFFF, 0xBEEF);
    target(&mut bench, INT_CLR, !0);
    for (command, interrupt) in [(0x08, 1 << 5), (0x0F, 1 << 16)] {
        target(&mut bench, INT_CLR, !0);
        bench.set(USER2_, 7 << 28 | command);
        bench.set(USER_, COMMAND);
        bench.go();
        bench.run(MICROSECOND);
        assert_eq!(bench.system.read_register(SPI3_BASE + INT_RAW), TRANS_DONE | interrupt);
    }
}

/// A target's data by DMA: pair 0 gives, pair 1 takes.
#[test]
fn a_target_uses_dma() {
    let mut bench = facing();
    bench.put(DATA, &(0..100).collect::<Vec<u8>>());
    bench.start_dma(LIST, DATA, 100, true);
    bench.system.write_register(DMA + 0xA8, 1);
    bench.start_dma(LIST + 64, DATA + 0x100, 200, false);
    bench.system.write_register(DMA + 0x48, 1);
    let target = |bench: &mut Bench, offset, value| bench.system.write_register(SPI3_BASE + offset, value);
    target(&mut bench, USER_, DOUTDIN);
    target(&mut bench, CTRL_, 0);
    target(&mut bench, SLAVE_, 1 << 26);
    target(&mut bench, DMA_CONF_, 1 << 28 | 1 << 27);
    bench.run(MICROSECOND);
    for n in 0..16 {
        bench.set(W0 + 4 * n, 0x0101_0101 * (n + 1));
    }
    bench.set(USER_, MOSI_EN | MISO_EN | DOUTDIN);
    bench.set(DLEN, 64 * 8 - 1);
    bench.go();
    bench.run(MICROSECOND);
    assert_eq!(bench.get(W0 + 60), 0x3F3E_3D3C);
    assert_eq!(bench.system.debug_read8(DATA + 0x100 + 63), Some(16));
    // The descriptor: owner is the processor, suc_eof, 64 of 200 bytes.
    let word = (0..4).fold(0, |word, n| word | u32::from(bench.system.debug_read8(LIST + 64 + n).unwrap()) << (8 * n));
    assert_eq!(word, 1 << 30 | 64 << 12 | 200);
}
