use std::io::{BufRead, BufReader};
use std::os::unix::process::ExitStatusExt;
use std::process::{Child, Command, Stdio};

use super::*;

/// A child that says so when it runs this.
struct Running(Child);

impl Running {
    fn start(script: &str) -> Self {
        let mut child = Command::new("sh")
            .args(["-c", script])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        let mut stdout = BufReader::new(child.stdout.take().unwrap());
        stdout.read_line(&mut line).unwrap();
        assert_eq!(line, "runs\n");
        Self(child)
    }

    fn pid(&self) -> i32 {
        self.0.id().try_into().unwrap()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// It ends where its input does, and says by which way.
const HANDLES: &str = "trap 'exit 7' USR1; echo runs; while :; do sleep 0.05; done";
const LEAVES: &str = "echo runs; read line; exit 3";
const IGNORES: &str = "trap '' USR1; echo runs; read line; exit 3";

#[test]
fn who_handles_the_signal_gets_it() {
    let mut child = Running::start(HANDLES);
    assert_eq!(tell(Some(child.pid())), Ok(child.pid()));
    assert_eq!(child.0.wait().unwrap().code(), Some(7));
}

#[test]
fn who_does_not_is_left_alone() {
    for script in [LEAVES, IGNORES] {
        let mut child = Running::start(script);
        let error = tell(Some(child.pid())).unwrap_err();
        assert!(error.contains("does not handle SIGUSR1"), "{error}");
        drop(child.0.stdin.take());
        let end = child.0.wait().unwrap();
        assert_eq!((end.code(), end.signal()), (Some(3), None), "{script}");
    }
}

#[test]
fn who_has_ended_is_not_there() {
    let mut child = Running::start(LEAVES);
    child.0.kill().unwrap();
    child.0.wait().unwrap();
    let pid = child.pid();
    assert_eq!(tell(Some(pid)), Err(format!("there is no process {pid}")));
}

#[test]
fn a_number_that_now_is_of_another_program_is_left_alone() {
    let mut child = Running::start(LEAVES.replace("echo", "trap 'exit 7' USR1; echo").as_str());
    let pid = child.pid();
    let other = identity(Path::new("/proc/self/exe")).unwrap();
    assert_eq!(
        send(pid, Some(other)),
        Err(format!("there is no process {pid}"))
    );
    drop(child.0.stdin.take());
    assert_eq!(child.0.wait().unwrap().code(), Some(3));
}

#[test]
fn without_a_number_there_has_to_be_one_only() {
    let process = |pid, handles| Process { pid, handles };
    let only = |processes: &[Process]| only(processes);
    assert_eq!(only(&[process(7, true)]), Ok(7));
    assert_eq!(only(&[process(7, true), process(8, false)]), Ok(7));
    for (processes, says) in [
        (&[][..], "no other process runs this program"),
        (
            &[process(7, false)],
            "handles SIGUSR1, which would end it: 7;",
        ),
        (
            &[process(7, true), process(8, false), process(9, true)],
            "run this program: 7, 9;",
        ),
    ] {
        let error = only(processes).unwrap_err();
        assert!(error.contains(says), "{error}");
    }
}

#[test]
fn the_mask_has_a_bit_for_each_signal() {
    for (mask, expected) in [
        ("SigCgt:\t0000000000000200\n", Some(true)),
        (
            "SigIgn:\t0000000000000200\nSigCgt:\t0000000000000dff\n",
            Some(false),
        ),
        ("SigCgt:\t00000000000000000000000000000200\n", Some(true)),
        ("SigCgt:\tx\n", None),
        ("", None),
    ] {
        assert_eq!(catches(mask, SIGNAL.as_raw()), expected, "{mask:?}");
    }
}
