//! A chip for Python: one class for all of them.

use crate::bridge::Bridge;
use crate::machine::{Machine, Stopped, UsbAction};
use crate::outside::{i2s_clock, Inbox, PythonOutside, Target};
use crate::snapshot::Snapshot;
use crate::{usb, wires};
use engine_core::console::Line;
use engine_core::i2c::I2cWire;
use engine_core::i2s::I2sFormat;
use engine_core::pins::Drive;
use engine_core::time::Ps;
use esp32s3::spi_mem::psram::Wiring;
use pyo3::exceptions::PyValueError;
use pyo3::gc::{PyTraverseError, PyVisit};
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict};

/// A chip with its flash, and PSRAM where it has any.
#[pyclass(module = "twins._engine")]
pub struct Engine {
    chip: Box<dyn Machine>,
    inbox: Inbox,
    outside: Target,
}

impl Engine {
    fn of(chip: impl Machine + 'static) -> Self {
        Self { chip: Box::new(chip), inbox: Inbox::default(), outside: Target::default() }
    }

    fn pin(&self, number: u8) -> PyResult<u8> {
        wires::pin(self.chip.pin_range(), number)
    }
}

#[pymethods]
impl Engine {
    /// An RP2040 after power-on with this much erased flash.
    #[staticmethod]
    fn rp2040(flash_size: usize) -> PyResult<Self> {
        Ok(Self::of(crate::rp2040::chip(flash_size)?))
    }

    /// An ESP32-S3 after power-on with this much erased flash and PSRAM, each on four or eight lines, and this MAC address.
    #[staticmethod]
    #[pyo3(signature = (flash_size, psram_size, octal, mac, seed, flash_octal = false))]
    fn esp32s3(
        flash_size: usize,
        psram_size: usize,
        octal: bool,
        mac: Option<[u8; 6]>,
        seed: u64,
        flash_octal: bool,
    ) -> PyResult<Self> {
        let wiring = if octal { Wiring::Octal } else { Wiring::Quad };
        Ok(Self::of(crate::esp32s3::chip(flash_size, (psram_size, wiring), mac, seed, flash_octal)?))
    }

    /// The present moment in ps.
    #[getter]
    fn now(&self) -> Ps {
        self.chip.now()
    }

    /// Where parts post changes while the engine runs.
    #[getter]
    fn inbox(&self) -> Inbox {
        self.inbox.clone()
    }

    /// Puts an object outside: see `PythonOutside`.
    fn set_outside(&mut self, target: Py<PyAny>) {
        self.outside = Target::new(target);
        let outside = PythonOutside { target: self.outside.clone(), inbox: self.inbox.clone() };
        self.chip.pins_mut().set_outside(Box::new(outside));
    }

    fn __traverse__(&self, visit: PyVisit<'_>) -> Result<(), PyTraverseError> {
        self.outside.traverse(&visit)
    }

    fn __clear__(&mut self) {
        self.outside.clear();
    }

    /// Runs until `until` (ps) at the latest. Raises what a handler of a part raised.
    ///
    /// Other threads of Python go on meanwhile; parts that are called take their turn among them.
    #[pyo3(signature = (until, on = false))]
    fn run(&mut self, py: Python<'_>, until: Ps, on: bool) -> PyResult<Stopped> {
        let chip = &mut self.chip;
        let stop = py.detach(|| chip.run(until, on));
        match self.inbox.take_error() {
            Some(error) => Err(error),
            None => Ok(stop),
        }
    }

    /// Another emulator's processors run the chip, from the other end of a bridge, until `until` (ps) at the latest.
    ///
    /// Comes back like `run`, and with "called back", "bye", or "lost" and why. A request may be half done when it comes
    /// back: it goes on with the next call.
    #[pyo3(signature = (bridge, until, on = false))]
    fn serve(&mut self, py: Python<'_>, bridge: &Bound<'_, Bridge>, until: Ps, on: bool) -> PyResult<Stopped> {
        let (chip, bridge) = (&mut *self.chip, bridge.get());
        let stop = py.detach(|| bridge.serve(chip, until, on));
        self.inbox.take_error().map_or(Ok(stop), Err)
    }

    /// What parts get in batches and has been gathered so far goes to them.
    fn hand_out(&mut self) -> PyResult<()> {
        self.chip.hand_out();
        self.inbox.take_error().map_or(Ok(()), Err)
    }

