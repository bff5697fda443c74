//! Everything but the processors: memories, blocks, and how they are brought up to date with each other.

use crate::block::Block;
use crate::bootrom::Bootrom;
use crate::fabric::{Fabric, Irq, Reason, Request, Slot};
use crate::pads::Func;
use crate::sio::Sio;
use crate::*;
use engine_core::flash::FlashChip;
use engine_core::lent::Foreign;
use engine_core::memory::Memory;
use engine_core::time::Hertz;
use serde::{Deserialize, Serialize};

/// SRAM0 to SRAM5, datasheet 2.6.2.
pub const SRAM_SIZE: usize = 264 * 1024;

/// The ring oscillator after power-on: nominally 6.5 MHz, datasheet 2.17.1.
pub const ROSC_HZ: u64 = 6_500_000;

/// The memories, which snapshots share by pages.
#[derive(Debug)]
pub struct Memories {
    /// SRAM0 to SRAM5 as software usually sees them (striped).
    pub sram: Memory,
    /// The cells of the flash chip.
    pub flash: Memory,
    /// SRAM is somebody else's: `sram` is a copy of it for the DMA controller.
    pub foreign: Option<Box<Foreign>>,
}

/// The blocks and what they share: all that a snapshot copies.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[allow(missing_docs)]
pub struct Devices {
    pub fabric: Fabric,
    pub bootrom: Bootrom,
    pub flash_chip: FlashChip,
    pub xip_ctrl: xip_ctrl::XipCtrl,
    pub ssi: ssi::Ssi,
    pub sio: Sio,
    pub sysinfo: sysinfo::Sysinfo,
    pub syscfg: syscfg::Syscfg,
    pub clocks: clocks::Clocks,
    pub resets: resets::Resets,
    pub psm: psm::Psm,
    pub io_bank0: io_bank0::IoBank0,
    pub io_qspi: io_qspi::IoQspi,
    pub pads_bank0: pads_bank0::PadsBank0,
    pub pads_qspi: pads_qspi::PadsQspi,
    pub xosc: xosc::Xosc,
    pub pll: [pll::Pll; 2],
    pub busctrl: busctrl::Busctrl,
    pub uart: [uart::Uart; 2],
    pub spi: [spi::Spi; 2],
    pub i2c: [i2c::I2c; 2],
    pub adc: adc::Adc,
    pub pwm: pwm::Pwm,
    pub timer: timer::Timer,
    pub watchdog: watchdog::Watchdog,
    pub rtc: rtc::Rtc,
    pub rosc: rosc::Rosc,
    pub vreg: vreg::Vreg,
    pub tbman: tbman::Tbman,
    pub dma: dma::Dma,
    pub usb: usb::Usb,
    pub pio: [pio::Pio; 2],
}

/// The chip without its processors, as a processor's bus sees it.
#[derive(Debug)]
pub struct System {
    /// The memories.
    pub mem: Memories,
    /// The blocks.
    pub dev: Devices,
    /// The processor whose access is under way.
    pub core: usize,
    /// The cycle that the other processor has reached; `u64::MAX` while it sleeps.
    pub other_cycle: u64,
}

impl Devices {
    /// The blocks after power-on.
    pub fn new(flash_size: usize) -> Self {
        Self {
            fabric: Fabric::new(Hertz::new(ROSC_HZ)),
            bootrom: Bootrom::new(),
            flash_chip: FlashChip::new(flash_size),
            xip_ctrl: xip_ctrl::XipCtrl::new(),
            ssi: ssi::Ssi::new(),
            sio: Sio::new(),
            sysinfo: sysinfo::Sysinfo::new(),
            syscfg: syscfg::Syscfg::new(),
            clocks: clocks::Clocks::new(),
            resets: resets::Resets::new(),
            psm: psm::Psm::new(),
            io_bank0: io_bank0::IoBank0::new(),
            io_qspi: io_qspi::IoQspi::new(),
            pads_bank0: pads_bank0::PadsBank0::new(),
            pads_qspi: pads_qspi::PadsQspi::new(),
            xosc: xosc::Xosc::new(),
            pll: [pll::Pll::new(0), pll::Pll::new(1)],
            busctrl: busctrl::Busctrl::new(),
            uart: [uart::Uart::new(0), uart::Uart::new(1)],
            spi: [spi::Spi::new(0), spi::Spi::new(1)],
            i2c: [i2c::I2c::new(0), i2c::I2c::new(1)],
            adc: adc::Adc::new(),
            pwm: pwm::Pwm::new(),
            timer: timer::Timer::new(),
            watchdog: watchdog::Watchdog::new(),
            rtc: rtc::Rtc::new(),
            rosc: rosc::Rosc::new(),
            vreg: vreg::Vreg::new(),
            tbman: tbman::Tbman::new(),
            dma: dma::Dma::new(),
            usb: usb::Usb::new(),
            pio: [pio::Pio::new(0), pio::Pio::new(1)],
        }
    }
}

