use super::*;
use proptest::prelude::*;
use std::time::Duration;

fn at(ms: u64) -> Moment {
    Moment::from_start(Duration::from_millis(ms))
}

fn id(text: &str) -> ClusterId {
    ClusterId::new(text).unwrap()
}

fn cluster(text: &str) -> RouteScope {
    RouteScope::Cluster(id(text))
}

fn fact(route: RouteScope, accepted: bool, sent: u64) -> Fact {
    Fact { route, accepted, sent: at(sent), received: at(sent + 1), generation: 0 }
}

fn ledger(facts: &[Fact]) -> Ledger {
    let mut ledger = Ledger::new(TokenKind::V3);
    facts.iter().for_each(|fact| ledger.observe(fact));
    ledger
}

fn explained(ledger: &Ledger, route: &RouteScope) -> (RefusalCause, Option<Confidence>) {
    let explanation = ledger.explain(route);
    (explanation.cause, explanation.confidence)
}

#[test]
fn nothing_observed_proves_nothing() {
    let empty = ledger(&[]);
    assert_eq!(explained(&empty, &RouteScope::Global), (RefusalCause::Undetermined, None));
    assert_eq!(empty.scope(), None);
    assert_eq!(empty.validity(), Validity::Undetermined);
    // refusals everywhere leave both causes open: the key may be of a cluster that nobody asked
    let refused = ledger(&[fact(RouteScope::Global, false, 0), fact(cluster("c-a"), false, 2)]);
    assert_eq!(explained(&refused, &RouteScope::Global), (RefusalCause::Undetermined, None));
    assert_eq!(refused.validity(), Validity::Undetermined);
}

#[test]
fn accepted_globally_then_refused_is_refused() {
    let ledger = ledger(&[fact(RouteScope::Public, true, 0), fact(cluster("c-a"), false, 5)]);
    assert_eq!(explained(&ledger, &cluster("c-a")), (RefusalCause::TokenRefused, Some(Confidence::Proven)));
    assert_eq!(ledger.validity(), Validity::Refused(Confidence::Proven));
}

#[test]
fn two_clusters_prove_an_unscoped_key() {
    let ledger = ledger(&[fact(cluster("c-a"), true, 0), fact(cluster("c-b"), true, 2)]);
    assert_eq!(ledger.scope(), Some(KnownScope { scope: KeyScope::Global, confidence: Confidence::Proven }));
}

#[test]
fn order_decides_how_sure_out_of_scope_is() {
    let out = RefusalCause::OutOfScope(Some(id("c-a")));
    let before = ledger(&[fact(cluster("c-a"), true, 0), fact(RouteScope::Global, false, 5)]);
    assert_eq!(explained(&before, &RouteScope::Global), (out.clone(), Some(Confidence::Likely)));
    let after = ledger(&[fact(RouteScope::Global, false, 0), fact(cluster("c-a"), true, 5)]);
    assert_eq!(explained(&after, &RouteScope::Global), (out.clone(), Some(Confidence::Likely)));
    let around = ledger(&[
        fact(RouteScope::Global, false, 0),
        fact(cluster("c-a"), true, 5),
        fact(cluster("c-b"), false, 10),
    ]);
    assert_eq!(explained(&around, &RouteScope::Global), (out, Some(Confidence::Proven)));
    assert_eq!(around.validity(), Validity::Valid);
}

#[test]
fn what_was_proven_once_is_not_forgotten() {
    let mut ledger = ledger(&[
        fact(RouteScope::Global, false, 0),
        fact(cluster("c-a"), true, 5),
        fact(RouteScope::Global, false, 10),
    ]);
    (0..10_000).for_each(|n| ledger.observe(&fact(cluster("c-a"), true, 20 + n)));
    assert_eq!(ledger.scope().unwrap().confidence, Confidence::Proven);
}

#[test]
fn answers_that_overlap_have_no_order() {
    let slow =
        Fact { route: RouteScope::Global, accepted: false, sent: at(0), received: at(20), generation: 0 };
    let ledger = ledger(&[slow, fact(cluster("c-a"), true, 5), fact(RouteScope::Global, false, 30)]);
    assert_eq!(explained(&ledger, &RouteScope::Global).1, Some(Confidence::Likely));
}

