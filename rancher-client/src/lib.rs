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
//! # Call
//!
//! ```no_run
//! use rancher_client::proxy::{CanI, ListOptions, Resource};
//! use rancher_client::v3::Query;
//!
//! # async fn run(client: rancher_client::Client) -> rancher_client::Result<()> {
//! let projects = client.v3().collection("projects")?.list(Query::in_cluster(&"c-prod1".parse()?)).collect().await?;
//! let cluster = client.cluster("c-prod1")?;
//! let pods = cluster.list(Resource::core("pods").within("shop-web"), ListOptions::default()).collect().await?;
//! let me = cluster.whoami().await?; // works with a key scoped to the cluster, too
//! let may = cluster.can_i(&CanI::new("create", "pods").within("shop-web")).await?;
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

mod client;
pub mod config;
pub mod credentials;
pub mod error;
mod kubernetes;
pub mod paging;
pub mod proxy;
pub mod scope;
pub mod steve;
pub mod transport;
pub mod v3;
pub mod wait;
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
