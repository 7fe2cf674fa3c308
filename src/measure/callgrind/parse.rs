//! A file's text, line by line.

use std::collections::{BTreeMap, HashMap};
use std::rc::Rc;

use super::CallgrindError;
use super::dump::{Calls, Dump, Function, INSTRUCTIONS, UNKNOWN};
use crate::support::demangle::demangled;

/// How many events and positions are read at most: every line is held against all of them.
const MOST_COLUMNS: usize = 64;

/// How much of a line that is not understood is shown.
const SHOWN: usize = 80;

/// Reads what Callgrind wrote to one file. Several parts in one file are added up.
///
/// # Errors
/// A file that is cut short, disagrees with its own totals, has lines that are not as specified, or counts no
/// instructions.
pub fn parse(text: &str) -> Result<Dump, CallgrindError> {
    let mut reader = Reader::new();
    for (at, line) in text.lines().enumerate() {
        reader.line(line).map_err(|wrong| match wrong {
            Wrong::Line => CallgrindError::Line { number: at + 1, line: line.chars().take(SHOWN).collect() },
            Wrong::Other(error) => error,
        })?;
    }
    // The last line must be whole: a number may have been cut.
    if !text.ends_with('\n') || !reader.complete {
        return Err(CallgrindError::Truncated);
    }
    Ok(reader.dump)
}

/// What is wrong with a line.
enum Wrong {
    Line,
    Other(CallgrindError),
}

/// Names that were given numbers: `(7) name` the first time, `(7)` from then on.
#[derive(Debug, Default)]
struct Names(HashMap<u64, Rc<str>>);

impl Names {
    fn resolve(&mut self, text: &str, make: impl Fn(&str) -> Rc<str>) -> Option<Rc<str>> {
        let Some(rest) = text.strip_prefix('(') else { return Some(make(text)) };
        // A name without a number may begin with a bracket as well.
        let Some((number, name)) =
            rest.split_once(')').and_then(|(number, name)| Some((number.parse::<u64>().ok()?, name)))
        else {
            return Some(make(text));
        };
        let name = name.trim_start();
        if name.is_empty() {
            return self.0.get(&number).cloned();
        }
        let name = make(name);
        self.0.insert(number, Rc::clone(&name));
        Some(name)
    }
}

/// What is known up to a line.
struct Reader {
    dump: Dump,
    objects: Names,
    files: Names,
    names: Names,
    /// How many columns come before the costs: `positions: instr line` has two.
    positions: usize,
    /// Which of them is the line.
    line_column: Option<usize>,
    /// Which of them is the address.
    address_column: Option<usize>,
    /// The last position, column by column.
    last: Vec<u64>,
    events: Vec<String>,
    object: Rc<str>,
    file: Rc<str>,
    function: Option<Function>,
    callee_object: Option<Rc<str>>,
    callee_file: Option<Rc<str>>,
    callee: Option<Rc<str>>,
    /// The number of calls that the next line tells the cost of.
    calls: Option<u64>,
    /// What the lines of this part add up to.
    sums: Vec<u64>,
    /// Whether the part ended with its totals.
    complete: bool,
}

impl Reader {
    fn new() -> Self {
        let unknown: Rc<str> = UNKNOWN.into();
        Self {
            dump: Dump::default(),
            objects: Names::default(),
            files: Names::default(),
            names: Names::default(),
            positions: 1,
            line_column: Some(0),
            address_column: None,
            last: vec![0],
            events: Vec::new(),
            object: Rc::clone(&unknown),
            file: unknown,
            function: None,
            callee_object: None,
            callee_file: None,
            callee: None,
            calls: None,
            sums: Vec::new(),
            complete: false,
        }
    }

    fn line(&mut self, line: &str) -> Result<(), Wrong> {
        let line = line.trim();
        if line.is_empty() || line.starts_with('#') {
            return Ok(());
        }
        if line.starts_with(|c: char| c.is_ascii_digit() || matches!(c, '+' | '-' | '*')) {
            return self.costs(line).ok_or(Wrong::Line);
        }
        // Names may hold both characters: whichever comes first belongs to the key.
        let end = line.find([':', '=']).ok_or(Wrong::Line)?;
        let (key, value) = (&line[..end], line[end + 1..].trim_start());
        if line[end..].starts_with('=') {
            self.specification(key, value).ok_or(Wrong::Line)
        } else {
            self.header(key, value)
        }
    }

    fn header(&mut self, key: &str, value: &str) -> Result<(), Wrong> {
        match key {
            "events" => {
                self.events = value.split_whitespace().map(str::to_owned).collect();
                if self.events.len() > MOST_COLUMNS {
                    return Err(Wrong::Line);
                }
                self.sums = vec![0; self.events.len()];
                self.complete = false;
                if !self.events.iter().any(|event| event == INSTRUCTIONS) {
                    return Err(Wrong::Other(CallgrindError::NoInstructions));
                }
            }
            "positions" => {
                let columns: Vec<&str> = value.split_whitespace().collect();
                if columns.len() > MOST_COLUMNS {
                    return Err(Wrong::Line);
                }
                self.positions = columns.len();
                self.line_column = columns.iter().position(|column| *column == "line");
                self.address_column = columns.iter().position(|column| *column == "instr");
                self.last = vec![0; columns.len()];
            }
            "part" if !self.events.is_empty() && !self.complete => {
                return Err(Wrong::Other(CallgrindError::Truncated));
            }
            "totals" => return self.totals(value),
            // `summary:` is 0 where counting began in the middle of a run; the totals are always right.
            _ => {}
        }
        Ok(())
    }

