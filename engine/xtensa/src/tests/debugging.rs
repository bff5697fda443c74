//! Breakpoints and watchpoints, of the hardware (ISA RM 4.4.6) and of a debugger outside; traps.

use super::machine::*;
use crate::{Area, Exit, Monitor, Seen, Stack};

const DEBUGCAUSE: u8 = 233;
const DEBUG: u32 = RAM + 0x280;

#[test]
fn a_breakpoint_stops_before_its_instruction_once() {
    let mut machine = Machine::new(&[addi(2, 2, 1), addi(2, 2, 1), SIMCALL]);
    machine.code.set_breakpoint(START + 3);
    assert_eq!(machine.run_to_exit(), Exit::Breakpoint(START + 3));
    assert_eq!(machine.core.a(2), 1);
    machine.run();
    assert_eq!(machine.core.a(2), 2);
    assert!(machine.code.clear_breakpoint(START + 3));
    machine.core.pc = START;
    machine.run();
    assert_eq!(machine.core.a(2), 4);
}

#[test]
fn a_watchpoint_stops_before_the_store() {
    let mut machine = Machine::new(&[l32i(4, 3, 0), s32i(2, 3, 0), SIMCALL]);
    machine.core.set_a(2, 9);
    machine.core.set_a(3, DATA);
    machine.code.set_watchpoint(DATA + 2, 1, false, true);
    assert_eq!(machine.run_to_exit(), Exit::Watchpoint(DATA));
    assert_eq!((machine.core.pc, machine.word(DATA)), (START + 3, 0));
    machine.run();
    assert_eq!(machine.word(DATA), 9);
}

#[test]
fn hardware_breakpoints_and_watchpoints_raise_debug_exceptions() {
    // IBREAKA0 on the second instruction: DEBUGCAUSE bit 1.
    let mut machine = Machine::new(&[addi(2, 2, 1), addi(2, 2, 1), SIMCALL]);
    machine.write(DEBUG, &[SIMCALL]);
    machine.core.set_special(128, START + 3);
    machine.core.set_special(96, 1);
    machine.run_to_exit();
    machine.run();
    assert_eq!((machine.special(DEBUGCAUSE), machine.special(182), machine.core.a(2)), (1 << 1, START + 3, 1));
    // DBREAKA1 on a store to 64 bytes around it: bit 2 and DBNUM 1.
    let mut machine = Machine::new(&[s32i(2, 3, 8), SIMCALL]);
    machine.write(DEBUG, &[SIMCALL]);
    machine.core.set_a(3, DATA);
    machine.core.set_special(145, DATA);
    machine.core.set_special(161, 1 << 31);
    machine.run_to_exit();
    machine.run();
    assert_eq!((machine.special(DEBUGCAUSE), machine.special(182)), (1 << 2 | 1 << 8, START));
    // BREAK 1, 15: bit 3.
    let mut machine = Machine::new(&[0x41F0]);
    machine.write(DEBUG, &[SIMCALL]);
    machine.run();
    assert_eq!((machine.special(DEBUGCAUSE), machine.core.ps() & 15), (1 << 3, 6));
}

/// ISA RM 4.4.6: the exception is taken before the instruction does anything. The store reaches the watched bytes with its
/// last one only (DBREAKA 64 bytes up); those before it have met nothing.
#[test]
fn what_is_near_a_watched_block_passes_and_what_reaches_it_does_nothing() {
    let mut machine = Machine::new(&[s32i(2, 3, 56), l32i(4, 3, 64), s32i(2, 5, 60), SIMCALL]);
    machine.write(DEBUG, &[SIMCALL]);
    machine.core.set_a(2, 0x1122_3344);
    machine.core.set_a(3, DATA);
    machine.core.set_a(5, DATA + 1);
    machine.core.set_special(144, DATA + 64);
    machine.core.set_special(160, 1 << 31 | 0x3F);
    machine.run_to_exit();
    machine.run();
    assert_eq!((machine.special(DEBUGCAUSE), machine.special(182)), (1 << 2, START + 6));
    assert_eq!((machine.word(DATA + 56), machine.word(DATA + 60)), (0x1122_3344, 0));
}

