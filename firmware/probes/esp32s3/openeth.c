/* The Ethernet MAC that ESP-IDF offers for emulators: its PHY, frames that go around inside, and a host at the other end of
 * the cable that answers ARP and ping, and pings back. No ESP32-S3 on silicon has this block. Set up as by ESP-IDF's
 * esp_eth_mac_openeth.c and openeth.h. */
#include "drivers/drivers.h"
#include "probe.h"

#define ETH(offset) REG(0x600cd000u + (offset))
#define ETH_MODER ETH(0x00)
#define ETH_MODER_RXEN BIT(0)
#define ETH_MODER_TXEN BIT(1)
#define ETH_MODER_PRO BIT(5)
#define ETH_MODER_LOOPBCK BIT(7)
#define ETH_MODER_RST BIT(11)
#define ETH_INT_SOURCE ETH(0x04)
#define ETH_INT_MASK ETH(0x08)
#define ETH_INT_TXB BIT(0)
#define ETH_INT_RXB BIT(2)
#define ETH_INT_BUSY BIT(4)
#define ETH_PACKETLEN ETH(0x18)
#define ETH_TX_BD_NUM ETH(0x20)
#define ETH_CTRLMODER ETH(0x24)
#define ETH_CTRLMODER_RXFLOW BIT(1)
#define ETH_INT_RXC BIT(6)
#define ETH_MIICOMMAND ETH(0x2c)
#define ETH_MIIADDRESS ETH(0x30)
#define ETH_MIIRX_DATA ETH(0x38)
#define ETH_MIISTATUS ETH(0x3c)
#define ETH_MAC_ADDR0 ETH(0x40)
#define ETH_MAC_ADDR1 ETH(0x44)
#define ETH_BD_STATUS(n) ETH(0x400 + 8 * (n))
#define ETH_BD_BUFFER(n) ETH(0x404 + 8 * (n))
#define BD_READY BIT(15) /* RD of a frame to send, E of an empty one */
#define BD_IRQ BIT(14)
#define BD_WRAP BIT(13)

#define PHY 1
#define SOURCE_WIFI_MAC 0
#define LINE 0
#define TX_COUNT 1u
#define RX_COUNT 4u
#define BUFFER 1600u

static uint8_t buffers[TX_COUNT + RX_COUNT][BUFFER] __attribute__((aligned(4)));
static uint32_t next;

static const uint8_t own[6] = {0x7c, 0xdf, 0xa1, 0, 0, 3}, own_ip[4] = {192, 168, 4, 2}, host_ip[4] = {192, 168, 4, 1};
static uint8_t host[6];

static volatile uint32_t irqs;
static void on_frame(void *unused) {
    (void)unused;
    irqs++;
    ETH_INT_SOURCE = ETH_INT_RXB;
}

static uint32_t phy_read(uint32_t reg) {
    ETH_MIIADDRESS = reg << 8 | PHY;
    ETH_MIICOMMAND = BIT(1);
    return ETH_MIIRX_DATA;
}

static void start(uint32_t mode) {
    uint32_t address;
    set_bits(&ETH_MODER, ETH_MODER_RST);
    clear_bits(&ETH_MODER, ETH_MODER_RST);
    ETH_MODER = 0xa000;
    next = 0;
    for (uint32_t n = 0; n < TX_COUNT + RX_COUNT; n++) {
        uint32_t last = n + 1 == TX_COUNT || n + 1 == TX_COUNT + RX_COUNT;
        ETH_BD_STATUS(n) = (last ? BD_WRAP : 0) | (n < TX_COUNT ? 0 : BD_READY | BD_IRQ);
        ETH_BD_BUFFER(n) = (uint32_t)(uintptr_t)buffers[n];
    }
    ETH_TX_BD_NUM = TX_COUNT;
    memcpy(&address, own + 2, 4);
    ETH_MAC_ADDR0 = __builtin_bswap32(address);
    ETH_MAC_ADDR1 = (uint32_t)own[0] << 8 | own[1];
    ETH_INT_SOURCE = 0x7f;
    ETH_MODER = 0xa000 | mode | ETH_MODER_RXEN | ETH_MODER_TXEN;
}

