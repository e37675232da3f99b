//! What to do about it, in words.

use super::findings::Findings;
use super::report::*;
use crate::error::{Cause, ErrorKind};
use crate::scope::{Confidence, KeyScope, TokenKind};

use super::ask::Ask;

/// From when on an expiry is worth a word, in days.
const SOON: i64 = 14;

pub(super) fn advice(findings: &Findings<'_>, report: &DoctorReport) -> Vec<String> {
    let mut lines = Vec::new();
    server(findings, report, &mut lines);
    if report.server.reachable {
        credential(findings, report, &mut lines);
        if report.credential.verdict == CredentialVerdict::Valid {
            cluster(findings, report, &mut lines);
            rights(report, &mut lines);
        }
    }
    lines
}

fn server(findings: &Findings<'_>, report: &DoctorReport, lines: &mut Vec<String>) {
    // without a credential the verdict is misconfigured too, and then the error is only that
    let not_rancher =
        report.verdict == Verdict::Misconfigured && report.credential.verdict != CredentialVerdict::Missing;
    if let Some(error) = findings.error(&Ask::Global)
        && (!report.server.reachable || not_rancher)
    {
        let advice = match error.kind() {
            // the transport speaks of its own settings, and here the options set the deadline
            ErrorKind::Timeout => "ask again with a longer timeout",
            _ => error.advice(),
        };
        let words = [error.summary(), advice].into_iter().filter(|words| !words.is_empty());
        lines.extend(words.map(str::to_owned));
    }
    if report.server.version.is_none() && report.server.reachable {
        lines.push(match findings.error(&Ask::Global) {
            // in trouble, or in a hurry: no reason to doubt that it is Rancher
            Some(error) if !matches!(error.kind(), ErrorKind::NotRancher | ErrorKind::NotFound | ErrorKind::Decode) => {
                format!("GET /rancherversion did not tell the version: {}", error.summary())
            }
            _ => "GET /rancherversion does not answer as Rancher does; check the URL and its path, and what stands in front of it".to_owned(),
        });
    }
    if let Some(tls) = &report.server.tls {
        if tls.trusted_by == "insecure" {
            lines.push("TLS is not verified: whoever sits on the way can read the token. Give the CA (ca_file, RANCHER_CA_BUNDLE) instead of insecure".to_owned());
        }
        match tls.days_left {
            Some(days) if days < 0 => lines.push("the server's certificate is past its time".to_owned()),
            Some(days) if days <= SOON => lines.push(format!("the server's certificate ends in {days} days")),
            _ => {}
        }
    }
    let silent = findings.seen.iter().all(|outcome| outcome.observation.accepted.is_none());
    if report.server.reachable && silent {
        lines.push("this server sends no X-API-Cattle-Auth, so what is said of the credential rests on the bodies alone and is weaker".to_owned());
    }
}

fn credential(findings: &Findings<'_>, report: &DoctorReport, lines: &mut Vec<String>) {
    let credential = &report.credential;
    let name = credential.name.as_deref().unwrap_or("the token");
    match credential.verdict {
        CredentialVerdict::Missing => {
            lines.push("no credential was given: set RANCHER_TOKEN, or give a token".to_owned())
        }
        CredentialVerdict::Refused => refused(credential, name, lines),
        CredentialVerdict::Undetermined if credential.kind == TokenKind::Jwt => {
            lines.push("a service account's JWT works through /k8s/clusters/<id> only, only where a ClusterProxyConfig with enabled: true exists in the cluster's namespace, and only while the cluster's agent is connected".to_owned());
            match credential.expires_at {
                Some(end) if end < findings.now => {
                    lines.push(format!("it says itself that it ended at {end}"))
                }
                _ if report.cluster.id.is_none() => {
                    lines.push("say which cluster it is for (cluster)".to_owned())
                }
                _ => {}
            }
        }
        CredentialVerdict::Undetermined => undetermined(findings, credential, name, lines),
        CredentialVerdict::Valid => valid(findings, report, name, lines),
    }
}

