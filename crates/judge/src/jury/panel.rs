//! The programs of the jury that judging one problem needs, compiled or found compiled: checker or
//! validators, interactor, grader, scorer, static validator.

use minos_problem::Problem;

use crate::interact::Interactor;
use crate::port::Runs;
use crate::trouble::Trouble;
use crate::workshop::Workshop;

impl<R: Runs> Workshop<R> {
    /// Compiles all of them, and gives back the interactor; `fault` makes the trouble when one does
    /// not compile.
    pub(crate) fn panel(
        &mut self,
        problem: &Problem,
        fault: fn(String) -> Trouble,
    ) -> Result<Option<Interactor<R::Blob>>, Trouble> {
        let comparer = self.comparer(problem, fault)?;
        let interactor = self.interactor(problem, &comparer, fault)?;
        if let Some(grader) = &problem.grader {
            let built = self.jury_program(grader, fault);
            built.map_err(|trouble| trouble.during("grader"))?;
        }
        self.scorer(problem, fault)?;
        self.static_validator(problem, fault)?;
        Ok(interactor)
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
