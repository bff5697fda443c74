//! Clock and reset of each block: the bits of PERIP_CLK_EN and PERIP_RST_EN. TRM table 7-7 and 17.3.5.2, ESP-IDF
//! `hal/clk_gate_ll.h`.

/// A block that has a bit in the clock and reset registers.
#[derive(Debug)]
pub struct Gate {
    /// 0 and 1: PERIP_…_EN0 and 1; 2: CPU_PERI_…_EN.
    pub register: usize,
    /// Its bit.
    pub bit: u32,
    /// Its name.
    pub name: &'static str,
    /// Its base address.
    pub base: u32,
}

const fn gate(register: usize, bit: u32, name: &'static str, base: u32) -> Gate {
    Gate { register, bit, name, base }
}

/// All of them.
pub const GATES: [Gate; 36] = [
    gate(0, 1, "SPI1", 0x6000_2000),
    gate(0, 1, "SPI0", 0x6000_3000),
    gate(0, 2, "UART0", 0x6000_0000),
    gate(0, 4, "I2S0", 0x6000_F000),
    gate(0, 5, "UART1", 0x6001_0000),
    gate(0, 6, "SPI2", 0x6002_4000),
    gate(0, 7, "I2C0", 0x6001_3000),
    gate(0, 8, "UHCI0", 0x6001_4000),
    gate(0, 9, "RMT", 0x6001_6000),
    gate(0, 10, "PCNT", 0x6001_7000),
    gate(0, 11, "LEDC", 0x6001_9000),
    gate(0, 12, "UHCI1", 0x6000_C000),
    gate(0, 13, "TIMG0", 0x6001_F000),
    gate(0, 14, "EFUSE", 0x6000_7000),
    gate(0, 15, "TIMG1", 0x6002_0000),
    gate(0, 16, "SPI3", 0x6002_5000),
    gate(0, 17, "MCPWM0", 0x6001_E000),
    gate(0, 18, "I2C1", 0x6002_7000),
    gate(0, 19, "TWAI0", 0x6002_B000),
    gate(0, 20, "MCPWM1", 0x6002_C000),
    gate(0, 21, "I2S1", 0x6002_D000),
    gate(0, 23, "USB0", 0x6008_0000),
    gate(0, 28, "APB_SARADC", 0x6004_0000),
    gate(0, 29, "SYSTIMER", 0x6002_3000),
    gate(1, 0, "PERI_BACKUP", 0x6002_A000),
    gate(1, 1, "AES", 0x6003_A000),
    gate(1, 2, "SHA", 0x6003_B000),
    gate(1, 3, "RSA", 0x6003_C000),
    gate(1, 4, "DS", 0x6003_D000),
    gate(1, 5, "HMAC", 0x6003_E000),
    gate(1, 6, "DMA", 0x6003_F000),
    gate(1, 7, "SDHOST", 0x6002_8000),
    gate(1, 8, "LCD_CAM", 0x6004_1000),
    gate(1, 9, "UART2", 0x6002_E000),
    gate(1, 10, "USB_DEVICE", 0x6003_8000),
    gate(2, 6, "ASSIST_DEBUG", 0x600C_E000),
];

/// The block at this address.
pub fn gate_of(addr: u32) -> Option<&'static Gate> {
    GATES.iter().find(|gate| gate.base >> 12 == addr >> 12)
}
