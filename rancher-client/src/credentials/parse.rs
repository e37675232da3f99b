//! Reads the text forms of credentials. No error here repeats what it was given.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use secrecy::SecretString;

use super::Credential;
use crate::error::{Error, Result};
use crate::scope::TokenKind;
use crate::wire::TokenName;

const FORMS: &str =
    "a token is token-xxxxx:<secret>, kubeconfig-…:<secret>, ext/token-xxxxx:<secret>, or a JWT";

fn wrong(problem: &str) -> Error {
    Error::config(format!("the token is not usable: {problem}"), FORMS)
}

pub(super) fn bearer(text: &str) -> Result<Credential> {
    let text = text.trim();
    let text = match text.get(..7) {
        Some(scheme) if scheme.eq_ignore_ascii_case("bearer ") => text.get(7..).unwrap_or_default().trim(),
        _ => text,
    };
    if text.is_empty() {
        return Err(wrong("it is empty"));
    }
    if text.get(..6).is_some_and(|scheme| scheme.eq_ignore_ascii_case("basic ")) {
        return Err(wrong("it is a Basic header; give the access key and the secret key apart"));
    }
    if let Some(problem) = bad_characters(text) {
        return Err(wrong(problem));
    }
    if text.contains("://") {
        return Err(wrong("it is a URL"));
    }
    match text.split_once(':') {
        Some((name, secret)) => named(name, secret, text),
        None if is_jwt(text) => {
            Ok(Credential { kind: TokenKind::Jwt, name: None, bearer: Some(SecretString::from(text)) })
        }
        None if text.parse::<TokenName>().is_ok() && looks_like_a_name(text) => {
            Err(wrong("it is only the name; the secret after the colon is missing"))
        }
        None => Err(wrong("it has no colon and is no JWT")),
    }
}

pub(super) fn key_pair(access_key: &str, secret_key: &str) -> Result<Credential> {
    let (access, secret) = (access_key.trim(), secret_key.trim());
    if access.is_empty() {
        return Err(wrong("the access key is empty"));
    }
    if secret.is_empty() {
        return Err(wrong("the secret key is empty"));
    }
    if access.contains(':') {
        return Err(wrong("the access key holds a colon; it is the part before it, token-xxxxx"));
    }
    // a secret key pasted as the whole bearer token is understood when both halves agree
    let secret = match secret.split_once(':') {
        Some((name, rest)) if name == access => rest,
        Some(_) => return Err(wrong("the secret key holds a colon; it is the part behind it")),
        None => secret,
    };
    if !looks_like_a_name(access) {
        return Err(wrong(
            "the access key is not the name of a token (token-xxxxx); Rancher takes no user name and password here",
        ));
    }
    if let Some(problem) = bad_characters(access).or_else(|| bad_characters(secret)) {
        return Err(wrong(problem));
    }
    named(access, secret, &format!("{access}:{secret}"))
}

fn named(name: &str, secret: &str, whole: &str) -> Result<Credential> {
    if secret.is_empty() {
        return Err(wrong("the secret after the colon is missing"));
    }
    if secret.contains(':') {
        return Err(wrong("it has more than one colon"));
    }
    if secret.bytes().all(|b| b == b'*') {
        return Err(wrong("its secret was masked by whatever showed it"));
    }
    if !looks_like_a_name(name) {
        // whatever stands before the colon is shown as the name, so a secret must not get there
        return Err(wrong(match looks_like_a_name(secret) {
            true => "the two halves are turned round; the name, token-xxxxx, comes before the colon",
            false => "the part before the colon is no token name (token-xxxxx)",
        }));
    }
    let name: TokenName =
        name.parse().map_err(|_| wrong("the part before the colon is no token name (token-xxxxx)"))?;
    let kind = match name.object_name() {
        _ if name.is_ext() => TokenKind::Ext,
        text if text.starts_with("kubeconfig-") => TokenKind::Kubeconfig,
        _ => TokenKind::V3,
    };
    Ok(Credential { kind, name: Some(name), bearer: Some(SecretString::from(whole)) })
}

/// Whether the text begins as the names of tokens do. A secret can be a valid name otherwise.
pub(crate) fn looks_like_a_name(text: &str) -> bool {
    let name = text.strip_prefix("ext/").unwrap_or(text);
    // what follows the first two are the tokens of Rancher's own parts (assumed)
    ["token-", "kubeconfig-", "agent-", "helm-token-", "compose-token-", "telemetry-"]
        .iter()
        .any(|start| name.starts_with(start))
}

fn bad_characters(text: &str) -> Option<&'static str> {
    if text.contains(['"', '\'']) {
        return Some("it holds quotation marks");
    }
    if text.contains(char::is_whitespace) {
        return Some("it holds white space in the middle");
    }
    if text.starts_with('$') || text.contains("${") || text.contains("<secret") {
        return Some("it is a placeholder that was never filled in");
    }
    text.chars().any(|c| !c.is_ascii_graphic()).then_some("it holds characters that no token has")
}

/// Three parts, the first of which is a JSON header.
fn is_jwt(text: &str) -> bool {
    let parts: Vec<&str> = text.split('.').collect();
    let [header, payload, signature] = parts.as_slice() else { return false };
    let decoded = URL_SAFE_NO_PAD.decode(header.trim_end_matches('='));
    let header = decoded.ok().and_then(|json| serde_json::from_slice::<serde_json::Value>(&json).ok());
    !payload.is_empty() && !signature.is_empty() && header.is_some_and(|header| header.get("alg").is_some())
}

