//! String escapes: Python's into minijinja's.

/// Python's escapes into minijinja's: unknown ones stand for themselves, `'` is escaped. The error says what is not
/// known here.
pub(super) fn escape(content: &str, out: &mut String) -> Result<(), &'static str> {
    let mut chars = content.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '\\' => {}
            // Lines stay lines.
            '\n' | '\r' => {
                out.push(c);
                continue;
            }
            _ => {
                put(c, out);
                continue;
            }
        }
        match chars.next() {
            Some('\n') => {}
            Some('n') => out.push_str("\\n"),
            Some('t') => out.push_str("\\t"),
            Some('r') => out.push_str("\\r"),
            Some('a') => put('\u{7}', out),
            Some('b') => put('\u{8}', out),
            Some('f') => put('\u{c}', out),
            Some('v') => put('\u{b}', out),
            Some(c @ ('\'' | '"' | '\\')) => put(c, out),
            Some(c @ ('x' | 'u' | 'U')) => {
                let width = match c {
                    'x' => 2,
                    'u' => 4,
                    _ => 8,
                };
                let digits: String = chars.by_ref().take(width).collect();
                let whole = digits.len() == width && digits.chars().all(|d| d.is_ascii_hexdigit());
                let code = u32::from_str_radix(&digits, 16).ok().filter(|_| whole);
                put(code.and_then(char::from_u32).ok_or("an escape in a text that names no character")?, out);
            }
            Some(c @ '0'..='7') => {
                let mut code = c.to_digit(8).unwrap_or(0);
                for _ in 0..2 {
                    let Some(digit) = chars.peek().and_then(|c| c.to_digit(8)) else { break };
                    code = code * 8 + digit;
                    chars.next();
                }
                put(char::from_u32(code).ok_or("an escape in a text that names no character")?, out);
            }
            Some('N') => return Err("characters by their names are not built in here"),
            Some(other) => {
                out.push_str("\\\\");
                put(other, out);
            }
            None => out.push_str("\\\\"),
        }
    }
    Ok(())
}

/// Writes one character of a text in single quotes.
fn put(c: char, out: &mut String) {
    match c {
        '\'' => out.push_str("\\'"),
        '\\' => out.push_str("\\\\"),
        '\r' => out.push_str("\\r"),
        '\n' => out.push_str("\\n"),
        other => out.push(other),
    }
}

#[cfg(test)]
mod tests {
    use super::escape;

    #[test]
    fn escapes_are_those_of_python() {
        let read = |text: &str| {
            let mut out = String::new();
            escape(text, &mut out).map(|()| out)
        };
        assert_eq!(read(r"\x41\u00e9\U0001F600\101").unwrap(), "Aé😀A");
        assert_eq!(read(r#"\'\"\q\\"#).unwrap(), r#"\'"\\q\\"#);
        assert!(read(r"\x4").is_err());
        assert!(read(r"\ud83d").is_err());
        assert!(read(r"\N{BULLET}").is_err());
    }
}
