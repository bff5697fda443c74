/* Rollback as ESP-IDF's documentation of "Over The Air Updates" has it: an application is NEW after its update, PENDING_VERIFY
 * when it runs for the first time, VALID when it has said so; one that starts again without having said so is ABORTED.
 * Entries: ESP-IDF esp_flash_partitions.h, esp_ota_select_entry_t. */
#include "otadata.h"

#define SECTOR 0x1000u
#define NONE 2u

enum state { NEW, PENDING_VERIFY, VALID, INVALID, ABORTED };

struct entry {
    uint32_t sequence;
    uint8_t label[20];
    uint32_t state, crc;
};

int esp_rom_spiflash_read(uint32_t from, uint32_t *to, int32_t bytes);
int esp_rom_spiflash_write(uint32_t to, const uint32_t *from, int32_t bytes);
int esp_rom_spiflash_erase_sector(uint32_t sector);
int esp_rom_spiflash_unlock(void);

/* CRC-32 of the sequence number as the ROM's crc32_le computes it, from all ones. */
static uint32_t crc_of(const struct entry *entry) {
    uint32_t crc = 0;
    for (uint32_t n = 0; n < 32; n++)
        crc = (crc ^ entry->sequence >> n) & 1 ? crc >> 1 ^ 0xedb88320u : crc >> 1;
    return ~crc;
}

static uint32_t counts(const struct entry *entry) {
    return entry->sequence != 0xffffffff && entry->crc == crc_of(entry) && entry->state != INVALID && entry->state != ABORTED;
}

static void write(uint32_t at, uint32_t half, const struct entry *entry) {
    at += half * SECTOR;
    if (esp_rom_spiflash_unlock() || esp_rom_spiflash_erase_sector(at / SECTOR) ||
        esp_rom_spiflash_write(at, (const uint32_t *)entry, sizeof *entry))
        panic("otadata cannot be written", 0);
}

uint32_t otadata_choose(uint32_t at, uint32_t slots, uint32_t has_factory, uint32_t *use_factory) {
    struct entry entries[2];
    uint32_t chosen = NONE, blank = 1;
    for (uint32_t n = 0; n < 2; n++) {
        struct entry *entry = &entries[n];
        if (esp_rom_spiflash_read(at + n * SECTOR, (uint32_t *)entry, sizeof *entry))
            panic("flash read failed", 0);
        blank &= entry->sequence == 0xffffffff;
        if (counts(entry) && entry->state == PENDING_VERIFY) {
            log_printf("slot %u came to nothing\n", (entry->sequence - 1) % slots);
            entry->state = ABORTED;
            write(at, n, entry);
        }
        if (counts(entry) && (chosen == NONE || entry->sequence > entries[chosen].sequence))
            chosen = n;
    }
    *use_factory = chosen == NONE && has_factory;
    if (chosen != NONE) {
        if (entries[chosen].state == NEW) {
            entries[chosen].state = PENDING_VERIFY;
            write(at, chosen, &entries[chosen]);
        }
        return (entries[chosen].sequence - 1) % slots;
    }
    if (blank && !has_factory) {
        struct entry first = {.sequence = 1, .state = VALID};
        memset(first.label, 0xff, sizeof first.label);
        first.crc = crc_of(&first);
        write(at, 0, &first);
    }
    return 0;
}
