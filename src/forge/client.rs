//! Requests, and what is done when they fail.

use std::fmt;
use std::io;
use std::thread::sleep;
use std::time::Duration;

use serde_json::Value;
use ureq::http::{Request, Response, Uri};
use ureq::{Agent, Body, Timeout};

use super::error::{ForgeError, Permission};
use super::limits;

/// How often a request is made at most.
const ATTEMPTS: u32 = 4;

/// How long is waited for rate limits to end, for each request, in seconds.
const LONGEST_WAIT: u64 = 90;

/// How long is waited before a request is made again for the first time; twice as long each time.
const PAUSE: Duration = Duration::from_millis(200);

/// How long one request may take.
const TIME_LIMIT: Duration = Duration::from_secs(30);

/// The largest answer that is read, in bytes.
const LARGEST: u64 = 16 << 20;

/// What is shorter is no token, in bytes.
const SHORTEST_TOKEN: usize = 6;

/// How much of a refusal is shown, in characters.
const SHOWN: usize = 300;

/// Where the API is, and who asks.
#[derive(Clone)]
pub struct Address {
    api: String,
    repository: String,
    token: String,
}

impl Address {
    /// An address of the API (`https://api.github.com`), a repository (`owner/name`) and a token.
    ///
    /// # Errors
    /// One of them cannot be, or the token would travel unencrypted.
    pub fn new(api: &str, repository: &str, token: &str) -> Result<Self, ForgeError> {
        let wrong = |name, wrong| Err(ForgeError::Address { name, wrong });
        let api = api.trim_end_matches('/');
        let Ok(uri) = api.parse::<Uri>() else { return wrong("GITHUB_API_URL", "it is no address") };
        let here = matches!(uri.host(), Some("127.0.0.1" | "localhost" | "[::1]"));
        if uri.host().is_none() || uri.query().is_some() {
            return wrong("GITHUB_API_URL", "it is no address");
        }
        if uri.scheme_str() != Some("https") && !(here && uri.scheme_str() == Some("http")) {
            return wrong("GITHUB_API_URL", "it is not https, and the token would travel unencrypted");
        }
        let part = |part: &str| {
            !part.is_empty()
                && part.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte))
                && !matches!(part, "." | "..")
        };
        if !repository.split_once('/').is_some_and(|(owner, name)| part(owner) && part(name)) {
            return wrong("GITHUB_REPOSITORY", "it is not of the form owner/name");
        }
        let token = token.trim();
        if token.is_empty() {
            return wrong("GITHUB_TOKEN", "it is not set");
        }
        if !token.bytes().all(|byte| byte.is_ascii_graphic()) {
            return wrong("GITHUB_TOKEN", "it holds characters that no token has");
        }
        Ok(Self { api: api.to_owned(), repository: repository.to_owned(), token: token.to_owned() })
    }
}

impl fmt::Debug for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { api, repository, token: _ } = self;
        f.debug_struct("Address").field("api", api).field("repository", repository).finish_non_exhaustive()
    }
}

/// Whether a request may be made again when nobody knows whether it was carried out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Repeat {
    /// It does the same again.
    Harmless,
    /// It would be done twice.
    Never,
}

/// A request below the repository.
#[derive(Debug, Clone, Copy)]
pub(super) struct Ask<'a> {
    pub(super) method: &'static str,
    pub(super) path: &'a str,
    pub(super) body: Option<&'a Value>,
    pub(super) repeat: Repeat,
    /// What the token must allow for it.
    pub(super) needs: Permission,
}

impl<'a> Ask<'a> {
    /// Something to read.
    pub(super) fn get(path: &'a str, needs: Permission) -> Self {
        Self { method: "GET", path, body: None, repeat: Repeat::Harmless, needs }
    }

    /// What it is, without what may be secret or long.
    pub(super) fn what(&self) -> String {
        format!("{} {}", self.method, self.path.split('?').next().unwrap_or(self.path))
    }
}

/// What came of one attempt.
enum Outcome {
    Answered(Value),
    /// It may be made again after so many seconds.
    Limited(u64),
    /// It may be made again where that is harmless.
    Failed(ForgeError),
    /// There is no use in making it again.
    Final(ForgeError),
}

