//! Calls seen, and made, from outside: what a debugger needs to stand in for a function, and to call one.
//!
//! Authority: Procedure Call Standard for the Arm Architecture (AAPCS32): four words of arguments in R0 to R3, the others on
//! the stack from SP on, the result in R0 and R1, a stack of eight-byte alignment.

use crate::core::{Core, LR, PC, SP};

/// Where a function that was called from outside returns to. Nothing can be executed there (ARMv6-M ARM, B3.1: a region for
/// devices): a breakpoint stands in its place.
pub const RETURN_ADDRESS: u32 = 0xDFFF_FFF0;

/// Words of arguments in registers.
pub const REGISTER_ARGUMENTS: usize = 4;
/// Words of arguments on the stack that [`Core::call`] has room for.
pub const STACK_ARGUMENTS: usize = 10;

/// What the first word of a frame says, in its upper bits.
const MARK: u32 = 0x4341_4C40;
/// The program had been stopped before the instruction at its PC.
const STOPPED: u32 = 1;
/// Mark, flags, R0 to PC.
const SAVED: u32 = 4 * 18;

/// Memory as a debugger sees it.
pub trait Words {
    /// The byte at an address.
    fn byte(&mut self, addr: u32) -> Option<u8>;
    /// Writes a byte of RAM. False: no RAM.
    fn set_byte(&mut self, addr: u32, value: u8) -> bool;

    /// The word at an address.
    fn word(&mut self, addr: u32) -> Option<u32> {
        let mut bytes = [0; 4];
        for (n, byte) in (0u32..).zip(&mut bytes) {
            *byte = self.byte(addr.wrapping_add(n))?;
        }
        Some(u32::from_le_bytes(bytes))
    }

    /// Writes a word of RAM. False: no RAM.
    fn set_word(&mut self, addr: u32, value: u32) -> bool {
        (0u32..).zip(value.to_le_bytes()).all(|(n, byte)| self.set_byte(addr.wrapping_add(n), byte))
    }
}

/// What a function called from outside came back with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Returned {
    /// The frame that [`Core::call`] gave.
    pub frame: u32,
    /// R0 and R1.
    pub result: [u32; 2],
}

impl Core {
    /// R0 to R3 of the function at PC, of which nothing has been executed, and the stack pointer where its other arguments lie.
    pub fn arguments(&self) -> ([u32; REGISTER_ARGUMENTS], u32) {
        (std::array::from_fn(|n| self.regs[n]), self.regs[SP])
    }

    /// The function at PC, of which nothing has been executed, returns at once with this in R0, and R1.
    pub fn return_at_once(&mut self, low: u32, high: Option<u32>) {
        self.regs[0] = low;
        if let Some(high) = high {
            self.regs[1] = high;
        }
        self.branch_exchange(self.regs[LR]);
    }

    /// Is the program that runs here none of a handler, and can interrupts reach it? One that sleeps with PRIMASK set waits
    /// for them, and looks around when it wakes up.
    pub fn is_interruptible(&self) -> bool {
        self.ipsr == 0 && (!self.primask || self.sleeping)
    }

    /// The program at PC calls a function, with a frame on its own stack, or below `stack`, that keeps all registers; the
    /// function comes back to [`RETURN_ADDRESS`]. Returns the address of the frame.
    pub fn call(
        &mut self,
        memory: &mut impl Words,
        function: u32,
        arguments: &[u32],
        stack: Option<u32>,
    ) -> Result<u32, &'static str> {
        if arguments.len() > REGISTER_ARGUMENTS + STACK_ARGUMENTS {
            return Err("a call from outside has room for 14 words of arguments");
        }
        let frame = stack.unwrap_or(self.regs[SP]).wrapping_sub(SAVED + 4 * STACK_ARGUMENTS as u32) & !7;
        let first = frame.wrapping_add(4 * STACK_ARGUMENTS as u32);
        let stopped = self.stopped_at == Some(self.regs[PC]);
        let head = [MARK | u32::from(stopped) * STOPPED, self.apsr()];
        let kept = head.into_iter().chain(self.regs);
        let on_stack = arguments.get(REGISTER_ARGUMENTS..).unwrap_or_default();
        let written = (0u32..).zip(kept).all(|(n, word)| memory.set_word(first.wrapping_add(4 * n), word))
            && (0u32..).zip(on_stack).all(|(n, word)| memory.set_word(frame.wrapping_add(4 * n), *word));
        if !written {
            return Err("there is no RAM for its frame");
        }
        for (register, word) in self.regs.iter_mut().zip(arguments.iter().take(REGISTER_ARGUMENTS)) {
            *register = *word;
        }
        self.regs[SP] = frame;
        self.regs[LR] = RETURN_ADDRESS | 1;
        self.branch_exchange(function | 1);
        self.stopped_at = None;
        self.sleeping = false;
        Ok(frame)
    }

    /// A function that was called from outside has come back: the program goes on where it was.
    pub fn end_call(&mut self, memory: &mut impl Words) -> Result<Returned, &'static str> {
        let frame = self.regs[SP];
        let first = frame.wrapping_add(4 * STACK_ARGUMENTS as u32);
        let kept: Option<Vec<u32>> = (0..SAVED / 4).map(|n| memory.word(first.wrapping_add(4 * n))).collect();
        let kept = kept.filter(|kept| kept[0] & !STOPPED == MARK).ok_or("the frame of a call from outside is lost")?;
        let result = [self.regs[0], self.regs[1]];
        self.set_apsr(kept[1]);
        self.regs.copy_from_slice(&kept[2..]);
        self.branch_exchange(self.regs[PC] | 1);
        self.stopped_at = (kept[0] & STOPPED != 0).then_some(self.regs[PC]);
        Ok(Returned { frame, result })
    }
}
