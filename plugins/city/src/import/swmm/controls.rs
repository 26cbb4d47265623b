//! `[CONTROLS]`: rules of the form `RULE … IF … AND/OR … THEN … AND … ELSE … PRIORITY`.

use std::collections::BTreeMap;

use super::{Reader, clock, formula::formula, key, text::Row};
use crate::model::drainage::{
    Compare, ControlAction, ControlFormula, ControlRule, ControlSetting, ControlValue, ControlVariable, CurveKind,
    Joined, Premise,
};

/// Which part of a rule is being read.
#[derive(Clone, Copy, PartialEq)]
enum Part {
    Premises,
    Then,
    Else,
}

/// Object of a named formula.
const FORMULA: &str = "EXPRESSION";
/// What names of a file stand for, in capitals.
type Named = BTreeMap<String, ControlVariable>;

const LINKS: [&str; 6] = ["LINK", "CONDUIT", "PUMP", "ORIFICE", "WEIR", "OUTLET"];

impl Reader<'_> {
    pub(super) fn controls(&mut self) {
        let names = self.named();
        let mut rule: Option<ControlRule> = None;
        let mut part = Part::Premises;
        // A rule with one row that cannot be read is left out whole: half a rule does harm.
        let mut broken = false;
        for row in self.rows("CONTROLS") {
            let keyword = row.words[0].to_ascii_uppercase();
            if keyword == "RULE" {
                self.network.rules.extend(rule.take().filter(|r| !broken && !r.premises.is_empty()));
                let id = row.words.get(1).copied().unwrap_or_default().into();
                (rule, part, broken) =
                    (Some(ControlRule { id, line: row.line, ..ControlRule::default() }), Part::Premises, false);
                continue;
            }
            if keyword == "VARIABLE" || keyword == "EXPRESSION" {
                continue;
            }
            let Some(into) = &mut rule else {
                self.skip(row, "CONTROLS", "a clause before the first RULE");
                continue;
            };
            if broken {
                continue;
            }
            let words = &row.words[1..];
            part = match keyword.as_str() {
                "IF" => Part::Premises,
                "THEN" => Part::Then,
                "ELSE" => Part::Else,
                _ => part,
            };
            let done = match (keyword.as_str(), part) {
                ("PRIORITY", _) => match words.first().and_then(|w| w.parse::<f64>().ok()) {
                    Some(priority) => {
                        into.priority = priority;
                        Ok(())
                    }
                    None => Err("a PRIORITY that is no number".to_owned()),
                },
                ("IF" | "AND" | "OR", Part::Premises) => {
                    let joined = match keyword.as_str() {
                        "AND" => Joined::And,
                        "OR" => Joined::Or,
                        _ => Joined::If,
                    };
                    self.premise(words, joined, &names).map(|p| rule.as_mut().map_or((), |r| r.premises.push(p)))
                }
                ("THEN" | "AND", Part::Then) => {
                    self.action(words).map(|a| rule.as_mut().map_or((), |r| r.then.push(a)))
                }
                ("ELSE" | "AND", Part::Else) => {
                    self.action(words).map(|a| rule.as_mut().map_or((), |r| r.otherwise.push(a)))
                }
                _ => Err(format!("a clause '{keyword}' at this place")),
            };
            if let Err(reason) = done {
                let name = rule.as_ref().map_or(String::new(), |r| r.id.clone());
                self.skip(row, "CONTROLS", format!("{reason}; rule '{name}' is left out"));
                broken = true;
            }
        }
        self.network.rules.extend(rule.filter(|r| !broken && !r.premises.is_empty()));
    }

    /// `VARIABLE name = NODE id DEPTH` and `EXPRESSION name = formula of such names`: what each name stands for.
    fn named(&mut self) -> Named {
        let mut names = Named::new();
        for row in self.rows("CONTROLS") {
            let [keyword, name, "=", rest @ ..] = &row.words[..] else { continue };
            let done = match keyword.to_ascii_uppercase().as_str() {
                "VARIABLE" => variable(rest).and_then(|(v, _)| self.exists(&v.object, &v.id).map(|()| v)),
                "EXPRESSION" => {
                    let variables: Vec<&ControlVariable> = names.values().filter(|v| v.object != FORMULA).collect();
                    let of = |n: &str| variables.iter().position(|v| names.get(&key(n)) == Some(v));
                    formula(&rest.join(" "), &of).map(|formula| {
                        let variables = variables.into_iter().cloned().collect();
                        self.network.formulas.push(ControlFormula { id: (*name).into(), formula, variables });
                        ControlVariable { object: FORMULA.into(), id: (*name).into(), attribute: String::new() }
                    })
                }
                _ => continue,
            };
            match done {
                Ok(variable) => {
                    names.insert(key(name), variable);
                }
                Err(reason) => self.skip(row, "CONTROLS", reason),
            }
        }
        names
    }

    fn premise(&self, words: &[&str], joined: Joined, names: &Named) -> Result<Premise, String> {
        let named = |word: &&str| names.get(&key(word)).cloned();
        let (left, rest) = match words.first().and_then(named) {
            Some(variable) => (variable, &words[1..]),
            None => variable(words)?,
        };
        let [relation, right @ ..] = rest else { return Err("a condition without a relation".into()) };
        let compare = match *relation {
            "=" => Compare::Equal,
            "<>" => Compare::NotEqual,
            "<" => Compare::Less,
            "<=" => Compare::LessOrEqual,
            ">" => Compare::Greater,
            ">=" => Compare::GreaterOrEqual,
            other => return Err(format!("the relation '{other}', expected = <> < <= > or >=")),
        };
        let known = |v: &ControlVariable| self.exists(&v.object, &v.id);
        known(&left)?;
        let right = match right {
            [] => return Err("a condition without a right side".into()),
            [name] if named(name).is_some_and(|v| v.object != FORMULA) => {
                named(name).map_or(ControlValue::Number(0.0), ControlValue::Variable)
            }
            [value] => ControlValue::Number(self.si(&left, value)?),
            more => {
                let (variable, _) = variable(more)?;
                known(&variable)?;
                ControlValue::Variable(variable)
            }
        };
        Ok(Premise { joined, left, compare, right })
    }

    /// `PUMP id STATUS = ON`, `ORIFICE id SETTING = 0.5 | CURVE c | TIMESERIES t | PID p i d`.
    fn action(&self, words: &[&str]) -> Result<ControlAction, String> {
        let [object, id, attribute, equals, setting @ ..] = words else {
            return Err("an action that is cut off".into());
        };
        let object = object.to_ascii_uppercase();
        if !LINKS.contains(&object.as_str()) || *equals != "=" {
            return Err(format!("an action on '{object}', expected a link, its name and '='"));
        }
        self.exists(&object, id)?;
        let status = attribute.eq_ignore_ascii_case("STATUS");
        if !status && !attribute.eq_ignore_ascii_case("SETTING") {
            return Err(format!("an action on '{attribute}', expected STATUS or SETTING"));
        }
        let setting = match setting {
            [word] => match (state(word), word.parse::<f64>()) {
                (Some(value), _) if status => ControlSetting::Value(value),
                (_, Ok(value)) if !status && value.is_finite() && value >= 0.0 => ControlSetting::Value(value),
                _ => return Err(format!("a setting of '{word}'")),
            },
            [kind, name] if kind.eq_ignore_ascii_case("CURVE") => {
                ControlSetting::Curve(self.curve_of(name, &[CurveKind::Control])?)
            }
            [kind, name] if kind.eq_ignore_ascii_case("TIMESERIES") => match self.series_of(Some(name)) {
                Some(series) => ControlSetting::Series(series),
                None => return Err(format!("time series '{name}' is not defined")),
            },
            [kind, p, i, d] if kind.eq_ignore_ascii_case("PID") => {
                let n = |w: &str| w.parse::<f64>().map_err(|_| format!("a PID parameter of '{w}'"));
                ControlSetting::Pid([n(p)?, n(i)?, n(d)?])
            }
            _ => return Err("a setting that is not understood".into()),
        };
        Ok(ControlAction { object, id: (*id).into(), setting })
    }

    fn exists(&self, object: &str, id: &str) -> Result<(), String> {
        let found = match object {
            "NODE" => self.nodes.contains_key(&key(id)),
            "GAGE" => self.network.gages.iter().any(|g| g.id.eq_ignore_ascii_case(id)),
            "SIMULATION" | FORMULA => true,
            _ => self.links.contains(&key(id)),
        };
        if found { Ok(()) } else { Err(format!("{} '{id}' is not defined", object.to_ascii_lowercase())) }
    }

    /// A number of a condition in SI.
    fn si(&self, left: &ControlVariable, word: &str) -> Result<f64, String> {
        if let Some(value) = state(word) {
            return Ok(value);
        }
        let bad = || format!("'{word}', expected a value of {}", left.attribute);
        match left.attribute.as_str() {
            "DATE" => return clock::date_s(word).map(|s| s - self.network.start_s as f64).ok_or_else(bad),
            "DAYOFYEAR" if word.contains('/') => return clock::day_of_year(word).ok_or_else(bad),
            "TIME" | "CLOCKTIME" | "TIMEOPEN" | "TIMECLOSED" => return clock::span_s(word).ok_or_else(bad),
            _ => {}
        }
        let value = word.parse::<f64>().ok().filter(|v| v.is_finite()).ok_or_else(bad)?;
        let (length, flow) = (self.units.length_m, self.units.flow_m3_s);
        Ok(match left.attribute.as_str() {
            "DEPTH" | "MAXDEPTH" | "HEAD" | "LENGTH" | "FULLDEPTH" => value * length,
            "VELOCITY" => value * length,
            "VOLUME" => value * self.units.volume_m3(),
            "INFLOW" | "FLOW" | "FULLFLOW" => value * flow,
            "INTENSITY" => value * self.units.depth_m() * 1e3,
            other if left.object == "GAGE" && other.ends_with("-HR_DEPTH") => value * self.units.depth_m() * 1e3,
            _ => value,
        })
    }
}

