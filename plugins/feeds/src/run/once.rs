//! What a polled source shows again and again, told once: digests of what was refused lately.

use std::{
    collections::HashSet,
    hash::{DefaultHasher, Hash, Hasher},
};

/// The last so many digests are remembered, and at most twice as many.
const KEPT: usize = 20_000;

/// Refused rows and documents by content. What is met at every poll stays known; what is no longer met is forgotten in
/// the end, so that memory is bounded.
#[derive(Debug, Default)]
pub struct Once {
    lately: HashSet<u64>,
    before: HashSet<u64>,
}

impl Once {
    /// True when this was not met before.
    pub fn is_new(&mut self, content: &impl Hash) -> bool {
        let mut hasher = DefaultHasher::new();
        content.hash(&mut hasher);
        let digest = hasher.finish();
        if self.lately.contains(&digest) {
            return false;
        }
        if self.lately.len() >= KEPT {
            self.before = std::mem::take(&mut self.lately);
        }
        self.lately.insert(digest);
        !self.before.contains(&digest)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_content_is_new_once_and_memory_is_bounded() {
        let mut once = Once::default();
        assert!(once.is_new(&("f", "bad")) && !once.is_new(&("f", "bad")));
        assert!(once.is_new(&("f", "worse")) && once.is_new(&("g", "bad")));
        // Met again and again between others: it stays known.
        for k in 0..10 * KEPT {
            once.is_new(&k);
            assert!(k % 1000 != 0 || !once.is_new(&("f", "bad")), "{k}");
        }
        assert!(once.lately.len() + once.before.len() <= 2 * KEPT);
        assert!(once.is_new(&("f", "worse")), "not met for long: forgotten");
    }
}
