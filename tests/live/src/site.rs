//! Which server it is, as whom, what the key is and what it may: known before anything is written.

use rancher_client::config::{Config, Discovery, Explicit};
use rancher_client::credentials::Credential;
use rancher_client::proxy::{CanI, ClusterProxy};
use rancher_client::scope::KeyScope;
use rancher_client::v3::Query;
use rancher_client::wire::ClusterId;
use rancher_client::workflow::doctor::{DoctorOptions, DoctorReport, Verdict};
use rancher_client::{Client, Error};
use tokio::sync::OnceCell;

use crate::args::Args;
use crate::ground::{self, Ground};
use crate::journal::Journal;
use crate::mark::Run;
use crate::outcome::{Stop, skip};

/// What every case knows.
pub(crate) struct Site {
    pub(crate) args: Args,
    pub(crate) run: Run,
    pub(crate) journal: Journal,
    pub(crate) client: Client,
    pub(crate) report: DoctorReport,
    /// The user's id, where the cluster told it.
    pub(crate) user: Option<String>,
    cluster: Result<ClusterProxy, String>,
    project: OnceCell<Result<String, String>>,
    ground: OnceCell<Result<Ground, String>>,
}

impl Site {
    /// Finds server and key as every client does, and asks the doctor. Nothing is written.
    ///
    /// # Errors
    /// In words: no server is named, none is reached, or the key is not accepted.
    pub(crate) async fn find(args: Args) -> Result<Self, String> {
        if std::env::var_os("RANCHER_URL").is_none_or(|url| url.is_empty()) {
            return Err("RANCHER_URL is not set, and no other server is touched\nset it to the server that the suite \
                        shall run against, and RANCHER_TOKEN to a key (docs/live.md)"
                .to_owned());
        }
        let explicit = Explicit { cluster: args.cluster.clone(), ..Explicit::default() };
        let found = Discovery::of_process(explicit).run().map_err(|error| error.to_string())?;
        let mut config = found.config;
        config.application = Some("rancher-live".to_owned());
        let named = config.cluster.clone();
        let client = Client::new(config).map_err(|error| error.to_string())?;
        let report = client.doctor(DoctorOptions::default()).await.map_err(|error| error.to_string())?;
        if !matches!(report.verdict, Verdict::Usable | Verdict::Limited) {
            let hint =
                "of a key that is scoped to a cluster, name the cluster: --cluster or RANCHER_CLUSTER_ID";
            return Err(format!("nothing was run: this server does not take this key; {hint}\n{report}"));
        }
        let cluster = match named.or_else(|| scoped_to(&report)) {
            Some(id) => usable(&client, &id).await,
            None => first_usable(&client, &report).await,
        };
        let user = match &cluster {
            Ok(cluster) => cluster.whoami().await.ok().map(|me| me.user),
            Err(_) => None,
        };
        let run = args.clean.clone().unwrap_or_else(Run::random);
        let journal = Journal::of(&run);
        Ok(Self {
            args,
            run,
            journal,
            client,
            report,
            user,
            cluster,
            project: OnceCell::new(),
            ground: OnceCell::new(),
        })
    }

    /// Where it runs, as whom and what the key may, line by line.
    pub(crate) async fn told(&self) -> Vec<String> {
        let server = &self.report.server;
        let trusted = match &server.tls {
            Some(tls) => format!("trusted by {}", tls.trusted_by),
            None => "without TLS".to_owned(),
        };
        let version = server.version.as_deref().unwrap_or("of an unknown version");
        let scope = match &self.report.credential.scope {
            Some(scope) => scope.to_string(),
            None => "of a scope that is not known".to_owned(),
        };
        let mut lines = vec![
            format!("server   {} {version}, {trusted}", server.url),
            format!("key      {}, {scope}", self.client.config().credential),
        ];
        match &self.cluster {
            Ok(cluster) => {
                lines.push(format!("cluster  {}", cluster.id()));
                lines.push(format!("user     {}", self.user().await));
                lines.push(format!("may      {}", self.rights(cluster).await));
            }
            Err(reason) => lines.push(format!("cluster  none: {reason}")),
        }
        let mode = if self.args.read_only { ", and sends nothing that could change anything" } else { "" };
        lines.push(format!("run      {}{mode}", self.run));
        lines
    }

    async fn user(&self) -> String {
        let Ok(cluster) = &self.cluster else { return "unknown".to_owned() };
        match cluster.whoami().await {
            Ok(me) => match me.username {
                Some(name) => format!("{} ({name})", me.user),
                None => me.user,
            },
            Err(error) => format!("unknown: {error}"),
        }
    }

