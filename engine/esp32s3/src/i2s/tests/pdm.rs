//! PDM TX and RX.

use super::*;
use engine_core::pdm::PdmWire;

const PDM_EN: u32 = 1 << 20;
const PDM2PCM: u32 = 1 << 21;
const DSR_128: u32 = 1 << 22;
const MONO: u32 = 1 << 5;
const PCM2PDM: u32 = 0x40;
const PCM2PDM1: u32 = 0x44;
/// `soc/i2s_reg.h`: every stage passes samples as they are, SINC_OSR2 is 2; with the converter on and
/// the high-pass filter bypassed.
const AS_IT_IS: u32 = 1 << 25 | 1 << 19 | 1 << 17 | 1 << 15 | 1 << 13 | 2 << 1 | 1;
const TWO_LINES: u32 = 3 << 23;
const CLK: u8 = WS;

/// i2s_channel_init_pdm_tx_mode for 48 kHz: FP = 960, FS = 480, bit clock = MCLK / 8; MCLK = PLL_F160M / 3 (i2s_pdm_tx_set_clock
/// takes the whole part of 3.26 alone, to keep the noise down).
fn tx(samples: &[u16], conf: u32, pcm2pdm: u32, pin: Option<u8>) -> Bench {
    let mut bench = Bench::new();
    if pin.is_some() {
        bench.system.dev.fabric.pins.attach_pdm(PdmWire::new(CLK, pin, None, [false; 2]));
    }
    bench.output(CLK, signals::I2S0O_WS);
    bench.output(DOUT, signals::I2S0O_SD);
    bench.output(DIN, signals::I2S0O_SD1);
    bench.set(TX_CLKM, 1 << 29 | CLK_ACTIVE | F160M | 3);
    bench.set(TX_DIV, 1 << 18 | 1 << 9);
    let bits = if conf & MONO != 0 { 16 } else { 32 };
    bench.set(TX_CONF1_, conf1(bits, bits, 8) & !(1 << 29) & !(63 << 18) | 15 << 18);
    bench.set(PCM2PDM, pcm2pdm);
    bench.set(PCM2PDM1, 480 << 10 | 960);
    let data: Vec<u8> = samples.iter().flat_map(|sample| sample.to_le_bytes()).collect();
    bench.put(OUT_DATA, &data);
    let pieces = data.len().div_ceil(4000);
    bench.start_dma(true, pieces as u32, (data.len() / pieces) as u32, true);
    bench.start_tx(PDM_EN | LEFT_ALIGN | conf);
    bench
}

/// 128 clocks a sample: 160 MHz / 3 / 8 / 128. The programming guide's table of line modes.
#[test]
fn samples_go_out_at_the_pcm_rate() {
    for (conf, pcm2pdm, pin, sent) in [
        (0, AS_IT_IS, DOUT, [1, 2, 3, 4]),
        (MONO, AS_IT_IS, DOUT, [1, 0, 2, 0]),
        (MONO, AS_IT_IS | 1 << 24, DOUT, [1, 1, 2, 2]),
        (0, AS_IT_IS | TWO_LINES, DOUT, [2, 2, 4, 4]),
        (0, AS_IT_IS | TWO_LINES, DIN, [1, 1, 3, 3]),
    ] {
        let mut bench = tx(&[1, 2, 3, 4], conf, pcm2pdm, Some(pin));
        bench.run(100 * MICROSECOND);
        let (samples, at) = bench.heard();
        let upper: Vec<i32> = samples.iter().map(|sample| sample >> 16).collect();
        assert_eq!(upper[..4], sent);
        assert_eq!((at[1] - at[0], at[4] - at[0]), (128 * 24 * 6250, 4 * 128 * 24 * 6250));
    }
}

/// The shifts of the four stages: 0 halves, 3 is four times; full scale is the limit.
#[test]
fn stages_scale_samples() {
    for (pcm2pdm, sample) in
        [(AS_IT_IS & !(1 << 19), 0x0800), (AS_IT_IS | 3 << 13, 0x4000), (AS_IT_IS | 3 << 13 | 3 << 15, 0x7FFF)]
    {
        let mut bench = tx(&[0x1000], MONO, pcm2pdm, Some(DOUT));
        bench.run(100 * MICROSECOND);
        assert_eq!(bench.heard().0[0] >> 16, sample);
    }
}

