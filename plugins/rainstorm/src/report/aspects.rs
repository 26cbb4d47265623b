//! What runs are compared by on maps: deepest water, greatest speed, worst hazard class, arrival and duration. One is
//! chosen on the page; classes and colours are those of [`guanlan_core::peaks`], as in 3D.

use std::fmt::Write as _;

use guanlan_city::{City, import::raster::SourceRaster};
use guanlan_core::{Lang, WaterAspect, theme::Srgb8};

use super::{
    facts::RunFacts,
    map::{BaseMap, sample},
    text::{both, escape, short},
};

/// Runs with maps of their own; beyond that a page gets too heavy to open.
pub(super) const MOST_PICTURES: usize = 16;

/// Less and more harm than the base run (blue and orange, apart for the colour-blind), weak to strong.
const BETTER: [&str; 3] = ["#5FA8D3", "#2F7FC1", "#0B55A5"];
const WORSE: [&str; 3] = ["#F2C14E", "#F28E2B", "#D64F1E"];

/// One of the five.
pub(super) struct Compared {
    pub aspect: WaterAspect,
    /// The raster of a run.
    pub file: &'static str,
    /// Steps of a difference, in the raster's unit.
    steps: [f32; 3],
    /// The same in words, with their unit.
    step_words: [&'static str; 3],
    /// Words for less and more of it.
    signs: [(&'static str, &'static str); 2],
    /// More of it is worse; of arrival, less.
    more_is_worse: bool,
}

/// Opacity of the least and of the worst class, of 255.
const FAINT: f32 = 105.0;
const SOLID: f32 = 240.0;

const LESS_MORE: [(&str, &str); 2] = [("−", "−"), ("+", "+")];

/// In the order they are chosen from.
pub(super) const COMPARED: [Compared; 5] = [
    Compared {
        aspect: WaterAspect::MaxDepth,
        file: "max_depth.tif",
        steps: [0.02, 0.1, 0.3],
        step_words: ["0.02 m", "0.1 m", "0.3 m"],
        signs: LESS_MORE,
        more_is_worse: true,
    },
    Compared {
        aspect: WaterAspect::MaxSpeed,
        file: "max_speed.tif",
        steps: [0.1, 0.3, 0.6],
        step_words: ["0.1 m/s", "0.3 m/s", "0.6 m/s"],
        signs: LESS_MORE,
        more_is_worse: true,
    },
    Compared {
        aspect: WaterAspect::MaxHazard,
        file: "hazard_arr.tif",
        steps: [1.0, 2.0, 3.0],
        step_words: ["1 级 class", "2 级 classes", "3 级 classes"],
        signs: LESS_MORE,
        more_is_worse: true,
    },
    Compared {
        aspect: WaterAspect::Arrival,
        file: "arrival_5cm.tif",
        steps: [300.0, 900.0, 1800.0],
        step_words: ["5 min", "15 min", "30 min"],
        signs: [("早", "earlier"), ("晚", "later")],
        more_is_worse: false,
    },
    Compared {
        aspect: WaterAspect::Duration,
        file: "duration_15cm.tif",
        steps: [300.0, 900.0, 1800.0],
        step_words: ["5 min", "15 min", "30 min"],
        signs: [("短", "shorter"), ("长", "longer")],
        more_is_worse: true,
    },
];

fn rgb(color: &str) -> [u8; 3] {
    let c = Srgb8::parse(color).unwrap_or(Srgb8::hex(0x80_80_80));
    [c.r, c.g, c.b]
}

/// A colour that covers nearly all below it.
fn solid(color: &str) -> [u8; 4] {
    let [r, g, b] = rgb(color);
    [r, g, b, SOLID as u8]
}

impl Compared {
    /// Number of the class of a value; `None` below the first.
    fn class(&self, value: f32) -> Option<usize> {
        self.aspect.classes().iter().rposition(|c| value >= c.from)
    }

