//! `rowproof budget` on a simulated GitHub: a history with every kind of revert, whose truth is known as it is made.

mod github;
pub mod graphql;
mod simulate;
mod tries;
mod whole;
pub mod world;
