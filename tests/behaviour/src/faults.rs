//! Everything that can go wrong on the way, for every kind of call: the right kind of error, in bounded time, sent as
//! often as the policy says, and no POST sent twice.

use futures_util::StreamExt as _;
use http::Method;
use jiff::{SignedDuration, Timestamp};
use rancher_client::Client;
use rancher_client::error::{Cause, Error, ErrorKind, Result};
use rancher_client::proxy::{CanI, ListOptions, Resource};
use rancher_client::transport::{Auth, Expect, Request};
use rancher_client::v3::Query;
use rancher_client::wire::{ClusterId, Object};
use rancher_client::workflow::doctor::{CredentialVerdict, DoctorReport, Verdict};
use rancher_simulator::{CertificateOptions, Entry, Issuer, ServerOptions, Tls};
use serde_json::json;
use std::time::{Duration, Instant};

use crate::lab::{Lab, PROD, asking, route};

/// How many times a request is sent at most.
const ATTEMPTS: u32 = 3;

/// The longest that a connection or the headers may take: long enough for a handshake on a machine that is busy with
/// the other combinations.
const SOON: Duration = Duration::from_millis(1500);

/// The longest pause within a body, shorter than that of a drip a second.
const PAUSE: Duration = Duration::from_millis(700);

/// The first wait before a request is sent again; it doubles.
const BASE: Duration = Duration::from_millis(20);

/// The whole call, and what a busy machine may add to a call.
const CALL: Duration = Duration::from_secs(20);
const SLACK: Duration = Duration::from_secs(5);

/// How many labs are open at a time.
const AT_ONCE: usize = 8;

/// The kinds of call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Call {
    /// Any path, its body read piece by piece.
    Raw,
    List,
    Get,
    Create,
    Delete,
    ProxyList,
    ProxyGet,
    ProxyCreate,
    ProxyDelete,
    Version,
    WhoAmI,
    CanI,
    ServerVersion,
    Doctor,
}

impl Call {
    const ALL: [Self; 14] = [
        Self::Raw,
        Self::List,
        Self::Get,
        Self::Create,
        Self::Delete,
        Self::ProxyList,
        Self::ProxyGet,
        Self::ProxyCreate,
        Self::ProxyDelete,
        Self::Version,
        Self::WhoAmI,
        Self::CanI,
        Self::ServerVersion,
        Self::Doctor,
    ];

    /// Method and path, as a fault's rule names them.
    fn target(self) -> &'static str {
        match self {
            Self::Raw => "GET /v3/clusters",
            Self::List => "GET /v3/projects",
            Self::Get => "GET /v3/clusters/c-prod1",
            Self::Create => "POST /v3/projects",
            Self::Delete => "DELETE /v3/projects/c-prod1:p-qwwv5",
            Self::ProxyList => "GET /k8s/clusters/c-prod1/api/v1/namespaces",
            Self::ProxyGet => "GET /k8s/clusters/c-prod1/api/v1/namespaces/shop-web",
            Self::ProxyCreate => "POST /k8s/clusters/c-prod1/api/v1/namespaces/shop-web/secrets",
            Self::ProxyDelete => "DELETE /k8s/clusters/c-prod1/api/v1/namespaces/plain",
            Self::Version => "GET /k8s/clusters/c-prod1/version",
            Self::WhoAmI => "POST /k8s/clusters/c-prod1/apis/authentication.k8s.io/v1/selfsubjectreviews",
            Self::CanI => "POST /k8s/clusters/c-prod1/apis/authorization.k8s.io/v1/selfsubjectaccessreviews",
            Self::ServerVersion => "GET /rancherversion",
            Self::Doctor => "* /**",
        }
    }

    /// Whether it may be sent again after it may have arrived: whatever is no POST. A review only asks, and is sent
    /// once all the same: the rule has no exceptions to remember.
    fn may_arrive_twice(self) -> bool {
        !matches!(self, Self::Create | Self::ProxyCreate | Self::WhoAmI | Self::CanI)
    }

    /// The report where it is the doctor's.
    async fn run(self, client: &Client) -> Result<Option<DoctorReport>> {
        let cluster = client.cluster(PROD)?;
        let namespaces = Resource::core("namespaces");
        match self {
            Self::Raw => {
                let mut body = client.request(Method::GET, route("/v3/clusters")).await?.body;
                while let Some(piece) = body.next().await {
                    piece?;
                }
            }
            Self::List => {
                let query = Query::in_cluster(&ClusterId::new(PROD)?);
                drop(client.v3().collection("projects")?.list(query).collect().await?);
            }
            Self::Get => drop(client.v3().collection("clusters")?.get(PROD).await?),
            Self::Create => {
                let project = Object::try_from(json!({"name": "faulty", "clusterId": PROD}))?;
                drop(client.v3().collection("projects")?.create(&project).await?);
            }
            Self::Delete => drop(client.v3().collection("projects")?.delete("c-prod1:p-qwwv5").await?),
            Self::ProxyList => drop(cluster.list(namespaces, ListOptions::default()).collect().await?),
            Self::ProxyGet => drop(cluster.get(namespaces, "shop-web").await?),
            Self::ProxyCreate => {
                let secret = json!({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "faulty"}});
                let secret = Object::try_from(secret)?;
                drop(cluster.create(Resource::core("secrets").within("shop-web"), &secret).await?);
            }
            Self::ProxyDelete => drop(cluster.delete(namespaces, "plain").await?),
            Self::Version => drop(cluster.version().await?),
            Self::WhoAmI => drop(cluster.whoami().await?),
            Self::CanI => drop(cluster.can_i(&CanI::new("list", "pods")).await?),
            Self::ServerVersion => drop(client.server_version().await?),
            Self::Doctor => return client.doctor(asking(PROD)).await.map(Some),
        }
        Ok(None)
    }
}

