//! From what came back to what it means.

use jiff::Timestamp;
use jiff::fmt::rfc2822;
use serde_json::Value;

use super::ask::{Ask, Outcome};
use super::findings::Findings;
use super::report::*;
use super::witness::{Finding, Lookup};
use super::{DoctorOptions, advice};
use crate::client::ServerVersion;
use crate::error::{Cause, Dialect, Error, ErrorKind};
use crate::scope::{Confidence, KeyScope, RouteScope, TokenKind, Validity};
use crate::transport::Connection;
use crate::wire::{AgentState, ClusterId};

pub(super) fn report(
    connection: &Connection,
    options: &DoctorOptions,
    cluster: Option<ClusterId>,
    seen: &[Outcome],
    lookup: Option<Lookup>,
    now: Timestamp,
) -> DoctorReport {
    let findings = Findings { connection, options, seen, ledger: connection.ledger(), lookup, now };
    let server = server(&findings);
    let credential = credential(&findings, cluster.as_ref());
    let cluster = ClusterReport {
        verdict: cluster
            .as_ref()
            .map_or(ClusterVerdict::Unknown, |id| cluster_verdict(&findings, id, &credential)),
        id: cluster,
    };
    let namespace = NamespaceReport {
        name: options.namespace.clone(),
        verdict: cluster.id.as_ref().map_or(NamespaceVerdict::Unknown, |id| namespace_verdict(&findings, id)),
    };
    let can_i = can_i(&findings, cluster.id.as_ref());
    let whoami = cluster.id.as_ref().and_then(|id| findings.somebody(id));
    let mut report = DoctorReport {
        planes: planes(&findings, &cluster, &credential),
        verdict: Verdict::Undetermined,
        advice: Vec::new(),
        probes: seen.iter().map(|outcome| outcome.observation.clone()).collect(),
        server,
        credential,
        cluster,
        namespace,
        whoami,
        can_i,
    };
    report.verdict = overall(&findings, &report);
    report.advice = advice::advice(&findings, &report);
    report
}

/// The time by which expiry is judged: the server's, or the machine's if no answer told.
pub(super) fn now(connection: &Connection, seen: &[Outcome]) -> Timestamp {
    let date = seen.iter().find_map(|outcome| outcome.date.as_deref());
    date.and_then(server_time).unwrap_or_else(|| connection.clock().wall())
}

/// A `Date` header, which ends in `GMT`.
fn server_time(date: &str) -> Option<Timestamp> {
    rfc2822::parse(date).ok().map(|zoned| zoned.timestamp())
}

fn server(findings: &Findings<'_>) -> ServerReport {
    let global = findings.value(&Ask::Global);
    let reachable = findings.seen.iter().any(|outcome| {
        let status = outcome.observation.status.unwrap_or_default();
        outcome.observation.accepted.is_some() || matches!(status, 200..=499)
    });
    ServerReport {
        url: findings.connection.config().server.to_string(),
        reachable,
        version: global.and_then(ServerVersion::read).map(|version| version.version),
        tls: findings.connection.tls_report().map(|tls| {
            let not_after = tls.not_after;
            let trusted_by = tls.trusted_by.unwrap_or("none");
            TlsSummary {
                // with `insecure` the chain may be good, but nobody relied on that
                verified: tls.verified && trusted_by != "insecure",
                trusted_by: trusted_by.to_owned(),
                sha256: Some(tls.sha256.clone()),
                not_after,
                days_left: not_after
                    .map(|end| (end.as_second() - findings.now.as_second()).div_euclid(86_400)),
                problem: tls.problem.as_ref().map(ToString::to_string),
            }
        }),
    }
}

