//! SYSTEM: clocks of the processors and buses, clock and reset of the blocks, the second processor, software interrupts.
//! ESP32-S3 TRM chapters 7 (Reset and Clock) and 17 (System Registers).
//!
//! # Fidelity
//! - Clock selection, software interrupts, core 1's reset, clock gate and run stall: exact; a new clock works at once.
//! - A block whose reset bit software sets is reset, and held until the bit is cleared: loads give its reset values, stores
//!   are lost, both are counted; UART_CLK_CONF answers. Blocks whose bit is set after reset (PERIP_RST_EN1) answer all the
//!   same (approximated).
//! - A block whose clock is off works on; that firmware accesses it is counted as a gap.
//! - The CRC of RTC FAST memory is that of IEEE 802.3 over RTC_MEM_CRC_LEN + 1 words; the TRM tells neither. Memory power and timing monitors, and the Bluetooth low-power clock, are storage.
//! - EFUSE, whose registers a reset does not touch, has a clock gate only.

pub mod gates;
pub mod registers;

use crate::block::{undeclared, Block};
use crate::dedic_gpio;
use crate::fabric::{Fabric, Request, Stall};
use crate::sources::Source;
use engine_core::registers::{Bank, Group, Registers, Write};
use gates::{gate_of, GATES};
use registers::{
    Reg, CORE_1_CONTROL_0, CPU_PERI_CLK_EN, CPU_PERI_RST_EN, CPU_PER_CONF, RTC_FASTMEM_CONFIG, SYSCLK_CONF,
};
use serde::{Deserialize, Serialize};

const FROM_CPU: [(Reg, Source); 4] = [
    (Reg::CPU_INTR_FROM_CPU_0, Source::FROM_CPU_0),
    (Reg::CPU_INTR_FROM_CPU_1, Source::FROM_CPU_1),
    (Reg::CPU_INTR_FROM_CPU_2, Source::FROM_CPU_2),
    (Reg::CPU_INTR_FROM_CPU_3, Source::FROM_CPU_3),
];
const CLOCKS: [Reg; 3] = [Reg::PERIP_CLK_EN0, Reg::PERIP_CLK_EN1, Reg::CPU_PERI_CLK_EN];
const RESETS: [Reg; 3] = [Reg::PERIP_RST_EN0, Reg::PERIP_RST_EN1, Reg::CPU_PERI_RST_EN];

/// The block.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Sysreg {
    regs: Bank<Reg>,
}

impl Sysreg {
    /// The block after reset.
    #[allow(clippy::new_without_default)]
    pub fn new() -> Self {
        Self { regs: Bank::new() }
    }

    /// May flash be encrypted by hand, when the chip runs from flash or when it is in download mode?
    pub(crate) fn enables_manual_encryption(&self) -> bool {
        use registers::EXTERNAL_DEVICE_ENCRYPT_DECRYPT_CONTROL as Control;
        let either = Control::ENABLE_SPI_MANUAL_ENCRYPT.mask | Control::ENABLE_DOWNLOAD_MANUAL_ENCRYPT.mask;
        self.regs.get(Reg::EXTERNAL_DEVICE_ENCRYPT_DECRYPT_CONTROL) & either != 0
    }

    /// The answer to [`Request::RtcMemoryCrc`].
    pub(crate) fn set_rtc_memory_crc(&mut self, bytes: &[u8]) {
        let shift = |crc: u32, _| crc >> 1 ^ if crc & 1 != 0 { 0xEDB8_8320 } else { 0 };
        let add = |crc: u32, byte: &u8| (0..8).fold(crc ^ u32::from(*byte), shift);
        self.regs.set(Reg::RTC_FASTMEM_CRC, !bytes.iter().fold(u32::MAX, add));
    }

    fn select_clocks(&self, fabric: &mut Fabric) {
        let (sysclk, cpu) = (self.regs.get(Reg::SYSCLK_CONF), self.regs.get(Reg::CPU_PER_CONF));
        let selection = &mut fabric.selection;
        selection.soc_clk = SYSCLK_CONF::SOC_CLK_SEL.get(sysclk);
        selection.pre_div = SYSCLK_CONF::PRE_DIV_CNT.get(sysclk);
        selection.pll_480 = CPU_PER_CONF::PLL_FREQ_SEL.is_set(cpu);
        selection.cpu_period = CPU_PER_CONF::CPUPERIOD_SEL.get(cpu);
        fabric.settle_clocks();
    }

