//! `action/install.sh`: the right digest installs, anything else leaves nothing behind.

use super::harness::{Runner, nowhere};
use crate::sandbox::crate_folder;
use std::path::PathBuf;
use std::process::Command;

const TARGET: &str = "x86_64-unknown-linux-gnu";

/// A runner that is to install version 1.2.3 from a local archive.
fn runner() -> Runner {
    let mut runner = Runner::new();
    let stub = runner.env.remove("ROWPROOF_BIN").unwrap();
    let archive = archive(&runner, "1.2.3", &std::fs::read_to_string(stub).unwrap().replace("9.9.9", "1.2.3"));
    runner.env("ROWPROOF_ARCHIVE", archive.to_str().unwrap());
    runner
}

fn name(version: &str) -> String {
    format!("rowproof-{version}-{TARGET}")
}

fn archive(runner: &Runner, version: &str, program: &str) -> PathBuf {
    let folder = name(version);
    runner.script(&format!("temp/built/{folder}/rowproof"), program);
    std::fs::write(runner.path(&format!("temp/built/{folder}/README.md")), "read").unwrap();
    pack(runner, &folder, &[&folder])
}

fn pack(runner: &Runner, name: &str, members: &[&str]) -> PathBuf {
    let file = runner.path(&format!("temp/{name}.tar.gz"));
    let built = runner.path("temp/built");
    let mut tar = Command::new("tar");
    tar.arg("-czf").arg(&file).arg("-C").arg(built).arg("-P").args(members);
    assert!(tar.status().unwrap().success());
    file
}

fn digest(file: &PathBuf) -> String {
    rowproof::files::content_id(&std::fs::read(file).unwrap())
}

fn lock(runner: &Runner, digest: &str, version: &str) {
    let text = format!("# comment\n{digest}  {}.tar.gz\n", name(version));
    std::fs::write(runner.path("action/action/release.lock"), text).unwrap();
}

fn locked() -> Runner {
    let runner = runner();
    lock(&runner, &digest(&PathBuf::from(&runner.env["ROWPROOF_ARCHIVE"])), "1.2.3");
    runner
}

#[test]
fn the_right_digest_installs() {
    let runner = locked();
    let ran = runner.run();
    assert_eq!(ran.code, 0, "{}", ran.log);
    assert_eq!(ran.output("version"), "1.2.3");
    let folder = runner.path("tools/rowproof/1.2.3/x86_64");
    assert_eq!(runner.text("path.txt"), format!("{}\n", folder.display()));
    let mut there: Vec<_> =
        std::fs::read_dir(&folder).unwrap().map(|e| e.unwrap().file_name().into_string().unwrap()).collect();
    there.sort();
    assert_eq!(there, ["installed", "rowproof"]);
    assert_eq!(std::fs::read_dir(runner.path("tools/rowproof/1.2.3")).unwrap().count(), 1, "no part is left");
    assert!(runner.told("run").is_some(), "the installed program is the one that runs");
}

#[test]
fn a_wrong_digest_leaves_nothing() {
    let runner = runner();
    lock(&runner, &"0".repeat(64), "1.2.3");
    let ran = runner.run();
    ran.refused("nothing was installed");
    assert!(nowhere(&runner.path("tools"), "rowproof"));
    assert!(!runner.path("path.txt").exists() && runner.told("run").is_none());
}

#[test]
fn an_unknown_version_is_refused() {
    let mut runner = locked();
    runner.input("version", "4.5.6").run().refused("does not know rowproof-4.5.6-x86_64-unknown-linux-gnu.tar.gz");
    assert!(nowhere(&runner.path("tools"), "rowproof"));
    let runner = super::install::runner();
    runner.run().refused("action/release.lock names no release");
}

#[test]
fn a_checksum_stands_in_for_the_lock_and_must_not_contradict_it() {
    let mut runner = runner();
    let right = digest(&PathBuf::from(&runner.env["ROWPROOF_ARCHIVE"]));
    runner.input("checksum", &right).run().refused("names no release");
    let ran = runner.input("version", "1.2.3").run();
    assert_eq!((ran.code, ran.output("version")), (0, "1.2.3"), "{}", ran.log);
    lock(&runner, &"1".repeat(64), "1.2.3");
    runner.run().refused("differs from the digest");
}

