//! UART and USB-Serial-JTAG output and input of the ROM (rom/uart.h; TRM chapters 26 and 33).
//!
//! `uart_tx_one_char` writes to the USB-Serial-JTAG and to the UART that `uart_tx_switch` chose, as
//! far as `g_usb_print` and `g_uart_print` allow. Channels: 0..=2 UARTs, 3 USB OTG, 4 USB-Serial-JTAG
//! (ESP_ROM_USB_OTG_NUM, ESP_ROM_USB_SERIAL_DEVICE_NUM).

use super::guest::{Call, Done};
use super::stubs::{Frame, Step, StepFn};
use super::{vars, Function};

/// Functions that run in one go.
pub(super) const LEAVES: &[(&str, Function)] = &[
    ("uart_tx_switch", tx_switch),
    ("uart_rx_one_char", rx_one_char),
    ("usb_uart_device_rx_one_char", usb_rx_one_char),
    ("usb_uart_device_tx_flush", |call| usb_flush(call)),
    ("uart_div_modify", div_modify),
    ("uartAttach", attach),
    ("Uart_Init", init),
    ("GetUartDevice", device),
];

/// Functions that wait.
pub(super) const STUBS: &[(&str, StepFn)] = &[
    ("uart_tx_one_char", tx_one_char),
    ("uart_tx_one_char2", tx_one_char2),
    ("usb_uart_device_tx_one_char", usb_tx_one_char),
    ("uart_rx_one_char_block", rx_one_char_block),
    ("usb_uart_device_rx_one_char_block", usb_rx_one_char_block),
    ("uart_tx_flush", tx_flush),
    ("uart_tx_wait_idle", tx_wait_idle),
    ("UartRxString", rx_string),
];

// UART registers (TRM 26.6).
const FIFO: u32 = 0x00;
const CLKDIV: u32 = 0x14;
const STATUS: u32 = 0x1c;
const CONF0: u32 = 0x20;
const CONF1: u32 = 0x24;
const FSM_STATUS: u32 = 0x6c;
const CLK_CONF: u32 = 0x78;
const INT_ENA: u32 = 0x0c;
const INT_CLR: u32 = 0x10;
const RXFIFO_FULL: u32 = 1;
/// Bit 26 of CONF0, CLK_EN in the SVD.
const MEM_CLK_EN: u32 = 1 << 26;
/// INTERRUPT_CORE0_UART_INTR_MAP.
const UART0_INTERRUPT: u32 = 0x600c_206c;

/// Base of UART `n`, as the ROM reckons it: also of one that there is not.
fn base(n: u32) -> u32 {
    0x6000_0000u32.wrapping_add(n << 16).wrapping_add(if n < 2 { 0 } else { 0xe000 })
}

// USB-Serial-JTAG registers (TRM 33.6).
const USB_EP1: u32 = 0x6003_8000;
const USB_EP1_CONF: u32 = 0x6003_8004;
const WR_DONE: u32 = 1;
const IN_EP_DATA_FREE: u32 = 2;
const OUT_EP_DATA_AVAIL: u32 = 4;

/// Channel numbers past the UARTs.
const USB_OTG: u32 = 3;
const USB_SERIAL: u32 = 4;

/// While nobody reads the USB side it is 0, and characters are
/// dropped instead of waited for.
const USB_ATTENTIVE: u32 = vars::UART_DATA;
/// A full USB FIFO is waited for in this many slices of 100 us.
const USB_PATIENCE: u32 = 50;

fn flag(call: &mut Call<'_>, name: &str) -> Done<bool> {
    Ok(call.guest.load8(super::required(name))? != 0)
}

fn tx_switch(call: &mut Call<'_>) -> Done {
    let channel = call.arg(0)? as u8;
    Ok(call.guest.store8(vars::PRINT_CHANNEL, channel)?)
}

// Locals of the transmitters.
const STATE: u32 = 0;
const PATIENCE: u32 = 1;

