//! Ids and names that are none.

use rancher_client::ErrorKind::{Invalid, NotFound};
use rancher_client::proxy;
use rancher_client::types::management::Project;
use rancher_client::wire::{Kept, Object};
use serde_json::json;

use super::{check, check_hidden, check_unsent, object};
use crate::lab::{Lab, PROD};

/// An id, and what the error says of it in v3, in Kubernetes and in Steve. Nothing where it is good there.
type Case<'a> = (&'a str, Option<&'static str>, Option<&'static str>, Option<&'static str>);

fn cases(long: &str) -> [Case<'_>; 14] {
    let slash = Some("it holds a slash, a backslash or a percent sign");
    [
        ("", Some("it is empty"), Some("it is empty"), Some("it is empty")),
        // a namespace and a name, in Steve
        ("a/b", Some("characters that no id has"), slash, None),
        ("../clusters", Some("characters that no id has"), slash, Some("is no namespace")),
        ("a/../b", Some("characters that no id has"), slash, slash),
        ("..", Some("is . or .."), Some("it is . or .."), Some("it is . or ..")),
        (".", Some("is . or .."), Some("it is . or .."), Some("it is . or ..")),
        ("c-prod1:..", Some("is . or .."), Some("no DNS subdomain"), None),
        ("a:b:c:d", Some("more than three parts"), Some("no DNS subdomain"), None),
        ("a\nb", Some("control characters"), Some("control characters"), Some("control characters")),
        ("a\u{7f}", Some("control characters"), Some("control characters"), Some("control characters")),
        ("a%2fb", Some("characters that no id has"), slash, slash),
        ("a?action=x", Some("characters that no id has"), Some("no DNS subdomain"), None),
        ("my project", Some("use find"), Some("white space"), Some("white space")),
        (long, Some("253 characters"), Some("253 characters"), Some("253 characters")),
    ]
}

#[tokio::test]
async fn ids_that_are_none_are_not_sent() {
    let lab = Lab::start();
    let client = lab.client("admin-unscoped");
    let projects = client.projects();
    let plain = client.v3().collection("projects").unwrap();
    let cluster = client.cluster(PROD).unwrap();
    let maps = proxy::Resource::core("configmaps").within("shop-web");
    let steve = cluster.steve().resource("configmaps").unwrap();
    lab.forget();
    let long = "x".repeat(300);
    let mut tried = 0;
    for (id, v3, kubernetes, of_steve) in cases(&long) {
        if let Some(words) = v3 {
            let text = json!({"id": id, "name": "shop", "actions": {"exportYaml": "/v3/projects/x?action=exportYaml"}});
            let mut typed: Kept<Project> = Kept::read(text.to_string().into()).unwrap();
            typed.description = Some("changed".to_owned());
            let mut untyped: Kept<Object> = Kept::read(text.to_string().into()).unwrap();
            untyped.set("description", "changed");
            for (call, error) in [
                ("get", projects.get(id).await.err()),
                ("get plain", plain.get(id).await.err()),
                ("delete", projects.delete(id).await.err()),
                ("update", projects.update(&typed).await.err()),
                ("update plain", plain.update(&untyped).await.err()),
                ("update_with", projects.update_with(id, |_| ()).await.err()),
            ] {
                check_unsent(&lab, &format!("v3 {call} {id:?}"), &error.unwrap(), Invalid, words);
                tried += 1;
            }
        }
        if let Some(words) = kubernetes {
            let text = json!({"metadata": {"name": id, "resourceVersion": "7"}});
            let mut changed: Kept<Object> = Kept::read(text.to_string().into()).unwrap();
            changed.set("data", json!({"a": "2"}));
            for (call, error) in [
                ("get", cluster.get(maps, id).await.err()),
                ("delete", cluster.delete(maps, id).await.err()),
                ("create", cluster.create(maps, &object(text.clone())).await.err()),
                ("update", cluster.update(maps, &changed).await.err()),
                ("update_with", cluster.update_with(maps, id, |_| ()).await.err()),
            ] {
                let what = format!("Kubernetes {call} {id:?}");
                let error = error.unwrap_or_else(|| panic!("{what} was done"));
                check_unsent(&lab, &what, &error, Invalid, words);
                tried += 1;
            }
        }
        if let Some(words) = of_steve {
            for (call, error) in [
                ("get", steve.get(id).await.err()),
                ("delete", steve.delete(id).await.err()),
                ("update_with", steve.update_with(id, |_| ()).await.err()),
            ] {
                check_unsent(&lab, &format!("Steve {call} {id:?}"), &error.unwrap(), Invalid, words);
                tried += 1;
            }
        }
    }
    println!("bad input: {tried} calls with ids that are none, nothing sent");
}

