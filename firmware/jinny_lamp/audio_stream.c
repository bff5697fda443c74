/* The left slot is the processed, auto-selected beam (XMOS XVF3800 user guide, output selection). */
#include "audio_stream.h"

#include "audio_i2s.h"
#include "lamp_log.h"

#define FRAME_MS (AUDIO_FRAME * 1000u / AUDIO_HZ)
#define PATIENCE pdMS_TO_TICKS(3 * FRAME_MS)
#define ERRORS_TO_RESTART 5u
#define RING (AUDIO_RING_FRAMES * AUDIO_FRAME)

volatile audio_stream_stats_t audio_stream_stats;

static int16_t audio_ring[RING];
static int32_t stereo[2 * AUDIO_FRAME];
static volatile uint32_t audio_written, audio_taken; /* samples since the start */
static SemaphoreHandle_t more, reader, ended;
static volatile bool running;

/* 24 valid bits on top: the upper 16 of them, rounded. */
static int16_t narrow(int32_t sample) {
    int32_t rounded = (sample >> 15) + 1;
    return (int16_t)(rounded > 0xffff ? 0x7fff : rounded >> 1);
}

/* A whole frame, or none of it. */
static void keep(void) {
    audio_stream_stats.frames++;
    if (audio_written - audio_taken > RING - AUDIO_FRAME) {
        audio_stream_stats.drop_frames++;
        return;
    }
    int16_t *to = audio_ring + audio_written % RING;
    for (uint32_t n = 0; n < AUDIO_FRAME; n++)
        to[n] = narrow(stereo[2 * n]);
    memory_barrier();
    audio_written += AUDIO_FRAME;
    xSemaphoreGive(more);
}

static void produce(void *argument) {
    (void)argument;
    uint32_t errors = 0;
    while (running) {
        size_t count;
        if (audio_i2s_read(stereo, AUDIO_FRAME, &count, PATIENCE) == ESP_OK) {
            errors = 0;
            keep();
            continue;
        }
        audio_stream_stats.read_errors++;
        if (++errors == ERRORS_TO_RESTART) {
            errors = 0;
            lamp_log("audio", "I2S stands still: started again");
            audio_i2s_restart();
        }
    }
    xSemaphoreGive(ended);
    vTaskDelete(0);
}

esp_err_t audio_stream_start(void) {
    if (running)
        return ESP_OK;
    if (!reader) {
        more = xSemaphoreCreateBinary();
        ended = xSemaphoreCreateBinary();
        reader = xSemaphoreCreateMutex();
    }
    if (!more || !ended || !reader)
        return ESP_ERR_NO_MEM;
    running = true;
    if (xTaskCreatePinnedToCore(produce, "audio_stream", 3072, 0, PRIORITY_AUDIO_STREAM, 0, CORE_SOUND))
        return ESP_OK;
    running = false;
    return ESP_ERR_NO_MEM;
}

void audio_stream_stop(void) {
    if (!running)
        return;
    running = false;
    xSemaphoreTake(ended, portMAX_DELAY);
}

esp_err_t audio_stream_read_mono_s16(int16_t *to, size_t samples, size_t *read, TickType_t ticks) {
    *read = 0;
    if (!reader)
        return ESP_ERR_INVALID_STATE;
    esp_err_t result = ESP_OK;
    xSemaphoreTake(reader, portMAX_DELAY);
    while (*read < samples && result == ESP_OK) {
        uint32_t waiting = audio_written - audio_taken, at = audio_taken % RING, part = samples - *read;
        if (!waiting) {
            if (!xSemaphoreTake(more, ticks))
                result = ESP_ERR_TIMEOUT;
            continue;
        }
        part = part < waiting ? part : waiting;
        part = part < RING - at ? part : RING - at;
        memcpy(to + *read, audio_ring + at, part * sizeof *to);
        *read += part;
        memory_barrier();
        audio_taken += part;
    }
    xSemaphoreGive(reader);
    return result;
}
