//! The address the server listens on.

use crate::error::Error;
use std::io::ErrorKind;
use std::net::{IpAddr, SocketAddr};
use tokio::net::TcpListener;

/// Takes the port.
///
/// # Errors
/// When it is not an address, in use, or not allowed; the message says what to do.
pub async fn bind(address: &str) -> Result<TcpListener, Error> {
    // `:7373` is how Prometheus and InfluxDB spell every address of this machine.
    let spelled = match address.strip_prefix(':') {
        Some(port) => format!("0.0.0.0:{port}"),
        None => address.to_owned(),
    };
    TcpListener::bind(&spelled).await.map_err(|error| {
        let what = match error.kind() {
            ErrorKind::AddrInUse => {
                "the port is in use: stop the program that has it, or choose another with --listen"
                    .to_owned()
            }
            ErrorKind::PermissionDenied => {
                "not allowed: ports below 1024 want root; choose another with --listen".to_owned()
            }
            ErrorKind::AddrNotAvailable => {
                "this machine has no such address: choose another with --listen".to_owned()
            }
            ErrorKind::InvalidInput => {
                "not an address: write host and port, such as 127.0.0.1:7373".to_owned()
            }
            _ => format!("{error}: write host and port, such as 127.0.0.1:7373"),
        };
        Error::Listen { address: address.to_owned(), what }
    })
}

/// Where it really listens.
///
/// # Errors
/// When the system does not say.
pub fn local(listener: &TcpListener) -> Result<SocketAddr, Error> {
    listener.local_addr().map_err(|error| Error::Failed(format!("read own address: {error}")))
}

/// The address to open in a browser.
///
/// # Errors
/// When the system does not say where it listens.
pub fn url(listener: &TcpListener) -> Result<String, Error> {
    Ok(url_of(local(listener)?))
}

/// Every address of this machine cannot be opened; loopback is one of them that can.
fn url_of(address: SocketAddr) -> String {
    let ip = match address.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => "127.0.0.1".to_owned(),
        IpAddr::V6(ip) if ip.is_unspecified() => "[::1]".to_owned(),
        IpAddr::V4(ip) => ip.to_string(),
        IpAddr::V6(ip) => format!("[{ip}]"),
    };
    format!("http://{ip}:{}", address.port())
}

#[cfg(test)]
mod tests;
