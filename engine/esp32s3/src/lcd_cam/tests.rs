use super::*;
use crate::io::{InSelect, OutSelect, Pad};
use crate::slots::slot;
use crate::spi_mem::psram::Wiring as PsramWiring;
use crate::system::System;
use engine_core::parallel::{ParallelBatch, ParallelWire};
use engine_core::pins::Drive;
use engine_core::ports::{Edge, Outside, PortId};
use engine_core::time::{Ps, MICROSECOND};
use std::sync::{Arc, Mutex};

const BASE: u32 = 0x6004_1000;
/// Offsets of ESP-IDF `soc/lcd_cam_reg.h`.
const CLOCK: u32 = 0x00;
const CAM_CTRL_: u32 = 0x04;
const CAM_CTRL1_: u32 = 0x08;
const CAM_RGB_YUV_: u32 = 0x0C;
const LCD_RGB_YUV_: u32 = 0x10;
const USER: u32 = 0x14;
const MISC: u32 = 0x18;
const CTRL: u32 = 0x1C;
const CTRL1: u32 = 0x20;
const CTRL2: u32 = 0x24;
const CMD_VAL: u32 = 0x28;
const INT_ENA: u32 = 0x64;
const INT_RAW: u32 = 0x68;
const INT_ST: u32 = 0x6C;
const INT_CLR: u32 = 0x70;

/// Bits of LCD_USER, `soc/lcd_cam_struct.h`.
const TWO_COMMANDS: u32 = 1 << 31;
const RESET: u32 = 1 << 28;
const START: u32 = 1 << 27;
const CMD: u32 = 1 << 26;
const DUMMY: u32 = 1 << 25;
const DOUT: u32 = 1 << 24;
const TWO_BYTES: u32 = 1 << 23;
const BYTE_ORDER: u32 = 1 << 22;
const BIT_ORDER: u32 = 1 << 21;
const UPDATE: u32 = 1 << 20;
const SWAP: u32 = 1 << 19;
const ALWAYS: u32 = 1 << 13;

const DATA_PINS: [u8; 16] = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16];
const WR: u8 = 17;
const DC: u8 = 18;
const CS: u8 = 21;
const VSYNC: u8 = 38;
/// LCD_PCLK of 10 MHz.
const CYCLE: Ps = 100_000;

const DMA: u32 = 0x6003_F000;
const LIST: u32 = 0x3FC9_0000;
const BUFFER: u32 = 0x3FC9_1000;

#[derive(Default)]
struct Heard {
    words: Vec<u16>,
    dc: Vec<u8>,
    at: Vec<Ps>,
    selected: Vec<(Ps, bool)>,
    edges: Vec<Edge>,
}

struct Panel(Arc<Mutex<Heard>>);

impl Outside for Panel {
    fn spi_select(&mut self, _: PortId, at: Ps, selected: bool) {
        self.0.lock().unwrap().selected.push((at, selected));
    }
    fn edge(&mut self, _: PortId, edge: Edge) {
        self.0.lock().unwrap().edges.push(edge);
    }
    fn pulses(&mut self, _: PortId, edges: Vec<Edge>) {
        self.0.lock().unwrap().edges.extend(edges);
    }
    fn parallel(&mut self, _: PortId, batch: ParallelBatch) {
        let mut heard = self.0.lock().unwrap();
        heard.words.extend(batch.data);
        heard.dc.extend(batch.dc);
        heard.at.extend(batch.at);
    }
}

struct Bench {
    system: System,
    heard: Arc<Mutex<Heard>>,
}

impl Bench {
    /// PLL on; LCD_PCLK = PLL_F160M / 2 / 8 = 10 MHz, idle high, and all lines on pins.
    fn new() -> Self {
        let mut system = System::new(0x10_0000, 0x10_0000, PsramWiring::Octal);
        system.dev.fabric.selection.soc_clk = 1;
        system.dev.fabric.settle_clocks();
        system.carry_out_requests();
        let heard = Arc::new(Mutex::new(Heard::default()));
        let fabric = &mut system.dev.fabric;
        fabric.pins.set_outside(Box::new(Panel(heard.clone())));
        let outputs = DATA_PINS.into_iter().zip(DATA_OUT).chain([
            (WR, LCD_PCLK),
            (DC, LCD_DC),
            (CS, LCD_CS),
            (VSYNC, LCD_V_SYNC),
        ]);
        for (pin, signal) in outputs {
            fabric.set_pad(pin, Pad { function: 1, ..Pad::default() });
            let select = OutSelect { signal, invert: false, enable_by_gpio: false, invert_enable: false };
            fabric.select_output(pin, select);
        }
        let mut bench = Self { system, heard };
        bench.set(CLOCK, 1 << 31 | 3 << 29 | 2 << 9 | 1 << 7 | 7);
        bench
    }