fn refused(credential: &CredentialReport, name: &str, lines: &mut Vec<String>) {
    lines.push(match credential.causes.as_slice() {
        [Cause::Expired] => format!("{name} is past its time: make a new one"),
        [Cause::Deleted] => format!("{name} does not exist any more (or never did): make a new one"),
        [Cause::SwitchedOff] => format!("{name} is switched off: switch it on again, or make a new one"),
        [Cause::UserDisabled] => format!("the user of {name} is disabled: enable the user; the token itself may be fine"),
        [Cause::WrongSecret] => format!("{name} is alive, but its secret is another: it was mistyped or cut when it was copied"),
        [Cause::WrongSecret, rest @ ..] => {
            let user = if rest.contains(&Cause::UserDisabled) { "its user is disabled, " } else { "" };
            format!(
                "{name} is refused although its record lives: its secret was mistyped or cut when it was copied, {user}or its authentication provider is switched off. Compare the secret, and look at those, before you make a new one"
            )
        }
        _ if credential.confidence == Some(Confidence::Asserted) => {
            format!("if {name} is for what you say, it is dead (expired, deleted, switched off or mistyped, or its user is disabled). Make sure of that before you replace it")
        }
        _ if credential.confidence == Some(Confidence::Likely) => {
            format!("most likely {name} is dead (expired, deleted, switched off or mistyped, or its user is disabled). Make sure of that before you replace it: a witness would prove it")
        }
        _ => format!("{name} is dead (expired, deleted, switched off or mistyped, or its user is disabled): make a new one"),
    });
    if credential.confidence == Some(Confidence::Asserted) {
        lines.push(
            "this rests on what you say the key is for (key_is_for); a witness would prove it".to_owned(),
        );
    }
}

fn undetermined(findings: &Findings<'_>, credential: &CredentialReport, name: &str, lines: &mut Vec<String>) {
    if credential.causes.is_empty() {
        lines.push(format!("nothing that came back speaks of {name}: see to the server first"));
        return;
    }
    lines.push(format!(
        "{name} was accepted nowhere. Either it is dead (expired, deleted, switched off or mistyped), or it is alive and scoped to a cluster that was not asked: the server gives both the same answer. Do not rotate it yet"
    ));
    lines.push("what settles it: ask more clusters that it may be scoped to (also); say what the key is for, if you know (key_is_for); or give a witness, an unscoped key of the same user or an administrator's, which looks its name up".to_owned());
    if let Some(lookup) = &findings.lookup {
        lines.push(lookup.note.clone());
    }
    if credential.kind == TokenKind::Ext {
        lines.push("a token of ext.cattle.io is not confined to a cluster on the servers that were recorded, which makes the first more likely".to_owned());
    }
}

fn valid(findings: &Findings<'_>, report: &DoctorReport, name: &str, lines: &mut Vec<String>) {
    let credential = &report.credential;
    match (&credential.scope, &report.cluster.id) {
        (Some(KeyScope::Cluster(home)), Some(asked)) if home != asked => lines.push(format!(
            "{name} is alive and scoped to {home}; it does not reach {asked}. Do not rotate it: use a key scoped to {asked}, or one without a scope"
        )),
        (Some(KeyScope::Cluster(home)), _) => lines.push(format!(
            "{name} is scoped to {home}: /v3/clusters, /v3/projects, /v3/tokens and /v1 answer it with 401, which does not mean that it is broken"
        )),
        _ => {}
    }
    if credential.confidence == Some(Confidence::Likely) && credential.kind != TokenKind::Jwt {
        let silent = findings.seen.iter().all(|outcome| outcome.observation.accepted.is_none());
        lines.push(if silent {
            "its scope is likely and cannot be proven on a server without X-API-Cattle-Auth".to_owned()
        } else {
            "its scope is likely, not proven: a question that would prove it was not answered".to_owned()
        });
    }
    expiry(findings, credential, name, lines);
    if credential.kind == TokenKind::Ext {
        lines.push("a token of ext.cattle.io reaches everything its user may, whatever cluster it names: it is no scoped key".to_owned());
    }
}

