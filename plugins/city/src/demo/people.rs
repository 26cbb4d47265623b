//! Who answers: centres, organisations (联动处置单位), street chiefs and grid members, crews.

use super::{
    admin::Admin,
    dice::Dice,
    geom::{self, P},
    network::{Class, Network},
    plan::Plan,
    streets::{Kind, Town},
};
use crate::model::{AdminLevel, UnitKind};

/// A centre or organisation.
pub struct Org {
    pub id: String,
    pub name: (String, String),
    pub kind: &'static str,
    pub duties: Vec<&'static str>,
    pub at: P,
    pub area: String,
}

/// A responsible person.
pub struct Person {
    pub name: (String, String),
    pub duty: &'static str,
    pub area: String,
    pub phone: String,
    pub at: P,
    pub street: (String, String),
}

/// A crew.
pub struct Crew {
    pub id: String,
    pub name: (String, String),
    pub kind: UnitKind,
    pub skills: Vec<&'static str>,
    pub kit: Vec<&'static str>,
    pub people: u32,
    pub org: String,
    pub at: P,
    pub shift: [u32; 2],
    pub vehicle: &'static str,
}

/// Everybody.
pub struct Staff {
    pub orgs: Vec<Org>,
    pub people: Vec<Person>,
    pub crews: Vec<Crew>,
}

/// The nearest node of an ordinary street on dry land.
pub fn on_street(net: &Network, p: P) -> P {
    net.links
        .iter()
        .filter(|l| l.underpass.is_none() && !l.bridge && matches!(l.class, Class::Street(k) if k != Kind::Service))
        .map(|l| net.nodes[l.a])
        .min_by(|a, b| geom::dist(*a, p).total_cmp(&geom::dist(*b, p)))
        .unwrap_or(p)
}

/// What a kind of organisation is called in Chinese and English, and its duties.
type Trade = (&'static str, &'static str, &'static [&'static str]);

const CITY_WIDE: [Trade; 16] = [
    ("澜安燃气集团", "Lan'an Gas Group", &["gas", "01-011", "01-049", "01-057"]),
    ("澜安水务集团", "Lan'an Water Group", &["01-001", "01-002", "drainage"]),
    ("澜安供电公司", "Lan'an Power Supply", &["01-005", "01-028", "01-048", "10-002"]),
    ("澜安路灯管理所", "Lan'an Street Lighting Office", &["01-037", "01-006", "01-060"]),
    ("澜安电信公司", "Lan'an Telecom", &["01-007", "01-027", "01-062"]),
    ("澜安移动公司", "Lan'an Mobile", &["01-007", "01-031"]),
    ("澜安广电网络公司", "Lan'an Broadcasting Network", &["01-008", "01-009"]),
    ("观澜交警大队", "Guanlan Traffic Police", &["02-014", "02-015", "02-010", "09-009"]),
    ("观澜消防救援大队", "Guanlan Fire and Rescue", &["01-013", "09-012"]),
    ("澜安公交集团", "Lan'an Bus Group", &["02-004", "01-020"]),
    ("澜安地铁运营公司", "Lan'an Metro Operations", &["02-032"]),
    (
        "观澜河道管理中心",
        "Guanlan River Management",
        &["06-023", "06-024", "06-025", "06-026", "01-069", "01-070", "01-071", "10-993"],
    ),
    ("观澜住建局施工管理站", "Guanlan Construction Supervision", &["08"]),
    ("观澜市场监管所", "Guanlan Market Supervision", &["09-001", "07", "09-015"]),
    ("观澜生态环境站", "Guanlan Ecology and Environment Station", &["06-027", "06-028", "03-010"]),
    ("观澜应急管理局", "Guanlan Emergency Management", &["10-994", "10"]),
];

const PER_STREET: [Trade; 4] = [
    ("市政养护所", "Road Maintenance Office", &["road", "02", "01"]),
    ("排水管理所", "Drainage Office", &["drainage", "01-072", "01-073"]),
    ("环卫所", "Sanitation Office", &["sanitation", "03"]),
    ("绿化管理所", "Greening Office", &["greening", "04"]),
];

const PER_COMMUNITY: [Trade; 4] = [
    ("城市管理工作站", "Urban Management Station", &["06", "07", "08", "09", "10", "05"]),
    ("市政维修站", "Repair Station", &["cover", "road", "01", "02"]),
    ("排水养护站", "Drain Maintenance Station", &["drainage", "01-004"]),
    ("环卫保洁站", "Cleaning Station", &["sanitation", "03", "06"]),
];

