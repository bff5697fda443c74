//! USB boot: the drive RPI-RP2 and the PICOBOOT interface. Datasheet 2.8.4 and 2.8.5.
//!
//! The device is there at function level: the ROM's use of the USB controller is not carried out register by register.
//! What it does to clocks, flash, memory and watchdog is: core 0 does it in the ROM's loop, by the ROM's own functions,
//! and sleeps between.

mod device;
mod disk;
mod endpoints;
mod picoboot;
mod scsi;
mod task;
#[cfg(test)]
mod tests;

pub use device::UsbBoot;

use super::flash::READ_DATA;
use super::image::{self, DEAD};
use super::Outcome;
use crate::fabric::Slot;
use crate::sysinfo::GITREF_B1;
use crate::system::System;
use armv6m::Core;
use picoboot::Reboot;
use serde::{Deserialize, Serialize};
use std::collections::VecDeque;
use task::{Status, Step, Task, PAGE, SECTOR};

const CLOCKS: u32 = 0x4000_8000;
const CLK_REF_CTRL: u32 = CLOCKS + 0x30;
const CLK_SYS_CTRL: u32 = CLOCKS + 0x3C;
const CLK_SYS_DIV: u32 = CLOCKS + 0x40;
const CLK_USB_CTRL: u32 = CLOCKS + 0x54;
const CLK_USB_DIV: u32 = CLOCKS + 0x58;
const RESETS: u32 = 0x4000_C000;
const RESET_PLL_SYS: u32 = 1 << 12;
const RESET_USBCTRL: u32 = 1 << 24;
const PSM_WDSEL: u32 = 0x4001_0008;
const XOSC_CTRL: u32 = 0x4002_4000;
const XOSC_STATUS: u32 = 0x4002_4004;
const PLL_SYS: u32 = 0x4002_8000;
const WATCHDOG: u32 = 0x4005_8000;
const WATCHDOG_TICK: u32 = WATCHDOG + 0x2C;
const SCRATCH0: u32 = WATCHDOG + 0x0C;
const SCRATCH4: u32 = WATCHDOG + 0x1C;
const ROSC_CTRL: u32 = 0x4006_0000;
const XIP_CTRL: u32 = 0x1400_0000;
/// The aliases of a register block whose stores set and clear bits (2.1.2).
const SET: u32 = 0x2000;
const CLEAR: u32 = 0x3000;

/// The dual-port memory of the USB controller, where the ROM has its variables, and a page of it.
const DPRAM: u32 = 0x5010_0000;
const DPRAM_SIZE: u32 = 4096;
const BUFFER: u32 = DPRAM + DPRAM_SIZE - PAGE;
const STACK: u32 = BUFFER;

/// The register that counts the steps of the way to the device.
const STAGE: usize = 4;
/// Cycles of a handful of register accesses.
const REGISTERS: u64 = 60;
/// Cycles between two looks at a bit that is waited for; the ROM's loop is shorter.
const POLL: u64 = 200;

/// What the processor is at: a task, its steps, and what it will answer.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
struct Work {
    task: Option<Task>,
    steps: VecDeque<Step>,
    status: Option<Status>,
    read: Vec<u8>,
    last: Option<task::Source>,
    rebooting: bool,
}

impl Work {
    /// What is under way is given up after the step that the processor is at.
    fn abort(&mut self) {
        self.task = None;
        self.steps.clear();
    }
}

impl System {
    /// `_reset_to_usb_boot(activity pins, interfaces to disable)`, 2.8.3.1.5: by way of the watchdog.
    pub(super) fn reset_to_usb_boot(&mut self, core: &mut Core) -> Outcome {
        if !self.has_turn(core) {
            return Outcome::Again;
        }
        const DELAY: u32 = 10;
        let [pins, disabled, ..] = core.regs;
        self.rom_write(SCRATCH0, pins);
        self.rom_write(SCRATCH0 + 4, disabled);
        self.watchdog_reboot(Reboot {
            pc: self.dev.bootrom.address_of(image::ENTER_USB_BOOT),
            sp: STACK,
            delay: DELAY,
        });
        core.cycle += REGISTERS;
        Outcome::Jump(DEAD | 1)
    }

    /// Out of that reset.
    pub(super) fn enter_usb_boot(&mut self, core: &mut Core) -> Outcome {
        if !self.has_turn(core) {
            return Outcome::Again;
        }
        let (pins, disabled) = (self.rom_read(SCRATCH0), self.rom_read(SCRATCH0 + 4));
        if pins != 0 {
            let why = "no pin shows the activity of USB boot";
            self.dev.fabric.gaps.touch("ROM reset_to_usb_boot activity pins", why);
        }
        self.begin_usb_boot(core, disabled)
    }

