/* What the hooks of one call share. */
#ifndef FLASH_HOOKS_H
#define FLASH_HOOKS_H

#include "runtime.h"

/* Takes from what the call's hooks read, writes to where they write; what is not there stays as it is. */
void hook_reads(void *to, uint32_t count);
void hook_writes(const void *from, uint32_t count);
/* Of the call's heap. */
void *hook_allocates(uint32_t bytes);
int lies_in_arena(uint32_t address);

/* Their addresses, in the order of tests/realimages/rom_cases_flash.py. */
extern void *flash_hooks[24];

#endif
