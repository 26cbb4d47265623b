//! 暴雨强度公式 as data with sources (GB 50014 form and the forms cities publish).

use guanlan_core::Bilingual;
use serde::{Deserialize, Serialize};

use super::StormError;
use crate::chinese::of_toml;

/// L/(s·ha) per mm/min. 167, not 166.667: the constant behind the official depth tables.
pub const LSHA_PER_MM_MIN: f64 = 167.0;

/// `i = a / (t + b)^n`, mm/min with t in minutes: a formula for one return period.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Coefficients {
    /// mm/min · min^n.
    pub a_mm_min: f64,
    /// Minutes.
    pub b_min: f64,
    /// Exponent.
    pub n: f64,
}

impl Coefficients {
    /// Mean intensity of a storm of `t_min` minutes, mm/min.
    #[must_use]
    pub fn intensity_mm_min(&self, t_min: f64) -> f64 {
        self.a_mm_min / (t_min + self.b_min).powf(self.n)
    }

    /// Depth of a storm of `t_min` minutes, mm.
    #[must_use]
    pub fn depth_mm(&self, t_min: f64) -> f64 {
        t_min * self.intensity_mm_min(t_min)
    }
}

/// One row of a table by return period.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PeriodRow {
    /// Return period, years.
    pub p_a: f64,
    /// A of `q = A/(t+b)^n`.
    pub a: f64,
    /// b, minutes.
    pub b: f64,
    /// n.
    pub n: f64,
}

/// The shape of a formula.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FormulaForm {
    /// `q = A (1 + C lg P) / (t + b)^n`.
    Standard,
    /// `q = A / (t + b)^n` for listed return periods.
    ByPeriod,
    /// `q = A (P^0.3 − 0.42) / (t + 10 + 7 lg P)^(0.82 + 0.07 lg P)`.
    Shanghai,
}

/// A rainstorm intensity formula of one place.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct IntensityFormula {
    /// Name in scenario files.
    pub id: String,
    /// Name on the screen.
    pub name: Bilingual,
    /// Standard or table it was taken from.
    pub source: String,
    /// How far it can be trusted.
    pub status: String,
    /// Its shape.
    pub form: FormulaForm,
    /// A.
    #[serde(default)]
    pub a: f64,
    /// C.
    #[serde(default)]
    pub c: f64,
    /// b, minutes.
    #[serde(default)]
    pub b: f64,
    /// n.
    #[serde(default)]
    pub n: f64,
    /// Rows when the form is `by_period`.
    #[serde(default)]
    pub periods: Vec<PeriodRow>,
    /// Durations it was fitted for, minutes.
    #[serde(default)]
    pub t_range_min: Option<[f64; 2]>,
    /// Return periods it was fitted for, years.
    #[serde(default)]
    pub p_range_a: Option<[f64; 2]>,
}

impl IntensityFormula {
    /// The formula at a return period in years.
    ///
    /// # Errors
    /// When the period is not positive, outside the published range, or not in the table.
    pub fn at_period(&self, p_a: f64) -> Result<Coefficients, StormError> {
        let refuse = |reason: String| Err(StormError::new(&self.id, "return_period_a", reason));
        if !p_a.is_finite() || p_a <= 0.0 {
            return refuse(format!("{p_a} years: expected a positive number"));
        }
        if let Some([lo, hi]) = self.p_range_a
            && !(lo..=hi).contains(&p_a)
        {
            return refuse(format!("{p_a} years is outside the published range {lo} to {hi} years"));
        }
        let lg = p_a.log10();
        let made = match self.form {
            FormulaForm::Standard => {
                Coefficients { a_mm_min: self.a * (1.0 + self.c * lg) / LSHA_PER_MM_MIN, b_min: self.b, n: self.n }
            }
            FormulaForm::Shanghai => Coefficients {
                a_mm_min: self.a * (p_a.powf(0.3) - 0.42) / LSHA_PER_MM_MIN,
                b_min: 10.0 + 7.0 * lg,
                n: 0.82 + 0.07 * lg,
            },
            FormulaForm::ByPeriod => match self.periods.iter().find(|row| (row.p_a - p_a).abs() < 1e-9) {
                Some(row) => Coefficients { a_mm_min: row.a / LSHA_PER_MM_MIN, b_min: row.b, n: row.n },
                None => {
                    let known: Vec<String> = self.periods.iter().map(|row| row.p_a.to_string()).collect();
                    return refuse(format!("{p_a} years is not in the table: expected one of {}", known.join(", ")));
                }
            },
        };
        if made.a_mm_min > 0.0 && made.b_min >= 0.0 && made.n > 0.0 {
            Ok(made)
        } else {
            refuse(format!("gives a = {}, b = {}, n = {}: expected positive values", made.a_mm_min, made.b_min, made.n))
        }
    }
}

