//! What the behaviour suite shares: the recorded facts, read from `tests/truth/`.

pub mod objects;
pub mod truth;
