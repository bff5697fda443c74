//! Section 3.4, instruction by instruction, and 3.5.4 for shift registers.

use super::*;

/// A machine that runs a program once and then stays at its end.
fn once(program: &[u16], setup: Setup) -> Bench {
    let end = program.len() as u16;
    let mut bench = Bench::with(&[program, &[jmp(ALWAYS, end)]].concat(), setup, 0);
    bench.start(1);
    bench
}

/// 3.4.2: X-- and Y-- test before they decrement, and decrement always.
#[test]
fn jmp_conditions() {
    let taken = |prepare: &[u16], condition: u16| {
        let at = prepare.len() as u16;
        let program = [prepare, &[jmp(condition, 20)]].concat();
        let mut bench = Bench::with(&program, Setup::new(), 0);
        bench.start(1);
        bench.run(u64::from(at) + 1);
        (bench.machine(0)[0] == 20, bench.machine(0)[1], bench.machine(0)[2])
    };
    assert_eq!(taken(&[], ALWAYS), (true, 0, 0));
    assert_eq!(taken(&[set(X, 0)], NOT_X), (true, 0, 0));
    assert_eq!(taken(&[set(X, 3)], NOT_X), (false, 3, 0));
    assert_eq!(taken(&[set(X, 1)], X_DEC), (true, 0, 0));
    assert_eq!(taken(&[set(X, 0)], X_DEC), (false, u32::MAX, 0));
    assert_eq!(taken(&[set(Y, 0)], NOT_Y), (true, 0, 0));
    assert_eq!(taken(&[set(Y, 9)], Y_DEC), (true, 0, 8));
    assert_eq!(taken(&[set(Y, 0)], Y_DEC), (false, 0, u32::MAX));
    assert_eq!(taken(&[set(X, 5), set(Y, 5)], X_NOT_Y), (false, 5, 5));
    assert_eq!(taken(&[set(X, 5), set(Y, 6)], X_NOT_Y), (true, 5, 6));
    // After reset nothing is left to shift out; MOV OSR fills it (3.5.4).
    assert_eq!(taken(&[], NOT_OSRE), (false, 0, 0));
    assert_eq!(taken(&[mov(OSR, X)], NOT_OSRE), (true, 0, 0));
}

/// 3.4.2: "Delay cycles on a JMP always take effect, whether Condition is true or false".
#[test]
fn a_jump_that_is_not_taken_delays_too() {
    let mut bench = once(&[jmp(X_DEC, 0).delay(6), set(Y, 1)], Setup::new());
    bench.run(7);
    assert_eq!(bench.machine(0)[2], 0);
    bench.run(1);
    assert_eq!(bench.machine(0)[2], 1);
}

/// 3.4.2: JMP PIN looks at the GPIO of EXECCTRL_JMP_PIN, whatever the input mapping is.
#[test]
fn jmp_pin_is_not_mapped() {
    for high in [false, true] {
        let mut bench = Bench::with(&[jmp(PIN, 9)], Setup::new().jmp_pin(12).input(3), 0);
        bench.drive(12, high);
        bench.start(1);
        bench.run(1);
        assert_eq!(bench.machine(0)[0], if high { 9 } else { 1 });
    }
}

/// 3.2.4 and 3.4.3: delay cycles begin after the condition is met.
#[test]
fn wait_delays_after_the_condition_is_met() {
    let mut bench = once(&[wait_pin(1, 1).delay(3), set(X, 7)], Setup::new().input(31));
    bench.run(100);
    bench.drive(0, true);
    bench.run(1 + 3);
    assert_eq!(bench.machine(0)[1], 0);
    bench.run(1);
    assert_eq!(bench.machine(0)[1], 7);
}

