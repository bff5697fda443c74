//! The ESP32-S3 as Python's class sees it.

use crate::machine::{check_size, common, Frozen, Machine, Stopped, UsbAction};
use crate::usb::FixedDevice;
use ::esp32s3::block::Block;
use ::esp32s3::chip::{Chip, Stop};
use ::esp32s3::efuse::{Efuse, Fuses, InPackage};
use ::esp32s3::fabric::{Reason, Request};
use ::esp32s3::rom::{names, Image, Rom};
use ::esp32s3::spi_mem::psram::Wiring;
use ::esp32s3::system::System;
use ::esp32s3::usb_serial_jtag;
use bridge::server::{Served, Server};
use engine_core::console::Consoles;
use engine_core::flash::FlashChip;
use engine_core::gaps::Gaps;
use engine_core::memory::Memory;
use engine_core::pins::Pins;
use engine_core::ports::PortId;
use engine_core::time::Ps;
use engine_core::usb_host::Host;
use pyo3::PyResult;
use std::sync::atomic::AtomicBool;
use std::sync::Arc;
use xtensa::call::{Words, RETURN_ADDRESS};
use xtensa::{Bus, Core};

/// The part of a raw ROM file that the instruction bus sees; the data bus' part follows.
const ROM_I: usize = 384 * 1024;

/// Memory as the calls of a processor use it.
struct Ram<'a>(&'a mut System);

impl Words for Ram<'_> {
    fn byte(&mut self, addr: u32) -> Option<u8> {
        self.0.debug_read8(addr)
    }

    fn set_byte(&mut self, addr: u32, value: u8) -> bool {
        self.0.debug_write8(addr, value)
    }

    fn is_trap(&mut self, addr: u32) -> bool {
        Bus::is_trap(self.0, addr)
    }
}

/// A register of a processor: `pc`, `ar0` to `ar63`, `f0` to `f15`, `q0` to `q7`, and `sr` and `ur` with a number.
enum Name {
    Pc,
    Physical(usize),
    Special(u8),
    User(u8),
    Float(usize),
    Wide(usize),
}

impl Name {
    fn of(name: &str) -> Option<Self> {
        if name == "pc" {
            return Some(Self::Pc);
        }
        let number = |prefix: &str, last: usize| -> Option<usize> {
            name.strip_prefix(prefix)?.parse().ok().filter(|number| *number <= last)
        };
        number("ar", 63)
            .map(Self::Physical)
            .or_else(|| number("sr", 255).map(|n| Self::Special(n as u8)))
            .or_else(|| number("ur", 255).map(|n| Self::User(n as u8)))
            .or_else(|| number("f", 15).map(Self::Float))
            .or_else(|| number("q", 7).map(Self::Wide))
    }
}

/// A chip after power-on with this much erased flash and PSRAM.
pub fn chip(
    flash_size: usize,
    (psram_size, wiring): (usize, Wiring),
    mac: Option<[u8; 6]>,
    seed: u64,
    flash_octal: bool,
) -> PyResult<Chip> {
    check_size(flash_size, 64 << 20)?;
    if psram_size != 0 {
        check_size(psram_size, 32 << 20)?;
    }
    let mut chip = Chip::new(flash_size, psram_size, wiring);
    let dev = &mut chip.system_mut().dev;
    if let Some(mac) = mac {
        dev.efuse = Efuse::with(Fuses::module(mac, (0, 2), InPackage::of(psram_size)));
    }
    dev.rng.seed(seed);
    chip.system_mut().set_octal_flash(flash_octal);
    Ok(chip)
}

/// As Python gets it.
fn stopped(stop: Stop) -> Stopped {
    match stop {
        Stop::Time => ("time", -1, -1, String::new()),
        Stop::Text { key, console } => ("text", i64::from(key), console as i64, String::new()),
        Stop::Intercept { core, pc } => ("intercept", i64::from(pc), core as i64, String::new()),
        Stop::Breakpoint { core, pc } => ("breakpoint", i64::from(pc), core as i64, String::new()),
        Stop::Watchpoint { core, addr } => ("watchpoint", i64::from(addr), core as i64, String::new()),
        Stop::Reset(reason) => ("reset", -1, -1, format!("{reason:?}")),
        Stop::Stopped { core, report } => ("lockup", -1, core as i64, report),
        Stop::Stepped { core } => ("step", -1, core as i64, String::new()),
    }
}

impl Machine for Chip {
    common!(Core);

    fn pin_range(&self) -> (u8, &'static str) {
        (49, "the ESP32-S3 has GPIO0 to GPIO48")
    }

    /// The CHIP_PU pin. Straps are sampled by it, so what parts drive at this moment comes first.
    fn reset(&mut self) {
        self.system_mut().stimulus();
        self.system_mut().dev.fabric.request(Request::Restart(Reason::PowerOn));
    }

    fn use_rom(&mut self, image: &[u8]) -> Result<(), String> {
        let image = if image.starts_with(b"\x7FELF") {
            Image::elf(image)
        } else {
            let (instructions, data) = image.split_at(image.len().min(ROM_I));
            Image::raw(instructions, data)
        };
        let image = image.map_err(|error| error.to_string())?;
        self.system_mut().set_rom(Arc::new(Rom::real(image)));
        Chip::memory_changed(self);
        Ok(())
    }

    fn start_at(&mut self, entry: u32) {
        self.cores_mut()[0].pc = entry;
    }

