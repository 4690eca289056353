//! Costs for tests.

use crate::report::{COSTS_SCHEMA, Costs, Distribution};

/// Every submission takes the same time; two slots on two cores.
pub(crate) fn costs(service_ms: f64, turnaround_ms: Option<f64>) -> Costs {
    let constant = Distribution { count: 100, mean: service_ms, quantiles: vec![service_ms] };
    Costs {
        schema: COSTS_SCHEMA.to_owned(),
        mix: "warm".to_owned(),
        hostile: 0.0,
        slots: 2,
        cores: 2,
        nodes: 1,
        alone_ms: Some(constant.clone()),
        full_ms: Some(constant),
        pace: vec![],
        dispatch_ms: None,
        turnaround_ms,
        cpu_ms: Some(service_ms),
        cpu_all_ms: Some(service_ms),
        parts: None,
        not_measured: vec![],
    }
}
