//! Storm drains as one-dimensional dynamic flow after SWMM, coupled both ways with the street.
//!
//! **What it is.** Conduits carry SWMM's momentum equation (inertia with partial damping, friction, local
//! losses, normal-flow limit, critical depth at free falls); nodes hold their shaft, their wet well and half of
//! each conduit. Heads and flows of a step are found together and implicitly, so that no step is too long to
//! be stable, and volumes are booked from the flows, so that none is lost: unlike SWMM, whose node and conduit
//! volumes close to a percent. Surcharge by pressure in full sections (EXTRAN) or by a slot. Pumps of types
//! 1–5, orifices, weirs, outlets, control rules, outfalls of all kinds, inflows and patterns of the file.
//! Streets meet manholes by weir and orifice equations (Rubinato et al. 2017), implicitly in the head.
//!
//! **What it is not.** Rain on subcatchments: it falls on the raster. No evaporation, seepage, culvert
//! inlet control, PID rules, Hazen-Williams force mains, HEC-22 street inlets.

mod inlets;
mod matrix;
mod plan;
mod pumps;
mod regulators;
mod rules;
mod section;
mod shapes;
mod state;
mod step;
mod supply;
mod wave;

pub use inlets::{COVER_M2, PlanInlet, capture_m3_s};
pub use plan::{DrainPlan, InletSettings, PlanLink, PlanNode};
pub use pumps::PlanPump;
pub use regulators::Regulator;
pub use section::{Section, Wetted};
pub use state::{DrainLedger, Drains};
pub use step::Moved;
