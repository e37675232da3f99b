//! `cli2.json` and kubeconfigs.

use super::tests::{Machine, OTHER_URL, PEM, SECRET, URL, assert_clean, token};
use super::*;
use crate::config::Trust;
use base64::Engine as _;
use std::time::Duration;

const CLI: &str = ".rancher/cli2.json";
const KUBE: &str = ".kube/config";

fn two_servers(current: &str) -> String {
    format!(
        r#"{{"Servers":{{
            "prod":{{"accessKey":"token-prod1","secretKey":"{SECRET}","tokenKey":"token-prod1:{SECRET}","url":"{URL}",
                "project":"c-prod1:p-abcde","cacert":"{pem}","proxyUrl":"http://ann:{SECRET}@proxy.example.com:3128",
                "httpTimeoutSeconds":7,"kubeCredentials":{{"x":{{"status":{{"token":"{SECRET}"}}}}}},"kubeConfigs":null}},
            "stag":{{"accessKey":"ext/token-stag1","secretKey":"{SECRET}","url":"{OTHER_URL}/","project":""}}}},
            "CurrentServer":"{current}","SomethingNew":[1]}}"#,
        pem = PEM.replace('\n', "\\n"),
    )
}

fn name(found: &Discovered) -> String {
    found.config.credential.name().map(ToString::to_string).unwrap_or_default()
}

