//! The jobs that people come with, each as the call that does it. What the page shows is this code.

use rancher_client::proxy::{CanI, ListOptions, Patch, Resource};
use rancher_client::steve::SteveQuery;
use rancher_client::transport::BoxFuture;
use rancher_client::types::cluster::Namespace;
use rancher_client::types::management::{
    ClusterRoleTemplateBinding, NamespaceResourceQuota, Project, ProjectResourceQuota,
    ProjectRoleTemplateBinding, ResourceQuotaLimit, Token, User, cluster, user,
};
use rancher_client::v3::Query;
use rancher_client::wire::{Object, ProjectId};
use rancher_client::{Client, ClusterId, Result};
use serde_json::{Value, json};

/// What a job gets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Got {
    /// What was asked for.
    It,
    /// A list of so many objects.
    Many(usize),
    /// An answer that says no.
    No,
}

/// A job.
pub(super) struct Job {
    /// Under which heading.
    pub(super) group: &'static str,
    pub(super) name: &'static str,
    /// The cluster it is about.
    pub(super) cluster: &'static str,
    /// The code that runs.
    pub(super) call: &'static str,
    pub(super) run: fn(Client) -> BoxFuture<'static, Result<Got>>,
}

macro_rules! got {
    (many $call:expr) => {
        Ok(Got::Many($call.collect().await?.len()))
    };
    (one $call:expr) => {
        $call.await.map(|_| Got::It)
    };
    (may $call:expr) => {
        $call.await.map(|permission| if permission.allowed { Got::It } else { Got::No })
    };
}

macro_rules! jobs {
    ($client:ident, $cluster:ident, $project:ident; $($group:literal at $id:literal {
        $($name:literal: $what:ident $call:expr;)+
    })+) => {
        pub(super) const JOBS: &[Job] = &[$($(Job {
            group: $group,
            name: $name,
            cluster: $id,
            call: stringify!($call),
            run: |$client| Box::pin(async move {
                #[allow(unused_variables, reason = "most jobs need only some of them")]
                let ($cluster, $project): (ClusterId, ProjectId) = ($id.parse()?, "c-prod1:p-qwwv5".parse()?);
                got!($what $call)
            }),
        }),+),+];
    };
}

jobs! {
    client, cluster, project;

    "Who and what" at "c-prod1" {
        "Ask for the version of the server": one client.server_version();
        "Read the server's public certificate authority": one client.settings().get("cacerts");
        "Ask who I am": many client.users().list(Query::all().with(user::ME.eq("true")));
        "Ask a cluster who I am": one client.cluster(&cluster)?.whoami();
        "Ask what I may do": may client.cluster(&cluster)?.can_i(&CanI::new("list", "pods").within("shop-web"));
    }

    "Clusters" at "c-prod1" {
        "List clusters": many client.clusters().list(Query::all());
        "Look at one cluster": one client.clusters().get("c-prod1");
        "Ask for the version of a cluster": one client.cluster(&cluster)?.version();
        "Make a kubeconfig, which mints a token without a scope": one client.clusters().action(
            &*client.clusters().get("c-prod1").await?, cluster::GENERATE_KUBECONFIG, &Default::default());
        "Read the registration tokens of a cluster":
            many client.cluster_registration_tokens().list(Query::in_cluster(&cluster));
        "List who has a role in a cluster":
            many client.cluster_role_template_bindings().list(Query::in_cluster(&cluster));
        "Give a group a role in a cluster": one client.cluster_role_template_bindings().create(&cluster_role("devs"));
    }

    "Projects" at "c-prod1" {
        "List all projects": many client.projects().list(Query::all());
        "List the projects of a cluster": many client.projects().list(Query::in_cluster(&cluster));
        "Find a project by its name":
            one client.v3().in_cluster(&cluster).resource::<Project>().find("shop");
        "Look at one project": one client.projects().get("c-prod1:p-qwwv5");
        "Create a project with a quota": one client.projects().create(&with_quota("web"));
        "Change a project":
            one client.projects().update_with("c-prod1:p-qwwv5", |shop| shop.description = Some("Web shop".into()));
        "Delete a project": one client.projects().delete("c-prod1:p-qwwv5");
        "List who has a role in a project":
            many client.project_role_template_bindings().list(Query::in_project(&project));
        "Give a group a role in a project": one client.project_role_template_bindings().create(&role("devs"));
    }

    "Namespaces and workloads" at "c-prod1" {
        "List the namespaces of a cluster":
            many client.v3().in_cluster(&cluster).resource::<Namespace>().list(Query::all());
        "Create a namespace in a project":
            one client.v3().in_cluster(&cluster).resource::<Namespace>().create(&namespace("web"));
        "List the workloads of a project":
            many client.v3().in_project(&project).collection("workloads")?.list(Query::all());
        "List the pods of a namespace":
            many client.cluster(&cluster)?.list(Resource::core("pods").within("shop-web"), ListOptions::default());
        "List the deployments of a namespace": many client.cluster(&cluster)?
            .list(Resource::of("apps", "v1", "deployments").within("shop-web"), ListOptions::default());
        "List the pods of all namespaces":
            many client.cluster(&cluster)?.list(Resource::core("pods"), ListOptions::default());
        "Read a config map": one client.cluster(&cluster)?.get(Resource::core("configmaps").within("shop-web"), "app");
        "Change a config map": one client.cluster(&cluster)?.update_with(
            Resource::core("configmaps").within("shop-web"), "app", |map| map.set("data", json!({"a": "2"})));
        "Label a config map": one client.cluster(&cluster)?.patch(
            Resource::core("configmaps").within("shop-web"), "app", &Patch::Merge(labels()));
        "Delete a config map": one client.cluster(&cluster)?.delete(Resource::core("configmaps").within("shop-web"), "app");
        "Look at a namespace": one client.cluster(&cluster)?.namespace("shop-web")?.get();
        "Create a secret": one client.cluster(&cluster)?.namespace("shop-web")?.create_secret("db", [("password", "x")]);
        "Apply a deployment": one client.cluster(&cluster)?.namespace("shop-web")?.apply(&deployment("web"), "ci");
        "Show the pods of a namespace as kubectl does": one client.cluster(&cluster)?
            .table(Resource::core("pods").within("shop-web"), ListOptions::default());
        "Read a secret": one client.cluster(&cluster)?.get(Resource::core("secrets").within("shop-web"), "app");
        "List the nodes of a cluster":
            many client.cluster(&cluster)?.list(Resource::core("nodes"), ListOptions::default());
        "List the config maps of a cluster, with their state":
            many client.cluster(&cluster)?.steve().resource("configmaps")?.list(SteveQuery::default());
    }

    "Users and tokens" at "c-prod1" {
        "List users": many client.users().list(Query::all());
        "Create a user": one client.users().create(&new_user("jane"));
        "List principals": many client.principals().list(Query::all());
        "List my tokens": many client.tokens().list(Query::all());
        "Mint a token": one client.tokens().create(&token(None));
        "Mint a token that is scoped to a cluster": one client.tokens().create(&token(Some(&cluster)));
        "Delete a token": one client.tokens().delete(&minted(&client).await?);
    }

    "The server" at "local" {
        "List settings": many client.settings().list(Query::all());
        "Read a setting": one client.settings().get("server-version");
        "List features": many client.features().list(Query::all());
        "List global roles": many client.global_roles().list(Query::all());
        "List role templates": many client.role_templates().list(Query::all());
        "List clusters as Rancher's Kubernetes objects":
            many client.steve().resource("management.cattle.io.clusters")?.list(SteveQuery::default());
        "List tokens of ext.cattle.io": many client.cluster("local")?
            .list(Resource::of("ext.cattle.io", "v1", "tokens"), ListOptions::default());
    }
}

