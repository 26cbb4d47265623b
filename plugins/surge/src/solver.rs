//! The state of a surface on a device, and how it moves in time.

use std::{cell::RefCell, collections::BTreeMap, sync::Arc};

use guanlan_rainstorm::surface::{Boundary, Domain, Forcing, GRAVITY, InertialSettings, Ledger};

use crate::{
    edges::edges_of,
    fields::{Control, Fields, Params, TILE, at},
    fixed,
    gpu::{Gpu, GpuError, Kernel},
};

/// Rain and drains are exchanged when this much simulated time has gathered, s.
const EXCHANGE_S: f64 = 1.0;
/// Steps of one submission at most: more would hold up a renderer on the same device.
const STEPS_AT_ONCE: u32 = 64;

/// What the host knows of the device's state.
#[derive(Clone, Debug, Default)]
pub(crate) struct Host {
    /// Depths of watched cells by padded index, in units, pending changes included.
    pub known: BTreeMap<u32, u64>,
    /// Changes of cells that the device has not been told.
    pub pending: BTreeMap<u32, i64>,
    /// Depths of all cells, m, without padding, as long as nothing has changed.
    pub depths_m: Option<Arc<Vec<f32>>>,
    /// Discharges over west and south faces, m²/s, padded, as long as nothing has changed.
    pub flows: Option<Arc<Vec<[f32; 2]>>>,
    /// Water held, m³, as long as nothing has changed.
    pub stored_m3: Option<f64>,
    /// Taken by soils that follow Horton or Green-Ampt, m³, as long as nothing has changed.
    pub soaked_m3: Option<f64>,
    /// Cells to read after each interval, in the order of the device's list.
    pub watch: Vec<u32>,
}

/// A surface on a graphics device, under the local inertial scheme.
pub struct Surge {
    pub(crate) gpu: Arc<Gpu>,
    pub(crate) domain: Arc<Domain>,
    pub(crate) settings: InertialSettings,
    pub(crate) fields: RefCell<Fields>,
    pub(crate) host: RefCell<Host>,
    pub(crate) boundaries: Arc<Vec<Boundary>>,
    /// True while the list of edges on the device is that of the domain and needs no series.
    pub(crate) edges_stand: bool,
    pub(crate) time_s: f64,
    pub(crate) exchanged_s: f64,
    pub(crate) books: Ledger,
    pub(crate) fallen_mm: Vec<f32>,
    /// As read after the last interval.
    pub(crate) control: Control,
    pub(crate) steps: u64,
    pub(crate) tiles_done: u64,
}

impl Surge {
    /// A dry domain on a device; cells with a held level are filled to it.
    ///
    /// # Errors
    /// When the raster is too large for the device.
    pub fn new(gpu: Arc<Gpu>, domain: Arc<Domain>, settings: InertialSettings) -> Result<Self, GpuError> {
        let fields = Fields::new(&gpu, &domain, &settings)?;
        let mut surge = Self {
            gpu,
            settings,
            fields: RefCell::new(fields),
            host: RefCell::default(),
            boundaries: Arc::default(),
            edges_stand: false,
            time_s: 0.0,
            exchanged_s: 0.0,
            books: Ledger::default(),
            fallen_mm: Vec::new(),
            control: Control::default(),
            steps: 0,
            tiles_done: 0,
            domain,
        };
        surge.upload_ground(None);
        surge.upload_crests();
        surge.fill(&|_, _| 0.0);
        Ok(surge)
    }

    /// The device.
    #[must_use]
    pub fn gpu(&self) -> &Arc<Gpu> {
        &self.gpu
    }

    /// Cells that a step has overdrawn so far: none, or the scheme is broken.
    #[must_use]
    pub fn overdrawn(&self) -> u32 {
        self.control.overdrawn
    }