    fn with_panel(width: usize) -> Self {
        let mut bench = Self::new();
        let wire = ParallelWire::new(DATA_PINS[..width].to_vec(), WR, Some(CS), Some(DC), false);
        bench.system.dev.fabric.pins.attach_parallel(wire);
        // D/CX is low in the command phase only, high else (ESP-IDF's default for an 8080 display).
        bench.set(MISC, 1 << 31 | 1 << 30 | 1 << 26);
        bench
    }

    fn set(&mut self, offset: u32, value: u32) {
        self.system.write_register(BASE + offset, value);
        let now = self.now();
        self.run_to(now);
    }

    fn get(&mut self, offset: u32) -> u32 {
        self.system.read_register(BASE + offset)
    }

    fn now(&self) -> Ps {
        self.system.dev.fabric.now()
    }

    fn run_to(&mut self, end: Ps) {
        while self.system.dev.fabric.events.next() <= end {
            let fabric = &mut self.system.dev.fabric;
            let at = fabric.events.next();
            fabric.cycle = fabric.cycle.max(fabric.clock.first_cycle_from(at));
            let number = fabric.events.pop(at).expect("it is due");
            self.system.event(slot(number));
        }
        let fabric = &mut self.system.dev.fabric;
        fabric.cycle = fabric.cycle.max(fabric.clock.first_cycle_from(end));
    }

    fn run(&mut self, duration: Ps) {
        let end = self.now() + duration;
        self.run_to(end);
        self.system.dev.fabric.pins.flush();
    }

    fn put(&mut self, addr: u32, bytes: &[u8]) {
        for (n, byte) in bytes.iter().enumerate() {
            assert!(self.system.debug_write8(addr + n as u32, *byte));
        }
    }

    fn bytes(&mut self, addr: u32, count: u32) -> Vec<u8> {
        (0..count).map(|n| self.system.debug_read8(addr + n).unwrap()).collect()
    }

    /// Memory goes to LCD_CAM (5) through pair 0: OUT_PERI_SEL is 0xA8, OUT_LINK 0x80 with START in bit 21
    /// (ESP-IDF `soc/gdma_reg.h`); bits 31 and 30 of a descriptor are owner and suc_eof.
    fn dma_out(&mut self, data: &[u8]) {
        self.put(BUFFER, data);
        let length = data.len() as u32;
        let words = [(1u32 << 31 | 1 << 30 | length << 12 | length).to_le_bytes(), BUFFER.to_le_bytes(), [0; 4]];
        self.put(LIST, &words.concat());
        self.system.write_register(DMA + 0xA8, 5);
        self.system.write_register(DMA + 0x80, 1 << 21 | (LIST & 0xF_FFFF));
    }

    /// Pair 0 takes from LCD_CAM: IN_PERI_SEL is 0x48, IN_LINK 0x20 with START in bit 22.
    fn dma_in(&mut self, size: u32) {
        let words = [(1u32 << 31 | size).to_le_bytes(), BUFFER.to_le_bytes(), [0; 4]];
        self.put(LIST, &words.concat());
        self.system.write_register(DMA + 0x48, 5);
        self.system.write_register(DMA + 0x20, 1 << 22 | (LIST & 0xF_FFFF));
    }

    fn word(&mut self, addr: u32) -> u32 {
        self.bytes(addr, 4).iter().rev().fold(0, |word, byte| word << 8 | u32::from(*byte))
    }
}

