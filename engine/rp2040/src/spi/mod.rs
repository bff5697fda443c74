//! SPI0 and SPI1: Arm PrimeCell SSP PL022, revision r1p4. RP2040 datasheet, section 4.4.
//!
//! # Fidelity
//! - A frame reaches the parts as a whole, at the moment at which its last bit is captured; each bit carries its
//!   own time. A part's answer comes from the level that D/CX and chip select have at that moment.
//! - With SPH=0 two frames in a row are 1.5 bit times apart: SSPFSSOUT stays low for one bit time after the last bit
//!   is captured (4.4.3.10), and then high for half a bit time, which the datasheet shows but does not give.
//! - Texas Instruments and National Microwire frames carry the right data at the right bit rate; SSPFSSOUT behaves as in
//!   Motorola frames. Microwire sends eight bits, waits for one, then receives (4.4.3.14).
//! - One pin a signal: of several on which the same signal is selected, the lowest.
//! - Edges on SCK and TX are shown to ports and the log. Other blocks see the idle levels of these pins alone.
//! - SPI target mode (SSPCR1.MS, SOD) is not modelled.

#[cfg(test)]
mod tests;

use crate::block::{undeclared, Block};
use crate::fabric::{Fabric, Irq, Slot};
use crate::pads::Func;
use engine_core::pins::SpiLines;
use engine_core::registers::{Bank, Field, Group, Registers, Write};
use engine_core::time::{Hertz, Ps, MICROSECOND};
use serde::{Deserialize, Serialize};
use std::collections::VecDeque;

engine_core::registers! {
    /// Datasheet 4.4.4.
    pub Reg;
    SSPCR0 0x000 = 0x0000_0000 { SCR 15:8 rw; SPH 7 rw; SPO 6 rw; FRF 5:4 rw; DSS 3:0 rw; }
    SSPCR1 0x004 = 0x0000_0000 {
        SOD 3 todo "SPI target mode is not modelled"; MS 2 todo "SPI target mode is not modelled"; SSE 1 rw; LBM 0 rw;
    }
    SSPDR 0x008 = 0x0000_0000 { DATA 15:0 rw; }
    SSPSR 0x00C = 0x0000_0003 { BSY 4 ro; RFF 3 ro; RNE 2 ro; TNF 1 ro; TFE 0 ro; }
    SSPCPSR 0x010 = 0x0000_0000 { CPSDVSR 7:0 rw; }
    SSPIMSC 0x014 = 0x0000_0000 { TXIM 3 rw; RXIM 2 rw; RTIM 1 rw; RORIM 0 rw; }
    SSPRIS 0x018 = 0x0000_0008 { TXRIS 3 ro; RXRIS 2 ro; RTRIS 1 ro; RORRIS 0 ro; }
    SSPMIS 0x01C = 0x0000_0000 { TXMIS 3 ro; RXMIS 2 ro; RTMIS 1 ro; RORMIS 0 ro; }
    SSPICR 0x020 = 0x0000_0000 { RTIC 1 w1c; RORIC 0 w1c; }
    SSPDMACR 0x024 = 0x0000_0000 { TXDMAE 1 rw; RXDMAE 0 rw; }
    SSPPERIPHID0 0xFE0 = 0x0000_0022 { PARTNUMBER0 7:0 ro; }
    SSPPERIPHID1 0xFE4 = 0x0000_0010 { DESIGNER0 7:4 ro; PARTNUMBER1 3:0 ro; }
    SSPPERIPHID2 0xFE8 = 0x0000_0034 { REVISION 7:4 ro; DESIGNER1 3:0 ro; }
    SSPPERIPHID3 0xFEC = 0x0000_0000 { CONFIGURATION 7:0 ro; }
    SSPPCELLID0 0xFF0 = 0x0000_000D { SSPPCELLID0 7:0 ro; }
    SSPPCELLID1 0xFF4 = 0x0000_00F0 { SSPPCELLID1 7:0 ro; }
    SSPPCELLID2 0xFF8 = 0x0000_0005 { SSPPCELLID2 7:0 ro; }
    SSPPCELLID3 0xFFC = 0x0000_00B1 { SSPPCELLID3 7:0 ro; }
}

