use super::*;
use crate::serial_bench::Bench;
use engine_core::console::Line;
use engine_core::pins::Drive;
use engine_core::time::{MICROSECOND, SECOND};

const CR_ON: u32 = 0x301;
const EIGHT_BITS_FIFO: u32 = 0x70;

impl Bench {
    fn put_uart(&mut self, n: usize, reg: Reg, value: u32) {
        let dev = &mut self.system.dev;
        dev.uart[n].write(Reg::TABLE[reg.index()].offset, Write::word(value), &mut dev.fabric);
    }

    fn get_uart(&mut self, n: usize, reg: Reg) -> u32 {
        let dev = &mut self.system.dev;
        dev.uart[n].read(Reg::TABLE[reg.index()].offset, &mut dev.fabric)
    }

    /// Baud rate divider of the worked example in 4.2.7.1, and the UART on.
    fn start_uart(&mut self, n: usize, line_control: u32) {
        let dev = &mut self.system.dev;
        dev.uart[n].reset(&mut dev.fabric);
        self.put_uart(n, Reg::UARTIBRD, 67);
        self.put_uart(n, Reg::UARTFBRD, 52);
        self.put_uart(n, Reg::UARTLCR_H, line_control);
        self.put_uart(n, Reg::UARTCR, CR_ON);
        self.run(MICROSECOND);
    }
}

/// One bit at 67 + 52/64 sixteenths of 125 MHz.
fn bit(n: u64) -> Ps {
    Hertz::new(125_000_000).scaled(64, 16 * (67 * 64 + 52)).duration(n)
}

/// 4.2.7.1: 125 MHz and 115200 baud give 67 + 52/64, which makes about 115207 baud.
#[test]
fn the_worked_example_of_the_divider_makes_115207_baud() {
    let mut bench = Bench::new();
    bench.start_uart(0, EIGHT_BITS_FIFO);
    let dev = &mut bench.system.dev;
    assert_eq!(dev.uart[0].bit_rate(&dev.fabric).round(), 115_207);
}

/// 4.2.7.1: "the baud rate divisor is only updated when UARTLCR_H is written".
#[test]
fn a_new_divider_counts_from_the_write_of_lcr_h_on() {
    let mut bench = Bench::new();
    bench.start_uart(0, EIGHT_BITS_FIFO);
    bench.put_uart(0, Reg::UARTIBRD, 1);
    let dev = &mut bench.system.dev;
    assert_eq!(dev.uart[0].bit_rate(&dev.fabric).round(), 115_207);
    bench.put_uart(0, Reg::UARTLCR_H, EIGHT_BITS_FIFO);
    let dev = &mut bench.system.dev;
    // 1 + 52/64: 125 MHz / (16 × 1.8125)
    assert_eq!(dev.uart[0].bit_rate(&dev.fabric).round(), 4_310_345);
}

#[test]
fn characters_reach_the_console_after_ten_bit_times_each() {
    let mut bench = Bench::new();
    bench.select(Func::Uart, &[0, 1]);
    let id = bench.system.dev.fabric.consoles.attach("uart0", Line::Pins { tx: 0, rx: Some(1) });
    bench.start_uart(0, EIGHT_BITS_FIFO);
    let begin = bench.now();
    for byte in b"Hello" {
        bench.put_uart(0, Reg::UARTDR, u32::from(*byte));
    }
    assert!(UARTFR::BUSY.is_set(bench.get_uart(0, Reg::UARTFR)));
    bench.run_to(begin + bit(10) - 10_000);
    assert_eq!(bench.system.dev.fabric.consoles.take_output(id), b"");
    bench.run_to(begin + bit(50) - 10_000);
    assert_eq!(bench.system.dev.fabric.consoles.take_output(id), b"Hell");
    bench.run_to(begin + bit(50));
    assert_eq!(bench.system.dev.fabric.consoles.take_output(id), b"o");
    assert!(!UARTFR::BUSY.is_set(bench.get_uart(0, Reg::UARTFR)));
}

