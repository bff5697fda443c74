//! The ROM's bytes: 384 KB at 0x4000_0000 on the instruction bus, whose last 128 KB are also the
//! data bus's 0x3ff0_0000 (ESP32-S3 TRM section 4.3.2, "ROM0" and "ROM1").

/// First address on the instruction bus.
pub const ROM_BASE: u32 = 0x4000_0000;
/// ROM0 and ROM1.
pub const ROM_BYTES: u32 = 0x6_0000;
/// First address of ROM1 on the data bus.
pub const DATA_BASE: u32 = 0x3ff0_0000;
/// ROM1.
pub const DATA_BYTES: u32 = 0x2_0000;
/// Where ROM1 lies in the image.
const DATA_AT: usize = (ROM_BYTES - DATA_BYTES) as usize;

/// Why a file is no ROM image.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ImageError(pub String);

impl std::fmt::Display for ImageError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for ImageError {}

/// The ROM's bytes, and which of them are instructions of ours.
#[derive(Clone)]
pub struct Image {
    bytes: Vec<u8>,
    /// Runs of instructions, sorted: start and end.
    code: Vec<(u32, u32)>,
}

impl Image {
    /// All zero.
    pub(super) fn empty() -> Self {
        Self { bytes: vec![0; ROM_BYTES as usize], code: Vec::new() }
    }

    /// All bytes, from 0x4000_0000.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// ROM1, from 0x3ff0_0000.
    pub fn data(&self) -> &[u8] {
        &self.bytes[DATA_AT..]
    }

    /// Whether an instruction of ours lies at `addr`.
    pub(super) fn is_code(&self, addr: u32) -> bool {
        let next = self.code.partition_point(|&(start, _)| start <= addr);
        next > 0 && addr < self.code[next - 1].1
    }

    /// Puts 3-byte instructions at `at`; the answer is the address after them.
    pub(super) fn code(&mut self, at: u32, instructions: &[u32]) -> u32 {
        let mut end = at;
        for word in instructions {
            let i = (end - ROM_BASE) as usize;
            self.bytes[i..i + 3].copy_from_slice(&word.to_le_bytes()[..3]);
            end += 3;
        }
        let place = self.code.partition_point(|&(start, _)| start < at);
        self.code.insert(place, (at, end));
        end
    }

    /// Marks instructions that [`Image::put`] has put.
    pub(super) fn mark_code(&mut self, start: u32, end: u32) {
        let place = self.code.partition_point(|&(other, _)| other < start);
        self.code.insert(place, (start, end));
    }

    /// Offset of an address of either bus.
    fn offset(addr: u32) -> usize {
        if addr < ROM_BASE {
            DATA_AT + (addr - DATA_BASE) as usize
        } else {
            (addr - ROM_BASE) as usize
        }
    }

    /// Puts bytes at an address of either bus.
    pub(super) fn put(&mut self, addr: u32, bytes: &[u8]) {
        let at = Self::offset(addr);
        self.bytes[at..at + bytes.len()].copy_from_slice(bytes);
    }

    /// Puts a word at an address of either bus.
    pub(super) fn put_word(&mut self, addr: u32, word: u32) {
        self.put(addr, &word.to_le_bytes());
    }

    /// A real ROM from two raw files: 384 KB of 0x4000_0000 and 128 KB of 0x3ff0_0000. Where one of
    /// them has zeros that the other has not, the other is taken: tools dump sections, not chips.
    pub fn raw(instructions: &[u8], data: &[u8]) -> Result<Self, ImageError> {
        for (what, bytes, size) in [("0x40000000", instructions, ROM_BYTES), ("0x3ff00000", data, DATA_BYTES)] {
            if bytes.len() > size as usize {
                return Err(ImageError(format!(
                    "the ROM image of {what} has {} bytes; the chip has {size}",
                    bytes.len()
                )));
            }
        }
        let mut image = Self::empty();
        image.put(ROM_BASE, instructions);
        for (to, &from) in image.bytes[DATA_AT..].iter_mut().zip(data) {
            *to |= from;
        }
        image.check()
    }

    /// A real ROM from an ELF (Espressif's `esp32s3_rev0_rom.elf`): its allocated sections.
    pub fn elf(file: &[u8]) -> Result<Self, ImageError> {
        let short = || ImageError("the ROM file is not a complete ELF of 32 bits, little endian".into());
        let word = |at: usize| -> Result<u32, ImageError> {
            let bytes = file.get(at..at + 4).ok_or_else(short)?;
            Ok(u32::from_le_bytes(bytes.try_into().map_err(|_| short())?))
        };
        let half = |at: usize| Ok::<_, ImageError>((word(at & !3)? >> (8 * (at & 3))) as usize & 0xffff);
        if file.get(..6) != Some(b"\x7fELF\x01\x01") {
            return Err(short());
        }
        let (sections, size, count) = (word(0x20)? as usize, half(0x2e)?, half(0x30)?);
        let mut image = Self::empty();
        let mut found = false;
        for section in (0..count).map(|i| sections + i * size) {
            const PROGBITS: u32 = 1;
            const ALLOC: u32 = 2;
            let (kind, flags, addr) = (word(section + 4)?, word(section + 8)?, word(section + 12)?);
            let (offset, len) = (word(section + 16)? as usize, word(section + 20)? as usize);
            let end = u64::from(addr) + len as u64;
            let inside = |base: u32, bytes: u32| addr >= base && end <= u64::from(base) + u64::from(bytes);
            if kind == PROGBITS && flags & ALLOC != 0 && (inside(ROM_BASE, ROM_BYTES) || inside(DATA_BASE, DATA_BYTES))
            {
                image.put(addr, file.get(offset..offset + len).ok_or_else(short)?);
                found = true;
            }
        }
        if !found {
            return Err(ImageError("the ELF has no section in the ESP32-S3's ROM (0x40000000 or 0x3ff00000)".into()));
        }
        image.check()
    }

    /// A ROM of this chip has its identification before its function table (`_rom_chip_id`,
    /// esp32s3.rom.version.ld), and code at the reset vector.
    fn check(self) -> Result<Self, ImageError> {
        let chip = &self.bytes[0x570..0x574];
        if self.bytes[0x400..0x404] == [0; 4] {
            return Err(ImageError("the ROM image has no code at the reset vector 0x40000400".into()));
        }
        if chip != 9u32.to_le_bytes() {
            return Err(ImageError(format!(
                "the ROM image is of chip {}, not 9 (ESP32-S3)",
                u32::from_le_bytes([chip[0], chip[1], chip[2], chip[3]])
            )));
        }
        Ok(self)
    }
}
