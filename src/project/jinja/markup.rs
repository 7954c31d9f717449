//! The filters `escape` and `forceescape`, with the codes that Jinja writes.

use minijinja::Value;

/// `value | escape`: what is escaped already stays as it is.
pub(crate) fn escape(value: Value) -> Value {
    if value.is_safe() { value } else { force(value) }
}

/// `value | forceescape`.
pub(crate) fn force(value: Value) -> Value {
    let codes = [('&', "&amp;"), ('>', "&gt;"), ('<', "&lt;"), ('\'', "&#39;"), ('"', "&#34;")];
    let text = codes.into_iter().fold(value.to_string(), |text, (from, to)| text.replace(from, to));
    Value::from_safe_string(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_those_of_jinja_and_are_written_once() {
        let once = escape(Value::from("a<b> & 'c' \"d\"/e"));
        assert_eq!(once.to_string(), "a&lt;b&gt; &amp; &#39;c&#39; &#34;d&#34;/e");
        assert_eq!(escape(once.clone()).to_string(), once.to_string());
        assert_eq!(force(escape(Value::from("<"))).to_string(), "&amp;lt;");
    }
}
