//! The frames of `docs/bridge.md`.

use engine_core::lent::{Notice, Trapped};
use engine_core::time::Ps;

/// The version of the protocol.
pub const VERSION: u16 = 1;
/// Bytes of the token that a client sends first.
pub const TOKEN: usize = 16;
/// Bytes in front of the kind.
pub const HEADER: usize = 4;
/// The longest kind and body.
pub const MOST: usize = (1 << 20) + 64;
/// Registers of a processor in a Trap at most.
const REGISTERS: usize = 128;

/// What a client asks.
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum Request {
    Hello { version: u16, chip: u8, cores: u8 },
    Read { core: u8, size: u8, addr: u32, time: Ps },
    Write { core: u8, size: u8, addr: u32, value: u32, time: Ps },
    Advance { time: Ps },
    Trap { core: u8, pc: u32, time: Ps, registers: Vec<u32> },
    Restarted { core: Option<u8>, time: Ps },
    Bye,
}

impl Request {
    /// The time that it names.
    pub fn time(&self) -> Option<Ps> {
        match self {
            Self::Read { time, .. }
            | Self::Write { time, .. }
            | Self::Advance { time }
            | Self::Trap { time, .. }
            | Self::Restarted { time, .. } => Some(*time),
            Self::Hello { .. } | Self::Bye => None,
        }
    }
}

/// What a client sends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Incoming {
    /// A request.
    Request(Request),
    /// The answer to a MemRead; `None`: no memory is there.
    Memory(Option<Vec<u8>>),
}

/// What the server answers; `next` is when something is due next.
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum Answer {
    Welcome { now: Ps, next: Ps },
    Value { value: u32, next: Ps },
    Fault { next: Ps },
    Done { next: Ps },
    Trapped { next: Ps, trapped: Trapped },
    Refused(String),
}

/// The body of a frame, taken from its front.
struct Body<'a> {
    left: &'a [u8],
    name: &'static str,
}

impl Body<'_> {
    fn bytes<const N: usize>(&mut self) -> Result<[u8; N], String> {
        let (taken, left) =
            self.left.split_first_chunk().ok_or_else(|| format!("a {} that is too short", self.name))?;
        self.left = left;
        Ok(*taken)
    }

    fn u8(&mut self) -> Result<u8, String> {
        Ok(self.bytes::<1>()?[0])
    }

    fn u16(&mut self) -> Result<u16, String> {
        self.bytes().map(u16::from_le_bytes)
    }

    fn u32(&mut self) -> Result<u32, String> {
        self.bytes().map(u32::from_le_bytes)
    }

    fn u64(&mut self) -> Result<u64, String> {
        self.bytes().map(u64::from_le_bytes)
    }

    /// The number of a processor.
    fn core(&mut self) -> Result<u8, String> {
        match self.u8()? {
            core @ 0..=1 => Ok(core),
            core => Err(format!("a {} by processor {core}: there are 0 and 1", self.name)),
        }
    }

    /// Size and address of an access.
    fn access(&mut self) -> Result<(u8, u32), String> {
        let (size, addr) = (self.u8()?, self.u32()?);
        if !matches!(size, 1 | 2 | 4) {
            return Err(format!("a {} of {size} bytes: 1, 2 or 4", self.name));
        }
        if addr % u32::from(size) != 0 {
            return Err(format!("a {} of {size} bytes at 0x{addr:08X}, which is not aligned", self.name));
        }
        Ok((size, addr))
    }
}

impl Incoming {
    /// From a frame's kind and body, or what is wrong with it.
    pub fn parse(frame: &[u8]) -> Result<Self, String> {
        let (&kind, left) = frame.split_first().ok_or("a frame without a kind")?;
        let name = match kind {
            0x01 => "Hello",
            0x02 => "Read",
            0x03 => "Write",
            0x04 => "Advance",
            0x05 => "Trap",
            0x06 => "Restarted",
            0x07 => "Bye",
            0x41 => return Ok(Self::Memory(Some(left.to_vec()))),
            0x42 => "MemFault",
            kind => return Err(format!("a frame of kind 0x{kind:02X}, which there is not")),
        };
        let mut body = Body { left, name };
        let request = match kind {
            0x01 => Request::Hello { version: body.u16()?, chip: body.u8()?, cores: body.u8()? },
            0x02 => {
                let (core, (size, addr)) = (body.core()?, body.access()?);
                Request::Read { core, size, addr, time: body.u64()? }
            }
            0x03 => {
                let (core, (size, addr)) = (body.core()?, body.access()?);
                Request::Write { core, size, addr, value: body.u32()?, time: body.u64()? }
            }
            0x04 => Request::Advance { time: body.u64()? },
            0x05 => {
                let (core, pc, time, count) = (body.core()?, body.u32()?, body.u64()?, usize::from(body.u8()?));
                if count > REGISTERS {
                    return Err(format!("a Trap with {count} registers: at most {REGISTERS}"));
                }
                let registers = (0..count).map(|_| body.u32()).collect::<Result<_, _>>()?;
                Request::Trap { core, pc, time, registers }
            }
            0x06 => {
                let core =
                    if body.left.first() == Some(&0xFF) { body.u8().map(|_| None) } else { body.core().map(Some) };
                Request::Restarted { core: core?, time: body.u64()? }
            }
            _ => Request::Bye,
        };
        match body.left.len() {
            0 if kind == 0x42 => Ok(Self::Memory(None)),
            0 => Ok(Self::Request(request)),
            more => Err(format!("a {name} with {more} bytes too many")),
        }
    }
}

