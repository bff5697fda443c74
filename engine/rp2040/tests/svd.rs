//! The declared registers against the vendor's SVD file, which lies beside the checkout and is no part of the product.

use engine_core::registers::{Access, FieldDecl, Group, RegisterDecl};
use rp2040::declared::all_groups;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

/// Blocks that declare no registers yet. This list may only shrink.
const OPEN: &[&str] = &[];

/// What the SVD describes and no block of ours declares: the Private Peripheral Bus is inside the processor crate, and
/// SPARE_IRQ has no registers.
const ELSEWHERE: &[&str] = &["PPB", "SPARE_IRQ"];

#[derive(Clone, Debug)]
struct SvdField {
    name: String,
    high: u32,
    low: u32,
    access: String,
    write: String,
}

#[derive(Clone, Debug)]
struct SvdRegister {
    name: String,
    /// `None`: the SVD does not say.
    reset: Option<u32>,
    fields: Vec<SvdField>,
}

type SvdBlock = BTreeMap<u32, SvdRegister>;

fn number(text: &str) -> u32 {
    match text.strip_prefix("0x") {
        Some(hex) => u32::from_str_radix(hex, 16).expect("a hexadecimal number"),
        None => text.parse().expect("a number"),
    }
}

fn text<'a>(node: roxmltree::Node<'a, '_>, tag: &str) -> Option<&'a str> {
    node.children().find(|child| child.has_tag_name(tag)).and_then(|child| child.text())
}

fn field(node: roxmltree::Node) -> SvdField {
    let range = text(node, "bitRange").expect("a bit range").trim_matches(['[', ']']);
    let (high, low) = range.split_once(':').expect("two bits");
    SvdField {
        name: text(node, "name").expect("a name").to_owned(),
        high: number(high),
        low: number(low),
        access: text(node, "access").unwrap_or("read-write").to_owned(),
        write: text(node, "modifiedWriteValues").unwrap_or("modify").to_owned(),
    }
}

fn register(node: roxmltree::Node) -> (u32, SvdRegister) {
    let register = SvdRegister {
        name: text(node, "name").expect("a name").to_owned(),
        reset: text(node, "resetValue").map(number),
        fields: node.descendants().filter(|node| node.has_tag_name("field")).map(field).collect(),
    };
    (number(text(node, "addressOffset").expect("an offset")), register)
}

/// `None`, loudly, where the file is not there.
fn svd() -> Option<BTreeMap<String, SvdBlock>> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/svd/rp2040.svd");
    let Ok(text_of_file) = std::fs::read_to_string(&path) else {
        eprintln!(
            "SKIPPED: the registers are not checked, because there is no shared/svd/rp2040.svd beside the checkout"
        );
        return None;
    };
    let document = roxmltree::Document::parse(&text_of_file).expect("well-formed XML");
    let mut blocks: BTreeMap<String, SvdBlock> = BTreeMap::new();
    for node in document.descendants().filter(|node| node.has_tag_name("peripheral")) {
        let name = text(node, "name").expect("a name").to_owned();
        let block = match node.attribute("derivedFrom") {
            Some(base) => blocks[base].clone(),
            None => node.descendants().filter(|node| node.has_tag_name("register")).map(register).collect(),
        };
        blocks.insert(name, block);
    }
    Some(blocks)
}

/// A declared access against that of the SVD. A field that is not modelled is kept as if it were read-write, so only
/// one that software cannot write may not be declared so.
fn same_access(declared: Access, svd: &SvdField) -> bool {
    match (svd.access.as_str(), svd.write.as_str()) {
        ("read-only", _) => declared == Access::Ro,
        ("write-only", _) => matches!(declared, Access::Wo | Access::Todo(_)),
        (_, "oneToClear") => matches!(declared, Access::W1c | Access::Todo(_)),
        _ => matches!(declared, Access::Rw | Access::Todo(_)),
    }
}

fn bits(high: u32, low: u32) -> u32 {
    (u32::MAX >> (31 - (high - low))) << low
}

