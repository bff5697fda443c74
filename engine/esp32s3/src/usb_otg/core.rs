//! The state of the core as software sees it: interrupts, endpoints, FIFOs, frames. The names of behaviour are those of the
//! Synopsys DWC_otg databook, version 4.00a; what drivers rely on is told by ESP-IDF `soc/usb_dwc_struct.h` and TinyUSB.

use super::end::{control, End};
use super::fifo::{Status, TxFifo};
use super::registers::*;
use engine_core::gaps::Gaps;
use engine_core::registers::{Bank, Field, Registers, Write};
use engine_core::time::{Ps, MICROSECOND};
use engine_core::usb_host::device::FRAME;
use serde::{Deserialize, Serialize};
use std::collections::VecDeque;

/// A bus without SOF for 3 ms is suspended. USB 2.0, 7.1.7.6.
const SUSPEND_AFTER: Ps = 3000 * MICROSECOND;
/// DSTS.ENUMSPD: full speed with a PHY clock of 48 MHz.
const FULL_SPEED: u32 = 3;
/// GRSTCTL.TXFNUM: all TX FIFOs.
const ALL_FIFOS: u32 = 0x10;
/// DIEPCTL.EPTYPE and DOEPCTL.EPTYPE.
const ISOCHRONOUS: u32 = 1;

/// What the core sees beside its registers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Surroundings {
    /// Its clocks run, the internal PHY is its own and the pad is on.
    pub has_phy: bool,
    /// USB_WRAP overrides the pulls: the level of the pull-up on D+.
    pub pull_up: Option<bool>,
    /// USB_OTG_IDDIG: the B end of the cable.
    pub id: bool,
    /// USB_SRP_BVALID.
    pub b_valid: bool,
    /// USB_OTG_AVALID.
    pub a_valid: bool,
}

/// The core.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Core {
    pub regs: Bank<Reg>,
    pub ins: [End; ENDPOINTS],
    pub outs: [End; ENDPOINTS],
    pub tx: [TxFifo; ENDPOINTS],
    /// The RX FIFO: status words, with the data behind those that have some.
    pub rx: VecDeque<u32>,
    /// Words of data behind the status word that was popped last.
    data_words: usize,
    channels: Vec<Bank<Channel>>,
    /// The present moment; whoever comes in says it.
    pub now: Ps,
    pub around: Surroundings,
    /// A cable with power is plugged in.
    pub vbus: bool,
    pub connected: bool,
    /// The address at which it listens: DCFG.DEVADDR, but a new one only after the status stage of SET_ADDRESS.
    address: u32,
    /// SETUP has come, and no packet to the host since.
    answering: bool,
    in_reset: bool,
    suspended: bool,
    /// The first SOF, while there are SOFs.
    frames: Option<Ps>,
    sofs: u64,
    sofs_seen: u64,
    idle_since: Option<Ps>,
    pub wake_up: bool,
    /// The host should look.
    pub kick: bool,
    /// A soft reset has let go of D+; the host has not looked since.
    pub dropped: bool,
}

impl Core {
    pub fn new() -> Self {
        Self {
            regs: Bank::new(),
            ins: [End::new(); ENDPOINTS],
            outs: [End::new(); ENDPOINTS],
            tx: Default::default(),
            rx: VecDeque::new(),
            data_words: 0,
            channels: vec![Bank::new(); CHANNELS],
            now: 0,
            around: Surroundings::default(),
            vbus: true,
            connected: false,
            address: 0,
            answering: false,
            in_reset: false,
            suspended: false,
            frames: None,
            sofs: 0,
            sofs_seen: 0,
            idle_since: None,
            wake_up: false,
            kick: true,
            dropped: false,
        }
    }

    /// After reset by SYSTEM. The cable stays where it is.
    pub fn reset(&mut self) {
        *self = Self { now: self.now, vbus: self.vbus, around: self.around, ..Self::new() };
    }

