/* A picture of the whole screen in SRAM, and how to draw in it. Colours are RGB565. */
#ifndef CANVAS_H
#define CANVAS_H

#include <stdint.h>

#include "font.h"

#define WIDTH 320
#define HEIGHT 240

struct rect {
    int x, y, width, height;
};

#define RGB(r, g, b) (uint16_t)(((r) >> 3) << 11 | ((g) >> 2) << 5 | ((b) >> 3))

extern uint16_t canvas[HEIGHT][WIDTH];

/* `part` of 256 from `from` to `to`. */
uint16_t mix(uint16_t from, uint16_t to, int part);
/* The same for a gradient: what 5 or 6 bits cannot show is spread over 4 x 4 pixels (ordered dither). */
uint16_t mix_dithered(uint16_t from, uint16_t to, int part, int x, int y);
void fill(struct rect area, uint16_t colour);
/* The part `area` of a gradient that fills `of` from top to bottom. Left edge and width are multiples of 4. */
void fill_gradient(struct rect area, struct rect of, uint16_t top, uint16_t bottom);
/* A disc, or the corner of something round: `radius` in 1/16 of a pixel, edges smooth. */
void disc(int centre_x16, int centre_y16, int radius16, uint16_t colour);
/* A bar with round ends, coloured from `left` to `right`. */
void bar(struct rect area, uint16_t left, uint16_t right);
/* A picture of the size of `area`. Left edge and width are even. */
void picture(struct rect area, const uint16_t *pixels);
int text_width(const struct font *font, const char *text);
void text(const struct font *font, int x, int y, uint16_t colour, const char *text);

#endif
