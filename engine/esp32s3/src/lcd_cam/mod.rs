//! LCD_CAM: a controller of displays with parallel data lines, 8080 bus or RGB, and an input for cameras. ESP32-S3 TRM
//! chapter "LCD and Camera Controller"; ESP-IDF `hal/lcd_ll.h`, `hal/cam_ll.h` and the drivers above them.
//!
//! The display side is due at the end of each phase, and of each part of its data that it has fetched; the camera side acts
//! at the edges of the pixel clock.
//!
//! # Fidelity
//! - 8080 bus: setup, command, dummy, data and hold phases, levels of LCD_CD and LCD_CS, 8 and 16 lines, orders of bits and
//!   bytes, clock source and dividers, idle level and phase of the clock, DMA, LCD_TRANS_DONE: as described.
//! - RGB: totals, porches, pulses, polarities, frames in a row, LCD_VSYNC at the end of the pulse (`hal/lcd_ll.h` calls it
//!   VSYNC_END): as described. A line's pixels are fetched when the line is over (approximated); where DMA has none, zeros
//!   go out. HSYNC and DE of a line change at their times, but that is found out when the line is over: a program that polls
//!   their pins misses them. Clocks between the pixels are not handed to parts. At the end of a frame that another one follows, FIFO depth
//!   and one more pixels are fetched ahead, and outlive LCD_AFIFO_RESET while the display runs: the RGB driver of ESP-IDF
//!   counts on both.
//! - 8080 bus: where DMA has nothing to give, the data is over (espressif/esp-idf#8085: LCD_TRANS_DONE comes early when
//!   data does). DMA itself is never late here: a link that was started gives data at once.
//! - Edges of clock and data lines appear only where somebody looks at them. If the chip's own inputs do (camera side, GPIO
//!   interrupts, counters), a word of the 8080 bus follows the other; an RGB line's edges come when the line is over, with
//!   their times (approximated).
//! - Camera: sampling at CAM_PCLK by CAM_DE, CAM_VSYNC and CAM_HSYNC, their inversions, 8 and 16 lines, orders, EOF by
//!   length or CAM_VSYNC, interrupts by frame and by lines: as described. CAM_VSYNC counts where it ends a frame.
//! - CAM_CLK goes out wherever it is routed, evenly even where its divider has a fraction. There are no glitches for the filter of
//!   CAM_VSYNC. Delays of single lines have no effect in a world without propagation times; registers count as they stand when a
//!   phase begins.
//! - Conversion between RGB and YUV: formulas, ranges and orders by their standards, rounded to the nearest. Approximated, as no
//!   document says: pixels that share a colour difference have their mean; a line of 4:2:0 takes the difference that it does not
//!   bring from the line above; bytes of 4:1:1 lie as in IIDC; CONV_MODE_8BITS_ON changes nothing, as bytes keep their order on
//!   8 lines and on 16. Data of the 8080 bus are one line.

mod camera;
mod colours;
mod i80;
mod registers;
mod rgb;
#[cfg(test)]
mod tests;

use crate::block::{undeclared, Block, InputEdge};
use crate::clock_out::{ClockOut, Square};
use crate::fabric::Fabric;
use crate::gdma::Port;
use crate::signals::*;
use crate::slots::Slot;
use crate::sources::Source;
use camera::Camera;
use colours::{Converter, Stream};
use engine_core::pins::ParallelLines;
use engine_core::registers::{Bank, Field, Group, Registers, Write};
use engine_core::time::{Hertz, Ps};
use i80::Transaction;
pub use registers::*;
use rgb::Frames;
use serde::{Deserialize, Serialize};

/// Data lines out.
const DATA_OUT: [Signal; 16] = [
    LCD_DATA_OUT0,
    LCD_DATA_OUT1,
    LCD_DATA_OUT2,
    LCD_DATA_OUT3,
    LCD_DATA_OUT4,
    LCD_DATA_OUT5,
    LCD_DATA_OUT6,
    LCD_DATA_OUT7,
    LCD_DATA_OUT8,
    LCD_DATA_OUT9,
    LCD_DATA_OUT10,
    LCD_DATA_OUT11,
    LCD_DATA_OUT12,
    LCD_DATA_OUT13,
    LCD_DATA_OUT14,
    LCD_DATA_OUT15,
];

/// The inputs that the camera side watches.
pub const INPUTS: [Signal; 3] = [CAM_PCLK, CAM_V_SYNC, CAM_H_ENABLE];

/// What the display side does.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
enum Display {
    #[default]
    Idle,
    Bus(Transaction),
    Rgb(Frames),
}

