//! The registers of PIO, section 3.7: the tables, and what a load or a store does.

use super::machine::Latch;
use super::{Pio, FIFO_DEPTH, MACHINES};
use crate::block::{undeclared, Block};
use crate::fabric::Fabric;
use engine_core::registers;
use engine_core::registers::{Group, Registers, Write};

registers! {
    /// The registers that the four state machines share, table 366.
    pub Reg;
    CTRL 0x000 = 0x0000_0000 { CLKDIV_RESTART 11:8 wo; SM_RESTART 7:4 wo; SM_ENABLE 3:0 rw; }
    FSTAT 0x004 = 0x0F00_0F00 { TXEMPTY 27:24 ro; TXFULL 19:16 ro; RXEMPTY 11:8 ro; RXFULL 3:0 ro; }
    FDEBUG 0x008 = 0x0000_0000 { TXSTALL 27:24 w1c; TXOVER 19:16 w1c; RXUNDER 11:8 w1c; RXSTALL 3:0 w1c; }
    FLEVEL 0x00C = 0x0000_0000 {
        RX3 31:28 ro; TX3 27:24 ro; RX2 23:20 ro; TX2 19:16 ro;
        RX1 15:12 ro; TX1 11:8 ro; RX0 7:4 ro; TX0 3:0 ro;
    }
    TXF0 0x010 = 0x0000_0000 { TXF0 31:0 wo; }
    TXF1 0x014 = 0x0000_0000 { TXF1 31:0 wo; }
    TXF2 0x018 = 0x0000_0000 { TXF2 31:0 wo; }
    TXF3 0x01C = 0x0000_0000 { TXF3 31:0 wo; }
    RXF0 0x020 = 0x0000_0000 { RXF0 31:0 ro; }
    RXF1 0x024 = 0x0000_0000 { RXF1 31:0 ro; }
    RXF2 0x028 = 0x0000_0000 { RXF2 31:0 ro; }
    RXF3 0x02C = 0x0000_0000 { RXF3 31:0 ro; }
    IRQ 0x030 = 0x0000_0000 { IRQ 7:0 w1c; }
    IRQ_FORCE 0x034 = 0x0000_0000 { IRQ_FORCE 7:0 wo; }
    INPUT_SYNC_BYPASS 0x038 = 0x0000_0000 { INPUT_SYNC_BYPASS 31:0 rw; }
    DBG_PADOUT 0x03C = 0x0000_0000 { DBG_PADOUT 31:0 ro; }
    DBG_PADOE 0x040 = 0x0000_0000 { DBG_PADOE 31:0 ro; }
    DBG_CFGINFO 0x044 = 0x0000_0000 { IMEM_SIZE 21:16 ro; SM_COUNT 11:8 ro; FIFO_DEPTH 5:0 ro; }
    INSTR_MEM0 0x048 = 0x0000_0000 { INSTR_MEM0 15:0 wo; }
    INSTR_MEM1 0x04C = 0x0000_0000 { INSTR_MEM1 15:0 wo; }
    INSTR_MEM2 0x050 = 0x0000_0000 { INSTR_MEM2 15:0 wo; }
    INSTR_MEM3 0x054 = 0x0000_0000 { INSTR_MEM3 15:0 wo; }
    INSTR_MEM4 0x058 = 0x0000_0000 { INSTR_MEM4 15:0 wo; }
    INSTR_MEM5 0x05C = 0x0000_0000 { INSTR_MEM5 15:0 wo; }
    INSTR_MEM6 0x060 = 0x0000_0000 { INSTR_MEM6 15:0 wo; }
    INSTR_MEM7 0x064 = 0x0000_0000 { INSTR_MEM7 15:0 wo; }
    INSTR_MEM8 0x068 = 0x0000_0000 { INSTR_MEM8 15:0 wo; }
    INSTR_MEM9 0x06C = 0x0000_0000 { INSTR_MEM9 15:0 wo; }
    INSTR_MEM10 0x070 = 0x0000_0000 { INSTR_MEM10 15:0 wo; }
    INSTR_MEM11 0x074 = 0x0000_0000 { INSTR_MEM11 15:0 wo; }
    INSTR_MEM12 0x078 = 0x0000_0000 { INSTR_MEM12 15:0 wo; }
    INSTR_MEM13 0x07C = 0x0000_0000 { INSTR_MEM13 15:0 wo; }
    INSTR_MEM14 0x080 = 0x0000_0000 { INSTR_MEM14 15:0 wo; }
    INSTR_MEM15 0x084 = 0x0000_0000 { INSTR_MEM15 15:0 wo; }
    INSTR_MEM16 0x088 = 0x0000_0000 { INSTR_MEM16 15:0 wo; }
    INSTR_MEM17 0x08C = 0x0000_0000 { INSTR_MEM17 15:0 wo; }
    INSTR_MEM18 0x090 = 0x0000_0000 { INSTR_MEM18 15:0 wo; }
    INSTR_MEM19 0x094 = 0x0000_0000 { INSTR_MEM19 15:0 wo; }
    INSTR_MEM20 0x098 = 0x0000_0000 { INSTR_MEM20 15:0 wo; }
    INSTR_MEM21 0x09C = 0x0000_0000 { INSTR_MEM21 15:0 wo; }
    INSTR_MEM22 0x0A0 = 0x0000_0000 { INSTR_MEM22 15:0 wo; }
    INSTR_MEM23 0x0A4 = 0x0000_0000 { INSTR_MEM23 15:0 wo; }
    INSTR_MEM24 0x0A8 = 0x0000_0000 { INSTR_MEM24 15:0 wo; }
    INSTR_MEM25 0x0AC = 0x0000_0000 { INSTR_MEM25 15:0 wo; }
    INSTR_MEM26 0x0B0 = 0x0000_0000 { INSTR_MEM26 15:0 wo; }
    INSTR_MEM27 0x0B4 = 0x0000_0000 { INSTR_MEM27 15:0 wo; }
    INSTR_MEM28 0x0B8 = 0x0000_0000 { INSTR_MEM28 15:0 wo; }
    INSTR_MEM29 0x0BC = 0x0000_0000 { INSTR_MEM29 15:0 wo; }
    INSTR_MEM30 0x0C0 = 0x0000_0000 { INSTR_MEM30 15:0 wo; }
    INSTR_MEM31 0x0C4 = 0x0000_0000 { INSTR_MEM31 15:0 wo; }
    INTR 0x128 = 0x0000_0000 {
        SM3 11 ro; SM2 10 ro; SM1 9 ro; SM0 8 ro;
        SM3_TXNFULL 7 ro; SM2_TXNFULL 6 ro; SM1_TXNFULL 5 ro; SM0_TXNFULL 4 ro;
        SM3_RXNEMPTY 3 ro; SM2_RXNEMPTY 2 ro; SM1_RXNEMPTY 1 ro; SM0_RXNEMPTY 0 ro;
    }
    IRQ0_INTE 0x12C = 0x0000_0000 {
        SM3 11 rw; SM2 10 rw; SM1 9 rw; SM0 8 rw;
        SM3_TXNFULL 7 rw; SM2_TXNFULL 6 rw; SM1_TXNFULL 5 rw; SM0_TXNFULL 4 rw;
        SM3_RXNEMPTY 3 rw; SM2_RXNEMPTY 2 rw; SM1_RXNEMPTY 1 rw; SM0_RXNEMPTY 0 rw;
    }
    IRQ0_INTF 0x130 = 0x0000_0000 {
        SM3 11 rw; SM2 10 rw; SM1 9 rw; SM0 8 rw;
        SM3_TXNFULL 7 rw; SM2_TXNFULL 6 rw; SM1_TXNFULL 5 rw; SM0_TXNFULL 4 rw;
        SM3_RXNEMPTY 3 rw; SM2_RXNEMPTY 2 rw; SM1_RXNEMPTY 1 rw; SM0_RXNEMPTY 0 rw;
    }
    IRQ0_INTS 0x134 = 0x0000_0000 {
        SM3 11 ro; SM2 10 ro; SM1 9 ro; SM0 8 ro;
        SM3_TXNFULL 7 ro; SM2_TXNFULL 6 ro; SM1_TXNFULL 5 ro; SM0_TXNFULL 4 ro;
        SM3_RXNEMPTY 3 ro; SM2_RXNEMPTY 2 ro; SM1_RXNEMPTY 1 ro; SM0_RXNEMPTY 0 ro;
    }
    IRQ1_INTE 0x138 = 0x0000_0000 {
        SM3 11 rw; SM2 10 rw; SM1 9 rw; SM0 8 rw;
        SM3_TXNFULL 7 rw; SM2_TXNFULL 6 rw; SM1_TXNFULL 5 rw; SM0_TXNFULL 4 rw;
        SM3_RXNEMPTY 3 rw; SM2_RXNEMPTY 2 rw; SM1_RXNEMPTY 1 rw; SM0_RXNEMPTY 0 rw;
    }
    IRQ1_INTF 0x13C = 0x0000_0000 {
        SM3 11 rw; SM2 10 rw; SM1 9 rw; SM0 8 rw;
        SM3_TXNFULL 7 rw; SM2_TXNFULL 6 rw; SM1_TXNFULL 5 rw; SM0_TXNFULL 4 rw;
        SM3_RXNEMPTY 3 rw; SM2_RXNEMPTY 2 rw; SM1_RXNEMPTY 1 rw; SM0_RXNEMPTY 0 rw;
    }
    IRQ1_INTS 0x140 = 0x0000_0000 {
        SM3 11 ro; SM2 10 ro; SM1 9 ro; SM0 8 ro;
        SM3_TXNFULL 7 ro; SM2_TXNFULL 6 ro; SM1_TXNFULL 5 ro; SM0_TXNFULL 4 ro;
        SM3_RXNEMPTY 3 ro; SM2_RXNEMPTY 2 ro; SM1_RXNEMPTY 1 ro; SM0_RXNEMPTY 0 ro;
    }
}

