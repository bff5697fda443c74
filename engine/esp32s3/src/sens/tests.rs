use super::*;
use crate::efuse::INITIAL_CODES;
use crate::fabric::Request;
use crate::rtc_cntl::registers::{Reg as Rtc, SLP_WAKEUP_CAUSE};
use crate::sar::SAR_ADC;

/// The block with those that it works with. Offsets as in ESP-IDF `soc/sens_reg.h` and `soc/rtc_cntl_reg.h`.
struct Bench {
    sens: Sens,
    rtc: RtcCntl,
    analog: Regi2c,
    grant: Grant,
    fabric: Fabric,
}

impl Bench {
    fn new() -> Self {
        let (mut rtc, mut fabric) = (RtcCntl::new(), Fabric::new());
        rtc.reset(&mut fabric);
        Self { sens: Sens::new(), rtc, analog: Regi2c::new(), grant: Grant::Granted, fabric }
    }

    fn write(&mut self, offset: u32, value: u32) {
        self.sens.write(offset, Write::word(value), &mut self.fabric);
    }

    fn read(&mut self, offset: u32) -> u32 {
        self.sens.read(offset, &mut self.fabric)
    }

    fn write_rtc(&mut self, offset: u32, value: u32) {
        self.rtc.write(offset, Write::word(value), &mut self.fabric);
        self.run_until(self.fabric.now());
    }

    /// Interrupts in RTC_CNTL_INT_RAW, which are then cleared.
    fn take_interrupts(&mut self) -> u32 {
        let raised = self.rtc.read(0x44, &mut self.fabric);
        self.write_rtc(0x4C, raised);
        raised
    }

    fn run_until(&mut self, end: engine_core::time::Ps) {
        const SLOTS: [Slot; 5] = [Slot::RtcSleep, Slot::RtcTouch, Slot::Adc1, Slot::Adc2, Slot::Temperature];
        loop {
            let due = |slot: &Slot| self.fabric.events.due(*slot as usize);
            let Some(slot) = SLOTS.into_iter().min_by_key(due).filter(|slot| due(slot) <= end) else { break };
            let at = due(&slot).max(self.fabric.now());
            self.fabric.cycle = self.fabric.clock.first_cycle_from(at);
            self.fabric.cancel(slot);
            if slot == Slot::RtcSleep {
                self.rtc.event(slot, &mut self.fabric);
                continue;
            }
            let around = Around { analog: &self.analog, rtc: &mut self.rtc, grant: self.grant };
            self.sens.due(slot, around, &mut self.fabric);
        }
        self.fabric.cycle = self.fabric.cycle.max(self.fabric.clock.first_cycle_from(end));
    }

    fn run_for(&mut self, microseconds: u64) {
        self.run_until(self.fabric.now() + microseconds * engine_core::time::MICROSECOND);
    }

    /// adc_oneshot_ll_start and what follows, for the first converter.
    fn read_adc1(&mut self, pads: u32) -> u32 {
        while self.read(0x40) >> 22 & 0xFF != 0 {}
        let setup = 1 << 31 | pads << 19 | 1 << 18;
        self.write(0x0C, setup);
        self.write(0x0C, setup | 1 << 17);
        assert_eq!(self.read(0x0C) >> 16 & 1, 0, "not done yet");
        assert_ne!(self.read(0x40) >> 22 & 0xFF, 0, "MEAS_STATUS says busy");
        self.run_for(10);
        assert_eq!(self.read(0x0C) >> 16 & 1, 1, "MEAS1_DONE_SAR");
        self.read(0x0C) & 0xFFFF
    }

    fn read_adc2(&mut self, pads: u32) -> u32 {
        let setup = 1 << 31 | pads << 19 | 1 << 18;
        self.write(0x30, setup);
        self.write(0x30, setup | 1 << 17);
        self.run_for(10);
        assert_eq!(self.read(0x30) >> 16 & 1, 1, "MEAS2_DONE_SAR");
        self.read(0x30) & 0xFFFF
    }
}

