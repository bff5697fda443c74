//! Stubs: ROM functions made of real instructions around a step that runs in Rust.
//!
//! ```text
//!       entry a1, FRAME
//!       movi  a9, 0
//!       s32i  a9, a1, STATE      ; first local word
//! L:    movi  a15, 0             ; spills older frames of a8..a15 before a step writes them
//!       <trap>                   ; one step
//!       callx8 a8                ; taken when the step wants a call
//!       j     L
//!       retw
//! ```
//! Frame: words 0..3 are outgoing arguments, then [`LOCALS`] words of the step's own, then the save
//! areas of the windowed ABI (Xtensa ISA RM section 8.1.1).

use super::asm;
use super::guest::{Call, Done, Guest};
use super::image::Image;
use super::vars;

/// Bytes of a stub's frame.
pub const FRAME: u32 = 160;
/// Words of a step's own. Word 0 is 0 when the stub is entered.
pub const LOCALS: u32 = 24;
/// Offset of the locals: above four outgoing argument words.
const LOCALS_AT: u32 = 16;

/// Cycles of one pass of a loop that waits.
const POLL_CYCLES: u32 = 64;

/// Where stubs are placed: space that no linker script names.
const STUBS_AT: u32 = 0x4001_0000;
/// Offset of the trap in a stub.
const TRAP: u32 = 12;
/// From the trap at the reset vector to a jump to itself.
pub(super) const REST: u32 = 6;

/// What a step wants next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// The function returns; its result has been set with [`Call::ret`].
    Return,
    /// Poll again.
    Wait,
    /// Poll again after a known number of cycles.
    WaitCycles(u32),
    /// Run the next step at once.
    Again,
    /// Call a function of the guest (or of the ROM); its result is in [`Frame::result`].
    Call {
        /// Where.
        target: u32,
        /// Argument words.
        args: [u32; 6],
    },
}

impl Step {
    /// A call with up to six argument words.
    pub fn call(target: u32, args: &[u32]) -> Self {
        let mut words = [0; 6];
        words[..args.len()].copy_from_slice(args);
        Step::Call { target, args: words }
    }
}

/// A function that waits or calls back, one step at a time.
pub type StepFn = fn(&mut Frame<'_>) -> Done<Step>;

/// The frame of a stub: a [`Call`] with locals.
pub struct Frame<'a> {
    /// Arguments, result, memory.
    pub call: Call<'a>,
}

impl Frame<'_> {
    fn address(&self, index: u32) -> u32 {
        debug_assert!(index < LOCALS);
        self.call.guest.reg(1).wrapping_add(LOCALS_AT + 4 * index)
    }

    /// Address of local word `index`, for a call that takes a pointer.
    pub fn local_address(&self, index: u32) -> u32 {
        self.address(index)
    }

    /// Local word `index`.
    pub fn local(&mut self, index: u32) -> Done<u32> {
        let at = self.address(index);
        self.call.load(at)
    }

    /// Sets local word `index`.
    pub fn set_local(&mut self, index: u32, value: u32) -> Done {
        let at = self.address(index);
        self.call.store(at, value)
    }

    /// Result of the call that the last step made.
    pub fn result(&self) -> u32 {
        self.call.guest.reg(10)
    }
}

/// Runs one step at a trap. The answer is where the processor goes on.
pub(super) fn run(step: StepFn, guest: &mut dyn Guest) -> Done<u32> {
    let trap = guest.pc();
    let (again, call, leave) = (trap - 3, trap + 3, trap + 9);
    loop {
        let mut frame = Frame { call: Call::framed(guest, FRAME) };
        match step(&mut frame)? {
            Step::Return => return Ok(leave),
            Step::Wait => {
                guest.charge(POLL_CYCLES);
                return Ok(again);
            }
            Step::WaitCycles(cycles) => {
                guest.charge(cycles);
                return Ok(again);
            }
            Step::Again => guest.charge(4),
            Step::Call { target, args } => {
                guest.set_reg(8, target);
                for (i, &word) in args.iter().enumerate() {
                    guest.set_reg(10 + i as u32, word);
                }
                return Ok(call);
            }
        }
    }
}

/// Puts code into the ROM's image.
pub(super) struct Builder<'a> {
    image: &'a mut Image,
    free: u32,
}

impl<'a> Builder<'a> {
    pub(super) fn new(image: &'a mut Image) -> Self {
        Self { image, free: STUBS_AT }
    }

    fn code(&mut self, at: u32, instructions: &[u32]) -> u32 {
        self.image.code(at, instructions)
    }

    /// A stub for the function at `function`. The answer is the address of its trap.
    pub(super) fn stub(&mut self, function: u32) -> u32 {
        // Most lie in the ROM's table, with 12 bytes each. One lies by itself, where a J does not reach and room is.
        const TABLE_END: u32 = super::ROM_BASE + 0x1_0000;
        let at = self.free;
        if function >= TABLE_END {
            let trap = self.body(function);
            self.free = at;
            return trap;
        }
        self.code(function, &[asm::j(function, at)]);
        self.body(at)
    }

    /// The stub itself at `at`.
    fn body(&mut self, at: u32) -> u32 {
        let trap = at + TRAP;
        let again = trap - 3;
        self.code(at, &[asm::entry(1, FRAME), asm::movi(9, 0), asm::s32i(9, 1, LOCALS_AT), asm::movi(15, 0)]);
        self.code(trap + 3, &[asm::callx8(8), asm::j(trap + 6, again), asm::RETW]);
        self.free = at + 24;
        trap
    }

