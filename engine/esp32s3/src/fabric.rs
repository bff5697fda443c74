//! What the blocks of the chip share: the clock, the event queue, interrupt lines, the pins and their routing, the
//! consoles, and the list of what is not modelled.

mod pads;

use crate::block::InputEdge;
use crate::clocks::Selection;
use crate::io::Io;
pub use crate::resets::{Depth, Reason};
use crate::signals::Signal;
use crate::slots::Slot;
use crate::sources::{Source, SOURCES};
use crate::usb_wrap::UsbPhy;
pub use crate::wake::{Wake, WakeLevels};
use engine_core::console::Consoles;
use engine_core::ethernet::Ethernet;
use engine_core::events::Events;
use engine_core::gaps::Gaps;
use engine_core::pins::Pins;
use engine_core::time::{Clock, Hertz, Ps};
use serde::{Deserialize, Serialize};

/// The crystal of every ESP32-S3 module, ESP32-S3 datasheet 4.1.
pub const XTAL_HZ: u64 = 40_000_000;
/// RC_FAST_CLK, nominal; TRM 7.2.4.2 (ESP-IDF `soc/clk_tree_defs.h`).
pub const RC_FAST_HZ: u64 = 17_500_000;
/// RC_SLOW_CLK, nominal.
pub const RC_SLOW_HZ: u64 = 136_000;
/// XTAL32K_CLK, where a crystal is fitted.
pub const XTAL32K_HZ: u64 = 32_768;

/// Cycles from a source to a processor, through a block's bridge and the interrupt matrix: an estimate, as no figure is
/// published. The mask ROM's `uart_buff_switch` counts on it that an interrupt comes later than the instruction after the
/// one that enables it.
const INTERRUPT_CYCLES: u64 = 6;

/// A touch pad that nobody touches and whose capacitance no test has set: 10 pF.
pub const UNTOUCHED_FEMTOFARADS: u32 = 10_000;

/// The rates of the clock tree, TRM chapter 7. [`Fabric::clock`] is CPU_CLK.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rates {
    /// APB_CLK.
    pub apb: Hertz,
    /// CRYPTO_CLK.
    pub crypto: Hertz,
    /// XTAL_CLK.
    pub xtal: Hertz,
    /// PLL_CLK: 320 or 480 MHz, or stopped.
    pub pll: Hertz,
    /// PLL_F160M_CLK.
    pub pll_f160: Hertz,
    /// PLL_D2_CLK.
    pub pll_d2: Hertz,
    /// RC_FAST_CLK.
    pub rc_fast: Hertz,
    /// RTC_SLOW_CLK as selected.
    pub rtc_slow: Hertz,
    /// RTC_FAST_CLK as selected.
    pub rtc_fast: Hertz,
}

/// Something a block asks of the whole chip; carried out right after the register access or event.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Request {
    /// CPU_CLK runs at this rate from now on.
    CpuClock(Hertz),
    /// Other rates changed: every block looks at them, by [`crate::block::Block::clocks_changed`].
    Rates,
    /// The block of registers at this address is reset by SYSTEM.
    ResetBlock(u32),
    /// SYSTEM works out the CRC of these words of RTC FAST memory: the first, and how many.
    RtcMemoryCrc(u32, u32),
    /// PERI_BACKUP copies registers to memory, or back.
    CopyRegisters,
    /// This processor is held in reset, or let go; it then starts at the reset vector with this reason.
    HoldCore(u8, bool),
    /// This processor stands still (RUNSTALL or the RTC's software stall), or goes on where it stood.
    StallCore(u8, bool),
    /// This processor alone restarts at the reset vector.
    RestartCore(u8, Reason),
    /// The whole chip (core reset, system reset or power-on, as the reason says) restarts.
    Restart(Reason),
    /// The chip goes to sleep as RTC_CNTL is set up; `true` for deep sleep.
    Sleep(bool),
    /// The chip wakes up from sleep.
    Wake,
    /// An entry of the cache MMU changed: what was decoded from its pages is stale.
    Remapped(u16),
    /// The firmware uses a page of the radio for the first time: which one, and the processor.
    RadioTouched(u8, u8),
    /// The monitors of this processor are others (ASSIST_DEBUG).
    Monitors(u8),
    /// The caches were invalidated: instructions may have changed behind them.
    CodeChanged,
}

