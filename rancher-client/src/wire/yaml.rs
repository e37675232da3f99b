//! Reads YAML: the only file that knows which library does.

use serde::de::DeserializeOwned;

/// YAML that cannot be read, and where. It never repeats what it read: the files it is used for hold tokens.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum InvalidYaml {
    /// The text is no YAML, or not of the expected form, at this line and column (both from 1).
    #[error("it is not YAML of the expected form at line {line}, column {column}")]
    At {
        /// The line.
        line: u64,
        /// The column.
        column: u64,
    },
    /// As above, with no place known; limits on size and nesting end here too.
    #[error("it is not YAML of the expected form")]
    Somewhere,
}

/// Reads one YAML document (JSON is YAML too).
///
/// The library's budget bounds nesting and the expansion of aliases; bound the size of `text` before.
pub(crate) fn from_str<T: DeserializeOwned>(text: &str) -> Result<T, InvalidYaml> {
    // the library's messages and snippets quote the document, so only the place is taken from its error
    let options = serde_saphyr::options! {
        with_snippet: false,
        // the files read here have no use for aliases, and replaying a million takes seconds
        alias_limits: serde_saphyr::alias_limits! { max_total_replayed_events: 10_000 },
    };
    serde_saphyr::from_str_with_options(text, options).map_err(|error| match error.location() {
        Some(at) => InvalidYaml::At { line: at.line(), column: at.column() },
        None => InvalidYaml::Somewhere,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeMap;

    #[test]
    fn an_error_names_the_place_and_not_the_content() {
        let broken = "users:\n- name: a\n  user: {token: token-abcde:s3cr3t\nx: [\n";
        let error = from_str::<BTreeMap<String, serde_json::Value>>(broken).unwrap_err();
        assert!(error.to_string().contains("at line"), "{error}");
        assert!(!format!("{error} {error:?}").contains("s3cr3t"));
        let error = from_str::<BTreeMap<String, u32>>("token: s3cr3t\n").unwrap_err();
        assert!(matches!(error, InvalidYaml::At { line: 1, .. }), "{error:?}");
        assert!(!error.to_string().contains("s3cr3t"));
    }

    #[test]
    fn aliases_that_multiply_end_in_an_error() {
        let mut text = String::from("a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n");
        for level in 1..12 {
            let before = format!("*a{}", level - 1);
            let list = [before.as_str(); 10].join(", ");
            text.push_str(&format!("a{level}: &a{level} [{list}]\n"));
        }
        assert!(from_str::<serde_json::Value>(&text).is_err());
        let deep = "[".repeat(100_000);
        assert!(from_str::<serde_json::Value>(&deep).is_err());
    }
}
