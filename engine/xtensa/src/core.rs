//! The processor core: its state and the loop around the executor. ISA RM chapter 5 (Processor State).

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::debug::Debug;
use crate::exception::{Cause, ExceptionReport, StopReason, StopReport};
use crate::execute::Stop;
use crate::fpu::Fpu;
use crate::interrupt::Interrupts;
use crate::monitor::Watching;
use crate::pie::Pie;
use crate::place::Resume;
use crate::protection::Protection;
use crate::watched::Watched;
use crate::{disasm, Beat, Bus, BusError, Code, Exit, Fetch};

/// PS fields. ISA RM table 4-63.
pub(crate) const PS_INTLEVEL: u32 = 15;
pub(crate) const PS_EXCM: u32 = 1 << 4;
pub(crate) const PS_UM: u32 = 1 << 5;
pub(crate) const OWB_SHIFT: u32 = 8;
pub(crate) const OWB: u32 = 15 << OWB_SHIFT;
pub(crate) const CALLINC_SHIFT: u32 = 16;
pub(crate) const PS_CALLINC: u32 = 3 << CALLINC_SHIFT;
pub(crate) const PS_WOE: u32 = 1 << 18;
/// The fields there are: INTLEVEL, EXCM, UM, OWB, CALLINC, WOE (no rings: `XCHAL_MMU_RINGS` 1).
pub(crate) const PS_FIELDS: u32 = PS_INTLEVEL | PS_EXCM | PS_UM | OWB | PS_CALLINC | PS_WOE;
/// After reset: INTLEVEL 15 and EXCM.
const PS_RESET: u32 = 0x1F;

/// core-isa.h, `XCHAL_VECBASE_RESET_VADDR` and `XCHAL_RESET_VECTOR_VADDR`.
const VECBASE_RESET: u32 = 0x4000_0000;
const RESET_VECTOR: u32 = 0x4000_0400;

/// No line has been fetched since the last reset.
pub(crate) const NOT_FETCHED: u32 = 1;

/// One Xtensa LX7.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Core {
    /// The address of the next instruction.
    pub pc: u32,
    /// Processor clocks since the first reset. A chip may move it forward while the core sleeps.
    pub cycle: u64,
    /// Instructions executed.
    pub instructions: u64,
    /// WAITI stopped the clock of the core.
    pub sleeping: bool,
    /// The last exception taken that is not a window, level-1 interrupt or syscall: for reports.
    pub last_exception: Option<ExceptionReport>,
    /// Floating-point unit, coprocessor 0.
    pub fpu: Fpu,
    /// 128-bit unit, coprocessor 3.
    pub pie: Pie,

    /// The visible registers.
    pub(crate) r: [u32; 16],
    /// All registers; those that are visible are stale here.
    pub(crate) ar: Registers,
    pub(crate) windowbase: u32,
    pub(crate) windowstart: u32,
    pub(crate) ps: u32,
    pub(crate) sar: u32,
    pub(crate) lbeg: u32,
    pub(crate) lend: u32,
    pub(crate) lcount: u32,
    pub(crate) br: u32,
    pub(crate) scompare1: u32,
    pub(crate) atomctl: u32,
    pub(crate) acc: u64,
    pub(crate) m: [u32; 4],
    pub(crate) threadptr: u32,
    pub(crate) vecbase: u32,
    pub(crate) exccause: u32,
    pub(crate) excvaddr: u32,
    pub(crate) depc: u32,
    /// EPC1 to EPC7 by level.
    pub(crate) epc: [u32; 8],
    /// EPS2 to EPS7 by level.
    pub(crate) eps: [u32; 8],
    pub(crate) excsave: [u32; 8],
    pub(crate) misc: [u32; 4],
    pub(crate) cpenable: u32,
    pub(crate) memctl: u32,
    pub(crate) ddr: u32,
    pub(crate) interrupts: Interrupts,
    pub(crate) debug: Debug,
    pub(crate) protection: Protection,
    /// The line fetched last, or [`NOT_FETCHED`].
    pub(crate) fetched: u32,
    pub(crate) crossing_cost: u8,
    pub(crate) resume: Resume,

    id: u8,
    prid: u32,
    /// Registers behind RER and WER.
    pub(crate) external: BTreeMap<u32, u32>,
    /// Timers or debug registers were written: the chip's deadline, or the way `run` executes, may
    /// be wrong.
    pub(crate) look_again: bool,
    /// The breakpoint or watchpoint that stopped the last `run`.
    pub(crate) stopped_at: Option<u32>,
    stopped: Option<Box<StopReport>>,
    pub(crate) watching: Option<Box<Watching>>,
    pub(crate) not_modelled: BTreeMap<String, u64>,
}

