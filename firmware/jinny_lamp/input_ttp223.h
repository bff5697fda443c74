/* The touch key: polled, debounced; click, double click, long touch. */
#ifndef INPUT_TTP223_H
#define INPUT_TTP223_H

#include "lamp.h"

#define KEY_POLL_MS 10u
#define KEY_DEBOUNCE_MS 30u
#define KEY_GAP_MS 450u
#define KEY_LONG_MS 3000u

enum key_event { KEY_CLICK, KEY_DOUBLE, KEY_LONG };
typedef void key_handler(enum key_event event);
esp_err_t input_ttp223_start(key_handler *handler);
bool input_ttp223_touched(void);

#endif
