//! Encodings as Espressif's LLVM assembles them (its MC tests) and as GNU objdump lists them; results
//! by the operation sections of ESP32-S3 TRM 1.8.

use super::table::{LONG, SHORT};
use super::*;
use crate::tests::machine::{Machine, DATA, SIMCALL, START};
use crate::StopReason;

/// Bytes in memory and text.
#[rustfmt::skip]
const SHORT_ONES: &[([u8; 3], &str)] = &[
    ([0x44, 0x43, 0x76], "ee.clr_bit_gpio_out\t52"), ([0x24, 0x08, 0x65], "ee.get_gpio_in\ta2"),
    ([0x24, 0x41, 0x75], "ee.set_bit_gpio_out\t18"), ([0x34, 0x42, 0x72], "ee.wr_mask_gpio_out\ta3, a2"),
    ([0xc4, 0xb8, 0xed], "ee.andq\tq5, q6, q4"), ([0x64, 0x7b, 0xdd], "ee.bitrev\tq2, a6"),
    ([0x34, 0x96, 0x9e], "ee.cmul.s16\tq3, q6, q2, 3"), ([0x54, 0x9d, 0xfc], "ee.fft.r2bf.s16\tq7, q1, q3, q6, 1"),
    ([0xe4, 0xb3, 0xdd], "ee.fft.vst.r32.decp\tq3, a14, 0"), ([0x30, 0x08, 0x66], "ee.ldf.64.xp\tf0, f6, a3, a8"),
    ([0xb4, 0x77, 0x01], "ee.ldqa.s16.128.ip\ta11, 1904"), ([0x24, 0x27, 0x45], "ee.ldqa.u16.128.ip\ta2, -1424"),
    ([0x84, 0x5b, 0xe1], "ee.ld.128.usar.ip\tq4, a8, -592"), ([0x94, 0x87, 0x8d], "ee.ld.128.usar.xp\tq1, a9, a7"),
    ([0x24, 0x5a, 0x0e], "ee.ld.accx.ip\ta2, 720"), ([0x64, 0x37, 0x5e], "ee.ld.qacc_h.h.32.ip\ta6, -292"),
    ([0x54, 0x6a, 0x40], "ee.ld.qacc_l.l.128.ip\ta5, -352"), ([0x34, 0x36, 0x10], "ee.ld.ua_state.ip\ta3, 864"),
    ([0x04, 0xf5, 0xfd], "ee.movi.32.a\tq7, a0, 1"), ([0x54, 0xbe, 0xed], "ee.movi.32.q\tq5, a5, 3"),
    ([0x24, 0xff, 0xcd], "ee.mov.s16.qacc\tq1"), ([0x04, 0xff, 0xfd], "ee.notq\tq7, q0"),
    ([0xb4, 0xf4, 0xcd], "ee.orq\tq1, q5, q3"), ([0x24, 0xc6, 0xfc], "ee.slci.2q\tq7, q4, 2"),
    ([0xb4, 0x74, 0xb6], "ee.slcxxp.2q\tq6, q7, a11, a4"), ([0xe4, 0x6a, 0xfc], "ee.srci.2q\tq6, q6, 14"),
    ([0x74, 0xf2, 0xdd], "ee.srcmb.s16.qacc\tq3, a7, 0"), ([0x14, 0x7e, 0xed], "ee.srcmb.s8.qacc\tq4, a1, 1"),
    ([0x64, 0x1e, 0xec], "ee.srcq.128.st.incp\tq1, q4, a6"), ([0x24, 0x0e, 0xf6], "ee.srcxxp.2q\tq6, q0, a2, a14"),
    ([0x64, 0xf3, 0xec], "ee.src.q\tq6, q7, q5"), ([0x44, 0xb7, 0xfc], "ee.src.q.qup\tq4, q3, q7"),
    ([0x14, 0x1c, 0x7e], "ee.srs.accx\ta12, a1, 0"), ([0x10, 0x2e, 0x17], "ee.stf.64.xp\tf2, f1, a1, a14"),
    ([0xa4, 0x03, 0x02], "ee.st.accx.ip\ta10, 24"), ([0xe4, 0x5f, 0x12], "ee.st.qacc_h.h.32.ip\ta14, 380"),
    ([0x64, 0xc1, 0xae], "ee.vadds.s16\tq5, q1, q4"), ([0x74, 0x95, 0x9e], "ee.vadds.s32\tq3, q5, q2"),
    ([0x84, 0x4c, 0xae], "ee.vadds.s8\tq4, q4, q5"), ([0x94, 0x83, 0xae], "ee.vcmp.eq.s16\tq5, q3, q0"),
    ([0xc4, 0x95, 0x8e], "ee.vcmp.gt.s16\tq1, q5, q2"), ([0x14, 0xf1, 0xbe], "ee.vcmp.lt.s8\tq7, q1, q6"),
    ([0xb4, 0x73, 0xfd], "ee.vldbc.16\tq6, a11"), ([0x44, 0x3e, 0xb5], "ee.vldbc.16.ip\tq6, a4, 124"),
    ([0xc4, 0x4d, 0xb2], "ee.vldbc.32.ip\tq6, a12, 308"), ([0x34, 0xe7, 0xd5], "ee.vldbc.8.ip\tq3, a3, 103"),
    ([0xe4, 0xd2, 0xec], "ee.vldhbc.16.incp\tq5, q5, a14"), ([0xe4, 0xce, 0x93], "ee.vld.128.ip\tq3, a14, 1248"),
    ([0xa4, 0xac, 0xad], "ee.vld.128.xp\tq5, a10, a12"), ([0xe4, 0x1e, 0xa8], "ee.vld.h.64.ip\tq4, a14, 240"),
    ([0x84, 0x81, 0x89], "ee.vld.l.64.ip\tq1, a8, 8"), ([0x24, 0x75, 0x9e], "ee.vmax.s16\tq2, q5, q6"),
    ([0x74, 0xa6, 0xbe], "ee.vmin.s8\tq7, q6, q0"), ([0x84, 0x58, 0x1a], "ee.vmulas.s16.accx\tq0, q7"),
    ([0x84, 0x70, 0x1a], "ee.vmulas.s16.qacc\tq0, q6"), ([0xc4, 0x0a, 0x0a], "ee.vmulas.u8.accx\tq2, q1"),
    ([0x64, 0xc3, 0x87], "ee.vmulas.s16.qacc.ldbc.incp\tq2, a6, q3, q4"), ([0x84, 0x2c, 0x8e], "ee.vmul.s16\tq0, q4, q1"),
    ([0x14, 0x07, 0x9c], "ee.vprelu.s16\tq2, q7, q0, a1"), ([0x54, 0x1e, 0xdd], "ee.vrelu.s16\tq2, a14, a5"),
    ([0x04, 0xbf, 0xcd], "ee.vsl.32\tq0, q1"), ([0xc4, 0x7a, 0x9e], "ee.vsmulas.s16.qacc\tq2, q7, 2"),
    ([0x54, 0xd3, 0x8e], "ee.vsmulas.s8.qacc\tq3, q6, 3"), ([0xc4, 0xbf, 0xdd], "ee.vsr.32\tq4, q3"),
    ([0x64, 0xcd, 0xda], "ee.vst.128.ip\tq3, a6, -816"), ([0xd4, 0x06, 0xdd], "ee.vst.h.64.xp\tq2, a13, a6"),
    ([0xd4, 0xe1, 0xae], "ee.vsubs.s16\tq5, q1, q4"), ([0x84, 0xe3, 0xec], "ee.vunzip.16\tq6, q5"),
    ([0xd4, 0xc3, 0xec], "ee.vzip.8\tq4, q5"), ([0x54, 0xb9, 0xcd], "ee.xorq\tq1, q3, q4"),
    ([0x04, 0x08, 0x25], "ee.zero.accx"), ([0xa4, 0x7f, 0xcd], "ee.zero.q\tq0"), ([0x44, 0x08, 0x25], "ee.zero.qacc"),
    ([0x24, 0x0c, 0xaf], "mv.qr\tq4, q7"),
];

