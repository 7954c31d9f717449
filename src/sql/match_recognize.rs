//! MATCH_RECOGNIZE: the columns that come out of a search for patterns in rows.

use std::collections::BTreeSet;
use std::ops::ControlFlow;

use sqlparser::ast::{
    Expr, MatchRecognizePattern, MatchRecognizeSymbol, RowsPerMatch, SymbolDefinition, TableFactor, VisitMut,
    VisitorMut,
};

use super::Dialect;
use super::resolve::Resolver;
use super::scope::Column;
use super::term::From;

/// What the expressions of the clause give: the keys of the partition, those of the order, and the measures.
#[derive(Default)]
struct Made {
    partition: Vec<Column>,
    order: Vec<Column>,
    measures: Vec<Column>,
}

impl Resolver<'_> {
    pub(super) fn match_recognize(&mut self, factor: &TableFactor, nullable: bool) -> From {
        let TableFactor::MatchRecognize { table, rows_per_match, pattern, symbols, alias, .. } = factor else {
            return From::default();
        };
        let mut rows: BTreeSet<String> = symbols.iter().map(|one| self.key(&one.symbol)).collect();
        self.pattern_symbols(pattern, &mut rows);
        let mut made = Made::default();
        let mut turned = self.turned(factor, table, &BTreeSet::new(), nullable, |this, _| {
            made = this.match_expressions(factor, symbols, &rows);
        });
        let Made { partition, order, measures } = made;
        if matches!(rows_per_match, Some(RowsPerMatch::AllRows(_))) {
            let first: Vec<Column> = match self.dialect {
                // Elsewhere the columns keep their places.
                Dialect::Trino => partition.into_iter().chain(order).filter(|one| !one.name.is_empty()).collect(),
                _ => Vec::new(),
            };
            let input = std::mem::take(&mut turned.columns);
            let rest = input.into_iter().filter(|one| !first.iter().any(|key| key.matches(&one.key)));
            turned.columns = match self.dialect {
                Dialect::Trino => first.iter().cloned().chain(measures).chain(rest).collect(),
                _ => rest.chain(measures).collect(),
            };
        } else {
            turned.columns = partition.into_iter().chain(measures).collect();
            // Only what is named comes out.
            turned.open.clear();
        }
        self.push_turned(turned, "match_recognize", alias.as_ref())
    }

    fn match_expressions(
        &mut self,
        factor: &TableFactor,
        symbols: &[SymbolDefinition],
        rows: &BTreeSet<String>,
    ) -> Made {
        let TableFactor::MatchRecognize { partition_by, order_by, measures, .. } = factor else {
            return Made::default();
        };
        let partition = partition_by.iter().map(|expr| self.key_column(expr)).collect();
        let order = order_by.iter().map(|order| self.key_column(&order.expr)).collect();
        let mut shown = Vec::new();
        for measure in measures {
            let expr = self.without_symbols(&measure.expr, rows);
            let column = self.item(&expr, self.text.span(measure.alias.span));
            shown.push(column.with_name(&measure.alias.value, &self.key(&measure.alias)));
        }
        for symbol in symbols {
            let definition = self.without_symbols(&symbol.definition, rows);
            self.unlisted_expr(&definition);
        }
        Made { partition, order, measures: shown }
    }

    /// A column of PARTITION BY or ORDER BY, under its own name.
    fn key_column(&mut self, expr: &Expr) -> Column {
        let column = self.item(expr, Default::default());
        match self.unnamed(expr) {
            Some((name, key)) => column.with_name(&name, &key),
            None => column,
        }
    }

    /// `a.amount` is the amount of the rows that the pattern calls `a`.
    fn without_symbols(&self, expr: &Expr, rows: &BTreeSet<String>) -> Expr {
        let mut expr = expr.clone();
        let _ = VisitMut::visit(&mut expr, &mut Symbols { rows, dialect: self.dialect });
        expr
    }

    fn pattern_symbols(&mut self, pattern: &MatchRecognizePattern, found: &mut BTreeSet<String>) {
        use MatchRecognizePattern::{Alternation, Concat, Exclude, Group, Permute, Repetition, Symbol};
        let mut named = |this: &Self, symbol: &MatchRecognizeSymbol| {
            if let MatchRecognizeSymbol::Named(ident) = symbol {
                found.insert(this.key(ident));
            }
        };
        match pattern {
            Symbol(symbol) | Exclude(symbol) => named(self, symbol),
            Permute(symbols) => symbols.iter().for_each(|symbol| named(self, symbol)),
            Concat(parts) | Alternation(parts) => {
                for part in parts {
                    self.deeper(|this| this.pattern_symbols(part, found), |_| ());
                }
            }
            Group(inner) | Repetition(inner, _) => self.deeper(|this| this.pattern_symbols(inner, found), |_| ()),
        }
    }
}

struct Symbols<'a> {
    rows: &'a BTreeSet<String>,
    dialect: Dialect,
}

impl VisitorMut for Symbols<'_> {
    type Break = ();
    fn pre_visit_expr(&mut self, expr: &mut Expr) -> ControlFlow<()> {
        if let Expr::CompoundIdentifier(parts) = expr
            && let [symbol, column] = parts.as_slice()
            && self.rows.contains(&self.dialect.fold_key(&symbol.value, symbol.quote_style.is_some()))
        {
            *expr = Expr::Identifier(column.clone());
        }
        ControlFlow::Continue(())
    }
}
