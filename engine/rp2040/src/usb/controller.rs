//! The serial interface engine in device mode, and the dual-port memory through which it talks to software.
//! RP2040 datasheet 4.1.2.5 and 4.1.2.6.

use super::registers::{
    buffer::IN_BUFFER_CONTROL as BUF, endpoint::IN_CONTROL as EP, Reg, ADDR_ENDP, INTR, MAIN_CTRL, SIE_CTRL,
    SIE_STATUS, USBPHY_DIRECT, USBPHY_DIRECT_OVERRIDE, USB_MUXING, USB_PWR,
};
use engine_core::gaps::Gaps;
use engine_core::registers::{Bank, Field, Write};
use engine_core::time::{Ps, MICROSECOND};
use engine_core::usb_host::device::{Answer, Device, Ready, FRAME};
use serde::{Deserialize, Serialize};

/// 4.1.2.4: the dual-port memory.
pub(super) const DPRAM: usize = 4096;
/// Table 386: endpoint control words from endpoint 1 on, buffer control words, and the buffer of endpoint 0.
const ENDPOINT_CONTROL: usize = 0x08;
const BUFFER_CONTROL: usize = 0x80;
const EP0_BUFFER: usize = 0x100;
/// A bus without SOF for 3 ms is suspended. USB 2.0, 7.1.7.6.
const SUSPEND_AFTER: Ps = 3000 * MICROSECOND;
/// LINE_STATE: both lines low, and the idle state of full speed.
const SE0: u32 = 0b00;
const J: u32 = 0b01;
/// ENDPOINT_TYPE.
const ISOCHRONOUS: u32 = 1;

/// One direction of an endpoint; its bit in BUFF_STATUS and the others is `2 * number`, and 1 more for OUT.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct End {
    number: u8,
    out: bool,
}

impl End {
    fn bit(self) -> u32 {
        1 << (2 * self.number + u8::from(self.out))
    }

    /// Where its buffer control word is.
    fn buffer_word(self) -> usize {
        BUFFER_CONTROL + 8 * usize::from(self.number) + 4 * usize::from(self.out)
    }

    /// Where its endpoint control word is; endpoint 0 has none.
    fn control_word(self) -> Option<usize> {
        let number = usize::from(self.number).checked_sub(1)?;
        Some(ENDPOINT_CONTROL + 8 * number + 4 * usize::from(self.out))
    }
}

/// How the half of a buffer control word looks that is for the selected buffer, moved to the low half.
#[derive(Clone, Copy, Debug)]
struct Half {
    /// 1 for the upper half.
    buffer: usize,
    word: u32,
}

impl Half {
    fn is(self, field: Field) -> bool {
        field.is_set(self.word)
    }
}

/// The state of the controller.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Controller {
    pub regs: Bank<Reg>,
    dpram: Vec<u8>,
    /// The present moment; whoever comes in says it.
    pub now: Ps,
    /// A cable with power is plugged in.
    pub vbus: bool,
    /// The level of a pin with the function VBUS DET.
    pub vbus_pin: bool,
    /// clk_usb runs at 48 MHz.
    pub clocked: bool,
    /// Of double-buffered ends, those that use buffer 1 next.
    second: u32,
    /// Ends that finished one more buffer while BUFF_STATUS still showed the one before.
    late: u32,
    in_reset: bool,
    connected: bool,
    suspended: bool,
    connection_changed: bool,
    suspend_changed: bool,
    /// The first SOF, while there are SOFs.
    frames: Option<Ps>,
    /// SOFs so far, as long as none comes.
    sofs: u64,
    /// SOFs until software last read SOF_RD.
    sofs_seen: u64,
    /// No SOF since.
    idle_since: Option<Ps>,
    wake_up: bool,
    /// The host should look.
    kick: bool,
}

