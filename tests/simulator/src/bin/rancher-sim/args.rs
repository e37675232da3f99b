//! The command line.

use clap::{Args as Group, Parser, ValueEnum};
use rancher_simulator::{Fault, Prefix, ServerOptions, Tls};
use serde::Serialize;
use std::net::SocketAddr;

/// A Rancher Manager that answers as a recorded one did.
///
/// The first line of output is JSON: {"url", "ca_pem", "tokens", "users", "clusters", "projects"}.
#[derive(Debug, Parser)]
#[command(name = "rancher-sim", version)]
pub(crate) struct Args {
    #[command(flatten)]
    pub(crate) world: WorldArgs,

    /// Where to listen; a loopback address, port 0 for any free port
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:0", value_parser = loopback)]
    listen: SocketAddr,

    /// What goes wrong, as METHOD PATH-GLOB ACTION [after=N] [times=N]; can be given several times
    ///
    /// ACTION is delay:MS, hang, reset, cut:BYTES, length:BYTES, status:CODE, 429, 429:SECONDS,
    /// html502, drip:BYTES/s or close. `* @connect close|reset|hang|delay:MS` applies to connections before TLS.
    /// POST /-/faults changes the rules while it runs.
    #[arg(long = "fault", value_name = "RULE")]
    faults: Vec<Fault>,

    /// By what recorded delays are multiplied; 0 for none
    #[arg(long, value_name = "FACTOR", default_value = "1", value_parser = scale)]
    delay_scale: f64,

    /// Speak HTTP instead of HTTPS
    #[arg(long)]
    plain_http: bool,

    /// Offer HTTP/2
    #[arg(long)]
    http2: bool,

    /// The path that Rancher is published under, such as /rancher
    #[arg(long, value_name = "PATH", default_value = "")]
    prefix: Prefix,

    /// Leave X-API-Cattle-Auth out of every answer, as old servers do
    #[arg(long)]
    no_auth_header: bool,

    /// Stop when standard input closes, so that it never outlives the test that started it
    #[arg(long)]
    pub(crate) exit_with_stdin: bool,
}

/// What to simulate.
#[derive(Debug, Clone, Group, Serialize)]
pub(crate) struct WorldArgs {
    /// Which world: the recorded server, or a large one
    #[arg(long, value_enum, default_value_t = WorldKind::Record)]
    pub(crate) world: WorldKind,

    /// How many clusters a fleet has beside `local`
    #[arg(long, value_name = "N")]
    pub(crate) clusters: Option<u32>,

    /// How many projects a fleet has, over all its clusters
    #[arg(long, value_name = "P")]
    pub(crate) projects: Option<u32>,

    /// How many pods a fleet has, over all its namespaces
    #[arg(long, value_name = "M")]
    pub(crate) pods: Option<u32>,

    /// Let the nodes of c-prod1 run: its pods are ready so many milliseconds after they were made, and a pod `hello`
    /// with the containers `web` and `side` runs in `plain`
    #[arg(long, value_name = "MS")]
    pub(crate) nodes: Option<u64>,

    /// What random values are drawn from: the same seed makes the same world
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub(crate) seed: u64,
}

/// Which world.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum WorldKind {
    /// The recorded server: same labels, ids and rights
    Record,
    /// As many clusters, projects and pods as asked for
    Fleet,
}

impl Args {
    /// How to serve the world.
    pub(crate) fn server(self) -> ServerOptions {
        ServerOptions {
            listen: self.listen,
            tls: if self.plain_http { Tls::Off } else { Tls::default() },
            http2: self.http2,
            delay_scale: self.delay_scale,
            prefix: self.prefix,
            header_off: self.no_auth_header,
            faults: self.faults,
            ..ServerOptions::default()
        }
    }
}

impl WorldArgs {
    /// Refuses sizes for a world that has its own.
    pub(crate) fn check(&self) -> Result<(), String> {
        let sizes = [("clusters", self.clusters), ("projects", self.projects), ("pods", self.pods)];
        match sizes.iter().find(|(_, size)| size.is_some()) {
            Some((name, _)) if self.world == WorldKind::Record => {
                Err(format!("--{name} goes with --world fleet; the recorded world has its own size"))
            }
            _ if self.world == WorldKind::Fleet && self.nodes.is_some() => {
                Err("--nodes goes with --world record; the pods of a fleet run as they are".to_owned())
            }
            _ => Ok(()),
        }
    }
}

fn loopback(text: &str) -> Result<SocketAddr, String> {
    let address: SocketAddr = text
        .parse()
        .map_err(|_| "write an address and a port, such as 127.0.0.1:0 or [::1]:8443".to_owned())?;
    match address.ip().is_loopback() {
        true => Ok(address),
        false => Err("the simulator has known passwords, so it listens on 127.0.0.1 or ::1 only".to_owned()),
    }
}

fn scale(text: &str) -> Result<f64, String> {
    match text.parse() {
        Ok(scale) if f64::is_finite(scale) && scale >= 0.0 => Ok(scale),
        _ => Err("use a number from 0 up".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(args: &[&str]) -> Result<Args, String> {
        Args::try_parse_from([&["rancher-sim"], args].concat()).map_err(|error| error.to_string())
    }

    #[test]
    fn the_defaults_are_a_recorded_world_over_https() {
        let args = parse(&[]).unwrap();
        assert_eq!(args.world.world, WorldKind::Record);
        let server = args.server();
        assert!(server.tls != Tls::Off && !server.http2 && !server.header_off && server.faults.is_empty());
        assert_eq!(server.listen.to_string(), "127.0.0.1:0");
    }

    #[test]
    fn every_option_reaches_the_server() {
        let args = [
            "--listen=[::1]:0",
            "--fault=GET /a hang",
            "--fault=* ** 429:1 times=2",
            "--delay-scale=0.01",
            "--plain-http",
            "--http2",
            "--prefix=/rancher",
            "--no-auth-header",
        ];
        let server = parse(&args).unwrap().server();
        assert_eq!(
            server.faults.iter().map(Fault::to_string).collect::<Vec<_>>(),
            ["GET /a hang", "* ** 429:1 times=2"]
        );
        assert!(server.tls == Tls::Off && server.http2 && server.header_off);
        assert_eq!((server.delay_scale, server.prefix.to_string()), (0.01, "/rancher".to_owned()));
        assert!(server.listen.is_ipv6());
    }

    #[test]
    fn nonsense_is_refused_with_a_hint() {
        for (args, hint) in [
            (["--listen", "0.0.0.0:0"], "known passwords"),
            (["--listen", "localhost"], "127.0.0.1:0"),
            (["--fault", "GET /a"], "no action"),
            (["--delay-scale", "-1"], "from 0 up"),
            (["--delay-scale", "NaN"], "from 0 up"),
            (["--prefix", "rancher"], "/rancher"),
            (["--world", "flat"], "record, fleet"),
            (["--seed", "x"], "invalid digit"),
        ] {
            let message = parse(&[&format!("{}={}", args[0], args[1])]).unwrap_err();
            assert!(message.contains(hint), "{args:?}: {message}");
        }
    }

    #[test]
    fn sizes_go_with_a_fleet() {
        assert!(parse(&["--pods", "3"]).unwrap().world.check().unwrap_err().contains("--pods goes with"));
        assert_eq!(parse(&["--pods=3", "--world=fleet"]).unwrap().world.check(), Ok(()));
    }
}
