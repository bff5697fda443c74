//! GPIO and the GPIO matrix' registers. ESP32-S3 TRM chapter 6 (IO MUX and GPIO Matrix); ESP-IDF `soc/gpio_reg.h`.
//!
//! The wires themselves are in [`crate::io`]; here are the registers that set them, and the interrupts.
//!
//! # Fidelity
//! - Routing, inversion, output enable, open drain, edge and level interrupts: exact. The two-stage synchroniser of the
//!   inputs (two APB clocks) is not modelled.
//! - The NMI of GPIO goes to its own interrupt source. SDIO_SELECT and BT_SELECT are stored.

use crate::block::{undeclared, Block};
use crate::fabric::{Fabric, WakeLevels};
use crate::io::{InSelect, OutSelect, PINS, SIGNALS};
use crate::signals::Signal;
use crate::sources::Source;
use engine_core::registers::{Bank, Group, Registers, Write};
use serde::{Deserialize, Serialize};

engine_core::registers! {
    /// TRM 6.14.1, the registers that are there once.
    pub Reg;
    BT_SELECT      0x000 = 0x0000_0000 { BT_SEL 31:0 rw; }
    OUT            0x004 = 0x0000_0000 { DATA_ORIG 31:0 rw; }
    OUT_W1TS       0x008 = 0x0000_0000 { OUT_W1TS 31:0 wo; }
    OUT_W1TC       0x00C = 0x0000_0000 { OUT_W1TC 31:0 wo; }
    OUT1           0x010 = 0x0000_0000 { DATA_ORIG 21:0 rw; }
    OUT1_W1TS      0x014 = 0x0000_0000 { OUT1_W1TS 21:0 wo; }
    OUT1_W1TC      0x018 = 0x0000_0000 { OUT1_W1TC 21:0 wo; }
    SDIO_SELECT    0x01C = 0x0000_0000 { SDIO_SEL 7:0 rw; }
    ENABLE         0x020 = 0x0000_0000 { DATA 31:0 rw; }
    ENABLE_W1TS    0x024 = 0x0000_0000 { ENABLE_W1TS 31:0 wo; }
    ENABLE_W1TC    0x028 = 0x0000_0000 { ENABLE_W1TC 31:0 wo; }
    ENABLE1        0x02C = 0x0000_0000 { DATA 21:0 rw; }
    ENABLE1_W1TS   0x030 = 0x0000_0000 { ENABLE1_W1TS 21:0 wo; }
    ENABLE1_W1TC   0x034 = 0x0000_0000 { ENABLE1_W1TC 21:0 wo; }
    STRAP          0x038 = 0x0000_0000 { STRAPPING 15:0 ro; }
    IN             0x03C = 0x0000_0000 { DATA_NEXT 31:0 rw; }
    IN1            0x040 = 0x0000_0000 { DATA_NEXT 21:0 rw; }
    STATUS         0x044 = 0x0000_0000 { INTERRUPT 31:0 rw; }
    STATUS_W1TS    0x048 = 0x0000_0000 { STATUS_W1TS 31:0 wo; }
    STATUS_W1TC    0x04C = 0x0000_0000 { STATUS_W1TC 31:0 wo; }
    STATUS1        0x050 = 0x0000_0000 { INTERRUPT 21:0 rw; }
    STATUS1_W1TS   0x054 = 0x0000_0000 { STATUS1_W1TS 21:0 wo; }
    STATUS1_W1TC   0x058 = 0x0000_0000 { STATUS1_W1TC 21:0 wo; }
    PCPU_INT       0x05C = 0x0000_0000 { PROCPU_INT 31:0 ro; }
    PCPU_NMI_INT   0x060 = 0x0000_0000 { PROCPU_NMI_INT 31:0 ro; }
    CPUSDIO_INT    0x064 = 0x0000_0000 { SDIO_INT 31:0 ro; }
    PCPU_INT1      0x068 = 0x0000_0000 { PROCPU_INT1 21:0 ro; }
    PCPU_NMI_INT1  0x06C = 0x0000_0000 { PROCPU_NMI_INT1 21:0 ro; }
    CPUSDIO_INT1   0x070 = 0x0000_0000 { SDIO_INT1 21:0 ro; }
    STATUS_NEXT    0x14C = 0x0000_0000 { STATUS_INTERRUPT_NEXT 31:0 ro; }
    STATUS_NEXT1   0x150 = 0x0000_0000 { STATUS_INTERRUPT_NEXT1 21:0 ro; }
    CLOCK_GATE     0x62C = 0x0000_0001 { CLK_EN 0 rw; }
    REG_DATE       0x6FC = 0x0190_7040 { REG_DATE 27:0 rw; }
}

