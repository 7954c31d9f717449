//! Who approved when, with which rights, at which commit, with which labels, at which time: and what is said of it.

mod layers;
mod matrix;
mod properties;
mod script;
mod times;
