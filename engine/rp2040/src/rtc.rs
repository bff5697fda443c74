//! RTC: real-time clock. RP2040 datasheet, section 4.8.
//!
//! A second is CLKDIV_M1 + 1 cycles of clk_rtc. Date and time are brought up to now when somebody looks.
//!
//! # Fidelity
//! - Exact: calendar with its leap years, seconds by clk_rtc, alarm on any fields, latch of the date.
//! - Enables take effect at once; on silicon they cross into clk_rtc first, which firmware waits for in RTC_ACTIVE and
//!   MATCH_ACTIVE.
//! - A time that is no date (4.8.1) counts on by the same rules; silicon does what it does.

use crate::block::{undeclared, Block};
use crate::fabric::{Fabric, Irq, Slot};
use engine_core::registers::{Bank, Group, Registers, Write};
use serde::{Deserialize, Serialize};

engine_core::registers! {
    /// 4.8.6.
    pub Reg;
    CLKDIV_M1 0x00 = 0x0000_0000 { CLKDIV_M1 15:0 rw; }
    SETUP_0 0x04 = 0x0000_0000 { YEAR 23:12 rw; MONTH 11:8 rw; DAY 4:0 rw; }
    SETUP_1 0x08 = 0x0000_0000 { DOTW 26:24 rw; HOUR 20:16 rw; MIN 13:8 rw; SEC 5:0 rw; }
    CTRL 0x0C = 0x0000_0000 { FORCE_NOTLEAPYEAR 8 rw; LOAD 4 wo; RTC_ACTIVE 1 ro; RTC_ENABLE 0 rw; }
    IRQ_SETUP_0 0x10 = 0x0000_0000 {
        MATCH_ACTIVE 29 ro; MATCH_ENA 28 rw; YEAR_ENA 26 rw; MONTH_ENA 25 rw; DAY_ENA 24 rw; YEAR 23:12 rw;
        MONTH 11:8 rw; DAY 4:0 rw;
    }
    IRQ_SETUP_1 0x14 = 0x0000_0000 {
        DOTW_ENA 31 rw; HOUR_ENA 30 rw; MIN_ENA 29 rw; SEC_ENA 28 rw; DOTW 26:24 rw; HOUR 20:16 rw; MIN 13:8 rw;
        SEC 5:0 rw;
    }
    RTC_1 0x18 = 0x0000_0000 { YEAR 23:12 ro; MONTH 11:8 ro; DAY 4:0 ro; }
    RTC_0 0x1C = 0x0000_0000 { DOTW 26:24 ro; HOUR 20:16 ro; MIN 13:8 ro; SEC 5:0 ro; }
    INTR 0x20 = 0x0000_0000 { RTC 0 ro; }
    INTE 0x24 = 0x0000_0000 { RTC 0 rw; }
    INTF 0x28 = 0x0000_0000 { RTC 0 rw; }
    INTS 0x2C = 0x0000_0000 { RTC 0 ro; }
}

const DAY: u32 = 86_400;
/// The year is a field of 12 bits.
const YEARS: u32 = 4096;

/// Date and time as the counters hold them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Moment {
    year: u32,
    month: u32,
    day: u32,
    dotw: u32,
    hour: u32,
    min: u32,
    sec: u32,
}

impl Moment {
    /// From SETUP_0 and SETUP_1. Nothing checks that it is a date (4.8.1).
    fn from_setup(date: u32, time: u32) -> Self {
        Self {
            year: SETUP_0::YEAR.get(date),
            month: SETUP_0::MONTH.get(date),
            day: SETUP_0::DAY.get(date),
            dotw: SETUP_1::DOTW.get(time),
            hour: SETUP_1::HOUR.get(time),
            min: SETUP_1::MIN.get(time),
            sec: SETUP_1::SEC.get(time),
        }
    }

    fn rtc_1(&self) -> u32 {
        RTC_1::YEAR.put(RTC_1::MONTH.put(self.day, self.month), self.year)
    }

