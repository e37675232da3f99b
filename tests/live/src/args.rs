//! The command line.

use clap::Parser;
use std::path::PathBuf;

use crate::mark::Run;

/// Runs the live suite against the server that RANCHER_URL names.
///
/// The credential is found as every client of the core finds it: RANCHER_TOKEN and its like, or the Rancher CLI's
/// cli2.json or a kubeconfig that name the same URL. The suite touches only what it made itself: a project, a namespace,
/// three API keys, a user and an imported cluster, all of which bear the name of the run, and it deletes them at the end.
#[derive(Debug, Clone, Parser)]
#[command(name = "tests/run --live", bin_name = "tests/run --live")]
pub(crate) struct Args {
    /// Send nothing that could change anything
    #[arg(long)]
    pub(crate) read_only: bool,

    /// The cluster to work in, `c-xxxxx`; without it RANCHER_CLUSTER_ID, the key's own, or the first that is active
    #[arg(long, value_name = "ID")]
    pub(crate) cluster: Option<String>,

    /// The project to make the namespace in, `c-xxxxx:p-xxxxx`, for a user who may make none
    #[arg(long, value_name = "ID")]
    pub(crate) project: Option<String>,

    /// The image of the pods; it needs a shell
    #[arg(long, value_name = "IMAGE", default_value = "busybox:1.37")]
    pub(crate) image: String,

    /// A repository of charts that the cluster can read, https:// or oci://; it is made known to it for the run
    #[arg(long, value_name = "URL", requires = "chart")]
    pub(crate) charts: Option<String>,

    /// The chart of it that is installed in the namespace of the run, upgraded and uninstalled
    #[arg(long, value_name = "NAME", requires = "charts")]
    pub(crate) chart: Option<String>,

    /// Only these cases; can be given several times
    #[arg(long, value_name = "CASE")]
    pub(crate) only: Vec<String>,

    /// Says which cases there are
    #[arg(long)]
    pub(crate) list: bool,

    /// Deletes what a run that was killed left behind, and does nothing else
    #[arg(long, value_name = "RUN", conflicts_with = "read_only")]
    pub(crate) clean: Option<Run>,

    /// A Python with the package `rancher`; without it, the case `python` is skipped
    #[arg(long, value_name = "PROGRAM", hide = true)]
    pub(crate) python: Option<PathBuf>,

    /// A Node, where the package `rancher-node` was built; without it, the case `node` is skipped
    #[arg(long, value_name = "PROGRAM", hide = true)]
    pub(crate) node: Option<PathBuf>,
}
