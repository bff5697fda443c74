//! The hot loop. ARMv6-M ARM chapter A6 for what each instruction does, Cortex-M0+ TRM table 3-1
//! for its cycles. Whatever needs more of the core than registers, flags and memory stops the
//! loop and is done in `special.rs` or `exception.rs`.

use crate::code::{Code, PAGE_SHIFT};
use crate::core::{Core, LR, NOT_FETCHED, PC, SP};
use crate::decode::{Op, OpCode};
use crate::exception::Cause;
use crate::{Beat, Bus, BusError};

/// Why the loop stopped. PC and cycle are those of the instruction that was not executed, but for
/// `Attention`: that one was.
pub(crate) enum Stop {
    Deadline,
    Yield,
    Breakpoint,
    /// Cause, and the address that was accessed.
    Fault(Cause, u32),
    /// An instruction for `special.rs`.
    Special(Op),
    /// Something that decides over exceptions may have changed.
    Attention,
}

/// A bus access of the exception machinery answered [`BusError::Yield`]: nothing was changed.
pub(crate) struct Yielded;

/// How an access ended when it did not give a beat.
pub(crate) enum Miss {
    Yield,
    Fault(Cause, u32),
    /// Done, in the Private Peripheral Bus: finish the instruction, then `Stop::Attention`.
    DoneWithAttention,
}

/// Addresses from here up belong to the core.
const PPB: u32 = 0xE000_0000;

/// (a + b + carry, carry out, overflow in bit 31). ARM ARM: AddWithCarry().
#[inline(always)]
fn add_with_carry(a: u32, b: u32, carry: bool) -> (u32, bool, u32) {
    let wide = u64::from(a) + u64::from(b) + u64::from(carry);
    let result = wide as u32;
    (result, wide >> 32 != 0, (a ^ result) & (b ^ result))
}

#[inline(always)]
fn is_unaligned(addr: u32, bytes: u32) -> bool {
    addr & (bytes - 1) != 0
}

