//! What a run shows while it goes on: bars on a terminal, plain lines elsewhere.

use std::time::{Duration, Instant};

use crossover_harness::verify::Outputs;
use crossover_harness::{Observer, label};
use crossover_record::{Row, Status};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::output;
use crate::save::Saver;

/// A plain line about sampling is written at most this often.
const PLAIN_INTERVAL: Duration = Duration::from_secs(10);

/// Watches a run.
pub(crate) struct Progress {
    bar: Option<ProgressBar>,
    rows: usize,
    done: usize,
    sampling: bool,
    last: Instant,
    saver: Option<Saver>,
}

impl Progress {
    /// Shows nothing yet; outputs go to `saver`.
    pub(crate) fn new(saver: Option<Saver>) -> Progress {
        Progress { bar: None, rows: 0, done: 0, sampling: false, last: Instant::now(), saver }
    }

    /// Takes the bar away; gives back what the saver met.
    pub(crate) fn finish(self) -> Option<Saver> {
        if let Some(bar) = self.bar {
            bar.finish_and_clear();
        }
        self.saver
    }

    fn say(&self, text: &str) {
        match &self.bar {
            Some(bar) => bar.suspend(|| output::say(text)),
            None => output::say(text),
        }
    }

    fn style(&self, template: &str) {
        if let Some(bar) = &self.bar
            && let Ok(style) = ProgressStyle::with_template(template)
        {
            bar.set_style(style.progress_chars("=> "));
        }
    }
}

impl Observer for Progress {
    fn planned(&mut self, rows: usize) {
        self.rows = rows;
        if output::is_interactive() {
            let target = ProgressDrawTarget::stderr();
            self.bar = Some(ProgressBar::with_draw_target(Some(rows as u64), target));
            self.style("verify [{bar:24}] {pos}/{len} {wide_msg}");
        } else {
            output::say(&format!("verifying {rows} rows"));
        }
    }

    fn started(&mut self, label: &str) {
        if let Some(bar) = &self.bar {
            bar.set_message(label.to_owned());
        }
    }

    fn finished(&mut self, row: &Row) {
        self.done += 1;
        match &self.bar {
            Some(bar) => bar.set_position(self.done as u64),
            None => {
                let (done, rows) = (self.done, self.rows);
                output::say(&format!("[{done}/{rows}] {}: {}", label(row), row.status));
            }
        }
        if matches!(row.status, Status::Wrong | Status::Failed) {
            self.say(&format!("{}: {}: {}", label(row), row.status, row.reason));
        }
    }

    fn outputs(&mut self, row: &Row, outputs: &Outputs) {
        if let Some(saver) = &mut self.saver {
            saver.save(row, outputs);
        }
    }

    fn sampling(&mut self, spent: Duration, planned: Duration) {
        if !self.sampling {
            self.sampling = true;
            self.style("sample [{bar:24}] {msg}");
            if let Some(bar) = &self.bar {
                bar.set_length(planned.as_millis() as u64);
            }
        }
        let text = format!("{:.0} of {:.0} s", spent.as_secs_f64(), planned.as_secs_f64());
        match &self.bar {
            Some(bar) => {
                bar.set_position(spent.as_millis() as u64);
                bar.set_message(text);
            }
            None if self.last.elapsed() >= PLAIN_INTERVAL => {
                self.last = Instant::now();
                output::say(&format!("sampling: {text}"));
            }
            None => {}
        }
    }

    fn note(&mut self, text: &str) {
        self.say(text);
    }
}
