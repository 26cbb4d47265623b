//! What people may do with alerts: acknowledge, release, shelve, silence, escalate, and take it back.

use guanlan_core::{
    AlertId, AlertLevel, Command, CommandEnvelope, Event, ObservedProperty, Refusal, RefusalKind, Role, SensorId, Stamp,
};
use serde_json::{Value, json};

use crate::{
    alert::{Ack, Shelf},
    book::AlertBook,
    care::Silence,
    ledger::Turn,
};

/// Longest shelf, minutes (DOMAIN §2.6).
const SHELF_MIN: u32 = 480;
/// Longest silence, minutes.
const SILENCE_MIN: u32 = 1440;
/// Silences at one time at most.
const SILENCES: usize = 200;

/// True for commands this crate answers.
#[must_use]
pub(crate) fn ours(command: &Command) -> bool {
    matches!(
        command,
        Command::AcknowledgeAlert { .. }
            | Command::AcknowledgeGroup { .. }
            | Command::ShelveAlert { .. }
            | Command::UnshelveAlert { .. }
            | Command::SilenceAlerts { .. }
            | Command::EndSilence { .. }
            | Command::EscalateAlert { .. }
            | Command::DeescalateAlert { .. }
            | Command::ReleaseAlert { .. }
    )
}

fn may(envelope: &CommandEnvelope, seats: &[Role], what: [&str; 2]) -> Result<(), Refusal> {
    if seats.contains(&envelope.role) {
        return Ok(());
    }
    let seat = envelope.role.name();
    let zh: Vec<String> = seats.iter().map(|r| r.name().zh).collect();
    let en: Vec<String> = seats.iter().map(|r| r.name().en).collect();
    Err(Refusal::new(
        RefusalKind::Forbidden,
        format!(
            "{}不能{}，须由{}操作 / the {} seat may not {}: {} may",
            seat.zh,
            what[0],
            zh.join("、"),
            seat.en,
            what[1],
            en.join(", ")
        ),
    ))
}

fn invalid<T>(words: impl Into<String>) -> Result<T, Refusal> {
    Err(Refusal::new(RefusalKind::Invalid, words))
}

fn conflict<T>(words: impl Into<String>) -> Result<T, Refusal> {
    Err(Refusal::new(RefusalKind::Conflict, words))
}

fn reasoned(reason: &str) -> Result<(), Refusal> {
    if reason.trim().is_empty() { invalid("请填写理由 / a reason is required") } else { Ok(()) }
}

const DESK: [Role; 3] = [Role::Acceptor, Role::Dispatcher, Role::Supervisor];

impl AlertBook {
    /// Carries out a command of this crate, whole or not at all.
    ///
    /// # Errors
    /// A refusal in words that say what to do.
    pub fn command(
        &mut self,
        envelope: &CommandEnvelope,
        now: Stamp,
        events: &mut Vec<Event>,
    ) -> Result<Value, Refusal> {
        match &envelope.command {
            Command::AcknowledgeAlert { alert, note } => self.acknowledge(envelope, *alert, note, now, events),
            Command::AcknowledgeGroup { group, note } => self.acknowledge_group(envelope, *group, note, now, events),
            Command::ShelveAlert { alert, minutes, reason } => {
                self.shelve(envelope, *alert, *minutes, reason, now, events)
            }
            Command::UnshelveAlert { alert, reason } => self.unshelve(envelope, *alert, reason, events),
            Command::SilenceAlerts { .. } => self.silence(envelope, now, events),
            Command::EndSilence { silence, reason } => self.end_silence(envelope, *silence, reason, events),
            Command::EscalateAlert { alert, reason } => self.step(envelope, *alert, reason, true, events),
            Command::DeescalateAlert { alert, reason } => self.step(envelope, *alert, reason, false, events),
            Command::ReleaseAlert { alert, reason } => {
                may(envelope, &DESK, ["解除抖动冻结", "release a flapping alert"])?;
                self.standing(*alert)?;
                if !self.release(*alert, now, events) {
                    return conflict(format!("告警 {alert} 没有抖动冻结 / alert {alert} is not flapping"));
                }
                let (actor, reason) = (envelope.actor.clone(), reason.clone());
                events.push(Event::AlertReleased { alert: *alert, actor, reason });
                Ok(json!({ "alert": alert }))
            }
            _ => invalid("不是告警命令 / not a command about alerts"),
        }
    }

