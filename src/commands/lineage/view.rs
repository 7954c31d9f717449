//! The answer: relations and columns of one side, with their places.

use super::ask::{Ask, Chosen};
use crate::output::lineage::{
    Column, Focus, Lineage, Lost, Reader, ReaderKind, Relation, RelationKind, SCHEMA_VERSION, Source,
};
use crate::project::bind::Bound;
use crate::project::columns::Way;
use crate::project::{Lines, Model, NodeKind, Place};
use crate::sql::Output;
use rayon::prelude::*;
use serde_json::json;
use std::collections::{BTreeMap, BTreeSet};

/// The answer of one side.
pub(super) fn of(ask: &Ask, bound: &Bound, rev: &str) -> Lineage {
    let starts = ask.starts(bound);
    let chosen = match &ask.focus {
        None => everything(bound),
        Some(_) => ask.reached(&starts, bound),
    };
    Lineage {
        schema_version: SCHEMA_VERSION,
        project: bound.project.name.clone(),
        rev: rev.to_owned(),
        base: None,
        focus: ask.focus.clone().map(|(relation, column)| Focus { relation, column }),
        relations: relations(&chosen, bound),
        readers: if ask.down { readers(&starts, ask, &chosen, bound) } else { Vec::new() },
        impact: None,
    }
}

/// The project's own models, and all that they read.
fn everything(bound: &Bound) -> Chosen {
    let graph = bound.graph();
    let mut chosen = Chosen::new();
    for model in bound.models().filter(|m| m.package == bound.project.name) {
        for id in model.depends_on.iter().chain([&model.unique_id]) {
            chosen.entry(id.clone()).or_insert_with(|| graph.columns_of(id).into_iter().collect());
        }
    }
    chosen
}

/// The relations chosen, upstream first: sources, then models in dependency order.
pub(super) fn relations(chosen: &Chosen, bound: &Bound) -> Vec<Relation> {
    let order = bound.order();
    let sources = chosen.keys().filter(|id| !bound.project.models.contains_key(*id));
    let ids: Vec<&String> = sources.chain(order.iter().filter(|id| chosen.contains_key(*id))).collect();
    ids.into_par_iter().map(|id| relation(id, &chosen[id], chosen, bound)).collect()
}

fn relation(id: &str, columns: &BTreeSet<usize>, chosen: &Chosen, bound: &Bound) -> Relation {
    let graph = bound.graph();
    let model = bound.project.models.get(id);
    let analysis = model.filter(|m| m.csv.is_none()).map(|m| bound.analysis(&m.unique_id));
    let (kind, path) = match (model, bound.project.sources.get(id)) {
        (Some(model), _) => (kind_of(model), Some(model.path.clone())),
        (None, Some(source)) => (RelationKind::Source, Some(source.place.path.clone()).filter(|p| !p.is_empty())),
        (None, None) => (RelationKind::External, None),
    };
    let outputs: BTreeMap<&str, &Output> = match &analysis {
        Some(Ok(analysis)) => analysis.outputs.iter().map(|o| (o.name.as_str(), o)).collect(),
        _ => BTreeMap::new(),
    };
    let lines = model.map(Model::lines);
    let sql = model.and_then(|m| m.compiled.as_ref().ok()).map_or("", |c| c.sql.as_str());
    let column = |&number: &usize| {
        let name = &graph.column(number).1;
        let plain = Column { name: name.clone(), ..Column::default() };
        match (outputs.get(name.as_str()), &lines) {
            (Some(output), Some(lines)) => column_of(output, sql, lines, bound),
            _ => plain,
        }
    };
    let known = bound.columns(id).map_or_else(|| graph.columns_of(id).len(), <[String]>::len);
    let reads = model.into_iter().flat_map(|m| &m.depends_on).filter(|id| chosen.contains_key(*id));
    let read = analysis.as_ref().and_then(|a| a.as_ref().ok());
    Relation {
        id: id.to_owned(),
        name: bound.display_name(id),
        kind,
        path,
        reads: reads.cloned().collect(),
        column_count: known,
        columns: columns.iter().map(column).collect(),
        open: read.map(|a| a.open.iter().map(|id| bound.display_name(id)).collect()).unwrap_or_default(),
        unresolved: read.map_or(0, |a| a.unresolved.len()),
        problem: analysis.and_then(Result::err).map(|e| format!("{e:#}")),
        status: None,
        changes: Vec::new(),
    }
}

