//! A SQL text cut at its strings, quoted names, comments and semicolons, for files that hold more than SQL.

use crate::sql::Dialect;
use std::ops::Range;

/// What a piece of a text is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum PieceKind {
    /// Everything else.
    Code,
    /// A string with its quotes.
    Text,
    /// A quoted name with its quotes.
    Name,
    /// A comment.
    Comment,
}

/// One piece; the pieces of a text follow each other without a gap.
#[derive(Debug, Clone)]
pub(crate) struct Piece {
    pub(crate) kind: PieceKind,
    pub(crate) range: Range<usize>,
}

/// Cuts a text. What is opened and never closed reaches to the end.
pub(crate) fn pieces(text: &str, dialect: Dialect) -> Vec<Piece> {
    let bytes = text.as_bytes();
    let mut out: Vec<Piece> = Vec::new();
    let (mut at, mut code) = (0, 0);
    while at < bytes.len() {
        let Some((kind, end)) = opened(text, at, dialect) else {
            at += 1;
            continue;
        };
        if code < at {
            out.push(Piece { kind: PieceKind::Code, range: code..at });
        }
        out.push(Piece { kind, range: at..end });
        at = end;
        code = end;
    }
    if code < bytes.len() {
        out.push(Piece { kind: PieceKind::Code, range: code..bytes.len() });
    }
    out
}

/// What begins at `at`, and where it ends.
fn opened(text: &str, at: usize, dialect: Dialect) -> Option<(PieceKind, usize)> {
    use Dialect::{BigQuery, ClickHouse, Databricks, DuckDb, Hive, MySql, Postgres, Snowflake, Spark};
    let bytes = text.as_bytes();
    let rest = &bytes[at..];
    let line = || bytes[at..].iter().position(|b| *b == b'\n').map_or(bytes.len(), |n| at + n);
    let escapes = matches!(dialect, BigQuery | Databricks | Spark | Hive | Snowflake | ClickHouse | MySql);
    let double_is_text = matches!(dialect, BigQuery | Databricks | Spark | Hive | MySql);
    match rest[0] {
        b'-' if rest.starts_with(b"--") => Some((PieceKind::Comment, line())),
        b'#' if matches!(dialect, BigQuery | MySql) => Some((PieceKind::Comment, line())),
        b'/' if dialect == Snowflake && rest.starts_with(b"//") => Some((PieceKind::Comment, line())),
        b'/' if rest.starts_with(b"/*") => Some((PieceKind::Comment, block_comment(bytes, at, dialect))),
        b'\'' | b'"' if dialect == BigQuery && (rest.starts_with(b"'''") || rest.starts_with(b"\"\"\"")) => {
            Some((PieceKind::Text, closed(bytes, at + 3, &rest[..3], true)))
        }
        b'\'' => {
            let escaped = escapes || (at > 0 && matches!(bytes[at - 1], b'e' | b'E') && !word_before(bytes, at - 1));
            Some((PieceKind::Text, closed(bytes, at + 1, b"'", escaped)))
        }
        b'"' if double_is_text => Some((PieceKind::Text, closed(bytes, at + 1, b"\"", true))),
        b'"' => Some((PieceKind::Name, closed(bytes, at + 1, b"\"", false))),
        b'`' => Some((PieceKind::Name, closed(bytes, at + 1, b"`", false))),
        b'$' if matches!(dialect, Postgres | DuckDb | Snowflake) && !word_before(bytes, at) => {
            let tag = rest[1..].iter().position(|b| !(b.is_ascii_alphanumeric() || *b == b'_')).map(|n| n + 1)?;
            let named = tag > 1 && rest[1].is_ascii_digit();
            (rest[tag] == b'$' && !named).then(|| (PieceKind::Text, closed(bytes, at + tag + 1, &rest[..=tag], false)))
        }
        _ => None,
    }
}

fn word_before(bytes: &[u8], at: usize) -> bool {
    at > 0 && (bytes[at - 1].is_ascii_alphanumeric() || bytes[at - 1] == b'_' || bytes[at - 1] >= 0x80)
}

/// Behind the next `close` from `at`; a doubled quote is two strings side by side, which is as good here.
fn closed(bytes: &[u8], mut at: usize, close: &[u8], escapes: bool) -> usize {
    while at < bytes.len() {
        if escapes && bytes[at] == b'\\' {
            at += 2;
        } else if bytes[at..].starts_with(close) {
            return at + close.len();
        } else {
            at += 1;
        }
    }
    bytes.len()
}

/// Behind a block comment; comments nest where the dialect says so.
fn block_comment(bytes: &[u8], at: usize, dialect: Dialect) -> usize {
    let nests = !matches!(dialect, Dialect::BigQuery | Dialect::MySql | Dialect::Snowflake);
    let (mut at, mut depth) = (at + 2, 1);
    while at < bytes.len() {
        if bytes[at..].starts_with(b"*/") {
            depth -= 1;
            at += 2;
            if depth == 0 {
                return at;
            }
        } else if nests && bytes[at..].starts_with(b"/*") {
            depth += 1;
            at += 2;
        } else {
            at += 1;
        }
    }
    bytes.len()
}

