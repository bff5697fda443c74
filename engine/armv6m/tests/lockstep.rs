//! The core against QEMU's Cortex-M0 (`qemu-system-arm -M microbit`), instruction by instruction:
//! the same random program, and before each instruction the same registers, flags and exception
//! number. QEMU's log is read as it is written and never kept.

mod common;

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};

use armv6m::{Code, Core};
use common::{random, Flat};

/// micro:bit: nRF51822, 256 KB of flash at 0, 16 KB of RAM.
const FLASH: usize = 256 * 1024;
const RAM_BYTES: usize = 16 * 1024;

/// Every 16-bit encoding (mask, value), ARMv6-M ARM A5.2, and every 32-bit one by its first
/// halfword and the telling bits of its second, A5.3. First match wins.
const ENCODINGS: &[(&str, u32, u32)] = &[
    ("MOVS (register)", 0xFFC0_0000, 0x0000_0000),
    ("LSLS (immediate)", 0xF800_0000, 0x0000_0000),
    ("LSRS (immediate)", 0xF800_0000, 0x0800_0000),
    ("ASRS (immediate)", 0xF800_0000, 0x1000_0000),
    ("ADDS (register)", 0xFE00_0000, 0x1800_0000),
    ("SUBS (register)", 0xFE00_0000, 0x1A00_0000),
    ("ADDS (3-bit immediate)", 0xFE00_0000, 0x1C00_0000),
    ("SUBS (3-bit immediate)", 0xFE00_0000, 0x1E00_0000),
    ("MOVS (immediate)", 0xF800_0000, 0x2000_0000),
    ("CMP (immediate)", 0xF800_0000, 0x2800_0000),
    ("ADDS (8-bit immediate)", 0xF800_0000, 0x3000_0000),
    ("SUBS (8-bit immediate)", 0xF800_0000, 0x3800_0000),
    ("ANDS", 0xFFC0_0000, 0x4000_0000),
    ("EORS", 0xFFC0_0000, 0x4040_0000),
    ("LSLS (register)", 0xFFC0_0000, 0x4080_0000),
    ("LSRS (register)", 0xFFC0_0000, 0x40C0_0000),
    ("ASRS (register)", 0xFFC0_0000, 0x4100_0000),
    ("ADCS", 0xFFC0_0000, 0x4140_0000),
    ("SBCS", 0xFFC0_0000, 0x4180_0000),
    ("RORS", 0xFFC0_0000, 0x41C0_0000),
    ("TST", 0xFFC0_0000, 0x4200_0000),
    ("RSBS", 0xFFC0_0000, 0x4240_0000),
    ("CMP (register)", 0xFFC0_0000, 0x4280_0000),
    ("CMN", 0xFFC0_0000, 0x42C0_0000),
    ("ORRS", 0xFFC0_0000, 0x4300_0000),
    ("MULS", 0xFFC0_0000, 0x4340_0000),
    ("BICS", 0xFFC0_0000, 0x4380_0000),
    ("MVNS", 0xFFC0_0000, 0x43C0_0000),
    ("ADD (to PC)", 0xFF87_0000, 0x4487_0000),
    ("ADD (to SP)", 0xFF87_0000, 0x4485_0000),
    ("ADD (from PC)", 0xFF78_0000, 0x4478_0000),
    ("ADD (high register)", 0xFF00_0000, 0x4400_0000),
    ("CMP (high register)", 0xFF00_0000, 0x4500_0000),
    ("MOV (to PC)", 0xFF87_0000, 0x4687_0000),
    ("MOV (to SP)", 0xFF87_0000, 0x4685_0000),
    ("MOV (from PC)", 0xFF78_0000, 0x4678_0000),
    ("MOV (high register)", 0xFF00_0000, 0x4600_0000),
    ("BX", 0xFF80_0000, 0x4700_0000),
    ("BLX", 0xFF80_0000, 0x4780_0000),
    ("LDR (literal)", 0xF800_0000, 0x4800_0000),
    ("STR (register)", 0xFE00_0000, 0x5000_0000),
    ("STRH (register)", 0xFE00_0000, 0x5200_0000),
    ("STRB (register)", 0xFE00_0000, 0x5400_0000),
    ("LDRSB", 0xFE00_0000, 0x5600_0000),
    ("LDR (register)", 0xFE00_0000, 0x5800_0000),
    ("LDRH (register)", 0xFE00_0000, 0x5A00_0000),
    ("LDRB (register)", 0xFE00_0000, 0x5C00_0000),
    ("LDRSH", 0xFE00_0000, 0x5E00_0000),
    ("STR (immediate)", 0xF800_0000, 0x6000_0000),
    ("LDR (immediate)", 0xF800_0000, 0x6800_0000),
    ("STRB (immediate)", 0xF800_0000, 0x7000_0000),
    ("LDRB (immediate)", 0xF800_0000, 0x7800_0000),
    ("STRH (immediate)", 0xF800_0000, 0x8000_0000),
    ("LDRH (immediate)", 0xF800_0000, 0x8800_0000),
    ("STR (SP)", 0xF800_0000, 0x9000_0000),
    ("LDR (SP)", 0xF800_0000, 0x9800_0000),
    ("ADR", 0xF800_0000, 0xA000_0000),
    ("ADD (SP plus immediate)", 0xF800_0000, 0xA800_0000),
    ("ADD (SP)", 0xFF80_0000, 0xB000_0000),
    ("SUB (SP)", 0xFF80_0000, 0xB080_0000),
    ("SXTH", 0xFFC0_0000, 0xB200_0000),
    ("SXTB", 0xFFC0_0000, 0xB240_0000),
    ("UXTH", 0xFFC0_0000, 0xB280_0000),
    ("UXTB", 0xFFC0_0000, 0xB2C0_0000),
    ("PUSH", 0xFF00_0000, 0xB400_0000),
    ("PUSH (with LR)", 0xFF00_0000, 0xB500_0000),
    ("CPSIE", 0xFFFF_0000, 0xB662_0000),
    ("CPSID", 0xFFFF_0000, 0xB672_0000),
    ("REV", 0xFFC0_0000, 0xBA00_0000),
    ("REV16", 0xFFC0_0000, 0xBA40_0000),
    ("REVSH", 0xFFC0_0000, 0xBAC0_0000),
    ("POP", 0xFF00_0000, 0xBC00_0000),
    ("POP (with PC)", 0xFF00_0000, 0xBD00_0000),
    ("NOP", 0xFFFF_0000, 0xBF00_0000),
    ("YIELD", 0xFFFF_0000, 0xBF10_0000),
    ("WFE", 0xFFFF_0000, 0xBF20_0000),
    ("WFI", 0xFFFF_0000, 0xBF30_0000),
    ("SEV", 0xFFFF_0000, 0xBF40_0000),
    ("STM", 0xF800_0000, 0xC000_0000),
    ("LDM", 0xF800_0000, 0xC800_0000),
    ("BEQ", 0xFF00_0000, 0xD000_0000),
    ("BNE", 0xFF00_0000, 0xD100_0000),
    ("BCS", 0xFF00_0000, 0xD200_0000),
    ("BCC", 0xFF00_0000, 0xD300_0000),
    ("BMI", 0xFF00_0000, 0xD400_0000),
    ("BPL", 0xFF00_0000, 0xD500_0000),
    ("BVS", 0xFF00_0000, 0xD600_0000),
    ("BVC", 0xFF00_0000, 0xD700_0000),
    ("BHI", 0xFF00_0000, 0xD800_0000),
    ("BLS", 0xFF00_0000, 0xD900_0000),
    ("BGE", 0xFF00_0000, 0xDA00_0000),
    ("BLT", 0xFF00_0000, 0xDB00_0000),
    ("BGT", 0xFF00_0000, 0xDC00_0000),
    ("BLE", 0xFF00_0000, 0xDD00_0000),
    ("UDF", 0xFF00_0000, 0xDE00_0000),
    ("SVC", 0xFF00_0000, 0xDF00_0000),
    ("B", 0xF800_0000, 0xE000_0000),
    ("BL", 0xF800_D000, 0xF000_D000),
    ("MSR", 0xFFF0_D000, 0xF380_8000),
    ("DSB", 0xFFF0_FFF0, 0xF3B0_8F40),
    ("DMB", 0xFFF0_FFF0, 0xF3B0_8F50),
    ("ISB", 0xFFF0_FFF0, 0xF3B0_8F60),
    ("MRS", 0xFFF0_D000, 0xF3E0_8000),
];

