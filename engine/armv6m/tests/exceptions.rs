//! Exceptions, ARMv6-M ARM B1.5, and the System Control Space, B3.

mod common;

use armv6m::{Bus, Cause, Code, Exit};
use common::{thumb::*, Machine, RAM, SIO, SLOW};

const SYST_CSR: u32 = 0xE000_E010;
const SYST_RVR: u32 = 0xE000_E014;
const SYST_CVR: u32 = 0xE000_E018;
const NVIC_ISER: u32 = 0xE000_E100;
const NVIC_ISPR: u32 = 0xE000_E200;
const NVIC_ICPR: u32 = 0xE000_E280;
const NVIC_IPR0: u32 = 0xE000_E400;
const ICSR: u32 = 0xE000_ED04;
const VTOR: u32 = 0xE000_ED08;
const AIRCR: u32 = 0xE000_ED0C;
const SCR: u32 = 0xE000_ED10;
const SHPR3: u32 = 0xE000_ED20;

const PENDSVSET: u32 = 1 << 28;

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
    let expected = [
        0x100,
        0x101,
        0x102,
        0x103,
        0x10C,
        before[14],
        Machine::START + 2,
        xpsr,
    ];
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
    assert_eq!(
        (m.pc(), m.core.exception()),
        (Machine::handler(16), 16),
        "tail-chained to itself"
    );
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
    m.bus
        .program(Machine::handler(16), &[NOP, NOP, NOP, bx(14)]);
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
    assert_eq!(
        (m.core.exception(), m.core.regs[13], m.core.regs[14]),
        (17, stack, 0xFFFF_FFF9)
    );
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
    assert_eq!(
        m.core.primask(),
        0,
        "without privilege, MSR PRIMASK and CPSID do nothing"
    );
    assert_eq!(m.core.regs[2], 0, "nor is MSP to be seen");
    assert_eq!(m.core.regs[3], 3);
    assert_eq!((m.core.psp(), m.core.msp()), (RAM + 0x800, Machine::STACK));
    m.steps(1);
    assert_eq!(m.core.regs[14], 0xFFFF_FFFD);
    assert_eq!(
        m.core.regs[13],
        Machine::STACK,
        "handlers use the main stack"
    );
    assert_eq!(m.core.psp(), RAM + 0x800 - 32);
    assert_eq!(m.core.control(), 1, "SPSEL reads as zero in Handler mode");
    m.steps(2);
    assert_eq!((m.core.regs[13], m.core.control()), (RAM + 0x800, 3));
    m.steps(1);
    let fault = m.core.last_fault.clone().unwrap();
    assert_eq!(
        (fault.cause, fault.address),
        (Cause::BusRead, ICSR),
        "the PPB is privileged"
    );
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
    faults(
        &[ldr_imm(0, 1, 4)],
        base(0x6000_0000),
        Cause::BusRead,
        0x6000_0004,
    );
    faults(
        &[str_imm(0, 1, 0)],
        base(0x6000_0000),
        Cause::BusWrite,
        0x6000_0000,
    );
    faults(
        &[ldr_imm(0, 1, 0)],
        base(RAM + 2),
        Cause::Unaligned,
        RAM + 2,
    );
    faults(
        &[strh_imm(0, 1, 0)],
        base(RAM + 1),
        Cause::Unaligned,
        RAM + 1,
    );
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
    faults(
        &[ldrb_reg(0, 1, 2)],
        base(NVIC_IPR0),
        Cause::BusRead,
        NVIC_IPR0,
    );
}

#[test]
fn unpredictable_instructions_are_counted() {
    let mut m = Machine::new(&[pop(0)]);
    m.steps(1);
    assert_eq!(m.core.exception(), 3);
    assert_eq!(
        m.core.unimplemented().keys().collect::<Vec<_>>(),
        ["UNPREDICTABLE instruction 0xbc00"]
    );
}

