//! The connection, and the few primitives everything else is made of.

use std::fmt;
use std::fs::File;
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use async_nats::client::RequestErrorKind;
use async_nats::jetstream;
use async_nats::{ConnectErrorKind, HeaderMap};
use serde::Deserialize;
use serde::de::DeserializeOwned;

use crate::QueueError;

/// How long one request to the broker may take.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(5);
/// How long the first connection may take.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// How often an idle connection is tried: a dead peer is noticed after two or three of them.
const PING_INTERVAL: Duration = Duration::from_secs(10);
/// The longest pause between two attempts to reconnect.
const RECONNECT_CAP: Duration = Duration::from_secs(2);

/// JetStream: a stream's limit, or its per-subject limit, refused the message.
const REFUSED_BY_LIMIT: u64 = 10077;
/// JetStream: reserved resources (memory or store) are used up.
const NO_RESOURCES: [u64; 3] = [10023, 10028, 10047];

/// Which broker, and who we are.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ConnectOptions {
    /// `nats://host:port`, several separated by commas; `nats://user:password@host:port` and
    /// `nats://token@host:port` carry what the broker wants to see.
    pub url: String,
    /// A token, as `minos up` makes one.
    pub token: Option<String>,
    /// A file that says who we are: credentials with a JWT (`nsc` makes them), or the seed of an
    /// nkey (`SU…`) alone.
    pub creds: Option<PathBuf>,
    /// Shown in the broker's list of connections: `minos-node n1`.
    pub name: String,
}

impl ConnectOptions {
    /// A broker without credentials.
    #[must_use]
    pub fn new(url: impl Into<String>) -> Self {
        Self { url: url.into(), token: None, creds: None, name: "minos".to_owned() }
    }

    /// The same under another name in the broker's list of connections.
    #[must_use]
    pub fn named(mut self, name: impl Into<String>) -> Self {
        self.name = name.into();
        self
    }
}

/// A connection to the broker. Cheap to clone; it reconnects by itself.
#[derive(Clone)]
pub struct Broker {
    pub(crate) client: async_nats::Client,
    pub(crate) context: jetstream::Context,
    url: Arc<str>,
    link: Arc<Link>,
}

/// What became of the connection.
#[derive(Debug, Default)]
struct Link {
    lost: AtomicBool,
    made_again: AtomicU64,
}

impl Link {
    fn hear(&self, event: &async_nats::Event) {
        if matches!(event, async_nats::Event::Disconnected) {
            self.lost.store(true, Ordering::Relaxed);
        } else if matches!(event, async_nats::Event::Connected)
            && self.lost.swap(false, Ordering::Relaxed)
        {
            self.made_again.fetch_add(1, Ordering::Relaxed);
        }
    }
}

impl fmt::Debug for Broker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Broker").field("url", &self.url).finish_non_exhaustive()
    }
}

/// What the broker says to a message that was published into a stream.
#[derive(Debug)]
pub(crate) enum Published {
    /// It is stored.
    Stored,
    /// A message with the same id was stored a short while ago.
    Duplicate,
    /// A limit refused it: of the stream, or of its subject. Read the subject back to know which.
    Limit(String),
}

#[derive(Debug, Deserialize)]
struct PubAck {
    #[serde(default)]
    duplicate: bool,
    error: Option<ApiError>,
}

#[derive(Debug, Deserialize)]
struct ApiError {
    #[serde(default)]
    err_code: u64,
    #[serde(default)]
    description: String,
}