    /// Colour and opacity of a value: what is harmless lets the ground through, so that what is not stands out.
    fn paint(&self, value: f32) -> Option<[u8; 4]> {
        let (classes, k) = (self.aspect.classes(), self.class(value)?);
        let share = k as f32 / (classes.len() - 1).max(1) as f32;
        let harm = if self.more_is_worse { share } else { 1.0 - share };
        let [r, g, b] = rgb(classes[k].color);
        Some([r, g, b, (FAINT + harm * (SOLID - FAINT)) as u8])
    }

    /// The colour of a difference run − base; a place that is wet in only one of them differs as much as can be.
    fn difference(&self, run: Option<f32>, base: Option<f32>) -> Option<[u8; 4]> {
        // What never comes comes later than anything.
        let absent = if self.more_is_worse { 0.0 } else { f32::INFINITY };
        let (run, base) = (run.unwrap_or(absent), base.unwrap_or(absent));
        if run == base {
            return None;
        }
        let d = run - base;
        let step = self.steps.iter().rposition(|s| d.abs() >= *s)?;
        let worse = (d > 0.0) == self.more_is_worse;
        Some(solid(if worse { WORSE[step] } else { BETTER[step] }))
    }

    fn legend(&self) -> Vec<(String, String)> {
        self.aspect.classes().iter().map(|c| (c.color.to_owned(), c.zh.to_owned())).collect()
    }

