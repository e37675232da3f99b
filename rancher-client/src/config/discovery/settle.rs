//! Makes the configuration of what was chosen, and the report of it.

use super::decide::{self, Chosen, Setting};
use super::place::{Candidate, Found, Place, Problem, Slot, Wanted};
use super::report::{Decision, LookedAt, PassedOver, Report, Source};
use crate::config::{Config, Trust};

type Settled = (Config, Vec<Decision>, Vec<String>);

pub(super) fn settle(places: &[Place]) -> Result<Settled, Problem> {
    let chosen = decide::server_and_credential(places)?;
    let beside = chosen.beside(places);
    let offers = Offers::new(places, &chosen, &beside);
    let mut config = Config::new(chosen.server.value.clone(), chosen.credential.value.clone());
    let mut decided = vec![
        decision("server", &chosen.server, chosen.server.value.to_string(), Vec::new()),
        decision("credential", &chosen.credential, chosen.credential.value.to_string(), Vec::new()),
    ];
    let used = [chosen.server.source, chosen.credential.source];
    let mut warnings = warnings(places, |source| used.contains(&source));

    let cluster = offers.first(|candidate| &candidate.cluster, offers.elsewhere)?;
    record(&mut decided, "cluster", &cluster, ToString::to_string);
    config.cluster = cluster.found.map(|found| found.value);

    let (trust, trust_decision) = trust(&offers)?;
    if trust == Trust::Insecure {
        warnings.push(format!(
            "certificates are not checked ({}): whoever sits on the way can read the token",
            trust_decision.from
        ));
    }
    config.trust = trust;
    decided.push(trust_decision);

    let proxy = offers.first(|candidate| &candidate.proxy, offers.elsewhere)?;
    record(&mut decided, "proxy", &proxy, ToString::to_string);
    config.proxy = proxy.found.map(|found| found.value);

    let timeout = offers.first(|candidate| &candidate.timeout, offers.elsewhere)?;
    record(&mut decided, "timeout", &timeout, |timeout| format!("{} s", timeout.as_secs()));
    if let Some(found) = timeout.found {
        config.timeouts.call = found.value;
    }

    let mut project = offers.first(|candidate| &candidate.project, offers.elsewhere)?;
    if let (Some(found), Some(cluster)) = (&project.found, &config.cluster)
        && found.value.cluster() != cluster
    {
        warnings.push(format!("the project of {} is not used: it is not one of {cluster}", found.from));
        project.found = None;
    }
    record(&mut decided, "project", &project, ToString::to_string);
    config.hints.project = project.found.map(|found| found.value);

    let user = offers.first(|candidate| &candidate.user, offers.other_token)?;
    record(&mut decided, "user", &user, |user| format!("{user:?}"));
    config.hints.user = user.found.map(|found| found.value);

    match offers.first(|candidate| &candidate.expires, offers.other_token) {
        Ok(expires) => {
            record(&mut decided, "token_expires", &expires, ToString::to_string);
            config.hints.token_expires = expires.found.map(|found| found.value);
        }
        // a remark that cannot be read is no reason to stop
        Err(problem) => warnings.push(problem.summary),
    }
    Ok((config, decided, warnings))
}

/// Who may settle a setting, in order: the caller, the environment, what stands beside server and credential.
struct Offers<'p> {
    explicit: Option<&'p Candidate>,
    environment: Option<&'p Candidate>,
    beside: &'p [&'p Candidate],
    /// Why the environment's settings do not apply: it speaks of another server.
    elsewhere: Option<&'static str>,
    /// Why the environment's remarks on its token do not apply.
    other_token: Option<&'static str>,
}

