//! A guest for unit tests: flat memory, one window of registers, and a stand-in for the stubs' few
//! instructions.

use std::collections::BTreeMap;

use super::guest::{Fault, Guest, Outcome, Special};
use super::stubs::FRAME;
use super::{names, Rom};

/// A device for the tests: reads and writes of words at device addresses.
pub type Device = Box<dyn FnMut(u32, Option<u32>) -> u32>;

/// Function of the guest: its arguments, and its result.
pub type Callback = Box<dyn FnMut(&mut Flat, [u32; 6]) -> u32>;

/// Sparse memory and registers.
pub struct Flat {
    pub rom: std::rc::Rc<Rom>,
    pub memory: BTreeMap<u32, u8>,
    pub regs: [u32; 20],
    pub special: BTreeMap<String, u32>,
    pub pc: u32,
    pub core: u32,
    pub cycles: u64,
    pub devices: Option<Device>,
    pub functions: BTreeMap<u32, Callback>,
}

/// A stack of the tests.
const STACK: u32 = 0x3fce_0000;
/// Where callers live.
const CALLER: u32 = 0x4037_8123;
/// Memory for the tests' data.
pub const DATA: u32 = 0x3fc9_0000;

impl Default for Flat {
    fn default() -> Self {
        let mut regs = [0; 20];
        regs[1] = STACK;
        let mut flat = Self {
            rom: std::rc::Rc::new(Rom::new()),
            memory: BTreeMap::new(),
            regs,
            special: BTreeMap::new(),
            pc: 0,
            core: 0,
            cycles: 0,
            devices: None,
            functions: BTreeMap::new(),
        };
        super::vars::initialise(&mut super::Call::framed(&mut flat, 0)).expect("memory holds the variables");
        flat
    }
}

impl Flat {
    /// Puts a device behind the peripheral addresses.
    pub fn attach(&mut self, device: Device) {
        self.devices = Some(device);
    }

    /// The next trap is here.
    pub fn enter(&mut self, pc: u32) {
        self.pc = pc;
    }

    /// Calls a ROM function as CALL8 does, and answers its result.
    pub fn call(&mut self, name: &str, args: &[u32]) -> u32 {
        self.call64(name, args) as u32
    }

    /// As [`Flat::call`], for a result of 64 bits.
    pub fn call64(&mut self, name: &str, args: &[u32]) -> u64 {
        let addr = names::address(name).unwrap_or_else(|| panic!("no {name}"));
        self.call_address(addr, args)
    }

    /// Calls by address.
    pub fn call_address(&mut self, addr: u32, args: &[u32]) -> u64 {
        if let Some(mut function) = self.functions.remove(&addr) {
            let mut words = [0; 6];
            words[..args.len().min(6)].copy_from_slice(&args[..args.len().min(6)]);
            let result = function(self, words);
            self.functions.insert(addr, function);
            return u64::from(result);
        }
        assert!(self.rom.has(addr), "0x{addr:08x} is missing");
        let saved = self.regs;
        for (i, &word) in args.iter().enumerate() {
            match i {
                0..6 => self.regs[10 + i] = word,
                _ => self.store32(self.regs[1] + 4 * (i as u32 - 6), word).expect("stack"),
            }
        }
        self.regs[8] = CALLER & 0x3fff_ffff | 0x8000_0000;
        self.special.insert(format!("{:?}", Special::Ps), 2 << 16);
        let result = if addr == names::address("ets_delay_us").expect("a name") {
            self.cycles += u64::from(args[0]);
            0
        } else if self.rom.is_trap(addr) {
            self.leaf(addr)
        } else {
            self.stub(addr)
        };
        self.regs = saved;
        result
    }

    fn leaf(&mut self, addr: u32) -> u64 {
        self.pc = addr;
        match self.rom.clone().call(self) {
            Outcome::Continue(pc) => assert_eq!(pc, CALLER, "a leaf returns to its caller"),
            other => panic!("0x{addr:08x}: {other:?}"),
        }
        u64::from(self.regs[10]) | u64::from(self.regs[11]) << 32
    }

    /// Runs a core from reset until `stop` says so.
    pub fn run_main(&mut self, core: u32, stop: impl Fn() -> bool) {
        self.core = core;
        self.pc = super::boot::RESET;
        let jump = self.code(self.pc) >> 6;
        self.pc = self.pc.wrapping_add(4).wrapping_add(((jump << 14) as i32 >> 14) as u32);
        let trap = self.pc;
        assert_eq!(self.rom.clone().call(self), Outcome::Continue(trap + 3));
        let main = self.regs[8];
        self.regs[1] -= FRAME;
        self.store32(self.regs[1] + 16, 0).expect("stack");
        self.until(main + 12, stop);
    }

