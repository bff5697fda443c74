//! What the head of this module says to be missing is what is missing.

use super::{names, Rom};

/// ESP-IDF's esp32s3.rom*.ld without the radios' groups.
#[test]
fn beside_the_radios_no_function_is_missing() {
    let rom = Rom::new();
    let missing: Vec<_> = names::functions().filter(|&(a, _)| !rom.has(a) && names::radio(a).is_none()).collect();
    assert!(missing.is_empty(), "{missing:x?}");
    assert!(
        names::functions().any(|(a, _)| names::radio(a).is_some() && !rom.has(a)),
        "a radio's is found to be missing"
    );
}
