//! I2S0 and I2S1. ESP32-S3 TRM, chapter "I2S Controller"; ESP-IDF `soc/i2s_reg.h`, `hal/i2s_ll.h` and the drivers
//! i2s_std, i2s_tdm, i2s_pdm and the older i2s.
//!
//! Each direction has a clock and a count of frames, and is brought up to date when something of it can be seen: at the end
//! of a DMA descriptor, after 64 frames, at the end of a run. Parts get whole frames; edges appear on the pins where
//! somebody looks at them, and in time where somebody acts on them.
//!
//! # Fidelity
//! - Exact: MCLK and bit clock to the source clock (the divider's pattern of N and N+1), sample rate, frames of up to 128
//!   bits, standard formats (Philips, MSB, PCM short), TDM, slots in use, widths, alignment, orders of bits and bytes,
//!   master and slave, SIG_LOOPBACK, interrupts of DMA and of the block.
//! - Approximated: there is no FIFO: a frame's data is fetched as the frame begins, and stored as its last bit is taken;
//!   a descriptor that software writes anew before its end is read as it stands up to 64 frames later. UPDATE and START act
//!   at once; STOP cuts the frame under way (a part has heard it by then). The clock is high for half of a bit, rounded down
//!   to MCLKs. RX_EOF_NUM counts bytes, as ESP-IDF's drivers use it (the header says samples of BITS_MOD). CLK_EN need not be set.
//!   Hung interrupts come a whole timeout after the data ran out. MCLK's edges are not in phase with those of BCK.
//! - Laws: G.711. Approximated: a linear sample has 16 bits, the upper ones of wider samples; a character stands in the lower 8
//!   bits of its sample. With 8 bits in memory the wire has 16. With 24_FILL_EN memory has 32 bits a sample, the lowest 8 of
//!   which a slot of 24 bits leaves out.
//! - PDM: PDM TX is a first-order modulator behind the high-pass filter (which has its cut-off frequency, not silicon's
//!   rounding) and the shifts of the four stages, without the low-pass filters; PDM RX counts the ones in a frame instead of a
//!   sinc filter. TX_CHAN_MOD counts with one line for a codec. A part on a PDM line takes and gives samples at the PCM rate.
//!   With SIG_LOOPBACK RX has a sample for each of TX, whatever its own oversampling.
//! - TX_TIMING delays TX's outputs by MCLK's edges, half a bit at most, in edges on pins alone. (Which clock's edges they are,
//!   no document says.)
//! - Missing, and counted: delays of inputs and of RX's outputs, BCK_NO_DLY, dithers and prescaler of PDM TX.

mod clock;
mod format;
mod law;
mod mclk;
mod pdm;
mod receive;
mod registers;
mod route;
#[cfg(test)]
mod tests;
mod transmit;

use crate::block::{undeclared, Block, InputEdge};
use crate::clock_out::ClockOut;
use crate::fabric::Fabric;
use crate::gdma::{Peripheral, Port};
use crate::signals::{self, Signal};
use crate::slots::Slot;
use crate::sources::Source;
use clock::{BitClock, Divider};
use engine_core::i2s::I2sLayout;
use engine_core::pdm::Modulator;
use engine_core::registers::{Bank, Field, Group, Registers, Write};
use engine_core::time::{Hertz, Ps};
use format::Format;
use mclk::Mclk;
use pdm::{HighPass, RX_LINES};
pub use registers::*;
use serde::{Deserialize, Serialize};

/// Frames that are carried out at once.
const CHUNK: u64 = 64;
/// How often a slave whose master is a part that stands still looks for its clock.
const LOOK: Ps = 1_000_000_000;
/// The tick of LC_FIFO_TIMEOUT in APB clocks, before LC_FIFO_TIMEOUT_SHIFT (ESP-IDF `soc/i2s_reg.h`).
const HUNG_TICK: u64 = 88_000;

