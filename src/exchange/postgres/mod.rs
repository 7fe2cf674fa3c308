//! A PostgreSQL database: an exchange of runs, and plain rows for dashboards. No command works on it directly.
//!
//! Two tables, filled in one transaction, each row once and for all (`schema.sql`). The synchronous client of the same
//! authors cannot be told how long to wait for an answer, so this is the asynchronous one, on a runtime of one thread.

mod address;
mod rows;

use std::future::Future;
use std::time::Duration;

use tokio::runtime::Runtime;
use tokio::time::timeout;
use tokio_postgres::error::SqlState;
use tokio_postgres::types::ToSql;
use tokio_postgres::{Client, NoTls, Statement, Transaction};
use tokio_postgres_rustls::MakeRustlsConnect;

use super::error::{DatabaseFault, ExchangeError, Oddity};
use super::text::{self, LARGEST, TextError};
use super::{Exchange, Item, Listing, Put};
use crate::domain::RunUid;
use crate::support::hex::hexadecimal;
use crate::support::records::digest;
use address::{Address, chain};
use rows::Rows;

/// The tables, made where they are missing.
const SCHEMA: &str = include_str!("schema.sql");
/// What the tables are at.
const VERSION: i32 = 1;
/// Holds off others that make the tables at the same time: "perfguar" as a number.
const MAKING: i64 = 0x7065_7266_6775_6172;

/// How long connecting may take, all told.
const CONNECTING: Duration = Duration::from_secs(30);
/// How long one answer may take.
const ANSWER: Duration = Duration::from_mins(1);

const INSERT_RUN: &str = "\
    INSERT INTO perfguard_run (uid, digest, started, body) \
    VALUES ($1, $2, to_timestamp($3::float8 / 1000), $4) ON CONFLICT DO NOTHING";

const INSERT_MEASUREMENTS: &str = "\
    INSERT INTO perfguard_measurement (uid, started, number, dirty, value, launches, commit_id, provenance, machine, arch, \
    cpu_model, target, rustc, profile, settings, features, rustflags, instrument, benchmark, metric, unit) \
    SELECT $1, to_timestamp($2::float8 / 1000), * FROM unnest($3::int4[], $4::bool[], $5::float8[], $6::int4[], \
    $7::text[], $8::text[], $9::text[], $10::text[], $11::text[], $12::text[], $13::text[], $14::text[], $15::text[], \
    $16::text[], $17::text[], $18::text[], $19::text[], $20::text[], $21::text[]) ON CONFLICT DO NOTHING";

/// A database that holds runs.
#[derive(Debug)]
pub struct Database {
    runtime: Runtime,
    client: Client,
    address: Address,
}

/// Why an answer is none.
enum Failed {
    Database(tokio_postgres::Error),
    Late,
    Newer(i32),
}

impl From<tokio_postgres::Error> for Failed {
    fn from(error: tokio_postgres::Error) -> Self {
        Self::Database(error)
    }
}

impl Database {
    /// Connects to the database of a URL, `postgres://USER@HOST/NAME`. `password` is used where the URL has none.
    ///
    /// # Errors
    /// No such URL, or nobody who answers, is the one that the certificate says, and lets us in.
    pub fn open(url: &str, password: Option<&str>) -> Result<Self, ExchangeError> {
        let address = Address::read(url, password)?;
        let fail = |said: &str| database_error("connect to", &address, said, DatabaseFault::Connection);
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(|error| fail(&error.to_string()))?;
        let connected = runtime.block_on(async {
            match timeout(CONNECTING, connect(&address)).await {
                Ok(connected) => connected,
                Err(_) => Err(format!("no answer within {CONNECTING:?}")),
            }
        });
        let client = connected.map_err(|said| fail(&said))?;
        Ok(Self { runtime, client, address })
    }