    /// From much better to much worse.
    fn difference_legend(&self) -> Vec<(String, String)> {
        let [less, more] = self.signs;
        let (better, worse) = if self.more_is_worse { (less, more) } else { (more, less) };
        let one = |colors: [&'static str; 3], sign: (&str, &str)| {
            let words = self.step_words.into_iter().map(move |step| match sign {
                (zh, en) if zh == en => format!("{zh}{step}"),
                (zh, en) => format!("{zh} {step} {en}"),
            });
            let words: Vec<String> = words.collect();
            colors.into_iter().map(String::from).zip(words).collect::<Vec<_>>()
        };
        one(BETTER, better).into_iter().rev().chain(one(WORSE, worse)).collect()
    }
}

/// The maps of all aspects, one of them shown at a time, with two runs under a slider.
pub(super) fn maps(out: &mut String, city: &City, runs: &[&RunFacts], ground: &BaseMap) {
    let _ = write!(out, "<h2>{}</h2>{}", both("空间对比", "On the map"), ground.once());
    out.push_str("<nav class=\"tabs\" id=\"tabs\">");
    for (k, c) in COMPARED.iter().enumerate() {
        let name = c.aspect.name();
        let on = if k == 0 { "true" } else { "false" };
        let _ = write!(
            out,
            "<button type=\"button\" data-k=\"{k}\" aria-pressed=\"{on}\">{}</button>",
            both(&name.zh, &name.en)
        );
    }
    out.push_str("</nav>");
    if runs.len() > 1 {
        swipe(out, runs, ground);
    }
    for (k, compared) in COMPARED.iter().enumerate() {
        let _ = write!(out, "<section class=\"aspect\" data-k=\"{k}\">");
        aspect(out, city, compared, runs, ground);
        out.push_str("</section>");
    }
    let _ = write!(out, "<script>{CHOOSE}</script>");
}

fn aspect(out: &mut String, city: &City, compared: &Compared, runs: &[&RunFacts], ground: &BaseMap) {
    let name = compared.aspect.name();
    let rasters: Vec<Option<SourceRaster>> = runs.iter().map(|r| r.raster(compared.file)).collect();
    let _ = write!(out, "<h3>{}</h3>", both(&name.zh, &name.en));
    areas(out, compared, runs, &rasters);
    out.push_str("<div class=\"maps runs\">");
    for (run, raster) in runs.iter().zip(&rasters) {
        let value = |at| sample(raster.as_ref()?, city, at);
        let png = ground.overlay(|at| compared.paint(value(at)?));
        out.push_str(&ground.figure(
            &png,
            &format!("{} · {}", name.zh, run.name()),
            &compared.legend(),
            &run.summary.honesty_line(Lang::Zh),
        ));
    }
    out.push_str("</div>");
    let Some((Some(base), rest)) = rasters.split_first().filter(|(_, rest)| !rest.is_empty()) else { return };
    let _ = write!(
        out,
        "<h3>{}</h3><p>{}</p><div class=\"maps\">",
        both(&format!("{}：与基准情景之差", name.zh), &format!("{}: against the base run", name.en)),
        both("蓝色为改善，橙色为恶化。", "Blue is better, orange is worse.")
    );
    for (run, raster) in runs[1..].iter().zip(rest) {
        let known = |raster: &SourceRaster, at| sample(raster, city, at).filter(|v| compared.class(*v).is_some());
        let png = ground.overlay(|at| {
            let raster = raster.as_ref()?;
            compared.difference(known(raster, at), known(base, at))
        });
        let title = format!("{} · {} − {}", name.zh, run.name(), runs[0].name());
        let legend = compared.difference_legend();
        out.push_str(&ground.figure(&png, &title, &legend, &run.summary.honesty_line(Lang::Zh)));
    }
    out.push_str("</div>");
}

/// Area of every class, ha, and how it differs from the base run's.
fn areas(out: &mut String, compared: &Compared, runs: &[&RunFacts], rasters: &[Option<SourceRaster>]) {
    let classes = compared.aspect.classes();
    let by_class = |raster: &SourceRaster| {
        let cell_ha = (raster.affine[1] * raster.affine[5]).abs() / 1.0e4;
        let mut ha = vec![0.0_f64; classes.len()];
        let found = raster.z.iter().filter(|v| v.is_finite()).filter_map(|v| compared.class(*v));
        found.for_each(|k| ha[k] += cell_ha);
        ha
    };
    let tables: Vec<Option<Vec<f64>>> = rasters.iter().map(|r| r.as_ref().map(by_class)).collect();
    let _ = write!(
        out,
        "<div class=\"wide\"><table><thead><tr><th>{}<small>ha</small></th>",
        both("各级面积", "Area by class")
    );
    for c in classes {
        let words = if c.zh == c.en { escape(c.zh) } else { both(c.zh, c.en) };
        let _ = write!(out, "<th><i class=\"key\" style=\"background:{}\"></i>{words}</th>", c.color);
    }
    out.push_str("</tr></thead><tbody>");
    for (k, (run, ha)) in runs.iter().zip(&tables).enumerate() {
        let mark = if k == 0 { format!("<small>{}</small>", both("基准", "base")) } else { String::new() };
        let _ = write!(out, "<tr><th title=\"{}\">{}{mark}</th>", escape(&run.id), escape(&run.name()));
        for class in 0..classes.len() {
            let cell = |table: &Option<Vec<f64>>| table.as_ref().map(|ha| ha[class]);
            let (own, base) = (cell(ha), tables.first().and_then(cell));
            let apart = match (own, base) {
                (Some(own), Some(base)) if k > 0 => {
                    let d = own - base;
                    format!("<small>{}{}</small>", if d < 0.0 { "−" } else { "+" }, short(d.abs(), 2))
                }
                _ => String::new(),
            };
            let _ = write!(out, "<td>{}{apart}</td>", own.map_or_else(|| "—".into(), |v| short(v, 2)));
        }
        out.push_str("</tr>");
    }
    out.push_str("</tbody></table></div>");
}

/// Two maps under a slider; the script takes their pictures from the figures below.
fn swipe(out: &mut String, runs: &[&RunFacts], ground: &BaseMap) {
    let (w, h) = ground.size();
    let options = |chosen: usize| {
        let one = |(k, run): (usize, &&RunFacts)| {
            let selected = if k == chosen { " selected" } else { "" };
            format!("<option value=\"{k}\"{selected}>{}</option>", escape(&run.name()))
        };
        runs.iter().enumerate().map(one).collect::<String>()
    };
    let _ = write!(
        out,
        "<section class=\"swipe\" style=\"aspect-ratio:{w}/{h}\"><svg viewBox=\"0 0 {w} {h}\"><use href=\"#ground\"/>\
         </svg><img id=\"left\" alt=\"\"><img id=\"right\" alt=\"\"><hr id=\"edge\"></section><p class=\"pick\"><select \
         id=\"a\" aria-label=\"左 left\">{}</select><input id=\"cut\" type=\"range\" min=\"0\" max=\"100\" value=\"50\" \
         aria-label=\"卷帘 swipe\"><select id=\"b\" aria-label=\"右 right\">{}</select></p><div class=\"legend\" \
         id=\"key\"></div>",
        options(0),
        options(runs.len() - 1)
    );
}

const CHOOSE: &str = "const at=i=>document.getElementById(i),all=q=>[...document.querySelectorAll(q)];let chosen='0';\
function show(){all('#tabs button').forEach(b=>b.setAttribute('aria-pressed',b.dataset.k===chosen));\
all('section.aspect').forEach(s=>s.hidden=s.dataset.k!==chosen);if(!at('left'))return;\
const of=`section.aspect[data-k=\"${chosen}\"] .runs `,maps=all(of+'image').map(i=>i.getAttribute('href'));\
at('left').src=maps[at('a').value];at('right').src=maps[at('b').value];const c=at('cut').value;\
at('left').style.clipPath=`inset(0 ${100-c}% 0 0)`;at('right').style.clipPath=`inset(0 0 0 ${c}%)`;at('edge').style.left=c+'%';\
at('key').innerHTML=document.querySelector(of+'.legend').innerHTML}\
all('#tabs button').forEach(b=>b.onclick=()=>{chosen=b.dataset.k;show()});\
for(const i of['a','b','cut'])if(at(i))at(i).oninput=show;show();";

#[cfg(test)]
mod tests {
    use super::*;

