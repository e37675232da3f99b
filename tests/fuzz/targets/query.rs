//! Questions: any text as field, value, marker, id or name is either refused before anything is sent, or what is sent
//! says exactly that, about the same collection.

use percent_encoding::percent_decode_str;
use rancher_client::ErrorKind;
use rancher_client::proxy::{ListOptions, Resource};
use rancher_client::steve::{SteveQuery, field};
use rancher_client::types::info::Modifier;
use rancher_client::types::{Condition, Field};
use rancher_client::v3::Query;
use rancher_client::wire::redact;
use url::Url;

use crate::server::{Server, wait_for};

/// Parts the texts of an input.
const AND: char = '\u{1e}';

#[rustfmt::skip]
pub(super) const WORDS: &[&str] = &[
    "\u{1e}", "\u{1e}", "\u{1e}", "\u{1e}", "name", "clusterId", "a", "c-prod1", "local", "p-abcde", "c-prod1:p-abcde", "_in", "_ne",
    "/", "..", ".", "%2e%2e", "%2F", "%", "?", "&", "=", "#", "+", " ", "\\", ":", ";", ",", "'", "\"", "\n", "\0", "\u{85}", "é", "日本",
    "token-abcde:s3cr3ts3cr3ts3cr3t", "marker=x", "//evil.example/", "https://", "@", "(", ")", "~", "!", "*", "$",
];

#[test]
fn query() {
    crate::search!("query");
}

pub(super) fn run(input: &[u8]) {
    let Some((&how, rest)) = input.split_first() else { return };
    let text = String::from_utf8_lossy(rest);
    let mut texts = text.split(AND);
    let mut next = || texts.next().unwrap_or_default();
    let parts: [&str; 6] = std::array::from_fn(|_| next());
    v3_list(how, &parts);
    kubernetes_list(how, &parts);
    steve_list(&parts);
    for part in parts {
        ids(part);
    }
}

/// The pairs of the only request, if there was one. It went to this path.
fn asked(server: &Server, path: &str) -> Option<Vec<(String, String)>> {
    let requests = server.asked();
    assert!(requests.len() <= 1, "{requests:?}");
    let target = requests.first()?.strip_prefix("GET ").unwrap().to_owned();
    // as any server reads it
    let url = Url::parse(&format!("https://rancher.example.com{target}")).unwrap();
    assert_eq!(url.path(), path, "another collection");
    assert_eq!((url.host_str(), url.fragment()), (Some("rancher.example.com"), None));
    let pairs: Vec<(String, String)> =
        url.query_pairs().map(|(k, v)| (k.into_owned(), v.into_owned())).collect();
    Some(pairs)
}

