//! SPI0 and SPI1: Arm PrimeCell SSP PL022, revision r1p4. RP2040 datasheet, section 4.4.
//!
//! # Fidelity
//! - Where nobody in the chip looks at its pins, a frame of the controller in Motorola format reaches the parts as a whole, half a
//!   bit after its last bit is captured; each bit carries its own time. A part's answer comes from the level that D/CX and
//!   chip select have at that moment. Software that reads the level of SCK or TX in the middle of such a frame, or an instruction
//!   that it writes to SMx_INSTR of PIO, finds them idle; their edges are latched in INTR at the end of the frame.
//! - Edge by edge go frames on joined pins, on pins that PIO programs, interrupts, PWM counters or parts follow, with overrides,
//!   with a signal on several pins, and all Texas Instruments and Microwire frames.
//! - With SPH=0 two frames in a row are 1.5 bit times apart: SSPFSSOUT stays low for one bit time after the last bit
//!   is captured (4.4.3.10), and then high for half a bit time, which the datasheet shows but does not give.
//! - A frame leaves the transmit FIFO of the controller when it is over, and that of the target when its first bit is driven.
//! - The target takes edges of SSPCLKIN three periods of clk_peri later (4.4.3.4); those of SSPFSSIN, for which the datasheet
//!   gives no number, as late. Faster than clk_peri/12 is counted: the silicon promises nothing there.
//! - Deselected, the target drives TX low (4.4.3.10); what is left there between frames is not measured on RP2040.

mod controller;
mod fifo;
mod target;
#[cfg(test)]
mod tests;
#[cfg(test)]
mod wire_tests;

use crate::block::{undeclared, Block};
use crate::fabric::{Fabric, Irq, Slot};
use crate::pads::Func;
use crate::serial_in::Input;
use controller::{Phase, Timing, WireFrame};
use engine_core::registers::{Bank, Field, Group, Registers, Write};
use engine_core::time::Ps;
use fifo::{TxFifo, DEPTH};
use serde::{Deserialize, Serialize};
use std::collections::VecDeque;
use target::Target;

engine_core::registers! {
    /// Datasheet 4.4.4.
    pub Reg;
    SSPCR0 0x000 = 0x0000_0000 { SCR 15:8 rw; SPH 7 rw; SPO 6 rw; FRF 5:4 rw; DSS 3:0 rw; }
    SSPCR1 0x004 = 0x0000_0000 { SOD 3 rw; MS 2 rw; SSE 1 rw; LBM 0 rw; }
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

/// What differs between the two copies.
struct Wiring {
    name: &'static str,
    slot: Slot,
    irq: Irq,
    tx_dreq: u8,
    rx_dreq: u8,
    rxd: Input,
    fss: Input,
    clk: Input,
}

const WIRING: [Wiring; 2] = [
    Wiring {
        name: "SPI0",
        slot: Slot::Spi0,
        irq: Irq::SPI0,
        tx_dreq: 16,
        rx_dreq: 17,
        rxd: Input::Spi0Rx,
        fss: Input::Spi0Fss,
        clk: Input::Spi0Clk,
    },
    Wiring {
        name: "SPI1",
        slot: Slot::Spi1,
        irq: Irq::SPI1,
        tx_dreq: 18,
        rx_dreq: 19,
        rxd: Input::Spi1Rx,
        fss: Input::Spi1Fss,
        clk: Input::Spi1Clk,
    },
];

/// Pins of an SPI in the function table (2.19.2 table 278, column F1): groups of eight belong to SPI0 and SPI1 in turn, and
/// each four of them are RX, CSn, SCK, TX.
pub(crate) const fn spi_pins(spi: usize, role: u32) -> u32 {
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

pub(crate) const RX: u32 = 0;
pub(crate) const CSN: u32 = 1;
pub(crate) const SCK: u32 = 2;
pub(crate) const TX: u32 = 3;

/// SSPCR0.FRF; the fourth value is reserved.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Format {
    Motorola,
    TexasInstruments,
    Microwire,
}

/// The control word of a Microwire frame has eight bits; one clock later the data begins (4.4.3.14).
const CONTROL_BITS: u32 = 8;

/// The pins on which the block is selected.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
struct Route {
    selected: u32,
    sck: Option<u8>,
    tx: Option<u8>,
    rx: Option<u8>,
    has_csn: bool,
    /// All of SCK, TX and RX.
    lines: u32,
    /// A signal is selected on several pins.
    is_forked: bool,
}

/// The state of one SPI.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Spi {
    index: usize,
    bank: Bank<Reg>,
    tx: TxFifo,
    rx: VecDeque<u16>,
    phase: Phase,
    due: Ps,
    free_at: Ps,
    wire: Option<WireFrame>,
    latched: u32,
    timeout: Option<Ps>,
    timing: Timing,
    route: Route,
    target: Target,
}

impl Spi {
    /// SPI `index` after reset.
    pub fn new(index: usize) -> Self {
        Self {
            index,
            bank: Bank::new(),
            tx: TxFifo::default(),
            rx: VecDeque::with_capacity(DEPTH),
            phase: Phase::Idle,
            due: Ps::MAX,
            free_at: 0,
            wire: None,
            latched: 0,
            timeout: None,
            timing: Timing::default(),
            route: Route::default(),
            target: Target::default(),
        }
    }

