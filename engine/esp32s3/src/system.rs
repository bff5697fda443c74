//! Everything but the processors: memories, blocks, and how they are brought up to date with each other.

use crate::block::{Block, InputEdge};
use crate::devices::Devices;
use crate::efuse::{Efuse, Fuses, InPackage, DEFAULT_MAC, DEFAULT_REVISION};
use crate::fabric::{Fabric, Reason, Request};
use crate::gdma::Port;
use crate::memories::{Memories, Mmu, Place, Shut};
use crate::rom::Rom;
use crate::sens::Around;
use crate::signals::*;
use crate::slots::Slot;
use crate::spi_mem::octal_flash::OctalFlash;
use crate::spi_mem::psram::{Psram, Wiring};
use crate::spi_mem::sampling::Timing;
use crate::spi_mem::spi1::{Chips, Spi1};
use engine_core::flash::FlashChip;
use engine_core::time::Ps;
use std::sync::Arc;

/// Bytes of a line of the caches, as ESP-IDF's Kconfig has them.
const CACHE_LINE: u32 = 32;

/// The chip without its processors, as a processor's bus sees it.
#[derive(Debug)]
pub struct System {
    /// The memories.
    pub mem: Memories,
    /// The blocks.
    pub dev: Devices,
    /// The processor whose access is under way.
    pub core: usize,
    /// What that processor cannot reach of flash and PSRAM.
    pub shut: Shut,
    /// The cycle that the other processor has reached; `u64::MAX` while it sleeps.
    pub other_cycle: u64,
    /// What the processor has loaded since it asked for that stays as it is until this cycle, or the next event.
    pub unchanged_until: u64,
    /// The mask ROM: functions of ours, or the silicon's code.
    pub rom: Arc<Rom>,
}

impl System {
    /// A chip with this much flash and PSRAM, in bytes.
    pub fn new(flash: usize, psram: usize, wiring: Wiring) -> Self {
        let mut dev = Devices::new(FlashChip::new(flash), Psram::new(wiring, psram));
        dev.efuse = Efuse::with(Fuses::module(DEFAULT_MAC, DEFAULT_REVISION, InPackage::of(psram)));
        let mem = Memories::new(flash, psram);
        let mut system = Self {
            mem,
            dev,
            core: 0,
            shut: Shut::default(),
            other_cycle: u64::MAX,
            unchanged_until: 0,
            rom: Arc::default(),
        };
        system.set_rom(Arc::default());
        system.restart_devices(Reason::PowerOn);
        system
    }

    /// Is the flash chip one of eight lines? The fuses say so.
    pub fn set_octal_flash(&mut self, octal: bool) {
        self.dev.octal_flash = octal.then(OctalFlash::new);
        self.dev.efuse.set_flash_type(octal);
    }

    /// Puts a mask ROM in.
    pub fn set_rom(&mut self, rom: Arc<Rom>) {
        self.mem.rom_i = rom.image().bytes().to_vec();
        self.mem.rom_d = rom.image().data().to_vec();
        self.rom = rom;
    }

    /// The accesses that follow are this processor's.
    pub fn select(&mut self, core: usize) {
        self.core = core;
        self.shut = self.dev.extmem.shut(core);
        if self.dev.spi1.gives_way() {
            // Loads of flash take the way of what the caches refuse: [`System::past_the_chips_work`].
            self.shut.data |= Mmu::INVALID;
        }
    }

