/* The kernel: order of priorities, both cores, time slices, queues, mutexes, timers, notifications, ring buffers, the
 * FPU's registers kept apart, and many tasks deep in their windows at once. */
#include "kernel/kernel.h"
#include "probe.h"

#define STACK 3072

static volatile uint32_t order[8], order_count;
static void note(uint32_t what) { order[order_count++ & 7] = what; }
static uint32_t noted(void) {
    uint32_t digits = 0;
    for (uint32_t n = 0; n < order_count; n++)
        digits = digits * 10 + order[n];
    order_count = 0;
    return digits;
}

static void note_and_end(void *what) {
    note((uint32_t)(uintptr_t)what);
    vTaskDelete(0);
}

/* ---- priorities ---- */

static void priorities(void) {
    note(1);
    xTaskCreatePinnedToCore(note_and_end, "high", STACK, (void *)2, 5, 0, 0); /* preempts at once */
    note(3);
    xTaskCreatePinnedToCore(note_and_end, "low", STACK, (void *)5, 0, 0, 0);
    note(4);
    vTaskDelay(2);
    probe(1, noted());
}

/* ---- cores ---- */

static volatile uint32_t core_seen[3], spins[2];
static void tell_core(void *where) {
    core_seen[(uintptr_t)where] = (uint32_t)xPortGetCoreID() + 1;
    vTaskDelete(0);
}
static void spinner(void *which) {
    for (;;)
        spins[(uintptr_t)which]++;
}

static void cores(void) {
    xTaskCreatePinnedToCore(tell_core, "on0", STACK, (void *)0, 3, 0, 0);
    xTaskCreatePinnedToCore(tell_core, "on1", STACK, (void *)1, 3, 0, 1);
    vTaskDelay(2);
    probe(2, core_seen[0]);
    probe(3, core_seen[1]);
    /* Busy on this core: an unpinned task goes to the other. */
    xTaskCreate(tell_core, "any", STACK, (void *)2, 1, 0);
    for (uint32_t then = cycles(); cycles() - then < 24000;) {
    }
    probe(4, core_seen[2]);
    /* Two of equal priority on one core take turns at the tick. */
    TaskHandle_t one, other;
    xTaskCreatePinnedToCore(spinner, "one", STACK, (void *)0, 2, &one, 1);
    xTaskCreatePinnedToCore(spinner, "other", STACK, (void *)1, 2, &other, 1);
    vTaskDelay(20);
    vTaskDelete(one);
    vTaskDelete(other);
    probe(5, 100 * spins[0] / (spins[0] + spins[1]));
}

/* ---- delays ---- */

static void delays(void) {
    vTaskDelay(1);
    uint64_t then = time_us();
    vTaskDelay(10);
    probe(6, (uint32_t)(time_us() - then));
    TickType_t wake = xTaskGetTickCount();
    then = time_us();
    for (int n = 0; n < 5; n++) {
        delay_us(700);
        vTaskDelayUntil(&wake, 4);
    }
    probe(7, (uint32_t)(time_us() - then));
}

/* ---- queues ---- */

static QueueHandle_t queue, answers;
static void adder(void *unused) {
    (void)unused;
    uint32_t sum = 0, value;
    while (xQueueReceive(queue, &value, portMAX_DELAY) && value)
        sum += value;
    xQueueSend(answers, &sum, 0);
    vTaskDelete(0);
}

static void queues(void) {
    queue = xQueueCreate(4, 4);
    answers = xQueueCreate(1, 4);
    uint32_t value = 0;
    probe(10, (uint32_t)xQueueReceive(queue, &value, 2)); /* nothing comes */
    for (uint32_t n = 1; n <= 4; n++)
        xQueueSend(queue, &n, 0);
    value = 9;
    probe(11, (uint32_t)xQueueSend(queue, &value, 2)); /* no room */
    xQueueReceive(queue, &value, 0);
    xQueueSendToFront(queue, &value, 0);
    xQueuePeek(queue, &value, 0);
    probe(12, value + 10 * uxQueueMessagesWaiting(queue));
    xTaskCreatePinnedToCore(adder, "adder", STACK, 0, 2, 0, 1);
    for (value = 5; value <= 1000; value++)
        xQueueSend(queue, &value, portMAX_DELAY);
    value = 0;
    xQueueSend(queue, &value, portMAX_DELAY);
    xQueueReceive(answers, &value, 100);
    probe(13, value);
    vQueueDelete(queue);
    vQueueDelete(answers);
}