impl System {
    /// A chip with this much flash on its QSPI pins, all of it erased.
    pub fn new(flash_size: usize) -> Self {
        Self {
            mem: Memories { sram: Memory::new(SRAM_SIZE, 0), flash: Memory::new(flash_size, 0xFF), foreign: None },
            dev: Devices::new(flash_size),
            core: 0,
            other_cycle: u64::MAX,
        }
    }

    /// Carries out what is due in a slot.
    pub fn event(&mut self, slot: Slot) {
        // All others change pins, look at them or show something else outside: PIO, which does so too, comes first.
        let inside = matches!(
            slot,
            Slot::Timer0
                | Slot::Timer1
                | Slot::Timer2
                | Slot::Timer3
                | Slot::Dma
                | Slot::DmaTimer
                | Slot::Adc
                | Slot::Ssi
        );
        if !inside {
            // The instruction under way may have ended later than the event was due.
            let fabric = &self.dev.fabric;
            self.sync_pio(fabric.clock.first_cycle_from(fabric.events.popped()).min(fabric.cycle));
        }
        let Devices { fabric, timer, watchdog, rtc, usb, uart, i2c, spi, pwm, adc, clocks, xosc, .. } = &mut self.dev;
        match slot {
            Slot::Stimulus => return self.stimulus(),
            Slot::Dma | Slot::DmaTimer => return self.run_dma(slot),
            Slot::Clocks | Slot::Gpout => clocks.event(slot, fabric),
            Slot::Xosc => xosc.event(slot, fabric),
            Slot::Timer0 | Slot::Timer1 | Slot::Timer2 | Slot::Timer3 => timer.event(slot, fabric),
            Slot::Watchdog => watchdog.event(slot, fabric),
            Slot::Rtc => rtc.event(slot, fabric),
            Slot::Usb | Slot::UsbHost => usb.event(slot, fabric),
            Slot::Uart0Tx | Slot::Uart0Rx => uart[0].event(slot, fabric),
            Slot::Uart1Tx | Slot::Uart1Rx => uart[1].event(slot, fabric),
            Slot::I2c0 => i2c[0].event(slot, fabric),
            Slot::I2c1 => i2c[1].event(slot, fabric),
            Slot::Spi0 => spi[0].event(slot, fabric),
            Slot::Spi1 => spi[1].event(slot, fabric),
            Slot::Pwm => pwm.event(slot, fabric),
            Slot::Adc => adc.event(slot, fabric),
            Slot::Ssi => return self.ssi_event(),
            Slot::Count => unreachable!("Count is not a slot"),
        }
        self.carry_out_requests();
    }

    /// Changes from outside are due.
    fn stimulus(&mut self) {
        let fabric = &mut self.dev.fabric;
        let now = fabric.now();
        fabric.pins.apply_stimuli(now);
        fabric.inputs_changed();
        let next = fabric.pins.next_stimulus();
        fabric.at(Slot::Stimulus, next);
    }

    /// Brings both PIO blocks to `cycle`.
    #[inline]
    pub fn sync_pio(&mut self, cycle: u64) {
        while self.run_pio(cycle) < cycle {}
    }

    /// Brings the FIFOs of a PIO block to the present cycle, see [`pio::Pio::sync_words`].
    #[inline(always)]
    pub fn sync_pio_words(&mut self, own: usize) {
        let Devices { pio, fabric, .. } = &mut self.dev;
        if pio[own].only_shifts(fabric.cycle) {
            return;
        }
        if pio[1 - own].is_idle() {
            pio[own].sync_words(fabric.cycle, fabric);
        } else {
            self.sync_pio(self.dev.fabric.cycle);
        }
    }

    /// Runs PIO without the processors, up to `cycle` or to the first change that a processor or the DMA
    /// controller can see. Returns the cycle reached.
    #[inline]
    pub fn run_pio(&mut self, cycle: u64) -> u64 {
        pio::pair::run(&mut self.dev.pio, cycle, &mut self.dev.fabric)
    }

    /// Outputs of PWM that nobody watches have no events: they are brought up to now before software looks.
    #[inline]
    pub fn sync_pwm_pins(&mut self) {
        let Devices { pwm, fabric, .. } = &mut self.dev;
        if fabric.io.selected(Func::Pwm) != 0 {
            pwm.sync(fabric);
        }
    }

    /// Edges of counted pins, and changes of who looks at PWM's pins, reach the block.
    pub fn tend_pwm(&mut self) {
        self.dev.pwm.tend(&mut self.dev.fabric);
    }

