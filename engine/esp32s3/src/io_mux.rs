//! IO MUX: function, pulls, drive and input enable of each pad. ESP32-S3 TRM chapter 6; ESP-IDF `soc/io_mux_reg.h`.
//!
//! # Fidelity
//! - Function, input enable and pulls act on the pin at once; in sleep those of MCU_IE, MCU_OE, MCU_WPU and MCU_WPD where SLP_SEL
//!   is set. Drive strength and glitch filter are stored.

use crate::block::{undeclared, Block};
use crate::fabric::Fabric;
use crate::io::{AsleepPad, PINS};
use engine_core::registers::{Bank, Group, Registers, Write};
use serde::{Deserialize, Serialize};

engine_core::registers! {
    /// TRM 6.14.2, the registers that are there once.
    pub Reg;
    PIN_CTRL 0x000 = 0x0000_07FF { CLK_OUT3 11:8 rw; CLK_OUT2 7:4 rw; CLK_OUT1 3:0 rw; }
    DATE     0x0FC = 0x0190_7160 { REG_DATE 27:0 rw; }
}

/// A pad's register.
pub mod pad {
    engine_core::registers! {
        /// TRM 6.14.2, IO_MUX_GPIOn_REG.
        pub Reg;
        GPIO 0x0 = 0x0000_0B00 {
            FILTER_EN 15 rw; MCU_SEL 14:12 rw; FUN_DRV 11:10 rw; FUN_IE 9 rw; FUN_WPU 8 rw; FUN_WPD 7 rw;
            MCU_IE 4 rw; MCU_WPU 3 rw; MCU_WPD 2 rw; SLP_SEL 1 rw; MCU_OE 0 rw;
        }
    }
}

const PADS: u32 = 0x004;

/// The block.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct IoMux {
    bank: Bank<Reg>,
    pads: Vec<Bank<pad::Reg>>,
}

impl IoMux {
    /// After power-on.
    pub fn new() -> Self {
        Self { bank: Bank::new(), pads: vec![Bank::new(); PINS] }
    }

    fn pad_at(offset: u32) -> Option<usize> {
        let n = offset.wrapping_sub(PADS) as usize / 4;
        (offset >= PADS && n < PINS).then_some(n)
    }

    fn apply(&self, pin: usize, fabric: &mut Fabric) {
        let field = |field| self.pads[pin].field(pad::Reg::GPIO, field);
        let mut settings = fabric.io.pad(pin as u8);
        settings.function = field(pad::GPIO::MCU_SEL) as u8;
        settings.input_enable = field(pad::GPIO::FUN_IE) != 0;
        settings.pull_up = field(pad::GPIO::FUN_WPU) != 0;
        settings.pull_down = field(pad::GPIO::FUN_WPD) != 0;
        settings.asleep = (field(pad::GPIO::SLP_SEL) != 0).then(|| AsleepPad {
            input_enable: field(pad::GPIO::MCU_IE) != 0,
            output_enable: field(pad::GPIO::MCU_OE) != 0,
            pull_up: field(pad::GPIO::MCU_WPU) != 0,
            pull_down: field(pad::GPIO::MCU_WPD) != 0,
        });
        if settings != fabric.io.pad(pin as u8) {
            fabric.set_pad(pin as u8, settings);
        }
    }
}

impl Default for IoMux {
    fn default() -> Self {
        Self::new()
    }
}

impl Block for IoMux {
    const GROUPS: &'static [Group] = &[
        Group::one("IO_MUX", Reg::TABLE),
        Group { block: "IO_MUX", prefix: "{}", base: PADS, count: PINS as u32, step: 4, table: pad::Reg::TABLE },
    ];

    fn read(&mut self, offset: u32, fabric: &mut Fabric) -> u32 {
        self.peek(offset, fabric)
    }

    fn peek(&mut self, offset: u32, fabric: &mut Fabric) -> u32 {
        if let Some(n) = Self::pad_at(offset) {
            return self.pads[n].load(pad::Reg::GPIO);
        }
        match Reg::at(offset) {
            Some(register) => self.bank.load(register),
            None => undeclared("IO_MUX", offset, fabric),
        }
    }

    fn write(&mut self, offset: u32, write: Write, fabric: &mut Fabric) {
        if let Some(n) = Self::pad_at(offset) {
            self.pads[n].store(pad::Reg::GPIO, write, "IO_MUX", &mut fabric.gaps);
            return self.apply(n, fabric);
        }
        match Reg::at(offset) {
            Some(register) => self.bank.store(register, write, "IO_MUX", &mut fabric.gaps),
            None => {
                undeclared("IO_MUX", offset, fabric);
            }
        }
    }

    fn reset(&mut self, fabric: &mut Fabric) {
        *self = Self::new();
        for pin in 0..PINS {
            self.apply(pin, fabric);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::signals::FSPICLK;

    /// TRM table 6-3: function 4 of GPIO12 is FSPICLK; FUN_IE is bit 9, FUN_WPU bit 8.
    #[test]
    fn a_pads_register_selects_function_and_pull() {
        let (mut mux, mut fabric) = (IoMux::new(), Fabric::new());
        mux.reset(&mut fabric);
        mux.write(4 + 4 * 12, Write::word(4 << 12 | 1 << 9), &mut fabric);
        assert_eq!(fabric.io.pin_of(FSPICLK), Some(12));
        mux.write(4 + 4 * 7, Write::word(1 << 12 | 1 << 9 | 1 << 8), &mut fabric);
        assert!(fabric.pins.is_high(7));
        mux.write(4 + 4 * 7, Write::word(1 << 12 | 1 << 9 | 1 << 7), &mut fabric);
        assert!(!fabric.pins.is_high(7));
    }

    /// ESP-IDF `hal/gpio_ll.h`, gpio_ll_sleep_output_disable and gpio_ll_sleep_pullup_en: SLP_SEL is bit 1, MCU_OE bit 0, MCU_WPU
    /// bit 3. `esp_sleep_config_gpio_isolate` sets pads up so.
    #[test]
    fn a_pad_has_settings_for_sleep() {
        let (mut mux, mut fabric) = (IoMux::new(), Fabric::new());
        mux.reset(&mut fabric);
        fabric.set_gpio(1 << 7 | 1 << 8 | 1 << 9, 1 << 7 | 1 << 8 | 1 << 9);
        for (pin, asleep) in [(7, 1 << 1), (8, 1 << 1 | 1), (9, 0), (10, 1 << 1 | 1 << 3)] {
            mux.write(4 + 4 * pin, Write::word(1 << 12 | 1 << 9 | asleep), &mut fabric);
        }
        let seen = |fabric: &Fabric| (fabric.io.to_pads().1 >> 7 & 7, fabric.pins.level() >> 7 & 0xF);
        assert_eq!(seen(&fabric), (7, 7));
        fabric.sleep_pads(true);
        assert_eq!(seen(&fabric), (6, 0b1110));
        assert_eq!(fabric.io.gpio_in(fabric.pins.level()) >> 7 & 7, 0b100, "MCU_IE is off");
        fabric.sleep_pads(false);
        assert_eq!(seen(&fabric), (7, 7));
    }
}
