use crate::project::{Compiled, Model, NodeKind, RelationName};
use crate::sql::Span;

fn model(raw: &str, compiled: &str, first_line: u32) -> Model {
    Model {
        unique_id: "model.p.m".into(),
        name: "m".into(),
        package: "p".into(),
        kind: NodeKind::Model,
        path: "models/m.sql".into(),
        raw: raw.into(),
        first_line,
        csv: None,
        config: Default::default(),
        tags: Default::default(),
        meta: Default::default(),
        description: String::new(),
        columns: Default::default(),
        declared_at: None,
        relation: RelationName::default(),
        compiled: Ok(Compiled { sql: compiled.into(), ..Compiled::default() }),
        depends_on: Default::default(),
        macros: Default::default(),
        hooks: Vec::new(),
    }
}

fn span_of(text: &str, needle: &str) -> Span {
    let start = text.find(needle).unwrap();
    let before = &text[..start];
    let line = before.matches('\n').count() as u32 + 1;
    let column = before.rsplit('\n').next().unwrap().chars().count() as u32 + 1;
    let end_column = column + needle.chars().count() as u32;
    Span { line, column, end_line: line, end_column, start, end: start + needle.len() }
}

fn place(raw: &str, compiled: &str, needle: &str) -> (u32, u32, u32) {
    let l = model(raw, compiled, 1).locate(&span_of(compiled, needle));
    (l.line, l.column, l.end_column)
}

#[test]
fn an_unchanged_line_keeps_its_columns_wherever_it_went() {
    let raw = "{{ config(x=1) }}\nselect\n  a.b as c\nfrom {{ ref('a') }} as a\n";
    let compiled = "\nselect\n  a.b as c\nfrom \"d\".\"s\".\"a\" as a\n";
    assert_eq!(place(raw, compiled, "a.b"), (3, 3, 6));
}

#[test]
fn a_rendered_line_is_searched_for_the_text() {
    let raw = "select 1\nfrom {{ ref('orders') }} as o\nwhere o.x = 1\n";
    let compiled = "select 1\nfrom \"d\".\"s\".\"orders\" as o\nwhere o.x = 1\n";
    assert_eq!(place(raw, compiled, "orders"), (2, 14, 20));
}

#[test]
fn lines_that_a_macro_made_belong_to_its_call() {
    let raw = "with d as (\n  {{ spine() }}\n)\nselect * from d\n";
    let compiled = "with d as (\n  select 1 as n\n  union all\n  select 2\n)\nselect * from d\n";
    assert_eq!(place(raw, compiled, "select 2").0, 2);
}

#[test]
fn a_block_of_a_file_counts_from_its_first_line() {
    let (raw, compiled) = ("select a\nfrom t\n", "select a\nfrom t\n");
    let location = model(raw, compiled, 5).locate(&span_of(compiled, "from"));
    assert_eq!((location.line, location.column), (6, 1));
}

#[test]
fn words_are_found_whole() {
    let found = model("select paid_amount, amount", "", 1).search(0..1, "amount", 0);
    assert_eq!((found.column, found.end_column), (21, 27));
}

proptest::proptest! {
    #[test]
    fn a_place_is_always_inside_the_file(raw in "[a-z{} \n]{0,40}", compiled in "[a-z \n]{0,40}", start in 0usize..40) {
        let start = (0..=start.min(compiled.len())).rev().find(|i| compiled.is_char_boundary(*i)).unwrap();
        let line = compiled[..start].matches('\n').count() as u32 + 1;
        let span = Span { line, column: 1, end_line: line, end_column: 2, start, end: compiled.len() };
        let location = model(&raw, &compiled, 1).locate(&span);
        let lines = raw.lines().count().max(1) as u32;
        proptest::prop_assert!(location.line >= 1 && location.line <= lines, "{location:?} of {lines}");
    }
}
