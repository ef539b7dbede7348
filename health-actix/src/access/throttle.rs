//! How often each may ask, as plain values: what time it is, they are told.
//!
//! The generic cell rate algorithm (ITU-T I.371, annex A): of each client one number is kept, the
//! time by which it will have made up for what it asked for so far.

use std::collections::{BTreeSet, HashMap};
use std::net::IpAddr;

/// How many clients are known at a time.
pub(super) const MOST: usize = 1024;

/// A time, in nanoseconds from any fixed one on.
pub(super) type Nanoseconds = u64;

pub(super) const SECOND: Nanoseconds = 1_000_000_000;

/// How often one may ask.
#[derive(Clone, Copy, Debug)]
pub(super) struct Rate {
    /// What each request has to be made up for with.
    interval: Nanoseconds,
    /// How far in debt one may get.
    tolerance: Nanoseconds,
}

impl Rate {
    /// So many in a second, and so many at once after a pause. None of them is zero.
    pub(super) fn new(per_second: u32, burst: u32) -> Self {
        let interval = SECOND.div_ceil(per_second.max(1).into());
        Self {
            interval,
            tolerance: interval * Nanoseconds::from(burst),
        }
    }

    /// By when one more request will be made up for; or how long that one has to wait.
    fn next(self, paid_by: Nanoseconds, now: Nanoseconds) -> Result<Nanoseconds, Nanoseconds> {
        let paid_by = paid_by.max(now).saturating_add(self.interval);
        match paid_by.saturating_sub(now).checked_sub(self.tolerance) {
            None | Some(0) => Ok(paid_by),
            Some(wait) => Err(wait),
        }
    }
}

/// Who counts as one. Whoever has an address of IPv6 has at least 2^64 of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Client {
    V4(u32),
    /// The first half of the address.
    V6(u64),
    /// All whose address cannot be told.
    Unknown,
}

impl Client {
    pub(super) fn of(address: Option<IpAddr>) -> Self {
        match address.map(|address| address.to_canonical()) {
            Some(IpAddr::V4(address)) => Self::V4(address.to_bits()),
            Some(IpAddr::V6(address)) => Self::V6((address.to_bits() >> 64) as u64),
            None => Self::Unknown,
        }
    }
}

/// What each client has still to make up for.
///
/// A client is forgotten only once that is nothing, when knowing it makes no difference. So nobody
/// can make it forget another, and with `MOST` known, the rest share what one has.
#[derive(Debug, Default)]
pub(super) struct Throttle {
    paid_by: HashMap<Client, Nanoseconds>,
    /// The same, in the order in which they may be forgotten.
    queue: BTreeSet<(Nanoseconds, Client)>,
    /// What the rest has to make up for.
    rest: Nanoseconds,
}

impl Throttle {
    /// Counts a request, unless the client has to wait for so long first.
    pub(super) fn admit(
        &mut self,
        rate: Rate,
        client: Client,
        now: Nanoseconds,
    ) -> Result<(), Nanoseconds> {
        let before = self.paid_by.get(&client).copied();
        if before.is_none() && !self.make_room(now) {
            self.rest = rate.next(self.rest, now)?;
            return Ok(());
        }
        let paid_by = rate.next(before.unwrap_or(0), now)?;
        if let Some(before) = self.paid_by.insert(client, paid_by) {
            self.queue.remove(&(before, client));
        }
        self.queue.insert((paid_by, client));
        Ok(())
    }

    /// Whether there is room for one more client.
    fn make_room(&mut self, now: Nanoseconds) -> bool {
        if self.paid_by.len() < MOST {
            return true;
        }
        let first = self.queue.first().copied();
        let Some((_, client)) = first.filter(|(paid_by, _)| *paid_by <= now) else {
            return false;
        };
        self.queue.pop_first();
        self.paid_by.remove(&client);
        true
    }
}

#[cfg(test)]
mod tests {
    use std::net::Ipv6Addr;

    use proptest::prelude::*;

    use super::*;

    const MILLISECOND: Nanoseconds = SECOND / 1000;

    fn admitted(throttle: &mut Throttle, rate: Rate, client: Client, now: Nanoseconds) -> bool {
        throttle.admit(rate, client, now).is_ok()
    }

    #[test]
    fn a_burst_passes_and_then_one_at_each_interval() {
        let (mut throttle, rate) = (Throttle::default(), Rate::new(10, 3));
        let client = Client::V4(1);
        for at in [0, 0, 0] {
            assert_eq!(throttle.admit(rate, client, at), Ok(()));
        }
        let mut ask = |at| throttle.admit(rate, client, at * MILLISECOND);
        assert_eq!(ask(0), Err(100 * MILLISECOND));
        assert_eq!(ask(60), Err(40 * MILLISECOND));
        assert_eq!(ask(99), Err(MILLISECOND), "asking does not put it off");
        assert_eq!(ask(100), Ok(()));
        assert_eq!(ask(100), Err(100 * MILLISECOND));
        assert_eq!(ask(300), Ok(()));
        assert_eq!(ask(300), Ok(()));
        assert_eq!(ask(300), Err(100 * MILLISECOND));
        for _ in 0..3 {
            assert_eq!(ask(60_000), Ok(()), "no more than a burst is saved up");
        }
        assert_eq!(ask(60_000), Err(100 * MILLISECOND));
        assert_eq!(ask(59_000), Err(1100 * MILLISECOND), "another thread's now");
    }

    #[test]
    fn a_second_has_no_more_than_was_said_where_it_cannot_be_divided() {
        let (mut throttle, rate) = (Throttle::default(), Rate::new(3, 1));
        let (mut now, mut passed) = (0, 0);
        while now < SECOND {
            match throttle.admit(rate, Client::Unknown, now) {
                Ok(()) => passed += 1,
                Err(wait) => now += wait,
            }
        }
        assert_eq!(passed, 3);
    }