/// A watchpoint costs no cycle.
#[test]
fn a_watchpoint_that_is_not_met_changes_nothing() {
    let run = |armed: u32| {
        let mut machine = Machine::new(&[l32i(4, 3, 0), addi(4, 4, 1), s32i(4, 3, 0), l32i(2, 3, 0), SIMCALL]);
        machine.core.set_a(3, DATA);
        machine.core.set_special(144, DATA + 0x100);
        machine.core.set_special(160, armed);
        machine.run_to_exit();
        machine.run();
        (machine.core.a(2), machine.core.cycle, machine.core.pc)
    };
    assert_eq!(run(1 << 31 | 0x20), run(0));
}

#[test]
fn icount_stops_behind_a_number_of_instructions() {
    let mut machine = Machine::new(&[addi(2, 2, 1), addi(2, 2, 1), addi(2, 2, 1), SIMCALL]);
    machine.write(DEBUG, &[SIMCALL]);
    machine.core.set_special(236, -3i32 as u32);
    machine.core.set_special(237, 6);
    machine.run_to_exit();
    machine.run();
    assert_eq!((machine.special(DEBUGCAUSE), machine.core.a(2)), (1, 2));
}

#[test]
fn a_trap_stops_at_the_function_and_returns_to_its_caller() {
    for windows in 0..=3 {
        let mut machine = Machine::new(&[call(windows, 0x100), SIMCALL]);
        machine.bus.trap = START + 0x100;
        assert_eq!(machine.run_to_exit(), Exit::Trap(START + 0x100));
        assert_eq!(machine.core.trap_window(), 4 * windows as usize);
        machine.core.return_from_trap();
        machine.run();
        assert_eq!(machine.core.pc, START + 6);
    }
}

#[test]
fn a_copy_is_the_same_core() {
    let mut machine = Machine::new(&[addi(2, 2, 1), SIMCALL]);
    machine.core.set_physical_register(40, 7);
    machine.run();
    let mut copy = machine.core.clone();
    assert_eq!(copy.physical_registers(), machine.core.physical_registers());
    assert_eq!((copy.pc, copy.special(230)), (machine.core.pc, machine.core.special(230)));
}

/// A monitor stops nothing; `run` comes back behind the instruction that it tells of.
#[test]
fn a_monitor_tells_of_accesses_and_of_the_stack() {
    let mut machine =
        Machine::new(&[s32i(2, 3, 0), s32i(2, 3, 4), l32i(4, 3, 4), addi(1, 1, -16), addi(1, 1, 16), SIMCALL]);
    machine.core.set_a(1, DATA + 0x100);
    machine.core.set_a(3, DATA);
    let area = Area { first: DATA + 4, last: DATA + 4, loads: false, stores: true };
    let stack = Stack { min: DATA + 0xF8, max: DATA + 0x100, unstable: 0 };
    machine.core.set_monitor(Some(Monitor { areas: vec![area], stack: Some(stack) }));
    assert_eq!(machine.run_to_exit(), Exit::Deadline);
    assert_eq!(machine.core.pc, START + 6);
    let store = Seen::Access { area: 0, store: true, pc: START + 3, sp: DATA + 0x100 };
    assert_eq!(machine.core.take_seen(), [store]);
    assert_eq!(machine.run_to_exit(), Exit::Deadline);
    assert_eq!(machine.core.take_seen(), [Seen::Stack { below: true, pc: START + 9 }]);
    assert_eq!(machine.run_to_exit(), Exit::Simcall);
    assert_eq!(machine.core.take_seen(), []);
    machine.core.set_monitor(None);
    machine.core.pc = START;
    machine.run();
}