    /// GRSTCTL.CSFTRST: registers, FIFOs and state machines; the selection of PHY and speed stays, and the power registers. So
    /// does DAINTMSK: after DETACH the mask ROM does not set it again, and dfu-util goes on all the same.
    fn soft_reset(&mut self) {
        let kept = [Reg::GUSBCFG, Reg::DCFG, Reg::PCGCCTL, Reg::DAINTMSK];
        let kept = kept.map(|register| (register, self.regs.get(register)));
        self.reset();
        for (register, value) in kept {
            let mask = match register {
                Reg::GUSBCFG => GUSBCFG::PHYSEL.mask | GUSBCFG::FORCEDEVMODE.mask | GUSBCFG::FORCEHSTMODE.mask,
                Reg::DCFG => DCFG::NZSTSOUTHSHK.mask - 1,
                _ => u32::MAX,
            };
            self.regs.set(register, self.regs.get(register) & !mask | value & mask);
        }
        self.dropped = true;
    }

    pub fn field(&self, register: Reg, field: Field) -> bool {
        field.is_set(self.regs.get(register))
    }

    pub fn raise(&mut self, field: Field) {
        self.regs.set(Reg::GINTSTS, self.regs.get(Reg::GINTSTS) | field.mask);
    }

    pub fn uses_dma(&self) -> bool {
        self.field(Reg::GAHBCFG, GAHBCFG::DMAEN)
    }

    // The port

    /// CURMOD: by the ID pin, unless software forces it.
    fn is_device(&self) -> bool {
        self.field(Reg::GUSBCFG, GUSBCFG::FORCEDEVMODE)
            || (self.around.id && !self.field(Reg::GUSBCFG, GUSBCFG::FORCEHSTMODE))
    }

    /// BSESVLD: VBUS is high enough for a session, as the matrix or software says.
    fn b_session(&self) -> bool {
        if self.field(Reg::GOTGCTL, GOTGCTL::BVALIDOVEN) {
            self.field(Reg::GOTGCTL, GOTGCTL::BVALIDOVVAL)
        } else {
            self.around.b_valid
        }
    }

    fn a_session(&self) -> bool {
        if self.field(Reg::GOTGCTL, GOTGCTL::AVALIDOVEN) {
            self.field(Reg::GOTGCTL, GOTGCTL::AVALIDOVVAL)
        } else {
            self.around.a_valid
        }
    }

    /// Does the host see a pull-up on D+?
    pub fn is_attached(&self) -> bool {
        let by_core = self.is_device() && self.b_session() && !self.field(Reg::DCTL, DCTL::SFTDISCON);
        let runs = self.regs.get(Reg::PCGCCTL) & PCGCCTL::STOPPCLK.mask == 0;
        !self.dropped && self.vbus && self.around.has_phy && self.around.pull_up.unwrap_or(by_core) && runs
    }

    /// What decides over the pull-up may have changed.
    pub fn look_at_bus(&mut self, before: bool) {
        let attached = self.is_attached();
        if attached == before {
            return;
        }
        self.kick = true;
        self.idle_since = (attached && self.frames.is_none() && !self.in_reset).then_some(self.now);
        self.connected &= attached;
    }

    /// The session has ended: GOTGINT.SESENDDET.
    fn look_at_session(&mut self, before: bool) {
        if before && !self.b_session() {
            self.regs.set(Reg::GOTGINT, self.regs.get(Reg::GOTGINT) | GOTGINT::SESENDDET.mask);
        }
    }

    pub fn set_surroundings(&mut self, around: Surroundings) {
        if around != self.around {
            let (attached, session) = (self.is_attached(), self.b_session());
            self.around = around;
            self.look_at_bus(attached);
            self.look_at_session(session);
        }
    }

    pub fn set_vbus(&mut self, vbus: bool) {
        let attached = self.is_attached();
        self.vbus = vbus;
        self.look_at_bus(attached);
    }

    pub fn bus_reset(&mut self, on: bool) {
        self.in_reset = on;
        if on {
            self.idle_since = None;
            if std::mem::take(&mut self.suspended) {
                self.raise(GINTSTS::RESETDET);
            }
            self.control_stage(false);
            for end in self.ins[1..].iter_mut().chain(&mut self.outs[1..]) {
                end.set(DIEPCTL::USBACTEP, false);
            }
            self.raise(GINTSTS::USBRST);
        } else if self.is_attached() {
            self.connected = true;
            self.regs.set_field(Reg::DSTS, DSTS::ENUMSPD, FULL_SPEED);
            self.raise(GINTSTS::ENUMDONE);
        }
    }

