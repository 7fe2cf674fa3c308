//! What is asked of GitHub.

use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::client::{Ask, Client, Repeat};
use super::error::{ForgeError, Permission};
use crate::domain::CommitId;

/// How many pages of a list are read, of a hundred entries each.
const MOST_PAGES: u32 = 50;

/// How many entries a page has.
const PAGE: usize = 100;

/// A comment of a pull request.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Comment {
    /// Its number.
    pub id: u64,
    /// Its text.
    #[serde(default)]
    pub body: Option<String>,
    #[serde(default)]
    user: Option<User>,
}

#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
struct User {
    #[serde(rename = "type")]
    kind: String,
}

impl Comment {
    /// Whether a bot wrote it. People's comments are never touched.
    pub fn is_a_bots(&self) -> bool {
        self.user.as_ref().is_some_and(|user| user.kind == "Bot")
    }
}

/// An open pull request.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Pull {
    /// Its number.
    pub number: u64,
    /// The commit that GitHub made of its head and the target branch.
    #[serde(default)]
    pub merge_commit_sha: Option<String>,
    head: Sha,
}

#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
struct Sha {
    sha: String,
}

#[derive(Deserialize)]
struct Commit {
    parents: Vec<Sha>,
}

/// A check run.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Check {
    /// Its number: a later one is larger, and is the one that is shown.
    pub id: u64,
    /// Whose it is.
    #[serde(default)]
    pub external_id: Option<String>,
    /// How it ended.
    #[serde(default)]
    pub conclusion: Option<String>,
    /// What it shows.
    #[serde(default)]
    pub output: CheckOutput,
}

/// What a check run shows.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
pub struct CheckOutput {
    /// Its heading.
    #[serde(default)]
    pub title: Option<String>,
    /// Its text.
    #[serde(default)]
    pub summary: Option<String>,
}

#[derive(Deserialize)]
struct Checks {
    check_runs: Vec<Check>,
}

#[derive(Deserialize)]
struct Made {
    id: u64,
}

/// One repository on GitHub.
#[derive(Debug)]
pub struct GitHub {
    client: Client,
}

impl GitHub {
    /// Asks through this client.
    pub fn new(client: Client) -> Self {
        Self { client }
    }

    /// The open pull requests of a branch whose head is this commit.
    ///
    /// # Errors
    /// GitHub does not tell.
    pub fn pulls_of(&self, owner: &str, branch: &str, head: &CommitId) -> Result<Vec<Pull>, ForgeError> {
        let path = format!("/pulls?state=open&per_page={PAGE}&head={}:{}", encoded(owner), encoded(branch));
        let pulls: Vec<Pull> = self.get(&path, Permission::ReadPulls)?;
        Ok(pulls.into_iter().filter(|pull| pull.head.sha == head.as_str()).collect())
    }

    /// The commit that a pull request's branch is at.
    ///
    /// # Errors
    /// GitHub does not tell.
    pub fn head_of(&self, pull: u64) -> Result<CommitId, ForgeError> {
        let path = format!("/pulls/{pull}");
        let found: Pull = self.get(&path, Permission::ReadPulls)?;
        CommitId::from_hex(&found.head.sha).ok_or_else(|| ForgeError::Nonsense {
            what: format!("GET {path}"),
            message: "its head is no commit".to_owned(),
        })
    }

