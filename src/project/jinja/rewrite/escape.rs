//! String escapes: Python's into minijinja's.

/// Python's escapes into minijinja's: unknown ones stand for themselves, `'` is escaped.
pub(super) fn escape(content: &str, out: &mut String) {
    let mut chars = content.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '\'' => *out += "\\'",
            '\\' => match chars.next() {
                Some('\'') => *out += "\\'",
                Some('"') => out.push('"'),
                Some(c @ ('n' | 't' | 'r' | '\\')) => {
                    out.push('\\');
                    out.push(c);
                }
                Some('\n') => {}
                Some(c @ ('x' | 'u')) => {
                    let digits: String = chars.clone().take(if c == 'x' { 2 } else { 4 }).collect();
                    let decoded = u32::from_str_radix(&digits, 16).ok().and_then(char::from_u32);
                    match decoded.filter(|_| digits.chars().all(|d| d.is_ascii_hexdigit())) {
                        Some(decoded) if !matches!(decoded, '\'' | '\\') => {
                            out.push(decoded);
                            chars.nth(digits.chars().count() - 1);
                        }
                        _ => {
                            *out += "\\\\";
                            out.push(c);
                        }
                    }
                }
                Some(other) => {
                    *out += "\\\\";
                    out.push(other);
                }
                None => *out += "\\\\",
            },
            other => out.push(other),
        }
    }
}