static void send(uint32_t bytes) { ETH_BD_STATUS(0) = bytes << 16 | BD_READY | BD_IRQ | BD_WRAP; }

/* The next received frame, or 0 after 10 ms. Its place is given back by `done`. */
static uint8_t *receive(uint32_t *bytes) {
    uint32_t n = TX_COUNT + next;
    WAIT_UNTIL(!(ETH_BD_STATUS(n) & BD_READY), 10000);
    if (ETH_BD_STATUS(n) & BD_READY)
        return 0;
    *bytes = ETH_BD_STATUS(n) >> 16;
    return buffers[n];
}
static void done(void) {
    uint32_t n = TX_COUNT + next;
    ETH_BD_STATUS(n) = (ETH_BD_STATUS(n) & BD_WRAP) | BD_READY | BD_IRQ;
    next = (next + 1) % RX_COUNT;
}

/* RFC 1071: 0 over a header with its checksum. */
static uint32_t checksum(const uint8_t *at, uint32_t bytes) {
    uint32_t sum = 0;
    for (uint32_t n = 0; n < bytes; n += 2)
        sum += (uint32_t)at[n] << 8 | (n + 1 < bytes ? at[n + 1] : 0);
    sum = (sum & 0xffff) + (sum >> 16);
    sum += sum >> 16;
    return ~sum & 0xffff;
}
static void put16(uint8_t *at, uint32_t value) {
    at[0] = (uint8_t)(value >> 8);
    at[1] = (uint8_t)value;
}

static uint8_t *ethernet(const uint8_t *to, uint32_t type) {
    uint8_t *frame = buffers[0];
    memcpy(frame, to, 6);
    memcpy(frame + 6, own, 6);
    put16(frame + 12, type);
    return frame + 14;
}

/* RFC 826: who has the host's address? */
static void ask_for_host(void) {
    static const uint8_t everybody[6] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff}, head[8] = {0, 1, 8, 0, 6, 4, 0, 1};
    uint8_t *arp = ethernet(everybody, 0x0806);
    memcpy(arp, head, 8);
    memcpy(arp + 8, own, 6);
    memcpy(arp + 14, own_ip, 4);
    memset(arp + 18, 0, 6);
    memcpy(arp + 24, host_ip, 4);
    send(42);
}

/* RFC 791, 792: an echo request (8) or reply (0) with so many bytes, which are there already. */
static void ping(uint32_t type, uint32_t id, uint32_t bytes) {
    uint8_t *ip = ethernet(host, 0x0800), *icmp = ip + 20;
    memset(ip, 0, 20);
    ip[0] = 0x45;
    put16(ip + 2, 28 + bytes);
    ip[8] = 64;
    ip[9] = 1;
    memcpy(ip + 12, own_ip, 4);
    memcpy(ip + 16, host_ip, 4);
    put16(ip + 10, checksum(ip, 20));
    icmp[0] = (uint8_t)type;
    icmp[1] = 0;
    put16(icmp + 2, 0);
    put16(icmp + 4, id);
    put16(icmp + 6, 1);
    put16(icmp + 2, checksum(icmp, 8 + bytes));
    send(42 + bytes);
}

static void inside(void) {
    uint32_t bytes = 0;
    start(ETH_MODER_LOOPBCK);
    uint8_t *frame = ethernet(own, 0x88b5);
    for (uint32_t n = 0; n < 100; n++)
        frame[n] = (uint8_t)(n * 7);
    send(114);
    uint8_t *got = receive(&bytes);
    probe(8, bytes);
    probe(9, got && memcmp(got, buffers[0], 114) == 0);
    probe(10, ETH_INT_SOURCE & (ETH_INT_TXB | ETH_INT_RXB));
    probe(11, ETH_BD_STATUS(0) & BD_READY);
    done();
    send(20);
    receive(&bytes);
    probe(12, bytes);
    done();
    /* Somebody else's, then with all frames taken. */
    buffers[0][5] ^= 1;
    send(60);
    delay_us(20);
    probe(13, ETH_BD_STATUS(TX_COUNT + next) & BD_READY);
    set_bits(&ETH_MODER, ETH_MODER_PRO);
    send(60);
    probe(14, receive(&bytes) != 0);
    done();
    /* Four places, five frames. */
    ETH_INT_SOURCE = 0x7f;
    for (uint32_t n = 0; n < 5; n++) {
        send(60);
        delay_us(20);
    }
    probe(15, ETH_INT_SOURCE & ETH_INT_BUSY);
}

