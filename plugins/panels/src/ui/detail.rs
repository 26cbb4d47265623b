//! One case: countdown, crews that could go, next steps, history.

use egui::{Align, Layout, Ui, vec2};
use guanlan_core::{Command, OrgId, UnitId, theme::Token};

use super::{crews, kit};
use crate::{
    action::{FormKind, UiAction},
    look::Look,
    state::Form,
    vm::detail::{CaseOp, DetailVm, Pick},
    words::{tr, tr_with},
};

/// What a form becomes when it is confirmed; `None` while something is missing.
#[must_use]
pub fn command_of(form: &Form, now: guanlan_core::Stamp) -> Option<Command> {
    let case = form.case.clone();
    let reason = form.text.trim().to_owned();
    let said = !reason.is_empty();
    match &form.kind {
        FormKind::Send(unit) => said.then(|| Command::DispatchUnit { case, unit: unit.clone(), reason }),
        FormKind::Recall(unit) => said.then(|| Command::RecallUnit { unit: unit.clone(), reason }),
        FormKind::Step(op) => match op {
            CaseOp::Register => Some(Command::RegisterCase { case }),
            CaseOp::Close => Some(Command::CloseCase { case }),
            CaseOp::Pass => Some(Command::VerifyCase { case, pass: true, note: reason }),
            CaseOp::Fail => said.then_some(Command::VerifyCase { case, pass: false, note: reason }),
            CaseOp::Refuse => said.then_some(Command::RefuseCase { case, reason }),
            CaseOp::Return => said.then_some(Command::ReturnCase { case, reason }),
            CaseOp::Extend => said.then_some(Command::ExtendCase { case, reason }),
            CaseOp::Cancel => said.then_some(Command::CancelCase { case, reason }),
            CaseOp::Suspend => {
                said.then(|| Command::SuspendCase { case, until: now + form.hours.clamp(1, 720) * 3_600_000, reason })
            }
            CaseOp::Assign => form.org.clone().map(|org| Command::AssignCase { case, org }),
            CaseOp::Finish => {
                let photo = form.photo.trim().to_owned();
                (said && !photo.is_empty()).then_some(Command::FinishCase { case, note: reason, photo })
            }
        },
    }
}

/// The panel. `form` and `search` are edited in place; a confirmed form becomes a command.
pub fn detail_ui(
    ui: &mut Ui,
    vm: &DetailVm,
    form: &mut Option<Form>,
    search: &mut String,
    now: guanlan_core::Stamp,
    look: &Look,
) -> Vec<UiAction> {
    let mut actions = Vec::new();
    let (s, lang) = (look.sizes, look.lang);
    kit::heading(ui, look, &vm.title, |ui| {
        if kit::button(ui, look, tr(lang, "k-close-panel"), false).clicked() {
            actions.push(UiAction::SelectCase(None));
        }
        if kit::button(ui, look, tr(lang, "k-fly"), false).clicked() {
            actions.push(UiAction::Fly(vm.place_m));
        }
    });
    egui::ScrollArea::vertical()
        .id_salt("detail")
        .auto_shrink([false, false])
        .scroll_bar_visibility(egui::scroll_area::ScrollBarVisibility::AlwaysHidden)
        .show(ui, |ui| {
            countdown(ui, vm, look);
            facts(ui, vm, look);
            if vm.photo.is_some() {
                // Where a citizen stood with a camera, a person can look, too.
                let button = kit::button(ui, look, tr(lang, "k-eye-level"), false);
                if button.on_hover_text(tr(lang, "k-eye-level-why")).clicked() {
                    actions.push(UiAction::EyeLevel(vm.place_m, vm.photo_view));
                }
            }
            kit::rule(ui, look);
            if let Some(open) = form.as_mut().filter(|f| f.case == vm.id) {
                form_ui(ui, vm, open, now, look, &mut actions);
                kit::rule(ui, look);
            }
            if !vm.crews.is_empty() {
                kit::text(ui, tr(lang, "k-crews-sent"), look.regular(s.small), look.second());
                for row in &vm.crews {
                    crews::row_ui(ui, row, (false, false), look, &mut actions);
                    if row.can_recall && kit::button(ui, look, tr(lang, "k-recall"), false).clicked() {
                        actions.push(UiAction::OpenForm(FormKind::Recall(row.id.clone()), vm.id.clone()));
                    }
                }
                kit::rule(ui, look);
            }
            if !vm.picks.is_empty() || vm.may_dispatch {
                picks(ui, vm, look, &mut actions);
                others(ui, vm, search, look, &mut actions);
                kit::rule(ui, look);
            }
            steps(ui, vm, look, &mut actions);
            kit::text(ui, tr(lang, "k-history"), look.regular(s.small), look.second());
            for past in &vm.history {
                ui.horizontal(|ui| {
                    ui.label(egui::RichText::new(&past.at).font(look.regular(s.small)).color(look.second()));
                    ui.label(egui::RichText::new(&past.who).font(look.regular(s.small)).color(look.second()));
                    kit::wrapped(ui, &past.what, look.regular(s.small), look.text());
                });
            }
        });
    actions
}

