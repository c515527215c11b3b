//! The result as a picture: one bar per row, how far it is beyond or behind its gate, on a logarithmic scale.
//!
//! Written by hand, since it is text and a few rectangles: a plotting crate would bring fonts, scales and backends for
//! what fits a screen here.

use std::fmt::Write as _;

use crate::report::Found;
use crate::stats::short;

const WIDTH: f64 = 900.0;
const LEFT: f64 = 190.0;
const RIGHT: f64 = 90.0;
const BAR: f64 = 16.0;
const LINE: f64 = 26.0;
const TOP: f64 = 44.0;
/// The scale goes from a quarter of the gate to four times it.
const REACH: f64 = 2.0;

/// Beyond the gate is above 1, whichever way is better.
fn beyond(found: &Found, value: f64) -> f64 {
    let ratio = if found.row.is_less_better { found.row.gate / value } else { value / found.row.gate };
    ratio.log2().clamp(-REACH, REACH)
}

fn x(doublings: f64) -> f64 {
    LEFT + (doublings + REACH) / (2.0 * REACH) * (WIDTH - LEFT - RIGHT)
}

/// The picture, as SVG.
pub fn svg(found: &[Found]) -> String {
    let height = TOP + LINE * crate::stats::number(found.len()) + 16.0;
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {height}\" font-family=\"sans-serif\" \
         font-size=\"12\">\n<rect width=\"100%\" height=\"100%\" fill=\"#fff\"/>\n\
         <text x=\"12\" y=\"20\" font-size=\"14\">Each row against its gate: right of the line is better. \
         Dots are rounds, the mark is the aim.</text>\n"
    );
    for (number, one) in found.iter().enumerate() {
        let y = TOP + LINE * crate::stats::number(number);
        let colour = if one.is_met() { "#2a7f62" } else { "#b5473c" };
        let (zero, end) = (x(0.0), x(beyond(one, one.value)));
        let (from, length) = (zero.min(end), (end - zero).abs().max(1.0));
        let (middle, base) = (y + BAR / 2.0, y + BAR - 4.0);
        let _ = writeln!(
            svg,
            "<text x=\"{:.0}\" y=\"{base:.1}\" text-anchor=\"end\">{}</text>\n<rect x=\"{from:.1}\" y=\"{y:.1}\" \
             width=\"{length:.1}\" height=\"{BAR}\" fill=\"{colour}\" fill-opacity=\"0.75\"/>",
            LEFT - 12.0,
            one.row.name
        );
        for round in &one.rounds {
            let at = x(beyond(one, round.value));
            let _ = writeln!(svg, "<circle cx=\"{at:.1}\" cy=\"{middle:.1}\" r=\"2\" fill=\"#222\"/>");
        }
        let aim = x(beyond(one, one.row.aim));
        let _ = writeln!(
            svg,
            "<path d=\"M{aim:.1} {y:.1}v{BAR}\" stroke=\"#555\" stroke-dasharray=\"3 2\"/>\n\
             <text x=\"{:.0}\" y=\"{base:.1}\">{}</text>",
            WIDTH - RIGHT + 12.0,
            short(one.value)
        );
    }
    let _ = writeln!(
        svg,
        "<path d=\"M{:.1} {:.1}V{:.1}\" stroke=\"#222\" stroke-width=\"1.5\"/>\n</svg>",
        x(0.0),
        TOP - 8.0,
        height - 12.0
    );
    svg
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::{ROWS, Value};

    fn found(name: &str, value: f64) -> Found {
        let row = ROWS.iter().find(|row| row.name == name).unwrap();
        Found { row, rounds: vec![Value { value, ours: value, yardstick: None }], value }
    }

    #[test]
    fn better_is_to_the_right_whichever_way_is_better() {
        let (more, less) = (found("transfers_pg_c16", 3.2), found("kb_pg", 2.0));
        assert_eq!((beyond(&more, more.value), beyond(&less, less.value)), (1.0, 1.0));
        assert!(beyond(&less, 100.0) < 0.0 && x(-REACH) >= LEFT && x(REACH) <= WIDTH - RIGHT);
    }

    #[test]
    fn every_row_is_in_the_picture() {
        let svg = svg(&[found("transfers_pg_c16", 0.5), found("kb_pg", 2.0)]);
        assert!(svg.starts_with("<svg") && svg.trim_end().ends_with("</svg>"));
        assert_eq!((svg.matches("<circle").count(), svg.matches("<rect").count()), (2, 3));
        assert!(svg.contains("transfers_pg_c16") && !svg.contains("NaN"));
    }
}
