use super::link::dw0;
use super::*;
use crate::slots::slot;
use crate::spi_mem::psram::Wiring;
use crate::system::System;
use engine_core::time::MICROSECOND;

const BASE: u32 = 0x6003_F000;
/// Offsets of ESP-IDF `soc/gdma_reg.h`, pair 1.
const PAIR1: u32 = BASE + 0xC0;
const IN_CONF0: u32 = PAIR1;
const IN_CONF1: u32 = PAIR1 + 0x04;
const IN_INT_RAW: u32 = PAIR1 + 0x08;
const IN_INT_ST: u32 = PAIR1 + 0x0C;
const IN_INT_ENA: u32 = PAIR1 + 0x10;
const IN_INT_CLR: u32 = PAIR1 + 0x14;
const IN_LINK: u32 = PAIR1 + 0x20;
const IN_SUC_EOF: u32 = PAIR1 + 0x28;
const IN_ERR_EOF: u32 = PAIR1 + 0x2C;
const IN_PERI_SEL: u32 = PAIR1 + 0x48;
const OUT_CONF0: u32 = PAIR1 + 0x60;
const OUT_CONF1: u32 = PAIR1 + 0x64;
const OUT_INT_RAW: u32 = PAIR1 + 0x68;
const OUT_INT_ENA: u32 = PAIR1 + 0x70;
const OUT_LINK: u32 = PAIR1 + 0x80;
const OUT_EOF_DES_ADDR: u32 = PAIR1 + 0x88;
const OUT_DSCR: u32 = PAIR1 + 0x90;
const OUT_PERI_SEL: u32 = PAIR1 + 0xA8;
const REJECT_ADDR: u32 = BASE + 0x3F4;
const REJECT_RAW: u32 = BASE + 0x3FC;

/// Bits of ESP-IDF `soc/gdma_reg.h` and `hal/gdma_ll.h`.
const OUT_START: u32 = 1 << 21;
const OUT_RESTART: u32 = 1 << 22;
const OUT_PARK: u32 = 1 << 23;
const OUT_STOP: u32 = 1 << 20;
const IN_START: u32 = 1 << 22;
const IN_PARK: u32 = 1 << 24;
const AUTO_RET: u32 = 1 << 20;
const OUT_DONE: u32 = 1 << 0;
const OUT_EOF: u32 = 1 << 1;
const OUT_DSCR_ERR: u32 = 1 << 2;
const OUT_TOTAL_EOF: u32 = 1 << 3;
const IN_DONE: u32 = 1 << 0;
const IN_SUC: u32 = 1 << 1;
const IN_ERR: u32 = 1 << 2;
const IN_DSCR_ERR: u32 = 1 << 3;
const IN_EMPTY: u32 = 1 << 4;

const OWNER: u32 = 1 << 31;
const SUC_EOF: u32 = 1 << 30;
const ERR_EOF: u32 = 1 << 28;

const LIST: u32 = 0x3FC9_0000;
const DATA: u32 = 0x3FC9_1000;

struct Bench(System);

impl Bench {
    fn new() -> Self {
        let mut bench = Self(System::new(0x10_0000, 0x10_0000, Wiring::Octal));
        // UHCI0, in both directions.
        bench.set(OUT_PERI_SEL, 2);
        bench.set(IN_PERI_SEL, 2);
        bench
    }

    fn set(&mut self, addr: u32, value: u32) {
        self.0.write_register(addr, value);
    }

    fn get(&mut self, addr: u32) -> u32 {
        self.0.read_register(addr)
    }

    fn word(&mut self, addr: u32) -> u32 {
        (0..4).fold(0, |word, n| word | u32::from(self.0.debug_read8(addr + n).unwrap()) << (8 * n))
    }

    fn put(&mut self, addr: u32, bytes: &[u8]) {
        for (n, byte) in bytes.iter().enumerate() {
            assert!(self.0.debug_write8(addr + n as u32, *byte));
        }
    }

    fn bytes(&mut self, addr: u32, count: u32) -> Vec<u8> {
        (0..count).map(|n| self.0.debug_read8(addr + n).unwrap()).collect()
    }

