/* The remote control by ESP-NOW: commands in, an ACK with the state out.
 *
 * The lamp belongs to the first remote control that sends it a whole command after a start: others are counted and not
 * answered. A command that comes again, because its ACK was lost, is acknowledged again and not carried out again.
 */
#ifndef J_ESPNOW_LINK_H
#define J_ESPNOW_LINK_H

#include "lamp.h"

#define J_ESPNOW_CHANNEL 1u
#define J_ESPNOW_REMOTE 2u /* node of a remote control */

typedef struct {
    uint32_t node; /* the lamp's: the last two bytes of its address */
    uint32_t received, overflows; /* frames; those that found the queue full */
    uint32_t wrong_length, wrong_magic, wrong_version, wrong_type, wrong_destination, wrong_peer, unknown_command;
    uint32_t commands, rejected, duplicates; /* carried out; of these with a value out of range; come again */
    uint32_t acks, acks_failed; /* ACKs sent; of these not acknowledged by the receiver's radio */
    uint32_t ota_requests;
} j_espnow_stats_t;
extern volatile j_espnow_stats_t j_espnow_stats;

esp_err_t j_espnow_link_start(void); /* ESP_ERR_NOT_SUPPORTED where there is no radio; the lamp goes on without */
void j_espnow_link_stop(void);

#endif
