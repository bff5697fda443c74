//! What of an SVD file concerns registers: CMSIS-SVD 1.3, with clusters and arrays.

use roxmltree::Node;
use std::collections::BTreeMap;
use std::path::Path;

/// A field.
#[derive(Clone, Debug)]
pub struct SvdField {
    /// Its name.
    pub name: String,
    /// Its highest bit.
    pub high: u32,
    /// Its lowest bit.
    pub low: u32,
    /// `read-write`, `read-only`, `write-only`, …
    pub access: String,
    /// modifiedWriteValues, where the file says.
    pub write: Option<String>,
}

/// A register.
#[derive(Clone, Debug)]
pub struct SvdRegister {
    /// Its name, with the number of an array's element.
    pub name: String,
    /// Its reset value. `None`: the file does not say.
    pub reset: Option<u32>,
    /// Its fields.
    pub fields: Vec<SvdField>,
}

/// Registers by offset.
pub type SvdBlock = BTreeMap<u32, SvdRegister>;

/// A file.
#[derive(Clone, Debug)]
pub struct Svd {
    /// Blocks by name.
    pub blocks: BTreeMap<String, SvdBlock>,
}

fn number(text: &str) -> u32 {
    match text.strip_prefix("0x") {
        Some(hex) => u32::from_str_radix(hex, 16).expect("a hexadecimal number"),
        None => text.parse().expect("a number"),
    }
}

fn text<'a>(node: Node<'a, '_>, tag: &str) -> Option<&'a str> {
    node.children().find(|child| child.has_tag_name(tag)).and_then(|child| child.text())
}

fn name(node: Node) -> String {
    text(node, "name").expect("a name").to_owned()
}

fn field(node: Node, register: Option<&str>) -> SvdField {
    let (high, low) = match text(node, "bitRange") {
        Some(range) => {
            let (high, low) = range.trim_matches(['[', ']']).split_once(':').expect("two bits");
            (number(high), number(low))
        }
        None => {
            let low = number(text(node, "bitOffset").expect("a bit range or an offset"));
            (low + number(text(node, "bitWidth").expect("a width")) - 1, low)
        }
    };
    SvdField {
        name: name(node),
        high,
        low,
        access: text(node, "access").or(register).unwrap_or("read-write").to_owned(),
        write: text(node, "modifiedWriteValues").map(str::to_owned),
    }
}

/// A field, or all of an array of fields: there the distance is in bits.
fn fields_of(node: Node, register: Option<&str>) -> Vec<SvdField> {
    let one = field(node, register);
    let elements = elements(node).into_iter();
    elements
        .map(|(index, distance)| SvdField {
            name: one.name.replace("%s", &index),
            high: one.high + distance,
            low: one.low + distance,
            ..one.clone()
        })
        .collect()
}

/// The elements of an array: what stands for `%s`, and their distances. A single one has no `%s`.
fn elements(node: Node) -> Vec<(String, u32)> {
    let Some(count) = text(node, "dim").map(number) else { return vec![(String::new(), 0)] };
    let step = number(text(node, "dimIncrement").expect("a distance"));
    let names: Vec<String> = match text(node, "dimIndex") {
        Some(list) if list.contains(',') => list.split(',').map(|name| name.trim().to_owned()).collect(),
        Some(range) if range.contains('-') => {
            let first = range.split('-').next().map_or(0, |first| number(first.trim()));
            (first..first + count).map(|n| n.to_string()).collect()
        }
        _ => (0..count).map(|n| n.to_string()).collect(),
    };
    names.into_iter().zip(0..count).map(|(name, n)| (name, n * step)).collect()
}

fn add(nodes: Node, prefix: &str, base: u32, block: &mut SvdBlock) {
    for node in nodes.children().filter(|node| node.has_tag_name("register") || node.has_tag_name("cluster")) {
        let offset = base + number(text(node, "addressOffset").expect("an offset"));
        for (index, distance) in elements(node) {
            let name = format!("{prefix}{}", name(node).replace("[%s]", &index).replace("%s", &index));
            if node.has_tag_name("cluster") {
                add(node, &format!("{name}_"), offset + distance, block);
                continue;
            }
            let access = text(node, "access");
            let fields = node.descendants().filter(|node| node.has_tag_name("field"));
            let register = SvdRegister {
                name,
                reset: text(node, "resetValue").map(number),
                fields: fields.flat_map(|node| fields_of(node, access)).collect(),
            };
            block.insert(offset + distance, register);
        }
    }
}

impl Svd {
    /// The file of this name in `shared/svd` beside the checkout that holds the crate. `None`, loudly, where it is not there.
    pub fn beside_checkout(crate_dir: &str, file: &str) -> Option<Self> {
        let path = Path::new(crate_dir).join("../../../shared/svd").join(file);
        let Ok(content) = std::fs::read_to_string(path) else {
            eprintln!(
                "SKIPPED: the registers are not checked, because there is no shared/svd/{file} beside the checkout"
            );
            return None;
        };
        Some(Self::parse(&content))
    }

    /// What the file says.
    pub fn parse(content: &str) -> Self {
        let document = roxmltree::Document::parse(content).expect("well-formed XML");
        let mut blocks: BTreeMap<String, SvdBlock> = BTreeMap::new();
        for node in document.descendants().filter(|node| node.has_tag_name("peripheral")) {
            let mut block = node.attribute("derivedFrom").map_or_else(SvdBlock::new, |base| blocks[base].clone());
            for registers in node.children().filter(|node| node.has_tag_name("registers")) {
                add(registers, "", 0, &mut block);
            }
            blocks.insert(name(node), block);
        }
        Self { blocks }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// CMSIS-SVD 1.3: dim, clusters, derivedFrom, and a field's access that falls back to its register's.
    #[test]
    fn arrays_clusters_and_copies_are_laid_out() {
        let svd = Svd::parse(
            "<device><peripherals>
               <peripheral><name>A</name><registers>
                 <register><dim>2</dim><dimIncrement>0x24</dimIncrement><name>T%sLO</name><addressOffset>4</addressOffset>
                   <access>read-only</access><resetValue>0x5</resetValue>
                   <fields><field><name>LO</name><bitRange>[7:0]</bitRange></field></fields></register>
                 <cluster><name>CH</name><addressOffset>0x100</addressOffset>
                   <register><name>X</name><addressOffset>8</addressOffset>
                     <fields><field><name>F</name><bitOffset>3</bitOffset><bitWidth>2</bitWidth></field></fields></register>
                 </cluster></registers></peripheral>
               <peripheral derivedFrom='A'><name>B</name></peripheral>
             </peripherals></device>",
        );
        let block = &svd.blocks["B"];
        assert_eq!(block.keys().copied().collect::<Vec<_>>(), [4, 0x28, 0x108]);
        assert_eq!((block[&0x28].name.as_str(), block[&0x28].reset), ("T1LO", Some(5)));
        assert_eq!(block[&4].fields[0].access, "read-only");
        let field = &block[&0x108].fields[0];
        assert_eq!((field.high, field.low, field.access.as_str()), (4, 3, "read-write"));
        assert_eq!(block[&0x108].name, "CH_X");
    }
}
