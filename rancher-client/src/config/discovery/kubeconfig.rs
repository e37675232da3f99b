//! A kubeconfig whose server is Rancher's cluster proxy: then the cluster is known too.
//!
//! Several files are merged as kubectl merges them: the first that defines a name wins, and the first that sets
//! `current-context`. Relative paths are relative to the file they stand in.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;
use serde::de::IgnoredAny;
use std::path::{Path, PathBuf};
use url::Url;

use super::cli::quoted;
use super::file;
use super::parts::{self, Keys};
use super::place::{Candidate, Found, Place, Problem, Slot};
use super::report::{Finding, Source};
use crate::config::Trust;
use crate::credentials::Credential;
use crate::wire::{ClusterId, yaml};

const LIMIT: u64 = 1024 * 1024;
const SOURCE: Source = Source::Kubeconfig;

#[derive(Deserialize)]
struct KubeFile {
    #[serde(rename = "current-context")]
    current_context: Option<String>,
    clusters: Option<Vec<Entry>>,
    contexts: Option<Vec<Entry>>,
    users: Option<Vec<Entry>>,
}

/// An entry of any of the three lists; each list uses its own field.
#[derive(Deserialize)]
struct Entry {
    name: Option<String>,
    cluster: Option<Cluster>,
    context: Option<Context>,
    user: Option<User>,
}

#[derive(Deserialize, Default)]
struct Context {
    cluster: Option<String>,
    user: Option<String>,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "kebab-case")]
struct Cluster {
    server: Option<String>,
    certificate_authority: Option<PathBuf>,
    certificate_authority_data: Option<String>,
    insecure_skip_tls_verify: Option<bool>,
    proxy_url: Option<String>,
    tls_server_name: Option<String>,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "kebab-case")]
struct User {
    token: Option<String>,
    #[serde(rename = "tokenFile")]
    token_file: Option<PathBuf>,
    exec: Option<IgnoredAny>,
    auth_provider: Option<IgnoredAny>,
    client_certificate: Option<IgnoredAny>,
    client_certificate_data: Option<IgnoredAny>,
    username: Option<IgnoredAny>,
}

/// One file that was read, with the folder that its relative paths start from.
struct Loaded {
    folder: PathBuf,
    content: KubeFile,
}

/// Looks into these files for the context of this name, or the current one. `asked` says that the caller named the
/// file or the context.
pub(super) fn look(files: &[PathBuf], context: Option<&str>, asked: bool, allow_http: bool) -> Place {
    let lacks = ("its cluster has no server", "its user has no token");
    let shown = files.iter().map(|path| path.display().to_string()).collect::<Vec<_>>().join(", ");
    let mut place = Place::new(SOURCE, format!("kubeconfig {shown}").trim_end().to_owned(), lacks);
    place.selected = asked;
    if files.is_empty() {
        place.absent = Some("there is no home folder, and KUBECONFIG is not set".to_owned());
        return place;
    }
    let mut loaded = Vec::new();
    for path in files {
        match load(path, &mut place.warnings) {
            Ok(found) => loaded.extend(found),
            Err(problem) => {
                place.broken = Some(problem);
                return place;
            }
        }
    }
    if loaded.is_empty() {
        place.absent = Some("there is no such file".to_owned());
        return place;
    }
    let current = || loaded.iter().find_map(|file| text(file.content.current_context.as_deref()));
    let Some(name) = text(context).or_else(current) else {
        let problem = Problem::new(format!("{shown}: it has no current-context"), "name a context");
        place.broken = Some(problem);
        return place;
    };
    match candidate(&loaded, name, allow_http, &mut place.warnings) {
        Ok(candidate) => {
            let server = match &candidate.server {
                Some(Ok(found)) => found.value.to_string(),
                _ => "no server that can be used".to_owned(),
            };
            let token = match &candidate.credential {
                Some(Ok(found)) => found.value.to_string(),
                _ => "no token that can be used".to_owned(),
            };
            place.found.push(Finding::new(candidate.name.clone(), format!("{server}, {token}")));
            place.holding(candidate)
        }
        Err(words) => {
            place.broken =
                Some(Problem::new(format!("{shown}: {words}"), "name another context, or mend it"));
            place
        }
    }
}

