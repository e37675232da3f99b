//! One request, from its headers to its answer.

use super::answer;
use super::body::Payload;
use super::control::{self, CONTROL, Wish};
use super::options::ServerOptions;
use super::streams::{self, Going, Streams, Switched};
use super::wire::{Ending, Wire};
use crate::fault::{Action, Decision, Faults};
use crate::journal::{Flight, Journal};
use crate::message::{Request, Respond, Response};
use crate::world::Follower;
use bytes::Bytes;
use http::header::{CONTENT_LENGTH, HOST, HeaderMap, HeaderValue};
use http::request::Parts;
use http::{Method, StatusCode, Version};
use http_body_util::{BodyExt, LengthLimitError, Limited};
use hyper::body::Incoming;
use hyper::upgrade::OnUpgrade;
use jiff::Timestamp;
use std::error::Error;
use std::future::pending;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// The largest body that is read.
const BODY_LIMIT: usize = 64 * 1024 * 1024;

/// What all connections of a server share.
pub(super) struct Shared<R> {
    pub(super) respond: Arc<Mutex<R>>,
    pub(super) options: ServerOptions,
    pub(super) faults: Faults,
    pub(super) journal: Journal,
    pub(super) streams: Streams,
}

/// A request's way through the server.
pub(super) struct Exchange<R> {
    pub(super) shared: Arc<Shared<R>>,
    pub(super) wire: Arc<Wire>,
    pub(super) connection: u64,
    /// Where to leave what goes on after the connection switched protocols.
    pub(super) switched: Switched,
}

/// The headers, with the host: HTTP/2 carries it in the URI, and Go's servers give it to everybody alike.
fn with_host(parts: &Parts) -> HeaderMap {
    let mut headers = parts.headers.clone();
    let host = parts.uri.authority().map(|name| name.as_str().rsplit('@').next().unwrap_or_default());
    if let Some(host) = host.and_then(|host| HeaderValue::from_str(host).ok()) {
        headers.entry(HOST).or_insert(host);
    }
    headers
}

type Sent = Result<http::Response<Payload>, Box<dyn Error + Send + Sync>>;

impl<R: Respond> Exchange<R> {
    /// Answers the request. An error means that the client went away while it sent its body.
    pub(super) async fn answer(self, mut request: http::Request<Incoming>) -> Sent {
        let upgrade = hyper::upgrade::on(&mut request);
        let (parts, body) = request.into_parts();
        let sent_target = parts.uri.path_and_query().map_or("/", |target| target.as_str()).to_owned();
        if parts.uri.path().starts_with(CONTROL) {
            return self.control(&parts, body).await;
        }
        let inside = self.shared.options.prefix.strip(&sent_target);
        let target = inside.as_deref().unwrap_or(&sent_target);
        let path = target.split('?').next().unwrap_or_default();
        let flight = self.shared.journal.began(self.connection, &parts, &sent_target, path);
        let decision = self.shared.faults.on_request(&parts.method, path);
        if let Some(label) = decision.label() {
            flight.fault(label);
        }
        let Some(body) = read(body).await? else {
            let message = format!("a body of more than {BODY_LIMIT} bytes");
            return Ok(self.whole(answer::norman_error(StatusCode::PAYLOAD_TOO_LARGE, &message), flight));
        };
        flight.body(&body);
        tokio::time::sleep(decision.delay).await;
        if let Some(response) = in_place_of_the_server(&decision) {
            return Ok(self.whole(response, flight));
        }
        if inside.is_none() {
            return Ok(self.whole(answer::ingress_page(StatusCode::NOT_FOUND), flight));
        }
        let request = Request {
            method: parts.method.clone(),
            target: target.to_owned(),
            headers: with_host(&parts),
            body,
        };
        let (mut response, noted, follower) = self.ask(&request);
        if let Some(noted) = noted {
            flight.fault(noted);
        }
        tokio::time::sleep(scaled(response.delay, self.shared.options.delay_scale)).await;
        if let (Some(follower), None) = (follower, decision.action) {
            return Ok(self.goes_on(response, &parts, follower, upgrade, flight));
        }
        if self.shared.options.gzip {
            answer::compress(&mut response, path, &parts.headers);
        }
        self.send(response, &parts, decision.action, flight).await
    }

    /// Answers with what goes on.
    fn goes_on(
        self,
        mut response: Response,
        parts: &Parts,
        follower: Follower,
        upgrade: OnUpgrade,
        mut flight: Flight,
    ) -> http::Response<Payload> {
        self.complete(&mut response);
        response.headers.remove(CONTENT_LENGTH);
        let socket = follower.is_socket();
        let going = Going::new(Arc::clone(&self.shared), follower);
        if !socket {
            flight.status(response.status);
            let wire = Arc::clone(&self.wire);
            let more = going.pieces(wire);
            let begun = response.body.split_off(0);
            return with_body(response, Payload::live(begun, more, flight));
        }
        if streams::accept(&parts.headers, &mut response.headers).is_none() {
            return self.whole(answer::norman_error(StatusCode::BAD_REQUEST, "no Sec-WebSocket-Key"), flight);
        }
        flight.status(response.status);
        flight.finish();
        let mut switched = self.switched.lock().unwrap_or_else(PoisonError::into_inner);
        *switched = Some(Box::pin(going.speak(upgrade, Arc::clone(&self.wire))));
        with_body(response, Payload::whole(Bytes::new(), None))
    }

