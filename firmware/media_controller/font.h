/* The font that tools/font.py makes of font.txt: coverage 0 to 15 for each pixel, two pixels to a byte. */
#ifndef FONT_H
#define FONT_H

struct glyph {
    unsigned short width, offset;
};
struct font {
    short height, space;
    const unsigned char *alpha;
    struct glyph glyph[128];
};

extern const struct font font_12, font_18, font_24, font_36;

#endif
