//! Canonical text: what two queries must share to be called equal.

use std::cell::{OnceCell, RefCell};
use std::collections::HashMap;
use std::rc::Rc;

use sha2::{Digest, Sha256};

use super::term::{Block, From, Kind, Leaf, LeafId, LeafSource, Part, Rendered, Rows, T, Tree};

/// A column text longer than this within another expression is shown by its hash.
const LONG: usize = 400;

/// Names of the leaves that are visible while rendering, innermost block last.
#[derive(Debug, Clone, Default)]
pub(super) struct Names {
    frames: Vec<HashMap<LeafId, Rc<str>>>,
}

impl Names {
    /// Names for the leaves of one FROM, to render parts of it.
    pub(super) fn of(from: &From) -> Names {
        let mut names = Names::default();
        names.frames.push(HashMap::new());
        names.name_leaves(&from.tree);
        names
    }

    /// The given names.
    pub(super) fn given(names: HashMap<LeafId, Rc<str>>) -> Names {
        Names { frames: vec![names] }
    }

    fn get(&self, leaf: LeafId) -> Rc<str> {
        let found = self.frames.iter().rev().find_map(|frame| frame.get(&leaf));
        found.cloned().unwrap_or_else(|| "outer".into())
    }

    fn name_leaves(&mut self, tree: &Tree) {
        let mut leaves = Vec::new();
        tree.leaves(&mut leaves);
        // Leaves of an enclosing query may have the same name: each nesting has its mark.
        let depth = "'".repeat(self.frames.len().saturating_sub(1));
        let mut seen: HashMap<Rc<str>, u32> = HashMap::new();
        for leaf in leaves {
            let base = self.source_name(leaf);
            let count = seen.entry(base.clone()).or_insert(0);
            *count += 1;
            let name: Rc<str> =
                if *count == 1 { format!("{base}{depth}").into() } else { format!("{base}{depth}#{count}").into() };
            if let Some(frame) = self.frames.last_mut() {
                frame.insert(leaf.id, name);
            }
        }
    }

    /// What a leaf is, without regard to how often it stands there.
    pub(super) fn source_name(&mut self, leaf: &Leaf) -> Rc<str> {
        match &leaf.source {
            LeafSource::Base(id) => id.clone(),
            LeafSource::Block(block) if block.closed => rendered(block).hash.clone(),
            LeafSource::Block(block) => block_hash(&self.open_block(block)),
            LeafSource::Rows(rows) => self.term(rows).into(),
        }
    }

    /// A block that refers to leaves outside it: rendered where it stands.
    fn open_block(&mut self, block: &Block) -> String {
        self.frames.push(HashMap::new());
        self.name_leaves(&block.rows.from.tree);
        let text = self.rows(&block.rows);
        self.frames.pop();
        text
    }

    /// Canonical text of an expression.
    pub(super) fn term(&mut self, term: &T) -> String {
        let mut out = String::new();
        self.write(term, &mut out);
        out
    }

    fn write(&mut self, term: &T, out: &mut String) {
        match &term.kind {
            Kind::Column { leaf, name } => {
                out.push_str(&self.get(*leaf));
                out.push('.');
                // A name with operators or brackets in it must not read like an expression.
                if name.chars().all(|c| c.is_alphanumeric() || matches!(c, '_' | '$')) {
                    out.push_str(name);
                } else {
                    out.push_str(&format!("{name:?}"));
                }
            }
            Kind::Inner { leaf, term, block } => {
                let text = if block.closed { column_text(block, term) } else { self.open_column(block, term) };
                out.push_str(&text);
                out.push('@');
                out.push_str(&self.get(*leaf));
            }
            Kind::Text(text) => out.push_str(text),
            Kind::Seq(parts) => parts.iter().for_each(|part| match part {
                Part::Text(text) => out.push_str(text),
                Part::Term(term) => self.write(term, out),
                Part::Sorted(terms, separator) => out.push_str(&self.sorted(terms, false).join(separator)),
            }),
            Kind::Query { head, block, columns } => {
                out.push_str(head);
                out.push('(');
                if block.closed {
                    let texts: Vec<_> = columns.iter().map(|column| column_text(block, column)).collect();
                    out.push_str(&texts.join(", "));
                    out.push(' ');
                    let rendered = rendered(block);
                    out.push_str(if rendered.text.len() > 5 * LONG { &rendered.hash } else { &rendered.text });
                } else {
                    self.frames.push(HashMap::new());
                    self.name_leaves(&block.rows.from.tree);
                    let texts: Vec<_> = columns.iter().map(|column| self.term(column)).collect();
                    out.push_str(&texts.join(", "));
                    out.push(' ');
                    out.push_str(&self.rows(&block.rows));
                    self.frames.pop();
                }
                out.push(')');
            }
        }
    }

    fn open_column(&mut self, block: &Block, term: &T) -> Rc<str> {
        self.frames.push(HashMap::new());
        self.name_leaves(&block.rows.from.tree);
        let text = self.term(term);
        self.frames.pop();
        shortened(text)
    }

    /// Texts of terms in text order; `set` drops repetitions (conjuncts, keys).
    fn sorted(&mut self, terms: &[T], set: bool) -> Vec<String> {
        let mut texts: Vec<_> = terms.iter().map(|term| self.term(term)).collect();
        texts.sort_unstable();
        if set {
            texts.dedup();
        }
        texts
    }

