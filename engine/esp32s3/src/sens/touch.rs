//! The touch sensor, TRM chapter 39. Its readings are in SENS, its control in RTC_CNTL; ESP-IDF `hal/touch_sensor_ll.h` and
//! `hal/touch_sens_types.h`. Channel n is GPIOn, 1 to 14.
//!
//! # Fidelity
//! - A reading is the capacitance of [`Fabric::femtofarads`] times the number of charges, 5 counts for each picofarad and
//!   charge at the fastest charging: an assumption that gives the tens of thousands which real boards show. Slower charging
//!   (TOUCH_PADn_DAC) makes it longer in proportion. Charging voltages change nothing. No noise.
//! - The scan, its timer, benchmark, smoothing, noise thresholds, debouncing, time-out, and waking from sleep: modelled after
//!   what ESP-IDF says of each field. The parts of the threshold that TOUCH_HYSTERESIS stands for (4/32, 3/32, 1/32, 0) are
//!   not confirmed by a public source. The first scan starts as soon as the timer is enabled.
//! - The denoise channel T0 reads its reference capacitance, and its low bits are taken off each reading.
//! - Proximity channels add up TOUCH_APPROACH_MEAS_TIME readings; the sum stands where the benchmark stands elsewhere (ESP-IDF
//!   `hw_ver2/touch_version_specific.c`), and software judges it. For the channel of TOUCH_SLP_PAD in deep sleep the sum of what
//!   readings exceed the benchmark by is compared with TOUCH_SLP_TH (approximated: no document says what with).
//! - There is no water: the shield channel, T14, is not measured while it shields, and the guard ring is a channel as others.
//! - Missing: what a pad that is touched is worth as a GPIO.

use super::registers::*;
use super::{Interrupt, Sens};
use crate::fabric::{Fabric, RC_FAST_HZ};
use crate::rtc_cntl::registers::{self as rtc_regs, Reg as Rtc, INT_RAW_RTC};
use crate::rtc_cntl::{wake_source, RtcCntl};
use crate::slots::Slot;
use engine_core::time::{Hertz, Ps};
use serde::{Deserialize, Serialize};

/// Channels, with the inner one, T0.
pub const CHANNELS: usize = 15;
/// Data registers hold 22 bits.
const FULL_SCALE: u64 = 0x3F_FFFF;
/// One count for so many femtofarads in each charge.
const FEMTOFARADS_PER_COUNT: u64 = 200;

const DONE: Interrupt =
    Interrupt { cocpu: SAR_COCPU_INT_RAW::SAR_COCPU_TOUCH_DONE_INT_RAW, rtc: INT_RAW_RTC::TOUCH_DONE_INT_RAW };
const ACTIVE: Interrupt =
    Interrupt { cocpu: SAR_COCPU_INT_RAW::SAR_COCPU_TOUCH_ACTIVE_INT_RAW, rtc: INT_RAW_RTC::TOUCH_ACTIVE_INT_RAW };
const INACTIVE: Interrupt =
    Interrupt { cocpu: SAR_COCPU_INT_RAW::SAR_COCPU_TOUCH_INACTIVE_INT_RAW, rtc: INT_RAW_RTC::TOUCH_INACTIVE_INT_RAW };
const SCAN_DONE: Interrupt = Interrupt {
    cocpu: SAR_COCPU_INT_RAW::SAR_COCPU_TOUCH_SCAN_DONE_INT_RAW,
    rtc: INT_RAW_RTC::TOUCH_SCAN_DONE_INT_RAW,
};
const APPROACH_LOOP_DONE: Interrupt = Interrupt {
    cocpu: SAR_COCPU_INT_RAW::SAR_COCPU_TOUCH_APPROACH_LOOP_DONE_INT_RAW,
    rtc: INT_RAW_RTC::TOUCH_APPROACH_LOOP_DONE_INT_RAW,
};
const TIMEOUT: Interrupt =
    Interrupt { cocpu: SAR_COCPU_INT_RAW::SAR_COCPU_TOUCH_TIMEOUT_INT_RAW, rtc: INT_RAW_RTC::TOUCH_TIMEOUT_INT_RAW };

