//! A PWM operator: comparators, two generators, dead time, carrier and trip zone, in the order in which a signal passes them.

use super::dead_time::{Carrier, DeadTime, Delays};
use super::registers::{chopper, cmpr, db, gen, tz};
use engine_core::registers::Bank;
use serde::{Deserialize, Serialize};

/// What can happen to a generator, as bits in the order of the fields of GEN_A.
pub mod event {
    /// The timer comes to 0.
    pub const TEZ: u32 = 1;
    /// The timer comes to its period.
    pub const TEP: u32 = 1 << 1;
    /// The timer comes to comparator A.
    pub const TEA: u32 = 1 << 2;
    /// The timer comes to comparator B.
    pub const TEB: u32 = 1 << 3;
    /// What T0_SEL selects.
    pub const T0: u32 = 1 << 4;
    /// What T1_SEL selects.
    pub const T1: u32 = 1 << 5;
}

/// The bit of an update method that forbids the transfer.
const NEVER: u32 = 8;
/// The same in CNTUFORCE_UPMETHOD, whose other bits are TEZ, TEP, TEA, TEB and sync.
const NEVER_FORCE: u32 = 0x20;
const FORCE_ON_SYNC: u32 = 0x10;

/// T0_SEL and T1_SEL.
const SELECTS_SYNC: u32 = 3;

/// Actions on an output.
const LOW: u32 = 1;
const HIGH: u32 = 2;
const TOGGLE: u32 = 3;

/// The registers that count now; software writes their shadows.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize)]
struct Active {
    compare: [u32; 2],
    actions: [u32; 2],
    force: [u32; 2],
    rising: u32,
    falling: u32,
}

/// What holds the outputs on a fault.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize)]
struct Trip {
    on: bool,
    levels: [Option<bool>; 2],
}

/// An operator.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Operator {
    pub(super) cmpr: Bank<cmpr::Reg>,
    pub(super) gen: Bank<gen::Reg>,
    pub(super) db: Bank<db::Reg>,
    pub(super) chopper: Bank<chopper::Reg>,
    pub(super) tz: Bank<tz::Reg>,
    active: Active,
    /// The levels of the generators.
    generated: [bool; 2],
    dead_time: DeadTime,
    carriers: [Carrier; 2],
    /// Cycle by cycle, and one-shot.
    trips: [Trip; 2],
    shown: [bool; 2],
}

fn applied(action: u32, level: bool) -> bool {
    match action {
        LOW => false,
        HIGH => true,
        TOGGLE => !level,
        _ => level,
    }
}

impl Operator {
    pub(super) fn new() -> Self {
        Self {
            cmpr: Bank::new(),
            gen: Bank::new(),
            db: Bank::new(),
            chopper: Bank::new(),
            tz: Bank::new(),
            active: Active::default(),
            generated: [false; 2],
            dead_time: DeadTime::new(),
            carriers: [Carrier::new(); 2],
            trips: [Trip::default(); 2],
            shown: [false; 2],
        }
    }

    /// The active registers of the comparators.
    pub(super) fn compare(&self) -> [u32; 2] {
        self.active.compare
    }

    /// CMPR_A or CMPR_B was written: the shadow is full until it is transferred.
    pub(super) fn fill(&mut self, comparator: usize) {
        let full = [cmpr::CFG::A_SHDW_FULL, cmpr::CFG::B_SHDW_FULL][comparator];
        self.cmpr.set_field(cmpr::Reg::CFG, full, 1);
    }

