/* What is on the screen. Each function draws into the canvas and returns the part that has changed. */
#ifndef UI_H
#define UI_H

#include "canvas.h"

void ui_init(void);
void ui_draw_all(int volume, int playing, int battery);
struct rect ui_draw_volume(int volume);
struct rect ui_draw_playing(int playing);
struct rect ui_draw_battery(int battery);

#endif
