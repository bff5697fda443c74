//! Runs PIO programs on one state machine and prints the machine's state cycle by cycle, for comparison with other models.
//!
//! Each line on standard input is one run, as words separated by spaces: `clkdiv execctrl shiftctrl pinctrl outputs cycles`
//! in hexadecimal, then `p` and the program, `t` and the words for the TX FIFO, `i` and the input pins from cycle 0 on
//! (the last one stays). Synchronisers are bypassed. For each cycle a line says what is there after it, in hexadecimal: pins, output
//! enables, PC, X, Y, ISR, OSR, FLEVEL; then a line with `=` and what the RX FIFO holds.

use engine_core::pins::Drive;
use engine_core::registers::Write;
use engine_core::time::Hertz;
use rp2040::block::Block;
use rp2040::fabric::Fabric;
use rp2040::pads::Func;
use rp2040::pio::Pio;
use std::io::{BufRead, Write as _};

/// One line of input.
#[derive(Default)]
struct Run {
    setup: Vec<u32>,
    program: Vec<u32>,
    words: Vec<u32>,
    inputs: Vec<u32>,
}

impl Run {
    fn parse(line: &str) -> Self {
        let mut run = Self::default();
        let mut list = &mut run.setup;
        for word in line.split_whitespace() {
            match word {
                "p" => list = &mut run.program,
                "t" => list = &mut run.words,
                "i" => list = &mut run.inputs,
                _ => list.push(u32::from_str_radix(word, 16).expect("numbers are hexadecimal")),
            }
        }
        run
    }

    fn carry_out(&self, out: &mut impl std::io::Write) -> std::io::Result<()> {
        let mut fabric = Fabric::new(Hertz::new(1_000_000_000));
        for pin in 0..30 {
            fabric.select_function(pin, Some(Func::Pio0 as usize), 0);
        }
        let mut pio = Pio::new(0);
        let mut write = |pio: &mut Pio, offset: u32, value: u32| pio.write(offset, Write::word(value), &mut fabric);
        write(&mut pio, 0x038, u32::MAX);
        for (address, &word) in self.program.iter().enumerate() {
            write(&mut pio, 0x048 + 4 * address as u32, word);
        }
        for (&offset, &value) in [0x0C8, 0x0CC, 0x0D0, 0x0DC].iter().zip(&self.setup) {
            write(&mut pio, offset, value);
        }
        set_outputs(&mut pio, &mut fabric, self.setup[4], self.setup[3]);
        for &word in &self.words {
            pio.write(0x010, Write::word(word), &mut fabric);
        }
        pio.write(0x000, Write::word(0x111), &mut fabric);
        for cycle in 0..self.setup[5] as usize {
            if let Some(input) = self.inputs.get(cycle) {
                let now = fabric.now();
                for pin in (0..30u8).filter(|pin| self.setup[4] >> pin & 1 == 0) {
                    fabric.pins.drive_from_outside(Drive { pin, level: Some(input >> pin & 1 != 0) }, now);
                }
                fabric.inputs_changed();
            }
            fabric.cycle += 1;
            pio.run(fabric.cycle, &mut fabric);
            let [pc, x, y, isr, osr] = pio.machine_registers(0);
            let (pins, enables) = (pio.peek(0x03C, &mut fabric), pio.peek(0x040, &mut fabric));
            let level = pio.peek(0x00C, &mut fabric);
            writeln!(out, "{pins:x} {enables:x} {pc:x} {x:x} {y:x} {isr:x} {osr:x} {level:x}")?;
        }
        write!(out, "=")?;
        while pio.peek(0x004, &mut fabric) >> 8 & 1 == 0 {
            write!(out, " {:x}", pio.read(0x020, &mut fabric))?;
        }
        writeln!(out)
    }
}

/// OUT PINDIRS from INSTR, with a mapping of its own; then the machine as it was.
fn set_outputs(pio: &mut Pio, fabric: &mut Fabric, outputs: u32, pinctrl: u32) {
    pio.write(0x0DC, Write::word(32 << 20), fabric);
    pio.write(0x010, Write::word(outputs), fabric);
    for word in [0x80A0, 0x6080] {
        pio.write(0x0D8, Write::word(word), fabric);
        fabric.cycle += 1;
        pio.run(fabric.cycle, fabric);
    }
    // OSR back to 0, as after reset.
    pio.write(0x0D8, Write::word(0xA0E3), fabric);
    fabric.cycle += 1;
    pio.run(fabric.cycle, fabric);
    pio.write(0x0DC, Write::word(pinctrl), fabric);
}

fn main() -> std::io::Result<()> {
    let mut out = std::io::BufWriter::new(std::io::stdout().lock());
    for line in std::io::stdin().lock().lines() {
        Run::parse(&line?).carry_out(&mut out)?;
    }
    out.flush()
}
