//! `model:NAME[@REV]` as a side of a comparison: the model is compiled and built for it, over the project's own data.

use super::{Request, compare_in};
use crate::cli::ProjectArgs;
use crate::commands::gather;
use crate::engine::Side;
use crate::engine::statement::single_query_in;
use crate::git::WORKTREE;
use crate::nearest::{hint, nearest};
use crate::pii::personal::personal_columns;
use crate::project::Model;
use crate::project::bind::Bound;
use crate::reconcile::Reconciliation;
use crate::run::data::SideData;
use crate::run::store::Relations;
use anyhow::{Context, Result, anyhow, bail};

/// A model at a revision.
struct ModelAt<'a> {
    name: &'a str,
    rev: &'a str,
}

/// Whether a side of the comparison is a model.
pub(super) fn asked(request: &Request) -> bool {
    model(&request.reference).is_some() || model(&request.candidate).is_some()
}

fn model(text: &str) -> Option<ModelAt<'_>> {
    let rest = text.trim().strip_prefix("model:")?;
    let (name, rev) = rest.split_once('@').unwrap_or((rest, WORKTREE));
    Some(ModelAt { name, rev })
}

/// Compares where at least one side is a model; the other may be a model, a relation of the project's database, or a
/// query over both.
///
/// # Errors
/// A revision, model or relation that is not there or cannot be built.
pub(super) fn reconcile(request: &Request) -> Result<Reconciliation> {
    if request.memory.is_some() {
        bail!("--memory bounds a comparison of tables, files and queries; a model is built without it");
    }
    let args = ProjectArgs {
        project_dir: None,
        profiles_dir: std::env::var_os("DBT_PROFILES_DIR").map(Into::into),
        database: request.database.clone(),
        ..ProjectArgs::default()
    };
    let rev = |text: &str, other: &str| {
        model(text).or_else(|| model(other)).map_or(WORKTREE.to_owned(), |at| at.rev.to_owned())
    };
    let (reference, candidate) = (request.reference.as_str(), request.candidate.as_str());
    let sides = gather::two_revisions(&args, &rev(reference, candidate), &rev(candidate, reference))?;
    let data = SideData::new(sides.database?, &sides.base, &sides.head, &sides.policy.policy, sides.repo.root())?;
    let relations = data.relations();
    let asked = [(&sides.base, reference), (&sides.head, candidate)];
    let personal = asked.into_iter().filter_map(|(bound, text)| Some((bound, find(bound, model(text)?.name)?)));
    let personal = personal.flat_map(|(bound, model)| personal_columns(bound, &model.unique_id)).collect();
    let reference = relation(relations, Side::Base, &sides.base, reference).context("--reference")?;
    let candidate = relation(relations, Side::Head, &sides.head, candidate).context("--candidate")?;
    compare_in(relations.engine(), &reference, &candidate, request, personal)
}

fn find<'a>(bound: &'a Bound, name: &str) -> Option<&'a Model> {
    bound.models().find(|m| m.name == name || m.unique_id == name)
}

fn relation(relations: &Relations, side: Side, bound: &Bound, text: &str) -> Result<String> {
    if let Some(at) = model(text) {
        let known = || bound.models().map(|m| m.name.as_str());
        let found = find(bound, at.name)
            .ok_or_else(|| anyhow!("no model `{}` at {}{}", at.name, at.rev, hint(nearest(at.name, known()))))?;
        return relations.relation(side, &found.unique_id);
    }
    if super::is_query(text) {
        return Ok(format!("(\n{}\n)", relations.rewrite(side, single_query_in(text, relations.engine().dialect())?)?));
    }
    if super::is_file(text) {
        bail!(
            "{text}: a file is not compared with a model; name it under `warehouse.files` in the policy, and by that name here"
        );
    }
    relations.named(side, text)
}