/// `lcd_start_transaction` of `esp_lcd_panel_io_i80.c`: one command cycle, data from DMA, one cycle of setup and hold.
#[test]
fn a_command_and_its_data_go_to_the_display() {
    let mut bench = Bench::with_panel(8);
    bench.set(CMD_VAL, 0x2C);
    bench.set(USER, RESET);
    bench.dma_out(&[0x12, 0x34, 0x56, 0x78]);
    bench.set(INT_ENA, 2);
    let start = bench.now();
    bench.set(USER, CMD | DOUT | ALWAYS | UPDATE);
    bench.set(USER, CMD | DOUT | ALWAYS | START);
    bench.run(6 * CYCLE);
    assert_eq!(bench.get(INT_RAW), 0);
    bench.run(CYCLE + CYCLE / 2);
    assert_eq!(bench.get(INT_ST), 2, "LCD_TRANS_DONE");
    assert_eq!(bench.get(USER) & START, 0);
    let heard = bench.heard.lock().unwrap();
    assert_eq!(heard.words, [0x2C, 0x12, 0x34, 0x56, 0x78]);
    assert_eq!(heard.dc, [0, 1, 1, 1, 1]);
    let at: Vec<Ps> = (0..5).map(|n| start + (1 + n) * CYCLE + CYCLE / 2).collect();
    assert!(heard.at.iter().zip(&at).all(|(seen, due)| seen.abs_diff(*due) < 20_000), "{:?}", heard.at);
    assert_eq!(heard.selected.iter().map(|edge| edge.1).collect::<Vec<_>>(), [true, false]);
    assert!((heard.selected[1].0 - heard.selected[0].0).abs_diff(7 * CYCLE) < 20_000);
    drop(heard);
    assert!(bench.system.dev.fabric.sources() >> (Source::LCD_CAM as u32) & 1 != 0);
    bench.set(INT_CLR, 2);
    assert_eq!(bench.get(INT_RAW), 0);
}

/// `lcd_ll_set_command`: on 16 lines a command of 32 bits takes two cycles, the lower half first.
#[test]
fn sixteen_lines_and_two_command_cycles() {
    let mut bench = Bench::with_panel(16);
    bench.set(CMD_VAL, 0xABCD_1234);
    bench.dma_out(&[0x11, 0x22, 0x33, 0x44]);
    bench.set(USER, CMD | TWO_COMMANDS | DOUT | ALWAYS | TWO_BYTES | START);
    bench.run(10 * CYCLE);
    assert_eq!(bench.heard.lock().unwrap().words, [0x1234, 0xABCD, 0x2211, 0x4433]);
}

/// LCD_BYTE_ORDER in 16-bit mode, LCD_8BITS_ORDER in 8-bit mode, LCD_BIT_ORDER in both.
#[test]
fn orders_of_bytes_and_bits() {
    for (flags, width, words) in [
        (TWO_BYTES | BYTE_ORDER, 16, vec![0x0102, 0x0304]),
        (TWO_BYTES | BIT_ORDER, 16, vec![0x8040, 0xC020]),
        (SWAP, 8, vec![0x02, 0x01, 0x04, 0x03]),
        (BIT_ORDER, 8, vec![0x80, 0x40, 0xC0, 0x20]),
    ] {
        let mut bench = Bench::with_panel(width);
        bench.dma_out(&[1, 2, 3, 4]);
        bench.set(USER, DOUT | ALWAYS | flags | START);
        bench.run(10 * CYCLE);
        assert_eq!(bench.heard.lock().unwrap().words, words);
    }
}

/// The driver's "fake trigger": one dummy cycle, no data.
#[test]
fn a_dummy_cycle_alone_is_a_transaction() {
    let mut bench = Bench::with_panel(8);
    bench.set(USER, DUMMY | START);
    bench.run(4 * CYCLE);
    assert_eq!(bench.get(INT_RAW), 2);
    assert!(bench.heard.lock().unwrap().words.is_empty());
}

/// With LCD_ALWAYS_OUT_EN off LCD_DOUT_CYCLELEN + 1 cycles go out.
#[test]
fn a_fixed_count_of_cycles() {
    let mut bench = Bench::with_panel(8);
    bench.dma_out(&[1, 2, 3, 4, 5, 6, 7, 8]);
    bench.set(USER, DOUT | 2 | START);
    bench.run(10 * CYCLE);
    assert_eq!((bench.get(INT_RAW), bench.heard.lock().unwrap().words.clone()), (2, vec![1, 2, 3]));
}

