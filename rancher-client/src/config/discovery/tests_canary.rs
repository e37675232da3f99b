//! Whatever the environment holds: no panic, no secret shown, no token beside a foreign URL.

use super::tests::{Machine, OTHER_URL, PEM, SECRET, URL, assert_clean, token};
use super::*;
use proptest::prelude::*;
use secrecy::ExposeSecret;

/// Values that people put into variables, right ones and wrong ones. `SECRET` stands only where a secret can be
/// told from a name: in tokens, in URLs with a password, and in the variable that is made for it.
fn value() -> impl Strategy<Value = String> {
    prop_oneof![
        Just(URL.to_owned()),
        Just(format!("{OTHER_URL}/v3/")),
        Just(format!("https://ann:{SECRET}@rancher.example.com")),
        Just(format!("https://ann:{SECRET}@rancher.example.com:99999")),
        Just(format!("ann:{SECRET}@rancher.example.com")),
        Just(token("aaaaa")),
        Just(token("bbbbb")),
        Just(format!("Bearer {}", token("aaaaa"))),
        Just(format!("{}:x", token("aaaaa"))),
        Just(format!("ext/{}", token("ccccc"))),
        Just("token-aaaaa".to_owned()),
        Just("c-prod1".to_owned()),
        Just("c-prod1:p-abcde".to_owned()),
        Just("true".to_owned()),
        Just("no".to_owned()),
        Just(PEM.to_owned()),
        Just("2031-08-04".to_owned()),
        Just(String::new()),
        "[ -~]{0,30}",
        any::<String>().prop_map(|text| text.replace('\0', "")),
    ]
}

fn variables() -> impl Strategy<Value = Vec<(&'static str, String)>> {
    let known: Vec<&'static str> = Environment::NAMES.to_vec();
    let one = (proptest::sample::select(known), value()).prop_map(|(name, value)| match name {
        "RANCHER_SECRET_KEY" | "CATTLE_SECRET_KEY" => (name, format!("{SECRET}{}", value.len())),
        // a path that happens to exist would make the run depend on the machine
        "RANCHER_CONFIG_DIR" | "KUBECONFIG" | "RANCHER_CA_BUNDLE" => {
            (name, format!("/nowhere/{}", value.len()))
        }
        _ => (name, value),
    });
    let plausible = prop_oneof![
        Just(vec![]),
        Just(vec![("RANCHER_URL", URL.to_owned())]),
        Just(vec![("RANCHER_URL", OTHER_URL.to_owned()), ("RANCHER_TOKEN", token("aaaaa"))]),
    ];
    (plausible, proptest::collection::vec(one, 0..8)).prop_map(|(mut some, more)| {
        some.extend(more);
        some
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn any_environment_ends_in_a_config_or_a_clean_error(variables in variables(), url in 0_usize..3, anonymous: bool) {
        let file = format!(
            r#"{{"Servers":{{"p":{{"tokenKey":"{}","url":"{URL}"}},"o":{{"accessKey":"token-other","secretKey":"{SECRET}","url":"{OTHER_URL}"}}}},"CurrentServer":"p"}}"#,
            token("prod1")
        );
        let borrowed: Vec<(&str, &str)> = variables.iter().map(|(name, value)| (*name, value.as_str())).collect();
        let explicit = Explicit {
            url: [None, Some(URL), Some(OTHER_URL)][url].map(ToOwned::to_owned),
            anonymous,
            ..Explicit::default()
        };
        let machine = Machine::new(&borrowed).file(".rancher/cli2.json", &file).explicit(explicit);
        let (report, result) = machine.discovery.examine();
        assert_clean(&format!("{report} {report:?} {} {:?}", report.to_json(), machine.discovery));
        match result {
            Err(error) => assert_clean(&format!("{error} {error:?} {}", error.evidence())),
            Ok(config) => {
                assert_clean(&format!("{config:?}"));
                // the token stands beside this URL somewhere
                let bearer = config.credential.bearer().map(|bearer| bearer.expose_secret().to_owned());
                if let Some(bearer) = bearer {
                    let last = |name: &str| variables.iter().rfind(|(n, _)| *n == name).map(|(_, v)| v.trim());
                    let named = |name| last(name).and_then(|url| crate::wire::ServerUrl::parse(url, true).ok());
                    let beside = if bearer == token("prod1") {
                        vec![crate::wire::ServerUrl::parse(URL, false).ok()]
                    } else if bearer.starts_with("token-other") {
                        vec![crate::wire::ServerUrl::parse(OTHER_URL, false).ok()]
                    } else {
                        vec![named("RANCHER_URL"), named("CATTLE_URL")]
                    };
                    // or it is the environment's own, which holds no URL, and the caller named the server
                    let unbound = last("RANCHER_URL").is_none_or(str::is_empty)
                        && report.decision("credential").is_some_and(|credential| credential.source == Source::Environment);
                    if let (true, Some(url)) = (unbound, &machine.discovery.explicit.url) {
                        prop_assert_eq!(&config.server, &crate::wire::ServerUrl::parse(url, true).unwrap());
                        return Ok(());
                    }
                    prop_assert!(beside.contains(&Some(config.server.clone())), "{report}");
                }
            }
        }
    }

    #[test]
    fn any_file_ends_in_a_config_or_a_clean_error(
        before in "[ -~\n]{0,40}", after in "[ -~\n]{0,40}", cut in 0_usize..400,
    ) {
        let json = format!(
            r#"{{"Servers":{{"p":{{"tokenKey":"{}","url":"{URL}","proxyUrl":"x:{SECRET}","cacert":"{SECRET}"}}}},"CurrentServer":"p"}}"#,
            token("prod1")
        );
        let yaml = format!(
            "current-context: a\nclusters:\n- name: a\n  cluster: {{server: {URL}/k8s/clusters/c-prod1}}\ncontexts:\n- name: a\n  context: {{cluster: a, user: a}}\nusers:\n- name: a\n  user: {{token: {}}}\n",
            token("kube1")
        );
        let cut = |text: &str| text.chars().take(cut).collect::<String>();
        let machine = Machine::new(&[])
            .file(".rancher/cli2.json", &format!("{before}{}{after}", cut(&json)))
            .file(".kube/config", &format!("{}{after}", cut(&yaml)));
        let (report, result) = machine.discovery.examine();
        assert_clean(&format!("{report} {report:?} {}", report.to_json()));
        match result {
            Ok(config) => assert_clean(&format!("{config:?}")),
            Err(error) => assert_clean(&format!("{error} {error:?} {}", error.evidence())),
        }
    }
}

#[test]
fn nothing_that_holds_a_secret_shows_it() {
    let explicit = Explicit {
        url: Some(format!("https://ann:{SECRET}@rancher.example.com")),
        token: Some(token("aaaaa").into()),
        access_key: Some(token("aaaaa")),
        secret_key: Some(SECRET.into()),
        proxy: Some(format!("http://ann:{SECRET}@proxy.example.com")),
        cluster: Some(token("aaaaa")),
        ..Explicit::default()
    };
    assert_clean(&format!("{explicit:?}"));
    let discovery = Discovery {
        explicit,
        environment: [("RANCHER_TOKEN", token("aaaaa"))].into_iter().collect(),
        home: None,
    };
    assert_clean(&format!("{discovery:?}"));
    let (report, result) = discovery.examine();
    assert_clean(&format!("{report} {report:?} {} {:?}", report.to_json(), result));
}
