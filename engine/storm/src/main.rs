//! Hard use by hand: `storm CHIP KIND FIRST [COUNT]`, with CHIP rp2040 or esp32s3, and KIND mmio, block, code or rom.
//!
//! Prints each place at which the engine panicked once, with the first case that got there and how many did.

use std::collections::BTreeMap;
use std::process::ExitCode;
use std::time::{Duration, Instant};
use storm::{Case, Chip, End, Kind};

/// No case is expected to take a tenth of it, on a busy machine.
const LIMIT: Duration = Duration::from_secs(20);
/// Worth a look.
const SLOW: Duration = Duration::from_secs(2);

fn cases(words: &[String]) -> Option<Vec<Case>> {
    let chip = match words.first()?.as_str() {
        "rp2040" => Chip::Rp2040,
        "esp32s3" => Chip::Esp32s3,
        _ => return None,
    };
    let kind = match words.get(1)?.as_str() {
        "mmio" => Kind::Mmio,
        "block" => Kind::Block,
        "code" => Kind::Code,
        "rom" => Kind::Rom,
        _ => return None,
    };
    let first: u64 = words.get(2)?.parse().ok()?;
    let count: u64 = words.get(3).map_or(Some(1), |word| word.parse().ok())?;
    Some((first..first + count).map(|seed| Case { chip, kind, seed }).collect())
}

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let Some(cases) = cases(&words) else {
        eprintln!("storm CHIP KIND FIRST [COUNT]");
        return ExitCode::from(2);
    };
    if let [only] = cases[..] {
        println!("{} inputs", only.run());
        return ExitCode::SUCCESS;
    }
    storm::keep_panics_quiet();
    let mut failures: BTreeMap<String, (u64, u64)> = BTreeMap::new();
    let (mut whole, mut inputs) = (0u64, 0u64);
    let mut begun = Instant::now();
    storm::run_all(cases, LIMIT, |case, end| {
        let taken = std::mem::replace(&mut begun, Instant::now()).elapsed();
        if taken > SLOW {
            println!("seed {}: slow, {:.1} s", case.seed, taken.as_secs_f64());
        }
        match end {
            End::Whole(taken) => (whole, inputs) = (whole + 1, inputs + taken),
            End::Panic(place) => {
                let known = failures.entry(place).or_insert_with_key(|place| {
                    println!("seed {}: {place}", case.seed);
                    (case.seed, 0)
                });
                known.1 += 1;
            }
            End::Hang => drop(failures.insert("hang".to_owned(), (case.seed, 1))),
        }
    });
    println!("{whole} cases whole, {inputs} inputs");
    for (place, (seed, count)) in &failures {
        println!("{count} x, first seed {seed}: {place}");
    }
    ExitCode::from(u8::from(!failures.is_empty()))
}
