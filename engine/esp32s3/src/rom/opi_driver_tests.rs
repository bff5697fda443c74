//! The driver against the real parts, with the commands of a flash chip on one lane (W25Q datasheet, table 8.1.2).

use crate::rom::flash::tests::flat;
use crate::rom::testing::{Flat, DATA};
use crate::rom::Guest;

/// Bytes of `esp_rom_opiflash_cmd_t`: mode, bits of command, command, address, bits of address, of dummies and of data,
/// chip 0 and whether it changes.
fn command(code: u8, address_bits: u8, data_bits: u8, changes: bool) -> [u8; 12] {
    const SLOW_READ: u8 = 5;
    [SLOW_READ, 8, code, 0, 0, 0, 0, 0, address_bits, 0, data_bits, 1 | u8::from(changes) << 4]
}

fn driver() -> Flat {
    let mut flat = flat();
    let definition = [
        command(0x9F, 0, 24, false),
        command(0x05, 0, 8, false),
        command(0x06, 0, 0, false),
        command(0x20, 24, 0, true),
        command(0xD8, 24, 0, true),
        command(0x03, 24, 0, false),
        command(0x02, 24, 0, true),
    ];
    let at = flat.poke(DATA + 0x1000, &definition.concat());
    flat.call("esp_rom_opiflash_legacy_driver_init", &[at]);
    flat
}

fn read(flat: &mut Flat, from: u32, len: usize) -> Vec<u8> {
    assert_eq!(flat.call("esp_rom_opiflash_read", &[from, DATA + 0x400, len as u32]), 0);
    flat.peek(DATA + 0x400, len)
}

#[test]
fn the_chip_tells_its_identity_and_status() {
    let mut flat = driver();
    assert_eq!(flat.call("esp_rom_opiflash_read_id", &[DATA]), 0);
    assert_eq!(flat.peek(DATA, 3)[2], 22, "4 MB are 2^22 bytes");
    assert_eq!(flat.call("esp_rom_opiflash_rdsr", &[]) & 3, 0);
    assert_eq!(flat.call("esp_rom_opiflash_wren", &[0]), 0);
    assert_eq!(flat.call("esp_rom_opiflash_rdsr", &[]) & 3, 2, "WEL");
    assert_eq!(flat.call("esp_rom_opiflash_wait_idle", &[]), 0);
}

#[test]
fn what_is_programmed_across_pages_reads_back_until_it_is_erased() {
    let mut flat = driver();
    let pattern: Vec<u8> = (0..0xa3).map(|i| ((i + 0x10) * 7) as u8).collect();
    assert_eq!(read(&mut flat, 0x10, 0xa3), pattern);
    let text: Vec<u8> = (0..100).collect();
    flat.poke(DATA, &text);
    assert_eq!(flat.call("esp_rom_opiflash_write", &[0x20e0, DATA, 100]), 0);
    assert_eq!(read(&mut flat, 0x20e0, 100), text);
    assert_eq!(flat.call("esp_rom_opiflash_rdsr", &[]) & 1, 0, "idle at the end");
    assert_eq!(flat.call("esp_rom_opiflash_erase_sector", &[2]), 0);
    assert_eq!(read(&mut flat, 0x20e0, 100), [0xff; 100]);
    assert_eq!(read(&mut flat, 0, 4), [0, 7, 14, 21], "the sector before is as it was");
    assert_eq!(flat.call("esp_rom_opiflash_erase_sector", &[1024]), 1, "past the end of 4 MB");
    assert_eq!(flat.call("esp_rom_opiflash_write", &[(4 << 20) - 2, DATA, 4]), 1);
}

#[test]
fn an_area_is_erased_by_sectors_and_blocks_under_the_applications_lock() {
    const LOCK: u32 = 0x4037_a000;
    const UNLOCK: u32 = 0x4037_a010;
    let mut flat = driver();
    for (function, counter) in [(LOCK, DATA + 0x800), (UNLOCK, DATA + 0x804)] {
        flat.functions.insert(
            function,
            Box::new(move |flat, _| {
                let count = flat.load32(counter).unwrap() + 1;
                flat.store32(counter, count).unwrap();
                0
            }),
        );
    }
    flat.call("opi_flash_set_lock_func", &[LOCK, UNLOCK]);
    flat.poke(DATA, &[0x5A; 4]);
    let places = [0xefff, 0xf000, 0x1_8000, 0x2_0fff, 0x2_1000];
    for place in places {
        assert_eq!(flat.call("esp_rom_opiflash_write", &[place, DATA, 1]), 0);
    }
    assert_eq!(flat.call("esp_rom_opiflash_erase_area", &[0xf000, 0x1_1001]), 0);
    let left: Vec<u8> = places.map(|place| read(&mut flat, place, 1)[0]).to_vec();
    assert_eq!(left, [0x5A, 0xff, 0xff, 0xff, 0x5A]);
    assert_eq!(flat.call("esp_rom_opiflash_erase_block_64k", &[2]), 0);
    assert_eq!(read(&mut flat, 0x2_1000, 1), [0xff]);
    let counts = [DATA + 0x800, DATA + 0x804].map(|at| flat.load32(at).unwrap());
    assert_eq!(counts[0], counts[1]);
    assert!(counts[0] >= 7);
}