/// The block.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct LcdCam {
    bank: Bank<Reg>,
    display: Display,
    /// Pixels of the next frame that are in the FIFO already.
    ahead: Vec<u8>,
    /// The display side's converter.
    colours: Stream,
    camera: Camera,
    /// CAM_CLK.
    master_clock: ClockOut<Square>,
}

impl LcdCam {
    /// After power-on.
    pub fn new() -> Self {
        Self {
            bank: Bank::new(),
            display: Display::Idle,
            ahead: Vec::new(),
            colours: Stream::default(),
            camera: Camera::default(),
            master_clock: ClockOut::new(CAM_CLK, Slot::CamClock),
        }
    }

    fn field(&self, register: Reg, field: Field) -> u32 {
        self.bank.field(register, field)
    }

    fn is_set(&self, register: Reg, field: Field) -> bool {
        field.is_set(self.bank.get(register))
    }

    /// A clock source divided by N + B / A.
    fn divided(select: u32, [whole, over, under]: [u32; 3], fabric: &Fabric) -> Hertz {
        let source = match select {
            1 => fabric.rates.xtal,
            2 => fabric.rates.pll_d2,
            3 => fabric.rates.pll_f160,
            _ => Hertz::STOPPED,
        };
        let [whole, over, under] = [if whole == 0 { 256 } else { whole }, over, under].map(u64::from);
        if under == 0 {
            source.scaled(1, whole)
        } else {
            source.scaled(under, whole * under + over)
        }
    }

    /// LCD_PCLK: the module's clock by CLKCNT_N + 1.
    fn pixel_clock(&self, fabric: &Fabric) -> Hertz {
        use LCD_CLOCK as C;
        let clock = self.bank.get(Reg::LCD_CLOCK);
        let divider = [C::LCD_CLKM_DIV_NUM, C::LCD_CLKM_DIV_B, C::LCD_CLKM_DIV_A].map(|field| field.get(clock));
        let module = Self::divided(C::LCD_CLK_SEL.get(clock), divider, fabric);
        if C::LCD_CLK_EQU_SYSCLK.is_set(clock) {
            module
        } else {
            module.scaled(1, u64::from(C::LCD_CLKCNT_N.get(clock)) + 1)
        }
    }

    /// CAM_CLK goes out as CAM_CTRL has it.
    fn settle_master_clock(&mut self, fabric: &mut Fabric) {
        use CAM_CTRL as C;
        let control = self.bank.get(Reg::CAM_CTRL);
        let divider = [C::CAM_CLKM_DIV_NUM, C::CAM_CLKM_DIV_B, C::CAM_CLKM_DIV_A].map(|field| field.get(control));
        let rate = Self::divided(C::CAM_CLK_SEL.get(control), divider, fabric);
        self.master_clock.set(Square::of(rate, fabric.now()), fabric);
    }

    /// Edges of CAM_CLK up to now.
    pub(crate) fn catch_up_clock(&mut self, fabric: &mut Fabric) {
        self.master_clock.catch_up(fabric);
    }

    fn display_converter(&self) -> Option<Converter> {
        Converter::of_display(self.bank.get(Reg::LCD_RGB_YUV))
    }

    /// Bytes of a word on the data lines.
    fn width(&self) -> usize {
        if self.is_set(Reg::LCD_USER, LCD_USER::LCD_2BYTE_EN) {
            2
        } else {
            1
        }
    }

    /// Bytes from memory as words on the lines, by the orders of LCD_USER.
    fn words(&self, bytes: &[u8]) -> Vec<u16> {
        let user = self.bank.get(Reg::LCD_USER);
        let reversed = LCD_USER::LCD_BIT_ORDER.is_set(user);
        if self.width() == 2 {
            let swapped = LCD_USER::LCD_BYTE_ORDER.is_set(user);
            let word = |pair: &[u8]| {
                let pair = [pair[0], pair.get(1).copied().unwrap_or(0)];
                let word = if swapped { u16::from_be_bytes(pair) } else { u16::from_le_bytes(pair) };
                if reversed {
                    word.reverse_bits()
                } else {
                    word
                }
            };
            return bytes.chunks(2).map(word).collect();
        }
        let swapped = usize::from(LCD_USER::LCD_8BITS_ORDER.is_set(user));
        let byte = |n: usize| bytes.get(n ^ swapped).copied().unwrap_or(0);
        let word = |n| u16::from(if reversed { byte(n).reverse_bits() } else { byte(n) });
        (0..bytes.len()).map(word).collect()
    }

