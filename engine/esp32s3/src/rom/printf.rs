//! `ets_printf` and its output functions (rom/ets_sys.h).
//!
//! The dialect is the ROM's own, not ISO C's: flags `-` then `0`, a width, `.` with digits that
//! only asks for zeros, `l` and `ll`, conversions d D u U x X p s S c C %. `%i`, `%o`, `%b` are
//! printed as they stand. A `%%` or unknown conversion pads by the length that the conversion
//! before it left over, which shows as a blank after `%d%%`.

use super::guest::{Call, Done};
use super::stubs::{Frame, Step, StepFn};
use super::{vars, Function};

/// Functions that run in one go.
pub(super) const LEAVES: &[(&str, Function)] = &[
    ("ets_install_putc1", |call| install(call, vars::PUTC1)),
    ("ets_install_putc2", |call| install(call, vars::PUTC2)),
    ("ets_install_uart_printf", install_uart),
    ("ets_install_lock", install_lock),
    ("ets_get_printf_channel", channel),
];

/// Functions that call back.
pub(super) const STUBS: &[(&str, StepFn)] = &[("ets_printf", printf), ("ets_write_char_uart", write_char)];

fn install(call: &mut Call<'_>, place: u32) -> Done {
    let function = call.arg(0)?;
    call.store(place, function)
}

fn install_uart(call: &mut Call<'_>) -> Done {
    call.store(vars::PUTC1, write_char_address())
}

/// `ets_write_char_uart`, the function that start-up installs.
pub(super) fn write_char_address() -> u32 {
    super::required("ets_write_char_uart")
}

fn install_lock(call: &mut Call<'_>) -> Done {
    for k in 0..2 {
        let function = call.arg(k)?;
        call.store(vars::PRINTF_LOCK + 4 * k, function)?;
    }
    Ok(())
}

fn channel(call: &mut Call<'_>) -> Done {
    let channel = call.guest.load8(vars::PRINT_CHANNEL)?;
    call.ret(u32::from(channel));
    Ok(())
}

/// `\n` goes out as `\r\n`, a `\r` of the text not at all.
fn write_char(frame: &mut Frame<'_>) -> Done<Step> {
    let byte = frame.call.arg(0)? & 0xff;
    let state = frame.local(0)?;
    frame.set_local(0, state + 1)?;
    let one = super::required("uart_tx_one_char");
    Ok(match (byte, state) {
        (0x0a, 0) => Step::call(one, &[0x0d]),
        (0x0a, 1) => Step::call(one, &[0x0a]),
        (0x0a | 0x0d, _) => Step::Return,
        (_, 0) => Step::call(one, &[byte]),
        _ => Step::Return,
    })
}

/// A piece of output: literal text or one conversion.
struct Piece {
    before: Vec<u8>,
    /// So many of this between the two: a format may ask for more than a host has room for.
    pad: (u32, u8),
    behind: Vec<u8>,
    format: u32,
    argument: u32,
    /// What the ROM's length counter holds afterwards.
    left_over: i32,
    /// Bytes that the result does not count.
    silent: u32,
}

impl Piece {
    /// A byte as it is.
    fn of(byte: u8, format: u32, argument: u32, left_over: i32) -> Self {
        Self { before: vec![byte], pad: (0, b' '), behind: Vec::new(), format, argument, left_over, silent: 0 }
    }

    fn byte(&self, n: u32) -> Option<u8> {
        let Some(n) = n.checked_sub(self.before.len() as u32) else { return Some(self.before[n as usize]) };
        match n.checked_sub(self.pad.0) {
            None => Some(self.pad.1),
            Some(n) => self.behind.get(n as usize).copied(),
        }
    }

    fn counted(&self) -> u32 {
        let text = (self.before.len() + self.behind.len()) as u32;
        text.wrapping_add(self.pad.0).wrapping_sub(self.silent)
    }
}