    /// Holds a part's sums against what it says they are.
    fn totals(&mut self, value: &str) -> Result<(), Wrong> {
        let mut totals = value.split_whitespace();
        for (event, sum) in self.events.iter().zip(&mut self.sums) {
            let total = totals.next().map_or(Ok(0), str::parse).map_err(|_| Wrong::Line)?;
            if *sum != total {
                let (event, sum) = (event.clone(), *sum);
                return Err(Wrong::Other(CallgrindError::Disagrees { event, sum, total }));
            }
            let known = self.dump.events.entry(event.clone()).or_default();
            *known = known.checked_add(total).ok_or(Wrong::Line)?;
            *sum = 0;
        }
        self.complete = !self.events.is_empty();
        self.function = None;
        Ok(())
    }

    /// A line `key=value`. `None` when it is not as specified.
    fn specification(&mut self, key: &str, value: &str) -> Option<()> {
        match key {
            "ob" => self.object = self.objects.resolve(value, verbatim)?,
            "fl" | "fi" | "fe" => self.file = self.files.resolve(value, verbatim)?,
            "fn" => {
                let name = self.names.resolve(value, readable)?;
                let (object, file) = (Rc::clone(&self.object), Rc::clone(&self.file));
                self.function = Some(Function { name, object, file });
            }
            "cob" => self.callee_object = Some(self.objects.resolve(value, verbatim)?),
            "cfl" | "cfi" => self.callee_file = Some(self.files.resolve(value, verbatim)?),
            "cfn" => self.callee = Some(self.names.resolve(value, readable)?),
            "calls" => self.calls = Some(value.split_whitespace().next()?.parse().ok()?),
            // Jumps: the line that follows holds a position without costs.
            "jump" | "jcnd" => {}
            _ => return None,
        }
        Some(())
    }

    /// A line of positions and costs.
    fn costs(&mut self, line: &str) -> Option<()> {
        let mut words = line.split_whitespace();
        for last in &mut self.last {
            *last = position(words.next()?, *last)?;
        }
        let costs: Vec<u64> = words.map(|word| word.parse().ok()).collect::<Option<_>>()?;
        if costs.len() > self.events.len() || self.last.len() != self.positions {
            return None;
        }
        let instructions = self.events.iter().position(|event| event == INSTRUCTIONS)?;
        let instructions = costs.get(instructions).copied().unwrap_or(0);
        let function = self.function.clone()?;
        if let Some(count) = self.calls.take() {
            let callee = Function {
                name: self.callee.take()?,
                object: self.callee_object.take().unwrap_or_else(|| Rc::clone(&self.object)),
                file: self.callee_file.take().unwrap_or_else(|| Rc::clone(&self.file)),
            };
            let Calls { count: known, inclusive } = self.dump.calls.entry((function, callee)).or_default();
            *known = known.saturating_add(count);
            *inclusive = inclusive.saturating_add(instructions);
            return Some(());
        }
        for (sum, cost) in self.sums.iter_mut().zip(&costs) {
            *sum = sum.checked_add(*cost)?;
        }
        if instructions > 0 {
            if let Some(column) = self.address_column {
                let instruction = (Rc::clone(&function.object), self.last[column], Rc::clone(&function.name));
                *self.dump.executed.entry(instruction).or_default() += instructions;
            }
            let line = self.line_column.map_or(0, |column| self.last[column]);
            let place = (Rc::clone(&self.file), u32::try_from(line).unwrap_or(0));
            let lines: &mut BTreeMap<_, u64> = self.dump.functions.entry(function).or_default();
            let known = lines.entry(place).or_default();
            *known = known.checked_add(instructions)?;
        }
        Some(())
    }
}

/// A position that may be told by its distance from the last one.
fn position(word: &str, last: u64) -> Option<u64> {
    match word.as_bytes().first()? {
        b'*' if word.len() == 1 => Some(last),
        b'+' => last.checked_add(number(&word[1..])?),
        b'-' => last.checked_sub(number(&word[1..])?),
        _ => number(word),
    }
}

/// A number, decimal or hexadecimal.
fn number(text: &str) -> Option<u64> {
    match text.strip_prefix("0x") {
        Some(digits) => u64::from_str_radix(digits, 16).ok(),
        None => text.parse().ok(),
    }
}

/// A file or an object.
fn verbatim(name: &str) -> Rc<str> {
    name.into()
}

/// A function's name without the mark of a recursion's level (`'2`), demangled, without its hash.
fn readable(name: &str) -> Rc<str> {
    let plain = match name.rsplit_once('\'') {
        Some((plain, level)) if !level.is_empty() && level.bytes().all(|byte| byte.is_ascii_digit()) => plain,
        _ => name,
    };
    demangled(plain).into()
}
