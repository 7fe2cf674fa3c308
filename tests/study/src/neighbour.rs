//! A noisy neighbour: a process of its own that writes through more memory than caches hold, in bursts.

use std::hint::black_box;
use std::process::{Child, Command};
use std::time::{Duration, Instant};

use crate::StudyError;

/// The argument by which this very program becomes a neighbour.
pub const ARGUMENT: &str = "--neighbour";

/// How much memory it goes through.
const BYTES: usize = 64 << 20;

/// A neighbour that is at work until this is dropped.
#[derive(Debug)]
pub struct Neighbour(Child);

impl Neighbour {
    /// Starts `program` (this one) as a neighbour.
    ///
    /// # Errors
    /// It cannot be started.
    pub fn start(program: &std::path::Path) -> Result<Self, StudyError> {
        let started = Command::new(program).arg(ARGUMENT).arg(std::process::id().to_string()).spawn();
        started.map(Self).map_err(|error| StudyError::Start { program: program.display().to_string(), error })
    }
}

impl Drop for Neighbour {
    fn drop(&mut self) {
        // It has nothing to lose.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Is the neighbour: bursts of a tenth to two seconds, with pauses as long, until the process `parent` is gone.
pub fn be(parent: Option<u32>) {
    let mut memory = vec![0_u64; BYTES / 8];
    let mut state = 88_172_645_463_325_252_u64;
    let gone = || {
        parent.is_some_and(|pid| {
            cfg!(target_os = "linux") && !std::path::Path::new(&format!("/proc/{pid}")).exists()
        })
    };
    while !gone() {
        let mut length = || {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            Duration::from_millis(100 + state % 1900)
        };
        let (burst, pause) = (length(), length());
        let start = Instant::now();
        while start.elapsed() < burst {
            for place in memory.iter_mut().step_by(8) {
                *place = place.wrapping_mul(31).wrapping_add(1);
            }
            black_box(&memory);
        }
        std::thread::sleep(pause);
    }
}