fn countdown(ui: &mut Ui, vm: &DetailVm, look: &Look) {
    let s = look.sizes;
    ui.horizontal(|ui| {
        let (rect, _) = ui.allocate_exact_size(vec2(64.0, 64.0), egui::Sense::hover());
        kit::ring(ui.painter(), look, rect.center(), 24.0, vm.elapsed, vm.level);
        ui.vertical(|ui| {
            ui.add_space(6.0);
            ui.spacing_mut().item_spacing.y = 2.0;
            let color = if vm.overdue { look.color(Token::LevelRed) } else { look.text() };
            let left = if vm.left.is_empty() { &vm.state } else { &vm.left };
            kit::text(ui, left, look.medium(s.big), color);
            let by = if vm.by.is_empty() {
                vm.state.clone()
            } else {
                format!("{} · {}", vm.state, tr_with(look.lang, "k-by", &[("at", &vm.by)]))
            };
            kit::text(ui, &by, look.regular(s.small), look.second());
        });
    });
}

fn facts(ui: &mut Ui, vm: &DetailVm, look: &Look) {
    let (s, lang) = (look.sizes, look.lang);
    let mut lines: Vec<(&str, &str)> = vec![
        (tr(lang, "k-place"), &vm.place),
        (tr(lang, "k-number"), vm.id.as_str()),
        (tr(lang, "k-source"), &vm.source),
        (tr(lang, "k-org"), &vm.org),
    ];
    if !vm.grid.is_empty() {
        lines.push((tr(lang, "k-grid"), &vm.grid));
    }
    if let Some(photo) = &vm.photo {
        lines.push((tr(lang, "k-photo"), photo));
    }
    if let Some(photo) = &vm.after_photo {
        lines.push((tr(lang, "k-after-photo"), photo));
    }
    if !vm.text.is_empty() {
        kit::wrapped(ui, &vm.text, look.regular(s.body), look.text());
    }
    for (label, value) in lines {
        ui.horizontal(|ui| {
            ui.spacing_mut().item_spacing.x = 8.0;
            let (rect, _) = ui.allocate_exact_size(vec2(60.0, 18.0), egui::Sense::hover());
            let font = look.regular(s.small);
            kit::words_at(ui.painter(), rect.left_center(), egui::Align2::LEFT_CENTER, label, font, look.second());
            kit::text(ui, value, look.regular(s.small), look.text());
        });
    }
}

fn picks(ui: &mut Ui, vm: &DetailVm, look: &Look, actions: &mut Vec<UiAction>) {
    let (s, lang) = (look.sizes, look.lang);
    if vm.picks.is_empty() && (!vm.may_dispatch || !vm.crews.is_empty()) {
        // Nobody is sought: somebody is on it, or the case is not at that step.
        return;
    }
    kit::text(ui, tr(lang, "k-best-three"), look.regular(s.small), look.second());
    if vm.picks.is_empty() {
        kit::text(ui, tr(lang, "k-no-picks"), look.regular(s.small), look.second());
    }
    for (i, pick) in vm.picks.iter().enumerate() {
        pick_ui(ui, vm, pick, i == 0, look, actions);
    }
    if !vm.may_dispatch && !vm.dispatch_hint.is_empty() {
        kit::wrapped(ui, &vm.dispatch_hint, look.regular(s.small), look.second());
    }
}

