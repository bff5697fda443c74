//! SYSTIMER: two counters of 52 bits at 16 MHz and three comparators. ESP32-S3 TRM chapter 11.
//!
//! # Fidelity
//! - Counters and alarms: exact; they stand still while the crystal sleeps.
//! - The STALL_EN bits have no effect: virtual time stands still while a debugger looks.

use crate::block::{undeclared, Block};
use crate::fabric::Fabric;
use crate::slots::Slot;
use crate::sources::Source;
use crate::ticker::Ticker;
use engine_core::registers::{Bank, Field, Group, Registers, Write};
use engine_core::time::{Hertz, Ps};
use serde::{Deserialize, Serialize};

engine_core::registers! {
    /// TRM 11.6.
    pub Reg;
    CONF 0x000 = 0x4600_0000 {
        CLK_EN 31 rw; TIMER_UNIT0_WORK_EN 30 rw; TIMER_UNIT1_WORK_EN 29 rw; TIMER_UNIT0_CORE0_STALL_EN 28 rw;
        TIMER_UNIT0_CORE1_STALL_EN 27 rw; TIMER_UNIT1_CORE0_STALL_EN 26 rw; TIMER_UNIT1_CORE1_STALL_EN 25 rw;
        TARGET0_WORK_EN 24 rw; TARGET1_WORK_EN 23 rw; TARGET2_WORK_EN 22 rw; SYSTIMER_CLK_FO 0 rw;
    }
    UNIT0_OP 0x004 = 0x0000_0000 { TIMER_UNIT0_UPDATE 30 wo; TIMER_UNIT0_VALUE_VALID 29 ro; }
    UNIT1_OP 0x008 = 0x0000_0000 { TIMER_UNIT1_UPDATE 30 wo; TIMER_UNIT1_VALUE_VALID 29 ro; }
    UNIT0_LOAD_HI 0x00C = 0x0000_0000 { TIMER_UNIT0_LOAD_HI 19:0 rw; }
    UNIT0_LOAD_LO 0x010 = 0x0000_0000 { TIMER_UNIT0_LOAD_LO 31:0 rw; }
    UNIT1_LOAD_HI 0x014 = 0x0000_0000 { TIMER_UNIT1_LOAD_HI 19:0 rw; }
    UNIT1_LOAD_LO 0x018 = 0x0000_0000 { TIMER_UNIT1_LOAD_LO 31:0 rw; }
    TARGET0_HI 0x01C = 0x0000_0000 { TIMER_TARGET0_HI 19:0 rw; }
    TARGET0_LO 0x020 = 0x0000_0000 { TIMER_TARGET0_LO 31:0 rw; }
    TARGET1_HI 0x024 = 0x0000_0000 { TIMER_TARGET1_HI 19:0 rw; }
    TARGET1_LO 0x028 = 0x0000_0000 { TIMER_TARGET1_LO 31:0 rw; }
    TARGET2_HI 0x02C = 0x0000_0000 { TIMER_TARGET2_HI 19:0 rw; }
    TARGET2_LO 0x030 = 0x0000_0000 { TIMER_TARGET2_LO 31:0 rw; }
    TARGET0_CONF 0x034 = 0x0000_0000 {
        TARGET0_TIMER_UNIT_SEL 31 rw; TARGET0_PERIOD_MODE 30 rw; TARGET0_PERIOD 25:0 rw;
    }
    TARGET1_CONF 0x038 = 0x0000_0000 {
        TARGET1_TIMER_UNIT_SEL 31 rw; TARGET1_PERIOD_MODE 30 rw; TARGET1_PERIOD 25:0 rw;
    }
    TARGET2_CONF 0x03C = 0x0000_0000 {
        TARGET2_TIMER_UNIT_SEL 31 rw; TARGET2_PERIOD_MODE 30 rw; TARGET2_PERIOD 25:0 rw;
    }
    UNIT0_VALUE_HI 0x040 = 0x0000_0000 { TIMER_UNIT0_VALUE_HI 19:0 ro; }
    UNIT0_VALUE_LO 0x044 = 0x0000_0000 { TIMER_UNIT0_VALUE_LO 31:0 ro; }
    UNIT1_VALUE_HI 0x048 = 0x0000_0000 { TIMER_UNIT1_VALUE_HI 19:0 ro; }
    UNIT1_VALUE_LO 0x04C = 0x0000_0000 { TIMER_UNIT1_VALUE_LO 31:0 ro; }
    COMP0_LOAD 0x050 = 0x0000_0000 { TIMER_COMP0_LOAD 0 wo; }
    COMP1_LOAD 0x054 = 0x0000_0000 { TIMER_COMP1_LOAD 0 wo; }
    COMP2_LOAD 0x058 = 0x0000_0000 { TIMER_COMP2_LOAD 0 wo; }
    UNIT0_LOAD 0x05C = 0x0000_0000 { TIMER_UNIT0_LOAD 0 wo; }
    UNIT1_LOAD 0x060 = 0x0000_0000 { TIMER_UNIT1_LOAD 0 wo; }
    INT_ENA 0x064 = 0x0000_0000 { TARGET2_INT_ENA 2 rw; TARGET1_INT_ENA 1 rw; TARGET0_INT_ENA 0 rw; }
    INT_RAW 0x068 = 0x0000_0000 { TARGET2_INT_RAW 2 rw; TARGET1_INT_RAW 1 rw; TARGET0_INT_RAW 0 rw; }
    INT_CLR 0x06C = 0x0000_0000 { TARGET2_INT_CLR 2 wo; TARGET1_INT_CLR 1 wo; TARGET0_INT_CLR 0 wo; }
    INT_ST 0x070 = 0x0000_0000 { TARGET2_INT_ST 2 ro; TARGET1_INT_ST 1 ro; TARGET0_INT_ST 0 ro; }
    REAL_TARGET0_LO 0x074 = 0x0000_0000 { TARGET0_LO_RO 31:0 ro; }
    REAL_TARGET0_HI 0x078 = 0x0000_0000 { TARGET0_HI_RO 19:0 ro; }
    REAL_TARGET1_LO 0x07C = 0x0000_0000 { TARGET1_LO_RO 31:0 ro; }
    REAL_TARGET1_HI 0x080 = 0x0000_0000 { TARGET1_HI_RO 19:0 ro; }
    REAL_TARGET2_LO 0x084 = 0x0000_0000 { TARGET2_LO_RO 31:0 ro; }
    REAL_TARGET2_HI 0x088 = 0x0000_0000 { TARGET2_HI_RO 19:0 ro; }
    DATE 0x0FC = 0x0201_2251 { DATE 31:0 rw; }
}

