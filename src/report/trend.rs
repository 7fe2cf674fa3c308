//! One series over time, drawn by hand: as an SVG picture, and as a line of blocks for a terminal. The same series gives
//! the same bytes.

use std::fmt::Write as _;

use crate::domain::{HistoryPoint, Mark, Metric};

use super::html::{Cell, escape, table};
use super::text::{day, plural};
use super::units;

/// The picture, in units of its own: it is as wide as there is room.
const WIDTH: f64 = 720.0;
const HEIGHT: f64 = 240.0;
/// Room for the scale on the left, and around the rest.
const LEFT: f64 = 84.0;
const AROUND: f64 = 14.0;
const BELOW: f64 = 28.0;
/// How many steps a line has at most: of more points, each step shows the least and the greatest.
const STEPS: usize = 600;
/// How many steps a small one has.
const SMALL_STEPS: usize = 60;
/// Half the size of a mark.
const MARK: f64 = 5.0;
/// The side of a square one.
const SIDE: f64 = 2.0 * MARK;

/// A series of one machine and build.
#[derive(Debug, Clone, Copy)]
pub(super) struct Series<'a> {
    /// What it is of.
    pub(super) title: &'a str,
    /// Names the picture on its page.
    pub(super) id: usize,
    pub(super) metric: Metric,
    /// Oldest first.
    pub(super) points: &'a [HistoryPoint],
    /// The places at which a new level begins.
    pub(super) change_points: &'a [usize],
    /// Slowdowns that were accepted.
    pub(super) accepted: &'a [Mark],
    /// Where commits can be looked at: the repository's address, without a slash at its end.
    pub(super) repository: Option<&'a str>,
}

/// Where values lie in the picture.
struct Scale {
    low: f64,
    high: f64,
    count: usize,
}

impl Scale {
    fn of(points: &[HistoryPoint]) -> Option<Self> {
        let (low, high) = range(points.iter().map(|point| point.value));
        low.is_finite().then_some(Self { low, high, count: points.len() })
    }

    fn x(&self, place: usize) -> f64 {
        let share = if self.count > 1 { place as f64 / (self.count - 1) as f64 } else { 0.5 };
        LEFT + share * (WIDTH - LEFT - AROUND)
    }

    fn y(&self, value: f64) -> f64 {
        let share = if self.high > self.low { (value - self.low) / (self.high - self.low) } else { 0.5 };
        HEIGHT - BELOW - share * (HEIGHT - BELOW - AROUND)
    }
}

/// The places that are drawn: all, or of each step the least and the greatest, in their order.
pub(super) fn drawn(points: &[HistoryPoint]) -> Vec<usize> {
    let finite = |place: &usize| points[*place].value.is_finite();
    if points.len() <= 2 * STEPS {
        return (0..points.len()).filter(finite).collect();
    }
    let mut drawn = Vec::with_capacity(2 * STEPS);
    for step in 0..STEPS {
        let places = step * points.len() / STEPS..(step + 1) * points.len() / STEPS;
        let by_value = |one: &usize, other: &usize| points[*one].value.total_cmp(&points[*other].value);
        let least = places.clone().filter(finite).min_by(by_value);
        let greatest = places.filter(finite).max_by(by_value);
        let mut both: Vec<usize> = [least, greatest].into_iter().flatten().collect();
        both.sort_unstable();
        both.dedup();
        drawn.extend(both);
    }
    drawn
}

/// The picture, with words for those who do not see it; empty for a series without figures.
pub(super) fn picture(series: Series<'_>) -> String {
    let Series { title, id, metric, points, .. } = series;
    let Some(scale) = Scale::of(points) else { return String::new() };
    let mut out = format!(
        "<svg viewBox=\"0 0 {WIDTH:.0} {HEIGHT:.0}\" width=\"100%\" role=\"img\" aria-labelledby=\"title-{id} desc-{id}\" \
         font-family=\"sans-serif\" font-size=\"12\" fill=\"currentColor\">\n\
         <title id=\"title-{id}\">{}</title>\n<desc id=\"desc-{id}\">{}</desc>\n",
        escape(title),
        escape(&described(series, &scale))
    );
    let (low, high) = (units::value(metric, scale.low), units::value(metric, scale.high));
    let levels = if scale.high > scale.low {
        vec![(scale.low, low), (scale.high, high)]
    } else {
        vec![(scale.low, low)]
    };
    for (value, text) in levels {
        let y = scale.y(value);
        // Writing to a String cannot fail, here and below.
        let _ = writeln!(
            out,
            "<path d=\"M{LEFT:.1} {y:.1}H{:.1}\" stroke=\"currentColor\" stroke-opacity=\".3\"/>\
             <text x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"end\">{}</text>",
            WIDTH - AROUND,
            LEFT - 6.0,
            y + 4.0,
            escape(&text)
        );
    }
    for (place, anchor) in [(0, "start"), (points.len() - 1, "end")].into_iter().take(points.len()) {
        let _ = writeln!(
            out,
            "<text x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"{anchor}\">{}</text>",
            scale.x(place),
            HEIGHT - 8.0,
            day(points[place].when_ms)
        );
    }
    let line: Vec<String> = drawn(points)
        .into_iter()
        .map(|place| format!("{:.1},{:.1}", scale.x(place), scale.y(points[place].value)))
        .collect();
    let _ = writeln!(
        out,
        "<polyline fill=\"none\" stroke=\"currentColor\" stroke-width=\"1.5\" points=\"{}\"/>",
        line.join(" ")
    );
    marks(&mut out, series, &scale);
    out.push_str("</svg>\n");
    out
}

