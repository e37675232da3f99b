//! What tests do to a world past its HTTP API.

use super::rights::{global_role_exists, template};
use super::state::{Age, Agent, BindingKind, Millis, SECOND, TokenKind};
use super::tokens::Mint;
use super::{Account, World};
use std::time::Duration;

/// Something that the world does not have.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum WorldError {
    /// No such user id.
    #[error("the world has no user {0}; add_user returns the ids it gives")]
    User(String),
    /// No such cluster id.
    #[error("the world has no cluster {0}; labels().clusters lists those of the record")]
    Cluster(String),
    /// No such project id.
    #[error("the world has no project {0}; an id reads CLUSTER:p-xxxxx")]
    Project(String),
    /// No such role in this place.
    #[error("Rancher has no {1} role {0}")]
    Role(String, &'static str),
    /// No such auth provider, or none with a directory.
    #[error("Rancher has no auth provider {0} that this could be done to")]
    Provider(String),
    /// No token with this name.
    #[error("the world has no such token; it was never minted, or is deleted already")]
    Token,
}

/// Which API a key comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyKind {
    /// An API key of `/v3/tokens`.
    V3,
    /// A token of `ext.cattle.io`.
    Ext,
    /// The token of a login.
    Session,
}

/// A key to be minted.
#[derive(Debug, Clone)]
pub struct NewKey {
    /// The id of its user.
    pub user: String,
    /// Which API it comes from.
    pub kind: KeyKind,
    /// `clusterId` or `spec.clusterName`.
    pub cluster: Option<String>,
    /// How long it lives; `None` is the longest.
    pub ttl: Option<Duration>,
}

impl World {
    /// Adds a user with a global role: `admin`, `user`, `user-base`. The role `""` is none.
    ///
    /// # Errors
    /// When Rancher has no such global role.
    pub fn add_user(&mut self, username: &str, role: &str) -> Result<Account, WorldError> {
        if !role.is_empty() && !global_role_exists(&self.state, role) {
            return Err(WorldError::Role(role.to_owned(), "global"));
        }
        let id = format!("u-{}", self.state.random.name(5));
        let password = self.state.random.name(20);
        self.insert_user(&id, username, username, &password, None);
        if !role.is_empty() {
            self.insert_binding(BindingKind::Global, "", role, Some(&id), None);
        }
        Ok(Account { id, username: username.to_owned(), password })
    }

    /// Disables or enables a user; a disabled one's tokens are refused.
    ///
    /// # Errors
    /// When there is no such user.
    pub fn set_user_enabled(&mut self, user: &str, enabled: bool) -> Result<(), WorldError> {
        let found = self.state.users.get_mut(user).ok_or_else(|| WorldError::User(user.to_owned()))?;
        found.enabled = enabled;
        Ok(())
    }

    /// Disables a user.
    ///
    /// # Errors
    /// When there is no such user.
    pub fn disable_user(&mut self, user: &str) -> Result<(), WorldError> {
        self.set_user_enabled(user, false)
    }

    /// Switches an auth provider on or off, by the id of its auth config.
    ///
    /// # Errors
    /// When there is no such auth config.
    pub fn set_provider(&mut self, id: &str, enabled: bool) -> Result<(), WorldError> {
        let shelf = ("authConfig".to_owned(), String::new());
        let found = self.state.kept.get_mut(&shelf).and_then(|configs| configs.get_mut(id));
        let found = found.ok_or_else(|| WorldError::Provider(id.to_owned()))?;
        found.fields.insert("enabled".to_owned(), enabled.into());
        Ok(())
    }

    /// Puts a user into the directory that a provider asks (`activedirectory`, `openldap`, `freeipa`).
    ///
    /// # Errors
    /// When there is no such auth config.
    pub fn add_directory_user(
        &mut self,
        provider: &str,
        name: &str,
        password: &str,
    ) -> Result<(), WorldError> {
        self.set_provider(provider, true)?;
        let directory = self.state.directories.entry(provider.to_owned()).or_default();
        directory.passwords.insert(name.to_owned(), password.to_owned());
        Ok(())
    }

    /// Lets nobody answer where a provider asks, or somebody again.
    ///
    /// # Errors
    /// When it asks no directory.
    pub fn set_directory_down(&mut self, provider: &str, down: bool) -> Result<(), WorldError> {
        let found = self.state.directories.get_mut(provider);
        found.ok_or_else(|| WorldError::Provider(provider.to_owned()))?.down = down;
        Ok(())
    }

    /// Makes it an older server, which has neither `/v1-public` nor `ext.cattle.io` and calls itself so: `v2.9.4`.
    pub fn make_older(&mut self, version: &str) {
        self.state.age = Age { has_v1_public: false, has_ext: false };
        if let Some(setting) = self.state.settings.get_mut("server-version") {
            setting.value = version.to_owned();
        }
    }

