//! What can be called, by name.

mod v3;

use bytes::Bytes;
use rancher_client::Client;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use std::time::Duration;

use crate::answer::Answer;
use crate::fault::{Fault, Outcome};
use crate::stream::Stream;

/// Reads the options of an operation. An option that it does not have is an error that names it.
fn read<T: DeserializeOwned>(operation: &str, input: &[u8]) -> Outcome<T> {
    serde_json::from_slice(input).map_err(|error| {
        Fault::invalid(format!("nothing was sent: {operation} does not take this: {error}"), "")
    })
}

/// A span of time, in seconds.
#[derive(Debug, Clone, Copy, Deserialize)]
struct Seconds(f64);

impl Seconds {
    fn span(self) -> Outcome<Duration> {
        Duration::try_from_secs_f64(self.0)
            .map_err(|_| Fault::invalid(format!("nothing was sent: {} s is no span of time", self.0), ""))
    }
}

/// A client whose requests take at most this long.
fn within(client: &Client, timeout: Option<Seconds>) -> Outcome<Client> {
    Ok(match timeout {
        Some(seconds) => client.with_timeout(seconds.span()?),
        None => client.clone(),
    })
}

fn unknown(operation: &str) -> Fault {
    Fault::invalid(format!("there is no operation {operation:?}"), "")
}

pub(crate) async fn call(
    client: &Client,
    operation: &str,
    input: &[u8],
    _original: Option<Bytes>,
) -> Outcome<Answer> {
    match operation {
        "version" => {
            #[derive(Deserialize)]
            #[serde(deny_unknown_fields)]
            struct Input {
                timeout: Option<Seconds>,
            }
            let input: Input = read(operation, input)?;
            let version = within(client, input.timeout)?.server_version().await?;
            Ok(Answer::value(serde_json::json!({
                "version": version.version,
                "git_commit": version.git_commit,
                "prime": version.prime,
            })))
        }
        "v3.get" => v3::get(client, input).await,
        _ => Err(unknown(operation)),
    }
}

pub(crate) fn begin(
    client: &Client,
    operation: &str,
    input: &[u8],
    _original: Option<Bytes>,
) -> Outcome<Stream> {
    match operation {
        "v3.list" => v3::list(client, input),
        _ => Err(unknown(operation)),
    }
}