    /// Goes on as a USB device, without these interfaces.
    pub(super) fn begin_usb_boot(&mut self, core: &mut Core, disabled: u32) -> Outcome {
        core.regs[0] = disabled;
        core.regs[STAGE] = 0;
        core.set_msp(STACK);
        Outcome::Jump(self.dev.bootrom.address_of(image::USB_BOOT_LOOP) | 1)
    }

    /// The loop of USB boot: clocks first, then whatever the host asks for.
    pub(super) fn usb_boot_loop(&mut self, core: &mut Core) -> Outcome {
        if !self.has_turn(core) {
            return Outcome::Again;
        }
        let Some(mut boot) = self.dev.usb.boot.take() else { return self.become_device(core) };
        let outcome = self.usb_boot_work(&mut boot, core);
        self.dev.usb.boot = Some(boot);
        self.dev.fabric.soon(Slot::UsbHost);
        outcome
    }

    /// clk_sys and clk_usb at 48 MHz of PLL_SYS, from a crystal of 12 MHz; then the device shows itself.
    fn become_device(&mut self, core: &mut Core) -> Outcome {
        core.cycle += REGISTERS;
        match core.regs[STAGE] {
            0 => {
                self.rom_write(RESETS + SET, RESET_USBCTRL);
                self.rom_write(ROSC_CTRL, 0x00FA_B000);
                self.rom_write(CLK_REF_CTRL + CLEAR, 3);
                self.rom_write(CLK_SYS_CTRL + CLEAR, 1);
                self.rom_write(CLK_SYS_DIV, 0x100);
                self.rom_write(CLK_USB_DIV, 0x100);
                self.rom_write(XOSC_CTRL, 0x00FA_B000);
            }
            1 => {
                const STABLE: u32 = 1 << 31;
                if self.rom_read(XOSC_STATUS) & STABLE == 0 {
                    core.cycle += POLL;
                    return Outcome::Again;
                }
                self.reset_and_unreset(RESET_PLL_SYS);
                self.rom_write(PLL_SYS, 1);
                self.rom_write(PLL_SYS + 8, 100);
                self.rom_write(PLL_SYS + 12, 5 << 16 | 5 << 12);
                self.rom_write(PLL_SYS + 4 + CLEAR, 1 | 1 << 5);
            }
            2 => {
                const LOCK: u32 = 1 << 31;
                if self.rom_read(PLL_SYS) & LOCK == 0 {
                    core.cycle += POLL;
                    return Outcome::Again;
                }
                self.rom_write(PLL_SYS + 4 + CLEAR, 1 << 3);
                self.rom_write(CLK_SYS_CTRL, 0);
                self.rom_write(CLK_USB_CTRL, 1 << 11 | 1 << 5);
                self.rom_write(CLK_SYS_CTRL + SET, 1);
            }
            _ => {
                self.rom_write(RESETS + CLEAR, RESET_USBCTRL);
                self.rom_write(WATCHDOG_TICK, 12 | 1 << 9);
                self.rom_write(XIP_CTRL + CLEAR, 1);
                (0..DPRAM_SIZE).step_by(4).for_each(|at| self.rom_write(DPRAM + at, 0));
                core.cycle += u64::from(DPRAM_SIZE);
                // The revisions of the chip's source and of the ROM's, six digits of each.
                let [chip, rom] = [GITREF_B1, 0].map(|revision: u32| revision >> 8);
                let boot = UsbBoot::new(core.regs[0], format!("{chip:06X}{rom:06X}"), self.dev.usb.vbus());
                self.dev.usb.boot = Some(Box::new(boot));
                self.dev.fabric.soon(Slot::UsbHost);
            }
        }
        core.regs[STAGE] = core.regs[STAGE].saturating_add(1);
        Outcome::Again
    }

    fn usb_boot_work(&mut self, boot: &mut UsbBoot, core: &mut Core) -> Outcome {
        if let Some(reboot) = boot.take_reboot() {
            self.watchdog_reboot(reboot);
            boot.work.rebooting = true;
            core.cycle += REGISTERS;
        }
        loop {
            if let Some(step) = boot.work.steps.pop_front() {
                return self.usb_boot_step(boot, step, core);
            }
            if let (Some(task), Some(status)) = (boot.work.task.take(), boot.work.status.take()) {
                let read = std::mem::take(&mut boot.work.read);
                boot.done(task.source, task.token, status, &read);
                if boot.has_work() {
                    return Outcome::Again;
                }
            }
            let Some(task) = boot.next_task() else { return Outcome::Wait };
            self.begin(boot, task);
        }
    }

