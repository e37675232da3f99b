//! What an operation is called with, checked against the table before the operation sees it.

mod given;

use given::Given;
pub(crate) use given::{Subject, Wrong, question};

use bytes::Bytes;
use rancher_client::proxy::CanI;
use rancher_client::wire::{Kept, Object};
use rancher_client::{Client, Error, ErrorKind};
use secrecy::SecretString;
use serde_json::value::RawValue;
use serde_json::{Map, Value};
use std::collections::BTreeMap;
use std::time::Duration;

use crate::fault::{Fault, Outcome};
use crate::fields::Fields;
use crate::kept;
use crate::naming::Naming;
use crate::sessions::Sessions;
use crate::table::{Kind, Operation, Parameter};

/// What every operation goes by.
#[derive(Clone)]
pub(crate) struct Context {
    pub(crate) client: Client,
    pub(crate) naming: Naming,
    pub(crate) sessions: Sessions,
}

/// What an operation was called with: its target, arguments and options, of the types that the table states.
pub(crate) struct Input {
    pub(crate) context: Context,
    operation: &'static Operation,
    target: BTreeMap<&'static str, Given>,
    given: BTreeMap<&'static str, Given>,
    original: Option<Bytes>,
    /// How long the call may take, or each page of it, or all that goes on.
    pub(crate) timeout: Option<Duration>,
}

impl Input {
    /// Reads the JSON of a call.
    ///
    /// # Errors
    /// `invalid`, with the name of what is wrong and never its value: it can be a secret.
    pub(crate) fn read(
        context: &Context,
        operation: &'static Operation,
        json: &[u8],
        original: Option<Bytes>,
    ) -> Outcome<Self> {
        let naming = context.naming;
        let read = || -> Result<_, Error> {
            let mut all =
                raw_fields(json).ok_or_else(|| invalid("what it is called with is no JSON object", ""))?;
            let target = match all.remove("target") {
                Some(target) => raw_fields(target.get().as_bytes())
                    .ok_or_else(|| invalid("the target is no JSON object", "").with_field("target"))?,
                None => BTreeMap::new(),
            };
            let target =
                taken("the target of ", operation, &operation.target, target, naming, |it| !it.optional)?;
            let subject = |it: &Parameter| matches!(it.kind, Kind::Subject);
            let needed = |it: &Parameter| {
                operation.arguments.iter().any(|argument| argument.name == it.name) && !subject(it)
            };
            let mut parameters: Vec<&'static Parameter> = Vec::new();
            parameters.extend(&operation.arguments);
            parameters.extend(&operation.options);
            let given = taken_of("", operation, &parameters, all, naming, needed)?;
            Ok((target, given))
        };
        let (target, mut given) = read().map_err(|error| error.with_operation(operation.name.as_str()))?;
        let timeout = match given.remove("timeout") {
            Some(Given::Span(span)) if operation.timed => Some(span),
            Some(other) => {
                given.insert("timeout", other);
                None
            }
            None => None,
        };
        let takes_original =
            operation.arguments.iter().any(|argument| matches!(argument.kind, Kind::Object | Kind::Subject));
        if original.is_some() && !takes_original {
            return Err(invalid(format!("{} changes no object that was read", operation.name), "").into());
        }
        let client = match timeout {
            // what goes on takes as many requests as it needs
            Some(_) if operation.is_flow() => context.client.clone(),
            Some(span) if operation.is_stream() => context.client.with_timeout(span),
            Some(span) => context.client.with_deadline(span),
            None => context.client.clone(),
        };
        let context = Context { client, ..context.clone() };
        Ok(Self { context, operation, target, given, original, timeout })
    }

    /// Refuses to go on while something was given that the operation did not look at. The table says that it takes it,
    /// so this is a defect, and silence about it would be a wrong answer.
    pub(crate) fn done(&self) -> Outcome<()> {
        match self.target.keys().chain(self.given.keys()).next() {
            None => Ok(()),
            Some(left) => Err(self.defect(left)),
        }
    }

