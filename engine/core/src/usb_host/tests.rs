//! What can be said without a device controller; the host at work is tested in the chips' crates, against their controllers.

use super::descriptors::{self, Transfer};
use super::device::{bytes, transaction, FRAME};

/// USB 2.0, table 5-9: the number of bulk transactions of each size that fit into a full-speed frame.
#[test]
fn a_frame_holds_as_many_transactions_as_the_specification_says() {
    for (size, count) in [(1, 107), (2, 100), (4, 88), (8, 71), (16, 51), (32, 33), (64, 19)] {
        assert_eq!(FRAME / transaction(size), count, "{size} bytes");
    }
    assert_eq!(bytes(1500), FRAME);
}

/// USB 2.0, 9.6.5 to 9.6.7; HID 1.11, 6.2.1.
#[test]
fn descriptors_are_read_as_far_as_they_are_well_formed() {
    let configuration = [
        &[9, 2, 41, 0, 1, 1, 0, 0x80, 50][..],
        &[9, 4, 0, 0, 2, 3, 1, 2, 0],
        &[9, 0x21, 0x11, 1, 0, 1, 0x22, 0x41, 0x01],
        &[7, 5, 0x81, 3, 8, 0, 10],
        &[7, 5, 0x02, 0x02, 0x40, 0x08, 0],
        &[7, 5, 0x83, 3],
    ]
    .concat();
    let found = descriptors::interfaces(&configuration);
    assert_eq!(found.len(), 1);
    assert_eq!((found[0].class, found[0].subclass, found[0].protocol), (3, 1, 2));
    assert_eq!(found[0].report_length, Some(0x141));
    let ends: Vec<_> =
        found[0].endpoints.iter().map(|end| (end.address, end.transfer, end.size, end.interval)).collect();
    assert_eq!(ends, [(0x81, Transfer::Interrupt, 8, 10), (0x02, Transfer::Bulk, 64, 0)]);
    assert_eq!(descriptors::text(&[8, 3, b'P', 0, 0xE4, 0, 0x3D, 0xD8, 9, 9]), "Pä\u{FFFD}");
    assert_eq!(descriptors::text(&[]), "");
}
