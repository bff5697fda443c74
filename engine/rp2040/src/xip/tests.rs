use crate::block::Block;
use crate::fabric::Slot;
use crate::system::System;

const CTRL: u32 = 0x1400_0000;
const FLUSH: u32 = 0x1400_0004;
const STAT: u32 = 0x1400_0008;
const CTR_HIT: u32 = 0x1400_000C;
const CTR_ACC: u32 = 0x1400_0010;
const STREAM_ADDR: u32 = 0x1400_0014;
const STREAM_CTR: u32 = 0x1400_0018;
const STREAM_FIFO: u32 = 0x1400_001C;
const AUX: u32 = 0x5040_0000;
const CACHE_SRAM: u32 = 0x1500_0000;

/// Flash with a word that tells its offset at each offset, and XIP as the usual second stage leaves it at clk_sys / 4.
fn xip() -> System {
    let mut system = System::new(2 << 20);
    let words: Vec<u8> = (0..(1u32 << 18)).step_by(4).flat_map(u32::to_le_bytes).collect();
    assert!(!system.mem.flash.write(0, &words));
    system.dev.fabric.cycle = 10_000;
    system.enter_quad_xip(4);
    system
}

fn read(system: &mut System, addr: u32) -> u32 {
    system.dma_load(addr, 4).expect("something is mapped there")
}

fn write(system: &mut System, addr: u32, value: u32) {
    system.dma_store(addr, value, 4).expect("something is mapped there");
}

fn load(system: &mut System, addr: u32) -> (u32, u32) {
    let beat = system.load_xip(addr, 4).expect("flash");
    (beat.value, beat.cycles)
}

#[test]
fn a_line_is_8_bytes_and_a_hit_takes_one_cycle() {
    let mut system = xip();
    // (8 clocks of address and mode + 4 dummy + 16 of data) x 4, then the access itself.
    assert_eq!(load(&mut system, 0x1000_0100), (0x100, 113));
    assert_eq!(load(&mut system, 0x1000_0104), (0x104, 1));
    assert_eq!(load(&mut system, 0x1000_0108), (0x108, 113));
    assert_eq!(system.fetch_xip_cycles(0x1000_0200), 112);
    assert_eq!(system.fetch_xip_cycles(0x1000_0204), 0);
}

#[test]
fn the_counters_tell_what_the_example_cache_perfctr_expects() {
    // pico-examples flash/cache_perfctr, and 2.6.3.5.
    let mut system = xip();
    load(&mut system, 0x1000_0100);
    write(&mut system, FLUSH, 1);
    assert_eq!(read(&mut system, STAT) & 1, 0);
    system.dev.fabric.cycle += 1100;
    assert_eq!(read(&mut system, STAT) & 1, 1);
    write(&mut system, CTR_ACC, 1);
    write(&mut system, CTR_HIT, 1);
    let counts = |system: &mut System| (read(system, CTR_HIT), read(system, CTR_ACC));
    load(&mut system, 0x1000_0100);
    assert_eq!(counts(&mut system), (0, 1));
    load(&mut system, 0x1000_0100);
    assert_eq!(counts(&mut system), (1, 2));
    assert_eq!(system.store_xip(0x1000_0100, 4), Some(1));
    load(&mut system, 0x1000_0100);
    assert_eq!(counts(&mut system), (1, 3));
    load(&mut system, 0x1000_0100);
    assert_eq!(counts(&mut system), (2, 4));
}

#[test]
fn each_window_has_its_way_with_the_cache() {
    // 2.6.3.1. An access of 32 bits costs (8 + 4 + 8) x 4 cycles.
    let mut system = xip();
    assert_eq!(load(&mut system, 0x1300_0100).1, 81);
    assert_eq!(load(&mut system, 0x1300_0100).1, 81);
    assert_eq!(load(&mut system, 0x1100_0100).1, 81, "no-allocate leaves the cache alone");
    assert_eq!(load(&mut system, 0x1100_0100).1, 81);
    assert_eq!(load(&mut system, 0x1200_0100).1, 113, "allocates");
    assert_eq!(load(&mut system, 0x1200_0100).1, 113, "but is not looked up");
    assert_eq!(load(&mut system, 0x1100_0100).1, 1);
    assert_eq!(load(&mut system, 0x1000_0100).1, 1);
}

#[test]
fn two_ways_hold_two_lines_8_kb_apart() {
    let mut system = xip();
    for addr in [0x1000_0100, 0x1000_2100] {
        load(&mut system, addr);
    }
    assert_eq!(load(&mut system, 0x1000_0100).1, 1);
    assert_eq!(load(&mut system, 0x1000_2100).1, 1);
    load(&mut system, 0x1000_4100);
    let misses = [0x1000_0100, 0x1000_2100].map(|addr| system.fetch_xip_cycles(addr) > 0);
    assert!(misses.contains(&true));
}

#[test]
fn stores_to_the_other_windows_fault_only_if_they_shall() {
    let mut system = xip();
    assert_eq!(system.store_xip(0x1300_0000, 4), None);
    write(&mut system, CTRL, 1);
    assert_eq!(system.store_xip(0x1300_0000, 4), Some(1));
    assert_eq!(system.store_xip(0x1100_0000, 4), Some(1));
}