/// Makes requests.
#[derive(Debug)]
pub struct Client {
    agent: Agent,
    address: Address,
}

impl Client {
    /// Asks this address.
    pub fn new(address: Address) -> Self {
        let config = Agent::config_builder()
            .timeout_global(Some(TIME_LIMIT))
            .http_status_as_error(false)
            // A redirect would take the token elsewhere.
            .max_redirects(0)
            .max_redirects_will_error(false)
            .user_agent(concat!("cargo-perfguard/", env!("CARGO_PKG_VERSION")))
            .build();
        Self { agent: config.new_agent(), address }
    }

    /// Makes a request, and gives its answer.
    pub(super) fn send(&self, ask: &Ask<'_>) -> Result<Value, ForgeError> {
        let mut waited = 0_u64;
        let mut last = None;
        for attempt in 0..ATTEMPTS {
            match self.attempt(ask) {
                Outcome::Answered(answer) => return Ok(answer),
                Outcome::Final(error) => return Err(error),
                Outcome::Limited(seconds) => {
                    waited = waited.saturating_add(seconds);
                    let error = ForgeError::Limited { what: ask.what(), seconds };
                    if waited > LONGEST_WAIT {
                        return Err(error);
                    }
                    tracing::debug!(what = ask.what(), seconds, "waits for GitHub's rate limit");
                    last = Some(error);
                    sleep(Duration::from_secs(seconds));
                }
                Outcome::Failed(error) => {
                    tracing::debug!(what = ask.what(), attempt, %error, "GitHub failed");
                    // What never came through was not carried out.
                    if ask.repeat == Repeat::Never && error.is_lost() {
                        return Err(error);
                    }
                    last = Some(error);
                    if attempt + 1 < ATTEMPTS {
                        sleep(PAUSE * 2_u32.pow(attempt));
                    }
                }
            }
        }
        Err(last.unwrap_or_else(|| self.lost(ask, "it was never asked")))
    }

    fn attempt(&self, ask: &Ask<'_>) -> Outcome {
        let mut response = match self.once(ask) {
            Ok(response) => response,
            Err(error) => return Outcome::Failed(self.failed(ask, &error)),
        };
        let status = response.status().as_u16();
        let text = match response.body_mut().with_config().limit(LARGEST).read_to_string() {
            Ok(text) => text,
            Err(error) => return Outcome::Failed(self.lost(ask, &error.to_string())),
        };
        if let Some(seconds) = limits::wait(status, response.headers(), &text) {
            return Outcome::Limited(seconds);
        }
        match status {
            200..=299 if text.trim().is_empty() => Outcome::Answered(Value::Null),
            200..=299 => match serde_json::from_str(&text) {
                Ok(answer) => Outcome::Answered(answer),
                Err(error) => {
                    Outcome::Final(ForgeError::Nonsense { what: ask.what(), message: error.to_string() })
                }
            },
            500.. => Outcome::Failed(self.lost(ask, &format!("it failed with status {status}"))),
            _ => Outcome::Final(self.refused(ask, status, &text)),
        }
    }

    fn once(&self, ask: &Ask<'_>) -> Result<Response<Body>, ureq::Error> {
        let Address { api, repository, token } = &self.address;
        let request = Request::builder()
            .method(ask.method)
            .uri(format!("{api}/repos/{repository}{}", ask.path))
            .header("Authorization", format!("Bearer {token}"))
            .header("Accept", "application/vnd.github+json")
            .header("X-GitHub-Api-Version", "2022-11-28");
        match ask.body {
            Some(body) => {
                self.agent.run(request.header("Content-Type", "application/json").body(body.to_string())?)
            }
            None => self.agent.run(request.body(())?),
        }
    }

    /// A request that failed before there was an answer.
    fn failed(&self, ask: &Ask<'_>, error: &ureq::Error) -> ForgeError {
        let before = match error {
            ureq::Error::HostNotFound | ureq::Error::ConnectionFailed | ureq::Error::InvalidProxyUrl => true,
            ureq::Error::Timeout(timeout) => matches!(timeout, Timeout::Resolve | Timeout::Connect),
            ureq::Error::Io(error) => is_before_connecting(error),
            _ => false,
        };
        let message = self.without_token(&error.to_string());
        if before {
            ForgeError::Unreachable { api: self.address.api.clone(), what: ask.what(), message }
        } else {
            ForgeError::Lost { what: ask.what(), message }
        }
    }

