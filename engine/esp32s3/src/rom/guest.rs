//! What a ROM function sees of the chip, and how it answers.

/// An access that the chip refused: an exception at the call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fault {
    /// EXCCAUSE.
    pub cause: u32,
    /// EXCVADDR.
    pub addr: u32,
}

/// Special registers that ROM functions read or write.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Special {
    /// PS.
    Ps,
    /// CCOUNT.
    Ccount,
    /// CCOMPAREn.
    Ccompare(u8),
    /// INTERRUPT: reads pending interrupts.
    Interrupt,
    /// INTSET (write only).
    Intset,
    /// INTCLEAR (write only).
    Intclear,
    /// INTENABLE.
    Intenable,
    /// VECBASE.
    Vecbase,
    /// WINDOWBASE.
    WindowBase,
    /// WINDOWSTART.
    WindowStart,
    /// EPCn: where an exception of level n left off.
    Epc(u8),
    /// EXCCAUSE.
    Exccause,
    /// EXCVADDR.
    Excvaddr,
}

/// The chip as a ROM function sees it: the processor that called, and the bus behind it.
///
/// Contract: the chip enters [`super::Rom::call`] only when no other core is behind this one, so
/// that device accesses need not wait; they all happen at the cycle of the call. What
/// [`Guest::charge`] adds is spent after it.
pub trait Guest {
    /// Address register `index` of the current window; 16..=19 are those that a CALL12 adds.
    fn reg(&self, index: u32) -> u32;
    /// Writes an address register of the current window.
    fn set_reg(&mut self, index: u32, value: u32);
    /// A special register.
    fn special(&mut self, register: Special) -> u32;
    /// Writes a special register with all effects of WSR.
    fn set_special(&mut self, register: Special, value: u32);
    /// Gives a region of 512 MB an attribute, as WITLB and WDTLB do.
    fn set_region(&mut self, region: usize, attribute: u8);
    /// The address of the trap.
    fn pc(&self) -> u32;
    /// 0 for PRO, 1 for APP.
    fn core(&self) -> u32;
    /// Loads a word from memory or a device.
    fn load32(&mut self, addr: u32) -> Result<u32, Fault>;
    /// Loads a byte, zero-extended.
    fn load8(&mut self, addr: u32) -> Result<u8, Fault>;
    /// Stores a word to memory or a device.
    fn store32(&mut self, addr: u32, value: u32) -> Result<(), Fault>;
    /// Stores a byte.
    fn store8(&mut self, addr: u32, value: u8) -> Result<(), Fault>;
    /// Spends processor cycles.
    fn charge(&mut self, cycles: u32);

    /// Loads a halfword.
    fn load16(&mut self, addr: u32) -> Result<u16, Fault> {
        Ok(u16::from_le_bytes([self.load8(addr)?, self.load8(addr.wrapping_add(1))?]))
    }
    /// Stores a halfword.
    fn store16(&mut self, addr: u32, value: u16) -> Result<(), Fault> {
        let [low, high] = value.to_le_bytes();
        self.store8(addr, low)?;
        self.store8(addr.wrapping_add(1), high)
    }
    /// Loads a run of bytes. A chip with plain memory there answers in one go.
    fn read(&mut self, addr: u32, bytes: &mut [u8]) -> Result<(), Fault> {
        for (i, byte) in bytes.iter_mut().enumerate() {
            *byte = self.load8(addr.wrapping_add(i as u32))?;
        }
        Ok(())
    }
    /// Stores a run of bytes.
    fn write(&mut self, addr: u32, bytes: &[u8]) -> Result<(), Fault> {
        for (i, &byte) in bytes.iter().enumerate() {
            self.store8(addr.wrapping_add(i as u32), byte)?;
        }
        Ok(())
    }
}

/// How a call ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The processor goes on here.
    Continue(u32),
    /// An access faulted: the exception is taken with the trap's address as EPC.
    Fault(Fault),
    /// The function exists in silicon and not here: the run stops with its name.
    Missing {
        /// Where it was entered.
        addr: u32,
        /// Its name in ESP-IDF's linker scripts, or where it lies relative to one.
        name: String,
    },
    /// A part of a radio's controller: the call never comes back, the rest of the chip goes on.
    Radio {
        /// Where it was entered.
        addr: u32,
        /// Its name in ESP-IDF's linker scripts.
        name: &'static str,
        /// What it is a part of.
        radio: &'static str,
    },
    /// The ROM cannot go on for a reason that the user must read.
    Stop(String),
}

/// Why a function did not return normally.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Exit {
    /// An access faulted.
    Fault(Fault),
    /// The processor goes on elsewhere.
    Jump(u32),
    /// See [`Outcome::Stop`].
    Stop(String),
}

impl From<Fault> for Exit {
    fn from(fault: Fault) -> Self {
        Exit::Fault(fault)
    }
}

