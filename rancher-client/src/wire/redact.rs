//! Takes credentials out of text that came from elsewhere before anybody sees it.

use std::borrow::Cow;

/// What stands in the place of a secret.
pub(crate) const MASK: &str = "***";

/// Masks whatever looks like a Rancher credential, a bearer value, a JWT or a login in a URL in `text`.
///
/// Messages of servers, proxies and libraries can echo what they were sent. Names stay readable, secrets do not:
/// `token-abcde:…` becomes `token-abcde:***`, `Bearer …` becomes `Bearer ***`, a three-part JWT becomes `***`.
pub fn redact(text: &str) -> Cow<'_, str> {
    // most texts hold none of what every form of a credential has, and need no copy
    if !text.contains(['-', '=', '@']) && !text.contains("eyJ") && !contains_scheme(text) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len());
    let mut mask_next = false;
    let mut changed = false;
    let mut rest = text;
    while !rest.is_empty() {
        let end = rest.find(is_boundary).unwrap_or(rest.len());
        let (word, tail) = rest.split_at(end);
        if !word.is_empty() {
            match masked(word, mask_next) {
                Some(mask) => {
                    out.push_str(&mask);
                    changed = true;
                }
                None => out.push_str(word),
            }
            mask_next = word.eq_ignore_ascii_case("bearer") || word.eq_ignore_ascii_case("basic");
        }
        let gap = tail.find(|c| !is_boundary(c)).unwrap_or(tail.len());
        let (boundary, next) = tail.split_at(gap);
        out.push_str(boundary);
        // `Bearer: x` and `Bearer="x"` still announce a secret; a full stop or a line break ends the announcement
        if boundary.contains(['.', '\n', ';']) {
            mask_next = false;
        }
        rest = next;
    }
    if changed { Cow::Owned(out) } else { Cow::Borrowed(text) }
}

/// Whether this is a credential and nothing else, given where an id or a name belongs.
pub(crate) fn is_credential(text: &str) -> bool {
    // an object of the namespace `token-service` looks like one: `token-service:app-config`. A secret is longer, in one
    // piece, and holds digits; Rancher's have 54 characters
    let is_secret = |part: &str| part.len() >= LEAST_SECRET && part.chars().any(|c| c.is_ascii_digit());
    let mut parts = text.split(|c: char| !c.is_ascii_alphanumeric());
    parts.any(is_secret) && !text.chars().any(char::is_whitespace) && redact(text) != text
}

/// What is shorter may be a part of a name: the hash of a pod has 10 characters.
const LEAST_SECRET: usize = 16;

fn contains_scheme(text: &str) -> bool {
    let lower = text.to_ascii_lowercase();
    lower.contains("bearer") || lower.contains("basic")
}

fn is_boundary(c: char) -> bool {
    c.is_whitespace()
        || matches!(
            c,
            '"' | '\'' | '`' | ',' | ';' | '<' | '>' | '(' | ')' | '{' | '}' | '[' | ']' | '&' | '\\'
        )
}

/// The masked form of one word, or nothing if it may be shown.
fn masked(word: &str, announced: bool) -> Option<String> {
    let bare = word.trim_end_matches(['.', '!', '?']);
    if let Some(mask) = masked_key(bare) {
        return Some(mask);
    }
    if is_jwt(bare) || announced && bare.len() >= 8 && !bare.ends_with(':') {
        return Some(MASK.to_owned());
    }
    // `https://ann:password@host/?token=secret` holds two
    let without_login = masked_login(bare);
    masked_value(without_login.as_deref().unwrap_or(bare)).or(without_login)
}

/// `token=secret` and `R_SESS=token-x:secret`
fn masked_value(word: &str) -> Option<String> {
    let (name, value) = word.split_once('=')?;
    if let Some(mask) = masked_key(value) {
        return Some(format!("{name}={mask}"));
    }
    let lower = name.to_ascii_lowercase();
    let secret =
        ["token", "secret", "password", "r_sess", "authorization"].iter().any(|word| lower.ends_with(word));
    // a path is shown with `…` for every value of its query: that one is hidden already
    (secret && !matches!(value, "" | "…")).then(|| format!("{name}={MASK}"))
}

