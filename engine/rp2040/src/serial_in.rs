//! Inputs that serial controllers follow edge by edge, behind the pin multiplexer (datasheet 2.19.2).
//!
//! A controller listens only while it could receive. The edges of its input are kept with their times, so
//! that a receiver may look at them when a bit or a character is over instead of at each edge.

use crate::fabric::{Fabric, Slot};
use crate::pads::Func;
use crate::spi::{spi_pins, CSN, RX, SCK, TX};
use engine_core::time::Ps;
use serde::{Deserialize, Serialize};

/// An input of a controller.
#[allow(missing_docs)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(usize)]
pub enum Input {
    Uart0Rx,
    Uart0Cts,
    Uart1Rx,
    Uart1Cts,
    I2c0Sda,
    I2c0Scl,
    I2c1Sda,
    I2c1Scl,
    Spi0Rx,
    Spi0Fss,
    Spi0Clk,
    Spi1Rx,
    Spi1Fss,
    Spi1Clk,
    Count,
}

/// The function, the pins that can carry the input, and the event that takes notice.
const INPUTS: [(Func, u32, Slot); Input::Count as usize] = [
    (Func::Uart, uart_pins(0, 1), Slot::Uart0Rx),
    (Func::Uart, uart_pins(0, 2), Slot::Uart0Tx),
    (Func::Uart, uart_pins(1, 1), Slot::Uart1Rx),
    (Func::Uart, uart_pins(1, 2), Slot::Uart1Tx),
    (Func::I2c, i2c_pins(0, 0), Slot::I2c0),
    (Func::I2c, i2c_pins(0, 1), Slot::I2c0),
    (Func::I2c, i2c_pins(1, 0), Slot::I2c1),
    (Func::I2c, i2c_pins(1, 1), Slot::I2c1),
    (Func::Spi, spi_pins(0, RX), Slot::Spi0),
    (Func::Spi, spi_pins(0, CSN), Slot::Spi0),
    (Func::Spi, spi_pins(0, SCK), Slot::Spi0),
    (Func::Spi, spi_pins(1, RX), Slot::Spi1),
    (Func::Spi, spi_pins(1, CSN), Slot::Spi1),
    (Func::Spi, spi_pins(1, SCK), Slot::Spi1),
];

/// Pins of an I2C in the function table (column F3): I2C0 SDA, I2C0 SCL, I2C1 SDA, I2C1 SCL in turn.
pub(crate) const fn i2c_pins(i2c: u32, role: u32) -> u32 {
    (0x1111_1111 << (2 * i2c + role)) & crate::pads::BANK0
}

/// Pins of a UART in the function table: groups of four (0 TX, 1 RX, 2 CTS, 3 RTS) that belong to UART0, 1, 1, 0, 0, 1, 1, 0.
pub(crate) const fn uart_pins(uart: u32, role: u32) -> u32 {
    let mut mask = 0;
    let mut pin = 0;
    while pin < 30 {
        if (pin + 4) / 8 % 2 == uart && pin % 4 == role {
            mask |= 1 << pin;
        }
        pin += 1;
    }
    mask
}

/// What a controller heard on an input.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Ear {
    on: bool,
    routed: u32,
    level: bool,
    /// The edges that nobody has looked at yet: time and level from then on.
    pub edges: Vec<(Ps, bool)>,
}

/// All inputs.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Serial {
    ears: [Ear; Input::Count as usize],
    listened: u32,
    /// SPIs that are targets, a bit each.
    spi_targets: u8,
}

impl Serial {
    /// The pins whose edges somebody follows.
    #[inline(always)]
    pub fn listened(&self) -> u32 {
        self.listened
    }

    /// What was heard on an input.
    pub fn ear(&mut self, input: Input) -> &mut Ear {
        &mut self.ears[input as usize]
    }
}

impl Fabric {
    /// The pins on which an input of a controller is selected.
    pub fn routed(&self, input: Input) -> u32 {
        let (func, pins, _) = INPUTS[input as usize];
        self.io.selected(func) & pins
    }

    /// The level of a controller's input: the OR of the pins on which it is selected (2.19.2), low without any.
    pub fn input_level(&self, input: Input) -> bool {
        self.io.input() & self.routed(input) != 0
    }

