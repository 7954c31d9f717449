//! The hallucination budget: how much LLM-assisted work was rolled back or let a defect escape, and what that proves.

pub mod result;
