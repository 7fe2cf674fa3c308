//! Pure statistics: nothing here knows what a benchmark is, and nothing does I/O.
