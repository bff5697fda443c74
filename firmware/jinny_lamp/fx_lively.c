/* Effects with noise or a memory. Each starts over at its first frame. */
#include "fx.h"

/* ---- FIRE: three octaves of noise that rise, hotter below ---- */

static uint32_t smooth(uint32_t t) { return t * t * (768 - 2 * t) >> 16; } /* of 256 */

/* Noise between the points of a lattice with a point every 256; 0 to 255. */
static uint32_t noise(uint32_t x, uint32_t y, uint32_t seed) {
    uint32_t left = x >> 8, top = y >> 8, across = smooth(x & 255), down = smooth(y & 255);
    uint32_t a = fx_hash(left, top, seed) & 255, b = fx_hash(left + 1, top, seed) & 255;
    uint32_t c = fx_hash(left, top + 1, seed) & 255, d = fx_hash(left + 1, top + 1, seed) & 255;
    uint32_t above = a * (256 - across) + b * across, below = c * (256 - across) + d * across;
    return (above * (256 - down) + below * down) >> 16;
}

static color_t flame(uint32_t heat) {
    if (heat < 96)
        return (color_t){(uint8_t)(heat * 8 / 3), (uint8_t)(heat / 6), 0};
    if (heat < 192)
        return (color_t){255, (uint8_t)(16 + (heat - 96) * 2), (uint8_t)((heat - 96) / 6)};
    return (color_t){255, (uint8_t)(208 + (heat - 192) / 2), (uint8_t)(16 + (heat - 192) * 2)};
}

void fx_fire(fx_canvas_t *canvas, const fx_time_t *time) {
    uint32_t rise = time->phase >> 5;
    for (uint32_t y = 0; y < CANVAS_HEIGHT; y++)
        for (uint32_t x = 0; x < CANVAS_WIDTH; x++) {
            uint32_t coarse = noise(x * 48, y * 24 + rise, 1);
            uint32_t middle = noise(x * 96, y * 56 + rise * 2, 2);
            uint32_t fine = noise(x * 180, y * 120 + rise * 3, 3);
            uint32_t turbulence = (coarse * 4 + middle * 2 + fine) / 7;
            uint32_t heat = turbulence * (y + 12) / 32, cool = (CANVAS_HEIGHT - 1 - y) * 3;
            canvas->pixel[y][x] = flame(heat <= cool ? 0 : heat - cool > 255 ? 255 : heat - cool);
        }
}

/* ---- RAIN: a drop in each column, with a tail ---- */

void fx_rain(fx_canvas_t *canvas, const fx_time_t *time) {
    for (uint32_t n = 0; n < time->steps; n++)
        fx_canvas_fade(canvas, 200);
    for (uint32_t x = 0; x < CANVAS_WIDTH; x++) {
        uint32_t pace = 1 + fx_hash(x, 0, 7) % 3, length = CANVAS_HEIGHT + 12 + fx_hash(x, 1, 7) % 24;
        uint32_t way = (time->phase >> 8) * pace / 2 + fx_hash(x, 2, 7) % length;
        color_t drop = fx_hash(x, way / length, 8) % 8 ? (color_t){48, 96, 255} : (color_t){200, 220, 255};
        fx_canvas_set(canvas, (int32_t)x, (int32_t)(way % length), drop);
    }
}

/* ---- STARS: each twinkles at a pace of its own ---- */

void fx_stars(fx_canvas_t *canvas, const fx_time_t *time) {
    fx_canvas_fill(canvas, (color_t){0, 0, 10});
    for (uint32_t n = 0; n < 60; n++) {
        uint32_t place = fx_hash(n, 0, 9), pace = 2 + fx_hash(n, 1, 9) % 7;
        uint32_t light = wave8((time->phase >> 8) * pace + fx_hash(n, 2, 9));
        color_t color = color_mix((color_t){255, 214, 170}, (color_t){170, 200, 255}, fx_hash(n, 3, 9) & 255);
        fx_canvas_add(canvas, (int32_t)(place % CANVAS_WIDTH), (int32_t)(place / CANVAS_WIDTH % CANVAS_HEIGHT),
                      color_scale(color, light * light >> 8));
    }
}

/* ---- CONFETTI: new ones with every step, old ones fade ---- */

void fx_confetti(fx_canvas_t *canvas, const fx_time_t *time) {
    uint32_t step = time->phase >> 8;
    for (uint32_t n = 0; n < time->steps; n++) {
        fx_canvas_fade(canvas, 236);
        for (uint32_t piece = 0; piece < 6; piece++) {
            uint32_t place = fx_hash(step - n, piece, 10);
            fx_canvas_add(canvas, (int32_t)(place % CANVAS_WIDTH), (int32_t)(place / CANVAS_WIDTH % CANVAS_HEIGHT),
                          color_hue((step >> 1) + (place >> 20 & 63), 255));
        }
    }
}

/* ---- COMETS: they circle the lamp on their way up ---- */

void fx_comets(fx_canvas_t *canvas, const fx_time_t *time) {
    for (uint32_t n = 0; n < time->steps; n++)
        fx_canvas_fade(canvas, 216);
    for (uint32_t n = 0; n < 5; n++) {
        uint32_t way = (time->phase >> 8) + n * 61, x = (way + n * 3) % CANVAS_WIDTH;
        uint32_t y = CANVAS_HEIGHT - 1 - (way * (2 + n) / 6) % CANVAS_HEIGHT;
        fx_canvas_set(canvas, (int32_t)x, (int32_t)y, color_hue(n * 51 + (way >> 2), 255));
    }
}
