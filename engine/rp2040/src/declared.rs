//! All registers that the blocks declare: for the check against the SVD, and for the fidelity ledger.

use crate::block::Block;
use crate::*;
use engine_core::registers::Group;

/// The register groups of every block, in the order of the address map. Blocks that declare nothing yet are absent.
pub fn all_groups() -> Vec<Group> {
    [
        xip_ctrl::XipCtrl::GROUPS,
        ssi::Ssi::GROUPS,
        sysinfo::Sysinfo::GROUPS,
        syscfg::Syscfg::GROUPS,
        clocks::Clocks::GROUPS,
        resets::Resets::GROUPS,
        psm::Psm::GROUPS,
        io_bank0::IoBank0::GROUPS,
        io_qspi::IoQspi::GROUPS,
        pads_bank0::PadsBank0::GROUPS,
        pads_qspi::PadsQspi::GROUPS,
        xosc::Xosc::GROUPS,
        pll::Pll::GROUPS,
        busctrl::Busctrl::GROUPS,
        uart::Uart::GROUPS,
        spi::Spi::GROUPS,
        i2c::I2c::GROUPS,
        adc::Adc::GROUPS,
        pwm::Pwm::GROUPS,
        timer::Timer::GROUPS,
        watchdog::Watchdog::GROUPS,
        rtc::Rtc::GROUPS,
        rosc::Rosc::GROUPS,
        vreg::Vreg::GROUPS,
        tbman::Tbman::GROUPS,
        dma::Dma::GROUPS,
        usb::Usb::GROUPS,
        pio::Pio::GROUPS,
        sio::Sio::GROUPS,
    ]
    .concat()
}