const UNITS: usize = 2;
const TARGETS: usize = 3;
const MASK: u64 = (1 << 52) - 1;
const SLOTS: [Slot; TARGETS] = [Slot::Systimer0, Slot::Systimer1, Slot::Systimer2];
const SOURCES: [Source; TARGETS] = [Source::SYSTIMER_TARGET0, Source::SYSTIMER_TARGET1, Source::SYSTIMER_TARGET2];

const UNIT_ON: [Field; UNITS] = [CONF::TIMER_UNIT0_WORK_EN, CONF::TIMER_UNIT1_WORK_EN];
const OP: [Reg; UNITS] = [Reg::UNIT0_OP, Reg::UNIT1_OP];
const LOAD: [(Reg, Reg); UNITS] = [(Reg::UNIT0_LOAD_LO, Reg::UNIT0_LOAD_HI), (Reg::UNIT1_LOAD_LO, Reg::UNIT1_LOAD_HI)];
const VALUE: [(Reg, Reg); UNITS] =
    [(Reg::UNIT0_VALUE_LO, Reg::UNIT0_VALUE_HI), (Reg::UNIT1_VALUE_LO, Reg::UNIT1_VALUE_HI)];

const TARGET_ON: [Field; TARGETS] = [CONF::TARGET0_WORK_EN, CONF::TARGET1_WORK_EN, CONF::TARGET2_WORK_EN];
const TARGET: [(Reg, Reg); TARGETS] =
    [(Reg::TARGET0_LO, Reg::TARGET0_HI), (Reg::TARGET1_LO, Reg::TARGET1_HI), (Reg::TARGET2_LO, Reg::TARGET2_HI)];