/// What a channel has measured.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize)]
struct Channel {
    raw: u32,
    smooth: u32,
    benchmark: u32,
    /// The benchmark starts anew from the next reading.
    fresh: bool,
    /// Readings in a row beyond the threshold.
    debounce: u8,
    /// Readings in a row far below the benchmark.
    negative: u8,
}

/// Readings of a proximity channel that are added up.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize)]
struct Sum {
    count: u8,
    total: u32,
}

impl Sum {
    /// One more reading. True: those were all.
    fn add(&mut self, reading: u32, all: u32) -> bool {
        if u32::from(self.count) >= all {
            *self = Self::default();
        }
        self.count += 1;
        self.total = self.total.saturating_add(reading).min(FULL_SCALE as u32);
        u32::from(self.count) >= all
    }
}

/// What the state machine does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
enum Phase {
    Idle,
    /// The timer runs until the next scan.
    Sleeping,
    /// A channel charges and discharges.
    Measuring(u8),
    /// This channel did not end in time; software has to say "done".
    TimedOut(u8),
}

/// The state machine and the channels.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Touch {
    channels: [Channel; CHANNELS],
    active: u32,
    phase: Phase,
    due: Ps,
    /// Channels that this scan has still to measure.
    left: u32,
    /// The channel measured last.
    current: u8,
    measured: bool,
    /// The channel that was measured last in deep sleep.
    asleep: u8,
    /// The three proximity channels, and the one of deep sleep.
    sums: [Sum; 4],
}

impl Touch {
    pub(super) fn new() -> Self {
        let channel = Channel { fresh: true, ..Channel::default() };
        let channels = [channel; CHANNELS];
        let sums = [Sum::default(); 4];
        Self {
            channels,
            active: 0,
            phase: Phase::Idle,
            due: Ps::MAX,
            left: 0,
            current: 0,
            measured: false,
            asleep: 0,
            sums,
        }
    }

    pub(super) fn clear_active(&mut self) {
        self.active = 0;
    }

    pub(super) fn clear_benchmarks(&mut self, channels: u32) {
        for (n, channel) in self.channels.iter_mut().enumerate() {
            if channels >> n & 1 != 0 {
                channel.benchmark = channel.raw;
                channel.fresh = true;
            }
        }
    }

    fn enter(&mut self, phase: Phase, due: Ps) {
        (self.phase, self.due) = (phase, due);
    }
}

/// An IIR filter that takes one part in `parts` of the new value.
fn filtered(old: u32, new: u32, parts: i64) -> u32 {
    (i64::from(old) + (i64::from(new) - i64::from(old)) / parts) as u32
}

/// A noise threshold as a part of the channel's threshold: 4/8, 3/8, 2/8, or all of it.
fn noise(threshold: u32, coefficient: u32) -> i64 {
    i64::from(threshold) * [4, 3, 2, 8][coefficient as usize & 3] / 8
}

