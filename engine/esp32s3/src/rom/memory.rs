//! Memory, strings, characters, numbers: the C library's leaf functions (ISO C 7.21, 7.22, 7.24;
//! POSIX for what newlib adds).

use super::guest::{Call, Done};
use super::Function;

/// Functions by name.
#[rustfmt::skip]
pub(super) const LEAVES: &[(&str, Function)] = &[
    ("memset", memset), ("bzero", bzero), ("memcpy", memcpy), ("xthal_memcpy", memcpy), ("memmove", memcpy),
    ("xthal_bcopy", bcopy), ("memcmp", memcmp), ("__gcc_bcmp", memcmp), ("memccpy", memccpy),
    ("memchr", memchr), ("memrchr", memrchr),
    ("strlen", strlen), ("strnlen", strnlen), ("strcpy", strcpy), ("strncpy", strncpy), ("strlcpy", strlcpy),
    ("strcat", strcat), ("strncat", strncat), ("strlcat", strlcat),
    ("strcmp", strcmp), ("strcoll", strcmp), ("strncmp", strncmp),
    ("strcasecmp", strcasecmp), ("strncasecmp", strncasecmp),
    ("strchr", strchr), ("strrchr", strrchr), ("strstr", strstr), ("strcasestr", strcasestr),
    ("strspn", strspn), ("strcspn", strcspn), ("strsep", strsep), ("strtok_r", strtok_r),
    ("strlwr", strlwr), ("strupr", strupr),
    ("isalnum", |c| class(c, UPPER | LOWER | DIGIT)), ("isalpha", |c| class(c, UPPER | LOWER)),
    ("isdigit", |c| class(c, DIGIT)), ("islower", islower), ("isupper", |c| class(c, UPPER)),
    ("isspace", |c| class(c, SPACE)), ("iscntrl", |c| class(c, CONTROL)), ("ispunct", |c| class(c, PUNCT)),
    ("isgraph", |c| class(c, PUNCT | UPPER | LOWER | DIGIT)),
    ("isprint", |c| class(c, PUNCT | UPPER | LOWER | DIGIT | BLANK)),
    ("isblank", isblank), ("isascii", isascii), ("toascii", toascii), ("toupper", toupper), ("tolower", tolower),
    ("abs", abs), ("labs", abs), ("div", div), ("ldiv", div), ("rand_r", rand_r), ("itoa", itoa), ("utoa", utoa),
];

/// Cycles of a loop that touches `len` bytes, a word at a time where both ends are aligned.
fn cycles(aligned: u32, len: u32) -> u32 {
    if aligned & 3 == 0 {
        len / 2 + 8
    } else {
        2 * len + 8
    }
}

fn memset(call: &mut Call<'_>) -> Done {
    let (to, byte, len) = (call.arg(0)?, call.arg(1)?, call.arg(2)?);
    fill(call, to, byte as u8, len)?;
    call.ret(to);
    Ok(())
}

fn bzero(call: &mut Call<'_>) -> Done {
    let (to, len) = (call.arg(0)?, call.arg(1)?);
    fill(call, to, 0, len)
}

/// Bytes handled at a time, so that a wild length faults before it exhausts the host.
const CHUNK: u32 = 0x1000;

fn fill(call: &mut Call<'_>, to: u32, byte: u8, len: u32) -> Done {
    let mut done = 0;
    while done < len {
        let n = (len - done).min(CHUNK);
        call.put(to.wrapping_add(done), &vec![byte; n as usize])?;
        done += n;
    }
    call.charge(cycles(to, len) / 2);
    Ok(())
}

/// Copies as if by way of a temporary.
fn copy(call: &mut Call<'_>, to: u32, from: u32, len: u32) -> Done {
    let backwards = to.wrapping_sub(from) < len;
    let mut done = 0;
    while done < len {
        let n = (len - done).min(CHUNK);
        let at = if backwards { len - done - n } else { done };
        let bytes = call.bytes(from.wrapping_add(at), n)?;
        call.put(to.wrapping_add(at), &bytes)?;
        done += n;
    }
    call.charge(cycles(to | from, len));
    Ok(())
}