    /// An active alert, or why there is none.
    fn standing(&self, id: AlertId) -> Result<&crate::Alert, Refusal> {
        if let Some(alert) = self.ledger.active.get(&id) {
            return Ok(alert);
        }
        if self.ledger.ended.iter().any(|a| a.id == id) {
            return conflict(format!("告警 {id} 已解除 / alert {id} has ended"));
        }
        Err(Refusal::new(RefusalKind::NotFound, format!("没有告警 {id} / there is no alert {id}")))
    }

    fn acknowledge_group(
        &mut self,
        envelope: &CommandEnvelope,
        group: u64,
        note: &str,
        now: Stamp,
        events: &mut Vec<Event>,
    ) -> Result<Value, Refusal> {
        let Some(key) = self.calling.key_of_number(group) else {
            return Err(Refusal::new(RefusalKind::NotFound, format!("没有告警组 {group} / there is no group {group}")));
        };
        let members: Vec<AlertId> =
            self.groups.node(&key).map(|n| n.order.iter().map(|o| o.2).collect()).unwrap_or_default();
        let mut done = 0_u32;
        let mut refused = None;
        for id in members {
            if self.ledger.active.get(&id).is_some_and(|a| a.acked.is_some()) {
                continue;
            }
            match self.acknowledge(envelope, id, note, now, events) {
                Ok(_) => done += 1,
                Err(refusal) => refused = Some(refusal),
            }
        }
        match refused {
            Some(refusal) if done == 0 => Err(refusal),
            _ if done == 0 => {
                conflict(format!("告警组 {group} 已全部确认 / every alert of group {group} is acknowledged"))
            }
            _ => Ok(json!({ "group": group, "acknowledged": done })),
        }
    }

    fn shelve(
        &mut self,
        envelope: &CommandEnvelope,
        id: AlertId,
        minutes: u32,
        reason: &str,
        now: Stamp,
        events: &mut Vec<Event>,
    ) -> Result<Value, Refusal> {
        may(envelope, &DESK, ["搁置告警", "shelve an alert"])?;
        reasoned(reason)?;
        if !(1..=SHELF_MIN).contains(&minutes) {
            return invalid(format!(
                "搁置 {minutes} 分钟：须为 1 至 {SHELF_MIN} / shelve for {minutes} min: expected 1 to {SHELF_MIN}"
            ));
        }
        let alert = self.standing(id)?;
        if alert.level == AlertLevel::Red {
            may(envelope, &[Role::Supervisor], ["搁置红色告警", "shelve a red alert"])?;
        }
        if let Some(shelf) = &alert.shelved {
            return conflict(format!(
                "告警 {id} 已由 {} 搁置至 {} / alert {id} is shelved by {} until {}",
                shelf.actor,
                shelf.until.format_local("%H:%M"),
                shelf.actor,
                shelf.until.format_local("%H:%M")
            ));
        }
        let until = now + i64::from(minutes) * 60_000;
        if let Some(alert) = self.ledger.change(id) {
            alert.shelved = Some(Shelf {
                actor: envelope.actor.clone(),
                at: now,
                until,
                level: alert.level,
                reason: reason.to_owned(),
            });
        }
        self.shelves.insert((until, id));
        let (actor, reason) = (envelope.actor.clone(), reason.to_owned());
        events.push(Event::AlertShelved { alert: id, until, actor, reason });
        Ok(json!({ "alert": id, "until": until, "until_local": until.to_rfc3339() }))
    }

    fn unshelve(
        &mut self,
        envelope: &CommandEnvelope,
        id: AlertId,
        reason: &str,
        events: &mut Vec<Event>,
    ) -> Result<Value, Refusal> {
        may(envelope, &DESK, ["取消搁置", "take an alert up again"])?;
        let alert = self.standing(id)?;
        let Some(until) = alert.shelved.as_ref().map(|s| s.until) else {
            return conflict(format!("告警 {id} 没有搁置 / alert {id} is not shelved"));
        };
        self.shelves.remove(&(until, id));
        if let Some(alert) = self.ledger.change(id) {
            alert.shelved = None;
        }
        events.push(Event::AlertUnshelved { alert: id, actor: envelope.actor.clone(), reason: reason.to_owned() });
        Ok(json!({ "alert": id }))
    }

