//! Disassembler for reports and traces, in the assembler syntax of the ARMv6-M ARM, chapter A6.
//! It works from the encodings and not from decoded ops, so that a report shows what is in memory.

const REGISTERS: [&str; 16] =
    ["r0", "r1", "r2", "r3", "r4", "r5", "r6", "r7", "r8", "r9", "r10", "r11", "r12", "sp", "lr", "pc"];
const CONDITIONS: [&str; 14] = ["eq", "ne", "cs", "cc", "mi", "pl", "vs", "vc", "hi", "ls", "ge", "lt", "gt", "le"];
const DATA_PROCESSING: [&str; 16] = [
    "ands", "eors", "lsls", "lsrs", "asrs", "adcs", "sbcs", "rors", "tst", "rsbs", "cmp", "cmn", "orrs", "muls",
    "bics", "mvns",
];
const REGISTER_OFFSET: [&str; 8] = ["str", "strh", "strb", "ldrsb", "ldr", "ldrh", "ldrb", "ldrsh"];

/// One instruction in text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Disassembly {
    /// Mnemonic and operands; `.short` or `.word` for what ARMv6-M does not define.
    pub text: String,
    /// 2 or 4.
    pub bytes: u32,
}

/// Disassembles the instruction at `addr`. `second` is the halfword after `first`.
///
/// ```
/// let push = armv6m::disasm::disassemble(0x1000_0100, 0xB510, 0);
/// assert_eq!((push.text.as_str(), push.bytes), ("push {r4, lr}", 2));
/// ```
pub fn disassemble(addr: u32, first: u16, second: u16) -> Disassembly {
    let (first, second) = (u32::from(first), u32::from(second));
    if first >= 0xE800 {
        Disassembly { text: wide(addr, first, second), bytes: 4 }
    } else {
        Disassembly { text: narrow(addr, first), bytes: 2 }
    }
}

fn register(number: u32) -> &'static str {
    REGISTERS[(number & 15) as usize]
}

/// `{r0-r3, lr}`: runs of three and more are contracted.
fn list(bits: u32) -> String {
    let mut parts = Vec::new();
    let mut next = 0;
    while next < 16 {
        let run = (bits >> next).trailing_ones();
        match run {
            0 => next += 1,
            1 | 2 => {
                parts.push(register(next).to_owned());
                next += 1;
            }
            _ => {
                parts.push(format!("{}-{}", register(next), register(next + run - 1)));
                next += run;
            }
        }
    }
    format!("{{{}}}", parts.join(", "))
}

fn sign_extend(value: u32, bits: u32) -> u32 {
    ((value << (32 - bits)) as i32 >> (32 - bits)) as u32
}

fn narrow(addr: u32, hw: u32) -> String {
    let pc = addr.wrapping_add(4);
    let (r0, r3, r6, r8) = (register(hw & 7), register(hw >> 3 & 7), register(hw >> 6 & 7), register(hw >> 8 & 7));
    let imm5 = hw >> 6 & 31;
    let imm8 = hw & 0xFF;
    let distance = if imm5 == 0 { 32 } else { imm5 };
    let literal = (pc & !3).wrapping_add(imm8 << 2);
    match hw >> 11 {
        0 if imm5 == 0 => format!("movs {r0}, {r3}"),
        0 => format!("lsls {r0}, {r3}, #{imm5}"),
        1 => format!("lsrs {r0}, {r3}, #{distance}"),
        2 => format!("asrs {r0}, {r3}, #{distance}"),
        3 => match hw >> 9 & 3 {
            0 => format!("adds {r0}, {r3}, {r6}"),
            1 => format!("subs {r0}, {r3}, {r6}"),
            2 => format!("adds {r0}, {r3}, #{}", hw >> 6 & 7),
            _ => format!("subs {r0}, {r3}, #{}", hw >> 6 & 7),
        },
        4 => format!("movs {r8}, #{imm8}"),
        5 => format!("cmp {r8}, #{imm8}"),
        6 => format!("adds {r8}, #{imm8}"),
        7 => format!("subs {r8}, #{imm8}"),
        8 if hw & 0x400 == 0 => match (DATA_PROCESSING[(hw >> 6 & 15) as usize], r0, r3) {
            ("rsbs", rd, rn) => format!("rsbs {rd}, {rn}, #0"),
            ("muls", rd, rn) => format!("muls {rd}, {rn}, {rd}"),
            (name, rd, rm) => format!("{name} {rd}, {rm}"),
        },
        8 => special_data(hw),
        9 => format!("ldr {r8}, [pc, #{}] ; {literal:#x}", imm8 << 2),
        10 | 11 => format!("{} {r0}, [{r3}, {r6}]", REGISTER_OFFSET[(hw >> 9 & 7) as usize]),
        12 => format!("str {r0}, [{r3}, #{}]", imm5 << 2),
        13 => format!("ldr {r0}, [{r3}, #{}]", imm5 << 2),
        14 => format!("strb {r0}, [{r3}, #{imm5}]"),
        15 => format!("ldrb {r0}, [{r3}, #{imm5}]"),
        16 => format!("strh {r0}, [{r3}, #{}]", imm5 << 1),
        17 => format!("ldrh {r0}, [{r3}, #{}]", imm5 << 1),
        18 => format!("str {r8}, [sp, #{}]", imm8 << 2),
        19 => format!("ldr {r8}, [sp, #{}]", imm8 << 2),
        20 => format!("adr {r8}, {literal:#x}"),
        21 => format!("add {r8}, sp, #{}", imm8 << 2),
        22 | 23 => miscellaneous(hw),
        24 => format!("stmia {r8}!, {}", list(imm8)),
        // A base that is loaded is not written back.
        25 if imm8 >> (hw >> 8 & 7) & 1 != 0 => format!("ldmia {r8}, {}", list(imm8)),
        25 => format!("ldmia {r8}!, {}", list(imm8)),
        26 | 27 => match hw >> 8 & 15 {
            14 => format!("udf #{imm8}"),
            15 => format!("svc #{imm8}"),
            condition => {
                let target = pc.wrapping_add(sign_extend(imm8 << 1, 9));
                format!("b{} {target:#x}", CONDITIONS[condition as usize])
            }
        },
        _ => format!("b {:#x}", pc.wrapping_add(sign_extend((hw & 0x7FF) << 1, 12))),
    }
}

