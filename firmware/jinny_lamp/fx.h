/* The effects, by file. */
#ifndef FX_H
#define FX_H

#include "fx_registry.h"

/* fx_calm.c */
fx_render_t fx_warm, fx_breath, fx_rainbow, fx_plasma, fx_aurora, fx_waves;
/* fx_lively.c */
fx_render_t fx_fire, fx_rain, fx_stars, fx_confetti, fx_comets;
/* fx_doa.c: column 0 is straight ahead, a column 22.5 degrees; row 47 is silence, row 0 the loudest. The last direction
 * holds, then fades. */
#define DOA_HOLD_MS 1500u
#define DOA_FADE_MS 1000u
fx_render_t fx_doa_debug;

/* A number that looks random, always the same for the same three. */
uint32_t fx_hash(uint32_t a, uint32_t b, uint32_t c);

#endif