fn labels() -> Value {
    json!({"metadata": {"labels": {"team": "shop"}}})
}

fn deployment(name: &str) -> Object {
    let template = json!({
        "metadata": {"labels": {"app": name}}, "spec": {"containers": [{"name": name, "image": "nginx"}]},
    });
    let deployment = json!({
        "apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": name},
        "spec": {"selector": {"matchLabels": {"app": name}}, "template": template},
    });
    Object::try_from(deployment).unwrap()
}

fn with_quota(name: &str) -> Project {
    let limit = |pods: &str| Some(ResourceQuotaLimit { pods: Some(pods.into()), ..Default::default() });
    Project {
        name: Some(name.into()),
        cluster_id: Some("c-prod1".into()),
        resource_quota: Some(ProjectResourceQuota { limit: limit("20"), ..Default::default() }),
        namespace_default_resource_quota: Some(NamespaceResourceQuota {
            limit: limit("5"),
            ..Default::default()
        }),
        ..Default::default()
    }
}

fn role(group: &str) -> ProjectRoleTemplateBinding {
    ProjectRoleTemplateBinding {
        project_id: Some("c-prod1:p-qwwv5".into()),
        role_template_id: Some("project-member".into()),
        group_principal_id: Some(format!("keycloakoidc_group://{group}")),
        ..Default::default()
    }
}

fn cluster_role(group: &str) -> ClusterRoleTemplateBinding {
    ClusterRoleTemplateBinding {
        cluster_id: Some("c-prod1".into()),
        role_template_id: Some("cluster-member".into()),
        group_principal_id: Some(format!("keycloakoidc_group://{group}")),
        ..Default::default()
    }
}

fn namespace(name: &str) -> Namespace {
    Namespace { name: Some(name.into()), project_id: Some("c-prod1:p-qwwv5".into()), ..Default::default() }
}

fn new_user(name: &str) -> User {
    let password = Some("a long enough password".to_owned().into());
    User { username: Some(name.into()), password, ..Default::default() }
}

fn token(cluster: Option<&ClusterId>) -> Token {
    let cluster_id = cluster.map(ToString::to_string);
    Token { description: Some("ci".into()), cluster_id, ttl: Some(86_400_000), ..Default::default() }
}

/// The name of a token that was minted before.
async fn minted(client: &Client) -> Result<String> {
    Ok(client.tokens().create(&token(None)).await?.id.clone().unwrap_or_default())
}
