//! SPI flash: the `esp_rom_spiflash_*` functions (esp_rom_spiflash.h, rom/spi_flash.h).
//!
//! They drive SPI1 and wait for it and for the chip, so that what the firmware waits for here is
//! what the flash takes.

use super::guest::{Call, Done};
use super::spi::*;
use super::stubs::{Frame, Step, StepFn};
use super::{libgcc, names, vars, Function};

/// Functions that run in one go.
#[rustfmt::skip]
pub(super) const LEAVES: &[(&str, Function)] = &[
    ("esp_rom_spiflash_config_param", config_param), ("esp_rom_spiflash_config_clk", config_clock),
    ("esp_rom_spi_set_address_bit_len", set_address_bits), ("esp_rom_spiflash_auto_wait_idle", auto_wait_idle),
    ("spi_dummy_len_fix", dummy_fix), ("spi_cache_mode_switch", cache_mode),
    ("opi_flash_set_lock_func", |c| { for k in 0..2 { let f = c.arg(k)?; c.store(vars::OPI_LOCK + 4 * k, f)?; } Ok(()) }),
    ("spi_flash_attach", |c| { start(c, 2)?; set_mode(c, SLOW) }),
];

/// Functions that wait.
#[rustfmt::skip]
pub(super) const STUBS: &[(&str, StepFn)] = &[
    ("esp_rom_spiflash_wait_idle", |f| through(f, 11, wait_idle)),
    ("Wait_SPI_Idle", wait_idle),
    ("SPI_write_enable", |f| through(f, 10, write_enable)), ("_SPI_write_enable", write_enable),
    ("esp_rom_spiflash_write_disable", write_disable),
    ("esp_rom_spiflash_read", |f| through(f, 6, read)), ("_esp_rom_spiflash_read", read),
    ("esp_rom_spiflash_write", |f| through(f, 7, write)), ("_esp_rom_spiflash_write", write),
    ("esp_rom_spiflash_erase_sector", |f| through(f, 4, erase_sector)), ("_esp_rom_spiflash_erase_sector", erase_sector),
    ("esp_rom_spiflash_erase_block", |f| through(f, 5, erase_block)), ("_esp_rom_spiflash_erase_block", erase_block),
    ("esp_rom_spiflash_erase_chip", erase_chip),
    ("SPIEraseArea", |f| through(f, 12, erase_area)), ("_SPIEraseArea", erase_area),
    ("esp_rom_spiflash_unlock", |f| through(f, 3, unlock)), ("_esp_rom_spiflash_unlock", unlock),
    ("esp_rom_spiflash_read_status", read_status), ("esp_rom_spiflash_read_statushigh", read_status_high),
    ("esp_rom_spiflash_read_user_cmd", read_user_command), ("esp_rom_spiflash_write_status", write_status),
    ("esp_rom_spiflash_config_readmode", config_read_mode), ("esp_rom_spi_flash_update_id", update_id),
    ("Enable_QMode", |f| quad_enable(f, true)), ("Disable_QMode", |f| quad_enable(f, false)),
];

/// Read mode without fast reads, `ESP_ROM_SPIFLASH_SLOWRD_MODE`.
const SLOW: u32 = 5;
/// The chip's status: a write is under way.
const BUSY: u32 = 1;
/// The chip's status: quad enable, in the second byte.
const QE: u32 = 1 << 9;
/// `ESP_ROM_SPIFLASH_RESULT_ERR`.
const ERROR: u32 = 1;

// Locals.
const STATE: u32 = 0;
/// Bytes done so far.
const DONE: u32 = 1;
/// Status of the chip as read.
const STATUS: u32 = 2;

fn go(frame: &mut Frame<'_>, state: u32) -> Done<Step> {
    frame.set_local(STATE, state)?;
    Ok(Step::Again)
}

fn finish(frame: &mut Frame<'_>, result: u32) -> Done<Step> {
    frame.call.ret(result);
    Ok(Step::Return)
}

/// Starts an operation of SPI1 and goes on in `state` when it is done.
fn command(frame: &mut Frame<'_>, bits: u32, state: u32) -> Done<Step> {
    frame.call.store(SPI1 + CMD, bits)?;
    frame.set_local(STATE, state)?;
    Ok(Step::Wait)
}

