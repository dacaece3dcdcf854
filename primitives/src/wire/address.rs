//! Address descriptors of a `node_announcement` (BOLT 7): where a node can be reached.
//!
//! ```text
//! 1 | ipv4 4 | port 2        3 | Tor v2 10 | port 2        5 | length 1 | hostname | port 2
//! 2 | ipv6 16 | port 2       4 | Tor v3 35 | port 2
//! ```

use std::fmt;
use std::net::{Ipv4Addr, Ipv6Addr};

/// One way to reach a node.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Address<'a> {
    /// Type 1.
    Ipv4(Ipv4Addr, u16),
    /// Type 2.
    Ipv6(Ipv6Addr, u16),
    /// Type 3, which nobody can reach any more.
    TorV2([u8; 10], u16),
    /// Type 4: key, checksum and version of an onion service.
    TorV3([u8; 35], u16),
    /// Type 5: printable ASCII.
    Hostname(&'a str, u16),
}

impl Address<'_> {
    /// The port; with zero, the address is ignored.
    pub const fn port(&self) -> u16 {
        match self {
            Address::Ipv4(_, port)
            | Address::Ipv6(_, port)
            | Address::TorV2(_, port)
            | Address::TorV3(_, port)
            | Address::Hostname(_, port) => *port,
        }
    }
}

impl fmt::Display for Address<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Address::Ipv4(address, port) => write!(f, "{address}:{port}"),
            Address::Ipv6(address, port) => write!(f, "[{address}]:{port}"),
            Address::TorV2(address, port) => write!(f, "{}.onion:{port}", Base32(address)),
            Address::TorV3(address, port) => write!(f, "{}.onion:{port}", Base32(address)),
            Address::Hostname(name, port) => write!(f, "{name}:{port}"),
        }
    }
}

/// Reads descriptors one after the other. Ends at the first type that is not known, behind which nothing can be found,
/// and at the first error.
#[derive(Debug, Clone, Copy)]
pub struct Addresses<'a>(&'a [u8]);

impl<'a> Addresses<'a> {
    /// Will read the field `addresses`.
    pub const fn new(bytes: &'a [u8]) -> Self {
        Addresses(bytes)
    }

    fn read(&mut self) -> Option<Result<Address<'a>, AddressError>> {
        let (&kind, rest) = self.0.split_first()?;
        let read = match kind {
            1 => {
                split(rest).map(|([a, b, c, d], port, rest)| (Address::Ipv4([a, b, c, d].into(), port), rest))
            }
            2 => split::<16>(rest).map(|(ip, port, rest)| (Address::Ipv6(ip.into(), port), rest)),
            3 => split(rest).map(|(onion, port, rest)| (Address::TorV2(onion, port), rest)),
            4 => split(rest).map(|(onion, port, rest)| (Address::TorV3(onion, port), rest)),
            5 => match hostname(rest) {
                Ok(read) => Some(read),
                Err(error) => return Some(Err(error)),
            },
            // Zero is padding, others will come; both end what can be read.
            _ => return None,
        };
        let Some((address, rest)) = read else { return Some(Err(AddressError::Short { kind })) };
        self.0 = rest;
        Some(Ok(address))
    }
}

impl<'a> Iterator for Addresses<'a> {
    type Item = Result<Address<'a>, AddressError>;

    fn next(&mut self) -> Option<Self::Item> {
        let read = self.read();
        if !matches!(read, Some(Ok(_))) {
            self.0 = &[];
        }
        read
    }
}

/// A fixed address, the port behind it, and the rest.
fn split<const N: usize>(bytes: &[u8]) -> Option<([u8; N], u16, &[u8])> {
    let (address, rest) = bytes.split_first_chunk()?;
    let (port, rest) = rest.split_first_chunk()?;
    Some((*address, u16::from_be_bytes(*port), rest))
}

fn hostname(bytes: &[u8]) -> Result<(Address<'_>, &[u8]), AddressError> {
    let short = AddressError::Short { kind: 5 };
    let (&size, rest) = bytes.split_first().ok_or(short)?;
    let (name, rest) = rest.split_at_checked(size.into()).ok_or(short)?;
    let (port, rest) = rest.split_first_chunk().ok_or(short)?;
    let is_printable = !name.is_empty() && name.iter().all(u8::is_ascii_graphic);
    let name = std::str::from_utf8(name).ok().filter(|_| is_printable).ok_or(AddressError::Hostname)?;
    Ok((Address::Hostname(name, u16::from_be_bytes(*port)), rest))
}

/// RFC 4648 in lower case and without padding: onion names have a multiple of five bytes.
struct Base32<'a>(&'a [u8]);

impl fmt::Display for Base32<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const DIGITS: &[u8; 32] = b"abcdefghijklmnopqrstuvwxyz234567";
        for group in self.0.chunks_exact(5) {
            let bits = group.iter().fold(0u64, |bits, &byte| bits << 8 | u64::from(byte));
            for shift in (0..8).rev().map(|place| 5 * place) {
                write!(f, "{}", char::from(DIGITS[(bits >> shift & 31) as usize]))?;
            }
        }
        Ok(())
    }
}

/// Why descriptors are refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum AddressError {
    /// The field ends inside a descriptor of a known type.
    #[error("addresses end inside a descriptor of type {kind}")]
    Short {
        /// The type.
        kind: u8,
    },
    /// A hostname that is empty or not printable ASCII.
    #[error("a hostname is one or more printable ASCII characters")]
    Hostname,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(bytes: &[u8]) -> Vec<String> {
        Addresses::new(bytes)
            .map(|address| address.map_or_else(|e| e.to_string(), |a| a.to_string()))
            .collect()
    }

    #[test]
    fn every_type_is_read_and_shown() {
        let mut bytes = vec![1, 127, 0, 0, 1, 0x26, 0x07, 2];
        bytes.extend([0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 9, 3]);
        bytes.extend([0xff; 10]);
        bytes.extend([0, 1, 4]);
        bytes.extend([0; 35]);
        bytes.extend([0, 2, 5, 4, b'a', b'.', b'd', b'e', 0, 0]);
        let expected =
            ["127.0.0.1:9735", "[::1]:9", "7777777777777777.onion:1", &format!("{}.onion:2", "a".repeat(56))];
        assert_eq!(shown(&bytes)[..4], expected.map(str::to_owned));
        assert_eq!(shown(&bytes)[4], "a.de:0");
        for (kind, size) in [(1u8, 7), (2, 19), (3, 13), (4, 38)] {
            let cut = vec![kind; size - 1];
            assert_eq!(Addresses::new(&cut).next(), Some(Err(AddressError::Short { kind })));
        }
    }

    #[test]
    fn unknown_types_end_the_list_and_bad_names_are_errors() {
        assert_eq!(shown(&[1, 1, 2, 3, 4, 0, 5, 6, 1, 1]), ["1.2.3.4:5"]);
        assert_eq!(shown(&[0, 0, 0]), Vec::<String>::new());
        for name in [&[5, 0, 0, 1][..], &[5, 1, 0x1b, 0, 1], &[5, 1, 0xc3, 0, 1], &[5, 1, b' ', 0, 1]] {
            assert_eq!(Addresses::new(name).next(), Some(Err(AddressError::Hostname)));
        }
        assert_eq!(Addresses::new(&[5, 200, b'a']).count(), 1);
    }
}
