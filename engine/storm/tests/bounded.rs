//! A bounded run of hard use, the same one each time; longer ones are by hand with the program of this crate.

use std::time::Duration;
use storm::{run_all, Case, Chip, End, Kind};

/// Cases take milliseconds; this is for a machine that does much else.
const LIMIT: Duration = Duration::from_secs(60);

fn survives(chip: Chip, kind: Kind, seeds: impl IntoIterator<Item = u64>) {
    let cases: Vec<Case> = seeds.into_iter().map(|seed| Case { chip, kind, seed }).collect();
    let count = cases.len();
    let (mut whole, mut inputs) = (0, 0);
    run_all(cases, LIMIT, |case, end| match end {
        End::Whole(taken) => (whole, inputs) = (whole + 1, inputs + taken),
        failed => panic!("{case:?}: {failed:?}"),
    });
    assert_eq!(whole, count);
    assert!(inputs > 1000, "{inputs} inputs: the cases do nothing");
}

#[test]
fn the_rp2040_survives_random_accesses_to_its_registers() {
    survives(Chip::Rp2040, Kind::Mmio, 0..200);
}

#[test]
fn the_rp2040_survives_hard_use_of_one_block_at_a_time() {
    survives(Chip::Rp2040, Kind::Block, 0..400);
}

#[test]
fn the_rp2040_survives_random_code() {
    survives(Chip::Rp2040, Kind::Code, 0..400);
}

#[test]
fn the_rp2040_survives_random_calls_of_its_rom() {
    survives(Chip::Rp2040, Kind::Rom, 0..200);
}

#[test]
fn the_esp32s3_survives_random_calls_of_its_rom() {
    survives(Chip::Esp32s3, Kind::Rom, 0..100);
}

/// Addresses that software makes run over in 32 bits; so do counters that a function keeps in a register.
#[test]
fn calls_with_wild_addresses_wrap_as_on_silicon() {
    survives(Chip::Rp2040, Kind::Rom, [123, 1071, 1377]);
    survives(Chip::Esp32s3, Kind::Rom, [97, 120, 185, 1078, 1148, 1216, 1320, 1436, 1801, 2032, 2134]);
}

/// Lengths of gigabytes that run through addresses at which the chip has nothing.
#[test]
fn a_wild_length_comes_to_its_end() {
    survives(Chip::Esp32s3, Kind::Rom, [1081, 30_967]);
}

/// Times of a clock that stands still, and of one that is very slow.
#[test]
fn what_takes_for_ever_does_not_run_over() {
    survives(Chip::Rp2040, Kind::Block, [7_200_227, 7_301_396]);
    survives(Chip::Esp32s3, Kind::Block, [7_000_851, 7_301_077]);
}

/// Software flow control of UART1 whose XOFF threshold is below its XON threshold.
#[test]
fn a_level_that_asks_for_xon_and_xoff_does_not_stop_time() {
    survives(Chip::Esp32s3, Kind::Block, [8_001_413]);
}

/// Channels of the DMA controller with nothing to transfer that chain to each other.
#[test]
fn dma_channels_that_chain_in_a_circle_do_not_stop_time() {
    survives(Chip::Rp2040, Kind::Block, 10_417..10_420);
}

#[test]
fn the_esp32s3_survives_random_accesses_to_its_registers() {
    survives(Chip::Esp32s3, Kind::Mmio, 0..100);
}

#[test]
fn the_esp32s3_survives_hard_use_of_one_block_at_a_time() {
    survives(Chip::Esp32s3, Kind::Block, 0..200);
}

#[test]
fn the_esp32s3_survives_random_code() {
    survives(Chip::Esp32s3, Kind::Code, 0..200);
}

/// One PIO block's next tick lay behind the other block's time.
#[test]
fn a_pio_tick_that_lies_behind_does_not_stop_time() {
    survives(Chip::Rp2040, Kind::Mmio, 14_705..14_708);
}

/// TWAI in a bit when APB_CLK stops.
#[test]
fn a_bit_of_twai_without_a_clock_does_not_stop_time() {
    survives(Chip::Esp32s3, Kind::Block, 21_114..21_116);
}

/// A timer of MCPWM that synchronises itself where it stands.
#[test]
fn a_ring_of_syncs_does_not_stop_time() {
    survives(Chip::Esp32s3, Kind::Block, [1_010_417, 1_044_546, 1_061_116, 1_079_955]);
}