/// Registers and xPSR as QEMU prints them before an instruction.
#[derive(Clone, Copy, PartialEq, Eq)]
struct State {
    regs: [u32; 16],
    xpsr: u32,
}

impl std::fmt::Debug for State {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:08x?} xPSR {:08x}", self.regs, self.xpsr)
    }
}

/// QEMU, executing `image` one instruction at a time.
struct Qemu {
    child: Child,
    log: BufReader<std::process::ChildStdout>,
    line: String,
}

impl Qemu {
    fn start(image: &std::path::Path) -> std::io::Result<Self> {
        let mut child = Command::new("qemu-system-arm")
            .args("-M microbit -display none -serial none -monitor none -singlestep".split(' '))
            .args("-semihosting-config enable=on,target=native".split(' '))
            .args("-d cpu,nochain -D /dev/stdout -kernel".split(' '))
            .arg(image)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()?;
        let log = BufReader::with_capacity(1 << 20, child.stdout.take().unwrap());
        Ok(Qemu { child, log, line: String::new() })
    }

    /// The next line; `None` at the end.
    fn line(&mut self) -> Option<&str> {
        self.line.clear();
        (self.log.read_line(&mut self.line).unwrap() > 0).then_some(self.line.as_str())
    }

    /// The state before the next instruction: four lines of four registers, one of xPSR.
    fn next(&mut self) -> Option<State> {
        let mut regs = [0; 16];
        for row in regs.chunks_mut(4) {
            let line = self.line()?;
            for (register, text) in row.iter_mut().zip(line.split_ascii_whitespace()) {
                *register = u32::from_str_radix(&text[4..], 16).unwrap();
            }
        }
        let line = self.line()?;
        let xpsr = u32::from_str_radix(&line[5..13], 16).unwrap();
        Some(State { regs, xpsr })
    }
}

