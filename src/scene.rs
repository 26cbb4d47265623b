//! From what the user named to a city: the demo city, or data files.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use guanlan_city::{
    City,
    demo::{self, DemoParams},
    import::{LoadOptions, Report, archive, tiles3d::is_address},
    pack,
};
use guanlan_core::Lang;
use guanlan_geography::LocalFrame;

use crate::{
    args::RoomArgs,
    exit::{Failure, Outcome, bad_input, failed},
    locale::pick,
    progress::Progress,
};

/// A city ready to be used, and where it came from.
pub struct Scene {
    /// The city.
    pub city: Arc<City>,
    /// Import report; empty for a cached city.
    pub report: Report,
    /// True for the invented city.
    pub demo: bool,
    /// Short name for files of this scene (journal).
    pub slug: String,
}

/// What the user asked for.
pub struct SceneRequest<'a> {
    /// Files; empty means the demo city.
    pub files: &'a [PathBuf],
    /// EPSG code of files that do not say theirs.
    pub crs: Option<u32>,
    /// Seed of the demo city.
    pub seed: u64,
    /// Sensors of the demo city.
    pub sensors: usize,
    /// Language of messages.
    pub lang: Lang,
}

/// Loads the scene a room was asked for.
pub fn of_room(args: &RoomArgs, lang: Lang) -> Result<Scene, Failure> {
    load(&SceneRequest { files: &args.inputs, crs: args.crs, seed: args.seed, sensors: args.sensors, lang })
}

/// The user's cache folder for Guanlan.
pub fn cache_dir() -> PathBuf {
    base("XDG_CACHE_HOME", ".cache").join("guanlan")
}

/// The user's data folder for Guanlan (journals).
pub fn data_dir() -> PathBuf {
    base("XDG_DATA_HOME", ".local/share").join("guanlan")
}

fn base(variable: &str, below_home: &str) -> PathBuf {
    match std::env::var_os(variable).filter(|v| !v.is_empty()) {
        Some(path) => path.into(),
        None => std::env::var_os("HOME").map_or_else(std::env::temp_dir, PathBuf::from).join(below_home),
    }
}

/// Fails on the first file that is not there; a mistyped verb ends here, too.
pub fn all_there(files: &[PathBuf], lang: Lang) -> Outcome {
    let gone = |file: &&PathBuf| !file.exists() && !is_address(file) && archive::split(file).is_none();
    let Some(missing) = files.iter().find(gone) else { return Ok(()) };
    let advice = pick(
        lang,
        "没有这个文件或命令；请检查路径，或运行 guanlan --help",
        "no such file or verb: check the path, or see guanlan --help",
    );
    Err(bad_input(format!("{}: {advice}", missing.display())))
}

/// Loads what was asked for, with progress on stderr.
pub fn load(request: &SceneRequest<'_>) -> Result<Scene, Failure> {
    let lang = request.lang;
    if let [dir] = request.files
        && dir.is_dir()
        && pack::is_pack(dir)
    {
        return open_pack(dir, request);
    }
    let mut progress = Progress::new();
    let (files, name, frame, demo, slug) = if request.files.is_empty() {
        progress.step(pick(lang, "正在生成演示城市（仅首次）…", "making the demo city (first time only) …"));
        let params = DemoParams { seed: request.seed, sensors: request.sensors };
        let made = demo::ensure(&cache_dir().join("demo"), &params).map_err(|e| match e {
            demo::DemoError::Sensors { .. } => bad_input(e),
            other => failed(other),
        })?;
        let slug = format!("demo-{}-{}", request.seed, request.sensors);
        let frame = LocalFrame::new(made.epsg, made.origin);
        (made.files, Some(made.name), Some(frame), true, slug)
    } else {
        all_there(request.files, lang)?;
        let stem = request.files[0].file_stem().map_or_else(|| "city".into(), |s| s.to_string_lossy().into_owned());
        (request.files.to_vec(), None, None, false, stem)
    };
    let options = LoadOptions { crs_override: request.crs, name, frame, lang, ..LoadOptions::default() };
    let shared = std::cell::RefCell::new(progress);
    let (city, report) =
        pack::load_cached(&cache_dir().join("packs"), &files, &options, &|text| shared.borrow_mut().step(text))
            .map_err(bad_input)?;
    Ok(Scene { city: Arc::new(city), report, demo, slug })
}

/// Opens what `guanlan import` has made.
fn open_pack(dir: &Path, request: &SceneRequest<'_>) -> Result<Scene, Failure> {
    if request.crs.is_some() {
        return Err(bad_input(pick(
            request.lang,
            "--crs 只用于数据文件；城市包在导入时已确定坐标系",
            "--crs is for data files; a city pack has had its CRS since its import",
        )));
    }
    let progress = std::cell::RefCell::new(Progress::new());
    let opened = pack::open(dir, request.lang, &|text| progress.borrow_mut().step(text)).map_err(bad_input)?;
    for notice in &opened.notices {
        eprintln!("{}", notice.get(request.lang));
    }
    let slug = std::fs::canonicalize(dir)
        .ok()
        .and_then(|whole| Some(whole.file_name()?.to_string_lossy().into_owned()))
        .unwrap_or_else(|| "city".into());
    Ok(Scene { city: Arc::new(opened.city), report: opened.report, demo: false, slug })
}
