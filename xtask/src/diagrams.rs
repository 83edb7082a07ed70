//! The diagrams of docs/diagrams: boxes on a grid and arrows between them, from TOML to SVG.

use std::collections::BTreeMap;
use std::fs;

use serde::Deserialize;

use crate::cargo;
use crate::failure::Failure;
use crate::svg::Svg;

const FOLDER: &str = "docs/diagrams";
const MAKER: &str = "cargo xtask docs";
/// A cell of the grid, and the gap that boxes leave in it.
const CELL: (i32, i32) = (206, 104);
const GAP: (i32, i32) = (32, 36);
const MARGIN: i32 = 12;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Diagram {
    title: String,
    #[serde(rename = "box")]
    boxes: Vec<Node>,
    #[serde(rename = "arrow")]
    arrows: Vec<Arrow>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Node {
    id: String,
    /// Column and row.
    at: (i32, i32),
    /// In columns.
    #[serde(default = "one")]
    wide: i32,
    #[serde(default = "plain")]
    kind: String,
    text: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Arrow {
    from: String,
    to: String,
    #[serde(default)]
    text: String,
}

fn one() -> i32 {
    1
}

fn plain() -> String {
    "box".to_owned()
}

impl Node {
    fn corner(&self) -> (i32, i32) {
        (MARGIN + self.at.0 * CELL.0, MARGIN + self.at.1 * CELL.1)
    }

    fn size(&self) -> (i32, i32) {
        (self.wide * CELL.0 - GAP.0, CELL.1 - GAP.1)
    }

    fn middle(&self) -> (i32, i32) {
        let ((x, y), (width, height)) = (self.corner(), self.size());
        (x + width / 2, y + height / 2)
    }

    /// Where the line from the middle to this point leaves the box.
    fn edge(&self, (x, y): (i32, i32)) -> (i32, i32) {
        let ((mx, my), (width, height)) = (self.middle(), self.size());
        let (dx, dy) = (f64::from(x - mx), f64::from(y - my));
        let across = if dx == 0.0 { f64::INFINITY } else { f64::from(width) / 2.0 / dx.abs() };
        let along = if dy == 0.0 { f64::INFINITY } else { f64::from(height) / 2.0 / dy.abs() };
        let share = across.min(along);
        ((f64::from(mx) + dx * share).round() as i32, (f64::from(my) + dy * share).round() as i32)
    }
}

/// The pictures as they should be, by their path from the root of the workspace.
pub(crate) fn pictures() -> Result<BTreeMap<String, String>, Failure> {
    let folder = cargo::root().join(FOLDER);
    let unread = |error: std::io::Error| Failure::new(format_args!("{FOLDER}: {error}"));
    let mut pictures = BTreeMap::new();
    for entry in fs::read_dir(&folder).map_err(unread)? {
        let path = entry.map_err(unread)?.path();
        if path.extension().is_none_or(|extension| extension != "toml") {
            continue;
        }
        let name = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        let text = fs::read_to_string(&path).map_err(unread)?;
        let picture = drawn(&text).map_err(|why| Failure::new(format_args!("{FOLDER}/{name}.toml: {why}")))?;
        pictures.insert(format!("{FOLDER}/{name}.svg"), picture);
    }
    Ok(pictures)
}

fn drawn(text: &str) -> Result<String, String> {
    let diagram: Diagram = toml::from_str(text).map_err(|error| error.to_string())?;
    let right = diagram.boxes.iter().map(|node| node.corner().0 + node.size().0).max().unwrap_or_default();
    let bottom = diagram.boxes.iter().map(|node| node.corner().1 + node.size().1).max().unwrap_or_default();
    let mut svg = Svg::new(right + MARGIN, bottom + MARGIN);
    let find = |id: &str| diagram.boxes.iter().find(|node| node.id == id).ok_or_else(|| format!("no box {id}"));
    let mut labels = Vec::new();
    for arrow in &diagram.arrows {
        let (from, to) = (find(&arrow.from)?, find(&arrow.to)?);
        let (start, end) = (from.edge(to.middle()), to.edge(from.middle()));
        svg.line(&[start, end], "arrow");
        svg.polygon(&tip(start, end), "tip");
        labels.push((((start.0 + end.0) / 2, (start.1 + end.1) / 2 + 5), &arrow.text));
    }
    for node in &diagram.boxes {
        svg.rectangle(node.corner(), node.size(), 8, &node.kind);
        let (x, y) = node.middle();
        let lines = i32::try_from(node.text.len()).unwrap_or(1);
        for (number, line) in (0..).zip(&node.text) {
            let class = if number == 0 && node.wide == 1 { "mid strong" } else { "mid" };
            svg.text((x, y + 5 + 18 * number - 9 * (lines - 1)), class, line);
        }
    }
    for (at, text) in labels.into_iter().filter(|(_, text)| !text.is_empty()) {
        svg.text(at, "mid small halo", text);
    }
    Ok(svg.finish(&diagram.title, MAKER))
}

/// The tip of an arrow that ends here.
fn tip(start: (i32, i32), end: (i32, i32)) -> [(i32, i32); 3] {
    let (dx, dy) = (f64::from(end.0 - start.0), f64::from(end.1 - start.1));
    let length = dx.hypot(dy).max(1.0);
    let (ux, uy) = (dx / length, dy / length);
    let at = |back: f64, side: f64| {
        let (x, y) = (f64::from(end.0) - back * ux + side * uy, f64::from(end.1) - back * uy - side * ux);
        (x.round() as i32, y.round() as i32)
    };
    [end, at(10.0, 5.0), at(10.0, -5.0)]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arrow_ends_at_the_edge_of_its_box() {
        let text = "title = 't'\n[[box]]\nid = 'a'\nat = [0, 0]\ntext = ['A']\n[[box]]\nid = 'b'\nat = [1, 0]\ntext = ['B']\n\
                    [[arrow]]\nfrom = 'a'\nto = 'b'\n";
        let svg = drawn(text).expect("a picture");
        let middle = MARGIN + (CELL.1 - GAP.1) / 2;
        let (start, end) = (MARGIN + CELL.0 - GAP.0, MARGIN + CELL.0);
        assert!(svg.contains(&format!("<polyline points=\"{start},{middle} {end},{middle}\"")), "{svg}");
    }

    #[test]
    fn arrow_to_a_missing_box_is_an_error() {
        let error = drawn("title = 't'\nbox = []\narrow = [{ from = 'a', to = 'b' }]\n").expect_err("no such box");
        assert_eq!(error, "no box a");
    }
}