fn credential(findings: &Findings<'_>, cluster: Option<&ClusterId>) -> CredentialReport {
    let credential = findings.connection.credential();
    let mut report = CredentialReport {
        kind: credential.kind(),
        name: credential.name().map(ToString::to_string),
        verdict: CredentialVerdict::Undetermined,
        scope: None,
        confidence: None,
        causes: Vec::new(),
        expires_at: None,
        expiry_note: None,
        because: Vec::new(),
    };
    if credential.is_anonymous() {
        report.verdict = CredentialVerdict::Missing;
        report.confidence = Some(Confidence::Proven);
        report.causes = vec![Cause::Missing];
        return report;
    }
    if credential.kind() == TokenKind::Jwt && findings.ledger.validity() == Validity::Undetermined {
        jwt(findings, cluster, &mut report);
        return report;
    }
    let known = findings.ledger.scope();
    match (findings.ledger.validity(), findings.lookup.as_ref().map(|lookup| &lookup.finding)) {
        (Validity::Valid, _) => {
            report.verdict = CredentialVerdict::Valid;
            report.confidence = known.as_ref().map(|known| known.confidence);
        }
        (_, Some(Finding::Dead(cause))) => {
            report.verdict = CredentialVerdict::Refused;
            report.confidence = Some(Confidence::Proven);
            report.causes = vec![*cause];
        }
        (Validity::Refused(confidence), alive) => {
            report.verdict = CredentialVerdict::Refused;
            report.confidence = Some(confidence);
            report.causes = match alive {
                // a record that lives, and a key that is refused where the record says that it is good
                Some(Finding::Alive(remain)) if confidence == Confidence::Proven => remain.clone(),
                _ => vec![Cause::TokenRefused],
            };
        }
        // a portal, a gateway in trouble and a wrong path say nothing of the credential
        (Validity::Undetermined, _) if !findings.ledger.holds_refusals() => {}
        (Validity::Undetermined, _) => report.causes = vec![Cause::TokenRefused, Cause::OutOfScope],
    }
    report.scope = known.map(|known| known.scope);
    report.because = because(findings);
    expiry(findings, &mut report);
    report
}

/// The header says nothing of a service account's JWT; what it opened does.
fn jwt(findings: &Findings<'_>, cluster: Option<&ClusterId>, report: &mut CredentialReport) {
    let opened = cluster.filter(|id| findings.somebody(id).is_some());
    report.expires_at = findings.connection.credential().claimed_expiry();
    report.expiry_note = Some("the JWT does not say when it ends".to_owned());
    let over = report.expires_at.is_some_and(|end| end < findings.now);
    match opened {
        Some(id) => {
            report.verdict = CredentialVerdict::Valid;
            report.scope = Some(KeyScope::Cluster(id.clone()));
            report.confidence = Some(Confidence::Likely);
            report
                .because
                .push(format!("the cluster {id} knows its user, and Rancher's header does not speak of it"));
        }
        None if over => report.causes = vec![Cause::Expired],
        None => {
            report.causes =
                vec![Cause::NoProxyConfig, Cause::TokenRefused, Cause::OutOfScope, Cause::AgentGone];
        }
    }
}

fn because(findings: &Findings<'_>) -> Vec<String> {
    let mut lines: Vec<String> = findings.lookup.iter().map(|lookup| lookup.note.clone()).collect();
    let places = findings.seen.iter().filter_map(|outcome| {
        let place = match &outcome.ask {
            Ask::Global => "global paths".to_owned(),
            Ask::Cluster(id) => format!("cluster {id}"),
            _ => return None,
        };
        Some((outcome.observation.accepted?, place))
    });
    let mut accepted: Vec<String> = Vec::new();
    let mut refused: Vec<String> = Vec::new();
    for (yes, place) in places {
        let list = if yes { &mut accepted } else { &mut refused };
        if !list.contains(&place) {
            list.push(place);
        }
    }
    if !accepted.is_empty() {
        lines.push(format!("accepted by {}", accepted.join(", ")));
    }
    if !refused.is_empty() {
        lines.push(format!("not accepted by {}", refused.join(", ")));
    }
    lines
}

