//! Runs flash images on a bare chip and shows what its consoles say:
//! `cargo run --release -p esp32s3 --example run_image -- [--rom I.bin D.bin] [--ms 500] [--flash MB] [--psram MB]
//! [--quad] [--type TEXT] 0x0=bootloader.bin ...`; what is typed goes to UART0 in the middle of the run.

use engine_core::console::Line;
use engine_core::time::{Ps, MICROSECOND};
use esp32s3::chip::{Chip, Stop};
use esp32s3::rom::{Image, Rom};
use esp32s3::spi_mem::psram::Wiring;
use std::io::Write;
use std::sync::Arc;

fn main() {
    let given: Vec<String> = std::env::args().skip(1).collect();
    let size = |name: &str, default: usize| {
        let found = given.iter().position(|arg| arg == name);
        found.map_or(default, |at| given[at + 1].parse().expect("megabytes")) << 20
    };
    let wiring = if given.iter().any(|arg| arg == "--quad") { Wiring::Quad } else { Wiring::Octal };
    let mut chip = Chip::new(size("--flash", 16), size("--psram", 8), wiring);
    let (mut ms, mut typed) = (500, None);
    let mut args = given.iter().cloned();
    while let Some(arg) = args.next() {
        match arg.as_str() {
            "--rom" => {
                let mut file = || std::fs::read(args.next().expect("a file")).expect("a readable file");
                let image = Image::raw(&file(), &file()).expect("a mask ROM");
                chip.system_mut().set_rom(Arc::new(Rom::real(image)));
            }
            "--quad" => {}
            "--flash" | "--psram" => drop(args.next()),
            "--type" => typed = args.next(),
            "--ms" => ms = args.next().and_then(|text| text.parse().ok()).expect("milliseconds"),
            _ => {
                let (offset, file) = arg.split_once('=').expect("OFFSET=FILE");
                let offset = usize::from_str_radix(offset.trim_start_matches("0x"), 16).expect("an offset");
                let _ = chip.system_mut().mem.flash.write(offset, &std::fs::read(file).expect("a readable file"));
            }
        }
    }
    let console = chip.system_mut().dev.fabric.consoles.attach("uart0", Line::Pins { tx: 43, rx: Some(44) });
    let usb = chip.system_mut().dev.fabric.consoles.attach("usb", Line::Usb);
    let jtag = chip.system_mut().dev.fabric.consoles.attach("usb_jtag", Line::UsbJtag);
    let until: Ps = ms * 1000 * MICROSECOND;
    let start = std::time::Instant::now();
    loop {
        let stop = chip.run((chip.now() + 10_000 * MICROSECOND).min(until));
        for id in [console, usb, jtag] {
            let output = chip.system_mut().dev.fabric.consoles.take_output(id);
            std::io::stdout().write_all(&output).expect("a terminal");
        }
        if let Some(text) = typed.take_if(|_| chip.now() > until / 2) {
            let line = text.replace("\\r", "\r");
            let fabric = &mut chip.system_mut().dev.fabric;
            fabric.consoles.type_in(console, line.as_bytes());
        }
        match stop {
            Stop::Time if chip.now() < until => {}
            Stop::Time => break,
            Stop::Stopped { core, report } => {
                println!("\n[core {core}: {report}]");
                if core == 0 {
                    break;
                }
            }
            stop => println!("\n[{stop:?}]"),
        }
    }
    let spent = start.elapsed().as_secs_f64();
    let instructions: u64 = chip.cores().iter().map(|core| core.instructions).sum();
    println!("\n{:.3} s virtual, {spent:.3} s, {instructions} instructions", chip.now() as f64 / 1e12);
    println!("{:.1} MIPS, CPU_CLK {} Hz", instructions as f64 / spent / 1e6, chip.cpu_clock().round());
    for core in chip.cores() {
        println!("core {}: pc {:08x} sleeping {} cycle {}", core.id(), core.pc, core.sleeping, core.cycle);
        for (name, count) in core.unimplemented() {
            println!("  {name}: {count}");
        }
    }
    let host = chip.system().dev.usb_otg.host();
    if host.is_attached() {
        println!("USB: configured {}, product {:?}, {:?}", host.is_configured(), host.product(), host.problem());
    }
    for (name, gap) in chip.system().dev.fabric.gaps.all() {
        println!("{name}: {} x {}", gap.count, gap.why);
    }
}
