//! Progress as people see it: bars on a terminal, plain lines elsewhere, nothing when quiet.

use std::cell::RefCell;
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::console::Console;
use crate::domain::{Event, Progress, harmless};

/// How often a plain log says that measuring goes on.
const LOG_INTERVAL: Duration = Duration::from_secs(20);

/// A listener that shows what goes on.
#[derive(Debug)]
pub(crate) struct Watch {
    console: Console,
    verbose: bool,
    state: RefCell<State>,
}

#[derive(Debug)]
struct State {
    bar: Option<ProgressBar>,
    /// Whether Cargo says how much there is to build.
    counted: bool,
    last_log: Option<Instant>,
}

impl Watch {
    /// Shows progress on this console; `verbose` adds Cargo's own lines.
    pub(crate) fn new(console: Console, verbose: bool) -> Self {
        Self { console, verbose, state: RefCell::new(State { bar: None, counted: false, last_log: None }) }
    }

    /// Takes the bar away, so that results do not mix with it.
    pub(crate) fn finish(&self) {
        self.state.borrow_mut().counted = false;
        if let Some(bar) = self.state.borrow_mut().bar.take() {
            bar.finish_and_clear();
        }
    }

    /// Prints above the bar, if there is one.
    fn above(&self, print: impl FnOnce(Console)) {
        match &self.state.borrow().bar {
            Some(bar) => bar.suspend(|| print(self.console)),
            None => print(self.console),
        }
    }

    fn bar(&self, prefix: &str) -> ProgressBar {
        let mut state = self.state.borrow_mut();
        let bar = state.bar.get_or_insert_with(|| {
            let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr());
            bar.enable_steady_tick(Duration::from_millis(200));
            bar
        });
        bar.set_prefix(format!("{prefix:>12}"));
        bar.clone()
    }
}

/// A spinner with words, or a bar with a count.
fn style(counted: bool) -> ProgressStyle {
    let template = if counted {
        format!(
            "{{prefix:.green.bold}} [{{bar:{}}}] {{pos}}/{{len}} {{wide_msg}}",
            bar_width(Console::width())
        )
    } else {
        "{prefix:.green.bold} {wide_msg}".to_owned()
    };
    ProgressStyle::with_template(&template)
        .unwrap_or_else(|_| ProgressStyle::default_bar())
        .progress_chars("=> ")
}

/// How wide a bar is on a terminal of so many columns: half of what is left beside the prefix, brackets and the largest counts,
/// so that a name has room, and the line stays one.
fn bar_width(columns: u16) -> u16 {
    const BESIDE: u16 = 12 + 4 + 11;
    (columns.saturating_sub(BESIDE) / 2).clamp(6, 24)
}

impl Progress for Watch {
    fn event(&self, event: Event<'_>) {
        match event {
            Event::Warning(text) => self.above(|console| console.warning(text)),
            _ if self.console.is_quiet() => {}
            Event::Task(text) => {
                self.finish();
                self.above(|console| match text.split_once(' ') {
                    Some((verb, rest)) => console.progress(verb, rest),
                    None => console.progress(text, ""),
                });
            }
            Event::Waiting(text) => self.above(|console| console.progress("Waiting", text)),
            Event::BuildOutput { line, .. } => {
                if self.verbose {
                    self.above(|_| Console::line(line));
                }
            }
            Event::Building { side, done, total, names } => {
                if self.console.draws_bars() {
                    let bar = self.bar("Building");
                    bar.set_style(style(true));
                    bar.set_length(total as u64);
                    bar.set_position(done as u64);
                    bar.set_message(harmless::line(&format!("{side}: {names}")));
                    self.state.borrow_mut().counted = true;
                }
            }
            Event::Compiled { side, name, done } => {
                if self.console.draws_bars() && !self.state.borrow().counted {
                    let bar = self.bar("Compiling");
                    bar.set_style(style(false));
                    bar.set_message(harmless::line(&format!("{side}: {name} ({done})")));
                }
            }
            Event::Measuring { benchmarks } => {
                if self.console.draws_bars() {
                    let bar = self.bar("Measuring");
                    bar.set_style(style(true));
                    bar.set_length(benchmarks as u64);
                    bar.set_position(0);
                }
            }
            Event::Benchmark { name, settled, total, launches, state } => {
                if self.console.draws_bars() {
                    let bar = self.bar("Measuring");
                    bar.set_style(style(true));
                    bar.set_length(total as u64);
                    bar.set_position(settled as u64);
                    bar.set_message(harmless::line(&format!("{name}: {launches} launches, {state}")));
                } else {
                    self.log(settled, total);
                }
            }
            Event::Measured => self.finish(),
            Event::Entered(_) | Event::Left => {}
        }
    }
}

impl Watch {
    /// A plain line now and then, so that a CI log shows life without drowning in it.
    fn log(&self, settled: usize, total: usize) {
        let mut state = self.state.borrow_mut();
        if state.last_log.is_none_or(|last| last.elapsed() >= LOG_INTERVAL) {
            state.last_log = Some(Instant::now());
            self.console.progress("Measuring", format_args!("{settled} of {total} benchmarks settled"));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bar_fits_narrow_terminals() {
        assert_eq!([40, 60, 80, 200].map(bar_width), [6, 16, 24, 24]);
        // "   Measuring [======] 12345/12345 …"
        assert!(12 + 2 + usize::from(bar_width(40)) + 2 + "12345/12345".len() < 40);
    }
}
