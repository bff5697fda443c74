//! The disassembler, against the assembler syntax of ARMv6-M ARM chapter A6.

mod common;

use armv6m::disasm::disassemble;
use common::thumb::*;

const AT: u32 = 0x1000_0102;

#[test]
fn halfwords() {
    let expected = [
        (lsls_imm(1, 2, 0), "movs r1, r2"),
        (lsls_imm(1, 2, 31), "lsls r1, r2, #31"),
        (lsrs_imm(1, 2, 32), "lsrs r1, r2, #32"),
        (asrs_imm(1, 2, 3), "asrs r1, r2, #3"),
        (adds_reg(1, 2, 3), "adds r1, r2, r3"),
        (subs_imm3(1, 2, 7), "subs r1, r2, #7"),
        (movs_imm(6, 255), "movs r6, #255"),
        (cmp_imm(6, 1), "cmp r6, #1"),
        (data(ANDS, 1, 2), "ands r1, r2"),
        (data(RSBS, 1, 2), "rsbs r1, r2, #0"),
        (data(MULS, 1, 2), "muls r1, r2, r1"),
        (data(MVNS, 1, 2), "mvns r1, r2"),
        (add_high(8, 13), "add r8, sp"),
        (cmp_high(1, 12), "cmp r1, r12"),
        (mov(15, 14), "mov pc, lr"),
        (bx(14), "bx lr"),
        (blx(3), "blx r3"),
        // The PC value is 0x1000_0106, of which a literal takes the word address.
        (ldr_lit(2, 8), "ldr r2, [pc, #8] ; 0x1000010c"),
        (ldrsh_reg(1, 2, 3), "ldrsh r1, [r2, r3]"),
        (str_reg(1, 2, 3), "str r1, [r2, r3]"),
        (str_imm(1, 2, 124), "str r1, [r2, #124]"),
        (ldrh_imm(1, 2, 62), "ldrh r1, [r2, #62]"),
        (ldrb_imm(1, 2, 31), "ldrb r1, [r2, #31]"),
        (ldr_sp(1, 1020), "ldr r1, [sp, #1020]"),
        (adr(1, 4), "adr r1, 0x10000108"),
        (add_rd_sp(1, 8), "add r1, sp, #8"),
        (add_sp(508), "add sp, #508"),
        (sub_sp(4), "sub sp, #4"),
        (uxtb(1, 2), "uxtb r1, r2"),
        (revsh(1, 2), "revsh r1, r2"),
        (push(0x1F3), "push {r0, r1, r4-r7, lr}"),
        (pop(0x101), "pop {r0, pc}"),
        (CPSID, "cpsid i"),
        (bkpt(171), "bkpt #171"),
        (WFI, "wfi"),
        (stm(0, 0b1110), "stmia r0!, {r1-r3}"),
        (ldm(0, 0b0110), "ldmia r0!, {r1, r2}"),
        (ldm(0, 0b0111), "ldmia r0, {r0-r2}"),
        (b_cond(NE, -4), "bne 0x10000102"),
        (b(-2048), "b 0xffff906"),
        (udf(1), "udf #1"),
        (svc(2), "svc #2"),
        // CBZ is Armv7-M.
        (0xB100, ".short 0xb100"),
    ];
    for (halfword, text) in expected {
        let disassembly = disassemble(AT, halfword, 0);
        assert_eq!((disassembly.text.as_str(), disassembly.bytes), (text, 2), "{halfword:#06x}");
    }
}

#[test]
fn wide_instructions() {
    let expected = [
        (bl(-0x100_0000), "bl 0xf000106"),
        (bl(0x12_3456), "bl 0x1012355c"),
        (mrs(3, PRIMASK), "mrs r3, PRIMASK"),
        (msr(CONTROL, 2), "msr CONTROL, r2"),
        (DSB, "dsb"),
        (DMB, "dmb"),
        (ISB, "isb"),
        ([0xF7F1, 0xA234], "udf.w #4660"),
        // SDIV is Armv7-M.
        ([0xFB91, 0xF0F2], ".word 0xfb91f0f2"),
    ];
    for ([first, second], text) in expected {
        let disassembly = disassemble(AT, first, second);
        assert_eq!((disassembly.text.as_str(), disassembly.bytes), (text, 4));
    }
}
