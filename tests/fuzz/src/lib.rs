//! What all targets have in common: they are readers of `perfguard::cli::fuzzing`, by name.

pub use libfuzzer_sys;
pub use perfguard::cli::fuzzing::READERS;

/// Makes the target that feeds the reader of this name.
#[macro_export]
macro_rules! target {
    ($name:literal) => {
        $crate::libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
            let reader = $crate::READERS.iter().find(|reader| reader.name == $name).expect("a reader's name");
            (reader.read)(bytes);
        });
    };
}
