//! The rules of authentication and rights on worlds nobody recorded: random users, roles, keys and routes.
//!
//! What is expected is written here from the rules alone, not from the simulator's code.

use http::{HeaderMap, Method, header};
use jiff::{SignedDuration, Timestamp};
use proptest::prelude::*;
use rancher_simulator::{Agent, KeyKind, NewKey, Request, Respond, World};
use std::time::Duration;

/// Where a request goes, in words: the test knows what a route is about, it does not parse it.
#[derive(Debug, Clone, Copy)]
enum Route {
    /// Needs nothing.
    Public(&'static str),
    /// A redirect to the same with a slash.
    Root,
    /// A Norman list outside every cluster.
    Global(&'static str),
    /// `/v3/clusters/{id}` or its alias.
    Cluster(&'static str),
    /// A Norman list below a cluster that the server answers by itself.
    Below(&'static str),
    /// The version of a cluster's Kubernetes, by one of two prefixes.
    Version(&'static str),
    /// All namespaces of a cluster's Kubernetes.
    Namespaces,
    /// The pods of the namespace `home`, which belongs to the project.
    Pods,
    /// Its secrets.
    Secrets,
    /// Steve through the proxy.
    Steve,
}

const ROUTES: &[Route] = &[
    Route::Public("/rancherversion"),
    Route::Public("/ping"),
    Route::Public("/v1"),
    Route::Public("/v3/settings/cacerts"),
    Route::Public("/v3-public/authProviders"),
    Route::Root,
    Route::Global("/v3/"),
    Route::Global("/v3/clusters"),
    Route::Global("/v3/projects"),
    Route::Global("/v3/tokens"),
    Route::Global("/v3/users?me=true"),
    Route::Global("/v1/namespaces"),
    Route::Cluster("/v3/clusters/"),
    Route::Cluster("/v3/cluster/"),
    Route::Below("/v3/cluster/"),
    Route::Below("/v3/clusters/"),
    Route::Version("/k8s/clusters/"),
    Route::Version("/k8s/proxy/"),
    Route::Namespaces,
    Route::Pods,
    Route::Secrets,
    Route::Steve,
];

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    /// A connected cluster made by the test, with a project and a namespace `home` in it.
    New,
    /// The recorded cluster with its agent up.
    Prod,
    /// A recorded cluster that never connected.
    Stage,
    /// No cluster at all.
    Nowhere,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fate {
    Alive,
    Expired,
    Off,
    Deleted,
    WrongSecret,
    UserDisabled,
}

#[derive(Debug, Clone)]
struct Case {
    global: &'static str,
    /// A role on the new cluster, if any.
    cluster_role: Option<&'static str>,
    /// A role on the project of the new cluster, if any.
    project_role: Option<&'static str>,
    kind: KeyKind,
    scope: Option<Place>,
    fate: Fate,
    route: Route,
    place: Place,
}

fn place() -> impl Strategy<Value = Place> {
    prop_oneof![3 => Just(Place::New), 1 => Just(Place::Prod), 1 => Just(Place::Stage), 1 => Just(Place::Nowhere)]
}

prop_compose! {
    fn case()(
        global in prop::sample::select(vec!["admin", "user", "user-base", ""]),
        cluster_role in prop::option::of(prop::sample::select(vec!["cluster-owner", "cluster-member"])),
        project_role in
            prop::option::of(prop::sample::select(vec!["project-owner", "project-member", "read-only"])),
        kind in prop::sample::select(vec![KeyKind::V3, KeyKind::V3, KeyKind::Ext, KeyKind::Session]),
        scope in prop::option::of(place()),
        fate in prop_oneof![
            6 => Just(Fate::Alive), 1 => Just(Fate::Expired), 1 => Just(Fate::Off), 1 => Just(Fate::Deleted),
            1 => Just(Fate::WrongSecret), 1 => Just(Fate::UserDisabled),
        ],
        route in prop::sample::select(ROUTES.to_vec()),
        place in place(),
    ) -> Case {
        // A login is never scoped here.
        let scope = if kind == KeyKind::Session { None } else { scope };
        Case { global, cluster_role, project_role, kind, scope, fate, route, place }
    }
}

struct Built {
    world: World,
    token: String,
    new: String,
}

fn build(case: &Case) -> Built {
    let mut world = World::record(5);
    let new = world.add_cluster("new", Agent::Connected);
    let project = world.add_project(&new, "shop").unwrap();
    world.add_namespace(&new, "home", Some(&project)).unwrap();
    let user = world.add_user("somebody", case.global).unwrap().id;
    if let Some(role) = case.cluster_role {
        world.bind_cluster(&user, &new, role).unwrap();
    }
    if let Some(role) = case.project_role {
        world.bind_project(&user, &project, role).unwrap();
    }
    let cluster = case.scope.map(|place| id(place, &new));
    let key = NewKey { user: user.clone(), kind: case.kind, cluster, ttl: Some(Duration::from_secs(600)) };
    let mut token = world.mint_key(key).unwrap();
    match case.fate {
        Fate::Alive => {}
        Fate::Expired => world.expire(&token).unwrap(),
        Fate::Off => world.switch_off(&token).unwrap(),
        Fate::Deleted => world.revoke(&token).unwrap(),
        Fate::WrongSecret => token.push('x'),
        Fate::UserDisabled => world.disable_user(&user).unwrap(),
    }
    Built { world, token, new }
}

fn id(place: Place, new: &str) -> String {
    match place {
        Place::New => new,
        Place::Prod => "c-prod1",
        Place::Stage => "c-stag1",
        Place::Nowhere => "c-zzzzz",
    }
    .to_owned()
}

fn target(case: &Case, new: &str) -> String {
    let id = id(case.place, new);
    match case.route {
        Route::Public(path) | Route::Global(path) => path.to_owned(),
        Route::Root => format!("/k8s/clusters/{id}"),
        Route::Cluster(prefix) => format!("{prefix}{id}"),
        Route::Below(prefix) => format!("{prefix}{id}/projects"),
        Route::Version(prefix) => format!("{prefix}{id}/version"),
        Route::Namespaces => format!("/k8s/clusters/{id}/api/v1/namespaces"),
        Route::Pods => format!("/k8s/clusters/{id}/api/v1/namespaces/home/pods"),
        Route::Secrets => format!("/k8s/clusters/{id}/api/v1/namespaces/home/secrets"),
        Route::Steve => format!("/k8s/clusters/{id}/v1/namespaces"),
    }
}

/// Accepted, when it lives and is not confined, or confined to just this cluster on a route about a cluster.
fn accepted(case: &Case) -> bool {
    let about_a_cluster = !matches!(case.route, Route::Public(_) | Route::Global(_));
    let confined = case.scope.filter(|_| case.kind == KeyKind::V3);
    case.fate == Fate::Alive && confined.is_none_or(|scope| about_a_cluster && scope == case.place)
}

fn status(case: &Case) -> u16 {
    let accepted = accepted(case);
    let admin = case.global == "admin";
    let here = case.place == Place::New;
    let exists = case.place != Place::Nowhere;
    let sees = admin || (here && (case.cluster_role.is_some() || case.project_role.is_some()));
    let owns = admin || (here && case.cluster_role == Some("cluster-owner"));
    let in_home = owns || (here && case.project_role.is_some());
    let writes_home = owns || (here && matches!(case.project_role, Some("project-owner" | "project-member")));
    // What the proxy says once the caller may see the cluster.
    let behind = |allowed: bool| match case.place {
        _ if !accepted || !sees => 403,
        Place::Nowhere => 404,
        Place::Stage => 503,
        _ if allowed => 200,
        _ => 403,
    };
    match case.route {
        Route::Public(_) => 200,
        Route::Root => 307,
        _ if !accepted
            && matches!(
                case.route,
                Route::Steve | Route::Global(_) | Route::Cluster(_) | Route::Below(_)
            ) =>
        {
            401
        }
        Route::Global(_) | Route::Below(_) => 200,
        Route::Cluster(_) if !sees => 403,
        Route::Cluster(_) if !exists => 404,
        Route::Cluster(_) => 200,
        Route::Version(_) => behind(true),
        Route::Namespaces => behind(owns),
        Route::Pods => behind(in_home),
        Route::Secrets => behind(writes_home),
        Route::Steve if !sees => 401,
        Route::Steve if matches!(case.place, Place::Stage | Place::Nowhere) => 500,
        Route::Steve => 200,
    }
}

fn ask(world: &mut World, target: &str, token: &str, now: Timestamp) -> (u16, String) {
    let mut headers = HeaderMap::new();
    headers.insert(header::AUTHORIZATION, format!("Bearer {token}").parse().unwrap());
    let request =
        Request { method: Method::GET, target: target.to_owned(), headers, body: bytes::Bytes::new() };
    let answer = world.respond(&request, now);
    (answer.status.as_u16(), answer.headers["x-api-cattle-auth"].to_str().unwrap().to_owned())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1_500, ..ProptestConfig::default() })]

    #[test]
    fn random_users_and_keys_are_judged_by_the_stated_rules(case in case()) {
        let Built { mut world, token, new } = build(&case);
        let target = target(&case, &new);
        let (found, header) = ask(&mut world, &target, &token, Timestamp::now());
        prop_assert_eq!(&header, if accepted(&case) { "true" } else { "false" }, "{}", &target);
        prop_assert_eq!(found, status(&case), "{}", &target);
    }

    #[test]
    fn a_token_lives_just_as_long_as_its_ttl(ttl in 1_u64..100, elapsed in 0_i64..100, ext in any::<bool>()) {
        let mut world = World::record(6);
        let born = Timestamp::now();
        world.start(born);
        let user = world.labels().users["standard"].id.clone();
        let kind = if ext { KeyKind::Ext } else { KeyKind::V3 };
        let ttl_of = Some(Duration::from_secs(ttl));
        let token = world.mint_key(NewKey { user, kind, cluster: None, ttl: ttl_of }).unwrap();
        let (_, header) = ask(&mut world, "/rancherversion", &token, born + SignedDuration::from_secs(elapsed));
        prop_assert_eq!(header == "true", elapsed < i64::try_from(ttl).unwrap());
    }
}
