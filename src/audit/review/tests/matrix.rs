//! People: bars, rights, parts in the change, seats.

use super::script::{POLICY, check, policy};

/// Name, layers, script, verdict, what is said.
type Case = (&'static str, &'static str, &'static str, &'static str, &'static str);

const BARS: &[Case] = &[
    ("nobody looked", "staging", "", "fail", "no approval of `any-peer` that counts"),
    ("a peer looked", "staging", "+fay", "pass", "\"person\": \"fay\""),
    ("the review is named", "staging", "+fay", "pass", "\"review_id\": 1"),
    ("a peer is no senior", "marts", "+fay", "fail", "is not of `senior-de`, which is missing"),
    ("a senior", "marts", "+bob", "pass", "1 of 1 approvals"),
    ("logins have no case", "marts", "+BOB", "pass", "\"person\": \"BOB\""),
    ("users may be written as mentions", "marts", "+cat", "pass", "\"person\": \"cat\""),
    ("two roles, two people", "metrics", "+bob; +dan", "pass", "2 of 2 approvals"),
    ("two roles, one missing", "metrics", "+bob", "fail", "no approval of `data-pm`"),
    ("two roles, the other missing", "metrics", "+dan", "fail", "no approval of `senior-de`"),
    ("one person in two roles", "metrics", "+cat", "fail", "1 of 2 approvals"),
    ("one person in two roles, and a peer", "metrics", "+cat; +fay", "fail", "1 of 2 approvals"),
    ("who has both takes the other seat", "metrics", "+cat; +bob", "pass", "2 of 2 approvals"),
    ("who has both, the other way round", "metrics", "+bob; +cat", "pass", "2 of 2 approvals"),
    ("who has both leaves senior to bob", "metrics", "+cat; +dan", "pass", "2 of 2 approvals"),
    ("two peers", "pair", "+fay; +gil", "pass", "2 of 2 approvals"),
    ("one peer twice", "pair", "+fay; +fay", "fail", "no approval of `any-peer` that counts"),
    ("one peer under two spellings", "pair", "+fay; +FAY", "fail", "1 of 2 approvals"),
    ("nobody of two", "pair", "", "fail", "(2 people)"),
    ("a peer and a senior are two people", "mixed-pair", "+bob", "fail", "no approval of `any-peer` that counts"),
    ("a senior may be the peer", "mixed-pair", "+bob; +cat", "pass", "2 of 2 approvals"),
    ("two peers are no senior", "mixed-pair", "+fay; +gil", "fail", "no approval of `senior-de`"),
    ("three roles in a chain", "trio", "+cat; +dan; +bob", "pass", "3 of 3 approvals"),
    ("three roles, each must move", "trio", "+dan; +cat; +bob", "pass", "3 of 3 approvals"),
    ("three roles, the far end", "trio", "+cat; +dan; +eve", "pass", "3 of 3 approvals"),
    ("three roles, two people", "trio", "+cat; +dan", "fail", "2 of 3 approvals"),
    ("three people for two of three roles", "trio", "+dan; +eve; +fay", "fail", "no approval of `senior-de`"),
    ("the stricter layer wins", "staging marts", "+fay", "fail", "\"bar\": \"marts\""),
    ("more people are stricter", "marts metrics", "+bob", "fail", "\"bar\": \"metrics\""),
    ("named roles are stricter than peers", "pair metrics mixed-pair", "", "fail", "\"bar\": \"metrics\""),
    ("more named roles among two people", "pair mixed-pair", "", "fail", "\"bar\": \"mixed-pair\""),
    ("more gates are stricter", "team marts", "+bob", "pass", "\"bar\": \"marts\""),
    ("the later is stricter at last", "team mixed", "team:acme/crew=gil; +gil", "pass", "\"bar\": \"mixed\""),
    ("an unknown layer is judged as the strictest", "nowhere", "+fay", "fail", "\"bar\": \"trio\""),
];

const OPINIONS: &[Case] = &[
    ("an old approval", "staging", "+fay@old", "fail", "approved an older commit"),
    ("approved again at the head", "staging", "+fay@old; +fay", "pass", "1 of 1 approvals"),
    ("a later approval of an older commit", "staging", "+fay; +fay@old", "fail", "approved an older commit"),
    ("commented after approving", "staging", "+fay; ~fay", "pass", "1 of 1 approvals"),
    ("commented only", "staging", "~fay", "fail", "no approval"),
    ("pending only", "staging", "?fay", "fail", "no approval"),
    ("pending after approving", "staging", "+fay; ?fay", "pass", "1 of 1 approvals"),
    ("dismissed", "staging", "xfay", "fail", "the review was dismissed"),
    ("a dismissal revives nothing", "staging", "+fay; xfay", "fail", "the review was dismissed"),
    ("approved after a dismissal", "staging", "xfay; +fay", "pass", "1 of 1 approvals"),
    ("changes requested", "staging", "-fay", "fail", "`fay` asked for changes"),
    ("changes requested beside an approval", "staging", "+gil; -fay", "fail", "review/changes-requested"),
    ("changes requested at an old commit", "staging", "-fay@old; +gil", "fail", "`fay` asked for changes"),
    ("changes requested, then approved", "staging", "-fay; +fay", "pass", "1 of 1 approvals"),
    ("changes requested, then approved an older commit", "pair", "-fay; +fay@old; +gil; +eve", "pass", "2 of 2"),
    ("changes requested, then commented", "staging", "-fay; ~fay; +gil", "fail", "`fay` asked for changes"),
    ("changes requested, then dismissed", "staging", "xfay; +gil", "pass", "1 of 1 approvals"),
    ("approved, then changes requested", "staging", "+fay; -fay", "fail", "`fay` asked for changes"),
    ("changes requested by a reader", "staging", "perm:rea=read; -rea; +gil", "pass", "asked for changes"),
    ("changes requested by a bot", "staging", "-robot; perm:robot=write; +gil", "pass", "is a bot"),
    ("changes requested by an app", "staging", "-lint[bot]; perm:lint[bot]=write; +gil", "pass", "is a bot"),
    ("changes requested by a committer", "staging", "committer:fay; -fay; +gil", "pass", "is a committer"),
    (
        "changes requested by who cannot be looked up",
        "staging",
        "perm:eve!403; -eve; +gil",
        "error",
        "permission of `eve`",
    ),
    (
        "changes requested and dismissed by who cannot be looked up",
        "staging",
        "perm:eve!403; xeve; +gil",
        "pass",
        "1 of 1",
    ),
    ("changes requested by an account that is gone", "staging", "-gone; +gil", "pass", "the account is gone"),
    ("approved by an account that is gone", "staging", "+gone", "fail", "the account is gone"),
    ("two ask for changes, one approves", "staging", "-fay; -gil; +fay", "fail", "`gil` asked for changes"),
];

const PARTS: &[Case] = &[
    ("the author approves", "staging", "+ann", "fail", "opened the pull request"),
    ("the author approves in capitals", "staging", "+ANN", "fail", "opened the pull request"),
    ("a commit author approves", "staging", "author:fay; +fay", "fail", "is a commit author"),
    ("a committer approves", "staging", "committer:fay; +fay", "fail", "is a committer"),
    ("GitHub as committer is nobody", "staging", "committer:GitHub<noreply@github.com>; +fay", "pass", "1 of 1"),
    (
        "a person under GitHub's address",
        "staging",
        "committer:Fay Roe<noreply@github.com>; profile:fay=Fay Roe<>; +fay",
        "fail",
        "same name",
    ),
    (
        "a co-author by address with id",
        "staging",
        "co:Fay <7+fay@users.noreply.github.com>; +fay",
        "fail",
        "is a co-author",
    ),
    ("a co-author by address", "staging", "co:Fay <FAY@users.noreply.github.com>; +fay", "fail", "is a co-author"),
    (
        "a co-author by e-mail",
        "staging",
        "co:F <Fay@Work.example>; profile:fay=Fay Roe<fay@work.example>; +fay",
        "fail",
        "same e-mail",
    ),
    (
        "a co-author by name",
        "staging",
        "co:fay  roe <f@home.example>; profile:fay=Fay Roe<>; +fay",
        "fail",
        "same name",
    ),
    (
        "a co-author who is somebody else",
        "staging",
        "co:Kim <kim@home.example>; profile:fay=Fay Roe<f@x.org>; +fay",
        "pass",
        "1 of 1",
    ),
    (
        "a tool as co-author",
        "staging",
        "co:Claude <noreply@anthropic.com>; profile:fay=Fay Roe<>; +fay",
        "pass",
        "1 of 1",
    ),
    (
        "a human with the name of a tool",
        "staging",
        "co:Devin <1+devin-ai-integration[bot]@users.noreply.github.com>; perm:devin=write; profile:devin=Devin<>; +devin",
        "pass",
        "1 of 1",
    ),
    (
        "an address is compared, not its look",
        "staging",
        "co:Kim <fay@other.example>; profile:fay=Fay Roe<fay@work.example>; +fay",
        "pass",
        "1 of 1",
    ),
    (
        "signing off is no part",
        "staging",
        "message:x\\n\\nSigned-off-by: Fay <1+fay@users.noreply.github.com>; +fay",
        "pass",
        "1 of 1",
    ),
    (
        "a co-author amid a squashed message",
        "staging",
        "message:x (#1)\\n\\n* a\\n\\nCo-authored-by: F <1+fay@users.noreply.github.com>\\n\\n* b; +fay",
        "fail",
        "is a co-author",
    ),
    (
        "a committer without login, by e-mail",
        "staging",
        "committer:Roe<FAY@work.example>; profile:fay=X<fay@work.example>; +fay",
        "fail",
        "is a committer: a commit has the same e-mail",
    ),
    (
        "a commit author without login, by name",
        "staging",
        "author:Fay Roe<f@x>; profile:fay=Fay Roe<>; +fay",
        "fail",
        "same name",
    ),
    (
        "a committer without login, and a profile that cannot be read",
        "staging",
        "committer:Roe<r@x>; profile:fay!500; +fay",
        "error",
        "profile of `fay`",
    ),
    ("a profile that cannot be read where all have logins", "staging", "profile:fay!500; +fay", "pass", "1 of 1"),
    ("the prompt author", "marts", "llm; prompt:bob; +bob; +cat", "pass", "is the prompt author"),
    ("the prompt author alone", "marts", "llm; prompt:bob; +bob", "fail", "is the prompt author"),
    ("the prompt author as a mention", "marts", "llm; prompt:@Bob; +bob", "fail", "is the prompt author"),
    ("several prompt authors", "marts", "llm; prompt:bob,cat; +bob; +cat", "fail", "is the prompt author"),
    ("a prompt author without other evidence", "marts", "prompt:bob; +bob", "fail", "is the prompt author"),
    (
        "an unknown prompt author is the committer",
        "marts",
        "llm; committer:bob; +bob",
        "fail",
        "is taken for the prompt author",
    ),
    (
        "an unknown prompt author is the author",
        "marts",
        "llm; by:bob; author:bob; +bob",
        "fail",
        "is taken for the prompt author",
    ),
    ("an unknown prompt author is nobody else", "marts", "llm; +bob", "pass", "1 of 1"),
    ("an empty claim is none", "marts", "llm; prompt:; by:bob; +bob", "fail", "is taken for the prompt author"),
    ("a claim frees nobody", "marts", "llm; prompt:ann; committer:bob; +bob", "fail", "is a committer"),
    (
        "a claim that is not true",
        "marts",
        "llm; prompt:gil; mismatch:another hash; +bob",
        "fail",
        "what is claimed of the prompt is not so: another hash",
    ),
    ("a reader", "staging", "perm:rea=read; +rea", "fail", "has no right to write (`read`)"),
    ("a triager", "staging", "perm:tri=triage; +tri", "fail", "has no right to write (`triage`)"),
    ("an outsider", "staging", "perm:out=none; +out", "fail", "has no right to write (`none`)"),
    ("a maintainer", "staging", "perm:mai=maintain; +mai", "pass", "1 of 1"),
    ("an administrator", "staging", "perm:adm=admin; +adm", "pass", "1 of 1"),
    (
        "a role of the organisation's own",
        "staging",
        "perm:cus=reviewer-plus; +cus",
        "error",
        "is not known to this rowproof",
    ),
    ("a bot", "staging", "perm:robot=write; +robot", "fail", "is a bot"),
    ("an app", "staging", "perm:lint[bot]=admin; +lint[bot]", "fail", "is a bot"),
    ("a senior without the right to write", "marts", "perm:bob=read; +bob", "fail", "has no right to write"),
    (
        "a permission that cannot be read",
        "staging",
        "perm:fay!403 Forbidden; +fay",
        "error",
        "the permission of `fay` could not be read: 403 Forbidden",
    ),
    ("a permission that was not read", "staging", "no-perm:fay; +fay", "error", "it was not read"),
    ("a permission that does not matter", "staging", "perm:fay!403; +fay; +gil", "pass", "\"person\": \"gil\""),
    (
        "a permission of somebody who is excluded anyway",
        "staging",
        "perm:ann!403; +ann",
        "fail",
        "opened the pull request",
    ),
    ("a permission at an older commit", "staging", "perm:fay!403; +fay@old", "fail", "approved an older commit"),
    (
        "a permission of a peer where a senior is missing",
        "marts",
        "perm:fay!403; +fay",
        "fail",
        "no approval of `senior-de`",
    ),
    ("an author whose account is gone", "staging", "by:gone; +fay", "pass", "1 of 1"),
    ("commits that nobody read", "staging", "no-commits; +fay", "error", "no commit of the pull request is known"),
    (
        "all reasons are told",
        "staging",
        "committer:ann; +ann@old",
        "fail",
        "opened the pull request, is a commit author, is a committer, approved an older commit",
    ),
];

const ROLES: &[Case] = &[
    ("a member of the team", "team", "team:acme/platform=fay; +fay", "pass", "1 of 1"),
    ("members have no case", "team", "team:Acme/Platform=FAY; +fay", "pass", "1 of 1"),
    ("no member of the team", "team", "team:acme/platform=gil; +fay", "fail", "is not of `platform`"),
    ("an empty team", "team", "team:acme/platform=; +fay", "fail", "no approval of `platform`"),
    (
        "a team that cannot be read",
        "team",
        "team:acme/platform!404; +fay",
        "error",
        "the token cannot read team acme/platform of role `platform`: 404",
    ),
    (
        "what to do about it",
        "team",
        "team:acme/platform!404; +fay",
        "error",
        "give it a token with read:org, or list the users of `platform` in the policy",
    ),
    ("a team that was not read", "team", "+fay", "error", "it was not read"),
    (
        "a team that cannot be read, and nobody looked",
        "team",
        "team:acme/platform!404",
        "fail",
        "no approval of `platform`",
    ),
    (
        "a team that cannot be read, and only the author looked",
        "team",
        "team:acme/platform!404; +ann",
        "fail",
        "opened the pull request",
    ),
    (
        "a user where the team cannot be read",
        "mixed",
        "team:acme/crew!404; team:acme/platform!404; +bob",
        "pass",
        "1 of 1",
    ),
    (
        "a member where another team cannot be read",
        "mixed",
        "team:acme/crew!404; team:acme/platform=fay; +fay",
        "pass",
        "1 of 1",
    ),
    (
        "one of two teams cannot be read",
        "mixed",
        "team:acme/crew!404; team:acme/platform=gil; +fay",
        "error",
        "team acme/crew",
    ),
    (
        "a role that the policy does not define",
        "lost",
        "+fay",
        "error",
        "asks for role `wizard` and does not say who that is",
    ),
    ("a role that nobody defines, and nobody looked", "lost", "", "error", "review/unknown-role"),
    ("a role that nobody defines, and changes are requested", "lost", "-fay", "fail", "review/unknown-role"),
    ("a role with nobody in it", "hollow", "+fay", "error", "neither users nor teams"),
    ("an unknown role of another layer does not matter", "lost metrics", "+bob; +dan", "pass", "2 of 2"),
    ("a language model adds a senior to a peer", "staging", "llm; +fay", "fail", "no approval of `senior-de`"),
    ("a language model adds a second person", "staging", "llm; +bob", "fail", "no approval of `any-peer`"),
    ("a language model, a peer and a senior", "staging", "llm; +bob; +fay", "pass", "\"for_llm\": true"),
    ("a language model, two seniors", "staging", "llm; +bob; +cat", "pass", "2 of 2"),
    ("a language model asks for no second senior", "marts", "llm; +bob", "pass", "1 of 1"),
    ("a language model, two roles", "metrics", "llm; +bob; +dan", "pass", "2 of 2"),
    ("auto-merge", "staging", "auto:fay; +gil", "fail", "auto-merge is on, turned on by `fay`"),
    ("auto-merge by nobody known", "staging", "auto:; +gil", "fail", "turned on by somebody"),
    ("a closed pull request is judged", "staging", "closed; +gil", "pass", "1 of 1"),
    ("nothing is asked", "", "-fay; auto:ann", "pass", "nobody is asked"),
    ("the shortest SLA", "staging metrics trio", "", "fail", "\"sla\": \"1h\""),
];

#[test]
fn people() {
    let policy = policy(POLICY);
    let cases = [BARS, OPINIONS, PARTS, ROLES].concat();
    let wrong: Vec<String> = cases.iter().filter_map(|(n, l, s, v, says)| check(&policy, n, l, s, v, says)).collect();
    assert!(cases.len() >= 120, "{}", cases.len());
    assert!(wrong.is_empty(), "{} of {}:\n{}", wrong.len(), cases.len(), wrong.join("\n"));
}

#[test]
fn a_policy_without_roles() {
    let policy = crate::policy::built_in("default").unwrap_or_else(|e| panic!("{e:#}"));
    let cases: &[Case] = &[
        ("a peer is known without roles", "staging", "+fay", "pass", "1 of 1"),
        ("a senior is not", "marts", "+fay", "error", "asks for role `senior-de`"),
        ("nor with a language model", "staging", "llm; +fay; +gil", "error", "add `roles: {senior-de:"),
    ];
    let wrong: Vec<String> = cases.iter().filter_map(|(n, l, s, v, says)| check(&policy, n, l, s, v, says)).collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn the_policy_may_weigh_otherwise() {
    let text = POLICY.replace("undeclared: ignore", "undeclared: error")
        + "severity: {review/auto-merge: warning, review/missing-approval: note}\n";
    let policy = policy(&text);
    let cases: &[Case] = &[
        ("a warning fails nothing", "staging", "auto:ann", "pass", "\"severity\": \"warning\""),
        ("undeclared", "staging", "llm; +bob; +fay", "fail", "nobody says so"),
        ("declared", "staging", "llm; declared; +bob; +fay", "pass", "2 of 2"),
    ];
    let wrong: Vec<String> = cases.iter().filter_map(|(n, l, s, v, says)| check(&policy, n, l, s, v, says)).collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Every rule that a judgement can name stands in the gate's list, and every rule of the list is judged somewhere.
#[test]
fn rules_are_those_of_the_gate() {
    let known: Vec<&str> = crate::gates::review::SPEC.rules.iter().map(|r| r.id).collect();
    let sources = [include_str!("../../review.rs"), include_str!("../doubt.rs")].concat();
    let named: Vec<&str> = sources.split('"').filter(|t| t.starts_with("review/")).collect();
    assert!(named.iter().all(|rule| known.contains(rule)), "{named:?}");
    assert!(known.iter().all(|rule| named.contains(rule)), "{known:?}");
}