#[test]
fn a_fault_in_hard_fault_locks_up_and_tells_both() {
    let mut m = Machine::new(&[ldr_imm(0, 1, 0)]);
    m.core.regs[1] = 0x6000_0000;
    m.bus.program(Machine::handler(3), &[NOP, bkpt(0)]);
    let Exit::Lockup(report) = m.run() else {
        panic!()
    };
    assert_eq!(
        (report.fault.cause, report.fault.pc),
        (Cause::Bkpt, Machine::handler(3) + 2)
    );
    let original = report.original.as_ref().unwrap();
    assert_eq!(
        (original.cause, original.pc, original.address),
        (Cause::BusRead, Machine::START, 0x6000_0000)
    );
    assert_eq!(report.xpsr & 0x3F, 3);
    assert_eq!(m.run(), Exit::Lockup(report), "for good");
    m.core.reset(&mut m.bus, 0);
    assert_eq!(m.pc(), Machine::START);
}

#[test]
fn a_stack_that_is_gone_locks_up_and_names_the_first_fault() {
    let mut m = Machine::new(&[push(1)]);
    m.core.regs[13] = RAM;
    let Exit::Lockup(report) = m.run() else {
        panic!()
    };
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

#[test]
fn wfi_sleeps_until_an_interrupt_even_under_primask() {
    let mut m = with_interrupts(&[CPSID, WFI, NOP]);
    assert_eq!(m.run(), Exit::Sleep);
    assert!(m.core.sleeping && !m.core.pending_wakeup());
    assert_eq!(m.run(), Exit::Sleep, "nothing has happened");
    m.core.set_irq_lines(1);
    assert!(m.core.pending_wakeup());
    m.steps(1);
    assert_eq!(
        (m.core.sleeping, m.core.exception(), m.pc()),
        (false, 0, Machine::START + 6)
    );
}

#[test]
fn wfi_takes_the_interrupt_that_wakes_it() {
    let mut m = with_interrupts(&[WFI, NOP]);
    assert_eq!(m.run(), Exit::Sleep);
    m.core.set_irq_lines(1 << 9);
    assert_eq!(m.run(), Exit::Sleep, "interrupt 9 is not enabled");
    m.core.set_irq_lines(1);
    m.steps(1);
    assert_eq!(m.core.exception(), 16);
    assert_eq!(m.bus.word(m.core.regs[13] + 24), Machine::START + 2);
}

#[test]
fn wfe_waits_for_an_event() {
    let mut m = Machine::new(&[SEV, WFE, WFE, NOP]);
    assert_eq!(m.run(), Exit::Sleep);
    assert_eq!(
        (m.pc(), m.bus.events),
        (Machine::START + 6, 1),
        "the first WFE found the event of SEV"
    );
    m.core.wake_event();
    m.steps(1);
    assert_eq!(m.pc(), Machine::START + 8);
}

#[test]
fn wfe_does_not_look_through_primask() {
    let mut m = with_interrupts(&[CPSID, WFE, NOP]);
    assert_eq!(m.run(), Exit::Sleep);
    m.core.set_irq_lines(1);
    assert!(!m.core.pending_wakeup());
    m.core.pend_nmi();
    assert!(m.core.pending_wakeup());
}

#[test]
fn sevonpend_makes_a_masked_interrupt_an_event() {
    let mut m = Machine::new(&[WFE, NOP]);
    m.core.write_ppb(SCR, 1 << 4);
    assert_eq!(m.run(), Exit::Sleep);
    m.core.set_irq_lines(1);
    m.steps(1);
    assert_eq!(
        (m.pc(), m.core.exception()),
        (Machine::START + 4, 0),
        "it was not enabled"
    );
}

#[test]
fn sleep_on_exit() {
    let mut m = with_interrupts(&[NOP]);
    m.core.write_ppb(SCR, 1 << 1 | 1 << 2);
    m.core.write_ppb(NVIC_ISPR, 1);
    assert_eq!(m.run(), Exit::Sleep);
    assert_eq!(
        (m.pc(), m.core.exception(), m.core.sleep_deep()),
        (Machine::START, 0, true)
    );
}

#[test]
fn systick_counts_reload_plus_one_and_interrupts() {
    let mut m = Machine::new(&[b(-4)]);
    m.core.write_ppb(SYST_RVR, 99);
    m.core.write_ppb(SYST_CVR, 0x1234);
    assert_eq!(m.core.read_ppb(SYST_CVR), 0, "any write clears it");
    let start = m.core.cycle;
    m.core.write_ppb(SYST_CSR, 0b111);
    assert_eq!(
        m.core.next_systick_event(),
        Some(start + 100),
        "B3.3: 0 is reloaded, then 99 to 0"
    );
    m.bus.deadline = start + 100;
    while m.core.cycle < start + 100 {
        m.run();
    }
    m.steps(1);
    assert_eq!(m.core.exception(), 15);
    assert_eq!(m.core.next_systick_event(), Some(start + 200));
    assert_eq!(m.core.read_ppb(SYST_CSR), 0x1_0007, "COUNTFLAG");
    assert_eq!(m.core.read_ppb(SYST_CSR), 7, "cleared by the read");
}

#[test]
fn systick_on_the_reference_clock_does_not_drift() {
    let mut m = Machine::new(&[b(-4)]);
    // 2.5 processor clocks for each tick.
    m.core.set_systick_reference(Some((5, 2)));
    m.core.write_ppb(SYST_RVR, 0xFF_FFFF);
    m.core.write_ppb(SYST_CVR, 0);
    let start = m.core.cycle;
    m.core.write_ppb(SYST_CSR, 1);
    m.run_for(100_000);
    let at = m.core.cycle;
    assert_eq!(
        m.core.read_ppb(SYST_CVR),
        0x100_0000 - ((at - start) * 2 / 5) as u32
    );
}

#[test]
fn writing_systick_ends_the_run() {
    let mut m = Machine::new(&[str_imm(0, 1, 0), NOP, b(-4)]);
    m.core.regs[1] = SYST_CSR;
    assert_eq!(m.run(), Exit::Deadline);
    assert_eq!(m.pc(), Machine::START + 2);
}

#[test]
fn pendsv_runs_at_its_priority_and_vtor_moves_the_table() {
    let mut m = with_interrupts(&[NOP]);
    m.core.write_ppb(SHPR3, 0xC0 << 16);
    for number in 2..48 {
        m.bus
            .set_word(RAM + 0x400 + 4 * number, (Machine::handler(number) + 4) | 1);
    }
    m.core.write_ppb(VTOR, RAM + 0x4AB);
    assert_eq!(m.core.vtor(), RAM + 0x400, "bits 31:8");
    m.core.write_ppb(ICSR, PENDSVSET);
    m.core.write_ppb(NVIC_ISPR, 1);
    m.steps(1);
    assert_eq!((m.core.exception(), m.pc()), (16, Machine::handler(16) + 4));
}

#[test]
fn sysresetreq_needs_the_key() {
    let mut m = Machine::new(&[str_imm(0, 1, 0), str_imm(2, 1, 0)]);
    m.core.regs[1] = AIRCR;
    m.core.regs[0] = 4;
    m.core.regs[2] = 0x05FA_0004;
    assert_eq!(m.run(), Exit::SysResetReq);
    assert_eq!(m.pc(), Machine::START + 4);
}

#[test]
fn identification() {
    let mut m = Machine::new(&[]);
    // RP2040 SVD, PPB: CPUID and MPU_TYPE; TRM 4.2: CCR.
    assert_eq!(m.core.read_ppb(0xE000_ED00), 0x410C_C601);
    assert_eq!(m.core.read_ppb(0xE000_ED90), 0x0000_0800);
    assert_eq!(m.core.read_ppb(0xE000_ED14), 0x0000_0208);
    assert!(m.core.unimplemented().is_empty());
    assert_eq!(m.core.read_ppb(0xE000_EDF0), 0);
    assert_eq!(m.core.unimplemented()["read of DHCSR at 0xe000edf0"], 1);
}

#[test]
fn a_yield_leaves_the_instruction_unexecuted() {
    for program in [
        ldr_imm(0, 1, 0),
        str_imm(0, 1, 0),
        ldm(1, 0b1101),
        stm(1, 0b1101),
        pop(0x105),
        push(5),
    ] {
        let mut m = Machine::new(&[program]);
        m.core.regs[1] = SLOW;
        m.core.regs[13] = SIO + 0x100;
        m.bus.yield_from = 0;
        let before = (m.core.regs, m.core.cycle, m.core.instructions);
        assert_eq!(m.run(), Exit::Yield, "{program:#06x}");
        assert_eq!(
            (m.core.regs, m.core.cycle, m.core.instructions),
            before,
            "{program:#06x}"
        );
        // The bus yields from the next cycle on: every beat of this instruction is let through.
        m.bus.yield_from = m.core.cycle + 1;
        m.step();
        assert_eq!(m.core.instructions, before.2 + 1, "{program:#06x}");
    }
}

#[test]
fn a_breakpoint_stops_before_its_instruction() {
    let mut m = Machine::new(&[NOP, adds_imm8(0, 1), b(-6)]);
    let at = Machine::START + 2;
    m.code.set_breakpoint(at);
    for round in 0..3 {
        assert_eq!(m.run(), Exit::Breakpoint(at));
        assert_eq!(m.core.regs[0], round);
    }
    assert!(m.code.clear_breakpoint(at));
    assert_eq!(m.run_for(100), Exit::Deadline);
}

#[test]
fn udf_in_rom_is_a_trap() {
    let mut m = Machine::new(&[udf(42), NOP]);
    m.core.rom_trap_limit = 0x4000;
    m.core.regs[14] = Machine::START + 3;
    assert_eq!(m.run(), Exit::Trap(42));
    assert_eq!(m.pc(), Machine::START);
    m.core.branch_exchange(m.core.regs[14]);
    assert_eq!(m.pc(), Machine::START + 2);
}

#[test]
fn written_code_is_decoded_again() {
    let mut m = Machine::new(&[]);
    // BL across the end of a line: its second half is in the next one.
    let line = RAM + 0x40;
    m.bus.program(line - 2, &bl(0x100));
    m.core.regs[15] = line - 2;
    m.steps(1);
    assert_eq!(m.pc(), line + 0x102);
    assert_eq!(m.bus.watched, [line - 2, line], "both lines");
    m.bus.program(line - 2, &bl(0x200));
    m.code.invalidate_line(line);
    m.core.regs[15] = line - 2;
    m.steps(1);
    assert_eq!(m.pc(), line + 0x202);

    m.bus.program(line - 2, &[movs_imm(0, 9)]);
    m.code.invalidate(RAM);
    m.core.regs[15] = line - 2;
    m.steps(1);
    assert_eq!(m.core.regs[0], 9);
}

#[test]
fn execution_goes_on_across_a_page() {
    let mut m = Machine::new(&[]);
    m.bus.program(RAM + 0xFFE, &bl(-0x10));
    m.core.regs[15] = RAM + 0xFFE;
    m.steps(1);
    assert_eq!((m.pc(), m.core.regs[14]), (RAM + 0xFF2, RAM + 0x1003));
    m.bus.program(RAM + 0xFFE, &[NOP, NOP]);
    m.code.invalidate_all();
    m.core.regs[15] = RAM + 0xFFE;
    m.steps(2);
    assert_eq!(m.pc(), RAM + 0x1002);
}

#[test]
fn a_copy_continues_identically() {
    let mut m = with_interrupts(&[adds_imm8(0, 1), push(0xFF), pop(0xFF), b(-10)]);
    m.core.write_ppb(SYST_RVR, 77);
    m.core.write_ppb(SYST_CSR, 7);
    m.run_for(1000);
    let (mut core, mut code) = (m.core.clone(), Code::default());
    m.bus.deadline = m.core.cycle + 1000;
    assert_eq!(
        core.run(&mut m.bus, &mut code),
        m.core.run(&mut m.bus, &mut m.code)
    );
    assert_eq!(
        (core.regs, core.cycle, core.xpsr()),
        (m.core.regs, m.core.cycle, m.core.xpsr())
    );
    assert_eq!(m.bus.deadline(), m.bus.deadline);
}
