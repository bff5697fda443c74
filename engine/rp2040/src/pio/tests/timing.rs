//! Side-set, wrapping, dividers, pins and the order of machines: sections 3.5.1, 3.5.2, 3.5.5, 3.5.6, 3.5.7.

use super::*;

/// 3.5.1: side-set happens at the start of the instruction and holds through its delay.
#[test]
fn side_set_with_and_without_enable() {
    let mut bench =
        Bench::with(&[nop().side(2, 0b01).delay(2), nop().side(2, 0b10)], Setup::new().wrap(0, 1).side(4, 2), 0x30);
    bench.start(1);
    bench.run(1);
    assert_eq!(bench.clone().wave(4, 8), "11101110");
    assert_eq!(bench.wave(5, 8), "00010001");

    let program = [nop().side_opt(3, 0b11), nop(), nop().side_opt(3, 0b00).delay(1)];
    let mut bench = Bench::with(&program, Setup::new().wrap(0, 2).side(4, 3).side_opt(), 0x30);
    bench.start(1);
    bench.run(1);
    assert_eq!(bench.wave(5, 8), "11001100");
}

/// EXECCTRL_SIDE_PINDIR: side-set to the output enables.
#[test]
fn side_set_of_pindirs() {
    let setup = Setup::new().wrap(0, 1).side(6, 1).side_pindirs();
    let mut bench = Bench::with(&[nop().side(1, 1), nop().side(1, 0)], setup, 0);
    bench.start(1);
    let seen: Vec<u32> = (0..4).map(|_| (bench.run(1), bench.read(Reg::DBG_PADOE)).1).collect();
    assert_eq!(seen, [0x40, 0, 0x40, 0]);
}

/// 3.5.6: a machine's side-set beats its own SET on the same pin, and goes on while the instruction stalls.
#[test]
fn side_set_beats_set_on_the_same_pin() {
    let mut bench = Bench::with(&[set(PINS, 0b11).side(1, 0)], Setup::new().wrap(0, 0).side(2, 1).set(2, 2), 0xC);
    bench.start(1);
    bench.run(1);
    assert_eq!(bench.pins(), 0b1000);

    let mut bench = Bench::with(&[pull(0, 1).side(1, 1)], Setup::new().wrap(0, 0).side(2, 1), 0xC);
    bench.start(1);
    bench.run(1);
    assert_eq!(bench.pins(), 0b0100);
}

/// 3.5.6: where several machines write a pin in one cycle, the highest number wins; a stalled one keeps asserting its side-set.
#[test]
fn the_highest_numbered_machine_wins() {
    let mut bench = Bench::bypassed();
    bench.outputs(1);
    bench.load(&[set(PINS, 1), set(PINS, 0), jmp(ALWAYS, 2), pull(0, 1).side(1, 0)]);
    for machine in [1, 3] {
        bench.setup(machine, Setup::new().set(0, 1));
    }
    bench.store_sm(3, Sm::INSTR, u32::from(jmp(ALWAYS, 1)));
    bench.run(1);
    bench.start(0b1010);
    bench.run(1);
    assert_eq!(bench.pins(), 0);

    bench.write(Reg::CTRL, 0);
    bench.setup(2, Setup::new().side(0, 1));
    bench.store_sm(2, Sm::INSTR, u32::from(jmp(ALWAYS, 3)));
    bench.store_sm(1, Sm::INSTR, u32::from(jmp(ALWAYS, 0)));
    bench.run(1);
    bench.start(0b0100);
    bench.run(10);
    bench.start(0b0110);
    bench.run(1);
    assert_eq!(bench.pins(), 0, "machine 2 stalls and asserts 0 in the same cycle");
    // Alone, machine 1 would have left the pin high.
}

/// 3.5.2: after WRAP_TOP comes WRAP_BOTTOM at no cost; a jump that is taken has priority.
#[test]
fn wrapping_costs_nothing() {
    let mut bench = Bench::with(&[nop(), nop(), nop(), nop()], Setup::new().wrap(1, 2), 0);
    bench.start(1);
    let addresses: Vec<u32> = (0..6).map(|_| (bench.run(1), bench.load_sm(0, Sm::ADDR)).1).collect();
    assert_eq!(addresses, [1, 2, 1, 2, 1, 2]);
    let mut program = [nop(); 32];
    program[2] = jmp(ALWAYS, 9);
    let mut bench = Bench::with(&program, Setup::new().wrap(1, 2), 0);
    bench.start(1);
    bench.run(3);
    assert_eq!(bench.load_sm(0, Sm::ADDR), 9);
    bench.run(23);
    assert_eq!(bench.load_sm(0, Sm::ADDR), 0, "after the last word of the memory comes the first one");
}

