//! `docs/jobs.md` is written from what happens: every job of `jobs.rs` is done on the simulated record, by every kind of
//! credential that lives and every role. The test compares the committed file; `UPDATE_DOCS=1 cargo test -p rancher-tests
//! jobs_doc` writes it.

mod jobs;
mod observe;
mod page;

use jobs::{Got, JOBS, Job};
use observe::{Observed, observe};
use rancher_client::scope::{KeyScope, Route};
use std::path::Path;

use crate::in_process::Server;

/// What a job came to, with one label of the record.
type Tried = (&'static str, Observed);

/// The labels of credentials with everything that an administrator may do: they differ in scope alone.
const WHOLE: [&str; 4] = ["admin-unscoped", "admin-session", "ext-unscoped", "ext-prod"];

/// The users of the record, and what they are.
const USERS: [(&str, &str); 6] = [
    ("admin", "administrator"),
    ("member", "cluster member"),
    ("pmember", "project member"),
    ("ro", "read-only"),
    ("standard", "standard user"),
    ("base", "user base"),
];

/// A job, and everything that was tried.
struct Seen {
    job: &'static Job,
    tried: Vec<Tried>,
}

impl Seen {
    fn with(&self, label: &str) -> &Observed {
        &self.tried.iter().find(|tried| tried.0 == label).unwrap().1
    }

    fn scoped(&self, user: &str) -> &Observed {
        let suffix = if self.job.cluster == "local" { "local" } else { "prod" };
        self.with(&format!("{user}-{suffix}"))
    }

    fn elsewhere(&self) -> &Observed {
        self.with("admin-stage")
    }

    fn anonymous(&self) -> &Observed {
        self.with("anonymous")
    }

    fn usual(&self) -> &Observed {
        self.with(WHOLE[0])
    }

    /// The road that the scoped key took, if it is another path than that of the others.
    fn road(&self) -> Option<&str> {
        let (usual, scoped) = (self.usual().requests.last()?, self.scoped("admin").requests.last()?);
        (self.scoped("admin").got.is_ok() && usual != scoped).then_some(scoped)
    }
}

async fn look() -> Vec<Seen> {
    let mut all: Vec<Seen> = JOBS.iter().map(|job| Seen { job, tried: Vec::new() }).collect();
    let labels = WHOLE.into_iter().chain(["admin-stage", "anonymous"]);
    let labels = labels.chain(USERS[1..].iter().map(|(user, _)| *user)).chain(["scoped"]);
    for label in labels {
        let mut server = Server::new();
        for seen in &mut all {
            let suffix = if seen.job.cluster == "local" { "local" } else { "prod" };
            let names: Vec<&'static str> = match label {
                "scoped" => USERS.iter().map(|(user, _)| name_of(user, suffix)).collect(),
                user if USERS.iter().any(|known| known.0 == user) => vec![name_of(user, "unscoped")],
                label => vec![label],
            };
            for name in names {
                let observed = observe(&server, seen.job, name).await;
                if observed.wrote() {
                    server = Server::new();
                }
                seen.tried.push((name, observed));
            }
        }
    }
    all
}

fn name_of(user: &str, suffix: &str) -> &'static str {
    const NAMES: [&str; 18] = [
        "admin-unscoped",
        "admin-local",
        "admin-prod",
        "member-unscoped",
        "member-local",
        "member-prod",
        "pmember-unscoped",
        "pmember-local",
        "pmember-prod",
        "ro-unscoped",
        "ro-local",
        "ro-prod",
        "standard-unscoped",
        "standard-local",
        "standard-prod",
        "base-unscoped",
        "base-local",
        "base-prod",
    ];
    NAMES.into_iter().find(|name| name.split_once('-') == Some((user, suffix))).unwrap()
}

/// What the page says in words is checked here, job by job.
fn check(all: &[Seen]) {
    for seen in all {
        let name = seen.job.name;
        // an administrator can do every job, with every credential that has no scope, in the same way
        for label in WHOLE {
            let observed = seen.with(label);
            assert!(observed.got.is_ok(), "{name}: {label}: {:?}", observed.got);
            assert_eq!(observed.requests, seen.usual().requests, "{name}: {label}");
        }
        // the key's scope decides as the route says
        let route = Route::parse(seen.usual().requests.last().unwrap().split_once(' ').unwrap().1).unwrap();
        let reaches = |observed: &Observed, cluster: &str| {
            let scope = KeyScope::Cluster(cluster.parse().unwrap());
            let public = seen.anonymous().got.is_ok();
            let open = public || scope.reaches(route.scope()) == Some(true);
            let open = open || rancher_client::scope::road(&route, &cluster.parse().unwrap()).is_some();
            assert_eq!(observed.got.is_ok(), open, "{name}: {:?}", observed.got);
            // what cannot go well is not sent
            assert!(open || observed.requests.is_empty(), "{name}: {:?}", observed.requests);
        };
        reaches(seen.scoped("admin"), seen.job.cluster);
        reaches(seen.elsewhere(), "c-stag1");
        // a list of v3 refuses nobody: it leaves out
        let is_list = matches!(seen.usual().got, Ok(Got::Many(_)));
        for (user, _) in USERS.iter().filter(|_| is_list && route.path().starts_with("/v3/")) {
            let got = seen.with(name_of(user, "unscoped")).got;
            assert!(matches!(got, Ok(Got::Many(_))), "{name}: {user}: {got:?}");
        }
        // where a scoped key is taken, its user has the rights that the user has without
        if seen.scoped("admin").got.is_ok() {
            for (user, _) in USERS {
                let without = seen.with(name_of(user, "unscoped"));
                assert_eq!(seen.scoped(user).got, without.got, "{name}: {user}");
            }
        }
    }
}

#[tokio::test(start_paused = true)]
async fn jobs_doc_is_what_happens() {
    let all = look().await;
    check(&all);
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/jobs.md");
    let written = page::document(&all);
    if std::env::var_os("UPDATE_DOCS").is_some() {
        std::fs::write(&path, &written).unwrap();
    }
    let tries: usize = all.iter().map(|seen| seen.tried.len()).sum();
    println!("jobs: {} jobs tried {tries} times", all.len());
    let committed = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(committed == written, "docs/jobs.md is old: UPDATE_DOCS=1 cargo test -p rancher-tests jobs_doc");
}

/// The page says that a list whose key turns out to be scoped goes on by the road.
#[tokio::test(start_paused = true)]
async fn jobs_doc_roads_are_found_out() {
    let job = JOBS.iter().find(|job| job.name == "List the projects of a cluster").unwrap();
    let client = Server::new().client("admin-prod", job.cluster);
    assert!(matches!((job.run)(client).await, Ok(Got::Many(count)) if count > 0));
}
