//! Reading, erasing and programming by the commands that `esp_rom_opiflash_legacy_driver_init` was given
//! (rom/opi_flash.h): the driver of a flash chip that is spoken to over eight lanes.

use super::guest::{Call, Done, Exit};
use super::opiflash::{begin, end, Shape};
use super::spi::*;
use super::stubs::{Frame, Step, StepFn};
use super::vars;

/// Functions that wait.
pub(super) const STUBS: &[(&str, StepFn)] = &[
    ("esp_rom_opiflash_read_id", |f| {
        let to = f.call.arg(0)?;
        ask(f, RDID, to)
    }),
    ("esp_rom_opiflash_rdsr", |f| {
        let to = f.local_address(STATUS);
        ask(f, RDSR, to)
    }),
    ("esp_rom_opiflash_wait_idle", |f| settle(f, READY)?.map_or_else(|| finish(f), Ok)),
    ("esp_rom_opiflash_wren", |f| enable(f, READY)?.map_or_else(|| finish(f), Ok)),
    ("esp_rom_opiflash_read", |f| transfer(f, &Transfer::READ)),
    ("esp_rom_opiflash_read_raw", |f| transfer(f, &Transfer::READ_RAW)),
    ("esp_rom_opiflash_write", |f| transfer(f, &Transfer::WRITE)),
    ("esp_rom_opiflash_erase_sector", |f| erase(f, Area::Sector)),
    ("esp_rom_opiflash_erase_block_64k", |f| erase(f, Area::Block)),
    ("esp_rom_opiflash_erase_area", |f| erase(f, Area::Any)),
    ("esp_rom_opiflash_soft_reset", soft_reset),
];

// `esp_rom_opiflash_def_t`: commands of 12 bytes each.
const RDID: u32 = 0;
const RDSR: u32 = 1;
const WREN: u32 = 2;
const SE: u32 = 3;
const BE64K: u32 = 4;
const READ: u32 = 5;
const PP: u32 = 6;

/// Status: a write is under way.
const BUSY: u32 = 1;
/// Status: writes are enabled.
const WEL: u32 = 2;
/// `ESP_ROM_SPIFLASH_RESULT_ERR`.
const ERROR: u32 = 1;

// Locals. 1 to 6 keep registers.
const STATE: u32 = 0;
const STATUS: u32 = 7;
/// Bytes done so far.
const DONE: u32 = 8;

// States. 0 is the first.
/// The chip is asked for its status until it is idle.
const IDLE: u32 = 0x10;
const IDLE_ANSWER: u32 = 0x11;
/// It is asked whether writes are enabled, and they are, until they are.
const WRITABLE: u32 = 0x20;
const WRITABLE_ANSWER: u32 = 0x21;
const ENABLED: u32 = 0x22;
/// What the function is about.
const READY: u32 = 0x30;
const SENT: u32 = 0x31;
/// Idle once more, at the end or between two commands that change the chip.
const SETTLE: u32 = 0x40;
const LOCKED: u32 = 0x50;
const UNLOCKED: u32 = 0x51;

fn go(frame: &mut Frame<'_>, state: u32) -> Done<Step> {
    frame.set_local(STATE, state)?;
    Ok(Step::Again)
}

fn finish(frame: &mut Frame<'_>) -> Done<Step> {
    let status = frame.local(STATUS)? & 0xff;
    frame.call.ret(status & BUSY);
    Ok(Step::Return)
}

/// A command of the driver's definition, with this address and data. True: data that changes the chip.
struct Order {
    entry: u32,
    address: Option<u32>,
    out: u32,
    out_bits: u32,
    in_bits: u32,
}

