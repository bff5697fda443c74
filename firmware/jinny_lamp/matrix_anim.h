/* The task that renders and shows, 22 times a second, and the only one that does. */
#ifndef MATRIX_ANIM_H
#define MATRIX_ANIM_H

#include "lamp.h"

#define MATRIX_FPS 22u

typedef struct {
    uint32_t frames, late, render_us, show_us;
} matrix_anim_stats_t;
extern volatile matrix_anim_stats_t matrix_anim_stats;

esp_err_t matrix_anim_start(void);
void matrix_anim_stop(void); /* returns when the last frame is through */
bool matrix_anim_running(void);

#endif
