//! `rowproof lineage`: where each column comes from and goes to, in a project, between two of its revisions, or in one
//! SQL text.

mod ask;
mod diff;
mod text;
mod view;

use super::{console, gather};
use crate::cli::{Cli, LineageArgs, LineageFormat};
use crate::output::lineage::{self as faces, Lineage};
use anyhow::Result;
use ask::Ask;
use std::time::Instant;

/// Prints column lineage.
pub(super) fn lineage(cli: &Cli, args: &LineageArgs) -> Result<u8> {
    if let Some(file) = &args.sql {
        return text::one_text(args, file);
    }
    let lineage = if args.diff { diff::between(args)? } else { at_one_revision(cli, args)? };
    let text = match args.format {
        LineageFormat::Table => faces::table(&lineage, console::width()),
        LineageFormat::Json => faces::json(&lineage)?,
        LineageFormat::Mermaid => faces::mermaid(&lineage),
        LineageFormat::Html => faces::html(&lineage),
    };
    console::print(&text)?;
    Ok(if lineage.relations.iter().any(|r| r.problem.is_some()) { 2 } else { 0 })
}

fn at_one_revision(cli: &Cli, args: &LineageArgs) -> Result<Lineage> {
    let started = Instant::now();
    let bound = gather::one_side(&args.project, &args.rev)?;
    let read = started.elapsed();
    let graph = bound.graph();
    if cli.verbose {
        let (read, graphed) = (read.as_millis(), (started.elapsed() - read).as_millis());
        let count = graph.len();
        console::note(cli, &format!("project read and bound in {read} ms, graph of {count} columns in {graphed} ms"));
    }
    let ask = Ask::of(args, &[&bound])?;
    Ok(view::of(&ask, &bound, &args.rev))
}
