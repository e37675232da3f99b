use super::*;
use serde_json::json;

fn object(json: Value) -> Object {
    Object::try_from(json).unwrap()
}

fn of(workload: Workload, json: Value) -> Judged {
    let object = object(json);
    let refused = refused_pods::failure(&object).map_or(Refused::No, |said| Refused::Now(said.to_owned()));
    judge(workload, "web", &object, &refused)
}

fn words(judged: Judged) -> String {
    judged.unwrap().map(|(words, _)| words).unwrap_or_default()
}

fn deployed(generation: i64, observed: i64, wanted: i64, counts: [i64; 3], conditions: Value) -> Value {
    json!({
        "metadata": {"generation": generation}, "spec": {"replicas": wanted},
        "status": {"observedGeneration": observed, "replicas": counts[0], "updatedReplicas": counts[1],
            "availableReplicas": counts[2], "conditions": conditions},
    })
}

#[test]
fn a_deployment_is_counted_as_kubectl_counts() {
    for (generation, observed, wanted, counts, expected) in [
        (2, 1, 2, [2, 2, 2], "its controller has not seen the change yet"),
        (2, 2, 2, [0, 0, 0], "0 of 2 pods are updated"),
        (2, 2, 3, [3, 2, 3], "2 of 3 pods are updated"),
        (2, 2, 2, [3, 2, 2], "1 old pods are still there"),
        (2, 2, 2, [2, 2, 1], "1 of 2 updated pods are available"),
        (2, 2, 2, [2, 2, 2], ""),
        (2, 3, 0, [0, 0, 0], ""),
    ] {
        let judged = of(Workload::Deployment, deployed(generation, observed, wanted, counts, json!([])));
        assert_eq!(words(judged), expected, "{counts:?}");
    }
    // one replica where none is asked for
    let silent = json!({"metadata": {"generation": 1}, "spec": {}, "status": {"observedGeneration": 1}});
    assert_eq!(words(of(Workload::Deployment, silent)), "0 of 1 pods are updated");
    let mut paused = deployed(1, 1, 1, [0, 0, 0], json!([]));
    paused["spec"]["paused"] = json!(true);
    assert!(words(of(Workload::Deployment, paused)).ends_with("(it is paused)"));
}

#[test]
fn what_cannot_succeed_is_told_at_once_unless_it_is_of_the_past() {
    let failed = |message: &str| json!([{"type": "ReplicaFailure", "status": "True", "reason": "FailedCreate", "message": message}]);
    // recorded: downstream, `its status`
    let quota = "pods \"big-5d-x\" is forbidden: exceeded quota: default-q, requested: limits.cpu=2, used: limits.cpu=100m, limited: limits.cpu=500m";
    let security = "pods \"a\" is forbidden: violates PodSecurity \"restricted:latest\": privileged";
    for (message, kind, reason) in [
        (quota, ErrorKind::Forbidden, Some(ForbiddenReason::Quota)),
        (security, ErrorKind::Forbidden, Some(ForbiddenReason::PodSecurity)),
        ("pods \"a\" is forbidden: no account", ErrorKind::Forbidden, Some(ForbiddenReason::Unknown)),
        ("Pod \"a\" is invalid: spec.x", ErrorKind::Invalid, None),
    ] {
        let error = of(Workload::Deployment, deployed(1, 1, 1, [0, 0, 0], failed(message))).unwrap_err();
        assert_eq!((error.kind(), error.reason()), (kind, reason), "{error}");
        assert!(error.summary().contains(message) && error.summary().contains("ReplicaFailure"), "{error}");
        // of the generation before: the change may have been its cure
        let judged = of(Workload::Deployment, deployed(2, 1, 1, [0, 0, 0], failed(message)));
        assert_eq!(words(judged), "its controller has not seen the change yet");
    }
    // of an older revision, or of one that could not be read; events alone are of the past
    let short = object(deployed(1, 1, 1, [0, 0, 0], failed(quota)));
    let judged = |refused| judge(Workload::Deployment, "web", &short, &refused);
    let (words, said) = judged(Refused::Older(quota.into())).unwrap().unwrap();
    assert_eq!(words, "0 of 1 pods are updated");
    assert!(said.unwrap().starts_with("pods of an older revision were refused: "));
    let error = judged(Refused::Perhaps(quota.into())).unwrap_err();
    assert_eq!(
        (error.reason(), error.confidence()),
        (Some(ForbiddenReason::Quota), Some(Confidence::Likely))
    );
    let set = object(json!({"spec": {"replicas": 2}, "metadata": {"generation": 1},
        "status": {"observedGeneration": 1, "replicas": 1, "readyReplicas": 1}}));
    let judged = |refused| judge(Workload::StatefulSet, "db", &set, &refused);
    assert!(judged(Refused::Told(quota.into())).unwrap().unwrap().1.unwrap().contains("exceeded quota"));
    let error = judged(Refused::Again(quota.into())).unwrap_err();
    assert_eq!(error.reason(), Some(ForbiddenReason::Quota));
    assert!(
        error.summary().contains("stateful set db") || error.summary().contains("statefulset db"),
        "{error}"
    );
    // an older replica set may fail while everything runs
    assert_eq!(self::words(of(Workload::Deployment, deployed(1, 1, 1, [1, 1, 1], failed(quota)))), "");
    let late = json!([{"type": "Progressing", "status": "False", "reason": "ProgressDeadlineExceeded",
        "message": "ReplicaSet \"web-1\" has timed out progressing."}]);
    let error = of(Workload::Deployment, deployed(1, 1, 1, [1, 1, 0], late)).unwrap_err();
    assert_eq!((error.kind(), error.is_retryable()), (ErrorKind::Timeout, false), "{error}");
    assert!(error.summary().contains("has timed out progressing"), "{error}");
}