    /// A controller follows an input from now on, or stops doing so. True: it did not before.
    pub fn listen(&mut self, input: Input, on: bool) -> bool {
        let changes = self.io.serial.ears[input as usize].on != on;
        if changes {
            let levels = self.io.input();
            let ear = &mut self.io.serial.ears[input as usize];
            ear.on = on;
            ear.edges.clear();
            ear.level = levels & ear.routed != 0;
            self.route_serial();
        }
        changes
    }

    /// An SPI is a target from now on, or a controller: what a controller frames goes into the trace as bytes.
    pub fn set_spi_role(&mut self, spi: usize, is_target: bool) {
        let bit = 1 << spi;
        let before = self.io.serial.spi_targets;
        self.io.serial.spi_targets = if is_target { before | bit } else { before & !bit };
        if self.io.serial.spi_targets != before {
            self.route_serial();
        }
    }

    /// The pins whose traffic goes into the trace as bytes.
    fn told_as_bytes(&self) -> u32 {
        let framed = (0..2).filter(|spi| self.io.serial.spi_targets >> spi & 1 == 0);
        let framed = framed.fold(0, |all, spi| all | spi_pins(spi, SCK) | spi_pins(spi, TX) | spi_pins(spi, RX));
        self.io.selected(Func::Uart) & (uart_pins(0, 0) | uart_pins(1, 0)) | self.io.selected(Func::Spi) & framed
    }

    /// FUNCSEL changed, or who listens.
    pub(crate) fn route_serial(&mut self) {
        self.pins.tell_as_bytes(u64::from(self.told_as_bytes()));
        self.io.serial.listened = 0;
        for (n, &(func, pins, slot)) in INPUTS.iter().enumerate() {
            let routed = self.io.selected(func) & pins;
            let high = self.io.input() & routed != 0;
            let ear = &mut self.io.serial.ears[n];
            let moved = ear.routed != routed;
            ear.routed = routed;
            if ear.on {
                self.io.serial.listened |= routed;
            } else {
                ear.level = high;
            }
            if moved {
                self.soon(slot);
            }
        }
        self.update_bank0_irq();
        self.hear(u32::MAX, self.now());
    }

    /// Levels of inputs changed.
    #[inline]
    pub(crate) fn serial_inputs_changed(&mut self, changed: u32) {
        if changed & self.io.serial.listened != 0 {
            self.hear(changed, self.pins.settled_at());
        }
    }

    fn hear(&mut self, changed: u32, at: Ps) {
        for (n, &(_, _, slot)) in INPUTS.iter().enumerate() {
            let input = self.io.input();
            let ear = &mut self.io.serial.ears[n];
            let high = input & ear.routed != 0;
            if ear.on && (changed & ear.routed != 0 || changed == u32::MAX) && high != ear.level {
                ear.level = high;
                let first = ear.edges.is_empty();
                ear.edges.push((at, high));
                if first {
                    self.no_later(slot, at);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Datasheet 2.19.2, table 278, column F3.
    #[test]
    fn i2c_pins_are_where_the_function_table_puts_them() {
        let pins = |list: &[u32]| list.iter().fold(0, |mask, pin| mask | 1 << pin);
        assert_eq!(i2c_pins(0, 0), pins(&[0, 4, 8, 12, 16, 20, 24, 28]));
        assert_eq!(i2c_pins(0, 1), pins(&[1, 5, 9, 13, 17, 21, 25, 29]));
        assert_eq!(i2c_pins(1, 0), pins(&[2, 6, 10, 14, 18, 22, 26]));
        assert_eq!(i2c_pins(1, 1), pins(&[3, 7, 11, 15, 19, 23, 27]));
    }

    /// Datasheet 2.19.2, table 278, column F2.
    #[test]
    fn uart_pins_are_where_the_function_table_puts_them() {
        let pins = |list: [u32; 4]| list.iter().fold(0, |mask, pin| mask | 1 << pin);
        assert_eq!(uart_pins(0, 0), pins([0, 12, 16, 28]));
        assert_eq!(uart_pins(0, 1), pins([1, 13, 17, 29]));
        assert_eq!(uart_pins(0, 2), pins([2, 14, 18, 2]));
        assert_eq!(uart_pins(0, 3), pins([3, 15, 19, 3]));
        assert_eq!(uart_pins(1, 0), pins([4, 8, 20, 24]));
        assert_eq!(uart_pins(1, 1), pins([5, 9, 21, 25]));
        assert_eq!(uart_pins(1, 2), pins([6, 10, 22, 26]));
        assert_eq!(uart_pins(1, 3), pins([7, 11, 23, 27]));
    }
}
