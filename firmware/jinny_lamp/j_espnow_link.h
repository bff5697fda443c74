/* The remote control by ESP-NOW: commands in, an ACK with the state out. */
#ifndef J_ESPNOW_LINK_H
#define J_ESPNOW_LINK_H

#include "lamp.h"

esp_err_t j_espnow_link_start(void); /* ESP_ERR_NOT_SUPPORTED where there is no radio; the lamp goes on without */
void j_espnow_link_stop(void);

#endif
