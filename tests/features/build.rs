//! Nothing: without a build script, cargo would not build what it depends on.

fn main() {}