impl Core {
    /// Executes from PC until something stops it.
    pub(crate) fn execute<B: Bus>(&mut self, bus: &mut B, code: &mut Code) -> Stop {
        let mut pc = self.regs[PC];
        let mut cycle = self.cycle;
        let mut executed = 0;
        let mut decoded_before = u64::MAX;

        let stop = 'run: loop {
            let index = code.page(bus, pc);
            let page = code.page_at(index);
            let page_number = pc >> PAGE_SHIFT;

            while pc >> PAGE_SHIFT == page_number {
                // An instruction that had to be decoded first has passed this check already.
                if cycle >= bus.deadline() && decoded_before != executed {
                    break 'run Stop::Deadline;
                }
                if page.timed && self.fetched != pc & !3 {
                    self.fetched = pc & !3;
                    cycle += u64::from(bus.fetch_cycles(pc & !3, cycle));
                }
                let op = page.op(pc);
                let begun = cycle;
                let mut next = pc.wrapping_add(2);
                let mut attention = false;

                macro_rules! r {
                    ($field:ident) => {
                        self.regs[(op.$field & 15) as usize]
                    };
                }
                macro_rules! set_nz {
                    ($result:expr) => {{
                        let result = $result;
                        self.flags.n = result;
                        self.flags.z = result;
                        result
                    }};
                }
                macro_rules! add {
                    ($a:expr, $b:expr, $carry:expr) => {{
                        let (result, carry, overflow) = add_with_carry($a, $b, $carry);
                        self.flags.c = carry;
                        self.flags.v = overflow;
                        set_nz!(result)
                    }};
                }
                // A taken branch refills the pipeline: one cycle more, and a fresh fetch.
                macro_rules! branch {
                    ($target:expr) => {{
                        next = $target;
                        cycle += 1;
                        self.fetched = NOT_FETCHED;
                    }};
                }
                macro_rules! branch_if {
                    ($condition:expr) => {
                        if $condition {
                            branch!(op.imm)
                        }
                    };
                }
                macro_rules! leave {
                    ($stop:expr) => {{
                        cycle = begun;
                        break 'run $stop;
                    }};
                }
                macro_rules! miss {
                    ($miss:expr) => {
                        match $miss {
                            Miss::Yield => leave!(Stop::Yield),
                            Miss::Fault(cause, address) => leave!(Stop::Fault(cause, address)),
                            Miss::DoneWithAttention => {
                                attention = true;
                                cycle += 1;
                            }
                        }
                    };
                }
                macro_rules! load {
                    ($width:ident, $addr:expr, $extend:expr) => {{
                        let addr = $addr;
                        match self.$width(bus, addr, begun) {
                            Ok(beat) => {
                                r!(a) = $extend(beat.value);
                                cycle += u64::from(beat.cycles);
                            }
                            Err(miss) => miss!(miss),
                        }
                    }};
                }
                macro_rules! store {
                    ($width:ident, $addr:expr) => {{
                        let addr = $addr;
                        match self.$width(bus, addr, r!(a), begun) {
                            Ok(cycles) => cycle += u64::from(cycles),
                            Err(miss) => miss!(miss),
                        }
                    }};
                }
                // The target of BX, BLX and POP carries the Thumb bit.
                macro_rules! branch_exchange {
                    ($target:expr) => {{
                        let target = $target;
                        if target & 1 == 0 {
                            self.thumb = false;
                            attention = true;
                        }
                        branch!(target & !1);
                    }};
                }

                cycle += 1;
                match op.code {
                    OpCode::LslImm => {
                        let last = r!(b) << (op.imm - 1);
                        self.flags.c = last >> 31 != 0;
                        r!(a) = set_nz!(last << 1);
                    }
                    OpCode::LsrImm => {
                        let last = r!(b) >> (op.imm - 1);
                        self.flags.c = last & 1 != 0;
                        r!(a) = set_nz!(last >> 1);
                    }
                    OpCode::AsrImm => {
                        let last = r!(b) as i32 >> (op.imm - 1);
                        self.flags.c = last & 1 != 0;
                        r!(a) = set_nz!((last >> 1) as u32);
                    }
                    OpCode::MovsReg => r!(a) = set_nz!(r!(b)),
                    OpCode::MovsImm => r!(a) = set_nz!(op.imm),
                    OpCode::AddsReg => r!(a) = add!(r!(b), r!(c), false),
                    OpCode::SubsReg => r!(a) = add!(r!(b), !r!(c), true),
                    OpCode::AddsImm => r!(a) = add!(r!(b), op.imm, false),
                    OpCode::SubsImm => r!(a) = add!(r!(b), !op.imm, true),
                    OpCode::CmpImm => _ = add!(r!(b), !op.imm, true),
                    OpCode::CmpReg => _ = add!(r!(b), !r!(c), true),
                    OpCode::Cmn => _ = add!(r!(b), r!(c), false),
                    OpCode::Adcs => r!(a) = add!(r!(b), r!(c), self.flags.c),
                    OpCode::Sbcs => r!(a) = add!(r!(b), !r!(c), self.flags.c),
                    OpCode::Rsbs => r!(a) = add!(!r!(b), 0, true),
                    OpCode::Ands => r!(a) = set_nz!(r!(b) & r!(c)),
                    OpCode::Eors => r!(a) = set_nz!(r!(b) ^ r!(c)),
                    OpCode::Orrs => r!(a) = set_nz!(r!(b) | r!(c)),
                    OpCode::Bics => r!(a) = set_nz!(r!(b) & !r!(c)),
                    OpCode::Mvns => r!(a) = set_nz!(!r!(b)),
                    OpCode::Tst => _ = set_nz!(r!(b) & r!(c)),
                    OpCode::Muls => r!(a) = set_nz!(r!(b).wrapping_mul(r!(c))),
                    // The low byte of a register is the distance: 0 leaves C alone, 32 and more
                    // shift the last bit, then zeros, into C.
                    OpCode::Lsls => {
                        let distance = r!(c) & 0xFF;
                        let wide = u64::from(r!(b)).checked_shl(distance).unwrap_or(0);
                        if distance != 0 {
                            self.flags.c = wide >> 32 & 1 != 0;
                        }
                        r!(a) = set_nz!(wide as u32);
                    }
                    OpCode::Lsrs => {
                        let distance = r!(c) & 0xFF;
                        let wide = (u64::from(r!(b)) << 1).checked_shr(distance).unwrap_or(0);
                        if distance != 0 {
                            self.flags.c = wide & 1 != 0;
                        }
                        r!(a) = set_nz!((wide >> 1) as u32);
                    }
                    OpCode::Asrs => {
                        let distance = r!(c) & 0xFF;
                        let wide = (i64::from(r!(b) as i32) << 1) >> distance.min(33);
                        if distance != 0 {
                            self.flags.c = wide & 1 != 0;
                        }
                        r!(a) = set_nz!((wide >> 1) as u32);
                    }
                    OpCode::Rors => {
                        let distance = r!(c) & 0xFF;
                        let result = r!(b).rotate_right(distance);
                        if distance != 0 {
                            self.flags.c = result >> 31 != 0;
                        }
                        r!(a) = set_nz!(result);
                    }

                    OpCode::AddReg => r!(a) = r!(a).wrapping_add(r!(b)),
                    OpCode::AddImm => r!(a) = r!(b).wrapping_add(op.imm),
                    OpCode::AddSp => self.regs[SP] = self.regs[SP].wrapping_add(r!(b)) & !3,
                    OpCode::MovReg => r!(a) = r!(b),
                    OpCode::MovSp => self.regs[SP] = r!(b) & !3,
                    OpCode::MovImm => r!(a) = op.imm,
                    OpCode::MovPc => branch!(r!(b) & !1),
                    OpCode::AddPc => branch!(op.imm.wrapping_add(r!(b)) & !1),

                    OpCode::Sxth => r!(a) = r!(b) as i16 as u32,
                    OpCode::Sxtb => r!(a) = r!(b) as i8 as u32,
                    OpCode::Uxth => r!(a) = r!(b) & 0xFFFF,
                    OpCode::Uxtb => r!(a) = r!(b) & 0xFF,
                    OpCode::Rev => r!(a) = r!(b).swap_bytes(),
                    OpCode::Rev16 => r!(a) = r!(b).swap_bytes().rotate_right(16),
                    OpCode::Revsh => r!(a) = (r!(b) as u16).swap_bytes() as i16 as u32,

                    OpCode::LdrImm => load!(load32, r!(b).wrapping_add(op.imm), |v| v),
                    OpCode::LdrhImm => load!(load16, r!(b).wrapping_add(op.imm), |v| v),
                    OpCode::LdrbImm => load!(load8, r!(b).wrapping_add(op.imm), |v| v),
                    OpCode::LdrLit => load!(load32, op.imm, |v| v),
                    OpCode::LdrReg => load!(load32, r!(b).wrapping_add(r!(c)), |v| v),
                    OpCode::LdrhReg => load!(load16, r!(b).wrapping_add(r!(c)), |v| v),
                    OpCode::LdrbReg => load!(load8, r!(b).wrapping_add(r!(c)), |v| v),
                    OpCode::LdrshReg => {
                        load!(load16, r!(b).wrapping_add(r!(c)), |v| v as i16 as u32)
                    }
                    OpCode::LdrsbReg => load!(load8, r!(b).wrapping_add(r!(c)), |v| v as i8 as u32),
                    OpCode::StrImm => store!(store32, r!(b).wrapping_add(op.imm)),
                    OpCode::StrhImm => store!(store16, r!(b).wrapping_add(op.imm)),
                    OpCode::StrbImm => store!(store8, r!(b).wrapping_add(op.imm)),
                    OpCode::StrReg => store!(store32, r!(b).wrapping_add(r!(c))),
                    OpCode::StrhReg => store!(store16, r!(b).wrapping_add(r!(c))),
                    OpCode::StrbReg => store!(store8, r!(b).wrapping_add(r!(c))),

                    OpCode::Push => {
                        let start = self.regs[SP].wrapping_sub(4 * op.imm.count_ones());
                        match self.store_multiple(bus, start, op.imm, begun) {
                            Ok(done) => {
                                self.regs[SP] = start;
                                cycle += done.cycles;
                                attention = done.attention;
                            }
                            Err(miss) => miss!(miss),
                        }
                    }
                    OpCode::Stm => match self.store_multiple(bus, r!(a), op.imm, begun) {
                        Ok(done) => {
                            r!(a) = r!(a).wrapping_add(4 * op.imm.count_ones());
                            cycle += done.cycles;
                            attention = done.attention;
                        }
                        Err(miss) => miss!(miss),
                    },
                    OpCode::Ldm => match self.load_multiple(bus, op.a, op.imm, begun) {
                        Ok(cycles) => cycle += cycles,
                        Err(miss) => miss!(miss),
                    },
                    OpCode::Pop => match self.load_multiple(bus, SP as u8, op.imm, begun) {
                        Ok(cycles) => cycle += cycles,
                        Err(miss) => miss!(miss),
                    },
                    OpCode::PopPc => match self.load_multiple(bus, SP as u8, op.imm, begun) {
                        Ok(cycles) => {
                            cycle += cycles + 1;
                            branch_exchange!(self.regs[PC]);
                        }
                        Err(miss) => miss!(miss),
                    },

                    OpCode::Beq => branch_if!(self.flags.z == 0),
                    OpCode::Bne => branch_if!(self.flags.z != 0),
                    OpCode::Bcs => branch_if!(self.flags.c),
                    OpCode::Bcc => branch_if!(!self.flags.c),
                    OpCode::Bmi => branch_if!(self.flags.n >> 31 != 0),
                    OpCode::Bpl => branch_if!(self.flags.n >> 31 == 0),
                    OpCode::Bvs => branch_if!(self.flags.v >> 31 != 0),
                    OpCode::Bvc => branch_if!(self.flags.v >> 31 == 0),
                    OpCode::Bhi => branch_if!(self.flags.c && self.flags.z != 0),
                    OpCode::Bls => branch_if!(!self.flags.c || self.flags.z == 0),
                    OpCode::Bge => branch_if!((self.flags.n ^ self.flags.v) >> 31 == 0),
                    OpCode::Blt => branch_if!((self.flags.n ^ self.flags.v) >> 31 != 0),
                    OpCode::Bgt => {
                        branch_if!(self.flags.z != 0 && (self.flags.n ^ self.flags.v) >> 31 == 0)
                    }
                    OpCode::Ble => {
                        branch_if!(self.flags.z == 0 || (self.flags.n ^ self.flags.v) >> 31 != 0)
                    }
                    OpCode::B => branch!(op.imm),
                    OpCode::Bl => {
                        self.regs[LR] = pc.wrapping_add(4) | 1;
                        cycle += 1;
                        branch!(op.imm);
                    }
                    // To 0xFxxxxxxx in Handler mode: see `NoMemory` in special.rs.
                    OpCode::Bx => branch_exchange!(r!(b)),
                    OpCode::Blx => {
                        let target = r!(b);
                        self.regs[LR] = next | 1;
                        branch_exchange!(target);
                    }

                    OpCode::Nop => {}
                    OpCode::Barrier => {
                        next = pc.wrapping_add(4);
                        cycle += 2;
                    }
                    OpCode::Sev => {
                        self.event = true;
                        bus.send_event();
                    }

                    OpCode::Cps => {
                        self.change_primask(op.imm != 0);
                        attention = self.nvic.pending_and_enabled() != 0;
                    }
                    OpCode::Mrs => {
                        r!(a) = self.read_special(op.imm);
                        next = pc.wrapping_add(4);
                        cycle += 2;
                    }
                    OpCode::Msr => {
                        self.write_special(op.imm, r!(b));
                        attention = self.nvic.pending_and_enabled() != 0;
                        next = pc.wrapping_add(4);
                        cycle += 2;
                    }

                    OpCode::Undecoded => {
                        cycle = begun;
                        code.decode_at(bus, pc);
                        decoded_before = executed;
                        continue 'run;
                    }
                    OpCode::Breakpoint => leave!(Stop::Breakpoint),
                    OpCode::Wfe
                    | OpCode::Wfi
                    | OpCode::Svc
                    | OpCode::Bkpt
                    | OpCode::Udf
                    | OpCode::Undefined
                    | OpCode::Unpredictable
                    | OpCode::NoMemory => leave!(Stop::Special(op)),
                }
                pc = next;
                executed += 1;
                if attention {
                    break 'run Stop::Attention;
                }
            }
        };
        self.regs[PC] = pc;
        self.cycle = cycle;
        self.instructions += executed;
        stop
    }
}