const TARGET_CONF: [Reg; TARGETS] = [Reg::TARGET0_CONF, Reg::TARGET1_CONF, Reg::TARGET2_CONF];
/// The fields of TARGETn_CONF are alike.
use TARGET0_CONF::{TARGET0_PERIOD as PERIOD, TARGET0_PERIOD_MODE as PERIOD_MODE, TARGET0_TIMER_UNIT_SEL as UNIT_SEL};

/// A comparator.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
struct Comparator {
    /// What COMPn_LOAD took over from TARGETn, or the end of the present period.
    target: u64,
    /// The period that COMPn_LOAD took over.
    period: u64,
    /// A one-shot alarm goes off once for each COMPn_LOAD or change of CONF.
    armed: bool,
}

/// The block.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Systimer {
    regs: Bank<Reg>,
    units: [Ticker; UNITS],
    comparators: [Comparator; TARGETS],
}

impl Systimer {
    /// The block after reset.
    #[allow(clippy::new_without_default)]
    pub fn new() -> Self {
        let comparator = Comparator { target: 0, period: 0, armed: false };
        Self { regs: Bank::new(), units: [Ticker::stopped(); UNITS], comparators: [comparator; TARGETS] }
    }

    fn pair(&self, (low, high): (Reg, Reg)) -> u64 {
        u64::from(self.regs.get(high)) << 32 | u64::from(self.regs.get(low))
    }

    fn set_pair(&mut self, (low, high): (Reg, Reg), value: u64) {
        self.regs.set(low, value as u32);
        self.regs.set(high, (value >> 32) as u32);
    }

    /// The counter of a unit.
    pub fn value(&self, unit: usize, now: Ps) -> u64 {
        self.units[unit].count(now) & MASK
    }

    fn unit_of(&self, n: usize) -> usize {
        UNIT_SEL.get(self.regs.get(TARGET_CONF[n])) as usize
    }

    fn is_periodic(&self, n: usize) -> bool {
        PERIOD_MODE.is_set(self.regs.get(TARGET_CONF[n]))
    }

    fn is_on(&self, n: usize) -> bool {
        TARGET_ON[n].is_set(self.regs.get(Reg::CONF))
    }

    /// TRM 11.4.1: CNT_CLK is XTAL_CLK divided by 2.5, on average.
    fn drive_units(&mut self, fabric: &Fabric) {
        let conf = self.regs.get(Reg::CONF);
        for (unit, on) in self.units.iter_mut().zip(UNIT_ON) {
            let rate = if on.is_set(conf) { fabric.rates.xtal.scaled(2, 5) } else { Hertz::STOPPED };
            unit.set_rate(rate, fabric.now());
        }
    }

    /// TARGETn_CONF: a period begins when PERIOD_MODE rises, TRM 11.5.4.
    fn configure(&mut self, n: usize, before: u32, fabric: &mut Fabric) {
        if PERIOD_MODE.is_set(self.regs.get(TARGET_CONF[n]) & !before) {
            self.load(n, fabric);
        } else {
            self.settle(n, fabric);
        }
    }

    /// COMPn_LOAD: the comparator takes over target and period; a period begins now.
    fn load(&mut self, n: usize, fabric: &mut Fabric) {
        let period = u64::from(PERIOD.get(self.regs.get(TARGET_CONF[n])));
        let target = if self.is_periodic(n) {
            self.value(self.unit_of(n), fabric.now()).wrapping_add(period) & MASK
        } else {
            self.pair(TARGET[n])
        };
        self.comparators[n] = Comparator { target, period, armed: true };
        self.settle(n, fabric);
    }

