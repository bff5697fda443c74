//! All that a client of the bridge says, with a chip behind it (`docs/bridge.md`). The first byte picks the chip; the rest
//! follows the token and a Hello that it takes.

#![no_main]

use bridge::frame::{TOKEN, VERSION};
use bridge::link::Listener;
use bridge::server::{Served, Server};
use engine_core::lent::Lent;
use libfuzzer_sys::{fuzz_target, Corpus};
use std::io::{Read, Write};
use std::net::{Shutdown, TcpStream};
use std::sync::atomic::AtomicBool;
use std::thread;
use std::time::Duration;

const KNOWN: [u8; TOKEN] = [7; TOKEN];
/// ps: what a client asks for behind the first millisecond would only take time.
const END: u64 = 1_000_000_000;
/// Runs that a chip ends by itself.
const STOPS: usize = 100;

/// What every client says first.
fn greeting(chip: u8) -> Vec<u8> {
    let mut said = KNOWN.to_vec();
    said.extend_from_slice(&5u32.to_le_bytes());
    said.push(0x01);
    said.extend_from_slice(&VERSION.to_le_bytes());
    said.extend_from_slice(&[chip, 2]);
    said
}

fn serve<C: Lent>(mut chip: C, said: &[u8]) {
    let listener = Listener::tcp().expect("a free port");
    let mut client = TcpStream::connect(("127.0.0.1", listener.port().expect("TCP"))).expect("the listener");
    client.write_all(&greeting(C::CHIP)).expect("room");
    let mut server = Server::new(listener.accept(&KNOWN, Duration::from_secs(10)).expect("who knows the token"));
    let mut hears = client.try_clone().expect("one more handle");
    let hearing = thread::spawn(move || {
        let mut answers = [0; 1 << 16];
        while hears.read(&mut answers).is_ok_and(|count| count > 0) {}
    });
    // A server that refused has hung up already.
    let _ = client.write_all(said).and_then(|()| client.shutdown(Shutdown::Write));
    let never = AtomicBool::new(false);
    let mut stops = 0;
    loop {
        match server.serve(&mut chip, END, &never) {
            Served::Bye | Served::Lost(_) | Served::CalledBack => break,
            Served::Time if chip.now() >= END => break,
            Served::Time => {}
            Served::Stop(_) if stops == STOPS => break,
            Served::Stop(_) => stops += 1,
        }
    }
    server.close();
    hearing.join().expect("it only reads");
}

fuzz_target!(|data: &[u8]| -> Corpus {
    match data.split_first() {
        Some((0, said)) => serve(rp2040::chip::Chip::new(64 << 10), said),
        Some((1, said)) => serve(esp32s3::chip::Chip::new(64 << 10, 0, esp32s3::spi_mem::psram::Wiring::Quad), said),
        _ => return Corpus::Reject,
    }
    Corpus::Keep
});