#[test]
fn a_key_that_stops_working_at_home_is_refused() {
    let ledger = ledger(&[
        fact(cluster("c-a"), true, 0),
        fact(cluster("c-a"), false, 5),
        fact(RouteScope::Global, false, 3),
    ]);
    assert_eq!(explained(&ledger, &cluster("c-a")), (RefusalCause::TokenRefused, Some(Confidence::Proven)));
    // over there it may have been alive and out of its scope
    assert_eq!(
        explained(&ledger, &RouteScope::Global),
        (RefusalCause::TokenRefused, Some(Confidence::Likely))
    );
    assert_eq!(ledger.validity(), Validity::Refused(Confidence::Proven));
}

#[test]
fn an_assertion_counts_until_it_is_disproved() {
    let mut refused = ledger(&[fact(RouteScope::Global, false, 0), fact(cluster("c-a"), false, 2)]);
    refused.learn(Knowledge::Asserted(KeyScope::Cluster(id("c-a"))));
    assert_eq!(
        explained(&refused, &cluster("c-a")),
        (RefusalCause::TokenRefused, Some(Confidence::Asserted))
    );
    assert_eq!(
        explained(&refused, &RouteScope::Global),
        (RefusalCause::OutOfScope(Some(id("c-a"))), Some(Confidence::Asserted))
    );
    assert_eq!(refused.validity(), Validity::Refused(Confidence::Asserted));
    refused.observe(&fact(cluster("c-b"), true, 4));
    assert_eq!(explained(&refused, &RouteScope::Global).1, Some(Confidence::Likely));
}

#[test]
fn a_record_settles_it() {
    let mut ledger = ledger(&[fact(cluster("c-b"), false, 0)]);
    ledger.learn(Knowledge::Recorded(KeyScope::Cluster(id("c-a"))));
    let out = RefusalCause::OutOfScope(Some(id("c-a")));
    assert_eq!(explained(&ledger, &cluster("c-b")), (out, Some(Confidence::Proven)));
    assert_eq!(explained(&ledger, &cluster("c-a")), (RefusalCause::TokenRefused, Some(Confidence::Proven)));
}

#[test]
fn the_old_message_proves_that_it_is_not_global() {
    let mut ledger = ledger(&[fact(cluster("c-a"), true, 0)]);
    ledger.learn(Knowledge::NotFor(RouteScope::Global));
    assert_eq!(ledger.scope().unwrap().confidence, Confidence::Proven);
    assert_eq!(explained(&ledger, &RouteScope::Global).1, Some(Confidence::Proven));
}

#[test]
fn facts_of_another_generation_and_of_unknown_paths_are_dropped() {
    let mut ledger = ledger(&[fact(RouteScope::Unknown, true, 0)]);
    ledger.observe(&Fact { generation: 1, ..fact(RouteScope::Global, true, 2) });
    assert_eq!(ledger.scope(), None);
    ledger.start_over(TokenKind::V3, 1);
    ledger.observe(&Fact { generation: 1, ..fact(RouteScope::Global, true, 2) });
    assert!(ledger.was_accepted(&RouteScope::Public));
}

#[test]
fn the_header_says_nothing_of_a_jwt() {
    let mut ledger = Ledger::new(TokenKind::Jwt);
    ledger.observe(&fact(cluster("c-a"), false, 0));
    assert!(!ledger.was_refused(&cluster("c-a")));
}

/// A key as it really is: its reach, and when it is alive.
#[derive(Debug, Clone)]
struct Life {
    scope: KeyScope,
    /// Alive in `from..until`. `switched` turns that around: dead in the middle, alive before and after.
    from: u64,
    until: u64,
    switched: bool,
}

impl Life {
    fn alive(&self, ms: u64) -> bool {
        (self.from <= ms && ms < self.until) != self.switched
    }

    fn accepted(&self, route: &RouteScope, ms: u64) -> bool {
        self.alive(ms) && self.scope.reaches(route).unwrap_or_default()
    }
}

fn lives() -> impl Strategy<Value = Life> {
    let scope = prop_oneof![
        Just(KeyScope::Global),
        Just(KeyScope::Cluster(id("c-a"))),
        Just(KeyScope::Cluster(id("c-b"))),
    ];
    // always alive, born or switched on at some time, dying at some time, or out for a while
    let span = prop_oneof![
        Just((0, u64::MAX, false)),
        (0..100u64).prop_map(|from| (from, u64::MAX, false)),
        (0..100u64).prop_map(|until| (0, until, false)),
        (0..100u64, 0..100u64).prop_map(|(a, b)| (a.min(b), a.max(b), true)),
    ];
    (scope, span).prop_map(|(scope, (from, until, switched))| Life { scope, from, until, switched })
}

