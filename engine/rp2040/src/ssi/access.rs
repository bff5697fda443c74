//! The controller with what it needs of the chip: flash chip and cells, chip select, and who accesses it.

use super::*;

impl System {
    /// Brings the controller, and with it the flash chip, up to now.
    pub(crate) fn sync_ssi(&mut self) {
        let now = self.dev.fabric.cycle;
        self.read_chip_select();
        loop {
            let ssi = &mut self.dev.ssi;
            if ssi.step == Step::Idle {
                if !ssi.can_start() {
                    break;
                }
                ssi.start(now);
                self.drive_select(now);
            }
            let end = self.dev.ssi.end;
            if end > now {
                break;
            }
            let time = self.dev.fabric.clock.ps_at(end);
            let Devices { ssi, flash_chip, pads_qspi, fabric, .. } = &mut self.dev;
            let output_disabled = pads_qspi.peek(PAD_SD0, fabric) & OUTPUT_DISABLE != 0;
            ssi.finish(&mut Lines { chip: flash_chip, cells: &mut self.mem.flash, now: time, output_disabled });
            self.drive_select(end);
        }
        let Devices { ssi, fabric, .. } = &mut self.dev;
        ssi.update(fabric);
    }

    /// IO_QSPI can force chip select high or low: GPIO_QSPI_SS_CTRL.OUTOVER 2 and 3, or OEOVER 2, which leaves it to
    /// the pull-up.
    fn read_chip_select(&mut self) {
        let Devices { io_qspi, fabric, ssi, .. } = &mut self.dev;
        let control = io_qspi.peek(SS_CTRL, fabric);
        let forced = match (control >> 12 & 3, control >> 8 & 3) {
            (2, _) => Some(false),
            (_, 2) => Some(true),
            (_, 3) => Some(false),
            _ => None,
        };
        if ssi.forced != forced {
            ssi.forced = forced;
            self.drive_select(self.dev.fabric.cycle);
        }
    }

    /// A store to IO_QSPI may have moved chip select.
    pub(crate) fn chip_select_changed(&mut self) {
        self.read_chip_select();
    }

    fn drive_select(&mut self, cycle: u64) {
        let level = self.dev.ssi.select_level();
        self.select_flash(level, cycle);
    }

    /// Chip select as the flash chip sees it. What the chip has done is passed on.
    fn select_flash(&mut self, level: bool, cycle: u64) {
        let time = self.dev.fabric.clock.ps_at(cycle);
        let report = self.dev.flash_chip.select(level, &mut self.mem.flash, time);
        self.dev.xip_ctrl.forget_path();
        if let Some(report) = report {
            self.flash_reported(report);
        }
    }

    pub(crate) fn flash_reported(&mut self, report: Report) {
        match report {
            Report::Changed { from, count, stale } => {
                self.dev.xip_ctrl.cells_changed(from, count);
                if stale {
                    self.dev.fabric.attention();
                }
            }
            Report::Unknown(instruction) => {
                let name = format!("FLASH instruction 0x{instruction:02X}");
                self.dev.fabric.gaps.touch(&name, "the flash chip has no model of this instruction and ignores it");
            }
            Report::Refused(instruction) => {
                let name = format!("FLASH instruction 0x{instruction:02X} refused");
                let why = "firmware bug: no Write Enable came before it, or the block is protected";
                self.dev.fabric.gaps.touch(&name, why);
            }
        }
    }

    /// One whole instruction, as the ROM's functions send it with chip select forced: bytes out, bytes back. It begins
    /// `after` cycles from now and ends when its last bit is out, which is when the chip acts.
    pub(crate) fn flash_instruction(&mut self, out: &[u8], answer: usize, after: u64) -> Vec<u8> {
        let begin = self.dev.fabric.cycle + after;
        let end = begin + ((out.len() + answer) * 8) as u64 * u64::from(self.dev.ssi.baud());
        let now = self.dev.fabric.clock.ps_at(begin);
        self.select_flash(true, begin);
        let mut lines =
            Lines { chip: &mut self.dev.flash_chip, cells: &mut self.mem.flash, now, output_disabled: false };
        for &byte in out {
            lines.shift(byte.into(), 8, 1);
        }
        let back = (0..answer).map(|_| lines.shift(0, 8, 1) as u8).collect();
        self.select_flash(false, end);
        back
    }

    /// A read with an instruction, an address with mode bits, and one word that nobody wants.
    pub(crate) fn send_xip_command(&mut self, instruction: u32, address: u32) {
        let cycle = self.dev.fabric.cycle;
        let format = self.dev.ssi.format();
        self.select_flash(true, cycle);
        let now = self.dev.fabric.now();
        let mut lines =
            Lines { chip: &mut self.dev.flash_chip, cells: &mut self.mem.flash, now, output_disabled: false };
        lines.command(&format, instruction, address);
        lines.receive(32, format.lanes);
        self.select_flash(false, cycle);
    }

