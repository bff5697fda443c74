//! PIO and everybody else on the same pins, each in its time. Sections are those of the RP2040 datasheet.

use armv6m::{Bus, Core};
use engine_core::time::{Ps, MICROSECOND};
use rp2040::chip::{Chip, Stop};

const SRAM: u32 = 0x2000_0000;
const RESETS: u32 = 0x4000_C000;
const IO_BANK0: u32 = 0x4001_4000;
const PWM: u32 = 0x4005_0000;
const SIO: u32 = 0xD000_0000;
const PIO: [u32; 2] = [0x5020_0000, 0x5030_0000];
const CTRL: u32 = 0x000;
const TXF0: u32 = 0x010;
const INSTR_MEM0: u32 = 0x048;
const CLKDIV: u32 = 0x0C8;
const EXECCTRL: u32 = 0x0CC;
const SHIFTCTRL: u32 = 0x0D0;
const INSTR: u32 = 0x0D8;
const PINCTRL: u32 = 0x0DC;
/// Distance between the registers of two state machines.
const STEP: u32 = 0x18;
/// 2.19.2, FUNCSEL.
const FUNC_PWM: u32 = 4;
const FUNC_SIO: u32 = 5;
const FUNC_PIO0: u32 = 6;

/// A chip of which no processor runs a program of interest: core 0 spins, core 1 is held by PSM.
struct Desk(Chip);

impl Desk {
    fn new() -> Self {
        let mut desk = Self(Chip::new(4096));
        // b .
        desk.0.system_mut().write16(SRAM, 0xE7FE, 0).expect("SRAM answers");
        desk.write(0x4001_0004, 1 << 16);
        desk.write(RESETS + 0x3000, u32::MAX);
        desk.0.memory_changed();
        let core = &mut desk.0.cores_mut()[0];
        *core = Core::new(0);
        core.set_msp(SRAM + 0x4_0000);
        core.branch_exchange(SRAM | 1);
        desk
    }

    fn write(&mut self, addr: u32, value: u32) {
        let cycle = self.0.system().dev.fabric.cycle;
        self.0.system_mut().write32(addr, value, cycle).expect("something answers");
    }

    fn function(&mut self, pin: u32, function: u32) {
        self.write(IO_BANK0 + 8 * pin + 4, function);
    }

    fn program(&mut self, block: usize, address: u32, words: &[u32]) {
        for (n, &word) in words.iter().enumerate() {
            self.write(PIO[block] + INSTR_MEM0 + 4 * (address + n as u32), word);
        }
    }

    fn machine(&mut self, block: usize, machine: u32, wrap: (u32, u32), pinctrl: u32) {
        let base = PIO[block] + STEP * machine;
        self.write(base + EXECCTRL, wrap.0 << 7 | wrap.1 << 12);
        self.write(base + PINCTRL, pinctrl);
        // JMP to the start.
        self.write(base + INSTR, wrap.0);
    }

    /// SET PINDIRS from INSTR: these pins, from SET_BASE on, are outputs.
    fn outputs(&mut self, block: usize, machine: u32, base: u32, pins: u32) {
        let registers = PIO[block] + STEP * machine;
        self.write(registers + PINCTRL, base << 5 | 5 << 26);
        self.write(registers + INSTR, 0xE080 | pins);
        self.run(MICROSECOND);
    }

    fn run(&mut self, time: Ps) {
        self.run_until(self.0.now() + time);
    }

    fn run_until(&mut self, until: Ps) {
        assert_eq!(self.0.run(until), Stop::Time);
    }

    fn cycle(&self) -> u64 {
        self.0.system().dev.fabric.cycle
    }

    /// X of state machine 0.
    fn x(&self, block: usize) -> u32 {
        self.0.system().dev.pio[block].machine_registers(0)[1]
    }
}

/// 4.5.2: the counter wraps after TOP, so there is a rising edge every TOP + 1 cycles; 3.4.3: WAIT sees both levels.
#[test]
fn a_program_sees_every_period_of_a_pwm_output() {
    let mut desk = Desk::new();
    desk.function(4, FUNC_PWM);
    // wait 0 gpio 4; wait 1 gpio 4; jmp x-- 0.
    desk.program(0, 0, &[0x2004, 0x2084, 0x0040]);
    desk.machine(0, 0, (0, 2), 0);
    desk.write(PIO[0] + CTRL, 1);
    // PWM2 A: TOP, CC, CSR.EN.
    for (offset, value) in [(0x38, 49), (0x34, 20), (0x28, 1)] {
        desk.write(PWM + offset, value);
    }
    let start = desk.cycle();
    for _ in 0..10 {
        desk.run(100 * MICROSECOND);
    }
    let periods = (desk.cycle() - start) / 50;
    assert!(periods > 100);
    assert!(u64::from(desk.x(0).wrapping_neg()).abs_diff(periods) <= 1, "{} of {periods}", desk.x(0).wrapping_neg());
}

