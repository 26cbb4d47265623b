//! What a person asked for by a click: collected from the panels, carried out in one place.

use guanlan_core::{AlertId, CaseId, Command, PhotoView, Role, SensorId, Stamp, TimelineId, UnitId};

use guanlan_stage::AreaStyle;

use crate::{
    layout::Side,
    past::{Grouping, Span},
    subject::Subject,
    tools::Tool,
    vm::{crews::CrewTeam, detail::CaseOp},
};

/// A wish.
#[derive(Clone, Debug, PartialEq)]
pub enum UiAction {
    /// Sends a command with the seat taken.
    Send(Command),
    /// Shows a case in detail; `None` closes it.
    SelectCase(Option<CaseId>),
    /// Marks an alert.
    SelectAlert(Option<AlertId>),
    /// Marks a crew.
    SelectUnit(Option<UnitId>),
    /// Flies to a place, local m.
    Fly([f64; 2]),
    /// Flies until a rectangle (west, south, east, north, local m) fills the map, as far as the city reaches.
    FlyOver([f32; 4]),
    /// Takes another seat.
    TakeSeat(Role),
    /// Changes the language.
    SwitchLanguage,
    /// Turns the leaders' preset on or off.
    ToggleBriefing,
    /// Shows or hides the members of a group of alerts.
    ToggleGroup(u64),
    /// Lists the crews of a team that waits, or only counts them.
    ToggleTeam(CrewTeam),
    /// Shows all alert cards or six.
    ToggleAlerts,
    /// Starts or stops the tour.
    ToggleTour,
    /// Shows the next stop of the tour.
    NextStop,
    /// Opens the words that a step needs.
    OpenForm(FormKind, CaseId),
    /// Closes them.
    CloseForm,
    /// Shows the past at an instant.
    Seek(Stamp),
    /// Back to the live room.
    BackToLive,
    /// From the replay of an exercise back to it.
    BackToExercise,
    /// Shows another timeline.
    Watch(TimelineId),
    /// Forks the live room into an exercise and shows it.
    StartExercise,
    /// Ends the exercise that is shown.
    EndExercise,
    /// Stands still or goes on.
    TogglePause,
    /// Plays at × real time.
    Speed(f64),
    /// Takes a message away.
    Dismiss(u64),
    /// Goes into an area; `None` is the whole city.
    Drill(Option<u32>),
    /// Goes one level up.
    DrillOut,
    /// Opens a panel beside the alerts, or closes it.
    Toggle(Side),
    /// Takes a tool into the hand; `None` puts it down.
    TakeTool(Option<Tool>),
    /// What was clicked so far becomes a measure.
    UseTool,
    /// Explains an alert's colour; `None` closes the explanation.
    Explain(Option<AlertId>),
    /// Shows the past of a stream; `None` closes it.
    Trend(Option<SensorId>),
    /// Shows it over another span.
    TrendSpan(Span),
    /// Shows figures of cases over a span, put together so.
    RecordsOf(Span, Grouping),
    /// Opens the terms of a grid's risk; `None` closes them.
    OpenRisk(Option<u32>),
    /// Compares the water shown with another timeline's; `None` ends it.
    Compare(Option<TimelineId>),
    /// Compares in two linked views, or in one with a divider.
    CompareSideBySide(bool),
    /// Draws areas as outlines or as prisms of a figure.
    SetAreaStyle(AreaStyle),
    /// Shows or hides a layer.
    SetLayer(String, bool),
    /// Sets a layer's opacity, 0–1.
    SetOpacity(String, f32),
    /// Shows a layer alone, or all again.
    SetSolo(Option<String>),
    /// Shows or hides a group of layers.
    SetGroup(String, bool),
    /// Pins a callout, or takes it away where it is pinned.
    Pin(Subject),
    /// Takes a pinned callout away.
    Unpin(usize),
    /// Opens a camera's picture.
    OpenCamera(String),
    /// Closes it.
    CloseCamera(String),
    /// Looks at a place, local m, from where a person would stand, as far as known the way a photo looks.
    EyeLevel([f64; 2], PhotoView),
}

/// What a form is for.
#[derive(Clone, Debug, PartialEq)]
pub enum FormKind {
    /// A step of the case.
    Step(CaseOp),
    /// Sending a crew that was not recommended.
    Send(UnitId),
    /// Calling a crew back.
    Recall(UnitId),
}
