//! A crowd of connections, each with one question at a time.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use mio::{Events, Poll, Token};

use super::orders::{Crowd, Pace, Run};
use super::socket::{Read, Socket};
use super::tally::{Count, Tally};
use crate::Result;

/// How long the last answers are waited for.
const PATIENCE: Duration = Duration::from_secs(10);

/// Open connections, for several runs.
#[derive(Debug)]
pub(crate) struct Client {
    crowd: Crowd,
    request: Vec<u8>,
    poll: Poll,
    events: Events,
    sockets: Vec<Socket>,
    buffer: Vec<u8>,
}

impl Client {
    pub(crate) fn gather(crowd: Crowd) -> Result<Self> {
        let Crowd { address, path, .. } = &crowd;
        let request = format!("GET {path} HTTP/1.1\r\nhost: {address}\r\n\r\n").into_bytes();
        let poll = Poll::new()?;
        let mut client = Self {
            sockets: Vec::with_capacity(crowd.connections),
            crowd,
            request,
            poll,
            events: Events::with_capacity(1024),
            buffer: vec![0; 16 << 10],
        };
        while client.sockets.len() < client.crowd.connections {
            client.connect_some()?;
        }
        Ok(client)
    }

    /// So few at once that the server's backlog holds them.
    fn connect_some(&mut self) -> Result {
        let open = self.sockets.len();
        let all = self.crowd.connections.min(open + 256);
        for number in open..all {
            let registry = self.poll.registry();
            let socket = Socket::connect(self.crowd.address, registry, Token(number))?;
            self.sockets.push(socket);
        }
        let mut connecting: BTreeSet<_> = (open..all).collect();
        while !connecting.is_empty() {
            self.poll.poll(&mut self.events, Some(PATIENCE))?;
            if self.events.is_empty() {
                return Err(format!("cannot connect within {PATIENCE:?}").into());
            }
            for event in &self.events {
                let number = event.token().0;
                let registry = self.poll.registry();
                if connecting.contains(&number)
                    && self.sockets[number].is_open(registry, event.token())?
                {
                    connecting.remove(&number);
                }
            }
        }
        Ok(())
    }

    pub(crate) fn run(&mut self, run: Run) -> Result<Tally> {
        self.reopen()?;
        let mut storm = Progress::new(run, self.sockets.len());
        while storm.goes_on() {
            while let Some(number) = storm.next() {
                let socket = &mut self.sockets[number];
                if socket.waits() || socket.is_closed() {
                    storm.count.tally.missed += 1;
                } else {
                    storm.asks(socket, &self.request);
                }
                // What has come meanwhile is read soon, lest the questions alone fill the time.
                if storm.turn.is_multiple_of(64) {
                    break;
                }
            }
            self.receive(&mut storm)?;
        }
        storm.count.tally.unanswered += storm.waiting;
        Ok(storm
            .count
            .done(storm.start.elapsed(), storm.waited, run.limit))
    }

    fn receive(&mut self, storm: &mut Progress) -> Result {
        let before = Instant::now();
        self.poll.poll(&mut self.events, Some(storm.patience()))?;
        storm.waited += before.elapsed();
        for event in &self.events {
            let number = event.token().0;
            match self.sockets[number].read(&mut self.buffer)? {
                Read::Nothing => {}
                Read::Answer {
                    status,
                    client,
                    server,
                } => {
                    storm.count.answer(status, client, server);
                    storm.waiting -= 1;
                    if matches!(storm.run.pace, Pace::AtOnce) && Instant::now() < storm.end {
                        storm.asks(&mut self.sockets[number], &self.request);
                    }
                }
                Read::Closed(waited) => {
                    storm.count.tally.unanswered += usize::from(waited);
                    storm.waiting -= usize::from(waited);
                }
            }
        }
        Ok(())
    }

    /// A server closes what was idle for long, or was asked in vain.
    fn reopen(&mut self) -> Result {
        loop {
            self.poll.poll(&mut self.events, Some(Duration::ZERO))?;
            if self.events.is_empty() {
                break;
            }
            for event in &self.events {
                self.sockets[event.token().0].read(&mut self.buffer)?;
            }
        }
        let is_lost = |socket: &Socket| socket.is_closed() || socket.waits();
        if self.sockets.iter().any(is_lost) {
            // Those go first: together they would be too many descriptors.
            self.sockets.clear();
            *self = Self::gather(self.crowd.clone())?;
        }
        Ok(())
    }
}

/// A run that is under way.
struct Progress {
    run: Run,
    start: Instant,
    end: Instant,
    connections: usize,
    /// How many questions were due so far.
    turn: usize,
    waiting: usize,
    waited: Duration,
    count: Count,
}

impl Progress {
    fn new(run: Run, connections: usize) -> Self {
        let start = Instant::now();
        Self {
            run,
            start,
            end: start + run.time,
            connections,
            turn: 0,
            waiting: 0,
            waited: Duration::ZERO,
            count: Count::default(),
        }
    }

    fn goes_on(&self) -> bool {
        let now = Instant::now();
        let is_over = self.waiting == 0 && self.has_begun();
        now < self.end || !is_over && now < self.end + PATIENCE
    }

    /// Whether each has asked that is to ask whatever the time is.
    fn has_begun(&self) -> bool {
        self.turn >= self.connections || !matches!(self.run.pace, Pace::AtOnce)
    }

    /// Whose turn it is to ask, if it is anybody's.
    fn next(&mut self) -> Option<usize> {
        let due = self.due()?;
        // All begin, however short it is.
        let goes_on = due < self.end || matches!(self.run.pace, Pace::AtOnce);
        let is_due = goes_on && due <= Instant::now();
        is_due.then(|| {
            self.turn += 1;
            (self.turn - 1) % self.connections.max(1)
        })
    }

    fn due(&self) -> Option<Instant> {
        match self.run.pace {
            // Each begins; from then on an answer brings the next question.
            Pace::AtOnce => (self.turn < self.connections).then_some(self.start),
            Pace::Every(interval) => {
                let share = self.turn as f64 / self.connections as f64;
                Some(self.start + interval.mul_f64(share))
            }
        }
    }

    fn asks(&mut self, socket: &mut Socket, request: &[u8]) {
        if socket.ask(request) {
            self.waiting += 1;
            self.count.tally.held = self.count.tally.held.max(self.waiting);
        } else {
            self.count.tally.unanswered += 1;
        }
    }

    /// How long there is nothing to ask.
    fn patience(&self) -> Duration {
        let now = Instant::now();
        let end = if now < self.end {
            self.end
        } else {
            self.end + PATIENCE
        };
        let due = self.due().filter(|due| *due < self.end);
        // Who has not begun is next.
        let due = due.or_else(|| (!self.has_begun()).then_some(now));
        due.unwrap_or(end).min(end).saturating_duration_since(now)
    }
}
