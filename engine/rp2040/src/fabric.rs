//! What the blocks of the chip share: the clock, the event queue, interrupt and DMA request lines, the
//! pins, the consoles, and the list of what is not modelled.

use crate::clocks::tree::Tree;
use crate::io_qspi::QspiGpio;
use crate::pads::Io;
use engine_core::console::Consoles;
use engine_core::events::Events;
use engine_core::gaps::Gaps;
use engine_core::pins::Pins;
use engine_core::time::{Clock, Hertz, Ps};
use serde::{Deserialize, Serialize};

/// Interrupt lines of the processors, RP2040 datasheet 2.3.2.
#[allow(missing_docs, non_camel_case_types)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Irq {
    TIMER_0 = 0,
    TIMER_1,
    TIMER_2,
    TIMER_3,
    PWM_WRAP,
    USBCTRL,
    XIP,
    PIO0_0,
    PIO0_1,
    PIO1_0,
    PIO1_1,
    DMA_0,
    DMA_1,
    IO_BANK0,
    IO_QSPI,
    SIO_PROC0,
    SIO_PROC1,
    CLOCKS,
    SPI0,
    SPI1,
    UART0,
    UART1,
    ADC_FIFO,
    I2C0,
    I2C1,
    RTC,
}

/// Things that can be due. Events due at the same picosecond fire in this order: first what comes from
/// outside, then the blocks in the order of the datasheet's chapters.
#[allow(missing_docs)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(usize)]
pub enum Slot {
    Stimulus,
    Clocks,
    Gpout,
    Xosc,
    Timer0,
    Timer1,
    Timer2,
    Timer3,
    Watchdog,
    Rtc,
    Dma,
    DmaTimer,
    Usb,
    UsbHost,
    Uart0Tx,
    Uart0Rx,
    Uart1Tx,
    Uart1Rx,
    I2c0,
    I2c1,
    Spi0,
    Spi1,
    Pwm,
    Adc,
    Ssi,
    Count,
}

/// The slot of this number.
pub fn slot(number: usize) -> Slot {
    SLOTS[number]
}

const SLOTS: [Slot; Slot::Count as usize] = [
    Slot::Stimulus,
    Slot::Clocks,
    Slot::Gpout,
    Slot::Xosc,
    Slot::Timer0,
    Slot::Timer1,
    Slot::Timer2,
    Slot::Timer3,
    Slot::Watchdog,
    Slot::Rtc,
    Slot::Dma,
    Slot::DmaTimer,
    Slot::Usb,
    Slot::UsbHost,
    Slot::Uart0Tx,
    Slot::Uart0Rx,
    Slot::Uart1Tx,
    Slot::Uart1Rx,
    Slot::I2c0,
    Slot::I2c1,
    Slot::Spi0,
    Slot::Spi1,
    Slot::Pwm,
    Slot::Adc,
    Slot::Ssi,
];

/// The rates of the clock tree, datasheet 2.15.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Rates {
    /// clk_sys.
    pub sys: Hertz,
    /// clk_ref.
    pub reference: Hertz,
    /// clk_peri.
    pub peri: Hertz,
    /// clk_usb.
    pub usb: Hertz,
    /// clk_adc.
    pub adc: Hertz,
    /// clk_rtc.
    pub rtc: Hertz,
    /// The tick that the watchdog block makes from clk_ref for TIMER, watchdog and SysTick (4.7.2).
    pub tick: Hertz,
    /// clk_gpout0 to clk_gpout3.
    pub gpout: [Hertz; 4],
}

/// Something a block asks of the whole chip; carried out right after the register access.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Request {
    /// RESETS or PSM: these blocks (bits of RESETS.RESET) go back to their reset state.
    ResetBlocks(u32),
    /// PSM: this processor is held in reset, or let go.
    HoldCore(u8, bool),
    /// Watchdog, debugger or brown-out: the chip restarts; the reason goes into CHIP_RESET and the report.
    Restart(Reason),
    /// clk_sys runs at this rate from now on.
    SysClock(Hertz),
    /// An interrupt ends dormant mode: oscillators start again.
    Wake,
}

/// Why the chip restarted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Reason {
    /// Power was applied, or the RUN pin released.
    PowerOn,
    /// The RUN pin was pulled low.
    RunPin,
    /// The watchdog timer ran out.
    WatchdogTimer,
    /// Software set WATCHDOG.CTRL.TRIGGER.
    WatchdogForce,
    /// A processor set AIRCR.SYSRESETREQ.
    SysResetReq,
}

/// Accesses through the slow ports of the crossbar, for the counters of BUSCTRL (2.1.5).
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize)]
pub struct Accesses {
    /// The APB bridge.
    pub apb: u64,
    /// The AHB-Lite blocks.
    pub fastperi: u64,
}

impl Accesses {
    /// One access to this address.
    #[inline]
    pub fn count(&mut self, addr: u32) {
        match addr >> 28 {
            4 => self.apb += 1,
            5 => self.fastperi += 1,
            _ => {}
        }
    }
}

