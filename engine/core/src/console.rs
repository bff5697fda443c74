//! Consoles: bytes between the chip and a person, a test or a host program.
//!
//! A console is on a pair of UART pins or on a USB serial port. What the chip sends is kept until it is
//! taken and watched for texts; what is typed waits until the chip has room for it, so nothing is lost.

use crate::time::Ps;
use serde::{Deserialize, Serialize};
use std::collections::VecDeque;

/// The number of a console.
pub type ConsoleId = usize;

/// Where a console is attached.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Line {
    /// UART pins, as the chip sees them.
    Pins {
        /// The chip sends here.
        tx: u8,
        /// The chip receives here.
        rx: Option<u8>,
    },
    /// The serial port that the firmware offers over USB; the first one where it offers several.
    Usb,
    /// The serial port of a USB Serial/JTAG controller, which is a device of its own.
    UsbJtag,
    /// A further serial port over USB: 1 is the second. The USB host attaches it when it meets one.
    UsbPort(u8),
}

#[derive(Clone, Debug, Serialize, Deserialize)]
struct Console {
    name: String,
    line: Line,
    out: Vec<u8>,
    recent: Vec<u8>,
    input: VecDeque<u8>,
}

/// A text somebody waits for, on any console.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Watched {
    text: Vec<u8>,
    key: u32,
}

/// All consoles of a board.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Consoles {
    consoles: Vec<Console>,
    watched: Vec<Watched>,
    seen: Option<(u32, ConsoleId, Ps)>,
    longest: usize,
    typed: bool,
}

impl Consoles {
    /// Adds a console.
    pub fn attach(&mut self, name: &str, line: Line) -> ConsoleId {
        self.consoles.push(Console {
            name: name.to_owned(),
            line,
            out: Vec::new(),
            recent: Vec::new(),
            input: VecDeque::new(),
        });
        self.consoles.len() - 1
    }

    /// The names, in the order of their numbers.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.consoles.iter().map(|console| console.name.as_str())
    }

    /// Adds a console whose name is that of another with the next free number from `number` on behind it.
    pub fn attach_beside(&mut self, other: ConsoleId, number: usize, line: Line) -> ConsoleId {
        let base = self.consoles[other].name.clone();
        let names = (number..).map(|number| format!("{base}{number}"));
        let name = names.into_iter().find(|name| self.names().all(|taken| taken != name)).unwrap_or_default();
        self.attach(&name, line)
    }

    /// The console on the line.
    pub fn on(&self, wanted: impl Fn(Line) -> bool) -> Option<ConsoleId> {
        self.consoles.iter().position(|console| wanted(console.line))
    }

    /// The console to which the chip sends on a pin.
    pub fn sent_on(&self, pin: u8) -> Option<ConsoleId> {
        self.on(|line| matches!(line, Line::Pins { tx, .. } if tx == pin))
    }

    /// The console from which the chip receives on a pin.
    pub fn received_on(&self, pin: u8) -> Option<ConsoleId> {
        self.on(|line| matches!(line, Line::Pins { rx: Some(rx), .. } if rx == pin))
    }

    /// The chip sent a byte.
    pub fn put(&mut self, id: ConsoleId, byte: u8, at: Ps) {
        let console = &mut self.consoles[id];
        console.out.push(byte);
        if self.longest == 0 {
            return;
        }
        if console.recent.len() >= 2 * self.longest {
            console.recent.drain(..self.longest);
        }
        console.recent.push(byte);
        if self.seen.is_none() {
            let found = self.watched.iter().find(|watched| console.recent.ends_with(&watched.text));
            self.seen = found.map(|watched| (watched.key, id, at));
        }
    }

    /// What the chip sent since the last call.
    pub fn take_output(&mut self, id: ConsoleId) -> Vec<u8> {
        std::mem::take(&mut self.consoles[id].out)
    }

    /// Somebody types.
    pub fn type_in(&mut self, id: ConsoleId, bytes: &[u8]) {
        self.consoles[id].input.extend(bytes);
        self.typed = true;
    }

    /// Has somebody typed since the last call? The receivers must be told.
    #[inline]
    pub fn take_typed(&mut self) -> bool {
        std::mem::take(&mut self.typed)
    }

    /// Is something typed that the chip has not taken yet?
    pub fn has_input(&self, id: ConsoleId) -> bool {
        !self.consoles[id].input.is_empty()
    }

    /// How many bytes are typed that the chip has not taken yet.
    pub fn input_waiting(&self, id: ConsoleId) -> usize {
        self.consoles[id].input.len()
    }

    /// The chip has room: the next typed byte.
    pub fn take_input(&mut self, id: ConsoleId) -> Option<u8> {
        self.consoles[id].input.pop_front()
    }

    /// From now on the run stops with this key when a console shows the text.
    pub fn watch(&mut self, text: &[u8], key: u32) {
        if !text.is_empty() {
            self.watched.push(Watched { text: text.to_vec(), key });
            self.longest = self.longest.max(text.len());
        }
    }

    /// Nobody waits for texts any more.
    pub fn unwatch_all(&mut self) {
        self.watched.clear();
        self.longest = 0;
        self.seen = None;
    }

    /// Has a text been seen that nobody took notice of yet?
    pub fn is_seen(&self) -> bool {
        self.seen.is_some()
    }

    /// The key, the console and the time of the text that was seen.
    pub fn take_seen(&mut self) -> Option<(u32, ConsoleId, Ps)> {
        self.seen.take()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_seen_across_lines_and_only_once() {
        let mut consoles = Consoles::default();
        let id = consoles.attach("uart0", Line::Pins { tx: 0, rx: Some(1) });
        consoles.watch(b"ready", 7);
        for (at, byte) in b"not read\nready ready".iter().enumerate() {
            consoles.put(id, *byte, at as Ps);
        }
        assert_eq!(consoles.take_seen(), Some((7, 0, 13)));
        assert_eq!(consoles.take_seen(), None);
        assert_eq!(consoles.take_output(id), b"not read\nready ready");
    }

    #[test]
    fn a_console_beside_another_gets_the_next_free_number() {
        let mut consoles = Consoles::default();
        let usb = consoles.attach("usb", Line::Usb);
        consoles.attach("usb2", Line::Pins { tx: 0, rx: None });
        let second = consoles.attach_beside(usb, 2, Line::UsbPort(1));
        assert_eq!(consoles.names().collect::<Vec<_>>(), ["usb", "usb2", "usb3"]);
        assert_eq!(consoles.on(|line| line == Line::UsbPort(1)), Some(second));
    }
}
