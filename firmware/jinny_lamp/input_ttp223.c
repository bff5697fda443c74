#include "input_ttp223.h"

#include "drivers/drivers.h"

#define STACK_BYTES 4096

static key_handler *handle;
static volatile bool touched;

/* What the touches so far may still become. */
struct gesture {
    uint32_t held_ms, since_release_ms;
    bool clicked, is_long;
};

static void step(struct gesture *gesture, bool was, bool is) {
    if (is && !was) {
        gesture->held_ms = 0;
        gesture->is_long = false;
    } else if (is) {
        gesture->held_ms += KEY_POLL_MS;
        if (gesture->held_ms >= KEY_LONG_MS && !gesture->is_long) {
            gesture->is_long = true;
            gesture->clicked = false;
            handle(KEY_LONG);
        }
    } else if (was && !gesture->is_long) {
        if (gesture->clicked)
            handle(KEY_DOUBLE);
        gesture->clicked = !gesture->clicked;
        gesture->since_release_ms = 0;
    } else if (!was && gesture->clicked) {
        gesture->since_release_ms += KEY_POLL_MS;
        if (gesture->since_release_ms >= KEY_GAP_MS) {
            gesture->clicked = false;
            handle(KEY_CLICK);
        }
    }
}

static void poll(void *unused) {
    (void)unused;
    struct gesture gesture = {0};
    uint32_t differs_ms = 0;
    /* The finger that woke the lamp is no gesture. */
    bool ignored = gpio_get(PIN_KEY);
    touched = ignored;
    for (TickType_t wake = xTaskGetTickCount();;) {
        vTaskDelayUntil(&wake, pdMS_TO_TICKS(KEY_POLL_MS));
        bool was = touched;
        differs_ms = gpio_get(PIN_KEY) != was ? differs_ms + KEY_POLL_MS : 0;
        if (differs_ms >= KEY_DEBOUNCE_MS) {
            touched = !was;
            differs_ms = 0;
        }
        if (!ignored)
            step(&gesture, was, touched);
        else if (!touched)
            ignored = false;
    }
}

esp_err_t input_ttp223_start(key_handler *handler) {
    handle = handler;
    gpio_input(PIN_KEY, PULL_DOWN);
    return task_start(poll, "input_ttp223", STACK_BYTES, PRIORITY_KEY, CORE_CONTROL, 0);
}

bool input_ttp223_touched(void) { return touched; }
