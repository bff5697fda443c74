/* The kernel's inner life: what its files share. */
#ifndef INTERNAL_H
#define INTERNAL_H

#include "kernel/kernel.h"

#define NOBODY (-1)
#define STACK_GUARD 0x5afe5afeu

struct list {
    struct task *first;
};

enum task_state { READY, RUNNING, BLOCKED, SUSPENDED, DELETED };

struct fpu_state {
    uint32_t f[16], fcr, fsr;
};

struct task {
    struct frame *frame;
    struct task *next, *previous; /* in a list of ready tasks, in an object's list of waiting ones, or to be freed */
    struct task *next_to_wake;    /* in the list of those with a time limit */
    struct list *in;              /* the list it waits in */
    enum task_state state;
    UBaseType_t priority, base_priority;
    BaseType_t affinity;
    int32_t running_on; /* the core that its registers are in, also while it is on its way out */
    BaseType_t timed;
    TickType_t wake_at;
    BaseType_t woken; /* by what it waited for, and not by the clock */
    uint32_t *stack;
    struct queue *waits_for; /* a mutex, to hand priorities on */
    UBaseType_t mutexes;
    uint32_t notify_value;
    enum { NOT_WAITING, WAITING, NOTIFIED } notify_state;
    EventBits_t bits;
    BaseType_t all, clear, has_fpu;
    struct fpu_state fpu;
    char name[configMAX_TASK_NAME_LEN];
};

/* One lock for all of the kernel: interrupts off, and a spinlock between the cores. It nests. */
uint32_t kernel_lock(void);
void kernel_unlock(uint32_t level);

struct task *current_task(void);
/* All under the lock. */
BaseType_t kernel_wait(struct list *list, TickType_t ticks, uint32_t *level);
BaseType_t kernel_wake(struct list *list);
void kernel_wake_task(struct task *task, BaseType_t woken);
void kernel_set_priority(struct task *task, UBaseType_t priority);
BaseType_t kernel_yield_is_due(void);
/* What is left of a time limit that began at `since`. */
TickType_t ticks_left(TickType_t since, TickType_t ticks);

void heap_init(void);
void timers_init(void);
void park_create(void);
void park_init(void);
void panic_if(BaseType_t condition, const char *why);

/* switch.S */
__attribute__((noreturn)) void kernel_start(struct frame *frame);
extern void task_thunk(void);
void fpu_save(struct fpu_state *state);
void fpu_load(const struct fpu_state *state);

#endif