impl Drop for Qemu {
    fn drop(&mut self) {
        // It has ended by itself, unless the test failed.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn encoding(bus: &mut Flat, pc: u32) -> &'static str {
    let halfword = |bus: &mut Flat, at: u32| u32::from(armv6m::Bus::fetch16(bus, at).unwrap_or(0));
    let word = halfword(bus, pc) << 16 | halfword(bus, pc + 2);
    ENCODINGS.iter().find(|(_, mask, value)| word & mask == *value).map_or("?", |(name, ..)| name)
}

/// Runs one program on both. Returns the instructions compared, or `None` without QEMU.
fn lockstep(seed: u64, passes: u16, coverage: &mut BTreeMap<&'static str, u64>) -> Option<u64> {
    let image = random::program(seed, FLASH, passes);
    let path = std::env::temp_dir().join(format!("armv6m-lockstep-{}-{seed:x}.bin", std::process::id()));
    std::fs::write(&path, &image).unwrap();
    let started = Qemu::start(&path);
    let mut qemu = match started {
        Ok(qemu) => qemu,
        Err(error) => {
            println!("SKIPPED: no lockstep with QEMU, because qemu-system-arm does not start: {error}");
            return None;
        }
    };

    let mut bus = Flat::new(FLASH, RAM_BYTES);
    bus.flash.copy_from_slice(&image);
    let mut code = Code::default();
    let mut core = Core::new(0);
    core.reset(&mut bus, 0);

    let mut compared = 0;
    let mut last = [(0, ""); 8];
    let mut previous = None;
    while let Some(mut theirs) = qemu.next() {
        // Asked to stop by its main loop, QEMU has logged an instruction that it executes later.
        if previous.replace(theirs) == Some(theirs) {
            continue;
        }
        // Entering a handler is a step of ours, and no instruction of QEMU's.
        if core.regs[15] != theirs.regs[15] {
            let (pc, executed) = (core.regs[15], core.instructions);
            core.step(&mut bus, &mut code);
            assert_eq!(
                core.instructions, executed,
                "seed {seed:#x}: at {pc:#x}, QEMU at {theirs:x?}; the last ones: {last:x?}"
            );
        }
        let pc = core.regs[15];
        let ours = State { regs: core.regs, xpsr: core.xpsr() };
        if compared == 0 {
            // The flags are UNKNOWN after reset.
            theirs.xpsr = ours.xpsr;
        }
        assert_eq!(
            ours, theirs,
            "seed {seed:#x}: ours, QEMU's, after {compared} instructions; the last ones: {last:x?}"
        );
        let name = encoding(&mut bus, pc);
        *coverage.entry(name).or_default() += 1;
        last.rotate_left(1);
        last[7] = (pc, name);
        compared += 1;

        assert!(core.step(&mut bus, &mut code).is_none() || core.sleeping, "at {pc:#x}");
        // Nor is the return from it.
        while core.regs[15] >> 28 == 0xF {
            assert_eq!(core.step(&mut bus, &mut code), None);
        }
    }
    std::fs::remove_file(&path).unwrap();
    assert_eq!(last[7].1, "?", "the program ends in the BKPT of semihosting, not at {:x?}", last[7]);
    coverage.remove("?");
    Some(compared)
}

fn run(seeds: std::ops::Range<u64>, passes: u16, at_least: u64) {
    let mut coverage = BTreeMap::new();
    let mut total = 0;
    for seed in seeds {
        match lockstep(seed, passes, &mut coverage) {
            Some(compared) => total += compared,
            None => return,
        }
    }
    println!("{total} instructions in lockstep with QEMU, {} encodings:", coverage.len());
    for (name, count) in &coverage {
        println!("{count:10} {name}");
    }
    let missing: Vec<_> = ENCODINGS.iter().filter(|(name, ..)| !coverage.contains_key(name)).collect();
    assert!(missing.is_empty(), "never executed: {missing:?}");
    assert!(total >= at_least, "{total}");
}

#[test]
fn a_million_random_instructions_do_what_they_do_in_qemu() {
    run(1..4, 2, 1_000_000);
}

#[test]
#[ignore = "takes minutes: run by hand with --ignored --nocapture"]
fn a_hundred_million_random_instructions_do_what_they_do_in_qemu() {
    run(100..140, 10, 100_000_000);
}