/// One try to send over USB: `Some(step)` while it has to wait.
fn usb_try(frame: &mut Frame<'_>, byte: u32) -> Done<Option<Step>> {
    let free = frame.call.load(USB_EP1_CONF)? & IN_EP_DATA_FREE != 0;
    let attentive = frame.call.load(USB_ATTENTIVE)? != 0;
    if free {
        frame.call.store(USB_ATTENTIVE, 1)?;
        frame.call.store(USB_EP1, byte)?;
        return Ok(None);
    }
    if !attentive {
        return Ok(None);
    }
    let spent = frame.local(PATIENCE)? + 1;
    frame.set_local(PATIENCE, spent)?;
    if spent > USB_PATIENCE {
        frame.call.store(USB_ATTENTIVE, 0)?;
        return Ok(None);
    }
    let ticks = frame.call.load(vars::TICKS_PER_US)?;
    Ok(Some(Step::WaitCycles(ticks.max(1).wrapping_mul(100))))
}

fn usb_flush(call: &mut Call<'_>) -> Done {
    call.store(USB_EP1_CONF, WR_DONE)
}

/// One try to send over a UART: it takes a character while less than 128 wait.
fn uart_try(frame: &mut Frame<'_>, channel: u32, byte: u32) -> Done<Option<Step>> {
    let waiting = frame.call.load(base(channel) + STATUS)? >> 16;
    if waiting & 0x380 != 0 {
        return Ok(Some(Step::Wait));
    }
    frame.call.store(base(channel) + FIFO, byte)?;
    Ok(None)
}

/// The ROM's own USB stack sends it: firmware/rom/cdc_acm.c.
fn to_otg(byte: u32) -> Step {
    Step::call(super::required("usb_uart_otg_tx_one_char"), &[byte])
}

fn tx_one_char(frame: &mut Frame<'_>) -> Done<Step> {
    let byte = frame.call.arg(0)? & 0xff;
    let channel = u32::from(frame.call.guest.load8(vars::PRINT_CHANNEL)?);
    match frame.local(STATE)? {
        0 => {
            let usb = flag(&mut frame.call, "g_usb_print")?;
            frame.set_local(PATIENCE, 0)?;
            frame.set_local(STATE, if usb { 1 } else { 2 })?;
            Ok(Step::Again)
        }
        1 => {
            if let Some(wait) = usb_try(frame, byte)? {
                return Ok(wait);
            }
            if byte == 0x0a {
                usb_flush(&mut frame.call)?;
            }
            frame.set_local(STATE, if channel == USB_SERIAL { 3 } else { 2 })?;
            Ok(Step::Again)
        }
        2 if channel == USB_OTG => {
            frame.set_local(STATE, 3)?;
            let print = flag(&mut frame.call, "g_uart_print")?;
            Ok(if print { to_otg(byte) } else { Step::Again })
        }
        2 => {
            if flag(&mut frame.call, "g_uart_print")? {
                let wait = if channel == USB_SERIAL { usb_try(frame, byte)? } else { uart_try(frame, channel, byte)? };
                if let Some(wait) = wait {
                    return Ok(wait);
                }
            }
            frame.set_local(STATE, 3)?;
            Ok(Step::Again)
        }
        _ => {
            frame.call.ret(0);
            Ok(Step::Return)
        }
    }
}

/// The UART of the channel, whatever the print flags say.
fn tx_one_char2(frame: &mut Frame<'_>) -> Done<Step> {
    let byte = frame.call.arg(0)? & 0xff;
    let channel = u32::from(frame.call.guest.load8(vars::BUFFER_CHANNEL)?);
    if channel == USB_OTG && frame.local(STATE)? == 0 {
        frame.set_local(STATE, 3)?;
        return Ok(to_otg(byte));
    }
    let wait = if channel == USB_OTG {
        None
    } else if channel == USB_SERIAL {
        patient(frame, byte)?
    } else {
        uart_try(frame, channel, byte)?
    };
    finish(frame, wait)
}

fn usb_tx_one_char(frame: &mut Frame<'_>) -> Done<Step> {
    let byte = frame.call.arg(0)? & 0xff;
    let wait = patient(frame, byte)?;
    finish(frame, wait)
}

fn patient(frame: &mut Frame<'_>, byte: u32) -> Done<Option<Step>> {
    if frame.local(STATE)? == 0 {
        frame.set_local(PATIENCE, 0)?;
        frame.set_local(STATE, 1)?;
    }
    usb_try(frame, byte)
}

fn finish(frame: &mut Frame<'_>, wait: Option<Step>) -> Done<Step> {
    Ok(wait.unwrap_or_else(|| {
        frame.call.ret(0);
        Step::Return
    }))
}

