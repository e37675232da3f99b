//! Rules.
/// A rule.
#[derive(Debug)]
pub struct Rule;
