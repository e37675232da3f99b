//! The border against the simulated server: every operation for real, failures in all their fields, what stops what.

#[cfg(test)]
mod calls_kubernetes;
#[cfg(test)]
mod calls_v3;
#[cfg(test)]
mod canary;
#[cfg(test)]
mod failures;
#[cfg(test)]
mod flows;
#[cfg(test)]
mod lab;
#[cfg(test)]
mod opening;
#[cfg(test)]
mod sessions;
#[cfg(test)]
mod streams;
