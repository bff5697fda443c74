/* A station that echoes: each ESP-NOW frame that begins with 'E' goes back to who sent it, beginning with 'e'.
 *
 * For tests: what happened is in `seen`, by symbol; and `mailbox` has one call of the radio's functions made at a time.
 * The callbacks only post to a queue, as ESP-IDF's guide tells; the work is done in the task of app_main.
 */
#include "esp_now.h"
#include "kernel/kernel.h"
#include "reg/rtc_cntl.h"

#define CHANNEL 6

volatile struct {
    int32_t error;    /* of the first function that failed at start-up */
    uint32_t failed;  /* which one that was, from 1; 0: none */
    uint32_t ready, received, delivered, undelivered, lost; /* lost: no room in the queue */
    uint32_t length, task;  /* of the last frame; the task that the callback ran in */
    int32_t rssi;
    uint32_t channel;
    uint8_t source[6], destination[6], sent_to[6], data[1470];
} seen;

volatile struct {
    uint32_t go; /* which function; 0 once it has returned */
    int32_t result;
    uint32_t argument;
    uint32_t length;
    uint8_t mac[6], encrypt, channel;
    uint8_t data[1600];
} mailbox;

enum { SEND = 1, ADD_PEER, DEL_PEER, MOD_PEER, PEER_EXISTS, PEER_NUM, VERSION, SET_CHANNEL, GET_CHANNEL, SET_MODE, STOP,
       DEINIT, NOW_DEINIT, SEND_TO_ALL, RATE, SET_PMK, GET_MAC, GET_PEER, START, BUSY, SLEEP };

struct arrived {
    uint8_t source[6];
    uint16_t length;
    uint8_t data[250];
};
static QueueHandle_t frames;

static void copy(volatile uint8_t *to, const volatile uint8_t *from, uint32_t bytes) {
    while (bytes--)
        *to++ = *from++;
}

static void received(const esp_now_recv_info_t *info, const uint8_t *data, int length) {
    struct arrived frame = {.length = (uint16_t)(length > 250 ? 250 : length)};
    memcpy(frame.source, info->src_addr, 6);
    memcpy(frame.data, data, frame.length);
    copy(seen.source, info->src_addr, 6);
    copy(seen.destination, info->des_addr, 6);
    copy(seen.data, data, (uint32_t)length);
    seen.length = (uint32_t)length;
    seen.rssi = info->rx_ctrl->rssi;
    seen.channel = info->rx_ctrl->channel;
    seen.task = (uint32_t)(uintptr_t)xTaskGetCurrentTaskHandle();
    seen.received++;
    if (xQueueSend(frames, &frame, 0) != pdTRUE)
        seen.lost++;
}

static void sent(const esp_now_send_info_t *info, esp_now_send_status_t status) {
    copy(seen.sent_to, info->des_addr, 6);
    if (status == ESP_NOW_SEND_SUCCESS)
        seen.delivered++;
    else
        seen.undelivered++;
}

static esp_now_peer_info_t peer_of(const volatile uint8_t *mac) {
    esp_now_peer_info_t peer = {.ifidx = WIFI_IF_STA};
    copy(peer.peer_addr, mac, 6);
    return peer;
}

static void echo(struct arrived *frame) {
    if (frame->length == 0 || frame->data[0] != 'E')
        return;
    if (!esp_now_is_peer_exist(frame->source)) {
        esp_now_peer_info_t peer = peer_of(frame->source);
        esp_now_add_peer(&peer);
    }
    frame->data[0] = 'e';
    esp_now_send(frame->source, frame->data, frame->length);
}

/* The RTC's timer wakes, after so many cycles of its slow clock. */
#define WAKE_BY_TIMER 8u
static void deep_sleep(uint32_t ticks) {
    set_bits(&RTC_CNTL_TIME_UPDATE, RTC_CNTL_TIME_UPDATE_TIME_UPDATE);
    delay_us(20);
    uint64_t wake = ((uint64_t)RTC_CNTL_TIME_HIGH0 << 32 | RTC_CNTL_TIME_LOW0) + ticks;
    RTC_CNTL_SLP_TIMER0 = (uint32_t)wake;
    RTC_CNTL_SLP_TIMER1 = (uint32_t)(wake >> 32) | RTC_CNTL_SLP_TIMER1_MAIN_TIMER_ALARM_EN;
    field_set(&RTC_CNTL_WAKEUP_STATE, RTC_CNTL_WAKEUP_STATE_WAKEUP_ENA, WAKE_BY_TIMER);
    set_bits(&RTC_CNTL_DIG_PWC, RTC_CNTL_DIG_PWC_DG_WRAP_PD_EN);
    set_bits(&RTC_CNTL_STATE0, RTC_CNTL_STATE0_SLEEP_EN);
    delay_us(1000);
}

