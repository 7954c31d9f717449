//! A query as blocks of resolved expressions: what rules about the meaning of SQL look at.
//!
//! Unlike [`super::Analysis`], which says what outputs are made of, this keeps the shape that a person wrote: which
//! aggregate stands in which SELECT, over which joins, behind which filters. Names are resolved to the relation of the
//! FROM clause that they belong to; what cannot be resolved says so and is never guessed.

mod build;
mod canonical;
mod expr;
mod from;
mod names;
mod text;
mod walk;

use super::Span;

pub use build::outline;
pub use canonical::canonical;
pub use text::text;
pub use walk::Origin;

/// Number of a block in [`Outline::blocks`].
pub type BlockId = usize;

/// All blocks of one query; CTEs and subqueries are blocks of their own.
#[derive(Debug, Clone, Default)]
pub struct Outline {
    /// Blocks, those that are read before those that read them.
    pub blocks: Vec<Block>,
    /// The outermost one.
    pub root: BlockId,
}

/// One query block.
#[derive(Debug, Clone)]
pub struct Block {
    /// The name of the CTE that it is.
    pub name: Option<String>,
    /// What it is.
    pub body: Body,
    /// ORDER BY, in order; empty for a set operation whose order names what is not resolved.
    pub order: Vec<OrderKey>,
    /// LIMIT, TOP or FETCH.
    pub limit: Option<Limit>,
}

/// What a block is.
#[derive(Debug, Clone)]
pub enum Body {
    /// A SELECT.
    Select(Box<Select>),
    /// A chain of one set operation.
    Set {
        /// `union`, `except`, `intersect`.
        operator: &'static str,
        /// Whether duplicates stay.
        all: bool,
        /// The arms in order.
        arms: Vec<BlockId>,
        /// The whole.
        span: Span,
    },
    /// VALUES and whatever else is not looked into: its columns in lower case, when they are known.
    Opaque(Option<Vec<String>>),
}

/// One SELECT.
#[derive(Debug, Clone, Default)]
pub struct Select {
    /// Relations of the FROM clause, in order.
    pub sources: Vec<Source>,
    /// Conjuncts of WHERE.
    pub filters: Vec<Node>,
    /// GROUP BY keys, aliases and ordinals replaced by what they stand for; empty for an aggregate over all rows.
    pub group: Option<Vec<Node>>,
    /// ROLLUP, CUBE or GROUPING SETS: the keys are not those of the rows.
    pub grouping_sets: bool,
    /// Conjuncts of HAVING.
    pub having: Vec<Node>,
    /// Conjuncts of QUALIFY.
    pub qualify: Vec<Node>,
    /// Output columns, stars written out where the columns are known.
    pub items: Vec<Item>,
    /// A star stands for columns that are not known.
    pub open: bool,
    /// DISTINCT, with its place; DISTINCT ON has its keys.
    pub distinct: Option<Distinct>,
    /// From SELECT to the end of its own clauses.
    pub span: Span,
}

/// DISTINCT of a SELECT.
#[derive(Debug, Clone)]
pub struct Distinct {
    /// Keys of DISTINCT ON.
    pub on: Option<Vec<Node>>,
}

/// One output column.
#[derive(Debug, Clone)]
pub struct Item {
    /// Its name in lower case; `_col_N` without one.
    pub name: String,
    /// What it is.
    pub node: Node,
    /// Whether a star brought it.
    pub starred: bool,
}

/// One relation of a FROM clause.
#[derive(Debug, Clone)]
pub struct Source {
    /// How it is called in messages.
    pub alias: String,
    /// What it is.
    pub of: Of,
    /// How it is joined to those before it; `None` for the first and for those behind a comma.
    pub join: Option<Join>,
    /// Whether its columns may be NULL because no row matched.
    pub optional: bool,
    /// Its name in the text.
    pub span: Span,
}

/// What a relation of a FROM clause is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Of {
    /// A base relation, by [`super::TableInfo::id`].
    Base(String),
    /// Another block.
    Block(BlockId),
    /// Rows made by a function, an array, VALUES or PIVOT.
    Made,
}

/// How a relation is joined.
#[derive(Debug, Clone)]
pub struct Join {
    /// `inner`, `left`, `right`, `full`, `cross`, `semi`, `anti`, `asof`.
    pub kind: &'static str,
    /// Conjuncts of ON; USING as the equalities that it means.
    pub on: Vec<Node>,
    /// Whether a condition was written at all.
    pub conditioned: bool,
    /// The keyword to the end of the condition.
    pub span: Span,
}

/// One key of an ORDER BY.
#[derive(Debug, Clone)]
pub struct OrderKey {
    /// What it orders by.
    pub node: Node,
    /// Descending.
    pub descending: bool,
}

