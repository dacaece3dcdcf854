//! Plots of a simulation: success and fees against amounts, a line for each strategy, as SVG.

use std::path::Path;

use plotters::prelude::{
    BLACK, ChartBuilder, Color, IntoDrawingArea, IntoLogRange, LineSeries, PathElement, RGBColor, SVGBackend,
    WHITE,
};

use crate::exit::Failure;
use crate::graph_file;
use crate::output::simulation::Row;

/// Writes both plots, one above the other. The file appears whole or not at all.
pub(crate) fn write(path: &Path, rows: &[Row]) -> Result<(), Failure> {
    let mut text = String::new();
    let drawn = draw(&mut text, rows);
    drawn.map_err(|error| Failure::usage(format!("cannot draw: {error}"), "simulate other amounts"))?;
    graph_file::replace(path, |out| out.write_all(text.as_bytes()))
}

type DrawError = Box<dyn std::error::Error>;

fn draw(text: &mut String, rows: &[Row]) -> Result<(), DrawError> {
    let area = SVGBackend::with_string(text, SIZE).into_drawing_area();
    area.fill(&WHITE)?;
    let (above, below) = area.split_vertically(SIZE.1 / 2);
    let fees = rows.iter().map(|row| row.fee_millionths_mean).fold(1.0, f64::max);
    let share = |row: &Row| 100.0 * row.paid_share;
    chart(&above, rows, ("paid of feasible payments, %", 100.0), share)?;
    chart(&below, rows, ("mean fee, ppm", 1.1 * fees), |row| row.fee_millionths_mean)?;
    area.present()?;
    drop((above, below, area));
    Ok(())
}

type Area<'a> = plotters::drawing::DrawingArea<SVGBackend<'a>, plotters::coord::Shift>;

fn chart(
    area: &Area<'_>,
    rows: &[Row],
    (title, most): (&str, f64),
    value: impl Fn(&Row) -> f64,
) -> Result<(), DrawError> {
    let sat = |row: &Row| row.amount_msat as f64 / 1000.0;
    let least = rows.iter().map(sat).fold(f64::INFINITY, f64::min).min(1e15);
    let greatest = rows.iter().map(sat).fold(0.0, f64::max).max(least * 10.0);
    let mut chart = ChartBuilder::on(area)
        .caption(title, ("sans-serif", 20))
        .margin(12)
        .x_label_area_size(36)
        .y_label_area_size(56)
        .build_cartesian_2d((least..greatest).log_scale(), 0.0..most)?;
    chart.configure_mesh().x_desc("sat").x_label_formatter(&|sat| format!("{sat:.0}")).draw()?;
    let mut names: Vec<&str> = rows.iter().map(|row| row.strategy).collect();
    names.sort_unstable();
    names.dedup();
    for (name, color) in names.into_iter().zip(COLORS.into_iter().cycle()) {
        let line = rows.iter().filter(|row| row.strategy == name).map(|row| (sat(row), value(row)));
        let series = chart.draw_series(LineSeries::new(line, color.stroke_width(2)))?;
        series
            .label(name)
            .legend(move |(x, y)| PathElement::new([(x, y), (x + 16, y)], color.stroke_width(2)));
    }
    chart.configure_series_labels().border_style(BLACK).background_style(WHITE).draw()?;
    Ok(())
}

/// Width and height in pixels.
const SIZE: (u32, u32) = (900, 900);
/// Told apart by most people who see colours differently (Okabe and Ito's palette).
const COLORS: [RGBColor; 3] = [RGBColor(0, 114, 178), RGBColor(213, 94, 0), RGBColor(0, 158, 115)];
