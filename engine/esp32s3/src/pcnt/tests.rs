use super::*;
use crate::io::{InSelect, Pad};

const CONF0: u32 = 0x00;
const CONF1: u32 = 0x04;
const CONF2: u32 = 0x08;
const CNT: u32 = 0x30;
const INT_RAW: u32 = 0x40;
const INT_ENA: u32 = 0x48;
const INT_CLR: u32 = 0x4C;
const STATUS: u32 = 0x50;
const CTRL: u32 = 0x60;
/// Channel 0 counts rising edges up, and down while control is low (TRM table 38-1).
const UP_DOWN: u32 = 1 << 18 | 1 << 22;
const CONTROL: Signal = PCNT_SIG_CH0_IN0 + 2;

/// Unit 0 with the pulse input low and control high, let go of its reset.
fn parts(conf0: u32) -> (Pcnt, Fabric) {
    let (mut pcnt, mut fabric) = (Pcnt::new(), Fabric::new());
    fabric.set_pad(4, Pad { function: 1, input_enable: true, pull_up: true, ..Pad::default() });
    control(&mut fabric, true);
    pcnt.write(CONF0, Write::word(conf0), &mut fabric);
    pcnt.write(CTRL, Write::word(0), &mut fabric);
    (pcnt, fabric)
}

fn control(fabric: &mut Fabric, high: bool) {
    fabric.select_input(CONTROL, InSelect { pin: 4, invert: !high, by_matrix: true });
}

fn edge(pcnt: &mut Pcnt, fabric: &mut Fabric, high: bool) {
    pcnt.input(InputEdge { signal: PCNT_SIG_CH0_IN0, at: fabric.now(), high }, fabric);
}

fn pulses(pcnt: &mut Pcnt, fabric: &mut Fabric, count: u32) {
    for _ in 0..count {
        edge(pcnt, fabric, true);
        edge(pcnt, fabric, false);
    }
}

fn count(pcnt: &mut Pcnt, fabric: &mut Fabric) -> i16 {
    pcnt.read(CNT, fabric) as i16
}

/// TRM 38.3.1: the mode of the edge, then the control level.
#[test]
fn edges_count_up_and_the_control_level_inverts() {
    let (mut pcnt, mut fabric) = parts(UP_DOWN);
    pulses(&mut pcnt, &mut fabric, 5);
    assert_eq!(count(&mut pcnt, &mut fabric), 5);
    control(&mut fabric, false);
    pulses(&mut pcnt, &mut fabric, 7);
    assert_eq!(count(&mut pcnt, &mut fabric), -2);
    assert_eq!(pcnt.read(STATUS, &mut fabric) & 3, 2, "below zero");
    pcnt.write(CTRL, Write::word(1 << 1), &mut fabric);
    pulses(&mut pcnt, &mut fabric, 3);
    assert_eq!(count(&mut pcnt, &mut fabric), -2, "paused");
    pcnt.write(CTRL, Write::word(1), &mut fabric);
    assert_eq!(count(&mut pcnt, &mut fabric), 0, "cleared");
}

/// TRM 38.3.3: thresholds raise the interrupt; the limit does, and the counter starts again from 0.
#[test]
fn thresholds_and_limits_raise_the_interrupt() {
    let (mut pcnt, mut fabric) = parts(UP_DOWN | 1 << 14 | 1 << 12);
    pcnt.write(CONF1, Write::word(3), &mut fabric);
    pcnt.write(CONF2, Write::word(5), &mut fabric);
    pcnt.write(INT_ENA, Write::word(1), &mut fabric);
    pulses(&mut pcnt, &mut fabric, 2);
    assert_eq!(pcnt.read(INT_RAW, &mut fabric), 0);
    pulses(&mut pcnt, &mut fabric, 1);
    assert_eq!(pcnt.read(INT_RAW, &mut fabric), 1);
    assert_eq!(pcnt.read(STATUS, &mut fabric) >> 2, 1 << 1, "THRES0");
    assert_ne!(fabric.sources() >> Source::PCNT as u8 & 1, 0);
    pcnt.write(INT_CLR, Write::word(1), &mut fabric);
    pulses(&mut pcnt, &mut fabric, 2);
    assert_eq!(pcnt.read(STATUS, &mut fabric) >> 2, 1 << 3, "H_LIM");
    assert_eq!(count(&mut pcnt, &mut fabric), 0);
}

/// TRM 38.3.2: pulses shorter than FILTER_THRES cycles of APB_CLK do not count.
#[test]
fn the_filter_passes_over_short_pulses() {
    let (mut pcnt, mut fabric) = parts(UP_DOWN | 1 << 10 | 100);
    edge(&mut pcnt, &mut fabric, true);
    fabric.cycle = 99;
    edge(&mut pcnt, &mut fabric, false);
    fabric.cycle = 500;
    edge(&mut pcnt, &mut fabric, true);
    fabric.cycle = 600;
    assert_eq!(count(&mut pcnt, &mut fabric), 0);
    assert_eq!(fabric.events.next(), fabric.now());
    pcnt.event(Slot::Pcnt, &mut fabric);
    assert_eq!(count(&mut pcnt, &mut fabric), 1);
}
