//! Exceptions of random programs: what takes them, what they do, and the process stack.

use super::super::thumb::*;
use super::*;

impl Program {
    /// SVC, or PendSV at once, or PendSV that PRIMASK holds back, with WFI in between.
    pub(super) fn exception(&mut self) {
        if self.chance(2) {
            let imm = self.rng.below(256);
            return self.emit(svc(imm));
        }
        let masked = self.chance(2);
        let (port, bit) = (0, 1);
        if self.keep & 3 != 0 {
            return self.simples(4);
        }
        if masked {
            self.emit(CPSID);
        }
        self.constant(port, ICSR);
        self.constant(bit, PENDSVSET);
        self.emit(str_imm(bit, port, 0));
        if masked {
            self.simples(4);
            if self.chance(2) {
                self.emit(WFI);
            }
            if self.chance(2) {
                self.emit(CPSIE);
            } else {
                let zero = self.low();
                self.emit(movs_imm(zero, 0));
                self.emit_wide(msr(PRIMASK, zero));
            }
        }
    }

    /// A HardFault, whose handler skips the instruction.
    pub(super) fn fault(&mut self) {
        let (rd, base) = (self.low(), self.low());
        match self.rng.below(3) {
            0 => {
                let imm = self.rng.below(256);
                self.emit(udf(imm));
            }
            // Nothing at 0x6000_0000.
            1 => {
                self.emit(movs_imm(base, 3));
                self.emit(lsls_imm(base, base, 29));
                let access = self.rng.pick(&[ldr_imm(rd, base, 0), str_imm(rd, base, 0), ldrb_imm(rd, base, 0)]);
                self.emit(access);
            }
            // Unaligned.
            _ => {
                self.address(base, 2);
                self.emit(adds_imm8(base, 1));
                let list = self.list();
                let access = self.rng.pick(&[
                    ldr_imm(rd, base, 4),
                    ldrh_imm(rd, base, 4),
                    strh_imm(rd, base, 4),
                    str_imm(rd, base, 4),
                    ldm(base, list),
                ]);
                self.emit(access);
            }
        }
    }

    /// Thread mode on the process stack for a while, exceptions included.
    pub(super) fn process_stack(&mut self) {
        let rd = self.low();
        let padding = u32::from(self.rng.below(2)) * 4;
        self.constant(rd, PROCESS_STACK + padding);
        self.emit_wide(msr(PSP, rd));
        self.emit(movs_imm(rd, 2));
        self.emit_wide(msr(CONTROL, rd));
        self.emit_wide(ISB);
        for _ in 0..self.rng.below(6) {
            self.statement(0);
            if self.chance(2) {
                self.exception();
            }
        }
        let rd = self.low();
        self.emit(movs_imm(rd, 0));
        self.emit_wide(msr(CONTROL, rd));
        self.emit_wide(ISB);
    }

    /// HardFault, SVCall and PendSV. Two of them return by BX, one by POP.
    pub(super) fn handlers(&mut self) {
        self.set_word(0, MAIN_STACK);
        let hard_fault = self.at;
        // Skip the instruction: the return address is the seventh word of the frame. The frame is
        // on the process stack if bit 2 of EXC_RETURN says so.
        self.emit_wide(mrs(0, PSP));
        self.emit(mov(1, LR));
        self.emit(lsrs_imm(1, 1, 3));
        self.emit(b_cond(2, 0));
        self.emit(mov(0, SP));
        self.emit(ldr_imm(1, 0, 24));
        self.emit(adds_imm8(1, 2));
        self.emit(str_imm(1, 0, 24));
        self.emit(bx(LR));
        // The hardware saves R0 to R3; the code around relies on R4 to R7.
        let (keep, framed) = (self.keep, self.framed);
        self.keep |= 0xF0;
        self.framed = true;
        let svcall = self.at;
        self.emit(push(0x110));
        for _ in 0..20 {
            self.statement(0);
        }
        self.emit(pop(0x110));
        let pendsv = self.at;
        self.keeping(LR, |p| {
            for _ in 0..30 {
                p.simple();
            }
        });
        self.emit(bx(LR));
        (self.keep, self.framed) = (keep, framed);
        self.align();
        self.set_word(4 * 3, hard_fault | 1);
        self.set_word(4 * 11, svcall | 1);
        self.set_word(4 * 14, pendsv | 1);
    }
}
