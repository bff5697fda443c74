//! The hot loop. ISA RM chapter 6 for what each instruction does; [`crate::Costs`] for its cycles.

use crate::code::Code;
use crate::core::{Core, CALLINC_SHIFT, PS_CALLINC, PS_EXCM, PS_INTLEVEL};
use crate::exception::{debug_cause, Cause, StopReason, DEBUG_LEVEL};
use crate::memory::Miss;
use crate::op::OpCode;
use crate::pie;
use crate::waiting::Turns;
use crate::Bus;

/// The debug control register, as read and set by RER and WER (`xtensa/xdm-regs.h`): 0 while no debugger is attached.
const DCR_SET: u32 = 0x0010_200C;

/// Why the loop stopped. PC and cycle are those of the instruction that was not executed, but for
/// `Attention` and `Simcall`: that one was.
pub(crate) enum Stop {
    Deadline,
    Yield,
    Breakpoint,
    Trap,
    Simcall,
    /// Something that decides over interrupts may have changed.
    Attention,
    Report(StopReason),
}

/// The 64-bit operand of the funnel shifter: SAR is 0 to 63.
#[inline(always)]
fn funnel(high: u32, low: u32, distance: u32) -> u32 {
    ((u64::from(high) << 32 | u64::from(low)) >> (distance & 63)) as u32
}

