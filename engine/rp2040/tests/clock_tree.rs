//! The clock tree through the bus, in the order in which firmware sets it up. Sections are those of the RP2040 datasheet.

use armv6m::Bus;
use engine_core::time::{Hertz, Ps, MICROSECOND};
use rp2040::fabric::{slot, Irq, Reason, Request};
use rp2040::system::System;

const CLOCKS: u32 = 0x4000_8000;
const CLK_GPOUT0: u32 = CLOCKS;
const CLK_REF: u32 = CLOCKS + 0x30;
const CLK_SYS: u32 = CLOCKS + 0x3C;
const CLK_PERI: u32 = CLOCKS + 0x48;
const CLK_USB: u32 = CLOCKS + 0x54;
const CLK_ADC: u32 = CLOCKS + 0x60;
const CLK_RTC: u32 = CLOCKS + 0x6C;
const RESUS_CTRL: u32 = CLOCKS + 0x78;
const RESUS_STATUS: u32 = CLOCKS + 0x7C;
const FC0: u32 = CLOCKS + 0x80;
const FC0_STATUS: u32 = CLOCKS + 0x98;
const FC0_RESULT: u32 = CLOCKS + 0x9C;
const CLOCKS_INTE: u32 = CLOCKS + 0xBC;
const RESETS: u32 = 0x4000_C000;
const PSM: u32 = 0x4001_0000;
const IO_BANK0: u32 = 0x4001_4000;
const XOSC: u32 = 0x4002_4000;
const PLL_SYS: u32 = 0x4002_8000;
const PLL_USB: u32 = 0x4002_C000;
const BUSCTRL: u32 = 0x4003_0000;
const TIMER: u32 = 0x4005_4000;
const WATCHDOG: u32 = 0x4005_8000;
const RTC: u32 = 0x4005_C000;
const ROSC: u32 = 0x4006_0000;
const CHIP_RESET: u32 = 0x4006_4008;
const SET: u32 = 0x2000;
const CLEAR: u32 = 0x3000;
const ENABLE: u32 = 1 << 11;

/// The chip without its processors: accesses happen one after the other, time passes in between.
struct Bench(System);

impl Bench {
    fn new() -> Self {
        Self(System::new(4096))
    }

    fn read(&mut self, addr: u32) -> u32 {
        let cycle = self.0.dev.fabric.cycle;
        self.0.read32(addr, cycle).expect("a block answers").value
    }

    fn write(&mut self, addr: u32, value: u32) {
        let cycle = self.0.dev.fabric.cycle;
        self.0.write32(addr, value, cycle).expect("a block answers");
    }

    /// Events happen in order until `time` more has passed.
    fn pass(&mut self, time: Ps) {
        let until = self.now() + time;
        loop {
            let next = self.0.dev.fabric.events.next().min(until);
            let fabric = &mut self.0.dev.fabric;
            fabric.cycle = fabric.cycle.max(fabric.clock.first_cycle_from(next));
            let now = fabric.now();
            while let Some(number) = self.0.dev.fabric.events.pop(now) {
                self.0.event(slot(number));
            }
            if next == until {
                return;
            }
        }
    }

    fn now(&self) -> Ps {
        self.0.dev.fabric.now()
    }

    /// Restarts the blocks if something asked for it, as the run loop does.
    fn restart_if_asked(&mut self) -> Option<Reason> {
        let requests = std::mem::take(&mut self.0.dev.fabric.requests);
        let reason = requests.iter().find_map(|request| match request {
            Request::Restart(reason) => Some(*reason),
            _ => None,
        })?;
        self.0.restart_devices(reason);
        Some(reason)
    }

    fn sys(&self) -> u64 {
        self.0.dev.fabric.clock.rate().round()
    }

    fn start_crystal(&mut self) {
        self.write(XOSC, 0xAA0);
        self.write(XOSC + 0xC, 47);
        self.write(XOSC + SET, 0xFAB << 12);
        while self.read(XOSC + 4) >> 31 == 0 {
            self.pass(10 * MICROSECOND);
        }
        self.write(CLK_REF, 2);
    }

    fn start_pll(&mut self, base: u32, fbdiv: u32, post1: u32, post2: u32) {
        let bit = if base == PLL_SYS { 12 } else { 13 };
        self.write(RESETS + CLEAR, 1 << bit);
        self.write(base, 1);
        self.write(base + 8, fbdiv);
        self.write(base + 4 + CLEAR, 0x21);
        while self.read(base) >> 31 == 0 {
            self.pass(MICROSECOND);
        }
        self.write(base + 0xC, post1 << 16 | post2 << 12);
        self.write(base + 4 + CLEAR, 0x08);
    }