    /// Raises the alarm of a comparator that is due, and says when the next one is. TRM 11.4.3: an alarm that lies back by
    /// less than half the counter's range goes off at once.
    fn settle(&mut self, n: usize, fabric: &mut Fabric) {
        let now = fabric.now();
        let unit = self.unit_of(n);
        let periodic = self.is_periodic(n);
        let comparator = self.comparators[n];
        if !self.is_on(n) || !comparator.armed || (periodic && comparator.period == 0) {
            fabric.cancel(SLOTS[n]);
            return;
        }
        let value = self.value(unit, now);
        let behind = value.wrapping_sub(comparator.target) & MASK;
        let mut ahead = comparator.target.wrapping_sub(value) & MASK;
        if behind <= MASK / 2 {
            self.regs.set(Reg::INT_RAW, self.regs.get(Reg::INT_RAW) | 1 << n);
            self.update_irq(fabric);
            if !periodic {
                self.comparators[n].armed = false;
                fabric.cancel(SLOTS[n]);
                return;
            }
            let periods = behind / comparator.period + 1;
            let next = comparator.target.wrapping_add(periods * comparator.period) & MASK;
            self.comparators[n].target = next;
            ahead = next.wrapping_sub(value) & MASK;
        }
        let at = self.units[unit].when(self.units[unit].count(now).saturating_add(ahead));
        fabric.at(SLOTS[n], at);
    }

    fn settle_all(&mut self, fabric: &mut Fabric) {
        for n in 0..TARGETS {
            self.settle(n, fabric);
        }
    }

    fn write_conf(&mut self, before: u32, fabric: &mut Fabric) {
        self.drive_units(fabric);
        for (n, on) in TARGET_ON.into_iter().enumerate() {
            self.comparators[n].armed |= on.is_set(self.regs.get(Reg::CONF) & !before);
        }
        self.settle_all(fabric);
    }

    fn interrupts(&self) -> u32 {
        self.regs.get(Reg::INT_RAW) & self.regs.get(Reg::INT_ENA)
    }

    fn update_irq(&self, fabric: &mut Fabric) {
        let status = self.interrupts();
        for (n, source) in SOURCES.into_iter().enumerate() {
            fabric.set_irq(source, status >> n & 1 != 0);
        }
    }

    /// UNITn_OP: UPDATE latches the counter; VALUE_VALID stays, because the latch is ready at once.
    fn latch(&mut self, unit: usize, fabric: &Fabric) {
        self.set_pair(VALUE[unit], self.value(unit, fabric.now()));
        self.regs.set(OP[unit], UNIT0_OP::TIMER_UNIT0_VALUE_VALID.mask);
    }

    fn load_unit(&mut self, unit: usize, fabric: &mut Fabric) {
        let value = self.pair(LOAD[unit]);
        self.units[unit].set_count(value, fabric.now());
        self.settle_all(fabric);
    }
}

impl Block for Systimer {
    const GROUPS: &'static [Group] = &[Group::one("SYSTIMER", Reg::TABLE)];

    fn read(&mut self, offset: u32, fabric: &mut Fabric) -> u32 {
        if Reg::at(offset).is_none() {
            undeclared("SYSTIMER", offset, fabric);
        }
        self.peek(offset, fabric)
    }

    fn stays(&self, offset: u32) -> bool {
        Reg::at(offset).is_some()
    }

    fn peek(&mut self, offset: u32, _fabric: &mut Fabric) -> u32 {
        match Reg::at(offset) {
            Some(Reg::INT_ST) => self.interrupts(),
            Some(Reg::REAL_TARGET0_LO | Reg::REAL_TARGET1_LO | Reg::REAL_TARGET2_LO) => {
                self.comparators[(offset as usize - 0x74) / 8].target as u32
            }
            Some(Reg::REAL_TARGET0_HI | Reg::REAL_TARGET1_HI | Reg::REAL_TARGET2_HI) => {
                (self.comparators[(offset as usize - 0x78) / 8].target >> 32) as u32
            }
            Some(register) => self.regs.load(register),
            None => 0,
        }
    }

