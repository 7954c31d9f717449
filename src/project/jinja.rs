//! dbt's Jinja on minijinja: the rewriter for what minijinja lacks, macros that call one another, dbt's context.

mod adapter;
mod agate;
mod args;
mod bounds;
pub(crate) mod builtin;
mod calls;
mod column;
mod context;
pub(crate) mod fault;
pub(crate) mod graph;
pub(crate) mod index;
pub(crate) mod job;
pub(crate) mod macros;
mod md5;
mod meter;
mod modules;
mod numbers;
mod regexes;
pub(crate) mod relation;
pub(crate) mod render;
mod rewrite;
pub(crate) mod scan;
mod scope;
pub(crate) mod tokens;
pub(crate) mod told;
pub(crate) mod values;
