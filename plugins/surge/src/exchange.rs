//! Rain, losses and drains, about once a second of simulated time.

use std::collections::BTreeMap;

use guanlan_rainstorm::{
    drains::Drains,
    storm::RainField,
    surface::{Domain, Forcing, LossModel, Street, runoff_rows},
};

use crate::{
    Surge,
    fields::{Rain, at},
    fixed,
    gpu::Kernel,
};

impl Surge {
    /// Rain, losses and drains for the time since the last exchange.
    pub(crate) fn exchange(&mut self, forcing: &mut Forcing<'_>) {
        let span = [self.exchanged_s, self.time_s];
        if span[1] <= span[0] {
            return;
        }
        self.exchanged_s = span[1];
        let mut rain = self.losses(span);
        let kernel = match forcing.rain.uniform() {
            Some(series) => {
                let mm = [series.cumulative_mm(span[0]), series.cumulative_mm(span[1])];
                (mm[1] > mm[0]).then(|| {
                    self.even_rain(mm, &mut rain);
                    Kernel::RainEven
                })
            }
            None => self.uneven_rain(forcing.rain, span).then_some(Kernel::RainCells),
        };
        let soaks = self.domain.soaks();
        if kernel.is_some() || soaks {
            self.forget();
            let mut fields = self.fields.borrow_mut();
            self.gpu.queue.write_buffer(fields.buffer(at::RAIN), 0, bytemuck::bytes_of(&rain));
            self.compute(&mut fields, &|fields, pass| {
                if let Some(kernel) = kernel {
                    fields.over_tiles(&self.gpu, pass, kernel);
                }
                if soaks {
                    fields.over_tiles(&self.gpu, pass, Kernel::Soak);
                }
            });
        }
        if let Some(drains) = forcing.drains.as_deref_mut() {
            self.meet_drains(drains, span[1] - span[0]);
        } else {
            self.look_at_watched();
        }
    }

    /// What soils may take of ponded water between two times.
    fn losses(&self, span: [f64; 2]) -> Rain {
        let mut rain = Rain::default();
        for (k, loss) in self.domain.losses.iter().enumerate() {
            rain.capacity_m[k] = (loss.capacity_mm(span[0], span[1]) / 1000.0).max(0.0) as f32;
            if let LossModel::GreenAmpt(soil) = loss {
                rain.ampt_k_m[k] = (soil.conductivity_mm_h / 3.6e6 * (span[1] - span[0])).max(0.0) as f32;
                rain.ampt_g_m[k] = (soil.suction_mm * 1.0e-3 * soil.deficit).max(0.0) as f32;
            }
        }
        rain
    }

    /// Rain of one series between two sums of it; booked in the whole numbers that the cells gain.
    fn even_rain(&mut self, mm: [f64; 2], rain: &mut Rain) {
        let area = self.domain.grid.cell_area_m2();
        let fell_m = (mm[1] - mm[0]) / 1000.0;
        let cells = self.domain.class_cells();
        for (k, loss) in self.domain.losses.iter().enumerate() {
            // Differences of rounded sums: what rounding leaves out now comes the next time.
            let so_far = |to_mm: f64| fixed::of_m(loss.runoff_mm(0.0, to_mm).max(0.0) / 1000.0);
            let units = so_far(mm[1]).saturating_sub(so_far(mm[0]));
            rain.runoff[k] = fixed::words(units);
            self.books.rain_m3 += cells[k] * fell_m * area;
            self.books.infiltration_m3 += cells[k] * (fell_m - fixed::to_m(units)) * area;
        }
    }

    /// Rain that differs from place to place; true when any ran off.
    fn uneven_rain(&mut self, field: &dyn RainField, span: [f64; 2]) -> bool {
        let (grid, area) = (self.domain.grid, self.domain.grid.cell_area_m2());
        self.fallen_mm.resize(grid.len(), 0.0);
        let fields = self.fields.get_mut();
        let mut padded = vec![0.0_f32; fields.len];
        let mut any = false;
        let mut came_m = 0.0;
        let sums = runoff_rows(&self.domain, field, span, &mut self.fallen_mm, &mut |row, came| {
            padded[fields.index(0, row)..][..came.len()].copy_from_slice(came);
            any |= came.iter().any(|v| *v > 0.0);
            came_m += came.iter().map(|v| fixed::to_m(fixed::of_m(f64::from(*v)))).sum::<f64>();
        });
        self.books.rain_m3 += sums.rain_m * area;
        self.books.infiltration_m3 += (sums.rain_m - came_m) * area;
        if any {
            fields.replace(&self.gpu, at::FELL, &padded);
        }
        any
    }

    fn meet_drains(&mut self, drains: &mut Drains, dt_s: f64) {
        let domain = self.domain.clone();
        {
            // Inlets are watched from the first exchange on.
            let fields = self.fields.get_mut();
            let host = self.host.get_mut();
            if drains.plan().inlets.iter().any(|i| !host.known.contains_key(&device_cell(&domain, fields, i.cell))) {
                let mut all: std::collections::BTreeSet<u32> = host.watch.iter().copied().collect();
                all.extend(drains.plan().inlets.iter().map(|i| device_cell(&domain, fields, i.cell)));
                host.watch = all.into_iter().collect();
                fields.params.watched = 0;
            }
        }
        self.look_at_watched();
        let mut known = std::mem::take(&mut self.host.get_mut().known);
        let mut changes = BTreeMap::new();
        let moved = {
            let fields = self.fields.get_mut();
            let mut street = Cells {
                domain: &domain,
                at: &|cell| device_cell(&domain, fields, cell),
                known: &mut known,
                changes: &mut changes,
            };
            drains.exchange(dt_s, &mut street)
        };
        self.host.get_mut().known = known;
        self.books.drained_m3 += moved.taken_m3;
        self.books.surcharged_m3 += moved.returned_m3;
        if !changes.is_empty() {
            self.forget();
            let host = self.host.get_mut();
            for (cell, units) in changes {
                *host.pending.entry(cell).or_insert(0) += units;
            }
        }
    }
}

/// Index on the device of a cell that drains name.
fn device_cell(domain: &Domain, fields: &crate::fields::Fields, cell: usize) -> u32 {
    let (col, row) = domain.cell_at(cell);
    fields.index(col, row) as u32
}

/// Single cells of the device as the drains' street.
struct Cells<'a> {
    domain: &'a Domain,
    at: &'a (dyn Fn(usize) -> u32 + Sync),
    known: &'a mut BTreeMap<u32, u64>,
    changes: &'a mut BTreeMap<u32, i64>,
}

impl Street for Cells<'_> {
    fn depth_m(&self, cell: usize) -> f64 {
        fixed::to_m(self.known.get(&(self.at)(cell)).copied().unwrap_or(0))
    }

    fn bed_m(&self, cell: usize) -> f64 {
        let (col, row) = self.domain.cell_at(cell);
        f64::from(self.domain.bed_above_datum_m(col, row)) + self.domain.datum_m
    }

    fn cell_area_m2(&self) -> f64 {
        self.domain.grid.cell_area_m2()
    }

    fn add_m3(&mut self, cell: usize, volume_m3: f64) -> f64 {
        let (at, area) = ((self.at)(cell), self.domain.grid.cell_area_m2());
        let have = self.known.entry(at).or_insert(0);
        let units = fixed::of_m(volume_m3.abs() / area);
        let units = if volume_m3 < 0.0 { -(units.min(*have) as i64) } else { units as i64 };
        *have = have.saturating_add_signed(units);
        *self.changes.entry(at).or_insert(0) += units;
        fixed::change_m(units) * area
    }
}
