//! Texts that others wrote, made harmless: no character of a name, a path, a revision or a message commands a terminal,
//! reorders or hides its neighbours, ends a line where none ends, or speaks to a CI system.
//!
//! The one place that knows which characters do. What is harmful is written out (`\u{202e}`) and never left out, so that
//! two names stay two names. Every exit uses it: the console for all it prints, reports for each field, by what their
//! format can hold.

use std::fmt::Write as _;

/// How a command to GitHub's or Azure's runners begins, anywhere in a line.
const CI_COMMANDS: [&str; 2] = ["##[", "##vso["];

/// Whether a character does something other than to be read: control characters, marks that reorder or are invisible,
/// and code points that are no characters (XML forbids two of them).
pub fn is_harmful(character: char) -> bool {
    character.is_control()
        || matches!(character,
            // Soft hyphen, Arabic letter mark, Hangul fillers, Khmer inherent vowels, Mongolian vowel separator.
            '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}' | '\u{180e}'
            | '\u{3164}' | '\u{ffa0}'
            // Zero-width and bidirectional marks, line and paragraph separators, embeddings, isolates.
            | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}'
            | '\u{feff}' | '\u{fff9}'..='\u{fffb}'
            // Musical controls, tags, variation selectors that hide data.
            | '\u{1d173}'..='\u{1d17a}' | '\u{e0000}'..='\u{e0fff}'
            | '\u{fdd0}'..='\u{fdef}')
        // The last two of every plane are no characters.
        || u32::from(character) & 0xfffe == 0xfffe
}

/// A text on one line: every harmful character written out, line breaks too.
pub fn line(text: &str) -> String {
    let mut harmless = String::with_capacity(text.len());
    for character in text.chars() {
        push(&mut harmless, character);
    }
    silence(&mut harmless, 0);
    harmless
}

/// A text of several lines: line breaks and tabs stay, everything else that is harmful is written out.
pub fn text(text: &str) -> String {
    lines(text, false)
}

/// A text of several lines whose colours stay, and nothing else that commands a terminal.
pub fn colored(text: &str) -> String {
    lines(text, true)
}

/// JSON text: what is harmful in its strings is escaped as JSON escapes it, so that a reader gets it back.
pub fn json(text: &str) -> String {
    let mut harmless = String::with_capacity(text.len());
    for character in text.chars() {
        if is_harmful(character) && character != '\n' {
            for unit in character.encode_utf16(&mut [0; 2]) {
                // Writing to a String cannot fail.
                let _ = write!(harmless, "\\u{unit:04x}");
            }
        } else {
            harmless.push(character);
        }
    }
    unsaid(&harmless)
}

/// A TOML string on one line, in quotes, which a reader gets back as it was.
pub fn toml(text: &str) -> String {
    let mut quoted = String::with_capacity(text.len() + 2);
    quoted.push('"');
    for character in text.chars() {
        match character {
            '"' | '\\' => quoted.extend(['\\', character]),
            _ if is_harmful(character) => {
                let _ = match u32::from(character) {
                    short @ 0..=0xffff => write!(quoted, "\\u{short:04X}"),
                    long => write!(quoted, "\\U{long:08X}"),
                };
            }
            _ => quoted.push(character),
        }
    }
    quoted.push('"');
    unsaid(&quoted)
}

/// What JSON and TOML hold without being a command to a CI system, for a reader the same.
fn unsaid(text: &str) -> String {
    CI_COMMANDS.iter().fold(text.to_owned(), |text, command| {
        if text.contains(command) {
            text.replace(command, &format!("\\u0023{}", &command[1..]))
        } else {
            text
        }
    })
}

/// A word for a shell, quoted where it holds anything but plain characters. The shell gets it as it was.
pub fn shell_word(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "_-./:,=+@%".contains(c);
    if word.chars().any(is_harmful) || CI_COMMANDS.iter().any(|command| word.contains(command)) {
        return escaped_word(word);
    }
    // A shell may look behind an equals sign for a program.
    if !word.is_empty() && !word.starts_with('=') && word.chars().all(plain) {
        word.to_owned()
    } else {
        format!("'{}'", word.replace('\'', r"'\''"))
    }
}

/// `$'…'`, which bash, zsh, ksh and POSIX.1-2024 know: nothing else can hold a control character that is not seen.
fn escaped_word(word: &str) -> String {
    let mut quoted = String::from("$'");
    for character in word.chars() {
        if is_harmful(character) || character == '#' {
            for byte in character.encode_utf8(&mut [0; 4]).bytes() {
                let _ = write!(quoted, "\\{byte:03o}");
            }
        } else {
            if matches!(character, '\'' | '\\') {
                quoted.push('\\');
            }
            quoted.push(character);
        }
    }
    quoted.push('\'');
    quoted
}

fn push(harmless: &mut String, character: char) {
    if is_harmful(character) {
        let _ = write!(harmless, "{}", character.escape_default());
    } else {
        harmless.push(character);
    }
}

