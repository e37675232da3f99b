//! A world and the server around it, as tests and `rancher-sim` use them.

use crate::fault::Faults;
use crate::journal::Journal;
use crate::message::Respond;
use crate::server::{Running, Server, ServerOptions, StartError, Streams};
use crate::world::World;
use serde_json::{Map, Value, json};
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};

/// A world that can say what is in it.
pub trait Labelled {
    /// The labels of what tests need to know, as one JSON object:
    /// `{"tokens": {label: token}, "users": {label: {"id", "username", "password"}}, "clusters": {label: id},
    /// "projects": {label: id}}`. It holds secrets: it is for the test that started the simulator only.
    fn labels(&self) -> Value;
}

/// What to simulate, and how to serve it.
#[derive(Debug, Clone, Default)]
pub struct SimulatorOptions<W> {
    /// What answers.
    pub world: W,
    /// Where and how it is served.
    pub server: ServerOptions,
}

/// A simulated server that runs. Dropping it stops it.
#[derive(Debug)]
pub struct Simulator<W> {
    world: Arc<Mutex<W>>,
    running: Running,
}

impl<W: Respond> Simulator<W> {
    /// Starts it on the current tokio runtime.
    ///
    /// # Errors
    /// As [`Server::start`].
    pub fn start(options: SimulatorOptions<W>) -> Result<Self, StartError> {
        let world = Arc::new(Mutex::new(options.world));
        let running = Server::start_shared(options.server, Arc::clone(&world))?;
        Ok(Self { world, running })
    }

    /// Looks at the world, or changes it, while it serves. No request is answered meanwhile.
    pub fn world<T>(&self, act: impl FnOnce(&mut W) -> T) -> T {
        act(&mut self.world.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// As [`Running::url`].
    pub fn url(&self) -> &str {
        self.running.url()
    }

    /// As [`Running::addr`].
    pub fn addr(&self) -> SocketAddr {
        self.running.addr()
    }

    /// As [`Running::ca_pem`].
    pub fn ca_pem(&self) -> Option<&str> {
        self.running.ca_pem()
    }

    /// As [`Running::faults`].
    pub fn faults(&self) -> &Faults {
        self.running.faults()
    }

    /// As [`Running::journal`].
    pub fn journal(&self) -> &Journal {
        self.running.journal()
    }

    /// As [`Running::streams`].
    pub fn streams(&self) -> &Streams {
        self.running.streams()
    }

    /// The server around the world.
    pub fn running(&self) -> &Running {
        &self.running
    }

    /// As [`Running::stop`].
    pub async fn stop(self) {
        self.running.stop().await;
    }
}

impl Simulator<World> {
    /// Starts the simulated Rancher and lets it know where it is served: its settings `server-url` and `cacerts`
    /// say so, as on a real server.
    ///
    /// # Errors
    /// As [`Server::start`].
    pub fn serve(world: World, server: ServerOptions) -> Result<Self, StartError> {
        let simulator = Self::start(SimulatorOptions { world, server })?;
        let (url, ca_pem) = (simulator.url().to_owned(), simulator.ca_pem().unwrap_or_default().to_owned());
        simulator.world(|world| {
            world.set_setting("server-url", &url);
            world.set_setting("cacerts", &ca_pem);
        });
        Ok(simulator)
    }
}

impl Labelled for World {
    fn labels(&self) -> Value {
        // maps of text to text and plain structs always have a JSON form
        serde_json::to_value(World::labels(self)).unwrap_or_default()
    }
}

impl<W: Respond + Labelled> Simulator<W> {
    /// What `rancher-sim` says first: `{"url", "ca_pem", "tokens", "users", "clusters", "projects"}`, where
    /// `ca_pem` is null without TLS. It holds secrets.
    pub fn ready(&self) -> Value {
        let mut ready = Map::new();
        ready.insert("url".into(), json!(self.url()));
        ready.insert("ca_pem".into(), json!(self.ca_pem()));
        for part in ["tokens", "users", "clusters", "projects"] {
            ready.insert(part.into(), json!({}));
        }
        if let Value::Object(labels) = self.world(|world| world.labels()) {
            ready.extend(labels);
        }
        Value::Object(ready)
    }
}
