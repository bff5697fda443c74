/* Task notifications and event groups. */
#include "kernel/internal.h"

static void wake_if_waiting(struct task *task) {
    if (task->notify_state == WAITING && task->state == BLOCKED)
        kernel_wake_task(task, 1);
    task->notify_state = NOTIFIED;
}

BaseType_t xTaskNotify(TaskHandle_t task, uint32_t value, eNotifyAction action) {
    uint32_t level = kernel_lock();
    BaseType_t done = pdPASS;
    switch (action) {
    case eSetBits:
        task->notify_value |= value;
        break;
    case eIncrement:
        task->notify_value++;
        break;
    case eSetValueWithOverwrite:
        task->notify_value = value;
        break;
    case eSetValueWithoutOverwrite:
        if (task->notify_state == NOTIFIED)
            done = pdFAIL;
        else
            task->notify_value = value;
        break;
    case eNoAction:
        break;
    }
    wake_if_waiting(task);
    kernel_unlock(level);
    return done;
}

BaseType_t xTaskNotifyFromISR(TaskHandle_t task, uint32_t value, eNotifyAction action, BaseType_t *woken) {
    BaseType_t done = xTaskNotify(task, value, action);
    if (woken && kernel_yield_is_due())
        *woken = pdTRUE;
    return done;
}

BaseType_t xTaskNotifyWait(uint32_t clear_on_entry, uint32_t clear_on_exit, uint32_t *value, TickType_t ticks) {
    uint32_t level = kernel_lock();
    struct task *task = current_task();
    if (task->notify_state != NOTIFIED) {
        task->notify_value &= ~clear_on_entry;
        task->notify_state = WAITING;
        if (ticks)
            kernel_wait(0, ticks, &level);
    }
    if (value)
        *value = task->notify_value;
    BaseType_t notified = task->notify_state == NOTIFIED;
    if (notified)
        task->notify_value &= ~clear_on_exit;
    task->notify_state = NOT_WAITING;
    kernel_unlock(level);
    return notified;
}

uint32_t ulTaskNotifyTake(BaseType_t clear, TickType_t ticks) {
    uint32_t level = kernel_lock();
    struct task *task = current_task();
    if (!task->notify_value) {
        task->notify_state = WAITING;
        if (ticks)
            kernel_wait(0, ticks, &level);
    }
    uint32_t value = task->notify_value;
    if (value)
        task->notify_value = clear ? 0 : value - 1;
    task->notify_state = NOT_WAITING;
    kernel_unlock(level);
    return value;
}

/* ---- event groups ---- */

struct event_group {
    struct list waiting;
    EventBits_t bits;
};

EventGroupHandle_t xEventGroupCreate(void) {
    struct event_group *group = pvPortMalloc(sizeof *group);
    if (group)
        memset(group, 0, sizeof *group);
    return group;
}
void vEventGroupDelete(EventGroupHandle_t group) { vPortFree(group); }

static BaseType_t satisfied(EventBits_t have, EventBits_t want, BaseType_t all) {
    return all ? (have & want) == want : (have & want) != 0;
}

EventBits_t xEventGroupSetBits(EventGroupHandle_t group, EventBits_t bits) {
    uint32_t level = kernel_lock();
    EventBits_t clear = 0;
    group->bits |= bits;
    for (struct task *task = group->waiting.first, *next; task; task = next) {
        next = task->next;
        if (satisfied(group->bits, task->bits, task->all)) {
            if (task->clear)
                clear |= task->bits;
            task->bits = group->bits;
            kernel_wake_task(task, 1);
        }
    }
    group->bits &= ~clear;
    EventBits_t left = group->bits;
    kernel_unlock(level);
    return left;
}

EventBits_t xEventGroupClearBits(EventGroupHandle_t group, EventBits_t bits) {
    uint32_t level = kernel_lock();
    EventBits_t before = group->bits;
    group->bits &= ~bits;
    kernel_unlock(level);
    return before;
}

EventBits_t xEventGroupWaitBits(EventGroupHandle_t group, EventBits_t bits, BaseType_t clear_on_exit, BaseType_t all,
                                TickType_t ticks) {
    uint32_t level = kernel_lock();
    EventBits_t have = group->bits;
    if (satisfied(have, bits, all)) {
        if (clear_on_exit)
            group->bits &= ~bits;
    } else if (ticks) {
        struct task *task = current_task();
        task->bits = bits;
        task->all = all;
        task->clear = clear_on_exit;
        have = kernel_wait(&group->waiting, ticks, &level) ? task->bits : group->bits;
    }
    kernel_unlock(level);
    return have;
}