fn load(path: &Path, warnings: &mut Vec<String>) -> Result<Option<Loaded>, Problem> {
    let broken = |words: &str| Problem::new(format!("{}: {words}", path.display()), "");
    let Some(file) = file::read(path, LIMIT).map_err(|words| broken(&words))? else { return Ok(None) };
    if file.text.trim().is_empty() {
        return Ok(None);
    }
    let content: KubeFile = yaml::from_str(&file.text).map_err(|error| broken(&error.to_string()))?;
    warnings.extend(file::warning(path, file.shared));
    let folder = path.parent().map(Path::to_owned).unwrap_or_default();
    Ok(Some(Loaded { folder, content }))
}

fn named<'l>(
    loaded: &'l [Loaded],
    list: impl Fn(&KubeFile) -> &Option<Vec<Entry>>,
    name: &str,
) -> Option<(&'l Path, &'l Entry)> {
    loaded.iter().find_map(|file| {
        let entries = list(&file.content).as_deref().unwrap_or_default();
        let entry = entries.iter().find(|entry| entry.name.as_deref() == Some(name))?;
        Some((file.folder.as_path(), entry))
    })
}

fn candidate(
    loaded: &[Loaded],
    name: &str,
    allow_http: bool,
    warnings: &mut Vec<String>,
) -> Result<Candidate, String> {
    let shown = quoted(name);
    let (_, entry) =
        named(loaded, |file| &file.contexts, name).ok_or_else(|| format!("it has no context {shown}"))?;
    let context = entry.context.as_ref().ok_or_else(|| format!("context {shown} is empty"))?;
    let cluster_name =
        text(context.cluster.as_deref()).ok_or_else(|| format!("context {shown} names no cluster"))?;
    let (cluster_folder, cluster) = named(loaded, |file| &file.clusters, cluster_name)
        .and_then(|(folder, entry)| Some((folder, entry.cluster.as_ref()?)))
        .ok_or_else(|| format!("context {shown} names cluster {}, which it lacks", quoted(cluster_name)))?;
    let user = match text(context.user.as_deref()) {
        None => None,
        Some(user_name) => Some(
            named(loaded, |file| &file.users, user_name)
                .and_then(|(folder, entry)| Some((folder, entry.user.as_ref()?)))
                .ok_or_else(|| format!("context {shown} names user {}, which it lacks", quoted(user_name)))?,
        ),
    };
    let own_name = format!("context {shown}");
    let mut candidate = Candidate {
        credential: user.and_then(|(folder, user)| credential(folder, user, &own_name)),
        ca: authority(cluster_folder, cluster, &own_name),
        insecure: cluster
            .insecure_skip_tls_verify
            .filter(|skip| *skip)
            .map(|skip| Ok(Found::new(skip, format!("insecure-skip-tls-verify of {own_name}"), SOURCE))),
        proxy: text(cluster.proxy_url.as_deref())
            .and_then(|text| parts::proxy(&format!("proxy-url of {own_name}"), text, SOURCE)),
        ..Candidate::default()
    };
    if text(cluster.tls_server_name.as_deref()).is_some() {
        warnings.push(format!("{own_name} sets tls-server-name, which this client does not mind"));
    }
    if let Some(server) = text(cluster.server.as_deref()) {
        let from = format!("server of {own_name}");
        candidate.server = parts::server(&from, server, allow_http, SOURCE);
        match proxied_cluster(server) {
            Some(Ok(id)) => candidate.cluster = Some(Ok(Found::new(id, from, SOURCE))),
            // a URL that cannot be read at all has its own, better problem
            _ if matches!(candidate.server, Some(Err(_))) => {}
            _ => {
                candidate.server = Some(Err(Problem::new(
                    format!("{own_name}: its server is not a URL of Rancher's cluster proxy"),
                    "such a URL ends in /k8s/clusters/<cluster id>",
                )));
            }
        }
    }
    candidate.name = own_name;
    Ok(candidate)
}