/// Puts a frame behind what is there; its length is worked out.
fn frame(out: &mut Vec<u8>, kind: u8, fill: impl FnOnce(&mut Vec<u8>)) {
    let start = out.len();
    out.extend_from_slice(&[0, 0, 0, 0, kind]);
    fill(out);
    let length = (out.len() - start - HEADER) as u32;
    out[start..start + HEADER].copy_from_slice(&length.to_le_bytes());
}

/// Puts a MemRead behind what is there.
pub fn mem_read(out: &mut Vec<u8>, addr: u32, length: u32) {
    frame(out, 0xC1, |body| {
        body.extend_from_slice(&addr.to_le_bytes());
        body.extend_from_slice(&length.to_le_bytes());
    });
}

/// Puts MemWrites behind what is there.
pub fn mem_write(out: &mut Vec<u8>, addr: u32, data: &[u8]) {
    for (n, piece) in data.chunks(1 << 20).enumerate() {
        frame(out, 0xC2, |body| {
            body.extend_from_slice(&addr.wrapping_add((n << 20) as u32).to_le_bytes());
            body.extend_from_slice(piece);
        });
    }
}

/// Puts a Traps behind what is there.
pub fn traps(out: &mut Vec<u8>, addresses: &[u32]) {
    frame(out, 0xC9, |body| addresses.iter().for_each(|addr| body.extend_from_slice(&addr.to_le_bytes())));
}

/// Puts a notice behind what is there.
pub fn notice(out: &mut Vec<u8>, notice: &Notice) {
    match *notice {
        Notice::Lines(core, levels) => frame(out, 0xC3, |body| {
            body.push(core);
            body.extend_from_slice(&levels.to_le_bytes());
        }),
        Notice::Reset(cores, reason) => frame(out, 0xC4, |body| body.extend_from_slice(&[cores, reason])),
        Notice::Core(core, keep) => frame(out, 0xC5, |body| body.extend_from_slice(&[core, keep as u8])),
        Notice::Event(core) => frame(out, 0xC6, |body| body.push(core)),
        Notice::Nmi(core) => frame(out, 0xC7, |body| body.push(core)),
        Notice::Clock(hertz) => frame(out, 0xC8, |body| body.extend_from_slice(&hertz.to_le_bytes())),
    }
}

impl Answer {
    /// The same, with the time at which something is due next.
    pub fn due(mut self, at: Ps) -> Self {
        match &mut self {
            Self::Welcome { next, .. }
            | Self::Value { next, .. }
            | Self::Fault { next }
            | Self::Done { next }
            | Self::Trapped { next, .. } => *next = at,
            Self::Refused(_) => {}
        }
        self
    }

    /// Puts itself behind what is there.
    pub fn put(&self, out: &mut Vec<u8>) {
        match self {
            Self::Welcome { now, next } => frame(out, 0x81, |body| {
                body.extend_from_slice(&VERSION.to_le_bytes());
                body.extend_from_slice(&now.to_le_bytes());
                body.extend_from_slice(&next.to_le_bytes());
            }),
            Self::Value { value, next } => frame(out, 0x82, |body| {
                body.extend_from_slice(&value.to_le_bytes());
                body.extend_from_slice(&next.to_le_bytes());
            }),
            Self::Fault { next } => frame(out, 0x83, |body| body.extend_from_slice(&next.to_le_bytes())),
            Self::Done { next } => frame(out, 0x84, |body| body.extend_from_slice(&next.to_le_bytes())),
            Self::Trapped { next, trapped } => frame(out, 0x85, |body| {
                body.extend_from_slice(&next.to_le_bytes());
                body.push(trapped.how as u8);
                body.extend_from_slice(&trapped.time.to_le_bytes());
                body.push(trapped.registers.len() as u8);
                trapped.registers.iter().for_each(|value| body.extend_from_slice(&value.to_le_bytes()));
            }),
            Self::Refused(why) => frame(out, 0x8F, |body| body.extend_from_slice(why.as_bytes())),
        }
    }
}
