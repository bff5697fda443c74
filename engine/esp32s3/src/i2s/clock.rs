//! Clocks: the fractional divider from the source to MCLK, and the bit clock from MCLK.
//!
//! ESP-IDF `soc/i2s_reg.h` (CLKM_DIV_NUM, CLKM_DIV_X, Y, Z, YN1): f_MCLK = f_source / (N + b/a). A period of the divider is a
//! MCLKs long; a-b of them take N source clocks and b of them N+1, in an order that X, Y, Z and YN1 say.

use engine_core::i2s::I2sClock;
use engine_core::time::{Hertz, Ps};
use serde::{Deserialize, Serialize};

/// The fractional divider.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Divider {
    n: u64,
    x: u64,
    y: u64,
    z: u64,
    yn1: bool,
}

impl Divider {
    /// From CLKM_DIV_NUM (0 means 256, 1 means 2) and the fields of CLKM_DIV_CONF.
    pub fn new(num: u32, x: u32, y: u32, z: u32, yn1: bool) -> Self {
        let n = match num {
            0 => 256,
            1 => 2,
            n => n,
        };
        Self { n: n.into(), x: x.into(), y: y.into(), z: z.into(), yn1 }
    }

    /// MCLKs in a period of the pattern: a; and how many source clocks it takes: N a + b.
    pub fn period(&self) -> (u64, u64) {
        let a = self.z * (self.x + 1) + self.y;
        let b = if self.yn1 { a - self.z } else { self.z };
        if a == 0 {
            (1, self.n)
        } else {
            (a, self.n * a + b)
        }
    }

    /// Source clocks until MCLK number `mclk` begins. YN1 = 0: z times x of N clocks and one of N+1, then y of N. YN1 = 1: z
    /// times one of N and x of N+1, then y of N+1.
    pub fn cycles(&self, mclk: u64) -> u64 {
        let (a, all) = self.period();
        let place = mclk % a;
        let group = self.x + 1;
        let within = if self.yn1 {
            (self.n + 1) * place - place.div_ceil(group).min(self.z)
        } else {
            self.n * place + (place / group).min(self.z)
        };
        mclk / a * all + within
    }
}

/// A bit clock that runs: where each of its bits is in time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BitClock {
    /// When bit 0 begins.
    pub from: Ps,
    source: Hertz,
    divider: Divider,
    /// MCLKs of a bit.
    mclks: u64,
}

impl BitClock {
    /// f_BCK = f_MCLK / (BCK_DIV_NUM + 1).
    pub fn new(from: Ps, source: Hertz, divider: Divider, mclks: u32) -> Self {
        Self { from, source, divider, mclks: mclks.into() }
    }

    /// MCLK itself.
    pub fn undivided(self) -> Self {
        Self { mclks: 1, ..self }
    }

    /// How long the MCLK takes that begins with this bit.
    pub fn mclk(&self, bit: u64) -> Ps {
        let begin = bit * self.mclks;
        self.after(self.divider.cycles(begin + 1)) - self.after(self.divider.cycles(begin))
    }

    /// The clock of a part that is the master.
    pub fn of_part(clock: &I2sClock) -> Self {
        let source = clock.rate.scaled(2 * u64::from(clock.layout.bits), 1);
        let divider = Divider { n: 1, x: 0, y: 0, z: 0, yn1: false };
        Self { from: clock.from, source, divider, mclks: 2 }
    }

    /// The same but for when it began?
    pub fn is_like(&self, other: &Self) -> bool {
        Self { from: 0, ..*self } == Self { from: 0, ..*other }
    }

    /// Does it tick?
    pub fn runs(&self) -> bool {
        self.source.is_running()
    }

    fn after(&self, cycles: u64) -> Ps {
        self.from.saturating_add(self.source.duration(cycles))
    }

    /// When a bit begins: the clock falls, and WS and data change.
    pub fn falls(&self, bit: u64) -> Ps {
        self.after(self.divider.cycles(bit * self.mclks))
    }

    /// When a bit is looked at: the clock rises.
    pub fn rises(&self, bit: u64) -> Ps {
        let begin = bit * self.mclks;
        if self.mclks == 1 {
            let (from, to) = (self.divider.cycles(begin), self.divider.cycles(begin + 1));
            return self.after(from + (to - from) / 2);
        }
        self.after(self.divider.cycles(begin + self.mclks / 2))
    }

    /// The first bit that begins at `at` or later.
    pub fn first_from(&self, at: Ps) -> u64 {
        let span = at.saturating_sub(self.from);
        if span == 0 || !self.runs() {
            return 0;
        }
        let (mclks, cycles) = self.divider.period();
        let guess = u128::from(self.source.cycles_in(span)) * u128::from(mclks) / u128::from(cycles * self.mclks);
        let mut bit = (guess as u64).saturating_sub(2);
        while self.falls(bit) < at {
            bit += 1;
        }
        bit
    }
}
