//! Private Peripheral Bus: System Control Space with NVIC and SCB.
//! ARMv6-M ARM, B3.2 (System Control Space), B3.4 (NVIC), B3.5 (PMSAv6); Cortex-M0+ TRM chapters
//! 4 to 6. Register names are those of these manuals and of the RP2040 SVD.

use serde::{Deserialize, Serialize};

use crate::core::Core;
use crate::exception::{Cause, IRQ0, NMI, PENDSV, SVCALL, SYSTICK};
use crate::execute::Miss;
use crate::Beat;

const PPB_END: u32 = 0xE010_0000;

const ACTLR: u32 = 0xE000_E008;
const SYST_CSR: u32 = 0xE000_E010;
const SYST_RVR: u32 = 0xE000_E014;
const SYST_CVR: u32 = 0xE000_E018;
const SYST_CALIB: u32 = 0xE000_E01C;
const NVIC_ISER: u32 = 0xE000_E100;
const NVIC_ICER: u32 = 0xE000_E180;
const NVIC_ISPR: u32 = 0xE000_E200;
const NVIC_ICPR: u32 = 0xE000_E280;
const NVIC_IPR0: u32 = 0xE000_E400;
const NVIC_IPR7: u32 = 0xE000_E41C;
const CPUID: u32 = 0xE000_ED00;
const ICSR: u32 = 0xE000_ED04;
const VTOR: u32 = 0xE000_ED08;
const AIRCR: u32 = 0xE000_ED0C;
const SCR: u32 = 0xE000_ED10;
const CCR: u32 = 0xE000_ED14;
const SHPR2: u32 = 0xE000_ED1C;
const SHPR3: u32 = 0xE000_ED20;
const SHCSR: u32 = 0xE000_ED24;
const MPU_TYPE: u32 = 0xE000_ED90;
const MPU_CTRL: u32 = 0xE000_ED94;
const MPU_RNR: u32 = 0xE000_ED98;
const MPU_RBAR: u32 = 0xE000_ED9C;
const MPU_RASR: u32 = 0xE000_EDA0;

/// Cortex-M0+ r0p1.
const CPUID_VALUE: u32 = 0x410C_C601;
/// STKALIGN and UNALIGN_TRP, both fixed.
const CCR_VALUE: u32 = 1 << 9 | 1 << 3;

const ICSR_NMIPENDSET: u32 = 1 << 31;
const ICSR_PENDSVSET: u32 = 1 << 28;
const ICSR_PENDSVCLR: u32 = 1 << 27;
const ICSR_PENDSTSET: u32 = 1 << 26;
const ICSR_PENDSTCLR: u32 = 1 << 25;
const ICSR_ISRPENDING: u32 = 1 << 22;
const ICSR_VECTPENDING_SHIFT: u32 = 12;

const AIRCR_VECTKEY: u32 = 0x05FA;
const AIRCR_VECTKEYSTAT: u32 = 0xFA05 << 16;
const AIRCR_SYSRESETREQ: u32 = 1 << 2;
const AIRCR_VECTCLRACTIVE: u32 = 1 << 1;

const SCR_SLEEPONEXIT: u32 = 1 << 1;
const SCR_SLEEPDEEP: u32 = 1 << 2;
const SCR_SEVONPEND: u32 = 1 << 4;

const SHCSR_SVCALLPENDED: u32 = 1 << 15;

/// DREGION: eight regions, unified.
const MPU_TYPE_VALUE: u32 = 8 << 8;
const MPU_CTRL_ENABLE: u32 = 1;
const MPU_RBAR_VALID: u32 = 1 << 4;

/// Nested Vectored Interrupt Controller, and what is pending and active beyond it.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Nvic {
    /// Levels of the interrupt inputs.
    pub irq_lines: u32,
    pub irq_pending: u32,
    irq_enabled: u32,
    /// NVIC_IPR: two bits each, 0 the most urgent.
    pub priorities: [u8; 32],
    pub nmi_pending: bool,
    pub svcall_pending: bool,
    pub pendsv_pending: bool,
    pub systick_pending: bool,
    /// Bit n: exception n is active.
    pub active: u64,
}

impl Nvic {
    /// Bit n: exception n is pending, and enabled if it can be disabled.
    #[inline]
    pub fn pending_and_enabled(&self) -> u64 {
        u64::from(self.irq_pending & self.irq_enabled) << IRQ0
            | u64::from(self.nmi_pending) << NMI
            | u64::from(self.svcall_pending) << SVCALL
            | u64::from(self.pendsv_pending) << PENDSV
            | u64::from(self.systick_pending) << SYSTICK
    }

    pub fn active_irqs(&self) -> u32 {
        (self.active >> IRQ0) as u32
    }

    /// Pending becomes active.
    pub fn activate(&mut self, number: u8) {
        self.active |= 1 << number;
        match number {
            NMI => self.nmi_pending = false,
            SVCALL => self.svcall_pending = false,
            PENDSV => self.pendsv_pending = false,
            SYSTICK => self.systick_pending = false,
            IRQ0.. => self.irq_pending &= !(1 << (number - IRQ0)),
            _ => {}
        }
    }

