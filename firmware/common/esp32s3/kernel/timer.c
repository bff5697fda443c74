/* Timers: a list by the tick they are due at, and a task that calls their functions. */
#include "kernel/internal.h"

#define PRIORITY 22
#define STACK 4096

struct timer {
    struct timer *next;
    const char *name;
    TickType_t period, due;
    BaseType_t reload, active;
    void *id;
    TimerCallbackFunction_t function;
};

static struct timer *timers;
static struct task *timer_task;

static void unlink_timer(struct timer *timer) {
    for (struct timer **at = &timers; *at; at = &(*at)->next)
        if (*at == timer) {
            *at = timer->next;
            break;
        }
    timer->active = 0;
}

static void link_timer(struct timer *timer, TickType_t due) {
    struct timer **at = &timers;
    timer->due = due;
    timer->active = 1;
    while (*at && (int32_t)((*at)->due - due) <= 0)
        at = &(*at)->next;
    timer->next = *at;
    *at = timer;
}

static void serve(void *unused) {
    (void)unused;
    for (;;) {
        uint32_t level = kernel_lock();
        struct timer *timer = timers;
        int32_t left = timer ? (int32_t)(timer->due - xTaskGetTickCount()) : 0;
        if (timer && left <= 0) {
            unlink_timer(timer);
            if (timer->reload)
                link_timer(timer, timer->due + timer->period);
            kernel_unlock(level);
            timer->function(timer);
            continue;
        }
        kernel_unlock(level);
        ulTaskNotifyTake(pdTRUE, timer ? (TickType_t)left : portMAX_DELAY);
    }
}

void timers_init(void) { xTaskCreatePinnedToCore(serve, "timers", STACK, 0, PRIORITY, &timer_task, 0); }

TimerHandle_t xTimerCreate(const char *name, TickType_t period, BaseType_t reload, void *id,
                           TimerCallbackFunction_t function) {
    struct timer *timer = pvPortMalloc(sizeof *timer);
    if (timer)
        *timer = (struct timer){.name = name, .period = period, .reload = reload, .id = id, .function = function};
    return timer;
}

static BaseType_t restart(TimerHandle_t timer, TickType_t period) {
    uint32_t level = kernel_lock();
    unlink_timer(timer);
    timer->period = period;
    link_timer(timer, xTaskGetTickCount() + period);
    xTaskNotifyGive(timer_task);
    kernel_unlock(level);
    return pdPASS;
}

BaseType_t xTimerStart(TimerHandle_t timer, TickType_t ticks) {
    (void)ticks; /* there is no command queue to wait for */
    return restart(timer, timer->period);
}

BaseType_t xTimerChangePeriod(TimerHandle_t timer, TickType_t period, TickType_t ticks) {
    (void)ticks;
    return restart(timer, period);
}

BaseType_t xTimerStop(TimerHandle_t timer, TickType_t ticks) {
    (void)ticks;
    uint32_t level = kernel_lock();
    unlink_timer(timer);
    kernel_unlock(level);
    return pdPASS;
}

BaseType_t xTimerDelete(TimerHandle_t timer, TickType_t ticks) {
    xTimerStop(timer, ticks);
    vPortFree(timer);
    return pdPASS;
}

BaseType_t xTimerIsTimerActive(TimerHandle_t timer) { return timer->active; }
void *pvTimerGetTimerID(TimerHandle_t timer) { return timer->id; }
