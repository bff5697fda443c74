//! Special and user registers. Numbers and which of them there are: specreg.h, tie.h; what may be
//! read and written: ISA RM table 5-127 ff.

use crate::core::{Core, PS_FIELDS};
use crate::exception::Cause;
use crate::memory::{miss, Miss};
use crate::{Bus, UR_GPIO_OUT};

pub(crate) const LEND: u8 = 1;

const CONFIGID0: u32 = 0xC2F0_FFFE;
const CONFIGID1: u32 = 0x2309_0F1F;

/// MEMCTL.L0IBUF_EN (core.h): the loop buffer is on.
const MEMCTL_L0IBUF_EN: u32 = 1;

const UR_THREADPTR: u8 = 231;
const UR_FCR: u8 = 232;
const UR_FSR: u8 = 233;

impl Core {
    /// RSR, and the reading half of XSR (`exchanges`). `None`: illegal.
    pub(crate) fn read_special(&mut self, number: u8, exchanges: bool) -> Option<u32> {
        let writable = !matches!(number, 176 | 208 | 226 | 227 | 233 | 235);
        if exchanges && !writable {
            return None;
        }
        Some(match number {
            0 => self.lbeg,
            LEND => self.lend,
            2 => self.lcount,
            3 => self.sar,
            4 => self.br,
            12 => self.scompare1,
            16 => self.acc as u32,
            17 => ((self.acc >> 32) as u8 as i8) as u32,
            32..=35 => self.m[usize::from(number - 32)],
            72 => self.windowbase,
            73 => self.windowstart,
            96 => self.debug.ibreakenable,
            97 => self.memctl,
            99 => self.atomctl,
            104 => {
                self.count("DDR");
                self.ddr
            }
            128 | 129 => self.debug.ibreaka[usize::from(number - 128)],
            144 | 145 => self.debug.dbreaka[usize::from(number - 144)],
            160 | 161 => self.debug.dbreakc[usize::from(number - 160)],
            176 => CONFIGID0,
            177..=183 => self.epc[usize::from(number - 176)],
            192 => self.depc,
            194..=199 => self.eps[usize::from(number - 192)],
            208 => CONFIGID1,
            209..=215 => self.excsave[usize::from(number - 208)],
            224 => self.cpenable,
            226 => self.read_interrupt(),
            228 => self.intenable(),
            230 => self.ps,
            231 => self.vecbase,
            232 => self.exccause,
            233 => self.debug.cause,
            234 => self.ccount(),
            235 => self.prid(),
            236 => self.debug.icount,
            237 => self.debug.icountlevel,
            238 => self.excvaddr,
            240..=242 => self.ccompare(usize::from(number - 240)),
            244..=247 => self.misc[usize::from(number - 244)],
            _ => return None,
        })
    }

    /// WSR, and the writing half of XSR. False: illegal.
    pub(crate) fn write_special(&mut self, number: u8, value: u32) -> bool {
        match number {
            0 => self.lbeg = value,
            LEND => self.lend = value,
            2 => self.lcount = value,
            3 => self.sar = value & 63,
            4 => self.br = value & 0xFFFF,
            12 => self.scompare1 = value,
            16 => self.acc = self.acc & !0xFFFF_FFFF | u64::from(value),
            17 => self.acc = self.acc & 0xFFFF_FFFF | u64::from(value & 0xFF) << 32,
            32..=35 => self.m[usize::from(number - 32)] = value,
            72 => self.rotate_to(value),
            73 => self.windowstart = value & 0xFFFF,
            96 => {
                self.debug.ibreakenable = value & 3;
                self.look_again = true;
            }
            97 => {
                if value & !MEMCTL_L0IBUF_EN != 0 {
                    self.count("MEMCTL");
                }
                self.memctl = value;
            }
            99 => self.atomctl = value & 0x3F,
            104 => {
                self.count("DDR");
                self.ddr = value;
            }
            128 | 129 => self.debug.ibreaka[usize::from(number - 128)] = value,
            144 | 145 => {
                self.debug.dbreaka[usize::from(number - 144)] = value;
                self.look_again = true;
            }
            160 | 161 => {
                self.debug.dbreakc[usize::from(number - 160)] = value;
                self.look_again = true;
            }
            177..=183 => self.epc[usize::from(number - 176)] = value,
            192 => self.depc = value,
            194..=199 => self.eps[usize::from(number - 192)] = value & PS_FIELDS,
            209..=215 => self.excsave[usize::from(number - 208)] = value,
            224 => self.cpenable = value & 0xFF,
            226 => self.intset(value),
            227 => self.intclear(value),
            228 => self.set_intenable(value),
            230 => self.ps = value & PS_FIELDS,
            231 => self.vecbase = value & 0xFFFF_FC00,
            232 => self.exccause = value & 63,
            234 => self.set_ccount(value),
            236 => self.debug.icount = value,
            237 => {
                self.debug.icountlevel = value & 15;
                self.look_again = true;
            }
            238 => self.excvaddr = value,
            240..=242 => self.set_ccompare(usize::from(number - 240), value),
            244..=247 => self.misc[usize::from(number - 244)] = value,
            _ => return false,
        }
        true
    }

