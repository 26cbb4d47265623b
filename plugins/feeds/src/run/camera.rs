//! Cameras: their addresses for the panels, where a picture comes from, and whether it comes.

use std::{sync::Arc, time::Duration};

use super::{courier::Courier, web};
use crate::{
    file::kinds::{Camera, Login},
    intake::wall_now,
};

/// Time between looks.
const EVERY: Duration = Duration::from_secs(60);

/// The address with its secret.
///
/// # Errors
/// When the secret is not there.
pub fn address(spec: &Camera) -> Result<String, String> {
    match &spec.secret {
        Some(secret) => Ok(spec.url.replace("{secret}", &secret.value()?)),
        None => Ok(spec.url.clone()),
    }
}

/// Looks now and then whether the camera answers with a picture.
pub async fn follow(spec: Camera, courier: Arc<Courier>) {
    let mut told = false;
    loop {
        match look(&spec).await {
            Ok(()) => {
                if !told && courier.bring_camera(&spec.camera, web::without_query(&spec.url)).await.is_err() {
                    return;
                }
                told = true;
                courier.health().heard(1, 0, wall_now());
                courier.up();
                tokio::time::sleep(EVERY).await;
            }
            Err(reason) => courier.fail(&reason).await,
        }
    }
}

async fn look(spec: &Camera) -> Result<(), String> {
    let url = address(spec)?;
    let client = web::client(&Login::default(), None)?;
    let work = async {
        let mut response = client.get(&url).send().await.map_err(|e| web::plain(&e))?;
        if !response.status().is_success() {
            return Err(format!("status {}", response.status()));
        }
        let kind =
            response.headers().get("content-type").and_then(|v| v.to_str().ok()).unwrap_or("").to_ascii_lowercase();
        if !(kind.starts_with("image/") || kind.starts_with("multipart/x-mixed-replace")) {
            return Err(format!("'{kind}' is no picture"));
        }
        match response.chunk().await.map_err(|e| web::plain(&e))? {
            Some(_) => Ok(()),
            None => Err("an empty picture".into()),
        }
    };
    tokio::time::timeout(Duration::from_secs(15), work).await.map_err(|_| "no answer in time".to_owned())?
}