    fn wiring(&self) -> &'static Wiring {
        &WIRING[self.index]
    }

    fn pins(&self, role: u32) -> u32 {
        spi_pins(self.index, role)
    }

    fn follow_route(&mut self, fabric: &Fabric) {
        let selected = fabric.io.selected(Func::Spi);
        if self.route.selected == selected {
            return;
        }
        let pins = |role: u32| selected & spi_pins(self.index, role);
        let pin = |role: u32| (pins(role) != 0).then(|| pins(role).trailing_zeros() as u8);
        self.route = Route {
            selected,
            sck: pin(SCK),
            tx: pin(TX),
            rx: pin(RX),
            has_csn: pin(CSN).is_some(),
            lines: pins(SCK) | pins(TX) | pins(RX),
            is_forked: [SCK, TX, RX].iter().any(|&role| pins(role).count_ones() > 1),
        };
    }

    fn control(&self, field: Field) -> bool {
        field.is_set(self.bank.get(Reg::SSPCR1))
    }

    fn format_bit(&self, field: Field) -> bool {
        field.is_set(self.bank.get(Reg::SSPCR0))
    }

    fn format(&self) -> Format {
        match SSPCR0::FRF.get(self.bank.get(Reg::SSPCR0)) {
            1 => Format::TexasInstruments,
            2 => Format::Microwire,
            _ => Format::Motorola,
        }
    }

    /// Bits of a frame: SSPCR0.DSS, 4 to 16.
    fn bits(&self) -> u32 {
        SSPCR0::DSS.get(self.bank.get(Reg::SSPCR0)) + 1
    }

    /// SSPFSS is active high in Texas Instruments format alone (4.4.3.8).
    fn fss_level(&self, active: bool) -> bool {
        active == (self.format() == Format::TexasInstruments)
    }

    /// SSPCLK between frames: SPO in Motorola format, else low (4.4.3.8 to 4.4.3.14).
    fn idle_clock(&self) -> bool {
        self.format() == Format::Motorola && self.format_bit(SSPCR0::SPO)
    }

    fn drive(&self, role: u32, high: bool, at: Ps, fabric: &mut Fabric) {
        let pins = self.pins(role);
        fabric.drive_some(Func::Spi, pins, if high { pins } else { 0 }, pins, at);
    }

    /// The levels of the lines between frames. nSSPCTLOE turns SCK and CSn round for a target; nSSPOE is not connected on
    /// RP2040, so that TX is always driven (raspberrypi/pico-feedback issue 227).
    fn drive_idle(&self, fabric: &mut Fabric) {
        let now = fabric.now();
        if self.control(SSPCR1::MS) {
            let inputs = self.pins(SCK) | self.pins(CSN);
            fabric.drive_some(Func::Spi, inputs, 0, 0, now);
        } else {
            self.drive(SCK, self.idle_clock(), now, fabric);
            self.drive(CSN, self.fss_level(false), now, fabric);
        }
        self.drive(TX, false, now, fabric);
    }

    /// A frame has come in. It is lost where the FIFO is full (4.4.3.5.3).
    fn take_frame(&mut self, frame: u16) {
        if self.rx.len() < DEPTH {
            self.rx.push_back(frame);
        } else {
            self.latched |= SSPRIS::RORRIS.mask;
        }
    }

    /// 4.4.3.5.4: the FIFO holds data and the line rests for 32 bit times.
    fn rest_from(&mut self, at: Ps) {
        self.timeout = (!self.rx.is_empty()).then(|| at + 32 * self.timing.bit);
    }

    /// The receive timeout is an event only where it would interrupt.
    fn awaited_timeout(&self) -> Option<Ps> {
        self.timeout.filter(|_| self.phase == Phase::Idle && SSPIMSC::RTIM.is_set(self.bank.get(Reg::SSPIMSC)))
    }

    fn await_timeout(&mut self, fabric: &mut Fabric) {
        if let Some(at) = self.awaited_timeout() {
            fabric.no_later(self.wiring().slot, at);
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
        bit(SSPSR::BSY, self.phase != Phase::Idle || self.target.is_busy() || !self.tx.is_empty())
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
            self.tx.push(value);
            self.start(fabric);
        }
    }

    /// SSPCR1: enable, role and loopback take effect.
    fn write_control(&mut self, fabric: &mut Fabric) {
        fabric.set_spi_role(self.index, self.control(SSPCR1::MS));
        self.attend(fabric);
        if self.phase == Phase::Idle && !self.target.is_busy() {
            self.drive_idle(fabric);
        }
        self.start(fabric);
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
            Reg::SSPCR0 if self.phase == Phase::Idle && !self.target.is_busy() => self.drive_idle(fabric),
            Reg::SSPCR1 => self.write_control(fabric),
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
        if self.is_target() {
            self.follow_controller(fabric);
        } else if self.phase == Phase::Idle || self.due <= fabric.now() {
            self.step(self.due, fabric);
        } else {
            fabric.at(slot, self.due);
        }
        self.update_lines(fabric);
    }

    fn reset(&mut self, fabric: &mut Fabric) {
        *self = Self::new(self.index);
        fabric.cancel(self.wiring().slot);
        fabric.set_spi_role(self.index, false);
        self.attend(fabric);
        self.drive_idle(fabric);
        self.update_lines(fabric);
    }
}