/// Calls what the driver has put into word `index` of `rom_spiflash_legacy_funcs`, or does it here.
fn through(frame: &mut Frame<'_>, index: u32, own: StepFn) -> Done<Step> {
    const CALLED: u32 = 0x40;
    match frame.local(STATE)? {
        0 => {
            let table = frame.call.load(super::required("rom_spiflash_legacy_funcs"))?;
            let function = if table == 0 { 0 } else { frame.call.load(table.wrapping_add(4 * index))? };
            let ours = names::function_at(function).is_some_and(|(at, name)| at == function && name.starts_with('_'));
            if function != 0 && !ours {
                let args = [frame.call.arg(0)?, frame.call.arg(1)?, frame.call.arg(2)?];
                frame.set_local(STATE, CALLED)?;
                return Ok(Step::call(function, &args));
            }
            own(frame)
        }
        CALLED => {
            let result = frame.result();
            finish(frame, result)
        }
        _ => own(frame),
    }
}

/// `esp_rom_spiflash_chip_t` that `rom_spiflash_legacy_data` points at.
fn chip(call: &mut Call<'_>) -> Done<u32> {
    call.load(super::required("rom_spiflash_legacy_data"))
}

/// Size, and what erases and programs at once. Applications may write there: the ROM divides by these.
fn geometry(call: &mut Call<'_>) -> Done<[u32; 4]> {
    let chip = chip(call)?;
    let mut sizes = [0; 4];
    for (size, at) in sizes.iter_mut().zip([4, 8, 12, 16]) {
        *size = call.load(chip.wrapping_add(at))?;
    }
    if sizes[1..].contains(&0) {
        return Err(libgcc::by_zero());
    }
    Ok(sizes)
}

/// Additional dummy cycles of controller `n`.
fn dummies(call: &mut Call<'_>, n: u32) -> Done<u32> {
    let chip = chip(call)?;
    Ok(u32::from(call.guest.load8(chip.wrapping_add(24 + n))?))
}

fn config_param(call: &mut Call<'_>) -> Done {
    let chip = chip(call)?;
    for k in 0..6 {
        let word = call.arg(k)?;
        call.store(chip.wrapping_add(4 * k), word)?;
    }
    call.ret(0);
    Ok(())
}

fn config_clock(call: &mut Call<'_>) -> Done {
    let (divider, spi) = (call.arg(0)? & 0xff, call.arg(1)? & 0xff);
    set_divider(call, base(spi), divider)?;
    call.ret(0);
    Ok(())
}

fn set_address_bits(call: &mut Call<'_>) -> Done {
    let (spi, bits) = (base(call.arg(0)?), call.arg(1)?);
    address_bits(call, spi, bits)
}

/// Address phase of `bits` bits; 32 is an address of four bytes for the caches too.
pub(super) fn address_bits(call: &mut Call<'_>, spi: u32, bits: u32) -> Done {
    const USR_CMD_4BYTE: u32 = 2;
    call.modify(spi + CACHE_FCTRL, USR_CMD_4BYTE, u32::from(bits == 32) * USR_CMD_4BYTE)?;
    call.modify(spi + USER, USR_ADDR, u32::from(bits != 0) * USR_ADDR)?;
    call.modify(spi + USER1, 0x3f << 26, bits.wrapping_sub(1) << 26)
}

/// The controller itself waits for the chip after an operation, with RDSR (05h).
fn auto_wait_idle(call: &mut Call<'_>) -> Done {
    let enable = call.arg(0)? & 0xff;
    call.modify(SPI1 + DDR, 1, 0)?;
    call.modify(SPI1 + WAITI_CTRL, 0x3ff, 5 << 2 | u32::from(enable != 0))
}

/// A clock divider of 1 costs a dummy cycle, unless the signals go straight to the pads.
fn dummy_fix(call: &mut Call<'_>) -> Done {
    let (spi, divider) = (call.arg(0)? & 1, call.arg(1)? & 0xff);
    let chip = chip(call)?;
    let matrix = call.guest.load8(chip.wrapping_add(27))? != 0;
    Ok(call.guest.store8(chip.wrapping_add(24 + spi), u8::from(matrix && divider == 1))?)
}

