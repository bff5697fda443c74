/* How registers and their fields are written down: a register is an lvalue, a field of one bit a mask, a wider field
 * the pair "lowest bit, width" that the functions below take. */
#ifndef REG_REG_H
#define REG_REG_H

#include <stdint.h>

#define REG(address) (*(volatile uint32_t *)(uintptr_t)(address))
#define BIT(n) (1u << (n))

static inline uint32_t field_mask(uint32_t lsb, uint32_t width) { return (0xffffffffu >> (32 - width)) << lsb; }
static inline uint32_t field(uint32_t lsb, uint32_t width, uint32_t value) { return value << lsb & field_mask(lsb, width); }
static inline uint32_t field_get(uint32_t word, uint32_t lsb, uint32_t width) { return word >> lsb & (0xffffffffu >> (32 - width)); }
static inline void field_set(volatile uint32_t *reg, uint32_t lsb, uint32_t width, uint32_t value) {
    *reg = (*reg & ~field_mask(lsb, width)) | field(lsb, width, value);
}
static inline void set_bits(volatile uint32_t *reg, uint32_t bits) { *reg |= bits; }
static inline void clear_bits(volatile uint32_t *reg, uint32_t bits) { *reg &= ~bits; }

#endif
