//! A runner: reads `action.yml`, evaluates the few expressions in it, and runs its steps in a folder of their own.

use crate::sandbox::crate_folder;
use serde_json::Value;
use std::collections::BTreeMap;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// A machine that runs the action once or several times.
pub struct Runner {
    folder: tempfile::TempDir,
    /// Inputs of the workflow, by name.
    pub inputs: BTreeMap<String, String>,
    /// Variables of the job.
    pub env: BTreeMap<String, String>,
    /// What the event says: `github.NAME`.
    pub github: BTreeMap<String, String>,
}

/// What one run of the action did.
pub struct Ran {
    /// Exit code of the last step that ran.
    pub code: i32,
    /// Standard output and error of all steps.
    pub log: String,
    /// Outputs of the action.
    pub outputs: BTreeMap<String, String>,
}

impl Runner {
    pub fn new() -> Self {
        let folder = tempfile::Builder::new().prefix("rowproof-action-").tempdir().unwrap();
        let root = folder.path().canonicalize().unwrap();
        for name in ["action", "workspace", "temp", "tools", "stub", "bin"] {
            std::fs::create_dir(root.join(name)).unwrap();
        }
        std::fs::create_dir(root.join("action/action")).unwrap();
        for (name, path) in crate::sandbox::files(&crate_folder("action")) {
            std::fs::copy(path, root.join("action/action").join(name)).unwrap();
        }
        let at = |name: &str| root.join(name).to_str().unwrap().to_owned();
        let env = [
            ("PATH", format!("{}:/usr/bin:/bin", at("bin"))),
            ("HOME", at("temp")),
            ("GITHUB_ACTIONS", "true".to_owned()),
            ("GITHUB_ACTION_PATH", at("action")),
            ("GITHUB_EVENT_NAME", "pull_request".to_owned()),
            ("GITHUB_PATH", at("path.txt")),
            ("GITHUB_STEP_SUMMARY", at("summary.md")),
            ("GITHUB_WORKSPACE", at("workspace")),
            ("RUNNER_ARCH", "X64".to_owned()),
            ("RUNNER_OS", "Linux".to_owned()),
            ("RUNNER_TEMP", at("temp")),
            ("RUNNER_TOOL_CACHE", at("tools")),
        ];
        let mut runner = Self {
            folder,
            inputs: BTreeMap::new(),
            env: env.into_iter().map(|(k, v)| (k.to_owned(), v)).collect(),
            github: BTreeMap::from([("token".to_owned(), "ghs_secret".to_owned())]),
        };
        std::fs::write(runner.path("summary.md"), "").unwrap();
        runner.stub();
        runner
    }

