//! Drawings: the share of comparisons that fail a build, by slowdown, one line for each contender.

use std::path::Path;

use plotters::coord::types::RangedCoordf64;
use plotters::prelude::*;

use crate::StudyError;
use crate::plan::{Condition, Kind, Variant};
use crate::record::{Record, Said};
use crate::summary::Table;

/// Told apart by people who see few colours, too (Okabe and Ito).
const COLORS: [RGBColor; 7] = [
    RGBColor(0, 114, 178),
    RGBColor(86, 180, 233),
    RGBColor(213, 94, 0),
    RGBColor(230, 159, 0),
    RGBColor(204, 121, 167),
    RGBColor(0, 158, 115),
    RGBColor(0, 0, 0),
];

type Chart<'a> = ChartContext<'a, SVGBackend<'a>, Cartesian2d<RangedCoordf64, RangedCoordf64>>;

/// Draws one condition; `false` when there is nothing to draw.
///
/// # Errors
/// The file cannot be written.
pub fn draw(table: &Table, condition: Condition, path: &Path) -> Result<bool, StudyError> {
    let rows: Vec<_> = table.iter().filter(|((found, ..), _)| *found == condition).collect();
    let most = rows.iter().map(|((.., per_mille), _)| *per_mille).max().unwrap_or(0);
    if most == 0 {
        return Ok(false);
    }
    let text = |error: &dyn std::fmt::Display| StudyError::Drawing(error.to_string());
    let area = SVGBackend::new(path, (900, 520)).into_drawing_area();
    area.fill(&WHITE).map_err(|error| text(&error))?;
    let title = format!("Comparisons that fail the build: {}", condition.name());
    let right = f64::from(most) / 10.0 * 1.05;
    let mut chart = ChartBuilder::on(&area)
        .caption(title, ("sans-serif", 20))
        .margin(12)
        .x_label_area_size(44)
        .y_label_area_size(56)
        .build_cartesian_2d(-0.3..right, 0.0..102.0)
        .map_err(|error| text(&error))?;
    chart
        .configure_mesh()
        .x_desc("true slowdown, nominal, in %")
        .y_desc("share that fails, in %")
        .draw()
        .map_err(|error| text(&error))?;
    let mut contenders: Vec<&String> = rows.iter().map(|((_, name, _), _)| name).collect();
    contenders.dedup();
    let count = contenders.len();
    for (index, contender) in contenders.into_iter().enumerate() {
        let color = COLORS[index % COLORS.len()];
        // A little apart, so that intervals do not hide each other.
        let apart = (index as f64 - count as f64 / 2.0) * 0.06;
        let of_contender = rows.iter().filter(|((_, name, _), _)| name == contender);
        let points: Vec<(f64, f64, (f64, f64))> = of_contender
            .map(|((.., per_mille), row)| {
                let (low, high) = row.failed.interval();
                let share = row.failed.fraction() * 100.0;
                (f64::from(*per_mille) / 10.0 + apart, share, (low * 100.0, high * 100.0))
            })
            .collect();
        chart
            .draw_series(LineSeries::new(points.iter().map(|(x, y, _)| (*x, *y)), color.stroke_width(2)))
            .map_err(|error| text(&error))?
            .label(contender.as_str())
            .legend(move |(x, y)| PathElement::new([(x, y), (x + 18, y)], color.stroke_width(3)));
        chart
            .draw_series(
                points
                    .iter()
                    .map(|(x, _, (low, high))| PathElement::new([(*x, *low), (*x, *high)], color.mix(0.6))),
            )
            .map_err(|error| text(&error))?;
        chart
            .draw_series(points.iter().map(|(x, y, _)| Circle::new((*x, *y), 3, color.filled())))
            .map_err(|error| text(&error))?;
    }
    legend(&mut chart, SeriesLabelPosition::LowerRight)?;
    area.present().map_err(|error| text(&error))?;
    Ok(true)
}

/// Says which colour is what, in a corner of a chart.
fn legend(chart: &mut Chart<'_>, corner: SeriesLabelPosition) -> Result<(), StudyError> {
    let drawn = chart
        .configure_series_labels()
        .position(corner)
        .background_style(WHITE.mix(0.85))
        .border_style(BLACK.mix(0.3))
        .draw();
    drawn.map_err(|error| StudyError::Drawing(error.to_string()))
}

/// The words that stand out, and their colours.
const WORDS: [(&str, RGBColor); 3] =
    [("regressed", COLORS[2]), ("improved", COLORS[0]), ("inconclusive", COLORS[3])];

/// Who is drawn, and under which title.
const PANELS: [(&str, &str); 4] = [
    ("perfguard, T = 5 %", "cargo perfguard"),
    ("perfguard --layout default, T = 5 %", "cargo perfguard --layout default"),
    ("Criterion, its own word", "Criterion"),
    ("tango-bench", "tango-bench"),
];

