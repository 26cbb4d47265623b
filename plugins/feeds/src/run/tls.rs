//! TLS: authorities of a file or of the system, client certificates.

use std::{path::Path, sync::Arc};

use rustls::{
    ClientConfig, RootCertStore,
    pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject},
};

/// Chooses the program's cryptography once; a second choice is refused harmlessly.
pub fn provider() {
    let _ = rustls::crypto::ring::default_provider().install_default();
}

/// A client's configuration.
///
/// # Errors
/// The file that cannot be read, and why.
pub fn client(ca: Option<&Path>, identity: Option<(&Path, &Path)>) -> Result<Arc<ClientConfig>, String> {
    provider();
    let mut roots = RootCertStore::empty();
    match ca {
        Some(path) => {
            for certificate in certificates(path)? {
                roots.add(certificate).map_err(|e| format!("{}: {e}", path.display()))?;
            }
        }
        None => {
            let system = rustls_native_certs::load_native_certs();
            roots.add_parsable_certificates(system.certs);
            if roots.is_empty() {
                return Err("the system has no certificates of authorities: name one with ca_file".into());
            }
        }
    }
    let builder = ClientConfig::builder().with_root_certificates(roots);
    let config = match identity {
        None => builder.with_no_client_auth(),
        Some((certificate, key)) => {
            let chain = certificates(certificate)?;
            let secret =
                PrivateKeyDer::from_pem_file(key).map_err(|e| format!("{}: no private key: {e:?}", key.display()))?;
            builder.with_client_auth_cert(chain, secret).map_err(|e| format!("{}: {e}", certificate.display()))?
        }
    };
    Ok(Arc::new(config))
}

fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, String> {
    let wrong = |e: String| format!("{}: no PEM certificates: {e}", path.display());
    let list: Result<Vec<_>, _> = CertificateDer::pem_file_iter(path).map_err(|e| wrong(format!("{e:?}")))?.collect();
    let list = list.map_err(|e| wrong(format!("{e:?}")))?;
    if list.is_empty() { Err(wrong("none in it".into())) } else { Ok(list) }
}