    fn write(&mut self, offset: u32, write: Write, fabric: &mut Fabric) {
        let Some(register) = Reg::at(offset) else {
            undeclared("SYSTIMER", offset, fabric);
            return;
        };
        let before = self.regs.get(register);
        self.regs.store(register, write, "SYSTIMER", &mut fabric.gaps);
        match register {
            Reg::CONF => self.write_conf(before, fabric),
            Reg::UNIT0_OP if UNIT0_OP::TIMER_UNIT0_UPDATE.is_set(write.raw) => self.latch(0, fabric),
            Reg::UNIT1_OP if UNIT1_OP::TIMER_UNIT1_UPDATE.is_set(write.raw) => self.latch(1, fabric),
            Reg::TARGET0_CONF => self.configure(0, before, fabric),
            Reg::TARGET1_CONF => self.configure(1, before, fabric),
            Reg::TARGET2_CONF => self.configure(2, before, fabric),
            Reg::COMP0_LOAD => self.load(0, fabric),
            Reg::COMP1_LOAD => self.load(1, fabric),
            Reg::COMP2_LOAD => self.load(2, fabric),
            Reg::UNIT0_LOAD => self.load_unit(0, fabric),
            Reg::UNIT1_LOAD => self.load_unit(1, fabric),
            Reg::INT_CLR => {
                self.regs.set(Reg::INT_RAW, self.regs.get(Reg::INT_RAW) & !write.raw);
                self.update_irq(fabric);
            }
            Reg::INT_ENA | Reg::INT_RAW => self.update_irq(fabric),
            _ => {}
        }
    }

    fn event(&mut self, slot: Slot, fabric: &mut Fabric) {
        self.settle(slot as usize - Slot::Systimer0 as usize, fabric);
    }

    fn clocks_changed(&mut self, fabric: &mut Fabric) {
        self.drive_units(fabric);
        self.settle_all(fabric);
    }

