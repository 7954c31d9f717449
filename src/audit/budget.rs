//! The hallucination budget: how much LLM-assisted work was rolled back or let a defect escape, and what that proves.

mod bounds;
mod caught;
mod changes;
mod commits;
mod count;
mod cycle;
mod docs;
mod facts;
mod fixes;
mod groups;
mod labelled;
mod later;
mod mention;
pub mod period;
mod records;
pub mod result;
mod rules;
#[cfg(test)]
mod sample;
#[cfg(test)]
mod tests;
mod title;
mod undo;

pub use changes::speaks;
pub use count::{Asked, budget, llm_assisted};
pub use fixes::{Fix, candidates, fixes};
pub use records::{Records, chosen};
pub use rules::Rules;
pub use undo::{Effect, effects_of, unknown_ids};