/// The next piece of the format, if any.
fn piece(call: &mut Call<'_>, format: u32, argument: u32, left_over: i32) -> Done<Option<Piece>> {
    let mut at = format;
    let mut next = |call: &mut Call<'_>| -> Done<u8> {
        let byte = call.guest.load8(at)?;
        at = at.wrapping_add(1);
        Ok(byte)
    };
    let mut c = next(call)?;
    if c == 0 {
        return Ok(None);
    }
    if c != b'%' {
        return Ok(Some(Piece::of(c, at, argument, left_over)));
    }
    c = next(call)?;
    let left = c == b'-';
    if left {
        c = next(call)?;
    }
    let mut zeros = c == b'0';
    if zeros {
        c = next(call)?;
    }
    let mut width = 0i32;
    while c.is_ascii_digit() {
        width = width.wrapping_mul(10).wrapping_add(i32::from(c - b'0'));
        c = next(call)?;
    }
    if c == b'.' {
        zeros = true;
        c = next(call)?;
        while c.is_ascii_digit() {
            c = next(call)?;
        }
    }
    let mut wide = false;
    if c == b'l' {
        c = next(call)?;
        if c == b'l' {
            wide = true;
            c = next(call)?;
        }
    }
    let mut argument = argument;
    let mut value = 0u64;
    let mut sign = false;
    if matches!(c, b'd' | b'D' | b'u' | b'U' | b'x' | b'X' | b'p') {
        if wide {
            argument = argument.wrapping_add(argument & 1);
            value = call.arg64(argument)?;
            argument = argument.wrapping_add(2);
        } else {
            value = u64::from(call.arg(argument)?);
            argument = argument.wrapping_add(1);
        }
        if matches!(c, b'd' | b'D') {
            let signed = if wide { value as i64 } else { i64::from(value as i32) };
            sign = signed < 0;
            value = signed.unsigned_abs();
        }
    }
    let mut out = Vec::new();
    let mut silent = 0;
    let text = match c {
        b'd' | b'D' | b'u' | b'U' => value.to_string().into_bytes(),
        b'x' => format!("{value:x}").into_bytes(),
        b'X' => format!("{value:X}").into_bytes(),
        b'p' => {
            out.extend(b"0x");
            silent = 2;
            zeros = true;
            width = 8;
            format!("{value:x}").into_bytes()
        }
        b's' | b'S' => {
            let text = call.arg(argument)?;
            argument = argument.wrapping_add(1);
            if text == 0 {
                b"<null>".to_vec()
            } else {
                call.string(text, u32::MAX)?
            }
        }
        b'c' | b'C' => {
            let byte = call.arg(argument)? as u8;
            return Ok(Some(Piece::of(byte, at, argument.wrapping_add(1), left_over)));
        }
        b'%' => {
            out.push(b'%');
            silent = 1;
            Vec::new()
        }
        // A format that ends in a lone percent sign: the ROM reads on behind its terminator.
        _ => {
            out.extend([b'%', c]);
            Vec::new()
        }
    };
    let length = match c {
        b'd' | b'D' | b'u' | b'U' | b'x' | b'X' | b'p' | b's' | b'S' => text.len() as i32,
        _ => left_over,
    };
    let pad = width.wrapping_sub(length).wrapping_sub(i32::from(sign)).max(0) as u32;
    if sign && zeros {
        out.push(b'-');
        sign = false;
    }
    let mut behind = if sign { vec![b'-'] } else { Vec::new() };
    behind.extend(text);
    let fill = if zeros && !left { b'0' } else { b' ' };
    if left {
        out.append(&mut behind);
    }
    let left_over = length.wrapping_sub(1).wrapping_sub(length.max(0));
    Ok(Some(Piece { before: out, pad: (pad, fill), behind, format: at, argument, left_over, silent }))
}

// Locals of `ets_printf`.
const STATE: u32 = 0;
const FORMAT: u32 = 1;
const ARGUMENT: u32 = 2;
const LEFT_OVER: u32 = 3;
/// Byte of the piece, times two, plus which of the output functions is next.
const OUTPUT: u32 = 4;
const COUNT: u32 = 5;

fn printf(frame: &mut Frame<'_>) -> Done<Step> {
    let putc = [frame.call.load(vars::PUTC1)?, frame.call.load(vars::PUTC2)?];
    match frame.local(STATE)? {
        0 => {
            if putc == [0, 0] {
                frame.call.ret(0);
                return Ok(Step::Return);
            }
            let format = frame.call.arg(0)?;
            frame.set_local(FORMAT, format)?;
            frame.set_local(ARGUMENT, 1)?;
            for local in [LEFT_OVER, OUTPUT, COUNT] {
                frame.set_local(local, 0)?;
            }
            frame.set_local(STATE, 1)?;
            lock(frame, 0)
        }
        1 => print(frame, putc),
        _ => {
            let count = frame.local(COUNT)?;
            frame.call.ret(count);
            Ok(Step::Return)
        }
    }
}

/// Calls the lock or unlock function that `ets_install_lock` was given.
fn lock(frame: &mut Frame<'_>, which: u32) -> Done<Step> {
    let function = frame.call.load(vars::PRINTF_LOCK + 4 * which)?;
    Ok(if function == 0 { Step::Again } else { Step::call(function, &[]) })
}

