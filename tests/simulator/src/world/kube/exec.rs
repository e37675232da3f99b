//! Commands in a container and ports of a pod, over a WebSocket.
//!
//! A container knows a handful of commands: `echo`, `cat`, `hostname`, `true`, `false`, and `sh -c` with `exit N`. A port
//! that a container names sends back what it is sent.

use super::Target;
use super::reviews::bad_request;
use crate::world::World;
use crate::world::call::Call;
use crate::world::follow::{Following, granted_as};
use crate::world::state::Object;
use crate::{Response, Told};
use bytes::Bytes;
use serde_json::{Value, json};

const STDIN: u8 = 0;
const STDOUT: u8 = 1;
const STDERR: u8 = 2;
const STATUS: u8 = 3;
/// Of the fifth version of the protocol: the channel whose number follows is closed.
const CLOSED: u8 = 255;

/// A command that runs, or ports that are forwarded.
#[derive(Debug)]
pub(crate) enum Attached {
    /// Sends back what it reads until its input ends.
    Cat,
    /// Says this and ends.
    Done(Vec<Bytes>),
    /// The ports, each with whether it is open; whether they were announced.
    Ports { ports: Vec<(u16, bool)>, announced: bool },
}

fn frame(channel: u8, bytes: &[u8]) -> Bytes {
    [&[channel], bytes].concat().into()
}

fn success() -> Bytes {
    frame(STATUS, json!({"metadata": {}, "status": "Success"}).to_string().as_bytes())
}

fn exited(code: &str) -> Bytes {
    let status = json!({
        "metadata": {}, "status": "Failure", "reason": "NonZeroExitCode",
        "message": format!("command terminated with non-zero exit code: exit status {code}"),
        "details": {"causes": [{"reason": "ExitCode", "message": code}]},
    });
    frame(STATUS, status.to_string().as_bytes())
}

fn started(argv: &[String], pod: &str) -> Attached {
    let words: Vec<&str> = argv.iter().map(String::as_str).collect();
    Attached::Done(match words.as_slice() {
        ["cat"] => return Attached::Cat,
        ["echo", said @ ..] => {
            vec![frame(STDOUT, format!("{}\n", said.join(" ")).as_bytes()), success()]
        }
        ["hostname"] => vec![frame(STDOUT, format!("{pod}\n").as_bytes()), success()],
        ["true"] => vec![success()],
        ["false"] => vec![exited("1")],
        ["sh", "-c", script] => match script.strip_prefix("exit ").map(str::trim) {
            Some("0") => vec![success()],
            Some(code) => vec![exited(code)],
            None => vec![frame(STDERR, format!("sh: {script}: not found\n").as_bytes()), exited("127")],
        },
        _ => {
            let name = words.first().copied().unwrap_or_default();
            let message = format!(
                "error executing command in container: exec: {name:?}: executable file not found in $PATH"
            );
            let status = json!({"metadata": {}, "status": "Failure", "reason": "InternalError", "message": message, "code": 500});
            vec![frame(STATUS, status.to_string().as_bytes())]
        }
    })
}

