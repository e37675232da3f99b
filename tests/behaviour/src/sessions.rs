//! Logging in and out against the simulator: what was wrong is told apart, what was made is ended, and no password is sent
//! to whom it does not concern.

use http::Method;
use rancher_client::Client;
use rancher_client::error::{Cause, Error, ErrorKind};
use rancher_client::login::{LoginOptions, Provider};
use rancher_client::scope::{Confidence, KeyScope};
use rancher_client::v3::Query;
use rancher_client::wire::UserId;
use rancher_simulator::Account;
use secrecy::{ExposeSecret as _, SecretString};

use crate::lab::{Lab, route, shown};

fn account(lab: &Lab, label: &str) -> Account {
    lab.simulator.world(|world| world.labels().users[label].clone())
}

fn as_user(user: &Account) -> LoginOptions {
    LoginOptions {
        username: user.username.clone(),
        password: SecretString::from(user.password.clone()),
        ..Default::default()
    }
}

fn by(provider: Provider, username: &str, password: &str) -> LoginOptions {
    let (username, password) = (username.to_owned(), SecretString::from(password));
    LoginOptions { username, password, provider, ..Default::default() }
}

async fn refused(client: &Client, options: &LoginOptions) -> Error {
    let error = client.login(options).await.unwrap_err();
    assert_eq!(error.operation(), "login", "{error:?}");
    assert!(!shown(&error).contains("s3cr3t"), "{error:?}");
    error
}

#[tokio::test(flavor = "multi_thread")]
async fn a_login_takes_the_place_of_the_credential() {
    let lab = Lab::start();
    let user = account(&lab, "member");
    // the client's own key is expired, and plays no part
    let client = lab.client("expired");
    let session = client.login(&as_user(&user)).await.unwrap();
    assert_eq!(
        lab.requests(),
        ["GET /v1-public/authproviders", "POST /v1-public/login", "GET /v3/users?me=true"]
    );
    let sent = lab.entries();
    assert!(!sent[0].has_authorization && !sent[1].has_authorization && sent[2].has_authorization);
    assert_eq!(session.user().unwrap().id, user.id);
    assert_eq!(session.user().unwrap().username.as_deref(), Some(user.username.as_str()));
    assert_eq!(session.user().unwrap().must_change_password, Some(false));
    assert!(session.expiry().unwrap().stated && session.notes().is_empty(), "{:?}", session.notes());
    assert_eq!(client.connection().credential().name(), session.token());
    // the server said that it has no scope: a later refusal is one of a dead token
    let known = client.ledger().scope().unwrap();
    assert_eq!((known.scope, known.confidence), (KeyScope::Global, Confidence::Proven));
    client.clusters().list(Query::all()).collect().await.unwrap();

    // without being asked to, closing ends nothing
    assert_eq!(session.close().await.unwrap(), None);
    client.clusters().list(Query::all()).collect().await.unwrap();
    let ended = session.logout().await.unwrap();
    assert_eq!((Some(&ended.token), ended.was_over), (session.token(), false));
    assert!(client.connection().credential().is_anonymous());
    assert_eq!(
        client.clusters().list(Query::all()).collect().await.unwrap_err().kind(),
        ErrorKind::Unauthenticated
    );
    assert!(session.logout().await.unwrap().was_over, "twice is no error");
}

