//! Storm drains as one-dimensional dynamic flow after SWMM, coupled both ways with the street.
//!
//! **What it is.** Conduits carry SWMM's momentum equation (inertia with partial damping, friction, local
//! losses, normal-flow limit, critical depth at free falls); nodes hold their shaft, their wet well and half of
//! each conduit. Heads and flows of a step are found together and implicitly, so that no step is too long to
//! be stable, and volumes are booked from the flows, so that none is lost: unlike SWMM, whose node and conduit
//! volumes close to a percent. Surcharge by pressure in full sections (EXTRAN) or by a slot. Pumps of types
//! 1–5, orifices, weirs, outlets, control rules, outfalls of all kinds, inflows and patterns of the file.
//! Streets meet manholes by weir and orifice equations (Rubinato et al. 2017), implicitly in the head. Culverts are held
//! back by their inlets (FHWA HDS-5). A file that stands alone and asks for it, and is a tree, takes the kinematic wave.
//!
//! A file that stands alone runs by SWMM's own scheme instead (`swmm`), unless the other is asked for: it then
//! agrees with EPA SWMM where SWMM's numbers make the result, and like SWMM it closes its books to a fraction of a percent.
//!
//! Storage and conduits evaporate and seep. A network that stands alone has SWMM's subcatchments with their LID
//! controls and ground water, RDII and street inlets, too; over a raster the rain falls on the cells and the cells meet
//! the inlets.
//!
//! Snow falls, is ploughed and melts; what changes by month changes; between the file's events nothing is routed.
//!
//! **What it is not.** No pollutants: what a file asks of them is said in [`DrainPlan::notes`] or by its import.

mod culverts;
mod drive;
#[cfg(test)]
mod fixtures;
mod force_main;
mod gutter;
mod hot_start;
mod hydrology;
mod inlets;
mod losses;
mod matrix;
mod openings;
mod pipe_sizes;
mod plan;
mod pumps;
mod rdii;
mod regulators;
mod rules;
mod run_file;
mod section;
mod shapes;
mod state;
mod step;
mod street_inlets;
mod supply;
mod swmm;
mod wave;

pub use hot_start::HotStart;
pub use hydrology::RunoffLedger;
pub use inlets::{COVER_M2, PlanInlet, capture_m3_s};
pub use plan::{DrainPlan, InletSettings, PlanLink, PlanNode, Scheme};
pub use pumps::PlanPump;
pub use regulators::Regulator;
pub use run_file::{
    LinkOutcome, NetworkOutcome, NodeOutcome, RunFileError, link_names, run_file, run_file_into, run_network,
};
pub use section::{Section, Wetted};
pub use state::{DrainLedger, Drains};
pub use step::Moved;
