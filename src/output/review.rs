//! temp
use crate::audit::review::Judgement;
/// temp
pub fn markdown(j: &Judgement) -> String { j.summary.clone() }