/// Cycles between the ticks of a machine, seen as changes of its program counter.
fn periods(int: u32, frac: u32, ticks: usize) -> Vec<u64> {
    let mut bench = Bench::with(&[nop(); 32], Setup::new().divide(int, frac), 0);
    bench.run(7);
    bench.start(1);
    let (mut last, mut periods) = (bench.fabric.cycle, vec![]);
    let mut address = 0;
    while periods.len() < ticks {
        bench.run(1);
        let now = bench.load_sm(0, Sm::ADDR);
        if now != address {
            periods.push(bench.fabric.cycle - last);
            (last, address) = (bench.fabric.cycle, now);
        }
    }
    periods
}

/// 3.5.5, figures 43 and 44: every cycle with a divisor of 1, one cycle in n with a divisor of n. The first tick comes with the enable.
#[test]
fn integer_divisors() {
    assert_eq!(periods(1, 0, 5), [1, 1, 1, 1, 1]);
    assert_eq!(periods(2, 0, 4), [1, 2, 2, 2]);
    assert_eq!(periods(0, 0, 2), [1, 65_536]);
}

/// 3.5.5, figure 45: "a running total of the fractional value from each division period, and every time this
/// value wraps through 1, the integer divisor is increased by one for the next division period".
#[test]
fn a_fraction_lengthens_the_period_after_the_one_in_which_it_wraps() {
    assert_eq!(periods(2, 0x80, 7), [1, 2, 2, 3, 2, 3, 2]);
    assert_eq!(periods(1, 0x40, 10), [1, 1, 1, 1, 1, 2, 1, 1, 1, 2]);
    assert_eq!(periods(3, 1, 600)[1..].iter().sum::<u64>(), 3 * 599 + 598 / 256);
}

/// CTRL: dividers run freely, so enabling late keeps the phase; CLKDIV_RESTART starts it anew.
#[test]
fn dividers_run_freely_while_a_machine_is_disabled() {
    let mut bench = Bench::with(&[nop(); 32], Setup::new().divide(10, 0), 0);
    bench.write(Reg::CTRL, 0x100);
    bench.run(23);
    bench.write(Reg::CTRL, 1);
    bench.run(7);
    assert_eq!(bench.load_sm(0, Sm::ADDR), 0);
    bench.run(1);
    assert_eq!(bench.load_sm(0, Sm::ADDR), 1);
    bench.run(3);
    bench.write(Reg::CTRL, 0x101);
    bench.run(1);
    assert_eq!(bench.load_sm(0, Sm::ADDR), 2);
}

/// The divider counts a period down and takes the divisor for the next one: a new CLKDIV, or anything else that is written to
/// the machine meanwhile, does not move the tick that comes. Idle cycles of an instruction are 31 at most (3.4.1).
#[test]
fn a_period_that_has_begun_is_finished() {
    let mut bench = Bench::with(&[nop(), nop().delay(3), nop(), nop()], Setup::new().wrap(0, 3).divide(1000, 0), 0);
    bench.start(1);
    bench.run(10);
    for _ in 0..40 {
        bench.store_sm(0, Sm::CLKDIV, 1 << 16);
        bench.store_sm(0, Sm::CLKDIV, 2 << 16);
    }
    bench.run(990);
    assert_eq!(bench.load_sm(0, Sm::ADDR), 1);
    bench.run(1);
    assert_eq!(bench.load_sm(0, Sm::ADDR), 2);
    bench.run(7);
    assert_eq!(bench.load_sm(0, Sm::ADDR), 2, "a tick each second cycle, and three idle ones");
    bench.run(1);
    assert_eq!(bench.load_sm(0, Sm::ADDR), 3);
}

/// CTRL: machines are enabled together, and then in lockstep.
#[test]
fn machines_enabled_together_run_in_lockstep() {
    let mut bench = Bench::bypassed();
    bench.outputs(0xF);
    bench.load(&[set(PINS, 1), set(PINS, 0)]);
    for machine in 0..4 {
        bench.setup(machine, Setup::new().wrap(0, 1).set(machine, 1).divide(3, 0x55));
    }
    bench.run(11);
    bench.start(0xF);
    let seen: Vec<u32> = (0..200).map(|_| (bench.run(1), bench.pins()).1).collect();
    assert!(seen.iter().all(|&pins| pins == 0 || pins == 0xF));
    // The n-th tick after the first one comes 3n + (n - 1) * 0x55 / 256 cycles after it: the 60th is the last one in 200 cycles.
    assert_eq!(3 * 60 + 59 * 0x55 / 256, 199);
    assert_eq!(seen.windows(2).filter(|pair| pair[0] != pair[1]).count(), 60);
}

