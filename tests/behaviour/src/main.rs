//! The behaviour suite: one test binary over the recorded answers, the simulator and the client.

mod truth_replay;
mod world_api;
mod world_rules;
