//! Exceptions and faults, ARMv6-M ARM B1.5.

mod common;

use armv6m::{Cause, Exit};
use common::{thumb::*, Machine, RAM};

const NVIC_ISER: u32 = 0xE000_E100;
const NVIC_ISPR: u32 = 0xE000_E200;
const NVIC_ICPR: u32 = 0xE000_E280;
const NVIC_IPR0: u32 = 0xE000_E400;
const ICSR: u32 = 0xE000_ED04;

/// A machine with interrupts 0 to 3 enabled.
fn with_interrupts(program: &[u16]) -> Machine {
    let mut machine = Machine::new(program);
    machine.core.write_ppb(NVIC_ISER, 0xF);
    machine
}

#[test]
fn an_interrupt_pushes_the_frame_and_its_return_restores_it() {
    let mut m = with_interrupts(&[NOP, NOP]);
    for register in 0..13 {
        m.core.regs[register] = 0x100 + register as u32;
    }
    m.steps(1);
    m.core.set_irq_lines(1);
    let (before, xpsr, at) = (m.core.regs, m.core.xpsr(), m.core.cycle);
    m.steps(1);
    // TRM 3.6.1: 15 cycles.
    assert_eq!(m.core.cycle - at, 15);
    assert_eq!((m.pc(), m.core.exception()), (Machine::handler(16), 16));
    assert_eq!(m.core.regs[14], 0xFFFF_FFF9);
    let frame = Machine::STACK - 32;
    assert_eq!(m.core.regs[13], frame);
    // B1.5.6: R0 to R3, R12, LR, return address, xPSR.
    let words: Vec<_> = (0..8).map(|n| m.bus.word(frame + 4 * n)).collect();
    let expected = [0x100, 0x101, 0x102, 0x103, 0x10C, before[14], Machine::START + 2, xpsr];
    assert_eq!(words, expected);

    m.core.set_irq_lines(0);
    m.core.regs[0] = 0xDEAD;
    m.steps(2);
    assert_eq!((m.core.regs, m.core.xpsr()), (before, xpsr));
}

#[test]
fn a_frame_is_aligned_to_eight_bytes() {
    let mut m = with_interrupts(&[NOP, NOP]);
    m.core.regs[13] = Machine::STACK - 4;
    m.core.set_irq_lines(1);
    m.steps(1);
    assert_eq!(m.core.regs[13], Machine::STACK - 40);
    assert_eq!(m.bus.word(Machine::STACK - 40 + 28) & 1 << 9, 1 << 9);
    m.core.set_irq_lines(0);
    m.steps(2);
    assert_eq!(m.core.regs[13], Machine::STACK - 4);
}

#[test]
fn a_level_that_stays_high_interrupts_again() {
    let mut m = with_interrupts(&[NOP, NOP, NOP]);
    m.core.set_irq_lines(1);
    m.steps(1);
    assert_eq!(m.core.read_ppb(NVIC_ISPR), 0, "active, not pending");
    m.steps(2);
    assert_eq!((m.pc(), m.core.exception()), (Machine::handler(16), 16), "tail-chained to itself");
    m.core.set_irq_lines(0);
    m.steps(2);
    assert_eq!(m.core.exception(), 0);
}

#[test]
fn a_pulse_stays_pending_until_it_is_cleared() {
    let mut m = Machine::new(&[NOP, NOP]);
    m.core.set_irq_lines(0b100);
    m.core.set_irq_lines(0);
    assert_eq!(m.core.read_ppb(NVIC_ISPR), 0b100);
    m.core.write_ppb(NVIC_ICPR, 0b100);
    assert_eq!(m.core.read_ppb(NVIC_ISPR), 0);
    m.core.set_irq_lines(0b100);
    m.core.write_ppb(NVIC_ICPR, 0b100);
    assert_eq!(m.core.read_ppb(NVIC_ISPR), 0b100, "the line is still high");
}

#[test]
fn the_lower_priority_value_and_then_the_lower_number_goes_first() {
    let mut m = with_interrupts(&[NOP]);
    m.core.write_ppb(NVIC_IPR0, 0xC0_80_40_80);
    assert_eq!(m.core.read_ppb(NVIC_IPR0), 0xC0_80_40_80);
    m.core.write_ppb(NVIC_ISPR, 0b1101);
    // ICSR.VECTPENDING, bits 20:12.
    assert_eq!(m.core.read_ppb(ICSR) >> 12 & 0x1FF, 16);
    m.steps(1);
    assert_eq!(m.core.exception(), 16, "0 and 2 have the same priority");
    m.steps(2);
    assert_eq!(m.core.exception(), 18);
    m.steps(2);
    assert_eq!(m.core.exception(), 19);
}

