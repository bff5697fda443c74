//! The windowed registers. ISA RM 4.7.1 (Windowed Register Option).
//!
//! The sixteen visible registers are kept as a copy, `Core::r`; their places in `Core::ar` are stale
//! until the window moves. A rotation copies four quarters out and four in.

use crate::core::{Core, CALLINC_SHIFT, OWB, OWB_SHIFT, PS_EXCM, PS_WOE};
use crate::exception::Cause;

const WINDOW_OVERFLOW: [u32; 3] = [0x000, 0x080, 0x100];
const WINDOW_UNDERFLOW: [u32; 3] = [0x040, 0x0C0, 0x140];

impl Core {
    /// Puts the visible registers back to their places.
    pub(crate) fn store_window(&mut self) {
        for quarter in 0..4 {
            let place = ((self.windowbase as usize + quarter) & 15) * 4;
            self.ar[place..place + 4].copy_from_slice(&self.r[quarter * 4..quarter * 4 + 4]);
        }
    }

    fn load_window(&mut self) {
        for quarter in 0..4 {
            let place = ((self.windowbase as usize + quarter) & 15) * 4;
            self.r[quarter * 4..quarter * 4 + 4].copy_from_slice(&self.ar[place..place + 4]);
        }
    }

    /// WINDOWBASE becomes `base`.
    pub(crate) fn rotate_to(&mut self, base: u32) {
        self.store_window();
        self.windowbase = base & 15;
        self.load_window();
    }

    pub(crate) fn rotate(&mut self, quarters: u32) {
        self.rotate_to(self.windowbase.wrapping_add(quarters));
    }

    fn start_bit(&self, back: u32) -> u32 {
        1 << (self.windowbase.wrapping_sub(back) & 15)
    }

    /// PS.WOE and not PS.EXCM.
    #[inline(always)]
    pub(crate) fn windows_checked(&self) -> bool {
        self.ps & (PS_WOE | PS_EXCM) == PS_WOE
    }

    /// The quarter up to which registers can be used without an overflow: 0 to 3.
    #[inline(always)]
    pub(crate) fn window_free(&self) -> u8 {
        if !self.windows_checked() {
            return 3;
        }
        (self.owned_above() | 8).trailing_zeros() as u8
    }

    /// WINDOWSTART from the quarter behind the current one on.
    #[inline(always)]
    fn owned_above(&self) -> u32 {
        (self.windowstart | self.windowstart << 16) >> (self.windowbase + 1)
    }

    /// WindowCheck failed (ISA RM 4.7.1.3): the frame in the way is spilled by the handler.
    /// Returns the vector.
    pub(crate) fn window_overflow(&mut self, pc: u32) -> u32 {
        let owned = self.owned_above();
        let distance = owned.trailing_zeros() + 1;
        let size = (owned >> distance).trailing_zeros().min(2);
        self.window_exception(pc, distance, WINDOW_OVERFLOW[size as usize])
    }

    fn window_exception(&mut self, pc: u32, rotation: u32, vector: u32) -> u32 {
        self.ps = self.ps & !OWB | self.windowbase << OWB_SHIFT | PS_EXCM;
        self.epc[1] = pc;
        self.rotate(rotation);
        self.vecbase.wrapping_add(vector)
    }

    /// ENTRY. `Err`: it is illegal here.
    pub(crate) fn entry(&mut self, s: u8, frame: u32) -> Result<(), Cause> {
        if s > 3 || !self.windows_checked() {
            return Err(Cause::IllegalInstruction);
        }
        let callinc = self.ps >> CALLINC_SHIFT & 3;
        let pointer = self.r[usize::from(s)].wrapping_sub(frame);
        self.r[(callinc as usize) << 2 | usize::from(s)] = pointer;
        self.rotate(callinc);
        self.windowstart |= 1 << self.windowbase;
        Ok(())
    }

    /// RETW at `pc`: where to go on, which is an underflow vector if the caller's frame has been
    /// spilled.
    pub(crate) fn retw(&mut self, pc: u32) -> Result<u32, Cause> {
        let back = self.r[0] >> 30;
        let nearest = (1..=3).find(|&back| self.windowstart & self.start_bit(back) != 0);
        if !self.windows_checked() || back == 0 || nearest.is_some_and(|nearest| nearest != back) {
            return Err(Cause::IllegalInstruction);
        }
        if nearest.is_none() {
            let vector = WINDOW_UNDERFLOW[back as usize - 1];
            return Ok(self.window_exception(pc, back.wrapping_neg(), vector));
        }
        let target = pc & 0xC000_0000 | self.r[0] & 0x3FFF_FFFF;
        self.windowstart &= !self.start_bit(0);
        self.rotate(back.wrapping_neg());
        Ok(target)
    }

    /// MOVSP: an alloca exception unless the caller's frame is in the registers.
    pub(crate) fn caller_in_registers(&self) -> bool {
        let bits = self.start_bit(1) | self.start_bit(2) | self.start_bit(3);
        self.windowstart & bits != 0
    }

    /// RFWO (`owned` false) and RFWU: the handler is done.
    pub(crate) fn return_from_window(&mut self, owned: bool) -> u32 {
        self.ps &= !PS_EXCM;
        match owned {
            true => self.windowstart |= self.start_bit(0),
            false => self.windowstart &= !self.start_bit(0),
        }
        self.rotate_to(self.ps >> OWB_SHIFT & 15);
        self.epc[1]
    }

    /// A register of the current window.
    pub fn a(&self, n: usize) -> u32 {
        self.r[n]
    }

    /// Writes a register of the current window.
    pub fn set_a(&mut self, n: usize, value: u32) {
        self.r[n] = value;
    }

    /// The 64 physical registers.
    pub fn physical_registers(&self) -> [u32; 64] {
        let mut whole = self.clone();
        whole.store_window();
        *whole.ar
    }

    /// Writes physical register `n`.
    pub fn set_physical_register(&mut self, n: usize, value: u32) {
        self.store_window();
        self.ar[n % 64] = value;
        self.load_window();
    }

    /// A0 and A1 of the callers whose frames are still in the registers, the nearest first: a debugger finds the rest on
    /// the stack (ISA RM 8.1.5). A0's upper bits say how far back its caller's window is.
    pub fn callers(&self) -> Vec<(u32, u32)> {
        let registers = self.physical_registers();
        let (mut base, mut found) = (self.windowbase, Vec::new());
        let mut back = self.r[0] >> 30;
        // Of 16 windows no more than 15 are of callers.
        while back != 0 && found.len() < 15 {
            base = base.wrapping_sub(back) & 15;
            if self.windowstart >> base & 1 == 0 || base == self.windowbase {
                break;
            }
            let at = 4 * base as usize;
            found.push((registers[at], registers[at + 1]));
            back = registers[at] >> 30;
        }
        found
    }

    /// WINDOWBASE.
    pub fn windowbase(&self) -> u32 {
        self.windowbase
    }

    /// WINDOWSTART.
    pub fn windowstart(&self) -> u32 {
        self.windowstart
    }
}
