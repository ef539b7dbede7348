use tokio::time::{Duration, Instant};

use crate::failure::Failure;

/// All that is known of a client, by what its event loop gave.
#[derive(Debug, Default)]
pub(super) struct Known {
    link: Link,
    /// How often it has connected.
    pub(super) connects: u64,
    /// How much the event loop has given, and how much of that came from the broker.
    events: u64,
    incoming: u64,
    sent: Option<Sent>,
    /// The latest own message that came back, and the connection on which it did.
    came: u64,
    came_on: Option<u64>,
}

#[derive(Debug, Default)]
enum Link {
    #[default]
    Unknown,
    Up,
    Down(Down),
}

/// Why there is no connection: in public words, and as the client has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Down {
    pub(super) words: &'static str,
    pub(super) said: String,
}

/// An own message, and what was known when it was sent.
#[derive(Debug)]
struct Sent {
    number: u64,
    at: Instant,
    is_under_way: bool,
    connection: u64,
    events: u64,
    incoming: u64,
    refused: bool,
}

/// What the event loop gave.
#[derive(Debug)]
pub(super) enum Heard<'a> {
    Connected,
    Message(&'a [u8]),
    /// The broker refuses a subscription.
    Refused,
    OtherIncoming,
    Outgoing,
    Failed(Down),
}

impl Heard<'_> {
    /// The number of an own message: they begin with the token.
    pub(super) fn number_of(&self, token: &str) -> Option<u64> {
        let Self::Message(payload) = self else {
            return None;
        };
        let text = str::from_utf8(payload).ok()?;
        text.strip_prefix(token)?.strip_prefix(' ')?.parse().ok()
    }
}

/// What is to be done for an own message to come back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Next {
    /// The one of this number is still under way.
    Await(u64),
    /// To publish one of this number, after subscribing if nothing came back on this connection.
    Send { number: u64, subscribe: bool },
}

/// After this time, a message that has not come back is given up.
const GIVEN_UP: Duration = Duration::from_secs(10);

impl Known {
    pub(super) fn hears(&mut self, heard: Heard<'_>, own: Option<u64>) {
        self.events += 1;
        match heard {
            Heard::Outgoing => return,
            Heard::Failed(down) => {
                self.link = Link::Down(down);
                return;
            }
            Heard::Connected => self.connects += 1,
            Heard::Refused => {
                if let Some(sent) = &mut self.sent {
                    sent.refused = true;
                }
            }
            Heard::Message(_) | Heard::OtherIncoming => {}
        }
        self.incoming += 1;
        self.link = Link::Up;
        if let Some(number) = own {
            self.came = self.came.max(number);
            self.came_on = Some(self.connects);
        }
    }

    pub(super) fn is_up(&self) -> bool {
        matches!(self.link, Link::Up)
    }

    /// Whether the message came back.
    pub(super) fn has_come(&self, number: u64) -> bool {
        self.came >= number
    }

    /// Whether the message went over the connection that there is now.
    pub(super) fn is_of_this_connection(&self, number: u64) -> bool {
        let sent = self.sent.as_ref();
        self.is_up() && sent.is_some_and(|s| s.number >= number && s.connection == self.connects)
    }

    pub(super) fn next(&self) -> Next {
        let last = self.sent.as_ref();
        let number = last.map_or(0, |sent| sent.number);
        let pending = last.is_some_and(|sent| sent.is_under_way && sent.at.elapsed() < GIVEN_UP);
        match pending && self.is_of_this_connection(number) && !self.has_come(number) {
            true => Next::Await(number),
            false => Next::Send {
                number: number + 1,
                subscribe: self.came_on != Some(self.connects),
            },
        }
    }

    /// To be called before it is handed to the client, who may be faster.
    pub(super) fn sends(&mut self, number: u64) {
        self.sent = Some(Sent {
            number,
            at: Instant::now(),
            is_under_way: true,
            connection: self.connects,
            events: self.events,
            incoming: self.incoming,
            refused: false,
        });
    }

    /// It was not handed to the client after all.
    pub(super) fn sends_not(&mut self, number: u64) {
        if let Some(sent) = &mut self.sent
            && sent.number == number
        {
            sent.is_under_way = false;
        }
    }

    pub(super) fn why_down(&self) -> Failure {
        match &self.link {
            Link::Unknown => Failure::new("not connected yet"),
            Link::Up => Failure::new("disconnected"),
            Link::Down(down) => Failure::because(down.words, down.said.clone()),
        }
    }

    /// Why the message that was sent last has not come back.
    pub(super) fn silence(&self) -> Silence {
        match &self.sent {
            Some(sent) if sent.refused => Silence::Refused,
            Some(sent) if self.incoming > sent.incoming => Silence::OtherThings,
            Some(sent) if self.events == sent.events => Silence::NoEvents,
            _ => Silence::Nothing,
        }
    }
}

/// What there was instead of an own message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Silence {
    Refused,
    OtherThings,
    NoEvents,
    Nothing,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sends(known: &mut Known) -> u64 {
        match known.next() {
            Next::Send { number, .. } => known.sends(number),
            Next::Await(number) => panic!("{number} is under way"),
        }
        known.sent.as_ref().unwrap().number
    }

    #[test]
    fn own_messages_have_a_number_behind_the_token() {
        let number = |payload: &str| Heard::Message(payload.as_bytes()).number_of("token");
        assert_eq!(number("token 7"), Some(7));
        for other in ["token", "token7", "token x", "other 7", ""] {
            assert_eq!(number(other), None, "{other}");
        }
        assert_eq!(Heard::Message(&[0xff]).number_of("token"), None);
    }

    #[tokio::test(start_paused = true)]
    async fn one_message_at_a_time_is_under_way_on_a_connection() {
        let mut known = Known::default();
        known.hears(Heard::Connected, None);
        let subscribes = |number, subscribe| Next::Send { number, subscribe };
        assert_eq!(known.next(), subscribes(1, true));
        assert_eq!(sends(&mut known), 1);
        assert_eq!(known.next(), Next::Await(1));
        tokio::time::advance(GIVEN_UP).await;
        assert_eq!(known.next(), subscribes(2, true));
        assert_eq!(sends(&mut known), 2);
        known.hears(Heard::Message(b""), Some(1));
        assert_eq!(known.next(), Next::Await(2));
        known.hears(Heard::Message(b""), Some(2));
        assert_eq!(known.next(), subscribes(3, false));
        assert_eq!(sends(&mut known), 3);
        known.hears(Heard::Connected, None);
        assert!(!known.is_of_this_connection(3));
        assert_eq!(known.next(), subscribes(4, true));
        assert_eq!(sends(&mut known), 4);
        known.sends_not(3);
        assert_eq!(known.next(), Next::Await(4));
        known.sends_not(4);
        assert_eq!(known.next(), subscribes(5, true));
    }

    #[test]
    fn what_comes_instead_tells_why() {
        let mut known = Known::default();
        known.hears(Heard::Connected, None);
        known.sends(1);
        assert_eq!(known.silence(), Silence::NoEvents);
        known.hears(Heard::Outgoing, None);
        assert_eq!(known.silence(), Silence::Nothing);
        known.hears(Heard::OtherIncoming, None);
        assert_eq!(known.silence(), Silence::OtherThings);
        known.hears(Heard::Refused, None);
        assert_eq!(known.silence(), Silence::Refused);
        let down = Down {
            words: "connection refused",
            said: String::new(),
        };
        known.hears(Heard::Failed(down), None);
        assert!(!known.is_up());
        assert_eq!(known.why_down().to_string(), "connection refused");
    }
}