    async fn rights(&self, cluster: &ClusterProxy) -> String {
        let mut told = Vec::new();
        for (verb, what, group) in [
            ("create", "namespaces", ""),
            ("delete", "namespaces", ""),
            ("list", "namespaces", ""),
            ("create", "secrets", ""),
            ("create", "deployments", "apps"),
        ] {
            let may = match cluster.can_i(&CanI::new(verb, what).in_group(group)).await {
                Ok(answer) if answer.allowed => "yes",
                Ok(_) => "no",
                Err(_) => "unknown",
            };
            told.push(format!("{verb} {what}: {may}"));
        }
        format!("{} (in the whole cluster)", told.join(", "))
    }

    /// The user's id, where the cluster tells.
    pub(crate) async fn user_id(&self) -> Result<String, Stop> {
        Ok(self.cluster()?.whoami().await?.user)
    }

    /// The cluster to work in; without one, the case is skipped.
    pub(crate) fn cluster(&self) -> Result<&ClusterProxy, Stop> {
        self.cluster.as_ref().map_err(|reason| Stop::Skipped(reason.clone()))
    }

    /// Whether the key is not scoped to a cluster.
    pub(crate) fn is_global(&self) -> bool {
        self.report.credential.scope == Some(KeyScope::Global)
    }

    /// Skips the case if the key is scoped to a cluster.
    pub(crate) fn global(&self) -> Result<(), Stop> {
        match (&self.report.credential.scope, self.is_global()) {
            (_, true) => Ok(()),
            (Some(scope), _) => skip(format!("the key is {scope}")),
            (None, _) => skip("the scope of the key is not known"),
        }
    }

    /// Whether the run may write outside of a cluster; the case is skipped if not.
    pub(crate) fn writes_globally(&self) -> Result<(), Stop> {
        self.global()?;
        if self.args.read_only { skip("the run is read-only") } else { Ok(()) }
    }

    /// Whether the user may do this with Rancher's own objects; the case is skipped if not, or if nobody says.
    pub(crate) async fn may_globally(&self, verb: &str, plural: &str) -> Result<(), Stop> {
        let question = CanI::new(verb, plural).in_group("management.cattle.io");
        match self.client.cluster(ClusterId::local())?.can_i(&question).await {
            Ok(answer) if answer.allowed => Ok(()),
            Ok(_) => skip(format!("the user may not {verb} {plural}")),
            Err(error) => {
                skip(format!("whether the user may {verb} {plural} was not answered: {}", error.kind()))
            }
        }
    }

    /// The project that the run made for itself, made now if there is none yet; the case is skipped if it may not.
    pub(crate) async fn project(&self) -> Result<&str, Stop> {
        let made = self.project.get_or_init(|| ground::own_project(self)).await;
        made.as_deref().map_err(|reason| Stop::Skipped(reason.clone()))
    }

    /// The namespace that the run made for itself, made now if there is none yet; the case is skipped if it may not.
    pub(crate) async fn ground(&self) -> Result<&Ground, Stop> {
        let made = self.ground.get_or_init(|| ground::make(self)).await;
        made.as_ref().map_err(|reason| Stop::Skipped(reason.clone()))
    }

    /// A client of the same server with another credential, which knows nothing of this one's.
    pub(crate) fn with(&self, credential: Credential) -> Result<Client, Error> {
        let mut config: Config = self.client.config().clone();
        config.credential = credential;
        Client::new(config)
    }
}

fn scoped_to(report: &DoctorReport) -> Option<ClusterId> {
    match &report.credential.scope {
        Some(KeyScope::Cluster(id)) => Some(id.clone()),
        _ => None,
    }
}

async fn usable(client: &Client, id: &ClusterId) -> Result<ClusterProxy, String> {
    let cluster = client.cluster(id).map_err(|error| error.to_string())?;
    match cluster.whoami().await {
        Ok(_) => Ok(cluster),
        Err(error) => Err(format!("cluster {id} cannot be worked in: {error}")),
    }
}

// Rancher's own cluster is the last choice.
async fn first_usable(client: &Client, report: &DoctorReport) -> Result<ClusterProxy, String> {
    if report.credential.scope != Some(KeyScope::Global) {
        return Err(
            "it is not known which cluster the key is of: name it with --cluster or RANCHER_CLUSTER_ID"
                .to_owned(),
        );
    }
    let clusters = client.v3().collection("clusters").map_err(|error| error.to_string())?;
    let clusters = clusters.list(Query::all()).collect().await.map_err(|error| error.to_string())?;
    let active = clusters.iter().filter(|cluster| cluster.text("state") == Some("active"));
    let mut ids: Vec<&str> = active.filter_map(|cluster| cluster.id()).collect();
    ids.sort_by_key(|id| *id == "local");
    let mut last = format!("the user sees {} clusters, and none is active", clusters.len());
    for id in ids {
        let id = ClusterId::new(id).map_err(|error| error.to_string())?;
        match usable(client, &id).await {
            Ok(cluster) => return Ok(cluster),
            Err(reason) => last = reason,
        }
    }
    Err(last)
}