/// Clock on, reset, chip select set up for SPI0 and SPI1.
pub(super) fn start(call: &mut Call<'_>, divider: u32) -> Done {
    const PERIP_CLK_EN0: u32 = 0x600c_0018;
    const SPI01: u32 = 1 << 1;
    /// Set-up and hold phase of CS.
    const CS_TIMES: u32 = 3 << 6;
    call.modify(PERIP_CLK_EN0, SPI01, SPI01)?;
    for spi in [SPI0, SPI1] {
        call.modify(spi + USER, CS_TIMES, CS_TIMES)?;
        // Hold 2, set-up 1 clocks more.
        call.modify(spi + CTRL2, 0x3ff, 0x41)?;
        // CS0 is the flash, CS1 the PSRAM's.
        call.modify(spi + MISC, 3, 2)?;
        set_divider(call, spi, divider)?;
    }
    Ok(())
}

/// Lanes of both controllers, and SPI0's read command.
pub(super) fn set_mode(call: &mut Call<'_>, mode: u32) -> Done {
    let lanes = READ_MODES.get(mode as usize).copied().unwrap_or(0);
    for spi in [SPI0, SPI1] {
        call.store(spi + DDR, 0)?;
        call.modify(spi + CTRL, MODE_MASK, lanes)?;
    }
    let more = dummies(call, 0)?;
    prepare_read(call, SPI0, &read_of(lanes, more))
}

fn cache_mode(call: &mut Call<'_>) -> Done {
    let (lanes, more) = (call.arg(0)?, dummies(call, 0)?);
    prepare_read(call, SPI0, &read_of(lanes, more))
}

/// States that ask the chip's status until it is idle; then 2.
const ASK: u32 = 0x20;
const ANSWER: u32 = 0x21;
/// Between two questions.
const PAUSE_US: u32 = 20;

/// Waits for SPI1, and at first (states 0, ASK, ANSWER) for the chip. `None`: state 2 or later.
fn settle(frame: &mut Frame<'_>) -> Done<Option<Step>> {
    match frame.local(STATE)? {
        0 => {
            frame.set_local(DONE, 0)?;
            go(frame, ASK).map(Some)
        }
        ASK => {
            if !is_idle(&mut frame.call)? {
                return Ok(Some(Step::Wait));
            }
            frame.call.store(SPI1 + RD_STATUS, 0)?;
            command(frame, CMD_RDSR, ANSWER).map(Some)
        }
        ANSWER if !is_idle(&mut frame.call)? => Ok(Some(Step::Wait)),
        ANSWER => {
            let status = frame.call.load(SPI1 + RD_STATUS)?;
            frame.set_local(STATUS, status)?;
            if status & BUSY == 0 {
                return go(frame, 2).map(Some);
            }
            // Silicon asks without a pause, through the many seconds that a chip takes to erase.
            frame.set_local(STATE, ASK)?;
            let ticks = frame.call.load(vars::TICKS_PER_US)?.max(1);
            Ok(Some(Step::WaitCycles(ticks.wrapping_mul(PAUSE_US))))
        }
        _ if !is_idle(&mut frame.call)? => Ok(Some(Step::Wait)),
        _ => Ok(None),
    }
}

fn wait_idle(frame: &mut Frame<'_>) -> Done<Step> {
    match settle(frame)? {
        Some(step) => Ok(step),
        None => finish(frame, 0),
    }
}

fn write_enable(frame: &mut Frame<'_>) -> Done<Step> {
    if let Some(step) = settle(frame)? {
        return Ok(step);
    }
    match frame.local(STATE)? {
        2 => command(frame, CMD_WREN, 3),
        _ => finish(frame, 0),
    }
}

fn write_disable(frame: &mut Frame<'_>) -> Done<Step> {
    if let Some(step) = settle(frame)? {
        return Ok(step);
    }
    match frame.local(STATE)? {
        2 => command(frame, CMD_WRDI, 3),
        _ => finish(frame, 0),
    }
}

/// Bytes of one read.
const SLICE: u32 = 64;