impl Controller {
    pub fn new() -> Self {
        Self {
            regs: Bank::new(),
            dpram: vec![0; DPRAM],
            now: 0,
            vbus: true,
            vbus_pin: false,
            clocked: false,
            second: 0,
            late: 0,
            in_reset: false,
            connected: false,
            suspended: false,
            connection_changed: false,
            suspend_changed: false,
            frames: None,
            sofs: 0,
            sofs_seen: 0,
            idle_since: None,
            wake_up: false,
            kick: true,
        }
    }

    /// After reset. The memory keeps its contents, and the cable stays where it is.
    pub fn reset(&mut self) {
        let dpram = std::mem::take(&mut self.dpram);
        *self = Self { dpram, now: self.now, vbus: self.vbus, clocked: self.clocked, ..Self::new() };
    }

    /// Should the host look? Only once for each reason.
    pub fn take_kick(&mut self) -> bool {
        std::mem::take(&mut self.kick)
    }

    // The dual-port memory

    pub fn word(&self, offset: usize) -> u32 {
        let at = offset % DPRAM;
        u32::from_le_bytes([self.dpram[at], self.dpram[at + 1], self.dpram[at + 2], self.dpram[at + 3]])
    }

    fn set_word(&mut self, offset: usize, value: u32) {
        let at = offset % DPRAM;
        self.dpram[at..at + 4].copy_from_slice(&value.to_le_bytes());
    }

    /// A store of software: `size` bytes of the repeated value, in their lanes.
    pub fn store(&mut self, offset: usize, value: u32, size: usize, gaps: &mut Gaps) {
        let (at, lanes) = (offset % DPRAM & !3, value.to_le_bytes());
        let first = offset & 3 & !(size - 1);
        self.dpram[at + first..at + first + size].copy_from_slice(&lanes[first..first + size]);
        match at {
            BUFFER_CONTROL..EP0_BUFFER => {
                let word = self.word(at);
                self.kick |= [BUF::AVAILABLE_0, BUF::AVAILABLE_1, BUF::STALL].iter().any(|field| field.is_set(word));
            }
            ENDPOINT_CONTROL..BUFFER_CONTROL if EP::INTERRUPT_ON_NAK.is_set(self.word(at)) => {
                let why = "tokens that are answered by NAK are not sent";
                gaps.touch(&format!("USB_DPRAM+0x{at:03X}.INTERRUPT_ON_NAK"), why);
            }
            _ => {}
        }
    }

    fn bytes(&self, from: usize, count: usize) -> Vec<u8> {
        (from..from + count).map(|at| self.dpram[at % DPRAM]).collect()
    }

    fn set_bytes(&mut self, from: usize, data: &[u8]) {
        for (at, byte) in (from..).zip(data) {
            self.dpram[at % DPRAM] = *byte;
        }
    }

    // Registers

    fn field(&self, register: Reg, field: Field) -> bool {
        field.is_set(self.regs.get(register))
    }

    fn raise(&mut self, register: Reg, bits: u32) {
        self.regs.set(register, self.regs.get(register) | bits);
    }

    /// Does the host see the pull-up on D+? 4.1.2.1 and 4.1.2.2.
    fn has_pull_up(&self) -> bool {
        let by_controller = self.field(Reg::MAIN_CTRL, MAIN_CTRL::CONTROLLER_EN)
            && !self.field(Reg::MAIN_CTRL, MAIN_CTRL::HOST_NDEVICE)
            && self.field(Reg::SIE_CTRL, SIE_CTRL::PULLUP_EN)
            && self.field(Reg::USB_MUXING, USB_MUXING::TO_PHY)
            && !self.field(Reg::SIE_CTRL, SIE_CTRL::TRANSCEIVER_PD);
        if self.field(Reg::USBPHY_DIRECT_OVERRIDE, USBPHY_DIRECT_OVERRIDE::DP_PULLUP_EN_OVERRIDE_EN) {
            self.field(Reg::USBPHY_DIRECT, USBPHY_DIRECT::DP_PULLUP_EN)
        } else {
            by_controller
        }
    }

