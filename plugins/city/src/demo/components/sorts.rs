//! The sorts of components that stand in the demo city, by their national codes.

/// A sort of component.
pub struct Sort {
    /// Class and sub-class of the national code.
    pub class: u8,
    pub number: u16,
    /// Whether the 2013 edition has it.
    pub in_2013: bool,
    /// Chinese and English.
    pub name: (&'static str, &'static str),
    /// Duty of the organisation that keeps it.
    pub duty: &'static str,
}

const fn sort(class: u8, number: u16, in_2013: bool, name: (&'static str, &'static str), duty: &'static str) -> Sort {
    Sort { class, number, in_2013, name, duty }
}

pub const RAIN_COVER: Sort = sort(1, 3, true, ("雨水井盖", "Storm drain cover"), "drainage");
pub const FOUL_COVER: Sort = sort(1, 2, true, ("污水井盖", "Sewer cover"), "drainage");
pub const WATER_COVER: Sort = sort(1, 1, true, ("供水井盖", "Water cover"), "cover");
pub const POWER_COVER: Sort = sort(1, 5, true, ("电力井盖", "Power cover"), "cover");
pub const TELECOM_COVER: Sort = sort(1, 7, true, ("通信井盖", "Telecom cover"), "cover");
pub const GAS_COVER: Sort = sort(1, 11, true, ("燃气井盖", "Gas cover"), "cover");
pub const GRATE: Sort = sort(1, 4, true, ("雨水箅子", "Rain grate"), "drainage");
pub const LAMP: Sort = sort(1, 37, true, ("路灯", "Street lamp"), "01");
pub const HYDRANT: Sort = sort(1, 13, true, ("消防设施", "Hydrant"), "01");
pub const CAMERA: Sort = sort(1, 50, true, ("监控电子眼设施", "Camera"), "01");
pub const CHARGER: Sort = sort(1, 54, false, ("充电桩", "Charging point"), "01");
pub const TRANSFORMER: Sort = sort(1, 48, true, ("变压器(箱)", "Transformer box"), "01");
pub const MAST: Sort = sort(1, 77, false, ("综合杆", "Combined mast"), "01");
pub const PUMPING: Sort = sort(1, 72, false, ("排水泵站", "Pumping station"), "drainage");
pub const OUTFALL: Sort = sort(1, 73, false, ("雨污水排放口", "Outfall"), "drainage");
pub const BUS_STOP: Sort = sort(2, 4, true, ("公交站设施", "Bus stop"), "road");
pub const SIGN: Sort = sort(2, 12, true, ("路名牌", "Street name sign"), "road");
pub const SIGNAL: Sort = sort(2, 14, true, ("交通信号灯", "Traffic light"), "road");
pub const TOILET: Sort = sort(3, 1, true, ("公共厕所", "Public toilet"), "sanitation");
pub const BIN: Sort = sort(3, 5, true, ("垃圾箱", "Litter bin"), "sanitation");
pub const TREE: Sort = sort(4, 2, true, ("行道树", "Street tree"), "greening");
pub const BENCH: Sort = sort(4, 7, true, ("街头座椅", "Bench"), "greening");
