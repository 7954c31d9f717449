//! What asks a value for something: `a in b`, and `a.name` without a call.

use super::{COMPARE, Level, Line, Marks};
use crate::project::jinja::attributes::is_method;
use crate::project::jinja::rewrite::literal_position;
use crate::project::jinja::tokens::{Kind, SyntaxError};

impl Line<'_> {
    /// `a in b` and `a not in b` become calls.
    pub(super) fn containments(&self, marks: &mut Marks) -> Result<(), SyntaxError> {
        let of_loop = self.for_in();
        for at in (0..self.list.len()).filter(|&at| self.name(Some(at)) == "in" && Some(at) != of_loop) {
            let Some(before) = self.before(at) else { continue };
            if !self.keyword(at, "in") {
                continue;
            }
            let negated = self.name(Some(before)) == "not";
            let (left, right) =
                (self.left(if negated { before } else { at }, Level::Compare), self.right(at, Level::Compare));
            let (Some((first, end)), Some((start, last))) = (left, right) else { continue };
            let link = |n: Option<usize>| {
                n.filter(|&n| Some(n) != of_loop).is_some_and(|n| {
                    COMPARE.contains(&self.op(n)) || (self.name(Some(n)) == "in" && self.keyword(n, "in"))
                })
            };
            let next = self.after(last);
            let after_not = next.filter(|&n| self.name(Some(n)) == "not").and_then(|n| self.after(n));
            if link(self.before(first)) || link(next) || link(after_not) {
                let message = "a chain of comparisons with `in` is not built in here";
                return Err(SyntaxError::unsupported(message, self.list[at].range.start));
            }
            debug_assert!(end < at && at < start);
            marks.wrap(&self.list[first], &self.list[last], "__in(");
            marks.commas.insert(self.list[at].range.start);
            if negated {
                marks.before.entry(self.list[first].range.start).and_modify(|calls| {
                    calls.truncate(calls.len() - "__in(".len());
                    calls.push_str("(not __in(");
                });
                marks.after.entry(self.list[last].range.end).or_default().push(')');
                marks.dropped.insert(self.list[before].range.start);
            }
        }
        Ok(())
    }

    /// `a.name` without a call, where `name` may be a method, becomes a call.
    pub(super) fn attributes(&self, marks: &mut Marks) {
        // What `set` and `for` put a value into is no value.
        let first = self.after_or_first();
        let name = first.and_then(|n| self.after(n)).is_some_and(|n| self.list[n].kind == Kind::Name);
        let target = self.name(first) == "set" && name && !(0..self.list.len()).any(|n| self.op(n) == "=");
        for dot in (0..self.list.len()).filter(|&at| !target && self.op(at) == ".") {
            let Some(name) = self.after(dot).filter(|&n| is_method(self.name(Some(n)))) else { continue };
            let called = self.after(name).is_some_and(|n| self.op(n) == "(");
            let Some(start) = self.primary(dot).filter(|_| !called) else { continue };
            if self.name(Some(start)) == "loop" && self.before(dot) == Some(start) {
                continue;
            }
            marks.wrap(&self.list[start], &self.list[name], "__a(");
            marks.commas.insert(self.list[dot].range.start);
            marks.quoted.insert(self.list[name].range.start);
        }
    }

    /// The first token of what the `.` at `dot` asks for an attribute.
    fn primary(&self, dot: usize) -> Option<usize> {
        let mut at = self.before(dot)?;
        loop {
            if matches!(self.op(at), ")" | "]" | "}") {
                at = self.open(at)?;
                let owner = self.before(at).filter(|&n| !literal_position(self.text, Some(&self.list[n])));
                match owner.filter(|_| self.op(at) != "{") {
                    Some(owner) => at = owner,
                    None => return Some(at),
                }
                continue;
            }
            let before = self.before(at);
            match before.filter(|&n| self.op(n) == ".").and_then(|n| self.before(n)) {
                Some(owner) => at = owner,
                // Texts beside each other are one.
                None if self.list[at].kind == Kind::Text && before.is_some_and(|n| self.list[n].kind == Kind::Text) => {
                    at = before?;
                }
                None => return Some(at),
            }
        }
    }

    /// The bracket that the one at `close` closes.
    pub(super) fn open(&self, close: usize) -> Option<usize> {
        let mut depth = 0i32;
        (0..=close).rev().find(|&n| {
            match self.op(n) {
                ")" | "]" | "}" => depth += 1,
                "(" | "[" | "{" => depth -= 1,
                _ => {}
            }
            depth == 0
        })
    }
}