/// On the wire the mean of the bits is the sample, left before the clock rises and right before it falls.
#[test]
fn bits_on_the_wire_have_the_density_of_the_samples() {
    let mut bench = tx(&[0x4000, 0xE000], 0, AS_IT_IS, None);
    bench.system.dev.fabric.pins.keep_log(true);
    bench.run(10_000 * MICROSECOND);
    bench.flush();
    let log = bench.system.dev.fabric.pins.take_log();
    let (mut ones, mut clocks) = ([0f64; 2], 0f64);
    for pair in log.windows(2).filter(|pair| (pair[0].1 ^ pair[1].1) >> CLK & 1 != 0) {
        let rises = pair[1].1 >> CLK & 1 != 0;
        clocks += f64::from(u8::from(rises));
        ones[usize::from(!rises)] += (pair[0].1 >> DOUT & 1) as f64;
    }
    assert!(clocks > 60_000.0);
    assert!((ones[0] / clocks - 0.75).abs() < 0.001 && (ones[1] / clocks - 0.375).abs() < 0.001, "{ones:?} {clocks}");
}

/// i2s_channel_init_pdm_rx_mode, 16 kHz: 64 clocks a sample, MCLK = 8 bit clocks = 160 MHz / (19 + 17/32).
fn rx(conf: u32, mask: u32, bytes: u32) -> Bench {
    let mut bench = Bench::new();
    bench.output(CLK, signals::I2S0I_WS);
    bench.source(DIN, signals::I2S0I_SD);
    let (n, div) = divider(19, 17, 32);
    bench.set(RX_CLKM, 1 << 29 | CLK_ACTIVE | F160M | n);
    bench.set(RX_DIV, div);
    bench.set(RX_CONF1_, conf1(16, 16, 8));
    bench.set(RX_TDM, mask);
    bench.set(RX_EOF, bytes);
    bench.start_dma(false, 1, bytes, false);
    bench.start_rx(PDM_EN | PDM2PCM | LEFT_ALIGN | conf);
    bench
}

/// The guide's table: slot 0 is the right channel (select pin high), slot 1 the left one; stereo has right first.
#[test]
fn samples_come_in_at_the_pcm_rate() {
    for (conf, mask, first, frame) in [
        (0, 2, [1, 0, 2, 0], 2),
        (0, 1, [0xFE, 0xFF, 0xFD, 0xFF], 2),
        (0, 3, [0xFE, 0xFF, 1, 0], 4),
        (DSR_128, 2, [1, 0, 2, 0], 2),
    ] {
        let mut bench = rx(conf, mask, 32 * frame);
        bench.system.dev.fabric.pins.attach_pdm(PdmWire::new(CLK, None, Some(DIN), [true; 2]));
        let start = bench.now();
        bench.dma_raw(false);
        let at = bench.next_dma(false, IN_SUC_EOF) - start;
        let rate = if conf == DSR_128 { 8_000 } else { 16_000 };
        assert!(at.abs_diff(32 * SECOND / rate) <= 30_000, "{at}");
        assert_eq!(bench.bytes(IN_DATA, 4), first);
    }
}

/// A microphone that is asked edge by edge, because somebody looks at the clock, gives about the same: ones are counted.
#[test]
fn a_microphone_is_understood_by_edges() {
    let mut bench = rx(0, 3, 256);
    bench.system.dev.fabric.pins.attach_pdm(PdmWire::new(CLK, None, Some(DIN), [true; 2]));
    bench.system.dev.fabric.pins.attach_edges(CLK);
    bench.run(5_000 * MICROSECOND);
    let bytes = bench.bytes(IN_DATA, 256);
    let samples: Vec<i16> = bytes.chunks(2).map(|sample| i16::from_le_bytes([sample[0], sample[1]])).collect();
    // Near 0: within one of 64 bits.
    assert!(samples[2..].iter().all(|sample| sample.abs() <= 1024), "{samples:?}");
}

