//! Caches and MMU (rom/cache.h; TRM chapter 4, section 4.3.3, and the EXTMEM registers of
//! ESP-IDF soc/extmem_reg.h).
//!
//! Each operation writes its control register and waits for the DONE bit, as the silicon's code.

use super::guest::{Call, Done};
use super::stubs::{Frame, Step, StepFn};
use super::Function;

/// EXTMEM.
const BASE: u32 = 0x600c_4000;
/// CACHE_STATE: 12 bits for the ICache, 12 for the DCache; 1 is idle.
const CACHE_STATE: u32 = BASE + 0x130;

/// Registers of one of the caches.
#[derive(Clone, Copy)]
struct Cache {
    ctrl: u32,
    prelock: u32,
    lock: u32,
    sync: u32,
    preload: u32,
    autoload: u32,
    freeze: u32,
    sync_done: u32,
    state_shift: u32,
}

const ICACHE: Cache = Cache {
    ctrl: BASE + 0x60,
    prelock: BASE + 0x6c,
    lock: BASE + 0x7c,
    sync: BASE + 0x88,
    preload: BASE + 0x94,
    autoload: BASE + 0xa0,
    freeze: BASE + 0x154,
    sync_done: 1 << 1,
    state_shift: 0,
};

const DCACHE: Cache = Cache {
    ctrl: BASE,
    prelock: BASE + 0x0c,
    lock: BASE + 0x1c,
    sync: BASE + 0x28,
    preload: BASE + 0x40,
    autoload: BASE + 0x4c,
    freeze: BASE + 0x150,
    sync_done: 1 << 3,
    state_shift: 12,
};

/// CTRL.ENABLE.
const ENABLE: u32 = 1;
/// CTRL1: both cores' buses shut.
const SHUT: u32 = 3;
// SYNC_CTRL.
const INVALIDATE: u32 = 1 << 0;
const WRITEBACK: u32 = 1 << 1;
const CLEAN: u32 = 1 << 2;
// LOCK_CTRL.
const LOCK: u32 = 1 << 0;
const UNLOCK: u32 = 1 << 1;
const LOCK_DONE: u32 = 1 << 2;
/// DCACHE_OCCUPY_CTRL.
const OCCUPY: u32 = BASE + 0x34;
// PRELOAD_CTRL.
const PRELOAD_ENA: u32 = 1 << 0;
const PRELOAD_DONE: u32 = 1 << 1;
const PRELOAD_ORDER: u32 = 1 << 2;
// AUTOLOAD_CTRL.
const AUTOLOAD_ENA: u32 = 1 << 2;
const AUTOLOAD_DONE: u32 = 1 << 3;
const AUTOLOAD_BUFFER_CLEAR: u32 = 1 << 9;
// CACHE_FREEZE.
const FREEZE_ENA: u32 = 1 << 0;
const FREEZE_MODE: u32 = 1 << 1;
const FREEZE_DONE: u32 = 1 << 2;