    fn defect(&self, name: &str) -> Fault {
        Error::new(
            ErrorKind::Internal,
            format!(
                "nothing was sent: {} takes {name}, but does not use it as it is stated",
                self.operation.name
            ),
            "this is a defect of the client: report it",
        )
        .with_operation(self.operation.name.as_str())
        .into()
    }

    /// What is wrong with something that was given.
    pub(crate) fn invalid(&self, name: &str, what: impl std::fmt::Display, advice: &str) -> Fault {
        let name = self.context.naming.shown(name);
        invalid(what.to_string(), advice).with_operation(self.operation.name.as_str()).with_field(name).into()
    }

    /// What is wrong with something that was given.
    pub(crate) fn wrong(&self, name: &str, wrong: Wrong) -> Fault {
        wrong.said_of(&self.context.naming.shown(name)).with_operation(self.operation.name.as_str()).into()
    }

    /// The object that was read and is changed now.
    pub(crate) fn changed(&mut self) -> Outcome<Kept<Object>> {
        let changed = self.data("object")?;
        let Some(original) = self.original.take() else {
            return Err(self.invalid(
                "object",
                "the object was not read by this client, so that nobody can tell what was changed",
                "read it with get, find or list, change it, and update that; or use update_with",
            ));
        };
        kept::changed(original, changed, self.context.naming)
    }

    /// The object that the operation is about: as it was read, or its id.
    pub(crate) fn subject(&mut self) -> Outcome<Subject> {
        match (self.original.take(), self.take("id")) {
            (Some(original), None) => Ok(Subject::Read(kept::original(original)?)),
            (None, Some(Given::Text(id))) => Ok(Subject::Id(id)),
            (Some(_), Some(_)) => {
                Err(self.invalid("id", "both an object and an id were given", "give one of both"))
            }
            _ => Err(self.invalid("object", "neither an object nor an id was given", "give one of both")),
        }
    }

    /// Whether the operation goes on until it is left.
    pub(crate) fn is_flow(&self) -> bool {
        self.operation.is_flow()
    }

    fn take(&mut self, name: &str) -> Option<Given> {
        self.given.remove(name)
    }
}

