//! PDM: samples from memory as streams of bits, and streams of bits as samples for memory. I2S0 alone.
//!
//! The clock is on the word-select lines, one for each bit clock. f_clock = 64 f_sample FP/FS for TX, 64 or 128 f_sample for
//! RX (ESP-IDF i2s_pdm.c). TX has two data lines (`soc/i2s_periph.c`), RX four of two channels each, right before left
//! (`hal/i2s_types.h`, ESP-IDF programming guide).

use super::{I2s, Reg, RX_CONF, TX_CONF, TX_PCM2PDM_CONF, TX_PCM2PDM_CONF1};
use crate::fabric::Fabric;
use crate::gdma::Port;
use crate::signals::{self, Signal};
use engine_core::i2s::I2sLines;
use engine_core::pdm::density;
use engine_core::time::Ps;
use serde::{Deserialize, Serialize};

/// Lines of RX.
pub(super) const RX_LINES: usize = 4;
/// The clocks of a sample before oversampling.
const CLOCKS: u64 = 64;

/// Left and right.
type Stereo = [i32; 2];

/// The high-pass filter of a channel of TX: two stages of y = x - x' + y' (504 + MULT) / 512. That is what the cut-off
/// frequencies say that ESP-IDF (`driver/i2s_pdm.h`, for 48 kHz) lists for the parameters of `soc/i2s_struct.h`.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize)]
pub(super) struct HighPass {
    /// Of each stage: its last input and output, with 16 bits of fraction.
    stages: [(i64, i64); 2],
}

impl HighPass {
    fn next(&mut self, sample: u16, parameters: [u32; 2]) -> u16 {
        let mut value = i64::from(sample as i16) << 16;
        for ((last, output), parameter) in self.stages.iter_mut().zip(parameters) {
            let fed_back = *output * i64::from(504 + parameter);
            let next = value - *last + (fed_back + (1 << 8)) / 512;
            (*last, *output) = (value, next);
            value = next;
        }
        let rounded = (value + (1 << 15)) >> 16;
        rounded.clamp(i16::MIN.into(), i16::MAX.into()) as i16 as u16
    }
}

fn tx_line(n: usize) -> Signal {
    [signals::I2S0O_SD, signals::I2S0O_SD1][n]
}

fn rx_line(n: usize) -> Signal {
    [signals::I2S0I_SD, signals::I2S0I_SD1, signals::I2S0I_SD2, signals::I2S0I_SD3][n]
}

impl I2s {
    /// Clocks of a sample.
    pub(super) fn pdm_clocks(&self, out: bool) -> u64 {
        if !out {
            return CLOCKS << self.bank.field(Reg::RX_CONF, RX_CONF::RX_PDM_SINC_DSR_16_EN);
        }
        let conf = self.bank.get(Reg::TX_PCM2PDM_CONF1);
        let (fp, fs) = (TX_PCM2PDM_CONF1::TX_PDM_FP.get(conf), TX_PCM2PDM_CONF1::TX_PDM_FS.get(conf));
        (CLOCKS * u64::from(fp) / u64::from(fs.max(1))).max(1)
    }

    /// PDM has to be data of this block's converters, and I2S0 has to be the master.
    pub(super) fn check_pdm(&self, out: bool, fabric: &mut Fabric) {
        let (format, converts) = if out {
            (self.tx.format, self.is_set(Reg::TX_PCM2PDM_CONF, TX_PCM2PDM_CONF::PCM2PDM_CONV_EN))
        } else {
            (self.rx.format, self.is_set(Reg::RX_CONF, RX_CONF::RX_PDM2PCM_EN))
        };
        let name = format!("{}.{}_CONF", self.wiring().name, if out { "TX" } else { "RX" });
        if format.pdm && (!converts || self.index != 0) {
            fabric.gaps.touch(&format!("{name}.PDM"), "PDM data in memory is taken for samples");
        }
        if format.pdm && format.slave {
            fabric.gaps.touch(&format!("{name}.SLAVE_MOD"), "PDM stands still as a slave");
        }
    }

