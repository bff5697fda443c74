/* RP2040 registers, as far as our firmware touches them.
 *
 * RP2040 datasheet: addresses from 2.2 "Address Map", registers from the list at the end of each chapter.
 * Each struct is one block laid over its base address; members carry the datasheet's names.
 */
#ifndef RP2040_H
#define RP2040_H

#include <stdint.h>

typedef volatile uint32_t reg;

#define BIT(n) (1u << (n))

/* Atomic aliases (2.1.2): every block on APB and AHB-Lite, but not SIO, decodes these three copies. */
#define ALIAS_XOR 0x1000u
#define ALIAS_SET 0x2000u
#define ALIAS_CLR 0x3000u

static inline void flip_bits(reg *r, uint32_t bits) { *(reg *)((uintptr_t)r + ALIAS_XOR) = bits; }
static inline void set_bits(reg *r, uint32_t bits) { *(reg *)((uintptr_t)r + ALIAS_SET) = bits; }
static inline void clear_bits(reg *r, uint32_t bits) { *(reg *)((uintptr_t)r + ALIAS_CLR) = bits; }

/* 2.2 Address map */
#define XIP_BASE 0x10000000u
#define XIP_NOALLOC_BASE 0x11000000u
#define XIP_NOCACHE_BASE 0x12000000u
#define XIP_NOCACHE_NOALLOC_BASE 0x13000000u
#define SRAM_BASE 0x20000000u
#define SRAM4_BASE 0x20040000u
#define SRAM5_BASE 0x20041000u
#define SRAM_END 0x20042000u
#define SRAM0_BASE 0x21000000u /* the four banks behind one another, not striped (2.6.2) */
#define SRAM1_BASE 0x21010000u

/* 2.3.2 Interrupts */
enum irq {
    TIMER_IRQ_0, TIMER_IRQ_1, TIMER_IRQ_2, TIMER_IRQ_3, PWM_IRQ_WRAP, USBCTRL_IRQ, XIP_IRQ,
    PIO0_IRQ_0, PIO0_IRQ_1, PIO1_IRQ_0, PIO1_IRQ_1, DMA_IRQ_0, DMA_IRQ_1, IO_IRQ_BANK0, IO_IRQ_QSPI,
    SIO_IRQ_PROC0, SIO_IRQ_PROC1, CLOCKS_IRQ, SPI0_IRQ, SPI1_IRQ, UART0_IRQ, UART1_IRQ,
    ADC_IRQ_FIFO, I2C0_IRQ, I2C1_IRQ, RTC_IRQ,
};

/* 2.3.1 SIO: no atomic aliases, one cycle, each core sees its own FIFO ends, divider and interpolators. */
struct interp {
    reg ACCUM0, ACCUM1, BASE0, BASE1, BASE2;
    reg POP_LANE0, POP_LANE1, POP_FULL, PEEK_LANE0, PEEK_LANE1, PEEK_FULL;
    reg CTRL_LANE0, CTRL_LANE1, ACCUM0_ADD, ACCUM1_ADD, BASE_1AND0;
};
struct sio {
    reg CPUID, GPIO_IN, GPIO_HI_IN, _0c;
    reg GPIO_OUT, GPIO_OUT_SET, GPIO_OUT_CLR, GPIO_OUT_XOR;
    reg GPIO_OE, GPIO_OE_SET, GPIO_OE_CLR, GPIO_OE_XOR;
    reg GPIO_HI_OUT, GPIO_HI_OUT_SET, GPIO_HI_OUT_CLR, GPIO_HI_OUT_XOR;
    reg GPIO_HI_OE, GPIO_HI_OE_SET, GPIO_HI_OE_CLR, GPIO_HI_OE_XOR;
    reg FIFO_ST, FIFO_WR, FIFO_RD, SPINLOCK_ST;
    reg DIV_UDIVIDEND, DIV_UDIVISOR, DIV_SDIVIDEND, DIV_SDIVISOR;
    reg DIV_QUOTIENT, DIV_REMAINDER, DIV_CSR, _7c;
    struct interp INTERP[2];
    reg SPINLOCK[32];
};
#define SIO ((struct sio *)0xd0000000u)
#define SIO_FIFO_ST_VLD BIT(0)
#define SIO_FIFO_ST_RDY BIT(1)
#define SIO_FIFO_ST_WOF BIT(2)
#define SIO_FIFO_ST_ROE BIT(3)
#define SIO_DIV_CSR_READY BIT(0)
#define SIO_DIV_CSR_DIRTY BIT(1)

