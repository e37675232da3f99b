//! The settings of the transport, with the defaults that fit Rancher.

use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

/// Which certificates are trusted.
#[derive(Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Trust {
    /// The authorities that the machine trusts (`SSL_CERT_FILE` and `SSL_CERT_DIR` are minded).
    #[default]
    System,
    /// The authorities in this PEM file, besides the machine's.
    CaFile(PathBuf),
    /// The authorities in this PEM text, besides the machine's.
    CaPem(String),
    /// The one certificate with this SHA-256 fingerprint in the server's chain, whoever signed it.
    Pinned {
        /// The fingerprint of the DER form.
        sha256: [u8; 32],
    },
    /// Everything: whoever sits on the way can read and change all traffic, the token included.
    Insecure,
}

impl Trust {
    /// The word used in reports: `system`, `ca_file`, `ca_pem`, `pinned`, `insecure`.
    pub fn as_str(&self) -> &'static str {
        match self {
            Trust::System => "system",
            Trust::CaFile(_) => "ca_file",
            Trust::CaPem(_) => "ca_pem",
            Trust::Pinned { .. } => "pinned",
            Trust::Insecure => "insecure",
        }
    }
}

impl fmt::Debug for Trust {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Trust::CaFile(path) => write!(f, "ca_file {}", path.display()),
            other => f.write_str(other.as_str()),
        }
    }
}

/// How long to wait for what. Streams (watches, logs) have no limit for the whole call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Timeouts {
    /// Until a connection stands, TLS included. 5 s.
    pub connect: Duration,
    /// From the request until the headers of the answer. 40 s, since a cluster without an agent takes up to 35.
    pub headers: Duration,
    /// Between two pieces of a body. 30 s.
    pub idle: Duration,
    /// For the whole call, retries and waits included. 120 s.
    pub call: Duration,
    /// After how long a proxied call without headers makes the client look at the cluster's state. 3 s.
    pub agent_check: Duration,
}

impl Default for Timeouts {
    fn default() -> Self {
        let seconds = Duration::from_secs;
        Self {
            connect: seconds(5),
            headers: seconds(40),
            idle: seconds(30),
            call: seconds(120),
            agent_check: seconds(3),
        }
    }
}

/// When a request is sent again.
///
/// Only requests that change nothing when they arrive twice are; a POST only if no byte of it left, or the server
/// said 429.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RetryPolicy {
    /// How many times a request is sent at most. 3; 1 switches retries off.
    pub attempts: u32,
    /// The longest first wait; it doubles, and a random part of it is waited. 250 ms.
    pub base: Duration,
    /// The longest wait, also where the server asks for more. 20 s.
    pub longest: Duration,
}

impl Default for RetryPolicy {
    fn default() -> Self {
        Self { attempts: 3, base: Duration::from_millis(250), longest: Duration::from_secs(20) }
    }
}

impl RetryPolicy {
    /// Every request is sent once.
    pub fn off() -> Self {
        Self { attempts: 1, ..Self::default() }
    }
}

/// How much at a time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// How many requests are under way at once. 64.
    pub in_flight: usize,
    /// The largest body that is read into memory, in bytes, after decompression. 64 MiB.
    pub body: usize,
    /// How many redirects of the same origin are followed. 5.
    pub redirects: u32,
}

impl Default for Limits {
    fn default() -> Self {
        Self { in_flight: 64, body: 64 * 1024 * 1024, redirects: 5 }
    }
}

/// Whether the client may ask the server why a credential was not accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum Probes {
    /// At most two GETs without side effects per value of the credential: `/v3/clusters/{id}`, `/rancherversion`.
    #[default]
    On,
    /// Never; a refusal that the ledger cannot explain stays undetermined.
    Off,
}
