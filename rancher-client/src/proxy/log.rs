//! Logs of containers, as streams of lines.

use bytes::{Bytes, BytesMut};
use futures_core::Stream;
use http::Method;
use std::borrow::Cow;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use super::{ClusterProxy, Resource};
use crate::error::{Error, ErrorKind, Result};
use crate::scope::Route;
use crate::transport::{Body, BoxFuture, Expect, Patience, Request};

/// A line that is longer comes in pieces.
const LONGEST_LINE: usize = 1024 * 1024;

/// Which lines of a log are wanted.
///
/// ```
/// use rancher_client::proxy::LogOptions;
///
/// let last = LogOptions { tail: Some(100), container: "web".into(), ..Default::default() };
/// # assert!(!last.follow);
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct LogOptions {
    /// The container; empty where the pod has one only.
    pub container: String,
    /// Goes on with what is written from now on, until the container ends or the stream is dropped.
    pub follow: bool,
    /// The container that ran before this one, which may have crashed.
    pub previous: bool,
    /// Each line comes with the time at which it was written, see [`LogLine::timestamp`].
    pub timestamps: bool,
    /// The last lines only, so many.
    pub tail: Option<u64>,
    /// What was written in the last so many seconds. Rounded up to whole seconds.
    pub since: Option<Duration>,
    /// What was written since this time, RFC 3339: `2026-11-22T05:00:00Z`. Empty for any. Give `since` or this.
    pub since_time: String,
    /// No more than so many bytes.
    pub limit_bytes: Option<u64>,
}

impl LogOptions {
    fn put_on(&self, mut route: Route) -> Result<Route> {
        let invalid = |problem: &str| Err(Error::invalid(format!("nothing was sent: {problem}"), ""));
        if self.since.is_some() && !self.since_time.is_empty() {
            return invalid("since and since_time say two things");
        }
        if self.since.is_some_and(|since| since.is_zero()) {
            return invalid("nothing was written since now");
        }
        if !self.since_time.is_empty() && self.since_time.parse::<jiff::Timestamp>().is_err() {
            return invalid("since_time is no time like 2026-11-22T05:00:00Z");
        }
        if self.limit_bytes == Some(0) {
            return invalid("a log of no bytes holds nothing");
        }
        if !self.container.is_empty() {
            crate::kubernetes::check_label("container", &self.container)?;
            route = route.with_query("container", &self.container);
        }
        for (name, wanted) in
            [("follow", self.follow), ("previous", self.previous), ("timestamps", self.timestamps)]
        {
            if wanted {
                route = route.with_query(name, "true");
            }
        }
        let since = self.since.map(|since| since.as_secs() + u64::from(since.subsec_nanos() > 0));
        for (name, number) in
            [("tailLines", self.tail), ("sinceSeconds", since), ("limitBytes", self.limit_bytes)]
        {
            if let Some(number) = number {
                route = route.with_query(name, &number.to_string());
            }
        }
        if !self.since_time.is_empty() {
            route = route.with_query("sinceTime", &self.since_time);
        }
        Ok(route)
    }
}

/// One line of a log, as the container wrote it.
#[derive(Clone, PartialEq, Eq)]
pub struct LogLine {
    bytes: Bytes,
    timestamp: Option<Bytes>,
    whole: bool,
}

impl LogLine {
    fn new(mut bytes: Bytes, stamped: bool, whole: bool) -> Self {
        let space = bytes.iter().position(|byte| *byte == b' ').filter(|_| stamped);
        let timestamp = space.map(|at| {
            let timestamp = bytes.split_to(at);
            let _ = bytes.split_to(1);
            timestamp
        });
        Self { bytes, timestamp, whole }
    }

    /// What was written, without the end of the line. It need not be UTF-8.
    pub fn bytes(&self) -> &Bytes {
        &self.bytes
    }

    /// What was written, as text; what is no UTF-8 is replaced.
    pub fn text(&self) -> Cow<'_, str> {
        String::from_utf8_lossy(&self.bytes)
    }

    /// When it was written, RFC 3339 with parts of a second, if [`LogOptions::timestamps`] asked for it.
    pub fn timestamp(&self) -> Option<&str> {
        std::str::from_utf8(self.timestamp.as_deref()?).ok()
    }

    /// Whether it is a whole line. It is not if it goes on in the next piece, being longer than a megabyte, or if the
    /// connection broke in the middle of it.
    pub fn is_whole(&self) -> bool {
        self.whole
    }
}

