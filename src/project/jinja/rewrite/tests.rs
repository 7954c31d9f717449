use super::*;

fn body(text: &str) -> String {
    rewrite(text, &[], 0..text.len(), "t").unwrap().source.replace("{{ __end() }}", "")
}

#[test]
fn literals_become_mutable() {
    assert_eq!(body("{{ [1, a[0]] }}"), "{{  __l([1, a[0]])  }}");
    assert_eq!(body("{% if x in['a'] %}"), "{%  if x in __l(['a']) %}");
    assert_eq!(body("{% set x = {'a': []} %}"), "{%  set x = __v( __d({'a': __l([])})) %}");
}

#[test]
fn python_strings() {
    assert_eq!(body(r"{{ 'a' 'b\d' }}"), r"{{  'ab\\d'  }}");
    assert_eq!(body("{{ '%s-%s' % (a, b.c[1]) ~ x }}"), "{{  '%s-%s'|__mod((a, b.c[1])) ~ x  }}");
    assert_eq!(body("{% if x: %}"), "{%  if x %}");
}

#[test]
fn call_blocks_move_out_and_lines_stay() {
    let text = "{% call(row) f(1) -%}\n row {{ row }}\n{% endcall %}\nafter";
    let out = rewrite(text, &[], 0..text.len(), "t").unwrap();
    assert_eq!(out.source.matches('\n').count(), 3);
    assert!(out.source.starts_with("{{  f(1, caller=__caller('t#0'))"), "{}", out.source);
    assert_eq!(out.callers[0].args, ["row"]);
    assert!(out.callers[0].source.starts_with("{#\n#}row {{"), "{}", out.callers[0].source);
}

#[test]
fn includes_are_refused() {
    assert!(rewrite("{% include 'x' %}", &[], 0..17, "t").unwrap_err().unsupported);
}

#[test]
fn numbers_beyond_any_register_keep_their_digits_and_odd_blanks_are_blanks() {
    assert_eq!(large("0x1000000000000000000000000000000000").unwrap(), "5444517870735015415413993718908291383296");
    assert_eq!(large("0xff"), None);
    assert_eq!(body("{{ a\u{a0}}}"), "{{  a  }}");
}
