/* A small preemptive kernel for both cores, under the names of FreeRTOS's documented interface (and ESP-IDF's additions
 * to it: tasks pinned to a core, ring buffers, critical sections with a spinlock). All of it is ours.
 *
 * 25 priorities, 0 the lowest; equal priorities take turns at each tick. The tick is 1 ms, from SYSTIMER. An
 * application defines app_main(), which runs as a task of priority 1 on core 0.
 */
#ifndef KERNEL_H
#define KERNEL_H

#include "runtime.h"

typedef int32_t BaseType_t;
typedef uint32_t UBaseType_t;
typedef uint32_t TickType_t;
typedef struct task *TaskHandle_t;
typedef struct queue *QueueHandle_t;
typedef struct queue *SemaphoreHandle_t;
typedef struct timer *TimerHandle_t;
typedef struct event_group *EventGroupHandle_t;
typedef struct ring *RingbufHandle_t;
typedef uint32_t EventBits_t;
typedef void (*TaskFunction_t)(void *);
typedef void (*TimerCallbackFunction_t)(TimerHandle_t);

#define pdFALSE 0
#define pdTRUE 1
#define pdFAIL 0
#define pdPASS 1
#define configMAX_PRIORITIES 25
#define configTICK_RATE_HZ 1000u
#define configMAX_TASK_NAME_LEN 16
#define portMAX_DELAY 0xffffffffu
#define portTICK_PERIOD_MS (1000u / configTICK_RATE_HZ)
#define pdMS_TO_TICKS(ms) ((TickType_t)((uint64_t)(ms) * configTICK_RATE_HZ / 1000u))
#define tskNO_AFFINITY 0x7fffffff
#define tskIDLE_PRIORITY 0

/* Tasks. Stack depths are in bytes, as in ESP-IDF. */
BaseType_t xTaskCreatePinnedToCore(TaskFunction_t function, const char *name, uint32_t stack_bytes, void *argument,
                                   UBaseType_t priority, TaskHandle_t *created, BaseType_t core);
BaseType_t xTaskCreate(TaskFunction_t function, const char *name, uint32_t stack_bytes, void *argument,
                       UBaseType_t priority, TaskHandle_t *created);
void vTaskDelete(TaskHandle_t task);
void vTaskDelay(TickType_t ticks);
BaseType_t xTaskDelayUntil(TickType_t *previous_wake, TickType_t increment);
#define vTaskDelayUntil(previous_wake, increment) ((void)xTaskDelayUntil(previous_wake, increment))
void vTaskSuspend(TaskHandle_t task);
void vTaskResume(TaskHandle_t task);
UBaseType_t uxTaskPriorityGet(TaskHandle_t task);
void vTaskPrioritySet(TaskHandle_t task, UBaseType_t priority);
TaskHandle_t xTaskGetCurrentTaskHandle(void);
TickType_t xTaskGetTickCount(void);
const char *pcTaskGetName(TaskHandle_t task);
UBaseType_t uxTaskGetStackHighWaterMark(TaskHandle_t task);
BaseType_t xPortGetCoreID(void);
BaseType_t xPortInIsrContext(void);
void taskYIELD(void);
#define xTaskGetTickCountFromISR xTaskGetTickCount
#define portYIELD_FROM_ISR(...) ((void)0) /* a trap looks for itself whether a better task is ready */

/* Notifications: a word and a flag in each task. */
typedef enum { eNoAction, eSetBits, eIncrement, eSetValueWithOverwrite, eSetValueWithoutOverwrite } eNotifyAction;
BaseType_t xTaskNotify(TaskHandle_t task, uint32_t value, eNotifyAction action);
BaseType_t xTaskNotifyFromISR(TaskHandle_t task, uint32_t value, eNotifyAction action, BaseType_t *woken);
BaseType_t xTaskNotifyWait(uint32_t clear_on_entry, uint32_t clear_on_exit, uint32_t *value, TickType_t ticks);
#define xTaskNotifyGive(task) xTaskNotify(task, 0, eIncrement)
#define vTaskNotifyGiveFromISR(task, woken) ((void)xTaskNotifyFromISR(task, 0, eIncrement, woken))
uint32_t ulTaskNotifyTake(BaseType_t clear, TickType_t ticks);

/* Critical sections: interrupts up to level 3 held off on this core, and the spinlock kept from the other. */
typedef struct {
    volatile uint32_t owner; /* 0: free; otherwise core + 1 */
    uint32_t depth, level;
} portMUX_TYPE;
#define portMUX_INITIALIZER_UNLOCKED {0, 0, 0}
void taskENTER_CRITICAL(portMUX_TYPE *lock);
void taskEXIT_CRITICAL(portMUX_TYPE *lock);
#define portENTER_CRITICAL taskENTER_CRITICAL
#define portEXIT_CRITICAL taskEXIT_CRITICAL
#define portENTER_CRITICAL_ISR taskENTER_CRITICAL
#define portEXIT_CRITICAL_ISR taskEXIT_CRITICAL