    /// Descriptor `n` of the list: its first word, buffer, and the number of the next one.
    fn descriptor(&mut self, n: u32, word: u32, buffer: u32, next: Option<u32>) {
        let next = next.map_or(0, |next| LIST + 16 * next);
        let words = [word.to_le_bytes(), buffer.to_le_bytes(), next.to_le_bytes()];
        self.put(LIST + 16 * n, &words.concat());
    }

    fn with_port<T>(&mut self, act: impl FnOnce(&mut Port, &mut Fabric) -> T) -> T {
        let crate::devices::Devices { fabric, gdma, mmu, .. } = &mut self.0.dev;
        act(&mut Port { gdma, mem: &mut self.0.mem, mmu }, fabric)
    }

    fn pull(&mut self, count: usize) -> Vec<u8> {
        let mut bytes = vec![0; count];
        let got = self.with_port(|port, fabric| port.pull(Peripheral::UHCI0, &mut bytes, fabric));
        bytes.truncate(got);
        bytes
    }

    fn push(&mut self, data: &[u8], eof: bool) -> usize {
        self.with_port(|port, fabric| port.push(Peripheral::UHCI0, data, eof, fabric))
    }

    fn run(&mut self, until: Ps) {
        while self.0.dev.fabric.events.next() <= until {
            let fabric = &mut self.0.dev.fabric;
            fabric.cycle = fabric.cycle.max(fabric.clock.first_cycle_from(fabric.events.next()));
            let now = fabric.now();
            while let Some(due) = self.0.dev.fabric.events.pop(now) {
                self.0.event(slot(due));
            }
        }
    }

    /// 4000 bytes by each of two pairs; how long one of them takes without the other: 4 bytes in 2 clocks.
    fn copy_by_pairs_1_and_3(&mut self) -> Ps {
        for (n, pair) in [(0, 1), (1, 3)] {
            let pair = BASE + pair * 0xC0;
            self.descriptor(2 * n, out_word(4000, OWNER | SUC_EOF), DATA, None);
            self.descriptor(2 * n + 1, 4000 | OWNER, DATA + 0x1000 * (1 + n), None);
            self.set(pair, 1 << 4);
            self.set(pair + 0x80, (LIST + 32 * n) & 0xF_FFFF | OUT_START);
            self.set(pair + 0x20, (LIST + 32 * n + 16) & 0xF_FFFF | IN_START);
        }
        self.0.dev.fabric.rates.apb.duration(2000)
    }

    /// Whether pair 1 and pair 3 are done at a time.
    fn copied_at(&mut self, time: Ps) -> [bool; 2] {
        self.run(time);
        let fabric = &mut self.0.dev.fabric;
        fabric.cycle = fabric.clock.first_cycle_from(time);
        [1, 3].map(|pair| self.get(BASE + pair * 0xC0 + 0x08) & IN_SUC != 0)
    }

    fn start_out(&mut self) {
        self.set(OUT_LINK, LIST & 0xF_FFFF | OUT_START);
    }

    fn start_in(&mut self) {
        self.set(IN_LINK, LIST & 0xF_FFFF | IN_START);
    }
}

fn out_word(length: u32, flags: u32) -> u32 {
    dw0::SIZE.put(dw0::LENGTH.put(flags, length), length)
}

