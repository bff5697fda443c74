//! Decoding, section 3.4: an instruction word becomes an [`Op`] when it is stored or when the machine's
//! configuration changes, so that nothing is picked apart while it runs.

use super::config::Config;

/// What an instruction does. Every destination of OUT and every condition of JMP has its own kind.
#[allow(missing_docs)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Jmp,
    JmpXZero,
    JmpXDec,
    JmpYZero,
    JmpYDec,
    JmpXNotY,
    JmpPin,
    JmpNotOsrEmpty,
    /// WAIT GPIO and WAIT PIN: `arg` is the GPIO, `flag` the polarity.
    WaitPin,
    /// WAIT IRQ: `arg` is the flag, with the machine's number worked in.
    WaitIrq,
    /// IN: `arg` is the source, `count` the bits.
    In,
    OutPins,
    OutX,
    OutY,
    OutNull,
    OutPindirs,
    OutPc,
    OutIsr,
    OutExec,
    /// PUSH: `flag` is Block, `arg` is IfFull.
    Push,
    /// PULL: `flag` is Block, `arg` is IfEmpty.
    Pull,
    /// MOV X, X and MOV Y, Y, which the assembler calls NOP.
    Nop,
    /// MOV: `arg` is the source, `count` the operation.
    MovPins,
    MovX,
    MovY,
    MovExec,
    MovPc,
    MovIsr,
    MovOsr,
    /// IRQ: `arg` is the flag, with the machine's number worked in.
    IrqSet,
    IrqWait,
    IrqClear,
    SetPins,
    SetX,
    SetY,
    SetPindirs,
    /// A reserved encoding. What the silicon does is not documented.
    Reserved,
}

/// A decoded instruction of one state machine.
#[derive(Clone, Copy, Debug)]
pub struct Op {
    /// What it does.
    pub kind: Kind,
    /// Target, pin, flag, source or data.
    pub arg: u8,
    /// Bit count, or operation.
    pub count: u8,
    /// Polarity, or Block.
    pub flag: bool,
    /// Idle cycles after it.
    pub delay: u8,
    /// The address that follows: one more, or WRAP_BOTTOM after WRAP_TOP (3.5.2).
    pub next: u8,
    /// The pins that side-set writes.
    pub side_mask: u32,
    /// What it writes to them.
    pub side_value: u32,
}

/// The flag that an index field names (3.4.9.2): with the top bit set, the machine's number is added to the two low bits.
fn irq_flag(index: u8, machine: u8) -> u8 {
    if index & 0x10 != 0 {
        (index & 4) | ((index + machine) & 3)
    } else {
        index & 7
    }
}

/// A bit count, where 0 stands for 32.
pub fn bits_or_32(field: u8) -> u8 {
    if field == 0 {
        32
    } else {
        field
    }
}

impl Op {
    /// What stands in a table that has not been decoded yet.
    pub const BLANK: Self =
        Self { kind: Kind::Reserved, arg: 0, count: 0, flag: false, delay: 0, next: 0, side_mask: 0, side_value: 0 };

