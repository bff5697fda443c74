//! The bytes behind the checksum of a snapshot file. The first byte picks the chip. What is no snapshot is refused; what is
//! one that no chip could have left may end the program in a panic, which unwinds: it is memory that must stay whole.

#![no_main]

use libfuzzer_sys::{fuzz_target, Corpus};
use std::panic::{catch_unwind, set_hook, AssertUnwindSafe};
use std::sync::Once;

/// ps: long enough for each part of a chip to have had its turn.
const WHILE: u64 = 20_000_000;
/// libFuzzer's own hook ends the process at any panic.
static QUIET: Once = Once::new();

fn rp2040(data: &[u8]) -> bool {
    let Ok(snapshot) = postcard::from_bytes(data) else { return false };
    let mut chip = rp2040::chip::Chip::restore(&snapshot);
    let until = chip.now().saturating_add(WHILE);
    chip.run(until);
    chip.snapshot();
    true
}

fn esp32s3(data: &[u8]) -> bool {
    let Ok(snapshot) = postcard::from_bytes(data) else { return false };
    let mut chip = esp32s3::chip::Chip::restore(&snapshot);
    let until = chip.now().saturating_add(WHILE);
    chip.run(until);
    chip.snapshot();
    true
}

fuzz_target!(|data: &[u8]| -> Corpus {
    QUIET.call_once(|| set_hook(Box::new(|_| {})));
    let open = match data.split_first() {
        Some((0, data)) => catch_unwind(AssertUnwindSafe(|| rp2040(data))),
        Some((1, data)) => catch_unwind(AssertUnwindSafe(|| esp32s3(data))),
        _ => return Corpus::Reject,
    };
    drop(open);
    Corpus::Keep
});
