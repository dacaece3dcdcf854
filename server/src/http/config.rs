//! The configuration file, TOML. What it does not say is left to the environment, the flags and the defaults; the table
//! of who overrules whom is in docs/http.md.

use std::collections::HashSet;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use serde::Deserialize;

use super::settings::{Limits, Settings};
use super::tenant::{KeyHash, KeySettings, Rate, Scope};
use crate::json::{NodeIdText, Text};

/// A configuration file.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ConfigFile {
    /// Where to listen.
    pub listen: Option<SocketAddr>,
    /// The graph's file.
    pub graph: Option<PathBuf>,
    /// Threads that search.
    pub threads: Option<u16>,
    /// Who pays where a request of a facade does not say.
    pub own_node: Option<NodeIdText>,
    /// Names by which a server without keys may be asked, beside those of the loopback.
    pub hosts: Vec<String>,
    /// The folder that keeps what tenants have.
    pub state: Option<PathBuf>,
    /// What is logged, as `info` or `info,server=debug`.
    pub log: Option<String>,
    /// How it is written.
    pub log_format: Option<LogFormat>,
    /// The certificate and its key.
    pub tls: Option<TlsFiles>,
    limits: LimitsFile,
    keys: Vec<KeyFile>,
}

/// How logs are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LogFormat {
    /// A line for people.
    #[default]
    Text,
    /// An object a line.
    Json,
}

/// Files in PEM.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TlsFiles {
    /// The certificates, the server's own first.
    pub cert: PathBuf,
    /// The private key.
    pub key: PathBuf,
}

/// Bounds, each of which has a default.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct LimitsFile {
    connection_count_max: Option<usize>,
    address_connection_count_max: Option<usize>,
    body_size_max: Option<usize>,
    bodies_size_max: Option<usize>,
    head_size_max: Option<usize>,
    head_timeout_s: Option<u64>,
    request_timeout_s: Option<u64>,
    write_timeout_s: Option<u64>,
    drain_timeout_s: Option<u64>,
    queue_size: Option<usize>,
    queue_wait_min_us: Option<u64>,
    queue_wait_max_ms: Option<u64>,
    work_max: Option<u64>,
    alternative_count_max: Option<u16>,
    layer_entry_count_max: Option<usize>,
}

/// A key.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct KeyFile {
    name: String,
    sha256: Text<KeyHash>,
    tenant: Option<String>,
    #[serde(default = "read_only")]
    scopes: Vec<Scope>,
    requests_per_second: Option<f64>,
    requests_burst: Option<f64>,
    work_per_second: Option<f64>,
    work_burst: Option<f64>,
}

/// Why a configuration cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ConfigError {
    /// It is no TOML, or has fields that mean nothing.
    #[error(transparent)]
    Form(#[from] toml::de::Error),
    /// Two keys have one name.
    #[error("two keys have the name {name:?}")]
    KeyName {
        /// The name.
        name: String,
    },
    /// A rate is no number above 0.
    #[error("key {name:?}: a rate and a burst are numbers above 0, a burst at least 1")]
    Rate {
        /// The key's name.
        name: String,
    },
    /// A burst of a rate that is not there.
    #[error("key {name:?}: {budget}_burst without {budget}_per_second limits nothing")]
    BurstAlone {
        /// The key's name.
        name: String,
        /// What it is a budget of.
        budget: &'static str,
    },
    /// A limit is larger than any that makes sense.
    #[error("limits.{limit} is more than {most}")]
    LargeLimit {
        /// The limit's name.
        limit: &'static str,
        /// The largest that is taken.
        most: u64,
    },
    /// A limit is 0.
    #[error("a limit is 0, so nothing could be answered")]
    ZeroLimit,
}

impl ConfigFile {
    /// Reads it.
    ///
    /// # Errors
    /// See [`ConfigError`].
    pub fn read(text: &str) -> Result<Self, ConfigError> {
        let config: ConfigFile = toml::from_str(text)?;
        config.keys()?;
        config.limits.to_limits()?;
        Ok(config)
    }

