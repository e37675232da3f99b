//! A credential that can be replaced while calls are under way.

use arc_swap::ArcSwap;
use std::fmt;
use std::sync::Arc;

use super::Credential;

/// A credential and how many times it was replaced before.
#[derive(Debug, Clone)]
pub struct Versioned {
    /// The credential.
    pub credential: Credential,
    /// 0 for the first, one more with every replacement.
    pub generation: u64,
}

/// The credential of a client, shared by its clones.
///
/// Every request carries the generation it was sent with, so that what is learnt of a replaced credential is never
/// held against its successor.
pub struct CredentialCell {
    current: ArcSwap<Versioned>,
}

impl CredentialCell {
    /// A cell that holds this credential as generation 0.
    pub fn new(credential: Credential) -> Self {
        Self { current: ArcSwap::from_pointee(Versioned { credential, generation: 0 }) }
    }

    /// The credential as it is now.
    pub fn load(&self) -> Arc<Versioned> {
        self.current.load_full()
    }

    /// Replaces the credential and returns the new generation. Calls under way finish with the old one.
    pub fn replace(&self, credential: Credential) -> u64 {
        let before = self
            .current
            .rcu(|old| Versioned { credential: credential.clone(), generation: old.generation + 1 });
        before.generation + 1
    }
}

impl fmt::Debug for CredentialCell {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let current = self.load();
        write!(f, "CredentialCell({}, generation {})", current.credential, current.generation)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn replacing_counts_and_old_holders_keep_what_they_had() {
        let cell = CredentialCell::new(Credential::anonymous());
        let old = cell.load();
        assert_eq!(cell.replace(Credential::parse("token-abcde:s3cr3ts3cr3t").unwrap()), 1);
        assert!(old.credential.is_anonymous());
        assert_eq!(cell.load().generation, 1);
        assert!(!format!("{cell:?}").contains("s3cr3t"));
    }

    #[test]
    fn concurrent_replacements_all_count() {
        let cell = CredentialCell::new(Credential::anonymous());
        std::thread::scope(|scope| {
            for _ in 0..8 {
                scope.spawn(|| (0..50).for_each(|_| assert!(cell.replace(Credential::anonymous()) > 0)));
            }
        });
        assert_eq!(cell.load().generation, 400);
    }
}
