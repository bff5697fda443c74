//! ADC: 12 bits, four pins and the temperature sensor. RP2040 datasheet, section 4.9.
//!
//! A conversion takes 96 cycles of clk_adc (4.9.2). The input is sampled when it starts. Inputs are ideal: no
//! noise, no offset, and none of the differential non-linearity of erratum RP2040-E11.

use crate::block::{undeclared, Block};
use crate::fabric::{Fabric, Irq, Slot};
use engine_core::registers::{Bank, Group, Registers, Write};
use engine_core::time::Ps;
use serde::{Deserialize, Serialize};
use std::collections::VecDeque;

engine_core::registers! {
    /// 4.9.6.
    pub Reg;
    CS 0x00 = 0x0000_0000 {
        RROBIN 20:16 rw; AINSEL 14:12 rw; ERR_STICKY 10 w1c; ERR 9 ro; READY 8 ro;
        START_MANY 3 rw; START_ONCE 2 wo; TS_EN 1 rw; EN 0 rw;
    }
    RESULT 0x04 = 0x0000_0000 { RESULT 11:0 ro; }
    FCS 0x08 = 0x0000_0000 {
        THRESH 27:24 rw; LEVEL 19:16 ro; OVER 11 w1c; UNDER 10 w1c; FULL 9 ro; EMPTY 8 ro;
        DREQ_EN 3 rw; ERR 2 rw; SHIFT 1 rw; EN 0 rw;
    }
    FIFO 0x0C = 0x0000_0000 { ERR 15 ro; VAL 11:0 ro; }
    DIV 0x10 = 0x0000_0000 { INT 23:8 rw; FRAC 7:0 rw; }
    INTR 0x14 = 0x0000_0000 { FIFO 0 ro; }
    INTE 0x18 = 0x0000_0000 { FIFO 0 rw; }
    INTF 0x1C = 0x0000_0000 { FIFO 0 rw; }
    INTS 0x20 = 0x0000_0000 { FIFO 0 ro; }
}

const FIFO_DEPTH: usize = 4;
const CYCLES: u64 = 96;
const DREQ_ADC: u8 = 36;
/// The full scale, ADC_AVDD: 3.3 V.
const REFERENCE_MICROVOLTS: i64 = 3_300_000;
const SENSOR: u32 = 4;

/// The state of the block.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Adc {
    bank: Bank<Reg>,
    fifo: VecDeque<u16>,
    /// The result of the conversion under way and when it is ready.
    converting: Option<(u16, Ps)>,
    /// When the divider starts the next conversion while START_MANY is set.
    next_start: Ps,
    /// 1/256 cycles by which the divider is ahead.
    fraction: u32,
}

impl Adc {
    /// The block after reset.
    #[allow(clippy::new_without_default)]
    pub fn new() -> Self {
        Self { bank: Bank::new(), fifo: VecDeque::new(), converting: None, next_start: 0, fraction: 0 }
    }

    fn on(&self, field: engine_core::registers::Field) -> bool {
        field.is_set(self.bank.get(Reg::CS))
    }

    /// 4.9.2: the selected input is sampled and converted.
    fn start(&mut self, fabric: &mut Fabric) {
        let Some(cycle) = clock_cycle(fabric) else {
            fabric.gaps.touch("ADC.CS.EN", "clk_adc does not run, so no conversion ends");
            return;
        };
        let input = self.bank.field(Reg::CS, CS::AINSEL);
        let code = self.sample(input, fabric);
        let now = fabric.now();
        self.converting = Some((code, now + CYCLES * cycle.0 + CYCLES * cycle.1 / 1000));
        self.advance_round_robin(input);
        self.schedule(fabric);
    }

    fn sample(&self, input: u32, fabric: &Fabric) -> u16 {
        let microvolts = match input {
            SENSOR if self.on(CS::TS_EN) => {
                // 4.9.5: 706 mV at 27 °C, -1.721 mV a degree.
                706_000 - (i64::from(fabric.millicelsius) - 27_000) * 1_721 / 1_000
            }
            SENSOR => 0,
            input => fabric.microvolts.get(input as usize).copied().map_or(0, i64::from),
        };
        (microvolts * 4096 / REFERENCE_MICROVOLTS).clamp(0, 4095) as u16
    }

    /// 4.9.3.3: the next input whose bit is set, after the one just sampled.
    fn advance_round_robin(&mut self, input: u32) {
        let mask = self.bank.field(Reg::CS, CS::RROBIN);
        let next = (1..=5).map(|step| (input + step) % 5).find(|input| mask >> input & 1 != 0);
        if let Some(next) = next {
            self.bank.set_field(Reg::CS, CS::AINSEL, next);
        }
    }

    /// 4.9.3.2: with DIV 0 conversions follow each other; else one starts every 1 + INT + FRAC/256 cycles.
    fn period(&mut self, cycle: (Ps, Ps)) -> Ps {
        let div = self.bank.get(Reg::DIV);
        if div == 0 {
            return 0;
        }
        self.fraction += DIV::FRAC.get(div);
        let cycles = 1 + u64::from(DIV::INT.get(div)) + u64::from(self.fraction >> 8);
        self.fraction &= 0xFF;
        cycles * cycle.0 + cycles * cycle.1 / 1000
    }