/// 4.2.2: the transmit FIFO is 32 deep; the character in the shift register has left it.
#[test]
fn the_tx_fifo_holds_32_bytes_beside_the_one_that_is_sent() {
    let mut bench = Bench::new();
    bench.start_uart(0, EIGHT_BITS_FIFO);
    for n in 0..33 {
        assert!(!UARTFR::TXFF.is_set(bench.get_uart(0, Reg::UARTFR)), "{n}");
        bench.put_uart(0, Reg::UARTDR, n);
    }
    assert!(UARTFR::TXFF.is_set(bench.get_uart(0, Reg::UARTFR)));
}

/// UARTLCR_H.FEN: without it both FIFOs are one-byte holding registers.
#[test]
fn without_fen_a_fifo_is_one_byte_deep() {
    let mut bench = Bench::new();
    bench.start_uart(0, 0x60);
    bench.put_uart(0, Reg::UARTDR, 1);
    assert!(!UARTFR::TXFF.is_set(bench.get_uart(0, Reg::UARTFR)));
    bench.put_uart(0, Reg::UARTDR, 2);
    assert!(UARTFR::TXFF.is_set(bench.get_uart(0, Reg::UARTFR)));
}

/// UARTIFLS: TXIFLSEL 2 is half full; 4.2.6.3: the interrupt is a transition through that level.
#[test]
fn the_transmit_interrupt_comes_when_the_fifo_falls_to_its_level() {
    let mut bench = Bench::new();
    bench.start_uart(0, EIGHT_BITS_FIFO);
    bench.put_uart(0, Reg::UARTIMSC, UARTIMSC::TXIM.mask);
    let begin = bench.now();
    for n in 0..19 {
        bench.put_uart(0, Reg::UARTDR, n);
    }
    assert!(!bench.irq(Irq::UART0));
    bench.run_to(begin + bit(20) - 10_000);
    assert!(!bench.irq(Irq::UART0));
    bench.run_to(begin + bit(20) + 10_000);
    assert!(bench.irq(Irq::UART0));
    bench.put_uart(0, Reg::UARTDR, 0);
    assert!(!bench.irq(Irq::UART0));
}

#[test]
fn typed_characters_come_in_at_the_baud_rate_and_wait_for_room() {
    let mut bench = Bench::new();
    bench.select(Func::Uart, &[0, 1]);
    let id = bench.system.dev.fabric.consoles.attach("uart0", Line::Pins { tx: 0, rx: Some(1) });
    bench.start_uart(0, EIGHT_BITS_FIFO);
    let typed: Vec<u8> = (0..100).collect();
    bench.system.dev.fabric.consoles.type_in(id, &typed);
    assert!(bench.system.dev.fabric.consoles.take_typed());
    bench.system.dev.fabric.soon(Slot::Uart0Rx);
    let begin = bench.now();
    bench.run_to(begin + bit(10) - 10_000);
    assert!(UARTFR::RXFE.is_set(bench.get_uart(0, Reg::UARTFR)));
    bench.run_to(begin + bit(10) + 10_000);
    assert!(!UARTFR::RXFE.is_set(bench.get_uart(0, Reg::UARTFR)));
    bench.run(SECOND);
    assert!(UARTFR::RXFF.is_set(bench.get_uart(0, Reg::UARTFR)));
    let mut received = vec![];
    while received.len() < 100 {
        received.push(bench.get_uart(0, Reg::UARTDR) as u8);
        bench.run(bit(11));
    }
    assert_eq!(received, typed);
    assert!(!UARTRIS::OERIS.is_set(bench.get_uart(0, Reg::UARTRIS)));
}

/// A console that nobody types on leaves no event behind.
#[test]
fn a_quiet_console_costs_nothing() {
    let mut bench = Bench::new();
    bench.select(Func::Uart, &[0, 1]);
    bench.system.dev.fabric.consoles.attach("uart0", Line::Pins { tx: 0, rx: Some(1) });
    bench.start_uart(0, EIGHT_BITS_FIFO);
    bench.run(SECOND);
    assert_eq!(bench.system.dev.fabric.events.next(), Ps::MAX);
}

