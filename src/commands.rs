//! The commands: each gathers its inputs, calls the domain and hands the result to an output.

pub mod explain;
pub mod gates;
pub mod policy;