/// Slices of up to 64 bytes by the lanes of CTRL.
fn read(frame: &mut Frame<'_>) -> Done<Step> {
    if let Some(step) = settle(frame)? {
        return Ok(step);
    }
    let (from, to, len) = (frame.call.arg(0)?, frame.call.arg(1)?, frame.call.arg(2)?);
    let state = frame.local(STATE)?;
    let mut done = frame.local(DONE)?;
    let slice = len.wrapping_sub(done).min(SLICE);
    match state {
        2 if len == 0 => finish(frame, 0),
        2 if from.wrapping_add(len) > geometry(&mut frame.call)?[0] || (len as i32) < 0 => finish(frame, ERROR),
        2 => go(frame, 3),
        3 => {
            let (ctrl, more) = (frame.call.load(SPI1 + CTRL)?, dummies(&mut frame.call, 1)?);
            prepare_read(&mut frame.call, SPI1, &read_of(ctrl, more))?;
            frame.call.store(SPI1 + ADDR, from.wrapping_add(done))?;
            // Whole words, also where the last is not asked for whole.
            frame.call.store(SPI1 + MISO_DLEN, 8 * slice.next_multiple_of(4) - 1)?;
            command(frame, CMD_USR, 4)
        }
        _ => {
            let mut bytes = Vec::new();
            for word in 0..slice.div_ceil(4) {
                bytes.extend(frame.call.load(SPI1 + W0 + 4 * word)?.to_le_bytes());
            }
            frame.call.put(to.wrapping_add(done), &bytes)?;
            frame.call.charge(4 * slice);
            done += slice;
            frame.set_local(DONE, done)?;
            if done == len {
                finish(frame, 0)
            } else {
                go(frame, 3)
            }
        }
    }
}

/// One operation that changes the chip.
struct Change {
    /// Bit of CMD.
    bit: u32,
    addr: u32,
    /// Bytes of it, so much further is the next.
    bytes: u32,
    /// Where the data to program lies.
    data: Option<u32>,
}

/// Runs changes one by one: chip idle, write enable, operation. `next` is asked with the bytes done.
fn change(frame: &mut Frame<'_>, next: impl Fn(&mut Call<'_>, u32) -> Done<Option<Change>>) -> Done<Step> {
    if let Some(step) = settle(frame)? {
        return Ok(step);
    }
    let done = frame.local(DONE)?;
    let Some(change) = next(&mut frame.call, done)? else { return finish(frame, 0) };
    match frame.local(STATE)? {
        2 => command(frame, CMD_WREN, 3),
        3 => {
            let mut addr = change.addr & 0xff_ffff;
            if let Some(data) = change.data {
                addr |= change.bytes << 24;
                let mut bytes = frame.call.bytes(data, change.bytes)?;
                bytes.resize(bytes.len().next_multiple_of(4), 0xff);
                for (i, word) in bytes.chunks(4).enumerate() {
                    let word = u32::from_le_bytes([word[0], word[1], word[2], word[3]]);
                    frame.call.store(SPI1 + W0 + 4 * i as u32, word)?;
                }
            }
            frame.call.store(SPI1 + ADDR, addr)?;
            command(frame, change.bit, 4)
        }
        _ => {
            frame.set_local(DONE, done.wrapping_add(change.bytes))?;
            go(frame, ASK)
        }
    }
}

/// Programs at most 32 bytes at a time, within a page.
fn write(frame: &mut Frame<'_>) -> Done<Step> {
    const PROGRAM: u32 = 32;
    let (to, from, len) = (frame.call.arg(0)?, frame.call.arg(1)?, frame.call.arg(2)?);
    let [size, _, _, page] = geometry(&mut frame.call)?;
    if to.wrapping_add(len) > size || len % 4 != 0 {
        return finish(frame, ERROR);
    }
    change(frame, |_, done| {
        let addr = to.wrapping_add(done);
        let bytes = len.wrapping_sub(done).min(PROGRAM).min(page - addr % page);
        Ok((bytes != 0).then_some(Change { bit: CMD_PP, addr, bytes, data: Some(from.wrapping_add(done)) }))
    })
}

/// Sector or block `number` of `unit` bytes.
fn erase_one(frame: &mut Frame<'_>, bit: u32, unit: u32, size: u32) -> Done<Step> {
    let number = frame.call.arg(0)?;
    if number >= size / unit {
        return finish(frame, ERROR);
    }
    change(frame, |_, done| {
        Ok((done == 0).then_some(Change { bit, addr: number.wrapping_mul(unit), bytes: unit, data: None }))
    })
}

fn erase_sector(frame: &mut Frame<'_>) -> Done<Step> {
    let [size, _, sector, _] = geometry(&mut frame.call)?;
    erase_one(frame, CMD_SE, sector, size)
}

