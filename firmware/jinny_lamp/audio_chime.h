/* A short tone that says how loud the lamp is. */
#ifndef AUDIO_CHIME_H
#define AUDIO_CHIME_H

#include "lamp.h"

esp_err_t audio_chime(void); /* returns before it has sounded */

#endif
