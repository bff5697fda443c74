use super::*;
use crate::crypto_bench::{Bench, IN_DATA};
use crate::io::{OutSelect, Pad};
use crate::signals::U1TXD;
use engine_core::console::Line;
use engine_core::time::MICROSECOND;

const BASE: u32 = 0x6001_4000;
const UART1: u32 = 0x6001_0000;
const SOURCE: u128 = 1 << Source::UHCI0 as u128;
const CHAR: Ps = 86_805_556;
/// GPIO17, where nothing else is.
const PIN: u8 = 17;

/// Bits of ESP-IDF `soc/uhci_reg.h`.
const UART1_CE: u32 = 1 << 3;
const SEPER_EN: u32 = 1 << 5;
const IDLE_EOF: u32 = 1 << 8;
const LEN_EOF: u32 = 1 << 9;
const CLK_EN: u32 = 1 << 11;
const BRK_EOF: u32 = 1 << 12;

const EOF: u32 = 1 << 30;

fn length(descriptor: u32) -> u32 {
    descriptor >> 12 & 0xFFF
}

/// Bits of UART_CONF0.
fn set_bits(bench: &mut Bench, bits: u32) {
    let value = bench.get(UART1 + 0x20);
    bench.set(UART1 + 0x20, value | bits);
}

/// UART1 at 115200 baud from the crystal with its output on its input, and what ESP-IDF's uhci_new_controller does.
fn looped(conf0: u32) -> Bench {
    let mut bench = Bench::new();
    bench.set(0x600C_0018, 1 << 8 | 1 << 5);
    bench.set(0x600C_0020, 0);
    bench.set(UART1 + 0x78, 0x0370_0000);
    bench.set(UART1 + 0x14, 347 | 4 << 20);
    set_bits(&mut bench, 1 << 14);
    bench.set(BASE, CLK_EN);
    bench.set(BASE + 0x18, 0);
    bench.set(BASE, CLK_EN | UART1_CE | conf0 & SEPER_EN);
    bench.set(BASE + 0x24, if conf0 & SEPER_EN != 0 { 0xFF } else { 0 });
    bench.set(BASE, CLK_EN | UART1_CE | conf0);
    bench
}

/// ESP-IDF's driver with idle_eof: raw data, and the packet ends RX_IDLE_THRHD (256) bit times after the last character.
#[test]
fn raw_data_ends_with_an_idle_line() {
    let mut bench = looped(IDLE_EOF);
    let data: Vec<u8> = (0xB8..0xC2).collect();
    bench.start_in(2, &[8, 8]);
    bench.start_out(2, &[&data[..3], &data[3..]]);
    bench.run_for(10 * CHAR + 240 * CHAR / 10);
    assert_eq!(bench.bytes(IN_DATA, 10), data);
    assert_eq!(bench.in_descriptor(0), 8 << 12 | 8);
    assert_eq!(bench.in_descriptor(1) & EOF, 0);
    bench.run_for(20 * CHAR / 10);
    assert_eq!(bench.in_descriptor(1), EOF | 2 << 12 | 8);
    assert_eq!(bench.gaps(), [""; 0]);
}

/// ESP-IDF's driver with length_eof: after max_packet_receive characters.
#[test]
fn raw_data_ends_with_its_length() {
    let mut bench = looped(LEN_EOF);
    bench.set(BASE + 0x80, 4);
    bench.start_in(2, &[8, 8, 8]);
    bench.start_out(2, &[&[1, 2, 3, 4, 5, 6, 7, 8, 9]]);
    bench.run_for(12 * CHAR);
    assert_eq!(bench.in_descriptor(0), EOF | 4 << 12 | 8);
    assert_eq!(bench.in_descriptor(1), EOF | 4 << 12 | 8);
    assert_eq!(bench.in_descriptor(2) & EOF, 0);
    assert_eq!(bench.bytes(IN_DATA + 8, 4), [5, 6, 7, 8]);
}

/// ESP-IDF's driver with rx_brk_eof: UART_TXD_BRK sends a break behind the last character.
#[test]
fn raw_data_ends_with_a_break() {
    let mut bench = looped(BRK_EOF);
    bench.start_in(2, &[8]);
    bench.start_out(2, &[&[1, 2, 3]]);
    bench.run_for(CHAR);
    set_bits(&mut bench, 1 << 8);
    bench.run_for(10 * CHAR);
    assert_eq!(bench.in_descriptor(0), EOF | 3 << 12 | 8);
}

/// More than the UART's FIFO of 128 characters.
#[test]
fn long_data_goes_through_the_fifo() {
    let mut bench = looped(IDLE_EOF);
    let data: Vec<u8> = (0..1000u32).map(|n| (n * 7) as u8).collect();
    bench.start_in(2, &[600, 600]);
    bench.start_out(2, &[&data]);
    bench.run_for(1030 * CHAR);
    assert_eq!(bench.bytes(IN_DATA, 1000), data);
    assert_eq!(length(bench.in_descriptor(1)), 400);
    assert_ne!(bench.in_descriptor(1) & EOF, 0);
}

