use crate::rom::testing::{Flat, DATA};
use crate::rom::{names, Fault, Guest, Outcome};

#[test]
fn memory_is_copied_as_if_through_a_temporary() {
    let mut flat = Flat::default();
    flat.poke(DATA, b"abcdefgh");
    assert_eq!(flat.call("memmove", &[DATA + 2, DATA, 6]), DATA + 2);
    assert_eq!(flat.peek(DATA, 8), b"ababcdef");
    flat.call("memmove", &[DATA, DATA + 2, 6]);
    assert_eq!(flat.peek(DATA, 8), b"abcdefef");
    flat.call("memset", &[DATA, 0x1ff, 3]);
    assert_eq!(flat.peek(DATA, 4), [0xff, 0xff, 0xff, b'd']);
    assert_eq!(flat.call("memcmp", &[DATA, DATA + 3, 1]) as i32, 0xff - i32::from(b'd'));
    assert_eq!(flat.call("memchr", &[DATA, u32::from(b'e'), 8]), DATA + 4);
    assert_eq!(flat.call("memchr", &[DATA, u32::from(b'z'), 8]), 0);
}

#[test]
fn a_null_pointer_faults_with_its_address() {
    let mut flat = Flat::default();
    flat.enter(names::address("memcpy").unwrap());
    flat.set_reg(2, 0x3fc9_0000);
    flat.set_reg(3, 0);
    flat.set_reg(4, 4);
    let rom = flat.rom.clone();
    assert_eq!(rom.call(&mut flat), Outcome::Fault(Fault { cause: 28, addr: 0 }));
}

/// ISO C 7.24: results of the string functions on their definitions' examples.
#[test]
fn strings_behave_as_the_c_standard_says() {
    let mut flat = Flat::default();
    let (a, b, out) = (DATA, DATA + 0x100, DATA + 0x200);
    flat.text(a, "hello, world");
    flat.text(b, "world");
    assert_eq!(flat.call("strlen", &[a]), 12);
    assert_eq!(flat.call("strnlen", &[a, 5]), 5);
    assert_eq!(flat.call("strstr", &[a, b]), a + 7);
    assert_eq!(flat.call("strchr", &[a, u32::from(b'o')]), a + 4);
    assert_eq!(flat.call("strrchr", &[a, u32::from(b'o')]), a + 8);
    assert_eq!(flat.call("strchr", &[a, 0]), a + 12);
    assert_eq!(flat.call("strcmp", &[a, b]) as i32, i32::from(b'h') - i32::from(b'w'));
    assert_eq!(flat.call("strncmp", &[a + 7, b, 5]), 0);
    flat.poke(out, &[0xaa; 16]);
    flat.call("strncpy", &[out, b, 8]);
    assert_eq!(flat.peek(out, 9), b"world\0\0\0\xaa");
    assert_eq!(flat.call("strlcpy", &[out, a, 6]), 12);
    assert_eq!(flat.string(out), "hello");
    assert_eq!(flat.call("strlcat", &[out, a, 8]), 17);
    assert_eq!(flat.string(out), "hellohe");
    flat.text(out, " ,");
    assert_eq!(flat.call("strcspn", &[a, out]), 5);
    assert_eq!(flat.call("strtok_r", &[a, out, b]), a);
    assert_eq!(flat.string(a), "hello");
    assert_eq!(flat.call("strtok_r", &[0, out, b]), a + 7);
    assert_eq!(flat.call("strtok_r", &[0, out, b]), 0);
}

/// newlib documents that `itoa` signs base 10 only.
#[test]
fn numbers_are_written_in_any_base() {
    let mut flat = Flat::default();
    flat.call("itoa", &[-123i32 as u32, DATA, 10]);
    assert_eq!(flat.string(DATA), "-123");
    flat.call("itoa", &[-1i32 as u32, DATA, 16]);
    assert_eq!(flat.string(DATA), "ffffffff");
    flat.call("utoa", &[0, DATA, 2]);
    assert_eq!(flat.string(DATA), "0");
    assert_eq!(flat.call("itoa", &[1, DATA, 37]), 0);
}

/// ISO C 7.22.6.2: quotient truncates towards zero.
#[test]
fn div_answers_quotient_and_remainder() {
    let mut flat = Flat::default();
    let result = flat.call64("div", &[-7i32 as u32, 2]);
    assert_eq!((result as i32, (result >> 32) as i32), (-3, -1));
}

/// Park and Miller, "Random number generators: good ones are hard to find": from seed 1 the
/// 10 000th number is 1 043 618 065.
#[test]
fn rand_r_is_the_minimal_standard() {
    let mut flat = Flat::default();
    flat.store32(DATA, 1).unwrap();
    let last = (0..10_000).map(|_| flat.call("rand_r", &[DATA])).last();
    assert_eq!(last, Some(1_043_618_065));
}

/// ISO C 7.4 for the "C" locale.
#[test]
fn characters_have_their_classes() {
    let mut flat = Flat::default();
    for c in 0..=255u8 {
        for (name, expected) in [
            ("isalpha", c.is_ascii_alphabetic()),
            ("isalnum", c.is_ascii_alphanumeric()),
            ("isdigit", c.is_ascii_digit()),
            ("isupper", c.is_ascii_uppercase()),
            ("islower", c.is_ascii_lowercase()),
            ("ispunct", c.is_ascii_punctuation()),
            ("iscntrl", c.is_ascii_control()),
            ("isgraph", c.is_ascii_graphic()),
            ("isprint", c.is_ascii_graphic() || c == b' '),
            ("isspace", c.is_ascii_whitespace() || c == 0x0b),
        ] {
            assert_eq!(flat.call(name, &[u32::from(c)]) != 0, expected, "{name} {c:#x}");
        }
        assert_eq!(flat.call("toupper", &[u32::from(c)]), u32::from(c.to_ascii_uppercase()));
    }
    assert_eq!(flat.call("isalpha", &[u32::MAX]), 0);
}