    pub fn frames_from(&mut self, start: Option<Ps>) {
        self.sofs = self.sof_count();
        if start.is_some() {
            self.sofs_seen = 0;
            self.idle_since = None;
            self.suspended = false;
        } else if self.frames.is_some() && self.is_attached() {
            self.idle_since = Some(self.now);
        }
        self.frames = start;
    }

    pub fn resume(&mut self) {
        self.idle_since = None;
        self.suspended = false;
        self.raise(GINTSTS::WKUPINT);
    }

    /// Is a token for this address ours?
    pub fn hears(&self, address: u8) -> bool {
        self.connected && u32::from(address) == self.address
    }

    /// Endpoint 0 has taken SETUP (true), or has sent a packet.
    pub fn control_stage(&mut self, setup: bool) {
        self.answering = setup;
        self.settle_address();
    }

    fn settle_address(&mut self) {
        if !self.answering {
            self.address = self.regs.field(Reg::DCFG, DCFG::DEVADDR);
        }
    }

    fn sof_count(&self) -> u64 {
        self.frames.map_or(self.sofs, |start| self.now.saturating_sub(start) / FRAME + 1)
    }

    fn dsts(&self) -> u32 {
        let status = DSTS::SOFFN.put(self.regs.get(Reg::DSTS), self.sof_count().saturating_sub(1) as u32 & 0x7FF);
        // DEVLNSTS: D+ in bit 1, D- in bit 0.
        let line = if self.is_attached() && !self.in_reset { 2 } else { 0 };
        DSTS::SUSPSTS.put(DSTS::DEVLNSTS.put(status, line), u32::from(self.suspended))
    }

    /// Brings the state up to now.
    pub fn catch_up(&mut self) {
        if self.frames.is_some_and(|start| start <= self.now) && self.sof_count() > self.sofs_seen {
            self.sofs_seen = self.sof_count();
            self.raise(GINTSTS::SOF);
        }
        if !self.suspended && self.idle_since.is_some_and(|since| self.now >= since + SUSPEND_AFTER) {
            self.suspended = true;
            self.raise(GINTSTS::ERLYSUSP);
            self.raise(GINTSTS::USBSUSP);
        }
    }

    /// When something changes by itself: an SOF that software waits for, or the beginning of suspend.
    pub fn due(&self) -> Ps {
        let waits = self.field(Reg::GINTMSK, GINTMSK::SOFMSK) && !self.field(Reg::GINTSTS, GINTSTS::SOF);
        let next = |start: Ps| if self.now < start { start } else { start + self.sof_count() * FRAME };
        let sof = self.frames.filter(|_| waits).map(next);
        let suspend = self.idle_since.filter(|_| !self.suspended).map(|since| since + SUSPEND_AFTER);
        sof.into_iter().chain(suspend).min().unwrap_or(Ps::MAX)
    }

    // Interrupts

    fn words(&self, register: Reg, field: Field) -> usize {
        self.regs.field(register, field) as usize
    }

    /// The depth of a TX FIFO in words.
    fn depth(&self, fifo: usize) -> usize {
        match fifo {
            0 => self.words(Reg::GNPTXFSIZ, GNPTXFSIZ::NPTXFDEP),
            1 => self.words(Reg::DIEPTXF1, DIEPTXF1::INEP1TXFDEP),
            2 => self.words(Reg::DIEPTXF2, DIEPTXF2::INEP2TXFDEP),
            3 => self.words(Reg::DIEPTXF3, DIEPTXF3::INEP3TXFDEP),
            4 => self.words(Reg::DIEPTXF4, DIEPTXF4::INEP4TXFDEP),
            // The S3 has five TX FIFOs for seven endpoints.
            _ => 0,
        }
    }

    pub fn fifo_of(&self, endpoint: usize) -> usize {
        if endpoint == 0 {
            0
        } else {
            DIEPCTL::TXFNUM.get(self.ins[endpoint].ctl) as usize % ENDPOINTS
        }
    }

    /// MPS; endpoint 0 has a code for it.
    pub fn packet_size(&self, end: &End, endpoint: usize) -> usize {
        let field = DIEPCTL::MPS.get(end.ctl) as usize;
        if endpoint == 0 {
            64 >> (field & 3)
        } else {
            field.max(1)
        }
    }

