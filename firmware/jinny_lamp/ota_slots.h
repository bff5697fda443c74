/* Two application slots and otadata, as ESP-IDF's bootloader reads them; with rollback. */
#ifndef OTA_SLOTS_H
#define OTA_SLOTS_H

#include "lamp.h"

enum ota_state {
    OTA_NEW = 0, OTA_PENDING_VERIFY = 1, OTA_VALID = 2, OTA_INVALID = 3, OTA_ABORTED = 4,
    OTA_UNDEFINED = -1,
};

esp_err_t ota_slots_init(void);
uint32_t ota_running_slot(void);
enum ota_state ota_running_state(void);
/* Writes the slot that does not run; bytes come in order, in any pieces. */
esp_err_t ota_begin(uint32_t bytes);
esp_err_t ota_write(const void *data, uint32_t bytes);
esp_err_t ota_end(void); /* checks the image and makes it the one that starts next, NEW */
esp_err_t ota_mark_valid(void);
esp_err_t ota_mark_invalid_and_restart(void);
__attribute__((noreturn)) void ota_restart(void);

#endif