/* 2.4.8 PPB: SysTick, NVIC and system control of this core. */
struct systick {
    reg CSR, RVR, CVR, CALIB;
};
struct nvic {
    reg ISER, _r0[31], ICER, _r1[31], ISPR, _r2[31], ICPR, _r3[95], IPR[8];
};
struct scb {
    reg CPUID, ICSR, VTOR, AIRCR, SCR, CCR, _18, SHPR2, SHPR3, SHCSR;
};
#define SYST ((struct systick *)0xe000e010u)
#define NVIC ((struct nvic *)0xe000e100u)
#define SCB ((struct scb *)0xe000ed00u)
#define SYST_CSR_ENABLE BIT(0)
#define SYST_CSR_TICKINT BIT(1)
#define SYST_CSR_CLKSOURCE BIT(2)
#define SYST_CSR_COUNTFLAG BIT(16)
#define ICSR_PENDSTCLR BIT(25)
#define ICSR_PENDSTSET BIT(26)
#define ICSR_PENDSVCLR BIT(27)
#define ICSR_PENDSVSET BIT(28)

/* 2.6.3 XIP */
struct xip_ctrl {
    reg CTRL, FLUSH, STAT, CTR_HIT, CTR_ACC, STREAM_ADDR, STREAM_CTR, STREAM_FIFO;
};
#define XIP_CTRL ((struct xip_ctrl *)0x14000000u)

/* 2.7 USB */
struct usb {
    reg ADDR_ENDP, ADDR_ENDPn[15], MAIN_CTRL, SOF_WR, SOF_RD, SIE_CTRL, SIE_STATUS, INT_EP_CTRL;
    reg BUFF_STATUS, BUFF_CPU_SHOULD_HANDLE, EP_ABORT, EP_ABORT_DONE, EP_STALL_ARM, NAK_POLL;
    reg EP_STATUS_STALL_NAK, USB_MUXING, USB_PWR, USBPHY_DIRECT, USBPHY_DIRECT_OVERRIDE, USBPHY_TRIM;
    reg _88, INTR, INTE, INTF, INTS;
};
#define USB ((struct usb *)0x50110000u)
#define USB_DPRAM ((reg *)0x50100000u)

/* 2.5 DMA */
struct dma_channel {
    reg READ_ADDR, WRITE_ADDR, TRANS_COUNT, CTRL_TRIG;
    reg AL1_CTRL, AL1_READ_ADDR, AL1_WRITE_ADDR, AL1_TRANS_COUNT_TRIG;
    reg AL2_CTRL, AL2_TRANS_COUNT, AL2_READ_ADDR, AL2_WRITE_ADDR_TRIG;
    reg AL3_CTRL, AL3_WRITE_ADDR, AL3_TRANS_COUNT, AL3_READ_ADDR_TRIG;
};
struct dma {
    struct dma_channel CH[12];
    reg _300[64];
    reg INTR, INTE0, INTF0, INTS0, INTR1, INTE1, INTF1, INTS1;
    reg TIMERn[4], MULTI_CHAN_TRIGGER, SNIFF_CTRL, SNIFF_DATA, _43c;
    reg FIFO_LEVELS, CHAN_ABORT, N_CHANNELS;
};
#define DMA ((struct dma *)0x50000000u)
#define DMA_CTRL_EN BIT(0)
#define DMA_CTRL_DATA_SIZE(log2) ((uint32_t)(log2) << 2)
#define DMA_CTRL_INCR_READ BIT(4)
#define DMA_CTRL_INCR_WRITE BIT(5)
#define DMA_CTRL_RING_SIZE(log2) ((uint32_t)(log2) << 6)
#define DMA_CTRL_RING_SEL_WRITE BIT(10)
#define DMA_CTRL_CHAIN_TO(ch) ((uint32_t)(ch) << 11)
#define DMA_CTRL_TREQ_SEL(dreq) ((uint32_t)(dreq) << 15)
#define DMA_CTRL_IRQ_QUIET BIT(21)
#define DMA_CTRL_BSWAP BIT(22)
#define DMA_CTRL_SNIFF_EN BIT(23)
#define DMA_CTRL_BUSY BIT(24)
#define DMA_CTRL_WRITE_ERROR BIT(29)
#define DMA_CTRL_READ_ERROR BIT(30)
#define DMA_CTRL_AHB_ERROR BIT(31)
#define DMA_TREQ_TIMER0 0x3bu
#define DMA_TREQ_PERMANENT 0x3fu
#define DREQ_SPI0_TX 16u
#define DREQ_SPI0_RX 17u
#define DREQ_ADC 36u

