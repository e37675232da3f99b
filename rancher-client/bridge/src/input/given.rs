//! One thing that an operation was called with, of one of the types that the table knows.

use rancher_client::proxy::CanI;
use rancher_client::wire::{Document as _, Kept, Object};
use rancher_client::{Error, ErrorKind};
use secrecy::SecretString;
use serde::Deserialize;
use serde::de::{Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;
use serde_json::{Map, Value};
use std::fmt;
use std::time::Duration;

use crate::fields::Fields;
use crate::naming::Naming;
use crate::table::{Kind, Parameter};

/// A value of one of the types of the table.
pub(crate) enum Given {
    Text(String),
    Whole(u64),
    Flag(bool),
    Span(Duration),
    Texts(Vec<String>),
    Named(Vec<(String, String)>),
    Json(Box<RawValue>),
    Secret(SecretString),
    Data(Object),
    Where(Map<String, Value>),
    Fields(Fields),
    Conditions(Vec<(String, Option<String>)>),
    Questions(Vec<CanI>),
}

/// The object that an operation is about.
pub(crate) enum Subject {
    /// As it was read.
    Read(Kept<Object>),
    /// Its id.
    Id(String),
}

/// Why a value cannot be taken. It holds nothing of the value.
pub(crate) struct Wrong {
    what: String,
    advice: String,
}

impl Wrong {
    pub(crate) fn new(what: impl Into<String>, advice: impl Into<String>) -> Self {
        Self { what: what.into(), advice: advice.into() }
    }

    /// The error, of something of this name.
    pub(crate) fn said_of(self, name: &str) -> Error {
        Error::new(ErrorKind::Invalid, format!("nothing was sent: {name} {}", self.what), self.advice)
            .with_field(name)
    }
}

/// Names and texts in the order in which they were written.
pub(crate) struct Ordered<T>(pub(crate) Vec<(String, T)>);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Ordered<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct InOrder<T>(std::marker::PhantomData<T>);
        impl<'de, T: Deserialize<'de>> Visitor<'de> for InOrder<T> {
            type Value = Vec<(String, T)>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut all = Vec::new();
                while let Some(field) = map.next_entry()? {
                    all.push(field);
                }
                Ok(all)
            }
        }
        deserializer.deserialize_map(InOrder(std::marker::PhantomData)).map(Self)
    }
}

fn read<'a, T: Deserialize<'a>>(raw: &'a RawValue, what: &str, advice: &str) -> Result<T, Wrong> {
    // the error of serde_json can quote the value
    serde_json::from_str(raw.get()).map_err(|_| Wrong::new(what, advice))
}

/// A list of texts; one text is a list of one.
fn texts(raw: &RawValue, what: &str, advice: &str) -> Result<Vec<String>, Wrong> {
    if let Ok(one) = serde_json::from_str::<String>(raw.get()) {
        return Ok(vec![one]);
    }
    read(raw, what, advice)
}

impl Given {
    /// Reads a value of the type of this parameter.
    pub(crate) fn read(parameter: &Parameter, raw: &RawValue, naming: Naming) -> Result<Self, Wrong> {
        Ok(match parameter.kind {
            Kind::String | Kind::Subject => Self::Text(text(parameter, raw)?),
            Kind::Integer => Self::Whole(whole(raw)?),
            Kind::Boolean => Self::Flag(read(raw, "is neither true nor false", "")?),
            Kind::Seconds => Self::Span(span(parameter, raw, naming)?),
            Kind::Strings => Self::Texts(texts(raw, "is no list of texts", "")?),
            Kind::Texts => {
                let named: Ordered<String> = read(raw, "holds no texts by name", "each value is a text")?;
                Self::Named(named.0)
            }
            Kind::Json => Self::Json(raw.to_owned()),
            Kind::Secret => Self::Secret(read(raw, "is no text", "")?),
            Kind::Data | Kind::Object => Self::Data(data(raw)?),
            Kind::Where => {
                let advice = "say a value by field: {\"name\": \"shop\"}, or a comparison: {\"name\": {\"in\": [\"a\", \"b\"]}}";
                Self::Where(read(raw, "says nothing by field", advice)?)
            }
            Kind::Fields => Self::Fields(fields(raw)?),
            Kind::Conditions => Self::Conditions(conditions(raw)?),
            Kind::Questions => Self::Questions(questions(raw)?),
        })
    }
}

fn text(parameter: &Parameter, raw: &RawValue) -> Result<String, Wrong> {
    let text: String = read(raw, "is no text", "")?;
    if parameter.one_of.is_empty() || parameter.one_of.contains(&text) {
        return Ok(text);
    }
    Err(Wrong::new(
        "is none of those that there are",
        format!("it is one of {}", parameter.one_of.join(", ")),
    ))
}

