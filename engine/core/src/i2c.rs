//! An I2C target's end of the wire (NXP UM10204): START, address, bytes with acknowledge, STOP.
//!
//! A routed hardware controller talks to the part byte by byte through [`crate::pins::Pins`]; bit-banged and
//! PIO controllers are decoded here from the levels of SDA and SCL. A bit is what SDA is when SCL rises; whoever
//! sends changes SDA after SCL has fallen; SDA that moves while SCL is high is START or STOP (3.1.4).

use crate::pins::Drive;
use crate::ports::{Outside, PortId};
use crate::time::Ps;
use crate::trace::{Kind, Trace};
use serde::{Deserialize, Serialize};

/// What the bits on the wire are at the moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
enum State {
    /// Nobody talks, or to somebody else: until the next START.
    Deaf,
    /// The first byte after START.
    Address,
    /// The second byte of a 10-bit address whose first one had these upper bits (3.1.11).
    SecondAddress(u16),
    /// The controller sends.
    Write,
    /// The target sends.
    Read,
}

/// The pins and the addresses of a target.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct I2cWire {
    sda: u8,
    scl: u8,
    addresses: Vec<u16>,
    state: State,
    shift: u8,
    /// Rising edges of SCL since the byte began: eight bits and the acknowledge.
    clocks: u8,
    /// The target pulls SDA low.
    pulls: bool,
    /// The target has been addressed since START, and has not been told of the end.
    open: bool,
    /// The 10-bit address that a repeated START with the read bit refers to.
    selected: Option<u16>,
}

/// The first byte of a 10-bit address: 1111 0, the two upper bits, and R/W.
const TEN_BIT: u8 = 0b1111_0000;

impl I2cWire {
    /// A target on these pins that answers to these addresses: 7-bit up to 0x7F, 10-bit above.
    pub fn new(sda: u8, scl: u8, addresses: Vec<u16>) -> Self {
        Self { sda, scl, addresses, state: State::Deaf, shift: 0, clocks: 0, pulls: false, open: false, selected: None }
    }

    /// The pins it looks at.
    pub fn mask(&self) -> u64 {
        1u64 << self.sda | 1u64 << self.scl
    }

    /// Is it on this bus?
    pub fn is_on(&self, sda: u8, scl: u8) -> bool {
        (self.sda, self.scl) == (sda, scl)
    }

    /// Is this one of its addresses?
    pub fn answers_to(&self, address: u16) -> bool {
        self.addresses.contains(&address)
    }

    /// A level changed. Returns what the target does to SDA from now on: pull it low or let go.
    pub fn change(
        &mut self,
        port: PortId,
        changed: u64,
        level: u64,
        at: Ps,
        trace: &mut Trace,
        outside: &mut dyn Outside,
    ) -> Option<Drive> {
        let (sda, scl) = (level >> self.sda & 1 != 0, level >> self.scl & 1 != 0);
        let scl_changed = changed >> self.scl & 1 != 0;
        match (scl_changed, scl) {
            (true, true) => self.rise(sda),
            (true, false) => return self.fall(port, at, trace, outside),
            (false, true) => return self.condition(port, sda, at, outside),
            (false, false) => {}
        }
        None
    }

    /// SDA moved while SCL was high: START when it fell, STOP when it rose.
    fn condition(&mut self, port: PortId, sda: bool, at: Ps, outside: &mut dyn Outside) -> Option<Drive> {
        if std::mem::take(&mut self.open) {
            outside.i2c_stop(port, at, !sda);
        }
        if sda {
            self.selected = None;
        }
        self.state = if sda { State::Deaf } else { State::Address };
        self.clocks = 0;
        self.pull(false)
    }

    /// SCL rose: a bit is valid.
    fn rise(&mut self, sda: bool) {
        self.clocks += 1;
        match self.state {
            State::Deaf => {}
            State::Read => {
                if self.clocks == 9 && sda {
                    // The controller has had enough, and sends STOP or START next.
                    self.state = State::Deaf;
                }
            }
            State::Address | State::SecondAddress(_) | State::Write => {
                if self.clocks <= 8 {
                    self.shift = self.shift << 1 | u8::from(sda);
                }
            }
        }
    }

    /// SCL fell: the target may change SDA.
    fn fall(&mut self, port: PortId, at: Ps, trace: &mut Trace, outside: &mut dyn Outside) -> Option<Drive> {
        if self.clocks >= 9 {
            self.clocks = 0;
        }
        match (self.state, self.clocks) {
            (State::Deaf, _) => self.pull(false),
            (State::Read, 0) => {
                self.shift = outside.i2c_read(port, at);
                trace.see(Kind::I2c, at, u64::from(port) << 32 | 0x200 | u64::from(self.shift));
                self.pull(self.shift & 0x80 == 0)
            }
            (State::Read, 8) => self.pull(false),
            (State::Read, sent) => self.pull(self.shift << sent & 0x80 == 0),
            (_, 8) => {
                trace.see(Kind::I2c, at, u64::from(port) << 32 | 0x100 | u64::from(self.shift));
                let acknowledged = self.take(port, at, outside);
                self.pull(acknowledged)
            }
            _ => self.pull(false),
        }
    }