registers! {
    /// The registers of one state machine, repeated every 0x18 bytes from 0x0C8 on.
    pub Sm;
    CLKDIV 0x00 = 0x0001_0000 { INT 31:16 rw; FRAC 15:8 rw; }
    EXECCTRL 0x04 = 0x0001_F000 {
        EXEC_STALLED 31 ro; SIDE_EN 30 rw; SIDE_PINDIR 29 rw; JMP_PIN 28:24 rw; OUT_EN_SEL 23:19 rw;
        INLINE_OUT_EN 18 rw; OUT_STICKY 17 rw; WRAP_TOP 16:12 rw; WRAP_BOTTOM 11:7 rw; STATUS_SEL 4 rw; STATUS_N 3:0 rw;
    }
    SHIFTCTRL 0x08 = 0x000C_0000 {
        FJOIN_RX 31 rw; FJOIN_TX 30 rw; PULL_THRESH 29:25 rw; PUSH_THRESH 24:20 rw;
        OUT_SHIFTDIR 19 rw; IN_SHIFTDIR 18 rw; AUTOPULL 17 rw; AUTOPUSH 16 rw;
    }
    ADDR 0x0C = 0x0000_0000 { ADDR 4:0 ro; }
    INSTR 0x10 = 0x0000_0000 { INSTR 15:0 rw; }
    PINCTRL 0x14 = 0x1400_0000 {
        SIDESET_COUNT 31:29 rw; SET_COUNT 28:26 rw; OUT_COUNT 25:20 rw; IN_BASE 19:15 rw;
        SIDESET_BASE 14:10 rw; SET_BASE 9:5 rw; OUT_BASE 4:0 rw;
    }
}

