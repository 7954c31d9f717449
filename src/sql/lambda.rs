//! `->`: a lambda's arrow in some places, the way into a document in others.

use sqlparser::ast::{BinaryOperator, Expr, Ident, LambdaFunction, LambdaSyntax, OneOrManyWithParens};

use super::Dialect;
use super::expr::{Build, Val};
use super::resolve::Resolver;

impl Resolver<'_> {
    pub(super) fn lambda(&mut self, lambda: &LambdaFunction) -> Val {
        let document = match &lambda.params {
            OneOrManyWithParens::One(one) => {
                matches!(self.dialect, Dialect::DuckDb | Dialect::Generic)
                    && lambda.syntax == LambdaSyntax::Arrow
                    && !self.via.last().is_some_and(|function| super::names::takes_lambda(function))
                    && one.data_type.is_none()
            }
            OneOrManyWithParens::Many(_) => false,
        };
        let names: Vec<Ident> = match &lambda.params {
            OneOrManyWithParens::One(one) if document => {
                // The arrow binds tighter than what follows its right side.
                return self.expr(&into_document(one.name.clone(), &lambda.body));
            }
            OneOrManyWithParens::One(one) => vec![one.name.clone()],
            OneOrManyWithParens::Many(many) => many.iter().map(|one| one.name.clone()).collect(),
        };
        self.lambda_of(&names, &lambda.body)
    }

    pub(super) fn lambda_of(&mut self, params: &[Ident], body: &Expr) -> Val {
        let names: Vec<String> = params.iter().map(|one| one.value.to_ascii_lowercase()).collect();
        let mut build = Build::new(format!("({}) -> ", names.join(", ")));
        let count = names.len();
        self.scopes.iter_mut().rev().take(1).for_each(|scope| scope.lambdas.extend(names.iter().cloned()));
        let body = self.expr(body);
        if let Some(scope) = self.scopes.last_mut() {
            let keep = scope.lambdas.len().saturating_sub(count);
            scope.lambdas.truncate(keep);
        }
        build.value(body);
        build.done()
    }
}

/// `x -> (body)` read anew as a way into `x` with the rest of the body around it.
fn into_document(document: Ident, body: &Expr) -> Expr {
    match body {
        Expr::BinaryOp { left, op, right } => {
            Expr::BinaryOp { left: Box::new(into_document(document, left)), op: op.clone(), right: right.clone() }
        }
        Expr::IsNull(inner) => Expr::IsNull(Box::new(into_document(document, inner))),
        Expr::IsNotNull(inner) => Expr::IsNotNull(Box::new(into_document(document, inner))),
        other => Expr::BinaryOp {
            left: Box::new(Expr::Identifier(document)),
            op: BinaryOperator::Arrow,
            right: Box::new(other.clone()),
        },
    }
}

/// A lambda that the parser took for the way into a document: its parameters and its body.
pub(super) fn disguised(dialect: Dialect, argument: &Expr) -> Option<(Vec<Ident>, Expr)> {
    if !matches!(dialect, Dialect::Trino | Dialect::Hive | Dialect::BigQuery | Dialect::Generic) {
        return None;
    }
    let Expr::BinaryOp { left, op, right } = argument else { return None };
    if *op != BinaryOperator::Arrow {
        let (params, body) = disguised(dialect, left)?;
        let body = Expr::BinaryOp { left: Box::new(body), op: op.clone(), right: right.clone() };
        return Some((params, body));
    }
    let one = |expr: &Expr| match expr {
        Expr::Identifier(ident) => Some(ident.clone()),
        _ => None,
    };
    let params = match left.as_ref() {
        Expr::Identifier(ident) => vec![ident.clone()],
        Expr::Nested(inner) => vec![one(inner)?],
        Expr::Tuple(items) => items.iter().map(one).collect::<Option<_>>()?,
        _ => return None,
    };
    Some((params, right.as_ref().clone()))
}
