//! ISA RM 4.4 (options for exceptions, interrupts and timers). Levels and types of interrupts:
//! core-isa.h of the ESP32-S3.

use super::machine::*;
use crate::{Cause, Exit, StopReason};

const EXCCAUSE: u8 = 232;
const EXCVADDR: u8 = 238;
const EPC1: u8 = 177;
const USER: u32 = RAM + 0x340;
const KERNEL: u32 = RAM + 0x300;
const DOUBLE: u32 = RAM + 0x3C0;

fn raised(program: &[u32], prepare: impl Fn(&mut Machine)) -> Machine {
    let mut machine = Machine::new(program);
    machine.write(USER, &[SIMCALL]);
    prepare(&mut machine);
    machine.run();
    machine
}

#[test]
fn each_fault_has_its_cause() {
    let mut machine = raised(&[NOP, ILL], |_| {});
    assert_eq!((machine.special(EXCCAUSE), machine.special(EPC1)), (0, START + 3));
    let mut machine = raised(&[quou(2, 3, 4)], |_| {});
    assert_eq!(machine.special(EXCCAUSE), 6);
    let mut machine = raised(&[l32i(2, 3, 4)], |machine| machine.core.set_a(3, 0x1000));
    assert_eq!((machine.special(EXCCAUSE), machine.special(EXCVADDR)), (3, 0x1004));
    // The region of the address without any right: WDTLB with attribute 15.
    let wdtlb = 0x50_E000 | 3 << 8 | 4 << 4;
    let mut machine = raised(&[movi(4, 15), movi(3, 0x100), wdtlb, s32i(2, 3, 4)], |_| {});
    assert_eq!((machine.special(EXCCAUSE), machine.special(EXCVADDR)), (29, 0x104));
    let mut machine = raised(&[movi(4, 15), movi(3, 0x100), wdtlb, l32i(2, 3, 4)], |_| {});
    assert_eq!((machine.special(EXCCAUSE), machine.special(EXCVADDR)), (28, 0x104));
    // ADD.S with CPENABLE 0.
    let mut machine = raised(&[0x0A_0000], |machine| assert!(machine.core.set_special(224, 0)));
    assert_eq!(machine.special(EXCCAUSE), 32);
    // A jump to nowhere.
    let mut machine = raised(&[0xA0 | 3 << 8], |machine| machine.core.set_a(3, 0x5000_0000));
    assert_eq!((machine.special(EXCCAUSE), machine.special(EXCVADDR)), (2, 0x5000_0000));
    assert_eq!(machine.special(EPC1), 0x5000_0000);
    // L32AI is never done unaligned.
    let l32ai = 0xB002 | 3 << 8 | 2 << 4;
    let mut machine = raised(&[l32ai], |machine| machine.core.set_a(3, DATA + 2));
    assert_eq!((machine.special(EXCCAUSE), machine.special(EXCVADDR)), (9, DATA + 2));
}

#[test]
fn unaligned_words_are_loaded_by_the_hardware() {
    let mut machine = Machine::new(&[s32i(2, 3, 0), l32i(4, 3, 0), SIMCALL]);
    machine.core.set_a(2, 0x1234_5678);
    machine.core.set_a(3, DATA + 1);
    machine.run();
    assert_eq!(machine.core.a(4), 0x1234_5678);
    assert_eq!(machine.word(DATA), 0x3456_7800);
}

#[test]
fn an_exception_in_a_handler_is_double_and_one_in_that_handler_stops_the_core() {
    let mut machine = Machine::new(&[ILL]);
    machine.write(USER, &[NOP, ILL]);
    machine.write(DOUBLE, &[SIMCALL]);
    machine.run();
    assert_eq!((machine.special(192), machine.special(EPC1)), (USER + 3, START));
    machine.write(DOUBLE, &[ILL, 0xFF_FFFF]);
    machine.code.invalidate_all();
    machine.core.pc = USER;
    let Exit::Stopped(report) = machine.run_to_exit() else { panic!("goes on") };
    assert_eq!((report.pc, &report.reason), (DOUBLE, &StopReason::DoubleException(Cause::IllegalInstruction)));
    assert_eq!(
        report.to_string(),
        "core 0 stopped at 0x403703c0 (ill): IllegalInstruction in the first instruction of the double exception \
         vector; last exception: IllegalInstruction at 0x40370343"
    );
}

