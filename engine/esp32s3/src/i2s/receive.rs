//! RX: frames from the wire into memory.

use super::{Clocking, Direction, I2s, Look, Reg, CHUNK, INT_RAW, LOOK, RXEOF_NUM, RX_CONF};
use crate::block::InputEdge;
use crate::fabric::Fabric;
use crate::gdma::Port;
use engine_core::time::Ps;

/// RX_STOP_MODE: RX stops at the end of a packet, or as memory is full.
const STOP_AT_EOF: u32 = 1;
const STOP_WHEN_FULL: u32 = 2;

impl I2s {
    /// RX is brought up to now: what was due, START, the clock.
    pub(super) fn serve_rx(&mut self, fabric: &mut Fabric, port: &mut Port) {
        let now = fabric.now();
        let starts = self.is_set(Reg::RX_CONF, RX_CONF::RX_START);
        while let Some(at) = self.rx.next_step().filter(|_| starts) {
            if at > now {
                fabric.at(self.wiring().rx_slot, at);
                return;
            }
            self.take_edges(at, fabric, port);
        }
        if self.rx.runs {
            self.advance_rx(now, fabric, port);
        }
        if !starts {
            self.stop_rx(fabric);
            return;
        }
        if !self.rx.runs {
            self.start_rx(fabric);
        }
        self.settle_rx_clock(now, fabric);
        self.look_hung(false, fabric);
        self.plan_rx(fabric, port);
    }

    fn start_rx(&mut self, fabric: &mut Fabric) {
        let (name, format) = (self.wiring().name, self.rx.format);
        let digest = self.rx.digest;
        self.rx = Direction { runs: true, digest, clocking: self.waits_for(false), ..Direction::new(format) };
        if !format.tdm && !format.pdm {
            fabric.gaps.touch(&format!("{name}.RX_CONF.RX_TDM_EN"), "RX runs in neither TDM nor PDM mode");
        }
        if format.tdm && !format.fits() {
            let why = "RX_HALF_SAMPLE_BITS does not fit the slots: slots beyond the frame read 0";
            fabric.gaps.touch(&format!("{name}.RX_CONF1.RX_HALF_SAMPLE_BITS"), why);
        }
        self.check_pdm(false, fabric);
        self.show_rx_idle(fabric);
        self.watch(fabric);
        // What TX puts out may have to be seen in time from now on.
        fabric.soon(self.wiring().tx_slot);
    }

    fn stop_rx(&mut self, fabric: &mut Fabric) {
        fabric.cancel(self.wiring().rx_slot);
        if !self.rx.runs {
            return;
        }
        self.show_rx_idle(fabric);
        self.rx.runs = false;
        self.rx.clock = None;
        self.rx.stuck = None;
        self.watch(fabric);
    }

    fn show_rx_idle(&self, fabric: &mut Fabric) {
        if self.rx.clocking == Clocking::Own {
            let (now, layout) = (fabric.now(), self.rx.format.layout);
            let ws = !self.rx.format.pdm && layout.ws(u32::from(layout.bits) - 1);
            self.drive_clock(false, false, ws, now, fabric);
        }
    }

    fn settle_rx_clock(&mut self, now: Ps, fabric: &mut Fabric) {
        match self.timeline(false, now, fabric) {
            Some(line) if self.rx.follows(&line) => return,
            Some(line) => self.rx.begin(line, now),
            None => {
                self.rx.clock = None;
                self.rx.clocking = self.waits_for(false);
            }
        }
        self.watch(fabric);
    }

    /// When a frame has been taken: its last bit is looked at.
    fn taken_at(&self, frame: u64) -> Option<Ps> {
        if self.rx.format.pdm {
            return Some(self.rx.frame_at(&self.rx.clock?, frame + 1));
        }
        let last = (frame + 1) * self.rx.clocks - 1 + u64::from(self.rx.layout.delay);
        Some(self.rx.clock?.rises(last))
    }