fn memcpy(call: &mut Call<'_>) -> Done {
    let (to, from, len) = (call.arg(0)?, call.arg(1)?, call.arg(2)?);
    copy(call, to, from, len)?;
    call.ret(to);
    Ok(())
}

fn bcopy(call: &mut Call<'_>) -> Done {
    let (from, to, len) = (call.arg(0)?, call.arg(1)?, call.arg(2)?);
    copy(call, to, from, len)
}

fn memcmp(call: &mut Call<'_>) -> Done {
    let (a, b, len) = (call.arg(0)?, call.arg(1)?, call.arg(2)?);
    let mut result = 0;
    for i in 0..len {
        let (x, y) = (call.guest.load8(a.wrapping_add(i))?, call.guest.load8(b.wrapping_add(i))?);
        if x != y {
            result = i32::from(x) - i32::from(y);
            call.charge(cycles(a | b, i));
            break;
        }
    }
    call.ret(result as u32);
    Ok(())
}

fn memccpy(call: &mut Call<'_>) -> Done {
    let (to, from, stop, len) = (call.arg(0)?, call.arg(1)?, call.arg(2)? as u8, call.arg(3)?);
    let mut end = 0;
    for i in 0..len {
        let byte = call.guest.load8(from.wrapping_add(i))?;
        call.guest.store8(to.wrapping_add(i), byte)?;
        if byte == stop {
            end = to.wrapping_add(i + 1);
            break;
        }
    }
    call.ret(end);
    Ok(())
}

fn memchr(call: &mut Call<'_>) -> Done {
    let (at, byte, len) = (call.arg(0)?, call.arg(1)? as u8, call.arg(2)?);
    let mut found = 0;
    for addr in (0..len).map(|i| at.wrapping_add(i)) {
        call.charge(1);
        if call.guest.load8(addr)? == byte {
            found = addr;
            break;
        }
    }
    call.ret(found);
    Ok(())
}

fn memrchr(call: &mut Call<'_>) -> Done {
    let (at, byte, len) = (call.arg(0)?, call.arg(1)? as u8, call.arg(2)?);
    let mut found = 0;
    for addr in (0..len).rev().map(|i| at.wrapping_add(i)) {
        call.charge(1);
        if call.guest.load8(addr)? == byte {
            found = addr;
            break;
        }
    }
    call.ret(found);
    Ok(())
}

/// A string, its cycles charged.
fn text(call: &mut Call<'_>, at: u32) -> Done<Vec<u8>> {
    limited(call, at, u32::MAX)
}

fn limited(call: &mut Call<'_>, at: u32, limit: u32) -> Done<Vec<u8>> {
    let bytes = call.string(at, limit)?;
    call.charge(bytes.len() as u32);
    Ok(bytes)
}

/// Stores a string with its terminator.
fn put_text(call: &mut Call<'_>, at: u32, bytes: &[u8]) -> Done {
    call.put(at, bytes)?;
    call.charge(bytes.len() as u32);
    call.put(at.wrapping_add(bytes.len() as u32), &[0])
}

fn strlen(call: &mut Call<'_>) -> Done {
    let at = call.arg(0)?;
    let len = text(call, at)?.len();
    call.ret(len as u32);
    Ok(())
}

fn strnlen(call: &mut Call<'_>) -> Done {
    let (at, limit) = (call.arg(0)?, call.arg(1)?);
    let len = limited(call, at, limit)?.len();
    call.ret(len as u32);
    Ok(())
}

fn strcpy(call: &mut Call<'_>) -> Done {
    let (to, from) = (call.arg(0)?, call.arg(1)?);
    let bytes = text(call, from)?;
    put_text(call, to, &bytes)?;
    call.ret(to);
    Ok(())
}

fn strncpy(call: &mut Call<'_>) -> Done {
    let (to, from, len) = (call.arg(0)?, call.arg(1)?, call.arg(2)?);
    let bytes = limited(call, from, len)?;
    call.put(to, &bytes)?;
    let copied = bytes.len() as u32;
    fill(call, to.wrapping_add(copied), 0, len - copied)?;
    call.ret(to);
    Ok(())
}

