use std::cell::RefCell;
use std::rc::Rc;

use crate::rom::testing::{Flat, DATA};
use crate::rom::{vars, Call, Guest};

/// The FIFO of UART 255, as the mask ROM of revision 0 reckons its address.
const NO_UART: u32 = 0x60FF_E000;

/// A UART0 whose FIFO drains a character every `pace` looks at STATUS, and a USB side.
fn console(pace: u32, usb_free: bool) -> (Flat, Rc<RefCell<(String, String)>>) {
    let mut flat = Flat::default();
    let out = Rc::new(RefCell::new((String::new(), String::new())));
    let sink = out.clone();
    let (mut waiting, mut looks) = (0u32, 0u32);
    flat.attach(Box::new(move |addr, write| match (addr, write) {
        (0x6000_0000, Some(byte)) => {
            waiting += 1;
            assert!(waiting <= 128, "TRM 26.3.1: the transmit FIFO has 128 bytes by default");
            sink.borrow_mut().0.push(byte as u8 as char);
            0
        }
        (0x6000_001c, None) => {
            looks += 1;
            if looks % pace == 0 {
                waiting = waiting.saturating_sub(1);
            }
            waiting << 16
        }
        (NO_UART, Some(byte)) => {
            sink.borrow_mut().0.push(byte as u8 as char);
            0
        }
        (0x6003_8000, Some(byte)) => {
            sink.borrow_mut().1.push(byte as u8 as char);
            0
        }
        (0x6003_8004, None) => u32::from(usb_free) << 1,
        _ => 0,
    }));
    super::start(&mut Call::framed(&mut flat, 0)).unwrap();
    (flat, out)
}

#[test]
fn the_console_writes_to_usb_and_to_uart0() {
    let (mut flat, out) = console(1, true);
    flat.text(DATA, "rst:0x%x (%s)\n");
    flat.text(DATA + 0x100, "POWERON");
    flat.call("ets_printf", &[DATA, 1, DATA + 0x100]);
    let expected = "rst:0x1 (POWERON)\r\n".to_string();
    assert_eq!(*out.borrow(), (expected.clone(), expected));
}

#[test]
fn a_full_fifo_is_waited_for() {
    let (mut flat, out) = console(50, false);
    let text = "x".repeat(300);
    flat.text(DATA, &text);
    flat.call("ets_printf", &[DATA]);
    assert_eq!(out.borrow().0, text);
    assert_eq!(out.borrow().1, "", "nobody reads USB: characters are dropped");
}

#[test]
fn channel_4_is_usb_alone() {
    let (mut flat, out) = console(1, true);
    flat.call("uart_tx_switch", &[4]);
    flat.call("uart_tx_one_char", &[u32::from(b'!')]);
    assert_eq!(*out.borrow(), (String::new(), "!".to_string()));
}

/// ESP-IDF's esp_rom_uart_switch_buffer stores the channel in UartDevice: `uart_tx_one_char` does not look there.
#[test]
fn where_is_received_is_not_where_is_printed() {
    let (mut flat, out) = console(1, true);
    let device = flat.call("GetUartDevice", &[]);
    flat.store8(device + 24, 4).unwrap();
    flat.call("uart_tx_one_char", &[u32::from(b'a')]);
    assert_eq!(flat.call("ets_get_printf_channel", &[]), 0);
    assert_eq!(*out.borrow(), ("a".to_string(), "a".to_string()));
    flat.call("uart_tx_one_char2", &[u32::from(b'b')]);
    assert_eq!(*out.borrow(), ("a".to_string(), "ab".to_string()));
}

/// ESP-IDF 5.1 chooses UART -1 on the second core when the console is the USB: the ROM finds no FIFO that is full there.
#[test]
fn a_uart_that_there_is_not_holds_nobody_up() {
    let (mut flat, out) = console(1, true);
    flat.call("uart_tx_switch", &[u32::MAX]);
    flat.call("uart_tx_one_char", &[u32::from(b'!')]);
    assert_eq!(*out.borrow(), ("!".to_string(), "!".to_string()));
}

/// A USB host that stopped reading costs 5 ms once, then nothing.
#[test]
fn a_host_that_stopped_reading_is_waited_for_once() {
    let (mut flat, _) = console(1, false);
    flat.store32(vars::UART_DATA, 1).unwrap();
    flat.store32(vars::TICKS_PER_US, 40).unwrap();
    flat.call("uart_tx_one_char", &[0x41]);
    assert!((200_000..210_000).contains(&flat.cycles), "{}", flat.cycles);
    flat.cycles = 0;
    flat.call("uart_tx_one_char", &[0x41]);
    assert!(flat.cycles < 1000);
}
