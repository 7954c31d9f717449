//! What can go wrong between us and GitHub, in kinds on which callers branch.

use http::StatusCode;

/// An answer that is no success, or none at all.
#[derive(Debug, thiserror::Error)]
pub enum ApiError {
    /// GitHub refused.
    #[error("GitHub answered {method} {path} with {status}: {message}")]
    Status {
        /// Method.
        method: String,
        /// Path below the API's base.
        path: String,
        /// Status.
        status: StatusCode,
        /// GitHub's words, clipped.
        message: String,
    },
    /// The request may or may not have been carried out: a connection that broke, or a 5xx.
    #[error("GitHub did not answer {method} {path}: {message}")]
    Unsure {
        /// Method.
        method: String,
        /// Path below the API's base.
        path: String,
        /// What happened.
        message: String,
    },
    /// A rate limit that outlasts our patience.
    #[error("GitHub's rate limit on {method} {path}: {message}")]
    RateLimited {
        /// Method.
        method: String,
        /// Path below the API's base.
        path: String,
        /// How long it would take, against what is waited for.
        message: String,
    },
    /// An answer in another shape than GitHub documents.
    #[error("GitHub's answer to {path} does not read: {message}")]
    Shape {
        /// Path below the API's base.
        path: String,
        /// What is wrong with it.
        message: String,
    },
    /// What the GraphQL API lists under `errors`. What it gives beside them is never used.
    #[error("GitHub refused the query at {path}: {}", words(errors))]
    Query {
        /// Path of the GraphQL API.
        path: String,
        /// The errors.
        errors: Vec<QueryError>,
    },
}

/// One error of the GraphQL API.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct QueryError {
    /// `NOT_FOUND`, `FORBIDDEN`, `undefinedField`, ...; empty where GitHub names none.
    pub kind: String,
    /// GitHub's words, clipped.
    pub message: String,
    /// The field that it is about, from the top of the answer or of the query.
    pub path: Vec<String>,
}

impl QueryError {
    /// Whether it is a rate limit.
    pub fn is_limit(&self) -> bool {
        let words = self.message.to_lowercase();
        self.kind.starts_with("RATE_LIMIT")
            || self.kind == "graphql_rate_limit"
            || words.contains("api rate limit exceeded")
            || words.contains("secondary rate limit")
    }

    /// Whether the token may not read this.
    pub fn is_forbidden(&self) -> bool {
        let words = self.message.to_lowercase();
        ["FORBIDDEN", "INSUFFICIENT_SCOPES", "UNAUTHORIZED"].contains(&self.kind.as_str())
            || ["resource not accessible", "required scopes", "saml"].iter().any(|w| words.contains(w))
    }

    /// Whether what was asked for is not there, or not for this token.
    pub fn is_not_found(&self) -> bool {
        self.kind == "NOT_FOUND"
    }

    /// Whether GitHub gave up on it; the same query may work a moment later.
    pub fn is_passing(&self) -> bool {
        let words = self.message.to_lowercase();
        let kinds = ["INTERNAL", "SERVICE_UNAVAILABLE", "TIMEOUT", "TIMEDOUT", "INTERNAL_SERVER_ERROR"];
        kinds.contains(&self.kind.as_str())
            || ["something went wrong", "timeout", "timed out", "temporarily"].iter().any(|w| words.contains(w))
    }

    /// Whether the query was too much at once.
    pub fn is_too_much(&self) -> bool {
        ["RESOURCE_LIMITS_EXCEEDED", "MAX_NODE_LIMIT_EXCEEDED"].contains(&self.kind.as_str())
    }
}

fn words(errors: &[QueryError]) -> String {
    let mut all: Vec<&str> = errors.iter().map(|e| e.message.as_str()).collect();
    all.dedup();
    all.join("; ").chars().filter(|c| !c.is_control()).take(400).collect()
}

impl ApiError {
    /// The status, where GitHub answered.
    pub fn status(&self) -> Option<u16> {
        match self {
            ApiError::Status { status, .. } => Some(status.as_u16()),
            _ => None,
        }
    }

    /// Whether what was asked for is not there.
    pub fn is_not_found(&self) -> bool {
        matches!(self.status(), Some(404 | 410)) || self.errors().iter().any(QueryError::is_not_found)
    }

    /// Whether the token may not do this: a fork's read-only token, or a permission that the job does not grant.
    pub fn is_forbidden(&self) -> bool {
        matches!(self.status(), Some(401 | 403)) || self.errors().iter().any(QueryError::is_forbidden)
    }

    /// What the GraphQL API listed; empty for everything else.
    pub fn errors(&self) -> &[QueryError] {
        match self {
            ApiError::Query { errors, .. } => errors,
            _ => &[],
        }
    }

    /// Whether a smaller query may be answered where this one was not: GitHub gives up on what takes it too long.
    pub fn is_overload(&self) -> bool {
        self.is_unsure() || self.errors().iter().any(|e| e.is_passing() || e.is_too_much())
    }

    /// Whether the request may have been carried out all the same.
    pub fn is_unsure(&self) -> bool {
        matches!(self, ApiError::Unsure { .. })
    }
}
