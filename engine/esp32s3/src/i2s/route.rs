//! Which pins a direction is on, who looks at them, and where its clock comes from.

use super::{BitClock, Clocking, I2s, Look, Timeline, WIRING};
use crate::fabric::Fabric;
use crate::signals::Signal;
use engine_core::i2s::{I2sLayout, I2sLines};
use engine_core::time::Ps;

fn bit(pin: Option<u8>) -> u64 {
    pin.map_or(0, |pin| 1 << pin)
}

impl I2s {
    /// The signals on which a slave gets bit clock and word select: its own, or with SIG_LOOPBACK the other direction's.
    pub(super) fn slave_signals(&self, out: bool, fabric: &Fabric) -> (Signal, Signal) {
        let wiring = self.wiring();
        let (tx, rx) = ((wiring.tx_bck, wiring.tx_ws), (wiring.rx_bck, wiring.rx_ws));
        let (own, other) = if out { (tx, rx) } else { (rx, tx) };
        if self.shares() && fabric.io.source_of(own.0).is_none() {
            other
        } else {
            own
        }
    }

    /// The pins of bit clock and word select of a direction that is the master.
    fn master_pins(&self, out: bool, fabric: &Fabric) -> (u64, u64) {
        let (wiring, io) = (self.wiring(), &fabric.io);
        let (tx, rx) = if self.shares() { (true, true) } else { (out, !out) };
        let pins = |on: bool, signal: Signal| if on { io.pins_of(signal) } else { 0 };
        (pins(tx, wiring.tx_bck) | pins(rx, wiring.rx_bck), pins(tx, wiring.tx_ws) | pins(rx, wiring.rx_ws))
    }

    /// The pins of a direction.
    pub(super) fn lines(&self, out: bool, fabric: &Fabric) -> I2sLines {
        let (wiring, io) = (self.wiring(), &fabric.io);
        let clocking = if out { self.tx.clocking } else { self.rx.clocking };
        let (bck, ws) = match clocking {
            Clocking::Own => self.master_pins(out, fabric),
            Clocking::Shared => self.master_pins(true, fabric),
            Clocking::Part | Clocking::Wires => {
                let (bck, ws) = self.slave_signals(out, fabric);
                (bit(io.source_of(bck)), bit(io.source_of(ws)))
            }
        };
        let data = if out { io.pins_of(wiring.tx_data) } else { bit(io.source_of(wiring.rx_data)) };
        I2sLines { bck, ws, data }
    }

    /// How frames look on the pins, where the matrix inverts WS.
    pub(super) fn seen(&self, layout: I2sLayout, lines: &I2sLines, fabric: &Fabric) -> I2sLayout {
        let inverts = fabric.io.inverts_output(lines.ws);
        I2sLayout { ws_level: layout.ws_level != inverts, ..layout }
    }

    /// Does somebody act on edges of these pins?
    fn acts_on(&self, pins: u64, fabric: &Fabric) -> bool {
        pins & (fabric.interrupting_pins | fabric.wake.watching) != 0
            || fabric.io.is_watched(pins)
            || fabric.pins.i2s_needs_edges(pins)
    }

    fn look(&self, outputs: u64, clocks: u64, fabric: &Fabric) -> Look {
        if self.acts_on(outputs, fabric) || fabric.io.inverts_output(clocks) {
            Look::Prompt
        } else if fabric.pins.i2s_shows_edges(outputs) {
            Look::Later
        } else {
            Look::Frames
        }
    }

    /// Who looks at what TX puts out.
    pub(super) fn tx_look(&self, fabric: &Fabric) -> Look {
        let lines = self.lines(true, fabric);
        let is_master = self.tx.clocking == Clocking::Own;
        let outputs = lines.data | if is_master { lines.bck | lines.ws } else { 0 };
        let taken = WIRING.iter().fold(0, |pins, wiring| pins | bit(fabric.io.source_of(wiring.rx_data)));
        let followed = self.rx.runs && self.rx.clocking == Clocking::Shared;
        match self.look(outputs, if is_master { lines.bck } else { 0 }, fabric) {
            _ if lines.data & taken != 0 => Look::Prompt,
            Look::Later if followed => Look::Prompt,
            look => look,
        }
    }

