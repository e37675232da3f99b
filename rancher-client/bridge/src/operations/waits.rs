//! Waits, event by event.

use bytes::Bytes;
use futures_util::StreamExt as _;
use rancher_client::wait::{Progress, ProgressStream, Until, WaitOptions};
use rancher_client::wire::Object;
use serde_json::json;

use crate::answer::Answer;
use crate::fault::Outcome;
use crate::input::Input;
use crate::stream::{Next, Source, Stream};

/// What the caller waits for.
pub(super) fn until(input: &mut Input) -> Outcome<Until> {
    let state = input.text_if("state")?.map(Until::state);
    let settled = input.flag("settled")?.unwrap_or_default().then(Until::settled);
    let conditions = input.conditions("condition")?.unwrap_or_default();
    let conditions = conditions.into_iter().map(|(kind, status)| match status {
        Some(status) => Until::condition(kind).is(status),
        None => Until::condition(kind),
    });
    conditions.chain(state).chain(settled).reduce(Until::and).ok_or_else(|| {
        input.invalid(
            "condition",
            "nothing is given to wait for",
            "give a state, a condition, or settled; what is there now, get says",
        )
    })
}

/// How long and how often to look.
pub(super) fn options(input: &mut Input) -> Outcome<WaitOptions> {
    let usual = WaitOptions::default();
    let (deadline, timeout) = (input.span("deadline")?, input.span("timeout")?);
    if deadline.is_some() && timeout.is_some() {
        let what = "deadline and timeout of a wait are the same, and both are given";
        return Err(input.invalid("timeout", what, "give one of both"));
    }
    Ok(WaitOptions {
        deadline: deadline.or(timeout).unwrap_or(usual.deadline),
        stable_for: input.span("stable_for")?,
        poll: input.span("poll")?.unwrap_or(usual.poll),
        rights_lag: input.span("rights_lag")?.unwrap_or(usual.rights_lag),
    })
}

/// What happens while waiting.
pub(super) struct Waits(ProgressStream<Object>);

impl Waits {
    pub(super) fn stream(progress: ProgressStream<Object>) -> Stream {
        Stream::new(Self(progress))
    }
}

impl Source for Waits {
    fn next(&mut self, _reply: Option<Bytes>) -> Next<'_> {
        Box::pin(async move {
            let Some(event) = self.0.next().await.transpose()? else { return Ok(None) };
            Ok(Some(match event {
                Progress::Unmet(unmet) => Answer::value(json!({
                    "event": "unmet",
                    "text": unmet.to_string(),
                    "unmet": unmet.unmet,
                    "state": unmet.state,
                    "message": unmet.message,
                    "trouble": unmet.trouble,
                })),
                Progress::Met(object) => Answer::object(&object).with(json!({"event": "met"})),
                Progress::Gone(last) => Answer::maybe(last.as_ref()).with(json!({"event": "gone"})),
                // what a later core tells, a shell of this one can pass over
                _ => Answer::value(json!({"event": "other"})),
            }))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::operations::agreement;
    use std::time::Duration;

    #[test]
    fn every_span_comes_to_its_place() {
        let mut given = json!({"target": {"collection": "projects"}, "id": "p", "deadline": 1, "stable_for": 2, "poll": 3, "rights_lag": 4});
        let read = options(&mut agreement::input("v3.wait", &given)).unwrap();
        let [one, two, three, four] = [1, 2, 3, 4].map(Duration::from_secs);
        assert_eq!(
            (read.deadline, read.stable_for, read.poll, read.rights_lag),
            (one, Some(two), three, four)
        );
        given["stable_for"] = json!(0);
        let read = options(&mut agreement::input("v3.wait", &given)).unwrap();
        assert_eq!(read.stable_for, Some(Duration::ZERO));
    }
}
