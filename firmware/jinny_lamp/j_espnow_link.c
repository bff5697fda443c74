/* Behind ESP-IDF's esp_now.h. Its callbacks run in the radio's task: they hand over and return. */
#include "j_espnow_link.h"

#include "audio_chime.h"
#include "audio_i2s.h"
#include "ctrl_bus.h"
#include "esp_now.h"
#include "j_espnow_proto.h"
#include "lamp_log.h"
#include "settings.h"

#define QUEUE_FRAMES 16u
#define REMEMBERED 8u
/* A remote control gives up repeating a command long before that; the same number later is a new command. */
#define REPEATS_FOR pdMS_TO_TICKS(2000)

volatile j_espnow_stats_t j_espnow_stats;

struct frame_in {
    uint8_t from[ESP_NOW_ETH_ALEN];
    uint16_t length;
    j_esn_ctrl_t ctrl;
};

static QueueHandle_t frames;
static TaskHandle_t link_task;
static bool paired;
static uint8_t remote[ESP_NOW_ETH_ALEN];
static struct {
    uint32_t sequence;
    TickType_t at;
} seen[REMEMBERED];
static uint32_t seen_count;

static void on_frame(const esp_now_recv_info_t *info, const uint8_t *data, int length) {
    struct frame_in in = {.length = (uint16_t)length};
    memcpy(in.from, info->src_addr, sizeof in.from);
    memcpy(&in.ctrl, data, (size_t)length < sizeof in.ctrl ? (size_t)length : sizeof in.ctrl);
    j_espnow_stats.received++;
    if (!xQueueSend(frames, &in, 0))
        j_espnow_stats.overflows++;
}

static void on_sent(const esp_now_send_info_t *info, esp_now_send_status_t status) {
    (void)info;
    if (status != ESP_NOW_SEND_SUCCESS)
        j_espnow_stats.acks_failed++;
}

static bool is_for_us(const struct frame_in *in) {
    const j_esn_header_t *header = &in->ctrl.header;
    if (in->length < sizeof *header)
        j_espnow_stats.wrong_length++;
    else if (header->magic != J_ESN_MAGIC)
        j_espnow_stats.wrong_magic++;
    else if (header->version != J_ESN_VERSION)
        j_espnow_stats.wrong_version++;
    else if (header->type != J_ESN_CTRL)
        j_espnow_stats.wrong_type++;
    else if (in->length != sizeof in->ctrl)
        j_espnow_stats.wrong_length++;
    else if (header->destination != j_espnow_stats.node && header->destination != J_ESN_BROADCAST)
        j_espnow_stats.wrong_destination++;
    else if (header->source != J_ESPNOW_REMOTE || (paired && memcmp(in->from, remote, sizeof remote)))
        j_espnow_stats.wrong_peer++;
    else
        return true;
    return false;
}

static bool pair(const uint8_t *address) {
    if (paired)
        return true;
    esp_now_peer_info_t peer = {.channel = 0, .ifidx = WIFI_IF_STA};
    memcpy(peer.peer_addr, address, sizeof peer.peer_addr);
    esp_err_t result = esp_now_add_peer(&peer);
    if (result != ESP_OK) {
        lamp_log("espnow", "no peer: error %x", (uint32_t)result);
        return false;
    }
    memcpy(remote, address, sizeof remote);
    paired = true;
    lamp_log("espnow", "remote %02x:%02x:%02x:%02x:%02x:%02x", remote[0], remote[1], remote[2], remote[3], remote[4],
             remote[5]);
    return true;
}

/* Has this number been here a moment ago? */
static bool is_again(uint32_t sequence) {
    TickType_t now = xTaskGetTickCount();
    uint32_t known = seen_count < REMEMBERED ? seen_count : REMEMBERED;
    for (uint32_t n = 0; n < known; n++)
        if (seen[n].sequence == sequence && now - seen[n].at < REPEATS_FOR)
            return true;
    seen[seen_count % REMEMBERED].sequence = sequence;
    seen[seen_count++ % REMEMBERED].at = now;
    return false;
}

