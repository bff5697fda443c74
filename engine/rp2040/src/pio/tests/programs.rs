//! The example programs of section 3.6, cycle by cycle.

use super::*;

/// 3.6.1: "SCK period of 4 clock cycles", CPHA = 0, data captured on the leading edge.
#[test]
fn spi_with_cpha_0_has_a_period_of_four_cycles_and_reads_back_what_it_sends() {
    let (sck, mosi, miso) = (0, 1, 1);
    let program = [out(PINS, 1).side(1, 0).delay(1), shift_in(PINS, 1).side(1, 1).delay(1)];
    let setup = Setup::new().wrap(0, 1).side(sck, 1).out(mosi, 1).input(miso).autopull(8).autopush(8).left();
    let mut bench = Bench::with(&program, setup, 0b11);
    bench.write(Reg::TXF0, 0xA5 << 24);
    bench.write(Reg::TXF0, 0x3C << 24);
    bench.start(1);
    // The first cycle is an OUT that finds an empty OSR: it refills and stalls (3.5.4).
    bench.run(2);
    let (mut clock, mut data) = (String::new(), String::new());
    for _ in 0..64 {
        clock.push_str(if bench.pins() & 1 != 0 { "1" } else { "0" });
        data.push_str(if bench.pins() & 2 != 0 { "1" } else { "0" });
        bench.run(1);
    }
    assert_eq!(clock, "0011".repeat(16));
    let sent: String = [0xA5u8, 0x3C].iter().map(|byte| format!("{byte:08b}")).collect();
    assert_eq!(data, sent.chars().map(|bit| bit.to_string().repeat(4)).collect::<String>());
    assert_eq!([bench.read(Reg::RXF0), bench.read(Reg::RXF0)], [0xA5, 0x3C]);
    assert_eq!(bench.wave(sck, 20), level("0", 20), "it stalls with SCK low");
}

/// 3.6.2: T1 = 2, T2 = 5, T3 = 3: a one is high for 7 of 10 cycles, a zero for 2.
#[test]
fn ws2812_bits_take_ten_cycles() {
    let (t1, t2, t3) = (2, 5, 3);
    let program = [
        out(X, 1).side(1, 0).delay(t3 - 1),
        jmp(NOT_X, 3).side(1, 1).delay(t1 - 1),
        jmp(ALWAYS, 0).side(1, 1).delay(t2 - 1),
        nop().side(1, 0).delay(t2 - 1),
    ];
    let setup = Setup::new().wrap(0, 3).side(5, 1).autopull(24).left().join_tx();
    let mut bench = Bench::with(&program, setup, 1 << 5);
    bench.write(Reg::TXF0, 0x9A_0F_01 << 8);
    bench.start(1);
    bench.run(2);
    // The first cycle of OUT still belongs to the low phase of what was before.
    bench.run(u64::from(t3));
    let bit = |bit| if bit == '1' { "1111111000" } else { "1100000000" };
    let expected: String = format!("{:024b}", 0x9A_0F_01).chars().map(bit).collect();
    assert_eq!(bench.wave(5, 240), expected);
    assert_eq!(bench.wave(5, 40), level("0", 40));
}

/// 3.6.3: eight cycles a bit; start bit 0, data from the least significant bit, stop bit 1.
#[test]
fn uart_tx_takes_eight_cycles_a_bit() {
    let program =
        [pull(0, 1).side_opt(2, 1).delay(7), set(X, 7).side_opt(2, 0).delay(7), out(PINS, 1), jmp(X_DEC, 2).delay(6)];
    let setup = Setup::new().wrap(0, 3).side(3, 2).side_opt().out(3, 1).set(3, 1).join_tx();
    let mut bench = Bench::with(&program, setup, 1 << 3);
    bench.start(1);
    bench.run(1);
    assert_eq!(bench.wave(3, 20), level("1", 20));
    for byte in *b"U!" {
        bench.write(Reg::TXF0, u32::from(byte));
    }
    // PULL and its seven idle cycles end the stop bit.
    let frame = |byte: u8| -> String {
        let bits = (0..8).map(|bit| if byte >> bit & 1 != 0 { "1" } else { "0" });
        std::iter::once("0").chain(bits).chain(std::iter::once("1")).map(|bit| bit.repeat(8)).collect()
    };
    assert_eq!(bench.wave(3, 9), level("1", 9));
    let expected = frame(b'U') + &frame(b'!');
    assert_eq!(bench.wave(3, 160), expected);
}

/// 3.6.4, the minimal receiver: the middle of the first data bit is 12 cycles after the start edge is seen.
#[test]
fn uart_rx_receives_at_a_divided_clock() {
    let program = [wait_pin(0, 0), set(X, 7).delay(10), shift_in(PINS, 1), jmp(X_DEC, 2).delay(6)];
    let setup = Setup::new().wrap(0, 3).input(7).autopush(8).join_rx().divide(3, 0x80);
    let mut bench = Bench::with(&program, setup, 0);
    bench.write(Reg::INPUT_SYNC_BYPASS, 0);
    bench.drive(7, true);
    bench.run(5);
    bench.start(1);
    bench.run(40);
    for byte in *b"Hello!" {
        for bit in 0..10 {
            bench.drive(7, (0x200 | u32::from(byte) << 1) >> bit & 1 != 0);
            bench.run(28);
        }
    }
    let received: Vec<u8> = (0..6).map(|_| (bench.read(Reg::RXF0) >> 24) as u8).collect();
    assert_eq!(received, b"Hello!");
    assert_eq!(bench.read(Reg::FSTAT) >> 8 & 1, 1);
}

