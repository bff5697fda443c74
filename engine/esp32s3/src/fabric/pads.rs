//! Pads that are set up anew, and who looks at them.

use super::Fabric;
use crate::io::{InSelect, Io, OutSelect, Pad};
use crate::signals::*;
use crate::slots::Slot;
use engine_core::time::Ps;

impl Fabric {
    /// A pad is set up anew.
    pub fn set_pad(&mut self, pin: u8, pad: Pad) {
        self.set_up_pads(|io| io.set_pad(pin, pad));
    }

    /// These pads are held, and no others.
    pub fn hold_pads(&mut self, pins: u64) {
        self.set_up_pads(|io| io.hold(pins));
    }

    /// The chip goes to sleep, or wakes: so do the pads that have settings for it.
    pub fn sleep_pads(&mut self, asleep: bool) {
        self.set_up_pads(|io| io.sleep(asleep));
    }

    /// Software drives D+ and D- by hand (`Some(None)`: it drives neither), or leaves the pads to their routing.
    pub fn drive_usb_pads(&mut self, levels: Option<Option<(bool, bool)>>) {
        self.io.drive_usb_pads(levels);
        let now = self.now();
        self.pads_changed(now);
    }

    /// Levels, pulls and what blocks see of their inputs follow from pads that are set up anew.
    fn set_up_pads(&mut self, change: impl FnOnce(&mut Io)) {
        let now = self.now();
        let before = self.io.watched_levels(self.pins.level());
        change(&mut self.io);
        self.io.look_where_routed(&before, self.pins.level(), now);
        self.tell_as_bytes();
        let (up, down) = self.io.pulls();
        self.pins.pull(up, down, now);
        self.pads_changed(now);
    }

    /// The matrix selects what a pin shows.
    pub fn select_output(&mut self, pin: u8, select: OutSelect) {
        self.io.select_output(pin, select);
        self.tell_as_bytes();
        let now = self.now();
        self.pads_changed(now);
    }

    /// The matrix selects what an input signal comes from.
    pub fn select_input(&mut self, signal: Signal, select: InSelect) {
        let now = self.now();
        let before = self.io.watched_levels(self.pins.level());
        self.io.select_input(signal, select);
        self.io.look_where_routed(&before, self.pins.level(), now);
        self.attention();
    }

    /// UARTs put characters into the trace, SPI and I2S controllers frames; their levels stay out of it, and so do clocks. Pins
    /// whose blocks hand in batches of edges are told apart, and those blocks look at who is there now.
    fn tell_as_bytes(&mut self) {
        let told = [U0TXD, U1TXD, U2TXD, FSPICLK, FSPID, SPI3_CLK, SPI3_D, CAM_CLK];
        let audio = [I2S0O_BCK, I2S0O_WS, I2S0O_SD, I2S0I_BCK, I2S0I_WS, I2S0_MCLK];
        let more = [I2S1O_BCK, I2S1O_WS, I2S1O_SD, I2S1I_BCK, I2S1I_WS, I2S1_MCLK];
        let sent = told.into_iter().chain(audio).chain(more).fold(0, |pins, signal| pins | self.io.pins_of(signal));
        self.pins.tell_as_bytes(sent);
        let late = self.io.pins_with(is_handed_in_late);
        self.pins.tell_apart(late);
        self.has_late_pins = late != 0;
        self.look_at_pins_again();
    }

    /// Somebody may have begun to act on pins between two runs.
    pub(crate) fn look_at_watchers(&mut self) {
        if self.prompt_pins != self.pins.prompt() {
            self.look_at_pins_again();
        }
    }

    /// Blocks that hand in batches of edges look whether somebody acts on their pins now.
    fn look_at_pins_again(&mut self) {
        self.prompt_pins = self.pins.prompt();
        if self.has_late_pins {
            [Slot::Ledc, Slot::Mcpwm0, Slot::Mcpwm1, Slot::Sdm, Slot::CamClock]
                .into_iter()
                .for_each(|slot| self.soon(slot));
            for slot in [Slot::RmtTx0, Slot::RmtTx1, Slot::RmtTx2, Slot::RmtTx3] {
                // A transmitter that is idle has nothing to look at.
                if self.events.due(slot as usize) != Ps::MAX {
                    self.soon(slot);
                }
            }
        }
    }
}