fn print(frame: &mut Frame<'_>, putc: [u32; 2]) -> Done<Step> {
    let (format, argument) = (frame.local(FORMAT)?, frame.local(ARGUMENT)?);
    let left_over = frame.local(LEFT_OVER)? as i32;
    let mut output = frame.local(OUTPUT)?;
    let Some(piece) = piece(&mut frame.call, format, argument, left_over)? else {
        frame.set_local(STATE, 2)?;
        return lock(frame, 1);
    };
    while let Some(byte) = piece.byte(output / 2) {
        let function = putc[(output & 1) as usize];
        output += 1;
        if function != 0 {
            frame.set_local(OUTPUT, output)?;
            return Ok(Step::call(function, &[u32::from(byte)]));
        }
    }
    let count = frame.local(COUNT)?.wrapping_add(piece.counted());
    frame.set_local(COUNT, count)?;
    frame.set_local(OUTPUT, 0)?;
    frame.set_local(FORMAT, piece.format)?;
    frame.set_local(ARGUMENT, piece.argument)?;
    frame.set_local(LEFT_OVER, piece.left_over as u32)?;
    Ok(Step::Again)
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;
    use std::rc::Rc;

    use super::piece;
    use crate::rom::testing::{Flat, DATA};
    use crate::rom::Call;

    const PUTC: u32 = 0x4037_9000;

    fn print(format: &str, args: &[u32]) -> (String, u32) {
        let mut flat = Flat::default();
        let out = Rc::new(RefCell::new(String::new()));
        let sink = out.clone();
        flat.functions.insert(
            PUTC,
            Box::new(move |_, args| {
                sink.borrow_mut().push(args[0] as u8 as char);
                0
            }),
        );
        flat.call("ets_install_putc1", &[PUTC]);
        flat.text(DATA, format);
        flat.text(DATA + 0x100, "text");
        let words: Vec<u32> = std::iter::once(DATA).chain(args.iter().copied()).collect();
        let count = flat.call("ets_printf", &words);
        let text = out.borrow().clone();
        (text, count)
    }

    #[test]
    fn conversions_print_as_in_boot_logs() {
        assert_eq!(print("load:0x%08x,len:0x%x\n", &[0x3fce_3808, 0x44]).0, "load:0x3fce3808,len:0x44\n");
        assert_eq!(print("SPIWP:0x%02x", &[0xee]).0, "SPIWP:0xee");
        assert_eq!(
            print("%d %u %s|%5d|%-5d|%05d", &[-1i32 as u32, 7, DATA + 0x100, 42, 42, -42i32 as u32]).0,
            "-1 7 text|   42|42   |-0042"
        );
        assert_eq!(print("%c%c %p", &[0x41, 0x42, 0x1234]).0, "AB 0x00001234");
        assert_eq!(print("%s", &[0]).0, "<null>");
    }

    #[test]
    fn long_long_arguments_are_aligned_to_even_words() {
        assert_eq!(print("%x %llx", &[1, 0x9abc_def0, 0x1234_5678]).0, "1 123456789abcdef0");
        assert_eq!(print("%llu", &[0, 5, 1]).0, "4294967301");
    }

    /// A width of ten digits is as good as one of two, and takes no more room here.
    #[test]
    fn a_wide_field_is_not_laid_out() {
        let mut flat = Flat::default();
        flat.text(DATA, "%2000000000d");
        flat.regs[2] = 7;
        let piece = piece(&mut Call::framed(&mut flat, 0), DATA, 0, 0).unwrap().unwrap();
        assert_eq!(piece.counted(), 2_000_000_000);
        let bytes = [0, 1_999_999_998, 1_999_999_999, 2_000_000_000].map(|n| piece.byte(n));
        assert_eq!(bytes, [Some(b' '), Some(b' '), Some(b'7'), None]);
    }

    #[test]
    fn the_result_counts_what_was_printed() {
        assert_eq!(print("ab%d\n", &[100]), ("ab100\n".into(), 6));
    }

    /// Dialect of the ROM: no `%i`, precision is no precision, a blank after `%d%%`.
    #[test]
    fn the_dialect_is_the_roms_own() {
        assert_eq!(print("%i", &[5]).0, "%i");
        assert_eq!(print("%.2s", &[DATA + 0x100]).0, "text");
        assert_eq!(print("%5.1x", &[0xa]).0, "0000a");
        assert_eq!(print("%d%%", &[50]).0, "50% ");
    }
}
