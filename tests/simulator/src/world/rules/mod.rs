//! Every rule of the simulated server as data, and what it rests on.
//!
//! The code names a rule where it applies it, in a comment `rule: ID`; a test holds both sides together.

mod assumed;
mod assumed_kubernetes;
mod catalog;
mod kubernetes;
mod norman;
mod rancher;
mod registration;
mod watches;
mod workflows;

/// What a rule rests on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Basis {
    /// A recording shows it: which one, and where in it.
    Recorded(&'static str),
    /// No recording shows it: why it is believed.
    Assumed(&'static str),
}

/// One thing that the simulated server does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rule {
    /// How the code names it: `scope.v3-key`.
    pub id: &'static str,
    /// What it rests on.
    pub basis: Basis,
    /// The rule in one or two sentences.
    pub text: &'static str,
}

// A citation names the recording, and the request or label in it.
const fn recorded(id: &'static str, citation: &'static str, text: &'static str) -> Rule {
    Rule { id, basis: Basis::Recorded(citation), text }
}

const fn assumed(id: &'static str, why: &'static str, text: &'static str) -> Rule {
    Rule { id, basis: Basis::Assumed(why), text }
}

const RECORDED: [&[Rule]; 5] =
    [kubernetes::RULES, norman::RULES, rancher::RULES, watches::RECORDED, workflows::RECORDED];
const ASSUMED: [&[Rule]; 6] = [
    assumed::RULES,
    assumed_kubernetes::RULES,
    catalog::ASSUMED,
    registration::ASSUMED,
    watches::ASSUMED,
    workflows::ASSUMED,
];

/// All rules, the recorded ones first.
pub fn all() -> impl Iterator<Item = &'static Rule> {
    RECORDED.into_iter().chain(ASSUMED).flatten()
}

/// How many rules a recording shows, and how many are assumed.
pub fn counts() -> (usize, usize) {
    let count = |tables: &[&[Rule]]| tables.iter().map(|rules| rules.len()).sum();
    (count(&RECORDED), count(&ASSUMED))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;
    use std::path::Path;

    fn named_in(folder: &Path, found: &mut BTreeSet<String>) {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                named_in(&path, found);
                continue;
            }
            let text = std::fs::read_to_string(&path).unwrap();
            let named = text.lines().filter_map(|line| line.trim().strip_prefix("// rule: "));
            found.extend(named.map(str::to_owned));
        }
    }

    #[test]
    fn the_code_applies_every_rule_and_no_other() {
        let mut applied = BTreeSet::new();
        named_in(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src/world"), &mut applied);
        let known: BTreeSet<String> = all().map(|rule| rule.id.to_owned()).collect();
        assert_eq!(known.len(), all().count(), "a rule stands twice in the table");
        let unapplied: Vec<_> = known.difference(&applied).collect();
        assert!(unapplied.is_empty(), "in the table, applied nowhere: {unapplied:?}");
        let unknown: Vec<_> = applied.difference(&known).collect();
        assert!(unknown.is_empty(), "applied, not in the table: {unknown:?}");
    }
}