/* 2.9 VREG and chip reset */
struct vreg_and_chip_reset {
    reg VREG, BOD, CHIP_RESET;
};
#define VREG_AND_CHIP_RESET ((struct vreg_and_chip_reset *)0x40064000u)

/* 2.13 PSM and 2.14 RESETS share the order of their fields over three registers. */
struct psm {
    reg FRCE_ON, FRCE_OFF, WDSEL, DONE;
};
#define PSM ((struct psm *)0x40010000u)
#define PSM_PROC1 BIT(16)
struct resets {
    reg RESET, WDSEL, RESET_DONE;
};
#define RESETS ((struct resets *)0x4000c000u)
enum reset {
    RESET_ADC, RESET_BUSCTRL, RESET_DMA, RESET_I2C0, RESET_I2C1, RESET_IO_BANK0, RESET_IO_QSPI, RESET_JTAG,
    RESET_PADS_BANK0, RESET_PADS_QSPI, RESET_PIO0, RESET_PIO1, RESET_PLL_SYS, RESET_PLL_USB, RESET_PWM,
    RESET_RTC, RESET_SPI0, RESET_SPI1, RESET_SYSCFG, RESET_SYSINFO, RESET_TBMAN, RESET_TIMER,
    RESET_UART0, RESET_UART1, RESET_USBCTRL,
};

/* 2.15 Clocks */
struct clock {
    reg CTRL, DIV, SELECTED;
};
struct clocks {
    struct clock CLK_GPOUT[4], CLK_REF, CLK_SYS, CLK_PERI, CLK_USB, CLK_ADC, CLK_RTC;
    reg CLK_SYS_RESUS_CTRL, CLK_SYS_RESUS_STATUS;
    reg FC0_REF_KHZ, FC0_MIN_KHZ, FC0_MAX_KHZ, FC0_DELAY, FC0_INTERVAL, FC0_SRC, FC0_STATUS, FC0_RESULT;
    reg WAKE_EN0, WAKE_EN1, SLEEP_EN0, SLEEP_EN1, ENABLED0, ENABLED1, INTR, INTE, INTF, INTS;
};
#define CLOCKS ((struct clocks *)0x40008000u)
#define CLK_CTRL_ENABLE BIT(11)
#define CLK_CTRL_AUXSRC(n) ((uint32_t)(n) << 5)
#define CLK_REF_CTRL_SRC_XOSC 2u
#define CLK_SYS_CTRL_SRC_AUX 1u /* AUXSRC 0 is PLL_SYS */
#define FC0_STATUS_DONE BIT(4)

/* 2.16 XOSC, 2.17 ROSC, 2.18 PLL */
struct xosc {
    reg CTRL, STATUS, DORMANT, STARTUP, _10[3], COUNT;
};
struct rosc {
    reg CTRL, FREQA, FREQB, DORMANT, DIV, PHASE, STATUS, RANDOMBIT, COUNT;
};
struct pll {
    reg CS, PWR, FBDIV_INT, PRIM;
};
#define XOSC ((struct xosc *)0x40024000u)
#define ROSC ((struct rosc *)0x40060000u)
#define PLL_SYS ((struct pll *)0x40028000u)
#define PLL_USB ((struct pll *)0x4002c000u)

