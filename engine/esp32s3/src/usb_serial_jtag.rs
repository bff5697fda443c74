//! The USB Serial/JTAG controller. ESP32-S3 TRM chapter 33; ESP-IDF `hal/usb_serial_jtag_ll.h`.
//!
//! A host is at the other end of the cable while the internal PHY is this controller's ([`crate::usb_wrap::UsbPhy`]), as it is until
//! firmware gives it to USB OTG. Where the board has a console on the serial port, the host has opened it: it takes what EP1 holds,
//! and sends what is typed. Nobody takes anything from a port that is not open.
//!
//! # Fidelity
//! - FIFOs of 64 bytes, flush by WR_DONE or when full, interrupts, frame numbers and SOF once a millisecond: as the TRM
//!   says. The host takes or sends a packet of 64 bytes every 50 µs; a real one takes 30 to 1000 µs.
//! - DTR and RTS, by which the host resets the chip and asks for download mode ([`UsbSerialJtag::control_lines`]), a host that
//!   sleeps (no frames, no packets), exchanged pins, and the pads driven by the test register: as described.
//! - Of the endpoints' state registers those of endpoint 1 show how far data is written and read (approximated where no document
//!   says); the others, and all states, stay as they are after reset.
//! - The JTAG side is missing; pulls and voltages are stored.
//! - The host knows the device as soon as it is there: enumeration takes no time, and control transfers do not show.

use crate::block::{undeclared, Block};
use crate::fabric::{Fabric, Reason, Request};
use crate::slots::Slot;
use crate::sources::Source;
use crate::usb_wrap::{pad_levels, test_levels};
use engine_core::console::{ConsoleId, Line};
use engine_core::registers::{Bank, Group, Registers, Write};
use engine_core::time::{Ps, MICROSECOND};
use engine_core::trace::Kind;
use serde::{Deserialize, Serialize};
use std::collections::VecDeque;

