//! The behaviour suite: one test binary over the recorded answers, the simulator and the client.
#![cfg(test)]

mod architecture;
mod errors_doc;
mod judge_scores;
mod truth_replay;