fn whole(raw: &RawValue) -> Result<u64, Wrong> {
    read(raw, "is no whole number", "it is 0 or more, without a fraction")
}

fn span(parameter: &Parameter, raw: &RawValue, naming: Naming) -> Result<Duration, Wrong> {
    let advice = format!("give {}, 0 or more", naming.unit());
    let seconds: f64 = read(raw, "is no span of time", &advice)?;
    let span = Duration::try_from_secs_f64(seconds).map_err(|_| Wrong::new("is no span of time", advice))?;
    // nothing could come in no time, and whether something was sent would be left to chance
    if parameter.name == "timeout" && span.is_zero() {
        let advice = format!("give {} above 0", naming.unit());
        return Err(Wrong::new("leaves no time for anything", advice));
    }
    Ok(span)
}

fn data(raw: &RawValue) -> Result<Object, Wrong> {
    if !raw.get().starts_with('{') {
        return Err(Wrong::new("is no JSON object", ""));
    }
    Object::decode(raw.get().as_bytes()).map_err(|error| Wrong::new("cannot be read", error.to_string()))
}

fn fields(raw: &RawValue) -> Result<Fields, Wrong> {
    let advice = "give paths: [\"id\", \"status.phase\"], or a path by name: {\"phase\": \"status.phase\"}";
    if raw.get().starts_with('{') {
        let named: Ordered<String> = read(raw, "holds no paths by name", advice)?;
        return Fields::named(named.0);
    }
    Fields::paths(texts(raw, "holds no paths", advice)?)
}

fn conditions(raw: &RawValue) -> Result<Vec<(String, Option<String>)>, Wrong> {
    let advice = "give a condition, several of them, or a status by condition: {\"Ready\": \"True\"}";
    if raw.get().starts_with('{') {
        let named: Ordered<Value> = read(raw, "holds no status by condition", advice)?;
        return named
            .0
            .into_iter()
            .map(|(kind, status)| match status {
                Value::String(status) => Ok((kind, Some(status))),
                // as programs write it
                Value::Bool(true) => Ok((kind, Some("True".to_owned()))),
                Value::Bool(false) => Ok((kind, Some("False".to_owned()))),
                _ => Err(Wrong::new("holds a status that is no text", advice)),
            })
            .collect();
    }
    Ok(texts(raw, "holds no conditions", advice)?.into_iter().map(|kind| (kind, None)).collect())
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Question {
    verb: String,
    resource: String,
    namespace: Option<String>,
    group: Option<String>,
    subresource: Option<String>,
}

fn questions(raw: &RawValue) -> Result<Vec<CanI>, Wrong> {
    const ADVICE: &str = "a question is like \"create pods\", or has verb and resource, and may have namespace, group and \
                          subresource";
    let asked: Vec<&RawValue> = match raw.get().starts_with('[') {
        true => read(raw, "holds no questions", ADVICE)?,
        false => vec![raw],
    };
    asked
        .into_iter()
        .map(|one| {
            if one.get().starts_with('{') {
                let asked: Question = read(one, "holds a question that is none", ADVICE)?;
                return question(
                    &asked.verb,
                    &asked.resource,
                    asked.namespace.as_deref(),
                    asked.group.as_deref(),
                    asked.subresource.as_deref(),
                );
            }
            let words: String = read(one, "holds a question that is none", ADVICE)?;
            let mut parts = words.split_whitespace();
            match (parts.next(), parts.next(), parts.next()) {
                (Some(verb), Some(resource), None) => question(verb, resource, None, None, None),
                _ => Err(Wrong::new("holds a question that is none", ADVICE)),
            }
        })
        .collect()
}

/// A question about a right. `deployments.apps` and `pods/log` name group and subresource with the resource.
pub(crate) fn question(
    verb: &str,
    resource: &str,
    namespace: Option<&str>,
    group: Option<&str>,
    subresource: Option<&str>,
) -> Result<CanI, Wrong> {
    let split = group.is_some() || subresource.is_some();
    if split && resource.contains(['.', '/']) {
        return Err(Wrong::new(
            "names group or subresource twice",
            "give the plural alone beside them, pods",
        ));
    }
    let mut words = format!("{verb}:{resource}");
    for (sign, more) in [('.', group), ('/', subresource)] {
        if let Some(more) = more.filter(|more| !more.is_empty()) {
            words.push(sign);
            words.push_str(more);
        }
    }
    let question: CanI = words.parse().map_err(|error: Error| {
        Wrong::new("asks nothing that there is", format!("{}; {}", error.summary(), error.advice()))
    })?;
    Ok(match namespace {
        Some(namespace) => question.within(namespace),
        None => question,
    })
}