/// Where a controller is wired to.
struct Wiring {
    name: &'static str,
    mclk: Signal,
    mclk_slot: Slot,
    tx_bck: Signal,
    tx_ws: Signal,
    tx_data: Signal,
    rx_bck: Signal,
    rx_ws: Signal,
    rx_data: Signal,
    tx_slot: Slot,
    rx_slot: Slot,
    source: Source,
    peripheral: Peripheral,
}

/// ESP-IDF `soc/i2s_periph.c`.
const WIRING: [Wiring; 2] = [
    Wiring {
        name: "I2S0",
        mclk: signals::I2S0_MCLK,
        mclk_slot: Slot::I2s0Mclk,
        tx_bck: signals::I2S0O_BCK,
        tx_ws: signals::I2S0O_WS,
        tx_data: signals::I2S0O_SD,
        rx_bck: signals::I2S0I_BCK,
        rx_ws: signals::I2S0I_WS,
        rx_data: signals::I2S0I_SD,
        tx_slot: Slot::I2s0Tx,
        rx_slot: Slot::I2s0Rx,
        source: Source::I2S0,
        peripheral: Peripheral::I2S0,
    },
    Wiring {
        name: "I2S1",
        mclk: signals::I2S1_MCLK,
        mclk_slot: Slot::I2s1Mclk,
        tx_bck: signals::I2S1O_BCK,
        tx_ws: signals::I2S1O_WS,
        tx_data: signals::I2S1O_SD,
        rx_bck: signals::I2S1I_BCK,
        rx_ws: signals::I2S1I_WS,
        rx_data: signals::I2S1I_SD,
        tx_slot: Slot::I2s1Tx,
        rx_slot: Slot::I2s1Rx,
        source: Source::I2S1,
        peripheral: Peripheral::I2S1,
    },
];

/// Where a direction's bit clock comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
enum Clocking {
    /// Its own divider.
    Own,
    /// The other direction's, by SIG_LOOPBACK.
    Shared,
    /// A part that is the master.
    Part,
    /// The edges on its input pins.
    Wires,
}

/// Who looks at the pins of a direction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Look {
    /// Parts that take whole frames, or nobody.
    Frames,
    /// Somebody who is content with edges that are told later, with their times.
    Later,
    /// Somebody who acts on edges.
    Prompt,
}

/// A bit clock and the frames on it.
#[derive(Clone, Copy, Debug)]
struct Timeline {
    clocking: Clocking,
    clock: BitClock,
    layout: I2sLayout,
    clocks: u64,
}

/// A direction beside its registers.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Direction {
    format: Format,
    runs: bool,
    clocking: Clocking,
    /// The clock while it ticks.
    clock: Option<BitClock>,
    /// What WS does on the wire.
    layout: I2sLayout,
    /// Bit clocks of a frame on the wire.
    clocks: u64,
    /// Frames begun (TX), or taken (RX), since bit 0 of the clock.
    frames: u64,
    /// Edges of the bit clock since its bit 0: falling ones are even.
    edge: u64,
    /// TX as master: how much later bit clock, word select and data (of two lines) change than they would.
    delays: [Ps; 4],
    /// Each of them is an event of its own.
    steps: bool,
    /// The frame under way, and the last bit of the one before.
    current: u128,
    carried: bool,
    /// A slave on wires: bits of the frame under way, and WS as it saw it last.
    bits: u32,
    ws: bool,
    /// When WS began the frame under way.
    turned: Ps,
    /// Whole frames that wait for the slot's event (RX), or are ready for the next edge of WS (TX).
    waiting: Vec<(u128, Ps)>,
    /// Frames since the start: the trace does not know how they were clocked.
    passed: u64,
    /// PDM TX: two channels, and then two of two lines.
    high_pass: [HighPass; 2],
    modulators: [Modulator; 4],
    /// PDM RX: ones of two channels of four lines in the frame under way.
    ones: [u32; 2 * RX_LINES],
    digest: u64,
    /// Since when it has no data, or nowhere to put it; and whether that was told.
    stuck: Option<(Ps, bool)>,
}