    /// Does the flash chip give its cells to the read that XIP makes? It is tried out, so the chip is left as any
    /// such read leaves it. Cycles of a read of 64 and of 32 bits.
    pub(crate) fn try_xip_read(&mut self) -> Option<(u32, u32)> {
        self.sync_ssi();
        let (format, instruction, address) = self.dev.ssi.xip_read(0)?;
        let now = self.dev.fabric.now();
        let Devices { flash_chip, .. } = &mut self.dev;
        if flash_chip.select(true, &mut self.mem.flash, now).is_some() {
            return None;
        }
        let mut lines = Lines { chip: flash_chip, cells: &mut self.mem.flash, now, output_disabled: false };
        lines.command(&format, instruction, address);
        let works = lines.chip.reads() == Some((0, format.lanes));
        lines.receive(32, format.lanes);
        let report = self.dev.flash_chip.select(false, &mut self.mem.flash, now);
        if let Some(report) = report {
            self.flash_reported(report);
        }
        works.then(|| (format.cycles(64), format.cycles(32)))
    }

    /// A load from an SSI register.
    pub(crate) fn load_ssi(&mut self, offset: u32) -> u32 {
        self.sync_ssi();
        let Devices { ssi, fabric, .. } = &mut self.dev;
        let register = if (DR_FIRST..=DR_LAST).contains(&offset) { Some(Reg::DR0) } else { Reg::at(offset) };
        let Some(register) = register else {
            return undeclared("SSI", offset, fabric);
        };
        let value = match register {
            Reg::DR0 => ssi.rx.pop_front().unwrap_or_else(|| {
                ssi.rx_underflow = true;
                0
            }),
            Reg::TXOICR => u32::from(std::mem::take(&mut ssi.tx_overflow)),
            Reg::RXOICR => u32::from(std::mem::take(&mut ssi.rx_overflow)),
            Reg::RXUICR => u32::from(std::mem::take(&mut ssi.rx_underflow)),
            Reg::ICR => {
                let any = ssi.tx_overflow | ssi.rx_overflow | ssi.rx_underflow;
                (ssi.tx_overflow, ssi.rx_overflow, ssi.rx_underflow) = (false, false, false);
                any.into()
            }
            register => ssi.peek(register),
        };
        self.ssi_accessed();
        value
    }

    /// A store to an SSI register.
    pub(crate) fn store_ssi(&mut self, offset: u32, value: u32) {
        self.sync_ssi();
        let Devices { ssi, fabric, xip_ctrl, .. } = &mut self.dev;
        let register = if (DR_FIRST..=DR_LAST).contains(&offset) { Some(Reg::DR0) } else { Reg::at(offset) };
        let Some(register) = register else {
            undeclared("SSI", offset, fabric);
            return;
        };
        match register {
            Reg::DR0 if !ssi.enabled() => {
                let why = "firmware bug: the SSI ignores data while SSIENR is 0";
                fabric.gaps.touch("SSI.DR0 while disabled", why);
            }
            Reg::DR0 if ssi.tx.len() == DEPTH => ssi.tx_overflow = true,
            Reg::DR0 => ssi.tx.push_back(value),
            // These can only be written while the controller is disabled (4.10.13).
            Reg::CTRLR0 | Reg::CTRLR1 | Reg::BAUDR | Reg::SPI_CTRLR0 | Reg::RX_SAMPLE_DLY if ssi.enabled() => {
                let name = format!("SSI.{} while enabled", Reg::TABLE[register.index()].name);
                fabric.gaps.touch(&name, "firmware bug: the SSI ignores this store while SSIENR is 1");
            }
            register => {
                // The divider is even: its lowest bit reads 0.
                let value = if register == Reg::BAUDR { value & !1 } else { value };
                ssi.bank.store(register, Write::word(value), "SSI", &mut fabric.gaps);
            }
        }
        xip_ctrl.forget_path();
        if register == Reg::SSIENR && !ssi.enabled() {
            // Disabling ends a transfer and empties the FIFOs.
            (ssi.step, ssi.selected) = (Step::Idle, false);
            ssi.tx.clear();
            ssi.rx.clear();
            let cycle = fabric.cycle;
            self.drive_select(cycle);
        }
        self.ssi_accessed();
    }

    fn ssi_accessed(&mut self) {
        self.sync_ssi();
        self.schedule_ssi();
    }

    /// Slot::Ssi is due when a watched transfer goes on, or a word of the XIP stream arrives.
    pub(crate) fn schedule_ssi(&mut self) {
        let frame = if self.dev.ssi.watched() { self.dev.ssi.end } else { u64::MAX };
        let next = frame.min(self.dev.xip_ctrl.stream_due());
        let fabric = &mut self.dev.fabric;
        let at = if next == u64::MAX { Ps::MAX } else { fabric.clock.ps_at(next) };
        if fabric.events.due(Slot::Ssi as usize) != at {
            fabric.at(Slot::Ssi, at);
        }
    }

    /// Slot::Ssi is due.
    pub(crate) fn ssi_event(&mut self) {
        self.sync_ssi();
        self.sync_stream();
        self.schedule_ssi();
        self.carry_out_requests();
    }
}