/// A completed STM or PUSH.
struct Stored {
    cycles: u64,
    attention: bool,
}

/// Single accesses: alignment (A3.2.1: an unaligned access faults), then the core's own registers,
/// then the bus.
macro_rules! access {
    ($load:ident, $read:ident, $store:ident, $write:ident, $bytes:literal) => {
        #[inline(always)]
        fn $load<B: Bus>(&mut self, bus: &mut B, addr: u32, cycle: u64) -> Result<Beat, Miss> {
            if is_unaligned(addr, $bytes) {
                return Err(Miss::Fault(Cause::Unaligned, addr));
            }
            if addr >= PPB {
                return self.ppb_load(addr, $bytes, cycle);
            }
            bus.$read(addr, cycle).map_err(|error| match error {
                BusError::Fault => Miss::Fault(Cause::BusRead, addr),
                BusError::Yield => Miss::Yield,
            })
        }

        #[inline(always)]
        fn $store<B: Bus>(&mut self, bus: &mut B, addr: u32, value: u32, cycle: u64) -> Result<u32, Miss> {
            if is_unaligned(addr, $bytes) {
                return Err(Miss::Fault(Cause::Unaligned, addr));
            }
            if addr >= PPB {
                return self.ppb_store(addr, value, $bytes, cycle);
            }
            bus.$write(addr, value, cycle).map_err(|error| match error {
                BusError::Fault => Miss::Fault(Cause::BusWrite, addr),
                BusError::Yield => Miss::Yield,
            })
        }
    };
}

