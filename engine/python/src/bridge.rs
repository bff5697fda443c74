//! The bridge for Python: a socket on which another emulator's processors come to a chip.

use crate::machine::{Machine, Stopped};
use ::bridge::frame::TOKEN;
use ::bridge::link::Listener;
use ::bridge::server::{Served, Server};
use engine_core::time::Ps;
use pyo3::exceptions::{PyConnectionError, PyValueError};
use pyo3::prelude::*;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// A socket for one client, see `docs/bridge.md`.
#[pyclass(frozen, module = "twins._engine")]
pub struct Bridge {
    token: [u8; TOKEN],
    port: Option<u16>,
    listener: Mutex<Option<Listener>>,
    server: Mutex<Option<Server>>,
    called_back: AtomicBool,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Bridge {
    /// Serves the client until the chip has reached `until`.
    pub fn serve(&self, chip: &mut dyn Machine, until: Ps, on: bool) -> Stopped {
        let nothing = |kind| (kind, -1, -1, String::new());
        let served = match &mut *lock(&self.server) {
            Some(server) => chip.serve(server, until, &self.called_back),
            None => Served::Lost("no client has come to the bridge: call accept first".to_owned()),
        };
        if !on || served != Served::Time {
            chip.hand_out();
        }
        match served {
            Served::Time => nothing("time"),
            Served::Stop(stopped) => stopped,
            Served::CalledBack => nothing("called back"),
            Served::Bye => nothing("bye"),
            Served::Lost(why) => ("lost", -1, -1, why),
        }
    }
}

#[pymethods]
impl Bridge {
    /// Listens on a Unix socket at `path`, or on 127.0.0.1, for a client that knows the token of 16 bytes.
    #[new]
    #[pyo3(signature = (token, path = None))]
    fn new(token: [u8; TOKEN], path: Option<PathBuf>) -> PyResult<Self> {
        let listener = path.map_or_else(Listener::tcp, |path| Listener::unix(&path)).map_err(PyValueError::new_err)?;
        Ok(Self {
            token,
            port: listener.port(),
            listener: Mutex::new(Some(listener)),
            server: Mutex::new(None),
            called_back: AtomicBool::new(false),
        })
    }

    /// The port on 127.0.0.1; None on a Unix socket.
    #[getter]
    fn port(&self) -> Option<u16> {
        self.port
    }

    /// Waits so many seconds for the client.
    fn accept(&self, py: Python<'_>, seconds: f64) -> PyResult<()> {
        let patience =
            Duration::try_from_secs_f64(seconds).map_err(|error| PyValueError::new_err(error.to_string()))?;
        let link = py.detach(|| match &*lock(&self.listener) {
            Some(listener) => listener.accept(&self.token, patience),
            None => Err("the bridge is closed".to_owned()),
        });
        *lock(&self.server) = Some(Server::new(link.map_err(PyConnectionError::new_err)?));
        Ok(())
    }

    /// The call of `Engine.serve` that waits for a request now, or the next that does, comes back.
    fn call_back(&self) {
        self.called_back.store(true, Ordering::Release);
    }

    /// Ends the connection and stops listening.
    fn close(&self) {
        *lock(&self.listener) = None;
        if let Some(mut server) = lock(&self.server).take() {
            server.close();
        }
    }
}