fn erase_block(frame: &mut Frame<'_>) -> Done<Step> {
    let [size, block, _, _] = geometry(&mut frame.call)?;
    erase_one(frame, CMD_BE, block, size)
}

fn erase_chip(frame: &mut Frame<'_>) -> Done<Step> {
    change(frame, |_, done| Ok((done == 0).then_some(Change { bit: CMD_CE, addr: 0, bytes: 1, data: None })))
}

/// Blocks where they fit, sectors before and after.
fn erase_area(frame: &mut Frame<'_>) -> Done<Step> {
    let (start, len) = (frame.call.arg(0)?, frame.call.arg(1)?);
    let [size, block, sector, _] = geometry(&mut frame.call)?;
    if start % sector != 0 || start.wrapping_add(len) > size {
        return finish(frame, ERROR);
    }
    // 32 bits that run over are 0.
    let len = len.checked_next_multiple_of(sector).unwrap_or(0);
    change(frame, |_, done| {
        let (addr, left) = (start.wrapping_add(done), len.wrapping_sub(done));
        Ok(match left {
            0 => None,
            _ if addr % block == 0 && left >= block => Some(Change { bit: CMD_BE, addr, bytes: block, data: None }),
            _ => Some(Change { bit: CMD_SE, addr, bytes: sector, data: None }),
        })
    })
}

/// A transfer of a command and eight bits back.
fn start_user_read(frame: &mut Frame<'_>, code: u32, state: u32) -> Done<Step> {
    frame.call.modify(SPI1 + USER, USR_COMMAND | USR_ADDR | USR_DUMMY | USR_MISO | USR_MOSI, USR_COMMAND | USR_MISO)?;
    frame.call.store(SPI1 + USER2, 7 << 28 | code)?;
    frame.call.store(SPI1 + MISO_DLEN, 7)?;
    frame.call.store(SPI1 + W0, 0)?;
    command(frame, CMD_USR, state)
}

/// First local of the four that keep CTRL, USER, USER1 and USER2.
const KEPT: u32 = 4;
const KEPT_REGISTERS: [u32; 4] = [CTRL, USER, USER1, USER2];

fn keep(frame: &mut Frame<'_>) -> Done {
    for (i, register) in KEPT_REGISTERS.into_iter().enumerate() {
        let value = frame.call.load(SPI1 + register)?;
        frame.set_local(KEPT + i as u32, value)?;
    }
    Ok(())
}

fn restore(frame: &mut Frame<'_>) -> Done {
    for (i, register) in KEPT_REGISTERS.into_iter().enumerate() {
        let value = frame.local(KEPT + i as u32)?;
        frame.call.store(SPI1 + register, value)?;
    }
    Ok(())
}

/// Reads a byte by `code` into the word at argument `place`, shifted.
fn read_byte(frame: &mut Frame<'_>, place: u32, code: u32, shift: u32) -> Done<Step> {
    if !is_idle(&mut frame.call)? {
        return Ok(Step::Wait);
    }
    match frame.local(STATE)? {
        0 => {
            keep(frame)?;
            // One lane, whatever the read mode is.
            frame.call.modify(SPI1 + CTRL, MODE_MASK, 0)?;
            start_user_read(frame, code, 1)
        }
        _ => {
            let byte = frame.call.load(SPI1 + W0)? & 0xff;
            restore(frame)?;
            let to = frame.call.arg(place)?;
            frame.call.store(to, byte << shift)?;
            finish(frame, 0)
        }
    }
}

fn read_user_command(frame: &mut Frame<'_>) -> Done<Step> {
    let code = frame.call.arg(1)? & 0xff;
    read_byte(frame, 0, code, 0)
}

fn read_status(frame: &mut Frame<'_>) -> Done<Step> {
    if let Some(step) = settle(frame)? {
        return Ok(step);
    }
    let (to, status) = (frame.call.arg(1)?, frame.local(STATUS)?);
    frame.call.store(to, status)?;
    finish(frame, 0)
}

/// The second byte of the status (35h), as bits 15:8.
fn read_status_high(frame: &mut Frame<'_>) -> Done<Step> {
    read_byte(frame, 1, 0x35, 8)
}

