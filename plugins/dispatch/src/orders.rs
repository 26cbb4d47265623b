//! The commands of dispatch and what they are checked against.

use guanlan_core::{Bilingual, Command, CommandEnvelope, Refusal, RefusalKind, Role, Stamp, UnitId, input::UnitStatus};
use guanlan_tick::Outbox;
use serde_json::{Value, json};

use crate::{
    assignment::{Order, Outcome},
    cases::OpenCases,
    constants::Constants,
    recommend::{CostCache, Recommendations, Scene, recommend},
    roads::{ManualClosure, RoadState},
    roster::UnitRoster,
    status::{StatusChange, may_follow},
    vehicle::TURNOUT_S,
};

/// Number of crews recommended for a case.
pub const TOP: usize = 3;

type Answer = Result<Value, Refusal>;

fn no<T>(kind: RefusalKind, zh: impl std::fmt::Display, en: impl std::fmt::Display) -> Result<T, Refusal> {
    Err(Refusal::new(kind, format!("{zh} / {en}")))
}

/// What the commands work on.
pub(crate) struct Desk<'a> {
    pub constants: &'a Constants,
    pub cases: &'a OpenCases,
    pub advice: &'a Recommendations,
    pub roads: &'a mut RoadState,
    pub roster: &'a mut UnitRoster,
    pub now: Stamp,
}