/// 4.2.6.4: data in the FIFO and nothing more for a period of 32 bits.
#[test]
fn the_receive_timeout_comes_32_bits_after_the_last_character() {
    let mut bench = Bench::new();
    bench.select(Func::Uart, &[1]);
    let id = bench.system.dev.fabric.consoles.attach("uart0", Line::Pins { tx: 0, rx: Some(1) });
    bench.start_uart(0, EIGHT_BITS_FIFO);
    bench.put_uart(0, Reg::UARTIMSC, UARTIMSC::RTIM.mask);
    bench.system.dev.fabric.consoles.type_in(id, b"x");
    bench.system.dev.fabric.soon(Slot::Uart0Rx);
    let begin = bench.now();
    bench.run_to(begin + bit(42) - 10_000);
    assert!(!bench.irq(Irq::UART0));
    bench.run_to(begin + bit(42) + 10_000);
    assert!(bench.irq(Irq::UART0));
    assert_eq!(bench.get_uart(0, Reg::UARTDR), u32::from(b'x'));
    assert!(!bench.irq(Irq::UART0));
}

/// Two UARTs on one wire between GPIO0 (UART0 TX) and GPIO5 (UART1 RX), with frame formats of UARTLCR_H.
#[test]
fn two_uarts_understand_each_other_over_pins_in_every_format() {
    for format in [0x70, 0x78, 0x72, 0x76, 0xF2, 0xF6, 0x10, 0x3E, 0x5A] {
        let mut bench = Bench::new();
        bench.select(Func::Uart, &[0, 5]);
        bench.start_uart(0, format);
        bench.start_uart(1, format);
        let now = bench.now();
        bench.system.dev.fabric.pins.join(0, 5, now);
        bench.system.dev.fabric.inputs_changed();
        let mask = (1u32 << (5 + (format >> 5 & 3))) - 1;
        let text = [0x00, 0xFF, 0x55, 0xA7, 0x1C];
        for byte in text {
            bench.put_uart(0, Reg::UARTDR, byte);
        }
        bench.run(SECOND / 1000);
        for byte in text {
            assert_eq!(bench.get_uart(1, Reg::UARTDR), byte & mask, "format {format:#x}");
        }
        assert!(UARTFR::RXFE.is_set(bench.get_uart(1, Reg::UARTFR)));
    }
}

/// UARTDR bits 8 to 10: framing, parity, and break with its single zero.
#[test]
fn wrong_parity_missing_stop_bits_and_breaks_are_told_with_the_character() {
    let mut bench = Bench::new();
    bench.select(Func::Uart, &[0, 5]);
    bench.start_uart(0, 0x76);
    bench.start_uart(1, 0x72);
    let now = bench.now();
    bench.system.dev.fabric.pins.join(0, 5, now);
    bench.put_uart(0, Reg::UARTDR, 0x41);
    bench.run(bit(20));
    assert_eq!(bench.get_uart(1, Reg::UARTDR), UARTDR::PE.mask | 0x41);
    assert_eq!(bench.get_uart(1, Reg::UARTRSR), UARTRSR::PE.mask);
    bench.put_uart(1, Reg::UARTRSR, 0);
    assert_eq!(bench.get_uart(1, Reg::UARTRSR), 0);
    bench.put_uart(1, Reg::UARTLCR_H, 0x70);
    // The even parity bit of 0x41 is 0, where the receiver without parity expects the stop bit.
    bench.put_uart(0, Reg::UARTDR, 0x41);
    bench.run(bit(20));
    assert_eq!(bench.get_uart(1, Reg::UARTDR), UARTDR::FE.mask | 0x41);
    bench.put_uart(0, Reg::UARTLCR_H, 0x77);
    bench.run(bit(40));
    bench.put_uart(0, Reg::UARTLCR_H, 0x76);
    bench.run(bit(20));
    assert_eq!(bench.get_uart(1, Reg::UARTDR), UARTDR::BE.mask | UARTDR::FE.mask);
    assert!(UARTFR::RXFE.is_set(bench.get_uart(1, Reg::UARTFR)));
    let errors = UARTRIS::BERIS.mask | UARTRIS::PERIS.mask | UARTRIS::FERIS.mask;
    assert_eq!(bench.get_uart(1, Reg::UARTRIS) & errors, errors);
}

