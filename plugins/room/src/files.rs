//! Files people write for a room, and what is wrong with them: refused ones, and a calendar that does not know a year.
//! Also what the broker had to drop.

use bevy_ecs::prelude::*;
use guanlan_alerting::AlertBook;
use guanlan_casework::CalendarFile;
use guanlan_core::{Bilingual, Stamp};
use guanlan_journal::Fault;
use guanlan_sensing::ProfileFile;

use crate::{
    health::Trouble,
    meta::{OWN, RoomMeta},
};

/// What is wrong now.
pub(crate) fn troubles(world: &World, now: Stamp) -> Vec<Trouble> {
    let calendar = world.resource::<CalendarFile>();
    let profiles = world.resource::<ProfileFile>();
    let mut found = Vec::new();
    let rules = world.resource::<AlertBook>().board().rules.refused.as_ref().map(|(_, at, why)| (*at, why));
    let profile = profiles.refused.as_ref().map(|(at, why)| (*at, why));
    let days = calendar.refused.as_ref().map(|(at, why)| (*at, why));
    for (since, why) in [rules, profile, days].into_iter().flatten() {
        found.push(Trouble { fault: Fault::File, text: Fault::File.text(), detail: why.clone(), since });
    }
    let own =
        world.resource::<RoomMeta>().feeds.values().filter(|f| !f.up && OWN.contains(&f.figures.connector.as_str()));
    for view in own {
        let fault = if view.figures.connector == "file" { Fault::File } else { Fault::Backlog };
        found.push(Trouble { fault, text: fault.text(), detail: view.message.clone(), since: view.since });
    }
    // Before the first tick nothing is known of today.
    if let Some(year) = calendar.uncovered(now).filter(|_| now > Stamp(0)) {
        let text = Bilingual::new(
            format!(
                "工作日历没有{year}年的法定节假日：按周一至周五计算时限；请用 --calendar 提供（国务院办公厅通知发布后）"
            ),
            format!(
                "the working calendar does not know the statutory holidays of {year}: limits count Monday to Friday; give a file with --calendar once the notice is out"
            ),
        );
        let detail = format!("years = {:?}", calendar.years);
        found.push(Trouble { fault: Fault::Calendar, text, detail, since: calendar.needed_since(year) });
    }
    found
}
