/* What the lamp remembers without supply: records in the nvs partition, the newest valid one counts. */
#ifndef SETTINGS_H
#define SETTINGS_H

#include "lamp.h"

typedef struct {
    uint16_t effect_id, speed_pct;
    uint8_t brightness, volume;
    uint16_t doa_offset; /* degrees, 0 to 359 */
    uint8_t doa_inverted, reserved;
} settings_t;

esp_err_t settings_init(void); /* reads them; defaults where there is no valid record */
void settings_get(settings_t *settings);
esp_err_t settings_set_volume(uint8_t percent);
esp_err_t settings_set_doa(uint16_t offset, bool inverted);
esp_err_t settings_start(void); /* the task that writes, some time after the last change */
void settings_flush(void);      /* now */
extern volatile uint32_t settings_writes, settings_bad_records;

#endif
