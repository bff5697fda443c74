//! The wires of a part's ports: pins as Python names them, checked against those that the chip has.

use engine_core::i2s::{I2sFormat, I2sWire};
use engine_core::parallel::ParallelWire;
use engine_core::pdm::PdmWire;
use engine_core::sdbus::SdLines;
use engine_core::spi::{Answers, SpiWire};
use pyo3::exceptions::PyValueError;
use pyo3::PyResult;

/// One more than the number of the chip's last pin, and a sentence that names them.
type Range = (u8, &'static str);

/// A pin that the chip has.
pub fn pin((count, what): Range, number: u8) -> PyResult<u8> {
    if number < count {
        Ok(number)
    } else {
        Err(PyValueError::new_err(format!("{what}, not GPIO{number}")))
    }
}

fn check(range: Range, pins: impl IntoIterator<Item = u8>) -> PyResult<()> {
    pins.into_iter().try_for_each(|number| pin(range, number).map(|_| ()))
}

/// SCK, MOSI, MISO, chip select and D/CX; `answers` as in `attach_spi`.
pub fn spi(
    range: Range,
    (sck, mosi, miso, cs, dc): (u8, u8, Option<u8>, Option<u8>, Option<u8>),
    answers: Option<Vec<u8>>,
    falling: bool,
) -> PyResult<SpiWire> {
    check(range, [Some(sck), Some(mosi), miso, cs, dc].into_iter().flatten())?;
    let answers = match answers {
        None => Answers::Never,
        Some(commands) if commands.is_empty() => Answers::Always,
        Some(commands) => Answers::Commands(commands),
    };
    let wire = SpiWire::new(sck, mosi, miso, cs, dc, answers);
    Ok(if falling { wire.sampling_falling() } else { wire })
}

/// The data lines from bit 0, then the clock, chip select and D/CX.
pub fn parallel(
    range: Range,
    data: Vec<u8>,
    (wr, cs, dc): (u8, Option<u8>, Option<u8>),
    falling: bool,
) -> PyResult<ParallelWire> {
    check(range, data.iter().copied().chain([wr]).chain(cs).chain(dc))?;
    Ok(ParallelWire::new(data, wr, cs, dc, falling))
}

/// The lines of an SD card; `dat` is DAT0 to DAT3.
pub fn sd(range: Range, clk: u8, cmd: u8, dat: [Option<u8>; 4]) -> PyResult<SdLines> {
    check(range, dat.into_iter().flatten().chain([clk, cmd]))?;
    Ok(SdLines { clk, cmd, dat })
}

/// The bit clock, the word select, what the part hears, and what it says.
pub fn i2s(
    range: Range,
    (bclk, ws, din, dout): (u8, u8, Option<u8>, Option<u8>),
    format: I2sFormat,
) -> PyResult<I2sWire> {
    check(range, [Some(bclk), Some(ws), din, dout].into_iter().flatten())?;
    let (slots, slot_bits) = (format.slots, format.slot_bits);
    if (1..=32).contains(&slot_bits) && (1..=16).contains(&slots) {
        return Ok(I2sWire::new(bclk, ws, din, dout, format));
    }
    Err(PyValueError::new_err(format!("{slots} slots of {slot_bits} bits: 1 to 16 slots of 1 to 32 bits")))
}

/// The clock, what the part hears, and what it says in the channels (left, right) in which it drives.
pub fn pdm(range: Range, clk: u8, din: Option<u8>, dout: Option<u8>, channels: [bool; 2]) -> PyResult<PdmWire> {
    check(range, [Some(clk), din, dout].into_iter().flatten())?;
    Ok(PdmWire::new(clk, din, dout, channels))
}