impl Sens {
    /// SAR_TOUCH_STATUSn, SAR_TOUCH_CHN_ST and the others that show a reading.
    pub(super) fn peek_touch(&self, register: Reg) -> Option<u32> {
        let kept = self.regs.load(register);
        let shown = |channel: &Channel| {
            let data = match SAR_TOUCH_CONF::SAR_TOUCH_DATA_SEL.get(self.regs.get(Reg::SAR_TOUCH_CONF)) {
                2 => channel.benchmark,
                3 => channel.smooth,
                _ => channel.raw,
            };
            u32::from(channel.debounce & 7) << 29 | data
        };
        Some(match register {
            Reg::SAR_TOUCH_STATUS0 => SAR_TOUCH_STATUS0::SAR_TOUCH_SCAN_CURR.put(kept, self.touch.current.into()),
            Reg::SAR_TOUCH_CHN_ST => {
                let done = SAR_TOUCH_CHN_ST::SAR_TOUCH_MEAS_DONE.put(kept, self.touch.measured.into());
                SAR_TOUCH_CHN_ST::SAR_TOUCH_PAD_ACTIVE.put(done, self.touch.active)
            }
            Reg::SAR_TOUCH_STATUS15 => shown(&self.touch.channels[usize::from(self.touch.asleep)]),
            Reg::SAR_TOUCH_STATUS16 => {
                let [one, two, three, asleep] = self.touch.sums.map(|sum| sum.count);
                u32::from_be_bytes([asleep, one, two, three])
            }
            Reg::SAR_TOUCH_DENOISE => self.touch.channels[0].raw,
            _ => {
                let n = (register as usize).checked_sub(Reg::SAR_TOUCH_STATUS0 as usize)?;
                shown(self.touch.channels.get(n)?)
            }
        })
    }

    /// The threshold of a channel.
    fn threshold(&self, channel: usize) -> u32 {
        const THRESHOLDS: [Reg; 14] = [
            Reg::SAR_TOUCH_THRES1,
            Reg::SAR_TOUCH_THRES2,
            Reg::SAR_TOUCH_THRES3,
            Reg::SAR_TOUCH_THRES4,
            Reg::SAR_TOUCH_THRES5,
            Reg::SAR_TOUCH_THRES6,
            Reg::SAR_TOUCH_THRES7,
            Reg::SAR_TOUCH_THRES8,
            Reg::SAR_TOUCH_THRES9,
            Reg::SAR_TOUCH_THRES10,
            Reg::SAR_TOUCH_THRES11,
            Reg::SAR_TOUCH_THRES12,
            Reg::SAR_TOUCH_THRES13,
            Reg::SAR_TOUCH_THRES14,
        ];
        self.regs.get(THRESHOLDS[channel - 1])
    }

    /// Control has changed, or the present phase may be over.
    pub(super) fn touch_due(&mut self, rtc: &mut RtcCntl, fabric: &mut Fabric) {
        use rtc_regs::TOUCH_CTRL2::*;
        let control = rtc.register(Rtc::TOUCH_CTRL2);
        let started = rtc.take_touch_start() && TOUCH_START_FORCE.is_set(control);
        let by_timer = TOUCH_SLP_TIMER_EN.is_set(control) && !TOUCH_START_FORCE.is_set(control);
        let over = fabric.now() >= self.touch.due;
        if TOUCH_RESET.is_set(control) {
            self.touch = Touch::new();
        } else if TOUCH_TIMER_FORCE_DONE.get(control) == 3 {
            match self.touch.phase {
                Phase::TimedOut(channel) => self.measured(channel, rtc, fabric),
                _ => self.touch.enter(Phase::Idle, Ps::MAX),
            }
        } else {
            match self.touch.phase {
                Phase::Idle if started || by_timer => self.scan(rtc, fabric),
                Phase::Sleeping if !by_timer => self.touch.enter(Phase::Idle, Ps::MAX),
                Phase::Sleeping if over => self.scan(rtc, fabric),
                Phase::Measuring(channel) if over => self.measured(channel, rtc, fabric),
                _ => {}
            }
        }
        fabric.at(Slot::RtcTouch, self.touch.due);
    }

