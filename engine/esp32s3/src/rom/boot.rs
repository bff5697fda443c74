//! Start-up: from reset to the second-stage bootloader (TRM chapter 8 "Chip Boot Control", ESP-IDF
//! esp_app_format.h for the image; the text is that of public boot logs).

use super::guest::{Call, Done, Exit, Special};
use super::image::Image;
use super::stubs::{Frame, Step, StepFn};
use super::{flash, required, uart, vars, Function};

/// Where the processors begin.
pub(super) const RESET: u32 = 0x4000_0400;
/// Where firmware/rom has put what gives USB On-The-Go's variables their first contents.
const USB_VARIABLES: u32 = 0x4001_7fb0;
/// Where firmware/rom has put the loader of download mode. Its answer is what to run then.
const DOWNLOAD: u32 = 0x4001_7ff0;
/// Where it has put what says more of a reset.
const TELL_RESETS: u32 = 0x4001_7fc0;
/// Where it has put the loader of the second stage. Its answer is 0 when that has come back.
const BOOT: u32 = 0x4001_7fd0;
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

/// Texts in ROM, each in a slot.
const TEXTS: &[&str] = &[
    "ESP-ROM:%s\n",
    "esp32s3-20210327",
    "Build:%s\n",
    "Mar 27 2021",
    "rst:0x%x (%s),boot:0x%x (%s)\n",
    "Saved PC:0x%08x\n",
    "%s %u \n",
    "ets_main.c",
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

/// Texts into the image.
pub(super) fn constants(image: &mut Image) {
    for (texts, at, slot) in
        [(TEXTS, TEXTS_AT, TEXT_SLOT), (&REASONS, REASONS_AT, NAME_SLOT), (&BOOTS, BOOTS_AT, NAME_SLOT)]
    {
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
/// States of the PRO CPU, in the order of a boot.
#[derive(Clone, Copy, PartialEq, Eq)]
#[repr(u32)]
enum At {
    Start,
    Usb,
    Attach,
    Rom,
    Build,
    Reset,
    SavedPc,
    Resets,
    Straps,
    Wake,
    Flash,
    Booted,
    Done,
    Failed,
    Hang,
    Download,
    Obey,
    Run,
}

/// The states by number, for the word in the frame.
const ORDER: [At; 18] = [
    At::Start,
    At::Usb,
    At::Attach,
    At::Rom,
    At::Build,
    At::Reset,
    At::SavedPc,
    At::Resets,
    At::Straps,
    At::Wake,
    At::Flash,
    At::Booted,
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

fn pro(frame: &mut Frame<'_>) -> Done<Step> {
    let state = frame.local(STATE)? as usize;
    match ORDER.get(state).copied().unwrap_or(At::Hang) {
        at if (at as u32) < At::Flash as u32 => greet(frame, at),
        at => start(frame, at),
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
            then(frame, At::Usb, Step::call(USB_VARIABLES, &[]))
        }
        At::Usb => then(frame, At::Attach, Step::call(required("uartAttach"), &[0])),
        At::Attach => then(frame, At::Rom, Step::call(required("Uart_Init"), &[0, 0])),
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
            then(frame, At::Resets, if pc == 0 { Step::Again } else { print("Saved PC:0x%08x\n", &[pc]) })
        }
        At::Resets => {
            let reason = frame.call.load(RESET_STATE)? & 0x3f;
            then(frame, At::Straps, Step::call(TELL_RESETS, &[reason]))
        }
        At::Straps => {
            let strap = frame.call.load(GPIO_STRAP)?;
            let next = if matches!(boot_mode(strap), 2 | 3) { At::Wake } else { At::Download };
            then(frame, next, Step::Again)
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

/// From flash, or by a host.
fn start(frame: &mut Frame<'_>, at: At) -> Done<Step> {
    match at {
        At::Download => {
            flash::start(&mut frame.call, 2)?;
            flash::set_mode(&mut frame.call, 5)?;
            then(frame, At::Obey, Step::Again)
        }
        At::Flash => then(frame, At::Booted, Step::call(BOOT, &[])),
        At::Booted => {
            let next = if frame.result() == 0 { At::Done } else { At::Failed };
            then(frame, next, Step::Again)
        }
        At::Done => then(frame, At::Hang, print("user code done\n", &[])),
        // The line of ROM's source that gives up.
        At::Failed => then(frame, At::Hang, print("%s %u \n", &[text_address("ets_main.c"), 329])),
        At::Obey => then(frame, At::Run, Step::call(DOWNLOAD, &[])),
        At::Run => {
            let entry = frame.result();
            then(frame, At::Done, if entry == 0 { Step::Again } else { Step::call(entry, &[]) })
        }
        // A watchdog ends this.
        _ => Ok(Step::Wait),
    }
}

#[cfg(test)]
#[path = "boot_tests.rs"]
mod tests;