/// A pin's own register.
pub mod pin {
    engine_core::registers! {
        /// TRM 6.14.1, GPIO_PINn_REG.
        pub Reg;
        PIN 0x0 = 0x0000_0000 {
            INT_ENA 17:13 rw; CONFIG 12:11 rw; WAKEUP_ENABLE 10 rw; INT_TYPE 9:7 rw; SYNC1_BYPASS 4:3 rw;
            PAD_DRIVER 2 rw; SYNC2_BYPASS 1:0 rw;
        }
    }
}

/// What an input signal comes from.
pub mod input {
    engine_core::registers! {
        /// TRM 6.14.1, GPIO_FUNCn_IN_SEL_CFG_REG.
        pub Reg;
        IN_SEL_CFG 0x0 = 0x0000_0000 { SEL 7 rw; IN_INV_SEL 6 rw; IN_SEL 5:0 rw; }
    }
}

/// What a pin shows.
pub mod output {
    engine_core::registers! {
        /// TRM 6.14.1, GPIO_FUNCn_OUT_SEL_CFG_REG.
        pub Reg;
        OUT_SEL_CFG 0x0 = 0x0000_0100 { OEN_INV_SEL 11 rw; OEN_SEL 10 rw; INV_SEL 9 rw; OUT_SEL 8:0 rw; }
    }
}

const PIN: u32 = 0x074;
const FUNC_IN: u32 = 0x154;
const FUNC_OUT: u32 = 0x554;
/// There are registers for 54 pins; the chip has 49.
const PIN_REGISTERS: u32 = 54;

/// INT_ENA bits of a pin, ESP-IDF `hal/gpio_ll.h`.
const TO_CPU: u32 = 1;
const TO_NMI: u32 = 2;

/// The block.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Gpio {
    bank: Bank<Reg>,
    pins: Vec<Bank<pin::Reg>>,
    inputs: Vec<Bank<input::Reg>>,
    outputs: Vec<Bank<output::Reg>>,
    /// Interrupts latched, a bit for each pin.
    status: u64,
}

impl Gpio {
    /// After power-on.
    pub fn new() -> Self {
        let pins = PIN_REGISTERS as usize;
        Self {
            bank: Bank::new(),
            pins: vec![Bank::new(); pins],
            inputs: vec![Bank::new(); SIGNALS],
            outputs: vec![Bank::new(); pins],
            status: 0,
        }
    }

    fn pin_of(&self, offset: u32) -> Option<usize> {
        index(offset, PIN, PIN_REGISTERS)
    }

    /// Pins whose INT_ENA has this bit.
    fn enabled(&self, bit: u32) -> u64 {
        let on = |bank: &Bank<pin::Reg>| bank.field(pin::Reg::PIN, pin::PIN::INT_ENA) & bit != 0;
        self.pins.iter().enumerate().filter(|(_, bank)| on(bank)).fold(0, |mask, (n, _)| mask | 1 << n)
    }

