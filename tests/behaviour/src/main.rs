//! The behaviour suite: one test binary over the recorded answers, the simulator and the client.

// `cfg(test)` always holds here; it is what lets clippy see that helpers belong to tests, too.
#[cfg(test)]
mod apps;
#[cfg(test)]
mod apps_canary;
#[cfg(test)]
mod architecture;
#[cfg(test)]
mod bad_input;
#[cfg(test)]
mod canary;
#[cfg(test)]
mod canary_sink;
#[cfg(test)]
mod client_calls;
#[cfg(test)]
mod client_calls_in_process;
#[cfg(test)]
mod error_kinds;
#[cfg(test)]
mod errors_doc;
#[cfg(test)]
mod ext_calls;
#[cfg(test)]
mod faults;
#[cfg(test)]
mod in_process;
#[cfg(test)]
mod jobs_doc;
#[cfg(test)]
mod judge_scores;
#[cfg(test)]
mod kube_canary;
#[cfg(test)]
mod kube_lists;
#[cfg(test)]
mod kube_rollouts;
#[cfg(test)]
mod kube_writes;
#[cfg(test)]
mod lab;
#[cfg(test)]
mod lossless;
#[cfg(test)]
mod many;
#[cfg(test)]
mod old_server;
#[cfg(test)]
mod origin;
#[cfg(test)]
mod registration;
#[cfg(test)]
mod scopes_doc;
#[cfg(test)]
mod service_accounts;
#[cfg(test)]
mod sessions;
#[cfg(test)]
mod shells;
#[cfg(test)]
mod steve_calls;
#[cfg(test)]
mod truth_replay;
#[cfg(test)]
mod waits;
#[cfg(test)]
mod walk;
#[cfg(test)]
mod watch_semantics;
#[cfg(test)]
mod watch_survives;
#[cfg(test)]
mod world_api;
#[cfg(test)]
mod world_kube;
#[cfg(test)]
mod world_norman;
#[cfg(test)]
mod world_quota;
#[cfg(test)]
mod world_rules;
#[cfg(test)]
mod world_server;
#[cfg(test)]
mod world_steve;
