//! The LLM audit: who or what wrote a change (provenance), the record of each head, labels, human rules.

pub mod budget;
pub mod labels;
pub mod ledger;
pub mod provenance;
pub mod record;
pub mod review;
mod text;