impl fmt::Debug for LogLine {
    /// Only its length: what programs write can be secret.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "LogLine({} bytes)", self.bytes.len())
    }
}

/// The lines of a log. Nothing is sent before it is polled; dropping it closes the connection.
///
/// After an error the stream is over.
#[must_use = "a log is not read before it is polled"]
pub struct LogLines(Pin<Box<dyn Stream<Item = Result<LogLine>> + Send>>);

impl Stream for LogLines {
    type Item = Result<LogLine>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.0.as_mut().poll_next(cx)
    }
}

impl fmt::Debug for LogLines {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("LogLines(…)")
    }
}

impl ClusterProxy {
    /// The log of a container, line by line as it comes.
    ///
    /// Reading has no deadline, since logs are long. Followed, it may also rest for as long as the container writes
    /// nothing.
    ///
    /// ```no_run
    /// # async fn run(cluster: rancher_client::proxy::ClusterProxy) -> rancher_client::Result<()> {
    /// use futures_util::TryStreamExt;
    /// use rancher_client::proxy::LogOptions;
    ///
    /// let options = LogOptions { follow: true, tail: Some(10), ..Default::default() };
    /// let mut lines = cluster.logs("shop-web", "web-1", options);
    /// while let Some(line) = lines.try_next().await? {
    ///     println!("{}", line.text());
    /// }
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// As items of the stream: `invalid` if the pod has several containers and none was chosen, or not this one (the
    /// error names them), or if it has not started yet, which can be tried again; `not_found` if there is no such pod;
    /// `cluster_unavailable` within seconds if the cluster's agent is gone; `connect` if the connection breaks.
    ///
    /// # Scope
    /// A key without a scope, or one scoped to this cluster.
    pub fn logs(&self, namespace: &str, pod: &str, options: LogOptions) -> LogLines {
        let (cluster, namespace, pod) = (self.clone(), namespace.to_owned(), pod.to_owned());
        let form = LogForm { stamped: options.timestamps, terminal: false };
        LogLines::of("cluster.logs", form, async move { cluster.open_log(&namespace, &pod, &options).await })
    }

    async fn open_log(&self, namespace: &str, pod: &str, options: &LogOptions) -> Result<(Body, Route)> {
        if namespace.is_empty() {
            return Err(Error::invalid("nothing was sent: a pod is in a namespace", "name its namespace"));
        }
        let segments = Resource::core("pods").within(namespace).below(pod, "log")?;
        let request = self.request("cluster.logs", Method::GET, &segments)?;
        let route = self.connection.road_for(options.put_on(request.route.clone())?)?;
        let request = Request {
            expect: Expect::Text,
            // both without a deadline; what is not followed must move. Headers come at once, also where nothing was
            // written yet (Kubernetes 1.14 and later, kubernetes/kubernetes#72575)
            patience: match options.follow {
                true => Patience::Stream,
                false => Patience::AtMost(Duration::MAX),
            },
            ..Request::new("cluster.logs", Method::GET, route.clone())
        };
        match self.connection.send(request).await {
            Ok(response) => Ok((response.body, route)),
            Err(error) => Err(self.explained(namespace, pod, error).await),
        }
    }

    /// The names of the containers of a pod.
    async fn containers(&self, namespace: &str, pod: &str) -> Result<Vec<String>> {
        let pod = self.get(Resource::core("pods").within(namespace), pod).await?;
        let lists = ["/spec/containers", "/spec/initContainers", "/spec/ephemeralContainers"];
        let all = lists.into_iter().filter_map(|list| pod.pointer(list)?.as_array()).flatten();
        Ok(all.filter_map(|container| container.get("name")?.as_str()).map(str::to_owned).collect())
    }

