//! Crews to cases as a whole: the Hungarian method, fairness, coverage.

/// Cost of a pair that can not be: large, not infinite, so that the rest is still solved.
const UNREACHABLE: i64 = 1 << 40;

/// Cheapest assignment of rows (cases) to different columns (crews).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plan {
    /// Column of each row; `None` when nothing was left for it.
    pub column: Vec<Option<usize>>,
    /// Sum over the assigned pairs.
    pub cost: i64,
}

/// The Hungarian method in O(n²m) with potentials (Kuhn 1955, Munkres 1957). `None` is an impossible pair. Among equal
/// plans the smaller column wins, so the result does not depend on anything but the numbers.
#[must_use]
pub fn hungarian(costs: &[Vec<Option<i64>>]) -> Plan {
    let rows = costs.len();
    let real = costs.iter().map(Vec::len).max().unwrap_or(0);
    // Columns of their own for rows that go without: no plan is impossible.
    let columns = real.max(rows);
    let cost = |r: usize, c: usize| -> i64 {
        costs[r].get(c).copied().flatten().map_or(UNREACHABLE, |v| v.clamp(-UNREACHABLE / 4, UNREACHABLE / 4))
    };
    let (mut u, mut v) = (vec![0i64; rows + 1], vec![0i64; columns + 1]);
    // Column 0 is the row being placed; `owner[c]` is 1-based, 0 is free.
    let mut owner = vec![0usize; columns + 1];
    let mut way = vec![0usize; columns + 1];
    for row in 1..=rows {
        owner[0] = row;
        let mut column = 0;
        let mut least = vec![i64::MAX; columns + 1];
        let mut done = vec![false; columns + 1];
        loop {
            done[column] = true;
            let (r, mut delta, mut best) = (owner[column], i64::MAX, 0);
            for c in 1..=columns {
                if done[c] {
                    continue;
                }
                let reduced = cost(r - 1, c - 1) - u[r] - v[c];
                if reduced < least[c] {
                    least[c] = reduced;
                    way[c] = column;
                }
                if least[c] < delta {
                    delta = least[c];
                    best = c;
                }
            }
            for c in 0..=columns {
                if done[c] {
                    u[owner[c]] += delta;
                    v[c] -= delta;
                } else if least[c] != i64::MAX {
                    least[c] -= delta;
                }
            }
            column = best;
            if owner[column] == 0 {
                break;
            }
        }
        while column != 0 {
            let before = way[column];
            owner[column] = owner[before];
            column = before;
        }
    }
    let mut plan = Plan { column: vec![None; rows], cost: 0 };
    for c in 1..=columns {
        if owner[c] > 0
            && let Some(value) = costs[owner[c] - 1].get(c - 1).copied().flatten()
        {
            plan.column[owner[c] - 1] = Some(c - 1);
            plan.cost += value;
        }
    }
    plan
}

/// Jain's fairness of loads, 1 (all equal) down to 1/n (one does everything); 1 for no load at all.
#[must_use]
pub fn jain(loads: &[f64]) -> f64 {
    let sum: f64 = loads.iter().sum();
    let squares: f64 = loads.iter().map(|x| x * x).sum();
    if squares > 0.0 { sum * sum / (loads.len() as f64 * squares) } else { 1.0 }
}

/// A part of town that may call.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Demand {
    /// Local m.
    pub place_m: [f32; 2],
    /// Weight: people, or 1.
    pub weight: f32,
}

/// A crew that could answer: where it is and how far it gets in time, m as the crow flies.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Reach {
    /// Local m.
    pub place_m: [f32; 2],
    /// m.
    pub radius_m: f32,
}

