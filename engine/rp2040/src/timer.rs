//! TIMER. RP2040 datasheet, section 4.6.
//!
//! The 64-bit counter counts ticks of the watchdog block; nothing is stepped, an alarm is an event at its tick.
//!
//! # Fidelity
//! - Exact: the counter and its latches, four alarms, interrupts, PAUSE.
//! - DBGPAUSE is kept and holds nothing: virtual time stands still while a debugger looks.

use crate::block::{undeclared, Block};
use crate::fabric::{Fabric, Irq, Slot};
use engine_core::registers::{Bank, Group, Registers, Write};
use serde::{Deserialize, Serialize};

engine_core::registers! {
    /// 4.6.5.
    pub Reg;
    TIMEHW 0x00 = 0x0000_0000 { TIMEHW 31:0 wo; }
    TIMELW 0x04 = 0x0000_0000 { TIMELW 31:0 wo; }
    TIMEHR 0x08 = 0x0000_0000 { TIMEHR 31:0 ro; }
    TIMELR 0x0C = 0x0000_0000 { TIMELR 31:0 ro; }
    ALARM0 0x10 = 0x0000_0000 { ALARM0 31:0 rw; }
    ALARM1 0x14 = 0x0000_0000 { ALARM1 31:0 rw; }
    ALARM2 0x18 = 0x0000_0000 { ALARM2 31:0 rw; }
    ALARM3 0x1C = 0x0000_0000 { ALARM3 31:0 rw; }
    ARMED 0x20 = 0x0000_0000 { ARMED 3:0 w1c; }
    TIMERAWH 0x24 = 0x0000_0000 { TIMERAWH 31:0 ro; }
    TIMERAWL 0x28 = 0x0000_0000 { TIMERAWL 31:0 ro; }
    DBGPAUSE 0x2C = 0x0000_0007 { DBG1 2 rw; DBG0 1 rw; }
    PAUSE 0x30 = 0x0000_0000 { PAUSE 0 rw; }
    INTR 0x34 = 0x0000_0000 { ALARM_3 3 w1c; ALARM_2 2 w1c; ALARM_1 1 w1c; ALARM_0 0 w1c; }
    INTE 0x38 = 0x0000_0000 { ALARM_3 3 rw; ALARM_2 2 rw; ALARM_1 1 rw; ALARM_0 0 rw; }
    INTF 0x3C = 0x0000_0000 { ALARM_3 3 rw; ALARM_2 2 rw; ALARM_1 1 rw; ALARM_0 0 rw; }
    INTS 0x40 = 0x0000_0000 { ALARM_3 3 ro; ALARM_2 2 ro; ALARM_1 1 ro; ALARM_0 0 ro; }
}

const ALARMS: usize = 4;
const SLOTS: [Slot; ALARMS] = [Slot::Timer0, Slot::Timer1, Slot::Timer2, Slot::Timer3];
const IRQS: [Irq; ALARMS] = [Irq::TIMER_0, Irq::TIMER_1, Irq::TIMER_2, Irq::TIMER_3];
const ALARM_REGISTERS: [Reg; ALARMS] = [Reg::ALARM0, Reg::ALARM1, Reg::ALARM2, Reg::ALARM3];

/// The state of the block.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Timer {
    regs: Bank<Reg>,
    /// The counter's value when the count of ticks was `from`.
    value: u64,
    from: u64,
    /// For each armed alarm the value of the whole counter at which it fires.
    target: [Option<u64>; ALARMS],
}

impl Timer {
    /// The block after reset.
    #[allow(clippy::new_without_default)]
    pub fn new() -> Self {
        Self { regs: Bank::new(), value: 0, from: 0, target: [None; ALARMS] }
    }

    /// Held by PAUSE. DBGPAUSE never holds it: virtual time stands still while a debugger looks.
    fn is_paused(&self) -> bool {
        PAUSE::PAUSE.is_set(self.regs.get(Reg::PAUSE))
    }