engine_core::registers! {
    /// TRM 33.6.
    pub Reg;
    EP1 0x000 = 0x0000_0000 { RDWR_BYTE 7:0 rw; }
    EP1_CONF 0x004 = 0x0000_0002 { SERIAL_OUT_EP_DATA_AVAIL 2 ro; SERIAL_IN_EP_DATA_FREE 1 ro; WR_DONE 0 wo; }
    INT_RAW 0x008 = 0x0000_0008 { OUT_EP2_ZERO_PAYLOAD_INT_RAW 11 rw; OUT_EP1_ZERO_PAYLOAD_INT_RAW 10 rw; USB_BUS_RESET_INT_RAW 9 rw; IN_TOKEN_REC_IN_EP1_INT_RAW 8 rw; STUFF_ERR_INT_RAW 7 rw; CRC16_ERR_INT_RAW 6 rw; CRC5_ERR_INT_RAW 5 rw; PID_ERR_INT_RAW 4 rw; SERIAL_IN_EMPTY_INT_RAW 3 rw; SERIAL_OUT_RECV_PKT_INT_RAW 2 rw; SOF_INT_RAW 1 rw; JTAG_IN_FLUSH_INT_RAW 0 rw; }
    INT_ST 0x00C = 0x0000_0000 { OUT_EP2_ZERO_PAYLOAD_INT_ST 11 ro; OUT_EP1_ZERO_PAYLOAD_INT_ST 10 ro; USB_BUS_RESET_INT_ST 9 ro; IN_TOKEN_REC_IN_EP1_INT_ST 8 ro; STUFF_ERR_INT_ST 7 ro; CRC16_ERR_INT_ST 6 ro; CRC5_ERR_INT_ST 5 ro; PID_ERR_INT_ST 4 ro; SERIAL_IN_EMPTY_INT_ST 3 ro; SERIAL_OUT_RECV_PKT_INT_ST 2 ro; SOF_INT_ST 1 ro; JTAG_IN_FLUSH_INT_ST 0 ro; }
    INT_ENA 0x010 = 0x0000_0000 { OUT_EP2_ZERO_PAYLOAD_INT_ENA 11 rw; OUT_EP1_ZERO_PAYLOAD_INT_ENA 10 rw; USB_BUS_RESET_INT_ENA 9 rw; IN_TOKEN_REC_IN_EP1_INT_ENA 8 rw; STUFF_ERR_INT_ENA 7 rw; CRC16_ERR_INT_ENA 6 rw; CRC5_ERR_INT_ENA 5 rw; PID_ERR_INT_ENA 4 rw; SERIAL_IN_EMPTY_INT_ENA 3 rw; SERIAL_OUT_RECV_PKT_INT_ENA 2 rw; SOF_INT_ENA 1 rw; JTAG_IN_FLUSH_INT_ENA 0 rw; }
    INT_CLR 0x014 = 0x0000_0000 { OUT_EP2_ZERO_PAYLOAD_INT_CLR 11 wo; OUT_EP1_ZERO_PAYLOAD_INT_CLR 10 wo; USB_BUS_RESET_INT_CLR 9 wo; IN_TOKEN_REC_IN_EP1_INT_CLR 8 wo; STUFF_ERR_INT_CLR 7 wo; CRC16_ERR_INT_CLR 6 wo; CRC5_ERR_INT_CLR 5 wo; PID_ERR_INT_CLR 4 wo; SERIAL_IN_EMPTY_INT_CLR 3 wo; SERIAL_OUT_RECV_PKT_INT_CLR 2 wo; SOF_INT_CLR 1 wo; JTAG_IN_FLUSH_INT_CLR 0 wo; }
    CONF0 0x018 = 0x0000_4200 { USB_JTAG_BRIDGE_EN 16 rw; PHY_TX_EDGE_SEL 15 rw; USB_PAD_ENABLE 14 rw; PULLUP_VALUE 13 rw; DM_PULLDOWN 12 rw; DM_PULLUP 11 rw; DP_PULLDOWN 10 rw; DP_PULLUP 9 rw; PAD_PULL_OVERRIDE 8 rw; VREF_OVERRIDE 7 rw; VREFL 6:5 rw; VREFH 4:3 rw; EXCHG_PINS 2 rw; EXCHG_PINS_OVERRIDE 1 rw; PHY_SEL 0 rw; }
    TEST 0x01C = 0x0000_0000 { RX_DM 6 ro; RX_DP 5 ro; RX_RCV 4 ro; TX_DM 3 rw; TX_DP 2 rw; USB_OE 1 rw; ENABLE 0 rw; }
    JFIFO_ST 0x020 = 0x0000_0044 { OUT_FIFO_RESET 9 rw; IN_FIFO_RESET 8 rw; OUT_FIFO_FULL 7 ro; OUT_FIFO_EMPTY 6 ro; OUT_FIFO_CNT 5:4 ro; IN_FIFO_FULL 3 ro; IN_FIFO_EMPTY 2 ro; IN_FIFO_CNT 1:0 ro; }
    FRAM_NUM 0x024 = 0x0000_0000 { SOF_FRAME_INDEX 10:0 ro; }
    IN_EP0_ST 0x028 = 0x0000_0001 { IN_EP0_RD_ADDR 15:9 ro; IN_EP0_WR_ADDR 8:2 ro; IN_EP0_STATE 1:0 ro; }
    IN_EP1_ST 0x02C = 0x0000_0001 { IN_EP1_RD_ADDR 15:9 ro; IN_EP1_WR_ADDR 8:2 ro; IN_EP1_STATE 1:0 ro; }
    IN_EP2_ST 0x030 = 0x0000_0001 { IN_EP2_RD_ADDR 15:9 ro; IN_EP2_WR_ADDR 8:2 ro; IN_EP2_STATE 1:0 ro; }
    IN_EP3_ST 0x034 = 0x0000_0001 { IN_EP3_RD_ADDR 15:9 ro; IN_EP3_WR_ADDR 8:2 ro; IN_EP3_STATE 1:0 ro; }
    OUT_EP0_ST 0x038 = 0x0000_0000 { OUT_EP0_RD_ADDR 15:9 ro; OUT_EP0_WR_ADDR 8:2 ro; OUT_EP0_STATE 1:0 ro; }
    OUT_EP1_ST 0x03C = 0x0000_0000 { OUT_EP1_REC_DATA_CNT 22:16 ro; OUT_EP1_RD_ADDR 15:9 ro; OUT_EP1_WR_ADDR 8:2 ro; OUT_EP1_STATE 1:0 ro; }
    OUT_EP2_ST 0x040 = 0x0000_0000 { OUT_EP2_RD_ADDR 15:9 ro; OUT_EP2_WR_ADDR 8:2 ro; OUT_EP2_STATE 1:0 ro; }
    MISC_CONF 0x044 = 0x0000_0000 { CLK_EN 0 rw; }
    MEM_CONF 0x048 = 0x0000_0002 { USB_MEM_CLK_EN 1 rw; USB_MEM_PD 0 rw; }
    DATE 0x080 = 0x0210_1200 { DATE 31:0 rw; }
}

