//! Mask ROM of the ESP32-S3 (revision 0, build of 27 March 2021) at function level.
//!
//! Authorities: addresses from ESP-IDF `esp_rom/esp32s3/ld/*.ld`; signatures and structures from
//! `esp_rom/include` and `esp_rom/esp32s3/include`; what the C library does from ISO C and newlib's
//! documentation; console text from public boot logs.
//!
//! # How a call runs
//! Every address in the ROM at which no instruction of ours lies is a trap. The processor stops
//! there *before* executing, the chip calls [`Rom::call`], and goes on where [`Outcome::Continue`]
//! says.
//! - A *leaf* function runs in Rust in one go and returns to its caller. It runs without `ENTRY`,
//!   so its arguments are still in the caller's window ([`Call::leaf`]).
//! - A function that waits for a device or calls back into the guest is a *stub*: real
//!   instructions in the ROM image that make a frame, and a trap inside a loop ([`stubs`]). Each
//!   pass runs one step in Rust. All state of it lies in the guest's stack frame: tasks may preempt
//!   one another in the middle of `ets_printf`, and a snapshot needs nothing from here.
//!
//! - A function with much of its own between its calls back (JPEG, the C library's files) is compiled from C: firmware/rom.
//!   So is the loader of download mode, and its secure form: esptool and its stub work as with silicon, answers the same to the byte
//!   (tests/realimages/test_esp32s3_download.py); over UART0, the USB Serial/JTAG and, with the fuse EFUSE_USB_PHY_SEL, USB OTG,
//!   where updates by DFU are taken as well (tests/realimages/test_esp32s3_download_otg.py).
//!   So is the loader of the second stage, with secure boot: the same text as with silicon (tests/realimages/test_esp32s3_boot.py).
//!   So is USB OTG, layer by layer, for the console (CONFIG_ESP_CONSOLE_USB_CDC) and for updates: a host sees the same as with
//!   silicon, and nothing of a reset that is to be kept from it (tests/realimages/test_esp32s3_usb_console.py).
//!
//! # Fidelity
//! - Results of 520 functions: as the silicon's code gives them on our own processor, bit for bit
//!   (tests/realimages/test_esp32s3_rom_calls.py, test_esp32s3_rom_flash.py); what C leaves open is left out there. How long a
//!   function takes: approximated.
//! - As on silicon, `ets_backup_dma_copy` waits for ever: it works on a block where this chip has none.
//! - Beside the radios', no function that ESP-IDF's linker scripts name is missing.
//!
//! # Radios
//! The parts of the Bluetooth and Wi-Fi controllers that lie in the ROM are missing: software of their own, some 150
//! functions of which run until a first advertisement. Who calls one waits for ever, as if the radio did not answer, and it
//! is said ([`Outcome::Radio`]); with the real ROM they run, against pages of registers behind which nothing is on the air. A call of any other missing function stops the processor.
//!
//! # With a real ROM
//! [`Image::real`] takes an ELF or two raw images; then nothing traps and the silicon's code runs.

pub mod asm;
mod guest;
mod image;
mod inflate;
pub mod names;
pub mod stubs;
pub mod vars;

mod analog;
mod boot;
mod cache;
mod coex;
mod crc;
mod digest;
mod flash;
mod gpio;
mod libgcc;
mod memory;
mod mmu;
mod newlib;
mod opi_driver;
mod opiflash;
mod port;
mod printf;
mod security;
mod softfloat;
mod spi;
mod system;
mod uart;
mod wdt;

#[cfg(test)]
mod fidelity_tests;
#[cfg(test)]
mod testing;

pub use guest::{Call, Done, Exit, Fault, Guest, Outcome, Special};
pub use image::{Image, ImageError, DATA_BASE, DATA_BYTES, ROM_BASE, ROM_BYTES};
pub use port::Port;

use stubs::StepFn;

/// A function that runs in one go.
pub type Function = fn(&mut Call<'_>) -> Done;

/// The leaf functions of all families.
const LEAVES: &[&[(&str, Function)]] = &[
    memory::LEAVES,
    libgcc::LEAVES,
    printf::LEAVES,
    uart::LEAVES,
    cache::LEAVES,
    flash::LEAVES,
    opiflash::LEAVES,
    crc::LEAVES,
    inflate::LEAVES,
    mmu::LEAVES,
    digest::LEAVES,
    security::LEAVES,
    gpio::LEAVES,
    system::LEAVES,
    wdt::LEAVES,
    coex::LEAVES,
];

/// The stubs of all families.
const STUBS: &[&[(&str, StepFn)]] = &[
    printf::STUBS,
    uart::STUBS,
    cache::STUBS,
    flash::STUBS,
    opi_driver::STUBS,
    opiflash::STUBS,
    analog::STUBS,
    newlib::STUBS,
    coex::STUBS,
];

/// The functions that are compiled from C: firmware/rom, by `make -C firmware images`.
const COMPILED: &[u8] = include_bytes!("functions.bin");

/// What lies at an address of the ROM.
#[derive(Clone, Copy)]
enum Place {
    Leaf(Function),
    Step(StepFn),
    /// A trap inside a function of instructions: the next instruction follows.
    Inside(Function),
    /// The reset vector; behind it the stubs of the two cores.
    Reset([u32; 2]),
}

/// The ROM: its memory image and, at function level, its functions.
pub struct Rom {
    image: Image,
    /// Sorted by address. Empty with a real ROM.
    places: Vec<(u32, Place)>,
    real: bool,
}

impl std::fmt::Debug for Rom {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Rom").field("real", &self.real).field("places", &self.places.len()).finish()
    }
}