impl Core {
    access!(load32, read32, store32, write32, 4);
    access!(load16, read16, store16, write16, 2);
    access!(load8, read8, store8, write8, 1);

    /// LDM and POP: loads the registers of `list` from `base` up, then moves `base`, which keeps
    /// what was loaded if it is in the list. `base` changes last, so that the instruction can be
    /// executed again if a beat fails. Returns the cycles beyond the first.
    fn load_multiple<B: Bus>(&mut self, bus: &mut B, base: u8, list: u32, cycle: u64) -> Result<u64, Miss> {
        let base = (base & 15) as usize;
        let mut addr = self.regs[base];
        let mut new_base = addr.wrapping_add(4 * list.count_ones());
        let mut cycles = 0;
        let mut rest = list;
        while rest != 0 {
            let beat = self.load32(bus, addr, cycle)?;
            let register = (rest.trailing_zeros() & 15) as usize;
            if register == base {
                new_base = beat.value;
            } else {
                self.regs[register] = beat.value;
            }
            // A list takes a cycle for each register, even from single-cycle IO.
            cycles += u64::from(beat.cycles.max(1));
            addr = addr.wrapping_add(4);
            rest &= rest - 1;
        }
        self.regs[base] = new_base;
        Ok(cycles)
    }

    /// STM and PUSH: stores the registers of `list` from `start` up. The caller moves the base.
    fn store_multiple<B: Bus>(&mut self, bus: &mut B, start: u32, list: u32, cycle: u64) -> Result<Stored, Miss> {
        let mut addr = start;
        let mut stored = Stored { cycles: 0, attention: false };
        let mut rest = list;
        while rest != 0 {
            let register = (rest.trailing_zeros() & 15) as usize;
            match self.store32(bus, addr, self.regs[register], cycle) {
                Ok(cycles) => stored.cycles += u64::from(cycles.max(1)),
                Err(Miss::DoneWithAttention) => {
                    stored.cycles += 1;
                    stored.attention = true;
                }
                Err(miss) => return Err(miss),
            }
            addr = addr.wrapping_add(4);
            rest &= rest - 1;
        }
        Ok(stored)
    }
}