    /// Pins that wake the chip from light sleep by this type of interrupt, a level (TRM 6.7).
    fn waking_at(&self, kind: u32) -> u64 {
        let wakes = |bank: &Bank<pin::Reg>| pin::PIN::WAKEUP_ENABLE.is_set(bank.get(pin::Reg::PIN));
        let pins = self.pins.iter().take(PINS).enumerate();
        pins.filter(|(n, bank)| wakes(bank) && self.kind(*n) == kind).fold(0, |mask, (n, _)| mask | 1 << n)
    }

    fn kind(&self, pin: usize) -> u32 {
        self.pins[pin].field(pin::Reg::PIN, pin::PIN::INT_TYPE)
    }

    /// Levels of pins changed, or must be looked at anew: TRM 6.6, interrupt types.
    pub fn pins_changed(&mut self, changed: u64, levels: u64, fabric: &mut Fabric) {
        let levels = fabric.io.gpio_in(levels);
        for pin in 0..PINS {
            let (moved, high) = (changed >> pin & 1 != 0, levels >> pin & 1 != 0);
            let fires = match self.kind(pin) {
                1 => moved && high,
                2 => moved && !high,
                3 => moved,
                4 => !high,
                5 => high,
                _ => false,
            };
            self.status |= u64::from(fires) << pin;
        }
        self.interrupt(fabric);
    }

    fn interrupt(&mut self, fabric: &mut Fabric) {
        fabric.set_irq(Source::GPIO, self.status & self.enabled(TO_CPU) != 0);
        fabric.set_irq(Source::GPIO_NMI, self.status & self.enabled(TO_NMI) != 0);
    }

    /// Level interrupts come back as long as the level is there.
    fn clear_status(&mut self, bits: u64, fabric: &mut Fabric) {
        self.status &= !bits;
        let levels = fabric.pins.level();
        self.pins_changed(0, levels, fabric);
    }

    fn write_pin(&mut self, number: usize, fabric: &mut Fabric) {
        if number < PINS {
            let mut pad = fabric.io.pad(number as u8);
            let open_drain = self.pins[number].field(pin::Reg::PIN, pin::PIN::PAD_DRIVER) != 0;
            if pad.open_drain != open_drain {
                pad.open_drain = open_drain;
                fabric.set_pad(number as u8, pad);
            }
        }
        fabric.wake.gpio = WakeLevels { high: self.waking_at(5), low: self.waking_at(4) };
        fabric.interrupting_pins = (0..PINS).filter(|pin| self.kind(*pin) != 0).fold(0, |mask, pin| mask | 1 << pin);
        let levels = fabric.pins.level();
        self.pins_changed(0, levels, fabric);
    }
}

/// Half of a mask for 64 pins: the first 32, or the rest.
fn half(mask: u64, second: bool) -> u32 {
    (mask >> if second { 32 } else { 0 }) as u32
}

fn put_half(mask: u64, second: bool, value: u32) -> u64 {
    if second {
        mask & 0xFFFF_FFFF | u64::from(value & 0x3F_FFFF) << 32
    } else {
        mask & !0xFFFF_FFFF | u64::from(value)
    }
}

fn index(offset: u32, base: u32, count: u32) -> Option<usize> {
    let n = offset.wrapping_sub(base) / 4;
    (offset >= base && n < count).then_some(n as usize)
}

impl Default for Gpio {
    fn default() -> Self {
        Self::new()
    }
}