/// The cluster of `…/k8s/clusters/{id}` or `…/k8s/proxy/{id}`; nothing if the URL leads elsewhere.
fn proxied_cluster(server: &str) -> Option<Result<ClusterId, crate::wire::InvalidId>> {
    let url = Url::parse(server).ok()?;
    let segments: Vec<&str> = url.path_segments()?.filter(|segment| !segment.is_empty()).collect();
    let at = segments.iter().position(|segment| *segment == "k8s")?;
    match segments.get(at + 1..)? {
        ["clusters" | "proxy", id] => Some(ClusterId::new(id)),
        _ => None,
    }
}

fn credential(folder: &Path, user: &User, own_name: &str) -> Slot<Credential> {
    let token_from = format!("token of {own_name}");
    let file_from = format!("tokenFile of {own_name}");
    let keys = |from, text| Keys { bearers: vec![(from, text)], ..Keys::default() };
    // as in kubectl, the file goes before the token, which is what was last read from it
    let mut unreadable = None;
    if let Some(path) = &user.token_file {
        let path = folder.join(path);
        match file::read(&path, 64 * 1024) {
            Ok(Some(file)) => {
                return parts::credential(&keys(file_from.as_str(), file.text.as_str()), SOURCE);
            }
            Ok(None) => unreadable = Some(format!("{}: there is no such file", path.display())),
            Err(words) => unreadable = Some(format!("{}: {words}", path.display())),
        }
    }
    if let Some(token) = text(user.token.as_deref()) {
        return parts::credential(&keys(token_from.as_str(), token), SOURCE);
    }
    let problem = |summary: String, advice: &str| Some(Err(Problem::new(summary, advice)));
    if let Some(words) = unreadable {
        return problem(format!("{file_from}: {words}"), "");
    }
    const ADVICE: &str = "use a kubeconfig with a token, or give the token apart";
    if user.exec.is_some() {
        return problem(
            format!(
                "{own_name}: its user gets the token from a program (exec), which this client never starts"
            ),
            ADVICE,
        );
    }
    if user.auth_provider.is_some() {
        return problem(format!("{own_name}: its user has an auth-provider, which is not supported"), ADVICE);
    }
    if user.client_certificate.is_some() || user.client_certificate_data.is_some() {
        return problem(
            format!("{own_name}: its user has a client certificate, which Rancher does not take"),
            ADVICE,
        );
    }
    if user.username.is_some() {
        return problem(
            format!("{own_name}: its user has a user name, which Rancher does not take here"),
            ADVICE,
        );
    }
    None
}

fn authority(folder: &Path, cluster: &Cluster, own_name: &str) -> Slot<Trust> {
    // as in kubectl, data goes before the file
    if let Some(data) = text(cluster.certificate_authority_data.as_deref()) {
        let from = format!("certificate-authority-data of {own_name}");
        let compact: String = data.split_whitespace().collect();
        let pem = STANDARD.decode(compact).ok().and_then(|bytes| String::from_utf8(bytes).ok());
        return match pem {
            Some(pem) => parts::ca_pem(&from, &pem, SOURCE),
            None => {
                Some(Err(Problem::new(format!("{from} is not base64 of PEM text"), "mend the kubeconfig")))
            }
        };
    }
    let path = cluster.certificate_authority.as_ref().filter(|path| !path.as_os_str().is_empty())?;
    parts::ca_file(&format!("certificate-authority of {own_name}"), &folder.join(path), SOURCE)
}

fn text(field: Option<&str>) -> Option<&str> {
    field.map(str::trim).filter(|text| !text.is_empty())
}
