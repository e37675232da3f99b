//! What a `Status` of Kubernetes says beside its message: who owns a field, which disruption budget is in the way, and
//! why an object was not admitted.

use serde_json::Value;

use super::ForbiddenReason;
use crate::wire::redact;

/// More of them are no help.
const MOST_CAUSES: usize = 20;

/// The longest text of a cause that is kept, in characters.
const LONGEST: usize = 300;

/// One cause of a failure, credentials masked.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct StatusCause {
    /// `FieldManagerConflict`, `DisruptionBudget`, `FieldValueInvalid`.
    pub reason: String,
    /// The field, `.data.a`.
    pub field: String,
    /// The words for people.
    pub message: String,
}

impl StatusCause {
    /// The causes of a `Status`, the first twenty.
    pub(super) fn read(details: Option<&Value>) -> Vec<Self> {
        let causes = details.and_then(|details| details.get("causes")).and_then(Value::as_array);
        let text = |cause: &Value, field: &str| {
            let text = cause.get(field).and_then(Value::as_str).unwrap_or_default();
            redact(text).chars().take(LONGEST).collect::<String>()
        };
        let read = |cause| Self {
            reason: text(cause, "reason"),
            field: text(cause, "field"),
            message: text(cause, "message"),
        };
        causes.into_iter().flatten().take(MOST_CAUSES).map(read).collect()
    }

    /// What is wrong, and where.
    pub(super) fn in_words(&self) -> String {
        if self.field.is_empty() { self.message.clone() } else { format!("{}: {}", self.field, self.message) }
    }

    /// Whose a field is that somebody else applied, in words (recorded: kubernetes, `apply conflict`).
    pub(super) fn owner(&self) -> Option<String> {
        if self.reason != "FieldManagerConflict" {
            return None;
        }
        let owner = self.message.strip_prefix("conflict with ").unwrap_or(&self.message);
        Some(format!("{} belongs to {owner}", self.field))
    }
}

/// Whether it was refused because nobody may give rights that they do not have. Kubernetes says so itself (read in its
/// RBAC), and Rancher's webhook of its own roles and bindings (read in its source).
pub(crate) fn gives_too_much(words: &str) -> bool {
    words.to_ascii_lowercase().contains("attempting to grant rbac permissions not currently held")
}

/// What the words of an object that was not admitted say of the reason; nothing where they do not.
pub(crate) fn admission_reason(words: &str) -> Option<ForbiddenReason> {
    // a webhook that looks at rights speaks of rights
    if gives_too_much(words) {
        return Some(ForbiddenReason::Rbac);
    }
    let words = words.to_ascii_lowercase();
    let says = |part: &str| words.contains(part);
    // recorded, downstream.jsonl: "pods \"…\" is forbidden: exceeded quota: …", header true
    if says("exceeded quota") || says("failed quota") {
        Some(ForbiddenReason::Quota)
    } else if says("violates podsecurity") {
        Some(ForbiddenReason::PodSecurity)
    } else if says("admission webhook") || says("validatingadmissionpolicy") {
        Some(ForbiddenReason::Admission)
    } else if says("because it is being terminated") {
        Some(ForbiddenReason::Terminating)
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn owners_are_read_and_masked() {
        let details = json!({"causes": [
            {"reason": "FieldManagerConflict", "message": "conflict with \"one\"", "field": ".data.a"},
            {"reason": "FieldManagerConflict", "message": "conflict with \"curl\" using v1", "field": ".data.b"},
            {"reason": "FieldValueInvalid", "message": "token-abcde:s3cr3ts3cr3t", "field": "x"},
            {},
        ]});
        let causes = StatusCause::read(Some(&details));
        let owners: Vec<String> = causes.iter().filter_map(StatusCause::owner).collect();
        assert_eq!(owners, [".data.a belongs to \"one\"", ".data.b belongs to \"curl\" using v1"]);
        assert!(!format!("{causes:?}").contains("s3cr3t"), "{causes:?}");
        assert_eq!(causes.len(), 4);
        let many = json!({"causes": vec![json!({"message": "x".repeat(10_000)}); 1000]});
        let causes = StatusCause::read(Some(&many));
        assert_eq!((causes.len(), causes[0].message.len()), (MOST_CAUSES, LONGEST));
        assert_eq!(StatusCause::read(None), []);
    }
}