    fn registers(&self, core: usize) -> Option<Vec<(String, u32)>> {
        let core = self.cores().get(core)?;
        let mut all = vec![("pc".to_owned(), core.pc), ("ps".to_owned(), core.ps()), ("sp".to_owned(), core.a(1))];
        all.extend((0..16).map(|number| (format!("a{number}"), core.a(number))));
        Some(all)
    }

    fn register(&mut self, core: usize, name: &str) -> Option<u128> {
        let core = self.cores_mut().get_mut(core)?;
        let narrow = match Name::of(name)? {
            Name::Pc => Some(core.pc),
            Name::Physical(n) => Some(core.physical_registers()[n]),
            Name::Special(n) => core.special(n),
            Name::User(n) => core.user(n),
            Name::Float(n) => Some(core.fpu.fr[n]),
            Name::Wide(n) => return Some(core.pie.q[n]),
        };
        narrow.map(u128::from)
    }

    fn set_register(&mut self, core: usize, name: &str, value: u128) -> bool {
        let (Some(core), Some(name)) = (self.cores_mut().get_mut(core), Name::of(name)) else { return false };
        let word = value as u32;
        match name {
            Name::Pc => core.pc = word,
            Name::Physical(n) => core.set_physical_register(n, word),
            Name::Special(n) => return core.set_special(n, word),
            Name::User(n) => return core.set_user(n, word),
            Name::Float(n) => core.fpu.fr[n] = word,
            Name::Wide(n) => core.pie.q[n] = value,
        }
        true
    }

    fn callers(&self, core: usize) -> Vec<(u32, u32)> {
        self.cores().get(core).map(Core::callers).unwrap_or_default()
    }

    fn arguments(&mut self, core: usize) -> (Vec<u32>, u32, u32) {
        let (cores, system) = self.parts_mut();
        let (words, stack) = cores[core].arguments(&mut Ram(system));
        (words.to_vec(), stack, cores[core].return_address(&mut Ram(system)))
    }

    fn return_at_once(&mut self, core: usize, low: u32, high: Option<u32>) {
        let (cores, system) = self.parts_mut();
        cores[core].return_at_once(&mut Ram(system), low, high);
    }

    fn rom_function(&self, name: &str) -> Option<u32> {
        names::address(name).filter(|addr| names::function_at(*addr).is_some_and(|(_, found)| found == name))
    }

    fn join(&mut self, first: u8, second: u8) {
        let fabric = &mut self.system_mut().dev.fabric;
        let now = fabric.now();
        fabric.pins.join(first, second, now);
        fabric.levels_changed(now);
    }

    fn femtofarads_mut(&mut self) -> &mut [u32] {
        &mut self.system_mut().dev.fabric.femtofarads
    }

    fn usb_host(&self) -> (&Host, bool) {
        let usb = &self.system().dev.usb_otg;
        (usb.host(), usb.vbus())
    }

    fn fuses(&mut self, others: Option<&[u32]>) -> Option<Vec<u32>> {
        let dev = &mut self.system_mut().dev;
        if let Some(words) = others {
            dev.efuse = Efuse::with(Fuses::from_words(words));
            dev.efuse.reset(&mut dev.fabric);
        }
        Some(dev.efuse.fuses().words().to_vec())
    }

    fn usb_fixed_device(&self) -> Option<FixedDevice> {
        let dev = &self.system().dev;
        dev.usb_serial_jtag.is_connected(&dev.fabric).then(|| FixedDevice {
            descriptor: usb_serial_jtag::DEVICE_DESCRIPTOR,
            manufacturer: usb_serial_jtag::MANUFACTURER,
            product: usb_serial_jtag::PRODUCT,
            serial: usb_serial_jtag::serial_number(dev.efuse.fuses().mac()),
        })
    }

    fn usb_host_mut(&mut self) -> &mut Host {
        self.system_mut().dev.usb_otg.host_mut()
    }

    fn usb_act(&mut self, action: UsbAction<'_>) -> bool {
        let dev = &mut self.system_mut().dev;
        let (usb, fabric) = (&mut dev.usb_otg, &mut dev.fabric);
        match action {
            UsbAction::Plug(on) => usb.set_vbus(on, fabric),
            UsbAction::Sleep(true) => usb.suspend(fabric),
            UsbAction::Sleep(false) => usb.wake_up(fabric),
            UsbAction::Send(endpoint, data) => return usb.send(endpoint, data, fabric),
            UsbAction::Ask(setup, data) => return usb.ask(setup, data, fabric),
            UsbAction::Lines(dtr, rts) => return dev.usb_serial_jtag.control_lines(dtr, rts, fabric),
        }
        true
    }

    fn attach_ethernet(&mut self) -> Option<PortId> {
        let fabric = &mut self.system_mut().dev.fabric;
        fabric.ethernet.connected = true;
        fabric.ethernet.port = Some(fabric.pins.attach_cable());
        fabric.ethernet.port
    }

    fn send_frame(&mut self, frame: &[u8]) {
        self.system_mut().dev.fabric.receive_ethernet(frame);
    }

    fn plug_ethernet(&mut self, on: bool) {
        self.system_mut().dev.fabric.ethernet.connected = on;
    }

    fn brown_out(&mut self) -> bool {
        let dev = &mut self.system_mut().dev;
        dev.rtc_cntl.brown_out(&mut dev.fabric);
        true
    }

    fn freeze(&mut self) -> Frozen {
        Frozen::Esp32s3(Box::new(self.snapshot()))
    }
}
