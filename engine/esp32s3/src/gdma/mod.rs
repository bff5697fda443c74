//! GDMA, the DMA controller of the peripherals. ESP32-S3 TRM chapter 3 (GDMA Controller).
//!
//! Five pairs of channels; of a pair, OUT reads memory for a peripheral and IN stores what one gives. A peripheral asks for
//! bytes when it needs them and hands them over when it has them, through a [`Port`]: so data moves in the order of virtual
//! time without a bus cycle being simulated.
//!
//! # Fidelity
//! - Lists of descriptors, owner bits and their write-back, EOF, errors, interrupts, START/STOP/RESTART/PARK/AUTO_RET,
//!   memory to memory: as the TRM says.
//! - FIFOs are approximated: a channel holds no byte ahead. OUT_EOF comes with the last byte that the peripheral takes, in
//!   both settings of OUT_EOF_MODE, and FIFO levels and their interrupts stay at "empty".
//! - Memory to memory moves 4 bytes in 2 AHB clocks and takes 16 clocks for a descriptor (approximated). Pairs that copy at the
//!   same time share the bus by their priorities (`arbiter`). Peripherals wait for nobody, nor does anybody wait for them;
//!   weights have no effect.
//! - No figure is published for what the controller carries in a second, least of all from PSRAM: here it is never late.
//! - Popping and pushing the FIFOs by software (IN_POP, OUT_PUSH), which no driver does, is missing, and says so.

mod arbiter;
mod link;
mod registers;
#[cfg(test)]
mod tests;
mod transfer;

use crate::block::{undeclared, Block};
use crate::fabric::Fabric;
use crate::memories::{Memories, Mmu};
use crate::slots::Slot;
use crate::sources::Source;
use engine_core::registers::{Bank, Field, Group, Registers, Write};
use engine_core::time::Ps;
use link::Link;
pub use registers::*;
use serde::{Deserialize, Serialize};

/// Pairs of channels.
pub const PAIRS: usize = 5;
const PAIR_STEP: u32 = 0xC0;
const SIZES: u32 = 0x3CC;
const SIZE_STEP: u32 = 8;

/// Who uses a channel: the numbers of PERI_IN_SEL and PERI_OUT_SEL, TRM table 3-1.
#[allow(missing_docs, non_camel_case_types)]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[repr(u8)]
pub enum Peripheral {
    SPI2 = 0,
    SPI3 = 1,
    UHCI0 = 2,
    I2S0 = 3,
    I2S1 = 4,
    LCD_CAM = 5,
    AES = 6,
    SHA = 7,
    ADC_DAC = 8,
    RMT = 9,
}

/// Who is told that software started a link: the slot of the peripheral on this channel.
fn listener(peripheral: u32, out: bool) -> Option<Slot> {
    Some(match (peripheral, out) {
        (0, _) => Slot::Spi2,
        (1, _) => Slot::Spi3,
        (2, _) => Slot::Uhci,
        (3, true) => Slot::I2s0Tx,
        (3, false) => Slot::I2s0Rx,
        (4, true) => Slot::I2s1Tx,
        (4, false) => Slot::I2s1Rx,
        (5, true) => Slot::Lcd,
        (5, false) => Slot::Cam,
        (6, _) => Slot::Aes,
        (7, _) => Slot::Sha,
        (8, _) => Slot::AdcDigital,
        (9, true) => Slot::RmtTx3,
        (9, false) => Slot::RmtRx3,
        _ => return None,
    })
}

const IN_SOURCES: [Source; PAIRS] =
    [Source::DMA_IN_CH0, Source::DMA_IN_CH1, Source::DMA_IN_CH2, Source::DMA_IN_CH3, Source::DMA_IN_CH4];
const OUT_SOURCES: [Source; PAIRS] =
    [Source::DMA_OUT_CH0, Source::DMA_OUT_CH1, Source::DMA_OUT_CH2, Source::DMA_OUT_CH3, Source::DMA_OUT_CH4];