/// What a host reads of the device, as `lsusb -v` shows it: Espressif's JTAG and serial adapter, which is the same in every chip but for
/// the serial number.
pub const DEVICE_DESCRIPTOR: [u8; 18] = [18, 1, 0, 2, 0xEF, 2, 1, 64, 0x3A, 0x30, 0x01, 0x10, 0x01, 0x01, 1, 2, 3, 1];
/// String 1.
pub const MANUFACTURER: &str = "Espressif";
/// String 2.
pub const PRODUCT: &str = "USB JTAG/serial debug unit";

/// String 3: the MAC address.
pub fn serial_number(mac: [u8; 6]) -> String {
    mac.map(|byte| format!("{byte:02X}")).join(":")
}

/// Bytes in an endpoint's FIFO.
const PACKET: usize = 64;
/// A packet on the bus.
const PACKET_TIME: Ps = 50 * MICROSECOND;
/// Full speed: a frame a millisecond.
const FRAME: Ps = 1000 * MICROSECOND;

/// The controller.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct UsbSerialJtag {
    bank: Bank<Reg>,
    raw: u32,
    /// Written by software; the host takes them once they are flushed.
    input: VecDeque<u8>,
    flushed: bool,
    /// When the host takes the packet.
    taken_at: Option<Ps>,
    /// Sent by the host.
    output: VecDeque<u8>,
    /// When the host's next packet is there.
    sent_at: Option<Ps>,
    /// Frames up to this one have been told by SOF_INT.
    frame: u64,
    /// The host saw the device when last looked.
    connected: bool,
    /// Bytes of the last packet that the host sent.
    received: u32,
}

impl UsbSerialJtag {
    /// After power-on.
    pub fn new() -> Self {
        Self {
            bank: Bank::new(),
            raw: INT_RAW::SERIAL_IN_EMPTY_INT_RAW.mask,
            input: VecDeque::new(),
            flushed: false,
            taken_at: None,
            output: VecDeque::new(),
            sent_at: None,
            frame: 0,
            connected: false,
            received: 0,
        }
    }

    fn console(fabric: &Fabric) -> Option<ConsoleId> {
        fabric.consoles.on(|line| line == Line::UsbJtag)
    }

    /// Does the host see this device?
    pub fn is_connected(&self, fabric: &Fabric) -> bool {
        let conf = self.bank.get(Reg::CONF0);
        let exchanged = CONF0::EXCHG_PINS_OVERRIDE.is_set(conf) && CONF0::EXCHG_PINS.is_set(conf);
        let pads = CONF0::USB_PAD_ENABLE.is_set(conf) && !CONF0::PHY_SEL.is_set(conf) && !exchanged;
        let pull_up = !CONF0::PAD_PULL_OVERRIDE.is_set(conf) || CONF0::DP_PULLUP.is_set(conf);
        fabric.usb_phy.shows_serial_jtag(pads, pull_up)
    }

    /// Is the bus alive? A host that sleeps sends nothing.
    fn is_alive(&self, fabric: &Fabric) -> bool {
        self.is_connected(fabric) && !fabric.usb_phy.asleep
    }

    /// The host's program sets DTR and RTS, TRM chapter 33 (reset by the CDC-ACM control lines): both off end the wish for download
    /// mode, DTR alone is that wish, RTS alone resets the chip, both do nothing. False: no host sees the device.
    pub fn control_lines(&mut self, dtr: bool, rts: bool, fabric: &mut Fabric) -> bool {
        if !self.is_alive(fabric) {
            return false;
        }
        match (rts, dtr) {
            (false, wish) => fabric.usb_download.0 = wish,
            (true, false) => fabric.request(Request::Restart(Reason::CoreUsbUart)),
            (true, true) => {}
        }
        fabric.attention();
        true
    }

    /// A host that comes to see the device resets the bus.
    fn look_at_host(&mut self, fabric: &mut Fabric) {
        let connected = self.is_connected(fabric);
        if connected && !self.connected {
            self.raw |= INT_RAW::USB_BUS_RESET_INT_RAW.mask;
        }
        self.connected = connected;
    }

