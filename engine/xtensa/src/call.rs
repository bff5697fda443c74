//! Calls seen, and made, from outside: what a debugger needs to stand in for a function, and to call one.
//!
//! Authorities: Xtensa ISA RM 8.1 (windowed and CALL0 ABI: six words of arguments in A2 to A7 of the callee, the others on
//! the stack from the caller's stack pointer on, the result in A2 and A3 of the callee) and 8.1.5 (base and extra save areas).

use serde::{Deserialize, Serialize};

use crate::core::{Core, CALLINC_SHIFT, PS_CALLINC, PS_EXCM, PS_INTLEVEL, PS_WOE};

/// Where a function that was called from outside returns to. Nothing lies there: a breakpoint stands in its place. Its upper
/// bits are those of all code, since RETW keeps those of the callee.
pub const RETURN_ADDRESS: u32 = 0x4FFF_FFF0;

/// Words of arguments in registers.
pub const REGISTER_ARGUMENTS: usize = 6;
/// Words of arguments on the stack that [`Core::call`] has room for.
pub const STACK_ARGUMENTS: usize = 8;

/// Low byte of ENTRY in the little-endian configuration, ISA RM chapter 6.
const ENTRY: u8 = 0x36;
/// Low six bits of J.
const J: u8 = 0x06;

const SP: usize = 1;
/// ISA RM 8.1.5: A0 to A3 of a caller lie here, below the stack pointer of its callee.
const BASE_SAVE_AREA: u32 = 16;
/// LBEG, LEND, LCOUNT, SAR, BR, SCOMPARE1, ACCLO, ACCHI, M0 to M3 (ISA RM chapter 5).
const SPECIALS: [u8; 12] = [0, 1, 2, 3, 4, 12, 16, 17, 32, 33, 34, 35];
/// What the first word of a frame says, in its upper bits.
const MARK: u32 = 0x4341_4C40;
/// The function was called through a window.
const WINDOWED: u32 = 1;
/// The program had been stopped before the instruction at its PC.
const STOPPED: u32 = 2;
/// Mark, PC, PS, CPENABLE, A0 to A15, special registers, FCR, FSR, F0 to F15.
const SAVED: u32 = 4 * (4 + 16 + SPECIALS.len() as u32 + 2 + 16);

/// Memory as a debugger sees it.
pub trait Words {
    /// The byte at an address.
    fn byte(&mut self, addr: u32) -> Option<u8>;
    /// Writes a byte of RAM. False: no RAM.
    fn set_byte(&mut self, addr: u32, value: u8) -> bool;
    /// Does a function lie here of which there are no instructions?
    fn is_trap(&mut self, addr: u32) -> bool;

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

/// Is the first instruction ENTRY, or a jump to one, as in the table of functions that a mask ROM begins with?
fn begins_with_entry(memory: &mut impl Words, function: u32) -> bool {
    match (memory.byte(function), memory.word(function)) {
        (Some(ENTRY), _) => true,
        // ISA RM chapter 6: J goes to PC + 4 + its 18 bits of offset.
        (Some(byte), Some(word)) if byte & 0x3F == J => {
            let offset = ((word << 8) as i32 >> 14) as u32;
            memory.byte(function.wrapping_add(4).wrapping_add(offset)) == Some(ENTRY)
        }
        _ => false,
    }
}

/// What a function called from outside came back with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Returned {
    /// The frame that [`Core::call`] gave.
    pub frame: u32,
    /// A2 and A3 of the callee.
    pub result: [u32; 2],
}

impl Core {
    /// The register of the current window in which the function at PC, of which nothing has been executed, sees its A0.
    fn window_of_callee(&self, memory: &mut impl Words) -> usize {
        if memory.is_trap(self.pc) {
            return self.trap_window();
        }
        let entry = begins_with_entry(memory, self.pc) && self.ps & PS_WOE != 0;
        usize::from(entry) * 4 * (self.ps >> CALLINC_SHIFT & 3) as usize
    }

    fn physical(&self, number: usize) -> u32 {
        match self.r.get(number) {
            Some(value) => *value,
            None => self.ar[(4 * self.windowbase as usize + number) % 64],
        }
    }

    /// A2 to A7 of the function at PC, of which nothing has been executed, and the stack pointer where its other arguments lie.
    pub fn arguments(&self, memory: &mut impl Words) -> ([u32; REGISTER_ARGUMENTS], u32) {
        let window = self.window_of_callee(memory);
        (std::array::from_fn(|n| self.physical(window + 2 + n)), self.r[SP])
    }

    /// Where the function at PC, of which nothing has been executed, returns to.
    pub fn return_address(&self, memory: &mut impl Words) -> u32 {
        match self.window_of_callee(memory) {
            0 => self.r[0],
            window => self.pc & 0xC000_0000 | self.r[window] & 0x3FFF_FFFF,
        }
    }

    /// The function at PC, of which nothing has been executed, returns at once with this in its A2, and A3.
    pub fn return_at_once(&mut self, memory: &mut impl Words, low: u32, high: Option<u32>) {
        let window = self.window_of_callee(memory);
        self.pc = self.return_address(memory);
        // With CALL12 these are A14 and A15: still in the window.
        self.r[window + 2] = low;
        if let Some(high) = high {
            self.r[window + 3] = high;
        }
    }