/// What is wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Wrong {
    /// This action of the simulator, for the requests of the call.
    Answer(&'static str),
    /// This action, for new connections.
    Connection(&'static str),
    /// Nothing listens any more.
    Stopped,
    /// The certificate.
    Certificate(Cause),
}

/// How far a request comes, and what its sender sees.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Reach {
    /// The answer arrives whole.
    Answered,
    /// Nothing is sent. A certificate does not get better by asking again.
    Unsent(ErrorKind, Again),
    /// It is sent, and what comes back says nothing of what became of it.
    Lost(ErrorKind, Again),
    /// It is sent and answered, and the body is damaged.
    Damaged(ErrorKind),
}

/// Whether a request that failed so is sent again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Again {
    Everything,
    /// Only what does the same when it arrives twice.
    Harmless,
    Nothing,
}

#[rustfmt::skip]
const FAULTS: &[(&str, Wrong, Reach)] = {
    use Again::{Everything, Harmless, Nothing};
    use ErrorKind::{Connect, Decode, RateLimited, Timeout, Tls, Unavailable};
    use Reach::{Answered, Damaged, Lost, Unsent};
    use Wrong::{Answer, Certificate, Connection, Stopped};
    &[
        ("latency",                   Answer("delay:60"),            Answered),
        ("latency beyond patience",   Answer("delay:60000"),         Lost(Timeout, Harmless)),
        ("hang",                      Answer("hang"),                Lost(Timeout, Harmless)),
        ("reset before headers",      Answer("reset"),               Lost(Connect, Harmless)),
        ("reset once",                Answer("reset times=1"),       Lost(Connect, Harmless)),
        ("closed before an answer",   Answer("close"),               Lost(Connect, Harmless)),
        ("cut body",                  Answer("cut:12"),              Damaged(Connect)),
        ("cut before the body",       Answer("cut:0"),               Damaged(Connect)),
        ("length too long",           Answer("length:1000000"),      Damaged(Connect)),
        ("length too short",          Answer("length:12"),           Damaged(Decode)),
        ("length of nothing",         Answer("length:0"),            Damaged(Decode)),
        ("429",                       Answer("429"),                 Lost(RateLimited, Everything)),
        ("429 once, Retry-After",     Answer("429:1 times=1"),       Lost(RateLimited, Everything)),
        ("429, Retry-After too long", Answer("429:3600"),            Lost(RateLimited, Nothing)),
        ("502 HTML",                  Answer("html502"),             Lost(Unavailable, Harmless)),
        ("502 HTML once",             Answer("html502 times=1"),     Lost(Unavailable, Harmless)),
        ("500",                       Answer("status:500"),          Lost(Unavailable, Nothing)),
        ("503",                       Answer("status:503"),          Lost(Unavailable, Harmless)),
        ("slow drip",                 Answer("drip:20000/s"),        Answered),
        ("drip that stalls",          Answer("drip:1/s"),            Damaged(Timeout)),
        ("TLS closed",                Connection("close"),           Unsent(Tls, Everything)),
        ("TLS closed once",           Connection("close times=1"),   Unsent(Tls, Everything)),
        ("reset before TLS",          Connection("reset"),           Unsent(Tls, Everything)),
        ("hang before TLS",           Connection("hang"),            Unsent(Timeout, Everything)),
        ("refused connection",        Stopped,                       Unsent(Connect, Everything)),
        ("wrong name",                Certificate(Cause::CertificateWrongHost),     Unsent(Tls, Nothing)),
        ("expired certificate",       Certificate(Cause::CertificateExpired),       Unsent(Tls, Nothing)),
        ("unknown issuer",            Certificate(Cause::CertificateUnknownIssuer), Unsent(Tls, Nothing)),
    ]
};