fn routes() -> impl Strategy<Value = RouteScope> {
    prop_oneof![
        Just(RouteScope::Global),
        Just(RouteScope::Public),
        Just(cluster("c-a")),
        Just(cluster("c-b")),
        Just(cluster("c-c")),
    ]
}

/// A request: its route, when it is sent, how long until the server decides, how long until the answer is there.
fn requests() -> impl Strategy<Value = Vec<(RouteScope, u64, u64, u64)>> {
    proptest::collection::vec((routes(), 0..100u64, 0..20u64, 0..20u64), 1..40)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 4096, ..ProptestConfig::default() })]

    /// Whatever a key's life and whatever the order in which answers are noted, a proven verdict is so.
    #[test]
    fn a_proven_verdict_never_contradicts_what_is_so(life in lives(), requests in requests(), order in any::<u64>()) {
        let mut facts: Vec<(Fact, u64)> = requests
            .into_iter()
            .map(|(route, sent, decide, back)| {
                let decided = sent + decide;
                let accepted = life.accepted(&route, decided);
                (Fact { route, accepted, sent: at(sent), received: at(decided + back), generation: 0 }, decided)
            })
            .collect();
        // answers are noted in any order
        let len = facts.len() as u64;
        facts.sort_by_key(|(fact, decided)| (decided.wrapping_mul(order | 1) ^ order) % (len * 7 + fact.sent.since_start().as_millis() as u64 + 1));
        let mut ledger = Ledger::new(TokenKind::V3);
        for (index, (fact, _)) in facts.iter().enumerate() {
            ledger.observe(fact);
            if let Some(known) = ledger.scope()
                && known.confidence == Confidence::Proven
            {
                prop_assert_eq!(&known.scope, &life.scope, "after {} facts", index + 1);
            }
            if ledger.validity() == Validity::Valid {
                // no refusal that counts against it was decided after the last time that it was surely alive
                let alive = facts[..=index].iter().filter(|(fact, _)| fact.accepted).map(|(_, at)| *at).max();
                let deaths = facts[..=index].iter().filter(|(fact, decided)| {
                    !fact.accepted && !life.alive(*decided) && ledger.was_accepted(&fact.route)
                });
                for (_, died) in deaths {
                    prop_assert!(alive.is_some_and(|alive| alive >= *died), "called valid, and refused last");
                }
            }
            if ledger.validity() == Validity::Refused(Confidence::Proven) {
                let dead = facts[..=index].iter().any(|(_, decided)| !life.alive(*decided));
                prop_assert!(dead, "called refused, and it was never dead when asked");
            }
            for (refused, decided) in facts[..=index].iter().filter(|(fact, _)| !fact.accepted) {
                let explanation = ledger.explain(&refused.route);
                if explanation.confidence != Some(Confidence::Proven) {
                    continue;
                }
                match explanation.cause {
                    RefusalCause::TokenRefused => prop_assert!(!life.alive(*decided), "{:?}", explanation),
                    RefusalCause::OutOfScope(home) => {
                        let scope = KeyScope::Cluster(home.unwrap());
                        prop_assert_eq!(&scope, &life.scope);
                        prop_assert_eq!(scope.reaches(&refused.route), Some(false));
                    }
                    RefusalCause::Undetermined => prop_assert!(false, "undetermined and proven"),
                }
            }
        }
    }

    /// Enough evidence is used: a living scoped key, refused, accepted and refused again, is called what it is.
    #[test]
    fn enough_evidence_is_enough(outside in prop_oneof![Just(RouteScope::Global), Just(cluster("c-b"))], gap in 1..50u64) {
        let ledger = ledger(&[
            fact(outside.clone(), false, 0),
            fact(cluster("c-a"), true, 1 + gap),
            fact(outside.clone(), false, 3 + 2 * gap),
        ]);
        let out = RefusalCause::OutOfScope(Some(id("c-a")));
        prop_assert_eq!(explained(&ledger, &outside), (out, Some(Confidence::Proven)));
    }
}
