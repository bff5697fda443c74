/* CRC-32 with the polynomial of Ethernet, as the ROM's crc32_le: from 0, the usual one. */
#ifndef CRC32_H
#define CRC32_H

#include <stddef.h>
#include <stdint.h>

uint32_t crc32_le(uint32_t from, const void *data, size_t bytes);

#endif