    /// The counter.
    fn time(&self, fabric: &Fabric) -> u64 {
        if self.is_paused() {
            return self.value;
        }
        let ticks = fabric.tree.ticks.count(fabric.now());
        self.value.wrapping_add(ticks.wrapping_sub(self.from))
    }

    /// The counter goes on from `value`, and every armed alarm waits anew for its low 32 bits.
    fn restart(&mut self, value: u64, fabric: &mut Fabric) {
        self.value = value;
        self.from = fabric.tree.ticks.count(fabric.now());
        for n in 0..ALARMS {
            if self.target[n].is_some() {
                self.arm(n, fabric);
            }
        }
    }

    /// The alarm fires when the low 32 bits of the counter are equal to its value, up to 2^32 ticks ahead (4.6.3).
    fn arm(&mut self, n: usize, fabric: &mut Fabric) {
        let time = self.time(fabric);
        let ahead = self.regs.get(ALARM_REGISTERS[n]).wrapping_sub(time as u32);
        self.target[n] = Some(time.wrapping_add(u64::from(ahead)));
        self.check(n, fabric);
    }

    /// Fires an alarm whose tick has come, or says when it comes.
    fn check(&mut self, n: usize, fabric: &mut Fabric) {
        let time = self.time(fabric);
        let Some(target) = self.target[n] else {
            fabric.cancel(SLOTS[n]);
            return;
        };
        let left = target.wrapping_sub(time);
        if left == 0 || left > u64::from(u32::MAX) {
            self.target[n] = None;
            fabric.cancel(SLOTS[n]);
            self.regs.set(Reg::INTR, self.regs.get(Reg::INTR) | 1 << n);
            self.update_irq(fabric);
        } else if self.is_paused() {
            fabric.cancel(SLOTS[n]);
        } else {
            let at = fabric.tree.ticks.when(self.from.wrapping_add(target.wrapping_sub(self.value)));
            fabric.at(SLOTS[n], at);
        }
    }

    fn armed(&self) -> u32 {
        self.target.iter().enumerate().fold(0, |armed, (n, target)| armed | u32::from(target.is_some()) << n)
    }

    fn interrupts(&self) -> u32 {
        (self.regs.get(Reg::INTR) & self.regs.get(Reg::INTE)) | self.regs.get(Reg::INTF)
    }

    fn update_irq(&self, fabric: &mut Fabric) {
        let interrupts = self.interrupts();
        for (n, irq) in IRQS.into_iter().enumerate() {
            fabric.set_irq(irq, interrupts >> n & 1 != 0);
        }
    }
}

impl Block for Timer {
    const GROUPS: &'static [Group] = &[Group::one("TIMER", Reg::TABLE)];

    fn read(&mut self, offset: u32, fabric: &mut Fabric) -> u32 {
        match Reg::at(offset) {
            // 4.6.2: reading the low half latches the high half.
            Some(Reg::TIMELR) => {
                let time = self.time(fabric);
                self.regs.set(Reg::TIMEHR, (time >> 32) as u32);
                time as u32
            }
            Some(_) => self.peek(offset, fabric),
            None => undeclared("TIMER", offset, fabric),
        }
    }

    fn peek(&mut self, offset: u32, fabric: &mut Fabric) -> u32 {
        match Reg::at(offset) {
            Some(Reg::TIMELR | Reg::TIMERAWL) => self.time(fabric) as u32,
            Some(Reg::TIMERAWH) => (self.time(fabric) >> 32) as u32,
            Some(Reg::ARMED) => self.armed(),
            Some(Reg::INTS) => self.interrupts(),
            Some(register) => self.regs.load(register),
            None => 0,
        }
    }

