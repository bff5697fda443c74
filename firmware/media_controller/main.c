/* Media controller: one cooperative loop over a knob and a screen.
 *
 * Interrupts only count; the loop does the work, and the drawing polls while it runs. BENCH makes a variant that an
 * engine can be measured with: 1 draws the whole screen 30 times a second, 2 does so while core 1 computes.
 */
#include "battery.h"
#include "input.h"
#include "runtime.h"
#include "st7789.h"
#include "ui.h"

#ifndef BENCH
#define BENCH 0
#endif

#define FIRST_VOLUME 40
#define FRAME_US 33333u

struct state {
    int volume, playing, battery;
};

static struct state wanted = {FIRST_VOLUME, 0, BATTERY_UNKNOWN};

/* Counted so that a test can see how often the drawing yields: 320 x 240 / 64 = 1200 times a full screen. */
volatile uint32_t poll_count;

static void poll(void) {
    poll_count++;
    int volume = wanted.volume + input_take_steps();
    wanted.volume = volume < 0 ? 0 : volume > 100 ? 100 : volume;
    wanted.playing ^= input_take_presses() & 1;
    if (battery_due())
        wanted.battery = battery_percent();
}

static void log_battery(int battery) {
    if (battery == BATTERY_UNKNOWN)
        log_printf("battery unknown\n");
    else
        log_printf("battery %d%%\n", battery);
}

/* Draw what has changed, and say so when it can be seen. */
static void show(struct state *shown) {
    if (shown->volume != wanted.volume) {
        shown->volume = wanted.volume;
        st7789_send(ui_draw_volume(shown->volume), poll);
        log_printf("volume %d\n", shown->volume);
    }
    if (shown->playing != wanted.playing) {
        shown->playing = wanted.playing;
        st7789_send(ui_draw_playing(shown->playing), poll);
        log_printf("%s\n", shown->playing ? "play" : "pause");
    }
    if (shown->battery != wanted.battery) {
        shown->battery = wanted.battery;
        st7789_send(ui_draw_battery(shown->battery), poll);
        log_battery(shown->battery);
    }
}

static void show_all(struct state *shown) {
    *shown = wanted;
    ui_draw_all(shown->volume, shown->playing, shown->battery);
    st7789_send((struct rect){0, 0, WIDTH, HEIGHT}, poll);
}

volatile uint32_t frame_count, core1_turns, core1_frames;

/* Core 1: arithmetic in SRAM, and a look at the FIFO each turn. */
TIME_CRITICAL(core1_busy) void core1_busy(void) {
    uint32_t state = 1;
    for (;;) {
        for (int i = 0; i < 16; i++)
            state = state * 1664525u + 1013904223u;
        core1_turns += 1 + (state & 0);
        if (SIO->FIFO_ST & SIO_FIFO_ST_VLD)
            core1_frames = SIO->FIFO_RD;
    }
}

static __attribute__((noreturn)) void run_bench(struct state *shown) {
    if (BENCH == 2)
        core1_launch(core1_busy);
    uint32_t next = time_us_32();
    for (int direction = 1;; frame_count++) {
        if (wanted.volume == 0 || wanted.volume == 100)
            direction = -direction;
        wanted.volume += direction;
        show_all(shown);
        if (BENCH == 2 && SIO->FIFO_ST & SIO_FIFO_ST_RDY)
            SIO->FIFO_WR = frame_count + 1;
        next += FRAME_US;
        int32_t left = (int32_t)(next - time_us_32());
        if (left > 0)
            sleep_us((uint32_t)left);
    }
}
static __attribute__((noreturn)) void run(struct state *shown) {
    for (;;) {
        interrupts_off();
        if (!input_waiting() && !battery_waiting())
            wait_for_interrupt();
        interrupts_on();
        poll();
        show(shown);
    }
}
int main(void) {
    struct state shown;
    clocks_init();
    time_init();
    log_init();
    log_printf("\nmedia controller\n");
    input_init();
    battery_init();
    st7789_init();
    ui_init();
    wanted.battery = battery_percent();
    show_all(&shown);
    st7789_display_on();
    log_battery(shown.battery);
    log_printf("volume %d\n%s\nready\n", shown.volume, shown.playing ? "play" : "pause");
    if (BENCH)
        run_bench(&shown);
    run(&shown);
}
