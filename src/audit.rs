//! Who and what stands behind a pull request: judged from data that others gathered. Reads nothing itself.

pub mod review;