    fn pull(&mut self, pulls: bool) -> Option<Drive> {
        let changes = std::mem::replace(&mut self.pulls, pulls) != pulls;
        changes.then_some(Drive { pin: self.sda, level: if pulls { Some(false) } else { None } })
    }

    /// Eight bits are in. True: acknowledge.
    fn take(&mut self, port: PortId, at: Ps, outside: &mut dyn Outside) -> bool {
        let (byte, read) = (self.shift, self.shift & 1 != 0);
        match self.state {
            State::Write => outside.i2c_write(port, at, byte),
            State::SecondAddress(upper) => self.begin(port, upper | u16::from(byte), false, at, outside),
            _ if byte & 0xF8 == TEN_BIT => {
                let upper = u16::from(byte >> 1 & 3) << 8;
                if read {
                    let address = self.selected.filter(|address| address & 0x300 == upper);
                    return match address {
                        Some(address) => self.begin(port, address, true, at, outside),
                        None => self.ignore(),
                    };
                }
                if !self.addresses.iter().any(|&address| address > 0x7F && address & 0x300 == upper) {
                    return self.ignore();
                }
                self.state = State::SecondAddress(upper);
                true
            }
            _ => self.begin(port, u16::from(byte >> 1), read, at, outside),
        }
    }

    fn ignore(&mut self) -> bool {
        self.state = State::Deaf;
        false
    }

