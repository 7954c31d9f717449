//! Whatever a person calls CTEs and aliases, and however they lay out the text: the same lineage and fingerprints.

use proptest::prelude::*;

use super::super::{Analysis, Dialect, Equivalence, compare};
use super::analysis;

/// A query by its choices; names and layout are given from outside.
#[derive(Debug, Clone)]
struct Shape {
    filter: &'static str,
    join: &'static str,
    value: &'static str,
    grouped: bool,
    union: bool,
    derived: bool,
}

fn shapes() -> impl Strategy<Value = Shape> {
    let filters = prop::sample::select(vec![
        "A.amount > 1",
        "A.status in ('x', 'y') and not (A.amount = 3)",
        "A.amount between 1 and 5 or A.status is null",
        "exists (select 1 from payments as D where D.order_id = A.id)",
    ]);
    let joins = prop::sample::select(vec!["join", "left join", "right join", "full join"]);
    let values = prop::sample::select(vec![
        "coalesce(A.amount, 0)",
        "case A.status when 'x' then A.amount else B.id end",
        "sum(A.amount) over (partition by A.status order by A.id)",
        "cast(A.amount as int) + B.id",
    ]);
    (filters, joins, values, any::<bool>(), any::<bool>(), any::<bool>()).prop_map(
        |(filter, join, value, grouped, union, derived)| Shape { filter, join, value, grouped, union, derived },
    )
}

impl Shape {
    /// `names`: two CTEs, then the aliases A, B and D.
    fn sql(&self, names: [&str; 5]) -> String {
        let [first, second, a, b, d] = names;
        let qualified = |text: &str| {
            let text = text.replace("A.", &format!("{a}.")).replace("B.", &format!("{b}."));
            text.replace("D.", &format!("{d}.")).replace(" D ", &format!(" {d} "))
        };
        let customers = "select id, region from customers";
        let (with, right) = match self.derived {
            true => (String::new(), format!("({customers})")),
            false => (format!("{second} as ({customers}), "), second.to_owned()),
        };
        let body = qualified(&format!(
            "select A.id as id, {} as v, B.region as region from orders as {a} {} {right} as {b} on A.customer_id = B.id where {}",
            self.value, self.join, self.filter
        ));
        let union = if self.union { " union all select id, amount, status from orders" } else { "" };
        let last = match self.grouped {
            true => format!("select region, sum(v) as v from {first} group by region"),
            false => format!("select id, v, region from {first}"),
        };
        format!("with {with}{first} as ({body}{union}) {last}")
    }
}

/// Other spaces, comments and letters outside texts.
fn laid_out(sql: &str, gaps: &[u8]) -> String {
    let mut gap = gaps.iter().cycle();
    let mut quoted = false;
    let mut text = String::new();
    for c in sql.chars() {
        quoted ^= c == '\'';
        match c {
            ' ' if !quoted => text.push_str(match gap.next() {
                Some(0) => "\n\t",
                Some(1) => " /* é */ ",
                Some(2) => " -- so\n",
                _ => " ",
            }),
            c if !quoted && gap.next() == Some(&3) => text.extend(c.to_uppercase()),
            c => text.push(c),
        }
    }
    text
}

/// Edges without their places, per output.
fn lineage(analysis: &Analysis) -> Vec<String> {
    let edge = |one: &super::super::Edge| format!("{}.{} {:?} {:?}", one.table, one.column, one.role, one.via);
    let of = |edges: &[super::super::Edge]| edges.iter().map(edge).collect::<std::collections::BTreeSet<_>>();
    analysis.outputs.iter().map(|one| format!("{} {:?} {:?}", one.key, one.kind, of(&one.edges))).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 150, ..ProptestConfig::default() })]

    #[test]
    fn names_and_layout_make_no_difference(shape in shapes(), gaps in prop::collection::vec(0u8..6, 1..20)) {
        let base = analysis(&shape.sql(["f", "s", "o", "c", "p"]), Dialect::DuckDb);
        let renamed = laid_out(&shape.sql(["final_rows", "people", "l", "r", "pay"]), &gaps);
        let head = analysis(&renamed, Dialect::DuckDb);
        prop_assert_eq!(compare(&base, &head), Equivalence::Equivalent, "{}", renamed);
        prop_assert_eq!(lineage(&base), lineage(&head));
    }

    #[test]
    fn places_of_edges_name_the_column(shape in shapes(), gaps in prop::collection::vec(0u8..6, 1..20)) {
        let sql = laid_out(&shape.sql(["f", "s", "o", "c", "p"]), &gaps);
        let outer = "id v region";
        for edge in analysis(&sql, Dialect::DuckDb).outputs.iter().flat_map(|one| &one.edges) {
            let text = sql.get(edge.span.start..edge.span.end).unwrap_or_default().to_lowercase();
            let name = text.rsplit('.').next().unwrap_or_default().trim();
            prop_assert!(name == edge.column || outer.contains(name) && !name.is_empty(), "`{}` for {:?}", text, edge);
        }
    }
}
