#include "canvas.h"

uint16_t canvas[HEIGHT][WIDTH] __attribute__((aligned(4)));

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
            *(uint32_t __attribute__((may_alias)) *)pixel = colour * 0x10001u;
        if (pixel < end)
            *pixel = colour;
    }
}

void fill_gradient(struct rect area, struct rect of, uint16_t top, uint16_t bottom) {
    int step = 0x10000 / of.height;
    for (int y = area.y; y < area.y + area.height; y++) {
        uint16_t pattern[4];
        for (int x = 0; x < 4; x++)
            pattern[x] = mix_dithered(top, bottom, (y - of.y) * step >> 8, x, y);
        for (int x = area.x; x < area.x + area.width; x++)
            canvas[y][x] = pattern[x & 3];
    }
}

static int square_root(uint32_t value) {
    uint32_t root = 0;
    for (uint32_t bit = 1u << 14; bit; bit >>= 1)
        if ((root + bit) * (root + bit) <= value)
            root += bit;
    return (int)root;
}

/* How much of a pixel a disc covers, of 256: its edge is one pixel wide. */
static int disc_coverage(int dx16, int dy16, int radius16) {
    int inside = radius16 + 8 - square_root((uint32_t)(dx16 * dx16 + dy16 * dy16));
    return inside <= 0 ? 0 : inside >= 16 ? 256 : inside * 16;
}

void disc(int centre_x16, int centre_y16, int radius16, uint16_t colour) {
    int reach = radius16 / 16 + 1, centre_x = centre_x16 / 16, centre_y = centre_y16 / 16;
    for (int y = centre_y - reach; y <= centre_y + reach; y++)
        for (int x = centre_x - reach; x <= centre_x + reach; x++) {
            int part = disc_coverage(x * 16 + 8 - centre_x16, y * 16 + 8 - centre_y16, radius16);
            if (part)
                canvas[y][x] = mix(canvas[y][x], colour, part);
        }
}

void bar(struct rect area, uint16_t left, uint16_t right) {
    int radius16 = area.height * 8, step = 0x10000 / (area.width > 1 ? area.width - 1 : 1);
    for (int row = 0; row < area.height; row++)
        for (int column = 0; column < area.width; column++) {
            int x16 = column * 16 + 8, to_centre = x16 < radius16 ? x16 - radius16 : 0;
            if (x16 > area.width * 16 - radius16)
                to_centre = x16 - (area.width * 16 - radius16);
            int part = to_centre ? disc_coverage(to_centre, row * 16 + 8 - radius16, radius16) : 256;
            uint16_t *pixel = &canvas[area.y + row][area.x + column];
            if (part)
                *pixel = mix(*pixel, mix_dithered(left, right, column * step >> 8, column, row), part);
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
        for (int row = 0; row < font->height; row++)
            for (int column = 0; column < glyph->width; column++, low = !low) {
                int alpha = low ? *packed++ & 15 : *packed >> 4;
                uint16_t *pixel = &canvas[y + row][x + column];
                if (alpha)
                    *pixel = alpha == 15 ? colour : mix(*pixel, colour, alpha * 17);
            }
        x += glyph->width + font->space;
    }
}
