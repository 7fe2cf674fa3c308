//! The release since which too much has crept, compared with the candidate: built when a benchmark needs it, which few do.

use std::collections::BTreeMap;

use super::super::builder::Builder;
use super::super::catalogue::{Benchmark, benchmarks};
use super::super::creep::Watching;
use super::super::error::PipelineError;
use super::super::prepared::Prepared;
use super::super::request::CompareRequest;
use super::super::session::Session;
use super::super::sides::counting_allocations;
use super::super::workspace::Listing;
use super::benchmarks::Collector;
use crate::domain::{
    BenchmarkEvidence, BenchmarkName, CountKind, CreepEvidence, Event, Note, Presence, Revision, Side, Sides,
};
use crate::judge::creep_gate::{CreepStep, anchor_limits, anchor_rules, creep_step};
use crate::judge::{Rules, Step, next};
use crate::support::process::interrupted;

/// Compares candidates with a release.
pub(crate) struct Anchors<'a> {
    request: &'a CompareRequest,
    builders: &'a Sides<Builder<'a>>,
    candidate: (&'a Prepared, &'a Listing),
    anchor: Option<Revision>,
    /// Why the release cannot be measured.
    broken: Option<String>,
}

impl<'a> Anchors<'a> {
    /// Nothing is built yet.
    pub(crate) fn new(
        request: &'a CompareRequest,
        builders: &'a Sides<Builder<'a>>,
        candidate: (&'a Prepared, &'a Listing),
        watching: &Watching<'_>,
    ) -> Self {
        Self { request, builders, candidate, anchor: watching.anchor().cloned(), broken: None }
    }

    /// What a reader should know.
    pub(crate) fn note(&self) -> Option<Note> {
        let anchor = self.anchor.as_ref()?;
        Some(Note::AnchorBroken(anchor.label.clone(), self.broken.clone()?))
    }

    /// Compares the release with the candidate, by what is to be found out about each of these benchmarks.
    pub(crate) fn take(
        &mut self,
        session: &mut Session<'_>,
        rules: &Rules<'_>,
        most_tests: usize,
        taking: &mut [&mut Benchmark],
    ) -> Result<(), PipelineError> {
        let mut found = self.build(session)?;
        for benchmark in taking {
            let CreepStep::Anchor(metrics) = creep_step(&benchmark.evidence, rules) else { continue };
            let name = benchmark.evidence.name.clone();
            // What the release does not have is new since, and did not creep.
            let gone = || {
                let build = benchmark.evidence.presence.build().clone();
                let presence = Presence::Only(Side::Candidate, Box::new(build));
                let benches = Sides { baseline: None, candidate: benchmark.benches.candidate.clone() };
                Benchmark { evidence: BenchmarkEvidence::new(name.clone(), presence), benches }
            };
            let mut pair = found.remove(&name).unwrap_or_else(gone);
            let Some(creep) = &benchmark.evidence.creep else { continue };
            pair.evidence.limits = anchor_limits(creep).collect();
            self.compare(session, &anchor_rules(rules, &metrics), most_tests, &mut pair)?;
            let creep = benchmark.evidence.creep.get_or_insert_with(CreepEvidence::default);
            creep.anchor = Some(Box::new(pair.evidence));
        }
        Ok(())
    }

    /// The benchmarks that the release and the candidate have; none where the release does not build any more.
    fn build(
        &mut self,
        session: &mut Session<'_>,
    ) -> Result<BTreeMap<BenchmarkName, Benchmark>, PipelineError> {
        let Some(anchor) = &self.anchor else { return Ok(BTreeMap::new()) };
        let (candidate, listed) = self.candidate;
        let stage = format!("Comparing with {anchor}, since which too much crept");
        session.progress.event(Event::Task(&stage));
        let prepared = self.builders.baseline.prepare(Side::Baseline, anchor, Some(candidate));
        let listing = prepared.and_then(|prepared| Listing::ask(&prepared, session.runner, session.progress));
        match listing {
            Ok(listing) => {
                let both = Sides { baseline: &listing.benches[..], candidate: &listed.benches[..] };
                let all = benchmarks(&both).into_iter();
                Ok(all.map(|one| (one.evidence.name.clone(), one)).collect())
            }
            Err(error) if interrupted() => Err(error),
            Err(error) => {
                self.broken = Some(error.to_string());
                Ok(BTreeMap::new())
            }
        }
    }

    /// Takes every step of one comparison.
    fn compare(
        &self,
        session: &mut Session<'_>,
        rules: &Rules<'_>,
        most_tests: usize,
        pair: &mut Benchmark,
    ) -> Result<(), PipelineError> {
        let Some(anchor) = &self.anchor else { return Ok(()) };
        let revisions = Sides { baseline: anchor.clone(), candidate: self.candidate.0.revision.clone() };
        let counted = !CountKind::Allocations.metrics(rules.metrics).is_empty();
        let allocations = if counted {
            let timed = pair.benches.as_ref().map(|bench| bench.iter().collect());
            let pair = std::slice::from_ref(pair);
            counting_allocations(self.builders, self.request, &revisions, &timed, (pair, &[]))?
        } else {
            None
        };
        let mut collector = Collector::new(session, &revisions, &self.builders.candidate, allocations);
        while !interrupted() {
            let step = next(&pair.evidence, rules, most_tests);
            if step == Step::Done {
                break;
            }
            collector.take(step, rules, &mut [&mut *pair])?;
        }
        Ok(())
    }
}
