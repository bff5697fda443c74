#include "ctrl_bus.h"

#include "crc32.h"
#include "fx_registry.h"
#include "power_mgr.h"

#define SUBSCRIBERS 4u
#define RESET_DEEP_SLEEP 5u

static portMUX_TYPE lock = portMUX_INITIALIZER_UNLOCKED;
static TaskHandle_t subscribers[SUBSCRIBERS];
static ctrl_state_t now;
/* In memory that deep sleep keeps. */
RTC_NOINIT static struct {
    ctrl_state_t state;
    uint32_t crc;
} kept;

static void keep(void) {
    kept.state = now;
    kept.crc = crc32_le(0, &kept.state, sizeof kept.state);
}

static bool valid(const ctrl_state_t *state) {
    return state->speed_pct >= CTRL_SPEED_MIN && state->speed_pct <= CTRL_SPEED_MAX &&
           fx_registry_find(state->effect_id);
}

esp_err_t ctrl_bus_init(const ctrl_state_t *initial) {
    memset(&now, 0, sizeof now);
    if (power_mgr_reset_reason() == RESET_DEEP_SLEEP && kept.crc == crc32_le(0, &kept.state, sizeof kept.state)) {
        now = kept.state;
        now.power = true;
    } else {
        now = *initial;
    }
    now.state_seq++;
    keep();
    return valid(&now) ? ESP_OK : ESP_ERR_INVALID_ARG;
}

void ctrl_bus_get(ctrl_state_t *state) {
    taskENTER_CRITICAL(&lock);
    *state = now;
    taskEXIT_CRITICAL(&lock);
}

static bool differs(const ctrl_state_t *a, const ctrl_state_t *b) {
    return a->effect_id != b->effect_id || a->brightness != b->brightness || a->speed_pct != b->speed_pct ||
           a->paused != b->paused || a->power != b->power;
}

/* One field at a time, so that two commands at once lose neither. */
enum what { EFFECT, BRIGHTNESS, SPEED, PAUSED, POWER, NEXT };

static esp_err_t change(enum what what, uint32_t value) {
    taskENTER_CRITICAL(&lock);
    ctrl_state_t next = now;
    switch (what) {
    case EFFECT: next.effect_id = (uint16_t)value; break;
    case BRIGHTNESS: next.brightness = (uint8_t)value; break;
    case SPEED: next.speed_pct = (uint16_t)value; break;
    case PAUSED: next.paused = value; break;
    case POWER: next.power = value; break;
    case NEXT: next.effect_id = fx_registry_after(now.effect_id)->id; break;
    }
    esp_err_t result = valid(&next) ? ESP_OK : ESP_ERR_INVALID_ARG;
    bool changed = result == ESP_OK && differs(&next, &now);
    if (changed) {
        next.state_seq++;
        now = next;
        keep();
    }
    taskEXIT_CRITICAL(&lock);
    for (uint32_t n = 0; changed && n < SUBSCRIBERS; n++)
        if (subscribers[n])
            xTaskNotify(subscribers[n], CTRL_BUS_CHANGED, eSetBits);
    return result;
}

esp_err_t ctrl_bus_set_effect(uint16_t effect_id) { return change(EFFECT, effect_id); }
esp_err_t ctrl_bus_next_effect(void) { return change(NEXT, 0); }
esp_err_t ctrl_bus_set_brightness(uint8_t brightness) { return change(BRIGHTNESS, brightness); }
esp_err_t ctrl_bus_set_speed(uint16_t speed_pct) { return change(SPEED, speed_pct); }
esp_err_t ctrl_bus_set_paused(bool paused) { return change(PAUSED, paused); }
esp_err_t ctrl_bus_set_power(bool power) { return change(POWER, power); }

esp_err_t ctrl_bus_subscribe(TaskHandle_t task) {
    for (uint32_t n = 0; n < SUBSCRIBERS; n++)
        if (!subscribers[n]) {
            subscribers[n] = task;
            return ESP_OK;
        }
    return ESP_ERR_NO_MEM;
}
