//! Reading SQL text just closely enough to keep it in its place: strings, comments, brackets and statement ends.
//!
//! Everything that a pull request writes is run inside brackets of ours, so it must not be able to close them.

use super::spelling::has_backslashes;
use crate::sql::Dialect;
use anyhow::{Result, bail};
use std::ops::Range;

/// The text of one query without its trailing `;`, fit to stand inside brackets.
///
/// # Errors
/// More than one statement, none at all, a bracket too many or too few, or a string or comment that does not end.
pub fn single_query(sql: &str) -> Result<&str> {
    single_query_in(sql, Dialect::DuckDb)
}

/// The same, with the strings of a dialect.
///
/// # Errors
/// As [`single_query`].
pub fn single_query_in(sql: &str, dialect: Dialect) -> Result<&str> {
    let mut depth = 0i64;
    let mut end = None;
    let mut empty = true;
    for piece in (Pieces { backslashes: has_backslashes(dialect), ..Pieces::new(sql) }) {
        let piece = piece?;
        match piece.kind {
            Kind::Comment => continue,
            Kind::Code => {
                for (at, c) in sql[piece.range.clone()].char_indices() {
                    match c {
                        c if c.is_whitespace() => continue,
                        ';' => {
                            end.get_or_insert(piece.range.start + at);
                            continue;
                        }
                        _ if end.is_some() => bail!("more than one statement; keep only the query"),
                        '(' | '[' | '{' => depth += 1,
                        ')' | ']' | '}' => depth -= 1,
                        _ => {}
                    }
                    if depth < 0 {
                        bail!("a closing bracket without its opening one");
                    }
                    empty = false;
                }
            }
            Kind::Quoted | Kind::Text => {
                if end.is_some() {
                    bail!("more than one statement; keep only the query");
                }
                empty = false;
            }
        }
    }
    if empty {
        bail!("no statement in the text");
    }
    if depth != 0 {
        bail!("a bracket is not closed");
    }
    Ok(&sql[..end.unwrap_or(sql.len())])
}

/// Where any of `names` stands in `sql` as a whole name (not within a string or comment, not part of a longer name),
/// with the index of the name; the longest wins, in reading order.
///
/// # Errors
/// A string or comment that does not end.
pub fn occurrences(sql: &str, names: &[&str]) -> Result<Vec<(Range<usize>, usize)>> {
    let mut order: Vec<usize> = (0..names.len()).filter(|&i| !names[i].is_empty()).collect();
    order.sort_by_key(|&i| std::cmp::Reverse(names[i].len()));
    let mut starts = Vec::new();
    for piece in Pieces::new(sql) {
        let piece = piece?;
        match piece.kind {
            Kind::Quoted => starts.push(piece.range.start),
            Kind::Code => starts.extend(sql[piece.range.clone()].char_indices().map(|(at, _)| piece.range.start + at)),
            Kind::Comment | Kind::Text => {}
        }
    }
    let mut found = Vec::new();
    let mut from = 0;
    for start in starts {
        if start < from || sql[..start].chars().next_back().is_some_and(continues_name) {
            continue;
        }
        let hit = order.iter().copied().find(|&i| {
            sql[start..].starts_with(names[i])
                && !sql[start + names[i].len()..].chars().next().is_some_and(|c| is_word(c) || c == '"' || c == '`')
        });
        if let Some(index) = hit {
            from = start + names[index].len();
            found.push((start..from, index));
        }
    }
    Ok(found)
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_' || c == '$'
}

fn continues_name(c: char) -> bool {
    is_word(c) || c == '.' || c == '"' || c == '`'
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// Keywords, names, operators, numbers, white space.
    Code,
    /// A quoted name.
    Quoted,
    /// A string literal.
    Text,
    /// A comment.
    Comment,
}

#[derive(Debug)]
struct Piece {
    kind: Kind,
    range: Range<usize>,
}

/// Cuts a text into code, quoted names, string literals and comments, as DuckDB's own lexer does.
struct Pieces<'a> {
    sql: &'a str,
    at: usize,
    /// Whether a backslash in a string means the character after it.
    backslashes: bool,
}

impl<'a> Pieces<'a> {
    fn new(sql: &'a str) -> Self {
        Self { sql, at: 0, backslashes: false }
    }

    /// End of what opens at `at`, if anything but code does.
    fn opened(&self, at: usize) -> Option<(Kind, Result<usize>)> {
        let rest = &self.sql[at..];
        let before = self.sql[..at].chars().next_back();
        match rest.as_bytes().first()? {
            b'\'' => {
                let marked = |marks: [char; 2]| {
                    before.is_some_and(|c| marks.contains(&c))
                        && !self.sql[..at - 1].chars().next_back().is_some_and(is_word)
                };
                let escaped = if self.backslashes { !marked(['r', 'R']) } else { marked(['e', 'E']) };
                Some((Kind::Text, closing(self.sql, at, b'\'', escaped)))
            }
            // Where backslashes count, double quotes may hold a string too.
            b'"' => Some((Kind::Quoted, closing(self.sql, at, b'"', self.backslashes))),
            b'`' => Some((Kind::Quoted, closing(self.sql, at, b'`', false))),
            b'-' if rest.starts_with("--") => {
                Some((Kind::Comment, Ok(rest.find(['\n', '\r']).map_or(self.sql.len(), |n| at + n))))
            }
            b'/' if rest.starts_with("/*") => Some((Kind::Comment, comment_end(self.sql, at))),
            b'$' if !before.is_some_and(is_word) => {
                let tag = rest[1..].find('$')?;
                let name = &rest[1..=tag];
                if name.starts_with(|c: char| c.is_ascii_digit()) || !name.chars().all(|c| is_word(c) && c != '$') {
                    return None;
                }
                let delimiter = &rest[..tag + 2];
                let body = at + delimiter.len();
                let end = self.sql[body..].find(delimiter).map(|n| body + n + delimiter.len());
                Some((Kind::Text, end.ok_or_else(|| anyhow::anyhow!("a dollar-quoted string is not closed"))))
            }
            _ => None,
        }
    }
}