fn strlcpy(call: &mut Call<'_>) -> Done {
    let (to, from, size) = (call.arg(0)?, call.arg(1)?, call.arg(2)?);
    let bytes = text(call, from)?;
    if size > 0 {
        put_text(call, to, &bytes[..bytes.len().min(size as usize - 1)])?;
    }
    call.ret(bytes.len() as u32);
    Ok(())
}

fn append(call: &mut Call<'_>, limit: u32) -> Done {
    let (to, from) = (call.arg(0)?, call.arg(1)?);
    let end = to.wrapping_add(text(call, to)?.len() as u32);
    let bytes = limited(call, from, limit)?;
    put_text(call, end, &bytes)?;
    call.ret(to);
    Ok(())
}

fn strcat(call: &mut Call<'_>) -> Done {
    append(call, u32::MAX)
}

fn strncat(call: &mut Call<'_>) -> Done {
    let limit = call.arg(2)?;
    append(call, limit)
}

fn strlcat(call: &mut Call<'_>) -> Done {
    let (to, from, size) = (call.arg(0)?, call.arg(1)?, call.arg(2)?);
    let head = limited(call, to, size)?.len() as u32;
    let bytes = text(call, from)?;
    if head < size {
        let room = (size - head - 1) as usize;
        put_text(call, to.wrapping_add(head), &bytes[..bytes.len().min(room)])?;
    }
    call.ret(head + bytes.len() as u32);
    Ok(())
}

/// Difference of the first two bytes that differ, as newlib answers it.
fn compare(call: &mut Call<'_>, limit: u32, fold: fn(u8) -> u8) -> Done {
    let (a, b) = (call.arg(0)?, call.arg(1)?);
    let mut result = 0;
    for i in 0..limit {
        let x = fold(call.guest.load8(a.wrapping_add(i))?);
        let y = fold(call.guest.load8(b.wrapping_add(i))?);
        call.charge(1);
        if x != y || x == 0 {
            result = i32::from(x) - i32::from(y);
            break;
        }
    }
    call.ret(result as u32);
    Ok(())
}

fn same(byte: u8) -> u8 {
    byte
}

fn lower(byte: u8) -> u8 {
    byte.to_ascii_lowercase()
}

fn strcmp(call: &mut Call<'_>) -> Done {
    compare(call, u32::MAX, same)
}

fn strncmp(call: &mut Call<'_>) -> Done {
    let limit = call.arg(2)?;
    compare(call, limit, same)
}

fn strcasecmp(call: &mut Call<'_>) -> Done {
    compare(call, u32::MAX, lower)
}

fn strncasecmp(call: &mut Call<'_>) -> Done {
    let limit = call.arg(2)?;
    compare(call, limit, lower)
}

/// Address of the byte at `place`, or null.
fn answer(call: &mut Call<'_>, at: u32, place: Option<usize>) -> Done {
    call.ret(place.map_or(0, |i| at.wrapping_add(i as u32)));
    Ok(())
}

fn strchr(call: &mut Call<'_>) -> Done {
    let (at, byte) = (call.arg(0)?, call.arg(1)? as u8);
    let mut bytes = text(call, at)?;
    bytes.push(0);
    answer(call, at, bytes.iter().position(|&b| b == byte))
}

fn strrchr(call: &mut Call<'_>) -> Done {
    let (at, byte) = (call.arg(0)?, call.arg(1)? as u8);
    let mut bytes = text(call, at)?;
    bytes.push(0);
    answer(call, at, bytes.iter().rposition(|&b| b == byte))
}

fn search(call: &mut Call<'_>, fold: fn(u8) -> u8) -> Done {
    let (at, what) = (call.arg(0)?, call.arg(1)?);
    let text: Vec<u8> = text(call, at)?.into_iter().map(fold).collect();
    let what: Vec<u8> = self::text(call, what)?.into_iter().map(fold).collect();
    let place = (0..=text.len()).find(|&i| text[i..].starts_with(&what));
    answer(call, at, place)
}

