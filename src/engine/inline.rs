//! Both sides' relations on a warehouse where nothing may be written: what a pull request changes is inlined as common
//! table expressions over the relations that the warehouse has.

use super::graph::{Attached, Graph, Piece};
use super::statement::single_query_in;
use super::{Body, Engine, Side, SidePlan, spelling};
use crate::sql::{Dialect, unaliased};
use anyhow::{Result, anyhow, bail};
use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Says why a query must not run on a warehouse.
pub type Guard = Box<dyn Fn(&str) -> Result<()> + Send + Sync>;

/// The relations of both sides, as texts over a warehouse.
///
/// A relation that is made alike on both sides is the warehouse's own, where it has one; everything that differs, on
/// base as on head, is its query, so that both sides read the same sources at the same time.
pub struct Inlined {
    engine: Box<dyn Engine>,
    guard: Guard,
    /// What the warehouse calls relations, by id, where that is not what their definitions say.
    called: BTreeMap<String, String>,
    state: Mutex<State>,
}

struct State {
    base: Graph,
    head: Graph,
    /// Whether the warehouse has what this text names.
    stored: BTreeMap<String, bool>,
    /// Queries that the guard has passed or refused, by their text.
    guarded: BTreeMap<String, Option<String>>,
}

/// What stands for a relation in a query.
enum Place {
    /// The warehouse's own.
    Stored(String),
    /// A common table expression.
    Inlined(String),
}

/// Common table expressions in the order in which they read each other: name, query.
type Expressions = Vec<(String, String)>;

impl Inlined {
    /// Over an engine whose queries are written in `dialect`. `guard` is asked about every query of the project before it runs.
    pub fn new(engine: Box<dyn Engine>, base: SidePlan, head: SidePlan, dialect: Dialect, guard: Guard) -> Self {
        let state = State {
            base: Graph::new(base, dialect),
            head: Graph::new(head, dialect),
            stored: BTreeMap::new(),
            guarded: BTreeMap::new(),
        };
        Self { engine, guard, called: BTreeMap::new(), state: Mutex::new(state) }
    }

    /// The same, with names by id that the warehouse has for relations that are made alike on both sides.
    #[must_use]
    pub fn calling(mut self, called: BTreeMap<String, String>) -> Self {
        self.called = called;
        self
    }

    /// The engine.
    pub fn engine(&self) -> &dyn Engine {
        self.engine.as_ref()
    }

    /// SQL text that can stand after FROM and is the relation of `id` on `side`.
    ///
    /// # Errors
    /// What it is made of cannot be a query here, and why.
    pub fn relation(&self, side: Side, id: &str) -> Result<String> {
        let mut expressions = Vec::new();
        Ok(match self.place(&mut self.state(), side, id, &mut expressions)? {
            Place::Stored(text) => text,
            Place::Inlined(name) => format!("({}\nselect * from {name})", with(&expressions)),
        })
    }

    /// `sql` with every relation of the project replaced by its relation on `side`.
    ///
    /// # Errors
    /// As [`Inlined::relation`]; or the text cannot be read.
    pub fn rewrite(&self, side: Side, sql: &str) -> Result<String> {
        let mut state = self.state();
        self.pass(&mut state, sql)?;
        let pieces = state.graph(side).pieces(sql, &Attached::new())?;
        let mut expressions = Vec::new();
        let text = self.filled(&mut state, side, sql, &pieces, &mut expressions)?;
        match expressions.is_empty() {
            true => Ok(text),
            false => {
                Ok(format!("{}\nselect * from (\n{}\n) as rowproof_query", with(&expressions), self.single(&text)?))
            }
        }
    }

    /// A query over given rows: each relation of `side` that it reads stands for the query that `given` has for it.
    ///
    /// # Errors
    /// It reads a relation that is not given, or a text that must not run here.
    pub fn query_over(&self, side: Side, sql: &str, given: &BTreeMap<String, String>) -> Result<String> {
        let mut state = self.state();
        self.pass(&mut state, sql)?;
        let pieces = state.graph(side).pieces(sql, &Attached::new())?;
        let bare = unaliased(sql, state.graph(side).dialect()).unwrap_or_default();
        let (mut expressions, mut text) = (Expressions::new(), String::new());
        let mut names: BTreeMap<&str, String> = BTreeMap::new();
        for piece in &pieces {
            match piece {
                Piece::Text(t) => text.push_str(t),
                Piece::Relation { id: parent, at } => {
                    let parent_name = state.graph(side).plan.definition(parent)?.name.clone();
                    if !names.contains_key(parent.as_str()) {
                        let rows = given.get(parent).ok_or_else(|| anyhow!("no rows are given for {parent_name}"))?;
                        self.pass(&mut state, rows)?;
                        let name = format!("rowproof_given_{}", names.len());
                        expressions.push((name.clone(), self.single(rows)?.to_owned()));
                        names.insert(parent, name);
                    }
                    text.push_str(&named(
                        &names[parent.as_str()],
                        &parent_name,
                        bare.contains(at),
                        self.engine.dialect(),
                    ));
                }
            }
        }
        let text = self.single(&text)?;
        if expressions.is_empty() {
            return Ok(text.to_owned());
        }
        Ok(format!("{}\nselect * from (\n{text}\n) as rowproof_query", with(&expressions)))
    }