fn state(word: &str) -> Option<f64> {
    match word.to_ascii_uppercase().as_str() {
        "ON" | "OPEN" | "YES" => Some(1.0),
        "OFF" | "CLOSED" | "NO" => Some(0.0),
        _ => None,
    }
}

/// A variable and the words behind it.
fn variable<'a, 'b>(words: &'b [&'a str]) -> Result<(ControlVariable, &'b [&'a str]), String> {
    let object = words.first().map(|w| w.to_ascii_uppercase()).unwrap_or_default();
    let known = LINKS.contains(&object.as_str()) || ["NODE", "GAGE", "SIMULATION"].contains(&object.as_str());
    if !known {
        return Err(format!("a condition on '{object}', expected NODE, LINK, PUMP …, GAGE or SIMULATION"));
    }
    let named = usize::from(object != "SIMULATION");
    let (Some(attribute), Some(rest)) = (words.get(1 + named), words.get(2 + named..)) else {
        return Err("a condition that is cut off".into());
    };
    let id = if named == 1 { words[1].to_owned() } else { String::new() };
    Ok((ControlVariable { object, id, attribute: attribute.to_ascii_uppercase() }, rest))
}

/// Kept for [`super::check`]: clauses that name an object.
pub(super) fn names_an_object<'a>(row: &'a Row<'_>) -> Option<(&'a str, &'a str)> {
    let [clause, object, name, ..] = row.words[..] else { return None };
    ["IF", "AND", "OR", "THEN", "ELSE"].contains(&clause.to_ascii_uppercase().as_str()).then_some((object, name))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::import::swmm::read_swmm;

    #[test]
    fn rules_look_at_named_variables_and_at_formulas_of_them() {
        let text = "[OPTIONS]\nFLOW_UNITS LPS\n[JUNCTIONS]\nJ1 5 2\n[OUTFALLS]\nO1 4 FREE\n[CONDUITS]\nC1 J1 O1 50 .013\n\
            [XSECTIONS]\nC1 CIRCULAR 1\n[CONTROLS]\nVARIABLE d = NODE J1 DEPTH\nVARIABLE q = LINK C1 FLOW\nVARIABLE no = NODE Z DEPTH\n\
            EXPRESSION E = (d * 2) - q\nEXPRESSION bad = d +\nRULE a\nIF e > 1.5\nAND d < q\nTHEN CONDUIT C1 STATUS = CLOSED\n";
        let path = std::env::temp_dir().join(format!("guanlan-named-{}.inp", std::process::id()));
        std::fs::write(&path, text).unwrap();
        let (file, report) = read_swmm(&path).unwrap();
        std::fs::remove_file(&path).unwrap();
        let (network, told) = (file.network, format!("{:?}", report.problems));
        assert!(told.contains("'Z' is not defined") && told.contains("ends too early"), "{told}");
        let [formula] = &network.formulas[..] else { panic!("{:?}", network.formulas) };
        let value = formula.formula.value(&|k| match formula.variables[k].attribute.as_str() {
            "DEPTH" => 4.0,
            _ => 3.0,
        });
        assert_eq!(value, 5.0);
        let [first, second] = &network.rules[0].premises[..] else { panic!("{:?}", network.rules) };
        assert_eq!((first.left.object.as_str(), &first.right), (FORMULA, &ControlValue::Number(1.5)));
        assert!(
            second.left.attribute == "DEPTH"
                && matches!(&second.right, ControlValue::Variable(v) if v.attribute == "FLOW")
        );
    }
}
