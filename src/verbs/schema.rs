//! `guanlan schema`: JSON Schema of files users write.

use crate::exit::{Outcome, bad_input, failed};

pub fn run(name: &str) -> Outcome {
    let schema = match name {
        "rules" => serde_json::to_value(guanlan_alerting::rule_schema()).map_err(failed)?,
        "scenario" => guanlan_rainstorm::Scenario::json_schema(),
        "measure" => guanlan_rainstorm::Measure::json_schema(),
        "matrix" => guanlan_rainstorm::matrix::Matrix::json_schema(),
        "drill" => guanlan_drill::schema(),
        "feeds" => guanlan_feeds::file::schema(),
        #[cfg(feature = "views")]
        "layers" => serde_json::to_value(guanlan_stage::layers::schema()).map_err(failed)?,
        #[cfg(feature = "views")]
        "theme" => serde_json::to_value(guanlan_stage::theme::schema()).map_err(failed)?,
        other => {
            return Err(bad_input(format!(
                "no schema '{other}': expected rules, scenario, measure, matrix, drill, layers or theme"
            )));
        }
    };
    say!("{}", serde_json::to_string_pretty(&schema).map_err(failed)?);
    Ok(())
}