/// `token-abcde:secret` in any of its forms, wherever it starts in the word.
fn masked_key(word: &str) -> Option<String> {
    let start = ["token-", "kubeconfig-"].iter().filter_map(|prefix| word.find(prefix)).min()?;
    let colon = word.get(start..)?.find(':')? + start;
    let secret = word.get(colon + 1..)?;
    (!secret.is_empty()).then(|| format!("{}:{MASK}", word.get(..colon).unwrap_or_default()))
}

/// `https://ann:password@host` and `ann:password@host`. An image, `web:1.0@sha256:…`, is none.
fn masked_login(word: &str) -> Option<String> {
    let (scheme, rest) = match word.find("://") {
        Some(at) => word.split_at(at + 3),
        None => ("", word),
    };
    let authority = rest.find(['/', '?', '#']).map_or(rest, |end| rest.split_at(end).0);
    let (login, _) = authority.rsplit_once('@')?;
    let host = rest.get(login.len()..)?;
    let is_login = !scheme.is_empty() || login.contains(':') && !host.starts_with("@sha256");
    is_login.then(|| format!("{scheme}{MASK}{host}"))
}

fn is_jwt(word: &str) -> bool {
    let start = word.find("eyJ").and_then(|at| word.get(at..)).unwrap_or_default();
    let mut parts = start.split('.');
    let long = |part: Option<&str>| part.is_some_and(|part| part.len() >= 8);
    long(parts.next()) && long(parts.next())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn masks_every_form_of_a_key() {
        let cases = [
            ("token-abcde:s3cr3ts3cr3t is bad", "token-abcde:*** is bad"),
            ("ext/token-abcde:s3cr3t", "ext/token-abcde:***"),
            ("kubeconfig-u-x.c-y:s3cr3t", "kubeconfig-u-x.c-y:***"),
            ("Authorization: Bearer token-a:b", "Authorization: Bearer token-a:***"),
            ("Authorization: Basic dG9rZW4tYTpi", "Authorization: Basic ***"),
            ("bearer eyJhbGciOiJ.eyJzdWIiOiJ.c2lnbmF0dXJl", "bearer ***"),
            ("jwt eyJhbGciOiJ.eyJzdWIiOiJ.c2lnbmF0dXJl.", "jwt ***"),
            ("Cookie: R_SESS=token-a:bcdef", "Cookie: R_SESS=token-a:***"),
            ("https://h/?token=abcdef&x=1-2", "https://h/?token=***&x=1-2"),
            ("password=abcdef", "password=***"),
            ("proxy http://ann:pass@proxy:3128/ refused", "proxy http://***@proxy:3128/ refused"),
            ("https://s3cr3t@h", "https://***@h"),
            ("https://ann:pass@h/?token=abcdef", "https://***@h/?token=***"),
            ("ann:p@ss@host", "***@host"),
            ("\"token-a:b\",\"c-1\"", "\"token-a:***\",\"c-1\""),
        ];
        for (text, expected) in cases {
            assert_eq!(redact(text), expected);
        }
    }

    #[test]
    fn leaves_the_rest_alone() {
        let texts = [
            "clusters.management.cattle.io \"c-prod1\" is forbidden: User \"u-8nh4v\" cannot get",
            "token-abcde is expired",
            "the bearer of bad news",
            "",
            "c-x:p-y",
            "/v3/clusters?token=…",
            "image registry.example.com/web:1.0@sha256:0123 or web:1.0@sha256:0123",
            "ann@example.com, https://h.example/@scope/x",
        ];
        for text in texts {
            assert!(matches!(redact(text), Cow::Borrowed(_)), "{text}: {}", redact(text));
        }
    }
}
