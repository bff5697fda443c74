/* Functions of the ESP32-S3's mask ROM that call back into the application, in C. They run at function level, where no
 * real ROM is at hand (engine/esp32s3/src/rom). */
#ifndef ROM_H
#define ROM_H

#include <stddef.h>
#include <stdint.h>

void *rom_memset(void *to, int byte, size_t count);
void *rom_memcpy(void *to, const void *from, size_t count);
struct reent;
int _isatty_r(struct reent *r, int file);
uint32_t mz_adler32(uint32_t sum, const uint8_t *data, size_t count);

/* The first words of the code say which function lies where, up to a 0, with which rom.ld ends it. */
struct entry {
    uint32_t address; /* ESP-IDF's esp32s3.rom*.ld */
    void *function;
};
#define ALIAS(name, function, where) \
    __attribute__((used, section(".table"))) static const struct entry entry_##name = {where, (void *)function}
#define ENTRY(name, where) ALIAS(name, name, where)

#endif
