//! Flash functions. Datasheet 2.8.3.1.3.

use super::image::Flash;
use super::Outcome;
use crate::system::System;
use armv6m::Core;

impl System {
    pub(super) fn call_flash(&mut self, function: Flash, core: &mut Core) -> Outcome {
        if !self.has_turn(core) {
            return Outcome::Again;
        }
        match function {
            Flash::Connect => core.cycle += self.connect_internal_flash(),
            Flash::ExitXip => core.cycle += self.flash_exit_xip(),
            Flash::FlushCache => core.cycle += self.flash_flush_cache(),
            Flash::RangeErase | Flash::RangeProgram | Flash::EnterCmdXip => {}
        }
        Outcome::Return
    }

    pub(super) fn connect_internal_flash(&mut self) -> u64 {
        60
    }

    pub(super) fn flash_exit_xip(&mut self) -> u64 {
        13_000
    }

    pub(super) fn flash_flush_cache(&mut self) -> u64 {
        1_100
    }
}
