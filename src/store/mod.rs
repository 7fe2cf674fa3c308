//! Measurements kept in one `SQLite` file; the only user of rusqlite.
