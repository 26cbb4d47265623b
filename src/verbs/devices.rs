//! `guanlan devices`: the demo's devices as a publisher of their own.

use guanlan_core::Lang;
use guanlan_feeds::{devices, mqtt_client::BrokerUrl};

use crate::{
    args::DevicesArgs,
    exit::{Outcome, bad_input, failed},
    locale::pick,
    scene::{self, SceneRequest},
};

pub fn run(args: &DevicesArgs, lang: Lang) -> Outcome {
    let broker: BrokerUrl = args.mqtt.parse().map_err(bad_input)?;
    let request = SceneRequest { files: &[], crs: None, seed: args.seed, sensors: args.sensors, lang };
    let scene = scene::load(&request)?;
    eprintln!("{} {}:{}", pick(lang, "演示设备正在向", "demo devices publish to"), broker.host, broker.port);
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().map_err(failed)?;
    runtime.block_on(async {
        tokio::select! {
            result = devices::run(scene.city, args.seed, broker) => result.map_err(failed),
            _ = tokio::signal::ctrl_c() => Ok(()),
        }
    })
}