/// What happened on the way: a diamond where a new level begins, a square where a slowdown was accepted.
fn marks(out: &mut String, series: Series<'_>, scale: &Scale) {
    let Series { points, change_points, accepted, .. } = series;
    let levels = change_points.iter().map(|&place| (place, "a new level begins", Shape::Diamond));
    let accepted = accepted.iter().map(|mark| (mark.place, mark.reason.as_str(), Shape::Square));
    for (place, what, shape) in levels.chain(accepted) {
        let Some(point) = points.get(place).filter(|point| point.value.is_finite()) else { continue };
        let (x, y) = (scale.x(place), scale.y(point.value));
        let (words, way) = match shape {
            Shape::Diamond => (
                format!("{what} at {}", point.commit.short()),
                format!(
                    "M{x:.1} {:.1}l{MARK:.0} {MARK:.0}l-{MARK:.0} {MARK:.0}l-{MARK:.0} -{MARK:.0}z",
                    y - MARK
                ),
            ),
            Shape::Square => (
                format!("accepted at {}: {what}", point.commit.short()),
                format!("M{:.1} {:.1}h{SIDE:.0}v{SIDE:.0}h-{SIDE:.0}z", x - MARK, y - MARK),
            ),
        };
        let words = escape(&words);
        let drawn = format!(
            "<title>{words}</title><path d=\"M{x:.1} {AROUND:.1}V{:.1}\" stroke=\"currentColor\" stroke-dasharray=\"3 3\"/>\
             <path d=\"{way}\"/>",
            HEIGHT - BELOW,
        );
        // A link can be reached by the keyboard, and is read aloud by its label.
        let _ = match series.repository {
            Some(repository) => {
                writeln!(out, "<a href=\"{}\" aria-label=\"{words}\">{drawn}</a>", address(repository, point))
            }
            None => writeln!(out, "<g>{drawn}</g>"),
        };
    }
}

enum Shape {
    Diamond,
    Square,
}

/// A series in the space of a word, for those who see it: a line over the medians of 60 steps.
pub(super) fn small_picture(points: &[HistoryPoint]) -> String {
    let values: Vec<f64> = points.iter().map(|point| point.value).filter(|value| value.is_finite()).collect();
    let medians = medians(&values, SMALL_STEPS);
    let (low, high) = range(medians.iter().copied());
    let x = |place: usize| 118.0 * place as f64 / (medians.len().max(2) - 1) as f64 + 1.0;
    let y = |value: f64| if high > low { 21.0 - 18.0 * (value - low) / (high - low) } else { 12.0 };
    let line: Vec<String> = medians
        .iter()
        .enumerate()
        .map(|(place, value)| format!("{:.0},{:.0}", x(place), y(*value)))
        .collect();
    format!(
        "<svg viewBox=\"0 0 120 24\" width=\"120\" height=\"24\" aria-hidden=\"true\"><polyline fill=\"none\" \
         stroke=\"currentColor\" points=\"{}\"/></svg>",
        line.join(" ")
    )
}

/// The medians of so many parts of equal length.
fn medians(values: &[f64], parts: usize) -> Vec<f64> {
    let parts = parts.min(values.len());
    (0..parts)
        .filter_map(|part| {
            let values = &values[part * values.len() / parts..(part + 1) * values.len() / parts];
            crate::domain::median(values.to_vec())
        })
        .collect()
}

/// The least and the greatest of those that are finite.
pub(super) fn range(values: impl IntoIterator<Item = f64>) -> (f64, f64) {
    values
        .into_iter()
        .filter(|value| value.is_finite())
        .fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), value| (low.min(value), high.max(value)))
}

/// The newest figures as a table, the newest first: that is what a reader came for. `happened` heads what is marked.
pub(super) fn figures(out: &mut String, series: Series<'_>, newest: usize, happened: &str) {
    let Series { metric, points, change_points, accepted, repository, .. } = series;
    let titles = ["when", "commit", "value", happened, "subject"].map(str::to_owned);
    let row = |(place, point): (usize, &HistoryPoint)| {
        let level = change_points.contains(&place).then(|| "◆ a new level begins".to_owned());
        let accepted = accepted.iter().filter(|mark| mark.place == place);
        let accepted = accepted.map(|mark| format!("■ accepted: {}", mark.reason));
        let marked: Vec<String> = level.into_iter().chain(accepted).collect();
        vec![
            Cell::text(&day(point.when_ms)),
            match repository {
                Some(repository) => Cell::html(format!(
                    "<a href=\"{}\"><code>{}</code></a>",
                    address(repository, point),
                    point.commit.short()
                )),
                None => Cell::name(point.commit.short()),
            },
            Cell::figure(&units::value(metric, point.value), Some(point.value)),
            Cell::text(&marked.join("; ")),
            Cell::text(&point.subject),
        ]
    };
    let rows: Vec<Vec<Cell>> = points.iter().enumerate().rev().take(newest).map(row).collect();
    table(out, &titles, &rows);
}