static void cable(void) {
    uint32_t bytes = 0;
    start(0);
    interrupt_route(0, SOURCE_WIFI_MAC, LINE);
    interrupt_handler(LINE, on_frame, 0);
    interrupt_enable(LINE);
    ETH_INT_MASK = ETH_INT_RXB;
    ask_for_host();
    uint8_t *got = receive(&bytes);
    probe(16, bytes);
    probe(17, got && got[12] == 8 && got[13] == 6 && got[21] == 2 && memcmp(got + 28, host_ip, 4) == 0);
    if (got)
        memcpy(host, got + 22, 6);
    done();
    probe(18, (uint32_t)host[0] << 24 | (uint32_t)host[3] << 16 | (uint32_t)host[4] << 8 | host[5]);

    for (uint32_t n = 0; n < 400; n++)
        buffers[0][42 + n] = (uint8_t)(n * 3);
    ping(8, 0x1234, 400);
    uint64_t then = time_us();
    got = receive(&bytes);
    probe(19, (uint32_t)(time_us() - then));
    probe(20, bytes);
    probe(21, got && got[34] == 0 && got[38] == 0x12 && got[39] == 0x34 && checksum(got + 34, 408) == 0);
    probe(22, got && memcmp(got + 42, buffers[0] + 42, 400) == 0);
    done();

    /* The host pings once it has been pinged; it tells how it went by a frame of its own. */
    got = receive(&bytes);
    probe(23, got && got[23] == 1 && got[34] == 8);
    if (got) {
        uint32_t id = (uint32_t)got[38] << 8 | got[39], count = ((uint32_t)got[16] << 8 | got[17]) - 28;
        memcpy(buffers[0] + 42, got + 42, count);
        done();
        ping(0, id, count);
    }
    got = receive(&bytes);
    probe(24, got && got[12] == 0x88 && got[13] == 0xb5 ? got[14] : 0);
    done();
    probe(25, irqs);

    /* It pulls the plug a millisecond later. */
    delay_us(2000);
    probe(26, phy_read(1) & BIT(2));
    probe(27, ETH_MIISTATUS & 1);
    ask_for_host();
    probe(28, receive(&bytes) != 0);
}

/* A PAUSE of 20 quanta of 512 bits, sent to itself, holds the next frame back. */
static void pauses(void) {
    static const uint8_t head[] = {1, 0x80, 0xc2, 0, 0, 1, 2, 0, 0, 0, 0, 1, 0x88, 8, 0, 1, 0, 20};
    start(ETH_MODER_LOOPBCK);
    ETH_CTRLMODER = ETH_CTRLMODER_RXFLOW;
    memset(buffers[0], 0, 60);
    memcpy(buffers[0], head, sizeof head);
    uint64_t then = time_us();
    send(60);
    WAIT_UNTIL(ETH_INT_SOURCE & ETH_INT_RXC, 100);
    probe(29, ETH_INT_SOURCE & (ETH_INT_RXC | ETH_INT_RXB));
    memcpy(buffers[0], own, 6);
    buffers[0][12] = 9;
    send(60);
    WAIT_UNTIL(!(ETH_BD_STATUS(0) & BD_READY), 1000);
    probe(30, (uint32_t)(time_us() - then));
    ETH_CTRLMODER = 0;
}

static void probes(void) {
    probe(1, ETH_MODER);
    probe(2, ETH_PACKETLEN);
    probe(3, phy_read(2));
    probe(4, phy_read(3) >> 4);
    probe(5, phy_read(1) & BIT(2));
    probe(6, phy_read(0x10) & 7);
    probe(7, ETH_MIISTATUS & 1);
    inside();
    pauses();
    cable();
}
