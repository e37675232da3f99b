//! Whole jobs: what people come for, made of the calls below.

pub mod doctor;
pub mod registration;
