//! Drainage as a SWMM 5 input file: CMS units, coordinates in the city's projected CRS.

use std::fmt::Write as _;

use super::{
    drainage::{Drains, NodeKind, ROUGHNESS},
    geom,
    params::CityPlan,
};

/// The file's text.
pub fn text(city: &CityPlan, d: &Drains) -> String {
    let mut o = String::new();
    let id = |n: usize| d.nodes[n].id.as_str();
    let _ = writeln!(o, "[TITLE]\n;;Storm drainage of {} (fictional), coordinates EPSG:{}\n", city.name.1, city.epsg);
    o.push_str("[OPTIONS]\nFLOW_UNITS           CMS\nINFILTRATION         HORTON\nFLOW_ROUTING         DYNWAVE\nLINK_OFFSETS         DEPTH\nALLOW_PONDING        NO\nSTART_DATE           07/01/2026\nSTART_TIME           00:00:00\nREPORT_START_DATE    07/01/2026\nREPORT_START_TIME    00:00:00\nEND_DATE             07/01/2026\nEND_TIME             03:00:00\nREPORT_STEP          00:05:00\nROUTING_STEP         2\nVARIABLE_STEP        0.75\n\n");
    o.push_str("[JUNCTIONS]\n;;Name           Invert     MaxDepth   InitDepth  SurDepth   Aponded\n");
    for n in d.nodes.iter().filter(|n| n.kind == NodeKind::Manhole) {
        let _ =
            writeln!(o, "{:<16} {:<10.3} {:<10.3} 0          0          0", n.id, n.invert_m, n.ground_m - n.invert_m);
    }
    o.push_str("\n[OUTFALLS]\n;;Name           Invert     Type       Gated\n");
    for n in d.nodes.iter().filter(|n| n.kind == NodeKind::Outfall) {
        let _ = writeln!(o, "{:<16} {:<10.3} FREE       YES", n.id, n.invert_m);
    }
    o.push_str(
        "\n[STORAGE]\n;;Name           Invert     MaxDepth   InitDepth  Shape      Coeff      Expon      Const\n",
    );
    for s in &d.stations {
        let n = &d.nodes[s.well];
        let _ = writeln!(
            o,
            "{:<16} {:<10.3} {:<10.3} 0          FUNCTIONAL 0          0          {:.1}",
            n.id,
            n.invert_m,
            n.ground_m - n.invert_m,
            s.well_m2
        );
    }
    o.push_str("\n[CONDUITS]\n;;Name           From             To               Length     Roughness  InOffset   OutOffset  InitFlow\n");
    for (i, p) in d.pipes.iter().enumerate() {
        let _ = writeln!(
            o,
            "GD{:<14} {:<16} {:<16} {:<10.2} {ROUGHNESS:<10} 0          0          0",
            i + 1,
            id(p.from),
            id(p.to),
            p.length_m
        );
    }
    o.push_str(
        "\n[PUMPS]\n;;Name           From             To               Curve            Status  Startup    Shutoff\n",
    );
    for p in &d.pumps {
        let _ = writeln!(
            o,
            "{:<16} {:<16} {:<16} {:<16} OFF     {:<10.2} {:<10.2}",
            p.id,
            id(p.from),
            id(p.to),
            format!("{}-C", p.id),
            p.start_m,
            p.stop_m
        );
    }
    o.push_str("\n[XSECTIONS]\n;;Link           Shape        Geom1      Geom2      Geom3      Geom4      Barrels\n");
    for (i, p) in d.pipes.iter().enumerate() {
        let _ = writeln!(o, "GD{:<14} CIRCULAR     {:<10.2} 0          0          0          1", i + 1, p.diameter_m);
    }
    o.push_str("\n[CURVES]\n;;Name           Type       X          Y\n");
    for p in &d.pumps {
        let c = format!("{}-C", p.id);
        // The flow does not depend on the depth between start and full well.
        let _ = writeln!(
            o,
            "{c:<16} PUMP4      0.00       {:<10.3}\n{c:<16}            12.00      {:<10.3}",
            p.flow_m3s, p.flow_m3s
        );
    }
    o.push_str("\n[REPORT]\nINPUT      NO\nCONTROLS   NO\n\n[MAP]\n");
    let _ = writeln!(
        o,
        "DIMENSIONS {} {} {} {}\nUNITS      Meters\n",
        city.origin[0],
        city.origin[1],
        city.origin[0] + city.size_m,
        city.origin[1] + city.size_m
    );
    o.push_str("[COORDINATES]\n;;Node           X-Coord            Y-Coord\n");
    for n in &d.nodes {
        let p = geom::add(n.at, city.origin);
        let _ = writeln!(o, "{:<16} {:<18.3} {:<18.3}", n.id, p[0], p[1]);
    }
    o
}
