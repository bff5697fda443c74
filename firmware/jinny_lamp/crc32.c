#include "crc32.h"

uint32_t crc32_le(uint32_t from, const void *data, size_t bytes) {
    uint32_t crc = ~from;
    for (const uint8_t *at = data; bytes--; at++) {
        crc ^= *at;
        for (int bit = 0; bit < 8; bit++)
            crc = crc & 1 ? crc >> 1 ^ 0xedb88320u : crc >> 1;
    }
    return ~crc;
}