/// TRM 3.4.2: descriptor after descriptor; OUT_DONE for each, OUT_EOF at suc_eof, OUT_TOTAL_EOF at the end of the list.
#[test]
fn a_peripheral_takes_the_bytes_of_a_list() {
    let mut bench = Bench::new();
    bench.put(DATA, &[1, 2, 3, 4, 5, 6, 7]);
    bench.descriptor(0, out_word(3, OWNER), DATA, Some(1));
    bench.descriptor(1, out_word(4, OWNER | SUC_EOF), DATA + 3, None);
    bench.set(OUT_INT_ENA, OUT_EOF);
    bench.start_out();
    assert_eq!(bench.get(OUT_LINK) & OUT_PARK, 0);
    assert_eq!(bench.pull(2), [1, 2]);
    assert_eq!(bench.get(OUT_INT_RAW), 0);
    assert_eq!(bench.pull(2), [3, 4]);
    assert_eq!(bench.get(OUT_INT_RAW), OUT_DONE);
    assert_eq!(bench.get(OUT_DSCR), LIST + 16);
    assert_eq!(bench.pull(100), [5, 6, 7]);
    assert_eq!(bench.get(OUT_INT_RAW), OUT_DONE | OUT_EOF | OUT_TOTAL_EOF);
    assert_eq!(bench.get(OUT_EOF_DES_ADDR), LIST + 16);
    assert_eq!(bench.get(OUT_LINK) & OUT_PARK, OUT_PARK);
    assert_eq!(bench.0.dev.fabric.sources(), 1 << Source::DMA_OUT_CH1 as u128);
    assert_eq!(bench.pull(1), []);
}

/// TRM 3.4.4: OUT_CHECK_OWNER and OUT_AUTO_WRBACK.
#[test]
fn owner_bits_are_checked_and_given_back() {
    let mut bench = Bench::new();
    bench.descriptor(0, out_word(2, OWNER), DATA, Some(1));
    bench.descriptor(1, out_word(2, 0), DATA, None);
    bench.set(OUT_CONF0, 1 << 2);
    bench.set(OUT_CONF1, 1 << 12);
    bench.start_out();
    assert_eq!(bench.pull(4).len(), 2);
    assert_eq!(bench.word(LIST), out_word(2, 0));
    assert_eq!(bench.get(OUT_INT_RAW), OUT_DONE | OUT_DSCR_ERR);
}

/// ESP-IDF gdma_append: the last descriptor's pointer is read again.
#[test]
fn a_list_that_has_grown_is_restarted() {
    let mut bench = Bench::new();
    bench.put(DATA, &[1, 2]);
    bench.descriptor(0, out_word(1, OWNER), DATA, None);
    bench.descriptor(1, out_word(1, OWNER), DATA + 1, None);
    bench.start_out();
    assert_eq!(bench.pull(9), [1]);
    bench.descriptor(0, out_word(1, OWNER), DATA, Some(1));
    bench.set(OUT_LINK, OUT_RESTART);
    assert_eq!(bench.pull(9), [2]);
    bench.start_out();
    bench.set(OUT_LINK, OUT_STOP);
    assert_eq!(bench.pull(9), []);
}

/// TRM 3.4.7: the length and the flags go into the descriptor, which becomes the processor's.
#[test]
fn what_a_peripheral_gives_is_stored_and_noted() {
    let mut bench = Bench::new();
    bench.descriptor(0, 4 | OWNER, DATA, Some(1));
    bench.descriptor(1, 4 | OWNER, DATA + 4, None);
    bench.set(IN_INT_ENA, IN_SUC);
    bench.start_in();
    assert_eq!(bench.get(IN_LINK) & IN_PARK, 0);
    assert_eq!(bench.push(&[1, 2, 3, 4, 5, 6], true), 6);
    assert_eq!(bench.bytes(DATA, 6), [1, 2, 3, 4, 5, 6]);
    assert_eq!(bench.word(LIST), 4 << 12 | 4);
    assert_eq!(bench.word(LIST + 16), SUC_EOF | 2 << 12 | 4);
    assert_eq!(bench.get(IN_INT_ST), IN_SUC);
    assert_eq!(bench.get(IN_INT_RAW), IN_SUC | IN_DONE);
    assert_eq!(bench.get(IN_SUC_EOF), LIST + 16);
    assert_eq!(bench.get(IN_LINK) & IN_PARK, IN_PARK);
    assert_eq!(bench.0.dev.fabric.sources(), 1 << Source::DMA_IN_CH1 as u128);
    bench.set(IN_INT_CLR, IN_SUC);
    assert_eq!(bench.0.dev.fabric.sources(), 0);
    assert_eq!(bench.push(&[7], false), 0);
    assert_eq!(bench.get(IN_INT_RAW) & IN_EMPTY, IN_EMPTY);
}