fn expiry(findings: &Findings<'_>, report: &mut CredentialReport) {
    let record = findings.value(&Ask::OwnRecord);
    // v3 has it on top, `ext.cattle.io` in the status (recorded, workflows)
    let told =
        record.and_then(|record| record.get("expiresAt").or_else(|| record.pointer("/status/expiresAt")));
    let told = told.and_then(Value::as_str).and_then(|text| text.parse().ok());
    report.expires_at = told.or_else(|| findings.lookup.as_ref().and_then(|lookup| lookup.expires_at));
    if report.expires_at.is_some() || report.verdict != CredentialVerdict::Valid {
        return;
    }
    report.expiry_note = Some(match (&report.scope, record) {
        (Some(KeyScope::Cluster(_)), _) => {
            "not known: a key scoped to a cluster cannot read its own record, /v3/tokens is not its path"
                .to_owned()
        }
        (_, Some(record)) if endless(record) => "never: its record sets no time".to_owned(),
        // a fresh key's end is filled in by a controller (recorded, workflows)
        (_, Some(_)) => "not known: its record does not say yet".to_owned(),
        _ => "not known: its record could not be read".to_owned(),
    });
}

fn endless(record: &Value) -> bool {
    let ttl = record.get("ttl").or_else(|| record.pointer("/spec/ttl")).and_then(Value::as_i64);
    ttl.is_some_and(|ttl| ttl <= 0)
}

fn cluster_verdict(findings: &Findings<'_>, id: &ClusterId, credential: &CredentialReport) -> ClusterVerdict {
    let Some(version) = findings.of(&Ask::Version(id.clone())) else { return ClusterVerdict::Unknown };
    let object = findings.of(&Ask::Cluster(id.clone()));
    // a review that the cluster answered is an answer of the cluster, whatever became of the other questions
    if findings.somebody(id).is_some() {
        return ClusterVerdict::Reachable;
    }
    match &version.answer {
        Ok(_) => {
            // `local` answers /version to anybody, so 200 alone proves nothing
            let own = findings.ledger.was_accepted(&RouteScope::Cluster(id.clone()))
                || findings.somebody(id).is_some();
            let reached = own
                || credential.scope == Some(KeyScope::Global)
                    && credential.verdict == CredentialVerdict::Valid;
            if reached { ClusterVerdict::Reachable } else { ClusterVerdict::Unknown }
        }
        Err(error) => match error.kind() {
            ErrorKind::ClusterUnavailable => match error.causes() {
                [Cause::NeverConnected] => ClusterVerdict::Unavailable,
                [Cause::AgentGone] => ClusterVerdict::Disconnected,
                _ => by_ranchers_word(object),
            },
            ErrorKind::Timeout => by_ranchers_word(object),
            ErrorKind::NotFound if there_is_none(error, object) => ClusterVerdict::NotFound,
            ErrorKind::Forbidden => ClusterVerdict::NoAccess,
            _ => ClusterVerdict::Unknown,
        },
    }
}

/// The cluster itself did not say: what its object says of the agent.
fn by_ranchers_word(object: Option<&Outcome>) -> ClusterVerdict {
    let object = object.and_then(|outcome| outcome.answer.as_ref().ok());
    match object.map(AgentState::of_cluster) {
        Some(AgentState::Disconnected) => ClusterVerdict::Disconnected,
        Some(AgentState::NeverConnected) => ClusterVerdict::Unavailable,
        _ => ClusterVerdict::Unknown,
    }
}

/// Whether a 404 is about the cluster. A proxy and a wrong path answer 404 too, and so may the cluster itself.
fn there_is_none(version: &Error, object: Option<&Outcome>) -> bool {
    // without the header the router's 404 is proof of acceptance: it answers 403 to whom it does not know (recorded)
    let by_the_router = version.http().is_some_and(|http| {
        http.status == 404 && http.dialect == Dialect::ClusterRouter && http.accepted != Some(false)
    });
    let by_rancher = object.is_some_and(|outcome| {
        outcome.observation.status == Some(404) && outcome.observation.accepted == Some(true)
    });
    by_the_router || by_rancher
}

fn namespace_verdict(findings: &Findings<'_>, id: &ClusterId) -> NamespaceVerdict {
    match findings.of(&Ask::Namespace(id.clone())).map(|outcome| &outcome.answer) {
        Some(Ok(_)) => NamespaceVerdict::Accessible,
        Some(Err(error)) if error.kind() == ErrorKind::Forbidden && cluster_is_visible(findings, id) => {
            NamespaceVerdict::NoAccess
        }
        Some(Err(error))
            if error.kind() == ErrorKind::NotFound
                && error.code() == Some("NotFound")
                && cluster_is_visible(findings, id) =>
        {
            NamespaceVerdict::NotFound
        }
        _ => NamespaceVerdict::Unknown,
    }
}

