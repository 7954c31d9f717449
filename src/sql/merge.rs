//! Two versions of a query as one: every difference that can change its rows is an edit of its own, and any choice of
//! edits gives a query again, so that data can say what each of them does.

mod conjuncts;
mod ctes;
mod from;
mod items;
mod prepare;
mod query;
mod select;

use sqlparser::ast::{Query, Spanned};

use super::parse::on_big_stack;
use super::span::TextIndex;
use super::{Dialect, RelationUse, Span, SqlError};
use prepare::{prepared, with_names};

/// What an edit changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum EditKind {
    /// A condition of WHERE.
    Where,
    /// A condition of HAVING.
    Having,
    /// A condition of QUALIFY.
    Qualify,
    /// A condition of ON, or what USING names.
    On,
    /// A joined relation.
    Join,
    /// INNER, LEFT, SEMI ... of a join that stays.
    JoinKind,
    /// The relation that stands at one place of FROM.
    Relation,
    /// The keys of GROUP BY.
    Group,
    /// DISTINCT.
    Distinct,
    /// UNION or UNION ALL.
    SetOperator,
    /// An operand of a set operation.
    Branch,
    /// LIMIT and its kin.
    Limit,
    /// The expression of a column that other parts of the query read.
    Column,
    /// Columns over which rows are told apart (DISTINCT, UNION).
    Columns,
    /// A select item that makes rows (`unnest`).
    Maker,
    /// Any other part, as a whole.
    Other,
}

/// One side of an edit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Part {
    /// As a person reads it, white space folded.
    pub text: String,
    /// Where it stands; unknown when the parser does not say.
    pub span: Span,
}

/// One difference.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Edit {
    /// What it changes.
    pub kind: EditKind,
    /// What base has; `None`: it is new.
    pub base: Option<Part>,
    /// What head has; `None`: it is gone.
    pub head: Option<Part>,
    /// What it is about: the name of a column, the kind of a join.
    pub about: String,
    /// The select that it belongs to, and the qualifiers that it reads there (for a join: the name that it brings).
    scope: usize,
    names: [Vec<String>; 2],
}

impl Edit {
    /// Edits of `all` that must be made before this one (the join that a condition reads).
    pub fn needs(&self, all: &[Edit]) -> Vec<usize> {
        let alike = |other: &Edit| other.scope == self.scope && other.kind != self.kind;
        let reads =
            |edit: &Edit, side: usize, join: &Edit| edit.names[side].iter().any(|n| join.names[side].contains(n));
        let wanted = |other: &Edit| match (self.kind, other.kind) {
            (EditKind::Join, EditKind::Join) => false,
            // The joined relation comes before the condition that reads it,
            (_, EditKind::Join) if other.base.is_none() => self.head.is_some() && reads(self, 1, other),
            // and goes after it.
            (EditKind::Join, _) if self.head.is_none() => other.base.is_some() && reads(other, 0, self),
            _ => false,
        };
        (0..all.len()).filter(|&at| alike(&all[at]) && wanted(&all[at])).collect()
    }
}

/// How a query is put together where both sides do not fit into one another; none fits always.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Way {
    /// A joined relation that is not chosen stays as one without rows, so that what reads it still has its names.
    pub emptied: bool,
    /// Columns of both sides are there, not only those of `towards_head`.
    pub both_columns: bool,
    /// Whose side decides what no edit is about.
    pub towards_head: bool,
}

/// A text and the relations that it names, as its analysis tells them.
#[derive(Debug, Clone, Copy)]
pub struct Version<'a> {
    /// The query.
    pub sql: &'a str,
    /// Its relations; those that are not known stay as they are written.
    pub relations: &'a [RelationUse],
}

/// Both versions, read.
pub struct Merge {
    base: Query,
    head: Query,
    texts: [String; 2],
    ids: Vec<String>,
    edits: Vec<Edit>,
}