    /// Samples of TX go through the high-pass filter, unless it is bypassed.
    pub(super) fn pass_high(&mut self, mut frames: Vec<u128>) -> Vec<u128> {
        use TX_PCM2PDM_CONF1 as C;
        if self.is_set(Reg::TX_PCM2PDM_CONF, TX_PCM2PDM_CONF::TX_PDM_HP_BYPASS) {
            return frames;
        }
        let conf = self.bank.get(Reg::TX_PCM2PDM_CONF1);
        let parameters = [C::TX_IIR_HP_MULT12_0.get(conf), C::TX_IIR_HP_MULT12_5.get(conf)];
        let [first, second] = &mut self.tx.high_pass;
        for frame in &mut frames {
            let passed = [first.next(*frame as u16, parameters), second.next((*frame >> 16) as u16, parameters)];
            *frame = u128::from(passed[0]) | u128::from(passed[1]) << 16;
        }
        frames
    }

    /// What each line of TX sends, from the two samples of a frame. The guide's table of line modes: a codec takes left and right from one
    /// line; the DAC modes have one channel on a line, with two lines the second sample on the first.
    fn pcm(&self, frame: u128) -> [Stereo; 2] {
        use TX_PCM2PDM_CONF as C;
        let conf = self.bank.get(Reg::TX_PCM2PDM_CONF);
        // Each stage shifts: half, as it is, twice, four times.
        let shifts =
            [C::TX_PDM_HP_IN_SHIFT, C::TX_PDM_LP_IN_SHIFT, C::TX_PDM_SINC_IN_SHIFT, C::TX_PDM_SIGMADELTA_IN_SHIFT];
        let shift: i32 = shifts.iter().map(|field| field.get(conf) as i32 - 1).sum();
        let scaled = |sample: u16| {
            let wide = i64::from(sample as i16) << 16;
            let wide = if shift < 0 { wide >> -shift } else { wide << shift };
            wide.clamp(i32::MIN.into(), i32::MAX.into()) as i32
        };
        let (first, second) = (scaled(frame as u16), scaled((frame >> 16) as u16));
        let stereo = !self.tx.format.mono;
        match (C::TX_PDM_DAC_MODE_EN.is_set(conf), C::TX_PDM_DAC_2OUT_EN.is_set(conf)) {
            (false, _) => {
                let single = scaled(self.bank.get(Reg::CONF_SIGLE_DATA) as u16);
                let right = if stereo { second } else { first };
                [self.channel_mode(first, right, single), [0; 2]]
            }
            (true, true) if stereo => [[second; 2], [first; 2]],
            (true, _) => [[first; 2], [0; 2]],
        }
    }

    /// TX_CHAN_MOD, with TX_WS_IDLE_POL (ESP-IDF `hal/i2s_ll.h`): both channels, one of them twice, or one and a constant.
    /// Which side the constant is on is the guide's table: its driver's mode 3 has the data on the left.
    fn channel_mode(&self, left: i32, right: i32, single: i32) -> Stereo {
        let mode = self.bank.field(Reg::TX_CONF, TX_CONF::TX_CHAN_MOD);
        let swapped = self.tx.format.layout.ws_level;
        match (mode, swapped) {
            (1, false) | (2, true) => [left; 2],
            (2, false) | (1, true) => [right; 2],
            (3, false) | (4, true) => [left, single],
            (4, false) | (3, true) => [single, right],
            // Two channels; of one sample, the second has nothing.
            _ if self.tx.format.mono => [left, single],
            _ => [left, right],
        }
    }

    /// Frames go to parts that take samples.
    pub(super) fn send_pcm(&self, frames: &[u128], at: &[Ps], fabric: &mut Fabric) {
        let clock = self.lines(true, fabric);
        let swaps = fabric.io.inverts_output(clock.ws);
        for line in 0..2 {
            let lines = I2sLines { data: fabric.io.pins_of(tx_line(line)), ..clock };
            if lines.data != 0 {
                let sent = |frame: &u128| {
                    let [left, right] = self.pcm(*frame)[line];
                    if swaps {
                        [right, left]
                    } else {
                        [left, right]
                    }
                };
                let samples: Vec<Stereo> = frames.iter().map(sent).collect();
                fabric.pins.pdm_send(&lines, &samples, self.tx.clocks.min(255) as u8, at);
            }
        }
    }