/// Share of the demand that at least one crew reaches, and for each crew the share that only it reaches (what leaves
/// with it).
#[must_use]
pub fn coverage(demand: &[Demand], crews: &[Reach]) -> (f64, Vec<f64>) {
    let total: f64 = demand.iter().map(|d| f64::from(d.weight)).sum();
    let mut alone = vec![0.0; crews.len()];
    if total <= 0.0 {
        return (0.0, alone);
    }
    let mut covered = 0.0;
    for d in demand {
        let (mut count, mut only) = (0u32, 0);
        for (i, crew) in crews.iter().enumerate() {
            let (dx, dy) = (crew.place_m[0] - d.place_m[0], crew.place_m[1] - d.place_m[1]);
            if dx * dx + dy * dy <= crew.radius_m * crew.radius_m {
                count += 1;
                only = i;
                if count > 1 {
                    break;
                }
            }
        }
        if count > 0 {
            covered += f64::from(d.weight);
        }
        if count == 1 {
            alone[only] += f64::from(d.weight);
        }
    }
    for share in &mut alone {
        *share /= total;
    }
    (covered / total, alone)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plan(rows: &[&[i64]]) -> Plan {
        hungarian(&rows.iter().map(|r| r.iter().map(|&v| Some(v)).collect()).collect::<Vec<_>>())
    }

    #[test]
    fn assignment_vectors() {
        let p = plan(&[&[6, 10, 3], &[9, 7, 12], &[4, 8, 11]]);
        assert_eq!((p.column, p.cost), (vec![Some(2), Some(1), Some(0)], 14));
        let p = plan(&[&[4, 5, 9], &[4, 9, 10], &[8, 7, 6]]);
        assert_eq!((p.column, p.cost), (vec![Some(1), Some(0), Some(2)], 15));
        let p = plan(&[&[5, 9, 1, 7], &[8, 4, 3, 6]]);
        assert_eq!((p.column, p.cost), (vec![Some(2), Some(1)], 5));
    }

    #[test]
    fn more_cases_than_crews_and_no_way() {
        let p = plan(&[&[5], &[2], &[9]]);
        assert_eq!((p.column, p.cost), (vec![None, Some(0), None], 2));
        let p = hungarian(&[vec![None, Some(7)], vec![None, Some(3)]]);
        assert_eq!((p.column, p.cost), (vec![None, Some(1)], 3));
        assert_eq!(hungarian(&[]), Plan { column: vec![], cost: 0 });
        assert_eq!(hungarian(&[vec![]]).column, vec![None]);
    }

    #[test]
    fn agrees_with_trying_everything() {
        let mut seed = 7u64;
        for _ in 0..200 {
            let n = 4;
            let m: Vec<Vec<i64>> = (0..n)
                .map(|_| {
                    (0..n)
                        .map(|_| {
                            seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
                            (seed >> 58) as i64
                        })
                        .collect()
                })
                .collect();
            let mut best = i64::MAX;
            for code in 0..256usize {
                let pick: Vec<usize> = (0..n).map(|i| code >> (2 * i) & 3).collect();
                if (0..n).all(|i| !pick[..i].contains(&pick[i])) {
                    best = best.min((0..n).map(|i| m[i][pick[i]]).sum());
                }
            }
            let rows: Vec<&[i64]> = m.iter().map(Vec::as_slice).collect();
            assert_eq!(plan(&rows).cost, best);
        }
    }

    #[test]
    fn fairness_vectors() {
        assert!((jain(&[3.0, 3.0, 3.0]) - 1.0).abs() < 1e-9);
        assert!((jain(&[6.0, 2.0, 1.0]) - 0.6585).abs() < 1e-4);
        assert!((jain(&[9.0, 0.0, 0.0]) - 0.3333).abs() < 1e-4);
    }

    #[test]
    fn coverage_tells_who_is_missed() {
        let demand: Vec<Demand> = (0..4).map(|i| Demand { place_m: [i as f32 * 100.0, 0.0], weight: 1.0 }).collect();
        let crews = [Reach { place_m: [0.0, 0.0], radius_m: 110.0 }, Reach { place_m: [100.0, 0.0], radius_m: 110.0 }];
        let (share, alone) = coverage(&demand, &crews);
        assert!((share - 0.75).abs() < 1e-9);
        assert_eq!(alone, vec![0.0, 0.25]);
    }
}
