//! Plain SQL folders.

use super::Project;
use super::load::LoadOptions;
use anyhow::{Result, bail};

/// Reads a folder of SQL files.
pub(crate) fn load(_options: &LoadOptions<'_>) -> Result<Project> {
    bail!("plain SQL folders are not read yet")
}
