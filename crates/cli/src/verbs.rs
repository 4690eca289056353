//! One file per family of verbs.

pub(crate) mod bench;
pub(crate) mod bench_cost;
pub(crate) mod bench_fair;
pub(crate) mod bench_place;
pub(crate) mod cancel;
pub(crate) mod cluster;
pub(crate) mod dead;
pub(crate) mod doctor;
pub(crate) mod drain;
pub(crate) mod judge;
pub(crate) mod judge_table;
pub(crate) mod node;
pub(crate) mod problem;
pub(crate) mod rejudge;
mod rejudge_report;
pub(crate) mod result;
pub(crate) mod run;
pub(crate) mod run_report;
pub(crate) mod serve;
pub(crate) mod source;
pub(crate) mod status;
pub(crate) mod submit;
pub(crate) mod top;
pub(crate) mod up;
pub(crate) mod workshop;