/// A pair of channels.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
struct Pair {
    bank: Bank<Reg>,
    sizes: Bank<SizeReg>,
    input: Link,
    output: Link,
    /// LINK_RESTART waits for GDMA's turn on the bus: IN, OUT.
    restarts: [bool; 2],
    /// LINK_START does: IN, OUT.
    starts: [bool; 2],
    /// Memory to memory: what the descriptor under way still takes of the bus, in parts of picoseconds (`arbiter`).
    copy_left: Option<u64>,
}

impl Pair {
    /// MEM_TRANS_EN.
    fn copies(&self) -> bool {
        IN_CONF0_CH::MEM_TRANS_EN.is_set(self.bank.get(Reg::IN_CONF0_CH))
    }

    /// The peripheral that PERI_IN_SEL or PERI_OUT_SEL says.
    fn peripheral(&self, out: bool) -> u32 {
        let (register, field) = if out {
            (Reg::OUT_PERI_SEL_CH, OUT_PERI_SEL_CH::PERI_OUT_SEL)
        } else {
            (Reg::IN_PERI_SEL_CH, IN_PERI_SEL_CH::PERI_IN_SEL)
        };
        self.bank.field(register, field)
    }

    fn link(&mut self, out: bool) -> &mut Link {
        if out {
            &mut self.output
        } else {
            &mut self.input
        }
    }

    /// Interrupts become pending.
    fn raise(&mut self, out: bool, field: Field) {
        let register = if out { Reg::OUT_INT_RAW_CH } else { Reg::IN_INT_RAW_CH };
        self.bank.set(register, self.bank.get(register) | field.mask);
    }
}

/// The block.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Gdma {
    pairs: Vec<Pair>,
    common: Bank<CommonReg>,
    /// Up to when the bus has been shared out among the pairs that copy.
    shared_until: Ps,
}

/// What a peripheral needs to move data: GDMA and the memories.
pub struct Port<'a> {
    /// The controller.
    pub gdma: &'a mut Gdma,
    /// The memories.
    pub mem: &'a mut Memories,
    /// Where the window of external memory shows PSRAM.
    pub mmu: &'a Mmu,
}

impl Port<'_> {
    /// Takes bytes that memory has for a peripheral. Fewer than asked for: the list ended, or nobody started it.
    pub fn pull(&mut self, peripheral: Peripheral, into: &mut [u8], fabric: &mut Fabric) -> usize {
        let mut count = 0;
        while count < into.len() {
            match self.pull_packet(peripheral, &mut into[count..], fabric) {
                (0, false) => break,
                (more, _) => count += more,
            }
        }
        count
    }

    /// Takes bytes up to the end of a packet: how many, and whether the last one ends a descriptor with suc_eof.
    pub fn pull_packet(&mut self, peripheral: Peripheral, into: &mut [u8], fabric: &mut Fabric) -> (usize, bool) {
        match self.gdma.channel_of(peripheral, true) {
            Some(pair) => self.gdma.take(pair, into, self.mem, self.mmu, fabric),
            None => (0, false),
        }
    }

    /// Stores what a peripheral has. With `eof` the packet ends behind these bytes. Fewer than given: the list ended, or
    /// nobody started it.
    pub fn push(&mut self, peripheral: Peripheral, data: &[u8], eof: bool, fabric: &mut Fabric) -> usize {
        match self.gdma.channel_of(peripheral, false) {
            Some(pair) => self.gdma.put(pair, data, eof, self.mem, self.mmu, fabric),
            None => 0,
        }
    }

    /// Bytes until the descriptor in use is done: a peripheral that moves many at once must be in time again then. 0: no
    /// list runs.
    pub fn left(&mut self, peripheral: Peripheral, out: bool, fabric: &mut Fabric) -> usize {
        match self.gdma.channel_of(peripheral, out) {
            Some(pair) => self.gdma.left(pair, out, self.mem, self.mmu, fabric),
            None => 0,
        }
    }

    /// What the peripheral has given since the last end of a packet is in error: IN_ERR_EOF.
    pub fn push_error(&mut self, peripheral: Peripheral, fabric: &mut Fabric) {
        if let Some(pair) = self.gdma.channel_of(peripheral, false) {
            self.gdma.put_error(pair, self.mem, self.mmu, fabric);
        }
    }

    /// Has software started a link that has data for a peripheral (`out`), or takes data from it?
    pub fn is_ready(&self, peripheral: Peripheral, out: bool) -> bool {
        self.gdma.is_ready(peripheral, out)
    }
}