/// Why a processor stands still.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Stall {
    /// SYSTEM_CONTROL_CORE_1_RUNSTALL.
    RunStall,
    /// SYSTEM_CONTROL_CORE_1_CLKGATE_EN is off.
    ClockGate,
    /// RTC_CNTL_SW_STALL.
    Rtc,
}

/// All that is shared.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Fabric {
    /// CPU_CLK, the same for both processors.
    pub clock: Clock,
    /// The cycle of CPU_CLK at which the present access or event happens.
    pub cycle: u64,
    /// The processor whose access is under way.
    pub core: usize,
    /// The other clocks.
    pub rates: Rates,
    /// What the clock tree's registers select. Use [`Fabric::settle_clocks`] after a change.
    pub selection: Selection,
    /// Pages of registers whose clock SYSTEM has turned off, a bit each.
    dark: [u64; 4],
    /// Pages of registers that are held in reset, likewise.
    held: [u64; 4],
    /// Why each processor stands still, a bit each.
    stalled: [u8; 2],
    /// EFUSE_WDT_DELAY_SEL: how much longer stage 0 of RTC_CNTL's watchdog is.
    pub wdt_delay_sel: u32,
    /// What wakes the chip beside RTC_CNTL's own registers.
    pub wake: Wake,
    /// The event queue, by [`Slot`]. Use [`Fabric::at`].
    pub events: Events,
    /// The level of each interrupt source, a bit each.
    sources: u128,
    /// Sources by processor and by line of the processor, a bit each.
    routed: [[u128; 32]; 2],
    /// The interrupt lines of each processor.
    lines: [u32; 2],
    /// SYSTEM has let dedicated GPIO go: its clock runs and its reset is not held.
    pub dedicated_gpio_on: bool,
    /// Who has the internal USB PHY. Use [`Fabric::set_usb_phy`].
    pub usb_phy: UsbPhy,
    /// Lines that a processor sees from a cycle on, because they have just risen.
    rising: [(u64, u32); 2],
    /// Function selection and pads.
    pub io: Io,
    /// Pins whose edges GPIO's interrupts look at.
    pub interrupting_pins: u64,
    /// The pins.
    pub pins: Pins,
    /// Consoles on UARTs and USB.
    pub consoles: Consoles,
    /// The Ethernet cable, for firmware that has ESP-IDF's driver for emulators.
    pub ethernet: Ethernet,
    /// Pins show signals of blocks that hand in batches of edges.
    pub(crate) has_late_pins: bool,
    /// The pins that parts acted on when those blocks last looked.
    prompt_pins: u64,
    /// Voltages on the pins' ADC channels, in microvolts, by GPIO number.
    pub microvolts: Vec<u32>,
    /// Capacitances of the touch sensor's pads to ground, in femtofarads, by GPIO number.
    pub femtofarads: Vec<u32>,
    /// The die temperature in thousandths of a degree Celsius.
    pub millicelsius: i32,
    /// Straps as latched at reset, the bits of GPIO_STRAP.
    pub straps: u32,
    /// FORCE_DOWNLOAD_BOOT of RTC_CNTL: see [`Fabric::boot_straps`].
    pub force_download: bool,
    /// The host asks for download mode by the control lines of USB Serial/JTAG, and asked so when the chip was last reset.
    pub usb_download: (bool, bool),
    /// What was touched that is not modelled.
    pub gaps: Gaps,
    /// Asked of the whole chip.
    pub requests: Vec<Request>,
    /// The processors return when they reach this cycle; 0 asks them to return at once.
    pub deadline: u64,
}