/// The fields of 32-bit instructions in the order of [`slot`], and text.
#[rustfmt::skip]
const LONG_ONES: &[(u32, &str)] = &[
    (0x1C2A_60E7, "ee.cmul.s16.ld.incp\tq2, a7, q5, q1, q4, 2"),
    (0x1A4A_5AD5, "ee.fft.ams.s16.ld.incp\tq5, a5, q3, q1, q1, q2, q5, 1"),
    (0x1551_3082, "ee.fft.cmul.s16.st.xp\tq4, q0, q0, a2, a8, 6, 1, 1"),
    (0x1035_804D, "ee.ldf.128.ip\tf3, f5, f8, f0, a13, 64"), (0x1C25_8FDB, "ee.ldxq.32\tq2, q6, a11, 2, 1"),
    (0x1C35_A702, "ee.src.q.ld.ip\tq2, a2, 1792, q6, q7"), (0x1C4B_366A, "ee.stf.64.ip\tf3, f6, a10, -848"),
    (0x1CC0_8D05, "ee.stxq.32\tq5, q2, a5, 0, 1"), (0x1C62_CAD6, "ee.vadds.s16.ld.incp\tq6, a6, q1, q3, q1"),
    (0x1C91_8511, "ee.vadds.s32.st.incp\tq5, a1, q0, q6, q0"),
    (0x0054_102E, "ee.vmulas.s16.accx.ld.ip.qup\tq5, a14, 32, q0, q2, q0, q2"),
    (0x1FF0_80F7, "ee.vmulas.s16.accx.ld.ip\tq7, a7, -16, q2, q0"),
    (0x1647_00A8, "ee.vmulas.s16.accx.ld.xp.qup\tq4, a8, a10, q4, q0, q0, q3"),
    (0x1C0A_7484, "ee.vmulas.s16.qacc.ldbc.incp.qup\tq0, a4, q1, q6, q4, q5"),
    (0x1E6E_A911, "ee.vmulas.u8.qacc.ld.xp\tq6, a1, a1, q2, q5"),
    (0x1CAA_A535, "ee.vmul.s8.st.incp\tq5, a5, q5, q2, q4"),
    (0x1C76_E7C3, "ee.vsmulas.s16.qacc.ld.incp\tq7, a3, q3, q4, 3"),
    (0x1D1E_D742, "ee.fft.r2bf.s16.st.incp\tq7, q3, q7, a2, 2"),
];

/// Where [`slot`] takes its bits from.
fn unslot(fields: u32) -> u32 {
    let part = |from: u32, bits: u32, to: u32| (fields >> from & ((1 << bits) - 1)) << to;
    14 | part(0, 8, 4) | part(8, 4, 20) | part(12, 4, 12) | part(16, 1, 0) | part(17, 4, 16) | part(21, 8, 24)
}

