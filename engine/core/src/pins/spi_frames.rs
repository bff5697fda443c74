//! Frames of a routed hardware SPI controller: whole on the byte path, or announced to the decoders on the wire path.

use super::Pins;
use crate::spi::SpiWire;
use crate::time::Ps;
use crate::trace::Kind;

/// Which pins a hardware SPI controller is routed to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SpiLines {
    /// The clock.
    pub sck: u8,
    /// Controller out, where routed.
    pub mosi: Option<u8>,
    /// Controller in, where routed.
    pub miso: Option<u8>,
    /// Data is sampled on the rising edge (modes 0 and 3).
    pub sample_rising: bool,
}

impl Pins {
    /// The routed hardware controller on `sck` and `mosi` shifts `bits` bits, the first of which is sampled at
    /// `at`; returns what comes back on `miso`. This is the fast path: no edge appears unless somebody looks.
    pub fn spi_shift(&mut self, lines: SpiLines, value: u32, bits: u32, at: Ps, bit_time: Ps) -> u32 {
        if self.edges_wanted(1u64 << lines.sck | lines.mosi.map_or(0, |pin| 1u64 << pin)) {
            self.spi_edges(lines, value, bits, at, bit_time);
        }
        let ones = u32::MAX >> (32 - bits);
        let mut back = match (lines.mosi, lines.miso) {
            (Some(mosi), Some(miso)) if self.are_joined(mosi, miso) => value & ones,
            (_, Some(miso)) if self.is_high(miso) => ones,
            _ => 0,
        };
        let mut taken = false;
        for (port, wire) in &mut self.spi {
            if wire.is_clocked_by(lines.sck) {
                let mosi = lines.mosi == Some(wire.mosi());
                let line = if self.level >> wire.mosi() & 1 != 0 { u32::MAX } else { 0 };
                let sent = if mosi { value } else { line };
                let at = if wire.samples_rising() == lines.sample_rising { at } else { at + bit_time - bit_time / 2 };
                let answer = wire.shift(*port, sent, bits, self.level, at, bit_time, &mut self.trace, &mut self.world);
                taken |= answer.is_some();
                if let (Some(answer), true) = (answer, lines.miso.is_some() && lines.miso == wire.miso()) {
                    back = answer;
                }
            }
        }
        if !taken {
            self.see_untaken(lines.sck, value & ones, at);
        }
        self.take_posted(at);
        back
    }

    /// Must a routed hardware controller make each edge, because somebody acts on it who does not listen to whole frames: a
    /// joined pin, a part that is told of edges at once, a decoder that samples at the other edge? `lines` are the pins
    /// that it frames with, `mask` all those on which it is selected. Its own output may be wired to its own input.
    ///
    /// A decoder that samples half a bit later, at the edge that ends a bit, still sees the bits that the controller means.
    pub fn spi_needs_edges(&self, lines: SpiLines, mask: u64) -> bool {
        let own = lines.mosi.map_or(0, |pin| 1u64 << pin) | lines.miso.map_or(0, |pin| 1u64 << pin);
        self.nets.iter().any(|net| net & mask != 0 && net & !own != 0)
            || self.watches.iter().any(|(_, watch)| watch.gathered.is_none() && mask >> watch.pin & 1 != 0)
            || self.spi.iter().any(|(_, wire)| wire.is_clocked_by(lines.sck) && !self.understands(wire, lines))
    }

    /// Does a decoder see the bits that the controller means? It samples at the same edge, or it only listens and samples at
    /// the edge behind it.
    fn understands(&self, wire: &SpiWire, lines: SpiLines) -> bool {
        let first_edge_samples = self.is_high(lines.sck) != lines.sample_rising;
        let listens = wire.miso().is_none() || lines.miso.is_none();
        wire.samples_rising() == lines.sample_rising || first_edge_samples && listens
    }

    /// A frame begins that the controller clocks out on `sck` edge by edge.
    pub fn spi_frame_begins(&mut self, sck: u8) {
        self.spi.iter_mut().filter(|(_, wire)| wire.is_clocked_by(sck)).for_each(|(_, wire)| wire.hold());
    }

    /// The frame is over; its first bit was sampled at `at`.
    pub fn spi_frame_ends(&mut self, sck: u8, value: u32, at: Ps) {
        let mut taken = false;
        for (_, wire) in self.spi.iter_mut().filter(|(_, wire)| wire.is_clocked_by(sck)) {
            taken |= wire.release(self.level, &mut self.trace);
        }
        if !taken {
            self.see_untaken(sck, value, at);
        }
    }

    /// A frame that no target takes.
    fn see_untaken(&mut self, sck: u8, value: u32, at: Ps) {
        self.trace.see(Kind::Spi, at, 1 << 63 | u64::from(sck) << 32 | u64::from(value));
    }

    /// The edges of a frame that took the fast path, for those who look at the wire. Afterwards all is as before.
    fn spi_edges(&mut self, lines: SpiLines, value: u32, bits: u32, at: Ps, bit_time: Ps) {
        let before = self.level;
        let sck = 1u64 << lines.sck;
        let mosi = lines.mosi.map_or(0, |pin| 1u64 << pin);
        let idle_high = before & sck != 0;
        // The clock goes to and fro in each bit; data is sampled at the first edge, or at the second.
        let samples_second = idle_high == lines.sample_rising;
        let half = bit_time / 2;
        for bit in 0..bits {
            let sample = at + u64::from(bit) * bit_time;
            let data = if value >> (bits - 1 - bit) & 1 != 0 { mosi } else { 0 };
            let to = if samples_second { sample.saturating_sub(half) } else { sample };
            self.show((self.level & !mosi) | data, sample.saturating_sub(half));
            self.show(self.level ^ sck, to);
            self.show(self.level ^ sck, to + half);
        }
        self.show(before, at + u64::from(bits - 1) * bit_time + half);
    }
}