    /// The settings of a server, the address and the threads of the flags and the environment first.
    ///
    /// # Errors
    /// See [`ConfigError`].
    pub fn settings(
        &self,
        listen: Option<SocketAddr>,
        threads: Option<u16>,
    ) -> Result<Settings, ConfigError> {
        Ok(Settings {
            listen: listen.or(self.listen).unwrap_or(Settings::default().listen),
            search_threads: threads.or(self.threads).map_or(0, usize::from),
            own_node: self.own_node.map(|node| node.0),
            hosts: self.hosts.clone(),
            state: self.state.clone(),
            keys: self.keys()?,
            limits: self.limits.to_limits()?,
        })
    }

    /// The fields that are not as in `other` and that only a start takes up.
    pub fn fields_to_start_with(&self, other: &ConfigFile) -> Vec<&'static str> {
        let fields = [
            ("listen", self.listen == other.listen),
            ("threads", self.threads == other.threads),
            ("state", self.state == other.state),
            ("log_format", self.log_format == other.log_format),
            ("tls", self.tls.is_some() == other.tls.is_some()),
        ];
        let fields = fields.into_iter().chain(self.limits.compared(&other.limits));
        fields.filter(|(_, is_same)| !is_same).map(|(name, _)| name).collect()
    }

    fn keys(&self) -> Result<Vec<KeySettings>, ConfigError> {
        let mut names = HashSet::new();
        let keys = self.keys.iter().map(|key| {
            if !names.insert(&key.name) {
                return Err(ConfigError::KeyName { name: key.name.clone() });
            }
            key.to_settings()
        });
        keys.collect()
    }
}

impl KeyFile {
    fn to_settings(&self) -> Result<KeySettings, ConfigError> {
        let rate = |budget, per_second: Option<f64>, burst: Option<f64>| {
            let Some(per_second) = per_second else {
                let alone = || ConfigError::BurstAlone { name: self.name.clone(), budget };
                return burst.map_or(Ok(None), |_| Err(alone()));
            };
            let burst = burst.unwrap_or(per_second.max(1.0));
            let is_sound = per_second.is_finite() && per_second > 0.0 && burst.is_finite() && burst >= 1.0;
            is_sound
                .then_some(Some(Rate { per_second, burst }))
                .ok_or(ConfigError::Rate { name: self.name.clone() })
        };
        Ok(KeySettings {
            name: self.name.clone(),
            hash: self.sha256.0,
            tenant: self.tenant.clone().unwrap_or_else(|| self.name.clone()),
            scopes: self.scopes.clone(),
            requests: rate("requests", self.requests_per_second, self.requests_burst)?,
            work: rate("work", self.work_per_second, self.work_burst)?,
        })
    }
}

