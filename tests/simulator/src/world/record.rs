//! The recorded server: the same users, ids, rights and labels as `tests/truth/README.md` describes.

use super::state::{Agent, BindingKind, DAY, Millis, SECOND, TokenKind};
use super::stock;
use super::tokens::Mint;
use super::{Account, World};
use serde_json::{Map, Value, json};

const ADMIN: &str = "user-mh6n5";

// Label, id, username, display name.
const USERS: &[(&str, &str, &str, &str)] = &[
    ("admin", ADMIN, "admin", "Default Admin"),
    ("standard", "u-8nh4v", "u-standard", "Standard"),
    ("base", "u-6zqv9", "u-base", "Base"),
    ("member", "u-d7h7v", "u-member", "Member"),
    ("pmember", "u-pt64h", "u-pmember", "Pmember"),
    ("ro", "u-2p996", "u-ro", "Ro"),
    ("disabled", "u-n6tp4", "u-disabled", "Disabled"),
];

// Label, id, agent, description, Default project, System project.
const CLUSTERS: &[(&str, &str, Agent, &str, [&str; 2])] = &[
    ("local", "local", Agent::Connected, "", ["p-sm6pp", "p-798sd"]),
    ("prod", "c-prod1", Agent::Connected, "imported for the record", ["p-45m4b", "p-6782z"]),
    ("stage", "c-stag1", Agent::Never, "", ["p-r265s", "p-shxkp"]),
    ("edge", "c-edge1", Agent::Never, "", ["p-2lmwc", "p-bplf8"]),
];

const LOCAL_SHOP: &str = "local:p-gcx5s";
const PROD_SHOP: &str = "c-prod1:p-qwwv5";

// The projects of `local` whose names or ids the record does not show: eight ids and nine names, put where its pages
// leave room for them.
const LOCAL_PROJECTS: &[(&str, &str)] = &[
    ("p-8c4kt", "p01"),
    ("p-bz7wn", "p08"),
    ("p-dk2mv", "p09"),
    ("p-h6tqr", "p10"),
    ("p-m4xjd", "p15"),
    ("p-q9hsw", "p16"),
    ("p-rz5gb", "p17"),
    ("p-v8pxd", "p18"),
    ("p-x5hnd", "p22"),
];

const LOCAL_NAMESPACES: &[&str] = &[
    "c-edge1",
    "c-prod1",
    "c-stag1",
    "cattle-global-data",
    "cattle-local-user-passwords",
    "cattle-tokens",
    "cattle-ui-plugin-system",
    "fleet-default",
    "fleet-local",
    "local",
];

impl World {
    /// The recorded server. Ids are those of the record; secrets, token names and passwords follow from the seed.
    pub fn record(seed: u64) -> Self {
        let mut world = Self::empty(seed);
        // The ids of the record's clusters were renamed; its lists keep the order of those they had.
        // rule: record.renamed-clusters
        let ranks = [("c-edge1", "c-1"), ("c-stag1", "c-2"), ("c-prod1", "c-3")];
        world.state.ranks = ranks.map(|(id, rank)| (id.to_owned(), rank.to_owned())).into();
        world.state.now -= DAY;
        world.people();
        world.places();
        world.members();
        world.state.now += DAY;
        world.credentials();
        world
    }

    fn people(&mut self) {
        for (label, id, username, name) in USERS {
            let password = self.state.random.name(20);
            let creator = (*id != ADMIN).then_some(ADMIN);
            self.insert_user(id, username, name, &password, creator);
            let account = Account { id: (*id).to_owned(), username: (*username).to_owned(), password };
            self.labels.users.insert((*label).to_owned(), account);
        }
        let stock = stock::by_id("users");
        for user in self.state.users.values_mut() {
            let Some(known) = stock.get(user.id.as_str()) else { continue };
            user.enabled = known.get("enabled") == Some(&json!(true));
            user.created = stock::created(known);
            stock::text(known, "uuid").clone_into(&mut user.uuid);
            let login = known.get("labels").and_then(|labels| labels.get("cattle.io/last-login"));
            user.last_login =
                login.and_then(|at| at.as_str()?.parse::<Millis>().ok()).map(|seconds| seconds * SECOND);
        }
    }

