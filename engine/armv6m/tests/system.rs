//! Sleep, SysTick and the System Control Block, ARMv6-M ARM B1.5.17 to B1.5.19 and B3.

mod common;

use armv6m::Exit;
use common::{thumb::*, Machine, RAM};

const SYST_CSR: u32 = 0xE000_E010;
const SYST_RVR: u32 = 0xE000_E014;
const SYST_CVR: u32 = 0xE000_E018;
const NVIC_ISER: u32 = 0xE000_E100;
const NVIC_ISPR: u32 = 0xE000_E200;
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
fn wfi_sleeps_until_an_interrupt_even_under_primask() {
    let mut m = with_interrupts(&[CPSID, WFI, NOP]);
    assert_eq!(m.run(), Exit::Sleep);
    assert!(m.core.sleeping && !m.core.pending_wakeup());
    assert_eq!(m.run(), Exit::Sleep, "nothing has happened");
    m.core.set_irq_lines(1);
    assert!(m.core.pending_wakeup());
    m.steps(1);
    assert_eq!((m.core.sleeping, m.core.exception(), m.pc()), (false, 0, Machine::START + 6));
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
    assert_eq!((m.pc(), m.bus.events), (Machine::START + 6, 1), "the first WFE found the event of SEV");
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
    assert_eq!((m.pc(), m.core.exception()), (Machine::START + 4, 0), "it was not enabled");
}

#[test]
fn sleep_on_exit() {
    let mut m = with_interrupts(&[NOP]);
    m.core.write_ppb(SCR, 1 << 1 | 1 << 2);
    m.core.write_ppb(NVIC_ISPR, 1);
    assert_eq!(m.run(), Exit::Sleep);
    assert_eq!((m.pc(), m.core.exception(), m.core.sleep_deep()), (Machine::START, 0, true));
}

#[test]
fn systick_counts_reload_plus_one_and_interrupts() {
    let mut m = Machine::new(&[b(-4)]);
    m.core.write_ppb(SYST_RVR, 99);
    m.core.write_ppb(SYST_CVR, 0x1234);
    assert_eq!(m.core.read_ppb(SYST_CVR), 0, "any write clears it");
    let start = m.core.cycle;
    m.core.write_ppb(SYST_CSR, 0b111);
    assert_eq!(m.core.next_systick_event(), Some(start + 100), "B3.3: 0 is reloaded, then 99 to 0");
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
    assert_eq!(m.core.read_ppb(SYST_CVR), 0x100_0000 - ((at - start) * 2 / 5) as u32);
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
        m.bus.set_word(RAM + 0x400 + 4 * number, (Machine::handler(number) + 4) | 1);
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