/* 2.19 GPIO: IO_BANK0, IO_QSPI and their pads */
struct gpio {
    reg STATUS, CTRL;
};
struct io_irq {
    reg INTE[4], INTF[4], INTS[4];
};
struct io_bank0 {
    struct gpio GPIO[30];
    reg INTR[4];
    struct io_irq PROC0, PROC1, DORMANT_WAKE;
};
struct io_qspi {
    struct gpio SCLK, SS, SD0, SD1, SD2, SD3;
};
struct pads_bank0 {
    reg VOLTAGE_SELECT, GPIO[30], SWCLK, SWD;
};
#define IO_BANK0 ((struct io_bank0 *)0x40014000u)
#define IO_QSPI ((struct io_qspi *)0x40018000u)
#define PADS_BANK0 ((struct pads_bank0 *)0x4001c000u)
enum funcsel { FUNC_SPI = 1, FUNC_UART, FUNC_I2C, FUNC_PWM, FUNC_SIO, FUNC_PIO0, FUNC_PIO1, FUNC_CLOCK, FUNC_USB, FUNC_NULL = 31 };
#define GPIO_LEVEL_LOW 1u /* one nibble per pin in INTR, INTE, INTF and INTS */
#define GPIO_LEVEL_HIGH 2u
#define GPIO_EDGE_LOW 4u
#define GPIO_EDGE_HIGH 8u
#define PAD_SLEWFAST BIT(0)
#define PAD_SCHMITT BIT(1)
#define PAD_PDE BIT(2)
#define PAD_PUE BIT(3)
#define PAD_DRIVE_4MA BIT(4)
#define PAD_IE BIT(6)
#define PAD_OD BIT(7)

/* 2.20 SYSINFO, 2.21 SYSCFG, 2.1.5 BUSCTRL */
struct sysinfo {
    reg CHIP_ID, PLATFORM, _08[2], GITREF_RP2040;
};
struct syscfg {
    reg PROC0_NMI_MASK, PROC1_NMI_MASK, PROC_CONFIG, PROC_IN_SYNC_BYPASS, PROC_IN_SYNC_BYPASS_HI, DBGFORCE, MEMPOWERDOWN;
};
#define SYSINFO ((struct sysinfo *)0x40000000u)
#define SYSCFG ((struct syscfg *)0x40004000u)

/* 3 PIO */
struct pio_sm {
    reg CLKDIV, EXECCTRL, SHIFTCTRL, ADDR, INSTR, PINCTRL;
};
struct pio_irq {
    reg INTE, INTF, INTS;
};
struct pio {
    reg CTRL, FSTAT, FDEBUG, FLEVEL, TXF[4], RXF[4], IRQ, IRQ_FORCE, INPUT_SYNC_BYPASS;
    reg DBG_PADOUT, DBG_PADOE, DBG_CFGINFO, INSTR_MEM[32];
    struct pio_sm SM[4];
    reg INTR;
    struct pio_irq INT[2];
};
#define PIO0 ((struct pio *)0x50200000u)
#define PIO1 ((struct pio *)0x50300000u)
#define PIO_CTRL_SM_ENABLE(sm) BIT(sm)
#define PIO_CTRL_SM_RESTART(sm) BIT(4 + (sm))
#define PIO_CTRL_CLKDIV_RESTART(sm) BIT(8 + (sm))
#define PIO_FSTAT_RXFULL(sm) BIT(sm)
#define PIO_FSTAT_RXEMPTY(sm) BIT(8 + (sm))
#define PIO_FSTAT_TXFULL(sm) BIT(16 + (sm))
#define PIO_FSTAT_TXEMPTY(sm) BIT(24 + (sm))
#define PIO_FDEBUG_RXSTALL(sm) BIT(sm)
#define PIO_FDEBUG_RXUNDER(sm) BIT(8 + (sm))
#define PIO_FDEBUG_TXOVER(sm) BIT(16 + (sm))
#define PIO_FDEBUG_TXSTALL(sm) BIT(24 + (sm))
#define PIO_CLKDIV(integer, frac) ((uint32_t)(integer) << 16 | (uint32_t)(frac) << 8)
#define PIO_EXECCTRL_STATUS_SEL_RX BIT(4)
#define PIO_EXECCTRL_WRAP(bottom, top) ((uint32_t)(bottom) << 7 | (uint32_t)(top) << 12)
#define PIO_EXECCTRL_OUT_STICKY BIT(17)
#define PIO_EXECCTRL_JMP_PIN(pin) ((uint32_t)(pin) << 24)
#define PIO_EXECCTRL_SIDE_EN BIT(30)
#define PIO_EXECCTRL_EXEC_STALLED BIT(31)
#define PIO_SHIFTCTRL_AUTOPUSH BIT(16)
#define PIO_SHIFTCTRL_AUTOPULL BIT(17)
#define PIO_SHIFTCTRL_IN_RIGHT BIT(18)
#define PIO_SHIFTCTRL_OUT_RIGHT BIT(19)
#define PIO_SHIFTCTRL_PUSH_THRESH(n) (((uint32_t)(n)&31u) << 20)
#define PIO_SHIFTCTRL_PULL_THRESH(n) (((uint32_t)(n)&31u) << 25)
#define PIO_SHIFTCTRL_FJOIN_TX BIT(30)
#define PIO_SHIFTCTRL_FJOIN_RX BIT(31)
#define PIO_PINCTRL_OUT(base, count) ((uint32_t)(base) | (uint32_t)(count) << 20)
#define PIO_PINCTRL_SET(base, count) ((uint32_t)(base) << 5 | (uint32_t)(count) << 26)
#define PIO_PINCTRL_SIDESET(base, count) ((uint32_t)(base) << 10 | (uint32_t)(count) << 29)
#define PIO_PINCTRL_IN(base) ((uint32_t)(base) << 15)