    fn rtc_0(&self) -> u32 {
        let date = RTC_0::DOTW.put(0, self.dotw);
        RTC_0::HOUR.put(RTC_0::MIN.put(date | self.sec, self.min), self.hour)
    }

    /// Days in its month. Every year that 4 divides is a leap year unless FORCE_NOTLEAPYEAR says otherwise (4.8.3).
    fn month_length(&self, force_notleapyear: bool) -> u32 {
        match self.month {
            2 if self.year % 4 == 0 && !force_notleapyear => 29,
            2 => 28,
            4 | 6 | 9 | 11 => 30,
            _ => 31,
        }
    }

    fn next_second(&mut self, force_notleapyear: bool) {
        self.sec += 1;
        if self.sec < 60 {
            return;
        }
        self.sec = 0;
        self.min += 1;
        if self.min < 60 {
            return;
        }
        self.min = 0;
        self.hour += 1;
        if self.hour < 24 {
            return;
        }
        self.hour = 0;
        self.dotw = (self.dotw + 1) % 7;
        self.day += 1;
        if self.day <= self.month_length(force_notleapyear) {
            return;
        }
        self.day = 1;
        self.month += 1;
        if self.month > 12 {
            self.month = 1;
            self.year = (self.year + 1) % YEARS;
        }
    }

    /// Seconds until its next midnight, at least one.
    fn until_midnight(&self) -> u32 {
        DAY.saturating_sub(self.hour * 3600 + self.min * 60 + self.sec).max(1)
    }
}

/// The state of the block.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Rtc {
    regs: Bank<Reg>,
    moment: Moment,
    /// The cycle of clk_rtc at which the present second began.
    from: u64,
}

impl Rtc {
    /// The block after reset.
    #[allow(clippy::new_without_default)]
    pub fn new() -> Self {
        Self { regs: Bank::new(), moment: Moment::default(), from: 0 }
    }

    fn is_enabled(&self) -> bool {
        CTRL::RTC_ENABLE.is_set(self.regs.get(Reg::CTRL))
    }

    fn second(&self) -> u64 {
        u64::from(self.regs.field(Reg::CLKDIV_M1, CLKDIV_M1::CLKDIV_M1)) + 1
    }

    /// Date, time and the start of the second at the present.
    fn present(&self, fabric: &Fabric) -> (Moment, u64) {
        let (mut moment, mut from) = (self.moment, self.from);
        if self.is_enabled() {
            let force = CTRL::FORCE_NOTLEAPYEAR.is_set(self.regs.get(Reg::CTRL));
            let cycle = fabric.tree.rtc_cycles.count(fabric.now());
            while from + self.second() <= cycle {
                from += self.second();
                moment.next_second(force);
            }
        }
        (moment, from)
    }

    fn catch_up(&mut self, fabric: &Fabric) {
        (self.moment, self.from) = self.present(fabric);
    }

    /// 4.8.4: all enabled date fields are equal.
    fn date_matches(&self, moment: &Moment) -> bool {
        let (date, time) = (self.regs.get(Reg::IRQ_SETUP_0), self.regs.get(Reg::IRQ_SETUP_1));
        (!IRQ_SETUP_0::YEAR_ENA.is_set(date) || IRQ_SETUP_0::YEAR.get(date) == moment.year)
            && (!IRQ_SETUP_0::MONTH_ENA.is_set(date) || IRQ_SETUP_0::MONTH.get(date) == moment.month)
            && (!IRQ_SETUP_0::DAY_ENA.is_set(date) || IRQ_SETUP_0::DAY.get(date) == moment.day)
            && (!IRQ_SETUP_1::DOTW_ENA.is_set(time) || IRQ_SETUP_1::DOTW.get(time) == moment.dotw)
    }

    fn time_matches(&self, moment: &Moment) -> bool {
        let time = self.regs.get(Reg::IRQ_SETUP_1);
        (!IRQ_SETUP_1::HOUR_ENA.is_set(time) || IRQ_SETUP_1::HOUR.get(time) == moment.hour)
            && (!IRQ_SETUP_1::MIN_ENA.is_set(time) || IRQ_SETUP_1::MIN.get(time) == moment.min)
            && (!IRQ_SETUP_1::SEC_ENA.is_set(time) || IRQ_SETUP_1::SEC.get(time) == moment.sec)
    }