    /// What the stub's instructions do: ENTRY, a cleared state word, steps, calls, RETW.
    fn stub(&mut self, addr: u32) -> u64 {
        let first = self.code(addr);
        let offset = ((first >> 6 << 14) as i32 >> 14) as u32;
        let jumps = first & 0x3f == 0x06;
        let trap = if jumps { addr.wrapping_add(4).wrapping_add(offset) + 12 } else { addr + 12 };
        let caller = self.regs;
        self.regs.copy_within(8..16, 0);
        self.regs[1] = caller[1] - FRAME;
        let state = self.regs[1] + 16;
        self.store32(state, 0).expect("stack");
        self.until(trap, || false);
        u64::from(self.regs[2]) | u64::from(self.regs[3]) << 32
    }

    /// Steps of the stub whose trap this is.
    fn until(&mut self, trap: u32, stop: impl Fn() -> bool) {
        for _ in 0..10_000_000 {
            if stop() {
                return;
            }
            self.pc = trap;
            match self.rom.clone().call(self) {
                Outcome::Continue(pc) if pc == trap - 3 => {}
                Outcome::Continue(pc) if pc == trap + 9 => return,
                Outcome::Continue(pc) if pc == trap + 3 => {
                    let args: Vec<u32> = self.regs[10..16].to_vec();
                    let result = self.call_address(self.regs[8], &args);
                    self.regs[10] = result as u32;
                    self.regs[11] = (result >> 32) as u32;
                }
                other => panic!("at 0x{trap:08x}: {other:?}"),
            }
        }
        panic!("the stub at 0x{trap:08x} never returns");
    }

    fn code(&self, addr: u32) -> u32 {
        let i = (addr - super::ROM_BASE) as usize;
        let bytes = &self.rom.image().bytes()[i..i + 3];
        u32::from_le_bytes([bytes[0], bytes[1], bytes[2], 0])
    }

    /// Puts bytes into memory.
    pub fn poke(&mut self, addr: u32, bytes: &[u8]) -> u32 {
        self.write(addr, bytes).expect("memory");
        addr
    }

    /// Bytes of memory.
    pub fn peek(&mut self, addr: u32, len: usize) -> Vec<u8> {
        let mut bytes = vec![0; len];
        self.read(addr, &mut bytes).expect("memory");
        bytes
    }

    /// A terminated string into memory.
    pub fn text(&mut self, addr: u32, text: &str) -> u32 {
        self.poke(addr, text.as_bytes());
        self.poke(addr + text.len() as u32, &[0]);
        addr
    }

    /// The string at `addr`.
    pub fn string(&mut self, addr: u32) -> String {
        let mut bytes = Vec::new();
        while let Ok(byte @ 1..) = self.load8(addr + bytes.len() as u32) {
            bytes.push(byte);
        }
        String::from_utf8(bytes).expect("text")
    }
}

fn is_device(addr: u32) -> bool {
    addr & 0xff00_0000 == 0x6000_0000
}

impl Guest for Flat {
    fn reg(&self, index: u32) -> u32 {
        self.regs[index as usize]
    }
    fn set_reg(&mut self, index: u32, value: u32) {
        self.regs[index as usize] = value;
    }
    fn special(&mut self, register: Special) -> u32 {
        self.special.get(&format!("{register:?}")).copied().unwrap_or(0)
    }
    fn set_special(&mut self, register: Special, value: u32) {
        self.special.insert(format!("{register:?}"), value);
    }
    fn set_region(&mut self, _region: usize, _attribute: u8) {}
    fn pc(&self) -> u32 {
        self.pc
    }
    fn core(&self) -> u32 {
        self.core
    }
    fn load32(&mut self, addr: u32) -> Result<u32, Fault> {
        if is_device(addr) {
            return Ok(self.devices.as_mut().map_or(0, |device| device(addr, None)));
        }
        let mut bytes = [0; 4];
        self.read(addr, &mut bytes)?;
        Ok(u32::from_le_bytes(bytes))
    }
    fn load8(&mut self, addr: u32) -> Result<u8, Fault> {
        if addr < 0x1000 {
            return Err(Fault { cause: 28, addr });
        }
        if let 0x3ff0_0000..0x3ff2_0000 = addr {
            return Ok(self.rom.image().data()[(addr - 0x3ff0_0000) as usize]);
        }
        Ok(self.memory.get(&addr).copied().unwrap_or(0))
    }
    fn store32(&mut self, addr: u32, value: u32) -> Result<(), Fault> {
        if is_device(addr) {
            if let Some(device) = self.devices.as_mut() {
                device(addr, Some(value));
            }
            return Ok(());
        }
        self.write(addr, &value.to_le_bytes())
    }
    fn store8(&mut self, addr: u32, value: u8) -> Result<(), Fault> {
        if addr < 0x1000 {
            return Err(Fault { cause: 29, addr });
        }
        self.memory.insert(addr, value);
        Ok(())
    }
    fn charge(&mut self, cycles: u32) {
        self.cycles += u64::from(cycles);
    }
}
