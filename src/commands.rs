//! The commands: each gathers its inputs, calls the domain, and hands the result to output.

pub mod demo;