/// LIMIT, TOP or FETCH.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limit {
    /// Rows, where the text says a number.
    pub rows: Option<u64>,
    /// Where it stands.
    pub span: Span,
}

/// An expression and its place.
#[derive(Debug, Clone)]
pub struct Node {
    /// What it is.
    pub kind: Kind,
    /// Where it stands; not known for what was not written.
    pub span: Span,
    /// Whether brackets stand around it.
    pub bracketed: bool,
}

/// What an expression is. Names are in lower case.
#[derive(Debug, Clone)]
pub enum Kind {
    /// A column of a relation of the same SELECT, by the relation's number.
    Column {
        /// Number in [`Select::sources`].
        source: usize,
        /// Column name.
        name: String,
    },
    /// A column of a SELECT around this one.
    Outer(String),
    /// A name that cannot be resolved, or may belong to several relations.
    Unresolved(String),
    /// A constant.
    Literal(Literal),
    /// A function call.
    Call(Box<Call>),
    /// An operator between two: `and`, `or`, `=`, `<>`, `<`, `like`, `not like`, `is distinct from`, `+`, `||`, ...
    Binary {
        /// The operator in lower case.
        operator: String,
        /// Left.
        left: Box<Node>,
        /// Right.
        right: Box<Node>,
    },
    /// An operator before one: `not`, `-`, `is true`, ...
    Unary {
        /// The operator in lower case.
        operator: &'static str,
        /// Its operand.
        inner: Box<Node>,
    },
    /// IS NULL, IS NOT NULL.
    IsNull {
        /// What is asked.
        inner: Box<Node>,
        /// IS NOT NULL.
        negated: bool,
    },
    /// CASE.
    Case {
        /// What WHEN values are compared with.
        operand: Option<Box<Node>>,
        /// Conditions and results.
        whens: Vec<(Node, Node)>,
        /// ELSE.
        otherwise: Option<Box<Node>>,
    },
    /// CAST and its kin.
    Cast {
        /// What is cast.
        inner: Box<Node>,
        /// The type in lower case.
        to: String,
        /// TRY_CAST, SAFE_CAST: NULL where it fails.
        safe: bool,
    },
    /// IN over a list.
    In {
        /// What is looked for.
        inner: Box<Node>,
        /// The list.
        list: Vec<Node>,
        /// NOT IN.
        negated: bool,
    },
    /// IN over a query.
    InQuery {
        /// What is looked for.
        inner: Box<Node>,
        /// The query.
        block: BlockId,
        /// NOT IN.
        negated: bool,
    },
    /// EXISTS.
    Exists {
        /// The query.
        block: BlockId,
        /// NOT EXISTS.
        negated: bool,
    },
    /// A scalar subquery.
    Query(BlockId),
    /// BETWEEN.
    Between {
        /// What is asked.
        inner: Box<Node>,
        /// Lower bound.
        low: Box<Node>,
        /// Upper bound.
        high: Box<Node>,
        /// NOT BETWEEN.
        negated: bool,
    },
    /// AT TIME ZONE.
    TimeZone {
        /// The moment.
        inner: Box<Node>,
        /// The zone.
        zone: Box<Node>,
    },
    /// Anything else, with its parts.
    Other {
        /// What it is, for messages (`extract`, `substring`, `array`).
        word: &'static str,
        /// Its parts.
        parts: Vec<Node>,
    },
}

/// A constant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Literal {
    /// A number as written.
    Number(String),
    /// Text, without quotes.
    Text(String),
    /// DATE '...' and its kin: the type in lower case and the text.
    Typed(String, String),
    /// TRUE, FALSE.
    Bool(bool),
    /// NULL.
    Null,
    /// Anything else, as written.
    Other(String),
}

/// A function call.
#[derive(Debug, Clone)]
pub struct Call {
    /// Dotted name in lower case.
    pub name: String,
    /// Arguments; a star is none.
    pub args: Vec<Node>,
    /// `count(*)`.
    pub star: bool,
    /// DISTINCT within it.
    pub distinct: bool,
    /// FILTER (WHERE ...).
    pub filter: Option<Node>,
    /// WITHIN GROUP and ORDER BY within the arguments.
    pub order: Vec<OrderKey>,
    /// OVER.
    pub over: Option<Window>,
    /// Whether it folds many rows into one value: an aggregate without OVER.
    pub aggregate: bool,
}

/// OVER (...).
#[derive(Debug, Clone, Default)]
pub struct Window {
    /// PARTITION BY.
    pub partition: Vec<Node>,
    /// ORDER BY.
    pub order: Vec<OrderKey>,
    /// The frame as written, when there is one.
    pub frame: Option<String>,
}
