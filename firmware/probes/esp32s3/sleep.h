/* What the probes that sleep have: why the chip starts, what woke it, and what time it is. */
#ifndef SLEEP_H
#define SLEEP_H

#include "reg/rtc_cntl.h"

#define TICKS_MS 136 /* RC_SLOW */

static uint32_t reason(void) { return field_get(RTC_CNTL_RESET_STATE, RTC_CNTL_RESET_STATE_RESET_CAUSE_PROCPU); }
static uint32_t cause(void) { return field_get(RTC_CNTL_SLP_WAKEUP_CAUSE, RTC_CNTL_SLP_WAKEUP_CAUSE_WAKEUP_CAUSE); }

static uint32_t rtc_time(void) {
    set_bits(&RTC_CNTL_TIME_UPDATE, RTC_CNTL_TIME_UPDATE_TIME_UPDATE);
    delay_us(20);
    return RTC_CNTL_TIME_LOW0;
}

#endif
