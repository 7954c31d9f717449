//! Where a run's data is: the embedded DuckDB, or the team's own warehouse.

use crate::engine::{Body, Cell, Definition, Engine, Inlined, Limits, Scratch, Side, SidePlan, Workspace};
use crate::sql::Dialect;
use anyhow::{Result, bail};
use std::collections::BTreeMap;

/// Where the data is, before any relation is planned.
pub enum Store {
    /// A scratch DuckDB, furnished but not locked yet.
    Embedded(Box<Scratch>),
    /// A warehouse.
    Warehouse {
        /// How it is asked.
        engine: Box<dyn Engine>,
        /// What relations are called in it, by unique id, where that is not what the target calls them.
        called: BTreeMap<String, String>,
    },
}

impl From<Scratch> for Store {
    fn from(scratch: Scratch) -> Self {
        Self::Embedded(Box::new(scratch))
    }
}

/// Both sides' relations.
pub enum Relations {
    /// Built in the scratch database.
    Built(Box<Workspace>),
    /// Inlined over the warehouse.
    Inlined(Box<Inlined>),
}

/// Seeds of more rows than this are read from the warehouse only.
const MOST_ROWS: usize = 2_000;

impl Relations {
    /// Plans both sides.
    ///
    /// # Errors
    /// The database does not lock.
    pub fn new(store: Store, base: SidePlan, head: SidePlan, dialect: Dialect) -> Result<Self> {
        Ok(match store {
            Store::Embedded(scratch) => Self::Built(Box::new(Workspace::new(*scratch, base, head, dialect)?)),
            Store::Warehouse { engine, called } => {
                let (mut base, mut head) = (base, head);
                inline_seeds(engine.as_ref(), [&mut base, &mut head]);
                let guard = Box::new(move |sql: &str| crate::gates::safety::fit_for_a_warehouse(sql, dialect));
                Self::Inlined(Box::new(Inlined::new(engine, base, head, dialect, guard).calling(called)))
            }
        })
    }

    /// The engine that holds them.
    pub fn engine(&self) -> &dyn Engine {
        match self {
            Self::Built(workspace) => workspace.engine(),
            Self::Inlined(inlined) => inlined.engine(),
        }
    }

    /// SQL text that can stand after FROM and is the relation of `id`.
    ///
    /// # Errors
    /// Why there is none.
    pub fn relation(&self, side: Side, id: &str) -> Result<String> {
        match self {
            Self::Built(workspace) => workspace.relation(side, id),
            Self::Inlined(inlined) => inlined.relation(side, id),
        }
    }

    /// `sql` with every relation of the project replaced.
    ///
    /// # Errors
    /// As [`Relations::relation`].
    pub fn rewrite(&self, side: Side, sql: &str) -> Result<String> {
        match self {
            Self::Built(workspace) => workspace.rewrite(side, sql),
            Self::Inlined(inlined) => inlined.rewrite(side, sql),
        }
    }

    /// A query over given rows.
    ///
    /// # Errors
    /// As [`Relations::relation`], or a relation that is not given.
    pub fn query_over(&self, side: Side, sql: &str, given: &BTreeMap<String, String>) -> Result<String> {
        match self {
            Self::Built(workspace) => workspace.query_over(side, sql, given),
            Self::Inlined(inlined) => inlined.query_over(side, sql, given),
        }
    }

    /// The relation that a person's name for it means.
    ///
    /// # Errors
    /// Nothing has that name.
    pub fn named(&self, side: Side, name: &str) -> Result<String> {
        match self {
            Self::Built(workspace) => workspace.named(side, name),
            Self::Inlined(inlined) => inlined.named(side, name),
        }
    }
}

/// Seeds as queries of literals: a pull request's own rows are not in the warehouse. One that cannot be read stays as it
/// is, and is an error only of what reads it.
fn inline_seeds(engine: &dyn Engine, plans: [&mut SidePlan; 2]) {
    for plan in plans {
        for definition in plan.definitions.values_mut() {
            if let Ok(Some(sql)) = literals(engine, definition) {
                definition.body = Body::Query(sql);
            }
        }
    }
}

/// A header's name as a seed makes it a column's: only what is no plain name is quoted, since a quoted one is another
/// column to engines that fold.
fn plain(name: &str, engine: &dyn Engine) -> String {
    let fits = |c: char| c.is_ascii_alphanumeric() || c == '_';
    match name.chars().all(fits) && !name.starts_with(|c: char| c.is_ascii_digit()) {
        true => name.to_owned(),
        false => engine.name(name),
    }
}

fn literals(engine: &dyn Engine, definition: &Definition) -> Result<Option<String>> {
    let Body::Csv { types, .. } = &definition.body else { return Ok(None) };
    let mut scratch = Scratch::open(&[], Limits::default())?;
    let table = scratch.load(&definition.name, &definition.body)?;
    let database = scratch.lock()?;
    let columns = database.query(&format!("select * from {table} limit 0"))?.columns;
    let texts: Vec<String> =
        columns.iter().map(|(name, _)| format!("cast({} as varchar)", crate::engine::quoted(name))).collect();
    let rows = database.query(&format!("select {} from {table} limit {}", texts.join(", "), MOST_ROWS + 1))?.rows;
    if rows.len() > MOST_ROWS {
        bail!("more than {MOST_ROWS} rows");
    }
    let type_of = |name: &str, found: &str| {
        let declared = types.iter().find(|(column, _)| column.eq_ignore_ascii_case(name));
        declared.map_or_else(|| engine.spell(found), |(_, data_type)| data_type.clone())
    };
    let select = |row: Option<&Vec<Cell>>| {
        let items = columns.iter().enumerate().map(|(at, (name, found))| {
            let value = match row.and_then(|row| row.get(at)) {
                None | Some(Cell::Null) => "null".to_owned(),
                Some(cell) => engine.text(&cell.to_string()),
            };
            format!("cast({value} as {}) as {}", type_of(name, found), plain(name, engine))
        });
        format!("select {}", items.collect::<Vec<_>>().join(", "))
    };
    Ok(Some(match rows.is_empty() {
        true => format!("{} where 1 = 0", select(None)),
        false => rows.iter().map(|row| select(Some(row))).collect::<Vec<_>>().join("\nunion all\n"),
    }))
}