    fn free_words(&self, endpoint: usize) -> usize {
        let fifo = self.fifo_of(endpoint);
        let size = self.packet_size(&self.ins[endpoint], endpoint);
        self.depth(fifo).saturating_sub(self.tx[fifo].words(size))
    }

    /// DIEPINT, with TXFEMP: the FIFO is empty, or half empty, as GAHBCFG.NPTXFEMPLVL says.
    fn in_interrupts(&self, endpoint: usize) -> u32 {
        let depth = self.depth(self.fifo_of(endpoint));
        let wanted = if self.field(Reg::GAHBCFG, GAHBCFG::NPTXFEMPLVL) { depth } else { depth.div_ceil(2) };
        let empty = self.free_words(endpoint) >= wanted;
        DIEPINT::TXFEMP.put(self.ins[endpoint].int, u32::from(empty))
    }

    fn daint(&self) -> u32 {
        let (ins, outs) = (self.regs.get(Reg::DIEPMSK), self.regs.get(Reg::DOEPMSK));
        let empty = self.regs.get(Reg::DIEPEMPMSK);
        (0..ENDPOINTS).fold(0, |daint, endpoint| {
            let wants = ins & !DIEPINT::TXFEMP.mask | (empty >> endpoint & 1) << DIEPINT::TXFEMP.mask.trailing_zeros();
            let input = u32::from(self.in_interrupts(endpoint) & wants != 0);
            let output = u32::from(self.outs[endpoint].int & outs != 0);
            daint | input << endpoint | output << (16 + endpoint)
        })
    }

    fn has_status(&self) -> bool {
        !self.rx.is_empty() && self.data_words == 0
    }

    pub fn gintsts(&self) -> u32 {
        let daint = self.daint() & self.regs.get(Reg::DAINTMSK);
        let levels = [
            (GINTSTS::CURMOD_INT, !self.is_device()),
            (GINTSTS::OTGINT, self.regs.get(Reg::GOTGINT) != 0),
            (GINTSTS::RXFLVI, self.has_status() && !self.uses_dma()),
            (GINTSTS::GINNAKEFF, self.field(Reg::DCTL, DCTL::GNPINNAKSTS)),
            (GINTSTS::GOUTNAKEFF, self.field(Reg::DCTL, DCTL::GOUTNAKSTS)),
            (GINTSTS::IEPINT, daint & 0xFFFF != 0),
            (GINTSTS::OEPINT, daint >> 16 != 0),
        ];
        levels.into_iter().fold(self.regs.get(Reg::GINTSTS), |all, (field, on)| field.put(all, u32::from(on)))
    }

    pub fn interrupts(&self) -> bool {
        self.field(Reg::GAHBCFG, GAHBCFG::GLBLLNTRMSK) && self.gintsts() & self.regs.get(Reg::GINTMSK) != 0
    }

    // Registers

    /// The value of a register, without side effects; `None`: none is declared there.
    pub fn load(&self, offset: u32) -> Option<u32> {
        if offset >= FIFO {
            return Some(self.rx.front().copied().unwrap_or(0));
        }
        let index = (offset >> 5 & 7) as usize;
        match offset {
            CHANNEL..0x600 => Channel::at(offset % STEP).map(|register| self.channels[index].load(register)),
            IN..0x9E0 => In::at(offset % STEP).map(|register| self.load_in(index, register)),
            OUT..0xBE0 => Out::at(offset % STEP).map(|register| self.load_out(index, register)),
            _ => Reg::at(offset).map(|register| self.load_global(register)),
        }
    }

    fn load_global(&self, register: Reg) -> u32 {
        match register {
            Reg::GINTSTS => self.gintsts(),
            Reg::GRXSTSR | Reg::GRXSTSP if self.has_status() => self.rx[0],
            Reg::GRSTCTL => GRSTCTL::AHBIDLE.put(self.regs.load(register), 1),
            Reg::DSTS => self.dsts(),
            Reg::DAINT => self.daint(),
            Reg::GOTGCTL => {
                let status = GOTGCTL::BSESVLD.put(self.regs.load(register), u32::from(self.b_session()));
                let status = GOTGCTL::ASESVLD.put(status, u32::from(self.a_session()));
                let status = GOTGCTL::CONIDSTS.put(status, u32::from(self.around.id));
                GOTGCTL::CURMOD.put(status, u32::from(!self.is_device()))
            }
            register => self.regs.load(register),
        }
    }