/// The physical registers, in a form that serde knows.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(from = "Vec<u32>", into = "Vec<u32>")]
pub(crate) struct Registers([u32; 64]);

impl std::ops::Deref for Registers {
    type Target = [u32; 64];
    fn deref(&self) -> &[u32; 64] {
        &self.0
    }
}

impl std::ops::DerefMut for Registers {
    fn deref_mut(&mut self) -> &mut [u32; 64] {
        &mut self.0
    }
}

impl From<Vec<u32>> for Registers {
    fn from(values: Vec<u32>) -> Self {
        let mut registers = [0; 64];
        registers.iter_mut().zip(values).for_each(|(register, value)| *register = value);
        Registers(registers)
    }
}

impl From<Registers> for Vec<u32> {
    fn from(registers: Registers) -> Self {
        registers.0.to_vec()
    }
}

impl Core {
    /// A core just after reset. `id` is for reports, `prid` what the special register PRID reads.
    pub fn new(id: u8, prid: u32) -> Self {
        Core {
            pc: RESET_VECTOR,
            cycle: 0,
            instructions: 0,
            sleeping: false,
            last_exception: None,
            fpu: Fpu::default(),
            pie: Pie::default(),
            r: [0; 16],
            ar: Registers([0; 64]),
            windowbase: 0,
            windowstart: 1,
            ps: PS_RESET,
            sar: 0,
            lbeg: 0,
            lend: 0,
            lcount: 0,
            br: 0,
            scompare1: 0,
            // ISA RM 4.3.13: after reset, RCW transactions outside of the core for every kind.
            atomctl: 0x28,
            acc: 0,
            m: [0; 4],
            threadptr: 0,
            vecbase: VECBASE_RESET,
            exccause: 0,
            excvaddr: 0,
            depc: 0,
            epc: [0; 8],
            eps: [0; 8],
            excsave: [0; 8],
            misc: [0; 4],
            // ISA RM: undefined after reset. Here all are enabled, as in QEMU: firmware uses the FPU before anybody
            // has written it (the constructors of LilyGO's T-Deck on ESP-IDF 4.4), and neither ROM nor start-up code does.
            cpenable: 0xFF,
            memctl: 0,
            ddr: 0,
            interrupts: Interrupts::after_reset(0, 0),
            debug: Debug::default(),
            protection: Protection::default(),
            fetched: NOT_FETCHED,
            crossing_cost: 1,
            resume: Resume::default(),
            id,
            prid,
            external: BTreeMap::new(),
            look_again: false,
            stopped_at: None,
            stopped: None,
            watching: None,
            not_modelled: BTreeMap::new(),
        }
    }

    /// Reset: everything but the counters, the input lines, and what has been counted as not
    /// modelled. Execution starts at the reset vector; a chip that moves it writes `pc`.
    pub fn reset(&mut self) {
        let before = std::mem::replace(self, Core::new(self.id, self.prid));
        self.cycle = before.cycle;
        self.instructions = before.instructions;
        self.not_modelled = before.not_modelled;
        self.watching = before.watching;
        self.interrupts = Interrupts::after_reset(before.interrupts.lines(), self.cycle);
    }

    /// Executes until something needs the chip.
    pub fn run<B: Bus>(&mut self, bus: &mut B, code: &mut Code) -> Exit {
        if self.stopped_at == Some(self.pc) {
            // No interrupt comes between: behind it the same breakpoint would be reached again.
            if let Some(exit) = self.step_over(bus, code, true) {
                return exit;
            }
        }
        self.stopped_at = None;
        self.crossing_cost = code.costs().crossing;
        if self.lcount != 0 {
            code.note_loop_end(self.lend);
        }
        if self.looks_before_executing(code) {
            return self.run_carefully(bus, code);
        }
        self.run_to_deadline(bus, code, false)
    }

    /// Executes one instruction, or enters one exception, whatever the deadline, and a breakpoint or
    /// watchpoint on it say. `None`: done.
    pub fn step<B: Bus>(&mut self, bus: &mut B, code: &mut Code) -> Option<Exit> {
        self.step_over(bus, code, false)
    }

    fn step_over<B: Bus>(&mut self, bus: &mut B, code: &mut Code, uninterrupted: bool) -> Option<Exit> {
        if self.lcount != 0 {
            code.note_loop_end(self.lend);
        }
        code.lift_breakpoint(Some(self.pc));
        let mut one = OneStep { deadline: self.cycle + 1, bus };
        let exit = self.run_to_deadline(&mut one, code, uninterrupted);
        code.lift_breakpoint(None);
        (exit != Exit::Deadline).then_some(exit)
    }