#[test]
fn what_was_changed_in_the_cache_is_installed_again() {
    let mut runner = locked();
    assert_eq!(runner.run().code, 0);
    let program = runner.path("tools/rowproof/1.2.3/x86_64/rowproof");
    let good = std::fs::read(&program).unwrap();
    let aside = runner.script("temp/aside", &String::from_utf8(good.clone()).unwrap());
    let changes: [&dyn Fn(); 4] = [
        &|| std::fs::write(&program, "#!/bin/sh\necho changed\n").unwrap(),
        &|| std::fs::remove_file(&program).unwrap(),
        &|| std::fs::write(program.with_file_name("installed"), "program x\n").unwrap(),
        &|| {
            std::fs::remove_file(&program).unwrap();
            std::os::unix::fs::symlink(&aside, &program).unwrap();
        },
    ];
    for (i, change) in changes.iter().enumerate() {
        change();
        let ran = runner.run();
        assert_eq!(ran.code, 0, "change {i}: {}", ran.log);
        assert_eq!(std::fs::read(&program).unwrap(), good, "change {i}");
        assert!(!program.is_symlink(), "change {i}");
    }
    // Intact, it is used as it is: nothing is downloaded.
    runner.env("ROWPROOF_ARCHIVE", "/nowhere");
    assert_eq!(runner.run().code, 0);
    std::fs::write(&program, "changed").unwrap();
    runner.run().refused("ROWPROOF_ARCHIVE");
    assert!(runner.told("run").is_some());
}

#[test]
fn an_archive_with_more_than_a_release_is_refused() {
    let runner = runner();
    let folder = name("1.2.3");
    std::fs::write(runner.path("temp/evil"), "evil").unwrap();
    let outside = pack(&runner, &folder, &[&folder, "../evil"]);
    lock(&runner, &digest(&outside), "1.2.3");
    runner.run().refused("which is no file of a release");
    let program = runner.path(&format!("temp/built/{folder}/rowproof"));
    std::fs::remove_file(&program).unwrap();
    std::os::unix::fs::symlink("/bin/sh", &program).unwrap();
    let link = pack(&runner, &folder, &[&folder]);
    lock(&runner, &digest(&link), "1.2.3");
    runner.run().refused("no regular file");
    std::fs::remove_file(&program).unwrap();
    let empty = pack(&runner, &folder, &[&folder]);
    lock(&runner, &digest(&empty), "1.2.3");
    runner.run().refused("holds no");
    std::fs::write(runner.path(&format!("temp/{folder}.tar.gz")), "no archive").unwrap();
    lock(&runner, &rowproof::files::content_id(b"no archive"), "1.2.3");
    runner.run().refused("not a readable archive");
    assert!(nowhere(&runner.path("tools"), "rowproof"));
}

#[test]
fn each_platform_has_its_archive_and_others_are_refused() {
    let mut runner = runner();
    for (os, arch, target) in [
        ("Linux", "X64", "x86_64-unknown-linux-gnu"),
        ("Linux", "ARM64", "aarch64-unknown-linux-gnu"),
        ("macOS", "X64", "x86_64-apple-darwin"),
        ("macOS", "ARM64", "aarch64-apple-darwin"),
    ] {
        runner.env("RUNNER_OS", os).env("RUNNER_ARCH", arch).input("version", "1.2.3");
        runner.run().refused(&format!("does not know rowproof-1.2.3-{target}.tar.gz"));
    }
    runner.env("RUNNER_OS", "Windows").run().refused("no release for Windows");
    runner.env("RUNNER_OS", "Linux").env("RUNNER_ARCH", "X86").run().refused("architecture X86");
}

/// A `curl` that notes its arguments and delivers the local archive.
fn with_curl(runner: &mut Runner) {
    let archive = runner.env.remove("ROWPROOF_ARCHIVE").unwrap();
    let told = runner.path("stub/curl.args");
    let script = format!(
        "#!/bin/bash\nprintf '%s\\0' \"$@\" >'{}'\nwhile [ $# -gt 1 ]; do [ \"$1\" != --output ] || cp '{archive}' \"$2\"; shift; done\n",
        told.display()
    );
    runner.script("bin/curl", &script);
}

#[test]
fn the_download_is_https_from_the_releases_of_the_action_itself() {
    let mut runner = locked();
    with_curl(&mut runner);
    let asset = format!("releases/download/v1.2.3/{}.tar.gz", name("1.2.3"));
    let url = |runner: &Runner| {
        std::fs::remove_dir_all(runner.path("tools/rowproof")).ok();
        let ran = runner.run();
        assert_eq!(ran.code, 0, "{}", ran.log);
        runner.told("curl").unwrap().pop().unwrap()
    };
    assert_eq!(url(&runner), format!("https://github.com/rowproof/rowproof/{asset}"));
    let told = runner.told("curl").unwrap().join(" ");
    assert!(told.starts_with("--proto =https --tlsv1.2 --retry 3 --location --fail "), "{told}");
    runner.github.insert("action_repository".to_owned(), "fork/rowproof".to_owned());
    assert_eq!(url(&runner), format!("https://github.com/fork/rowproof/{asset}"));
    runner.env("GITHUB_SERVER_URL", "https://git.example.com").env("GITHUB_ACTION_REPOSITORY", "mine/rowproof");
    assert_eq!(url(&runner), format!("https://git.example.com/mine/rowproof/{asset}"));
    runner.script("bin/curl", "#!/bin/sh\nexit 22\n");
    std::fs::remove_dir_all(runner.path("tools/rowproof")).unwrap();
    runner.run().refused("cannot download https://git.example.com/mine/rowproof/");
    assert!(nowhere(&runner.path("tools"), "rowproof"));
}

