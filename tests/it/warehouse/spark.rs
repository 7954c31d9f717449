//! A Spark of the test's own: a master, two workers and a Connect server on loopback, gone when dropped.

use std::fs::File;
use std::io::Write as _;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// How long the Connect server may take to listen.
const PATIENCE: Duration = Duration::from_secs(420);

/// A running cluster.
pub struct Spark {
    servers: Vec<Child>,
    /// The Python that has pyspark.
    pub python: PathBuf,
    /// Where it listens, as SPARK_REMOTE has it.
    pub remote: String,
    folder: tempfile::TempDir,
}

impl Spark {
    /// Starts one; the error says why there is none here. ROWPROOF_TEST_SPARK names a virtual environment with pyspark and
    /// what its Connect client needs; with SPARK_REMOTE beside it, that cluster is asked instead of one of our own.
    pub fn start() -> Result<Self, String> {
        let named = std::env::var("ROWPROOF_TEST_SPARK").unwrap_or_default();
        let python = Path::new(&named).join("bin/python");
        if named.is_empty() || !python.is_file() {
            return Err("no Spark: ROWPROOF_TEST_SPARK names no virtual environment with pyspark 4".to_owned());
        }
        let folder = tempfile::Builder::new().prefix("rowproof-spark-").tempdir().unwrap();
        if let Ok(remote) = std::env::var("SPARK_REMOTE") {
            return Ok(Self { servers: Vec::new(), python, remote, folder });
        }
        let [master, connect] = [free_port(), free_port()];
        let remote = format!("sc://127.0.0.1:{connect}");
        let mut spark = Self { servers: Vec::new(), python, remote, folder };
        let url = format!("spark://127.0.0.1:{master}");
        let port = master.to_string();
        spark
            .server("spark-class", &["org.apache.spark.deploy.master.Master", "--port", &port, "--webui-port", "0"])?;
        wait_for(master)?;
        for work in ["w1", "w2"] {
            let class = "org.apache.spark.deploy.worker.Worker";
            let bounds = ["--cores", "1", "--memory", "1500m", "--webui-port", "0", "--work-dir", work];
            spark.server("spark-class", &[&[class, "--host", "127.0.0.1"][..], &bounds, &[&url]].concat())?;
        }
        let settings = [
            "spark.cores.max=2".to_owned(),
            "spark.sql.shuffle.partitions=4".to_owned(),
            "spark.ui.enabled=false".to_owned(),
            "spark.connect.grpc.binding.address=127.0.0.1".to_owned(),
            format!("spark.connect.grpc.binding.port={connect}"),
            format!("spark.sql.warehouse.dir={}", spark.folder.path().join("warehouse").display()),
        ];
        let mut submit = vec!["--master", &url, "--executor-memory", "1g", "--executor-cores", "1"];
        submit.extend(settings.iter().flat_map(|setting| ["--conf", setting.as_str()]));
        submit.extend(["--class", "org.apache.spark.sql.connect.service.SparkConnectServer", "spark-internal"]);
        spark.server("spark-submit", &submit)?;
        wait_for(connect)?;
        Ok(spark)
    }

    fn server(&mut self, program: &str, arguments: &[&str]) -> Result<(), String> {
        let asked = Command::new(&self.python)
            .args(["-c", "import os, pyspark; print(os.path.dirname(pyspark.__file__))"])
            .output()
            .map_err(|e| e.to_string())?;
        let home = String::from_utf8_lossy(&asked.stdout).trim().to_owned();
        if home.is_empty() {
            return Err(format!("no pyspark: {}", String::from_utf8_lossy(&asked.stderr)));
        }
        let log = File::create(self.folder.path().join(format!("{}.log", self.servers.len()))).unwrap();
        // The scripts end in `exec java`, so that the child is the server itself.
        let child = Command::new(Path::new(&home).join("bin").join(program))
            .args(arguments)
            .env("SPARK_HOME", &home)
            .env("SPARK_LOCAL_IP", "127.0.0.1")
            .current_dir(self.folder.path())
            .stdin(Stdio::null())
            .stdout(log.try_clone().unwrap())
            .stderr(log)
            .spawn();
        self.servers.push(child.map_err(|e| format!("{program}: {e}"))?);
        Ok(())
    }

    /// Runs statements, which may write.
    pub fn sql(&self, statements: &[String]) {
        let script = "import json, os, sys\nfrom pyspark.sql import SparkSession\n\
                      spark = SparkSession.builder.remote(os.environ['SPARK_REMOTE']).getOrCreate()\n\
                      for statement in json.load(sys.stdin):\n    spark.sql(statement)\n";
        let mut child = Command::new(&self.python)
            .args(["-c", script])
            .env("SPARK_REMOTE", &self.remote)
            .stdin(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let text = serde_json::to_string(statements).unwrap();
        child.stdin.take().unwrap().write_all(text.as_bytes()).unwrap();
        let ran = child.wait_with_output().unwrap();
        assert!(ran.status.success(), "{}", String::from_utf8_lossy(&ran.stderr));
    }

    /// A folder for files that the cluster reads.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }
}

impl Drop for Spark {
    fn drop(&mut self) {
        // The last first: workers end their executors.
        for server in self.servers.iter_mut().rev() {
            let _ = Command::new("kill").arg(server.id().to_string()).status();
            let _ = server.wait();
        }
    }
}

fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

fn wait_for(port: u16) -> Result<(), String> {
    let start = Instant::now();
    while start.elapsed() < PATIENCE {
        if std::net::TcpStream::connect(("127.0.0.1", port)).is_ok() {
            return Ok(());
        }
        std::thread::sleep(Duration::from_millis(500));
    }
    Err(format!("nothing listens on port {port} after {} seconds", PATIENCE.as_secs()))
}
