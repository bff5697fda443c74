use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;

use super::*;
use crate::rom::mmu::{MMU, MMU_INVALID};
use crate::rom::testing::Flat;

/// Registers that store, with every DONE bit following its request at the third look.
fn chip() -> (Flat, Rc<RefCell<BTreeMap<u32, u32>>>) {
    let registers = Rc::new(RefCell::new(BTreeMap::from([(CACHE_STATE, 0x1001)])));
    let store = registers.clone();
    let mut looks = 0;
    let mut flat = Flat::default();
    flat.attach(Box::new(move |addr, write| {
        let mut store = store.borrow_mut();
        let read_only = match addr {
            a if a == ICACHE.sync => ICACHE.sync_done,
            a if a == DCACHE.sync => DCACHE.sync_done,
            a if a == ICACHE.autoload || a == DCACHE.autoload => AUTOLOAD_DONE,
            a if a == ICACHE.freeze || a == DCACHE.freeze => FREEZE_DONE,
            _ => 0,
        };
        if let Some(value) = write {
            store.insert(addr, value & !read_only);
            looks = 0;
            return 0;
        }
        let value = store.get(&addr).copied().unwrap_or(0);
        looks += 1;
        let done = match addr {
            a if a == ICACHE.sync => ICACHE.sync_done,
            a if a == DCACHE.sync => DCACHE.sync_done,
            a if a == ICACHE.preload || a == DCACHE.preload => PRELOAD_DONE,
            a if a == ICACHE.autoload || a == DCACHE.autoload => AUTOLOAD_DONE,
            a if (a == ICACHE.freeze || a == DCACHE.freeze) && value & FREEZE_ENA != 0 => FREEZE_DONE,
            _ => 0,
        };
        if looks > 3 {
            value | done
        } else {
            value
        }
    }));
    (flat, registers)
}

/// rom/cache.h: Cache_Ibus_MMU_Set's documentation of its results, FACTS of the MMU table.
#[test]
fn pages_are_mapped_into_the_shared_table() {
    let (mut flat, registers) = chip();
    assert_eq!(flat.call("Cache_Dbus_MMU_Set", &[0, 0x3c02_0000, 0x5_0000, 64, 2, 0]), 0);
    assert_eq!(registers.borrow()[&(MMU + 8)], 5);
    assert_eq!(registers.borrow()[&(MMU + 12)], 6);
    assert_eq!(flat.call("Cache_Ibus_MMU_Set", &[0x8000, 0x4201_0000, 0, 64, 1, 0]), 0);
    assert_eq!(registers.borrow()[&(MMU + 4)], 0x8000);
    assert_eq!(flat.call("Cache_Ibus_MMU_Set", &[0, 0x4201_0100, 0, 64, 1, 0]), 2);
    assert_eq!(flat.call("Cache_Ibus_MMU_Set", &[0, 0x4201_0000, 0, 32, 1, 0]), 3);
    assert_eq!(flat.call("Cache_Ibus_MMU_Set", &[0, 0x3c00_0000, 0, 64, 1, 0]), 4);
    flat.call("Cache_MMU_Init", &[]);
    assert!((0..512).all(|i| registers.borrow()[&(MMU + 4 * i)] == MMU_INVALID));
}

#[test]
fn a_run_of_addresses_is_rounded_to_lines() {
    let (mut flat, registers) = chip();
    registers.borrow_mut().insert(DCACHE.ctrl, 1 << 3);
    assert_eq!(flat.call("rom_Cache_WriteBack_Addr", &[0x3c00_0010, 0x31]), 0);
    assert_eq!(registers.borrow()[&(DCACHE.sync + 4)], 0x3c00_0000);
    assert_eq!(registers.borrow()[&(DCACHE.sync + 8)], 3, "0x10..0x41 touches three lines of 32 bytes");
    assert_eq!(registers.borrow()[&DCACHE.sync], WRITEBACK);
    assert_eq!(flat.call("Cache_Invalidate_Addr", &[0x3fc9_0000, 4]), 1, "not behind a cache");
}

#[test]
fn suspend_answers_whether_autoload_was_on() {
    let (mut flat, registers) = chip();
    registers.borrow_mut().insert(ICACHE.ctrl, ENABLE);
    registers.borrow_mut().insert(ICACHE.autoload, AUTOLOAD_ENA);
    let before = flat.call("rom_Cache_Suspend_ICache", &[]);
    assert_eq!(before, AUTOLOAD_ENA);
    assert_eq!(registers.borrow()[&ICACHE.ctrl] & ENABLE, 0);
    assert_eq!(registers.borrow()[&(ICACHE.ctrl + 4)], SHUT);
    flat.call("Cache_Resume_ICache", &[before]);
    assert_eq!(registers.borrow()[&ICACHE.ctrl] & ENABLE, ENABLE);
    assert_eq!(registers.borrow()[&ICACHE.autoload] & AUTOLOAD_ENA, AUTOLOAD_ENA);
    assert_eq!(registers.borrow()[&(ICACHE.ctrl + 4)], 0);
}

#[test]
fn modes_are_configured_in_bytes() {
    let (mut flat, registers) = chip();
    flat.call("rom_config_instruction_cache_mode", &[0x8000, 8, 32]);
    assert_eq!(registers.borrow()[&ICACHE.ctrl], 0xf);
    assert_eq!(flat.call("Cache_Get_ICache_Line_Size", &[]), 32);
    flat.call("rom_config_data_cache_mode", &[0x8000, 8, 64]);
    assert_eq!(flat.call("Cache_Get_DCache_Line_Size", &[]), 64);
}