#[test]
fn kernel_mode_has_its_own_vector() {
    let mut machine = Machine::new(&[ILL]);
    machine.write(KERNEL, &[SIMCALL]);
    machine.core.set_ps(1 << 18);
    machine.run();
    assert_eq!(machine.core.ps(), 1 << 18 | 1 << 4);
}

#[test]
fn levels_mask_what_is_not_above_them_and_the_highest_goes_first() {
    // Lines 0 (level 1), 19 (level 2), 23 (level 3), 31 (level 5).
    let mut machine = Machine::new(&[rsil(2, 2), rsil(3, 0), SIMCALL]);
    machine.write(RAM + 0x1C0, &[addi(8, 8, 1), wsr(10, 228), rfi(3)]);
    machine.write(RAM + 0x180, &[mov(9, 8), movi(10, 1), wsr(10, 228), rfi(2)]);
    machine.write(USER, &[movi(10, 0), wsr(10, 228), addi(11, 11, 1), RFE]);
    machine.core.set_special(228, 1 | 1 << 19 | 1 << 23);
    machine.core.set_a(10, 1 | 1 << 19);
    machine.core.set_ps(1 << 18 | 1 << 5 | 3);
    machine.core.set_interrupt_lines(1 | 1 << 19 | 1 << 23);
    machine.run();
    assert_eq!((machine.core.a(8), machine.core.a(9), machine.core.a(11)), (1, 1, 1));
    assert_eq!(machine.core.a(2) & 15, 3);
    assert_eq!(machine.special(EXCCAUSE), 4);
}

#[test]
fn edges_are_kept_and_levels_are_not() {
    let mut machine = Machine::new(&[NOP]);
    // 10 is an edge, 0 a level, 6 a timer, 7 software: only the first two are inputs.
    machine.core.set_interrupt_lines(1 << 10 | 1 << 0 | 1 << 6 | 1 << 7);
    machine.core.set_interrupt_lines(0);
    assert_eq!(machine.special(226), 1 << 10);
    machine.core.set_special(227, 1 << 10);
    assert_eq!(machine.special(226), 0);
    machine.core.set_special(226, 0xFFFF_FFFF);
    assert_eq!(machine.special(226), 1 << 7 | 1 << 29);
}

#[test]
fn the_nmi_cannot_be_masked() {
    let mut machine = Machine::new(&[NOP, SIMCALL]);
    machine.write(RAM + 0x2C0, &[addi(8, 8, 1), rfi(7)]);
    machine.core.set_ps(15);
    machine.core.set_interrupt_lines(1 << 14);
    machine.run();
    assert_eq!(machine.core.a(8), 1);
}

#[test]
fn waiti_sleeps_until_a_timer_and_returns_behind_itself() {
    // CCOMPARE0 is interrupt 6, level 1.
    let mut machine = Machine::new(&[waiti(0), SIMCALL]);
    machine.write(USER, &[movi(10, 0), wsr(10, 240), addi(11, 11, 1), RFE]);
    machine.core.set_ccount(1000);
    machine.core.set_special(240, 1500);
    machine.core.set_special(228, 1 << 6);
    let start = machine.core.cycle;
    assert_eq!(machine.core.next_timer_event(), Some(start + 500));
    assert_eq!(machine.run_to_exit(), Exit::Deadline, "the chip has to look at the timer");
    assert_eq!(machine.run_to_exit(), Exit::Sleep);
    assert!(machine.core.sleeping);
    machine.core.sleep_until(start + 499);
    assert_eq!(machine.run_to_exit(), Exit::Sleep);
    machine.core.sleep_until(start + 500);
    assert_eq!(machine.core.ccount(), 1500);
    // Writing CCOMPARE in the handler makes the chip look again.
    assert_eq!(machine.run_to_exit(), Exit::Deadline);
    machine.run();
    assert_eq!((machine.core.a(11), machine.special(EPC1)), (1, START + 3));
}

#[test]
fn a_yield_leaves_the_instruction_unexecuted() {
    let mut machine = Machine::new(&[l32i(2, 3, 0), addi(4, 4, 1), SIMCALL]);
    machine.core.set_a(3, DEVICE);
    machine.bus.yields = 2;
    for _ in 0..2 {
        assert_eq!(machine.run_to_exit(), Exit::Yield);
        assert_eq!((machine.core.pc, machine.core.cycle, machine.bus.accesses), (START, 0, 0));
    }
    machine.run();
    assert_eq!((machine.core.a(2), machine.bus.accesses), (0x55, 1));
    // Issue and the seven stall cycles of the device, then two instructions.
    assert_eq!(machine.core.cycle, 1 + 7 + 2);
}