    /// What the SDK does before main: a 12 MHz crystal, clk_sys from PLL_SYS, 48 MHz for USB and ADC, 46875 Hz for the RTC.
    fn boot(&mut self, fbdiv: u32, post1: u32, post2: u32) {
        self.start_crystal();
        self.start_pll(PLL_SYS, fbdiv, post1, post2);
        self.start_pll(PLL_USB, 100, 5, 5);
        self.write(CLK_SYS, 0);
        self.write(CLK_SYS + SET, 1);
        for generator in [CLK_USB, CLK_ADC, CLK_RTC] {
            self.write(generator, ENABLE);
        }
        self.write(CLK_RTC + 4, 1024 << 8);
        self.write(CLK_PERI, ENABLE);
        self.write(WATCHDOG + 0x2C, 1 << 9 | 12);
        self.write(RESETS + CLEAR, 0x01FF_FFFF);
    }
}

/// 2.18.2.1 gives the PLL settings for these frequencies of clk_sys.
#[test]
fn a_firmware_runs_at_the_speed_that_it_sets() {
    for (mhz, fbdiv, post1, post2) in [(125, 125, 6, 2), (133, 133, 6, 2), (250, 125, 6, 1), (48, 100, 5, 5)] {
        let mut bench = Bench::new();
        assert_eq!(bench.sys(), 6_500_000);
        bench.boot(fbdiv, post1, post2);
        assert_eq!(bench.sys(), mhz * 1_000_000);
        assert_eq!((bench.read(CLK_REF + 8), bench.read(CLK_SYS + 8)), (1 << 2, 1 << 1));
        let rates = &bench.0.dev.fabric.rates;
        assert_eq!(rates.peri, Hertz::new(mhz * 1_000_000));
        assert_eq!((rates.usb, rates.adc), (Hertz::new(48_000_000), Hertz::new(48_000_000)));
        assert_eq!((rates.rtc, rates.tick), (Hertz::new(46_875), Hertz::new(1_000_000)));
        let before = (bench.0.dev.fabric.cycle, bench.read(TIMER + 0x28));
        bench.pass(1000 * MICROSECOND);
        assert_eq!(bench.0.dev.fabric.cycle - before.0, mhz * 1000);
        assert_eq!(bench.read(TIMER + 0x28) - before.1, 1000);
    }
}

/// 2.16.3: a start-up delay of 47 is 47 × 256 cycles of 12 MHz, 1.0027 ms. 2.16.7: COUNT runs down to zero at 12 MHz.
#[test]
fn the_crystal_is_stable_after_its_delay() {
    let mut bench = Bench::new();
    bench.write(XOSC, 0xAA0 | 0xD1E << 12);
    bench.write(XOSC + 0xC, 47);
    bench.write(XOSC, 0xAA0 | 0xFAB << 12);
    bench.pass(1002 * MICROSECOND);
    assert_eq!(bench.read(XOSC + 4), 1 << 12);
    bench.pass(MICROSECOND);
    assert_eq!(bench.read(XOSC + 4), 1 << 31 | 1 << 12);
    bench.write(XOSC, 0xAA0 | 0x123 << 12);
    assert_eq!(bench.read(XOSC + 4), 1 << 31 | 1 << 24 | 1 << 12);
    bench.write(XOSC + 4, 1 << 24);
    bench.write(XOSC + 0x1C, 24);
    assert_eq!((bench.read(XOSC + 4), bench.read(XOSC + 0x1C)), (1 << 31 | 1 << 12, 24));
    bench.pass(MICROSECOND);
    assert!((11..=12).contains(&bench.read(XOSC + 0x1C)));
    bench.pass(MICROSECOND);
    assert_eq!(bench.read(XOSC + 0x1C), 0);
}

/// 2.15.3.3: a divisor of 2.5 is 0x280; 2.15.7: INT = 0 divides by 2^16, KILL stops.
#[test]
fn generators_divide_by_fractions() {
    let mut bench = Bench::new();
    bench.boot(125, 6, 2);
    bench.write(CLK_GPOUT0 + 4, 0x280);
    bench.write(CLK_GPOUT0, ENABLE | 0x6 << 5);
    assert_eq!(bench.0.dev.fabric.rates.gpout[0], Hertz::new(50_000_000));
    bench.write(CLK_GPOUT0 + 4, 0);
    assert_eq!(bench.0.dev.fabric.rates.gpout[0], Hertz::new(125_000_000).scaled(1, 65536));
    bench.write(CLK_GPOUT0 + SET, 1 << 10);
    assert_eq!(bench.0.dev.fabric.rates.gpout[0], Hertz::STOPPED);
    bench.write(CLK_SYS + 4, 0x180);
    assert_eq!(bench.sys(), 83_333_333);
}

