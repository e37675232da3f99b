//! What is asked of the server as a whole.

use http::{HeaderMap, HeaderName, HeaderValue, Method};
use rancher_client::scope::{KeyScope, Route};
use rancher_client::transport::{Expect, Request};
use rancher_client::workflow::doctor::DoctorOptions;
use rancher_client::{ClusterId, Credential};
use secrecy::ExposeSecret as _;
use serde_json::{Map, Value, json};

use crate::answer::Answer;
use crate::fault::Outcome;
use crate::input::Input;

pub(super) async fn version(input: Input) -> Outcome<Answer> {
    input.done()?;
    let version = input.context.client.server_version().await?;
    Ok(Answer::value(input.context.naming.value(json!({
        "version": version.version,
        "git_commit": version.git_commit,
        "prime": version.prime,
    }))))
}

pub(super) async fn doctor(mut input: Input) -> Outcome<Answer> {
    let cluster = |id: &str| ClusterId::new(id);
    let options = DoctorOptions {
        cluster: input.text_if("cluster")?.as_deref().map(cluster).transpose()?,
        namespace: input.text_if("namespace")?,
        can_i: input.questions("can_i")?.unwrap_or_default(),
        also: input
            .texts("also")?
            .unwrap_or_default()
            .iter()
            .map(|id| cluster(id))
            .collect::<Result<_, _>>()?,
        key_is_for: match input.text_if("key_is_for")?.as_deref() {
            None => None,
            Some("global") => Some(KeyScope::Global),
            Some(id) => Some(KeyScope::Cluster(cluster(id)?)),
        },
        witness: match input.secret("witness")? {
            Some(witness) => Some(Credential::parse(witness.expose_secret())?),
            None => None,
        },
        timeout: input.span("timeout")?,
        progress: None,
    };
    input.done()?;
    let report = input.context.client.doctor(options).await?;
    let mut all = report.to_json();
    if let Value::Object(fields) = &mut all {
        fields.insert("text".to_owned(), report.to_string().into());
        fields.insert("exit_code".to_owned(), report.verdict.exit_code().into());
    }
    Ok(Answer::value(input.context.naming.value(all)))
}

pub(super) async fn request(mut input: Input) -> Outcome<Answer> {
    let client = input.context.client.clone();
    let method = input.text("method")?;
    let method = match Method::from_bytes(method.to_ascii_uppercase().as_bytes()) {
        Ok(method) => method,
        Err(_) => return Err(input.invalid("method", "nothing was sent: that is no method", "such as GET")),
    };
    let path = input.text("path")?;
    let route = match path.contains("://") && !path.starts_with('/') {
        // what a link of an answer says: it leads to this server or nowhere
        true => Route::from_link(&client.config().server, &path)?,
        false => Route::parse(&path)?,
    };
    let mut request = Request::new("request", method, route);
    request.expect = Expect::Anything;
    for (name, value) in input.named("headers")?.unwrap_or_default() {
        let header = HeaderName::from_bytes(name.as_bytes()).ok().zip(HeaderValue::from_str(&value).ok());
        let Some((header, mut value)) = header else {
            let shown: String = name.chars().filter(|c| !c.is_control()).take(60).collect();
            return Err(input.invalid(
                "headers",
                format!("nothing was sent: {shown:?} is no header, or its value none"),
                "",
            ));
        };
        value.set_sensitive(true);
        request.headers.append(header, value);
    }
    if let Some(body) = input.json("body")? {
        request = request.with_json(&body)?;
    }
    input.done()?;
    let response = client.send(request).await?;
    let value = json!({"status": response.status.as_u16(), "headers": shown(&response.headers)});
    let body = client.read(response.body).await?;
    Ok(Answer::page([body]).with(value))
}

/// Headers by name; one that comes more than once is a list with commas, as HTTP reads it.
fn shown(headers: &HeaderMap) -> Map<String, Value> {
    let mut all = Map::new();
    for name in headers.keys() {
        let values: Vec<_> =
            headers.get_all(name).iter().map(|value| String::from_utf8_lossy(value.as_bytes())).collect();
        all.insert(name.as_str().to_owned(), Value::String(values.join(", ")));
    }
    all
}
