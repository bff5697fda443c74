/* Pads that are held: by RTC_CNTL one by one, over light sleep and deep sleep, RTC pads and digital ones. The accesses are
 * those of ESP-IDF's rtc_io_ll.h, gpio_ll.h and gpio_hal.c. The probe starts twice. */
#include "drivers/drivers.h"
#include "probe.h"
#include "reg/rtc_cntl.h"
#include "reg/rtc_io.h"

#define RTC_PAD 4
#define OTHER_RTC_PAD 5
#define DIGITAL_PAD 40
#define OTHER_DIGITAL_PAD 41
#define DIGITAL_HOLD BIT(DIGITAL_PAD - 21) /* ESP-IDF soc/gpio_periph.c */
#define WAKE_TIMER BIT(3)
#define SLEEP_TICKS 2720 /* 20 ms of 136 kHz */

RTC_NOINIT static struct {
    uint32_t count, pair[16][2];
} kept;

static void note(uint32_t id, uint32_t value) {
    kept.pair[kept.count][0] = id;
    kept.pair[kept.count++][1] = value;
}

static uint32_t reason(void) { return field_get(RTC_CNTL_RESET_STATE, RTC_CNTL_RESET_STATE_RESET_CAUSE_PROCPU); }

static void sleep(uint32_t deep) {
    set_bits(&RTC_CNTL_TIME_UPDATE, RTC_CNTL_TIME_UPDATE_TIME_UPDATE);
    delay_us(20);
    RTC_CNTL_SLP_TIMER0 = RTC_CNTL_TIME_LOW0 + SLEEP_TICKS;
    RTC_CNTL_SLP_TIMER1 = RTC_CNTL_SLP_TIMER1_MAIN_TIMER_ALARM_EN;
    field_set(&RTC_CNTL_WAKEUP_STATE, RTC_CNTL_WAKEUP_STATE_WAKEUP_ENA, WAKE_TIMER);
    if (deep)
        set_bits(&RTC_CNTL_DIG_PWC, RTC_CNTL_DIG_PWC_DG_WRAP_PD_EN);
    set_bits(&RTC_CNTL_STATE0, RTC_CNTL_STATE0_SLEEP_EN);
    for (volatile int n = 0; n < 100; n++) { /* it takes a moment to fall asleep */
    }
}

static uint32_t levels(void) {
    return gpio_get(RTC_PAD) << 3 | gpio_get(OTHER_RTC_PAD) << 2 | gpio_get(DIGITAL_PAD) << 1 | gpio_get(OTHER_DIGITAL_PAD);
}

static void put_all(uint32_t level) {
    gpio_put(RTC_PAD, level);
    gpio_put(OTHER_RTC_PAD, level);
    gpio_put(DIGITAL_PAD, level);
    gpio_put(OTHER_DIGITAL_PAD, level);
}

/* As inputs with a pull-down: what nobody holds and nobody drives is low. */
static void let_go_all(void) {
    gpio_input(RTC_PAD, PULL_DOWN);
    gpio_input(OTHER_RTC_PAD, PULL_DOWN);
    gpio_input(DIGITAL_PAD, PULL_DOWN);
    gpio_input(OTHER_DIGITAL_PAD, PULL_DOWN);
}

static void before(void) {
    gpio_output(RTC_PAD, 1);
    gpio_output(OTHER_RTC_PAD, 1);
    gpio_output(DIGITAL_PAD, 1);
    gpio_output(OTHER_DIGITAL_PAD, 1);
    note(1, levels());
    set_bits(&RTC_CNTL_PAD_HOLD, BIT(RTC_PAD));
    set_bits(&RTC_CNTL_DIG_PAD_HOLD, DIGITAL_HOLD);
    put_all(0);
    note(2, levels());
    let_go_all();
    note(3, levels());
    sleep(0);
    note(4, levels());
    clear_bits(&RTC_CNTL_PAD_HOLD, BIT(RTC_PAD));
    clear_bits(&RTC_CNTL_DIG_PAD_HOLD, DIGITAL_HOLD);
    note(5, levels());

    /* All RTC pads at once. */
    gpio_output(RTC_PAD, 1);
    gpio_output(OTHER_RTC_PAD, 1);
    set_bits(&RTC_CNTL_PWC, RTC_CNTL_PWC_PAD_FORCE_HOLD);
    put_all(0);
    note(6, levels());
    clear_bits(&RTC_CNTL_PWC, RTC_CNTL_PWC_PAD_FORCE_HOLD);
    note(7, levels());
    /* All digital pads at once: gpio_force_hold_all, gpio_force_unhold_all. */
    gpio_output(DIGITAL_PAD, 1);
    gpio_output(OTHER_DIGITAL_PAD, 1);
    clear_bits(&RTC_CNTL_DIG_ISO, RTC_CNTL_DIG_ISO_DG_PAD_FORCE_UNHOLD);
    set_bits(&RTC_CNTL_DIG_ISO, RTC_CNTL_DIG_ISO_DG_PAD_FORCE_HOLD);
    put_all(0);
    note(8, levels());
    clear_bits(&RTC_CNTL_DIG_ISO, RTC_CNTL_DIG_ISO_DG_PAD_FORCE_HOLD);
    note(9, levels());

    /* Deep sleep: gpio_hold_en of one RTC pad, gpio_deep_sleep_hold_en for the digital ones. */
    gpio_output(RTC_PAD, 1);
    gpio_output(OTHER_RTC_PAD, 1);
    gpio_output(DIGITAL_PAD, 1);
    gpio_output(OTHER_DIGITAL_PAD, 1);
    set_bits(&RTC_CNTL_PAD_HOLD, BIT(RTC_PAD));
    set_bits(&RTC_CNTL_DIG_ISO, RTC_CNTL_DIG_ISO_DG_PAD_AUTOHOLD_EN);
    note(10, levels());
    sleep(1);
    for (;;) {
    }
}

static void probes(void) {
    if (reason() == 1) {
        kept.count = 0;
        before();
    }
    note(11, reason());
    let_go_all();
    note(12, levels());
    note(13, (RTC_CNTL_DIG_ISO & RTC_CNTL_DIG_ISO_DG_PAD_AUTOHOLD) != 0);
    set_bits(&RTC_CNTL_DIG_ISO, RTC_CNTL_DIG_ISO_CLR_DG_PAD_AUTOHOLD);
    clear_bits(&RTC_CNTL_DIG_ISO, RTC_CNTL_DIG_ISO_DG_PAD_AUTOHOLD_EN);
    note(14, levels());
    clear_bits(&RTC_CNTL_PAD_HOLD, BIT(RTC_PAD));
    note(15, levels());
    for (uint32_t n = 0; n < kept.count; n++)
        probe(kept.pair[n][0], kept.pair[n][1]);
}