/* 4.2 UART (Arm PL011) */
struct uart {
    reg UARTDR, UARTRSR, _08[4], UARTFR, _1c, UARTILPR, UARTIBRD, UARTFBRD, UARTLCR_H, UARTCR, UARTIFLS;
    reg UARTIMSC, UARTRIS, UARTMIS, UARTICR, UARTDMACR;
};
#define UART0 ((struct uart *)0x40034000u)
#define UART1 ((struct uart *)0x40038000u)
#define UARTFR_BUSY BIT(3)
#define UARTFR_RXFE BIT(4)
#define UARTFR_TXFF BIT(5)
#define UARTFR_RXFF BIT(6)
#define UARTFR_TXFE BIT(7)
#define UARTLCR_H_FEN BIT(4)
#define UARTLCR_H_WLEN_8 (3u << 5)
#define UARTCR_UARTEN BIT(0)
#define UARTCR_LBE BIT(7)
#define UARTCR_TXE BIT(8)
#define UARTCR_RXE BIT(9)
#define UARTINT_RX BIT(4)
#define UARTINT_TX BIT(5)
#define UARTINT_RT BIT(6)
#define UARTINT_OE BIT(10)

/* 4.3 I2C (Synopsys DW_apb_i2c) */
struct i2c {
    reg IC_CON, IC_TAR, IC_SAR, _0c, IC_DATA_CMD, IC_SS_SCL_HCNT, IC_SS_SCL_LCNT, IC_FS_SCL_HCNT, IC_FS_SCL_LCNT, _24[2];
    reg IC_INTR_STAT, IC_INTR_MASK, IC_RAW_INTR_STAT, IC_RX_TL, IC_TX_TL, IC_CLR_INTR, IC_CLR_RX_UNDER, IC_CLR_RX_OVER;
    reg IC_CLR_TX_OVER, IC_CLR_RD_REQ, IC_CLR_TX_ABRT, IC_CLR_RX_DONE, IC_CLR_ACTIVITY, IC_CLR_STOP_DET, IC_CLR_START_DET;
    reg IC_CLR_GEN_CALL, IC_ENABLE, IC_STATUS, IC_TXFLR, IC_RXFLR, IC_SDA_HOLD, IC_TX_ABRT_SOURCE, IC_SLV_DATA_NACK_ONLY;
    reg IC_DMA_CR, IC_DMA_TDLR, IC_DMA_RDLR, IC_SDA_SETUP, IC_ACK_GENERAL_CALL, IC_ENABLE_STATUS, IC_FS_SPKLEN, _a4;
    reg IC_CLR_RESTART_DET, _ac[18], IC_COMP_PARAM_1, IC_COMP_VERSION, IC_COMP_TYPE;
};
#define I2C0 ((struct i2c *)0x40044000u)
#define I2C1 ((struct i2c *)0x40048000u)
#define IC_DATA_CMD_READ BIT(8)
#define IC_DATA_CMD_STOP BIT(9)
#define IC_DATA_CMD_RESTART BIT(10)
#define IC_INTR_RX_FULL BIT(2)
#define IC_INTR_RD_REQ BIT(5)
#define IC_INTR_TX_ABRT BIT(6)
#define IC_INTR_STOP_DET BIT(9)

