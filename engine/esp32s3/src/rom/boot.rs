//! Start-up: from reset to the second-stage bootloader (TRM chapter 8 "Chip Boot Control", ESP-IDF
//! esp_app_format.h for the image; the text is that of public boot logs).

use super::guest::{Call, Done, Exit, Special};
use super::image::Image;
use super::spi::READ_MODES;
use super::stubs::{Frame, Step, StepFn};
use super::{flash, required, uart, vars, Function};

/// Where the processors begin.
pub(super) const RESET: u32 = 0x4000_0400;
/// Where firmware/rom has put the loader of download mode. Its answer is what to run then.
const DOWNLOAD: u32 = 0x4001_7ff0;
/// Where firmware/rom goes on from the vectors of exceptions (VECBASE = 0x4000_0000) with what is no interrupt.
const EXCEPTION: u32 = 0x4001_7fe0;
/// The vector of double exceptions.
const DOUBLE: u32 = 0x4000_03c0;

/// What traps at fixed addresses that are no functions.
pub(super) const VECTORS: &[(u32, Function)] = &[(EXCEPTION, exception), (DOUBLE, exception)];

/// The PRO CPU's and the APP CPU's way.
pub(super) const MAINS: [StepFn; 2] = [pro, app];

// Registers.
const GPIO_STRAP: u32 = 0x6000_4038;
const SYSCLK_CONF: u32 = 0x600c_0060;
const CORE_1_CONTROL_1: u32 = 0x600c_0004;
const RESET_STATE: u32 = 0x6000_8038;
const WAKE_ENTRY: u32 = 0x6000_80c8;
const WAKE_LENGTH: u32 = 0x6000_80c4;
const CPU_PERI_CLK_EN: u32 = 0x600c_0008;
const CPU_PERI_RST_EN: u32 = 0x600c_000c;
/// Bit of ASSIST_DEBUG in both.
const ASSIST_DEBUG: u32 = 1 << 6;
/// ASSIST_DEBUG_CORE_0_RCD_PDEBUGPC as the ROM reads it: where the core was when it was reset.
const SAVED_PC: u32 = 0x600c_e05c;
/// ASSIST_DEBUG_CORE_0_RCD_PDEBUGENABLE and _RECORDING.
const RECORD: [u32; 2] = [0x600c_e048, 0x600c_e04c];

/// Attributes of the eight regions as the silicon's ROM leaves them: nothing is in the first one, so that a null pointer
/// is a prohibited access.
const REGIONS: [u8; 8] = [15, 1, 1, 2, 2, 2, 2, 2];

/// RTC_CNTL_DIG_ISO_REG, and CLR_DG_PAD_AUTOHOLD in it.
const DIG_ISO: u32 = 0x6000_8094;
const CLR_DG_PAD_AUTOHOLD: u32 = 1 << 10;

/// RESET_REASON_CORE_DEEP_SLEEP.
const DEEP_SLEEP: u32 = 5;

/// Memory that the loader works in: ROM's own, free for the application.
const WORK: u32 = 0x3fce_d720;
/// The image's header of 24 bytes.
const HEADER: u32 = WORK;
/// Segment header, or the end of the image.
const PIECE: u32 = WORK + 0x20;
const SHA: u32 = WORK + 0x40;
const CALCULATED: u32 = WORK + 0x120;
const EXPECTED: u32 = WORK + 0x140;

/// Texts in ROM, each in a slot.
const TEXTS: &[&str] = &[
    "ESP-ROM:%s\n",
    "esp32s3-20210327",
    "Build:%s\n",
    "Mar 27 2021",
    "rst:0x%x (%s),boot:0x%x (%s)\n",
    "Saved PC:0x%08x\n",
    "waiting for download\n",
    "%s %u \n",
    "ets_main.c",
    "invalid header: 0x%02x%02x%02x%02x\n",
    "Invalid image block count: %d (max %d)\n",
    "Invalid chip id. Expected %u read %u. Bootloader for wrong chip?\n",
    "SPIWP:0x%02x\n",
    "mode:%s, clock div:%d\n",
    "load:0x%08x,len:0x%x\n",
    "Invalid image block, can't boot.\n",
    "Checksum failure. Calculated 0x%02x stored 0x%02x\n",
    "SHA-256 comparison failed:\n",
    "Attempting to boot anyway...\n",
    "entry 0x%08x\n",
    "user code done\n",
];
const TEXT_SLOT: u32 = 80;
const TEXTS_AT: u32 = vars::CONSTANTS + 0x200;