/// An instruction from its text.
fn assemble(line: &str) -> u32 {
    let (mnemonic, operands) = line.split_once(' ').unwrap_or((line, ""));
    let row = SHORT.iter().chain(LONG).find(|row| row.2 == mnemonic).expect("a mnemonic");
    let mut bits = row.1;
    let given = operands.split(", ").filter(|operand| !operand.is_empty());
    for (&(role, parts), text) in row.7.iter().zip(given) {
        let number: i32 = text.trim_start_matches(['q', 'a', 'f']).parse().expect("a number");
        let mut field = match role {
            Role::Imm16 => number >> 4,
            Role::Imm8 => number >> 3,
            Role::Imm4 => number >> 2,
            Role::Imm2 => number >> 1,
            _ => number,
        } as u32;
        for &(low, width) in parts.iter().rev() {
            bits |= (field & ((1 << width) - 1)) << low;
            field >>= width;
        }
    }
    if LONG.iter().any(|row| row.2 == mnemonic) {
        unslot(bits)
    } else {
        bits
    }
}

/// Runs `lines` with coprocessors enabled, after `prepare`.
fn run(lines: &[&str], prepare: impl FnOnce(&mut Machine)) -> Machine {
    let mut program: Vec<u32> = lines.iter().map(|line| assemble(line)).collect();
    program.push(SIMCALL);
    let mut machine = Machine::new(&program);
    machine.core.set_special(224, 0xFF);
    prepare(&mut machine);
    machine.run();
    machine
}

fn of_16(lanes: [i16; 8]) -> u128 {
    lanes.iter().rev().fold(0, |q, &lane| q << 16 | u128::from(lane as u16))
}

fn of_8(lanes: [i8; 16]) -> u128 {
    lanes.iter().rev().fold(0, |q, &lane| q << 8 | u128::from(lane as u8))
}

fn of_32(lanes: [u32; 4]) -> u128 {
    lanes.iter().rev().fold(0, |q, &lane| q << 32 | u128::from(lane))
}

const BYTES: u128 = 0x0F0E_0D0C_0B0A_0908_0706_0504_0302_0100;
const MORE: u128 = 0x1F1E_1D1C_1B1A_1918_1716_1514_1312_1110;

fn put(machine: &mut Machine, addr: u32, q: u128) {
    for index in 0..4 {
        let word = (q >> (32 * index)) as u32;
        crate::Bus::store32(&mut machine.bus, addr + 4 * index, word, 0).expect("memory");
    }
}

fn got(machine: &mut Machine, addr: u32) -> u128 {
    of_32([0, 1, 2, 3].map(|index| machine.word(addr + 4 * index)))
}

#[test]
fn instructions_read_as_the_assembler_writes_them() {
    for &([first, second, third], expected) in SHORT_ONES {
        let raw = u32::from_le_bytes([first, second, third, 0]);
        assert_eq!(text(raw), expected);
        assert_eq!(assemble(&expected.replace('\t', " ")), raw, "{expected}");
    }
    for &(fields, expected) in LONG_ONES {
        assert_eq!(text(unslot(fields)), expected);
    }
}

/// Two lines of a listing by GNU objdump: bytes in memory, and text (of one the immediate is left out).
#[test]
fn instructions_of_32_bits_lie_in_memory_as_objdump_reads_them() {
    let raw = u32::from_le_bytes([0xFF, 0xFF, 0xFF, 0x7F]);
    assert_eq!(text(raw), "ee.vmulas.u8.qacc.ld.ip.qup\tq7, a15, -16, q7, q7, q7, q7");
    let raw = u32::from_le_bytes([0x3F, 0xAC, 0x17, 0x19]);
    let read = text(raw);
    assert!(read.starts_with("ee.vmulas.s16.qacc.ld.ip.qup\tq2, a3, "), "{read}");
    assert!(read.ends_with(", q6, q4, q1, q7"), "{read}");
}

#[test]
fn there_are_220_instructions_and_no_encoding_is_two() {
    assert_eq!(SHORT.len() + LONG.len(), 220, "TRM 1.8.1 to 1.8.220");
    for (table, all) in [(SHORT, 0xFF_FFFFu32), (LONG, 0x1FFF_FFFF)] {
        for (n, a) in table.iter().enumerate() {
            let fields = a.7.iter().flat_map(|(_, parts)| parts.iter());
            let used = fields.fold(0, |used, &(low, width)| used | ((1 << width) - 1) << low);
            assert_eq!(used, all & !a.0, "fields of {}", a.2);
            for b in &table[n + 1..] {
                assert_ne!((a.1 ^ b.1) & a.0 & b.0, 0, "{} and {}", a.2, b.2);
            }
        }
    }
}

/// None of them is taken by an instruction of the base processor.
#[test]
fn the_decoder_of_the_processor_finds_them_all() {
    let short = SHORT.iter().flat_map(|row| [(row.2, row.1), (row.2, row.1 | !row.0 & 0xFF_FFFF)]);
    let long = LONG.iter().flat_map(|row| [(row.2, unslot(row.1)), (row.2, unslot(row.1 | !row.0 & 0x1FFF_FFFF))]);
    for (mnemonic, raw) in short.chain(long) {
        assert_eq!(crate::decode::decode(0, raw).code, crate::op::OpCode::Pie, "{mnemonic} {raw:08x}");
    }
}

