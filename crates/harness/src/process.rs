//! The harness's side of one worker process: start, ask with a limit, end.

use std::collections::VecDeque;
use std::io::{BufReader, Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use crossover_contract::Failure;

use crate::HarnessError;
use crate::lines::read_line;
use crate::protocol::{Ask, FailureKind, MAX_LINE_BYTES, Reply, Request, Response, UNKNOWN_ID};

/// How a worker is started.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WorkerCommand {
    /// The program.
    pub program: PathBuf,
    /// Its arguments.
    pub args: Vec<String>,
    /// Variables set beside the inherited ones.
    pub env: Vec<(String, String)>,
}

/// What a worker is for; one process serves one of these.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct WorkerKey {
    /// Backend.
    pub backend: String,
    /// Variant; empty for a worker that only lists adapters.
    pub variant: String,
    /// Slug of the adapter, for backends that have some.
    pub adapter: Option<String>,
}

/// Time that a worker gets to leave by itself after its standard input has closed.
const PATIENCE: Duration = Duration::from_millis(1500);

/// Lines kept of what a worker prints where nothing is expected.
const TAIL_LINES: usize = 12;

/// Longest kept part of such a line, in bytes.
const TAIL_BYTES: usize = 400;

/// A running worker.
pub(crate) struct WorkerProcess {
    child: Child,
    requests: Option<Sender<Vec<u8>>>,
    lines: Receiver<Vec<u8>>,
    stderr: Tail,
    stray: Tail,
    next_id: u64,
    /// Largest peak memory reported so far, in bytes.
    pub(crate) peak_memory_bytes: Option<u64>,
}

/// What lets a longer answer through.
pub(crate) const CURE: &str = "--time-limit gives more";

/// Why a worker gave no reply. The process has ended when this is returned.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Broken {
    /// It did not answer in time and was ended.
    Silent { limit: Duration, tail: String },
    /// It ended by itself, or somebody ended it.
    Ended { how: String, tail: String },
}

impl std::fmt::Display for Broken {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let tail = match self {
            Broken::Silent { limit, tail } => {
                write!(f, "no answer within {} s; its worker was ended", limit.as_secs_f64())?;
                tail
            }
            Broken::Ended { how, tail } => {
                write!(f, "worker {how}")?;
                tail
            }
        };
        if tail.is_empty() { Ok(()) } else { write!(f, "; it last said: {tail}") }
    }
}

/// The last lines of a stream.
#[derive(Clone, Default)]
struct Tail(Arc<Mutex<VecDeque<String>>>);

impl Tail {
    fn push(&self, line: &[u8]) {
        let text = String::from_utf8_lossy(&line[..line.len().min(TAIL_BYTES)]);
        let text: String = text.trim_end().chars().filter(|c| !c.is_control()).collect();
        if text.is_empty() {
            return;
        }
        let mut lines = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if lines.len() == TAIL_LINES {
            lines.pop_front();
        }
        lines.push_back(text);
    }

    fn text(&self) -> String {
        let lines = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        lines.iter().map(String::as_str).collect::<Vec<_>>().join(" | ")
    }
}

impl WorkerProcess {
    /// Starts a worker. `private` is a folder of this run alone, which also stands in for a missing
    /// `XDG_RUNTIME_DIR`: Vulkan loaders complain on standard error without one.
    pub(crate) fn start(
        command: &WorkerCommand,
        private: &Path,
        threads: usize,
    ) -> Result<WorkerProcess, HarnessError> {
        let mut process = Command::new(&command.program);
        process.args(&command.args).stdin(Stdio::piped());
        process.stdout(Stdio::piped()).stderr(Stdio::piped());
        process.env("RAYON_NUM_THREADS", threads.to_string());
        // The end of standard error becomes part of a row's reason: the panic, not its backtrace.
        process.env("RUST_BACKTRACE", "0");
        if std::env::var_os("XDG_RUNTIME_DIR").is_none() {
            process.env("XDG_RUNTIME_DIR", private);
        }
        process.envs(command.env.iter().map(|(name, value)| (name, value)));
        let mut child = process.spawn().map_err(|error| HarnessError::Worker {
            action: "start a worker",
            reason: format!("`{}`: {error}", command.program.display()),
        })?;
        let missing = || HarnessError::Worker {
            action: "start a worker",
            reason: "a pipe of the process is missing".to_owned(),
        };
        let stdin = child.stdin.take().ok_or_else(missing)?;
        let stdout = child.stdout.take().ok_or_else(missing)?;
        let errors = child.stderr.take().ok_or_else(missing)?;
        let stderr = Tail::default();
        keep_tail(errors, stderr.clone());
        Ok(WorkerProcess {
            child,
            requests: Some(write_requests(stdin)),
            lines: read_lines(stdout),
            stderr,
            stray: Tail::default(),
            next_id: 0,
            peak_memory_bytes: None,
        })
    }

