//! The registers as the system sees them, section 3.7, interrupts and DREQs.

use super::*;
use crate::fabric::Irq;
use crate::pio::registers::{CTRL, EXECCTRL};

/// 3.5.3 and SHIFTCTRL: four words each way, eight when joined, none for the other; both full and empty.
#[test]
fn fifos_join() {
    let mut bench = Bench::new();
    let fill = |bench: &mut Bench| {
        for word in 0..10 {
            bench.write(Reg::TXF0, word);
        }
        (bench.read(Reg::FLEVEL), bench.read(Reg::FSTAT) & 0x0101_0101, bench.read(Reg::FDEBUG) & 1 << 16)
    };
    assert_eq!(fill(&mut bench), (4, 0x0001_0100, 1 << 16));
    bench.setup(0, Setup::new().join_tx());
    assert_eq!(bench.read(Reg::FLEVEL), 0, "flushed");
    assert_eq!(fill(&mut bench), (8, 0x0001_0101, 1 << 16));
    bench.setup(0, Setup::new().join_rx());
    assert_eq!(fill(&mut bench), (0, 0x0101_0100, 1 << 16));
}

/// FDEBUG: RXUNDER, cleared by writing 1; the other bits stay.
#[test]
fn reading_an_empty_fifo_is_flagged() {
    let mut bench = Bench::new();
    bench.read(Reg::RXF2);
    for _ in 0..5 {
        bench.write(Reg::TXF1, 1);
    }
    assert_eq!(bench.read(Reg::FDEBUG), 1 << 10 | 1 << 17);
    bench.write(Reg::FDEBUG, 1 << 10);
    assert_eq!(bench.read(Reg::FDEBUG), 1 << 17);
}

/// Reset values of the SVD, and DBG_CFGINFO (table 378): 32 words, four machines, four words in a FIFO.
#[test]
fn reset_values() {
    let mut bench = Bench::new();
    bench.write(Reg::TXF3, 1);
    bench.outputs(0xFF);
    bench.pio.reset(&mut bench.fabric);
    assert_eq!(bench.read(Reg::FSTAT), 0x0F00_0F00);
    assert_eq!(bench.read(Reg::DBG_CFGINFO), 0x0020_0404);
    for machine in 0..4 {
        assert_eq!(bench.load_sm(machine, Sm::CLKDIV), 0x0001_0000);
        assert_eq!(bench.load_sm(machine, Sm::EXECCTRL), 0x0001_F000);
        assert_eq!(bench.load_sm(machine, Sm::SHIFTCTRL), 0x000C_0000);
        assert_eq!(bench.load_sm(machine, Sm::PINCTRL), 0x1400_0000);
    }
    assert_eq!((bench.read(Reg::DBG_PADOE), bench.fabric.pins.driven()), (0, 0));
    assert_eq!(CTRL::SM_RESTART.mask | EXECCTRL::EXEC_STALLED.mask, 0x8000_00F0);
}

/// 2.3.2: PIO0_IRQ_0 and PIO0_IRQ_1; INTE, INTF and INTS of section 3.7.
#[test]
fn interrupt_lines() {
    let mut bench = Bench::bypassed();
    let line = |bench: &Bench, irq: Irq| bench.fabric.irq[0] >> irq as u8 & 1;
    bench.load(&[nop().delay(9), irq_set(1), set(X, 3), mov(ISR, X), push(0, 1), jmp(ALWAYS, 5)]);
    bench.setup(0, Setup::new());
    bench.write(Reg::IRQ0_INTE, 1 << 9);
    bench.write(Reg::IRQ1_INTE, 1);
    assert_eq!(bench.pio.quiet_until(&bench.fabric), u64::MAX, "nothing runs");
    bench.start(1);
    assert!(bench.pio.quiet_until(&bench.fabric) <= bench.fabric.cycle + 1);
    let start = bench.fabric.cycle;
    bench.fabric.cycle += 100;
    bench.pio.run(bench.fabric.cycle, &mut bench.fabric);
    assert_eq!((bench.pio.cycle() - start, line(&bench, Irq::PIO0_0)), (11, 1), "back right after the change");
    assert_eq!(line(&bench, Irq::PIO0_1), 0);
    bench.pio.run(bench.fabric.cycle, &mut bench.fabric);
    assert_eq!((bench.pio.cycle() - start, line(&bench, Irq::PIO0_1)), (14, 1));
    bench.pio.run(bench.fabric.cycle, &mut bench.fabric);
    assert_eq!(bench.read(Reg::INTR), 0x2F1);
    assert_eq!((bench.read(Reg::IRQ0_INTS), bench.read(Reg::IRQ1_INTS)), (0x200, 1));
    bench.write(Reg::IRQ, 2);
    bench.read(Reg::RXF0);
    assert_eq!((line(&bench, Irq::PIO0_0), line(&bench, Irq::PIO0_1)), (0, 0));
    bench.write(Reg::IRQ0_INTF, 1 << 3);
    assert_eq!((bench.read(Reg::IRQ0_INTS), line(&bench, Irq::PIO0_0)), (8, 1));
}

