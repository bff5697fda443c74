//! What Python's class needs of a chip.

use crate::usb::FixedDevice;
use ::bridge::server::{Served, Server};
use engine_core::console::Consoles;
use engine_core::flash::FlashChip;
use engine_core::gaps::Gaps;
use engine_core::memory::Memory;
use engine_core::pins::Pins;
use engine_core::ports::PortId;
use engine_core::time::Ps;
use engine_core::usb_host::Host;
use pyo3::exceptions::PyValueError;
use pyo3::PyResult;
use serde::{Deserialize, Serialize};
use std::sync::atomic::AtomicBool;

/// What a run came back with: the kind, a number (key, PC or -1), a core or console number (or -1), and a text.
pub type Stopped = (&'static str, i64, i64, String);

/// What a person or a program does at the other end of the USB cable.
pub enum UsbAction<'a> {
    /// Plugs the cable in or out.
    Plug(bool),
    /// The host goes to sleep, or wakes up.
    Sleep(bool),
    /// Sends a packet to an OUT endpoint.
    Send(u8, &'a [u8]),
    /// Makes a request on the default pipe, with the data that goes to the device.
    Ask([u8; 8], &'a [u8]),
    /// A program at the chip's own serial port sets DTR and RTS.
    Lines(bool, bool),
}

/// Is that a size of memory chips?
pub fn check_size(size: usize, most: usize) -> PyResult<()> {
    if size.is_power_of_two() && (65_536..=most).contains(&size) {
        return Ok(());
    }
    Err(PyValueError::new_err(format!(
        "flash of {size} bytes: expected a power of two between 64 KB and {} MB",
        most >> 20
    )))
}

/// A chip at rest.
#[derive(Serialize, Deserialize)]
pub enum Frozen {
    /// An RP2040.
    Rp2040(Box<::rp2040::chip::Snapshot>),
    /// An ESP32-S3.
    Esp32s3(Box<::esp32s3::chip::Snapshot>),
}

impl Frozen {
    /// A running chip that goes on from here.
    pub fn thaw(&self) -> Box<dyn Machine> {
        match self {
            Self::Rp2040(snapshot) => Box::new(::rp2040::chip::Chip::restore(snapshot)),
            Self::Esp32s3(snapshot) => Box::new(::esp32s3::chip::Chip::restore(snapshot)),
        }
    }
}

/// A chip.
pub trait Machine: Send + Sync {
    /// One more than the number of its last pin, and a sentence that names them.
    fn pin_range(&self) -> (u8, &'static str);
    /// The present moment.
    fn now(&self) -> Ps;
    /// Runs until `until` at the latest. `on`: when it gets there it will go on, so batches are not handed out yet.
    fn run(&mut self, until: Ps, on: bool) -> Stopped;
    /// Batches are handed out.
    fn hand_out(&mut self);
    /// Somebody pulls the reset pin.
    fn reset(&mut self);
    /// How far one processor may run ahead of the other.
    fn set_slice(&mut self, cycles: u64);
    /// A real boot ROM from now on.
    fn use_rom(&mut self, image: &[u8]) -> Result<(), String>;
    /// Processor 0 starts here.
    fn start_at(&mut self, entry: u32);
    /// The flash cells.
    fn flash_mut(&mut self) -> &mut Memory;
    /// The flash chip itself.
    fn flash_chip_mut(&mut self) -> &mut FlashChip;
    /// The words of the fuses, after others were put in, where the chip is not started yet. `None`: the chip has none.
    fn fuses(&mut self, _others: Option<&[u32]>) -> Option<Vec<u32>> {
        None
    }
    /// Memory was changed from outside.
    fn memory_changed(&mut self);
    /// A byte as a debugger sees it.
    fn debug_read8(&mut self, addr: u32) -> Option<u8>;
    /// A debugger writes a byte.
    fn debug_write8(&mut self, addr: u32, value: u8) -> bool;
    /// The registers of a processor.
    fn registers(&self, core: usize) -> Option<Vec<(String, u32)>>;
    /// Return address and stack pointer of the callers whose frames are in registers, the nearest first.
    fn callers(&self, core: usize) -> Vec<(u32, u32)>;
    /// Instructions executed by each processor.
    fn instructions(&self) -> Vec<u64>;
    /// Does a processor sleep?
    fn is_sleeping(&self, core: usize) -> bool;
    /// The rate of the processors in Hz.
    fn cpu_clock(&self) -> u64;
    /// The pins.
    fn pins(&self) -> &Pins;
    /// The pins.
    fn pins_mut(&mut self) -> &mut Pins;
    /// A wire between two pins.
    fn join(&mut self, first: u8, second: u8);
    /// The consoles.
    fn consoles(&self) -> &Consoles;
    /// The consoles.
    fn consoles_mut(&mut self) -> &mut Consoles;
    /// Voltages on the ADC's inputs.
    fn microvolts_mut(&mut self) -> &mut [u32];
    /// Capacitances at the touch sensor's pads, by GPIO number; none where the chip has no touch sensor.
    fn femtofarads_mut(&mut self) -> &mut [u32];
    /// The die temperature.
    fn millicelsius(&self) -> i32;
    /// The die temperature.
    fn millicelsius_mut(&mut self) -> &mut i32;
    /// What was touched that is not modelled.
    fn gaps(&self) -> &Gaps;
    /// What was touched that is not modelled.
    fn gaps_mut(&mut self) -> &mut Gaps;
    /// The same in the processors: core, name, count.
    fn core_gaps(&self) -> Vec<(usize, String, u64)>;
    /// The USB host at the chip's port, and whether the cable is plugged in.
    fn usb_host(&self) -> (&Host, bool);
    /// That host.
    fn usb_host_mut(&mut self) -> &mut Host;
    /// The chip's own device, where the host sees that one instead of what firmware offers.
    fn usb_fixed_device(&self) -> Option<FixedDevice> {
        None
    }
    /// Something is done at the other end of the cable. False: that cannot be done.
    fn usb_act(&mut self, action: UsbAction<'_>) -> bool;
    /// Somebody holds the BOOTSEL button down, or lets go. False: there is none.
    fn hold_bootsel(&mut self, _held: bool) -> bool {
        false
    }
    /// A part at the other end of the Ethernet cable. `None`: the chip has no Ethernet.
    fn attach_ethernet(&mut self) -> Option<PortId> {
        None
    }
    /// That part sends a frame to the chip.
    fn send_frame(&mut self, _frame: &[u8]) {}
    /// The Ethernet cable is plugged in or out.
    fn plug_ethernet(&mut self, _on: bool) {}
    /// The supply drops below the brown-out threshold, and comes back. False: the chip does not model it.
    fn brown_out(&mut self) -> bool {
        false
    }
    /// The run stops before this instruction.
    fn set_breakpoint(&mut self, addr: u32);
    /// It does not any more.
    fn clear_breakpoint(&mut self, addr: u32) -> bool;
    /// The run stops before an instruction that loads from or stores to these bytes, or does not any more. False: it did not.
    fn watch(&mut self, on: bool, addr: u32, bytes: u32, loads: bool, stores: bool) -> bool;
    /// Runs until a processor has executed one instruction, or until `until` at the latest.
    fn step(&mut self, core: usize, until: Ps) -> Stopped;
    /// A register of a processor by a debugger's name; `None`: there is none.
    fn register(&mut self, core: usize, name: &str) -> Option<u128>;
    /// A debugger writes one. False: there is none, or it cannot be written.
    fn set_register(&mut self, core: usize, name: &str, value: u128) -> bool;
    /// The run stops before the first instruction of a function that somebody stands in for, or does not any more.
    fn intercept(&mut self, addr: u32, on: bool);
    /// Of the function that a processor is about to enter: the words of arguments in registers, where the others lie, and
    /// where it returns to.
    fn arguments(&mut self, core: usize) -> (Vec<u32>, u32, u32);
    /// That function returns at once.
    fn return_at_once(&mut self, core: usize, low: u32, high: Option<u32>);
    /// What a processor runs calls a function, on its own stack or below another; the frame's address, or why it cannot be.
    fn call(&mut self, core: usize, function: u32, words: &[u32], stack: Option<u32>) -> Result<u32, &'static str>;
    /// A function called so has come back: its frame, and two words of result.
    fn end_call(&mut self, core: usize) -> Result<(u32, u32, u32), &'static str>;
    /// Where functions called so come back to.
    fn return_address(&self) -> u32;
    /// Does a processor execute, or wait for an interrupt?
    fn is_running(&self, core: usize) -> bool;
    /// Does a processor run a program that interrupts can reach, outside of handlers?
    fn is_interruptible(&self, core: usize) -> bool;
    /// The cycle that a processor has reached, as a moment.
    fn core_time(&self, core: usize) -> Ps;
    /// A processor stands still for so many of its cycles.
    fn spend(&mut self, core: usize, cycles: u64);
    /// Where a function of the mask ROM lies.
    fn rom_function(&self, _name: &str) -> Option<u32> {
        None
    }
    /// A picture of everything.
    fn freeze(&mut self) -> Frozen;
    /// Serves another emulator's processors until `until` at the latest.
    fn serve(&mut self, server: &mut Server, until: Ps, called_back: &AtomicBool) -> Served<Stopped>;
}

/// What every chip spells alike.
macro_rules! common {
    ($core:ty) => {
        fn now(&self) -> Ps {
            Chip::now(self)
        }

        fn set_slice(&mut self, cycles: u64) {
            Chip::set_slice(self, cycles);
        }

        fn flash_mut(&mut self) -> &mut Memory {
            &mut self.system_mut().mem.flash
        }

        fn flash_chip_mut(&mut self) -> &mut FlashChip {
            &mut self.system_mut().dev.flash_chip
        }

        fn memory_changed(&mut self) {
            Chip::memory_changed(self);
        }

        fn debug_read8(&mut self, addr: u32) -> Option<u8> {
            self.system_mut().debug_read8(addr)
        }

        fn debug_write8(&mut self, addr: u32, value: u8) -> bool {
            self.system_mut().debug_write8(addr, value)
        }

        fn instructions(&self) -> Vec<u64> {
            self.cores().iter().map(|core| core.instructions).collect()
        }

        fn is_sleeping(&self, core: usize) -> bool {
            self.cores().get(core).is_some_and(|core| core.sleeping)
        }

        fn cpu_clock(&self) -> u64 {
            self.system().dev.fabric.clock.rate().round()
        }

        fn pins(&self) -> &Pins {
            &self.system().dev.fabric.pins
        }

        fn pins_mut(&mut self) -> &mut Pins {
            &mut self.system_mut().dev.fabric.pins
        }

        fn consoles(&self) -> &Consoles {
            &self.system().dev.fabric.consoles
        }

        fn consoles_mut(&mut self) -> &mut Consoles {
            &mut self.system_mut().dev.fabric.consoles
        }

        fn microvolts_mut(&mut self) -> &mut [u32] {
            &mut self.system_mut().dev.fabric.microvolts
        }

        fn millicelsius(&self) -> i32 {
            self.system().dev.fabric.millicelsius
        }

        fn millicelsius_mut(&mut self) -> &mut i32 {
            &mut self.system_mut().dev.fabric.millicelsius
        }

        fn gaps(&self) -> &Gaps {
            &self.system().dev.fabric.gaps
        }

        fn gaps_mut(&mut self) -> &mut Gaps {
            &mut self.system_mut().dev.fabric.gaps
        }

        fn core_gaps(&self) -> Vec<(usize, String, u64)> {
            let of = |(number, core): (usize, &$core)| -> Vec<(usize, String, u64)> {
                core.unimplemented().iter().map(|(name, count)| (number, name.to_string(), *count)).collect()
            };
            self.cores().iter().enumerate().flat_map(of).collect()
        }

        fn intercept(&mut self, addr: u32, on: bool) {
            Chip::intercept(self, addr, on);
        }

        fn hand_out(&mut self) {
            Chip::hand_out(self);
        }

        fn is_running(&self, core: usize) -> bool {
            Chip::is_running(self, core)
        }

        fn is_interruptible(&self, core: usize) -> bool {
            Chip::is_running(self, core) && self.cores()[core].is_interruptible()
        }

        fn core_time(&self, core: usize) -> Ps {
            self.system().dev.fabric.clock.ps_at(self.cores()[core].cycle)
        }

        fn spend(&mut self, core: usize, cycles: u64) {
            self.cores_mut()[core].cycle += cycles;
        }

        fn set_breakpoint(&mut self, addr: u32) {
            self.code_mut().set_breakpoint(addr);
        }

        fn clear_breakpoint(&mut self, addr: u32) -> bool {
            Chip::clear_breakpoint(self, addr)
        }

        fn watch(&mut self, on: bool, addr: u32, bytes: u32, loads: bool, stores: bool) -> bool {
            if !on {
                return self.code_mut().clear_watchpoint(addr, bytes, loads, stores);
            }
            self.code_mut().set_watchpoint(addr, bytes, loads, stores);
            true
        }

        fn run(&mut self, until: Ps, on: bool) -> Stopped {
            let stop = Chip::run_on(self, until);
            if !on || stop != Stop::Time {
                Chip::hand_out(self);
            }
            stopped(stop)
        }

        fn step(&mut self, core: usize, until: Ps) -> Stopped {
            stopped(Chip::step(self, core, until))
        }

        fn call(&mut self, core: usize, function: u32, words: &[u32], stack: Option<u32>) -> Result<u32, &'static str> {
            let (cores, system) = self.parts_mut();
            if cores[core].sleeping {
                // It sleeps since a while, and wakes now.
                cores[core].sleep_until(system.dev.fabric.cycle);
            }
            cores[core].call(&mut Ram(system), function, words, stack)
        }

        fn end_call(&mut self, core: usize) -> Result<(u32, u32, u32), &'static str> {
            let (cores, system) = self.parts_mut();
            let done = cores[core].end_call(&mut Ram(system))?;
            Ok((done.frame, done.result[0], done.result[1]))
        }

        fn return_address(&self) -> u32 {
            RETURN_ADDRESS
        }

        fn serve(&mut self, server: &mut Server, until: Ps, called_back: &AtomicBool) -> Served<Stopped> {
            match server.serve(self, until, called_back) {
                Served::Time => Served::Time,
                Served::Stop(stop) => Served::Stop(stopped(stop)),
                Served::CalledBack => Served::CalledBack,
                Served::Bye => Served::Bye,
                Served::Lost(why) => Served::Lost(why),
            }
        }
    };
}
pub(crate) use common;
