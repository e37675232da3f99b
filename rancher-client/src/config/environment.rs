//! The environment variables that matter here, as a value: tests and embedding programs bring their own.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::fmt;

pub(crate) const URL: &str = "RANCHER_URL";
pub(crate) const BEARERS: [&str; 3] = ["RANCHER_BEARER_TOKEN", "RANCHER_TOKEN", "RANCHER_TOKEN_KEY"];
pub(crate) const ACCESS_KEY: &str = "RANCHER_ACCESS_KEY";
pub(crate) const SECRET_KEY: &str = "RANCHER_SECRET_KEY";
pub(crate) const CLUSTER_ID: &str = "RANCHER_CLUSTER_ID";
pub(crate) const USER: &str = "RANCHER_USER";
pub(crate) const TOKEN_EXPIRES: &str = "RANCHER_TOKEN_EXPIRES";
pub(crate) const PROJECT: &str = "CAAS_PROJECT";
pub(crate) const CA_CERTS: &str = "RANCHER_CA_CERTS";
pub(crate) const CA_BUNDLE: &str = "RANCHER_CA_BUNDLE";
pub(crate) const INSECURE: &str = "RANCHER_INSECURE";
pub(crate) const VERIFY_SSL: &str = "RANCHER_VERIFY_SSL";
pub(crate) const ALLOW_HTTP: &str = "RANCHER_ALLOW_HTTP";
pub(crate) const CATTLE_URL: &str = "CATTLE_URL";
pub(crate) const CATTLE_ACCESS_KEY: &str = "CATTLE_ACCESS_KEY";
pub(crate) const CATTLE_SECRET_KEY: &str = "CATTLE_SECRET_KEY";
pub(crate) const CONFIG_DIR: &str = "RANCHER_CONFIG_DIR";
pub(crate) const KUBECONFIG: &str = "KUBECONFIG";

/// A set of environment variables. Only those that discovery knows are kept; `Debug` shows their names alone.
#[derive(Clone, Default)]
pub struct Environment {
    variables: BTreeMap<String, OsString>,
}

impl Environment {
    /// Every variable that discovery reads.
    pub const NAMES: [&'static str; 20] = [
        URL,
        BEARERS[0],
        BEARERS[1],
        BEARERS[2],
        ACCESS_KEY,
        SECRET_KEY,
        CLUSTER_ID,
        USER,
        TOKEN_EXPIRES,
        PROJECT,
        CA_CERTS,
        CA_BUNDLE,
        INSECURE,
        VERIFY_SSL,
        ALLOW_HTTP,
        CATTLE_URL,
        CATTLE_ACCESS_KEY,
        CATTLE_SECRET_KEY,
        CONFIG_DIR,
        KUBECONFIG,
    ];

    /// The variables of this process.
    pub fn of_process() -> Self {
        std::env::vars_os().collect()
    }

    /// The value as the system gives it; nothing if it is unset or blank.
    pub(crate) fn os(&self, name: &str) -> Option<&OsStr> {
        let value = self.variables.get(name)?;
        let blank = value.to_str().is_some_and(|text| text.trim().is_empty());
        (!blank).then_some(value.as_os_str())
    }

    /// The value as text without white space around it; nothing if it is unset or blank, an error if it is not
    /// UTF-8.
    pub(crate) fn text(&self, name: &str) -> Option<Result<&str, NotText>> {
        Some(self.os(name)?.to_str().map(str::trim).ok_or(NotText))
    }
}

/// A value that is not UTF-8.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct NotText;

impl<K: Into<OsString>, V: Into<OsString>> FromIterator<(K, V)> for Environment {
    fn from_iter<I: IntoIterator<Item = (K, V)>>(variables: I) -> Self {
        let known = |(name, value): (K, V)| {
            let name = name.into().into_string().ok()?;
            Self::NAMES.contains(&name.as_str()).then(|| (name, value.into()))
        };
        Self { variables: variables.into_iter().filter_map(known).collect() }
    }
}

impl fmt::Debug for Environment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.variables.keys()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blank_is_unset_and_strangers_are_not_kept() {
        let env: Environment =
            [("RANCHER_URL", " \t"), ("RANCHER_TOKEN", " token-abcde:s3cr3t\n"), ("PATH", "/bin")]
                .into_iter()
                .collect();
        assert!(env.os(URL).is_none());
        assert_eq!(env.text(BEARERS[1]).unwrap().unwrap(), "token-abcde:s3cr3t");
        assert_eq!(format!("{env:?}"), r#"{"RANCHER_TOKEN", "RANCHER_URL"}"#);
    }

    #[cfg(unix)]
    #[test]
    fn what_is_no_text_is_noticed() {
        use std::os::unix::ffi::OsStringExt;
        let env: Environment =
            [(OsString::from("RANCHER_URL"), OsString::from_vec(vec![0xff, 0xfe]))].into_iter().collect();
        assert_eq!(env.text(URL), Some(Err(NotText)));
    }
}
