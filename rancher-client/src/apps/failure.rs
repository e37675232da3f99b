//! Why Helm failed, from what it wrote, without the values that it was given.

use futures_util::TryStreamExt as _;

use super::AppOperation;
use super::operation::OperationStatus;
use super::values::Masked;
use crate::error::{Error, ErrorKind, ForbiddenReason, admission_reason};
use crate::proxy::{LogForm, LogLines};

/// As many of the last lines as an error shows.
const LINES: u64 = 12;

/// How Helm's error begins.
const ERROR: &str = "Error: ";

/// What kind of error it is, from Helm's words for it.
fn kind_of(said: &str) -> (ErrorKind, Option<ForbiddenReason>, &'static str) {
    let lower = said.to_ascii_lowercase();
    let says = |words: &str| lower.contains(words);
    let by_rights = says("forbidden: user").then_some(ForbiddenReason::Rbac);
    if let Some(reason) = admission_reason(said).or(by_rights) {
        let advice = match reason {
            ForbiddenReason::Rbac => {
                "an operation has the rights of who began it: the user lacks one for what the chart makes"
            }
            _ => "change what the message names, or have the rule changed",
        };
        return (ErrorKind::Forbidden, Some(reason), advice);
    }
    if says("cannot re-use a name that is still in use") {
        return (ErrorKind::AlreadyExists, None, "upgrade the release, or uninstall it first");
    }
    if says("another operation (install/upgrade/rollback) is in progress") {
        return (ErrorKind::Conflict, None, "wait for the other operation, then try again");
    }
    if says("timed out waiting") || says("context deadline exceeded") {
        return (
            ErrorKind::Timeout,
            None,
            "look at what did not become ready: its pods, their events and logs",
        );
    }
    (
        ErrorKind::Invalid,
        None,
        "change the values or the chart as the lines say; a release that failed can be there still",
    )
}

impl AppOperation {
    /// The error of an operation that failed, with the last lines of its log.
    pub(super) async fn failure(&self, status: &OperationStatus) -> Error {
        let masked = self.known_values(status).await;
        let (lines, unread) = match self.last_lines(&masked).await {
            Ok(lines) => (lines, None),
            Err(error) => (Vec::new(), Some(format!("its log could not be read ({})", error.kind()))),
        };
        let said = lines.iter().rev().find(|line| line.starts_with(ERROR)).or(lines.last());
        let said = said.map(|line| line.strip_prefix(ERROR).unwrap_or(line));
        let (kind, reason, advice) = kind_of(said.unwrap_or_default());
        let action = if status.action.is_empty() { "operation" } else { &status.action };
        let what = format!("the {action} of the release {} in {} failed", status.release, status.namespace);
        let summary = match said {
            Some(said) => format!("{what}: {said}"),
            None => format!("{what}: {}", masked.line(&status.message)),
        };
        Error::new(kind, summary, advice)
            .with_reason(reason)
            .with_because(lines.into_iter().chain(unread).chain([format!("operation {}", self.id)]))
    }

    /// The values that must not be shown: those that were given here, or those of Helm's record, which has them also
    /// where it failed. Where neither is known, nothing that stands in quotes is shown.
    async fn known_values(&self, status: &OperationStatus) -> Masked {
        if self.masked.is_whole() {
            return self.masked.clone();
        }
        let (namespace, release) = (status.namespace.as_str(), status.release.as_str());
        let read = async {
            let app = self.apps.read("apps.wait", namespace, release).await?;
            let found = self.apps.release_of("apps.wait", namespace, release).await?;
            self.apps.values_of("apps.wait", &app, namespace, &found).await.map(|values| (values, found))
        };
        match read.await {
            // a record of the revision that failed has the values that were given for it
            Ok((values, found)) if found.current.number == found.newest => Masked::all_of(&values),
            // those of another revision are masked, and may not be all
            Ok((values, _)) => Masked::all_of(&values).not_whole(),
            Err(_) => Masked::default(),
        }
    }

    async fn last_lines(&self, masked: &Masked) -> crate::error::Result<Vec<String>> {
        let operation = self.clone();
        let form = LogForm { stamped: false, terminal: true };
        let lines = LogLines::of("apps.wait", form, async move {
            operation.open_log("apps.wait", false, Some(LINES)).await
        });
        let lines: Vec<_> = lines.try_collect().await?;
        let shown = lines.iter().map(|line| masked.line(line.text().trim()));
        Ok(shown.filter(|line| !line.is_empty()).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn helms_words_are_understood() {
        for (said, kind, reason) in [
            (
                "INSTALLATION FAILED: pods \"x\" is forbidden: exceeded quota: default-abc, requested: pods=1",
                ErrorKind::Forbidden,
                Some(ForbiddenReason::Quota),
            ),
            (
                "INSTALLATION FAILED: clusterroles.rbac.authorization.k8s.io is forbidden: User \"u-abc\" cannot create",
                ErrorKind::Forbidden,
                Some(ForbiddenReason::Rbac),
            ),
            (
                "INSTALLATION FAILED: cannot re-use a name that is still in use",
                ErrorKind::AlreadyExists,
                None,
            ),
            (
                "UPGRADE FAILED: another operation (install/upgrade/rollback) is in progress",
                ErrorKind::Conflict,
                None,
            ),
            ("INSTALLATION FAILED: timed out waiting for the condition", ErrorKind::Timeout, None),
            ("INSTALLATION FAILED: context deadline exceeded", ErrorKind::Timeout, None),
            ("UPGRADE FAILED: template: web/templates/x.yaml:3: nil pointer", ErrorKind::Invalid, None),
            ("", ErrorKind::Invalid, None),
        ] {
            let (found, why, _) = kind_of(said);
            assert_eq!((found, why), (kind, reason), "{said}");
        }
    }
}
