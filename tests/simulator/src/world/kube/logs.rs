//! What containers write, and how it is read.

use super::Target;
use super::reviews::bad_request;
use crate::world::World;
use crate::world::answer;
use crate::world::call::Call;
use crate::world::follow::Following;
use crate::world::state::{Millis, Object, ObjectKey, SECOND};
use crate::{Response, Told};
use http::StatusCode;
use jiff::Timestamp;
use serde_json::Value;

/// Everything that a container wrote, write by write.
pub(crate) type Log = Vec<(Millis, Vec<u8>)>;

/// A container of a pod of a cluster.
pub(crate) type Source = (String, ObjectKey, String);

impl World {
    /// A container writes.
    pub(crate) fn log(&mut self, cluster: &str, pod: &ObjectKey, container: &str, bytes: &[u8]) {
        let source = (cluster.to_owned(), pod.clone(), container.to_owned());
        let now = self.state.now;
        self.state.logs.entry(source).or_default().push((now, bytes.to_vec()));
    }
}

/// A log that somebody follows.
#[derive(Debug)]
pub(crate) struct Followed {
    source: Source,
    /// So many writes were sent.
    from: usize,
    stamped: bool,
}

impl Followed {
    /// What was written since the last time. It is over when its container ended.
    pub(crate) fn tell(&mut self, world: &World) -> Told {
        let (cluster, pod, _) = &self.source;
        let ended = world
            .state
            .clusters
            .get(cluster)
            .and_then(|found| found.objects.get(pod))
            .is_none_or(|pod| phase(pod) != "Running");
        let log = world.state.logs.get(&self.source).map(Vec::as_slice).unwrap_or_default();
        let new = log.get(self.from..).unwrap_or_default();
        if new.is_empty() {
            return Told { messages: Vec::new(), ends: ended };
        }
        let last = self.from.checked_sub(1).and_then(|last| log.get(last));
        let begins = last.is_none_or(|(_, last)| last.ends_with(b"\n"));
        self.from = log.len();
        Told { messages: vec![written(new, self.stamped, begins).into()], ends: false }
    }
}

fn phase(pod: &Object) -> &str {
    let phase = pod.body.get("status").and_then(|status| status.get("phase"));
    phase.and_then(Value::as_str).unwrap_or_default()
}

fn moment(at: Millis) -> String {
    Timestamp::from_millisecond(at).map_or_else(|_| String::new(), |at| format!("{at:.9}"))
}

// Writes as they are, each line with its time where that is asked for.
fn written(log: &[(Millis, Vec<u8>)], stamped: bool, mut begins: bool) -> Vec<u8> {
    let mut out = Vec::new();
    for (at, bytes) in log {
        for part in bytes.split_inclusive(|byte| *byte == b'\n') {
            if stamped && begins {
                out.extend_from_slice(format!("{} ", moment(*at)).as_bytes());
            }
            out.extend_from_slice(part);
            begins = part.ends_with(b"\n");
        }
    }
    out
}

// The lines, each with the time of its beginning.
fn lines(log: &[(Millis, Vec<u8>)]) -> Log {
    let mut lines: Log = Vec::new();
    let mut begins = true;
    for (at, bytes) in log {
        for part in bytes.split_inclusive(|byte| *byte == b'\n') {
            match lines.last_mut() {
                Some((_, line)) if !begins => line.extend_from_slice(part),
                _ => lines.push((*at, part.to_vec())),
            }
            begins = part.ends_with(b"\n");
        }
    }
    lines
}

/// The log of a container.
pub(super) fn serve(
    world: &mut World,
    call: &Call<'_>,
    cluster: &str,
    target: &Target<'_>,
    key: &ObjectKey,
    pod: &Object,
) -> Response {
    // rule: kube.pod-log
    let containers = pod.body.get("spec").and_then(|spec| spec.get("containers")).and_then(Value::as_array);
    let names: Vec<&str> =
        containers.into_iter().flatten().filter_map(|container| container.get("name")?.as_str()).collect();
    let query = |name: &str| call.query.first(name).filter(|value| !value.is_empty());
    let name = match query("container") {
        None if names.len() > 1 => {
            let names = names.join(" ");
            let pod = target.name;
            return bad_request(format!(
                "a container name must be specified for pod {pod}, choose one of: [{names}]"
            ));
        }
        Some(wanted) if !names.contains(&wanted) => {
            return bad_request(format!("container {wanted} is not valid for pod {}", target.name));
        }
        Some(wanted) => wanted,
        None => names.first().copied().unwrap_or_default(),
    };
    if phase(pod) == "Pending" {
        return bad_request(format!("pod {} does not have a host assigned", target.name));
    }
    let flag = |name: &str| query(name).is_some_and(|value| value == "true" || value == "1");
    if flag("previous") {
        // rule: kube.previous-log
        let message =
            format!("previous terminated container \"{name}\" in pod \"{}\" not found", target.name);
        return bad_request(message);
    }
    // rule: kube.logs
    let source = (cluster.to_owned(), key.clone(), name.to_owned());
    let log = world.state.logs.get(&source).cloned().unwrap_or_default();
    let mut shown = lines(&log);
    let number = |name: &str| query(name).and_then(|value| value.parse::<i64>().ok());
    let since = number("sinceSeconds").map(|seconds| world.state.now - seconds * SECOND).or_else(|| {
        let at: Timestamp = query("sinceTime")?.parse().ok()?;
        Some(at.as_millisecond())
    });
    if let Some(since) = since {
        shown.retain(|(at, _)| *at >= since);
    }
    if let Some(tail) = number("tailLines").and_then(|tail| usize::try_from(tail).ok()) {
        shown.drain(..shown.len().saturating_sub(tail));
    }
    let stamped = flag("timestamps");
    let mut body = written(&shown, stamped, true);
    if let Some(most) = number("limitBytes").and_then(|most| usize::try_from(most).ok()) {
        body.truncate(most);
    }
    let mut response = answer::text(StatusCode::OK, "");
    answer::set(&mut response, http::header::CONTENT_TYPE, "text/plain");
    response.body = body.into();
    if flag("follow") {
        world.following = Some(Following::log(Followed { source, from: log.len(), stamped }));
    }
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_put_together_and_stamped_where_they_begin() {
        let log: Log = vec![(0, b"a".to_vec()), (1_500, b"b\nc\nd".to_vec()), (2_000, b"e".to_vec())];
        let read: Vec<(Millis, &[u8])> =
            lines(&log).leak().iter().map(|(at, line)| (*at, &line[..])).collect();
        assert_eq!(read, [(0, &b"ab\n"[..]), (1_500, b"c\n"), (1_500, b"de")]);
        let text = String::from_utf8(written(&log, true, true)).unwrap();
        let zero = "1970-01-01T00:00:00.000000000Z";
        let next = "1970-01-01T00:00:01.500000000Z";
        assert_eq!(text, format!("{zero} ab\n{next} c\n{next} de"));
        assert_eq!(written(&log, false, true), b"ab\nc\nde");
    }
}
