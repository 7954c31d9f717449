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

/// As [`terminal`], but the text keeps its line ends.
pub fn lines(text: &str) -> String {
    text.replace("\r\n", "\n").split('\n').map(terminal).collect::<Vec<_>>().join("\n")
}

/// One line within an element or a quoted attribute of XML or HTML: shows as written.
pub fn xml(text: &str) -> String {
    entities(&terminal(text))
}

/// Text whose characters are harmless already, without any that XML or HTML reads.
pub fn entities(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
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
        '\u{ad}' | '\u{34f}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}' | '\u{180b}'..='\u{180f}' => {
            '\u{fffd}'
        }
        '\u{3164}' | '\u{ffa0}' | '\u{fff0}'..='\u{fffb}' | '\u{e0000}'..='\u{e0fff}' => '\u{fffd}',
        // No characters at all; XML refuses them.
        '\u{fdd0}'..='\u{fdef}' | '\u{fffe}' | '\u{ffff}' => '\u{fffd}',
        c => c,
    }
}

/// Text within a line of a GitHub comment, also in a table cell: shows as written; no formatting, HTML, link, mention,
/// emoji or line break comes of it.
pub fn markdown(text: &str) -> String {
    escaped(&terminal(&clip(text, MAX_FIELD)))
}

/// As [`markdown`], for sentences: what they hold between two backticks is shown in the type of code.
pub fn markdown_prose(text: &str) -> String {
    let text = terminal(&clip(text, MAX_FIELD));
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

/// Breaks what GitHub looks for in the rendered text, where an entity no longer helps: mentions, references, emoji.
const BREAK: char = '\u{200b}';
/// The fewest digits of a commit that GitHub links.
const SHA_LENGTH: usize = 7;

fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len() * 2);
    let mut last = ' ';
    // Digits left of a commit id, and how many stand since its start or the last break.
    let (mut left, mut run) = (0, 0);
    for (at, c) in text.char_indices() {
        let rest = &text[at + c.len_utf8()..];
        let next = rest.chars().next().unwrap_or(' ');
        if !word(last) {
            (left, run) = (sha(&text[at..]), 0);
        }
        if left > 0 {
            if run == SHA_LENGTH - 1 {
                out.push(BREAK);
                run = 0;
            }
            (left, run) = (left - 1, run + 1);
        }
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            // The way that GitHub's manual names to keep a dollar sign from starting a formula.
            '$' => out.push_str("<span>$</span>"),
            // Within a word it emphasises nothing, and names stay names for whoever searches the comment.
            '_' if last.is_ascii_alphanumeric() && next.is_ascii_alphanumeric() => out.push('_'),
            '`' | '*' | '_' | '[' | ']' | '|' | '\\' | '~' => entity(&mut out, c),
            '@' | '#' => out.extend([c, BREAK]),
            // GH-12, and the references that a repository defines for itself (TICKET-12).
            '-' if last.is_ascii_uppercase() || (last == 'h' && next.is_ascii_digit()) => out.extend([c, BREAK]),
            ':' if next == '/' => {
                entity(&mut out, c);
                out.push(BREAK);
            }
            ':' if emoji(rest) => out.extend([c, BREAK]),
            '.' if web(&text[..at]) => {
                entity(&mut out, c);
                out.push(BREAK);
            }
            c => out.push(c),
        }
        last = c;
    }
    out
}

/// Whether a full stop here makes a web address (`www.`).
fn web(before: &str) -> bool {
    before.len().checked_sub(3).and_then(|at| before.get(at..)).is_some_and(|end| end.eq_ignore_ascii_case("www"))
}

fn word(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '_'
}

/// Digits of the commit id that the text starts with; 0 when GitHub would take it for none.
fn sha(text: &str) -> usize {
    let digits = text.bytes().take_while(u8::is_ascii_hexdigit).count();
    if digits >= SHA_LENGTH && !text[digits..].starts_with(word) { digits } else { 0 }
}

/// Whether what follows a colon makes it the start of an emoji's name (`:tada:`).
fn emoji(rest: &str) -> bool {
    let name = rest.bytes().take_while(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'+' | b'-')).count();
    name > 0 && rest[name..].starts_with(':')
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

/// At most `max` bytes of whole characters, with a sign when something is left out.
pub fn clip_bytes(text: &str, max: usize) -> String {
    if text.len() <= max {
        return text.to_owned();
    }
    let mut end = max.saturating_sub('…'.len_utf8());
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    format!("{}…", &text[..end])
}

/// At most `max` characters, with a sign when something is left out.
pub fn clip(text: &str, max: usize) -> String {
    if text.len() <= max || text.chars().count() <= max {
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
        assert_eq!(markdown("https://x www.x"), "https&#58;\u{200b}//x www&#46;\u{200b}x");
        assert_eq!(markdown("a\n# b"), "a #\u{200b} b");
        assert_eq!(markdown("GH-12"), "GH-\u{200b}12");
        assert!(!markdown("`**_[](x)` _y_").contains(['`', '*', '_', '[']));
        assert_eq!(markdown("TICKET-12 is utf-8"), "TICKET-\u{200b}12 is utf-8");
        assert_eq!(markdown("a@b.example mailto:a@b"), "a@\u{200b}b.example mailto:a@\u{200b}b");
        assert_eq!(markdown(":+1: 12:30 a: b"), ":\u{200b}+1: 12:30 a: b");
        assert_eq!(markdown("$x$"), "<span>$</span>x<span>$</span>");
        assert_eq!(markdown("0123456789abcdef 123456 feedbacks"), "012345\u{200b}6789ab\u{200b}cdef 123456 feedbacks");
        assert_eq!(markdown("lineage_diff/re-sourced"), "lineage_diff/re-sourced");
        assert_eq!(markdown_prose("`a_b` is `c` and ` <b>"), "<code>a_b</code> is <code>c</code> and &#96; &lt;b&gt;");
    }

    #[test]
    fn xml_text_shows_as_written() {
        assert_eq!(xml("<a b='c\"&\n\u{0}>"), "&lt;a b='c&quot;&amp; \u{2400}&gt;");
    }

    #[test]
    fn a_fence_is_longer_than_what_it_holds() {
        assert_eq!(markdown_fence("sql", "a\n````\nb\n"), "`````sql\na\n````\nb\n`````\n");
        assert_eq!(markdown_fence("sql", "a"), "```sql\na\n```\n");
    }

    #[test]
    fn lines_stay_lines() {
        assert_eq!(lines("a\r\n\tb\x1bc\n"), "a\n b␛c\n");
    }

    #[test]
    fn clipping_is_told() {
        assert_eq!(clip_bytes("abcdef", 5), "ab…");
        assert_eq!(clip_bytes("éé", 3), "…");
        assert_eq!(clip_bytes("éé", 4), "éé");
        assert_eq!(clip("abcdef", 4), "abc…");
        assert_eq!(clip("abcd", 4), "abcd");
    }
}
