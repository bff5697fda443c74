/* Stubs of the radio functions: on a chip with nothing in their place they say that there is no radio stack.
 *
 * Each is a function of its own, never merged with another or seen through by the compiler: something that takes the
 * place of one of them (twins.radio) goes by its address.
 */
#include "esp_now.h"
#include "kernel/kernel.h"

const wifi_osi_funcs_t g_wifi_osi_funcs = {
    .task_create_pinned_to_core = (void *)xTaskCreatePinnedToCore,
    .task_delete = (void *)vTaskDelete,
    .queue_create = (void *)xQueueCreate,
    .queue_delete = (void *)vQueueDelete,
    .queue_send = (void *)xQueueSendToBack,
    .queue_receive = (void *)xQueueReceive,
};

#define STUB(name, ...) \
    __attribute__((noipa)) esp_err_t name(__VA_ARGS__) { return ESP_ERR_NOT_SUPPORTED; }
#pragma GCC diagnostic ignored "-Wunused-parameter"
STUB(esp_wifi_init, const wifi_init_config_t *config)
STUB(esp_wifi_deinit, void)
STUB(esp_wifi_set_mode, wifi_mode_t mode)
STUB(esp_wifi_get_mode, wifi_mode_t *mode)
STUB(esp_wifi_start, void)
STUB(esp_wifi_stop, void)
STUB(esp_wifi_set_storage, wifi_storage_t storage)
STUB(esp_wifi_set_ps, wifi_ps_type_t type)
STUB(esp_wifi_get_ps, wifi_ps_type_t *type)
STUB(esp_wifi_set_channel, uint8_t primary, wifi_second_chan_t second)
STUB(esp_wifi_get_channel, uint8_t *primary, wifi_second_chan_t *second)
STUB(esp_wifi_set_mac, wifi_interface_t interface, const uint8_t mac[6])
STUB(esp_wifi_get_mac, wifi_interface_t interface, uint8_t mac[6])
STUB(esp_wifi_set_promiscuous, bool on)
STUB(esp_wifi_get_promiscuous, bool *on)
STUB(esp_wifi_set_max_tx_power, int8_t quarter_dbm)
STUB(esp_wifi_get_max_tx_power, int8_t *quarter_dbm)
STUB(esp_wifi_config_espnow_rate, wifi_interface_t interface, wifi_phy_rate_t rate)

STUB(esp_now_init, void)
STUB(esp_now_deinit, void)
STUB(esp_now_get_version, uint32_t *version)
STUB(esp_now_register_recv_cb, esp_now_recv_cb_t function)
STUB(esp_now_unregister_recv_cb, void)
STUB(esp_now_register_send_cb, esp_now_send_cb_t function)
STUB(esp_now_unregister_send_cb, void)
STUB(esp_now_send, const uint8_t *peer_addr, const uint8_t *data, size_t length)
STUB(esp_now_add_peer, const esp_now_peer_info_t *peer)
STUB(esp_now_del_peer, const uint8_t *peer_addr)
STUB(esp_now_mod_peer, const esp_now_peer_info_t *peer)
STUB(esp_now_get_peer, const uint8_t *peer_addr, esp_now_peer_info_t *peer)
STUB(esp_now_fetch_peer, bool from_head, esp_now_peer_info_t *peer)
STUB(esp_now_get_peer_num, esp_now_peer_num_t *number)
STUB(esp_now_set_pmk, const uint8_t *key)

__attribute__((noipa)) bool esp_now_is_peer_exist(const uint8_t *peer_addr) { return false; }
