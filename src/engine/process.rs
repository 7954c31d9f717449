//! An engine in a process of its own: a line of JSON is asked, a line of JSON is answered.
//!
//! A driver that crashes takes that process along and not the report; the next query gets a new one. The protocol is
//! open to any program (`warehouse: {engine: command}`), see docs/warehouses.md.

use super::statement::single_query_in;
use super::{Cell, Engine, Rows};
use crate::sql::Dialect;
use anyhow::{Context, Result, anyhow, bail};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// Most rows that an answer may have: engines are asked for aggregates and samples.
pub const MAX_ROWS: usize = 1_000_000;

/// How much longer than its own limit a query may take before the process is ended.
const GRACE: Duration = Duration::from_secs(5);

/// What is asked, one a line.
#[derive(Debug, Serialize, Deserialize)]
pub struct Request {
    /// One query.
    pub sql: String,
    /// More rows than this are an error.
    pub max_rows: usize,
    /// Seconds after which nobody waits for the answer any more.
    pub timeout: u64,
}

/// What is answered, one a line.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Answer {
    /// Names and types; types in DuckDB's words (`BIGINT`, `DOUBLE`, `VARCHAR`, `DECIMAL(18,2)`, ...), and `NUMERIC` for
    /// decimals without bounds.
    pub columns: Vec<(String, String)>,
    /// Values: null, booleans, numbers, and texts for everything else (decimals and doubles may be texts too).
    pub rows: Vec<Vec<Value>>,
    /// Why there is no result.
    pub error: Option<String>,
}

/// How the process is started.
#[derive(Clone)]
pub struct Program {
    /// The program and its arguments.
    pub command: Vec<String>,
    /// A first line for it, before any request (settings that no argument should show).
    pub greeting: Option<String>,
    /// Texts that no message may show.
    pub secrets: Vec<String>,
    /// Longest time of one query.
    pub timeout: Duration,
    /// The SQL that it understands.
    pub dialect: Dialect,
}

/// An engine in a process of its own.
pub struct Process {
    program: Program,
    running: Mutex<Option<Running>>,
}

struct Running {
    child: Child,
    input: ChildStdin,
    lines: Receiver<std::io::Result<String>>,
    /// The end of what it wrote as errors.
    errors: Arc<Mutex<String>>,
}

impl Drop for Running {
    fn drop(&mut self) {
        // Either fails only when it has ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Process {
    /// Starts nothing yet.
    pub fn new(program: Program) -> Self {
        Self { program, running: Mutex::new(None) }
    }

    fn running(&self) -> MutexGuard<'_, Option<Running>> {
        // A panic elsewhere leaves at worst a process that answers nothing, which the next query finds out.
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn start(&self) -> Result<Running> {
        let Some((name, arguments)) = self.program.command.split_first() else {
            bail!("the warehouse's command is empty");
        };
        let mut child = Command::new(name)
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .with_context(|| format!("{name} cannot be started; correct `warehouse.command`"))?;
        let (Some(mut input), Some(output), Some(trouble)) =
            (child.stdin.take(), child.stdout.take(), child.stderr.take())
        else {
            bail!("{name} has no standard streams");
        };
        let (sender, lines) = channel();
        std::thread::spawn(move || {
            for line in BufReader::new(output).lines() {
                if sender.send(line).is_err() {
                    break;
                }
            }
        });
        let errors = Arc::new(Mutex::new(String::new()));
        let kept = errors.clone();
        std::thread::spawn(move || {
            for line in BufReader::new(trouble).lines().map_while(Result::ok) {
                *kept.lock().unwrap_or_else(PoisonError::into_inner) = line;
            }
        });
        if let Some(greeting) = &self.program.greeting {
            writeln!(input, "{greeting}").with_context(|| format!("{name} takes no settings"))?;
        }
        Ok(Running { child, input, lines, errors })
    }

    fn ask(&self, running: &mut Running, sql: &str) -> Result<Answer> {
        let timeout = self.program.timeout.as_secs();
        let request = serde_json::to_string(&Request { sql: sql.to_owned(), max_rows: MAX_ROWS, timeout })?;
        if writeln!(running.input, "{request}").and_then(|()| running.input.flush()).is_err() {
            return Err(self.ended(running));
        }
        match running.lines.recv_timeout(self.program.timeout + GRACE) {
            Ok(Ok(line)) => {
                serde_json::from_str(&line).context("the engine's process answers in a way that we do not know")
            }
            Ok(Err(_)) | Err(RecvTimeoutError::Disconnected) => Err(self.ended(running)),
            Err(RecvTimeoutError::Timeout) => {
                Err(anyhow!("stopped after {} seconds, the time limit of one query", self.program.timeout.as_secs()))
            }
        }
    }

    fn ended(&self, running: &mut Running) -> anyhow::Error {
        let status = running.child.wait().map_or_else(|e| e.to_string(), |status| status.to_string());
        // The last line is written before the end, but may be read after it.
        std::thread::sleep(Duration::from_millis(50));
        let said = running.errors.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let said = if said.is_empty() { String::new() } else { format!(": {said}") };
        anyhow!("the engine's process ended ({status}){}", self.without_secrets(&said))
    }

    fn without_secrets(&self, text: &str) -> String {
        self.program
            .secrets
            .iter()
            .filter(|s| !s.is_empty())
            .fold(text.to_owned(), |t, secret| t.replace(secret, "***"))
    }
}

impl Process {
    fn rows(&self, sql: &str) -> Result<Rows> {
        let mut held = self.running();
        let mut running = match held.take() {
            Some(running) => running,
            None => self.start()?,
        };
        // Kept only when it answered: one that is late or broken is ended.
        let answer = self.ask(&mut running, sql)?;
        *held = Some(running);
        drop(held);
        if let Some(error) = answer.error {
            let text = self.without_secrets(&error);
            bail!("{}", text.split_whitespace().collect::<Vec<_>>().join(" "));
        }
        if answer.columns.is_empty() {
            bail!("the engine's process answers without columns");
        }
        let types: Vec<&str> = answer.columns.iter().map(|(_, data_type)| data_type.as_str()).collect();
        let rows = answer.rows.iter().map(|row| {
            if row.len() != types.len() {
                bail!("the engine's process answers rows of {} values under {} columns", row.len(), types.len());
            }
            Ok(row.iter().zip(&types).map(|(value, data_type)| cell(value, data_type)).collect())
        });
        Ok(Rows { rows: rows.collect::<Result<_>>()?, columns: answer.columns })
    }
}

impl Engine for Process {
    fn query(&self, sql: &str) -> Result<Rows> {
        self.rows(single_query_in(sql, self.program.dialect)?)
    }