/// Functions that run in one go.
#[rustfmt::skip]
pub(super) const LEAVES: &[(&str, Function)] = &[
    ("Cache_Get_ICache_Line_Size", |c| { let n = icache_line(c)?; c.ret(n); Ok(()) }),
    ("Cache_Get_DCache_Line_Size", |c| { let n = dcache_line(c)?; c.ret(n); Ok(()) }),
    ("Cache_Get_Mode", get_mode), ("Cache_Set_ICache_Mode", set_icache_mode), ("Cache_Set_DCache_Mode", set_dcache_mode),
    ("Cache_Address_Through_ICache", |c| { let a = c.arg(0)?; c.ret(u32::from(in_icache(a))); Ok(()) }),
    ("Cache_Address_Through_DCache", |c| { let a = c.arg(0)?; c.ret(u32::from(in_dcache(a))); Ok(()) }),
    ("Cache_Enable_ICache", |c| enable(c, ICACHE)), ("Cache_Enable_DCache", |c| enable(c, DCACHE)),
    ("Cache_Resume_ICache", |c| resume(c, ICACHE)), ("Cache_Resume_DCache", |c| resume(c, DCACHE)),
    ("Cache_Resume_ICache_Autoload", |c| resume_autoload(c, ICACHE)),
    ("Cache_Resume_DCache_Autoload", |c| resume_autoload(c, DCACHE)),
    ("Cache_Enable_ICache_Autoload", |c| c.modify(ICACHE.autoload, AUTOLOAD_ENA, AUTOLOAD_ENA)),
    ("Cache_Enable_DCache_Autoload", |c| c.modify(DCACHE.autoload, AUTOLOAD_ENA, AUTOLOAD_ENA)),
    ("Cache_ICache_Preload_Done", |c| preload_done(c, ICACHE)), ("Cache_DCache_Preload_Done", |c| preload_done(c, DCACHE)),
    ("Cache_Start_ICache_Preload", |c| start_preload(c, ICACHE)), ("Cache_Start_DCache_Preload", |c| start_preload(c, DCACHE)),
    ("Cache_Enable_ICache_PreLock", |c| prelock(c, ICACHE)), ("Cache_Enable_DCache_PreLock", |c| prelock(c, DCACHE)),
    ("Cache_Disable_ICache_PreLock", |c| { let n = c.arg(0)? & 1; c.modify(ICACHE.prelock, 1 << n, 0) }),
    ("Cache_Disable_DCache_PreLock", |c| { let n = c.arg(0)? & 1; c.modify(DCACHE.prelock, 1 << n, 0) }),
    ("Cache_Owner_Init", owner_init),
    ("Cache_Occupy_ICache_MEMORY", |c| { let (l, h) = (c.arg(0)?, c.arg(1)?); occupy_icache(c, l, h) }),
    ("Cache_Occupy_DCache_MEMORY", |c| { let (l, h) = (c.arg(0)?, c.arg(1)?); occupy_dcache(c, l, h) }),
    ("Cache_Mask_All", |c| { c.modify(ICACHE.ctrl + 4, SHUT, SHUT)?; c.modify(DCACHE.ctrl + 4, SHUT, SHUT) }),
    ("Cache_UnMask_Dram0", |c| c.modify(DCACHE.ctrl + 4, SHUT, 0)),
];

/// Functions that wait.
#[rustfmt::skip]
pub(super) const STUBS: &[(&str, StepFn)] = &[
    ("Cache_Invalidate_ICache_Items", |f| items(f, ICACHE, INVALIDATE)),
    ("Cache_Invalidate_DCache_Items", |f| items(f, DCACHE, INVALIDATE)),
    ("Cache_Clean_Items", |f| items(f, DCACHE, CLEAN)), ("Cache_WriteBack_Items", |f| items(f, DCACHE, WRITEBACK)),
    ("Cache_Lock_ICache_Items", |f| lock_items(f, ICACHE, LOCK)), ("Cache_Lock_DCache_Items", |f| lock_items(f, DCACHE, LOCK)),
    ("Cache_Unlock_ICache_Items", |f| lock_items(f, ICACHE, UNLOCK)), ("Cache_Unlock_DCache_Items", |f| lock_items(f, DCACHE, UNLOCK)),
    ("Cache_Occupy_Items", occupy_items),
    ("Cache_Invalidate_Addr", |f| range(f, INVALIDATE)), ("Cache_Clean_Addr", |f| range(f, CLEAN)),
    ("rom_Cache_WriteBack_Addr", |f| range(f, WRITEBACK)),
    ("Cache_Invalidate_ICache_All", |f| all(f, ICACHE, INVALIDATE)), ("Cache_Invalidate_DCache_All", |f| all(f, DCACHE, INVALIDATE)),
    ("Cache_Clean_All", |f| all(f, DCACHE, CLEAN)), ("Cache_WriteBack_All", |f| all(f, DCACHE, WRITEBACK)),
    ("Cache_Suspend_ICache_Autoload", |f| suspend_autoload(f, ICACHE)), ("Cache_Suspend_DCache_Autoload", |f| suspend_autoload(f, DCACHE)),
    ("Cache_Disable_ICache_Autoload", |f| suspend_autoload(f, ICACHE)), ("Cache_Disable_DCache_Autoload", |f| suspend_autoload(f, DCACHE)),
    ("Cache_Disable_ICache", |f| disable(f, ICACHE)), ("Cache_Disable_DCache", |f| disable(f, DCACHE)),
    ("rom_Cache_Suspend_ICache", |f| suspend(f, ICACHE)), ("rom_Cache_Suspend_DCache", |f| suspend(f, DCACHE)),
    ("rom_Cache_Freeze_ICache_Enable", |f| freeze(f, ICACHE)), ("rom_Cache_Freeze_DCache_Enable", |f| freeze(f, DCACHE)),
    ("Cache_Freeze_ICache_Disable", |f| unfreeze(f, ICACHE)), ("Cache_Freeze_DCache_Disable", |f| unfreeze(f, DCACHE)),
    ("Cache_End_ICache_Preload", |f| end_preload(f, ICACHE)), ("Cache_End_DCache_Preload", |f| end_preload(f, DCACHE)),
    ("rom_config_instruction_cache_mode", config_icache), ("rom_config_data_cache_mode", config_dcache),
    ("Cache_Enable_Default_ICache_Mode", default_icache), ("Cache_Set_Default_Mode", default_mode),
];

