/* Deep sleep: ESP32-S3 TRM, chapter "Low-power Management"; numbers of wake-up sources as in ESP-IDF soc/rtc.h. */
#include "power_mgr.h"

#include "audio_i2s.h"
#include "ctrl_bus.h"
#include "drivers/drivers.h"
#include "input_ttp223.h"
#include "lamp_log.h"
#include "matrix_anim.h"
#include "matrix_ws2812.h"
#include "reg/rtc_cntl.h"
#include "reg/rtc_io.h"
#include "settings.h"
#include "xvf_i2c.h"

#define STACK_BYTES 4096
#define SUPPLY_RISES_MS 50u
#define RETRY_MS 200u
#define WATCH_MS 1000u
#define OFF_ATTEMPTS 5u
#define SLEEP_WISH BIT(0)
#define WAKE_EXT0 BIT(0)

volatile power_stats_t power_stats;
volatile enum power_state power_state;

static TaskHandle_t task;
static SemaphoreHandle_t sequence; /* one change of the supply at a time */

static bool supply(bool on) {
    if (xvf_gpo_write(XVF_GPO_X0D11, on) == ESP_OK)
        return true;
    power_stats.supply_errors++;
    return false;
}

/* Data low, supply, a while for it to rise, then pictures. */
static void turn_on(void) {
    matrix_ws2812_data_low();
    if (!supply(true)) {
        power_state = POWER_WAITS_FOR_SUPPLY;
        return;
    }
    vTaskDelay(pdMS_TO_TICKS(SUPPLY_RISES_MS));
    if (matrix_anim_start() != ESP_OK)
        return;
    power_state = POWER_ON;
    power_stats.ons++;
    lamp_log("power", "on");
}

/* The last picture to its end, data low, then the supply. */
static bool turn_off(void) {
    matrix_anim_stop();
    matrix_ws2812_data_low();
    if (!supply(false))
        return false;
    if (power_state == POWER_ON)
        power_stats.offs++;
    power_state = POWER_OFF;
    lamp_log("power", "soft off");
    return true;
}

/* A voice processor that has restarted has let the supply go: no data until it is back. */
static void watch_supply(void) {
    uint8_t levels[5];
    if (xvf_gpo_read(levels) != ESP_OK || levels[0])
        return;
    lamp_log("power", "the supply is gone");
    power_stats.supply_errors++;
    matrix_anim_stop();
    matrix_ws2812_data_low();
    power_state = POWER_WAITS_FOR_SUPPLY;
}

static void wake_by_key(void) {
    RTC_IO_TOUCH_PAD1 = RTC_IO_TOUCH_PAD1_FUN_IE | RTC_IO_TOUCH_PAD1_MUX_SEL | RTC_IO_TOUCH_PAD1_RDE;
    RTC_IO_EXT_WAKEUP0 = field(RTC_IO_EXT_WAKEUP0_SEL, PIN_KEY);
    set_bits(&RTC_CNTL_EXT_WAKEUP_CONF, RTC_CNTL_EXT_WAKEUP_CONF_EXT_WAKEUP0_LV);
    field_set(&RTC_CNTL_WAKEUP_STATE, RTC_CNTL_WAKEUP_STATE_WAKEUP_ENA, WAKE_EXT0);
}

/* No way back: whatever wakes the chip starts it anew. */
static void deep_sleep(void) {
    for (uint32_t n = 0; n < OFF_ATTEMPTS && !turn_off(); n++)
        vTaskDelay(pdMS_TO_TICKS(RETRY_MS));
    power_state = POWER_SLEEPS;
    power_stats.sleeps++;
    lamp_log("power", "deep sleep");
    settings_flush();
    while (input_ttp223_touched() || gpio_get(PIN_KEY)) /* or the finger that is still there would wake it */
        vTaskDelay(pdMS_TO_TICKS(KEY_POLL_MS));
    audio_i2s_stop(); /* so late that nobody misses it and starts it again */
    interrupts_off();
    matrix_ws2812_hold();
    wake_by_key();
    set_bits(&RTC_CNTL_DIG_PWC, RTC_CNTL_DIG_PWC_DG_WRAP_PD_EN);
    set_bits(&RTC_CNTL_STATE0, RTC_CNTL_STATE0_SLEEP_EN);
    for (;;) {
    }
}

static void follow(void *unused) {
    (void)unused;
    for (;;) {
        ctrl_state_t state;
        ctrl_bus_get(&state);
        xSemaphoreTake(sequence, portMAX_DELAY);
        if (state.power && power_state != POWER_ON)
            turn_on();
        else if (!state.power && power_state != POWER_OFF)
            turn_off();
        else if (power_state == POWER_ON)
            watch_supply();
        xSemaphoreGive(sequence);
        bool settled = power_state == (state.power ? POWER_ON : POWER_OFF);
        uint32_t limit = !settled ? pdMS_TO_TICKS(RETRY_MS) : state.power ? pdMS_TO_TICKS(WATCH_MS) : portMAX_DELAY;
        uint32_t wishes = 0;
        xTaskNotifyWait(0, 0xffffffff, &wishes, limit);
        if (wishes & SLEEP_WISH)
            deep_sleep();
    }
}

esp_err_t power_mgr_start(void) {
    power_state = POWER_OFF;
    sequence = xSemaphoreCreateMutex();
    if (!sequence || task_start(follow, "power_mgr", STACK_BYTES, PRIORITY_POWER, CORE_CONTROL, &task) != ESP_OK)
        return ESP_ERR_NO_MEM;
    return ctrl_bus_subscribe(task);
}

void power_mgr_sleep(void) { xTaskNotify(task, SLEEP_WISH, eSetBits); }

void power_mgr_led_safe(void) {
    xSemaphoreTake(sequence, portMAX_DELAY); /* for good: a restart follows */
    for (uint32_t n = 0; n < OFF_ATTEMPTS && !turn_off(); n++)
        vTaskDelay(pdMS_TO_TICKS(RETRY_MS));
    matrix_ws2812_hold();
}

uint32_t power_mgr_reset_reason(void) {
    return field_get(RTC_CNTL_RESET_STATE, RTC_CNTL_RESET_STATE_RESET_CAUSE_PROCPU);
}
