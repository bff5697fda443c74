#include "ui.h"

#define INK RGB(240, 242, 250)
#define FAINT RGB(140, 148, 178)
#define TITLE_BAR RGB(24, 28, 50)
#define TOP RGB(16, 19, 36)
#define BOTTOM RGB(34, 22, 58)
#define ACCENT RGB(64, 216, 226)
#define ACCENT_2 RGB(255, 92, 160)
#define TRACK RGB(56, 52, 88)
#define GREEN RGB(96, 214, 120)
#define AMBER RGB(250, 190, 70)

#define TITLE_HEIGHT 28
#define ART_SIZE 112
static const struct rect whole = {0, 0, WIDTH, HEIGHT};
static const struct rect art = {16, 44, ART_SIZE, ART_SIZE};
static const struct rect playing_area = {144, 108, 160, 44};
static const struct rect battery_area = {240, 4, 76, 20};
static const struct rect volume_area = {8, 164, 304, 68};
static const struct rect volume_bar = {18, 212, 284, 10};
#define KNOB_RADIUS 8

static uint16_t cover[ART_SIZE][ART_SIZE] __attribute__((aligned(4)));

static void background(struct rect area) { fill_gradient(area, whole, TOP, BOTTOM); }

/* The record's cover: a sun in stripes over a plain. */
static uint16_t cover_pixel(int x, int y) {
    const int horizon = 76, sun_x = 56, sun_y = 54, radius = 32;
    if (y >= horizon) {
        int depth = y - horizon + 1, column = (x - sun_x) * 24 / depth;
        int on_line = depth * depth % 97 < 2 * depth / 3 || (column & 15) == 0;
        return on_line ? mix(ACCENT_2, RGB(70, 20, 90), 256 - depth * 6) : RGB(36, 12, 60);
    }
    int dx = x - sun_x, dy = y - sun_y, stripe = y - 48;
    int in_sun = dx * dx + dy * dy < radius * radius && !(stripe > 0 && stripe % 6 < stripe / 6);
    uint16_t sky = mix_dithered(RGB(24, 16, 70), RGB(210, 60, 130), y * 256 / horizon, x, y);
    if (!in_sun)
        return (x * 37 + y * 71) % 211 == 0 && y < 44 ? INK : sky;
    return mix_dithered(RGB(255, 226, 90), RGB(255, 80, 120), (y - (sun_y - radius)) * 4, x, y);
}

void ui_init(void) {
    for (int y = 0; y < ART_SIZE; y++)
        for (int x = 0; x < ART_SIZE; x++)
            cover[y][x] = cover_pixel(x, y);
}

static void draw_cover(void) {
    picture(art, cover[0]);
    for (int edge = 0; edge < 2; edge++) {
        fill((struct rect){art.x, art.y + edge * (ART_SIZE - 1), ART_SIZE, 1}, FAINT);
        fill((struct rect){art.x + edge * (ART_SIZE - 1), art.y, 1, ART_SIZE}, FAINT);
    }
}

/* Decimal digits of 0 to 100. */
static const char *number(int value) {
    static char digits[4];
    int length = 0;
    if (value == 100)
        digits[length++] = '1';
    if (value >= 10)
        digits[length++] = (char)('0' + value / 10 % 10);
    digits[length++] = (char)('0' + value % 10);
    digits[length] = 0;
    return digits;
}

struct rect ui_draw_battery(int battery) {
    fill(battery_area, TITLE_BAR);
    struct rect shell = {288, 8, 22, 12};
    fill(shell, FAINT);
    fill((struct rect){shell.x + shell.width, shell.y + 3, 2, 6}, FAINT);
    fill((struct rect){shell.x + 1, shell.y + 1, shell.width - 2, shell.height - 2}, TITLE_BAR);
    if (battery < 0) {
        text(&font_12, shell.x - 6 - text_width(&font_12, "--"), 8, FAINT, "--");
        return battery_area;
    }
    fill((struct rect){shell.x + 2, shell.y + 2, (shell.width - 4) * battery / 100, shell.height - 4},
         battery > 20 ? GREEN : AMBER);
    int x = shell.x - 6 - text_width(&font_12, "%");
    text(&font_12, x, 8, INK, "%");
    const char *digits = number(battery);
    text(&font_12, x - 2 - text_width(&font_12, digits), 8, INK, digits);
    return battery_area;
}

static void draw_playing(int playing) {
    int x = playing_area.x + 21, y = playing_area.y + 21;
    disc(x * 16 + 8, y * 16 + 8, 20 * 16, playing ? ACCENT : TRACK);
    uint16_t sign = playing ? TOP : INK;
    /* The sign shows what the board does: a triangle while it plays, two bars while it waits. */
    if (playing)
        for (int row = -9; row <= 9; row++)
            fill((struct rect){x - 5, y + row, 16 - (row < 0 ? -row : row) * 16 / 10, 1}, sign);
    else
        for (int side = -1; side <= 1; side += 2)
            fill((struct rect){x + 5 * side - 2, y - 8, 5, 17}, sign);
    text(&font_18, playing_area.x + 52, playing_area.y + 14, playing ? ACCENT : FAINT, playing ? "Playing" : "Paused");
}

struct rect ui_draw_playing(int playing) {
    background(playing_area);
    draw_playing(playing);
    return playing_area;
}

static void draw_volume(int volume) {
    text(&font_12, volume_bar.x, 190, FAINT, "VOLUME");
    const char *digits = number(volume);
    text(&font_36, volume_bar.x + volume_bar.width - text_width(&font_36, digits), 170, INK, digits);

    bar(volume_bar, TRACK, TRACK);
    int filled = volume_bar.height + (volume_bar.width - volume_bar.height) * volume / 100;
    bar((struct rect){volume_bar.x, volume_bar.y, filled, volume_bar.height}, ACCENT, mix(ACCENT, ACCENT_2, volume * 256 / 100));
    int x16 = (volume_bar.x + filled) * 16 - volume_bar.height * 8, y16 = volume_bar.y * 16 + volume_bar.height * 8;
    disc(x16, y16, KNOB_RADIUS * 16, INK);
    disc(x16, y16, KNOB_RADIUS * 16 - 64, mix(ACCENT, ACCENT_2, volume * 256 / 100));
}

struct rect ui_draw_volume(int volume) {
    background(volume_area);
    draw_volume(volume);
    return volume_area;
}

void ui_draw_all(int volume, int playing, int battery) {
    background(whole);
    fill((struct rect){0, 0, WIDTH, TITLE_HEIGHT}, TITLE_BAR);
    fill((struct rect){0, TITLE_HEIGHT, WIDTH, 1}, ACCENT);
    text(&font_18, 14, 7, INK, "Media Controller");
    draw_cover();
    text(&font_24, 144, 44, INK, "Night Drive");
    text(&font_18, 144, 74, FAINT, "The Interrupts");
    ui_draw_battery(battery);
    draw_playing(playing);
    draw_volume(volume);
}
