/* Formats: ESP-IDF esp_app_format.h and esp_flash_partitions.h (esp_ota_select_entry_t); the states mean what its
 * documentation of "Over The Air Updates" says. SHA: ESP32-S3 TRM, chapter "SHA Accelerator". */
#include "ota_slots.h"

#include "crc32.h"
#include "drivers/drivers.h"
#include "lamp_log.h"
#include "reg/rtc_cntl.h"
#include "reg/sha.h"

#define TYPE_APP 0
#define TYPE_DATA 1
#define SUBTYPE_OTA_0 0x10
#define SUBTYPE_OTADATA 0x00
#define SLOTS 2u
#define MAGIC_IMAGE 0xe9
#define CHIP_ID 9
#define CHECKSUM_SEED 0xefu
#define BLOCK_BYTES 64u
#define DIGEST_WORDS 8u
#define SHA_256 2
#define MMU_ENTRY(vaddr) REG(0x600c5000u + ((vaddr) & 0x1ffffffu) / 0x10000u * 4)

struct entry {
    uint32_t sequence;
    uint8_t label[20];
    uint32_t state, crc;
};

static struct partition slots[SLOTS], otadata;
static uint32_t running;
static struct {
    uint32_t bytes, written, held;
    uint8_t piece[256] __attribute__((aligned(4)));
    bool open;
} update;

/* ---- otadata: two sectors with an entry each ---- */

static bool is_valid(const struct entry *entry) {
    return entry->sequence != 0xffffffff && entry->crc == crc32_le(0xffffffff, &entry->sequence, 4) &&
           entry->state != OTA_INVALID && entry->state != OTA_ABORTED;
}

static void read_entries(struct entry entries[2]) {
    for (uint32_t n = 0; n < 2; n++)
        flash_read(otadata.offset + n * FLASH_SECTOR, &entries[n], sizeof *entries);
}

/* The half that counts; 2: none does. */
static uint32_t active(const struct entry entries[2]) {
    uint32_t best = 2;
    for (uint32_t n = 0; n < 2; n++)
        if (is_valid(&entries[n]) && (best == 2 || entries[n].sequence > entries[best].sequence))
            best = n;
    return best;
}

static void write_entry(uint32_t half, uint32_t sequence, enum ota_state state) {
    struct entry entry = {.sequence = sequence, .state = (uint32_t)state};
    memset(entry.label, 0xff, sizeof entry.label);
    entry.crc = crc32_le(0xffffffff, &entry.sequence, 4);
    flash_erase(otadata.offset + half * FLASH_SECTOR, FLASH_SECTOR);
    flash_write(otadata.offset + half * FLASH_SECTOR, &entry, sizeof entry);
}

/* ---- who runs ---- */

/* The page that this code is read from lies in one of the slots. */
esp_err_t ota_slots_init(void) {
    if (!partition_find(TYPE_DATA, SUBTYPE_OTADATA, &otadata))
        return ESP_ERR_NOT_FOUND;
    uint32_t here = MMU_ENTRY((uintptr_t)ota_slots_init) << 16;
    for (uint32_t n = 0; n < SLOTS; n++) {
        if (!partition_find(TYPE_APP, SUBTYPE_OTA_0 + n, &slots[n]))
            return ESP_ERR_NOT_FOUND;
        if (here >= slots[n].offset && here < slots[n].offset + slots[n].bytes)
            running = n;
    }
    return ESP_OK;
}

uint32_t ota_running_slot(void) { return running; }

enum ota_state ota_running_state(void) {
    struct entry entries[2];
    read_entries(entries);
    uint32_t half = active(entries);
    if (half == 2 || (entries[half].sequence - 1) % SLOTS != running)
        return OTA_UNDEFINED;
    return (enum ota_state)entries[half].state;
}

static esp_err_t mark(enum ota_state state) {
    struct entry entries[2];
    read_entries(entries);
    uint32_t half = active(entries);
    if (half == 2 || (entries[half].sequence - 1) % SLOTS != running)
        return ESP_ERR_INVALID_STATE;
    write_entry(half, entries[half].sequence, state);
    return ESP_OK;
}

esp_err_t ota_mark_valid(void) {
    esp_err_t result = mark(OTA_VALID);
    if (result == ESP_OK)
        lamp_log("ota", "slot %u is valid", running);
    return result;
}

void ota_restart(void) {
    set_bits(&RTC_CNTL_OPTIONS0, RTC_CNTL_OPTIONS0_SW_SYS_RST);
    for (;;) {
    }
}

esp_err_t ota_mark_invalid_and_restart(void) {
    esp_err_t result = mark(OTA_INVALID);
    if (result != ESP_OK)
        return result;
    ota_restart();
    return ESP_OK;
}

/* ---- a new image ---- */

static const struct partition *target(void) { return &slots[(running + 1) % SLOTS]; }

