//! `docs/errors.md` is written from the kinds themselves and the table below. The test compares the committed file;
//! `UPDATE_DOCS=1 cargo test -p rancher-tests errors_doc` writes it.

use rancher_client::error::{Cause, ErrorKind, ForbiddenReason};
use std::fmt::Write;
use std::path::Path;

/// Whether the same request may succeed later without any change.
#[derive(Clone, Copy)]
enum Again {
    No,
    Yes,
    /// It depends, on this.
    Sometimes(&'static str),
}

impl Again {
    fn words(self) -> String {
        match self {
            Again::No => "No.".to_owned(),
            Again::Yes => "Yes.".to_owned(),
            Again::Sometimes(when) => format!("Sometimes: {when}."),
        }
    }
}

/// What a kind means, whether to try again, what to do.
struct Kind {
    kind: ErrorKind,
    meaning: &'static str,
    again: Again,
    to_do: &'static str,
}

const KINDS: &[Kind] = &[
    Kind {
        kind: ErrorKind::TokenRefused,
        meaning: "The credential is dead: it expired, was deleted or switched off, was mistyped, or its user is disabled. It \
                  is said only where a living key would have been accepted, because the key was accepted there before, or \
                  what it is scoped to is known.",
        again: Again::No,
        to_do: "Make a new token. To learn which of the causes it is, look the token's name up with another credential of \
                the same user, or an administrator's.",
    },
    Kind {
        kind: ErrorKind::OutOfScope,
        meaning: "The credential is scoped to a cluster, and what was asked is not that cluster's. There is nothing wrong \
                  with it. When the scope was known beforehand, nothing was sent.",
        again: Again::No,
        to_do: "Do not rotate it. Use a key without a scope, or one of the cluster that was asked, or ask for something \
                of the key's own cluster; `scoped_to` names it where it is known.",
    },
    Kind {
        kind: ErrorKind::Undetermined,
        meaning: "The credential was not accepted there, and the evidence leaves more than one cause: dead, or scoped to \
                  another cluster. Rancher answers both with the very same bytes. `causes` holds all that remain.",
        again: Again::No,
        to_do: "Let probes find out (they are on unless the configuration turns them off), ask a cluster that the key may \
                be scoped to, say what the key is for, or look its name up with another credential. Do not treat it as a \
                dead key.",
    },
    Kind {
        kind: ErrorKind::Unauthenticated,
        meaning: "The request was sent without a credential and one is needed, or a login was refused.",
        again: Again::No,
        to_do: "Give a token (`RANCHER_TOKEN`), or check user name, password and provider.",
    },
    Kind {
        kind: ErrorKind::Forbidden,
        meaning: "The credential was accepted, and the server refuses this to its user or refuses this object. `reason` says \
                  what stands behind it; only `rbac` is a missing right.",
        again: Again::No,
        to_do: "Look at `reason`, in the table below. A new token changes nothing.",
    },
    Kind {
        kind: ErrorKind::NotFound,
        meaning: "There is no such thing, or none that the user may see: Rancher answers 404 for some things that exist \
                  and may not be read.",
        again: Again::No,
        to_do: "Check the id, and the cluster. For `page not found`, check the path, with upper and lower case.",
    },
    Kind {
        kind: ErrorKind::Conflict,
        meaning: "Somebody else changed the object first, another field manager owns the field, or the version that a list \
                  went on from is too old.",
        again: Again::No,
        to_do: "Read the object again, apply the change to that, and send it again.",
    },
    Kind {
        kind: ErrorKind::AlreadyExists,
        meaning: "It exists already.",
        again: Again::No,
        to_do: "Use the one that exists, or another name.",
    },
    Kind {
        kind: ErrorKind::Invalid,
        meaning: "The server does not accept the content, or the client knows that it would not and has sent nothing. `field` \
                  names the field where the server does.",
        again: Again::No,
        to_do: "Correct what the message names.",
    },
    Kind {
        kind: ErrorKind::RateLimited,
        meaning: "Too many requests. The server turned this one away without acting on it.",
        again: Again::Yes,
        to_do: "Wait as long as `retry.after` says, and send fewer at a time. The client has tried again already, as far \
                as its deadline allowed.",
    },
    Kind {
        kind: ErrorKind::ClusterUnavailable,
        meaning: "Rancher answers, but the cluster does not: it never connected, or its agent is gone. It says nothing \
                  against the credential.",
        again: Again::No,
        to_do: "Never connected: run the cluster's registration command in it. Agent gone: look at `cattle-cluster-agent` \
                in the cluster and at its way to Rancher.",
    },
    Kind {
        kind: ErrorKind::Unavailable,
        meaning: "Rancher, or a proxy in front of it, is out of order.",
        again: Again::Sometimes(
            "a 502, 503 or 504 passes; a 500 is what the server makes of this very request",
        ),
        to_do: "Try again later. If it stays, look at the server's log, or at the proxy.",
    },
    Kind {
        kind: ErrorKind::NotRancher,
        meaning: "The answer is not Rancher's: a login page, a proxy, another program, or a redirect that leads away and is \
                  not followed.",
        again: Again::No,
        to_do: "Check the URL. Give the one under which Rancher's API answers, without a login portal before it.",
    },
    Kind {
        kind: ErrorKind::Timeout,
        meaning: "It took too long; the message says which of the limits ran out. What was sent may still take effect.",
        again: Again::Sometimes(
            "what changes nothing when it arrives twice was sent again already; of the rest, look first whether it \
             took effect",
        ),
        to_do: "Look at the network and the server's load, or allow more time in the configuration.",
    },
    Kind {
        kind: ErrorKind::Tls,
        meaning: "No trusted connection. `causes` says what is wrong with the certificate, and the evidence has its \
                  fingerprint. Nothing was sent.",
        again: Again::Sometimes(
            "a handshake that broke off may succeed, a certificate that is not trusted stays so",
        ),
        to_do: "Unknown issuer: give the CA (`RANCHER_CA_CERTS`, `RANCHER_CA_BUNDLE`). Wrong host: use the name in the \
                certificate. Expired: have it renewed. Turning verification off gives the credential to whoever answers.",
    },
    Kind {
        kind: ErrorKind::Connect,
        meaning: "There was no connection, or it broke.",
        again: Again::Sometimes(
            "what changes nothing when it arrives twice was sent again already; so was everything of which \
             no byte was sent",
        ),
        to_do: "Check the host name, the port, the proxy settings and whether a VPN is needed.",
    },
    Kind {
        kind: ErrorKind::Decode,
        meaning: "The answer cannot be read: it was cut short, is too large, or is not what this call answers with.",
        again: Again::No,
        to_do: "Look for a proxy that changes answers. If the server is newer than the client, update the client.",
    },
    Kind {
        kind: ErrorKind::Config,
        meaning: "The configuration is wrong or incomplete. Nothing was sent.",
        again: Again::No,
        to_do: "The message names every place that was looked at, and what was missing or contradicted itself there.",
    },
    Kind {
        kind: ErrorKind::Unsupported,
        meaning: "This server does not offer it, or answered a change with a redirect (303) that does not keep the method.",
        again: Again::No,
        to_do: "Check the method and the server's version. After a 303, look whether the change was made.",
    },
    Kind {
        kind: ErrorKind::Cancelled,
        meaning: "The caller gave up. What was sent may still take effect.",
        again: Again::No,
        to_do: "Nothing, or ask again.",
    },
    Kind {
        kind: ErrorKind::PartlyDone,
        meaning: "A job of several steps stopped in the middle. The error says what is done, what is pending, and what was \
                  left behind.",
        again: Again::Sometimes("the job can be resumed once its cause is gone"),
        to_do: "Remove the cause, then resume the job; or undo what is done.",
    },
    Kind {
        kind: ErrorKind::Internal,
        meaning: "A defect of this client itself. What was asked may have been done.",
        again: Again::No,
        to_do: "Report it, with what was called.",
    },
];

const REASONS: &[(ForbiddenReason, &str, &str)] = &[
    (
        ForbiddenReason::Rbac,
        "The roles of the user do not allow it.",
        "Have a role bound to the user. A new binding takes a moment to work.",
    ),
    (
        ForbiddenReason::Quota,
        "It would exceed a quota of the namespace or the project.",
        "Free some of the quota, or have it raised.",
    ),
    (
        ForbiddenReason::Admission,
        "An admission webhook or policy denies it.",
        "Change what the message names.",
    ),
    (
        ForbiddenReason::PodSecurity,
        "It violates the Pod Security level of the namespace.",
        "Change the pod's security context, or use another namespace.",
    ),
    (
        ForbiddenReason::Terminating,
        "The namespace is being deleted.",
        "Wait until it is gone, or use another.",
    ),
    (
        ForbiddenReason::DisruptionBudget,
        "An eviction would leave fewer pods than a disruption budget demands (status 429). It is not sent again by itself.",
        "Try again when more of the budget's pods are healthy, or change the budget.",
    ),
    (
        ForbiddenReason::Unknown,
        "The server does not say, or its answer was cut short.",
        "Ask what the user may do: `can_i`.",
    ),
];

const CAUSES: &[(Cause, &str)] = &[
    (Cause::TokenRefused, "The credential is dead, for a reason that is not known."),
    (Cause::Expired, "It is past its time. The server's clock counts, not yours."),
    (Cause::Deleted, "It was deleted, or never existed."),
    (Cause::SwitchedOff, "It is switched off (`enabled: false`) and can be switched on again."),
    (Cause::WrongSecret, "A token of that name exists; the secret is another."),
    (
        Cause::UserDisabled,
        "Its user is disabled. All keys of that user are refused until the user is enabled again, and so is a login.",
    ),
    (Cause::OutOfScope, "It is scoped to a cluster that the request does not belong to."),
    (Cause::Missing, "No credential was sent."),
    (Cause::MissingRight, "The roles of the user do not allow it."),
    (
        Cause::NoProxyConfig,
        "The cluster takes tokens of service accounts only with an enabled `ClusterProxyConfig`, and has none.",
    ),
    (Cause::WrongPassword, "User name and password were refused."),
    (
        Cause::ProviderDisabled,
        "The server does not offer logging in by this provider: it is switched off, was never set up, or is unknown to it.",
    ),
    (
        Cause::ProviderFailed,
        "The provider could not look the user up: what Rancher goes by at the directory is refused there itself, or the \
         directory does not answer as it should.",
    ),
    (Cause::NeverConnected, "The cluster has not connected to Rancher yet."),
    (Cause::AgentGone, "The cluster's agent is not connected."),
    (
        Cause::NotRancher,
        "What stands before Rancher, a proxy or an ingress, may have refused it: the answer bears no mark of Rancher's.",
    ),
    (Cause::CertificateExpired, "The server's certificate is past its time, or not valid yet."),
    (Cause::CertificateWrongHost, "The server's certificate is for other host names."),
    (
        Cause::CertificateUnknownIssuer,
        "The server's certificate comes from an authority that is not trusted here.",
    ),
    (Cause::CertificateInvalid, "The server's certificate is bad in another way."),
];

const HEAD: &str = "# Errors

<!-- Written by a test from the kinds in rancher-client/src/error/kind.rs and the table in
     tests/behaviour/src/errors_doc.rs. To change it: UPDATE_DOCS=1 cargo test -p rancher-tests errors_doc -->

Every call fails with one type, `Error`. Its `kind` is one of the words below, the same in every language. Its text is
one line that says what went wrong and what to do next. `evidence()` shows how the conclusion came about, without
secrets, with the equivalent `curl`.

Three kinds speak of the credential. `confidence` says how far they are certain: `proven` (the evidence leaves no other
explanation), `asserted` (it holds if what you said of the key is true), `likely` (it fits best). Take a key out of use
only for a `token_refused` that is proven.

";

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn document() -> String {
    let mut out = HEAD.to_owned();
    out.push_str("## Kinds\n");
    for Kind { kind, meaning, again, to_do } in KINDS {
        let (meaning, again, to_do) = (one_line(meaning), one_line(&again.words()), one_line(to_do));
        writeln!(
            out,
            "\n### `{kind}`\n\n{meaning}\n\n- Worth trying again unchanged? {again}\n- What to do: {to_do}"
        )
        .unwrap();
    }
    out.push_str("\n## Reasons of `forbidden`\n\n| reason | meaning | what to do |\n|---|---|---|\n");
    for (reason, meaning, to_do) in REASONS {
        writeln!(out, "| `{reason}` | {} | {} |", one_line(meaning), one_line(to_do)).unwrap();
    }
    out.push_str(
        "\n## Causes\n\nWhat an error holds in `causes`: one, or all that remain possible.\n\n| cause | meaning |\n|---|---|\n",
    );
    for (cause, meaning) in CAUSES {
        writeln!(out, "| `{cause}` | {} |", one_line(meaning)).unwrap();
    }
    out
}

#[test]
fn errors_doc_has_every_kind_reason_and_cause() {
    assert_eq!(KINDS.iter().map(|entry| entry.kind).collect::<Vec<_>>(), ErrorKind::ALL);
    assert_eq!(REASONS.iter().map(|entry| entry.0).collect::<Vec<_>>(), ForbiddenReason::ALL);
    assert_eq!(CAUSES.iter().map(|entry| entry.0).collect::<Vec<_>>(), Cause::ALL);
}

#[test]
fn errors_doc_is_what_the_kinds_say() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/errors.md");
    let written = document();
    if std::env::var_os("UPDATE_DOCS").is_some() {
        std::fs::write(&path, &written).unwrap();
    }
    let committed = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(
        committed == written,
        "docs/errors.md is old: UPDATE_DOCS=1 cargo test -p rancher-tests errors_doc"
    );
}