    /// The interrupt is a level: it stays as long as the fields are equal and MATCH_ENA is set.
    fn matches(&self, moment: &Moment) -> bool {
        IRQ_SETUP_0::MATCH_ENA.is_set(self.regs.get(Reg::IRQ_SETUP_0))
            && self.date_matches(moment)
            && self.time_matches(moment)
    }

    /// Seconds until the match may begin or end; midnight at the latest, where the date is looked at again.
    fn next_change(&self) -> u32 {
        let now = self.matches(&self.moment);
        if !now && !self.date_matches(&self.moment) {
            return self.moment.until_midnight();
        }
        let mut moment = self.moment;
        for seconds in 1..self.moment.until_midnight() {
            moment.next_second(false);
            if self.matches(&moment) != now {
                return seconds;
            }
        }
        self.moment.until_midnight()
    }

    fn interrupts(&self) -> u32 {
        (u32::from(self.matches(&self.moment)) & self.regs.get(Reg::INTE)) | self.regs.get(Reg::INTF)
    }

    /// The interrupt line is right for now, and the next change of it is announced.
    fn settle(&mut self, fabric: &mut Fabric) {
        let level = self.interrupts() != 0;
        fabric.set_irq(Irq::RTC, level);
        let waits = self.is_enabled()
            && IRQ_SETUP_0::MATCH_ENA.is_set(self.regs.get(Reg::IRQ_SETUP_0))
            && self.regs.get(Reg::INTE) != 0;
        let due = if waits {
            fabric.tree.rtc_cycles.when(self.from + u64::from(self.next_change()) * self.second())
        } else {
            u64::MAX
        };
        fabric.at(Slot::Rtc, due);
    }

    fn write_ctrl(&mut self, was_enabled: bool, load: bool, fabric: &Fabric) {
        if load {
            self.moment = Moment::from_setup(self.regs.get(Reg::SETUP_0), self.regs.get(Reg::SETUP_1));
        }
        if load || (self.is_enabled() && !was_enabled) {
            self.from = fabric.tree.rtc_cycles.count(fabric.now());
        }
    }
}

impl Block for Rtc {
    const GROUPS: &'static [Group] = &[Group::one("RTC", Reg::TABLE)];

    fn read(&mut self, offset: u32, fabric: &mut Fabric) -> u32 {
        match Reg::at(offset) {
            // 4.8.5: reading the time latches the date.
            Some(Reg::RTC_0) => {
                self.catch_up(fabric);
                self.regs.set(Reg::RTC_1, self.moment.rtc_1());
                self.moment.rtc_0()
            }
            Some(_) => self.peek(offset, fabric),
            None => undeclared("RTC", offset, fabric),
        }
    }

    fn peek(&mut self, offset: u32, fabric: &mut Fabric) -> u32 {
        let Some(register) = Reg::at(offset) else { return 0 };
        let (moment, _) = self.present(fabric);
        let runs = fabric.rates.rtc.is_running();
        let value = self.regs.load(register);
        match register {
            Reg::RTC_0 => moment.rtc_0(),
            Reg::CTRL => CTRL::RTC_ACTIVE.put(value, (self.is_enabled() && runs).into()),
            Reg::IRQ_SETUP_0 => {
                let active = IRQ_SETUP_0::MATCH_ENA.is_set(value) && runs;
                IRQ_SETUP_0::MATCH_ACTIVE.put(value, active.into())
            }
            Reg::INTR => self.matches(&moment).into(),
            Reg::INTS => (u32::from(self.matches(&moment)) & self.regs.get(Reg::INTE)) | self.regs.get(Reg::INTF),
            _ => value,
        }
    }

    fn write(&mut self, offset: u32, write: Write, fabric: &mut Fabric) {
        let Some(register) = Reg::at(offset) else {
            undeclared("RTC", offset, fabric);
            return;
        };
        self.catch_up(fabric);
        let was_enabled = self.is_enabled();
        self.regs.store(register, write, "RTC", &mut fabric.gaps);
        if register == Reg::CTRL {
            self.write_ctrl(was_enabled, CTRL::LOAD.is_set(write.value), fabric);
        }
        self.settle(fabric);
    }

