/* The table of effects. */
#ifndef FX_REGISTRY_H
#define FX_REGISTRY_H

#include "fx_canvas.h"

/* An effect's time runs by base_step, at 100 %, with each frame; 256 make a turn. */
typedef struct {
    uint32_t t_ms;  /* since the effect began; stands still while paused */
    uint32_t phase; /* of 16.8 bits: the sum of the steps */
    uint32_t frame; /* 0 for the first one */
    uint32_t steps; /* whole steps of motion in this frame, for effects that have a memory */
} fx_time_t;
typedef void fx_render_t(fx_canvas_t *canvas, const fx_time_t *time);
typedef struct {
    uint16_t id;
    const char *name;
    uint16_t base_step;
    fx_render_t *render_cb;
} fx_effect_t;

extern const fx_effect_t fx_registry[];
extern const uint32_t fx_registry_count;
const fx_effect_t *fx_registry_find(uint16_t id);
const fx_effect_t *fx_registry_after(uint16_t id);

#endif
