/* Records one behind the other through the nvs partition, a sector erased when the first one goes into it. The format
 * is the lamp's own. */
#include "settings.h"

#include "crc32.h"
#include "ctrl_bus.h"
#include "drivers/drivers.h"
#include "lamp_log.h"

#define TYPE_DATA 1
#define SUBTYPE_NVS 2
#define STACK_BYTES 4096
#define QUIET_MS 2000u
#define MAGIC 0x4a4e4c31u
#define ERASED 0xffffffffu

struct record {
    uint32_t magic, sequence;
    settings_t settings;
    uint8_t rest[10];
    uint32_t crc; /* of all before it */
};
_Static_assert(sizeof(struct record) == 32, "a whole number of records in a sector");

volatile uint32_t settings_writes, settings_bad_records;

static const settings_t defaults = {.effect_id = 1, .speed_pct = 100, .brightness = 96, .volume = 50};
static struct partition nvs;
static settings_t now, stored;
static uint32_t newest, next_at; /* the next record's sequence and place in the partition */
static SemaphoreHandle_t writing;
static TaskHandle_t task;

static uint32_t crc_of(const struct record *record) { return crc32_le(0, record, offsetof(struct record, crc)); }

static bool sane(const settings_t *settings) {
    return settings->volume <= 100 && settings->doa_offset < 360 && settings->doa_inverted <= 1 &&
           settings->speed_pct >= CTRL_SPEED_MIN && settings->speed_pct <= CTRL_SPEED_MAX;
}

static void read_all(void) {
    static struct record records[FLASH_SECTOR / sizeof(struct record) / 4];
    for (uint32_t at = 0; at < nvs.bytes; at += sizeof records) {
        flash_read(nvs.offset + at, records, sizeof records);
        for (uint32_t n = 0; n < sizeof records / sizeof *records; n++) {
            const struct record *record = &records[n];
            if (record->magic == ERASED)
                continue;
            if (record->magic != MAGIC || record->crc != crc_of(record) || !sane(&record->settings)) {
                settings_bad_records++;
            } else if (record->sequence > newest) {
                newest = record->sequence;
                now = record->settings;
                next_at = at + (n + 1) * sizeof *records;
            }
        }
    }
    next_at %= nvs.bytes;
}

/* A place that is not as an erase leaves it is no place: a write that was cut off may have been there. */
static bool erased(uint32_t at) {
    uint32_t words[sizeof(struct record) / 4];
    flash_read(nvs.offset + at, words, sizeof words);
    for (uint32_t n = 0; n < sizeof words / 4; n++)
        if (words[n] != ERASED)
            return false;
    return true;
}

/* An erase stops everything for 45 ms, which would be seen: a sector that is half full is left, and the next one
 * erased, while there is no light yet. */
static void make_room(void) {
    if (next_at % FLASH_SECTOR > FLASH_SECTOR / 2)
        next_at = (next_at / FLASH_SECTOR + 1) * FLASH_SECTOR % nvs.bytes;
    for (uint32_t n = 0; n < FLASH_SECTOR && next_at % FLASH_SECTOR == 0; n += sizeof(struct record))
        if (!erased(next_at + n)) {
            flash_erase(nvs.offset + next_at, FLASH_SECTOR);
            return;
        }
}

esp_err_t settings_init(void) {
    now = defaults;
    writing = xSemaphoreCreateMutex();
    if (!writing)
        return ESP_ERR_NO_MEM;
    if (!partition_find(TYPE_DATA, SUBTYPE_NVS, &nvs))
        return ESP_ERR_NOT_FOUND;
    read_all();
    make_room();
    stored = now;
    return ESP_OK;
}

void settings_get(settings_t *settings) { *settings = now; }

esp_err_t settings_set_volume(uint8_t percent) {
    if (percent > 100)
        return ESP_ERR_INVALID_ARG;
    now.volume = percent;
    if (task)
        xTaskNotify(task, CTRL_BUS_CHANGED, eSetBits);
    return ESP_OK;
}

void settings_flush(void) {
    xSemaphoreTake(writing, portMAX_DELAY);
    ctrl_state_t state;
    ctrl_bus_get(&state);
    now.effect_id = state.effect_id;
    now.brightness = state.brightness;
    now.speed_pct = state.speed_pct;
    if (nvs.bytes && memcmp(&now, &stored, sizeof now) != 0) {
        struct record record = {.magic = MAGIC, .sequence = newest + 1, .settings = now};
        memset(record.rest, 0xff, sizeof record.rest);
        record.crc = crc_of(&record);
        while (next_at % FLASH_SECTOR && !erased(next_at))
            next_at += sizeof record;
        next_at %= nvs.bytes;
        if (!erased(next_at))
            flash_erase(nvs.offset + next_at, FLASH_SECTOR);
        flash_write(nvs.offset + next_at, &record, sizeof record);
        newest++;
        next_at = (next_at + sizeof record) % nvs.bytes;
        stored = now;
        settings_writes++;
    }
    xSemaphoreGive(writing);
}

esp_err_t settings_set_doa(uint16_t offset, bool inverted) {
    if (offset >= 360)
        return ESP_ERR_INVALID_ARG;
    now.doa_offset = offset;
    now.doa_inverted = inverted;
    if (task)
        xTaskNotify(task, CTRL_BUS_CHANGED, eSetBits);
    return ESP_OK;
}

/* Turning a knob makes many changes and one record. */
static void keep(void *unused) {
    (void)unused;
    for (;;) {
        xTaskNotifyWait(0, 0xffffffff, 0, portMAX_DELAY);
        while (xTaskNotifyWait(0, 0xffffffff, 0, pdMS_TO_TICKS(QUIET_MS)) == pdTRUE) {
        }
        settings_flush();
    }
}

esp_err_t settings_start(void) {
    if (task_start(keep, "settings", STACK_BYTES, PRIORITY_SETTINGS, CORE_CONTROL, &task) != ESP_OK)
        return ESP_ERR_NO_MEM;
    return ctrl_bus_subscribe(task);
}