    /// Carries out what is due in a slot.
    pub fn event(&mut self, slot: Slot) {
        let Devices {
            fabric,
            mmu,
            aes,
            apb_saradc,
            ds,
            efuse,
            ethernet,
            gdma,
            hmac,
            i2c0,
            i2c1,
            i2s0,
            i2s1,
            regi2c,
            rtc_cntl,
            lcd_cam,
            ledc,
            mcpwm0,
            mcpwm1,
            pcnt,
            peri_backup,
            sdhost,
            sdm,
            rmt,
            rsa,
            sens,
            sha,
            spi1,
            spi2,
            spi3,
            sysreg,
            systimer,
            timg0,
            timg1,
            twai,
            uart0,
            uart1,
            uart2,
            uhci0,
            usb_otg,
            usb_serial_jtag,
            xts_aes,
            ..
        } = &mut self.dev;
        match slot {
            Slot::Stimulus => self.stimulus(),
            Slot::Gdma => gdma.event(&mut self.mem, mmu, fabric),
            Slot::RtcTimer | Slot::RtcWatchdog | Slot::SuperWatchdog | Slot::CrystalWatchdog | Slot::RtcSleep => {
                rtc_cntl.event(slot, fabric);
            }
            Slot::Systimer0 | Slot::Systimer1 | Slot::Systimer2 => systimer.event(slot, fabric),
            Slot::Timg0T0 | Slot::Timg0T1 | Slot::Timg0Wdt => timg0.event(slot, fabric),
            Slot::Timg1T0 | Slot::Timg1T1 | Slot::Timg1Wdt => timg1.event(slot, fabric),
            Slot::Uart0Tx | Slot::Uart0Rx => {
                uart0.event(slot, fabric);
                uhci0.uart_moved(0, fabric);
            }
            Slot::Uart1Tx | Slot::Uart1Rx => {
                uart1.event(slot, fabric);
                uhci0.uart_moved(1, fabric);
            }
            Slot::Uart2Tx | Slot::Uart2Rx => {
                uart2.event(slot, fabric);
                uhci0.uart_moved(2, fabric);
            }
            Slot::RtcTouch | Slot::Adc1 | Slot::Adc2 | Slot::Temperature => {
                sens.due(slot, Around { analog: regi2c, rtc: rtc_cntl, grant: apb_saradc.grant() }, fabric);
            }
            Slot::AdcDigital => {
                apb_saradc.due(regi2c, sens, &mut Port { gdma, mem: &mut self.mem, mmu }, fabric);
            }
            Slot::Aes => aes.due(&mut Port { gdma, mem: &mut self.mem, mmu }, fabric),
            Slot::Sha => sha.due(&mut Port { gdma, mem: &mut self.mem, mmu }, fabric),
            Slot::Uhci => uhci0.due([uart0, uart1, uart2], &mut Port { gdma, mem: &mut self.mem, mmu }, fabric),
            Slot::PeriBackup => peri_backup.event(fabric),
            Slot::Ethernet => ethernet.due(&mut self.mem, mmu, fabric),
            Slot::Rsa => rsa.event(slot, fabric),
            Slot::Hmac => hmac.due(efuse.fuses(), fabric),
            Slot::Ds => ds.due(hmac),
            Slot::XtsAes => xts_aes.due(efuse.fuses(), sysreg.enables_manual_encryption(), fabric),
            Slot::Spi1 => spi1.event(slot, fabric),
            Slot::Spi2 => spi2.event(slot, fabric, &mut Port { gdma, mem: &mut self.mem, mmu }),
            Slot::Spi3 => spi3.event(slot, fabric, &mut Port { gdma, mem: &mut self.mem, mmu }),
            Slot::I2c0 => i2c0.event(slot, fabric),
            Slot::I2c1 => i2c1.event(slot, fabric),
            Slot::I2s0Tx | Slot::I2s0Rx | Slot::I2s0Mclk => {
                i2s0.event(slot, fabric, &mut Port { gdma, mem: &mut self.mem, mmu })
            }
            Slot::I2s1Tx | Slot::I2s1Rx | Slot::I2s1Mclk => {
                i2s1.event(slot, fabric, &mut Port { gdma, mem: &mut self.mem, mmu })
            }
            Slot::Lcd | Slot::Cam | Slot::CamClock => {
                lcd_cam.event(slot, fabric, &mut Port { gdma, mem: &mut self.mem, mmu })
            }
            Slot::Ledc => ledc.event(slot, fabric),
            Slot::Mcpwm0 => mcpwm0.event(slot, fabric),
            Slot::Mcpwm1 => mcpwm1.event(slot, fabric),
            Slot::Pcnt => pcnt.event(slot, fabric),
            Slot::Sdhost => sdhost.serve(&mut self.mem, mmu, fabric),
            Slot::Sdm => sdm.event(slot, fabric),
            Slot::RmtTx0
            | Slot::RmtTx1
            | Slot::RmtTx2
            | Slot::RmtTx3
            | Slot::RmtRx0
            | Slot::RmtRx1
            | Slot::RmtRx2
            | Slot::RmtRx3 => rmt.event(slot, fabric, &mut Port { gdma, mem: &mut self.mem, mmu }),
            Slot::Twai | Slot::TwaiClkout => twai.event(slot, fabric),
            Slot::UsbOtg | Slot::UsbHost => usb_otg.serve(slot, &mut self.mem, mmu, fabric),
            Slot::UsbSerialJtag => usb_serial_jtag.event(slot, fabric),
        }
        self.settle();
    }

