/* Level of each second and the quietest frame of the last ones. It only looks: whatever fails is counted and said. */
#include "asr_debug.h"

#include "audio_i2s.h"
#include "audio_stream.h"
#include "lamp_log.h"

#define PATIENCE pdMS_TO_TICKS(500)
#define FRAMES_A_LINE (5 * AUDIO_HZ / AUDIO_FRAME)
#define SILENCE_DB (-99)

volatile uint32_t asr_debug_errors;
static TaskHandle_t asr_debug_task;

/* dBFS (AES17: 0 is a full-scale sine) of a mean square of 16-bit samples: 3.01 dB for each power of two. */
static int32_t decibels(uint32_t mean_square) {
    if (!mean_square)
        return SILENCE_DB;
    uint32_t exponent = 31 - (uint32_t)__builtin_clz(mean_square);
    uint32_t fraction = exponent >= 8 ? mean_square >> (exponent - 8) : mean_square << (8 - exponent); /* 256 to 511 */
    int32_t log2_256 = (int32_t)(exponent * 256 + fraction - 256);
    return (log2_256 - 29 * 256) * 301 / (256 * 100);
}

static uint32_t mean_square(const int16_t *samples) {
    uint32_t sum = 0;
    for (uint32_t n = 0; n < AUDIO_FRAME; n++)
        sum += (uint32_t)(samples[n] * samples[n]) / AUDIO_FRAME;
    return sum;
}

static void watch(void *argument) {
    static int16_t samples[AUDIO_FRAME];
    (void)argument;
    uint32_t frames = 0, loudest = 0, quietest = UINT32_MAX;
    for (;;) {
        size_t count;
        if (audio_stream_read_mono_s16(samples, AUDIO_FRAME, &count, PATIENCE) != ESP_OK) {
            if (!asr_debug_errors++)
                lamp_log("asr", "nothing is heard");
            continue;
        }
        uint32_t power = mean_square(samples);
        loudest = power > loudest ? power : loudest;
        quietest = power < quietest ? power : quietest;
        if (++frames < FRAMES_A_LINE)
            continue;
        lamp_log("asr", "level %d dB, noise %d dB, dropped %u, errors %u", decibels(loudest), decibels(quietest),
                 audio_stream_stats.drop_frames, asr_debug_errors);
        frames = loudest = 0;
        quietest = UINT32_MAX;
    }
}

esp_err_t asr_debug_start(void) {
    if (asr_debug_task)
        return ESP_OK;
    BaseType_t made = xTaskCreatePinnedToCore(watch, "asr_debug", 3072, 0, PRIORITY_ASR_DEBUG, &asr_debug_task, CORE_SOUND);
    return made ? ESP_OK : ESP_ERR_NO_MEM;
}