/// TRM 1.5.3: the low bits of the address do not count, and stay in the register.
#[test]
fn loads_and_stores_ignore_the_low_bits_of_the_address() {
    let lines = ["ee.vld.128.ip q1, a3, 16", "ee.vst.128.ip q1, a4, -32", "ee.vld.h.64.ip q2, a5, 8"];
    let mut machine = run(&lines, |machine| {
        put(machine, DATA, BYTES);
        (machine.core.r[3], machine.core.r[4], machine.core.r[5]) = (DATA + 5, DATA + 0x4F, DATA + 15);
    });
    assert_eq!(machine.core.pie.q[1], BYTES);
    assert_eq!(machine.core.r[3..6], [DATA + 21, DATA + 0x2F, DATA + 23]);
    assert_eq!(got(&mut machine, DATA + 0x40), BYTES);
    assert_eq!(machine.core.pie.q[2], BYTES >> 64 << 64);
}

/// TRM 1.8.94 to 1.8.103.
#[test]
fn broadcasts_fill_all_lanes() {
    let lines =
        ["ee.vldbc.8.ip q0, a3, 2", "ee.vldbc.16.ip q1, a3, 2", "ee.vldbc.32 q2, a3", "ee.vldhbc.16.incp q3, q4, a4"];
    let machine = run(&lines, |machine| {
        put(machine, DATA, BYTES);
        (machine.core.r[3], machine.core.r[4]) = (DATA + 3, DATA);
    });
    assert_eq!(machine.core.pie.q[0], of_8([3; 16]));
    assert_eq!(machine.core.pie.q[1], of_16([0x0504; 8]));
    assert_eq!(machine.core.pie.q[2], of_32([0x0706_0504; 4]));
    let doubled = |a, b, c, d| of_16([a, a, b, b, c, c, d, d]);
    assert_eq!(machine.core.pie.q[3], doubled(0x0100, 0x0302, 0x0504, 0x0706));
    assert_eq!(machine.core.pie.q[4], doubled(0x0908, 0x0B0A, 0x0D0C, 0x0F0E));
    assert_eq!((machine.core.r[3], machine.core.r[4]), (DATA + 7, DATA + 16));
}

/// TRM 1.5.3: sixteen bytes from an address that is no multiple of 16, by two loads and a shift.
#[test]
fn the_funnel_puts_unaligned_bytes_together() {
    let lines =
        ["ee.ld.128.usar.ip q0, a3, 16", "ee.vld.128.ip q1, a3, 16", "ee.src.q q2, q0, q1", "ee.src.q.qup q3, q0, q1"];
    let machine = run(&lines, |machine| {
        put(machine, DATA, BYTES);
        put(machine, DATA + 16, MORE);
        machine.core.r[3] = DATA + 3;
    });
    let expected = BYTES >> 24 | MORE << 104;
    assert_eq!(machine.core.pie.sar_byte, 3);
    assert_eq!(machine.core.pie.q[2..4], [expected, expected]);
    assert_eq!(machine.core.pie.q[0], MORE, "qs1 moves to qs0");
}

/// TRM 1.8.50: the shifted result goes to qs0, the load to qu. TRM 1.8.56: stored, no register written.
#[test]
fn the_funnel_comes_with_a_load_or_a_store() {
    let lines = ["ee.src.q.ld.ip q4, a3, 16, q0, q1", "ee.srcq.128.st.incp q1, q0, a4"];
    let mut machine = run(&lines, |machine| {
        put(machine, DATA, 0x55);
        machine.core.pie.sar_byte = 1;
        (machine.core.pie.q[0], machine.core.pie.q[1]) = (BYTES, MORE);
        (machine.core.r[3], machine.core.r[4]) = (DATA, DATA + 0x40);
    });
    let first = BYTES >> 8 | MORE << 120;
    assert_eq!((machine.core.pie.q[0], machine.core.pie.q[1], machine.core.pie.q[4]), (first, MORE, 0x55));
    assert_eq!(got(&mut machine, DATA + 0x40), MORE >> 8 | first << 120);
    assert_eq!(machine.core.r[4], DATA + 0x50);
}

/// TRM 1.8.47, 1.8.53, 1.8.57: by one byte more than the number says, at most 16.
#[test]
fn pairs_shift_by_whole_bytes() {
    let lines = ["ee.slci.2q q1, q0, 0", "ee.srci.2q q3, q2, 15", "ee.srcxxp.2q q5, q4, a3, a4"];
    let machine = run(&lines, |machine| {
        for pair in 0..3 {
            (machine.core.pie.q[2 * pair], machine.core.pie.q[2 * pair + 1]) = (BYTES, MORE);
        }
        (machine.core.r[3], machine.core.r[4]) = (0x12, 5);
    });
    let q = machine.core.pie.q;
    assert_eq!((q[0], q[1]), (BYTES << 8, MORE << 8 | BYTES >> 120));
    assert_eq!((q[2], q[3]), (MORE, 0));
    assert_eq!((q[4], q[5]), (BYTES >> 24 | MORE << 104, MORE >> 24));
    assert_eq!(machine.core.r[3], 0x17);
}

