//! TX: frames from memory onto the wire.

use super::{BitClock, Clocking, Direction, I2s, Look, Reg, CHUNK, INT_RAW, LOOK, TX_CONF, TX_TIMING};
use crate::block::InputEdge;
use crate::fabric::Fabric;
use crate::gdma::Port;
use engine_core::registers::Field;
use engine_core::time::Ps;

impl I2s {
    /// TX is brought up to now: what was due, START, the clock.
    pub(super) fn serve_tx(&mut self, fabric: &mut Fabric, port: &mut Port) {
        let now = fabric.now();
        let starts = self.is_set(Reg::TX_CONF, TX_CONF::TX_START);
        while let Some(at) = self.tx.next_step().filter(|_| starts) {
            if at > now {
                fabric.at(self.wiring().tx_slot, at);
                return;
            }
            self.send_edges(at, fabric, port);
        }
        if self.tx.runs {
            self.advance_tx(now, fabric, port);
        }
        if !starts {
            self.stop_tx(fabric);
            return;
        }
        if !self.tx.runs {
            self.start_tx(fabric);
        }
        self.settle_tx_clock(now, fabric, port);
        self.advance_tx(now, fabric, port);
        self.look_hung(true, fabric);
        self.plan_tx(fabric, port);
    }

    fn start_tx(&mut self, fabric: &mut Fabric) {
        let (name, format) = (self.wiring().name, self.tx.format);
        let digest = self.tx.digest;
        self.tx = Direction { runs: true, digest, clocking: self.waits_for(true), ..Direction::new(format) };
        if !format.tdm && !format.pdm {
            fabric.gaps.touch(&format!("{name}.TX_CONF.TX_TDM_EN"), "TX runs in neither TDM nor PDM mode");
        }
        if format.tdm && !format.fits() {
            let why = "TX_HALF_SAMPLE_BITS does not fit the slots: slots beyond the frame are left out";
            fabric.gaps.touch(&format!("{name}.TX_CONF1.TX_HALF_SAMPLE_BITS"), why);
        }
        self.check_pdm(true, fabric);
        self.show_tx_idle(fabric);
        self.watch(fabric);
    }

    fn stop_tx(&mut self, fabric: &mut Fabric) {
        fabric.cancel(self.wiring().tx_slot);
        if !self.tx.runs {
            return;
        }
        self.tx.runs = false;
        self.tx.clock = None;
        self.tx.stuck = None;
        self.show_tx_idle(fabric);
        self.watch(fabric);
        fabric.soon(self.wiring().rx_slot);
    }

    /// Levels before the first frame: WS as it is at the end of a frame, so that its first edge begins one.
    fn show_tx_idle(&self, fabric: &mut Fabric) {
        let now = fabric.now();
        if !self.tx.format.slave {
            let layout = self.tx.format.layout;
            let ws = !self.tx.format.pdm && layout.ws(u32::from(layout.bits) - 1);
            self.drive_clock(true, false, ws, now, fabric);
        }
        fabric.drive(self.wiring().tx_data, false);
    }

    /// TX follows its clock as soon as it has data, and another clock from now on.
    fn settle_tx_clock(&mut self, now: Ps, fabric: &mut Fabric, port: &mut Port) {
        let Some(line) = self.timeline(true, now, fabric) else {
            if self.tx.clock.take().is_some() {
                fabric.soon(self.wiring().rx_slot);
            }
            self.tx.clocking = self.waits_for(true);
            if self.tx.clocking == Clocking::Wires && self.tx.waiting.is_empty() {
                self.refill(fabric, port);
            }
            self.watch(fabric);
            return;
        };
        if self.tx.follows(&line) {
            return;
        }
        let ready = self.tx.format.frame_bytes() == 0 || port.is_ready(self.wiring().peripheral, true);
        if !ready && self.stops_when_empty() {
            self.starve(now);
            return;
        }
        self.tx.begin(line, now);
        self.tx.delays = self.output_delays(&line.clock);
        self.watch(fabric);
        fabric.soon(self.wiring().rx_slot);
    }

    /// TX_STOP_EN: bit clock and word select stop where there is no data.
    fn stops_when_empty(&self) -> bool {
        self.is_set(Reg::TX_CONF, TX_CONF::TX_STOP_EN) && !self.tx.format.slave
    }

    fn starve(&mut self, since: Ps) {
        self.tx.stuck.get_or_insert((since, false));
    }