    fn schedule(&self, fabric: &mut Fabric) {
        let start = if self.on(CS::START_MANY) && self.on(CS::EN) { self.next_start } else { Ps::MAX };
        let ready = self.converting.map_or(Ps::MAX, |(_, at)| at);
        fabric.at(Slot::Adc, if self.converting.is_some() { ready } else { start });
    }

    fn finish(&mut self, code: u16, fabric: &mut Fabric) {
        self.converting = None;
        self.bank.set(Reg::RESULT, u32::from(code));
        let fcs = self.bank.get(Reg::FCS);
        if FCS::EN.is_set(fcs) {
            if self.fifo.len() < FIFO_DEPTH {
                self.fifo.push_back(if FCS::SHIFT.is_set(fcs) { code >> 4 } else { code });
            } else {
                self.bank.set_field(Reg::FCS, FCS::OVER, 1);
            }
        }
        self.update_lines(fabric);
    }

    fn update_lines(&mut self, fabric: &mut Fabric) {
        let fcs = self.bank.get(Reg::FCS);
        let raw = self.raw();
        let level = raw & self.bank.get(Reg::INTE) | self.bank.get(Reg::INTF);
        fabric.set_irq(Irq::ADC_FIFO, level != 0);
        fabric.set_dreq(DREQ_ADC, FCS::DREQ_EN.is_set(fcs) && raw != 0);
    }

    /// INTR.FIFO: the FIFO holds THRESH results or more. DREQ follows the same threshold (4.9.3.5).
    fn raw(&self) -> u32 {
        let threshold = self.bank.field(Reg::FCS, FCS::THRESH) as usize;
        u32::from(self.fifo.len() >= threshold.max(1))
    }

    fn fcs(&self) -> u32 {
        let mut fcs = self.bank.load(Reg::FCS);
        fcs = FCS::LEVEL.put(fcs, self.fifo.len() as u32);
        fcs = FCS::EMPTY.put(fcs, u32::from(self.fifo.is_empty()));
        FCS::FULL.put(fcs, u32::from(self.fifo.len() == FIFO_DEPTH))
    }
}

/// A cycle of clk_adc: whole picoseconds and thousandths. 48 MHz gives 20 833.333 ps.
fn clock_cycle(fabric: &Fabric) -> Option<(Ps, Ps)> {
    let rate = fabric.rates.adc;
    rate.is_running().then(|| (rate.duration(1000) / 1000, rate.duration(1000) % 1000))
}

impl Block for Adc {
    const GROUPS: &'static [Group] = &[Group::one("ADC", Reg::TABLE)];

    fn read(&mut self, offset: u32, fabric: &mut Fabric) -> u32 {
        if Reg::at(offset) != Some(Reg::FIFO) {
            return self.peek(offset, fabric);
        }
        match self.fifo.pop_front() {
            Some(value) => {
                self.update_lines(fabric);
                u32::from(value)
            }
            None => {
                self.bank.set_field(Reg::FCS, FCS::UNDER, 1);
                0
            }
        }
    }

    fn peek(&mut self, offset: u32, fabric: &mut Fabric) -> u32 {
        match Reg::at(offset) {
            Some(Reg::CS) => {
                let ready = self.on(CS::EN) && self.converting.is_none();
                CS::READY.put(self.bank.load(Reg::CS), u32::from(ready))
            }
            Some(Reg::FCS) => self.fcs(),
            Some(Reg::FIFO) => self.fifo.front().copied().map_or(0, u32::from),
            Some(Reg::INTR) => self.raw(),
            Some(Reg::INTS) => self.raw() & self.bank.get(Reg::INTE) | self.bank.get(Reg::INTF),
            Some(register) => self.bank.load(register),
            None => undeclared("ADC", offset, fabric),
        }
    }

    fn write(&mut self, offset: u32, write: Write, fabric: &mut Fabric) {
        let Some(register) = Reg::at(offset) else {
            undeclared("ADC", offset, fabric);
            return;
        };
        let was_many = self.on(CS::START_MANY);
        self.bank.store(register, write, "ADC", &mut fabric.gaps);
        match register {
            Reg::CS => {
                if !self.on(CS::EN) {
                    self.converting = None;
                } else if self.converting.is_none() {
                    let many = self.on(CS::START_MANY) && !was_many;
                    if many {
                        self.next_start = fabric.now();
                        self.fraction = 0;
                    }
                    if CS::START_ONCE.is_set(write.value) {
                        self.start(fabric);
                    }
                }
                self.schedule(fabric);
            }
            Reg::FCS if !FCS::EN.is_set(write.value) => self.fifo.clear(),
            _ => {}
        }
        self.update_lines(fabric);
    }

