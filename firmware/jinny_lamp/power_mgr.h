/* ON, SOFT OFF, DEEP SLEEP; the order in which data and supply of the LEDs come and go. */
#ifndef POWER_MGR_H
#define POWER_MGR_H

#include "lamp.h"

enum power_state { POWER_OFF, POWER_WAITS_FOR_SUPPLY, POWER_ON, POWER_SLEEPS };
typedef struct {
    uint32_t ons, offs, supply_errors, sleeps;
} power_stats_t;
extern volatile power_stats_t power_stats;
extern volatile enum power_state power_state;

esp_err_t power_mgr_start(void); /* follows ctrl_bus from then on */
void power_mgr_sleep(void);      /* a wish; a touch wakes */
/* Light safe and off, before a restart. */
void power_mgr_led_safe(void);
uint32_t power_mgr_reset_reason(void); /* RTC_CNTL's: 1 power-on, 5 deep sleep */

#endif
