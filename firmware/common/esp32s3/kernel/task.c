/* Tasks, the two schedulers, the tick. */
#include "kernel/internal.h"
#include "reg/system.h"
#include "reg/systimer.h"

#define CORES 2
#define ANY tskNO_AFFINITY
#define LINE_CROSS_CORE 2
#define LINE_TICK 9
#define SOURCE_SYSTIMER_TARGET0 57
#define SOURCE_FROM_CPU(core) (79 + (core))
#define FROM_CPU(core) (&SYSTEM_CPU_INTR_FROM_CPU_0)[core]
#define SYSTIMER_HZ 16000000u
#define IDLE_STACK 2048
#define MAIN_STACK 8192

static struct {
    volatile uint32_t owner; /* core + 1 */
    uint32_t depth;
} lock;

static struct list ready[configMAX_PRIORITIES];
static uint32_t ready_priorities;
static struct task *running[CORES];
static struct task *to_wake, *to_free, *fpu_of[CORES];
static volatile TickType_t tick_count;
static volatile uint32_t yield_due[CORES];
static volatile uint32_t scheduling[CORES];

/* ---- the lock ---- */

static void spin(volatile uint32_t *owner) {
    while (compare_and_set(owner, 0, core_id() + 1) != 0) {
    }
    memory_barrier();
}

uint32_t kernel_lock(void) {
    uint32_t level = interrupts_off();
    if (lock.owner != core_id() + 1)
        spin(&lock.owner);
    lock.depth++;
    return level;
}

static void release(void) {
    if (--lock.depth == 0) {
        memory_barrier();
        lock.owner = 0;
    }
}

static BaseType_t in_trap(void) { return ((struct core *)RSR(misc0))->trap_stack == 0; }
BaseType_t xPortInIsrContext(void) { return in_trap(); }

/* A task that a better one is to take over from goes now; in a trap, or inside a critical section, later. */
static void yield_if_due(uint32_t level) {
    if (yield_due[core_id()] && scheduling[core_id()] && !in_trap() && !(level & PS_INTLEVEL_MASK))
        __asm__ volatile("syscall" ::: "memory");
}

void kernel_unlock(uint32_t level) {
    release();
    yield_if_due(level);
    interrupts_restore(level);
}

void taskENTER_CRITICAL(portMUX_TYPE *mux) {
    uint32_t level = interrupts_off();
    if (mux->owner != core_id() + 1) {
        spin(&mux->owner);
        mux->level = level;
    }
    mux->depth++;
}

void taskEXIT_CRITICAL(portMUX_TYPE *mux) {
    if (--mux->depth)
        return;
    uint32_t level = mux->level;
    memory_barrier();
    mux->owner = 0;
    yield_if_due(level);
    interrupts_restore(level);
}

/* ---- lists ---- */

static void list_add(struct list *list, struct task *task, BaseType_t in_order, BaseType_t at_front) {
    struct task *before = 0, *after = list->first;
    while (after && (in_order ? after->priority >= task->priority : !at_front)) {
        before = after;
        after = after->next;
    }
    task->previous = before;
    task->next = after;
    if (before)
        before->next = task;
    else
        list->first = task;
    if (after)
        after->previous = task;
    task->in = list;
}

static void list_remove(struct task *task) {
    if (task->previous)
        task->previous->next = task->next;
    else
        task->in->first = task->next;
    if (task->next)
        task->next->previous = task->previous;
    task->in = 0;
}

static void ready_add(struct task *task, BaseType_t at_front) {
    task->state = READY;
    list_add(&ready[task->priority], task, 0, at_front);
    ready_priorities |= BIT(task->priority);
}

static void ready_remove(struct task *task) {
    list_remove(task);
    if (!ready[task->priority].first)
        ready_priorities &= ~BIT(task->priority);
}

static void time_limit_remove(struct task *task) {
    if (!task->timed)
        return;
    task->timed = 0;
    for (struct task **at = &to_wake; *at; at = &(*at)->next_to_wake)
        if (*at == task) {
            *at = task->next_to_wake;
            return;
        }
}

static void time_limit_add(struct task *task, TickType_t ticks) {
    struct task **at = &to_wake;
    task->timed = 1;
    task->wake_at = tick_count + ticks;
    while (*at && (int32_t)((*at)->wake_at - task->wake_at) <= 0)
        at = &(*at)->next_to_wake;
    task->next_to_wake = *at;
    *at = task;
}

/* ---- who runs where ---- */

static BaseType_t may_run(const struct task *task, int32_t core) {
    return (task->affinity == ANY || task->affinity == core) && (task->running_on == NOBODY || task->running_on == core);
}

