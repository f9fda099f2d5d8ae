//! Seeded changes of inputs: cheap ones, for every run of the tests.

/// Numbers that come out the same for the same seed (splitmix64).
#[derive(Clone, Debug)]
pub struct Random(pub u64);

impl Random {
    /// The next number.
    pub fn number(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number below `bound`, which is above zero.
    pub fn below(&mut self, bound: usize) -> usize {
        (self.number() % bound as u64) as usize
    }
}

/// Numbers that decoders trip over.
const EDGES: [u8; 8] = [0x00, 0x01, 0x7f, 0x80, 0xff, 0x20, b'"', b'\\'];

/// Changes of one input, with pieces of others.
pub struct Mutation<'a> {
    /// The inputs there are.
    pub corpus: &'a [Vec<u8>],
    /// What decides.
    pub random: Random,
}

impl Mutation<'_> {
    /// One of the inputs with a few changes.
    pub fn next_input(&mut self) -> Vec<u8> {
        let mut input = self.one().to_vec();
        for _ in 0..=self.random.below(4) {
            self.change(&mut input);
        }
        input
    }

    fn one(&mut self) -> &[u8] {
        match self.corpus.len() {
            0 => &[],
            count => &self.corpus[self.random.below(count)],
        }
    }

    fn change(&mut self, input: &mut Vec<u8>) {
        let at = self.random.below(input.len() + 1);
        let length = self.random.below(16).min(input.len() - at);
        match self.random.below(7) {
            0 if at < input.len() => input[at] ^= 1 << self.random.below(8),
            1 if at < input.len() => input[at] = EDGES[self.random.below(EDGES.len())],
            2 => input.truncate(at),
            3 => drop(input.drain(at..at + length)),
            4 => {
                let again: Vec<u8> = input[at..at + length].to_vec();
                drop(input.splice(at..at, again));
            }
            5 => {
                let from = self.one().to_vec();
                let start = self.random.below(from.len() + 1);
                drop(input.splice(at.., from[start..].iter().copied()));
            }
            _ => input.insert(at, self.random.number() as u8),
        }
    }
}
