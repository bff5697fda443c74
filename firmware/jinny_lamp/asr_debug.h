/* Noise and levels of what is heard, in the log. */
#ifndef ASR_DEBUG_H
#define ASR_DEBUG_H

#include "lamp.h"

esp_err_t asr_debug_start(void);

#endif