    /// Mints a key and returns the whole bearer token.
    ///
    /// # Errors
    /// When there is no such user. A cluster is not checked, as Rancher does not check it.
    pub fn mint_key(&mut self, key: NewKey) -> Result<String, WorldError> {
        if !self.state.users.contains_key(&key.user) {
            return Err(WorldError::User(key.user));
        }
        let kind = match key.kind {
            KeyKind::V3 => TokenKind::Key,
            KeyKind::Ext => TokenKind::Ext,
            KeyKind::Session => TokenKind::Session,
        };
        let ttl = key.ttl.map(|ttl| Millis::try_from(ttl.as_millis()).unwrap_or(Millis::MAX));
        Ok(self.mint(Mint { cluster: key.cluster, ttl, ..Mint::new(kind, &key.user) }).bearer())
    }

    fn name_of(bearer: &str) -> &str {
        bearer.split_once(':').map_or(bearer, |(name, _)| name)
    }

    /// Deletes a token, given whole or by name.
    ///
    /// # Errors
    /// When there is no such token.
    pub fn revoke(&mut self, token: &str) -> Result<(), WorldError> {
        self.state.tokens.remove(Self::name_of(token)).map(|_| ()).ok_or(WorldError::Token)
    }

    /// Sets `enabled: false` on a token, given whole or by name.
    ///
    /// # Errors
    /// When there is no such token.
    pub fn switch_off(&mut self, token: &str) -> Result<(), WorldError> {
        let found = self.state.tokens.get_mut(Self::name_of(token)).ok_or(WorldError::Token)?;
        found.enabled = false;
        Ok(())
    }

    /// Ends the life of a token, given whole or by name, a second ago.
    ///
    /// # Errors
    /// When there is no such token.
    pub fn expire(&mut self, token: &str) -> Result<(), WorldError> {
        let now = self.state.now;
        let found = self.state.tokens.get_mut(Self::name_of(token)).ok_or(WorldError::Token)?;
        found.created = found.created.min(now - 2 * SECOND);
        found.ttl = now - SECOND - found.created;
        Ok(())
    }

    /// Registers a cluster that nobody owns and returns its id.
    pub fn add_cluster(&mut self, name: &str, agent: Agent) -> String {
        let id = format!("c-{}", self.state.random.name(5));
        self.insert_cluster(&id, name, "", agent, None);
        id
    }

    /// Changes the tunnel of a cluster. `Gone { since }` counts on the server's clock.
    ///
    /// # Errors
    /// When there is no such cluster.
    pub fn set_agent(&mut self, cluster: &str, agent: Agent) -> Result<(), WorldError> {
        let found =
            self.state.clusters.get_mut(cluster).ok_or_else(|| WorldError::Cluster(cluster.to_owned()))?;
        let before = std::mem::replace(&mut found.agent, agent);
        if before == Agent::Never && agent != Agent::Never {
            self.first_connection(cluster);
        }
        Ok(())
    }

    /// Adds a project without members and returns its id.
    ///
    /// # Errors
    /// When there is no such cluster.
    pub fn add_project(&mut self, cluster: &str, name: &str) -> Result<String, WorldError> {
        self.cluster_exists(cluster)?;
        Ok(self.insert_project(cluster, name, None))
    }

    /// Adds projects without members and namespaces, named `PREFIX00001` and so on, and returns their ids: quickly
    /// enough for tests of lists with many pages.
    ///
    /// # Errors
    /// When there is no such cluster.
    pub fn add_projects(
        &mut self,
        cluster: &str,
        prefix: &str,
        count: usize,
    ) -> Result<Vec<String>, WorldError> {
        self.cluster_exists(cluster)?;
        let names = (1..=count).map(|number| format!("{prefix}{number:05}"));
        Ok(names.map(|name| self.insert_project(cluster, &name, None)).collect())
    }

    /// Adds a namespace, in a project or in none.
    ///
    /// # Errors
    /// When there is no such cluster or project.
    pub fn add_namespace(
        &mut self,
        cluster: &str,
        name: &str,
        project: Option<&str>,
    ) -> Result<(), WorldError> {
        self.cluster_exists(cluster)?;
        if let Some(project) = project {
            self.project_exists(project)?;
        }
        self.insert_namespace(cluster, name, project, None);
        Ok(())
    }

    /// Gives a user a role on a cluster and returns the binding's id.
    ///
    /// # Errors
    /// When the user, the cluster or the role does not exist.
    pub fn bind_cluster(&mut self, user: &str, cluster: &str, role: &str) -> Result<String, WorldError> {
        self.cluster_exists(cluster)?;
        self.bind(BindingKind::Cluster, user, cluster, role, "cluster")
    }

    /// Gives a user a role on a project and returns the binding's id.
    ///
    /// # Errors
    /// When the user, the project or the role does not exist.
    pub fn bind_project(&mut self, user: &str, project: &str, role: &str) -> Result<String, WorldError> {
        self.project_exists(project)?;
        self.bind(BindingKind::Project, user, project, role, "project")
    }

