//! The programs of the jury that judging one problem needs, compiled or found compiled: checker or
//! validators, interactor, grader, scorer, static validator.

use minos_problem::Problem;

use crate::check::Comparer;
use crate::interact::Interactor;
use crate::port::Runs;
use crate::program::Program;
use crate::trouble::Trouble;
use crate::workshop::Workshop;

/// All of them, ready to be asked.
#[derive(Debug)]
pub(crate) struct Panel<B> {
    pub(crate) comparer: Comparer<B>,
    pub(crate) interactor: Option<Interactor<B>>,
    pub(crate) grader: Option<Program<B>>,
    pub(crate) scorer: Option<Program<B>>,
    /// The static validator.
    pub(crate) looks: Option<Program<B>>,
}

impl<R: Runs> Workshop<R> {
    /// Compiles all of them; `fault` makes the trouble when one does not compile.
    pub(crate) fn panel(
        &mut self,
        problem: &Problem,
        fault: fn(String) -> Trouble,
    ) -> Result<Panel<R::Blob>, Trouble> {
        let comparer = self.comparer(problem, fault)?;
        let interactor = self.interactor(problem, &comparer, fault)?;
        let grader = problem.grader.as_ref();
        let grader = grader.map(|program| self.jury_program(program, fault)).transpose();
        let grader = grader.map_err(|trouble| trouble.during("grader"))?;
        let scorer = self.scorer(problem, fault)?;
        let looks = self.static_validator(problem, fault)?;
        Ok(Panel { comparer, interactor, grader, scorer, looks })
    }

    /// Compiles the jury's programs of a problem, or finds the builds of an earlier time or another
    /// node, so that the first submission need not. Whether a compiler had to work.
    ///
    /// # Errors
    /// Which program does not compile (the package's fault), or what this node lacks.
    pub fn make_ready(&mut self, problem: &Problem) -> Result<bool, Trouble> {
        let before = self.spent.compile;
        self.panel(problem, Trouble::package)?;
        Ok(self.spent.compile > before)
    }
}
