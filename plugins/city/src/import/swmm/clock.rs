//! Dates and times of a SWMM file.

const MONTHS: [&str; 12] = ["JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"];

/// Seconds since 1970-01-01 of a date written `month/day/year` or `month-day-year` (month as number or name), as
/// SWMM takes it.
pub fn date_s(text: &str) -> Option<f64> {
    let mut parts = text.trim().split(['/', '-']);
    let (month, day, year) = (parts.next()?, parts.next()?, parts.next()?);
    let month = match MONTHS.iter().position(|m| month.get(..3).is_some_and(|w| w.eq_ignore_ascii_case(m))) {
        Some(index) => index as i64 + 1,
        None => month.parse().ok()?,
    };
    days(year.parse().ok()?, month, day.parse().ok()?).map(|d| d as f64 * 86_400.0)
}

/// Number of a day of a year without a leap day, written `month/day`; 1 is the first of January.
pub fn day_of_year(text: &str) -> Option<f64> {
    // As SWMM: the year it is counted in is 1947.
    let year = |date: &str| date_s(&format!("{date}/1947"));
    Some((year(text)? - year("1/1")?) / 86_400.0 + 1.0)
}

/// Days since 1970-01-01 of a day of the Gregorian calendar.
pub fn days(year: i64, month: i64, day: i64) -> Option<i64> {
    if !(1..=12).contains(&month) || !(1..=31).contains(&day) || !(0..=9999).contains(&year) {
        return None;
    }
    // Years from March: the leap day is the last one.
    let (y, m) = if month > 2 { (year, month - 3) } else { (year - 1, month + 9) };
    let era = y.div_euclid(400);
    let of_era = y.rem_euclid(400);
    Some(era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + (153 * m + 2) / 5 + day - 1 - 719_468)
}

/// Seconds of `h:m`, `h:m:s` or a decimal number of hours.
pub fn span_s(text: &str) -> Option<f64> {
    let text = text.trim();
    let good = |v: &f64| v.is_finite() && *v >= 0.0;
    if !text.contains(':') {
        return text.parse::<f64>().ok().filter(good).map(|h| h * 3600.0);
    }
    let mut seconds = 0.0;
    for (part, unit) in text.split(':').zip([3600.0, 60.0, 1.0]) {
        seconds += part.trim().parse::<f64>().ok().filter(good)? * unit;
    }
    Some(seconds)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_and_spans() {
        assert_eq!(date_s("01/01/1970"), Some(0.0));
        assert_eq!(date_s("1-2-2000"), Some(946_771_200.0));
        assert_eq!(date_s("JUL-31-2026"), Some(1_785_456_000.0));
        assert_eq!(date_s("13/01/2000"), None);
        assert_eq!(date_s("0:05"), None);
        assert_eq!([day_of_year("01/01"), day_of_year("3/31"), day_of_year("13/1")], [Some(1.0), Some(90.0), None]);
        assert_eq!(
            [span_s("0:05"), span_s("1:02:03"), span_s("0.25"), span_s("x")],
            [Some(300.0), Some(3723.0), Some(900.0), None]
        );
    }
}