    fn gate_clocks(&self, fabric: &mut Fabric) {
        // ESP-IDF's `bootloader_random_enable` turns the clock of APB_SARADC off, sets it up, and it works.
        const APB_SARADC: u32 = 0x6004_0000;
        for gate in GATES.iter().filter(|gate| gate.base != APB_SARADC) {
            let off = self.regs.get(CLOCKS[gate.register]) >> gate.bit & 1 == 0;
            fabric.set_dark(gate.base >> 12, off);
        }
        let clock = CPU_PERI_CLK_EN::CLK_EN_DEDICATED_GPIO.is_set(self.regs.get(Reg::CPU_PERI_CLK_EN));
        let held = CPU_PERI_RST_EN::RST_EN_DEDICATED_GPIO.is_set(self.regs.get(Reg::CPU_PERI_RST_EN));
        fabric.dedicated_gpio_on = clock && !held;
    }

    /// Blocks whose reset bit goes up are reset, and held until it goes down.
    fn reset_blocks(&self, register: usize, before: u32, fabric: &mut Fabric) {
        let bits = self.regs.get(RESETS[register]);
        let raised = bits & !before;
        const EFUSE: u32 = 0x6000_7000;
        for gate in GATES.iter().filter(|gate| gate.register == register && gate.base != EFUSE) {
            if raised >> gate.bit & 1 != 0 {
                fabric.request(Request::ResetBlock(gate.base));
                fabric.set_held(gate.base >> 12, true);
            } else if bits >> gate.bit & 1 == 0 {
                fabric.set_held(gate.base >> 12, false);
            }
        }
    }

    fn control_core_1(&self, before: u32, fabric: &mut Fabric) {
        let control = self.regs.get(Reg::CORE_1_CONTROL_0);
        let stalled = CORE_1_CONTROL_0::CONTROL_CORE_1_RUNSTALL.is_set(control);
        fabric.stall(1, Stall::RunStall, stalled);
        fabric.stall(1, Stall::ClockGate, !CORE_1_CONTROL_0::CONTROL_CORE_1_CLKGATE_EN.is_set(control));
        let held = CORE_1_CONTROL_0::CONTROL_CORE_1_RESETING;
        if held.is_set(control ^ before) {
            fabric.request(Request::HoldCore(1, held.is_set(control)));
        }
    }

    fn update_irq(&self, fabric: &mut Fabric) {
        for (register, source) in FROM_CPU {
            fabric.set_irq(source, self.regs.get(register) & 1 != 0);
        }
    }
}

/// Firmware accessed a block whose clock is off.
#[cold]
pub(crate) fn accessed_without_clock(addr: u32, fabric: &mut Fabric) {
    if let Some(gate) = gate_of(addr) {
        let why = "the firmware accesses this block while its clock is off; here it answers all the same";
        fabric.gaps.touch(&format!("{} without clock", gate.name), why);
    }
}

/// Firmware accessed a block that it holds in reset.
#[cold]
pub(crate) fn accessed_in_reset(addr: u32, fabric: &mut Fabric) {
    if let Some(gate) = gate_of(addr) {
        let why = "the firmware accesses this block while it holds it in reset: reset values are read, stores are lost";
        fabric.gaps.touch(&format!("{} in reset", gate.name), why);
    }
}

impl Block for Sysreg {
    const GROUPS: &'static [Group] = &[Group::one("SYSTEM", Reg::TABLE)];

    fn read(&mut self, offset: u32, fabric: &mut Fabric) -> u32 {
        if Reg::at(offset).is_none() {
            undeclared("SYSTEM", offset, fabric);
        }
        self.peek(offset, fabric)
    }

    fn stays(&self, offset: u32) -> bool {
        Reg::at(offset).is_some()
    }

