//! One transaction of SPI1: what is on the wires from chip select to chip select.

use engine_core::flash::RELEASED;

/// Bits that go out in one go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Phase {
    /// The value, right-aligned.
    pub value: u32,
    /// How many bits.
    pub bits: u32,
    /// On how many lines.
    pub lanes: u8,
}

impl Phase {
    /// `bits` bits of `value` on `lanes` lines.
    pub const fn new(value: u32, bits: u32, lanes: u8) -> Self {
        Self { value, bits, lanes }
    }
}

/// A transaction.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Transfer {
    /// The instruction: its low byte goes out first, each byte most significant bit first.
    pub command: Option<Phase>,
    /// The address, most significant bit first.
    pub address: Option<Phase>,
    /// Clocks without meaning.
    pub dummy: u32,
    /// Bytes that go out.
    pub data_out: Vec<u8>,
    /// How many bytes come in.
    pub data_in: usize,
    /// Lines of the data.
    pub data_lanes: u8,
    /// Two transfers a clock.
    pub ddr: bool,
    /// The two bytes of a clock change places as they go out, or come in.
    pub swaps_out: bool,
    /// See there.
    pub swaps_in: bool,
}

impl Transfer {
    /// An instruction of eight bits alone, on one line.
    pub const fn command(instruction: u8) -> Self {
        Self {
            command: Some(Phase::new(instruction as u32, 8, 1)),
            address: None,
            dummy: 0,
            data_out: Vec::new(),
            data_in: 0,
            data_lanes: 1,
            ddr: false,
            swaps_out: false,
            swaps_in: false,
        }
    }

    /// The instruction's number.
    pub fn instruction(&self) -> u32 {
        self.command.map_or(0, |phase| phase.value)
    }

    /// How many clocks it takes.
    pub fn clocks(&self) -> u32 {
        let phase = |phase: Option<Phase>| phase.map_or(0, |phase| phase.bits.div_ceil(u32::from(phase.lanes)));
        let data = 8 * (self.data_out.len() + self.data_in) as u32 / u32::from(self.data_lanes);
        let edges = phase(self.command) + phase(self.address) + data;
        self.dummy + if self.ddr { edges.div_ceil(2) } else { edges }
    }

    /// Sends it to a chip that answers each clock; what comes in goes into `data`.
    pub fn clock(&self, mut clock: impl FnMut(u8) -> u8, data: &mut [u8]) {
        if let Some(phase) = self.command {
            for byte in phase.value.to_le_bytes().into_iter().take(phase.bits.div_ceil(8) as usize) {
                send(&mut clock, u32::from(byte), phase.bits.min(8), phase.lanes);
            }
        }
        if let Some(phase) = self.address {
            send(&mut clock, phase.value, phase.bits, phase.lanes);
        }
        for _ in 0..self.dummy {
            clock(RELEASED);
        }
        for byte in &self.data_out {
            send(&mut clock, u32::from(*byte), 8, self.data_lanes);
        }
        for byte in data {
            *byte = receive(&mut clock, self.data_lanes);
        }
    }
}

fn send(clock: &mut impl FnMut(u8) -> u8, value: u32, bits: u32, lanes: u8) {
    let ones = (1u8 << lanes) - 1;
    let mut left = bits;
    while left > 0 {
        left = left.saturating_sub(u32::from(lanes));
        clock(RELEASED & !ones | (value >> left) as u8 & ones);
    }
}

/// One line is DO, IO1; more lines count from IO0.
fn receive(clock: &mut impl FnMut(u8) -> u8, lanes: u8) -> u8 {
    (0..8 / lanes).fold(0, |byte, _| {
        let seen = clock(RELEASED);
        let bits = if lanes == 1 { seen >> 1 & 1 } else { seen & ((1 << lanes) - 1) };
        (u16::from(byte) << lanes) as u8 | bits
    })
}