impl Direction {
    fn new(format: Format) -> Self {
        Self {
            format,
            runs: false,
            clocking: Clocking::Own,
            clock: None,
            layout: format.layout,
            clocks: format.layout.bits.into(),
            frames: 0,
            edge: 0,
            delays: [0; 4],
            steps: false,
            current: 0,
            carried: false,
            bits: u32::MAX,
            ws: false,
            turned: 0,
            waiting: Vec::new(),
            passed: 0,
            high_pass: [HighPass::default(); 2],
            modulators: [Modulator::default(); 4],
            ones: [0; 2 * RX_LINES],
            digest: 0,
            stuck: None,
        }
    }

    /// Goes on with the beginning of the first frame of this clock that begins now or later.
    fn begin(&mut self, line: Timeline, now: Ps) {
        self.clocking = line.clocking;
        self.layout = line.layout;
        self.clocks = line.clocks;
        self.frames = line.clock.first_from(now).div_ceil(self.clocks);
        self.edge = 2 * self.frames * self.clocks;
        self.clock = Some(line.clock);
        (self.current, self.carried) = (0, false);
        self.ones = [0; 2 * RX_LINES];
    }

    /// Does it run by this clock already?
    fn follows(&self, line: &Timeline) -> bool {
        let same = |clock: &BitClock| match line.clocking {
            Clocking::Own => clock.is_like(&line.clock),
            _ => *clock == line.clock,
        };
        self.clocking == line.clocking
            && (self.layout, self.clocks) == (line.layout, line.clocks)
            && self.clock.as_ref().is_some_and(same)
    }

    /// The next edge, where it is an event of its own within a frame: nothing else has to be looked at then.
    fn next_step(&self) -> Option<Ps> {
        let within = self.runs && self.steps && self.edge % (2 * self.clocks) != 0;
        self.clock.filter(|_| within).map(|clock| self.shown_at(&clock))
    }

    /// When all that the next edge changes is on the pins.
    fn shown_at(&self, clock: &BitClock) -> Ps {
        Self::edge_at(clock, self.edge) + self.lag()
    }

    fn lag(&self) -> Ps {
        self.delays.into_iter().max().unwrap_or(0)
    }

    /// When a frame begins.
    fn frame_at(&self, clock: &BitClock, frame: u64) -> Ps {
        clock.falls(frame * self.clocks)
    }

    /// When an edge of the bit clock is.
    fn edge_at(clock: &BitClock, edge: u64) -> Ps {
        if edge % 2 == 0 {
            clock.falls(edge / 2)
        } else {
            clock.rises(edge / 2)
        }
    }

    /// A frame passed; the trace sees each chunk of them.
    fn pass(&mut self, frame: u128, at: Ps, id: u64, fabric: &mut Fabric) {
        let low = (self.digest ^ frame as u64).wrapping_mul(0xD6E8_FEB8_6659_FD93);
        self.digest = (low.rotate_left(31) ^ (frame >> 64) as u64).wrapping_mul(0xFF51_AFD7_ED55_8CCD);
        self.passed += 1;
        if self.passed % CHUNK == 0 {
            fabric.pins.trace.see(engine_core::trace::Kind::I2s, at, self.digest ^ id);
        }
    }
}

/// One controller.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct I2s {
    index: usize,
    bank: Bank<Reg>,
    tx: Direction,
    rx: Direction,
    /// Bytes stored since the last end of a packet.
    rx_packet: usize,
    mclk: ClockOut<Mclk>,
}

impl I2s {
    /// I2S0 or I2S1 after power-on.
    pub fn new(index: usize) -> Self {
        let bank = Bank::new();
        let (tx, rx) = (Direction::new(Format::of_tx(&bank)), Direction::new(Format::of_rx(&bank)));
        let wiring = &WIRING[index];
        Self { index, bank, tx, rx, rx_packet: 0, mclk: ClockOut::new(wiring.mclk, wiring.mclk_slot) }
    }