    /// Who looks at what RX puts out; edges as well where its data cannot be had in whole frames: from the chip's own pins,
    /// alone or against a part.
    pub(super) fn rx_look(&self, fabric: &Fabric) -> Look {
        let lines = self.lines(false, fabric);
        let by_edges = if self.rx.format.pdm {
            self.pdm_needs_edges(fabric)
        } else {
            lines.data & fabric.pins.driven() != 0
                || !fabric.pins.i2s_speaks(&lines) && fabric.pins.is_joined(lines.data)
        };
        match self.rx.clocking {
            _ if by_edges => Look::Prompt,
            Clocking::Own => self.look(lines.bck | lines.ws, lines.bck, fabric),
            Clocking::Shared => self.tx_look(fabric),
            Clocking::Part | Clocking::Wires => Look::Frames,
        }
    }

    /// The clock of a direction and its frames, if they began now; the clock of others where it has none of its own.
    /// `None`: single edges of wires are its clock, or it stands still.
    pub(super) fn timeline(&self, out: bool, now: Ps, fabric: &mut Fabric) -> Option<Timeline> {
        let format = if out { self.tx.format } else { self.rx.format };
        if !out && self.shares() && !self.tx.format.slave && (self.tx.runs || format.slave) {
            let layout = I2sLayout { delay: format.layout.delay, ..self.tx.layout };
            return Some(Timeline {
                clocking: Clocking::Shared,
                clock: self.tx.clock?,
                layout,
                clocks: self.tx.clocks,
            });
        }
        if !format.slave {
            let clock = if out { self.tx_clock(now, fabric) } else { self.rx_clock(now, fabric) };
            let clocks = if format.pdm { self.pdm_clocks(out) } else { format.layout.bits.into() };
            let line = Timeline { clocking: Clocking::Own, clock, layout: format.layout, clocks };
            return Some(line).filter(|line| line.clock.runs());
        }
        if format.pdm {
            return None;
        }
        let part = fabric.pins.i2s_clock(fabric.io.source_of(self.slave_signals(out, fabric).0)?)?;
        let mut clock = BitClock::of_part(&part);
        let mut layout = I2sLayout { delay: format.layout.delay, ..part.layout };
        if layout.ws_level != format.layout.ws_level {
            clock.from = clock.falls(layout.ws_first.into());
            layout.ws_first = layout.bits - layout.ws_first;
            layout.ws_level = !layout.ws_level;
        }
        let line = Timeline { clocking: Clocking::Part, clock, layout, clocks: layout.bits.into() };
        Some(line).filter(|line| line.clock.runs())
    }

    /// How a direction without a clock of its own is clocked.
    pub(super) fn waits_for(&self, out: bool) -> Clocking {
        let format = if out { &self.tx.format } else { &self.rx.format };
        match (format.slave, out || !self.shares() || self.tx.format.slave) {
            (true, true) => Clocking::Wires,
            (true, false) => Clocking::Shared,
            (false, _) => Clocking::Own,
        }
    }

    /// Slaves on wires look at their clock and word select.
    pub(super) fn watch(&self, fabric: &mut Fabric) {
        let wiring = self.wiring();
        let mut wanted = Vec::new();
        for (out, direction) in [(true, &self.tx), (false, &self.rx)] {
            if direction.runs && direction.clocking == Clocking::Wires {
                let (bck, ws) = self.slave_signals(out, fabric);
                wanted.extend([bck, ws]);
            }
        }
        for signal in [wiring.tx_bck, wiring.tx_ws, wiring.rx_bck, wiring.rx_ws] {
            fabric.watch_input(signal, wanted.contains(&signal));
        }
    }

    /// The master drives its bit clock and word select, at a moment that is not later than now.
    pub(super) fn drive_clock(&self, out: bool, bck: bool, ws: bool, at: Ps, fabric: &mut Fabric) {
        for (signal, is_ws) in self.clock_lines(out).into_iter().flatten() {
            fabric.drive_at(signal, if is_ws { ws } else { bck }, at);
        }
    }

    /// The signals of a master's bit clock and word select, and which of them are word selects.
    pub(super) fn clock_lines(&self, out: bool) -> [Option<(Signal, bool)>; 4] {
        let wiring = self.wiring();
        let (tx, rx) = if self.shares() { (true, true) } else { (out, !out) };
        let lines = [
            (tx, wiring.tx_bck, false),
            (rx, wiring.rx_bck, false),
            (tx, wiring.tx_ws, true),
            (rx, wiring.rx_ws, true),
        ];
        lines.map(|(on, signal, is_ws)| on.then_some((signal, is_ws)))
    }
}
