//! Dedicated GPIO: eight outputs and eight inputs of each processor, which its own instructions access. ESP32-S3 TRM chapter "IO MUX and
//! GPIO Matrix", section on dedicated GPIO, and chapter "Processor Instruction Extensions"; ESP-IDF `hal/dedic_gpio_cpu_ll.h` and
//! `dedic_gpio_periph.c`.
//!
//! There are no registers on the bus: `wur.gpio_out`, `rur.gpio_out`, `ee.set_bit_gpio_out`, `ee.clr_bit_gpio_out`, `ee.wr_mask_gpio_out`
//! and `ee.get_gpio_in` reach it as user registers of the processor. The output register is the levels of the output signals.
//!
//! # Fidelity
//! - Exact: the instructions, the routing through the GPIO matrix, all outputs of one instruction at once, in the cycle of the
//!   instruction.
//! - Approximated: the cycles between the pipeline and the pad, and those of the inputs' synchroniser, are left out.
//! - As with other blocks, one whose clock is off or whose reset is held (both are so after reset, SYSTEM_CPU_PERI_CLK_EN and
//!   SYSTEM_CPU_PERI_RST_EN) works all the same, and that is counted; raising the reset clears the outputs.

use crate::fabric::Fabric;
use crate::signals::*;
use xtensa::{UR_GPIO_IN, UR_GPIO_OUT};

const CHANNELS: usize = 8;

/// Output signals of the two processors, ESP-IDF `soc/gpio_sig_map.h`; the inputs have the same numbers.
const OUT: [[Signal; CHANNELS]; 2] = [
    [
        PRO_ALONEGPIO_OUT0,
        PRO_ALONEGPIO_OUT1,
        PRO_ALONEGPIO_OUT2,
        PRO_ALONEGPIO_OUT3,
        PRO_ALONEGPIO_OUT4,
        PRO_ALONEGPIO_OUT5,
        PRO_ALONEGPIO_OUT6,
        PRO_ALONEGPIO_OUT7,
    ],
    [
        CORE1_GPIO_OUT0,
        CORE1_GPIO_OUT1,
        CORE1_GPIO_OUT2,
        CORE1_GPIO_OUT3,
        CORE1_GPIO_OUT4,
        CORE1_GPIO_OUT5,
        CORE1_GPIO_OUT6,
        CORE1_GPIO_OUT7,
    ],
];

fn gather(core: usize, level: impl Fn(Signal) -> bool) -> u32 {
    OUT[core].iter().enumerate().fold(0, |word, (n, signal)| word | u32::from(level(*signal)) << n)
}

/// A processor reads one of its user registers outside the core.
pub fn read(core: usize, number: u8, fabric: &mut Fabric) -> u32 {
    check(fabric);
    match number {
        UR_GPIO_OUT => gather(core, |signal| fabric.io.output(signal)),
        UR_GPIO_IN => gather(core, |signal| fabric.input(signal)),
        _ => no_register(number, fabric),
    }
}

/// A processor writes the bits of `mask` of one of its user registers outside the core.
pub fn write(core: usize, number: u8, value: u32, mask: u32, fabric: &mut Fabric) {
    check(fabric);
    if number == UR_GPIO_OUT {
        let chosen = OUT[core].iter().enumerate().filter(|(n, _)| mask >> n & 1 != 0);
        fabric.drive_together(chosen.map(|(n, signal)| (*signal, value >> n & 1 != 0)));
    } else {
        no_register(number, fabric);
    }
}

/// SYSTEM resets it: the outputs go low.
pub fn reset(fabric: &mut Fabric) {
    fabric.drive_together(OUT.into_iter().flatten().map(|signal| (signal, false)));
}

fn check(fabric: &mut Fabric) {
    if !fabric.dedicated_gpio_on {
        let why =
            "the firmware uses dedicated GPIO while its clock is off or its reset held; here it works all the same";
        fabric.gaps.touch("DEDICATED_GPIO without clock", why);
    }
}