    fn wiring(&self) -> &'static Wiring {
        &WIRING[self.index]
    }

    fn is_set(&self, register: Reg, field: Field) -> bool {
        field.is_set(self.bank.get(register))
    }

    /// SIG_LOOPBACK: both directions have one bit clock and one word select.
    fn shares(&self) -> bool {
        self.is_set(Reg::TX_CONF, TX_CONF::SIG_LOOPBACK)
    }

    fn id(&self, out: bool) -> u64 {
        (self.index as u64 * 2 + u64::from(out)) << 56
    }

    fn raise(&mut self, field: Field, fabric: &mut Fabric) {
        self.bank.set(Reg::INT_RAW, self.bank.get(Reg::INT_RAW) | field.mask);
        self.settle_interrupts(fabric);
    }

    fn settle_interrupts(&self, fabric: &mut Fabric) {
        let pending = self.bank.get(Reg::INT_RAW) & self.bank.get(Reg::INT_ENA);
        fabric.set_irq(self.wiring().source, pending != 0);
    }

    /// The source clock of a direction, by CLK_SEL: XTAL, PLL_D2 (240 MHz), PLL_F160M, or MCLK from its pin.
    fn source(&self, select: u32, active: bool, fabric: &mut Fabric) -> Hertz {
        match select {
            _ if !active => Hertz::STOPPED,
            0 => fabric.rates.xtal,
            1 => fabric.rates.pll_d2,
            2 => fabric.rates.pll_f160,
            _ => {
                let why = "the rate of MCLK from a pin is not measured: the clock stands still";
                fabric.gaps.touch(&format!("{}.CLK_SEL", self.wiring().name), why);
                Hertz::STOPPED
            }
        }
    }

    /// The bit clock of TX's own divider, if it began at `from`.
    fn tx_clock(&self, from: Ps, fabric: &mut Fabric) -> BitClock {
        use TX_CLKM_CONF as C;
        use TX_CLKM_DIV_CONF as D;
        let (conf, div) = (self.bank.get(Reg::TX_CLKM_CONF), self.bank.get(Reg::TX_CLKM_DIV_CONF));
        let source = self.source(C::TX_CLK_SEL.get(conf), C::TX_CLK_ACTIVE.is_set(conf), fabric);
        let fraction = (D::TX_CLKM_DIV_X.get(div), D::TX_CLKM_DIV_Y.get(div), D::TX_CLKM_DIV_Z.get(div));
        let divider = Divider::new(
            C::TX_CLKM_DIV_NUM.get(conf),
            fraction.0,
            fraction.1,
            fraction.2,
            D::TX_CLKM_DIV_YN1.is_set(div),
        );
        BitClock::new(from, source, divider, self.bank.field(Reg::TX_CONF1, TX_CONF1::TX_BCK_DIV_NUM) + 1)
    }

    /// The bit clock of RX's own divider, if it began at `from`.
    fn rx_clock(&self, from: Ps, fabric: &mut Fabric) -> BitClock {
        use RX_CLKM_CONF as C;
        use RX_CLKM_DIV_CONF as D;
        let (conf, div) = (self.bank.get(Reg::RX_CLKM_CONF), self.bank.get(Reg::RX_CLKM_DIV_CONF));
        let source = self.source(C::RX_CLK_SEL.get(conf), C::RX_CLK_ACTIVE.is_set(conf), fabric);
        let fraction = (D::RX_CLKM_DIV_X.get(div), D::RX_CLKM_DIV_Y.get(div), D::RX_CLKM_DIV_Z.get(div));
        let divider = Divider::new(
            C::RX_CLKM_DIV_NUM.get(conf),
            fraction.0,
            fraction.1,
            fraction.2,
            D::RX_CLKM_DIV_YN1.is_set(div),
        );
        BitClock::new(from, source, divider, self.bank.field(Reg::RX_CONF1, RX_CONF1::RX_BCK_DIV_NUM) + 1)
    }

    /// How long a direction may be stuck until its hung interrupt; `None`: the timeout is off.
    fn timeout(&self, fabric: &Fabric) -> Option<Ps> {
        use LC_HUNG_CONF as L;
        let conf = self.bank.get(Reg::LC_HUNG_CONF);
        let tick = HUNG_TICK >> L::LC_FIFO_TIMEOUT_SHIFT.get(conf);
        L::LC_FIFO_TIMEOUT_ENA
            .is_set(conf)
            .then(|| fabric.rates.apb.duration(tick * u64::from(L::LC_FIFO_TIMEOUT.get(conf))))
    }

    /// When the hung interrupt of a direction is due.
    fn hung_at(&self, stuck: Option<(Ps, bool)>, fabric: &Fabric) -> Ps {
        match (stuck, self.timeout(fabric)) {
            (Some((since, false)), Some(timeout)) => since.saturating_add(timeout),
            _ => Ps::MAX,
        }
    }

    /// A direction that is stuck for long enough says so, once.
    fn look_hung(&mut self, out: bool, fabric: &mut Fabric) {
        let stuck = if out { self.tx.stuck } else { self.rx.stuck };
        if self.hung_at(stuck, fabric) <= fabric.now() {
            let direction = if out { &mut self.tx } else { &mut self.rx };
            direction.stuck = stuck.map(|(since, _)| (since, true));
            self.raise(if out { INT_RAW::TX_HUNG_INT_RAW } else { INT_RAW::RX_HUNG_INT_RAW }, fabric);
        }
    }

    /// Something is due: frames, edges, a link that was started, a store to START.
    pub fn event(&mut self, slot: Slot, fabric: &mut Fabric, port: &mut Port) {
        if slot == self.wiring().tx_slot {
            self.serve_tx(fabric, port);
        } else if slot == self.wiring().rx_slot {
            self.serve_rx(fabric, port);
        } else {
            self.mclk.serve(fabric);
        }
    }

    /// Edges of MCLK up to now.
    pub(crate) fn catch_up_clock(&mut self, fabric: &mut Fabric) {
        self.mclk.catch_up(fabric);
    }

    /// Everything up to now is carried out, for those who look from outside.
    pub fn catch_up(&mut self, fabric: &mut Fabric, port: &mut Port) {
        if self.tx.runs {
            self.serve_tx(fabric, port);
        }
        if self.rx.runs {
            self.serve_rx(fabric, port);
        }
    }

    /// Both directions look at what changed.
    fn look_again(&self, fabric: &mut Fabric) {
        fabric.soon(self.wiring().tx_slot);
        fabric.soon(self.wiring().rx_slot);
    }

    fn load(&self, register: Reg) -> u32 {
        let stored = self.bank.load(register);
        match register {
            Reg::INT_ST => self.bank.get(Reg::INT_RAW) & self.bank.get(Reg::INT_ENA),
            // What UPDATE asks for is done at once.
            Reg::TX_CONF => stored & !TX_CONF::TX_UPDATE.mask,
            Reg::RX_CONF => stored & !RX_CONF::RX_UPDATE.mask,
            Reg::STATE => STATE::TX_IDLE.put(0, u32::from(self.tx.clock.is_none())),
            _ => stored,
        }
    }

    /// TX_RESET and RX_RESET: the state machine, not the registers.
    fn restart(&mut self, out: bool, fabric: &mut Fabric) {
        let wiring = &WIRING[self.index];
        let (direction, slot) = if out { (&mut self.tx, wiring.tx_slot) } else { (&mut self.rx, wiring.rx_slot) };
        let (format, digest) = (direction.format, direction.digest);
        *direction = Direction { digest, ..Direction::new(format) };
        if !out {
            self.rx_packet = 0;
        }
        self.watch(fabric);
        fabric.soon(slot);
    }
}