    /// Blocks that work in batches carry out what is due by now, for those who look from outside.
    pub fn catch_up(&mut self) {
        let Devices { fabric, mmu, gdma, i2s0, i2s1, .. } = &mut self.dev;
        let mut port = Port { gdma, mem: &mut self.mem, mmu };
        i2s0.catch_up(fabric, &mut port);
        i2s1.catch_up(fabric, &mut port);
        self.dev.bring_pins_up_to_date();
        self.settle();
    }

    /// What follows an access or an event: blocks see the inputs that changed, and requests are carried out.
    #[inline]
    pub fn settle(&mut self) {
        let Devices { fabric, spi1, .. } = &self.dev;
        // Most accesses leave nothing behind, and loops that poll a register come by here each time.
        if spi1.has_started() || fabric.has_input_changes() || !fabric.requests.is_empty() {
            self.settle_changes();
        }
    }

    fn settle_changes(&mut self) {
        if self.dev.spi1.has_started() {
            self.talk_to_flash();
        }
        self.tell_inputs();
        self.carry_out_requests();
    }

    /// SPI1 was told to start.
    fn talk_to_flash(&mut self) {
        self.with_flash(|spi1, chips, clock, fabric| {
            if spi1.carry_out(chips, clock, fabric) {
                fabric.attention();
            }
        });
    }

    /// The caches want a line of flash, which takes `time`: how much later it comes where the chip works.
    pub(crate) fn flash_in_the_way(&mut self, addr: u32, time: Ps) -> Ps {
        let now = self.dev.fabric.now();
        if !self.dev.flash_chip.works(now) {
            return 0;
        }
        self.with_flash(|spi1, chips, clock, fabric| spi1.give_way(addr / CACHE_LINE, time, chips, clock, fabric))
    }