/// 2.15.6 and 2.19.2: GPOUT0 is function 8 of GPIO21. 12 MHz / 12 has an edge every 500 ns.
#[test]
fn a_clock_output_has_edges_where_somebody_looks() {
    let mut bench = Bench::new();
    bench.boot(125, 6, 2);
    bench.write(CLK_GPOUT0 + 4, 12 << 8);
    bench.write(CLK_GPOUT0, ENABLE | 0x5 << 5);
    bench.write(IO_BANK0 + 21 * 8 + 4, 8);
    bench.pass(10 * MICROSECOND);
    bench.0.dev.fabric.pins.keep_log(true);
    bench.0.dev.fabric.look_at_gpout();
    bench.pass(10 * MICROSECOND);
    let log = bench.0.dev.fabric.pins.take_log();
    let edges: Vec<_> =
        log.windows(2).filter(|pair| (pair[0].1 ^ pair[1].1) >> 21 & 1 != 0).map(|pair| pair[1].0).collect();
    assert!((18..=20).contains(&edges.len()), "{} edges", edges.len());
    assert!(edges.windows(2).all(|pair| pair[1] - pair[0] == MICROSECOND / 2));
}

/// 2.15.2.3: a clock on GPIN0 (function 8 of GPIO20) can be a source; there is none unless one is fed in.
#[test]
fn a_clock_comes_in_through_a_pin() {
    let mut bench = Bench::new();
    bench.boot(125, 6, 2);
    bench.write(CLK_RTC, ENABLE | 4 << 5);
    bench.write(CLK_RTC + 4, 1 << 8);
    assert_eq!(bench.0.dev.fabric.rates.rtc, Hertz::STOPPED);
    bench.0.dev.fabric.feed_gpin(0, Hertz::new(32_768));
    assert_eq!(bench.0.dev.fabric.rates.rtc, Hertz::STOPPED);
    bench.write(IO_BANK0 + 20 * 8 + 4, 8);
    assert_eq!(bench.0.dev.fabric.rates.rtc, Hertz::new(32_768));
}

/// 2.15.4: 2^8 × 0.98 µs is 250 µs with a reference of 12 MHz; the result is in kHz with five bits of fraction.
#[test]
fn the_frequency_counter_takes_its_time() {
    let mut bench = Bench::new();
    bench.boot(133, 6, 2);
    bench.write(FC0, 12_000);
    for (source, khz) in [(1, 133_000), (5, 12_000), (8, 12_000), (9, 133_000), (0xB, 48_000), (3, 6_500)] {
        bench.write(FC0 + 0x14, source);
        bench.pass(249 * MICROSECOND);
        assert_eq!(bench.read(FC0_STATUS), 1 << 8, "running");
        bench.pass(2 * MICROSECOND);
        assert_eq!(bench.read(FC0_STATUS), 1 << 4 | 1, "done, passed");
        assert_eq!(bench.read(FC0_RESULT), khz << 5);
    }
    // The slowest clock needs the longest interval: 46.875 kHz is 46 and 28/32.
    bench.write(FC0 + 0x10, 15);
    bench.write(FC0 + 4, 50);
    bench.write(FC0 + 0x14, 0xD);
    bench.pass(33_000 * MICROSECOND);
    assert_eq!(bench.read(FC0_STATUS), 1 << 20 | 1 << 16 | 1 << 4, "done, failed, slow");
    assert_eq!(bench.read(FC0_RESULT), 46 << 5 | 28);
}