/// Names of reset reasons (the numbers of soc/reset_reasons.h).
const REASONS: [&str; 24] = [
    "unk",
    "POWERON",
    "N/A",
    "RTC_SW_SYS_RST",
    "N/A",
    "DSLEEP",
    "N/A",
    "TG0WDT_SYS_RST",
    "TG1WDT_SYS_RST",
    "RTCWDT_SYS_RST",
    "INTRUSION_RST",
    "TG0WDT_CPU_RST",
    "RTC_SW_CPU_RST",
    "RTCWDT_CPU_RST",
    "N/A",
    "BROWNOUT_RST",
    "RTCWDT_RTC_RST",
    "TG1WDT_CPU_RST",
    "SUPER_WDT_RST",
    "GLITCH_RTC_RST",
    "EFUSE_RST",
    "USB_UART_CHIP_RESET",
    "USB_JTAG_CHIP_RESET",
    "POWER_GLITCH_RESET",
];
const NAME_SLOT: u32 = 32;
const REASONS_AT: u32 = TEXTS_AT + TEXT_SLOT * 32;

/// What the straps ask for.
const BOOTS: [&str; 5] =
    ["DOWNLOAD(USB/UART0)", "UART0_BOOT", "SPI_FAST_FLASH_BOOT", "SPI_FLASH_BOOT", "SPI_DOWNLOAD_BOOT"];
const BOOTS_AT: u32 = REASONS_AT + NAME_SLOT * 24;

/// Read modes as the loader prints them.
const MODES: [&str; 6] = ["QIO", "QOUT", "DIO", "DOUT", "FAST_RD", "SLOW_RD"];
const MODES_AT: u32 = BOOTS_AT + NAME_SLOT * 5;

/// Texts into the image.
pub(super) fn constants(image: &mut Image) {
    for (texts, at, slot) in [
        (TEXTS, TEXTS_AT, TEXT_SLOT),
        (&REASONS, REASONS_AT, NAME_SLOT),
        (&BOOTS, BOOTS_AT, NAME_SLOT),
        (&MODES, MODES_AT, NAME_SLOT),
    ] {
        for (i, text) in texts.iter().enumerate() {
            image.put(at + slot * i as u32, text.as_bytes());
        }
    }
}

/// A call of `ets_printf`.
fn print(text: &str, args: &[u32]) -> Step {
    let index = TEXTS.iter().position(|&t| t == text).unwrap_or_default();
    let mut words = vec![TEXTS_AT + TEXT_SLOT * index as u32];
    words.extend(args);
    Step::call(required("ets_printf"), &words)
}

fn text_address(text: &str) -> u32 {
    TEXTS_AT + TEXT_SLOT * TEXTS.iter().position(|&t| t == text).unwrap_or_default() as u32
}

/// At the reset vector: registers of the core, then `a8` for the stub that follows.
pub(super) fn reset(call: &mut Call<'_>, mains: [u32; 2]) -> Done {
    /// WOE and UM, interrupts on.
    const PS: u32 = 1 << 18 | 1 << 5;
    let guest = &mut *call.guest;
    guest.set_special(Special::Vecbase, super::ROM_BASE);
    guest.set_special(Special::Intenable, 0);
    guest.set_special(Special::WindowBase, 0);
    guest.set_special(Special::WindowStart, 1);
    guest.set_special(Special::Ps, PS);
    for (region, attribute) in REGIONS.into_iter().enumerate() {
        guest.set_region(region, attribute);
    }
    let core = guest.core() as usize & 1;
    guest.set_reg(0, 0);
    // The outermost frame is spilled too: a4..a7 below the caller's stack pointer, which is read from
    // the frame's own save area.
    let top = [vars::STACK_PRO, vars::STACK_APP][core];
    let stack = top - 64;
    guest.set_reg(1, stack);
    guest.store32(stack - 12, top)?;
    guest.set_reg(8, mains[core]);
    Ok(())
}