    /// 4.1.2.8: VBUS as the controller sees it.
    fn vbus_detected(&self) -> bool {
        if self.field(Reg::USB_PWR, USB_PWR::VBUS_DETECT_OVERRIDE_EN) {
            self.field(Reg::USB_PWR, USB_PWR::VBUS_DETECT)
        } else {
            self.vbus_pin
        }
    }

    pub fn sie_status(&self) -> u32 {
        let mut status = self.regs.get(Reg::SIE_STATUS);
        status = SIE_STATUS::CONNECTED.put(status, u32::from(self.connected));
        status = SIE_STATUS::SUSPENDED.put(status, u32::from(self.suspended));
        let idle = if self.has_pull_up() && !self.in_reset { J } else { SE0 };
        status = SIE_STATUS::LINE_STATE.put(status, idle);
        SIE_STATUS::VBUS_DETECTED.put(status, u32::from(self.vbus_detected()))
    }

    /// SOFs that have come so far.
    fn sof_count(&self) -> u64 {
        self.frames.map_or(self.sofs, |start| self.now.saturating_sub(start) / FRAME + 1)
    }

    /// SOF_RD: the number of the last frame.
    pub fn frame_number(&self) -> u32 {
        self.sof_count().saturating_sub(1) as u32 & 0x7FF
    }

    /// Reading SOF_RD clears the interrupt.
    pub fn saw_sof(&mut self) {
        self.sofs_seen = self.sof_count();
    }

    /// The raw interrupts; each has its source, or is a latched change.
    pub fn raw_interrupts(&self) -> u32 {
        let status = self.sie_status();
        let from = |field: Field| field.is_set(status);
        let any = |register: Reg| self.regs.get(register) != 0;
        [
            (INTR::EP_STALL_NAK, any(Reg::EP_STATUS_STALL_NAK)),
            (INTR::ABORT_DONE, any(Reg::EP_ABORT_DONE)),
            (INTR::DEV_SOF, self.sof_count() != self.sofs_seen),
            (INTR::SETUP_REQ, from(SIE_STATUS::SETUP_REC)),
            (INTR::DEV_RESUME_FROM_HOST, from(SIE_STATUS::RESUME)),
            (INTR::DEV_SUSPEND, self.suspend_changed),
            (INTR::DEV_CONN_DIS, self.connection_changed),
            (INTR::BUS_RESET, from(SIE_STATUS::BUS_RESET)),
            (INTR::VBUS_DETECT, from(SIE_STATUS::VBUS_DETECTED)),
            (INTR::STALL, from(SIE_STATUS::STALL_REC)),
            (INTR::ERROR_CRC, from(SIE_STATUS::CRC_ERROR)),
            (INTR::ERROR_BIT_STUFF, from(SIE_STATUS::BIT_STUFF_ERROR)),
            (INTR::ERROR_RX_OVERFLOW, from(SIE_STATUS::RX_OVERFLOW)),
            (INTR::ERROR_RX_TIMEOUT, from(SIE_STATUS::RX_TIMEOUT)),
            (INTR::ERROR_DATA_SEQ, from(SIE_STATUS::DATA_SEQ_ERROR)),
            (INTR::BUFF_STATUS, any(Reg::BUFF_STATUS)),
            (INTR::TRANS_COMPLETE, from(SIE_STATUS::TRANS_COMPLETE)),
        ]
        .into_iter()
        .fold(0, |raw, (field, on)| if on { raw | field.mask } else { raw })
    }

    pub fn interrupts(&self) -> u32 {
        (self.raw_interrupts() & self.regs.get(Reg::INTE)) | self.regs.get(Reg::INTF)
    }

    /// When something changes by itself: an SOF that software waits for, or the beginning of suspend.
    pub fn due(&self) -> Ps {
        let waits = self.field(Reg::INTE, INTR::DEV_SOF) && self.sof_count() == self.sofs_seen;
        let sof =
            self.frames.filter(|_| waits).map(
                |start| {
                    if self.now < start {
                        start
                    } else {
                        start + self.sof_count() * FRAME
                    }
                },
            );
        let suspend = self.idle_since.filter(|_| !self.suspended).map(|since| since + SUSPEND_AFTER);
        sof.into_iter().chain(suspend).min().unwrap_or(Ps::MAX)
    }