/// Starts an order; the next step is `state`, once the controller is idle.
fn send(frame: &mut Frame<'_>, order: &Order, state: u32) -> Done<Step> {
    let definition = frame.call.load(super::required("rom_opiflash_cmd_def"))?;
    if definition == 0 {
        return Err(Exit::Stop(
            "a function of the ROM's octal flash driver was called before esp_rom_opiflash_legacy_driver_init".into(),
        ));
    }
    let at = definition.wrapping_add(12 * order.entry);
    let byte =
        |call: &mut Call<'_>, offset: u32| -> Done<u32> { Ok(u32::from(call.guest.load8(at.wrapping_add(offset))?)) };
    let mode = byte(&mut frame.call, 0)?;
    let chips = byte(&mut frame.call, 11)?;
    let shape = Shape {
        command: u32::from(frame.call.guest.load16(at.wrapping_add(2))?),
        command_bits: byte(&mut frame.call, 1)?,
        address: match order.address {
            Some(address) => address,
            None => frame.call.load(at.wrapping_add(4))?,
        },
        address_bits: byte(&mut frame.call, 8)?,
        dummy_bits: byte(&mut frame.call, 9)?,
        out: order.out,
        out_bits: order.out_bits,
        in_bits: if order.in_bits == 0 && order.entry < SE { byte(&mut frame.call, 10)? } else { order.in_bits },
    };
    begin(frame, SPI1, mode, &shape, chips & 0xf, chips & 0xf0 != 0)?;
    frame.set_local(STATE, state)?;
    Ok(Step::Wait)
}

/// An order of its own entry without address or data of ours.
fn plain(entry: u32) -> Order {
    Order { entry, address: None, out: 0, out_bits: 0, in_bits: 0 }
}

fn busy(frame: &mut Frame<'_>) -> Done<bool> {
    Ok(!is_idle(&mut frame.call)?)
}

/// The status that RDSR brought.
fn status(frame: &mut Frame<'_>) -> Done<u32> {
    let to = frame.local_address(STATUS);
    frame.set_local(STATUS, 0)?;
    end(frame, SPI1, to, 1)?;
    Ok(frame.local(STATUS)? & 0xff)
}

/// One command with an answer.
fn ask(frame: &mut Frame<'_>, entry: u32, to: u32) -> Done<Step> {
    if busy(frame)? {
        return Ok(Step::Wait);
    }
    if frame.local(STATE)? == 0 {
        frame.set_local(STATUS, 0)?;
        return send(frame, &plain(entry), READY);
    }
    end(frame, SPI1, to, if entry == RDID { 3 } else { 1 })?;
    let status = frame.local(STATUS)?;
    frame.call.ret(if entry == RDSR { status & 0xff } else { 0 });
    Ok(Step::Return)
}

/// States 0 to IDLE_ANSWER: the chip is idle, and state `next` follows. `None`: a later state.
fn settle(frame: &mut Frame<'_>, next: u32) -> Done<Option<Step>> {
    if busy(frame)? {
        return Ok(Some(Step::Wait));
    }
    Ok(Some(match frame.local(STATE)? {
        0 | IDLE => send(frame, &plain(RDSR), IDLE_ANSWER)?,
        IDLE_ANSWER => {
            let status = status(frame)?;
            go(frame, if status & BUSY != 0 { IDLE } else { next })?
        }
        _ => return Ok(None),
    }))
}

/// States 0 and WRITABLE to ENABLED: writes are enabled, and state `next` follows. `None`: a later state.
fn enable(frame: &mut Frame<'_>, next: u32) -> Done<Option<Step>> {
    if busy(frame)? {
        return Ok(Some(Step::Wait));
    }
    Ok(Some(match frame.local(STATE)? {
        0 | WRITABLE => send(frame, &plain(RDSR), WRITABLE_ANSWER)?,
        WRITABLE_ANSWER => {
            if status(frame)? & WEL != 0 {
                frame.set_local(STATUS, 0)?;
                go(frame, next)?
            } else {
                send(frame, &plain(WREN), ENABLED)?
            }
        }
        ENABLED => {
            end(frame, SPI1, 0, 0)?;
            go(frame, WRITABLE)?
        }
        _ => return Ok(None),
    }))
}