    /// SOF_INT follows the frames of a host that is there; one that has opened the port asks for data in each of them.
    fn settle_frames(&mut self, fabric: &Fabric) {
        let frame = fabric.now() / FRAME;
        if !self.is_alive(fabric) {
            return;
        }
        if frame > self.frame {
            self.raw |= INT_RAW::SOF_INT_RAW.mask;
            if Self::console(fabric).is_some() {
                self.raw |= INT_RAW::IN_TOKEN_REC_IN_EP1_INT_RAW.mask;
            }
        }
        self.frame = frame;
    }

    fn interrupt(&self, fabric: &mut Fabric) {
        fabric.set_irq(Source::USB_SERIAL_JTAG, self.raw & self.bank.get(Reg::INT_ENA) != 0);
    }

    fn put(&mut self, byte: u8, fabric: &mut Fabric) {
        if self.input.len() < PACKET && !self.flushed {
            self.input.push_back(byte);
            if self.input.len() == PACKET {
                self.flush(fabric);
            }
        }
    }

    fn flush(&mut self, fabric: &mut Fabric) {
        if !self.flushed {
            self.flushed = true;
            self.taken_at = Some(fabric.now() + PACKET_TIME);
            self.schedule(fabric);
        }
    }

    /// Makes the earliest thing due.
    fn schedule(&mut self, fabric: &mut Fabric) {
        let mut due = Ps::MAX;
        if self.is_alive(fabric) {
            if Self::console(fabric).is_some() {
                due = due.min(self.taken_at.unwrap_or(Ps::MAX)).min(self.sent_at.unwrap_or(Ps::MAX));
            }
            let of_frames = INT_RAW::SOF_INT_RAW.mask | INT_RAW::IN_TOKEN_REC_IN_EP1_INT_RAW.mask;
            if self.bank.get(Reg::INT_ENA) & of_frames != 0 {
                due = due.min((fabric.now() / FRAME + 1) * FRAME);
            }
        }
        fabric.at(Slot::UsbSerialJtag, due);
    }

    /// The host takes the packet that is flushed.
    fn deliver(&mut self, fabric: &mut Fabric) {
        let Some(console) = Self::console(fabric) else { return };
        let now = fabric.now();
        for byte in std::mem::take(&mut self.input) {
            fabric.pins.trace.see(Kind::UartOut, now, 0xFF << 8 | u64::from(byte));
            fabric.consoles.put(console, byte, now);
        }
        if fabric.consoles.is_seen() {
            fabric.attention();
        }
        self.flushed = false;
        self.taken_at = None;
        self.raw |= INT_RAW::SERIAL_IN_EMPTY_INT_RAW.mask | INT_RAW::IN_TOKEN_REC_IN_EP1_INT_RAW.mask;
    }

    /// The host sends what was typed, when the last packet has been read.
    fn receive(&mut self, fabric: &mut Fabric) {
        let Some(console) = Self::console(fabric) else { return };
        let now = fabric.now();
        if self.sent_at.is_some_and(|at| at <= now) {
            self.sent_at = None;
            while self.output.len() < PACKET {
                let Some(byte) = fabric.consoles.take_input(console) else { break };
                fabric.pins.trace.see(Kind::UartIn, now, 0xFF << 8 | u64::from(byte));
                self.output.push_back(byte);
            }
            self.received = self.output.len() as u32;
            self.raw |= INT_RAW::SERIAL_OUT_RECV_PKT_INT_RAW.mask;
        }
        if self.output.is_empty() && self.sent_at.is_none() && fabric.consoles.has_input(console) {
            self.sent_at = Some(now + PACKET_TIME);
        }
    }
}

impl Default for UsbSerialJtag {
    fn default() -> Self {
        Self::new()
    }
}

impl Block for UsbSerialJtag {
    const GROUPS: &'static [Group] = &[Group::one("USB_DEVICE", Reg::TABLE)];

    fn read(&mut self, offset: u32, fabric: &mut Fabric) -> u32 {
        if Reg::at(offset) == Some(Reg::EP1) {
            let byte = self.output.pop_front().map_or(0, u32::from);
            if self.output.is_empty() {
                fabric.soon(Slot::UsbSerialJtag);
            }
            return byte;
        }
        self.peek(offset, fabric)
    }

