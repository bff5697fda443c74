//! Guest code, registers, descriptors and PIO programs: `engine/storm` with the input as its dice. The first byte picks the
//! chip and what is random.

#![no_main]

use libfuzzer_sys::{fuzz_target, Corpus};
use storm::{Chip, Dice, Kind};

fuzz_target!(|data: &[u8]| -> Corpus {
    let Some((&first, script)) = data.split_first() else { return Corpus::Reject };
    let chip = if first & 1 == 0 { Chip::Rp2040 } else { Chip::Esp32s3 };
    let kind = match first >> 1 {
        0 => Kind::Mmio,
        1 => Kind::Block,
        2 => Kind::Code,
        3 => Kind::Rom,
        _ => return Corpus::Reject,
    };
    storm::run(chip, kind, Dice::of(script));
    Corpus::Keep
});