    /// Active becomes inactive; an interrupt whose line is still high is pending again (B3.4.1).
    pub fn deactivate(&mut self, number: u8) {
        self.active &= !(1 << number);
        if number >= IRQ0 {
            self.irq_pending |= self.irq_lines & 1 << (number - IRQ0);
        }
    }
}

/// System Control Block.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Scb {
    pub vtor: u32,
    pub sleep_on_exit: bool,
    pub sleep_deep: bool,
    pub sev_on_pend: bool,
    pub svcall_priority: u8,
    pub pendsv_priority: u8,
    pub systick_priority: u8,
}

/// Memory Protection Unit: the registers hold what is written, nothing is protected.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Mpu {
    ctrl: u32,
    region: u8,
    rbar: [u32; 8],
    rasr: [u32; 8],
}

/// A register of flags.
pub(crate) fn bits<const N: usize>(flags: [(bool, u32); N]) -> u32 {
    flags.into_iter().filter(|(set, _)| *set).map(|(_, bit)| bit).sum()
}

/// Priority fields are the two top bits of each byte.
fn unpack_priority(word: u32, byte: u32) -> u8 {
    (word >> (8 * byte + 6) & 3) as u8
}

fn pack_priority(priority: u8, byte: u32) -> u32 {
    u32::from(priority) << (8 * byte + 6)
}

impl Core {
    /// A debugger's read of a word of the Private Peripheral Bus, between two instructions. It has
    /// the effects of a read by firmware: SYST_CSR.COUNTFLAG is cleared.
    pub fn read_ppb(&mut self, addr: u32) -> u32 {
        self.ppb_read(addr & !3, self.cycle)
    }

    /// A debugger's write of a word of the Private Peripheral Bus, between two instructions.
    /// After writing to SysTick, ask for [`Core::next_systick_event`] again.
    pub fn write_ppb(&mut self, addr: u32, value: u32) {
        self.ppb_write(addr & !3, value, self.cycle);
        self.systick_written = false;
    }

    /// Checks an access to the system address space: 0xE010_0000 up is empty, the rest is for
    /// privileged words only (B3.1, B3.2.1).
    fn check_ppb(&mut self, addr: u32, bytes: u32, cause: Cause) -> Result<(), Miss> {
        if addr >= PPB_END || !self.privileged() {
            return Err(Miss::Fault(cause, addr));
        }
        if bytes != 4 {
            self.count(format!("PPB access of {bytes} bytes at {addr:#010x} (UNPREDICTABLE)"));
            return Err(Miss::Fault(cause, addr));
        }
        Ok(())
    }

    #[cold]
    pub(crate) fn ppb_load(&mut self, addr: u32, bytes: u32, cycle: u64) -> Result<Beat, Miss> {
        self.check_ppb(addr, bytes, Cause::BusRead)?;
        Ok(Beat { value: self.ppb_read(addr, cycle), cycles: 1 })
    }

    #[cold]
    pub(crate) fn ppb_store(&mut self, addr: u32, value: u32, bytes: u32, cycle: u64) -> Result<u32, Miss> {
        self.check_ppb(addr, bytes, Cause::BusWrite)?;
        self.ppb_write(addr, value, cycle);
        Err(Miss::DoneWithAttention)
    }

    fn ppb_read(&mut self, addr: u32, cycle: u64) -> u32 {
        if self.systick.advance(cycle) {
            self.pend_systick();
        }
        match addr {
            ACTLR => 0,
            SYST_CSR => self.systick.read_csr(),
            SYST_RVR => self.systick.read_rvr(),
            SYST_CVR => self.systick.read_cvr(),
            SYST_CALIB => self.systick.calibration,
            NVIC_ISER | NVIC_ICER => self.nvic.irq_enabled,
            NVIC_ISPR | NVIC_ICPR => self.nvic.irq_pending,
            NVIC_IPR0..=NVIC_IPR7 => {
                let first = (addr - NVIC_IPR0) as usize;
                (0..4).map(|byte| pack_priority(self.nvic.priorities[first + byte as usize], byte)).sum()
            }
            CPUID => CPUID_VALUE,
            ICSR => {
                let flags = bits([
                    (self.nvic.nmi_pending, ICSR_NMIPENDSET),
                    (self.nvic.pendsv_pending, ICSR_PENDSVSET),
                    (self.nvic.systick_pending, ICSR_PENDSTSET),
                    (self.nvic.irq_pending != 0, ICSR_ISRPENDING),
                ]);
                flags | (u32::from(self.vect_pending()) << ICSR_VECTPENDING_SHIFT) | u32::from(self.ipsr)
            }
            VTOR => self.scb.vtor,
            AIRCR => AIRCR_VECTKEYSTAT,
            SCR => bits([
                (self.scb.sleep_on_exit, SCR_SLEEPONEXIT),
                (self.scb.sleep_deep, SCR_SLEEPDEEP),
                (self.scb.sev_on_pend, SCR_SEVONPEND),
            ]),
            CCR => CCR_VALUE,
            SHPR2 => pack_priority(self.scb.svcall_priority, 3),
            SHPR3 => pack_priority(self.scb.pendsv_priority, 2) | pack_priority(self.scb.systick_priority, 3),
            SHCSR => bits([(self.nvic.svcall_pending, SHCSR_SVCALLPENDED)]),
            MPU_TYPE => MPU_TYPE_VALUE,
            MPU_CTRL => self.mpu.ctrl,
            MPU_RNR => self.mpu.region.into(),
            MPU_RBAR => self.mpu.rbar[usize::from(self.mpu.region)] | u32::from(self.mpu.region),
            MPU_RASR => self.mpu.rasr[usize::from(self.mpu.region)],
            _ => {
                self.count(format!("read of {}", not_modelled(addr)));
                0
            }
        }
    }

