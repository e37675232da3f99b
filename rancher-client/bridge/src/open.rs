//! What a client is opened with.

use rancher_client::config::{Discovery, Explicit, Probes, Report};
use rancher_client::wire::redact;
use rancher_client::{Config, Error};
use secrecy::SecretString;
use serde::de::DeserializeOwned;
use serde_json::value::RawValue;
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use crate::fault::Outcome;
use crate::naming::Naming;

/// The options of a client. Everything that is not given is discovered, as the core does it.
#[derive(Default)]
pub(crate) struct OpenOptions {
    explicit: Explicit,
    timeout: Option<Duration>,
    connect_timeout: Option<Duration>,
    retries: Option<u32>,
    probes: Option<bool>,
    in_flight: Option<usize>,
    application: Option<String>,
    naming: Naming,
}

/// What the options come to.
pub(crate) struct Opened {
    pub(crate) config: Config,
    pub(crate) report: Report,
    pub(crate) naming: Naming,
}

/// The names of the options, for whoever mistypes one.
const KNOWN: &str = "url, token, access_key, secret_key, anonymous, cluster, ca_pem, ca_file, verify, allow_http, proxy, \
                     server, kubeconfig, context, timeout, connect_timeout, retries, probes, in_flight, application";

fn value<T: DeserializeOwned>(name: &str, raw: &RawValue, what: &str) -> Result<T, Error> {
    // what serde_json says of it can quote the value
    serde_json::from_str(raw.get())
        .map_err(|_| Error::config(format!("the option {name} is not what it must be: {what}"), ""))
}

fn span(name: &str, raw: &RawValue, naming: Naming) -> Result<Duration, Error> {
    let what = format!("a time in {}, above 0", naming.unit());
    let seconds: f64 = value(name, raw, &what)?;
    let span = Duration::try_from_secs_f64(seconds).ok().filter(|span| !span.is_zero());
    span.ok_or_else(|| Error::config(format!("the option {name} is not what it must be: {what}"), ""))
}

impl OpenOptions {
    /// Reads the options. An option that is null was not given.
    ///
    /// # Errors
    /// `config`, with the name of the option that is unknown or wrong, and never its value.
    pub(crate) fn read(json: &[u8]) -> Outcome<Self> {
        let given: BTreeMap<String, &RawValue> = serde_json::from_slice(json)
            .map_err(|_| Error::config("the options of the client are no JSON object", ""))?;
        let mut options = Self::default();
        let mut verified_by = None;
        // the others are told in its spelling
        if let Some(raw) = given.get("naming").filter(|raw| raw.get() != "null") {
            options.naming = value("naming", raw, "snake or camel")?;
        }
        let naming = options.naming;
        for (key, raw) in given.iter().filter(|(_, raw)| raw.get() != "null") {
            let name = &naming.shown(key);
            let Self { explicit, .. } = &mut options;
            // somebody who gives an empty token, as of an empty file, does not mean whichever lies in the environment
            let text = || -> Result<String, Error> {
                let text: String = value(name, raw, "a text")?;
                if text.trim().is_empty() {
                    let summary = format!("the option {name} is empty");
                    return Err(Error::config(summary, "leave it out to have it discovered"));
                }
                Ok(text)
            };
            let flag = || value::<bool>(name, raw, "true or false");
            match key.as_str() {
                "url" => explicit.url = Some(text()?),
                "token" => explicit.token = Some(SecretString::from(text()?)),
                "access_key" => explicit.access_key = Some(text()?),
                "secret_key" => explicit.secret_key = Some(SecretString::from(text()?)),
                "anonymous" => explicit.anonymous = flag()?,
                "cluster" => explicit.cluster = Some(text()?),
                "ca_pem" => explicit.ca_pem = Some(text()?),
                "ca_file" => explicit.ca_file = Some(PathBuf::from(text()?)),
                "verify" if raw.get().starts_with('"') => verified_by = Some(PathBuf::from(text()?)),
                "verify" => {
                    let verify: bool = value(name, raw, "true, false, or the path of a file of authorities")?;
                    explicit.insecure = Some(!verify);
                }
                "allow_http" => explicit.allow_http = Some(flag()?),
                "proxy" => explicit.proxy = Some(text()?),
                "server" => explicit.cli_server = Some(text()?),
                "kubeconfig" => explicit.kubeconfig = Some(PathBuf::from(text()?)),
                "context" => explicit.context = Some(text()?),
                "timeout" => options.timeout = Some(span(name, raw, naming)?),
                "connect_timeout" => options.connect_timeout = Some(span(name, raw, naming)?),
                "retries" => {
                    let what = "how many times a request is sent at most, 1 to 100";
                    let attempts: u32 = value(name, raw, what)?;
                    if !(1..=100).contains(&attempts) {
                        let summary = format!("the option {name} is not what it must be: {what}");
                        return Err(Error::config(summary, "1 switches retries off").into());
                    }
                    options.retries = Some(attempts);
                }
                "probes" => options.probes = Some(flag()?),
                "in_flight" => {
                    let what = "how many requests are under way at once, 1 or more";
                    let most: u32 = value(name, raw, what)?;
                    options.in_flight = usize::try_from(most).ok().filter(|most| *most > 0);
                    if options.in_flight.is_none() {
                        let summary = format!("the option {name} is not what it must be: {what}");
                        return Err(Error::config(summary, "").into());
                    }
                }
                "application" => options.application = Some(application(text()?)?),
                "naming" => {}
                _ => {
                    let shown: String = name.chars().filter(|c| !c.is_control()).take(60).collect();
                    return Err(Error::config(
                        format!("a client has no option {shown:?}"),
                        format!("it has {}", options.known()),
                    )
                    .into());
                }
            }
        }
        if let Some(file) = verified_by
            && options.explicit.ca_file.replace(file).is_some()
        {
            let summary = "verify and ca_file both name a file of authorities";
            return Err(Error::config(summary, "give one of both").into());
        }
        Ok(options)
    }

