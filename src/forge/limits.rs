//! What an answer says about GitHub's rate limits. Pure.

use jiff::fmt::rfc2822;
use ureq::http::HeaderMap;

/// How long is waited where the answer does not say, in seconds: GitHub asks for at least a minute.
const UNTOLD: u64 = 60;

/// How many seconds to wait before the request may be made again; `None` where no limit was met.
///
/// When a limit ends is told by GitHub's clock, so it is compared with GitHub's clock: ours may be wrong.
pub(super) fn wait(status: u16, headers: &HeaderMap, text: &str) -> Option<u64> {
    if !matches!(status, 403 | 429) {
        return None;
    }
    let header = |name: &str| headers.get(name)?.to_str().ok().map(str::trim);
    if let Some(seconds) = header("retry-after").and_then(|value| value.parse().ok()) {
        return Some(seconds);
    }
    if header("x-ratelimit-remaining") == Some("0") {
        let reset: Option<i64> = header("x-ratelimit-reset").and_then(|value| value.parse().ok());
        let now = header("date").and_then(|date| rfc2822::parse(date).ok());
        let seconds = reset.zip(now).map(|(reset, now)| reset.saturating_sub(now.timestamp().as_second()));
        // A second more: it is told in whole ones.
        return Some(seconds.map_or(UNTOLD, |left| u64::try_from(left).unwrap_or(0).saturating_add(1)));
    }
    (status == 429 || text.to_ascii_lowercase().contains("rate limit")).then_some(UNTOLD)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(pairs: &[(&'static str, &str)]) -> HeaderMap {
        pairs.iter().map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap())).collect()
    }

    #[test]
    fn a_limit_is_told_in_three_ways() {
        let date = ("date", "Thu, 26 Nov 2026 22:00:00 GMT");
        let reset = ("x-ratelimit-reset", "1795730430");
        for (status, given, text, expected) in [
            (403, vec![("retry-after", "7")], "", Some(7)),
            (429, vec![], "", Some(60)),
            (403, vec![("x-ratelimit-remaining", "0"), reset, date], "", Some(31)),
            (403, vec![("x-ratelimit-remaining", "0"), reset], "", Some(60)),
            (403, vec![("x-ratelimit-remaining", "0"), ("x-ratelimit-reset", "5"), date], "", Some(1)),
            (
                403,
                vec![("x-ratelimit-remaining", "12")],
                "You have exceeded a secondary rate limit",
                Some(60),
            ),
            (403, vec![("x-ratelimit-remaining", "12")], "Resource not accessible by integration", None),
            (404, vec![("retry-after", "7")], "", None),
        ] {
            assert_eq!(wait(status, &headers(&given), text), expected, "{status} {given:?}");
        }
    }
}
