//! Loops that only wait, several turns at once.
//!
//! `while (REGISTER & BUSY) {}` gives the same in each turn until something outside of the processor changes. Where a whole
//! turn has left the registers as they were, and the bus promises that what it loaded stays as it is for a while
//! ([`Bus::unchanged_until`]), the turns that fit into that time are not executed but counted: the state behind
//! them is the state before them, with the cycles and instructions that they take.
//!
//! Such a turn is found when a block is decoded. It is straight-line code from the start of the block to a branch back to
//! that start; its instructions read memory and write registers of the visible window, and nothing else; and none of them
//! counts in place, because a loop that counts does not wait. Before the branch stands [`OpCode::Turn`].

use crate::op::{Op, OpCode};
use crate::Bus;

/// Is this the branch that closes a turn which begins at `start`?
fn goes_back(op: &Op, start: u32) -> bool {
    use OpCode as O;
    op.imm == start && (is_branch(op.code) || op.code == O::J)
}

fn is_branch(code: OpCode) -> bool {
    use OpCode as O;
    let zero = matches!(code, O::Beqz | O::Bnez | O::Bltz | O::Bgez);
    let constant = matches!(code, O::Beqi | O::Bnei | O::Blti | O::Bgei | O::Bltui | O::Bgeui);
    let pair = matches!(code, O::Beq | O::Bne | O::Blt | O::Bge | O::Bltu | O::Bgeu);
    let mask = matches!(code, O::Bany | O::Bnone | O::Ball | O::Bnall | O::Bbc | O::Bbs | O::Bbci | O::Bbsi);
    zero || constant || pair || mask || matches!(code, O::Bf | O::Bt)
}

/// Does it read nothing but memory, registers and constants, and write nothing but a register of the window?
fn may_wait(op: &Op) -> bool {
    use OpCode as O;
    let counts = op.code == O::Addi && op.r == op.s;
    let adds = matches!(op.code, O::Add | O::Addx2 | O::Addx4 | O::Addx8 | O::Sub | O::Subx2 | O::Subx4 | O::Subx8);
    let logic = matches!(op.code, O::And | O::Or | O::Xor | O::Neg | O::Abs | O::Mov | O::Addi | O::Movi);
    let shifts = matches!(op.code, O::Slli | O::Srli | O::Srai | O::Extui | O::Sext | O::Nsau);
    let picks = matches!(op.code, O::Moveqz | O::Movnez | O::Movltz | O::Movgez | O::Min | O::Max | O::Minu | O::Maxu);
    let loads = matches!(op.code, O::L8ui | O::L16ui | O::L16si | O::L32i | O::L32r | O::L32ai);
    let nothing = matches!(op.code, O::Nop | O::Memw);
    !counts && (adds || logic || shifts || picks || loads || nothing || is_branch(op.code))
}

/// The place of the branch that closes a turn, among the instructions of the block that begins at `start`.
pub(crate) fn find_turn(instructions: &[Op], start: u32) -> Option<usize> {
    let end = instructions.iter().position(|op| goes_back(op, start) || !may_wait(op))?;
    goes_back(&instructions[end], start).then_some(end)
}

/// The turns of a loop as the executor comes by.
pub(crate) struct Turns {
    /// Where the processor was when it came by last: the address of the branch, and what it had.
    pc: u32,
    executed: u64,
    cycle: u64,
    registers: [u32; 16],
}

/// So many more turns, of so many cycles.
pub(crate) struct More {
    pub turns: u64,
    pub cycles: u64,
}

impl Turns {
    /// None has been seen.
    pub fn new() -> Self {
        Turns { pc: 0, executed: u64::MAX, cycle: 0, registers: [0; 16] }
    }

    /// The processor comes to the branch at `pc` that closes a turn of so many instructions. Says how many more turns it
    /// takes, in which nothing changes.
    ///
    /// If exactly as many instructions were executed since it came by last, they were those of one turn: any other way
    /// here, by leaving the loop and coming back, is longer. (No zero-overhead loop ends here, see [`crate::Code`].)
    ///
    /// Not a part of the executor's loop, whose registers it would take.
    #[cold]
    #[inline(never)]
    pub fn pass<B: Bus>(
        &mut self,
        bus: &mut B,
        pc: u32,
        instructions: u64,
        executed: u64,
        cycle: u64,
        registers: &[u32; 16],
    ) -> More {
        let one_turn = pc == self.pc && executed.wrapping_sub(self.executed) == instructions;
        let cycles = cycle - self.cycle;
        let until = bus.deadline().min(bus.unchanged_until());
        let turns = match one_turn && *registers == self.registers {
            true => until.saturating_sub(cycle) / cycles,
            false => 0,
        };
        bus.watch_loads();
        *self = Turns {
            pc,
            executed: executed + turns * instructions,
            cycle: cycle + turns * cycles,
            registers: *registers,
        };
        More { turns, cycles }
    }
}