static struct task *best_for(int32_t core, UBaseType_t above) {
    for (uint32_t left = ready_priorities; left;) {
        uint32_t priority = 31 - __builtin_clz(left);
        if (priority < above)
            return 0;
        for (struct task *task = ready[priority].first; task; task = task->next)
            if (may_run(task, core))
                return task;
        left &= ~BIT(priority);
    }
    return 0;
}

static void ask_to_yield(int32_t core) {
    yield_due[core] = 1;
    if (core != (int32_t)core_id())
        FROM_CPU(core) = 1;
}

/* A task has become ready: which core should look? */
static void consider(struct task *task) {
    int32_t chosen = NOBODY;
    UBaseType_t lowest = task->priority;
    for (uint32_t n = 0; n < CORES; n++) {
        int32_t core = (int32_t)(n ? 1 - core_id() : core_id()); /* rather this one than to bother the other */
        if (!scheduling[core] || !may_run(task, core))
            continue;
        UBaseType_t there = running[core]->state == RUNNING ? running[core]->priority : 0;
        if (there < lowest) {
            lowest = there;
            chosen = core;
        }
    }
    if (chosen != NOBODY)
        ask_to_yield(chosen);
}

BaseType_t kernel_yield_is_due(void) { return yield_due[core_id()]; }

struct task *current_task(void) { return running[core_id()]; }

uint32_t kernel_wants_switch(void) { return yield_due[core_id()] && scheduling[core_id()]; }

/* enter.S calls this on the trap stack, with the outgoing task's registers all in memory. */
IRAM struct frame *kernel_switch(struct frame *frame) {
    uint32_t level = kernel_lock();
    int32_t core = (int32_t)core_id();
    struct task *old = running[core];
    panic_if(*old->stack != STACK_GUARD, "stack overflow");
    yield_due[core] = 0;
    old->frame = frame;
    if (old->state == RUNNING)
        ready_add(old, 0);
    struct task *new = best_for(core, 0);
    ready_remove(new);
    new->state = RUNNING;
    running[core] = new;
    old->running_on = NOBODY;
    new->running_on = core;
    if (old != new && old->state == READY)
        consider(old);
    WSR(cpenable, fpu_of[core] == new);
    release();
    interrupts_restore(level);
    return new->frame;
}

/* `syscall` is a task that gives way; the other is the first floating-point instruction since another task's. */
uint32_t kernel_trap(struct frame *frame) {
    int32_t core = (int32_t)core_id();
    if (!scheduling[core])
        return 0;
    struct task *task = running[core];
    if (frame->cause == CAUSE_SYSCALL) {
        frame->pc += 3;
        yield_due[core] = 1;
        return 1;
    }
    if (frame->cause == CAUSE_COPROCESSOR0) {
        WSR(cpenable, 1);
        if (fpu_of[core])
            fpu_save(&fpu_of[core]->fpu);
        fpu_load(&task->fpu);
        fpu_of[core] = task;
        task->has_fpu = 1;
        task->affinity = core; /* its registers stay in this core's FPU when it is away */
        return 1;
    }
    return 0;
}

const char *kernel_task_name(void) { return scheduling[core_id()] ? current_task()->name : "start-up"; }

void panic_if(BaseType_t condition, const char *why) {
    if (condition)
        panic(why, 0);
}

/* ---- waiting and waking ---- */

void kernel_wake_task(struct task *task, BaseType_t woken) {
    time_limit_remove(task);
    if (task->in)
        list_remove(task);
    task->woken = woken;
    task->waits_for = 0;
    ready_add(task, 0);
    consider(task);
}

BaseType_t kernel_wake(struct list *list) {
    if (!list->first)
        return 0;
    kernel_wake_task(list->first, 1);
    return 1;
}

/* Gives the core away until woken or `ticks` have passed; the lock is released meanwhile. */
BaseType_t kernel_wait(struct list *list, TickType_t ticks, uint32_t *level) {
    struct task *task = current_task();
    panic_if(in_trap() || (*level & PS_INTLEVEL_MASK), "waiting in an interrupt or a critical section");
    task->state = BLOCKED;
    task->woken = 0;
    if (list)
        list_add(list, task, 1, 0);
    if (ticks != portMAX_DELAY)
        time_limit_add(task, ticks);
    release();
    __asm__ volatile("syscall" ::: "memory");
    interrupts_restore(*level);
    *level = kernel_lock();
    return task->woken;
}

TickType_t ticks_left(TickType_t since, TickType_t ticks) {
    TickType_t passed = tick_count - since;
    return ticks == portMAX_DELAY ? ticks : passed < ticks ? ticks - passed : 0;
}

