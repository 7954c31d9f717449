//! A PostgreSQL of the test's own: started on a free port as an ordinary user, gone when dropped.

use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

/// A running server.
pub struct Postgres {
    folder: tempfile::TempDir,
    programs: PathBuf,
    pub port: u16,
}

/// The driver for it, or why the tests go without; they say so.
pub fn driver() -> Result<String, String> {
    let named = std::env::var("ROWPROOF_TEST_ADBC_POSTGRESQL").unwrap_or_default();
    match Path::new(&named).is_file() {
        true => Ok(named),
        false => Err("no ADBC driver for PostgreSQL: scripts/dev test fetches it with pip".to_owned()),
    }
}

impl Postgres {
    /// Starts one; the error says why there is none here.
    pub fn start() -> Result<Self, String> {
        let versions =
            std::fs::read_dir("/usr/lib/postgresql").map_err(|_| "PostgreSQL is not installed".to_owned())?;
        let programs = versions.filter_map(|entry| Some(entry.ok()?.path().join("bin"))).max();
        let programs = programs.ok_or("PostgreSQL is not installed")?;
        let folder = tempfile::Builder::new().prefix("rowproof-pg-").tempdir().unwrap();
        let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let server = Self { folder, programs, port };
        if root() {
            // The server refuses to run as root: its package brings a user for it.
            done(Command::new("chown").arg("postgres").arg(server.folder.path()))?;
        }
        let data = server.data();
        done(server.program("initdb").args(["-A", "trust", "-U", "boss", "-D"]).arg(&data))?;
        let options = format!(
            "-p {port} -k {} -c listen_addresses=127.0.0.1 -c fsync=off -c max_connections=20",
            server.folder.path().display()
        );
        let log = server.folder.path().join("log");
        done(server.program("pg_ctl").args(["-w", "start", "-o", &options, "-D"]).arg(&data).arg("-l").arg(log))?;
        Ok(server)
    }

    fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    fn program(&self, name: &str) -> Command {
        let program = self.programs.join(name);
        let mut command = if root() {
            let mut command = Command::new("runuser");
            command.args(["-u", "postgres", "--"]).arg(program);
            command
        } else {
            Command::new(program)
        };
        // What it starts goes on after it: its streams must not be held open.
        command.current_dir("/").stdout(Stdio::null()).stderr(Stdio::null());
        command
    }

    /// Runs statements as the owner of everything.
    pub fn sql(&self, database: &str, sql: &str) {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), sql).unwrap();
        let mut psql = Command::new(self.programs.join("psql"));
        psql.args(["-h", "127.0.0.1", "-U", "boss", "-q", "-v", "ON_ERROR_STOP=1", "-d", database]);
        let ran: Output = psql.args(["-p", &self.port.to_string(), "-f"]).arg(file.path()).output().unwrap();
        assert!(ran.status.success(), "{}", String::from_utf8_lossy(&ran.stderr));
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        let data = self.data();
        let _ = self.program("pg_ctl").args(["-m", "immediate", "stop", "-D"]).arg(data).status();
    }
}

fn done(command: &mut Command) -> Result<(), String> {
    let said = format!("{command:?}");
    match command.status() {
        Ok(status) if status.success() => Ok(()),
        Ok(status) => Err(format!("{said}: {status}")),
        Err(error) => Err(format!("{said}: {error}")),
    }
}

/// Whether the tests run as root, as they do in a container.
fn root() -> bool {
    Command::new("id").arg("-u").output().is_ok_and(|out| out.stdout.trim_ascii() == b"0")
}