impl Broker {
    /// Connects; later losses of the connection are mended without end in the background.
    ///
    /// # Errors
    /// [`QueueError::NoBroker`], [`QueueError::Refused`], or [`QueueError::Endpoint`] for a
    /// credentials file that cannot be read.
    pub async fn connect(options: &ConnectOptions) -> Result<Self, QueueError> {
        let link = Arc::new(Link::default());
        let mut connect = async_nats::ConnectOptions::new()
            .name(&options.name)
            .ping_interval(PING_INTERVAL)
            .connection_timeout(CONNECT_TIMEOUT)
            .request_timeout(Some(REQUEST_TIMEOUT))
            .reconnect_delay_callback(|attempts| {
                // The shift is bounded, so that the product is.
                let factor = 1_u32 << attempts.min(8);
                (Duration::from_millis(10) * factor).min(RECONNECT_CAP)
            })
            .event_callback({
                let link = Arc::clone(&link);
                move |event| {
                    link.hear(&event);
                    async move { report(&event) }
                }
            });
        if let Some(token) = &options.token {
            connect = connect.token(token.clone());
        }
        if let Some(path) = &options.creds {
            connect = credentials(connect, path)?;
        }
        // The client library does not look at what stands before the `@`; and no message of ours
        // may show it.
        let mut addresses = Vec::new();
        for url in options.url.split(',') {
            let (address, user) = without_user(url.trim());
            addresses.push(address);
            connect = match user {
                Some((user, Some(password))) => connect.user_and_password(user, password),
                Some((token, None)) => connect.token(token),
                None => connect,
            };
        }
        let shown = addresses.join(",");
        let client = connect.connect(addresses).await.map_err(|error| {
            let (url, reason) = (shown.clone(), error.to_string());
            match error.kind() {
                ConnectErrorKind::Authentication | ConnectErrorKind::AuthorizationViolation => {
                    QueueError::Refused { url, reason }
                }
                ConnectErrorKind::ServerParse
                | ConnectErrorKind::Dns
                | ConnectErrorKind::TimedOut
                | ConnectErrorKind::Tls
                | ConnectErrorKind::Io
                | ConnectErrorKind::MaxReconnects => QueueError::NoBroker { url, reason },
            }
        })?;
        let context =
            jetstream::ContextBuilder::new().timeout(REQUEST_TIMEOUT).build(client.clone());
        Ok(Self { client, context, url: Arc::from(shown.as_str()), link })
    }

    /// The address this connection was made to.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// How often the connection was lost and made again.
    #[must_use]
    pub fn reconnects(&self) -> u64 {
        self.link.made_again.load(Ordering::Relaxed)
    }

    /// Whether the connection stands right now.
    #[must_use]
    pub fn is_connected(&self) -> bool {
        self.client.connection_state() == async_nats::connection::State::Connected
    }

    /// Whether a broker with JetStream answers on this connection.
    ///
    /// # Errors
    /// [`QueueError::Timeout`], or [`QueueError::NotInitialised`] for a broker without JetStream.
    pub async fn ping(&self) -> Result<(), QueueError> {
        let _info: serde_json::Value = self.api("INFO", &serde_json::Value::Null).await?;
        Ok(())
    }

    /// Sends what was published and closes the connection. Other clones stop working.
    ///
    /// # Errors
    /// [`QueueError::Timeout`] when the broker does not take it within five seconds.
    pub async fn close(self) -> Result<(), QueueError> {
        let flushed = tokio::time::timeout(REQUEST_TIMEOUT, self.client.flush()).await;
        match flushed {
            Ok(Ok(())) => {}
            Ok(Err(error)) => return Err(broker_error("flush", &error)),
            Err(_elapsed) => return Err(timeout("flush")),
        }
        self.client.drain().await.map_err(|error| broker_error("drain", &error))
    }

    /// One request with one answer; no responder means that `what` does not exist.
    pub(crate) async fn ask(
        &self,
        subject: String,
        headers: Option<HeaderMap>,
        payload: Vec<u8>,
        what: &str,
    ) -> Result<async_nats::Message, QueueError> {
        let mut request = async_nats::Request::new().payload(payload.into());
        if let Some(headers) = headers {
            request = request.headers(headers);
        }
        self.client.send_request(subject, request).await.map_err(|error| match error.kind() {
            RequestErrorKind::TimedOut => timeout(what),
            RequestErrorKind::NoResponders => QueueError::NotInitialised { what: what.to_owned() },
            RequestErrorKind::InvalidSubject
            | RequestErrorKind::MaxPayloadExceeded
            | RequestErrorKind::Other => broker_error(what, &error),
        })
    }

    /// One request to the JetStream API.
    pub(crate) async fn api<T: DeserializeOwned>(
        &self,
        verb: &str,
        body: &serde_json::Value,
    ) -> Result<T, QueueError> {
        let payload = if body.is_null() { Vec::new() } else { body.to_string().into_bytes() };
        let answer = self.ask(format!("$JS.API.{verb}"), None, payload, "JetStream").await?;
        let failed = |reason: String| QueueError::Broker { operation: verb.to_owned(), reason };
        let value: serde_json::Value =
            serde_json::from_slice(&answer.payload).map_err(|error| failed(error.to_string()))?;
        if let Some(error) = value.get("error") {
            let error: ApiError =
                serde_json::from_value(error.clone()).map_err(|error| failed(error.to_string()))?;
            return Err(failed(format!("{} ({})", error.description, error.err_code)));
        }
        serde_json::from_value(value).map_err(|error| failed(error.to_string()))
    }