#[test]
fn an_error_ends_the_packet_and_auto_return_uses_its_buffer_again() {
    let mut bench = Bench::new();
    bench.descriptor(0, 8 | OWNER, DATA, None);
    bench.set(IN_LINK, LIST & 0xF_FFFF | IN_START | AUTO_RET);
    bench.push(&[1, 2], false);
    bench.with_port(|port, fabric| port.push_error(Peripheral::UHCI0, fabric));
    assert_eq!(bench.get(IN_INT_RAW), IN_ERR);
    assert_eq!(bench.get(IN_ERR_EOF), LIST);
    assert_eq!(bench.word(LIST), ERR_EOF | 2 << 12 | 8);
    assert_eq!(bench.push(&[3], true), 1);
    assert_eq!(bench.bytes(DATA, 2), [3, 2]);
    assert_eq!(bench.word(LIST), SUC_EOF | 1 << 12 | 8);
}

/// ESP-IDF `soc/soc.h`: DMA reaches 0x3FC88000 to 0x3FD00000; the rest is a descriptor error.
#[test]
fn addresses_that_are_no_memory_are_descriptor_errors() {
    let mut bench = Bench::new();
    bench.descriptor(0, out_word(1, OWNER), 0x4037_8000, None);
    bench.start_out();
    assert_eq!(bench.pull(1), []);
    assert_eq!(bench.get(OUT_INT_RAW), OUT_DSCR_ERR);
    // The link's upper bits are 0x3FC: 0x3FC0_0010 is no memory. It is seen without a peripheral that asks.
    bench.set(IN_LINK, 0x10 | IN_START);
    bench.run(MICROSECOND);
    assert_eq!(bench.get(IN_INT_RAW), IN_DSCR_ERR);
    bench.set(IN_CONF1, 1 << 12);
    bench.descriptor(0, 4, DATA, None);
    bench.set(IN_INT_CLR, !0);
    bench.start_in();
    assert_eq!(bench.push(&[1], false), 0);
    assert_eq!(bench.get(IN_INT_RAW), IN_DSCR_ERR);
}

/// TRM 3.4.9: PSRAM by the window of external memory, across its pages; an unmapped page is rejected.
#[test]
fn psram_is_reached_through_the_window() {
    let mut bench = Bench::new();
    bench.set(0x600C_5000, 1 << 15 | 5);
    bench.set(0x600C_5004, 1 << 15 | 3);
    bench.descriptor(0, 64 | OWNER, 0x3C00_FFE0, None);
    bench.start_in();
    let data: Vec<u8> = (0..64).collect();
    assert_eq!(bench.push(&data, true), 64);
    assert_eq!(bench.0.mem.psram.bytes()[0x5_FFE0..0x6_0000], data[..32]);
    assert_eq!(bench.0.mem.psram.bytes()[0x3_0000..0x3_0020], data[32..]);
    bench.descriptor(0, out_word(64, OWNER), 0x3C00_FFE0, None);
    bench.start_out();
    assert_eq!(bench.pull(64), data);
    bench.descriptor(0, out_word(4, OWNER), 0x3C02_0000, None);
    bench.start_out();
    assert_eq!(bench.pull(4), []);
    assert_eq!(bench.get(REJECT_RAW), 1);
    assert_eq!(bench.get(REJECT_ADDR), 0x3C02_0000);
}

