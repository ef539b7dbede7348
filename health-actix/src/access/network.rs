//! Networks, as they are configured.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use health_core::Mistake;

/// A block of addresses, or one.
///
/// In one form only: IPv4 addresses that are mapped into IPv6 are IPv4.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) struct Network {
    address: IpAddr,
    /// How many bits of the address all of them share.
    prefix: u8,
}

impl Network {
    /// Reads CIDR notation (RFC 4632, section 3.1; RFC 4291, section 2.3), or one address.
    pub(super) fn parse(text: &str) -> Result<Self, Mistake> {
        let network = read(text.trim()).ok_or_else(|| no_network(text))?;
        let start = network.start();
        if start.address == network.address {
            return Ok(network);
        }
        Err(Mistake::new(format!(
            "`{text}` has bits set behind its prefix: write `{start:?}` if the whole network is \
             meant, or `{}` for the one address",
            network.address
        )))
    }

    /// Whether the address is in it. An address that is mapped has to be canonical already.
    pub(super) fn contains(&self, address: IpAddr) -> bool {
        let of = Self {
            address,
            prefix: self.prefix,
        };
        of.start().address == self.address
    }

    /// Whether every address of its family is in it.
    pub(super) const fn is_everything(&self) -> bool {
        self.prefix == 0
    }

    /// The same without what is behind the prefix.
    fn start(self) -> Self {
        let address = match self.address {
            IpAddr::V4(address) => {
                let gone = 32_u32.saturating_sub(self.prefix.into());
                let mask = u32::MAX.checked_shl(gone).unwrap_or(0);
                Ipv4Addr::from_bits(address.to_bits() & mask).into()
            }
            IpAddr::V6(address) => {
                let gone = 128_u32.saturating_sub(self.prefix.into());
                let mask = u128::MAX.checked_shl(gone).unwrap_or(0);
                Ipv6Addr::from_bits(address.to_bits() & mask).into()
            }
        };
        Self { address, ..self }
    }
}

/// All networks of a list, and the mistakes in it.
pub(super) fn parse_all(
    texts: impl IntoIterator<Item = impl AsRef<str>>,
) -> (Vec<Network>, Vec<Mistake>) {
    let (mut networks, mut mistakes) = (Vec::new(), Vec::new());
    for text in texts {
        match Network::parse(text.as_ref()) {
            Ok(network) => networks.push(network),
            Err(mistake) => mistakes.push(mistake),
        }
    }
    (networks, mistakes)
}

fn read(text: &str) -> Option<Network> {
    let (address, prefix) = match text.split_once('/') {
        Some((address, prefix)) => (address, Some(number(prefix)?)),
        None => (text, None),
    };
    let written: IpAddr = address.parse().ok()?;
    let longest = if written.is_ipv4() { 32 } else { 128 };
    let prefix = prefix.unwrap_or(longest);
    if prefix > longest {
        return None;
    }
    let canonical = written.to_canonical();
    let is_mapped = written.is_ipv6() && canonical.is_ipv4();
    match prefix.checked_sub(96) {
        Some(prefix) if is_mapped => Some(Network {
            address: canonical,
            prefix,
        }),
        _ => Some(Network {
            address: written,
            prefix,
        }),
    }
}

/// Digits and nothing else, which `parse` would allow a sign before.
fn number(text: &str) -> Option<u8> {
    let digits = text.bytes().all(|byte| byte.is_ascii_digit());
    text.parse().ok().filter(|_| digits)
}

fn no_network(text: &str) -> Mistake {
    Mistake::new(format!(
        "`{text}` is no network: write an address, such as `10.1.2.3` or `::1`, or one with the \
         length of a prefix, such as `10.0.0.0/8` or `fd00::/8`; names are not looked up"
    ))
}

