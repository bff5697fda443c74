/* Sitronix ST7789V, 240x320, used as 320x240, behind a state machine of PIO1. */
#ifndef ST7789_H
#define ST7789_H

#include "canvas.h"

void st7789_init(void);
void st7789_display_on(void);
/* Sends a part of the canvas, and calls `poll` every 64 pixels, so that nothing else has to wait for the screen. */
void st7789_send(struct rect area, void (*poll)(void));

#endif