/// 3.4.3: GPIO is absolute; the level has to be there when the machine looks.
#[test]
fn wait_gpio_is_not_mapped() {
    let mut bench = once(&[wait_gpio(1, 4), wait_gpio(0, 4)], Setup::new().input(9));
    bench.run(10);
    assert_eq!(bench.machine(0)[0], 0);
    bench.drive(4, true);
    bench.run(10);
    assert_eq!(bench.machine(0)[0], 1);
    bench.drive(4, false);
    bench.run(1);
    assert_eq!(bench.machine(0)[0], 2);
}

/// 3.4.3 and 3.4.9.2: with the top bit of the index, the machine's number is added modulo 4; "state machine 2
/// with a flag value of 0x11 will raise flag 3, and a flag value of 0x13 will raise flag 1".
#[test]
fn relative_irq_flags() {
    for (index, flag) in [(0x11, 3), (0x13, 1), (0x16, 4), (5, 5)] {
        let mut bench = Bench::bypassed();
        bench.load(&[irq_set(index), wait_irq(1, index), set(X, 1), jmp(ALWAYS, 3)]);
        bench.setup(2, Setup::new());
        bench.start(0b100);
        bench.run(1);
        assert_eq!(bench.read(Reg::IRQ), 1 << flag);
        // WAIT 1 IRQ clears the flag.
        bench.run(1);
        assert_eq!(bench.read(Reg::IRQ), 0);
        bench.run(1);
        assert_eq!(bench.machine(2)[1], 1);
    }
}

/// 3.4.9: IRQ WAIT halts until somebody lowers the flag; IRQ CLEAR lowers it.
#[test]
fn irq_wait_halts_until_the_flag_is_lowered() {
    let mut bench = once(&[irq_wait(2).delay(2), set(X, 1)], Setup::new());
    bench.run(50);
    assert_eq!(bench.read(Reg::IRQ), 4);
    assert_eq!(bench.machine(0)[0], 0);
    bench.write(Reg::IRQ, 4);
    bench.run(1 + 2);
    assert_eq!(bench.machine(0)[1], 0);
    bench.run(1);
    assert_eq!(bench.machine(0)[1], 1);

    let mut bench = once(&[irq_set(0), irq_set(7), irq_clear(0), wait_irq(0, 7), set(X, 1)], Setup::new());
    bench.run(30);
    assert_eq!((bench.read(Reg::IRQ), bench.machine(0)[0]), (0x80, 3));
    bench.write(Reg::IRQ_FORCE, 0x10);
    assert_eq!(bench.read(Reg::IRQ), 0x90);
    bench.write(Reg::IRQ, 0x80);
    bench.run(2);
    assert_eq!(bench.machine(0)[1], 1);
}

/// Two machines: a flag that one raises in a cycle is seen by the other in the next.
#[test]
fn a_flag_is_seen_by_other_machines_one_cycle_later() {
    let mut bench = Bench::bypassed();
    bench.load(&[irq_set(4).delay(31), wait_irq(1, 4), set(X, 1), jmp(ALWAYS, 3)]);
    bench.setup(0, Setup::new());
    bench.setup(1, Setup::new());
    bench.store_sm(1, Sm::INSTR, u32::from(jmp(ALWAYS, 1)));
    bench.run(1);
    bench.start(0b11);
    bench.run(1);
    assert_eq!((bench.read(Reg::IRQ), bench.machine(1)[0]), (0x10, 1));
    bench.run(1);
    assert_eq!((bench.read(Reg::IRQ), bench.machine(1)[0]), (0, 2));
}

/// 3.4.4: data enters from the side that SHIFTCTRL_IN_SHIFTDIR says; the count saturates at 32 (seen by PUSH IFFULL).
#[test]
fn in_shifts_in_both_directions() {
    let program = [set(X, 0b10110), shift_in(X, 4), shift_in(X, 3)];
    let mut right = once(&program, Setup::new());
    right.run(4);
    assert_eq!(right.machine(0)[3], (0b110 << 4 | 0b0110) << 25);
    let mut left = once(&program, Setup::new().left());
    left.run(4);
    assert_eq!(left.machine(0)[3], 0b011_0110);
    let mut whole = once(&[set(X, 9), shift_in(X, 32), shift_in(NULL, 8), shift_in(ISR, 32)], Setup::new().left());
    whole.run(5);
    assert_eq!(whole.machine(0)[3], 9 << 8);
}

