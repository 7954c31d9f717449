//! What a policy says that the project does not bear out: it is told, so that no rule rots unseen.

use super::{Policy, PolicyNotice, check, suggestion};
use jiff::civil::Date;
use std::collections::BTreeSet;

impl Policy {
    /// Everything to tell about the policy in front of a project: [`Policy::notices`], globs and layers that have no
    /// model, suppressions of models that do not exist, and those that have expired by `today`. `models` are names with
    /// paths from the project's folder. What a built-in policy says is not told. Sorted.
    pub fn check_against(&self, models: &[(String, String)], today: Date) -> Vec<PolicyNotice> {
        let mut notices = self.notices.clone();
        self.unused_globs(models, &mut notices);
        self.stale_suppressions(models, today, &mut notices);
        notices.sort();
        notices.dedup();
        notices
    }

    fn unused_globs(&self, models: &[(String, String)], notices: &mut Vec<PolicyNotice>) {
        let taken: BTreeSet<&str> = models.iter().map(|(_, path)| self.layer_of(path).name.as_str()).collect();
        for layer in &self.layers {
            let origin = self.origin(&format!("layers.{}.match", layer.name));
            if origin.path.starts_with("built-in:") {
                continue;
            }
            let mut tell = |message: String| {
                notices.push(PolicyNotice { path: origin.path.clone(), line: origin.line, message });
            };
            let mut any = false;
            for text in &layer.globs {
                // A checked policy has only globs that compile.
                let Ok(glob) = check::glob(text) else { continue };
                let matcher = glob.compile_matcher();
                if models.iter().any(|(_, path)| matcher.is_match(path)) {
                    any = true;
                } else {
                    tell(format!("`{text}` of layer `{}` matches no model; correct or remove it", layer.name));
                }
            }
            if any && !taken.contains(layer.name.as_str()) {
                tell(format!(
                    "layer `{}` has no model: layers before it match all of its models; move it up",
                    layer.name
                ));
            }
        }
    }

    fn stale_suppressions(&self, models: &[(String, String)], today: Date, notices: &mut Vec<PolicyNotice>) {
        let names: Vec<&str> = models.iter().map(|(name, _)| name.as_str()).collect();
        for entry in &self.suppress {
            let mut tell = |message: String| {
                notices.push(PolicyNotice { path: entry.path.clone(), line: entry.line, message });
            };
            if entry.expires < today {
                tell(format!(
                    "the suppression of {} on `{}` expired on {} and no longer holds; fix the finding or ask {} to renew it",
                    entry.rule, entry.model, entry.expires, entry.owner
                ));
            }
            if !names.contains(&entry.model.as_str()) {
                let hint = match crate::nearest::nearest(&entry.model, names.iter().copied()) {
                    Some(_) => suggestion(&entry.model, &names),
                    None => "remove it".to_owned(),
                };
                tell(format!(
                    "the suppression of {} names model `{}`, which does not exist; {hint}",
                    entry.rule, entry.model
                ));
            }
        }
    }
}