    fn event(&mut self, _slot: Slot, fabric: &mut Fabric) {
        self.catch_up(fabric);
        self.settle(fabric);
    }

    fn reset(&mut self, fabric: &mut Fabric) {
        *self = Self::new();
        self.settle(fabric);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clocks::tree::{Generator, Source};
    use crate::xosc::CRYSTAL;
    use engine_core::time::{Hertz, Ps, SECOND};

    const CLKDIV_M1: u32 = 0x00;
    const SETUP_0: u32 = 0x04;
    const SETUP_1: u32 = 0x08;
    const CTRL: u32 = 0x0C;
    const IRQ_SETUP_0: u32 = 0x10;
    const IRQ_SETUP_1: u32 = 0x14;
    const RTC_1: u32 = 0x18;
    const RTC_0: u32 = 0x1C;
    const INTE: u32 = 0x24;

    /// clk_rtc = 12 MHz / 256 = 46875 Hz, as the SDK has it; clk_sys at 1 kHz so that years fit.
    fn parts() -> (Rtc, Fabric) {
        let mut fabric = Fabric::new(Hertz::new(1000));
        fabric.tree.xosc = CRYSTAL;
        let generator = &mut fabric.tree.generators[Generator::Rtc as usize];
        (generator.from, generator.divisor, generator.on) = (Source::Xosc, 256 * 256, true);
        fabric.settle_clocks();
        let mut rtc = Rtc::new();
        rtc.write(CLKDIV_M1, Write::word(46_874), &mut fabric);
        (rtc, fabric)
    }

    fn set(rtc: &mut Rtc, fabric: &mut Fabric, date: [u32; 4], time: [u32; 3]) {
        rtc.write(SETUP_0, Write::word(date[0] << 12 | date[1] << 8 | date[2]), fabric);
        rtc.write(SETUP_1, Write::word(date[3] << 24 | time[0] << 16 | time[1] << 8 | time[2]), fabric);
        rtc.write(CTRL, Write::word(1 << 4), fabric);
        rtc.write(CTRL, Write::word(1), fabric);
    }

    fn get(rtc: &mut Rtc, fabric: &mut Fabric) -> ([u32; 4], [u32; 3]) {
        let time = rtc.read(RTC_0, fabric);
        let date = rtc.read(RTC_1, fabric);
        ([date >> 12, date >> 8 & 15, date & 31, time >> 24], [time >> 16 & 31, time >> 8 & 63, time & 63])
    }

    fn pass(fabric: &mut Fabric, time: Ps) {
        fabric.cycle += time / (SECOND / 1000);
    }

    /// 4.8.3: a second is CLKDIV_M1 + 1 cycles; CTRL.RTC_ACTIVE is bit 1.
    #[test]
    fn seconds_pass() {
        let (mut rtc, mut fabric) = parts();
        set(&mut rtc, &mut fabric, [2024, 1, 1, 1], [23, 59, 58]);
        assert_eq!(rtc.read(CTRL, &mut fabric), 0b11);
        pass(&mut fabric, SECOND * 1999 / 1000);
        assert_eq!(get(&mut rtc, &mut fabric), ([2024, 1, 1, 1], [23, 59, 59]));
        pass(&mut fabric, SECOND / 1000);
        assert_eq!(get(&mut rtc, &mut fabric), ([2024, 1, 2, 2], [0, 0, 0]));
    }

    /// 4.8.3: a year that 4 divides has 29 days in February, 2100 too, unless FORCE_NOTLEAPYEAR (bit 8) is set.
    #[test]
    fn leap_years() {
        for (year, ctrl, after) in [(2024, 1, [2, 29]), (2023, 1, [3, 1]), (2100, 1, [2, 29]), (2100, 0x101, [3, 1])] {
            let (mut rtc, mut fabric) = parts();
            set(&mut rtc, &mut fabric, [year, 2, 28, 6], [23, 59, 59]);
            rtc.write(CTRL, Write::word(ctrl), &mut fabric);
            pass(&mut fabric, SECOND);
            assert_eq!(get(&mut rtc, &mut fabric).0, [year, after[0], after[1], 0]);
        }
    }

    /// 4.8.1: years run from 0 to 4095.
    #[test]
    fn the_last_year_is_4095() {
        let (mut rtc, mut fabric) = parts();
        set(&mut rtc, &mut fabric, [4095, 12, 31, 0], [23, 59, 59]);
        pass(&mut fabric, SECOND);
        assert_eq!(get(&mut rtc, &mut fabric), ([0, 1, 1, 1], [0, 0, 0]));
    }

    /// 4.8.5: the date stays as it was when the time was read.
    #[test]
    fn reading_the_time_latches_the_date() {
        let (mut rtc, mut fabric) = parts();
        set(&mut rtc, &mut fabric, [2024, 12, 31, 2], [23, 59, 59]);
        rtc.read(RTC_0, &mut fabric);
        pass(&mut fabric, SECOND);
        assert_eq!(rtc.read(RTC_1, &mut fabric), 2024 << 12 | 12 << 8 | 31);
        rtc.read(RTC_0, &mut fabric);
        assert_eq!(rtc.read(RTC_1, &mut fabric), 2025 << 12 | 1 << 8 | 1);
    }

    fn run_to_next_event(rtc: &mut Rtc, fabric: &mut Fabric) -> Ps {
        let due = fabric.events.due(Slot::Rtc as usize);
        fabric.cycle = fabric.clock.first_cycle_from(due);
        rtc.event(Slot::Rtc, fabric);
        due
    }

    /// 4.8.4: IRQ_SETUP fields that are enabled are compared; MATCH_ENA is bit 28. The level lasts while they are equal.
    #[test]
    fn an_alarm_on_a_day_of_the_month() {
        let (mut rtc, mut fabric) = parts();
        set(&mut rtc, &mut fabric, [2024, 1, 1, 1], [12, 0, 0]);
        rtc.write(INTE, Write::word(1), &mut fabric);
        rtc.write(IRQ_SETUP_1, Write::word(7 << 28 | 6 << 16 | 30 << 8 | 15), &mut fabric);
        rtc.write(IRQ_SETUP_0, Write::word(1 << 24 | 3), &mut fabric);
        rtc.write(IRQ_SETUP_0, Write::word(1 << 28 | 1 << 24 | 3), &mut fabric);
        assert_eq!(rtc.read(IRQ_SETUP_0, &mut fabric) >> 28, 0b11);
        let mut events = 0;
        while fabric.irq[0] == 0 {
            run_to_next_event(&mut rtc, &mut fabric);
            events += 1;
        }
        assert_eq!(get(&mut rtc, &mut fabric), ([2024, 1, 3, 3], [6, 30, 15]));
        assert_eq!((fabric.irq[0], events), (1 << 25, 3));
        run_to_next_event(&mut rtc, &mut fabric);
        assert_eq!((fabric.irq[0], get(&mut rtc, &mut fabric).1), (0, [6, 30, 16]));
    }

    /// 4.8.4: the handler clears MATCH_ENA, which takes the interrupt away.
    #[test]
    fn a_disabled_match_is_no_interrupt() {
        let (mut rtc, mut fabric) = parts();
        set(&mut rtc, &mut fabric, [2024, 1, 1, 1], [12, 0, 0]);
        rtc.write(INTE, Write::word(1), &mut fabric);
        rtc.write(IRQ_SETUP_1, Write::word(1 << 28 | 5), &mut fabric);
        rtc.write(IRQ_SETUP_0, Write::word(1 << 28), &mut fabric);
        assert_eq!(run_to_next_event(&mut rtc, &mut fabric), 5 * SECOND);
        assert_eq!(fabric.irq[0], 1 << 25);
        rtc.write(IRQ_SETUP_0, Write::word(0), &mut fabric);
        assert_eq!(fabric.irq[0], 0);
    }
}
