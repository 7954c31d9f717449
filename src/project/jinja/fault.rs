//! Typed reasons why a template does not render, carried through minijinja's errors.

use crate::project::{NotCompiled, NotCompiledCode, Place};
use minijinja::{Error, ErrorKind};

/// Why a template does not render. Travels as the source of a [`minijinja::Error`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub(crate) struct Fault {
    pub(crate) code: NotCompiledCode,
    pub(crate) message: String,
    /// The name that was not found, for did-you-mean.
    pub(crate) name: Option<String>,
    /// Text of the call to look for in the template, for the column.
    pub(crate) needle: Option<String>,
    /// Where, when it lies in another file than the node's (a macro of the root project).
    pub(crate) place: Option<Place>,
}

impl Fault {
    pub(crate) fn new(code: NotCompiledCode, message: impl Into<String>) -> Self {
        Self { code, message: message.into(), name: None, needle: None, place: None }
    }

    pub(crate) fn named(mut self, name: impl Into<String>) -> Self {
        self.name = Some(name.into());
        self
    }

    pub(crate) fn needle(mut self, needle: impl Into<String>) -> Self {
        self.needle = Some(needle.into());
        self
    }

    pub(crate) fn needs_warehouse(what: &str) -> Self {
        Self::new(NotCompiledCode::NeedsWarehouse, format!("{what} asks the warehouse, which is not asked here"))
    }

    pub(crate) fn unsupported(what: impl Into<String>) -> Self {
        Self::new(NotCompiledCode::Unsupported, what)
    }

    /// What is another in each run.
    pub(crate) fn volatile(what: impl Into<String>) -> Self {
        Self::new(NotCompiledCode::Volatile, what)
    }

    /// What `graph` does not tell here.
    pub(crate) fn needs_graph(what: impl Into<String>) -> Self {
        Self::new(NotCompiledCode::NeedsGraph, what)
    }

    pub(crate) fn compiler(message: impl Into<String>) -> Self {
        Self::new(NotCompiledCode::CompilerError, message)
    }

    pub(crate) fn limit(message: impl Into<String>) -> Self {
        Self::new(NotCompiledCode::Limit, message)
    }

    /// The fault for the node whose file is `path`: its own place, else `line` of that file.
    pub(crate) fn into_not_compiled(self, fallback: Place) -> NotCompiled {
        NotCompiled { code: self.code, message: self.message, name: self.name, place: self.place.unwrap_or(fallback) }
    }
}

impl From<Fault> for Error {
    fn from(fault: Fault) -> Self {
        Error::new(ErrorKind::InvalidOperation, fault.message.clone()).with_source(fault)
    }
}

/// The fault behind an error: the one that we raised, or what minijinja's own kind means here.
pub(crate) fn fault_of(error: &Error) -> Fault {
    let mut source: Option<&(dyn std::error::Error + 'static)> = std::error::Error::source(error);
    while let Some(inner) = source {
        if let Some(fault) = inner.downcast_ref::<Fault>() {
            return fault.clone();
        }
        if let Some(inner) = inner.downcast_ref::<Error>()
            && std::error::Error::source(inner).is_none()
        {
            return own(inner);
        }
        source = inner.source();
    }
    own(error)
}

/// What an error that minijinja itself raised means.
fn own(error: &Error) -> Fault {
    use NotCompiledCode as C;
    let detail = error.detail().unwrap_or_default().to_owned();
    let kind = error.kind();
    let text = if detail.is_empty() { kind.to_string() } else { detail.clone() };
    match kind {
        ErrorKind::SyntaxError | ErrorKind::InvalidDelimiter | ErrorKind::BadEscape => {
            Fault::new(C::JinjaSyntax, format!("jinja does not parse: {text}"))
        }
        ErrorKind::UnknownFunction => {
            let name = detail.split(' ').next().unwrap_or_default().trim_matches('`').to_owned();
            Fault::new(C::MacroNotFound, format!("`{name}` is no macro or function of this project or its packages"))
                .named(name.clone())
                .needle(name)
        }
        ErrorKind::UnknownFilter | ErrorKind::UnknownTest => Fault::unsupported(format!("{kind}: {text}")),
        ErrorKind::UndefinedError => Fault::compiler(format!("undefined value used: {text}")),
        ErrorKind::TooManyArguments | ErrorKind::MissingArgument => Fault::compiler(format!("wrong arguments: {text}")),
        ErrorKind::OutOfFuel => Fault::limit("the template runs too long (step limit)"),
        ErrorKind::WriteFailure => Fault::limit("the rendered text is too long (16 MiB limit)"),
        ErrorKind::InvalidOperation if text.contains("recursion limit") || text.contains("too large") => {
            Fault::limit(text)
        }
        _ => Fault::unsupported(format!("{kind}: {text}")),
    }
}
