//! The OpenAPI document, made from the handlers.

use utoipa::OpenApi;

use crate::{
    feeds,
    problem::Problem,
    routes::past,
    routes::{
        act, alerts, cameras, cap, catalogue, open311, origins, picture, read, risk, sources, status, timelines,
        warnings, water,
    },
    wire,
};

#[derive(OpenApi)]
#[openapi(
    info(title = "Guanlan 观澜", description = "The city's situation room. 2xx for writes means: committed.", license(name = "Apache-2.0")),
    servers((url = "/api/v1")),
    paths(
        past::series, past::figures,
        read::sensors, read::sensor, read::observations, read::alerts, read::cases, read::case, read::units, read::unit,
        alerts::alert, alerts::explanation, alerts::groups, alerts::pending, alerts::silences, alerts::rules,
        origins::sensor, origins::unit, origins::case, cameras::cameras, cameras::lineage, origins::rain, origins::water, warnings::warnings, catalogue::catalogue, risk::risk, risk::queue,
        read::dispatches, act::post_observations, act::post_command, timelines::list, timelines::open,
        timelines::control, timelines::close, timelines::rooms, timelines::drills, timelines::report, status::health, status::metrics,
        status::quarantine, picture::socket, sources::feeds, sources::hook, cap::feed, cap::one, open311::get,
        open311::get_one, open311::post, water::water, water::forecast, water::advice, water::search, water::measures,
        water::closures
    ),
    components(schemas(
        past::SeriesOut, past::PointOut, past::FigureOut, status::TroubleOut,
        alerts::InputOut, alerts::ProofOut, alerts::ThresholdOut, alerts::WhyOut, alerts::GroupOut, alerts::PendingOut, alerts::SilenceOut,
        alerts::RulesOut, origins::LineageOut, origins::JudgeOut, warnings::WarningOut, catalogue::CatalogueOut, risk::ShareOut, risk::BehindOut, cameras::CameraOut, risk::RiskOut, risk::SpotOut,
        risk::RisksOut, risk::PointsOut, risk::RankedOut,
        Problem, wire::Words, wire::Place, wire::SensorOut, wire::AlertOut, wire::CaseOut, wire::StepOut, wire::AdviceOut,
        wire::TermOut, wire::UnitOut, wire::DispatchOut, wire::TimelineOut, read::Reading, act::ObservationIn, act::Accepted,
        act::CommandIn, act::CommandOut, timelines::OpenIn, timelines::ControlIn,
        timelines::DrillsOut, timelines::ScriptOut, water::WaterOut, water::PeaksOut, water::PlacePeaks, water::MeasureOut,
        water::ClosureOut, status::HealthOut, feeds::Refused, sources::FeedOut, sources::InForceOut, sources::TakenOut
    ))
)]
pub(crate) struct Document;