/// A file of formulas.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FormulaBook {
    /// All formulas.
    #[serde(rename = "formula")]
    pub formulas: Vec<IntensityFormula>,
}

/// The formulas that come with the program: `assets/storms/formulas.toml`.
const BUILTIN: &str = include_str!("../../../../assets/storms/formulas.toml");

impl FormulaBook {
    /// Reads a file's text; `origin` names it in errors.
    ///
    /// # Errors
    /// When the text is not TOML of this shape; the message carries line and field.
    pub fn parse(text: &str, origin: &str) -> Result<Self, StormError> {
        let book: Self = toml::from_str(text).map_err(|e| StormError::new(origin, "TOML", of_toml(text, &e)))?;
        for (k, f) in book.formulas.iter().enumerate() {
            if book.formulas[..k].iter().any(|other| other.id == f.id) {
                return Err(StormError::new(origin, format!("formula '{}'", f.id), "the id is used twice"));
            }
            let numbers = [f.a, f.b, f.c, f.n].into_iter().chain(f.periods.iter().flat_map(|r| [r.p_a, r.a, r.b, r.n]));
            if !numbers.into_iter().all(f64::is_finite) {
                return Err(StormError::new(origin, format!("formula '{}'", f.id), "a coefficient is not finite"));
            }
        }
        Ok(book)
    }

    /// These formulas and, behind them, those of `other` whose ids are not here.
    #[must_use]
    pub fn with(mut self, other: Self) -> Self {
        let known: std::collections::BTreeSet<String> = self.formulas.iter().map(|f| f.id.clone()).collect();
        self.formulas.extend(other.formulas.into_iter().filter(|f| !known.contains(&f.id)));
        self
    }

    /// The formulas that come with the program.
    ///
    /// # Errors
    /// Never in a built program: a test reads the file.
    pub fn builtin() -> Result<Self, StormError> {
        Self::parse(BUILTIN, "assets/storms/formulas.toml")
    }

    /// The formula with an id.
    ///
    /// # Errors
    /// When there is none; the message lists what there is.
    pub fn get(&self, id: &str) -> Result<&IntensityFormula, StormError> {
        self.formulas.iter().find(|f| f.id == id).ok_or_else(|| {
            let known: Vec<&str> = self.formulas.iter().map(|f| f.id.as_str()).collect();
            StormError::new("storm.formula", id, format!("no such formula: expected one of {}", known.join(", ")))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reproduces_official_depths() {
        let book = FormulaBook::builtin().unwrap();
        // Depth checks published with the Shenzhen 2024 formulas.
        for (id, p, t, mm) in [
            ("shenzhen_2024_west_single", 2.0, 5.0, 11.426),
            ("shenzhen_2024_west_single", 5.0, 30.0, 55.182),
            ("shenzhen_2024_west_single", 20.0, 60.0, 99.719),
            ("shenzhen_2024_west_single", 100.0, 180.0, 220.739),
            ("shenzhen_2024_central_single", 2.0, 5.0, 12.475),
            ("shenzhen_2024_central_single", 10.0, 30.0, 58.706),
            ("shenzhen_2024_central_single", 100.0, 60.0, 110.095),
        ] {
            let got = book.get(id).unwrap().at_period(p).unwrap().depth_mm(t);
            assert!((got / mm - 1.0).abs() < 5e-5, "{id} P{p} t{t}: {got} against {mm}");
        }
        // Beijing classic: depths computed independently.
        for (p, t, mm) in [(3.0, 60.0, 49.64), (50.0, 60.0, 85.11), (3.0, 120.0, 63.32), (50.0, 180.0, 123.90)] {
            let got = book.get("beijing_classic").unwrap().at_period(p).unwrap().depth_mm(t);
            assert!((got - mm).abs() < 0.006, "P{p} t{t}: {got} against {mm}");
        }
    }

    #[test]
    fn says_what_it_expected() {
        let book = FormulaBook::builtin().unwrap();
        assert!(book.get("atlantis").unwrap_err().to_string().contains("shanghai_2017"));
        let west = book.get("shenzhen_2024_west_single").unwrap();
        assert!(west.at_period(7.0).unwrap_err().to_string().contains("1, 2, 3, 5, 10"));
        assert!(book.get("shanghai_2017").unwrap().at_period(500.0).is_err());
        let bad = FormulaBook::parse("[[formula]]\nid = \"x\"\nfoo = 1\n", "mine.toml").unwrap_err().to_string();
        assert!(bad.contains("mine.toml") && bad.contains("line 3"), "{bad}");
        assert!(book.formulas.iter().all(|f| !f.source.is_empty() && !f.status.is_empty()));
    }
}
