//! `sync`: what was measured here goes to a place, and what others left there comes here.

use super::error::PipelineError;
use super::request::Project;
use super::workspace::Workspace;
use crate::domain::{Pair, Progress, RunUid};
use crate::exchange::{Exchange, Oddity, Put, text};
use crate::judge::observe;
use crate::store::{RawSamples, Received, Store};
use crate::support::process::interrupted;

/// How many runs are turned into text at once.
const BATCH: usize = 200;

/// What sending came to.
#[derive(Debug, Default)]
pub struct Sent {
    /// How many runs are there now that this store had not sent.
    pub runs: usize,
    /// What did not go as it should.
    pub odd: Vec<Oddity>,
}

/// What receiving came to.
#[derive(Debug, Default)]
pub struct Pulled {
    /// How many runs were unknown, and are stored now.
    pub runs: usize,
    /// How many measurements they have.
    pub measurements: usize,
    /// How many runs are there in all.
    pub there: usize,
    /// What is not taken.
    pub odd: Vec<Oddity>,
}

/// Sends every run that was measured here and is not there. It waits for a run of this workspace that goes on, for half a
/// run is never sent. What is sent is noted batch by batch: after a kill, the rest is
/// sent, and what was sent unnoted is found to be there already.
///
/// # Errors
/// The store cannot be read, or the place not be written; everything is still in the store.
pub fn push(
    project: &Project,
    progress: &dyn Progress,
    store: &mut Store,
    exchange: &mut dyn Exchange,
    samples: RawSamples,
) -> Result<Sent, PipelineError> {
    let mut workspace = Workspace::find(project, progress)?;
    workspace.lock()?;
    let key = exchange.key().to_owned();
    let mut sent = Sent::default();
    let wanted = store.runs_to_send(&key)?;
    for batch in wanted.chunks(BATCH) {
        let mut texts = Vec::with_capacity(batch.len());
        for uid in batch {
            if interrupted() {
                let done = sent.runs + sent.odd.len();
                return Err(PipelineError::ExchangeInterrupted { done, all: wanted.len(), way: "were sent" });
            }
            let run = store.shared_run(*uid, samples, log_ratio)?;
            let mut written = text::write(&run);
            // Nobody reads more, and a machine without them builds its baselines.
            if written.len() as u64 > text::LARGEST {
                written = text::write(&run.without_links());
            }
            texts.push((*uid, written.into_bytes()));
        }
        let puts = exchange.put(&texts)?;
        let mut noted: Vec<(RunUid, String)> = Vec::with_capacity(batch.len());
        for (uid, (put, content)) in batch.iter().zip(puts) {
            match put {
                Put::There => sent.runs += 1,
                Put::Occupied => sent.odd.push(Oddity::Occupied(*uid)),
            }
            noted.push((*uid, content));
        }
        store.note_sent(&key, &noted)?;
    }
    Ok(sent)
}

/// Stores every run that is there and unknown here, each by itself: what a kill leaves is a smaller whole.
///
/// # Errors
/// The place cannot be read, or the store not be written; a signal. What is odd there is no error.
pub fn pull(store: &mut Store, exchange: &mut dyn Exchange) -> Result<Pulled, PipelineError> {
    let key = exchange.key().to_owned();
    let known = store.exchanged(&key)?;
    let listing = exchange.list()?;
    let mut pulled = Pulled { there: listing.items.len(), odd: listing.odd, ..Pulled::default() };
    for (done, item) in listing.items.into_iter().enumerate() {
        if interrupted() {
            return Err(PipelineError::ExchangeInterrupted {
                done,
                all: pulled.there,
                way: "were looked at",
            });
        }
        if known.get(&item.uid) == Some(&item.content) {
            continue;
        }
        let run = exchange.get(&item)?.and_then(|bytes| {
            text::read(&bytes, item.uid).map_err(|why| Oddity::Unreadable { uid: item.uid, why })
        });
        let run = match run {
            Ok(run) => run,
            Err(odd) => {
                pulled.odd.push(odd);
                continue;
            }
        };
        match store.receive(&run, &key, &item.content)? {
            Received::New => {
                pulled.runs += 1;
                pulled.measurements += run.measurements.len();
            }
            Received::Pruned => {}
            Received::Known => {
                // Whether samples and links went along is up to the sender.
                let own = store.shared_run(item.uid, RawSamples::Left, log_ratio)?;
                if own.summary() != run.summary() {
                    pulled.odd.push(Oddity::Differs(item.uid));
                }
            }
        }
    }
    Ok(pulled)
}

/// What a pair comes to.
fn log_ratio(pair: &Pair) -> Option<f64> {
    observe(pair).ok().map(|found| found.ratio.value)
}