    /// A special register as RSR reads it, for debuggers and tests. `None`: there is none.
    pub fn special(&mut self, number: u8) -> Option<u32> {
        self.read_special(number, false)
    }

    /// Writes a special register as WSR does. Returns whether there is one.
    pub fn set_special(&mut self, number: u8, value: u32) -> bool {
        self.write_special(number, value)
    }

    /// A user register inside the core, whether or not its coprocessor is enabled. `None`: there is none.
    pub fn user(&self, number: u8) -> Option<u32> {
        self.user_value(number)
    }

    /// Writes such a register. Returns whether there is one.
    pub fn set_user(&mut self, number: u8, value: u32) -> bool {
        self.user_value(number).is_some() && self.set_user_value(number, value)
    }

    /// Whether there is a user register of this number, and its coprocessor is enabled. tie.h: 0 to 18
    /// but for 12 belong to coprocessor 3, 232 and 233 to the FPU.
    fn user_register(&self, number: u8) -> Result<(), Miss> {
        let disabled = match number {
            0..=11 | 13..=18 if self.cpenable & 8 == 0 => Cause::Coprocessor3Disabled,
            UR_FCR | UR_FSR if self.cpenable & 1 == 0 => Cause::Coprocessor0Disabled,
            0..=18 | UR_THREADPTR..=UR_FSR => return Ok(()),
            _ => Cause::IllegalInstruction,
        };
        Err(Miss::Fault(disabled, 0))
    }

    /// `None`: outside the core.
    fn user_value(&self, number: u8) -> Option<u32> {
        match number {
            UR_GPIO_OUT => None,
            UR_THREADPTR => Some(self.threadptr),
            UR_FCR => Some(self.fpu.fcr),
            UR_FSR => Some(self.fpu.fsr),
            _ => self.pie.user_register(number),
        }
    }

    /// False: outside the core.
    fn set_user_value(&mut self, number: u8, value: u32) -> bool {
        match number {
            UR_GPIO_OUT => return false,
            UR_THREADPTR => self.threadptr = value,
            // ISA RM 4.3.11: rounding mode and exception enables; exception flags.
            UR_FCR => self.fpu.fcr = value & 0x7F,
            UR_FSR => self.fpu.fsr = value & 0xF80,
            _ => self.pie.set_user_register(number, value),
        }
        true
    }

    pub(crate) fn read_user<B: Bus>(&mut self, bus: &mut B, number: u8, cycle: u64) -> Result<u32, Miss> {
        self.user_register(number)?;
        if let Some(value) = self.user_value(number) {
            return Ok(value);
        }
        bus.read_ur(number, cycle).map_err(|error| miss(error, 0))
    }

    pub(crate) fn write_user<B: Bus>(&mut self, bus: &mut B, number: u8, value: u32, cycle: u64) -> Result<(), Miss> {
        self.user_register(number)?;
        if self.set_user_value(number, value) {
            return Ok(());
        }
        bus.write_ur(number, value, u32::MAX, cycle).map_err(|error| miss(error, 0))
    }
}

/// As assemblers write it behind `rsr.`.
pub(crate) fn special_register_name(number: u8) -> String {
    let name = match number {
        0 => "lbeg",
        LEND => "lend",
        2 => "lcount",
        3 => "sar",
        4 => "br",
        12 => "scompare1",
        16 => "acclo",
        17 => "acchi",
        32..=35 => return format!("m{}", number - 32),
        72 => "windowbase",
        73 => "windowstart",
        96 => "ibreakenable",
        97 => "memctl",
        99 => "atomctl",
        104 => "ddr",
        128 | 129 => return format!("ibreaka{}", number - 128),
        144 | 145 => return format!("dbreaka{}", number - 144),
        160 | 161 => return format!("dbreakc{}", number - 160),
        176 => "configid0",
        177..=183 => return format!("epc{}", number - 176),
        192 => "depc",
        194..=199 => return format!("eps{}", number - 192),
        208 => "configid1",
        209..=215 => return format!("excsave{}", number - 208),
        224 => "cpenable",
        226 => "interrupt",
        227 => "intclear",
        228 => "intenable",
        230 => "ps",
        231 => "vecbase",
        232 => "exccause",
        233 => "debugcause",
        234 => "ccount",
        235 => "prid",
        236 => "icount",
        237 => "icountlevel",
        238 => "excvaddr",
        240..=242 => return format!("ccompare{}", number - 240),
        244..=247 => return format!("misc{}", number - 244),
        _ => return format!("{number}"),
    };
    name.to_owned()
}

/// As assemblers write it behind `rur.`.
pub(crate) fn user_register_name(number: u8) -> String {
    let name = match number {
        0 | 1 => return format!("accx_{number}"),
        2..=6 => return format!("qacc_h_{}", number - 2),
        7..=11 => return format!("qacc_l_{}", number - 7),
        UR_GPIO_OUT => "gpio_out",
        13 => "sar_byte",
        14 => "fft_bit_width",
        15..=18 => return format!("ua_state_{}", number - 15),
        UR_THREADPTR => "threadptr",
        UR_FCR => "fcr",
        UR_FSR => "fsr",
        _ => return format!("{number}"),
    };
    name.to_owned()
}