/// An exception while the ROM's vectors are in force: the ROM has no handler that would go on.
fn exception(call: &mut Call<'_>) -> Done {
    let mut get = |register| call.guest.special(register);
    Err(Exit::Stop(format!(
        "exception with the ROM's vectors in force (before the application set its own): cause {}, PC 0x{:08x}, \
         address 0x{:08x}",
        get(Special::Exccause),
        get(Special::Epc(1)),
        get(Special::Excvaddr)
    )))
}

/// The APP CPU waits for an address, and goes there.
fn app(frame: &mut Frame<'_>) -> Done<Step> {
    let entry = frame.call.load(CORE_1_CONTROL_1)?;
    Ok(if entry == 0 { Step::Wait } else { Step::call(entry, &[]) })
}

// Locals.
const STATE: u32 = 0;
/// Where in flash the loader is.
const OFFSET: u32 = 1;
/// Segments left.
const SEGMENTS: u32 = 2;
/// Running XOR of all segments' bytes.
const CHECKSUM: u32 = 3;

/// States of the PRO CPU, in the order of a boot.
#[derive(Clone, Copy, PartialEq, Eq)]
#[repr(u32)]
enum At {
    Start,
    Rom,
    Build,
    Reset,
    SavedPc,
    Straps,
    Wake,
    Flash,
    Identify,
    Delay,
    ReadHeader,
    CheckHeader,
    Wp,
    Mode,
    Configure,
    ShaInit,
    ShaHeader,
    ReadSegment,
    ShaSegment,
    Load,
    Data,
    ShaData,
    Sum,
    ReadEnd,
    CheckSum,
    ShaEnd,
    ReadHash,
    ShaFinish,
    CheckHash,
    Anyway,
    Entry,
    Go,
    Done,
    Failed,
    Hang,
    Download,
    Obey,
    Run,
}

/// The states by number, for the word in the frame.
const ORDER: [At; 38] = [
    At::Start,
    At::Rom,
    At::Build,
    At::Reset,
    At::SavedPc,
    At::Straps,
    At::Wake,
    At::Flash,
    At::Identify,
    At::Delay,
    At::ReadHeader,
    At::CheckHeader,
    At::Wp,
    At::Mode,
    At::Configure,
    At::ShaInit,
    At::ShaHeader,
    At::ReadSegment,
    At::ShaSegment,
    At::Load,
    At::Data,
    At::ShaData,
    At::Sum,
    At::ReadEnd,
    At::CheckSum,
    At::ShaEnd,
    At::ReadHash,
    At::ShaFinish,
    At::CheckHash,
    At::Anyway,
    At::Entry,
    At::Go,
    At::Done,
    At::Failed,
    At::Hang,
    At::Download,
    At::Obey,
    At::Run,
];

fn then(frame: &mut Frame<'_>, next: At, step: Step) -> Done<Step> {
    frame.set_local(STATE, next as u32)?;
    Ok(step)
}

fn read_flash(at: u32, to: u32, len: u32) -> Step {
    Step::call(required("esp_rom_spiflash_read"), &[at, to, len])
}

fn sha_update(at: u32, len: u32) -> Step {
    Step::call(required("ets_sha_update"), &[SHA, at, len, 1])
}

/// Straps: bit 3 is GPIO0, bit 2 GPIO46.
fn boot_mode(strap: u32) -> usize {
    match strap & 0xf {
        7 => 1,
        0..=3 => 0,
        4 => 3,
        6 => 4,
        _ => 2,
    }
}

fn byte(frame: &mut Frame<'_>, offset: u32) -> Done<u32> {
    Ok(u32::from(frame.call.guest.load8(HEADER + offset)?))
}

