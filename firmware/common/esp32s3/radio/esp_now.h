/* ESP-NOW under ESP-IDF's names and with the callbacks of v5.5; written by us. Stubs: see esp_wifi.h.
 *
 * Callbacks run in the Wi-Fi task. What they are given is theirs only until they return.
 */
#ifndef ESP_NOW_H
#define ESP_NOW_H

#include "esp_wifi.h"

#define ESP_NOW_ETH_ALEN 6
#define ESP_NOW_KEY_LEN 16
#define ESP_NOW_MAX_TOTAL_PEER_NUM 20
#define ESP_NOW_MAX_IE_DATA_LEN 250
#define ESP_NOW_MAX_DATA_LEN ESP_NOW_MAX_IE_DATA_LEN
#define ESP_NOW_MAX_DATA_LEN_V2 1470

typedef enum { ESP_NOW_SEND_SUCCESS = WIFI_SEND_SUCCESS, ESP_NOW_SEND_FAIL = WIFI_SEND_FAIL } esp_now_send_status_t;

typedef struct esp_now_peer_info {
    uint8_t peer_addr[ESP_NOW_ETH_ALEN], lmk[ESP_NOW_KEY_LEN];
    uint8_t channel; /* 0: whatever channel the interface is on */
    wifi_interface_t ifidx;
    bool encrypt;
    void *priv;
} esp_now_peer_info_t;
_Static_assert(sizeof(esp_now_peer_info_t) == 36, "as in ESP-IDF");

typedef struct esp_now_peer_num {
    int total_num, encrypt_num;
} esp_now_peer_num_t;

typedef struct esp_now_recv_info {
    uint8_t *src_addr, *des_addr;
    wifi_pkt_rx_ctrl_t *rx_ctrl;
} esp_now_recv_info_t;

typedef wifi_tx_info_t esp_now_send_info_t;
typedef void (*esp_now_recv_cb_t)(const esp_now_recv_info_t *info, const uint8_t *data, int length);
typedef void (*esp_now_send_cb_t)(const esp_now_send_info_t *info, esp_now_send_status_t status);

esp_err_t esp_now_init(void);
esp_err_t esp_now_deinit(void);
esp_err_t esp_now_get_version(uint32_t *version);
esp_err_t esp_now_register_recv_cb(esp_now_recv_cb_t function);
esp_err_t esp_now_unregister_recv_cb(void);
esp_err_t esp_now_register_send_cb(esp_now_send_cb_t function);
esp_err_t esp_now_unregister_send_cb(void);
/* To every peer where the address is NULL. The data is copied. */
esp_err_t esp_now_send(const uint8_t *peer_addr, const uint8_t *data, size_t length);
esp_err_t esp_now_add_peer(const esp_now_peer_info_t *peer);
esp_err_t esp_now_del_peer(const uint8_t *peer_addr);
esp_err_t esp_now_mod_peer(const esp_now_peer_info_t *peer);
esp_err_t esp_now_get_peer(const uint8_t *peer_addr, esp_now_peer_info_t *peer);
esp_err_t esp_now_fetch_peer(bool from_head, esp_now_peer_info_t *peer);
bool esp_now_is_peer_exist(const uint8_t *peer_addr);
esp_err_t esp_now_get_peer_num(esp_now_peer_num_t *number);
esp_err_t esp_now_set_pmk(const uint8_t *key);

#endif
