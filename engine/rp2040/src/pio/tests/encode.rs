//! A tiny encoder of PIO instructions, section 3.4.1 table 371.

pub const PINS: u16 = 0;
pub const X: u16 = 1;
pub const Y: u16 = 2;
pub const NULL: u16 = 3;
pub const PINDIRS: u16 = 4;
pub const STATUS: u16 = 5;
pub const PC: u16 = 5;
pub const ISR: u16 = 6;
pub const OSR: u16 = 7;
/// EXEC is 7 for OUT and 4 for MOV.
pub const OUT_EXEC: u16 = 7;
pub const MOV_EXEC: u16 = 4;

pub const ALWAYS: u16 = 0;
pub const NOT_X: u16 = 1;
pub const X_DEC: u16 = 2;
pub const NOT_Y: u16 = 3;
pub const Y_DEC: u16 = 4;
pub const X_NOT_Y: u16 = 5;
pub const PIN: u16 = 6;
pub const NOT_OSRE: u16 = 7;

pub fn jmp(condition: u16, target: u16) -> u16 {
    condition << 5 | target
}
pub fn wait_gpio(level: u16, gpio: u16) -> u16 {
    1 << 13 | level << 7 | gpio
}
pub fn wait_pin(level: u16, pin: u16) -> u16 {
    1 << 13 | level << 7 | 1 << 5 | pin
}
pub fn wait_irq(level: u16, index: u16) -> u16 {
    1 << 13 | level << 7 | 2 << 5 | index
}
pub fn shift_in(source: u16, bits: u16) -> u16 {
    2 << 13 | source << 5 | bits & 31
}
pub fn out(destination: u16, bits: u16) -> u16 {
    3 << 13 | destination << 5 | bits & 31
}
pub fn push(if_full: u16, block: u16) -> u16 {
    4 << 13 | if_full << 6 | block << 5
}
pub fn pull(if_empty: u16, block: u16) -> u16 {
    4 << 13 | 1 << 7 | if_empty << 6 | block << 5
}
pub fn mov(destination: u16, source: u16) -> u16 {
    5 << 13 | destination << 5 | source
}
pub fn mov_not(destination: u16, source: u16) -> u16 {
    mov(destination, source) | 1 << 3
}
pub fn mov_reverse(destination: u16, source: u16) -> u16 {
    mov(destination, source) | 2 << 3
}
pub fn nop() -> u16 {
    mov(Y, Y)
}
pub fn irq_set(index: u16) -> u16 {
    6 << 13 | index
}
pub fn irq_wait(index: u16) -> u16 {
    6 << 13 | 1 << 5 | index
}
pub fn irq_clear(index: u16) -> u16 {
    6 << 13 | 1 << 6 | index
}
pub fn set(destination: u16, data: u16) -> u16 {
    7 << 13 | destination << 5 | data
}

/// The five bits of delay and side-set.
pub trait Field {
    /// `[cycles]`
    fn delay(self, cycles: u16) -> u16;
    /// `side value` with this many bits of side-set.
    fn side(self, bits: u16, value: u16) -> u16;
    /// `side value` where side-set is optional; `bits` counts the enable bit.
    fn side_opt(self, bits: u16, value: u16) -> u16;
}

impl Field for u16 {
    fn delay(self, cycles: u16) -> u16 {
        self | cycles << 8
    }
    fn side(self, bits: u16, value: u16) -> u16 {
        self | value << (13 - bits)
    }
    fn side_opt(self, bits: u16, value: u16) -> u16 {
        self.side(bits, 1 << (bits - 1) | value)
    }
}