    /// Shadow registers whose moment this is are transferred; with no moment at all, those that are transferred at once.
    pub(super) fn update(&mut self, moment: u32, forced: bool) {
        let due = |method: u32| forced || method == 0 || method & NEVER == 0 && method & moment != 0;
        let cfg = self.cmpr.get(cmpr::Reg::CFG);
        for (n, (method, full, value)) in [
            (cmpr::CFG::A_UPMETHOD, cmpr::CFG::A_SHDW_FULL, cmpr::Reg::VALUE0),
            (cmpr::CFG::B_UPMETHOD, cmpr::CFG::B_SHDW_FULL, cmpr::Reg::VALUE1),
        ]
        .into_iter()
        .enumerate()
        {
            if due(method.get(cfg)) {
                self.active.compare[n] = self.cmpr.get(value);
                self.cmpr.set_field(cmpr::Reg::CFG, full, 0);
            }
        }
        if due(self.gen.field(gen::Reg::CFG0, gen::CFG0::CFG_UPMETHOD)) {
            self.active.actions = [self.gen.get(gen::Reg::A), self.gen.get(gen::Reg::B)];
        }
        let cfg = self.db.get(db::Reg::CFG);
        if due(db::CFG::RED_UPMETHOD.get(cfg)) {
            self.active.rising = self.db.get(db::Reg::RED_CFG);
        }
        if due(db::CFG::FED_UPMETHOD.get(cfg)) {
            self.active.falling = self.db.get(db::Reg::FED_CFG);
        }
    }

    /// The same for the continuous force, which has more moments.
    pub(super) fn update_force(&mut self, events: u32, synced: bool, forced: bool) {
        let register = self.gen.get(gen::Reg::FORCE);
        let method = gen::FORCE::CNTUFORCE_UPMETHOD.get(register);
        let moment = events & 0xF | if synced { FORCE_ON_SYNC } else { 0 };
        if forced || method == 0 || method & NEVER_FORCE == 0 && method & moment != 0 {
            self.active.force =
                [gen::FORCE::A_CNTUFORCE_MODE.get(register), gen::FORCE::B_CNTUFORCE_MODE.get(register)];
        }
        self.keep_forced();
    }

    /// A continuous force is an event that lasts, and the highest of all.
    fn keep_forced(&mut self) {
        for (level, force) in self.generated.iter_mut().zip(self.active.force) {
            // 3 is as good as 0.
            if force != TOGGLE {
                *level = applied(force, *level);
            }
        }
    }

    /// A toggle of NCIFORCE forces a generator this once.
    pub(super) fn force_once(&mut self, changed: u32) {
        use gen::FORCE as F;
        let register = self.gen.get(gen::Reg::FORCE);
        let modes = [(F::A_NCIFORCE, F::A_NCIFORCE_MODE), (F::B_NCIFORCE, F::B_NCIFORCE_MODE)];
        for (n, (trigger, mode)) in modes.into_iter().enumerate() {
            if trigger.is_set(changed) && mode.get(register) != TOGGLE {
                self.generated[n] = applied(mode.get(register), self.generated[n]);
            }
        }
        self.keep_forced();
    }

    /// The events of one moment act on the generators. Of those that do something the highest counts: T0, T1, TEB, TEA, and
    /// then of TEP and TEZ the one at which a counter in this direction does not start over.
    pub(super) fn generate(&mut self, events: u32, down: bool) {
        const UPWARDS: [u32; 6] = [4, 5, 3, 2, 1, 0];
        const DOWNWARDS: [u32; 6] = [4, 5, 3, 2, 0, 1];
        for (level, actions) in self.generated.iter_mut().zip(self.active.actions) {
            let actions = if down { actions >> 12 } else { actions };
            let acting = |event: &u32| events >> event & 1 != 0 && actions >> (2 * event) & 3 != 0;
            let order = if down { DOWNWARDS } else { UPWARDS };
            if let Some(event) = order.into_iter().find(acting) {
                *level = applied(actions >> (2 * event) & 3, *level);
            }
        }
        self.keep_forced();
    }

    /// The events T0 and T1 that a sync event makes.
    pub(super) fn sync_events(&self) -> u32 {
        self.selected(SELECTS_SYNC)
    }

    /// The events T0 and T1 that the beginning of a fault makes.
    pub(super) fn fault_events(&self, fault: u32) -> u32 {
        self.selected(fault)
    }

    fn selected(&self, source: u32) -> u32 {
        let cfg = self.gen.get(gen::Reg::CFG0);
        let t0 = if gen::CFG0::T0_SEL.get(cfg) == source { event::T0 } else { 0 };
        t0 | if gen::CFG0::T1_SEL.get(cfg) == source { event::T1 } else { 0 }
    }