    /// Somebody pulls the RUN pin low and lets go: the chip is reset when the run goes on.
    fn reset(&mut self) {
        self.chip.reset();
    }

    /// Stops the run at the latest every so many cycles of one core ahead of the other.
    fn set_slice(&mut self, cycles: u64) {
        self.chip.set_slice(cycles);
    }

    /// Runs a real boot ROM image instead of the one at function level.
    fn use_rom(&mut self, image: &[u8]) -> PyResult<()> {
        self.chip.use_rom(image).map_err(PyValueError::new_err)
    }

    /// Core 0 starts at `entry` instead of in the ROM, as a debugger does with an image in RAM.
    fn start_at(&mut self, entry: u32) {
        self.chip.start_at(entry);
    }

    /// Writes into the flash cells at an offset, as a programmer would.
    fn write_flash(&mut self, offset: usize, data: &[u8]) -> PyResult<()> {
        let flash = self.chip.flash_mut();
        if offset + data.len() > flash.size() {
            return Err(PyValueError::new_err(format!(
                "{} bytes at flash offset 0x{offset:X} do not fit into {} bytes of flash",
                data.len(),
                flash.size()
            )));
        }
        let _ = flash.write(offset, data);
        self.chip.memory_changed();
        Ok(())
    }

    /// What the flash chip answers to Read Unique ID.
    #[getter]
    fn unique_id<'py>(&mut self, py: Python<'py>) -> Bound<'py, PyBytes> {
        PyBytes::new(py, &self.chip.flash_chip_mut().unique_id())
    }

    /// What the flash chip answers to Read Unique ID.
    #[setter]
    fn set_unique_id(&mut self, id: [u8; 8]) {
        self.chip.flash_chip_mut().set_unique_id(id);
    }

    /// The words of the chip's fuses, from EFUSE's RD_WR_DIS on; others in their place. `None` where it has none.
    #[pyo3(signature = (others = None))]
    fn fuses(&mut self, others: Option<Vec<u32>>) -> Option<Vec<u32>> {
        self.chip.fuses(others.as_deref())
    }

    /// The flash cells.
    fn read_flash<'py>(&mut self, py: Python<'py>) -> Bound<'py, PyBytes> {
        PyBytes::new(py, self.chip.flash_mut().bytes())
    }

    /// Memory as a debugger sees it: no side effects. Unmapped and register addresses read as None.
    fn read<'py>(&mut self, py: Python<'py>, address: u32, count: u32) -> Option<Bound<'py, PyBytes>> {
        let chip = &mut self.chip;
        // Memory may be at the other end of a bridge.
        let bytes: Option<Vec<u8>> =
            py.detach(|| (0..count).map(|n| chip.debug_read8(address.wrapping_add(n))).collect());
        bytes.map(|bytes| PyBytes::new(py, &bytes))
    }

    /// Writes SRAM as a debugger does. False: not SRAM.
    fn write(&mut self, address: u32, data: &[u8]) -> bool {
        // At the other end of a bridge it is written with the next answer, so nobody is waited for.
        (0u32..).zip(data).all(|(n, byte)| self.chip.debug_write8(address.wrapping_add(n), *byte))
    }

    /// Return address and stack pointer of the callers of what a core runs, as far as its registers hold them.
    fn callers(&self, core: usize) -> Vec<(u32, u32)> {
        self.chip.callers(core)
    }

    /// The registers of a core by name.
    fn registers<'py>(&self, py: Python<'py>, core: usize) -> PyResult<Bound<'py, PyDict>> {
        let known = self.chip.registers(core).ok_or_else(|| PyValueError::new_err("there are cores 0 and 1"))?;
        let registers = PyDict::new(py);
        for (name, value) in known {
            registers.set_item(name, value)?;
        }
        Ok(registers)
    }

    /// Instructions executed by each core.
    #[getter]
    fn instructions(&self) -> Vec<u64> {
        self.chip.instructions()
    }

    /// Is the core asleep (WFI, WFE)?
    fn is_sleeping(&self, core: usize) -> bool {
        self.chip.is_sleeping(core)
    }

    /// The rate of the processors in Hz.
    #[getter]
    fn cpu_clock(&self) -> u64 {
        self.chip.cpu_clock()
    }

    /// The levels of all pins, a bit each.
    #[getter]
    fn pins(&self) -> u64 {
        self.chip.pins().level()
    }

    /// The pins that the chip drives, a bit each.
    #[getter]
    fn driven(&self) -> u64 {
        self.chip.pins().driven()
    }

    /// Pins that chip and parts have driven against each other, a bit each.
    #[getter]
    fn contention(&self) -> u64 {
        self.chip.pins().contention()
    }

    /// A part drives a pin from `at` (ps) on; None lets go.
    fn drive(&mut self, pin: u8, level: Option<bool>, at: Ps) -> PyResult<()> {
        let drive = Drive { pin: self.pin(pin)?, level };
        self.chip.pins_mut().drive_later(drive, at);
        Ok(())
    }

    /// A part drives a pin with a series of levels at times in ps.
    fn drive_series(&mut self, pin: u8, at: Vec<Ps>, level: Vec<bool>) -> PyResult<()> {
        let pin = self.pin(pin)?;
        for (at, level) in at.into_iter().zip(level) {
            self.chip.pins_mut().drive_later(Drive { pin, level: Some(level) }, at);
        }
        Ok(())
    }

    /// A wire between two pins: low wins.
    fn join(&mut self, first: u8, second: u8) -> PyResult<()> {
        let (first, second) = (self.pin(first)?, self.pin(second)?);
        self.chip.join(first, second);
        Ok(())
    }

    /// A voltage on an ADC input, in microvolts: inputs 0 to 3 of the RP2040, by GPIO number on the ESP32-S3.
    fn set_microvolts(&mut self, channel: usize, microvolts: u32) -> PyResult<()> {
        let input =
            self.chip.microvolts_mut().get_mut(channel).ok_or_else(|| PyValueError::new_err("no such ADC input"))?;
        *input = microvolts;
        Ok(())
    }

    /// The capacitance at a pad of the touch sensor, in femtofarads, by GPIO number.
    fn set_femtofarads(&mut self, pin: usize, femtofarads: u32) -> PyResult<()> {
        let pads = self.chip.femtofarads_mut();
        *pads.get_mut(pin).ok_or_else(|| PyValueError::new_err("no such touch pad"))? = femtofarads;
        Ok(())
    }

    /// The die temperature in thousandths of a degree Celsius.
    #[getter]
    fn millicelsius(&self) -> i32 {
        self.chip.millicelsius()
    }

    /// The die temperature in thousandths of a degree Celsius.
    #[setter]
    fn set_millicelsius(&mut self, value: i32) {
        *self.chip.millicelsius_mut() = value;
    }

    /// An SPI target; `answers` is None for never, a list of commands, or the empty list for every byte.
    #[pyo3(signature = (sck, mosi, miso, cs, dc, answers, falling))]
    #[allow(clippy::too_many_arguments)]
    fn attach_spi(
        &mut self,
        sck: u8,
        mosi: u8,
        miso: Option<u8>,
        cs: Option<u8>,
        dc: Option<u8>,
        answers: Option<Vec<u8>>,
        falling: bool,
    ) -> PyResult<u32> {
        let wire = wires::spi(self.chip.pin_range(), (sck, mosi, miso, cs, dc), answers, falling)?;
        Ok(self.chip.pins_mut().attach_spi(wire))
    }

    /// An I2C target with these addresses.
    fn attach_i2c(&mut self, sda: u8, scl: u8, addresses: Vec<u16>) -> PyResult<u32> {
        let wire = I2cWire::new(self.pin(sda)?, self.pin(scl)?, addresses);
        Ok(self.chip.pins_mut().attach_i2c(wire))
    }

    /// A parallel target; `data` is 8 or 16 pins from bit 0.
    #[pyo3(signature = (data, wr, cs, dc, falling))]
    fn attach_parallel(
        &mut self,
        data: Vec<u8>,
        wr: u8,
        cs: Option<u8>,
        dc: Option<u8>,
        falling: bool,
    ) -> PyResult<u32> {
        let wire = wires::parallel(self.chip.pin_range(), data, (wr, cs, dc), falling)?;
        Ok(self.chip.pins_mut().attach_parallel(wire))
    }

    /// An SD card on these pins; `dat` is DAT0 to DAT3.
    fn attach_sd(&mut self, clk: u8, cmd: u8, dat: [Option<u8>; 4]) -> PyResult<u32> {
        let lines = wires::sd(self.chip.pin_range(), clk, cmd, dat)?;
        Ok(self.chip.pins_mut().attach_sd(lines))
    }

    /// A part at the other end of the Ethernet cable.
    fn attach_ethernet(&mut self) -> PyResult<u32> {
        let none = || PyValueError::new_err("this chip has no Ethernet");
        self.chip.attach_ethernet().ok_or_else(none)
    }

    /// That part sends a frame to the chip, from the destination's address on, without its checksum.
    fn send_frame(&mut self, frame: &[u8]) {
        self.chip.send_frame(frame);
    }

    /// The Ethernet cable is plugged in or out.
    fn plug_ethernet(&mut self, on: bool) {
        self.chip.plug_ethernet(on);
    }

    /// The supply drops below the brown-out threshold, and comes back. False: the chip does not model it.
    fn brown_out(&mut self) -> bool {
        self.chip.brown_out()
    }

    /// An audio part on an I2S wire: it hears `din` and says `dout`. Two slots follow the levels of WS; else it is TDM.
    #[pyo3(signature = (bclk, ws, din, dout, slots, slot_bits, delay))]
    #[allow(clippy::too_many_arguments)]
    fn attach_i2s(
        &mut self,
        bclk: u8,
        ws: u8,
        din: Option<u8>,
        dout: Option<u8>,
        slots: u8,
        slot_bits: u8,
        delay: bool,
    ) -> PyResult<u32> {
        let wire = wires::i2s(self.chip.pin_range(), (bclk, ws, din, dout), I2sFormat { slots, slot_bits, delay })?;
        Ok(self.chip.pins_mut().attach_i2s(wire))
    }

    /// An audio part on a PDM wire: it hears `din` in both channels and says `dout` in those where it drives.
    #[pyo3(signature = (clk, din, dout, left, right))]
    fn attach_pdm(&mut self, clk: u8, din: Option<u8>, dout: Option<u8>, left: bool, right: bool) -> PyResult<u32> {
        let wire = wires::pdm(self.chip.pin_range(), clk, din, dout, [left, right])?;
        Ok(self.chip.pins_mut().attach_pdm(wire))
    }

    /// An I2S part that is the master of its wire runs its clock from `at` on, or stops it (0 frames a second).
    fn i2s_clock(&mut self, port: u32, rate: u64, slots: u8, slot_bits: u8, delay: bool, at: Ps) {
        self.chip.pins_mut().set_i2s_clock(port, i2s_clock(rate, slots, slot_bits, delay, at));
    }

    /// Each edge of a pin is handled at once.
    fn attach_edges(&mut self, pin: u8) -> PyResult<u32> {
        let pin = self.pin(pin)?;
        Ok(self.chip.pins_mut().attach_edges(pin))
    }

    /// The edges of a pin are gathered.
    fn attach_pulses(&mut self, pin: u8) -> PyResult<u32> {
        let pin = self.pin(pin)?;
        Ok(self.chip.pins_mut().attach_pulses(pin))
    }

    /// A console on UART pins, or on USB where `tx` is None: on what firmware offers, or with `jtag` on the chip's USB Serial/JTAG.
    /// Returns its number.
    #[pyo3(signature = (name, tx, rx, jtag = false))]
    fn attach_console(&mut self, name: &str, tx: Option<u8>, rx: Option<u8>, jtag: bool) -> usize {
        let usb = if jtag { Line::UsbJtag } else { Line::Usb };
        let line = tx.map_or(usb, |tx| Line::Pins { tx, rx });
        self.chip.consoles_mut().attach(name, line)
    }

    /// The names of the consoles, in the order of their numbers. The USB host adds one for each further serial port.
    #[getter]
    fn consoles(&self) -> Vec<String> {
        self.chip.consoles().names().map(str::to_owned).collect()
    }

    /// What a console showed since the last call.
    fn take_output<'py>(&mut self, py: Python<'py>, console: usize) -> Bound<'py, PyBytes> {
        PyBytes::new(py, &self.chip.consoles_mut().take_output(console))
    }

    /// Somebody types on a console.
    fn type_in(&mut self, console: usize, data: &[u8]) {
        self.chip.consoles_mut().type_in(console, data);
    }

    /// What the USB host knows: see `usb::state` for the names.
    fn usb<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        usb::state(&*self.chip, py)
    }

    /// Packets that an endpoint (0x80 for IN) sent to the USB host: time and data, oldest first.
    fn usb_reports<'py>(&self, py: Python<'py>, endpoint: u8) -> Vec<(Ps, Bound<'py, PyBytes>)> {
        usb::reports(&*self.chip, py, endpoint)
    }

    /// The USB host sends a packet to an OUT endpoint. False: there is none that is no console's.
    fn usb_send(&mut self, endpoint: u8, data: &[u8]) -> bool {
        self.chip.usb_act(UsbAction::Send(endpoint, data))
    }

    /// The USB host makes a request on the default pipe: 8 bytes of setup, and the data that goes to the device. False: no
    /// device is configured.
    fn usb_ask(&mut self, setup: [u8; 8], data: &[u8]) -> bool {
        self.chip.usb_act(UsbAction::Ask(setup, data))
    }

    /// How those requests went since the last call: the data from the device, or None for refused.
    fn usb_answers<'py>(&mut self, py: Python<'py>) -> Vec<Option<Bound<'py, PyBytes>>> {
        let answers = self.chip.usb_host_mut().take_answers();
        answers.into_iter().map(|answer| answer.map(|data| PyBytes::new(py, &data))).collect()
    }

    /// What an endpoint sent to the USB host, to whoever takes it: `usb_reports` has it no more.
    fn usb_take<'py>(&mut self, py: Python<'py>, endpoint: u8) -> Vec<Bound<'py, PyBytes>> {
        self.chip.usb_host_mut().take_reports(endpoint).iter().map(|report| PyBytes::new(py, &report.data)).collect()
    }

    /// Somebody holds the BOOTSEL button down, or lets go. False: the chip has none.
    fn hold_bootsel(&mut self, held: bool) -> bool {
        self.chip.hold_bootsel(held)
    }

    /// The USB cable is plugged in or out.
    fn usb_plug(&mut self, on: bool) {
        self.chip.usb_act(UsbAction::Plug(on));
    }

    /// A program at the port of the chip's own USB serial controller sets DTR and RTS. False: the chip has none, or no host sees it.
    fn usb_lines(&mut self, dtr: bool, rts: bool) -> bool {
        self.chip.usb_act(UsbAction::Lines(dtr, rts))
    }

    /// The USB host goes to sleep or wakes up.
    fn usb_sleep(&mut self, on: bool) {
        self.chip.usb_act(UsbAction::Sleep(on));
    }

    /// The run stops with this key when a console shows the text.
    fn watch_text(&mut self, text: &[u8], key: u32) {
        self.chip.consoles_mut().watch(text, key);
    }

    /// Nobody waits for texts any more.
    fn unwatch_texts(&mut self) {
        self.chip.consoles_mut().unwatch_all();
    }

    /// The run stops before the instruction at this address.
    fn set_breakpoint(&mut self, address: u32) {
        self.chip.set_breakpoint(address);
    }

    /// The address is no breakpoint any more. False: it was none.
    fn clear_breakpoint(&mut self, address: u32) -> bool {
        self.chip.clear_breakpoint(address)
    }

    /// The run stops before an instruction that loads from or stores to these bytes, or does not any more. False: it did not.
    fn watch(&mut self, on: bool, address: u32, count: u32, loads: bool, stores: bool) -> bool {
        self.chip.watch(on, address, count, loads, stores)
    }

    /// Runs until a core has executed one instruction ("step"), or until `until` (ps) at the latest.
    fn step(&mut self, py: Python<'_>, core: usize, until: Ps) -> PyResult<Stopped> {
        if core > 1 {
            return Err(PyValueError::new_err("there are cores 0 and 1"));
        }
        let chip = &mut self.chip;
        let stop = py.detach(|| chip.step(core, until));
        self.inbox.take_error().map_or(Ok(stop), Err)
    }

    /// A register of a core by the name that `twins.gdb` has for it; None: there is none.
    fn register(&mut self, core: usize, name: &str) -> Option<u128> {
        self.chip.register(core, name)
    }

    /// A debugger writes a register. False: there is none, or it cannot be written.
    fn set_register(&mut self, core: usize, name: &str, value: u128) -> bool {
        self.chip.set_register(core, name, value)
    }

    /// The run stops with "intercept" before the first instruction of a function, or does not any more.
    fn intercept(&mut self, address: u32, on: bool) {
        self.chip.intercept(address, on);
    }

    /// Of the function that a core is about to enter: words of arguments in registers, stack pointer, return address.
    fn arguments(&mut self, core: usize) -> (Vec<u32>, u32, u32) {
        self.chip.arguments(core)
    }

    /// That function returns at once with one word or two.
    #[pyo3(signature = (core, low, high = None))]
    fn return_at_once(&mut self, core: usize, low: u32, high: Option<u32>) {
        self.chip.return_at_once(core, low, high);
    }

    /// What a core runs calls a function, on its own stack or below another. Returns the address of the frame.
    #[pyo3(signature = (core, function, words, stack = None))]
    fn call(&mut self, core: usize, function: u32, words: Vec<u32>, stack: Option<u32>) -> PyResult<u32> {
        self.chip.call(core, function, &words, stack).map_err(PyValueError::new_err)
    }

    /// A function called so has come back to `return_address`: its frame, and two words of result.
    fn end_call(&mut self, core: usize) -> PyResult<(u32, u32, u32)> {
        self.chip.end_call(core).map_err(PyValueError::new_err)
    }

    /// Where functions called so come back to.
    #[getter]
    fn return_address(&self) -> u32 {
        self.chip.return_address()
    }

    /// Where a function of the mask ROM lies; None: not known.
    fn rom_function(&self, name: &str) -> Option<u32> {
        self.chip.rom_function(name)
    }

    /// Does a core execute, or wait for an interrupt? It does neither in reset, stalled, or in deep or light sleep.
    fn is_running(&self, core: usize) -> bool {
        self.chip.is_running(core)
    }

    /// Does a core run a program that interrupts can reach, outside of handlers?
    fn is_interruptible(&self, core: usize) -> bool {
        self.chip.is_interruptible(core)
    }

    /// The moment (ps) that a core has reached.
    fn core_time(&self, core: usize) -> Ps {
        self.chip.core_time(core)
    }

    /// A core stands still for so many of its cycles.
    fn spend(&mut self, core: usize, cycles: u64) {
        self.chip.spend(core, cycles);
    }

    /// What was touched that is not modelled: name to (count, why).
    fn unimplemented<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        let all = PyDict::new(py);
        for (name, gap) in self.chip.gaps().all() {
            all.set_item(name, (gap.count, &gap.why))?;
        }
        for (core, name, count) in self.chip.core_gaps() {
            all.set_item(format!("core {core}: {name}"), (count, "not modelled in the processor"))?;
        }
        Ok(all)
    }

    /// Sentences about gaps that were touched since the last call.
    fn take_messages(&mut self) -> Vec<String> {
        self.chip.gaps_mut().take_unsaid()
    }

    /// The hash of all that was seen from outside.
    fn trace_sha256(&self) -> String {
        self.chip.pins().trace.sha256()
    }

    /// Keeps every change of a pin for `take_log`.
    fn keep_log(&mut self, on: bool) {
        self.chip.pins_mut().keep_log(on);
    }

    /// The changes since the last call: times (uint64, ps) and levels (uint64, a bit a pin) as bytes.
    fn take_log<'py>(&mut self, py: Python<'py>) -> (Bound<'py, PyBytes>, Bound<'py, PyBytes>) {
        let log = self.chip.pins_mut().take_log();
        let at: Vec<u8> = log.iter().flat_map(|entry| entry.0.to_le_bytes()).collect();
        let level: Vec<u8> = log.iter().flat_map(|entry| entry.1.to_le_bytes()).collect();
        (PyBytes::new(py, &at), PyBytes::new(py, &level))
    }

    /// A picture of everything.
    fn snapshot(&mut self) -> Snapshot {
        Snapshot { inner: self.chip.freeze() }
    }

    /// A new chip that goes on from a picture; put somebody outside again.
    #[staticmethod]
    fn restore(snapshot: &Snapshot) -> Self {
        Self { chip: snapshot.inner.thaw(), inbox: Inbox::default(), outside: Target::default() }
    }
}
