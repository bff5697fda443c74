//! What CLK, CMD and DAT show to those who look at their pins. SD specification 3.6 and 4.5.

use super::{Sdhost, WIRING};
use crate::fabric::Fabric;
use engine_core::pins::SdClock;
use engine_core::time::Ps;

/// Clocks between a block and its CRC status, on resting lines.
const STATUS_GAP: usize = 2;
/// CRC status with start and end bit: accepted, or in error.
const ACCEPTED: [bool; 5] = [false, false, true, false, true];
const REFUSED: [bool; 5] = [false, true, false, true, true];

/// CRC16 of a line of data, SD specification 4.5.
fn crc16(bits: &[bool]) -> u16 {
    bits.iter().fold(0, |crc, bit| crc << 1 ^ if (crc >> 15 != 0) != *bit { 0x1021 } else { 0 })
}

fn bits(bytes: &[u8]) -> impl Iterator<Item = bool> + '_ {
    bytes.iter().flat_map(|byte| (0..8).rev().map(move |bit| byte >> bit & 1 != 0))
}

/// A command or an answer on CMD.
pub(super) fn on_cmd(bytes: &[u8]) -> Vec<SdClock> {
    bits(bytes).map(|bit| [Some(bit), None, None, None, None]).collect()
}

/// A block on one data line or four: start bit, data with its highest bit first and on the highest line, CRC16, end bit.
pub(super) fn on_dat(data: &[u8], lines: u8) -> Vec<SdClock> {
    let lines = usize::from(lines);
    let all: Vec<bool> = bits(data).collect();
    let columns = (0..lines).map(|line| {
        let own: Vec<bool> =
            all.chunks(lines).map(|bits| bits.get(lines - 1 - line).copied().unwrap_or(true)).collect();
        let crc = crc16(&own);
        [vec![false], own, bits(&crc.to_be_bytes()).collect(), vec![true]].concat()
    });
    let columns: Vec<Vec<bool>> = columns.collect();
    let clock = |n: usize| std::array::from_fn(|line| columns.get(line.wrapping_sub(1)).map(|column| column[n]));
    (0..columns[0].len()).map(clock).collect()
}

/// A block and the card's CRC status on DAT0.
pub(super) fn with_status(mut clocks: Vec<SdClock>, accepted: bool) -> Vec<SdClock> {
    clocks.extend([[None; 5]; STATUS_GAP]);
    let status = if accepted { ACCEPTED } else { REFUSED };
    clocks.extend(status.map(|bit| [None, Some(bit), None, None, None]));
    clocks
}

impl Sdhost {
    /// Does somebody look at the pins of a card?
    pub(super) fn is_seen(&self, card: usize, fabric: &Fabric) -> bool {
        let pins = WIRING[card].all().fold(0, |pins, signal| pins | fabric.io.pins_of(signal));
        fabric.pins.is_looked_at(pins)
    }

    /// Something was on the lines of a card until `end`. It is worked out for those who look alone.
    pub(super) fn show(&self, card: usize, end: Ps, clocks: impl FnOnce() -> Vec<SdClock>, fabric: &mut Fabric) {
        if !self.is_seen(card, fabric) {
            return;
        }
        let Some(lines) = self.pins(card, fabric) else { return };
        let (clocks, clock) = (clocks(), self.card_clock(card, fabric));
        let begin = end.saturating_sub(clock.duration(clocks.len() as u64));
        fabric.pins.sd_show(&lines, begin, clock, &clocks);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// SD specification 4.5: the CRC16 of 512 bytes of 0xFF is 0x7FA1.
    #[test]
    fn the_crc_is_that_of_the_specification() {
        assert_eq!(crc16(&[true; 4096]), 0x7FA1);
    }

    /// SD specification 3.6.1, figure "Data packet format": on four lines DAT3 has the highest bit of a nibble, the upper one first.
    #[test]
    fn four_lines_share_a_byte() {
        let clocks = on_dat(&[0b1000_0110], 4);
        assert_eq!(clocks.len(), 1 + 2 + 16 + 1);
        assert_eq!(clocks[0], [None, Some(false), Some(false), Some(false), Some(false)]);
        assert_eq!(clocks[1], [None, Some(false), Some(false), Some(false), Some(true)]);
        assert_eq!(clocks[2], [None, Some(false), Some(true), Some(true), Some(false)]);
        assert_eq!(clocks[19], [None, Some(true), Some(true), Some(true), Some(true)]);
        assert_eq!(on_dat(&[0x80], 1)[1], [None, Some(true), None, None, None]);
    }
}
