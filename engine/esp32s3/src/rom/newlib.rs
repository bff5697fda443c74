//! The C library's functions that call back: comparison functions, and what the application put into
//! `syscall_table_ptr` (rom/libc_stubs.h).

use super::guest::{Call, Done, Exit, Special};
use super::stubs::{Frame, Step, StepFn};
use super::Function;

/// Functions that call back.
pub(super) const STUBS: &[(&str, StepFn)] = &[
    ("qsort", sort),
    ("strtol", |f| parse(f, Number::Signed)),
    ("strtoul", |f| parse(f, Number::Unsigned)),
    ("atoi", |f| parse(f, Number::Decimal)),
    ("atol", |f| parse(f, Number::Decimal)),
    ("rand", |f| random(f, false)),
    ("srand", |f| random(f, true)),
    ("strdup", |f| duplicate(f, false)),
    ("strndup", |f| duplicate(f, true)),
    ("_isatty_r", is_a_terminal),
];

/// The parts of `setjmp` and `longjmp` that are no instructions of ours.
pub(super) const SET_JUMP: Function = set_jump;
/// See [`SET_JUMP`].
pub(super) const LONG_JUMP: Function = long_jump;

/// Functions of `struct syscall_stub_table` by index.
const GETREENT: u32 = 0;
const MALLOC_R: u32 = 1;
const FSTAT_R: u32 = 14;

fn syscall(frame: &mut Frame<'_>, index: u32, args: &[u32]) -> Done<Step> {
    let table = frame.call.load(super::required("syscall_table_ptr"))?;
    let function = if table == 0 { 0 } else { frame.call.load(table.wrapping_add(4 * index))? };
    if function == 0 {
        return Err(Exit::Stop(format!(
            "a C library function in ROM needs entry {index} of syscall_table_ptr, which the firmware has not set"
        )));
    }
    Ok(Step::call(function, args))
}

const STATE: u32 = 0;

fn go(frame: &mut Frame<'_>, state: u32) -> Done<Step> {
    frame.set_local(STATE, state)?;
    Ok(Step::Again)
}

// Locals of `qsort`, a heap sort in place.
const HEAP: u32 = 1;
const END: u32 = 2;
const ROOT: u32 = 3;
const CHILD: u32 = 4;

/// Sifts down from the middle, then moves the greatest to the end again and again. Which of two equal
/// elements comes first is open in ISO C, and here differs from newlib's.
fn sort(frame: &mut Frame<'_>) -> Done<Step> {
    const BUILD: u32 = 1;
    const SIFT: u32 = 2;
    const CHOSEN: u32 = 3;
    const COMPARED: u32 = 4;
    let (base, count, size, compare) = (frame.call.arg(0)?, frame.call.arg(1)?, frame.call.arg(2)?, frame.call.arg(3)?);
    let at = |index: u32| base.wrapping_add(index.wrapping_mul(size));
    match frame.local(STATE)? {
        0 => {
            frame.set_local(HEAP, count / 2)?;
            frame.set_local(END, count)?;
            go(frame, BUILD)
        }
        BUILD => {
            let (heap, end) = (frame.local(HEAP)?, frame.local(END)?);
            if end < 2 {
                return Ok(Step::Return);
            }
            if heap > 0 {
                frame.set_local(HEAP, heap - 1)?;
                frame.set_local(ROOT, heap - 1)?;
            } else {
                swap(&mut frame.call, at(0), at(end - 1), size)?;
                frame.set_local(END, end - 1)?;
                frame.set_local(ROOT, 0)?;
            }
            go(frame, SIFT)
        }
        SIFT => {
            let (root, end) = (frame.local(ROOT)?, frame.local(END)?);
            let child = 2 * root + 1;
            if child >= end {
                return go(frame, BUILD);
            }
            frame.set_local(CHILD, child)?;
            frame.set_local(STATE, CHOSEN)?;
            if child + 1 < end {
                return Ok(Step::call(compare, &[at(child), at(child + 1)]));
            }
            frame.set_local(STATE, COMPARED)?;
            Ok(Step::call(compare, &[at(root), at(child)]))
        }
        CHOSEN => {
            let mut child = frame.local(CHILD)?;
            if (frame.result() as i32) < 0 {
                child += 1;
                frame.set_local(CHILD, child)?;
            }
            let root = frame.local(ROOT)?;
            frame.set_local(STATE, COMPARED)?;
            Ok(Step::call(compare, &[at(root), at(child)]))
        }
        _ => {
            if (frame.result() as i32) >= 0 {
                return go(frame, BUILD);
            }
            let (root, child) = (frame.local(ROOT)?, frame.local(CHILD)?);
            swap(&mut frame.call, at(root), at(child), size)?;
            frame.set_local(ROOT, child)?;
            go(frame, SIFT)
        }
    }
}

