//! What the workshops of one process share. A node and the verbs that judge without one put their
//! workshops together here, so that both come to the same verdicts.

use std::sync::Arc;

use minos_problem::Languages;
use minos_sandbox::{Bind, Blob, Sandbox, SandboxError, Template, Warden};

use crate::at_hand::AtHand;
use crate::builds::Builds;
use crate::fair::Fairness;
use crate::precompiled::{PRECOMPILED_INSIDE, Precompiled};
use crate::quiet::Quiet;
use crate::sandboxed::Sandboxed;
use crate::workshop::Workshop;

/// What workshops are made of.
#[derive(Debug, Clone)]
pub struct Equipment {
    /// Makes the boxes.
    pub sandbox: Arc<Sandbox>,
    /// The languages of the installation.
    pub languages: Arc<Languages>,
    /// The store of builds.
    pub builds: Arc<Builds>,
    /// What all of them hold for their boxes.
    pub at_hand: Arc<AtHand<Blob>>,
    /// The rule for runs that end a little above their CPU limit.
    pub fairness: Fairness,
    /// What lets one slot have the machine for itself.
    pub quiet: Arc<Quiet>,
    /// Headers compiled ahead, if they are.
    pub precompiled: Option<Arc<Precompiled>>,
}

impl Equipment {
    /// Starts the warden of a slot, whose boxes see the headers that were compiled ahead.
    ///
    /// # Errors
    /// A step of the set-up, by name.
    pub fn warden(&self, slot: u16) -> Result<Warden, SandboxError> {
        let mut template = Template::default();
        if let Some(precompiled) = &self.precompiled {
            template.binds.push(Bind::read_only(precompiled.dir(), PRECOMPILED_INSIDE));
        }
        self.sandbox.warden(slot, template)
    }

    /// A workshop with that warden, which takes turns with all others of this equipment.
    #[must_use]
    pub fn workshop(&self, warden: Warden) -> Workshop<Sandboxed> {
        let (languages, builds) = (Arc::clone(&self.languages), Arc::clone(&self.builds));
        let boxes =
            Sandboxed::new(warden, Arc::clone(&self.sandbox)).taking_turns(Arc::clone(&self.quiet));
        let workshop = Workshop::new(boxes, languages, builds)
            .with_at_hand(Arc::clone(&self.at_hand))
            .with_fairness(self.fairness);
        match &self.precompiled {
            Some(precompiled) => workshop.with_precompiled(Arc::clone(precompiled)),
            None => workshop,
        }
    }
}