/// Calls the application's lock or unlock function (`opi_flash_set_lock_func`), if it has set one.
fn lock(frame: &mut Frame<'_>, which: u32, next: u32) -> Done<Step> {
    let function = frame.call.load(vars::OPI_LOCK + 4 * which)?;
    frame.set_local(STATE, next)?;
    Ok(if function == 0 { Step::Again } else { Step::call(function, &[]) })
}

/// What a transfer of many bytes is made of.
struct Transfer {
    entry: u32,
    /// It looks at the chip's size, locks, and waits for the chip first.
    guarded: bool,
}

impl Transfer {
    const READ: Self = Self { entry: READ, guarded: true };
    const READ_RAW: Self = Self { entry: READ, guarded: false };
    const WRITE: Self = Self { entry: PP, guarded: true };

    fn changes(&self) -> bool {
        self.entry == PP
    }
}

/// Word `k` of `rom_spiflash_legacy_funcs`, or of the chip's description.
fn described(call: &mut Call<'_>, by: &str, k: u32) -> Done<u32> {
    let table = call.load(super::required(by))?;
    call.load(table.wrapping_add(4 * k))
}

/// A size of the chip's description, by which the ROM divides. Applications may write there.
fn divisor(call: &mut Call<'_>, k: u32) -> Done<u32> {
    match described(call, "rom_spiflash_legacy_data", k)? {
        0 => Err(super::libgcc::by_zero()),
        size => Ok(size),
    }
}

/// Flash address, buffer, length: in pieces of what the controller's buffer holds, programming within pages.
fn transfer(frame: &mut Frame<'_>, what: &Transfer) -> Done<Step> {
    const BUFFER: u32 = 64;
    const PROGRAM: u32 = 32;
    let (from, memory, len) = (frame.call.arg(0)?, frame.call.arg(1)?, frame.call.arg(2)?);
    if frame.local(STATE)? == 0 {
        frame.set_local(DONE, 0)?;
        if !what.guarded {
            return go(frame, READY);
        }
        if from.wrapping_add(len) > described(&mut frame.call, "rom_spiflash_legacy_data", 1)? {
            frame.call.ret(ERROR);
            return Ok(Step::Return);
        }
        return lock(frame, 0, IDLE);
    }
    if let Some(step) = settle(frame, if what.changes() { WRITABLE } else { READY })? {
        return Ok(step);
    }
    if let Some(step) = enable(frame, READY)? {
        return Ok(step);
    }
    let done = frame.local(DONE)?;
    let left = len.wrapping_sub(done);
    let piece = if what.changes() {
        let page = divisor(&mut frame.call, 4)?;
        left.min(PROGRAM).min(page - from.wrapping_add(done) % page)
    } else {
        left.min(BUFFER)
    };
    let bits = piece.wrapping_mul(8);
    match frame.local(STATE)? {
        READY if (len as i32) <= 0 || done == len => match what.guarded {
            true => lock(frame, 1, UNLOCKED),
            false => go(frame, UNLOCKED),
        },
        READY => {
            let (out, out_bits, in_bits) =
                if what.changes() { (memory.wrapping_add(done), bits, 0) } else { (0, 0, bits) };
            let order = Order { entry: what.entry, address: Some(from.wrapping_add(done)), out, out_bits, in_bits };
            send(frame, &order, SENT)
        }
        SENT => {
            let to = if what.changes() { 0 } else { memory.wrapping_add(done) };
            end(frame, SPI1, to, if what.changes() { 0 } else { piece })?;
            let done = done.wrapping_add(piece);
            frame.set_local(DONE, done)?;
            let more = what.changes() && done < len;
            go(
                frame,
                if what.changes() {
                    if more {
                        IDLE
                    } else {
                        SETTLE
                    }
                } else {
                    READY
                },
            )
        }
        _ => finish_at(frame, len),
    }
}

