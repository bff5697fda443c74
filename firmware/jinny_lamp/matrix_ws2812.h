/* 768 WS2812 on one line: three serpentine panels of 16 x 16, one below the other. RMT at 10 MHz with DMA. */
#ifndef MATRIX_WS2812_H
#define MATRIX_WS2812_H

#include "fx_canvas.h"

#define MATRIX_LEDS (CANVAS_WIDTH * CANVAS_HEIGHT)

esp_err_t matrix_ws2812_init(void);
void matrix_ws2812_connect(void);  /* the line is RMT's */
void matrix_ws2812_data_low(void); /* the line is a pin's, and low */
void matrix_ws2812_hold(void);     /* it stays as it is, through deep sleep or a restart, until the next one of the above */
void matrix_ws2812_draw(const fx_canvas_t *canvas, uint8_t brightness); /* what is shown next */
/* Puts it on the line and waits for the end, reset included. Only matrix_anim calls it. */
esp_err_t matrix_ws2812_show(void);
extern volatile uint32_t matrix_ws2812_timeouts;

#endif
