//! Raw samples as compact bytes, and back to the last bit.
//!
//! Format 2: one byte for the format (2), and a median, 8 bytes, little endian: a launch of another machine, whose samples
//! stayed there. It is read as one sample of one iteration.
//!
//! Format 1: one byte for the format (1), one for how totals are written (0: as floating point, 1: as whole numbers), the
//! number of samples, then every iteration count, then every total. Numbers are LEB128: seven bits a byte, the
//! least significant first, the high bit set on all but the last. Iteration counts are written as the change of
//! their step (Criterion's counts are constant or grow by a constant step, so nearly all become one byte), modulo
//! 2^64 and zigzag-coded. Whole totals (nanoseconds and counts are) are LEB128; others are 8 bytes, little endian.

use crate::domain::{Sample, SampleSet};

const FORMAT: u8 = 1;
const FORMAT_MEDIAN: u8 = 2;
const TOTALS_FLOAT: u8 = 0;
const TOTALS_WHOLE: u8 = 1;

/// Why bytes are no samples.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(super) enum DecodeError {
    #[error("samples in format {0}, which this program does not know")]
    Format(u8),
    #[error("samples end too early")]
    Short,
    #[error("bytes follow the last sample")]
    Long,
    #[error("a number in the samples is out of range")]
    Range,
    #[error("there is no sample")]
    Empty,
}

/// Writes samples in the newest format.
pub(super) fn encode(set: &SampleSet) -> Vec<u8> {
    let samples = set.samples();
    let whole: Option<Vec<u64>> = samples.iter().map(|sample| as_whole(sample.total())).collect();
    let mut bytes = Vec::with_capacity(samples.len() * 6 + 8);
    bytes.push(FORMAT);
    bytes.push(if whole.is_some() { TOTALS_WHOLE } else { TOTALS_FLOAT });
    put(&mut bytes, samples.len() as u64);
    let (mut last, mut step) = (0_u64, 0_u64);
    for sample in samples {
        let next = sample.iterations().wrapping_sub(last);
        put(&mut bytes, zigzag(next.wrapping_sub(step)));
        (last, step) = (sample.iterations(), next);
    }
    if let Some(whole) = whole {
        for total in whole {
            put(&mut bytes, total);
        }
    } else {
        for sample in samples {
            bytes.extend(sample.total().to_le_bytes());
        }
    }
    bytes
}

/// Writes what is left of a launch whose samples are elsewhere.
pub(super) fn encode_median(median: f64) -> Vec<u8> {
    std::iter::once(FORMAT_MEDIAN).chain(median.to_le_bytes()).collect()
}

/// Whether these are no samples, but what is left of them.
pub(super) fn is_median(bytes: &[u8]) -> bool {
    bytes.first() == Some(&FORMAT_MEDIAN)
}

/// Reads samples of any format ever written.
pub(super) fn decode(bytes: &[u8]) -> Result<SampleSet, DecodeError> {
    let mut reader = Reader(bytes);
    let format = reader.byte()?;
    if format == FORMAT_MEDIAN {
        let sample = Sample::new(1, reader.float()?).ok_or(DecodeError::Range)?;
        let set = SampleSet::new(vec![sample]).map_err(|_| DecodeError::Empty)?;
        return if reader.0.is_empty() { Ok(set) } else { Err(DecodeError::Long) };
    }
    if format != FORMAT {
        return Err(DecodeError::Format(format));
    }
    let totals = reader.byte()?;
    let count = usize::try_from(reader.number()?).map_err(|_| DecodeError::Range)?;
    // Each sample takes at least two bytes: a damaged count must not reserve memory for nothing.
    if count > reader.0.len() / 2 {
        return Err(DecodeError::Short);
    }
    let mut iterations = Vec::with_capacity(count);
    let (mut last, mut step) = (0_u64, 0_u64);
    for _ in 0..count {
        step = step.wrapping_add(unzigzag(reader.number()?));
        last = last.wrapping_add(step);
        iterations.push(last);
    }
    let mut samples = Vec::with_capacity(count);
    for iterations in iterations {
        let total = match totals {
            TOTALS_WHOLE => reader.number()? as f64,
            TOTALS_FLOAT => reader.float()?,
            _ => return Err(DecodeError::Range),
        };
        samples.push(Sample::new(iterations, total).ok_or(DecodeError::Range)?);
    }
    if !reader.0.is_empty() {
        return Err(DecodeError::Long);
    }
    SampleSet::new(samples).map_err(|_| DecodeError::Empty)
}

/// The whole number that turns back into exactly these bits.
fn as_whole(total: f64) -> Option<u64> {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "checked by turning it back: totals are finite and not negative, larger ones saturate"
    )]
    let whole = total as u64;
    ((whole as f64).to_bits() == total.to_bits()).then_some(whole)
}

/// Small changes of either sign become small numbers.
fn zigzag(change: u64) -> u64 {
    let change = change.cast_signed();
    ((change << 1) ^ (change >> 63)).cast_unsigned()
}

