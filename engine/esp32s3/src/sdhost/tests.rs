use super::*;
use crate::io::{InSelect, OutSelect, Pad};
use crate::slots::slot;
use crate::spi_mem::psram::Wiring as PsramWiring;
use crate::system::System;
use engine_core::pins::Drive;
use engine_core::ports::{Outside, PortId};
use engine_core::sdbus::{SdAnswer, SdBlock, SdWritten};
use engine_core::time::MICROSECOND;
use std::sync::{Arc, Mutex};

const BASE: u32 = 0x6002_8000;
/// Offsets of ESP-IDF `soc/sdmmc_reg.h`.
const CTRL_: u32 = 0x00;
const CLKDIV_: u32 = 0x08;
const CLKENA_: u32 = 0x10;
const TMOUT_: u32 = 0x14;
const CTYPE_: u32 = 0x18;
const BLKSIZ_: u32 = 0x1C;
const BYTCNT_: u32 = 0x20;
const INTMASK_: u32 = 0x24;
const CMDARG_: u32 = 0x28;
const CMD_: u32 = 0x2C;
const RESP0: u32 = 0x30;
const RESP1: u32 = 0x34;
const RESP3: u32 = 0x3C;
const MINTSTS_: u32 = 0x40;
const RINTSTS_: u32 = 0x44;
const STATUS_: u32 = 0x48;
const FIFOTH_: u32 = 0x4C;
const CDETECT_: u32 = 0x50;
const WRTPRT_: u32 = 0x54;
const BMOD_: u32 = 0x80;
const PLDMND_: u32 = 0x84;
const DBADDR_: u32 = 0x88;
const IDSTS_: u32 = 0x8C;
const IDINTEN_: u32 = 0x90;
const BUFFIFO_: u32 = 0x200;
const CLOCK: u32 = 0x800;

/// Bits of CMD, ESP-IDF `soc/sdmmc_struct.h` sdmmc_hw_cmd_t.
const START: u32 = 1 << 31;
const HOLD: u32 = 1 << 29;
const UPDATE_CLOCK: u32 = 1 << 21;
const INIT: u32 = 1 << 15;
const WAIT: u32 = 1 << 13;
const AUTO_STOP: u32 = 1 << 12;
const WRITE: u32 = 1 << 10;
const DATA: u32 = 1 << 9;
const CRC: u32 = 1 << 8;
const LONG: u32 = 1 << 7;
const ANSWER: u32 = 1 << 6;

const CLK_PIN: u8 = 4;
const CMD_PIN: u8 = 5;
const DAT_PINS: [u8; 4] = [6, 7, 15, 16];
const DETECT_PIN: u8 = 17;
const PROTECT_PIN: u8 = 18;

const LIST: u32 = 0x3FC9_0000;
const BUFFER: u32 = 0x3FC9_1000;
const OWN: u32 = 1 << 31;
const CHAINED: u32 = 1 << 4;
const FIRST: u32 = 1 << 3;
const LAST: u32 = 1 << 2;
const NO_INTERRUPT: u32 = 1 << 1;

/// A card that answers by a script; what it does not know it leaves without an answer.
#[derive(Default)]
struct Heard {
    commands: Vec<(u8, u32, Ps)>,
    answers: Vec<(u8, Vec<u8>, Ps)>,
    blocks: Vec<SdBlock>,
    written: Vec<(u8, Vec<u8>, Ps)>,
    status: Option<SdWritten>,
    lines: u8,
}

struct Card(Arc<Mutex<Heard>>);

impl Outside for Card {
    fn sd_command(&mut self, _: PortId, at: Ps, index: u8, argument: u32) -> Option<SdAnswer> {
        let mut heard = self.0.lock().unwrap();
        heard.commands.push((index, argument, at));
        let found = heard.answers.iter().find(|answer| answer.0 == index);
        found.map(|(_, response, busy)| SdAnswer { response: response.clone(), busy: *busy })
    }
    fn sd_read(&mut self, _: PortId, _: Ps, lines: u8) -> Option<SdBlock> {
        let mut heard = self.0.lock().unwrap();
        (lines == heard.lines && !heard.blocks.is_empty()).then(|| heard.blocks.remove(0))
    }
    fn sd_write(&mut self, _: PortId, at: Ps, lines: u8, data: Vec<u8>) -> Option<SdWritten> {
        let mut heard = self.0.lock().unwrap();
        heard.written.push((lines, data, at));
        heard.status
    }
}

