//! The image: vector table, header, tables, stubs, and the code that is really executed. Datasheet 2.8.2 and 2.8.3.

use super::ROM_SIZE;

/// The bit functions, 2.8.3.1.1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(super) enum Bits {
    Popcount,
    Reverse,
    LeadingZeros,
    TrailingZeros,
}

/// The memory functions, 2.8.3.1.2.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(super) enum Memory {
    Set,
    Set4,
    Copy,
    Copy44,
}

/// The flash functions, 2.8.3.1.3.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(super) enum Flash {
    Connect,
    ExitXip,
    RangeErase,
    RangeProgram,
    FlushCache,
    EnterCmdXip,
}

/// What a trap stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Function {
    /// Core 0 out of reset.
    Boot,
    /// The same, when a program that was found in the watchdog's scratch registers has returned.
    BootFromFlash,
    /// Reads the second stage once; R4 counts.
    TrySecondStage,
    /// The handler of a non-maskable interrupt out of reset.
    ClearNmi,
    ResetToUsbBoot,
    /// Out of the reset that it makes.
    EnterUsbBoot,
    /// What core 0 does while the chip is a USB device of the ROM's.
    UsbBootLoop,
    Bits(Bits),
    Memory(Memory),
    Flash(Flash),
    /// By the place in the soft float table.
    Float(u8),
    /// By the place in the soft double table.
    Double(u8),
}

const BOOT: u8 = 0;
const BOOT_FROM_FLASH: u8 = 1;
const CLEAR_NMI: u8 = 2;
const USB_BOOT: u8 = 3;
const TRY_SECOND_STAGE: u8 = 4;
pub(super) const ENTER_USB_BOOT: u8 = 5;
pub(super) const USB_BOOT_LOOP: u8 = 6;
const BITS: u8 = 8;
const MEMORY: u8 = 12;
const FLASH: u8 = 16;
pub(super) const CONNECT: u8 = FLASH;
pub(super) const EXIT_XIP: u8 = FLASH + 1;
pub(super) const RANGE_ERASE: u8 = FLASH + 2;
pub(super) const RANGE_PROGRAM: u8 = FLASH + 3;
const FLOAT: u8 = 0x40;
const DOUBLE: u8 = 0x60;

impl Function {
    /// The function of a trap number.
    pub(super) fn of(trap: u8) -> Option<Self> {
        use {Bits::*, Flash::*, Memory::*};
        Some(match trap {
            BOOT => Self::Boot,
            BOOT_FROM_FLASH => Self::BootFromFlash,
            CLEAR_NMI => Self::ClearNmi,
            USB_BOOT => Self::ResetToUsbBoot,
            TRY_SECOND_STAGE => Self::TrySecondStage,
            ENTER_USB_BOOT => Self::EnterUsbBoot,
            USB_BOOT_LOOP => Self::UsbBootLoop,
            BITS..MEMORY => Self::Bits([Popcount, Reverse, LeadingZeros, TrailingZeros][usize::from(trap - BITS)]),
            MEMORY..FLASH => Self::Memory([Set, Set4, Copy, Copy44][usize::from(trap - MEMORY)]),
            FLASH..=21 => Self::Flash(
                [Connect, ExitXip, RangeErase, RangeProgram, FlushCache, EnterCmdXip][usize::from(trap - FLASH)],
            ),
            FLOAT..DOUBLE => Self::Float(trap - FLOAT),
            DOUBLE..=0x7F => Self::Double(trap - DOUBLE),
            _ => return None,
        })
    }
}

/// Entries of the soft float and soft double tables, 2.8.3.2.
pub(super) const TABLE_ENTRIES: u8 = 32;

/// A three-way comparison leaves its flags too: it ends with `SUBS R0, R2, #0` on its result.
const COMPARE_FAST_FLAGS: u8 = 5;

/// Where our code begins; below are vectors and header.
const CODE: u32 = 0x100;