    fn write(&mut self, offset: u32, write: Write, fabric: &mut Fabric) {
        let Some(register) = Reg::at(offset) else {
            undeclared("TIMER", offset, fabric);
            return;
        };
        let time = self.time(fabric);
        self.regs.store(register, write, "TIMER", &mut fabric.gaps);
        match register {
            // 4.6.2: the low half waits until the high half is written.
            Reg::TIMELW => self.regs.set(Reg::TIMELW, write.value),
            Reg::TIMEHW => {
                let value = u64::from(write.value) << 32 | u64::from(self.regs.get(Reg::TIMELW));
                self.restart(value, fabric);
            }
            Reg::PAUSE => self.restart(time, fabric),
            Reg::ALARM0 | Reg::ALARM1 | Reg::ALARM2 | Reg::ALARM3 => {
                self.arm(((offset - 0x10) / 4) as usize, fabric);
            }
            Reg::ARMED => {
                for n in (0..ALARMS).filter(|n| write.raw >> n & 1 != 0) {
                    self.target[n] = None;
                    fabric.cancel(SLOTS[n]);
                }
            }
            Reg::INTR | Reg::INTE | Reg::INTF => self.update_irq(fabric),
            _ => {}
        }
    }

    fn event(&mut self, slot: Slot, fabric: &mut Fabric) {
        self.check(slot as usize - Slot::Timer0 as usize, fabric);
    }