impl<'p> Offers<'p> {
    fn new(places: &'p [Place], chosen: &Chosen, beside: &'p [&'p Candidate]) -> Self {
        let of = |source| places.iter().find(|place| place.source == source).and_then(Place::current);
        let environment = of(Source::Environment);
        let elsewhere = match environment.and_then(|environment| environment.server.as_ref()) {
            Some(Ok(server)) if server.value != chosen.server.value => Some("RANCHER_URL is another server"),
            Some(Err(_)) => Some("RANCHER_URL cannot be read"),
            _ => None,
        };
        let same = environment.is_some_and(|environment| environment.holds(&chosen.credential.value));
        let other_token = if same { None } else { Some("the credential is not the environment's") };
        Self { explicit: of(Source::Explicit), environment, beside, elsewhere, other_token }
    }

    fn first<T: Clone>(
        &self,
        slot: impl Fn(&Candidate) -> &Slot<T>,
        environment_unfit: Option<&'static str>,
    ) -> Result<Setting<T>, Problem> {
        let mut offers: Vec<(&Slot<T>, Option<&str>)> = Vec::new();
        offers.extend(self.explicit.map(|candidate| (slot(candidate), None)));
        offers.extend(self.environment.map(|candidate| (slot(candidate), environment_unfit)));
        offers.extend(self.beside.iter().map(|candidate| (slot(candidate), None)));
        decide::first(&offers)
    }
}

/// What the places warn of. Most kubeconfigs have nothing to do with Rancher: theirs count only where one is used.
fn warnings(places: &[Place], used: impl Fn(Source) -> bool) -> Vec<String> {
    let counts = |place: &&Place| place.source != Source::Kubeconfig || used(place.source);
    places.iter().filter(counts).flat_map(|place| place.warnings.clone()).collect()
}

fn trust(offers: &Offers<'_>) -> Result<(Trust, Decision), Problem> {
    let ca = offers.first(|candidate| &candidate.ca, offers.elsewhere)?;
    let insecure = offers.first(|candidate| &candidate.insecure, offers.elsewhere)?;
    let mut passed_over = ca.passed_over;
    passed_over.extend(insecure.passed_over);
    let insecure = insecure.found.filter(|found| found.value);
    let found = match (ca.found, insecure) {
        (Some(ca), Some(insecure)) => {
            return Err(Problem::new(
                format!(
                    "{} gives authorities to trust and {} switches the check off; that is a contradiction",
                    ca.from, insecure.from
                ),
                "remove one of them",
            ));
        }
        (Some(ca), None) => ca,
        (None, Some(insecure)) => Found::new(Trust::Insecure, insecure.from, insecure.source),
        (None, None) => Found::new(Trust::System, "the default", Source::Default),
    };
    // the paths of files are shown, the text of certificates is not
    let shown = match &found.value {
        Trust::CaFile(path) => format!("ca_file {}", path.display()),
        other => other.as_str().to_owned(),
    };
    let decision = decision("trust", &found, shown, passed_over);
    Ok((found.value, decision))
}

fn decision<T>(
    what: &'static str,
    found: &Found<T>,
    value: String,
    passed_over: Vec<PassedOver>,
) -> Decision {
    Decision { what, value, from: found.from.clone(), source: found.source, passed_over }
}

/// Adds the setting to the report. One that nobody named stays out; only of the cluster it is always said.
fn record<T>(
    decided: &mut Vec<Decision>,
    what: &'static str,
    setting: &Setting<T>,
    shown: impl Fn(&T) -> String,
) {
    let passed_over = setting.passed_over.clone();
    match &setting.found {
        Some(found) => decided.push(decision(what, found, shown(&found.value), passed_over)),
        None if passed_over.is_empty() && what != "cluster" => {}
        None => decided.push(Decision {
            what,
            value: "none".to_owned(),
            from: "the default".to_owned(),
            source: Source::Default,
            passed_over,
        }),
    }
}

pub(super) fn report(
    places: &[Place],
    config: Option<&Config>,
    decided: Vec<Decision>,
    mut warnings: Vec<String>,
) -> Report {
    if config.is_none() {
        warnings.extend(self::warnings(places, |_| true));
    }
    let looked = places.iter().map(|place| {
        let used_for: Vec<&'static str> =
            decided.iter().filter(|one| one.source == place.source).map(|one| one.what).collect();
        let leads = used_for.iter().any(|what| matches!(*what, "server" | "credential"));
        let because = if leads { None } else { Some(because(place, config, &decided)) };
        LookedAt {
            source: place.source,
            label: place.label.clone(),
            found: place.found.clone(),
            used_for,
            because,
        }
    });
    Report { places: looked.collect(), decided, warnings }
}

/// Why neither server nor credential came from this place.
fn because(place: &Place, config: Option<&Config>, decided: &[Decision]) -> String {
    let Some(config) = config else { return place.state(Wanted::Both) };
    let fits = place
        .candidates
        .iter()
        .any(|candidate| candidate.is_for(&config.server) && matches!(candidate.credential, Some(Ok(_))));
    let winner = decided.iter().find(|one| one.what == "credential");
    match winner {
        Some(winner) if fits => format!("{} comes first", winner.from),
        _ => place.state(Wanted::CredentialOf(&config.server)),
    }
}
