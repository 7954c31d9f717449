//! Where calls are put into an expression so that it means what it means in Python: sums, `~`, what `for` walks, filters
//! that make generators.

mod asked;

use super::literal_position;
use crate::project::jinja::tokens::{Kind, SyntaxError, Token};
use std::collections::{BTreeMap, BTreeSet};

/// Filters whose results are generators in Python.
const LAZY: [&str; 10] =
    ["map", "select", "reject", "selectattr", "rejectattr", "unique", "batch", "slice", "reverse", "items"];

/// Texts to put before and after tokens, by their offsets, and the signs that become arguments.
#[derive(Debug, Default)]
pub(super) struct Marks {
    before: BTreeMap<usize, String>,
    after: BTreeMap<usize, String>,
    signs: BTreeSet<usize>,
    /// Signs that become a comma, names that become texts, and words that become nothing.
    commas: BTreeSet<usize>,
    quoted: BTreeSet<usize>,
    dropped: BTreeSet<usize>,
}

impl Marks {
    pub(super) fn before(&self, token: &Token) -> &str {
        self.before.get(&token.range.start).map_or("", String::as_str)
    }

    pub(super) fn after(&self, token: &Token) -> &str {
        self.after.get(&token.range.end).map_or("", String::as_str)
    }

    /// Whether an operator stands between the operands of a call.
    pub(super) fn is_sign(&self, token: &Token) -> bool {
        self.signs.contains(&token.range.start)
    }

    /// Whether a sign or word only parts the operands of a call.
    pub(super) fn is_comma(&self, token: &Token) -> bool {
        self.commas.contains(&token.range.start)
    }

    /// Whether a name becomes a text.
    pub(super) fn is_quoted(&self, token: &Token) -> bool {
        self.quoted.contains(&token.range.start)
    }

    /// Whether a word is told by the call in its place.
    pub(super) fn is_dropped(&self, token: &Token) -> bool {
        self.dropped.contains(&token.range.start)
    }

    fn wrap(&mut self, first: &Token, last: &Token, call: &str) {
        self.before.entry(first.range.start).or_default().push_str(call);
        self.after.entry(last.range.end).or_default().push(')');
    }

    /// Marks the expressions of one tag.
    pub(super) fn add(&mut self, text: &str, list: &[Token]) -> Result<(), SyntaxError> {
        let line = Line { text, list };
        line.generators(self);
        line.slices()?;
        if let Some((first, last)) = line.walked() {
            self.wrap(&list[first], &list[last], "__i(");
        }
        line.containments(self)?;
        // Comparisons and sums first: where a sum and a `~` begin at one token, the looser one is the outer call.
        for (at, token) in list.iter().enumerate() {
            if COMPARE.contains(&line.op(at)) && !self.is_sign(token) {
                line.comparison(at, self);
            }
        }
        for (at, token) in list.iter().enumerate() {
            if line.is_sign(at) && !self.is_sign(token) {
                line.sum(at, self);
            }
        }
        let mut wrapped = BTreeSet::new();
        for at in (0..list.len()).filter(|&at| line.op(at) == "~") {
            for operand in [line.left(at, Level::Concat), line.right(at, Level::Concat)] {
                if let Some((first, last)) = operand.filter(|operand| wrapped.insert(*operand)) {
                    self.wrap(&list[first], &list[last], "__c(");
                }
            }
        }
        line.attributes(self);
        Ok(())
    }
}

/// How tightly an operator binds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Level {
    Concat,
    Sum,
    Compare,
}

/// Operators that compare, and those of them that ask for an order.
const COMPARE: [&str; 6] = ["<", ">", "<=", ">=", "==", "!="];
const ORDER: [&str; 4] = ["<", ">", "<=", ">="];

struct Line<'a> {
    text: &'a str,
    list: &'a [Token],
}

