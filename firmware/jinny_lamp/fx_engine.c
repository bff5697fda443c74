#include "fx_engine.h"

#include "ctrl_bus.h"
#include "fx_registry.h"

#define STEP 256u /* of phase: one step of motion */

static const fx_effect_t *effect;
static fx_time_t effect_time;
static uint32_t last_ms, hundredths; /* what of a step a speed other than 100 % leaves over */

void fx_engine_init(void) { effect = 0; }

static void begin(const fx_effect_t *next, uint32_t t_ms) {
    effect = next;
    effect_time = (fx_time_t){0};
    last_ms = t_ms;
    hundredths = 0;
}

void fx_engine_render(fx_canvas_t *canvas, uint32_t t_ms) {
    ctrl_state_t state;
    ctrl_bus_get(&state);
    const fx_effect_t *wanted = fx_registry_find(state.effect_id);
    if (!effect || wanted != effect || t_ms < last_ms) {
        begin(wanted, t_ms);
        fx_canvas_clear(canvas);
    } else if (!state.paused) {
        uint32_t phase = effect_time.phase;
        hundredths += effect->base_step * state.speed_pct;
        effect_time.phase += hundredths / 100;
        hundredths %= 100;
        effect_time.steps = effect_time.phase / STEP - phase / STEP;
        effect_time.t_ms += t_ms - last_ms;
        effect_time.frame++;
    } else {
        effect_time.steps = 0;
    }
    last_ms = t_ms;
    effect->render_cb(canvas, &effect_time);
}
