//! The order of the layers, stated once.
//!
//! Outermost first: trace, deadline, retry, judge, redirect, limit, timeout, agent watch, credentials, and below them
//! whatever sends the bytes. The order is meaning:
//!
//! - retry sits outside the judge, so that it reads a verdict and never a status;
//! - the limit sits inside retry, so that nobody holds a place while waiting to send again;
//! - the timeout of one attempt sits inside the limit, so that waiting for a place does not count as the server's;
//! - the agent watch sits inside both, so that its own question is not held up by what it watches over;
//! - credentials sit at the bottom, so that no layer above ever sees a secret.

use std::sync::Arc;

use super::agent::AgentWatch;
use super::credentials::Credentials;
use super::deadline::Deadline;
use super::http::Http;
use super::judge::Judge;
use super::limit::Limit;
use super::notes::Notes;
use super::redirect::Redirect;
use super::retry::Retry;
use super::timeout::Timeout;
use super::trace::Trace;
use super::{Connection, Transport};
use crate::config::Config;
use crate::credentials::CredentialCell;
use crate::error::Result;
use crate::wire::{Clock, SystemClock};

impl Connection {
    /// A connection over HTTP. Nothing is sent yet, and no runtime is needed.
    ///
    /// # Errors
    /// `config` if a certificate file cannot be read or holds none, or another setting makes no sense.
    pub fn open(config: Config) -> Result<Self> {
        let clock: Arc<dyn Clock> = Arc::new(SystemClock::new());
        let http = Arc::new(Http::new(&config, Arc::clone(&clock))?);
        Ok(Self::assembled(config, Arc::clone(&http) as Arc<dyn Transport>, Some(http), clock))
    }

    /// A connection over any transport: the simulated server of a test, without a socket.
    ///
    /// `bottom` gets requests that carry their credential, and gives answers of every status.
    pub fn over_transport(config: Config, bottom: Arc<dyn Transport>, clock: Arc<dyn Clock>) -> Self {
        Self::assembled(config, bottom, None, clock)
    }

    pub(super) fn assembled(
        config: Config,
        bottom: Arc<dyn Transport>,
        http: Option<Arc<Http>>,
        clock: Arc<dyn Clock>,
    ) -> Self {
        let cell = Arc::new(CredentialCell::new(config.credential.clone()));
        let notes = Arc::new(Notes::new(config.credential.kind()));
        let top = stack(&config, Arc::clone(&bottom), &cell, &notes, &clock);
        Connection::over(config, cell, notes, clock, (top, bottom), http)
    }
}

fn stack(
    config: &Config,
    bottom: Arc<dyn Transport>,
    cell: &Arc<CredentialCell>,
    notes: &Arc<Notes>,
    clock: &Arc<dyn Clock>,
) -> Arc<dyn Transport> {
    let layer = Arc::new(Credentials::new(bottom, Arc::clone(cell)));
    let layer = Arc::new(AgentWatch::new(layer, Arc::clone(clock), config.timeouts.agent_check));
    let layer = Arc::new(Timeout::new(layer, &config.timeouts));
    let layer = Arc::new(Limit::new(layer, config.limits.in_flight));
    let layer = Arc::new(Redirect::new(layer, config.server.clone(), config.limits.redirects));
    let layer = Arc::new(Judge::new(layer, Arc::clone(notes), config.probes, config.cluster.clone()));
    let layer = Arc::new(Retry::new(layer, config.retry));
    let layer = Arc::new(Deadline::new(layer, config.timeouts.call));
    Arc::new(Trace::new(layer, Arc::clone(clock)))
}

#[cfg(test)]
mod tests {
    use super::super::mock::{Mock, request, response, with_header};
    use super::*;
    use crate::credentials::Credential;
    use crate::error::ErrorKind;
    use crate::wire::ServerUrl;
    use http::Method;
    use std::time::Duration;

    fn config() -> Config {
        let server = ServerUrl::parse("https://rancher.example.com", false).unwrap();
        Config::new(server, Credential::parse("token-abcde:s3cr3ts3cr3t").unwrap())
    }

    fn connection(config: Config, bottom: &Mock) -> Connection {
        Connection::over_transport(config, Arc::new(bottom.clone()), Arc::new(SystemClock::new()))
    }

    #[test]
    fn the_order_is_the_one_that_is_stated() {
        let cell = Arc::new(CredentialCell::new(Credential::anonymous()));
        let notes = Arc::new(Notes::new(crate::scope::TokenKind::None));
        let clock: Arc<dyn Clock> = Arc::new(SystemClock::new());
        let shown = format!("{:?}", stack(&config(), Arc::new(Mock::silent()), &cell, &notes, &clock));
        let order = [
            "Trace",
            "Deadline",
            "Retry",
            "Judge",
            "Redirect",
            "Limit",
            "Timeout",
            "AgentWatch",
            "Credentials",
            "Mock",
        ];
        let places: Vec<usize> = order
            .iter()
            .map(|name| shown.find(&format!("{name} {{")).or_else(|| shown.find(name)).unwrap())
            .collect();
        assert!(places.is_sorted(), "{order:?} at {places:?} in {shown}");
    }

    #[tokio::test(start_paused = true)]
    async fn a_passing_trouble_is_retried_and_the_verdict_comes_last() {
        let mock = Mock::script([
            Ok(response(503, "busy")),
            Ok(response(502, "")),
            Ok(with_header(response(200, "{}"), "x-api-cattle-auth", "true")),
        ]);
        let answer = connection(config(), &mock).json(request(Method::GET, "/v3/")).await.unwrap();
        assert_eq!((answer, mock.count()), (serde_json::json!({}), 3));
    }

    #[tokio::test(start_paused = true)]
    async fn a_waiting_retry_holds_no_place() {
        let mut config = config();
        config.limits.in_flight = 1;
        let mock = Mock::new(|request: crate::transport::Request| async move {
            let busy = request.route.path() == "/v3/busy";
            Ok(if busy { with_header(response(429, ""), "retry-after", "10") } else { response(200, "{}") })
        });
        let connection = connection(config, &mock);
        let busy = connection.send(request(Method::GET, "/v3/busy"));
        let other = async {
            tokio::time::sleep(Duration::from_millis(10)).await;
            let start = tokio::time::Instant::now();
            connection.json(request(Method::GET, "/v3/free")).await.unwrap();
            start.elapsed()
        };
        let (busy, waited) = tokio::join!(busy, other);
        assert_eq!(busy.unwrap_err().kind(), ErrorKind::RateLimited);
        assert!(waited < Duration::from_secs(1), "{waited:?}");
    }

    #[tokio::test(start_paused = true)]
    async fn the_deadline_covers_the_retries() {
        let mut config = config();
        config.timeouts.call = Duration::from_secs(5);
        let mock = Mock::new(|_| async {
            tokio::time::sleep(Duration::from_secs(3)).await;
            Ok(response(503, ""))
        });
        let start = tokio::time::Instant::now();
        connection(config, &mock).send(request(Method::GET, "/v3/")).await.unwrap_err();
        assert!(start.elapsed() <= Duration::from_secs(5), "{:?}", start.elapsed());
    }
}
