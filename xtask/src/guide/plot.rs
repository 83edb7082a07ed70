//! Horizontal bars with their names and figures beside them, so that colours need not be distinguished. The colours follow the
//! reader's choice of a light or a dark page.

use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, Pos, VPos};

use crate::failure::Failure;

const WIDTH: u32 = 760;
const NAMES: i32 = 190;
const FIGURES: i32 = 90;
const TOP: i32 = 44;
const LINE: i32 = 26;

/// Colours of the drawing, each replaced by a class of the style sheet.
const TEXT: RGBColor = RGBColor(1, 1, 1);
const BAR: RGBColor = RGBColor(2, 2, 2);

const STYLE: &str = "<style>\n.t{fill:#1f2328}.b{fill:#0969da}\n@media(prefers-color-scheme:dark){.t{fill:#e6edf3}.b{fill:#58a6ff}}\n</style>\n";

/// One plot.
pub(super) struct Bars {
    pub title: String,
    pub unit: &'static str,
    pub bars: Vec<(String, f64)>,
}

/// Returns the plot as SVG.
pub(super) fn draw(bars: &Bars) -> Result<String, Failure> {
    let mut svg = String::new();
    let height = TOP + LINE * bars.bars.len() as i32 + 8;
    paint(bars, &mut svg, height).map_err(|error| Failure::new(format_args!("{}: {error}", bars.title)))?;
    let svg = svg.replace("fill=\"#010101\"", "class=\"t\"").replace("fill=\"#020202\"", "class=\"b\"");
    // After the opening tag.
    let begin = svg.find("<svg").and_then(|svg_tag| svg[svg_tag..].find('>').map(|end| svg_tag + end + 1));
    let begin = begin.ok_or_else(|| Failure::new(format_args!("{}: no SVG was drawn", bars.title)))?;
    let (head, rest) = svg.split_at(begin);
    Ok(format!("{head}\n{STYLE}{}\n", rest.trim()))
}

fn paint(bars: &Bars, svg: &mut String, height: i32) -> Result<(), Box<dyn std::error::Error>> {
    let area = SVGBackend::with_string(svg, (WIDTH, height as u32)).into_drawing_area();
    let style =
        |size: i32, horizontal| ("sans-serif", size).into_font().color(&TEXT).pos(Pos::new(horizontal, VPos::Center));
    area.draw(&Text::new(bars.title.clone(), (8, 20), style(17, HPos::Left)))?;
    let most = bars.bars.iter().map(|(_, figure)| *figure).fold(f64::MIN_POSITIVE, f64::max);
    let room = f64::from(WIDTH as i32 - NAMES - FIGURES);
    for (index, (name, figure)) in bars.bars.iter().enumerate() {
        let middle = TOP + LINE * index as i32 + LINE / 2;
        let end = NAMES + (room * figure / most).round() as i32;
        let shown =
            if *figure < 100.0 { format!("{figure:.1}{}", bars.unit) } else { format!("{figure:.0}{}", bars.unit) };
        area.draw(&Text::new(name.clone(), (NAMES - 8, middle), style(14, HPos::Right)))?;
        area.draw(&Rectangle::new([(NAMES, middle - 8), (end, middle + 8)], BAR.filled()))?;
        area.draw(&Text::new(shown, (end + 8, middle), style(14, HPos::Left)))?;
    }
    area.present()?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plot_names_each_bar_and_its_figure_in_both_colour_schemes() {
        let bars = Bars {
            title: "Title".to_owned(),
            unit: " ms",
            bars: vec![("one".to_owned(), 1.25), ("two".to_owned(), 250.0)],
        };
        let svg = draw(&bars).expect("drawn");
        for part in
            ["Title", "one", "1.2 ms", "two", "250 ms", "class=\"b\"", "class=\"t\"", "prefers-color-scheme:dark"]
        {
            assert!(svg.contains(part), "{part}: {svg}");
        }
        assert!(!svg.contains("#010101") && !svg.contains("#020202"), "{svg}");
    }
}
