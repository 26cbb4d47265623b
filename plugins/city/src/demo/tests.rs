//! What the demo city promises.

use super::*;

#[test]
fn look() {
    let Ok(path) = std::env::var("GUANLAN_PREVIEW") else { return };
    let t = std::time::Instant::now();
    let lap = |s: &str| println!("{s}: {:.2} s", t.elapsed().as_secs_f64());
    let plan = plan::Plan::new(params::PlanFile::embedded().unwrap(), 1);
    lap("plan");
    let ground = ground::Ground::new(&plan);
    lap("ground");
    let town = streets::build(&plan);
    println!(
        "streets {} nodes {} edges {} faces {}",
        town.streets.len(),
        town.graph.nodes.len(),
        town.graph.edges.len(),
        town.faces.len()
    );
    lap("streets");
    let net = network::build(&plan, &town);
    println!("net nodes {} links {} signals {}", net.nodes.len(), net.links.len(), net.signals.len());
    let mut mask = mask::Mask::new(&plan, &net);
    lap("mask");
    let built = buildings::build(&plan, &town, &ground, &mut mask);
    lap("buildings");
    println!(
        "houses {} sites {} residents {}",
        built.houses.len(),
        built.sites.len(),
        built.houses.iter().map(|h| h.residents).sum::<u32>()
    );
    let mut by = std::collections::BTreeMap::new();
    for h in &built.houses {
        *by.entry(h.usage).or_insert(0) += 1;
    }
    println!("{by:?}");
    let drains = drainage::build(&plan, &net, &ground);
    lap("drains");
    println!(
        "drain nodes {} pipes {} pumps {} stations {} outfalls {}",
        drains.nodes.len(),
        drains.pipes.len(),
        drains.pumps.len(),
        drains.stations.len(),
        drains.nodes.iter().filter(|n| n.kind == drainage::NodeKind::Outfall).count()
    );
    println!("underpasses {}", plan.underpasses.len());
    let show = std::env::var("GUANLAN_DRAINS").is_ok();
    let w: Vec<f64> = std::env::var("GUANLAN_WINDOW")
        .unwrap_or("0,0,6000,6000".into())
        .split(',')
        .map(|v| v.parse().unwrap())
        .collect();
    preview::draw(&path, &plan, &ground, &net, &built, show.then_some(&drains), [w[0], w[1], w[2], w[3]], 1500);
}

#[test]
fn full() {
    let dir = tempfile::tempdir().unwrap();
    let t = std::time::Instant::now();
    let files = generate(dir.path(), &DemoParams::default()).unwrap();
    println!("the demo city in {:.2} s", t.elapsed().as_secs_f64());
    assert_eq!(files.files.len(), 12);
}