#[tokio::test(flavor = "multi_thread")]
async fn closing_ends_the_session_where_the_login_asked_for_it() {
    let lab = Lab::start();
    let client = lab.client("anonymous");
    let options = LoginOptions { revoke_on_close: true, ..as_user(&account(&lab, "member")) };
    let session = client.login(&options).await.unwrap();
    let token = session.credential().clone();
    // the client goes by another key meanwhile: that one must not be logged out
    client.replace_credential(lab.credential("admin-unscoped"));
    let ended = session.close().await.unwrap().unwrap();
    assert_eq!(Some(&ended.token), token.name());
    client.clusters().list(Query::all()).collect().await.unwrap();
    let dead = Client::over(client.connection().as_another(token));
    assert_eq!(
        dead.request(Method::GET, route("/v3/")).await.unwrap_err().status(),
        Some(401),
        "the session is over"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_wrong_with_a_login_is_told_apart() {
    let lab = Lab::start();
    let client = lab.client("anonymous");
    let user = account(&lab, "member");
    let wrong = LoginOptions { password: SecretString::from("s3cr3t-of-nobody"), ..as_user(&user) };
    let unknown = by(Provider::Local, "nobody", "s3cr3t-of-nobody");
    for options in [wrong, unknown] {
        let error = refused(&client, &options).await;
        assert_eq!((error.kind(), error.status()), (ErrorKind::Unauthenticated, Some(401)), "{error:?}");
        assert_eq!(
            (error.causes(), error.confidence()),
            (&[Cause::WrongPassword][..], Some(Confidence::Likely))
        );
    }
    let disabled = account(&lab, "disabled");
    let error = refused(&client, &as_user(&disabled)).await;
    assert_eq!((error.kind(), error.status()), (ErrorKind::Unauthenticated, Some(403)), "{error:?}");
    assert_eq!((error.causes(), error.confidence()), (&[Cause::UserDisabled][..], Some(Confidence::Likely)));

    // a provider that is switched off: no password is sent to it
    lab.forget();
    for provider in [Provider::ActiveDirectory, Provider::OpenLdap, Provider::FreeIpa] {
        let error = refused(&client, &by(provider, "anna", "s3cr3t-of-anna")).await;
        assert_eq!((error.kind(), error.causes()), (ErrorKind::Unsupported, &[Cause::ProviderDisabled][..]));
        assert!(error.to_string().contains("it offers local"), "{error}");
    }
    assert!(lab.requests().iter().all(|request| request == "GET /v1-public/authproviders"));

    // what is missing, and what takes no password, is said before anything is sent
    lab.forget();
    for (username, password, field) in [("", "s3cr3t", "username"), ("anna", "", "password")] {
        let error = refused(&client, &by(Provider::Local, username, password)).await;
        assert_eq!((error.kind(), error.field()), (ErrorKind::Invalid, Some(field)));
    }
    let browser = "keycloakoidc".parse::<Provider>().unwrap_err();
    assert_eq!((browser.kind(), browser.field()), (ErrorKind::Unsupported, Some("provider")));
    assert_eq!("nowhere".parse::<Provider>().unwrap_err().kind(), ErrorKind::Invalid);
    assert!(lab.requests().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_directory_lets_its_users_in() {
    let lab = Lab::start();
    lab.simulator.world(|world| {
        world.add_directory_user("openldap", "anna", "s3cr3t-of-anna").unwrap();
        world.add_directory_user("activedirectory", "ben", "s3cr3t-of-ben").unwrap();
    });
    let client = lab.client("anonymous");
    let providers = client.auth_providers().await.unwrap();
    let ids: Vec<&str> = providers.iter().map(|provider| provider.id.as_str()).collect();
    assert_eq!(ids, ["local", "activedirectory", "openldap"]);
    assert_eq!(providers[2].password, Some(Provider::OpenLdap));

    let session = client.login(&by(Provider::OpenLdap, "anna", "s3cr3t-of-anna")).await.unwrap();
    let id = session.user().unwrap().id.clone();
    let again = client.login(&by(Provider::OpenLdap, "anna", "s3cr3t-of-anna")).await.unwrap();
    assert_eq!(again.user().unwrap().id, id, "the same user");
    client.login(&by(Provider::ActiveDirectory, "ben", "s3cr3t-of-ben")).await.unwrap();

    // its answer to a locked account may be the same, and Rancher's where it could not look anybody up: all causes stay
    let error = refused(&client, &by(Provider::OpenLdap, "anna", "s3cr3t-of-ben")).await;
    assert_eq!(error.causes(), [Cause::WrongPassword, Cause::UserDisabled, Cause::ProviderFailed]);
    lab.simulator.world(|world| world.disable_user(&id).unwrap());
    let error = refused(&client, &by(Provider::OpenLdap, "anna", "s3cr3t-of-anna")).await;
    assert_eq!(error.causes(), [Cause::UserDisabled, Cause::MissingRight]);
    // a login that failed leaves the client with what it had
    assert!(!client.connection().credential().is_anonymous());

    lab.forget();
    lab.simulator.world(|world| world.set_directory_down("openldap", true).unwrap());
    let error = refused(&client, &by(Provider::OpenLdap, "anna", "s3cr3t-of-anna")).await;
    assert_eq!(error.kind(), ErrorKind::Unavailable);
    assert!(error.to_string().contains("directory"), "{error}");
    let posts = lab.requests().iter().filter(|request| request.starts_with("POST")).count();
    assert_eq!(posts, 1, "a login is not sent twice");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_older_server_is_spoken_to_as_it_is() {
    let lab = Lab::start();
    lab.simulator.world(|world| {
        world.make_older("v2.9.4");
        world.add_directory_user("freeipa", "anna", "s3cr3t-of-anna").unwrap();
    });
    let client = lab.client("anonymous");
    assert_eq!(client.auth_providers().await.unwrap().len(), 2);
    lab.forget();
    let user = account(&lab, "member");
    let session = client.login(&as_user(&user)).await.unwrap();
    assert_eq!(
        lab.requests(),
        [
            "GET /v1-public/authproviders",
            "GET /v3-public/authProviders",
            "POST /v3-public/localProviders/local?action=login",
            "GET /v3/users?me=true",
        ]
    );
    let current = SecretString::from(user.password.clone());
    client.change_password(&current, &SecretString::from("another-s3cr3t-here")).await.unwrap();
    assert!(lab.requests().contains(&"POST /v3/users?action=changepassword".to_owned()));
    session.logout().await.unwrap();
    client.login(&by(Provider::FreeIpa, "anna", "s3cr3t-of-anna")).await.unwrap();

    let error = refused(&client, &as_user(&user)).await;
    assert_eq!(error.causes(), [Cause::WrongPassword], "it was changed");
    let error = refused(&client, &by(Provider::OpenLdap, "anna", "s3cr3t-of-anna")).await;
    assert_eq!(error.causes(), [Cause::ProviderDisabled]);

    // switched off, it is hidden there, and its login is none
    lab.simulator.world(|world| world.set_provider("local", false).unwrap());
    let error = refused(&client, &by(Provider::Local, &user.username, "another-s3cr3t-here")).await;
    assert_eq!((error.kind(), error.causes()), (ErrorKind::Unsupported, &[Cause::ProviderDisabled][..]));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_local_provider_that_is_switched_off_lets_users_in_and_says_so() {
    let lab = Lab::start();
    lab.simulator.world(|world| world.set_provider("local", false).unwrap());
    let client = lab.client("anonymous");
    let session = client.login(&as_user(&account(&lab, "member"))).await.unwrap();
    assert!(session.notes()[0].contains("hides this provider"), "{:?}", session.notes());
}

#[tokio::test(flavor = "multi_thread")]
async fn an_api_key_is_not_logged_out_in_passing() {
    let lab = Lab::start();
    for (label, words) in
        [("anonymous", "no session"), ("admin-unscoped", "API key"), ("ext-unscoped", "ext.cattle.io")]
    {
        let client = lab.client(label);
        let error = client.logout().await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Invalid, "{label}: {error:?}");
        assert!(error.to_string().contains(words), "{label}: {error}");
        if label != "anonymous" {
            client.clusters().list(Query::all()).collect().await.unwrap();
        }
    }
    let client = lab.client("admin-session");
    let ended = client.logout().await.unwrap();
    assert_eq!(Some(&ended.token), lab.credential("admin-session").name());
    assert!(client.connection().credential().is_anonymous());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lost_answer_is_not_sent_again() {
    let lab = Lab::start();
    let client = lab.client("anonymous");
    lab.faults(&["POST /v1-public/login reset"]);
    let error = refused(&client, &as_user(&account(&lab, "member"))).await;
    assert!(!error.is_retryable(), "{error:?}");
    let posts = lab.requests().iter().filter(|request| request.starts_with("POST")).count();
    assert_eq!(posts, 1);
    assert!(client.connection().credential().is_anonymous());
}

#[tokio::test(flavor = "multi_thread")]
async fn passwords_are_changed_and_set() {
    let lab = Lab::start();
    let user = account(&lab, "ro");
    let client = lab.client("anonymous");
    client.login(&as_user(&user)).await.unwrap();
    let (current, new) = (SecretString::from(user.password.clone()), SecretString::from("a-new-s3cr3t-word"));
    let wrong = client.change_password(&SecretString::from("s3cr3t-of-nobody"), &new).await.unwrap_err();
    assert_eq!(
        (wrong.kind(), wrong.causes()),
        (ErrorKind::Invalid, &[Cause::WrongPassword][..]),
        "{wrong:?}"
    );
    assert!(!wrong.is_retryable() && !shown(&wrong).contains("s3cr3t"));
    let short = client.change_password(&current, &SecretString::from("s3cr3t")).await.unwrap_err();
    assert_eq!(short.kind(), ErrorKind::Invalid);
    let empty = client.change_password(&current, &SecretString::default()).await.unwrap_err();
    assert_eq!((empty.kind(), empty.field()), (ErrorKind::Invalid, Some("new_password")));
    client.change_password(&current, &new).await.unwrap();
    assert_eq!(refused(&client, &as_user(&user)).await.causes(), [Cause::WrongPassword]);

    let id = UserId::new(&user.id).unwrap();
    let reset = SecretString::from("a-third-s3cr3t-word");
    lab.client("admin-unscoped").set_password(&id, &reset).await.unwrap();
    let options = LoginOptions { password: reset.clone(), ..as_user(&user) };
    client.login(&options).await.unwrap();
    let nobody = UserId::new("u-nobody").unwrap();
    let missing = lab.client("admin-unscoped").set_password(&nobody, &reset).await.unwrap_err();
    assert_eq!(missing.kind(), ErrorKind::NotFound, "{missing:?}");
    let not_mine =
        client.set_password(&UserId::new(&account(&lab, "member").id).unwrap(), &reset).await.unwrap_err();
    assert!(matches!(not_mine.kind(), ErrorKind::Forbidden | ErrorKind::NotFound), "{not_mine:?}");
}

/// A user who is to choose another password has chosen it, whatever the server's age; and the current one is asked of an
/// administrator, too.
#[tokio::test(flavor = "multi_thread")]
async fn a_password_that_must_be_changed_is_changed() {
    for version in [None, Some("v2.9.4")] {
        let lab = Lab::start();
        if let Some(version) = version {
            lab.simulator.world(|world| world.make_older(version));
        }
        let user = account(&lab, "member");
        let admin = lab.client("admin-unscoped");
        let users = admin.v3().collection("users").unwrap();
        users
            .update_with(&user.id, |user| user.set("mustChangePassword", serde_json::json!(true)))
            .await
            .unwrap();
        let client = lab.client("anonymous");
        let session = client.login(&as_user(&user)).await.unwrap();
        assert_eq!(session.user().unwrap().must_change_password, Some(true));

        let current = SecretString::from(user.password.clone());
        let same = client.change_password(&current, &current).await.unwrap_err();
        assert_eq!((same.kind(), same.causes()), (ErrorKind::Invalid, &[][..]), "{same:?}");
        assert!(same.to_string().contains("the same"), "{same}");
        let new = SecretString::from("a-new-s3cr3t-word");
        client.change_password(&current, &new).await.unwrap();
        let session = client.login(&LoginOptions { password: new, ..as_user(&user) }).await.unwrap();
        assert_eq!(session.user().unwrap().must_change_password, Some(false));

        let wrong = SecretString::from("s3cr3t-of-nobody");
        let error =
            admin.change_password(&wrong, &SecretString::from("another-s3cr3t-here")).await.unwrap_err();
        assert_eq!(error.causes(), [Cause::WrongPassword], "{error:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_scoped_to_local_changes_a_password_by_the_extension_api() {
    let lab = Lab::start();
    let user = account(&lab, "admin");
    let (current, new) = (SecretString::from(user.password.clone()), SecretString::from("a-new-s3cr3t-word"));
    let client = lab.client("admin-local");
    client.change_password(&current, &new).await.unwrap();
    let asked = lab.requests();
    let last = asked.last().map(String::as_str);
    assert_eq!(last, Some("POST /k8s/clusters/local/apis/ext.cattle.io/v1/passwordchangerequests"));
    lab.client("anonymous").login(&LoginOptions { password: new.clone(), ..as_user(&user) }).await.unwrap();

    // of another cluster it is not the key's to ask, by either way
    let error = lab.client("admin-prod").change_password(&new, &current).await.unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::OutOfScope | ErrorKind::Undetermined), "{error:?}");
    lab.simulator.world(|world| world.make_older("v2.9.4"));
    let error = lab.client("admin-local").change_password(&new, &current).await.unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::OutOfScope | ErrorKind::Undetermined), "{error:?}");
}

/// No password and no token of a login is in anything that shows.
#[tokio::test(flavor = "multi_thread")]
async fn nothing_of_a_session_shows_its_secrets() {
    let lab = Lab::start();
    let client = lab.client("anonymous");
    let user = account(&lab, "member");
    let options = as_user(&user);
    let session = client.login(&options).await.unwrap();
    let bearer = session.credential().bearer().unwrap().expose_secret();
    let secret = bearer.split_once(':').unwrap().1.to_owned();
    let everything = format!("{options:?} {session:?} {:?} {client:?} {session:#?}", session.credential());
    assert!(!everything.contains(&user.password) && !everything.contains(&secret), "{everything}");
}
