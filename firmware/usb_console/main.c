/* The console on USB OTG that the mask ROM has the software for, used as ESP-IDF does with CONFIG_ESP_CONSOLE_USB_CDC
 * (esp_system/port/usb_console.c, rom/usb/cdc_acm.h): what comes in goes back in capitals, a question mark has the
 * ROM's printf say something by its channel for USB OTG. What the host does with the lines DTR and RTS, and what the ROM
 * says of it, is in `seen`. As esp_restart does it, "!r" starts the chip over while the host goes on, "!b" starts download
 * mode so, and "!d" firmware updates.
 */
#include "runtime.h"

typedef void device;
typedef void callback(device *dev, int status);
struct glue {
    void (*disable)(void);
    void (*enable)(void);
    int (*wait)(int us);
};

/* esp32s3.rom.ld */
#define cdc_acm_init ((device * (*)(void *, int))0x4000261cu)
#define cdc_acm_fifo_fill ((int (*)(device *, const uint8_t *, int))0x40002628u)
#define cdc_acm_rx_fifo_cnt ((int (*)(device *))0x40002634u)
#define cdc_acm_fifo_read ((int (*)(device *, uint8_t *, int))0x40002640u)
#define cdc_acm_irq_state_enable ((void (*)(device *))0x40002664u)
#define cdc_acm_irq_rx_enable ((void (*)(device *))0x40002688u)
#define cdc_acm_irq_callback_set ((void (*)(device *, callback *))0x400026b8u)
#define cdc_acm_line_ctrl_get ((int (*)(device *, uint32_t, uint32_t *))0x400026d0u)
#define usb_dc_check_poll_for_interrupts ((void (*)(void))0x4000291cu)
#define usb_dc_prepare_persist ((int (*)(void))0x40002808u)
#define chip_usb_set_persist_flags ((void (*)(uint32_t))0x40002724u)
#define software_reset ((void (*)(void))0x400006d8u)
#define usb_dev_deinit ((void (*)(void))0x40002a60u)
#define usb_dw_ctrl_deinit ((void (*)(void))0x40002a6cu)
#define ets_printf ((int (*)(const char *, ...))0x400005d0u)
#define uart_tx_switch ((void (*)(uint8_t))0x400006c0u)
#define rom_usb_osglue (*(struct glue *)0x3fceffacu)
#define uart_acm_dev (*(device **)0x3fceffbcu)

#define RTC_CNTL_USB_CONF REG(0x60008120u)
#define SW_PHY_TO_OTG (3u << 19) /* SW_HW_USB_PHY_SEL, SW_USB_PHY_SEL: a chip whose eFuse says nothing has it at the JTAG */
#define RTC_CNTL_OPTION1 REG(0x6000812cu)
#define FORCE_DOWNLOAD_BOOT 1u
/* rom/usb/usb_persist.h */
#define PERSIST_ENA (1u << 31)
#define BOOT_DFU (1u << 30)
#define USB_GAHBCFG REG(0x60080008u)
#define GLOBAL_INTERRUPTS 1u
enum { UART0 = 0, USB_OTG = 3, SOURCE_USB = 38, LINE = 20, LINE_RTS = 2, LINE_DTR = 4, MOST = 64, LINESTATE_CHANGED = -1 };

struct {
    volatile uint32_t ready, dtr, rts, codes, status[64], took;
} seen;

static uint8_t memory[0x600] __attribute__((aligned(4)));

static void disable(void) { interrupt_disable(LINE); }
static void enable(void) { interrupt_enable(LINE); }
static int wait(int us) {
    delay_us(us);
    return us;
}
static void interrupted(void *argument) {
    (void)argument;
    usb_dc_check_poll_for_interrupts();
}
static void told(device *dev, int status) {
    if (seen.codes < 64)
        seen.status[seen.codes++] = (uint32_t)status;
    if (status == LINESTATE_CHANGED) {
        uint32_t rts, dtr;
        cdc_acm_line_ctrl_get(dev, LINE_RTS, &rts);
        cdc_acm_line_ctrl_get(dev, LINE_DTR, &dtr);
        seen.rts = rts;
        seen.dtr = dtr;
    }
}

static void restart(uint8_t how) {
    usb_dc_check_poll_for_interrupts();
    usb_dc_prepare_persist();
    chip_usb_set_persist_flags(how == 'D' ? BOOT_DFU : PERSIST_ENA);
    if (how == 'B' || how == 'D')
        RTC_CNTL_OPTION1 = FORCE_DOWNLOAD_BOOT;
    usb_dc_check_poll_for_interrupts();
    software_reset();
}

int main(void) {
    clocks_init();
    watchdogs_off();
    RTC_CNTL_USB_CONF |= SW_PHY_TO_OTG;
    usb_dev_deinit();
    usb_dw_ctrl_deinit();
    uart_acm_dev = 0;
    rom_usb_osglue = (struct glue){disable, enable, wait};
    device *dev = cdc_acm_init(memory, sizeof memory);
    usb_dc_check_poll_for_interrupts();
    cdc_acm_irq_callback_set(dev, told);
    cdc_acm_irq_state_enable(dev);
    cdc_acm_irq_rx_enable(dev);
    USB_GAHBCFG |= GLOBAL_INTERRUPTS;
    interrupt_handler(LINE, interrupted, 0);
    interrupt_route(0, SOURCE_USB, LINE);
    interrupt_enable(LINE);
    seen.ready = 1;
    for (;;) {
        uint8_t line[MOST];
        int count = cdc_acm_rx_fifo_cnt(dev) ? cdc_acm_fifo_read(dev, line, sizeof line) : 0;
        seen.took += count;
        for (int n = 0; n < count; n++)
            if (line[n] >= 'a' && line[n] <= 'z')
                line[n] -= 'a' - 'A';
        if (count > 1 && line[0] == '!')
            restart(line[1]);
        if (count && line[0] == '?') {
            uart_acm_dev = dev; /* as Uart_Init_USB leaves it */
            uart_tx_switch(USB_OTG);
            ets_printf("%d characters so far\n", seen.took);
            uart_tx_switch(UART0);
            count = 0;
        }
        for (int sent = 0; sent < count;)
            sent += cdc_acm_fifo_fill(dev, line + sent, count - sent);
    }
}
