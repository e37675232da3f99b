//! The text form of a rule, read.

use super::{Action, Fault, GlobError, Target};
use http::{Method, StatusCode};
use std::num::NonZeroU64;
use std::str::FromStr;
use std::time::Duration;
use thiserror::Error;

pub(super) const CONNECT: &str = "@connect";

const ACTIONS: &str = "delay:MS, hang, reset, cut:BYTES, length:BYTES, status:CODE, 429, 429:SECONDS, html502, \
                       drip:BYTES/s or close";

/// Why a text is no rule.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum FaultError {
    /// A part is missing.
    #[error("{0:?} has no {1}; a fault is `METHOD PATH-GLOB ACTION [after=N] [times=N]`")]
    Missing(String, &'static str),
    /// The method is none.
    #[error("{0:?} is no method; use one in capitals such as GET, or * for any")]
    Method(String),
    /// The path is no pattern.
    #[error(transparent)]
    Path(#[from] GlobError),
    /// A word with an `@` that is not known.
    #[error("{0:?} is no place for a fault; use a path, or @connect for new connections")]
    Place(String),
    /// The action is not known.
    #[error("{0:?} is no action; use {ACTIONS}")]
    Action(String),
    /// The action lacks its value, has one too many, or one that is out of range.
    #[error("{action:?}: {wanted}")]
    Value {
        /// The action as written.
        action: String,
        /// What it should look like.
        wanted: &'static str,
    },
    /// The action does not go with `@connect`.
    #[error("{0:?} needs a request; @connect takes close, reset, hang or delay:MS")]
    NeedsRequest(String),
    /// A connection has no method.
    #[error("a connection has no method: write `* @connect`, not `{0} @connect`")]
    ConnectMethod(String),
    /// A word after the action is neither `after=N` nor `times=N`.
    #[error("{0:?} is not understood; after the action come only after=N and times=N")]
    Option(String),
    /// `after` or `times` stands twice.
    #[error("{0}= stands twice")]
    Twice(&'static str),
    /// `after` or `times` has no number.
    #[error("{0:?} needs {1}")]
    Number(String, &'static str),
}

impl FromStr for Fault {
    type Err = FaultError;

    fn from_str(text: &str) -> Result<Self, FaultError> {
        let mut words = text.split_whitespace();
        let mut next = |what| words.next().ok_or_else(|| FaultError::Missing(text.to_owned(), what));
        let method = parse_method(next("method")?)?;
        let target = parse_target(next("path")?)?;
        let word = next("action")?;
        let action = parse_action(word)?;
        if target == Target::Connect {
            if let Some(method) = method {
                return Err(FaultError::ConnectMethod(method.to_string()));
            }
            if !matches!(action, Action::Close | Action::Reset | Action::Hang | Action::Delay(_)) {
                return Err(FaultError::NeedsRequest(word.to_owned()));
            }
        }
        let (mut after, mut times) = (None, None);
        for word in words {
            if let Some(number) = word.strip_prefix("after=") {
                let number: u64 = digits(number)
                    .ok_or_else(|| FaultError::Number(word.to_owned(), "a number of requests"))?;
                if after.replace(number).is_some() {
                    return Err(FaultError::Twice("after"));
                }
            } else if let Some(number) = word.strip_prefix("times=") {
                let number: NonZeroU64 = digits(number)
                    .ok_or_else(|| FaultError::Number(word.to_owned(), "a number of requests, at least 1"))?;
                if times.replace(number).is_some() {
                    return Err(FaultError::Twice("times"));
                }
            } else {
                return Err(FaultError::Option(word.to_owned()));
            }
        }
        Ok(Self { method, target, action, after: after.unwrap_or(0), times })
    }
}

fn parse_method(word: &str) -> Result<Option<Method>, FaultError> {
    if word == "*" {
        return Ok(None);
    }
    if !word.bytes().all(|byte| byte.is_ascii_uppercase()) {
        return Err(FaultError::Method(word.to_owned()));
    }
    word.parse().map(Some).map_err(|_| FaultError::Method(word.to_owned()))
}

fn parse_target(word: &str) -> Result<Target, FaultError> {
    match word {
        CONNECT => Ok(Target::Connect),
        word if word.starts_with('@') => Err(FaultError::Place(word.to_owned())),
        word => Ok(Target::Path(word.parse()?)),
    }
}

fn parse_action(word: &str) -> Result<Action, FaultError> {
    let (name, value) = match word.split_once(':') {
        Some((name, value)) => (name, Some(value)),
        None => (word, None),
    };
    let wanted = match (name, value) {
        ("hang", None) => return Ok(Action::Hang),
        ("reset", None) => return Ok(Action::Reset),
        ("html502", None) => return Ok(Action::Html502),
        ("close", None) => return Ok(Action::Close),
        ("429", None) => return Ok(Action::TooManyRequests(None)),
        ("hang" | "reset" | "html502" | "close", Some(_)) => "takes no value",
        ("429", Some(value)) => match digits(value) {
            Some(seconds) => return Ok(Action::TooManyRequests(Some(seconds))),
            None => "write 429, or 429:SECONDS for a Retry-After in whole seconds",
        },
        ("delay", value) => match value.and_then(digits) {
            Some(millis) => return Ok(Action::Delay(Duration::from_millis(millis))),
            None => "write delay:MS, whole milliseconds",
        },
        ("cut", value) => match value.and_then(digits) {
            Some(bytes) => return Ok(Action::Cut(bytes)),
            None => "write cut:BYTES, how much of the body is sent",
        },
        ("length", value) => match value.and_then(digits) {
            Some(bytes) => return Ok(Action::Length(bytes)),
            None => "write length:BYTES, what content-length claims",
        },
        ("status", value) => match value.and_then(digits).and_then(final_status) {
            Some(status) => return Ok(Action::Status(status)),
            None => "write status:CODE, from 200 to 599",
        },
        ("drip", value) => {
            let rate = value.map(|v| v.strip_suffix("/s").or_else(|| v.strip_suffix("/S")).unwrap_or(v));
            match rate.and_then(digits) {
                Some(rate) => return Ok(Action::Drip(rate)),
                None => "write drip:BYTES/s, at least one byte per second",
            }
        }
        _ => return Err(FaultError::Action(word.to_owned())),
    };
    Err(FaultError::Value { action: word.to_owned(), wanted })
}

/// A status that can end an exchange: 1xx only announce another one.
fn final_status(code: u16) -> Option<StatusCode> {
    StatusCode::from_u16(code).ok().filter(|_| (200..600).contains(&code))
}

/// Only digits: `parse` alone would take a sign too.
fn digits<T: FromStr>(text: &str) -> Option<T> {
    text.bytes().all(|byte| byte.is_ascii_digit()).then(|| text.parse().ok()).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn refused(text: &str) -> String {
        match text.parse::<Fault>() {
            Ok(fault) => panic!("{text:?} was read as {fault}"),
            Err(error) => error.to_string(),
        }
    }

    #[test]
    fn every_action_is_read_and_printed_as_it_was_written() {
        for text in [
            "GET /v3/clusters delay:250",
            "* ** hang",
            "POST /v3/tokens reset times=1",
            "GET /v3/projects cut:0",
            "GET /v3/projects/* cut:100 after=2 times=3",
            "GET /v3/projects length:9000",
            "PUT /v3/** status:503",
            "GET /v3/clusters 429",
            "GET /v3/clusters 429:5",
            "DELETE /k8s/clusters/*/** html502",
            "GET /v3/projects drip:100/s",
            "* /** close after=1",
            "* @connect close",
            "* @connect reset times=2",
            "* @connect hang",
            "* @connect delay:10",
        ] {
            assert_eq!(text.parse::<Fault>().unwrap().to_string(), text);
        }
    }

    #[test]
    fn spellings_with_one_meaning_print_alike() {
        for text in ["GET /a drip:7", "GET /a drip:7/S", "  GET\t/a   drip:007/s after=0 "] {
            assert_eq!(text.parse::<Fault>().unwrap().to_string(), "GET /a drip:7/s");
        }
    }

    #[test]
    fn a_missing_part_is_named() {
        assert!(refused("").contains("no method"));
        assert!(refused("GET").contains("no path"));
        assert!(refused("GET /v3").contains("no action"));
        assert!(refused("GET hang").contains("must start with a slash"));
    }

    #[test]
    fn a_bad_method_or_place_is_named() {
        assert!(refused("get /v3 hang").contains("capitals"));
        assert!(refused("G/T /v3 hang").contains("no method"));
        assert!(refused("* @tls close").contains("@connect"));
        assert!(refused("GET @connect close").contains("no method: write `* @connect`"));
        assert!(refused("* @connect status:500").contains("needs a request"));
        assert!(refused("* /v3?limit=1 hang").contains("query"));
    }

    #[test]
    fn a_bad_action_says_what_it_should_be() {
        assert!(refused("GET /v3 explode").contains("delay:MS, hang"));
        assert!(refused("GET /v3 500").contains("is no action"));
        for (action, hint) in [
            ("delay", "milliseconds"),
            ("delay:", "milliseconds"),
            ("delay:-1", "milliseconds"),
            ("delay:1.5", "milliseconds"),
            ("delay:+5", "milliseconds"),
            ("delay:99999999999999999999", "milliseconds"),
            ("hang:5", "takes no value"),
            ("reset:now", "takes no value"),
            ("html502:1", "takes no value"),
            ("close:", "takes no value"),
            ("cut", "cut:BYTES"),
            ("cut:some", "cut:BYTES"),
            ("length", "length:BYTES"),
            ("status", "from 200 to 599"),
            ("status:100", "from 200 to 599"),
            ("status:600", "from 200 to 599"),
            ("status:teapot", "from 200 to 599"),
            ("429:soon", "Retry-After"),
            ("429:", "Retry-After"),
            ("drip", "drip:BYTES/s"),
            ("drip:0", "at least one byte"),
            ("drip:5/m", "drip:BYTES/s"),
        ] {
            let message = refused(&format!("GET /v3 {action}"));
            assert!(message.contains(hint) && message.contains(action), "{action}: {message}");
        }
    }

    #[test]
    fn a_bad_count_says_what_it_should_be() {
        assert!(refused("GET /v3 hang twice").contains("only after=N and times=N"));
        assert!(refused("GET /v3 hang times=0").contains("at least 1"));
        assert!(refused("GET /v3 hang times=").contains("at least 1"));
        assert!(refused("GET /v3 hang after=x").contains("a number of requests"));
        assert!(refused("GET /v3 hang after=1 after=2").contains("after= stands twice"));
        assert!(refused("GET /v3 hang times=1 times=1").contains("times= stands twice"));
        assert!(refused("GET /v3 hang hang").contains("not understood"));
    }

    fn actions() -> impl Strategy<Value = Action> {
        prop_oneof![
            any::<u32>().prop_map(|ms| Action::Delay(Duration::from_millis(ms.into()))),
            Just(Action::Hang),
            Just(Action::Reset),
            any::<usize>().prop_map(Action::Cut),
            any::<u64>().prop_map(Action::Length),
            (200u16..600).prop_map(|code| Action::Status(StatusCode::from_u16(code).unwrap())),
            any::<Option<u64>>().prop_map(Action::TooManyRequests),
            Just(Action::Html502),
            any::<NonZeroU64>().prop_map(Action::Drip),
            Just(Action::Close),
        ]
    }

    proptest! {
        #[test]
        fn what_is_printed_reads_back_the_same(
            method in prop_oneof![Just(None), "[A-Z]{1,8}".prop_map(|m| Some(m.parse().unwrap()))],
            path in "(/([a-z0-9:%._-]{1,6}|\\*|\\*\\*|c-\\*)){1,4}/?",
            action in actions(),
            after in any::<u64>(),
            times in any::<Option<NonZeroU64>>(),
        ) {
            let fault = Fault { method, target: Target::Path(path.parse().unwrap()), action, after, times };
            prop_assert_eq!(fault.to_string().parse::<Fault>().unwrap(), fault);
        }

        #[test]
        fn no_text_makes_it_panic(text in "\\PC{0,60}") {
            let _ = text.parse::<Fault>();
        }
    }
}
