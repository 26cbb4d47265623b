//! Names of blocks: estates numbered through the plan's lists of words, schools, hospitals, streets.

use super::Use;
use crate::demo::{
    plan::Plan,
    streets::{Face, Town, numeral},
};

/// Chinese and English.
type Name = (String, String);

const HOSPITALS: [(&str, &str); 6] = [
    ("观澜区第一人民医院", "Guanlan First People's Hospital"),
    ("观澜区中医院", "Guanlan Hospital of Chinese Medicine"),
    ("澜安市儿童医院", "Lan'an Children's Hospital"),
    ("江湾医院", "Jiangwan Hospital"),
    ("观澜区妇幼保健院", "Guanlan Maternity Hospital"),
    ("南湖医院", "Nanhu Hospital"),
];

/// Names blocks in the order in which they are built; what was given is not given again until the words run out.
pub struct Addresses<'a> {
    plan: &'a Plan,
    town: &'a Town,
    /// Words of the list used so far.
    estates: usize,
    schools: u32,
    hospitals: usize,
}

impl<'a> Addresses<'a> {
    pub fn new(plan: &'a Plan, town: &'a Town) -> Self {
        Self { plan, town, estates: 0, schools: 0, hospitals: 0 }
    }

    /// Name of the next block.
    pub fn next(&mut self, face: &Face, used: Use) -> Name {
        let words = &self.plan.file.words.estate;
        let w = &words[self.estates % words.len()];
        let with = |zh: &str, en: &str| (format!("{}{zh}", w.0), format!("{} {en}", w.1));
        let name = match used {
            Use::Park => with("公园", "Park"),
            Use::Lanes | Use::Centre => self.street_of(face).unwrap_or_else(|| self.estate()),
            Use::Village => self.quarter_of(face).unwrap_or_else(|| self.estate()),
            Use::Mall => with("广场", "Plaza"),
            Use::Office => with("大厦", "Building"),
            Use::CareHome => with("养老院", "Care Home"),
            Use::Works => with("工业园", "Works"),
            Use::School => {
                self.schools += 1;
                match self.schools {
                    n if n % 3 == 0 => {
                        (format!("观澜第{}中学", numeral(n / 3)), format!("Guanlan No. {} Middle School", n / 3))
                    }
                    _ => with("小学", "Primary School"),
                }
            }
            Use::Hospital => {
                let (zh, en) = HOSPITALS[self.hospitals % HOSPITALS.len()];
                self.hospitals += 1;
                (zh.to_owned(), en.to_owned())
            }
            Use::Campus => ("澜安大学".to_owned(), "Lan'an University".to_owned()),
            Use::None | Use::Villas | Use::Slabs | Use::MidRise | Use::Towers => self.estate(),
        };
        // Parks, quarters, streets, hospitals and the university leave the word to the next block.
        let takes_word = matches!(
            used,
            Use::Villas
                | Use::Slabs
                | Use::MidRise
                | Use::Towers
                | Use::Mall
                | Use::Office
                | Use::School
                | Use::CareHome
                | Use::Works
        );
        self.estates += usize::from(takes_word);
        name
    }

    /// A residential estate: a word, a tail, and its phase when both have come round.
    fn estate(&self) -> Name {
        let (n, words) = (self.estates, &self.plan.file.words);
        let w = &words.estate[n % words.estate.len()];
        let tail = &words.estate_tail[(n / words.estate.len() + n) % words.estate_tail.len()];
        let phase = (n / (words.estate.len() * words.estate_tail.len())).min(5);
        (
            format!("{}{}{}", w.0, tail.0, ["", "二期", "三期", "四期", "五期", "六期"][phase]),
            format!("{} {}{}", w.1, tail.1, ["", " II", " III", " IV", " V", " VI"][phase]),
        )
    }

    /// The smallest street with a name along the block.
    fn street_of(&self, face: &Face) -> Option<Name> {
        face.edges
            .iter()
            .map(|&e| &self.town.streets[self.town.graph.edges[e].street])
            .filter(|s| s.kind.is_street() && !s.name.0.is_empty())
            .max_by_key(|s| s.kind)
            .map(|s| (s.name.0.clone(), s.name.1.clone()))
    }

    /// The plan's name of the zone around the block.
    fn quarter_of(&self, face: &Face) -> Option<Name> {
        face.zone_index.map(|k| &self.plan.file.zone[k].name).map(|n| (n.0.clone(), n.1.clone()))
    }
}