impl Merge {
    /// Reads both versions.
    ///
    /// # Errors
    /// One of them cannot be read.
    pub fn new(base: Version<'_>, head: Version<'_>, dialect: Dialect) -> Result<Merge, SqlError> {
        on_big_stack(|| {
            let mut ids = Vec::new();
            let (mut from, mut to) = (prepared(base, dialect, &mut ids)?, prepared(head, dialect, &mut ids)?);
            ctes::align(&mut from, &mut to);
            let texts = [base.sql.to_owned(), head.sql.to_owned()];
            let mut merge = Merge { base: from, head: to, texts, ids, edits: Vec::new() };
            let way = Way { emptied: true, both_columns: true, towards_head: true };
            merge.edits = merge.merged(&|_| true, way).1;
            Ok(merge)
        })
    }

    /// All differences, in the order in which they are met.
    pub fn edits(&self) -> &[Edit] {
        &self.edits
    }

    /// Ids of the relations that both versions name.
    pub fn relations(&self) -> &[String] {
        &self.ids
    }

    /// The query with those edits made that `made` says, over the relations that `named` gives for their ids.
    ///
    /// # Errors
    /// The query is too deep to be written.
    pub fn sql(
        &self,
        made: &dyn Fn(usize) -> bool,
        way: Way,
        named: &dyn Fn(&str) -> String,
    ) -> Result<String, SqlError> {
        on_big_stack(|| Ok(with_names(&self.merged(made, way).0.to_string(), &self.ids, named)))
    }

    fn merged(&self, made: &dyn Fn(usize) -> bool, way: Way) -> (Query, Vec<Edit>) {
        let texts = [TextIndex::new(&self.texts[0]), TextIndex::new(&self.texts[1])];
        let mut merger = Merger { made, way, texts: &texts, ids: &self.ids, edits: Vec::new(), scopes: 0 };
        let query = merger.query(&self.base, &self.head, true);
        (query, merger.edits)
    }
}

/// One walk over both versions. It meets the same edits in the same order whatever is chosen.
struct Merger<'a> {
    made: &'a dyn Fn(usize) -> bool,
    way: Way,
    texts: &'a [TextIndex<'a>; 2],
    ids: &'a [String],
    edits: Vec<Edit>,
    scopes: usize,
}

impl Merger<'_> {
    /// Notes an edit; whether it is made.
    fn edit(&mut self, kind: EditKind, about: &str, scope: usize, base: Option<Part>, head: Option<Part>) -> bool {
        self.edit_reading(kind, about, scope, (base, Vec::new()), (head, Vec::new()))
    }

    fn edit_reading(
        &mut self,
        kind: EditKind,
        about: &str,
        scope: usize,
        base: (Option<Part>, Vec<String>),
        head: (Option<Part>, Vec<String>),
    ) -> bool {
        let about = about.to_owned();
        let names = [base.1, head.1];
        self.edits.push(Edit { kind, base: base.0, head: head.0, about, scope, names });
        (self.made)(self.edits.len() - 1)
    }

    /// A node as a part of side 0 (base) or 1 (head).
    fn part<N: ToString + Spanned>(&self, node: &N, side: usize) -> Part {
        self.part_at(node.to_string(), self.texts[side].span(node.span()), side)
    }

    fn part_at(&self, text: String, span: Span, side: usize) -> Part {
        // What stands at the place is shown as it was written; some places end too early.
        let written = span.known().then(|| written_like(&text, self.texts[side].from(span.start))).flatten();
        let text = written.map_or(text, str::to_owned);
        let text = with_names(&text, self.ids, &|id| id.rsplit('.').next().unwrap_or(id).to_owned());
        Part { text: text.split_whitespace().collect::<Vec<_>>().join(" "), span }
    }

    fn scope(&mut self) -> usize {
        self.scopes += 1;
        self.scopes
    }
}

#[cfg(test)]
mod tests;

/// The beginning of `rest` that says what `text` says, whatever its case and spaces.
fn written_like<'a>(text: &str, rest: &'a str) -> Option<&'a str> {
    let mut wanted = text.chars().filter(|c| !c.is_whitespace()).peekable();
    for (at, c) in rest.char_indices() {
        if wanted.peek().is_none() {
            return rest.get(..at);
        }
        if !c.is_whitespace() && !wanted.next()?.eq_ignore_ascii_case(&c) {
            return None;
        }
    }
    wanted.peek().is_none().then_some(rest)
}

/// Whether two nodes are written alike.
fn same<N: ToString>(one: &N, other: &N) -> bool {
    one.to_string() == other.to_string()
}