struct Bench {
    system: System,
    heard: Arc<Mutex<Heard>>,
}

fn matrix(signal: crate::signals::Signal) -> OutSelect {
    OutSelect { signal, invert: false, enable_by_gpio: false, invert_enable: false }
}

impl Bench {
    /// Slot 0 as ESP-IDF `sd_host_sdmmc.c` sets it up for probing: 160 MHz / 10 / (2 × 20) = 400 kHz, IDMAC on.
    fn new() -> Self {
        let mut system = System::new(0x10_0000, 0x10_0000, PsramWiring::Octal);
        system.dev.fabric.selection.soc_clk = 1;
        system.dev.fabric.settle_clocks();
        system.carry_out_requests();
        let fabric = &mut system.dev.fabric;
        let heard = Arc::new(Mutex::new(Heard { lines: 1, ..Heard::default() }));
        fabric.pins.set_outside(Box::new(Card(heard.clone())));
        fabric.pins.attach_sd(SdLines { clk: CLK_PIN, cmd: CMD_PIN, dat: DAT_PINS.map(Some) });
        let outputs = [CLK_PIN, CMD_PIN].into_iter().chain(DAT_PINS).zip([
            signals::SDHOST_CCLK_OUT_1,
            signals::SDHOST_CCMD_OUT_1,
            signals::SDHOST_CDATA_OUT_10,
            signals::SDHOST_CDATA_OUT_11,
            signals::SDHOST_CDATA_OUT_12,
            signals::SDHOST_CDATA_OUT_13,
        ]);
        for (pin, signal) in outputs {
            fabric.set_pad(pin, Pad { function: 1, input_enable: true, ..Pad::default() });
            fabric.select_output(pin, matrix(signal));
            fabric.select_input(signal, InSelect { pin, invert: false, by_matrix: true });
        }
        let inputs = [(DETECT_PIN, signals::SDHOST_CARD_DETECT_N_1), (PROTECT_PIN, signals::SDHOST_CARD_WRITE_PRT_1)];
        for (pin, signal) in inputs {
            fabric.set_pad(pin, Pad { function: 1, input_enable: true, ..Pad::default() });
            fabric.select_input(signal, InSelect { pin, invert: false, by_matrix: true });
        }
        let mut bench = Self { system, heard };
        // div_factor_n and l 9, h 4; clk_sel 1.
        bench.set(CLOCK, 1 << 23 | 9 << 17 | 9 << 13 | 4 << 9);
        bench.set(CTRL_, 7);
        assert_eq!(bench.get(CTRL_) & 7, 0);
        bench.set(INTMASK_, 0xFFFF);
        bench.set(IDINTEN_, 0x103);
        bench.set(CTRL_, 1 << 4 | 1 << 5);
        bench.set(CLKDIV_, 20);
        bench.set(CLKENA_, 1);
        bench.set(CMD_, START | HOLD | UPDATE_CLOCK | WAIT);
        assert_eq!(bench.get(CMD_) & START, 0);
        bench.set(TMOUT_, 40_000 << 8 | 0xFF);
        bench
    }

    fn set(&mut self, offset: u32, value: u32) {
        self.system.write_register(BASE + offset, value);
        self.catch_up();
    }

    fn get(&mut self, offset: u32) -> u32 {
        self.system.read_register(BASE + offset)
    }

