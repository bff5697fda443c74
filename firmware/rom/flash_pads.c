/* Pads of the flash: the chip's own, or those that the fuses name (ESP-IDF rom/spi_flash.h, rom/gpio.h, soc/gpio_sig_map.h).
 * A word of pads has six bits each for CLK, Q, D, CS0 and HD; 0 means the chip's own. */
#include "rom.h"

#define IO_MUX(pad) (*(volatile uint32_t *)(0x60009004u + 4 * (pad)))
enum { MCU_SEL = 7 << 12, CLK = 30, Q = 31, D = 32, CS0 = 29, HD = 27, WP = 28, LAST_PAD = 46 };
enum { SPIQ, SPID, SPIHD, SPIWP, SPICLK, SPICS0 }; /* signals of the GPIO matrix */

void rom_gpio_output_disable(uint32_t pad);
void rom_gpio_pad_select_gpio(uint32_t pad);
void rom_gpio_pad_pullup(uint32_t pad);
void rom_gpio_pad_unhold(uint32_t pad);
void rom_gpio_pad_input_enable(uint32_t pad);
void rom_gpio_pad_set_drv(uint32_t pad, uint32_t drive);
void rom_gpio_matrix_in(uint32_t pad, uint32_t signal, int invert);
void rom_gpio_matrix_out(uint32_t pad, uint32_t signal, int invert, int invert_enable);
void rom_gpio_bypass_matrix_in(uint32_t signal);
uint32_t ets_efuse_get_spiconfig(void);
int ets_printf(const char *format, ...);

static uint32_t field(uint32_t pads, uint32_t n) { return pads >> 6 * n & 0x3f; }

static void by_matrix(uint32_t pad, uint32_t signal, int in, int out) {
    rom_gpio_pad_pullup(pad);
    if (in) {
        rom_gpio_matrix_in(pad, signal, 0);
        rom_gpio_pad_input_enable(pad);
    }
    if (out)
        rom_gpio_matrix_out(pad, signal, 0, 0);
    rom_gpio_pad_select_gpio(pad);
    rom_gpio_pad_unhold(pad);
}

static void own(uint32_t pad) {
    rom_gpio_pad_pullup(pad);
    IO_MUX(pad) &= ~(uint32_t)MCU_SEL;
    rom_gpio_pad_unhold(pad);
}

/* One line each way; HD and WP are held high. */
static void SelectSpiFunction(uint32_t pads) {
    if (!pads)
        pads = ets_efuse_get_spiconfig();
    if (pads) {
        (*(uint8_t *const *)0x3fceffe4u)[27] = 1; /* rom_spiflash_legacy_data: signals go through the matrix */
        by_matrix(field(pads, 0), SPICLK, 0, 1);
        by_matrix(field(pads, 1), SPIQ, 1, 1);
        by_matrix(field(pads, 2), SPID, 1, 1);
        by_matrix(field(pads, 3), SPICS0, 0, 1);
        if (field(pads, 4) <= LAST_PAD)
            by_matrix(field(pads, 4), SPIHD, 0, 0);
        return;
    }
    for (uint32_t pad = HD; pad <= WP; pad++) {
        rom_gpio_output_disable(pad);
        rom_gpio_pad_select_gpio(pad);
    }
    own(CLK);
    own(Q);
    rom_gpio_bypass_matrix_in(SPIQ);
    rom_gpio_pad_input_enable(Q);
    own(D);
    rom_gpio_bypass_matrix_in(SPID);
    rom_gpio_pad_input_enable(D);
    for (uint32_t pad = HD; pad <= WP; pad++) {
        rom_gpio_pad_pullup(pad);
        rom_gpio_pad_unhold(pad);
    }
    own(CS0);
}
ENTRY(SelectSpiFunction, 0x40000cf0);

/* WP and HD become data lines. */
static void esp_rom_spiflash_select_qio_pins(uint8_t wp, uint32_t pads) {
    uint32_t hd = field(pads, 4);
    if (!pads) {
        IO_MUX(HD) &= ~(uint32_t)MCU_SEL;
        rom_gpio_bypass_matrix_in(SPIHD);
        IO_MUX(WP) &= ~(uint32_t)MCU_SEL;
        rom_gpio_bypass_matrix_in(SPIWP);
        return;
    }
    if (wp <= LAST_PAD)
        by_matrix(wp, SPIWP, 1, 1);
    if (hd <= LAST_PAD) {
        rom_gpio_matrix_in(hd, SPIHD, 0);
        rom_gpio_pad_input_enable(hd);
        rom_gpio_matrix_out(hd, SPIHD, 0, 0);
    }
}
ENTRY(esp_rom_spiflash_select_qio_pins, 0x40000a68);

/* Drive strengths as the image's header has them, four bits each: bit 3 says that there is one. */
static void SetSpiDrvs(uint8_t wp, uint32_t pads, const uint8_t *drives) {
    uint8_t pad[6] = {CLK, Q, D, CS0, HD, WP};
    uint32_t drive[6];
    for (uint32_t n = 0; n < 6; n++)
        drive[n] = drives[n / 2] >> 4 * (n % 2) & 0xf;
    if (drives[0] | drives[1] | drives[2])
        ets_printf("clk_drv:0x%02x,q_drv:0x%02x,d_drv:0x%02x,cs0_drv:0x%02x,hd_drv:0x%02x,wp_drv:0x%02x\n", drive[0], drive[1],
                   drive[2], drive[3], drive[4], drive[5]);
    for (uint32_t n = 0; n < 5 && pads; n++)
        pad[n] = field(pads, n);
    if (pads)
        pad[5] = wp;
    for (uint32_t n = 0; n < 6; n++)
        if (drive[n] >> 3 && (n < 4 || pad[n] <= LAST_PAD))
            rom_gpio_pad_set_drv(pad[n], drive[n] & 3);
}
ENTRY(SetSpiDrvs, 0x40000cfc);