    fn silence(&mut self, envelope: &CommandEnvelope, now: Stamp, events: &mut Vec<Event>) -> Result<Value, Refusal> {
        let Command::SilenceAlerts { rule, property, sensor, area, up_to, minutes, reason } = &envelope.command else {
            return invalid("不是静默命令 / not a silence");
        };
        may(envelope, &[Role::Supervisor], ["设置静默", "silence alerts"])?;
        reasoned(reason)?;
        if !(1..=SILENCE_MIN).contains(minutes) {
            return invalid(format!(
                "静默 {minutes} 分钟：须为 1 至 {SILENCE_MIN} / silence for {minutes} min: expected 1 to {SILENCE_MIN}"
            ));
        }
        if [rule, property, sensor, area].iter().all(|t| t.is_empty()) {
            return invalid("静默须指明规则、要素、设备或区域之一 / a silence needs a rule, property, sensor or area");
        }
        if *up_to == AlertLevel::Normal {
            return invalid("静默等级须为蓝、黄、橙或红 / up_to: expected blue, yellow, orange or red");
        }
        let property = if property.is_empty() {
            None
        } else {
            let Some(p) = ObservedProperty::from_key(property) else {
                let known: Vec<&str> = ObservedProperty::ALL.iter().map(|p| p.key()).collect();
                return invalid(format!(
                    "没有要素 {property} / no property {property}; expected one of {}",
                    known.join(", ")
                ));
            };
            Some(p)
        };
        if self.silences.list.len() >= SILENCES {
            return conflict(format!("静默已达 {SILENCES} 条，请先结束一条 / {SILENCES} silences: end one first"));
        }
        let until = now + i64::from(*minutes) * 60_000;
        let silence = Silence {
            id: 0,
            rule: rule.clone(),
            property,
            sensor: (!sensor.is_empty()).then(|| SensorId::from(sensor.as_str())),
            area: area.clone(),
            up_to: *up_to,
            actor: envelope.actor.clone(),
            role: envelope.role,
            at: now,
            until,
            reason: reason.clone(),
        };
        let matches = silence.words();
        let silence = self.silences.begin(silence);
        self.ledger.version += 1;
        let (actor, reason) = (envelope.actor.clone(), reason.clone());
        events.push(Event::SilenceBegun { silence, matches, until, actor, reason });
        Ok(json!({ "silence": silence, "until": until, "until_local": until.to_rfc3339() }))
    }

    fn end_silence(
        &mut self,
        envelope: &CommandEnvelope,
        silence: u64,
        reason: &str,
        events: &mut Vec<Event>,
    ) -> Result<Value, Refusal> {
        may(envelope, &[Role::Supervisor], ["结束静默", "end a silence"])?;
        if self.silences.end(silence).is_none() {
            return Err(Refusal::new(
                RefusalKind::NotFound,
                format!("没有静默 {silence}，或已结束 / there is no silence {silence}, or it is over"),
            ));
        }
        self.ledger.version += 1;
        events.push(Event::SilenceEnded { silence, actor: envelope.actor.clone(), reason: reason.to_owned() });
        Ok(json!({ "silence": silence }))
    }

