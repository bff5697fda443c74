//! The declared registers against the vendor's SVD file, which lies beside the checkout and is no part of the product.

use rp2040::declared::all_groups;
use svdcheck::{Lists, Svd};

/// The Private Peripheral Bus is inside the processor crate, SPARE_IRQ has no registers.
const LISTS: Lists = Lists {
    open: &[],
    elsewhere: &["PPB", "SPARE_IRQ"],
    undeclared: &[],
    beyond: &[],
    coarse_access: false,
    deviations: &[(
        "SYSINFO.GITREF_RP2040",
        "at 0x10 there; the ROM of the silicon reads 0x40, and so did pico-sdk 1.x",
    )],
};

fn svd() -> Option<Svd> {
    Svd::beside_checkout(env!("CARGO_MANIFEST_DIR"), "rp2040.svd")
}

#[test]
fn every_declared_register_is_as_the_svd_has_it() {
    let Some(svd) = svd() else { return };
    let wrong = svd.differences(&all_groups(), &LISTS);
    assert!(wrong.is_empty(), "{} differences:\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn every_block_declares_its_registers() {
    let Some(svd) = svd() else { return };
    let wrong = svd.undeclared_blocks(&all_groups(), &LISTS);
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
