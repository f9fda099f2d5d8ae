//! What the file and the flags together say.

use super::{address, connections};
use crate::cli;
use crate::config::{Config, Reach};
use crate::error::Error;
use crate::gate;
use crate::http::Door;
use crate::ingest;
use std::net::{IpAddr, ToSocketAddrs};
use std::path::PathBuf;
use std::thread::available_parallelism;
use tokio::net::TcpListener;

/// File of the rules in the data folder.
const RULES_FILE: &str = "alerts.db";

/// Everything the server is told.
#[derive(Clone, Debug)]
pub struct Settings {
    pub config: Config,
    pub listen: String,
    /// File of the rules; none where it lies in the data folder.
    database: Option<PathBuf>,
}

impl Settings {
    /// The file with the flags over it.
    ///
    /// # Errors
    /// When the file is wrong, a flag is, or both together are.
    pub fn new(flags: &cli::Serve) -> Result<Self, Error> {
        let mut config = match &flags.config {
            Some(path) => Config::load(path)?,
            None => Config::default(),
        };
        if let Some(dir) = &flags.data_dir {
            config.data_dir.clone_from(dir);
        }
        if let Some(text) = &flags.retention {
            config.retention =
                text.parse().map_err(|why| Error::Usage(format!("--retention: {why}")))?;
        }
        if let Some(listen) = &flags.listen {
            config.listen.clone_from(listen);
        }
        if let Some(url) = &flags.cache_url {
            config.cache_url.clone_from(url);
        }
        config.collect.enabled &= !flags.no_collect;
        check_cache(&config.cache_url)?;
        let url = flags.database_url.as_ref().or(config.database_url.as_ref());
        let database = url.map(|url| database_path(url)).transpose()?;
        let is_open = !config.token.0.is_empty() || flags.insecure;
        if !is_open && !is_loopback(&config.listen) {
            return Err(Error::Usage(format!(
                "listen on {}: everybody who reaches that address could read, write and delete; set `token` in the configuration file, listen on 127.0.0.1, or say --insecure",
                config.listen
            )));
        }
        Ok(Self { listen: config.listen.clone(), config, database })
    }

    /// The file of the rules.
    pub fn rules_file(&self) -> PathBuf {
        self.database.clone().unwrap_or_else(|| self.config.data_dir.join(RULES_FILE))
    }

    /// Whether nobody else can be using that file: the data folder is locked, while a file
    /// that was named may be shared.
    pub fn owns_rules_file(&self) -> bool {
        self.database.is_none()
    }

    /// What the store is told.
    pub fn store(&self) -> storage::Options {
        let config = &self.config;
        storage::Options {
            retention: config.retention.span(),
            future_max: match config.retention {
                // With everything kept, every time is welcome.
                Reach::Infinite => None,
                Reach::Until(_) => config.future_max.span(),
            },
            fsync: config.fsync,
            head_bytes_max: config.head_bytes_max.0,
            auto_create_databases: config.auto_create_databases,
            series_max: config.series_max,
            series_per_measurement_max: config.series_per_measurement_max,
            columns_max: config.columns_max,
            labels_max: config.labels_max,
            label_name_bytes_max: config.label_name_bytes_max,
            label_value_bytes_max: config.label_value_bytes_max,
            wal_bytes_max: config.wal_bytes_max.0,
            cold_after: config.cold_after,
            index_cache_bytes: config.index_cache_bytes.0,
            disk_free_min: config.disk_free_min.map(|bytes| bytes.0),
            ..storage::Options::default()
        }
    }

    /// What connections may take.
    pub fn connections(&self) -> connections::Limits {
        connections::Limits {
            connections_max: self.config.connections_max,
            header_timeout: self.config.header_timeout.to_std(),
        }
    }

    /// Largest bodies of writes.
    pub fn limits(&self) -> ingest::Limits {
        ingest::Limits {
            body_bytes_max: self.config.body_bytes_max.0,
            decompressed_bytes_max: self.config.body_decompressed_bytes_max.0,
        }
    }

    /// What queries may use.
    pub fn gate(&self) -> gate::Limits {
        let query = &self.config.query;
        let concurrent_max = match query.concurrent_max {
            // One to compute and one to read for each core.
            0 => 2 * available_parallelism().map_or(1, usize::from),
            count => count,
        };
        gate::Limits {
            concurrent_max,
            timeout: query.timeout.to_std(),
            samples_max: query.samples_max,
            slow: query.slow.to_std(),
        }
    }

    /// Who is let in.
    ///
    /// # Errors
    /// When the system does not say where the server listens.
    pub fn door(&self, listener: &TcpListener) -> Result<Door, Error> {
        let external = self.config.external_url.as_deref();
        let authority = external.and_then(|url| url.split("://").nth(1)?.split('/').next());
        Ok(Door {
            tokens: self.config.token.0.clone(),
            is_loopback: address::local(listener)?.ip().is_loopback(),
            external_authority: authority.map(str::to_owned),
        })
    }
}

/// Whether every address the text means is of this machine alone. What cannot be resolved
/// is told when it is bound.
fn is_loopback(listen: &str) -> bool {
    let host = listen.rsplit_once(':').map_or(listen, |(host, _)| host);
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    if let Ok(ip) = bare.parse::<IpAddr>() {
        return ip.is_loopback();
    }
    if host == "localhost" {
        return true;
    }
    match listen.to_socket_addrs() {
        Ok(addresses) => addresses.into_iter().all(|it| it.ip().is_loopback()),
        Err(_) => !listen.starts_with(':'),
    }
}

/// The path of `sqlite:PATH`, also spelled `sqlite://PATH`.
fn database_path(url: &str) -> Result<PathBuf, Error> {
    let path = url.strip_prefix("sqlite:").map(|it| it.strip_prefix("//").unwrap_or(it));
    match path {
        Some(path) if !path.is_empty() => Ok(PathBuf::from(path)),
        _ if url.starts_with("postgres:") || url.starts_with("postgresql:") => {
            Err(Error::Usage("database url: this version keeps rules in SQLite only: use sqlite:PATH, or leave it out to keep them in the data folder".to_owned()))
        }
        _ => Err(Error::Usage(format!("database url {:?}: write sqlite:PATH", scheme(url)))),
    }
}

fn check_cache(url: &str) -> Result<(), Error> {
    match scheme(url) {
        "memory:" => Ok(()),
        "redis:" | "rediss:" => Err(Error::Usage(
            "cache url: this version caches in memory only: use memory:".to_owned(),
        )),
        other => Err(Error::Usage(format!("cache url {other:?}: write memory:"))),
    }
}

/// The scheme of an address with its colon; the rest may hold a password.
fn scheme(url: &str) -> &str {
    url.find(':').map_or(url, |colon| &url[..=colon])
}

#[cfg(test)]
mod tests;