    /// Up or down the ladder by hand.
    fn step(
        &mut self,
        envelope: &CommandEnvelope,
        id: AlertId,
        reason: &str,
        up: bool,
        events: &mut Vec<Event>,
    ) -> Result<Value, Refusal> {
        if up {
            let seats = [Role::SEATS.as_slice()].concat();
            may(envelope, &seats, ["升级告警", "escalate an alert"])?;
        } else {
            may(envelope, &[Role::Supervisor, Role::Leader], ["撤回升级", "take an escalation back"])?;
        }
        reasoned(reason)?;
        let level = self.standing(id)?.level;
        let key = self.calling.key_of(&self.groups, &self.ledger, id);
        let Some(key) = key else {
            return conflict(format!("告警 {id} 刚发生，请稍候再试 / alert {id} has just begun: try again"));
        };
        let Some((group, from, to)) = self.calling.step(&key, up) else {
            return if up {
                conflict("已升级到市级 / it is at the city already")
            } else {
                conflict("没有可撤回的升级 / there is no escalation to take back")
            };
        };
        self.groups.changed = true;
        let count = self.groups.node(&key).map_or(1, |n| u32::try_from(n.order.len()).unwrap_or(u32::MAX));
        let (actor, reason) = (envelope.actor.clone(), reason.to_owned());
        events.push(Event::AlertEscalated { group, alert: id, level, count, from, to, actor, reason });
        Ok(json!({ "alert": id, "group": group, "from": from, "to": to }))
    }

    /// "I have seen it": any seat but the leader's.
    ///
    /// # Errors
    /// A refusal in words when there is no such alert, it ended, it is seen, or the seat may not.
    pub fn acknowledge(
        &mut self,
        envelope: &CommandEnvelope,
        id: AlertId,
        note: &str,
        now: Stamp,
        events: &mut Vec<Event>,
    ) -> Result<Value, Refusal> {
        if matches!(envelope.role, Role::Leader | Role::System) {
            let seat = envelope.role.name();
            return Err(Refusal::new(
                RefusalKind::Forbidden,
                format!(
                    "{}不能确认告警，请换席位 The {} seat may not acknowledge; take another seat",
                    seat.zh, seat.en
                ),
            ));
        }
        let Some(alert) = self.ledger.change(id) else {
            let ended = self.ledger.ended.iter().any(|a| a.id == id);
            return Err(if ended {
                Refusal::new(RefusalKind::Conflict, format!("告警 {id} 已解除，无需确认 Alert {id} has ended"))
            } else {
                Refusal::new(RefusalKind::NotFound, format!("没有告警 {id} There is no alert {id}"))
            });
        };
        if let Some(ack) = &alert.acked {
            return Err(Refusal::new(
                RefusalKind::Conflict,
                format!("告警 {id} 已由 {} 确认 Alert {id} is acknowledged by {}", ack.actor, ack.actor),
            ));
        }
        let level = alert.level;
        alert.acked =
            Some(Ack { actor: envelope.actor.clone(), role: envelope.role, at: now, level, note: note.to_owned() });
        let (key, value) = ((alert.index, alert.rule_no), alert.value);
        events.push(Event::AlertAcknowledged { alert: id, actor: envelope.actor.clone(), note: note.to_owned() });
        // A latched colour goes once seen.
        if let Some(slot) = self.slots.get_mut(&key) {
            let target = slot.flap.frozen().map_or(slot.machine.level, |f| f.max(slot.machine.level));
            if target < level {
                let turn = Turn { at: now, value, to: target, thresholds: None };
                self.ledger.turn(id, &turn, &slot.readings, events);
                if target == AlertLevel::Normal {
                    slot.alert = None;
                }
            }
            if slot.is_idle() {
                self.slots.remove(&key);
            }
        }
        Ok(json!({ "alert": id, "level": level, "acknowledged": now }))
    }

    /// Ends the freeze of a flapping alert by hand; its level follows the readings again. False
    /// when it is not flapping.
    pub fn release(&mut self, id: AlertId, now: Stamp, events: &mut Vec<Event>) -> bool {
        let Some(alert) = self.ledger.change(id).filter(|a| a.flapping) else { return false };
        alert.flapping = false;
        let (key, value, shown) = ((alert.index, alert.rule_no), alert.value, alert.level);
        let Some(slot) = self.slots.get_mut(&key) else { return true };
        slot.flap.release();
        let target = slot.machine.level;
        if target != shown {
            self.ledger.turn(id, &Turn { at: now, value, to: target, thresholds: None }, &slot.readings, events);
            if target == AlertLevel::Normal {
                slot.alert = None;
            }
        }
        if slot.is_idle() {
            self.slots.remove(&key);
        }
        true
    }
}