/// TRM 1.8.70: min(max(x + y, -2^15), 2^15 - 1); the load belongs to the next round.
#[test]
fn sums_saturate_and_the_load_comes_last() {
    let lines = [
        "ee.vadds.s16.ld.incp q0, a3, q2, q0, q1",
        "ee.vsubs.s8 q3, q4, q5",
        "ee.vadds.s32.st.incp q2, a4, q6, q2, q2",
    ];
    let mut machine = run(&lines, |machine| {
        put(machine, DATA, MORE);
        (machine.core.r[3], machine.core.r[4]) = (DATA, DATA + 16);
        machine.core.pie.q[0] = of_16([0x7FFF, -0x8000, 1, -1, 100, -100, 0, 5]);
        machine.core.pie.q[1] = of_16([1, -1, 1, -1, 23, 23, 0, -6]);
        machine.core.pie.q[4] = of_8([-128; 16]);
        machine.core.pie.q[5] = of_8([1; 16]);
    });
    let sum = of_16([0x7FFF, -0x8000, 2, -2, 123, -77, 0, -1]);
    assert_eq!(machine.core.pie.q[2], sum);
    assert_eq!(machine.core.pie.q[0], MORE);
    assert_eq!(machine.core.pie.q[3], of_8([-128; 16]));
    assert_eq!(got(&mut machine, DATA + 16), sum);
    assert_eq!(machine.core.r[3], DATA + 16);
}

/// TRM 1.8.122 and 1.8.128: the low bits of the product shifted right by SAR.
#[test]
fn products_are_shifted_by_sar_and_cut() {
    let machine = run(&["ee.vmul.s16 q2, q0, q1", "ee.vmul.u16 q3, q0, q1", "ee.vmul.s8 q4, q0, q1"], |machine| {
        machine.core.set_special(3, 4);
        machine.core.pie.q[0] = of_16([-3, 0x7FFF, 16, 0, 0, 0, 0, 0]);
        machine.core.pie.q[1] = of_16([5, 0x7FFF, 3, 0, 0, 0, 0, 0]);
    });
    // -15 >> 4, 0x3FFF_0001 >> 4, 48 >> 4; 0xFFFD * 5 = 0x4_FFF1.
    assert_eq!(machine.core.pie.q[2], of_16([-1, 0xF000u16 as i16, 3, 0, 0, 0, 0, 0]));
    assert_eq!(machine.core.pie.q[3], of_16([0x4FFF, 0xF000u16 as i16, 3, 0, 0, 0, 0, 0]));
    // Bytes FD FF FF 7F 10 by 05 00 FF 7F 03: -15 >> 4, 0, 1 >> 4, 16129 >> 4, 48 >> 4.
    assert_eq!(machine.core.pie.q[4], of_8([-1, 0, 0, 0xF0u8 as i8, 3, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]));
}

/// TRM 1.8.134: one sum of 40 bits, saturated; TRM 1.8.58: shifted, and saturated to 32 bits.
#[test]
fn accx_sums_all_products() {
    let lines = ["ee.zero.accx", "ee.vmulas.s16.accx q0, q1", "ee.srs.accx a5, a3, 0", "ee.st.accx.ip a4, 8"];
    let mut machine = run(&lines, |machine| {
        machine.core.pie.accx = 77;
        machine.core.pie.q[0] = of_16([1, -2, 3, 4, 0, 0, 0, 1000]);
        machine.core.pie.q[1] = of_16([10, 10, 10, 10, 10, 10, 10, -1000]);
        (machine.core.r[3], machine.core.r[4]) = (2, DATA);
    });
    let sum = 10 - 20 + 30 + 40 - 1_000_000;
    assert_eq!(machine.core.r[5] as i32, sum >> 2);
    let stored = u64::from(machine.word(DATA)) | u64::from(machine.word(DATA + 4)) << 32;
    assert_eq!(stored, (i64::from(sum >> 2) as u64) & 0xFF_FFFF_FFFF, "40 bits, zeros above");
    let limit = run(&["ee.vmulas.s16.accx q0, q0"], |machine| {
        machine.core.pie.accx = 0x7F_FFFF_FFFF;
        machine.core.pie.q[0] = of_16([2; 8]);
    });
    assert_eq!(limit.core.pie.accx, 0x7F_FFFF_FFFF);
}

/// TRM 1.8.139, 1.8.151, 1.8.54, 1.8.55: eight lanes of 40 bits or sixteen of 20.
#[test]
fn qacc_sums_lane_by_lane() {
    let lines =
        ["ee.zero.qacc", "ee.vmulas.s16.qacc q0, q1", "ee.vsmulas.s16.qacc q0, q1, 7", "ee.srcmb.s16.qacc q2, a3, 0"];
    let machine = run(&lines, |machine| {
        machine.core.pie.q[0] = of_16([1, 2, -3, 4, 5, 6, 7, 0x7FFF]);
        machine.core.pie.q[1] = of_16([100, 100, 100, 100, 100, 100, 100, 8]);
        machine.core.r[3] = 2;
    });
    assert_eq!(machine.core.pie.q[2], of_16([27, 54, -81, 108, 135, 162, 189, 0x7FFF]));
    assert_eq!(machine.core.pie.qacc(40, 7, true), (0x7FFF * 16) >> 2);
    assert_eq!(machine.core.pie.qacc_l[0], 27);
    let lines =
        ["ee.mov.s8.qacc q0", "ee.vmulas.s8.qacc q0, q1", "ee.st.qacc_h.l.128.ip a4, 16", "ee.st.qacc_h.h.32.ip a4, 4"];
    let mut machine = run(&lines, |machine| {
        machine.core.pie.q[0] = of_8([-1; 16]);
        machine.core.pie.q[1] = of_8([3; 16]);
        machine.core.r[4] = DATA;
    });
    // -4 in 20 bits, eight times.
    assert_eq!(got(&mut machine, DATA), 0xFCFF_FFCF_FFFC_FFFF_CFFF_FCFF_FFCF_FFFC);
    assert_eq!(machine.word(DATA + 16), 0xFFFF_CFFF);
}