/// What stands beside each other in a drawing of code that moves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Across {
    /// Commits, in the order of the linker.
    Commits,
    /// Orders of linking, of one commit.
    Orders,
}

impl Across {
    /// All of them.
    pub const ALL: [Self; 2] = [Self::Orders, Self::Commits];

    /// The name of its file.
    pub fn file(self) -> &'static str {
        match self {
            Self::Commits => "moved.svg",
            Self::Orders => "orders.svg",
        }
    }

    fn title(self) -> &'static str {
        match self {
            Self::Commits => "Commits that add functions nobody runs: no loop changed",
            Self::Orders => {
                "One commit that adds functions nobody runs, linked in many orders: no loop changed"
            }
        }
    }

    /// Where a variant stands, if it takes part.
    fn place(self, variant: Variant) -> Option<u32> {
        match (self, variant.kind()) {
            (Self::Commits, Kind::Moved) => Some(variant.moved),
            (Self::Orders, Kind::Ordered) => Some(variant.order),
            _ => None,
        }
    }

    fn unit(self) -> &'static str {
        match self {
            Self::Commits => "commit",
            Self::Orders => "order of linking, the same on both sides",
        }
    }
}

/// Draws what each program said of code that only moved; `false` when there is nothing to draw.
///
/// # Errors
/// The file cannot be written.
pub fn draw_moved(records: &[Record], across: Across, path: &Path) -> Result<bool, StudyError> {
    let quiet = records.iter().filter(|record| record.trial.condition == Condition::Quiet);
    let places = quiet.filter_map(|record| Some((across.place(record.trial.variant)?, record)));
    let mut points: Vec<(u32, &Said)> =
        places.flat_map(|(place, record)| record.said.iter().map(move |said| (place, said))).collect();
    // No more than every program was asked about.
    let last = |(contender, _): &(&str, &str)| {
        points.iter().filter(|(_, said)| said.contender == *contender).map(|(place, _)| *place).max()
    };
    let Some(commits) = PANELS.iter().filter_map(last).min() else { return Ok(false) };
    points.retain(|(place, _)| *place <= commits);
    let changes = points.iter().filter_map(|(_, said)| said.change).map(|change| change * 100.0);
    let (low, high) = changes.fold((-10.0_f64, 10.0_f64), |(low, high), one| (low.min(one), high.max(one)));
    let text = |error: &dyn std::fmt::Display| StudyError::Drawing(error.to_string());
    let area = SVGBackend::new(path, (960, 640)).into_drawing_area();
    area.fill(&WHITE).map_err(|error| text(&error))?;
    let area = area.titled(across.title(), ("sans-serif", 20)).map_err(|error| text(&error))?;
    for (panel, (contender, title)) in area.split_evenly((2, 2)).iter().zip(PANELS) {
        let mut chart = ChartBuilder::on(panel)
            .caption(title, ("sans-serif", 16))
            .margin(8)
            .x_label_area_size(34)
            .y_label_area_size(48)
            .build_cartesian_2d(0.4..f64::from(commits) + 0.6, low * 1.1..high * 1.6)
            .map_err(|error| text(&error))?;
        chart
            .configure_mesh()
            .disable_x_mesh()
            .x_label_formatter(&|commit| {
                if (commit - commit.round()).abs() < 1e-6 { format!("{commit:.0}") } else { String::new() }
            })
            .x_desc(across.unit())
            .y_desc("change, in %")
            .draw()
            .map_err(|error| text(&error))?;
        let of_contender = points.iter().filter(|(_, said)| said.contender == contender);
        let circles = of_contender.filter_map(|(commit, said)| {
            let (color, radius) = look(said);
            Some(Circle::new((f64::from(*commit), said.change? * 100.0), radius, color.filled()))
        });
        chart.draw_series(circles).map_err(|error| text(&error))?;
        for (word, color) in WORDS {
            let count = points.iter().filter(|(_, said)| said.contender == contender && named(said) == word);
            let label = format!("{word}: {}", count.count());
            chart
                .draw_series(std::iter::empty::<Circle<(f64, f64), i32>>())
                .map_err(|error| text(&error))?
                .label(label)
                .legend(move |(x, y)| Circle::new((x + 9, y), 4, color.filled()));
        }
        legend(&mut chart, SeriesLabelPosition::UpperRight)?;
    }
    area.present().map_err(|error| text(&error))?;
    Ok(true)
}

/// The word that makes a point stand out.
fn named(said: &Said) -> &str {
    if said.fails { "regressed" } else { &said.word }
}

fn look(said: &Said) -> (RGBColor, i32) {
    let known = WORDS.into_iter().find(|(word, _)| *word == named(said));
    known.map_or((RGBColor(150, 150, 150), 2), |(_, color)| (color, 4))
}
