//! A small program of somebody who uses the client: is this key good for that cluster, and if not, why?

use rancher_client::config::{Limits, RetryPolicy, Timeouts};
use rancher_client::v3::Query;
use rancher_client::{Client, ClusterId, Config, Credential, Error, ErrorKind, Result};
use std::time::Duration;

/// What this program tells its user.
#[derive(Debug, PartialEq, Eq)]
pub enum Advice {
    /// The key works: go on.
    GoOn,
    /// The key is dead: make a new one.
    NewKey,
    /// The key is fine, for another cluster.
    OtherCluster(Option<ClusterId>),
    /// Something else, in the library's words.
    Look(String),
}

/// A configuration without any discovery.
///
/// # Errors
/// Bad input, said in words.
pub fn configure(url: &str, token: &str, cluster: &str) -> Result<Config> {
    let mut config = Config::new(url.parse()?, Credential::parse(token)?);
    config.cluster = Some(ClusterId::new(cluster)?);
    config.retry = RetryPolicy { attempts: 1, ..Default::default() };
    config.timeouts = Timeouts { call: Duration::from_secs(60), ..Default::default() };
    config.limits = Limits { in_flight: 4, ..Default::default() };
    config.application = Some("outside/0.1".to_owned());
    Ok(config)
}

/// Lists all clusters, and says what to do if that fails.
///
/// # Errors
/// The configuration cannot be used.
pub async fn advise(config: Config) -> Result<Advice> {
    let client = Client::new(config)?;
    Ok(match client.v3().collection("clusters")?.list(Query::all()).collect().await {
        Ok(_) => Advice::GoOn,
        Err(error) => explain(&error),
    })
}

/// The same for an error that came from elsewhere.
pub fn explain(error: &Error) -> Advice {
    match error.kind() {
        ErrorKind::TokenRefused => Advice::NewKey,
        ErrorKind::OutOfScope => Advice::OtherCluster(error.scoped_to().cloned()),
        _ => Advice::Look(error.to_string()),
    }
}