    fn rows(&mut self, rows: &Rows) -> String {
        let mut out = format!("from {}", self.tree(&rows.from.tree));
        let mut clause = |names: &mut Names, word: &str, terms: &[T], separator: &str| {
            let texts = names.sorted(terms, true);
            out.push_str(&format!(" {word} {}", texts.join(separator)));
        };
        if !rows.from.filters.is_empty() {
            clause(self, "where", &rows.from.filters, " and ");
        }
        match rows.group.as_deref() {
            None => {}
            Some([]) => clause(self, "aggregate", &[], ""),
            Some(keys) => clause(self, "group by", keys, ", "),
        }
        if !rows.having.is_empty() {
            clause(self, "having", &rows.having, " and ");
        }
        if !rows.qualify.is_empty() {
            clause(self, "qualify", &rows.qualify, " and ");
        }
        if !rows.makers.is_empty() {
            clause(self, "rows of", &rows.makers, ", ");
        }
        if let Some(terms) = rows.distinct.as_deref() {
            clause(self, "distinct", terms, ", ");
        }
        if let Some(limit) = &rows.limit {
            clause(self, "", std::slice::from_ref(limit), "");
        }
        out
    }

    /// Canonical text of a tree of relations, for messages and comparison.
    pub(super) fn tree(&mut self, tree: &Tree) -> String {
        match tree {
            Tree::Unit => "nothing".to_owned(),
            Tree::Leaf(leaf) => self.get(leaf.id).to_string(),
            Tree::Cross(trees) => {
                // Inner joins commute, and every column names its leaf.
                let mut texts: Vec<_> = trees.iter().map(|tree| self.tree(tree)).collect();
                texts.sort_unstable();
                texts.join(", ")
            }
            Tree::Join { kind, left, right, on } => {
                let left = bracketed(self.tree(left), left);
                let right = bracketed(self.tree(right), right);
                let on = self.sorted(on, true).join(" and ");
                format!("{left} {kind} join {right} on ({on})")
            }
            Tree::Filtered(from) => {
                let tree = self.tree(&from.tree);
                format!("({tree} where {})", self.sorted(&from.filters, true).join(" and "))
            }
            Tree::Set { operator, arms } => {
                let arms: Vec<_> = arms.iter().map(|arm| self.get(arm.id).to_string()).collect();
                format!("({})", arms.join(&format!(" {operator} ")))
            }
        }
    }
}

fn bracketed(text: String, tree: &Tree) -> String {
    match tree {
        Tree::Cross(_) | Tree::Join { .. } => format!("({text})"),
        _ => text,
    }
}

/// A closed block's text, hash and leaf names, made once.
pub(super) fn rendered(block: &Block) -> &Rendered {
    block.rendered.get_or_init(|| {
        let mut names = Names::of(&block.rows.from);
        let text = names.rows(&block.rows);
        let hash = block_hash(&text);
        let names = names.frames.pop().unwrap_or_default();
        Rendered { text: text.into(), hash, names, columns: RefCell::default() }
    })
}

/// Text of a column of a closed block, over the block's own leaves.
pub(super) fn column_text(block: &Block, term: &T) -> Rc<str> {
    let rendered = rendered(block);
    if let Some((_, text)) = rendered.columns.borrow().get(&Rc::as_ptr(term)) {
        return text.clone();
    }
    let mut names = Names { frames: vec![rendered.names.clone()] };
    let text = shortened(names.term(term));
    rendered.columns.borrow_mut().insert(Rc::as_ptr(term), (term.clone(), text.clone()));
    text
}

/// Full text of a column of a block that stands at the top.
pub(super) fn output_text(block: &Block, term: &T) -> String {
    Names { frames: vec![rendered(block).names.clone()] }.term(term)
}

fn shortened(text: String) -> Rc<str> {
    if text.len() > LONG { format!("expression {}", hash_of(&text)).into() } else { text.into() }
}

fn block_hash(text: &str) -> Rc<str> {
    format!("rows {}", hash_of(text)).into()
}

fn hash_of(text: &str) -> String {
    Sha256::digest(text.as_bytes()).iter().take(8).map(|byte| format!("{byte:02x}")).collect()
}

impl Block {
    pub(super) fn new(rows: Rows, closed: bool) -> Block {
        let size = rows_size(&rows);
        Block { rows, closed, windowed: false, mergeable: false, size, rendered: OnceCell::new() }
    }
}

/// Nodes of everything that is rendered with these rows: closed blocks within are rendered once and named by their hash.
fn rows_size(rows: &Rows) -> u32 {
    let lists = [&rows.having, &rows.qualify, &rows.makers];
    let optional = rows.group.iter().chain(&rows.distinct).flatten().chain(&rows.limit);
    let terms = lists.into_iter().flatten().chain(optional).fold(1u32, |sum, term| sum.saturating_add(term.size));
    terms.saturating_add(from_size(&rows.from))
}

fn from_size(from: &From) -> u32 {
    from.filters.iter().fold(tree_size(&from.tree), |sum, term| sum.saturating_add(term.size))
}

fn tree_size(tree: &Tree) -> u32 {
    match tree {
        Tree::Unit => 1,
        Tree::Leaf(leaf) => leaf_size(leaf),
        Tree::Cross(trees) => trees.iter().fold(1u32, |sum, tree| sum.saturating_add(tree_size(tree))),
        Tree::Join { left, right, on, .. } => on
            .iter()
            .fold(1u32, |sum, term| sum.saturating_add(term.size))
            .saturating_add(tree_size(left))
            .saturating_add(tree_size(right)),
        Tree::Filtered(from) => from_size(from),
        Tree::Set { arms, .. } => arms.iter().fold(1u32, |sum, arm| sum.saturating_add(leaf_size(arm))),
    }
}

fn leaf_size(leaf: &Leaf) -> u32 {
    match &leaf.source {
        LeafSource::Block(block) if !block.closed => block.size,
        LeafSource::Rows(rows) => rows.size,
        LeafSource::Block(_) | LeafSource::Base(_) => 1,
    }
}
