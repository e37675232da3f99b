//! Watches, by whichever API.

use rancher_client::watch::WatchOptions;
use rancher_client::wire::Object;

use super::{flows, kubernetes, steve, v3};
use crate::fault::Outcome;
use crate::input::Input;
use crate::stream::Stream;

/// How a watch behaves when something goes wrong.
fn options(input: &mut Input) -> Outcome<WatchOptions> {
    let usual = WatchOptions::default();
    let buffer = match input.whole("buffer")? {
        Some(buffer) => usize::try_from(buffer).unwrap_or(usize::MAX),
        None => usual.buffer,
    };
    Ok(WatchOptions {
        base: input.span("base")?.unwrap_or(usual.base),
        longest: input.span("longest")?.unwrap_or(usual.longest),
        give_up: input.span("give_up")?,
        silence: input.span("silence")?,
        buffer,
        lag: input.span("lag")?.unwrap_or(usual.lag),
    })
}

pub(super) fn v3(mut input: Input) -> Outcome<Stream> {
    let (resource, query, options) =
        (v3::resource(&mut input)?, v3::query(&mut input)?, options(&mut input)?);
    input.done()?;
    Ok(flows::events::<Object>(resource.watch(query, options)))
}

pub(super) fn steve(mut input: Input) -> Outcome<Stream> {
    let (resource, query, options) =
        (steve::resource(&mut input)?, steve::watched(&mut input)?, options(&mut input)?);
    input.done()?;
    Ok(flows::events::<Object>(resource.watch(query, options)))
}

pub(super) fn kubernetes(mut input: Input) -> Outcome<Stream> {
    let (place, query, options) =
        (kubernetes::Place::of(&mut input)?, kubernetes::selected(&mut input)?, options(&mut input)?);
    input.done()?;
    Ok(flows::events::<Object>(place.cluster.watch(place.resource(), query, options)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::operations::agreement;
    use serde_json::json;
    use std::time::Duration;

    #[test]
    fn every_option_of_a_watch_comes_to_its_place() {
        let given = json!({
            "target": {"collection": "projects"}, "base": 1, "longest": 2, "give_up": 3, "silence": 4, "lag": 5,
            "buffer": 6,
        });
        let read = options(&mut agreement::input("v3.watch", &given)).unwrap();
        let [one, two, three, four, five] = [1, 2, 3, 4, 5].map(Duration::from_secs);
        let expected = WatchOptions {
            base: one,
            longest: two,
            give_up: Some(three),
            silence: Some(four),
            buffer: 6,
            lag: five,
        };
        assert_eq!(read, expected);
    }
}