    /// A scan begins: the channels of TOUCH_SCAN_PAD_MAP one by one, in deep sleep the one of TOUCH_SLP_PAD.
    fn scan(&mut self, rtc: &mut RtcCntl, fabric: &mut Fabric) {
        let map = rtc_regs::TOUCH_SCAN_CTRL::TOUCH_SCAN_PAD_MAP.get(rtc.register(Rtc::TOUCH_SCAN_CTRL));
        let outputs = SAR_TOUCH_CONF::SAR_TOUCH_OUTEN.get(self.regs.get(Reg::SAR_TOUCH_CONF));
        let sleeping = rtc_regs::TOUCH_SLP_THRES::TOUCH_SLP_PAD.get(rtc.register(Rtc::TOUCH_SLP_THRES));
        let awake = if rtc.is_in_deep_sleep() { 1 << sleeping } else { u32::MAX };
        let shield = rtc_regs::TOUCH_SCAN_CTRL::TOUCH_SHIELD_PAD_EN.is_set(rtc.register(Rtc::TOUCH_SCAN_CTRL));
        let measured = if shield { 0x3FFE } else { 0x7FFE };
        self.touch.left = map & outputs & awake & measured;
        self.touch.measured = false;
        self.next_channel(rtc, fabric);
    }

    fn next_channel(&mut self, rtc: &mut RtcCntl, fabric: &mut Fabric) {
        if self.touch.left == 0 {
            return self.scanned(rtc, fabric);
        }
        let channel = self.touch.left.trailing_zeros() as u8;
        self.touch.left &= self.touch.left - 1;
        let wait = rtc_regs::TOUCH_CTRL2::TOUCH_XPD_WAIT.get(rtc.register(Rtc::TOUCH_CTRL2));
        let (counts, _) = self.counts(channel.into(), rtc, fabric);
        // RC_FAST_CLK is turned on for the measurement, also in sleep.
        let span = Hertz::new(RC_FAST_HZ).duration(u64::from(wait) + u64::from(counts));
        self.touch.enter(Phase::Measuring(channel), fabric.now().saturating_add(span));
    }

    /// How many cycles a channel takes; true: that is where the time-out cuts it off.
    fn counts(&self, channel: usize, rtc: &RtcCntl, fabric: &Fabric) -> (u32, bool) {
        let (dac0, dac1) = (rtc.register(Rtc::TOUCH_DAC), rtc.register(Rtc::TOUCH_DAC1));
        let speed = if channel < 10 { dac0 >> (29 - 3 * channel) } else { dac1 >> (29 - 3 * (channel - 10)) } & 7;
        let charges = rtc_regs::TOUCH_CTRL1::TOUCH_MEAS_NUM.get(rtc.register(Rtc::TOUCH_CTRL1));
        let femtofarads = match channel {
            // TOUCH_REFC: 5 pF and 1.4 pF a step, ESP-IDF `hal/touch_sens_types.h`.
            0 => 5000 + 1400 * rtc_regs::TOUCH_CTRL2::TOUCH_REFC.get(rtc.register(Rtc::TOUCH_CTRL2)),
            _ => fabric.femtofarads[channel],
        };
        let fastest = u64::from(charges) * u64::from(femtofarads) / FEMTOFARADS_PER_COUNT;
        // No charging current: the voltage never gets there.
        let counts = (fastest * 7).checked_div(speed.into()).unwrap_or(FULL_SCALE).min(FULL_SCALE);
        let limit = rtc.register(Rtc::TOUCH_TIMEOUT_CTRL);
        let cut = u64::from(rtc_regs::TOUCH_TIMEOUT_CTRL::TOUCH_TIMEOUT_NUM.get(limit));
        if rtc_regs::TOUCH_TIMEOUT_CTRL::TOUCH_TIMEOUT_EN.is_set(limit) && counts > cut {
            return (cut as u32, true);
        }
        (counts as u32, false)
    }

