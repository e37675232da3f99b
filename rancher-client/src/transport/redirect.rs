//! Redirects within the server. Nothing is ever sent anywhere else.

use http::{Method, StatusCode};
use std::sync::Arc;
use url::Url;

use super::{BoxFuture, Request, Response, Transport};
use crate::error::{Dialect, Error, ErrorKind, HttpAnswer, Result};
use crate::scope::Route;
use crate::wire::ServerUrl;

/// Follows redirects of the same origin and path prefix, with the same method, body and credential.
///
/// Recorded: `GET /v3` is a 307 to `/v3/`, `GET /k8s/clusters/{id}` one to the same with a slash. The method is kept
/// on a 301 and 302 too: a POST that turns into a GET reports success and does nothing. Such an answer comes from the
/// router, before anything is done (assumed), so a POST is safe to send on. A 303 is different: by its meaning the
/// request was taken, and the link leads to something else. Only what changes nothing follows one.
#[derive(Debug)]
pub(crate) struct Redirect {
    inner: Arc<dyn Transport>,
    server: ServerUrl,
    most: u32,
}

/// So much of a redirect's own body is read, so that its connection can be used again.
const REST: usize = 16 * 1024;

impl Redirect {
    /// Follows at most `most` in a row ([`crate::config::Limits::redirects`]); with 0 a redirect is an answer.
    pub(crate) fn new(inner: Arc<dyn Transport>, server: ServerUrl, most: u32) -> Self {
        Self { inner, server, most }
    }

    /// Where an answer leads; nothing if it is no redirect.
    fn target(&self, method: &Method, from: &Route, response: &Response) -> Result<Option<Route>> {
        if !matches!(response.status.as_u16(), 301 | 302 | 303 | 307 | 308) || self.most == 0 {
            return Ok(None);
        }
        let Some(location) = response.header("location") else { return Ok(None) };
        // a Location may be relative to the path that was asked
        let Ok(url) = self.server.join(&from.path_and_query()).join(location) else {
            return Err(refused(response, "the server redirects to what is no URL".to_owned(), ""));
        };
        // the cause is left out: it shows the link with its query
        let next = Route::from_link(&self.server, url.as_str()).map_err(|_| {
            let (what, advice) = self.leads_away(&url);
            refused(response, what, &advice)
        })?;
        if response.status == StatusCode::SEE_OTHER && !method.is_safe() {
            return Err(see_other(response, method, &next));
        }
        Ok(Some(next))
    }

    /// Only the origin is shown: a login portal puts its state into the query.
    fn leads_away(&self, url: &Url) -> (String, String) {
        let origin = url.origin().ascii_serialization();
        let what = if self.server.same_origin(url) {
            format!("the server redirects out of {}, to a path that is not followed", self.server)
        } else {
            format!("the server redirects to {origin}, which is not {}; nothing was sent there", self.server)
        };
        let upgraded = url.scheme() == "https" && !self.server.is_https();
        let advice = if upgraded
            && url.host_str().is_some_and(|host| host.trim_matches(['[', ']']) == self.server.host())
        {
            format!("give {origin} as the server's URL")
        } else {
            "a login portal may stand before Rancher; give the URL under which Rancher's API answers directly"
                .to_owned()
        };
        (what, advice)
    }
}

fn refused(response: &Response, what: String, advice: &str) -> Error {
    failed(ErrorKind::NotRancher, response, &what, advice)
}

/// Whether the request did its work is not known, so it goes neither on to the link nor out once more.
fn see_other(response: &Response, method: &Method, to: &Route) -> Error {
    let what = format!(
        "the server answered this {method} with a redirect that does not keep the method, to {to}; it was not sent \
         on, and whether it was done is not known"
    );
    failed(ErrorKind::Unsupported, response, &what, "look whether it was done before sending it again")
}

fn failed(kind: ErrorKind, response: &Response, what: &str, advice: &str) -> Error {
    let status = response.status;
    Error::new(kind, format!("{}: {what}", status.as_u16()), advice).with_http(HttpAnswer {
        status,
        accepted: response.accepted().said(),
        dialect: Dialect::Empty,
        code: None,
        field: None,
        message: None,
    })
}