/// A call for a command or for ports.
pub(super) fn serve(world: &mut World, call: &Call<'_>, target: &Target<'_>, pod: &Object) -> Response {
    // rule: kube.exec
    let phase = pod.body.get("status").and_then(|status| status.get("phase")).and_then(Value::as_str);
    if phase == Some("Pending") {
        return bad_request(format!("pod {} does not have a host assigned", target.name));
    }
    let offers = |protocol: &str| call.protocols.split(',').any(|offer| offer.trim() == protocol);
    let forwards = target.sub == "portforward";
    let known: &[&'static str] =
        if forwards { &["v4.channel.k8s.io"] } else { &["v5.channel.k8s.io", "v4.channel.k8s.io"] };
    let Some(protocol) = known.iter().find(|protocol| offers(protocol)) else {
        return bad_request("Upgrade request required".to_owned());
    };
    let spec = pod.body.get("spec");
    let containers = spec.and_then(|spec| spec.get("containers")).and_then(Value::as_array);
    let containers = containers.map(Vec::as_slice).unwrap_or_default();
    let attached = if forwards {
        // rule: kube.port-forward
        let named = |port: u16| {
            let ports =
                containers.iter().filter_map(|container| container.get("ports")?.as_array()).flatten();
            ports
                .filter_map(|known| known.get("containerPort")?.as_u64())
                .any(|known| known == u64::from(port))
        };
        let ports = call.query.all("ports").flat_map(|ports| ports.split(','));
        let ports = ports.filter_map(|port| port.parse().ok());
        let ports: Vec<(u16, bool)> = ports.map(|port| (port, named(port))).collect();
        if ports.is_empty() {
            return bad_request("query parameter \"port\" is required".to_owned());
        }
        Attached::Ports { ports, announced: false }
    } else {
        let container = call.query.first("container").filter(|name| !name.is_empty());
        let names = containers.iter().filter_map(|container| container.get("name")?.as_str());
        if let Some(wanted) = container
            && !names.clone().any(|name| name == wanted)
        {
            return bad_request(format!("container {wanted} is not valid for pod {}", target.name));
        }
        let argv: Vec<String> = call.query.all("command").map(str::to_owned).collect();
        if argv.is_empty() {
            return bad_request("you must specify at least 1 command for the container".to_owned());
        }
        started(&argv, target.name)
    };
    world.following = Some(Following::attached(attached));
    granted_as(protocol)
}

impl Attached {
    /// What comes next, after the client said this.
    pub(crate) fn tell(&mut self, heard: &[Bytes]) -> Told {
        match self {
            Self::Done(messages) => Told { messages: std::mem::take(messages), ends: true },
            Self::Cat => {
                let mut messages = Vec::new();
                for said in heard {
                    match said.split_first() {
                        Some((&STDIN, bytes)) if !bytes.is_empty() => messages.push(frame(STDOUT, bytes)),
                        Some((&CLOSED, [STDIN])) => {
                            messages.push(success());
                            *self = Self::Done(Vec::new());
                            return Told { messages, ends: true };
                        }
                        _ => {}
                    }
                }
                Told { messages, ends: false }
            }
            Self::Ports { ports, announced } => {
                let mut messages = Vec::new();
                if !std::mem::replace(announced, true) {
                    for (at, (port, open)) in (0_u8..).step_by(2).zip(ports.iter()) {
                        let bytes = port.to_le_bytes();
                        messages.extend([frame(at, &bytes), frame(at + 1, &bytes)]);
                        if !open {
                            let refused = format!(
                                "failed to connect to localhost:{port} inside namespace: connection refused"
                            );
                            messages.push(frame(at + 1, refused.as_bytes()));
                        }
                    }
                }
                for said in heard {
                    let Some((channel, bytes)) = said.split_first() else { continue };
                    let port = ports.get(usize::from(channel / 2));
                    if channel % 2 == 0 && port.is_some_and(|(_, open)| *open) {
                        messages.push(frame(*channel, bytes));
                    }
                }
                Told { messages, ends: false }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn argv(words: &[&str]) -> Attached {
        started(&words.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>(), "web-0")
    }

    #[test]
    fn commands_run_and_end() {
        let told = argv(&["echo", "a", "b"]).tell(&[]);
        assert_eq!((&told.messages[0][..], told.ends), (&b"\x01a b\n"[..], true));
        let told = argv(&["sh", "-c", "exit 3"]).tell(&[]);
        assert!(String::from_utf8_lossy(&told.messages[0]).contains(r#""message":"3""#));
        let mut cat = argv(&["cat"]);
        assert_eq!(cat.tell(&[Bytes::from_static(b"\x00hi")]).messages, [Bytes::from_static(b"\x01hi")]);
        assert!(cat.tell(&[Bytes::from_static(&[255, 0])]).ends);
        assert!(String::from_utf8_lossy(&argv(&["nosuch"]).tell(&[]).messages[0]).contains("not found"));
    }

    #[test]
    fn ports_are_announced_once_and_send_back() {
        let mut ports = Attached::Ports { ports: vec![(80, true), (81, false)], announced: false };
        let told = ports.tell(&[Bytes::from_static(b"\x00x"), Bytes::from_static(b"\x02y")]);
        assert_eq!(told.messages[..4].concat(), [0, 80, 0, 1, 80, 0, 2, 81, 0, 3, 81, 0]);
        assert!(told.messages[4].starts_with(&[3]));
        assert_eq!(told.messages[5..], [Bytes::from_static(b"\x00x")]);
        assert!(ports.tell(&[]).messages.is_empty());
    }
}