/// Nobody is on the line: a constant level is full scale.
#[test]
fn a_line_that_nobody_drives_is_full_scale() {
    let mut bench = rx(0, 2, 64);
    bench.run(3_000 * MICROSECOND);
    assert_eq!(bench.bytes(IN_DATA, 4), [0, 0x80, 0, 0x80]);
}

/// ESP-IDF `hal/i2s_ll.h`, i2s_ll_tx_set_pdm_chan_mod; which side has the constant is the guide's table for mono.
#[test]
fn channel_modes_of_pdm() {
    for (mode, sent) in [(0, [1, 2, 3, 4]), (1, [1, 1, 3, 3]), (2, [2, 2, 4, 4]), (3, [1, 9, 3, 9]), (4, [9, 2, 9, 4])]
    {
        let mut bench = tx(&[1, 2, 3, 4], mode << 24, AS_IT_IS, Some(DOUT));
        bench.set(SINGLE, 9);
        bench.run(100 * MICROSECOND);
        let upper: Vec<i32> = bench.heard().0.iter().map(|sample| sample >> 16).collect();
        assert_eq!(upper[4..8], sent, "mode {mode}");
    }
}

/// ESP-IDF `driver/i2s_pdm.h`: the cut-off frequencies of the high-pass filter by its two parameters, at 48 kHz; here PCM
/// comes at 160 MHz / 3 / 8 / 128 = 52083 Hz, and everything lies higher by as much.
#[test]
fn the_high_pass_filter_cuts_off_where_the_guide_says() {
    const COUNT: usize = 8000;
    for (hertz, param0, param5) in
        [(185.0, 0, 0), (115.0, 3, 3), (69.0, 5, 5), (46.0, 6, 6), (35.5, 6, 7), (23.3, 7, 7)]
    {
        let turn = std::f64::consts::TAU * hertz / 48_000.0;
        let samples: Vec<u16> = (0..COUNT).map(|n| (16_000.0 * (turn * n as f64).sin()) as i16 as u16).collect();
        let mut bench = tx(&samples, MONO, AS_IT_IS & !1, Some(DOUT));
        bench.set(PCM2PDM1, param0 << 23 | param5 << 20 | 480 << 10 | 960);
        bench.run(COUNT as u64 * 19 * MICROSECOND);
        let left: Vec<f64> = bench.heard().0.iter().step_by(2).map(|sample| f64::from(sample >> 16)).collect();
        let settled = &left[COUNT / 2..COUNT / 2 + (48_000.0 / hertz) as usize];
        let peak = settled.iter().fold(0f64, |peak, sample| peak.max(sample.abs()));
        let decibels = 20.0 * (peak / 16_000.0).log10();
        assert!((decibels + 3.0).abs() < 0.25, "{hertz} Hz: {decibels} dB");
    }
    let mut bench = tx(&[0x4000, 0x4000], MONO, AS_IT_IS & !1, Some(DOUT));
    bench.run(100_000 * MICROSECOND);
    let (samples, _) = bench.heard();
    assert_eq!((samples[0] >> 16, samples[samples.len() - 2] >> 16), (0x4000, 0), "a constant does not pass");
}

/// ESP-IDF 4.4 hal/esp32s3/include/hal/i2s_ll.h, i2s_ll_tx_enable_pdm: the converter of either block is turned off.
#[test]
fn i2s1_has_no_converter_to_turn_off() {
    const TX_PCM2PDM_CONF_: u32 = 0x40;
    let mut bench = Bench::new();
    assert_ne!(bench.get(TX_PCM2PDM_CONF_), 0);
    bench.set(I2S1 + TX_PCM2PDM_CONF_, 0);
    assert_eq!(bench.get(I2S1 + TX_PCM2PDM_CONF_), 0);
    assert!(!bench.system.dev.fabric.gaps.all().keys().any(|name| name.starts_with("I2S1+")));
}
