//! Function calls within a canonical expression.

/// A function call within a canonical expression.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Call<'a> {
    /// Lower-case name.
    pub name: String,
    /// What stands between its parentheses.
    pub inside: &'a str,
}

/// All calls of `expression`, outermost first, strings not looked into.
pub fn calls(expression: &str) -> Vec<Call<'_>> {
    let bytes = expression.as_bytes();
    let mut open: Vec<(usize, usize)> = Vec::new();
    let mut found = Vec::new();
    let mut at = 0;
    while at < bytes.len() {
        match bytes[at] {
            quote @ (b'\'' | b'"' | b'`') => at = skip_quoted(bytes, at, quote),
            b'(' => {
                open.push((name_start(bytes, at), at));
                at += 1;
            }
            b')' => {
                if let Some((start, paren)) = open.pop()
                    && start < paren
                {
                    let name = expression[start..paren].trim().to_lowercase();
                    found.push((start, Call { name, inside: &expression[paren + 1..at] }));
                }
                at += 1;
            }
            _ => at += 1,
        }
    }
    found.sort_by_key(|(start, _)| *start);
    found.into_iter().map(|(_, call)| call).collect()
}

/// The index after the quoted text that starts at `at` (doubled quotes stay inside).
pub(crate) fn skip_quoted(bytes: &[u8], at: usize, quote: u8) -> usize {
    let mut next = at + 1;
    while next < bytes.len() {
        if bytes[next] == quote {
            if bytes.get(next + 1) == Some(&quote) {
                next += 2;
                continue;
            }
            return next + 1;
        }
        next += 1;
    }
    bytes.len()
}

pub(crate) fn name_start(bytes: &[u8], paren: usize) -> usize {
    let mut start = paren;
    while start > 0 && (bytes[start - 1].is_ascii_alphanumeric() || matches!(bytes[start - 1], b'_' | b'.')) {
        start -= 1;
    }
    start
}

/// The arguments of a call, split at its own commas.
pub fn arguments(inside: &str) -> Vec<&str> {
    let bytes = inside.as_bytes();
    let (mut depth, mut start, mut at) = (0usize, 0, 0);
    let mut parts = Vec::new();
    while at < bytes.len() {
        match bytes[at] {
            quote @ (b'\'' | b'"' | b'`') => {
                at = skip_quoted(bytes, at, quote);
                continue;
            }
            b'(' | b'[' | b'{' => depth += 1,
            b')' | b']' | b'}' => depth = depth.saturating_sub(1),
            b',' if depth == 0 => {
                parts.push(inside[start..at].trim());
                start = at + 1;
            }
            _ => {}
        }
        at += 1;
    }
    parts.push(inside[start.min(inside.len())..].trim());
    parts
}
