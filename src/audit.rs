//! The LLM audit: provenance, record, labels, human rules.

pub mod provenance;
