//! A side of a comparison that is in a warehouse, or two sides in two engines.

use super::{Request, compare_in, options, personal};
use crate::commands::gather::{self, Place};
use crate::engine::statement::single_query_in;
use crate::engine::{Engine, Scratch, Side, SidePlan, Workspace};
use crate::gates::safety::fit_for_a_warehouse;
use crate::reconcile::{Reconciliation, compare_across};
use crate::sql::Dialect;
use anyhow::{Context, Result, bail};
use regex::Regex;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

/// Whether a side is said to be elsewhere than in the embedded DuckDB.
pub(super) fn asked(request: &Request) -> bool {
    request.reference_warehouse.is_some() || request.candidate_warehouse.is_some()
}

/// One side, where it is.
enum Held {
    Here(Box<Workspace>, String),
    There(Box<dyn Engine>, String),
}

impl Held {
    fn engine(&self) -> &dyn Engine {
        match self {
            Held::Here(workspace, _) => workspace.engine(),
            Held::There(engine, _) => engine.as_ref(),
        }
    }

    fn from(&self) -> &str {
        match self {
            Held::Here(_, from) | Held::There(_, from) => from,
        }
    }
}

/// Compares where at least one side is in a warehouse.
///
/// # Errors
/// A place or relation that cannot be found or reached; or as [`compare_across`].
pub(super) fn reconcile(request: &Request) -> Result<Reconciliation> {
    for (flag, text) in [("--reference", &request.reference), ("--candidate", &request.candidate)] {
        if text.trim().starts_with("model:") {
            bail!(
                "{flag} {text}: a model is built where its project's data is; name its relation, or leave {flag}-warehouse out"
            );
        }
    }
    let drivers = drivers(&request.driver)?;
    let open = |place: &Option<String>, flag: &str| match place {
        Some(name) => gather::place(name, &drivers).with_context(|| format!("{flag}-warehouse {name}")),
        None => Ok(Place::File(request.database.clone())),
    };
    let reference = open(&request.reference_warehouse, "--reference")?;
    if request.reference_warehouse == request.candidate_warehouse {
        return within(reference, request);
    }
    let candidate = open(&request.candidate_warehouse, "--candidate")?;
    // A CSV is read with the types of what it is compared with, so a warehouse is asked first.
    let (reference, candidate) = match (reference, candidate) {
        (Place::File(file), candidate) => {
            let candidate = held(candidate, &request.candidate, BTreeMap::new()).context("--candidate")?;
            let types = types(&candidate).context("--candidate")?;
            (held(Place::File(file), &request.reference, types).context("--reference")?, candidate)
        }
        (reference, candidate) => {
            let reference = held(reference, &request.reference, BTreeMap::new()).context("--reference")?;
            let types = types(&reference).context("--reference")?;
            (reference, held(candidate, &request.candidate, types).context("--candidate")?)
        }
    };
    let mut hidden = BTreeSet::new();
    for side in [&reference, &candidate] {
        hidden.extend(personal(side.engine(), side.from())?);
    }
    compare_across(
        (reference.engine(), reference.from()),
        (candidate.engine(), candidate.from()),
        &options(request, hidden)?,
    )
}

/// Both sides in one place.
fn within(place: Place, request: &Request) -> Result<Reconciliation> {
    match place {
        Place::File(database) => {
            let here = Request { reference_warehouse: None, candidate_warehouse: None, database, ..request.clone() };
            super::reconcile(&here)
        }
        Place::Warehouse(engine) => {
            let reference = relation(&request.reference, engine.dialect()).context("--reference")?;
            let candidate = relation(&request.candidate, engine.dialect()).context("--candidate")?;
            compare_in(engine.as_ref(), &reference, &candidate, request, BTreeSet::new())
        }
    }
}

fn held(place: Place, text: &str, types: BTreeMap<String, String>) -> Result<Held> {
    match place {
        Place::Warehouse(engine) => {
            let from = relation(text, engine.dialect())?;
            Ok(Held::There(engine, from))
        }
        Place::File(database) => {
            let mut databases = Vec::new();
            if let Some(file) = &database {
                super::attach(&mut databases, file)?;
            }
            let body = super::relation(text, &mut databases)?;
            let scratch = Scratch::open(&databases, crate::engine::Limits::default())?;
            let plan = super::plan("side", super::typed(body, types)?);
            let workspace = Workspace::new(scratch, plan, SidePlan::default(), Dialect::DuckDb)?;
            let from = workspace.relation(Side::Base, "side")?;
            Ok(Held::Here(Box::new(workspace), from))
        }
    }
}

/// Types of a side's columns that DuckDB has too.
fn types(side: &Held) -> Result<BTreeMap<String, String>> {
    let columns = side.engine().query(&format!("select * from {} as t limit 0", side.from()))?.columns;
    Ok(columns.into_iter().filter(|(_, data_type)| data_type != "NUMERIC").collect())
}

/// What can stand after FROM in a warehouse for a `REL` of the command line.
fn relation(text: &str, dialect: Dialect) -> Result<String> {
    let text = text.trim();
    if super::is_query(text) {
        fit_for_a_warehouse(text, dialect).context("the query is not run")?;
        return Ok(format!("(\n{}\n)", single_query_in(text, dialect)?));
    }
    if super::has_ending(text, super::FILES) && Path::new(text).exists() {
        bail!("{text} is a file, which no warehouse holds; leave out where this side is");
    }
    let part = "(?:[\\w$-]+|\"(?:[^\"]|\"\")+\"|`[^`]+`)";
    if !Regex::new(&format!(r"^{part}(?:\.{part}){{0,3}}$"))?.is_match(text) {
        bail!("{text} is no relation's name and no query; write it as schema.table");
    }
    Ok(text.to_owned())
}

/// `adapter=driver` by adapter.
fn drivers(written: &[String]) -> Result<BTreeMap<String, String>> {
    let one = |text: &String| {
        let (adapter, driver) =
            text.split_once('=').with_context(|| format!("--driver {text}: write it as postgres=PATH"))?;
        Ok((adapter.trim().to_owned(), driver.trim().to_owned()))
    };
    written.iter().map(one).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_queries_are_told_from_anything_else() {
        for name in ["orders", "shop.orders", "a.b-c.d", "\"My Schema\".\"it's\"", "`p`.`d`.`t`"] {
            assert_eq!(relation(name, Dialect::Postgres).unwrap(), name);
        }
        assert_eq!(relation("select 1 as a;", Dialect::Postgres).unwrap(), "(\nselect 1 as a\n)");
        for text in
            ["orders; drop table x", "a b", "(select 1)) x", "", "delete from x", "select pg_read_file('/etc/passwd')"]
        {
            assert!(relation(text, Dialect::Postgres).is_err(), "{text}");
        }
        for text in ["select * from text.`/etc/passwd`", "select * from csv.`passwd`", "select * from `json`.`a/b`"] {
            let error = format!("{:#}", relation(text, Dialect::Spark).unwrap_err());
            assert!(error.contains("reads a file"), "{text}: {error}");
        }
        assert!(relation("select * from json.orders join `text`.`orders` using (id)", Dialect::Spark).is_ok());
        assert_eq!(drivers(&["postgres=/x/y.so".to_owned()]).unwrap()["postgres"], "/x/y.so");
        assert!(drivers(&["/x/y.so".to_owned()]).is_err());
    }
}
