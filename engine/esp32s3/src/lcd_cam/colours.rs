//! The converters of LCD_RGB_YUV and CAM_RGB_YUV, ESP-IDF `hal/lcd_ll.h`, `hal/cam_ll.h`: RGB565 to YUV and back, and YUV from one
//! order of samples to another. Rec. ITU-R BT.601 and BT.709, with the range of 16 to 235 (240) or all of 0 to 255.
//!
//! Orders of bytes, ESP-IDF `hal/color_types.h`: 4:2:2 is U Y V Y; 4:2:0 is U Y Y in the first line of two and V Y Y in the second.
//! Of 4:1:1 it has none: U Y Y V Y Y, as IIDC cameras send it.

use super::{CAM_RGB_YUV as C, LCD_RGB_YUV};
use serde::{Deserialize, Serialize};

/// What a pixel's bytes mean.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Order {
    Rgb565,
    Yuv422,
    Yuv420,
    Yuv411,
}

impl Order {
    fn yuv(mode: u32) -> Self {
        match mode {
            0 => Self::Yuv422,
            1 => Self::Yuv420,
            _ => Self::Yuv411,
        }
    }

    fn bits(self) -> usize {
        match self {
            Self::Rgb565 | Self::Yuv422 => 16,
            Self::Yuv420 | Self::Yuv411 => 12,
        }
    }
}

/// A colour: luminance from 0 to 1, colour differences from -1/2 to 1/2.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
struct Colour {
    y: f32,
    u: f32,
    v: f32,
}

/// The weights of red and blue in luminance.
#[derive(Clone, Copy, Debug)]
struct Weights {
    red: f32,
    blue: f32,
}

/// BT.601 section 2.5.1.
const BT601: Weights = Weights { red: 0.299, blue: 0.114 };
/// BT.709 section 3.2.
const BT709: Weights = Weights { red: 0.2126, blue: 0.0722 };

/// How samples lie in their byte.
#[derive(Clone, Copy, Debug)]
struct Range {
    black: f32,
    white: f32,
    /// From one end of a colour difference to the other.
    swing: f32,
}

const LIMITED: Range = Range { black: 16.0, white: 235.0, swing: 224.0 };
const FULL: Range = Range { black: 0.0, white: 255.0, swing: 255.0 };

impl Range {
    fn level(self, byte: u8) -> f32 {
        (f32::from(byte) - self.black) / (self.white - self.black)
    }

    fn level_byte(self, level: f32) -> u8 {
        byte(self.black + level * (self.white - self.black))
    }

    fn difference(self, byte: u8) -> f32 {
        (f32::from(byte) - 128.0) / self.swing
    }

    fn difference_byte(self, difference: f32) -> u8 {
        byte(128.0 + difference * self.swing)
    }
}

/// The nearest byte.
fn byte(value: f32) -> u8 {
    value.round().clamp(0.0, 255.0) as u8
}

/// A converter as its register sets it up. Both registers have their fields at the same places, but for one.
#[derive(Clone, Copy, Debug)]
pub(super) struct Converter {
    from: Order,
    to: Order,
    weights: Weights,
    range_in: Range,
    range_out: Range,
    /// Every two bytes that come in change places.
    swaps: bool,
}

impl Converter {
    /// The display side's converter, where it is on.
    pub(super) fn of_display(register: u32) -> Option<Self> {
        Self::new(register, LCD_RGB_YUV::LCD_CONV_8BITS_DATA_INV.is_set(register))
    }

    /// The camera side's converter, where it is on.
    pub(super) fn of_camera(register: u32) -> Option<Self> {
        Self::new(register, C::CAM_CONV_8BITS_DATA_INV.is_set(register))
    }

    /// CONV_BYPASS turns the converter on when it is set (`lcd_ll_enable_color_convert`).
    fn new(register: u32, swaps: bool) -> Option<Self> {
        if !C::CAM_CONV_BYPASS.is_set(register) {
            return None;
        }
        let yuv = Order::yuv(C::CAM_CONV_YUV_MODE.get(register));
        let (from, to) = match (C::CAM_CONV_TRANS_MODE.is_set(register), C::CAM_CONV_YUV2YUV_MODE.get(register)) {
            (false, _) => (yuv, Order::Rgb565),
            (true, 3) => (Order::Rgb565, yuv),
            (true, mode) => (yuv, Order::yuv(mode)),
        };
        let range = |full| if full { FULL } else { LIMITED };
        Some(Self {
            from,
            to,
            weights: if C::CAM_CONV_PROTOCOL_MODE.is_set(register) { BT709 } else { BT601 },
            range_in: range(C::CAM_CONV_DATA_IN_MODE.is_set(register)),
            range_out: range(C::CAM_CONV_DATA_OUT_MODE.is_set(register)),
            swaps,
        })
    }

    /// Pixels that lie together, in and out.
    fn group(&self) -> usize {
        if [self.from, self.to].contains(&Order::Yuv411) {
            4
        } else {
            2
        }
    }

