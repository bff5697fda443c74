//! Parts in Python behind the ports of the engine.
//!
//! A twin gives one object with a method per kind of call. While the engine runs it is borrowed, so what
//! parts do in the meantime goes through an [`Inbox`], which the engine empties after each call.

use engine_core::i2s::{I2sClock, I2sLayout};
use engine_core::parallel::ParallelBatch;
use engine_core::pins::Drive;
use engine_core::ports::{Edge, I2sBatch, Outside, PortId, Posted, SpiAnswer, SpiBatch};
use engine_core::sdbus::{SdAnswer, SdBlock, SdWritten};
use engine_core::time::{Hertz, Ps};
use pyo3::gc::{PyTraverseError, PyVisit};
use pyo3::prelude::*;
use pyo3::types::PyBytes;
use std::sync::{Arc, Mutex, PoisonError};

/// What was posted, and the first error that a handler raised.
#[derive(Debug, Default)]
pub struct Mail {
    posted: Posted,
    any: bool,
    /// The first error raised by a handler since the last run.
    pub error: Option<PyErr>,
}

/// Changes that parts make while the engine runs.
#[pyclass(frozen, module = "twins._engine")]
#[derive(Clone, Debug, Default)]
pub struct Inbox {
    mail: Arc<Mutex<Mail>>,
}

impl Inbox {
    fn with<T>(&self, act: impl FnOnce(&mut Mail) -> T) -> T {
        act(&mut self.mail.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// The first error raised by a handler since the last call.
    pub fn take_error(&self) -> Option<PyErr> {
        self.with(|mail| mail.error.take())
    }
}

#[pymethods]
impl Inbox {
    /// A part drives a pin (True, False) or lets go of it (None) from `at` on.
    fn drive(&self, pin: u8, level: Option<bool>, at: Ps) {
        self.with(|mail| {
            mail.posted.drives.push((at, Drive { pin, level }));
            mail.any = true;
        });
    }

    /// An I2S part that is the master of its wire runs its clock at so many frames a second from `at` on, with slots of so
    /// many bits; 0 frames: it stops.
    fn i2s_clock(&self, port: PortId, rate: u64, slots: u8, slot_bits: u8, delay: bool, at: Ps) {
        self.with(|mail| {
            mail.posted.clocks.push((port, i2s_clock(rate, slots, slot_bits, delay, at)));
            mail.any = true;
        });
    }

    /// The run must come back at `at` at the latest.
    fn wake(&self, at: Ps) {
        self.with(|mail| {
            mail.posted.wake = mail.posted.wake.into_iter().chain([at]).min();
            mail.any = true;
        });
    }
}

/// The one reference of an engine to an object outside. A twin and its engine hold each other, so Python's garbage
/// collector must see this end of it, and be able to let go.
#[derive(Clone, Default)]
pub struct Target(Arc<Mutex<Option<Py<PyAny>>>>);

impl Target {
    /// Holds this object.
    pub fn new(object: Py<PyAny>) -> Self {
        Self(Arc::new(Mutex::new(Some(object))))
    }

    fn get(&self, py: Python<'_>) -> Option<Py<PyAny>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).as_ref().map(|object| object.clone_ref(py))
    }

    /// Shows the reference to the collector. It may come at any time, so nothing is waited for.
    pub fn traverse(&self, visit: &PyVisit<'_>) -> Result<(), PyTraverseError> {
        self.0.try_lock().map_or(Ok(()), |held| visit.call(held.as_ref()))
    }

    /// Lets go of the object.
    pub fn clear(&self) {
        let held = self.0.lock().unwrap_or_else(PoisonError::into_inner).take();
        drop(held);
    }
}

/// The outside of a twin: calls go to the methods of one Python object.
pub struct PythonOutside {
    /// Has methods `spi, select, answer, i2c_start, i2c_write, i2c_read, i2c_stop, edge, pulses, sd_command, sd_read, sd_write, i2s_sent, i2s_wanted, parallel,
    /// ethernet`.
    pub target: Target,
    /// Where parts post.
    pub inbox: Inbox,
}

/// The clock of an I2S part that is the master. WS is low for the first half of a frame; in TDM it is high.
pub fn i2s_clock(rate: u64, slots: u8, slot_bits: u8, delay: bool, from: Ps) -> Option<I2sClock> {
    let bits = slots.saturating_mul(slot_bits).min(128);
    let layout = I2sLayout { bits, ws_first: bits / 2, ws_level: slots != 2, delay };
    (rate != 0).then(|| I2sClock { rate: Hertz::new(rate), layout, from })
}

/// Numbers as numpy reads them: little-endian bytes, written once.
fn packed<'py, const N: usize>(
    py: Python<'py>,
    numbers: impl ExactSizeIterator<Item = [u8; N]>,
) -> PyResult<Bound<'py, PyBytes>> {
    PyBytes::new_with(py, N * numbers.len(), |bytes| {
        for (place, number) in bytes.chunks_exact_mut(N).zip(numbers) {
            place.copy_from_slice(&number);
        }
        Ok(())
    })
}

impl PythonOutside {
    /// Calls a method. An error is kept for the end of the run, and `None` stands for the result.
    fn call<T>(&self, act: impl FnOnce(Python<'_>, &Bound<'_, PyAny>) -> PyResult<T>) -> Option<T> {
        Python::attach(|py| {
            let target = self.target.get(py)?;
            match act(py, target.bind(py)) {
                Ok(value) => Some(value),
                Err(error) => {
                    self.inbox.with(|mail| {
                        mail.error.get_or_insert(error);
                        mail.posted.wake = Some(0);
                        mail.any = true;
                    });
                    None
                }
            }
        })
    }
}