    fn advance_rx(&mut self, until: Ps, fabric: &mut Fabric, port: &mut Port) {
        match self.rx_look(fabric) {
            _ if self.rx.clocking == Clocking::Wires => self.take_waiting(fabric, port),
            Look::Frames => self.take_frames(until, fabric, port),
            Look::Later | Look::Prompt => self.take_edges(until, fabric, port),
        }
    }

    fn take_frames(&mut self, until: Ps, fabric: &mut Fabric, port: &mut Port) {
        while let Some(clock) = self.rx.clock {
            let first = self.rx.frames;
            let is_over = |frame: &u64| self.taken_at(*frame).is_some_and(|at| at <= until);
            let count = (first..first + CHUNK).take_while(is_over).count() as u64;
            if count == 0 {
                self.rx.edge = self.rx.edge.max(2 * clock.first_from(until));
                return;
            }
            let at: Vec<Ps> = (first..first + count).map(|frame| self.rx.frame_at(&clock, frame)).collect();
            if self.rx.format.pdm {
                self.take_pcm(&at, fabric, port);
                continue;
            }
            let lines = self.lines(false, fabric);
            let layout = self.seen(self.rx.layout, &lines, fabric);
            let constant = if fabric.input(self.wiring().rx_data) { u128::MAX } else { 0 };
            let inverts = fabric.io.inverts_input(self.wiring().rx_data);
            let frames = match fabric.pins.i2s_receive(&lines, &layout, &at) {
                Some(frames) if inverts => frames.iter().map(|frame| !frame).collect(),
                Some(frames) => frames,
                None => vec![constant; at.len()],
            };
            for frame in frames {
                let taken = self.taken_at(self.rx.frames).unwrap_or(until);
                self.take_frame(frame, taken, fabric, port);
            }
        }
    }

    fn take_edges(&mut self, until: Ps, fabric: &mut Fabric, port: &mut Port) {
        while let Some(clock) = self.rx.clock {
            let edge = self.rx.edge;
            let at = Direction::edge_at(&clock, edge);
            if at > until {
                return;
            }
            let (bit, rises) = (edge / 2, edge % 2 != 0);
            if self.rx.format.pdm {
                if self.count_pcm(edge, fabric) {
                    self.finish_pcm(at, fabric, port);
                }
                if self.rx.clocking == Clocking::Own {
                    self.drive_clock(false, rises, rises, at, fabric);
                }
                self.rx.edge += 1;
                continue;
            }
            if self.rx.clocking == Clocking::Own {
                let ws = self.rx.layout.ws((bit % self.rx.clocks) as u32);
                self.drive_clock(false, rises, ws, at, fabric);
            }
            self.rx.edge += 1;
            if rises {
                self.rx.current = self.rx.current << 1 | u128::from(fabric.input(self.wiring().rx_data));
                if self.taken_at(self.rx.frames) == Some(at) {
                    let current = self.rx.current;
                    self.take_frame(current, at, fabric, port);
                }
            }
        }
    }

    fn take_waiting(&mut self, fabric: &mut Fabric, port: &mut Port) {
        for (frame, at) in std::mem::take(&mut self.rx.waiting) {
            self.take_frame(frame, at, fabric, port);
        }
    }

    /// A frame is complete: its samples go to memory.
    fn take_frame(&mut self, frame: u128, at: Ps, fabric: &mut Fabric, port: &mut Port) {
        let bits = if self.rx.clocking == Clocking::Wires { self.rx.format.layout.bits } else { self.rx.layout.bits };
        let frame = frame & (u128::MAX >> (128 - u32::from(bits)));
        let id = self.id(false);
        self.rx.pass(frame, at, id, fabric);
        self.rx.frames += 1;
        let mut bytes = Vec::with_capacity(64);
        self.rx.format.unpack(frame, bits.into(), &mut bytes);
        self.store(&bytes, fabric, port);
    }