    /// Instruction by instruction: hardware breakpoints and watchpoints, ICOUNT, watchpoints of a
    /// debugger outside. Hardware watchpoints alone, as ESP-IDF has them at the end of each stack, only near them.
    fn run_carefully<B: Bus>(&mut self, bus: &mut B, code: &mut Code) -> Exit {
        loop {
            if self.cycle >= bus.deadline() && !self.sleeping || std::mem::take(&mut self.look_again) {
                return Exit::Deadline;
            }
            if !self.looks_before_executing(code) {
                return self.run_to_deadline(bus, code, false);
            }
            if let Some(ranges) = self.watched_ranges(code) {
                let mut watched = Watched { bus: &mut *bus, ranges, met: false };
                let exit = self.run_to_deadline(&mut watched, code, false);
                if !watched.met || exit != Exit::Yield {
                    return exit;
                }
            }
            let mut foreseen = Vec::new();
            let at = self.pc;
            if !self.sleeping && !self.interrupt_is_due() {
                let op = code.instruction(bus, self.pc);
                if let Some(addr) = self.watched_access(code, &op) {
                    self.stopped_at = Some(self.pc);
                    return Exit::Watchpoint(addr);
                }
                if let Some(cause) = self.debug_event(&op) {
                    self.debug_exception(self.pc, cause);
                    continue;
                }
                if code.breakpoints().any(|addr| addr == self.pc) {
                    self.stopped_at = Some(self.pc);
                    return Exit::Breakpoint(self.pc);
                }
                foreseen = self.foresee(&op);
            }
            let (before, counted) = (self.instructions, self.icount_runs());
            if let Some(exit) = self.step(bus, code) {
                return exit;
            }
            if self.instructions != before && self.look_back(at, foreseen) {
                return Exit::Deadline;
            }
            if counted && self.instructions != before {
                self.debug.icount = self.debug.icount.wrapping_add(1);
            }
        }
    }

    fn run_to_deadline<B: Bus>(&mut self, bus: &mut B, code: &mut Code, mut uninterrupted: bool) -> Exit {
        loop {
            if let Some(report) = &self.stopped {
                return Exit::Stopped(report.clone());
            }
            self.advance_timers();
            if self.sleeping {
                if !self.pending_wakeup() {
                    return Exit::Sleep;
                }
                self.sleeping = false;
            }
            if self.cycle >= bus.deadline() || std::mem::take(&mut self.look_again) {
                return Exit::Deadline;
            }
            if !std::mem::take(&mut uninterrupted) {
                self.take_interrupt(code);
            }
            match self.execute(bus, code) {
                Stop::Deadline => return Exit::Deadline,
                Stop::Yield => return Exit::Yield,
                Stop::Attention => {}
                Stop::Simcall => return Exit::Simcall,
                Stop::Trap => return Exit::Trap(self.pc),
                Stop::Breakpoint => {
                    self.stopped_at = Some(self.pc);
                    // What the breakpoint itself costs is not what the instruction under it does.
                    self.resume = Resume::default();
                    return Exit::Breakpoint(self.pc);
                }
                Stop::Report(reason) => {
                    let text = self.instruction_text(bus, self.pc);
                    self.stop(reason, text);
                }
            }
        }
    }

    fn stop(&mut self, reason: StopReason, instruction: Option<String>) {
        self.stopped = Some(Box::new(StopReport {
            core: self.id,
            reason,
            pc: self.pc,
            instruction,
            original: self.last_exception.clone(),
            registers: self.r,
            ps: self.ps,
            cycle: self.cycle,
        }));
    }

    fn instruction_text<B: Bus>(&self, bus: &mut B, pc: u32) -> Option<String> {
        let mut bytes = [0; 8];
        for half in 0..2 {
            if let Fetch::Word(word) = bus.fetch((pc & !3).wrapping_add(4 * half)) {
                bytes[4 * half as usize..][..4].copy_from_slice(&word.to_le_bytes());
            } else if half == 0 {
                return None;
            }
        }
        Some(disasm::instruction(&bytes[(pc & 3) as usize..], pc))
    }

    /// Stopped for good: nothing but a reset or a debugger gets it going.
    pub fn is_stopped(&self) -> bool {
        self.stopped.is_some()
    }

    /// Which core this is.
    pub fn id(&self) -> u8 {
        self.id
    }

    /// Special register PRID.
    pub fn prid(&self) -> u32 {
        self.prid
    }

    /// Special register PS.
    pub fn ps(&self) -> u32 {
        self.ps
    }