/// 4.2.2: the 33rd character without a read is lost; UARTDR.OE and UARTRSR.OE say so.
#[test]
fn a_full_receive_fifo_loses_characters_and_says_so() {
    let mut bench = Bench::new();
    bench.start_uart(0, EIGHT_BITS_FIFO);
    bench.put_uart(0, Reg::UARTCR, CR_ON | UARTCR::LBE.mask);
    for n in 0..33 {
        bench.put_uart(0, Reg::UARTDR, n);
        bench.run(bit(11));
    }
    assert!(UARTRIS::OERIS.is_set(bench.get_uart(0, Reg::UARTRIS)));
    assert_eq!(bench.get_uart(0, Reg::UARTDR), UARTDR::OE.mask);
    assert_eq!(bench.get_uart(0, Reg::UARTRSR), UARTRSR::OE.mask);
    for n in 1..32 {
        assert_eq!(bench.get_uart(0, Reg::UARTDR), n);
    }
    assert!(UARTFR::RXFE.is_set(bench.get_uart(0, Reg::UARTFR)));
}

/// UARTCR.LBE: what is sent comes back, and so do the modem signals.
#[test]
fn loopback_returns_characters_and_modem_signals() {
    let mut bench = Bench::new();
    bench.start_uart(1, EIGHT_BITS_FIFO);
    bench.put_uart(1, Reg::UARTCR, CR_ON | UARTCR::LBE.mask | UARTCR::RTS.mask | UARTCR::OUT2.mask);
    assert_eq!(bench.get_uart(1, Reg::UARTFR) & 0x107, UARTFR::CTS.mask | UARTFR::RI.mask);
    bench.put_uart(1, Reg::UARTDR, 0xA5);
    bench.run(bit(11));
    assert_eq!(bench.get_uart(1, Reg::UARTDR), 0xA5);
}

/// 4.2.4: RTS of the receiver follows its FIFO, CTS holds the sender back between characters.
#[test]
fn flow_control_on_pins_loses_nothing() {
    let mut bench = Bench::new();
    // TX 0 → RX 5, RTS 7 → CTS 2
    bench.select(Func::Uart, &[0, 2, 5, 7]);
    bench.start_uart(0, EIGHT_BITS_FIFO);
    bench.start_uart(1, EIGHT_BITS_FIFO);
    let now = bench.now();
    bench.system.dev.fabric.pins.join(0, 5, now);
    bench.system.dev.fabric.pins.join(7, 2, now);
    bench.system.dev.fabric.inputs_changed();
    bench.put_uart(0, Reg::UARTCR, CR_ON | UARTCR::CTSEN.mask);
    bench.put_uart(1, Reg::UARTCR, CR_ON | UARTCR::RTSEN.mask);
    for n in 0..30 {
        bench.put_uart(0, Reg::UARTDR, n);
    }
    bench.run(bit(500));
    // RXIFLSEL 2 is 16; one more was on its way when RTS went up.
    let held = bench.system.dev.uart[1].receiver.fifo.len();
    assert!((16..=17).contains(&held), "{held}");
    for n in 0..30 {
        assert_eq!(bench.get_uart(1, Reg::UARTDR), n);
        bench.run(bit(20));
    }
}

/// Parts that drive the pin edge by edge.
#[test]
fn a_part_that_toggles_the_pin_is_understood() {
    let mut bench = Bench::new();
    bench.select(Func::Uart, &[1]);
    bench.start_uart(0, EIGHT_BITS_FIFO);
    let begin = bench.now() + 5 * MICROSECOND;
    let pins = &mut bench.system.dev.fabric.pins;
    pins.drive_later(Drive { pin: 1, level: Some(true) }, begin - 1);
    // A glitch shorter than half a bit is no start bit (4.2.3.2).
    pins.drive_later(Drive { pin: 1, level: Some(false) }, begin);
    pins.drive_later(Drive { pin: 1, level: Some(true) }, begin + bit(1) / 4);
    let frame = (0x35u64 << 1) | 1 << 9;
    for n in 0..10 {
        let at = begin + bit(3) + bit(n);
        pins.drive_later(Drive { pin: 1, level: Some(frame >> n & 1 != 0) }, at);
    }
    bench.run(bit(20));
    assert_eq!(bench.get_uart(0, Reg::UARTDR), 0x35);
    assert!(UARTFR::RXFE.is_set(bench.get_uart(0, Reg::UARTFR)));
}