void kernel_set_priority(struct task *task, UBaseType_t priority) {
    if (task->state == READY) {
        ready_remove(task);
        task->priority = priority;
        ready_add(task, 0);
        consider(task);
        return;
    }
    struct list *in = task->in;
    if (in) {
        list_remove(task);
        task->priority = priority;
        list_add(in, task, 1, 0);
    }
    task->priority = priority;
    if (task->state == RUNNING && task->running_on != NOBODY && best_for(task->running_on, priority + 1))
        ask_to_yield(task->running_on);
}

/* ---- the tick ---- */

static void tick(void *unused) {
    (void)unused;
    SYSTIMER_INT_CLR = SYSTIMER_INT_TARGET0;
    uint32_t level = kernel_lock();
    tick_count++;
    while (to_wake && (int32_t)(to_wake->wake_at - tick_count) <= 0)
        kernel_wake_task(to_wake, 0);
    for (int32_t core = 0; core < CORES; core++)
        if (scheduling[core] && best_for(core, running[core]->priority))
            ask_to_yield(core);
    release();
    interrupts_restore(level);
}

static void cross_core(void *unused) {
    (void)unused;
    FROM_CPU(core_id()) = 0;
}

static void tick_start(void) {
    SYSTIMER_TARGET0_CONF = SYSTIMER_TARGET0_CONF_TARGET0_PERIOD_MODE |
                            field(SYSTIMER_TARGET0_CONF_TARGET0_PERIOD, SYSTIMER_HZ / configTICK_RATE_HZ);
    SYSTIMER_COMP0_LOAD = SYSTIMER_COMP0_LOAD_TIMER_COMP0_LOAD;
    set_bits(&SYSTIMER_CONF, SYSTIMER_CONF_TARGET0_WORK_EN);
    set_bits(&SYSTIMER_INT_ENA, SYSTIMER_INT_TARGET0);
    interrupt_route(0, SOURCE_SYSTIMER_TARGET0, LINE_TICK);
    interrupt_handler(LINE_TICK, tick, 0);
    interrupt_enable(LINE_TICK);
}

/* ---- the interface ---- */

static struct task *self_or(struct task *task) { return task ? task : current_task(); }

BaseType_t xTaskCreatePinnedToCore(TaskFunction_t function, const char *name, uint32_t stack_bytes, void *argument,
                                   UBaseType_t priority, TaskHandle_t *created, BaseType_t core) {
    stack_bytes = (stack_bytes + 15) & ~15u;
    struct task *task = pvPortMalloc(sizeof *task);
    uint32_t *stack = pvPortMalloc(stack_bytes);
    if (!task || !stack) {
        vPortFree(task);
        vPortFree(stack);
        return pdFAIL;
    }
    memset(task, 0, sizeof *task);
    memset(stack, 0xa5, stack_bytes);
    *stack = STACK_GUARD;
    task->stack = stack;
    task->priority = task->base_priority = priority < configMAX_PRIORITIES ? priority : configMAX_PRIORITIES - 1;
    task->affinity = core;
    task->running_on = NOBODY;
    for (size_t n = 0; n < configMAX_TASK_NAME_LEN - 1 && name[n]; n++)
        task->name[n] = name[n];

    uintptr_t top = ((uintptr_t)stack + stack_bytes) & ~15u;
    struct frame *frame = (struct frame *)(top - 32 - FRAME_SIZE);
    memset(frame, 0, FRAME_SIZE + 32);
    frame->pc = (uintptr_t)task_thunk;
    frame->ps = PS_WOE | PS_UM;
    frame->a[1] = top - 32;
    frame->a[2] = (uintptr_t)function;
    frame->a[3] = (uintptr_t)argument;
    *(uintptr_t *)(top - 32 - 12) = top; /* where the first frame's a4 to a7 go when it is spilled: below this */
    task->frame = frame;

    uint32_t level = kernel_lock();
    if (created)
        *created = task;
    ready_add(task, 0);
    consider(task);
    kernel_unlock(level);
    return pdPASS;
}

BaseType_t xTaskCreate(TaskFunction_t function, const char *name, uint32_t stack_bytes, void *argument,
                       UBaseType_t priority, TaskHandle_t *created) {
    return xTaskCreatePinnedToCore(function, name, stack_bytes, argument, priority, created, ANY);
}

/* Out of every list; what is running stops at its core's next trap. */
static void take_out(struct task *task, enum task_state state) {
    time_limit_remove(task);
    if (task->state == READY)
        ready_remove(task);
    else if (task->in)
        list_remove(task);
    task->state = state;
    if (task->running_on != NOBODY)
        ask_to_yield(task->running_on);
}

