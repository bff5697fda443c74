//! Every address that ESP-IDF's linker scripts name in the mask ROM
//! (`esp_rom/esp32s3/ld/esp32s3.rom*.ld`, the union of ESP-IDF 4.4 to 5.5).

use std::collections::HashMap;
use std::sync::LazyLock;

mod cache;
mod core;
mod data;
mod flash;
mod libc;
mod libgcc;
mod radio1;
mod radio2;
mod radio3;
mod system;
mod usb;

/// The functions' tables, in the order of their addresses.
const FUNCTIONS: [&[(u32, &str)]; 10] = [
    core::SYMBOLS,
    flash::SYMBOLS,
    libc::SYMBOLS,
    cache::SYMBOLS,
    system::SYMBOLS,
    libgcc::SYMBOLS,
    usb::SYMBOLS,
    radio1::SYMBOLS,
    radio2::SYMBOLS,
    radio3::SYMBOLS,
];

/// All functions, sorted by address.
pub fn functions() -> impl Iterator<Item = (u32, &'static str)> {
    FUNCTIONS.iter().flat_map(|table| table.iter().copied())
}

/// All objects (variables of the ROM in DRAM, constants in ROM), sorted by address.
pub fn objects() -> impl Iterator<Item = (u32, &'static str)> {
    data::SYMBOLS.iter().copied()
}

/// The address of a function or an object.
pub fn address(name: &str) -> Option<u32> {
    static BY_NAME: LazyLock<HashMap<&str, u32>> =
        LazyLock::new(|| functions().chain(objects()).map(|(addr, name)| (name, addr)).collect());
    BY_NAME.get(name).copied()
}

/// The function that starts at or before `addr`, for reports ("in memcpy + 0x12").
pub fn function_at(addr: u32) -> Option<(u32, &'static str)> {
    let table = FUNCTIONS.iter().rev().find(|table| table.first().is_some_and(|&(first, _)| first <= addr))?;
    Some(table[table.partition_point(|&(a, _)| a <= addr) - 1])
}

/// What the function at `addr` belongs to, if it is a part of a radio's controller: the groups "bluetooth", "rom_pp",
/// "rom_net80211", "rom_coexist" and "rom_phy" of esp32s3.rom.ld, and the controller's hooks, whose addresses lie between
/// those of MD5.
pub fn radio(addr: u32) -> Option<&'static str> {
    Some(match addr {
        0x4000_1c60..0x4000_1d00 if is_controllers(addr) => "the Bluetooth LE controller",
        0x4000_2a78..0x4000_5250 => "the Bluetooth LE controller",
        0x4000_5250..0x4000_5b68 => "the Wi-Fi MAC",
        0x4000_5b68..0x4000_5c58 => "the coexistence of Wi-Fi and Bluetooth",
        0x4000_5c58..0x4000_6438 => "the radio's physical layer",
        _ => return None,
    })
}

/// Whether a name is one of the Bluetooth LE controller's.
fn is_controllers(addr: u32) -> bool {
    function_at(addr).is_some_and(|(_, name)| name.starts_with("r_"))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// esp32s3.rom.ld: r_sch_plan_offset_req_hook and its neighbours are hooks of the controller.
    #[test]
    fn the_hooks_between_md5s_functions_are_the_bluetooth_controllers() {
        let hooks = functions().filter(|&(addr, name)| addr < 0x4000_2000 && name.starts_with("r_"));
        let radios: Vec<_> = hooks.map(|(addr, _)| radio(addr)).collect();
        assert_eq!(radios.len(), 21);
        assert!(radios.iter().all(|radio| *radio == Some("the Bluetooth LE controller")));
        assert!(
            ["md5_vector", "MD5Init", "MD5Update", "MD5Final"].map(|name| radio(address(name).unwrap())) == [None; 4]
        );
    }

    #[test]
    fn the_tables_are_sorted_and_hold_each_address_once() {
        let all: Vec<u32> = functions().map(|(a, _)| a).collect();
        assert!(all.windows(2).all(|w| w[0] < w[1]));
        let data: Vec<u32> = objects().map(|(a, _)| a).collect();
        assert!(data.windows(2).all(|w| w[0] < w[1]));
    }

    /// Addresses of esp32s3.rom.ld, esp32s3.rom.libc.ld and esp32s3.rom.libgcc.ld.
    #[test]
    fn well_known_functions_lie_where_the_linker_scripts_put_them() {
        for (name, addr) in [
            ("ets_printf", 0x4000_05d0),
            ("memcpy", 0x4000_11f4),
            ("MD5Update", 0x4000_1c68),
            ("__udivdi3", 0x4000_2544),
            ("rom_spiflash_legacy_data", 0x3fce_ffe4),
        ] {
            assert_eq!(address(name), Some(addr), "{name}");
        }
        assert_eq!(function_at(0x4000_11f8), Some((0x4000_11f4, "memcpy")));
    }
}
