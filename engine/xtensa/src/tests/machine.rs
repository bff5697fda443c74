//! A core, 64 KB of memory, one device word, and the encodings the tests are written in.

use crate::{Beat, Bus, BusError, Cause, Code, Core, Exit, Fetch};

pub const RAM: u32 = 0x4037_0000;
const SIZE: u32 = 0x10000;
/// Where programs start; the vectors lie at [`RAM`].
pub const START: u32 = RAM + 0x1000;
pub const DATA: u32 = RAM + 0x8000;
/// A word that answers `yields` times with [`BusError::Yield`] and counts its accesses.
pub const DEVICE: u32 = 0x6000_0000;

pub struct Flat {
    pub ram: Vec<u8>,
    pub deadline: u64,
    pub yields: u32,
    pub accesses: u32,
    pub watched: Vec<u32>,
    /// Lines of decoded code that were written.
    pub dirty: Vec<u32>,
    pub trap: u32,
    /// Lines fetched, each at ten cycles; `None`: fetches cost nothing.
    pub fetched: Option<Vec<u32>>,
}

impl Flat {
    fn at(&mut self, addr: u32, bytes: u32) -> Result<Option<usize>, BusError> {
        if addr == DEVICE {
            if self.yields > 0 {
                self.yields -= 1;
                return Err(BusError::Yield);
            }
            self.accesses += 1;
            return Ok(None);
        }
        match addr.wrapping_sub(RAM) <= SIZE - bytes {
            true => Ok(Some((addr - RAM) as usize)),
            false => Err(BusError::Fault(Cause::LoadStoreError)),
        }
    }

    fn load(&mut self, addr: u32, bytes: u32) -> Result<Beat, BusError> {
        let Some(at) = self.at(addr, bytes)? else { return Ok(Beat { value: 0x55, cycles: 7 }) };
        let value = (0..bytes as usize).fold(0, |value, byte| value | u32::from(self.ram[at + byte]) << (8 * byte));
        Ok(Beat { value, cycles: 0 })
    }

    fn store(&mut self, addr: u32, value: u32, bytes: u32) -> Result<u32, BusError> {
        let Some(at) = self.at(addr, bytes)? else { return Ok(7) };
        self.ram[at..at + bytes as usize].copy_from_slice(&value.to_le_bytes()[..bytes as usize]);
        if self.watched.contains(&(addr >> 6)) {
            self.dirty.push(addr);
            self.deadline = 0;
        }
        Ok(0)
    }
}

impl Bus for Flat {
    fn load32(&mut self, addr: u32, _: u64) -> Result<Beat, BusError> {
        self.load(addr, 4)
    }
    fn load16(&mut self, addr: u32, _: u64) -> Result<Beat, BusError> {
        self.load(addr, 2)
    }
    fn load8(&mut self, addr: u32, _: u64) -> Result<Beat, BusError> {
        self.load(addr, 1)
    }
    fn store32(&mut self, addr: u32, value: u32, _: u64) -> Result<u32, BusError> {
        self.store(addr, value, 4)
    }
    fn store16(&mut self, addr: u32, value: u32, _: u64) -> Result<u32, BusError> {
        self.store(addr, value, 2)
    }
    fn store8(&mut self, addr: u32, value: u32, _: u64) -> Result<u32, BusError> {
        self.store(addr, value, 1)
    }
    fn fetch(&mut self, addr: u32) -> Fetch {
        match self.load(addr, 4) {
            Ok(beat) if addr != DEVICE => Fetch::Word(beat.value),
            _ => Fetch::Nothing(Cause::InstructionFetchError),
        }
    }
    fn is_trap(&self, addr: u32) -> bool {
        addr == self.trap
    }
    fn fetch_cycles(&mut self, addr: u32, _: u64) -> u32 {
        self.fetched.as_mut().expect("timed").push(addr);
        10
    }
    fn has_fetch_timing(&self, _: u32) -> bool {
        self.fetched.is_some()
    }
    fn watch_code(&mut self, addr: u32) {
        self.watched.push(addr >> 6);
    }
    fn deadline(&self) -> u64 {
        self.deadline
    }
    fn read_ur(&mut self, _: u8, _: u64) -> Result<u32, BusError> {
        Ok(0)
    }
    fn write_ur(&mut self, _: u8, _: u32, _: u32, _: u64) -> Result<(), BusError> {
        Ok(())
    }
}

