//! The soft float table. Datasheet 2.8.3.2.

use super::Outcome;
use armv6m::Core;

pub(super) fn call(_operation: u8, _core: &mut Core) -> Outcome {
    Outcome::Return
}