fn strstr(call: &mut Call<'_>) -> Done {
    search(call, same)
}

fn strcasestr(call: &mut Call<'_>) -> Done {
    search(call, lower)
}

fn span(call: &mut Call<'_>, inside: bool) -> Done {
    let (at, set) = (call.arg(0)?, call.arg(1)?);
    let (bytes, set) = (text(call, at)?, text(call, set)?);
    let len = bytes.iter().take_while(|byte| set.contains(byte) == inside).count();
    call.ret(len as u32);
    Ok(())
}

fn strspn(call: &mut Call<'_>) -> Done {
    span(call, true)
}

fn strcspn(call: &mut Call<'_>) -> Done {
    span(call, false)
}

/// The token at `at` ends at the first byte of `set`: terminates it, and answers what follows.
fn cut(call: &mut Call<'_>, at: u32, set: &[u8]) -> Done<u32> {
    let bytes = text(call, at)?;
    match bytes.iter().position(|byte| set.contains(byte)) {
        Some(i) => {
            let end = at.wrapping_add(i as u32);
            call.guest.store8(end, 0)?;
            Ok(end.wrapping_add(1))
        }
        None => Ok(0),
    }
}

fn strsep(call: &mut Call<'_>) -> Done {
    let (place, set) = (call.arg(0)?, call.arg(1)?);
    let at = call.load(place)?;
    if at != 0 && call.guest.load8(at)? == 0 {
        // newlib ends here, where others answer an empty token.
        call.store(place, 0)?;
        call.ret(0);
        return Ok(());
    }
    if at != 0 {
        let set = text(call, set)?;
        let next = cut(call, at, &set)?;
        call.store(place, next)?;
    }
    call.ret(at);
    Ok(())
}

fn strtok_r(call: &mut Call<'_>) -> Done {
    let (start, set, place) = (call.arg(0)?, call.arg(1)?, call.arg(2)?);
    let start = if start == 0 { call.load(place)? } else { start };
    let set = text(call, set)?;
    if start == 0 {
        call.ret(0);
        return Ok(());
    }
    let bytes = text(call, start)?;
    let Some(skip) = bytes.iter().position(|byte| !set.contains(byte)) else {
        call.store(place, 0)?;
        call.ret(0);
        return Ok(());
    };
    let token = start.wrapping_add(skip as u32);
    let next = cut(call, token, &set)?;
    call.store(place, next)?;
    call.ret(token);
    Ok(())
}

fn convert(call: &mut Call<'_>, fold: fn(u8) -> u8) -> Done {
    let at = call.arg(0)?;
    let bytes: Vec<u8> = text(call, at)?.into_iter().map(fold).collect();
    call.put(at, &bytes)?;
    call.ret(at);
    Ok(())
}

fn strlwr(call: &mut Call<'_>) -> Done {
    convert(call, lower)
}

fn strupr(call: &mut Call<'_>) -> Done {
    convert(call, |byte| byte.to_ascii_uppercase())
}

// Classes of newlib's <ctype.h>: what is* answers is the class, not 1.
const UPPER: u32 = 1;
const LOWER: u32 = 2;
const DIGIT: u32 = 4;
const SPACE: u32 = 8;
const PUNCT: u32 = 0x10;
const CONTROL: u32 = 0x20;
const HEX: u32 = 0x40;
const BLANK: u32 = 0x80;

/// Classes of a character in the "C" locale.
fn classes(c: u32) -> u32 {
    let Ok(c) = u8::try_from(c) else { return 0 };
    match c {
        b' ' => SPACE | BLANK,
        b'\t'..=b'\r' => SPACE | CONTROL,
        b'0'..=b'9' => DIGIT,
        b'A'..=b'F' => UPPER | HEX,
        b'G'..=b'Z' => UPPER,
        b'a'..=b'f' => LOWER | HEX,
        b'g'..=b'z' => LOWER,
        c if c.is_ascii_punctuation() => PUNCT,
        c if c.is_ascii_control() => CONTROL,
        _ => 0,
    }
}