fn v3_list(how: u8, [name, value, other, marker, sort, limit]: &[&str; 6]) {
    // one that is checked against the schema, and one that nobody knows
    for collection in ["projects", "widgets"] {
        let modifier = [Modifier::Eq, Modifier::Ne, Modifier::In, Modifier::NotIn][usize::from(how & 3)];
        let several = how & 4 != 0;
        let values = if several { vec![*value, *other] } else { vec![*value] };
        let condition = Condition::new(*name, modifier, values.clone());
        let mut expected = Vec::new();
        let mut query = Query::all();
        if how & 8 != 0 {
            // any number, from any text
            let limit = limit.bytes().fold(0_u32, |sum, byte| sum.wrapping_mul(31).wrapping_add(byte.into()));
            query = query.limit(limit);
            expected.push(("limit".to_owned(), limit.to_string()));
        }
        let parameter = condition.parameter();
        query = query.with(condition);
        expected.extend(values.iter().map(|value| (parameter.clone(), (*value).to_owned())));
        if how & 16 != 0 {
            query = query.marker(*marker);
            expected.push(("marker".to_owned(), (*marker).to_owned()));
        }
        // a field's name is the program's: only a constant can be one
        if sort.contains("name") {
            query = query.sorted_by(Field::new("name"));
            let before_the_marker = expected.len() - usize::from(how & 16 != 0);
            expected.insert(before_the_marker, ("sort".to_owned(), "name".to_owned()));
        }
        let server = Server::new(vec![(200, r#"{"data":[]}"#.into())]);
        let list = server.client().v3().collection(collection).unwrap().list(query);
        let result = wait_for(list.collect());
        match asked(&server, &format!("/v3/{collection}")) {
            Some(pairs) => assert_eq!(pairs, expected),
            None => assert_eq!(result.unwrap_err().kind(), ErrorKind::Invalid),
        }
    }
}

fn kubernetes_list(how: u8, [labels, fields, namespace, plural, group, _]: &[&str; 6]) {
    let options = ListOptions {
        label_selector: (*labels).to_owned(),
        field_selector: (*fields).to_owned(),
        ..Default::default()
    };
    let server = Server::new(vec![(200, r#"{"items":[]}"#.into())]);
    let resource = match how & 32 {
        0 => Resource::core("pods"),
        _ => Resource { group, version: "v1", plural, namespace },
    };
    let result = wait_for(server.client().cluster("c-prod1").unwrap().list(resource, options).collect());
    let within = if resource.namespace.is_empty() {
        String::new()
    } else {
        format!("/namespaces/{}", resource.namespace)
    };
    let root =
        if resource.group.is_empty() { "api/v1".to_owned() } else { format!("apis/{}/v1", resource.group) };
    match asked(&server, &format!("/k8s/clusters/c-prod1/{root}{within}/{}", resource.plural)) {
        Some(pairs) => {
            let text = |name: &str, value: &str| (name.to_owned(), value.to_owned());
            let selectors = [text("labelSelector", labels), text("fieldSelector", fields)];
            let given = selectors.into_iter().filter(|(_, value)| !value.is_empty());
            let expected: Vec<_> = std::iter::once(text("limit", "500")).chain(given).collect();
            assert_eq!(pairs, expected);
        }
        None => assert_eq!(result.unwrap_err().kind(), ErrorKind::Invalid),
    }
}

fn steve_list([path, value, sort, namespace, include, _]: &[&str; 6]) {
    let query = SteveQuery {
        namespace: (!namespace.is_empty()).then(|| (*namespace).to_owned()),
        filter: vec![field(*path).eq(*value)],
        sort: vec![(*sort).to_owned()],
        include: vec![(*include).to_owned()],
        ..Default::default()
    };
    let server = Server::new(vec![(200, r#"{"data":[]}"#.into())]);
    let result = wait_for(server.client().steve().resource("configmaps").unwrap().list(query).collect());
    let within = if namespace.is_empty() { String::new() } else { format!("/{namespace}") };
    match asked(&server, &format!("/v1/configmaps{within}")) {
        Some(pairs) => {
            let names: Vec<&str> = pairs.iter().map(|(name, _)| name.as_str()).collect();
            assert_eq!(names, ["filter", "sort", "include", "pagesize"]);
            let values: Vec<&str> = pairs.iter().map(|(_, value)| value.as_str()).collect();
            assert!(values[0].starts_with(path), "{pairs:?}");
            assert_eq!(values[1..], [*sort, *include, "500"]);
        }
        None => assert_eq!(result.unwrap_err().kind(), ErrorKind::Invalid),
    }
}

fn ids(id: &str) {
    let server = || Server::new(vec![(200, "{}".into())]);
    let check = |server: &Server, error: Option<ErrorKind>, root: &[&str], own: &[&str]| {
        let Some(target) = server.asked().pop() else {
            assert_eq!(error, Some(ErrorKind::Invalid), "{id:?}");
            return;
        };
        let url = Url::parse(&format!("https://rancher.example.com{}", &target[target.find('/').unwrap()..]))
            .unwrap();
        let segments =
            url.path_segments().unwrap().map(|part| percent_decode_str(part).decode_utf8().unwrap());
        let segments: Vec<_> = segments.collect();
        let expected: Vec<&str> = root.iter().chain(own).copied().collect();
        assert_eq!(segments, expected, "{id:?}");
        assert_eq!((url.query(), url.fragment()), (None, None), "{id:?}");
        // what only looks like a credential, `token-service:web`, is a name
        let whole = id.contains("token-abcde:s3cr3ts3cr3ts3cr3t");
        let is_token = whole && redact(id) != id && !id.contains(char::is_whitespace);
        assert!(!is_token, "a whole token was sent: {target}");
    };
    for collection in ["projects", "tokens", "principals", "widgets"] {
        let get = server();
        let of = get.client().v3().collection(collection).unwrap();
        let error = wait_for(of.get(id)).err().map(|error| error.kind());
        check(&get, error, &["v3", collection], &[id]);
        let delete = server();
        let of = delete.client().v3().collection(collection).unwrap();
        let error = wait_for(of.delete(id)).err().map(|error| error.kind());
        if collection != "principals" {
            check(&delete, error, &["v3", collection], &[id]);
        }
    }
    for (group, root) in [
        ("", &["api", "v1"][..]),
        ("rbac.authorization.k8s.io", &["apis", "rbac.authorization.k8s.io", "v1"]),
    ] {
        let get = server();
        let cluster = get.client().cluster("c-prod1").unwrap();
        let error =
            wait_for(cluster.get(Resource::of(group, "v1", "roles"), id)).err().map(|error| error.kind());
        let root: Vec<&str> =
            ["k8s", "clusters", "c-prod1"].iter().chain(root).copied().chain(["roles"]).collect();
        check(&get, error, &root, &[id]);
    }
    let get = server();
    let error =
        wait_for(get.client().steve().resource("roles").unwrap().get(id)).err().map(|error| error.kind());
    let own: Vec<&str> = id.splitn(2, '/').collect();
    check(&get, error, &["v1", "roles"], &own);
}
