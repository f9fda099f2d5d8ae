//! A canonical Huffman code of at most 11 bits, and how it is told.
//!
//! Only the lengths of the codes are told: codes of one length are consecutive, in order of
//! tokens, and a shorter code is a smaller number. Codes are written from their first bit on,
//! so each is kept with its bits reversed.
//!
//! Invariant: every string of 11 bits begins with exactly one code, but where one token alone
//! is used: its code is 0, and it is read for 1 too.

use super::token::{TOKENS, Token};
use crate::Error;
use crate::cursor::Cursor;

/// The longest code: a table of 8 KiB stays in the first-level cache.
pub(super) const CODE_BITS_MAX: u32 = 11;
/// How many strings of so many bits there are.
pub(super) const TABLE: usize = 1 << CODE_BITS_MAX;
/// In lengths as told: so many tokens and two more, in the nibble that follows, have none.
const SKIP: u8 = 15;
const SKIP_MIN: usize = 2;
const SKIP_MAX: usize = SKIP_MIN + 15;

/// The code of each token.
#[derive(Clone, Debug)]
pub(super) struct Code {
    lengths: [u8; TOKENS],
    reversed: [u16; TOKENS],
}

impl Code {
    /// The best code where tokens are so frequent. At least one is.
    pub(super) fn of(frequencies: &[u32; TOKENS]) -> Self {
        let lengths = lengths_of(frequencies);
        let mut reversed = [0; TOKENS];
        each_code(&lengths, |token, code| reversed[token] = code);
        Self { lengths, reversed }
    }

    /// The code of a token, reversed, and its length.
    #[inline(always)]
    pub(super) fn get(&self, token: Token) -> (u64, u32) {
        let index = token.index();
        (u64::from(self.reversed[index]), u32::from(self.lengths[index]))
    }

    /// The bits of all codes where tokens are so frequent.
    pub(super) fn bits(&self, frequencies: &[u32; TOKENS]) -> u64 {
        let each = frequencies.iter().zip(&self.lengths);
        each.map(|(times, length)| u64::from(*times) * u64::from(*length)).sum()
    }

    /// How many bytes [`Code::write`] appends.
    pub(super) fn stored_len(&self) -> usize {
        1 + self.nibbles().len().div_ceil(2)
    }

    /// Appends the lengths.
    pub(super) fn write(&self, out: &mut Vec<u8>) {
        out.push((self.used() - 1) as u8);
        for pair in self.nibbles().chunks(2) {
            out.push(pair[0] | pair.get(1).unwrap_or(&0) << 4);
        }
    }

    /// How many tokens there are up to the last one that has a code.
    fn used(&self) -> usize {
        self.lengths.iter().rposition(|length| *length > 0).map_or(0, |last| last + 1)
    }

    fn nibbles(&self) -> Vec<u8> {
        let lengths = &self.lengths[..self.used()];
        let mut nibbles = Vec::with_capacity(TOKENS);
        let mut at = 0;
        while at < lengths.len() {
            let absent = lengths[at..].iter().take_while(|length| **length == 0).count();
            if absent >= SKIP_MIN {
                let skipped = absent.min(SKIP_MAX);
                nibbles.extend([SKIP, (skipped - SKIP_MIN) as u8]);
                at += skipped;
            } else {
                nibbles.push(lengths[at]);
                at += 1;
            }
        }
        nibbles
    }
}

/// Calls `each` with every token that has a code, and its code reversed. Tokens behind those
/// of `lengths` have none.
pub(super) fn each_code(lengths: &[u8], mut each: impl FnMut(usize, u16)) {
    let mut next = [0u16; CODE_BITS_MAX as usize + 2];
    for length in lengths.iter().filter(|length| **length > 0) {
        next[usize::from(*length) + 1] += 1;
    }
    for length in 1..next.len() {
        next[length] = (next[length] + next[length - 1]) << 1;
    }
    for (token, length) in lengths.iter().enumerate().filter(|(_, length)| **length > 0) {
        let code = &mut next[usize::from(*length)];
        each(token, code.reverse_bits() >> (u16::BITS - u32::from(*length)));
        *code += 1;
    }
}

