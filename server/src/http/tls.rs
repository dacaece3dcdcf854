//! TLS, by rustls.

use std::path::Path;
use std::sync::Arc;

use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::ring::default_provider;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};

/// Why a certificate cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TlsError {
    /// A file cannot be read, or is not PEM.
    #[error("{file}: {error}")]
    File {
        /// The file.
        file: String,
        /// Why.
        error: tokio_rustls::rustls::pki_types::pem::Error,
    },
    /// The key is not the certificate's, or of a kind that is not known.
    #[error("the certificate and its key: {0}")]
    Pair(#[from] tokio_rustls::rustls::Error),
}

/// What a server shows its clients: TLS 1.2 and 1.3, HTTP/2 and HTTP/1.1.
///
/// # Errors
/// See [`TlsError`].
pub fn read_tls(cert: &Path, key: &Path) -> Result<Arc<ServerConfig>, TlsError> {
    let failed = |path: &Path| {
        let file = path.display().to_string();
        move |error| TlsError::File { file, error }
    };
    let chain = CertificateDer::pem_file_iter(cert).map_err(failed(cert))?;
    let chain = chain.collect::<Result<Vec<_>, _>>().map_err(failed(cert))?;
    let key = PrivateKeyDer::from_pem_file(key).map_err(failed(key))?;
    let builder = ServerConfig::builder_with_provider(Arc::new(default_provider()));
    let builder = builder.with_safe_default_protocol_versions()?;
    let mut config = builder.with_no_client_auth().with_single_cert(chain, key)?;
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(Arc::new(config))
}