impl Fabric {
    /// The fabric of a chip after power-on: everything runs from the crystal.
    pub fn new() -> Self {
        let xtal = Hertz::new(XTAL_HZ);
        Self {
            clock: Clock::new(xtal),
            cycle: 0,
            core: 0,
            rates: Rates {
                apb: xtal,
                crypto: xtal,
                xtal,
                pll: Hertz::STOPPED,
                pll_f160: Hertz::STOPPED,
                pll_d2: Hertz::STOPPED,
                rc_fast: Hertz::new(RC_FAST_HZ),
                rtc_slow: Hertz::new(RC_SLOW_HZ),
                rtc_fast: xtal.scaled(1, 2),
            },
            selection: Selection::new(),
            dark: [0; 4],
            held: [0; 4],
            stalled: [0; 2],
            wdt_delay_sel: 0,
            wake: Wake::default(),
            dedicated_gpio_on: false,
            usb_phy: UsbPhy::default(),
            events: Events::new(crate::slots::COUNT),
            sources: 0,
            routed: [[0; 32]; 2],
            lines: [0; 2],
            rising: [(0, 0); 2],
            io: Io::default(),
            interrupting_pins: 0,
            pins: Pins::default(),
            consoles: Consoles::default(),
            ethernet: Ethernet::default(),
            has_late_pins: false,
            prompt_pins: 0,
            microvolts: vec![0; crate::io::PINS],
            femtofarads: vec![UNTOUCHED_FEMTOFARADS; crate::io::PINS],
            millicelsius: 25_000,
            straps: 0x8,
            force_download: false,
            usb_download: (false, false),
            gaps: Gaps::default(),
            requests: Vec::new(),
            deadline: 0,
        }
    }

    /// The levels of the strapping pins are kept, with their own weak pulls where nobody drives them: GPIO0 up, GPIO46 and
    /// GPIO45 down, GPIO3 floats and reads 0 (ESP32-S3 datasheet, "Strapping Pins"). Bits 2 to 5 of GPIO_STRAP are GPIO46,
    /// GPIO0, GPIO45 and GPIO3.
    pub fn latch_straps(&mut self) {
        const PINS: [u8; 4] = [46, 0, 45, 3];
        const PULLED_UP: u64 = 1 << 0;
        let driven = self.pins.entangled();
        let levels = self.pins.level() & driven | PULLED_UP & !driven;
        self.straps = PINS.iter().zip(2..).fold(0, |straps, (&pin, bit)| straps | (levels >> pin & 1) << bit) as u32;
    }

    /// What GPIO_STRAP shows: as latched, unless software asks for download mode, whatever the pins, until it takes that
    /// back (ESP-IDF esp_system/port/usb_console.c). Silicon overrides the straps from the next reset on; here at once.
    pub fn boot_straps(&self) -> u32 {
        const BOOT_MODE: u32 = 3 << 2;
        self.straps & if self.force_download || self.usb_download.1 { !BOOT_MODE } else { !0 }
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
        let now = self.now();
        if self.events.due(slot as usize) > now {
            self.at(slot, now);
        }
    }

    /// Makes an event due never.
    pub fn cancel(&mut self, slot: Slot) {
        self.events.cancel(slot as usize);
    }

    /// Sets the level of an interrupt source.
    pub fn set_irq(&mut self, source: Source, level: bool) {
        let bit = 1u128 << source as u8;
        let sources = if level { self.sources | bit } else { self.sources & !bit };
        if sources != self.sources {
            self.sources = sources;
            self.settle_lines();
        }
    }

    /// The level of every source, a bit each.
    pub fn sources(&self) -> u128 {
        self.sources
    }

    /// The interrupt matrix routes a source to a line of a processor.
    pub(crate) fn route_irq(&mut self, core: usize, source: usize, line: usize) {
        debug_assert!(source < SOURCES);
        for routed in &mut self.routed[core] {
            *routed &= !(1 << source);
        }
        self.routed[core][line] |= 1 << source;
        self.settle_lines();
    }

    /// The interrupt lines that a processor sees at a cycle.
    pub fn lines(&self, core: usize, cycle: u64) -> u32 {
        let (due, rising) = self.rising[core];
        if cycle < due {
            self.lines[core] & !rising
        } else {
            self.lines[core]
        }
    }

    /// The next cycle after this one at which a processor sees a line rise.
    pub(crate) fn next_rise(&self, cycle: u64) -> u64 {
        self.rising.iter().map(|rising| rising.0).filter(|due| *due > cycle).min().unwrap_or(u64::MAX)
    }