    /// Adds what helps to an answer that gives no log.
    async fn explained(&self, namespace: &str, pod: &str, error: Error) -> Error {
        let says = |words: &str| error.message().is_some_and(|message| message.contains(words));
        if error.kind() != ErrorKind::Invalid {
            return error;
        }
        // recorded: kubernetes, `log of a pending pod`; the message names the containers
        let unchosen = says("a container name must be specified");
        if unchosen || says("is not valid for pod") {
            let names = self.containers(namespace, pod).await.unwrap_or_default();
            let advice = match names.is_empty() {
                true => "choose one of its containers".to_owned(),
                false => {
                    format!("choose one of its containers: {}", names.join(", "))
                }
            };
            return error.with_field("container").with_advice(&advice);
        }
        if says("does not have a host assigned") || says("is waiting to start") {
            return error
                .with_advice("the container has not started yet: wait for the pod, then ask again")
                .with_retry(true, None);
        }
        if says("previous terminated container") {
            return error.with_advice("this container did not run before: ask without previous");
        }
        error
    }
}

/// How the lines of a log come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct LogForm {
    /// Each with its time.
    pub(crate) stamped: bool,
    /// As a terminal has them, which ends a line with a carriage return, too.
    pub(crate) terminal: bool,
}

impl LogLines {
    /// The lines of a body that is opened when the first one is asked for.
    pub(crate) fn of(
        operation: &'static str,
        form: LogForm,
        opening: impl Future<Output = Result<(Body, Route)>> + Send + 'static,
    ) -> Self {
        let reading = Reading {
            operation,
            form,
            opening: Some(Box::pin(opening)),
            body: None,
            route: None,
            rest: BytesMut::new(),
            searched: 0,
            within: false,
            failed: None,
            over: false,
        };
        Self(Box::pin(futures_util::stream::unfold(reading, |mut reading| async move {
            let line = reading.line().await?;
            reading.over |= line.is_err();
            Some((line, reading))
        })))
    }
}

/// A log that is being read.
struct Reading {
    operation: &'static str,
    form: LogForm,
    /// What opens the body, until it is open.
    opening: Option<BoxFuture<'static, Result<(Body, Route)>>>,
    body: Option<Body>,
    route: Option<Route>,
    /// What came and was not given out yet.
    rest: BytesMut,
    /// How much of it holds no end of a line.
    searched: usize,
    /// The beginning of this line was given out already.
    within: bool,
    failed: Option<Error>,
    over: bool,
}

impl Reading {
    async fn line(&mut self) -> Option<Result<LogLine>> {
        if self.over {
            return None;
        }
        if let Some(error) = self.failed.take() {
            return Some(Err(error));
        }
        loop {
            if let Some(line) = self.cut() {
                return Some(Ok(line));
            }
            let Some(body) = &mut self.body else {
                match self.opening.take()?.await {
                    Ok((body, route)) => (self.body, self.route) = (Some(body), Some(route)),
                    Err(error) => return Some(Err(error.with_operation(self.operation))),
                }
                continue;
            };
            match body.next().await {
                Some(Ok(piece)) => self.rest.extend_from_slice(&piece),
                Some(Err(error)) => {
                    let error = self.broken(error);
                    if self.rest.is_empty() {
                        return Some(Err(error));
                    }
                    self.failed = Some(error);
                    return Some(Ok(self.take(self.rest.len(), 0, false)));
                }
                None => {
                    self.over = true;
                    // the last line need not have an end
                    return (!self.rest.is_empty()).then(|| Ok(self.take(self.rest.len(), 0, true)));
                }
            }
        }
    }

    /// The next line of what is there.
    fn cut(&mut self) -> Option<LogLine> {
        let unsearched = self.rest.get(self.searched..).unwrap_or_default();
        if let Some(at) = unsearched.iter().position(|byte| *byte == b'\n') {
            return Some(self.take(self.searched + at, 1, true));
        }
        self.searched = self.rest.len();
        (self.rest.len() >= LONGEST_LINE).then(|| self.take(LONGEST_LINE, 0, false))
    }

    /// Takes so many bytes out, and leaves out so many behind them.
    fn take(&mut self, bytes: usize, behind: usize, whole: bool) -> LogLine {
        let mut line = self.rest.split_to(bytes).freeze();
        if self.form.terminal && whole && line.ends_with(b"\r") {
            line.truncate(line.len() - 1);
        }
        let _ = self.rest.split_to(behind.min(self.rest.len()));
        self.searched = 0;
        let stamped = self.form.stamped && !self.within;
        self.within = !whole;
        LogLine::new(line, stamped, whole)
    }

    fn broken(&self, error: Error) -> Error {
        let error = error.with_operation(self.operation);
        match &self.route {
            Some(route) => error.with_request(&Method::GET, route),
            None => error,
        }
    }
}
