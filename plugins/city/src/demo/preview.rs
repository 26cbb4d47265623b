//! A top-down picture of the plan for the eyes of its author: `GUANLAN_PREVIEW=/tmp/x.ppm`.

use super::{
    buildings::Built,
    drainage::Drains,
    geom::{self, P},
    ground::Ground,
    network::{Class, Network},
    plan::Plan,
    streets::Kind,
};

pub fn draw(
    path: &str,
    plan: &Plan,
    ground: &Ground,
    net: &Network,
    built: &Built,
    drains: Option<&Drains>,
    window: [f64; 4],
    px: usize,
) {
    let scale = (window[2] - window[0]) / px as f64;
    let py = ((window[3] - window[1]) / scale) as usize;
    let mut img = vec![[14u8, 24, 40]; px * py];
    let to = |p: P| [(p[0] - window[0]) / scale, (window[3] - p[1]) / scale];
    for j in 0..py {
        for i in 0..px {
            let p = [window[0] + (i as f64 + 0.5) * scale, window[3] - (j as f64 + 0.5) * scale];
            let z = ground.at(p);
            let e = 3.0f64.max(scale);
            let slope = (ground.at([p[0] - e, p[1] + e]) - ground.at([p[0] + e, p[1] - e])) / (2.8 * e);
            let shade = (1.0 - 1.6 * slope).clamp(0.4, 1.9) * (1.0 + (z - 8.0) * 0.004);
            let mut c = [26.0, 38.0, 58.0];
            if plan.zone(p).0 == super::plan::Zone::Hills {
                c = [22.0, 66.0, 58.0];
            }
            if plan.on_water(p) {
                c = [24.0, 96.0, 128.0];
            }
            img[j * px + i] = c.map(|v: f64| (v * if plan.on_water(p) { 1.0 } else { shade }).clamp(0.0, 255.0) as u8);
        }
    }
    let mut fill = |ring: &[P], c: [u8; 3]| {
        let r: Vec<P> = ring.iter().map(|&p| to(p)).collect();
        let (lo, hi) = geom::bounds(&r);
        for j in lo[1].max(0.0) as usize..=(hi[1].min(py as f64 - 1.0).max(0.0) as usize) {
            for i in lo[0].max(0.0) as usize..=(hi[0].min(px as f64 - 1.0).max(0.0) as usize) {
                if geom::inside([i as f64 + 0.5, j as f64 + 0.5], &r) {
                    img[j * px + i] = c;
                }
            }
        }
    };
    for (ring, _, k) in &built.greens {
        fill(ring, if *k == "pitch" { [44, 110, 80] } else { [31, 84, 66] });
    }
    fill(&plan.lake, [24, 96, 128]);
    for l in &net.links {
        let (a, b) = (net.nodes[l.a], net.nodes[l.b]);
        let w = l.half_width_m.max(scale * 0.6);
        let c = match l.class {
            _ if l.underpass.is_some() => [255, 120, 60],
            _ if l.bridge => [150, 180, 215],
            Class::Motorway => [150, 140, 110],
            Class::Link => [120, 112, 90],
            Class::Street(Kind::Primary) => [108, 140, 185],
            Class::Street(Kind::Secondary) => [93, 124, 166],
            Class::Street(Kind::Tertiary) => [72, 98, 134],
            _ => [58, 80, 112],
        };
        let n = geom::mul(geom::perp(geom::unit(geom::sub(b, a))), w);
        fill(&[geom::sub(a, n), geom::sub(b, n), geom::add(b, n), geom::add(a, n)], c);
    }
    for h in &built.houses {
        for b in &h.bodies {
            let t = ((h.base_m + b.lift_m + b.eaves_m) / 90.0).min(1.0);
            let c = match h.usage {
                "industrial" => [70.0, 86.0, 104.0],
                "school" | "university" | "hospital" => [150.0, 120.0, 110.0],
                _ => [66.0 + 120.0 * t, 92.0 + 110.0 * t, 134.0 + 90.0 * t],
            };
            fill(&b.ring, c.map(|v| v as u8));
        }
    }
    if let Some(d) = drains {
        for p in &d.pipes {
            let (a, b) = (d.nodes[p.from].at, d.nodes[p.to].at);
            let w = (p.diameter_m * 2.5).max(scale * 0.6);
            let n = geom::mul(geom::perp(geom::unit(geom::sub(b, a))), w);
            fill(&[geom::sub(a, n), geom::sub(b, n), geom::add(b, n), geom::add(a, n)], [120, 230, 200]);
        }
    }
    let mut out = format!("P6\n{px} {py}\n255\n").into_bytes();
    out.extend(img.iter().flatten());
    std::fs::write(path, out).unwrap();
}
