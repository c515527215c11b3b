//! The demo as a person at a shell plays it: it adds up, and whatever happens it leaves nothing behind.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};

use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;

/// The demo, with `folder` in place of the machine's folder for temporary files.
fn demo(folder: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_moneybridge"));
    command.args(["demo", "--json"]).env("TMPDIR", folder).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

/// No file, and nobody who works in the folder.
fn assert_nothing_left(folder: &Path) {
    let left: Vec<_> = folder.read_dir().unwrap().map(|entry| entry.unwrap().path()).collect();
    assert!(left.is_empty(), "{left:?}");
    let Ok(processes) = Path::new("/proc").read_dir() else { return };
    for process in processes {
        let at = process.unwrap().path().join("cwd").read_link();
        assert!(!at.is_ok_and(|at| at.starts_with(folder)), "somebody still runs");
    }
}

#[test]
fn every_scene_ends_as_it_should_and_both_books_agree() {
    let folder = tempfile::tempdir().unwrap();
    let output = demo(folder.path()).output().unwrap();
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(report["problems"], serde_json::json!([]), "{}", String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success());
    let scenes = report["scenes"].as_array().unwrap();
    assert!(scenes.len() == 30 && scenes.iter().all(|scene| scene["ok"] == true));
    let francs = 7 + 6 + 1;
    let euros = 6 + 5 + 1 + 1;
    let matched = &report["comparison"]["matched_movements"];
    let corridors = 10 + 10 + 2;
    let faults = report["faults"].as_array().unwrap();
    assert!(faults.len() > 100 && faults.iter().all(|fault| fault["ok"] == true));
    let given_back = faults.iter().filter(|fault| fault["end"] == "given back").count();
    assert_eq!(given_back, 3, "cash-ins that never arrived");
    let (filled, spent) = (2, 3);
    let trials = faults.len() - given_back + filled + spent;
    assert_eq!(
        *matched,
        francs + euros + corridors + trials,
        "collections, disbursements, what came back; and one dispute"
    );
    assert_eq!(report["comparison"]["operations"], *matched);
    assert_nothing_left(folder.path());
}

#[test]
fn an_interrupted_demo_leaves_nothing_behind() {
    let folder = tempfile::tempdir().unwrap();
    let mut playing = demo(folder.path()).spawn().unwrap();
    let news = BufReader::new(playing.stderr.take().unwrap());
    let mut news = news.lines().map(Result::unwrap);
    assert!(news.any(|line| line.contains("awaiting_payment")), "nobody ordered anything");
    let pid = Pid::from_raw(i32::try_from(playing.id()).unwrap()).unwrap();
    kill_process(pid, Signal::TERM).unwrap();
    assert!(news.any(|line| line == "error: interrupted"));
    assert_eq!(playing.wait().unwrap().code(), Some(1));
    assert_nothing_left(folder.path());
}