    fn explains(&self) -> bool {
        self.program.dialect == Dialect::Postgres
    }

    fn explain(&self, sql: &str) -> Result<String> {
        if !self.explains() {
            bail!("plans of {:?} cannot be read yet", self.program.dialect);
        }
        let rows = self.rows(&format!("explain (format json) {}", single_query_in(sql, self.program.dialect)?))?.rows;
        match rows.into_iter().next().and_then(|row| row.into_iter().next()) {
            Some(Cell::Text(plan)) => Ok(plan),
            other => bail!("PostgreSQL explained a query in a way that we do not know: {other:?}"),
        }
    }

    fn dialect(&self) -> Dialect {
        self.program.dialect
    }
}

/// A JSON value as a cell of a column of that type.
fn cell(value: &Value, data_type: &str) -> Cell {
    let number = data_type.starts_with("DECIMAL") || ["NUMERIC", "DOUBLE", "FLOAT", "HUGEINT"].contains(&data_type);
    match value {
        Value::Null => Cell::Null,
        Value::Bool(b) => Cell::Bool(*b),
        Value::Number(n) => match n.as_i64() {
            Some(i) => Cell::Int(i.into()),
            None => n.as_u64().map_or_else(|| Cell::Float(n.as_f64().unwrap_or(f64::NAN)), |i| Cell::Int(i.into())),
        },
        Value::String(text) if number => match text.parse::<i128>() {
            Ok(i) => Cell::Int(i),
            Err(_) => text.parse().map_or_else(|_| Cell::Text(text.clone()), Cell::Float),
        },
        Value::String(text) => Cell::Text(text.clone()),
        other => Cell::Text(other.to_string()),
    }
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    fn program(script: &str, seconds: u64) -> Process {
        Process::new(Program {
            command: ["sh", "-c", script].map(str::to_owned).to_vec(),
            greeting: Some("hello".to_owned()),
            secrets: vec!["hunter2".to_owned()],
            timeout: Duration::from_secs(seconds),
            dialect: Dialect::Postgres,
        })
    }

    #[test]
    fn answers_become_cells_of_their_types() {
        let answer = r#"{"columns":[["a","BIGINT"],["b","NUMERIC"],["c","DOUBLE"],["d","VARCHAR"],["e","NUMERIC"]],"rows":[[1,"12","NaN","1",null],[2,"1.5",0.5,"x","7"]]}"#;
        let engine = program(&format!("read hello; while read line; do echo '{answer}'; done"), 5);
        let rows = engine.query("select 1").unwrap().rows;
        assert_eq!(rows[1], [Cell::Int(2), Cell::Float(1.5), Cell::Float(0.5), Cell::Text("x".into()), Cell::Int(7)]);
        assert!(matches!(rows[0][2], Cell::Float(x) if x.is_nan()) && rows[0][4] == Cell::Null);
        assert_eq!(rows[0][1], Cell::Int(12));
        assert!(engine.query("select 1; drop table x").is_err());
    }

    #[test]
    fn a_process_that_dies_is_an_error_of_its_query_only() {
        let flag = tempfile::tempdir().unwrap();
        let flag = flag.path().join("died");
        let script = format!(
            "read hello; read line; if [ -e {0} ]; then echo '{{\"columns\":[[\"a\",\"BIGINT\"]],\"rows\":[[1]]}}'; else touch {0}; echo 'password hunter2 is wrong' >&2; exit 3; fi",
            flag.display()
        );
        let engine = program(&script, 5);
        let error = engine.query("select 1").unwrap_err().to_string();
        assert!(error.contains("exit status: 3") && error.contains("password *** is wrong"), "{error}");
        assert_eq!(engine.query("select 1").unwrap().rows, [[Cell::Int(1)]]);
    }

    #[test]
    fn errors_and_nonsense_are_told() {
        let error = |answer: &str| {
            program(&format!("read hello; read line; printf '%s\\n' '{answer}'"), 5).query("select 1").unwrap_err()
        };
        assert_eq!(error(r#"{"error":"no\n  table x"}"#).to_string(), "no table x");
        assert!(error("what?").to_string().contains("do not know"));
        assert!(error("{}").to_string().contains("without columns"));
        assert!(error(r#"{"columns":[["a","BIGINT"]],"rows":[[1,2]]}"#).to_string().contains("2 values under 1"));
        let missing =
            Process::new(Program { command: vec!["no-such-program-of-ours".into()], ..program("", 1).program });
        assert!(format!("{:#}", missing.query("select 1").unwrap_err()).contains("cannot be started"));
    }
}