    fn lost(&self, ask: &Ask<'_>, message: &str) -> ForgeError {
        ForgeError::Lost { what: ask.what(), message: self.without_token(message) }
    }

    fn refused(&self, ask: &Ask<'_>, status: u16, text: &str) -> ForgeError {
        let said = serde_json::from_str::<Value>(text).ok();
        let message = said.as_ref().and_then(|said| said["message"].as_str());
        let message = match (message, (300..400).contains(&status)) {
            (_, true) => "it redirects, which is not followed",
            (Some(message), false) => message,
            (None, false) => text.trim(),
        };
        let message: String = self.without_token(message).chars().take(SHOWN).collect();
        ForgeError::Refused { what: ask.what(), status, message, needs: ask.needs }
    }

    /// A text that another one wrote, who may have been given the token.
    fn without_token(&self, text: &str) -> String {
        // What is so short is no token, and stands in many words.
        let token = &self.address.token;
        if token.len() < SHORTEST_TOKEN { text.to_owned() } else { text.replace(token, "***") }
    }
}

/// Whether an error came before there was a connection.
fn is_before_connecting(error: &io::Error) -> bool {
    let kinds = [
        io::ErrorKind::ConnectionRefused,
        io::ErrorKind::NetworkUnreachable,
        io::ErrorKind::HostUnreachable,
        io::ErrorKind::AddrNotAvailable,
    ];
    // Names that are not found and certificates that are not trusted have no kind of their own.
    let message = error.to_string();
    kinds.contains(&error.kind())
        || ["failed to lookup address", "invalid peer certificate"]
            .iter()
            .any(|known| message.starts_with(known))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_travels_encrypted_and_is_never_shown() {
        let api = "https://api.github.com/";
        let address = Address::new(api, "o/r", " s3cret\n").unwrap();
        assert!(!format!("{address:?} {:?}", Client::new(address.clone())).contains("s3cret"));
        assert_eq!((address.api.as_str(), address.token.as_str()), ("https://api.github.com", "s3cret"));
        assert!(Address::new("http://127.0.0.1:80", "o/r", "t").is_ok());
        for (api, repository, token, name) in [
            ("http://api.github.com", "o/r", "t", "GITHUB_API_URL"),
            ("http://127.0.0.1.example.org", "o/r", "t", "GITHUB_API_URL"),
            ("file:///etc/passwd", "o/r", "t", "GITHUB_API_URL"),
            ("", "o/r", "t", "GITHUB_API_URL"),
            (api, "o", "t", "GITHUB_REPOSITORY"),
            (api, "o/r/../../x", "t", "GITHUB_REPOSITORY"),
            (api, "o/..", "t", "GITHUB_REPOSITORY"),
            (api, "o/r?x", "t", "GITHUB_REPOSITORY"),
            (api, "o/r", " ", "GITHUB_TOKEN"),
            (api, "o/r", "a\nHost: b", "GITHUB_TOKEN"),
        ] {
            let error = Address::new(api, repository, token).unwrap_err().to_string();
            assert!(error.starts_with(name) && !error.contains("Host: b"), "{error}");
        }
    }

    #[test]
    fn a_server_cannot_make_us_show_the_token() {
        let client = Client::new(Address::new("https://api.github.com", "o/r", "s3cret").unwrap());
        let ask = Ask::get("/pulls?head=x", Permission::ReadPulls);
        let error = client.refused(&ask, 403, "{\"message\": \"Bearer s3cret is wrong\"}");
        assert_eq!(error.to_string(), "GitHub refused GET /pulls with status 403: Bearer *** is wrong");
        assert!(error.hint().unwrap().contains("`permissions: { pull-requests: read }`"));
        let moved = client.refused(&ask, 301, "{\"message\": \"Moved Permanently\"}");
        assert!(moved.to_string().contains("not followed"), "{moved}");
    }
}
