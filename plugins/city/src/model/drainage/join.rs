//! Two networks as one: indices of the second follow those of the first.

use super::{
    ControlSetting, DividerKind, DrainageNetwork, InletKind, OutfallStage, OutletRating, RainSource, SubcatchOutlet,
};

pub(super) fn join(into: &mut DrainageNetwork, mut other: DrainageNetwork) {
    let nodes = into.nodes.len();
    let (conduits, curves, series) = (into.conduits.len(), into.curves.len(), into.series.len());
    let (catchments, gages, patterns) = (into.catchments.len(), into.gages.len(), into.patterns.len());
    let inlets = into.inlets.len();
    into.climate.join(other.climate, [catchments, patterns, gages]);
    let (controls, aquifers, hydrographs) = (into.lid_controls.len(), into.aquifers.len(), into.hydrographs.len());
    for node in &mut other.nodes {
        if let Some(outfall) = &mut node.outfall {
            outfall.route_to = outfall.route_to.map(|k| k + catchments);
            match &mut outfall.stage {
                OutfallStage::Tidal(k) => *k += curves,
                OutfallStage::Series { series: k, .. } => *k += series,
                OutfallStage::Free | OutfallStage::Normal | OutfallStage::FixedM(_) => {}
            }
        }
        if let Some(DividerKind::Tabular(k)) = node.divider.as_mut().map(|d| &mut d.kind) {
            *k += curves;
        }
    }
    let ends = other.conduits.iter_mut().map(|l| (&mut l.from, &mut l.to));
    let ends = ends.chain(other.pumps.iter_mut().map(|l| (&mut l.from, &mut l.to)));
    let ends = ends.chain(other.orifices.iter_mut().map(|l| (&mut l.from, &mut l.to)));
    let ends = ends.chain(other.weirs.iter_mut().map(|l| (&mut l.from, &mut l.to)));
    for (from, to) in ends.chain(other.outlets.iter_mut().map(|l| (&mut l.from, &mut l.to))) {
        *from += nodes;
        *to += nodes;
    }
    for weir in &mut other.weirs {
        weir.coefficient_curve = weir.coefficient_curve.map(|k| k + curves);
    }
    for outlet in &mut other.outlets {
        if let OutletRating::Tabular(k) = &mut outlet.rating {
            *k += curves;
        }
    }
    for catchment in &mut other.catchments {
        catchment.gage = catchment.gage.map(|k| k + gages);
        match &mut catchment.outlet {
            SubcatchOutlet::Node(k) => *k += nodes,
            SubcatchOutlet::Subcatchment(k) => *k += catchments,
            SubcatchOutlet::None => {}
        }
    }
    for control in &mut other.lid_controls {
        control.drain.curve = control.drain.curve.map(|k| k + curves);
    }
    for usage in &mut other.lid_usage {
        usage.control += controls;
        usage.catchment += catchments;
        match &mut usage.drain_to {
            Some(SubcatchOutlet::Node(k)) => *k += nodes,
            Some(SubcatchOutlet::Subcatchment(k)) => *k += catchments,
            Some(SubcatchOutlet::None) | None => {}
        }
    }
    for aquifer in &mut other.aquifers {
        aquifer.pattern = aquifer.pattern.map(|k| k + patterns);
    }
    for ground in &mut other.groundwater {
        ground.catchment += catchments;
        ground.aquifer += aquifers;
        ground.node += nodes;
    }
    for hydrograph in &mut other.hydrographs {
        hydrograph.gage = hydrograph.gage.map(|k| k + gages);
    }
    for rdii in &mut other.rdii {
        rdii.node += nodes;
        rdii.hydrograph += hydrographs;
    }
    for gage in &mut other.gages {
        if let RainSource::Series(k) = &mut gage.source {
            *k += series;
        }
    }
    for inflow in &mut other.inflows {
        inflow.node += nodes;
        inflow.series = inflow.series.map(|k| k + series);
        inflow.pattern = inflow.pattern.map(|k| k + patterns);
    }
    for flow in &mut other.dry_weather {
        flow.node += nodes;
        flow.patterns.iter_mut().for_each(|k| *k += patterns);
    }
    for inlet in &mut other.inlets {
        for opening in &mut inlet.openings {
            if let InletKind::Custom { curve } = opening {
                *curve += curves;
            }
        }
    }
    for usage in &mut other.inlet_usage {
        usage.conduit += conduits;
        usage.inlet += inlets;
        usage.node += nodes;
    }
    for action in other.rules.iter_mut().flat_map(|r| r.then.iter_mut().chain(&mut r.otherwise)) {
        match &mut action.setting {
            ControlSetting::Curve(k) => *k += curves,
            ControlSetting::Series(k) => *k += series,
            ControlSetting::Value(_) | ControlSetting::Pid(_) => {}
        }
    }
    into.nodes.append(&mut other.nodes);
    into.conduits.append(&mut other.conduits);
    into.pumps.append(&mut other.pumps);
    into.orifices.append(&mut other.orifices);
    into.weirs.append(&mut other.weirs);
    into.outlets.append(&mut other.outlets);
    into.subcatchments += other.subcatchments;
    into.catchments.append(&mut other.catchments);
    into.gages.append(&mut other.gages);
    into.lid_controls.append(&mut other.lid_controls);
    into.lid_usage.append(&mut other.lid_usage);
    into.aquifers.append(&mut other.aquifers);
    into.groundwater.append(&mut other.groundwater);
    into.hydrographs.append(&mut other.hydrographs);
    into.rdii.append(&mut other.rdii);
    into.inflows.append(&mut other.inflows);
    into.dry_weather.append(&mut other.dry_weather);
    into.series.append(&mut other.series);
    into.curves.append(&mut other.curves);
    into.patterns.append(&mut other.patterns);
    into.transects.append(&mut other.transects);
    into.streets.append(&mut other.streets);
    into.inlets.append(&mut other.inlets);
    into.inlet_usage.append(&mut other.inlet_usage);
    into.rules.append(&mut other.rules);
    into.formulas.append(&mut other.formulas);
}