/// espressif/esp-idf#8085: LCD_TRANS_DONE comes early when data is late. LilyGO's demonstrations of the T-Display-S3 count on
/// it: they send a command with a data phase of no bytes (`param_size` 0), and GDMA stands at a descriptor that is not its own.
#[test]
fn data_is_over_where_dma_has_none() {
    let mut bench = Bench::with_panel(8);
    bench.set(CMD_VAL, 0x11);
    bench.set(USER, CMD | DOUT | ALWAYS | START);
    bench.run(5 * CYCLE);
    assert_eq!((bench.get(INT_RAW), bench.heard.lock().unwrap().words.clone()), (2, vec![0x11]));
}

#[test]
fn without_a_clock_it_waits_for_one() {
    let mut bench = Bench::with_panel(8);
    bench.set(CLOCK, 1 << 31 | 2 << 9 | 1 << 7 | 7);
    bench.set(CMD_VAL, 0x29);
    bench.set(USER, CMD | START);
    bench.run(MICROSECOND);
    assert_eq!(bench.get(INT_RAW), 0);
    bench.set(CLOCK, 1 << 31 | 3 << 29 | 2 << 9 | 1 << 7 | 7);
    bench.run(5 * CYCLE);
    assert_eq!((bench.get(INT_RAW), bench.heard.lock().unwrap().words.clone()), (2, vec![0x29]));
}

/// Who looks at the clock's pin sees each cycle: LCD_CK_OUT_EDGE 0 is low in the first half.
#[test]
fn edges_appear_where_somebody_looks() {
    let mut bench = Bench::with_panel(8);
    bench.system.dev.fabric.pins.attach_pulses(WR);
    bench.system.dev.fabric.pins.attach_pulses(DATA_PINS[0]);
    bench.dma_out(&[1, 0, 1]);
    bench.set(USER, DOUT | ALWAYS | START);
    bench.run(10 * CYCLE);
    let heard = bench.heard.lock().unwrap();
    let rising = heard.edges.iter().filter(|edge| edge.level).count();
    assert!(rising >= 3 + 2, "{:?}", heard.edges);
    assert_eq!(heard.words, [1, 0, 1]);
}

/// Lines that are wired in another order, and an inverted one (GPIO_FUNCn_OUT_INV_SEL).
#[test]
fn a_target_sees_its_own_pins() {
    let mut bench = Bench::new();
    let mut pins = DATA_PINS[..8].to_vec();
    pins.reverse();
    bench.system.dev.fabric.pins.attach_parallel(ParallelWire::new(pins, WR, None, None, false));
    let select = OutSelect { signal: LCD_DATA_OUT0, invert: true, enable_by_gpio: false, invert_enable: false };
    bench.system.dev.fabric.select_output(DATA_PINS[0], select);
    bench.dma_out(&[0x01, 0x02]);
    bench.set(USER, DOUT | ALWAYS | START);
    bench.run(5 * CYCLE);
    assert_eq!(bench.heard.lock().unwrap().words, [0x00, 0x40 | 0x80]);
}

/// `lcd_ll_set_horizontal_timing` and `..._vertical_timing`: 8 x 4 pixels, pulses of 2, back porches of 3, front of 1.
fn rgb(bench: &mut Bench, next_frame: bool) {
    let (hsw, hbp, width, hfp) = (2, 3, 8, 1);
    let (vsw, vbp, height, vfp) = (2, 3, 4, 1);
    bench.set(MISC, if next_frame { 1 << 25 } else { 0 });
    bench.set(CTRL, 1 << 31 | (vsw + vbp + height + vfp - 1) << 21 | (height - 1) << 11 | (hbp + hsw - 1));
    bench.set(CTRL1, (hsw + hbp + width + hfp - 1) << 20 | (width - 1) << 8 | (vbp + vsw - 1));
    bench.set(CTRL2, (hsw - 1) << 16 | 1 << 23 | 1 << 7 | (vsw - 1));
}