    fn with_flash<R>(&mut self, act: impl FnOnce(&mut Spi1, &mut Chips<'_>, Timing, &mut Fabric) -> R) -> R {
        let Devices { fabric, spi0, spi1, xts_aes, flash_chip, octal_flash, psram_chip, .. } = &mut self.dev;
        let Memories { flash, psram, .. } = &mut self.mem;
        let mut chips = Chips {
            flash: flash_chip,
            cells: flash,
            octal: octal_flash.as_mut(),
            psram: psram_chip,
            ram: psram,
            encrypted: xts_aes.available(),
        };
        act(spi1, &mut chips, spi0.timing(), fabric)
    }

    /// Changes from outside are due.
    pub fn stimulus(&mut self) {
        let fabric = &mut self.dev.fabric;
        let now = fabric.now();
        fabric.pins.apply_stimuli(now);
        fabric.levels_changed(now);
        let next = fabric.pins.next_stimulus();
        fabric.at(Slot::Stimulus, next);
    }

    /// Blocks that watch inputs are told what changed, in the order of time; what they drive in answer is told as well.
    fn tell_inputs(&mut self) {
        loop {
            let changes = self.dev.fabric.take_input_changes();
            if changes.is_empty() {
                return;
            }
            for (_, pins, levels, edges) in changes {
                let Devices { fabric, gpio, rtc_cntl, rtc_io, .. } = &mut self.dev;
                rtc_io.pins_changed(pins, levels, fabric);
                rtc_cntl.pins_changed(pins, fabric);
                gpio.pins_changed(pins & fabric.interrupting_pins, levels, fabric);
                for edge in edges {
                    self.tell_input(edge);
                }
            }
        }
    }

    fn tell_input(&mut self, edge: InputEdge) {
        let dev = &mut self.dev;
        let fabric = &mut dev.fabric;
        match edge.signal {
            I2S0O_BCK | I2S0O_WS | I2S0I_BCK | I2S0I_WS => dev.i2s0.input(edge, fabric),
            I2S1O_BCK | I2S1O_WS | I2S1I_BCK | I2S1I_WS => dev.i2s1.input(edge, fabric),
            I2CEXT0_SDA | I2CEXT0_SCL => dev.i2c0.input(edge, fabric),
            I2CEXT1_SDA | I2CEXT1_SCL => dev.i2c1.input(edge, fabric),
            FSPICLK | FSPICS0 => dev.spi2.input(edge, fabric),
            SPI3_CLK | SPI3_CS0 => dev.spi3.input(edge, fabric),
            U0RXD | U0CTS | U0DSR => dev.uart0.input(edge, fabric),
            U1RXD | U1CTS | U1DSR => dev.uart1.input(edge, fabric),
            U2RXD | U2CTS | U2DSR => dev.uart2.input(edge, fabric),
            PWM0_SYNC0..=PWM0_CAP2 => dev.mcpwm0.input(edge, fabric),
            PWM1_SYNC0..=PWM1_CAP2 => dev.mcpwm1.input(edge, fabric),
            signal if crate::lcd_cam::INPUTS.contains(&signal) => dev.lcd_cam.input(edge, fabric),
            signal if crate::sdhost::INPUTS.contains(&signal) => dev.sdhost.input(edge, fabric),
            signal if crate::pcnt::INPUTS.contains(&signal) => dev.pcnt.input(edge, fabric),
            RMT_SIG_IN0 | RMT_SIG_IN1 | RMT_SIG_IN2 | RMT_SIG_IN3 => dev.rmt.input(edge, fabric),
            TWAI_RX => dev.twai.input(edge, fabric),
            signal => unreachable!("nobody watches input signal {signal}"),
        }
    }

    /// Blocks go back to their reset state as far as the reason reaches, TRM chapter 8: a core reset resets the digital
    /// side but not RTC, a system reset both.
    pub fn restart_devices(&mut self, reason: Reason) {
        if reason == Reason::DeepSleep {
            self.mem.lose_digital();
        }
        self.dev.restart(reason);
        // The fuses tell the mask ROM that the flash has eight lines; it resets the chip to one before it reads.
        self.dev.octal_flash = self.dev.octal_flash.as_ref().map(|_| OctalFlash::new());
        self.dev.mmu = Mmu::new();
        self.select(self.core);
        self.settle();
    }

    /// Carries out what blocks asked of the chip, as far as it concerns the blocks themselves.
    pub fn carry_out_requests(&mut self) {
        if self.dev.fabric.requests.is_empty() {
            return;
        }
        for request in std::mem::take(&mut self.dev.fabric.requests) {
            match request {
                Request::CpuClock(rate) => {
                    let fabric = &mut self.dev.fabric;
                    fabric.clock.set_rate(rate, fabric.cycle);
                }
                Request::Rates => self.dev.clocks_changed(),
                Request::ResetBlock(base) => self.dev.reset_block(base),
                Request::RtcMemoryCrc(first, words) => {
                    let end = self.mem.rtc_fast.size().min(4 * (first + words) as usize);
                    self.mem.bring(Place::RtcFast(0), 0, end);
                    let memory = self.mem.rtc_fast.bytes();
                    self.dev.sysreg.set_rtc_memory_crc(memory.get(4 * first as usize..end).unwrap_or(&[]));
                }
                Request::CopyRegisters => self.copy_registers(),
                other => self.dev.fabric.requests.push(other),
            }
        }
    }

    /// What PERI_BACKUP was told to copy.
    fn copy_registers(&mut self) {
        let copy = self.dev.peri_backup.copy();
        for offset in (0..4 * copy.words).step_by(4) {
            let (register, memory) = (copy.registers.wrapping_add(offset), copy.memory.wrapping_add(offset));
            let Some(place) = self.mem.place(&self.dev.mmu, memory) else {
                let why = "an address of memory where there is none";
                self.dev.fabric.gaps.touch("PERI_BACKUP.MEM_ADDR", why);
                return;
            };
            if copy.to_memory {
                let word = self.read_register(register);
                if self.mem.store::<4>(place, word).is_some_and(|stale| stale) {
                    self.dev.fabric.attention();
                }
                self.mem.stored(place, memory, &word.to_le_bytes());
            } else if self.mem.bring(place, memory, 4) {
                let word = self.mem.load::<4>(place);
                self.write_register(register, word);
            }
        }
    }
}
