/* Where somebody speaks: asked of the XVF3800 ten times a second, whoever looks at it. In silence the last direction
 * is held; whoever shows it lets it fade after DOA_HOLD_MS, within DOA_FADE_MS. */
#ifndef DOA_PROBE_H
#define DOA_PROBE_H

#include "lamp.h"

#define DOA_PERIOD_MS 100u
#define DOA_HOLD_MS 1500u
#define DOA_FADE_MS 1000u

typedef struct {
    float azimuth_deg; /* 0 to 360, after offset and inversion; the last one that was valid */
    float level;       /* 0 to 1: how loud the speech was */
    bool valid;        /* now, and not held */
    uint32_t age_ms;   /* since the last valid one */
} doa_snapshot_t;

typedef struct {
    uint32_t polls, valid;
    uint32_t invalid; /* nobody speaks, or no number */
    uint32_t errors;  /* the XVF3800 did not answer */
} doa_stats_t;
extern volatile doa_stats_t doa_stats;

esp_err_t doa_probe_start(void);
void doa_probe_calibrate(uint32_t offset_deg, bool inverted); /* added, after it was turned round; settings keep it */
bool doa_probe_get(doa_snapshot_t *snapshot); /* false: there was never a valid one */

#endif