/// ICACHE_BLOCKSIZE_MODE: 16 or 32 bytes.
fn icache_line(call: &mut Call<'_>) -> Done<u32> {
    Ok(16 << (call.load(ICACHE.ctrl)? >> 3 & 1))
}

/// DCACHE_BLOCKSIZE_MODE: 16, 32 or 64 bytes.
fn dcache_line(call: &mut Call<'_>) -> Done<u32> {
    Ok(16 << (call.load(DCACHE.ctrl)? >> 3 & 3))
}

fn in_icache(addr: u32) -> bool {
    (0x4200_0000..0x4400_0000).contains(&addr)
}

fn in_dcache(addr: u32) -> bool {
    (0x3c00_0000..0x3e00_0000).contains(&addr)
}

/// `struct cache_mode`: size, line size (16 bits), ways, and in the last byte whose it is.
fn get_mode(call: &mut Call<'_>) -> Done {
    let place = call.arg(0)?;
    let icache = call.guest.load8(place.wrapping_add(7))? != 0;
    let ctrl = call.load(if icache { ICACHE.ctrl } else { DCACHE.ctrl })?;
    let full = ctrl >> 2 & 1;
    let (size, line, ways) = if icache {
        (0x4000 << full, icache_line(call)?, if ctrl & 2 != 0 { 8 } else { 4 })
    } else {
        (0x8000 << full, dcache_line(call)?, 4)
    };
    call.store(place, size)?;
    call.guest.store16(place.wrapping_add(4), line as u16)?;
    Ok(call.guest.store8(place.wrapping_add(6), ways)?)
}

fn set_icache_mode(call: &mut Call<'_>) -> Done {
    let (size, ways, line) = (call.arg(0)?, call.arg(1)?, call.arg(2)?);
    icache_mode(call, size, ways, line)
}

fn icache_mode(call: &mut Call<'_>, size: u32, ways: u32, line: u32) -> Done {
    let value = u32::from(size != 0) << 2 | u32::from(ways == 1) << 1 | u32::from(line != 0) << 3;
    call.modify(ICACHE.ctrl, 0xe, value)
}

fn set_dcache_mode(call: &mut Call<'_>) -> Done {
    let (size, line) = (call.arg(0)?, call.arg(2)?);
    dcache_mode(call, size, line)
}

fn dcache_mode(call: &mut Call<'_>, size: u32, line: u32) -> Done {
    call.modify(DCACHE.ctrl, 0x1c, u32::from(size != 0) << 2 | line.min(2) << 3)
}

fn autoload_from(call: &mut Call<'_>, cache: Cache, state: u32) -> Done {
    if state & AUTOLOAD_ENA != 0 {
        call.modify(cache.autoload, AUTOLOAD_ENA, AUTOLOAD_ENA)?;
    }
    Ok(())
}