impl Core {
    /// Executes from PC until something stops it.
    pub(crate) fn execute<B: Bus>(&mut self, bus: &mut B, code: &mut Code) -> Stop {
        let costs = code.costs().clone();
        let taken = u64::from(costs.taken);
        let mut pc = self.pc;
        let mut cycle = self.cycle;
        let mut executed = 0;
        // An instruction whose line had to be fetched first has passed the deadline already.
        let mut fetched_before = u64::MAX;
        let mut free = self.window_free();
        let mut turns = Turns::new();

        let stop = 'run: loop {
            if self.protection.no_fetch >> (pc >> 29) & 1 != 0 {
                match self.exception(pc, Cause::InstFetchProhibited, pc) {
                    Ok(vector) => pc = vector,
                    Err(reason) => break 'run Stop::Report(reason),
                }
                free = self.window_free();
            }
            let mut index = self.resume.take(bus, code, pc);
            let ops = code.ops();

            loop {
                let op = &ops[index];
                if cycle >= bus.deadline() && fetched_before != executed {
                    pc = self.pause(code, pc, index);
                    break 'run Stop::Deadline;
                }
                let begun = cycle;

                macro_rules! leave {
                    ($stop:expr) => {{
                        cycle = begun;
                        self.pause(code, pc, index);
                        break 'run $stop;
                    }};
                }
                // The exception is taken, and execution goes on at its vector.
                macro_rules! raise {
                    ($cause:expr, $address:expr) => {{
                        self.cycle = begun;
                        match self.exception(pc, $cause, $address) {
                            Ok(vector) => pc = vector,
                            Err(reason) => leave!(Stop::Report(reason)),
                        }
                        free = self.window_free();
                        cycle = begun + u64::from(costs.exception);
                        continue 'run;
                    }};
                    ($cause:expr) => {
                        raise!($cause, 0)
                    };
                }
                macro_rules! overflow {
                    () => {{
                        pc = self.window_overflow(pc);
                        free = self.window_free();
                        cycle = begun + u64::from(costs.exception);
                        continue 'run;
                    }};
                }
                if op.window > free {
                    overflow!();
                }

                macro_rules! r {
                    ($field:ident) => {
                        self.r[(op.$field & 15) as usize]
                    };
                }
                macro_rules! signed {
                    ($field:ident) => {
                        r!($field) as i32
                    };
                }
                macro_rules! access {
                    ($access:expr) => {
                        match $access {
                            Ok(done) => done,
                            Err(Miss::Yield) => leave!(Stop::Yield),
                            Err(Miss::Fault(cause, address)) => raise!(cause, address),
                        }
                    };
                }
                macro_rules! load {
                    ($width:ident, $addr:expr, $extend:expr) => {{
                        let beat = access!(self.$width(bus, $addr, begun));
                        r!(t) = $extend(beat.value);
                        cycle += u64::from(beat.cycles);
                    }};
                }
                macro_rules! store {
                    ($width:ident, $addr:expr, $value:expr) => {{
                        let stalls = access!(self.$width(bus, $addr, $value, begun));
                        cycle += u64::from(stalls);
                    }};
                }
                macro_rules! jump {
                    ($target:expr) => {{
                        pc = $target;
                        cycle += taken;
                        executed += 1;
                        continue 'run;
                    }};
                }
                macro_rules! branch_if {
                    ($condition:expr) => {
                        if $condition {
                            jump!(op.imm)
                        }
                    };
                }
                macro_rules! call {
                    ($callinc:literal, $target:expr) => {{
                        let target = $target;
                        self.ps = self.ps & !PS_CALLINC | $callinc << CALLINC_SHIFT;
                        self.r[$callinc << 2] = $callinc << 30 | pc.wrapping_add(3) & 0x3FFF_FFFF;
                        jump!(target)
                    }};
                }
                macro_rules! boolean {
                    ($field:ident) => {
                        self.br >> op.$field & 1
                    };
                }
                macro_rules! set_boolean {
                    ($field:ident, $value:expr) => {{
                        let value: u32 = $value;
                        self.br = self.br & !(1 << op.$field) | value << op.$field;
                    }};
                }
                macro_rules! fpu_enabled {
                    () => {
                        if self.cpenable & 1 == 0 {
                            raise!(Cause::Coprocessor0Disabled)
                        }
                    };
                }
                // The instruction is done; interrupts may be due.
                macro_rules! attention {
                    ($stop:expr) => {{
                        pc = pc.wrapping_add(op.len.into());
                        executed += 1;
                        pc = self.pause(code, pc, index + 1);
                        break 'run $stop;
                    }};
                }
                macro_rules! return_to {
                    ($target:expr) => {{
                        pc = $target;
                        cycle += taken;
                        executed += 1;
                        free = self.window_free();
                        if self.interrupt_is_due() {
                            break 'run Stop::Attention;
                        }
                        continue 'run;
                    }};
                }

                cycle += u64::from(op.cycles);
                match op.code {
                    OpCode::Add => r!(r) = r!(s).wrapping_add(r!(t)),
                    OpCode::Addx2 => r!(r) = (r!(s) << 1).wrapping_add(r!(t)),
                    OpCode::Addx4 => r!(r) = (r!(s) << 2).wrapping_add(r!(t)),
                    OpCode::Addx8 => r!(r) = (r!(s) << 3).wrapping_add(r!(t)),
                    OpCode::Sub => r!(r) = r!(s).wrapping_sub(r!(t)),
                    OpCode::Subx2 => r!(r) = (r!(s) << 1).wrapping_sub(r!(t)),
                    OpCode::Subx4 => r!(r) = (r!(s) << 2).wrapping_sub(r!(t)),
                    OpCode::Subx8 => r!(r) = (r!(s) << 3).wrapping_sub(r!(t)),
                    OpCode::And => r!(r) = r!(s) & r!(t),
                    OpCode::Or => r!(r) = r!(s) | r!(t),
                    OpCode::Xor => r!(r) = r!(s) ^ r!(t),
                    OpCode::Neg => r!(r) = r!(t).wrapping_neg(),
                    OpCode::Abs => r!(r) = signed!(t).unsigned_abs(),
                    OpCode::Mov => r!(r) = r!(s),
                    OpCode::Addi => r!(r) = r!(s).wrapping_add(op.imm),
                    OpCode::Movi => r!(r) = op.imm,
                    OpCode::Slli => r!(r) = r!(s) << op.imm,
                    OpCode::Srli => r!(r) = r!(t) >> op.imm,
                    OpCode::Srai => r!(r) = (signed!(t) >> op.imm) as u32,
                    OpCode::Extui => r!(r) = r!(t) >> op.imm & op.imm2,
                    OpCode::Src => r!(r) = funnel(r!(s), r!(t), self.sar),
                    OpCode::Srl => r!(r) = funnel(0, r!(t), self.sar),
                    OpCode::Sra => r!(r) = (i64::from(signed!(t)) >> self.sar) as u32,
                    OpCode::Sll => r!(r) = (u64::from(r!(s)) << (32u32.wrapping_sub(self.sar) & 63)) as u32,
                    OpCode::Ssr => self.sar = r!(s) & 31,
                    OpCode::Ssl => self.sar = 32 - (r!(s) & 31),
                    OpCode::Ssa8l => self.sar = (r!(s) & 3) << 3,
                    OpCode::Ssa8b => self.sar = 32 - ((r!(s) & 3) << 3),
                    OpCode::Ssai => self.sar = op.imm,
                    OpCode::Moveqz if r!(t) == 0 => r!(r) = r!(s),
                    OpCode::Movnez if r!(t) != 0 => r!(r) = r!(s),
                    OpCode::Movltz if signed!(t) < 0 => r!(r) = r!(s),
                    OpCode::Movgez if signed!(t) >= 0 => r!(r) = r!(s),
                    OpCode::Movf if boolean!(t) == 0 => r!(r) = r!(s),
                    OpCode::Movt if boolean!(t) != 0 => r!(r) = r!(s),
                    OpCode::Moveqz | OpCode::Movnez | OpCode::Movltz => {}
                    OpCode::Movgez | OpCode::Movf | OpCode::Movt => {}
                    OpCode::Min => r!(r) = signed!(s).min(signed!(t)) as u32,
                    OpCode::Max => r!(r) = signed!(s).max(signed!(t)) as u32,
                    OpCode::Minu => r!(r) = r!(s).min(r!(t)),
                    OpCode::Maxu => r!(r) = r!(s).max(r!(t)),
                    OpCode::Sext => r!(r) = ((r!(s) << (31 - op.imm)) as i32 >> (31 - op.imm)) as u32,
                    OpCode::Clamps => r!(r) = signed!(s).clamp(-1 << op.imm, (1 << op.imm) - 1) as u32,
                    OpCode::Nsa => r!(t) = (r!(s) ^ (signed!(s) >> 31) as u32).leading_zeros() - 1,
                    OpCode::Nsau => r!(t) = r!(s).leading_zeros(),
                    OpCode::Salt => r!(r) = u32::from(signed!(s) < signed!(t)),
                    OpCode::Saltu => r!(r) = u32::from(r!(s) < r!(t)),
                    OpCode::Mul16s => r!(r) = (i32::from(r!(s) as i16) * i32::from(r!(t) as i16)) as u32,
                    OpCode::Mul16u => r!(r) = (r!(s) & 0xFFFF) * (r!(t) & 0xFFFF),
                    OpCode::Mull => r!(r) = r!(s).wrapping_mul(r!(t)),
                    OpCode::Muluh => r!(r) = (u64::from(r!(s)) * u64::from(r!(t)) >> 32) as u32,
                    OpCode::Mulsh => r!(r) = (i64::from(signed!(s)) * i64::from(signed!(t)) >> 32) as u32,
                    OpCode::Quos | OpCode::Quou | OpCode::Rems | OpCode::Remu => {
                        let (dividend, divisor) = (r!(s), r!(t));
                        if divisor == 0 {
                            raise!(Cause::IntegerDivideByZero);
                        }
                        r!(r) = match op.code {
                            OpCode::Quos => (dividend as i32).wrapping_div(divisor as i32) as u32,
                            OpCode::Quou => dividend / divisor,
                            OpCode::Rems => (dividend as i32).wrapping_rem(divisor as i32) as u32,
                            _ => dividend % divisor,
                        };
                        cycle += match op.code {
                            OpCode::Quou | OpCode::Remu => costs.division(dividend, divisor),
                            _ => costs.division((dividend as i32).unsigned_abs(), (divisor as i32).unsigned_abs()),
                        };
                    }

                    OpCode::L32i => load!(load32, r!(s).wrapping_add(op.imm), |v| v),
                    OpCode::L8ui => load!(load8, r!(s).wrapping_add(op.imm), |v| v),
                    OpCode::L16ui => load!(load16, r!(s).wrapping_add(op.imm), |v| v),
                    OpCode::L16si => load!(load16, r!(s).wrapping_add(op.imm), |v| v as i16 as u32),
                    OpCode::L32r => load!(load32, op.imm, |v| v),
                    OpCode::S32i => store!(store32, r!(s).wrapping_add(op.imm), r!(t)),
                    OpCode::S8i => store!(store8, r!(s).wrapping_add(op.imm), r!(t)),
                    OpCode::S16i => store!(store16, r!(s).wrapping_add(op.imm), r!(t)),
                    OpCode::L32e => load!(load32, r!(s).wrapping_add(op.imm), |v| v),
                    OpCode::S32e => store!(store32, r!(s).wrapping_add(op.imm), r!(t)),
                    OpCode::L32ai | OpCode::S32ri | OpCode::S32c1i => {
                        let addr = r!(s).wrapping_add(op.imm);
                        if addr & 3 != 0 {
                            raise!(Cause::LoadStoreAlignment, addr);
                        }
                        match op.code {
                            OpCode::L32ai => load!(load32, addr, |v| v),
                            OpCode::S32ri => store!(store32, addr, r!(t)),
                            _ => {
                                let beat = access!(self.load32(bus, addr, begun));
                                if beat.value == self.scompare1 {
                                    store!(store32, addr, r!(t));
                                }
                                r!(t) = beat.value;
                                cycle += u64::from(beat.cycles) + u64::from(costs.s32c1i);
                            }
                        }
                    }

                    OpCode::Beqz => branch_if!(r!(s) == 0),
                    OpCode::Bnez => branch_if!(r!(s) != 0),
                    OpCode::Bltz => branch_if!(signed!(s) < 0),
                    OpCode::Bgez => branch_if!(signed!(s) >= 0),
                    OpCode::Beqi => branch_if!(r!(s) == op.imm2),
                    OpCode::Bnei => branch_if!(r!(s) != op.imm2),
                    OpCode::Blti => branch_if!(signed!(s) < op.imm2 as i32),
                    OpCode::Bgei => branch_if!(signed!(s) >= op.imm2 as i32),
                    OpCode::Bltui => branch_if!(r!(s) < op.imm2),
                    OpCode::Bgeui => branch_if!(r!(s) >= op.imm2),
                    OpCode::Beq => branch_if!(r!(s) == r!(t)),
                    OpCode::Bne => branch_if!(r!(s) != r!(t)),
                    OpCode::Blt => branch_if!(signed!(s) < signed!(t)),
                    OpCode::Bge => branch_if!(signed!(s) >= signed!(t)),
                    OpCode::Bltu => branch_if!(r!(s) < r!(t)),
                    OpCode::Bgeu => branch_if!(r!(s) >= r!(t)),
                    OpCode::Bany => branch_if!(r!(s) & r!(t) != 0),
                    OpCode::Bnone => branch_if!(r!(s) & r!(t) == 0),
                    OpCode::Ball => branch_if!(!r!(s) & r!(t) == 0),
                    OpCode::Bnall => branch_if!(!r!(s) & r!(t) != 0),
                    OpCode::Bbc => branch_if!(r!(s) >> (r!(t) & 31) & 1 == 0),
                    OpCode::Bbs => branch_if!(r!(s) >> (r!(t) & 31) & 1 != 0),
                    OpCode::Bbci => branch_if!(r!(s) & op.imm2 == 0),
                    OpCode::Bbsi => branch_if!(r!(s) & op.imm2 != 0),
                    OpCode::Bf => branch_if!(boolean!(s) == 0),
                    OpCode::Bt => branch_if!(boolean!(s) != 0),
                    OpCode::J => jump!(op.imm),
                    OpCode::Jx => jump!(r!(s)),
                    OpCode::Ret => jump!(self.r[0]),
                    OpCode::Call0 => {
                        self.r[0] = pc.wrapping_add(3);
                        jump!(op.imm)
                    }
                    OpCode::Callx0 => {
                        let target = r!(s);
                        self.r[0] = pc.wrapping_add(3);
                        jump!(target)
                    }
                    OpCode::Call4 => call!(1, op.imm),
                    OpCode::Call8 => call!(2, op.imm),
                    OpCode::Call12 => call!(3, op.imm),
                    OpCode::Callx4 => call!(1, r!(s)),
                    OpCode::Callx8 => call!(2, r!(s)),
                    OpCode::Callx12 => call!(3, r!(s)),
                    OpCode::Entry => {
                        if (self.ps >> CALLINC_SHIFT & 3) as u8 > free {
                            overflow!();
                        }
                        if let Err(cause) = self.entry(op.s, op.imm) {
                            raise!(cause);
                        }
                        free = self.window_free();
                    }
                    OpCode::Retw => match self.retw(pc) {
                        Ok(target) => {
                            free = self.window_free();
                            // An underflow vector: RETW itself is executed again.
                            if self.ps & PS_EXCM != 0 {
                                pc = target;
                                cycle = begun + u64::from(costs.exception);
                                continue 'run;
                            }
                            jump!(target)
                        }
                        Err(cause) => raise!(cause),
                    },
                    OpCode::Loop | OpCode::Loopgtz | OpCode::Loopnez => {
                        let count = r!(s);
                        self.lbeg = pc.wrapping_add(3);
                        self.lend = op.imm;
                        self.lcount = count.wrapping_sub(1);
                        let skipped = match op.code {
                            OpCode::Loopgtz => count as i32 <= 0,
                            OpCode::Loopnez => count == 0,
                            _ => false,
                        };
                        branch_if!(skipped);
                        cycle += u64::from(costs.loop_entry);
                    }
                    OpCode::LoopEnd => {
                        index += 1;
                        let back = self.loop_back(op, pc);
                        if back != pc {
                            pc = back;
                            continue 'run;
                        }
                        continue;
                    }
                    OpCode::Continue => continue 'run,
                    OpCode::FetchLine => {
                        if self.fetched != op.imm {
                            self.fetched = op.imm;
                            cycle += u64::from(bus.fetch_cycles(op.imm, cycle));
                            fetched_before = executed;
                        }
                        index += 1;
                        continue;
                    }
                    OpCode::Turn => {
                        let count = u64::from(op.imm);
                        let more = turns.pass(bus, pc, count, executed, cycle, &self.r);
                        executed += more.turns * count;
                        cycle += more.turns * more.cycles;
                        index += 1;
                        continue;
                    }

                    OpCode::Movsp => {
                        if !self.caller_in_registers() {
                            raise!(Cause::Alloca);
                        }
                        r!(t) = r!(s);
                    }
                    OpCode::Rotw => {
                        self.rotate(op.imm);
                        free = self.window_free();
                    }
                    OpCode::Rfwo => return_to!(self.return_from_window(false)),
                    OpCode::Rfwu => return_to!(self.return_from_window(true)),

                    OpCode::Andb => set_boolean!(r, boolean!(s) & boolean!(t)),
                    OpCode::Andbc => set_boolean!(r, boolean!(s) & !boolean!(t)),
                    OpCode::Orb => set_boolean!(r, boolean!(s) | boolean!(t)),
                    OpCode::Orbc => set_boolean!(r, boolean!(s) | !boolean!(t) & 1),
                    OpCode::Xorb => set_boolean!(r, boolean!(s) ^ boolean!(t)),
                    OpCode::Any4 => set_boolean!(t, u32::from(self.br >> op.s & 0xF != 0)),
                    OpCode::All4 => set_boolean!(t, u32::from(self.br >> op.s & 0xF == 0xF)),
                    OpCode::Any8 => set_boolean!(t, u32::from(self.br >> op.s & 0xFF != 0)),
                    OpCode::All8 => set_boolean!(t, u32::from(self.br >> op.s & 0xFF == 0xFF)),

                    OpCode::Nop => {}
                    OpCode::Memw | OpCode::Sync => cycle += u64::from(costs.sync),
                    OpCode::Isync => cycle += u64::from(costs.isync),
                    OpCode::Cache => self.count("cache instruction (the core has no cache of its own)"),
                    OpCode::Rsil => {
                        r!(t) = self.ps;
                        self.ps = self.ps & !PS_INTLEVEL | op.imm;
                        if self.interrupt_is_due() {
                            attention!(Stop::Attention);
                        }
                    }
                    OpCode::Rsr | OpCode::Wsr | OpCode::Xsr => {
                        self.cycle = begun;
                        let number = op.imm as u8;
                        let new = r!(t);
                        if op.code != OpCode::Wsr {
                            match self.read_special(number, op.code == OpCode::Xsr) {
                                Some(value) => r!(t) = value,
                                None => raise!(Cause::IllegalInstruction),
                            }
                        }
                        if op.code != OpCode::Rsr {
                            if !self.write_special(number, new) {
                                r!(t) = new;
                                raise!(Cause::IllegalInstruction);
                            }
                            free = self.window_free();
                            if self.look_again || self.interrupt_is_due() {
                                attention!(Stop::Attention);
                            }
                            if number == crate::special::LEND {
                                pc = pc.wrapping_add(3);
                                executed += 1;
                                code.note_loop_end(self.lend);
                                continue 'run;
                            }
                        }
                    }
                    OpCode::Rur => match self.read_user(bus, op.imm as u8, begun) {
                        Ok(value) => r!(r) = value,
                        Err(Miss::Yield) => leave!(Stop::Yield),
                        Err(Miss::Fault(cause, address)) => raise!(cause, address),
                    },
                    OpCode::Wur => access!(self.write_user(bus, op.imm as u8, r!(t), begun)),
                    OpCode::Waiti => {
                        self.ps = self.ps & !PS_INTLEVEL | u32::from(op.s);
                        self.sleeping = true;
                        attention!(Stop::Attention);
                    }
                    OpCode::Rfe => {
                        self.ps &= !PS_EXCM;
                        return_to!(self.epc[1])
                    }
                    OpCode::Rfde => return_to!(self.depc),
                    OpCode::Rfi => {
                        let level = usize::from(op.s & 7);
                        self.ps = self.eps[level];
                        return_to!(self.epc[level])
                    }
                    OpCode::Syscall => raise!(Cause::Syscall),
                    OpCode::Simcall => attention!(Stop::Simcall),
                    OpCode::Break | OpCode::BreakN => {
                        // Above the debug level BREAK does nothing.
                        if self.current_level() < DEBUG_LEVEL {
                            let narrow = op.code == OpCode::BreakN;
                            let cause = if narrow { debug_cause::BREAK_N } else { debug_cause::BREAK };
                            self.debug_exception(pc, cause);
                            pc = self.pc;
                            free = self.window_free();
                            cycle = begun + u64::from(costs.exception);
                            continue 'run;
                        }
                    }
                    OpCode::Rer => {
                        if r!(s) != DCR_SET {
                            self.count(format!("RER 0x{:08x}", r!(s)));
                        }
                        r!(t) = self.external.get(&r!(s)).copied().unwrap_or(0);
                    }
                    OpCode::Wer => {
                        self.count(format!("WER 0x{:08x}", r!(s)));
                        self.external.insert(r!(s), r!(t));
                    }
                    OpCode::Itlb | OpCode::Dtlb => {
                        let data = op.code == OpCode::Dtlb;
                        if let Some(value) = self.tlb(data, op.r, r!(s), r!(t)) {
                            r!(t) = value;
                        }
                        if !data {
                            pc = pc.wrapping_add(3);
                            pc = self.loop_back(&ops[index + 1], pc);
                            executed += 1;
                            continue 'run;
                        }
                    }

                    OpCode::Mac16 => self.mac16(op),
                    OpCode::Mac16Load => {
                        let addr = self.mac16_address(op);
                        let beat = access!(self.load32(bus, addr, begun));
                        self.mac16_loaded(op, addr, beat.value);
                        cycle += u64::from(beat.cycles);
                    }

                    OpCode::Lsi | OpCode::Lsip | OpCode::Lsx | OpCode::Lsxp => {
                        fpu_enabled!();
                        let base = r!(s);
                        let (target, offset, addr) = match op.code {
                            OpCode::Lsi => (op.t, 0, base.wrapping_add(op.imm)),
                            OpCode::Lsip => (op.t, op.imm, base),
                            OpCode::Lsx => (op.r, 0, base.wrapping_add(r!(t))),
                            _ => (op.r, r!(t), base),
                        };
                        let beat = access!(self.load32(bus, addr, begun));
                        self.fpu.fr[usize::from(target & 15)] = beat.value;
                        r!(s) = base.wrapping_add(offset);
                        cycle += u64::from(beat.cycles);
                    }
                    OpCode::Ssi | OpCode::Ssip | OpCode::Ssx | OpCode::Ssxp => {
                        fpu_enabled!();
                        let base = r!(s);
                        let (source, offset, addr) = match op.code {
                            OpCode::Ssi => (op.t, 0, base.wrapping_add(op.imm)),
                            OpCode::Ssip => (op.t, op.imm, base),
                            OpCode::Ssx => (op.r, 0, base.wrapping_add(r!(t))),
                            _ => (op.r, r!(t), base),
                        };
                        store!(store32, addr, self.fpu.fr[usize::from(source & 15)]);
                        r!(s) = base.wrapping_add(offset);
                    }
                    OpCode::Pie => {
                        if op.imm2 & 1 != 0 && self.cpenable & 8 == 0 {
                            raise!(Cause::Coprocessor3Disabled);
                        }
                        match pie::execute(self, bus, op.imm, op.imm2 >> 1, begun) {
                            Ok(stalls) => cycle += u64::from(stalls),
                            Err(pie::Refused::Miss(Miss::Yield)) => leave!(Stop::Yield),
                            Err(pie::Refused::Miss(Miss::Fault(cause, address))) => raise!(cause, address),
                            Err(pie::Refused::NotImplemented(mnemonic)) => {
                                leave!(Stop::Report(StopReason::NotImplemented(mnemonic)))
                            }
                        }
                    }

                    OpCode::Illegal => raise!(Cause::IllegalInstruction),
                    OpCode::NoMemory => {
                        let cause = Cause::from_code(op.imm).unwrap_or(Cause::InstructionFetchError);
                        raise!(cause, pc)
                    }
                    OpCode::Breakpoint => leave!(Stop::Breakpoint),
                    OpCode::Trap => leave!(Stop::Trap),
                    // What is left is the FPU's.
                    _ => {
                        fpu_enabled!();
                        self.execute_fp(op);
                    }
                }
                pc = pc.wrapping_add(op.len.into());
                index += 1;
                executed += 1;
            }
        };
        self.pc = pc;
        self.cycle = cycle;
        self.instructions += executed;
        stop
    }
}