impl LimitsFile {
    /// Whether those are as in `other` that only a start takes up: queues, rooms and counts are made by them.
    fn compared(&self, other: &LimitsFile) -> [(&'static str, bool); 7] {
        [
            ("limits.connection_count_max", self.connection_count_max == other.connection_count_max),
            (
                "limits.address_connection_count_max",
                self.address_connection_count_max == other.address_connection_count_max,
            ),
            ("limits.bodies_size_max", self.bodies_size_max == other.bodies_size_max),
            ("limits.queue_size", self.queue_size == other.queue_size),
            ("limits.queue_wait_min_us", self.queue_wait_min_us == other.queue_wait_min_us),
            ("limits.queue_wait_max_ms", self.queue_wait_max_ms == other.queue_wait_max_ms),
            ("limits.layer_entry_count_max", self.layer_entry_count_max == other.layer_entry_count_max),
        ]
    }

    /// Whether times can be added to the clock, and whether there is memory for what is made by counts.
    fn check_most(&self) -> Result<(), ConfigError> {
        let size = |size: Option<usize>| size.map(|size| size as u64);
        let told = [
            ("connection_count_max", size(self.connection_count_max), COUNT_MAX),
            ("address_connection_count_max", size(self.address_connection_count_max), COUNT_MAX),
            ("body_size_max", size(self.body_size_max), SIZE_MAX),
            ("head_size_max", size(self.head_size_max), SIZE_MAX),
            ("head_timeout_s", self.head_timeout_s, YEAR_S),
            ("request_timeout_s", self.request_timeout_s, YEAR_S),
            ("write_timeout_s", self.write_timeout_s, YEAR_S),
            ("drain_timeout_s", self.drain_timeout_s, YEAR_S),
            ("queue_size", size(self.queue_size), COUNT_MAX),
            ("queue_wait_min_us", self.queue_wait_min_us, 1_000_000 * YEAR_S),
            ("queue_wait_max_ms", self.queue_wait_max_ms, 1000 * YEAR_S),
        ];
        let large = told.into_iter().find(|(_, told, most)| told.is_some_and(|told| told > *most));
        large.map_or(Ok(()), |(limit, _, most)| Err(ConfigError::LargeLimit { limit, most }))
    }

    fn to_limits(&self) -> Result<Limits, ConfigError> {
        self.check_most()?;
        let usual = Limits::default();
        let secs = |secs: Option<u64>, usual| secs.map_or(usual, Duration::from_secs);
        let limits = Limits {
            connection_count_max: self.connection_count_max.unwrap_or(usual.connection_count_max),
            address_connection_count_max: self.address_connection_count_max,
            body_size_max: self.body_size_max.unwrap_or(usual.body_size_max),
            bodies_size_max: self.bodies_size_max.unwrap_or(usual.bodies_size_max),
            head_size_max: self.head_size_max.unwrap_or(usual.head_size_max),
            head_timeout: secs(self.head_timeout_s, usual.head_timeout),
            request_timeout: secs(self.request_timeout_s, usual.request_timeout),
            write_timeout: secs(self.write_timeout_s, usual.write_timeout),
            drain_timeout: secs(self.drain_timeout_s, usual.drain_timeout),
            queue_size: self.queue_size.unwrap_or(usual.queue_size),
            queue_wait_min: self.queue_wait_min_us.map_or(usual.queue_wait_min, Duration::from_micros),
            queue_wait_max: self.queue_wait_max_ms.map_or(usual.queue_wait_max, Duration::from_millis),
            work_max: self.work_max.unwrap_or(usual.work_max),
            alternative_count_max: self.alternative_count_max.unwrap_or(usual.alternative_count_max),
            layer_entry_count_max: self.layer_entry_count_max.unwrap_or(usual.layer_entry_count_max),
        };
        let sizes = [
            limits.connection_count_max,
            limits.body_size_max,
            limits.bodies_size_max,
            limits.head_size_max,
            limits.queue_size,
        ];
        let times =
            [limits.head_timeout, limits.request_timeout, limits.write_timeout, limits.queue_wait_max];
        if sizes.contains(&0)
            || limits.address_connection_count_max == Some(0)
            || times.contains(&Duration::ZERO)
            || limits.work_max == 0
        {
            return Err(ConfigError::ZeroLimit);
        }
        Ok(limits)
    }
}

fn read_only() -> Vec<Scope> {
    vec![Scope::Read]
}

/// Descriptors that Linux gives a process (`fs.nr_open`); a queue of so many searches takes 25 MB.
const COUNT_MAX: u64 = 1 << 20;
/// Of one body, or one head.
const SIZE_MAX: u64 = 1 << 30;
/// Longer than any client or operator waits.
const YEAR_S: u64 = 365 * 24 * 3600;

#[cfg(test)]
mod tests {
    use super::*;

    const HASH: &str = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";

    #[test]
    fn flags_overrule_the_file_and_the_file_the_defaults() {
        let config =
            ConfigFile::read("listen = \"127.0.0.1:9000\"\nthreads = 3\n[limits]\nqueue_size = 7").unwrap();
        let settings = config.settings(None, Some(2)).unwrap();
        assert_eq!((settings.listen.port(), settings.search_threads), (9000, 2));
        assert_eq!(settings.limits, Limits { queue_size: 7, ..Limits::default() });
        let listen = "127.0.0.1:1".parse().ok();
        assert_eq!(config.settings(listen, None).unwrap().listen.port(), 1);
        assert_eq!(ConfigFile::default().settings(None, None).unwrap().listen, Settings::default().listen);
    }

