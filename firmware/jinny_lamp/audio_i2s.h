/* I2S to and from the XVF3800: 16 kHz, two slots of 32 bits with 24 valid ones, the ESP32-S3 as master. */
#ifndef AUDIO_I2S_H
#define AUDIO_I2S_H

#include "lamp.h"

#define AUDIO_FRAME 512u /* samples per channel */

typedef struct {
    uint32_t blocks_in, blocks_out; /* of 256 samples per channel */
    uint32_t overruns;  /* blocks that came before the reader had room */
    uint32_t underruns; /* the player came too late */
    uint32_t restarts;
} audio_i2s_stats_t;
extern volatile audio_i2s_stats_t audio_i2s_stats;

esp_err_t audio_i2s_init(void);
/* Left and right in turn; only audio_stream calls it. ESP_ERR_TIMEOUT: fewer came. */
esp_err_t audio_i2s_read(int32_t *stereo, size_t samples, size_t *read, TickType_t ticks);
/* Plays at the volume, in one call after the other without a gap; ESP_ERR_TIMEOUT: not all of it. Without anything to
 * play it sends silence. */
esp_err_t audio_i2s_write(const int32_t *stereo, size_t samples, TickType_t ticks);
void audio_i2s_volume(uint8_t percent);
void audio_i2s_restart(void); /* it stands still: everything from the beginning */
void audio_i2s_stop(void); /* before deep sleep */

#endif