    fn reset(&mut self, fabric: &mut Fabric) {
        *self = Self::new();
        self.from = fabric.tree.ticks.count(fabric.now());
        for slot in SLOTS {
            fabric.cancel(slot);
        }
        self.update_irq(fabric);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clocks::tree::{Generator, Source};
    use crate::xosc::CRYSTAL;
    use engine_core::time::MICROSECOND;

    const TIMEHW: u32 = 0x00;
    const TIMELW: u32 = 0x04;
    const TIMEHR: u32 = 0x08;
    const TIMELR: u32 = 0x0C;
    const ALARM0: u32 = 0x10;
    const ARMED: u32 = 0x20;
    const TIMERAWH: u32 = 0x24;
    const TIMERAWL: u32 = 0x28;
    const PAUSE: u32 = 0x30;
    const INTR: u32 = 0x34;
    const INTE: u32 = 0x38;
    const INTF: u32 = 0x3C;
    const INTS: u32 = 0x40;

    /// clk_ref and clk_sys at 12 MHz, a tick of 12 cycles: 1 µs.
    fn parts() -> (Timer, Fabric) {
        let mut fabric = Fabric::new(CRYSTAL);
        fabric.tree.xosc = CRYSTAL;
        fabric.tree.generators[Generator::Ref as usize].from = Source::Xosc;
        fabric.tree.tick_cycles = 12;
        fabric.settle_clocks();
        (Timer::new(), fabric)
    }

    fn at_us(fabric: &mut Fabric, us: u64) {
        fabric.cycle = 12 * us;
    }

    /// 4.6.2: one count a microsecond; TIMELR latches TIMEHR; a write takes effect with its high half.
    #[test]
    fn the_counter_is_written_low_first_and_read_low_first() {
        let (mut timer, mut fabric) = parts();
        timer.write(TIMELW, Write::word(0xFFFF_FFF0), &mut fabric);
        assert_eq!(timer.read(TIMERAWL, &mut fabric), 0);
        timer.write(TIMEHW, Write::word(7), &mut fabric);
        assert_eq!((timer.read(TIMELR, &mut fabric), timer.read(TIMEHR, &mut fabric)), (0xFFFF_FFF0, 7));
        at_us(&mut fabric, 16);
        assert_eq!((timer.read(TIMERAWL, &mut fabric), timer.read(TIMERAWH, &mut fabric)), (0, 8));
        assert_eq!(timer.read(TIMEHR, &mut fabric), 7);
        timer.read(TIMELR, &mut fabric);
        assert_eq!(timer.read(TIMEHR, &mut fabric), 8);
    }

    /// 4.6.3: writing ALARM arms it; at the match it disarms itself and sets its interrupt.
    #[test]
    fn an_alarm_fires_at_the_tick_of_its_match() {
        let (mut timer, mut fabric) = parts();
        timer.write(INTE, Write::word(1), &mut fabric);
        timer.write(ALARM0, Write::word(100), &mut fabric);
        assert_eq!(timer.read(ARMED, &mut fabric), 1);
        assert_eq!(fabric.events.due(Slot::Timer0 as usize), 100 * MICROSECOND);
        fabric.cycle = 1199;
        timer.event(Slot::Timer0, &mut fabric);
        assert_eq!(timer.read(INTR, &mut fabric), 0);
        fabric.cycle = 1200;
        timer.event(Slot::Timer0, &mut fabric);
        assert_eq!(
            (timer.read(ARMED, &mut fabric), timer.read(INTR, &mut fabric), timer.read(INTS, &mut fabric)),
            (0, 1, 1)
        );
        assert_eq!(fabric.irq, [1; 2]);
        timer.write(INTR, Write::word(1), &mut fabric);
        assert_eq!(fabric.irq, [0; 2]);
    }

    /// 4.6.3: only the low 32 bits are compared, so a value that is past waits for the next turn of the low half.
    #[test]
    fn an_alarm_in_the_past_waits_for_the_wrap() {
        let (mut timer, mut fabric) = parts();
        at_us(&mut fabric, 50);
        timer.write(ALARM0, Write::word(49), &mut fabric);
        assert_eq!(fabric.events.due(Slot::Timer0 as usize), ((1 << 32) + 49) * MICROSECOND);
    }

    /// 4.6.5: ARMED is write-1-to-clear; INTF raises the line without an alarm.
    #[test]
    fn an_alarm_is_disarmed_and_an_interrupt_is_forced() {
        let (mut timer, mut fabric) = parts();
        for n in 0..4 {
            timer.write(ALARM0 + 4 * n, Write::word(100), &mut fabric);
        }
        timer.write(ARMED, Write::word(0b0101), &mut fabric);
        assert_eq!(timer.read(ARMED, &mut fabric), 0b1010);
        assert_eq!(fabric.events.due(Slot::Timer2 as usize), u64::MAX);
        timer.write(INTF, Write::word(8), &mut fabric);
        assert_eq!(fabric.irq, [8; 2]);
    }

    /// 4.6.5: PAUSE holds the counter, and with it the alarms.
    #[test]
    fn a_paused_timer_keeps_its_alarms() {
        let (mut timer, mut fabric) = parts();
        timer.write(ALARM0, Write::word(100), &mut fabric);
        at_us(&mut fabric, 40);
        timer.write(PAUSE, Write::word(1), &mut fabric);
        at_us(&mut fabric, 500);
        assert_eq!(timer.read(TIMERAWL, &mut fabric), 40);
        assert_eq!(fabric.events.due(Slot::Timer0 as usize), u64::MAX);
        timer.write(PAUSE, Write::word(0), &mut fabric);
        assert_eq!(fabric.events.due(Slot::Timer0 as usize), 560 * MICROSECOND);
    }

    /// The tick doubles its period in the middle: 50 ticks at 1 µs, 50 at 2 µs, and no count is lost.
    #[test]
    fn an_alarm_follows_a_change_of_the_tick() {
        let (mut timer, mut fabric) = parts();
        timer.write(ALARM0, Write::word(100), &mut fabric);
        at_us(&mut fabric, 50);
        fabric.tree.tick_cycles = 24;
        fabric.settle_clocks();
        assert_eq!(fabric.events.due(Slot::Timer0 as usize), 50 * MICROSECOND);
        timer.event(Slot::Timer0, &mut fabric);
        assert_eq!(fabric.events.due(Slot::Timer0 as usize), 150 * MICROSECOND);
        at_us(&mut fabric, 149);
        assert_eq!(timer.read(TIMERAWL, &mut fabric), 99);
    }
}