fn compare_fields(place: &str, declared: &RegisterDecl, svd: &SvdRegister, wrong: &mut Vec<String>) {
    // A register with one field repeats its own name as the field's; in a group that name has no number.
    let plain = |field: &FieldDecl| if field.name == declared.name { svd.name.clone() } else { field.name.to_owned() };
    for ours in declared.fields {
        let name = plain(ours);
        match svd.fields.iter().find(|field| field.name == name) {
            None => wrong.push(format!("{place}.{name} is not in the SVD")),
            Some(theirs) => {
                if ours.bits.mask != bits(theirs.high, theirs.low) {
                    wrong.push(format!("{place}.{name} is bits {}:{} in the SVD", theirs.high, theirs.low));
                }
                if !same_access(ours.access, theirs) {
                    let (access, write) = (&theirs.access, &theirs.write);
                    wrong.push(format!("{place}.{name} is {:?} here, {access}, {write} in the SVD", ours.access));
                }
            }
        }
    }
    for theirs in &svd.fields {
        if !declared.fields.iter().any(|field| plain(field) == theirs.name) {
            wrong.push(format!("{place}.{} is not declared", theirs.name));
        }
    }
}

fn compare_group(group: &Group, svd: &SvdBlock, seen: &mut BTreeSet<u32>, wrong: &mut Vec<String>) {
    for copy in 0..group.count {
        for declared in group.table {
            let offset = group.base + copy * group.step + declared.offset;
            let name = group.name_of(copy, declared);
            let place = format!("{}.{name}", group.block);
            let Some(theirs) = svd.get(&offset) else {
                wrong.push(format!("{place} at {offset:#05x} is not in the SVD"));
                continue;
            };
            seen.insert(offset);
            if theirs.name != name {
                wrong.push(format!("{place} at {offset:#05x} is {} in the SVD", theirs.name));
            }
            if let Some(reset) = theirs.reset.filter(|&reset| reset != declared.reset) {
                wrong.push(format!("{place} resets to {:#x} here, {reset:#x} in the SVD", declared.reset));
            }
            compare_fields(&place, declared, theirs, wrong);
        }
    }
}

#[test]
fn every_declared_register_is_as_the_svd_has_it() {
    let Some(blocks) = svd() else { return };
    let mut seen: BTreeMap<&str, BTreeSet<u32>> = BTreeMap::new();
    let mut wrong = Vec::new();
    for group in all_groups() {
        match blocks.get(group.block) {
            Some(block) => compare_group(&group, block, seen.entry(group.block).or_default(), &mut wrong),
            None => wrong.push(format!("{} is no block of the SVD", group.block)),
        }
    }
    for (name, seen) in &seen {
        let lacking: Vec<_> = blocks[*name].iter().filter(|(offset, _)| !seen.contains(offset)).collect();
        wrong.extend(
            lacking.iter().map(|(at, lacks)| format!("{name}.{} at {at:#05x} is declared by nobody", lacks.name)),
        );
    }
    assert!(wrong.is_empty(), "{} differences:\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn every_block_declares_its_registers() {
    let Some(blocks) = svd() else { return };
    let declared: BTreeSet<&str> = all_groups().iter().map(|group| group.block).collect();
    let missing: Vec<&str> = blocks
        .keys()
        .map(String::as_str)
        .filter(|name| !declared.contains(name) && !ELSEWHERE.contains(name))
        .collect();
    for name in &missing {
        eprintln!("{name} declares none of its {} registers yet", blocks[*name].len());
    }
    let unlisted: Vec<_> = missing.iter().filter(|name| !OPEN.contains(name)).collect();
    assert!(unlisted.is_empty(), "these blocks declare no register: {unlisted:?}");
    let landed: Vec<_> = OPEN.iter().filter(|name| declared.contains(*name)).collect();
    assert!(landed.is_empty(), "these blocks have landed, take them off the list OPEN: {landed:?}");
}
