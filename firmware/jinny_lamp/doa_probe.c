/* Direction of arrival: AEC_AZIMUTH_VALUES, of which [3] is the auto-selected beam, and AEC_SPENERGY_VALUES, which says
 * whether somebody speaks there: the azimuth alone stays what it was. XMOS XVF3800 user guide, "Direction of arrival". */
#include "doa_probe.h"

#include "settings.h"
#include "xvf_i2c.h"

#define AUTO_SELECTED 3
#define DEGREES_PER_RADIAN 57.29578f
#define MOST_RADIANS 7.0f /* a full turn and some; what is more is no angle */
#define DEAD_BAND_DEG 2.0f
/* Speech energies whose binary logarithm is the bottom and the top of the level. */
#define QUIET_LOG2 10.0f
#define LOUD_LOG2 26.0f

volatile doa_stats_t doa_stats;

static portMUX_TYPE lock = portMUX_INITIALIZER_UNLOCKED;
static struct {
    float azimuth_deg, level;
    bool ever, valid;
    TickType_t at;
} doa_last;
static float offset_deg;
static bool inverted;

static uint32_t bits_of(float value) {
    uint32_t bits;
    memcpy(&bits, &value, sizeof bits);
    return bits;
}

static bool is_number(float value) { return (bits_of(value) & 0x7f800000u) != 0x7f800000u; }

/* Exponent and fraction, straight between powers of two: wrong by 0.09 at most. */
static float log2_of(float value) {
    uint32_t bits = bits_of(value);
    return (float)((int32_t)(bits >> 23) - 127) + (float)(bits & 0x7fffffu) * (1.0f / 8388608.0f);
}

static float wrap(float degrees) {
    while (degrees < 0.0f)
        degrees += 360.0f;
    while (degrees >= 360.0f)
        degrees -= 360.0f;
    return degrees;
}

static float level_of(float energy) {
    float level = (log2_of(energy) - QUIET_LOG2) * (1.0f / (LOUD_LOG2 - QUIET_LOG2));
    return level < 0.0f ? 0.0f : level > 1.0f ? 1.0f : level;
}

/* Small changes of a direction that is fresh are noise. */
static bool in_dead_band(float degrees) {
    float apart = wrap(degrees - doa_last.azimuth_deg);
    return doa_last.valid && (apart < DEAD_BAND_DEG || apart > 360.0f - DEAD_BAND_DEG);
}

static void heard(float radians, float energy) {
    float degrees = wrap((inverted ? -radians : radians) * DEGREES_PER_RADIAN + offset_deg);
    taskENTER_CRITICAL(&lock);
    if (!in_dead_band(degrees))
        doa_last.azimuth_deg = degrees;
    doa_last.level = level_of(energy);
    doa_last.ever = doa_last.valid = true;
    doa_last.at = xTaskGetTickCount();
    taskEXIT_CRITICAL(&lock);
    doa_stats.valid++;
}

static void poll(void) {
    float azimuths[4], energies[4];
    doa_stats.polls++;
    if (xvf_azimuths_read(azimuths) != ESP_OK || xvf_energies_read(energies) != ESP_OK) {
        doa_stats.errors++;
        doa_last.valid = false;
        return;
    }
    float radians = azimuths[AUTO_SELECTED], energy = energies[AUTO_SELECTED];
    if (is_number(radians) && radians < MOST_RADIANS && radians > -MOST_RADIANS && is_number(energy) && energy > 0.0f) {
        heard(radians, energy);
        return;
    }
    doa_stats.invalid++;
    doa_last.valid = false;
}

static void probe(void *argument) {
    (void)argument;
    for (TickType_t wake = xTaskGetTickCount();;) {
        poll();
        /* Behind a part that answers late, there is no hurry to make up for it. */
        if (!xTaskDelayUntil(&wake, pdMS_TO_TICKS(DOA_PERIOD_MS)))
            wake = xTaskGetTickCount();
    }
}

esp_err_t doa_probe_start(void) {
    static TaskHandle_t task;
    settings_t settings;
    if (task)
        return ESP_OK;
    settings_get(&settings);
    doa_probe_calibrate(settings.doa_offset, settings.doa_inverted);
    return xTaskCreatePinnedToCore(probe, "doa_probe", 3072, 0, PRIORITY_DOA, &task, CORE_SOUND) ? ESP_OK : ESP_ERR_NO_MEM;
}

void doa_probe_calibrate(uint32_t offset, bool inverse) {
    taskENTER_CRITICAL(&lock);
    offset_deg = (float)offset;
    inverted = inverse;
    taskEXIT_CRITICAL(&lock);
}

bool doa_probe_get(doa_snapshot_t *snapshot) {
    taskENTER_CRITICAL(&lock);
    bool ever = doa_last.ever;
    uint32_t age_ms = (xTaskGetTickCount() - doa_last.at) * portTICK_PERIOD_MS;
    *snapshot = (doa_snapshot_t){doa_last.azimuth_deg, doa_last.level, doa_last.valid, age_ms};
    taskEXIT_CRITICAL(&lock);
    return ever;
}