/// The statements of a text between its semicolons, trimmed, those left out that hold nothing but comments.
pub(crate) fn statements(text: &str, dialect: Dialect) -> Vec<Range<usize>> {
    let mut out = Vec::new();
    let (mut start, mut any) = (0, false);
    let mut close = |range: Range<usize>, any: bool| {
        if any {
            let part = &text[range.clone()];
            let lead = part.len() - part.trim_start().len();
            out.push(range.start + lead..range.start + lead + part.trim().len());
        }
    };
    for piece in pieces(text, dialect) {
        match piece.kind {
            PieceKind::Comment => {}
            PieceKind::Text | PieceKind::Name => any = true,
            PieceKind::Code => {
                let mut from = piece.range.start;
                for (at, _) in text[piece.range.clone()].match_indices(';') {
                    let end = piece.range.start + at;
                    any |= !text[from..end].trim().is_empty();
                    close(start..end, any);
                    (start, from, any) = (end + 1, end + 1, false);
                }
                any |= !text[from..piece.range.end].trim().is_empty();
            }
        }
    }
    close(start..text.len(), any);
    out
}

/// The text without its comments, each as one blank.
pub(crate) fn plain(text: &str, dialect: Dialect) -> String {
    let kept = pieces(text, dialect);
    kept.iter().map(|p| if p.kind == PieceKind::Comment { " " } else { &text[p.range.clone()] }).collect()
}

/// The parts of a text between commas that no bracket or quote encloses, trimmed, empty ones left out.
pub(crate) fn parts(text: &str, dialect: Dialect) -> Vec<Range<usize>> {
    let mut out = Vec::new();
    let (mut start, mut depth) = (0, 0_usize);
    let mut close = |range: Range<usize>| {
        let part = &text[range.clone()];
        let lead = part.len() - part.trim_start().len();
        if !part.trim().is_empty() {
            out.push(range.start + lead..range.start + lead + part.trim().len());
        }
    };
    for piece in pieces(text, dialect).into_iter().filter(|p| p.kind == PieceKind::Code) {
        for (at, byte) in text.as_bytes()[piece.range.clone()].iter().enumerate() {
            match byte {
                b'(' | b'[' | b'{' => depth += 1,
                b')' | b']' | b'}' => depth = depth.saturating_sub(1),
                b',' if depth == 0 => {
                    close(start..piece.range.start + at);
                    start = piece.range.start + at + 1;
                }
                _ => {}
            }
        }
    }
    close(start..text.len());
    out
}

/// The line of a place in a text, from 1.
pub(crate) fn line_of(text: &str, at: usize) -> u32 {
    let lines = text.as_bytes().iter().take(at).filter(|b| **b == b'\n').count();
    u32::try_from(lines).unwrap_or(u32::MAX - 1) + 1
}

#[cfg(test)]
mod tests {
    use super::*;

    fn split(text: &str, dialect: Dialect) -> Vec<&str> {
        statements(text, dialect).into_iter().map(|range| &text[range]).collect()
    }

    #[test]
    fn semicolons_in_strings_names_and_comments_end_nothing() {
        let text = "select ';' as \"a;b\" -- ; no\n/* ; /* ; */ */ ;\n\n; select $$;$$ , $x$ ; $x$;-- the end";
        let expected = ["select ';' as \"a;b\" -- ; no\n/* ; /* ; */ */", "select $$;$$ , $x$ ; $x$"];
        assert_eq!(split(text, Dialect::DuckDb), expected);
        assert_eq!(split(r"select 'it\'s; x' ; select 2", Dialect::BigQuery), [r"select 'it\'s; x'", "select 2"]);
        assert_eq!(split(r"select 'back\'; select 2", Dialect::Postgres), [r"select 'back\'", "select 2"]);
        assert_eq!(split(r"select e'it\'s; x'; select 2", Dialect::Postgres).len(), 2);
        assert_eq!(split("# it's\nselect 1; select \"\"\"a;b\"\"\"", Dialect::BigQuery).len(), 2);
    }

    #[test]
    fn commas_in_brackets_part_nothing() {
        let text = "a (b, c), [d, e], ',' f, , g";
        let found: Vec<&str> = parts(text, Dialect::DuckDb).into_iter().map(|range| &text[range]).collect();
        assert_eq!(found, ["a (b, c)", "[d, e]", "',' f", "g"]);
    }

    #[test]
    fn what_is_never_closed_reaches_to_the_end() {
        for text in ["select 'a;", "select \"a;", "/* ;", "select $$;", "'''", "é'", "$", "$a", "\\", "'\\"] {
            for dialect in [Dialect::DuckDb, Dialect::BigQuery, Dialect::Snowflake] {
                let all = pieces(text, dialect);
                assert_eq!(all.iter().map(|p| &text[p.range.clone()]).collect::<String>(), text, "{dialect:?}");
                assert!(statements(text, dialect).len() <= 1);
            }
        }
    }
}
