//! Lists that are wrong on purpose, for tests of clients that must notice.

use crate::Response;
use crate::world::World;
use crate::world::call::Call;
use serde_json::{Map, Value, json};
use std::fmt;

/// One way in which every Norman list is wrong until the world is told otherwise.
///
/// Some things need no quirk: a marker vanishes when its object is deleted, a filter that the schema does not name
/// is ignored, `/v3/tokens` ignores `limit`.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Quirk {
    /// `next` leads to the page that it stands on.
    NextIsItself,
    /// `next` leads to this host.
    NextOnHost(String),
    /// The server is an older one, which does not know this filter: it ignores it and does not echo it.
    FilterUnknown(String),
    /// The whole list comes back whatever `limit` says, as `/v3/tokens` really does.
    LimitIgnored,
}

impl fmt::Display for Quirk {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NextIsItself => f.write_str("quirk:next-is-itself"),
            Self::NextOnHost(host) => write!(f, "quirk:next-on-host:{host}"),
            Self::FilterUnknown(name) => write!(f, "quirk:filter-unknown:{name}"),
            Self::LimitIgnored => f.write_str("quirk:limit-ignored"),
        }
    }
}

impl World {
    /// Makes every Norman list wrong in this way from now on. The journal names the quirk where it changed an
    /// answer, as it names a fault.
    pub fn quirk(&mut self, quirk: Quirk) {
        if !self.state.quirks.contains(&quirk) {
            self.state.quirks.push(quirk);
        }
    }

    /// Ends all quirks.
    pub fn without_quirks(&mut self) {
        self.state.quirks.clear();
    }
}

/// The call as a server with these quirks understands it.
pub(super) fn understood<'a>(world: &mut World, call: &Call<'a>) -> Call<'a> {
    // rule: quirk.lists
    let mut call = call.clone();
    let before = call.query.0.len();
    for quirk in &world.state.quirks {
        match quirk {
            Quirk::FilterUnknown(name) => call.query.0.retain(|(key, _)| !filters_by(key, name)),
            Quirk::LimitIgnored => call.query.0.retain(|(key, _)| key != "limit"),
            Quirk::NextIsItself | Quirk::NextOnHost(_) => continue,
        }
        if call.query.0.len() < before {
            world.state.noted.push(quirk.to_string());
        }
    }
    call
}

fn filters_by(key: &str, name: &str) -> bool {
    key == name || key.rsplit_once('_').is_some_and(|(field, _)| field == name)
}

/// What is left of a list's answer.
pub(super) fn answered(world: &mut World, call: &Call<'_>, response: Response) -> Response {
    if world.state.quirks.is_empty() {
        return response;
    }
    let Ok(Value::Object(mut body)) = serde_json::from_slice::<Value>(&response.body) else {
        return response;
    };
    if body.get("type").and_then(Value::as_str) != Some("collection") {
        return response;
    }
    for quirk in &world.state.quirks {
        let changed = match quirk {
            Quirk::NextIsItself => {
                let own = format!("{}{}{}", call.base, call.raw_path, call.query.with(&[]));
                next(&mut body, |_| own.clone())
            }
            Quirk::NextOnHost(host) => {
                next(&mut body, |next| next.replacen(call.base.as_str(), &format!("https://{host}"), 1))
            }
            Quirk::FilterUnknown(name) => body
                .get_mut("filters")
                .and_then(Value::as_object_mut)
                .is_some_and(|all| all.remove(name).is_some()),
            Quirk::LimitIgnored => false,
        };
        if changed && !world.state.noted.contains(&quirk.to_string()) {
            world.state.noted.push(quirk.to_string());
        }
    }
    Response { body: Value::Object(body).to_string().into(), ..response }
}

fn next(body: &mut Map<String, Value>, other: impl Fn(&str) -> String) -> bool {
    let Some(next) = body.get_mut("pagination").and_then(|pages| pages.get_mut("next")) else { return false };
    let wrong = next.as_str().map(other);
    *next = json!(wrong);
    true
}
