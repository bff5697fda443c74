/* The effect that runs now, and its time. */
#ifndef FX_ENGINE_H
#define FX_ENGINE_H

#include "fx_canvas.h"

void fx_engine_init(void);
/* The next frame, by the controlling state. Only matrix_anim calls it. */
void fx_engine_render(fx_canvas_t *canvas, uint32_t t_ms);

#endif