/* ---- mutexes ---- */

static SemaphoreHandle_t mutex, ready;
static void holder(void *unused) {
    (void)unused;
    xSemaphoreTake(mutex, portMAX_DELAY);
    xSemaphoreGive(ready);
    for (uint32_t then = cycles(); cycles() - then < 1200000;) { /* 5 ms */
    }
    note(1 + (uint32_t)uxTaskPriorityGet(0)); /* lent: 4, so 5 */
    xSemaphoreGive(mutex);
    note((uint32_t)uxTaskPriorityGet(0));
    vTaskDelete(0);
}
static void hog(void *unused) {
    (void)unused;
    for (uint32_t then = cycles(); cycles() - then < 2400000;) { /* 10 ms */
    }
    note(7);
    vTaskDelete(0);
}
static void waiter(void *unused) {
    (void)unused;
    xSemaphoreTake(mutex, portMAX_DELAY);
    note(6);
    xSemaphoreGive(mutex);
    vTaskDelete(0);
}

static void mutexes(void) {
    mutex = xSemaphoreCreateMutex();
    ready = xSemaphoreCreateBinary();
    xTaskCreatePinnedToCore(holder, "holder", STACK, 0, 2, 0, 1);
    xSemaphoreTake(ready, portMAX_DELAY);
    xTaskCreatePinnedToCore(waiter, "waiter", STACK, 0, 4, 0, 1);
    xTaskCreatePinnedToCore(hog, "hog", STACK, 0, 3, 0, 1);
    vTaskDelay(30);
    probe(20, noted());
    SemaphoreHandle_t again = xSemaphoreCreateRecursiveMutex();
    probe(21, (uint32_t)(xSemaphoreTakeRecursive(again, 0) + xSemaphoreTakeRecursive(again, 0)));
    probe(22, (uint32_t)(xSemaphoreGiveRecursive(again) + xSemaphoreGiveRecursive(again) + xSemaphoreGiveRecursive(again)));
    SemaphoreHandle_t counting = xSemaphoreCreateCounting(3, 1);
    probe(23, (uint32_t)(xSemaphoreGive(counting) + xSemaphoreGive(counting) + xSemaphoreGive(counting)));
    probe(24, uxSemaphoreGetCount(counting));
}

/* ---- timers, notifications, events ---- */

static volatile uint32_t once, often;
static void on_timer(TimerHandle_t timer) { (*(volatile uint32_t *)pvTimerGetTimerID(timer))++; }

static void timers(void) {
    TimerHandle_t single = xTimerCreate("once", 5, pdFALSE, (void *)&once, on_timer);
    TimerHandle_t periodic = xTimerCreate("often", 3, pdTRUE, (void *)&often, on_timer);
    xTimerStart(single, 0);
    xTimerStart(periodic, 0);
    vTaskDelay(31);
    probe(30, once);
    probe(31, often);
    xTimerStop(periodic, 0);
    vTaskDelay(10);
    probe(32, often);
}

static EventGroupHandle_t events;
static void notifier(void *task) {
    xTaskNotify(task, 0x12, eSetBits);
    xTaskNotify(task, 0x40, eSetBits);
    xEventGroupSetBits(events, 1);
    vTaskDelay(3);
    xEventGroupSetBits(events, 4);
    vTaskDelete(0);
}

static void notifications(void) {
    uint32_t value;
    events = xEventGroupCreate();
    probe(33, (uint32_t)xTaskNotifyWait(0, 0, &value, 2));
    xTaskCreatePinnedToCore(notifier, "notifier", STACK, xTaskGetCurrentTaskHandle(), 3, 0, 0);
    xTaskNotifyWait(0, 0xffffffff, &value, 10);
    probe(34, value);
    probe(35, xEventGroupWaitBits(events, 5, pdTRUE, pdTRUE, 20));
    probe(36, xEventGroupGetBits(events));
}

/* ---- ring buffers ---- */

