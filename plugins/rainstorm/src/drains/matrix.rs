//! A sparse linear system over the nodes of a network: factored without pivoting in an order of least
//! degree that is found once. Sewers are nearly trees, so that hardly anything fills in and a solution costs
//! a few operations for each link.

use std::collections::BTreeSet;

/// Order of elimination and the operations it takes; the numbers live in [`Numbers`].
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Pattern {
    size: usize,
    pivots: Vec<Pivot>,
    /// Where the product of two neighbours of a pivot is subtracted, in the order of the elimination.
    targets: Vec<u32>,
    slots: usize,
}

#[derive(Clone, Debug, PartialEq)]
struct Pivot {
    node: usize,
    /// Neighbours eliminated later, with the slot of the pair.
    later: Vec<(u32, u32)>,
}

/// Places of one link's two off-diagonal entries.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Place {
    pub from_to: u32,
    pub to_from: u32,
}

/// Values of a matrix, its diagonal first.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Numbers {
    pub values: Vec<f64>,
}

impl Pattern {
    /// A pattern for `size` nodes and pairs of them; the places of each pair.
    pub fn new(size: usize, pairs: &[(usize, usize)]) -> (Self, Vec<Place>) {
        let mut around: Vec<BTreeSet<usize>> = vec![BTreeSet::new(); size];
        for &(a, b) in pairs {
            if a != b {
                around[a].insert(b);
                around[b].insert(a);
            }
        }
        let mut queue: BTreeSet<(usize, usize)> = (0..size).map(|k| (around[k].len(), k)).collect();
        let mut rank = vec![0_usize; size];
        let mut slot_of = std::collections::BTreeMap::new();
        let mut pivots = Vec::with_capacity(size);
        while let Some((_, node)) = queue.pop_first() {
            rank[node] = pivots.len();
            let near: Vec<usize> = around[node].iter().copied().collect();
            let mut later = Vec::with_capacity(near.len());
            for &a in &near {
                let slot = slot_of.len() as u32;
                slot_of.insert((node.min(a), node.max(a)), slot);
                later.push((a as u32, slot));
                queue.remove(&(around[a].len(), a));
                around[a].remove(&node);
                around[a].extend(near.iter().filter(|b| **b != a));
                queue.insert((around[a].len(), a));
            }
            pivots.push(Pivot { node, later });
        }
        let slots = slot_of.len();
        // A pair's entry in the row of the node eliminated first is its upper one.
        let entry = |row: usize, col: usize| -> u32 {
            if row == col {
                return row as u32;
            }
            let slot = slot_of[&(row.min(col), row.max(col))] as usize;
            (size + slot + if rank[row] < rank[col] { 0 } else { slots }) as u32
        };
        let mut targets = Vec::new();
        for pivot in &pivots {
            for (a, _) in &pivot.later {
                targets.extend(pivot.later.iter().map(|(b, _)| entry(*a as usize, *b as usize)));
            }
        }
        let places = pairs
            .iter()
            .map(|&(a, b)| {
                if a == b {
                    Place { from_to: 0, to_from: 0 }
                } else {
                    Place { from_to: entry(a, b), to_from: entry(b, a) }
                }
            })
            .collect();
        (Self { size, pivots, targets, slots }, places)
    }

    /// Clears the values.
    pub fn reset(&self, numbers: &mut Numbers) {
        numbers.values.clear();
        numbers.values.resize(self.size + 2 * self.slots, 0.0);
    }

    /// Solves in place: `x` holds the right side before and the solution after. The values are spent.
    pub fn solve(&self, numbers: &mut Numbers, x: &mut [f64]) {
        let v = &mut numbers.values;
        let mut at = 0;
        for pivot in &self.pivots {
            let one = 1.0 / v[pivot.node];
            let right = x[pivot.node];
            for (a, slot) in &pivot.later {
                let m = v[self.size + self.slots + *slot as usize] * one;
                for (_, other) in &pivot.later {
                    v[self.targets[at] as usize] -= m * v[self.size + *other as usize];
                    at += 1;
                }
                x[*a as usize] -= m * right;
            }
        }
        for pivot in self.pivots.iter().rev() {
            let mut sum = x[pivot.node];
            for (b, slot) in &pivot.later {
                sum -= v[self.size + *slot as usize] * x[*b as usize];
            }
            x[pivot.node] = sum / v[pivot.node];
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn solves_a_looped_network() {
        let pairs = [(0, 1), (1, 2), (2, 3), (3, 0), (1, 4), (4, 5), (5, 2), (6, 6)];
        let (pattern, places) = Pattern::new(7, &pairs);
        let mut numbers = Numbers::default();
        pattern.reset(&mut numbers);
        let mut dense = [[0.0_f64; 7]; 7];
        for (k, (&(a, b), place)) in pairs.iter().zip(&places).enumerate() {
            let (up, down) = (-1.0 - 0.1 * k as f64, -1.5 + 0.07 * k as f64);
            if a != b {
                numbers.values[place.from_to as usize] += up;
                numbers.values[place.to_from as usize] += down;
                dense[a][b] += up;
                dense[b][a] += down;
            }
        }
        for k in 0..7 {
            numbers.values[k] += 6.0 + k as f64;
            dense[k][k] += 6.0 + k as f64;
        }
        let want: Vec<f64> = (0..7).map(|k| f64::from(k) - 2.5).collect();
        let mut x: Vec<f64> = dense.iter().map(|row| row.iter().zip(&want).map(|(a, w)| a * w).sum()).collect();
        pattern.solve(&mut numbers, &mut x);
        assert!(x.iter().zip(&want).all(|(a, b)| (a - b).abs() < 1e-12), "{x:?}");
    }
}