/// 2.5.3.1: PIO0_TX0 to TX3 are 0 to 3, RX0 to RX3 are 4 to 7; PIO1 has 8 to 15.
#[test]
fn dreqs_follow_the_fifos() {
    let mut bench = Bench::bypassed();
    bench.pio.reset(&mut bench.fabric);
    assert_eq!(bench.fabric.dreq, 0x0F);
    bench.load(&[nop().delay(20), pull(0, 1), mov(ISR, OSR), push(0, 1), jmp(ALWAYS, 4)]);
    bench.setup(2, Setup::new());
    for _ in 0..4 {
        bench.write(Reg::TXF2, 5);
    }
    assert_eq!(bench.fabric.dreq, 0x0B);
    bench.fabric.dreq_awaited = 1 << 2;
    bench.start(0b0100);
    let start = bench.fabric.cycle;
    bench.fabric.cycle += 200;
    bench.pio.run(bench.fabric.cycle, &mut bench.fabric);
    assert_eq!((bench.pio.cycle() - start, bench.fabric.dreq), (22, 0x0F));
    bench.run(10);
    assert_eq!(bench.fabric.dreq, 0x4F);
    bench.read(Reg::RXF2);
    assert_eq!(bench.fabric.dreq, 0x0F);

    let mut fabric = Fabric::new(Hertz::new(1));
    Pio::new(1).reset(&mut fabric);
    assert_eq!(fabric.dreq, 0x0F00);
}

/// An interrupt on a pin that PIO drives stops the run right after the edge.
#[test]
fn a_watched_pin_stops_the_run() {
    let mut bench = Bench::with(&[nop().delay(4), set(PINS, 1), jmp(ALWAYS, 2)], Setup::new().set(3, 1), 1 << 3);
    bench.fabric.io.interrupts.set_enabled(0, 0, 8 << 12);
    bench.fabric.update_bank0_irq();
    bench.start(1);
    let start = bench.fabric.cycle;
    bench.pio.run(start + 100, &mut bench.fabric);
    assert_eq!((bench.pio.cycle() - start, bench.fabric.irq[0] >> Irq::IO_BANK0 as u8 & 1), (6, 1));
}

/// A snapshot in the middle of a program goes on as if nothing had happened.
#[test]
fn a_copy_goes_on_like_the_original() {
    let mut bench =
        Bench::with(&[out(PINS, 3).delay(3)], Setup::new().wrap(0, 0).out(0, 3).autopull(32).divide(3, 7), 7);
    bench.write(Reg::TXF0, 0x1234_5678);
    bench.write(Reg::TXF0, 0x9ABC_DEF0);
    bench.start(1);
    bench.run(50);
    let mut copy = bench.clone();
    // What serde leaves out is made again.
    copy.pio.undecoded = 0xF;
    bench.run(300);
    copy.run(300);
    assert_eq!(copy.fabric.pins.trace.sha256(), bench.fabric.pins.trace.sha256());
    assert_eq!(copy.machine(0), bench.machine(0));
}