    /// Sends the server's answer, or what a fault leaves of it.
    async fn send(
        self,
        mut response: Response,
        parts: &Parts,
        fault: Option<Action>,
        mut flight: Flight,
    ) -> Sent {
        let http1 = parts.version < Version::HTTP_2;
        match fault {
            Some(Action::Hang) => return pending().await,
            Some(Action::Reset) => return self.end(Ending::Reset, flight).await,
            Some(Action::Close) => return self.end(Ending::Close, flight).await,
            _ => self.complete(&mut response),
        }
        flight.status(response.status);
        if parts.method == Method::HEAD {
            response.body = Bytes::new();
        }
        match fault {
            // hyper keeps a length and a body in line, so beneath HTTP/1.1 the bytes are written by hand
            Some(Action::Cut(bytes)) if http1 => {
                let bytes = answer::bytes(&response, bytes);
                self.end(Ending::Write(bytes), flight).await
            }
            Some(Action::Cut(bytes)) => {
                let body = response.body.split_to(bytes.min(response.body.len()));
                let body = Payload::cut(body, Arc::clone(&self.wire), flight);
                Ok(with_body(response, body))
            }
            Some(Action::Length(claim)) => {
                response.headers.insert(CONTENT_LENGTH, HeaderValue::from(claim));
                if http1 {
                    let bytes = answer::bytes(&response, response.body.len());
                    return self.end(Ending::Write(bytes), flight).await;
                }
                let body = Payload::whole(response.body.split_off(0), Some(flight));
                Ok(with_body(response, body))
            }
            Some(Action::Drip(rate)) => {
                let body = Payload::drip(response.body.split_off(0), rate, flight);
                Ok(with_body(response, body))
            }
            _ => {
                let body = response.body.split_off(0);
                if body.is_empty() {
                    flight.finish();
                }
                Ok(with_body(response, Payload::whole(body, Some(flight))))
            }
        }
    }

    /// Hands the connection over to its own task, which ends it and drops this exchange.
    async fn end(self, ending: Ending, mut flight: Flight) -> Sent {
        flight.finish();
        self.wire.end(ending);
        pending().await
    }

    fn whole(&self, mut response: Response, flight: Flight) -> http::Response<Payload> {
        self.complete(&mut response);
        flight.status(response.status);
        let body = Payload::whole(response.body.split_off(0), Some(flight));
        with_body(response, body)
    }

    async fn control(&self, parts: &Parts, body: Incoming) -> Sent {
        let mut response = match read(body).await? {
            Some(body) => control::answer(
                &parts.method,
                parts.uri.path(),
                &body,
                &self.shared.faults,
                &self.shared.journal,
                &self.shared.streams,
                Box::new(|wish| {
                    let mut respond = self.shared.respond.lock().unwrap_or_else(PoisonError::into_inner);
                    match wish {
                        Wish::Agents(agents) => respond.set_agents(agents, self.now()),
                        Wish::ForgetPast => respond.forget_past(),
                        Wish::Log(written) => {
                            let place =
                                [&written.cluster, &written.namespace, &written.pod, &written.container];
                            respond.write_log(place.map(String::as_str), written.text.as_bytes())
                        }
                    }
                }),
            ),
            None => answer::norman_error(StatusCode::PAYLOAD_TOO_LARGE, "too large"),
        };
        self.complete(&mut response);
        let body = Payload::whole(response.body.split_off(0), None);
        Ok(with_body(response, body))
    }

    fn ask(&self, request: &Request) -> (Response, Option<String>, Option<Follower>) {
        // a world that panicked is still the only one there is, and its panic was reported
        let mut respond = self.shared.respond.lock().unwrap_or_else(PoisonError::into_inner);
        let response = respond.respond(request, self.now());
        let follower = respond.follower();
        (response, respond.noted(), follower)
    }

    fn complete(&self, response: &mut Response) {
        answer::complete(response, self.now(), self.shared.options.header_off);
    }

    fn now(&self) -> Timestamp {
        let now = Timestamp::now();
        now.saturating_add(self.shared.options.clock_ahead).unwrap_or(now)
    }
}

fn in_place_of_the_server(decision: &Decision) -> Option<Response> {
    match decision.action? {
        Action::Status(status) => Some(answer::norman_error(status, "a fault of the simulator")),
        Action::TooManyRequests(retry_after) => Some(answer::too_many_requests(retry_after)),
        Action::Html502 => Some(answer::ingress_page(StatusCode::BAD_GATEWAY)),
        _ => None,
    }
}

/// The whole body, or `None` if it is too long.
async fn read(body: Incoming) -> Result<Option<Bytes>, Box<dyn Error + Send + Sync>> {
    match Limited::new(body, BODY_LIMIT).collect().await {
        Ok(body) => Ok(Some(body.to_bytes())),
        Err(error) if error.is::<LengthLimitError>() => Ok(None),
        Err(error) => Err(error),
    }
}

fn with_body(response: Response, body: Payload) -> http::Response<Payload> {
    let mut sent = http::Response::new(body);
    *sent.status_mut() = response.status;
    *sent.headers_mut() = response.headers;
    sent
}

fn scaled(delay: Duration, scale: f64) -> Duration {
    Duration::try_from_secs_f64(delay.as_secs_f64() * scale).unwrap_or(Duration::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn delays_scale_without_overflow() {
        assert_eq!(scaled(Duration::from_secs(30), 0.1), Duration::from_secs(3));
        assert_eq!(scaled(Duration::from_secs(30), 0.0), Duration::ZERO);
        assert_eq!(scaled(Duration::MAX, 2.0), Duration::MAX);
    }
}
