//! The report for people.

use std::fmt::{self, Write as _};

use super::report::*;
use crate::scope::KeyScope;

/// Colours are the caller's choice: they belong on a terminal only.
#[derive(Clone, Copy)]
struct Paint(bool);

impl Paint {
    fn verdict(self, word: &str) -> String {
        let code = match word {
            "usable" | "valid" | "reachable" | "accessible" | "yes" => "32",
            "refused" | "unreachable" | "misconfigured" | "missing" | "no" => "31",
            "unknown" | "absent" => "2",
            _ => "33",
        };
        if self.0 { format!("\u{1b}[{code}m{word}\u{1b}[0m") } else { word.to_owned() }
    }
}

impl DoctorReport {
    /// The report as lines of text, with ANSI colours if asked.
    pub fn to_text(&self, colours: bool) -> String {
        let mut out = String::new();
        // writing to a string cannot fail
        let _ = self.write(&mut out, Paint(colours));
        out
    }

    fn write(&self, out: &mut String, paint: Paint) -> fmt::Result {
        let row = |out: &mut String, name: &str, text: &str| writeln!(out, "{name:<11} {text}");
        let version =
            self.server.version.as_ref().map(|version| format!(", Rancher {version}")).unwrap_or_default();
        let reach = if self.server.reachable { "reachable" } else { "unreachable" };
        row(out, "server", &format!("{} {}{version}", self.server.url, paint.verdict(reach)))?;
        if let Some(tls) = &self.server.tls {
            row(out, "tls", &tls_line(tls))?;
        }
        row(out, "credential", &credential_line(&self.credential, paint))?;
        for line in &self.credential.because {
            row(out, "", line)?;
        }
        match (&self.credential.expires_at, &self.credential.expiry_note) {
            (Some(end), _) => row(out, "expires", &end.to_string())?,
            (None, Some(note)) => row(out, "expires", note)?,
            (None, None) => {}
        }
        if let Some(who) = &self.whoami {
            let username = who.username.as_ref().map(|name| format!(" ({name})")).unwrap_or_default();
            row(out, "user", &format!("{}{username}", who.user))?;
        }
        let planes: Vec<String> = self
            .planes
            .iter()
            .map(|plane| format!("{} {}", plane.name, paint.verdict(plane.verdict.as_str())))
            .collect();
        row(out, "planes", &planes.join(" · "))?;
        if let Some(id) = &self.cluster.id {
            row(out, "cluster", &format!("{id} {}", paint.verdict(self.cluster.verdict.as_str())))?;
        }
        if let Some(name) = &self.namespace.name {
            row(out, "namespace", &format!("{name} {}", paint.verdict(self.namespace.verdict.as_str())))?;
        }
        if !self.can_i.is_empty() {
            let word = |allowed: Option<bool>| match allowed {
                Some(true) => "yes",
                Some(false) => "no",
                None => "unknown",
            };
            let rights: Vec<String> = self
                .can_i
                .iter()
                .map(|(right, allowed)| format!("{right} {}", paint.verdict(word(*allowed))))
                .collect();
            row(out, "can-i", &rights.join(" · "))?;
        }
        row(out, "verdict", &paint.verdict(self.verdict.as_str()))?;
        for line in &self.advice {
            row(out, "advice", line)?;
        }
        for probe in &self.probes {
            row(out, "probe", &probe.to_string())?;
        }
        Ok(())
    }
}

fn tls_line(tls: &TlsSummary) -> String {
    let trust = if tls.verified {
        format!("trusted by {}", tls.trusted_by)
    } else {
        format!("not verified ({})", tls.trusted_by)
    };
    let problem = tls.problem.as_ref().map(|problem| format!(", {problem}")).unwrap_or_default();
    let end = match (tls.not_after, tls.days_left) {
        (Some(end), Some(days)) => format!(", ends {end} ({days} days)"),
        _ => String::new(),
    };
    let print = tls.sha256.as_ref().map(|print| format!(", sha256 {print}")).unwrap_or_default();
    format!("{trust}{problem}{end}{print}")
}

fn credential_line(credential: &CredentialReport, paint: Paint) -> String {
    let name = credential.name.as_deref().unwrap_or("-");
    let mut line = format!("{} {name} {}", credential.kind, paint.verdict(credential.verdict.as_str()));
    match &credential.scope {
        Some(KeyScope::Global) => line.push_str(", global"),
        Some(KeyScope::Cluster(id)) => {
            line.push_str(", scoped to ");
            line.push_str(id.as_str());
        }
        None => {}
    }
    if let Some(confidence) = credential.confidence {
        line.push_str(&format!(" ({confidence})"));
    }
    if !credential.causes.is_empty() {
        let causes: Vec<&str> = credential.causes.iter().map(|cause| cause.as_str()).collect();
        line.push_str(&format!(": {}", causes.join(" or ")));
    }
    line
}

impl fmt::Display for DoctorReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.to_text(false))
    }
}
