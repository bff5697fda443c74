#include "console.h"

#include "audio_chime.h"
#include "audio_i2s.h"
#include "ctrl_bus.h"
#include "doa_probe.h"
#include "drivers/drivers.h"
#include "fx_registry.h"
#include "lamp_log.h"
#include "ota_slots.h"
#include "power_mgr.h"
#include "settings.h"

#define STACK_BYTES 4096
#define POLL_MS 20u
#define LINE_MAX 48u
#define PIECE 64u
#define UPDATE_IDLE_MS 5000u

static char line[LINE_MAX];
static uint32_t length;

/* What the host has room for. */
static void log_out(void) {
    char piece[PIECE];
    for (;;) {
        uint32_t count = lamp_log_take(piece, sizeof piece), sent = count ? usb_serial_write(piece, count) : 0;
        lamp_log_taken(sent);
        if (sent < count || !count)
            return;
    }
}

static bool word(const char **at, const char *name) {
    size_t size = strlen(name);
    if (memcmp(*at, name, size) != 0 || ((*at)[size] && (*at)[size] != ' '))
        return false;
    *at += size + ((*at)[size] == ' ');
    return true;
}

/* A number and nothing behind it; false otherwise. */
static bool number(const char *at, uint32_t most, uint32_t *value) {
    *value = 0;
    if (!*at)
        return false;
    for (; *at; at++) {
        if (*at < '0' || *at > '9' || *value > most)
            return false;
        *value = *value * 10 + (uint32_t)(*at - '0');
    }
    return *value <= most;
}

static void say_state(void) {
    ctrl_state_t state;
    settings_t settings;
    ctrl_bus_get(&state);
    settings_get(&settings);
    lamp_log("state", "effect %u brightness %u speed %u paused %u power %u seq %u volume %u", state.effect_id,
             state.brightness, state.speed_pct, state.paused, state.power, state.state_seq, settings.volume);
}

static void say_effects(void) {
    for (uint32_t n = 0; n < fx_registry_count; n++)
        lamp_log("effect", "%3u %s", fx_registry[n].id, fx_registry[n].name);
}

/* An image of so many bytes follows, as it is, over the same line. The light is safe meanwhile; then the lamp restarts,
 * with the new image or, where it came to nothing, with the old one. */
static esp_err_t receive_update(uint32_t bytes) {
    power_mgr_led_safe();
    esp_err_t result = ota_begin(bytes);
    if (result != ESP_OK)
        return result;
    lamp_log("ota", "send %u bytes", bytes);
    uint8_t piece[PIECE];
    TickType_t since = xTaskGetTickCount();
    for (uint32_t left = bytes; left && result == ESP_OK;) {
        log_out();
        uint32_t got = usb_serial_read(piece, left < sizeof piece ? left : sizeof piece);
        if (got) {
            uint32_t skip = left == bytes && piece[0] == '\n'; /* the end of the command's line; no image begins so */
            result = ota_write(piece + skip, got - skip);
            left -= got - skip;
            since = xTaskGetTickCount();
        } else if (xTaskGetTickCount() - since > pdMS_TO_TICKS(UPDATE_IDLE_MS)) {
            result = ESP_ERR_TIMEOUT;
        } else {
            vTaskDelay(1);
        }
    }
    return result == ESP_OK ? ota_end() : result;
}

static void update(uint32_t bytes) {
    esp_err_t result = receive_update(bytes);
    lamp_log("ota", result == ESP_OK ? "done" : "failed: error %x", (uint32_t)result);
    log_out();
    vTaskDelay(pdMS_TO_TICKS(POLL_MS));
    ota_restart();
}

static esp_err_t calibrate(uint16_t offset, bool inverted) {
    doa_probe_calibrate(offset, inverted);
    return settings_set_doa(offset, inverted);
}

static esp_err_t command(const char *at) {
    uint32_t value;
    settings_t settings;
    settings_get(&settings);
    if (word(&at, "effect"))
        return number(at, 0xffff, &value) ? ctrl_bus_set_effect((uint16_t)value) : ESP_ERR_INVALID_ARG;
    if (word(&at, "brightness"))
        return number(at, 0xff, &value) ? ctrl_bus_set_brightness((uint8_t)value) : ESP_ERR_INVALID_ARG;
    if (word(&at, "speed"))
        return number(at, 0xffff, &value) ? ctrl_bus_set_speed((uint16_t)value) : ESP_ERR_INVALID_ARG;
    if (word(&at, "pause"))
        return number(at, 1, &value) ? ctrl_bus_set_paused(value) : ESP_ERR_INVALID_ARG;
    if (word(&at, "power"))
        return number(at, 1, &value) ? ctrl_bus_set_power(value) : ESP_ERR_INVALID_ARG;
    if (word(&at, "volume")) {
        esp_err_t result = number(at, 100, &value) ? settings_set_volume((uint8_t)value) : ESP_ERR_INVALID_ARG;
        settings_get(&settings);
        audio_i2s_volume(settings.volume);
        audio_chime();
        return result;
    }
    if (word(&at, "offset"))
        return number(at, 359, &value) ? calibrate((uint16_t)value, settings.doa_inverted) : ESP_ERR_INVALID_ARG;
    if (word(&at, "inverted"))
        return number(at, 1, &value) ? calibrate(settings.doa_offset, value) : ESP_ERR_INVALID_ARG;
    if (word(&at, "sleep"))
        power_mgr_sleep();
    else if (word(&at, "state"))
        say_state();
    else if (word(&at, "effects"))
        say_effects();
    else if (word(&at, "ota-invalid"))
        return ota_mark_invalid_and_restart();
    else if (word(&at, "ota") && number(at, 0xffffff, &value))
        update(value);
    else
        return ESP_ERR_NOT_FOUND;
    return ESP_OK;
}

static void take(char c) {
    if (c != '\r' && c != '\n') {
        if (length < LINE_MAX - 1)
            line[length++] = c;
        return;
    }
    if (!length)
        return;
    line[length] = 0;
    length = 0;
    esp_err_t result = command(line);
    if (result == ESP_OK)
        lamp_log("console", "ok");
    else
        lamp_log("console", "error %x", (uint32_t)result);
}

static void serve(void *unused) {
    (void)unused;
    for (;;) {
        char c;
        while (usb_serial_read(&c, 1))
            take(c);
        log_out();
        vTaskDelay(pdMS_TO_TICKS(POLL_MS));
    }
}

esp_err_t console_start(void) {
    return task_start(serve, "console", STACK_BYTES, PRIORITY_CONSOLE, CORE_CONTROL, 0);
}