fn swap(call: &mut Call<'_>, a: u32, b: u32, size: u32) -> Done {
    let (x, y) = (call.bytes(a, size)?, call.bytes(b, size)?);
    call.put(a, &y)?;
    call.put(b, &x)?;
    call.charge(size);
    Ok(())
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Number {
    Signed,
    Unsigned,
    Decimal,
}

/// ISO C 7.22.1.4. Out of range is told in errno, which is in the reentrancy structure.
fn parse(frame: &mut Frame<'_>, kind: Number) -> Done<Step> {
    const RANGE: u32 = 34;
    const INVALID: u32 = 22;
    const ERROR: u32 = 1;
    if frame.local(STATE)? != 0 {
        let (errno, error) = (frame.result(), frame.local(ERROR)?);
        frame.call.store(errno, error)?;
        return Ok(Step::Return);
    }
    let at = frame.call.arg(0)?;
    let (end, base) = if kind == Number::Decimal { (0, 10) } else { (frame.call.arg(1)?, frame.call.arg(2)?) };
    let text = frame.call.string(at, 1 << 16)?;
    frame.call.charge(20 + 12 * text.len() as u32);
    if base == 1 || base > 36 {
        frame.set_local(STATE, 1)?;
        frame.set_local(ERROR, INVALID)?;
        frame.call.ret(0);
        return syscall(frame, GETREENT, &[]);
    }
    let (value, negative, used) = number(&text, base);
    if end != 0 {
        frame.call.store(end, at.wrapping_add(used as u32))?;
    }
    let limit = match (kind, negative) {
        (Number::Unsigned, _) => u64::from(u32::MAX),
        (_, true) => 0x8000_0000,
        (_, false) => 0x7fff_ffff,
    };
    if value > limit {
        frame.call.ret(limit as u32);
        frame.set_local(STATE, 1)?;
        frame.set_local(ERROR, RANGE)?;
        return syscall(frame, GETREENT, &[]);
    }
    let value = value as u32;
    frame.call.ret(if negative { value.wrapping_neg() } else { value });
    Ok(Step::Return)
}

/// Value (capped), sign, and bytes used: 0 where there is no number. A `0x` without a digit behind it is none here.
fn number(text: &[u8], base: u32) -> (u64, bool, usize) {
    let space = |byte: &u8| matches!(byte, b' ' | b'\t'..=b'\r');
    let mut i = text.iter().take_while(|&byte| space(byte)).count();
    let negative = text.get(i) == Some(&b'-');
    if matches!(text.get(i), Some(b'-' | b'+')) {
        i += 1;
    }
    let digit = |i: usize, base: u32| text.get(i).and_then(|&byte| char::from(byte).to_digit(base));
    let hex = text.get(i) == Some(&b'0') && matches!(text.get(i + 1), Some(b'x' | b'X'));
    let base = match base {
        0 if hex => 16,
        0 if text.get(i) == Some(&b'0') => 8,
        0 => 10,
        base => base,
    };
    if base == 16 && hex {
        i += 2;
    }
    let first = i;
    let mut value = 0u64;
    while let Some(digit) = digit(i, base) {
        value = (value * u64::from(base) + u64::from(digit)).min(1 << 40);
        i += 1;
    }
    if i == first {
        (0, false, 0)
    } else {
        (value, negative, i)
    }
}

// `struct _reent` with _REENT_SMALL: the pointer to `struct _rand48`, and in that the state of `rand`.
const R48: u32 = 0x38;
const R48_BYTES: u32 = 0x18;
const RAND_NEXT: u32 = 0x10;

/// newlib's `rand`: Knuth's 64-bit linear congruential generator (MMIX), in memory that the first call
/// allocates.
fn random(frame: &mut Frame<'_>, seed: bool) -> Done<Step> {
    const REENT: u32 = 1;
    match frame.local(STATE)? {
        0 => {
            frame.set_local(STATE, 1)?;
            syscall(frame, GETREENT, &[])
        }
        1 => {
            let reent = frame.result();
            frame.set_local(REENT, reent)?;
            if frame.call.load(reent.wrapping_add(R48))? != 0 {
                return go(frame, 3);
            }
            frame.set_local(STATE, 2)?;
            syscall(frame, MALLOC_R, &[reent, R48_BYTES])
        }
        2 => {
            let (reent, memory) = (frame.local(REENT)?, frame.result());
            if memory == 0 {
                return Err(Exit::Stop("rand() in ROM found no memory for its state (REENT malloc)".into()));
            }
            frame.call.store(reent.wrapping_add(R48), memory)?;
            for (i, word) in [0xabcd_330e, 0xe66d_1234, 0x0005_deec, 0x0000_000b, 1, 0].into_iter().enumerate() {
                frame.call.store(memory.wrapping_add(4 * i as u32), word)?;
            }
            go(frame, 3)
        }
        _ => {
            let reent = frame.local(REENT)?;
            let state = frame.call.load(reent.wrapping_add(R48))?.wrapping_add(RAND_NEXT);
            let old = u64::from(frame.call.load(state)?) | u64::from(frame.call.load(state.wrapping_add(4))?) << 32;
            let new = if seed {
                u64::from(frame.call.arg(0)?)
            } else {
                old.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1)
            };
            frame.call.put(state, &new.to_le_bytes())?;
            frame.call.ret((new >> 32) as u32 & 0x7fff_ffff);
            Ok(Step::Return)
        }
    }
}