/// 2.15.5: a clk_sys that stops falls back to clk_ref after TIMEOUT cycles of it, and tells so by an interrupt.
#[test]
fn a_dead_clk_sys_is_resuscitated() {
    let mut bench = Bench::new();
    bench.boot(125, 6, 2);
    bench.write(CLOCKS_INTE, 1);
    bench.write(RESUS_CTRL, 1 << 8 | 120);
    bench.write(PLL_SYS + 4 + SET, 0x01);
    assert!(bench.0.dev.fabric.tree.stopped);
    assert_eq!(bench.read(CLK_SYS + 8), 0);
    bench.pass(9 * MICROSECOND);
    assert_eq!(bench.read(RESUS_STATUS), 0);
    bench.pass(2 * MICROSECOND);
    assert_eq!((bench.read(RESUS_STATUS), bench.sys()), (1, 12_000_000));
    assert_ne!(bench.0.dev.fabric.irq[0] & 1 << Irq::CLOCKS as u8, 0);
    bench.write(CLK_SYS + CLEAR, 1);
    bench.write(RESUS_CTRL + SET, 1 << 16);
    assert_eq!((bench.read(RESUS_STATUS), bench.sys()), (0, 12_000_000));
    assert_eq!(bench.0.dev.fabric.irq[0] & 1 << Irq::CLOCKS as u8, 0);
}

/// 2.17.3 and 2.17.8: DIV = 0xAA0 + n; PASSWD 0x9696 applies drive strengths, one bit doubles that of a stage.
#[test]
fn the_ring_oscillator_follows_divider_and_drive() {
    let mut bench = Bench::new();
    assert_eq!(bench.read(ROSC + 0x18), 1 << 31 | 1 << 16 | 1 << 12);
    bench.write(ROSC + 0x10, 0xAA0 + 8);
    assert_eq!(bench.sys(), 13_000_000);
    bench.write(ROSC + 0x10, 0xAA0);
    assert_eq!(bench.sys(), 3_250_000);
    bench.write(ROSC + 4, 0x9696_1111);
    bench.write(ROSC + 8, 0x9696_1111);
    assert_eq!(bench.sys(), 6_500_000);
    assert_eq!(bench.read(ROSC + 0x18) >> 24 & 1, 0);
    bench.write(ROSC + 4, 0x1111);
    assert_eq!(bench.read(ROSC + 0x18) >> 24 & 1, 1, "a bad write");
    assert_eq!(bench.sys(), 4_333_333);
    let mut bits = |seed| {
        bench.0.dev.rosc.seed(seed);
        (0..64).fold(0u64, |bits, _| bits << 1 | u64::from(bench.read(ROSC + 0x1C)))
    };
    assert_eq!(bits(7), bits(7));
    assert_ne!(bits(7), bits(8));
    assert!((16..48).contains(&bits(9).count_ones()));
}

/// 2.12.1, 2.13.4, 4.7.1: the SDK's watchdog_reboot selects every stage but the oscillators.
#[test]
fn a_watchdog_reset_starts_the_chip_again() {
    let mut bench = Bench::new();
    bench.boot(125, 6, 2);
    bench.write(0x2000_0100, 0xCAFE_F00D);
    bench.write(PSM + 8, 0x1FFFF & !3);
    bench.write(WATCHDOG + 0xC, 0x1234_5678);
    bench.write(WATCHDOG + 4, 2 * 500);
    bench.write(WATCHDOG + SET, 1 << 30);
    bench.pass(499 * MICROSECOND);
    assert_eq!(bench.restart_if_asked(), None);
    bench.pass(2 * MICROSECOND);
    let before = bench.now();
    assert_eq!(bench.restart_if_asked(), Some(Reason::WatchdogTimer));
    assert_eq!((bench.now(), bench.sys()), (before, 6_500_000));
    assert_eq!(bench.read(RESETS), 0x01FF_FFFF);
    assert_eq!((bench.read(WATCHDOG + 8), bench.read(WATCHDOG + 0xC)), (1, 0x1234_5678));
    assert_eq!(bench.read(CHIP_RESET), 1 << 8, "the last chip-level reset was power-on");
    assert_eq!(bench.read(XOSC + 4) >> 31, 1, "the crystal was not selected and runs on");
    assert_eq!(bench.read(0x2000_0100), 0xCAFE_F00D);
    bench.boot(125, 6, 2);
    assert_eq!(bench.sys(), 125_000_000);
}

/// 2.12.1: the RUN pin resets everything, and CHIP_RESET.HAD_RUN tells.
#[test]
fn the_run_pin_resets_the_watchdog_too() {
    let mut bench = Bench::new();
    bench.boot(125, 6, 2);
    bench.write(WATCHDOG + 0xC, 0x1234_5678);
    bench.0.dev.fabric.request(Request::Restart(Reason::RunPin));
    assert_eq!(bench.restart_if_asked(), Some(Reason::RunPin));
    assert_eq!((bench.read(WATCHDOG + 8), bench.read(WATCHDOG + 0xC)), (0, 0));
    assert_eq!((bench.read(CHIP_RESET), bench.read(XOSC + 4)), (1 << 16, 0));
    assert_eq!(bench.sys(), 6_500_000);
}

