/* AES of the ESP32-S3: register and field names of Espressif's SVD. */
#ifndef REG_AES_H
#define REG_AES_H

#include "reg/reg.h"

#define AES_KEY(i) REG(0x6003a000u + 0x4u * (i))
#define AES_TEXT_IN(i) REG(0x6003a020u + 0x4u * (i))
#define AES_TEXT_OUT(i) REG(0x6003a030u + 0x4u * (i))
#define AES_MODE REG(0x6003a040u)
#define AES_MODE_MODE 0, 3
#define AES_TRIGGER REG(0x6003a048u)
#define AES_TRIGGER_TRIGGER BIT(0)
#define AES_STATE REG(0x6003a04cu)
#define AES_STATE_STATE 0, 2
#define AES_IV_MEM(i) REG(0x6003a050u + 0x4u * (i))
#define AES_H_MEM(i) REG(0x6003a060u + 0x4u * (i))
#define AES_J0_MEM(i) REG(0x6003a070u + 0x4u * (i))
#define AES_T0_MEM(i) REG(0x6003a080u + 0x4u * (i))
#define AES_DMA_ENABLE REG(0x6003a090u)
#define AES_DMA_ENABLE_DMA_ENABLE BIT(0)
#define AES_BLOCK_MODE REG(0x6003a094u)
#define AES_BLOCK_MODE_BLOCK_MODE 0, 3
#define AES_BLOCK_NUM REG(0x6003a098u)
#define AES_INC_SEL REG(0x6003a09cu)
#define AES_INC_SEL_INC_SEL BIT(0)
#define AES_AAD_BLOCK_NUM REG(0x6003a0a0u)
#define AES_REMAINDER_BIT_NUM REG(0x6003a0a4u)
#define AES_REMAINDER_BIT_NUM_REMAINDER_BIT_NUM 0, 7
#define AES_CONTINUE REG(0x6003a0a8u)
#define AES_CONTINUE_CONTINUE BIT(0)
#define AES_INT_CLR REG(0x6003a0acu)
#define AES_INT_INT_CLEAR BIT(0)
#define AES_INT_ENA REG(0x6003a0b0u)
#define AES_INT_INT_ENA BIT(0)
#define AES_DATE REG(0x6003a0b4u)
#define AES_DATE_DATE 0, 30
#define AES_DMA_EXIT REG(0x6003a0b8u)
#define AES_DMA_EXIT_DMA_EXIT BIT(0)

#endif
