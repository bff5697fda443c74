//! The blocks and their base addresses, ESP32-S3 TRM table 4-3 (ESP-IDF `soc/reg_base.h`): one line each.

use crate::block::Block;
use crate::fabric::{Depth, Fabric, Reason};
use crate::memories::Mmu;
use crate::spi_mem::octal_flash::OctalFlash;
use crate::spi_mem::psram::Psram;
use crate::sysreg;
use engine_core::flash::FlashChip;
use engine_core::registers::{Group, Write};
use serde::{Deserialize, Serialize};

macro_rules! devices {
    ($($base:literal ..= $last:literal $field:ident: $kind:ty = $new:expr;)*) => {
        /// The blocks and what they share: all that a snapshot copies.
        #[allow(missing_docs)]
        #[derive(Clone, Debug, Serialize, Deserialize)]
        pub struct Devices {
            pub fabric: Fabric,
            pub mmu: Mmu,
            pub flash_chip: FlashChip,
            pub octal_flash: Option<OctalFlash>,
            pub psram_chip: Psram,
            $(pub $field: $kind),*
        }

        impl Devices {
            /// The blocks after power-on, with these chips on the flash bus.
            pub fn new(flash_chip: FlashChip, psram_chip: Psram) -> Self {
                Self { fabric: Fabric::new(), mmu: Mmu::new(), flash_chip, octal_flash: None, psram_chip, $($field: $new),* }
            }

            /// A load from a block of registers. `None`: no block is there.
            pub fn read(&mut self, addr: u32) -> Option<u32> {
                if !self.answers(addr) {
                    return self.peek(addr);
                }
                if self.fabric.has_late_pins && shows_pins(addr) {
                    self.bring_pins_up_to_date();
                }
                match addr {
                    $($base..=$last => Some(self.$field.read((addr - $base) & !3, &mut self.fabric)),)*
                    _ => None,
                }
            }

            /// Does a load from here do nothing, and give the same until software stores something, or an event or an input
            /// comes?
            pub fn stays(&self, addr: u32) -> bool {
                let fabric = &self.fabric;
                let looks = fabric.has_late_pins && shows_pins(addr) || fabric.is_dark(addr) || fabric.is_held(addr);
                !looks && match addr {
                    $($base..=$last => self.$field.stays((addr - $base) & !3),)*
                    _ => false,
                }
            }

            /// The value of a register without side effects.
            pub fn peek(&mut self, addr: u32) -> Option<u32> {
                match addr {
                    $($base..=$last => Some(self.$field.peek((addr - $base) & !3, &mut self.fabric)),)*
                    _ => None,
                }
            }

            /// A store to a block of registers. `None`: no block is there.
            pub fn write(&mut self, addr: u32, write: Write) -> Option<()> {
                if !self.answers(addr) {
                    return Some(());
                }
                if self.fabric.has_late_pins && sets_pins_up(addr) {
                    self.bring_pins_up_to_date();
                }
                match addr {
                    $($base..=$last => self.$field.write((addr - $base) & !3, write, &mut self.fabric),)*
                    _ => return None,
                }
                Some(())
            }

            /// The block at this address is reset.
            pub fn reset_block(&mut self, addr: u32) {
                match addr {
                    $($base..=$last => self.$field.reset(&mut self.fabric),)*
                    _ => {}
                }
            }

            /// Every block that `which` says is reset; it gets the base address.
            pub fn reset_blocks(&mut self, which: impl Fn(u32) -> bool) {
                $(if which($base) {
                    self.$field.reset(&mut self.fabric);
                })*
            }

            /// Every block looks at the rates of the clock tree.
            pub fn clocks_changed(&mut self) {
                $(self.$field.clocks_changed(&mut self.fabric);)*
            }
        }

        /// The register groups of every block, in the order of the address map.
        pub fn all_groups() -> Vec<Group> {
            [$(<$kind as Block>::GROUPS),*].concat()
        }
    };
}

