//! Makes text that others wrote harmless for the place where it is shown.

/// Most characters of one field that a comment shows.
const MAX_FIELD: usize = 1_500;

/// One line for a terminal: no control character, no escape sequence, nothing that turns the reading direction.
pub fn terminal(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\n' | '\t' | '\r' => out.push(' '),
            c => out.push(visible(c)),
        }
    }
    out
}

/// The character itself, or a harmless picture of it.
pub fn visible(c: char) -> char {
    match c {
        '\u{0}'..='\u{1f}' => char::from_u32(0x2400 + c as u32).unwrap_or('\u{fffd}'),
        '\u{7f}' => '\u{2421}',
        '\u{80}'..='\u{9f}' => '\u{fffd}',
        // Direction marks and invisible characters make text read as what it is not.
        '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}' => {
            '\u{fffd}'
        }
        '\u{e0000}'..='\u{e007f}' => '\u{fffd}',
        c => c,
    }
}

/// Text within a line of a GitHub comment, also in a table cell: shows as written; no formatting, HTML, link, mention
/// or line break comes of it.
pub fn markdown(text: &str) -> String {
    escaped(&clip(&terminal(text), MAX_FIELD))
}

/// As [`markdown`], for sentences: what they hold between two backticks is shown in the type of code.
pub fn markdown_prose(text: &str) -> String {
    let text = clip(&terminal(text), MAX_FIELD);
    let parts: Vec<&str> = text.split('`').collect();
    let pairs = (parts.len() - 1) / 2;
    let mut out = String::with_capacity(text.len() * 2);
    for (i, part) in parts.iter().enumerate() {
        if i > 0 {
            match (i <= pairs * 2, i % 2 == 1) {
                (true, true) => out.push_str("<code>"),
                (true, false) => out.push_str("</code>"),
                (false, _) => entity(&mut out, '`'),
            }
        }
        out.push_str(&escaped(part));
    }
    out
}

fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len() * 2);
    let mut chars = text.chars().peekable();
    let mut last = ' ';
    while let Some(c) = chars.next() {
        let next = chars.peek().copied().unwrap_or(' ');
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            // Within a word it emphasises nothing, and names stay names for whoever searches the comment.
            '_' if last.is_ascii_alphanumeric() && next.is_ascii_alphanumeric() => out.push('_'),
            '`' | '*' | '_' | '[' | ']' | '|' | '\\' | '~' | '$' => entity(&mut out, c),
            // GitHub finds mentions and references in the rendered text, where an entity no longer helps.
            '@' => out.push_str("@\u{200b}"),
            '#' => out.push_str("#\u{200b}"),
            '-' if last.eq_ignore_ascii_case(&'h') && next.is_ascii_digit() => out.push_str("-\u{200b}"),
            ':' if next == '/' => entity(&mut out, c),
            '.' if last.eq_ignore_ascii_case(&'w') => entity(&mut out, c),
            c => out.push(c),
        }
        last = c;
    }
    out
}

/// A name within a line of a GitHub comment, in the type of code.
pub fn markdown_code(text: &str) -> String {
    format!("<code>{}</code>", markdown(text))
}

/// A block of code in a GitHub comment that its text cannot end.
pub fn markdown_fence(language: &str, text: &str) -> String {
    let clean: String = text.chars().map(|c| if c == '\n' { c } else { visible(c) }).collect();
    let mut longest = 0;
    let mut run = 0;
    for c in clean.chars() {
        run = if c == '`' { run + 1 } else { 0 };
        longest = longest.max(run);
    }
    let fence = "`".repeat(longest.max(2) + 1);
    format!("{fence}{language}\n{}\n{fence}\n", clean.trim_end_matches('\n'))
}

/// At most `max` characters, with a sign when something is left out.
pub fn clip(text: &str, max: usize) -> String {
    if text.chars().count() <= max {
        return text.to_owned();
    }
    let mut out: String = text.chars().take(max.saturating_sub(1)).collect();
    out.push('…');
    out
}

fn entity(out: &mut String, c: char) {
    out.push_str(&format!("&#{};", c as u32));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn terminal_text_is_one_harmless_line() {
        assert_eq!(terminal("a\x1b[31mred\r\nb\u{9b}2J\u{202e}x"), "a␛[31mred  b\u{fffd}2J\u{fffd}x");
        assert_eq!(terminal("naïve 数据 ✓"), "naïve 数据 ✓");
    }

    #[test]
    fn markdown_text_shows_as_written() {
        assert_eq!(markdown("a|b"), "a&#124;b");
        assert_eq!(markdown("<img src=x>"), "&lt;img src=x&gt;");
        assert_eq!(markdown("@octocat #1 org/r#2"), "@\u{200b}octocat #\u{200b}1 org/r#\u{200b}2");
        assert_eq!(markdown("https://x www.x"), "https&#58;//x www&#46;x");
        assert_eq!(markdown("a\n# b"), "a #\u{200b} b");
        assert_eq!(markdown("GH-12"), "GH-\u{200b}12");
        assert!(!markdown("`**_[](x)` _y_").contains(['`', '*', '_', '[']));
        assert_eq!(markdown("lineage_diff/re-sourced"), "lineage_diff/re-sourced");
        assert_eq!(markdown_prose("`a_b` is `c` and ` <b>"), "<code>a_b</code> is <code>c</code> and &#96; &lt;b&gt;");
    }

    #[test]
    fn a_fence_is_longer_than_what_it_holds() {
        assert_eq!(markdown_fence("sql", "a\n````\nb\n"), "`````sql\na\n````\nb\n`````\n");
        assert_eq!(markdown_fence("sql", "a"), "```sql\na\n```\n");
    }

    #[test]
    fn clipping_is_told() {
        assert_eq!(clip("abcdef", 4), "abc…");
        assert_eq!(clip("abcd", 4), "abcd");
    }
}
