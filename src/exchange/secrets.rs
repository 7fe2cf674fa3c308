//! Passwords and tokens in places and in what git says of them.

/// What stands in the place of a secret.
const HIDDEN: &str = "***";

/// What must not be shown, besides what looks like a secret by itself.
#[derive(Debug, Clone, Default)]
pub(super) struct Secrets(Vec<String>);

impl Secrets {
    /// Values that are secret whatever they look like. Empty ones and short words are no secrets.
    pub(super) fn of(values: impl IntoIterator<Item = String>) -> Self {
        let mut values: Vec<String> = values.into_iter().filter(|value| value.trim().len() > 3).collect();
        // A long one may have a short one in it.
        values.sort_by_key(|value| std::cmp::Reverse(value.len()));
        Self(values)
    }

    /// A text without them.
    pub(super) fn hide(&self, text: &str) -> String {
        let known = self.0.iter().fold(text.to_owned(), |text, secret| text.replace(secret.as_str(), HIDDEN));
        without_credentials(&known)
    }
}

/// A text whose URLs have neither users and passwords nor queries and fragments.
pub(super) fn without_credentials(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find("://") {
        let (before, after) = rest.split_at(at + 3);
        out.push_str(before);
        let end = after
            .find(|c: char| c.is_whitespace() || matches!(c, '\'' | '"' | '<' | '>'))
            .unwrap_or(after.len());
        let (url, behind) = after.split_at(end);
        out.push_str(&bare(url));
        rest = behind;
    }
    out + rest
}

/// One URL, spaces and all, without what may be secret in it.
pub fn shown(url: &str) -> String {
    match url.split_once("://") {
        Some((scheme, rest)) => format!("{scheme}://{}", bare(rest)),
        None => url.to_owned(),
    }
}

/// The parts of a URL that may be secret, to be hidden wherever they stand.
pub(super) fn parts(url: &str) -> Vec<String> {
    let Some((_, rest)) = url.split_once("://") else { return Vec::new() };
    let (way, query) = rest.split_once(['?', '#']).unwrap_or((rest, ""));
    let user = way.rsplit_once('@').map_or("", |(user, _)| user);
    let password = user.split_once(':').map_or("", |(_, password)| password);
    [user, password, query, query.rsplit('=').next().unwrap_or_default()].map(str::to_owned).into()
}

/// A URL behind its scheme, without what may be secret.
fn bare(url: &str) -> String {
    let (way, query) = match url.find(['?', '#']) {
        Some(at) => (&url[..at], &url[at..=at]),
        None => (url, ""),
    };
    let authority = way.find('/').unwrap_or(way.len());
    // A password may hold a slash or an @ that should have been escaped: everything up to the last one goes.
    let way = match way.rfind('@') {
        Some(at) if at < authority || way[..at].contains(':') => format!("{HIDDEN}@{}", &way[at + 1..]),
        _ => way.to_owned(),
    };
    if query.is_empty() { way } else { format!("{way}{query}{HIDDEN}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls_lose_what_may_be_secret() {
        for (text, shown) in [
            ("https://host/a.git", "https://host/a.git"),
            ("https://user:pass@host/a b.git", "https://***@host/a b.git"),
            (
                "fatal: unable to access 'https://ghp_token@host/x/': 403",
                "fatal: unable to access 'https://***@host/x/': 403",
            ),
            ("https://u:p/w@host/a", "https://***@host/a"),
            ("https://u:p@w@host/a", "https://***@host/a"),
            ("https://host/a@b", "https://host/a@b"),
            ("https://host/x?token=abc then ssh://u:p@h/y#z", "https://host/x?*** then ssh://***@h/y#***"),
            ("git@host:a/b.git and a://", "git@host:a/b.git and a://"),
        ] {
            assert_eq!(without_credentials(text), shown);
        }
    }

    #[test]
    fn known_secrets_go_wherever_they_stand() {
        let secrets =
            Secrets::of(["AUTHORIZATION: basic abc=".into(), "abc=".into(), String::new(), "no".into()]);
        assert_eq!(secrets.hide("sent AUTHORIZATION: basic abc= and abc= no"), "sent *** and *** no");
    }
}