impl Gdma {
    /// After power-on.
    pub fn new() -> Self {
        Self { pairs: vec![Pair::default(); PAIRS], common: Bank::new(), shared_until: 0 }
    }

    /// The channel that is set to a peripheral; of several, the one whose link runs.
    fn channel_of(&self, peripheral: Peripheral, out: bool) -> Option<usize> {
        let mut matching =
            (0..PAIRS).filter(|&n| !self.pairs[n].copies() && self.pairs[n].peripheral(out) == peripheral as u32);
        let first = matching.clone().next();
        let runs = |n: &usize| if out { self.pairs[*n].output.runs } else { self.pairs[*n].input.runs };
        matching.find(runs).or(first)
    }

    /// Has software started a link that has data for a peripheral (`out`), or takes data from it?
    pub fn is_ready(&self, peripheral: Peripheral, out: bool) -> bool {
        self.channel_of(peripheral, out).is_some_and(|n| {
            let pair = &self.pairs[n];
            (if out { &pair.output } else { &pair.input }).runs || pair.restarts[usize::from(out)]
        })
    }

    fn settle_interrupts(&self, n: usize, fabric: &mut Fabric) {
        let bank = &self.pairs[n].bank;
        fabric.set_irq(IN_SOURCES[n], bank.get(Reg::IN_INT_RAW_CH) & bank.get(Reg::IN_INT_ENA_CH) != 0);
        fabric.set_irq(OUT_SOURCES[n], bank.get(Reg::OUT_INT_RAW_CH) & bank.get(Reg::OUT_INT_ENA_CH) != 0);
    }

    fn settle_reject(&self, fabric: &mut Fabric) {
        let (raw, enabled) =
            (self.common.get(CommonReg::EXTMEM_REJECT_INT_RAW), self.common.get(CommonReg::EXTMEM_REJECT_INT_ENA));
        fabric.set_irq(Source::DMA_EXTMEM_REJECT, raw & enabled != 0);
    }

    /// LINK registers: TRM 3.4.3. The controller takes its turn on the bus after the processor's store.
    fn command(&mut self, n: usize, out: bool, raw: u32, fabric: &mut Fabric) {
        let (addr, stop, start, restart) = if out {
            use OUT_LINK_CH as L;
            (L::OUTLINK_ADDR.get(raw), L::OUTLINK_STOP, L::OUTLINK_START, L::OUTLINK_RESTART)
        } else {
            use IN_LINK_CH as L;
            (L::INLINK_ADDR.get(raw), L::INLINK_STOP, L::INLINK_START, L::INLINK_RESTART)
        };
        let pair = &mut self.pairs[n];
        if stop.is_set(raw) {
            pair.link(out).stop();
            pair.starts[usize::from(out)] = false;
            pair.restarts[usize::from(out)] = false;
        }
        if start.is_set(raw) {
            pair.link(out).start(addr);
            pair.starts[usize::from(out)] = true;
        }
        if restart.is_set(raw) {
            pair.restarts[usize::from(out)] = true;
        }
        if (start.mask | restart.mask) & raw != 0 {
            fabric.soon(Slot::Gdma);
        }
    }