/// The claim `exp` of a JWT, in seconds since 1970.
pub(super) fn expiry_of_jwt(text: &str) -> Option<jiff::Timestamp> {
    let payload = text.split('.').nth(1)?.trim_end_matches('=');
    let claims: serde_json::Value = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(payload).ok()?).ok()?;
    jiff::Timestamp::from_second(claims.get("exp")?.as_i64()?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const SECRET: &str = "s3cr3tvalues3cr3tvalue";

    #[test]
    fn every_form() {
        let jwt = "eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJ4In0.c2ln";
        let table = [
            (format!("token-abcde:{SECRET}"), TokenKind::V3, Some("token-abcde")),
            (format!(" Bearer token-abcde:{SECRET}\n"), TokenKind::V3, Some("token-abcde")),
            (
                format!("kubeconfig-u-d7h7v.local6nqsp:{SECRET}"),
                TokenKind::Kubeconfig,
                Some("kubeconfig-u-d7h7v.local6nqsp"),
            ),
            (format!("ext/token-abcde:{SECRET}"), TokenKind::Ext, Some("ext/token-abcde")),
            (jwt.to_owned(), TokenKind::Jwt, None),
        ];
        for (text, kind, name) in table {
            let credential = bearer(&text).unwrap();
            assert_eq!(credential.kind(), kind);
            assert_eq!(credential.name().map(ToString::to_string).as_deref(), name);
            assert!(!format!("{credential:?} {credential}").contains(SECRET));
        }
        let pair = key_pair("token-abcde", SECRET).unwrap();
        assert!(pair.same_as(&bearer(&format!("token-abcde:{SECRET}")).unwrap()));
        assert!(key_pair("token-abcde", &format!("token-abcde:{SECRET}")).unwrap().same_as(&pair));
    }

    #[test]
    fn a_jwt_says_when_it_ends() {
        let payload = URL_SAFE_NO_PAD.encode(r#"{"sub":"x","exp":1800000000}"#);
        let jwt = bearer(&format!("eyJhbGciOiJSUzI1NiJ9.{payload}.c2ln")).unwrap();
        assert_eq!(jwt.claimed_expiry().unwrap().as_second(), 1_800_000_000);
        assert_eq!(bearer("eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJ4In0.c2ln").unwrap().claimed_expiry(), None);
        assert_eq!(bearer(&format!("token-abcde:{SECRET}")).unwrap().claimed_expiry(), None);
    }

    #[test]
    fn what_is_wrong_is_said_and_not_shown() {
        let cases = [
            (String::new(), "empty"),
            ("token-abcde".into(), "only the name"),
            ("token-abcde:".into(), "secret after the colon is missing"),
            (format!("token-abcde:{SECRET}:x"), "more than one colon"),
            (format!("tok en-abcde:{SECRET}"), "white space"),
            (format!("\"token-abcde:{SECRET}\""), "quotation marks"),
            (format!("Basic {SECRET}"), "Basic header"),
            (SECRET.into(), "no colon"),
            ("token-abcde:***".into(), "masked"),
            ("${RANCHER_TOKEN}".into(), "placeholder"),
            (format!("https://x/{SECRET}"), "URL"),
            (format!("Token_A:{SECRET}"), "no token name"),
            (format!("{SECRET}:token-abcde"), "turned round"),
            (format!("{SECRET}:ext/token-abcde"), "turned round"),
            (format!("{SECRET}:{SECRET}"), "no token name (token-xxxxx)"),
            (format!("u-abcde:{SECRET}"), "no token name"),
            ("a.b.c".into(), "no JWT"),
        ];
        for (text, expected) in cases {
            let error = bearer(&text).unwrap_err();
            assert!(error.to_string().contains(expected), "{expected}: {error}");
            assert!(!format!("{error} {error:?}").contains(SECRET));
        }
        for (access, secret, expected) in [
            ("admin", SECRET, "no user name"),
            ("", SECRET, "access key is empty"),
            ("token-a", "", "secret key is empty"),
            ("token-a:b", SECRET, "colon"),
            (SECRET, "token-abcde", "the access key is not the name of a token"),
        ] {
            let error = key_pair(access, secret).unwrap_err();
            assert!(error.to_string().contains(expected), "{expected}: {error}");
            assert!(!format!("{error:?}").contains(SECRET));
        }
    }

    proptest! {
        #[test]
        fn no_error_repeats_what_it_was_given(text in "[ -~]{12,60}") {
            if let Err(error) = bearer(&text) {
                let shown = format!("{error} {error:?}");
                prop_assert!(!shown.contains(text.trim()));
            }
        }

        /// Digits and capitals, so that no piece is a word of the message.
        #[test]
        fn no_error_repeats_a_piece_of_the_secret(
            name in "(token-abcde|Token_A|ext/token-x|admin|tok en|kubeconfig-u|\"token-abcde|\\$\\{A|https://h/|)",
            between in "(:|::| : |=|)",
            secret in "[A-Z0-9]{12,40}",
            end in "(:x|\"| x|\u{7}|é||)",
        ) {
            let pieces: Vec<&str> = (0..=secret.len() - 8).map(|at| &secret[at..at + 8]).collect();
            let whole = format!("{name}{between}{secret}{end}");
            let half = format!("{secret}{end}");
            for outcome in [bearer(&whole), bearer(&half), key_pair(&name, &half), key_pair(&half, &name)] {
                let shown = match &outcome {
                    Ok(credential) => format!("{credential} {credential:?}"),
                    Err(error) => format!("{error} {error:?} {error:#?}"),
                };
                let repeated = pieces.iter().find(|piece| shown.contains(**piece));
                prop_assert_eq!(repeated, None, "{}", shown);
            }
        }
    }
}