    fn begin(&mut self, port: PortId, address: u16, read: bool, at: Ps, outside: &mut dyn Outside) -> bool {
        if !self.answers_to(address) || !outside.i2c_start(port, at, address, read) {
            return self.ignore();
        }
        self.open = true;
        self.selected = Some(address);
        self.state = if read { State::Read } else { State::Write };
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pins::Pins;

    use std::sync::{Arc, Mutex};

    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    enum Seen {
        Start(u16, bool),
        Write(u8),
        Read(u8),
        Restart,
        Stop,
    }

    /// An EEPROM without addresses: what was written last is read back; 0xEE is refused.
    struct Part {
        seen: Arc<Mutex<Vec<Seen>>>,
        data: Vec<u8>,
    }

    impl Outside for Part {
        fn i2c_start(&mut self, _: PortId, _: Ps, address: u16, read: bool) -> bool {
            self.seen.lock().unwrap().push(Seen::Start(address, read));
            true
        }
        fn i2c_write(&mut self, _: PortId, _: Ps, byte: u8) -> bool {
            self.seen.lock().unwrap().push(Seen::Write(byte));
            self.data.push(byte);
            byte != 0xEE
        }
        fn i2c_read(&mut self, _: PortId, _: Ps) -> u8 {
            let byte = self.data.pop().unwrap_or(0xFF);
            self.seen.lock().unwrap().push(Seen::Read(byte));
            byte
        }
        fn i2c_stop(&mut self, _: PortId, _: Ps, restarted: bool) {
            self.seen.lock().unwrap().push(if restarted { Seen::Restart } else { Seen::Stop });
        }
    }

    const SDA: u8 = 4;
    const SCL: u8 = 5;

    /// A controller that bit-bangs as open drain: outputs are low, and enabled to pull.
    struct Controller {
        pins: Pins,
        pulled: u64,
        at: Ps,
        seen: Arc<Mutex<Vec<Seen>>>,
    }

    impl Controller {
        fn new(addresses: &[u16]) -> Self {
            let seen = Arc::new(Mutex::new(vec![]));
            let mut pins = Pins::default();
            pins.pull(1 << SDA | 1 << SCL, 0, 0);
            pins.set_outside(Box::new(Part { seen: seen.clone(), data: vec![] }));
            pins.attach_i2c(I2cWire::new(SDA, SCL, addresses.to_vec()));
            Self { pins, pulled: 0, at: 0, seen }
        }

        fn set(&mut self, pin: u8, high: bool) {
            self.at += 2_500_000;
            self.pulled = if high { self.pulled & !(1 << pin) } else { self.pulled | 1 << pin };
            self.pins.drive(0, self.pulled, self.at);
        }

        fn start(&mut self) {
            self.set(SDA, true);
            self.set(SCL, true);
            self.set(SDA, false);
            self.set(SCL, false);
        }

        fn stop(&mut self) {
            self.set(SDA, false);
            self.set(SCL, true);
            self.set(SDA, true);
        }

        fn bit(&mut self, high: bool) -> bool {
            self.set(SDA, high);
            self.set(SCL, true);
            let level = self.pins.is_high(SDA);
            self.set(SCL, false);
            level
        }

        fn write(&mut self, byte: u8) -> bool {
            for n in 0..8 {
                self.bit(byte >> (7 - n) & 1 != 0);
            }
            !self.bit(true)
        }

        fn read(&mut self, acknowledge: bool) -> u8 {
            let byte = (0..8).fold(0, |byte, _| byte << 1 | u8::from(self.bit(true)));
            self.bit(!acknowledge);
            byte
        }

        fn seen(&self) -> Vec<Seen> {
            std::mem::take(&mut *self.seen.lock().unwrap())
        }
    }

    #[test]
    fn a_write_is_acknowledged_byte_by_byte_and_the_bus_is_free_afterwards() {
        let mut bus = Controller::new(&[0x50]);
        bus.start();
        assert!(bus.write(0xA0));
        assert!(bus.write(0x00));
        assert!(bus.write(0x5A));
        assert!(bus.pins.level() >> SDA & 1 == 1, "SDA is released after the acknowledge");
        bus.stop();
        assert_eq!(bus.seen(), [Seen::Start(0x50, false), Seen::Write(0), Seen::Write(0x5A), Seen::Stop]);
        assert_eq!(bus.pins.level(), 1 << SDA | 1 << SCL);
        assert_eq!(bus.pins.contention(), 0);
    }

    #[test]
    fn a_repeated_start_turns_round_and_a_nack_ends_the_reading() {
        let mut bus = Controller::new(&[0x50]);
        bus.start();
        assert!(bus.write(0xA0));
        for byte in [0x00, 0xFF, 0x96] {
            assert!(bus.write(byte));
        }
        bus.start();
        assert!(bus.write(0xA1));
        assert_eq!(bus.read(true), 0x96);
        assert_eq!(bus.read(true), 0xFF);
        assert_eq!(bus.read(false), 0x00);
        bus.stop();
        let seen = bus.seen();
        assert_eq!(
            seen[4..],
            [Seen::Restart, Seen::Start(0x50, true), Seen::Read(0x96), Seen::Read(0xFF), Seen::Read(0x00), Seen::Stop]
        );
        assert_eq!(bus.pins.level(), 1 << SDA | 1 << SCL);
    }

    #[test]
    fn other_addresses_and_refused_bytes_are_not_acknowledged() {
        let mut bus = Controller::new(&[0x50, 0x2C]);
        bus.start();
        assert!(!bus.write(0x51 << 1));
        assert!(!bus.write(0xA0), "no START, no address");
        bus.stop();
        assert_eq!(bus.seen(), []);
        bus.start();
        assert!(bus.write(0x2C << 1));
        assert!(!bus.write(0xEE));
        bus.stop();
        assert_eq!(bus.seen(), [Seen::Start(0x2C, false), Seen::Write(0xEE), Seen::Stop]);
    }

    /// UM10204 3.1.11: two bytes of address; to read, a repeated START with the first one alone.
    #[test]
    fn ten_bit_addresses_are_understood() {
        let mut bus = Controller::new(&[0x2A5]);
        bus.start();
        assert!(bus.write(0b1111_0100));
        assert!(bus.write(0xA5));
        assert!(bus.write(0x77));
        bus.start();
        assert!(bus.write(0b1111_0101));
        assert_eq!(bus.read(false), 0x77);
        bus.stop();
        bus.start();
        assert!(!bus.write(0b1111_0101), "after a STOP nobody is selected");
        bus.stop();
        bus.start();
        assert!(bus.write(0b1111_0100));
        assert!(!bus.write(0xA6));
        bus.stop();
        let seen = bus.seen();
        assert_eq!(seen[..2], [Seen::Start(0x2A5, false), Seen::Write(0x77)]);
        assert_eq!(seen[2..], [Seen::Restart, Seen::Start(0x2A5, true), Seen::Read(0x77), Seen::Stop]);
    }

    /// 3.1.10 note 4: a START may come in the middle of a byte.
    #[test]
    fn a_start_in_the_middle_of_a_byte_begins_anew() {
        let mut bus = Controller::new(&[0x50]);
        bus.start();
        bus.write(0xA0);
        bus.bit(true);
        bus.bit(false);
        bus.start();
        assert!(bus.write(0xA0));
        assert!(bus.write(0x11));
        bus.stop();
        assert_eq!(
            bus.seen(),
            [Seen::Start(0x50, false), Seen::Restart, Seen::Start(0x50, false), Seen::Write(0x11), Seen::Stop]
        );
    }

    #[test]
    fn the_fast_path_and_the_wire_show_the_part_the_same() {
        let mut bus = Controller::new(&[0x50]);
        bus.start();
        bus.write(0xA0);
        bus.write(0x42);
        bus.start();
        bus.write(0xA1);
        bus.read(false);
        bus.stop();
        let wire = bus.seen();
        let mut bus = Controller::new(&[0x50]);
        let pins = &mut bus.pins;
        let port = pins.i2c_start(SDA, SCL, 0x50, false, 0).unwrap();
        assert!(pins.i2c_write(port, 0x42, 1));
        pins.i2c_stop(port, 2, true);
        let port = pins.i2c_start(SDA, SCL, 0x50, true, 2).unwrap();
        assert_eq!(pins.i2c_read(port, 3), 0x42);
        pins.i2c_stop(port, 4, false);
        assert_eq!(bus.seen(), wire);
    }
}