    /// IN_RST and OUT_RST: the state machine and the FIFO pointers of a channel.
    fn reset_channel(&mut self, n: usize, out: bool) {
        let pair = &mut self.pairs[n];
        *pair.link(out) = Link::default();
        pair.starts[usize::from(out)] = false;
        pair.restarts[usize::from(out)] = false;
        pair.copy_left = None;
    }

    fn load(&self, n: usize, register: Reg) -> u32 {
        let Pair { bank, input, output, .. } = &self.pairs[n];
        let parked = |link: &Link, field: Field| if link.runs { 0 } else { field.mask };
        let state = |link: &Link| u32::from(link.runs) << 20 | link.history[0] & 0x3_FFFF;
        let stored = bank.load(register);
        match register {
            Reg::IN_INT_ST_CH => bank.get(Reg::IN_INT_RAW_CH) & bank.get(Reg::IN_INT_ENA_CH),
            Reg::OUT_INT_ST_CH => bank.get(Reg::OUT_INT_RAW_CH) & bank.get(Reg::OUT_INT_ENA_CH),
            Reg::IN_LINK_CH => stored & !IN_LINK_CH::INLINK_PARK.mask | parked(input, IN_LINK_CH::INLINK_PARK),
            Reg::OUT_LINK_CH => stored & !OUT_LINK_CH::OUTLINK_PARK.mask | parked(output, OUT_LINK_CH::OUTLINK_PARK),
            Reg::IN_STATE_CH => state(input),
            Reg::OUT_STATE_CH => state(output),
            Reg::IN_DSCR_CH => input.history[0],
            Reg::IN_DSCR_BF0_CH => input.history[1],
            Reg::IN_DSCR_BF1_CH => input.history[2],
            Reg::OUT_DSCR_CH => output.history[0],
            Reg::OUT_DSCR_BF0_CH => output.history[1],
            Reg::OUT_DSCR_BF1_CH => output.history[2],
            _ => stored,
        }
    }

    fn store(&mut self, n: usize, register: Reg, write: Write, fabric: &mut Fabric) {
        if matches!(register, Reg::IN_PRI_CH | Reg::OUT_PRI_CH | Reg::IN_CONF0_CH | Reg::OUT_CONF0_CH) {
            self.share_out(fabric);
            fabric.soon(Slot::Gdma);
        }
        let bank = &mut self.pairs[n].bank;
        match register {
            Reg::IN_INT_RAW_CH | Reg::OUT_INT_RAW_CH => return,
            Reg::IN_INT_CLR_CH => bank.set(Reg::IN_INT_RAW_CH, bank.get(Reg::IN_INT_RAW_CH) & !write.raw),
            Reg::OUT_INT_CLR_CH => bank.set(Reg::OUT_INT_RAW_CH, bank.get(Reg::OUT_INT_RAW_CH) & !write.raw),
            _ => bank.store(register, write, "DMA", &mut fabric.gaps),
        }
        match register {
            Reg::IN_LINK_CH => self.command(n, false, write.raw, fabric),
            Reg::OUT_LINK_CH => self.command(n, true, write.raw, fabric),
            Reg::IN_CONF0_CH if IN_CONF0_CH::IN_RST.is_set(write.value) => self.reset_channel(n, false),
            Reg::OUT_CONF0_CH if OUT_CONF0_CH::OUT_RST.is_set(write.value) => self.reset_channel(n, true),
            // A link that runs already is there for the peripheral that is selected only now.
            Reg::IN_PERI_SEL_CH => self.tell(n, false, fabric),
            Reg::OUT_PERI_SEL_CH => self.tell(n, true, fabric),
            _ => {}
        }
        self.settle_interrupts(n, fabric);
    }

    /// The peripheral of a channel looks at its link.
    fn tell(&self, n: usize, out: bool, fabric: &mut Fabric) {
        let pair = &self.pairs[n];
        let runs = if out { pair.output.runs } else { pair.input.runs };
        if let Some(slot) = listener(pair.peripheral(out), out).filter(|_| runs && !pair.copies()) {
            fabric.soon(slot);
        }
    }

