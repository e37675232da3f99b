//! Explicit values and the environment: each variable, each conflict, who comes first.

use super::*;
use crate::config::{Expiry, Trust};
use crate::error::ErrorKind;

pub(super) const SECRET: &str = "s3cr3tmark3rs3cr3tmark3r";
pub(super) const URL: &str = "https://rancher.example.com";
pub(super) const OTHER_URL: &str = "https://rancher.example.org";
pub(super) const PEM: &str = "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n";

/// A token whose secret every test looks for.
pub(super) fn token(name: &str) -> String {
    format!("token-{name}:{SECRET}")
}

/// A machine with these variables and an empty home folder.
pub(super) struct Machine {
    pub(super) home: tempfile::TempDir,
    pub(super) discovery: Discovery,
}

impl Machine {
    pub(super) fn new(variables: &[(&str, &str)]) -> Self {
        let home = tempfile::tempdir().unwrap();
        let discovery = Discovery {
            environment: variables.iter().copied().collect(),
            home: Some(home.path().to_owned()),
            ..Discovery::default()
        };
        Self { home, discovery }
    }

    pub(super) fn explicit(mut self, explicit: Explicit) -> Self {
        self.discovery.explicit = explicit;
        self
    }

    pub(super) fn file(self, path: &str, content: &str) -> Self {
        let path = self.home.path().join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, content).unwrap();
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).unwrap();
        }
        self
    }

    pub(super) fn found(&self) -> Discovered {
        let found = self.discovery.run().unwrap_or_else(|error| panic!("{error}"));
        assert_clean(&format!("{found:?} {} {}", found.report, found.report.to_json()));
        found
    }

    pub(super) fn error(&self) -> String {
        let (report, error) = self.discovery.examine();
        let error = error.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Config);
        assert!(report.decided.is_empty());
        assert_clean(&format!("{error} {error:?} {} {report} {}", error.evidence(), report.to_json()));
        self.neutral(&error.to_string())
    }

    /// The text without the name of the temporary folder.
    pub(super) fn neutral(&self, text: &str) -> String {
        text.replace(&self.home.path().display().to_string(), "<home>")
    }
}

pub(super) fn assert_clean(text: &str) {
    assert!(!text.contains(SECRET), "a secret is shown: {text}");
}

fn name(found: &Discovered) -> String {
    found.config.credential.name().map(ToString::to_string).unwrap_or_default()
}

