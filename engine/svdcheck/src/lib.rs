//! Declared registers against a vendor's SVD file, for the tests of the chip crates. The file lies beside the checkout and is
//! no part of the product.

mod svd;

use engine_core::registers::{Access, FieldDecl, Group, RegisterDecl};
use std::collections::{BTreeMap, BTreeSet};
pub use svd::{Svd, SvdBlock, SvdField, SvdRegister};

/// What is known to differ. Every list is to shrink: an entry without need is an error too.
#[derive(Clone, Copy, Debug, Default)]
pub struct Lists<'a> {
    /// Blocks of the SVD that declare no registers yet.
    pub open: &'a [&'a str],
    /// Blocks of the SVD that are not ours to declare.
    pub elsewhere: &'a [&'a str],
    /// Blocks that serve more registers than they declare, and which.
    pub undeclared: &'a [(&'a str, &'a str)],
    /// Blocks that the SVD lacks, and where they are described.
    pub beyond: &'a [(&'a str, &'a str)],
    /// The file knows no accesses but reading and writing: what it calls read-write may be less (a strobe, a flag that
    /// the hardware sets).
    pub coarse_access: bool,
    /// Registers (`BLOCK.REGISTER`, or `BLOCK.REGISTER*` for all of that name and a number) that differ from the SVD, and
    /// why.
    pub deviations: &'a [(&'a str, &'a str)],
}

/// What is wrong, one sentence each.
pub type Wrong = Vec<String>;

impl Svd {
    /// Every declared register is as the SVD has it, and every register of a declared block is declared.
    pub fn differences(&self, groups: &[Group], lists: &Lists) -> Wrong {
        let mut wrong = Differences {
            coarse_access: lists.coarse_access,
            excused: lists.deviations,
            used: BTreeSet::new(),
            wrong: Vec::new(),
        };
        let mut seen: BTreeMap<&str, BTreeSet<u32>> = BTreeMap::new();
        let mut beyond: BTreeSet<&str> = BTreeSet::new();
        for group in groups {
            match self.blocks.get(group.block) {
                Some(block) => compare_group(group, block, seen.entry(group.block).or_default(), &mut wrong),
                None if lists.beyond.iter().any(|(name, _)| *name == group.block) => {
                    beyond.insert(group.block);
                }
                None => wrong.wrong.push(format!("{} is no block of the SVD", group.block)),
            }
        }
        for (name, _) in lists.beyond.iter().filter(|(name, _)| !beyond.contains(name)) {
            wrong
                .wrong
                .push(format!("{name} is not declared or is in the SVD: take it off the list of blocks beyond it"));
        }
        for (name, seen) in &seen {
            let lacking = self.blocks[*name].iter().filter(|(offset, _)| !seen.contains(offset));
            compare_lacking(name, lacking.collect(), lists, &mut wrong);
        }
        wrong.finish()
    }

    /// Every block of the SVD declares registers, or is on a list.
    pub fn undeclared_blocks(&self, groups: &[Group], lists: &Lists) -> Wrong {
        let declared: BTreeSet<&str> = groups.iter().map(|group| group.block).collect();
        let mut wrong = Vec::new();
        for (name, block) in &self.blocks {
            let name = name.as_str();
            let open = lists.open.contains(&name);
            if declared.contains(name) {
                if open {
                    wrong.push(format!("{name} has landed: take it off the list of open blocks"));
                }
            } else if open {
                eprintln!("{name} declares none of its {} registers yet", block.len());
            } else if !lists.elsewhere.contains(&name) {
                wrong.push(format!("{name} declares no register"));
            }
        }
        wrong
    }
}

/// Differences, without those that are excused.
struct Differences<'a> {
    coarse_access: bool,
    excused: &'a [(&'a str, &'a str)],
    used: BTreeSet<&'a str>,
    wrong: Wrong,
}

impl Differences<'_> {
    fn push(&mut self, register: &str, what: &str) {
        let is_meant = |name: &str| match name.strip_suffix('*') {
            Some(start) => register.strip_prefix(start).is_some_and(|rest| rest.bytes().all(|it| it.is_ascii_digit())),
            None => name == register,
        };
        match self.excused.iter().find(|(name, _)| is_meant(name)) {
            Some((name, _)) => {
                self.used.insert(name);
            }
            None => self.wrong.push(format!("{register} {what}")),
        }
    }

    fn finish(mut self) -> Wrong {
        for (name, _) in self.excused.iter().filter(|(name, _)| !self.used.contains(name)) {
            self.wrong.push(format!("{name} is as the SVD has it: take it off the list of deviations"));
        }
        self.wrong
    }
}