static int32_t call(uint32_t function) {
    uint8_t mac[6], data[1600];
    copy(mac, mailbox.mac, 6);
    copy(data, mailbox.data, sizeof data);
    esp_now_peer_info_t peer = peer_of(mac);
    peer.encrypt = mailbox.encrypt;
    peer.channel = mailbox.channel;
    esp_now_peer_num_t number = {0, 0};
    uint32_t version = 0;
    wifi_second_chan_t second;
    uint8_t channel = 0;
    int32_t result = ESP_FAIL;
    switch (function) {
    case SEND: return esp_now_send(mac, data, mailbox.length);
    case SEND_TO_ALL: return esp_now_send(NULL, data, mailbox.length);
    case ADD_PEER: return esp_now_add_peer(&peer);
    case DEL_PEER: return esp_now_del_peer(mac);
    case MOD_PEER: return esp_now_mod_peer(&peer);
    case GET_PEER:
        result = esp_now_get_peer(mac, &peer);
        mailbox.argument = peer.channel;
        return result;
    case PEER_EXISTS: return esp_now_is_peer_exist(mac);
    case PEER_NUM:
        result = esp_now_get_peer_num(&number);
        mailbox.argument = (uint32_t)(number.total_num << 16 | number.encrypt_num);
        return result;
    case VERSION:
        result = esp_now_get_version(&version);
        mailbox.argument = version;
        return result;
    case SET_CHANNEL: return esp_wifi_set_channel(mailbox.channel, WIFI_SECOND_CHAN_NONE);
    case GET_CHANNEL:
        result = esp_wifi_get_channel(&channel, &second);
        mailbox.argument = channel;
        return result;
    case GET_MAC:
        result = esp_wifi_get_mac((wifi_interface_t)mailbox.argument, mac);
        copy(mailbox.mac, mac, 6);
        return result;
    case SET_MODE: return esp_wifi_set_mode((wifi_mode_t)mailbox.argument);
    case START: return esp_wifi_start();
    case STOP: return esp_wifi_stop();
    case DEINIT: return esp_wifi_deinit();
    case NOW_DEINIT: return esp_now_deinit();
    case RATE: return esp_wifi_config_espnow_rate(WIFI_IF_STA, (wifi_phy_rate_t)mailbox.argument);
    case SET_PMK: return esp_now_set_pmk(data);
    case BUSY: delay_us(mailbox.argument); return ESP_OK;
    case SLEEP: deep_sleep(mailbox.argument); return ESP_FAIL;
    }
    return result;
}

#define TRY(call) (++step, error == ESP_OK && (error = (call)) != ESP_OK ? (seen.error = error, seen.failed = step) : 0)

void app_main(void) {
    uint8_t everybody[6] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff};
    esp_now_peer_info_t all = peer_of(everybody);
    wifi_init_config_t config = WIFI_INIT_CONFIG_DEFAULT();
    esp_err_t error = ESP_OK;
    uint32_t step = 0;
    frames = xQueueCreate(4, sizeof(struct arrived));
    TRY(esp_wifi_init(&config));
    TRY(esp_wifi_set_storage(WIFI_STORAGE_RAM));
    TRY(esp_wifi_set_mode(WIFI_MODE_STA));
    TRY(esp_wifi_start());
    TRY(esp_wifi_set_ps(WIFI_PS_NONE));
    TRY(esp_wifi_set_channel(CHANNEL, WIFI_SECOND_CHAN_NONE));
    TRY(esp_now_init());
    TRY(esp_now_register_recv_cb(received));
    TRY(esp_now_register_send_cb(sent));
    TRY(esp_now_add_peer(&all));
    seen.ready = 1;
    for (;;) {
        struct arrived frame;
        if (xQueueReceive(frames, &frame, pdMS_TO_TICKS(1)) == pdTRUE)
            echo(&frame);
        if (mailbox.go) {
            mailbox.result = call(mailbox.go);
            mailbox.go = 0;
        }
    }
}