/// The chip's JEDEC ID, its first byte highest.
fn update_id(frame: &mut Frame<'_>) -> Done<Step> {
    if let Some(step) = settle(frame)? {
        return Ok(step);
    }
    match frame.local(STATE)? {
        2 => {
            frame.call.store(SPI1 + W0, 0)?;
            command(frame, CMD_RDID, 3)
        }
        _ => {
            let (id, chip) = (frame.call.load(SPI1 + W0)?, chip(&mut frame.call)?);
            frame.call.store(chip, id.swap_bytes() >> 8)?;
            finish(frame, 0)
        }
    }
}

/// Status of two bytes; returns when the chip has taken it.
fn write_status(frame: &mut Frame<'_>) -> Done<Step> {
    if let Some(step) = settle(frame)? {
        return Ok(step);
    }
    match frame.local(STATE)? {
        2 if frame.local(DONE)? != 0 => finish(frame, 0),
        2 => {
            let status = frame.call.arg(1)?;
            frame.set_local(DONE, 1)?;
            start_write_status(frame, status, 3)
        }
        _ => go(frame, ASK),
    }
}

fn start_write_status(frame: &mut Frame<'_>, status: u32, state: u32) -> Done<Step> {
    frame.call.modify(SPI1 + CTRL, WRSR_2B, WRSR_2B)?;
    frame.call.store(SPI1 + RD_STATUS, status)?;
    command(frame, CMD_WRSR, state)
}

/// Writes `status(old)` where it differs from the old. States 2..=7, then `end`.
fn update_status(frame: &mut Frame<'_>, new: impl Fn(u32) -> u32, end: u32) -> Done<Option<Step>> {
    const HIGH: u32 = 3;
    let step = match frame.local(STATE)? {
        2 => {
            keep(frame)?;
            frame.call.modify(SPI1 + CTRL, MODE_MASK, 0)?;
            start_user_read(frame, 0x35, 3)?
        }
        3 => {
            let high = frame.call.load(SPI1 + W0)? & 0xff;
            restore(frame)?;
            frame.set_local(HIGH, high)?;
            let old = frame.local(STATUS)? & 0xff | high << 8;
            if new(old) == old {
                go(frame, end)?
            } else {
                command(frame, CMD_WREN, 4)?
            }
        }
        4 => {
            let old = frame.local(STATUS)? & 0xff | frame.local(HIGH)? << 8;
            start_write_status(frame, new(old), 5)?
        }
        5 => {
            frame.call.store(SPI1 + RD_STATUS, 0)?;
            command(frame, CMD_RDSR, 6)?
        }
        6 => {
            let busy = frame.call.load(SPI1 + RD_STATUS)? & BUSY != 0;
            go(frame, if busy { 5 } else { end })?
        }
        _ => return Ok(None),
    };
    Ok(Some(step))
}

/// Takes the write protection off every block; quad enable stays.
fn unlock(frame: &mut Frame<'_>) -> Done<Step> {
    if let Some(step) = settle(frame)? {
        return Ok(step);
    }
    match update_status(frame, |old| old & QE, 7)? {
        Some(step) => Ok(step),
        None => finish(frame, 0),
    }
}

fn quad_enable(frame: &mut Frame<'_>, on: bool) -> Done<Step> {
    if let Some(step) = settle(frame)? {
        return Ok(step);
    }
    match update_status(frame, |old| if on { old | QE } else { old & !QE }, 7)? {
        Some(step) => Ok(step),
        None => finish(frame, 0),
    }
}

/// Lanes of both controllers. Quad modes first set quad enable in the chip; the others take it
/// back only when asked to by the second argument.
fn config_read_mode(frame: &mut Frame<'_>) -> Done<Step> {
    if let Some(step) = settle(frame)? {
        return Ok(step);
    }
    let (mode, take_back) = (frame.call.arg(0)?, frame.call.arg(1)? & 0xff);
    let quad = mode < 2;
    if frame.local(STATE)? == 2 {
        for spi in [SPI0, SPI1] {
            frame.call.store(spi + DDR, 0)?;
            frame.call.modify(spi + CTRL, MODE_MASK, 0)?;
        }
    }
    if quad || take_back != 0 {
        if let Some(step) = update_status(frame, |old| if quad { old | QE } else { old & !QE }, 7)? {
            return Ok(step);
        }
    }
    set_mode(&mut frame.call, mode)?;
    finish(frame, 0)
}

#[cfg(test)]
#[path = "flash_tests.rs"]
pub(in crate::rom) mod tests;
