//! What a reference can see: relations with their columns, CTEs and select aliases.

use std::collections::{BTreeSet, HashMap};
use std::rc::Rc;

use super::term::{self, Block, LeafId, LeafMap, T};
use super::{Dialect, Edge, OutputKind, Span, Unresolved};

/// A column of a relation or a select item.
#[derive(Debug, Clone)]
pub(super) struct Column {
    pub(super) name: Rc<str>,
    /// Key under which it is found; a second one when the catalog does not say whether the name was quoted.
    pub(super) key: Rc<str>,
    pub(super) other_key: Option<Rc<str>>,
    pub(super) edges: Rc<Vec<Edge>>,
    pub(super) term: T,
    pub(super) kind: OutputKind,
    /// The select item that computes it; unknown for a base column.
    pub(super) span: Span,
    pub(super) unresolved: Rc<Vec<Unresolved>>,
    /// Base columns that only stars have passed on so far: read when somebody names this column.
    pub(super) starred: Rc<Vec<(Rc<str>, Rc<str>)>>,
}

impl Column {
    pub(super) fn matches(&self, key: &str) -> bool {
        &*self.key == key || self.other_key.as_deref() == Some(key)
    }

    /// A column of a base relation.
    pub(super) fn base(table: &Rc<str>, name: &str, keys: (String, Option<String>), leaf: LeafId) -> Column {
        Column {
            name: name.into(),
            key: keys.0.into(),
            other_key: keys.1.map(Into::into),
            edges: Rc::new(vec![Edge {
                table: table.to_string(),
                column: name.to_owned(),
                role: super::Role::Value,
                via: Vec::new(),
                span: Span::default(),
            }]),
            term: term::column(leaf, name),
            kind: OutputKind::PassThrough,
            span: Span::default(),
            unresolved: Rc::default(),
            starred: Rc::new(vec![(table.clone(), name.into())]),
        }
    }

    pub(super) fn with_name(&self, name: &str, key: &str) -> Column {
        Column { name: name.into(), key: key.into(), other_key: None, ..self.clone() }
    }
}

/// A star whose relation has columns that nobody knows.
#[derive(Debug, Clone)]
pub(super) struct Open {
    /// Ids of the relations.
    pub(super) tables: BTreeSet<String>,
    /// The one relation that an unlisted column can only come from.
    pub(super) via: Option<Rc<Via>>,
}

#[derive(Debug)]
pub(super) struct Via {
    pub(super) source: Rc<Source>,
    /// Keys that the star leaves out.
    pub(super) excluded: BTreeSet<String>,
    /// What happened to the leaves since.
    pub(super) map: LeafMap,
}

/// A resolved query as its consumers see it.
#[derive(Debug, Clone)]
pub(super) struct Resolved {
    pub(super) columns: Vec<Rc<Column>>,
    pub(super) open: Option<Open>,
    pub(super) block: Rc<Block>,
    /// Ids of the base relations under it.
    pub(super) tables: BTreeSet<String>,
}

/// How a source's terms become terms of the block that reads it.
#[derive(Debug)]
pub(super) enum Mapping {
    Same,
    Leaves(LeafMap),
    Wrapped(LeafId, Rc<Block>),
}

impl Mapping {
    pub(super) fn apply(&self, term: &T) -> T {
        match self {
            Mapping::Same => term.clone(),
            Mapping::Leaves(map) => map.apply(term),
            Mapping::Wrapped(leaf, block) => term::inner(*leaf, term, block),
        }
    }
}

/// One item of a FROM clause.
#[derive(Debug)]
pub(super) struct Source {
    /// Its alias, or its name's parts, outermost first, as keys.
    pub(super) name: Vec<String>,
    pub(super) columns: Rc<Vec<Rc<Column>>>,
    pub(super) index: HashMap<Rc<str>, Vec<usize>>,
    pub(super) open: Option<Open>,
    /// An open base relation: any column may be read from it.
    pub(super) base: Option<(Rc<str>, LeafId)>,
    pub(super) mapping: Mapping,
    pub(super) tables: BTreeSet<String>,
    /// Elements of an array: `x.field` reads the element.
    pub(super) element: bool,
}

impl Source {
    pub(super) fn new(name: Vec<String>, columns: Rc<Vec<Rc<Column>>>, mapping: Mapping) -> Source {
        let mut index: HashMap<Rc<str>, Vec<usize>> = HashMap::with_capacity(columns.len());
        for (at, column) in columns.iter().enumerate() {
            index.entry(column.key.clone()).or_default().push(at);
            if let Some(other) = &column.other_key {
                let places = index.entry(other.clone()).or_default();
                if !places.contains(&at) {
                    places.push(at);
                }
            }
        }
        Source { name, columns, index, open: None, base: None, mapping, tables: BTreeSet::new(), element: false }
    }