/// ESP-IDF `hal/adc_ll.h`: attenuation of channel n is at bits 2n; the point at 850 mV is the one the fuses tell.
#[test]
fn a_one_shot_conversion_reads_the_pins_voltage() {
    let mut bench = Bench::new();
    bench.fabric.microvolts[4] = 850_000;
    for (attenuation, code) in [(0, 3664), (1, 2785), (2, 1989), (3, 1123)] {
        bench.write(0x14, attenuation << 6);
        let read = bench.read_adc1(1 << 3);
        // The curve bends by up to 40 mV there, which the driver takes off again.
        assert!(read.abs_diff(code) <= 60, "{attenuation}: {read}, the fuses say {code}");
        assert_eq!(bench.take_interrupts() & 1 << 11, 1 << 11, "SARADC1_INT");
    }
    bench.write(0x00, 0x3004_0002);
    let inverted = bench.read_adc1(1 << 3);
    assert!(inverted.abs_diff(4095 - 1123) <= 60, "SAR1_DATA_INV");
}

/// ESP-IDF adc_hal_self_calibration: the search for the initial code at which the grounded converter just reads 0 ends at the
/// code in the fuses. ADC_SAR1_ENCAL_GND is bit 5 of register 7.
#[test]
fn self_calibration_finds_the_code_in_the_fuses() {
    let mut bench = Bench::new();
    bench.fabric.microvolts[1] = 500_000;
    bench.analog.set_analog(SAR_ADC, 7, 1 << 5);
    for attenuation in 0..4 {
        bench.write(0x14, attenuation);
        let (mut low, mut high) = (0, 4096);
        while high - low > 1 {
            let middle = (low + high) / 2;
            bench.analog.set_analog(SAR_ADC, 1, (middle >> 8) as u8);
            bench.analog.set_analog(SAR_ADC, 0, middle as u8);
            if bench.read_adc1(0) == 0 {
                high = middle;
            } else {
                low = middle;
            }
        }
        assert_eq!(high, INITIAL_CODES[0][attenuation as usize]);
    }
}

/// ESP-IDF adc_ll_rtc_output_data_t: bits 15:14 of ADC2's data tell that the arbiter did not select this controller.
#[test]
fn the_arbiters_verdict_stands_above_the_data_of_adc2() {
    let mut bench = Bench::new();
    bench.fabric.microvolts[11] = 400_000;
    bench.write(0x38, 0);
    let data = bench.read_adc2(1);
    assert!((1500..2000).contains(&data));
    bench.grant = Grant::Unselected;
    assert_eq!(bench.read_adc2(1), data | 1 << 14);
    bench.write(0x34, 1 << 31);
    assert_eq!(bench.read_adc2(1), data, "SAR2_RTC_FORCE passes the arbiter by");
}

/// ESP-IDF temperature_sensor_ll_get_raw_value: power up, dump out, wait for ready. 0.4386 °C a code, -20.52 °C at 0.
#[test]
fn the_temperature_is_ready_after_dump_out() {
    let mut bench = Bench::new();
    bench.analog.set_analog(SAR_ADC, 6, 15);
    bench.fabric.millicelsius = 40_000;
    let on = 1 << 23 | 1 << 22 | 6 << 14;
    bench.write(0x50, on);
    bench.write(0x50, on | 1 << 24);
    assert_eq!(bench.read(0x50) >> 8 & 1, 0);
    bench.run_for(10);
    assert_eq!(bench.read(0x50) >> 8 & 1, 1);
    bench.write(0x50, on);
    assert_eq!(bench.read(0x50) & 0xFF, 138, "(40 + 20.52) / 0.4386");
}

const CTRL2: u32 = 0x10C;
const TIMER_MODE: u32 = 0x0008_40CC | 1 << 13;

/// TOUCH_MEAS_NUM 500, TOUCH_SLEEP_CYCLES 15; channels 2 and 5 at the fastest charging; filter on, no debounce.
fn touch_bench() -> Bench {
    let mut bench = Bench::new();
    bench.write_rtc(0x108, 500 << 16 | 15);
    bench.write_rtc(0x110, (1 << 2 | 1 << 5) << 10);
    bench.write_rtc(0x14C, 7 << 23 | 7 << 14);
    bench.write_rtc(0x11C, 1 << 31);
    bench.write(0x68, 2000);
    bench.write(0x74, 2000);
    bench
}