/// 3.5.6: input data is rotated so that IN_BASE is bit 0, modulo 32.
#[test]
fn in_pins_are_rotated_by_in_base() {
    let mut bench = Bench::with(&[shift_in(PINS, 8), jmp(ALWAYS, 1)], Setup::new().input(28).left(), 0);
    for (pin, high) in [(28, true), (29, true), (0, true), (1, false), (2, true)] {
        bench.drive(pin, high);
    }
    bench.start(1);
    bench.run(2);
    // GPIO30 and 31 do not exist and read 0.
    assert_eq!(bench.machine(0)[3], 0b0101_0011);
}

/// 3.4.5: all destinations; OUT ISR also sets the input shift counter.
#[test]
fn out_destinations() {
    let program = [pull(0, 1), out(X, 4), out(Y, 8), out(NULL, 4), out(ISR, 8), push(1, 0), out(PC, 8)];
    let mut setup = Setup::new();
    setup.shiftctrl |= 8 << 20;
    let mut bench = once(&program, setup);
    bench.write(Reg::TXF0, 0x1D_C7_FB_A5);
    bench.run(7);
    assert_eq!(&bench.machine(0)[..3], [0x1D, 5, 0xBA]);
    assert_eq!(bench.read(Reg::RXF0), 0xC7, "eight bits reach the threshold of PUSH IFFULL");
}

/// 3.5.6: OUT_COUNT pins from OUT_BASE on, wrapping after GPIO31; PINDIRS likewise.
#[test]
fn out_pins_and_pindirs_wrap_after_gpio_31() {
    let program = [pull(0, 1), out(PINDIRS, 8), out(PINS, 8)];
    let mut bench = once(&program, Setup::new().out(28, 6));
    bench.write(Reg::TXF0, 0b1101_1010 << 8 | 0b0011_1111);
    bench.run(4);
    assert_eq!(bench.read(Reg::DBG_PADOE), 0x3000_0003);
    assert_eq!(bench.read(Reg::DBG_PADOUT), 1 << 29 | 1);
}

/// 3.4.5.2: the instruction of OUT EXEC takes the next cycle, with its own delay; that of the OUT is ignored.
#[test]
fn out_exec_and_mov_exec() {
    let mut bench = once(&[pull(0, 1), out(OUT_EXEC, 16).delay(9), set(Y, 3)], Setup::new());
    bench.write(Reg::TXF0, u32::from(set(X, 21).delay(2)));
    bench.run(3);
    assert_eq!(bench.machine(0)[..2], [2, 21]);
    bench.run(2);
    assert_eq!(bench.machine(0)[2], 0);
    bench.run(1);
    assert_eq!(bench.machine(0)[2], 3);

    // JMP from EXEC: taken and not taken.
    for (x, to) in [(0, 30), (1, 3)] {
        let word = jmp(NOT_X, 30);
        let mut bench = once(&[pull(0, 1), set(X, x), mov(MOV_EXEC, OSR), jmp(ALWAYS, 3)], Setup::new());
        bench.write(Reg::TXF0, u32::from(word));
        bench.run(4);
        assert_eq!(bench.machine(0)[0], to);
    }
}