/// What is loaded must be RAM: SRAM1 and SRAM0 on either bus, RTC memory.
fn is_loadable(addr: u32, len: u32) -> bool {
    let end = u64::from(addr) + u64::from(len);
    [(0x3fc8_8000, 0x3fcf_0000u64), (0x4037_0000, 0x403e_0000), (0x600f_e000, 0x6010_0000), (0x5000_0000, 0x5000_2000)]
        .iter()
        .any(|&(base, limit)| addr >= base && end <= limit)
}

fn pro(frame: &mut Frame<'_>) -> Done<Step> {
    let state = frame.local(STATE)? as usize;
    match ORDER.get(state).copied().unwrap_or(At::Hang) {
        at if (at as u32) < At::Flash as u32 => greet(frame, at),
        at if (at as u32) < At::ShaInit as u32 => configure(frame, at),
        at if (at as u32) < At::ReadEnd as u32 => load(frame, at),
        at => verify(frame, at),
    }
}

/// Variables, console, banner, straps.
fn greet(frame: &mut Frame<'_>, at: At) -> Done<Step> {
    match at {
        At::Start => {
            // The pads that deep sleep has held are let go, here as on the silicon.
            frame.call.modify(DIG_ISO, CLR_DG_PAD_AUTOHOLD, CLR_DG_PAD_AUTOHOLD)?;
            frame.call.modify(DIG_ISO, CLR_DG_PAD_AUTOHOLD, 0)?;
            vars::initialise(&mut frame.call)?;
            uart::start(&mut frame.call)?;
            let clock = frame.call.load(SYSCLK_CONF)?;
            let ticks = (clock >> 12 & 0x7f) / ((clock & 0x3ff) + 1);
            frame.call.store(vars::TICKS_PER_US, ticks.max(1))?;
            then(frame, At::Rom, Step::call(required("Uart_Init"), &[0, 0]))
        }
        At::Rom => then(frame, At::Build, print("ESP-ROM:%s\n", &[text_address("esp32s3-20210327")])),
        At::Build => then(frame, At::Reset, print("Build:%s\n", &[text_address("Mar 27 2021")])),
        At::Reset => {
            let reason = frame.call.load(RESET_STATE)? & 0x3f;
            let strap = frame.call.load(GPIO_STRAP)?;
            let name = if (reason as usize) < REASONS.len() { reason } else { 0 };
            let args = [reason, REASONS_AT + NAME_SLOT * name, strap, BOOTS_AT + NAME_SLOT * boot_mode(strap) as u32];
            then(frame, At::SavedPc, print("rst:0x%x (%s),boot:0x%x (%s)\n", &args))
        }
        // The ROM turns the block on, and has it record until the next reset.
        At::SavedPc => {
            frame.call.modify(CPU_PERI_RST_EN, ASSIST_DEBUG, 0)?;
            frame.call.modify(CPU_PERI_CLK_EN, ASSIST_DEBUG, ASSIST_DEBUG)?;
            let pc = frame.call.load(SAVED_PC)?;
            for register in RECORD {
                frame.call.store(register, 1)?;
            }
            then(frame, At::Straps, if pc == 0 { Step::Again } else { print("Saved PC:0x%08x\n", &[pc]) })
        }
        At::Straps => {
            let strap = frame.call.load(GPIO_STRAP)?;
            if matches!(boot_mode(strap), 2 | 3) {
                then(frame, At::Wake, Step::Again)
            } else {
                then(frame, At::Download, print("waiting for download\n", &[]))
            }
        }
        // After deep sleep, the stub that the application left in RTC memory runs first.
        _ => {
            let reason = frame.call.load(RESET_STATE)? & 0x3f;
            let (entry, len) = (frame.call.load(WAKE_ENTRY)?, frame.call.load(WAKE_LENGTH)?);
            let stub = reason == DEEP_SLEEP && entry != 0 && len != 0;
            then(frame, At::Flash, if stub { Step::call(entry, &[]) } else { Step::Again })
        }
    }
}

