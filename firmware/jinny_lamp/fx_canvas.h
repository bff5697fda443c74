/* What effects draw on: 16 columns, 48 rows, row 0 on top. */
#ifndef FX_CANVAS_H
#define FX_CANVAS_H

#include "lamp.h"

#define CANVAS_WIDTH 16u
#define CANVAS_HEIGHT 48u

typedef struct {
    uint8_t r, g, b;
} color_t;
typedef struct {
    color_t pixel[CANVAS_HEIGHT][CANVAS_WIDTH];
} fx_canvas_t;

void fx_canvas_clear(fx_canvas_t *canvas);
void fx_canvas_fill(fx_canvas_t *canvas, color_t color);
void fx_canvas_set(fx_canvas_t *canvas, int32_t x, int32_t y, color_t color); /* outside: nothing */
void fx_canvas_add(fx_canvas_t *canvas, int32_t x, int32_t y, color_t color); /* ends at 255 */
void fx_canvas_fade(fx_canvas_t *canvas, uint32_t of_256);                    /* every pixel times of_256 / 256 */
color_t color_scale(color_t color, uint32_t of_256);
color_t color_mix(color_t from, color_t to, uint32_t of_256);
color_t color_hue(uint32_t hue, uint32_t value); /* hue of 256 */
/* Sine of an angle of 256 to the turn, 0 to 255, 128 at 0. */
uint32_t wave8(uint32_t angle);

#endif