/// 3.4.6: IfFull, Block; PUSH clears the ISR. A word that finds no room without Block is lost, and RXSTALL tells.
#[test]
fn push_waits_or_drops() {
    let mut bench = once(&[set(X, 5), mov(ISR, X), push(0, 1), jmp(ALWAYS, 1)], Setup::new().wrap(0, 3));
    bench.run(1 + 3 * 4);
    assert_eq!((bench.read(Reg::FLEVEL), bench.read(Reg::FSTAT) & 1), (4 << 4, 1));
    assert_eq!(bench.read(Reg::FDEBUG), 0);
    bench.run(50);
    assert_eq!(bench.machine(0)[0], 2, "stalled");
    assert_eq!(bench.read(Reg::FDEBUG), 1, "RXSTALL");
    assert_eq!(bench.read(Reg::RXF0), 5);
    bench.run(1);
    assert_eq!(bench.machine(0)[0], 3);

    let mut bench = once(&[set(X, 5), mov(ISR, X), push(0, 0), jmp(ALWAYS, 1)], Setup::new());
    bench.run(50);
    assert_eq!((bench.read(Reg::FLEVEL), bench.read(Reg::FDEBUG)), (4 << 4, 1));

    let mut bench = once(&[set(X, 5), push(1, 1), shift_in(X, 32), push(1, 1)], Setup::new());
    bench.run(5);
    assert_eq!(bench.read(Reg::FLEVEL), 1 << 4);
    assert_eq!(bench.machine(0)[3], 0);
}

/// 3.4.7: PULL NOBLOCK on an empty FIFO copies X; IFEMPTY does nothing while the OSR holds enough.
#[test]
fn pull_waits_or_copies_x() {
    let mut bench = once(&[set(X, 9), pull(0, 0), pull(1, 1), set(Y, 1)], Setup::new());
    bench.run(4);
    assert_eq!((bench.machine(0)[4], bench.machine(0)[2]), (9, 1));
    assert_eq!(bench.read(Reg::FDEBUG), 0);

    let mut bench = once(&[pull(0, 1), set(Y, 1)], Setup::new());
    bench.run(10);
    assert_eq!(bench.read(Reg::FDEBUG), 1 << 24, "TXSTALL");
    bench.write(Reg::FDEBUG, 1 << 24);
    assert_eq!(bench.read(Reg::FDEBUG), 0);
    bench.run(1);
    assert_eq!(bench.read(Reg::FDEBUG), 1 << 24, "it still stalls");
    bench.write(Reg::TXF0, 77);
    bench.run(1);
    assert_eq!((bench.machine(0)[4], bench.machine(0)[0]), (77, 1));
}

/// 3.4.8: sources and operations.
#[test]
fn mov_operations_and_status() {
    let mut bench =
        once(&[set(X, 0b10011), mov_not(Y, X), mov_reverse(ISR, X), mov(OSR, ISR), mov(X, NULL)], Setup::new());
    bench.run(6);
    assert_eq!(bench.machine(0)[1..], [0, !0b10011, 0b11001 << 27, 0b11001 << 27]);

    // EXECCTRL_STATUS_SEL and STATUS_N: all ones while the level is below N.
    for (select, level, expected) in [(0, 2, 0), (0, 3, u32::MAX), (1, 0, 0), (1, 1, u32::MAX)] {
        let mut setup = Setup::new();
        setup.execctrl |= select << 4 | level;
        let mut bench = Bench::with(&[mov(X, STATUS), jmp(ALWAYS, 1)], setup, 0);
        bench.write(Reg::TXF0, 0);
        bench.write(Reg::TXF0, 0);
        bench.start(1);
        bench.run(2);
        assert_eq!(bench.machine(0)[1], expected);
    }

    // MOV PC, and MOV PINS with the OUT mapping.
    let mut bench = Bench::with(&[set(X, 0b1101), mov(PINS, X), mov(PC, X)], Setup::new().out(8, 3), 0xFFF);
    bench.start(1);
    bench.run(3);
    assert_eq!((bench.pins(), bench.machine(0)[0]), (0b101 << 8, 13));
}