    /// How many bytes must come in for so many to go out.
    pub(super) fn bytes_in(&self, bytes_out: usize) -> usize {
        bytes_out * self.from.bits() / self.to.bits()
    }

    /// Bytes come in; those that are done go out.
    pub(super) fn convert(&self, bytes: &[u8], stream: &mut Stream) -> Vec<u8> {
        stream.pending.extend(bytes);
        let size = self.group() * self.from.bits() / 8;
        let whole = stream.pending.len() / size * size;
        let mut taken: Vec<u8> = stream.pending.drain(..whole).collect();
        if self.swaps {
            taken.chunks_exact_mut(2).for_each(|pair| pair.swap(0, 1));
        }
        let mut done = Vec::with_capacity(self.to.bits() * whole / self.from.bits());
        for group in taken.chunks_exact(size) {
            let colours = self.decode(group, stream);
            self.encode(&colours, stream.second, &mut done);
        }
        done
    }

    fn decode(&self, group: &[u8], stream: &mut Stream) -> Vec<Colour> {
        let range = self.range_in;
        let colour = |y, u, v| Colour { y: range.level(y), u: range.difference(u), v: range.difference(v) };
        match self.from {
            Order::Rgb565 => {
                group.chunks_exact(2).map(|pair| self.from_rgb(u16::from_le_bytes([pair[0], pair[1]]))).collect()
            }
            Order::Yuv422 => {
                group.chunks_exact(4).flat_map(|q| [colour(q[1], q[0], q[2]), colour(q[3], q[0], q[2])]).collect()
            }
            Order::Yuv420 => {
                let mut colours = Vec::with_capacity(self.group());
                for triple in group.chunks_exact(3) {
                    let other = stream.other_difference(triple[0]);
                    let (u, v) = if stream.second { (other, triple[0]) } else { (triple[0], other) };
                    colours.extend([colour(triple[1], u, v), colour(triple[2], u, v)]);
                }
                colours
            }
            Order::Yuv411 => [1, 2, 4, 5].map(|at| colour(group[at], group[0], group[3])).to_vec(),
        }
    }

    fn encode(&self, colours: &[Colour], second: bool, done: &mut Vec<u8>) {
        let range = self.range_out;
        let y = |colour: &Colour| range.level_byte(colour.y);
        let mean = |part: &[Colour], of: fn(&Colour) -> f32| {
            range.difference_byte(part.iter().map(of).sum::<f32>() / part.len() as f32)
        };
        let (u, v): (fn(&Colour) -> f32, fn(&Colour) -> f32) = (|colour| colour.u, |colour| colour.v);
        match self.to {
            Order::Rgb565 => colours.iter().for_each(|colour| done.extend(self.to_rgb(colour).to_le_bytes())),
            Order::Yuv422 => {
                for pair in colours.chunks_exact(2) {
                    done.extend([mean(pair, u), y(&pair[0]), mean(pair, v), y(&pair[1])]);
                }
            }
            Order::Yuv420 => {
                for pair in colours.chunks_exact(2) {
                    done.extend([mean(pair, if second { v } else { u }), y(&pair[0]), y(&pair[1])]);
                }
            }
            Order::Yuv411 => {
                let [a, b, c, d] = [0, 1, 2, 3].map(|n| y(&colours[n]));
                done.extend([mean(colours, u), a, b, mean(colours, v), c, d]);
            }
        }
    }

    /// The five or six bits of a part of RGB565 are its upper ones, and its lower ones again: white stays white.
    fn from_rgb(&self, pixel: u16) -> Colour {
        let five = |value: u16| self.range_in.level((value << 3 | value >> 2) as u8);
        let (red, blue) = (five(pixel >> 11), five(pixel & 0x1F));
        let six = pixel >> 5 & 0x3F;
        let green = self.range_in.level((six << 2 | six >> 4) as u8);
        let weights = self.weights;
        let y = weights.red * red + (1.0 - weights.red - weights.blue) * green + weights.blue * blue;
        Colour { y, u: (blue - y) / (2.0 - 2.0 * weights.blue), v: (red - y) / (2.0 - 2.0 * weights.red) }
    }

    fn to_rgb(self, colour: &Colour) -> u16 {
        let weights = self.weights;
        let red = colour.y + colour.v * (2.0 - 2.0 * weights.red);
        let blue = colour.y + colour.u * (2.0 - 2.0 * weights.blue);
        let green = (colour.y - weights.red * red - weights.blue * blue) / (1.0 - weights.red - weights.blue);
        let [red, green, blue] = [red, green, blue].map(|level| u16::from(self.range_out.level_byte(level)));
        red >> 3 << 11 | green >> 2 << 5 | blue >> 3
    }
}

/// Where a converter is in its picture.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(super) struct Stream {
    /// Bytes of a group of pixels that is not whole yet.
    pending: Vec<u8>,
    /// The second line of two.
    second: bool,
    /// Colour differences of 4:2:0 that the line brought, and those of the line above.
    here: Vec<u8>,
    above: Vec<u8>,
}

