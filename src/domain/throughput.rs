//! How much a benchmark works on, where its bench declares it: what turns a time into a rate.

use serde::{Deserialize, Serialize};

use super::side::{Side, Sides};

/// What is counted of the work.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum WorkUnit {
    /// Elements: rows, lines, requests.
    Elements,
    /// Bytes, shown in steps of 1024.
    Bytes,
    /// Bytes, shown in steps of 1000.
    BytesDecimal,
    /// Bits.
    Bits,
}

/// What one iteration works on, as its bench declares it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Throughput {
    /// What is counted.
    pub unit: WorkUnit,
    /// How many of it one iteration works on.
    pub amount: u64,
}

/// What one iteration works on on both sides, in one unit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Work {
    /// What is counted.
    pub unit: WorkUnit,
    /// How many of it, where a side declares it.
    pub amounts: Sides<Option<u64>>,
}

impl Work {
    /// How much of it a side gets through in a second, if one of its iterations takes so many nanoseconds.
    pub fn rate(&self, side: Side, nanoseconds: Option<f64>) -> Option<f64> {
        let amount = (*self.amounts.get(side))? as f64;
        let rate = amount / (nanoseconds? * 1e-9);
        rate.is_finite().then_some(rate)
    }

    /// What both sides declare, unit by unit in the order in which they are declared.
    pub fn of(declared: &Sides<Vec<Throughput>>) -> Vec<Self> {
        let mut all: Vec<Self> = Vec::new();
        for side in [Side::Candidate, Side::Baseline] {
            for &Throughput { unit, amount } in declared.get(side) {
                let at = all.iter().position(|work| work.unit == unit).unwrap_or_else(|| {
                    all.push(Self { unit, amounts: Sides::default() });
                    all.len() - 1
                });
                *all[at].amounts.get_mut(side) = Some(amount);
            }
        }
        all
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rate_is_work_by_time() {
        let amounts = Sides { baseline: None, candidate: Some(1 << 20) };
        let work = Work { unit: WorkUnit::Bytes, amounts };
        assert_eq!(work.rate(Side::Candidate, Some(1e6)), Some(1_048_576_000.0));
        assert_eq!(work.rate(Side::Baseline, Some(1e6)), None);
        for time in [None, Some(0.0), Some(f64::NAN)] {
            assert_eq!(work.rate(Side::Candidate, time), None, "{time:?}");
        }
    }

    #[test]
    fn what_both_sides_declare_is_put_together_by_unit() {
        let (elements, bytes) = (WorkUnit::Elements, WorkUnit::Bytes);
        let one = |unit, amount| Throughput { unit, amount };
        let declared =
            Sides { baseline: vec![one(bytes, 1)], candidate: vec![one(elements, 2), one(bytes, 3)] };
        let expected = [
            Work { unit: elements, amounts: Sides { baseline: None, candidate: Some(2) } },
            Work { unit: bytes, amounts: Sides { baseline: Some(1), candidate: Some(3) } },
        ];
        assert_eq!(Work::of(&declared), expected);
    }
}