/// Registers that the SVD has and nobody declares.
fn compare_lacking(name: &str, lacking: Vec<(&u32, &SvdRegister)>, lists: &Lists, wrong: &mut Differences) {
    match lists.undeclared.iter().find(|(block, _)| *block == name) {
        Some((_, which)) if !lacking.is_empty() => {
            eprintln!("{name} declares {} registers fewer: {which}", lacking.len());
        }
        Some(_) => {
            wrong.wrong.push(format!("{name} declares everything: take it off the list of undeclared registers"))
        }
        None => {
            for (at, lacks) in lacking {
                wrong.push(&format!("{name}.{}", lacks.name), &format!("at {at:#05x} is declared by nobody"));
            }
        }
    }
}

/// A declared access against that of the SVD. A field that is not modelled is kept as if it were read-write, so only
/// one that software cannot write may not be declared so.
fn same_access(declared: Access, svd: &SvdField, coarse: bool) -> bool {
    match (svd.access.as_str(), svd.write.as_deref()) {
        ("read-only", _) => declared == Access::Ro,
        ("write-only", None) => matches!(declared, Access::Wo | Access::W1c | Access::Todo(_)),
        ("write-only", Some(_)) => matches!(declared, Access::Wo | Access::Todo(_)),
        (_, Some("oneToClear")) => matches!(declared, Access::W1c | Access::Todo(_)),
        _ => coarse || matches!(declared, Access::Rw | Access::Todo(_)),
    }
}

fn bits(high: u32, low: u32) -> u32 {
    (u32::MAX >> (31 - (high - low))) << low
}

/// The names that a field may have in the SVD: a register with one field may repeat its own name, in a group with or
/// without the copy's number, and fields of a group may repeat the prefix of the copy.
fn same_name(ours: &FieldDecl, declared: &RegisterDecl, theirs: &str, svd: &SvdRegister, prefix: &str) -> bool {
    let own = ours.name == declared.name && theirs == svd.name;
    own || theirs == ours.name || theirs.eq_ignore_ascii_case(&format!("{prefix}{}", ours.name))
}

fn compare_fields(place: &str, prefix: &str, declared: &RegisterDecl, svd: &SvdRegister, wrong: &mut Differences) {
    for ours in declared.fields {
        let name = ours.name;
        match svd.fields.iter().find(|field| same_name(ours, declared, &field.name, svd, prefix)) {
            None => wrong.push(place, &format!("has no field {name} in the SVD")),
            Some(theirs) => {
                if ours.bits.mask != bits(theirs.high, theirs.low) {
                    wrong.push(place, &format!("has {name} in bits {}:{} in the SVD", theirs.high, theirs.low));
                }
                if !same_access(ours.access, theirs, wrong.coarse_access) {
                    let what = format!(
                        "declares {name} {:?}; in the SVD it is {}, {}",
                        ours.access,
                        theirs.access,
                        theirs.write.as_deref().unwrap_or("modify")
                    );
                    wrong.push(place, &what);
                }
            }
        }
    }
    for theirs in &svd.fields {
        if !declared.fields.iter().any(|ours| same_name(ours, declared, &theirs.name, svd, prefix)) {
            wrong.push(place, &format!("does not declare {}", theirs.name));
        }
    }
}

fn compare_group(group: &Group, svd: &SvdBlock, seen: &mut BTreeSet<u32>, wrong: &mut Differences) {
    for copy in 0..group.count {
        let prefix = group.prefix.replace("{}", &copy.to_string());
        for declared in group.table {
            let offset = group.base + copy * group.step + declared.offset;
            let name = group.name_of(copy, declared);
            let place = format!("{}.{name}", group.block);
            let Some(theirs) = svd.get(&offset) else {
                wrong.push(&place, &format!("at {offset:#05x} is not in the SVD"));
                continue;
            };
            seen.insert(offset);
            if theirs.name != name {
                wrong.push(&place, &format!("at {offset:#05x} is {} in the SVD", theirs.name));
            }
            if let Some(reset) = theirs.reset.filter(|&reset| reset != declared.reset) {
                wrong.push(&place, &format!("resets to {:#x} here, {reset:#x} in the SVD", declared.reset));
            }
            compare_fields(&place, &prefix, declared, theirs, wrong);
        }
    }
}