    /// Brings the state up to now.
    pub fn catch_up(&mut self) {
        if self.idle_since.is_some_and(|since| self.now >= since + SUSPEND_AFTER) {
            self.set_suspended(true);
        }
    }

    fn set_suspended(&mut self, suspended: bool) {
        self.suspend_changed |= self.suspended != suspended;
        self.suspended = suspended;
    }

    fn set_connected(&mut self, connected: bool) {
        self.connection_changed |= self.connected != connected;
        self.connected = connected;
    }

    /// Pull-up or VBUS may have changed: the bus is idle from now on, or there is none.
    fn look_at_bus(&mut self) {
        if !(self.vbus && self.has_pull_up()) {
            self.idle_since = None;
            self.set_connected(false);
        } else if self.idle_since.is_none() && self.frames.is_none() && !self.in_reset {
            self.idle_since = Some(self.now);
        }
        self.kick = true;
    }

    /// The cable is plugged in or out.
    pub fn set_vbus(&mut self, vbus: bool) {
        self.vbus = vbus;
        self.look_at_bus();
    }

    /// A store to a register, where it does something.
    pub fn wrote(&mut self, register: Reg, write: Write) {
        match register {
            Reg::MAIN_CTRL | Reg::USB_MUXING | Reg::USB_PWR | Reg::USBPHY_DIRECT | Reg::USBPHY_DIRECT_OVERRIDE => {
                self.look_at_bus();
            }
            Reg::SIE_CTRL => {
                self.wake_up |= SIE_CTRL::RESUME.is_set(write.raw) && self.suspended;
                self.look_at_bus();
            }
            // CONNECTED and SUSPENDED are states; writing 1 to them clears the interrupts of their changes.
            Reg::SIE_STATUS => {
                self.connection_changed &= !SIE_STATUS::CONNECTED.is_set(write.raw);
                self.suspend_changed &= !SIE_STATUS::SUSPENDED.is_set(write.raw);
            }
            // 4.1.4: with two buffers done, clearing the bit of the first sets it again at once for the second.
            Reg::BUFF_STATUS => {
                let again = self.late & write.raw;
                self.late &= !again;
                self.raise(Reg::BUFF_STATUS, again);
                let which = self.regs.get(Reg::BUFF_CPU_SHOULD_HANDLE);
                self.regs.set(Reg::BUFF_CPU_SHOULD_HANDLE, which ^ again);
            }
            Reg::ADDR_ENDP | Reg::EP_STALL_ARM => self.kick = true,
            _ => {}
        }
    }

    /// EP_ABORT: an end is idle between transactions, so each newly set bit is done at once.
    pub fn abort(&mut self, before: u32) {
        let now = self.regs.get(Reg::EP_ABORT);
        self.raise(Reg::EP_ABORT_DONE, now & !before);
        self.kick |= before & !now != 0;
    }

    // Transactions, 4.1.2.6

    fn control(&self, end: End) -> u32 {
        end.control_word().map_or(0, |at| self.word(at))
    }

    fn is_enabled(&self, end: End) -> bool {
        end.number == 0 || EP::ENABLE.is_set(self.control(end))
    }

    fn is_double(&self, end: End) -> bool {
        if end.number == 0 {
            self.field(Reg::SIE_CTRL, SIE_CTRL::EP0_DOUBLE_BUF)
        } else {
            EP::DOUBLE_BUFFERED.is_set(self.control(end))
        }
    }

    fn is_stalled(&self, end: End) -> bool {
        // STALL on endpoint 0 is gated by EP_STALL_ARM, which the next SETUP clears (4.1.2.6.1).
        let armed = end.number != 0 || self.regs.get(Reg::EP_STALL_ARM) & end.bit() != 0;
        armed && BUF::STALL.is_set(self.word(end.buffer_word()))
    }