#[test]
fn a_more_urgent_interrupt_preempts_and_an_equal_one_waits() {
    let mut m = with_interrupts(&[NOP]);
    m.core.write_ppb(NVIC_IPR0, 0x00_80_40_80);
    m.core.write_ppb(NVIC_ISPR, 0b0001);
    m.steps(1);
    m.core.write_ppb(NVIC_ISPR, 0b0100);
    m.bus.program(Machine::handler(16), &[NOP, NOP, NOP, bx(14)]);
    m.steps(1);
    assert_eq!(m.core.exception(), 16, "interrupt 2 is not more urgent");
    m.core.write_ppb(NVIC_ISPR, 0b0010);
    m.steps(1);
    assert_eq!(m.core.exception(), 17);
    assert_eq!(m.core.regs[14], 0xFFFF_FFF1, "returns to Handler mode");
    m.steps(2);
    assert_eq!(m.core.exception(), 16);
}

#[test]
fn tail_chaining_keeps_the_frame() {
    let mut m = with_interrupts(&[NOP]);
    m.core.write_ppb(NVIC_ISPR, 0b11);
    m.steps(1);
    let stack = m.core.regs[13];
    m.core.regs[0] = 0x1234;
    m.steps(2);
    assert_eq!((m.core.exception(), m.core.regs[13], m.core.regs[14]), (17, stack, 0xFFFF_FFF9));
    assert_eq!(m.core.regs[0], 0x1234, "nothing was popped in between");
    m.steps(2);
    assert_eq!((m.core.exception(), m.core.regs[0]), (0, 0));
}

#[test]
fn primask_holds_interrupts_but_not_nmi() {
    let mut m = with_interrupts(&[CPSID, NOP, NOP, NOP]);
    m.steps(1);
    m.core.set_irq_lines(1);
    m.steps(1);
    assert_eq!(m.core.exception(), 0);
    m.core.pend_nmi();
    m.steps(1);
    assert_eq!((m.core.exception(), m.pc()), (2, Machine::handler(2)));
}

#[test]
fn svc_returns_behind_itself() {
    let mut m = Machine::new(&[svc(7), NOP]);
    m.steps(1);
    assert_eq!((m.core.exception(), m.pc()), (11, Machine::handler(11)));
    m.steps(2);
    assert_eq!((m.core.exception(), m.pc()), (0, Machine::START + 2));
}

#[test]
fn svc_that_cannot_be_taken_is_a_hard_fault() {
    // B1.5.6: synchronous, so the return address is that of the SVC.
    let mut m = Machine::new(&[CPSID, svc(7)]);
    m.steps(2);
    assert_eq!(m.core.exception(), 3);
    assert_eq!(m.bus.word(m.core.regs[13] + 24), Machine::START + 2);
    assert_eq!(m.core.last_fault.as_ref().unwrap().cause, Cause::SvcMasked);
}

#[test]
fn process_stack_and_unprivileged_thread() {
    let mut program = msr(PSP, 0).to_vec();
    program.extend(msr(CONTROL, 1));
    program.extend(msr(PRIMASK, 1));
    program.extend(mrs(2, MSP));
    program.extend(mrs(3, CONTROL));
    program.extend([CPSID, svc(0), ldr_imm(4, 6, 0)]);
    let mut m = Machine::new(&program);
    m.core.regs[0] = RAM + 0x800;
    m.core.regs[1] = 3;
    m.core.regs[2] = 1;
    m.core.regs[6] = ICSR;
    m.steps(6);
    assert_eq!(m.core.primask(), 0, "without privilege, MSR PRIMASK and CPSID do nothing");
    assert_eq!(m.core.regs[2], 0, "nor is MSP to be seen");
    assert_eq!(m.core.regs[3], 3);
    assert_eq!((m.core.psp(), m.core.msp()), (RAM + 0x800, Machine::STACK));
    m.steps(1);
    assert_eq!(m.core.regs[14], 0xFFFF_FFFD);
    assert_eq!(m.core.regs[13], Machine::STACK, "handlers use the main stack");
    assert_eq!(m.core.psp(), RAM + 0x800 - 32);
    assert_eq!(m.core.control(), 1, "SPSEL reads as zero in Handler mode");
    m.steps(2);
    assert_eq!((m.core.regs[13], m.core.control()), (RAM + 0x800, 3));
    m.steps(1);
    let fault = m.core.last_fault.clone().unwrap();
    assert_eq!((fault.cause, fault.address), (Cause::BusRead, ICSR), "the PPB is privileged");
}