/// TRM 1.8.29 to 1.8.36.
#[test]
fn ldqa_widens_into_the_lanes_of_qacc() {
    let machine = run(&["ee.ldqa.s16.128.ip a3, 16"], |machine| {
        put(machine, DATA, of_16([-1, 2, 3, 4, 5, 6, 7, -8]));
        machine.core.r[3] = DATA;
    });
    let lanes = [0, 1, 2, 3, 4, 5, 6, 7].map(|n| machine.core.pie.qacc(40, n, true));
    assert_eq!(lanes, [-1, 2, 3, 4, 5, 6, 7, -8]);
}

/// A step of a convolution: products, the next data, and the shift for unaligned data, in one.
#[test]
fn a_fused_step_reads_all_operands_first() {
    let machine = run(&["ee.vmulas.s16.accx.ld.ip.qup q0, a3, 16, q0, q1, q2, q3"], |machine| {
        put(machine, DATA, MORE);
        machine.core.r[3] = DATA;
        machine.core.pie.sar_byte = 4;
        machine.core.pie.q[..4].copy_from_slice(&[of_16([2; 8]), of_16([3; 8]), BYTES, MORE]);
    });
    assert_eq!(machine.core.pie.accx, 48);
    assert_eq!(machine.core.pie.q[0], MORE);
    assert_eq!(machine.core.pie.q[2], BYTES >> 32 | MORE << 96);
}

/// TRM 1.8.207 to 1.8.212.
#[test]
fn unzip_undoes_zip() {
    let machine = run(&["ee.vzip.8 q0, q1", "ee.vzip.16 q2, q3", "ee.vunzip.16 q2, q3"], |machine| {
        machine.core.pie.q[..4].copy_from_slice(&[BYTES, MORE, BYTES, MORE]);
    });
    assert_eq!(machine.core.pie.q[0], 0x1707_1606_1505_1404_1303_1202_1101_1000);
    assert_eq!(machine.core.pie.q[1], 0x1F0F_1E0E_1D0D_1C0C_1B0B_1A0A_1909_1808);
    assert_eq!(machine.core.pie.q[2..4], [BYTES, MORE]);
}

/// TRM 1.8.182, 1.8.184, 1.8.79, 1.8.186, 1.8.191.
#[test]
fn activations_comparisons_and_shifts_of_lanes() {
    let lines = [
        "ee.vrelu.s16 q0, a3, a4",
        "ee.vcmp.gt.s16 q1, q2, q3",
        "ee.vsr.32 q4, q5",
        "ee.vsl.32 q6, q5",
        "mv.qr q7, q5",
    ];
    let machine = run(&lines, |machine| {
        machine.core.set_special(3, 4);
        machine.core.pie.q[0] = of_16([5, -8, 0, -1, 7, -16, 1, -2]);
        machine.core.pie.q[2] = of_16([1, 2, 3, 4, -1, -2, -3, -4]);
        machine.core.pie.q[3] = of_16([0, 2, 4, 3, -2, -2, -2, -5]);
        machine.core.pie.q[5] = of_32([0x8000_0010, 0x7000_0000, 1, 0xF]);
        (machine.core.r[3], machine.core.r[4]) = (3, 1);
    });
    let q = machine.core.pie.q;
    assert_eq!(q[0], of_16([5, -12, 0, -2, 7, -24, 1, -3]));
    assert_eq!(q[1], of_16([-1, 0, 0, -1, -1, 0, 0, -1]));
    assert_eq!(q[4], of_32([0xF800_0001, 0x0700_0000, 0, 0]));
    assert_eq!(q[6], of_32([0x100, 0, 0x10, 0xF0]));
    assert_eq!(q[7], q[5]);
}

/// TRM 1.8.4: (1 + 2i)(3 + 4i) = -5 + 10i; with the conjugate of the first 11 - 2i.
#[test]
fn complex_products_have_the_real_part_low() {
    let machine = run(&["ee.cmul.s16 q2, q0, q1, 0", "ee.cmul.s16 q3, q0, q1, 3"], |machine| {
        machine.core.set_special(3, 0);
        machine.core.pie.q[0] = of_16([1, 2, 1, 2, 1, 2, 1, 2]);
        machine.core.pie.q[1] = of_16([3, 4, 3, 4, 3, 4, 3, 4]);
        machine.core.pie.q[2] = u128::MAX;
    });
    assert_eq!(machine.core.pie.q[2], of_16([-5, 10, -5, 10, -1, -1, -1, -1]));
    assert_eq!(machine.core.pie.q[3], of_16([0, 0, 0, 0, 11, -2, 11, -2]));
}