    fn places(&mut self) {
        for (label, id, agent, description, stock) in CLUSTERS {
            let creator = (*id != "local").then_some(ADMIN);
            self.insert_cluster_with(id, label, description, *agent, creator, *stock);
            self.labels.clusters.insert((*label).to_owned(), (*id).to_owned());
        }
        for (id, cluster) in [(LOCAL_SHOP, "local"), (PROD_SHOP, "c-prod1")] {
            let name = id.rsplit(':').next().unwrap_or(id);
            self.insert_project_with(cluster, name, "shop", Some(ADMIN));
            self.quota();
            self.insert_namespace(cluster, "shop-web", Some(id), Some(ADMIN));
            self.insert_namespace(cluster, "plain", None, None);
        }
        self.labels.projects.insert("local-shop".to_owned(), LOCAL_SHOP.to_owned());
        self.labels.projects.insert("prod-shop".to_owned(), PROD_SHOP.to_owned());
        for (name, display) in LOCAL_PROJECTS {
            self.insert_project_with("local", name, display, Some(ADMIN));
        }
        self.stock_projects();
        for name in LOCAL_NAMESPACES {
            self.insert_namespace("local", name, None, None);
        }
        for name in ["acme-one", "scoped-made"] {
            self.insert_namespace("local", name, Some(LOCAL_SHOP), Some(ADMIN));
        }
    }

    // What the record kept of projects: their ids, names and dates.
    fn stock_projects(&mut self) {
        for project in stock::list("projects") {
            let id = stock::text(project, "id");
            if let (false, Some((cluster, name))) = (self.state.projects.contains_key(id), id.split_once(':'))
            {
                self.insert_project_with(cluster, name, stock::text(project, "name"), Some(ADMIN));
            }
            if let Some(made) = self.state.projects.get_mut(id) {
                made.created = stock::created(project);
                stock::text(project, "uuid").clone_into(&mut made.uuid);
            }
        }
        self.insert_project_with("local", "p-s89q4", "5", Some(ADMIN));
        self.insert_project_with("local", "p-2r9rl", "csrf", Some(ADMIN));
    }

    // The quota of c-prod1's shop, which its namespaces inherit.
    fn quota(&mut self) {
        if let Some(shop) = self.state.projects.get_mut(PROD_SHOP) {
            let quota =
                |cpu: &str, memory: &str| json!({"limit": {"limitsCpu": cpu, "limitsMemory": memory}});
            shop.fields.insert("description".to_owned(), json!("Shop"));
            shop.fields.insert("resourceQuota".to_owned(), quota("4000m", "8192Mi"));
            shop.fields.insert("namespaceDefaultResourceQuota".to_owned(), quota("500m", "512Mi"));
        }
    }

    fn members(&mut self) {
        for (list, kind, role, target) in [
            ("globalrolebindings", BindingKind::Global, "globalRoleId", ""),
            ("clusterroletemplatebindings", BindingKind::Cluster, "roleTemplateId", "clusterId"),
            ("projectroletemplatebindings", BindingKind::Project, "roleTemplateId", "projectId"),
        ] {
            for binding in stock::list(list) {
                self.stock_binding(binding, kind, role, target);
            }
        }
        // Those that the record did not keep.
        self.insert_binding_with(
            BindingKind::Project,
            "p-gcx5s:prtb-w7m2f",
            LOCAL_SHOP,
            "read-only",
            Some("u-2p996"),
            None,
        );
        self.insert_binding(BindingKind::Project, PROD_SHOP, "project-member", Some("u-pt64h"), None);
        self.insert_binding(BindingKind::Project, PROD_SHOP, "read-only", Some("u-2p996"), None);
    }

    fn stock_binding(&mut self, binding: &Map<String, Value>, kind: BindingKind, role: &str, target: &str) {
        let own = |field: &str| Some(stock::text(binding, field)).filter(|text| !text.is_empty());
        let id = stock::text(binding, "id");
        self.insert_binding_with(
            kind,
            id,
            stock::text(binding, target),
            stock::text(binding, role),
            own("userId"),
            own("groupPrincipalId"),
        );
        if let Some(made) = self.state.bindings.get_mut(&(kind, id.to_owned())) {
            made.creator = own("creatorId").map(str::to_owned);
            made.created = stock::created(binding);
            stock::text(binding, "uuid").clone_into(&mut made.uuid);
            let more = ["annotations", "labels", "ownerReferences", "status"];
            let more =
                more.into_iter().filter_map(|field| Some((field.to_owned(), binding.get(field)?.clone())));
            made.more = more.collect();
        }
    }