/// Where a commit can be looked at, ready for an attribute.
fn address(repository: &str, point: &HistoryPoint) -> String {
    format!("{}/commit/{}", escape(repository), point.commit)
}

/// The picture in words.
fn described(series: Series<'_>, scale: &Scale) -> String {
    let Series { metric, points, change_points, .. } = series;
    let last = points.last().map(|point| units::value(metric, point.value)).unwrap_or_default();
    let levels = match change_points.len() {
        0 => "one level throughout".to_owned(),
        some => plural(some, "change point"),
    };
    let accepted = match series.accepted.len() {
        0 => String::new(),
        some => format!("; {} accepted", plural(some, "slowdown")),
    };
    format!(
        "{} from {} to {}, the last {last}; {levels}{accepted}",
        plural(points.len(), "commit"),
        units::value(metric, scale.low),
        units::value(metric, scale.high)
    )
}

/// The series on one line, at most so many columns: each shows the median of its commits.
pub(super) fn sparkline(values: &[f64], columns: usize) -> String {
    const BLOCKS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];
    let finite: Vec<f64> = values.iter().copied().filter(|value| value.is_finite()).collect();
    let medians = medians(&finite, columns);
    let (low, high) = range(medians.iter().copied());
    let block = |value: &f64| {
        let share = if high > low { (value - low) / (high - low) } else { 0.0 };
        let above =
            (1..BLOCKS.len()).filter(|&step| share * (BLOCKS.len() - 1) as f64 >= step as f64 - 0.5).count();
        BLOCKS[above]
    };
    medians.iter().map(block).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{CommitId, MachineKey};

    fn points(values: &[f64]) -> Vec<HistoryPoint> {
        let point = |(place, value): (usize, &f64)| HistoryPoint {
            commit: CommitId::from_hex(&format!("{place:040x}")).unwrap(),
            subject: "<b>".into(),
            when_ms: 1_700_000_000_000 + 86_400_000 * place.cast_signed() as i64,
            value: *value,
            spread: None,
            machine: MachineKey::new("m"),
        };
        values.iter().enumerate().map(point).collect()
    }

    fn drawn_of(points: &[HistoryPoint], change_points: &[usize]) -> String {
        picture(Series {
            title: "a <b>",
            id: 1,
            metric: Metric::WallTime,
            points,
            change_points,
            accepted: &[],
            repository: None,
        })
    }

    #[test]
    fn a_picture_says_in_words_what_it_shows() {
        let series = points(&[100.0, 101.0, 120.0, 119.0]);
        let svg = drawn_of(&series, &[2]);
        assert!(svg.contains("<title id=\"title-1\">a &lt;b&gt;</title>"), "{svg}");
        assert!(
            svg.contains("4 commits from 100.0 ns to 120.0 ns, the last 119.0 ns; 1 change point"),
            "{svg}"
        );
        assert!(svg.contains("a new level begins at 0000000000"), "{svg}");
        // The least lies at the bottom, the greatest at the top, the last at the right edge.
        assert!(
            svg.contains("points=\"84.0,212.0 ") && svg.contains("498.7,14.0") && svg.contains(" 706.0,"),
            "{svg}"
        );
        assert_eq!(svg, drawn_of(&series, &[2]));
        assert_eq!(drawn_of(&[], &[]), "");
        assert_eq!(drawn_of(&points(&[f64::NAN]), &[0]), "");
        assert!(drawn_of(&points(&[5.0]), &[]).contains("points=\"395.0,113.0\""));
    }

    #[test]
    fn a_single_outlier_among_thousands_is_still_drawn() {
        let mut values: Vec<f64> = (0..50_000_u32).map(|place| f64::from(place % 7)).collect();
        values[31_234] = 1000.0;
        let series = points(&values);
        let places = drawn(&series);
        assert!(places.len() <= 2 * STEPS && places.contains(&31_234));
        assert!(places.is_sorted() && drawn_of(&series, &[]).len() < 40_000);
    }

    #[test]
    fn a_line_of_blocks_rises_where_values_do() {
        assert_eq!(sparkline(&[1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0], 80), "▁▂▃▄▅▆▇█");
        assert_eq!(sparkline(&[5.0, 5.0, f64::NAN, 5.0], 80), "▁▁▁");
        assert_eq!(sparkline(&[1.0, 1.0, 9.0, 9.0], 2), "▁█");
        assert_eq!(sparkline(&[], 10), "");
    }
}
