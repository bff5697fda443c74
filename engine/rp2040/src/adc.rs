//! ADC: 12 bits, four pins and the temperature sensor. RP2040 datasheet, section 4.9.
//!
//! # Fidelity
//! - Exact: 96 cycles of clk_adc a conversion; START_MANY back to back without a lost cycle, or paced by DIV; round robin;
//!   the FIFO of four with its flags, shift, interrupt and DMA requests.
//! - Inputs are ideal: 4096 steps of ADC_AVDD, which is 3.3 V, without noise, offset, settling, or the differential
//!   non-linearity of erratum RP2040-E11. The voltage is that of the moment at which the conversion starts.
//! - The temperature sensor follows the formula of 4.9.5; the part's own scatter of some degrees is missing.
//! - With START_MANY the first conversion starts at once, later ones by the divider: the datasheet leaves the first open.
//! - A change of the rate of clk_adc is seen with the next conversion that starts from rest.
//! - No conversion fails: ERR, ERR_STICKY and FIFO.ERR stay 0. The converter is ready as soon as EN is set.
//! - With FCS.THRESH 0 the FIFO requests as with 1.

use crate::block::{undeclared, Block};
use crate::fabric::{Fabric, Irq, Slot};
use engine_core::registers::{Bank, Field, Group, Registers, Write};
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
/// Four pins and the temperature sensor.
const INPUTS: u32 = 5;
const SENSOR: u32 = 4;

/// The state of the block.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Adc {
    bank: Bank<Reg>,
    fifo: VecDeque<u16>,
    /// A moment from which cycles of clk_adc are counted, so that a row of conversions never drifts.
    epoch: Ps,
    /// The result of the conversion under way and the cycle in which it is ready.
    converting: Option<(u16, u64)>,
    /// The cycle in which the divider starts the next conversion while START_MANY is set, and 256ths of a cycle.
    next_start: (u64, u32),
}

impl Adc {
    /// The block after reset.
    #[allow(clippy::new_without_default)]
    pub fn new() -> Self {
        Self { bank: Bank::new(), fifo: VecDeque::new(), epoch: 0, converting: None, next_start: (0, 0) }
    }

    fn on(&self, field: Field) -> bool {
        field.is_set(self.bank.get(Reg::CS))
    }

    fn runs_free(&self) -> bool {
        self.on(CS::START_MANY) && self.on(CS::EN)
    }

    /// The moment at which a cycle since the epoch begins.
    fn moment(&self, cycle: u64, fabric: &Fabric) -> Ps {
        self.epoch.saturating_add(fabric.rates.adc.duration(cycle))
    }

    /// The cycles of clk_adc are counted from now on.
    fn count_from_now(&mut self, fabric: &Fabric) {
        self.epoch = fabric.now();
        self.next_start = (0, 0);
    }

