/* The lamp's controlling state, in one place. Whoever changes it does so here; whoever depends on it is notified. */
#ifndef CTRL_BUS_H
#define CTRL_BUS_H

#include "lamp.h"

#define CTRL_SPEED_MIN 10u
#define CTRL_SPEED_MAX 300u
#define CTRL_BUS_CHANGED BIT(31) /* the bit of the notification */

typedef struct {
    uint16_t effect_id;
    uint8_t brightness;
    uint16_t speed_pct;
    bool paused, power;
    uint32_t state_seq; /* one more with every change; deep sleep keeps it */
} ctrl_state_t;

esp_err_t ctrl_bus_init(const ctrl_state_t *initial);
void ctrl_bus_get(ctrl_state_t *state);
/* Each: ESP_ERR_INVALID_ARG and nothing done for a value out of range; ESP_OK without a new state_seq where nothing
 * changes. */
esp_err_t ctrl_bus_set_effect(uint16_t effect_id);
esp_err_t ctrl_bus_next_effect(void);
esp_err_t ctrl_bus_set_brightness(uint8_t brightness);
esp_err_t ctrl_bus_set_speed(uint16_t speed_pct);
esp_err_t ctrl_bus_set_paused(bool paused);
esp_err_t ctrl_bus_set_power(bool power);
/* `task` is notified with CTRL_BUS_CHANGED after every change. Up to 4 tasks. */
esp_err_t ctrl_bus_subscribe(TaskHandle_t task);

#endif