/* Queues. */
QueueHandle_t xQueueCreate(UBaseType_t length, UBaseType_t item_bytes);
void vQueueDelete(QueueHandle_t queue);
BaseType_t xQueueSendToBack(QueueHandle_t queue, const void *item, TickType_t ticks);
BaseType_t xQueueSendToFront(QueueHandle_t queue, const void *item, TickType_t ticks);
#define xQueueSend xQueueSendToBack
BaseType_t xQueueOverwrite(QueueHandle_t queue, const void *item);
BaseType_t xQueueReceive(QueueHandle_t queue, void *item, TickType_t ticks);
BaseType_t xQueuePeek(QueueHandle_t queue, void *item, TickType_t ticks);
BaseType_t xQueueReset(QueueHandle_t queue);
BaseType_t xQueueSendFromISR(QueueHandle_t queue, const void *item, BaseType_t *woken);
BaseType_t xQueueReceiveFromISR(QueueHandle_t queue, void *item, BaseType_t *woken);
UBaseType_t uxQueueMessagesWaiting(QueueHandle_t queue);
UBaseType_t uxQueueSpacesAvailable(QueueHandle_t queue);

/* Semaphores: queues of nothing. A mutex lends its owner the priority of whoever waits for it. */
SemaphoreHandle_t xSemaphoreCreateBinary(void);
SemaphoreHandle_t xSemaphoreCreateCounting(UBaseType_t max, UBaseType_t initial);
SemaphoreHandle_t xSemaphoreCreateMutex(void);
SemaphoreHandle_t xSemaphoreCreateRecursiveMutex(void);
BaseType_t xSemaphoreTake(SemaphoreHandle_t semaphore, TickType_t ticks);
BaseType_t xSemaphoreGive(SemaphoreHandle_t semaphore);
BaseType_t xSemaphoreTakeRecursive(SemaphoreHandle_t semaphore, TickType_t ticks);
BaseType_t xSemaphoreGiveRecursive(SemaphoreHandle_t semaphore);
BaseType_t xSemaphoreGiveFromISR(SemaphoreHandle_t semaphore, BaseType_t *woken);
TaskHandle_t xSemaphoreGetMutexHolder(SemaphoreHandle_t semaphore);
#define vSemaphoreDelete vQueueDelete
#define uxSemaphoreGetCount uxQueueMessagesWaiting

/* Event groups. */
EventGroupHandle_t xEventGroupCreate(void);
void vEventGroupDelete(EventGroupHandle_t group);
EventBits_t xEventGroupSetBits(EventGroupHandle_t group, EventBits_t bits);
EventBits_t xEventGroupClearBits(EventGroupHandle_t group, EventBits_t bits);
EventBits_t xEventGroupWaitBits(EventGroupHandle_t group, EventBits_t bits, BaseType_t clear_on_exit, BaseType_t all,
                                TickType_t ticks);
#define xEventGroupGetBits(group) xEventGroupClearBits(group, 0)

/* Timers: their functions run in a task of their own, priority 22. */
TimerHandle_t xTimerCreate(const char *name, TickType_t period, BaseType_t reload, void *id,
                           TimerCallbackFunction_t function);
BaseType_t xTimerStart(TimerHandle_t timer, TickType_t ticks);
BaseType_t xTimerStop(TimerHandle_t timer, TickType_t ticks);
BaseType_t xTimerChangePeriod(TimerHandle_t timer, TickType_t period, TickType_t ticks);
BaseType_t xTimerDelete(TimerHandle_t timer, TickType_t ticks);
BaseType_t xTimerIsTimerActive(TimerHandle_t timer);
void *pvTimerGetTimerID(TimerHandle_t timer);
#define xTimerReset xTimerStart

/* Ring buffers of ESP-IDF: whole items, items that may be split at the end of the memory, or bytes. */
typedef enum { RINGBUF_TYPE_NOSPLIT, RINGBUF_TYPE_ALLOWSPLIT, RINGBUF_TYPE_BYTEBUF } RingbufferType_t;
RingbufHandle_t xRingbufferCreate(size_t bytes, RingbufferType_t type);
void vRingbufferDelete(RingbufHandle_t ring);
BaseType_t xRingbufferSend(RingbufHandle_t ring, const void *item, size_t bytes, TickType_t ticks);
BaseType_t xRingbufferSendFromISR(RingbufHandle_t ring, const void *item, size_t bytes, BaseType_t *woken);
void *xRingbufferReceive(RingbufHandle_t ring, size_t *bytes, TickType_t ticks);
void *xRingbufferReceiveUpTo(RingbufHandle_t ring, size_t *bytes, TickType_t ticks, size_t max);
BaseType_t xRingbufferReceiveSplit(RingbufHandle_t ring, void **head, void **tail, size_t *head_bytes,
                                   size_t *tail_bytes, TickType_t ticks);
void vRingbufferReturnItem(RingbufHandle_t ring, void *item);
size_t xRingbufferGetCurFreeSize(RingbufHandle_t ring);

/* Memory. */
void *pvPortMalloc(size_t bytes);
void vPortFree(void *memory);
size_t xPortGetFreeHeapSize(void);
size_t xPortGetMinimumEverFreeHeapSize(void);
#define malloc pvPortMalloc
#define free vPortFree

void app_main(void);

#endif