    fn peek(&mut self, offset: u32, fabric: &mut Fabric) -> u32 {
        self.settle_frames(fabric);
        let Some(register) = Reg::at(offset) else { return undeclared("USB_DEVICE", offset, fabric) };
        match register {
            Reg::EP1 => self.output.front().copied().map_or(0, u32::from),
            Reg::EP1_CONF => {
                let free = !self.flushed && self.input.len() < PACKET;
                let conf = EP1_CONF::SERIAL_IN_EP_DATA_FREE.put(0, u32::from(free));
                EP1_CONF::SERIAL_OUT_EP_DATA_AVAIL.put(conf, u32::from(!self.output.is_empty()))
            }
            Reg::INT_RAW => self.raw,
            Reg::INT_ST => self.raw & self.bank.get(Reg::INT_ENA),
            Reg::FRAM_NUM if self.is_connected(fabric) => self.frame as u32 & 0x7FF,
            Reg::OUT_EP1_ST => {
                // RECV_PKT_INT: WR_ADDR - 2 bytes are there.
                let written = if self.received == 0 { 0 } else { self.received + 2 };
                let state = OUT_EP1_ST::OUT_EP1_REC_DATA_CNT.put(self.bank.load(register), self.received);
                let state = OUT_EP1_ST::OUT_EP1_RD_ADDR.put(state, written.saturating_sub(self.output.len() as u32));
                OUT_EP1_ST::OUT_EP1_WR_ADDR.put(state, written)
            }
            Reg::IN_EP1_ST => IN_EP1_ST::IN_EP1_WR_ADDR.put(self.bank.load(register), self.input.len() as u32),
            Reg::TEST => {
                let (dp, dm) = pad_levels(fabric);
                let value = TEST::RX_DP.put(TEST::RX_DM.put(self.bank.load(register), dm.into()), dp.into());
                TEST::RX_RCV.put(value, (dp && !dm).into())
            }
            register => self.bank.load(register),
        }
    }

    fn write(&mut self, offset: u32, write: Write, fabric: &mut Fabric) {
        self.settle_frames(fabric);
        let Some(register) = Reg::at(offset) else {
            undeclared("USB_DEVICE", offset, fabric);
            return;
        };
        match register {
            Reg::EP1 => self.put(write.value as u8, fabric),
            Reg::EP1_CONF if EP1_CONF::WR_DONE.is_set(write.value) => self.flush(fabric),
            Reg::INT_CLR => self.raw &= !write.value,
            register => {
                self.bank.store(register, write, "USB_DEVICE", &mut fabric.gaps);
                if register == Reg::TEST {
                    let [enable, drive, dp, dm] = [TEST::ENABLE, TEST::USB_OE, TEST::TX_DP, TEST::TX_DM]
                        .map(|field| field.is_set(self.bank.get(register)));
                    fabric.drive_usb_pads(test_levels(enable, drive, dp, dm));
                }
                self.look_at_host(fabric);
                self.schedule(fabric);
            }
        }
        self.interrupt(fabric);
    }

    fn event(&mut self, _slot: Slot, fabric: &mut Fabric) {
        self.look_at_host(fabric);
        self.settle_frames(fabric);
        if self.taken_at.is_some_and(|at| at <= fabric.now()) && self.is_alive(fabric) {
            self.deliver(fabric);
        }
        if self.is_alive(fabric) {
            self.receive(fabric);
        }
        self.schedule(fabric);
        self.interrupt(fabric);
    }