#[test]
fn an_attestation_is_verified_as_asked() {
    let mut runner = locked();
    let ran = runner.run();
    assert!(ran.log.contains("was not verified: gh is not installed"), "{}", ran.log);
    let again = |runner: &Runner| {
        std::fs::remove_dir_all(runner.path("tools/rowproof")).ok();
        runner.run()
    };
    runner.input("verify", "require");
    again(&runner).refused("cannot be verified: gh is not installed");

    let told = runner.path("stub/gh.args");
    let gh = |code: u8| {
        format!(
            "#!/bin/bash\n[ \"$2\" != --help ] || exit 0\nprintf '%s\\0' \"$@\" \"$GH_TOKEN\" >'{}'\nexit {code}\n",
            told.display()
        )
    };
    runner.script("bin/gh", &gh(0));
    assert_eq!(again(&runner).code, 0);
    let told = runner.told("gh").unwrap();
    assert_eq!(told[..2], ["attestation", "verify"]);
    let signer = "rowproof/rowproof/.github/workflows/release.yml";
    assert_eq!(told[3..], ["--repo", "rowproof/rowproof", "--signer-workflow", signer, "ghs_secret"]);
    runner.env("GITHUB_SERVER_URL", "https://git.example.com");
    again(&runner).refused("github.com only");
    runner.env("GITHUB_SERVER_URL", "https://github.com");
    runner.script("bin/gh", &gh(1));
    for verify in ["require", "auto"] {
        runner.input("verify", verify);
        again(&runner).refused("does not hold");
        assert!(nowhere(&runner.path("tools"), "rowproof"));
    }
    runner.input("verify", "off");
    assert_eq!(again(&runner).code, 0);
    runner.input("verify", "maybe").run().refused("auto require off");
}

/// `scripts/release-lock` and the installer agree on the format, and the newest version is the default one.
#[test]
fn what_release_lock_writes_is_what_installs() {
    let runner = runner();
    let script = crate_folder("scripts/release-lock");
    std::fs::create_dir(runner.path("action/scripts")).unwrap();
    std::fs::copy(script, runner.path("action/scripts/release-lock")).unwrap();
    let write = |version: &str, digest: &str| {
        let folder = runner.path("temp/digests");
        std::fs::create_dir_all(&folder).unwrap();
        for target in ["aarch64-apple-darwin", "aarch64-unknown-linux-gnu", "x86_64-apple-darwin", TARGET] {
            let name = format!("rowproof-{version}-{target}.tar.gz");
            std::fs::write(folder.join(format!("{name}.sha256")), format!("{digest}  {name}\n")).unwrap();
        }
        let mut lock = Command::new(runner.path("action/scripts/release-lock"));
        lock.arg(version).arg(&folder).output().unwrap().status.success()
    };
    assert!(write("1.2.2", &"2".repeat(64)));
    assert!(!write("1.2.3", "no digest"));
    assert!(write("1.2.3", &digest(&PathBuf::from(&runner.env["ROWPROOF_ARCHIVE"]))));
    let lock = runner.text("action/action/release.lock");
    let lines: Vec<&str> = lock.lines().filter(|l| !l.starts_with('#')).collect();
    assert!(lines.len() == 8 && lines[0].contains("-1.2.3-") && lines[7].contains("-1.2.2-"), "{lock}");
    assert!(!lock.contains("Nothing is released yet"), "{lock}");
    assert_eq!(runner.run().output("version"), "1.2.3");
}

#[test]
fn a_program_that_does_not_run_here_or_is_another_version_is_refused() {
    let runner = runner();
    for (program, words) in [
        ("#!/nowhere/sh\n", "does not run on this machine"),
        ("#!/bin/sh\necho rowproof 3.0.0\n", "holds rowproof 3.0.0"),
    ] {
        let archive = archive(&runner, "1.2.3", program);
        lock(&runner, &digest(&archive), "1.2.3");
        runner.run().refused(words);
    }
    let mut runner = Runner::new();
    runner.env("ROWPROOF_BIN", "/nowhere/rowproof").run().refused("is no program");
}
