//! Codes of variable length. RFC 1951, 3.2.

/// Not enough input for the next step.
pub(super) struct Short;

/// A canonical Huffman code: how many symbols of each length, and the symbols in the order of their codes.
pub(super) struct Huffman {
    counts: [u16; 16],
    symbols: Vec<u16>,
}

impl Huffman {
    /// `None`: more codes than there are.
    pub(super) fn new(lengths: &[u8]) -> Option<Self> {
        let mut counts = [0u16; 16];
        for &length in lengths {
            counts[usize::from(length)] += 1;
        }
        counts[0] = 0;
        let mut left = 1i32;
        for &count in &counts[1..] {
            left = 2 * left - i32::from(count);
        }
        if left < 0 {
            return None;
        }
        let mut order: Vec<u16> = (0..lengths.len() as u16).filter(|&n| lengths[usize::from(n)] != 0).collect();
        order.sort_by_key(|&n| lengths[usize::from(n)]);
        Some(Self { counts, symbols: order })
    }

    /// The next symbol and its bits, of those that are there. `None` in it: no code begins so.
    pub(super) fn peek(&self, bits: u64, held: u32) -> Result<Option<(u16, u32)>, Short> {
        let (mut code, mut first, mut index) = (0i32, 0i32, 0i32);
        for length in 1..16u32 {
            if length > held {
                return Err(Short);
            }
            code |= (bits >> (length - 1) & 1) as i32;
            let count = i32::from(self.counts[length as usize]);
            if code - count < first {
                return Ok(Some((self.symbols[(index + code - first) as usize], length)));
            }
            index += count;
            first = (first + count) << 1;
            code <<= 1;
        }
        Ok(None)
    }
}

/// Base and extra bits of length code 257 + n (RFC 1951, 3.2.5).
pub(super) fn length_code(n: u32) -> Option<(u32, u32)> {
    Some(match n {
        0..=7 => (3 + n, 0),
        8..=27 => {
            let extra = (n - 4) / 4;
            (3 + ((4 + n % 4) << extra), extra)
        }
        28 => (258, 0),
        _ => return None,
    })
}

/// Base and extra bits of a distance code.
pub(super) fn distance_code(n: u32) -> Option<(u32, u32)> {
    Some(match n {
        0..=3 => (1 + n, 0),
        4..=29 => {
            let extra = (n - 2) / 2;
            (1 + ((2 + n % 2) << extra), extra)
        }
        _ => return None,
    })
}
