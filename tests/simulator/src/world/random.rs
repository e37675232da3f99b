//! Names and secrets: random, and the same for the same seed.

use std::collections::{HashSet, VecDeque};

/// Kubernetes' alphabet for generated names: no vowels, so no words.
const NAME: &[u8] = b"bcdfghjklmnpqrstvwxz2456789";

/// SplitMix64: small, seedable, good enough for names nobody has to keep.
#[derive(Debug, Clone)]
pub(crate) struct Random {
    state: u64,
    /// The short names that were given: Kubernetes draws again when a generated name is taken.
    given: HashSet<String>,
    /// Names that come next, where somebody needs these.
    coming: VecDeque<String>,
}

impl Random {
    pub(crate) fn new(seed: u64) -> Self {
        Self { state: seed, given: HashSet::new(), coming: VecDeque::new() }
    }

    fn next(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.state;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A number below `limit`; zero when `limit` is zero.
    pub(crate) fn below(&mut self, limit: u64) -> u64 {
        self.next().checked_rem(limit).unwrap_or(0)
    }

    /// So many characters of the alphabet of generated names, never the same short ones twice.
    pub(crate) fn name(&mut self, length: usize) -> String {
        loop {
            let name = self.draw(length);
            if length > 9 || self.given.insert(name.clone()) {
                return name;
            }
        }
    }

    /// The next names of their lengths.
    pub(crate) fn expect(&mut self, names: &[&str]) {
        self.coming.extend(names.iter().map(|name| (*name).to_owned()));
    }

    fn draw(&mut self, length: usize) -> String {
        if self.coming.front().is_some_and(|name| name.len() == length)
            && let Some(name) = self.coming.pop_front()
        {
            return name;
        }
        let mut name = String::with_capacity(length);
        while name.len() < length {
            let at = usize::try_from(self.below(NAME.len() as u64)).unwrap_or(0);
            name.extend(NAME.get(at).copied().map(char::from));
        }
        name
    }

    /// The secret half of a token: 54 characters, as Rancher makes them.
    pub(crate) fn secret(&mut self) -> String {
        self.name(54)
    }

    /// A version 4 UUID.
    pub(crate) fn uuid(&mut self) -> String {
        let (high, low) = (self.next(), self.next());
        format!(
            "{:08x}-{:04x}-4{:03x}-{:04x}-{:012x}",
            high >> 32,
            (high >> 16) & 0xffff,
            high & 0xfff,
            0x8000 | ((low >> 48) & 0x3fff),
            low & 0xffff_ffff_ffff
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_seed_decides() {
        assert_eq!(Random::new(7).secret(), Random::new(7).secret());
        assert_ne!(Random::new(7).secret(), Random::new(8).secret());
        let mut random = Random::new(1);
        assert_ne!(random.secret(), random.secret());
        assert_eq!(random.name(5).len(), 5);
        let names: HashSet<String> = (0..20_000).map(|_| random.name(4)).collect();
        assert_eq!(names.len(), 20_000);
        assert_eq!(random.below(0), 0);
        let uuid = random.uuid();
        assert_eq!(uuid.len(), 36, "{uuid}");
        assert_eq!(uuid.as_bytes()[14], b'4');
    }
}