    fn reset(&mut self, fabric: &mut Fabric) {
        let frame = fabric.now() / FRAME;
        *self = Self { frame, ..Self::new() };
        fabric.soon(Slot::UsbSerialJtag);
        self.interrupt(fabric);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::devices::Devices;
    use crate::spi_mem::psram::Wiring;
    use crate::system::System;
    use crate::usb_wrap::UsbPhy;

    fn bench() -> (UsbSerialJtag, Fabric, ConsoleId) {
        let mut fabric = Fabric::new();
        let console = fabric.consoles.attach("usb", Line::UsbJtag);
        let mut usb = UsbSerialJtag::new();
        usb.reset(&mut fabric);
        (usb, fabric, console)
    }

    fn run(usb: &mut UsbSerialJtag, fabric: &mut Fabric, microseconds: u64) {
        let until = fabric.now() + microseconds * MICROSECOND;
        while fabric.events.next() <= until {
            fabric.cycle = fabric.clock.first_cycle_from(fabric.events.next());
            let now = fabric.now();
            while fabric.events.pop(now).is_some() {
                usb.event(Slot::UsbSerialJtag, fabric);
            }
        }
        fabric.cycle = fabric.clock.first_cycle_from(until);
    }

    /// TRM 33.3.2: 64 bytes, or WR_DONE, send a packet; SERIAL_IN_EP_DATA_FREE is 0 until the host took it.
    #[test]
    fn the_host_takes_a_packet_when_it_is_flushed() {
        let (mut usb, mut fabric, console) = bench();
        for byte in b"hello" {
            usb.write(0, Write::word(u32::from(*byte)), &mut fabric);
        }
        run(&mut usb, &mut fabric, 2000);
        assert!(fabric.consoles.take_output(console).is_empty());
        usb.write(4, Write::word(1), &mut fabric);
        assert_eq!(usb.read(4, &mut fabric) & 2, 0);
        run(&mut usb, &mut fabric, 60);
        assert_eq!(fabric.consoles.take_output(console), b"hello");
        assert_eq!(usb.read(4, &mut fabric) & 2, 2);
    }

    #[test]
    fn what_is_typed_comes_in_packets() {
        let (mut usb, mut fabric, console) = bench();
        fabric.consoles.type_in(console, &[7; 100]);
        fabric.soon(Slot::UsbSerialJtag);
        run(&mut usb, &mut fabric, 60);
        assert_eq!(usb.read(8, &mut fabric) & 4, 4);
        let first = (0..64).filter(|_| usb.read(0, &mut fabric) == 7).count();
        assert_eq!((first, usb.read(4, &mut fabric) & 4), (64, 0));
        run(&mut usb, &mut fabric, 60);
        assert_eq!(usb.read(4, &mut fabric) & 4, 4);
    }

    #[test]
    fn frames_are_told_once_a_millisecond_and_only_with_a_host() {
        let (mut usb, mut fabric, _) = bench();
        run(&mut usb, &mut fabric, 1500);
        assert_eq!(usb.read(8, &mut fabric) & 2, 2);
        usb.write(0x14, Write::word(2), &mut fabric);
        assert_eq!(usb.read(8, &mut fabric) & 2, 0);
        run(&mut usb, &mut fabric, 1000);
        assert_eq!(usb.read(8, &mut fabric) & 2, 2);
        fabric.set_usb_phy(UsbPhy { unplugged: true, ..fabric.usb_phy });
        usb.write(0x14, Write::word(2), &mut fabric);
        run(&mut usb, &mut fabric, 2000);
        assert_eq!(usb.read(8, &mut fabric) & 2, 0);
    }

    /// A port that no program has opened: the packet stays.
    #[test]
    fn nobody_takes_a_packet_from_a_closed_port() {
        let (mut usb, mut fabric) = (UsbSerialJtag::new(), Fabric::new());
        fabric.consoles.attach("usb", Line::Usb);
        usb.reset(&mut fabric);
        usb.write(0, Write::word(0x41), &mut fabric);
        usb.write(4, Write::word(1), &mut fabric);
        run(&mut usb, &mut fabric, 5000);
        assert_eq!(usb.read(4, &mut fabric) & 2, 0);
        assert_eq!(usb.read(8, &mut fabric) & 2, 2, "there are frames all the same");
    }

    /// ESP-IDF `hal/usb_fsls_phy_ll.h`: software gives the PHY to USB OTG and takes it back; D+ without its pull-up is no device. A
    /// host that meets the device resets the bus.
    #[test]
    fn the_host_sees_the_device_while_it_has_phy_and_pull_up() {
        const BUS_RESET: u32 = 1 << 9;
        let (mut usb, mut fabric, _) = bench();
        let connected = |usb: &mut UsbSerialJtag, fabric: &mut Fabric| {
            run(usb, fabric, 10);
            let reset = usb.read(8, fabric) & BUS_RESET != 0;
            usb.write(0x14, Write::word(BUS_RESET), fabric);
            (usb.is_connected(fabric), reset)
        };
        assert_eq!(connected(&mut usb, &mut fabric), (true, true));
        let ours = fabric.usb_phy;
        fabric.set_usb_phy(UsbPhy { by_software: Some(true), ..ours });
        assert_eq!(connected(&mut usb, &mut fabric), (false, false));
        fabric.set_usb_phy(UsbPhy { by_fuse: true, by_software: Some(false), ..ours });
        assert_eq!(connected(&mut usb, &mut fabric), (true, true));
        fabric.set_usb_phy(UsbPhy { by_fuse: true, ..ours });
        assert_eq!(connected(&mut usb, &mut fabric), (false, false));
        fabric.set_usb_phy(ours);
        assert_eq!(connected(&mut usb, &mut fabric), (true, true));
        // PAD_PULL_OVERRIDE without DP_PULLUP.
        usb.write(0x18, Write::word(1 << 14 | 1 << 8), &mut fabric);
        assert_eq!(connected(&mut usb, &mut fabric), (false, false));
        usb.write(0x18, Write::word(1 << 14 | 1 << 9), &mut fabric);
        assert_eq!(connected(&mut usb, &mut fabric), (true, true));
        fabric.set_usb_phy(UsbPhy { no_serial_jtag: true, ..ours });
        assert_eq!(connected(&mut usb, &mut fabric), (false, false));
    }

    /// TRM chapter 33: esptool's sequence for USB Serial/JTAG ("usb_reset"): DTR, then RTS without DTR resets into download mode; the
    /// strap GPIO0 counts again after a reset that was asked for without DTR.
    #[test]
    fn the_host_resets_the_chip_by_dtr_and_rts() {
        const BOOT_FROM_FLASH: u32 = 1 << 3;
        let mut system = System::new(0x10_0000, 0, Wiring::Quad);
        let mut lines = |dtr, rts| {
            let Devices { usb_serial_jtag, fabric, .. } = &mut system.dev;
            assert!(usb_serial_jtag.control_lines(dtr, rts, fabric));
            if std::mem::take(&mut fabric.requests).contains(&Request::Restart(Reason::CoreUsbUart)) {
                system.restart_devices(Reason::CoreUsbUart);
            }
            system.dev.fabric.boot_straps() & BOOT_FROM_FLASH != 0
        };
        for (dtr, rts, from_flash) in
            [(true, false, true), (true, true, true), (false, true, false), (false, false, false), (false, true, true)]
        {
            assert_eq!(lines(dtr, rts), from_flash, "{dtr} {rts}");
        }
        let Devices { usb_serial_jtag, fabric, .. } = &mut system.dev;
        fabric.set_usb_phy(UsbPhy { unplugged: true, ..fabric.usb_phy });
        assert!(!usb_serial_jtag.control_lines(true, false, fabric));
    }

    /// A bus without frames for 3 ms is suspended (USB 2.0, 7.1.7.6): nothing is told and nothing taken until the host wakes.
    #[test]
    fn a_host_that_sleeps_takes_nothing() {
        let (mut usb, mut fabric, console) = bench();
        run(&mut usb, &mut fabric, 2000);
        fabric.set_usb_phy(UsbPhy { asleep: true, ..fabric.usb_phy });
        let frame = usb.read(0x24, &mut fabric);
        usb.write(0x14, Write::word(0xFFF), &mut fabric);
        usb.write(0, Write::word(0x41), &mut fabric);
        usb.write(4, Write::word(1), &mut fabric);
        run(&mut usb, &mut fabric, 5000);
        assert_eq!((usb.read(8, &mut fabric) & 0x102, usb.read(0x24, &mut fabric)), (0, frame));
        assert!(fabric.consoles.take_output(console).is_empty());
        fabric.set_usb_phy(UsbPhy { asleep: false, ..fabric.usb_phy });
        fabric.soon(Slot::UsbSerialJtag);
        run(&mut usb, &mut fabric, 2000);
        assert_eq!(usb.read(8, &mut fabric) & 0x302, 0x102, "frames and IN tokens, and no bus reset");
        assert_eq!(fabric.consoles.take_output(console), b"A");
    }

    /// ESP-IDF `soc/usb_serial_jtag_reg.h`: WR_ADDR - 2 bytes are in the OUT endpoint when RECV_PKT_INT comes; REC_DATA_CNT counts them.
    #[test]
    fn endpoint_1_tells_how_much_came() {
        let (mut usb, mut fabric, console) = bench();
        fabric.consoles.type_in(console, b"12345");
        fabric.soon(Slot::UsbSerialJtag);
        run(&mut usb, &mut fabric, 60);
        let state = usb.read(0x3C, &mut fabric);
        assert_eq!((state >> 16 & 0x7F, state >> 2 & 0x7F, state >> 9 & 0x7F), (5, 7, 2));
        usb.read(0, &mut fabric);
        assert_eq!(usb.read(0x3C, &mut fabric) >> 9 & 0x7F, 3);
    }
}
