//! Recursive functions with the windowed ABI: CALL4, CALL8, CALL12, with real handlers of overflow
//! and underflow (ISA RM 4.7.1.5).

use super::assembler::*;

/// Functions of a program, and how deep they call each other.
const FUNCTIONS: usize = 8;
const DEPTH: u32 = 12;

fn handlers(p: &mut Program) {
    p.vector(0x00, &[s32e(0, 5, -16), s32e(1, 5, -12), s32e(2, 5, -8), s32e(3, 5, -4), 0x3400]);
    p.vector(0x40, &[l32e(0, 5, -16), l32e(1, 5, -12), l32e(2, 5, -8), l32e(3, 5, -4), 0x3500]);
    for (overflow, underflow, next, extra) in [(0x80, 0xC0, 9, 4), (0x100, 0x140, 13, 8)] {
        let below = |n: u32| -16 - 4 * extra + 4 * n as i32;
        let base = 3 + extra as u32;
        let mut words =
            vec![s32e(0, next, -16), l32e(0, 1, -12), s32e(1, next, -12), s32e(2, next, -8), s32e(3, next, -4)];
        words.extend((0..extra as u32).map(|n| s32e(4 + n, 0, below(n))));
        words.push(0x3400);
        p.vector(overflow, &words);
        let mut words =
            vec![l32e(0, next, -16), l32e(1, next, -12), l32e(2, next, -8), l32e(base, 1, -12), l32e(3, next, -4)];
        words.extend((0..extra as u32).map(|n| l32e(4 + n, base, below(n))));
        words.push(0x3500);
        p.vector(underflow, &words);
    }
}

/// A program of functions that call each other at random.
pub fn program(seed: u64) -> Program {
    let mut p = Program::new(seed);
    handlers(&mut p);
    p.constant(0, STACK);
    p.emit(mov(1, 0));
    p.constant(2, STACK + 0x100);
    p.emit_all(&[addi(3, 1, -12), s32i(2, 3, 0)]);
    p.constant(4, VECTORS);
    p.emit_all(&[wsr(4, VECBASE), RSYNC, movi(0, 1), wsr(0, WINDOWSTART), RSYNC]);
    p.constant(0, 0x4_0020);
    p.emit_all(&[wsr(0, PS), RSYNC, movi(2, DEPTH), movi(3, 77)]);
    (4..16).for_each(|register| p.emit(movi(register, 100 + register)));
    p.emit_all(&[mov(10, 2), mov(11, 3)]);
    let mut calls = vec![(p.code.len(), 2, 0)];
    p.emit_all(&[0, mov(3, 10), mov(2, 1)]);
    p.constant(1, RECORD);
    (2..8).for_each(|register| p.record(register, format!("a{register} in the end")));
    p.write_record();
    p.end();
    let mut starts = vec![];
    for _ in 0..FUNCTIONS {
        p.align();
        starts.push(p.pc());
        function(&mut p, &mut calls);
    }
    for (at, increment, function) in calls {
        let from = (CODE + at as u32) & !3;
        let offset = starts[function].wrapping_sub(from + 4) as i32;
        p.patch(at, call(increment, offset));
    }
    p
}

/// a2: how deep still, a3: what has been computed; both below what any call shifts away.
fn function(p: &mut Program, calls: &mut Vec<(usize, u32, usize)>) {
    p.emit(0x36 | 1 << 8 | 96 / 8 << 12);
    let bottom = p.code.len();
    p.emit_all(&[0, addi(2, 2, -1)]);
    let high = p.random.of(&[8, 8, 12, 16]);
    for register in 4..high {
        let other = p.random.of(&[2, 3]);
        p.emit(rst(0x80_0000, register, 3, other));
    }
    for _ in 0..1 + p.random.below(5) {
        let template = p.random.of(&[0x80_0000, 0xC0_0000, 0x30_0000, 0x90_0000]);
        let r = 3 + p.random.below(high - 3);
        let (s, t) = (2 + p.random.below(high - 2), 2 + p.random.below(high - 2));
        p.emit(rst(template, r, s, t));
    }
    for round in 0..1 + p.random.below(2) {
        if round == 1 {
            (4..12).for_each(|register| p.emit(rst(0x80_0000, register, 3, 2)));
        }
        let increment = 1 + p.random.below(3);
        p.emit_all(&[mov(4 * increment + 2, 2), mov(4 * increment + 3, 3)]);
        calls.push((p.code.len(), increment, p.random.below(FUNCTIONS as u32) as usize));
        p.emit_all(&[0, rst(0x80_0000, 3, 3, 4 * increment + 2), rst(0x90_0000, 3, 3, 2)]);
        let kept = if high == 8 && round == 0 { 8 } else { 12 };
        (4..kept.min(4 * increment)).for_each(|register| p.emit(rst(0x80_0000, 3, 3, register)));
    }
    let offset = (p.code.len() - bottom - 4) as u32;
    p.patch(bottom, 0x16 | 2 << 8 | (offset & 0xFFF) << 12);
    p.emit_all(&[mov(2, 3), 0x90]);
}
