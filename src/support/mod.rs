//! What several stages need from the system: process groups, file locks, the current build folder.