    fn known(&self) -> String {
        KNOWN.split(", ").map(|name| self.naming.shown(name)).collect::<Vec<_>>().join(", ")
    }

    /// Looks for what was not given.
    ///
    /// # Errors
    /// `config`, as [`Discovery::run`].
    pub(crate) fn open(self) -> Outcome<Opened> {
        let found = Discovery::of_process(self.explicit).run()?;
        let mut config = found.config;
        config.timeouts.call = self.timeout.unwrap_or(config.timeouts.call);
        config.timeouts.connect = self.connect_timeout.unwrap_or(config.timeouts.connect);
        config.retry.attempts = self.retries.unwrap_or(config.retry.attempts);
        config.limits.in_flight = self.in_flight.unwrap_or(config.limits.in_flight);
        config.application = self.application.or(config.application);
        match self.probes {
            Some(true) => config.probes = Probes::On,
            Some(false) => config.probes = Probes::Off,
            None => {}
        }
        Ok(Opened { config, report: found.report, naming: self.naming })
    }
}

/// What a program calls itself goes into a header.
fn application(name: String) -> Result<String, Error> {
    if redact(&name) != name {
        return Err(Error::config(
            "the option application holds a credential, and is sent for all to read",
            "",
        ));
    }
    if name.is_empty() || name.len() > 200 || !name.chars().all(|c| c.is_ascii_graphic() || c == ' ') {
        return Err(Error::config(
            "the option application is not what it must be: a name of at most 200 printable ASCII characters",
            "such as shop-deployer/1.2",
        ));
    }
    Ok(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn options(json: &str) -> Outcome<OpenOptions> {
        OpenOptions::read(json.as_bytes())
    }

    #[test]
    fn every_option_comes_to_its_place() {
        let given = r#"{"url":"https://rancher.example.com","token":"token-abcde:s3cr3ts3cr3ts3cr3t","timeout":7,
            "connect_timeout":3,"retries":9,"in_flight":5,"application":"shop/1","probes":false}"#;
        let config = options(given).unwrap().open().unwrap().config;
        assert_eq!(
            (config.timeouts.call, config.timeouts.connect, config.retry.attempts, config.limits.in_flight),
            (Duration::from_secs(7), Duration::from_secs(3), 9, 5)
        );
        assert_eq!((config.application.as_deref(), config.probes), (Some("shop/1"), Probes::Off));
    }

    #[test]
    fn options_are_told_in_the_spelling_of_the_shell() {
        let said = |json: &str| options(json).map(|_| ()).unwrap_err().to_string();
        assert!(said(r#"{"connect_timeout":0}"#).contains("connect_timeout"));
        let camel = said(r#"{"connect_timeout":0,"naming":"camel"}"#);
        assert!(camel.contains("connectTimeout") && !camel.contains("connect_timeout"), "{camel}");
        assert!(camel.contains("milliseconds"), "{camel}");
        assert!(said(r#"{"ca_p_e_m":"","naming":"camel"}"#).contains(r#""caPEM""#));
        for name in ["url", "token", "access_key", "secret_key", "cluster", "verify", "proxy"] {
            for blank in ["", " ", "\\n"] {
                let said = said(&format!(r#"{{"{name}":"{blank}"}}"#));
                assert!(said.contains(&format!("{name} is empty")), "{name} {blank:?} {said}");
            }
        }
        assert!(!said(r#"{"application":"token-abcde:s3cr3ts3cr3t"}"#).contains("s3cr3ts3cr3t"));
        let unknown = said(r#"{"before":1,"naming":"camel"}"#);
        assert!(unknown.contains("accessKey") && !unknown.contains("access_key"), "{unknown}");
    }
}