fn resume_autoload(call: &mut Call<'_>, cache: Cache) -> Done {
    let state = call.arg(0)?;
    autoload_from(call, cache, state)
}

fn enable(call: &mut Call<'_>, cache: Cache) -> Done {
    let autoload = call.arg(0)?;
    call.modify(cache.ctrl, ENABLE, ENABLE)?;
    autoload_from(call, cache, autoload)
}

fn resume(call: &mut Call<'_>, cache: Cache) -> Done {
    let autoload = call.arg(0)?;
    call.modify(cache.ctrl, ENABLE, ENABLE)?;
    call.modify(cache.ctrl + 4, SHUT, 0)?;
    autoload_from(call, cache, autoload)
}

fn preload_done(call: &mut Call<'_>, cache: Cache) -> Done {
    let done = call.load(cache.preload)? & PRELOAD_DONE;
    call.ret(done);
    Ok(())
}

fn start_preload(call: &mut Call<'_>, cache: Cache) -> Done {
    let (addr, size, order) = (call.arg(0)?, call.arg(1)?, call.arg(2)?);
    let autoload = call.load(cache.autoload)? & AUTOLOAD_ENA;
    call.modify(cache.autoload, AUTOLOAD_ENA, 0)?;
    call.store(cache.preload + 4, addr)?;
    call.store(cache.preload + 8, size)?;
    call.store(cache.preload, u32::from(order != 0) * PRELOAD_ORDER | PRELOAD_ENA)?;
    call.ret(autoload);
    Ok(())
}

/// `struct lock_config`: address, size and group of a section that stays in the cache.
fn prelock(call: &mut Call<'_>, cache: Cache) -> Done {
    let config = call.arg(0)?;
    let (addr, size_and_group) = (call.load(config)?, call.load(config.wrapping_add(4))?);
    let (size, group) = (size_and_group & 0xffff, size_and_group >> 16 & 1);
    call.store(cache.prelock + 4 + 4 * group, addr)?;
    // Section 0 has the upper half of SCT_SIZE.
    let shift = 16 * (1 - group);
    call.modify(cache.prelock + 12, 0xffff << shift, size << shift)?;
    call.modify(cache.prelock, 1 << group, 1 << group)
}

/// The caches' memory is the caches' (CACHE_MMU_OWNER).
fn owner_init(call: &mut Call<'_>) -> Done {
    call.modify(BASE + 0x148, 0xff_ffff, 0xff_ffff)
}

// SENSITIVE: which banks of SRAM0 and SRAM2 the caches take from the processors.
const CACHE_TAG_ACCESS: u32 = 0x600c_1004;
const CACHE_SRAM: u32 = 0x600c_1014;

fn occupy_icache(call: &mut Call<'_>, low: u32, high: u32) -> Done {
    call.modify(CACHE_TAG_ACCESS, 0xf, high << 2 | low)?;
    call.modify(CACHE_SRAM, 3, !(high | low))
}

fn occupy_dcache(call: &mut Call<'_>, low: u32, high: u32) -> Done {
    call.modify(CACHE_TAG_ACCESS, 0xf0, high << 6 | low << 4)?;
    call.modify(CACHE_SRAM, 0xc, !((high | low) << 2))
}

/// Local 0: step of the function.
const STATE: u32 = 0;

fn go(frame: &mut Frame<'_>, state: u32) -> Done<Step> {
    frame.set_local(STATE, state)?;
    Ok(Step::Again)
}

/// Polls until the bits are as wanted, then goes to `state`.
fn until(frame: &mut Frame<'_>, register: u32, mask: u32, value: u32, state: u32) -> Done<Step> {
    if frame.call.load(register)? & mask == value {
        go(frame, state)
    } else {
        Ok(Step::Wait)
    }
}

fn start_sync(call: &mut Call<'_>, cache: Cache, operation: u32, addr: u32, items: u32) -> Done {
    call.store(cache.sync + 4, addr)?;
    call.modify(cache.sync + 8, 0x7f_ffff, items)?;
    call.modify(cache.sync, operation, operation)
}

