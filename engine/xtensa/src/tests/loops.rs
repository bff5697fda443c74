//! ISA RM 4.3.2 (Loop Option), and code that changes.

use super::machine::*;
use crate::{Code, Exit};

#[test]
fn a_loop_runs_its_count() {
    let mut machine = Machine::new(&[movi(2, 10), loop_(2, 6), addi(3, 3, 1), addi(4, 4, 2), SIMCALL]);
    machine.run();
    assert_eq!((machine.core.a(3), machine.core.a(4)), (10, 20));
    assert_eq!(machine.special(2), 0);
}

#[test]
fn loopnez_skips_a_count_of_zero() {
    let mut machine = Machine::new(&[movi(2, 0), loopnez(2, 3), addi(3, 3, 1), SIMCALL]);
    machine.run();
    assert_eq!(machine.core.a(3), 0);
}

#[test]
fn an_untaken_branch_at_the_end_loops_and_a_taken_one_to_the_end_does_not() {
    // beqz over the second addi to LEND leaves the loop.
    let mut machine =
        Machine::new(&[movi(2, 10), movi(5, 3), loop_(2, 9), addi(5, 5, -1), beqz(5, 6), addi(3, 3, 1), SIMCALL]);
    machine.run();
    assert_eq!(machine.core.a(3), 2);
    assert_eq!(machine.special(2), 7);
    let mut machine = Machine::new(&[movi(2, 10), movi(5, 3), loop_(2, 6), addi(3, 3, 1), beqz(2, 20), SIMCALL]);
    machine.run();
    assert_eq!(machine.core.a(3), 10);
}

#[test]
fn no_loop_goes_back_while_excm_is_set() {
    let mut machine = Machine::new(&[movi(2, 10), loop_(2, 3), addi(3, 3, 1), SIMCALL]);
    machine.core.set_ps(0x10);
    machine.run();
    assert_eq!(machine.core.a(3), 1);
}

#[test]
fn a_loop_end_written_by_wsr_is_found_in_code_that_ran_before() {
    let body = [addi(3, 3, 1), addi(4, 4, 1), SIMCALL];
    let mut machine = Machine::new(&body);
    machine.run();
    // The same code again, this time with a loop around its first instruction.
    machine.write(START + 0x100, &[wsr(8, 0), wsr(9, 1), wsr(10, 2), j(-0x109)]);
    machine.core.pc = START + 0x100;
    machine.core.set_a(8, START);
    machine.core.set_a(9, START + 3);
    machine.core.set_a(10, 5);
    machine.run();
    assert_eq!((machine.core.a(3), machine.core.a(4)), (1 + 6, 2));
}

#[test]
fn a_loop_survives_being_stopped_between_any_two_instructions() {
    let mut machine = Machine::new(&[movi(2, 10), loop_(2, 6), addi(3, 3, 1), addi(4, 4, 2), SIMCALL]);
    loop {
        machine.bus.deadline = machine.core.cycle + 1;
        let exit = machine.core.run(&mut machine.bus, &mut machine.code);
        // A copy of the core goes on where the core was.
        machine.core = machine.core.clone();
        if exit == Exit::Simcall {
            break;
        }
        assert_eq!(exit, Exit::Deadline);
    }
    assert_eq!((machine.core.a(3), machine.core.a(4)), (10, 20));
    assert_eq!(machine.core.instructions, 2 + 20 + 1);
}

#[test]
fn code_that_writes_itself_executes_what_it_wrote() {
    // The word at START + 8 is replaced: addi a3, a3, 1 becomes addi a3, a3, 64 (and the NOP.N stays).
    let old = addi(3, 3, 1);
    let mut machine = Machine::new(&[NOP_N, s32i(6, 5, 8), addi(7, 7, 1), old, SIMCALL]);
    machine.core.set_a(5, START);
    let new = addi(3, 3, 64);
    machine.core.set_a(6, new | SIMCALL << 24);
    machine.run();
    assert_eq!(machine.core.a(3), 64);
}

#[test]
fn a_line_is_fetched_when_execution_enters_it_however_often_it_is_stopped() {
    // Eleven instructions of three bytes: the eleventh reaches into the second line of 32 bytes, where
    // the twelfth branches back into the first, once.
    let mut program = vec![addi(3, 3, 1); 11];
    program[0] = addi(2, 2, 1);
    program.extend([beqz(2, -33), SIMCALL]);
    for quantum in [1, 1000] {
        let mut machine = Machine::new(&program);
        machine.bus.fetched = Some(Vec::new());
        machine.core.set_a(2, u32::MAX);
        let exit = loop {
            machine.bus.deadline = machine.core.cycle + quantum;
            match machine.core.run(&mut machine.bus, &mut machine.code) {
                Exit::Deadline if machine.core.instructions < 100 => {}
                exit => break exit,
            }
        };
        assert_eq!(exit, Exit::Simcall);
        assert_eq!(machine.bus.fetched, Some(vec![START, START + 32, START, START + 32]));
        assert_eq!(machine.core.a(3), 20);
        // 25 instructions, four lines, a taken branch.
        assert_eq!(machine.core.cycle, 25 + 4 * 10 + 2);
    }
}

/// ISA RM appendix on pipelines: an instruction waits for the load before it. A copy with nothing decoded waits as long.
#[test]
fn a_copy_between_a_load_and_its_use_takes_the_same_time() {
    let program =
        [movi(2, 20), loop_(2, 17), l32i(3, 5, 0), add(4, 3, 3), l32i(6, 5, 4), s32i(6, 5, 8), addi(6, 6, 1), SIMCALL];
    let begin = || {
        let mut machine = Machine::new(&program);
        machine.core.set_a(5, DATA);
        machine
    };
    let mut whole = begin();
    whole.run();
    for stop in 1..whole.core.cycle {
        let mut machine = begin();
        machine.bus.deadline = stop;
        assert_eq!(machine.core.run(&mut machine.bus, &mut machine.code), Exit::Deadline);
        machine.core = machine.core.clone();
        machine.code = Code::default();
        machine.bus.deadline = u64::MAX;
        machine.run();
        assert_eq!(
            (machine.core.cycle, machine.core.instructions),
            (whole.core.cycle, whole.core.instructions),
            "{stop}"
        );
    }
}
