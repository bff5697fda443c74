//! What the head of this module says to be missing is what is missing.

use super::{names, Rom};

/// The rows of the table: first and last address, and how many functions between them are missing.
fn rows() -> Vec<(u32, u32, usize)> {
    let number = |cell: &str| u32::from_str_radix(cell.strip_prefix("0x")?, 16).ok();
    let lines = include_str!("mod.rs").lines().filter_map(|line| line.strip_prefix("//! | "));
    let row = |line: &str| {
        let mut cells = line.split(" | ");
        let (first, last) = (number(cells.next()?)?, number(cells.next()?)?);
        Some((first, last, cells.next()?.parse().ok()?))
    };
    lines.filter_map(row).collect()
}

/// ESP-IDF's esp32s3.rom*.ld without the radios' groups.
#[test]
fn the_table_of_missing_functions_counts_them_all() {
    let rom = Rom::new();
    let missing: Vec<_> = names::functions().filter(|&(a, _)| !rom.has(a) && names::radio(a).is_none()).collect();
    let rows = rows();
    let sentence = format!("Missing, beside the radios', {} functions", missing.len());
    assert!(include_str!("mod.rs").contains(&sentence), "the head does not say: {sentence}");
    assert!(!rows.is_empty() && rows.windows(2).all(|pair| pair[0].1 < pair[1].0), "rows are in order of address");
    for &(addr, name) in &missing {
        assert!(rows.iter().any(|&(first, last, _)| (first..=last).contains(&addr)), "{name} is in no row");
    }
    for (first, last, count) in rows {
        let there: Vec<_> = missing.iter().filter(|&&(addr, _)| (first..=last).contains(&addr)).collect();
        assert_eq!(there.len(), count, "0x{first:08x}..=0x{last:08x}: {there:?}");
    }
}
