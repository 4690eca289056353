//! The corpus of programs with their expectations, shared by every test that judges.

#![forbid(unsafe_code)]

pub mod corpus;