/// The header, and the flash as it asks for.
fn configure(frame: &mut Frame<'_>, at: At) -> Done<Step> {
    const MAX_SEGMENTS: u32 = 16;
    const CHIP_ID: u32 = 9;
    match at {
        At::Flash => {
            flash::start(&mut frame.call, 2)?;
            flash::set_mode(&mut frame.call, 5)?;
            then(frame, At::Identify, Step::call(required("ROM_Boot_Cache_Init"), &[]))
        }
        At::Identify => then(frame, At::Delay, Step::call(required("esp_rom_spi_flash_update_id"), &[])),
        // Power of the flash may have come up just now.
        At::Delay => then(frame, At::ReadHeader, Step::call(required("ets_delay_us"), &[500])),
        At::ReadHeader => then(frame, At::CheckHeader, read_flash(0, HEADER, 24)),
        At::CheckHeader => {
            let [magic, segments, mode, speed] = [byte(frame, 0)?, byte(frame, 1)?, byte(frame, 2)?, byte(frame, 3)?];
            let clock = speed & 0xf;
            if magic != 0xe9 || segments > 32 || mode > 10 || (clock > 2 && clock != 15) {
                let args = [speed, mode, segments, magic];
                return then(frame, At::Delay, print("invalid header: 0x%02x%02x%02x%02x\n", &args));
            }
            if segments > MAX_SEGMENTS {
                let args = [segments, MAX_SEGMENTS];
                return then(frame, At::Failed, print("Invalid image block count: %d (max %d)\n", &args));
            }
            let chip = byte(frame, 12)? | byte(frame, 13)? << 8;
            if chip != CHIP_ID {
                let text = "Invalid chip id. Expected %u read %u. Bootloader for wrong chip?\n";
                return then(frame, At::Failed, print(text, &[CHIP_ID, chip]));
            }
            frame.set_local(SEGMENTS, segments)?;
            then(frame, At::Wp, Step::Again)
        }
        At::Wp => {
            let pad = byte(frame, 8)?;
            then(frame, At::Mode, print("SPIWP:0x%02x\n", &[pad]))
        }
        At::Mode => {
            let (mode, divider) = (byte(frame, 2)?, divider(frame)?);
            let name = MODES_AT + NAME_SLOT * mode.min(MODES.len() as u32 - 1);
            then(frame, At::Configure, print("mode:%s, clock div:%d\n", &[name, divider]))
        }
        _ => {
            let (mode, divider) = (byte(frame, 2)?, divider(frame)?);
            for spi in [super::spi::SPI0, super::spi::SPI1] {
                super::spi::set_divider(&mut frame.call, spi, divider)?;
            }
            let mode = if (mode as usize) < READ_MODES.len() { mode } else { 5 };
            then(frame, At::ShaInit, Step::call(required("esp_rom_spiflash_config_readmode"), &[mode, 0]))
        }
    }
}

/// Bits 3:0 of the header's fourth byte: 40, 26, 20 and 80 MHz.
fn divider(frame: &mut Frame<'_>) -> Done<u32> {
    Ok(match byte(frame, 3)? & 0xf {
        speed @ 0..=2 => speed + 2,
        _ => 1,
    })
}

/// The segments, one by one.
fn load(frame: &mut Frame<'_>, at: At) -> Done<Step> {
    let offset = frame.local(OFFSET)?;
    match at {
        At::ShaInit => {
            frame.set_local(OFFSET, 24)?;
            frame.set_local(CHECKSUM, 0xef)?;
            then(frame, At::ShaHeader, Step::call(required("ets_sha_init"), &[SHA, 2]))
        }
        At::ShaHeader => then(frame, At::ReadSegment, sha_update(HEADER, 24)),
        At::ReadSegment => {
            if frame.local(SEGMENTS)? == 0 {
                return then(frame, At::ReadEnd, Step::Again);
            }
            then(frame, At::ShaSegment, read_flash(offset, PIECE, 8))
        }
        At::ShaSegment => {
            frame.set_local(OFFSET, offset + 8)?;
            then(frame, At::Load, sha_update(PIECE, 8))
        }
        At::Load => {
            let (addr, len) = (frame.call.load(PIECE)?, frame.call.load(PIECE + 4)?);
            if !is_loadable(addr, len) || len & 3 != 0 {
                return then(frame, At::Failed, print("Invalid image block, can't boot.\n", &[]));
            }
            then(frame, At::Data, print("load:0x%08x,len:0x%x\n", &[addr, len]))
        }
        At::Data => {
            let (addr, len) = (frame.call.load(PIECE)?, frame.call.load(PIECE + 4)?);
            then(frame, At::ShaData, read_flash(offset, addr, len))
        }
        At::ShaData => {
            let (addr, len) = (frame.call.load(PIECE)?, frame.call.load(PIECE + 4)?);
            then(frame, At::Sum, sha_update(addr, len))
        }
        _ => {
            let (addr, len) = (frame.call.load(PIECE)?, frame.call.load(PIECE + 4)?);
            let sum = frame.call.bytes(addr, len)?.into_iter().fold(frame.local(CHECKSUM)? as u8, |sum, b| sum ^ b);
            frame.call.charge(2 * len);
            frame.set_local(CHECKSUM, u32::from(sum))?;
            frame.set_local(OFFSET, offset + len)?;
            let left = frame.local(SEGMENTS)? - 1;
            frame.set_local(SEGMENTS, left)?;
            then(frame, At::ReadSegment, Step::Again)
        }
    }
}

