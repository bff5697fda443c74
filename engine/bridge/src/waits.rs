//! How the other side is waited for: awake or asleep.

use std::time::{Duration, Instant};

/// How long the next frame is looked for at most before the thread sleeps: a processor at work sends one within
/// microseconds.
const AWAKE: Duration = Duration::from_micros(50);
/// Waits from one trial to the next.
const ROUND: u32 = 4096;
/// Of these so many in each way are the trial.
const TRIAL: u32 = 64;
/// A longer wait says nothing of the way: the other side has nothing to send.
const LONGEST: Duration = Duration::from_micros(500);

/// Chooses by trial. On a machine with a processor for each side to be woken takes longer than the exchange itself; where
/// others want the processors, who sleeps gets his turn sooner than who lets the others pass.
#[derive(Debug, Default)]
pub struct Waits {
    waits: u32,
    /// The trial's sums: awake, asleep.
    took: [Duration; 2],
    asleep: bool,
}

/// One wait.
#[derive(Debug)]
pub struct Wait {
    begun: Instant,
    asleep: bool,
}

impl Wait {
    /// Since it began.
    pub fn elapsed(&self) -> Duration {
        self.begun.elapsed()
    }

    /// The thread is to sleep now.
    pub fn sleeps(&self) -> bool {
        self.asleep || self.elapsed() >= AWAKE
    }
}

impl Waits {
    /// A wait begins.
    pub fn begin(&self) -> Wait {
        let asleep = match self.waits % ROUND {
            wait if wait < TRIAL => false,
            wait if wait < 2 * TRIAL => true,
            _ => self.asleep,
        };
        Wait { begun: Instant::now(), asleep }
    }

    /// It is over: something came.
    pub fn end(&mut self, wait: &Wait) {
        self.note(wait.asleep, wait.elapsed());
    }

    fn note(&mut self, asleep: bool, took: Duration) {
        let wait = self.waits % ROUND;
        self.waits = self.waits.wrapping_add(1);
        if wait < 2 * TRIAL {
            self.took[usize::from(asleep)] += took.min(LONGEST);
        }
        if wait == 2 * TRIAL - 1 {
            let [awake, slept] = std::mem::take(&mut self.took);
            self.asleep = slept < awake;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// How it waits behind a trial in which a wait takes so many microseconds awake and asleep.
    fn behind_a_trial(awake: u64, asleep: u64) -> bool {
        let mut waits = Waits::default();
        for _ in 0..2 * TRIAL {
            let wait = waits.begin();
            waits.note(wait.asleep, Duration::from_micros(if wait.asleep { asleep } else { awake }));
        }
        waits.begin().asleep
    }

    #[test]
    fn the_way_that_was_quicker_is_taken() {
        assert!(!behind_a_trial(5, 60));
        assert!(behind_a_trial(60, 20));
    }

    #[test]
    fn a_side_with_nothing_to_send_is_waited_for_awake_no_longer_than_is_worth_it() {
        assert!(!behind_a_trial(600, 9000));
        let wait = Waits::default().begin();
        assert!(!wait.asleep);
        while wait.elapsed() < AWAKE {}
        assert!(wait.sleeps());
    }

    #[test]
    fn the_trial_is_made_again() {
        let mut waits = Waits::default();
        let ways: Vec<bool> = (0..ROUND + 2 * TRIAL)
            .map(|_| {
                let wait = waits.begin();
                waits.note(wait.asleep, Duration::from_micros(if wait.asleep { 1 } else { 2 }));
                wait.asleep
            })
            .collect();
        let awake = ways.iter().filter(|asleep| !**asleep).count();
        assert_eq!(awake, 2 * TRIAL as usize);
    }
}
