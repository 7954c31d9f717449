//! The LLM audit: provenance, the record of each head, labels, human rules.

pub mod labels;
pub mod ledger;
pub mod record;