/// A fault, and the calls that meet it in one lab.
#[derive(Debug, Clone)]
struct Trial {
    name: &'static str,
    wrong: Wrong,
    reach: Reach,
    calls: Vec<Call>,
}

/// What must come of a call.
#[derive(Debug, PartialEq, Eq)]
struct Expected {
    /// Nothing for a success.
    kind: Option<ErrorKind>,
    /// How often the server gets it.
    arrivals: usize,
    /// How often the error says that it was sent.
    attempts: u32,
}

impl Trial {
    fn once(&self) -> bool {
        matches!(self.wrong, Wrong::Answer(action) | Wrong::Connection(action) if action.ends_with("times=1"))
    }

    /// Calls go together where the fault tells them apart. The doctor meets it with every request that it makes.
    fn all() -> Vec<Self> {
        let trials = FAULTS.iter().flat_map(|&(name, wrong, reach)| {
            let trial = |calls: &[Call]| Self { name, wrong, reach, calls: calls.to_vec() };
            match wrong {
                Wrong::Connection(_) if trial(&[]).once() => {
                    Call::ALL.iter().map(|call| trial(&[*call])).collect()
                }
                _ => {
                    let (doctor, others): (Vec<Call>, Vec<Call>) =
                        Call::ALL.iter().partition(|call| **call == Call::Doctor);
                    vec![trial(&doctor), trial(&others)]
                }
            }
        });
        trials.collect()
    }

    /// The rules of the policy, applied to one call.
    fn expected(&self, call: Call) -> Expected {
        let sent_again = |again| match again {
            Again::Everything => true,
            Again::Harmless => call.may_arrive_twice(),
            Again::Nothing => false,
        };
        // a deletion may answer with nothing, and who reads any body takes it as it comes
        let nothing = self.wrong == Wrong::Answer("length:0");
        let takes_nothing = matches!(call, Call::Raw | Call::Delete | Call::ProxyDelete);
        let (kind, again) = match self.reach {
            Reach::Damaged(_) if nothing && takes_nothing => {
                return Expected { kind: None, arrivals: 1, attempts: 1 };
            }
            Reach::Answered => return Expected { kind: None, arrivals: 1, attempts: 1 },
            // whoever answers the version of the server with something else is no Rancher
            Reach::Damaged(ErrorKind::Decode) if call == Call::ServerVersion => {
                (ErrorKind::NotRancher, false)
            }
            // an answer that was accepted is the caller's, and so is asking again
            Reach::Damaged(kind) => (kind, false),
            Reach::Unsent(kind, again) | Reach::Lost(kind, again) => (kind, sent_again(again)),
        };
        let arrives = !matches!(self.reach, Reach::Unsent(..));
        if again && self.once() {
            // what was lost the first time was the answer, not the deletion
            let deleted = matches!(call, Call::Delete | Call::ProxyDelete) && kind == ErrorKind::Connect;
            return Expected {
                kind: deleted.then_some(ErrorKind::NotFound),
                arrivals: if arrives { 2 } else { 1 },
                attempts: 2,
            };
        }
        let attempts = if again { ATTEMPTS } else { 1 };
        Expected { kind: Some(kind), arrivals: if arrives { attempts as usize } else { 0 }, attempts }
    }