    fn load_common(&self, register: CommonReg) -> u32 {
        match register {
            CommonReg::EXTMEM_REJECT_INT_ST => {
                self.common.get(CommonReg::EXTMEM_REJECT_INT_RAW) & self.common.get(CommonReg::EXTMEM_REJECT_INT_ENA)
            }
            _ => self.common.load(register),
        }
    }

    fn store_common(&mut self, register: CommonReg, write: Write, fabric: &mut Fabric) {
        match register {
            CommonReg::EXTMEM_REJECT_INT_RAW => {}
            CommonReg::EXTMEM_REJECT_INT_CLR => {
                let raw = self.common.get(CommonReg::EXTMEM_REJECT_INT_RAW);
                self.common.set(CommonReg::EXTMEM_REJECT_INT_RAW, raw & !write.raw);
            }
            CommonReg::MISC_CONF => {
                self.share_out(fabric);
                self.common.store(register, write, "DMA", &mut fabric.gaps);
                fabric.soon(Slot::Gdma);
            }
            _ => self.common.store(register, write, "DMA", &mut fabric.gaps),
        }
        self.settle_reject(fabric);
    }
}

impl Default for Gdma {
    fn default() -> Self {
        Self::new()
    }
}

/// Which register is at an offset of the block.
enum Place {
    Pair(usize, Reg),
    Size(usize, SizeReg),
    Common(CommonReg),
}

fn place(offset: u32) -> Option<Place> {
    let pair = (offset / PAIR_STEP) as usize;
    if pair < PAIRS {
        return Reg::at(offset % PAIR_STEP).map(|register| Place::Pair(pair, register));
    }
    let sizes = offset.wrapping_sub(SIZES);
    if sizes < SIZE_STEP * PAIRS as u32 {
        return SizeReg::at(sizes % SIZE_STEP).map(|register| Place::Size((sizes / SIZE_STEP) as usize, register));
    }
    CommonReg::at(offset).map(Place::Common)
}

impl Block for Gdma {
    const GROUPS: &'static [Group] = &[
        Group { block: "DMA", prefix: "{}", base: 0, count: PAIRS as u32, step: PAIR_STEP, table: Reg::TABLE },
        Group { block: "DMA", prefix: "{}", base: SIZES, count: PAIRS as u32, step: SIZE_STEP, table: SizeReg::TABLE },
        Group::one("DMA", CommonReg::TABLE),
    ];

    fn read(&mut self, offset: u32, fabric: &mut Fabric) -> u32 {
        if place(offset).is_none() {
            return undeclared("DMA", offset, fabric);
        }
        self.peek(offset, fabric)
    }

    fn stays(&self, offset: u32) -> bool {
        place(offset).is_some()
    }

    fn peek(&mut self, offset: u32, _: &mut Fabric) -> u32 {
        match place(offset) {
            Some(Place::Pair(n, register)) => self.load(n, register),
            Some(Place::Size(n, register)) => self.pairs[n].sizes.load(register),
            Some(Place::Common(register)) => self.load_common(register),
            None => 0,
        }
    }

    fn write(&mut self, offset: u32, write: Write, fabric: &mut Fabric) {
        match place(offset) {
            Some(Place::Pair(n, register)) => self.store(n, register, write, fabric),
            Some(Place::Size(n, register)) => self.pairs[n].sizes.store(register, write, "DMA", &mut fabric.gaps),
            Some(Place::Common(register)) => self.store_common(register, write, fabric),
            None => _ = undeclared("DMA", offset, fabric),
        }
    }

    fn reset(&mut self, fabric: &mut Fabric) {
        *self = Self::new();
        fabric.cancel(Slot::Gdma);
        (0..PAIRS).for_each(|n| self.settle_interrupts(n, fabric));
        self.settle_reject(fabric);
    }
}
