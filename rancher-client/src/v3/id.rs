//! Ids in paths.

use rancher_types::info::TypeInfo;

use crate::error::{Error, Result};
use crate::wire::is_credential;

/// Kubernetes names are no longer; an id is a name, or a namespace and a name.
const LONGEST_NAME: usize = 253;

/// Refuses what is a whole credential: it is neither sent nor shown.
///
/// A credential has no white space; text in which one stands among other words is only never shown.
pub(crate) fn check_no_credential(text: &str) -> Result<()> {
    if is_credential(text) {
        return Err(Error::invalid(
            "that is a whole token, not an id or a name",
            "the id of a token is the part before its colon; treat the token as one that was shown, if it was",
        ));
    }
    Ok(())
}

/// Checks the id of an object before it becomes part of a path.
pub(crate) fn check_id(info: Option<&'static TypeInfo>, collection: &str, id: &str) -> Result<()> {
    // what looks like a credential is neither sent nor shown; ids of tokens are the part before the colon
    check_no_credential(id)?;
    if info.is_some_and(|info| info.id == "token") && id.contains(':') {
        return Err(Error::invalid(
            "that is a whole token, not an id",
            "the id of a token is the part before its colon; treat the token as one that was shown, if it was",
        ));
    }
    let shown: String = id.chars().take(60).filter(|c| !c.is_control()).collect();
    let wrong = |problem: &str, advice: &str| {
        Err(Error::invalid(format!("{shown:?} is no id of {collection}: {problem}"), advice.to_owned()))
    };
    if id.is_empty() {
        return wrong("it is empty", "");
    }
    if id.chars().any(char::is_control) {
        return wrong("it holds control characters", "");
    }
    // recorded: principals are `local://user-abcde`
    if info.is_some_and(|info| info.id == "principal") {
        return match id.len() > 2 * LONGEST_NAME {
            true => wrong("it is too long", ""),
            false => Ok(()),
        };
    }
    let mut parts = 0;
    for part in id.split(':') {
        parts += 1;
        if part.is_empty() {
            return wrong("a part of it is empty", "");
        }
        if part == "." || part == ".." {
            return wrong("a part of it is . or ..", "");
        }
        if part.len() > LONGEST_NAME {
            return wrong("it is longer than a name can be, 253 characters", "");
        }
    }
    // recorded: workloads are `deployment:shop-web:web`
    if parts > 3 {
        return wrong(
            "it has more than three parts",
            "an id is a name, a namespace and a name (c-xxxxx:p-xxxxx), or a kind, a namespace and a name",
        );
    }
    if id.contains(['/', '\\', '?', '#', '%']) {
        return wrong("it holds characters that no id has", "give the id alone, not a path or a URL");
    }
    if id.chars().any(char::is_whitespace) {
        return wrong("it holds white space", "to look an object up by its name, use find");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_that_lead_elsewhere_are_refused() {
        let long = "a".repeat(300);
        for (id, words) in [
            ("", "empty"),
            ("a/b", "characters that no id has"),
            ("../clusters", "characters that no id has"),
            ("..", "is . or .."),
            ("c-1:..", "is . or .."),
            ("c-1:", "a part of it is empty"),
            ("a:b:c:d", "more than three parts"),
            ("a\nb", "control characters"),
            ("a\u{7f}", "control characters"),
            ("a%2fb", "characters that no id has"),
            ("a?action=x", "characters that no id has"),
            ("my project", "use find"),
            (&long, "253"),
        ] {
            let error = check_id(None, "projects", id).unwrap_err();
            assert_eq!(error.kind(), crate::ErrorKind::Invalid);
            assert!(error.to_string().contains(words), "{id:?}: {error}");
            assert!(error.to_string().len() < 300, "{error}");
        }
        for id in [
            "local",
            "c-prod1:p-abcde",
            "deployment:shop-web:web",
            "token-service:app-config",
            "agent-tls-mode",
            "system-library",
            "u-abc.def",
            "A_b",
        ] {
            check_id(None, "projects", id).unwrap();
        }
    }
}