    /// The instruction `word` at `address`, as machine `machine` with this configuration carries it out.
    pub fn decode(word: u16, address: u8, machine: u8, config: &Config) -> Self {
        let (high, low) = ((word >> 5 & 7) as u8, (word & 31) as u8);
        let mut op = Self {
            kind: Kind::Reserved,
            arg: low,
            count: 0,
            flag: word >> 7 & 1 != 0,
            delay: 0,
            next: if address == config.wrap_top { config.wrap_bottom } else { (address + 1) & 31 },
            side_mask: 0,
            side_value: 0,
        };
        op.decode_side_set((word >> 8 & 31) as u8, config);
        match word >> 13 {
            0 => {
                op.kind = [
                    Kind::Jmp,
                    Kind::JmpXZero,
                    Kind::JmpXDec,
                    Kind::JmpYZero,
                    Kind::JmpYDec,
                    Kind::JmpXNotY,
                    Kind::JmpPin,
                    Kind::JmpNotOsrEmpty,
                ][usize::from(high)];
            }
            1 => match high & 3 {
                0 => op.kind = Kind::WaitPin,
                1 => (op.kind, op.arg) = (Kind::WaitPin, (low + config.in_base) & 31),
                2 => (op.kind, op.arg) = (Kind::WaitIrq, irq_flag(low, machine)),
                _ => {}
            },
            2 => {
                (op.arg, op.count) = (high, bits_or_32(low));
                if !matches!(high, 4 | 5) {
                    op.kind = Kind::In;
                }
            }
            3 => {
                op.count = bits_or_32(low);
                op.kind = [
                    Kind::OutPins,
                    Kind::OutX,
                    Kind::OutY,
                    Kind::OutNull,
                    Kind::OutPindirs,
                    Kind::OutPc,
                    Kind::OutIsr,
                    Kind::OutExec,
                ][usize::from(high)];
            }
            4 => {
                op.kind = if op.flag { Kind::Pull } else { Kind::Push };
                op.arg = high >> 1 & 1;
                op.flag = high & 1 != 0;
            }
            5 => {
                (op.arg, op.count) = (low & 7, low >> 3);
                op.kind = match (high, op.arg, op.count) {
                    (_, 4, _) | (3, _, _) | (_, _, 3) => Kind::Reserved,
                    (1, 1, 0) | (2, 2, 0) => Kind::Nop,
                    (0, _, _) => Kind::MovPins,
                    (1, _, _) => Kind::MovX,
                    (2, _, _) => Kind::MovY,
                    (4, _, _) => Kind::MovExec,
                    (5, _, _) => Kind::MovPc,
                    (6, _, _) => Kind::MovIsr,
                    _ => Kind::MovOsr,
                };
            }
            6 if high & 4 == 0 => {
                op.arg = irq_flag(low, machine);
                op.kind = match high {
                    0 => Kind::IrqSet,
                    1 => Kind::IrqWait,
                    _ => Kind::IrqClear,
                };
            }
            7 => {
                op.kind = match high {
                    0 => Kind::SetPins,
                    1 => Kind::SetX,
                    2 => Kind::SetY,
                    4 => Kind::SetPindirs,
                    _ => Kind::Reserved,
                };
            }
            _ => {}
        }
        op
    }

    /// The pins that it looks at.
    pub fn inputs(&self, config: &Config) -> u32 {
        match self.kind {
            Kind::WaitPin => 1 << self.arg,
            Kind::JmpPin => 1 << config.jmp_pin,
            // Source 0 of IN and MOV is PINS.
            Kind::In if self.arg == 0 => (u32::MAX >> (32 - self.count)).rotate_left(config.in_base.into()),
            Kind::MovPins | Kind::MovX | Kind::MovY | Kind::MovPc | Kind::MovIsr | Kind::MovOsr if self.arg == 0 => {
                u32::MAX
            }
            Kind::MovExec | Kind::OutExec => u32::MAX,
            _ => 0,
        }
    }

    /// The field of delay and side-set, 3.4.1 and 3.5.1: side-set has the most significant bits, the first of
    /// which says whether there is a side-set at all where SIDE_EN is set.
    fn decode_side_set(&mut self, field: u8, config: &Config) {
        let delay_bits = 5 - config.side_count;
        self.delay = field & ((1 << delay_bits) - 1);
        let side = field >> delay_bits;
        let pins = config.side_count - u8::from(config.side_optional && config.side_count > 0);
        if pins > 0 && (!config.side_optional || side >> pins & 1 != 0) {
            let mask = (1u32 << pins) - 1;
            self.side_mask = mask.rotate_left(config.side_base);
            self.side_value = (u32::from(side) & mask).rotate_left(config.side_base);
        }
    }
}
