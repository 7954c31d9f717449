//! The integration tests: one binary, which drives the real `rowproof` in repositories of its own making.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on must stop")]

mod action;
mod budget;
mod cases;
mod cli;
mod compile;
mod demo;
mod forgotten;
mod github;
mod imports;
mod init;
mod lineage;
mod other_projects;
mod pairs;
mod provenance;
mod reconciliation;
mod review;
mod run;
mod sandbox;
mod tour;
mod warehouse;
