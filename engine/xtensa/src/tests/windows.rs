//! ISA RM 4.7.1 (Windowed Register Option).

use super::machine::*;

/// `sum(n)`, recursive, by a call that rotates by `windows` quarters: n + sum(n - 1).
fn recursive_sum(windows: u32) -> Vec<u32> {
    let out = 4 * windows + 2;
    vec![
        // main: a(out) = n is set by the test; the call is at START.
        call(windows, 8),
        SIMCALL,
        NOP_N,
        // sum, at START + 8:
        entry(80),
        mov(3, 2),
        beqz(2, 15),
        addi(out, 2, -1),
        // Aligned to 4 at START + 20.
        call(windows, -12),
        add(2, out, 3),
        NOP,
        // At START + 29: the result is in a2 of the caller's a(out).
        RETW,
    ]
}

#[test]
fn a_recursion_deeper_than_the_registers_spills_and_fills() {
    for windows in 1..=3 {
        let mut machine = Machine::new(&recursive_sum(windows));
        machine.core.set_a(4 * windows as usize + 2, 60);
        machine.run();
        assert_eq!(machine.core.a(4 * windows as usize + 2), 60 * 61 / 2, "call{}", 4 * windows);
        assert_eq!(machine.core.windowbase(), 0);
        assert_eq!(machine.core.windowstart(), 1);
    }
}

#[test]
fn a_register_of_another_frame_is_not_touched_before_its_owner_is_spilled() {
    // Window 2 belongs to somebody: a8 is out of reach, WindowOverflow8 or 4 comes first.
    let mut machine = Machine::new(&[addi(7, 7, 1), addi(8, 8, 1), SIMCALL]);
    machine.core.set_special(73, 1 | 1 << 2 | 1 << 3);
    // The spilled frame's stack pointer is where the handler looks for it: a5 of the rotated window.
    machine.core.set_physical_register(13, DATA);
    machine.core.set_physical_register(8, 0xAB);
    assert!(machine.core.step(&mut machine.bus, &mut machine.code).is_none());
    assert_eq!(machine.core.pc, START + 3);
    assert!(machine.core.step(&mut machine.bus, &mut machine.code).is_none());
    assert_eq!(machine.special(177), START + 3, "EPC1 is the instruction that was not executed");
    assert_eq!(machine.core.windowbase(), 2);
    assert_eq!(machine.core.ps() >> 8 & 15, 0, "PS.OWB");
    machine.run();
    assert_eq!(machine.core.a(8), 0xAC);
    assert_eq!(machine.word(DATA - 16), 0xAB);
    assert_eq!(machine.core.windowstart(), 1 | 1 << 3);
}

#[test]
fn rotations_keep_every_physical_register() {
    let mut machine = Machine::new(&[NOP]);
    for n in 0..64 {
        machine.core.set_physical_register(n, 0x100 + n as u32);
    }
    for base in (0..16).chain([3, 15, 8]) {
        machine.core.set_special(72, base);
        for n in 0..16 {
            assert_eq!(machine.core.a(n), 0x100 + (base * 4 + n as u32) % 64);
        }
    }
    let registers = machine.core.physical_registers();
    assert!(registers.iter().enumerate().all(|(n, &value)| value == 0x100 + n as u32));
}

#[test]
fn a_debugger_finds_the_callers_that_are_still_in_the_registers() {
    // The recursion of depth 3: sum(0) is the innermost, and returns at START + 29.
    let mut machine = Machine::new(&recursive_sum(2));
    machine.core.set_a(10, 2);
    let sp = machine.core.a(1);
    while machine.core.pc != START + 29 {
        assert!(machine.core.step(&mut machine.bus, &mut machine.code).is_none());
    }
    let callers = machine.core.callers();
    // sum(1), sum(2) and the caller of sum; each with the frame of 80 bytes below the one before.
    let pointers: Vec<u32> = callers.iter().map(|&(_, sp)| sp).collect();
    assert_eq!(pointers, [sp - 160, sp - 80, sp]);
    // CALL8's return address, its upper bits the 2 windows of the call (ISA RM, CALL8).
    let behind = |call: u32| 2 << 30 | (call + 3) & 0x3FFF_FFFF;
    assert_eq!(machine.core.a(0), behind(START + 20));
    assert_eq!([callers[0].0, callers[1].0], [behind(START + 20), behind(START)]);
}