    fn peek(&mut self, offset: u32, _fabric: &mut Fabric) -> u32 {
        const XTAL_MHZ: u32 = (crate::fabric::XTAL_HZ / 1_000_000) as u32;
        match Reg::at(offset) {
            Some(Reg::SYSCLK_CONF) => SYSCLK_CONF::CLK_XTAL_FREQ.put(self.regs.load(Reg::SYSCLK_CONF), XTAL_MHZ),
            // The CRC takes no time.
            Some(Reg::RTC_FASTMEM_CONFIG) => {
                self.regs.load(Reg::RTC_FASTMEM_CONFIG) | RTC_FASTMEM_CONFIG::RTC_MEM_CRC_FINISH.mask
            }
            Some(register) => self.regs.load(register),
            None => 0,
        }
    }

    fn write(&mut self, offset: u32, write: Write, fabric: &mut Fabric) {
        let Some(register) = Reg::at(offset) else {
            undeclared("SYSTEM", offset, fabric);
            return;
        };
        let before = self.regs.get(register);
        self.regs.store(register, write, "SYSTEM", &mut fabric.gaps);
        match register {
            Reg::CORE_1_CONTROL_0 => self.control_core_1(before, fabric),
            Reg::SYSCLK_CONF | Reg::CPU_PER_CONF => self.select_clocks(fabric),
            Reg::PERIP_CLK_EN0 | Reg::PERIP_CLK_EN1 | Reg::CPU_PERI_CLK_EN => self.gate_clocks(fabric),
            Reg::RTC_FASTMEM_CONFIG if RTC_FASTMEM_CONFIG::RTC_MEM_CRC_START.is_set(write.value & !before) => {
                let first = RTC_FASTMEM_CONFIG::RTC_MEM_CRC_ADDR.get(write.value);
                let words = RTC_FASTMEM_CONFIG::RTC_MEM_CRC_LEN.get(write.value) + 1;
                fabric.request(Request::RtcMemoryCrc(first, words));
            }
            Reg::PERIP_RST_EN0 => self.reset_blocks(0, before, fabric),
            Reg::PERIP_RST_EN1 => self.reset_blocks(1, before, fabric),
            Reg::CPU_PERI_RST_EN => {
                self.reset_blocks(2, before, fabric);
                self.gate_clocks(fabric);
                if CPU_PERI_RST_EN::RST_EN_DEDICATED_GPIO.is_set(self.regs.get(Reg::CPU_PERI_RST_EN) & !before) {
                    dedic_gpio::reset(fabric);
                }
            }
            Reg::CPU_INTR_FROM_CPU_0
            | Reg::CPU_INTR_FROM_CPU_1
            | Reg::CPU_INTR_FROM_CPU_2
            | Reg::CPU_INTR_FROM_CPU_3 => self.update_irq(fabric),
            _ => {}
        }
    }