#[cold]
fn no_register(number: u8, fabric: &mut Fabric) -> u32 {
    fabric.gaps.touch(&format!("UR {number}"), "no user register of this number is outside the processor");
    0
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chip::Chip;
    use crate::io::{InSelect, OutSelect, Pad};
    use crate::spi_mem::psram::Wiring;
    use engine_core::pins::Drive;
    use engine_core::registers::Write;
    use engine_core::time::Ps;

    const CODE: u32 = 0x4037_8000;
    /// SYSTEM_CPU_PERI_CLK_EN, SYSTEM_CPU_PERI_RST_EN, SYSTEM_CORE_1_CONTROL_0.
    const CLK_EN: u32 = 0x600C_0008;
    const RST_EN: u32 = 0x600C_000C;
    const CORE_1: u32 = 0x600C_0000;
    /// Outputs 0 and 1 are on these, input 0 listens to the last.
    const PINS: [u8; 2] = [4, 5];
    const INPUT: u8 = 6;

    /// Encodings as Espressif's LLVM assembles them (its MC tests), and WUR, RUR and NOP of the Xtensa ISA RM.
    fn set_bit(imm: u32) -> u32 {
        0x75_4004 | imm << 4
    }
    fn clr_bit(imm: u32) -> u32 {
        0x76_4004 | imm << 4
    }
    fn wr_mask(value: u32, mask: u32) -> u32 {
        0x72_4004 | value << 4 | mask << 8
    }
    fn get_in(a: u32) -> u32 {
        0x65_0804 | a << 4
    }
    fn wur_gpio_out(a: u32) -> u32 {
        0xF3_0C00 | a << 4
    }
    fn rur_gpio_out(a: u32) -> u32 {
        0xE3_00C0 | a << 12
    }
    fn movi(a: u32, value: u32) -> u32 {
        0x00_A002 | a << 4 | (value & 0xFF) << 16 | (value >> 8 & 0xF) << 8
    }
    const NOP: u32 = 0x00_20F0;
    /// `j .`
    const STOP: u32 = 0xFF_FF06;

    /// A chip whose processor is about to execute this, its dedicated outputs on the pins.
    fn chip(core: usize, code: &[u32]) -> Chip {
        let mut chip = Chip::new(1 << 20, 0, Wiring::Quad);
        let system = chip.system_mut();
        for (register, value) in [(CLK_EN, 1 << 7), (RST_EN, 0)] {
            system.write_register(register, value);
        }
        let bytes = code.iter().chain([&STOP]).flat_map(|word| word.to_le_bytes().into_iter().take(3));
        for (n, byte) in bytes.enumerate() {
            assert!(system.debug_write8(CODE + n as u32, byte));
        }
        let fabric = &mut system.dev.fabric;
        for (pin, signal) in PINS.into_iter().zip(OUT[core]) {
            fabric.set_pad(pin, Pad { function: 1, ..Pad::default() });
            let select = OutSelect { signal, invert: false, enable_by_gpio: false, invert_enable: false };
            fabric.select_output(pin, select);
        }
        fabric.set_pad(INPUT, Pad { function: 1, input_enable: true, ..Pad::default() });
        fabric.select_input(OUT[core][0], InSelect { pin: INPUT, invert: false, by_matrix: true });
        fabric.pins.keep_log(true);
        // Core 1 runs by clock gate and the pulse of its reset; core 0 idles at the stop.
        if core == 1 {
            system.dev.write(CORE_1, Write::word(0b110));
            system.dev.write(CORE_1, Write::word(0b010));
            chip.cores_mut()[0].pc = CODE + 3 * code.len() as u32;
            chip.run(1);
        }
        chip.cores_mut()[core].pc = CODE;
        chip
    }

    fn edges(chip: &mut Chip) -> Vec<(Ps, u64)> {
        let log = chip.system_mut().dev.fabric.pins.take_log();
        log.into_iter().map(|(at, level)| (at, level >> PINS[0] & 3)).collect()
    }

    fn a(chip: &Chip, core: usize, register: usize) -> u32 {
        chip.cores()[core].a(register)
    }

    /// The processors start at 20 MHz (TRM table 7-2), and each of these instructions takes a cycle: edges lie 50 ns apart.
    #[test]
    fn outputs_change_in_the_cycle_of_the_instruction() {
        const CYCLE: Ps = 50_000;
        for core in 0..2 {
            let code = [set_bit(1), NOP, NOP, set_bit(2), clr_bit(1), NOP, clr_bit(3)];
            let mut chip = chip(core, &code);
            chip.run(chip.now() + 1_000_000);
            let seen = edges(&mut chip);
            let since = seen[0].0;
            let seen: Vec<_> = seen.into_iter().map(|(at, level)| ((at - since) / CYCLE, level)).collect();
            assert_eq!(seen, [(0, 1), (3, 3), (4, 2), (6, 0)], "core {core}");
            assert!(chip.system().dev.fabric.gaps.all().is_empty());
        }
    }

    /// ESP-IDF `hal/dedic_gpio_cpu_ll.h`: write all, write some by a mask, read back.
    #[test]
    fn the_output_register_is_written_whole_and_masked_and_reads_back() {
        for core in 0..2 {
            let code =
                [movi(8, 0xA1), wur_gpio_out(8), movi(9, 0x0F), movi(10, 0x02), wr_mask(10, 9), rur_gpio_out(11)];
            let mut chip = chip(core, &code);
            chip.run(chip.now() + 1_000_000);
            assert_eq!(a(&chip, core, 11), 0xA2, "core {core}");
            let levels: Vec<_> = edges(&mut chip).into_iter().map(|(_, level)| level).collect();
            // Both pins change at once: one entry.
            assert_eq!(levels, [1, 2], "core {core}");
        }
    }

    #[test]
    fn inputs_show_their_pins() {
        for core in 0..2 {
            let mut chip = chip(core, &[get_in(8), NOP, NOP, NOP, NOP, NOP, NOP, NOP, NOP, get_in(9)]);
            let start = chip.now();
            let pins = &mut chip.system_mut().dev.fabric.pins;
            pins.drive_later(Drive { pin: INPUT, level: Some(true) }, start + 300_000);
            chip.run(start + 1_000_000);
            assert_eq!((a(&chip, core, 8), a(&chip, core, 9)), (0, 1), "core {core}");
        }
    }

    /// SYSTEM_CPU_PERI_RST_EN is held after reset, ESP-IDF `soc/system_reg.h`; use without enabling is counted.
    #[test]
    fn a_reset_clears_the_outputs_and_use_without_clock_is_counted() {
        let mut chip = chip(0, &[set_bit(3)]);
        chip.run(1_000_000);
        assert!(chip.system().dev.fabric.pins.is_high(PINS[0]));
        let system = chip.system_mut();
        system.write_register(RST_EN, 1 << 7);
        assert!(!system.dev.fabric.pins.is_high(PINS[0]));
        write(0, UR_GPIO_OUT, 1, 1, &mut system.dev.fabric);
        assert_eq!(system.dev.fabric.gaps.all()["DEDICATED_GPIO without clock"].count, 1);
    }
}
