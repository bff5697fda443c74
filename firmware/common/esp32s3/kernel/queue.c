/* Queues, and semaphores, which are queues of items without bytes. */
#include "kernel/internal.h"

enum kind { QUEUE, SEMAPHORE, MUTEX, RECURSIVE_MUTEX };

struct queue {
    struct list senders, receivers;
    UBaseType_t length, item_bytes, count, first;
    enum kind kind;
    struct task *holder;
    UBaseType_t depth;
    uint8_t items[];
};

static QueueHandle_t create(UBaseType_t length, UBaseType_t item_bytes, enum kind kind, UBaseType_t count) {
    struct queue *queue = pvPortMalloc(sizeof *queue + length * item_bytes);
    if (!queue)
        return 0;
    memset(queue, 0, sizeof *queue);
    queue->length = length;
    queue->item_bytes = item_bytes;
    queue->kind = kind;
    queue->count = count;
    return queue;
}

QueueHandle_t xQueueCreate(UBaseType_t length, UBaseType_t item_bytes) { return create(length, item_bytes, QUEUE, 0); }
SemaphoreHandle_t xSemaphoreCreateBinary(void) { return create(1, 0, SEMAPHORE, 0); }
SemaphoreHandle_t xSemaphoreCreateCounting(UBaseType_t max, UBaseType_t initial) {
    return create(max, 0, SEMAPHORE, initial);
}
SemaphoreHandle_t xSemaphoreCreateMutex(void) { return create(1, 0, MUTEX, 1); }
SemaphoreHandle_t xSemaphoreCreateRecursiveMutex(void) { return create(1, 0, RECURSIVE_MUTEX, 1); }
void vQueueDelete(QueueHandle_t queue) { vPortFree(queue); }

static uint8_t *slot(struct queue *queue, UBaseType_t n) {
    UBaseType_t at = queue->first + n;
    return queue->items + (at < queue->length ? at : at - queue->length) * queue->item_bytes;
}

static void put(struct queue *queue, const void *item, BaseType_t front) {
    if (front) {
        queue->first = queue->first ? queue->first - 1 : queue->length - 1;
        memcpy(slot(queue, 0), item, queue->item_bytes);
    } else if (queue->item_bytes) {
        memcpy(slot(queue, queue->count), item, queue->item_bytes);
    }
    queue->count++;
    kernel_wake(&queue->receivers);
}

static void take(struct queue *queue, void *item) {
    if (queue->item_bytes) {
        memcpy(item, slot(queue, 0), queue->item_bytes);
        queue->first = queue->first + 1 < queue->length ? queue->first + 1 : 0;
    }
    queue->count--;
    kernel_wake(&queue->senders);
}

static BaseType_t send(QueueHandle_t queue, const void *item, TickType_t ticks, BaseType_t front) {
    uint32_t level = kernel_lock();
    TickType_t since = xTaskGetTickCount(), left = ticks;
    while (queue->count == queue->length && left) {
        kernel_wait(&queue->senders, left, &level);
        left = ticks_left(since, ticks);
    }
    BaseType_t room = queue->count < queue->length;
    if (room)
        put(queue, item, front);
    kernel_unlock(level);
    return room;
}

BaseType_t xQueueSendToBack(QueueHandle_t queue, const void *item, TickType_t ticks) {
    return send(queue, item, ticks, 0);
}
BaseType_t xQueueSendToFront(QueueHandle_t queue, const void *item, TickType_t ticks) {
    return send(queue, item, ticks, 1);
}

BaseType_t xQueueOverwrite(QueueHandle_t queue, const void *item) {
    uint32_t level = kernel_lock();
    queue->count = 0;
    put(queue, item, 0);
    kernel_unlock(level);
    return pdPASS;
}

static BaseType_t receive(QueueHandle_t queue, void *item, TickType_t ticks, BaseType_t keep) {
    uint32_t level = kernel_lock();
    TickType_t since = xTaskGetTickCount(), left = ticks;
    while (!queue->count && left) {
        kernel_wait(&queue->receivers, left, &level);
        left = ticks_left(since, ticks);
    }
    BaseType_t there = queue->count > 0;
    if (there && keep) {
        memcpy(item, slot(queue, 0), queue->item_bytes);
        kernel_wake(&queue->receivers); /* the item is still there for the next */
    } else if (there) {
        take(queue, item);
    }
    kernel_unlock(level);
    return there;
}

