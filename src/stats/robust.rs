//! Location and scale that a few wild values cannot move far.

/// What turns the median absolute deviation of normally distributed values into their standard deviation.
pub const MAD_TO_SD: f64 = 1.4826;

/// The standard error of a median in units of that of a mean, for normally distributed values: √(π/2).
pub const MEDIAN_TO_MEAN: f64 = 1.2533;

/// Fewer values show no median: four agree by chance as often as not.
const FEW: usize = 5;

/// The median; `None` of nothing.
pub fn median(values: &[f64]) -> Option<f64> {
    let mut sorted = values.to_vec();
    median_in_place(&mut sorted)
}

/// The median of values whose order need not be kept.
fn median_in_place(values: &mut [f64]) -> Option<f64> {
    if values.is_empty() {
        return None;
    }
    let middle = values.len() / 2;
    let even = values.len().is_multiple_of(2);
    let (below, &mut upper, _) = values.select_nth_unstable_by(middle, f64::total_cmp);
    if !even {
        return Some(upper);
    }
    below.iter().copied().max_by(f64::total_cmp).map(|lower| f64::midpoint(lower, upper))
}

/// The median absolute deviation from the median, unscaled; `None` of nothing.
pub fn mad(values: &[f64]) -> Option<f64> {
    let centre = median(values)?;
    let mut distances: Vec<f64> = values.iter().map(|value| (value - centre).abs()).collect();
    median_in_place(&mut distances)
}

/// A robust standard deviation: the scaled median absolute deviation; `None` of nothing.
pub fn robust_sd(values: &[f64]) -> Option<f64> {
    mad(values).map(|mad| mad * MAD_TO_SD)
}

/// The standard error of a median, from the values themselves; `None` of nothing.
pub fn median_error(values: &[f64]) -> Option<f64> {
    robust_sd(values).map(|sd| sd * MEDIAN_TO_MEAN / (values.len() as f64).sqrt())
}

/// The median of values, where these are enough to show it to be above a bound: by more than three of its standard errors.
pub fn median_above(values: &[f64], bound: f64) -> Option<f64> {
    let (middle, error) = (median(values)?, median_error(values)?);
    (values.len() >= FEW && middle - 3.0 * error > bound).then_some(middle)
}

/// The Hodges–Lehmann location: the median of all Walsh averages (of each value with itself and every other one).
///
/// Nearly as precise as the mean for normal errors (95.5 %), and unmoved by up to 29 % of wild values.
pub fn hodges_lehmann(values: &[f64]) -> Option<f64> {
    let mut averages = Vec::with_capacity(values.len() * (values.len() + 1) / 2);
    for (place, &first) in values.iter().enumerate() {
        averages.extend(values[place..].iter().map(|&second| f64::midpoint(first, second)));
    }
    median_in_place(&mut averages)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn small_cases_by_hand() {
        assert_eq!(median(&[]), None);
        assert_eq!(median(&[3.0, 1.0, 2.0]), Some(2.0));
        assert_eq!(median(&[4.0, 1.0, 2.0, 3.0]), Some(2.5));
        assert_eq!(mad(&[1.0, 1.0, 2.0, 2.0, 4.0, 6.0, 9.0]), Some(1.0));
        // Walsh averages of 1, 2, 6: 1, 1.5, 3.5, 2, 4, 6.
        assert_eq!(hodges_lehmann(&[1.0, 2.0, 6.0]), Some(2.75));
    }

    #[test]
    fn a_median_is_above_a_bound_where_its_values_show_it() {
        let near = [0.29, 0.30, 0.31, 0.28, 0.32];
        assert_eq!(median_above(&near, 0.2), Some(0.30));
        assert_eq!(median_above(&near, 0.29), None, "by less than its error");
        assert_eq!(median_above(&near[..4], 0.2), None, "too few");
        assert_eq!(median_above(&[0.9, -0.2, 0.3, 0.8, -0.3], 0.05), None, "too far apart");
    }

    #[test]
    fn wild_values_move_nothing_far() {
        let mut values: Vec<f64> = (0..20).map(f64::from).collect();
        let before = hodges_lehmann(&values).unwrap();
        values[19] = 1e9;
        values[18] = 1e9;
        assert!((hodges_lehmann(&values).unwrap() - before).abs() < 2.0);
        assert!(mad(&values).unwrap() < 8.0);
    }

    proptest! {
        #[test]
        fn location_follows_shifts_and_ignores_order(
            mut values in prop::collection::vec(-1e3_f64..1e3, 1..30),
            shift in -1e3_f64..1e3,
        ) {
            let location = hodges_lehmann(&values).unwrap();
            let moved: Vec<f64> = values.iter().map(|value| value + shift).collect();
            prop_assert!((hodges_lehmann(&moved).unwrap() - location - shift).abs() < 1e-9);
            prop_assert!((mad(&moved).unwrap() - mad(&values).unwrap()).abs() < 1e-9);
            values.reverse();
            prop_assert!((hodges_lehmann(&values).unwrap() - location).abs() < 1e-12);
        }
    }
}