fn items(frame: &mut Frame<'_>, cache: Cache, operation: u32) -> Done<Step> {
    match frame.local(STATE)? {
        0 => {
            let (addr, items) = (frame.call.arg(0)?, frame.call.arg(1)?);
            start_sync(&mut frame.call, cache, operation, addr, items)?;
            go(frame, 1)
        }
        1 => until(frame, cache.sync, cache.sync_done, cache.sync_done, 2),
        _ => Ok(Step::Return),
    }
}

/// The whole cache: address and size zero.
fn all(frame: &mut Frame<'_>, cache: Cache, operation: u32) -> Done<Step> {
    match frame.local(STATE)? {
        0 => {
            start_sync(&mut frame.call, cache, operation, 0, 0)?;
            go(frame, 1)
        }
        1 => until(frame, cache.sync, cache.sync_done, cache.sync_done, 2),
        _ => Ok(Step::Return),
    }
}

fn lock_items(frame: &mut Frame<'_>, cache: Cache, operation: u32) -> Done<Step> {
    match frame.local(STATE)? {
        0 => {
            let (addr, items) = (frame.call.arg(0)?, frame.call.arg(1)?);
            frame.call.store(cache.lock + 4, addr)?;
            frame.call.modify(cache.lock + 8, 0xffff, items)?;
            frame.call.modify(cache.lock, operation, operation)?;
            go(frame, 1)
        }
        1 => until(frame, cache.lock, LOCK_DONE, LOCK_DONE, 2),
        _ => Ok(Step::Return),
    }
}

fn occupy_items(frame: &mut Frame<'_>) -> Done<Step> {
    match frame.local(STATE)? {
        0 => {
            let (addr, items) = (frame.call.arg(0)?, frame.call.arg(1)?);
            frame.call.store(OCCUPY + 4, addr)?;
            frame.call.modify(OCCUPY + 8, 0xffff, items)?;
            frame.call.modify(OCCUPY, 1, 1)?;
            go(frame, 1)
        }
        1 => until(frame, OCCUPY, 2, 2, 2),
        _ => Ok(Step::Return),
    }
}

/// A run of addresses: whole lines, between the callbacks of `rom_cache_op_cb`. 1 when the run is
/// not behind a cache.
fn range(frame: &mut Frame<'_>, operation: u32) -> Done<Step> {
    let (addr, size) = (frame.call.arg(0)?, frame.call.arg(1)?);
    let last = addr.wrapping_add(size).wrapping_sub(1);
    let icache = operation == INVALIDATE && in_icache(addr) && in_icache(last);
    let cache = if icache { ICACHE } else { DCACHE };
    let callbacks = super::required("rom_cache_op_cb");
    match frame.local(STATE)? {
        0 => {
            let cached = icache || in_dcache(addr) && in_dcache(last);
            if !cached {
                frame.call.ret(1);
                return Ok(Step::Return);
            }
            frame.set_local(STATE, 1)?;
            let start = frame.call.load(callbacks)?;
            Ok(if start == 0 { Step::Again } else { Step::call(start, &[]) })
        }
        1 => {
            let line = if icache { icache_line(&mut frame.call)? } else { dcache_line(&mut frame.call)? };
            let first = addr & !(line - 1);
            let lines = (last & !(line - 1)).wrapping_sub(first) / line + 1;
            start_sync(&mut frame.call, cache, operation, first, lines)?;
            go(frame, 2)
        }
        2 => until(frame, cache.sync, cache.sync_done, cache.sync_done, 3),
        3 => {
            frame.set_local(STATE, 4)?;
            let end = frame.call.load(callbacks.wrapping_add(4))?;
            Ok(if end == 0 { Step::Again } else { Step::call(end, &[]) })
        }
        _ => {
            frame.call.ret(0);
            Ok(Step::Return)
        }
    }
}

/// Local 1: what was in force before.
const BEFORE: u32 = 1;

