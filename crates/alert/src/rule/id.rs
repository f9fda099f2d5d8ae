//! Ids of rules that came without one: `al_` and 14 letters, the time first, so that they
//! sort by when they were made.

use model::Timestamp;
use std::hash::{BuildHasher, Hasher, RandomState};

/// Crockford's alphabet in lower case: sorts as its values do, has no look-alikes.
const ALPHABET: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";
/// 50 bits of milliseconds reach into the year 37,000.
const TIME_LETTERS: u32 = 10;
/// 20 random bits; should two ids collide all the same, the store says so.
const RANDOM_LETTERS: u32 = 4;

/// A new id.
pub(super) fn generate(now: Timestamp) -> String {
    let mut id = String::from("al_");
    push_letters(&mut id, now.as_millis().max(0) as u64, TIME_LETTERS);
    // The standard library seeds each of these from the system's randomness.
    push_letters(&mut id, RandomState::new().build_hasher().finish(), RANDOM_LETTERS);
    id
}

fn push_letters(out: &mut String, number: u64, letters: u32) {
    for place in (0..letters).rev() {
        out.push(char::from(ALPHABET[(number >> (5 * place)) as usize & 31]));
    }
}
