//! Laws, 24 bits in 32 of memory, MCLK on its pin, delays of lines.

use super::*;

const MCLK: u8 = 6;
const FILL_24: u32 = 1 << 16;
const TX_TIMING_: u32 = 0x5C;

/// TX plays this to a part; `conf` is all of TX_CONF.
fn played(memory: &[u8], data: u32, slot: u32, conf: u32) -> Vec<u32> {
    let mut bench = Bench::new();
    bench.tx_pins();
    bench.attach(STEREO);
    at_48k(&mut bench, data, slot);
    bench.put(OUT_DATA, memory);
    bench.start_dma(true, 1, memory.len() as u32, true);
    for bits in [0, UPDATE, START] {
        bench.set(TX_CONF_, conf | bits);
    }
    bench.run(200 * MICROSECOND);
    bench.heard().0.iter().map(|sample| *sample as u32).collect()
}

/// ESP-IDF `soc/i2s_struct.h`, PCM_CONF: 0 and 2 decompress, 1 and 3 compress; the numbers are those of G.711's tables.
#[test]
fn the_laws_are_those_of_g711() {
    const CONF: u32 = TDM_EN | LEFT_ALIGN;
    // A-law characters D5h and AAh are +1 and +4032 of 13 bits; u-law 80h and 00h are +8031 and -8031 of 14.
    let law = |n: u32| CONF | n << 10;
    assert_eq!(played(&[0xD5, 0xAA], 8, 16, law(0))[..2], [8 << 16, 32256 << 16]);
    assert_eq!(played(&[0x80, 0x00], 8, 16, law(2))[..2], [32124 << 16, (-32124i32 << 16) as u32]);
    // Compressed, a character stands in the lower byte.
    assert_eq!(played(&[8, 0, 0, 0x7E], 16, 16, law(1))[..2], [0xD5 << 16, 0xAA << 16]);
    assert_eq!(played(&[0x7C, 0x7D, 0x84, 0x82], 16, 16, law(3))[..2], [0x80 << 16, 0]);
    assert_eq!(played(&[0xD5, 0xAA], 8, 16, law(0) | BYPASS)[0], 0xD500_0000);
}

/// PCM_CONF of RX: what a microphone says in 16 bits is a character of 8 in memory. The part says 1 and -2.
#[test]
fn a_law_in_memory() {
    let mut bench = Bench::new();
    bench.rx_pins();
    bench.attach(STEREO);
    at_48k(&mut bench, 8, 16);
    bench.set(RX_EOF, 64);
    bench.start_dma(false, 1, 64, true);
    for bits in [0, UPDATE, START] {
        bench.set(RX_CONF_, TDM_EN | LEFT_ALIGN | 1 << 10 | bits);
    }
    bench.run(200 * MICROSECOND);
    bench.flush();
    assert_eq!(bench.bytes(IN_DATA, 2), [0xD5, 0x55], "the smallest of either sign");
}

/// ESP-IDF `soc/i2s_struct.h`, TX_24_FILL_EN: 32 bits with 24 bits a channel, else 24.
#[test]
fn samples_of_24_bits_may_fill_32() {
    let memory: Vec<u8> = (1..=24).collect();
    assert_eq!(played(&memory, 24, 32, STANDARD)[..2], [0x0302_0100, 0x0605_0400]);
    assert_eq!(played(&memory, 24, 32, STANDARD | FILL_24)[..2], [0x0403_0201, 0x0807_0605]);
    assert_eq!(played(&memory, 24, 24, STANDARD | FILL_24)[..2], [0x0403_0200, 0x0807_0600]);
}

/// MCLK is the source divided: 160 MHz / 16 = 10 MHz, whether TX runs or not; MCLK_SEL takes RX's divider.
#[test]
fn mclk_is_on_its_pin() {
    let mut bench = Bench::new();
    bench.output(MCLK, signals::I2S0_MCLK);
    let edges = |bench: &mut Bench| {
        bench.flush();
        bench.system.dev.fabric.pins.take_log();
        bench.run(1000 * MICROSECOND);
        bench.flush();
        let log = bench.system.dev.fabric.pins.take_log();
        log.windows(2).filter(|pair| (pair[0].1 ^ pair[1].1) >> MCLK & 1 != 0).count()
    };
    bench.set(TX_CLKM, 1 << 29 | CLK_ACTIVE | F160M | 16);
    bench.set(RX_CLKM, CLK_ACTIVE | F160M | 160);
    // Nobody looks: nothing has to be done.
    assert_eq!(bench.system.dev.fabric.events.due(Slot::I2s0Mclk as usize), Ps::MAX);
    bench.run(1000 * MICROSECOND);
    bench.system.dev.fabric.pins.keep_log(true);
    bench.output(MCLK, signals::I2S0_MCLK);
    bench.run(MICROSECOND);
    assert!(edges(&mut bench).abs_diff(20_000) <= 2);
    bench.set(RX_CLKM, 1 << 29 | CLK_ACTIVE | F160M | 160);
    assert!(edges(&mut bench).abs_diff(2_000) <= 2);
    bench.set(RX_CLKM, 1 << 29);
    assert!(edges(&mut bench) <= 1);
}

/// ESP-IDF `soc/i2s_reg.h`, TX_SD_OUT_DM and TX_WS_OUT_DM: 1 delays by the rising edge, of MCLK here, 2 by the falling one. 160 MHz
/// / 13 with 8 MCLKs a bit.
#[test]
fn lines_may_be_delayed() {
    let changes = |timing: u32| {
        let mut bench = Bench::new();
        bench.tx_pins();
        at_48k(&mut bench, 16, 16);
        bench.put(OUT_DATA, &[0x55, 0x55, 0x55, 0x55]);
        bench.start_dma(true, 1, 4, true);
        bench.set(TX_TIMING_, timing);
        bench.system.dev.fabric.pins.keep_log(true);
        bench.start_tx(STANDARD);
        let start = bench.now();
        bench.run(20 * MICROSECOND);
        bench.flush();
        let log = bench.system.dev.fabric.pins.take_log();
        assert!(log.windows(2).all(|pair| pair[0].0 <= pair[1].0));
        [BCK, WS, DOUT].map(|pin| {
            let moved = |pair: &&[(Ps, u64)]| pair[1].0 > start + 1_100_000 && (pair[0].1 ^ pair[1].1) >> pin & 1 != 0;
            log.windows(2).find(moved).map(|pair| pair[1].0 - start).unwrap()
        })
    };
    let [bck, ws, data] = changes(0);
    let mclk = 13 * 6250;
    assert_eq!(changes(1), [bck, ws, data + mclk]);
    assert_eq!(changes(2 << 16), [bck, ws + mclk / 2, data]);
    assert_eq!(changes(1 << 20), [bck + mclk, ws, data]);
}