/// What is executed and not trapped. Processors come out of reset at its start. Core 1, as told by CPUID in SIO,
/// goes to sleep until core 0 has sent it {0, 0, 1, vector table, stack, entry} through the FIFO, each word of
/// which it echoes; a 0 sends it back to the start (2.8.2). It sleeps deeply (SCR.SLEEPDEEP), so that clk_sys can stop.
#[rustfmt::skip]
const PROGRAM: [u16; 84] = [
    // reset:
    0x20D0,         // 00 movs  r0, #0xD0
    0x0600,         // 02 lsls  r0, r0, #24
    0x6801,         // 04 ldr   r1, [r0]          SIO.CPUID
    0x2900,         // 06 cmp   r1, #0
    0xD104,         // 08 bne   wait_for_vector
    0xDE00,         // 0a udf   #BOOT
    // boot_from_flash:
    0xDE01,         // 0c udf   #BOOT_FROM_FLASH
    // dead:
    0xBF30,         // 0e wfi
    0xE7FD,         // 10 b     dead
    0xDE04,         // 12 udf   #TRY_SECOND_STAGE
    // wait_for_vector:
    0x24D0,         // 14 movs  r4, #0xD0
    0x0624,         // 16 lsls  r4, r4, #24       SIO
    0x4F17,         // 18 ldr   r7, scb
    0x2104,         // 1a movs  r1, #4
    0x6139,         // 1c str   r1, [r7, #0x10]   SCR.SLEEPDEEP
    // drain:
    0x6DA1,         // 1e ldr   r1, [r4, #0x58]   FIFO_RD
    // restart:
    0x6D21,         // 20 ldr   r1, [r4, #0x50]   FIFO_ST
    0x0849,         // 22 lsrs  r1, r1, #1        VLD
    0xD2FB,         // 24 bcs   drain
    0x2000,         // 26 movs  r0, #0
    0xF000, 0xF811, // 28 bl    answer
    0x2801,         // 2c cmp   r0, #1
    0xD1F7,         // 2e bne   restart
    0xF000, 0xF80D, // 30 bl    answer
    0x60B8,         // 34 str   r0, [r7, #8]      VTOR
    0xF000, 0xF80A, // 36 bl    answer
    0xF380, 0x8808, // 3a msr   msp, r0
    0xF000, 0xF806, // 3e bl    answer
    0xF000, 0xF810, // 42 bl    send
    0x2100,         // 46 movs  r1, #0
    0x6139,         // 48 str   r1, [r7, #0x10]   SCR
    0x4780,         // 4a blx   r0
    0xE7DF,         // 4c b     dead
    // answer: sends r0, waits for the next word in r0
    0x4675,         // 4e mov   r5, lr
    0xF000, 0xF809, // 50 bl    send
    0x6D21,         // 54 ldr   r1, [r4, #0x50]   FIFO_ST
    0x0849,         // 56 lsrs  r1, r1, #1        VLD
    0xD201,         // 58 bcs   5e
    0xBF20,         // 5a wfe
    0xE7FA,         // 5c b     54
    0x6DA0,         // 5e ldr   r0, [r4, #0x58]   FIFO_RD
    0x2800,         // 60 cmp   r0, #0
    0xD0DD,         // 62 beq   restart
    0x4728,         // 64 bx    r5
    // send: r0
    0x6D21,         // 66 ldr   r1, [r4, #0x50]   FIFO_ST
    0x0889,         // 68 lsrs  r1, r1, #2        RDY
    0xD201,         // 6a bcs   70
    0xBF20,         // 6c wfe
    0xE7FA,         // 6e b     send
    0x6560,         // 70 str   r0, [r4, #0x54]   FIFO_WR
    0xBF40,         // 72 sev
    0x4770,         // 74 bx    lr
    0x46C0,         // 76 nop
    0xED00, 0xE000, // 78 scb: the System Control Block
    // table_lookup: r0 table, r1 code
    0x8802,         // 7c ldrh  r2, [r0]
    0x8843,         // 7e ldrh  r3, [r0, #2]
    0x3004,         // 80 adds  r0, #4
    0x2A00,         // 82 cmp   r2, #0
    0xD003,         // 84 beq   8e
    0x4291,         // 86 cmp   r1, r2
    0xD1F8,         // 88 bne   table_lookup
    0x4618,         // 8a mov   r0, r3
    0x4770,         // 8c bx    lr
    0x2000,         // 8e movs  r0, #0
    0x4770,         // 90 bx    lr
    // debug_trampoline: r7 function
    0x2601,         // 92 movs  r6, #1
    0x4337,         // 94 orrs  r7, r6
    0x47B8,         // 96 blx   r7
    // debug_trampoline_end:
    0xBE00,         // 98 bkpt  #0
    0xE7FA,         // 9a b     debug_trampoline
    // fault_load, fault_store: where a memory function ends whose next access the bus refuses
    0x780B,         // 9c ldrb  r3, [r1]
    0x4770,         // 9e bx    lr
    0x7003,         // a0 strb  r3, [r0]
    0x4770,         // a2 bx    lr
    // nmi:
    0xDE02,         // a4 udf   #CLEAR_NMI
    0x4770,         // a6 bx    lr
];

const RESET: u32 = CODE;
/// Where a program out of the watchdog's scratch registers returns to.
pub(super) const AFTER_WATCHDOG: u32 = CODE + 0x0C;
/// Where the second stage is tried.
pub(super) const TRY: u32 = CODE + 0x12;
/// Where a processor ends that has nothing to do for ever.
pub(super) const DEAD: u32 = CODE + 0x0E;
const WAIT_FOR_VECTOR: u32 = CODE + 0x14;
const TABLE_LOOKUP: u32 = CODE + 0x7C;
const TRAMPOLINE: u32 = CODE + 0x92;
const TRAMPOLINE_END: u32 = CODE + 0x98;
/// `LDRB R3, [R1]`.
pub(super) const FAULT_LOAD: u32 = CODE + 0x9C;
/// `STRB R3, [R0]`.
pub(super) const FAULT_STORE: u32 = CODE + 0xA0;
const NMI: u32 = CODE + 0xA4;