/// Stops autoload. Local 1 remembers whether it was on.
fn stop_autoload(frame: &mut Frame<'_>, cache: Cache) -> Done {
    let before = frame.call.load(cache.autoload)? & AUTOLOAD_ENA;
    frame.set_local(BEFORE, before)?;
    if before != 0 {
        frame.call.modify(cache.autoload, AUTOLOAD_ENA, 0)?;
        frame.call.modify(cache.autoload, AUTOLOAD_BUFFER_CLEAR, AUTOLOAD_BUFFER_CLEAR)?;
    }
    Ok(())
}

fn autoload_stopped(frame: &mut Frame<'_>, cache: Cache, state: u32) -> Done<Step> {
    if frame.call.load(cache.autoload)? & AUTOLOAD_DONE == 0 {
        return Ok(Step::Wait);
    }
    frame.call.modify(cache.autoload, AUTOLOAD_BUFFER_CLEAR, 0)?;
    go(frame, state)
}

fn return_before(frame: &mut Frame<'_>) -> Done<Step> {
    let before = frame.local(BEFORE)?;
    frame.call.ret(before);
    Ok(Step::Return)
}

fn suspend_autoload(frame: &mut Frame<'_>, cache: Cache) -> Done<Step> {
    match frame.local(STATE)? {
        0 => {
            stop_autoload(frame, cache)?;
            go(frame, 1)
        }
        1 => autoload_stopped(frame, cache, 2),
        _ => return_before(frame),
    }
}

fn disable(frame: &mut Frame<'_>, cache: Cache) -> Done<Step> {
    match frame.local(STATE)? {
        0 => {
            frame.call.modify(cache.ctrl, ENABLE, 0)?;
            stop_autoload(frame, cache)?;
            go(frame, 1)
        }
        1 => autoload_stopped(frame, cache, 2),
        2 => until(frame, cache.preload, PRELOAD_DONE, PRELOAD_DONE, 3),
        3 => {
            start_sync(&mut frame.call, cache, INVALIDATE, 0, 0)?;
            go(frame, 4)
        }
        4 => until(frame, cache.sync, cache.sync_done, cache.sync_done, 5),
        5 => until(frame, CACHE_STATE, 0xfff << cache.state_shift, 1 << cache.state_shift, 6),
        _ => return_before(frame),
    }
}

/// Shuts the buses and switches the cache off; a freeze and its end push out what is under way.
fn suspend(frame: &mut Frame<'_>, cache: Cache) -> Done<Step> {
    match frame.local(STATE)? {
        0 => {
            frame.call.modify(cache.ctrl + 4, SHUT, SHUT)?;
            frame.call.modify(cache.ctrl, ENABLE, 0)?;
            stop_autoload(frame, cache)?;
            go(frame, 1)
        }
        1 => autoload_stopped(frame, cache, 2),
        2 => until(frame, cache.preload, PRELOAD_DONE, PRELOAD_DONE, 3),
        3 => {
            start_freeze(&mut frame.call, cache, 0)?;
            go(frame, 4)
        }
        4 => until(frame, cache.freeze, FREEZE_DONE, FREEZE_DONE, 5),
        5 => {
            frame.call.modify(cache.freeze, FREEZE_ENA, 0)?;
            go(frame, 6)
        }
        6 => until(frame, cache.freeze, FREEZE_DONE, 0, 7),
        _ => return_before(frame),
    }
}

fn start_freeze(call: &mut Call<'_>, cache: Cache, mode: u32) -> Done {
    call.modify(cache.freeze, FREEZE_MODE, u32::from(mode != 0) * FREEZE_MODE)?;
    call.modify(cache.freeze, FREEZE_ENA, FREEZE_ENA)
}

fn freeze(frame: &mut Frame<'_>, cache: Cache) -> Done<Step> {
    match frame.local(STATE)? {
        0 => {
            let mode = frame.call.arg(0)?;
            start_freeze(&mut frame.call, cache, mode)?;
            go(frame, 1)
        }
        1 => until(frame, cache.freeze, FREEZE_DONE, FREEZE_DONE, 2),
        _ => Ok(Step::Return),
    }
}