    /// Takes the data of so many frames from memory. Fewer: it ran out.
    fn fetch(&mut self, count: usize, fabric: &mut Fabric, port: &mut Port) -> Vec<u128> {
        let (format, single) = (self.tx.format, self.bank.get(Reg::CONF_SIGLE_DATA));
        let bytes = format.frame_bytes();
        if bytes == 0 {
            return vec![self.fit(format.pack(&[], single)); count];
        }
        let mut data = vec![0; count * bytes];
        let got = port.pull(self.wiring().peripheral, &mut data, fabric);
        // The rest of a frame that has begun is 0.
        let frames = data[..got.div_ceil(bytes) * bytes].chunks(bytes).map(|data| self.fit(format.pack(data, single)));
        let frames: Vec<u128> = frames.collect();
        if format.pdm {
            self.pass_high(frames)
        } else {
            frames
        }
    }

    /// A frame as long as that of the master.
    fn fit(&self, frame: u128) -> u128 {
        if self.tx.format.pdm {
            return frame;
        }
        let (has, wants) = (self.tx.format.layout.bits, self.tx.layout.bits);
        if wants >= has {
            frame << (wants - has)
        } else {
            frame >> (has - wants)
        }
    }

    /// The frames and edges up to `until` happen.
    fn advance_tx(&mut self, until: Ps, fabric: &mut Fabric, port: &mut Port) {
        match self.tx_look(fabric) {
            Look::Frames => self.send_frames(until, fabric, port),
            Look::Later | Look::Prompt => self.send_edges(until, fabric, port),
        }
    }

    fn send_frames(&mut self, until: Ps, fabric: &mut Fabric, port: &mut Port) {
        while let Some(clock) = self.tx.clock {
            let first = self.tx.frames;
            let begins = |n: u64| self.tx.frame_at(&clock, first + n);
            let at: Vec<Ps> = (0..CHUNK).map(begins).take_while(|at| *at <= until).collect();
            if at.is_empty() {
                // Should somebody look at edges from now on, they go on from here.
                self.tx.edge = self.tx.edge.max(2 * clock.first_from(until));
                return;
            }
            let frames = self.fetch_at(&at, fabric, port);
            if self.tx.format.pdm {
                self.send_pcm(&frames, &at[..frames.len()], fabric);
                continue;
            }
            let lines = self.lines(true, fabric);
            let layout = self.seen(self.tx.layout, &lines, fabric);
            let shown: Vec<u128> = if fabric.io.inverts_output(lines.data) {
                frames.iter().map(|frame| !frame).collect()
            } else {
                frames.clone()
            };
            fabric.pins.i2s_send(&lines, &layout, &shown, &at[..frames.len()]);
        }
    }

    /// The frames that begin at these times. Fewer: the data ran out, and the clock stopped.
    fn fetch_at(&mut self, at: &[Ps], fabric: &mut Fabric, port: &mut Port) -> Vec<u128> {
        let mut frames = self.fetch(at.len(), fabric, port);
        if frames.len() < at.len() {
            self.starve(at[frames.len()]);
            if self.stops_when_empty() {
                self.tx.clock = None;
                self.raise(INT_RAW::TX_DONE_INT_RAW, fabric);
                fabric.soon(self.wiring().rx_slot);
            } else {
                frames.resize(at.len(), 0);
            }
        } else {
            self.tx.stuck = None;
        }
        let id = self.id(true);
        for (frame, at) in frames.iter().zip(at) {
            self.tx.pass(*frame, *at, id, fabric);
            self.tx.carried = self.tx.current & 1 != 0;
            self.tx.current = *frame;
            self.tx.frames += 1;
        }
        frames
    }

    fn send_edges(&mut self, until: Ps, fabric: &mut Fabric, port: &mut Port) {
        while let Some(clock) = self.tx.clock {
            let edge = self.tx.edge;
            let at = Direction::edge_at(&clock, edge);
            if self.tx.shown_at(&clock) > until {
                return;
            }
            let index = edge / 2 % self.tx.clocks;
            let rises = edge % 2 != 0;
            if !rises && index == 0 && self.tx.frames <= edge / 2 / self.tx.clocks {
                self.fetch_at(&[at], fabric, port);
                if self.tx.clock.is_none() {
                    self.show_tx_idle(fabric);
                    return;
                }
            }
            if self.tx.format.pdm {
                self.pdm_edge(rises, at, fabric);
                self.tx.edge += 1;
                continue;
            }
            let data = (!rises).then(|| self.data_bit(index as u32));
            if self.tx.delays != [0; 4] {
                self.drive_delayed(rises, self.tx.layout.ws(index as u32), data, at, fabric);
                self.tx.edge += 1;
                continue;
            }
            if self.tx.clocking == Clocking::Own {
                self.drive_clock(true, rises, self.tx.layout.ws(index as u32), at, fabric);
            }
            if let Some(data) = data {
                fabric.drive_at(self.wiring().tx_data, data, at);
            }
            self.tx.edge += 1;
        }
    }