    /// The pins, where the clock is on one.
    fn lines(&self, fabric: &Fabric) -> Option<ParallelLines> {
        let wr = fabric.io.pin_of(LCD_PCLK)?;
        let used = &DATA_OUT[..8 * self.width()];
        let high_first = self.is_set(Reg::LCD_CLOCK, LCD_CLOCK::LCD_CK_OUT_EDGE);
        Some(ParallelLines {
            wr,
            data: used.iter().map(|signal| fabric.io.pin_of(*signal)).collect(),
            high_first: high_first != fabric.io.inverts_output(1 << wr),
        })
    }

    /// Does the chip itself act on edges of the clock or the data lines, at a pin of theirs or at one that is wired to it?
    fn needs_edges(&self, fabric: &Fabric) -> bool {
        let data = DATA_OUT[..8 * self.width()].iter();
        let pins = data.fold(fabric.io.pins_of(LCD_PCLK), |pins, signal| pins | fabric.io.pins_of(*signal));
        let acted_on = fabric.interrupting_pins | fabric.wake.watching;
        pins & acted_on != 0 || fabric.io.is_watched(pins) || fabric.pins.is_joined(pins)
    }

    /// Words go out on the data lines, a cycle each from `at` on.
    fn put_out(&self, words: &[u16], at: Ps, fabric: &mut Fabric) {
        let clock = self.pixel_clock(fabric);
        if self.needs_edges(fabric) {
            return self.make_edges(words, at, clock, fabric);
        }
        let Some(lines) = self.lines(fabric) else { return };
        let inverted =
            lines.data.iter().enumerate().fold(0, |mask, (n, pin)| {
                mask | u16::from(pin.is_some_and(|pin| fabric.io.inverts_output(1 << pin))) << n
            });
        if inverted == 0 {
            fabric.pins.parallel_write(&lines, words, at, clock);
        } else {
            let words: Vec<u16> = words.iter().map(|word| word ^ inverted).collect();
            fabric.pins.parallel_write(&lines, &words, at, clock);
        }
        fabric.levels_changed(at);
    }

    /// The same edge by edge: data changes as a cycle begins, together with the clock, which changes again in the middle.
    fn make_edges(&self, words: &[u16], at: Ps, clock: Hertz, fabric: &mut Fabric) {
        let first_half = self.is_set(Reg::LCD_CLOCK, LCD_CLOCK::LCD_CK_OUT_EDGE);
        for (n, word) in words.iter().enumerate() {
            let (start, end) = (at + clock.duration(n as u64), at + clock.duration(n as u64 + 1));
            for (bit, signal) in DATA_OUT[..8 * self.width()].iter().enumerate() {
                fabric.drive_at(*signal, word >> bit & 1 != 0, start);
            }
            fabric.drive_at(LCD_PCLK, first_half, start);
            fabric.drive_at(LCD_PCLK, !first_half, start + (end - start) / 2);
        }
    }

    fn raise(&mut self, field: Field, fabric: &mut Fabric) {
        self.bank.set(Reg::LC_DMA_INT_RAW, self.bank.get(Reg::LC_DMA_INT_RAW) | field.mask);
        self.settle_interrupts(fabric);
    }

    fn settle_interrupts(&self, fabric: &mut Fabric) {
        let pending = self.bank.get(Reg::LC_DMA_INT_RAW) & self.bank.get(Reg::LC_DMA_INT_ENA);
        fabric.set_irq(Source::LCD_CAM, pending != 0);
    }

    /// Something is due, or software has started a link for one of the sides.
    pub fn event(&mut self, slot: Slot, fabric: &mut Fabric, port: &mut Port) {
        match slot {
            Slot::Cam => return self.hand_over(fabric, port),
            Slot::CamClock => return self.master_clock.serve(fabric),
            _ => {}
        }
        match std::mem::take(&mut self.display) {
            Display::Idle => {}
            Display::Bus(transaction) => self.step_bus(transaction, fabric, port),
            Display::Rgb(frames) => self.step_rgb(frames, fabric, port),
        }
    }

    /// LCD_START rises.
    fn start(&mut self, fabric: &mut Fabric) {
        if self.is_set(Reg::LCD_CTRL, LCD_CTRL::LCD_RGB_MODE_EN) {
            self.start_frames(fabric);
        } else {
            self.start_bus(fabric);
        }
    }

    /// The display side stands still.
    fn stop(&mut self, fabric: &mut Fabric) {
        self.display = Display::Idle;
        self.bank.set_field(Reg::LCD_USER, LCD_USER::LCD_START, 0);
        fabric.cancel(Slot::Lcd);
        self.show_idle(fabric);
    }

