//! What a linker says of where it put each part of each object: LLD's map. Pure.

use super::gaps::{self, Gap};

/// What a linker made by itself.
const INTERNAL: &str = "<internal>";

/// A section of an executable, with the parts of objects in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Output {
    pub(super) name: String,
    pub(super) address: u64,
    pub(super) size: u64,
    /// In the order of their addresses.
    pub(super) inputs: Vec<Input>,
}

/// A section of an object, as it lies in an executable.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Input {
    /// The object: `path`, or `path(member)`. What the linker made itself is `<internal>`.
    pub(super) file: String,
    pub(super) section: String,
    pub(super) address: u64,
    pub(super) size: u64,
    pub(super) alignment: u64,
}

/// Which part it is: its section's number in the map, and its own number there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct PartId {
    pub(super) output: usize,
    pub(super) part: usize,
}

impl Input {
    /// The gap that it is, with its number.
    pub(super) fn gap(&self) -> Option<(usize, Gap)> {
        let number = gaps::number(self.section.strip_prefix(".text.")?)?;
        Some((number, Gap { size: self.size, alignment: self.alignment }))
    }

    /// Whether it is of an object that is still there.
    pub(super) fn is_of_object(&self) -> bool {
        self.file != INTERNAL && self.gap().is_none()
    }
}

/// Reads a map. `None` for what is none, or has a line that nobody here knows.
pub(super) fn parse(text: &str) -> Option<Vec<Output>> {
    let mut lines = text.lines();
    let head: Vec<&str> = lines.next()?.split_whitespace().collect();
    if head != ["VMA", "LMA", "Size", "Align", "Out", "In", "Symbol"] {
        return None;
    }
    let mut outputs: Vec<Output> = Vec::new();
    for line in lines {
        let Line { address, size, alignment, depth, text } = line_of(line)?;
        match depth {
            0 => outputs.push(Output { name: text.to_owned(), address, size, inputs: Vec::new() }),
            1 => {
                // A path may hold anything; no section's name holds `:(`.
                let (file, section) = text.strip_suffix(')')?.rsplit_once(":(")?;
                let (file, section) = (file.to_owned(), section.to_owned());
                outputs.last_mut()?.inputs.push(Input { file, section, address, size, alignment });
            }
            // Symbols.
            _ => {}
        }
    }
    Some(outputs)
}

struct Line<'a> {
    address: u64,
    size: u64,
    alignment: u64,
    /// How far the text is indented: 0 for a section, 1 for a part of an object, 2 for a symbol.
    depth: usize,
    text: &'a str,
}

fn line_of(line: &str) -> Option<Line<'_>> {
    let (address, rest) = word(line)?;
    let (_, rest) = word(rest)?;
    let (size, rest) = word(rest)?;
    let (alignment, rest) = word(rest)?;
    let text = rest.strip_prefix(' ')?;
    let indent = text.len() - text.trim_start_matches(' ').len();
    Some(Line {
        address: u64::from_str_radix(address, 16).ok()?,
        size: u64::from_str_radix(size, 16).ok()?,
        alignment: alignment.parse().ok()?,
        depth: indent / 8,
        text: &text[indent..],
    })
}

/// The first word, and what follows it.
fn word(text: &str) -> Option<(&str, &str)> {
    let text = text.trim_start_matches(' ');
    let end = text.find(' ')?;
    Some(text.split_at(end))
}

#[cfg(test)]
mod tests {
    use super::*;

    const MAP: &str = "             VMA              LMA     Size Align Out     In      Symbol
             2e0              2e0       1c     1 .interp
             2e0              2e0       1c     1         <internal>:(.interp)
            1640             1640      173    16 .text
            1640             1640       26    16         /a b/x:(y).o:(.text.f)
            1640             1640        0     1                 f
            1670             1670      143    64         /l/liba.rlib(m.o):(.text.g)
               0                0      ba0     8 .symtab
";

    #[test]
    fn sections_and_their_parts_are_read() {
        let outputs = parse(MAP).unwrap();
        let names: Vec<_> =
            outputs.iter().map(|output| (output.name.as_str(), output.inputs.len())).collect();
        assert_eq!(names, [(".interp", 1), (".text", 2), (".symtab", 0)]);
        assert_eq!((outputs[1].address, outputs[1].size), (0x1640, 0x173));
        let input = |file: &str, section: &str, address, size, alignment| Input {
            file: file.to_owned(),
            section: section.to_owned(),
            address,
            size,
            alignment,
        };
        assert_eq!(outputs[1].inputs[0], input("/a b/x:(y).o", ".text.f", 0x1640, 0x26, 16));
        assert_eq!(outputs[1].inputs[1], input("/l/liba.rlib(m.o)", ".text.g", 0x1670, 0x143, 64));
        assert_eq!(outputs[0].inputs[0].file, "<internal>");
    }

    #[test]
    fn what_is_no_map_is_none() {
        for text in
            ["", "text", "VMA LMA Size Align Out In Symbol\nx", &MAP.replace("1c     1 .int", "1c .int")]
        {
            assert_eq!(parse(text), None, "{text}");
        }
    }
}
