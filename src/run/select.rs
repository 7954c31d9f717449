//! Which models and gates a run is asked for.

use crate::gates::{Change, GATES, gate};
use crate::nearest::{hint, nearest};
use crate::project::bind::Bound;
use anyhow::{Result, bail};

/// What to judge; empty lists mean everything.
#[derive(Debug, Clone, Default)]
pub struct Selection {
    /// Gate ids.
    pub gates: Vec<String>,
    /// Model names, unique ids or paths.
    pub models: Vec<String>,
}

impl Selection {
    /// Whether nothing was left out.
    pub fn is_whole(&self) -> bool {
        self.models.is_empty()
    }

    /// Whether the gate is asked for.
    pub fn gate(&self, id: &str) -> bool {
        self.gates.is_empty() || self.gates.iter().any(|g| g == id)
    }

    /// Whether the model is asked for.
    pub fn selects(&self, change: &Change<'_>) -> bool {
        let model = change.model();
        self.models.is_empty()
            || self.models.iter().any(|m| *m == model.name || *m == change.unique_id || *m == model.path)
    }

    /// Checks that every gate and model named exists on one of the sides: a mistyped name must not read as a pass. A
    /// model that is named and not changed is no error: there is nothing to judge.
    ///
    /// # Errors
    /// A gate or model that does not exist, with the nearest one that does.
    pub fn check(&self, sides: [&Bound; 2]) -> Result<()> {
        let all = || sides.into_iter().flat_map(Bound::models);
        for name in &self.models {
            if !all().any(|m| *name == m.name || *name == m.unique_id || *name == m.path) {
                let hint = hint(nearest(name, all().map(|m| m.name.as_str())));
                bail!("--select: neither side has a model `{name}`{hint}");
            }
        }
        for id in &self.gates {
            if gate(id).is_none() {
                let known: Vec<&str> = GATES.iter().map(|g| g.id).collect();
                bail!("unknown gate `{id}`; known gates: {}", known.join(", "));
            }
        }
        Ok(())
    }
}
