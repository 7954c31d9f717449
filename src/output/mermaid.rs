//! Text for Mermaid graphs.
//!
//! Text of others stands only in quoted labels, where every character but letters, digits and a few harmless ones is
//! written as a code: no label can end its quotes, its line or the fence, start a directive, or hold a link.

use super::escape::{clip, terminal};

/// Characters of a label.
const LABEL: usize = 60;

/// A label between quotes.
pub(in crate::output) fn label(text: &str) -> String {
    let text = terminal(&clip(text, LABEL));
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            c if c.is_alphanumeric() || matches!(c, ' ' | '_' | '-' | '.' | '…') => out.push(c),
            c => out.push_str(&format!("#{};", c as u32)),
        }
    }
    if out.trim().is_empty() { "?".to_owned() } else { out }
}

#[cfg(test)]
mod tests {
    use super::label;
    use proptest::prelude::*;

    #[test]
    fn labels_show_names_and_hide_syntax() {
        assert_eq!(label("orders.order_cost"), "orders.order_cost");
        assert_eq!(label("a\"] --> b"), "a#34;#93; --#62; b");
        assert_eq!(label("%%{init: x}%%"), "#37;#37;#123;init#58; x#125;#37;#37;");
        assert_eq!(label("https://x.y/<b>&amp;#35;"), "https#58;#47;#47;x.y#47;#60;b#62;#38;amp#59;#35;35#59;");
        assert_eq!(label(""), "?");
        assert_eq!(label("`\n```"), "#96; #96;#96;#96;");
    }

    proptest! {
        #[test]
        fn no_text_ends_its_label(text in "(?s).{0,80}") {
            let label = label(&text);
            prop_assert!(!label.contains(['"', '\n', '`', '<', '>', '[', ']', '{', '}', '%', '&', ':', '/', '(', ')']), "{label}");
            let codes = regex::Regex::new("#[0-9]+;").expect("a pattern");
            prop_assert!(!codes.replace_all(&label, "").contains(['#', ';']), "{label}");
        }
    }
}