    /// A path on the machine: `workspace`, `temp`, `tools`, `bin` (on PATH), `stub` (what the stub was told).
    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().canonicalize().unwrap().join(name)
    }

    pub fn input(&mut self, name: &str, value: &str) -> &mut Self {
        self.inputs.insert(name.to_owned(), value.to_owned());
        self
    }

    pub fn env(&mut self, name: &str, value: &str) -> &mut Self {
        self.env.insert(name.to_owned(), value.to_owned());
        self
    }

    /// Writes an executable script.
    pub fn script(&self, path: &str, text: &str) -> PathBuf {
        let file = self.path(path);
        std::fs::create_dir_all(file.parent().unwrap()).unwrap();
        std::fs::write(&file, text).unwrap();
        std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o755)).unwrap();
        file
    }

    /// Makes ROWPROOF_BIN a program that notes what it is given in `stub/`, and passes.
    fn stub(&mut self) {
        let text = STUB.replace("STUB", self.path("stub").to_str().unwrap());
        let file = self.script("rowproof/rowproof", &text);
        self.env("ROWPROOF_BIN", file.to_str().unwrap());
        self.says("pass", false);
    }

    /// What `rowproof verdict` prints from now on.
    pub fn says(&self, verdict: &str, assisted: bool) {
        std::fs::write(self.path("stub/verdict"), format!("verdict={verdict}\nllm-assisted={assisted}\n")).unwrap();
    }

    /// Exit code of a command of the stub from now on.
    pub fn ends(&self, command: &str, code: u8) {
        std::fs::write(self.path("stub").join(format!("{command}.code")), code.to_string()).unwrap();
    }

    /// What a command of the stub was given; `None` when it was not run.
    pub fn told(&self, command: &str) -> Option<Vec<String>> {
        let bytes = std::fs::read(self.path("stub").join(format!("{command}.args"))).ok()?;
        let text = String::from_utf8(bytes).unwrap();
        Some(text.split_terminator('\0').map(str::to_owned).collect())
    }

    /// The environment that a command of the stub had, `NAME=VALUE`.
    pub fn environment(&self, command: &str) -> Vec<String> {
        let bytes = std::fs::read(self.path("stub").join(format!("{command}.env"))).unwrap();
        String::from_utf8_lossy(&bytes).split_terminator('\0').map(str::to_owned).collect()
    }

    pub fn text(&self, name: &str) -> String {
        std::fs::read_to_string(self.path(name)).unwrap_or_else(|e| panic!("{name}: {e}"))
    }

    /// Runs all steps, as a job would: the first that fails is the last.
    pub fn run(&self) -> Ran {
        let action = action();
        let mut steps = BTreeMap::new();
        let (mut code, mut log) = (0, String::new());
        for step in action["runs"]["steps"].as_array().unwrap() {
            let id = step["id"].as_str().unwrap().to_owned();
            let output = self.step(step, &steps, &action);
            log.push_str(&String::from_utf8_lossy(&output.stdout));
            log.push_str(&String::from_utf8_lossy(&output.stderr));
            code = output.status.code().unwrap_or(-1);
            steps.insert(id, pairs(&std::fs::read_to_string(self.path("output.txt")).unwrap()));
            if code != 0 {
                break;
            }
        }
        let outputs = action["outputs"].as_object().unwrap();
        let outputs = outputs
            .iter()
            .map(|(name, output)| (name.clone(), self.evaluate(output["value"].as_str().unwrap(), &steps, &action)));
        Ran { code, log, outputs: outputs.collect() }
    }

    fn step(&self, step: &Value, steps: &BTreeMap<String, BTreeMap<String, String>>, action: &Value) -> Output {
        assert_eq!(step["shell"], "bash");
        std::fs::write(self.path("output.txt"), "").unwrap();
        let mut command = Command::new("/bin/bash");
        command.args(["--noprofile", "--norc", "-e", "-o", "pipefail", "-c", step["run"].as_str().unwrap()]);
        command.current_dir(self.path("workspace")).env_clear().envs(&self.env);
        command.env("GITHUB_OUTPUT", self.path("output.txt"));
        for (name, value) in step["env"].as_object().unwrap() {
            command.env(name, self.evaluate(value.as_str().unwrap(), steps, action));
        }
        command.output().unwrap()
    }

    /// `${{ A || B || 'text' }}`, where A and B are inputs, outputs of steps or facts of the event.
    fn evaluate(&self, text: &str, steps: &BTreeMap<String, BTreeMap<String, String>>, action: &Value) -> String {
        let Some(inner) = text.strip_prefix("${{ ").and_then(|t| t.strip_suffix(" }}")) else {
            assert!(!text.contains("${{"), "{text}");
            return text.to_owned();
        };
        let value = |term: &str| match term.split_once('.') {
            Some(("inputs", name)) => self.inputs.get(name).cloned().unwrap_or_else(|| {
                self.evaluate(action["inputs"][name]["default"].as_str().expect("a declared input"), steps, action)
            }),
            Some(("steps", rest)) => {
                let (id, name) = rest.split_once(".outputs.").unwrap();
                steps.get(id).and_then(|outputs| outputs.get(name)).cloned().unwrap_or_default()
            }
            Some(("github", name)) => self.github.get(name).cloned().unwrap_or_default(),
            _ => {
                term.strip_prefix('\'').and_then(|t| t.strip_suffix('\'')).expect("an expression known here").to_owned()
            }
        };
        inner.split(" || ").map(value).find(|v| !v.is_empty()).unwrap_or_default()
    }
}

impl Ran {
    pub fn output(&self, name: &str) -> &str {
        &self.outputs[name]
    }

    /// Asserts that the step refused, saying `words`.
    pub fn refused(&self, words: &str) {
        assert_eq!(self.code, 2, "{}", self.log);
        assert!(self.log.contains("::error title=rowproof::"), "{}", self.log);
        assert!(self.log.contains(words), "no `{words}` in {}", self.log);
        assert_eq!((self.output("verdict"), self.output("exit-code")), ("error", "2"));
    }
}

/// `action.yml`.
pub fn action() -> Value {
    serde_yaml::from_str(&std::fs::read_to_string(crate_folder("action.yml")).unwrap()).unwrap()
}

/// A job's outputs: each one line, or the file is not what a script of ours writes.
fn pairs(text: &str) -> BTreeMap<String, String> {
    text.lines().map(|l| l.split_once('=').unwrap()).map(|(k, v)| (k.to_owned(), v.to_owned())).collect()
}

/// Whether nothing of that name is anywhere under the folder.
pub fn nowhere(folder: &Path, name: &str) -> bool {
    !crate::sandbox::files(folder).iter().any(|(path, _)| path.rsplit('/').next() == Some(name))
}

const STUB: &str = r#"#!/bin/bash
case $1 in
    --version) echo 'rowproof 9.9.9'; exit ;;
    verdict) cat STUB/verdict; exit ;;
esac
printf '%s\0' "$@" >"STUB/$1.args"
env -0 >"STUB/$1.env" 2>/dev/null || env | tr '\n' '\0' >"STUB/$1.env"
pwd >"STUB/$1.pwd"
tr '\0' '\n' <"/proc/$PPID/environ" >"STUB/$1.parent" 2>/dev/null
for argument in "$@"; do
    case $argument in
        --output=*) [ -e STUB/silent ] || printf 'face of %s\n' "${argument##*.}" >"${argument#--output=}" ;;
    esac
done
echo "::notice title=stub::$1"
exit "$(cat "STUB/$1.code" 2>/dev/null || echo 0)"
"#;