    /// The first cycle at which PIO may change something that a processor or the DMA controller sees
    /// without reading a PIO register: an interrupt line, an awaited DREQ, or an input whose edges interrupt.
    #[inline(always)]
    pub fn pio_quiet_until(&self) -> u64 {
        let Devices { pio: [first, second], fabric, .. } = &self.dev;
        first.quiet_until(fabric).min(second.quiet_until(fabric))
    }

    /// Carries out what blocks asked of the chip, as far as it concerns the blocks themselves.
    #[inline(always)]
    pub fn carry_out_requests(&mut self) {
        if !self.dev.fabric.requests.is_empty() {
            self.carry_out_all_requests();
        }
    }

    #[cold]
    fn carry_out_all_requests(&mut self) {
        for request in std::mem::take(&mut self.dev.fabric.requests) {
            match request {
                Request::ResetBlocks(mask) => self.reset_blocks(mask),
                Request::SysClock(rate) => {
                    self.sync_pio(self.dev.fabric.cycle);
                    let Devices { fabric, pwm, .. } = &mut self.dev;
                    fabric.clock.set_rate(rate, fabric.cycle);
                    pwm.schedule(fabric);
                }
                Request::Wake => {
                    let Devices { fabric, rosc, xosc, .. } = &mut self.dev;
                    rosc.wake(fabric);
                    xosc.wake(fabric);
                }
                Request::HoldCore(..) | Request::Restart(_) => self.dev.fabric.requests.push(request),
            }
        }
    }

    /// The inter-processor FIFO interrupts follow the FIFOs.
    pub fn update_sio_irq(&mut self) {
        for (core, irq) in [(0, Irq::SIO_PROC0), (1, Irq::SIO_PROC1)] {
            let level = self.dev.sio.fifo_irq(core);
            self.dev.fabric.set_irq_of(core, irq, level);
        }
    }

    /// Blocks go back to their reset state as far as the reason reaches. Returns the stages of the power-on state
    /// machine that were reset, as bits of PSM.DONE; the processors are the caller's.
    ///
    /// Power-on and the RUN pin are chip-level resets (2.12.1): they reset everything, WATCHDOG and PSM included. The
    /// watchdog resets what PSM.WDSEL and RESETS.WDSEL select (2.13.4, 2.14.2). No reset clears SRAM.
    pub fn restart_devices(&mut self, reason: Reason) -> u32 {
        let Devices { fabric, psm, watchdog, vreg, resets, rosc, xosc, clocks, xip_ctrl, ssi, sio, .. } = &mut self.dev;
        let stages = match reason {
            Reason::PowerOn | Reason::RunPin => {
                psm.reset(fabric);
                watchdog.reset(fabric);
                vreg.restart(reason);
                psm::ALL
            }
            Reason::WatchdogTimer | Reason::WatchdogForce => {
                resets.pulse(resets.watchdog_selects(), fabric);
                psm.watchdog_selects()
            }
            Reason::SysResetReq => 0,
        };
        let on = |stage: engine_core::registers::Field| stages & stage.mask != 0;
        if on(psm::DONE::ROSC) {
            rosc.reset(fabric);
        }
        // They are held together: the multiplexers are back on the ring oscillator when the crystal stops.
        if on(psm::DONE::CLOCKS) {
            clocks.reset(fabric);
        }
        if on(psm::DONE::XOSC) {
            xosc.reset(fabric);
        }
        if on(psm::DONE::RESETS) {
            resets.reset(fabric);
        }
        if on(psm::DONE::XIP) {
            xip_ctrl.reset(fabric);
            *ssi = ssi::Ssi::new();
        }
        if on(psm::DONE::VREG_AND_CHIP_RESET) {
            vreg.reset(fabric);
        }
        if on(psm::DONE::SIO) {
            sio.reset(fabric);
        }
        self.update_sio_irq();
        self.carry_out_requests();
        stages
    }

    /// RESETS.RESET bits, datasheet 2.14.3. Bit 7 is the JTAG port, which nothing here looks at.
    fn reset_blocks(&mut self, mask: u32) {
        self.sync_pio(self.dev.fabric.cycle);
        let dev = &mut self.dev;
        macro_rules! reset {
            ($($bit:literal $block:ident $([$number:literal])?,)*) => {
                $(if mask >> $bit & 1 != 0 {
                    dev.$block$([$number])?.reset(&mut dev.fabric);
                })*
            };
        }
        reset! {
            0 adc, 1 busctrl, 2 dma, 3 i2c[0], 4 i2c[1], 5 io_bank0, 6 io_qspi, 8 pads_bank0, 9 pads_qspi,
            10 pio[0], 11 pio[1], 12 pll[0], 13 pll[1], 14 pwm, 15 rtc, 16 spi[0], 17 spi[1], 18 syscfg, 19 sysinfo,
            20 tbman, 21 timer, 22 uart[0], 23 uart[1], 24 usb,
        }
    }
}
