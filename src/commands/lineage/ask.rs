//! What is asked for: a model or column by name, which ways, how far, and the columns that belong to the answer.

use crate::cli::LineageArgs;
use crate::nearest::{hint, nearest};
use crate::project::bind::Bound;
use crate::project::columns::Way;
use anyhow::{Result, bail};
use std::collections::{BTreeMap, BTreeSet};

/// The question.
#[derive(Debug, Clone)]
pub(super) struct Ask {
    /// Relation and column, when any was named.
    pub(super) focus: Option<(String, Option<String>)>,
    pub(super) up: bool,
    pub(super) down: bool,
    pub(super) depth: Option<usize>,
}

/// Relations of an answer, each with the numbers of the columns that belong to it.
pub(super) type Chosen = BTreeMap<String, BTreeSet<usize>>;

impl Ask {
    /// Reads the arguments. A name is looked up on each side until one has it.
    ///
    /// # Errors
    /// No model or column of that name, with the nearest one; or several.
    pub(super) fn of(args: &LineageArgs, sides: &[&Bound]) -> Result<Self> {
        let both = args.upstream == args.downstream;
        let focus = match &args.model {
            None => None,
            Some(asked) => Some(find(asked, sides)?),
        };
        Ok(Self { focus, up: both || args.upstream, down: both || args.downstream, depth: args.depth })
    }

    /// Columns that the question starts from.
    pub(super) fn starts(&self, bound: &Bound) -> Vec<usize> {
        let graph = bound.graph();
        match &self.focus {
            None => Vec::new(),
            Some((id, Some(column))) => graph.find(id, column).into_iter().collect(),
            Some((id, None)) => graph.columns_of(id),
        }
    }

    /// What can be reached from these columns by the ways asked for.
    pub(super) fn reached(&self, starts: &[usize], bound: &Bound) -> Chosen {
        let graph = bound.graph();
        let mut chosen = Chosen::new();
        let ways = [(self.up, Way::Up), (self.down, Way::Down)];
        let reached =
            ways.iter().filter(|(wanted, _)| *wanted).flat_map(|(_, way)| graph.reach(starts, *way, self.depth));
        for number in reached.map(|(number, _)| number).chain(starts.iter().copied()) {
            chosen.entry(graph.column(number).0.clone()).or_default().insert(number);
        }
        // A model's neighbours belong to it even where no column ties them.
        if let Some((id, None)) = &self.focus {
            chosen.entry(id.clone()).or_default();
            if self.depth != Some(0) {
                let model = bound.project.models.get(id);
                let up = model.into_iter().flat_map(|m| m.depends_on.iter().map(String::as_str)).filter(|_| self.up);
                let children = bound.children();
                let down = children.get(id.as_str()).into_iter().flatten().copied().filter(|_| self.down);
                for beside in up.chain(down) {
                    chosen.entry(beside.to_owned()).or_default();
                }
            }
        }
        chosen
    }
}

/// Everything that has columns, by the names that people use.
fn names(bound: &Bound) -> impl Iterator<Item = (String, &str)> {
    let models = bound.project.models.values().map(|m| (m.name.clone(), m.unique_id.as_str()));
    models.chain(bound.project.sources.keys().map(|id| (bound.display_name(id), id.as_str())))
}

fn find(asked: &str, sides: &[&Bound]) -> Result<(String, Option<String>)> {
    let lookup = |name: &str| -> Result<Option<String>> {
        for side in sides {
            let found: BTreeSet<&str> = names(side)
                .filter(|(known, id)| *id == name || known.eq_ignore_ascii_case(name))
                .map(|(_, id)| id)
                .collect();
            let own: Vec<&&str> = found.iter().filter(|id| of_own_package(side, id)).collect();
            match (found.len(), own.as_slice()) {
                (0, _) => {}
                (1, _) => return Ok(found.first().map(|id| (*id).to_owned())),
                (_, [one]) => return Ok(Some((**one).to_owned())),
                _ => bail!("`{name}` means several: {}", found.into_iter().collect::<Vec<_>>().join(", ")),
            }
        }
        Ok(None)
    };
    if let Some(id) = lookup(asked)? {
        return Ok((id, None));
    }
    for (at, _) in asked.match_indices('.').rev() {
        let (relation, column) = (&asked[..at], &asked[at + 1..]);
        let Some(id) = lookup(relation)? else { continue };
        let known: Vec<&str> = sides
            .iter()
            .flat_map(|side| side.graph().columns_of(&id).into_iter().map(|n| side.graph().column(n).1.as_str()))
            .collect();
        if known.iter().any(|name| name.eq_ignore_ascii_case(column)) {
            return Ok((id, Some(column.to_owned())));
        }
        let why = sides.iter().find_map(|side| side.project.models.get(&id).and(side.analysis(&id).err()));
        let why = why.map(|e| format!(": {e:#}")).unwrap_or_default();
        bail!("`{relation}` has no column `{column}`{why}{}", hint(nearest(column, known)));
    }
    let known: Vec<String> = sides.iter().flat_map(|side| names(side).map(|(name, _)| name)).collect();
    let near = nearest(asked, known.iter().map(String::as_str));
    let head = asked.split_once('.').map(|(head, _)| head).unwrap_or(asked);
    let near = near.or_else(|| nearest(head, known.iter().map(String::as_str)));
    let project = sides.first().map(|side| side.project.name.clone()).unwrap_or_default();
    bail!("no model `{asked}` in project {project}{}", hint(near));
}

fn of_own_package(bound: &Bound, id: &str) -> bool {
    bound.project.models.get(id).is_some_and(|m| m.package == bound.project.name)
}
