/* What goes over the air, little-endian and packed. The layout is that of the lamp's public remote control
 * (AnyDr/JinnyLamp, j_espnow_proto.h): CTRL of 20 bytes, ACK of 22. */
#ifndef J_ESPNOW_PROTO_H
#define J_ESPNOW_PROTO_H

#include <stdint.h>

#define J_ESN_MAGIC 0x4a4eu
#define J_ESN_VERSION 1u
#define J_ESN_BROADCAST 0xffffu

enum j_esn_type { J_ESN_CTRL = 1, J_ESN_ACK = 2, J_ESN_HELLO = 3 };

/* `value` of each in brackets. */
enum j_esn_command {
    J_ESN_POWER = 1,         /* 0, 1 */
    J_ESN_SET_ANIM = 2,      /* effect */
    J_ESN_SET_PAUSE = 3,     /* 0, 1 */
    J_ESN_SET_BRIGHT = 4,    /* 0 to 255 */
    J_ESN_SET_SPEED_PCT = 5, /* 10 to 300 */
    J_ESN_OTA_START = 6,
    J_ESN_SET_VOLUME = 7,    /* 0 to 100 */
};

typedef struct __attribute__((packed)) {
    uint16_t magic;
    uint8_t version, type;
    uint16_t source, destination; /* nodes */
    uint32_t sequence;
} j_esn_header_t;

typedef struct __attribute__((packed)) {
    j_esn_header_t header;
    uint8_t command, reserved0;
    uint16_t value;
    uint32_t reserved1;
} j_esn_ctrl_t;
_Static_assert(sizeof(j_esn_ctrl_t) == 20, "CTRL has 20 bytes");

/* The sequence number is that of the command; the rest is the state behind it. */
typedef struct __attribute__((packed)) {
    j_esn_header_t header;
    uint16_t effect_id;
    uint8_t brightness, paused;
    uint16_t speed_pct;
    uint32_t state_seq;
} j_esn_ack_t;
_Static_assert(sizeof(j_esn_ack_t) == 22, "ACK has 22 bytes");

#endif
