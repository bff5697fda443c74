//! How many accesses a second a client gets that does nothing else. The figures are in `docs/bridge.md`; what is asserted
//! here is only that all of them arrive.

use bridge::frame::TOKEN;
use bridge::link::Listener;
use bridge::server::{Served, Server};
use bridge::waits::Waits;
use rp2040::chip::Chip;
use std::io::{ErrorKind, Read, Write};
use std::net::TcpStream;
use std::sync::atomic::AtomicBool;
use std::time::{Duration, Instant};

const CYCLE: u64 = 153_846;

fn frame(kind: u8, body: &[u8]) -> Vec<u8> {
    let mut frame = (body.len() as u32 + 1).to_le_bytes().to_vec();
    frame.push(kind);
    frame.extend_from_slice(body);
    frame
}

/// A client's end of the socket.
trait Socket: Read + Write {
    fn set_blocking(&self, blocks: bool);
}

impl Socket for TcpStream {
    fn set_blocking(&self, blocks: bool) {
        self.set_nonblocking(!blocks).unwrap();
    }
}

#[cfg(unix)]
impl Socket for std::os::unix::net::UnixStream {
    fn set_blocking(&self, blocks: bool) {
        self.set_nonblocking(!blocks).unwrap();
    }
}

/// A client that waits as the server does.
struct Client<S> {
    socket: S,
    blocks: bool,
    waits: Waits,
}

impl<S: Socket> Client<S> {
    fn new(socket: S) -> Self {
        Self { socket, blocks: true, waits: Waits::default() }
    }

    fn read(&mut self, into: &mut [u8]) -> usize {
        let wait = self.waits.begin();
        loop {
            let blocks = wait.sleeps();
            if self.blocks != blocks {
                self.blocks = blocks;
                self.socket.set_blocking(blocks);
            }
            match self.socket.read(into) {
                Ok(count) => {
                    self.waits.end(&wait);
                    return count;
                }
                Err(error) if error.kind() == ErrorKind::WouldBlock => std::thread::yield_now(),
                Err(error) => panic!("{error}"),
            }
        }
    }

    /// Sends a request and returns the answer, over the notices.
    fn ask(&mut self, request: &[u8]) -> Vec<u8> {
        self.socket.write_all(request).unwrap();
        let mut waiting = Vec::new();
        let mut more = [0; 4096];
        loop {
            let count = self.read(&mut more);
            waiting.extend_from_slice(&more[..count]);
            while let Some((length, rest)) = waiting.split_first_chunk::<4>() {
                let length = u32::from_le_bytes(*length) as usize;
                let Some(found) = rest.get(..length) else { break };
                if found[0] < 0xC0 {
                    return found.to_vec();
                }
                waiting.drain(..4 + length);
            }
        }
    }
}

/// Loads of SIO.CPUID by each processor in turn; the accesses a second.
fn client(socket: impl Socket, count: u64) -> f64 {
    let mut client = Client::new(socket);
    client.socket.write_all(&[7; TOKEN]).unwrap();
    assert_eq!(client.ask(&frame(0x01, &[1, 0, 1, 2]))[0], 0x81);
    let start = Instant::now();
    for n in 0..count {
        let mut body = vec![(n & 1) as u8, 4];
        body.extend_from_slice(&0xD000_0000u32.to_le_bytes());
        body.extend_from_slice(&(n * CYCLE).to_le_bytes());
        let answer = client.ask(&frame(0x02, &body));
        assert_eq!((answer[0], answer[1]), (0x82, (n & 1) as u8));
    }
    let rate = count as f64 / start.elapsed().as_secs_f64();
    assert_eq!(client.ask(&frame(0x07, &[]))[0], 0x84);
    rate
}

fn measure(name: &str, listener: Listener, run: impl FnOnce() -> f64 + Send + 'static) {
    let client = std::thread::spawn(run);
    let link = listener.accept(&[7; TOKEN], Duration::from_secs(20)).unwrap();
    let mut server = Server::new(link);
    let mut chip = Chip::new(2 << 20);
    let never = AtomicBool::new(false);
    while server.serve(&mut chip, u64::MAX / 2, &never) != Served::Bye {}
    println!("{name}: {:.0} accesses a second", client.join().unwrap());
}

#[test]
fn every_access_of_a_busy_client_is_answered() {
    const COUNT: u64 = 100_000;
    let listener = Listener::tcp().unwrap();
    let port = listener.port().unwrap();
    measure("127.0.0.1", listener, move || {
        let stream = TcpStream::connect(("127.0.0.1", port)).unwrap();
        stream.set_nodelay(true).unwrap();
        client(stream, COUNT)
    });
    #[cfg(unix)]
    {
        let path = std::env::temp_dir().join(format!("twins-bridge-{}.sock", std::process::id()));
        let listener = Listener::unix(&path).unwrap();
        measure("Unix socket", listener, move || {
            let stream = std::os::unix::net::UnixStream::connect(path).unwrap();
            client(stream, COUNT)
        });
    }
}