/// Appoints everybody.
pub fn build(plan: &Plan, town: &Town, net: &Network, admin: &Admin) -> Staff {
    let mut dice = Dice::new(plan.seed, "people");
    let mut orgs: Vec<Org> = Vec::new();
    let strings = |zh: String, en: String| (zh, en);
    let place =
        |p: P, dice: &mut Dice| on_street(net, [p[0] + dice.range(-160.0, 160.0), p[1] + dice.range(-160.0, 160.0)]);
    let city = &plan.file.city;
    let hall = place([3900.0, 3850.0], &mut dice);
    orgs.push(Org {
        id: "GL-CENTRE".into(),
        name: strings(format!("{}城市运行管理中心", city.name.0), format!("{} City Operations Centre", city.name.1)),
        kind: "city_centre",
        duties: vec!["01", "02", "03", "04", "05", "06", "07", "08", "09", "10"],
        at: hall,
        area: String::new(),
    });
    for (i, s) in plan.file.street.iter().enumerate() {
        let at = place(s.seeds[0], &mut dice);
        orgs.push(Org {
            id: format!("GL-SUB-{}", i + 1),
            name: strings(format!("{}分中心", s.name.0), format!("{} Sub-centre", s.name.1)),
            kind: "sub_centre",
            duties: vec!["01", "02", "03", "04", "05", "06", "07", "08", "09", "10"],
            at,
            area: format!("{}{:03}", city.code, i + 1),
        });
    }
    for (i, (zh, en, duties, at)) in [
        ("防汛排水分中心", "Flood Control Sub-centre", vec!["drainage", "10-999", "10-993"], [2700.0, 3560.0]),
        ("江湾新城分中心", "Jiangwan New Town Sub-centre", vec!["06", "09", "07"], [4600.0, 2450.0]),
    ]
    .into_iter()
    .enumerate()
    {
        let at = place(at, &mut dice);
        orgs.push(Org {
            id: format!("GL-SUB-{}", i + 5),
            name: strings(zh.into(), en.into()),
            kind: "sub_centre",
            duties,
            at,
            area: String::new(),
        });
    }
    let mut n = 0;
    let mut unit = |orgs: &mut Vec<Org>, name: (String, String), duties: &[&'static str], at: P, area: String| {
        n += 1;
        orgs.push(Org { id: format!("GL-U{n:02}"), name, kind: "unit", duties: duties.to_vec(), at, area });
    };
    for (zh, en, duties) in CITY_WIDE {
        let at = place([dice.range(900.0, 5200.0), dice.range(700.0, 5000.0)], &mut dice);
        unit(&mut orgs, strings(zh.into(), en.into()), duties, at, String::new());
    }
    for (i, s) in plan.file.street.iter().enumerate() {
        let (zh, en) = (s.name.0.trim_end_matches("街道"), s.name.1.trim_end_matches(" Subdistrict"));
        for (k, (tzh, ten, duties)) in PER_STREET.iter().enumerate() {
            let at = place(s.seeds[k % s.seeds.len()], &mut dice);
            unit(
                &mut orgs,
                strings(format!("{zh}{tzh}"), format!("{en} {ten}")),
                duties,
                at,
                format!("{}{:03}", city.code, i + 1),
            );
        }
        for (c, name) in s.communities.iter().enumerate() {
            for (tzh, ten, duties) in PER_COMMUNITY {
                let at = place(s.seeds[c], &mut dice);
                let zh = name.0.trim_end_matches("社区");
                unit(
                    &mut orgs,
                    strings(format!("{zh}{tzh}"), format!("{} {ten}", name.1)),
                    duties,
                    at,
                    format!("{}{:03}{:03}", city.code, i + 1, c + 1),
                );
            }
        }
    }

    let words = &plan.file.words;
    let person = |duty: &'static str, area: String, at: P, street: (String, String), dice: &mut Dice| {
        let (s, g) = (dice.pick(&words.surname), dice.pick(&words.given));
        let phone = format!("1{}{}****{:04}", dice.pick(&[3, 5, 7, 8]), dice.int(0, 9), dice.int(0, 9999));
        Person { name: (format!("{}{}", s.0, g.0), format!("{} {}", g.1, s.1)), duty, area, phone, at, street }
    };
    let mut people = Vec::new();
    let mut streets_done = std::collections::BTreeSet::new();
    for e in &town.graph.edges {
        let s = &town.streets[e.street];
        if s.kind.is_street() && !s.name.0.is_empty() && streets_done.insert(s.name.0.clone()) {
            let at = geom::lerp(town.graph.nodes[e.a], town.graph.nodes[e.b], 0.5);
            let area = admin.community_at(town, at).unwrap_or(&city.code).to_owned();
            people.push(person("street_chief", area, at, s.name.clone(), &mut dice));
        }
    }
    for area in admin.areas.iter().filter(|a| a.level == AdminLevel::Grid) {
        people.push(person(
            "grid_member",
            area.code.clone(),
            geom::pole(&area.ring),
            (String::new(), String::new()),
            &mut dice,
        ));
    }
    let crews = crews(&orgs);
    Staff { orgs, people, crews }
}

