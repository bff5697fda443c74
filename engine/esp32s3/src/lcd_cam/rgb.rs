//! Displays without a memory of their own: frames from LCD_CTRL to LCD_CTRL2, ESP-IDF `esp_lcd_panel_rgb.c`.

use super::colours::Stream;
use super::{Display, LcdCam, Reg, LCD_CTRL, LCD_CTRL1, LCD_CTRL2, LCD_MISC, LC_DMA_INT_RAW};
use crate::fabric::Fabric;
use crate::gdma::{Peripheral, Port};
use crate::signals::{Signal, LCD_H_ENABLE, LCD_H_SYNC, LCD_V_SYNC};
use crate::slots::Slot;
use engine_core::time::Ps;
use serde::{Deserialize, Serialize};

/// Pixels that are fetched ahead: ESP-IDF `hal/lcd_ll.h` LCD_LL_FIFO_DEPTH, and one.
const AHEAD: usize = 16 + 1;

/// Frames on their way.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Frames {
    /// When the frame began.
    began: Ps,
    /// The line that is scanned.
    line: u64,
    due: Ps,
}

/// The timing in clocks and lines, from the registers.
struct Timing {
    width: u64,
    height: u64,
    first_pixel: u64,
    pixels: u64,
    first_line: u64,
    lines: u64,
    hsync: (u64, u64),
    vsync: u64,
}

impl LcdCam {
    fn timing(&self) -> Timing {
        let get = |register, field| u64::from(self.field(register, field));
        Timing {
            width: get(Reg::LCD_CTRL1, LCD_CTRL1::LCD_HT_WIDTH) + 1,
            height: get(Reg::LCD_CTRL, LCD_CTRL::LCD_VT_HEIGHT) + 1,
            first_pixel: get(Reg::LCD_CTRL, LCD_CTRL::LCD_HB_FRONT) + 1,
            pixels: get(Reg::LCD_CTRL1, LCD_CTRL1::LCD_HA_WIDTH) + 1,
            first_line: get(Reg::LCD_CTRL1, LCD_CTRL1::LCD_VB_FRONT) + 1,
            lines: get(Reg::LCD_CTRL, LCD_CTRL::LCD_VA_HEIGHT) + 1,
            hsync: (
                get(Reg::LCD_CTRL2, LCD_CTRL2::LCD_HSYNC_POSITION),
                get(Reg::LCD_CTRL2, LCD_CTRL2::LCD_HSYNC_WIDTH) + 1,
            ),
            vsync: get(Reg::LCD_CTRL2, LCD_CTRL2::LCD_VSYNC_WIDTH) + 1,
        }
    }

    /// LCD_START in RGB mode.
    pub(super) fn start_frames(&mut self, fabric: &mut Fabric) {
        let now = fabric.now();
        self.colours = Stream::default();
        self.frame_begins(now, fabric);
        self.scan(now, 0, fabric);
    }

    fn frame_begins(&self, at: Ps, fabric: &mut Fabric) {
        let idle = self.is_set(Reg::LCD_CTRL2, LCD_CTRL2::LCD_VSYNC_IDLE_POL);
        fabric.drive_at(LCD_V_SYNC, !idle, at);
    }

    /// A line is scanned from now on.
    fn scan(&mut self, began: Ps, line: u64, fabric: &mut Fabric) {
        let clocks = (line + 1) * self.timing().width;
        let due = began.saturating_add(self.pixel_clock(fabric).duration(clocks));
        if due == Ps::MAX {
            fabric.cancel(Slot::Lcd);
        } else {
            fabric.at(Slot::Lcd, due);
        }
        self.display = Display::Rgb(Frames { began, line, due });
    }

    /// A pulse on an output: away from its idle level, and back.
    fn pulse(&self, signal: Signal, idle: bool, from: Ps, to: Ps, fabric: &mut Fabric) {
        fabric.drive_at(signal, !idle, from);
        fabric.drive_at(signal, idle, to);
    }

    /// A line is over.
    pub(super) fn step_rgb(&mut self, frames: Frames, fabric: &mut Fabric, port: &mut Port) {
        let Frames { began, line, due } = frames;
        if fabric.now() < due || due == Ps::MAX {
            // GDMA has data, or the clock is another.
            return self.scan(began, line, fabric);
        }
        let timing = self.timing();
        let clock = self.pixel_clock(fabric);
        let at = |clocks: u64| began + clock.duration(line * timing.width + clocks);
        let active = (timing.first_line..timing.first_line + timing.lines).contains(&line);
        let ctrl2 = self.bank.get(Reg::LCD_CTRL2);
        let hsync = active || LCD_CTRL2::LCD_HS_BLANK_EN.is_set(ctrl2);
        if hsync && fabric.io.pins_of(LCD_H_SYNC) != 0 {
            let (from, width) = timing.hsync;
            let idle = LCD_CTRL2::LCD_HSYNC_IDLE_POL.is_set(ctrl2);
            self.pulse(LCD_H_SYNC, idle, at(from), at(from + width), fabric);
        }
        if active {
            let bytes = self.line_of(timing.pixels as usize, fabric, port);
            let idle = LCD_CTRL2::LCD_DE_IDLE_POL.is_set(ctrl2);
            let (from, to) = (at(timing.first_pixel), at(timing.first_pixel + timing.pixels));
            fabric.drive_at(LCD_H_ENABLE, !idle, from);
            self.put_out(&self.words(&bytes), from, fabric);
            fabric.drive_at(LCD_H_ENABLE, idle, to);
        }
        let next = line + 1;
        if next == timing.vsync {
            fabric.drive_at(LCD_V_SYNC, LCD_CTRL2::LCD_VSYNC_IDLE_POL.is_set(ctrl2), due);
            self.raise(LC_DMA_INT_RAW::LCD_VSYNC_INT_RAW, fabric);
        }
        if next < timing.height {
            self.scan(began, next, fabric);
        } else if self.is_set(Reg::LCD_MISC, LCD_MISC::LCD_NEXT_FRAME_EN) {
            self.ahead = self.fetch(AHEAD, fabric, port);
            self.colours = Stream::default();
            self.frame_begins(due, fabric);
            self.scan(due, 0, fabric);
        } else {
            self.stop(fabric);
            self.raise(LC_DMA_INT_RAW::LCD_TRANS_DONE_INT_RAW, fabric);
        }
    }

    /// The words of a line as bytes, after conversion.
    fn line_of(&mut self, clocks: usize, fabric: &mut Fabric, port: &mut Port) -> Vec<u8> {
        let bytes = self.fetch(clocks, fabric, port);
        let Some(converter) = self.display_converter() else { return bytes };
        let mut converted = converter.convert(&bytes, &mut self.colours);
        self.colours.end_line();
        converted.resize(clocks * self.width(), 0);
        converted
    }

    /// What so many clocks need, from the FIFO and from DMA, zeros where there is none.
    fn fetch(&mut self, clocks: usize, fabric: &mut Fabric, port: &mut Port) -> Vec<u8> {
        let out = clocks * self.width();
        let wanted = self.display_converter().map_or(out, |converter| converter.bytes_in(out));
        let have = self.ahead.len().min(wanted);
        let mut bytes: Vec<u8> = self.ahead.drain(..have).collect();
        bytes.resize(wanted, 0);
        port.pull(Peripheral::LCD_CAM, &mut bytes[have..], fabric);
        bytes
    }
}