    fn bind(
        &mut self,
        kind: BindingKind,
        user: &str,
        target: &str,
        role: &str,
        context: &'static str,
    ) -> Result<String, WorldError> {
        if !self.state.users.contains_key(user) {
            return Err(WorldError::User(user.to_owned()));
        }
        if template(&self.state, role).is_none_or(|(of, _)| of != context) {
            return Err(WorldError::Role(role.to_owned(), context));
        }
        Ok(self.insert_binding(kind, target, role, Some(user), None))
    }

    /// Changes a setting of the server: `cacerts`, `server-url`. Creates it when it is not there.
    pub fn set_setting(&mut self, name: &str, value: &str) {
        let uuid = self.state.random.uuid();
        let created = self.state.now;
        let setting = self.state.settings.entry(name.to_owned()).or_insert_with(|| super::state::Setting {
            value: String::new(),
            default: String::new(),
            source: "db",
            created,
            uuid,
        });
        value.clone_into(&mut setting.value);
    }

    /// Makes continue tokens of Kubernetes lists expire once more than so many objects of the cluster were written
    /// since the first page. Without it they expire after five minutes only.
    pub fn expire_continue_after(&mut self, writes: u64) {
        self.state.patience.writes = Some(writes);
    }

    /// Makes continue tokens of Kubernetes lists expire so long after the first page.
    pub fn expire_continue_in(&mut self, age: Duration) {
        self.state.patience.age = Millis::try_from(age.as_millis()).unwrap_or(Millis::MAX);
    }

    /// Writes an object of a cluster past its API: `("c-prod1", "/configmaps", "default", "a", …)`. An object that is
    /// there gets the body and a new version; controllers do not look at it.
    ///
    /// # Errors
    /// When there is no such cluster.
    pub fn write_object(
        &mut self,
        cluster: &str,
        resource: &str,
        namespace: &str,
        name: &str,
        body: serde_json::Value,
    ) -> Result<(), WorldError> {
        self.cluster_exists(cluster)?;
        let key = (resource.to_owned(), namespace.to_owned(), name.to_owned());
        let body = if let serde_json::Value::Object(body) = body { body } else { serde_json::Map::new() };
        let mut object = self.object(body);
        if let Some(found) = self.state.clusters.get_mut(cluster) {
            if let Some(before) = found.objects.get(&key) {
                object.uid.clone_from(&before.uid);
                object.created = before.created;
            }
            found.objects.insert(key, object);
        }
        self.settle();
        Ok(())
    }

    /// Takes an object of a cluster away past its API.
    ///
    /// # Errors
    /// When there is no such cluster.
    pub fn drop_object(
        &mut self,
        cluster: &str,
        resource: &str,
        namespace: &str,
        name: &str,
    ) -> Result<(), WorldError> {
        self.cluster_exists(cluster)?;
        let key = (resource.to_owned(), namespace.to_owned(), name.to_owned());
        if let Some(found) = self.state.clusters.get_mut(cluster) {
            found.objects.remove(&key);
        }
        self.settle();
        Ok(())
    }

    /// Gives a project another name.
    ///
    /// # Errors
    /// When there is no such project.
    pub fn rename_project(&mut self, project: &str, name: &str) -> Result<(), WorldError> {
        let found = self.state.projects.get_mut(project);
        name.clone_into(&mut found.ok_or_else(|| WorldError::Project(project.to_owned()))?.display);
        Ok(())
    }

    /// Takes a project away.
    ///
    /// # Errors
    /// When there is no such project.
    pub fn drop_project(&mut self, project: &str) -> Result<(), WorldError> {
        self.state.projects.remove(project).map(|_| ()).ok_or_else(|| WorldError::Project(project.to_owned()))
    }

    fn cluster_exists(&self, cluster: &str) -> Result<(), WorldError> {
        if self.state.clusters.contains_key(cluster) {
            Ok(())
        } else {
            Err(WorldError::Cluster(cluster.to_owned()))
        }
    }

    fn project_exists(&self, project: &str) -> Result<(), WorldError> {
        if self.state.projects.contains_key(project) {
            Ok(())
        } else {
            Err(WorldError::Project(project.to_owned()))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_there_is_named() {
        let mut world = World::record(1);
        assert_eq!(world.add_user("x", "nosuch"), Err(WorldError::Role("nosuch".into(), "global")));
        assert_eq!(world.add_project("c-zzzzz", "x"), Err(WorldError::Cluster("c-zzzzz".into())));
        assert_eq!(world.disable_user("u-0"), Err(WorldError::User("u-0".into())));
        assert_eq!(world.revoke("token-00000"), Err(WorldError::Token));
        let role = world.bind_cluster("u-8nh4v", "c-prod1", "project-member");
        assert_eq!(role, Err(WorldError::Role("project-member".into(), "cluster")), "a role of projects");
        assert!(world.bind_project("u-8nh4v", "c-prod1:p-qwwv5", "project-member").is_ok());
    }
}
