//! Fewer points that still look the same: peaks of readings are kept, neighbouring buckets are joined.

use super::series::Point;

/// Readings thinned to at most `n`: the smallest and the largest of each of n/2 equal spans, in order of time, as
/// M4 (Jugel et al., VLDB 2014) without first and last. A peak is never lost.
pub(super) fn peaks(points: Vec<Point>, n: usize) -> Vec<Point> {
    if points.len() <= n {
        return points;
    }
    let spans = (n / 2).max(1);
    let mut kept = Vec::with_capacity(spans * 2);
    for s in 0..spans {
        let run = &points[s * points.len() / spans..(s + 1) * points.len() / spans];
        let low = (0..run.len()).min_by(|a, b| run[*a].value.total_cmp(&run[*b].value));
        let high = (0..run.len()).max_by(|a, b| run[*a].value.total_cmp(&run[*b].value));
        let (Some(low), Some(high)) = (low, high) else { continue };
        let (a, b) = (low.min(high), low.max(high));
        let total: u64 = run.iter().map(|p| p.count).sum();
        kept.push(Point { count: total, ..run[a] });
        if b != a {
            kept[..].last_mut().into_iter().for_each(|p| p.count = total / 2);
            kept.push(Point { count: total - total / 2, ..run[b] });
        }
    }
    kept
}

/// Buckets joined until there are at most `n`.
pub(super) fn join(points: Vec<Point>, n: usize) -> Vec<Point> {
    if points.len() <= n {
        return points;
    }
    let size = points.len().div_ceil(n);
    let joined = points.chunks(size).map(|run| {
        let count: u64 = run.iter().map(|p| p.count).sum();
        let sum: f64 = run.iter().map(|p| p.value * p.count as f64).sum();
        let mut whole = run[0];
        for p in run {
            whole.min = whole.min.min(p.min);
            whole.max = whole.max.max(p.max);
            whole.last = p.last;
            whole.mark = whole.mark.max(p.mark);
        }
        whole.count = count;
        whole.value = sum / count.max(1) as f64;
        whole
    });
    joined.collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::history::Mark;
    use guanlan_core::Stamp;

    fn point(k: i64, value: f64) -> Point {
        Point { at: Stamp(k), value, min: value, max: value, last: value, count: 1, mark: Mark::GOOD }
    }

    #[test]
    fn a_peak_is_never_lost() {
        let points: Vec<Point> = (0..10_000).map(|k| point(k, if k == 7777 { 99.0 } else { (k % 5) as f64 })).collect();
        let thin = peaks(points.clone(), 100);
        assert!(thin.len() <= 100 && thin.iter().any(|p| p.value == 99.0));
        assert!(thin.is_sorted_by_key(|p| p.at));
        assert_eq!(thin.iter().map(|p| p.count).sum::<u64>(), 10_000);
        assert_eq!(peaks(points[..50].to_vec(), 100).len(), 50);
    }

    #[test]
    fn joined_buckets_keep_extremes_and_mean() {
        let joined = join((0..10).map(|k| point(k, k as f64)).collect(), 5);
        assert_eq!(joined.len(), 5);
        assert_eq!(
            (joined[4].min, joined[4].max, joined[4].value, joined[4].last, joined[4].count),
            (8.0, 9.0, 8.5, 9.0, 2)
        );
    }
}
