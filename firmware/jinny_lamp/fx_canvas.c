#include "fx_canvas.h"

void fx_canvas_clear(fx_canvas_t *canvas) { memset(canvas, 0, sizeof *canvas); }

void fx_canvas_fill(fx_canvas_t *canvas, color_t color) {
    for (uint32_t y = 0; y < CANVAS_HEIGHT; y++)
        for (uint32_t x = 0; x < CANVAS_WIDTH; x++)
            canvas->pixel[y][x] = color;
}

static bool inside(int32_t x, int32_t y) {
    return x >= 0 && x < (int32_t)CANVAS_WIDTH && y >= 0 && y < (int32_t)CANVAS_HEIGHT;
}

void fx_canvas_set(fx_canvas_t *canvas, int32_t x, int32_t y, color_t color) {
    if (inside(x, y))
        canvas->pixel[y][x] = color;
}

static uint8_t sum(uint32_t a, uint32_t b) { return a + b > 255 ? 255 : (uint8_t)(a + b); }

void fx_canvas_add(fx_canvas_t *canvas, int32_t x, int32_t y, color_t color) {
    if (!inside(x, y))
        return;
    color_t *at = &canvas->pixel[y][x];
    *at = (color_t){sum(at->r, color.r), sum(at->g, color.g), sum(at->b, color.b)};
}

void fx_canvas_fade(fx_canvas_t *canvas, uint32_t of_256) {
    for (uint32_t y = 0; y < CANVAS_HEIGHT; y++)
        for (uint32_t x = 0; x < CANVAS_WIDTH; x++)
            canvas->pixel[y][x] = color_scale(canvas->pixel[y][x], of_256);
}

color_t color_scale(color_t color, uint32_t of_256) {
    return (color_t){(uint8_t)(color.r * of_256 >> 8), (uint8_t)(color.g * of_256 >> 8),
                     (uint8_t)(color.b * of_256 >> 8)};
}

static uint8_t between(uint32_t from, uint32_t to, uint32_t of_256) {
    return (uint8_t)((from * (256 - of_256) + to * of_256) >> 8);
}

color_t color_mix(color_t from, color_t to, uint32_t of_256) {
    return (color_t){between(from.r, to.r, of_256), between(from.g, to.g, of_256), between(from.b, to.b, of_256)};
}

color_t color_hue(uint32_t hue, uint32_t value) {
    uint32_t sixth = (hue & 255) * 6, rise = (sixth & 255) * value >> 8;
    uint8_t v = (uint8_t)value, up = (uint8_t)rise, down = (uint8_t)(value - rise);
    switch (sixth >> 8) {
    case 0: return (color_t){v, up, 0};
    case 1: return (color_t){down, v, 0};
    case 2: return (color_t){0, v, up};
    case 3: return (color_t){0, down, v};
    case 4: return (color_t){up, 0, v};
    default: return (color_t){v, 0, down};
    }
}

/* A quarter of a turn in 64 steps, 0 to 127. */
static const uint8_t quarter[65] = {
    0,   3,   6,   9,   12,  16,  19,  22,  25,  28,  31,  34,  37,  40,  43,  46,  49,  51,  54,  57,  60,  63,
    65,  68,  71,  73,  76,  78,  81,  83,  85,  88,  90,  92,  94,  96,  98,  100, 102, 104, 106, 107, 109, 111,
    112, 113, 115, 116, 117, 118, 120, 121, 122, 122, 123, 124, 125, 125, 126, 126, 126, 127, 127, 127, 127};

uint32_t wave8(uint32_t angle) {
    uint32_t n = angle & 63;
    switch (angle >> 6 & 3) {
    case 0: return 128u + quarter[n];
    case 1: return 128u + quarter[64 - n];
    case 2: return 128u - quarter[n];
    default: return 128u - quarter[64 - n];
    }
}