    /// Asks, and says what became of it in words.
    fn ask<T>(
        &mut self,
        action: &'static str,
        question: impl AsyncFnOnce(&mut Client) -> Result<T, Failed>,
    ) -> Result<T, ExchangeError> {
        let answer = self.runtime.block_on(question(&mut self.client));
        answer.map_err(|failed| {
            let (said, fault) = match failed {
                Failed::Late => ("no answer within a minute".to_owned(), DatabaseFault::Connection),
                Failed::Newer(version) => (
                    format!("its tables are at version {version}, which a newer version of this program made; this one knows {VERSION}"),
                    DatabaseFault::Newer,
                ),
                Failed::Database(error) => {
                    let fault = fault_of(&error);
                    let said = error.as_db_error().map_or_else(|| chain(&error), |error| error.message().to_owned());
                    (said, fault)
                }
            };
            database_error(action, &self.address, &said, fault)
        })
    }
}

/// Connects; what drives the connection goes on by itself whenever something is asked.
async fn connect(address: &Address) -> Result<Client, String> {
    let Address { config, .. } = address;
    if !address.encrypted {
        let (client, connection) = config.connect(NoTls).await.map_err(|error| chain(&error))?;
        tokio::spawn(connection);
        return Ok(client);
    }
    let (tls, _) = MakeRustlsConnect::with_native_certs().map_err(|errors| {
        let all: Vec<String> = errors.iter().map(ToString::to_string).collect();
        format!("this system has no certificates to check the server's by ({})", all.join(", "))
    })?;
    let (client, connection) = config.connect(tls).await.map_err(|error| chain(&error))?;
    tokio::spawn(connection);
    Ok(client)
}

/// Waits for an answer, but not for ever.
async fn timely<T>(answer: impl Future<Output = Result<T, tokio_postgres::Error>>) -> Result<T, Failed> {
    match timeout(ANSWER, answer).await {
        Ok(answer) => Ok(answer?),
        Err(_) => Err(Failed::Late),
    }
}

/// The version of the tables; `None` where there are none.
async fn version(client: &Client) -> Result<Option<i32>, Failed> {
    let there = timely(client.query_one("SELECT to_regclass('perfguard_schema') IS NOT NULL", &[])).await?;
    if !there.try_get::<_, bool>(0)? {
        return Ok(None);
    }
    let found = timely(client.query_one("SELECT max(version) FROM perfguard_schema", &[])).await?;
    match found.try_get::<_, Option<i32>>(0)? {
        Some(version) if version > VERSION => Err(Failed::Newer(version)),
        version => Ok(version),
    }
}

/// Makes the tables unless they are there.
async fn make_tables(client: &mut Client) -> Result<(), Failed> {
    if version(client).await?.is_some() {
        return Ok(());
    }
    let transaction = timely(client.transaction()).await?;
    timely(transaction.execute("SELECT pg_advisory_xact_lock($1)", &[&MAKING])).await?;
    timely(transaction.batch_execute(SCHEMA)).await?;
    timely(transaction.commit()).await
}

async fn list(client: &mut Client) -> Result<Listing, Failed> {
    let mut listing = Listing::default();
    if version(client).await?.is_none() {
        return Ok(listing);
    }
    for row in timely(client.query("SELECT uid, digest FROM perfguard_run ORDER BY uid", &[])).await? {
        let uid: &[u8] = row.try_get(0)?;
        match <[u8; 16]>::try_from(uid) {
            Ok(bytes) => {
                listing.items.push(Item { uid: RunUid::new(bytes), content: row.try_get(1)? });
            }
            Err(_) => listing.odd.push(Oddity::NoId(hexadecimal(uid))),
        }
    }
    Ok(listing)
}

async fn get(client: &Client, uid: RunUid) -> Result<Result<Vec<u8>, Oddity>, Failed> {
    let bytes = &uid.bytes()[..];
    let most = i64::try_from(LARGEST).unwrap_or(i64::MAX);
    let asked =
        "SELECT CASE WHEN octet_length(body) <= $2::bigint THEN body END FROM perfguard_run WHERE uid = $1";
    let Some(row) = timely(client.query_opt(asked, &[&bytes, &most])).await? else {
        return Ok(Err(Oddity::Shape { uid, why: "it was removed" }));
    };
    let body: Option<Vec<u8>> = row.try_get(0)?;
    Ok(body.ok_or(Oddity::Unreadable { uid, why: TextError::Large }))
}

