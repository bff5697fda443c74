//! Runs an image and prints what comes out: `run_image FILE.uf2 [MILLISECONDS] [TEXT TO TYPE ON USB]`.
//!
//! FILE is UF2, or BIN for address 0x1000_0000. In the text, `\n`, `\r` and `\xNN` are as in C. Printed are both consoles, what
//! the USB host knows, the reason for the stop, the processors, and what is not modelled.

use engine_core::console::Line;
use engine_core::time::{Ps, SECOND};
use rp2040::chip::{Chip, Stop};
use std::time::Instant;

const FLASH_SIZE: usize = 16 << 20;
/// Typed once the device is configured and has had a moment to open its port.
const TYPE_AFTER: Ps = SECOND / 2;

/// UF2 blocks that are to be written: address and data.
fn uf2_blocks(file: &[u8]) -> impl Iterator<Item = (u32, &[u8])> {
    let word = |block: &[u8], at: usize| u32::from_le_bytes([block[at], block[at + 1], block[at + 2], block[at + 3]]);
    file.chunks_exact(512)
        .filter(move |block| word(block, 0) == 0x0A32_4655 && word(block, 4) == 0x9E5D_5157)
        .filter(move |block| word(block, 8) & 1 == 0)
        .map(move |block| (word(block, 12), &block[32..32 + (word(block, 16) as usize).min(476)]))
}

/// Returns the entry of an image for SRAM.
fn load(chip: &mut Chip, path: &str) -> Result<Option<u32>, String> {
    let file = std::fs::read(path).map_err(|error| format!("{path}: {error}"))?;
    let system = chip.system_mut();
    let mut entry = None;
    let blocks: Vec<(u32, &[u8])> =
        if path.ends_with(".uf2") { uf2_blocks(&file).collect() } else { vec![(0x1000_0000, &file[..])] };
    for (address, data) in blocks {
        if address >> 24 == 0x10 {
            let _ = system.mem.flash.write((address & 0xFF_FFFF) as usize, data);
        } else {
            let written = (address..).zip(data).all(|(address, byte)| system.debug_write8(address, *byte));
            if !written {
                return Err(format!("{path}: there is no memory at 0x{address:08X}"));
            }
            entry = entry.or(Some(address));
        }
    }
    chip.memory_changed();
    Ok(entry)
}

fn unescape(text: &str) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut rest = text.chars();
    while let Some(character) = rest.next() {
        match (character, character == '\\') {
            (_, true) => match rest.next() {
                Some('n') => bytes.push(b'\n'),
                Some('r') => bytes.push(b'\r'),
                Some('x') => {
                    let digits: String = rest.by_ref().take(2).collect();
                    bytes.extend(u8::from_str_radix(&digits, 16));
                }
                Some(other) => bytes.extend(other.to_string().bytes()),
                None => bytes.push(b'\\'),
            },
            (other, false) => bytes.extend(other.to_string().bytes()),
        }
    }
    bytes
}

fn print_usb(chip: &Chip) {
    let host = chip.system().dev.usb.host();
    if !host.is_attached() {
        println!("usb: nothing attached");
        return;
    }
    if let Some(problem) = host.problem() {
        println!("usb: {problem}");
    }
    println!(
        "usb: {:04x}:{:04x} manufacturer {:?}, product {:?}, serial {:?}, configured {} (at {} ms)",
        host.vendor_id().unwrap_or(0),
        host.product_id().unwrap_or(0),
        host.manufacturer(),
        host.product(),
        host.serial(),
        host.is_configured(),
        host.configured_at().map_or(0, |at| at / (SECOND / 1000)),
    );
    for endpoint in host.endpoints() {
        let reports: Vec<_> = host.reports().of(endpoint.address).collect();
        let last = reports.last().map(|report| &report.data);
        println!("  endpoint {endpoint:02x?}: {} packets, last {last:02x?}", reports.len());
    }
}

fn main() -> Result<(), String> {
    let mut arguments = std::env::args().skip(1);
    let path = arguments.next().ok_or("which image?")?;
    let milliseconds: u64 =
        arguments.next().map_or(Ok(1000), |text| text.parse()).map_err(|error| format!("{error}"))?;
    let mut typed = arguments.next().map(|text| unescape(&text));

    let mut chip = Chip::new(FLASH_SIZE);
    let fabric = &mut chip.system_mut().dev.fabric;
    let consoles =
        [fabric.consoles.attach("uart0", Line::Pins { tx: 0, rx: Some(1) }), fabric.consoles.attach("usb", Line::Usb)];
    if let Some(entry) = load(&mut chip, &path)? {
        chip.start_at(entry);
    }
    let (began, until) = (Instant::now(), milliseconds * (SECOND / 1000));
    let stop = loop {
        let configured = chip.system().dev.usb.host().configured_at().map(|at| at + TYPE_AFTER);
        let pause = if typed.is_some() { configured.unwrap_or(chip.now() + SECOND / 100).min(until) } else { until };
        let stop = chip.run(pause);
        for message in chip.system_mut().dev.fabric.gaps.take_unsaid() {
            println!("{} us: {message}", chip.now() / 1_000_000);
        }
        if let (Some(_), true) = (&typed, configured.is_some_and(|at| chip.now() >= at)) {
            let text = typed.take().unwrap_or_default();
            chip.system_mut().dev.fabric.consoles.type_in(consoles[1], &text);
        }
        match stop {
            Stop::Reset(reason) => println!("{} us: reset, {reason:?}", chip.now() / 1_000_000),
            Stop::Time if chip.now() < until => {}
            stop => break stop,
        }
    };
    let wall = began.elapsed().as_secs_f64();
    for (id, name) in consoles.into_iter().zip(["uart0", "usb"]) {
        let output = chip.system_mut().dev.fabric.consoles.take_output(id);
        println!("--- {name}: {} bytes\n{}", output.len(), String::from_utf8_lossy(&output));
    }
    print_usb(&chip);
    println!("--- {stop:?} at {} us of virtual time, after {wall:.2} s", chip.now() / 1_000_000);
    for (number, core) in chip.cores().iter().enumerate() {
        println!(
            "core {number}: pc 0x{:08x}, {} instructions, asleep {}",
            core.regs[15], core.instructions, core.sleeping
        );
    }
    for (name, gap) in chip.system().dev.fabric.gaps.all() {
        println!("not modelled: {name} ({} times): {}", gap.count, gap.why);
    }
    println!("trace {}", chip.system().dev.fabric.pins.trace.sha256());
    Ok(())
}
