//! Cycles of every instruction: Cortex-M0+ TRM (Arm DDI 0484C), table 3-1, zero wait state memory.

mod common;

use common::{thumb::*, Machine, RAM, SIO, SLOW};

/// A machine about to execute `code`, with R0 to R7 small, R5 pointing to RAM.
fn about_to(code: &[u16]) -> Machine {
    let mut machine = Machine::new(code);
    machine.core.regs[5] = RAM + 0x100;
    machine.core.regs[8] = Machine::START + 0x41;
    machine
}

fn cycles(code: &[u16]) -> u64 {
    about_to(code).cost()
}

#[test]
fn moves_arithmetic_logic_and_shifts_take_one_cycle() {
    let mut ones = vec![
        movs_imm(0, 1),
        mov(0, 9),
        adds_imm3(0, 1, 1),
        adds_reg(0, 1, 2),
        add_high(0, 9),
        adds_imm8(0, 1),
        add_sp(4),
        add_rd_sp(0, 4),
        adr(0, 4),
        subs_reg(0, 1, 2),
        subs_imm3(0, 1, 1),
        subs_imm8(0, 1),
        sub_sp(4),
        cmp_imm(0, 1),
        cmp_high(0, 9),
        lsls_imm(0, 1, 0),
        lsls_imm(0, 1, 2),
        lsrs_imm(0, 1, 2),
        asrs_imm(0, 1, 2),
    ];
    // MULS: the single-cycle multiplier, which the RP2040 has.
    ones.extend((0..16).map(|op| data(op, 0, 1)));
    for halfword in ones {
        assert_eq!(cycles(&[halfword]), 1, "{halfword:#06x}");
    }
}

#[test]
fn extends_reverses_hints_and_cps_take_one_cycle() {
    let ones = [
        sxth(0, 1),
        sxtb(0, 1),
        uxth(0, 1),
        uxtb(0, 1),
        rev(0, 1),
        rev16(0, 1),
        revsh(0, 1),
        CPSID,
        CPSIE,
        NOP,
        YIELD,
        SEV,
    ];
    for halfword in ones {
        assert_eq!(cycles(&[halfword]), 1, "{halfword:#06x}");
    }
}

#[test]
fn writing_pc_takes_two_cycles() {
    assert_eq!(cycles(&[mov(15, 8)]), 2);
    assert_eq!(cycles(&[add_high(15, 0)]), 2);
}

/// Loads and stores through R5, and the literal load.
fn single_accesses() -> Vec<u16> {
    vec![
        ldr_imm(0, 5, 0),
        ldrh_imm(0, 5, 0),
        ldrb_imm(0, 5, 0),
        ldr_reg(0, 5, 1),
        ldrh_reg(0, 5, 1),
        ldrb_reg(0, 5, 1),
        ldrsh_reg(0, 5, 1),
        ldrsb_reg(0, 5, 1),
        str_imm(0, 5, 0),
        strh_imm(0, 5, 0),
        strb_imm(0, 5, 0),
        str_reg(0, 5, 1),
        strh_reg(0, 5, 1),
        strb_reg(0, 5, 1),
    ]
}

#[test]
fn a_load_or_store_takes_two_cycles() {
    let mut accesses = single_accesses();
    accesses.extend([ldr_lit(0, 4), ldr_sp(0, 0), str_sp(0, 0)]);
    for halfword in accesses {
        assert_eq!(cycles(&[halfword]), 2, "{halfword:#06x}");
    }
}

#[test]
fn single_cycle_io_takes_one_cycle() {
    for halfword in single_accesses() {
        let mut machine = about_to(&[halfword]);
        machine.core.regs[5] = SIO;
        assert_eq!(machine.cost(), 1, "{halfword:#06x}");
    }
}

#[test]
fn wait_states_of_a_device_come_on_top() {
    for halfword in single_accesses() {
        let mut machine = about_to(&[halfword]);
        machine.core.regs[5] = SLOW;
        assert_eq!(machine.cost(), 4, "{halfword:#06x}: one, and an access phase of three");
    }
}

#[test]
fn system_control_space_takes_two_cycles() {
    for halfword in [ldr_imm(0, 5, 0), str_imm(0, 5, 0)] {
        let mut machine = about_to(&[halfword]);
        machine.core.regs[5] = 0xE000_ED08;
        assert_eq!(machine.cost(), 2, "{halfword:#06x}");
    }
}

#[test]
fn a_register_list_takes_one_cycle_and_one_for_each_register() {
    for (list, n) in [(0x01, 1), (0x0F, 4), (0xDF, 7), (0xFF, 8)] {
        assert_eq!(cycles(&[ldm(5, list)]), 1 + n);
        assert_eq!(cycles(&[stm(5, list)]), 1 + n);
        assert_eq!(cycles(&[push(list)]), 1 + n);
        assert_eq!(cycles(&[push(0x100 | list)]), 1 + n + 1, "N counts LR");
        let mut machine = about_to(&[pop(list)]);
        machine.core.regs[13] = RAM;
        assert_eq!(machine.cost(), 1 + n);
        let mut machine = about_to(&[pop(0x100 | list)]);
        machine.core.regs[13] = RAM;
        machine.bus.set_word(RAM + 4 * n as u32, Machine::START | 1);
        assert_eq!(machine.cost(), 3 + n + 1, "N counts PC");
    }
}

#[test]
fn branches() {
    assert_eq!(cycles(&[b_cond(NE, 4)]), 2, "taken: Z is clear after reset");
    assert_eq!(cycles(&[b_cond(EQ, 4)]), 1, "not taken");
    assert_eq!(cycles(&[b(4)]), 2);
    assert_eq!(cycles(&bl(4)), 3);
    assert_eq!(cycles(&[bx(8)]), 2);
    assert_eq!(cycles(&[blx(8)]), 2);
}

#[test]
fn system_instructions() {
    assert_eq!(cycles(&mrs(0, XPSR)), 3);
    assert_eq!(cycles(&msr(APSR, 0)), 3);
    for barrier in [DMB, DSB, ISB] {
        assert_eq!(cycles(&barrier), 3);
    }
    let mut machine = about_to(&[CPSID, SEV, WFE, WFI]);
    machine.steps(2);
    assert_eq!(machine.cost(), 2, "WFE that does not wait");
    // NVIC_ISER and NVIC_ISPR: WFI finds interrupt 0 pending, which PRIMASK holds back.
    machine.core.write_ppb(0xE000_E100, 1);
    machine.core.write_ppb(0xE000_E200, 1);
    assert_eq!(machine.cost(), 2, "WFI that does not wait");
}

#[test]
fn flash_words_cost_when_they_are_entered() {
    // Two instructions lie in a word; a taken branch fetches again, even within the word.
    let mut machine = Machine::new(&[NOP, NOP, NOP, b(-4), NOP]);
    machine.bus.fetch_cost = 7;
    let costs: Vec<_> = (0..5).map(|_| machine.cost()).collect();
    assert_eq!(costs, [8, 1, 8, 2, 7 + 2]);
    let word = Machine::START;
    assert_eq!(machine.bus.fetched, [word, word + 4, word + 4]);
}