/// Both FIFOs, 4.4.2.
const DEPTH: usize = 8;

/// SSPCR0.FRF for Microwire; 0 is Motorola, 1 Texas Instruments.
const MICROWIRE: u32 = 2;

/// What differs between the two copies.
struct Wiring {
    name: &'static str,
    slot: Slot,
    irq: Irq,
    tx_dreq: u8,
    rx_dreq: u8,
}

const WIRING: [Wiring; 2] = [
    Wiring { name: "SPI0", slot: Slot::Spi0, irq: Irq::SPI0, tx_dreq: 16, rx_dreq: 17 },
    Wiring { name: "SPI1", slot: Slot::Spi1, irq: Irq::SPI1, tx_dreq: 18, rx_dreq: 19 },
];

/// Pins of an SPI in the function table (2.19.2 table 278, column F1): groups of eight belong to SPI0 and SPI1 in turn, and
/// each four of them are RX, CSn, SCK, TX.
const fn spi_pins(spi: usize, role: u32) -> u32 {
    let mut mask = 0;
    let mut pin = 0;
    while pin < 30 {
        if (pin / 8 % 2) as usize == spi && pin % 4 == role {
            mask |= 1 << pin;
        }
        pin += 1;
    }
    mask
}

const RX: u32 = 0;
const CSN: u32 = 1;
const SCK: u32 = 2;
const TX: u32 = 3;

/// What the shift register does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
enum Phase {
    Idle,
    /// SSPFSSOUT goes low when this is over.
    Leading,
    /// A frame is under way; over when its last bit is.
    Shifting,
    /// SSPFSSOUT goes high when this is over.
    Trailing,
}

/// Durations of a frame, kept until clk_peri, SSPCR0 or SSPCPSR change.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
struct Timing {
    key: Option<(Hertz, u32, u32)>,
    bits: u32,
    bit: Ps,
    /// From SSPFSSOUT low to the end of the last bit.
    frame: Ps,
    /// From the end of a last bit to that of the next frame's.
    period: Ps,
}

/// The pins on which the controller is selected.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
struct Route {
    selected: u32,
    sck: Option<u8>,
    tx: Option<u8>,
    rx: Option<u8>,
    has_csn: bool,
}

/// The state of one SPI.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Spi {
    index: usize,
    bank: Bank<Reg>,
    tx: VecDeque<u16>,
    rx: VecDeque<u16>,
    phase: Phase,
    due: Ps,
    free_at: Ps,
    latched: u32,
    timeout: Option<Ps>,
    timing: Timing,
    route: Route,
}

impl Spi {
    /// SPI `index` after reset.
    pub fn new(index: usize) -> Self {
        Self {
            index,
            bank: Bank::new(),
            tx: VecDeque::with_capacity(DEPTH),
            rx: VecDeque::with_capacity(DEPTH),
            phase: Phase::Idle,
            due: Ps::MAX,
            free_at: 0,
            latched: 0,
            timeout: None,
            timing: Timing::default(),
            route: Route::default(),
        }
    }

