//! The figures, drawn.

use std::fmt::Write;

use super::dependency::Fault;
use super::fleet::{OBSERVED, REQUESTS};
use super::{Course, Figures};

/// Who is drawn, in which colour and how wide; what is below comes first.
const LINES: [(&str, &str, &str); 4] = [
    ("no check", "#b8bec6", "7"),
    ("naive", "#d1242f", "2"),
    ("naive, thresholds", "#c4780a", "2"),
    ("`shared`", "#0550ae", "2"),
];

const WIDTH: f64 = 860.0;
const LEFT: f64 = 74.0;
const RIGHT: f64 = 20.0;
const TOP: f64 = 62.0;
const PANEL: f64 = 120.0;
const STEP: f64 = 172.0;

/// A picture with its own background, so that it can be read on any. It has no line that is empty
/// and no style sheet, so that it can stand in a page.
pub(super) fn draw(courses: &[Course]) -> String {
    let mut svg = String::new();
    write(&mut svg, courses).unwrap();
    svg
}

fn write(svg: &mut String, courses: &[Course]) -> std::fmt::Result {
    let height = TOP + STEP * courses.len() as f64 + 8.0;
    writeln!(
        svg,
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {height}\" width=\"100%\" \
         role=\"img\" font-family=\"sans-serif\" font-size=\"13\" fill=\"#24292f\">\n\
         <title>Requests served per second while a dependency fails</title>\n\
         <rect width=\"{WIDTH}\" height=\"{height}\" rx=\"6\" fill=\"#ffffff\"/>"
    )?;
    legend(svg)?;
    for (index, course) in courses.iter().enumerate() {
        panel(svg, course, TOP + 18.0 + STEP * index as f64)?;
    }
    writeln!(svg, "</svg>")
}

fn legend(svg: &mut String) -> std::fmt::Result {
    let mut x = LEFT;
    for (name, colour, width) in LINES {
        let name = name.replace('`', "");
        writeln!(
            svg,
            "<path d=\"M{x} 24h28\" stroke=\"{colour}\" stroke-width=\"{width}\"/>\
             <text x=\"{}\" y=\"28\">{name}</text>",
            x + 36.0
        )?;
        x += 70.0 + 8.0 * name.len() as f64;
    }
    writeln!(
        svg,
        "<rect x=\"{x}\" y=\"14\" width=\"28\" height=\"20\" fill=\"#fff1c2\"/>\
         <text x=\"{}\" y=\"28\">fault</text>",
        x + 36.0
    )
}

fn panel(svg: &mut String, course: &Course, top: f64) -> std::fmt::Result {
    let bottom = top + PANEL;
    let (begin, end) = (seconds(Fault::SLOTS.0), seconds(Fault::SLOTS.1));
    writeln!(
        svg,
        "<text x=\"{LEFT}\" y=\"{}\" font-weight=\"bold\">{}</text>\n\
         <rect x=\"{:.1}\" y=\"{top}\" width=\"{:.1}\" height=\"{PANEL}\" fill=\"#fff1c2\"/>",
        top - 8.0,
        course.fault.name(),
        x(begin),
        x(end) - x(begin),
    )?;
    for served in [0, 500, 1000] {
        let y = y(served, bottom);
        writeln!(
            svg,
            "<path d=\"M{LEFT} {y:.1}H{}\" stroke=\"#d8dee4\"/>\
             <text x=\"{}\" y=\"{:.1}\" text-anchor=\"end\">{served}</text>",
            WIDTH - RIGHT,
            LEFT - 8.0,
            y + 4.0
        )?;
    }
    for second in (20..=120).step_by(10) {
        let x = x(f64::from(second));
        let unit = if second == 120 { " s" } else { "" };
        writeln!(
            svg,
            "<path d=\"M{x:.1} {bottom}v5\" stroke=\"#57606a\"/>\
             <text x=\"{x:.1}\" y=\"{}\" text-anchor=\"middle\">{second}{unit}</text>",
            bottom + 18.0
        )?;
    }
    writeln!(
        svg,
        "<text transform=\"translate(18 {:.1}) rotate(-90)\" text-anchor=\"middle\">requests/s</text>",
        top + PANEL / 2.0
    )?;
    for (name, colour, width) in LINES {
        line(svg, course.of(name), bottom, colour, width)?;
    }
    Ok(())
}

fn line(
    svg: &mut String,
    figures: &Figures,
    bottom: f64,
    colour: &str,
    width: &str,
) -> std::fmt::Result {
    let mut path = String::new();
    for (second, served) in figures.served() {
        let command = if path.is_empty() { 'M' } else { 'L' };
        let (x, y) = (x(second as f64 + 0.5), y(served, bottom));
        write!(path, "{command}{x:.1} {y:.1}")?;
    }
    writeln!(
        svg,
        "<path d=\"{path}\" fill=\"none\" stroke=\"{colour}\" stroke-width=\"{width}\" \
         stroke-linejoin=\"round\"/>"
    )
}

fn seconds(slot: u32) -> f64 {
    f64::from(slot) / 10.0
}

fn x(second: f64) -> f64 {
    let (from, to) = (seconds(OBSERVED.0), seconds(OBSERVED.1));
    LEFT + (WIDTH - LEFT - RIGHT) * (second - from) / (to - from)
}

fn y(served: u64, bottom: f64) -> f64 {
    bottom - PANEL * served as f64 / (10 * REQUESTS) as f64
}
