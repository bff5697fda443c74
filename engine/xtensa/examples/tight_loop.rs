//! Prints the speed of a few loops on a flat bus, in million instructions per second.

use std::time::Instant;

use xtensa::{Beat, Bus, BusError, Cause, Code, Core, Exit, Fetch};

const RAM: u32 = 0x4037_0000;
const SIZE: usize = 0x10000;

/// 64 KB at [`RAM`], nothing else.
struct Flat {
    ram: Vec<u8>,
    deadline: u64,
}

fn at(addr: u32, bytes: usize) -> Result<usize, BusError> {
    let offset = addr.wrapping_sub(RAM) as usize;
    match offset <= SIZE - bytes {
        true => Ok(offset),
        false => Err(BusError::Fault(Cause::LoadStoreError)),
    }
}

macro_rules! access {
    ($load:ident, $store:ident, $type:ty, $bytes:literal) => {
        #[inline(always)]
        fn $load(&mut self, addr: u32, _: u64) -> Result<Beat, BusError> {
            let from = at(addr, $bytes)?;
            let bytes = self.ram[from..from + $bytes].try_into().expect("a slice of this length");
            Ok(Beat { value: <$type>::from_le_bytes(bytes).into(), cycles: 0 })
        }
        #[inline(always)]
        fn $store(&mut self, addr: u32, value: u32, _: u64) -> Result<u32, BusError> {
            let to = at(addr, $bytes)?;
            self.ram[to..to + $bytes].copy_from_slice(&(value as $type).to_le_bytes());
            Ok(0)
        }
    };
}

impl Bus for Flat {
    access!(load32, store32, u32, 4);
    access!(load16, store16, u16, 2);
    access!(load8, store8, u8, 1);
    fn fetch(&mut self, addr: u32) -> Fetch {
        match self.load32(addr, 0) {
            Ok(beat) => Fetch::Word(beat.value),
            Err(_) => Fetch::Nothing(Cause::InstructionFetchError),
        }
    }
    fn is_trap(&self, _: u32) -> bool {
        false
    }
    fn fetch_cycles(&mut self, _: u32, _: u64) -> u32 {
        0
    }
    fn has_fetch_timing(&self, _: u32) -> bool {
        false
    }
    fn watch_code(&mut self, _: u32) {}
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

/// Instructions by their encodings, 24 bits each.
fn assemble(words: &[u32]) -> Vec<u8> {
    words.iter().flat_map(|word| word.to_le_bytes()[..3].to_vec()).collect()
}

const fn rrr(template: u32, r: u32, s: u32, t: u32) -> u32 {
    template | r << 12 | s << 8 | t << 4
}
const fn add(r: u32, s: u32, t: u32) -> u32 {
    rrr(0x80_0000, r, s, t)
}
const fn xor(r: u32, s: u32, t: u32) -> u32 {
    rrr(0x30_0000, r, s, t)
}
const fn or(r: u32, s: u32, t: u32) -> u32 {
    rrr(0x20_0000, r, s, t)
}
const fn slli(r: u32, s: u32, distance: u32) -> u32 {
    rrr(0x01_0000 | ((32 - distance) >> 4) << 20, r, s, (32 - distance) & 15)
}
const fn addi(t: u32, s: u32, imm: i32) -> u32 {
    0xC002 | s << 8 | t << 4 | (imm as u32 & 0xFF) << 16
}
const fn l32i(t: u32, s: u32, offset: u32) -> u32 {
    0x2002 | s << 8 | t << 4 | (offset / 4) << 16
}
const fn s32i(t: u32, s: u32, offset: u32) -> u32 {
    0x6002 | s << 8 | t << 4 | (offset / 4) << 16
}
const fn bnez(s: u32, offset: i32) -> u32 {
    0x56 | s << 8 | (offset as u32 & 0xFFF) << 12
}
const fn j(offset: i32) -> u32 {
    0x06 | (offset as u32 & 0x3_FFFF) << 6
}
const fn call8(words: u32) -> u32 {
    0x25 | words << 6
}
const fn entry(s: u32, frame: u32) -> u32 {
    0x36 | s << 8 | (frame / 8) << 12
}
const RETW: u32 = 0x90;
const fn loop_(s: u32, bytes: u32) -> u32 {
    0x8076 | s << 8 | bytes << 16
}

fn main() {
    // Arithmetic, logic, a shift, a load, a store, a count and the branch.
    let tight = assemble(&[
        add(8, 8, 9),
        xor(10, 10, 8),
        slli(11, 10, 3),
        l32i(12, 2, 0),
        add(12, 12, 11),
        s32i(12, 2, 0),
        addi(6, 6, -1),
        bnez(6, -25),
    ]);
    let registers = assemble(&[
        add(8, 8, 9),
        xor(10, 10, 8),
        slli(11, 10, 3),
        addi(12, 12, 5),
        add(12, 12, 11),
        or(12, 12, 10),
        addi(6, 6, -1),
        bnez(6, -25),
    ]);
    // LOOP over four instructions, again and again.
    let zero_overhead =
        assemble(&[loop_(2, 4 * 3 - 1), add(8, 8, 9), xor(10, 10, 8), slli(11, 10, 3), add(12, 12, 11), j(-15 - 4)]);
    // A windowed call with a frame: CALL8 to the third word, ENTRY, RETW.
    let calls = assemble(&[call8(2), addi(6, 6, -1), j(-6 - 4), 0x20F0, entry(1, 32), addi(2, 2, 1), RETW]);

    let programs =
        [("tight loop", tight), ("registers only", registers), ("zero-overhead loop", zero_overhead), ("calls", calls)];
    for (name, program) in programs {
        let mut bus = Flat { ram: vec![0; SIZE], deadline: 300_000_000 };
        bus.ram[..program.len()].copy_from_slice(&program);
        let mut core = Core::new(0, 0xCDCD);
        let mut code = Code::default();
        // Windows on, no exception, no level masked.
        core.set_ps(1 << 18);
        core.pc = RAM;
        core.set_a(1, RAM + 0x2000);
        core.set_a(2, RAM + 0x1000);
        let started = Instant::now();
        let exit = core.run(&mut bus, &mut code);
        let seconds = started.elapsed().as_secs_f64();
        assert_eq!(exit, Exit::Deadline, "{name} at {:08x}: {:?}", core.pc, core.last_exception);
        println!(
            "{name}: {:.0} MIPS ({} instructions, {} cycles)",
            core.instructions as f64 / seconds / 1e6,
            core.instructions,
            core.cycle,
        );
    }
}