    fn credentials(&mut self) {
        for (user, id, ..) in USERS {
            for (suffix, cluster) in [
                ("unscoped", None),
                ("local", Some("local")),
                ("prod", Some("c-prod1")),
                ("stage", Some("c-stag1")),
            ] {
                let mint = Mint { cluster: cluster.map(str::to_owned), ..Mint::new(TokenKind::Key, id) };
                self.credential(&format!("{user}-{suffix}"), mint);
            }
            self.credential(&format!("{user}-session"), Mint::new(TokenKind::Session, id));
        }
        self.credential("ext-unscoped", Mint::new(TokenKind::Ext, ADMIN));
        let named = Mint { cluster: Some("c-prod1".to_owned()), ..Mint::new(TokenKind::Ext, ADMIN) };
        self.credential("ext-prod", named);
        for (label, cluster) in [("expired", None), ("expired-prod", Some("c-prod1".to_owned()))] {
            let mint = Mint { cluster, ttl: Some(60 * SECOND), ..Mint::new(TokenKind::Key, ADMIN) };
            let name = self.credential(label, mint);
            if let Some(token) = self.state.tokens.get_mut(&name) {
                token.created -= 3_600 * SECOND;
            }
        }
        let name = self.credential("off", Mint::new(TokenKind::Key, ADMIN));
        if let Some(token) = self.state.tokens.get_mut(&name) {
            token.enabled = false;
        }
        let name = self.credential("deleted", Mint::new(TokenKind::Key, ADMIN));
        self.state.tokens.remove(&name);
        let name = self.labels.tokens.get("admin-unscoped").and_then(|token| token.split_once(':'));
        let name = name.map_or("", |(name, _)| name).to_owned();
        let wrong = format!("{name}:{}", self.state.random.secret());
        let unknown = format!("token-{}:{}", self.state.random.name(5), self.state.random.secret());
        let garbage = self.state.random.name(12);
        for (label, token) in [("wrong-secret", wrong), ("unknown-name", unknown), ("garbage", garbage)] {
            self.labels.tokens.insert(label.to_owned(), token);
        }
    }

    /// Mints it, labels it, and returns the key it is kept under.
    fn credential(&mut self, label: &str, mint: Mint) -> String {
        let token = self.mint(mint);
        self.labels.tokens.insert(label.to_owned(), token.bearer());
        token.key()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_label_of_the_record_is_there() {
        let world = World::record(1);
        let labels = world.labels();
        for label in [
            "garbage",
            "unknown-name",
            "wrong-secret",
            "deleted",
            "off",
            "expired",
            "expired-prod",
            "disabled-unscoped",
            "admin-unscoped",
            "admin-session",
            "admin-local",
            "admin-prod",
            "admin-stage",
            "standard-unscoped",
            "standard-prod",
            "member-unscoped",
            "member-prod",
            "pmember-unscoped",
            "ro-prod",
            "ext-unscoped",
            "ext-prod",
            "base-unscoped",
            "pmember-prod",
        ] {
            assert!(labels.tokens.contains_key(label), "{label}");
        }
        assert_eq!(labels.users["standard"].id, "u-8nh4v");
        assert_eq!(labels.clusters["prod"], "c-prod1");
        assert!(labels.tokens["ext-prod"].starts_with("ext/token-"));
    }

    #[test]
    fn the_seed_decides_the_secrets_and_debug_keeps_them() {
        let (one, same, other) = (World::record(1), World::record(1), World::record(2));
        assert_eq!(one.labels().tokens, same.labels().tokens);
        assert_ne!(one.labels().tokens["admin-prod"], other.labels().tokens["admin-prod"]);
        let debug = format!("{one:?} {:?}", one.labels());
        let (_, secret) = one.labels().tokens["admin-prod"].split_once(':').unwrap();
        assert!(!debug.contains(secret), "{debug}");
        assert!(!debug.contains(&one.labels().users["admin"].password), "{debug}");
    }
}
