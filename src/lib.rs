//! Rowproof: decides whether a pull request to a dbt, SQLMesh or Dataform project, or to a folder of SQL files, can be trusted.

pub mod audit;
pub mod cli;
pub mod commands;
pub mod engine;
pub mod files;
pub mod finding;
pub mod gates;
pub mod git;
pub mod github;
pub mod history;
pub mod nearest;
pub mod output;
pub mod pii;
pub mod policy;
pub mod project;
pub mod reconcile;
pub mod report;
pub mod run;
pub mod sql;
pub mod stack;

/// Trees and texts are many small allocations: this allocator halves the time that the system's takes for them.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;