#[tokio::test]
async fn a_whole_token_for_an_id_is_neither_sent_nor_shown() {
    let lab = Lab::start();
    let client = lab.client("admin-unscoped");
    let cluster = client.cluster(PROD).unwrap();
    let secret = "bcdfghjklmnpqrstvwxz2456789bcdfghjklmnpqrstvwxz2456789";
    let jwt = "eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJzeXN0ZW06c2VydmljZWFjY291bnQifQ.c2lnbmF0dXJlLW9mLWl0";
    lab.forget();
    let mut tried = 0;
    for whole in [format!("token-abcde:{secret}"), format!("kubeconfig-u-abcde:{secret}"), jwt.to_owned()] {
        let secret = if whole == jwt { jwt } else { secret };
        let maps = proxy::Resource::core("configmaps").within("shop-web");
        let within = proxy::Resource::core("configmaps").within(&whole);
        let steve = cluster.steve().resource("configmaps").unwrap();
        let marked = rancher_client::v3::Query::all().marker(whole.as_str());
        let errors = [
            ("v3 get", client.tokens().get(&whole).await.err()),
            ("v3 get project", client.projects().get(&whole).await.err()),
            ("v3 delete", client.tokens().delete(&whole).await.err()),
            ("v3 find", client.tokens().find(&whole).await.err()),
            ("v3 find project", client.projects().find(&whole).await.err()),
            ("v3 collection", client.v3().collection(&whole).err()),
            ("v3 marker", client.projects().list(marked).collect().await.err()),
            ("cluster", client.cluster(&whole).err()),
            ("namespace", cluster.get(within, "app").await.err()),
            ("plural", cluster.get(proxy::Resource::core(&whole), "app").await.err()),
            ("group", cluster.get(proxy::Resource::of(&whole, "v1", "pods"), "app").await.err()),
            ("Kubernetes get", cluster.get(maps, &whole).await.err()),
            ("Steve type", client.steve().resource(&whole).err()),
            ("Steve get", steve.get(&whole).await.err()),
            ("Steve find", steve.find(&whole).await.err()),
        ];
        for (call, error) in errors {
            let what = format!("{call} {}…", &whole[..8]);
            let error = error.unwrap_or_else(|| panic!("{what} was done"));
            // a JWT has the form of a DNS subdomain but for its capitals
            assert_eq!(error.kind(), Invalid, "{what}: {error}");
            check_hidden(&lab, &what, &error, secret);
            tried += 1;
        }
    }
    println!("bad input: {tried} calls with whole tokens, nothing sent, nothing shown");
}

#[tokio::test]
async fn a_name_that_could_never_be_an_id_is_looked_up_by_name() {
    let lab = Lab::start();
    let projects = lab.client("admin-unscoped").projects();
    lab.forget();
    for name in ["a/b", "..", "my project", "a?action=x", "Shop & Co"] {
        let error = projects.find(name).await.unwrap_err();
        check(name, &error, NotFound, "has the id or name");
        assert!(
            lab.requests().iter().all(|asked| asked.starts_with("GET /v3/projects?")),
            "{:?}",
            lab.requests()
        );
        lab.forget();
    }
    check_unsent(&lab, "find", &projects.find("a\nb").await.unwrap_err(), Invalid, "control characters");
    check_unsent(&lab, "find", &projects.find("").await.unwrap_err(), Invalid, "empty");
}

/// The links of an action are the server's, and go nowhere but to it.
#[tokio::test]
async fn an_action_is_started_where_its_object_is() {
    let lab = Lab::start();
    let plain = lab.client("admin-unscoped").v3().collection("projects").unwrap();
    lab.forget();
    let with = |link: &str| {
        object(json!({"id": "c-prod1:p-x", "actions": {"exportYaml": link}, "links": {"self": link}}))
    };
    for link in [
        "https://evil.example/v3/projects/x?action=exportYaml",
        "//evil.example/v3",
        "javascript:alert(1)",
        "",
    ] {
        let away = with(link);
        let error = plain.action_named(&away, "exportYaml", &Object::default()).await.unwrap_err();
        check_unsent(&lab, link, &error, rancher_client::ErrorKind::NotRancher, "nothing was sent there");
        let error = plain.link::<Object>(&away, "self").await.unwrap_err();
        check_unsent(&lab, link, &error, rancher_client::ErrorKind::NotRancher, "nothing was sent there");
    }
    let own = with("/v3/projects/c-prod1:p-x?action=exportYaml");
    let error = plain.action_named(&own, "no such", &Object::default()).await.unwrap_err();
    check_unsent(&lab, "an action that it has not", &error, Invalid, "it offers exportYaml");
}
