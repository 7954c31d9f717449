//! `review`: the people whom a layer asks to look have looked. They are on the pull request, so `rowproof review` judges
//! it (`audit::review`); here stand its name and its rules.

use super::{Change, Checked, Context, Gate, GateSpec, Needs, Rule, options};
use anyhow::Result;
use schemars::JsonSchema;
use serde::Deserialize;

/// The gate's registration.
pub const SPEC: GateSpec = GateSpec {
    id: "review",
    summary: "the people whom the layer asks for have approved the head, within the merge window, and a person merges",
    help: "Asks each pull request for the reviewers of the strictest layer that it touches (`review`, `roles`), all \
           different people, none of whom had a part in the change; for open merge windows (`merge_window`, `windows`); \
           and for a person who merges. `rowproof review` judges it on GitHub, whatever gates a layer names; `rowproof \
           run` cannot see people.",
    needs: Needs::GitHub,
    rules: RULES,
    build: |value| Ok(Box::new(Review { _options: options(value)? })),
    options: || schemars::schema_for!(Options),
};

const RULES: &[Rule] = &[
    Rule {
        id: "review/missing-approval",
        what: "Somebody whom the layer asks for has not approved the head.",
        help: "Ask that person. An approval counts at the head commit only, from somebody with the right to write who is \
               neither author, committer, co-author nor author of the prompt, and fills one seat.",
    },
    Rule {
        id: "review/changes-requested",
        what: "A reviewer who counts asked for changes.",
        help: "Answer the review. It blocks, at whatever commit it stands, until that person approves or somebody \
               dismisses it.",
    },
    Rule {
        id: "review/outside-window",
        what: "The merge window of a layer that the change touches is closed.",
        help: "Wait until it opens, or have somebody with the role that the window's `override` names set its label.",
    },
    Rule {
        id: "review/merged-outside-window",
        what: "It was merged while a merge window was closed.",
        help: "GitHub cannot hold a merge back by the clock, so this is found afterwards. Look at what the merge did while \
               nobody was watching.",
    },
    Rule {
        id: "review/auto-merge",
        what: "Auto-merge is on.",
        help: "Turn it off: a person merges, at a time when somebody can watch.",
    },
    Rule {
        id: "review/merged-by-bot",
        what: "A bot merged it.",
        help: "Look at what was merged, and take the right to merge from the bot.",
    },
    Rule {
        id: "review/prompt-mismatch",
        what: "What the pull request claims of its prompt is not so.",
        help: "Correct the trailers. Until then its author and all committers are taken for the authors of the prompt.",
    },
    Rule {
        id: "review/undeclared-llm",
        what: "A language model helped, and nobody says so.",
        help: "Set the label or write the trailer. `llm: {undeclared: ...}` in the policy says how bad this is.",
    },
    Rule {
        id: "review/unknown-role",
        what: "The policy asks for a role and does not say who has it.",
        help: "Add the role to `roles`, with users or teams, on the base branch.",
    },
    Rule {
        id: "review/unreadable-team",
        what: "The members of a team could not be read, and they decide.",
        help: "Give a token that may read the organisation (read:org), or list users in the policy.",
    },
    Rule {
        id: "review/unreadable-permission",
        what: "It could not be read whether a reviewer counts.",
        help: "Give a token that may read the repository's collaborators, and run the check again.",
    },
    Rule {
        id: "review/unreadable-calendar",
        what: "The calendar of a merge window could not be read.",
        help: "Correct the file or its path. No window is taken for open because its holidays are not known.",
    },
];

/// Options of `review`: there are none; `review`, `roles`, `windows` and `llm` of the policy say everything.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
struct Options {}

struct Review {
    _options: Options,
}

impl Gate for Review {
    fn check(&self, _: &Change<'_>, _: &Context<'_>) -> Result<Checked> {
        Ok(Checked::skip("people are asked on the pull request: `rowproof review` judges this"))
    }
}