    /// A task begins: which steps it has, and how it will end.
    fn begin(&mut self, boot: &mut UsbBoot, task: Task) {
        let (steps, status) = if boot.work.rebooting {
            (Vec::new(), Status::Rebooting)
        } else if task.vectorize.is_some() {
            let why = "the flash functions of USB boot cannot be called through a table in RAM";
            self.dev.fabric.gaps.touch("PICOBOOT VECTORIZE_FLASH", why);
            (Vec::new(), Status::UnknownError)
        } else {
            task.steps(&mut boot.work.last)
        };
        if let Some(how) = task.exclusive {
            boot.exclude(how);
        }
        boot.work.steps = steps.into();
        boot.work.status = Some(status);
        boot.work.task = Some(task);
    }

    fn usb_boot_step(&mut self, boot: &mut UsbBoot, step: Step, core: &mut Core) -> Outcome {
        core.cycle += REGISTERS;
        match step {
            Step::Connect => self.call_from_loop(image::CONNECT, [0; 4], core),
            Step::ExitXip => self.call_from_loop(image::EXIT_XIP, [0; 4], core),
            Step::Erase(offset) => self.call_from_loop(image::RANGE_ERASE, [offset, SECTOR, u32::MAX, 0], core),
            Step::Program(offset, data) => {
                self.store_all(BUFFER, &data);
                self.call_from_loop(image::RANGE_PROGRAM, [offset, BUFFER, PAGE, 0], core)
            }
            Step::Exec(addr) => {
                core.regs[14] = self.dev.bootrom.address_of(image::USB_BOOT_LOOP) | 1;
                Outcome::Jump(addr | 1)
            }
            Step::ReadFlash(offset, count) => {
                let [_, a, b, c] = offset.to_be_bytes();
                // The ROM reads a whole page, also for less.
                boot.work.read = self.flash_instruction(&[READ_DATA, a, b, c], PAGE as usize, 0);
                boot.work.read.truncate(count as usize);
                core.cycle += self.bytes_take(u64::from(PAGE) + 4);
                Outcome::Again
            }
            Step::Store(addr, data) => {
                self.store_all(addr, &data);
                core.cycle += data.len() as u64;
                Outcome::Again
            }
            Step::Load(addr, count) => {
                boot.work.read = (addr..addr + count).map(|at| self.dma_load(at, 1).unwrap_or(0) as u8).collect();
                core.cycle += u64::from(count);
                Outcome::Again
            }
        }
    }

    fn store_all(&mut self, addr: u32, data: &[u8]) {
        for (at, byte) in (addr..).zip(data) {
            self.dma_store(at, u32::from(*byte) * 0x0101_0101, 1);
        }
    }

    /// A function of the ROM, which returns to the loop.
    fn call_from_loop(&mut self, trap: u8, arguments: [u32; 4], core: &mut Core) -> Outcome {
        core.regs[..4].copy_from_slice(&arguments);
        core.regs[14] = self.dev.bootrom.address_of(image::USB_BOOT_LOOP) | 1;
        Outcome::Jump(self.dev.bootrom.address_of(trap) | 1)
    }

    /// The chip starts again after a while, but for its oscillators, which the watchdog needs.
    fn watchdog_reboot(&mut self, reboot: Reboot) {
        const ALL_BUT_OSCILLATORS: u32 = 0x1_FFFC;
        const ENABLE: u32 = 1 << 30;
        const PAUSES: u32 = 7 << 24;
        const MAGIC: u32 = 0xB007_C0D3;
        self.rom_write(PSM_WDSEL, ALL_BUT_OSCILLATORS);
        self.rom_write(WATCHDOG + CLEAR, ENABLE | PAUSES);
        let Reboot { pc, sp, delay } = reboot;
        let pc = if pc == 0 { 0 } else { pc | 1 };
        let scratch = if pc == 0 { [0; 4] } else { [MAGIC, pc ^ MAGIC.wrapping_neg(), sp, pc] };
        for (at, word) in (SCRATCH4..).step_by(4).zip(scratch) {
            self.rom_write(at, word);
        }
        self.rom_write(WATCHDOG + 4, delay.wrapping_mul(1000));
        self.rom_write(CLK_REF_CTRL, 2);
        self.rom_write(WATCHDOG_TICK, 12 | 1 << 9);
        self.rom_write(WATCHDOG + SET, ENABLE);
    }
}