    /// Whether a commit of this repository is a merge of another.
    ///
    /// # Errors
    /// GitHub does not tell.
    pub fn merges(&self, commit: &CommitId, head: &CommitId) -> Result<bool, ForgeError> {
        match self.get::<Commit>(&format!("/git/commits/{commit}"), Permission::Contents) {
            Ok(Commit { parents }) => {
                Ok(parents.len() > 1 && parents.iter().any(|parent| parent.sha == head.as_str()))
            }
            // There is no such commit.
            Err(ForgeError::Refused { status: 404 | 409 | 422, .. }) => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// The comments of a pull request, oldest first.
    ///
    /// # Errors
    /// GitHub does not tell.
    pub fn comments(&self, pull: u64) -> Result<Vec<Comment>, ForgeError> {
        pages(|page| {
            self.get(&format!("/issues/{pull}/comments?per_page={PAGE}&page={page}"), Permission::ReadPulls)
        })
    }

    /// Writes a comment. It is not repeated: when the connection is lost, it may have been written.
    ///
    /// # Errors
    /// GitHub refuses, or the connection is lost.
    pub fn write_comment(&self, pull: u64, body: &str) -> Result<(), ForgeError> {
        let (path, body) = (format!("/issues/{pull}/comments"), json!({ "body": body }));
        self.write("POST", &path, Some(&body), Repeat::Never, Permission::WritePulls).map(drop)
    }

    /// Replaces a comment's text. That it is gone already is told by `false`.
    ///
    /// # Errors
    /// GitHub refuses.
    pub fn change_comment(&self, comment: u64, body: &str) -> Result<bool, ForgeError> {
        let (path, body) = (format!("/issues/comments/{comment}"), json!({ "body": body }));
        there(self.write("PATCH", &path, Some(&body), Repeat::Harmless, Permission::WritePulls))
    }

    /// Removes a comment. That it is gone already is as good.
    ///
    /// # Errors
    /// GitHub refuses.
    pub fn remove_comment(&self, comment: u64) -> Result<(), ForgeError> {
        let path = format!("/issues/comments/{comment}");
        there(self.write("DELETE", &path, None, Repeat::Harmless, Permission::WritePulls)).map(drop)
    }

    /// The check runs of a name on a commit.
    ///
    /// # Errors
    /// GitHub does not tell.
    pub fn checks(&self, commit: &CommitId, name: &str) -> Result<Vec<Check>, ForgeError> {
        pages(|page| {
            let name = encoded(name);
            let path = format!(
                "/commits/{commit}/check-runs?check_name={name}&filter=all&per_page={PAGE}&page={page}"
            );
            self.get::<Checks>(&path, Permission::Checks).map(|checks| checks.check_runs)
        })
    }

    /// Makes a check run, and gives its number. It is not repeated: when the connection is lost, it may have been made.
    ///
    /// # Errors
    /// GitHub refuses, or the connection is lost.
    pub fn make_check(&self, check: &Value) -> Result<u64, ForgeError> {
        let path = "/check-runs";
        let made = self.write("POST", path, Some(check), Repeat::Never, Permission::Checks)?;
        understood::<Made>(&Ask::get(path, Permission::Checks), made).map(|made| made.id)
    }

    /// Changes a check run, or adds annotations to it. Those are not repeated: they would be there twice.
    ///
    /// # Errors
    /// GitHub refuses.
    pub fn change_check(&self, check: u64, change: &Value) -> Result<(), ForgeError> {
        let adds = change["output"]["annotations"].as_array().is_some_and(|added| !added.is_empty());
        let repeat = if adds { Repeat::Never } else { Repeat::Harmless };
        let path = format!("/check-runs/{check}");
        self.write("PATCH", &path, Some(change), repeat, Permission::Checks).map(drop)
    }

    fn get<T: DeserializeOwned>(&self, path: &str, needs: Permission) -> Result<T, ForgeError> {
        let ask = Ask::get(path, needs);
        understood(&ask, self.client.send(&ask)?)
    }

    fn write(
        &self,
        method: &'static str,
        path: &str,
        body: Option<&Value>,
        repeat: Repeat,
        needs: Permission,
    ) -> Result<Value, ForgeError> {
        self.client.send(&Ask { method, path, body, repeat, needs })
    }
}

/// All entries of a list that comes in pages.
fn pages<T>(mut page: impl FnMut(u32) -> Result<Vec<T>, ForgeError>) -> Result<Vec<T>, ForgeError> {
    let mut all = Vec::new();
    for number in 1..=MOST_PAGES {
        let found = page(number)?;
        let last = found.len() < PAGE;
        all.extend(found);
        if last {
            break;
        }
    }
    Ok(all)
}

/// Whether what was to be changed is there.
fn there(answer: Result<Value, ForgeError>) -> Result<bool, ForgeError> {
    match answer {
        Ok(_) => Ok(true),
        Err(ForgeError::Refused { status: 404, .. }) => Ok(false),
        Err(error) => Err(error),
    }
}

fn understood<T: DeserializeOwned>(ask: &Ask<'_>, answer: Value) -> Result<T, ForgeError> {
    serde_json::from_value(answer)
        .map_err(|error| ForgeError::Nonsense { what: ask.what(), message: error.to_string() })
}

/// A name as a part of a query.
fn encoded(text: &str) -> String {
    utf8_percent_encode(text, NON_ALPHANUMERIC).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_branch_adds_nothing_to_a_query() {
        assert_eq!(encoded("a/b&state=all#ü"), "a%2Fb%26state%3Dall%23%C3%BC");
    }

    #[test]
    fn a_list_is_read_to_its_end_and_no_further_than_its_most_pages() {
        let read = |sizes: &[usize]| {
            let mut asked = 0;
            let all = pages(|page| {
                asked = page;
                Ok(vec![(); sizes.get(page as usize - 1).copied().unwrap_or(PAGE)])
            });
            (asked, all.unwrap().len())
        };
        assert_eq!(read(&[3]), (1, 3));
        assert_eq!(read(&[PAGE, 0]), (2, PAGE));
        assert_eq!(read(&[]), (MOST_PAGES, PAGE * MOST_PAGES as usize));
    }
}