impl Default for Rom {
    fn default() -> Self {
        Self::new()
    }
}

impl Rom {
    /// The ROM at function level.
    pub fn new() -> Self {
        let mut image = Image::empty();
        let mut places = Vec::new();
        for &(name, function) in LEAVES.iter().copied().flatten() {
            places.push((required(name), Place::Leaf(function)));
        }
        let mut builder = stubs::Builder::new(&mut image);
        builder.vectors();
        for &(name, step) in STUBS.iter().copied().flatten() {
            places.push((builder.stub(required(name)), Place::Step(step)));
        }
        builder.compiled(COMPILED);
        builder.delay(required("ets_delay_us"));
        for (name, spill, function) in [("setjmp", true, newlib::SET_JUMP), ("longjmp", false, newlib::LONG_JUMP)] {
            places.push((builder.jump(required(name), spill), Place::Inside(function)));
        }
        let (trap, mains, traps) = builder.reset(boot::RESET);
        places.push((trap, Place::Reset(mains)));
        places.extend(traps.into_iter().zip(boot::MAINS).map(|(trap, step)| (trap, Place::Step(step))));
        places.extend(boot::VECTORS.iter().map(|&(addr, function)| (addr, Place::Leaf(function))));
        boot::constants(&mut image);
        vars::constants(&mut image);
        places.sort_unstable_by_key(|&(addr, _)| addr);
        Self { image, places, real: false }
    }

    /// A real ROM: its own code runs.
    pub fn real(image: Image) -> Self {
        Self { image, places: Vec::new(), real: true }
    }

    /// Whether the silicon's own code runs.
    pub fn is_real(&self) -> bool {
        self.real
    }

    /// The bytes at 0x4000_0000 (instructions) and 0x3ff0_0000 (data).
    pub fn image(&self) -> &Image {
        &self.image
    }

    /// Whether the processor stops at `addr`: anywhere in the ROM where no instruction of ours lies.
    pub fn is_trap(&self, addr: u32) -> bool {
        !self.real && addr.wrapping_sub(ROM_BASE) < ROM_BYTES && !self.image.is_code(addr)
    }

    /// The traps that a program can come to: our functions', and where a function begins that is not ours.
    pub fn traps(&self) -> Vec<u32> {
        if self.real {
            return Vec::new();
        }
        let named = names::functions().map(|(addr, _)| addr);
        let mut traps: Vec<u32> = self.places.iter().map(|&(addr, _)| addr).chain(named).collect();
        traps.retain(|&addr| self.is_trap(addr));
        traps.sort_unstable();
        traps.dedup();
        traps
    }

    /// A jump to itself, behind the code at the reset vector: for who never returns.
    pub fn resting_place(&self) -> u32 {
        let reset = self.places.iter().find(|(_, place)| matches!(place, Place::Reset(_)));
        reset.map_or(ROM_BASE, |&(trap, _)| trap + stubs::REST)
    }

    /// Whether the function at `addr` is modelled.
    pub fn has(&self, addr: u32) -> bool {
        self.image.is_code(addr) || self.place(addr).is_some()
    }

    fn place(&self, addr: u32) -> Option<Place> {
        self.places.binary_search_by_key(&addr, |&(a, _)| a).ok().map(|i| self.places[i].1)
    }

    /// Runs what the trap at the guest's PC stands for.
    pub fn call(&self, guest: &mut dyn Guest) -> Outcome {
        let addr = guest.pc();
        let result = match self.place(addr) {
            Some(Place::Leaf(function)) => {
                let mut call = Call::leaf(guest);
                call.charge(LEAF_CYCLES);
                function(&mut call).map(|()| call.return_address())
            }
            Some(Place::Step(step)) => stubs::run(step, guest),
            Some(Place::Inside(function)) => function(&mut Call::leaf(guest)).map(|()| addr + 3),
            Some(Place::Reset(mains)) => boot::reset(&mut Call::leaf(guest), mains).map(|()| addr + 3),
            None => {
                if let (Some(radio), Some((start, name))) = (names::radio(addr), names::function_at(addr)) {
                    if start == addr {
                        return Outcome::Radio { addr, name, radio };
                    }
                }
                let name = match names::function_at(addr) {
                    Some((start, name)) if start == addr => name.to_string(),
                    Some((start, name)) => format!("{name} + 0x{:x}", addr - start),
                    None => "the ROM's vectors".to_string(),
                };
                return Outcome::Missing { addr, name };
            }
        };
        match result {
            Ok(pc) | Err(Exit::Jump(pc)) => Outcome::Continue(pc),
            Err(Exit::Fault(fault)) => Outcome::Fault(fault),
            Err(Exit::Stop(text)) => Outcome::Stop(text),
        }
    }
}

/// Cycles of a call that does nothing: the jump through the ROM's table (L32R, JX), ENTRY and RETW.
const LEAF_CYCLES: u32 = 8;

/// The address of a function of ours; a name that no linker script knows is a slip of this crate.
fn required(name: &str) -> u32 {
    names::address(name).unwrap_or_else(|| panic!("{name} is not in the ROM's linker scripts"))
}
