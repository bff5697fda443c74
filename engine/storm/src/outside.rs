//! Parts that answer anything at any time.

use crate::Dice;
use engine_core::i2c::I2cWire;
use engine_core::pins::{Drive, Pins};
use engine_core::ports::{Edge, Outside, PortId, Posted, SpiAnswer, SpiBatch};
use engine_core::spi::{Answers, SpiWire};
use engine_core::time::{Ps, MICROSECOND};

/// What is outside of the pins.
struct Weather {
    dice: Dice,
    pins: u32,
    at: Ps,
}

impl Weather {
    fn drive(&mut self) -> (Ps, Drive) {
        let level = [None, Some(false), Some(true)][self.dice.below(3) as usize];
        let drive = Drive { pin: self.dice.below(self.pins) as u8, level };
        (self.at + Ps::from(self.dice.below(3)) * MICROSECOND, drive)
    }
}

impl Outside for Weather {
    fn spi(&mut self, _: PortId, _: SpiBatch) {}

    fn spi_select(&mut self, _: PortId, at: Ps, _: bool) {
        self.at = at;
    }

    fn spi_answer(&mut self, _: PortId, at: Ps, _: u8, _: bool) -> Option<SpiAnswer> {
        self.at = at;
        let mut data = vec![0; self.dice.below(9) as usize];
        self.dice.fill(&mut data);
        self.dice.once_in(2).then(|| SpiAnswer { dummy: self.dice.below(9) as u8, data })
    }

    fn i2c_start(&mut self, _: PortId, at: Ps, _: u16, _: bool) -> bool {
        self.at = at;
        !self.dice.once_in(4)
    }

    fn i2c_write(&mut self, _: PortId, at: Ps, _: u8) -> bool {
        self.at = at;
        !self.dice.once_in(4)
    }

    fn i2c_read(&mut self, _: PortId, at: Ps) -> u8 {
        self.at = at;
        self.dice.word() as u8
    }

    fn i2c_stop(&mut self, _: PortId, at: Ps, _: bool) {
        self.at = at;
    }

    fn edge(&mut self, _: PortId, edge: Edge) {
        self.at = edge.at;
    }

    fn pulses(&mut self, _: PortId, edges: Vec<Edge>) {
        self.at = edges.last().map_or(self.at, |edge| edge.at);
    }

    fn take_posted(&mut self) -> Option<Posted> {
        if !self.dice.once_in(8) {
            return None;
        }
        Some(Posted { drives: vec![self.drive()], wake: None, clocks: Vec::new() })
    }
}

/// Puts parts on random pins, and levels on others.
pub fn settle(pins: &mut Pins, count: u32, dice: &mut Dice) {
    for _ in 0..dice.below(4) {
        let [a, b, c, d] = std::array::from_fn(|_| dice.below(count) as u8);
        match dice.below(4) {
            0 => drop(pins.attach_edges(a)),
            1 => drop(pins.attach_pulses(a)),
            2 if a != b => drop(pins.attach_i2c(I2cWire::new(a, b, (8..0x78).collect()))),
            _ if a != b && a != c && b != c => {
                let cs = (d != a && d != b && d != c).then_some(d);
                pins.attach_spi(SpiWire::new(a, b, Some(c), cs, None, Answers::Always));
            }
            _ => {}
        }
    }
    pins.set_outside(Box::new(Weather { dice: Dice::new(dice.bits()), pins: count, at: 0 }));
}

/// Levels on pins, now or soon.
pub fn gust(pins: &mut Pins, count: u32, now: Ps, dice: &mut Dice) {
    for _ in 0..dice.below(6) {
        let level = [None, Some(false), Some(true)][dice.below(3) as usize];
        let pin = dice.below(count) as u8;
        pins.drive_later(Drive { pin, level }, now + Ps::from(dice.below(20)) * MICROSECOND);
    }
}
