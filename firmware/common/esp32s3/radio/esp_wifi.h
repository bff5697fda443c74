/* The part of ESP-IDF's Wi-Fi interface that ESP-NOW needs, under its names and with the layout of v5.5; written by us.
 *
 * There is no radio stack in this firmware. The functions are stubs (radio.c): each returns ESP_ERR_NOT_SUPPORTED
 * unless something takes its place by symbol, as twins.radio does on a twin. On a real board nothing does.
 */
#ifndef ESP_WIFI_H
#define ESP_WIFI_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "esp_err.h"

typedef enum { WIFI_MODE_NULL, WIFI_MODE_STA, WIFI_MODE_AP, WIFI_MODE_APSTA } wifi_mode_t;
typedef enum { WIFI_IF_STA, WIFI_IF_AP } wifi_interface_t;
typedef enum { WIFI_STORAGE_FLASH, WIFI_STORAGE_RAM } wifi_storage_t;
typedef enum { WIFI_PS_NONE, WIFI_PS_MIN_MODEM, WIFI_PS_MAX_MODEM } wifi_ps_type_t;
typedef enum { WIFI_SECOND_CHAN_NONE, WIFI_SECOND_CHAN_ABOVE, WIFI_SECOND_CHAN_BELOW } wifi_second_chan_t;
typedef enum { WIFI_SEND_SUCCESS, WIFI_SEND_FAIL } wifi_tx_status_t;
typedef enum {
    WIFI_PHY_RATE_1M_L = 0x00, WIFI_PHY_RATE_2M_L = 0x01, WIFI_PHY_RATE_5M_L = 0x02, WIFI_PHY_RATE_11M_L = 0x03,
    WIFI_PHY_RATE_2M_S = 0x05, WIFI_PHY_RATE_5M_S = 0x06, WIFI_PHY_RATE_11M_S = 0x07, WIFI_PHY_RATE_48M = 0x08,
    WIFI_PHY_RATE_24M = 0x09, WIFI_PHY_RATE_12M = 0x0a, WIFI_PHY_RATE_6M = 0x0b, WIFI_PHY_RATE_54M = 0x0c,
    WIFI_PHY_RATE_36M = 0x0d, WIFI_PHY_RATE_18M = 0x0e, WIFI_PHY_RATE_9M = 0x0f,
} wifi_phy_rate_t;

/* How a frame arrived: the ESP32-S3's words, of which rssi, rate, channel, timestamp, noise_floor and sig_len are
 * filled in. */
typedef struct {
    signed rssi : 8; /* dBm */
    unsigned rate : 5, : 1, sig_mode : 2, : 16;
    unsigned mcs : 7, cwb : 1, : 16, smoothing : 1, not_sounding : 1, : 1, aggregation : 1, stbc : 2, fec_coding : 1,
        sgi : 1;
    unsigned : 8, ampdu_cnt : 8, channel : 4, secondary_channel : 4, : 8;
    unsigned timestamp; /* us */
    unsigned : 32;
    signed noise_floor : 8; /* dBm */
    unsigned : 24;
    unsigned : 32;
    unsigned : 31, ant : 1;
    unsigned : 32;
    unsigned : 32;
    unsigned : 32;
    unsigned sig_len : 12, : 12, rx_state : 8; /* with the frame check sequence */
} wifi_pkt_rx_ctrl_t;
_Static_assert(sizeof(wifi_pkt_rx_ctrl_t) == 48, "twelve words");

/* What became of a frame. */
typedef struct {
    uint8_t *des_addr, *src_addr;
    wifi_interface_t ifidx;
    uint8_t *data;
    uint8_t data_len;
    wifi_phy_rate_t rate;
    wifi_tx_status_t tx_status;
} wifi_tx_info_t;

/* The functions of the kernel that a radio stack is given. It stands in the initialization, so that an image which can
 * start a radio has them. */
typedef struct {
    void *task_create_pinned_to_core, *task_delete, *queue_create, *queue_delete, *queue_send, *queue_receive;
} wifi_osi_funcs_t;
extern const wifi_osi_funcs_t g_wifi_osi_funcs;

/* Ends as ESP-IDF's does; what it has between is the radio stack's own business. */
typedef struct {
    const wifi_osi_funcs_t *osi_funcs;
    int wifi_task_core_id;
    int espnow_max_encrypt_num; /* up to 17 */
    int tx_hetb_queue_num;
    bool dump_hesigb_enable;
    int magic;
} wifi_init_config_t;
#define WIFI_INIT_CONFIG_MAGIC 0x1f2f3f4f
#define WIFI_INIT_CONFIG_DEFAULT() \
    {.osi_funcs = &g_wifi_osi_funcs, .espnow_max_encrypt_num = 7, .magic = WIFI_INIT_CONFIG_MAGIC}

esp_err_t esp_wifi_init(const wifi_init_config_t *config);
esp_err_t esp_wifi_deinit(void);
esp_err_t esp_wifi_set_mode(wifi_mode_t mode);
esp_err_t esp_wifi_get_mode(wifi_mode_t *mode);
esp_err_t esp_wifi_start(void);
esp_err_t esp_wifi_stop(void);
esp_err_t esp_wifi_set_storage(wifi_storage_t storage);
esp_err_t esp_wifi_set_ps(wifi_ps_type_t type);
esp_err_t esp_wifi_get_ps(wifi_ps_type_t *type);
esp_err_t esp_wifi_set_channel(uint8_t primary, wifi_second_chan_t second);
esp_err_t esp_wifi_get_channel(uint8_t *primary, wifi_second_chan_t *second);
esp_err_t esp_wifi_set_mac(wifi_interface_t interface, const uint8_t mac[6]);
esp_err_t esp_wifi_get_mac(wifi_interface_t interface, uint8_t mac[6]);
esp_err_t esp_wifi_set_promiscuous(bool on);
esp_err_t esp_wifi_get_promiscuous(bool *on);
esp_err_t esp_wifi_set_max_tx_power(int8_t quarter_dbm);
esp_err_t esp_wifi_get_max_tx_power(int8_t *quarter_dbm);
esp_err_t esp_wifi_config_espnow_rate(wifi_interface_t interface, wifi_phy_rate_t rate);

#endif
