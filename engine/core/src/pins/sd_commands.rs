//! What a host controller that is routed to the pins of an SD card does on its bus.

use super::Pins;
use crate::ports::{Outside, PortId};
use crate::sdbus::{SdAnswer, SdBlock, SdLines, SdWritten};
use crate::time::Ps;
use crate::trace::Kind;

impl Pins {
    /// Attaches an SD card.
    pub fn attach_sd(&mut self, lines: SdLines) -> PortId {
        let port = self.new_port(0);
        self.sd.push((port, lines));
        port
    }

    /// The card that hears a host's clock and commands.
    fn sd_card(&self, host: &SdLines) -> Option<(PortId, SdLines)> {
        self.sd.iter().find(|(_, card)| (card.clk, card.cmd) == (host.clk, host.cmd)).copied()
    }

    /// The card on all of the data lines that the host uses.
    fn sd_card_on(&self, host: &SdLines, lines: u8) -> Option<PortId> {
        let (port, card) = self.sd_card(host)?;
        let used = usize::from(lines);
        (host.dat.get(..used)? == card.dat.get(..used)? && host.dat[..used].iter().all(Option::is_some)).then_some(port)
    }

    /// A command whose last bit was at `at`. `None`: nobody answers.
    pub fn sd_command(&mut self, host: &SdLines, index: u8, argument: u32, at: Ps) -> Option<SdAnswer> {
        self.trace.see(Kind::Sd, at, u64::from(index) << 32 | u64::from(argument));
        let (port, _) = self.sd_card(host)?;
        let answer = self.world.sd_command(port, at, index, argument);
        self.take_posted(at);
        answer
    }

    /// The host waits for a block on so many lines. `None`: none comes, or not on the lines that it looks at.
    pub fn sd_read(&mut self, host: &SdLines, lines: u8, at: Ps) -> Option<SdBlock> {
        let port = self.sd_card_on(host, lines)?;
        let block = self.world.sd_read(port, at, lines);
        self.take_posted(at);
        block
    }

    /// The host has sent a block on so many lines; its last bit was at `at`. `None`: no CRC status comes.
    pub fn sd_write(&mut self, host: &SdLines, lines: u8, data: Vec<u8>, at: Ps) -> Option<SdWritten> {
        for (n, byte) in data.iter().enumerate() {
            self.trace.see(Kind::Sd, at, 1 << 40 | (n as u64) << 8 | u64::from(*byte));
        }
        let port = self.sd_card_on(host, lines)?;
        let written = self.world.sd_write(port, at, lines, data);
        self.take_posted(at);
        written
    }
}