impl fmt::Debug for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.address, self.prefix)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn contains(network: &str, address: &str) -> bool {
        let network = Network::parse(network).unwrap();
        network.contains(address.parse::<IpAddr>().unwrap().to_canonical())
    }

    #[test]
    fn a_network_has_the_addresses_that_share_its_prefix() {
        for (network, inside, outside) in [
            ("10.0.0.0/8", "10.255.255.255", "11.0.0.0"),
            ("10.1.2.3", "10.1.2.3", "10.1.2.2"),
            ("10.1.2.3/32", "10.1.2.3", "10.1.2.4"),
            ("192.168.4.0/22", "192.168.7.255", "192.168.8.0"),
            ("0.0.0.0/0", "255.255.255.255", "::1"),
            ("128.0.0.0/1", "200.0.0.0", "127.255.255.255"),
            ("::1", "::1", "::2"),
            ("::/0", "2001:db8::1", "10.0.0.1"),
            ("::/0", "2001:db8::1", "::ffff:10.0.0.1"),
            ("fd00::/8", "fdff::1", "fe00::"),
            ("2001:db8::/65", "2001:db8::1", "2001:db8::8000:0:0:0"),
            (" 10.0.0.0/8\t", "10.0.0.1", "11.0.0.1"),
            ("10.0.0.0/8", "::ffff:10.0.0.1", "::10.0.0.1"),
            ("::ffff:10.0.0.0/104", "10.9.9.9", "11.0.0.1"),
            ("::ffff:10.0.0.1", "10.0.0.1", "10.0.0.2"),
            ("::ffff:0:0/96", "8.8.8.8", "::1"),
        ] {
            assert!(contains(network, inside), "{inside} in {network}");
            assert!(!contains(network, outside), "{outside} in {network}");
        }
    }

    #[test]
    fn what_is_no_network_is_named_with_its_mend() {
        for text in [
            "",
            "/",
            "/8",
            "10.0.0.0/",
            "10.0.0.0/33",
            "::/129",
            "10.0.0.0/256",
            "10.0.0.0/+8",
            "10.0.0.0/-1",
            "10.0.0.0/8/8",
            "10.0.0.0/255.0.0.0",
            "010.0.0.1",
            "10.1",
            "localhost",
            "[::1]",
            "fe80::1%eth0",
            "10.0.0.1:80",
        ] {
            let mistake = Network::parse(text).unwrap_err().to_string();
            let expected = format!("`{text}` is no network: write an address, such as `10.1.2.3`");
            assert!(mistake.starts_with(&expected), "{mistake}");
        }
    }

    #[test]
    fn bits_behind_the_prefix_may_be_a_slip() {
        for (text, network, address) in [
            ("10.1.2.3/8", "10.0.0.0/8", "10.1.2.3"),
            ("2001:db8::1/64", "2001:db8::/64", "2001:db8::1"),
            ("::ffff:10.1.2.3/104", "10.0.0.0/8", "10.1.2.3"),
            ("1.2.3.4/0", "0.0.0.0/0", "1.2.3.4"),
        ] {
            let expected = format!(
                "`{text}` has bits set behind its prefix: write `{network}` if the whole network \
                 is meant, or `{address}` for the one address"
            );
            assert_eq!(Network::parse(text).unwrap_err().to_string(), expected);
        }
    }

    #[test]
    fn a_list_has_what_could_be_read_and_all_mistakes() {
        let (networks, mistakes) = parse_all(["10.0.0.0/8", "x", "::1", "y"]);
        assert_eq!(format!("{networks:?}"), "[10.0.0.0/8, ::1/128]");
        assert_eq!(mistakes.len(), 2);
    }

    proptest! {
        #[test]
        fn any_text_can_be_read(text in "\\PC{0,40}") {
            let _ = Network::parse(&text);
        }

        #[test]
        fn a_network_of_ipv4_is_the_one_that_arithmetic_says(
            bits in any::<u32>(), prefix in 0_u8..=32, other in any::<u32>(), near in 0_u32..32,
        ) {
            let size = 1_u64 << (32 - prefix);
            let start = u64::from(bits) / size * size;
            let text = format!("{}/{prefix}", Ipv4Addr::from_bits(u32::try_from(start).unwrap()));
            let network = Network::parse(&text).unwrap();
            for other in [other, bits, bits ^ (1 << near)] {
                let within = (start..start + size).contains(&u64::from(other));
                prop_assert_eq!(network.contains(Ipv4Addr::from_bits(other).into()), within);
            }
        }

        #[test]
        fn a_network_of_ipv6_shares_leading_bits(
            bits in any::<u128>(), prefix in 0_u8..=128, near in 0_u32..128,
        ) {
            let mask = u128::MAX.checked_shl(128 - u32::from(prefix)).unwrap_or(0);
            let text = format!("{}/{prefix}", Ipv6Addr::from_bits(bits & mask));
            // Such an address is one of IPv4, written differently.
            prop_assume!(Ipv6Addr::from_bits(bits & mask).to_ipv4_mapped().is_none());
            let network = Network::parse(&text).unwrap();
            let other = bits ^ (1 << near);
            let shared = (bits ^ other).leading_zeros() >= prefix.into();
            prop_assert_eq!(network.contains(Ipv6Addr::from_bits(other).into()), shared);
        }
    }
}