/// PDM data is I2S0's alone.
fn is_missing(index: usize, register: Reg) -> bool {
    index == 1 && matches!(register, Reg::TX_PCM2PDM_CONF | Reg::TX_PCM2PDM_CONF1)
}

impl Block for I2s {
    const GROUPS: &'static [Group] = &[Group::one("I2S0", Reg::TABLE)];

    fn read(&mut self, offset: u32, fabric: &mut Fabric) -> u32 {
        match Reg::at(offset).filter(|register| !is_missing(self.index, *register)) {
            Some(register) => self.load(register),
            None => undeclared(self.wiring().name, offset, fabric),
        }
    }

    fn stays(&self, offset: u32) -> bool {
        Reg::at(offset).is_some_and(|register| !is_missing(self.index, register))
    }

    fn peek(&mut self, offset: u32, _: &mut Fabric) -> u32 {
        Reg::at(offset).map_or(0, |register| self.load(register))
    }

    fn write(&mut self, offset: u32, write: Write, fabric: &mut Fabric) {
        let name = self.wiring().name;
        let Some(register) = Reg::at(offset).filter(|register| !is_missing(self.index, *register)) else {
            undeclared(name, offset, fabric);
            return;
        };
        if register != Reg::INT_CLR {
            self.bank.store(register, write, name, &mut fabric.gaps);
        }
        match register {
            Reg::INT_CLR => self.bank.set(Reg::INT_RAW, self.bank.get(Reg::INT_RAW) & !write.raw),
            Reg::TX_CONF => {
                if TX_CONF::TX_UPDATE.is_set(write.raw) {
                    self.bank.set_field(Reg::TX_CONF, TX_CONF::TX_UPDATE, 0);
                    self.tx.format = Format::of_tx(&self.bank);
                }
                if TX_CONF::TX_RESET.is_set(write.raw) {
                    self.restart(true, fabric);
                }
                self.look_again(fabric);
            }
            Reg::RX_CONF => {
                if RX_CONF::RX_UPDATE.is_set(write.raw) {
                    self.bank.set_field(Reg::RX_CONF, RX_CONF::RX_UPDATE, 0);
                    self.rx.format = Format::of_rx(&self.bank);
                }
                if RX_CONF::RX_RESET.is_set(write.raw) {
                    self.restart(false, fabric);
                }
                if RX_CONF::RX_FIFO_RESET.is_set(write.raw) {
                    self.rx_packet = 0;
                }
                self.look_again(fabric);
            }
            Reg::TX_CLKM_CONF | Reg::TX_CLKM_DIV_CONF | Reg::RX_CLKM_CONF | Reg::RX_CLKM_DIV_CONF => {
                self.settle_mclk(fabric);
                if self.tx.runs || self.rx.runs {
                    self.look_again(fabric);
                }
            }
            _ => {}
        }
        self.settle_interrupts(fabric);
    }

    fn input(&mut self, edge: InputEdge, fabric: &mut Fabric) {
        for out in [true, false] {
            let (bck, ws) = self.slave_signals(out, fabric);
            if edge.signal != bck && edge.signal != ws {
                continue;
            }
            if out {
                self.tx_input(edge, fabric);
            } else {
                self.rx_input(edge, fabric);
            }
        }
    }

    fn clocks_changed(&mut self, fabric: &mut Fabric) {
        self.settle_mclk(fabric);
        if self.tx.runs || self.rx.runs {
            self.look_again(fabric);
        }
    }

    fn reset(&mut self, fabric: &mut Fabric) {
        *self = Self::new(self.index);
        fabric.cancel(self.wiring().tx_slot);
        fabric.cancel(self.wiring().rx_slot);
        self.settle_mclk(fabric);
        self.watch(fabric);
        self.settle_interrupts(fabric);
    }
}
