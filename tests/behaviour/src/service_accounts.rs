//! Tokens of service accounts, and the ClusterProxyConfig that lets them through.

use rancher_client::Client;
use rancher_client::error::{Cause, ErrorKind, ForbiddenReason};
use rancher_client::proxy::{CanI, ListOptions, Resource, ServiceAccountTokenOptions};
use rancher_client::v3::Query;
use rancher_client::wire::Object;
use serde_json::json;
use std::time::Duration;

use crate::lab::{Lab, PROD};

fn hours(hours: u64) -> ServiceAccountTokenOptions {
    ServiceAccountTokenOptions { expiration: Some(Duration::from_secs(hours * 3600)), ..Default::default() }
}

#[tokio::test]
async fn a_token_of_a_service_account_works_where_the_cluster_lets_it() {
    let lab = Lab::start();
    let admin = lab.client("admin-unscoped");
    let cluster = admin.cluster(PROD).unwrap();
    // with a key of the cluster alone, as recorded
    let token = lab.client("admin-prod").cluster(PROD).unwrap();
    let token = token.service_account_token("shop-web", "default", &hours(1)).await.unwrap();
    assert_eq!((token.lifetime, token.is_shortened()), (Duration::from_secs(3600), false));
    assert_eq!(token.credential.claimed_expiry().unwrap(), token.expires.parse::<jiff::Timestamp>().unwrap());
    assert_eq!(token.audiences, ["https://kubernetes.default.svc"]);
    let secret = lab.simulator.journal().entries();
    assert_eq!(secret.last().unwrap().status, Some(201));

    let own = Client::over(admin.connection().as_another(token.credential.clone()));
    let proxied = own.cluster(PROD).unwrap();
    assert!(!cluster.proxy_config().await.unwrap().enabled);
    let refused = proxied.version().await.unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::Undetermined, "{refused:?}");
    assert_eq!(
        refused.causes(),
        [Cause::NoProxyConfig, Cause::OutOfScope, Cause::TokenRefused, Cause::AgentGone]
    );
    assert!(refused.advice().contains("ClusterProxyConfig") && refused.advice().contains(PROD), "{refused}");

    let config = cluster.set_proxy_config(true).await.unwrap();
    assert_eq!((config.enabled, &config.names[..]), (true, &["clusterproxyconfig".to_owned()][..]));
    assert_eq!(proxied.version().await.unwrap(), "v1.36.3");
    // accepted, and without the right: the header says false all the same
    let pods = Resource::core("pods").within("shop-web");
    let error = proxied.list(pods, ListOptions::default()).collect().await.unwrap_err();
    assert_eq!(
        (error.kind(), error.reason()),
        (ErrorKind::Forbidden, Some(ForbiddenReason::Rbac)),
        "{error:?}"
    );
    assert!(!proxied.can_i(&CanI::new("list", "pods").within("shop-web")).await.unwrap().allowed);
    assert_eq!(proxied.whoami().await.unwrap().user, "system:serviceaccount:shop-web:default");

    // nowhere else, and there no ClusterProxyConfig is to blame
    let error = own.v3().collection("clusters").unwrap().list(Query::all()).collect().await.unwrap_err();
    assert_eq!(
        (error.kind(), error.causes()),
        (ErrorKind::Undetermined, &[Cause::OutOfScope, Cause::TokenRefused][..])
    );
    assert!(!error.advice().contains("enabled"), "{error}");

    // what is so already is not written again
    lab.forget();
    cluster.set_proxy_config(true).await.unwrap();
    assert_eq!(lab.requests().len(), 1, "{:?}", lab.requests());
    let config = cluster.set_proxy_config(false).await.unwrap();
    assert_eq!((config.enabled, config.names.len()), (false, 1));
    assert_eq!(proxied.version().await.unwrap_err().kind(), ErrorKind::Undetermined);

    // two of them switch it off, and nobody says which is meant
    let second = json!({"apiVersion": "management.cattle.io/v3", "kind": "ClusterProxyConfig", "metadata": {"name": "second"}, "enabled": true});
    let configs = Resource::of("management.cattle.io", "v3", "clusterproxyconfigs").within(PROD);
    admin.cluster("local").unwrap().create(configs, &Object::try_from(second).unwrap()).await.unwrap();
    assert!(!cluster.proxy_config().await.unwrap().enabled);
    let error = cluster.set_proxy_config(true).await.unwrap_err();
    assert!(error.kind() == ErrorKind::Invalid && error.summary().contains("second"), "{error}");
    assert_eq!(error.operation(), "cluster.set_proxy_config");
}

#[tokio::test]
async fn how_long_a_token_lives_is_asked_and_told() {
    let lab = Lab::start();
    let cluster = lab.client("admin-prod").cluster(PROD).unwrap();
    let week = cluster.service_account_token("shop-web", "default", &hours(24 * 7)).await.unwrap();
    assert_eq!((week.lifetime, week.is_shortened()), (Duration::from_secs(86_400), true));
    let usual = ServiceAccountTokenOptions::default();
    let usual = cluster.service_account_token("shop-web", "default", &usual).await.unwrap();
    assert!(!usual.is_shortened() && usual.lifetime == Duration::from_secs(3600));
    let vault = ServiceAccountTokenOptions { audiences: vec!["vault".into()], ..hours(1) };
    let vault = cluster.service_account_token("shop-web", "default", &vault).await.unwrap();
    assert_eq!(vault.audiences, ["vault"]);
    lab.forget();
    for (namespace, name, options) in [
        ("", "default", hours(1)),
        ("shop-web", "../x", hours(1)),
        (
            "shop-web",
            "default",
            ServiceAccountTokenOptions { expiration: Some(Duration::from_secs(599)), ..Default::default() },
        ),
        ("shop-web", "default", hours(u64::from(u32::MAX))),
    ] {
        let error = cluster.service_account_token(namespace, name, &options).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Invalid, "{error}");
    }
    assert_eq!(lab.requests(), [""; 0], "nothing was sent");
    let error = cluster.service_account_token("shop-web", "nosuch", &hours(1)).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NotFound);
    let secret = secret_of(&usual.credential);
    assert!(!format!("{usual:?} {error:?}").contains(&secret));
    // a key of the cluster cannot decide for it
    let error = cluster.set_proxy_config(true).await.unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::OutOfScope | ErrorKind::Undetermined), "{error:?}");
}

/// Read in Rancher's source: the cluster is asked what the JWT is worth. The client must not say that it is dead.
#[tokio::test]
async fn a_token_of_a_service_account_is_refused_while_the_agent_is_gone() {
    let lab = Lab::start();
    let admin = lab.client("admin-unscoped");
    let cluster = admin.cluster(PROD).unwrap();
    let token = cluster.service_account_token("shop-web", "default", &hours(1)).await.unwrap();
    cluster.set_proxy_config(true).await.unwrap();
    let own = Client::over(admin.connection().as_another(token.credential));
    let proxied = own.cluster(PROD).unwrap();
    proxied.version().await.unwrap();
    lab.simulator.world(|world| {
        let since = jiff::Timestamp::now();
        world.set_agent(PROD, rancher_simulator::Agent::Gone { since }).unwrap();
    });
    let error = proxied.version().await.unwrap_err();
    assert_eq!((error.kind(), error.status()), (ErrorKind::Undetermined, Some(403)), "{error:?}");
    assert!(error.causes().contains(&Cause::AgentGone), "{error:?}");
}

fn secret_of(credential: &rancher_client::Credential) -> String {
    use secrecy::ExposeSecret as _;
    credential.bearer().unwrap().expose_secret().to_owned()
}