    /// An edge of TX's clock: with it each line changes to the channel that is taken at the next one.
    pub(super) fn pdm_edge(&mut self, rises: bool, at: Ps, fabric: &mut Fabric) {
        let [_, clock, first, second] = self.tx.delays;
        self.drive_clock(true, rises, rises, at + clock, fabric);
        let samples = self.pcm(self.tx.current);
        for (line, samples) in samples.iter().enumerate() {
            let channel = usize::from(rises);
            let bit = self.tx.modulators[2 * line + channel].next(samples[channel]);
            fabric.drive_at(tx_line(line), bit, at + [first, second][line]);
        }
    }

    /// The channels of RX in use, in the order in which memory has them: line and side.
    fn channels(&self) -> impl Iterator<Item = (usize, usize)> {
        let enabled = self.rx.format.enabled;
        (0..2 * RX_LINES).filter(move |n| enabled >> n & 1 != 0).map(|n| (n / 2, 1 - n % 2))
    }

    fn rx_lines(&self, line: usize, fabric: &Fabric) -> I2sLines {
        let data = fabric.io.source_of(rx_line(line)).map_or(0, |pin| 1 << pin);
        I2sLines { data, ..self.lines(false, fabric) }
    }

    /// Does a line of RX come from other than parts that give samples?
    pub(super) fn pdm_needs_edges(&self, fabric: &Fabric) -> bool {
        self.channels().any(|(line, _)| {
            let lines = self.rx_lines(line, fabric);
            lines.data & fabric.pins.driven() != 0
                || !fabric.pins.pdm_speaks(&lines) && fabric.pins.is_joined(lines.data)
        })
    }

    /// Frames come from parts that give samples.
    pub(super) fn take_pcm(&mut self, at: &[Ps], fabric: &mut Fabric, port: &mut Port) {
        let mut lines = Vec::new();
        for line in 0..RX_LINES {
            if !self.channels().any(|(other, _)| other == line) {
                lines.push(vec![[0; 2]; at.len()]);
                continue;
            }
            let constant = if fabric.input(rx_line(line)) { i32::MAX } else { i32::MIN };
            let clock = self.rx_lines(line, fabric);
            let mut samples = fabric.pins.pdm_receive(&clock, at).unwrap_or_else(|| vec![[constant; 2]; at.len()]);
            if fabric.io.inverts_output(clock.ws) {
                samples.iter_mut().for_each(|samples| samples.reverse());
            }
            lines.push(samples);
        }
        for n in 0..at.len() {
            let samples: Vec<i32> = self.channels().map(|(line, side)| lines[line][n][side]).collect();
            self.store_pcm(&samples, at[n], fabric, port);
        }
    }

    /// An edge of RX's clock: what was on the lines before it counts. True: a frame is over.
    pub(super) fn count_pcm(&mut self, edge: u64, fabric: &Fabric) -> bool {
        if edge == 2 * self.rx.frames * self.rx.clocks {
            return false;
        }
        let side = usize::from(edge % 2 == 0);
        for line in 0..RX_LINES {
            self.rx.ones[2 * line + side] += u32::from(fabric.input(rx_line(line)));
        }
        edge == 2 * (self.rx.frames + 1) * self.rx.clocks
    }

    /// What was counted in a frame goes to memory.
    pub(super) fn finish_pcm(&mut self, at: Ps, fabric: &mut Fabric, port: &mut Port) {
        let (ones, clocks) = (std::mem::take(&mut self.rx.ones), self.rx.clocks as u32);
        let samples: Vec<i32> = self.channels().map(|(line, side)| density(ones[2 * line + side], clocks)).collect();
        self.store_pcm(&samples, at, fabric, port);
    }

    fn store_pcm(&mut self, samples: &[i32], at: Ps, fabric: &mut Fabric, port: &mut Port) {
        let mut bytes = Vec::with_capacity(4 * samples.len());
        samples.iter().for_each(|sample| self.rx.format.store_justified(*sample, &mut bytes));
        let digest = samples.iter().fold(0, |all, sample| all << 16 ^ u128::from(*sample as u32));
        let id = self.id(false);
        self.rx.pass(digest, at, id, fabric);
        self.rx.frames += 1;
        self.store(&bytes, fabric, port);
    }
}
