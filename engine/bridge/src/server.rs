//! What is done with requests.

use crate::frame::{self, Answer, Incoming, Request, VERSION};
use crate::link::{Client, Link, Received};
use engine_core::lent::Lent;
use engine_core::time::Ps;
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex};

/// What serving came to.
#[derive(Debug, PartialEq, Eq)]
pub enum Served<S> {
    /// The chip has reached the given time, or a part wants the run to come back. A request may be half done: it goes on with
    /// the next call. Also behind a client's greeting.
    Time,
    /// Something ended the chip's run.
    Stop(S),
    /// Somebody called back: nothing is half done.
    CalledBack,
    /// The client said that it goes.
    Bye,
    /// The connection is over, and why.
    Lost(String),
}

/// What is half done while the twin looks around: the client stands still, and its memories can be looked at.
#[derive(Debug)]
enum Held {
    /// A request whose time has not come.
    Request(Request),
    /// A request that ended a run; its answer is still to be sent.
    Answer(Answer),
}

/// The server of one client.
#[derive(Debug)]
pub struct Server {
    client: Client,
    /// What is half done.
    held: Option<Held>,
    greeted: bool,
    /// The client has said Bye.
    gone: bool,
}

impl Server {
    /// For the client at the other end of a link.
    pub fn new(link: Link) -> Self {
        Self { client: Client(Arc::new(Mutex::new(link))), held: None, greeted: false, gone: false }
    }

    /// Carries out requests until the chip has reached `until`.
    pub fn serve<C: Lent>(&mut self, chip: &mut C, until: Ps, called_back: &AtomicBool) -> Served<C::Stop> {
        chip.begin();
        let served = self.serve_on(chip, until, called_back);
        chip.end();
        served
    }

    fn serve_on<C: Lent>(&mut self, chip: &mut C, until: Ps, called_back: &AtomicBool) -> Served<C::Stop> {
        loop {
            if self.gone {
                return Served::Bye;
            }
            let request = match self.held.take() {
                Some(Held::Request(request)) => request,
                Some(Held::Answer(answer)) => {
                    self.answer(answer, chip);
                    continue;
                }
                None => match self.receive(called_back) {
                    Received::Frame(Incoming::Request(request)) => request,
                    Received::Frame(Incoming::Memory(_)) => {
                        return self.refuse("the client sent memory that nobody asked for");
                    }
                    Received::Lost(why) => return Served::Lost(why),
                    // A text may have been seen with the last request.
                    Received::CalledBack => return chip.seen().map_or(Served::CalledBack, Served::Stop),
                },
            };
            if let Some(served) = self.carry_out(request, chip, until) {
                return served;
            }
        }
    }

    /// Ends the connection.
    pub fn close(&mut self) {
        self.client.link().lose("the bridge was closed".to_owned());
    }

    fn receive(&mut self, called_back: &AtomicBool) -> Received {
        let mut link = self.client.link();
        let received = link.receive(Some(called_back));
        link.asks = matches!(received, Received::Frame(_));
        received
    }

    fn refuse<S>(&mut self, why: &str) -> Served<S> {
        self.client.link().refuse(why);
        Served::Lost(why.to_owned())
    }

    /// `Some`: the call comes back.
    fn carry_out<C: Lent>(&mut self, request: Request, chip: &mut C, until: Ps) -> Option<Served<C::Stop>> {
        if let Request::Hello { version, chip: number, cores } = request {
            return self.greet(version, number, cores, chip);
        }
        if !self.greeted {
            return Some(self.refuse("the client sent a request before Hello"));
        }
        if let Some(time) = request.time() {
            if time < chip.now() {
                chip.came_late(chip.now() - time);
            }
            while chip.now() < time {
                if let Some(stop) = chip.advance(time.min(until)) {
                    self.held = Some(Held::Request(request));
                    return Some(Served::Stop(stop));
                }
                if chip.now() < time && chip.now() >= until.min(chip.wake()) {
                    self.held = Some(Held::Request(request));
                    return Some(Served::Time);
                }
            }
        }
        let mut stop = None;
        let answer = match request {
            Request::Read { core, size, addr, .. } => match chip.load(core, addr, size) {
                Some(value) => Answer::Value { value, next: 0 },
                None => Answer::Fault { next: 0 },
            },
            Request::Write { core, size, addr, value, .. } => {
                if chip.store(core, addr, value, size) {
                    Answer::Done { next: 0 }
                } else {
                    Answer::Fault { next: 0 }
                }
            }
            Request::Trap { core, pc, registers, .. } => match chip.trap(core, pc, &registers) {
                Ok((trapped, ended)) => {
                    stop = ended;
                    Answer::Trapped { next: 0, trapped }
                }
                Err(why) => return Some(self.refuse(&why)),
            },
            Request::Restarted { core, .. } => {
                stop = chip.restarted(core);
                Answer::Done { next: 0 }
            }
            Request::Advance { .. } => Answer::Done { next: 0 },
            Request::Bye => {
                self.gone = true;
                Answer::Done { next: 0 }
            }
            Request::Hello { .. } => unreachable!("greeted above"),
        };
        // What the access made due at this very moment belongs to it.
        if let Some(stop) = chip.advance(chip.now()).or(stop) {
            self.held = Some(Held::Answer(answer));
            return Some(Served::Stop(stop));
        }
        self.answer(answer, chip);
        None
    }

    /// Notices, then the answer.
    fn answer<C: Lent>(&mut self, answer: Answer, chip: &mut C) {
        let notices = chip.settle();
        let next = chip.next_due();
        let mut link = self.client.link();
        notices.iter().for_each(|notice| frame::notice(&mut link.out, notice));
        answer.due(next).put(&mut link.out);
        link.send();
        link.asks = false;
    }

    fn greet<C: Lent>(&mut self, version: u16, number: u8, cores: u8, chip: &mut C) -> Option<Served<C::Stop>> {
        if version != VERSION {
            return Some(self.refuse(&format!("the client speaks version {version} of the bridge, this is {VERSION}")));
        }
        if (number, cores) != (C::CHIP, 2) {
            return Some(self.refuse(&format!(
                "the client has {cores} processors of chip {number}, the twin has the {}: 2 of chip {}",
                C::NAME,
                C::CHIP
            )));
        }
        if self.greeted {
            return Some(self.refuse("the client sent Hello twice"));
        }
        self.greeted = true;
        chip.lend(Box::new(self.client.clone()));
        {
            let mut link = self.client.link();
            chip.contents().iter().for_each(|(addr, bytes)| frame::mem_write(&mut link.out, *addr, bytes));
            frame::traps(&mut link.out, &chip.traps());
        }
        let now = chip.now();
        self.answer(Answer::Welcome { now, next: 0 }, chip);
        Some(Served::Time)
    }
}