fn crews(orgs: &[Org]) -> Vec<Crew> {
    // Day, late and night; every third crew of a kind takes one.
    const SHIFTS: [[u32; 2]; 3] = [[420, 960], [900, 1440], [1380, 480]];
    let with = |duty: &str| -> Vec<&Org> {
        orgs.iter().filter(|o| o.kind == "unit" && !o.area.is_empty() && o.duties.contains(&duty)).collect()
    };
    let mut out = Vec::new();
    let plan: [(UnitKind, &str, usize, &str, &str, &str); 5] = [
        (UnitKind::Patrol, "PATROL", 40, "06", "巡查", "Patrol"),
        (UnitKind::Repair, "REPAIR", 30, "cover", "抢修", "Repair"),
        (UnitKind::Pump, "DRAIN", 16, "drainage", "排水抢险", "Pump Crew"),
        (UnitKind::Sanitation, "CLEAN", 20, "sanitation", "环卫", "Cleaning"),
        (UnitKind::Greening, "GREEN", 14, "greening", "绿化", "Greening"),
    ];
    for (kind, prefix, count, duty, zh, en) in plan {
        let homes = with(duty);
        if homes.is_empty() {
            continue;
        }
        for n in 0..count {
            // Spread evenly over the organisations, so that the city is covered.
            let org = homes[(n * homes.len() / count + n % 3 * homes.len() / 3) % homes.len()];
            let (mut skills, mut kit, vehicle) = match kind {
                UnitKind::Patrol => (vec!["check"], vec!["camera", "cones"], ["ebike", "car", "ebike", "foot"][n % 4]),
                UnitKind::Repair => (vec!["road", "cover"], vec!["barrier", "tools"], "van"),
                UnitKind::Pump => (
                    vec!["drainage"],
                    vec!["pump_truck", "barrier"],
                    if n % 4 == 3 { "truck" } else { "high_clearance" },
                ),
                UnitKind::Sanitation => (vec!["sanitation"], vec!["sweeper"], if n % 2 == 0 { "truck" } else { "van" }),
                UnitKind::Greening => (vec!["greening"], vec!["saw"], "van"),
            };
            match kind {
                UnitKind::Repair if n % 3 == 0 => {
                    skills.push("gas");
                    kit.push("gas_detector");
                }
                UnitKind::Repair if n % 3 == 1 => kit.push("generator"),
                UnitKind::Patrol if n % 4 == 1 => kit.push("barrier"),
                UnitKind::Pump => {
                    skills.push("cover");
                    if n % 2 == 0 {
                        kit.push("generator");
                    }
                }
                UnitKind::Sanitation if n % 3 == 0 => skills.push("check"),
                UnitKind::Greening if n % 4 == 0 => skills.push("check"),
                _ => {}
            }
            let shift = SHIFTS[(n + n / 3) % 3];
            out.push(Crew {
                id: format!("{prefix}-{:02}", n + 1),
                name: (format!("{zh}{}队", super::streets::numeral(n as u32 + 1)), format!("{en} {}", n + 1)),
                kind,
                skills,
                kit,
                people: match kind {
                    UnitKind::Patrol => 2,
                    UnitKind::Pump => 5,
                    UnitKind::Repair => 4,
                    _ => 3,
                },
                org: org.id.clone(),
                at: org.at,
                shift,
                vehicle,
            });
        }
    }
    out
}