/// ESP-IDF `hal/touch_sensor_ll.h`: TOUCH_START_FORCE with a pulse of TOUCH_START_EN measures once; DONE for each channel (INT bit
/// 6), SCAN_DONE (bit 4) at the end, MEAS_DONE is bit 31 of CHN_ST.
#[test]
fn software_starts_one_scan() {
    let mut bench = touch_bench();
    bench.fabric.femtofarads[5] = 12_000;
    let force = 0x0008_40CC | 1 << 16;
    bench.write_rtc(CTRL2, force);
    bench.write_rtc(CTRL2, force | 1 << 15);
    bench.write_rtc(CTRL2, force);
    // 25000 cycles of 17.5 MHz are 1.43 ms.
    bench.run_for(1500);
    assert_eq!(bench.take_interrupts() & 0x50, 0x40, "the first channel only");
    assert_eq!((bench.read(0xA0) >> 22 & 0xF, bench.read(0x9C) >> 31), (2, 0), "TOUCH_SCAN_CURR");
    bench.run_for(2000);
    assert_eq!(bench.take_interrupts() & 0x50, 0x50);
    assert_eq!(bench.read(0x9C) >> 31, 1);
    assert_eq!((bench.read(0xA8), bench.read(0xB4)), (25_000, 30_000), "12 pF is 12/10 of 10 pF");
    bench.run_for(20_000);
    assert_eq!(bench.take_interrupts(), 0, "no more scans");
}

/// ESP-IDF `hal/touch_sensor_ll.h`: ACTIVE is INT bit 7, INACTIVE bit 8; TOUCH_DATA_SEL 2 is the benchmark, 3 smooth data; the
/// benchmark does not follow a touch.
#[test]
fn a_touch_is_an_active_interrupt_and_its_end_an_inactive_one() {
    let mut bench = touch_bench();
    bench.write_rtc(CTRL2, TIMER_MODE);
    bench.run_for(20_000);
    assert_eq!(bench.take_interrupts() & 0x180, 0);
    bench.fabric.femtofarads[2] = 12_000;
    bench.run_for(10_000);
    assert_eq!(bench.take_interrupts() & 0x180, 0x80);
    assert_eq!(bench.read(0x9C) & 0x7FFF, 1 << 2);
    bench.write(0x5C, 2 << 16 | 0x7FFF);
    assert_eq!(bench.read(0xA8) & 0x3F_FFFF, 25_000, "benchmark");
    bench.write(0x5C, 3 << 16 | 0x7FFF);
    assert_eq!(bench.read(0xA8) & 0x3F_FFFF, 30_000, "smooth");
    bench.fabric.femtofarads[2] = 10_000;
    bench.run_for(10_000);
    assert_eq!(bench.take_interrupts() & 0x180, 0x100);
    assert_eq!(bench.read(0x9C) & 0x7FFF, 0);
}

/// ESP-IDF `hal/touch_sensor_ll.h`: TOUCH_DEBOUNCE n needs n + 1 readings beyond the threshold; the benchmark goes with slow changes.
#[test]
fn debounce_and_benchmark_tell_touch_from_drift() {
    let mut bench = touch_bench();
    bench.write_rtc(0x11C, 1 << 31 | 3 << 25);
    bench.write_rtc(CTRL2, TIMER_MODE);
    bench.run_for(10_000);
    for step in 1..=100 {
        bench.fabric.femtofarads[2] = 10_000 + 20 * step;
        bench.run_for(10_000);
    }
    assert_eq!(bench.take_interrupts() & 0x80, 0, "2 pF in a second is drift");
    // A scan of two channels takes about 3.2 ms: two scans are not four readings.
    bench.fabric.femtofarads[2] = 15_000;
    bench.run_for(6_500);
    bench.fabric.femtofarads[2] = 12_000;
    bench.run_for(20_000);
    assert_eq!(bench.take_interrupts() & 0x80, 0);
    bench.fabric.femtofarads[2] = 15_000;
    bench.run_for(20_000);
    assert_eq!(bench.take_interrupts() & 0x80, 0x80);
}

/// ESP-IDF touch_ll_set_timeout and touch_pad_timeout_resume: INT bit 18, and the scan waits for TOUCH_TIMER_FORCE_DONE.
#[test]
fn a_channel_that_takes_too_long_stops_the_scan() {
    let mut bench = touch_bench();
    bench.fabric.femtofarads[2] = 1_000_000;
    bench.write_rtc(0x124, 1 << 22 | 100_000);
    bench.write_rtc(CTRL2, TIMER_MODE);
    bench.run_for(50_000);
    assert_eq!(bench.take_interrupts() & (1 << 18 | 1 << 6), 1 << 18);
    bench.write_rtc(CTRL2, TIMER_MODE | 3 << 27);
    bench.write_rtc(CTRL2, TIMER_MODE);
    bench.run_for(2000);
    assert_eq!(bench.take_interrupts() & 0x50, 0x50, "the other channel was measured");
    assert_eq!(bench.read(0xB4), 25_000);
}

