//! Plots of a simulation: success and fees against amounts, and success against fee limits, a line for each strategy, as SVG.

use std::path::Path;

use plotters::prelude::{
    BLACK, ChartBuilder, Color, IntoDrawingArea, IntoLogRange, LineSeries, PathElement, RGBColor, SVGBackend,
    WHITE,
};

use crate::exit::Failure;
use crate::graph_file;
use crate::output::simulation::Row;

/// Writes all plots, one above the other. The file appears whole or not at all.
pub(crate) fn write(path: &Path, rows: &[Row]) -> Result<(), Failure> {
    let mut text = String::new();
    let drawn = draw(&mut text, rows);
    drawn.map_err(|error| Failure::usage(format!("cannot draw: {error}"), "simulate other amounts"))?;
    graph_file::replace(path, |out| out.write_all(text.as_bytes()))
}

type DrawError = Box<dyn std::error::Error>;

/// Of a line, from left to right.
type Points = Vec<(f64, f64)>;
/// A line of a plot: whose, and its points.
type Line = (&'static str, Points);

/// What a plot says of itself.
struct Axes {
    title: &'static str,
    across: &'static str,
    /// The highest value.
    most: f64,
}

fn draw(text: &mut String, rows: &[Row]) -> Result<(), DrawError> {
    let area = SVGBackend::with_string(text, SIZE).into_drawing_area();
    area.fill(&WHITE)?;
    let fees = rows.iter().map(|row| row.fee_millionths_mean).fold(1.0, f64::max);
    let by_amount = |value: &dyn Fn(&Row) -> f64| {
        lines(rows, &|rows| rows.iter().map(|row| (row.amount_msat as f64 / 1000.0, value(row))).collect())
    };
    let plots = [
        (Axes { title: PAID, across: "sat", most: 100.0 }, by_amount(&|row| 100.0 * row.paid_share)),
        (
            Axes { title: "mean fee, ppm", across: "sat", most: 1.1 * fees },
            by_amount(&|row| row.fee_millionths_mean),
        ),
        (
            Axes { title: PAID, across: "for a fee of so many ppm at most", most: 100.0 },
            lines(rows, &paid_for),
        ),
    ];
    for ((axes, lines), area) in plots.into_iter().zip(area.split_evenly((3, 1))) {
        chart(&area, axes, lines)?;
    }
    area.present()?;
    drop(area);
    Ok(())
}

/// A line of each strategy's rows.
fn lines(rows: &[Row], points: &dyn Fn(&[&Row]) -> Points) -> Vec<Line> {
    let mut names: Vec<&str> = rows.iter().map(|row| row.strategy).collect();
    names.sort_unstable();
    names.dedup();
    let line = |name| (name, points(&rows.iter().filter(|row| row.strategy == name).collect::<Vec<_>>()));
    names.into_iter().map(line).collect()
}

/// How many per cent of all feasible payments arrived for no more than a fee, at each fee that one of them paid.
fn paid_for(rows: &[&Row]) -> Points {
    let count = rows.iter().map(|row| row.payments).sum::<usize>().max(1) as f64;
    let mut fees: Vec<f64> = rows.iter().flat_map(|row| row.fees_millionths.iter().copied()).collect();
    fees.sort_unstable_by(f64::total_cmp);
    let paid = (1..).map(|paid| 100.0 * f64::from(paid) / count);
    fees.into_iter().map(|fee| fee.max(FEE_LEAST)).zip(paid).collect()
}

type Area<'a> = plotters::drawing::DrawingArea<SVGBackend<'a>, plotters::coord::Shift>;

fn chart(area: &Area<'_>, Axes { title, across, most }: Axes, lines: Vec<Line>) -> Result<(), DrawError> {
    let places = || lines.iter().flat_map(|(_, points)| points.iter().map(|point| point.0));
    let least = places().fold(f64::INFINITY, f64::min).min(1e15);
    let greatest = places().fold(0.0, f64::max).max(least * 10.0);
    let mut chart = ChartBuilder::on(area)
        .caption(title, ("sans-serif", 20))
        .margin(12)
        .x_label_area_size(36)
        .y_label_area_size(56)
        .build_cartesian_2d((least..greatest).log_scale(), 0.0..most)?;
    chart.configure_mesh().x_desc(across).x_label_formatter(&|place| format!("{place:.0}")).draw()?;
    for ((name, points), color) in lines.into_iter().zip(COLORS.into_iter().cycle()) {
        let series = chart.draw_series(LineSeries::new(points, color.stroke_width(2)))?;
        series
            .label(name)
            .legend(move |(x, y)| PathElement::new([(x, y), (x + 16, y)], color.stroke_width(2)));
    }
    chart.configure_series_labels().border_style(BLACK).background_style(WHITE).draw()?;
    Ok(())
}

const PAID: &str = "paid of feasible payments, %";
/// Where a logarithmic axis of fees begins, in millionths: what costs less is shown there.
const FEE_LEAST: f64 = 1.0;
/// Width and height in pixels.
const SIZE: (u32, u32) = (900, 1350);
/// Told apart by most people who see colours differently (Okabe and Ito's palette).
const COLORS: [RGBColor; 3] = [RGBColor(0, 114, 178), RGBColor(213, 94, 0), RGBColor(0, 158, 115)];