    /// Asks and waits at most `limit`. A worker that does not answer is ended.
    pub(crate) fn ask(
        &mut self,
        ask: Ask,
        limit: Duration,
    ) -> Result<Result<Reply, Failure>, Broken> {
        self.next_id += 1;
        let id = self.next_id;
        let mut line = serde_json::to_vec(&Request { id, ask })
            .expect("a request holds only strings, integers and finite floats");
        line.push(b'\n');
        // A worker that has ended takes no request; waiting for its reply finds out how it ended.
        let _ = self.requests.as_ref().map(|requests| requests.send(line));
        let deadline = Instant::now() + limit;
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            match self.lines.recv_timeout(left) {
                Ok(line) => match serde_json::from_slice::<Response>(&line) {
                    Ok(response) if [id, UNKNOWN_ID].contains(&response.id) => {
                        return Ok(self.sort(response.reply));
                    }
                    Ok(_) | Err(_) => self.stray.push(&line),
                },
                Err(RecvTimeoutError::Timeout) => {
                    self.kill();
                    return Err(Broken::Silent { limit, tail: self.tail() });
                }
                Err(RecvTimeoutError::Disconnected) => return Err(self.ended()),
            }
        }
    }

    fn sort(&mut self, reply: Reply) -> Result<Reply, Failure> {
        match reply {
            Reply::Refused { failure: FailureKind::Unavailable, reason } => {
                Err(Failure::Unavailable(reason))
            }
            Reply::Refused { failure: FailureKind::Failed, reason } => Err(Failure::Failed(reason)),
            Reply::Refused { failure: FailureKind::Lost, reason } => Err(Failure::Lost(reason)),
            Reply::Ran(ran) => {
                self.peak_memory_bytes = self.peak_memory_bytes.max(ran.peak_memory_bytes);
                Ok(Reply::Ran(ran))
            }
            other @ (Reply::Described { .. }
            | Reply::Passport { .. }
            | Reply::Prepared { .. }
            | Reply::Released) => Ok(other),
        }
    }

    /// Standard output has closed: how the process ended, once it has.
    fn ended(&mut self) -> Broken {
        let status = self.wait(PATIENCE).or_else(|| {
            self.kill();
            None
        });
        let how = status.map_or_else(
            || "closed its standard output and was ended".to_owned(),
            |status| describe_end(&status),
        );
        Broken::Ended { how, tail: self.tail() }
    }

    fn wait(&mut self, patience: Duration) -> Option<ExitStatus> {
        let deadline = Instant::now() + patience;
        let mut pause = Duration::from_micros(200);
        loop {
            match self.child.try_wait() {
                Ok(Some(status)) => return Some(status),
                Ok(None) if Instant::now() < deadline => thread::sleep(pause),
                Ok(None) | Err(_) => return None,
            }
            pause = (pause * 2).min(Duration::from_millis(20));
        }
    }

    fn kill(&mut self) {
        // Both fail only for a process that has ended and was waited for.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }

    fn tail(&self) -> String {
        // The threads that read the pipes may lag behind the end of the process by a moment.
        thread::sleep(Duration::from_millis(20));
        let parts = [self.stray.text(), self.stderr.text()];
        parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(" | ")
    }

    /// Closes standard input, which a worker takes as its end.
    pub(crate) fn close(&mut self) {
        self.requests = None;
    }

    /// What the worker printed on standard output that was no response, the last lines.
    pub(crate) fn stray(&self) -> String {
        self.stray.text()
    }
}

impl Drop for WorkerProcess {
    /// Ends the worker, by force if it does not leave by itself.
    fn drop(&mut self) {
        self.close();
        if self.wait(PATIENCE).is_none() {
            self.kill();
        }
    }
}

fn describe_end(status: &ExitStatus) -> String {
    #[cfg(unix)]
    {
        use std::os::unix::process::ExitStatusExt;
        if let Some(signal) = status.signal() {
            return format!("was ended by signal {signal}");
        }
    }
    match status.code() {
        Some(code) => format!("ended with exit status {code}"),
        None => "ended".to_owned(),
    }
}

/// Requests are written by a thread of their own, so that a worker that reads none cannot block
/// the harness on a full pipe.
fn write_requests(mut stdin: ChildStdin) -> Sender<Vec<u8>> {
    let (sender, lines) = channel::<Vec<u8>>();
    thread::spawn(move || {
        for line in lines {
            if stdin.write_all(&line).and_then(|()| stdin.flush()).is_err() {
                break;
            }
        }
    });
    sender
}

fn read_lines(stdout: impl Read + Send + 'static) -> Receiver<Vec<u8>> {
    // Bounded: a worker that floods its standard output waits, instead of filling the memory here.
    let (sender, lines) = sync_channel(64);
    thread::spawn(move || {
        let mut stdout = BufReader::new(stdout);
        while let Ok(Some(line)) = read_line(&mut stdout, MAX_LINE_BYTES) {
            if !line.is_empty() && sender.send(line).is_err() {
                break;
            }
        }
    });
    lines
}

fn keep_tail(stderr: impl Read + Send + 'static, tail: Tail) {
    thread::spawn(move || {
        let mut stderr = BufReader::new(stderr);
        while let Ok(Some(line)) = read_line(&mut stderr, TAIL_BYTES) {
            tail.push(&line);
        }
    });
}