    fn load_in(&self, endpoint: usize, register: In) -> u32 {
        let end = &self.ins[endpoint];
        match register {
            In::DIEPCTL => end.ctl,
            In::DIEPINT => self.in_interrupts(endpoint),
            In::DIEPTSIZ => end.size,
            In::DIEPDMA | In::DIEPDMAB => end.dma,
            In::DTXFSTS => self.free_words(endpoint) as u32,
        }
    }

    fn load_out(&self, endpoint: usize, register: Out) -> u32 {
        let end = &self.outs[endpoint];
        match register {
            Out::DOEPCTL => end.ctl,
            Out::DOEPINT => end.int,
            Out::DOEPTSIZ => end.size,
            Out::DOEPDMA | Out::DOEPDMAB => end.dma,
        }
    }

    /// A load by software: GRXSTSP and the FIFOs pop.
    pub fn read(&mut self, offset: u32) -> Option<u32> {
        let value = self.load(offset);
        if offset >= FIFO {
            self.data_words = self.data_words.saturating_sub(1);
            self.rx.pop_front();
            self.kick = true;
        } else if Reg::at(offset).is_some_and(|register| matches!(register, Reg::GRXSTSP)) && self.has_status() {
            self.pop_status();
        }
        value
    }

    /// Software takes a status word; what it stands for becomes visible at the endpoint.
    fn pop_status(&mut self) {
        let Some(word) = self.rx.pop_front() else { return };
        let end = &mut self.outs[GRXSTSP::CHNUM.get(word) as usize % ENDPOINTS];
        let bytes = GRXSTSP::BCNT.get(word);
        match Status::of(word) {
            Some(Status::GlobalNak) => self.regs.set_field(Reg::DCTL, DCTL::GOUTNAKSTS, 1),
            Some(Status::OutData) => {
                end.set_left(end.left().saturating_sub(bytes));
                self.data_words = bytes.div_ceil(4) as usize;
            }
            // The packet itself has closed the endpoint; who has opened it again since, as the mask ROM does when it takes
            // the data, keeps it open.
            Some(Status::OutDone) => end.int |= DOEPINT::XFERCOMPL.mask,
            Some(Status::SetupDone) => end.int |= DOEPINT::SETUP.mask,
            Some(Status::SetupData) => self.data_words = bytes.div_ceil(4) as usize,
            None => {}
        }
        self.kick = true;
    }

    /// A store by software. False: no register is declared there.
    pub fn write(&mut self, offset: u32, write: Write, gaps: &mut Gaps) -> bool {
        if offset >= FIFO {
            self.push_fifo((offset / FIFO - 1) as usize, write.value);
            return true;
        }
        let index = (offset >> 5 & 7) as usize;
        let (attached, session) = (self.is_attached(), self.b_session());
        match offset {
            CHANNEL..0x600 => match Channel::at(offset % STEP) {
                Some(register) => self.channels[index].store(register, write, "USB0", gaps),
                None => return false,
            },
            IN..0x9E0 => match In::at(offset % STEP) {
                Some(register) => self.write_in(index, register, write, gaps),
                None => return false,
            },
            OUT..0xBE0 => match Out::at(offset % STEP) {
                Some(register) => self.write_out(index, register, write),
                None => return false,
            },
            _ => match Reg::at(offset) {
                Some(register) => self.write_global(register, write, gaps),
                None => return false,
            },
        }
        self.look_at_bus(attached);
        self.look_at_session(session);
        true
    }