pub struct Machine {
    pub core: Core,
    pub bus: Flat,
    pub code: Code,
}

impl Machine {
    /// With `program` at [`START`], the window handlers at the vectors, `ill` everywhere else, and
    /// PS as a C program has it: windows on, user mode, nothing masked.
    pub fn new(program: &[u32]) -> Machine {
        let bus = Flat {
            ram: vec![0; SIZE as usize],
            deadline: u64::MAX,
            yields: 0,
            accesses: 0,
            watched: Vec::new(),
            dirty: Vec::new(),
            trap: 1,
            fetched: None,
        };
        let mut machine = Machine { core: Core::new(0, 0xCDCD), bus, code: Code::default() };
        for (offset, handler) in window_handlers() {
            machine.write(RAM + offset, &handler);
        }
        machine.write(START, program);
        machine.core.set_special(231, RAM);
        machine.core.set_ps(1 << 18 | 1 << 5);
        machine.core.pc = START;
        // The stack, and below it the stack pointer of the caller of the first frame.
        machine.core.set_a(1, RAM + 0x7000);
        machine.bus.store(RAM + 0x7000 - 12, RAM + 0x7100, 4).expect("memory");
        machine
    }

    pub fn write(&mut self, addr: u32, program: &[u32]) {
        let mut at = (addr - RAM) as usize;
        for word in program {
            let len = usize::from(crate::decode::length(*word as u8));
            self.bus.ram[at..at + len].copy_from_slice(&word.to_le_bytes()[..len]);
            at += len;
        }
    }

    /// Until `Exit::Simcall`, as a chip runs it.
    pub fn run(&mut self) {
        match self.run_to_exit() {
            Exit::Simcall => {}
            exit => panic!("{exit:?} at {:08x}, last exception {:?}", self.core.pc, self.core.last_exception),
        }
    }

    pub fn run_to_exit(&mut self) -> Exit {
        for _ in 0..100_000 {
            let exit = self.core.run(&mut self.bus, &mut self.code);
            if exit != Exit::Deadline || self.bus.deadline != 0 {
                return exit;
            }
            self.bus.deadline = u64::MAX;
            for addr in std::mem::take(&mut self.bus.dirty) {
                self.code.invalidate_line(addr);
            }
        }
        panic!("does not get on at {:08x}", self.core.pc);
    }

    pub fn special(&mut self, number: u8) -> u32 {
        self.core.special(number).expect("a special register")
    }

    pub fn word(&mut self, addr: u32) -> u32 {
        self.bus.load(addr, 4).expect("memory").value
    }
}

