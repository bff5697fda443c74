//! From reset to the second stage. Datasheet 2.7 and 2.8.1.

use super::flash::READ_DATA;
use super::image::{AFTER_WATCHDOG, DEAD, STACK_TOP, TRY};
use super::Outcome;
use crate::system::System;
use armv6m::Core;

const RESETS: u32 = 0x4000_C000;
const CLOCKS: u32 = 0x4000_8000;
const SYSCFG: u32 = 0x4000_4000;
const PADS_BANK0: u32 = 0x4001_C000;
const WATCHDOG: u32 = 0x4005_8000;
const CHIP_RESET: u32 = 0x4006_4008;
/// The alias of a register block whose stores clear bits (2.1.2).
const CLEAR: u32 = 0x3000;
const SET: u32 = 0x2000;

const WAKE_EN0: u32 = CLOCKS + 0xA0;
const PROC0_NMI_MASK: u32 = SYSCFG;
const PSM_RESTART_FLAG: u32 = 1 << 24;
const SCRATCH4: u32 = WATCHDOG + 0x1C;
const SCRATCH_MAGIC: u32 = 0xB007_C0D3;
/// GPIO26 to GPIO29 in PADS_BANK0.
const ADC_PADS: [u32; 4] = [0x6C, 0x70, 0x74, 0x78];
const INPUT_ENABLE: u32 = 1 << 6;

const IO_QSPI: u32 = 1 << 6;
const RESET_PADS_BANK0: u32 = 1 << 8;
const PADS_QSPI: u32 = 1 << 9;
const RESET_SYSCFG: u32 = 1 << 18;
const TIMER: u32 = 1 << 21;

/// QSPI SS in the order of the GPIO_HI registers.
const SS: u32 = 1 << 1;

/// The second stage: 256 bytes from the start of flash, the last four its CRC.
const STAGE2: u32 = STACK_TOP;
const STAGE2_SIZE: usize = 256;

/// Each of the four clock polarity and phase combinations is tried 32 times.
const ATTEMPTS: u32 = 128;
/// The register that counts them.
const ATTEMPT_COUNT: usize = 4;

/// Cycles from reset to the look at chip select: a few hundred for registers, then waits of 1200 cycles
/// for the pull-up and nine times 12 with a sample each.
const UNTIL_BOOTSEL: u64 = 1900;
/// Cycles of one attempt: 260 bytes of 8 bits at clk_sys / 6, then the CRC of 252 bytes with a loop of about 6 cycles
/// a bit. All in all the second stage begins within 1 % of the cycle at which the code of a real B1 ROM begins it here.
const ATTEMPT: u64 = 260 * 8 * 6 + 252 * (8 * 6 + 11);
/// Cycles of a handful of register accesses.
const REGISTERS: u64 = 40;

/// CRC-32 with polynomial 0x04C1_1DB7, most significant bit first, nothing reflected or inverted (2.8.1.3.1).
pub fn crc32(bytes: &[u8], seed: u32) -> u32 {
    bytes.iter().fold(seed, |crc, &byte| {
        (0..8).fold(crc ^ u32::from(byte) << 24, |crc, _| crc << 1 ^ if crc >> 31 != 0 { 0x04C1_1DB7 } else { 0 })
    })
}

impl System {
    /// A register access of the ROM's own code, outside SIO.
    pub(super) fn rom_write(&mut self, addr: u32, value: u32) {
        self.dma_store(addr, value, 4);
    }

    pub(super) fn rom_read(&mut self, addr: u32) -> u32 {
        self.dma_load(addr, 4).unwrap_or(0)
    }

    /// RESETS: blocks go through reset and come out of it.
    pub(super) fn reset_and_unreset(&mut self, blocks: u32) {
        self.rom_write(RESETS + SET, blocks);
        self.rom_write(RESETS + CLEAR, blocks);
    }