    #[test]
    fn what_only_a_start_takes_up_is_told() {
        let read = |text: &str| ConfigFile::read(text).unwrap();
        let former = read("hosts = [\"a\"]\n[limits]\nqueue_size = 7\nwork_max = 9");
        let tls = "[tls]\ncert = \"a\"\nkey = \"b\"";
        let now =
            read(&format!("graph = \"b\"\nlog = \"debug\"\nthreads = 2\n[limits]\nqueue_size = 8\n{tls}"));
        assert_eq!(now.fields_to_start_with(&former), ["threads", "tls", "limits.queue_size"]);
        let key = format!("graph = \"b\"\nhosts = [\"a\"]\n[[keys]]\nname = \"a\"\nsha256 = \"{HASH}\"");
        let key = read(&format!("{key}\n[limits]\nqueue_size = 7"));
        assert_eq!(key.fields_to_start_with(&former), [""; 0]);
    }

    #[test]
    fn keys_have_defaults() {
        let text = format!("[[keys]]\nname = \"a\"\nsha256 = \"{HASH}\"\nrequests_per_second = 0.5");
        let settings = ConfigFile::read(&text).unwrap().settings(None, None).unwrap();
        let key = &settings.keys[0];
        assert_eq!((key.tenant.as_str(), key.hash), ("a", KeyHash::of(b"abc")));
        assert_eq!((key.scopes.as_slice(), key.work), (&[Scope::Read][..], None));
        assert_eq!(key.requests, Some(Rate { per_second: 0.5, burst: 1.0 }));
    }

    #[test]
    fn what_cannot_be_meant_is_refused() {
        let key = format!("[[keys]]\nname = \"a\"\nsha256 = \"{HASH}\"\n");
        for bad in [
            "lisen = \"127.0.0.1:1\"".to_owned(),
            "[limits]\nqueue_size = 0".to_owned(),
            "[[keys]]\nname = \"a\"\nsha256 = \"12\"".to_owned(),
            format!("{key}{key}"),
            format!("{key}requests_per_second = -1"),
            format!("{key}work_per_second = 10\nwork_burst = 0.5"),
            format!("{key}scopes = [\"rule\"]"),
        ] {
            assert!(ConfigFile::read(&bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_burst_without_its_rate_is_refused() {
        let key = format!("[[keys]]\nname = \"a\"\nsha256 = \"{HASH}\"\n");
        for budget in ["requests", "work"] {
            let text = format!("{key}{budget}_burst = 5");
            let error = ConfigFile::read(&text).unwrap_err().to_string();
            let told = format!("key \"a\": {budget}_burst without {budget}_per_second limits nothing");
            assert_eq!(error, told);
            assert!(ConfigFile::read(&format!("{text}\n{budget}_per_second = 1")).is_ok());
        }
    }

    #[test]
    fn a_limit_that_makes_no_sense_is_refused_by_its_name() {
        for (limit, most) in [
            ("connection_count_max", COUNT_MAX),
            ("address_connection_count_max", COUNT_MAX),
            ("queue_size", COUNT_MAX),
            ("body_size_max", SIZE_MAX),
            ("head_size_max", SIZE_MAX),
            ("head_timeout_s", YEAR_S),
            ("request_timeout_s", YEAR_S),
            ("write_timeout_s", YEAR_S),
            ("drain_timeout_s", YEAR_S),
            ("queue_wait_min_us", 1_000_000 * YEAR_S),
            ("queue_wait_max_ms", 1000 * YEAR_S),
        ] {
            let read = |value: u64| ConfigFile::read(&format!("[limits]\n{limit} = {value}"));
            assert!(read(most).is_ok(), "{limit}");
            for large in [most + 1, i64::MAX as u64] {
                let error = read(large).unwrap_err().to_string();
                assert_eq!(error, format!("limits.{limit} is more than {most}"));
            }
        }
    }
}