/// The cluster router answers 403 and 404 for the cluster itself; then nothing is known of the namespace.
fn cluster_is_visible(findings: &Findings<'_>, id: &ClusterId) -> bool {
    findings.of(&Ask::Version(id.clone())).is_some_and(|outcome| outcome.answer.is_ok())
}

fn can_i(findings: &Findings<'_>, cluster: Option<&ClusterId>) -> Vec<(crate::proxy::CanI, Option<bool>)> {
    let namespace = findings.options.namespace.as_deref().unwrap_or_default();
    let answer = |index: usize| {
        let value = findings.value(&Ask::CanI(cluster?.clone(), index))?;
        value.pointer("/status/allowed").and_then(Value::as_bool)
    };
    let rights = findings.options.can_i.iter().enumerate();
    rights
        .map(|(index, right)| {
            let asked =
                if right.namespace.is_empty() { right.clone().within(namespace) } else { right.clone() };
            (asked, answer(index))
        })
        .collect()
}

fn planes(findings: &Findings<'_>, cluster: &ClusterReport, credential: &CredentialReport) -> Vec<Plane> {
    let valid_globally = findings.ledger.was_accepted(&RouteScope::Global);
    let plane = |ask: &Ask| {
        let observation = findings.of(ask).map(|outcome| &outcome.observation);
        match observation.and_then(|seen| Some((seen.status?, seen.accepted))) {
            Some((404, Some(true))) => PlaneVerdict::Absent,
            Some((200..=299 | 401 | 403, Some(true))) => PlaneVerdict::Yes,
            Some((200..=299 | 401 | 403, Some(false))) => PlaneVerdict::No,
            // without the header only a path that needs a credential tells; `/v1` does not
            Some((200..=299, None)) if valid_globally && *ask != Ask::Steve => PlaneVerdict::Yes,
            _ => PlaneVerdict::Unknown,
        }
    };
    let scoped = matches!(credential.scope, Some(KeyScope::Cluster(_)))
        && credential.verdict == CredentialVerdict::Valid;
    let v3 = match plane(&Ask::V3) {
        PlaneVerdict::No if scoped && credential.kind != TokenKind::Jwt => PlaneVerdict::OneCluster,
        other => other,
    };
    let kubernetes = match cluster.verdict {
        ClusterVerdict::Reachable => PlaneVerdict::Yes,
        ClusterVerdict::Unknown => PlaneVerdict::Unknown,
        _ => PlaneVerdict::No,
    };
    vec![
        Plane { name: "v3", verdict: v3 },
        Plane { name: "steve", verdict: plane(&Ask::Steve) },
        Plane { name: "ext", verdict: plane(&Ask::Ext) },
        Plane { name: "kubernetes", verdict: kubernetes },
    ]
}

fn overall(findings: &Findings<'_>, report: &DoctorReport) -> Verdict {
    if !report.server.reachable {
        return Verdict::Unreachable;
    }
    let silent = findings.seen.iter().all(|outcome| outcome.observation.accepted.is_none());
    let elses = match findings.error(&Ask::Global) {
        Some(error) => {
            matches!(error.kind(), ErrorKind::NotRancher | ErrorKind::NotFound | ErrorKind::Decode)
        }
        None => true,
    };
    // one that is in trouble or in a hurry may well be Rancher
    if report.server.version.is_none() && silent && elses {
        return Verdict::Misconfigured;
    }
    match report.credential.verdict {
        CredentialVerdict::Missing => Verdict::Misconfigured,
        CredentialVerdict::Refused => Verdict::Refused,
        CredentialVerdict::Undetermined => Verdict::Undetermined,
        CredentialVerdict::Valid => {
            let cluster = report.cluster.id.is_none() || report.cluster.verdict == ClusterVerdict::Reachable;
            let namespace =
                report.namespace.name.is_none() || report.namespace.verdict == NamespaceVerdict::Accessible;
            let rights = report.can_i.iter().all(|(_, allowed)| *allowed == Some(true));
            if cluster && namespace && rights { Verdict::Usable } else { Verdict::Limited }
        }
    }
}