    /// How long one attempt may take: the timeout that this fault runs into, or nothing to speak of.
    fn attempt(&self) -> Duration {
        match self.wrong {
            Wrong::Answer("delay:60") => Duration::from_millis(60),
            Wrong::Answer("delay:60000" | "hang") => 2 * SOON,
            Wrong::Answer("drip:1/s" | "length:1000000") => PAUSE,
            Wrong::Connection("hang") => SOON,
            _ => Duration::ZERO,
        }
    }

    /// How long a call may take, from its configuration. A diagnosis sends each question once, in rounds that follow
    /// on each other: who answers, the same once more for proof, and the record of the token. Where nobody answers the
    /// first, nothing follows.
    fn bound(&self, call: Call) -> Duration {
        if call == Call::Doctor {
            let unanswered = matches!(self.reach, Reach::Unsent(..) | Reach::Lost(..)) && !self.once();
            let rounds = if unanswered { 1 } else { 3 };
            return rounds * self.attempt() + SLACK;
        }
        let attempts = self.expected(call).attempts;
        // full jitter: at most the doubled base; and what a 429 asks for
        let waits: Duration = (1..attempts).map(|attempt| BASE * 2_u32.pow(attempt - 1)).sum();
        let asked = match self.wrong {
            Wrong::Answer("429:1 times=1") => Duration::from_secs(1) + BASE,
            _ => Duration::ZERO,
        };
        (attempts * self.attempt() + waits + asked).min(CALL) + SLACK
    }

    fn lab(&self) -> Lab {
        let mut certificate = CertificateOptions::default();
        match self.wrong {
            Wrong::Certificate(Cause::CertificateWrongHost) => {
                certificate.names = vec!["rancher.example.com".into()];
            }
            Wrong::Certificate(Cause::CertificateExpired) => {
                certificate.not_after = Some(Timestamp::now() - SignedDuration::from_hours(1));
            }
            Wrong::Certificate(_) => certificate.issuer = Issuer::SelfSigned,
            _ => {}
        }
        Lab::with(ServerOptions { tls: Tls::On(certificate), ..ServerOptions::default() })
    }

    /// Everything that is not as it must be, one line each; and how many POSTs that do something arrived twice.
    async fn run(self) -> (Vec<String>, usize) {
        let lab = self.lab();
        let mut config = lab.config("admin-unscoped");
        // as in the defaults, the shorter of the two: of two timers that end at once, either may win
        config.timeouts.connect = SOON;
        config.timeouts.headers = 2 * SOON;
        config.timeouts.idle = PAUSE;
        config.timeouts.call = CALL;
        config.retry.attempts = ATTEMPTS;
        config.retry.base = BASE;
        let client = Client::new(config).unwrap();
        match self.wrong {
            Wrong::Answer(action) => {
                // the authorities of the machine are read now, and not within the time of a call; the key is not
                // shown to the server, so that nothing is known of it yet
                let mut first = Request::new("first", Method::GET, route("/ping"));
                (first.auth, first.expect) = (Auth::Omit, Expect::Anything);
                drop(client.send(first).await.unwrap());
                lab.forget();
                let rules: Vec<String> =
                    self.calls.iter().map(|call| format!("{} {action}", call.target())).collect();
                lab.faults(&rules.iter().map(String::as_str).collect::<Vec<_>>());
            }
            Wrong::Connection(action) => lab.faults(&[&format!("* @connect {action}")]),
            Wrong::Stopped | Wrong::Certificate(_) => {}
        }
        let journal = lab.simulator.journal().clone();
        if self.wrong == Wrong::Stopped {
            lab.simulator.stop().await;
        }
        let calls = self.calls.iter().map(|call| async {
            let start = Instant::now();
            (*call, call.run(&client).await, start.elapsed())
        });
        let outcomes = futures_util::future::join_all(calls).await;
        let entries = journal.entries();
        let mut wrong = Vec::new();
        let mut twice = 0;
        for (call, outcome, took) in outcomes {
            let arrived: Vec<&Entry> = match call {
                Call::Doctor => entries.iter().collect(),
                _ => entries
                    .iter()
                    .filter(|entry| format!("{} {}", entry.method, entry.path) == call.target())
                    .collect(),
            };
            if !call.may_arrive_twice() {
                // 429 says that the server did nothing with it
                let counted = arrived.iter().filter(|entry| entry.status != Some(429)).count();
                twice += usize::from(counted > 1);
            }
            let problem = match &outcome {
                Ok(Some(report)) => self.wrong_with_the_report(report, &arrived),
                Err(_) if call == Call::Doctor => Some("a diagnosis failed".to_owned()),
                _ => self.wrong_with(call, outcome.as_ref().err(), arrived.len()),
            };
            let bound = self.bound(call);
            let late = (took > bound).then(|| format!("it took {took:?}, and must end within {bound:?}"));
            wrong.extend(
                problem
                    .into_iter()
                    .chain(late)
                    .map(|what| format!("{} × {call:?}: {what}: {outcome:?}", self.name)),
            );
        }
        (wrong, twice)
    }