    /// 4.9.2: in this cycle the selected input is sampled, and its conversion begins.
    fn start(&mut self, cycle: u64, fabric: &mut Fabric) {
        if !fabric.rates.adc.is_running() {
            fabric.gaps.touch("ADC.CS.EN", "clk_adc does not run, so no conversion ends");
        }
        let code = self.sample(self.bank.field(Reg::CS, CS::AINSEL), fabric);
        self.converting = Some((code, cycle + CYCLES));
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

    /// 4.9.2.3: with the end of a conversion AINSEL goes on to the next input whose bit is set.
    fn advance_round_robin(&mut self) {
        let (mask, input) = (self.bank.field(Reg::CS, CS::RROBIN), self.bank.field(Reg::CS, CS::AINSEL));
        let next = (1..=INPUTS).map(|step| (input + step) % INPUTS).find(|input| mask >> input & 1 != 0);
        if let Some(next) = next {
            self.bank.set_field(Reg::CS, CS::AINSEL, next);
        }
    }

    /// 4.9.2.2: a free-running converter starts every 1 + INT + FRAC/256 cycles, but never before the last conversion
    /// is over; with DIV 0 that is the only condition.
    fn start_next(&mut self, free_from: u64, fabric: &mut Fabric) {
        let (due, fraction) = self.next_start;
        let start = due.max(free_from);
        let div = self.bank.get(Reg::DIV);
        let fraction = fraction + DIV::FRAC.get(div);
        let period = 1 + u64::from(DIV::INT.get(div)) + u64::from(fraction >> 8);
        self.next_start = if div == 0 { (0, 0) } else { (start + period, fraction & 0xFF) };
        self.start(start, fabric);
    }

    /// 4.9.6, DIV: the divider starts anew when it is written.
    fn restart_divider(&mut self, fabric: &Fabric) {
        let since = fabric.rates.adc.cycles_in(fabric.now().saturating_sub(self.epoch));
        let div = self.bank.get(Reg::DIV);
        self.next_start =
            if div == 0 { (0, 0) } else { (since + 1 + u64::from(DIV::INT.get(div)), DIV::FRAC.get(div)) };
    }

    fn schedule(&self, fabric: &mut Fabric) {
        let due = match self.converting {
            Some((_, ready)) => self.moment(ready, fabric),
            None if self.runs_free() => self.moment(self.next_start.0, fabric),
            None => Ps::MAX,
        };
        fabric.at(Slot::Adc, due);
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
        self.advance_round_robin();
        self.update_lines(fabric);
    }

    fn update_lines(&mut self, fabric: &mut Fabric) {
        let fcs = self.bank.get(Reg::FCS);
        let raw = self.raw();
        let level = raw & self.bank.get(Reg::INTE) | self.bank.get(Reg::INTF);
        fabric.set_irq(Irq::ADC_FIFO, level != 0);
        fabric.set_dreq(DREQ_ADC, FCS::DREQ_EN.is_set(fcs) && raw != 0);
    }

    /// INTR.FIFO: the FIFO holds THRESH results or more. DREQ follows the same threshold (4.9.2.5).
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
        let ran_free = self.runs_free();
        self.bank.store(register, write, "ADC", &mut fabric.gaps);
        match register {
            Reg::CS if !self.on(CS::EN) => self.converting = None,
            Reg::CS if self.converting.is_some() => {}
            Reg::CS if self.runs_free() && !ran_free => {
                self.count_from_now(fabric);
                self.start_next(0, fabric);
            }
            // Ignored while START_MANY is set.
            Reg::CS if !self.runs_free() && CS::START_ONCE.is_set(write.value) => {
                self.count_from_now(fabric);
                self.start(0, fabric);
            }
            Reg::DIV if ran_free => self.restart_divider(fabric),
            _ => {}
        }
        if matches!(register, Reg::CS | Reg::DIV) {
            self.schedule(fabric);
        }
        self.update_lines(fabric);
    }