    /// A channel is measured, or was cut off.
    fn measured(&mut self, channel: u8, rtc: &mut RtcCntl, fabric: &mut Fabric) {
        let (counts, cut) = self.counts(channel.into(), rtc, fabric);
        self.touch.current = channel;
        if cut && self.touch.phase == Phase::Measuring(channel) {
            self.touch.enter(Phase::TimedOut(channel), Ps::MAX);
            return self.raise(TIMEOUT, rtc, fabric);
        }
        let noise = self.denoise(rtc, fabric);
        let reading = counts.saturating_sub(noise);
        match self.proximity_of(channel) {
            Some(pad) if !rtc.is_in_deep_sleep() => self.approach(pad, channel, reading, rtc, fabric),
            _ => self.take(channel.into(), reading, rtc, fabric),
        }
        self.raise(DONE, rtc, fabric);
        self.next_channel(rtc, fabric);
    }

    /// What the denoise channel takes off: its low 12, 10, 8 or 4 bits, by TOUCH_DENOISE_RES.
    fn denoise(&mut self, rtc: &RtcCntl, fabric: &Fabric) -> u32 {
        let control = rtc.register(Rtc::TOUCH_SCAN_CTRL);
        if !rtc_regs::TOUCH_SCAN_CTRL::TOUCH_DENOISE_EN.is_set(control) {
            return 0;
        }
        let bits = [12, 10, 8, 4][rtc_regs::TOUCH_SCAN_CTRL::TOUCH_DENOISE_RES.get(control) as usize];
        let data = self.counts(0, rtc, fabric).0 & ((1 << bits) - 1);
        self.touch.channels[0].raw = data;
        data
    }

    /// Which of the three proximity channels this one is.
    fn proximity_of(&self, channel: u8) -> Option<usize> {
        use SAR_TOUCH_CONF::*;
        let conf = self.regs.get(Reg::SAR_TOUCH_CONF);
        let pads = [SAR_TOUCH_APPROACH_PAD0, SAR_TOUCH_APPROACH_PAD1, SAR_TOUCH_APPROACH_PAD2];
        pads.iter().position(|pad| pad.get(conf) == u32::from(channel))
    }

    /// A reading of a proximity channel.
    fn approach(&mut self, pad: usize, channel: u8, reading: u32, rtc: &mut RtcCntl, fabric: &mut Fabric) {
        let all = rtc_regs::TOUCH_APPROACH::TOUCH_APPROACH_MEAS_TIME.get(rtc.register(Rtc::TOUCH_APPROACH));
        let (sum, channel) = (&mut self.touch.sums[pad], &mut self.touch.channels[usize::from(channel)]);
        (channel.raw, channel.smooth) = (reading, reading);
        if sum.add(reading, all) {
            channel.benchmark = sum.total;
            self.raise(APPROACH_LOOP_DONE, rtc, fabric);
        }
    }