/// 3.5.6.3: two cycles of synchroniser between the pin and the machine, unless INPUT_SYNC_BYPASS is set.
#[test]
fn inputs_pass_a_synchroniser() {
    for (bypass, cycles) in [(0, 3), (1 << 5, 1)] {
        let mut bench = Bench::with(&[wait_gpio(1, 5)], Setup::new(), 0);
        bench.write(Reg::INPUT_SYNC_BYPASS, bypass);
        bench.run(10);
        bench.start(1);
        bench.run(10);
        bench.drive(5, true);
        bench.run(cycles - 1);
        assert_eq!(bench.load_sm(0, Sm::ADDR), 0);
        bench.run(1);
        assert_eq!(bench.load_sm(0, Sm::ADDR), 1);
    }
}

/// A machine's own output comes back through the pin: driven after cycle 0, it is seen in cycle 1, or in 3 behind the synchroniser.
#[test]
fn a_machine_sees_its_own_output_after_the_synchroniser() {
    let program = [set(PINS, 1), jmp(PIN, 10), jmp(PIN, 11), jmp(PIN, 12), jmp(PIN, 13)];
    for (bypass, at) in [(u32::MAX, 10), (0, 12)] {
        let mut bench = Bench::with(&program, Setup::new().set(5, 1).jmp_pin(5), 1 << 5);
        bench.write(Reg::INPUT_SYNC_BYPASS, bypass);
        bench.start(1);
        while bench.load_sm(0, Sm::ADDR) < 10 {
            bench.run(1);
        }
        assert_eq!(bench.load_sm(0, Sm::ADDR), at);
    }
}

/// 3.5.1: side-set goes on while an instruction stalls, here until it brings about what WAIT waits for.
#[test]
fn a_machine_can_wait_for_its_own_side_set() {
    let mut bench = Bench::with(&[wait_gpio(1, 5).side(1, 1)], Setup::new().side(5, 1), 1 << 5);
    bench.start(1);
    bench.run(1);
    assert_eq!(bench.load_sm(0, Sm::ADDR), 0);
    bench.run(1);
    assert_eq!(bench.load_sm(0, Sm::ADDR), 1);
}

/// 3.5.7: an instruction written to INSTR is carried out at once, whatever divider and delay say; its delay is
/// ignored and the program counter stays.
#[test]
fn instr_executes_at_once() {
    let mut bench = Bench::with(&[nop().delay(31)], Setup::new().divide(1000, 0), 0);
    bench.start(1);
    bench.run(10);
    assert_eq!(bench.load_sm(0, Sm::INSTR), 0, "INSTR reads the instruction at PC");
    bench.store_sm(0, Sm::INSTR, u32::from(set(X, 5).delay(31)));
    bench.run(1);
    assert_eq!(bench.machine(0)[..2], [1, 5]);
    bench.store_sm(0, Sm::INSTR, u32::from(jmp(NOT_X, 9)));
    bench.run(1);
    assert_eq!(bench.machine(0)[0], 1, "a jump that is not taken leaves PC alone");
    bench.store_sm(0, Sm::INSTR, u32::from(jmp(ALWAYS, 9)));
    bench.run(1);
    assert_eq!(bench.machine(0)[0], 9);
}

/// 3.5.7: it may stall, and is kept until it completes, also while the machine is disabled; SM_RESTART or a NOP clears it.
#[test]
fn instr_may_stall() {
    let mut bench = Bench::with(&[], Setup::new(), 0);
    bench.store_sm(0, Sm::INSTR, u32::from(pull(0, 1)));
    bench.run(5);
    assert_eq!(bench.load_sm(0, Sm::EXECCTRL) >> 31, 1);
    bench.write(Reg::TXF0, 42);
    bench.run(1);
    assert_eq!((bench.load_sm(0, Sm::EXECCTRL) >> 31, bench.machine(0)[4]), (0, 42));
    bench.write(Reg::TXF0, 43);
    bench.run(9);
    assert_eq!((bench.read(Reg::FLEVEL), bench.machine(0)[0]), (1, 0), "disabled again");
    for clear in [true, false] {
        bench.store_sm(0, Sm::INSTR, u32::from(wait_irq(1, 0)));
        bench.run(5);
        assert_eq!(bench.load_sm(0, Sm::EXECCTRL) >> 31, 1);
        if clear {
            bench.write(Reg::CTRL, 0x10);
        } else {
            bench.store_sm(0, Sm::INSTR, u32::from(nop()));
        }
        bench.run(1);
        assert_eq!(bench.load_sm(0, Sm::EXECCTRL) >> 31, 0);
    }
}