devices! {
    0x6000_0000..=0x6000_0FFF uart0: crate::uart::Uart = crate::uart::Uart::new(0);
    0x6000_2000..=0x6000_2FFF spi1: crate::spi_mem::spi1::Spi1 = crate::spi_mem::spi1::Spi1::new();
    0x6000_3000..=0x6000_3FFF spi0: crate::spi_mem::spi0::Spi0 = crate::spi_mem::spi0::Spi0::new();
    0x6000_4000..=0x6000_4EFF gpio: crate::gpio::Gpio = crate::gpio::Gpio::new();
    0x6000_4F00..=0x6000_4FFF sdm: crate::sdm::Sdm = crate::sdm::Sdm::new();
    0x6000_5000..=0x6000_5FFF fe2: crate::radio::Radio = crate::radio::Radio::new(&crate::radio::FE2);
    0x6000_6000..=0x6000_6FFF fe: crate::radio::Radio = crate::radio::Radio::new(&crate::radio::FE);
    0x6000_7000..=0x6000_7FFF efuse: crate::efuse::Efuse = crate::efuse::Efuse::new();
    0x6000_8000..=0x6000_83FF rtc_cntl: crate::rtc_cntl::RtcCntl = crate::rtc_cntl::RtcCntl::new();
    0x6000_8400..=0x6000_87FF rtc_io: crate::rtc_io::RtcIo = crate::rtc_io::RtcIo::new();
    0x6000_8800..=0x6000_8BFF sens: crate::sens::Sens = crate::sens::Sens::new();
    0x6000_8C00..=0x6000_8FFF rtc_i2c: crate::rtc_i2c::RtcI2c = crate::rtc_i2c::RtcI2c::new();
    0x6000_9000..=0x6000_9FFF io_mux: crate::io_mux::IoMux = crate::io_mux::IoMux::new();
    0x6000_C000..=0x6000_CFFF uhci1: crate::uhci::Uhci = crate::uhci::Uhci::new(1);
    0x6000_E000..=0x6000_EFFF regi2c: crate::regi2c::Regi2c = crate::regi2c::Regi2c::new();
    0x6000_F000..=0x6000_FFFF i2s0: crate::i2s::I2s = crate::i2s::I2s::new(0);
    0x6001_0000..=0x6001_0FFF uart1: crate::uart::Uart = crate::uart::Uart::new(1);
    0x6001_1000..=0x6001_2FFF bt: crate::radio::Radio = crate::radio::Radio::new(&crate::radio::BT);
    0x6001_3000..=0x6001_3FFF i2c0: crate::i2c::I2c = crate::i2c::I2c::new(0);
    0x6001_4000..=0x6001_4FFF uhci0: crate::uhci::Uhci = crate::uhci::Uhci::new(0);
    0x6001_6000..=0x6001_6FFF rmt: crate::rmt::Rmt = crate::rmt::Rmt::new();
    0x6001_7000..=0x6001_7FFF pcnt: crate::pcnt::Pcnt = crate::pcnt::Pcnt::new();
    0x6001_9000..=0x6001_9FFF ledc: crate::ledc::Ledc = crate::ledc::Ledc::new();
    0x6001_C000..=0x6001_CBFF rx: crate::radio::Radio = crate::radio::Radio::new(&crate::radio::RX);
    0x6001_CC00..=0x6001_CFFF nrx: crate::radio::Radio = crate::radio::Radio::new(&crate::radio::NRX);
    0x6001_D000..=0x6001_DFFF bb: crate::radio::Bb = crate::radio::Bb::new();
    0x6001_E000..=0x6001_EFFF mcpwm0: crate::mcpwm::Mcpwm = crate::mcpwm::Mcpwm::new(0);
    0x6001_F000..=0x6001_FFFF timg0: crate::timg::Timg = crate::timg::Timg::new(0);
    0x6002_0000..=0x6002_0FFF timg1: crate::timg::Timg = crate::timg::Timg::new(1);
    0x6002_3000..=0x6002_3FFF systimer: crate::systimer::Systimer = crate::systimer::Systimer::new();
    0x6002_4000..=0x6002_4FFF spi2: crate::gpspi::GpSpi = crate::gpspi::GpSpi::new(2);
    0x6002_5000..=0x6002_5FFF spi3: crate::gpspi::GpSpi = crate::gpspi::GpSpi::new(3);
    0x6002_6000..=0x6002_6FFF apb_ctrl: crate::apb_ctrl::ApbCtrl = crate::apb_ctrl::ApbCtrl::new();
    0x6002_7000..=0x6002_7FFF i2c1: crate::i2c::I2c = crate::i2c::I2c::new(1);
    0x6002_8000..=0x6002_8FFF sdhost: crate::sdhost::Sdhost = crate::sdhost::Sdhost::new();
    0x6002_A000..=0x6002_AFFF peri_backup: crate::peri_backup::PeriBackup = crate::peri_backup::PeriBackup::new();
    0x6002_C000..=0x6002_CFFF mcpwm1: crate::mcpwm::Mcpwm = crate::mcpwm::Mcpwm::new(1);
    0x6002_B000..=0x6002_BFFF twai: crate::twai::Twai = crate::twai::Twai::new();
    0x6002_D000..=0x6002_DFFF i2s1: crate::i2s::I2s = crate::i2s::I2s::new(1);
    0x6002_E000..=0x6002_EFFF uart2: crate::uart::Uart = crate::uart::Uart::new(2);
    0x6003_1000..=0x6003_2FFF ble: crate::radio::Ble = crate::radio::Ble::new();
    0x6003_507C..=0x6003_507F rng: crate::rng::Rng = crate::rng::Rng::new();
    0x6003_3000..=0x6003_6FFF wifi: crate::radio::Radio = crate::radio::Radio::new(&crate::radio::WIFI);
    0x6003_8000..=0x6003_8FFF usb_serial_jtag: crate::usb_serial_jtag::UsbSerialJtag = crate::usb_serial_jtag::UsbSerialJtag::new();
    0x6003_9000..=0x6003_9FFF usb_wrap: crate::usb_wrap::UsbWrap = crate::usb_wrap::UsbWrap::new();
    0x6003_A000..=0x6003_AFFF aes: crate::aes::Aes = crate::aes::Aes::new();
    0x6003_B000..=0x6003_BFFF sha: crate::sha::Sha = crate::sha::Sha::new();
    0x6003_C000..=0x6003_CFFF rsa: crate::rsa::Rsa = crate::rsa::Rsa::new();
    0x6003_D000..=0x6003_DFFF ds: crate::ds::Ds = crate::ds::Ds::new();
    0x6003_E000..=0x6003_EFFF hmac: crate::hmac::Hmac = crate::hmac::Hmac::new();
    0x6003_F000..=0x6003_FFFF gdma: crate::gdma::Gdma = crate::gdma::Gdma::new();
    0x6004_0000..=0x6004_0FFF apb_saradc: crate::apb_saradc::ApbSaradc = crate::apb_saradc::ApbSaradc::new();
    0x6004_1000..=0x6004_1FFF lcd_cam: crate::lcd_cam::LcdCam = crate::lcd_cam::LcdCam::new();
    0x6008_0000..=0x600B_FFFF usb_otg: crate::usb_otg::UsbOtg = crate::usb_otg::UsbOtg::new();
    0x600C_0000..=0x600C_0FFF sysreg: crate::sysreg::Sysreg = crate::sysreg::Sysreg::new();
    0x600C_1000..=0x600C_1FFF sensitive: crate::sensitive::Sensitive = crate::sensitive::Sensitive::new();
    0x600C_2000..=0x600C_2FFF interrupt: crate::interrupt::Interrupt = crate::interrupt::Interrupt::new();
    0x600C_4000..=0x600C_4FFF extmem: crate::extmem::Extmem = crate::extmem::Extmem::new();
    0x600C_C000..=0x600C_CFFF xts_aes: crate::xts_aes::XtsAes = crate::xts_aes::XtsAes::new();
    0x600C_D000..=0x600C_DFFF ethernet: crate::ethernet::Ethernet = crate::ethernet::Ethernet::new();
    0x600C_E000..=0x600C_EFFF assist_debug: crate::assist_debug::AssistDebug = crate::assist_debug::AssistDebug::new();
    0x600D_0000..=0x600D_0FFF wcl: crate::wcl::Wcl = crate::wcl::Wcl::new();
}

