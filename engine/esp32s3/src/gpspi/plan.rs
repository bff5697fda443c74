//! What a transaction is made of. TRM 30.5.1 to 30.5.3 and 30.5.8.

use super::{GpSpi, Reg, CTRL, MISC, MS_DLEN, USER, USER1, USER2};
use serde::{Deserialize, Serialize};

/// Which state of the controller it is, TRM figure 30-4.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Kind {
    Command,
    Address,
    Dummy,
    /// Data out; in full duplex data comes in as well.
    Out,
    In,
}

/// One phase of a transaction.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Phase {
    pub kind: Kind,
    /// How many lines carry it.
    pub lines: u32,
    /// Bits that are left of it; of a dummy phase, clocks times lines.
    pub bits: u32,
    /// Bytes of the buffer that went before.
    pub offset: usize,
    /// Data comes in.
    pub takes: bool,
    /// Data goes out.
    pub gives: bool,
    /// A bit on each edge of the clock.
    pub dtr: bool,
}

/// Bits of a byte in the order of the line: the first one is bit 7.
pub(super) fn in_order(byte: u8, lsb_first: bool) -> u8 {
    if lsb_first {
        byte.reverse_bits()
    } else {
        byte
    }
}

impl GpSpi {
    /// CTRL.WR_BIT_ORDER: command, address and data out.
    pub(super) fn sends_lsb_first(&self) -> bool {
        self.is_set(Reg::CTRL, CTRL::WR_BIT_ORDER)
    }

    /// CTRL.RD_BIT_ORDER: data in.
    pub(super) fn takes_lsb_first(&self) -> bool {
        self.is_set(Reg::CTRL, CTRL::RD_BIT_ORDER)
    }

    /// 1, 2, 4 or 8 lines, of the flags for 2, 4 and 8.
    fn lines(&self, dual: bool, quad: bool, octal: bool) -> u32 {
        if octal || self.is_set(Reg::USER, USER::OPI_MODE) {
            8.min(self.wiring().data.len() as u32)
        } else if quad || self.is_set(Reg::USER, USER::QPI_MODE) {
            4
        } else if dual {
            2
        } else {
            1
        }
    }

    /// The phases that USER enables, in their order.
    pub(super) fn plan(&self) -> Vec<Phase> {
        let (user, ctrl) = (self.bank.get(Reg::USER), self.bank.get(Reg::CTRL));
        let data_bits = self.field(Reg::MS_DLEN, MS_DLEN::MS_DATA_BITLEN) + 1;
        let misc = self.bank.get(Reg::MISC);
        let phase = |kind, lines, bits, takes, gives| {
            let by_phase = match kind {
                Kind::Command => MISC::CMD_DTR_EN,
                Kind::Address => MISC::ADDR_DTR_EN,
                Kind::Out | Kind::In => MISC::DATA_DTR_EN,
                Kind::Dummy => return Phase { kind, lines, bits, offset: 0, takes, gives, dtr: false },
            };
            let dtr = MISC::CLK_DATA_DTR_EN.is_set(misc) && by_phase.is_set(misc);
            Phase { kind, lines, bits, offset: 0, takes, gives, dtr }
        };
        let mut plan = Vec::new();
        if USER::USR_COMMAND.is_set(user) {
            let lines =
                self.lines(CTRL::FCMD_DUAL.is_set(ctrl), CTRL::FCMD_QUAD.is_set(ctrl), CTRL::FCMD_OCT.is_set(ctrl));
            let bits = self.field(Reg::USER2, USER2::USR_COMMAND_BITLEN) + 1;
            plan.push(phase(Kind::Command, lines, bits, false, true));
        }
        if USER::USR_ADDR.is_set(user) {
            let lines =
                self.lines(CTRL::FADDR_DUAL.is_set(ctrl), CTRL::FADDR_QUAD.is_set(ctrl), CTRL::FADDR_OCT.is_set(ctrl));
            let bits = self.field(Reg::USER1, USER1::USR_ADDR_BITLEN) + 1;
            plan.push(phase(Kind::Address, lines, bits, false, true));
        }
        let out_lines =
            self.lines(USER::FWRITE_DUAL.is_set(user), USER::FWRITE_QUAD.is_set(user), USER::FWRITE_OCT.is_set(user));
        let in_lines =
            self.lines(CTRL::FREAD_DUAL.is_set(ctrl), CTRL::FREAD_QUAD.is_set(ctrl), CTRL::FREAD_OCT.is_set(ctrl));
        let (gives, takes) = (USER::USR_MOSI.is_set(user), USER::USR_MISO.is_set(user));
        if USER::USR_DUMMY.is_set(user) {
            let lines = if takes { in_lines } else { out_lines };
            let clocks = self.field(Reg::USER1, USER1::USR_DUMMY_CYCLELEN) + 1;
            plan.push(phase(Kind::Dummy, lines, clocks * lines, false, false));
        }
        if self.is_full_duplex() && (gives || takes) {
            plan.push(phase(Kind::Out, 1, data_bits, takes, gives));
        } else {
            if gives {
                plan.push(phase(Kind::Out, out_lines, data_bits, false, true));
            }
            if takes {
                plan.push(phase(Kind::In, in_lines, data_bits, true, false));
            }
        }
        plan
    }

    /// Command or address as bytes in the order of the line. ESP-IDF `hal/spi_ll.h`: the command begins with its lower
    /// byte, the address with its upper one.
    pub(super) fn preamble(&self, kind: Kind) -> Vec<u8> {
        let bytes = match kind {
            Kind::Command => self.field(Reg::USER2, USER2::USR_COMMAND_VALUE).to_le_bytes()[..2].to_vec(),
            _ => self.bank.get(Reg::ADDR).to_be_bytes().to_vec(),
        };
        bytes.into_iter().map(|byte| in_order(byte, self.sends_lsb_first())).collect()
    }
}
