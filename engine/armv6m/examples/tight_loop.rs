//! Prints the speed of a loop of eight operations on a flat bus, in million instructions per second.

#[path = "../tests/common/mod.rs"]
mod common;

use std::time::Instant;

use common::{thumb::*, Machine, RAM};

/// Eight operations: arithmetic, logic, a shift, a load, a store, a compare and the branch.
fn tight_loop() -> Vec<u16> {
    vec![
        adds_reg(0, 0, 1),
        data(EORS, 2, 0),
        lsls_imm(3, 2, 3),
        ldr_imm(4, 5, 0),
        adds_reg(4, 4, 3),
        str_imm(4, 5, 0),
        subs_imm8(6, 1),
        b_cond(NE, -18),
    ]
}

/// The same without memory.
fn register_loop() -> Vec<u16> {
    vec![
        adds_reg(0, 0, 1),
        data(EORS, 2, 0),
        lsls_imm(3, 2, 3),
        adds_imm8(4, 5),
        adds_reg(4, 4, 3),
        data(ORRS, 4, 2),
        subs_imm8(6, 1),
        b_cond(NE, -18),
    ]
}

/// A call with a frame: BL, PUSH, POP.
fn calls() -> Vec<u16> {
    let mut code = bl(4).to_vec();
    code.extend([subs_imm8(6, 1), b_cond(NE, -10), push(0x110), adds_imm8(4, 1), pop(0x110)]);
    code
}

/// A critical section as the SDK has it: MRS PRIMASK, CPSID, MSR PRIMASK.
fn critical_section() -> Vec<u16> {
    let mut code = mrs(0, PRIMASK).to_vec();
    code.push(CPSID);
    code.extend(msr(PRIMASK, 0));
    code.extend([subs_imm8(6, 1), b_cond(NE, -16)]);
    code
}

fn main() {
    let programs = [
        ("tight loop", tight_loop()),
        ("registers only", register_loop()),
        ("calls", calls()),
        ("critical section", critical_section()),
    ];
    for (name, program) in programs {
        let mut machine = Machine::new(&program);
        machine.core.regs[5] = RAM + 0x100;
        let started = Instant::now();
        machine.run_for(500_000_000);
        let seconds = started.elapsed().as_secs_f64();
        println!(
            "{name}: {:.0} MIPS ({} instructions, {} cycles)",
            machine.core.instructions as f64 / seconds / 1e6,
            machine.core.instructions,
            machine.core.cycle,
        );
    }
}
