//! PIO watches a pin that PWM drives: each runs ahead of the other as far as nobody notices.

use armv6m::Bus;
use rp2040::system::System;

const RESETS: u32 = 0x4000_C000;
const GPIO4_CTRL: u32 = 0x4001_4024;
const PWM2_CC: u32 = 0x4005_0034;
const PIO0: u32 = 0x5020_0000;
const INSTR_MEM0: u32 = PIO0 + 0x48;
const SM0_EXECCTRL: u32 = PIO0 + 0xCC;

fn store(system: &mut System, addr: u32, value: u32, cycle: u64) {
    assert!(system.write32(addr, value, cycle).is_ok(), "{addr:#x}");
}

#[test]
fn a_machine_sees_the_output_from_the_cycle_in_which_software_changed_it() {
    // 3.4.2 and 3.4.8: mov x, ~null; loop: jmp pin, done; jmp x--, loop; done: jmp done. Two cycles a turn.
    let mut system = System::new(2 << 20);
    store(&mut system, RESETS, 0, 0);
    for (n, instruction) in [0xA02B, 0x00C3, 0x0041, 0x0003].into_iter().enumerate() {
        store(&mut system, INSTR_MEM0 + 4 * n as u32, instruction, 1);
    }
    store(&mut system, SM0_EXECCTRL, 4 << 24 | 31 << 12, 2);
    store(&mut system, GPIO4_CTRL, 4, 3);
    store(&mut system, PIO0, 1, 10);
    // GPIO4 is PWM2 A (4.5.2). Slice 2 stands still at 0, so that the level takes effect at once.
    store(&mut system, PWM2_CC, 1, 1000);
    system.sync_pio(1100);
    let turns = !system.dev.pio[0].machine_registers(0)[1];
    // 990 cycles at two a turn, and the two flip-flops of the synchroniser (3.5.6.3).
    assert!((494..=497).contains(&turns), "{turns} turns");
}
