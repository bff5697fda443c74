use super::*;
use crate::pins::Pins;
use std::sync::{Arc, Mutex};

/// A part that hears, and that says a number which counts frames in its first slot, its complement in the others.
#[derive(Default)]
struct Ear {
    batches: Vec<I2sBatch>,
    asked: Vec<Ps>,
    slots: usize,
}

struct Part(Arc<Mutex<Ear>>);

impl Outside for Part {
    fn spi(&mut self, _: PortId, _: crate::ports::SpiBatch) {}
    fn spi_answer(&mut self, _: PortId, _: Ps, _: u8, _: bool) -> Option<crate::ports::SpiAnswer> {
        None
    }
    fn i2s_sent(&mut self, _: PortId, batch: I2sBatch) {
        self.0.lock().unwrap().batches.push(batch);
    }
    fn i2s_wanted(&mut self, _: PortId, at: &[Ps]) -> Vec<i32> {
        let mut ear = self.0.lock().unwrap();
        let before = ear.asked.len();
        ear.asked.extend(at);
        let sample = |n: usize| (before + n + 1) as i32 * 0x0101_0100;
        (0..at.len())
            .flat_map(|n| (0..ear.slots).map(move |slot| if slot == 0 { sample(n) } else { !sample(n) }))
            .collect()
    }
    fn take_posted(&mut self) -> Option<crate::ports::Posted> {
        None
    }
}

const BCK: u8 = 1;
const WS: u8 = 2;
const TO_PART: u8 = 3;
const FROM_PART: u8 = 4;
/// 1.5 MHz and a bit.
const BIT: Ps = 650_000;

fn pins(format: I2sFormat) -> (Pins, Arc<Mutex<Ear>>) {
    let ear = Arc::new(Mutex::new(Ear { slots: usize::from(format.slots), ..Ear::default() }));
    let mut pins = Pins::default();
    pins.set_outside(Box::new(Part(ear.clone())));
    pins.attach_i2s(I2sWire::new(BCK, WS, Some(TO_PART), Some(FROM_PART), format));
    (pins, ear)
}

fn lines(data: u8) -> I2sLines {
    I2sLines { bck: 1 << BCK, ws: 1 << WS, data: 1 << data }
}

/// A master that makes every edge: data and WS change as the clock falls, and are looked at as it rises. What it took.
fn by_edges(pins: &mut Pins, layout: &I2sLayout, frames: &[u128]) -> Vec<u128> {
    let bits = u32::from(layout.bits);
    let enable = 1 << BCK | 1 << WS | 1 << TO_PART;
    // A clock before the first frame: WS as it is in the last clock of a frame.
    let mut stream: Vec<(bool, bool)> = vec![(layout.ws(bits - 1), false)];
    let mut carried = false;
    for frame in frames {
        for index in 0..bits {
            let bit = |place: u32| frame >> (bits - 1 - place) & 1 != 0;
            let data = if layout.delay { index.checked_sub(1).map_or(carried, bit) } else { bit(index) };
            stream.push((layout.ws(index), data));
        }
        carried = frame & 1 != 0;
    }
    let mut taken = Vec::new();
    for (n, (ws, data)) in stream.into_iter().enumerate() {
        let low = u64::from(ws) << WS | u64::from(data) << TO_PART;
        let at = n as Ps * BIT;
        pins.drive(low, enable, at);
        pins.drive(low | 1 << BCK, enable, at + BIT / 2);
        taken.push(pins.is_high(FROM_PART));
    }
    let first = 1 + usize::from(layout.delay);
    taken[first..]
        .chunks(bits as usize)
        .map(|bits| bits.iter().fold(0, |all, bit| all << 1 | u128::from(*bit)))
        .collect()
}

fn heard(pins: &mut Pins, ear: &Arc<Mutex<Ear>>) -> (Vec<i32>, Vec<Ps>, u8) {
    pins.flush();
    let ear = ear.lock().unwrap();
    let of = |all: fn(&I2sBatch) -> &[i32]| ear.batches.iter().flat_map(|batch| all(batch).to_vec()).collect();
    let at = ear.batches.iter().flat_map(|batch| batch.at.clone()).collect();
    (of(|batch| &batch.samples), at, ear.batches.last().map_or(0, |batch| batch.bits))
}

const STEREO: I2sFormat = I2sFormat { slots: 2, slot_bits: 0, delay: true };
/// Philips, 16 clocks a slot.
const PHILIPS: I2sLayout = I2sLayout { bits: 32, ws_first: 16, ws_level: false, delay: true };

/// I2S bus specification, figure 3: MSB first, one clock behind WS; low is the left channel.
#[test]
fn frames_and_edges_give_the_same_samples() {
    let frames = [0x1234_8765, 0x0001_7FFF, 0xFFFF_8000];
    let (mut by_wire, ear) = pins(STEREO);
    by_edges(&mut by_wire, &PHILIPS, &[&frames[..], &[0]].concat());
    let (samples, at, bits) = heard(&mut by_wire, &ear);
    assert_eq!(samples[..4], [0x1234_0000, 0x8765_0000u32 as i32, 0x0001_0000, 0x7FFF_0000]);
    assert_eq!((&at[..2], bits), (&[BIT, 33 * BIT][..], 16));
    let (mut by_frame, ear) = pins(STEREO);
    by_frame.i2s_send(&lines(TO_PART), &PHILIPS, &frames, &at);
    assert_eq!(heard(&mut by_frame, &ear), (samples, at, bits));
}

