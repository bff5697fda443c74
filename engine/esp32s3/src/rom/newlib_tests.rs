use crate::rom::testing::{Flat, DATA};
use crate::rom::{names, Guest};

const COMPARE: u32 = 0x4037_a000;
const GETREENT: u32 = 0x4037_a100;
const MALLOC: u32 = 0x4037_a200;
const REENT: u32 = DATA + 0x1000;

/// A libc with a reentrancy structure and memory.
fn libc() -> Flat {
    let mut flat = Flat::default();
    flat.store32(names::address("syscall_table_ptr").unwrap(), DATA + 0x800).unwrap();
    flat.store32(DATA + 0x800, GETREENT).unwrap();
    flat.store32(DATA + 0x804, MALLOC).unwrap();
    flat.functions.insert(GETREENT, Box::new(|_, _| REENT));
    let mut next = DATA + 0x2000;
    flat.functions.insert(
        MALLOC,
        Box::new(move |_, args| {
            next += args[1].next_multiple_of(8);
            next - args[1].next_multiple_of(8)
        }),
    );
    flat
}

#[test]
fn elements_are_sorted_by_the_guests_comparison() {
    let mut flat = Flat::default();
    flat.functions.insert(
        COMPARE,
        Box::new(|flat, args| {
            let (a, b) = (flat.load32(args[0]).unwrap() as i32, flat.load32(args[1]).unwrap() as i32);
            a.cmp(&b) as i32 as u32
        }),
    );
    for count in [0, 1, 2, 3, 10, 97] {
        let mut values: Vec<i32> = (0..count).map(|i| (i * 7919 + 13) % 101 - 50).collect();
        for (i, value) in values.iter().enumerate() {
            flat.store32(DATA + 4 * i as u32, *value as u32).unwrap();
        }
        flat.call("qsort", &[DATA, count as u32, 4, COMPARE]);
        values.sort_unstable();
        let sorted: Vec<i32> = (0..count as u32).map(|i| flat.load32(DATA + 4 * i).unwrap() as i32).collect();
        assert_eq!(sorted, values);
    }
}

/// ISO C 7.22.1.4.
#[test]
fn numbers_are_parsed_in_any_base() {
    let mut flat = libc();
    let mut parse = |name: &str, text: &str, base: u32| {
        flat.text(DATA, text);
        let value = flat.call(name, &[DATA, DATA + 0x100, base]);
        (value as i32, flat.load32(DATA + 0x100).unwrap() - DATA)
    };
    assert_eq!(parse("strtol", "  -42xyz", 10), (-42, 5));
    assert_eq!(parse("strtol", "0x1F", 0), (31, 4));
    assert_eq!(parse("strtol", "017", 0), (15, 3));
    assert_eq!(parse("strtol", "0xg", 16), (0, 0), "ISO C reads the 0; the ROM does not");
    assert_eq!(parse("strtol", "abc", 10), (0, 0));
    assert_eq!(parse("strtoul", "4294967295", 10), (-1, 10));
    assert_eq!(parse("strtol", "99999999999", 10), (i32::MAX, 11));
    assert_eq!(flat.load32(REENT).unwrap(), 34, "errno is ERANGE");
    flat.text(DATA, "-17");
    assert_eq!(flat.call("atoi", &[DATA]) as i32, -17);
}

/// newlib's `rand`, seed 1: the first value of x = x * 6364136223846793005 + 1 is bits 62:32 of
/// 6364136223846793006.
#[test]
fn rand_is_newlibs() {
    let mut flat = libc();
    assert_eq!(flat.call("rand", &[]), (6_364_136_223_846_793_006u64 >> 32) as u32 & 0x7fff_ffff);
    flat.call("srand", &[1]);
    assert_eq!(flat.call("rand", &[]), (6_364_136_223_846_793_006u64 >> 32) as u32 & 0x7fff_ffff);
}

#[test]
fn strings_are_duplicated_into_allocated_memory() {
    let mut flat = libc();
    flat.text(DATA, "badge");
    let copy = flat.call("strdup", &[DATA]);
    assert_eq!(flat.string(copy), "badge");
    let short = flat.call("strndup", &[DATA, 3]);
    assert_eq!(flat.string(short), "bad");
}