    /// Is a fault going on that trips this operator? `faults` has a bit for each.
    fn is_tripped(&self, one_shot: bool, faults: u32) -> bool {
        let enabled = self.tz.get(tz::Reg::CFG0) >> if one_shot { 4 } else { 0 };
        // F0 is bit 3, F2 bit 1.
        (0..3).any(|fault| faults >> fault & 1 != 0 && enabled >> (3 - fault) & 1 != 0)
    }

    /// Faults, or what they do, have changed. True for each way of tripping that begins: cycle by cycle, one-shot.
    pub(super) fn watch_faults(&mut self, faults: u32, down: bool) -> [bool; 2] {
        [false, true].map(|one_shot| {
            let begins = self.is_tripped(one_shot, faults) && !self.trips[usize::from(one_shot)].on;
            if begins {
                self.trip(one_shot, down);
            }
            begins
        })
    }

    /// A toggle of FORCE_CBC or FORCE_OST trips the operator, where it is enabled.
    pub(super) fn trip_by_software(&mut self, changed: u32, down: bool) -> [bool; 2] {
        let cfg = self.tz.get(tz::Reg::CFG0);
        let begin = [
            tz::CFG1::FORCE_CBC.is_set(changed) && tz::CFG0::SW_CBC.is_set(cfg),
            tz::CFG1::FORCE_OST.is_set(changed) && tz::CFG0::SW_OST.is_set(cfg),
        ];
        for one_shot in [false, true].into_iter().filter(|one_shot| begin[usize::from(*one_shot)]) {
            self.trip(one_shot, down);
        }
        begin
    }

    fn trip(&mut self, one_shot: bool, down: bool) {
        let cfg = self.tz.get(tz::Reg::CFG0);
        let shift = 8 + 4 * u32::from(one_shot) + 2 * u32::from(!down);
        let levels = [0, 1].map(|n| {
            let action = cfg >> (shift + 8 * n) & 3;
            (action != 0).then(|| applied(action, self.shown[n as usize]))
        });
        self.trips[usize::from(one_shot)] = Trip { on: true, levels };
    }

    /// The timer is at a moment at which CBCPULSE lets go of a fault that is over.
    pub(super) fn refresh(&mut self, events: u32, faults: u32) {
        if self.tz.field(tz::Reg::CFG1, tz::CFG1::CBCPULSE) & events != 0 && !self.is_tripped(false, faults) {
            self.trips[0] = Trip::default();
        }
    }

    /// A rising edge of CLR_OST ends the one-shot action, unless the fault goes on.
    pub(super) fn clear_one_shot(&mut self, faults: u32) {
        if !self.is_tripped(true, faults) {
            self.trips[1] = Trip::default();
        }
    }

    /// TZ_STATUS.
    pub(super) fn trip_status(&self) -> u32 {
        let status = tz::STATUS::CBC_ON.put(0, self.trips[0].on.into());
        tz::STATUS::OST_ON.put(status, self.trips[1].on.into())
    }

    /// When an output changes without an event of the timer.
    pub(super) fn next(&self) -> u64 {
        self.carriers.iter().map(Carrier::next).fold(self.dead_time.next(), u64::min)
    }

    /// Brings the signals through the stages up to this tick. `pt` is PT_clk in ticks.
    pub(super) fn settle(&mut self, pt: u64, tick: u64) {
        let cfg = self.db.get(db::Reg::CFG);
        let unit = if db::CFG::CLK_SEL.is_set(cfg) { pt } else { 1 };
        let [rising, falling] = [self.active.rising, self.active.falling].map(|ticks| (u64::from(ticks) + 1) * unit);
        let levels = self.dead_time.outputs(self.generated, cfg, Delays { rising, falling }, tick);
        let cfg = self.chopper.get(chopper::Reg::CFG);
        for (n, level) in levels.into_iter().enumerate() {
            let chopped = self.carriers[n].output(level, cfg, tick);
            let [cycle, one_shot] = self.trips.map(|trip| trip.levels[n]);
            self.shown[n] = one_shot.or(cycle).unwrap_or(chopped);
        }
    }

    /// The outputs A and B after [`Operator::settle`].
    pub(super) fn outputs(&self) -> [bool; 2] {
        self.shown
    }
}