/// A crew with its travel time, why, and a button.
pub fn pick_ui(ui: &mut Ui, vm: &DetailVm, pick: &Pick, first: bool, look: &Look, actions: &mut Vec<UiAction>) {
    let (s, lang) = (look.sizes, look.lang);
    ui.allocate_ui_with_layout(vec2(ui.available_width(), 28.0), Layout::right_to_left(Align::Center), |ui| {
        if vm.may_dispatch && kit::button(ui, look, tr(lang, "k-send"), first).clicked() {
            actions.push(UiAction::Send(Command::DispatchUnit {
                case: vm.id.clone(),
                unit: pick.unit.clone(),
                reason: String::new(),
            }));
        }
        let way = format!("{:.1} km", pick.way_km);
        ui.label(egui::RichText::new(way).font(look.regular(s.small)).color(look.second()));
        ui.label(egui::RichText::new(&pick.eta).font(look.medium(s.body)).color(look.text()));
        ui.with_layout(Layout::left_to_right(Align::Center), |ui| {
            kit::text(ui, &pick.name, look.medium(s.body), look.text());
        });
    });
    ui.horizontal(|ui| {
        ui.spacing_mut().item_spacing.x = 4.0;
        let n = pick.terms.len().max(1) as f32;
        let width = (ui.available_width() - 4.0 * (n - 1.0)) / n;
        for (name, value, _, figure) in &pick.terms {
            ui.vertical(|ui| {
                ui.set_width(width);
                ui.spacing_mut().item_spacing.y = 1.0;
                // A full bar is good: what is drawn is 1 − the term.
                let color = look.faint(Token::Accent, 0.7);
                kit::bar(ui, look, 1.0 - value, color, vec2(width, 4.0));
                let label =
                    egui::Label::new(egui::RichText::new(name).font(look.regular(s.small - 2.0)).color(look.second()))
                        .truncate();
                ui.add(label).on_hover_text(figure);
            });
        }
    });
    kit::wrapped(ui, &pick.why, look.regular(s.small), look.second());
    ui.add_space(6.0);
}

fn others(ui: &mut Ui, vm: &DetailVm, search: &mut String, look: &Look, actions: &mut Vec<UiAction>) {
    if !vm.may_dispatch {
        return;
    }
    let hint = egui::RichText::new(tr(look.lang, "k-search-crew")).color(look.second());
    ui.add(egui::TextEdit::singleline(search).hint_text(hint).desired_width(f32::INFINITY));
    for row in &vm.others {
        let mut none = Vec::new();
        crews::row_ui(ui, row, (false, false), look, &mut none);
        if !none.is_empty() {
            actions.push(UiAction::OpenForm(FormKind::Send(row.id.clone()), vm.id.clone()));
        }
    }
}

fn steps(ui: &mut Ui, vm: &DetailVm, look: &Look, actions: &mut Vec<UiAction>) {
    if vm.ops.is_empty() {
        return;
    }
    ui.horizontal_wrapped(|ui| {
        ui.spacing_mut().item_spacing = vec2(6.0, 6.0);
        let first = vm.ops.iter().copied().find(|op| op.forward()).filter(|_| vm.picks.is_empty());
        for op in &vm.ops {
            if !kit::button(ui, look, tr(look.lang, op.key()), Some(*op) == first).clicked() {
                continue;
            }
            let kind = FormKind::Step(*op);
            actions.push(if op.needs_form() {
                UiAction::OpenForm(kind, vm.id.clone())
            } else {
                let form = Form::new(kind, vm.id.clone());
                match command_of(&form, guanlan_core::Stamp(0)) {
                    Some(command) => UiAction::Send(command),
                    None => UiAction::OpenForm(form.kind, form.case),
                }
            });
        }
    });
    kit::rule(ui, look);
}

fn unit_name(vm: &DetailVm, unit: &UnitId) -> String {
    let row = vm.crews.iter().chain(&vm.others).find(|r| r.id == *unit);
    let pick = vm.picks.iter().find(|p| p.unit == *unit);
    row.map(|r| r.name.clone()).or_else(|| pick.map(|p| p.name.clone())).unwrap_or_else(|| unit.to_string())
}

