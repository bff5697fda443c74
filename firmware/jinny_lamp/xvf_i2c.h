/* The XVF3800's control server on I2C: commands in two phases, its RETRY, and what the lamp needs of it. */
#ifndef XVF_I2C_H
#define XVF_I2C_H

#include "lamp.h"

#define XVF_GPO_X0D11 11u /* gate of the LEDs' MOSFET */
#define XVF_GPO_X0D30 30u
#define XVF_GPO_X0D31 31u
#define XVF_GPO_X0D33 33u
#define XVF_GPO_X0D39 39u

typedef struct {
    uint32_t commands;       /* asked for by a task */
    uint32_t nacks;          /* not acknowledged */
    uint32_t retries;        /* answers of RETRY */
    uint32_t starved;        /* commands given up after nothing but RETRY */
    uint32_t refused;        /* other statuses than success */
    uint32_t line_errors;    /* transfers that found a line held, or no end */
    uint32_t bus_recoveries; /* attempts to free the bus */
    uint32_t bus_stuck;      /* of these, without success */
} xvf_stats_t;
extern volatile xvf_stats_t xvf_stats;

esp_err_t xvf_i2c_init(void); /* the bus; the part may answer seconds later */
/* ESP_FAIL: not acknowledged; ESP_ERR_INVALID_STATE: somebody holds the bus; ESP_ERR_TIMEOUT: nothing but RETRY;
 * ESP_ERR_INVALID_RESPONSE: another status; ESP_ERR_INVALID_SIZE: more than 52 bytes. Any task may call; each returns
 * within 100 ms. */
esp_err_t xvf_read(uint8_t resource, uint8_t command, void *payload, uint32_t bytes);
esp_err_t xvf_write(uint8_t resource, uint8_t command, const void *payload, uint32_t bytes);
esp_err_t xvf_version_read(uint8_t version[3]);
esp_err_t xvf_gpo_write(uint8_t pin, bool level);
esp_err_t xvf_gpo_read(uint8_t levels[5]); /* X0D11, X0D30, X0D31, X0D33, X0D39 */
esp_err_t xvf_azimuths_read(float radians[4]);
esp_err_t xvf_energies_read(float energies[4]);
esp_err_t xvf_lineout_write(uint8_t level); /* 0 to 9 */

#endif