impl Stream {
    /// A line of 4:2:0 brings one colour difference; this is the other one, from the line above.
    fn other_difference(&mut self, brought: u8) -> u8 {
        let other = self.above.get(self.here.len()).copied().unwrap_or(128);
        self.here.push(brought);
        other
    }

    /// A line is over.
    pub(super) fn end_line(&mut self) {
        self.pending.clear();
        self.second = !self.second;
        self.above = std::mem::take(&mut self.here);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ON: u32 = 1 << 31;
    const TO_YUV: u32 = 1 << 30;
    const FULL_IN: u32 = 1 << 28;
    const FULL_OUT: u32 = 1 << 27;
    const BY_709: u32 = 1 << 26;
    /// YUV2YUV_MODE "disabled".
    const RGB: u32 = 3 << 22;

    fn convert(register: u32, bytes: &[u8]) -> Vec<u8> {
        Converter::of_display(register).unwrap().convert(bytes, &mut Stream::default())
    }

    /// Colour bars of 100 %: white, yellow, cyan, green, magenta, red, blue, black as RGB565, two pixels each.
    fn bars() -> Vec<u8> {
        let bars = [0xFFFFu16, 0xFFE0, 0x07FF, 0x07E0, 0xF81F, 0xF800, 0x001F, 0];
        bars.iter().flat_map(|bar| [bar.to_le_bytes(), bar.to_le_bytes()].concat()).collect()
    }

    /// 8-bit values of 100 % colour bars: Y, Cb, Cr by the formulas of BT.601 and BT.709.
    #[test]
    fn colour_bars_are_as_the_recommendations_have_them() {
        let by_601 = [
            [235, 128, 128],
            [210, 16, 146],
            [170, 166, 16],
            [145, 54, 34],
            [106, 202, 222],
            [81, 90, 240],
            [41, 240, 110],
            [16, 128, 128],
        ];
        let by_709 = [
            [235, 128, 128],
            [219, 16, 138],
            [188, 154, 16],
            [173, 42, 26],
            [78, 214, 230],
            [63, 102, 240],
            [32, 240, 118],
            [16, 128, 128],
        ];
        for (standard, values) in [(0, by_601), (BY_709, by_709)] {
            let yuv = convert(ON | TO_YUV | RGB | FULL_IN | standard, &bars());
            let wanted: Vec<u8> = values.iter().flat_map(|[y, cb, cr]| [*cb, *y, *cr, *y]).collect();
            assert_eq!(yuv, wanted);
            assert_eq!(convert(ON | RGB | FULL_OUT | standard, &yuv), bars(), "and back");
        }
    }

    /// JFIF's full range of BT.601: red is 76, 85, 255 (Y, Cb, Cr).
    #[test]
    fn the_full_range() {
        let red = [0x00, 0xF8, 0x00, 0xF8];
        assert_eq!(convert(ON | TO_YUV | RGB | FULL_IN | FULL_OUT, &red), [85, 76, 255, 76]);
        // 4:2:2 from one range to the other.
        assert_eq!(convert(ON | TO_YUV | FULL_OUT, &[128, 16, 128, 235]), [128, 0, 128, 255]);
    }

    /// ESP-IDF `hal/color_types.h`, OUYY_EVYY: the first line has U, the second V.
    #[test]
    fn lines_of_420_take_turns() {
        let converter = Converter::of_display(ON | TO_YUV | 1 << 22).unwrap();
        let mut stream = Stream::default();
        let line = [100, 50, 200, 60];
        assert_eq!(converter.convert(&line[..3], &mut stream), []);
        assert_eq!(converter.convert(&line[3..], &mut stream), [100, 50, 60]);
        stream.end_line();
        assert_eq!(converter.convert(&line, &mut stream), [200, 50, 60]);
        let back = Converter::of_camera(ON | TO_YUV | 1 << 24).unwrap();
        let mut stream = Stream::default();
        assert_eq!(back.convert(&[100, 50, 60], &mut stream), [100, 50, 128, 60]);
        stream.end_line();
        assert_eq!(back.convert(&[200, 50, 60], &mut stream), line);
        assert_eq!(back.bytes_in(16), 12);
    }

    /// Four pixels share their colour differences in 4:1:1; CONV_8BITS_DATA_INV swaps the bytes that come in.
    #[test]
    fn orders_of_411_and_swapped_bytes() {
        let converter = Converter::of_camera(ON | TO_YUV | 2 << 22 | 1 << 21).unwrap();
        let input = [10, 100, 20, 200, 30, 110, 40, 210];
        assert_eq!(converter.convert(&input, &mut Stream::default()), [105, 10, 20, 205, 30, 40]);
        assert_eq!(convert(ON | TO_YUV | 2 << 24, &[105, 10, 20, 205, 30, 40]), [105, 10, 205, 20, 105, 30, 205, 40]);
        assert!(Converter::of_camera(TO_YUV).is_none());
    }
}