/// RFC 1055 (SLIP), and the sequences for XON and XOFF that the SVD gives as values after reset of ESC_CONF2 and 3.
#[test]
fn packets_have_separators_and_escape_sequences() {
    let mut bench = looped(SEPER_EN);
    let fabric = &mut bench.0.dev.fabric;
    let console = fabric.consoles.attach("line", Line::Pins { tx: PIN, rx: None });
    fabric.set_pad(PIN, Pad { function: 1, ..Pad::default() });
    fabric.select_output(PIN, OutSelect { signal: U1TXD, invert: false, enable_by_gpio: false, invert_enable: false });
    bench.set(BASE + 0x0C, 3);
    let data = [1, 0xC0, 0xDB, 0x11, 0x13, 2];
    bench.start_in(2, &[16, 16]);
    bench.start_out(2, &[&data]);
    bench.run_for(15 * CHAR);
    let wire = [0xC0, 1, 0xDB, 0xDC, 0xDB, 0xDD, 0xDB, 0xDE, 0xDB, 0xDF, 2, 0xC0];
    assert_eq!(bench.0.dev.fabric.consoles.take_output(console), wire);
    assert_eq!(bench.bytes(IN_DATA, 6), data);
    assert_eq!(bench.in_descriptor(0), EOF | 6 << 12 | 16);
    // RX_START and TX_START: a separator was sent, and one was received.
    assert_eq!(bench.get(BASE + 0x08), 3);
    assert_ne!(bench.sources() & SOURCE, 0);
    bench.set(BASE + 0x10, 3);
    assert_eq!((bench.get(BASE + 0x04), bench.sources() & SOURCE), (0, 0));
    bench.start_out(2, &[&[9]]);
    bench.run_for(5 * CHAR);
    assert_eq!(bench.in_descriptor(1), EOF | 1 << 12 | 16);
    assert_eq!(bench.bytes(IN_DATA + 16, 1), [9]);
    assert_eq!(bench.gaps(), [""; 0]);
}

/// HUNG_CONF after reset: 16 ticks of 8000 clocks, 6.4 ms at the 20 MHz after reset.
#[test]
fn characters_that_nobody_takes_are_told() {
    let mut bench = looped(IDLE_EOF);
    bench.start_out(2, &[&[1, 2, 3]]);
    bench.run_for(CHAR + 6300 * MICROSECOND);
    assert_eq!(bench.get(BASE + 0x04), 0);
    bench.run_for(200 * MICROSECOND);
    assert_eq!(bench.get(BASE + 0x04), 1 << 3);
    bench.start_in(2, &[8]);
    bench.run_for(MICROSECOND);
    assert_eq!(bench.bytes(IN_DATA, 3), [1, 2, 3]);
}

#[test]
fn software_triggers_its_interrupts() {
    let mut bench = looped(0);
    bench.set(BASE + 0x0C, 3 << 7);
    bench.set(BASE + 0x14, 2);
    assert_eq!(bench.get(BASE + 0x08), 1 << 8);
    assert_ne!(bench.sources() & SOURCE, 0);
}

#[test]
fn what_is_missing_is_told() {
    let mut bench = looped(1 << 6);
    bench.start_out(2, &[&[1]]);
    bench.run_for(CHAR);
    assert_eq!(bench.gaps(), ["UHCI0.CONF0.HEAD_EN"]);
    bench.set(0x6000_C000, UART1_CE);
    assert!(bench.gaps().contains(&"UHCI1.CONF0".to_owned()));
}

/// ESP-IDF `soc/uhci_reg.h`: SINGLE_SEND_NUM and SINGLE_SEND_EN; SEND_S_REG_Q. Q2 is at 48h.
#[test]
fn a_short_packet_goes_out_once() {
    let mut bench = looped(SEPER_EN);
    bench.start_in(2, &[16]);
    bench.set(BASE + 0x48, 0x44C0_2211);
    bench.set(BASE + 0x4C, 0x8877_6655);
    bench.set(BASE + 0x34, 1 << 3 | 2);
    bench.run_for(13 * CHAR);
    assert_eq!(bench.bytes(IN_DATA, 8), [0x11, 0x22, 0xC0, 0x44, 0x55, 0x66, 0x77, 0x88]);
    assert_eq!(bench.in_descriptor(0), EOF | 8 << 12 | 16);
    assert_eq!(bench.get(BASE + 0x34), 2, "done with");
    assert_eq!(bench.get(BASE + 4) >> 4 & 3, 1, "SEND_S_REG_Q");
    assert_eq!(bench.gaps(), [""; 0]);
}

/// ALWAYS_SEND_EN: again and again; what GDMA has comes in between.
#[test]
fn a_short_packet_goes_out_again_and_again() {
    let mut bench = looped(SEPER_EN);
    bench.start_in(2, &[8; 6]);
    bench.set(BASE + 0x38, 0x0403_0201);
    bench.set(BASE + 0x3C, 0x0807_0605);
    bench.set(BASE + 0x34, 1 << 7);
    bench.run_for(45 * CHAR);
    let data: Vec<u8> = (1..=8).collect();
    assert_eq!((bench.bytes(IN_DATA, 8), bench.bytes(IN_DATA + 8, 8)), (data.clone(), data));
    assert_eq!(bench.get(BASE + 4) >> 4 & 3, 2, "SEND_A_REG_Q");
    bench.set(BASE + 0x34, 0);
}

/// ESP-IDF `soc/uhci_struct.h` of the ESP32-C5, whose UHCI is the same: WAIT_SW_START holds the encoder until SW_START.
#[test]
fn a_packet_waits_for_software() {
    let mut bench = looped(IDLE_EOF);
    bench.set(BASE + 0x18, 1 << 7);
    bench.start_in(2, &[8]);
    bench.start_out(2, &[&[1, 2, 3]]);
    bench.run_for(40 * CHAR);
    assert_eq!(bench.in_descriptor(0) & EOF, 0);
    bench.set(BASE + 0x18, 1 << 7 | 1 << 8);
    bench.run_for(40 * CHAR);
    assert_eq!(bench.in_descriptor(0), EOF | 3 << 12 | 8);
}
