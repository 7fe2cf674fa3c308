//! Launches of executables, in turns and in pairs, and what they report; facts about the machine.

#[cfg(unix)]
pub mod turns;