static void rings(void) {
    RingbufHandle_t ring = xRingbufferCreate(64, RINGBUF_TYPE_NOSPLIT);
    size_t bytes;
    uint32_t good = 0;
    for (uint32_t n = 0; n < 50; n++) {
        char text[20];
        memset(text, (int)n, sizeof text);
        xRingbufferSend(ring, text, n % 20 + 1, 0);
        char *item = xRingbufferReceive(ring, &bytes, 0);
        good += item && bytes == n % 20 + 1 && item[0] == (char)n && item[bytes - 1] == (char)n;
        vRingbufferReturnItem(ring, item);
    }
    probe(40, good);
    RingbufHandle_t split = xRingbufferCreate(64, RINGBUF_TYPE_ALLOWSPLIT);
    char forty[40];
    memset(forty, 'x', sizeof forty);
    xRingbufferSend(split, forty, 30, 0);
    vRingbufferReturnItem(split, xRingbufferReceive(split, &bytes, 0));
    xRingbufferSend(split, forty, 40, 0);
    void *head, *tail;
    size_t head_bytes, tail_bytes;
    xRingbufferReceiveSplit(split, &head, &tail, &head_bytes, &tail_bytes, 0);
    probe(41, head_bytes * 100 + tail_bytes);
    RingbufHandle_t plain = xRingbufferCreate(16, RINGBUF_TYPE_BYTEBUF);
    xRingbufferSend(plain, "abcdefghijkl", 12, 0);
    char *run = xRingbufferReceiveUpTo(plain, &bytes, 0, 10);
    vRingbufferReturnItem(plain, run);
    xRingbufferSend(plain, "mnopqrst", 8, 0);
    run = xRingbufferReceive(plain, &bytes, 0);
    probe(42, bytes * 256 + (uint8_t)run[0]);
    vRingbufferReturnItem(plain, run);
    run = xRingbufferReceive(plain, &bytes, 0);
    probe(43, bytes * 256 + (uint8_t)run[0]);
}

/* ---- registers of many tasks ---- */

static volatile uint32_t wrong, finished;
__attribute__((noinline)) static uint32_t deep(uint32_t n, uint32_t seed) {
    uint32_t a = seed ^ n, b = seed + n;
    if (n == 0) {
        vTaskDelay(1);
        return seed;
    }
    __asm__ volatile("" : "+a"(a), "+a"(b));
    uint32_t below = deep(n - 1, seed);
    __asm__ volatile("" : "+a"(a), "+a"(b));
    if (a != (seed ^ n) || b != seed + n)
        wrong++;
    return below;
}
static void diver(void *seed) {
    for (uint32_t round = 0; round < 20; round++)
        if (deep(4 + round, (uint32_t)(uintptr_t)seed) != (uint32_t)(uintptr_t)seed)
            wrong++;
    finished++;
    vTaskDelete(0);
}
static void floater(void *seed) {
    float sum = 0, step = (float)(int)(uintptr_t)seed;
    uint32_t kept = 0;
    __asm__ volatile("wfr f7, %0" ::"a"((uint32_t)(uintptr_t)seed));
    for (uint32_t round = 0; round < 2000; round++)
        sum += step;
    __asm__ volatile("rfr %0, f7" : "=a"(kept));
    if (sum != 2000 * step || kept != (uint32_t)(uintptr_t)seed)
        wrong++;
    finished++;
    vTaskDelete(0);
}

static void registers(void) {
    vTaskDelay(20); /* the idle tasks clear away what has ended */
    size_t before = xPortGetFreeHeapSize();
    for (uintptr_t n = 0; n < 6; n++)
        xTaskCreate(diver, "diver", 8192, (void *)(0x1000 + n * 77), 2, 0);
    for (uintptr_t n = 1; n <= 4; n++)
        xTaskCreate(floater, "floater", STACK, (void *)n, 1, 0);
    for (int n = 0; n < 200 && finished < 10; n++)
        vTaskDelay(1);
    probe(50, finished);
    probe(51, wrong);
    vTaskDelay(20);
    probe(52, before - xPortGetFreeHeapSize());
}

static portMUX_TYPE mux = portMUX_INITIALIZER_UNLOCKED;
static volatile uint32_t shared, counters_done;
static void counter(void *unused) {
    (void)unused;
    for (int n = 0; n < 5000; n++) {
        taskENTER_CRITICAL(&mux);
        shared = shared + 1;
        taskEXIT_CRITICAL(&mux);
    }
    counters_done++;
    vTaskDelete(0);
}
static void critical_sections(void) {
    xTaskCreatePinnedToCore(counter, "count0", STACK, 0, 1, 0, 0);
    xTaskCreatePinnedToCore(counter, "count1", STACK, 0, 1, 0, 1);
    for (int n = 0; n < 100 && counters_done < 2; n++)
        vTaskDelay(1);
    probe(53, shared);
}

static void probes(void) {
    priorities();
    cores();
    delays();
    queues();
    mutexes();
    timers();
    notifications();
    rings();
    registers();
    critical_sections();
}
