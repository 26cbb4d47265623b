//! Roof shapes as the OSM wiki spells them, and as they are found.

/// A shape as the wiki spells it: other spellings and words that mean the same are in use.
pub(in crate::import::osm) fn spelled(shape: &str) -> &str {
    const SAME: [(&str, &str); 22] = [
        ("", "flat"),
        ("no", "flat"),
        ("level", "flat"),
        ("gable", "gabled"),
        ("pitched", "gabled"),
        ("saddle", "gabled"),
        ("dual_pitched", "gabled"),
        ("hip", "hipped"),
        ("halfhipped", "half-hipped"),
        ("lean_to", "skillion"),
        ("lean-to", "skillion"),
        ("shed", "skillion"),
        ("monopitched", "skillion"),
        ("pyramid", "pyramidal"),
        ("tented", "pyramidal"),
        ("half_round", "round"),
        ("barrel", "round"),
        ("arched", "round"),
        ("vaulted", "round"),
        ("saw_tooth", "sawtooth"),
        ("cross_gabled", "crosspitched"),
        ("domed", "dome"),
    ];
    let shape = shape.split(';').next().unwrap_or_default().trim();
    let known = |word: &str| SAME.iter().find(|(other, _)| other.eq_ignore_ascii_case(word)).map(|(_, same)| *same);
    known(shape).or_else(|| SHAPES.iter().copied().find(|s| s.eq_ignore_ascii_case(shape))).unwrap_or(shape)
}

/// Shapes whose case may differ.
const SHAPES: [&str; 15] = [
    "flat",
    "gabled",
    "hipped",
    "half-hipped",
    "skillion",
    "gambrel",
    "mansard",
    "pyramidal",
    "cone",
    "dome",
    "onion",
    "round",
    "saltbox",
    "sawtooth",
    "butterfly",
];