    fn wrong_with(&self, call: Call, error: Option<&Error>, arrivals: usize) -> Option<String> {
        let expected = self.expected(call);
        let kind = match error.map(|error| error.kind()) {
            // a reset that comes right behind the connection can be there before anybody speaks TLS
            Some(ErrorKind::Connect) if self.wrong == Wrong::Connection("reset") => Some(ErrorKind::Tls),
            kind => kind,
        };
        if (kind, arrivals) != (expected.kind, expected.arrivals) {
            return Some(format!("expected {expected:?}, got {kind:?} after {arrivals} arrivals"));
        }
        let error = error?;
        let told = error.retry().attempts;
        if !matches!(self.reach, Reach::Damaged(_)) && told != expected.attempts {
            return Some(format!("it says that it was sent {told} times, not {}", expected.attempts));
        }
        match self.wrong {
            Wrong::Certificate(cause) if error.causes() != [cause] => {
                Some(format!("the cause is not {cause}"))
            }
            _ => None,
        }
    }

    /// A diagnosis asks each question once, and a living key is never called anything but valid or unknown.
    fn wrong_with_the_report(&self, report: &DoctorReport, arrived: &[&Entry]) -> Option<String> {
        let verdicts: &[Verdict] = match self.reach {
            Reach::Answered => &[Verdict::Usable],
            _ if self.once() => &[Verdict::Usable, Verdict::Limited],
            Reach::Damaged(_) => &[Verdict::Usable, Verdict::Limited],
            // somebody is there and says nothing of the credential
            _ if matches!(self.wrong, Wrong::Answer(action) if action.starts_with("429")) => {
                &[Verdict::Undetermined]
            }
            Reach::Unsent(..) | Reach::Lost(..) => &[Verdict::Unreachable],
        };
        let credential = match verdicts {
            [Verdict::Unreachable | Verdict::Undetermined] => CredentialVerdict::Undetermined,
            _ => CredentialVerdict::Valid,
        };
        let repeated = arrived.iter().enumerate().any(|(index, entry)| {
            arrived
                .iter()
                .take(index)
                .any(|before| (&before.method, &before.target) == (&entry.method, &entry.target))
        });
        if !verdicts.contains(&report.verdict) || report.credential.verdict != credential {
            return Some(format!("expected {verdicts:?} and {credential}"));
        }
        repeated.then(|| "a question was asked twice".to_owned())
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_fault_for_every_kind_of_call() {
    let start = Instant::now();
    let trials = Trial::all();
    let combinations: usize = trials.iter().map(|trial| trial.calls.len()).sum();
    assert_eq!(combinations, FAULTS.len() * Call::ALL.len());
    let outcomes: Vec<(Vec<String>, usize)> = futures_util::stream::iter(trials)
        .map(|trial| tokio::spawn(trial.run()))
        .buffer_unordered(AT_ONCE)
        .map(|trial| trial.unwrap())
        .collect()
        .await;
    let wrong: Vec<&String> = outcomes.iter().flat_map(|(wrong, _)| wrong).collect();
    let twice: usize = outcomes.iter().map(|(_, twice)| twice).sum();
    println!("faults: {combinations} combinations, {} wrong, {twice} POSTs sent twice", wrong.len());
    println!("  in {:.1?}", start.elapsed());
    for line in &wrong {
        println!("  {line}");
    }
    assert!(wrong.is_empty() && twice == 0);
}