#[test]
fn a_stateful_set_and_a_daemon_set() {
    let set = |observed: i64, ready: i64, updated: i64, revisions: [&str; 2], partition: i64| {
        json!({
            "metadata": {"generation": 2},
            "spec": {"replicas": 3, "updateStrategy": {"type": "RollingUpdate", "rollingUpdate": {"partition": partition}}},
            "status": {"observedGeneration": observed, "readyReplicas": ready, "updatedReplicas": updated,
                "currentRevision": revisions[0], "updateRevision": revisions[1]},
        })
    };
    for (json, expected) in [
        (set(1, 3, 3, ["b", "b"], 0), "its controller has not seen the change yet"),
        (set(2, 2, 3, ["b", "b"], 0), "2 of 3 pods are ready"),
        (set(2, 3, 1, ["a", "b"], 0), "1 of 3 pods are updated"),
        (set(2, 3, 3, ["b", "b"], 0), ""),
        (set(2, 3, 0, ["a", "b"], 2), "0 of 1 pods above the partition are updated"),
        (set(2, 3, 1, ["a", "b"], 2), ""),
    ] {
        assert_eq!(words(of(Workload::StatefulSet, json)), expected);
    }
    let daemons = |updated: i64, available: i64| {
        json!({"metadata": {"generation": 1}, "spec": {}, "status": {"observedGeneration": 1,
            "desiredNumberScheduled": 2, "updatedNumberScheduled": updated, "numberAvailable": available}})
    };
    assert_eq!(words(of(Workload::DaemonSet, daemons(1, 2))), "1 of 2 pods are updated");
    assert_eq!(words(of(Workload::DaemonSet, daemons(2, 1))), "1 of 2 updated pods are available");
    assert_eq!(words(of(Workload::DaemonSet, daemons(2, 2))), "");
    let on_delete = json!({"spec": {"updateStrategy": {"type": "OnDelete"}}});
    for workload in [Workload::StatefulSet, Workload::DaemonSet] {
        let error = of(workload, on_delete.clone()).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Unsupported, "{error}");
    }
}

#[test]
fn workloads_by_their_names() {
    for (text, expected) in [
        ("Deployment", Some(Workload::Deployment)),
        ("deploy", Some(Workload::Deployment)),
        ("sts", Some(Workload::StatefulSet)),
        ("daemonsets.apps", Some(Workload::DaemonSet)),
        ("job", None),
    ] {
        assert_eq!(Workload::named(text), expected, "{text}");
    }
}