/* 4.4 SPI (Arm PL022) */
struct spi {
    reg SSPCR0, SSPCR1, SSPDR, SSPSR, SSPCPSR, SSPIMSC, SSPRIS, SSPMIS, SSPICR, SSPDMACR;
};
#define SPI0 ((struct spi *)0x4003c000u)
#define SPI1 ((struct spi *)0x40040000u)
#define SSPCR1_LBM BIT(0)
#define SSPCR1_SSE BIT(1)
#define SSPSR_TNF BIT(1)
#define SSPSR_RNE BIT(2)
#define SSPSR_RFF BIT(3)
#define SSPSR_BSY BIT(4)

/* 4.5 PWM */
struct pwm_slice {
    reg CSR, DIV, CTR, CC, TOP;
};
struct pwm {
    struct pwm_slice CH[8];
    reg EN, INTR, INTE, INTF, INTS;
};
#define PWM ((struct pwm *)0x40050000u)
#define PWM_CSR_EN BIT(0)
#define PWM_CSR_PH_CORRECT BIT(1)
#define PWM_CSR_DIVMODE(mode) ((uint32_t)(mode) << 4)

/* 4.6 Timer */
struct timer {
    reg TIMEHW, TIMELW, TIMEHR, TIMELR, ALARM[4], ARMED, TIMERAWH, TIMERAWL, DBGPAUSE, PAUSE, INTR, INTE, INTF, INTS;
};
#define TIMER ((struct timer *)0x40054000u)

/* 4.7 Watchdog */
struct watchdog {
    reg CTRL, LOAD, REASON, SCRATCH[8], TICK;
};
#define WATCHDOG ((struct watchdog *)0x40058000u)
#define WATCHDOG_CTRL_ENABLE BIT(30)
#define WATCHDOG_CTRL_TRIGGER BIT(31)
#define WATCHDOG_TICK_ENABLE BIT(9)
#define WATCHDOG_TICK_RUNNING BIT(10)

/* 4.8 RTC */
struct rtc {
    reg CLKDIV_M1, SETUP_0, SETUP_1, CTRL, IRQ_SETUP_0, IRQ_SETUP_1, RTC_1, RTC_0, INTR, INTE, INTF, INTS;
};
#define RTC ((struct rtc *)0x4005c000u)

/* 4.9 ADC */
struct adc {
    reg CS, RESULT, FCS, FIFO, DIV, INTR, INTE, INTF, INTS;
};
#define ADC ((struct adc *)0x4004c000u)
#define ADC_CS_EN BIT(0)
#define ADC_CS_TS_EN BIT(1)
#define ADC_CS_START_ONCE BIT(2)
#define ADC_CS_START_MANY BIT(3)
#define ADC_CS_READY BIT(8)
#define ADC_CS_AINSEL(n) ((uint32_t)(n) << 12)

/* 4.10 SSI (Synopsys DW_apb_ssi), the XIP cache's way to the flash */
struct ssi {
    reg CTRLR0, CTRLR1, SSIENR, MWCR, SER, BAUDR, TXFTLR, RXFTLR, TXFLR, RXFLR, SR, IMR, ISR, RISR;
    reg TXOICR, RXOICR, RXUICR, MSTICR, ICR, DMACR, DMATDLR, DMARDLR, IDR, SSI_VERSION_ID, DR0;
};
#define SSI ((struct ssi *)0x18000000u)

#endif