fn class(call: &mut Call<'_>, mask: u32) -> Done {
    let c = call.arg(0)?;
    call.ret(classes(c) & mask);
    Ok(())
}

/// Compared, not masked: 1.
fn islower(call: &mut Call<'_>) -> Done {
    let c = call.arg(0)?;
    call.ret(u32::from(classes(c) & (UPPER | LOWER) == LOWER));
    Ok(())
}

fn isblank(call: &mut Call<'_>) -> Done {
    let c = call.arg(0)?;
    call.ret(u32::from(c == 0x20 || c == 9));
    Ok(())
}

fn isascii(call: &mut Call<'_>) -> Done {
    let c = call.arg(0)?;
    call.ret(u32::from(c < 0x80));
    Ok(())
}

fn toascii(call: &mut Call<'_>) -> Done {
    let c = call.arg(0)?;
    call.ret(c & 0x7f);
    Ok(())
}

fn toupper(call: &mut Call<'_>) -> Done {
    let c = call.arg(0)?;
    call.ret(if classes(c) & LOWER != 0 { c - 0x20 } else { c });
    Ok(())
}

fn tolower(call: &mut Call<'_>) -> Done {
    let c = call.arg(0)?;
    call.ret(if classes(c) & UPPER != 0 { c + 0x20 } else { c });
    Ok(())
}

fn abs(call: &mut Call<'_>) -> Done {
    let value = call.arg(0)? as i32;
    call.ret(value.wrapping_abs() as u32);
    Ok(())
}

/// Quotient and remainder come back as the two words of `div_t`. QUOS by zero would be an
/// exception in silicon's code (EXCCAUSE 6).
fn div(call: &mut Call<'_>) -> Done {
    let (a, b) = (call.arg(0)? as i32, call.arg(1)? as i32);
    if b == 0 {
        return Err(super::libgcc::by_zero());
    }
    let (quotient, remainder) = (a.wrapping_div(b) as u32, a.wrapping_rem(b) as u32);
    call.ret64(u64::from(quotient) | u64::from(remainder) << 32);
    Ok(())
}

/// newlib's `rand_r`: the minimal standard generator of Park and Miller by Schrage's method.
fn rand_r(call: &mut Call<'_>) -> Done {
    let place = call.arg(0)?;
    let seed = match call.load(place)? as i32 {
        0 => 0x1234_5987,
        seed => seed,
    };
    let k = seed / 127_773;
    let mut next =
        16_807i32.wrapping_mul(seed.wrapping_sub(k.wrapping_mul(127_773))).wrapping_sub(2836i32.wrapping_mul(k));
    if next < 0 {
        next = next.wrapping_add(0x7fff_ffff);
    }
    call.store(place, next as u32)?;
    call.ret(next as u32 & 0x7fff_ffff);
    Ok(())
}

fn digits(mut value: u32, radix: u32) -> Vec<u8> {
    let mut text = Vec::new();
    loop {
        text.push(b"0123456789abcdefghijklmnopqrstuvwxyz"[(value % radix) as usize]);
        value /= radix;
        if value == 0 {
            break;
        }
    }
    text.reverse();
    text
}

fn number(call: &mut Call<'_>, signed: bool) -> Done {
    let (value, to, radix) = (call.arg(0)?, call.arg(1)?, call.arg(2)?);
    if !(2..=36).contains(&radix) {
        call.put(to, &[0])?;
        call.ret(0);
        return Ok(());
    }
    let negative = signed && radix == 10 && (value as i32) < 0;
    let mut text = digits(if negative { value.wrapping_neg() } else { value }, radix);
    if negative {
        text.insert(0, b'-');
    }
    call.charge(20 * text.len() as u32);
    put_text(call, to, &text)?;
    call.ret(to);
    Ok(())
}

fn itoa(call: &mut Call<'_>) -> Done {
    number(call, true)
}

fn utoa(call: &mut Call<'_>) -> Done {
    number(call, false)
}

#[cfg(test)]
#[path = "memory_tests.rs"]
mod tests;
