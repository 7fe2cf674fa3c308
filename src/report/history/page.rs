//! A history for a browser: a picture for each machine, and the same figures as a table.

use std::fmt::Write as _;

use crate::domain::{HistoryPoint, HistoryReport, MachineKey, Mark};

use super::super::html::{escape, page};
use super::super::trend::{Series, figures, picture};

/// Writes the page. `machines` are those of the report, in the order of pictures.
pub(super) fn render(report: &HistoryReport, machines: &[&MachineKey]) -> String {
    let name = report.benchmark.to_string();
    let mut body = format!("<p>{}, {}</p>\n", escape(&name), report.metric);
    if report.points.is_empty() {
        body.push_str("<p>nothing is stored</p>\n");
    }
    for (id, machine) in machines.iter().enumerate() {
        let own: Vec<(usize, &HistoryPoint)> =
            report.points.iter().enumerate().filter(|(_, point)| point.machine == **machine).collect();
        let marked =
            |(_, (place, _)): &(usize, &(usize, &HistoryPoint))| report.change_points.contains(place);
        let change_points: Vec<usize> =
            own.iter().enumerate().filter(marked).map(|(place, _)| place).collect();
        let accepted: Vec<Mark> = report
            .accepted
            .iter()
            .filter_map(|mark| {
                let place = own.iter().position(|(place, _)| *place == mark.place)?;
                Some(Mark { place, ..mark.clone() })
            })
            .collect();
        let points: Vec<HistoryPoint> = own.iter().map(|(_, point)| (*point).clone()).collect();
        let title = format!("{name}, {} on {machine}", report.metric);
        let series = Series {
            title: &title,
            id,
            metric: report.metric,
            points: &points,
            change_points: &change_points,
            accepted: &accepted,
            repository: None,
        };
        let _ =
            writeln!(body, "<h2>{}</h2>\n<figure>\n{}</figure>", escape(machine.as_str()), picture(series));
        figures(&mut body, series, points.len(), "what happened");
    }
    page(&format!("perfguard history {name}"), &body)
}
