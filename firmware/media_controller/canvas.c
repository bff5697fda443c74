#include "canvas.h"

uint16_t canvas[HEIGHT][WIDTH] __attribute__((aligned(4)));

typedef uint32_t pair __attribute__((may_alias)); /* two pixels in one store */

static int channel(int from, int to, int part, int bias) { return (from * (256 - part) + to * part + bias) >> 8; }

static uint16_t blend(uint16_t from, uint16_t to, int part, int bias) {
    return (uint16_t)(channel(from >> 11, to >> 11, part, bias) << 11 |
                      channel(from >> 5 & 63, to >> 5 & 63, part, bias) << 5 | channel(from & 31, to & 31, part, bias));
}

uint16_t mix(uint16_t from, uint16_t to, int part) { return blend(from, to, part, 128); }

uint16_t mix_dithered(uint16_t from, uint16_t to, int part, int x, int y) {
    static const uint8_t bayer[4][4] = {{8, 136, 40, 168}, {200, 72, 232, 104}, {56, 184, 24, 152}, {248, 120, 216, 88}};
    return blend(from, to, part, bayer[y & 3][x & 3]);
}

void fill(struct rect area, uint16_t colour) {
    for (int y = area.y; y < area.y + area.height; y++) {
        uint16_t *pixel = &canvas[y][area.x], *end = pixel + area.width;
        if ((uintptr_t)pixel & 2u && pixel < end)
            *pixel++ = colour;
        for (; pixel + 1 < end; pixel += 2)
            *(pair *)pixel = colour * 0x10001u;
        if (pixel < end)
            *pixel = colour;
    }
}

void fill_gradient(struct rect area, struct rect of, uint16_t top, uint16_t bottom) {
    int step = 0x10000 / of.height;
    for (int y = area.y; y < area.y + area.height; y++) {
        uint32_t four[2];
        for (int x = 0; x < 4; x += 2)
            four[x / 2] = mix_dithered(top, bottom, (y - of.y) * step >> 8, x, y) |
                          (uint32_t)mix_dithered(top, bottom, (y - of.y) * step >> 8, x + 1, y) << 16;
        pair *to = (pair *)&canvas[y][area.x];
        for (int x = 0; x < area.width; x += 4) {
            *to++ = four[0];
            *to++ = four[1];
        }
    }
}

static int square_root(uint32_t value) {
    uint32_t root = 0;
    for (uint32_t bit = 1u << 14; bit; bit >>= 1)
        if ((root + bit) * (root + bit) <= value)
            root += bit;
    return (int)root;
}

/* How much of a pixel a disc covers, of 256: its edge is one pixel wide, and only there is a root worth its time. */
static inline int disc_coverage(int dx16, int dy16, int radius16) {
    int square = dx16 * dx16 + dy16 * dy16;
    if (square >= (radius16 + 8) * (radius16 + 8))
        return 0;
    if (square <= (radius16 - 8) * (radius16 - 8))
        return 256;
    return (radius16 + 8 - square_root((uint32_t)square)) * 16;
}

static inline void cover_pixel(uint16_t *pixel, uint16_t colour, int part) {
    if (part == 256)
        *pixel = colour;
    else if (part)
        *pixel = mix(*pixel, colour, part);
}

void disc(int centre_x16, int centre_y16, int radius16, uint16_t colour) {
    int reach = radius16 / 16 + 1, centre_x = centre_x16 / 16, centre_y = centre_y16 / 16;
    for (int y = centre_y - reach; y <= centre_y + reach; y++)
        for (int x = centre_x - reach; x <= centre_x + reach; x++)
            cover_pixel(&canvas[y][x], colour, disc_coverage(x * 16 + 8 - centre_x16, y * 16 + 8 - centre_y16, radius16));
}

void bar(struct rect area, uint16_t left, uint16_t right) {
    int radius16 = area.height * 8, length16 = area.width * 16, step = 0x10000 / area.width;
    for (int column = 0; column < area.width; column++) {
        uint16_t colour[4] = {left, left, left, left};
        for (int row = 0; row < 4 && left != right; row++)
            colour[row] = mix_dithered(left, right, column * step >> 8, column, row);
        int x16 = column * 16 + 8, past_end = 0;
        if (x16 < radius16)
            past_end = radius16 - x16;
        else if (x16 > length16 - radius16)
            past_end = x16 - (length16 - radius16);
        uint16_t *pixel = &canvas[area.y][area.x + column];
        for (int row = 0; row < area.height; row++, pixel += WIDTH)
            if (past_end)
                cover_pixel(pixel, colour[row & 3], disc_coverage(past_end, row * 16 + 8 - radius16, radius16));
            else
                *pixel = colour[row & 3];
    }
}

void picture(struct rect area, const uint16_t *pixels) {
    const pair *from = (const pair *)pixels;
    for (int y = area.y; y < area.y + area.height; y++) {
        pair *to = (pair *)&canvas[y][area.x];
        for (int x = 0; x < area.width; x += 2)
            *to++ = *from++;
    }
}

int text_width(const struct font *font, const char *text) {
    int width = 0;
    for (; *text; text++)
        width += font->glyph[(unsigned char)*text].width + font->space;
    return width - font->space;
}

void text(const struct font *font, int x, int y, uint16_t colour, const char *text) {
    for (; *text; text++) {
        const struct glyph *glyph = &font->glyph[(unsigned char)*text];
        const unsigned char *packed = font->alpha + glyph->offset;
        int low = 0;
        for (int row = 0; row < font->height; row++) {
            uint16_t *pixel = &canvas[y + row][x];
            for (int column = 0; column < glyph->width; column++, pixel++, low = !low) {
                int alpha = low ? *packed++ & 15 : *packed >> 4;
                if (alpha == 15)
                    *pixel = colour;
                else if (alpha)
                    *pixel = mix(*pixel, colour, alpha * 17);
            }
        }
        x += glyph->width + font->space;
    }
}