#[test]
fn the_caches_memory_is_open_while_the_cache_is_off() {
    let mut system = xip();
    assert_eq!(system.dma_load(CACHE_SRAM, 4), None);
    write(&mut system, CTRL, 2);
    assert_eq!(load(&mut system, 0x1000_0100).1, 81, "every access goes to the chip");
    assert_eq!(load(&mut system, 0x1000_0100).1, 81);
    write(&mut system, CACHE_SRAM + 0x3FFC, 0x1234_5678);
    system.dma_store(CACHE_SRAM + 0x3FFD, 0xAB, 1).expect("the cache is off");
    assert_eq!(read(&mut system, CACHE_SRAM + 0x3FFC), 0x1234_AB78);
    // Powering down forces EN to 0 and closes the memory.
    write(&mut system, CTRL, 0xB);
    assert_eq!(read(&mut system, CTRL), 0xA);
    assert_eq!(system.dma_load(CACHE_SRAM, 4), None);
}

#[test]
fn a_read_of_flush_waits_for_its_end() {
    // 2.6.3.2: "just over 1024 clock cycles".
    let mut system = xip();
    write(&mut system, FLUSH, 1);
    let (_, wait) = system.load_xip_ctrl(4);
    assert!((1024..1040).contains(&wait), "{wait}");
    assert_eq!(load(&mut system, 0x1000_0100).1, 113 + wait, "and so does an access to flash");
    assert_eq!(load(&mut system, 0x1000_0200).1, 113, "but only the first");
}

#[test]
fn a_stream_fills_the_fifo_in_the_background() {
    // 2.6.3.3: DREQ_XIP_STREAM is 37; the FIFO holds two words.
    let mut system = xip();
    write(&mut system, STREAM_ADDR, 0x1000_0400);
    write(&mut system, STREAM_CTR, 5);
    assert_eq!(read(&mut system, STAT) & 6, 2);
    assert_eq!(system.dev.fabric.dreq >> 37 & 1, 0);
    let mut words = vec![];
    for _ in 0..100 {
        let due = system.dev.fabric.events.due(Slot::Ssi as usize);
        if due != u64::MAX {
            system.dev.fabric.events.pop(due);
            system.dev.fabric.cycle = system.dev.fabric.clock.first_cycle_from(due);
            system.event(Slot::Ssi);
            assert_eq!(system.dev.fabric.dreq >> 37 & 1, 1);
        } else if words.len() < 5 {
            assert_eq!(read(&mut system, STAT) & 6, if words.len() < 4 { 4 } else { 0 });
            words.push(read(&mut system, AUX));
        }
    }
    assert_eq!(words, [0x400, 0x404, 0x408, 0x40C, 0x410]);
    assert_eq!(read(&mut system, STREAM_CTR), 0);
    assert_eq!(read(&mut system, STREAM_ADDR), 0x1000_0414);
    assert_eq!(read(&mut system, STREAM_FIFO), 0);
}

#[test]
fn a_load_while_the_chip_does_not_answer_is_told() {
    let mut system = System::new(2 << 20);
    assert!(!system.mem.flash.write(0, &[0; 4096]));
    assert_eq!(load(&mut system, 0x1000_0000), (u32::MAX, 1));
    assert!(system.dev.fabric.gaps.all().contains_key("XIP load while the flash chip does not answer"));
}

#[test]
fn a_busy_chip_does_not_answer_xip() {
    let mut system = xip();
    load(&mut system, 0x1000_0100);
    system.flash_instruction(&[0xFF], 0, 0);
    system.dev.flash_chip.end_continuous();
    system.flash_instruction(&[0x06], 0, 0);
    system.flash_instruction(&[0x20, 0, 0, 0], 0, 0);
    assert_eq!(load(&mut system, 0x1000_0200).0, u32::MAX);
}

#[test]
fn a_stale_line_is_told_and_a_flush_forgives() {
    let mut system = xip();
    for flushed in [false, true] {
        load(&mut system, 0x1000_0100);
        system.dev.flash_chip.end_continuous();
        system.flash_instruction(&[0x06], 0, 0);
        system.flash_instruction(&[0x20, 0, 0, 0], 0, 0);
        system.dev.fabric.cycle += 1_000_000;
        system.enter_quad_xip(4);
        if flushed {
            write(&mut system, FLUSH, 1);
        }
        assert_eq!(load(&mut system, 0x1000_0100).0, u32::MAX);
        assert_eq!(system.dev.fabric.gaps.all()["XIP load of a stale cache line"].count, 1);
    }
}

#[test]
fn reset_values_are_those_of_the_datasheet() {
    let mut system = System::new(2 << 20);
    for (offset, value) in [(0x00, 3), (0x04, 0), (0x08, 2), (0x0C, 0), (0x10, 0), (0x14, 0), (0x18, 0), (0x1C, 0)] {
        let devices = &mut system.dev;
        assert_eq!(devices.xip_ctrl.peek(offset, &mut devices.fabric), value, "XIP_CTRL+0x{offset:02X}");
    }
}

#[test]
fn flash_loaded_from_outside_is_seen_at_once_and_must_fit() {
    let mut system = xip();
    load(&mut system, 0x1000_0100);
    system.load_flash(0x102, &[1, 2, 3]).expect("it fits");
    assert_eq!(load(&mut system, 0x1000_0100).0, 0x0201_0100);
    assert_eq!(&system.flash_cells()[0x102..0x105], &[1, 2, 3]);
    let refused = system.load_flash((2 << 20) - 2, &[0; 3]).expect_err("one byte too many");
    assert!(refused.contains("2097152"), "{refused}");
}