    /// Window vectors (Xtensa ISA RM section 4.7.1.4): the ROM's are in use until the application
    /// sets VECBASE, so through the whole second-stage bootloader.
    pub(super) fn vectors(&mut self) {
        use asm::{l32e, s32e, RFWO, RFWU};
        let base = super::ROM_BASE;
        self.code(base, &[s32e(0, 5, -16), s32e(1, 5, -12), s32e(2, 5, -8), s32e(3, 5, -4), RFWO]);
        self.code(base + 0x40, &[l32e(0, 5, -16), l32e(1, 5, -12), l32e(2, 5, -8), l32e(3, 5, -4), RFWU]);
        for (offset, s, low, last) in [(0x80, 9, -32, 7), (0x100, 13, -48, 11)] {
            let mut over = vec![s32e(0, s, -16), l32e(0, 1, -12), s32e(1, s, -12), s32e(2, s, -8), s32e(3, s, -4)];
            over.extend((4..=last).map(|t| s32e(t, 0, low + 4 * (t as i32 - 4))));
            over.push(RFWO);
            self.code(base + offset, &over);
            let mut under = vec![l32e(0, s, -16), l32e(1, s, -12), l32e(2, s, -8), l32e(last, 1, -12), l32e(3, s, -4)];
            under.extend((4..=last).map(|t| l32e(t, last, low + 4 * (t as i32 - 4))));
            under.push(RFWU);
            self.code(base + offset + 0x40, &under);
        }
    }

    /// `ets_delay_us`: spins on CCOUNT for the argument times the recorded cycles per microsecond.
    pub(super) fn delay(&mut self, function: u32) {
        let literal = self.free.next_multiple_of(4);
        self.image.put_word(literal, vars::TICKS_PER_US);
        let at = literal + 4;
        self.code(function, &[asm::j(function, at)]);
        let again = at + 15;
        self.free = self.code(
            at,
            &[
                asm::entry(1, 32),
                asm::l32r(3, at + 3, literal),
                asm::l32i(3, 3, 0),
                asm::mull(2, 2, 3),
                asm::rsr(4, asm::sr::CCOUNT),
                asm::rsr(3, asm::sr::CCOUNT),
                asm::sub(3, 3, 4),
                asm::bltu(3, 2, again + 6, again),
                asm::RETW,
            ],
        );
    }

    /// `setjmp` and `longjmp`: `ENTRY a1, 16`, for `setjmp` a spill of all windows by SYSCALL 0 with the
    /// buffer kept in a4, a trap, RETW. The answer is the trap.
    pub(super) fn jump(&mut self, function: u32, spill: bool) -> u32 {
        let at = self.free;
        self.code(function, &[asm::j(function, at)]);
        let mut code = vec![asm::entry(1, super::newlib::JUMP_FRAME)];
        if spill {
            code.extend([asm::mov(4, 2), asm::movi(2, 0), asm::SYSCALL]);
        }
        let trap = self.code(at, &code);
        self.free = self.code(trap + 3, &[asm::RETW]);
        trap
    }

    /// Functions compiled from firmware/rom: first a table of address in the ROM and place, up to a 0; at last their
    /// constants. The places are those of firmware/rom/rom.ld.
    pub(super) fn compiled(&mut self, file: &[u8]) {
        const CODE: u32 = 0x4001_8000;
        const CODE_BYTES: usize = 0x1_0000;
        const CONSTANTS: u32 = 0x3ff1_6000;
        /// What a J reaches.
        const REACH: u32 = 0x2_0000;
        /// Between the ROM's table and the code, and between the code and what lies behind it; no function there.
        const ISLANDS: [u32; 2] = [0x4001_4000, 0x4002_f000];
        let (code, constants) = file.split_at(CODE_BYTES.min(file.len()));
        self.image.put(CODE, code);
        self.image.mark_code(CODE, CODE + code.len() as u32);
        self.image.put(CONSTANTS, constants);
        let words = code.chunks_exact(4).map(|word| u32::from_le_bytes([word[0], word[1], word[2], word[3]]));
        let words: Vec<u32> = words.collect();
        for (n, entry) in words.chunks_exact(2).take_while(|entry| entry[0] != 0).enumerate() {
            let (from, to) = (entry[0], entry[1]);
            // What lies far away is reached by two.
            let between = ISLANDS[usize::from(from > to)];
            let island = if from.abs_diff(to) < REACH { to } else { between + 4 * n as u32 };
            self.code(from, &[asm::j(from, island)]);
            if island != to {
                self.code(island, &[asm::j(island, to)]);
            }
        }
    }

    /// The reset vector: a trap that sets the core up, then the stub of that core. The answers are the
    /// trap, the two stubs and their traps.
    pub(super) fn reset(&mut self, vector: u32) -> (u32, [u32; 2], [u32; 2]) {
        let mains = [self.free, self.free + 0x20];
        let traps = mains.map(|at| self.body(at));
        let trap = self.free.next_multiple_of(4);
        self.code(vector, &[asm::j(vector, trap)]);
        self.free = self.code(trap + 3, &[asm::callx8(8), asm::j(trap + REST, trap + REST)]);
        (trap, mains, traps)
    }
}