    fn half(&self, end: End) -> Half {
        let word = self.word(end.buffer_word());
        let second = self.is_double(end) && self.second & end.bit() != 0 && !BUF::RESET.is_set(word);
        Half { buffer: usize::from(second), word: if second { word >> 16 } else { word & 0xFFFF } }
    }

    fn buffer_address(&self, end: End, half: Half) -> usize {
        if end.number == 0 {
            return EP0_BUFFER + 64 * half.buffer;
        }
        let control = self.control(end);
        let apart = if EP::ENDPOINT_TYPE.get(control) == ISOCHRONOUS {
            128 << BUF::DOUBLE_BUFFER_ISO_OFFSET.get(self.word(end.buffer_word()))
        } else {
            64
        };
        (EP::BUFFER_ADDRESS.get(control) & !0x3F) as usize + apart * half.buffer
    }

    fn hears(&self, address: u8) -> bool {
        self.clocked
            && self.connected
            && self.vbus_detected()
            && u32::from(address) == ADDR_ENDP::ADDRESS.get(self.regs.get(Reg::ADDR_ENDP))
    }

    /// `None`: no answer at all.
    fn would_answer(&self, address: u8, end: End) -> Option<Ready> {
        if !self.hears(address) || !self.is_enabled(end) {
            return None;
        }
        if self.regs.get(Reg::EP_ABORT) & end.bit() != 0 {
            return Some(Ready::No);
        }
        if self.is_stalled(end) {
            return Some(Ready::Bytes(0));
        }
        let half = self.half(end);
        if half.is(BUF::AVAILABLE_0) && half.is(BUF::FULL_0) != end.out {
            return Some(Ready::Bytes(BUF::LENGTH_0.get(half.word) as usize));
        }
        // An isochronous endpoint has no handshakes (4.1.2.6.2).
        let isochronous = EP::ENDPOINT_TYPE.get(self.control(end)) == ISOCHRONOUS && end.number != 0;
        (!isochronous).then_some(Ready::No)
    }

    fn stalled(&mut self, end: End) -> Answer {
        let wants = if end.number == 0 {
            self.field(Reg::SIE_CTRL, SIE_CTRL::EP0_INT_STALL)
        } else {
            EP::INTERRUPT_ON_STALL.is_set(self.control(end))
        };
        if wants {
            self.raise(Reg::EP_STATUS_STALL_NAK, end.bit());
        }
        Answer::Stall
    }

    /// STATUS phase: the half goes back to software.
    fn finish(&mut self, end: End, half: Half, status: u32) {
        let shift = 16 * half.buffer;
        let kept = self.word(end.buffer_word()) & !(0xFFFF << shift) & !BUF::RESET.mask;
        self.set_word(end.buffer_word(), kept | (status & !BUF::RESET.mask) << shift);
        if half.is(BUF::LAST_0) {
            self.raise(Reg::SIE_STATUS, SIE_STATUS::TRANS_COMPLETE.mask);
        }
        let double = self.is_double(end);
        self.second = if double && half.buffer == 0 { self.second | end.bit() } else { self.second & !end.bit() };
        let (each, both) = if end.number == 0 {
            (self.field(Reg::SIE_CTRL, SIE_CTRL::EP0_INT_1BUF), self.field(Reg::SIE_CTRL, SIE_CTRL::EP0_INT_2BUF))
        } else {
            let control = self.control(end);
            (EP::INTERRUPT_PER_BUFF.is_set(control), EP::INTERRUPT_PER_DOUBLE_BUFF.is_set(control))
        };
        if each || (double && both && half.buffer == 1) {
            self.buffer_done(end, half.buffer);
        }
    }