fn lines(text: &str, colors: bool) -> String {
    let mut harmless = String::with_capacity(text.len());
    for line in text.split_inclusive('\n') {
        let (content, end) = match line.strip_suffix("\r\n") {
            Some(content) => (content, "\r\n"),
            None => line.strip_suffix('\n').map_or((line, ""), |content| (content, "\n")),
        };
        let start = harmless.len();
        one_line(&mut harmless, content, colors);
        silence(&mut harmless, start);
        harmless.push_str(end);
    }
    harmless
}

fn one_line(harmless: &mut String, content: &str, colors: bool) {
    let mut rest = content;
    while let Some(character) = rest.chars().next() {
        if colors && let Some(color) = color(rest) {
            harmless.push_str(&rest[..color]);
            rest = &rest[color..];
            continue;
        }
        if character == '\t' {
            harmless.push('\t');
        } else {
            push(harmless, character);
        }
        rest = &rest[character.len_utf8()..];
    }
}

/// How long the sequence at the beginning of a text is that changes colours: `ESC [ … m`.
fn color(text: &str) -> Option<usize> {
    let numbers = text.strip_prefix("\u{1b}[")?;
    let end = numbers.find(|c: char| !(c.is_ascii_digit() || c == ';'))?;
    numbers[end..].starts_with('m').then_some(end + 3)
}

/// Keeps the line that begins at `start` from being a command to a CI system: GitHub's `::command::`, behind blanks too, and
/// `##[command]` of GitHub's and Azure's, anywhere.
fn silence(harmless: &mut String, start: usize) {
    let line = &harmless[start..];
    let content = line.trim_start();
    if content.starts_with("::") {
        let at = start + line.len() - content.len();
        harmless.replace_range(at..=at, "\\u{3a}");
    }
    for command in CI_COMMANDS {
        while let Some(at) = harmless[start..].find(command) {
            harmless.replace_range(start + at..=start + at, "\\u{23}");
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn harmful_characters_are_written_out() {
        assert_eq!(line("a\u{1b}[31mb\nc\u{202e}d"), "a\\u{1b}[31mb\\nc\\u{202e}d");
        assert_eq!(line("a\u{200b}b\u{feff}\u{e0041}\u{fffe}"), "a\\u{200b}b\\u{feff}\\u{e0041}\\u{fffe}");
        assert_eq!(line("crab 🦀 ü — ✅"), "crab 🦀 ü — ✅");
        assert_eq!(text("a\tb\r\nc\rd\n"), "a\tb\r\nc\\rd\n");
    }

    #[test]
    fn only_colours_command_a_terminal() {
        assert_eq!(colored("\u{1b}[1;31mred\u{1b}[0m"), "\u{1b}[1;31mred\u{1b}[0m");
        assert_eq!(colored("\u{1b}[2J\u{1b}]0;title\u{7}"), "\\u{1b}[2J\\u{1b}]0;title\\u{7}");
        assert_eq!(text("\u{1b}[1mx"), "\\u{1b}[1mx");
    }

    #[test]
    fn no_line_is_a_command_to_a_ci_system() {
        assert_eq!(text("a\n  ::stop-commands::x\n"), "a\n  \\u{3a}:stop-commands::x\n");
        assert_eq!(text("x ##[error]y ##vso[task]"), "x \\u{23}#[error]y \\u{23}#vso[task]");
        assert_eq!(text("pkg::bench::id"), "pkg::bench::id");
    }

    #[test]
    fn words_survive_a_shell() {
        assert_eq!(shell_word("pkg::bench::a/b"), "pkg::bench::a/b");
        assert_eq!(shell_word("it's a|b"), r"'it'\''s a|b'");
        assert_eq!(shell_word(""), "''");
        assert_eq!(shell_word("=x"), "'=x'");
        assert_eq!(shell_word("a'\\\u{1b}\u{202e}"), r"$'a\'\\\033\342\200\256'");
    }

    #[cfg(unix)]
    #[test]
    fn bash_reads_a_word_back() {
        for word in ["a\u{1b}[2J'\\\n\u{202e}1", "$(touch x) `y` \"z\" 'q'", "\u{7f}8", "-n"] {
            let script = format!("printf %s {}", shell_word(word));
            let Ok(said) = std::process::Command::new("bash").args(["-c", &script]).output() else { return };
            assert_eq!(String::from_utf8_lossy(&said.stdout), word);
        }
    }

    proptest! {
        #[test]
        fn nothing_harmful_is_left_and_nothing_is_done_twice(given in any::<String>()) {
            let once = line(&given);
            prop_assert!(!once.chars().any(is_harmful));
            prop_assert_eq!(line(&once), once);
            let several = colored(&given);
            prop_assert_eq!(colored(&several), several);
        }

        #[test]
        fn readers_get_the_text_back(given in any::<String>()) {
            let written = json(&serde_json::to_string(&given).unwrap());
            prop_assert!(!written.chars().any(is_harmful));
            prop_assert_eq!(serde_json::from_str::<String>(&written).unwrap(), given.clone());
            let written = toml(&given);
            prop_assert!(!written.chars().any(is_harmful));
            let table: toml::Table = format!("x = {written}").parse().unwrap();
            prop_assert_eq!(table["x"].as_str().unwrap(), given);
        }
    }
}