    fn write_global(&mut self, register: Reg, write: Write, gaps: &mut Gaps) {
        let woken = self.field(Reg::DCTL, DCTL::RMTWKUPSIG);
        self.regs.store(register, write, "USB0", gaps);
        let raw = write.raw;
        match register {
            Reg::GRSTCTL => {
                if GRSTCTL::TXFFLSH.is_set(raw) {
                    self.flush(GRSTCTL::TXFNUM.get(write.value));
                }
                if GRSTCTL::RXFFLSH.is_set(raw) {
                    self.rx.clear();
                    self.data_words = 0;
                }
                if GRSTCTL::CSFTRST.is_set(raw) {
                    self.soft_reset();
                }
            }
            Reg::DCFG => self.settle_address(),
            Reg::DCTL => {
                self.wake_up |= self.field(Reg::DCTL, DCTL::RMTWKUPSIG) && !woken && self.suspended;
                if DCTL::SGOUTNAK.is_set(raw) && self.uses_dma() {
                    self.regs.set_field(Reg::DCTL, DCTL::GOUTNAKSTS, 1);
                } else if DCTL::SGOUTNAK.is_set(raw) {
                    self.rx.push_back(Status::GlobalNak.word(0, 0, false));
                }
                for (strobe, on) in [(DCTL::SGNPINNAK, 1), (DCTL::CGNPINNAK, 0)] {
                    if strobe.is_set(raw) {
                        self.regs.set_field(Reg::DCTL, DCTL::GNPINNAKSTS, on);
                    }
                }
                if DCTL::CGOUTNAK.is_set(raw) {
                    self.regs.set_field(Reg::DCTL, DCTL::GOUTNAKSTS, 0);
                }
            }
            _ => {}
        }
        self.kick = true;
    }

    fn flush(&mut self, which: u32) {
        for (fifo, tx) in self.tx.iter_mut().enumerate() {
            if which == ALL_FIFOS || which as usize == fifo {
                tx.clear();
            }
        }
    }

    fn write_in(&mut self, endpoint: usize, register: In, write: Write, gaps: &mut Gaps) {
        let end = &mut self.ins[endpoint];
        match register {
            In::DIEPCTL => {
                control(end, endpoint, write.raw);
                if DIEPCTL::SNAK.is_set(write.raw) {
                    end.int |= DIEPINT::INEPNAKEFF.mask;
                } else if DIEPCTL::CNAK.is_set(write.raw) {
                    end.int &= !DIEPINT::INEPNAKEFF.mask;
                }
                self.warn_of_isochronous(self.ins[endpoint].ctl, gaps);
                let fifo = self.fifo_of(endpoint);
                if self.ins[endpoint].is(DIEPCTL::EPENA) && self.depth(fifo) == 0 {
                    gaps.touch("USB0 TX FIFO", "an IN endpoint uses a TX FIFO without words, or one that the S3 lacks");
                }
            }
            In::DIEPINT => end.int &= !write.raw,
            In::DIEPTSIZ => end.size = write.value & (DIEPTSIZ::PKTCNT.mask | DIEPTSIZ::XFERSIZE.mask),
            In::DIEPDMA => end.dma = write.value,
            In::DTXFSTS | In::DIEPDMAB => {}
        }
        self.kick = true;
    }

    fn write_out(&mut self, endpoint: usize, register: Out, write: Write) {
        let end = &mut self.outs[endpoint];
        match register {
            Out::DOEPCTL => {
                control(end, endpoint, write.raw);
                // Endpoint 0 OUT cannot be disabled, and its MPS follows that of IN.
            }
            Out::DOEPINT => end.int &= !write.raw,
            Out::DOEPTSIZ => end.size = write.value & !(1 << 31),
            Out::DOEPDMA => end.dma = write.value,
            Out::DOEPDMAB => {}
        }
        self.kick = true;
    }

    fn warn_of_isochronous(&self, ctl: u32, gaps: &mut Gaps) {
        if DIEPCTL::EPTYPE.get(ctl) == ISOCHRONOUS {
            gaps.touch("USB0 isochronous endpoint", "the host never asks for isochronous data");
        }
    }

    /// A word into a TX FIFO: DIEPTSIZ says how many bytes of it count.
    fn push_fifo(&mut self, endpoint: usize, word: u32) {
        let Some(end) = self.ins.get_mut(endpoint) else { return };
        let bytes = end.left().min(4);
        end.set_left(end.left() - bytes);
        let fifo = self.fifo_of(endpoint);
        self.tx[fifo].push(&word.to_le_bytes()[..bytes as usize]);
        self.kick = true;
    }

    /// Words free in the RX FIFO.
    pub fn rx_room(&self) -> usize {
        self.words(Reg::GRXFSIZ, GRXFSIZ::RXFDEP).saturating_sub(self.rx.len())
    }
}
