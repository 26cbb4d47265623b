//! [`SurfaceSolver`] on the device.

use std::sync::Arc;

use guanlan_rainstorm::surface::{Boundary, Domain, Forcing, Ledger, SolverState, SurfaceSolver, Taken};

use crate::{
    Surge,
    fields::{Control, TILE, at},
    fixed,
};

/// Less water than this has no speed anybody feels, m.
const SHALLOW_M: f32 = 0.01;
const NAME: &str = "local_inertial_gpu";
/// The same scheme on the processor, whose saved states can be taken up.
const CPU_NAME: &str = "local_inertial";

impl Surge {
    fn cell(&self, col: usize, row: usize) -> u32 {
        self.fields.borrow().index(col, row) as u32
    }

    fn velocity(&self, flows: &[[f32; 2]], h: f32, col: usize, row: usize) -> [f32; 2] {
        if h <= self.settings.depth_min_m {
            return [0.0, 0.0];
        }
        let fields = self.fields.borrow();
        let (i, s) = (fields.index(col, row), fields.params.stride as usize);
        [0.5 * (flows[i][0] + flows[i + 1][0]) / h, 0.5 * (flows[i][1] + flows[i + s][1]) / h]
    }

    fn restore_scalars(&mut self, scalars: &[f64], state: &SolverState) {
        (self.time_s, self.exchanged_s) = (scalars[1], scalars[2]);
        self.control.fastest = (scalars[0] as f32).to_bits();
        let bytes = bytemuck::bytes_of(&self.control);
        self.gpu.queue.write_buffer(self.fields.get_mut().buffer(at::CONTROL), 0, bytes);
        self.books = state.books;
        self.edges_stand = false;
    }

    /// Goes on from a state that the processor's solver saved; its soils are not taken over.
    fn restore_from_cpu(&mut self, state: &SolverState) -> bool {
        let [h, qx, qy, film, _, fallen_mm] = state.arrays.as_slice() else { return false };
        let grid = self.domain.grid;
        let len = self.domain.index_of(grid.cols - 1, grid.rows - 1) + 1;
        let soils = self.domain.losses.iter().any(|l| matches!(l, guanlan_rainstorm::surface::LossModel::GreenAmpt(_)));
        let fits = !soils
            && [h, qx, qy, film].iter().all(|a| a.len() > len)
            && (fallen_mm.is_empty() || fallen_mm.len() == h.len())
            && state.scalars.len() >= 3
            && state.counts.len() >= 2;
        if !fits {
            return false;
        }
        let (mut water, mut flows) = {
            let len = self.fields.get_mut().len;
            (vec![[0_u32; 2]; len], vec![[0.0_f32; 2]; len])
        };
        // Faces on the north and east edges belong to cells beyond.
        for row in 0..=grid.rows {
            for col in 0..=grid.cols {
                let from = self.domain.index_of(col, row);
                let to = self.fields.get_mut().index(col, row);
                let (Some(x), Some(y)) = (qx.get(from), qy.get(from)) else { continue };
                flows[to] = [*x, *y];
                if col < grid.cols && row < grid.rows {
                    water[to] = fixed::words(fixed::of_m(f64::from(h[from]) + f64::from(film[from])));
                }
            }
        }
        self.fallen_mm = if fallen_mm.is_empty() {
            Vec::new()
        } else {
            (0..grid.len()).map(|k| fallen_mm[self.domain.index_of(k % grid.cols, k / grid.cols)]).collect()
        };
        self.upload(&water, &flows);
        self.clear_soil_books();
        self.steps = state.counts[0];
        self.tiles_done = state.counts[1] / (TILE[0] * TILE[1]) as u64;
        self.restore_scalars(&state.scalars, state);
        true
    }
}

impl SurfaceSolver for Surge {
    fn domain(&self) -> &Domain {
        &self.domain
    }