void vTaskDelete(TaskHandle_t task) {
    uint32_t level = kernel_lock();
    task = self_or(task);
    take_out(task, DELETED);
    for (uint32_t core = 0; core < CORES; core++)
        if (fpu_of[core] == task)
            fpu_of[core] = 0;
    task->next = to_free; /* by an idle task, once no core is on its stack */
    to_free = task;
    kernel_unlock(level);
}

void vTaskSuspend(TaskHandle_t task) {
    uint32_t level = kernel_lock();
    take_out(self_or(task), SUSPENDED);
    kernel_unlock(level);
}

void vTaskResume(TaskHandle_t task) {
    uint32_t level = kernel_lock();
    if (task->state == SUSPENDED)
        kernel_wake_task(task, 0);
    kernel_unlock(level);
}

void taskYIELD(void) {
    uint32_t level = kernel_lock();
    yield_due[core_id()] = 1;
    kernel_unlock(level);
}

void vTaskDelay(TickType_t ticks) {
    if (!ticks) {
        taskYIELD();
        return;
    }
    uint32_t level = kernel_lock();
    kernel_wait(0, ticks, &level);
    kernel_unlock(level);
}

BaseType_t xTaskDelayUntil(TickType_t *previous_wake, TickType_t increment) {
    uint32_t level = kernel_lock();
    TickType_t wake = *previous_wake + increment;
    BaseType_t wait = (int32_t)(wake - tick_count) > 0;
    *previous_wake = wake;
    if (wait)
        kernel_wait(0, wake - tick_count, &level);
    kernel_unlock(level);
    return wait;
}

UBaseType_t uxTaskPriorityGet(TaskHandle_t task) { return self_or(task)->priority; }

void vTaskPrioritySet(TaskHandle_t task, UBaseType_t priority) {
    uint32_t level = kernel_lock();
    task = self_or(task);
    /* A lent priority stays until the mutex is given. */
    BaseType_t lent = task->priority != task->base_priority;
    task->base_priority = priority;
    if (!lent || priority > task->priority)
        kernel_set_priority(task, priority);
    kernel_unlock(level);
}

TaskHandle_t xTaskGetCurrentTaskHandle(void) { return current_task(); }
TickType_t xTaskGetTickCount(void) { return tick_count; }
const char *pcTaskGetName(TaskHandle_t task) { return self_or(task)->name; }
BaseType_t xPortGetCoreID(void) { return (BaseType_t)core_id(); }

UBaseType_t uxTaskGetStackHighWaterMark(TaskHandle_t task) {
    const uint32_t *word = self_or(task)->stack + 1;
    while (*word == 0xa5a5a5a5u)
        word++;
    return (UBaseType_t)((word - self_or(task)->stack) * 4);
}

/* ---- idle, and the beginning ---- */

static void idle(void *unused) {
    (void)unused;
    for (;;) {
        uint32_t level = kernel_lock();
        struct task **at = &to_free, *gone = 0;
        for (; *at; at = &(*at)->next)
            if ((*at)->running_on == NOBODY) {
                gone = *at;
                *at = gone->next;
                break;
            }
        kernel_unlock(level);
        if (gone) {
            vPortFree(gone->stack);
            vPortFree(gone);
        } else {
            wait_for_interrupt();
        }
    }
}

static void core_start(void) {
    int32_t core = (int32_t)core_id();
    interrupt_route((uint32_t)core, SOURCE_FROM_CPU(core), LINE_CROSS_CORE);
    interrupt_handler(LINE_CROSS_CORE, cross_core, 0);
    uint32_t level = kernel_lock();
    struct task *task = best_for(core, 0);
    ready_remove(task);
    task->state = RUNNING;
    task->running_on = core;
    running[core] = task;
    scheduling[core] = 1;
    release();
    (void)level;
    WSR(cpenable, 0);
    interrupt_enable(LINE_CROSS_CORE);
    park_init();
    kernel_start(task->frame);
}

static void main_task(void *unused) {
    (void)unused;
    app_main();
    vTaskDelete(0);
}

int main(void) {
    clocks_init();
    log_init();
    heap_init();
    timers_init();
    park_create();
    xTaskCreatePinnedToCore(idle, "IDLE0", IDLE_STACK, 0, tskIDLE_PRIORITY, 0, 0);
    xTaskCreatePinnedToCore(idle, "IDLE1", IDLE_STACK, 0, tskIDLE_PRIORITY, 0, 1);
    xTaskCreatePinnedToCore(main_task, "main", MAIN_STACK, 0, 1, 0, 0);
    tick_start();
    second_core_start(core_start);
    core_start();
    return 0;
}
