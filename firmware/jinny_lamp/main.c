/* Jinny Lamp. Start-up: light safe, what is remembered, the blocks, then one service after the other. A service that
 * does not come up is said and counted; the lamp goes on without it. */
#include "asr_debug.h"
#include "audio_i2s.h"
#include "audio_stream.h"
#include "console.h"
#include "ctrl_bus.h"
#include "doa_probe.h"
#include "drivers/drivers.h"
#include "fx_engine.h"
#include "input_ttp223.h"
#include "j_espnow_link.h"
#include "lamp_log.h"
#include "matrix_anim.h"
#include "matrix_ws2812.h"
#include "ota_slots.h"
#include "power_mgr.h"
#include "settings.h"
#include "xvf_i2c.h"

#define SELF_TEST_MS 5000u

volatile uint32_t services_failed;

static void start(const char *service, esp_err_t result) {
    if (result == ESP_OK)
        return;
    services_failed++;
    lamp_log("main", "%s did not start: error %x", service, (uint32_t)result);
}

static void on_key(enum key_event event) {
    ctrl_state_t state;
    ctrl_bus_get(&state);
    if (event == KEY_LONG)
        power_mgr_sleep();
    else if (!state.power)
        ctrl_bus_set_power(true);
    else if (event == KEY_DOUBLE)
        ctrl_bus_set_power(false);
    else
        ctrl_bus_next_effect();
}

/* What deep sleep keeps is newer than what flash has; power is on after each start. */
static void restore_state(void) {
    settings_t settings;
    settings_get(&settings);
    ctrl_state_t state = {.effect_id = settings.effect_id, .brightness = settings.brightness,
                          .speed_pct = settings.speed_pct, .power = true};
    start("ctrl_bus", ctrl_bus_init(&state));
}

void app_main(void) {
    cpu_mhz(CPU_MHZ);
    matrix_ws2812_data_low();
    dma_init();
    start("ota_slots", ota_slots_init());
    start("settings", settings_init());
    restore_state();
    start("console", console_start());
    lamp_log("main", "Jinny Lamp, reset %u, slot %u", power_mgr_reset_reason(), ota_running_slot());

    fx_engine_init();
    start("matrix_ws2812", matrix_ws2812_init());
    start("xvf_i2c", xvf_i2c_init());
    start("audio_i2s", audio_i2s_init());
    start("audio_stream", audio_stream_start());
    start("doa_probe", doa_probe_start());
    start("power_mgr", power_mgr_start());
    start("input_ttp223", input_ttp223_start(on_key));
    start("j_espnow_link", j_espnow_link_start());
    start("asr_debug", asr_debug_start());
    start("settings task", settings_start());

    /* A new image has to show light for a while before it may stay. */
    vTaskDelay(pdMS_TO_TICKS(SELF_TEST_MS));
    if (ota_running_state() == OTA_PENDING_VERIFY && (matrix_anim_stats.frames || !matrix_anim_running()))
        start("ota_slots: valid", ota_mark_valid());
}