/// TRM table 10-5: touch is bit 8 of the wake-up sources; in deep sleep TOUCH_SLP_PAD (bits 31:27) is measured.
#[test]
fn a_touch_ends_deep_sleep() {
    let mut bench = touch_bench();
    bench.write_rtc(0x114, 5 << 27 | 2000);
    bench.write_rtc(CTRL2, TIMER_MODE);
    bench.run_for(10_000);
    bench.write_rtc(0x3C, 1 << (15 + 8));
    bench.write_rtc(0x90, 1 << 31);
    bench.write_rtc(0x18, 1 << 31);
    assert!(bench.rtc.is_asleep());
    bench.fabric.femtofarads[2] = 20_000;
    bench.run_for(20_000);
    assert!(bench.rtc.is_asleep(), "the channel is not the one that wakes");
    bench.fabric.femtofarads[5] = 20_000;
    bench.run_for(20_000);
    assert!(bench.fabric.requests.contains(&Request::Restart(crate::fabric::Reason::DeepSleep)));
    assert_eq!(SLP_WAKEUP_CAUSE::WAKEUP_CAUSE.get(bench.rtc.register(Rtc::SLP_WAKEUP_CAUSE)), 1 << 8);
}

/// ESP-IDF `hw_ver2/touch_version_specific.c`: what TOUCH_APPROACH_MEAS_TIME scans add up is in the benchmark's place, and
/// TOUCH_APPROACH_LOOP_DONE is INT bit 20; touch_ll_set_proximity_sensing_channel: pad 0 is bits 31:28 of SAR_TOUCH_CONF.
#[test]
fn a_proximity_channel_adds_its_readings_up() {
    let mut bench = touch_bench();
    bench.fabric.femtofarads[5] = 11_000;
    bench.write_rtc(0x118, 3 << 24);
    bench.write(0x5C, 5 << 28 | 2 << 16 | 0x7FFF);
    bench.write_rtc(CTRL2, TIMER_MODE);
    let mut taken = 0;
    while taken & 1 << 20 == 0 {
        bench.run_for(100);
        taken |= bench.take_interrupts();
        assert!(bench.fabric.now() < engine_core::time::SECOND);
    }
    assert_eq!(taken & 1 << 7, 0, "software judges it");
    assert_eq!(bench.read(0xB4) & 0x3F_FFFF, 3 * 27_500);
    assert_eq!(bench.read(0xE0), 3 << 16, "APPROACH_PAD0_CNT");
    assert_eq!(bench.read(0xA8) & 0x3F_FFFF, 25_000, "the other channel has a benchmark");
}

/// ESP-IDF `hal/touch_sensor_ll.h`: TOUCH_SHIELD_PAD_EN (bit 9) makes T14 the shield.
#[test]
fn the_shield_is_not_measured() {
    let mut bench = touch_bench();
    bench.write_rtc(0x110, (1 << 2 | 1 << 14) << 10 | 1 << 9);
    bench.write_rtc(CTRL2, TIMER_MODE);
    bench.run_for(20_000);
    assert_eq!((bench.read(0xA8) & 0x3F_FFFF, bench.read(0xD8) & 0x3F_FFFF), (25_000, 0));
}

/// TOUCH_SLP_APPROACH_EN (bit 26): three readings of 1 pF more are beyond a threshold that one is not.
#[test]
fn in_deep_sleep_readings_add_up_as_well() {
    for approach in [false, true] {
        let mut bench = touch_bench();
        bench.write_rtc(0x114, 5 << 27 | u32::from(approach) << 26 | 5000);
        bench.write_rtc(0x118, 3 << 24);
        bench.write_rtc(0x11C, 0);
        bench.write_rtc(CTRL2, TIMER_MODE);
        bench.run_for(10_000);
        bench.write_rtc(0x3C, 1 << (15 + 8));
        bench.write_rtc(0x90, 1 << 31);
        bench.write_rtc(0x18, 1 << 31);
        bench.fabric.femtofarads[5] = 11_000;
        bench.run_for(30_000);
        assert_eq!(bench.rtc.is_asleep(), !approach);
    }
}