    /// Core 0 out of reset (2.8.1.1): clocks on, then a program that the watchdog's scratch registers name.
    pub(super) fn boot(&mut self, core: &mut Core) -> Outcome {
        if !self.has_turn(core) {
            return Outcome::Again;
        }
        self.clear_nmi(core);
        let chip_reset = self.rom_read(CHIP_RESET);
        if chip_reset & PSM_RESTART_FLAG != 0 {
            self.rom_write(CHIP_RESET, chip_reset);
            return Outcome::Jump(DEAD | 1);
        }
        self.rom_write(RESETS + CLEAR, RESET_PADS_BANK0);
        for pad in ADC_PADS {
            self.rom_write(PADS_BANK0 + CLEAR + pad, INPUT_ENABLE);
        }
        core.cycle += REGISTERS;
        let [magic, check, stack, entry] = [0, 4, 8, 12].map(|offset| self.rom_read(SCRATCH4 + offset));
        if magic == SCRATCH_MAGIC && (check ^ entry).wrapping_add(magic) == 0 {
            self.rom_write(SCRATCH4, 0);
            core.set_msp(stack);
            core.regs[14] = AFTER_WATCHDOG | 1;
            return Outcome::Jump(entry);
        }
        Outcome::Jump(AFTER_WATCHDOG | 1)
    }

    /// The non-maskable interrupt of both processors goes off, after its registers got their clock.
    pub(super) fn clear_nmi(&mut self, core: &mut Core) -> Outcome {
        self.rom_write(WAKE_EN0, u32::MAX);
        self.rom_write(WAKE_EN0 + 4, u32::MAX);
        // After power-on SYSCFG is still held in reset, and its masks are clear.
        if self.rom_read(RESETS) & RESET_SYSCFG == 0 {
            self.rom_write(PROC0_NMI_MASK, 0);
            self.rom_write(PROC0_NMI_MASK + 4, 0);
        }
        core.cycle += REGISTERS;
        Outcome::Return
    }

    /// The flash boot sequence (2.8.1.2, 2.8.1.3).
    pub(super) fn boot_from_flash(&mut self, core: &mut Core) -> Outcome {
        if !self.has_turn(core) {
            return Outcome::Again;
        }
        self.reset_and_unreset(IO_QSPI | PADS_QSPI | TIMER);
        core.cycle += UNTIL_BOOTSEL;
        if self.dev.fabric.qspi.input() & SS == 0 {
            return self.begin_usb_boot(core, 0);
        }
        core.cycle += self.connect_internal_flash() + self.flash_exit_xip();
        core.regs[ATTEMPT_COUNT] = 0;
        Outcome::Jump(TRY | 1)
    }

    /// One attempt to read the second stage; the clock mode changes from one to the next (2.8.1.3.1).
    pub(super) fn try_second_stage(&mut self, core: &mut Core) -> Outcome {
        if !self.has_turn(core) {
            return Outcome::Again;
        }
        let attempt = core.regs[ATTEMPT_COUNT];
        self.set_serial_mode(attempt & 3);
        let stage2 = self.flash_instruction(&[READ_DATA, 0, 0, 0], STAGE2_SIZE, 0);
        core.cycle += ATTEMPT;
        let (code, sum) = stage2.split_at(STAGE2_SIZE - 4);
        let expected = crc32(code, u32::MAX);
        let found = u32::from_le_bytes([sum[0], sum[1], sum[2], sum[3]]);
        if expected == found {
            for (word, at) in stage2.chunks_exact(4).zip((STAGE2..).step_by(4)) {
                self.rom_write(at, u32::from_le_bytes([word[0], word[1], word[2], word[3]]));
            }
            core.cycle += self.flash_flush_cache();
            core.regs[0] = STAGE2 | 1;
            core.regs[14] = 0;
            return Outcome::Jump(STAGE2 | 1);
        }
        core.regs[ATTEMPT_COUNT] = core.regs[ATTEMPT_COUNT].saturating_add(1);
        if core.regs[ATTEMPT_COUNT] < ATTEMPTS {
            return Outcome::Again;
        }
        Outcome::UsbBoot(if stage2.iter().all(|&byte| byte == 0xFF) {
            "flash is empty: no image was loaded, so the chip waits for one over USB".into()
        } else {
            format!(
                "flash holds no valid second stage: the CRC of its first 252 bytes is 0x{expected:08X}, the word \
                 behind them says 0x{found:08X}; the chip waits for an image over USB"
            )
        })
    }
}