    fn wiring(&self) -> &'static Wiring {
        &WIRING[self.index]
    }

    fn follow_route(&mut self, fabric: &Fabric) {
        let selected = fabric.io.selected(Func::Spi);
        if self.route.selected == selected {
            return;
        }
        let pin = |role: u32| {
            let pins = selected & spi_pins(self.index, role);
            (pins != 0).then(|| pins.trailing_zeros() as u8)
        };
        self.route = Route { selected, sck: pin(SCK), tx: pin(TX), rx: pin(RX), has_csn: pin(CSN).is_some() };
    }

    /// 4.4.3.4: the bit rate is clk_peri / (CPSDVSR × (1 + SCR)). False: there is none.
    fn follow_timing(&mut self, fabric: &Fabric) -> bool {
        let (cr0, prescale) = (self.bank.get(Reg::SSPCR0), self.bank.get(Reg::SSPCPSR));
        let key = Some((fabric.rates.peri, cr0, prescale));
        if self.timing.key == key {
            return self.timing.bit != 0;
        }
        let rate = fabric.rates.peri.scaled(1, u64::from(prescale & 0xFE) * u64::from(1 + SSPCR0::SCR.get(cr0)));
        let bits = SSPCR0::DSS.get(cr0) + 1;
        let clocks = if SSPCR0::FRF.get(cr0) == MICROWIRE { bits + 9 } else { bits };
        let pause = if SSPCR0::FRF.get(cr0) == 0 && !SSPCR0::SPH.is_set(cr0) { 3 } else { 0 };
        let halves = |n: u32| rate.duration(u64::from(n)) / 2;
        self.timing = if rate.is_running() {
            Timing { key, bits, bit: halves(2), frame: halves(2 * clocks + 1), period: halves(2 * clocks + pause) }
        } else {
            Timing { key, ..Timing::default() }
        };
        self.timing.bit != 0
    }

    fn is_enabled(&self) -> bool {
        SSPCR1::SSE.is_set(self.bank.get(Reg::SSPCR1)) && !SSPCR1::MS.is_set(self.bank.get(Reg::SSPCR1))
    }

    /// The levels of the lines between frames (4.4.3.10 to 4.4.3.13).
    fn drive_idle(&self, fabric: &mut Fabric) {
        let high = if SSPCR0::SPO.is_set(self.bank.get(Reg::SSPCR0)) { spi_pins(self.index, SCK) } else { 0 };
        let pins = spi_pins(self.index, SCK) | spi_pins(self.index, TX);
        let now = fabric.now();
        fabric.drive_some(Func::Spi, pins, high, pins, now);
    }

    fn drive_csn(&self, high: bool, at: Ps, fabric: &mut Fabric) {
        let pins = spi_pins(self.index, CSN);
        fabric.drive_some(Func::Spi, pins, if high { pins } else { 0 }, pins, at);
    }

    fn enter(&mut self, phase: Phase, due: Ps, fabric: &mut Fabric) {
        self.phase = phase;
        self.due = due;
        fabric.at(self.wiring().slot, due);
    }

    /// An idle controller with something to send starts.
    fn start(&mut self, fabric: &mut Fabric) {
        if self.phase != Phase::Idle || self.tx.is_empty() || !self.is_enabled() {
            return;
        }
        self.follow_route(fabric);
        let now = fabric.now();
        if !self.follow_timing(fabric) {
            // Without clk_peri or prescaler the shift register stands still; nobody tells when the clock comes back.
            fabric.at(self.wiring().slot, now + MICROSECOND);
            return;
        }
        self.timeout = None;
        let at = self.free_at.max(now);
        if self.route.has_csn {
            self.enter(Phase::Leading, at, fabric);
        } else {
            self.enter(Phase::Shifting, at + self.timing.frame, fabric);
        }
    }

    /// The last bit of a frame is over: it is exchanged with what is on the pins.
    fn exchange(&mut self, end: Ps, fabric: &mut Fabric) {
        let Some(value) = self.tx.pop_front() else { return };
        let Timing { bits, bit, .. } = self.timing;
        let cr0 = self.bank.get(Reg::SSPCR0);
        let back = match self.route.sck {
            Some(sck) => {
                let sample_rising = SSPCR0::SPO.is_set(cr0) == SSPCR0::SPH.is_set(cr0);
                let lines = SpiLines { sck, mosi: self.route.tx, miso: self.route.rx, sample_rising };
                let shift = |pins: &mut engine_core::pins::Pins, value: u32, bits: u32, after: u32| {
                    let first = end.saturating_sub(bit / 2 + u64::from(bits + after - 1) * bit);
                    pins.spi_shift(lines, value, bits, first, bit)
                };
                if SSPCR0::FRF.get(cr0) == MICROWIRE {
                    shift(&mut fabric.pins, u32::from(value) & 0xFF, 8, bits + 1);
                    shift(&mut fabric.pins, 0, 1, bits);
                    shift(&mut fabric.pins, 0, bits, 0)
                } else {
                    shift(&mut fabric.pins, u32::from(value) & (u32::MAX >> (32 - bits)), bits, 0)
                }
            }
            None => 0,
        };
        let loopback = SSPCR1::LBM.is_set(self.bank.get(Reg::SSPCR1));
        let received = if loopback { value & (u32::MAX >> (32 - bits)) as u16 } else { back as u16 };
        if self.rx.len() < DEPTH {
            self.rx.push_back(received);
        } else {
            self.latched |= SSPRIS::RORRIS.mask;
        }
    }

    /// A phase is over at `at`.
    fn step(&mut self, at: Ps, fabric: &mut Fabric) {
        match self.phase {
            Phase::Idle => self.start(fabric),
            Phase::Leading => {
                self.drive_csn(false, at, fabric);
                self.enter(Phase::Shifting, at + self.timing.frame, fabric);
            }
            Phase::Shifting => {
                self.exchange(at, fabric);
                self.free_at = at + self.timing.bit;
                let more = !self.tx.is_empty() && self.is_enabled() && self.follow_timing(fabric);
                self.follow_route(fabric);
                if more && (!self.route.has_csn || self.stays_selected()) {
                    self.enter(Phase::Shifting, at + self.timing.period, fabric);
                } else if self.route.has_csn {
                    self.enter(Phase::Trailing, at + self.timing.bit / 2, fabric);
                } else {
                    self.rest(at, fabric);
                }
            }
            Phase::Trailing => {
                self.drive_csn(true, at, fabric);
                self.rest(at, fabric);
            }
        }
    }

    /// SSPFSSOUT stays low between frames with SPH=1 alone (4.4.3.11 and 4.4.3.13).
    fn stays_selected(&self) -> bool {
        SSPCR0::SPH.is_set(self.bank.get(Reg::SSPCR0))
    }

    fn rest(&mut self, at: Ps, fabric: &mut Fabric) {
        self.phase = Phase::Idle;
        self.due = Ps::MAX;
        if !self.rx.is_empty() {
            // 4.4.3.5.4: the FIFO holds data and the line rests for 32 bit times.
            self.timeout = Some(at + 32 * self.timing.bit);
        }
        self.start(fabric);
        self.await_timeout(fabric);
    }

    /// The receive timeout is an event only where it would interrupt.
    fn await_timeout(&mut self, fabric: &mut Fabric) {
        if self.phase == Phase::Idle && SSPIMSC::RTIM.is_set(self.bank.get(Reg::SSPIMSC)) {
            if let Some(at) = self.timeout {
                fabric.at(self.wiring().slot, at);
            }
        }
    }

    fn raw(&mut self, now: Ps) -> u32 {
        if self.timeout.is_some_and(|at| at <= now) {
            self.timeout = None;
            self.latched |= SSPRIS::RTRIS.mask;
        }
        let bit = |field: Field, on: bool| if on { field.mask } else { 0 };
        self.latched | bit(SSPRIS::TXRIS, self.tx.len() <= DEPTH / 2) | bit(SSPRIS::RXRIS, self.rx.len() >= DEPTH / 2)
    }

    fn status(&self) -> u32 {
        let bit = |field: Field, on: bool| if on { field.mask } else { 0 };
        bit(SSPSR::BSY, self.phase != Phase::Idle || !self.tx.is_empty())
            | bit(SSPSR::RFF, self.rx.len() == DEPTH)
            | bit(SSPSR::RNE, !self.rx.is_empty())
            | bit(SSPSR::TNF, self.tx.len() < DEPTH)
            | bit(SSPSR::TFE, self.tx.is_empty())
    }

    /// Interrupt and DMA requests follow from the rest.
    fn update_lines(&mut self, fabric: &mut Fabric) {
        let wiring = self.wiring();
        let mask = self.bank.get(Reg::SSPIMSC);
        let level = mask != 0 && self.raw(fabric.now()) & mask != 0;
        fabric.set_irq(wiring.irq, level);
        let dma = self.bank.get(Reg::SSPDMACR);
        fabric.set_dreq(wiring.tx_dreq, SSPDMACR::TXDMAE.is_set(dma) && self.tx.len() < DEPTH);
        fabric.set_dreq(wiring.rx_dreq, SSPDMACR::RXDMAE.is_set(dma) && !self.rx.is_empty());
    }

    fn load(&mut self, reg: Reg, fabric: &mut Fabric) -> u32 {
        match reg {
            Reg::SSPDR => self.rx.front().map_or(0, |&frame| u32::from(frame)),
            Reg::SSPSR => self.status(),
            Reg::SSPRIS => self.raw(fabric.now()),
            Reg::SSPMIS => self.raw(fabric.now()) & self.bank.get(Reg::SSPIMSC),
            Reg::SSPICR => 0,
            _ => self.bank.load(reg),
        }
    }

    fn fetch(&mut self, fabric: &mut Fabric) -> u32 {
        let frame = self.rx.pop_front().unwrap_or(0);
        if self.rx.is_empty() {
            self.timeout = None;
            self.latched &= !SSPRIS::RTRIS.mask;
        }
        self.update_lines(fabric);
        u32::from(frame)
    }

    fn send(&mut self, value: u16, fabric: &mut Fabric) {
        if self.tx.len() < DEPTH {
            self.tx.push_back(value);
            self.start(fabric);
        }
    }
}