    fn ppb_write(&mut self, addr: u32, value: u32, cycle: u64) {
        if self.systick.advance(cycle) {
            self.pend_systick();
        }
        match addr {
            SYST_CSR | SYST_RVR | SYST_CVR => {
                match addr {
                    SYST_CSR => self.systick.write_csr(value, cycle),
                    SYST_RVR => self.systick.write_rvr(value),
                    _ => self.systick.write_cvr(),
                }
                self.systick_written = true;
            }
            NVIC_ISER => self.nvic.irq_enabled |= value,
            NVIC_ICER => self.nvic.irq_enabled &= !value,
            NVIC_ISPR => self.pend_irqs(value),
            NVIC_ICPR => {
                self.nvic.irq_pending &= !value;
                self.nvic.irq_pending |= self.nvic.irq_lines & !self.nvic.active_irqs();
            }
            NVIC_IPR0..=NVIC_IPR7 => {
                let first = (addr - NVIC_IPR0) as usize;
                for byte in 0..4 {
                    self.nvic.priorities[first + byte as usize] = unpack_priority(value, byte);
                }
            }
            ICSR => self.write_icsr(value),
            VTOR => self.scb.vtor = value & 0xFFFF_FF00,
            AIRCR if value >> 16 == AIRCR_VECTKEY => {
                self.reset_requested = value & AIRCR_SYSRESETREQ != 0;
                if value & AIRCR_VECTCLRACTIVE != 0 {
                    self.count("AIRCR.VECTCLRACTIVE");
                }
            }
            SCR => {
                self.scb.sleep_on_exit = value & SCR_SLEEPONEXIT != 0;
                self.scb.sleep_deep = value & SCR_SLEEPDEEP != 0;
                self.scb.sev_on_pend = value & SCR_SEVONPEND != 0;
            }
            SHPR2 => self.scb.svcall_priority = unpack_priority(value, 3),
            SHPR3 => {
                self.scb.pendsv_priority = unpack_priority(value, 2);
                self.scb.systick_priority = unpack_priority(value, 3);
            }
            SHCSR => self.nvic.svcall_pending = value & SHCSR_SVCALLPENDED != 0,
            MPU_CTRL => {
                if value & MPU_CTRL_ENABLE != 0 {
                    self.count("MPU_CTRL.ENABLE: regions are stored, nothing is protected");
                }
                self.mpu.ctrl = value & 7;
            }
            MPU_RNR => self.mpu.region = (value & 7) as u8,
            MPU_RBAR => {
                if value & MPU_RBAR_VALID != 0 {
                    self.mpu.region = (value & 7) as u8;
                }
                self.mpu.rbar[usize::from(self.mpu.region)] = value & 0xFFFF_FF00;
            }
            MPU_RASR => self.mpu.rasr[usize::from(self.mpu.region)] = value & 0xFFFF_FF3F,
            // Read-only, and AIRCR without its key.
            ACTLR | SYST_CALIB | CPUID | AIRCR | CCR | MPU_TYPE => {}
            _ => self.count(format!("write to {}", not_modelled(addr))),
        }
    }

    fn write_icsr(&mut self, value: u32) {
        if value & ICSR_NMIPENDSET != 0 {
            self.nvic.nmi_pending = true;
        }
        if value & ICSR_PENDSVSET != 0 {
            self.pend_pendsv();
        }
        if value & ICSR_PENDSVCLR != 0 {
            self.nvic.pendsv_pending = false;
        }
        if value & ICSR_PENDSTSET != 0 {
            self.pend_systick();
        }
        if value & ICSR_PENDSTCLR != 0 {
            self.nvic.systick_pending = false;
        }
    }
}

/// Registers that exist and are not modelled, by name: the debug components (ARMv6-M ARM, part C).
fn not_modelled(addr: u32) -> String {
    let name = match addr {
        0xE000_1000..=0xE000_1FFF => "DWT",
        0xE000_2000..=0xE000_2FFF => "BPU",
        0xE000_ED30 => "DFSR",
        0xE000_EDF0 => "DHCSR",
        0xE000_EDF4 => "DCRSR",
        0xE000_EDF8 => "DCRDR",
        0xE000_EDFC => "DEMCR",
        0xE000_EFD0..=0xE000_EFFF => "SCS CoreSight identification",
        0xE00F_F000..=0xE00F_FFFF => "ROM table",
        _ => return format!("reserved PPB address {addr:#010x}"),
    };
    format!("{name} at {addr:#010x}")
}