fn kind_of(model: &Model) -> RelationKind {
    match model.kind {
        NodeKind::Model => RelationKind::Model,
        NodeKind::Snapshot => RelationKind::Snapshot,
        NodeKind::Seed => RelationKind::Seed,
    }
}

fn column_of(output: &Output, sql: &str, lines: &Lines<'_>, bound: &Bound) -> Column {
    let line = |span: &crate::sql::Span| span.known().then(|| lines.locate(span).line);
    let mut from: Vec<Source> = Vec::new();
    for edge in &output.edges {
        let role = json!(edge.role).as_str().unwrap_or_default().to_owned();
        if !from.iter().any(|s| s.relation == edge.table && s.column == edge.column && s.role == role) {
            let (relation, column, name) = (edge.table.clone(), edge.column.clone(), bound.display_name(&edge.table));
            from.push(Source { relation, name, column, role, line: line(&edge.span), status: None });
        }
    }
    let lost = output.unresolved.iter().map(|u| Lost {
        name: u.name.clone(),
        reason: json!(u.reason).as_str().unwrap_or_default().to_owned(),
        line: line(&u.span),
    });
    Column {
        name: output.name.clone(),
        kind: json!(output.kind).as_str().map(str::to_owned),
        line: Some(lines.of_output(output).line).filter(|line| *line > 0),
        sql: sql.get(output.span.start..output.span.end).filter(|sql| !sql.is_empty()).map(str::to_owned),
        from,
        unresolved: lost.collect(),
        ..Column::default()
    }
}

/// Exposures, metrics and tests on what was asked for and what is made of it.
pub(super) fn readers(starts: &[usize], ask: &Ask, chosen: &Chosen, bound: &Bound) -> Vec<Reader> {
    let graph = bound.graph();
    let reached = graph.reach(starts, Way::Down, ask.depth);
    let mut below: BTreeSet<&str> = reached.keys().map(|&number| graph.column(number).0.as_str()).collect();
    below.extend(ask.focus.iter().map(|(id, _)| id.as_str()));
    if ask.focus.is_none() && starts.is_empty() {
        below = chosen.keys().map(String::as_str).collect();
    }
    let shown = |ids: &mut dyn Iterator<Item = &String>| -> Vec<String> {
        ids.filter(|id| below.contains(id.as_str())).cloned().collect()
    };
    let exposures = bound.project.exposures.iter().map(|(name, ids)| Reader {
        kind: ReaderKind::Exposure,
        name: name.clone(),
        relations: shown(&mut ids.iter()),
        column: None,
        place: None,
    });
    let whole = ask.focus.is_none() && starts.is_empty();
    let metrics = bound.project.metrics.values().filter_map(|metric| {
        let hit = || reached.keys().map(|&number| graph.column(number)).any(|(id, column)| metric.reads(id, column));
        (whole || ask.focus.as_ref().is_some_and(|(_, column)| column.is_none()) || hit()).then(|| Reader {
            kind: ReaderKind::Metric,
            name: metric.name.clone(),
            relations: shown(&mut metric.reads.keys()),
            column: None,
            place: place(&metric.place),
        })
    });
    let tests = bound.project.tests.values().filter_map(|test| {
        let relations = match &test.attached {
            Some(id) => shown(&mut std::iter::once(id)),
            None => shown(&mut test.depends_on.iter()),
        };
        let on = test.attached.as_ref().zip(test.column.as_ref());
        let hit = on.is_none_or(|(id, c)| graph.find(id, c).is_some_and(|n| reached.contains_key(&n)));
        (whole || hit).then(|| Reader {
            kind: ReaderKind::Test,
            name: test.name.clone(),
            relations,
            column: test.column.clone(),
            place: place(&test.place),
        })
    });
    let mut readers: Vec<Reader> = exposures.chain(metrics).chain(tests).filter(|r| !r.relations.is_empty()).collect();
    readers.sort_by(|a, b| (a.kind, &a.name, &a.relations, &a.column).cmp(&(b.kind, &b.name, &b.relations, &b.column)));
    readers
}

fn place(place: &Place) -> Option<String> {
    match (place.path.is_empty(), place.line) {
        (true, _) => None,
        (false, 0) => Some(place.path.clone()),
        (false, line) => Some(format!("{}:{line}", place.path)),
    }
}