/// 3.4.10: SET writes five bits; X and Y lose the others.
#[test]
fn set_destinations() {
    let program = [mov_not(X, NULL), set(X, 17), set(PINDIRS, 0b11111), set(PINS, 0b10101), set(Y, 30)];
    let mut bench = once(&program, Setup::new().set(3, 4));
    bench.run(6);
    assert_eq!(bench.machine(0)[1..3], [17, 30]);
    assert_eq!((bench.read(Reg::DBG_PADOE), bench.read(Reg::DBG_PADOUT)), (0b1111 << 3, 0b0101 << 3));
}

/// A reserved encoding is said, not skipped in silence.
#[test]
fn reserved_encodings_are_counted() {
    let mut bench = once(&[mov(3, X), set(X, 1)], Setup::new());
    bench.run(3);
    assert_eq!(bench.machine(0)[1], 1);
    assert_eq!(bench.fabric.gaps.all()["PIO0.INSTR_MEM"].count, 1);
}

/// 3.5.4: OUT refills the OSR in the cycle in which it uses it up, so back-to-back OUTs do not stall; it stalls
/// one cycle when it finds it empty, even with data in the FIFO.
#[test]
fn autopull_refills_without_a_bubble() {
    let mut bench = Bench::with(&[out(X, 8)], Setup::new().wrap(0, 0).autopull(32), 0);
    bench.write(Reg::TXF0, 0x4433_2211);
    bench.write(Reg::TXF0, 0x8877_6655);
    bench.start(1);
    let seen: Vec<u32> = (0..10).map(|_| (bench.run(1), bench.machine(0)[1]).1).collect();
    assert_eq!(seen, [0, 0x11, 0x22, 0x33, 0x44, 0x55, 0x66, 0x77, 0x88, 0x88]);
    assert_eq!(bench.read(Reg::FDEBUG), 1 << 24);
}

/// 3.5.4: between OUTs the refill happens in any cycle, idle ones too.
#[test]
fn autopull_refills_in_idle_cycles_when_data_arrives() {
    for arrives in 2..8 {
        let mut bench = Bench::with(&[out(X, 8).delay(9)], Setup::new().wrap(0, 0).autopull(8), 0);
        bench.write(Reg::TXF0, 0x11);
        bench.start(1);
        bench.run(arrives);
        bench.write(Reg::TXF0, 0x22);
        bench.run(1);
        assert_eq!(bench.read(Reg::FLEVEL), 0, "taken at once");
        bench.run(1 + 10 - arrives);
        assert_eq!(bench.machine(0)[1], 0x22, "and no stall");
    }
}

/// 3.5.4: with autopull, PULL does nothing while the OSR is full.
#[test]
fn pull_is_a_fence_with_autopull() {
    let mut bench = once(&[pull(0, 1), pull(0, 1), out(X, 8)], Setup::new().autopull(8));
    bench.write(Reg::TXF0, 1);
    bench.write(Reg::TXF0, 2);
    bench.run(3);
    assert_eq!(bench.machine(0)[1], 1);
}

/// 3.5.4: IN pushes in the cycle in which the threshold is reached, and clears the ISR.
#[test]
fn autopush_pushes_in_the_same_cycle_and_stalls_when_full() {
    let mut bench = Bench::with(&[shift_in(X, 4)], Setup::new().wrap(0, 0).autopush(8).left(), 0);
    bench.store_sm(0, Sm::INSTR, u32::from(set(X, 9)));
    bench.run(1);
    bench.start(1);
    bench.run(8);
    assert_eq!((bench.read(Reg::FLEVEL), bench.read(Reg::FDEBUG)), (4 << 4, 0));
    bench.run(2);
    assert_eq!(bench.read(Reg::FDEBUG), 1);
    bench.run(100);
    let words: Vec<u32> = (0..4).map(|_| bench.read(Reg::RXF0)).collect();
    assert_eq!(words, [0x99; 4]);
    bench.run(1);
    assert_eq!(bench.read(Reg::FLEVEL), 1 << 4);
}
