//! The order of evidence. A key with a life of its own answers a random sequence of requests: what the ledger calls
//! proven is so. A server that contradicts itself makes it panic as little.

use rancher_client::scope::{
    Confidence, Explanation, Fact, KeyScope, Knowledge, KnownScope, Ledger, RefusalCause, RouteScope,
    TokenKind, Validity,
};
use rancher_client::wire::{ClusterId, Moment};
use std::time::Duration;

#[test]
fn ledger() {
    crate::search!("ledger");
}

fn cluster(id: &str) -> RouteScope {
    RouteScope::Cluster(ClusterId::new(id).unwrap())
}

fn route(byte: u8) -> RouteScope {
    match byte % 6 {
        0 => RouteScope::Global,
        1 => RouteScope::Public,
        2 => cluster("c-a"),
        3 => cluster("c-b"),
        4 => cluster("c-c"),
        _ => RouteScope::Unknown,
    }
}

fn scope(byte: u8) -> KeyScope {
    match byte % 3 {
        0 => KeyScope::Global,
        1 => KeyScope::Cluster(ClusterId::new("c-a").unwrap()),
        _ => KeyScope::Cluster(ClusterId::new("c-b").unwrap()),
    }
}

fn at(ms: u64) -> Moment {
    Moment::from_start(Duration::from_millis(ms))
}

/// A key as it is: its reach, and the one stretch in which it lives (or, switched around, does not).
struct Life {
    scope: KeyScope,
    from: u64,
    until: u64,
    out_for_a_while: bool,
}

impl Life {
    fn alive(&self, ms: u64) -> bool {
        (self.from <= ms && ms < self.until) != self.out_for_a_while
    }
}

/// The first four bytes are the key, every four after them a request: route, when sent, until decided, until back.
pub(super) fn run(input: &[u8]) {
    let [kind, a, b, knows, requests @ ..] = input else { return };
    let life = Life {
        scope: scope(*kind),
        from: if kind & 0x10 == 0 { 0 } else { u64::from(*a.min(b)) },
        until: if kind & 0x20 == 0 { u64::MAX } else { u64::from(*a.max(b)) },
        // one gap in a life; a key that dies twice is what the rule of proof leaves out (decision record 0001)
        out_for_a_while: kind & 0x30 == 0x30,
    };
    let mut honest = Ledger::new(TokenKind::V3);
    let mut contradicted =
        Ledger::new([TokenKind::V3, TokenKind::Jwt, TokenKind::None][usize::from(knows % 3)]);
    if knows & 0x10 != 0 {
        honest.learn(Knowledge::Asserted(scope(*knows)));
        contradicted.learn(Knowledge::Recorded(scope(*knows)));
        contradicted.learn(Knowledge::NotFor(route(*knows)));
    }
    let mut seen: Vec<(Fact, u64)> = Vec::new();
    for request in requests.chunks_exact(4).take(60) {
        let [place, sent, decide, back] = request else { return };
        let route = route(*place);
        let (sent, decided) = (u64::from(*sent), u64::from(*sent) + u64::from(decide % 32));
        let accepted = life.alive(decided) && life.scope.reaches(&route).unwrap_or_default();
        let received = decided + u64::from(back % 32);
        let fact = Fact { route, accepted, sent: at(sent), received: at(received), generation: 0 };
        honest.observe(&fact);
        contradicted.observe(&Fact {
            accepted: back & 0x80 != 0,
            generation: u64::from(back >> 6 & 1),
            ..fact.clone()
        });
        agrees_with_itself(&contradicted, &fact.route);
        seen.push((fact, decided));
        proves_only_what_is_so(&honest, &life, &seen);
    }
}

fn proves_only_what_is_so(ledger: &Ledger, life: &Life, seen: &[(Fact, u64)]) {
    if let Some(KnownScope { scope, confidence: Confidence::Proven }) = ledger.scope() {
        assert_eq!(scope, life.scope);
    }
    if ledger.validity() == Validity::Refused(Confidence::Proven) {
        assert!(
            seen.iter().any(|(_, decided)| !life.alive(*decided)),
            "called refused, and it never was dead"
        );
    }
    for (fact, decided) in seen.iter().filter(|(fact, _)| !fact.accepted) {
        let Explanation { cause, confidence: Some(Confidence::Proven), .. } = ledger.explain(&fact.route)
        else {
            continue;
        };
        match cause {
            RefusalCause::TokenRefused => assert!(!life.alive(*decided), "a living key is called refused"),
            RefusalCause::OutOfScope(home) => {
                let own = KeyScope::Cluster(home.unwrap());
                assert_eq!(own, life.scope);
                assert_eq!(own.reaches(&fact.route), Some(false));
            }
            RefusalCause::Undetermined => panic!("undetermined, and proven"),
        }
    }
}

fn agrees_with_itself(ledger: &Ledger, route: &RouteScope) {
    let explanation = ledger.explain(route);
    assert_eq!(explanation.cause == RefusalCause::Undetermined, explanation.confidence.is_none());
    assert!(!explanation.because.is_empty(), "every explanation says what it rests on");
    let _ = (ledger.scope(), ledger.validity(), ledger.was_accepted(route), ledger.was_refused(route));
}