    /// Saves the frames of callers that lie in the 12 registers behind A3, as the overflow handlers would (ISA RM 8.1.5).
    fn spill_behind(&mut self, memory: &mut impl Words) -> bool {
        self.store_window();
        let base = self.windowbase;
        for pane in (1..4).map(|n| base + n & 15) {
            if self.windowstart >> pane & 1 == 0 {
                continue;
            }
            let callee = (1..=4).map(|n| (n, pane + n & 15)).find(|(_, next)| self.windowstart >> next & 1 != 0);
            let Some((size, callee)) = callee.filter(|(size, _)| *size < 4) else { return false };
            let at = |n: u32| (4 * pane + n & 63) as usize;
            let below = self.ar[4 * callee as usize + SP].wrapping_sub(BASE_SAVE_AREA);
            let mut saved = (0..4).all(|n| memory.set_word(below.wrapping_add(4 * n), self.ar[at(n)]));
            if size > 1 {
                let caller = self.ar[at(1)].wrapping_sub(BASE_SAVE_AREA - 4);
                let extra = 4 * (size - 1);
                let Some(stack) = memory.word(caller) else { return false };
                let area = stack.wrapping_sub(BASE_SAVE_AREA + 4 * extra);
                saved &= (0..extra).all(|n| memory.set_word(area.wrapping_add(4 * n), self.ar[at(4 + n)]));
            }
            if !saved {
                return false;
            }
            self.windowstart &= !(1 << pane);
        }
        true
    }

    fn copy_save_area(memory: &mut impl Words, from: u32, to: u32) -> bool {
        (1..=4).all(|n| match memory.word(from.wrapping_sub(4 * n)) {
            Some(word) => memory.set_word(to.wrapping_sub(4 * n), word),
            None => false,
        })
    }

    /// Do interrupts reach the program that runs here, and is it none of a handler?
    pub fn is_interruptible(&self) -> bool {
        self.ps & (PS_INTLEVEL | PS_EXCM) == 0
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
        if self.ps & PS_EXCM != 0 {
            return Err("an exception handler cannot call functions: PS.EXCM is set");
        }
        let windowed = self.ps & PS_WOE != 0;
        if windowed && !self.spill_behind(memory) {
            return Err("the callers in the registers cannot be saved: there is no stack");
        }
        let own = self.r[SP];
        let top = stack.unwrap_or(own.wrapping_sub(BASE_SAVE_AREA));
        let frame = top.wrapping_sub(SAVED + 4 * STACK_ARGUMENTS as u32) & !15;
        let entry = windowed && (memory.is_trap(function) || begins_with_entry(memory, function));
        let kept = self.kept_words(entry);
        let first = frame.wrapping_add(4 * STACK_ARGUMENTS as u32);
        let on_stack = arguments.get(REGISTER_ARGUMENTS..).unwrap_or_default();
        let written = (0u32..).zip(kept).all(|(n, word)| memory.set_word(first.wrapping_add(4 * n), word))
            && (0u32..).zip(on_stack).all(|(n, word)| memory.set_word(frame.wrapping_add(4 * n), *word));
        if !written || !Self::copy_save_area(memory, own, frame) {
            return Err("there is no RAM for its frame");
        }
        self.r[SP] = frame;
        let window = if entry { 4 } else { 0 };
        self.ps = self.ps & !PS_CALLINC | u32::from(entry) << CALLINC_SHIFT;
        self.r[window] = if entry { RETURN_ADDRESS & 0x3FFF_FFFF | 1 << 30 } else { RETURN_ADDRESS };
        for (n, word) in arguments.iter().take(REGISTER_ARGUMENTS).enumerate() {
            self.r[window + 2 + n] = *word;
        }
        self.lcount = 0;
        self.pc = function;
        self.stopped_at = None;
        self.sleeping = false;
        Ok(frame)
    }

    fn kept_words(&mut self, entry: bool) -> Vec<u32> {
        let stopped = self.stopped_at == Some(self.pc);
        let mark = MARK | u32::from(entry) * WINDOWED | u32::from(stopped) * STOPPED;
        let mut kept = vec![mark, self.pc, self.ps, self.cpenable];
        kept.extend(self.r);
        kept.extend(SPECIALS.map(|number| self.special(number).unwrap_or_default()));
        kept.extend([self.fpu.fcr, self.fpu.fsr]);
        kept.extend(self.fpu.fr);
        kept
    }

    /// A function that was called from outside has come back: the program goes on where it was.
    pub fn end_call(&mut self, memory: &mut impl Words) -> Result<Returned, &'static str> {
        let frame = self.r[SP];
        let first = frame.wrapping_add(4 * STACK_ARGUMENTS as u32);
        let kept: Option<Vec<u32>> = (0..SAVED / 4).map(|n| memory.word(first.wrapping_add(4 * n))).collect();
        let kept = kept
            .filter(|kept| kept[0] & !(WINDOWED | STOPPED) == MARK)
            .ok_or("the frame of a call from outside is lost")?;
        let window = if kept[0] & WINDOWED != 0 { 4 } else { 0 };
        let result = [self.r[window + 2], self.r[window + 3]];
        if self.ps & PS_WOE != 0 && !self.spill_behind(memory) {
            return Err("the callers in the registers cannot be saved: there is no stack");
        }
        let (head, rest) = kept.split_at(4);
        let (registers, rest) = rest.split_at(16);
        let (specials, fpu) = rest.split_at(SPECIALS.len());
        let own = registers[SP];
        if !Self::copy_save_area(memory, frame, own) {
            return Err("there is no stack to go back to");
        }
        for (number, value) in SPECIALS.into_iter().zip(specials) {
            self.set_special(number, *value);
        }
        // Another owner's registers are in the FPU when the program has lost it meanwhile.
        if head[3] & self.cpenable & 1 != 0 {
            (self.fpu.fcr, self.fpu.fsr) = (fpu[0], fpu[1]);
            self.fpu.fr.copy_from_slice(&fpu[2..]);
        }
        self.r.copy_from_slice(registers);
        self.pc = head[1];
        self.ps = head[2];
        self.stopped_at = (head[0] & STOPPED != 0).then_some(self.pc);
        Ok(Returned { frame, result })
    }
}