/// TRM 1.8.37: address + 4 * a 16-bit lane. TRM 1.8.25: the first float is the lowest word.
#[test]
fn indexed_words_and_floats() {
    let lines = ["ee.ldxq.32 q0, q1, a3, 2, 1", "ee.ldf.128.ip f3, f2, f1, f0, a4, 16", "ee.stf.64.ip f1, f0, a5, 8"];
    let mut machine = run(&lines, |machine| {
        put(machine, DATA, of_32([1, 2, 3, 4]));
        machine.core.pie.q[1] = of_16([9, 3, 9, 9, 9, 9, 9, 9]);
        (machine.core.r[3], machine.core.r[4], machine.core.r[5]) = (DATA, DATA, DATA + 0x20);
    });
    assert_eq!(machine.core.pie.q[0], of_32([0, 0, 4, 0]));
    assert_eq!(machine.core.fpu.fr[..4], [1, 2, 3, 4]);
    assert_eq!((machine.word(DATA + 0x20), machine.word(DATA + 0x24)), (1, 2));
}

/// A fault leaves everything as it was.
#[test]
fn a_load_that_faults_changes_nothing() {
    let mut machine = Machine::new(&[assemble("ee.vadds.s16.ld.incp q0, a3, q2, q0, q1")]);
    machine.core.set_special(224, 0xFF);
    machine.core.r[3] = 0x1000;
    machine.core.pie.q[0] = of_16([1; 8]);
    let _ = machine.core.step(&mut machine.bus, &mut machine.code);
    assert_eq!(machine.core.last_exception.as_ref().map(|report| report.pc), Some(START));
    assert_eq!((machine.core.pie.q[2], machine.core.r[3]), (0, 0x1000));
}

/// TRM 1.8.7 to 1.8.9: each has a pair of lanes of its own, the others stay.
#[test]
fn the_real_fft_parts_and_turns_a_pair_and_loads() {
    let lines = [
        "ee.fft.ams.s16.ld.incp.uaup q4, a3, q0, q1, q5, q6, q7, 0",
        "ee.fft.ams.s16.ld.incp q2, a4, q0, q1, q5, q6, q7, 1",
        "ee.fft.ams.s16.ld.r32.decp q3, a5, q0, q1, q5, q6, q7, 0",
    ];
    let machine = run(&lines, |machine| {
        put(machine, DATA, BYTES);
        let core = &mut machine.core;
        (core.r[3], core.r[4], core.r[5]) = (DATA + 5, DATA, DATA + 0x0F);
        (core.pie.sar_byte, core.pie.ua_state, core.sar) = (3, MORE, 1);
        core.pie.q[5] = of_16([100, 20, 100, 20, 100, 20, 7, 7]);
        core.pie.q[6] = of_16([40, 8, 40, 8, 40, 8, 7, 7]);
        core.pie.q[7] = of_16([3, 5, 3, 5, 3, 5, 7, 7]);
    });
    let pie = &machine.core.pie;
    // temp0 = 140, temp1 = 12; sel2 0: temp2 = (60 * 3 - 28 * 5) / 2, temp3 = (60 * 5 + 28 * 3) / 2.
    // sel2 1: temp2 = (28 * 5 + 60 * 3) / 2, temp3 = (28 * 3 - 60 * 5) / 2.
    assert_eq!(pie.q[0], of_16([160, 204, 300, -96, 160, 204, 0, 0]));
    assert_eq!(pie.q[1], of_16([120, 180, -20, -120, 120, 180, 0, 0]));
    assert_eq!(pie.q[2], BYTES);
    assert_eq!(pie.q[3], of_32([0x0F0E_0D0C, 0x0B0A_0908, 0x0706_0504, 0x0302_0100]));
    assert_eq!(pie.q[4], 0x0201_001F_1E1D_1C1B_1A19_1817_1615_1413);
    assert_eq!(pie.ua_state, BYTES);
    assert_eq!(machine.core.r[3..6], [DATA + 21, DATA + 16, DATA - 1]);
}

/// TRM 1.8.10: stored is what as0 and qv were; sel2 0 halves it.
#[test]
fn the_real_fft_stores_and_keeps_a_pair_in_as0() {
    for (selected, stored, kept, rest) in [
        (0, [4, -3, 1, 2, 3, 4, 5, 6], [160, 204], [120, 180]),
        (1, [8, -6, 2, 4, 6, 8, 10, 12], [300, -96], [-20, -120]),
    ] {
        let line = format!("ee.fft.ams.s16.st.incp q2, q1, a4, a3, q5, q6, q7, {selected}");
        let mut machine = run(&[&line], |machine| {
            let core = &mut machine.core;
            (core.r[3], core.r[4], core.sar) = (DATA + 3, 0xFFFA_0008, 1);
            core.pie.q[2] = of_16([2, 4, 6, 8, 10, 12, 14, 16]);
            core.pie.q[5] = of_16([0, 0, 0, 0, 0, 0, 100, 20]);
            core.pie.q[6] = of_16([0, 0, 0, 0, 0, 0, 40, 8]);
            core.pie.q[7] = of_16([0, 0, 0, 0, 0, 0, 3, 5]);
        });
        assert_eq!(got(&mut machine, DATA), of_16(stored));
        assert_eq!(u128::from(machine.core.r[4]), of_16([kept[0], kept[1], 0, 0, 0, 0, 0, 0]));
        assert_eq!(machine.core.pie.q[1], of_16([0, 0, 0, 0, 0, 0, rest[0], rest[1]]));
        assert_eq!(machine.core.r[3], DATA + 19);
    }
}

