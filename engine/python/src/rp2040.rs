//! The RP2040 as Python's class sees it.

use crate::machine::{check_size, common, Frozen, Machine, Stopped, UsbAction};
use ::rp2040::chip::{Chip, Stop};
use ::rp2040::fabric::{Reason, Request};
use ::rp2040::system::System;
use armv6m::call::{Words, RETURN_ADDRESS};
use armv6m::Core;
use bridge::server::{Served, Server};
use engine_core::console::Consoles;
use engine_core::flash::FlashChip;
use engine_core::gaps::Gaps;
use engine_core::memory::Memory;
use engine_core::pins::Pins;
use engine_core::time::Ps;
use engine_core::usb_host::Host;
use pyo3::PyResult;
use std::sync::atomic::AtomicBool;

/// Memory as the calls of a processor use it.
struct Ram<'a>(&'a mut System);

impl Words for Ram<'_> {
    fn byte(&mut self, addr: u32) -> Option<u8> {
        self.0.debug_read8(addr)
    }

    fn set_byte(&mut self, addr: u32, value: u8) -> bool {
        self.0.debug_write8(addr, value)
    }
}

/// A chip after power-on with this much erased flash.
pub fn chip(flash_size: usize) -> PyResult<Chip> {
    check_size(flash_size, 16 << 20)?;
    Ok(Chip::new(flash_size))
}

/// As Python gets it.
fn stopped(stop: Stop) -> Stopped {
    match stop {
        Stop::Time => ("time", -1, -1, String::new()),
        Stop::Text { key, console } => ("text", i64::from(key), console as i64, String::new()),
        Stop::Intercept { core, pc } => ("intercept", i64::from(pc), core as i64, String::new()),
        Stop::Breakpoint { core, pc } => ("breakpoint", i64::from(pc), core as i64, String::new()),
        Stop::Reset(reason) => ("reset", -1, -1, format!("{reason:?}")),
        Stop::Lockup { core, report } => ("lockup", -1, core as i64, format!("core {core} is {report}")),
        Stop::UsbBoot(why) => ("usb boot", -1, -1, why),
        Stop::Stepped { core } => ("step", -1, core as i64, String::new()),
        Stop::Watchpoint { core, addr } => ("watchpoint", i64::from(addr), core as i64, String::new()),
    }
}

impl Machine for Chip {
    common!(Core);

    fn pin_range(&self) -> (u8, &'static str) {
        // GPIO0 to GPIO29, and the six pins of the QSPI bank behind them.
        (36, "the RP2040 has GPIO0 to GPIO29")
    }

    /// The RUN pin.
    fn reset(&mut self) {
        self.system_mut().dev.fabric.request(Request::Restart(Reason::RunPin));
    }

    fn use_rom(&mut self, image: &[u8]) -> Result<(), String> {
        Chip::use_rom(self, image)
    }

    fn start_at(&mut self, entry: u32) {
        Chip::start_at(self, entry);
    }

    fn registers(&self, core: usize) -> Option<Vec<(String, u32)>> {
        let core = self.cores().get(core)?;
        let name = |number: usize| match number {
            13 => "sp".to_owned(),
            14 => "lr".to_owned(),
            15 => "pc".to_owned(),
            n => format!("r{n}"),
        };
        let mut all: Vec<_> = core.regs.iter().enumerate().map(|(number, value)| (name(number), *value)).collect();
        all.push(("xpsr".to_owned(), core.xpsr()));
        all.push(("msp".to_owned(), core.msp()));
        all.push(("psp".to_owned(), core.psp()));
        all.push(("primask".to_owned(), core.primask()));
        all.push(("control".to_owned(), core.control()));
        Some(all)
    }

    fn register(&mut self, core: usize, name: &str) -> Option<u128> {
        self.cores().get(core)?.register(name).map(u128::from)
    }

    fn set_register(&mut self, core: usize, name: &str, value: u128) -> bool {
        self.cores_mut().get_mut(core).is_some_and(|core| core.set_register(name, value as u32))
    }

    fn callers(&self, _core: usize) -> Vec<(u32, u32)> {
        Vec::new()
    }

    fn arguments(&mut self, core: usize) -> (Vec<u32>, u32, u32) {
        let (words, stack) = self.cores()[core].arguments();
        (words.to_vec(), stack, self.cores()[core].regs[14] & !1)
    }

    fn return_at_once(&mut self, core: usize, low: u32, high: Option<u32>) {
        self.cores_mut()[core].return_at_once(low, high);
    }

    fn join(&mut self, first: u8, second: u8) {
        let fabric = &mut self.system_mut().dev.fabric;
        let now = fabric.now();
        fabric.pins.join(first, second, now);
        fabric.inputs_changed();
    }

    fn femtofarads_mut(&mut self) -> &mut [u32] {
        &mut []
    }

    fn usb_host(&self) -> (&Host, bool) {
        let usb = &self.system().dev.usb;
        (usb.host(), usb.vbus())
    }

    fn usb_host_mut(&mut self) -> &mut Host {
        self.system_mut().dev.usb.host_mut()
    }

    fn usb_act(&mut self, action: UsbAction<'_>) -> bool {
        let dev = &mut self.system_mut().dev;
        let (usb, fabric) = (&mut dev.usb, &mut dev.fabric);
        match action {
            UsbAction::Plug(on) => usb.set_vbus(on, fabric),
            UsbAction::Sleep(true) => usb.suspend(fabric),
            UsbAction::Sleep(false) => usb.wake_up(fabric),
            UsbAction::Send(endpoint, data) => return usb.send(endpoint, data, fabric),
            UsbAction::Ask(setup, data) => return usb.ask(setup, data, fabric),
            // What DTR and RTS do is the firmware's.
            UsbAction::Lines(..) => return false,
        }
        true
    }

    fn hold_bootsel(&mut self, held: bool) -> bool {
        self.system_mut().dev.fabric.press_bootsel(held);
        true
    }

    fn freeze(&mut self) -> Frozen {
        Frozen::Rp2040(Box::new(self.snapshot()))
    }
}
