//! ASSIST_DEBUG's monitors beside the processors.

use super::Chip;

impl Chip {
    /// What ASSIST_DEBUG watches of a processor from now on.
    pub(super) fn set_monitor(&mut self, core: usize) {
        let monitor = self.system.dev.assist_debug.monitor(core);
        self.cores[core].set_monitor(monitor);
    }

    /// What the monitor of a processor has seen in its last slice.
    pub(super) fn see_monitor(&mut self, core: usize) {
        let seen = self.cores[core].take_seen();
        if seen.is_empty() {
            return;
        }
        self.advance_to(self.frontier());
        let devices = &mut self.system.dev;
        for what in seen {
            devices.assist_debug.see(core, what, &mut devices.fabric);
        }
    }
}
