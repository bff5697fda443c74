/* Effects without a memory: a picture for each phase. */
#include "fx.h"

void fx_warm(fx_canvas_t *canvas, const fx_time_t *time) {
    uint32_t turn = time->phase >> 8;
    for (uint32_t y = 0; y < CANVAS_HEIGHT; y++) {
        uint32_t glow = 208 + (wave8(y * 3 + turn) * 47 >> 8);
        color_t row = color_scale((color_t){255, 150, 56}, glow);
        for (uint32_t x = 0; x < CANVAS_WIDTH; x++)
            canvas->pixel[y][x] = row;
    }
}

void fx_breath(fx_canvas_t *canvas, const fx_time_t *time) {
    uint32_t turn = time->phase >> 8, light = wave8(turn);
    fx_canvas_fill(canvas, color_hue(160 + (turn >> 5), light * light >> 8));
}

void fx_rainbow(fx_canvas_t *canvas, const fx_time_t *time) {
    uint32_t turn = time->phase >> 8;
    for (uint32_t y = 0; y < CANVAS_HEIGHT; y++)
        for (uint32_t x = 0; x < CANVAS_WIDTH; x++)
            canvas->pixel[y][x] = color_hue(turn + y * 4 + x * 2, 255);
}

void fx_plasma(fx_canvas_t *canvas, const fx_time_t *time) {
    uint32_t turn = time->phase >> 8;
    for (uint32_t y = 0; y < CANVAS_HEIGHT; y++)
        for (uint32_t x = 0; x < CANVAS_WIDTH; x++) {
            uint32_t a = wave8(x * 12 + turn), b = wave8(y * 7 - turn * 2), c = wave8(x * 6 + y * 5 + turn * 3);
            canvas->pixel[y][x] = color_hue((a + b + c) / 3 + turn, 160 + (c * 95 >> 8));
        }
}

/* Curtains of green that bend and fade upwards. */
void fx_aurora(fx_canvas_t *canvas, const fx_time_t *time) {
    uint32_t turn = time->phase >> 8;
    for (uint32_t x = 0; x < CANVAS_WIDTH; x++) {
        uint32_t edge = 18 + (wave8(x * 11 + turn) + wave8(x * 23 - turn * 2)) * 18 / 510;
        for (uint32_t y = 0; y < CANVAS_HEIGHT; y++) {
            uint32_t below = y > edge ? y - edge : 0;
            uint32_t light = !below ? 255 - (edge - y) * 255 / (edge + 1) : below < 6 ? 255 - below * 42 : 0;
            uint32_t shimmer = 160 + (wave8(x * 40 + y * 3 + turn * 4) * 95 >> 8);
            color_t color = color_mix((color_t){16, 255, 96}, (color_t){160, 32, 255}, y < edge ? (edge - y) * 6 : 0);
            canvas->pixel[y][x] = color_scale(color, light * shimmer >> 8);
        }
    }
}

void fx_waves(fx_canvas_t *canvas, const fx_time_t *time) {
    uint32_t turn = time->phase >> 8;
    for (uint32_t y = 0; y < CANVAS_HEIGHT; y++)
        for (uint32_t x = 0; x < CANVAS_WIDTH; x++) {
            uint32_t swell = (wave8(y * 10 + turn + x * 4) + wave8(y * 17 - turn * 2 + x * 9)) / 2;
            color_t color = color_mix((color_t){0, 8, 64}, (color_t){40, 200, 255}, swell);
            canvas->pixel[y][x] = swell > 216 ? color_mix(color, (color_t){255, 255, 255}, (swell - 216) * 5) : color;
        }
}