    #[test]
    fn each_client_counts_alone_and_a_network_of_ipv6_as_one() {
        let client = |text: &str| Client::of(Some(text.parse().unwrap()));
        assert_ne!(client("10.0.0.1"), client("10.0.0.2"));
        assert_eq!(client("10.0.0.1"), client("::ffff:10.0.0.1"));
        assert_eq!(client("2001:db8::1"), client("2001:db8::ffff:0:0:1"));
        assert_ne!(client("2001:db8::1"), client("2001:db8:0:1::1"));
        assert_ne!(client("0.0.0.1"), client("::1"));
        let (mut throttle, rate) = (Throttle::default(), Rate::new(1, 1));
        for client in [Client::V4(1), Client::V4(2), Client::V6(1), Client::Unknown] {
            assert!(admitted(&mut throttle, rate, client, 0), "{client:?}");
            assert!(!admitted(&mut throttle, rate, client, 0), "{client:?}");
        }
    }

    #[test]
    fn when_it_is_full_newcomers_share_and_nobody_known_is_forgotten() {
        let (mut throttle, rate) = (Throttle::default(), Rate::new(1, 2));
        for client in 0..MOST as u32 {
            assert!(admitted(&mut throttle, rate, Client::V4(client), 0));
        }
        let newcomers = (0..5000).map(Client::V6);
        let passed = newcomers.filter(|client| admitted(&mut throttle, rate, *client, 1));
        assert_eq!(passed.count(), 2, "a burst for all of them");
        assert_eq!(throttle.paid_by.len(), MOST);
        assert!(admitted(&mut throttle, rate, Client::V4(7), 1));
        assert!(
            !admitted(&mut throttle, rate, Client::V4(7), 1),
            "it is known"
        );
    }

    #[test]
    fn when_it_is_full_those_are_forgotten_of_whom_nothing_need_be_known() {
        let (mut throttle, rate) = (Throttle::default(), Rate::new(1, 2));
        for client in 0..MOST as u32 {
            // Of one more is known than of the others.
            for _ in 0..if client == 7 { 2 } else { 1 } {
                assert!(admitted(&mut throttle, rate, Client::V4(client), 0));
            }
        }
        for newcomer in 0..MOST as u64 - 1 {
            for passes in [true, true, false] {
                let passed = admitted(&mut throttle, rate, Client::V6(newcomer), SECOND);
                assert_eq!(passed, passes, "{newcomer}");
            }
        }
        assert!(throttle.paid_by.contains_key(&Client::V4(7)));
        assert_eq!((throttle.paid_by.len(), throttle.queue.len()), (MOST, MOST));
        assert!(
            admitted(&mut throttle, rate, Client::V6(u64::MAX), SECOND),
            "shared"
        );
        assert!(!throttle.paid_by.contains_key(&Client::V6(u64::MAX)));
    }

    #[test]
    fn the_greatest_rates_and_times_do_not_overflow() {
        for rate in [
            Rate::new(1, u32::MAX),
            Rate::new(u32::MAX, u32::MAX),
            Rate::new(u32::MAX, 1),
        ] {
            let mut throttle = Throttle::default();
            for now in [0, u64::MAX - 1, u64::MAX, 0] {
                let _ = throttle.admit(rate, Client::Unknown, now);
            }
        }
        let (mut throttle, rate) = (Throttle::default(), Rate::new(1, u32::MAX));
        assert!(admitted(&mut throttle, rate, Client::Unknown, 0));
    }

    proptest! {
        #[test]
        fn nobody_gets_more_than_the_rate_and_a_burst(
            per_second in 1_u32..50,
            burst in 1_u32..10,
            waits in prop::collection::vec(0..SECOND / 10, 1..300),
        ) {
            let (mut throttle, rate) = (Throttle::default(), Rate::new(per_second, burst));
            let (mut now, mut passed) = (0, 0);
            for wait in waits {
                now += wait;
                match throttle.admit(rate, Client::V4(1), now) {
                    Ok(()) => passed += 1,
                    Err(wait) => {
                        prop_assert!(throttle.admit(rate, Client::V4(1), now + wait - 1).is_err());
                        now += wait;
                        prop_assert!(throttle.admit(rate, Client::V4(1), now).is_ok());
                        passed += 1;
                    }
                }
                let most = now * u64::from(per_second) / SECOND + u64::from(burst);
                prop_assert!(passed <= most, "{} of {}", passed, most);
            }
        }

        #[test]
        fn whoever_else_asks_one_has_what_one_would_have_alone(
            asked in prop::collection::vec((0..SECOND / 4, any::<bool>(), any::<u16>()), 1..200),
        ) {
            let rate = Rate::new(2, 3);
            let (mut crowd, mut alone) = (Throttle::default(), Throttle::default());
            let client = Client::Unknown;
            let mut now = 0;
            prop_assert_eq!(crowd.admit(rate, client, 0), alone.admit(rate, client, 0));
            for (wait, by_client, stranger) in asked {
                now += wait;
                if by_client {
                    prop_assert_eq!(crowd.admit(rate, client, now), alone.admit(rate, client, now));
                } else {
                    for network in 0..20 {
                        let stranger = Ipv6Addr::from_segments([stranger, network, 0, 0, 0, 0, 0, 0]);
                        let _ = crowd.admit(rate, Client::of(Some(stranger.into())), now);
                    }
                }
                prop_assert!(crowd.paid_by.len() <= MOST);
                prop_assert_eq!(crowd.paid_by.len(), crowd.queue.len());
            }
        }
    }
}
