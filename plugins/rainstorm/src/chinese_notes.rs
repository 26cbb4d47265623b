//! What a run had to assume, repair or leave out, in Chinese: by pattern from the English words of the notes.

use guanlan_core::file_words::{Phrases, both};

/// English pattern and Chinese words.
const NOTES: &Phrases = &[
    // Ground.
    ("* cells have no height: left out, no water enters", "{1} 格没有高程：不参与计算，水不进入"),
    (
        "* cells beside no-data let water out (nodata_edges = \"open\")",
        "无数据边界上 {1} 格向外排水（nodata_edges = \"open\"）",
    ),
    (
        "* cells lie beyond ±* m: left out (is a no-data value missing?)",
        "{1} 格高程超出 ±{2} m：不参与计算（是否漏写无数据值？）",
    ),
    (
        "Manning's n is no number or outside 0–1 on * cells: cut, or 0.03",
        "{1} 格糙率不是数或不在 0 到 1 之间：已截到范围内，或取 0.03",
    ),
    (
        "a focus area does not fit the raster or touches another: left out",
        "一个重点区域与网格不合或与另一个相接：不加密",
    ),
    ("areal reduction: point rain times *", "面雨量折减：点雨量乘以 {1}"),
    ("over coarser cells: *", "粗网格上：{1}"),
    ("* rain cells have no data, taken as * mm/h", "{1} 格雨量没有数据，按 {2} mm/h 计"),
    // Kernels.
    (
        "* % of the ground is steep and smooth (supercritical): the fv1 kernel is used, about three times slower",
        "{1} % 的地面又陡又光滑（急流）：改用 fv1 求解，约慢三倍",
    ),
    (
        "* % of the ground is steep and smooth (supercritical): local_inertial is not reliable there, consider kernel = \"fv1\"",
        "{1} % 的地面又陡又光滑（急流）：local_inertial 在那里不可靠，建议 kernel = \"fv1\"",
    ),
    ("the fv1 kernel runs on the processor only", "fv1 只在处理器上计算"),
    ("the water is computed on the processor: *", "水流在处理器上计算：{1}"),
    // Networks.
    ("hot start '*': *; the file's own initial state is taken", "热启动文件“{1}”：{2}；改用文件自身的初始状态"),
    (
        "hot start: nodes and links begin with it, subcatchments as the file has them",
        "热启动：节点和管段用其状态，子汇水区按文件自身初始状态",
    ),
    (
        "hot start '*': not written: the state of subcatchments and pollutants is not kept",
        "热启动文件“{1}”未写出：不保存子汇水区和污染物的状态",
    ),
    ("hot start '*': not written: *", "热启动文件“{1}”未写出：{2}"),
    (
        "hot start: a node or link of the file is not in the network: its own initial state is taken",
        "热启动：文件中有节点或管段不在管网中：改用文件自身的初始状态",
    ),
    ("it is no hot start file of SWMM 5", "不是 SWMM 5 的热启动文件"),
    ("it is of an older version: SWMM5-HOTSTART3 or 4 was expected", "版本过旧：应为 SWMM5-HOTSTART3 或 4"),
    ("it ends too early", "文件不完整"),
    ("a value in it is no number", "其中有值不是数"),
    (
        "it is of another network: * nodes and * links, expected * and *",
        "属于另一管网：{1} 个节点、{2} 条管段，应为 {3} 和 {4}",
    ),
    ("its flow units are *, expected *", "流量单位是 {1}，应为 {2}"),
    ("the network has no outfall: water only leaves it through manholes", "管网没有排口：水只能从检查井溢出"),
    ("* nodes are not connected to an outfall (* …)", "{1} 个节点与任何排口不连通（{2} …）"),
    (
        "street inlets of the file are not used: the raster's streets meet the manholes",
        "文件中的街道雨水口不用：栅格上的街道直接与检查井相接",
    ),
    ("* subcatchments are not used: the rain falls on the raster", "{1} 个子汇水区不用：雨直接落在栅格上"),
    ("* subcatchments have no rain gage (* …)", "{1} 个子汇水区没有雨量站（{2} …）"),
    ("* RDII inflows are not used: their rain is the file's own", "{1} 处 RDII 入流不用：其降雨出自文件本身"),
    ("IGNORE_ROUTING: the network is routed all the same", "IGNORE_ROUTING：管网照常演算"),
    ("FLOW_ROUTING *: the dynamic wave is used instead (*)", "FLOW_ROUTING {1}：改用动力波（{2}）"),
    ("nothing else is modelled", "没有其他算法"),
    ("* dividers: junctions under dynamic wave routing, as in SWMM", "{1} 个分流井：动力波下与 SWMM 一样按普通节点计"),
    ("inlets along *: *; left out", "{1} 沿线雨水口：{2}；不计"),
    ("* culverts have a code above 57: they are plain conduits", "{1} 处涵洞代码大于 57：按普通管道计"),
    ("node *: invert * m or depth * m makes no sense; taken as 0", "节点 {1}：井底 {2} m 或井深 {3} m 不合理，按 0 计"),
    ("conduit *: an end is not a node; left out", "管道 {1}：一端不是节点；不计"),
    ("conduit *: no positive size; left out", "管道 {1}：没有正的断面尺寸；不计"),
    ("conduit *: length * m; taken as 1 m", "管道 {1}：长度 {2} m，按 1 m 计"),
    ("conduit *: Manning's n *; taken as 0.013", "管道 {1}：糙率 {2}，按 0.013 计"),
    ("conduit * (*): *", "管道 {1}（{2}）：{3}"),
    ("a similar section of the same area is taken", "取面积相同的相近断面"),
    ("an unknown shape: a circle is taken", "断面形状不认识：按圆形计"),
    ("a size code that is not known: taken by its height", "尺寸代码不认识：按其高度取"),
    ("* conduits are lengthened (LENGTHENING_STEP), as in SWMM", "{1} 条管道按 LENGTHENING_STEP 加长，与 SWMM 相同"),
    ("pump *: an end is not a node; left out", "水泵 {1}：一端不是节点；不计"),
    (
        "* *: its sill is raised to the invert of its lower node, as in SWMM",
        "{1} {2}：堰槛抬到下游节点井底，与 SWMM 相同",
    ),
    ("* *: ends or sizes make no sense; left out", "{1} {2}：端点或尺寸不合理；不计"),
    (
        "rule * (line *): looks at or drives something that is not supported; left out",
        "规则 {1}（第 {2} 行）：所看或所控的对象不支持；不计",
    ),
    ("unit hydrographs *: no rain gage", "单位线 {1}：没有雨量站"),
];

/// `中文 / English` of notes.
pub(crate) fn chinese_first(notes: &mut [String]) {
    notes.iter_mut().for_each(|note| *note = both(NOTES, note));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_pattern_is_reached() {
        guanlan_core::phrases::check(NOTES);
        let mut notes = vec![
            "3 cells have no height: left out, no water enters".to_owned(),
            "conduit c1 (BANANA): an unknown shape: a circle is taken".to_owned(),
            "水深 / depth".to_owned(),
        ];
        chinese_first(&mut notes);
        assert!(notes[0].starts_with("3 格没有高程") && notes[0].ends_with("no water enters"), "{}", notes[0]);
        assert!(notes[1].starts_with("管道 c1（BANANA）：断面形状不认识"), "{}", notes[1]);
        assert_eq!(notes[2], "水深 / depth");
    }
}
