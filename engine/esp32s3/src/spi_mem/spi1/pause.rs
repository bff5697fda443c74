//! Programming and erasing that give way: suspended by software, or by itself where the caches want a line of flash.

use super::*;

impl Spi1 {
    /// Would the caches' reads of flash suspend what the chip does now?
    pub fn gives_way(&self) -> bool {
        self.waits && self.suspends_by_itself()
    }

    fn suspends_by_itself(&self) -> bool {
        FLASH_SUS_CTRL::FLASH_PES_EN.is_set(self.bank.get(Reg::FLASH_SUS_CTRL))
    }

    /// The caches want a line of flash, which takes `time`, while the chip works. The answer is how much later it comes.
    pub fn give_way(&mut self, line: u32, time: Ps, chips: &mut Chips<'_>, timing: Timing, fabric: &mut Fabric) -> Ps {
        if !chips.flash.works(fabric.now()) {
            return 0;
        }
        if !self.suspends_by_itself() {
            let why = "it programs or erases, and FLASH_PES_EN is off: silicon does not get what it wants";
            fabric.gaps.touch("flash read by the caches while the chip works", why);
            return 0;
        }
        if !self.brought.insert(line) {
            return 0;
        }
        if self.pausing.is_some() {
            // The instruction that software has sent goes first.
            self.event(Slot::Spi1, fabric);
        }
        let (late, ready) = self.send_pause(Pause::Suspend, chips, timing, fabric);
        if !chips.flash.is_suspended() {
            fabric.gaps.touch("SPI1.FLASH_PES_COMMAND", "the flash chip does not know it as a suspension");
            return 0;
        }
        if late < ready {
            let why = "the wait behind a suspension is shorter than the chip takes (tSUS): silicon reads too early";
            fabric.gaps.touch("SPI1.CS_HOLD_DLY_RES", why);
        }
        let mut ends = INT_RAW::PES_END_INT_RAW.mask;
        if self.resumes_by_itself() {
            let per = self.bus_clock(timing).duration(INSTRUCTION);
            chips.flash.resume_at(fabric.now() + late + time + per);
            self.wait_for_chip(chips, timing, fabric);
            ends |= INT_RAW::PER_END_INT_RAW.mask;
        } else {
            fabric.cancel(Slot::Spi1);
            self.bank.set_field(Reg::SUS_STATUS, SUS_STATUS::FLASH_SUS, 1);
        }
        self.bank.set(Reg::INT_RAW, self.bank.get(Reg::INT_RAW) | ends);
        self.interrupt(fabric);
        late
    }

    fn resumes_by_itself(&self) -> bool {
        MISC::AUTO_PER.is_set(self.bank.get(Reg::MISC))
            || FLASH_SUS_CMD::PES_PER_EN.is_set(self.bank.get(Reg::FLASH_SUS_CMD))
    }

    pub(super) fn pause(&mut self, pause: Pause, chips: &mut Chips<'_>, timing: Timing, fabric: &mut Fabric) {
        let (time, _) = self.send_pause(pause, chips, timing, fabric);
        self.resumed_until = chips.flash.busy_until(fabric.now()).unwrap_or(0);
        self.pausing = Some(pause);
        fabric.after(Slot::Spi1, time);
    }

    /// The instruction that FLASH_SUS_CTRL has for it, and the wait behind it: a time that FLASH_SUS_CMD may ask for, and of a
    /// suspension until the chip is ready (WAITI_EN). The answers are how long that takes, and how long the chip does.
    fn send_pause(&mut self, pause: Pause, chips: &mut Chips<'_>, timing: Timing, fabric: &mut Fabric) -> (Ps, Ps) {
        let (ctrl, cmd) = (self.bank.get(Reg::FLASH_SUS_CTRL), self.bank.get(Reg::FLASH_SUS_CMD));
        let status = self.bank.get(Reg::SUS_STATUS);
        let (instruction, waits, long) = match pause {
            Pause::Suspend => (
                FLASH_SUS_CTRL::FLASH_PES_COMMAND.get(ctrl),
                FLASH_SUS_CMD::FLASH_PES_WAIT_EN.is_set(cmd),
                SUS_STATUS::FLASH_PES_DLY_256.is_set(status),
            ),
            Pause::Resume => (
                FLASH_SUS_CTRL::FLASH_PER_COMMAND.get(ctrl),
                FLASH_SUS_CMD::FLASH_PER_WAIT_EN.is_set(cmd),
                SUS_STATUS::FLASH_PER_DLY_256.is_set(status),
            ),
        };
        let transfer = Transfer::command(instruction as u8);
        flash_transfer(&transfer, 0, chips, &mut [], fabric);
        let wait = self.bank.field(Reg::CTRL1, CTRL1::CS_HOLD_DLY_RES) * if long { 256 } else { 4 };
        let clock = self.bus_clock(timing);
        let mut time = clock.duration(u64::from(transfer.clocks() + if waits { wait } else { 0 }));
        let now = fabric.now();
        let ready = chips.flash.busy_until(now).map_or(0, |end| end - now);
        if pause == Pause::Suspend && FLASH_WAITI_CTRL::WAITI_EN.is_set(self.bank.get(Reg::FLASH_WAITI_CTRL)) {
            time = time.max(ready + clock.duration(STATUS_READ));
        }
        (time, ready)
    }
}