impl Outside for PythonOutside {
    fn spi(&mut self, port: PortId, batch: SpiBatch) {
        self.call(|py, target| {
            let at = packed(py, batch.at.iter().map(|at| at.to_le_bytes()))?;
            let span = packed(py, batch.span.iter().map(|span| span.to_le_bytes()))?;
            let bytes = |data: &[u8]| PyBytes::new(py, data);
            target.call_method1("spi", (port, bytes(&batch.data), bytes(&batch.dc), at, span))?;
            Ok(())
        });
    }

    fn spi_select(&mut self, port: PortId, at: Ps, selected: bool) {
        self.call(|_, target| target.call_method1("select", (port, at, selected)).map(drop));
    }

    fn spi_answer(&mut self, port: PortId, at: Ps, byte: u8, dc: bool) -> Option<SpiAnswer> {
        let answer: Option<(Vec<u8>, u8)> =
            self.call(|_, target| target.call_method1("answer", (port, at, byte, dc))?.extract())?;
        answer.map(|(data, dummy)| SpiAnswer { dummy, data })
    }

    fn i2c_start(&mut self, port: PortId, at: Ps, address: u16, read: bool) -> bool {
        self.call(|_, target| target.call_method1("i2c_start", (port, at, address, read))?.extract()).unwrap_or(false)
    }

    fn i2c_write(&mut self, port: PortId, at: Ps, byte: u8) -> bool {
        self.call(|_, target| target.call_method1("i2c_write", (port, at, byte))?.extract()).unwrap_or(false)
    }

    fn i2c_read(&mut self, port: PortId, at: Ps) -> u8 {
        self.call(|_, target| target.call_method1("i2c_read", (port, at))?.extract()).unwrap_or(0xFF)
    }

    fn i2c_stop(&mut self, port: PortId, at: Ps, restarted: bool) {
        self.call(|_, target| target.call_method1("i2c_stop", (port, at, restarted)).map(drop));
    }

    fn parallel(&mut self, port: PortId, batch: ParallelBatch) {
        self.call(|py, target| {
            let data = packed(py, batch.data.iter().map(|word| word.to_le_bytes()))?;
            let at = packed(py, batch.at.iter().map(|at| at.to_le_bytes()))?;
            target.call_method1("parallel", (port, data, PyBytes::new(py, &batch.dc), at))?;
            Ok(())
        });
    }

    fn sd_command(&mut self, port: PortId, at: Ps, index: u8, argument: u32) -> Option<SdAnswer> {
        let answer: Option<(Vec<u8>, Ps)> =
            self.call(|_, target| target.call_method1("sd_command", (port, at, index, argument))?.extract())?;
        answer.map(|(response, busy)| SdAnswer { response, busy })
    }

    fn sd_read(&mut self, port: PortId, at: Ps, lines: u8) -> Option<SdBlock> {
        let block: Option<(Vec<u8>, Ps)> =
            self.call(|_, target| target.call_method1("sd_read", (port, at, lines))?.extract())?;
        block.map(|(data, delay)| SdBlock { data, delay })
    }

    fn sd_write(&mut self, port: PortId, at: Ps, lines: u8, data: Vec<u8>) -> Option<SdWritten> {
        let written: Option<(bool, Ps)> = self.call(|py, target| {
            target.call_method1("sd_write", (port, at, lines, PyBytes::new(py, &data)))?.extract()
        })?;
        written.map(|(accepted, busy)| SdWritten { accepted, busy })
    }

    fn i2s_sent(&mut self, port: PortId, batch: I2sBatch) {
        self.call(|py, target| {
            let at = packed(py, batch.at.iter().map(|at| at.to_le_bytes()))?;
            let samples = packed(py, batch.samples.iter().map(|sample| sample.to_le_bytes()))?;
            target.call_method1("i2s_sent", (port, batch.slots, batch.bits, samples, at))?;
            Ok(())
        });
    }

    fn i2s_wanted(&mut self, port: PortId, at: &[Ps]) -> Vec<i32> {
        let samples: Option<Vec<u8>> = self.call(|py, target| {
            let at = packed(py, at.iter().map(|at| at.to_le_bytes()))?;
            let samples = target.call_method1("i2s_wanted", (port, at))?;
            Ok(samples.cast::<PyBytes>()?.as_bytes().to_vec())
        });
        let sample = |bytes: &[u8]| i32::from_le_bytes([bytes[0], bytes[1], bytes[2], bytes[3]]);
        samples.unwrap_or_default().chunks_exact(4).map(sample).collect()
    }

    fn ethernet(&mut self, port: PortId, at: Ps, frame: &[u8]) {
        self.call(|py, target| target.call_method1("ethernet", (port, at, PyBytes::new(py, frame))).map(drop));
    }

    fn edge(&mut self, port: PortId, edge: Edge) {
        self.call(|_, target| target.call_method1("edge", (port, edge.at, edge.level)).map(drop));
    }

    fn pulses(&mut self, port: PortId, edges: Vec<Edge>) {
        self.call(|py, target| {
            let at = packed(py, edges.iter().map(|edge| edge.at.to_le_bytes()))?;
            let level = packed(py, edges.iter().map(|edge| [u8::from(edge.level)]))?;
            target.call_method1("pulses", (port, at, level))?;
            Ok(())
        });
    }

    fn take_posted(&mut self) -> Option<Posted> {
        self.inbox.with(|mail| std::mem::take(&mut mail.any).then(|| std::mem::take(&mut mail.posted)))
    }
}