/// A word when the end is near, or when the variable that people set by hand says something else.
fn expiry(findings: &Findings<'_>, credential: &CredentialReport, name: &str, lines: &mut Vec<String>) {
    let days_until = |end: jiff::Timestamp| (end.as_second() - findings.now.as_second()).div_euclid(86_400);
    let said = findings.connection.config().hints.token_expires;
    if let Some(end) = credential.expires_at {
        let days = days_until(end);
        if days <= SOON {
            lines.push(format!("{name} ends in {days} days: make a new one in time"));
        }
        // what people write down is a day
        if let Some(said) = said
            && (said.earliest().as_second() - end.as_second()).abs() > 2 * 86_400
        {
            lines.push(format!(
                "RANCHER_TOKEN_EXPIRES says {said}, the server says {end}: correct the variable"
            ));
        }
    } else if let Some(said) = said {
        let days = days_until(said.earliest());
        lines.push(match days {
            ..0 => format!(
                "RANCHER_TOKEN_EXPIRES says that {name} ended {} days ago, yet the server accepts it: correct the variable",
                -days
            ),
            _ => format!("{name} ends in {days} days, if RANCHER_TOKEN_EXPIRES is right"),
        });
    }
}

fn cluster(findings: &Findings<'_>, report: &DoctorReport, lines: &mut Vec<String>) {
    let Some(id) = &report.cluster.id else { return };
    let version = Ask::Version(id.clone());
    let sure = findings.the_road_says_why(id);
    let timed_out = findings.error(&version).is_some_and(|error| error.kind() == ErrorKind::Timeout);
    match report.cluster.verdict {
        ClusterVerdict::NoAccess => lines.push(format!(
            "the key is fine, but its user has no role in {id} (or there is no such cluster): have the user made a member"
        )),
        ClusterVerdict::Unavailable => {
            let likely = if sure { "" } else { "most likely " };
            lines.push(format!("{likely}{id} has not connected to Rancher yet: run its registration command in it"));
        }
        ClusterVerdict::Disconnected => {
            let (likely, why) = if sure {
                ("", "")
            } else {
                ("most likely ", " (the cluster itself did not say so, Rancher does)")
            };
            lines.push(format!(
                "{likely}the agent of {id} is not connected{why}: look at cattle-cluster-agent in it, and at its way to Rancher. The key is not the trouble"
            ));
        }
        ClusterVerdict::NotFound => lines.push(format!("there is no cluster {id}; a cluster's display name is not its id")),
        ClusterVerdict::Reachable if timed_out => {
            lines.push(format!("{id} answered some questions, and GET /version not in time: it may be busy"));
        }
        ClusterVerdict::Unknown if timed_out => lines.push(format!(
            "{id} did not answer in time, while Rancher did. A cluster that has just lost its agent takes up to 35 s to say so: ask again with a timeout of 40 s"
        )),
        _ => {}
    }
    if let Some(name) = &report.namespace.name
        && report.cluster.verdict == ClusterVerdict::Reachable
    {
        match report.namespace.verdict {
            NamespaceVerdict::NoAccess => lines.push(format!(
                "the user may not read the namespace {name} (or there is none): have it added to a project that the user is a member of"
            )),
            NamespaceVerdict::NotFound => lines.push(format!("there is no namespace {name} in {id}")),
            _ => {}
        }
    }
}

fn rights(report: &DoctorReport, lines: &mut Vec<String>) {
    let denied: Vec<String> = report
        .can_i
        .iter()
        .filter(|(_, allowed)| *allowed == Some(false))
        .map(|(right, _)| right.to_string())
        .collect();
    if !denied.is_empty() {
        lines.push(format!(
            "the user may not: {}. That is a matter of roles, not of the key",
            denied.join(", ")
        ));
    }
    if report.can_i.iter().any(|(_, allowed)| allowed.is_none()) {
        lines.push("the cluster did not answer every question about a right".to_owned());
    }
}