impl Iterator for Pieces<'_> {
    type Item = Result<Piece>;

    fn next(&mut self) -> Option<Self::Item> {
        let start = self.at;
        if start >= self.sql.len() {
            return None;
        }
        let mut at = start;
        for (offset, c) in self.sql[start..].char_indices() {
            at = start + offset;
            if !matches!(c, '\'' | '"' | '`' | '-' | '/' | '$') {
                continue;
            }
            let Some((kind, end)) = self.opened(at) else { continue };
            if at > start {
                self.at = at;
                return Some(Ok(Piece { kind: Kind::Code, range: start..at }));
            }
            return Some(match end {
                Ok(end) => {
                    self.at = end;
                    Ok(Piece { kind, range: start..end })
                }
                Err(error) => {
                    self.at = self.sql.len();
                    Err(error)
                }
            });
        }
        debug_assert!(at < self.sql.len());
        self.at = self.sql.len();
        Some(Ok(Piece { kind: Kind::Code, range: start..self.sql.len() }))
    }
}

/// One past the quote that closes the one at `at`; a doubled quote (or, when `escaped`, one after `\`) stands for itself.
fn closing(sql: &str, at: usize, quote: u8, escaped: bool) -> Result<usize> {
    let bytes = sql.as_bytes();
    let mut i = at + 1;
    while i < bytes.len() {
        if escaped && bytes[i] == b'\\' {
            i += 2;
        } else if bytes[i] != quote {
            i += 1;
        } else if bytes.get(i + 1) == Some(&quote) {
            i += 2;
        } else {
            return Ok(i + 1);
        }
    }
    bail!("a quote ({}) is not closed", char::from(quote))
}

/// One past the end of the block comment at `at`; block comments nest.
fn comment_end(sql: &str, at: usize) -> Result<usize> {
    let bytes = sql.as_bytes();
    let (mut i, mut depth) = (at, 0);
    while i + 1 < bytes.len() {
        match &bytes[i..i + 2] {
            b"/*" => (depth, i) = (depth + 1, i + 2),
            b"*/" => (depth, i) = (depth - 1, i + 2),
            _ => i += 1,
        }
        if depth == 0 {
            return Ok(i);
        }
    }
    bail!("a comment is not closed")
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn one_query_loses_only_its_end() {
        assert_eq!(single_query("select 1;  -- done\n").unwrap(), "select 1");
        let quoted = "select ';', \"a;b\", $$;$$ /* ; /* ; */ */";
        assert_eq!(single_query(quoted).unwrap(), quoted);
        assert_eq!(single_query("select e'\\';' , '''' ;;").unwrap(), "select e'\\';' , '''' ");
    }

    #[test]
    fn a_backslash_keeps_a_quote_within_its_string_where_the_dialect_says_so() {
        let sql = r"select 'it\'s (', r'c:\' , '\\' ;";
        assert!(single_query(sql).is_err());
        assert_eq!(single_query_in(sql, Dialect::Spark).unwrap(), &sql[..sql.len() - 1]);
        // The same text closes its string elsewhere, and with it a bracket of ours.
        let sql = r"select '\') union all (select '\'";
        assert!(single_query_in(sql, Dialect::Spark).is_err());
    }

    #[test]
    fn what_would_leave_its_brackets_is_refused() {
        for sql in [
            "select 1; drop table x",
            "select 1) ; drop table x; select * from (select 1",
            "select 1)) union all ((select 2",
            "select 'a",
            "select 1 /* open",
            "select /* /* */ 1",
            "",
            " -- nothing\n;",
            "select (1",
            "select 1 $$ ",
            "select 1;'x'",
            "select 1 -- c\r; drop table x",
        ] {
            assert!(single_query(sql).is_err(), "{sql}");
        }
    }

    #[test]
    fn whole_names_are_found_outside_strings_and_comments() {
        let sql =
            "select '\"a\".\"b\"' from \"a\".\"b\" -- \"a\".\"b\"\n join x.\"a\".\"b\" join \"a\".\"b\".\"c\" join ab";
        let hits = occurrences(sql, &["\"a\".\"b\"", "a", "\"a\".\"b\".\"c\""]).unwrap();
        let texts: Vec<_> = hits.iter().map(|(range, index)| (&sql[range.clone()], *index)).collect();
        assert_eq!(texts, [("\"a\".\"b\"", 0), ("\"a\".\"b\".\"c\"", 2)]);
    }

    proptest! {
        #[test]
        fn hostile_text_never_panics(sql in "[-a-z'\"`$/*;()e\\\\\n é]{0,60}") {
            let _ = single_query(&sql);
            let _ = occurrences(&sql, &["a", "\"a\"", "é"]);
        }
    }
}