    fn of(aspect: WaterAspect) -> &'static Compared {
        COMPARED.iter().find(|c| c.aspect == aspect).expect("each is compared")
    }

    #[test]
    fn worse_is_orange_whatever_more_means() {
        let (depth, arrival) = (of(WaterAspect::MaxDepth), of(WaterAspect::Arrival));
        assert_eq!(depth.difference(Some(0.5), Some(0.1)), Some(solid(WORSE[2])));
        assert_eq!(depth.difference(None, Some(0.15)), Some(solid(BETTER[1])));
        assert_eq!(depth.difference(Some(0.21), Some(0.2)), None, "less than the first step");
        assert_eq!(arrival.difference(Some(600.0), Some(1800.0)), Some(solid(WORSE[1])), "earlier is worse");
        assert_eq!(arrival.difference(None, Some(1800.0)), Some(solid(BETTER[2])), "it no longer comes");
        assert_eq!(arrival.difference(Some(60.0), None), Some(solid(WORSE[2])));
        assert_eq!(arrival.difference(None, None), None);
        let alpha = |c: &Compared, value: f32| c.paint(value).map(|p| p[3]);
        assert!(alpha(depth, 2.0) > alpha(depth, 0.06) && alpha(depth, 0.04).is_none());
        assert!(alpha(arrival, 60.0) > alpha(arrival, 9000.0), "what comes first stands out");
    }

    #[test]
    fn legends_say_what_is_drawn() {
        for c in &COMPARED {
            assert_eq!(c.legend().len(), c.aspect.classes().len());
            assert_eq!(c.difference_legend().len(), 6);
        }
        assert_eq!(of(WaterAspect::MaxDepth).difference_legend()[0], (BETTER[2].into(), "−0.3 m".into()));
        assert_eq!(of(WaterAspect::Arrival).difference_legend()[5], (WORSE[2].into(), "早 30 min earlier".into()));
    }
}
