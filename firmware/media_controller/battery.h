/* The supply of a Pico W: VSYS / 3 on GPIO29. */
#ifndef BATTERY_H
#define BATTERY_H

#define BATTERY_UNKNOWN (-1)

void battery_init(void);
/* Percent of a lithium cell between 3.3 V and 4.2 V, or BATTERY_UNKNOWN. */
int battery_percent(void);
/* Is it time to measure again (every 10 s)? Clears the flag that the alarm set. */
int battery_due(void);
int battery_waiting(void);

#endif
