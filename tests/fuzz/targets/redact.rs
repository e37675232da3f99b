//! Foreign text: a credential in it is masked wherever it stands, once and twice.

use rancher_client::wire::redact;
use std::borrow::Cow;

use crate::{MARK, assert_hidden, with_secret};

#[rustfmt::skip]
pub(super) const WORDS: &[&str] = &[
    "\u{1f}", "\u{1f}", "\u{1f}", "token-", "kubeconfig-", "eyJ", "Bearer", "basic", "password", "token", "=", ":", " ",
    " ", "\n", ".", ";", ",", "\"", "'", "{", "[", "&", "\\", "https://", "?", "***", "R_SESS", "é", "abcde", "-",
];

#[test]
fn redacted() {
    crate::search!("redact");
}

pub(super) fn run(input: &[u8]) {
    // the forms in which a server, a proxy or a library can echo a credential
    for form in [
        format!(" token-abcde:{MARK} "),
        format!(" ext/token-abcde:{MARK} "),
        format!("\"kubeconfig-u-abcde.c-prod1:{MARK}\""),
        format!(" Bearer {MARK} "),
        format!(" Basic {MARK} "),
        format!(" R_SESS=token-abcde:{MARK}; "),
        format!(" password={MARK} "),
        format!(" eyJhbGciOiJS.eyJzdWIi{MARK}.c2lnbmF0dXJl "),
    ] {
        let text = with_secret(input, &form);
        let shown = redact(&text);
        assert_hidden(&shown);
        // errors mask what bodies have masked already; a second time may hide more, never less
        assert_hidden(&redact(&shown));
        if let Cow::Borrowed(same) = shown {
            assert_eq!(same, text);
        }
    }
}