/// A character of the receive FIFO of the buffered UART, if there is one.
fn receive(call: &mut Call<'_>) -> Done<Option<u32>> {
    let channel = u32::from(call.guest.load8(vars::BUFFER_CHANNEL)?);
    if channel == USB_SERIAL {
        return usb_receive(call);
    }
    let uart = base(channel.min(2));
    if call.load(uart + STATUS)? & 0x3ff == 0 {
        return Ok(None);
    }
    Ok(Some(call.load(uart + FIFO)? & 0xff))
}

fn usb_receive(call: &mut Call<'_>) -> Done<Option<u32>> {
    if call.load(USB_EP1_CONF)? & OUT_EP_DATA_AVAIL == 0 {
        return Ok(None);
    }
    Ok(Some(call.load(USB_EP1)? & 0xff))
}

/// ETS_OK and the character, or ETS_FAILED.
fn received(call: &mut Call<'_>, byte: Option<u32>) -> Done {
    if let Some(byte) = byte {
        let to = call.arg(0)?;
        call.guest.store8(to, byte as u8)?;
    }
    call.ret(u32::from(byte.is_none()));
    Ok(())
}

fn rx_one_char(call: &mut Call<'_>) -> Done {
    let byte = receive(call)?;
    received(call, byte)
}

fn usb_rx_one_char(call: &mut Call<'_>) -> Done {
    let byte = usb_receive(call)?;
    received(call, byte)
}

fn blocked(frame: &mut Frame<'_>, byte: Option<u32>) -> Done<Step> {
    Ok(match byte {
        Some(byte) => {
            frame.call.ret(byte);
            Step::Return
        }
        None => Step::Wait,
    })
}

fn rx_one_char_block(frame: &mut Frame<'_>) -> Done<Step> {
    let byte = receive(&mut frame.call)?;
    blocked(frame, byte)
}

fn usb_rx_one_char_block(frame: &mut Frame<'_>) -> Done<Step> {
    let byte = usb_receive(&mut frame.call)?;
    blocked(frame, byte)
}

/// A line, echoed nowhere, ended by CR or LF, of at most the given length with its terminator.
fn rx_string(frame: &mut Frame<'_>) -> Done<Step> {
    let (to, limit) = (frame.call.arg(0)?, frame.call.arg(1)? & 0xff);
    let count = frame.local(STATE)?;
    let Some(byte) = receive(&mut frame.call)? else { return Ok(Step::Wait) };
    if matches!(byte, 0x0a | 0x0d) || count + 1 >= limit {
        frame.call.guest.store8(to.wrapping_add(count), 0)?;
        frame.call.ret(0);
        return Ok(Step::Return);
    }
    frame.call.guest.store8(to.wrapping_add(count), byte as u8)?;
    frame.set_local(STATE, count + 1)?;
    Ok(Step::Again)
}

/// Waits until the FIFO is empty.
fn tx_flush(frame: &mut Frame<'_>) -> Done<Step> {
    let channel = frame.call.arg(0)? & 0xff;
    match channel {
        0..=2 if frame.call.load(base(channel) + STATUS)? & 0x3ff_0000 != 0 => return Ok(Step::Wait),
        USB_SERIAL => usb_flush(&mut frame.call)?,
        _ => {}
    }
    Ok(Step::Return)
}

/// Waits until the FIFO is empty and the last stop bit is out (ST_UTX_OUT).
fn tx_wait_idle(frame: &mut Frame<'_>) -> Done<Step> {
    let channel = frame.call.arg(0)? & 0xff;
    if channel > 2 {
        return Ok(Step::Return);
    }
    let busy = frame.call.load(base(channel) + STATUS)? & 0x3ff_0000 != 0
        || frame.call.load(base(channel) + FSM_STATUS)? & 0xf0 != 0;
    Ok(if busy { Step::Wait } else { Step::Return })
}

/// The divider in sixteenths: CLKDIV and CLKDIV_FRAG (TRM 26.3.3.1).
fn set_divider(call: &mut Call<'_>, uart: u32, clock: u32, baud: u32) -> Done {
    let sixteenths = ((u64::from(clock) << 4) / u64::from(baud.max(1))) as u32;
    call.store(base(uart) + CLKDIV, sixteenths >> 4 & 0xfff | (sixteenths & 0xf) << 20)
}