impl Transport for Redirect {
    fn send(&self, mut request: Request) -> BoxFuture<'_, Result<Response>> {
        Box::pin(async move {
            let mut passed: Vec<Route> = Vec::new();
            loop {
                let mut response = self.inner.send(request.clone()).await?;
                let Some(next) = self.target(&request.method, &request.route, &response)? else {
                    response.redirected = passed.pop().map(|_| request.route);
                    return Ok(response);
                };
                passed.push(std::mem::replace(&mut request.route, next));
                if passed.contains(&request.route) {
                    let what = format!("the server redirects in a circle, back to {}", request.route);
                    return Err(refused(&response, what, "look at the proxy or ingress in front of Rancher"));
                }
                if passed.len() > usize::try_from(self.most).unwrap_or(usize::MAX) {
                    let what = format!("more than {} redirects in a row", self.most);
                    return Err(refused(&response, what, "look at the proxy or ingress in front of Rancher"));
                }
                tracing::debug!(operation = %request.operation, status = response.status.as_u16(), to = %request.route, "redirected");
                // a body that breaks here is none of the caller's; dropping it frees the place in the limit
                let _ = response.body.read_some(REST).await;
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::super::limit::Limit;
    use super::super::mock::{Mock, request, response, with_header};
    use super::*;
    use bytes::Bytes;

    fn server(text: &str) -> ServerUrl {
        ServerUrl::parse(text, true).unwrap()
    }

    fn layer(mock: &Mock) -> Redirect {
        Redirect::new(Arc::new(mock.clone()), server("https://rancher.example.com/tools"), 5)
    }

    fn moved(status: u16, location: &str) -> Response {
        with_header(response(status, "moved"), "location", location)
    }

    /// What comes of a redirect to `location` from `/v3/clusters?limit=1`.
    async fn follow(status: u16, location: &'static str) -> (Mock, Result<Response>) {
        let mock = Mock::script([Ok(moved(status, location)), Ok(response(200, "there"))]);
        let layer = layer(&mock);
        let mut request = request(Method::POST, "/v3/clusters?limit=1");
        request.body = Some(Bytes::from_static(b"{}"));
        let answer = layer.send(request).await;
        (mock, answer)
    }

    #[tokio::test]
    async fn see_other_is_followed_only_by_what_changes_nothing() {
        let (mock, answer) = follow(303, "/tools/v3/import/s3cr3ts3cr3t_c-prod1.yaml").await;
        let error = answer.unwrap_err();
        assert_eq!((error.kind(), error.status()), (ErrorKind::Unsupported, Some(303)));
        assert!(error.to_string().contains("whether it was done is not known"), "{error}");
        assert!(!error.is_retryable() && !format!("{error:?}").contains("s3cr3t"), "{error:?}");
        assert_eq!(mock.count(), 1);

        for (method, sent) in
            [(Method::GET, 2), (Method::HEAD, 2), (Method::PUT, 1), (Method::DELETE, 1), (Method::PATCH, 1)]
        {
            let mock = Mock::script([Ok(moved(303, "/tools/v3/done")), Ok(response(200, "there"))]);
            let answer = layer(&mock).send(request(method.clone(), "/v3/clusters/c-prod1")).await;
            assert_eq!((mock.count(), answer.is_ok()), (sent, sent == 2), "{method}");
        }
    }

    #[tokio::test]
    async fn every_other_redirect_keeps_method_body_and_credential() {
        for status in [301, 302, 307, 308] {
            let (mock, answer) = follow(status, "https://rancher.example.com/tools/v3/clusters/?x=%2F").await;
            let answer = answer.unwrap();
            assert_eq!(answer.redirected.unwrap().path_and_query(), "/v3/clusters/?x=%2F");
            let second = &mock.calls()[1];
            assert_eq!(
                (&second.method, second.body.as_deref()),
                (&Method::POST, Some(b"{}".as_slice())),
                "{status}"
            );
            assert_eq!(second.auth, super::super::Auth::Send);
        }
    }

    #[tokio::test]
    async fn relative_locations() {
        for (location, path) in [
            ("/tools/v3/", "/v3/"),
            ("clusters/", "/v3/clusters/"),
            ("?limit=2", "/v3/clusters?limit=2"),
            ("//rancher.example.com/tools/v3/x", "/v3/x"),
            ("https://RANCHER.example.com:443/tools/v3/x#part", "/v3/x"),
        ] {
            let (mock, answer) = follow(307, location).await;
            assert!(answer.is_ok(), "{location}: {answer:?}");
            assert_eq!(mock.calls()[1].route.path_and_query(), path);
        }
    }

    #[tokio::test]
    async fn nothing_goes_anywhere_else() {
        for location in [
            "https://evil.example.com/tools/v3/clusters",
            "//evil.example.com/tools/v3/clusters",
            "http://rancher.example.com/tools/v3/clusters",
            "https://rancher.example.com:8443/tools/v3/clusters",
            "https://rancher.example.com.evil.example/tools/v3",
            "https://user:pass@rancher.example.com/tools/v3",
            "https://rancher.example.com/other/v3",
            "https://rancher.example.com/toolsx/v3",
            "/outside/the/prefix",
            "/tools/../other",
            "ftp://rancher.example.com/tools/v3",
            "https://:::",
        ] {
            let (mock, answer) = follow(302, location).await;
            let error = answer.unwrap_err();
            assert_eq!((error.kind(), error.status()), (ErrorKind::NotRancher, Some(302)), "{location}");
            assert_eq!(mock.count(), 1, "{location}");
            assert!(!error.to_string().contains("pass"), "{error}");
        }
    }

    #[tokio::test]
    async fn the_error_names_the_other_host_and_nothing_of_its_query() {
        let (_, answer) = follow(302, "https://login.example.com/auth?state=s3cr3t").await;
        let error = answer.unwrap_err();
        assert!(error.to_string().contains("https://login.example.com,"), "{error}");
        assert!(!format!("{error:?}").contains("s3cr3t"), "{error:?}");

        let mock = Mock::script([Ok(moved(301, "https://rancher.example.com/v3"))]);
        let layer = Redirect::new(Arc::new(mock), server("http://rancher.example.com"), 5);
        let error = layer.send(request(Method::GET, "/v3")).await.unwrap_err();
        assert_eq!(error.advice(), "give https://rancher.example.com as the server's URL");
    }

    #[tokio::test]
    async fn circles_and_long_ways() {
        let circle = Mock::new(|request: Request| async move {
            let to = if request.route.path() == "/v3/a" { "/tools/v3/b" } else { "/tools/v3/a" };
            Ok(moved(302, to))
        });
        let error = layer(&circle).send(request(Method::GET, "/v3/a")).await.unwrap_err();
        assert!(error.summary().contains("circle"), "{error}");
        assert_eq!(circle.count(), 2);

        let long = Mock::new(|request: Request| async move {
            Ok(moved(302, &format!("/tools{}/x", request.route.path())))
        });
        let error = layer(&long).send(request(Method::GET, "/v3")).await.unwrap_err();
        assert!(error.summary().contains("more than 5"), "{error}");
        assert_eq!(long.count(), 6);
    }

    #[tokio::test]
    async fn the_rest_passes() {
        for answer in [
            response(307, "without a place"),
            moved(304, "/tools/v3"),
            moved(300, "/tools/v3"),
            moved(201, "/tools/v3/clusters/c-new"),
        ] {
            let status = answer.status;
            let mock = Mock::script([Ok(answer)]);
            let answer = layer(&mock).send(request(Method::GET, "/v3")).await.unwrap();
            assert_eq!((answer.status, answer.redirected), (status, None));
        }
        let mock = Mock::script([Ok(moved(302, "/tools/v3/"))]);
        let off = Redirect::new(Arc::new(mock), server("https://rancher.example.com/tools"), 0);
        assert_eq!(off.send(request(Method::GET, "/v3")).await.unwrap().status, 302);
    }

    #[tokio::test(start_paused = true)]
    async fn a_redirect_gives_its_place_back_before_the_next() {
        let mock = Mock::script([Ok(moved(307, "/tools/v3/")), Ok(response(200, ""))]);
        let limit = Arc::new(Limit::new(Arc::new(mock), 1));
        let layer = Redirect::new(limit, server("https://rancher.example.com/tools"), 5);
        let answer = layer.send(request(Method::GET, "/v3"));
        let answer = tokio::time::timeout(std::time::Duration::from_secs(1), answer).await;
        assert_eq!(answer.expect("it waits for itself").unwrap().status, 200);
    }
}
