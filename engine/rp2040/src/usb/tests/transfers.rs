//! Bytes, buffers and toggles of a configured device.

use super::*;

#[test]
fn a_console_carries_bytes_both_ways() {
    let mut bench = Bench::configured(cdc());
    bench.send(0x82, b"Hello", false);
    bench.run_for(MS);
    assert_eq!(bench.output(), b"Hello");
    assert_eq!(bench.word(words_of(0x82)), LAST | 5, "AVAILABLE and FULL are cleared, 4.1.2.6.2");
    assert_eq!(bench.done.last().unwrap().1, 1 << 4);

    bench.fabric.consoles.type_in(0, b"print(1)\r");
    bench.fabric.soon(Slot::UsbHost);
    bench.run_for(5 * MS);
    assert!(bench.fabric.consoles.has_input(0), "no buffer is available: NAK");
    bench.receive(0x02, false);
    bench.run_for(MS);
    assert!(!bench.fabric.consoles.has_input(0));
    assert_eq!(bench.word(words_of(0x02)), FULL | 9, "FULL and the length, 4.1.2.6.3");
    assert_eq!(bench.bytes(buffer_of(0x02), 9), b"print(1)\r");
    assert_eq!(bench.done.last().unwrap().1, 1 << 5);
}

/// USB 2.0, table 5-9: 19 transactions of 64 bytes in a frame.
#[test]
fn bulk_transfers_fill_the_frame() {
    let mut bench = Bench::configured(cdc());
    let start = bench.fabric.now().next_multiple_of(MS);
    bench.run(start);
    let mut data1 = false;
    while bench.fabric.now() < start + 10 * MS {
        bench.send(0x82, &[b'x'; 64], data1);
        data1 = !data1;
        let count = bench.done.len();
        while bench.done.len() == count {
            bench.run(bench.fabric.events.next());
        }
    }
    let frames: Vec<usize> = (1..9)
        .map(|n| bench.done.iter().filter(|done| (start + n * MS..start + (n + 1) * MS).contains(&done.0)).count())
        .collect();
    assert_eq!(frames, [19; 8]);
}

/// USB 2.0, 5.7.4: an interrupt endpoint is polled once in bInterval frames. HID 1.11, 7.2.4 and 7.1.1 for the requests.
#[test]
fn reports_are_polled_at_their_interval() {
    let mut bench = Bench::configured(hid());
    let class: Vec<_> = bench.setups.iter().rev().take(2).map(|setup| setup.1).collect();
    assert_eq!(class, [[0x81, 6, 0, 0x22, 0, 0, 63, 0], [0x21, 10, 0, 0, 0, 0, 0, 0]]);
    for n in 0..4u8 {
        bench.send(0x81, &[0, 0, n, 0, 0, 0, 0, 0], n % 2 == 1);
        bench.run_for(10 * MS);
    }
    let reports: Vec<_> = bench.usb.host().reports().of(0x81).cloned().collect();
    assert_eq!(reports.iter().map(|report| report.data[2]).collect::<Vec<_>>(), [0, 1, 2, 3]);
    for pair in reports.windows(2) {
        assert_eq!(pair[1].at - pair[0].at, 10 * MS);
    }
}

/// 4.1.2.5.3: the halves of the word for two buffers, in turn; INTERRUPT_PER_DOUBLE_BUFF comes after the second.
#[test]
fn two_buffers_are_sent_in_turn() {
    let mut bench = Bench::configured(vendor());
    bench.open(0x82, BULK | DOUBLE | PER_DOUBLE);
    bench.put_bytes(buffer_of(0x82), &[1; 64]);
    bench.put_bytes(buffer_of(0x82) + 64, &[2; 10]);
    let second = (AVAILABLE | FULL | LAST | DATA1 | 10) << 16;
    bench.put_word(words_of(0x82), second | AVAILABLE | FULL | SEL | 64);
    bench.run_for(MS);
    assert_eq!(bench.done.iter().map(|done| done.1).collect::<Vec<_>>(), [1 << 4]);
    assert_eq!(bench.word(words_of(0x82)), (LAST | DATA1 | 10) << 16 | 64);
    let sent: Vec<_> = bench.usb.host().reports().of(0x82).map(|report| report.data.clone()).collect();
    assert_eq!(sent, [vec![1; 64], vec![2; 10]]);
}

