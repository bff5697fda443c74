/* 1 kHz for 96 ms, -12 dBFS at full volume: 16 samples are a period. */
#include "audio_chime.h"

#include "audio_i2s.h"

#define PERIOD 16u
#define BLOCK 256u
#define BLOCKS 6u
#define PATIENCE pdMS_TO_TICKS(20)

/* A quarter of full scale, 24 bits: of sin(2 pi n / 16). */
static const int32_t quarter[PERIOD / 4 + 1] = {0, 802545, 1482910, 1937516, 2097152};

static int32_t sine(uint32_t n) {
    uint32_t in_half = n % (PERIOD / 2);
    int32_t size = quarter[in_half <= PERIOD / 4 ? in_half : PERIOD / 2 - in_half];
    return n % PERIOD < PERIOD / 2 ? size : -size;
}

esp_err_t audio_chime(void) {
    static int32_t block[2 * BLOCK];
    esp_err_t result = ESP_OK;
    for (uint32_t n = 0; n < BLOCK; n++)
        block[2 * n] = block[2 * n + 1] = sine(n) * 256; /* left-justified in 32 */
    for (uint32_t n = 0; n < BLOCKS && result == ESP_OK; n++)
        result = audio_i2s_write(block, BLOCK, PATIENCE);
    return result;
}