macro_rules! takes {
    ($($(#[$doc:meta])* $name:ident: $variant:ident($type:ty)),+ $(,)?) => {
        impl Input {
            $(
                $(#[$doc])*
                pub(crate) fn $name(&mut self, name: &str) -> Outcome<Option<$type>> {
                    match self.take(name) {
                        None => Ok(None),
                        Some(Given::$variant(value)) => Ok(Some(value)),
                        Some(_) => Err(self.defect(name)),
                    }
                }
            )+
        }
    };
}

takes! {
    /// A text, if it was given.
    text_if: Text(String),
    /// A whole number, if it was given.
    whole: Whole(u64),
    /// Yes or no, if it was given.
    flag: Flag(bool),
    /// A span of time, if it was given.
    span: Span(Duration),
    /// Several texts, if they were given.
    texts: Texts(Vec<String>),
    /// Texts by name, if they were given.
    named: Named(Vec<(String, String)>),
    /// Any JSON, as it was given.
    json: Json(Box<RawValue>),
    /// A secret, if it was given.
    secret: Secret(SecretString),
    /// A JSON object, if it was given.
    data_if: Data(Object),
    /// What objects are like, if it was given.
    conditions_of_fields: Where(Map<String, Value>),
    /// Which fields are wanted, if it was given.
    fields: Fields(Fields),
    /// Conditions and the status that each shall have, if they were given.
    conditions: Conditions(Vec<(String, Option<String>)>),
    /// Questions about rights, if they were given.
    questions: Questions(Vec<CanI>),
}

impl Input {
    /// A text that must have been given.
    pub(crate) fn text(&mut self, name: &str) -> Outcome<String> {
        self.text_if(name)?.ok_or_else(|| self.defect(name))
    }

    /// A JSON object that must have been given.
    pub(crate) fn data(&mut self, name: &str) -> Outcome<Object> {
        self.data_if(name)?.ok_or_else(|| self.defect(name))
    }

    /// A whole number of objects at a time, if it was given.
    pub(crate) fn page_size(&mut self) -> Outcome<Option<u32>> {
        // what does not fit is more than any server takes, and the core says so
        Ok(self.whole("page_size")?.map(|size| u32::try_from(size).unwrap_or(u32::MAX)))
    }

    /// A text of the target.
    pub(crate) fn target(&mut self, name: &str) -> Outcome<String> {
        self.target_if(name)?.ok_or_else(|| self.defect(name))
    }

    /// A text of the target, if it was given.
    pub(crate) fn target_if(&mut self, name: &str) -> Outcome<Option<String>> {
        match self.target.remove(name) {
            None => Ok(None),
            Some(Given::Text(text)) => Ok(Some(text)),
            Some(_) => Err(self.defect(name)),
        }
    }

    /// Yes or no in the target.
    pub(crate) fn target_flag(&mut self, name: &str) -> Outcome<bool> {
        match self.target.remove(name) {
            None => Ok(false),
            Some(Given::Flag(flag)) => Ok(flag),
            Some(_) => Err(self.defect(name)),
        }
    }
}

fn invalid(summary: impl Into<String>, advice: impl Into<String>) -> Error {
    Error::new(ErrorKind::Invalid, format!("nothing was sent: {}", summary.into()), advice)
}

/// The fields of an object, unread; of a field that stands twice the last, and none that is null.
fn raw_fields(json: &[u8]) -> Option<BTreeMap<String, &RawValue>> {
    let mut all: BTreeMap<String, &RawValue> = serde_json::from_slice(json).ok()?;
    all.retain(|_, value| value.get() != "null");
    Some(all)
}

fn taken(
    whose: &str,
    operation: &'static Operation,
    parameters: &'static [Parameter],
    all: BTreeMap<String, &RawValue>,
    naming: Naming,
    needed: impl Fn(&Parameter) -> bool,
) -> Result<BTreeMap<&'static str, Given>, Error> {
    let parameters: Vec<&'static Parameter> = parameters.iter().collect();
    taken_of(whose, operation, &parameters, all, naming, needed)
}

/// The name under which a parameter is given: an object that was read crosses beside the JSON, and leaves its id.
fn key_of(parameter: &Parameter) -> &str {
    if parameter.kind == Kind::Subject { "id" } else { &parameter.name }
}

fn taken_of(
    whose: &str,
    operation: &'static Operation,
    parameters: &[&'static Parameter],
    all: BTreeMap<String, &RawValue>,
    naming: Naming,
    needed: impl Fn(&Parameter) -> bool,
) -> Result<BTreeMap<&'static str, Given>, Error> {
    let mut taken = BTreeMap::new();
    for (name, value) in all {
        let Some(parameter) = parameters.iter().find(|parameter| key_of(parameter) == name) else {
            let known: Vec<String> = parameters.iter().map(|it| naming.shown(key_of(it))).collect();
            let known = if known.is_empty() { "nothing".to_owned() } else { known.join(", ") };
            let shown: String = name.chars().filter(|c| !c.is_control()).take(60).collect();
            return Err(invalid(
                format!("{whose}{} takes no {shown:?}", operation.name),
                format!("it takes {known}"),
            )
            .with_field(shown));
        };
        let value = Given::read(parameter, value, naming)
            .map_err(|wrong| wrong.said_of(&naming.shown(key_of(parameter))))?;
        taken.insert(key_of(parameter), value);
    }
    if let Some(missing) = parameters.iter().find(|it| needed(it) && !taken.contains_key(key_of(it))) {
        let name = naming.shown(&missing.name);
        return Err(invalid(format!("{whose}{} needs {name:?}", operation.name), "").with_field(name));
    }
    Ok(taken)
}