    /// Samples go to memory, sample by sample as far as packets end.
    pub(super) fn store(&mut self, mut bytes: &[u8], fabric: &mut Fabric, port: &mut Port) {
        let packet = (self.bank.field(Reg::RXEOF_NUM, RXEOF_NUM::RX_EOF_NUM) as usize).max(1);
        let step = self.rx.format.sample_bytes();
        let mode = self.bank.field(Reg::RX_CONF, RX_CONF::RX_STOP_MODE);
        while !bytes.is_empty() {
            let room = packet.saturating_sub(self.rx_packet).div_ceil(step).max(1) * step;
            let (now, rest) = bytes.split_at(room.min(bytes.len()));
            let ends = self.rx_packet + now.len() >= packet;
            let stored = port.push(self.wiring().peripheral, now, ends, fabric);
            self.rx_packet = if ends { 0 } else { self.rx_packet + now.len() };
            bytes = rest;
            if stored < now.len() {
                self.rx.stuck.get_or_insert((fabric.now(), false));
            } else {
                self.rx.stuck = None;
            }
            if ends && mode == STOP_AT_EOF || stored < now.len() && mode == STOP_WHEN_FULL {
                self.bank.set_field(Reg::RX_CONF, RX_CONF::RX_START, 0);
                self.rx.clock = None;
                self.raise(INT_RAW::RX_DONE_INT_RAW, fabric);
                return;
            }
        }
    }

    /// When RX must be looked at again.
    fn plan_rx(&mut self, fabric: &mut Fabric, port: &mut Port) {
        self.rx.steps = self.rx_look(fabric) == Look::Prompt;
        let rx = &self.rx;
        let due = match rx.clock {
            Some(clock) if rx.steps => Direction::edge_at(&clock, rx.edge),
            Some(_) => {
                let packet = self.bank.field(Reg::RXEOF_NUM, RXEOF_NUM::RX_EOF_NUM) as usize;
                let room = match port.left(self.wiring().peripheral, false, fabric) {
                    0 => usize::MAX,
                    left => left,
                };
                let bytes = room.min(packet.saturating_sub(self.rx_packet).max(1));
                let last = match rx.format.frame_bytes() {
                    0 => rx.frames | (CHUNK - 1),
                    frame => (rx.frames + bytes.div_ceil(frame) as u64 - 1).min(rx.frames | (CHUNK - 1)),
                };
                self.taken_at(last).unwrap_or(Ps::MAX)
            }
            None if rx.clocking == Clocking::Wires => fabric.now() + LOOK,
            None => Ps::MAX,
        };
        let due = due.min(self.hung_at(self.rx.stuck, fabric));
        fabric.at(self.wiring().rx_slot, due);
    }

    /// An edge of the clock of a slave on wires: data and word select are looked at as it rises.
    pub(super) fn rx_input(&mut self, edge: InputEdge, fabric: &mut Fabric) {
        let (bck, ws) = self.slave_signals(false, fabric);
        if !self.rx.runs || self.rx.clocking != Clocking::Wires || edge.signal != bck || !edge.high {
            return;
        }
        let (layout, data) = (self.rx.format.layout, self.wiring().rx_data);
        let (ws, data) = (fabric.input(ws), fabric.input(data));
        let begins = std::mem::replace(&mut self.rx.ws, ws) != ws && ws == layout.ws_level;
        if begins && !layout.delay {
            self.rx.bits = 0;
        }
        if self.rx.bits < u32::from(layout.bits) {
            self.rx.current = self.rx.current << 1 | u128::from(data);
            self.rx.bits += 1;
            if self.rx.bits == u32::from(layout.bits) {
                self.rx.waiting.push((self.rx.current, edge.at));
                fabric.soon(self.wiring().rx_slot);
            }
        }
        if begins && layout.delay {
            self.rx.bits = 0;
        }
    }
}