/// Does the block live through a core reset and deep sleep? The RTC domain does, and what ASSIST_DEBUG recorded.
fn outlives_core_reset(base: u32) -> bool {
    matches!(base, 0x6000_8000..=0x6000_8FFF | 0x600C_E000)
}

/// Is it a register of GPIO, IO_MUX, RTC_CNTL or RTC_IO that says what pins show? (GPIO's first ones are levels.)
fn sets_pins_up(addr: u32) -> bool {
    matches!(addr, 0x6000_4074..=0x6000_4EFF | 0x6000_8000..=0x6000_87FF | 0x6000_9000..=0x6000_9FFF)
}

/// GPIO_IN, GPIO_IN1 and RTC_GPIO_IN.
fn shows_pins(addr: u32) -> bool {
    matches!(addr, 0x6000_403C | 0x6000_4040 | 0x6000_8424)
}

/// UART_CLK_CONF: the mask ROM sets UART_RST_CORE in it while the UART is in reset, and ESP-IDF (`hal/uart_ll.h`,
/// uart_ll_reset_register) counts on that bit through a reset of the module.
fn answers_in_reset(addr: u32) -> bool {
    matches!(addr, 0x6000_0078 | 0x6001_0078 | 0x6002_E078)
}

impl Devices {
    /// Blocks that hand in batches of edges hand in those up to now.
    pub fn bring_pins_up_to_date(&mut self) {
        let Self { fabric, i2s0, i2s1, lcd_cam, ledc, mcpwm0, mcpwm1, rmt, sdm, twai, .. } = self;
        if fabric.has_late_pins {
            lcd_cam.catch_up_clock(fabric);
            ledc.catch_up(fabric);
            mcpwm0.catch_up(fabric.now(), fabric);
            mcpwm1.catch_up(fabric.now(), fabric);
            rmt.catch_up(fabric);
            sdm.catch_up(fabric);
            i2s0.catch_up_clock(fabric);
            i2s1.catch_up_clock(fabric);
            twai.catch_up_clock(fabric);
        }
    }

    /// The chip restarts, TRM 8.1: a core reset spares the RTC domain, a system reset does not; power-on loses everything.
    pub fn restart(&mut self, reason: Reason) {
        let depth = reason.depth();
        if depth == Depth::Chip || depth == Depth::System {
            self.fabric.latch_straps();
        }
        let wish = self.fabric.usb_download.0 && depth != Depth::Chip;
        self.fabric.usb_download = (wish, wish);
        let rtc_cntl = self.rtc_cntl.clone();
        self.reset_blocks(|base| depth != Depth::Core || !(outlives_core_reset(base) || rtc_cntl.spares(base)));
        self.rtc_cntl.restarted(reason, &mut self.fabric);
        self.fabric.settle_clocks();
    }

    /// Does a block answer here? One that is held in reset keeps its reset values; without a clock it is but counted.
    #[inline]
    fn answers(&mut self, addr: u32) -> bool {
        if self.fabric.is_dark(addr) {
            sysreg::accessed_without_clock(addr, &mut self.fabric);
        }
        let held = self.fabric.is_held(addr) && !answers_in_reset(addr);
        if held {
            sysreg::accessed_in_reset(addr, &mut self.fabric);
        }
        !held
    }
}
