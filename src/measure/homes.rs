//! The source trees that benches run in, as the runners see them.

use std::io;
use std::path::Path;

/// Makes source trees current, and keeps them as they were.
pub trait Homes {
    /// Makes a tree the current one: before its executable starts, and whenever the turn goes to it.
    ///
    /// # Errors
    /// It cannot be made current.
    fn enter(&mut self, home: &Path) -> io::Result<()>;

    /// Removes what earlier launches left in a tree: before a launch, never while one runs in it.
    ///
    /// # Errors
    /// It cannot be put back to what it was.
    fn refresh(&mut self, home: &Path) -> io::Result<()>;
}

/// Trees that nothing is ever left in.
impl<F: FnMut(&Path) -> io::Result<()>> Homes for F {
    fn enter(&mut self, home: &Path) -> io::Result<()> {
        self(home)
    }

    fn refresh(&mut self, _: &Path) -> io::Result<()> {
        Ok(())
    }
}