fn form_ui(
    ui: &mut Ui,
    vm: &DetailVm,
    form: &mut Form,
    now: guanlan_core::Stamp,
    look: &Look,
    actions: &mut Vec<UiAction>,
) {
    let (s, lang) = (look.sizes, look.lang);
    let title = match &form.kind {
        FormKind::Step(op) => tr(lang, op.key()).to_owned(),
        FormKind::Send(unit) => tr_with(lang, "k-send-other", &[("unit", &unit_name(vm, unit))]),
        FormKind::Recall(unit) => tr_with(lang, "k-recall-unit", &[("unit", &unit_name(vm, unit))]),
    };
    kit::text(ui, &title, look.medium(s.body), look.text());
    if form.kind == FormKind::Step(CaseOp::Assign) {
        if form.org.is_none() {
            form.org = vm.orgs.first().map(|o| o.0.clone());
        }
        let name = |id: &Option<OrgId>| {
            vm.orgs.iter().find(|o| Some(&o.0) == id.as_ref()).map_or_else(String::new, |o| o.1.clone())
        };
        egui::ComboBox::from_id_salt("org").width(ui.available_width() - 16.0).selected_text(name(&form.org)).show_ui(
            ui,
            |ui| {
                for (id, name) in &vm.orgs {
                    ui.selectable_value(&mut form.org, Some(id.clone()), name);
                }
            },
        );
    } else {
        let hint = egui::RichText::new(tr(lang, "k-reason-hint")).color(look.second());
        ui.add(egui::TextEdit::multiline(&mut form.text).hint_text(hint).desired_rows(2).desired_width(f32::INFINITY));
    }
    if form.kind == FormKind::Step(CaseOp::Finish) {
        let hint = egui::RichText::new(tr(lang, "k-photo-hint")).color(look.second());
        ui.add(egui::TextEdit::singleline(&mut form.photo).hint_text(hint).desired_width(f32::INFINITY));
    }
    if form.kind == FormKind::Step(CaseOp::Suspend) {
        ui.horizontal(|ui| {
            ui.label(egui::RichText::new(tr(lang, "k-suspend-hours")).font(look.regular(s.small)));
            ui.add(egui::DragValue::new(&mut form.hours).range(1..=720));
        });
    }
    ui.horizontal(|ui| {
        let command = command_of(form, now);
        ui.add_enabled_ui(command.is_some(), |ui| {
            if kit::button(ui, look, tr(lang, "k-confirm"), true).clicked() {
                actions.extend(command.map(UiAction::Send));
                actions.push(UiAction::CloseForm);
            }
        });
        if kit::button(ui, look, tr(lang, "k-cancel"), false).clicked() {
            actions.push(UiAction::CloseForm);
        }
    });
}

#[cfg(test)]
mod tests {
    use super::*;
    use guanlan_core::Stamp;

    #[test]
    fn a_form_is_sent_only_when_everything_is_said() {
        let now = Stamp::from_secs(1000);
        let mut form = Form::new(FormKind::Step(CaseOp::Cancel), "c".into());
        assert_eq!(command_of(&form, now), None);
        form.text = "  重复 ".into();
        assert_eq!(command_of(&form, now), Some(Command::CancelCase { case: "c".into(), reason: "重复".into() }));
        form.kind = FormKind::Step(CaseOp::Finish);
        assert_eq!(command_of(&form, now), None, "a photo is missing");
        form.photo = "after.jpg".into();
        assert!(matches!(command_of(&form, now), Some(Command::FinishCase { .. })));
        form.kind = FormKind::Step(CaseOp::Assign);
        assert_eq!(command_of(&form, now), None, "an organisation is missing");
        form.kind = FormKind::Send("U-1".into());
        assert!(matches!(command_of(&form, now), Some(Command::DispatchUnit { .. })));
        form.kind = FormKind::Step(CaseOp::Suspend);
        form.hours = 2;
        let Some(Command::SuspendCase { until, .. }) = command_of(&form, now) else { panic!("suspend") };
        assert_eq!(until - now, 7_200_000);
    }

    #[test]
    fn simple_steps_need_no_words() {
        for op in CaseOp::ALL.into_iter().filter(|op| !op.needs_form()) {
            let form = Form::new(FormKind::Step(op), "c".into());
            assert!(command_of(&form, Stamp(0)).is_some(), "{op:?}");
        }
    }
}