const X: [i16; 8] = [10, -20, 30, -40, 50, -60, 70, -80];
const Y: [i16; 8] = [3, 4, -5, 6, 7, -8, 9, 10];

/// TRM 1.8.11: sel8 0 to 5 are three pairs, with the conjugate and without.
#[test]
fn the_fft_turns_a_pair_and_loads() {
    let products = [[-25, -50], [55, -10], [-195, 10], [45, 190], [415, -10], [-65, -410]];
    for (selected, product) in products.into_iter().enumerate() {
        let line = format!("ee.fft.cmul.s16.ld.xp q4, a3, a4, q0, q1, q2, {selected}");
        let machine = run(&[&line], |machine| {
            put(machine, DATA, BYTES);
            (machine.core.r[3], machine.core.r[4], machine.core.sar) = (DATA + 3, 32, 1);
            (machine.core.pie.q[1], machine.core.pie.q[2]) = (of_16(X), of_16(Y));
        });
        let mut expected = [0; 8];
        expected[selected / 2 * 2..][..2].copy_from_slice(&product);
        assert_eq!((machine.core.pie.q[0], machine.core.pie.q[4]), (of_16(expected), BYTES));
        assert_eq!(machine.core.r[3], DATA + 35);
    }
}

/// TRM 1.8.12: sel8 6 and 7 are the last pair, upd4 what lies below it.
#[test]
fn the_fft_stores_the_last_pair_and_what_is_below() {
    for (selected, re, im) in [(6, -85, -710), (7, 715, -10)] {
        for (update, expected) in [
            (0, [100, 200, 300, 400, 500, 600, re, im]),
            (1, [2, -5, 7, -10, 500, 600, re, im]),
            (2, [2, -5, 500, 600, 7, -10, re, im]),
        ] {
            let line = format!("ee.fft.cmul.s16.st.xp q1, q2, q3, a3, a4, {selected}, {update}, 2");
            let mut machine = run(&[&line], |machine| {
                (machine.core.r[3], machine.core.r[4], machine.core.sar) = (DATA + 3, 32, 1);
                (machine.core.pie.q[1], machine.core.pie.q[2]) = (of_16(X), of_16(Y));
                machine.core.pie.q[3] = of_16([100, 200, 300, 400, 500, 600, 700, 800]);
            });
            assert_eq!(got(&mut machine, DATA), of_16(expected), "{line}");
            assert_eq!(machine.core.r[3], DATA + 35);
        }
    }
}

/// TRM 1.8.14: differences stay, sums are shifted and stored.
#[test]
fn a_butterfly_stores_its_sums() {
    let mut machine = run(&["ee.fft.r2bf.s16.st.incp q0, q1, q2, a3, 1"], |machine| {
        machine.core.r[3] = DATA + 3;
        (machine.core.pie.q[1], machine.core.pie.q[2]) = (of_16(X), of_16(Y));
    });
    assert_eq!(machine.core.pie.q[0], of_16([7, -24, 35, -46, 43, -52, 61, -90]));
    assert_eq!(got(&mut machine, DATA), of_16([6, -8, 12, -17, 28, -34, 39, -35]));
    assert_eq!(machine.core.r[3], DATA + 19);
}

/// TRM 1.8.15: the words in the opposite order, each half of one shifted by itself.
#[test]
fn the_fft_stores_its_words_from_the_last() {
    for (distance, stored) in [(0, [7, -8, 5, -6, 3, -4, 1, -2]), (1, [3, -4, 2, -3, 1, -2, 0, -1])] {
        let mut machine = run(&[&format!("ee.fft.vst.r32.decp q3, a3, {distance}")], |machine| {
            machine.core.r[3] = DATA + 3;
            machine.core.pie.q[3] = of_16([1, -2, 3, -4, 5, -6, 7, -8]);
        });
        assert_eq!(got(&mut machine, DATA), of_16(stored));
        assert_eq!(machine.core.r[3], DATA - 13);
    }
}

/// What the TRM does not list stops the core with its text.
#[test]
fn operands_that_mean_nothing_stop_with_their_name() {
    for line in [
        "ee.fft.cmul.s16.st.xp q1, q2, q3, a3, a4, 6, 3, 0",
        "ee.fft.cmul.s16.st.xp q1, q2, q3, a3, a4, 5, 0, 0",
        "ee.fft.cmul.s16.ld.xp q4, a3, a4, q0, q1, q2, 6",
    ] {
        let mut machine = Machine::new(&[assemble(line)]);
        machine.core.set_special(224, 0xFF);
        let crate::Exit::Stopped(report) = machine.run_to_exit() else { panic!("executed") };
        assert_eq!(report.reason, StopReason::NotImplemented(line.replacen(' ', "\t", 1)));
        assert_eq!(report.pc, START);
    }
}

/// CPENABLE bit 3.
#[test]
fn coprocessor_3_has_to_be_enabled_but_not_for_gpio() {
    let mut machine = Machine::new(&[assemble("ee.set_bit_gpio_out 1"), assemble("ee.zero.q q0")]);
    machine.core.set_special(224, 0xF7);
    for _ in 0..2 {
        let _ = machine.core.step(&mut machine.bus, &mut machine.code);
    }
    let report = machine.core.last_exception.expect("an exception");
    assert_eq!((report.cause, report.pc), (crate::Cause::Coprocessor3Disabled, START + 3));
}