    /// TX_TIMING: a line is delayed until the next rising edge of MCLK (1), or the next falling one (2); half a bit is the most.
    fn output_delays(&self, clock: &BitClock) -> [Ps; 4] {
        use TX_TIMING as T;
        let timing = self.bank.get(Reg::TX_TIMING);
        let (mclk, half) = (clock.mclk(0), clock.rises(0) - clock.falls(0));
        let delay = |field: Field| match field.get(timing) {
            1 => mclk.min(half),
            2 => (mclk / 2).min(half),
            _ => 0,
        };
        [T::TX_BCK_OUT_DM, T::TX_WS_OUT_DM, T::TX_SD_OUT_DM, T::TX_SD1_OUT_DM].map(delay)
    }

    /// An edge of the bit clock, where lines are delayed.
    fn drive_delayed(&self, rises: bool, ws: bool, data: Option<bool>, at: Ps, fabric: &mut Fabric) {
        let [bck, select, sd, _] = self.tx.delays;
        let mut changes = Vec::with_capacity(5);
        if self.tx.clocking == Clocking::Own {
            let levels = self.clock_lines(true).into_iter().flatten();
            changes
                .extend(levels.map(|(signal, is_ws)| if is_ws { (select, signal, ws) } else { (bck, signal, rises) }));
        }
        changes.extend(data.map(|data| (sd, self.wiring().tx_data, data)));
        changes.sort_by_key(|change| change.0);
        for (delay, signal, level) in changes {
            fabric.drive_at(signal, level, at + delay);
        }
    }

    /// The data line in bit clock `index` of the frame under way.
    fn data_bit(&self, index: u32) -> bool {
        let place = index.checked_sub(u32::from(self.tx.layout.delay));
        let bits = u32::from(self.tx.layout.bits);
        place.map_or(self.tx.carried, |place| place < bits && self.tx.current >> (bits - 1 - place) & 1 != 0)
    }

    /// When TX must be looked at again.
    fn plan_tx(&mut self, fabric: &mut Fabric, port: &mut Port) {
        self.tx.steps = self.tx_look(fabric) == Look::Prompt;
        let tx = &self.tx;
        let due = match tx.clock {
            Some(clock) if tx.steps => tx.shown_at(&clock),
            Some(clock) => {
                let bytes = tx.format.frame_bytes();
                let left = match bytes {
                    0 => CHUNK,
                    _ => port.left(self.wiring().peripheral, true, fabric).div_ceil(bytes) as u64,
                };
                let last = (tx.frames + left.max(1) - 1).min(tx.frames | (CHUNK - 1));
                tx.frame_at(&clock, last) + tx.lag()
            }
            None if tx.clocking == Clocking::Wires => fabric.now() + LOOK,
            None => Ps::MAX,
        };
        let due = due.min(self.hung_at(self.tx.stuck, fabric));
        fabric.at(self.wiring().tx_slot, due);
    }

    /// A slave on wires has a frame ready for the next edge of WS.
    fn refill(&mut self, fabric: &mut Fabric, port: &mut Port) {
        let now = fabric.now();
        let frames = self.fetch(1, fabric, port);
        match frames.first() {
            Some(frame) => {
                self.tx.waiting.push((*frame, now));
                self.tx.stuck = None;
            }
            None => self.starve(now),
        }
    }

    /// An edge of the clock or of the word select of a slave on wires.
    pub(super) fn tx_input(&mut self, edge: InputEdge, fabric: &mut Fabric) {
        let (bck, _) = self.slave_signals(true, fabric);
        let (layout, bits) = (self.tx.format.layout, u32::from(self.tx.format.layout.bits));
        if !self.tx.runs || self.tx.clocking != Clocking::Wires {
            return;
        }
        if edge.signal != bck {
            if edge.high != layout.ws_level {
                return;
            }
            let (at, id) = (edge.at, self.id(true));
            let frame = self.tx.waiting.pop().map_or(0, |(frame, _)| frame);
            self.tx.pass(frame, at, id, fabric);
            self.tx.frames += 1;
            self.tx.carried = self.tx.current & 1 != 0;
            self.tx.current = frame;
            self.tx.turned = at;
            self.tx.bits = u32::from(!layout.delay);
            if !layout.delay {
                fabric.drive_at(self.wiring().tx_data, frame >> (bits - 1) & 1 != 0, at);
            }
            fabric.soon(self.wiring().tx_slot);
        } else if !edge.high {
            let place = self.tx.bits;
            let level = if self.tx.turned == edge.at {
                if !layout.delay {
                    return;
                }
                self.tx.carried
            } else {
                self.tx.bits = place.saturating_add(1);
                place < bits && self.tx.current >> (bits - 1 - place) & 1 != 0
            };
            fabric.drive_at(self.wiring().tx_data, level, edge.at);
        }
    }
}
