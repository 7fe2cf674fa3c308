//! Tables of unwinding: which of their bytes lead to functions. x86-64.

use super::fields::{Field, From, Width};

/// Signed, four bytes, counted from itself; the first with a further step.
const ENCODINGS: [u8; 2] = [0x9b, 0x1b];

/// Finds the fields of a section `.eh_frame` that begins at `address`: where each function begins, and who unwinds it.
///
/// The form is that of the Linux Standard Base, "Exception Frames".
///
/// # Errors
/// What is not understood, as a fragment.
pub(super) fn fields(address: u64, bytes: &[u8]) -> Result<Vec<Field>, String> {
    let mut found = Vec::new();
    let mut at = 0;
    while let Some(length) = four(bytes, at).filter(|length| *length > 0) {
        let start = at + 4;
        let end = start.checked_add(length as usize).filter(|end| *end <= bytes.len());
        let end = end.ok_or("a frame that is longer than its section")?;
        let id = four(bytes, start).ok_or("a frame without a kind")?;
        let field = match bytes.get(start + 4..end) {
            Some(common) if id == 0 => personality(common)?,
            Some(_) => Some(0),
            None => return Err("a frame that is too short".to_owned()),
        };
        if let Some(within) = field {
            found.push(Field {
                address: address + (start + 4 + within) as u64,
                width: Width::Four,
                from: From::Itself,
                addend: 0,
                is_merged: false,
                empty: None,
            });
        }
        at = end;
    }
    Ok(found)
}

/// Where what is common to several functions names who unwinds them, if it does.
fn personality(bytes: &[u8]) -> Result<Option<usize>, String> {
    let strange = || "a frame of another kind".to_owned();
    let (&version, rest) = bytes.split_first().ok_or_else(strange)?;
    let letters = rest.split(|byte| *byte == 0).next().unwrap_or_default();
    let mut at = 1 + letters.len() + 1;
    // Two factors, the register that returns, and the length of what follows.
    for _ in 0..3 {
        at += number(bytes, at).ok_or_else(strange)?;
    }
    if version != 1 || letters.first() != Some(&b'z') {
        return Err(strange());
    }
    at += number(bytes, at).ok_or_else(strange)?;
    let mut found = None;
    for letter in &letters[1..] {
        let encoding = *bytes.get(at).ok_or_else(strange)?;
        match letter {
            b'P' if ENCODINGS.contains(&encoding) => {
                found = Some(at + 1);
                at += 5;
            }
            b'L' | b'R' if ENCODINGS.contains(&encoding) => at += 1,
            b'S' => {}
            _ => return Err(strange()),
        }
    }
    Ok(found)
}

/// How many bytes a number of any length takes.
fn number(bytes: &[u8], at: usize) -> Option<usize> {
    Some(bytes.get(at..)?.iter().position(|byte| byte & 0x80 == 0)? + 1)
}

fn four(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_le_bytes(bytes.get(at..at + 4)?.try_into().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is common: who unwinds is named at its sixteenth byte.
    const COMMON: &[u8] = &[
        0x1c, 0, 0, 0, 0, 0, 0, 0, 1, b'z', b'P', b'L', b'R', 0, 1, 0x78, 16, 7, 0x9b, 9, 9, 9, 9, 0x1b,
        0x1b, 0xc, 7, 8, 0x90, 1, 0, 0,
    ];
    /// A function: where it begins, how long it is, where its table is.
    const FUNCTION: &[u8] = &[0x14, 0, 0, 0, 0x24, 0, 0, 0, 8, 8, 8, 8, 7, 0, 0, 0, 4, 6, 6, 6, 6, 0, 0, 0];

    #[test]
    fn beginnings_and_who_unwinds_are_found() {
        let bytes = [COMMON, FUNCTION, FUNCTION, &[0; 4]].concat();
        let places: Vec<u64> = fields(0x1000, &bytes).unwrap().iter().map(|field| field.address).collect();
        assert_eq!(places, [0x1000 + 19, 0x1000 + 32 + 8, 0x1000 + 56 + 8]);
        for (place, byte) in [(19, 9), (40, 8), (64, 8)] {
            assert_eq!(bytes[place], byte);
        }
        assert!(fields(0, &[]).unwrap().is_empty());
    }

    #[test]
    fn what_is_not_understood_is_refused() {
        let other_version = [&COMMON[..8], &[4], &COMMON[9..]].concat();
        let other_encoding = [&COMMON[..18], &[0], &COMMON[19..]].concat();
        for bytes in [&COMMON[..20], &other_version, &other_encoding, &[9, 0, 0, 0][..]] {
            assert!(fields(0, bytes).is_err(), "{bytes:?}");
        }
    }
}