/// CTRL.SM_RESTART: shift counters, ISR, delay and waiting states are cleared; PC, OSR, X and Y are not.
#[test]
fn what_sm_restart_clears() {
    let program = [set(X, 3), mov(Y, X), mov(OSR, X), shift_in(X, 8), set(PINDIRS, 0).delay(31)];
    let mut bench = Bench::with(&program, Setup::new(), 0);
    bench.start(1);
    bench.run(6);
    assert_eq!(bench.machine(0), [5, 3, 3, 3 << 24, 3]);
    bench.load(&[nop(), nop(), nop(), nop(), nop(), jmp(NOT_OSRE, 9), nop()]);
    bench.write(Reg::CTRL, 0x11);
    assert_eq!(bench.machine(0), [5, 3, 3, 0, 3]);
    bench.run(1);
    assert_eq!(bench.machine(0)[0], 6, "no delay left, and the output shift register counts as empty");
}

/// EXECCTRL.OUT_STICKY: the last OUT or SET is asserted again in every cycle.
#[test]
fn a_sticky_write_wins_back_the_pin() {
    let mut bench = Bench::bypassed();
    bench.outputs(1);
    bench.load(&[set(PINS, 1), jmp(ALWAYS, 1), nop(), set(PINS, 0), jmp(ALWAYS, 4)]);
    let mut sticky = Setup::new().set(0, 1);
    sticky.execctrl |= 1 << 17;
    bench.setup(2, sticky);
    bench.setup(1, Setup::new().set(0, 1));
    bench.setup(3, Setup::new().set(0, 1));
    for machine in [1, 3] {
        bench.store_sm(machine, Sm::INSTR, u32::from(jmp(ALWAYS, 3)));
    }
    bench.run(1);
    bench.start(0b0100);
    bench.run(5);
    bench.start(0b0110);
    bench.run(1);
    assert_eq!(bench.pins(), 1, "machine 1 is lower");
    bench.start(0b1110);
    bench.run(1);
    assert_eq!(bench.pins(), 0, "machine 3 is higher");
    bench.run(1);
    assert_eq!(bench.pins(), 1, "and writes once");
}

/// EXECCTRL.INLINE_OUT_EN: a bit of the data says whether the pins are written.
#[test]
fn inline_out_enable() {
    let mut setup = Setup::new().out(0, 4).autopull(8).wrap(0, 0);
    setup.execctrl |= 1 << 18 | 7 << 19;
    let mut bench = Bench::with(&[out(PINS, 8)], setup, 0xF);
    for word in [0x85, 0x0A, 0x8C] {
        bench.write(Reg::TXF0, word);
    }
    bench.start(1);
    bench.run(1);
    let seen: Vec<u32> = (0..3).map(|_| (bench.run(1), bench.pins()).1).collect();
    assert_eq!(seen, [5, 5, 0xC]);
}

/// Steps of any length give the same waveform at the same times.
#[test]
fn a_run_in_one_piece_equals_a_run_cycle_by_cycle() {
    let trace = |stride: u64| {
        let mut bench = Bench::bypassed();
        bench.outputs(0xFF);
        bench.write(Reg::INPUT_SYNC_BYPASS, 0xF0);
        bench.load(&[
            out(PINS, 1).side(1, 0).delay(1),
            shift_in(PINS, 1).side(1, 1),
            wait_pin(1, 0),
            set(PINS, 1).delay(5),
            irq_set(4),
            wait_pin(0, 0),
            set(PINS, 0),
            wait_irq(1, 4).delay(3),
            mov_not(PINS, PINS),
        ]);
        bench.setup(0, Setup::new().wrap(0, 1).side(0, 1).out(1, 1).autopull(8).divide(1, 0x40));
        bench.setup(1, Setup::new().wrap(2, 6).input(1).set(2, 1).divide(2, 0x33));
        bench.setup(2, Setup::new().wrap(7, 8).input(3).out(3, 1));
        for (machine, to) in [(1, 2), (2, 7)] {
            bench.store_sm(machine, Sm::INSTR, u32::from(jmp(ALWAYS, to)));
        }
        bench.run(1);
        bench.start(0b111);
        bench.stride = stride;
        for byte in 0..40 {
            bench.write(Reg::TXF0, byte * 0x35);
            bench.run(77);
        }
        (bench.fabric.pins.trace.sha256(), bench.fabric.pins.trace.events())
    };
    let expected = trace(1);
    assert!(expected.1 > 500, "{}", expected.1);
    for stride in [2, 3, 7, 1000] {
        assert_eq!(trace(stride), expected);
    }
}