BaseType_t xQueueReceive(QueueHandle_t queue, void *item, TickType_t ticks) { return receive(queue, item, ticks, 0); }
BaseType_t xQueuePeek(QueueHandle_t queue, void *item, TickType_t ticks) { return receive(queue, item, ticks, 1); }

BaseType_t xQueueReset(QueueHandle_t queue) {
    uint32_t level = kernel_lock();
    queue->count = queue->first = 0;
    while (kernel_wake(&queue->senders)) {
    }
    kernel_unlock(level);
    return pdPASS;
}

static void tell(BaseType_t *woken) {
    if (woken && kernel_yield_is_due())
        *woken = pdTRUE;
}
BaseType_t xQueueSendFromISR(QueueHandle_t queue, const void *item, BaseType_t *woken) {
    BaseType_t sent = send(queue, item, 0, 0);
    tell(woken);
    return sent;
}
BaseType_t xQueueReceiveFromISR(QueueHandle_t queue, void *item, BaseType_t *woken) {
    BaseType_t received = receive(queue, item, 0, 0);
    tell(woken);
    return received;
}
UBaseType_t uxQueueMessagesWaiting(QueueHandle_t queue) { return queue->count; }
UBaseType_t uxQueueSpacesAvailable(QueueHandle_t queue) { return queue->length - queue->count; }

/* ---- semaphores ---- */

/* The holder of a mutex becomes as urgent as who waits for it, and so does the holder of what that one waits for. */
static void lend_priority(struct queue *mutex, UBaseType_t priority) {
    while (mutex && mutex->holder && mutex->holder->priority < priority) {
        kernel_set_priority(mutex->holder, priority);
        mutex = mutex->holder->waits_for;
    }
}

BaseType_t xSemaphoreTake(SemaphoreHandle_t semaphore, TickType_t ticks) {
    uint32_t level = kernel_lock();
    TickType_t since = xTaskGetTickCount(), left = ticks;
    struct task *task = current_task();
    BaseType_t mutex = semaphore->kind >= MUTEX;
    while (!semaphore->count && left) {
        if (mutex) {
            task->waits_for = semaphore;
            lend_priority(semaphore, task->priority);
        }
        kernel_wait(&semaphore->receivers, left, &level);
        task->waits_for = 0;
        left = ticks_left(since, ticks);
    }
    BaseType_t taken = semaphore->count > 0;
    if (taken) {
        semaphore->count--;
        if (mutex) {
            semaphore->holder = task;
            task->mutexes++;
        }
    }
    kernel_unlock(level);
    return taken;
}

BaseType_t xSemaphoreGive(SemaphoreHandle_t semaphore) {
    uint32_t level = kernel_lock();
    BaseType_t given = semaphore->count < semaphore->length;
    if (semaphore->kind >= MUTEX) {
        struct task *task = current_task();
        given = given && semaphore->holder == task;
        if (given) {
            semaphore->holder = 0;
            if (--task->mutexes == 0 && task->priority != task->base_priority)
                kernel_set_priority(task, task->base_priority);
        }
    }
    if (given) {
        semaphore->count++;
        kernel_wake(&semaphore->receivers);
    }
    kernel_unlock(level);
    return given;
}

BaseType_t xSemaphoreGiveFromISR(SemaphoreHandle_t semaphore, BaseType_t *woken) {
    BaseType_t given = xSemaphoreGive(semaphore);
    tell(woken);
    return given;
}

BaseType_t xSemaphoreTakeRecursive(SemaphoreHandle_t semaphore, TickType_t ticks) {
    if (semaphore->holder == current_task()) {
        semaphore->depth++;
        return pdPASS;
    }
    return xSemaphoreTake(semaphore, ticks);
}

BaseType_t xSemaphoreGiveRecursive(SemaphoreHandle_t semaphore) {
    if (semaphore->holder != current_task())
        return pdFAIL;
    if (semaphore->depth) {
        semaphore->depth--;
        return pdPASS;
    }
    return xSemaphoreGive(semaphore);
}

TaskHandle_t xSemaphoreGetMutexHolder(SemaphoreHandle_t semaphore) { return semaphore->holder; }
