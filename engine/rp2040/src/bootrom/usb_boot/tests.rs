//! What can be said without a host; the device at work is tested from Python, by the packets of a PC.

use super::disk::{self, Download, SECTOR, SECTORS};
use super::task::{Source, Status, Step, Task};

/// Microsoft's FAT specification: a volume is FAT16 by the number of its clusters alone, 4085 to 65524.
#[test]
fn the_drive_is_a_fat16_volume_whose_parts_lie_behind_one_another() {
    let table = disk::read(0);
    assert_eq!(table[510..], [0x55, 0xAA]);
    let boot = disk::read(1);
    let half = |at: usize| u32::from(u16::from_le_bytes([boot[at], boot[at + 1]]));
    let (per_cluster, reserved, fats, entries, per_fat) =
        (u32::from(boot[13]), half(14), u32::from(boot[16]), half(17), half(22));
    let data = 1 + reserved + fats * per_fat + entries * 32 / SECTOR as u32;
    let clusters = (SECTORS - data) / per_cluster;
    assert!((4085..65_525).contains(&clusters), "{clusters}");
    assert!(per_fat * SECTOR as u32 / 2 >= clusters + 2);
    assert_eq!(disk::read(data)[..6], *b"<html>");
    assert_eq!(disk::read(data + per_cluster)[..3], *b"UF2");
    assert_eq!(disk::read(1 + reserved), disk::read(1 + reserved + per_fat), "both tables are the same");
}

fn block(addr: u32, number: u32, count: u32) -> Vec<u8> {
    let head = [0x0A32_4655, 0x9E5D_5157, 0x2000, addr, 256, number, count, 0xE48B_FF56u32];
    let mut block: Vec<u8> = head.iter().flat_map(|word| word.to_le_bytes()).collect();
    block.resize(508, 7);
    block.extend(0x0AB1_6F30u32.to_le_bytes());
    block
}

/// 2.8.4.2: blocks may come in any order and more than once; a sector is erased before its first page.
#[test]
fn a_file_is_whole_when_each_of_its_blocks_has_come() {
    let mut download = Download::default();
    let first = download.write(&block(0x1000_0100, 1, 2), 1, false).expect("a page");
    assert!(first.exit_xip && !first.same_source);
    assert_eq!(first.erase, Some((0x1000_0000, 0x1000)));
    assert_eq!(download.written(), None);
    assert!(download.write(&block(0x1000_0100, 1, 2), 2, false).is_none(), "it was there before");
    let second = download.write(&block(0x1000_0000, 0, 2), 3, false).expect("a page");
    assert!(!second.exit_xip && second.same_source);
    assert_eq!(second.erase, None);
    assert_eq!(download.written(), Some(0));
    assert!(download.write(&block(0x4000_0000, 0, 2), 4, false).is_none(), "no memory is there");
}

/// 2.8.4.2.1: an image in RAM is entered at its lowest address, where RAM counts as lower than the cache's SRAM.
#[test]
fn an_image_for_ram_is_entered_at_its_lowest_address() {
    let mut download = Download::default();
    for (number, addr) in [0x1500_0000, 0x2000_0200, 0x2000_0100].into_iter().enumerate() {
        assert!(download.write(&block(addr, number as u32, 3), number as u32, false).is_some());
    }
    assert_eq!(download.written(), Some(0x2000_0100));
}

/// 2.8.5.4: picoboot.h, PICOBOOT_INTERLEAVED_WRITE.
#[test]
fn the_drive_and_the_interface_do_not_write_by_turns() {
    let mut last = None;
    let write = |source, same_source| Task { write: Some((0x2000_0000, vec![1])), same_source, ..Task::of(source) };
    let (steps, status) = write(Source::Picoboot, false).steps(&mut last);
    assert_eq!((steps, status), (vec![Step::Store(0x2000_0000, vec![1])], Status::Ok));
    assert_eq!(write(Source::Drive, false).steps(&mut last).1, Status::Ok);
    assert_eq!(write(Source::Picoboot, true).steps(&mut last), (Vec::new(), Status::InterleavedWrite));
}