#[test]
fn a_frame_goes_to_an_rgb_display() {
    let mut bench = Bench::new();
    let wire = ParallelWire::new(DATA_PINS.to_vec(), WR, None, None, false);
    bench.system.dev.fabric.pins.attach_parallel(wire);
    bench.system.dev.fabric.pins.attach_pulses(VSYNC);
    rgb(&mut bench, false);
    bench.run(CYCLE);
    bench.heard.lock().unwrap().edges.clear();
    let data: Vec<u8> = (0..64).collect();
    bench.dma_out(&data);
    let start = bench.now();
    bench.set(USER, DOUT | ALWAYS | TWO_BYTES | UPDATE | START);
    // A line is 14 clocks, a frame 10 lines; VSYNC ends with the second line.
    bench.run(27 * CYCLE);
    assert_eq!(bench.get(INT_RAW), 0);
    bench.run(2 * CYCLE);
    assert_eq!(bench.get(INT_RAW), 1, "LCD_VSYNC");
    bench.run(110 * CYCLE);
    assert_eq!(bench.get(INT_RAW), 1);
    bench.run(2 * CYCLE);
    assert_eq!(bench.get(INT_RAW), 3, "LCD_TRANS_DONE");
    let heard = bench.heard.lock().unwrap();
    assert_eq!(heard.words.len(), 32);
    assert_eq!(heard.words[..2], [0x0100, 0x0302]);
    assert!((heard.at[0] - start).abs_diff((5 * 14 + 5) * CYCLE + CYCLE / 2) < 20_000);
    assert!((heard.at[8] - heard.at[0]).abs_diff(14 * CYCLE) < 20_000);
    let vsync: Vec<bool> = heard.edges.iter().map(|edge| edge.level).collect();
    assert_eq!(vsync, [false, true]);
    assert!((heard.edges[1].at - heard.edges[0].at).abs_diff(28 * CYCLE) < 20_000);
}

/// LCD_NEXT_FRAME_EN: frame after frame, until LCD_START is cleared. The next frame's first 17 pixels are ahead in the FIFO.
#[test]
fn frames_follow_each_other() {
    let mut bench = Bench::new();
    let wire = ParallelWire::new(DATA_PINS[..8].to_vec(), WR, None, None, false);
    bench.system.dev.fabric.pins.attach_parallel(wire);
    rgb(&mut bench, true);
    bench.dma_out(&(0..96).collect::<Vec<u8>>());
    bench.set(USER, DOUT | ALWAYS | UPDATE | START);
    bench.run(141 * CYCLE);
    assert_eq!(bench.heard.lock().unwrap().words, (0..32).collect::<Vec<u16>>());
    bench.run(140 * CYCLE);
    assert_eq!(bench.heard.lock().unwrap().words, (0..64).collect::<Vec<u16>>());
    bench.set(USER, DOUT | ALWAYS | UPDATE);
    bench.run(500 * CYCLE);
    assert_eq!(bench.heard.lock().unwrap().words.len(), 64);
}

/// A camera on the data lines: PCLK on WR, HREF on DC, VSYNC on CS.
fn camera(bench: &mut Bench) {
    let fabric = &mut bench.system.dev.fabric;
    let inputs = DATA_PINS.into_iter().zip([
        CAM_DATA_IN0,
        CAM_DATA_IN1,
        CAM_DATA_IN2,
        CAM_DATA_IN3,
        CAM_DATA_IN4,
        CAM_DATA_IN5,
        CAM_DATA_IN6,
        CAM_DATA_IN7,
    ]);
    for (pin, signal) in inputs.chain([(WR, CAM_PCLK), (DC, CAM_H_ENABLE), (CS, CAM_V_SYNC)]) {
        fabric.set_pad(pin, Pad { function: 1, input_enable: true, ..Pad::default() });
        let none = OutSelect { signal: 256, invert: false, enable_by_gpio: true, invert_enable: false };
        fabric.select_output(pin, none);
        // The drivers invert VSYNC: it counts as low between frames.
        fabric.select_input(signal, InSelect { pin, invert: signal == CAM_V_SYNC, by_matrix: true });
    }
}

impl Bench {
    fn drive(&mut self, pin: u8, level: bool) {
        let at = self.now() + 50_000;
        let fabric = &mut self.system.dev.fabric;
        fabric.pins.drive_later(Drive { pin, level: Some(level) }, at);
        fabric.at(Slot::Stimulus, at);
        self.run_to(at);
    }

