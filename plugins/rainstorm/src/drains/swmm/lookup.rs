//! Tables at equal steps of an argument between 0 and 1: their values, and the argument at which they have one.

/// Value at an argument: linear, but quadratic in the first two steps, as SWMM reads its tables of sections.
pub(super) fn value(table: &[f64], x: f64) -> f64 {
    let last = table.len() - 1;
    let step = 1.0 / last as f64;
    let i = (x.max(0.0) / step) as usize;
    if i >= last {
        return table[last];
    }
    let (x0, x1) = (i as f64 * step, (i as f64 + 1.0) * step);
    let line = table[i] + (x - x0) * (table[i + 1] - table[i]) / step;
    if i < 2 {
        let bend = table[i] / 2.0 - table[i + 1] + table[i + 2] / 2.0;
        let curve = line + (x - x0) * (x - x1) / (step * step) * bend;
        if curve > 0.0 {
            return curve;
        }
    }
    line.max(0.0)
}

/// Argument of a value in a table that rises, or that rises up to its third value from the end: values greater than
/// the last are looked for beyond that.
pub(super) fn argument(table: &[f64], value: f64) -> f64 {
    let items = table.len();
    let step = 1.0 / (items as f64 - 1.0);
    let falls = table[items - 3] > table[items - 1];
    let rising = if falls { items - 2 } else { items };
    let i = if falls && value > table[items - 1] {
        if value >= table[items - 3] {
            return (rising as f64 - 1.0) * step;
        }
        if value <= table[items - 2] { items - 2 } else { items - 3 }
    } else if value <= table[0] {
        0
    } else {
        let i = table[..rising].partition_point(|v| *v <= value) - 1;
        if i >= rising - 1 {
            return (rising as f64 - 1.0) * step;
        }
        i
    };
    let (low, high) = (table[i], table[i + 1]);
    let x0 = i as f64 * step;
    let x = if high == low { x0 } else { x0 + (value - low) * step / (high - low) };
    x.clamp(0.0, 1.0)
}

#[cfg(test)]
mod tests {
    use super::{super::tables::CIRCLE, *};

    #[test]
    fn tables_of_the_manual_are_read_both_ways() {
        assert_eq!([0.0, 0.5, 1.0, 1.5].map(|x| value(CIRCLE.area, x)), [0.0, 0.5, 1.0, 1.0]);
        // Between its points: a circle at .31 of its depth holds .2640 of its area.
        assert!((value(CIRCLE.area, 0.31) - 0.2641).abs() < 1e-4, "{}", value(CIRCLE.area, 0.31));
        for x in [0.05, 0.2, 0.73, 0.95] {
            assert!((argument(CIRCLE.area, value(CIRCLE.area, x)) - x).abs() < 1e-3, "{x}");
        }
        // A section factor above that of the full section is looked for above the greatest one.
        assert!((argument(CIRCLE.factor_of_area, 1.04) - 0.9896).abs() < 1e-3);
        assert_eq!(argument(CIRCLE.factor_of_area, 1.2), 48.0 / 50.0);
        // Below it lies on the way up.
        assert!((argument(CIRCLE.factor_of_area, 0.4998) - 0.5).abs() < 1e-12);
    }
}