/// A function's result.
pub type Done<T = ()> = Result<T, Exit>;

/// One call of a ROM function: its arguments, its result, and the chip.
///
/// The windowed ABI (Xtensa ISA RM section 8.1) puts six words of arguments into a2..a7 of the
/// callee and the rest on the stack. A function that runs without `ENTRY` finds them in the
/// caller's window, 4 x CALLINC registers higher.
pub struct Call<'a> {
    /// The chip.
    pub guest: &'a mut dyn Guest,
    first: u32,
    stack: u32,
}

/// Registers from a0 to the callee's: 4 x PS.CALLINC, where the return address there says that a
/// windowed call made it; else CALL0 did.
fn callee_window(guest: &mut dyn Guest) -> u32 {
    let callinc = guest.special(Special::Ps) >> 16 & 3;
    if guest.reg(4 * callinc) >> 30 == callinc {
        4 * callinc
    } else {
        0
    }
}

impl<'a> Call<'a> {
    /// A function entered by CALLn, before its ENTRY.
    pub fn leaf(guest: &'a mut dyn Guest) -> Self {
        let first = callee_window(guest) + 2;
        let stack = guest.reg(1);
        Self { guest, first, stack }
    }

    /// A step of a stub that has executed `ENTRY a1, frame`.
    pub fn framed(guest: &'a mut dyn Guest, frame: u32) -> Self {
        let stack = guest.reg(1).wrapping_add(frame);
        Self { guest, first: 2, stack }
    }

    /// Where a leaf function returns to.
    pub fn return_address(&self) -> u32 {
        let a0 = self.guest.reg(self.first - 2);
        if self.first == 2 {
            a0
        } else {
            a0 & 0x3fff_ffff | self.guest.pc() & 0xc000_0000
        }
    }

    /// Argument word `k`.
    pub fn arg(&mut self, k: u32) -> Done<u32> {
        if k < 6 {
            Ok(self.guest.reg(self.first + k))
        } else {
            Ok(self.guest.load32(self.stack.wrapping_add((k - 6).wrapping_mul(4)))?)
        }
    }

    /// A 64-bit argument that begins at word `k` (even: the ABI aligns them).
    pub fn arg64(&mut self, k: u32) -> Done<u64> {
        Ok(u64::from(self.arg(k)?) | u64::from(self.arg(k.wrapping_add(1))?) << 32)
    }

    /// Sets the result word.
    pub fn ret(&mut self, value: u32) {
        self.guest.set_reg(self.first, value);
    }

    /// Sets a 64-bit result.
    pub fn ret64(&mut self, value: u64) {
        self.guest.set_reg(self.first, value as u32);
        self.guest.set_reg(self.first + 1, (value >> 32) as u32);
    }

    /// Sets two more words of a result of up to four (a complex double), from word `k` on.
    pub fn ret64_at(&mut self, k: u32, value: u64) {
        self.guest.set_reg(self.first + k, value as u32);
        self.guest.set_reg(self.first + k + 1, (value >> 32) as u32);
    }

    /// Word at `addr`.
    pub fn load(&mut self, addr: u32) -> Done<u32> {
        Ok(self.guest.load32(addr)?)
    }

    /// Stores a word.
    pub fn store(&mut self, addr: u32, value: u32) -> Done {
        Ok(self.guest.store32(addr, value)?)
    }

    /// Replaces the bits of `mask` in a word or register.
    pub fn modify(&mut self, addr: u32, mask: u32, value: u32) -> Done {
        let old = self.load(addr)?;
        self.store(addr, old & !mask | value & mask)
    }

    /// A run of bytes. A wild length faults before it exhausts the host.
    pub fn bytes(&mut self, addr: u32, len: u32) -> Done<Vec<u8>> {
        const CHUNK: usize = 0x1_0000;
        let (len, mut bytes) = (len as usize, Vec::new());
        while bytes.len() < len {
            let done = bytes.len();
            bytes.resize(len.min(done + CHUNK), 0);
            self.guest.read(addr.wrapping_add(done as u32), &mut bytes[done..])?;
        }
        Ok(bytes)
    }

    /// Stores a run of bytes.
    pub fn put(&mut self, addr: u32, bytes: &[u8]) -> Done {
        Ok(self.guest.write(addr, bytes)?)
    }

    /// A string without its terminator, `limit` bytes at most.
    pub fn string(&mut self, addr: u32, limit: u32) -> Done<Vec<u8>> {
        let mut bytes = Vec::new();
        while (bytes.len() as u32) < limit {
            match self.guest.load8(addr.wrapping_add(bytes.len() as u32))? {
                0 => break,
                byte => bytes.push(byte),
            }
        }
        Ok(bytes)
    }

    /// Spends processor cycles.
    pub fn charge(&mut self, cycles: u32) {
        self.guest.charge(cycles);
    }
}
