//! What a node keeps.

use minos_model::Bytes;

use super::reader::Reader;
use super::{NodeConfig, set};

/// The most problems that are made ready before anybody asks for them.
const AHEAD_MAX: u32 = 1_000;

impl NodeConfig {
    pub(super) fn check_cache(&mut self, mut cache: Reader, mistakes: &mut Vec<String>) {
        set(&mut self.packages_max, cache.text("packages", "a size like `20GiB`", mistakes));
        set(&mut self.builds_max, cache.text("builds", "a size like `4GiB`", mistakes));
        set(&mut self.sources_max, cache.text("sources", "a size like `256MiB`", mistakes));
        set(&mut self.memory_max, cache.text("memory", "a size like `256MiB`", mistakes));
        set(&mut self.ahead, cache.number("ahead", (0, AHEAD_MAX), mistakes));
        for (key, size) in [
            ("packages", self.packages_max),
            ("builds", self.builds_max),
            ("sources", self.sources_max),
            ("memory", self.memory_max),
        ] {
            if size < Bytes::from_mib(64) {
                mistakes.push(format!("cache.{key}: must be at least 64 MiB"));
            }
        }
        cache.finish(mistakes);
    }
}