/// 2.5.3.1: DREQ 20 is UART0 TX, 21 its RX; a request stands while a transfer is possible.
#[test]
fn dma_requests_follow_the_fifos() {
    let mut bench = Bench::new();
    bench.start_uart(0, EIGHT_BITS_FIFO);
    assert!(!bench.dreq(20) && !bench.dreq(21));
    bench.put_uart(0, Reg::UARTDMACR, 3);
    bench.put_uart(0, Reg::UARTCR, CR_ON | UARTCR::LBE.mask);
    assert!(bench.dreq(20) && !bench.dreq(21));
    for n in 0..33 {
        bench.put_uart(0, Reg::UARTDR, n);
    }
    assert!(!bench.dreq(20));
    bench.run(bit(10));
    assert!(bench.dreq(20) && bench.dreq(21));
    bench.get_uart(0, Reg::UARTDR);
    assert!(!bench.dreq(21));
}

/// The bytes, their times and the trace are the same whether somebody looks at the wire or not.
#[test]
fn looking_at_the_wire_changes_nothing() {
    let run = |look: bool| {
        let mut bench = Bench::new();
        bench.select(Func::Uart, &[0]);
        bench.start_uart(0, EIGHT_BITS_FIFO);
        bench.system.dev.fabric.pins.keep_log(look);
        for byte in b"wire" {
            bench.put_uart(0, Reg::UARTDR, u32::from(*byte));
        }
        bench.run(SECOND / 1000);
        let fabric = &mut bench.system.dev.fabric;
        (fabric.pins.trace.sha256(), fabric.pins.take_log())
    };
    let (quiet, seen) = (run(false), run(true));
    assert_eq!(quiet.0, seen.0);
    assert_eq!(quiet.1, []);
    // 'w' is 0x77: start bit, then 1 1 1 0 1 1 1 0, stop bit.
    let lengths: Vec<u64> = seen.1.windows(2).map(|pair| (pair[1].0 - pair[0].0 + bit(1) / 2) / bit(1)).collect();
    assert_eq!(lengths[..5], [1, 3, 1, 3, 1]);
}

/// The run loop tells the receiver of what is typed between two runs, and nothing typed is lost on the way.
#[test]
fn typing_between_two_runs_of_the_chip_reaches_the_uart() {
    use crate::chip::Chip;
    use crate::fabric::Request;
    let mut chip = Chip::new(4096);
    let fabric = &mut chip.system_mut().dev.fabric;
    fabric.request(Request::HoldCore(0, true));
    fabric.request(Request::HoldCore(1, true));
    fabric.rates.peri = Hertz::new(125_000_000);
    fabric.select_function(1, Some(Func::Uart as usize), 0);
    let id = fabric.consoles.attach("uart0", Line::Pins { tx: 0, rx: Some(1) });
    let dev = &mut chip.system_mut().dev;
    for (reg, value) in [(Reg::UARTIBRD, 67), (Reg::UARTFBRD, 52), (Reg::UARTLCR_H, 0x70), (Reg::UARTCR, CR_ON)] {
        dev.uart[0].write(Reg::TABLE[reg.index()].offset, Write::word(value), &mut dev.fabric);
    }
    chip.run(SECOND / 1000);
    chip.system_mut().dev.fabric.consoles.type_in(id, b"ok");
    let before = chip.system().dev.fabric.now();
    chip.run(before + bit(19));
    assert_eq!(chip.system().dev.uart[0].receiver.fifo.len(), 1);
    chip.run(before + bit(21));
    assert_eq!(chip.system().dev.uart[0].receiver.fifo, [u16::from(b'o'), u16::from(b'k')]);
}

/// A pin that leaves the UART is traced by level again.
#[test]
fn a_tx_pin_that_goes_to_sio_is_traced_again() {
    let mut bench = Bench::new();
    bench.select(Func::Uart, &[0]);
    bench.start_uart(0, EIGHT_BITS_FIFO);
    bench.select(Func::Sio, &[0]);
    let before = bench.system.dev.fabric.pins.trace.events();
    let now = bench.now();
    bench.system.dev.fabric.drive(Func::Sio, 0, 1, now);
    bench.system.dev.fabric.drive(Func::Sio, 1, 1, now);
    assert_eq!(bench.system.dev.fabric.pins.trace.events() - before, 2);
}