    fn camera_line(&mut self, bytes: &[u8]) {
        self.drive(DC, true);
        for byte in bytes {
            for (bit, pin) in DATA_PINS[..8].iter().enumerate() {
                self.drive(*pin, byte >> bit & 1 != 0);
            }
            self.drive(WR, true);
            self.drive(WR, false);
        }
        self.drive(DC, false);
    }
}

/// `cam_ll_enable_vsync_generate_eof`: CAM_VS_EOF_EN. CAM_VSYNC is bit 2, CAM_HS bit 3.
#[test]
fn a_camera_frame_goes_to_memory() {
    let mut bench = Bench::new();
    camera(&mut bench);
    bench.drive(WR, false);
    bench.drive(CS, true);
    bench.dma_in(64);
    bench.set(CAM_CTRL_, 1 << 8 | 1 << 7 | 1 << 4);
    bench.set(CAM_CTRL1_, 1 << 16 | 1 << 29);
    bench.drive(CS, false);
    bench.camera_line(&[1, 2, 3, 4]);
    assert_eq!(bench.get(INT_RAW), 0);
    bench.camera_line(&[5, 6, 7, 0x88]);
    assert_eq!(bench.get(INT_RAW), 1 << 3, "CAM_HS after CAM_LINE_INT_NUM + 1 lines");
    bench.drive(CS, true);
    bench.camera_line(&[9]);
    assert_eq!(bench.get(INT_RAW), 1 << 3 | 1 << 2);
    assert_eq!(bench.bytes(BUFFER, 8), [1, 2, 3, 4, 5, 6, 7, 0x88]);
    let first = bench.word(LIST);
    assert_eq!((first >> 30, first >> 12 & 0xFFF), (1, 8), "the processor's, with suc_eof, 8 bytes");
}

/// CAM_REC_DATA_BYTELEN + 1 bytes are a packet where CAM_VS_EOF_EN is off; CAM_BIT_ORDER reverses a byte.
#[test]
fn a_camera_packet_ends_by_its_length() {
    let mut bench = Bench::new();
    camera(&mut bench);
    bench.drive(WR, false);
    bench.drive(CS, false);
    bench.dma_in(64);
    bench.set(CAM_CTRL_, 1 << 6);
    bench.set(CAM_CTRL1_, 3 | 1 << 29);
    bench.camera_line(&[0x01, 0x02, 0x03, 0x80]);
    assert_eq!(bench.bytes(BUFFER, 4), [0x80, 0x40, 0xC0, 0x01]);
    assert_eq!(bench.word(LIST) >> 30, 1);
}

/// The chip's own inputs see the lines: the camera side at the display side's pins, in any wiring. CAM_DE is constant.
#[test]
fn the_camera_side_sees_what_the_display_side_sends() {
    for width in [8, 16] {
        let mut bench = Bench::with_panel(width);
        let fabric = &mut bench.system.dev.fabric;
        let inputs = (0..width).map(|n| (DATA_PINS[n], CAM_DATA_IN0 + n as Signal)).chain([(WR, CAM_PCLK)]);
        for (pin, signal) in inputs {
            fabric.set_pad(pin, Pad { function: 1, input_enable: true, ..Pad::default() });
            fabric.select_input(signal, InSelect { pin, invert: false, by_matrix: true });
        }
        // The matrix' constant inputs, ESP-IDF `soc/gpio_pins.h`: 0x38 is high, 0x3C is low.
        fabric.select_input(CAM_H_ENABLE, InSelect { pin: 0x38, invert: false, by_matrix: true });
        fabric.select_input(CAM_V_SYNC, InSelect { pin: 0x38, invert: false, by_matrix: true });
        let wide = u32::from(width == 16);
        bench.set(CAM_CTRL1_, 3 | wide << 24 | 1 << 29);
        bench.dma_in(64);
        let sent = [0x12, 0x34, 0x56, 0x80];
        let out = BUFFER + 0x100;
        bench.put(out, &sent);
        let words = [(1u32 << 31 | 1 << 30 | 4 << 12 | 4).to_le_bytes(), out.to_le_bytes(), [0; 4]];
        bench.put(LIST + 0x40, &words.concat());
        bench.system.write_register(DMA + 0xA8, 5);
        bench.system.write_register(DMA + 0x80, 1 << 21 | (LIST + 0x40) & 0xF_FFFF);
        bench.set(USER, DOUT | ALWAYS | wide * TWO_BYTES | START);
        bench.run(8 * CYCLE);
        assert_eq!(bench.bytes(BUFFER, 4), sent);
        assert_eq!(bench.get(INT_RAW), 1 << 1);
        assert_eq!(bench.heard.lock().unwrap().words.len(), 4 / (1 + wide as usize), "the panel sees them as well");
    }
}

