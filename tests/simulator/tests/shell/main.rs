//! The shell on the wire: what clients see of servers, certificates, faults and the process.

#[cfg(test)]
mod client;
#[cfg(test)]
mod control;
#[cfg(test)]
mod faults;
#[cfg(test)]
mod faults_http2;
#[cfg(test)]
mod process;
#[cfg(test)]
mod server;
#[cfg(test)]
mod tls;