    /// Publishes into a stream and waits until it is stored (with `sync_interval: always`: on the
    /// disk) or refused by a limit.
    pub(crate) async fn publish(
        &self,
        stream: &'static str,
        subject: String,
        headers: HeaderMap,
        payload: Vec<u8>,
    ) -> Result<Published, QueueError> {
        let answer = self.ask(subject.clone(), Some(headers), payload, stream).await;
        let answer = match answer {
            Err(QueueError::NotInitialised { .. }) => {
                let what = format!("stream {stream} that takes {subject}");
                return Err(QueueError::NotInitialised { what });
            }
            other => other?,
        };
        let failed = |reason: String| QueueError::Broker {
            operation: format!("publishing to {subject}"),
            reason,
        };
        let ack: PubAck =
            serde_json::from_slice(&answer.payload).map_err(|error| failed(error.to_string()))?;
        match ack.error {
            None if ack.duplicate => Ok(Published::Duplicate),
            None => Ok(Published::Stored),
            Some(error) if error.err_code == REFUSED_BY_LIMIT => {
                Ok(Published::Limit(error.description))
            }
            Some(error) if NO_RESOURCES.contains(&error.err_code) => {
                Ok(Published::Limit(error.description))
            }
            Some(error) => Err(failed(format!("{} ({})", error.description, error.err_code))),
        }
    }
}

/// The largest file of credentials that is read, in bytes.
const MAX_CREDENTIALS: u64 = 64 * 1024;

fn credentials(
    connect: async_nats::ConnectOptions,
    path: &Path,
) -> Result<async_nats::ConnectOptions, QueueError> {
    let failed = |reason: String| QueueError::Endpoint { path: path.to_owned(), reason };
    let mut text = String::new();
    File::open(path)
        .and_then(|file| file.take(MAX_CREDENTIALS).read_to_string(&mut text))
        .map_err(|error| failed(error.to_string()))?;
    if text.contains("-----BEGIN NATS USER JWT-----") {
        return connect.credentials(&text).map_err(|error| failed(error.to_string()));
    }
    let mut seeds = text.lines().map(str::trim).filter(|line| line.starts_with("SU"));
    match (seeds.next(), seeds.next()) {
        (Some(seed), None) => Ok(connect.nkey(seed.to_owned())),
        _ => Err(failed(
            "expected a NATS user JWT with its seed, or one line with a seed (SU…)".to_owned(),
        )),
    }
}

/// Splits `nats://user:password@host` into the address and who we are.
fn without_user(url: &str) -> (String, Option<(String, Option<String>)>) {
    let (scheme, rest) = url.split_once("://").unwrap_or(("nats", url));
    let Some((user, host)) = rest.rsplit_once('@') else { return (url.to_owned(), None) };
    let user = match user.split_once(':') {
        Some((user, password)) => (user.to_owned(), Some(password.to_owned())),
        None => (user.to_owned(), None),
    };
    (format!("{scheme}://{host}"), Some(user))
}

pub(crate) fn broker_error(operation: &str, error: &dyn std::error::Error) -> QueueError {
    QueueError::Broker { operation: operation.to_owned(), reason: error.to_string() }
}

pub(crate) fn timeout(operation: &str) -> QueueError {
    timeout_after(operation, REQUEST_TIMEOUT)
}

pub(crate) fn timeout_after(operation: &str, after: Duration) -> QueueError {
    QueueError::Timeout { operation: operation.to_owned(), after }
}

/// Connection events, at the level at which somebody has to act.
fn report(event: &async_nats::Event) {
    use async_nats::Event;
    match event {
        Event::Connected | Event::Draining | Event::Closed => tracing::debug!(%event, "broker"),
        Event::Disconnected | Event::LameDuckMode | Event::SlowConsumer(_) => {
            tracing::warn!(%event, "broker");
        }
        // A permission that is missing shows only here; requests merely time out.
        Event::ServerError(_) | Event::ClientError(_) => tracing::error!(%event, "broker"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_we_are_is_read_from_the_address_and_not_kept_in_it() {
        for (url, address, user) in [
            ("nats://h:1", "nats://h:1", None),
            ("h:1", "h:1", None),
            ("nats://t@h:1", "nats://h:1", Some(("t", None))),
            ("tls://u:p@ss@h:1", "tls://h:1", Some(("u", Some("p@ss")))),
        ] {
            let user = user.map(|(user, password): (&str, Option<&str>)| {
                (user.to_owned(), password.map(str::to_owned))
            });
            assert_eq!(without_user(url), (address.to_owned(), user), "{url}");
        }
    }
}
