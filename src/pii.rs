//! Personal data: which columns a project tags, where their values flow, and which names say it themselves.

pub mod calls;
pub mod flow;
pub mod functions;
pub mod names;
pub mod personal;
pub mod tags;