    /// Whether a qualifier (parts as keys) names this source.
    pub(super) fn is_named(&self, qualifier: &[String]) -> bool {
        !qualifier.is_empty() && self.name.len() >= qualifier.len() && self.name.ends_with(qualifier)
    }

    pub(super) fn is_open(&self) -> bool {
        self.open.is_some()
    }

    /// The listed column of that key, seen from the reading block. `Err`: more than one.
    pub(super) fn listed(&self, key: &str) -> Result<Option<Column>, ()> {
        match self.index.get(key).map(Vec::as_slice) {
            None | Some([]) => Ok(None),
            Some([at]) => Ok(Some(self.seen(&self.columns[*at]))),
            Some(_) => Err(()),
        }
    }

    pub(super) fn seen(&self, column: &Column) -> Column {
        Column { term: self.mapping.apply(&column.term), ..column.clone() }
    }

    /// A column that is not listed but can only come from one open relation behind this source.
    pub(super) fn unlisted(&self, dialect: Dialect, name: &str, quoted: bool) -> Option<Column> {
        let key = dialect.fold_key(name, quoted);
        if let Some((table, leaf)) = &self.base {
            // Two spellings of one name are one column.
            let canonical = match dialect {
                Dialect::Snowflake if dialect.fold_key(&key, false) == key => key.to_lowercase(),
                Dialect::Snowflake => format!("\"{key}\""),
                _ => key.clone(),
            };
            let column = Column::base(table, name, (key, None), *leaf);
            return Some(Column { term: term::column(*leaf, &canonical), ..column });
        }
        let via = self.open.as_ref()?.via.as_ref()?;
        if via.excluded.contains(&key) {
            return None;
        }
        let column = match via.source.listed(&key) {
            Ok(Some(column)) => column,
            Ok(None) => via.source.unlisted(dialect, name, quoted)?,
            Err(()) => return None,
        };
        let term = self.mapping.apply(&via.map.apply(&column.term));
        Some(Column { term, ..column })
    }
}

/// A column that USING or NATURAL made of two.
#[derive(Debug, Clone)]
pub(super) struct Merged {
    pub(super) column: Column,
    /// The sources whose column of that key is not seen by its bare name.
    pub(super) members: Vec<usize>,
}

/// Whether select aliases are seen, and before or after the sources' columns.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Aliases {
    Hidden,
    AfterColumns,
    BeforeColumns,
}

/// A select item that something to its left may use.
#[derive(Debug)]
pub(super) enum Ahead {
    Waiting(Box<sqlparser::ast::Expr>),
    Busy,
    Done(Column),
}

/// One query block's names.
#[derive(Debug)]
pub(super) struct Scope {
    pub(super) sources: Vec<Rc<Source>>,
    /// Sources that only a join's own condition sees (the right side of SEMI and ANTI).
    pub(super) hidden: BTreeSet<usize>,
    pub(super) merged: Vec<Merged>,
    pub(super) items: Vec<Column>,
    pub(super) aliases: Aliases,
    /// Aliases of items that are not resolved yet, where a dialect lets those before them use them.
    pub(super) ahead: HashMap<String, Ahead>,
    pub(super) windows: HashMap<String, sqlparser::ast::WindowSpec>,
    /// Parameters of the lambdas around the expression.
    pub(super) lambdas: Vec<String>,
    /// A derived table without LATERAL does not see this scope.
    pub(super) sealed: bool,
    /// Sources that the expression at hand reads.
    pub(super) touched: BTreeSet<usize>,
    /// Joins of its FROM, while conditions are read that may tie them.
    pub(super) joins: Vec<super::shapes::Pending>,
}

impl Scope {
    pub(super) fn new() -> Scope {
        Scope {
            sources: Vec::new(),
            hidden: BTreeSet::new(),
            merged: Vec::new(),
            items: Vec::new(),
            aliases: Aliases::Hidden,
            ahead: HashMap::new(),
            windows: HashMap::new(),
            lambdas: Vec::new(),
            sealed: false,
            touched: BTreeSet::new(),
            joins: Vec::new(),
        }
    }

    pub(super) fn visible(&self) -> impl Iterator<Item = (usize, &Rc<Source>)> {
        self.sources.iter().enumerate().filter(|(at, _)| !self.hidden.contains(at))
    }
}

/// A WITH entry.
#[derive(Debug)]
pub(super) struct Cte {
    pub(super) key: String,
    /// `name as (...)` in the text.
    pub(super) span: Span,
    pub(super) resolved: Rc<Resolved>,
    /// Its own body is being resolved: this is the part that is known so far.
    pub(super) provisional: bool,
    pub(super) recursive: bool,
    /// Times that it was read.
    pub(super) uses: usize,
    pub(super) clauses: Vec<super::Clause>,
    /// ClickHouse's `with x + 1 as y`: no relation, but an expression under a name.
    pub(super) expression: Option<Box<sqlparser::ast::Expr>>,
}