/// Bytes up to the checksum, which ends a line of 16.
fn padding(offset: u32) -> u32 {
    16 - offset % 16
}

/// Checksum, hash, and off to the entry.
fn verify(frame: &mut Frame<'_>, at: At) -> Done<Step> {
    let offset = frame.local(OFFSET)?;
    match at {
        At::ReadEnd => then(frame, At::CheckSum, read_flash(offset, PIECE, padding(offset))),
        At::CheckSum => {
            let stored = u32::from(frame.call.guest.load8(PIECE + padding(offset) - 1)?);
            let sum = frame.local(CHECKSUM)?;
            if stored != sum {
                let text = "Checksum failure. Calculated 0x%02x stored 0x%02x\n";
                return then(frame, At::Failed, print(text, &[sum, stored]));
            }
            then(frame, At::ShaEnd, sha_update(PIECE, padding(offset)))
        }
        At::ShaEnd => {
            let hash = byte(frame, 23)? != 0;
            then(frame, if hash { At::ReadHash } else { At::Entry }, Step::Again)
        }
        At::ReadHash => then(frame, At::ShaFinish, read_flash(offset + padding(offset), EXPECTED, 32)),
        At::ShaFinish => then(frame, At::CheckHash, Step::call(required("ets_sha_finish"), &[SHA, CALCULATED])),
        At::CheckHash => {
            if frame.call.bytes(CALCULATED, 32)? == frame.call.bytes(EXPECTED, 32)? {
                return then(frame, At::Entry, Step::Again);
            }
            then(frame, At::Anyway, print("SHA-256 comparison failed:\n", &[]))
        }
        At::Anyway => then(frame, At::Entry, print("Attempting to boot anyway...\n", &[])),
        At::Entry => {
            let entry = frame.call.load(HEADER + 4)?;
            // The last of it is still in the UART's FIFO when the image begins.
            then(frame, At::Go, print("entry 0x%08x\n", &[entry]))
        }
        At::Go => {
            let entry = frame.call.load(HEADER + 4)?;
            then(frame, At::Done, Step::call(entry, &[]))
        }
        At::Done => then(frame, At::Hang, print("user code done\n", &[])),
        // The line of ROM's source that gives up.
        At::Failed => then(frame, At::Hang, print("%s %u \n", &[text_address("ets_main.c"), 329])),
        At::Download => {
            flash::start(&mut frame.call, 2)?;
            flash::set_mode(&mut frame.call, 5)?;
            then(frame, At::Obey, Step::Again)
        }
        At::Obey => then(frame, At::Run, Step::call(DOWNLOAD, &[])),
        // Nothing to run: silicon's ROM ends in a SIMCALL, as after a program that returns.
        At::Run => {
            let entry = frame.result();
            then(frame, At::Hang, if entry == 0 { Step::Again } else { Step::call(entry, &[]) })
        }
        // A watchdog ends this.
        _ => Ok(Step::Wait),
    }
}

#[cfg(test)]
#[path = "boot_tests.rs"]
mod tests;