/// 2.13.4: with no stage selected the chip runs on; 2.14.2: RESETS.WDSEL resets single blocks.
#[test]
fn the_watchdog_resets_what_is_selected() {
    let mut bench = Bench::new();
    bench.boot(125, 6, 2);
    bench.write(TIMER + 0x38, 0xF);
    bench.write(RTC, 46_874);
    bench.write(RESETS + 4, 1 << 21);
    bench.write(WATCHDOG + SET, 1 << 31);
    assert_eq!(bench.restart_if_asked(), Some(Reason::WatchdogForce));
    assert_eq!((bench.sys(), bench.read(RESETS)), (125_000_000, 0));
    assert_eq!((bench.read(TIMER + 0x38), bench.read(RTC)), (0, 46_874));
}

/// 2.18.4: CS.LOCK is bit 31, BYPASS bit 8. PD, VCOPD and POSTDIVPD (PWR bits 0, 5, 3) stop the output.
#[test]
fn a_pll_locks_bypasses_and_powers_down() {
    let mut bench = Bench::new();
    bench.start_crystal();
    bench.write(RESETS + CLEAR, 1 << 12);
    bench.write(PLL_SYS + 8, 125);
    assert_eq!((bench.read(PLL_SYS), bench.read(PLL_SYS + 4)), (1, 0x2D));
    bench.write(PLL_SYS + 4 + CLEAR, 0x21);
    assert_eq!(bench.read(PLL_SYS) >> 31, 0, "a loop needs time to lock");
    bench.pass(1000 * MICROSECOND);
    assert_eq!(bench.read(PLL_SYS) >> 31, 1);
    bench.write(PLL_SYS + 0xC, 6 << 16 | 2 << 12);
    let output = |bench: &Bench| bench.0.dev.fabric.rate_of(rp2040::clocks::tree::Source::PllSys);
    assert_eq!(output(&bench), Hertz::STOPPED);
    bench.write(PLL_SYS + 4 + CLEAR, 0x08);
    assert_eq!(output(&bench), Hertz::new(125_000_000));
    bench.write(PLL_SYS + SET, 1 << 8);
    assert_eq!(output(&bench), Hertz::new(12_000_000));
    bench.write(PLL_SYS + CLEAR, 1 << 8);
    bench.write(PLL_SYS + 8, 100);
    assert_eq!(bench.read(PLL_SYS) >> 31, 0, "another FBDIV has to lock anew");
    bench.write(PLL_SYS + 4 + SET, 0x20);
    assert_eq!(output(&bench), Hertz::STOPPED);
    assert!(bench.0.dev.fabric.gaps.all().is_empty());
    bench.write(PLL_SYS + 4 + CLEAR, 0x20);
    bench.write(PLL_SYS + 8, 40);
    assert!(
        bench.0.dev.fabric.gaps.all().contains_key("PLL_SYS out of range"),
        "a VCO of 480 MHz is out of 750 to 1600"
    );
}

/// 2.14.1: a block that goes into reset loses its state, and its accesses go nowhere until it is let go.
#[test]
fn a_block_in_reset_forgets_its_alarms() {
    let mut bench = Bench::new();
    bench.boot(125, 6, 2);
    bench.write(TIMER + 0x38, 1);
    bench.write(TIMER + 0x10, 0x1000_0000);
    bench.write(RESETS + SET, 1 << 21);
    assert_eq!(bench.read(RESETS + 8), 0x01FF_FFFF & !(1 << 21));
    bench.write(RESETS + CLEAR, 1 << 21);
    assert_eq!((bench.read(TIMER + 0x20), bench.read(TIMER + 0x38), bench.read(TIMER + 0x28)), (0, 0, 0));
    assert_eq!(bench.read(RESETS + 8), 0x01FF_FFFF);
}

/// 2.1.5.2: PERFSEL 1 counts accesses through the APB bridge.
#[test]
fn the_bus_counts_its_accesses() {
    let mut bench = Bench::new();
    bench.boot(125, 6, 2);
    bench.write(BUSCTRL + 0xC, 1);
    bench.write(BUSCTRL + 8, 0);
    for _ in 0..5 {
        bench.read(TIMER + 0x28);
    }
    assert_eq!(bench.read(BUSCTRL + 8), 6, "five loads of the timer, and this one");
}