impl Line<'_> {
    fn word(&self, at: usize) -> &str {
        &self.text[self.list[at].range.clone()]
    }

    /// The operator at `at`, empty for other tokens.
    fn op(&self, at: usize) -> &str {
        if self.list[at].kind == Kind::Op { self.word(at) } else { "" }
    }

    fn before(&self, at: usize) -> Option<usize> {
        (0..at).rev().find(|&n| self.list[n].kind != Kind::Space)
    }

    fn after(&self, at: usize) -> Option<usize> {
        (at + 1..self.list.len()).find(|&n| self.list[n].kind != Kind::Space)
    }

    fn name(&self, at: Option<usize>) -> &str {
        at.filter(|&at| self.list[at].kind == Kind::Name).map_or("", |at| self.word(at))
    }

    /// A `+` or `-` with an operand on its left.
    fn is_sign(&self, at: usize) -> bool {
        matches!(self.op(at), "+" | "-")
            && self.before(at).is_some_and(|n| !literal_position(self.text, Some(&self.list[n])))
    }

    /// Whether an operand ends at this token.
    fn ends(&self, at: usize, level: Level) -> bool {
        match (self.list[at].kind, self.word(at)) {
            (Kind::Op, "," | ":" | "=" | "==" | "!=" | "<" | ">" | "<=" | ">=") => true,
            (Kind::Op, "~") => level == Level::Concat,
            (Kind::Op, "+" | "-") => level != Level::Compare && self.is_sign(at),
            (Kind::Name, word) => self.keyword(at, word),
            _ => false,
        }
    }

    fn keyword(&self, at: usize, word: &str) -> bool {
        let before = self.before(at);
        if before.is_some_and(|n| matches!(self.op(n), "." | "|")) {
            return false;
        }
        let tested = |n: Option<usize>| self.name(n) == "is";
        match word {
            "not" => !tested(before),
            "in" => {
                let not = self.name(before) == "not";
                !tested(if not { before.and_then(|n| self.before(n)) } else { before })
            }
            "and" | "or" | "if" | "else" | "recursive" => true,
            // The word that a statement begins with.
            _ => before.is_none() && self.after(at).is_some_and(|n| self.starts(n)) && STATEMENTS.contains(&word),
        }
    }

    /// Whether a value can begin at this token, so that the word before it was no value.
    fn starts(&self, at: usize) -> bool {
        self.list[at].kind != Kind::Op || matches!(self.op(at), "(" | "[" | "{" | "-" | "+")
    }

    /// The operand on the left of the operator at `at`: its first and last token.
    fn left(&self, at: usize, level: Level) -> Option<(usize, usize)> {
        let last = self.before(at)?;
        let (mut first, mut depth, mut look) = (None, 0i32, Some(last));
        while let Some(n) = look {
            match self.op(n) {
                ")" | "]" | "}" => depth += 1,
                "(" | "[" | "{" if depth == 0 => break,
                "(" | "[" | "{" => depth -= 1,
                _ if depth == 0 && self.ends(n, level) => break,
                _ => {}
            }
            first = Some(n);
            look = self.before(n);
        }
        first.map(|first| (first, last))
    }

    /// The operand on its right.
    fn right(&self, at: usize, level: Level) -> Option<(usize, usize)> {
        let first = self.after(at)?;
        let (mut last, mut depth, mut look) = (None, 0i32, Some(first));
        while let Some(n) = look {
            match self.op(n) {
                "(" | "[" | "{" => depth += 1,
                ")" | "]" | "}" if depth == 0 => break,
                ")" | "]" | "}" => depth -= 1,
                _ if depth == 0 && self.ends(n, level) => break,
                _ => {}
            }
            last = Some(n);
            look = self.after(n);
        }
        last.map(|last| (first, last))
    }

    /// `a + b - c`, found at its first sign, becomes one call.
    fn sum(&self, at: usize, marks: &mut Marks) {
        let Some((first, _)) = self.left(at, Level::Sum) else { return };
        let (mut sign, mut end) = (at, None);
        while let Some((_, last)) = self.right(sign, Level::Sum) {
            marks.signs.insert(self.list[sign].range.start);
            end = Some(last);
            match self.after(last).filter(|&n| self.is_sign(n)) {
                Some(next) => sign = next,
                None => break,
            }
        }
        if let Some(last) = end {
            marks.wrap(&self.list[first], &self.list[last], "__m(");
        }
    }

    /// `a < b <= c`, found at its first operator, becomes one call when it asks for an order.
    fn comparison(&self, at: usize, marks: &mut Marks) {
        let Some((first, _)) = self.left(at, Level::Compare) else { return };
        let (mut operators, mut end) = (vec![at], None);
        while let Some((_, last)) = self.right(operators[operators.len() - 1], Level::Compare) {
            end = Some(last);
            match self.after(last).filter(|&n| COMPARE.contains(&self.op(n))) {
                Some(next) => operators.push(next),
                None => break,
            }
        }
        let Some(last) = end else { return };
        // `in` may be a link of such a chain; that is left as it is.
        let contains = |n: Option<usize>| matches!(self.name(n), "in");
        let not_in = |n: Option<usize>| self.name(n) == "not" && contains(n.and_then(|n| self.after(n)));
        let (before, after) = (self.before(first), self.after(last));
        let walked = self.walked().is_some_and(|(start, _)| start == first);
        if (contains(before) && !walked) || contains(after) || not_in(after) {
            return;
        }
        if operators.iter().any(|&n| ORDER.contains(&self.op(n))) {
            marks.signs.extend(operators.iter().map(|&n| self.list[n].range.start));
            marks.wrap(&self.list[first], &self.list[last], "__k(");
        }
    }

    /// `|map(...)` and its like.
    fn generators(&self, marks: &mut Marks) {
        for at in (0..self.list.len()).filter(|&at| self.op(at) == "|") {
            let Some(name) = self.after(at).filter(|&n| LAZY.contains(&self.name(Some(n)))) else { continue };
            let last = match self.after(name).filter(|&n| self.op(n) == "(") {
                Some(open) => self.close(open),
                None => Some(name),
            };
            if let Some(last) = last {
                marks.after.entry(self.list[last].range.end).or_default().push_str("|__lazy");
            }
        }
    }

    fn close(&self, open: usize) -> Option<usize> {
        let mut depth = 0i32;
        (open..self.list.len()).find(|&n| {
            match self.op(n) {
                "(" | "[" | "{" => depth += 1,
                ")" | "]" | "}" => depth -= 1,
                _ => {}
            }
            depth == 0
        })
    }

    /// The `in` of `for x in ...`.
    fn for_in(&self) -> Option<usize> {
        let start = self.after_or_first()?;
        if self.name(Some(start)) != "for" {
            return None;
        }
        let mut depth = 0i32;
        (start..self.list.len()).find(|&n| {
            match self.op(n) {
                "(" | "[" | "{" => depth += 1,
                ")" | "]" | "}" => depth -= 1,
                _ => {}
            }
            depth == 0 && self.name(Some(n)) == "in"
        })
    }

    /// What `for x in ...` walks.
    fn walked(&self) -> Option<(usize, usize)> {
        let found = self.for_in()?;
        let first = self.after(found)?;
        let (mut last, mut look, mut depth) = (None, Some(first), 0i32);
        while let Some(n) = look {
            match self.op(n) {
                "(" | "[" | "{" => depth += 1,
                ")" | "]" | "}" => depth -= 1,
                // Several values without brackets are a tuple, and walked as they stand.
                "," if depth == 0 => return None,
                _ => {}
            }
            if depth == 0 && matches!(self.name(Some(n)), "if" | "recursive") {
                break;
            }
            last = Some(n);
            look = self.after(n);
        }
        last.map(|last| (first, last))
    }

    /// Whether the subscript at `open` is one of `range(...)`.
    fn is_range(&self, open: usize) -> bool {
        let called = self.before(open).filter(|&n| self.op(n) == ")").and_then(|close| self.open(close));
        self.name(called.and_then(|n| self.before(n))) == "range"
    }

    fn after_or_first(&self) -> Option<usize> {
        (0..self.list.len()).find(|&n| self.list[n].kind != Kind::Space)
    }

    /// Refuses `a[4:0:-2]`: with a stop, minijinja's steps back are not Python's.
    fn slices(&self) -> Result<(), SyntaxError> {
        for open in (0..self.list.len()).filter(|&at| self.op(at) == "[") {
            let before = self.before(open).map(|n| &self.list[n]);
            let Some(close) = self.close(open).filter(|_| !literal_position(self.text, before)) else { continue };
            let mut depth = 0i32;
            let colons: Vec<usize> = (open + 1..close)
                .filter(|&n| {
                    match self.op(n) {
                        "(" | "[" | "{" => depth += 1,
                        ")" | "]" | "}" => depth -= 1,
                        _ => {}
                    }
                    depth == 0 && self.op(n) == ":"
                })
                .collect();
            if !colons.is_empty() && self.is_range(open) {
                let message = "a slice of a range is not built in here";
                return Err(SyntaxError::unsupported(message, self.list[open].range.start));
            }
            let [first, second] = colons[..] else { continue };
            let solid = |from: usize, to: usize| {
                (from + 1..to).filter(|&n| self.list[n].kind != Kind::Space).collect::<Vec<_>>()
            };
            let (stop, step) = (solid(first, second), solid(second, close));
            let forward = step.is_empty() || (step.len() == 1 && self.list[step[0]].kind == Kind::Number);
            if !stop.is_empty() && !forward {
                let message = "a slice with a stop and a step that may go back is not built in here";
                return Err(SyntaxError::unsupported(message, self.list[open].range.start));
            }
        }
        Ok(())
    }
}

/// Words that begin a statement with an expression.
const STATEMENTS: [&str; 9] = ["if", "elif", "for", "set", "do", "filter", "with", "call", "print"];