    fn reset(&mut self, fabric: &mut Fabric) {
        *self = Self::new();
        self.clocks_changed(fabric);
        self.update_irq(fabric);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use engine_core::time::MICROSECOND;

    const CONF: u32 = 0x00;
    const UNIT0_OP: u32 = 0x04;
    const UNIT0_LOAD_LO: u32 = 0x10;
    const TARGET0_LO: u32 = 0x20;
    const TARGET0_CONF: u32 = 0x34;
    const UNIT0_VALUE_LO: u32 = 0x44;
    const COMP0_LOAD: u32 = 0x50;
    const UNIT0_LOAD: u32 = 0x5C;
    const INT_ENA: u32 = 0x64;
    const INT_RAW: u32 = 0x68;
    const INT_CLR: u32 = 0x6C;
    const TARGET0_ON: u32 = 1 << 24;

    /// CPU_CLK at 40 MHz: a count of 16 MHz is 2.5 cycles.
    fn parts() -> (Systimer, Fabric) {
        let (mut timer, mut fabric) = (Systimer::new(), Fabric::new());
        timer.reset(&mut fabric);
        (timer, fabric)
    }

    fn at_us(fabric: &mut Fabric, us: u64) {
        fabric.cycle = 40 * us;
    }

    fn store(timer: &mut Systimer, fabric: &mut Fabric, stores: &[(u32, u32)]) {
        for (offset, value) in stores {
            timer.write(*offset, Write::word(*value), fabric);
        }
    }

    fn value(timer: &mut Systimer, fabric: &mut Fabric) -> u32 {
        timer.write(UNIT0_OP, Write::word(1 << 30), fabric);
        assert_eq!(timer.read(UNIT0_OP, fabric), 1 << 29);
        timer.read(UNIT0_VALUE_LO, fabric)
    }

    /// TRM 11.4.1: 16 counts a microsecond. Unit 0 runs from reset.
    #[test]
    fn a_unit_counts_at_16_mhz() {
        let (mut timer, mut fabric) = parts();
        at_us(&mut fabric, 1000);
        assert_eq!(value(&mut timer, &mut fabric), 16_000);
        store(&mut timer, &mut fabric, &[(UNIT0_LOAD_LO, 5), (UNIT0_LOAD, 1)]);
        at_us(&mut fabric, 1001);
        assert_eq!(value(&mut timer, &mut fabric), 21);
    }

    /// TRM 11.5.3: one shot at the value of TARGET.
    #[test]
    fn a_one_shot_alarm_goes_off_once() {
        let (mut timer, mut fabric) = parts();
        let conf = timer.read(CONF, &mut fabric) | TARGET0_ON;
        store(&mut timer, &mut fabric, &[(INT_ENA, 1), (TARGET0_LO, 1600), (COMP0_LOAD, 1), (CONF, conf)]);
        assert_eq!(fabric.events.due(Slot::Systimer0 as usize), 100 * MICROSECOND);
        at_us(&mut fabric, 100);
        timer.event(Slot::Systimer0, &mut fabric);
        assert_eq!(fabric.sources(), 1 << Source::SYSTIMER_TARGET0 as u8);
        store(&mut timer, &mut fabric, &[(INT_CLR, 1)]);
        assert_eq!((fabric.sources(), fabric.events.due(Slot::Systimer0 as usize)), (0, Ps::MAX));
        // In the past: at once.
        store(&mut timer, &mut fabric, &[(TARGET0_LO, 1599), (COMP0_LOAD, 1)]);
        assert_eq!(timer.read(INT_RAW, &mut fabric), 1);
    }

    /// TRM 11.5.4: a period of 16 000 counts is a millisecond, without drift, however late the processor clears it.
    #[test]
    fn a_periodic_alarm_keeps_its_raster() {
        let (mut timer, mut fabric) = parts();
        let conf = timer.read(CONF, &mut fabric) | TARGET0_ON;
        store(&mut timer, &mut fabric, &[(TARGET0_CONF, 1 << 30 | 16_000), (COMP0_LOAD, 1), (CONF, conf)]);
        for n in 1..5 {
            assert_eq!(fabric.events.due(Slot::Systimer0 as usize), n * 1000 * MICROSECOND);
            at_us(&mut fabric, n * 1000 + if n == 3 { 7 } else { 0 });
            timer.event(Slot::Systimer0, &mut fabric);
            assert_eq!(timer.read(INT_RAW, &mut fabric), 1);
            store(&mut timer, &mut fabric, &[(INT_CLR, 1)]);
        }
    }

    /// The order of ESP-IDF's `vSystimerSetup`: the alarm is on before its mode becomes periodic, and the counter is moved on
    /// between the two processors' alarms, so that their ticks are half a period apart.
    #[test]
    fn freertos_ticks_are_half_a_period_apart() {
        let (mut timer, mut fabric) = parts();
        const UNIT1: u32 = 1 << 31;
        const PERIODIC: u32 = 1 << 30;
        const PERIOD: u32 = 16_000;
        let conf = timer.read(CONF, &mut fabric);
        for n in 0..2 {
            let on = conf | TARGET0_ON | if n == 1 { TARGET0_ON >> 1 | 1 << 29 } else { 0 };
            let target_conf = TARGET0_CONF + 4 * n;
            store(&mut timer, &mut fabric, &[(target_conf, UNIT1 | PERIOD), (COMP0_LOAD + 4 * n, 1), (CONF, on)]);
            store(&mut timer, &mut fabric, &[(target_conf, UNIT1 | PERIODIC | PERIOD)]);
            if n == 0 {
                // UNIT1 runs, and is advanced.
                store(&mut timer, &mut fabric, &[(CONF, on | 1 << 29), (0x18, PERIOD / 2), (0x60, 1)]);
            }
        }
        assert_eq!(fabric.events.due(Slot::Systimer0 as usize), 500 * MICROSECOND);
        assert_eq!(fabric.events.due(Slot::Systimer1 as usize), 1000 * MICROSECOND);
    }

    #[test]
    fn it_stands_still_while_the_crystal_does() {
        let (mut timer, mut fabric) = parts();
        at_us(&mut fabric, 10);
        fabric.rates.xtal = Hertz::STOPPED;
        timer.clocks_changed(&mut fabric);
        at_us(&mut fabric, 500);
        assert_eq!(value(&mut timer, &mut fabric), 160);
        fabric.rates.xtal = Hertz::new(40_000_000);
        timer.clocks_changed(&mut fabric);
        at_us(&mut fabric, 501);
        assert_eq!(value(&mut timer, &mut fabric), 176);
    }
}
