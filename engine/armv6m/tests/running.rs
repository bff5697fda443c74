//! What a chip and a debugger see of a run: yields, breakpoints, traps, written code.

mod common;

use armv6m::{Code, Exit};
use common::{thumb::*, Machine, RAM, SIO, SLOW};

const SYST_CSR: u32 = 0xE000_E010;
const SYST_RVR: u32 = 0xE000_E014;
const NVIC_ISER: u32 = 0xE000_E100;

/// A machine with interrupts 0 to 3 enabled.
fn with_interrupts(program: &[u16]) -> Machine {
    let mut machine = Machine::new(program);
    machine.core.write_ppb(NVIC_ISER, 0xF);
    machine
}

#[test]
fn a_yield_leaves_the_instruction_unexecuted() {
    for program in [ldr_imm(0, 1, 0), str_imm(0, 1, 0), ldm(1, 0b1101), stm(1, 0b1101), pop(0x105), push(5)] {
        let mut m = Machine::new(&[program]);
        m.core.regs[1] = SLOW;
        m.core.regs[13] = SIO + 0x100;
        m.bus.yield_from = 0;
        let before = (m.core.regs, m.core.cycle, m.core.instructions);
        assert_eq!(m.run(), Exit::Yield, "{program:#06x}");
        assert_eq!((m.core.regs, m.core.cycle, m.core.instructions), before, "{program:#06x}");
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
    assert_eq!(core.run(&mut m.bus, &mut code), m.core.run(&mut m.bus, &mut m.code));
    assert_eq!((core.regs, core.cycle, core.xpsr()), (m.core.regs, m.core.cycle, m.core.xpsr()));
}
