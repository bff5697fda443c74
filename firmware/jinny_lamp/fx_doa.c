#include "doa_probe.h"
#include "fx.h"

#define DEGREES_PER_COLUMN (360.0f / CANVAS_WIDTH)

void fx_doa_debug(fx_canvas_t *canvas, const fx_time_t *time) {
    (void)time;
    fx_canvas_clear(canvas);
    doa_snapshot_t doa;
    if (!doa_probe_get(&doa))
        return;
    uint32_t light = 256;
    if (doa.age_ms > DOA_HOLD_MS) {
        uint32_t faded = doa.age_ms - DOA_HOLD_MS;
        light = faded < DOA_FADE_MS ? 256 - faded * 256 / DOA_FADE_MS : 0;
    }
    /* The middle of column 0 is 0 degrees. */
    uint32_t x = (uint32_t)(doa.azimuth_deg / DEGREES_PER_COLUMN + 0.5f) % CANVAS_WIDTH;
    float level = doa.level < 0 ? 0 : doa.level > 1 ? 1 : doa.level;
    uint32_t y = CANVAS_HEIGHT - 1 - (uint32_t)(level * (CANVAS_HEIGHT - 1) + 0.5f);
    fx_canvas_set(canvas, (int32_t)x, (int32_t)y, color_scale((color_t){0, 255, 128}, light));
}
