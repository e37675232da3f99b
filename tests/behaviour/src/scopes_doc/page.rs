//! The page.

use std::collections::BTreeSet;
use std::fmt::Write;

use super::observe::Came;
use super::samples::Need;
use super::{CREDENTIALS, Seen};

const HEAD: &str = "# Operation, scope, credential

<!-- Written by a test, which calls every operation on the simulated record with all 22 credentials of the record. What it
     calls them with is in tests/scopes. To change it: UPDATE_DOCS=1 cargo test -p rancher-tests scopes_doc -->

Which credential an operation needs, and what every other one gets. Everything here was observed: each operation of
[the table](operations.md) was called on the simulator, which answers as the recorded server did, with a client that knew
nothing but its token. [Jobs](jobs.md) says the same of whole jobs in Rust.

**The scope of a key** decides first. A key without a scope (an API key, the session of a login, a token of
`ext.cattle.io`, also one that names a cluster) is taken everywhere. A v3 key with a `clusterId` is taken on the paths of
that cluster alone. **Its user's rights** decide then: `forbidden` means that the key is fine.

";

const WORDS: &str = "| column | credential |
|---|---|
| no scope | an administrator's key without a scope; three more sorts of it got the same |
| of the cluster | an administrator's key that is scoped to the cluster that the call is about, or to `c-prod1` |
| of another | an administrator's key that is scoped to another cluster |
| dead | expired, deleted, switched off, with a wrong secret, unknown, of a disabled user: all the same. What is no token at all is `config`, and nothing is sent |
| none | no credential at all |
| member, project member, standard | of users with these roles, without a scope |
| ... of the cluster | the same, with a key that is scoped to `c-prod1`; `read-only` has this key only |

Calls that came to the same with every credential of a table stand in one row. A cell is `yes` or the kind of the [error](errors.md). *undetermined* is `undetermined`: the server gives a dead key and a
key of another cluster the same answer, and a client that knows nothing else names both. After the slash stands what a
client gets that was told that `c-prod1` is meant (`cluster`), where that makes a difference: it asks once whether that
cluster takes the key.

";

/// A column: its head, and whose cell it shows.
type Column = (&'static str, fn(&Seen<'_>) -> &'static str);

const SCOPES: [Column; 5] = [
    ("no scope", |_| "admin-unscoped"),
    ("of the cluster", |seen| seen.scoped().0),
    ("of another", |seen| seen.scoped().1),
    ("dead", |_| "expired"),
    ("none", |_| "anonymous"),
];

const RIGHTS: [Column; 6] = [
    ("member", |_| "member-unscoped"),
    ("member, of the cluster", |_| "member-prod"),
    ("project member", |_| "pmember-unscoped"),
    ("read-only, of the cluster", |_| "ro-prod"),
    ("standard", |_| "standard-unscoped"),
    ("standard, of the cluster", |_| "standard-prod"),
];

/// Labels that differ in nothing: what the page says of one, it says of all.
const SAME: [&[&str]; 2] = [
    &["admin-unscoped", "admin-session", "ext-unscoped", "ext-prod"],
    &["expired", "expired-prod", "deleted", "off", "wrong-secret", "unknown-name", "disabled-unscoped"],
];

/// What the page says in words and is not so.
pub(super) fn odd(all: &[Seen<'_>]) -> Vec<String> {
    let mut odd = Vec::new();
    for seen in all {
        for same in SAME {
            if seen.sample.only.as_deref().is_some_and(|label| same.contains(&label)) {
                continue;
            }
            let first = cell(seen, same[0]);
            odd.extend(same.iter().filter(|label| cell(seen, label) != first).map(|label| {
                format!(
                    "{}, {}: {label} gets {}, {} {first}",
                    seen.row.name,
                    seen.sample.about,
                    cell(seen, label),
                    same[0]
                )
            }));
        }
    }
    odd
}

fn cell(seen: &Seen<'_>, label: &str) -> String {
    let (came, told) = seen.with(label);
    let (word, told) = (came.word(), told.word());
    if word == told { word } else { format!("{word} / {told}") }
}

fn needed(need: Need) -> &'static str {
    match need {
        Need::Nothing => "nothing",
        Need::Cluster => "the cluster's, or one without a scope",
        Need::Global => "one without a scope",
    }
}

pub(super) fn document(all: &[Seen<'_>]) -> String {
    let mut out = format!("{HEAD}{WORDS}");
    let mut groups: Vec<&str> = all.iter().map(|seen| seen.row.group.as_str()).collect();
    groups.sort_unstable();
    groups.dedup();
    groups.sort_by_key(|group| all.iter().position(|seen| seen.row.group == *group));
    for group in groups {
        let of_group: Vec<&Seen<'_>> = all.iter().filter(|seen| seen.row.group == group).collect();
        writeln!(out, "## {group}\n").unwrap();
        table(&mut out, "key needed", &SCOPES, &of_group, |seen| needed(seen.need));
        table(&mut out, "", &RIGHTS, &of_group, |_| "");
    }
    let names: BTreeSet<&str> = all.iter().map(|seen| seen.row.name.as_str()).collect();
    writeln!(
        out,
        "{} operations, called in {} ways, each with {} credentials.",
        names.len(),
        all.len(),
        CREDENTIALS.len()
    )
    .unwrap();
    out
}

/// Operations, and what each was called for.
type Calls<'s> = Vec<(&'s str, Vec<&'s str>)>;

/// What came to the same stands in one row.
fn table(
    out: &mut String,
    first: &str,
    columns: &[Column],
    all: &[&Seen<'_>],
    told: fn(&Seen<'_>) -> &'static str,
) {
    let heads: Vec<&str> = Some(first)
        .into_iter()
        .filter(|head| !head.is_empty())
        .chain(columns.iter().map(|it| it.0))
        .collect();
    writeln!(out, "| called | {} |\n|---|{}", heads.join(" | "), "---|".repeat(heads.len())).unwrap();
    let mut rows: Vec<(Vec<String>, Calls<'_>)> = Vec::new();
    for seen in all {
        let own = Some(told(seen).to_owned()).filter(|_| !first.is_empty());
        let cells: Vec<String> =
            own.into_iter().chain(columns.iter().map(|(_, of)| cell(seen, of(seen)))).collect();
        let (name, about) = (seen.row.name.as_str(), seen.sample.about.as_str());
        let at = rows.iter().position(|(known, _)| *known == cells).unwrap_or_else(|| {
            rows.push((cells, Vec::new()));
            rows.len() - 1
        });
        let calls = &mut rows[at].1;
        match calls.last_mut() {
            Some((last, abouts)) if *last == name => abouts.push(about),
            _ => calls.push((name, vec![about])),
        }
    }
    for (cells, calls) in rows {
        let calls: Vec<String> =
            calls.iter().map(|(name, about)| format!("`{name}` {}", about.join(", "))).collect();
        writeln!(out, "| {} | {} |", calls.join("; "), cells.join(" | ")).unwrap();
    }
    out.push('\n');
}

impl Came {
    /// What stands in a cell.
    fn word(&self) -> String {
        use rancher_client::ErrorKind;
        use rancher_client::scope::Confidence;
        match (self.failed, self.confidence) {
            (None, _) => "yes".to_owned(),
            (Some(ErrorKind::Undetermined), _) => "*undetermined*".to_owned(),
            (Some(kind), Some(Confidence::Likely)) => format!("`{kind}`, likely"),
            (Some(kind), _) => format!("`{kind}`"),
        }
    }
}
