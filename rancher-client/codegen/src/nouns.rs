//! The collections of Rancher's own, each under a name of its own: `client.projects`.

use crate::facts::{Api, Facts};
use crate::names;

/// A collection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Noun {
    /// `cluster_registration_tokens`
    pub name: String,
    /// `ClusterRegistrationToken`
    pub record: String,
    /// `clusterregistrationtokens`
    pub collection: String,
}

/// All of them, sorted by name. `subscribe` is a socket, not a collection.
pub fn nouns(facts: &Facts) -> Vec<Noun> {
    let types = facts.types.get(&Api::Management).map(Vec::as_slice).unwrap_or_default();
    let noun = |ty: &crate::facts::Type| {
        let collection = ty.collection.clone().filter(|name| name != "subscribe")?;
        Some(Noun { name: names::snake(&ty.plural), record: names::pascal(&ty.id), collection })
    };
    let mut found: Vec<Noun> = types.iter().filter_map(noun).collect();
    found.sort_by(|one, other| one.name.cmp(&other.name));
    found
}