    fn settle_lines(&mut self) {
        for core in 0..2 {
            let mut lines = 0;
            for (line, routed) in self.routed[core].iter().enumerate() {
                lines |= u32::from(routed & self.sources != 0) << line;
            }
            if lines != self.lines[core] {
                let risen = lines & !self.lines[core];
                let (due, rising) = self.rising[core];
                if self.cycle < due {
                    self.rising[core].1 = rising | risen;
                } else if risen != 0 {
                    self.rising[core] = (self.cycle + INTERRUPT_CYCLES, risen);
                }
                self.lines[core] = lines;
                self.attention();
            }
        }
    }

    /// A block drives an output signal, now.
    #[inline]
    pub fn drive(&mut self, signal: Signal, level: bool) {
        let now = self.now();
        self.drive_at(signal, level, now);
    }

    /// A block drives an output signal at a moment that is not later than now.
    pub fn drive_at(&mut self, signal: Signal, level: bool, at: Ps) {
        if self.io.set_output(signal, level) {
            self.pads_changed(at);
        }
    }

    /// Several output signals change at one moment, now.
    pub fn drive_together(&mut self, changes: impl Iterator<Item = (Signal, bool)>) {
        let mut changed = false;
        for (signal, level) in changes {
            changed |= self.io.set_output(signal, level);
        }
        if changed {
            let now = self.now();
            self.pads_changed(now);
        }
    }

    /// Must a block drive this signal in time, because somebody acts on its pins? Else edges may come later, with their times.
    pub fn needs_promptly(&self, signal: Signal) -> bool {
        self.is_acted_on(signal) || self.io.has_input_among(self.io.pins_of(signal))
    }

    /// Does a part, or a block, act on the edges of this signal's pins? Software that reads their levels does not count.
    pub fn is_acted_on(&self, signal: Signal) -> bool {
        let pins = self.io.pins_of(signal);
        let acted_on = self.pins.prompt() | self.interrupting_pins | self.wake.watching;
        pins & acted_on != 0 || self.io.is_watched(pins) || self.pins.is_joined(pins)
    }

    /// A block enables or disables the output of a signal that is not always driven, now.
    pub fn enable(&mut self, signal: Signal, on: bool) {
        let now = self.now();
        self.enable_at(signal, on, now);
    }

    /// A block enables or disables the output of a signal at a moment that is not later than now.
    pub fn enable_at(&mut self, signal: Signal, on: bool, at: Ps) {
        if self.io.set_enable(signal, on) {
            self.pads_changed(at);
        }
    }

    /// The level of an input signal.
    pub fn input(&self, signal: Signal) -> bool {
        self.io.input(signal, self.pins.level())
    }

    /// The block wants to be told of changes of an input signal, by [`crate::block::Block::input`].
    pub fn watch_input(&mut self, signal: Signal, on: bool) {
        self.io.watch(signal, on);
    }

    /// GPIO_OUT and GPIO_ENABLE change.
    pub fn set_gpio(&mut self, out: u64, enable: u64) {
        if self.io.set_gpio(out, enable) {
            let now = self.now();
            self.pads_changed(now);
        }
    }

    fn pads_changed(&mut self, at: Ps) {
        let (out, enable) = self.io.to_pads();
        self.pins.drive(out, enable, at);
        self.levels_changed(at);
    }

    /// Levels of pins may have changed, by the chip or from outside.
    pub fn levels_changed(&mut self, at: Ps) {
        if self.io.levels_are(
            self.pins.level(),
            at,
            self.interrupting_pins | self.wake.watching | self.wake.rtc_interrupting,
        ) {
            self.attention();
        }
        if self.pins.was_posted() {
            self.attention();
        }
    }

    /// Did watched inputs change since [`Fabric::take_input_changes`]?
    #[inline]
    pub(crate) fn has_input_changes(&self) -> bool {
        self.io.has_changes()
    }

