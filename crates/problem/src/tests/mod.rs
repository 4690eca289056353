//! The crate from outside: packages on disk and in archives, the cache, language files.

mod archives;
mod caching;
mod corpus;
mod icpc;
mod icpc_refused;
mod languages;
mod manifests;
mod packages;
mod sample;