/// Where the registers of state machine 0 begin, and the distance to the next machine's.
const SM_BASE: u32 = 0x0C8;
const SM_STEP: u32 = 0x18;

/// PIO drives 32 GPIOs inside; 30 of them exist (DBG_PADOUT).
const PADS: u32 = 0x3FFF_FFFF;

/// DBG_CFGINFO: 32 instructions, four machines, FIFOs of four words.
const CFGINFO: u32 = 32 << 16 | (MACHINES as u32) << 8 | FIFO_DEPTH as u32;

/// A register of one machine.
fn machine_register(offset: u32) -> Option<(usize, Sm)> {
    let within = offset.checked_sub(SM_BASE)?;
    let machine = (within / SM_STEP) as usize;
    (machine < MACHINES).then(|| Sm::at(within % SM_STEP)).flatten().map(|register| (machine, register))
}

impl Block for Pio {
    const GROUPS: &'static [Group] = &[
        Group::one("PIO0", Reg::TABLE),
        Group {
            block: "PIO0",
            prefix: "SM{}_",
            base: SM_BASE,
            count: MACHINES as u32,
            step: SM_STEP,
            table: Sm::TABLE,
        },
        Group::one("PIO1", Reg::TABLE),
        Group {
            block: "PIO1",
            prefix: "SM{}_",
            base: SM_BASE,
            count: MACHINES as u32,
            step: SM_STEP,
            table: Sm::TABLE,
        },
    ];

    #[inline]
    fn read(&mut self, offset: u32, fabric: &mut Fabric) -> u32 {
        if (0x20..0x30).contains(&offset) {
            return self.read_rxf((offset - 0x20) as usize / 4, fabric);
        }
        self.peek(offset, fabric)
    }

    #[inline]
    fn peek(&mut self, offset: u32, fabric: &mut Fabric) -> u32 {
        let Some(register) = Reg::at(offset) else {
            return match machine_register(offset) {
                Some((machine, register)) => self.peek_machine(machine, register),
                None => undeclared(self.name(), offset, fabric),
            };
        };
        match register {
            Reg::FSTAT => self.fstat,
            Reg::FDEBUG => self.shared.fdebug,
            Reg::FLEVEL => self.flevel(),
            Reg::RXF0 | Reg::RXF1 | Reg::RXF2 | Reg::RXF3 => self.machines[(offset - 0x20) as usize / 4].rx.front(),
            Reg::IRQ => u32::from(self.shared.irq),
            Reg::DBG_PADOUT => self.shared.out & PADS,
            Reg::DBG_PADOE => self.shared.oe & PADS,
            Reg::DBG_CFGINFO => CFGINFO,
            Reg::INTR => self.intr(),
            Reg::IRQ0_INTS => self.ints(Reg::IRQ0_INTE, Reg::IRQ0_INTF),
            Reg::IRQ1_INTS => self.ints(Reg::IRQ1_INTE, Reg::IRQ1_INTF),
            _ => self.bank.load(register),
        }
    }

    #[inline]
    fn write(&mut self, offset: u32, write: Write, fabric: &mut Fabric) {
        let Some(register) = Reg::at(offset) else {
            self.shifts_until = 0;
            match machine_register(offset) {
                Some((machine, register)) => self.write_machine(machine, register, write, fabric),
                None => drop(undeclared(self.name(), offset, fabric)),
            }
            return;
        };
        match register {
            Reg::TXF0 | Reg::TXF1 | Reg::TXF2 | Reg::TXF3 => {
                self.write_txf((offset - 0x10) as usize / 4, write.value, fabric);
                return;
            }
            Reg::CTRL => self.write_ctrl(write.value),
            Reg::FDEBUG => {
                self.shared.fdebug &= !write.raw;
                self.wake_all();
            }
            Reg::IRQ => self.set_flags(self.shared.irq & !(write.raw as u8), fabric),
            Reg::IRQ_FORCE => self.set_flags(self.shared.irq | write.value as u8, fabric),
            Reg::INPUT_SYNC_BYPASS => {
                self.shared.inputs.bypass = write.value;
                self.wake_all();
            }
            _ => {}
        }
        self.shifts_until = 0;
        if let Some(address) = offset.checked_sub(Reg::TABLE[Reg::INSTR_MEM0 as usize].offset).filter(|at| *at < 0x80) {
            self.write_instruction(address as usize / 4, write.value as u16);
            self.tell_looks(fabric);
            return;
        }
        let name = self.name();
        self.bank.store(register, write, name, &mut fabric.gaps);
        self.cover_interrupts(fabric);
        self.tell_looks(fabric);
    }

    fn reset(&mut self, fabric: &mut Fabric) {
        *self = Self { cycle: self.cycle, ..Self::new(self.index) };
        for number in 0..MACHINES {
            self.machines[number].start_divider(self.cycle);
            self.publish_levels(number, fabric);
        }
        self.publish_interrupts(fabric);
        self.tell_looks(fabric);
        let now = fabric.now();
        fabric.drive(self.func(), 0, 0, now);
    }
}

impl Pio {
    fn peek_machine(&self, number: usize, register: Sm) -> u32 {
        let machine = &self.machines[number];
        match register {
            Sm::EXECCTRL => {
                let stalled = machine.latch == Latch::Forced || self.forced >> number & 1 != 0;
                EXECCTRL::EXEC_STALLED.put(self.banks[number].load(register), u32::from(stalled))
            }
            Sm::ADDR => u32::from(machine.pc),
            Sm::INSTR => u32::from(self.memory[usize::from(machine.pc)]),
            Sm::CLKDIV | Sm::SHIFTCTRL | Sm::PINCTRL => self.banks[number].load(register),
        }
    }

    fn write_machine(&mut self, number: usize, register: Sm, write: Write, fabric: &mut Fabric) {
        if register == Sm::INSTR {
            return self.force(number, write.value as u16);
        }
        let name = self.name();
        self.banks[number].store(register, write, name, &mut fabric.gaps);
        if register != Sm::ADDR {
            self.configure(number);
            self.tell_looks(fabric);
            self.publish_levels(number, fabric);
            self.publish_interrupts(fabric);
        }
    }
}