/// All that is shared.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Fabric {
    /// clk_sys.
    pub clock: Clock,
    /// The cycle of clk_sys at which the present access or event happens.
    pub cycle: u64,
    /// The other clocks.
    pub rates: Rates,
    /// Sources, generators and counters of the clock tree, from which the rates follow.
    pub tree: Tree,
    /// The event queue, by [`Slot`]. Use [`Fabric::at`].
    pub events: Events,
    /// The interrupt lines that each processor sees.
    pub irq: [u32; 2],
    /// Interrupt lines that each processor takes as its NMI (SYSCFG, 2.21).
    nmi_mask: [u32; 2],
    /// Processors (a bit each) whose NMI rose.
    nmi: u8,
    /// Accesses so far.
    pub accesses: Accesses,
    /// DMA request lines (2.5.3.1), a level per DREQ number.
    pub dreq: u64,
    /// DREQ lines that a DMA channel waits for.
    pub dreq_awaited: u64,
    /// Function selection and pads.
    pub io: Io,
    /// The pins.
    pub pins: Pins,
    /// The QSPI pins between SIO and IO_QSPI.
    pub qspi: QspiGpio,
    /// Consoles on UARTs and USB.
    pub consoles: Consoles,
    /// Voltages on ADC inputs 0 to 3 in microvolts.
    pub microvolts: [u32; 4],
    /// The die temperature in thousandths of a degree Celsius.
    pub millicelsius: i32,
    /// What was touched that is not modelled.
    pub gaps: Gaps,
    /// Asked of the whole chip.
    pub requests: Vec<Request>,
    /// The processors return when they reach this cycle; 0 asks them to return at once.
    pub deadline: u64,
    /// SEV was executed or a FIFO was written for the processor of this bit.
    pub events_sent: u8,
}

impl Fabric {
    /// The fabric of a chip after power-on: everything runs from the ring oscillator.
    pub fn new(boot_clock: Hertz) -> Self {
        Self {
            clock: Clock::new(boot_clock),
            cycle: 0,
            rates: Rates {
                sys: boot_clock,
                reference: boot_clock,
                peri: Hertz::STOPPED,
                usb: Hertz::STOPPED,
                adc: Hertz::STOPPED,
                rtc: Hertz::STOPPED,
                tick: Hertz::STOPPED,
                gpout: [Hertz::STOPPED; 4],
            },
            tree: Tree::new(boot_clock),
            events: Events::new(Slot::Count as usize),
            irq: [0; 2],
            nmi_mask: [0; 2],
            nmi: 0,
            accesses: Accesses::default(),
            dreq: 0,
            dreq_awaited: 0,
            io: Io::default(),
            pins: Pins::without_i2s(),
            qspi: QspiGpio::default(),
            consoles: Consoles::default(),
            microvolts: [0; 4],
            millicelsius: 27_000,
            gaps: Gaps::default(),
            requests: Vec::new(),
            deadline: 0,
            events_sent: 0,
        }
    }

    /// The present moment.
    #[inline]
    pub fn now(&self) -> Ps {
        self.clock.ps_at(self.cycle)
    }

    /// Asks the processors to return to the run loop after this access.
    #[inline]
    pub fn attention(&mut self) {
        self.deadline = 0;
    }

    /// Makes an event due at `at`.
    pub fn at(&mut self, slot: Slot, at: Ps) {
        self.events.at(slot as usize, at);
        self.attention();
    }

    /// Makes an event due after `delay` from now.
    pub fn after(&mut self, slot: Slot, delay: Ps) {
        self.at(slot, self.now().saturating_add(delay));
    }

    /// Makes an event due now, unless it is due already. Its block looks at what else it waits for.
    pub fn soon(&mut self, slot: Slot) {
        self.no_later(slot, self.now());
    }

    /// Makes an event due at `at`, unless it is due before that already. Its block looks at what else it waits for.
    pub fn no_later(&mut self, slot: Slot, at: Ps) {
        if self.events.due(slot as usize) > at {
            self.at(slot, at);
        }
    }

    /// Makes an event due never.
    pub fn cancel(&mut self, slot: Slot) {
        self.events.cancel(slot as usize);
    }

    /// Sets the level of an interrupt line for both processors. True: it changed.
    pub fn set_irq(&mut self, irq: Irq, level: bool) -> bool {
        self.set_irq_of(0, irq, level) | self.set_irq_of(1, irq, level)
    }

    /// Sets the level of an interrupt line for one processor. True: it changed.
    pub fn set_irq_of(&mut self, core: usize, irq: Irq, level: bool) -> bool {
        let bit = 1 << irq as u8;
        let old = self.irq[core];
        self.irq[core] = if level { old | bit } else { old & !bit };
        let changed = self.irq[core] != old;
        if changed {
            self.attention();
            self.sense_nmi(core, old & self.nmi_mask[core] != 0);
            self.sense_wake();
        }
        changed
    }

    /// SYSCFG: these lines are a processor's NMI.
    pub fn set_nmi_mask(&mut self, core: usize, mask: u32) {
        let was_high = self.irq[core] & self.nmi_mask[core] != 0;
        self.nmi_mask[core] = mask;
        self.sense_nmi(core, was_high);
    }

    /// The NMI input of a processor takes rising edges.
    fn sense_nmi(&mut self, core: usize, was_high: bool) {
        if self.irq[core] & self.nmi_mask[core] != 0 && !was_high {
            self.nmi |= 1 << core;
            self.attention();
        }
    }

    /// The processors (a bit each) whose NMI rose since the last call.
    pub fn take_nmi(&mut self) -> u8 {
        std::mem::take(&mut self.nmi)
    }

    /// Sets the level of a DMA request. True: a channel that waits for it may go on.
    #[inline]
    pub fn set_dreq(&mut self, number: u8, level: bool) -> bool {
        let bit = 1u64 << number;
        let rose = level && self.dreq & bit == 0;
        self.dreq = if level { self.dreq | bit } else { self.dreq & !bit };
        let wanted = rose && self.dreq_awaited & bit != 0;
        if wanted {
            self.after(Slot::Dma, 0);
        }
        wanted
    }

    /// Asks something of the whole chip.
    pub fn request(&mut self, request: Request) {
        self.requests.push(request);
        self.attention();
    }
}
