//! RESETS. RP2040 datasheet, section 2.14.
//!
//! # Fidelity
//! - Exact: every block goes back to its reset state and stays out of reach while it is held; WDSEL.
//! - RESET_DONE follows at once where the block's own clock runs, and waits for that clock where it does not; silicon takes
//!   a few cycles of it. The JTAG bit resets nothing.
//! - A load from a block in reset gives 0, a store is lost; both are counted. SYSINFO has nothing to reset and answers.

use crate::block::{undeclared, Block};
use crate::fabric::{Fabric, Request};
use engine_core::registers::{Bank, Group, Registers, Write};
use serde::{Deserialize, Serialize};

engine_core::registers! {
    /// 2.14.3.
    pub Reg;
    RESET 0x00 = 0x01FF_FFFF {
        USBCTRL 24 rw; UART1 23 rw; UART0 22 rw; TIMER 21 rw; TBMAN 20 rw; SYSINFO 19 rw; SYSCFG 18 rw; SPI1 17 rw;
        SPI0 16 rw; RTC 15 rw; PWM 14 rw; PLL_USB 13 rw; PLL_SYS 12 rw; PIO1 11 rw; PIO0 10 rw; PADS_QSPI 9 rw;
        PADS_BANK0 8 rw; JTAG 7 rw; IO_QSPI 6 rw; IO_BANK0 5 rw; I2C1 4 rw; I2C0 3 rw; DMA 2 rw; BUSCTRL 1 rw;
        ADC 0 rw;
    }
    WDSEL 0x04 = 0x0000_0000 {
        USBCTRL 24 rw; UART1 23 rw; UART0 22 rw; TIMER 21 rw; TBMAN 20 rw; SYSINFO 19 rw; SYSCFG 18 rw; SPI1 17 rw;
        SPI0 16 rw; RTC 15 rw; PWM 14 rw; PLL_USB 13 rw; PLL_SYS 12 rw; PIO1 11 rw; PIO0 10 rw; PADS_QSPI 9 rw;
        PADS_BANK0 8 rw; JTAG 7 rw; IO_QSPI 6 rw; IO_BANK0 5 rw; I2C1 4 rw; I2C0 3 rw; DMA 2 rw; BUSCTRL 1 rw;
        ADC 0 rw;
    }
    RESET_DONE 0x08 = 0x0000_0000 {
        USBCTRL 24 ro; UART1 23 ro; UART0 22 ro; TIMER 21 ro; TBMAN 20 ro; SYSINFO 19 ro; SYSCFG 18 ro; SPI1 17 ro;
        SPI0 16 ro; RTC 15 ro; PWM 14 ro; PLL_USB 13 ro; PLL_SYS 12 ro; PIO1 11 ro; PIO0 10 ro; PADS_QSPI 9 ro;
        PADS_BANK0 8 ro; JTAG 7 ro; IO_QSPI 6 ro; IO_BANK0 5 ro; I2C1 4 ro; I2C0 3 ro; DMA 2 ro; BUSCTRL 1 ro;
        ADC 0 ro;
    }
}

/// Every block that has a bit.
pub const ALL: u32 = 0x01FF_FFFF;

/// The state of the block.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Resets {
    regs: Bank<Reg>,
    /// Blocks that have come out of reset.
    done: u32,
}

impl Resets {
    /// The block after reset: it holds every other block.
    #[allow(clippy::new_without_default)]
    pub fn new() -> Self {
        Self { regs: Bank::new(), done: 0 }
    }

    /// The blocks that are held in reset, bits of RESETS.RESET.
    pub fn held(&self) -> u32 {
        self.regs.get(Reg::RESET)
    }

    /// The blocks that the watchdog resets (WDSEL).
    pub fn watchdog_selects(&self) -> u32 {
        self.regs.get(Reg::WDSEL)
    }

    /// The watchdog holds these blocks for a moment and lets them go again (2.14.1).
    pub fn pulse(&mut self, blocks: u32, fabric: &mut Fabric) {
        self.done &= !blocks;
        fabric.request(Request::ResetBlocks(blocks));
    }