/// Executes `program` and expects a HardFault of this cause at its last instruction.
fn faults(program: &[u16], prepare: impl FnOnce(&mut Machine), cause: Cause, address: u32) {
    let mut m = Machine::new(program);
    prepare(&mut m);
    while m.core.exception() == 0 {
        m.steps(1);
    }
    let fault = m.core.last_fault.clone().unwrap();
    assert_eq!((fault.cause, fault.address), (cause, address));
    assert_eq!((m.core.exception(), m.pc()), (3, Machine::handler(3)));
    assert_eq!(m.bus.word(m.core.regs[13] + 24), fault.pc);
}

#[test]
fn each_kind_of_fault_is_a_hard_fault() {
    let base = |addr: u32| move |m: &mut Machine| m.core.regs[1] = addr;
    let here = Machine::START;
    faults(&[ldr_imm(0, 1, 4)], base(0x6000_0000), Cause::BusRead, 0x6000_0004);
    faults(&[str_imm(0, 1, 0)], base(0x6000_0000), Cause::BusWrite, 0x6000_0000);
    faults(&[ldr_imm(0, 1, 0)], base(RAM + 2), Cause::Unaligned, RAM + 2);
    faults(&[strh_imm(0, 1, 0)], base(RAM + 1), Cause::Unaligned, RAM + 1);
    faults(&[ldm(1, 4)], base(RAM + 1), Cause::Unaligned, RAM + 1);
    faults(&[udf(1)], |_| (), Cause::Undefined, here);
    // UDF.W and an Armv7-M SDIV.
    faults(&[0xF7F0, 0xA000], |_| (), Cause::Undefined, here);
    faults(&[0xFB91, 0xF0F2], |_| (), Cause::Undefined, here);
    faults(&[bkpt(0)], |_| (), Cause::Bkpt, here);
    faults(&[bx(1)], base(RAM), Cause::InvalidState, RAM);
    faults(&[bx(1)], base(0x6000_0001), Cause::Fetch, 0x6000_0000);
    faults(&[bx(1)], base(0xFFFF_FFF9), Cause::Fetch, 0xFFFF_FFF8);
    faults(&[bx(1)], base(0xE000_E101), Cause::Fetch, 0xE000_E100);
    faults(&[ldrb_reg(0, 1, 2)], base(NVIC_IPR0), Cause::BusRead, NVIC_IPR0);
}

#[test]
fn unpredictable_instructions_are_counted() {
    let mut m = Machine::new(&[pop(0)]);
    m.steps(1);
    assert_eq!(m.core.exception(), 3);
    assert_eq!(m.core.unimplemented().keys().collect::<Vec<_>>(), ["UNPREDICTABLE instruction 0xbc00"]);
}

#[test]
fn a_fault_in_hard_fault_locks_up_and_tells_both() {
    let mut m = Machine::new(&[ldr_imm(0, 1, 0)]);
    m.core.regs[1] = 0x6000_0000;
    m.bus.program(Machine::handler(3), &[NOP, bkpt(0)]);
    let Exit::Lockup(report) = m.run() else { panic!() };
    assert_eq!((report.fault.cause, report.fault.pc), (Cause::Bkpt, Machine::handler(3) + 2));
    let original = report.original.as_ref().unwrap();
    assert_eq!((original.cause, original.pc, original.address), (Cause::BusRead, Machine::START, 0x6000_0000));
    assert_eq!(report.xpsr & 0x3F, 3);
    assert_eq!(m.run(), Exit::Lockup(report), "for good");
    m.core.reset(&mut m.bus, 0);
    assert_eq!(m.pc(), Machine::START);
}

#[test]
fn a_stack_that_is_gone_locks_up_and_names_the_first_fault() {
    let mut m = Machine::new(&[push(1)]);
    m.core.regs[13] = RAM;
    let Exit::Lockup(report) = m.run() else { panic!() };
    assert_eq!(report.fault.cause, Cause::Stacking);
    assert_eq!(report.original.as_ref().unwrap().cause, Cause::BusWrite);
}

#[test]
fn an_interrupt_onto_a_lost_stack_is_a_hard_fault() {
    let mut m = with_interrupts(&[NOP]);
    m.core.regs[13] = RAM + 16;
    m.core.set_irq_lines(1);
    m.steps(1);
    assert_eq!(m.core.exception(), 3);
    assert_eq!(m.core.last_fault.as_ref().unwrap().cause, Cause::Stacking);
}