/* ESP_ERR_NOT_FOUND: no such command. */
static esp_err_t carry_out(uint8_t command, uint16_t value) {
    switch (command) {
    case J_ESN_POWER:
        return value > 1 ? ESP_ERR_INVALID_ARG : ctrl_bus_set_power(value);
    case J_ESN_SET_ANIM:
        return ctrl_bus_set_effect(value);
    case J_ESN_SET_PAUSE:
        return value > 1 ? ESP_ERR_INVALID_ARG : ctrl_bus_set_paused(value);
    case J_ESN_SET_BRIGHT:
        return value > 255 ? ESP_ERR_INVALID_ARG : ctrl_bus_set_brightness((uint8_t)value);
    case J_ESN_SET_SPEED_PCT:
        return ctrl_bus_set_speed(value);
    case J_ESN_OTA_START:
        j_espnow_stats.ota_requests++;
        lamp_log("espnow", "OTA_START: this image has no portal");
        return ESP_OK;
    case J_ESN_SET_VOLUME:
        if (value > 100)
            return ESP_ERR_INVALID_ARG;
        audio_i2s_volume((uint8_t)value);
        audio_chime();
        return settings_set_volume((uint8_t)value);
    default:
        return ESP_ERR_NOT_FOUND;
    }
}

static void acknowledge(uint32_t sequence) {
    ctrl_state_t state;
    ctrl_bus_get(&state);
    j_esn_ack_t ack = {
        .header = {J_ESN_MAGIC, J_ESN_VERSION, J_ESN_ACK, (uint16_t)j_espnow_stats.node, J_ESPNOW_REMOTE, sequence},
        .effect_id = state.effect_id, .brightness = state.brightness, .paused = state.paused,
        .speed_pct = state.speed_pct, .state_seq = state.state_seq,
    };
    j_espnow_stats.acks++;
    if (esp_now_send(remote, (const uint8_t *)&ack, sizeof ack) != ESP_OK)
        j_espnow_stats.acks_failed++;
}

static void follow(const struct frame_in *in) {
    uint32_t sequence = in->ctrl.header.sequence;
    if (!is_for_us(in) || !pair(in->from))
        return;
    if (is_again(sequence)) {
        j_espnow_stats.duplicates++;
        acknowledge(sequence);
        return;
    }
    esp_err_t result = carry_out(in->ctrl.command, in->ctrl.value);
    if (result == ESP_ERR_NOT_FOUND) {
        j_espnow_stats.unknown_command++;
        return;
    }
    j_espnow_stats.commands++;
    if (result != ESP_OK)
        j_espnow_stats.rejected++;
    acknowledge(sequence);
}

static void link(void *argument) {
    (void)argument;
    for (;;) {
        struct frame_in in;
        if (xQueueReceive(frames, &in, portMAX_DELAY))
            follow(&in);
    }
}

static esp_err_t radio_on(void) {
    wifi_init_config_t config = WIFI_INIT_CONFIG_DEFAULT();
    uint8_t address[6];
    esp_err_t result = esp_wifi_init(&config);
    if (result == ESP_OK)
        result = esp_wifi_set_storage(WIFI_STORAGE_RAM);
    if (result == ESP_OK)
        result = esp_wifi_set_mode(WIFI_MODE_STA);
    if (result == ESP_OK)
        result = esp_wifi_start();
    if (result == ESP_OK)
        result = esp_wifi_set_ps(WIFI_PS_NONE);
    if (result == ESP_OK)
        result = esp_wifi_set_channel(J_ESPNOW_CHANNEL, WIFI_SECOND_CHAN_NONE);
    if (result == ESP_OK)
        result = esp_wifi_get_mac(WIFI_IF_STA, address);
    if (result == ESP_OK)
        result = esp_now_init();
    if (result == ESP_OK)
        result = esp_now_register_recv_cb(on_frame);
    if (result == ESP_OK)
        result = esp_now_register_send_cb(on_sent);
    if (result == ESP_OK)
        j_espnow_stats.node = (uint32_t)address[4] << 8 | address[5];
    return result;
}

esp_err_t j_espnow_link_start(void) {
    if (link_task)
        return ESP_OK;
    if (!frames)
        frames = xQueueCreate(QUEUE_FRAMES, sizeof(struct frame_in));
    if (!frames)
        return ESP_ERR_NO_MEM;
    esp_err_t result = radio_on();
    if (result != ESP_OK)
        return result;
    if (!xTaskCreatePinnedToCore(link, "espnow", 3072, 0, PRIORITY_ESPNOW, &link_task, CORE_CONTROL))
        return ESP_ERR_NO_MEM;
    lamp_log("espnow", "node %u, channel %u", j_espnow_stats.node, J_ESPNOW_CHANNEL);
    return ESP_OK;
}

void j_espnow_link_stop(void) {
    if (!link_task)
        return;
    esp_now_unregister_recv_cb();
    esp_now_deinit();
    esp_wifi_stop();
    vTaskDelete(link_task);
    link_task = 0;
    paired = false;
    seen_count = 0;
}
