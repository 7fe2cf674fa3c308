//! Prints the layout facts of this target, one JSON object a line:
//! `{"type":"Option<&u8>","size":8,"align":8,"expected_size":8,"holds":true}`.

use std::io::{self, Write};

use perfguard_harness::layout::facts;

fn main() -> io::Result<()> {
    let mut stdout = io::stdout().lock();
    for fact in facts() {
        // The names are our own and hold nothing that JSON would escape; a test keeps it so.
        writeln!(
            stdout,
            r#"{{"type":"{}","size":{},"align":{},"expected_size":{},"holds":{}}}"#,
            fact.type_name,
            fact.size,
            fact.align,
            fact.expected_size,
            fact.holds()
        )?;
    }
    stdout.flush()
}
