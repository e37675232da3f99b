//! In which spelling names cross the border.

use serde::Deserialize;
use serde_json::Value;
use std::time::Duration;

/// In which spelling the shell's users write names that are ours: options, and the keys of what is no server object.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Naming {
    /// `page_size`
    #[default]
    Snake,
    /// `pageSize`
    Camel,
}

impl Naming {
    /// A name as the users of the shell write it.
    pub(crate) fn shown(self, name: &str) -> String {
        match self {
            Self::Snake => name.to_owned(),
            Self::Camel => camel(name),
        }
    }

    /// A span of time as the users of the shell count it: seconds, in camel case milliseconds.
    pub(crate) fn span(self, span: Duration) -> Value {
        match self {
            Self::Snake => span.as_secs_f64().into(),
            Self::Camel => (span.as_secs_f64() * 1000.0).into(),
        }
    }

    /// In what a span of time is given.
    pub(crate) fn unit(self) -> &'static str {
        match self {
            Self::Snake => "seconds",
            Self::Camel => "milliseconds",
        }
    }

    /// A value whose keys are all ours.
    pub(crate) fn value(self, value: Value) -> Value {
        match (self, value) {
            (Self::Camel, Value::Object(fields)) => {
                fields.into_iter().map(|(name, value)| (camel(&name), self.value(value))).collect()
            }
            (Self::Camel, Value::Array(items)) => items.into_iter().map(|item| self.value(item)).collect(),
            (_, value) => value,
        }
    }
}

fn camel(name: &str) -> String {
    let mut parts = name.split('_');
    let mut out = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let mut letters = part.chars();
        out.extend(letters.next().map(|first| first.to_ascii_uppercase()));
        out.push_str(letters.as_str());
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn keys_are_spelt_as_the_shell_spells_them() {
        let value = json!({"git_commit": "a_b", "list": [{"not_after": 1}], "plain": null});
        assert_eq!(Naming::Snake.value(value.clone()), value);
        let camel = json!({"gitCommit": "a_b", "list": [{"notAfter": 1}], "plain": null});
        assert_eq!(Naming::Camel.value(value), camel);
        assert_eq!(Naming::Camel.shown("not_projects_or_namespaces"), "notProjectsOrNamespaces");
        assert_eq!(Naming::Snake.shown("page_size"), "page_size");
    }
}