    fn kernel_name(&self) -> &'static str {
        NAME
    }

    fn title(&self) -> &'static str {
        if self.gpu.is_software() {
            "local inertial, theta scheme, donor limiter, wgpu on a software device"
        } else {
            "local inertial, theta scheme, donor limiter, GPU"
        }
    }

    fn time_s(&self) -> f64 {
        self.time_s
    }

    fn steps(&self) -> u64 {
        self.steps
    }

    fn depths_m(&self) -> Vec<f32> {
        self.all_depths().to_vec()
    }

    fn depth_at_m(&self, col: usize, row: usize) -> f32 {
        let cell = self.cell(col, row);
        if let Some(units) = self.host.borrow().known.get(&cell) {
            return fixed::rounded(*units);
        }
        self.all_depths()[row * self.domain.grid.cols + col]
    }

    fn velocity_at_m_s(&self, col: usize, row: usize) -> [f32; 2] {
        let h = self.depth_at_m(col, row);
        self.velocity(&self.all_flows(), h, col, row)
    }

    fn fill_depths(&mut self, depth_m: &dyn Fn(usize, usize) -> f32) {
        self.fill(depth_m);
    }

    fn fill_level(&mut self, level_m: &dyn Fn(usize, usize) -> f64) {
        let domain = self.domain.clone();
        self.fill(&|col, row| {
            ((level_m(col, row) - domain.datum_m) as f32 - domain.bed_above_datum_m(col, row)).max(0.0)
        });
    }

    fn fill_velocities(&mut self, _: &dyn Fn(usize, usize) -> [f64; 2]) -> bool {
        false
    }

    fn follow(&mut self, boundaries: Vec<Boundary>) {
        let grid = self.domain.grid;
        let mut boundaries = boundaries;
        for b in &mut boundaries {
            b.cells.retain(|(c, r)| *c < grid.cols && *r < grid.rows && !self.domain.is_blocked(*c, *r));
        }
        boundaries.retain(|b| !b.cells.is_empty());
        self.boundaries = Arc::new(boundaries);
        self.edges_stand = false;
    }

    fn advance(&mut self, until_s: f64, forcing: &mut Forcing<'_>) {
        self.run(until_s, forcing);
    }

    fn ledger(&self) -> Ledger {
        let mut books = self.books;
        books.stored_m3 = self.stored_m3();
        books.infiltration_m3 += self.soaked_m3();
        books.closed()
    }

    fn for_rows(&self, visit: &mut dyn FnMut(usize, &[f32])) {
        self.all_depths().chunks_exact(self.domain.grid.cols).enumerate().for_each(|(row, h)| visit(row, h));
    }

    fn for_speeds(&self, visit: &mut dyn FnMut(usize, &[f32])) {
        let (depths, flows) = (self.all_depths(), self.all_flows());
        let mut speeds = vec![0.0_f32; self.domain.grid.cols];
        for (row, h) in depths.chunks_exact(self.domain.grid.cols).enumerate() {
            for (col, speed) in speeds.iter_mut().enumerate() {
                let [u, v] = if h[col] > SHALLOW_M { self.velocity(&flows, h[col], col, row) } else { [0.0; 2] };
                *speed = (u * u + v * v).sqrt();
            }
            visit(row, &speeds);
        }
    }

    fn cell_updates(&self) -> u64 {
        self.tiles_done * (TILE[0] * TILE[1]) as u64
    }

    fn edit_domain(&mut self, edit: &mut dyn FnMut(&mut Domain)) {
        let old = self.domain.clone();
        edit(Arc::make_mut(&mut self.domain));
        self.upload_ground(Some(&old));
        self.upload_crests();
        self.edges_stand = false;
    }

    fn pour_m3(&mut self, col: usize, row: usize, volume_m3: f64) -> f64 {
        if self.domain.is_blocked(col, row) || !volume_m3.is_finite() || volume_m3 <= 0.0 {
            return 0.0;
        }
        let area = self.domain.grid.cell_area_m2();
        let units = fixed::of_m(volume_m3 / area);
        self.change(self.cell(col, row), units as i64);
        let gained = fixed::to_m(units) * area;
        self.books.inflow_m3 += gained;
        gained
    }

    fn take_m3(&mut self, col: usize, row: usize, volume_m3: f64, book: Taken) -> f64 {
        if self.domain.is_blocked(col, row) || volume_m3.is_nan() || volume_m3 <= 0.0 {
            return 0.0;
        }
        let (cell, area) = (self.cell(col, row), self.domain.grid.cell_area_m2());
        let units = self.units_at(cell).min(fixed::of_m(volume_m3 / area));
        self.change(cell, -(units as i64));
        let lost = fixed::to_m(units) * area;
        match book {
            Taken::Infiltrated => self.books.infiltration_m3 += lost,
            Taken::Removed => self.books.outflow_m3 += lost,
        }
        lost
    }

    fn save(&self) -> SolverState {
        self.flush();
        let (len, stride) = (self.fields.borrow().len, self.fields.borrow().params.stride);
        let water: Vec<[u32; 2]> = self.read(at::WATER, 0, len);
        let flows = self.all_flows();
        let soaked: Vec<[u32; 2]> = {
            let words = self.fields.borrow().buffer(at::SOAKED).size() as usize / 8;
            if words >= len { self.read(at::SOAKED, 0, len) } else { Vec::new() }
        };
        let control = self.read_control();
        // Volumes soils have taken are booked from here on.
        let mut books = self.books;
        books.infiltration_m3 += self.soaked_m3();
        let fastest = f64::from(f32::from_bits(control.fastest));
        let head = [self.steps, self.tiles_done, u64::from(stride), u64::from(control.deepest), len as u64];
        let cells = water.into_iter().chain(soaked).map(fixed::joined);
        SolverState {
            kernel: NAME.into(),
            arrays: vec![
                flows.iter().map(|f| f[0]).collect(),
                flows.iter().map(|f| f[1]).collect(),
                self.fallen_mm.clone(),
            ],
            counts: head.into_iter().chain(cells).collect(),
            scalars: vec![fastest, self.time_s, self.exchanged_s],
            books,
            parts: Vec::new(),
        }
    }

    fn restore(&mut self, state: &SolverState) -> bool {
        if state.scalars.iter().any(|v| !v.is_finite()) || state.arrays.iter().flatten().any(|v| !v.is_finite()) {
            return false;
        }
        if state.kernel == CPU_NAME {
            return self.restore_from_cpu(state);
        }
        let (len, stride) = (self.fields.get_mut().len, self.fields.get_mut().params.stride);
        let soil_words = self.fields.get_mut().buffer(at::SOAKED).size() as usize / 8;
        let soils = if soil_words >= len { len } else { 0 };
        let [qx, qy, fallen_mm] = state.arrays.as_slice() else { return false };
        let fits = state.kernel == NAME
            && state.counts.len() == 5 + len + soils
            && state.counts[2] == u64::from(stride)
            && state.counts[4] == len as u64
            && state.scalars.len() == 3
            && qx.len() == len
            && qy.len() == len
            && (fallen_mm.is_empty() || fallen_mm.len() == self.domain.grid.len())
            && state.counts[5..].iter().all(|units| *units < 1 << 63);
        if !fits {
            return false;
        }
        let words: Vec<[u32; 2]> = state.counts[5..].iter().map(|units| fixed::words(*units)).collect();
        let flows: Vec<[f32; 2]> = qx.iter().zip(qy).map(|(x, y)| [*x, *y]).collect();
        self.upload(&words[..len], &flows);
        if soils > 0 {
            let fields = self.fields.get_mut();
            self.gpu.queue.write_buffer(fields.buffer(at::SOAKED), 0, bytemuck::cast_slice(&words[len..]));
        }
        self.clear_soil_books();
        self.fallen_mm.clone_from(fallen_mm);
        (self.steps, self.tiles_done) = (state.counts[0], state.counts[1]);
        self.control = Control { deepest: state.counts[3] as u32, ..self.control };
        self.restore_scalars(&state.scalars, state);
        true
    }

    fn boxed(&self) -> Box<dyn SurfaceSolver> {
        Box::new(self.clone())
    }
}
