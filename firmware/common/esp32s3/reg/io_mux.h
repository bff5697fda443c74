/* IO_MUX of the ESP32-S3: register and field names of Espressif's SVD. */
#ifndef REG_IO_MUX_H
#define REG_IO_MUX_H

#include "reg/reg.h"

#define IO_MUX_PIN_CTRL REG(0x60009000u)
#define IO_MUX_PIN_CTRL_CLK_OUT1 0, 4
#define IO_MUX_PIN_CTRL_CLK_OUT2 4, 4
#define IO_MUX_PIN_CTRL_CLK_OUT3 8, 4
#define IO_MUX_GPIO(i) REG(0x60009004u + 0x4u * (i))
#define IO_MUX_GPIO_MCU_OE BIT(0)
#define IO_MUX_GPIO_SLP_SEL BIT(1)
#define IO_MUX_GPIO_MCU_WPD BIT(2)
#define IO_MUX_GPIO_MCU_WPU BIT(3)
#define IO_MUX_GPIO_MCU_IE BIT(4)
#define IO_MUX_GPIO_FUN_WPD BIT(7)
#define IO_MUX_GPIO_FUN_WPU BIT(8)
#define IO_MUX_GPIO_FUN_IE BIT(9)
#define IO_MUX_GPIO_FUN_DRV 10, 2
#define IO_MUX_GPIO_MCU_SEL 12, 3
#define IO_MUX_GPIO_FILTER_EN BIT(15)
#define IO_MUX_DATE REG(0x600090fcu)
#define IO_MUX_DATE_REG_DATE 0, 28

#endif