    /// A relation by the name that a person wrote for it: one of the project's, else the warehouse's.
    ///
    /// # Errors
    /// As [`Inlined::relation`].
    pub fn named(&self, side: Side, name: &str) -> Result<String> {
        let parts: Vec<&str> = name.split('.').map(|part| part.trim().trim_matches(['"', '`'])).collect();
        let id = self.state().graph(side).plan.names.get(&parts.join(".").to_lowercase()).cloned();
        match id {
            Some(id) => self.relation(side, &id),
            None => Ok(name.trim().to_owned()),
        }
    }

    /// The text of one query, as the warehouse would cut it.
    fn single<'a>(&self, sql: &'a str) -> Result<&'a str> {
        single_query_in(sql, self.engine.dialect())
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // Every change to the state is one insertion, so a panic cannot leave it half made.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn place(&self, state: &mut State, side: Side, id: &str, expressions: &mut Expressions) -> Result<Place> {
        let definition = state.graph(side).plan.definition(id)?.clone();
        let node = state.graph(side).node(id, &Attached::new())?;
        let name = format!("rowproof_{}", &node.hash[..12]);
        if expressions.iter().any(|(known, _)| *known == name) {
            return Ok(Place::Inlined(name));
        }
        let external = matches!(definition.body, Body::External(..));
        let alike = state.other(side).node(id, &Attached::new()).is_ok_and(|other| other.hash == node.hash);
        let elsewhere = self.called.get(id).filter(|_| alike).cloned();
        let here = state.graph(side).called(id).filter(|_| alike || external);
        for text in elsewhere.into_iter().chain(here) {
            if external || self.has(state, &text) {
                return Ok(Place::Stored(text));
            }
        }
        let sql = match &definition.body {
            Body::Query(sql) => sql,
            Body::External(database, schema, table) => {
                let parts = [database, schema, table].into_iter().filter(|part| !part.is_empty());
                return Ok(Place::Stored(parts.cloned().collect::<Vec<_>>().join(".")));
            }
            Body::Unbuildable(reason) => bail!("{}: {reason}", definition.name),
            Body::Csv { .. } => bail!(
                "{}: the seed is not in the warehouse as {}; run `dbt seed` there, or keep it under its row limit",
                definition.name,
                definition.id
            ),
            Body::File(path) => bail!("{}: the file {} is not in the warehouse", definition.name, path.display()),
        };
        let failed = |e: anyhow::Error| anyhow!("{}: {e:#}", definition.name);
        self.pass(state, sql).map_err(failed)?;
        let text = self.filled(state, side, sql, &node.pieces, expressions)?;
        expressions.push((name.clone(), self.single(&text).map_err(failed)?.to_owned()));
        Ok(Place::Inlined(name))
    }

    /// The text with each relation in its place; those that are inlined are put into `expressions` first.
    fn filled(
        &self,
        state: &mut State,
        side: Side,
        sql: &str,
        pieces: &[Piece],
        expressions: &mut Expressions,
    ) -> Result<String> {
        // A query may qualify columns by the name of a relation, which its expression does not have.
        let bare = unaliased(sql, state.graph(side).dialect()).unwrap_or_default();
        let mut text = String::new();
        for piece in pieces {
            match piece {
                Piece::Text(t) => text.push_str(t),
                Piece::Relation { id, at } => {
                    let place = self.place(state, side, id, expressions)?;
                    let own = state.graph(side).plan.definition(id)?.name.clone();
                    match place {
                        Place::Stored(stored) if self.called.get(id) == Some(&stored) => {
                            let last = stored.rsplit('.').next().unwrap_or(&stored).trim_matches(['"', '`']);
                            let other = !last.eq_ignore_ascii_case(&own);
                            text.push_str(&named(&stored, &own, other && bare.contains(at), self.engine.dialect()));
                        }
                        Place::Stored(stored) => text.push_str(&stored),
                        Place::Inlined(name) => {
                            text.push_str(&named(&name, &own, bare.contains(at), self.engine.dialect()))
                        }
                    }
                }
            }
        }
        Ok(text)
    }

    fn has(&self, state: &mut State, text: &str) -> bool {
        if let Some(known) = state.stored.get(text) {
            return *known;
        }
        let has = self.engine.query(&format!("select 1 as one from {text} where 1 = 0")).is_ok();
        state.stored.insert(text.to_owned(), has);
        has
    }

    fn pass(&self, state: &mut State, sql: &str) -> Result<()> {
        let known = match state.guarded.get(sql) {
            Some(known) => known.clone(),
            None => {
                let refused = (self.guard)(sql).err().map(|e| format!("{e:#}"));
                state.guarded.insert(sql.to_owned(), refused.clone());
                refused
            }
        };
        known.map_or(Ok(()), |why| bail!("it is not run on the warehouse: {why}"))
    }
}

