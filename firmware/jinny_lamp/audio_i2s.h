/* I2S to and from the XVF3800: 16 kHz, two slots of 32 bits with 24 valid ones, the ESP32-S3 as master. */
#ifndef AUDIO_I2S_H
#define AUDIO_I2S_H

#include "lamp.h"

#define AUDIO_FRAME 512u /* samples per channel */

esp_err_t audio_i2s_init(void);
/* One frame, left and right in turn; only audio_stream calls it. */
esp_err_t audio_i2s_read(int32_t *stereo, size_t samples, size_t *read, TickType_t ticks);
/* Plays; the volume is applied. */
esp_err_t audio_i2s_write(const int32_t *stereo, size_t samples, TickType_t ticks);
void audio_i2s_volume(uint8_t percent);
void audio_i2s_stop(void); /* before deep sleep */

#endif