impl Block for Spi {
    const GROUPS: &'static [Group] = &[Group::one("SPI0", Reg::TABLE), Group::one("SPI1", Reg::TABLE)];

    fn read(&mut self, offset: u32, fabric: &mut Fabric) -> u32 {
        match Reg::at(offset) {
            Some(Reg::SSPDR) => self.fetch(fabric),
            Some(reg) => self.load(reg, fabric),
            None => undeclared(self.wiring().name, offset, fabric),
        }
    }

    fn peek(&mut self, offset: u32, fabric: &mut Fabric) -> u32 {
        Reg::at(offset).map_or(0, |reg| self.load(reg, fabric))
    }

    fn write(&mut self, offset: u32, write: Write, fabric: &mut Fabric) {
        let name = self.wiring().name;
        let Some(reg) = Reg::at(offset) else {
            undeclared(name, offset, fabric);
            return;
        };
        if reg == Reg::SSPDR {
            self.send(write.value as u16, fabric);
            self.update_lines(fabric);
            return;
        }
        self.bank.store(reg, write, name, &mut fabric.gaps);
        match reg {
            Reg::SSPCR0 => self.drive_idle(fabric),
            Reg::SSPCR1 => {
                self.drive_idle(fabric);
                if self.phase == Phase::Idle {
                    let now = fabric.now();
                    self.drive_csn(true, now, fabric);
                }
                self.start(fabric);
            }
            // "the least significant bit always returns zero on reads"
            Reg::SSPCPSR => self.bank.set(Reg::SSPCPSR, write.value & 0xFE),
            Reg::SSPIMSC => self.await_timeout(fabric),
            Reg::SSPICR => {
                self.raw(fabric.now());
                self.latched &= !write.raw;
            }
            _ => {}
        }
        self.update_lines(fabric);
    }

    fn event(&mut self, slot: Slot, fabric: &mut Fabric) {
        if self.phase == Phase::Idle || self.due <= fabric.now() {
            self.step(self.due, fabric);
        } else {
            fabric.at(slot, self.due);
        }
        self.update_lines(fabric);
    }

    fn reset(&mut self, fabric: &mut Fabric) {
        *self = Self::new(self.index);
        fabric.cancel(self.wiring().slot);
        let now = fabric.now();
        self.drive_idle(fabric);
        self.drive_csn(true, now, fabric);
        self.update_lines(fabric);
    }
}