    /// A reading goes through the filters, and is compared with the threshold.
    fn take(&mut self, n: usize, raw: u32, rtc: &mut RtcCntl, fabric: &mut Fabric) {
        use rtc_regs::TOUCH_FILTER_CTRL::*;
        let filter = rtc.register(Rtc::TOUCH_FILTER_CTRL);
        let sleeping = rtc.register(Rtc::TOUCH_SLP_THRES);
        let threshold = match rtc.is_in_deep_sleep() {
            false => self.threshold(n),
            true if rtc_regs::TOUCH_SLP_THRES::TOUCH_SLP_PAD.get(sleeping) == n as u32 => {
                rtc_regs::TOUCH_SLP_THRES::TOUCH_SLP_TH.get(sleeping)
            }
            // The scan was under way when the chip went to sleep.
            true => return,
        };
        let is_active = self.touch.active >> n & 1 != 0;
        let filtering = TOUCH_FILTER_EN.is_set(filter);
        let channel = &mut self.touch.channels[n];
        channel.raw = raw;
        let smoothing = if filtering { 1 << TOUCH_SMOOTH_LVL.get(filter) } else { 1 };
        channel.smooth = if channel.fresh { raw } else { filtered(channel.smooth, raw, smoothing) };
        if std::mem::take(&mut channel.fresh) {
            channel.benchmark = raw;
        }
        let difference = i64::from(channel.smooth) - i64::from(channel.benchmark);
        if filtering && !is_active {
            let above = noise(threshold, TOUCH_NOISE_THRES.get(filter));
            let below = noise(threshold, TOUCH_NEG_NOISE_THRES.get(filter));
            let far_below = difference < -below && !TOUCH_BYPASS_NEG_NOISE_THRES.is_set(filter);
            channel.negative = if far_below { channel.negative + 1 } else { 0 };
            if far_below && u32::from(channel.negative) > TOUCH_NEG_NOISE_LIMIT.get(filter) {
                (channel.benchmark, channel.negative) = (raw, 0);
            } else if !far_below && (difference < above || TOUCH_BYPASS_NOISE_THRES.is_set(filter)) {
                // Modes 0 to 6: IIR with 1/4 to 1/256; mode 7: steps of TOUCH_JITTER_STEP.
                channel.benchmark = match TOUCH_FILTER_MODE.get(filter) {
                    7 => {
                        let step = i64::from(TOUCH_JITTER_STEP.get(filter));
                        (i64::from(channel.benchmark) + difference.clamp(-step, step)) as u32
                    }
                    mode => filtered(channel.benchmark, channel.smooth, 4 << mode),
                };
            }
        }
        let mut difference = difference;
        if rtc.is_in_deep_sleep() {
            self.touch.asleep = n as u8;
            if rtc_regs::TOUCH_SLP_THRES::TOUCH_SLP_APPROACH_EN.is_set(sleeping) {
                let all = rtc_regs::TOUCH_APPROACH::TOUCH_APPROACH_MEAS_TIME.get(rtc.register(Rtc::TOUCH_APPROACH));
                let sum = &mut self.touch.sums[3];
                if !sum.add(difference.max(0) as u32, all) {
                    return;
                }
                difference = sum.total.into();
            }
        }
        // TOUCH_HYSTERESIS: 4/32, 3/32, 1/32 of the threshold, or none.
        let hysteresis = i64::from(threshold) * [4, 3, 1, 0][TOUCH_HYSTERESIS.get(filter) as usize] / 32;
        let beyond = match is_active {
            false => difference > i64::from(threshold) + hysteresis,
            true => difference < i64::from(threshold) - hysteresis,
        };
        channel.debounce = if beyond { channel.debounce + 1 } else { 0 };
        let needed = if filtering { TOUCH_DEBOUNCE.get(filter) } else { 0 };
        if u32::from(channel.debounce) <= needed {
            return;
        }
        channel.debounce = 0;
        self.touch.active ^= 1 << n;
        self.raise(if is_active { INACTIVE } else { ACTIVE }, rtc, fabric);
        if !is_active {
            rtc.wake_by(wake_source::TOUCH, fabric);
        }
    }

    /// All channels are measured: the timer runs until the next scan.
    fn scanned(&mut self, rtc: &mut RtcCntl, fabric: &mut Fabric) {
        use rtc_regs::TOUCH_CTRL2::{TOUCH_SLP_CYC_DIV, TOUCH_SLP_TIMER_EN, TOUCH_START_FORCE};
        self.touch.measured = true;
        self.raise(SCAN_DONE, rtc, fabric);
        let control = rtc.register(Rtc::TOUCH_CTRL2);
        if !TOUCH_SLP_TIMER_EN.is_set(control) || TOUCH_START_FORCE.is_set(control) {
            return self.touch.enter(Phase::Idle, Ps::MAX);
        }
        let cycles = rtc_regs::TOUCH_CTRL1::TOUCH_SLEEP_CYCLES.get(rtc.register(Rtc::TOUCH_CTRL1));
        // At least one cycle, or the scan would take no time with no channel in it.
        let cycles = u64::from(cycles.max(1)) << TOUCH_SLP_CYC_DIV.get(control);
        let due = fabric.now().saturating_add(fabric.rates.rtc_slow.duration(cycles));
        self.touch.enter(Phase::Sleeping, due);
    }
}
