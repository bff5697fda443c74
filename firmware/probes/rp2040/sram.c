/* SRAM: six banks, four of them striped, and what lies beyond them. */
#include "probe.h"

static volatile uint32_t striped[16] __attribute__((aligned(64)));
static volatile uint32_t faults;

/* Steps over the two bytes that faulted. */
__attribute__((used)) static void skip_fault(uint32_t *frame) {
    faults++;
    frame[6] += 2;
}
__attribute__((naked)) void isr_HardFault(void) {
    __asm__ volatile("mov r0, sp \n push {r4, lr} \n bl skip_fault \n pop {r4, pc}");
}
static uint32_t faults_reading(uint32_t address) {
    faults = 0;
    __asm__ volatile("ldr r0, [%0]" : : "l"(address) : "r0", "memory");
    return faults;
}

static volatile uint32_t *bank(uint32_t number) {
    return (volatile uint32_t *)(SRAM0_BASE + number * 0x10000u + ((uintptr_t)striped - SRAM_BASE) / 4);
}

static void probes(void) {
    for (uint32_t n = 0; n < 16; n++)
        striped[n] = n;
    probe(1, bank(0)[0]);
    probe(2, bank(1)[0]);
    probe(3, bank(2)[1]);
    probe(4, bank(3)[3]);
    bank(2)[0] = 0xabcd;
    probe(5, striped[2]);
    *(volatile uint8_t *)&striped[1] = 0x77;
    ((volatile uint8_t *)&striped[1])[3] = 0x88;
    probe(6, bank(1)[0]);

    *(reg *)SRAM4_BASE = 0x44444444;
    *(reg *)SRAM5_BASE = 0x55555555;
    probe(7, *(reg *)SRAM4_BASE);
    probe(8, *(reg *)SRAM5_BASE);
    /* The atomic aliases are those of the peripherals: SRAM has none, and 0x2000 further is another word. */
    striped[0] = 0;
    *(reg *)((uintptr_t)striped + 0x2000) = 0xffff;
    probe(9, striped[0]);

    probe(10, faults_reading(SRAM_END - 4));
    probe(11, faults_reading(SRAM_END));
    probe(12, faults_reading(SRAM0_BASE + 0x40000));
    probe(13, faults_reading(0x60000000));
}