    fn reset(&mut self, fabric: &mut Fabric) {
        *self = Self::new();
        for gate in &GATES {
            fabric.set_held(gate.base >> 12, false);
        }
        self.select_clocks(fabric);
        self.gate_clocks(fabric);
        dedic_gpio::reset(fabric);
        self.control_core_1(0, fabric);
        self.update_irq(fabric);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::spi_mem::psram::Wiring;
    use crate::system::System;
    use engine_core::time::Hertz;

    const CORE_1_CONTROL_0: u32 = 0x000;
    const CPU_PER_CONF: u32 = 0x010;
    const PERIP_CLK_EN0: u32 = 0x018;
    const PERIP_RST_EN0: u32 = 0x020;
    const CPU_INTR_FROM_CPU_1: u32 = 0x034;
    const SYSCLK_CONF: u32 = 0x060;

    fn parts() -> (Sysreg, Fabric) {
        let (mut system, mut fabric) = (Sysreg::new(), Fabric::new());
        system.reset(&mut fabric);
        fabric.requests.clear();
        (system, fabric)
    }

    /// TRM table 7-2: PRE_DIV_CNT is 1 after reset, so the processors start at 20 MHz; then as ESP-IDF goes to 240 MHz.
    #[test]
    fn the_processors_clock_is_selected() {
        let (mut system, mut fabric) = (Sysreg::new(), Fabric::new());
        system.reset(&mut fabric);
        assert_eq!(fabric.requests[0], Request::CpuClock(Hertz::new(20_000_000)));
        fabric.requests.clear();
        system.write(CPU_PER_CONF, Write::word(0xC | 2), &mut fabric);
        system.write(SYSCLK_CONF, Write::word(1 << 10), &mut fabric);
        assert!(fabric.requests.contains(&Request::CpuClock(Hertz::new(240_000_000))));
        assert_eq!(fabric.rates.apb, Hertz::new(80_000_000));
        assert_eq!(system.read(SYSCLK_CONF, &mut fabric), 40 << 12 | 1 << 10);
    }

    /// As ESP-IDF's `start_other_core`: clock on, stall off, then a pulse of reset.
    #[test]
    fn core_1_is_let_go_by_the_pulse_of_its_reset() {
        let (mut system, mut fabric) = parts();
        system.write(CORE_1_CONTROL_0, Write::word(0b110), &mut fabric);
        assert_eq!(fabric.requests, [Request::StallCore(1, false)]);
        fabric.requests.clear();
        system.write(CORE_1_CONTROL_0, Write::word(0b010), &mut fabric);
        assert_eq!(fabric.requests, [Request::HoldCore(1, false)]);
        fabric.requests.clear();
        system.write(CORE_1_CONTROL_0, Write::word(0b011), &mut fabric);
        assert_eq!(fabric.requests, [Request::StallCore(1, true)]);
    }

    /// The check value of CRC-32 in the catalogue of parametrised CRC algorithms (reveng).
    #[test]
    fn rtc_memory_has_a_crc() {
        let (mut system, mut fabric) = parts();
        system.write(0x050, Write::word(3 << 20 | 5 << 9 | 1 << 8), &mut fabric);
        assert_eq!(fabric.requests, [Request::RtcMemoryCrc(5, 4)]);
        system.set_rtc_memory_crc(b"123456789");
        assert_eq!(system.read(0x054, &mut fabric), 0xCBF4_3926);
        assert_eq!(system.read(0x050, &mut fabric) >> 31, 1);
    }

    #[test]
    fn a_software_interrupt_is_a_level() {
        let (mut system, mut fabric) = parts();
        system.write(CPU_INTR_FROM_CPU_1, Write::word(1), &mut fabric);
        assert_eq!(fabric.sources(), 1 << Source::FROM_CPU_1 as u8);
        system.write(CPU_INTR_FROM_CPU_1, Write::word(0), &mut fabric);
        assert_eq!(fabric.sources(), 0);
    }

    /// ESP-IDF `soc/system_reg.h`: TIMERGROUP1 is bit 15 of both registers.
    #[test]
    fn a_block_is_reset_once_and_misses_its_clock() {
        let (mut system, mut fabric) = parts();
        system.write(PERIP_RST_EN0, Write::word(1 << 15), &mut fabric);
        system.write(PERIP_RST_EN0, Write::word(1 << 15), &mut fabric);
        assert_eq!(fabric.requests, [Request::ResetBlock(0x6002_0000)]);
        assert!(!fabric.is_dark(0x6002_0064));
        system.write(PERIP_CLK_EN0, Write::word(0xF9C1_E06F & !(1 << 15)), &mut fabric);
        assert!(fabric.is_dark(0x6002_0064) && !fabric.is_dark(0x6001_F064));
        accessed_without_clock(0x6002_0064, &mut fabric);
        assert!(fabric.gaps.all().contains_key("TIMG1 without clock"));
    }

    /// ESP-IDF `hal/clk_gate_ll.h`: a module that is disabled stays in reset, and is taken out of it when it is enabled.
    /// TIMG_T0ALARMLO is at 0x10.
    #[test]
    fn a_block_is_held_in_reset_until_its_bit_is_cleared() {
        const ALARM: u32 = 0x6002_0010;
        const RESET: u32 = 0x600C_0000 + PERIP_RST_EN0;
        let mut system = System::new(0x1_0000, 0, Wiring::Quad);
        system.write_register(ALARM, 5);
        system.write_register(RESET, 1 << 15);
        system.write_register(ALARM, 7);
        assert_eq!(system.read_register(ALARM), 0);
        assert_eq!(system.dev.fabric.gaps.all()["TIMG1 in reset"].count, 2);
        system.write_register(RESET, 0);
        assert_eq!(system.read_register(ALARM), 0);
        system.write_register(ALARM, 7);
        assert_eq!(system.read_register(ALARM), 7);
    }
}
