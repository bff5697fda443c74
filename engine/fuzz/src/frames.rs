//! Frames of the bridge, as a client sends them (`docs/bridge.md`): each is read or refused.

#![no_main]

use bridge::frame::Incoming;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|frame: &[u8]| {
    if let Err(words) = Incoming::parse(frame) {
        assert!(!words.is_empty());
    }
});
