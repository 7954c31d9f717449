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
        matches!(self.status(), Some(404 | 410))
    }

    /// Whether the token may not do this: a fork's read-only token, or a permission that the job does not grant.
    pub fn is_forbidden(&self) -> bool {
        matches!(self.status(), Some(401 | 403))
    }

    /// Whether the request may have been carried out all the same.
    pub fn is_unsure(&self) -> bool {
        matches!(self, ApiError::Unsure { .. })
    }
}