/// How much of all strings of bits begins with a code of this length, in parts of [`TABLE`].
pub(super) fn share(length: u8) -> usize {
    TABLE >> length
}

/// Huffman's lengths, made to fit into [`CODE_BITS_MAX`].
fn lengths_of(frequencies: &[u32; TOKENS]) -> [u8; TOKENS] {
    let mut lengths = [0; TOKENS];
    let mut tokens: Vec<usize> = (0..TOKENS).filter(|token| frequencies[*token] > 0).collect();
    tokens.sort_by_key(|token| frequencies[*token]);
    if let [only] = tokens[..] {
        lengths[only] = 1;
        return lengths;
    }
    let weights: Vec<u64> = tokens.iter().map(|token| frequencies[*token].into()).collect();
    let mut taken = 0;
    for (token, depth) in tokens.iter().zip(depths(&weights)) {
        lengths[*token] = depth.min(CODE_BITS_MAX) as u8;
        taken += share(lengths[*token]);
    }
    // Codes that were cut take too much: rare ones grow until all fit.
    for token in &tokens {
        while taken > TABLE && u32::from(lengths[*token]) < CODE_BITS_MAX {
            taken -= share(lengths[*token]) / 2;
            lengths[*token] += 1;
        }
    }
    // What is too much given back goes to frequent ones.
    while taken < TABLE {
        for token in tokens.iter().rev() {
            if taken + share(lengths[*token]) <= TABLE {
                taken += share(lengths[*token]);
                lengths[*token] -= 1;
            }
        }
    }
    lengths
}

/// The depth of each leaf in Huffman's tree over these weights, of which there are two or
/// more and which rise.
fn depths(weights: &[u64]) -> Vec<u32> {
    let leaves = weights.len();
    // Leaves and then inner nodes, as they are made: both rise, so the two lightest nodes
    // are always at one of two fronts.
    let mut nodes = weights.to_vec();
    let mut parents = vec![0; 2 * leaves - 1];
    let (mut leaf, mut inner) = (0, leaves);
    for parent in leaves..2 * leaves - 1 {
        let mut weight = 0;
        for _ in 0..2 {
            let is_leaf = leaf < leaves && (inner >= parent || nodes[leaf] <= nodes[inner]);
            let front = if is_leaf { &mut leaf } else { &mut inner };
            weight += nodes[*front];
            parents[*front] = parent;
            *front += 1;
        }
        nodes.push(weight);
    }
    let mut depths = vec![0; 2 * leaves - 1];
    for node in (0..2 * leaves - 2).rev() {
        depths[node] = depths[parents[node]] + 1;
    }
    depths.truncate(leaves);
    depths
}

/// Reads the lengths of codes up to the last token that has one; `lengths` are all 0.
pub(super) fn read_lengths<'a>(
    cursor: &mut Cursor<'_>,
    lengths: &'a mut [u8; TOKENS],
) -> Result<&'a [u8], Error> {
    let offset = cursor.offset();
    let used = usize::from(cursor.u8()?) + 1;
    let invalid = Error::Invalid { what: "lengths of a code", offset };
    let mut pending = None;
    let mut nibble = |cursor: &mut Cursor<'_>| match pending.take() {
        Some(high) => Ok(high),
        None => {
            let byte = cursor.u8()?;
            pending = Some(byte >> 4);
            Ok::<u8, Error>(byte & 0xf)
        }
    };
    let mut at = 0;
    while at < used {
        match nibble(cursor)? {
            SKIP => at += usize::from(nibble(cursor)?) + SKIP_MIN,
            length if u32::from(length) <= CODE_BITS_MAX && at < TOKENS => {
                lengths[at] = length;
                at += 1;
            }
            _ => return Err(invalid),
        }
    }
    if at == used && used <= TOKENS { Ok(&lengths[..used]) } else { Err(invalid) }
}

#[cfg(test)]
mod tests;
