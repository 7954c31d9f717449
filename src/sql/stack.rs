//! `stack(n, a, b, ...)`: the arguments as n rows, so that each column is made of some of them only.

use sqlparser::ast::{Expr, Function, FunctionArg, FunctionArgExpr, FunctionArguments, Value};

use super::expr::function_name;
use super::resolve::Resolver;
use super::scope::Column;

/// Columns that one call may make.
const MOST: usize = 1_000;

impl Resolver<'_> {
    /// The columns that a call of `stack` makes, in order; none when it is another call or its rows are not counted.
    pub(super) fn stacked(&mut self, expr: &Expr) -> Vec<Column> {
        let Expr::Function(function) = expr else { return Vec::new() };
        if function_name(&function.name) != "stack" {
            return Vec::new();
        }
        let Some((rows, values)) = rows_and_values(function) else { return Vec::new() };
        let width = values.len().div_ceil(rows);
        if width > MOST {
            return Vec::new();
        }
        let (unresolved, reads) = (self.unresolved.len(), self.reads.len());
        let columns = (0..width)
            .map(|at| {
                let cells: Vec<Expr> = values.iter().skip(at).step_by(width).map(|&cell| cell.clone()).collect();
                self.via.push("stack".to_owned());
                let made = self.item(&Expr::Tuple(cells), Default::default());
                self.via.pop();
                let within = |edge: &super::Edge| {
                    let via = std::iter::once("stack".to_owned()).chain(edge.via.iter().cloned()).collect();
                    super::Edge { via, ..edge.clone() }
                };
                let edges = made.edges.iter().map(within).collect();
                Column { edges: std::rc::Rc::new(edges), ..made }
            })
            .collect();
        // The call itself was or will be read as a whole.
        self.unresolved.truncate(unresolved);
        self.reads.truncate(reads);
        columns
    }
}

fn rows_and_values(function: &Function) -> Option<(usize, Vec<&Expr>)> {
    let FunctionArguments::List(list) = &function.args else { return None };
    let args: Option<Vec<&Expr>> = list
        .args
        .iter()
        .map(|arg| match arg {
            FunctionArg::Unnamed(FunctionArgExpr::Expr(expr)) => Some(expr),
            _ => None,
        })
        .collect();
    let mut args = args?;
    let Expr::Value(count) = args.first()? else { return None };
    let Value::Number(count, _) = &count.value else { return None };
    let count: usize = count.parse().ok().filter(|&count| count > 0)?;
    args.remove(0);
    (!args.is_empty()).then_some((count, args))
}