fn special_data(hw: u32) -> String {
    let rd = register((hw & 7) | (hw >> 4 & 8));
    let rm = register(hw >> 3 & 15);
    match (hw >> 8 & 3, hw >> 7 & 1) {
        (0, _) => format!("add {rd}, {rm}"),
        (1, _) => format!("cmp {rd}, {rm}"),
        (2, _) => format!("mov {rd}, {rm}"),
        _ if hw & 7 != 0 => format!(".short {hw:#06x}"),
        (_, 0) => format!("bx {rm}"),
        (_, _) => format!("blx {rm}"),
    }
}

fn miscellaneous(hw: u32) -> String {
    let (rd, rm) = (register(hw & 7), register(hw >> 3 & 7));
    let imm8 = hw & 0xFF;
    let offset = (hw & 0x7F) << 2;
    let name = match hw {
        0xB000..=0xB07F => return format!("add sp, #{offset}"),
        0xB080..=0xB0FF => return format!("sub sp, #{offset}"),
        0xB400..=0xB5FF => return format!("push {}", list(imm8 | (hw & 0x100) << 6)),
        0xBC00..=0xBDFF => return format!("pop {}", list(imm8 | (hw & 0x100) << 7)),
        0xB662 => return "cpsie i".to_owned(),
        0xB672 => return "cpsid i".to_owned(),
        0xBE00..=0xBEFF => return format!("bkpt #{imm8}"),
        0xBF00 => return "nop".to_owned(),
        0xBF10 => return "yield".to_owned(),
        0xBF20 => return "wfe".to_owned(),
        0xBF30 => return "wfi".to_owned(),
        0xBF40 => return "sev".to_owned(),
        0xB200..=0xB23F => "sxth",
        0xB240..=0xB27F => "sxtb",
        0xB280..=0xB2BF => "uxth",
        0xB2C0..=0xB2FF => "uxtb",
        0xBA00..=0xBA3F => "rev",
        0xBA40..=0xBA7F => "rev16",
        0xBAC0..=0xBAFF => "revsh",
        _ => return format!(".short {hw:#06x}"),
    };
    format!("{name} {rd}, {rm}")
}

fn wide(addr: u32, first: u32, second: u32) -> String {
    let undefined = || format!(".word {:#010x}", first << 16 | second);
    match (first, second) {
        (0xF000..=0xF7FF, _) if second & 0xD000 == 0xD000 => {
            let sign = first >> 10 & 1;
            let i1 = !((second >> 13) ^ sign) & 1;
            let i2 = !((second >> 11) ^ sign) & 1;
            let offset = sign << 24 | i1 << 23 | i2 << 22 | (first & 0x3FF) << 12 | (second & 0x7FF) << 1;
            format!("bl {:#x}", addr.wrapping_add(4).wrapping_add(sign_extend(offset, 25)))
        }
        (0xF380..=0xF38F, _) if second & 0xFF00 == 0x8800 => match special_register(second & 0xFF) {
            Some(name) => format!("msr {name}, {}", register(first)),
            None => undefined(),
        },
        (0xF3EF, _) if second & 0xF000 == 0x8000 => match special_register(second & 0xFF) {
            Some(name) => format!("mrs {}, {name}", register(second >> 8)),
            None => undefined(),
        },
        (0xF3BF, 0x8F40..=0x8F4F) => "dsb".to_owned(),
        (0xF3BF, 0x8F50..=0x8F5F) => "dmb".to_owned(),
        (0xF3BF, 0x8F60..=0x8F6F) => "isb".to_owned(),
        (0xF7F0..=0xF7FF, 0xA000..=0xAFFF) => {
            format!("udf.w #{}", (first & 15) << 12 | second & 0xFFF)
        }
        _ => undefined(),
    }
}

/// The SYSm field of MRS and MSR (B4.2.1).
fn special_register(sysm: u32) -> Option<&'static str> {
    Some(match sysm {
        0 => "APSR",
        1 => "IAPSR",
        2 => "EAPSR",
        3 => "XPSR",
        5 => "IPSR",
        6 => "EPSR",
        7 => "IEPSR",
        8 => "MSP",
        9 => "PSP",
        16 => "PRIMASK",
        20 => "CONTROL",
        _ => return None,
    })
}
