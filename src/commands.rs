//! The subcommands: gather inputs, call the domain, hand the result to output.

pub mod reconcile;