/// All of them, or none.
async fn put(client: &mut Client, runs: &[(RunUid, Vec<u8>)]) -> Result<Vec<(Put, String)>, Failed> {
    make_tables(client).await?;
    let transaction = timely(client.transaction()).await?;
    let insert_run = timely(transaction.prepare(INSERT_RUN)).await?;
    let insert_rows = timely(transaction.prepare(INSERT_MEASUREMENTS)).await?;
    let mut puts = Vec::with_capacity(runs.len());
    for (uid, body) in runs {
        let bytes = &uid.bytes()[..];
        let digest = digest(body);
        // A text that cannot be read back is kept as it is, and has no rows.
        let run = text::read(body, *uid).ok();
        let started = run.as_ref().map_or(0.0, |run| run.started_ms as f64);
        let inserted = timely(transaction.execute(&insert_run, &[&bytes, &digest, &started, body])).await?;
        let put = if inserted == 0 {
            already(&transaction, bytes, &digest).await?
        } else {
            if let Some(rows) = run.as_ref().map(Rows::of) {
                insert(&transaction, &insert_rows, bytes, started, &rows).await?;
            }
            Put::There
        };
        puts.push((put, digest));
    }
    timely(transaction.commit()).await?;
    Ok(puts)
}

/// What is there under an id, compared with what was to be.
async fn already(transaction: &Transaction<'_>, uid: &[u8], digest: &str) -> Result<Put, Failed> {
    let asked = "SELECT digest = $2 FROM perfguard_run WHERE uid = $1";
    let same = timely(transaction.query_opt(asked, &[&uid, &digest])).await?;
    let same = same.map(|row| row.try_get(0)).transpose()?;
    Ok(if same == Some(true) { Put::There } else { Put::Occupied })
}

async fn insert(
    transaction: &Transaction<'_>,
    insert_rows: &Statement,
    uid: &[u8],
    started: f64,
    rows: &Rows,
) -> Result<(), Failed> {
    let mut values: Vec<&(dyn ToSql + Sync)> =
        vec![&uid, &started, &rows.numbers, &rows.dirty, &rows.values, &rows.launches];
    values.extend(rows.texts.iter().map(|column| column as &(dyn ToSql + Sync)));
    timely(transaction.execute(insert_rows, &values)).await?;
    Ok(())
}

/// What kind of fault it is, so that the right thing is advised.
fn fault_of(error: &tokio_postgres::Error) -> DatabaseFault {
    match error.code() {
        Some(code)
            if [SqlState::INSUFFICIENT_PRIVILEGE, SqlState::READ_ONLY_SQL_TRANSACTION].contains(code) =>
        {
            DatabaseFault::Permission
        }
        Some(_) => DatabaseFault::Tables,
        None => DatabaseFault::Connection,
    }
}

fn database_error(
    action: &'static str,
    address: &Address,
    said: &str,
    fault: DatabaseFault,
) -> ExchangeError {
    ExchangeError::Database { action, place: address.key.clone(), said: address.secrets.hide(said), fault }
}

impl Exchange for Database {
    fn key(&self) -> &str {
        &self.address.key
    }

    fn shown(&self) -> &str {
        &self.address.key
    }

    fn list(&mut self) -> Result<Listing, ExchangeError> {
        self.ask("read runs from", list)
    }

    fn get(&mut self, item: &Item) -> Result<Result<Vec<u8>, Oddity>, ExchangeError> {
        self.ask("read runs from", async |client| get(client, item.uid).await)
    }

    fn put(&mut self, runs: &[(RunUid, Vec<u8>)]) -> Result<Vec<(Put, String)>, ExchangeError> {
        self.ask("write runs to", async |client| put(client, runs).await)
    }
}