    /// Bed, friction, soil and roofs; of rows that differ from an older domain only, when there is one.
    pub(crate) fn upload_ground(&mut self, old: Option<&Domain>) {
        let (grid, fields) = (self.domain.grid, self.fields.get_mut());
        let stride = fields.params.stride as usize;
        if old.is_none() {
            // Beyond the raster is wall.
            let wall = vec![[Domain::WALL_M, 0.0]; fields.len];
            self.gpu.queue.write_buffer(fields.buffer(at::GROUND), 0, bytemuck::cast_slice(&wall));
            let ones = vec![1.0_f32; fields.len];
            self.gpu.queue.write_buffer(fields.buffer(at::SHARE), 0, bytemuck::cast_slice(&ones));
        }
        let (mut ground, mut cover) = (vec![[0.0_f32; 2]; grid.cols], vec![0_u32; grid.cols]);
        for row in 0..grid.rows {
            let r = self.domain.ground_row(row);
            if let Some(old) = old {
                let o = old.ground_row(row);
                let same = o.bed_m == r.bed_m
                    && o.manning_squared == r.manning_squared
                    && o.class == r.class
                    && o.own == r.own
                    && o.roofs == r.roofs;
                if same {
                    continue;
                }
            }
            for k in 0..grid.cols {
                ground[k] = [r.bed_m[k], r.manning_squared[k]];
                let class = u32::from(r.class[k] & 7).min(5);
                cover[k] = class | u32::from(r.own[k] > 0.0) << 3 | (r.roofs[k] as u32) << 4;
            }
            let from = ((row + 1) * stride + 1) as u64;
            self.gpu.queue.write_buffer(fields.buffer(at::GROUND), 8 * from, bytemuck::cast_slice(&ground));
            self.gpu.queue.write_buffer(fields.buffer(at::COVER), 4 * from, bytemuck::cast_slice(&cover));
        }
    }

    /// The sparse list of crests.
    pub(crate) fn upload_crests(&mut self) {
        let fields = self.fields.get_mut();
        let faces = self.domain.crest_faces();
        let list: Vec<[u32; 2]> = faces
            .map(|(col, row, west, top)| [fields.index(col, row) as u32 | u32::from(west) << 31, top.to_bits()])
            .collect();
        fields.params.crests = list.len() as u32;
        if !list.is_empty() {
            fields.replace(&self.gpu, at::CRESTS, &list);
        }
        fields.write_params(&self.gpu);
    }

    /// Sets depths; time and books begin anew, flows are 0.
    pub(crate) fn fill(&mut self, depth_m: &dyn Fn(usize, usize) -> f32) {
        let grid = self.domain.grid;
        let fields = self.fields.get_mut();
        let mut water = vec![[0_u32; 2]; fields.len];
        let mut set = |col: usize, row: usize, depth_m: f32| {
            water[fields.index(col, row)] = fixed::words(fixed::of_m(f64::from(depth_m)));
        };
        for row in 0..grid.rows {
            for col in 0..grid.cols {
                let depth = depth_m(col, row);
                if !self.domain.is_blocked(col, row) && depth.is_finite() {
                    set(col, row, depth.max(0.0));
                }
            }
        }
        for held in self.domain.held() {
            set(held.col, held.row, held.depth_m);
        }
        let flow = vec![[0.0_f32; 2]; fields.len];
        self.upload(&water, &flow);
        self.clear_soil_books();
        self.books = Ledger::default();
        self.books.initial_m3 = self.stored_m3();
    }

    /// Books of soils begin at 0; what soils have taken before stays in them.
    pub(crate) fn clear_soil_books(&mut self) {
        let fields = self.fields.get_mut();
        let none = vec![[0_u32; 4]; (fields.params.tiles[0] * fields.params.tiles[1]) as usize];
        self.gpu.queue.write_buffer(&fields.soil_books, 0, bytemuck::cast_slice(&none));
        self.host.get_mut().soaked_m3 = None;
    }

