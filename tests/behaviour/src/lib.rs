//! What the behaviour suite shares: the recorded facts, read from `tests/truth/`.

pub mod truth;