/// A bit of SIO and the start bit of a UART come when software writes, and not when PIO was last looked at.
#[test]
fn a_program_sees_an_output_move_when_software_moves_it() {
    // UART0: IBRD, LCR_H (8 bits), CR (UARTEN, TXE), with TX on GPIO0; DR is written then.
    let uart = [(0x4003_4024, 10), (0x4003_402C, 0x60), (0x4003_4030, 0x101)];
    for (function, prepare, act) in
        [(2, &uart[..], (0x4003_4000, 0)), (FUNC_SIO, &[(SIO + 0x24, 1), (SIO + 0x14, 1)][..], (SIO + 0x18, 1))]
    {
        let mut desk = Desk::new();
        // clk_peri runs from clk_sys: CLK_PERI_CTRL.ENABLE (2.15.7).
        desk.write(0x4000_8048, 1 << 11);
        for &(addr, value) in prepare {
            desk.write(addr, value);
        }
        desk.function(0, function);
        // jmp pin, 2; jmp 1; jmp x-- 0: X counts every second cycle while GPIO0 is high.
        desk.program(0, 0, &[0x00C2, 0x0001, 0x0040]);
        desk.machine(0, 0, (0, 2), 0);
        desk.run(10 * MICROSECOND);
        desk.write(PIO[0] + CTRL, 1);
        let start = desk.cycle();
        desk.run(100 * MICROSECOND);
        let fell = desk.cycle() - start;
        desk.write(act.0, act.1);
        desk.run(50 * MICROSECOND);
        let counted = u64::from(desk.x(0).wrapping_neg());
        assert!(fell > 400 && counted.abs_diff(fell / 2) <= 2, "{counted} turns in {fell} cycles, function {function}");
    }
}

/// One machine makes a wave on GPIO8, a second one repeats it on GPIO9: that takes as long in two blocks as in one.
#[test]
fn an_edge_goes_from_block_to_block_as_it_does_from_machine_to_machine() {
    let wave = |follower: usize| {
        let mut desk = Desk::new();
        let machine = u32::from(follower == 0);
        // set pins, 1 [6]; set pins, 0 [4].
        desk.program(0, 0, &[0xE601, 0xE400]);
        // wait 1 gpio 8; set pins, 1; wait 0 gpio 8; set pins, 0.
        desk.program(follower, 4, &[0x2088, 0xE001, 0x2008, 0xE000]);
        desk.outputs(0, 0, 8, 1);
        desk.outputs(follower, machine, 9, 1);
        desk.function(8, FUNC_PIO0);
        desk.function(9, FUNC_PIO0 + follower as u32);
        desk.machine(0, 0, (0, 1), 8 << 5 | 1 << 26);
        desk.machine(follower, machine, (4, 7), 9 << 5 | 1 << 26);
        desk.0.system_mut().dev.fabric.pins.keep_log(true);
        desk.write(PIO[follower] + CTRL, 1 << machine);
        desk.write(PIO[0] + CTRL, if follower == 0 { 3 } else { 1 });
        desk.run(40 * MICROSECOND);
        desk.0.system_mut().dev.fabric.pins.take_log()
    };
    let (same, other) = (wave(0), wave(1));
    assert!(same.len() > 60);
    assert_eq!(same, other);
}

/// PIO1 sends bits while PIO0 makes waves: what the world sees does not depend on how the run is cut.
#[test]
fn two_live_blocks_look_the_same_however_the_run_is_cut() {
    let trace = |slice: Ps| {
        let mut desk = Desk::new();
        // set pins, 1 [31]; set pins, 0 [20].
        desk.program(0, 0, &[0xFF01, 0xF400]);
        // out pins, 1 side 0; nop side 1.
        desk.program(1, 0, &[0x6001, 0xB042]);
        desk.outputs(0, 0, 8, 1);
        desk.outputs(1, 0, 16, 3);
        desk.function(8, FUNC_PIO0);
        desk.function(16, FUNC_PIO0 + 1);
        desk.function(17, FUNC_PIO0 + 1);
        desk.write(PIO[0] + CLKDIV, 3 << 16 | 0x55 << 8);
        desk.write(PIO[1] + CLKDIV, 1 << 16 | 0x40 << 8);
        // AUTOPULL at 32 bits.
        desk.write(PIO[1] + SHIFTCTRL, 1 << 17 | 1 << 18);
        desk.machine(0, 0, (0, 1), 8 << 5 | 1 << 26);
        desk.machine(1, 0, (0, 1), 17 | 1 << 20 | 16 << 10 | 1 << 29);
        desk.write(PIO[0] + CTRL, 1);
        desk.write(PIO[1] + CTRL, 1);
        let begun = desk.0.now();
        for turn in 0..40u32 {
            desk.write(PIO[1] + TXF0, 0x9E37_79B9u32.wrapping_mul(turn + 1));
            for part in 1..=10 * MICROSECOND / slice {
                desk.run_until(Ps::from(turn) * 10 * MICROSECOND + begun + part * slice);
            }
        }
        desk.0.system().dev.fabric.pins.trace.sha256()
    };
    let whole = trace(10 * MICROSECOND);
    for slice in [5, 2, 1] {
        assert_eq!(trace(slice * MICROSECOND), whole, "in slices of {slice} us");
    }
}