#[test]
fn a_part_says_the_same_by_edges_and_by_frames() {
    let (mut by_wire, _) = pins(STEREO);
    let taken = by_edges(&mut by_wire, &PHILIPS, &[0; 4]);
    assert_eq!(taken[..3], [0x0101_FEFE, 0x0202_FDFD, 0x0303_FCFC]);
    let (mut by_frame, ear) = pins(STEREO);
    let at = [BIT, 33 * BIT, 65 * BIT];
    assert_eq!(by_frame.i2s_receive(&lines(FROM_PART), &PHILIPS, &at).unwrap(), taken[..3]);
    assert_eq!(ear.lock().unwrap().asked, at);
    assert_eq!(by_frame.i2s_receive(&lines(TO_PART), &PHILIPS, &at), None, "nobody drives that pin");
}

/// A left-justified controller and a Philips part, and the other way round: a bit is lost, and both paths lose the same.
#[test]
fn formats_that_differ_by_a_clock_shift_the_samples() {
    for (delay, part_delay) in [(false, true), (true, false)] {
        let layout = I2sLayout { delay, ..PHILIPS };
        let format = I2sFormat { delay: part_delay, ..STEREO };
        let frames = [0x1234_8765, 0x4001_7FFF, 0xFFFF_8000, 0x1357_2468];
        let (mut by_wire, ear) = pins(format);
        let taken = by_edges(&mut by_wire, &layout, &frames);
        let (samples, at, _) = heard(&mut by_wire, &ear);
        assert_eq!(samples[0], if part_delay { 0x2469_0000 } else { 0x091A_0000 });
        let (mut by_frame, ear) = pins(format);
        let begins: Vec<Ps> = (0..4).map(|n| (1 + 32 * n) * BIT).collect();
        by_frame.i2s_send(&lines(TO_PART), &layout, &frames, &begins);
        let (again, at_again, _) = heard(&mut by_frame, &ear);
        assert_eq!((&again[..4], &at_again[..2]), (&samples[..4], &at[..2]));
        let received = by_frame.i2s_receive(&lines(FROM_PART), &layout, &begins).unwrap();
        assert_eq!(received[1..3], taken[1..3]);
    }
}

/// TDM with WS high for one clock (PCM short) and for half a frame: the frame begins as WS rises.
#[test]
fn tdm_begins_as_ws_rises() {
    let format = I2sFormat { slots: 4, slot_bits: 16, delay: true };
    for ws_first in [1, 32] {
        let layout = I2sLayout { bits: 64, ws_first, ws_level: true, delay: true };
        let frames = [0x1111_2222_3333_4444, 0x5555_6666_7777_8888];
        let (mut by_wire, ear) = pins(format);
        let taken = by_edges(&mut by_wire, &layout, &[&frames[..], &[0]].concat());
        assert_eq!(taken[..2], [0x0101_FEFE_FEFE_FEFE, 0x0202_FDFD_FDFD_FDFD]);
        let (samples, at, bits) = heard(&mut by_wire, &ear);
        assert_eq!(samples[..4], [0x1111_0000, 0x2222_0000, 0x3333_0000, 0x4444_0000]);
        assert_eq!((at[0], bits), (BIT, 16));
        let (mut by_frame, ear) = pins(format);
        by_frame.i2s_send(&lines(TO_PART), &layout, &frames, &at);
        assert_eq!(heard(&mut by_frame, &ear).0, samples);
        assert_eq!(by_frame.i2s_receive(&lines(FROM_PART), &layout, &at).unwrap(), taken[..2]);
    }
}

/// 24 bits in 32 clocks, and 32 bits in 16 clocks: the specification lets the receiver fill up or leave out the lower bits.
#[test]
fn slots_may_be_wider_or_narrower_than_samples() {
    let wide = I2sLayout { bits: 128, ws_first: 64, ..PHILIPS };
    let (mut pins, ear) = pins(STEREO);
    pins.i2s_send(&lines(TO_PART), &wide, &[0xAABB_CCDD << 96 | 1 << 63], &[7]);
    assert_eq!(heard(&mut pins, &ear), (vec![0xAABB_CCDDu32 as i32, i32::MIN], vec![7], 64));
    let frame = pins.i2s_receive(&lines(FROM_PART), &wide, &[0]).unwrap()[0];
    assert_eq!(frame, 0x0101_0100 << 96 | 0xFEFE_FEFF << 32);
}

/// A part gives the clock to a chip without a controller for it: 16 kHz, 64 clocks a frame, seen by a second part.
#[test]
fn a_part_that_is_the_master_makes_edges() {
    let ear = Arc::new(Mutex::new(Ear { slots: 2, ..Ear::default() }));
    let mut pins = Pins::without_i2s();
    pins.set_outside(Box::new(Part(ear.clone())));
    let layout = I2sLayout { bits: 64, ws_first: 32, ..PHILIPS };
    let clock = I2sClock { rate: Hertz::new(16_000), layout, from: 1000 };
    let master = pins.attach_i2s(I2sWire::new(BCK, WS, None, Some(FROM_PART), STEREO).clocked_by_part(clock));
    pins.attach_i2s(I2sWire::new(BCK, WS, Some(FROM_PART), None, STEREO));
    let frame = 62_500_000;
    while pins.next_stimulus() < 10 * frame {
        let next = pins.next_stimulus();
        pins.apply_stimuli(next);
    }
    let (samples, at, bits) = heard(&mut pins, &ear);
    // The part is asked as WS falls; what it says comes a clock later.
    assert_eq!(samples[..4], [0x0101_0100, !0x0101_0100, 0x0202_0200, !0x0202_0200]);
    assert_eq!((at[1], at[2], bits), (1000 + frame, 1000 + 2 * frame, 32));
    pins.set_i2s_clock(master, None);
    assert_eq!(pins.next_stimulus(), Ps::MAX);
}
