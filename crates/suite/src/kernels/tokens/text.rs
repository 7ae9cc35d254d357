//! The texts: tokens that are in order by construction, and needles.

use super::Text;

const PRIME: u32 = 0x0100_0193;

/// A text that grows at its end.
struct Writer {
    text: Text,
    shift: u32,
}

impl Writer {
    fn put(&mut self, letter: u32) {
        self.shift -= 8;
        self.text |= Text::from(u32::from(b'a') + letter) << self.shift;
    }
}

/// Token i of n: ascending in i. Half of all tokens begin with one letter, a quarter with the next,
/// and so on; behind three more letters stand five digits of i, each of which may be followed by a
/// letter that depends on what is before it alone. `spoilt` gives a text that no token has: its last
/// digit is one that there is not.
pub(super) fn token(i: u32, n: u32, spoilt: bool) -> Text {
    let start = (n - i).leading_zeros() - n.leading_zeros();
    let mut state = (start + 1).wrapping_mul(0x9E37_79B9);
    let mut writer = Writer { text: 0, shift: Text::BITS };
    writer.put(start);
    for shift in [8, 14, 20] {
        writer.put((state >> shift) % 26);
    }
    let (mut rest, mut power) = (i, 25_u32.pow(4));
    for place in 0..5 {
        let digit = if place == 4 && spoilt { 25 } else { rest / power };
        rest %= power;
        power /= 25;
        writer.put(digit);
        state = (state ^ digit).wrapping_mul(PRIME);
        if place < 4 && state >> 13 & 1 == 1 {
            writer.put((state >> 16) % 26);
        }
    }
    for _ in 0..state >> 20 & 3 {
        state = state.wrapping_mul(PRIME).wrapping_add(1);
        writer.put((state >> 16) % 26);
    }
    writer.text
}

/// The needle of a random word: which token, and in the lowest bit whether it is spoilt.
pub(super) fn needle(draw: u32, n: u32) -> Text {
    let i = (u64::from(draw) * u64::from(n)) >> 32;
    token(i as u32, n, draw & 1 == 1)
}

/// Letters of a text.
pub(super) fn length(text: Text) -> usize {
    16 - text.trailing_zeros() as usize / 8
}

/// A text as bytes; the first [`length`] count.
pub(super) fn bytes(text: Text) -> [u8; 16] {
    text.to_be_bytes()
}
