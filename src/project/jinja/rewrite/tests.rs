use super::*;

fn body(text: &str) -> String {
    rewrite(text, &[], 0..text.len(), "t").unwrap().source.replace("{{ __end() }}", "")
}

#[test]
fn literals_become_mutable() {
    assert_eq!(body("{{ [1, a[0]] }}"), "{{  __l([1, a[0]])  }}");
    assert_eq!(body("{% if x in['a'] %}"), "{%  if __in(x , __l(['a'])) %}");
    assert_eq!(body("{% set x = {'a': []} %}"), "{%  set x = __v( __d({'a': __l([])})) %}");
}

#[test]
fn python_strings() {
    assert_eq!(body(r"{{ 'a' 'b\d' }}"), r"{{  'ab\\d'  }}");
    assert_eq!(body("{{ '%s-%s' % (a, b.c[1]) ~ x }}"), "{{  __c('%s-%s'|__mod((a, b.c[1]))) ~ __c(x)  }}");
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

#[test]
fn sums_concatenations_and_walks_become_calls() {
    assert_eq!(body("{{ a + b.c(1) - -d * 2 }}"), "{{  __m(a , '+',  b.c(1) , '-',  -d * 2)  }}");
    assert_eq!(
        body("{{ (a + 1) ~ b is none ~ c|upper }}"),
        "{{  __c((__m(a , '+',  1))) ~ __c(b is none) ~ __c(c|upper)  }}"
    );
    assert_eq!(
        body("{% if a ~ 'x' == 'y' and not b + 1 in c %}"),
        "{%  if __c(a) ~ __c('x') == 'y' and not __in(__m(b , '+',  1) ,  c) %}"
    );
    assert_eq!(body("{% for x in a|map('upper') if x %}"), "{%  for x in __i(a|map('upper')|__lazy) if x %}");
    assert_eq!(body("{% if a < b + 1 and c == d %}"), "{%  if __k(a , '<',  __m(b , '+',  1)) and c == d %}");
    assert_eq!(body("{{ not 1 <= f(x < 2) }}"), "{{  not __k(1 , '<=',  f(__k(x , '<',  2)))  }}");
    assert_eq!(body("{{ x if a + 1 else -1 }}"), "{{  x if __m(a , '+',  1) else -1  }}");
}

#[test]
fn what_minijinja_reads_otherwise_is_refused() {
    let refused = |text: &str| rewrite(text, &[], 0..text.len(), "t").unwrap_err().unsupported;
    assert!(refused("{{ a[4:0:-2] }}"));
    assert!(refused("{{ range(5)[1:3] }}"));
    assert!(refused("{% with a = 1, b = a %}{% endwith %}"));
    assert!(refused("{% macro m() %}{% endmacro %}"));
    assert!(refused(r"{{ '\N{BULLET}' }}"));
    assert_eq!(body("{{ a[::-1] }}"), "{{  a[::-1]  }}");
}

#[test]
fn what_is_in_and_what_may_be_a_method_become_calls() {
    let cases = [
        ("{{ a in b.c }}", "{{ __in(a , b.c)  }}"),
        ("{{ x ~ a not in b }}", "{{ (not __in(__c(x) ~ __c(a)  , b))  }}"),
        ("{{ not a in b and c }}", "{{ not __in(a , b) and c  }}"),
        ("{{ a is in b }}", "{{ a is in b  }}"),
        ("{{ f(x)['y'].items }}", "{{ __a(f(x)['y'], 'items')  }}"),
        ("{{ x.items() }}", "{{ x.items()  }}"),
        ("{{ x.y.count.z }}", "{{ __a(x.y, 'count').z  }}"),
        ("{% for x in y if x in z %}{% endfor %}", "{% for x in __i(y) if __in(x , z) %}{% endfor %}"),
        ("{% set ns.count = a.count %}", "{% set ns.count = __v( __a(a, 'count')) %}"),
    ];
    for (text, want) in cases {
        let source = rewrite(text, &[], 0..text.len(), "m").unwrap().source.replace("{{ __end() }}", "");
        let squeezed = |text: &str| text.split_whitespace().collect::<String>().replace("{{__t(0)}}", "");
        assert_eq!(squeezed(&source), squeezed(want), "{text}");
    }
    let chain = "{{ 1 == 1 in [1] }}";
    assert!(rewrite(chain, &[], 0..chain.len(), "m").is_err());
}
