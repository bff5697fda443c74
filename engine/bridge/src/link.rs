//! The socket, and the one client at its other end.

use crate::frame::{self, Incoming, HEADER, MOST, TOKEN};
use crate::waits::Waits;
use engine_core::lent::Peer;
use std::io::{ErrorKind, Read, Write};
use std::net::{Ipv4Addr, Shutdown, TcpListener, TcpStream};
#[cfg(unix)]
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// How long an answer to a MemRead, a token or room for what is sent may take.
const PATIENCE: Duration = Duration::from_secs(10);
/// How often somebody who waits for a request looks whether he is called back.
const LOOK: Duration = Duration::from_millis(2);

/// Where a client is awaited.
#[derive(Debug)]
pub enum Listener {
    /// On 127.0.0.1.
    Tcp(TcpListener),
    /// On a path, which is removed in the end.
    #[cfg(unix)]
    Unix(UnixListener, std::path::PathBuf),
}

impl Listener {
    /// On 127.0.0.1, at a free port.
    pub fn tcp() -> Result<Self, String> {
        let failed = |error: std::io::Error| format!("the bridge cannot listen on 127.0.0.1: {error}");
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).map_err(failed)?;
        listener.set_nonblocking(true).map_err(failed)?;
        Ok(Self::Tcp(listener))
    }

    /// On a Unix socket that nobody else may open.
    #[cfg(unix)]
    pub fn unix(path: &Path) -> Result<Self, String> {
        use std::os::unix::fs::PermissionsExt;
        let failed = |error: std::io::Error| format!("the bridge cannot listen at {}: {error}", path.display());
        let listener = UnixListener::bind(path).map_err(failed)?;
        listener.set_nonblocking(true).map_err(failed)?;
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o600)).map_err(failed)?;
        Ok(Self::Unix(listener, path.to_owned()))
    }

    /// There are no Unix sockets here.
    #[cfg(not(unix))]
    pub fn unix(path: &Path) -> Result<Self, String> {
        Err(format!("the bridge cannot listen at {}: this system has no Unix sockets", path.display()))
    }

    /// The port on 127.0.0.1; `None` for a Unix socket.
    pub fn port(&self) -> Option<u16> {
        match self {
            Self::Tcp(listener) => listener.local_addr().ok().map(|address| address.port()),
            #[cfg(unix)]
            Self::Unix(..) => None,
        }
    }

    /// Waits for a client that knows the token. Who does not know it is sent away.
    pub fn accept(&self, token: &[u8; TOKEN], patience: Duration) -> Result<Link, String> {
        let end = Instant::now() + patience;
        let mut strangers = 0;
        while Instant::now() < end {
            let stream = match self.take() {
                Ok(stream) => stream,
                Err(error) if error.kind() == ErrorKind::WouldBlock => {
                    std::thread::sleep(LOOK);
                    continue;
                }
                Err(error) => return Err(format!("the bridge cannot take a client: {error}")),
            };
            let mut link = Link::new(stream)?;
            if link.reads_token(token) {
                return Ok(link);
            }
            strangers += 1;
        }
        let strangers = if strangers == 0 { String::new() } else { format!("; {strangers} came without the token") };
        Err(format!("no client came to the bridge within {} s{strangers}", patience.as_secs_f32()))
    }

    fn take(&self) -> std::io::Result<Stream> {
        match self {
            Self::Tcp(listener) => {
                let (stream, _) = listener.accept()?;
                stream.set_nodelay(true)?;
                Ok(Stream::Tcp(stream))
            }
            #[cfg(unix)]
            Self::Unix(listener, _) => Ok(Stream::Unix(listener.accept()?.0)),
        }
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        #[cfg(unix)]
        if let Self::Unix(_, path) = self {
            // Gone already is gone.
            let _ = std::fs::remove_file(path);
        }
    }
}

#[derive(Debug)]
enum Stream {
    Tcp(TcpStream),
    #[cfg(unix)]
    Unix(UnixStream),
}

