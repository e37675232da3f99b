//! The page.

use rancher_client::scope::{Route, RouteScope};
use rancher_client::types::{self, info::Api};
use std::fmt::Write;

use super::jobs::Got;
use super::observe::Observed;
use super::{Seen, USERS, name_of};

const HEAD: &str = "# Job, API, credential

<!-- Written by a test, which does every job on the simulated record with every kind of credential. The jobs are in
     tests/behaviour/src/jobs_doc/jobs.rs. To change it: UPDATE_DOCS=1 cargo test -p rancher-tests jobs_doc -->

Which call does a job, by which API, and which credential it takes. Everything in the tables was observed: each job ran
on the simulator, which answers as the recorded server did, with API keys, sessions, tokens of `ext.cattle.io`, keys
scoped to the cluster and to another, no credential at all, and as six users.

**Scope**: a key without a scope, a session and a token of `ext.cattle.io` are the same here, also a token that names
a cluster in its `spec`: the recorded server does not confine it. A v3 key with a `clusterId` is taken on the paths of
that cluster alone. Elsewhere it gets a 401, although there is nothing wrong with it. A client that knows the key's
scope takes the road that means the same, or sends nothing and says `out_of_scope`. It knows the scope if it was told
(`client.connection().learn(…)`), or from the first refusal: a list of one cluster then goes on by the road at once.

**Rights**: they are the user's. A scoped key has those that its user has in that cluster, in every job here. A new key
changes nothing where a right is missing. **An empty list is what missing rights look like** in v3: the status is 200,
and what the user may not see is left out. So it is in Steve, which refuses only who may not enter the cluster at all.
Kubernetes answers `forbidden`, except for the lists of `ext.cattle.io`. An empty list does not prove that there is
nothing; `can_i` asks for the right itself.

";

const USERS_WORDS: &str = "The users of the tables: an administrator; a `cluster-member` of the cluster; a `project-member` and a `read-only` member of its project `shop`; a Standard User and a User-Base without any role there.
A cell is `yes`, the number of objects in a list, `no` (an answer that says so), or the kind of the [error](errors.md).
Where a number is less than the administrator's, the rest was left out.

The calls are the code that ran. `.await` and a list's `.collect()` are left out; `with_quota(…)`, `role(…)` and the like
make a struct, in tests/behaviour/src/jobs_doc/jobs.rs.
";

const ROADS: &str = "
## What a key scoped to a cluster can list in v3

All collections of v3 that have such a road, from what the types state (`TypeInfo::roads`). Of Rancher's own types, the
client reads only the cluster itself by its id with such a key, `GET /v3/clusters/{clusterId}`; the others it lists.
Everything of a project (`/v3/project/…`) needs a key without a scope; Kubernetes has the same workloads, secrets and
config maps.

| type | road |
|---|---|
";

/// Which of the APIs a path belongs to.
fn api(route: &Route) -> &'static str {
    let segments = route.segments();
    let segments: Vec<&str> = segments.iter().map(String::as_str).collect();
    match segments.as_slice() {
        ["v3", ..] => "v3",
        ["v1", ..] | ["k8s", "clusters", _, "v1", ..] => "Steve",
        ["k8s", "clusters", ..] => "Kubernetes",
        _ => "public",
    }
}

fn route_of(request: &str) -> Route {
    Route::parse(request.split_once(' ').unwrap().1).unwrap()
}

/// Which credential a job takes: from what went well.
fn credential(seen: &Seen) -> String {
    let [scoped, elsewhere, anonymous] =
        [seen.scoped("admin"), seen.elsewhere(), seen.anonymous()].map(|observed| observed.got.is_ok());
    let cluster = seen.job.cluster;
    match (anonymous, elsewhere, scoped) {
        (true, true, true) => "none needed".to_owned(),
        (false, false, true) => match seen.road() {
            Some(road) => format!("without a scope; scoped to `{cluster}` by `{}`", shown(road)),
            None => format!("without a scope, or scoped to `{cluster}`"),
        },
        (false, false, false) => "without a scope".to_owned(),
        other => panic!("{}: {other:?}", seen.job.name),
    }
}

/// A request as people write it, without what the client adds to every list.
fn shown(request: &str) -> String {
    let (path, query) = request.split_once('?').unwrap_or((request, ""));
    let kept: Vec<&str> = query
        .split('&')
        .filter(|pair| !pair.is_empty() && !["limit=500", "pagesize=500", "page=1"].contains(pair))
        .collect();
    if kept.is_empty() { path.to_owned() } else { format!("{path}?{}", kept.join("&")) }
}

fn cell(observed: &Observed) -> String {
    match observed.got {
        Ok(Got::It) => "yes".to_owned(),
        Ok(Got::No) => "no".to_owned(),
        Ok(Got::Many(count)) => count.to_string(),
        Err(kind) => format!("`{kind}`"),
    }
}

/// The code as one line.
fn code(call: &str) -> String {
    let mut line = call.split_whitespace().collect::<Vec<_>>().join(" ");
    for (long, short) in [("( ", "("), (" )", ")"), (" .", "."), (",)", ")"), (" ?", "?"), ("& ", "&")] {
        line = line.replace(long, short);
    }
    line.replace('|', "\\|")
}

pub(super) fn document(all: &[Seen]) -> String {
    let mut out = format!("{HEAD}{USERS_WORDS}");
    let mut groups: Vec<&str> = all.iter().map(|seen| seen.job.group).collect();
    groups.dedup();
    for group in groups {
        let of_group = || all.iter().filter(|seen| seen.job.group == group);
        write!(out, "\n## {group}\n\n| job | API | credential |").unwrap();
        USERS.iter().for_each(|(_, what)| write!(out, " {what} |").unwrap());
        writeln!(out, "\n|---|---|---|{}", "---|".repeat(USERS.len())).unwrap();
        for seen in of_group() {
            let route = route_of(seen.usual().requests.last().unwrap());
            let api = if *route.scope() == RouteScope::Public { "public" } else { api(&route) };
            write!(out, "| {} | {api} | {} |", seen.job.name, credential(seen)).unwrap();
            for (user, _) in USERS {
                write!(out, " {} |", cell(seen.with(name_of(user, "unscoped")))).unwrap();
            }
            out.push('\n');
        }
        out.push_str("\n| job | call | sends |\n|---|---|---|\n");
        for seen in of_group() {
            let sent: Vec<String> =
                seen.usual().requests.iter().map(|request| format!("`{}`", shown(request))).collect();
            writeln!(out, "| {} | `{}` | {} |", seen.job.name, code(seen.job.call), sent.join(", then "))
                .unwrap();
        }
    }
    roads(&mut out);
    out
}

/// What the types state of roads, which a test of the client compares with those that it takes.
fn roads(out: &mut String) {
    out.push_str(ROADS);
    for api in [Api::Management, Api::Cluster, Api::Project] {
        // a socket, not a collection
        for info in types::types(api).iter().filter(|info| info.id != "subscribe") {
            for road in info.roads.iter().filter(|road| road.takes_scoped_key) {
                writeln!(out, "| `{}` | `GET {}` |", info.id, road.path).unwrap();
            }
        }
    }
}
