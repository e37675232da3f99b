//! Puts the credential on a request, and says on the answer which one it was.

use http::HeaderValue;
use http::header::{AUTHORIZATION, COOKIE};
use secrecy::ExposeSecret;
use std::sync::Arc;

use super::{Auth, BoxFuture, Request, Response, Transport};
use crate::credentials::{Credential, CredentialCell};
use crate::error::{Error, ErrorKind, Result};
use crate::scope::TokenKind;

/// Adds `Authorization: Bearer …`, and nothing else ever does.
///
/// The credential is read from the cell for every attempt, so that a retry after a rotation goes with the new one.
/// No cookie is sent, so Rancher asks for no CSRF token.
#[derive(Debug)]
pub(crate) struct Credentials {
    inner: Arc<dyn Transport>,
    cell: Arc<CredentialCell>,
}

impl Credentials {
    /// Sends what is in the cell.
    pub(crate) fn new(inner: Arc<dyn Transport>, cell: Arc<CredentialCell>) -> Self {
        Self { inner, cell }
    }
}

impl Transport for Credentials {
    fn send(&self, mut request: Request) -> BoxFuture<'_, Result<Response>> {
        Box::pin(async move {
            for name in [AUTHORIZATION, COOKIE] {
                if request.headers.contains_key(&name) {
                    let advice = "give the credential to the client, not to a request";
                    let what = format!("a request may not bring its own {name} header");
                    return Err(Error::new(ErrorKind::Invalid, what, advice).with_nothing_sent());
                }
            }
            let current = self.cell.load();
            let mut kind = TokenKind::None;
            if request.auth == Auth::Send
                && let Some(value) = bearer(&current.credential)?
            {
                request.headers.insert(AUTHORIZATION, value);
                kind = current.credential.kind();
            }
            let response = self.inner.send(request).await?;
            Ok(Response { credential: kind, generation: current.generation, ..response })
        })
    }
}

fn bearer(credential: &Credential) -> Result<Option<HeaderValue>> {
    let Some(secret) = credential.bearer() else { return Ok(None) };
    let value = HeaderValue::try_from(format!("Bearer {}", secret.expose_secret()));
    // the cause is left out: it could echo the value
    let mut value = value.map_err(|_| {
        Error::config(
            "the token holds characters that no header can carry",
            "copy it again, without line breaks",
        )
    })?;
    value.set_sensitive(true);
    Ok(Some(value))
}

#[cfg(test)]
mod tests {
    use super::super::mock::{Mock, request, response};
    use super::*;
    use http::Method;

    const SECRET: &str = "s3cr3ts3cr3ts3cr3t";

    fn layer(mock: &Mock, credential: Credential) -> Credentials {
        Credentials::new(Arc::new(mock.clone()), Arc::new(CredentialCell::new(credential)))
    }

    fn key() -> Credential {
        Credential::parse(&format!("token-abcde:{SECRET}")).unwrap()
    }

    #[tokio::test]
    async fn the_bearer_goes_along_once_and_is_sensitive() {
        let mock = Mock::always(200, "");
        let answer = layer(&mock, key()).send(request(Method::GET, "/v3")).await.unwrap();
        assert_eq!((answer.credential, answer.generation), (TokenKind::V3, 0));
        let headers = &mock.calls()[0].headers;
        let values: Vec<_> = headers.get_all(AUTHORIZATION).iter().collect();
        assert_eq!(values, [&format!("Bearer token-abcde:{SECRET}")]);
        assert!(values[0].is_sensitive());
        assert!(!format!("{:?} {headers:?}", mock.calls()).contains(SECRET));
    }

    #[tokio::test]
    async fn nothing_goes_along_when_there_is_none_or_it_is_left_out() {
        let mock = Mock::always(200, "");
        let omit = Request { auth: Auth::Omit, ..request(Method::GET, "/v3") };
        let answers = [
            layer(&mock, key()).send(omit).await.unwrap(),
            layer(&mock, Credential::anonymous()).send(request(Method::GET, "/v3")).await.unwrap(),
        ];
        assert!(answers.iter().all(|answer| answer.credential == TokenKind::None));
        assert!(mock.calls().iter().all(|call| call.headers.is_empty()));
    }

    #[tokio::test]
    async fn a_replaced_credential_goes_with_the_next_request() {
        let mock = Mock::always(200, "");
        let layer = layer(&mock, key());
        layer.cell.replace(Credential::parse("ext/token-fghij:othersecret").unwrap());
        let answer = layer.send(request(Method::GET, "/v3")).await.unwrap();
        assert_eq!((answer.credential, answer.generation), (TokenKind::Ext, 1));
        assert_eq!(mock.calls()[0].headers[AUTHORIZATION], "Bearer ext/token-fghij:othersecret");
    }

    #[tokio::test]
    async fn a_replacement_during_a_call_does_not_change_what_it_went_with() {
        let cell = Arc::new(CredentialCell::new(key()));
        let during = Arc::clone(&cell);
        let mock = Mock::new(move |_| {
            during.replace(Credential::anonymous());
            async { Ok(response(401, "")) }
        });
        let layer = Credentials::new(Arc::new(mock), cell);
        let answer = layer.send(request(Method::GET, "/v3")).await.unwrap();
        assert_eq!((answer.credential, answer.generation), (TokenKind::V3, 0));
    }

    #[tokio::test]
    async fn a_request_with_its_own_credential_is_refused_unsent() {
        for name in [AUTHORIZATION, COOKIE] {
            let mock = Mock::always(200, "");
            let mut own = request(Method::GET, "/v3");
            own.headers.insert(name, HeaderValue::from_static("R_SESS=token-x:s3cr3ts3cr3t"));
            own.auth = Auth::Omit;
            let error = layer(&mock, key()).send(own).await.unwrap_err();
            assert_eq!((error.kind(), mock.count()), (ErrorKind::Invalid, 0));
            assert!(!format!("{error:?}").contains("s3cr3t"));
        }
    }
}