/// The divider as `clock * 16 / baud`, as the argument carries it.
fn div_modify(call: &mut Call<'_>) -> Done {
    let (uart, divider) = (call.arg(0)? & 3, call.arg(1)?);
    call.store(base(uart) + CLKDIV, divider >> 4 & 0xfff | (divider & 0xf) << 20)?;
    reset_fifos(call, uart)
}

fn reset_fifos(call: &mut Call<'_>, uart: u32) -> Done {
    const RXFIFO_RST: u32 = 1 << 17;
    const TXFIFO_RST: u32 = 1 << 18;
    call.modify(base(uart) + CONF0, RXFIFO_RST | TXFIFO_RST, RXFIFO_RST | TXFIFO_RST)?;
    call.modify(base(uart) + CONF0, RXFIFO_RST | TXFIFO_RST, 0)
}

/// `UartDevice` as it begins: 115200 baud, 8 data bits, 1 stop bit; what is received goes where the argument says.
fn attach(call: &mut Call<'_>) -> Done {
    let buffer = call.arg(0)?;
    let words = [115_200, 3, 0, 0, 1, 0, 0, buffer, buffer, buffer, 1, 0, 0, 0];
    for (n, word) in (0..).zip(words) {
        call.store(vars::UART_DEVICE + 4 * n, word)?;
    }
    for uart in 0..2 {
        call.store(base(uart) + INT_CLR, 1)?;
    }
    Ok(())
}

fn device(call: &mut Call<'_>) -> Done {
    call.ret(vars::UART_DEVICE);
    Ok(())
}

/// 115200 8N1 from XTAL, UART0's pads to their function.
fn init(call: &mut Call<'_>) -> Done {
    let uart = call.arg(0)? & 0xff;
    if uart > 2 {
        return Ok(());
    }
    const XTAL_HZ: u32 = 40_000_000;
    /// SCLK_SEL = XTAL, SCLK_EN, TX_SCLK_EN, RX_SCLK_EN, SCLK_DIV_NUM 0.
    const FROM_XTAL: u32 = 3 << 20 | 1 << 22 | 3 << 24;
    if uart == 0 {
        enable_uart0(call)?;
    }
    call.store(base(uart) + CLK_CONF, FROM_XTAL)?;
    set_divider(call, uart, XTAL_HZ, 115_200)?;
    // Eight data bits, one stop bit, its memory's clock; the interrupt at the first byte, for UART0 as the silicon has it.
    call.store(base(uart) + CONF0, 0x1c | MEM_CLK_EN)?;
    reset_fifos(call, uart)?;
    call.store(base(uart) + CONF1, 1)?;
    call.store(base(uart) + INT_CLR, u32::MAX)?;
    call.modify(base(uart) + INT_ENA, RXFIFO_FULL, RXFIFO_FULL)?;
    if uart == 0 {
        call.store(UART0_INTERRUPT, 5)?;
    }
    Ok(())
}

/// UART0's clock, and U0TXD and U0RXD on GPIO43 and GPIO44 (function 0 of IO_MUX).
fn enable_uart0(call: &mut Call<'_>) -> Done {
    const PERIP_CLK_EN0: u32 = 0x600c_0018;
    const PERIP_RST_EN0: u32 = 0x600c_0020;
    const UART: u32 = 1 << 2;
    const IO_MUX_GPIO43: u32 = 0x6000_90b0;
    const IO_MUX_GPIO44: u32 = 0x6000_90b4;
    const MCU_SEL: u32 = 7 << 12;
    const PULL_UP: u32 = 1 << 8;
    call.modify(PERIP_CLK_EN0, UART, UART)?;
    call.modify(PERIP_RST_EN0, UART, 0)?;
    for pad in [IO_MUX_GPIO43, IO_MUX_GPIO44] {
        call.modify(pad, MCU_SEL | PULL_UP, PULL_UP)?;
    }
    Ok(())
}

/// Start-up: the console on UART0 and USB-Serial-JTAG.
pub(super) fn start(call: &mut Call<'_>) -> Done {
    call.guest.store8(vars::PRINT_CHANNEL, 0)?;
    call.guest.store8(vars::BUFFER_CHANNEL, 0)?;
    call.guest.store8(super::required("g_uart_print"), 1)?;
    call.guest.store8(super::required("g_usb_print"), 1)?;
    call.store(vars::PUTC1, super::printf::write_char_address())
}

#[cfg(test)]
#[path = "uart_tests.rs"]
mod tests;