    /// Puts a whole state of depths and discharges on the device and wakes the tiles where something moves.
    pub(crate) fn upload(&mut self, water: &[[u32; 2]], flow: &[[f32; 2]]) {
        let fields = self.fields.get_mut();
        let min = self.settings.depth_min_m;
        let depth: Vec<f32> = water.iter().map(|w| fixed::rounded(fixed::joined(*w))).collect();
        let deepest = depth.iter().copied().fold(min, f32::max);
        let [across, up] = fields.params.tiles.map(|n| n as usize);
        let mut flags = vec![0_u32; across * up];
        for row in 0..self.domain.grid.rows {
            for col in 0..self.domain.grid.cols {
                let i = fields.index(col, row);
                if depth[i] > min || flow[i] != [0.0; 2] {
                    flags[row / TILE[1] * across + col / TILE[0]] = 3;
                }
            }
        }
        let write = |binding: u32, bytes: &[u8]| self.gpu.queue.write_buffer(fields.buffer(binding), 0, bytes);
        write(at::WATER, bytemuck::cast_slice(water));
        write(at::DEPTH, bytemuck::cast_slice(&depth));
        write(at::FLOW, bytemuck::cast_slice(flow));
        write(at::RAW, bytemuck::cast_slice(&vec![[0.0_f32; 2]; fields.len]));
        write(at::FLAGS, bytemuck::cast_slice(&flags));
        self.control = Control { deepest: deepest.to_bits(), fastest: self.control.fastest, ..Control::default() };
        write(at::CONTROL, bytemuck::bytes_of(&self.control));
        let host = self.host.get_mut();
        host.known.clear();
        host.pending.clear();
        self.forget();
    }

    /// The state has changed: what was read of it is old.
    pub(crate) fn forget(&mut self) {
        let host = self.host.get_mut();
        (host.depths_m, host.flows, host.stored_m3, host.soaked_m3) = (None, None, None, None);
    }

    /// Advances exactly to `until_s`.
    pub(crate) fn run(&mut self, until_s: f64, forcing: &mut Forcing<'_>) {
        while self.time_s < until_s {
            let mut stop = until_s;
            if let Some(next) = forcing.rain.next_break_s(self.time_s).filter(|t| *t > self.time_s) {
                stop = stop.min(next);
            }
            for point in self.boundaries.iter().filter_map(|b| b.next_point_s(self.time_s)) {
                stop = stop.min(point);
            }
            let raining = forcing.rain.rains_at(self.time_s);
            if raining || forcing.drains.is_some() || self.domain.soaks() {
                let mark = self.exchanged_s + EXCHANGE_S;
                stop = if mark > self.time_s { stop.min(mark) } else { stop };
            }
            self.interval([self.time_s, stop], raining);
            self.time_s = stop;
            self.exchange(forcing);
        }
    }

    /// Moves the water from one time to another, in which nothing outside changes its course.
    fn interval(&mut self, time_s: [f64; 2], raining: bool) {
        self.forget();
        self.flush();
        self.host.get_mut().known.clear();
        self.prepare_edges(time_s);
        let mut left_s = (time_s[1] - time_s[0]) as f32;
        if left_s <= 0.0 {
            return;
        }
        let fields = self.fields.get_mut();
        fields.bind(&self.gpu);
        let control = fields.buffer(at::CONTROL);
        let begin = [left_s.to_bits(), u32::from(raining)];
        self.gpu.queue.write_buffer(control, 0, bytemuck::cast_slice(&begin));
        self.gpu.queue.write_buffer(control, 20, bytemuck::bytes_of(&0.0_f32));
        let deepest = f64::from(f32::from_bits(self.control.deepest).max(self.settings.depth_min_m));
        let wave_s = self.settings.alpha * self.domain.grid.cell_m / (GRAVITY * deepest).sqrt();
        let mut guess_s = if self.control.dt_s > 0.0 { self.control.dt_s } else { wave_s as f32 };
        let (before_steps, before_tiles) = (self.control.steps, tiles_of(&self.control));
        while left_s > 0.0 {
            let steps = ((left_s / guess_s.max(1.0e-6)).ceil() as u32).saturating_add(1).clamp(2, STEPS_AT_ONCE);
            self.submit_steps(steps);
            let now: Control = self.read_control();
            if now.dt_s > 0.0 {
                guess_s = now.dt_s;
            }
            left_s = now.left_s;
            self.control = Control { dt_s: guess_s, ..now };
        }
        self.steps += u64::from(self.control.steps.wrapping_sub(before_steps));
        self.tiles_done += tiles_of(&self.control).wrapping_sub(before_tiles);
        self.book_edges();
    }

