//! Commands of any shape to flash and PSRAM (rom/opi_flash.h). Octal PSRAM is found and set up by
//! `esp_rom_opiflash_exec_cmd`.

use super::flash::address_bits;
use super::guest::{Call, Done};
use super::spi::*;
use super::stubs::{Frame, Step, StepFn};
use super::Function;

/// Functions that run in one go.
pub(super) const LEAVES: &[(&str, Function)] = &[
    ("esp_rom_spi_set_op_mode", set_op_mode),
    ("esp_rom_spi_set_dtr_swap_mode", set_swap),
    ("esp_rom_opiflash_pin_config", pin_config),
    ("esp_rom_opiflash_legacy_driver_init", driver_init),
];

/// Functions that wait.
pub(super) const STUBS: &[(&str, StepFn)] = &[
    ("esp_rom_opiflash_exec_cmd", exec_command),
    ("esp_rom_spi_cmd_config", command_config),
    ("esp_rom_spi_cmd_start", command_start),
];

// DDR.
const DDR_EN: u32 = 1 << 0;
const VAR_DUMMY: u32 = 1 << 4;
const RDAT_SWP: u32 = 1 << 2;
const WDAT_SWP: u32 = 1 << 3;

/// Bits of CTRL, USER and DDR for each `esp_rom_spiflash_read_mode_t`, from QIO to QPI.
const MODES: [(u32, u32, u32); 12] = [
    (0x0100_2000, 1 << 15, 0),
    (0x0010_2000, 1 << 13, 0),
    (0x0080_2000, 1 << 14, 0),
    (0x0000_6000, 1 << 12, 0),
    (0x0000_2000, 0, 0),
    (0, 0, 0),
    (0x0000_2270, 0, 0),
    (0x0000_2270, 0, DDR_EN),
    (0x0000_2030, 0, 0),
    (0x0000_2070, 0, 0),
    (0x0000_2070, 0, DDR_EN | VAR_DUMMY),
    (0x0100_2100, 1 << 15, 0),
];

fn op_mode(call: &mut Call<'_>, spi: u32, mode: u32) -> Done {
    /// The bits of all modes.
    const CTRL_MODES: u32 = 0x0190_63f0;
    const USER_MODES: u32 = 0xf000;
    if let Some(&(ctrl, user, ddr)) = MODES.get(mode as usize) {
        if ddr & DDR_EN == 0 {
            call.store(spi + DDR, 0)?;
        }
        call.modify(spi + CTRL, CTRL_MODES, ctrl)?;
        call.modify(spi + USER, USER_MODES, user)?;
        call.modify(spi + DDR, DDR_EN | VAR_DUMMY, ddr)?;
    }
    Ok(())
}

fn set_op_mode(call: &mut Call<'_>) -> Done {
    let (spi, mode) = (base(call.arg(0)?), call.arg(1)?);
    op_mode(call, spi, mode)
}

fn set_swap(call: &mut Call<'_>) -> Done {
    let (spi, write, read) = (base(call.arg(0)?), call.arg(1)? & 0xff, call.arg(2)? & 0xff);
    let value = u32::from(write != 0) * WDAT_SWP | u32::from(read != 0) * RDAT_SWP;
    call.modify(spi + DDR, WDAT_SWP | RDAT_SWP, value)
}

/// The octal pads 27..=37 on their IO_MUX functions: 0 for the six of a quad flash, 1 for
/// SPIIO4..SPIIO7 and SPIDQS (TRM table 5-2).
fn pin_config(call: &mut Call<'_>) -> Done {
    const IO_MUX: u32 = 0x6000_9004;
    const FUN_IE: u32 = 1 << 9;
    const FUN_DRV: u32 = 3 << 10;
    const MCU_SEL: u32 = 7 << 12;
    for pad in 27..=37 {
        let function = u32::from(pad >= 33);
        call.modify(IO_MUX + 4 * pad, MCU_SEL | FUN_DRV | FUN_IE, function << 12 | 3 << 10 | FUN_IE)?;
    }
    Ok(())
}

fn driver_init(call: &mut Call<'_>) -> Done {
    let commands = call.arg(0)?;
    call.store(super::required("rom_opiflash_cmd_def"), commands)
}

/// One command, wherever its description came from.
pub(super) struct Shape {
    pub command: u32,
    pub command_bits: u32,
    pub address: u32,
    pub address_bits: u32,
    pub dummy_bits: u32,
    pub out: u32,
    pub out_bits: u32,
    pub in_bits: u32,
}

fn configure(call: &mut Call<'_>, spi: u32, shape: &Shape) -> Done {
    let phase = |bit: u32, on: u32| u32::from(on != 0) * bit;
    call.modify(spi + USER, USR_COMMAND, phase(USR_COMMAND, shape.command_bits))?;
    if shape.command_bits != 0 {
        call.store(spi + USER2, (shape.command_bits - 1) << 28 | shape.command & 0xffff)?;
    }
    address_bits(call, spi, shape.address_bits)?;
    if shape.address_bits != 0 {
        call.store(spi + ADDR, shape.address)?;
    }
    call.modify(
        spi + USER,
        USR_MOSI | USR_MISO | USR_DUMMY,
        phase(USR_MOSI, shape.out_bits) | phase(USR_MISO, shape.in_bits) | phase(USR_DUMMY, shape.dummy_bits),
    )?;
    if shape.out_bits != 0 {
        if shape.out != 0 {
            let mut bytes = call.bytes(shape.out, shape.out_bits.div_ceil(8).min(64))?;
            bytes.resize(bytes.len().next_multiple_of(4), 0);
            for (i, word) in bytes.chunks(4).enumerate() {
                let word = u32::from_le_bytes([word[0], word[1], word[2], word[3]]);
                call.store(spi + W0 + 4 * i as u32, word)?;
            }
        }
        call.modify(spi + MOSI_DLEN, 0x3ff, shape.out_bits - 1)?;
    }
    if shape.in_bits != 0 {
        call.modify(spi + MISO_DLEN, 0x3ff, shape.in_bits - 1)?;
    }
    call.modify(spi + USER1, 0x3f, shape.dummy_bits.wrapping_sub(1))
}