#[test]
fn nothing_found_lists_every_place() {
    let machine = Machine::new(&[]);
    insta::assert_snapshot!(machine.error(), @"no Rancher server and credential were found; looked at explicit values: no url was given; no token, and no access_key with secret_key, was given | environment RANCHER_*: RANCHER_URL is not set; none of RANCHER_BEARER_TOKEN, RANCHER_TOKEN, RANCHER_TOKEN_KEY and RANCHER_ACCESS_KEY + RANCHER_SECRET_KEY is set | environment CATTLE_*: CATTLE_URL is not set; CATTLE_ACCESS_KEY and CATTLE_SECRET_KEY are not set | Rancher CLI <home>/.rancher/cli2.json: there is no such file | kubeconfig <home>/.kube/config: there is no such file; set RANCHER_URL and RANCHER_TOKEN, or run rancher login");
    let (report, _) = machine.discovery.examine();
    insta::assert_snapshot!(machine.neutral(&report.to_string()), @"
    looked at, in this order:
      explicit values: not used: no url was given; no token, and no access_key with secret_key, was given
      environment RANCHER_*: not used: RANCHER_URL is not set; none of RANCHER_BEARER_TOKEN, RANCHER_TOKEN, RANCHER_TOKEN_KEY and RANCHER_ACCESS_KEY + RANCHER_SECRET_KEY is set
      environment CATTLE_*: not used: CATTLE_URL is not set; CATTLE_ACCESS_KEY and CATTLE_SECRET_KEY are not set
      Rancher CLI <home>/.rancher/cli2.json: not used: there is no such file
      kubeconfig <home>/.kube/config: not used: there is no such file
    ");
    let homeless = Discovery::default();
    let error = homeless.run().unwrap_err();
    assert!(error.to_string().contains("no home folder"), "{error}");
    assert_eq!(error.because().len(), 5);
    let wrong = Machine::new(&[("RANCHER_URL", "rancher.example.com")]).discovery.run().unwrap_err();
    assert!(wrong.because().is_empty(), "a wrong value is wrong wherever else one looked");
}

#[test]
fn a_report_says_who_won_and_why_the_rest_did_not() {
    let machine = Machine::new(&[
        ("RANCHER_URL", "https://rancher.example.com/v3/"),
        ("RANCHER_TOKEN", &token("aaaaa")),
        ("RANCHER_CLUSTER_ID", "c-prod1"),
        ("RANCHER_USER", "Ann Example"),
        ("RANCHER_TOKEN_EXPIRES", "2031-08-04"),
        ("CAAS_PROJECT", "c-prod1:p-abcde"),
        ("RANCHER_CA_CERTS", PEM),
        ("CATTLE_URL", URL),
        ("CATTLE_ACCESS_KEY", "token-bbbbb"),
        ("CATTLE_SECRET_KEY", SECRET),
    ])
    .explicit(Explicit { cluster: Some("local".into()), ..Explicit::default() })
    .file(
        ".rancher/cli2.json",
        &format!(
            r#"{{"Servers":{{"prod":{{"url":"{OTHER_URL}","tokenKey":"{}"}}}},"CurrentServer":"prod"}}"#,
            token("ccccc")
        ),
    );
    let found = machine.found();
    insta::assert_snapshot!(machine.neutral(&found.report.to_string()), @r#"
    looked at, in this order:
      explicit values: used for cluster only: no url was given; no token, and no access_key with secret_key, was given
        cluster = local
      environment RANCHER_*: used for server, credential, trust, user, token_expires
        RANCHER_URL = https://rancher.example.com/v3/
        RANCHER_TOKEN = token-aaaaa:***
        RANCHER_CLUSTER_ID = c-prod1
        RANCHER_USER = Ann Example
        RANCHER_TOKEN_EXPIRES = 2031-08-04
        CAAS_PROJECT = c-prod1:p-abcde
        RANCHER_CA_CERTS = set
      environment CATTLE_*: not used: RANCHER_TOKEN comes first
        CATTLE_URL = https://rancher.example.com
        CATTLE_ACCESS_KEY = token-bbbbb
        CATTLE_SECRET_KEY = set
      Rancher CLI <home>/.rancher/cli2.json: not used: server "prod": it is for https://rancher.example.org; a token never goes to another URL
        server "prod" (current) = https://rancher.example.org, token-ccccc:***
      kubeconfig <home>/.kube/config: not used: there is no such file
    decided:
      server: https://rancher.example.com (from RANCHER_URL)
      credential: token-aaaaa:*** (from RANCHER_TOKEN)
      cluster: local (from explicit cluster)
        not RANCHER_CLUSTER_ID: explicit cluster comes first
      trust: ca_pem (from RANCHER_CA_CERTS)
      user: "Ann Example" (from RANCHER_USER)
      token_expires: 2031-08-04 (from RANCHER_TOKEN_EXPIRES)
    warning: the project of CAAS_PROJECT is not used: it is not one of local
    "#);
    let json = found.report.to_json();
    assert_eq!(json["decided"]["server"]["value"], URL);
    assert_eq!(json["decided"]["server"]["from"], "RANCHER_URL");
    assert_eq!(json["decided"]["credential"]["value"], "token-aaaaa:***");
    assert_eq!(json["decided"]["cluster"]["passed_over"][0]["from"], "RANCHER_CLUSTER_ID");
    assert_eq!(json["places"].as_array().unwrap().len(), 5);
    assert_eq!(json["places"][1]["source"], "environment");
    assert_eq!(found.config.cluster.as_ref().unwrap().as_str(), "local");
    // the project belongs to another cluster than the one that was asked for
    assert_eq!(found.config.hints.project, None);
    assert_eq!(found.config.hints.user.as_deref(), Some("Ann Example"));
    assert!(matches!(found.config.hints.token_expires, Some(Expiry::Day(_))));
    assert!(matches!(found.config.trust, Trust::CaPem(_)));
}

#[test]
fn each_variable_for_the_token_works_and_they_may_agree() {
    let bearer = token("aaaaa");
    let pair = [("RANCHER_ACCESS_KEY", "token-aaaaa"), ("RANCHER_SECRET_KEY", SECRET)];
    let sets: Vec<Vec<(&str, &str)>> = vec![
        vec![("RANCHER_BEARER_TOKEN", &bearer)],
        vec![("RANCHER_TOKEN", &bearer)],
        vec![("RANCHER_TOKEN_KEY", &bearer)],
        pair.to_vec(),
        vec![("RANCHER_TOKEN", &bearer), ("RANCHER_TOKEN_KEY", &bearer), pair[0], pair[1]],
        vec![("RANCHER_TOKEN", &bearer), pair[0]],
        vec![("RANCHER_TOKEN", &bearer), pair[1], ("RANCHER_ACCESS_KEY", "")],
        vec![("RANCHER_BEARER_TOKEN", " "), ("RANCHER_TOKEN", &bearer)],
    ];
    for set in sets {
        let mut variables = set.clone();
        variables.push(("RANCHER_URL", URL));
        assert_eq!(name(&Machine::new(&variables).found()), "token-aaaaa", "{set:?}");
    }
    let cattle = Machine::new(&[
        ("CATTLE_URL", URL),
        ("CATTLE_ACCESS_KEY", "token-aaaaa"),
        ("CATTLE_SECRET_KEY", SECRET),
    ]);
    assert_eq!(cattle.found().report.decision("credential").unwrap().source, Source::Cattle);
}

#[test]
fn contradictions_name_both_sources_and_no_value() {
    let (a, b) = (token("aaaaa"), token("bbbbb"));
    let base = [("RANCHER_URL", URL), ("RANCHER_TOKEN", a.as_str())];
    type Case<'c> = (Vec<(&'c str, &'c str)>, &'c [&'c str]);
    let cases: Vec<Case<'_>> = vec![
        (vec![("RANCHER_TOKEN_KEY", &b)], &["RANCHER_TOKEN and RANCHER_TOKEN_KEY disagree"]),
        (
            vec![("RANCHER_ACCESS_KEY", "token-bbbbb"), ("RANCHER_SECRET_KEY", SECRET)],
            &["RANCHER_TOKEN and RANCHER_ACCESS_KEY + RANCHER_SECRET_KEY disagree"],
        ),
        (vec![("RANCHER_ACCESS_KEY", "token-bbbbb")], &["RANCHER_TOKEN and RANCHER_ACCESS_KEY disagree"]),
        (vec![("RANCHER_TOKEN", ""), ("RANCHER_ACCESS_KEY", "token-a")], &["RANCHER_SECRET_KEY, is missing"]),
        (vec![("RANCHER_TOKEN", ""), ("RANCHER_SECRET_KEY", SECRET)], &["RANCHER_ACCESS_KEY, is missing"]),
        (
            vec![("RANCHER_CLUSTER_ID", "c-prod1"), ("CAAS_PROJECT", "c-stag1:p-abcde")],
            &["RANCHER_CLUSTER_ID and CAAS_PROJECT disagree about the cluster"],
        ),
        (
            vec![("RANCHER_CA_CERTS", PEM), ("RANCHER_INSECURE", "true")],
            &["RANCHER_CA_CERTS", "RANCHER_INSECURE"],
        ),
        (
            vec![("RANCHER_CA_CERTS", PEM), ("RANCHER_VERIFY_SSL", "no")],
            &["RANCHER_CA_CERTS", "RANCHER_VERIFY_SSL"],
        ),
        (
            vec![("RANCHER_INSECURE", "1"), ("RANCHER_VERIFY_SSL", "1")],
            &["RANCHER_INSECURE and RANCHER_VERIFY_SSL disagree"],
        ),
        (vec![("RANCHER_INSECURE", "maybe")], &["RANCHER_INSECURE is neither true nor false"]),
        (vec![("RANCHER_ALLOW_HTTP", "2")], &["RANCHER_ALLOW_HTTP is neither true nor false"]),
        (vec![("RANCHER_CA_CERTS", "/etc/ssl/none.pem")], &["RANCHER_CA_CERTS holds no PEM certificate"]),
        (vec![("RANCHER_CA_BUNDLE", "/nowhere/ca.pem")], &["RANCHER_CA_BUNDLE", "no such file"]),
        (vec![("RANCHER_CLUSTER_ID", "c-prod1:p-abcde")], &["RANCHER_CLUSTER_ID", "its cluster is c-prod1"]),
        (vec![("CAAS_PROJECT", "p-abcde")], &["CAAS_PROJECT", "its cluster is missing"]),
        (vec![("RANCHER_URL", "rancher.example.com")], &["RANCHER_URL", "has no scheme"]),
        (
            vec![("RANCHER_URL", "http://rancher.example.com")],
            &["RANCHER_URL", "unencrypted", "RANCHER_ALLOW_HTTP"],
        ),
        (vec![("RANCHER_TOKEN", "token-aaaaa")], &["RANCHER_TOKEN", "only the name"]),
    ];
    for (more, expected) in cases {
        let mut variables = base.to_vec();
        variables.extend(more.iter().copied());
        let error = Machine::new(&variables).error();
        for words in expected {
            assert!(error.contains(words), "{words:?} is not in: {error}");
        }
    }
}

#[test]
fn settings_of_the_environment() {
    let bearer = token("aaaaa");
    let with = |more: &[(&str, &str)]| {
        let mut variables = vec![("RANCHER_URL", URL), ("RANCHER_TOKEN", bearer.as_str())];
        variables.extend(more.iter().copied());
        Machine::new(&variables).found()
    };
    for (variable, value, trust) in [
        ("RANCHER_INSECURE", "yes", Trust::Insecure),
        ("RANCHER_INSECURE", "TRUE", Trust::Insecure),
        ("RANCHER_INSECURE", "0", Trust::System),
        ("RANCHER_VERIFY_SSL", "false", Trust::Insecure),
        ("RANCHER_VERIFY_SSL", "1", Trust::System),
        ("RANCHER_CA_CERTS", PEM, Trust::CaPem(PEM.trim().to_owned())),
        ("RANCHER_CA_CERTS", &PEM.replace('\n', "\\n"), Trust::CaPem(PEM.to_owned())),
    ] {
        assert!(with(&[(variable, value)]).config.trust == trust, "{variable}={value}");
    }
    assert!(!with(&[("RANCHER_INSECURE", "yes")]).report.warnings.is_empty());
    let found = with(&[("CAAS_PROJECT", "c-prod1:p-abcde")]);
    assert_eq!(found.config.cluster.unwrap().as_str(), "c-prod1");
    assert_eq!(found.config.hints.project.unwrap().name(), "p-abcde");
    // a remark that cannot be read does not stop anybody
    let found = with(&[("RANCHER_TOKEN_EXPIRES", "never")]);
    assert_eq!(found.config.hints.token_expires, None);
    assert!(found.report.warnings[0].contains("RANCHER_TOKEN_EXPIRES"), "{:?}", found.report.warnings);
    let found = with(&[("RANCHER_URL", "http://10.0.0.1:8080/rancher/"), ("RANCHER_ALLOW_HTTP", "yes")]);
    assert_eq!(found.config.server.to_string(), "http://10.0.0.1:8080/rancher");
    assert_eq!(with(&[("RANCHER_URL", "http://127.0.0.1:8080")]).config.server.host(), "127.0.0.1");

    let machine = Machine::new(&[]).file("ca.pem", PEM);
    let path = machine.home.path().join("ca.pem");
    let found = with(&[("RANCHER_CA_BUNDLE", path.to_str().unwrap())]);
    assert!(found.config.trust == Trust::CaFile(path));
}

#[test]
fn explicit_values_go_first() {
    let mine = || Explicit {
        url: Some(OTHER_URL.into()),
        token: Some(token("mine1").into()),
        ..Explicit::default()
    };
    let everywhere = [
        ("RANCHER_URL", URL),
        ("RANCHER_TOKEN", &*token("aaaaa")),
        ("RANCHER_CLUSTER_ID", "c-prod1"),
        ("RANCHER_INSECURE", "true"),
        ("RANCHER_TOKEN_EXPIRES", "2031-08-04"),
        ("CAAS_PROJECT", "c-prod1:p-abcde"),
    ];
    let found = Machine::new(&everywhere).explicit(mine()).found();
    assert_eq!((found.config.server.to_string(), name(&found)), (OTHER_URL.into(), "token-mine1".into()));
    // what the environment says of its own server and token is not said of this one
    assert!(found.config.trust == Trust::System);
    assert_eq!((found.config.cluster, found.config.hints), (None, Default::default()));
    let cluster = found.report.decision("cluster").unwrap();
    assert_eq!(cluster.passed_over[0].why, "RANCHER_URL is another server");

    // a broken environment does not matter to who gives everything
    let broken = [("RANCHER_URL", "nonsense"), ("RANCHER_TOKEN", "x"), ("RANCHER_TOKEN_KEY", "y")];
    assert_eq!(name(&Machine::new(&broken).explicit(mine()).found()), "token-mine1");

    let pair = Explicit {
        url: Some(URL.into()),
        access_key: Some("token-mine2".into()),
        secret_key: Some(SECRET.into()),
        insecure: Some(false),
        ..Explicit::default()
    };
    let found = Machine::new(&everywhere).explicit(pair).found();
    assert_eq!(name(&found), "token-mine2");
    assert!(found.config.trust == Trust::System, "insecure: Some(false) overrules RANCHER_INSECURE");
    assert_eq!(found.config.hints.token_expires, None, "it speaks of another token");
    assert_eq!(found.config.cluster.unwrap().as_str(), "c-prod1");

    let half = Explicit { access_key: Some("token-mine2".into()), ..mine() };
    let error = Machine::new(&everywhere).explicit(half).error();
    assert!(error.contains("explicit token and explicit access_key disagree"), "{error}");
}

#[test]
fn a_token_never_goes_to_another_url() {
    let bearer = token("aaaaa");
    let explicit = |url: Option<&str>, token: Option<String>| Explicit {
        url: url.map(Into::into),
        token: token.map(Into::into),
        ..Explicit::default()
    };
    let env = [("RANCHER_URL", URL), ("RANCHER_TOKEN", bearer.as_str())];

    let error = Machine::new(&env).explicit(explicit(Some(OTHER_URL), None)).error();
    assert!(error.contains("it is for https://rancher.example.com; a token never goes"), "{error}");
    // neither another scheme, nor another port, nor another prefix is the same URL
    for near in ["http://localhost", "https://rancher.example.com:8443", "https://rancher.example.com/prefix"]
    {
        Machine::new(&env).explicit(explicit(Some(near), None)).error();
    }
    let same =
        Machine::new(&env).explicit(explicit(Some("https://RANCHER.example.com:443/v3"), None)).found();
    assert_eq!(name(&same), "token-aaaaa");

    // what is given by hand goes together with the half that the environment holds
    let by_hand = Machine::new(&env).explicit(explicit(None, Some(token("mine1")))).found();
    assert_eq!((by_hand.config.server.to_string(), name(&by_hand)), (URL.into(), "token-mine1".into()));
    let unbound = [("RANCHER_TOKEN", bearer.as_str())];
    let found = Machine::new(&unbound).explicit(explicit(Some(OTHER_URL), None)).found();
    assert_eq!((found.config.server.to_string(), name(&found)), (OTHER_URL.into(), "token-aaaaa".into()));
    // but a token by hand does not wake up an old variable's server
    let cattle = [("CATTLE_URL", URL), ("CATTLE_ACCESS_KEY", "token-aaaaa"), ("CATTLE_SECRET_KEY", SECRET)];
    let error = Machine::new(&cattle).explicit(explicit(None, Some(token("mine1")))).error();
    assert!(
        error.contains("explicit token holds token-mine1:***, and nothing says for which server"),
        "{error}"
    );
    assert!(error.contains("it names https://rancher.example.com, but without this token"), "{error}");
    let same = Machine::new(&env).explicit(explicit(None, Some(bearer.clone()))).found();
    assert_eq!(same.config.server.to_string(), URL);

    let only_token = Machine::new(&[("RANCHER_TOKEN", &bearer), ("CATTLE_URL", URL)]).error();
    assert!(only_token.contains("RANCHER_TOKEN holds token-aaaaa:***"), "{only_token}");
    let only_url = Machine::new(&[("RANCHER_URL", URL)]).error();
    assert!(only_url.contains("RANCHER_URL is https://rancher.example.com, and no credential"), "{only_url}");
}

#[test]
fn no_credential_can_be_asked_for() {
    let anonymous = || Explicit { anonymous: true, ..Explicit::default() };
    let env = [("RANCHER_URL", URL), ("RANCHER_TOKEN", &*token("aaaaa"))];
    let found = Machine::new(&env).explicit(anonymous()).found();
    assert!(found.config.credential.is_anonymous());
    assert_eq!(found.config.server.to_string(), URL);
    let both = Explicit { token: Some(token("aaaaa").into()), ..anonymous() };
    assert!(Machine::new(&env).explicit(both).error().contains("anonymous and a token"));
}

#[test]
fn a_token_that_cannot_be_used_is_no_absent_token() {
    let (one, other) = (token("aaaaa"), token("bbbbb"));
    let turned = format!("{SECRET}:token-aaaaa");
    for (variables, words) in [
        (&[("RANCHER_TOKEN", SECRET)][..], "RANCHER_TOKEN: the token is not usable: it has no colon"),
        (&[("RANCHER_TOKEN", &turned)], "the two halves are turned round"),
        (&[("RANCHER_TOKEN", &one), ("RANCHER_BEARER_TOKEN", &other)], "disagree about the token"),
        (&[("RANCHER_ACCESS_KEY", "token-aaaaa")], "RANCHER_SECRET_KEY, is missing"),
    ] {
        let explicit = Explicit { url: Some(URL.into()), ..Explicit::default() };
        let machine = Machine::new(variables).explicit(explicit);
        assert!(machine.error().contains(words), "{words}: {}", machine.error());
        assert!(machine.discovery.run().unwrap_err().causes().is_empty(), "{words}");
    }
}

#[test]
fn an_access_key_is_shown_only_where_it_is_the_name_of_a_token() {
    for (access, secret, shown) in
        [(SECRET, "token-aaaaa", "RANCHER_ACCESS_KEY = set"), ("token-aaaaa", SECRET, "= token-aaaaa")]
    {
        let machine = Machine::new(&[
            ("RANCHER_URL", URL),
            ("RANCHER_ACCESS_KEY", access),
            ("RANCHER_SECRET_KEY", secret),
        ]);
        let (report, _) = machine.discovery.examine();
        assert_clean(&report.to_string());
        assert!(report.to_string().contains(shown), "{report}");
    }
}
