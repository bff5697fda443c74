//! The core against QEMU's Xtensa (`qemu-system-xtensa -M sim -cpu de233_fpu`), on the same random
//! programs: every result of every instruction is recorded in memory as it arises, and the records
//! are the same.

mod common;

use std::process::{Command, Stdio};

use common::assembler::{Program, CODE, DATA, RAM_BYTES, VECTORS};
use common::{random, windows, Flat};
use xtensa::{Code, Core, Exit};

/// What the program writes under QEMU; `None` without it.
fn theirs(program: &Program, name: &str) -> Option<Vec<u8>> {
    let path = std::env::temp_dir().join(format!("xtensa-lockstep-{}-{name}.elf", std::process::id()));
    std::fs::write(&path, program.elf()).unwrap();
    let output = Command::new("qemu-system-xtensa")
        .args("-M sim -cpu de233_fpu -semihosting -nographic -serial none -monitor none -kernel".split(' '))
        .arg(&path)
        .stdin(Stdio::null())
        .output();
    std::fs::remove_file(&path).unwrap();
    match output {
        Ok(output) => Some(output.stdout),
        Err(error) => {
            println!("SKIPPED: no lockstep with QEMU, because qemu-system-xtensa does not start: {error}");
            None
        }
    }
}

/// What it writes here, and the instructions executed.
fn ours(program: &Program) -> (Vec<u8>, u64) {
    let mut bus = Flat { memory: vec![0; RAM_BYTES] };
    for (addr, bytes) in [(VECTORS, &program.vectors), (CODE, &program.code), (DATA, &program.data)] {
        bus.memory[addr as usize..][..bytes.len()].copy_from_slice(bytes);
    }
    let mut core = Core::new(0, 0);
    let mut code = Code::default();
    core.pc = CODE;
    let mut written = vec![];
    loop {
        match core.run(&mut bus, &mut code) {
            Exit::Simcall if core.a(2) == 4 => {
                let (at, size) = (core.a(4) as usize, core.a(5) as usize);
                written.extend(&bus.memory[at..at + size]);
            }
            Exit::Simcall => return (written, core.instructions),
            Exit::Deadline => {}
            other => panic!("{other:?} at {:#x}, {:?}", core.pc, core.last_exception),
        }
    }
}

/// Instructions executed alike; `None` without QEMU.
fn compare(program: &Program, name: &str) -> Option<u64> {
    let theirs = theirs(program, name)?;
    let (ours, instructions) = ours(program);
    let words = |bytes: &[u8]| -> Vec<u32> {
        bytes.chunks_exact(4).map(|word| u32::from_le_bytes(word.try_into().unwrap())).collect()
    };
    let (ours, theirs) = (words(&ours), words(&theirs));
    if let Some(at) = ours.iter().zip(&theirs).position(|(a, b)| a != b) {
        let from = at.saturating_sub(6);
        let lines: Vec<String> = (from..=at)
            .map(|n| format!("{}: {:08x}, QEMU {:08x}", program.names[n % program.names.len()], ours[n], theirs[n]))
            .collect();
        panic!("{name}, result {at}:\n{}", lines.join("\n"));
    }
    assert_eq!(ours.len(), theirs.len(), "{name}: results recorded here and there");
    assert!(!ours.is_empty() && ours.len() % program.names.len() == 0, "{name}");
    Some(instructions)
}

#[test]
fn a_million_random_instructions_do_what_they_do_in_qemu() {
    let mut total = 0;
    for seed in 1..=6 {
        match compare(&random::program(seed, 2500, 12), &format!("random {seed}")) {
            Some(instructions) => total += instructions,
            None => return,
        }
    }
    println!("{total} instructions, the same in QEMU");
    assert!(total >= 1_000_000, "{total}");
}

#[test]
fn calls_through_the_register_windows_do_what_they_do_in_qemu() {
    let mut total = 0;
    for seed in 1..=40 {
        match compare(&windows::program(seed), &format!("windows {seed}")) {
            Some(instructions) => total += instructions,
            None => return,
        }
    }
    println!("{total} instructions in windowed functions, the same in QEMU");
    assert!(total >= 100_000, "{total}");
}