    fn event(&mut self, _slot: Slot, fabric: &mut Fabric) {
        if let Some((code, at)) = self.converting {
            if fabric.now() >= at {
                self.finish(code, fabric);
            }
        }
        if self.converting.is_none() && self.on(CS::START_MANY) && self.on(CS::EN) && fabric.now() >= self.next_start {
            if let Some(cycle) = clock_cycle(fabric) {
                let period = self.period(cycle);
                let now = fabric.now();
                self.next_start = if period == 0 { now } else { (self.next_start + period).max(now) };
            }
            self.start(fabric);
        }
        self.schedule(fabric);
    }

    fn reset(&mut self, fabric: &mut Fabric) {
        *self = Self::new();
        fabric.cancel(Slot::Adc);
        self.update_lines(fabric);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use engine_core::time::Hertz;

    fn bench() -> (Adc, Fabric) {
        let mut fabric = Fabric::new(Hertz::new(125_000_000));
        fabric.rates.adc = Hertz::new(48_000_000);
        (Adc::new(), fabric)
    }

    fn run_to(adc: &mut Adc, fabric: &mut Fabric, at: Ps) {
        while fabric.events.next() <= at {
            let due = fabric.events.next();
            fabric.cycle = fabric.clock.first_cycle_from(due);
            fabric.events.pop(fabric.now());
            adc.event(Slot::Adc, fabric);
        }
        fabric.cycle = fabric.clock.first_cycle_from(at);
    }

    const US: Ps = 1_000_000;

    #[test]
    fn a_conversion_takes_two_microseconds_at_48_mhz() {
        // 4.9.2: 96 cycles of a 48 MHz clock.
        let (mut adc, mut fabric) = bench();
        fabric.microvolts[1] = 1_650_000;
        adc.write(0, Write::word(1 << 12 | 0b101), &mut fabric);
        run_to(&mut adc, &mut fabric, 2 * US - 16_000);
        assert!(!CS::READY.is_set(adc.peek(0, &mut fabric)));
        run_to(&mut adc, &mut fabric, 2 * US + 16_000);
        assert!(CS::READY.is_set(adc.peek(0, &mut fabric)));
        assert_eq!(adc.read(4, &mut fabric), 2048);
    }

    #[test]
    fn the_temperature_sensor_follows_the_formula() {
        // 4.9.5: T = 27 - (V - 0.706) / 0.001721.
        let (mut adc, mut fabric) = bench();
        fabric.millicelsius = 40_000;
        adc.write(0, Write::word(4 << 12 | 0b111), &mut fabric);
        run_to(&mut adc, &mut fabric, 3 * US);
        let volts = f64::from(adc.read(4, &mut fabric)) * 3.3 / 4096.0;
        let temperature = 27.0 - (volts - 0.706) / 0.001_721;
        assert!((temperature - 40.0).abs() < 0.5, "{temperature}");
    }

    #[test]
    fn round_robin_fills_the_fifo_with_the_inputs_in_turn() {
        // 4.9.3.3 and 4.9.3.4; the fifth result overflows the four-entry FIFO.
        let (mut adc, mut fabric) = bench();
        fabric.microvolts = [0, 825_000, 1_650_000, 3_300_000];
        adc.write(8, Write::word(1), &mut fabric);
        adc.write(0, Write::word(0b0_1111 << 16 | 0b1001), &mut fabric);
        run_to(&mut adc, &mut fabric, 9 * US);
        assert_eq!(FCS::LEVEL.get(adc.peek(8, &mut fabric)), 4);
        let values: Vec<u32> = (0..4).map(|_| adc.read(0xC, &mut fabric)).collect();
        assert_eq!(values, [0, 1024, 2048, 4095]);
        run_to(&mut adc, &mut fabric, 30 * US);
        assert!(FCS::OVER.is_set(adc.peek(8, &mut fabric)));
    }

    #[test]
    fn the_divider_sets_the_rate() {
        // 4.9.3.2: INT 47999 starts a conversion every 48000 cycles: 1 kHz.
        let (mut adc, mut fabric) = bench();
        adc.write(8, Write::word(1), &mut fabric);
        adc.write(0x10, Write::word(47_999 << 8), &mut fabric);
        adc.write(0, Write::word(0b1001), &mut fabric);
        run_to(&mut adc, &mut fabric, 2_500 * US);
        assert_eq!(FCS::LEVEL.get(adc.peek(8, &mut fabric)), 3);
    }

    #[test]
    fn the_interrupt_follows_the_threshold() {
        let (mut adc, mut fabric) = bench();
        adc.write(8, Write::word(2 << 24 | 1), &mut fabric);
        adc.write(0x18, Write::word(1), &mut fabric);
        let line = 1 << Irq::ADC_FIFO as u8;
        adc.write(0, Write::word(0b101), &mut fabric);
        run_to(&mut adc, &mut fabric, 3 * US);
        assert_eq!(fabric.irq[0] & line, 0);
        adc.write(0, Write::word(0b101), &mut fabric);
        run_to(&mut adc, &mut fabric, 6 * US);
        assert_eq!(fabric.irq[0] & line, line);
        adc.read(0xC, &mut fabric);
        assert_eq!(fabric.irq[0] & line, 0);
    }
}
