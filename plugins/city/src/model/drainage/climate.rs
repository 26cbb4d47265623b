//! Air, wind, snow, and what changes by month: `[TEMPERATURE]`, `[SNOWPACKS]`, `[ADJUSTMENTS]`, `[EVENTS]`.

use serde::{Deserialize, Serialize};

/// Where the air's temperature comes from.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub enum Air {
    /// Nowhere: 70 °F, as in SWMM; no snow falls.
    #[default]
    None,
    /// Index into `series`; `fahrenheit` or °C.
    Series {
        /// The series.
        series: usize,
        /// Unit of its values.
        fahrenheit: bool,
    },
    /// Least and greatest temperature of each day from the day of the start, °C.
    Days(Vec<[f64; 2]>),
}

/// Where the wind's speed comes from.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Wind {
    /// By month, m/s.
    Months([f64; 12]),
    /// By day from the day of the start, m/s.
    Days(Vec<f64>),
}

impl Default for Wind {
    fn default() -> Self {
        Self::Months([0.0; 12])
    }
}

/// One of the three surfaces of a snow pack: ploughed, other impervious, pervious.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct SnowSurface {
    /// Melt coefficients of midwinter and of midsummer, m/s per K of air over the base temperature.
    pub melt_m_s_k: [f64; 2],
    /// Base temperature, °C.
    pub base_c: f64,
    /// Largest free water, share of the depth.
    pub free_share: f64,
    /// Snow and free water at the start, m of water.
    pub snow_m: f64,
    /// As above.
    pub free_m: f64,
    /// Depth from which all of the surface is covered, m of water.
    pub covered_m: f64,
}

/// Where ploughed snow goes, shares of what lies on the ploughed surface.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct SnowRemoval {
    /// Depth at which the plough comes, m of water.
    pub depth_m: f64,
    /// Out of the model.
    pub out: f64,
    /// To the other impervious surface.
    pub to_impervious: f64,
    /// To the pervious surface.
    pub to_pervious: f64,
    /// Melted at once.
    pub melted: f64,
    /// To the pervious surface of another subcatchment: share, index into `catchments`.
    pub to_other: f64,
    /// As above.
    pub other: Option<usize>,
}

/// Parameters of a snow pack.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct SnowPack {
    /// Name in the file.
    pub id: String,
    /// Ploughed, other impervious, pervious.
    pub surfaces: [SnowSurface; 3],
    /// Share of the impervious part that is ploughed.
    pub ploughed: f64,
    /// Ploughing, if any.
    pub removal: Option<SnowRemoval>,
}

/// What changes by month over the whole network, and by month for a subcatchment.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Adjustments {
    /// Added to the air's temperature, K.
    pub air_k: [f64; 12],
    /// Added to the potential evaporation, m/s.
    pub evaporation_m_s: [f64; 12],
    /// Times the rain.
    pub rain: [f64; 12],
    /// Times conductivities of soils.
    pub conductivity: [f64; 12],
    /// Times the recovery of soils (`[EVAPORATION] RECOVERY`).
    pub recovery: [f64; 12],
    /// Subcatchment and index into `patterns`: n of its pervious part, its depression storage, its infiltration.
    pub roughness: Vec<(usize, usize)>,
    /// As above.
    pub storage: Vec<(usize, usize)>,
    /// As above.
    pub infiltration: Vec<(usize, usize)>,
}

impl Default for Adjustments {
    fn default() -> Self {
        Self {
            air_k: [0.0; 12],
            evaporation_m_s: [0.0; 12],
            rain: [1.0; 12],
            conductivity: [1.0; 12],
            recovery: [1.0; 12],
            roughness: Vec::new(),
            storage: Vec::new(),
            infiltration: Vec::new(),
        }
    }
}

/// All of it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Climate {
    /// The air.
    pub air: Air,
    /// The wind.
    pub wind: Wind,
    /// Rain falls as snow up to this temperature, °C.
    pub snow_below_c: f64,
    /// Weight of the present in the antecedent temperature index over 6 h.
    pub index_weight: f64,
    /// Ratio of the melt coefficients without and with melt.
    pub cold_melt_ratio: f64,
    /// Height of the place, m; its latitude, °; its time behind the true sun, h.
    pub elevation_m: f64,
    /// As above.
    pub latitude_deg: f64,
    /// As above.
    pub sun_late_h: f64,
    /// Share of the area that is covered at 0, 10, 20 … 90 % of the depth that covers all: impervious, pervious.
    pub cover: [[f64; 10]; 2],
    /// Snow packs.
    pub packs: Vec<SnowPack>,
    /// Subcatchment and index into `packs`.
    pub snow: Vec<(usize, usize)>,
    /// What a gage catches of snow, by gage: times this.
    pub snow_catch: Vec<f64>,
    /// By month.
    pub adjust: Adjustments,
    /// Times in which water is routed, s; always when empty.
    pub events_s: Vec<[f64; 2]>,
}

impl Default for Climate {
    fn default() -> Self {
        Self {
            air: Air::None,
            wind: Wind::default(),
            // SWMM's defaults; 34 °F.
            snow_below_c: 10.0 / 9.0,
            index_weight: 0.5,
            cold_melt_ratio: 0.6,
            elevation_m: 0.0,
            latitude_deg: 40.0,
            sun_late_h: 0.0,
            cover: [[1.0; 10]; 2],
            packs: Vec::new(),
            snow: Vec::new(),
            snow_catch: Vec::new(),
            adjust: Adjustments::default(),
            events_s: Vec::new(),
        }
    }
}

impl Climate {
    /// Appends what belongs to subcatchments and gages of a second network; weather and events stay those of the first.
    /// The numbers are those of the first network: of subcatchments, patterns and gages.
    pub(super) fn join(&mut self, other: Self, [catchments, patterns, gages]: [usize; 3]) {
        let packs = self.packs.len();
        self.snow_catch.resize(gages, 1.0);
        self.snow_catch.extend(other.snow_catch);
        self.snow.extend(other.snow.into_iter().map(|(c, p)| (c + catchments, p + packs)));
        self.packs.extend(other.packs.into_iter().map(|mut pack| {
            if let Some(removal) = &mut pack.removal {
                removal.other = removal.other.map(|k| k + catchments);
            }
            pack
        }));
        let a = &mut self.adjust;
        let b = other.adjust;
        for (mine, theirs) in
            [(&mut a.roughness, b.roughness), (&mut a.storage, b.storage), (&mut a.infiltration, b.infiltration)]
        {
            mine.extend(theirs.into_iter().map(|(c, p)| (c + catchments, p + patterns)));
        }
    }
}
