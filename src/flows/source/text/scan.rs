//! Where fields and records end: 64 bytes at a time, quotes respected.
//!
//! A quote opens a quoted field only at a field's beginning and a doubled quote inside stands for one (RFC 4180; the
//! csv crate reads the same). Where every opening quote of 64 bytes is at such a place, being inside quotes is the
//! parity of the quotes before (as simdjson does it); where one is not, the 64 bytes are walked one by one.

/// The quote of quoted fields.
pub(in crate::flows::source) const QUOTE: u8 = b'"';

/// Bit `i` stands for byte `i` of the 64.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::flows::source) struct Marks {
    /// Delimiters outside quotes.
    pub seps: u64,
    /// Newlines outside quotes.
    pub ends: u64,
}

/// Walks over records of delimited text; between calls it remembers whether it is inside quotes.
#[derive(Debug, Clone)]
pub(in crate::flows::source) struct Scanner {
    delimiter: u8,
    quoted: bool,
    /// Whether a quote that comes next opens (or, after a closing one, reopens) a quoted field.
    opens: bool,
}

impl Scanner {
    /// A scanner at the beginning of a record.
    pub fn new(delimiter: u8) -> Self {
        Self { delimiter, quoted: false, opens: true }
    }

    /// Goes on at the beginning of a record.
    pub fn restart(&mut self) {
        self.quoted = false;
        self.opens = true;
    }

    /// Whether the bytes so far end inside a quoted field.
    pub fn in_quotes(&self) -> bool {
        self.quoted
    }

    /// The delimiters and newlines outside quotes in the next 64 bytes.
    #[inline(always)]
    pub fn advance(&mut self, bytes: &[u8; 64]) -> Marks {
        let [delimiters, newlines, quotes] = positions(bytes, [self.delimiter, b'\n', QUOTE]);
        if quotes == 0 {
            if self.quoted {
                return Marks { seps: 0, ends: 0 };
            }
            self.opens = (delimiters | newlines) >> 63 == 1;
            return Marks { seps: delimiters, ends: newlines };
        }
        let inside = prefix_parity(quotes) ^ if self.quoted { u64::MAX } else { 0 };
        let marks = Marks { seps: delimiters & !inside, ends: newlines & !inside };
        let before_opening = marks.seps | marks.ends | (quotes & !inside);
        let may_open = before_opening << 1 | u64::from(self.opens);
        if quotes & inside & !may_open != 0 {
            return self.walk(bytes);
        }
        self.quoted = inside >> 63 == 1;
        self.opens = before_opening >> 63 == 1;
        marks
    }

    /// The same, byte by byte, for text with quotes in the middle of unquoted fields.
    #[cold]
    fn walk(&mut self, bytes: &[u8; 64]) -> Marks {
        let mut marks = Marks { seps: 0, ends: 0 };
        for (i, &byte) in bytes.iter().enumerate() {
            if self.quoted {
                self.quoted = byte != QUOTE;
                self.opens = !self.quoted;
            } else if byte == QUOTE && self.opens {
                self.quoted = true;
                self.opens = false;
            } else {
                let (sep, end) = (byte == self.delimiter, byte == b'\n');
                marks.seps |= u64::from(sep) << i;
                marks.ends |= u64::from(end) << i;
                self.opens = sep | end;
            }
        }
        marks
    }
}

/// Bit `i` of the result: an odd number of bits `0..=i` is set.
#[inline(always)]
fn prefix_parity(bits: u64) -> u64 {
    let mut parity = bits;
    for shift in [1, 2, 4, 8, 16, 32] {
        parity ^= parity << shift;
    }
    parity
}

/// Where each of three bytes stands among 64. SSE2 is part of every x86-64.
#[cfg(target_arch = "x86_64")]
#[inline(always)]
fn positions(bytes: &[u8; 64], wanted: [u8; 3]) -> [u64; 3] {
    use std::arch::x86_64::{__m128i, _mm_cmpeq_epi8, _mm_movemask_epi8, _mm_set_epi64x, _mm_set1_epi8};
    let (words, _) = bytes.as_chunks::<8>();
    // SAFETY: these intrinsics need nothing but SSE2, which every x86-64 has; they take and give values.
    unsafe {
        let load = |i: usize| _mm_set_epi64x(i64::from_le_bytes(words[2 * i + 1]), i64::from_le_bytes(words[2 * i]));
        let parts: [__m128i; 4] = [load(0), load(1), load(2), load(3)];
        wanted.map(|byte| {
            let pattern = _mm_set1_epi8(byte as i8);
            let mask = |part: __m128i| u64::from(_mm_movemask_epi8(_mm_cmpeq_epi8(part, pattern)) as u32);
            mask(parts[0]) | mask(parts[1]) << 16 | mask(parts[2]) << 32 | mask(parts[3]) << 48
        })
    }
}

#[cfg(not(target_arch = "x86_64"))]
#[inline(always)]
fn positions(bytes: &[u8; 64], wanted: [u8; 3]) -> [u64; 3] {
    positions_portable(bytes, wanted)
}

/// Where each of three bytes stands among 64, eight bytes a step.
#[cfg(any(test, not(target_arch = "x86_64")))]
pub(super) fn positions_portable(bytes: &[u8; 64], wanted: [u8; 3]) -> [u64; 3] {
    const LOW: u64 = 0x7f7f_7f7f_7f7f_7f7f;
    let (words, _) = bytes.as_chunks::<8>();
    wanted.map(|byte| {
        let mut found = 0;
        for (i, &word) in words.iter().enumerate() {
            let x = u64::from_le_bytes(word) ^ (u64::from(byte) * 0x0101_0101_0101_0101);
            // 0x80 in every byte of `x` that is zero; the product gathers these bits in the top byte.
            let zero = !(((x & LOW) + LOW) | x | LOW);
            found |= ((zero >> 7).wrapping_mul(0x0102_0408_1020_4080) >> 56) << (8 * i);
        }
        found
    })
}

#[cfg(test)]
pub(super) fn positions_native(bytes: &[u8; 64], wanted: [u8; 3]) -> [u64; 3] {
    positions(bytes, wanted)
}

/// 64 bytes from `start`, the missing ones zero.
pub(in crate::flows::source) fn padded(bytes: &[u8], start: usize) -> [u8; 64] {
    let mut block = [0; 64];
    let rest = &bytes[start.min(bytes.len())..];
    let n = rest.len().min(64);
    block[..n].copy_from_slice(&rest[..n]);
    block
}