fn unfreeze(frame: &mut Frame<'_>, cache: Cache) -> Done<Step> {
    match frame.local(STATE)? {
        0 => {
            frame.call.modify(cache.freeze, FREEZE_ENA, 0)?;
            go(frame, 1)
        }
        1 => until(frame, cache.freeze, FREEZE_DONE, 0, 2),
        _ => Ok(Step::Return),
    }
}

fn end_preload(frame: &mut Frame<'_>, cache: Cache) -> Done<Step> {
    let autoload = frame.call.arg(0)?;
    match frame.local(STATE)? {
        0 => until(frame, cache.preload, PRELOAD_DONE, PRELOAD_DONE, 1),
        1 => {
            frame.call.modify(cache.preload, PRELOAD_ENA, 0)?;
            autoload_from(&mut frame.call, cache, autoload)?;
            go(frame, 2)
        }
        _ => Ok(Step::Return),
    }
}

/// Size, ways and line size in bytes and counts: memory, mode, invalidation, on.
fn config_icache(frame: &mut Frame<'_>) -> Done<Step> {
    match frame.local(STATE)? {
        0 => {
            let (size, ways, line) = (frame.call.arg(0)?, frame.call.arg(1)? & 0xff, frame.call.arg(2)? & 0xff);
            let full = size != 0x4000;
            occupy_icache(&mut frame.call, 1, if full { 2 } else { 0 })?;
            icache_mode(&mut frame.call, u32::from(full), u32::from(ways != 4), u32::from(line != 16))?;
            start_sync(&mut frame.call, ICACHE, INVALIDATE, 0, 0)?;
            go(frame, 1)
        }
        1 => until(frame, ICACHE.sync, ICACHE.sync_done, ICACHE.sync_done, 2),
        _ => {
            frame.call.modify(ICACHE.ctrl, ENABLE, ENABLE)?;
            Ok(Step::Return)
        }
    }
}

/// The same for the data cache, which stays off.
fn config_dcache(frame: &mut Frame<'_>) -> Done<Step> {
    match frame.local(STATE)? {
        0 => {
            let (size, line) = (frame.call.arg(0)?, frame.call.arg(2)? & 0xff);
            let full = size != 0x8000;
            occupy_dcache(&mut frame.call, 2, u32::from(full))?;
            let line = match line {
                16 => 0,
                32 => 1,
                _ => 2,
            };
            dcache_mode(&mut frame.call, u32::from(full), line)?;
            start_sync(&mut frame.call, DCACHE, INVALIDATE, 0, 0)?;
            go(frame, 1)
        }
        1 => until(frame, DCACHE.sync, DCACHE.sync_done, DCACHE.sync_done, 2),
        _ => Ok(Step::Return),
    }
}

/// 16 KB, four ways, 32-byte lines, on.
fn default_icache(frame: &mut Frame<'_>) -> Done<Step> {
    match frame.local(STATE)? {
        0 => {
            occupy_icache(&mut frame.call, 1, 0)?;
            icache_mode(&mut frame.call, 0, 0, 1)?;
            start_sync(&mut frame.call, ICACHE, INVALIDATE, 0, 0)?;
            go(frame, 1)
        }
        1 => until(frame, ICACHE.sync, ICACHE.sync_done, ICACHE.sync_done, 2),
        _ => {
            frame.call.modify(ICACHE.ctrl, ENABLE, ENABLE)?;
            frame.call.modify(ICACHE.ctrl + 4, SHUT, 0)?;
            Ok(Step::Return)
        }
    }
}

/// 32 KB of data cache, 32-byte lines.
fn default_mode(frame: &mut Frame<'_>) -> Done<Step> {
    match frame.local(STATE)? {
        0 => {
            occupy_dcache(&mut frame.call, 2, 0)?;
            dcache_mode(&mut frame.call, 0, 0)?;
            start_sync(&mut frame.call, DCACHE, INVALIDATE, 0, 0)?;
            go(frame, 1)
        }
        1 => until(frame, DCACHE.sync, DCACHE.sync_done, DCACHE.sync_done, 2),
        _ => Ok(Step::Return),
    }
}

#[cfg(test)]
#[path = "cache_tests.rs"]
mod tests;
