//! Credentials: whatever is pasted, nothing panics, and neither the value nor the error shows the secret.

use rancher_client::credentials::Credential;

use crate::{MARK, assert_hidden, with_secret};

#[rustfmt::skip]
pub(super) const WORDS: &[&str] = &[
    "token-", "kubeconfig-", "ext/", "abcde", "u-abcde.c-prod1", ":", ":", "\u{1f}", "\u{1f}", "Bearer ", "Basic ",
    "eyJhbGciOiJSUzI1NiJ9", ".", ".", "eyJzdWIiOiJ4In0", "***", "\"", "'", " ", "\n", "${", "}", "https://", "é",
];

#[test]
fn token() {
    crate::search!("token");
}

pub(super) fn run(input: &[u8]) {
    // with the secret where the input wants it, and as the whole of what is behind the first colon
    let placed = with_secret(input, MARK);
    let bare = String::from_utf8_lossy(input);
    let appended = format!("{}:{MARK}", bare.split(':').next().unwrap());
    for text in [&placed, &appended] {
        shows_nothing(&Credential::parse(text));
        let (access, secret) = text.split_once(':').unwrap_or((text, ""));
        shows_nothing(&Credential::key_pair(access, secret));
        shows_nothing(&Credential::key_pair(secret, access));
        shows_nothing(&Credential::key_pair(text, MARK));
    }
}

fn shows_nothing(read: &rancher_client::error::Result<Credential>) {
    match read {
        Ok(credential) => {
            assert_hidden(&format!("{credential} {credential:?}"));
            assert!(credential.same_as(&credential.clone()));
        }
        Err(error) => {
            assert_hidden(&format!("{error} {error:?} {} {}", error.evidence(), error.evidence().to_json()));
            assert!(!error.to_string().contains(char::is_control), "an error is one line");
        }
    }
}
