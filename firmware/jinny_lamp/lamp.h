/* The lamp's pins, rates, priorities and what every module needs. Board: XIAO ESP32-S3 on a reSpeaker XVF3800. */
#ifndef LAMP_H
#define LAMP_H

#include <stdbool.h>

#include "esp_err.h"
#include "kernel/kernel.h"

#define CPU_MHZ 160u

/* Pins. */
#define PIN_KEY 1u /* TTP223, active high */
#define PIN_LED_DATA 3u
#define PIN_CURRENT 4u /* ACS758 on ADC1 channel 3 */
#define PIN_I2C_SDA 5u
#define PIN_I2C_SCL 6u
#define PIN_I2S_WS 7u
#define PIN_I2S_BCLK 8u
#define PIN_LED 21u /* the board's own, active low */
#define PIN_I2S_IN 43u
#define PIN_I2S_OUT 44u

/* Channels of blocks that modules share. */
#define I2C_XVF 0u
#define I2C_XVF_HZ 400000u
#define I2S_VOICE 0u
#define AUDIO_HZ 16000u
#define DMA_LEDS 0u
#define DMA_AUDIO 1u

/* Interrupt lines of level 1 that nobody else has (the kernel: 8 and 9). */
#define LINE_FRAME 4u
#define LINE_RMT 5u
#define LINE_I2S 12u
#define LINE_I2C 13u

/* Cores and priorities: sound on core 1, light and control on core 0. */
#define CORE_CONTROL 0
#define CORE_SOUND 1
#define PRIORITY_AUDIO_STREAM 12
#define PRIORITY_MATRIX_ANIM 10
#define PRIORITY_POWER 9
#define PRIORITY_ESPNOW 8
#define PRIORITY_KEY 7
#define PRIORITY_DOA 6
#define PRIORITY_CONSOLE 4
#define PRIORITY_SETTINGS 3
#define PRIORITY_ASR_DEBUG 2

static inline esp_err_t task_start(TaskFunction_t function, const char *name, uint32_t stack, UBaseType_t priority,
                                   BaseType_t core, TaskHandle_t *task) {
    return xTaskCreatePinnedToCore(function, name, stack, 0, priority, task, core) ? ESP_OK : ESP_ERR_NO_MEM;
}

#endif
