/* What loading and verifying the second stage have in common. */
#ifndef BOOT_H
#define BOOT_H

#include "rom.h"

enum { SB_SUCCESS = 0x3a5a5aa5, SB_FAILED = 0x7533885e };
/* Where the second stage is copied to when it is verified. */
#define STAGED ((uint8_t *)0x3fc88000u)

/* rom/uart.h */
struct uart_device {
    uint32_t words[6];
    uint8_t number;
};
struct uart_device *GetUartDevice(void);

int ets_printf(const char *format, ...);
void software_reset(void);
int rom_memcmp(const void *one, const void *other, size_t count);
uint32_t rom_Cache_Suspend_ICache(void);
uint32_t rom_Cache_Suspend_DCache(void);
void Cache_Resume_DCache(uint32_t autoload);
void Cache_Invalidate_DCache_All(void);
int Cache_Dbus_MMU_Set(uint32_t what, uint32_t to, uint32_t from, uint32_t page_kb, uint32_t pages, uint32_t fixed);

/* boot.c: the ROM's ways to give up: with a reset, or until a watchdog. */
void give_up(const char *text);
void hang(const char *file, uint32_t line);

/* boot.c: flash from 0 on, as much as is asked for, by 64 KB pages of the data bus. */
struct window {
    uint32_t from, bytes;
};
const void *look(struct window *w, uint32_t at, uint32_t count);

/* secure_boot.c: with the keys of the fuses; leaves a copy of what it verified. */
uint32_t verify_second_stage(uint8_t *verified);

#endif
