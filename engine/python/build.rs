//! A name for the engine that is built: a hash of its sources. The bytes of a snapshot fit the engine that wrote them alone.

use std::fs;
use std::path::{Path, PathBuf};

const CRATES: [&str; 7] = ["armv6m", "bridge", "core", "esp32s3", "python", "rp2040", "xtensa"];

/// The sources below a folder.
fn sources(folder: &Path, found: &mut Vec<PathBuf>) {
    let entries = fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    for path in entries.map(|entry| entry.expect("a folder that can be read").path()) {
        if path.is_dir() {
            sources(&path, found);
        } else if path.extension().is_some_and(|it| it == "rs") {
            found.push(path);
        }
    }
}

fn main() {
    let mut found = Vec::new();
    for name in CRATES {
        let folder = Path::new("..").join(name).join("src");
        println!("cargo::rerun-if-changed={}", folder.display());
        sources(&folder, &mut found);
    }
    found.sort();
    // FNV-1a of 64 bits. The ends of lines are the checkout's.
    let mut hash = 0xCBF2_9CE4_8422_2325_u64;
    for path in found {
        let bytes = fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        for byte in bytes.into_iter().filter(|&byte| byte != b'\r') {
            hash = (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01B3);
        }
    }
    println!("cargo::rustc-env=ENGINE_BUILD={hash:016x}");
}
