//! `minos top`: the same page as `minos status`, drawn again and again.

use std::io::IsTerminal as _;
use std::time::Duration;

use minos_model::WallTime;
use minos_queue::{Broker, ClusterStatus};
use tokio::time::Instant;

use super::serve::Signals;
use super::status::in_words;
use crate::broker::{self, BrokerArgs};
use crate::console::{Colour, Console};
use crate::exit::{Exit, Failure, Outcome};

/// Nodes, slots, lanes and verdicts, live; Ctrl-C ends it.
///
/// Where stdout is no terminal, or with --once, the page is printed once.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  minos top\n  minos top --every 500ms\n  minos top --once\n\n\
    Exit codes: 0 ended by you, 3 no broker.")]
pub(crate) struct Args {
    /// How often the page is drawn.
    #[arg(long, value_name = "TIME", default_value = "1s")]
    every: WallTime,
    /// Print the page once.
    #[arg(long)]
    once: bool,
    #[command(flatten)]
    broker: BrokerArgs,
}

/// The least pause between two pages.
const LEAST: Duration = Duration::from_millis(100);
/// Another screen, so that the terminal is found again as it was.
const ENTER: &str = "\u{1b}[?1049h\u{1b}[?25l";
const LEAVE: &str = "\u{1b}[?25h\u{1b}[?1049l";
/// To the top; the rest of each line, and of the screen, is cleared as it is written.
const HOME: &str = "\u{1b}[H";
const LINE_END: &str = "\u{1b}[K\n";
const SCREEN_END: &str = "\u{1b}[J";

/// What the last page said, to tell rates.
struct Before {
    at: Instant,
    judged: u64,
}

pub(crate) fn run(console: Console, args: &Args) -> Outcome {
    broker::block_on(async {
        let broker = args.broker.connect().await?;
        if args.once || !std::io::stdout().is_terminal() {
            let status = broker.status().await.map_err(broker::failed)?;
            console.say(&in_words(console, &status))?;
            return Ok(Exit::Yes);
        }
        let mut signals = Signals::catch()?;
        console.write(ENTER)?;
        let ended = draw(console, args, &broker, &mut signals).await;
        console.write(LEAVE)?;
        ended.map(|()| Exit::Yes)
    })
}

/// Draws until a signal comes. A broker that is away is a line on the page.
async fn draw(
    console: Console,
    args: &Args,
    broker: &Broker,
    signals: &mut Signals,
) -> Result<(), Failure> {
    let mut ticks = tokio::time::interval(args.every.duration().max(LEAST));
    ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    let mut before: Option<Before> = None;
    let mut page = String::new();
    loop {
        tokio::select! {
            _ = ticks.tick() => {}
            () = signals.next() => return Ok(()),
        }
        let status = tokio::select! {
            status = broker.status() => status,
            () = signals.next() => return Ok(()),
        };
        let news = match status {
            Ok(status) => {
                let rate = rate(&status, &mut before);
                page = in_words(console, &status);
                format!("minos top   {}   {rate}   Ctrl-C ends", broker.url())
            }
            Err(error) => console.paint(Colour::Red, &format!("minos top   {error}")),
        };
        let mut frame = HOME.to_owned();
        for line in std::iter::once(news.as_str()).chain(page.lines()) {
            frame.push_str(line);
            frame.push_str(LINE_END);
        }
        frame.push_str(SCREEN_END);
        console.write(&frame)?;
    }
}

/// Verdicts a second since the last page.
fn rate(status: &ClusterStatus, before: &mut Option<Before>) -> String {
    let judged = status.nodes.iter().map(|node| node.judged).sum();
    let now = Before { at: Instant::now(), judged };
    let text = before.as_ref().map_or_else(String::new, |then| {
        let seconds = now.at.duration_since(then.at).as_secs_f64().max(0.001);
        // A node that was restarted counts from zero.
        let new = u32::try_from(judged.saturating_sub(then.judged)).unwrap_or(u32::MAX);
        format!("{:.1} verdicts/s", f64::from(new) / seconds)
    });
    *before = Some(now);
    text
}
