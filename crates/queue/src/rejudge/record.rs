//! What the broker knows of rejudges: one record each in the bucket REJUDGES, by number.

use std::time::SystemTime;

use async_nats::HeaderMap;
use serde::{Deserialize, Serialize};

use super::{Rejudge, RejudgeScope};
use crate::broker::Published;
use crate::reads::Kept;
use crate::subject::{JOBS, REJUDGES, TRIALS, kept_filter};
use crate::wire::to_json;
use crate::{Broker, QueueError};

/// How often the next number is asked for when others take it at the same moment.
const TRIES: u32 = 16;

/// Where a rejudge stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
enum State {
    /// Its trials are being judged, or looked at, or applied.
    Open,
    /// Its verdicts count.
    Applied,
    /// It was thrown away.
    Dropped,
}

#[derive(Debug, Serialize, Deserialize)]
struct RecordV1 {
    problem: String,
    revision: String,
    #[serde(default)]
    tenant: Option<String>,
    #[serde(default)]
    submission: Option<String>,
    #[serde(default)]
    language: Option<String>,
    #[serde(default)]
    verdict: Option<String>,
    state: State,
    opened_ms: u64,
}

impl RecordV1 {
    fn new(scope: &RejudgeScope, state: State, opened_ms: u64) -> Self {
        Self {
            problem: scope.problem.to_string(),
            revision: scope.revision.to_string(),
            tenant: scope.tenant.as_ref().map(ToString::to_string),
            submission: scope.submission.as_ref().map(ToString::to_string),
            language: scope.language.as_ref().map(ToString::to_string),
            verdict: scope.verdict.map(|verdict| verdict.as_str().to_owned()),
            state,
            opened_ms,
        }
    }

    fn scope(&self) -> Option<RejudgeScope> {
        Some(RejudgeScope {
            problem: self.problem.parse().ok()?,
            revision: self.revision.parse().ok()?,
            tenant: self.tenant.as_deref().map(str::parse).transpose().ok()?,
            submission: self.submission.as_deref().map(str::parse).transpose().ok()?,
            language: self.language.as_deref().map(str::parse).transpose().ok()?,
            verdict: self.verdict.as_deref().map(str::parse).transpose().ok()?,
        })
    }
}

impl Broker {
    /// The open rejudge of this scope, or a new one. An open one of the same submissions with
    /// another revision is thrown away: the package was pushed again before it was applied.
    ///
    /// # Errors
    /// [`QueueError::Timeout`], [`QueueError::NotInitialised`].
    pub async fn open_rejudge(&self, scope: &RejudgeScope) -> Result<Rejudge, QueueError> {
        let (mut latest, mut found) = (0, None);
        for (number, record) in self.rejudge_records().await? {
            latest = latest.max(number);
            let Some(theirs) = record.scope().filter(|_| record.state == State::Open) else {
                continue;
            };
            let same = RejudgeScope { revision: scope.revision, ..theirs.clone() } == *scope;
            if theirs == *scope {
                found = Some(Rejudge { number, scope: theirs, resumed: true });
            } else if same {
                let old = Rejudge { number, scope: theirs, resumed: true };
                self.drop_rejudge(&old).await?;
            }
        }
        if let Some(found) = found {
            return Ok(found);
        }
        let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        let opened_ms = u64::try_from(now.as_millis()).unwrap_or(u64::MAX);
        let record = to_json(&RecordV1::new(scope, State::Open, opened_ms));
        for number in (latest + 1..).take(TRIES.try_into().unwrap_or(16)) {
            let subject = format!("$KV.{REJUDGES}.{number}");
            let mut headers = HeaderMap::new();
            headers.insert("Nats-Expected-Last-Subject-Sequence", "0");
            match self.publish(REJUDGES, subject.clone(), headers, record.clone()).await {
                Ok(Published::Stored | Published::Duplicate) => {
                    return Ok(Rejudge { number, scope: scope.clone(), resumed: false });
                }
                Ok(Published::Limit(reason)) => {
                    return Err(QueueError::StreamFull { stream: REJUDGES, subject, reason });
                }
                // Somebody else took the number a moment ago.
                Err(error) => {
                    if self.last_exact(&format!("KV_{REJUDGES}"), &subject).await?.is_none() {
                        return Err(error);
                    }
                }
            }
        }
        Err(QueueError::Broker {
            operation: "opening a rejudge".to_owned(),
            reason: "others open rejudges all the time; try again".to_owned(),
        })
    }

    /// Says that the verdicts of a rejudge count.
    ///
    /// # Errors
    /// [`QueueError::Timeout`], [`QueueError::NotInitialised`]: applying it again is safe.
    pub async fn close_rejudge(&self, rejudge: &Rejudge) -> Result<(), QueueError> {
        self.set_state(rejudge, State::Applied).await
    }

    /// Throws a rejudge away: what waits is taken out of the queue, what was judged is forgotten.
    ///
    /// # Errors
    /// [`QueueError::Timeout`], [`QueueError::NotInitialised`].
    pub async fn drop_rejudge(&self, rejudge: &Rejudge) -> Result<(), QueueError> {
        let generation = rejudge.generation();
        for (stream, filter) in
            [(JOBS, kept_filter("*", "*", generation)), (TRIALS, rejudge.filter())]
        {
            let body = serde_json::json!({ "filter": filter });
            let _purged: serde_json::Value =
                self.api(&format!("STREAM.PURGE.{stream}"), &body).await?;
        }
        self.set_state(rejudge, State::Dropped).await
    }

    async fn set_state(&self, rejudge: &Rejudge, state: State) -> Result<(), QueueError> {
        let key = rejudge.number.to_string();
        let (stream, subject) = (format!("KV_{REJUDGES}"), format!("$KV.{REJUDGES}.{key}"));
        let kept = self.last_exact(&stream, &subject).await?;
        let opened_ms = kept.as_ref().and_then(read).map_or(0, |(_, record)| record.opened_ms);
        let record = RecordV1::new(&rejudge.scope, state, opened_ms);
        self.put_key(REJUDGES, &key, to_json(&record)).await
    }

    async fn rejudge_records(&self) -> Result<Vec<(u32, RecordV1)>, QueueError> {
        let mut scan = self.scan(&format!("KV_{REJUDGES}"), format!("$KV.{REJUDGES}.*"));
        let mut records = Vec::new();
        while let Some(kept) = scan.next().await? {
            records.extend(read(&kept));
        }
        Ok(records)
    }
}

fn read(kept: &Kept) -> Option<(u32, RecordV1)> {
    let number = kept.subject.rsplit('.').next()?.parse().ok()?;
    let record = serde_json::from_slice(&kept.payload).ok()?;
    Some((number, record))
}
