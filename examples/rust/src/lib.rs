//! What the example programs share: a server to talk to, and a plain way to fail.
//!
//! Each program in `src/bin` is one task in less than 30 lines. They talk to the server that `RANCHER_URL` names, or,
//! where no variable names one, to a simulated Rancher that ends with them.

use rancher_client::config::Trust;
use rancher_client::wire::Object;
use rancher_client::{Client, Config, Credential, Error, Result};
use rancher_simulator::{ServerOptions, Simulator, World};
use std::fmt;
use std::io::Write;
use std::ops::Deref;
use std::time::Duration;

/// A client, and the simulated server behind it if there is one.
#[derive(Debug)]
pub struct Rancher {
    client: Client,
    /// It stops when it is dropped.
    _simulator: Option<Simulator<World>>,
}

impl Deref for Rancher {
    type Target = Client;
    fn deref(&self) -> &Client {
        &self.client
    }
}

/// How a program fails: one line on standard error, and the exit status 1.
pub struct Failure(String);

/// What `main` of an example returns.
pub type Outcome = std::result::Result<(), Failure>;

impl fmt::Debug for Failure {
    /// As text: Rust prints what `main` returns in this form.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self(error.to_string())
    }
}

impl From<String> for Failure {
    fn from(line: String) -> Self {
        Self(line)
    }
}

/// A client for the server that the environment names, or for a simulated one, of which it tells on standard error.
///
/// A server is named by any variable `RANCHER_*` or `CATTLE_*`. Without one nothing else is looked at: an example that
/// changes things does so on a server that was meant. With one, [`Config::discover`] decides.
///
/// # Errors
/// `config` if the environment names a server and something is missing or wrong.
pub fn connect() -> Result<Rancher> {
    if a_server_is_named(
        std::env::vars_os().map(|(name, value)| (name.to_string_lossy().into(), value.is_empty())),
    ) {
        let client = Client::new(Config::discover()?.config)?;
        return Ok(Rancher { client, _simulator: None });
    }
    let _ = writeln!(std::io::stderr(), "RANCHER_URL is not set: this is an embedded simulator");
    let simulator = simulate()?;
    let client = Client::new(config_of(&simulator, "admin-unscoped")?)?;
    Ok(Rancher { client, _simulator: Some(simulator) })
}

fn a_server_is_named(mut variables: impl Iterator<Item = (String, bool)>) -> bool {
    variables.any(|(name, empty)| !empty && (name.starts_with("RANCHER_") || name.starts_with("CATTLE_")))
}

/// A simulated Rancher on the current runtime: the users, clusters and credentials of the recorded server.
///
/// # Errors
/// `config` if it does not start.
pub fn simulate() -> Result<Simulator<World>> {
    // secrets should differ from run to run, and the clock is random enough for a demonstration
    let seed = u64::try_from(jiff::Timestamp::now().as_nanosecond()).unwrap_or_default();
    let mut world = World::record(seed);
    // recorded without nodes; a demonstration has some, and a pod to look at
    world.run_nodes("c-prod1", Duration::from_millis(500));
    world.add_pod("c-prod1", "plain", "hello", &["web", "side"]);
    Simulator::serve(world, ServerOptions::default())
        .map_err(|error| Error::config(format!("the simulator does not start: {error}"), ""))
}

/// The configuration for a simulated Rancher with one of its credentials; with none, if it has none of this label.
///
/// # Errors
/// `config` if the simulator's address or token cannot be used.
pub fn config_of(simulator: &Simulator<World>, label: &str) -> Result<Config> {
    let token = simulator.world(|world| world.labels().tokens.get(label).cloned());
    let credential = token.map_or_else(|| Ok(Credential::anonymous()), |token| Credential::parse(&token))?;
    let mut config = Config::new(simulator.url().parse()?, credential);
    config.trust = simulator.ca_pem().map_or(Trust::System, |pem| Trust::CaPem(pem.to_owned()));
    Ok(config)
}

/// The object that `json!({…})` made.
///
/// # Errors
/// `invalid` if it is none.
pub fn object(value: serde_json::Value) -> Result<Object> {
    Ok(Object::try_from(value)?)
}

/// The first arguments of the program, which its usage names, and all others.
///
/// # Errors
/// The usage, if there are fewer than it names.
pub fn arguments<const N: usize>(usage: &str) -> std::result::Result<([String; N], Vec<String>), Failure> {
    let mut arguments = std::env::args();
    let program = arguments.next().unwrap_or_default();
    let program = program.rsplit(['/', '\\']).next().unwrap_or_default();
    split(arguments).ok_or_else(|| Failure(format!("usage: {program} {usage}")))
}

fn split<const N: usize>(arguments: impl Iterator<Item = String>) -> Option<([String; N], Vec<String>)> {
    let (options, mut names): (Vec<_>, Vec<_>) = arguments.partition(|argument| argument.starts_with("--"));
    if names.len() < N {
        return None;
    }
    let mut rest = names.split_off(N);
    rest.extend(options);
    Some((names.try_into().ok()?, rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn variables_that_name_a_server() {
        let named = |name: &str, empty: bool| a_server_is_named([(name.to_owned(), empty)].into_iter());
        assert!(named("RANCHER_URL", false) && named("CATTLE_URL", false) && named("RANCHER_TOKEN", false));
        assert!(!named("RANCHER_URL", true) && !named("KUBECONFIG", false) && !named("HOME", false));
    }

    #[test]
    fn arguments_are_split() {
        let given = |words: &str| split::<2>(words.split_whitespace().map(str::to_owned));
        let (names, rest) = given("local --keep shop more").unwrap_or_default();
        assert_eq!((names, rest), (["local".into(), "shop".into()], vec!["more".into(), "--keep".into()]));
        assert_eq!(given("local --keep"), None);
    }

    #[test]
    fn a_failure_is_one_line() {
        let error = Error::config("no server", "set RANCHER_URL");
        let line = format!("{:?}", Failure::from(error));
        assert!(line.contains("no server") && line.contains("RANCHER_URL") && !line.contains('\n'), "{line}");
    }

    #[tokio::test]
    async fn labels_that_are_none_have_no_credential() -> Result<()> {
        let simulator = simulate()?;
        let whole = Client::new(config_of(&simulator, "admin-unscoped")?)?;
        assert!(whole.server_version().await?.version.starts_with('v'));
        assert!(whole.clusters().get("local").await?.id.is_some());
        let none = Client::new(config_of(&simulator, "nobody")?)?;
        assert!(none.clusters().get("local").await.is_err());
        Ok(())
    }
}