    fn buffer_done(&mut self, end: End, buffer: usize) {
        if self.regs.get(Reg::BUFF_STATUS) & end.bit() != 0 {
            self.late |= end.bit();
            return;
        }
        self.raise(Reg::BUFF_STATUS, end.bit());
        let which = self.regs.get(Reg::BUFF_CPU_SHOULD_HANDLE) & !end.bit();
        self.regs.set(Reg::BUFF_CPU_SHOULD_HANDLE, which | end.bit() * buffer as u32);
    }
}

impl Device for Controller {
    fn is_attached(&self) -> bool {
        self.vbus && self.has_pull_up()
    }

    fn bus_reset(&mut self, on: bool) {
        self.in_reset = on;
        if on {
            self.idle_since = None;
            self.set_suspended(false);
            self.raise(Reg::SIE_STATUS, SIE_STATUS::BUS_RESET.mask);
        } else if self.is_attached() {
            self.set_connected(true);
        }
    }

    fn frames_from(&mut self, start: Option<Ps>) {
        self.sofs = self.sof_count();
        if start.is_some() {
            self.sofs_seen = 0;
            self.idle_since = None;
            self.set_suspended(false);
        } else if self.frames.is_some() && self.is_attached() {
            self.idle_since = Some(self.now);
        }
        self.frames = start;
    }

    fn resume(&mut self) {
        self.idle_since = None;
        self.set_suspended(false);
        self.raise(Reg::SIE_STATUS, SIE_STATUS::RESUME.mask);
    }

    fn take_wake_up(&mut self) -> bool {
        std::mem::take(&mut self.wake_up)
    }

    fn ready_in(&self, address: u8, endpoint: u8) -> Ready {
        self.would_answer(address, End { number: endpoint, out: false }).unwrap_or(Ready::Bytes(0))
    }

    fn ready_out(&self, address: u8, endpoint: u8) -> Ready {
        self.would_answer(address, End { number: endpoint, out: true }).unwrap_or(Ready::Bytes(0))
    }

    fn setup(&mut self, address: u8, packet: [u8; 8]) -> Answer {
        if !self.hears(address) {
            return Answer::Silence;
        }
        self.set_bytes(0, &packet);
        self.regs.set(Reg::EP_STALL_ARM, 0);
        self.raise(Reg::SIE_STATUS, SIE_STATUS::SETUP_REC.mask);
        Answer::Ack
    }

    fn token_in(&mut self, address: u8, endpoint: u8) -> Answer {
        let end = End { number: endpoint, out: false };
        match self.would_answer(address, end) {
            None => Answer::Silence,
            Some(Ready::No) => Answer::Nak,
            Some(_) if self.is_stalled(end) => self.stalled(end),
            Some(Ready::Bytes(count)) => {
                let half = self.half(end);
                let data = self.bytes(self.buffer_address(end, half), count);
                self.finish(end, half, half.word & !(BUF::AVAILABLE_0.mask | BUF::FULL_0.mask));
                self.raise(Reg::SIE_STATUS, SIE_STATUS::ACK_REC.mask);
                Answer::Data(half.is(BUF::PID_0), data)
            }
        }
    }

    fn token_out(&mut self, address: u8, endpoint: u8, data1: bool, data: &[u8]) -> Answer {
        let end = End { number: endpoint, out: true };
        match self.would_answer(address, end) {
            None => Answer::Silence,
            Some(Ready::No) => Answer::Nak,
            Some(_) if self.is_stalled(end) => self.stalled(end),
            Some(Ready::Bytes(_)) => {
                let half = self.half(end);
                // A repeated packet is acknowledged and dropped (USB 2.0, 8.6.4).
                if half.is(BUF::PID_0) != data1 {
                    self.raise(Reg::SIE_STATUS, SIE_STATUS::DATA_SEQ_ERROR.mask);
                    return Answer::Ack;
                }
                self.set_bytes(self.buffer_address(end, half), data);
                let status = BUF::LENGTH_0.put(half.word & !BUF::AVAILABLE_0.mask, data.len() as u32);
                self.finish(end, half, status | BUF::FULL_0.mask);
                Answer::Ack
            }
        }
    }
}