    /// Changes of watched inputs since the last call: pins for GPIO, signals for the other blocks.
    pub(crate) fn take_input_changes(&mut self) -> Vec<(Ps, u64, u64, Vec<InputEdge>)> {
        let edge = |(at, signal, high)| InputEdge { signal, at, high };
        let rerouted: Vec<InputEdge> = self.io.take_rerouted().into_iter().map(edge).collect();
        let levels = self.pins.level();
        let first = rerouted.first().map(|edge| edge.at).map(|at| (at, 0, levels, rerouted));
        let changes = self.io.take_changes();
        let told = |(at, changed, levels): (Ps, u64, u64)| {
            let signals = self.io.watched_from(changed);
            let edges = signals.into_iter().map(|signal| InputEdge { signal, at, high: self.io.input(signal, levels) });
            (at, changed, levels, edges.collect())
        };
        first.into_iter().chain(changes.into_iter().map(told)).collect()
    }

    /// Works out the rates after a change of [`Fabric::selection`], and tells of what changed.
    pub fn settle_clocks(&mut self) {
        let (cpu, rates) = (self.selection.cpu(), self.selection.rates());
        if cpu != self.clock.rate() {
            self.request(Request::CpuClock(cpu));
        }
        if rates != self.rates {
            self.rates = rates;
            self.request(Request::Rates);
        }
    }

    /// A processor stands still for one more or one fewer reason.
    pub fn stall(&mut self, core: usize, why: Stall, on: bool) {
        let bit = 1 << why as u8;
        let before = self.stalled[core];
        self.stalled[core] = if on { before | bit } else { before & !bit };
        if (before == 0) != (self.stalled[core] == 0) {
            self.request(Request::StallCore(core as u8, on));
        }
    }

    /// The clock of a page of registers is turned off or on.
    pub(crate) fn set_dark(&mut self, page: u32, off: bool) {
        let (word, bit) = (page as usize / 64 % 4, 1 << (page % 64));
        self.dark[word] = if off { self.dark[word] | bit } else { self.dark[word] & !bit };
    }

    /// Is the clock of the registers at this address off?
    #[inline]
    pub(crate) fn is_dark(&self, addr: u32) -> bool {
        let page = addr >> 12 & 0xFF;
        self.dark[page as usize / 64] >> (page % 64) & 1 != 0
    }

    /// The chip sends an Ethernet frame: to the part at the other end of the cable, else it is kept in [`Fabric::ethernet`].
    pub(crate) fn send_ethernet(&mut self, frame: Vec<u8>) {
        let now = self.now();
        match self.ethernet.port.filter(|_| self.ethernet.connected) {
            Some(port) => {
                self.pins.send_frame(port, now, &frame);
                self.levels_changed(now);
            }
            None => self.ethernet.put(frame, now),
        }
    }

    /// A page of registers is held in reset, or let go.
    pub(crate) fn set_held(&mut self, page: u32, on: bool) {
        let (word, bit) = (page as usize / 64 % 4, 1 << (page % 64));
        self.held[word] = if on { self.held[word] | bit } else { self.held[word] & !bit };
    }

    /// Are the registers at this address held in reset?
    #[inline]
    pub(crate) fn is_held(&self, addr: u32) -> bool {
        let page = addr >> 12 & 0xFF;
        self.held[page as usize / 64] >> (page % 64) & 1 != 0
    }

    /// Somebody sends an Ethernet frame to the chip; what it sends is in [`Fabric::ethernet`].
    pub fn receive_ethernet(&mut self, frame: &[u8]) {
        self.ethernet.send(frame);
        self.soon(Slot::Ethernet);
    }

    /// The internal USB PHY, or what is plugged in there, is another: both controllers look at it.
    pub fn set_usb_phy(&mut self, phy: UsbPhy) {
        if phy != self.usb_phy {
            self.usb_phy = phy;
            self.soon(Slot::UsbSerialJtag);
            self.soon(Slot::UsbOtg);
        }
    }

    /// Asks something of the whole chip.
    pub fn request(&mut self, request: Request) {
        self.requests.push(request);
        self.attention();
    }
}

impl Default for Fabric {
    fn default() -> Self {
        Self::new()
    }
}