esp_err_t ota_begin(uint32_t bytes) {
    if (!bytes || bytes > target()->bytes)
        return ESP_ERR_INVALID_SIZE;
    flash_erase(target()->offset, (bytes + FLASH_SECTOR - 1) & ~(FLASH_SECTOR - 1));
    memset(&update, 0, sizeof update);
    update.bytes = bytes;
    update.open = true;
    return ESP_OK;
}

static void write_piece(void) {
    memset(update.piece + update.held, 0xff, sizeof update.piece - update.held);
    flash_write(target()->offset + update.written, update.piece, (update.held + 3) & ~3u);
    update.written += update.held;
    update.held = 0;
}

esp_err_t ota_write(const void *data, uint32_t bytes) {
    if (!update.open)
        return ESP_ERR_INVALID_STATE;
    if (bytes > update.bytes - update.written - update.held)
        return ESP_ERR_INVALID_SIZE;
    for (const uint8_t *from = data; bytes--;) {
        update.piece[update.held++] = *from++;
        if (update.held == sizeof update.piece)
            write_piece();
    }
    return ESP_OK;
}

/* SHA-256 of what lies in flash, a block at a time; `bytes` is a multiple of 16. */
static void digest(uint32_t from, uint32_t bytes, uint32_t hash[DIGEST_WORDS]) {
    peripheral_on(PERIP_SHA);
    SHA_MODE = SHA_256;
    uint32_t bits = bytes * 8, padded = (bytes + 8 + BLOCK_BYTES) & ~(BLOCK_BYTES - 1);
    for (uint32_t at = 0; at < padded; at += BLOCK_BYTES) {
        uint32_t block[BLOCK_BYTES / 4] = {0}, left = at < bytes ? bytes - at : 0;
        if (left)
            flash_read(from + at, block, left < BLOCK_BYTES ? left : BLOCK_BYTES);
        if (left < BLOCK_BYTES && at <= bytes)
            block[left / 4] = 0x80;
        if (at + BLOCK_BYTES == padded)
            block[15] = __builtin_bswap32(bits);
        for (uint32_t n = 0; n < BLOCK_BYTES / 4; n++)
            SHA_M_MEM(n) = block[n];
        if (at)
            SHA_CONTINUE = 1;
        else
            SHA_START = 1;
        while (SHA_BUSY & SHA_BUSY_STATE) {
        }
    }
    for (uint32_t n = 0; n < DIGEST_WORDS; n++)
        hash[n] = SHA_H_MEM(n);
}

/* Header, segments, checksum, hash: the image has to be whole before it is allowed to start. */
static esp_err_t check(uint32_t at, uint32_t bytes) {
    uint32_t header[6], segment[2], place = sizeof header, checksum = CHECKSUM_SEED;
    static uint32_t buffer[256];
    flash_read(at, header, sizeof header);
    uint32_t segments = header[0] >> 8 & 0xff, chip = header[3] & 0xffff, hashed = header[5] >> 24;
    if ((header[0] & 0xff) != MAGIC_IMAGE || chip != CHIP_ID || !hashed)
        return ESP_ERR_INVALID_RESPONSE;
    for (uint32_t n = 0; n < segments; n++) {
        if (place + sizeof segment > bytes)
            return ESP_ERR_INVALID_SIZE;
        flash_read(at + place, segment, sizeof segment);
        place += sizeof segment;
        if (segment[1] % 4 || segment[1] > bytes - place)
            return ESP_ERR_INVALID_SIZE;
        for (uint32_t done = 0; done < segment[1];) {
            uint32_t part = segment[1] - done < sizeof buffer ? segment[1] - done : sizeof buffer;
            flash_read(at + place + done, buffer, part);
            for (uint32_t word = 0; word < part / 4; word++)
                checksum ^= buffer[word] ^ buffer[word] >> 8 ^ buffer[word] >> 16 ^ buffer[word] >> 24;
            done += part;
        }
        place += segment[1];
    }
    uint32_t end = (place & ~15u) + 16, last, hash[DIGEST_WORDS], stored[DIGEST_WORDS];
    if (end + sizeof stored != bytes)
        return ESP_ERR_INVALID_SIZE;
    flash_read(at + end - 4, &last, 4);
    flash_read(at + end, stored, sizeof stored);
    digest(at, end, hash);
    return last >> 24 == (checksum & 0xff) && memcmp(hash, stored, sizeof hash) == 0 ? ESP_OK : ESP_ERR_INVALID_CRC;
}

esp_err_t ota_end(void) {
    if (!update.open)
        return ESP_ERR_INVALID_STATE;
    update.open = false;
    if (update.held)
        write_piece();
    if (update.written != update.bytes)
        return ESP_ERR_INVALID_SIZE;
    esp_err_t result = check(target()->offset, update.bytes);
    if (result != ESP_OK)
        return result;
    /* The next sequence number that means the other slot, in the half that does not count. */
    struct entry entries[2];
    read_entries(entries);
    uint32_t half = active(entries), sequence = half < 2 ? entries[half].sequence + 1 : 1;
    while ((sequence - 1) % SLOTS == running)
        sequence++;
    write_entry(half == 0 ? 1 : 0, sequence, OTA_NEW);
    return ESP_OK;
}
