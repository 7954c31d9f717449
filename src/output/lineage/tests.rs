use super::drawing::Drawing;
use super::tree::Tree;
use super::*;

fn relation(at: usize, reads: &[usize]) -> Relation {
    let from = reads.iter().map(|r| Source {
        relation: format!("model.p.m{r}"),
        name: format!("m{r}"),
        column: "a".into(),
        role: "value".into(),
        line: Some(2),
        status: None,
    });
    Relation {
        id: format!("model.p.m{at}"),
        name: format!("m{at}"),
        kind: RelationKind::Model,
        path: Some(format!("models/m{at}.sql")),
        reads: reads.iter().map(|r| format!("model.p.m{r}")).collect(),
        column_count: 1,
        columns: vec![Column {
            name: "a".into(),
            kind: Some("derived".into()),
            from: from.collect(),
            ..Column::default()
        }],
        open: Vec::new(),
        problem: None,
        unresolved: 0,
        status: None,
        changes: Vec::new(),
    }
}

fn lineage(relations: Vec<Relation>, focus: usize) -> Lineage {
    Lineage {
        schema_version: SCHEMA_VERSION,
        project: "p".into(),
        rev: "worktree".into(),
        base: None,
        focus: Some(Focus { relation: format!("model.p.m{focus}"), column: Some("a".into()) }),
        relations,
        readers: Vec::new(),
        impact: None,
    }
}

#[test]
fn a_big_graph_keeps_what_is_near_and_counts_the_rest() {
    let chain =
        (0..300).map(|at| relation(at, if at == 0 { &[] } else { std::slice::from_ref(&PREVIOUS[at]) })).collect();
    let lineage = lineage(chain, 150);
    let drawing = Drawing::of(&lineage, 5);
    let titles: Vec<&str> = drawing.shapes.iter().map(|s| s.title.as_str()).collect();
    assert_eq!(titles, ["m148", "m149", "m150", "m151", "m152"]);
    assert_eq!((drawing.left_out, drawing.lines.len()), (295, 4));
    let text = mermaid(&lineage);
    assert!(text.len() < 50_000 && text.contains("and 240 more, 0 lines left out"), "{text}");
}

/// The number before each.
static PREVIOUS: std::sync::LazyLock<Vec<usize>> =
    std::sync::LazyLock::new(|| (0_usize..300).map(|n| n.saturating_sub(1)).collect());

#[test]
fn a_circle_ends_and_a_column_is_shown_once() {
    let lineage = lineage(vec![relation(0, &[1]), relation(1, &[0, 2]), relation(2, &[])], 0);
    let tree = Tree::new(&lineage);
    let start = tree.find("model.p.m0", "A").expect("found without regard to case");
    assert_eq!(tree.lines(start, true).len(), 3);
    assert!(html(&lineage).contains("m2") && table(&lineage, 100).contains("(above)"));
}

#[test]
fn what_is_not_known_is_said_in_every_face() {
    let mut one = relation(0, &[]);
    one.columns[0].unresolved =
        vec![Lost { name: "x.\u{1b}[31my".into(), reason: "not_in_schema".into(), line: Some(7) }];
    one.open = vec!["raw.t".into()];
    let mut lineage = lineage(vec![one], 0);
    let tree = table(&lineage, 100);
    assert!(tree.contains("y: unresolved, not in schema  models/m0.sql:7") && !tree.contains('\u{1b}'), "{tree}");
    assert!(mermaid(&lineage).contains("a - unresolved"));
    assert!(html(&lineage).contains("unresolved: not in schema") && !html(&lineage).contains('\u{1b}'));
    lineage.focus = Some(Focus { relation: "model.p.m0".into(), column: None });
    let model = table(&lineage, 100);
    assert!(model.contains("(not in schema)") && model.contains("a star over raw.t"), "{model}");
}
