//! What a bench said in one launch, and what is to be answered: a state machine without any I/O.

use super::wire::{Message, Request};
use crate::domain::Throughput;

/// One measured benchmark, as reported.
#[derive(Debug, Clone, PartialEq)]
pub struct Reported {
    /// Criterion's id.
    pub id: String,
    /// Iterations of each sample.
    pub iterations: Vec<f64>,
    /// What each sample cost in all.
    pub totals: Vec<f64>,
    /// The unit of the totals: `ns`, unless the bench measures something other than time.
    pub unit: String,
}

/// Everything a bench has said so far.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Transcript {
    /// Ids of the benchmarks that the filter left out, in order, and what one iteration of each works on.
    pub skipped: Vec<(String, Vec<Throughput>)>,
    /// Ids of the benchmarks that were begun, in order.
    pub begun: Vec<String>,
    /// Benchmarks that were measured, in order.
    pub reported: Vec<Reported>,
    /// The last measured benchmark, until its unit is known.
    pending: Option<(String, Vec<f64>, Vec<f64>)>,
}

impl Transcript {
    /// Takes note of a message; gives what the bench now waits for, if it waits.
    pub fn hear(&mut self, message: Message) -> Option<Request> {
        match message {
            Message::Skipping { id, throughput } => self.skipped.push((id, throughput)),
            Message::Beginning(id) => self.begun.push(id),
            Message::Complete { id, iterations, totals } => {
                self.pending = Some((id, iterations, totals));
                return Some(Request::Unit);
            }
            Message::Unit(unit) => {
                if let Some((id, iterations, totals)) = self.pending.take() {
                    self.reported.push(Reported { id, iterations, totals, unit });
                }
                return Some(Request::Continue);
            }
            Message::GroupFinished => return Some(Request::Continue),
            Message::Sampling { .. } | Message::Other => {}
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_measurement_is_complete_once_its_unit_is_known() {
        let mut transcript = Transcript::default();
        assert_eq!(transcript.hear(Message::Skipping { id: "a".into(), throughput: Vec::new() }), None);
        assert_eq!(transcript.hear(Message::Beginning("b".into())), None);
        let complete = Message::Complete { id: "b".into(), iterations: vec![1.0], totals: vec![2.0] };
        assert_eq!(transcript.hear(complete), Some(Request::Unit));
        assert!(transcript.reported.is_empty());
        assert_eq!(transcript.hear(Message::Unit("ns".into())), Some(Request::Continue));
        assert_eq!(transcript.hear(Message::GroupFinished), Some(Request::Continue));
        assert_eq!(
            (transcript.skipped, transcript.begun),
            (vec![("a".into(), Vec::new())], vec!["b".into()])
        );
        let unit = "ns".into();
        let reported = Reported { id: "b".into(), iterations: vec![1.0], totals: vec![2.0], unit };
        assert_eq!(transcript.reported, [reported]);
    }

    #[test]
    fn a_unit_that_nobody_asked_for_is_harmless() {
        let mut transcript = Transcript::default();
        assert_eq!(transcript.hear(Message::Unit("ns".into())), Some(Request::Continue));
        assert_eq!(transcript, Transcript::default());
    }
}
