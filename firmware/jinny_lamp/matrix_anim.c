#include "matrix_anim.h"

#include "ctrl_bus.h"
#include "drivers/drivers.h"
#include "fx_engine.h"
#include "matrix_ws2812.h"
#include "reg/systimer.h"

#define STACK_BYTES 4096
#define SYSTIMER_HZ 16000000u
#define FRAME_TICKS ((SYSTIMER_HZ + MATRIX_FPS / 2) / MATRIX_FPS) /* 45.45 ms */
#define SOURCE_SYSTIMER_TARGET1 58u

volatile matrix_anim_stats_t matrix_anim_stats;

static TaskHandle_t task;
static SemaphoreHandle_t joined;
static volatile bool stopping;
static fx_canvas_t canvas;

/* The frame clock is an alarm of its own: the kernel's tick of 1 ms is too coarse for 45.45 ms. */
static void frame_due(void *unused) {
    (void)unused;
    SYSTIMER_INT_CLR = SYSTIMER_INT_TARGET1;
    vTaskNotifyGiveFromISR(task, 0);
}

static void frame_clock_start(void) {
    SYSTIMER_TARGET1_CONF = SYSTIMER_TARGET1_CONF_TARGET1_PERIOD_MODE |
                            field(SYSTIMER_TARGET1_CONF_TARGET1_PERIOD, FRAME_TICKS);
    SYSTIMER_COMP1_LOAD = SYSTIMER_COMP1_LOAD_TIMER_COMP1_LOAD;
    SYSTIMER_INT_CLR = SYSTIMER_INT_TARGET1;
    set_bits(&SYSTIMER_CONF, SYSTIMER_CONF_TARGET1_WORK_EN);
    interrupt_route(core_id(), SOURCE_SYSTIMER_TARGET1, LINE_FRAME);
    interrupt_handler(LINE_FRAME, frame_due, 0);
    interrupt_enable(LINE_FRAME);
    set_bits(&SYSTIMER_INT_ENA, SYSTIMER_INT_TARGET1);
}

static void frame_clock_stop(void) {
    clear_bits(&SYSTIMER_INT_ENA, SYSTIMER_INT_TARGET1);
    clear_bits(&SYSTIMER_CONF, SYSTIMER_CONF_TARGET1_WORK_EN);
    interrupt_disable(LINE_FRAME);
}

/* A frame is rendered while the clock runs and goes out at its alarm, so that how long rendering takes is not seen. */
static void anim(void *unused) {
    (void)unused;
    matrix_ws2812_connect();
    frame_clock_start();
    for (uint32_t frame = 0; !stopping; frame++) {
        uint64_t began = time_us();
        fx_engine_render(&canvas, (uint32_t)((uint64_t)frame * 1000u / MATRIX_FPS));
        ctrl_state_t state;
        ctrl_bus_get(&state);
        matrix_ws2812_draw(&canvas, state.brightness);
        matrix_anim_stats.render_us = (uint32_t)(time_us() - began);
        uint32_t alarms = ulTaskNotifyTake(pdTRUE, portMAX_DELAY);
        matrix_anim_stats.late += alarms - 1;
        began = time_us();
        if (!stopping && matrix_ws2812_show() == ESP_OK)
            matrix_anim_stats.frames++;
        matrix_anim_stats.show_us = (uint32_t)(time_us() - began);
    }
    frame_clock_stop();
    xSemaphoreGive(joined);
    vTaskDelete(0);
}

esp_err_t matrix_anim_start(void) {
    if (task)
        return ESP_ERR_INVALID_STATE;
    if (!joined)
        joined = xSemaphoreCreateBinary();
    stopping = false;
    if (!joined)
        return ESP_ERR_NO_MEM;
    return task_start(anim, "matrix_anim", STACK_BYTES, PRIORITY_MATRIX_ANIM, CORE_CONTROL, &task);
}

void matrix_anim_stop(void) {
    if (!task)
        return;
    stopping = true;
    xSemaphoreTake(joined, portMAX_DELAY);
    task = 0;
}

bool matrix_anim_running(void) { return task != 0; }
