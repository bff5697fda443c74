//! The camera side: CAM_CTRL and CAM_CTRL1, ESP-IDF `hal/cam_ll.h`.

use super::colours::{Converter, Stream};
use super::{LcdCam, Reg, CAM_CTRL, CAM_CTRL1, INPUTS, LC_DMA_INT_RAW};
use crate::block::InputEdge;
use crate::fabric::Fabric;
use crate::gdma::{Peripheral, Port};
use crate::signals::*;
use crate::slots::Slot;
use engine_core::registers::Write;
use serde::{Deserialize, Serialize};

const DATA_IN: [Signal; 16] = [
    CAM_DATA_IN0,
    CAM_DATA_IN1,
    CAM_DATA_IN2,
    CAM_DATA_IN3,
    CAM_DATA_IN4,
    CAM_DATA_IN5,
    CAM_DATA_IN6,
    CAM_DATA_IN7,
    CAM_DATA_IN8,
    CAM_DATA_IN9,
    CAM_DATA_IN10,
    CAM_DATA_IN11,
    CAM_DATA_IN12,
    CAM_DATA_IN13,
    CAM_DATA_IN14,
    CAM_DATA_IN15,
];

/// Bytes that are handed to DMA in one go.
const PART: usize = 64;

/// What came in, until DMA takes it.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(super) struct Camera {
    /// Bytes, and the counts of them at which packets end.
    taken: Vec<u8>,
    ends: Vec<usize>,
    /// Bytes since the last end of a packet.
    length: u32,
    /// Lines since the last interrupt.
    lines: u32,
    /// The converter.
    colours: Stream,
}

impl LcdCam {
    /// CAM_CTRL1 was written.
    pub(super) fn control_camera(&mut self, was_recording: bool, write: Write, fabric: &mut Fabric) {
        if CAM_CTRL1::CAM_RESET.is_set(write.raw) || CAM_CTRL1::CAM_AFIFO_RESET.is_set(write.raw) {
            self.camera = Camera::default();
        }
        if CAM_CTRL1::CAM_RESET.is_set(write.raw) {
            self.bank.set_field(Reg::CAM_CTRL1, CAM_CTRL1::CAM_START, 0);
        }
        let records = self.is_set(Reg::CAM_CTRL1, CAM_CTRL1::CAM_START);
        if records != was_recording {
            for signal in INPUTS {
                fabric.watch_input(signal, records);
            }
        }
    }

    /// An input of the camera side: CAM_VSYNC, CAM_DE or CAM_HSYNC as it counts.
    fn counts(&self, signal: Signal, fabric: &Fabric) -> bool {
        let inverted = match signal {
            CAM_V_SYNC => CAM_CTRL1::CAM_VSYNC_INV,
            CAM_H_SYNC => CAM_CTRL1::CAM_HSYNC_INV,
            _ => CAM_CTRL1::CAM_DE_INV,
        };
        fabric.input(signal) != self.is_set(Reg::CAM_CTRL1, inverted)
    }

    /// Are the data lines valid? CAM_DE and, by CAM_VH_DE_MODE_EN, CAM_HSYNC or CAM_VSYNC.
    fn is_valid(&self, fabric: &Fabric) -> bool {
        let other = if self.is_set(Reg::CAM_CTRL1, CAM_CTRL1::CAM_VH_DE_MODE_EN) { CAM_H_SYNC } else { CAM_V_SYNC };
        self.counts(CAM_H_ENABLE, fabric) && self.counts(other, fabric)
    }

    /// An edge of an input.
    pub(super) fn see(&mut self, edge: InputEdge, fabric: &mut Fabric) {
        match edge.signal {
            CAM_PCLK if edge.high != self.is_set(Reg::CAM_CTRL1, CAM_CTRL1::CAM_CLK_INV) => self.sample(fabric),
            CAM_V_SYNC if !self.counts(CAM_V_SYNC, fabric) => {
                if self.is_set(Reg::CAM_CTRL, CAM_CTRL::CAM_VS_EOF_EN) && self.camera.length > 0 {
                    self.end_packet(fabric);
                }
                self.camera.colours = Stream::default();
                self.raise(LC_DMA_INT_RAW::CAM_VSYNC_INT_RAW, fabric);
            }
            CAM_H_ENABLE if !self.counts(CAM_H_ENABLE, fabric) => self.end_line(fabric),
            _ => {}
        }
    }

