//! A flat machine for the tests: zero wait state memory, a single-cycle IO word, nothing else.
#![allow(dead_code, reason = "each test file uses its own part")]

pub mod random;
pub mod thumb;

use armv6m::{Beat, Bus, BusError, Code, Core, Exit};

pub const RAM: u32 = 0x2000_0000;
/// A slow device: three cycles of access phase. It counts its accesses.
pub const SLOW: u32 = 0x4000_0000;
/// A single-cycle IO port.
pub const SIO: u32 = 0xD000_0000;

/// Flash at 0, RAM at 0x2000_0000.
pub struct Flat {
    pub flash: Vec<u8>,
    pub ram: Vec<u8>,
    pub deadline: u64,
    pub events: u32,
    pub slow_accesses: u32,
    /// The slow device and the IO port answer Yield to cycles from here on.
    pub yield_from: u64,
    /// Cycles that each flash word costs.
    pub fetch_cost: u32,
    pub fetched: Vec<u32>,
    pub watched: Vec<u32>,
}

impl Flat {
    pub fn new(flash: usize, ram: usize) -> Self {
        Flat {
            flash: vec![0; flash],
            ram: vec![0; ram],
            deadline: u64::MAX,
            events: 0,
            slow_accesses: 0,
            yield_from: u64::MAX,
            fetch_cost: 0,
            fetched: Vec::new(),
            watched: Vec::new(),
        }
    }

    #[inline(always)]
    fn at(&mut self, addr: u32, bytes: usize) -> Option<&mut [u8]> {
        let (memory, offset) = match addr >> 28 {
            0 => (&mut self.flash, addr as usize),
            2 => (&mut self.ram, (addr - RAM) as usize),
            _ => return None,
        };
        memory.get_mut(offset..offset + bytes)
    }

    fn device(&mut self, addr: u32, cycle: u64) -> Result<u32, BusError> {
        let cycles = match addr >> 28 {
            0x4 => 3,
            0xD => 0,
            _ => return Err(BusError::Fault),
        };
        if cycle >= self.yield_from {
            return Err(BusError::Yield);
        }
        self.slow_accesses += 1;
        Ok(cycles)
    }

    pub fn word(&mut self, addr: u32) -> u32 {
        u32::from_le_bytes(self.at(addr, 4).unwrap().try_into().unwrap())
    }

    pub fn set_word(&mut self, addr: u32, value: u32) {
        self.at(addr, 4).unwrap().copy_from_slice(&value.to_le_bytes());
    }

    /// Puts instructions at `addr`.
    pub fn program(&mut self, addr: u32, code: &[u16]) {
        for (index, halfword) in code.iter().enumerate() {
            self.at(addr + 2 * index as u32, 2).unwrap().copy_from_slice(&halfword.to_le_bytes());
        }
    }
}

macro_rules! access {
    ($read:ident, $write:ident, $type:ty, $bytes:literal) => {
        #[inline(always)]
        fn $read(&mut self, addr: u32, cycle: u64) -> Result<Beat, BusError> {
            match self.at(addr, $bytes) {
                Some(bytes) => Ok(Beat { value: <$type>::from_le_bytes(bytes.try_into().unwrap()).into(), cycles: 1 }),
                None => self.device(addr, cycle).map(|cycles| Beat { value: 0, cycles }),
            }
        }
        #[inline(always)]
        fn $write(&mut self, addr: u32, value: u32, cycle: u64) -> Result<u32, BusError> {
            match self.at(addr, $bytes) {
                Some(bytes) => {
                    bytes.copy_from_slice(&(value as $type).to_le_bytes());
                    Ok(1)
                }
                None => self.device(addr, cycle),
            }
        }
    };
}

impl Bus for Flat {
    access!(read32, write32, u32, 4);
    access!(read16, write16, u16, 2);
    access!(read8, write8, u8, 1);

    fn fetch16(&mut self, addr: u32) -> Option<u16> {
        self.at(addr, 2).map(|b| u16::from_le_bytes(b.try_into().unwrap()))
    }
    fn fetch_cycles(&mut self, addr: u32, _cycle: u64) -> u32 {
        self.fetched.push(addr);
        self.fetch_cost
    }
    fn has_fetch_timing(&self, addr: u32) -> bool {
        self.fetch_cost != 0 && addr < RAM
    }
    fn watch_code(&mut self, addr: u32) {
        self.watched.push(addr);
    }
    #[inline(always)]
    fn deadline(&self) -> u64 {
        self.deadline
    }
    fn send_event(&mut self) {
        self.events += 1;
    }
}

/// A core on a flat bus, with a vector table in flash and code at [`Machine::START`].
pub struct Machine {
    pub core: Core,
    pub bus: Flat,
    pub code: Code,
}

impl Machine {
    pub const START: u32 = 0x200;
    pub const STACK: u32 = RAM + 0x1000;

    /// Handler of exception `n`: a `BX LR` at 0x1000 + 16 n until a test programs it.
    pub fn handler(number: u32) -> u32 {
        0x1000 + 16 * number
    }

    /// Reset has been executed.
    pub fn new(program: &[u16]) -> Self {
        let mut bus = Flat::new(0x4000, 0x4000);
        bus.set_word(0, Self::STACK);
        bus.set_word(4, Self::START | 1);
        for number in 2..48 {
            bus.set_word(4 * number, Self::handler(number) | 1);
            bus.program(Self::handler(number), &[thumb::bx(14)]);
        }
        bus.program(Self::START, program);
        let mut core = Core::new(0);
        core.reset(&mut bus, 0);
        Machine { core, bus, code: Code::default() }
    }

    /// Executes one instruction, or enters one exception.
    pub fn step(&mut self) -> Option<Exit> {
        self.core.step(&mut self.bus, &mut self.code)
    }

    /// Executes `count` of them and expects each to be done.
    pub fn steps(&mut self, count: u32) {
        for _ in 0..count {
            assert_eq!(self.step(), None, "at {:#x}", self.pc());
        }
    }

    pub fn run(&mut self) -> Exit {
        self.core.run(&mut self.bus, &mut self.code)
    }

    /// Runs for `cycles` from now.
    pub fn run_for(&mut self, cycles: u64) -> Exit {
        self.bus.deadline = self.core.cycle + cycles;
        let exit = self.run();
        self.bus.deadline = u64::MAX;
        exit
    }

    /// Cycles of the next instruction.
    pub fn cost(&mut self) -> u64 {
        let before = self.core.cycle;
        assert_eq!(self.step(), None);
        self.core.cycle - before
    }

    pub fn pc(&self) -> u32 {
        self.core.regs[15]
    }
}