/// The last wait of a function that changed the chip, its unlock, and the end.
fn finish_at(frame: &mut Frame<'_>, done: u32) -> Done<Step> {
    match frame.local(STATE)? {
        SETTLE => {
            frame.set_local(DONE, done)?;
            send(frame, &plain(RDSR), LOCKED)
        }
        LOCKED => {
            if status(frame)? & BUSY != 0 {
                go(frame, SETTLE)
            } else {
                lock(frame, 1, UNLOCKED)
            }
        }
        _ => {
            frame.call.ret(0);
            Ok(Step::Return)
        }
    }
}

/// What is erased.
#[derive(Clone, Copy)]
enum Area {
    /// The sector of this number.
    Sector,
    /// The block of this number.
    Block,
    /// Start and length: sectors, and blocks where they fit.
    Any,
}

fn erase(frame: &mut Frame<'_>, area: Area) -> Done<Step> {
    let size = described(&mut frame.call, "rom_spiflash_legacy_data", 1)?;
    let (block, sector) = (divisor(&mut frame.call, 2)?, divisor(&mut frame.call, 3)?);
    let (first, second) = (frame.call.arg(0)?, frame.call.arg(1)?);
    let (start, len) = match area {
        Area::Sector => (first.wrapping_mul(sector), sector),
        Area::Block => (first.wrapping_mul(block), block),
        Area::Any => (first - first % sector, second.checked_next_multiple_of(sector).unwrap_or(0)),
    };
    if frame.local(STATE)? == 0 {
        if u64::from(start) + u64::from(len) > u64::from(size) {
            frame.call.ret(ERROR);
            return Ok(Step::Return);
        }
        frame.set_local(DONE, 0)?;
        return lock(frame, 0, IDLE);
    }
    if let Some(step) = settle(frame, WRITABLE)? {
        return Ok(step);
    }
    if let Some(step) = enable(frame, READY)? {
        return Ok(step);
    }
    let done = frame.local(DONE)?;
    let (at, left) = (start.wrapping_add(done), len.wrapping_sub(done));
    let by_block = at % block == 0 && left >= block;
    match frame.local(STATE)? {
        READY if left == 0 => lock(frame, 1, UNLOCKED),
        READY => {
            let entry = if by_block { BE64K } else { SE };
            send(frame, &Order { entry, address: Some(at), out: 0, out_bits: 0, in_bits: 0 }, SENT)
        }
        SENT => {
            end(frame, SPI1, 0, 0)?;
            let done = done.wrapping_add(if by_block { block } else { sector });
            frame.set_local(DONE, done)?;
            go(frame, if done < len { IDLE } else { SETTLE })
        }
        _ => finish_at(frame, len),
    }
}

/// Controller and mode: reset enable and reset (66h, 99h), doubled in the octal modes.
fn soft_reset(frame: &mut Frame<'_>) -> Done<Step> {
    const OCTAL: std::ops::RangeInclusive<u32> = 6..=7;
    let (spi, mode) = (base(frame.call.arg(0)?), frame.call.arg(1)?);
    let (commands, bits) = if OCTAL.contains(&mode) { ([0x9966, 0x6699], 16) } else { ([0x66, 0x99], 8) };
    if frame.call.load(spi + CMD)? != 0 {
        return Ok(Step::Wait);
    }
    let state = frame.local(STATE)?;
    if state > 0 {
        end(frame, spi, 0, 0)?;
    }
    let Some(&command) = commands.get(state as usize) else { return Ok(Step::Return) };
    let shape = Shape {
        command,
        command_bits: bits,
        address: 0,
        address_bits: 0,
        dummy_bits: 0,
        out: 0,
        out_bits: 0,
        in_bits: 0,
    };
    begin(frame, spi, mode, &shape, 1, false)?;
    frame.set_local(STATE, state + 1)?;
    Ok(Step::Wait)
}

#[cfg(test)]
#[path = "opi_driver_tests.rs"]
mod tests;
