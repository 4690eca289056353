//! The closed sets that labels come from.

/// Which part of a job's way took the time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Step {
    /// Source and problem are made ready.
    Fetch,
    /// On the slot's thread: compiling, running, comparing.
    Judge,
    /// The compiler, as part of judging.
    Compile,
    /// The contestant's program on all tests, as part of judging.
    Run,
    /// The CPU time of compilers over the jury's programs, while a submission waits.
    Jury,
    /// The CPU time of checkers and interactors that are programs, as part of judging.
    Check,
    /// Verdict stored, job acknowledged.
    Publish,
}

impl Step {
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Fetch => "fetch",
            Self::Judge => "judge",
            Self::Compile => "compile",
            Self::Run => "run",
            Self::Jury => "jury",
            Self::Check => "check",
            Self::Publish => "publish",
        }
    }
}

/// Why a job was handed back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Retry {
    /// This node could not do it.
    Node,
    /// The package, or its checker.
    Package,
    /// The broker did not answer.
    Broker,
    /// The broker did not take the verdict.
    Unstored,
    /// Nobody has pushed the problem yet.
    UnknownProblem,
    /// The source is not in the object store yet.
    UnknownSource,
    /// The language is known but does not work here.
    Language,
    /// A newer node may be able to read it.
    Newer,
    /// The node stops.
    Stopping,
}

impl Retry {
    /// Every value.
    pub(crate) const ALL: [Self; 9] = [
        Self::Node,
        Self::Package,
        Self::Broker,
        Self::Unstored,
        Self::UnknownProblem,
        Self::UnknownSource,
        Self::Language,
        Self::Newer,
        Self::Stopping,
    ];

    /// The name in metrics and logs.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Node => "node",
            Self::Package => "package",
            Self::Broker => "broker",
            Self::Unstored => "unstored",
            Self::UnknownProblem => "unknown_problem",
            Self::UnknownSource => "unknown_source",
            Self::Language => "language",
            Self::Newer => "newer",
            Self::Stopping => "stopping",
        }
    }
}

/// Why a message went to the dead letters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Buried {
    /// It is no job.
    Undecodable,
    /// Nobody has pushed its problem.
    UnknownProblem,
    /// No language file has its language.
    UnknownLanguage,
    /// Its source is not in the object store.
    UnknownSource,
    /// Its checker fails.
    Checker,
    /// Its package is unusable.
    Package,
    /// It was delivered as often as the broker does, without a verdict.
    Deliveries,
}

impl Buried {
    /// The name in metrics and logs.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Undecodable => "undecodable",
            Self::UnknownProblem => "unknown_problem",
            Self::UnknownLanguage => "unknown_language",
            Self::UnknownSource => "unknown_source",
            Self::Checker => "checker",
            Self::Package => "package",
            Self::Deliveries => "deliveries",
        }
    }
}

/// Why a slot was restarted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Restart {
    /// It could not start.
    Start,
    /// It failed or panicked.
    Failed,
}

impl Restart {
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Start => "start",
            Self::Failed => "failed",
        }
    }
}