    /// What is due at this moment.
    fn catch_up(&mut self) {
        let now = self.system.dev.fabric.now();
        self.run_to(now);
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

    fn run(&mut self, microseconds: u64) {
        let end = self.system.dev.fabric.now() + microseconds * MICROSECOND;
        self.run_to(end);
    }

    fn command(&mut self, index: u32, argument: u32, flags: u32) {
        self.set(CMDARG_, argument);
        self.set(CMD_, START | HOLD | flags | index);
    }

    fn answers(&self, index: u8, head: u8, word: u32) {
        let mut bytes = vec![head];
        bytes.extend(word.to_be_bytes());
        bytes.push(command::crc7(&bytes) << 1 | 1);
        self.heard.lock().unwrap().answers.push((index, bytes, 0));
    }

    fn put(&mut self, addr: u32, bytes: &[u8]) {
        for (n, byte) in bytes.iter().enumerate() {
            assert!(self.system.debug_write8(addr + n as u32, *byte));
        }
    }

    fn bytes(&mut self, addr: u32, count: u32) -> Vec<u8> {
        (0..count).map(|n| self.system.debug_read8(addr + n).unwrap()).collect()
    }

    fn word(&mut self, addr: u32) -> u32 {
        self.bytes(addr, 4).iter().rev().fold(0, |word, byte| word << 8 | u32::from(*byte))
    }

    fn descriptor(&mut self, n: u32, control: u32, size: u32, buffer: u32, next: Option<u32>) {
        let next = next.map_or(0, |next| LIST + 16 * next);
        let words = [control.to_le_bytes(), size.to_le_bytes(), buffer.to_le_bytes(), next.to_le_bytes()];
        self.put(LIST + 16 * n, &words.concat());
    }

    /// As `sd_host_dma_prepare` of ESP-IDF's driver does.
    fn prepare(&mut self, bytes: u32, block: u32) {
        self.set(BYTCNT_, bytes);
        self.set(BLKSIZ_, block);
        self.set(DBADDR_, LIST);
        self.set(CTRL_, 1 << 4 | 1 << 5 | 1 << 25);
        self.set(BMOD_, 1 << 7 | 1 << 1);
        self.set(PLDMND_, 1);
    }

    fn interrupts(&self) -> bool {
        self.system.dev.fabric.sources() >> (Source::SDIO_HOST as u32) & 1 != 0
    }
}

/// SD specification 4.5: the CRC of CMD17 with argument 0 is 0101010b.
#[test]
fn the_crc_is_that_of_the_specification() {
    assert_eq!(command::crc7(&[0x51, 0, 0, 0, 0]), 0b010_1010);
    assert_eq!(command::crc7(&[0x40, 0, 0, 0, 0]), 0b100_1010);
}

/// 400 kHz: 80 clocks of initialization, 48 of the command, 8 behind it; CMD_DONE is bit 2 of RINTSTS (`hal/sdmmc_ll.h`).
#[test]
fn cmd0_goes_out_behind_eighty_clocks_of_ones() {
    let mut bench = Bench::new();
    let start = bench.system.dev.fabric.now();
    bench.command(0, 0, INIT);
    assert_eq!(bench.get(CMD_) & START, 0);
    bench.run(339);
    assert_eq!(bench.get(RINTSTS_), 0);
    bench.run(2);
    assert_eq!(bench.get(RINTSTS_), 1 << 2);
    assert!(bench.interrupts());
    let heard = bench.heard.lock().unwrap();
    assert_eq!(heard.commands[0].0, 0);
    assert!((heard.commands[0].2 - start).abs_diff(128 * 2_500_000) < 10_000);
}

/// The driver reads RESP0 of R1, R6 and R7, `sd_trans_sdmmc.c` process_command_response.
#[test]
fn a_short_answer_is_in_resp0() {
    let mut bench = Bench::new();
    bench.answers(8, 8, 0x1AA);
    bench.command(8, 0x1AA, ANSWER | CRC | WAIT);
    bench.run(300);
    assert_eq!(bench.get(RINTSTS_), 1 << 2);
    assert_eq!(bench.get(RESP0), 0x1AA);
    assert_eq!(bench.get(STATUS_) >> 11 & 0x3F, 8);
    bench.set(RINTSTS_, 1 << 2);
    assert_eq!(bench.get(MINTSTS_), 0);
    assert!(!bench.interrupts());
}

/// Bit 31 of RESP3 is the first bit of a long answer, bit 0 of RESP0 its last (Stratix 10 HPS TRM 16.4.3.1).
#[test]
fn a_long_answer_fills_four_registers() {
    let mut bench = Bench::new();
    let mut answer = vec![0x3F];
    answer.extend(1..=15u8);
    answer.push(command::crc7(&answer[1..16]) << 1 | 1);
    bench.heard.lock().unwrap().answers.push((2, answer.clone(), 0));
    bench.command(2, 0, ANSWER | LONG | CRC | WAIT);
    bench.run(600);
    assert_eq!(bench.get(RINTSTS_), 1 << 2);
    assert_eq!(bench.get(RESP3), 0x0102_0304);
    assert_eq!(bench.get(RESP0), 0x0D0E_0F00 | u32::from(answer[16]));
}

/// TMOUT.RESPONSE counts card clocks: 255 of 2.5 µs. RTO is bit 8; CMD_DONE comes 8 clocks later, as an interrupt of its own.
#[test]
fn without_a_card_the_response_timeout_comes() {
    let mut bench = Bench::new();
    bench.command(8, 0x1AA, ANSWER | CRC | WAIT);
    bench.run(120 + 636);
    assert_eq!(bench.get(RINTSTS_), 0);
    bench.run(3);
    assert_eq!(bench.get(RINTSTS_), 1 << 8);
    bench.run(20);
    assert_eq!(bench.get(RINTSTS_), 1 << 8 | 1 << 2);
}

#[test]
fn a_wrong_crc_and_a_wrong_index_are_told() {
    let mut bench = Bench::new();
    bench.heard.lock().unwrap().answers.push((13, vec![13, 0, 0, 9, 0, 0x00], 0));
    bench.command(13, 0, ANSWER | CRC | WAIT);
    bench.run(300);
    assert_eq!(bench.get(RINTSTS_), 1 << 6 | 1 << 2);
    bench.set(RINTSTS_, !0);
    bench.answers(7, 9, 0);
    bench.command(7, 0, ANSWER | CRC | WAIT);
    bench.run(300);
    assert_eq!(bench.get(RINTSTS_), 1 << 1 | 1 << 2);
}

/// R3 has ones instead of index and CRC (SD specification 4.9.4): the driver does not ask for checks.
#[test]
fn r3_is_taken_as_it_is() {
    let mut bench = Bench::new();
    bench.heard.lock().unwrap().answers.push((41, vec![0x3F, 0xC0, 0xFF, 0x80, 0x00, 0xFF], 0));
    bench.command(41, 0x40FF_8000, ANSWER | WAIT);
    bench.run(300);
    assert_eq!((bench.get(RINTSTS_), bench.get(RESP0)), (1 << 2, 0xC0FF_8000));
}

#[test]
fn a_clock_that_is_off_reaches_no_card() {
    let mut bench = Bench::new();
    bench.set(CLKENA_, 0);
    bench.answers(13, 13, 0);
    bench.command(13, 0, ANSWER | CRC);
    bench.run(800);
    assert_eq!(bench.get(RINTSTS_), 1 << 2, "CLKENA counts after the command that updates the clocks");
    bench.set(RINTSTS_, !0);
    bench.set(CMD_, START | HOLD | UPDATE_CLOCK | WAIT);
    bench.command(13, 0, ANSWER | CRC);
    bench.run(800);
    assert_eq!(bench.get(RINTSTS_), 1 << 8 | 1 << 2);
}

/// HLE is bit 12: a third command while one is on its way and one waits.
#[test]
fn a_command_too_many_is_a_hardware_lock_error() {
    let mut bench = Bench::new();
    bench.command(0, 0, 0);
    bench.command(0, 0, 0);
    assert_ne!(bench.get(CMD_) & START, 0);
    bench.command(0, 0, 0);
    assert_eq!(bench.get(RINTSTS_), 1 << 12);
    bench.run(600);
    assert_eq!(bench.heard.lock().unwrap().commands.len(), 2);
}

/// A block of 512 bytes on one line takes 4096 + 18 clocks, behind the answer and the card's access time.
#[test]
fn a_block_is_read_by_dma() {
    let mut bench = Bench::new();
    let data: Vec<u8> = (0..512).map(|n| (n * 7) as u8).collect();
    bench.answers(17, 17, 0x900);
    bench.heard.lock().unwrap().blocks.push(SdBlock { data: data.clone(), delay: 100 * MICROSECOND });
    bench.descriptor(0, OWN | FIRST | LAST | CHAINED, 512, BUFFER, None);
    bench.prepare(512, 512);
    bench.command(17, 8, ANSWER | CRC | DATA | WAIT);
    bench.run(260 + 100 + 10_285 - 10);
    assert_eq!(bench.get(RINTSTS_), 1 << 2);
    bench.run(20);
    assert_eq!(bench.get(RINTSTS_), 1 << 3 | 1 << 2);
    assert_eq!(bench.get(IDSTS_) & 0x3FF, 1 << 8 | 1 << 1, "NIS and RI");
    assert_eq!(bench.bytes(BUFFER, 512), data);
    assert_eq!(bench.word(LIST) & OWN, 0);
    assert_eq!(bench.get(0x5C), 512, "TCBCNT");
    bench.set(RINTSTS_, !0);
    assert!(bench.interrupts());
    bench.set(IDSTS_, 0x3FF);
    assert!(!bench.interrupts());
}

/// Four lines: 1024 + 18 clocks. With SEND_AUTO_STOP CMD12 follows, its answer is in RESP1, ACD is bit 14.
#[test]
fn several_blocks_come_on_four_lines_and_are_stopped() {
    let mut bench = Bench::new();
    bench.answers(18, 18, 0x900);
    bench.answers(12, 12, 0xB00);
    {
        let mut heard = bench.heard.lock().unwrap();
        heard.lines = 4;
        heard.blocks = (0..4).map(|n| SdBlock { data: vec![n; 512], delay: 0 }).collect();
    }
    bench.set(CTYPE_, 1);
    bench.descriptor(0, OWN | FIRST | CHAINED | NO_INTERRUPT, 1024, BUFFER, Some(1));
    bench.descriptor(1, OWN | LAST | CHAINED, 512, BUFFER + 0x1000, None);
    bench.prepare(1536, 512);
    bench.command(18, 0, ANSWER | CRC | DATA | WAIT | AUTO_STOP);
    bench.run(260 + 3 * 2_605 - 20);
    assert_eq!(bench.heard.lock().unwrap().blocks.len(), 1, "three blocks, not four");
    bench.run(20 + 300);
    assert_eq!(bench.get(RINTSTS_), 1 << 14 | 1 << 3 | 1 << 2);
    assert_eq!(bench.get(RESP1), 0xB00);
    assert_eq!(bench.heard.lock().unwrap().commands.last().unwrap().0, 12);
    assert_eq!(bench.bytes(BUFFER + 511, 2), [0, 1]);
    assert_eq!(bench.bytes(BUFFER + 0x1000, 512), [2; 512]);
}

/// OWN clear: IDMAC is suspended with DU (bit 4), and goes on with PLDMND.
#[test]
fn dma_waits_for_a_descriptor() {
    let mut bench = Bench::new();
    bench.answers(17, 17, 0x900);
    bench.heard.lock().unwrap().blocks.push(SdBlock { data: vec![0xA5; 512], delay: 0 });
    bench.descriptor(0, OWN | FIRST | CHAINED, 256, BUFFER, Some(1));
    bench.descriptor(1, LAST | CHAINED, 256, BUFFER + 256, None);
    bench.prepare(512, 512);
    bench.command(17, 0, ANSWER | CRC | DATA | WAIT);
    bench.run(12_000);
    assert_eq!(bench.get(RINTSTS_), 1 << 2);
    assert_eq!(bench.get(IDSTS_) & 0x3F, 1 << 4 | 1 << 1);
    bench.descriptor(1, OWN | LAST | CHAINED, 256, BUFFER + 256, None);
    bench.set(PLDMND_, 1);
    assert_eq!(bench.get(RINTSTS_), 1 << 3 | 1 << 2);
    assert_eq!(bench.bytes(BUFFER, 512), [0xA5; 512]);
}

/// TMOUT.DATA counts card clocks: 40 000 of 2.5 µs are 100 ms. DTO is bit 9, and data transfer over comes with it.
#[test]
fn data_that_does_not_come_times_out() {
    let mut bench = Bench::new();
    bench.answers(17, 17, 0x900);
    bench.descriptor(0, OWN | FIRST | LAST | CHAINED, 512, BUFFER, None);
    bench.prepare(512, 512);
    bench.command(17, 0, ANSWER | CRC | DATA | WAIT);
    bench.run(100_000);
    assert_eq!(bench.get(RINTSTS_), 1 << 2);
    bench.run(500);
    assert_eq!(bench.get(RINTSTS_), 1 << 9 | 1 << 3 | 1 << 2);
}

#[test]
fn a_block_is_written_and_the_card_is_busy() {
    let mut bench = Bench::new();
    bench.answers(24, 24, 0x900);
    bench.heard.lock().unwrap().status = Some(SdWritten { accepted: true, busy: 500 * MICROSECOND });
    let data: Vec<u8> = (0..512).map(|n| (n * 3) as u8).collect();
    bench.put(BUFFER, &data);
    bench.descriptor(0, OWN | FIRST | LAST | CHAINED, 512, BUFFER, None);
    bench.set(0x100, 1 << 1);
    bench.prepare(512, 512);
    bench.command(24, 8, ANSWER | CRC | DATA | WRITE | WAIT);
    bench.run(260 + 10_302 + 10);
    assert_eq!(bench.get(RINTSTS_), 1 << 3 | 1 << 2);
    assert_eq!(bench.get(IDSTS_) & 0x3FF, 1 << 8 | 1 << 0, "NIS and TI");
    assert_eq!(bench.heard.lock().unwrap().written[0].1, data);
    assert_ne!(bench.get(STATUS_) & 1 << 9, 0);
    bench.run(500);
    assert_eq!(bench.get(STATUS_) & 1 << 9, 0);
    assert_eq!(bench.get(RINTSTS_), 1 << 13 | 1 << 3 | 1 << 2, "BCI");
}

/// No CRC status is EBE (bit 15), a negative one DCRC (bit 7).
#[test]
fn a_block_that_is_not_taken() {
    for (status, bit) in [(None, 15), (Some(SdWritten { accepted: false, busy: 0 }), 7)] {
        let mut bench = Bench::new();
        bench.answers(24, 24, 0x900);
        bench.heard.lock().unwrap().status = status;
        bench.descriptor(0, OWN | FIRST | LAST | CHAINED, 512, BUFFER, None);
        bench.prepare(512, 512);
        bench.command(24, 8, ANSWER | CRC | DATA | WRITE | WAIT);
        bench.run(11_000);
        assert_eq!(bench.get(RINTSTS_), 1 << bit | 1 << 3 | 1 << 2);
        assert_ne!(bench.get(IDSTS_) & 1 << 5, 0, "CES");
    }
}

/// RXDR is bit 5, raised while more words than RX_WMARK are there; TXDR bit 4, at TX_WMARK words or fewer.
#[test]
fn software_moves_data_through_the_fifo() {
    let mut bench = Bench::new();
    bench.answers(51, 51, 0x920);
    bench.heard.lock().unwrap().blocks.push(SdBlock { data: vec![2, 0xB5, 0x80, 3, 4, 5, 6, 7], delay: 0 });
    bench.set(FIFOTH_, 1 << 16);
    bench.set(BYTCNT_, 8);
    bench.set(BLKSIZ_, 8);
    bench.command(51, 0, ANSWER | CRC | DATA | WAIT);
    bench.run(1_000);
    assert_eq!(bench.get(RINTSTS_), 1 << 5 | 1 << 3 | 1 << 2);
    assert_eq!(bench.get(STATUS_) >> 17 & 0x1FFF, 2);
    assert_eq!((bench.get(BUFFIFO_), bench.get(BUFFIFO_)), (0x0380_B502, 0x0706_0504));
    assert_ne!(bench.get(STATUS_) & 1 << 2, 0);

    bench.set(RINTSTS_, !0);
    bench.answers(24, 24, 0x900);
    bench.heard.lock().unwrap().status = Some(SdWritten { accepted: true, busy: 0 });
    bench.set(BYTCNT_, 512);
    bench.set(BLKSIZ_, 512);
    bench.command(24, 0, ANSWER | CRC | DATA | WRITE | WAIT);
    for n in 0..128 {
        bench.set(BUFFIFO_, n);
    }
    bench.run(11_000);
    assert_eq!(bench.get(RINTSTS_) & !(1 << 4), 1 << 3 | 1 << 2);
    assert_eq!(bench.heard.lock().unwrap().written[0].1[4..8], [1, 0, 0, 0]);
}

/// CDETECT and WRTPRT show their inputs; CD is bit 0 of RINTSTS.
#[test]
fn a_card_is_detected() {
    let mut bench = Bench::new();
    let now = bench.system.dev.fabric.now();
    for (pin, level) in [(DETECT_PIN, Some(true)), (PROTECT_PIN, Some(true))] {
        bench.system.dev.fabric.pins.drive_later(Drive { pin, level }, now + MICROSECOND);
    }
    bench.system.dev.fabric.at(Slot::Stimulus, now + MICROSECOND);
    bench.run(2);
    assert_eq!((bench.get(CDETECT_) & 1, bench.get(WRTPRT_) & 1, bench.get(RINTSTS_)), (1, 1, 1));
}

/// A slot without a card detect pin has the matrix' constant 0 there (ESP-IDF `sd_host_sdmmc.c`); CDETECT is active low.
#[test]
fn card_detect_may_be_a_constant() {
    let mut bench = Bench::new();
    for (constant, level) in [(signals::CONSTANT_HIGH, 1), (signals::CONSTANT_LOW, 0)] {
        let select = InSelect { pin: constant as u8, invert: false, by_matrix: true };
        bench.system.dev.fabric.select_input(signals::SDHOST_CARD_DETECT_N_1, select);
        assert_eq!(bench.get(CDETECT_) & 1, level);
    }
}

#[test]
fn a_snapshot_goes_on_in_the_middle_of_a_block() {
    let mut bench = Bench::new();
    bench.answers(17, 17, 0x900);
    bench.heard.lock().unwrap().blocks.push(SdBlock { data: vec![9; 512], delay: 0 });
    bench.descriptor(0, OWN | FIRST | LAST | CHAINED, 512, BUFFER, None);
    bench.prepare(512, 512);
    bench.command(17, 0, ANSWER | CRC | DATA | WAIT);
    bench.run(5_000);
    bench.system.dev = bench.system.dev.clone();
    bench.system.dev.fabric.pins.set_outside(Box::new(Card(bench.heard.clone())));
    bench.run(6_000);
    assert_eq!(bench.bytes(BUFFER, 512), [9; 512]);
}

/// The levels of a pin at the rising edges of CLK, as a logic analyzer has them.
fn sampled(log: &[(Ps, u64)], pin: u8) -> Vec<bool> {
    let before = [0].into_iter().chain(log.iter().map(|entry| entry.1));
    let rises = before.zip(log).filter(|(before, entry)| !before & entry.1 & 1 << CLK_PIN != 0);
    rises.map(|(_, entry)| entry.1 >> pin & 1 != 0).collect()
}

fn as_bytes(bits: &[bool]) -> Vec<u8> {
    bits.chunks(8).map(|bits| bits.iter().fold(0, |byte, bit| byte << 1 | u8::from(*bit))).collect()
}

/// SD specification 4.7.2: CMD17 with argument 0 is 51 00 00 00 00 55, and its answer is R1 with the same index; then the block comes on
/// DAT0. Who looks at the wires changes nothing for anybody else.
#[test]
fn the_wires_show_commands_and_data_to_who_looks() {
    let run = |looks: bool| {
        let mut bench = Bench::new();
        bench.system.dev.fabric.pins.keep_log(looks);
        bench.answers(17, 17, 0x900);
        bench.heard.lock().unwrap().blocks.push(SdBlock { data: vec![0xA5, 0x01], delay: MICROSECOND });
        bench.descriptor(0, OWN | FIRST | LAST, 2, BUFFER, None);
        bench.prepare(2, 2);
        bench.command(17, 0, ANSWER | CRC | DATA | WAIT);
        bench.run(2000);
        assert_eq!(bench.bytes(BUFFER, 2), [0xA5, 0x01]);
        let fabric = &mut bench.system.dev.fabric;
        (fabric.pins.take_log(), format!("{:?}", fabric.pins.trace))
    };
    let (log, trace) = run(true);
    let cmd = sampled(&log, CMD_PIN);
    assert_eq!(as_bytes(&cmd[..48]), [0x51, 0, 0, 0, 0, 0x55]);
    assert_eq!(as_bytes(&cmd[48..96])[..5], [17, 0, 0, 9, 0]);
    let dat = sampled(&log, DAT_PINS[0]);
    assert_eq!((dat.len(), dat[96]), (96 + 1 + 16 + 16 + 1, false), "start bit, data, CRC16, end bit");
    assert_eq!(as_bytes(&dat[97..113]), [0xA5, 0x01]);
    let rises: Vec<Ps> = log.iter().filter(|entry| entry.1 >> CLK_PIN & 1 != 0).map(|entry| entry.0).collect();
    assert!((rises[1] - rises[0]).abs_diff(2_500_000) < 10_000, "400 kHz");
    assert_eq!(trace, run(false).1);
}