/// 3.6.5: twelve cycles a bit, six for each half; a 0 is high then low, a 1 is low then high.
#[test]
fn manchester_bits_take_twelve_cycles_and_decode_to_what_was_sent() {
    let transmit = [
        nop().side_opt(2, 0).delay(5),
        jmp(ALWAYS, 4).side_opt(2, 1).delay(3),
        nop().side_opt(2, 1).delay(5),
        nop().side_opt(2, 0).delay(3),
        out(X, 1),
        jmp(NOT_X, 2),
    ];
    let receive =
        [wait_pin(0, 0), shift_in(Y, 1).delay(8), jmp(PIN, 6), wait_pin(1, 0), shift_in(X, 1).delay(8), jmp(PIN, 9)];
    let mut program = transmit.to_vec();
    program.extend(receive);
    let sent = 0x0FF0_A55A;
    let transmitter = Setup::new().wrap(0, 5).side(9, 2).side_opt().autopull(32);
    let mut bench = Bench::with(&program, transmitter, 1 << 9);
    bench.write(Reg::INPUT_SYNC_BYPASS, 0);
    // From start_of_1 a low level falls through WRAP_TOP to itself; a high one would be start_of_0.
    bench.load(&[&transmit[..], &receive[..5], &[jmp(PIN, 6)]].concat());
    bench.setup(1, Setup::new().wrap(9, 11).input(9).jmp_pin(9).autopush(32));
    for (machine, word) in
        [(0, jmp(ALWAYS, 4)), (1, jmp(ALWAYS, 6)), (1, set(X, 1)), (1, set(Y, 0)), (1, wait_pin(1, 0))]
    {
        bench.store_sm(machine, Sm::INSTR, u32::from(word));
        bench.run(1);
    }
    bench.start(0b11);
    bench.write(Reg::TXF0, sent);
    // OUT stalls once for the first word (3.5.4), then OUT and JMP come before the first half.
    bench.run(1 + 2);
    let first = bench.wave(9, 1);
    assert_eq!(first, "0");
    let wave = bench.wave(9, 12 * 32);
    let bit = |n: u32| if sent >> n & 1 != 0 { level("0", 6) + &level("1", 6) } else { level("1", 6) + &level("0", 6) };
    assert_eq!(wave, (0..32).map(bit).collect::<String>());
    bench.run(20);
    assert_eq!(bench.read(Reg::RXF1), sent);
}

/// 3.6.8: the counter loop takes three cycles a step, and the pin is high for the last `level` of them.
#[test]
fn pwm_is_high_for_three_cycles_a_step_of_level() {
    let program = [
        pull(0, 0).side_opt(2, 0),
        mov(X, OSR),
        mov(Y, ISR),
        jmp(X_NOT_Y, 5),
        jmp(ALWAYS, 6).side_opt(2, 1),
        nop(),
        jmp(Y_DEC, 3),
    ];
    let setup = Setup::new().wrap(0, 6).side(2, 2).side_opt();
    let mut bench = Bench::with(&program, setup, 1 << 2);
    // As pwm_set_period of the example: the period goes through the FIFO and OSR into ISR.
    bench.write(Reg::TXF0, 15);
    for word in [pull(0, 0), out(ISR, 32)] {
        bench.store_sm(0, Sm::INSTR, u32::from(word));
        bench.run(1);
    }
    bench.write(Reg::TXF0, 4);
    bench.start(1);
    bench.run(500);
    let period = 3 + 3 * 16;
    let wave = bench.wave(2, 10 * period);
    assert_eq!(wave.matches('1').count() as u64, 10 * (3 * 4 + 2));
    assert_eq!(wave.matches("01").count(), 10);
}

/// 3.6.9: addition by decrementing both the first operand and the inverted second one.
#[test]
fn addition_of_two_words_from_the_fifo() {
    let program = [
        pull(0, 1),
        mov_not(X, OSR),
        pull(0, 1),
        mov(Y, OSR),
        jmp(ALWAYS, 6),
        jmp(X_DEC, 6),
        jmp(Y_DEC, 5),
        mov_not(ISR, X),
        push(0, 1),
    ];
    let mut bench = Bench::with(&program, Setup::new().wrap(0, 8), 0);
    bench.start(1);
    for (a, b) in [(3u32, 4u32), (0, 0), (u32::MAX, 1), (1000, 250)] {
        bench.write(Reg::TXF0, a);
        bench.write(Reg::TXF0, b);
        bench.run(20 + 2 * u64::from(b));
        assert_eq!(bench.read(Reg::RXF0), a.wrapping_add(b));
    }
}