impl Stream {
    /// Reads and writes that wait do not wait for ever.
    fn set_up(&self) -> std::io::Result<()> {
        match self {
            Self::Tcp(stream) => {
                stream.set_read_timeout(Some(LOOK))?;
                stream.set_write_timeout(Some(PATIENCE))
            }
            #[cfg(unix)]
            Self::Unix(stream) => {
                stream.set_read_timeout(Some(LOOK))?;
                stream.set_write_timeout(Some(PATIENCE))
            }
        }
    }

    /// Whether a read or write waits for the other side.
    fn set_blocking(&self, blocks: bool) -> std::io::Result<()> {
        match self {
            Self::Tcp(stream) => stream.set_nonblocking(!blocks),
            #[cfg(unix)]
            Self::Unix(stream) => stream.set_nonblocking(!blocks),
        }
    }

    fn read(&mut self, into: &mut [u8]) -> std::io::Result<usize> {
        match self {
            Self::Tcp(stream) => stream.read(into),
            #[cfg(unix)]
            Self::Unix(stream) => stream.read(into),
        }
    }

    /// Nobody reads or writes here any more; what was sent still arrives.
    fn shut(&self) {
        // A connection that the other side has closed already is shut.
        let _ = match self {
            Self::Tcp(stream) => stream.shutdown(Shutdown::Both),
            #[cfg(unix)]
            Self::Unix(stream) => stream.shutdown(Shutdown::Both),
        };
    }

    fn write(&mut self, data: &[u8]) -> std::io::Result<usize> {
        match self {
            Self::Tcp(stream) => stream.write(data),
            #[cfg(unix)]
            Self::Unix(stream) => stream.write(data),
        }
    }

    fn write_all(&mut self, data: &[u8]) -> std::io::Result<()> {
        match self {
            Self::Tcp(stream) => stream.write_all(data),
            #[cfg(unix)]
            Self::Unix(stream) => stream.write_all(data),
        }
    }
}

/// What a wait for a frame came to.
#[derive(Debug)]
pub enum Received {
    /// A frame came.
    Frame(Incoming),
    /// Somebody calls back who waits.
    CalledBack,
    /// The connection is over, and why.
    Lost(String),
}

/// The connection to the client.
#[derive(Debug)]
pub struct Link {
    stream: Stream,
    /// A read or write of the stream waits for the other side; else it comes back with what there is.
    blocks: bool,
    waits: Waits,
    /// What came and was not looked at begins at `from`.
    came: Vec<u8>,
    from: usize,
    /// What is to be sent.
    pub out: Vec<u8>,
    /// The client waits for an answer: its memories can be reached.
    pub asks: bool,
    /// Why the connection is over.
    lost: Option<String>,
}

impl Link {
    fn new(stream: Stream) -> Result<Self, String> {
        stream
            .set_up()
            .and_then(|()| stream.set_blocking(true))
            .map_err(|error| format!("the bridge cannot use its client's connection: {error}"))?;
        Ok(Self {
            stream,
            blocks: true,
            waits: Waits::default(),
            came: Vec::new(),
            from: 0,
            out: Vec::new(),
            asks: false,
            lost: None,
        })
    }

    /// Who comes at the last moment has time to say it.
    fn reads_token(&mut self, token: &[u8; TOKEN]) -> bool {
        let end = Instant::now() + PATIENCE;
        while self.came.len() < TOKEN {
            if self.lost.is_some() || Instant::now() >= end {
                return false;
            }
            self.fill(true);
        }
        self.from = TOKEN;
        // All bytes are compared, whatever the first ones are.
        self.came.iter().zip(token).fold(0, |differ, (came, known)| differ | (came ^ known)) == 0
    }

    fn set_blocking(&mut self, blocks: bool) {
        if self.blocks != blocks {
            match self.stream.set_blocking(blocks) {
                Ok(()) => self.blocks = blocks,
                Err(error) => self.lose(format!("the connection to the client broke: {error}")),
            }
        }
    }