    /// RESET_DONE: a reset is taken off on an edge of the block's own clock, so a block whose clock stands still is not done.
    fn done(&self, fabric: &Fabric) -> u32 {
        let waits = |running: bool, mask: u32| if running { 0 } else { mask };
        let rates = &fabric.rates;
        let peri = RESET::UART0.mask | RESET::UART1.mask | RESET::SPI0.mask | RESET::SPI1.mask;
        let waiting = waits(rates.peri.is_running(), peri)
            | waits(rates.usb.is_running(), RESET::USBCTRL.mask)
            | waits(rates.adc.is_running(), RESET::ADC.mask)
            | waits(rates.rtc.is_running(), RESET::RTC.mask);
        (self.done | !waiting) & ALL & !self.held()
    }
}

impl Block for Resets {
    const GROUPS: &'static [Group] = &[Group::one("RESETS", Reg::TABLE)];

    fn read(&mut self, offset: u32, fabric: &mut Fabric) -> u32 {
        match Reg::at(offset) {
            Some(Reg::RESET_DONE) => {
                self.done = self.done(fabric);
                self.done
            }
            Some(register) => self.regs.load(register),
            None => undeclared("RESETS", offset, fabric),
        }
    }

    fn peek(&mut self, offset: u32, fabric: &mut Fabric) -> u32 {
        match Reg::at(offset) {
            Some(Reg::RESET_DONE) => self.done(fabric),
            Some(register) => self.regs.load(register),
            None => 0,
        }
    }

    fn write(&mut self, offset: u32, write: Write, fabric: &mut Fabric) {
        let Some(register) = Reg::at(offset) else {
            undeclared("RESETS", offset, fabric);
            return;
        };
        let before = self.held();
        self.regs.store(register, write, "RESETS", &mut fabric.gaps);
        let entered = self.held() & !before;
        self.done &= !self.held();
        if entered != 0 {
            fabric.request(Request::ResetBlocks(entered));
        }
    }

    fn reset(&mut self, fabric: &mut Fabric) {
        *self = Self::new();
        fabric.request(Request::ResetBlocks(ALL));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::system::ROSC_HZ;
    use engine_core::time::Hertz;

    fn parts() -> (Resets, Fabric) {
        (Resets::new(), Fabric::new(Hertz::new(ROSC_HZ)))
    }

    /// 2.14.3, table of RESET: every bit is 1 after reset.
    #[test]
    fn every_block_is_held_after_power_on() {
        let (mut resets, mut fabric) = parts();
        assert_eq!(resets.read(0, &mut fabric), 0x01FF_FFFF);
        assert_eq!(resets.read(8, &mut fabric), 0);
    }

    /// 2.14.1: RESET_DONE follows once the block has come out of reset; TIMER (bit 21) runs from clk_ref and clk_sys, UART0
    /// (bit 22) needs clk_peri, which is off after reset (2.15.7).
    #[test]
    fn a_block_without_its_clock_does_not_come_out_of_reset() {
        let (mut resets, mut fabric) = parts();
        resets.write(0, Write::word(0x01FF_FFFF & !(3 << 21)), &mut fabric);
        assert_eq!(resets.read(8, &mut fabric), 1 << 21);
        fabric.rates.peri = Hertz::new(48_000_000);
        assert_eq!(resets.read(8, &mut fabric), 3 << 21);
        fabric.rates.peri = Hertz::STOPPED;
        assert_eq!(resets.read(8, &mut fabric), 3 << 21);
    }

    #[test]
    fn only_a_block_that_enters_reset_is_reset() {
        let (mut resets, mut fabric) = parts();
        resets.write(0, Write::word(0), &mut fabric);
        assert!(fabric.requests.is_empty());
        resets.write(0, Write::word(1 << 14), &mut fabric);
        assert_eq!(fabric.requests, [Request::ResetBlocks(1 << 14)]);
        resets.write(0, Write::word(3 << 14), &mut fabric);
        assert_eq!(fabric.requests[1], Request::ResetBlocks(1 << 15));
    }
}