impl Block for Gpio {
    const GROUPS: &'static [Group] = &[
        Group::one("GPIO", Reg::TABLE),
        Group { block: "GPIO", prefix: "{}", base: PIN, count: PIN_REGISTERS, step: 4, table: pin::Reg::TABLE },
        Group {
            block: "GPIO",
            prefix: "FUNC{}_",
            base: FUNC_IN,
            count: SIGNALS as u32,
            step: 4,
            table: input::Reg::TABLE,
        },
        Group {
            block: "GPIO",
            prefix: "FUNC{}_",
            base: FUNC_OUT,
            count: PIN_REGISTERS,
            step: 4,
            table: output::Reg::TABLE,
        },
    ];

    fn read(&mut self, offset: u32, fabric: &mut Fabric) -> u32 {
        self.peek(offset, fabric)
    }

    fn stays(&self, offset: u32) -> bool {
        Reg::at(offset).is_some()
    }

    fn peek(&mut self, offset: u32, fabric: &mut Fabric) -> u32 {
        if let Some(n) = self.pin_of(offset) {
            return self.pins[n].load(pin::Reg::PIN);
        }
        if let Some(n) = index(offset, FUNC_IN, SIGNALS as u32) {
            return self.inputs[n].load(input::Reg::IN_SEL_CFG);
        }
        if let Some(n) = index(offset, FUNC_OUT, PIN_REGISTERS) {
            return self.outputs[n].load(output::Reg::OUT_SEL_CFG);
        }
        let Some(register) = Reg::at(offset) else { return undeclared("GPIO", offset, fabric) };
        let (out, enable) = fabric.io.gpio();
        let second = matches!(
            register,
            Reg::OUT1
                | Reg::ENABLE1
                | Reg::IN1
                | Reg::STATUS1
                | Reg::PCPU_INT1
                | Reg::PCPU_NMI_INT1
                | Reg::STATUS_NEXT1
        );
        match register {
            Reg::OUT | Reg::OUT1 => half(out, second),
            Reg::ENABLE | Reg::ENABLE1 => half(enable, second),
            Reg::IN | Reg::IN1 => half(fabric.io.gpio_in(fabric.pins.level()), second),
            Reg::STATUS | Reg::STATUS1 | Reg::STATUS_NEXT | Reg::STATUS_NEXT1 => half(self.status, second),
            Reg::PCPU_INT | Reg::PCPU_INT1 => half(self.status & self.enabled(TO_CPU), second),
            Reg::PCPU_NMI_INT | Reg::PCPU_NMI_INT1 => half(self.status & self.enabled(TO_NMI), second),
            Reg::STRAP => fabric.boot_straps(),
            register => self.bank.load(register),
        }
    }

    fn write(&mut self, offset: u32, write: Write, fabric: &mut Fabric) {
        if let Some(n) = self.pin_of(offset) {
            self.pins[n].store(pin::Reg::PIN, write, "GPIO", &mut fabric.gaps);
            return self.write_pin(n, fabric);
        }
        if let Some(n) = index(offset, FUNC_IN, SIGNALS as u32) {
            self.inputs[n].store(input::Reg::IN_SEL_CFG, write, "GPIO", &mut fabric.gaps);
            let (cfg, value) = (|field| self.inputs[n].field(input::Reg::IN_SEL_CFG, field), input::IN_SEL_CFG::SEL);
            let select = InSelect {
                pin: cfg(input::IN_SEL_CFG::IN_SEL) as u8,
                invert: cfg(input::IN_SEL_CFG::IN_INV_SEL) != 0,
                by_matrix: cfg(value) != 0,
            };
            return fabric.select_input(n as Signal, select);
        }
        if let Some(n) = index(offset, FUNC_OUT, PIN_REGISTERS) {
            self.outputs[n].store(output::Reg::OUT_SEL_CFG, write, "GPIO", &mut fabric.gaps);
            if n < PINS {
                let cfg = |field| self.outputs[n].field(output::Reg::OUT_SEL_CFG, field);
                let select = OutSelect {
                    signal: cfg(output::OUT_SEL_CFG::OUT_SEL) as Signal,
                    invert: cfg(output::OUT_SEL_CFG::INV_SEL) != 0,
                    enable_by_gpio: cfg(output::OUT_SEL_CFG::OEN_SEL) != 0,
                    invert_enable: cfg(output::OUT_SEL_CFG::OEN_INV_SEL) != 0,
                };
                fabric.select_output(n as u8, select);
            }
            return;
        }
        let Some(register) = Reg::at(offset) else {
            undeclared("GPIO", offset, fabric);
            return;
        };
        let (out, enable) = fabric.io.gpio();
        let value = write.value;
        match register {
            Reg::OUT => fabric.set_gpio(put_half(out, false, value), enable),
            Reg::OUT_W1TS => fabric.set_gpio(out | u64::from(value), enable),
            Reg::OUT_W1TC => fabric.set_gpio(out & !u64::from(value), enable),
            Reg::OUT1 => fabric.set_gpio(put_half(out, true, value), enable),
            Reg::OUT1_W1TS => fabric.set_gpio(out | put_half(0, true, value), enable),
            Reg::OUT1_W1TC => fabric.set_gpio(out & !put_half(0, true, value), enable),
            Reg::ENABLE => fabric.set_gpio(out, put_half(enable, false, value)),
            Reg::ENABLE_W1TS => fabric.set_gpio(out, enable | u64::from(value)),
            Reg::ENABLE_W1TC => fabric.set_gpio(out, enable & !u64::from(value)),
            Reg::ENABLE1 => fabric.set_gpio(out, put_half(enable, true, value)),
            Reg::ENABLE1_W1TS => fabric.set_gpio(out, enable | put_half(0, true, value)),
            Reg::ENABLE1_W1TC => fabric.set_gpio(out, enable & !put_half(0, true, value)),
            Reg::STATUS | Reg::STATUS1 => {
                self.status = put_half(self.status, register == Reg::STATUS1, value);
                self.clear_status(0, fabric);
            }
            Reg::STATUS_W1TS | Reg::STATUS1_W1TS => {
                self.status |= put_half(0, register == Reg::STATUS1_W1TS, value);
                self.interrupt(fabric);
            }
            Reg::STATUS_W1TC | Reg::STATUS1_W1TC => {
                self.clear_status(put_half(0, register == Reg::STATUS1_W1TC, value), fabric);
            }
            register => self.bank.store(register, write, "GPIO", &mut fabric.gaps),
        }
    }

    fn reset(&mut self, fabric: &mut Fabric) {
        *self = Self::new();
        fabric.interrupting_pins = 0;
        fabric.set_gpio(0, 0);
        for pin in 0..PINS as u8 {
            let free = OutSelect { signal: 256, invert: false, enable_by_gpio: false, invert_enable: false };
            fabric.select_output(pin, free);
        }
        for signal in 0..SIGNALS as Signal {
            fabric.select_input(signal, InSelect { pin: 0, invert: false, by_matrix: false });
        }
        self.interrupt(fabric);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fabric::Reason;
    use crate::io::Pad;
    use crate::spi_mem::psram::Wiring;
    use crate::system::System;
    use engine_core::pins::Drive;

    fn bench() -> (Gpio, Fabric) {
        let (mut gpio, mut fabric) = (Gpio::new(), Fabric::new());
        gpio.reset(&mut fabric);
        for pin in [4, 40] {
            fabric.set_pad(pin, Pad { function: 1, input_enable: true, ..Pad::default() });
        }
        (gpio, fabric)
    }

    fn write(bench: &mut (Gpio, Fabric), offset: u32, value: u32) {
        bench.0.write(offset, Write::word(value), &mut bench.1);
    }

    #[test]
    fn an_output_can_be_set_cleared_and_read_back_at_the_pad() {
        let mut bench = bench();
        write(&mut bench, 0x24, 1 << 4);
        write(&mut bench, 0x08, 1 << 4);
        assert_eq!(bench.0.read(0x3C, &mut bench.1) >> 4 & 1, 1);
        write(&mut bench, 0x0C, 1 << 4);
        assert_eq!(bench.0.read(0x3C, &mut bench.1) >> 4 & 1, 0);
        write(&mut bench, 0x30, 1 << 8);
        write(&mut bench, 0x14, 1 << 8);
        assert_eq!(bench.0.read(0x40, &mut bench.1) >> 8 & 1, 1, "GPIO40 is bit 8 of IN1");
    }

    #[test]
    fn an_open_drain_pin_does_not_drive_high() {
        let mut bench = bench();
        write(&mut bench, 0x74 + 16, 1 << 2);
        write(&mut bench, 0x24, 1 << 4);
        write(&mut bench, 0x08, 1 << 4);
        assert_eq!(bench.1.pins.driven() >> 4 & 1, 0);
        write(&mut bench, 0x0C, 1 << 4);
        assert_eq!(bench.1.pins.driven() >> 4 & 1, 1);
    }

    /// TRM 6.14.1: INT_TYPE 1 is the rising edge; INT_ENA bit 0 goes to the processors.
    #[test]
    fn a_rising_edge_latches_until_it_is_cleared() {
        let mut bench = bench();
        write(&mut bench, 0x74 + 16, 1 << 13 | 1 << 7);
        bench.1.pins.drive_from_outside(Drive { pin: 4, level: Some(true) }, 10);
        bench.1.levels_changed(10);
        for (_, changed, levels, _) in bench.1.take_input_changes() {
            bench.0.pins_changed(changed, levels, &mut bench.1);
        }
        assert_eq!(bench.0.read(0x5C, &mut bench.1), 1 << 4);
        assert_eq!(bench.1.sources() >> Source::GPIO as u32 & 1, 1);
        write(&mut bench, 0x4C, 1 << 4);
        assert_eq!(bench.0.read(0x44, &mut bench.1), 0);
        assert_eq!(bench.1.sources(), 0);
    }

    #[test]
    fn a_level_interrupt_comes_back_while_the_level_is_there() {
        let mut bench = bench();
        write(&mut bench, 0x74 + 16, 1 << 13 | 4 << 7);
        assert_eq!(bench.0.read(0x44, &mut bench.1), 1 << 4);
        write(&mut bench, 0x4C, 1 << 4);
        assert_eq!(bench.0.read(0x44, &mut bench.1), 1 << 4);
    }

    /// ESP32-S3 datasheet, "Strapping Pins": sampled when the chip powers up or the system is reset; GPIO0 low and GPIO46 low
    /// ask for download mode ("boot:0x0"), GPIO0 high for the flash ("boot:0x8").
    #[test]
    fn the_straps_are_those_of_the_last_system_reset() {
        let mut system = System::new(0x1_0000, 0, Wiring::Quad);
        assert_eq!(system.read_register(0x6000_4038), 0x8);
        system.dev.fabric.pins.drive_from_outside(Drive { pin: 0, level: Some(false) }, 10);
        system.restart_devices(Reason::CoreSoftware);
        assert_eq!(system.read_register(0x6000_4038), 0x8);
        system.restart_devices(Reason::PowerOn);
        assert_eq!(system.read_register(0x6000_4038), 0x0);
        system.dev.fabric.pins.drive_from_outside(Drive { pin: 0, level: None }, 20);
        system.restart_devices(Reason::SystemRtcWdt);
        assert_eq!(system.read_register(0x6000_4038), 0x8);
    }

    /// RTC_CNTL_FORCE_DOWNLOAD_BOOT, ESP-IDF soc/rtc_cntl_reg.h. esptool takes it back before its last reset.
    #[test]
    fn software_asks_for_download_mode_until_it_takes_that_back() {
        const OPTION1: u32 = 0x6000_812C;
        let mut system = System::new(0x1_0000, 0, Wiring::Quad);
        for end in [Reason::CoreSoftware, Reason::SystemRtcWdt] {
            system.write_register(OPTION1, 1);
            system.restart_devices(Reason::CoreSoftware);
            assert_eq!(system.read_register(0x6000_4038), 0x0);
            if end == Reason::CoreSoftware {
                system.write_register(OPTION1, 0);
            }
            system.restart_devices(end);
            assert_eq!(system.read_register(0x6000_4038), 0x8);
        }
    }
}