/// TRM 3.4.5: MEM_TRANS_EN, without a peripheral.
#[test]
fn memory_is_copied_to_memory() {
    let mut bench = Bench::new();
    let data: Vec<u8> = (0..300u32).map(|n| n as u8).collect();
    bench.put(DATA, &data);
    bench.descriptor(0, out_word(200, OWNER), DATA, Some(1));
    bench.descriptor(1, out_word(100, OWNER | SUC_EOF), DATA + 200, None);
    bench.descriptor(4, 150 | OWNER, DATA + 0x1000, Some(5));
    bench.descriptor(5, 2000 | OWNER, DATA + 0x2000, None);
    bench.set(IN_CONF0, 1 << 4);
    bench.start_out();
    bench.set(IN_LINK, (LIST + 64) & 0xF_FFFF | IN_START);
    bench.run(100 * MICROSECOND);
    assert_eq!(bench.bytes(DATA + 0x1000, 150), data[..150]);
    assert_eq!(bench.bytes(DATA + 0x2000, 150), data[150..]);
    assert_eq!(bench.word(LIST + 80), SUC_EOF | 150 << 12 | 2000);
    assert_eq!(bench.get(IN_INT_RAW), IN_DONE | IN_SUC);
    assert_eq!(bench.get(OUT_INT_RAW), OUT_DONE | OUT_EOF | OUT_TOTAL_EOF);
}

/// ESP-IDF `soc/gdma_reg.h`: the larger the value of RX_PRI and TX_PRI the higher the priority, unless ARB_PRI_DIS is set.
#[test]
fn copies_share_the_bus_by_their_priorities() {
    const MISC_CONF: u32 = BASE + 0x3C8;
    // RX_PRI and TX_PRI of pair 3, ARB_PRI_DIS; who is done when one alone would be, and when both would.
    let both_at_the_end = [[false, false], [true, true]];
    for (rx, tx, disabled, done) in [
        (0, 0, 0, both_at_the_end),
        (5, 5, 0, [[false, true], [true, true]]),
        (5, 0, 0, both_at_the_end),
        (5, 5, 1, both_at_the_end),
    ] {
        let mut bench = Bench::new();
        bench.set(MISC_CONF, disabled << 2);
        bench.set(BASE + 3 * 0xC0 + 0x44, rx);
        bench.set(BASE + 3 * 0xC0 + 0xA4, tx);
        let alone = bench.copy_by_pairs_1_and_3();
        let seen = [alone + alone / 20, 2 * alone + alone / 20].map(|time| bench.copied_at(time));
        assert_eq!(seen, done, "{rx} {tx} {disabled}");
    }
}

/// The other copy stands still meanwhile, and goes on where it was.
#[test]
fn a_priority_that_changes_takes_the_bus_at_once() {
    let mut bench = Bench::new();
    let alone = bench.copy_by_pairs_1_and_3();
    // Each has half of what it needs; pair 3 does the rest of it alone.
    assert_eq!(bench.copied_at(alone), [false, false]);
    bench.set(BASE + 3 * 0xC0 + 0x44, 1);
    bench.set(BASE + 3 * 0xC0 + 0xA4, 1);
    assert_eq!(bench.copied_at(alone + alone * 45 / 100), [false, false]);
    assert_eq!(bench.copied_at(alone + alone * 55 / 100), [false, true]);
    assert_eq!(bench.copied_at(2 * alone - alone / 20), [false, true]);
    assert_eq!(bench.copied_at(2 * alone + alone / 20), [true, true]);
}

#[test]
fn a_copy_that_is_called_off_leaves_the_bus() {
    let mut bench = Bench::new();
    let alone = bench.copy_by_pairs_1_and_3();
    assert_eq!(bench.copied_at(alone), [false, false]);
    bench.set(PAIR1, 0);
    assert_eq!(bench.copied_at(2 * alone), [false, true]);
}

#[test]
fn a_ring_without_data_does_not_hang() {
    let mut bench = Bench::new();
    bench.descriptor(0, out_word(0, OWNER), DATA, Some(0));
    bench.start_out();
    assert_eq!(bench.pull(4), []);
    assert!(bench.0.dev.fabric.gaps.all().contains_key("DMA.OUT_LINK"));
}

#[test]
fn a_started_link_is_told_to_its_peripheral() {
    let mut bench = Bench::new();
    bench.descriptor(0, out_word(4, OWNER), DATA, None);
    bench.start_out();
    bench.0.event(Slot::Gdma);
    let fabric = &bench.0.dev.fabric;
    assert_eq!(fabric.events.due(Slot::Uhci as usize), fabric.now());
}