/// Starts what is configured, on the chips of `cs`: bit 0 flash, bit 1 PSRAM.
fn launch(call: &mut Call<'_>, spi: u32, cs: u32, changes: bool) -> Done {
    call.modify(spi + MISC, 3, !cs)?;
    call.store(spi + CMD, if changes { CMD_USR | CMD_PE } else { CMD_USR })
}

/// The answer, and the flash selected again.
fn collect(call: &mut Call<'_>, spi: u32, to: u32, len: u32) -> Done {
    call.modify(spi + MISC, 3, 2)?;
    let len = len.min(64);
    let mut bytes = Vec::new();
    for word in 0..len.div_ceil(4) {
        bytes.extend(call.load(spi + W0 + 4 * word)?.to_le_bytes());
    }
    if to != 0 {
        call.put(to, &bytes[..len as usize])?;
    }
    Ok(())
}

/// Registers that a command leaves as it found them.
const KEPT: [u32; 6] = [CTRL, USER, USER1, USER2, DDR, CACHE_FCTRL];

const STATE: u32 = 0;

/// Thirteen arguments: controller, mode, command and bits, address and bits, dummies, data out and
/// bits, data in and bits, chips, whether it changes the chip.
fn exec_command(frame: &mut Frame<'_>) -> Done<Step> {
    let mut args = [0; 13];
    for (k, word) in args.iter_mut().enumerate() {
        *word = frame.call.arg(k as u32)?;
    }
    let [number, mode, command, command_bits, address, address_bits, dummy_bits, out, out_bits, to, in_bits, cs, changes] =
        args;
    let spi = base(number);
    if frame.call.load(spi + CMD)? != 0 {
        return Ok(Step::Wait);
    }
    if frame.local(STATE)? == 0 {
        let shape = Shape { command, command_bits, address, address_bits, dummy_bits, out, out_bits, in_bits };
        begin(frame, spi, mode, &shape, cs, changes & 0xff != 0)?;
        frame.set_local(STATE, 1)?;
        return Ok(Step::Wait);
    }
    end(frame, spi, to, in_bits / 8)?;
    Ok(Step::Return)
}

/// Keeps the registers in locals 1 to 6, and starts a command.
pub(super) fn begin(frame: &mut Frame<'_>, spi: u32, mode: u32, shape: &Shape, cs: u32, changes: bool) -> Done {
    for (i, register) in KEPT.into_iter().enumerate() {
        let value = frame.call.load(spi + register)?;
        frame.set_local(1 + i as u32, value)?;
    }
    frame.call.modify(spi + CTRL, MODE_MASK, 0)?;
    frame.call.modify(spi + USER, WRITE_LANES, 0)?;
    frame.call.modify(spi + DDR, DDR_EN, 0)?;
    op_mode(&mut frame.call, spi, mode)?;
    configure(&mut frame.call, spi, shape)?;
    launch(&mut frame.call, spi, cs, changes)
}

/// The answer of a command that has ended, and the registers as they were.
pub(super) fn end(frame: &mut Frame<'_>, spi: u32, to: u32, len: u32) -> Done {
    collect(&mut frame.call, spi, to, len)?;
    for (i, register) in KEPT.into_iter().enumerate() {
        let value = frame.local(1 + i as u32)?;
        frame.call.store(spi + register, value)?;
    }
    Ok(())
}

/// `esp_rom_spi_cmd_t` into the registers.
fn command_config(frame: &mut Frame<'_>) -> Done<Step> {
    let (spi, place) = (base(frame.call.arg(0)?), frame.call.arg(1)?);
    let call = &mut frame.call;
    if call.load(spi + CMD)? != 0 {
        return Ok(Step::Wait);
    }
    let mut words = [0; 8];
    for (k, word) in words.iter_mut().enumerate() {
        *word = call.load(place.wrapping_add(4 * k as u32))?;
    }
    let [command, address, address_bits, out, out_bits, _, in_bits, dummy_bits] = words;
    let address = if address == 0 { 0 } else { call.load(address)? };
    let shape = Shape {
        command: command & 0xffff,
        command_bits: command >> 16,
        address,
        address_bits,
        dummy_bits,
        out,
        out_bits,
        in_bits,
    };
    configure(call, spi, &shape)?;
    Ok(Step::Return)
}

/// Controller, where the answer goes and its bytes, chips, whether it changes the chip.
fn command_start(frame: &mut Frame<'_>) -> Done<Step> {
    let (spi, to, len) = (base(frame.call.arg(0)?), frame.call.arg(1)?, frame.call.arg(2)? & 0xffff);
    let (cs, changes) = (frame.call.arg(3)? & 0xff, frame.call.arg(4)? & 0xff);
    if frame.local(STATE)? == 0 {
        launch(&mut frame.call, spi, cs, changes != 0)?;
        frame.set_local(STATE, 1)?;
        return Ok(Step::Wait);
    }
    if frame.call.load(spi + CMD)? != 0 {
        return Ok(Step::Wait);
    }
    collect(&mut frame.call, spi, to, len)?;
    Ok(Step::Return)
}