const fn rst(template: u32, r: u32, s: u32, t: u32) -> u32 {
    template | r << 12 | s << 8 | t << 4
}
pub const fn add(r: u32, s: u32, t: u32) -> u32 {
    rst(0x80_0000, r, s, t)
}
pub const fn addi(t: u32, s: u32, imm: i32) -> u32 {
    rst(0xC002, 0, s, t) | (imm as u32 & 0xFF) << 16
}
pub const fn movi(t: u32, imm: i32) -> u32 {
    rst(0xA002, 0, imm as u32 >> 8 & 15, t) | (imm as u32 & 0xFF) << 16
}
pub const fn mov(t: u32, s: u32) -> u32 {
    rst(0x20_0000, t, s, s)
}
pub const fn l32i(t: u32, s: u32, offset: u32) -> u32 {
    rst(0x2002, 0, s, t) | (offset / 4) << 16
}
pub const fn s32i(t: u32, s: u32, offset: u32) -> u32 {
    rst(0x6002, 0, s, t) | (offset / 4) << 16
}
pub const fn beqz(s: u32, offset: i32) -> u32 {
    0x16 | s << 8 | ((offset - 4) as u32 & 0xFFF) << 12
}
pub const fn j(offset: i32) -> u32 {
    0x06 | ((offset - 4) as u32 & 0x3_FFFF) << 6
}
pub const fn entry(frame: u32) -> u32 {
    0x136 | (frame / 8) << 12
}
/// `offset` from this instruction, whose address is a multiple of 4.
pub const fn call(windows: u32, offset: i32) -> u32 {
    0x05 | windows << 4 | ((offset - 4) as u32 >> 2 & 0x3_FFFF) << 6
}
pub const fn loop_(s: u32, body: u32) -> u32 {
    0x8076 | s << 8 | (body - 1) << 16
}
pub const fn loopnez(s: u32, body: u32) -> u32 {
    0x9076 | s << 8 | (body - 1) << 16
}
pub const fn wsr(t: u32, number: u32) -> u32 {
    0x13_0000 | number << 8 | t << 4
}
pub const fn rsil(t: u32, level: u32) -> u32 {
    rst(0x6000, 0, level, t)
}
pub const fn waiti(level: u32) -> u32 {
    rst(0x7000, 0, level, 0)
}
pub const fn rfi(level: u32) -> u32 {
    rst(0x3010, 0, level, 0)
}
pub const fn quou(r: u32, s: u32, t: u32) -> u32 {
    rst(0xC2_0000, r, s, t)
}
const fn l32e(t: u32, s: u32, offset: i32) -> u32 {
    rst(0x09_0000, ((offset + 64) / 4) as u32, s, t)
}
const fn s32e(t: u32, s: u32, offset: i32) -> u32 {
    rst(0x49_0000, ((offset + 64) / 4) as u32, s, t)
}
pub const RETW: u32 = 0x90;
pub const NOP: u32 = 0x20F0;
pub const NOP_N: u32 = 0xF03D;
pub const ILL: u32 = 0;
pub const RFE: u32 = 0x3000;
pub const SIMCALL: u32 = 0x5100;
const RFWO: u32 = 0x3400;
const RFWU: u32 = 0x3500;

/// ISA RM 4.7.1.5: the handlers of the windowed ABI.
fn window_handlers() -> Vec<(u32, Vec<u32>)> {
    let frame = |access: fn(u32, u32, i32) -> u32, s| {
        vec![access(0, s, -16), access(1, s, -12), access(2, s, -8), access(3, s, -4)]
    };
    let mut handlers = Vec::new();
    handlers.push((0x000, [frame(s32e, 5), vec![RFWO]].concat()));
    handlers.push((0x040, [frame(l32e, 5), vec![RFWU]].concat()));
    for (overflow, underflow, next, extra) in [(0x080, 0x0C0, 9, 4), (0x100, 0x140, 13, 8)] {
        // The registers beyond a3 go below the stack pointer of the caller of the frame.
        let below = -16 - 4 * extra as i32;
        let mut spill =
            vec![s32e(0, next, -16), l32e(0, 1, -12), s32e(1, next, -12), s32e(2, next, -8), s32e(3, next, -4)];
        spill.extend((0..extra).map(|n| s32e(4 + n, 0, below + 4 * n as i32)));
        spill.push(RFWO);
        handlers.push((overflow, spill));
        let base = 3 + extra;
        let mut fill =
            vec![l32e(0, next, -16), l32e(1, next, -12), l32e(2, next, -8), l32e(base, 1, -12), l32e(3, next, -4)];
        fill.extend((0..extra).map(|n| l32e(4 + n, base, below + 4 * n as i32)));
        fill.push(RFWU);
        handlers.push((underflow, fill));
    }
    handlers
}