    /// Levels of the display's lines while nothing is under way.
    fn show_idle(&self, fabric: &mut Fabric) {
        let levels = [
            (LCD_CS, true),
            (LCD_DC, self.is_set(Reg::LCD_MISC, LCD_MISC::LCD_CD_IDLE_EDGE)),
            (LCD_PCLK, self.is_set(Reg::LCD_CLOCK, LCD_CLOCK::LCD_CK_IDLE_EDGE)),
            (LCD_H_SYNC, self.is_set(Reg::LCD_CTRL2, LCD_CTRL2::LCD_HSYNC_IDLE_POL)),
            (LCD_V_SYNC, self.is_set(Reg::LCD_CTRL2, LCD_CTRL2::LCD_VSYNC_IDLE_POL)),
            (LCD_H_ENABLE, self.is_set(Reg::LCD_CTRL2, LCD_CTRL2::LCD_DE_IDLE_POL)),
        ];
        for (signal, level) in levels {
            fabric.enable(signal, true);
            fabric.drive(signal, level);
        }
        for signal in DATA_OUT {
            fabric.enable(signal, true);
        }
    }

    fn load(&self, register: Reg) -> u32 {
        match register {
            Reg::LC_DMA_INT_ST => self.bank.get(Reg::LC_DMA_INT_RAW) & self.bank.get(Reg::LC_DMA_INT_ENA),
            _ => self.bank.load(register),
        }
    }

    fn store(&mut self, register: Reg, write: Write, fabric: &mut Fabric) {
        let was_started = self.is_set(Reg::LCD_USER, LCD_USER::LCD_START);
        let was_recording = self.is_set(Reg::CAM_CTRL1, CAM_CTRL1::CAM_START);
        match register {
            Reg::LC_DMA_INT_RAW => return,
            Reg::LC_DMA_INT_CLR => {
                self.bank.set(Reg::LC_DMA_INT_RAW, self.bank.get(Reg::LC_DMA_INT_RAW) & !write.raw);
            }
            _ => self.bank.store(register, write, "LCD_CAM", &mut fabric.gaps),
        }
        match register {
            Reg::LCD_USER => {
                let started = LCD_USER::LCD_START.is_set(write.value);
                if LCD_USER::LCD_RESET.is_set(write.raw) || (was_started && !started) {
                    self.stop(fabric);
                } else if started && !was_started {
                    self.start(fabric);
                }
            }
            Reg::LCD_MISC if LCD_MISC::LCD_AFIFO_RESET.is_set(write.raw) && !was_started => self.ahead.clear(),
            Reg::LCD_CLOCK if !matches!(self.display, Display::Idle) => fabric.soon(Slot::Lcd),
            Reg::LCD_MISC | Reg::LCD_CLOCK | Reg::LCD_CTRL2 if matches!(self.display, Display::Idle) => {
                self.show_idle(fabric);
            }
            Reg::CAM_CTRL => self.settle_master_clock(fabric),
            Reg::CAM_CTRL1 => self.control_camera(was_recording, write, fabric),
            _ => {}
        }
        self.settle_interrupts(fabric);
    }
}

impl Default for LcdCam {
    fn default() -> Self {
        Self::new()
    }
}

impl Block for LcdCam {
    const GROUPS: &'static [Group] = &[Group::one("LCD_CAM", Reg::TABLE)];

    fn read(&mut self, offset: u32, fabric: &mut Fabric) -> u32 {
        match Reg::at(offset) {
            Some(register) => self.load(register),
            None => undeclared("LCD_CAM", offset, fabric),
        }
    }

    fn stays(&self, offset: u32) -> bool {
        Reg::at(offset).is_some()
    }

    fn peek(&mut self, offset: u32, _: &mut Fabric) -> u32 {
        Reg::at(offset).map_or(0, |register| self.load(register))
    }

    fn write(&mut self, offset: u32, write: Write, fabric: &mut Fabric) {
        match Reg::at(offset) {
            Some(register) => self.store(register, write, fabric),
            None => _ = undeclared("LCD_CAM", offset, fabric),
        }
    }

    fn input(&mut self, edge: InputEdge, fabric: &mut Fabric) {
        self.see(edge, fabric);
    }

    fn clocks_changed(&mut self, fabric: &mut Fabric) {
        self.settle_master_clock(fabric);
        if !matches!(self.display, Display::Idle) {
            fabric.soon(Slot::Lcd);
        }
    }

    fn reset(&mut self, fabric: &mut Fabric) {
        *self = Self::new();
        fabric.cancel(Slot::Lcd);
        fabric.cancel(Slot::Cam);
        fabric.cancel(Slot::CamClock);
        fabric.enable(CAM_CLK, true);
        fabric.drive(CAM_CLK, false);
        for signal in INPUTS {
            fabric.watch_input(signal, false);
        }
        self.show_idle(fabric);
        self.settle_interrupts(fabric);
    }
}