fn unzigzag(number: u64) -> u64 {
    (number >> 1) ^ (number & 1).wrapping_neg()
}

fn put(bytes: &mut Vec<u8>, mut number: u64) {
    loop {
        let [low, ..] = number.to_le_bytes();
        number >>= 7;
        if number == 0 {
            bytes.push(low & 0x7f);
            return;
        }
        bytes.push(low | 0x80);
    }
}

struct Reader<'a>(&'a [u8]);

impl Reader<'_> {
    fn byte(&mut self) -> Result<u8, DecodeError> {
        let (&first, rest) = self.0.split_first().ok_or(DecodeError::Short)?;
        self.0 = rest;
        Ok(first)
    }

    fn number(&mut self) -> Result<u64, DecodeError> {
        let mut number = 0;
        for shift in (0..64).step_by(7) {
            let byte = self.byte()?;
            let bits = u64::from(byte & 0x7f);
            if shift == 63 && bits > 1 {
                return Err(DecodeError::Range);
            }
            number |= bits << shift;
            if byte < 0x80 {
                return Ok(number);
            }
        }
        Err(DecodeError::Range)
    }

    fn float(&mut self) -> Result<f64, DecodeError> {
        let (bytes, rest) = self.0.split_first_chunk().ok_or(DecodeError::Short)?;
        self.0 = rest;
        Ok(f64::from_le_bytes(*bytes))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn bits(set: &SampleSet) -> Vec<(u64, u64)> {
        set.samples().iter().map(|sample| (sample.iterations(), sample.total().to_bits())).collect()
    }

    fn any_set() -> impl Strategy<Value = SampleSet> {
        let count = prop_oneof![1..=1_000_u64, 1..=u64::MAX];
        let total = prop_oneof![
            (0..=u64::MAX).prop_map(|whole| whole as f64),
            prop::num::f64::POSITIVE | prop::num::f64::ZERO | prop::num::f64::SUBNORMAL,
        ];
        let sample = (count, total).prop_filter_map("total", |(count, total)| Sample::new(count, total));
        prop::collection::vec(sample, 1..80).prop_map(|samples| SampleSet::new(samples).unwrap())
    }

    proptest! {
        #[test]
        fn samples_come_back_to_the_last_bit(set in any_set()) {
            prop_assert_eq!(bits(&decode(&encode(&set)).unwrap()), bits(&set));
        }

        #[test]
        fn cut_or_changed_bytes_never_panic(set in any_set(), cut in any::<prop::sample::Index>(), bit in 0..8_u8) {
            let whole = encode(&set);
            let place = cut.index(whole.len());
            prop_assert!(decode(&whole[..place]).is_err());
            let mut changed = whole;
            changed[place] ^= 1 << bit;
            let _ = decode(&changed);
        }
    }

    #[test]
    fn the_bytes_are_those_the_schema_describes() {
        let linear = SampleSet::timed(&[10.0, 20.0, 30.0], &[1000.0, 2000.0, 3000.0]).unwrap();
        assert_eq!(encode(&linear), [1, 1, 3, 20, 0, 0, 0xe8, 7, 0xd0, 15, 0xb8, 23]);
        let fraction = SampleSet::new(vec![Sample::new(1, 0.5).unwrap()]).unwrap();
        assert_eq!(encode(&fraction), [1, 0, 1, 2, 0, 0, 0, 0, 0, 0, 0xe0, 0x3f]);
        let negative_zero = SampleSet::new(vec![Sample::new(1, -0.0).unwrap()]).unwrap();
        assert_eq!(bits(&decode(&encode(&negative_zero)).unwrap()), bits(&negative_zero));
    }

    #[test]
    fn a_median_alone_is_one_sample_and_told_apart() {
        let bytes = encode_median(0.1);
        assert!(is_median(&bytes) && !is_median(&encode(&decode(&bytes).unwrap())));
        assert_eq!(decode(&bytes).unwrap().median().to_bits(), 0.1_f64.to_bits());
        assert_eq!(decode(&bytes[..8]), Err(DecodeError::Short));
        assert_eq!(decode(&[&bytes[..], &[0]].concat()), Err(DecodeError::Long));
        assert_eq!(decode(&encode_median(f64::NAN)), Err(DecodeError::Range));
    }

    #[test]
    fn nonsense_is_refused_by_its_kind() {
        assert_eq!(decode(&[]), Err(DecodeError::Short));
        assert_eq!(decode(&[3, 1, 1]), Err(DecodeError::Format(3)));
        assert_eq!(decode(&[1, 1, 0]), Err(DecodeError::Empty));
        assert_eq!(decode(&[1, 1, 1, 2, 5, 5]), Err(DecodeError::Long));
        assert_eq!(decode(&[1, 1, 1, 0, 5]), Err(DecodeError::Range));
        assert_eq!(decode(&[1, 1, 0xff, 0xff, 0xff, 0xff, 0x0f]), Err(DecodeError::Short));
        assert_eq!(decode(&[1, 7, 1, 2, 5]), Err(DecodeError::Range));
    }
}
