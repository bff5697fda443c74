/* The only reader of I2S: mono, 16 bits, 16 kHz, for whoever listens. A ring of 8 frames of 512 samples. */
#ifndef AUDIO_STREAM_H
#define AUDIO_STREAM_H

#include "lamp.h"

#define AUDIO_RING_FRAMES 8u

typedef struct {
    uint32_t frames, drop_frames, read_errors;
} audio_stream_stats_t;
extern volatile audio_stream_stats_t audio_stream_stats;

esp_err_t audio_stream_start(void);
void audio_stream_stop(void);
esp_err_t audio_stream_read_mono_s16(int16_t *to, size_t samples, size_t *read, TickType_t ticks);

#endif
