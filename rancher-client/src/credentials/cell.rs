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

    /// Replaces the credential if it is still this one, and returns the new generation.
    pub fn replace_if(&self, old: &Credential, new: &Credential) -> Option<u64> {
        let mut current = self.current.load_full();
        while current.credential.same_as(old) {
            let generation = current.generation + 1;
            let next = Arc::new(Versioned { credential: new.clone(), generation });
            let seen = arc_swap::Guard::into_inner(self.current.compare_and_swap(&current, next));
            if Arc::ptr_eq(&seen, &current) {
                return Some(generation);
            }
            current = seen;
        }
        None
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
    fn a_credential_is_replaced_only_while_it_is_that_one() {
        let [one, two] = ["token-abcde:s3cr3ts3cr3t", "token-fghij:s3cr3ts3cr3t"]
            .map(|text| Credential::parse(text).unwrap());
        let cell = CredentialCell::new(one.clone());
        assert_eq!(cell.replace_if(&two, &Credential::anonymous()), None);
        assert!(cell.load().credential.same_as(&one));
        assert_eq!(cell.replace_if(&one, &two), Some(1));
        assert!(cell.load().credential.same_as(&two));
        assert_eq!(cell.replace_if(&one, &Credential::anonymous()), None);
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
