//! Drawings: the share of comparisons that fail a build, by slowdown, one line for each contender.

use std::path::Path;

use plotters::prelude::*;

use crate::StudyError;
use crate::plan::Condition;
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
    chart
        .configure_series_labels()
        .position(SeriesLabelPosition::LowerRight)
        .background_style(WHITE.mix(0.85))
        .border_style(BLACK.mix(0.3))
        .draw()
        .map_err(|error| text(&error))?;
    area.present().map_err(|error| text(&error))?;
    Ok(true)
}
