//! Where a database is, and whether the way there is encrypted. Pure.

use std::time::Duration;

use tokio_postgres::Config;
use tokio_postgres::config::{Host, SslMode};

use super::super::error::ExchangeError;
use super::super::secrets::{self, Secrets};

/// How long one host may take to accept a connection.
const CONNECT: Duration = Duration::from_secs(10);
/// Where no port is given.
const PORT: u16 = 5432;

/// A database, and how to reach it.
#[derive(Debug)]
pub(super) struct Address {
    pub(super) config: Config,
    /// Whether the way is encrypted, and the server's certificate checked.
    pub(super) encrypted: bool,
    /// What it is known by, without users, passwords and settings.
    pub(super) key: String,
    /// What no message may show.
    pub(super) secrets: Secrets,
}

impl Address {
    /// Reads a URL. `password` is used where the URL has none.
    ///
    /// The way is encrypted unless every host is this machine or the URL says `sslmode=disable`; libpq's own default
    /// goes in the clear where a server offers nothing else.
    ///
    /// # Errors
    /// It is no URL of a database, or names no host.
    pub(super) fn read(url: &str, password: Option<&str>) -> Result<Self, ExchangeError> {
        let mut hidden = secrets::parts(url);
        hidden.extend(password.map(str::to_owned));
        let secrets = Secrets::of(hidden);
        let refused =
            |why: &str| ExchangeError::NoDatabase { url: secrets::shown(url), why: secrets.hide(why) };
        // Certificates are always checked in full, so libpq's two names for that ask for nothing more.
        let text = url
            .replace("sslmode=verify-full", "sslmode=require")
            .replace("sslmode=verify-ca", "sslmode=require");
        let mut config: Config = text.parse().map_err(|error| refused(&chain(&error)))?;
        if config.get_hosts().is_empty() {
            return Err(refused("it names no host"));
        }
        let encrypted = match config.get_ssl_mode() {
            SslMode::Disable => false,
            SslMode::Prefer => !config.get_hosts().iter().all(is_here),
            _ => true,
        };
        config.ssl_mode(if encrypted { SslMode::Require } else { SslMode::Disable });
        if let (None, Some(password)) = (config.get_password(), password) {
            config.password(password);
        }
        if config.get_application_name().is_none() {
            config.application_name("cargo-perfguard");
        }
        config.connect_timeout(CONNECT);
        Ok(Self { key: key(&config), encrypted, config, secrets })
    }
}

/// Whether a host is this machine.
fn is_here(host: &Host) -> bool {
    match host {
        Host::Tcp(name) => {
            name == "localhost" || name.parse().is_ok_and(|address: std::net::IpAddr| address.is_loopback())
        }
        #[cfg(unix)]
        Host::Unix(_) => true,
    }
}

/// The same whatever user, password or setting leads there.
fn key(config: &Config) -> String {
    let ports = config.get_ports();
    let hosts: Vec<String> = config
        .get_hosts()
        .iter()
        .enumerate()
        .map(|(at, host)| {
            let port = ports.get(at).or(ports.first()).copied().unwrap_or(PORT);
            match host {
                Host::Tcp(name) if name.contains(':') => format!("[{name}]:{port}"),
                Host::Tcp(name) => format!("{name}:{port}"),
                #[cfg(unix)]
                Host::Unix(path) => format!("{}:{port}", path.display()),
            }
        })
        .collect();
    format!("postgres://{}/{}", hosts.join(","), config.get_dbname().unwrap_or_default())
}

/// An error with everything that caused it.
pub(super) fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(inner) = source {
        let more = inner.to_string();
        if !text.contains(&more) {
            text = format!("{text}: {more}");
        }
        source = inner.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(url: &str) -> Address {
        Address::read(url, None).unwrap()
    }

    #[test]
    fn the_way_is_encrypted_unless_it_is_short_or_told_not_to_be() {
        for (url, encrypted) in [
            ("postgres://db.example.org/perf", true),
            ("postgresql://u:p@10.1.2.3:6000/perf", true),
            ("postgres://db.example.org/perf?sslmode=prefer", true),
            ("postgres://db.example.org/perf?sslmode=verify-full", true),
            ("postgres://db.example.org/perf?sslmode=disable", false),
            ("postgres://localhost/perf", false),
            ("postgres://127.0.0.1,[::1]/perf", false),
            ("postgres://localhost,db.example.org/perf", true),
            ("postgres://localhost/perf?sslmode=require", true),
            ("postgres:///perf?host=/var/run/postgresql", false),
        ] {
            assert_eq!(read(url).encrypted, encrypted, "{url}");
        }
    }

    #[test]
    fn a_database_is_known_by_where_it_is() {
        let key = "postgres://db.example.org:5432/perf";
        assert_eq!(read("postgres://db.example.org/perf").key, key);
        assert_eq!(read("postgresql://me:secret@db.example.org:5432/perf?sslmode=require").key, key);
        assert_eq!(read("postgres:///perf?host=/run/pg&port=6000").key, "postgres:///run/pg:6000/perf");
    }

    #[test]
    fn a_password_comes_from_the_url_or_from_outside_and_is_never_shown() {
        let taken =
            |url: &str| Address::read(url, Some("outside")).unwrap().config.get_password().unwrap().to_vec();
        assert_eq!(taken("postgres://me@localhost/perf"), b"outside");
        assert_eq!(taken("postgres://me:inside@localhost/perf"), b"inside");
        for url in ["postgres://me:hunter2@host/perf?sslmode=often", "postgres://me:hunter2@/perf?x=hunter2"]
        {
            let told = Address::read(url, None).unwrap_err().to_string();
            assert!(!told.contains("hunter2") && told.contains("postgres://***@"), "{told}");
        }
        assert!(Address::read("postgres:///perf", None).unwrap_err().to_string().contains("names no host"));
    }
}