fn duplicate(frame: &mut Frame<'_>, limited: bool) -> Done<Step> {
    let at = frame.call.arg(0)?;
    let limit = if limited { frame.call.arg(1)? } else { u32::MAX };
    match frame.local(STATE)? {
        0 => {
            frame.set_local(STATE, 1)?;
            syscall(frame, GETREENT, &[])
        }
        1 => {
            let (reent, len) = (frame.result(), frame.call.string(at, limit)?.len() as u32);
            frame.set_local(STATE, 2)?;
            syscall(frame, MALLOC_R, &[reent, len + 1])
        }
        _ => {
            let to = frame.result();
            if to != 0 {
                let mut text = frame.call.string(at, limit)?;
                text.push(0);
                frame.call.put(to, &text)?;
            }
            frame.call.ret(to);
            Ok(Step::Return)
        }
    }
}

/// A character device, by `_fstat_r`'s st_mode. The structure has less than 18 words.
fn is_a_terminal(frame: &mut Frame<'_>) -> Done<Step> {
    const STAT: u32 = 2;
    const MODE: u32 = 4;
    const FORMAT: u32 = 0xf000;
    const CHARACTER: u32 = 0x2000;
    if frame.local(STATE)? == 0 {
        frame.set_local(STATE, 1)?;
        let (reent, file, stat) = (frame.call.arg(0)?, frame.call.arg(1)?, frame.local_address(STAT));
        return syscall(frame, FSTAT_R, &[reent, file, stat]);
    }
    let good = (frame.result() as i32) >= 0;
    let stat = frame.local_address(STAT);
    let mode = frame.call.load(stat.wrapping_add(MODE))?;
    frame.call.ret(u32::from(good && mode & FORMAT == CHARACTER));
    Ok(Step::Return)
}

// `jmp_buf` of the windowed ABI: the caller's save area (4 words), up to 8 words of its overflow area,
// the save area of its caller (4 words), the return address.
const OVERFLOW: u32 = 0x10;
const OUTER: u32 = 0x30;
const RETURN: u32 = 0x40;
/// `ENTRY a1, 16` of both functions.
pub(super) const JUMP_FRAME: u32 = 16;

/// Words copied; their addresses.
fn copy_words(call: &mut Call<'_>, from: u32, to: u32, bytes: u32) -> Done {
    let data = call.bytes(from, bytes)?;
    call.put(to, &data)
}

/// After SYSCALL 0 has spilled all windows, the frames lie on the stack.
fn set_jump(call: &mut Call<'_>) -> Done {
    let (buffer, stack, back) = (call.guest.reg(4), call.guest.reg(1), call.guest.reg(0));
    copy_words(call, stack.wrapping_sub(16), buffer, 16)?;
    let registers = back >> 30;
    if registers > 1 {
        let outer = call.load(stack.wrapping_add(4))?;
        let bytes = 16 * (registers - 1);
        copy_words(call, outer.wrapping_sub(16 * registers), buffer.wrapping_add(OVERFLOW), bytes)?;
    }
    copy_words(call, stack, buffer.wrapping_add(OUTER), 16)?;
    call.store(buffer.wrapping_add(RETURN), back)?;
    call.guest.set_reg(2, 0);
    Ok(())
}

/// Drops all frames but this one, and puts back what `setjmp` kept, so that RETW underflows into it.
fn long_jump(call: &mut Call<'_>) -> Done {
    let (buffer, value, stack) = (call.guest.reg(2), call.guest.reg(3), call.guest.reg(1));
    let window = call.guest.special(Special::WindowBase);
    call.guest.set_special(Special::WindowStart, 1 << window);
    let back = call.load(buffer.wrapping_add(RETURN))?;
    copy_words(call, buffer, stack.wrapping_sub(16), 16)?;
    let registers = back >> 30;
    if registers > 1 {
        let outer = call.load(buffer.wrapping_add(OUTER + 4))?;
        copy_words(call, buffer.wrapping_add(OVERFLOW), outer.wrapping_sub(16 * registers), 16 * (registers - 1))?;
    }
    let target = call.load(buffer.wrapping_add(4))?;
    copy_words(call, buffer.wrapping_add(OUTER), target.wrapping_sub(16), 16)?;
    call.guest.set_reg(0, back);
    call.guest.set_reg(2, if value == 0 { 1 } else { value });
    Ok(())
}

#[cfg(test)]
#[path = "newlib_tests.rs"]
mod tests;