    /// Reads what is there: sleeps until something is, for a little, or lets others run. What is wrong is kept in `lost`.
    fn fill(&mut self, asleep: bool) {
        self.set_blocking(asleep);
        if self.from == self.came.len() {
            self.came.clear();
            self.from = 0;
        }
        let mut more = [0; 4096];
        match self.stream.read(&mut more) {
            Ok(0) => self.lose(if self.from == self.came.len() {
                "the client closed the connection".to_owned()
            } else {
                "the client closed the connection within a frame".to_owned()
            }),
            Ok(count) => self.came.extend_from_slice(&more[..count]),
            Err(error)
                if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut | ErrorKind::Interrupted) =>
            {
                if !asleep {
                    std::thread::yield_now();
                }
            }
            Err(error) => self.lose(format!("the connection to the client broke: {error}")),
        }
    }

    /// The connection is over: the first reason counts.
    pub fn lose(&mut self, why: String) {
        self.lost.get_or_insert(why);
        self.stream.shut();
    }

    /// Why the connection is over.
    pub fn lost(&self) -> Option<&str> {
        self.lost.as_deref()
    }

    /// Sends what is in `out`.
    pub fn send(&mut self) {
        if self.lost.is_none() && !self.out.is_empty() {
            // Nearly always there is room for all of it; what is wrong is told by the one that waits.
            let sent = self.stream.write(&self.out).unwrap_or(0);
            if sent < self.out.len() {
                self.set_blocking(true);
                if let Err(error) = self.stream.write_all(&self.out[sent..]) {
                    self.lose(format!("the connection to the client broke: {error}"));
                }
            }
        }
        self.out.clear();
    }

    /// The next frame, if all of it is there.
    fn take(&mut self) -> Result<Option<Incoming>, String> {
        let came = &self.came[self.from..];
        let Some((length, rest)) = came.split_first_chunk::<HEADER>() else { return Ok(None) };
        let length = u32::from_le_bytes(*length) as usize;
        if !(1..=MOST).contains(&length) {
            return Err(format!("a frame of {length} bytes: 1 to {MOST}"));
        }
        let Some(frame) = rest.get(..length) else { return Ok(None) };
        let incoming = Incoming::parse(frame)?;
        self.from += HEADER + length;
        Ok(Some(incoming))
    }

    /// Waits for a frame until somebody calls back, or for an answer as long as patience lasts.
    pub fn receive(&mut self, called_back: Option<&AtomicBool>) -> Received {
        let wait = self.waits.begin();
        loop {
            match self.take() {
                Ok(Some(incoming)) => {
                    self.waits.end(&wait);
                    return Received::Frame(incoming);
                }
                Ok(None) => {}
                Err(why) => self.refuse(&format!("the client sent {why}")),
            }
            if let Some(why) = &self.lost {
                return Received::Lost(why.clone());
            }
            match called_back {
                Some(flag) if flag.swap(false, Ordering::AcqRel) => return Received::CalledBack,
                None if wait.elapsed() >= PATIENCE => {
                    self.refuse(&format!("the client did not answer a MemRead within {} s", PATIENCE.as_secs()));
                }
                _ => self.fill(wait.sleeps()),
            }
        }
    }

    /// Tells the client why, and ends the connection.
    pub fn refuse(&mut self, why: &str) {
        frame::Answer::Refused(why.to_owned()).put(&mut self.out);
        self.send();
        self.lose(why.to_owned());
    }
}

/// The client's memories, as the chip reaches them.
#[derive(Clone, Debug)]
pub struct Client(pub Arc<Mutex<Link>>);

impl Client {
    /// The link.
    pub fn link(&self) -> MutexGuard<'_, Link> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Peer for Client {
    fn read(&mut self, addr: u32, into: &mut [u8]) -> bool {
        let mut link = self.link();
        if !link.asks {
            return false;
        }
        frame::mem_read(&mut link.out, addr, into.len() as u32);
        link.send();
        match link.receive(None) {
            Received::Frame(Incoming::Memory(Some(data))) if data.len() == into.len() => {
                into.copy_from_slice(&data);
                true
            }
            Received::Frame(Incoming::Memory(Some(data))) => {
                link.refuse(&format!("the client answered a MemRead of {} bytes with {}", into.len(), data.len()));
                false
            }
            Received::Frame(Incoming::Request(_)) => {
                link.refuse("the client sent a request where an answer to MemRead is due");
                false
            }
            Received::Frame(Incoming::Memory(None)) | Received::CalledBack | Received::Lost(_) => false,
        }
    }

    fn write(&mut self, addr: u32, data: &[u8]) {
        frame::mem_write(&mut self.link().out, addr, data);
    }
}