impl Desk<'_> {
    /// Carries out a command that dispatch owns; `None` for the commands of others.
    pub fn carry_out(&mut self, envelope: &CommandEnvelope, out: &mut Outbox) -> Option<Answer> {
        Some(match &envelope.command {
            Command::DispatchUnit { case, unit, reason } => self.dispatch(envelope, case, unit, reason, out),
            Command::RecallUnit { unit, reason } => self.recall(envelope, unit, reason, out),
            Command::ReportUnit { unit, status, note, photo } => {
                self.report(envelope, unit, *status, note, photo.as_deref(), out)
            }
            Command::CloseRoad { edge, reason } => self.close(envelope, *edge, reason, out),
            Command::OpenRoad { edge, reason } => self.open(envelope, *edge, reason, out),
            _ => return None,
        })
    }

    fn dispatch(
        &mut self,
        envelope: &CommandEnvelope,
        case: &guanlan_core::CaseId,
        unit: &UnitId,
        reason: &str,
        out: &mut Outbox,
    ) -> Answer {
        let supervisor = envelope.role == Role::Supervisor;
        let direct = supervisor || matches!(envelope.role, Role::Dispatcher | Role::System);
        if !direct && envelope.role != Role::Department {
            return no(
                RefusalKind::Forbidden,
                "只有派遣员、值班长或承办部门可以派遣队伍，请切换席位",
                "only a dispatcher, supervisor or the department in charge sends crews; change the seat",
            );
        }
        let Some(open) = self.cases.cases.get(case) else {
            return no(
                RefusalKind::NotFound,
                format_args!("没有未结案件 {case}"),
                format_args!("there is no open case {case}"),
            );
        };
        if !direct && !matches!(open.state.as_str(), "pending_handle" | "handling") {
            return no(
                RefusalKind::Forbidden,
                format_args!("案件 {case} 尚未派到部门，请等派遣员派遣"),
                format_args!("case {case} is not with a department yet; wait for the dispatcher"),
            );
        }
        if !open.needs_crew() {
            return no(
                RefusalKind::Conflict,
                format_args!("案件 {case} 处于 {}，不需派遣", open.state),
                format_args!("case {case} is in state {} and needs no crew", open.state),
            );
        }
        let Some(crew) = self.roster.get(unit) else {
            return no(RefusalKind::NotFound, format_args!("没有队伍 {unit}"), format_args!("there is no crew {unit}"));
        };
        if !supervisor && let Some(other) = self.roster.at_case(case).next() {
            return no(
                RefusalKind::Conflict,
                format_args!("案件 {case} 已由 {} 处置，加派须值班长", other.id),
                format_args!("{} is already on case {case}; only a supervisor sends a second crew", other.id),
            );
        }
        let need = self.constants.needs.of(&open.code);
        let overrides = supervisor && !reason.trim().is_empty();
        let scene = Scene {
            graph: &self.constants.graph,
            demand: &self.constants.demand,
            roads: self.roads,
            roster: self.roster,
            now: self.now,
        };
        let required: &[String] = if overrides { &[] } else { &need.required };
        if let Some(why) = scene.hindrance(crew, required) {
            return no(
                RefusalKind::Conflict,
                format_args!("{unit} 不能派遣：{}", why.zh),
                format_args!("{unit} can not be sent: {}", why.en),
            );
        }
        let vehicle = crew.vehicle(&self.constants.graph.city().units);
        let mut costs = CostCache::default();
        let route = self.constants.graph.snap(open.place_m, vehicle).and_then(|target| {
            let edge_costs = costs.get(&scene, vehicle);
            let search = scene.graph.search_to(edge_costs, target);
            crew.snap.and_then(|from| scene.graph.route(edge_costs, &search, &from))
        });
        let Some(route) = route else {
            return no(
                RefusalKind::Conflict,
                format_args!("{unit} 无路可达案件 {case}，请换队伍或开放道路"),
                format_args!("{unit} has no passable way to case {case}; choose another crew or open a road"),
            );
        };
        if reason.trim().is_empty() {
            let shown = self.advice.cases.get(case).is_some_and(|a| a.picks.iter().any(|p| p.unit == *unit));
            if !shown {
                let fresh = recommend(&scene, &mut costs, open.place_m, &need.required, TOP);
                if !fresh.picks.iter().any(|p| p.unit == *unit) {
                    let best: Vec<&str> = fresh.picks.iter().map(|p| p.unit.as_str()).collect();
                    let best = best.join(", ");
                    return no(
                        RefusalKind::Invalid,
                        format_args!("{unit} 不在推荐之列（{best}），请写明理由"),
                        format_args!("{unit} is not among the recommended ({best}); give a reason"),
                    );
                }
            }
        }
        let eta_s = f64::from(route.time_ms) / 1000.0 + f64::from(TURNOUT_S);
        let route_m = route.length_m;
        let order = Order {
            case: case.clone(),
            place_m: open.place_m,
            route,
            eta_s,
            actor: envelope.actor.clone(),
            reason: reason.trim().to_owned(),
        };
        let Some((dispatch, events)) = self.roster.send(unit, order, self.now) else {
            return no(RefusalKind::NotFound, format_args!("没有队伍 {unit}"), format_args!("there is no crew {unit}"));
        };
        out.events.extend(events);
        Ok(json!({
            "dispatch": dispatch.0, "case": case.as_str(), "unit": unit.as_str(), "eta_s": eta_s, "route_m": route_m,
        }))
    }

    fn recall(&mut self, envelope: &CommandEnvelope, unit: &UnitId, reason: &str, out: &mut Outbox) -> Answer {
        if !matches!(envelope.role, Role::Dispatcher | Role::Supervisor | Role::System) {
            return no(
                RefusalKind::Forbidden,
                "只有派遣员或值班长可以召回队伍",
                "only a dispatcher or supervisor calls a crew back",
            );
        }
        let Some(crew) = self.roster.get(unit) else {
            return no(RefusalKind::NotFound, format_args!("没有队伍 {unit}"), format_args!("there is no crew {unit}"));
        };
        if reason.trim().is_empty() {
            return no(RefusalKind::Invalid, "召回须写明理由", "calling back needs a reason");
        }
        if !matches!(crew.status, UnitStatus::Dispatched | UnitStatus::EnRoute) {
            let name = crew.status.name();
            return no(
                RefusalKind::Conflict,
                format_args!("{unit} 当前为{}，只能在到场前召回", name.zh),
                format_args!("{unit} is {}; a crew is called back before it is on scene", name.en.to_lowercase()),
            );
        }
        let change = StatusChange {
            to: UnitStatus::Available,
            note: reason.trim().to_owned(),
            photo: None,
            actor: envelope.actor.clone(),
            outcome: Some(Outcome::Recalled),
        };
        out.events.extend(self.roster.set_status(unit, change, self.now));
        Ok(json!({ "unit": unit.as_str(), "status": "available" }))
    }

    fn report(
        &mut self,
        envelope: &CommandEnvelope,
        unit: &UnitId,
        to: UnitStatus,
        note: &str,
        photo: Option<&str>,
        out: &mut Outbox,
    ) -> Answer {
        if !matches!(envelope.role, Role::Handler | Role::System) && envelope.actor != unit.as_str() {
            return no(
                RefusalKind::Forbidden,
                "只有处置人员或队伍自己可以上报状态",
                "only a handler or the crew itself reports its status",
            );
        }
        let Some(crew) = self.roster.get(unit) else {
            return no(RefusalKind::NotFound, format_args!("没有队伍 {unit}"), format_args!("there is no crew {unit}"));
        };
        let from = crew.status;
        if !may_follow(from, to) {
            let (a, b) = (from.name(), to.name());
            return no(
                RefusalKind::Conflict,
                format_args!("{unit} 不能由{}变为{}（次序：已派→途中→现场→撤离→待命）", a.zh, b.zh),
                format_args!(
                    "{unit} can not go from {} to {} (order: dispatched, en route, on scene, clearing, available)",
                    a.en.to_lowercase(),
                    b.en.to_lowercase()
                ),
            );
        }
        let photo = photo.map(str::trim).filter(|p| !p.is_empty());
        if to == UnitStatus::Clearing && (photo.is_none() || note.trim().is_empty()) {
            return no(RefusalKind::Invalid, "处置完成须有说明和照片", "finishing needs a note and a photo");
        }
        if from == UnitStatus::Dispatched && to == UnitStatus::Available && note.trim().is_empty() {
            return no(RefusalKind::Invalid, "拒绝任务须写明理由", "declining a task needs a reason in the note");
        }
        let change = StatusChange {
            to,
            note: note.trim().to_owned(),
            photo: photo.map(str::to_owned),
            actor: envelope.actor.clone(),
            outcome: None,
        };
        out.events.extend(self.roster.set_status(unit, change, self.now));
        Ok(json!({ "unit": unit.as_str(), "status": to }))
    }

    fn road(&self, envelope: &CommandEnvelope, edge: u32, reason: &str) -> Result<Bilingual, Refusal> {
        if !matches!(envelope.role, Role::Dispatcher | Role::Supervisor | Role::Department | Role::System) {
            return no(
                RefusalKind::Forbidden,
                "只有派遣员、值班长或专业部门可以封闭或开放道路",
                "only a dispatcher, supervisor or department closes and opens roads",
            );
        }
        let Some(road) = self.constants.graph.city().roads.get(edge as usize) else {
            return no(
                RefusalKind::NotFound,
                format_args!("没有路段 {edge}"),
                format_args!("there is no road edge {edge}"),
            );
        };
        if reason.trim().is_empty() {
            return no(RefusalKind::Invalid, "须写明理由", "a reason is needed");
        }
        Ok(crate::roads::road_name(road))
    }

    fn close(&mut self, envelope: &CommandEnvelope, edge: u32, reason: &str, out: &mut Outbox) -> Answer {
        let name = self.road(envelope, edge, reason)?;
        if self.roads.edges.get(&edge).is_some_and(|c| c.manual.is_some()) {
            return no(
                RefusalKind::Conflict,
                format_args!("{} 已被人工封闭", name.zh),
                format_args!("{} is already closed by hand", name.get(guanlan_core::Lang::En)),
            );
        }
        let closure = ManualClosure { actor: envelope.actor.clone(), reason: reason.trim().to_owned(), at: self.now };
        self.roads.close(self.constants.graph.city(), edge, closure, cause(envelope), &mut out.events);
        Ok(json!({ "edge": edge, "closed": true }))
    }

    fn open(&mut self, envelope: &CommandEnvelope, edge: u32, reason: &str, out: &mut Outbox) -> Answer {
        let name = self.road(envelope, edge, reason)?;
        let condition = self.roads.edges.get(&edge);
        if condition.is_none_or(|c| c.manual.is_none()) {
            let water = condition.filter(|c| c.blocks(crate::vehicle::VehicleClass::Car)).map(|c| c.water_mm());
            return match water {
                Some(mm) => no(
                    RefusalKind::Conflict,
                    format_args!("{} 因积水 {:.2} 米封闭，水退后自动开放", name.zh, f64::from(mm) / 1000.0),
                    format_args!(
                        "{} is closed by {:.2} m of water and opens by itself when it has gone",
                        name.get(guanlan_core::Lang::En),
                        f64::from(mm) / 1000.0
                    ),
                ),
                None => no(
                    RefusalKind::Conflict,
                    format_args!("{} 没有封闭", name.zh),
                    format_args!("{} is not closed", name.get(guanlan_core::Lang::En)),
                ),
            };
        }
        self.roads.open(self.constants.graph.city(), edge, cause(envelope), &mut out.events);
        Ok(json!({ "edge": edge, "closed": self.roads.is_closed(edge) }))
    }
}

fn cause(envelope: &CommandEnvelope) -> &'static str {
    if envelope.role == Role::System { "script" } else { "operator" }
}
