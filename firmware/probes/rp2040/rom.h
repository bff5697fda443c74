/* The boot ROM's own table of functions and data (RP2040 datasheet 2.8.3). */
#ifndef ROM_H
#define ROM_H

#include <stdint.h>

#define ROM_CODE(a, b) ((uint32_t)(a) | (uint32_t)(b) << 8)

/* Address 0 is real here: half words at 0x14 (functions), 0x16 (data) and 0x18 (the lookup) are pointers. */
static inline uint32_t rom_half_word(uint32_t address) {
    uint32_t value;
    __asm__ volatile("ldrh %0, [%1]" : "=l"(value) : "l"(address));
    return value;
}
static inline uint32_t rom_lookup(uint32_t table, uint32_t code) {
    uint32_t (*lookup)(uint32_t, uint32_t) = (uint32_t (*)(uint32_t, uint32_t))rom_half_word(0x18);
    return lookup(rom_half_word(table), code);
}
static inline void *rom_function(uint32_t code) { return (void *)rom_lookup(0x14, code); }
static inline const uint32_t *rom_data(uint32_t code) { return (const uint32_t *)rom_lookup(0x16, code); }

#endif