    fn event(&mut self, _slot: Slot, fabric: &mut Fabric) {
        let now = fabric.now();
        let mut free_from = 0;
        if let Some((code, ready)) = self.converting.filter(|(_, ready)| self.moment(*ready, fabric) <= now) {
            self.finish(code, fabric);
            free_from = ready;
        }
        if self.converting.is_none() && self.runs_free() {
            let start = self.next_start.0.max(free_from);
            if self.moment(start, fabric) <= now {
                self.start_next(free_from, fabric);
            }
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
        // 4.9.2.3 and 4.9.2.4; the fifth result overflows the four-entry FIFO.
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
        // 4.9.2.2: INT 47999 starts a conversion every 48000 cycles: 1 kHz.
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

    fn level(adc: &mut Adc, fabric: &mut Fabric) -> u32 {
        FCS::LEVEL.get(adc.peek(8, fabric))
    }

    #[test]
    fn free_running_conversions_lose_no_cycle_at_an_odd_clk_sys() {
        // 4.9: 500 kS/s. clk_sys of 7 MHz: its cycles do not fit into 2 us. DMA (here: the test) empties the FIFO.
        let mut fabric = Fabric::new(Hertz::new(7_000_000));
        fabric.rates.adc = Hertz::new(48_000_000);
        let mut adc = Adc::new();
        adc.write(8, Write::word(1), &mut fabric);
        adc.write(0, Write::word(0b1001), &mut fabric);
        let mut samples = 0;
        for step in 1..=1000 {
            run_to(&mut adc, &mut fabric, step * 4 * US);
            while level(&mut adc, &mut fabric) > 0 {
                adc.read(0xC, &mut fabric);
                samples += 1;
            }
        }
        assert_eq!(samples, 2000);
        assert!(!FCS::OVER.is_set(adc.peek(8, &mut fabric)));
    }

    #[test]
    fn a_period_below_96_cycles_is_back_to_back() {
        // adc_set_clkdiv of the SDK, after 4.9.2.2: any period less than 96 is clamped. INT 95 is exactly 96.
        for (div, samples) in
            [(0, 4), (1, 4), (94 << 8, 4), (95 << 8, 4), (95 << 8 | 255, 4), (96 << 8, 3), (191 << 8, 2)]
        {
            let (mut adc, mut fabric) = bench();
            adc.write(8, Write::word(1), &mut fabric);
            adc.write(0x10, Write::word(div), &mut fabric);
            adc.write(0, Write::word(0b1001), &mut fabric);
            // Four conversions end at 8 us; with 97 cycles the fourth ends at 8.06 us, with 96 + 255/256 at 8.03 us.
            run_to(&mut adc, &mut fabric, if div == 95 << 8 | 255 { 8_070_000 } else { 8 * US + 16_000 });
            assert_eq!(level(&mut adc, &mut fabric), samples, "DIV {div:#x}");
        }
    }

    #[test]
    fn the_fraction_of_the_divider_is_kept_from_period_to_period() {
        // 4.9.6, DIV: 1 + INT + FRAC/256. 479.5 cycles: 1001 conversions start in 1000 periods of 9.98958 us.
        let (mut adc, mut fabric) = bench();
        adc.write(0x10, Write::word(478 << 8 | 128), &mut fabric);
        adc.write(8, Write::word(1), &mut fabric);
        adc.write(0, Write::word(0b1001), &mut fabric);
        let mut samples = 0;
        let end = 479_500_000_000_000 / 48_000 + 2 * US + 16_000;
        for step in 1..=1000 {
            run_to(&mut adc, &mut fabric, end / 1000 * step);
            while level(&mut adc, &mut fabric) > 0 {
                adc.read(0xC, &mut fabric);
                samples += 1;
            }
        }
        run_to(&mut adc, &mut fabric, end);
        samples += level(&mut adc, &mut fabric);
        assert_eq!(samples, 1001);
    }

    #[test]
    fn start_once_converts_once_and_clears_itself() {
        let (mut adc, mut fabric) = bench();
        adc.write(8, Write::word(1), &mut fabric);
        adc.write(0, Write::word(0b101), &mut fabric);
        assert_eq!(adc.read(0, &mut fabric) & 0b100, 0, "4.9.6, CS.START_ONCE: self-clearing");
        run_to(&mut adc, &mut fabric, 20 * US);
        assert_eq!(level(&mut adc, &mut fabric), 1);
        // Ignored while START_MANY is set; the one under way is not disturbed.
        adc.write(0, Write::word(0b1101), &mut fabric);
        run_to(&mut adc, &mut fabric, 22 * US + 16_000);
        assert_eq!(level(&mut adc, &mut fabric), 2);
    }

    #[test]
    fn nothing_is_converted_while_the_converter_is_off() {
        let (mut adc, mut fabric) = bench();
        assert!(!CS::READY.is_set(adc.read(0, &mut fabric)));
        adc.write(8, Write::word(1), &mut fabric);
        adc.write(0, Write::word(0b1100), &mut fabric);
        run_to(&mut adc, &mut fabric, 20 * US);
        assert_eq!(level(&mut adc, &mut fabric), 0);
        adc.write(0, Write::word(1), &mut fabric);
        assert!(CS::READY.is_set(adc.read(0, &mut fabric)));
    }

    #[test]
    fn ainsel_moves_on_after_each_conversion() {
        // 4.9.6, CS.RROBIN: the first is the one in AINSEL, even if its bit is not set; AINSEL is updated after each.
        let (mut adc, mut fabric) = bench();
        adc.write(0, Write::word(0b1_0101 << 16 | 3 << 12 | 0b1001), &mut fabric);
        let mut inputs = vec![];
        for n in 0..6 {
            run_to(&mut adc, &mut fabric, 2 * US * n + US);
            inputs.push(CS::AINSEL.get(adc.read(0, &mut fabric)));
        }
        assert_eq!(inputs, [3, 4, 0, 2, 4, 0]);
    }

    #[test]
    fn the_temperature_sensor_gives_its_voltage_only_when_it_is_on() {
        // 4.9.5: 0.706 V at 27 degrees; 0.706 / 3.3 x 4096 = 876.
        let (mut adc, mut fabric) = bench();
        for (cs, code) in [(4 << 12 | 0b111, 876), (4 << 12 | 0b101, 0)] {
            adc.write(0, Write::word(cs), &mut fabric);
            let end = fabric.now() + 3 * US;
            run_to(&mut adc, &mut fabric, end);
            assert_eq!(adc.read(4, &mut fabric), code);
        }
    }

    #[test]
    fn the_fifo_shifts_overflows_underflows_and_says_so() {
        // 4.9.6, FCS: SHIFT to one byte; OVER and UNDER are cleared by writing 1.
        let (mut adc, mut fabric) = bench();
        fabric.microvolts[0] = 3_299_999;
        adc.write(8, Write::word(0b11), &mut fabric);
        adc.write(0, Write::word(0b1001), &mut fabric);
        run_to(&mut adc, &mut fabric, 11 * US);
        adc.write(0, Write::word(1), &mut fabric);
        run_to(&mut adc, &mut fabric, 13 * US);
        let fcs = adc.read(8, &mut fabric);
        assert_eq!((FCS::FULL.get(fcs), FCS::OVER.get(fcs), FCS::UNDER.get(fcs), FCS::LEVEL.get(fcs)), (1, 1, 0, 4));
        assert_eq!((0..4).map(|_| adc.read(0xC, &mut fabric)).collect::<Vec<_>>(), [255; 4]);
        assert_eq!(FCS::EMPTY.get(adc.read(8, &mut fabric)), 1);
        adc.read(0xC, &mut fabric);
        assert_eq!(FCS::UNDER.get(adc.read(8, &mut fabric)), 1);
        adc.write(8, Write::word(FCS::OVER.mask | FCS::UNDER.mask | 1), &mut fabric);
        assert_eq!(adc.read(8, &mut fabric) & (FCS::OVER.mask | FCS::UNDER.mask), 0);
        assert_eq!(adc.read(4, &mut fabric), 4095, "RESULT is never shifted");
    }

    #[test]
    fn dma_is_asked_at_the_threshold_if_it_is_enabled() {
        // 4.9.6, FCS.THRESH: DREQ/IRQ asserted when level >= threshold. 2.5.3.1: DREQ 36 is ADC.
        for (enabled, asked) in [(0, false), (FCS::DREQ_EN.mask, true)] {
            let (mut adc, mut fabric) = bench();
            adc.write(8, Write::word(2 << 24 | enabled | 1), &mut fabric);
            adc.write(0, Write::word(0b1001), &mut fabric);
            run_to(&mut adc, &mut fabric, 3 * US);
            assert_eq!(fabric.dreq, 0);
            run_to(&mut adc, &mut fabric, 5 * US);
            assert_eq!(fabric.dreq, u64::from(asked) << 36);
            adc.read(0xC, &mut fabric);
            assert_eq!(fabric.dreq, 0);
        }
    }

    #[test]
    fn a_force_shows_in_the_status_and_on_the_line() {
        let (mut adc, mut fabric) = bench();
        adc.write(0x1C, Write::word(1), &mut fabric);
        assert_eq!((adc.read(0x14, &mut fabric), adc.read(0x20, &mut fabric)), (0, 1));
        assert_ne!(fabric.irq[0] & 1 << Irq::ADC_FIFO as u8, 0);
    }
}