    /// CAM_PCLK: the data lines are taken over.
    fn sample(&mut self, fabric: &mut Fabric) {
        if !self.is_valid(fabric) {
            return;
        }
        let wide = self.is_set(Reg::CAM_CTRL1, CAM_CTRL1::CAM_2BYTE_EN);
        let lines = &DATA_IN[..if wide { 16 } else { 8 }];
        let word = lines.iter().rev().fold(0u16, |word, signal| word << 1 | u16::from(fabric.input(*signal)));
        let reversed = self.is_set(Reg::CAM_CTRL, CAM_CTRL::CAM_BIT_ORDER);
        let bytes = if wide {
            let word = if reversed { word.reverse_bits() } else { word };
            let swapped = self.is_set(Reg::CAM_CTRL, CAM_CTRL::CAM_BYTE_ORDER);
            if swapped {
                word.to_be_bytes()
            } else {
                word.to_le_bytes()
            }
        } else {
            let byte = word as u8;
            [if reversed { byte.reverse_bits() } else { byte }, 0]
        };
        let bytes = &bytes[..if wide { 2 } else { 1 }];
        let taken = self.camera.taken.len();
        match Converter::of_camera(self.bank.get(Reg::CAM_RGB_YUV)) {
            Some(converter) => {
                let converted = converter.convert(bytes, &mut self.camera.colours);
                self.camera.taken.extend(converted);
            }
            None => self.camera.taken.extend(bytes),
        }
        self.camera.length += (self.camera.taken.len() - taken) as u32;
        let by_length = !self.is_set(Reg::CAM_CTRL, CAM_CTRL::CAM_VS_EOF_EN);
        if by_length && self.camera.length > self.field(Reg::CAM_CTRL1, CAM_CTRL1::CAM_REC_DATA_BYTELEN) {
            self.end_packet(fabric);
        } else if self.camera.taken.len() >= PART {
            fabric.soon(Slot::Cam);
        }
    }

    fn end_packet(&mut self, fabric: &mut Fabric) {
        self.camera.length = 0;
        self.camera.ends.push(self.camera.taken.len());
        fabric.soon(Slot::Cam);
    }

    fn end_line(&mut self, fabric: &mut Fabric) {
        self.camera.colours.end_line();
        if !self.is_set(Reg::CAM_CTRL, CAM_CTRL::CAM_LINE_INT_EN) {
            return;
        }
        self.camera.lines += 1;
        if self.camera.lines > self.field(Reg::CAM_CTRL1, CAM_CTRL1::CAM_LINE_INT_NUM) {
            self.camera.lines = 0;
            self.raise(LC_DMA_INT_RAW::CAM_HS_INT_RAW, fabric);
        }
    }

    /// DMA takes what came in. What it has no room for is lost; with CAM_STOP_EN the camera side then stops.
    pub(super) fn hand_over(&mut self, fabric: &mut Fabric, port: &mut Port) {
        let taken = std::mem::take(&mut self.camera.taken);
        let ends = std::mem::take(&mut self.camera.ends);
        let mut stored = true;
        let mut from = 0;
        for end in ends {
            stored &= self.push(&taken[from..end], true, fabric, port);
            from = end;
        }
        stored &= self.push(&taken[from..], false, fabric, port);
        if !stored && self.is_set(Reg::CAM_CTRL, CAM_CTRL::CAM_STOP_EN) {
            self.bank.set_field(Reg::CAM_CTRL1, CAM_CTRL1::CAM_START, 0);
            for signal in INPUTS {
                fabric.watch_input(signal, false);
            }
        }
    }

    fn push(&mut self, bytes: &[u8], eof: bool, fabric: &mut Fabric, port: &mut Port) -> bool {
        bytes.is_empty() && !eof || port.push(Peripheral::LCD_CAM, bytes, eof, fabric) == bytes.len()
    }
}