/// The stack that the ROM gives core 0 ends where the second stage is loaded.
pub(super) const STACK_TOP: u32 = 0x2004_1F00;

struct Image {
    bytes: Vec<u8>,
}

impl Image {
    fn half(&mut self, value: u16) -> u32 {
        let at = self.bytes.len() as u32;
        self.bytes.extend_from_slice(&value.to_le_bytes());
        at
    }

    fn word(&mut self, value: u32) -> u32 {
        let at = self.bytes.len() as u32;
        self.bytes.extend_from_slice(&value.to_le_bytes());
        at
    }

    fn align(&mut self) {
        self.bytes.resize(self.bytes.len().next_multiple_of(4), 0);
    }

    /// A function that is trapped. Returns its address with the Thumb bit.
    fn stub(&mut self, trap: u8) -> u32 {
        let at = self.half(0xDE00 | u16::from(trap));
        if trap == FLOAT + COMPARE_FAST_FLAGS || trap == DOUBLE + COMPARE_FAST_FLAGS {
            self.half(0x1E10);
        }
        self.half(0x4770);
        at | 1
    }

    fn stubs(&mut self, first: u8) -> Vec<u32> {
        (first..first + TABLE_ENTRIES).map(|trap| self.stub(trap)).collect()
    }

    fn put(&mut self, at: usize, value: u32, bytes: usize) {
        self.bytes[at..at + bytes].copy_from_slice(&value.to_le_bytes()[..bytes]);
    }

    /// A table of two-letter codes and half-word values. Returns its address.
    fn codes(&mut self, entries: &[(&[u8; 2], u32)]) -> u32 {
        self.align();
        let at = self.bytes.len() as u32;
        for (code, value) in entries {
            self.half(u16::from_le_bytes(**code));
            self.half(*value as u16);
        }
        self.half(0);
        at
    }
}

/// The image of the ROM at function level.
pub(super) fn build() -> Vec<u8> {
    let mut image = Image { bytes: vec![0; CODE as usize] };
    for half in PROGRAM {
        image.half(half);
    }
    let float_start = image.bytes.len() as u32;
    let float = image.stubs(FLOAT);
    let float_end = image.bytes.len() as u32;
    let double = image.stubs(DOUBLE);
    let double_end = image.bytes.len() as u32;
    image.align();
    // The SDK looks for the number of entries two bytes before the soft float table.
    image.half(0);
    let size = image.half(TABLE_ENTRIES.into());
    let soft_float = image.bytes.len() as u32;
    float.iter().for_each(|&entry| {
        image.word(entry);
    });
    let soft_double = image.bytes.len() as u32;
    double.iter().for_each(|&entry| {
        image.word(entry);
    });
    // The datasheet calls this the git revision of the ROM's source: there is none of this one.
    let revision = image.word(0);
    let text = image.bytes.len() as u32;
    image.bytes.extend_from_slice(b"boardtwins: boot ROM at function level\0");
    image.align();

    // Reached from the ROM itself.
    image.stub(ENTER_USB_BOOT);
    image.stub(USB_BOOT_LOOP);
    let mut stub = |trap| image.stub(trap);
    let functions = [
        (b"P3", stub(BITS)),
        (b"R3", stub(BITS + 1)),
        (b"L3", stub(BITS + 2)),
        (b"T3", stub(BITS + 3)),
        (b"MS", stub(MEMORY)),
        (b"S4", stub(MEMORY + 1)),
        (b"MC", stub(MEMORY + 2)),
        (b"C4", stub(MEMORY + 3)),
        (b"UB", stub(USB_BOOT)),
        (b"DT", TRAMPOLINE | 1),
        (b"DE", TRAMPOLINE_END | 1),
        (b"WV", WAIT_FOR_VECTOR | 1),
        (b"IF", stub(FLASH)),
        (b"EX", stub(FLASH + 1)),
        (b"RE", stub(FLASH + 2)),
        (b"RP", stub(FLASH + 3)),
        (b"FC", stub(FLASH + 4)),
        (b"CX", stub(FLASH + 5)),
    ];
    let data = [
        (b"GR", revision),
        (b"CR", text),
        (b"SF", soft_float),
        (b"SD", soft_double),
        (b"FZ", size),
        (b"FS", float_start),
        (b"FE", float_end),
        (b"DS", float_end),
        (b"DE", double_end),
    ];
    let functions = image.codes(&functions);
    let data = image.codes(&data);

    for (at, value) in [(0x0, STACK_TOP), (0x4, RESET | 1), (0x8, NMI | 1), (0xC, DEAD | 1)] {
        image.put(at, value, 4);
    }
    image.put(0x10, u32::from_le_bytes(*b"Mu\x01\x03"), 4);
    for (at, value) in [(0x14, functions), (0x16, data), (0x18, TABLE_LOOKUP | 1)] {
        image.put(at, value, 2);
    }
    // Unused ROM reads as BKPT #0, like the real one's filling: who lands there faults.
    while image.bytes.len() < ROM_SIZE as usize {
        image.half(0xBE00);
    }
    image.bytes
}