    fn submit_steps(&mut self, steps: u32) {
        let fields = self.fields.get_mut();
        let mut encoder = self.gpu.device.create_command_encoder(&wgpu::CommandEncoderDescriptor::default());
        {
            let gpu = &self.gpu;
            let mut pass = encoder.begin_compute_pass(&wgpu::ComputePassDescriptor::default());
            let Params { tiles, crests, edges, .. } = fields.params;
            for _ in 0..steps {
                fields.over(gpu, &mut pass, Kernel::List, tiles[0] * tiles[1]);
                fields.over(gpu, &mut pass, Kernel::Start, 1);
                fields.over_active(gpu, &mut pass, Kernel::Faces);
                fields.over(gpu, &mut pass, Kernel::Crests, crests);
                fields.over_active(gpu, &mut pass, Kernel::Shares);
                fields.over_active(gpu, &mut pass, Kernel::Apply);
                fields.over(gpu, &mut pass, Kernel::Edges, edges);
            }
        }
        self.gpu.queue.submit([encoder.finish()]);
    }

    /// The list of edges for an interval; written again only when something in it may have changed.
    fn prepare_edges(&mut self, time_s: [f64; 2]) {
        if self.edges_stand {
            return;
        }
        let fields = self.fields.get_mut();
        let list = edges_of(&self.domain, &self.boundaries, fields, time_s);
        if !list.is_empty() {
            fields.replace(&self.gpu, at::EDGES, &list);
            fields.reserve(&self.gpu, at::EDGE_BOOKS, 16 * list.len());
        }
        fields.params.edges = list.len() as u32;
        fields.write_params(&self.gpu);
        self.edges_stand = self.boundaries.is_empty();
    }

    /// Takes what has crossed edges into the books and clears it on the device.
    fn book_edges(&mut self) {
        let count = self.fields.get_mut().params.edges as usize;
        if count == 0 {
            return;
        }
        let area = self.domain.grid.cell_area_m2();
        let books: Vec<[u32; 4]> = self.read(at::EDGE_BOOKS, 0, count);
        let sum = |words: &dyn Fn(&[u32; 4]) -> [u32; 2]| -> f64 {
            books.iter().map(|b| fixed::to_m(fixed::joined(words(b)))).sum::<f64>() * area
        };
        self.books.outflow_m3 += sum(&|b| [b[0], b[1]]);
        self.books.inflow_m3 += sum(&|b| [b[2], b[3]]);
        let zero = vec![[0_u32; 4]; count];
        self.gpu.queue.write_buffer(self.fields.get_mut().buffer(at::EDGE_BOOKS), 0, bytemuck::cast_slice(&zero));
    }
}

fn tiles_of(control: &Control) -> u64 {
    fixed::joined(control.tiles)
}

impl Clone for Surge {
    fn clone(&self) -> Self {
        self.flush();
        Self {
            gpu: self.gpu.clone(),
            domain: self.domain.clone(),
            settings: self.settings,
            fields: RefCell::new(self.fields.borrow().fork(&self.gpu)),
            host: self.host.clone(),
            boundaries: self.boundaries.clone(),
            edges_stand: self.edges_stand,
            time_s: self.time_s,
            exchanged_s: self.exchanged_s,
            books: self.books,
            fallen_mm: self.fallen_mm.clone(),
            control: self.control,
            steps: self.steps,
            tiles_done: self.tiles_done,
        }
    }
}
