//! A client for Rancher Manager that knows what its answers mean.
//!
//! # Connect
//!
//! Configuration is plain data. Find it, or write it down:
//!
//! ```no_run
//! use rancher_client::{Client, Config, Credential, Result};
//!
//! # fn main() -> Result<()> {
//! let found = Client::new(Config::discover()?.config)?;
//!
//! let server = "https://rancher.example.com".parse()?;
//! let mut config = Config::new(server, Credential::parse("token-abcde:s3cr3t")?);
//! config.cluster = Some("c-prod1".parse()?);
//! let written_down = Client::new(config)?;
//! # Ok(())
//! # }
//! ```
//!
//! # List
//!
//! A list is a stream of all its objects, page after page. A filter that the server would ignore is refused.
//!
//! ```no_run
//! use futures_util::TryStreamExt;
//! use rancher_client::proxy::{ListOptions, Resource};
//! use rancher_client::steve::{SteveQuery, field};
//! use rancher_client::types::management::project;
//! use rancher_client::v3::Query;
//!
//! # async fn run(client: rancher_client::Client) -> rancher_client::Result<()> {
//! let id = "c-prod1".parse()?;
//! let named = Query::in_cluster(&id).with(project::NAME.one_of(["shop", "blog"])).sorted_by(project::NAME);
//! let mut projects = client.projects().list(named);
//! while let Some(project) = projects.try_next().await? {
//!     println!("{:?} {:?}", project.id, project.name);
//! }
//!
//! let cluster = client.cluster(&id)?;
//! let pods = cluster.list(Resource::core("pods").within("shop-web"), ListOptions::default()).collect().await?;
//! let broken = SteveQuery { filter: vec![field("metadata.state.name").eq("error")], ..Default::default() };
//! let broken = cluster.steve().resource("apps.deployments")?.list(broken).total().await?;
//! println!("{} pods, {broken} broken deployments", pods.len());
//! # Ok(())
//! # }
//! ```
//!
//! # Find, create, ensure
//!
//! ```no_run
//! use rancher_client::types::management::{Project, ProjectRoleTemplateBinding, project_role_template_binding as binding};
//!
//! # async fn run(client: rancher_client::Client) -> rancher_client::Result<()> {
//! // by id or name; more than one of the name is an error that names their ids
//! let cluster = client.clusters().find("prod").await?;
//!
//! let web = Project { name: Some("web".into()), cluster_id: cluster.id.clone(), ..Default::default() };
//! let web = client.projects().create(&web).await?;
//!
//! let members = ProjectRoleTemplateBinding {
//!     project_id: web.id.clone(),
//!     role_template_id: Some("project-member".into()),
//!     group_principal_id: Some("keycloakoidc_group://shop".into()),
//!     ..Default::default()
//! };
//! let same = [binding::PROJECT_ID, binding::ROLE_TEMPLATE_ID, binding::GROUP_PRINCIPAL_ID];
//! let bound = client.project_role_template_bindings().ensure(&members, &same).await?;
//! println!("{}", if bound.created() { "bound now" } else { "was bound already" });
//! # Ok(())
//! # }
//! ```
//!
//! # Update
//!
//! Only what changed is sent. A change that the server accepts and ignores is an error.
//!
//! ```no_run
//! # async fn run(client: rancher_client::Client) -> rancher_client::Result<()> {
//! let projects = client.projects();
//! let mut shop = projects.get("c-prod1:p-abcde").await?;
//! shop.description = Some("Web shop".into());
//! let shop = projects.update(&shop).await?;
//! println!("taken otherwise: {:?}", shop.altered());
//!
//! // reads it right before it writes, and again if that was a conflict
//! projects
//!     .update_with("c-prod1:p-abcde", |shop| {
//!         shop.labels.get_or_insert_default().insert("team".into(), "shop".into());
//!     })
//!     .await?;
//! # Ok(())
//! # }
//! ```
//!
//! # Act
//!
//! ```no_run
//! use rancher_client::types::Empty;
//! use rancher_client::types::management::{Project, cluster};
//!
//! # async fn run(client: rancher_client::Client) -> rancher_client::Result<()> {
//! let clusters = client.clusters();
//! let prod = clusters.get("c-prod1").await?;
//! // mints a token without a scope: an action that the object does not offer is not sent
//! let made = clusters.action(&prod, cluster::GENERATE_KUBECONFIG, &Empty::default()).await?;
//! println!("{} bytes", made.config.map_or(0, |config| config.expose().len()));
//! let projects = clusters.link_list::<Project>(&prod, "projects").collect().await?;
//! println!("{} projects", projects.len());
//! # Ok(())
//! # }
//! ```
//!
//! # Wait
//!
//! ```no_run
//! use rancher_client::wait::{Until, WaitOptions};
//! use std::time::Duration;
//!
//! # async fn run(client: rancher_client::Client) -> rancher_client::Result<()> {
//! let ready = Until::condition("InitialRolesPopulated").and(Until::state("active"));
//! let options = WaitOptions { deadline: Duration::from_secs(60), ..Default::default() };
//! let project = client.projects().wait("c-prod1:p-abcde", ready, options).await?;
//! println!("{:?}", project.state);
//! # Ok(())
//! # }
//! ```
//!
//! # Log in
//!
//! A session that ends when it is told to. Wrong password, disabled user and disabled provider are told apart.
//!
//! ```no_run
//! use rancher_client::login::LoginOptions;
//!
//! # async fn run(client: rancher_client::Client, password: secrecy::SecretString) -> rancher_client::Result<()> {
//! let options = LoginOptions { username: "anna".into(), password, revoke_on_close: true, ..Default::default() };
//! let session = client.login(&options).await?;
//! println!("{:?} until {:?}", session.user(), session.expiry());
//! session.close().await?;
//! # Ok(())
//! # }
//! ```
//!
//! # Deploy
//!
//! Kubernetes through Rancher: a key scoped to the cluster is enough. A rollout that cannot succeed says so at once.
//!
//! ```no_run
//! use futures_util::TryStreamExt;
//! use rancher_client::proxy::LogOptions;
//! use rancher_client::wait::WaitOptions;
//! use rancher_client::wire::Object;
//!
//! # async fn run(client: rancher_client::Client, manifest: Object) -> rancher_client::Result<()> {
//! let shop = client.cluster("c-prod1")?.namespace("shop-web")?;
//! shop.apply(&manifest, "ci").await?;
//! shop.rollout("web").wait(WaitOptions::default()).await?;
//!
//! let mut lines = shop.logs("web-7676fdf6f9-48sg5", LogOptions { follow: true, ..Default::default() });
//! while let Some(line) = lines.try_next().await? {
//!     println!("{}", line.text());
//! }
//! # Ok(())
//! # }
//! ```
//!
//! # Lose nothing
//!
//! What a struct does not know survives being read, changed and written.
//!
//! ```
//! use rancher_client::types::management::Project;
//! use rancher_client::wire::Kept;
//!
//! let text = r#"{"name":"shop","state":"sleeping","addedLater":{"ratio":1.0,"none":null}}"#;
//! let mut shop: Kept<Project> = Kept::read(text.into())?;
//! shop.name = Some("web".into());
//! assert_eq!(shop.edited()?, text.replace("shop", "web"));
//! assert_eq!(shop.update(None)?.unwrap(), r#"{"name":"web"}"#);
//! # Ok::<(), rancher_client::wire::InvalidDocument>(())
//! ```
//!
//! # Ask who one is, and what one may do
//!
//! ```no_run
//! use rancher_client::proxy::CanI;
//!
//! # async fn run(client: rancher_client::Client) -> rancher_client::Result<()> {
//! let cluster = client.cluster("c-prod1")?;
//! let me = cluster.whoami().await?; // works with a key scoped to the cluster, too
//! let may = cluster.can_i(&CanI::new("create", "pods").within("shop-web")).await?;
//! println!("{}: {}", me.user, may.allowed);
//! # Ok(())
//! # }
//! ```
//!
//! # Watch
//!
//! What is there, and then every change, through cuts and restarts: nothing is lost, and nothing comes twice.
//!
//! ```no_run
//! use futures_util::TryStreamExt;
//! use rancher_client::proxy::{ListOptions, Resource};
//! use rancher_client::watch::{Event, WatchOptions};
//!
//! # async fn run(client: rancher_client::Client) -> rancher_client::Result<()> {
//! let cluster = client.cluster("c-prod1")?;
//! let mut watch = cluster.watch(Resource::core("namespaces"), ListOptions::default(), WatchOptions::default());
//! while let Some(event) = watch.try_next().await? {
//!     match event {
//!         Event::Deleted(gone) => println!("{} is gone", gone.id),
//!         event => println!("{} {:?}", event.word(), event.object().and_then(|object| object.name())),
//!     }
//! }
//! # Ok(())
//! # }
//! ```
//!
//! # Understand a failure
//!
//! ```no_run
//! use rancher_client::ErrorKind;
//! use rancher_client::types::management::Cluster;
//! use rancher_client::v3::Query;
//!
//! # async fn run(client: rancher_client::Client) {
//! let clusters = client.v3().resource::<Cluster>();
//! match clusters.list(Query::all()).collect().await {
//!     Ok(clusters) => println!("{} clusters", clusters.len()),
//!     Err(error) => match error.kind() {
//!         // the key is alive and of one cluster: do not rotate it
//!         ErrorKind::OutOfScope => println!("scoped to {:?}", error.scoped_to()),
//!         ErrorKind::TokenRefused => println!("make a new key"),
//!         // both remain possible; the error names them and says what would settle it
//!         ErrorKind::Undetermined => println!("{:?}: {}", error.causes(), error.advice()),
//!         _ => println!("{}", error.evidence()),
//!     },
//! }
//! # }
//! ```
//!
//! # Ask the doctor
//!
//! ```no_run
//! use rancher_client::workflow::doctor::{DoctorOptions, Verdict};
//!
//! # async fn run(client: rancher_client::Client) -> rancher_client::Result<()> {
//! let options = DoctorOptions { cluster: Some("c-prod1".parse()?), ..Default::default() };
//! let report = client.doctor(options).await?;
//! if report.verdict != Verdict::Usable {
//!     println!("{report}");
//! }
//! # Ok(())
//! # }
//! ```

pub mod apps;
mod client;
pub mod config;
pub mod credentials;
pub mod error;
pub mod ext;
mod kubernetes;
pub mod login;
pub mod paging;
pub mod proxy;
pub mod scope;
pub mod steve;
pub mod transport;
pub mod v3;
pub mod wait;
pub mod watch;
pub mod wire;
pub mod workflow;

pub use client::{Client, ServerVersion};
pub use config::Config;
pub use credentials::Credential;
pub use error::{Error, ErrorKind, Result};
pub use rancher_types as types;
pub use wire::{ClusterId, ServerUrl};

#[cfg(doctest)]
#[doc = include_str!("../../README.md")]
struct Readme;

#[cfg(doctest)]
#[doc = include_str!("../../docs/guide/login.md")]
struct LoginGuide;

#[cfg(doctest)]
#[doc = include_str!("../../docs/guide/resources.md")]
struct ResourcesGuide;
