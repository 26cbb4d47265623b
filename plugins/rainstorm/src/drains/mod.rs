//! Storm drains as a network of linear reservoirs with pipe capacities.
//!
//! **What it is.** Each node stores water in its shaft and in the pipes that leave it. A pipe passes at
//! most its full-bore Manning flow, and less in proportion while its own volume is not full (a linear
//! reservoir whose time constant is the full-bore travel time). A full node takes no more: the pipe
//! above fills, and at last the inlet refuses and the street keeps its water. So what an inlet can take
//! is what the pipes all the way to the outfall can carry. Inlets pass a weir, then an orifice flow.
//! Pumps follow their SWMM curves. Every m³ is booked: taken = in the pipes + out of the outfalls.
//!
//! **What it is not.** No pressure, no backwater curve, no surcharge out of manholes, no tide at
//! outfalls, no momentum: not a dynamic wave. Peaks in flat, interlinked or pressurised networks are
//! only indicative. Subcatchments and inflows of the .inp file are not used, rain falls on the raster.

mod hydraulics;
mod plan;
mod state;

pub use hydraulics::{Section, full_flow_m3_s, section_of};
pub use plan::{DrainPlan, InletSettings, PlanLink, PlanNode, PlanPump};
pub use state::{DrainLedger, Drains};