/// 4.1.4, BUFF_STATUS: with an interrupt per buffer, clearing the bit sets it again when both buffers are done;
/// BUFF_CPU_SHOULD_HANDLE says which of them it is for.
#[test]
fn the_second_buffer_shows_when_the_first_is_cleared() {
    let mut bench = Bench::configured(vendor());
    bench.put(INTE, 0);
    bench.open(0x82, BULK | DOUBLE | PER_BUFFER);
    bench.put_word(words_of(0x82), (AVAILABLE | FULL | DATA1 | 1) << 16 | AVAILABLE | FULL | SEL | 1);
    bench.run_for(MS);
    assert_eq!((bench.get(BUFF_STATUS), bench.get(BUFF_CPU_SHOULD_HANDLE)), (1 << 4, 0));
    bench.put(BUFF_STATUS, 1 << 4);
    assert_eq!((bench.get(BUFF_STATUS), bench.get(BUFF_CPU_SHOULD_HANDLE)), (1 << 4, 1 << 4));
    bench.put(BUFF_STATUS, 1 << 4);
    assert_eq!(bench.get(BUFF_STATUS), 0);
}

/// 4.1.4, EP_ABORT: the endpoint answers NAK until the bit is cleared; EP_ABORT_DONE says that its word may be changed.
#[test]
fn an_aborted_buffer_is_not_sent() {
    let mut bench = Bench::configured(vendor());
    bench.put(EP_ABORT, 1 << 4);
    assert_eq!(bench.get(EP_ABORT_DONE), 1 << 4);
    bench.send(0x82, b"late", false);
    bench.run_for(5 * MS);
    assert_eq!(bench.usb.host().reports().of(0x82).count(), 0);
    bench.put(EP_ABORT_DONE, 1 << 4);
    bench.put(EP_ABORT, 0);
    bench.run_for(MS);
    assert_eq!((bench.usb.host().reports().of(0x82).count(), bench.get(EP_ABORT_DONE)), (1, 0));
}

#[test]
fn a_test_sends_packets_to_vendor_endpoints() {
    let mut bench = Bench::configured(vendor());
    assert!(bench.usb.send(0x02, b"ping", &mut bench.fabric));
    assert!(!bench.usb.send(0x05, b"ping", &mut bench.fabric));
    bench.receive(0x02, false);
    bench.run_for(MS);
    assert_eq!(bench.bytes(buffer_of(0x02), 4), b"ping");
    // SIE_STATUS.DATA_SEQ_ERROR: the buffer expects DATA0, the host's next packet is DATA1.
    bench.usb.send(0x02, b"pong", &mut bench.fabric);
    bench.receive(0x02, false);
    bench.run_for(MS);
    assert_eq!(bench.get(SIE_STATUS) >> 31, 1);
    assert_eq!(bench.word(words_of(0x02)) & (AVAILABLE | FULL), AVAILABLE);
}

/// USB 2.0, 8.6.4: a packet with the toggle of the one before is acknowledged and dropped.
#[test]
fn a_wrong_toggle_is_dropped_and_counted() {
    let mut bench = Bench::configured(vendor());
    bench.send(0x82, b"no", true);
    bench.run_for(MS);
    assert_eq!(bench.usb.host().reports().of(0x82).count(), 0);
    assert_eq!(bench.fabric.gaps.all()["USB endpoint 0x82 toggle"].count, 1);
}

#[test]
fn narrow_stores_write_their_lanes() {
    let mut bench = Bench::new(vendor());
    bench.put_word(0x200, 0x1122_3344);
    bench.usb.store_dpram(0x201, 0xAAAA_AAAA, 1, &mut bench.fabric);
    assert_eq!(bench.word(0x200), 0x1122_AA44);
    bench.usb.store_dpram(0x202, 0xBEEF_BEEF, 2, &mut bench.fabric);
    assert_eq!(bench.word(0x200), 0xBEEF_AA44);
    assert_eq!(bench.usb.load_dpram(0x1000), None);
}