/// `lcd_ll_set_yuv2rgb_convert_mode` and `lcd_ll_enable_color_convert`: a frame in memory is YUV422 (UYVY), the panel takes RGB565.
#[test]
fn a_frame_of_yuv_goes_to_an_rgb_display() {
    let mut bench = Bench::new();
    let wire = ParallelWire::new(DATA_PINS.to_vec(), WR, None, None, false);
    bench.system.dev.fabric.pins.attach_parallel(wire);
    rgb(&mut bench, true);
    // BT.601 in its own range to the full one: red is 81, 90, 240 and blue 41, 240, 110 (Y, Cb, Cr).
    bench.set(LCD_RGB_YUV_, 1 << 31 | 3 << 22 | 1 << 27);
    let line = [[90, 81, 240, 81], [240, 41, 110, 41]].concat().repeat(2);
    bench.dma_out(&line.repeat(12));
    bench.set(USER, DOUT | ALWAYS | TWO_BYTES | UPDATE | START);
    bench.run(281 * CYCLE);
    let words = bench.heard.lock().unwrap().words.clone();
    assert_eq!(words, [0xF800, 0xF800, 0x001F, 0x001F].repeat(16), "32 pixels of two frames");
}

/// `cam_ll_set_convert_mode`: what a camera sends as UYVY comes to memory as RGB565.
#[test]
fn a_camera_of_yuv_fills_memory_with_rgb() {
    let mut bench = Bench::new();
    camera(&mut bench);
    bench.drive(WR, false);
    bench.drive(CS, true);
    bench.dma_in(64);
    bench.set(CAM_RGB_YUV_, 1 << 31 | 3 << 22 | 1 << 27);
    bench.set(CAM_CTRL_, 1 << 8);
    bench.set(CAM_CTRL1_, 1 << 29);
    bench.drive(CS, false);
    bench.camera_line(&[90, 81, 240, 81]);
    bench.camera_line(&[240, 41, 110, 41]);
    bench.drive(CS, true);
    bench.camera_line(&[9]);
    assert_eq!(bench.bytes(BUFFER, 8), [0x00, 0xF8, 0x00, 0xF8, 0x1F, 0x00, 0x1F, 0x00]);
    assert_eq!(bench.word(LIST) >> 12 & 0xFFF, 8);
}

/// `cam_ll_set_group_clock_coeff`: CAM_CLK is PLL_F160M by 8, 20 MHz, as cameras want it. Who looks sees every edge; the trace
/// does not tell whether somebody does.
#[test]
fn the_cameras_clock_goes_out() {
    let trace = |looks: bool| {
        let mut bench = Bench::new();
        let fabric = &mut bench.system.dev.fabric;
        fabric.set_pad(39, Pad { function: 1, input_enable: true, ..Pad::default() });
        let select = OutSelect { signal: CAM_CLK, invert: false, enable_by_gpio: false, invert_enable: false };
        fabric.select_output(39, select);
        if looks {
            fabric.pins.attach_pulses(39);
        }
        bench.set(CAM_CTRL_, 3 << 29 | 8 << 9);
        let start = bench.now();
        bench.run(10 * MICROSECOND);
        bench.system.catch_up();
        bench.system.dev.fabric.pins.flush();
        let high: Vec<Ps> =
            bench.heard.lock().unwrap().edges.iter().filter(|edge| edge.level).map(|edge| edge.at - start).collect();
        if looks {
            assert_eq!((high.len(), high[0], high[100]), (200, 25_000, 5_025_000));
        }
        assert_eq!(bench.system.read_register(0x6000_4040) >> 7 & 1, 0, "400 half periods");
        bench.system.dev.fabric.pins.trace.clone()
    };
    assert_eq!(format!("{:?}", trace(true)), format!("{:?}", trace(false)));
}