impl State {
    fn graph(&mut self, side: Side) -> &mut Graph {
        match side {
            Side::Base => &mut self.base,
            Side::Head => &mut self.head,
        }
    }

    fn other(&mut self, side: Side) -> &mut Graph {
        self.graph(if side == Side::Base { Side::Head } else { Side::Base })
    }
}

/// An expression's name, under the relation's own one where the query gives none.
fn named(expression: &str, own: &str, bare: bool, dialect: Dialect) -> String {
    let plain =
        own.chars().all(|c| c.is_ascii_alphanumeric() || c == '_') && !own.starts_with(|c: char| c.is_ascii_digit());
    match (bare, plain) {
        (false, _) => expression.to_owned(),
        (true, true) => format!("{expression} as {own}"),
        (true, false) => format!("{expression} as {}", spelling::name(own, dialect)),
    }
}

fn with(expressions: &Expressions) -> String {
    let all: Vec<String> = expressions.iter().map(|(name, sql)| format!("{name} as (\n{sql}\n)")).collect();
    format!("with {}", all.join(",\n"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::{Definition, Rows};

    /// A warehouse that has everything.
    struct Full;

    impl Engine for Full {
        fn query(&self, _: &str) -> Result<Rows> {
            Ok(Rows::default())
        }

        fn dialect(&self) -> Dialect {
            Dialect::Postgres
        }
    }

    fn plan(orders: &str) -> SidePlan {
        let of = |id: &str, body: Body, refs: &[(&str, &str)]| Definition {
            id: id.to_owned(),
            name: id.to_owned(),
            body,
            refs: refs.iter().map(|(text, id)| ((*text).to_owned(), (*id).to_owned())).collect(),
            origin: String::new(),
        };
        let raw = of("raw", Body::External("db".into(), "dev".into(), "raw".into()), &[]);
        let orders = of("orders", Body::Query(orders.into()), &[("dev.raw", "raw")]);
        let users = of("users", Body::Query("select orders.id from dev.orders".into()), &[("dev.orders", "orders")]);
        let all = [raw, orders, users];
        SidePlan { definitions: all.into_iter().map(|d| (d.id.clone(), d)).collect(), ..SidePlan::default() }
    }

    #[test]
    fn what_is_alike_is_read_under_its_name_in_production() {
        let called = [("raw", "lake.raw"), ("orders", "prod.orders_final"), ("users", "prod.users")];
        let called: BTreeMap<String, String> = called.iter().map(|(a, b)| ((*a).into(), (*b).into())).collect();
        let over = |head: &str| {
            let base = plan("select id from dev.raw");
            let inlined = Inlined::new(Box::new(Full), base, plan(head), Dialect::Postgres, Box::new(|_| Ok(())));
            inlined.calling(called.clone())
        };
        let same = over("select id from dev.raw");
        assert_eq!(same.relation(Side::Head, "users").unwrap(), "prod.users");
        assert_eq!(
            same.rewrite(Side::Head, "select orders.id from dev.orders").unwrap(),
            "select orders.id from prod.orders_final as orders"
        );
        let changed = over("select id + 1 as id from dev.raw");
        let head = changed.relation(Side::Head, "users").unwrap();
        assert!(head.contains("select id + 1 as id from lake.raw") && !head.contains("prod."), "{head}");
    }
}