    /// Writes PS, as a boot ROM does for the program it starts.
    pub fn set_ps(&mut self, value: u32) {
        self.ps = value & PS_FIELDS;
    }

    /// The address of the vectors.
    pub fn vecbase(&self) -> u32 {
        self.vecbase
    }

    /// How the function at an [`Exit::Trap`] returns to its caller. It was called, so its arguments
    /// and results are where CALL left them: with the windowed ABI no ENTRY has been executed, so
    /// argument 0 is in `a(4 * callinc + 2)`.
    pub fn return_from_trap(&mut self) {
        let window = self.trap_window();
        let back = self.r[window];
        self.pc = if window == 0 { back } else { self.pc & 0xC000_0000 | back & 0x3FFF_FFFF };
    }

    /// The register of the current window that holds the return address of the function called last:
    /// 0, or 4, 8, 12 by PS.CALLINC. A0 with CALL0 code is told from a windowed call by the bits on
    /// top of the return address.
    pub fn trap_window(&self) -> usize {
        let callinc = (self.ps >> CALLINC_SHIFT & 3) as usize;
        match self.r[callinc * 4] >> 30 == callinc as u32 && self.ps & PS_WOE != 0 {
            true => callinc * 4,
            false => 0,
        }
    }

    /// What firmware touched and this crate does not model: name and number of times.
    pub fn unimplemented(&self) -> &BTreeMap<String, u64> {
        &self.not_modelled
    }

    pub(crate) fn count(&mut self, name: impl Into<String>) {
        *self.not_modelled.entry(name.into()).or_default() += 1;
    }

    /// Time passes for a sleeping core: its clock went on.
    pub fn sleep_until(&mut self, cycle: u64) {
        self.cycle = self.cycle.max(cycle);
        self.advance_timers();
    }

    /// The exception that a cause of the bus or of an instruction raises, taken at `pc`. For chips
    /// that perform functions in the place of ROM code.
    pub fn raise(&mut self, cause: Cause, excvaddr: u32) {
        match self.exception(self.pc, cause, excvaddr) {
            Ok(vector) => self.pc = vector,
            Err(reason) => self.stop(reason, None),
        }
    }
}

/// What a bus that stands before another one, its `bus`, hands through: all but loads, stores and the deadline.
macro_rules! hand_through {
    () => {
        fn fetch(&mut self, addr: u32) -> Fetch {
            self.bus.fetch(addr)
        }
        fn is_trap(&self, addr: u32) -> bool {
            self.bus.is_trap(addr)
        }
        fn fetch_cycles(&mut self, addr: u32, cycle: u64) -> u32 {
            self.bus.fetch_cycles(addr, cycle)
        }
        fn has_fetch_timing(&self, addr: u32) -> bool {
            self.bus.has_fetch_timing(addr)
        }
        fn watch_code(&mut self, addr: u32) {
            self.bus.watch_code(addr);
        }
        fn watch_loads(&mut self) {
            self.bus.watch_loads();
        }
        fn unchanged_until(&self) -> u64 {
            self.bus.unchanged_until()
        }
        fn read_ur(&mut self, number: u8, cycle: u64) -> Result<u32, BusError> {
            self.bus.read_ur(number, cycle)
        }
        fn write_ur(&mut self, number: u8, value: u32, mask: u32, cycle: u64) -> Result<(), BusError> {
            self.bus.write_ur(number, value, mask, cycle)
        }
    };
}
pub(crate) use hand_through;

/// The bus of [`Core::step`]: the deadline is the next cycle.
struct OneStep<'a, B: Bus> {
    bus: &'a mut B,
    deadline: u64,
}

impl<B: Bus> Bus for OneStep<'_, B> {
    fn load32(&mut self, addr: u32, cycle: u64) -> Result<Beat, BusError> {
        self.bus.load32(addr, cycle)
    }
    fn load16(&mut self, addr: u32, cycle: u64) -> Result<Beat, BusError> {
        self.bus.load16(addr, cycle)
    }
    fn load8(&mut self, addr: u32, cycle: u64) -> Result<Beat, BusError> {
        self.bus.load8(addr, cycle)
    }
    fn store32(&mut self, addr: u32, value: u32, cycle: u64) -> Result<u32, BusError> {
        self.bus.store32(addr, value, cycle)
    }
    fn store16(&mut self, addr: u32, value: u32, cycle: u64) -> Result<u32, BusError> {
        self.bus.store16(addr, value, cycle)
    }
    fn store8(&mut self, addr: u32, value: u32, cycle: u64) -> Result<u32, BusError> {
        self.bus.store8(addr, value, cycle)
    }
    crate::core::hand_through!();
    fn deadline(&self) -> u64 {
        self.deadline
    }
}
