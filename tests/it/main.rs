//! The integration tests: one binary, which drives the real `rowproof` in repositories of its own making.

mod cases;
mod cli;
mod demo;
mod forgotten;
mod imports;
mod run;
mod sandbox;
mod tour;