#[test]
fn the_current_server_of_the_cli_with_all_its_settings() {
    let machine = Machine::new(&[]).file(CLI, &two_servers("prod"));
    let found = machine.found();
    let config = &found.config;
    assert_eq!((config.server.to_string(), name(&found)), (URL.into(), "token-prod1".into()));
    assert_eq!(config.cluster.as_ref().unwrap().as_str(), "c-prod1");
    assert_eq!(config.hints.project.as_ref().unwrap().name(), "p-abcde");
    assert!(config.trust == Trust::CaPem(PEM.trim().to_owned()));
    assert_eq!(config.timeouts.call, Duration::from_secs(7));
    assert_eq!(config.proxy.as_ref().unwrap().url().password(), Some(SECRET));
    insta::assert_snapshot!(machine.neutral(&found.report.to_string()), @r#"
    looked at, in this order:
      explicit values: not used: no url was given; no token, and no access_key with secret_key, was given
      environment RANCHER_*: not used: RANCHER_URL is not set; none of RANCHER_BEARER_TOKEN, RANCHER_TOKEN, RANCHER_TOKEN_KEY and RANCHER_ACCESS_KEY + RANCHER_SECRET_KEY is set
      environment CATTLE_*: not used: CATTLE_URL is not set; CATTLE_ACCESS_KEY and CATTLE_SECRET_KEY are not set
      Rancher CLI <home>/.rancher/cli2.json: used for server, credential, cluster, trust, proxy, timeout, project
        server "prod" (current) = https://rancher.example.com, token-prod1:***
        server "stag" = https://rancher.example.org, ext/token-stag1:***
      kubeconfig <home>/.kube/config: not used: there is no such file
    decided:
      server: https://rancher.example.com (from url of server "prod" in <home>/.rancher/cli2.json)
      credential: token-prod1:*** (from tokenKey of server "prod" in <home>/.rancher/cli2.json)
      cluster: c-prod1 (from project of server "prod" in <home>/.rancher/cli2.json)
      trust: ca_pem (from cacert of server "prod" in <home>/.rancher/cli2.json)
      proxy: http://***@proxy.example.com:3128 (from proxyUrl of server "prod" in <home>/.rancher/cli2.json)
      timeout: 7 s (from httpTimeoutSeconds of server "prod" in <home>/.rancher/cli2.json)
      project: c-prod1:p-abcde (from project of server "prod" in <home>/.rancher/cli2.json)
    "#);
}

#[test]
fn another_server_of_the_cli_by_name() {
    let asked = |server: &str| Explicit { cli_server: Some(server.into()), ..Explicit::default() };
    let env = [("RANCHER_URL", URL), ("RANCHER_TOKEN", &*token("aaaaa"))];
    let found = Machine::new(&env).file(CLI, &two_servers("prod")).explicit(asked("stag")).found();
    assert_eq!((found.config.server.to_string(), name(&found)), (OTHER_URL.into(), "ext/token-stag1".into()));
    let error = Machine::new(&env).file(CLI, &two_servers("prod")).explicit(asked("test")).error();
    assert!(error.contains(r#"holds no server "test"; it holds "prod", "stag""#), "{error}");
    let error = Machine::new(&env).explicit(asked("prod")).error();
    assert!(error.contains("<home>/.rancher/cli2.json: there is no such file"), "{error}");
    let elsewhere = Explicit { url: Some(URL.into()), ..asked("stag") };
    let error = Machine::new(&env).file(CLI, &two_servers("prod")).explicit(elsewhere).error();
    assert!(error.contains("disagree about the server"), "{error}");
}

#[test]
fn a_url_without_a_token_finds_the_entry_of_the_same_server_only() {
    for (url, expected) in [(OTHER_URL, "ext/token-stag1"), ("https://rancher.example.com/v3", "token-prod1")]
    {
        let found = Machine::new(&[("RANCHER_URL", url)]).file(CLI, &two_servers("stag")).found();
        assert_eq!(name(&found), expected);
        assert_eq!(found.report.decision("server").unwrap().source, Source::Environment);
        assert_eq!(found.report.decision("credential").unwrap().source, Source::Cli);
        assert_eq!(matches!(found.config.trust, Trust::CaPem(_)), expected == "token-prod1");
    }
    let third =
        Machine::new(&[("RANCHER_URL", "https://rancher.example.net")]).file(CLI, &two_servers("prod"));
    let error = third.error();
    assert!(error.contains("none of its servers has this URL"), "{error}");
    // a token without a URL takes the CLI's only if it is the same token
    let error = Machine::new(&[("RANCHER_TOKEN", &token("aaaaa"))]).file(CLI, &two_servers("prod")).error();
    assert!(error.contains("it names https://rancher.example.com, but without this token"), "{error}");
    let same = [("RANCHER_ACCESS_KEY", "ext/token-stag1"), ("RANCHER_SECRET_KEY", SECRET)];
    let found = Machine::new(&same).file(CLI, &two_servers("prod")).found();
    assert_eq!(found.config.server.to_string(), OTHER_URL);
}

#[test]
fn several_tokens_for_one_server_are_not_guessed_between() {
    let file = format!(
        r#"{{"Servers":{{"a":{{"tokenKey":"{}","url":"{URL}"}},"b":{{"tokenKey":"{}","url":"{URL}"}},
        "c":{{"tokenKey":"{}","url":"{OTHER_URL}"}}}},"CurrentServer":"c"}}"#,
        token("aaaaa"),
        token("bbbbb"),
        token("ccccc")
    );
    let error = Machine::new(&[("RANCHER_URL", URL)]).file(CLI, &file).error();
    assert!(
        error.contains(r#"several tokens for https://rancher.example.com: server "a", server "b""#),
        "{error}"
    );
    let current = file.replace(r#""CurrentServer":"c""#, r#""CurrentServer":"b""#);
    assert_eq!(name(&Machine::new(&[("RANCHER_URL", URL)]).file(CLI, &current).found()), "token-bbbbb");
}

#[test]
fn a_broken_cli2_json_names_file_and_line_and_nothing_of_its_content() {
    let cases = [
        (format!("{{\n\"Servers\": {{\"a\": {{\"tokenKey\": \"{SECRET}\"\n"), "at line 3"),
        (format!("{{\"Servers\":\n{{\"a\": \"{SECRET}\"}}}}"), "at line 2"),
        (SECRET.to_owned(), "at line 1"),
    ];
    for (content, line) in cases {
        let machine = Machine::new(&[]).file(CLI, &content);
        let error = machine.error();
        assert!(error.contains("<home>/.rancher/cli2.json") && error.contains(line), "{error}");
    }
    // it is in nobody's way who needs nothing of it
    let env = [("RANCHER_URL", URL), ("RANCHER_TOKEN", &*token("aaaaa"))];
    let found = Machine::new(&env).file(CLI, "{").found();
    assert!(found.report.places[3].because.as_ref().unwrap().contains("at line 1"));
}

#[test]
fn entries_that_are_incomplete_or_contradict_themselves() {
    let file = |entry: &str, current: &str| {
        format!(r#"{{"Servers":{{"a":{entry},"b":null}},"CurrentServer":"{current}"}}"#)
    };
    let cases = [
        (file(&format!(r#"{{"url":"{URL}"}}"#), "a"), "it has no token (is it logged out?)"),
        (file(r#"{"url":""}"#, "a"), "it has no url"),
        (file("{}", "gone"), "it does not say which of its servers is meant"),
        (r#"{"Servers":{},"CurrentServer":""}"#.to_owned(), "it holds no servers"),
        ("{}".to_owned(), "it holds no servers"),
        (
            file(
                &format!(
                    r#"{{"url":"{URL}","tokenKey":"{}","accessKey":"token-b","secretKey":"{SECRET}"}}"#,
                    token("a")
                ),
                "a",
            ),
            "disagree about the token",
        ),
        (file(&format!(r#"{{"url":"http://h.example","tokenKey":"{}"}}"#, token("a")), "a"), "unencrypted"),
    ];
    for (content, words) in cases {
        let error = Machine::new(&[]).file(CLI, &content).error();
        assert!(error.contains(words), "{words:?} is not in: {error}");
    }
}

#[test]
fn rancher_config_dir_moves_the_file() {
    let machine = Machine::new(&[]).file("elsewhere/cli2.json", &two_servers("prod"));
    let folder = machine.home.path().join("elsewhere");
    let found = Discovery {
        environment: [("RANCHER_CONFIG_DIR", folder.as_os_str())].into_iter().collect(),
        ..Discovery::default()
    }
    .run()
    .unwrap();
    assert_eq!(name(&found), "token-prod1");
}

#[cfg(unix)]
#[test]
fn a_file_that_others_may_read_gets_a_warning() {
    use std::os::unix::fs::PermissionsExt;
    let machine = Machine::new(&[]).file(CLI, &two_servers("prod"));
    assert!(machine.found().report.warnings.is_empty());
    let open = std::fs::Permissions::from_mode(0o644);
    std::fs::set_permissions(machine.home.path().join(CLI), open).unwrap();
    let warnings = machine.found().report.warnings;
    assert!(warnings[0].contains("others may read it (mode 0644); run chmod 600"), "{warnings:?}");
}

fn kubeconfig(server: &str, cluster: &str, user: &str) -> String {
    format!(
        "apiVersion: v1\nkind: Config\npreferences: {{}}\ncurrent-context: shop\n\
         clusters:\n- name: prod\n  cluster:\n    server: {server}\n{cluster}\
         contexts:\n- name: shop\n  context: {{cluster: prod, user: ann, namespace: shop-web}}\n\
         - name: gone\n  context: {{cluster: nowhere, user: ann}}\n\
         users:\n- name: ann\n  user:\n    {user}\n"
    )
}

fn proxied(cluster: &str) -> String {
    kubeconfig(&format!("{URL}/k8s/clusters/c-prod1"), cluster, &format!("token: {}", token("kube1")))
}

#[test]
fn a_kubeconfig_of_the_cluster_proxy_is_found_last_and_knows_the_cluster() {
    let found = Machine::new(&[]).file(KUBE, &proxied("")).found();
    assert_eq!((found.config.server.to_string(), name(&found)), (URL.into(), "token-kube1".into()));
    assert_eq!(found.config.cluster.unwrap().as_str(), "c-prod1");
    assert!(found.config.trust == Trust::System);
    let both = Machine::new(&[]).file(KUBE, &proxied("")).file(CLI, &two_servers("stag")).found();
    assert_eq!(both.report.decision("credential").unwrap().source, Source::Cli);
    for server in ["https://h.example/tools/k8s/proxy/local/", "https://h.example/tools/k8s/clusters/local"] {
        let file = kubeconfig(server, "", &format!("token: {}", token("kube1")));
        let found = Machine::new(&[]).file(KUBE, &file).found();
        assert_eq!(found.config.server.to_string(), "https://h.example/tools");
        assert!(found.config.cluster.unwrap().is_local());
    }
}

#[test]
fn what_is_not_ranchers_is_skipped_with_a_reason_unless_asked_for() {
    let cases = [
        (kubeconfig("https://10.0.0.1:6443", "", "token: abc"), "not a URL of Rancher's cluster proxy"),
        (
            kubeconfig(&format!("{URL}/k8s/clusters/c-prod1"), "", "exec: {command: rancher, args: [token]}"),
            "gets the token from a program (exec), which this client never starts",
        ),
        (
            kubeconfig(&format!("{URL}/k8s/clusters/c-prod1"), "", "client-certificate-data: QUJD"),
            "client certificate",
        ),
        (
            kubeconfig(&format!("{URL}/k8s/clusters/c-prod1"), "", "auth-provider: {name: oidc}"),
            "auth-provider",
        ),
        (kubeconfig(&format!("{URL}/k8s/clusters/c-prod1"), "", "{}"), "its user has no token"),
        (proxied("").replace("current-context: shop", "current-context: gone"), r#"names cluster "nowhere""#),
        (proxied("").replace("current-context: shop", "current-context: \"\""), "it has no current-context"),
        (
            "clusters: null\ncontexts: null\nusers: null\ncurrent-context: shop\n".into(),
            r#"it has no context "shop""#,
        ),
        (format!("users:\n  - {SECRET}: [\n"), "not YAML of the expected form at line"),
        (format!("current-context: a\nusers: {SECRET}\n"), "not YAML of the expected form at line 2"),
    ];
    for (content, words) in cases {
        let machine = Machine::new(&[]).file(KUBE, &content);
        let error = machine.error();
        assert!(
            error.contains("no Rancher server and credential") && error.contains(words),
            "{words:?}: {error}"
        );
        // it stops nobody who has something better
        assert_eq!(name(&machine.file(CLI, &two_servers("prod")).found()), "token-prod1");

        let mut asked = Machine::new(&[]).file("mine.yaml", &content).file(CLI, &two_servers("prod"));
        asked.discovery.explicit.kubeconfig = Some(asked.home.path().join("mine.yaml"));
        let error = asked.error();
        assert!(error.contains(words) && !error.contains("no Rancher server"), "{words:?}: {error}");
    }
}

#[test]
fn a_kubeconfig_by_path_and_context() {
    let file = proxied("").replace("current-context: shop", "current-context: gone");
    let mut machine = Machine::new(&[("RANCHER_URL", OTHER_URL), ("RANCHER_TOKEN", &token("aaaaa"))])
        .file("mine.yaml", &file)
        .explicit(Explicit { context: Some("shop".into()), ..Explicit::default() });
    machine.discovery.explicit.kubeconfig = Some(machine.home.path().join("mine.yaml"));
    assert_eq!(name(&machine.found()), "token-kube1");
    // a token that is given together with the file goes to the file's server
    machine.discovery.explicit.token = Some(token("mine1").into());
    let found = machine.found();
    assert_eq!((name(&found), found.config.server.to_string()), ("token-mine1".into(), URL.into()));
    assert_eq!(found.config.cluster.unwrap().as_str(), "c-prod1");
    machine.discovery.explicit.context = Some("nope".into());
    assert!(machine.error().contains(r#"it has no context "nope""#));
    machine.discovery.explicit.kubeconfig = Some("/nowhere/config".into());
    assert!(machine.error().contains("/nowhere/config: there is no such file"));
    machine.discovery.explicit.cli_server = Some("prod".into());
    assert!(machine.error().contains("both asked for"));
}

#[test]
fn several_kubeconfigs_merge_as_kubectl_merges_them() {
    let first = "current-context: shop\nusers:\n- name: ann\n  user: {tokenFile: secrets/token}\n";
    let machine = Machine::new(&[])
        .file("a/config", first)
        .file("a/secrets/token", &format!("{}\n", token("fromf")))
        .file("b/config", &proxied("").replace("current-context: shop", "current-context: gone"));
    let home = machine.home.path();
    let list =
        std::env::join_paths([home.join("a/config"), home.join("missing"), home.join("b/config")]).unwrap();
    let discovery = Discovery {
        environment: [("KUBECONFIG", list.as_os_str())].into_iter().collect(),
        ..Discovery::default()
    };
    let found = discovery.run().unwrap();
    assert_eq!(name(&found), "token-fromf");
    assert_clean(&format!("{found:?} {}", found.report));
}

#[test]
fn trust_of_a_kubeconfig() {
    let data = base64::engine::general_purpose::STANDARD.encode(PEM);
    let found =
        Machine::new(&[]).file(KUBE, &proxied(&format!("    certificate-authority-data: {data}\n"))).found();
    assert!(found.config.trust == Trust::CaPem(PEM.to_owned()));
    let machine = Machine::new(&[])
        .file(".kube/ca.crt", PEM)
        .file(KUBE, &proxied("    certificate-authority: ca.crt\n"));
    assert!(machine.found().config.trust == Trust::CaFile(machine.home.path().join(".kube/ca.crt")));
    let insecure = "    insecure-skip-tls-verify: true\n";
    let found = Machine::new(&[]).file(KUBE, &proxied(insecure)).found();
    assert!(found.config.trust == Trust::Insecure);
    let error = Machine::new(&[("RANCHER_CA_CERTS", PEM)]).file(KUBE, &proxied(insecure)).error();
    assert!(error.contains("RANCHER_CA_CERTS") && error.contains("insecure-skip-tls-verify"), "{error}");
    let strict = [("RANCHER_CA_CERTS", PEM), ("RANCHER_INSECURE", "false")];
    let found = Machine::new(&strict).file(KUBE, &proxied(insecure)).found();
    assert!(found.config.trust == Trust::CaPem(PEM.trim().to_owned()));
    let error = Machine::new(&[]).file(KUBE, &proxied("    certificate-authority-data: '%%'\n")).error();
    assert!(error.contains("no Rancher server") || error.contains("is not base64"), "{error}");
}

#[test]
fn a_file_too_large_is_not_read() {
    let big = format!("{}# {}\n", proxied(""), "x".repeat(1024 * 1024));
    let error = Machine::new(&[]).file(KUBE, &big).error();
    assert!(error.contains("larger than 1024 KiB"), "{error}");
}
