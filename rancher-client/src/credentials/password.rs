//! Secrets that go into a body: the passwords of a login and of a change.

use secrecy::{ExposeSecret, SecretString};
use serde_json::Value;

/// A secret as a value of a body that is about to be sent, and of nothing else: bodies reach no log and no error.
pub(crate) fn in_body(secret: &SecretString) -> Value {
    Value::from(secret.expose_secret())
}

/// Whether there is nothing in it.
pub(crate) fn is_blank(secret: &SecretString) -> bool {
    secret.expose_secret().is_empty()
}
