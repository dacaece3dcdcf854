//! How many connections an address has.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Arc, Mutex, PoisonError};

use super::settings::ADDRESS_CONNECTION_COUNT_MAX;

/// How many connections each address has. As large as there are connections, so it needs no bound of its own.
#[derive(Debug)]
pub(super) struct Guests {
    counts: Mutex<HashMap<IpAddr, usize>>,
    count_max: Option<usize>,
}

/// One connection; it is counted until it is dropped.
#[derive(Debug)]
pub(super) struct Guest {
    guests: Arc<Guests>,
    address: IpAddr,
}

impl Guests {
    /// Nobody yet. `count_max` holds for all; `None` is the usual bound, of which the loopback is free.
    pub(super) fn new(count_max: Option<usize>) -> Arc<Self> {
        Arc::new(Guests { counts: Mutex::default(), count_max })
    }

    /// Lets one in; `None` where its address has as many as it may.
    pub(super) fn enter(self: &Arc<Self>, address: IpAddr) -> Option<Guest> {
        let address = household(address);
        let usual = if address.is_loopback() { usize::MAX } else { ADDRESS_CONNECTION_COUNT_MAX };
        let mut counts = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
        let count = counts.entry(address).or_default();
        if *count >= self.count_max.unwrap_or(usual) {
            return None;
        }
        *count += 1;
        Some(Guest { guests: Arc::clone(self), address })
    }
}

impl Drop for Guest {
    fn drop(&mut self) {
        let mut counts = self.guests.counts.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = counts.get_mut(&self.address) {
            *count -= 1;
            if *count == 0 {
                counts.remove(&self.address);
            }
        }
    }
}

/// An address of IPv4, or the network of 64 bits that one subscriber has at least in IPv6 (RFC 6177).
fn household(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) if !address.is_loopback() => {
            IpAddr::V6(Ipv6Addr::from_bits(address.to_bits() >> 64 << 64))
        }
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ip(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    #[test]
    fn an_address_has_no_more_than_it_may_and_others_do_not_care() {
        let guests = Guests::new(Some(2));
        let mut here: Vec<_> = (0..2).map(|_| guests.enter(ip("10.0.0.1")).expect("room")).collect();
        assert!(guests.enter(ip("10.0.0.1")).is_none());
        assert!(guests.enter(ip("::ffff:10.0.0.1")).is_none(), "the same one");
        assert!(guests.enter(ip("10.0.0.2")).is_some());
        here.pop();
        assert!(guests.enter(ip("10.0.0.1")).is_some());
        here.clear();
        assert!(guests.counts.lock().unwrap().is_empty(), "whoever has left is forgotten");
    }

    #[test]
    fn a_network_of_ipv6_is_one_address() {
        let guests = Guests::new(Some(1));
        let _one = guests.enter(ip("2001:db8::1")).expect("room");
        assert!(guests.enter(ip("2001:db8::ffff:1")).is_none());
        assert!(guests.enter(ip("2001:db8:0:1::1")).is_some());
    }

    #[test]
    fn by_default_the_loopback_is_free() {
        let guests = Guests::new(None);
        for (address, count) in
            [("127.0.0.1", 5000), ("::1", 5000), ("10.0.0.1", ADDRESS_CONNECTION_COUNT_MAX)]
        {
            let held: Vec<_> = (0..5000).map_while(|_| guests.enter(ip(address))).collect();
            assert_eq!(held.len(), count, "{address}");
        }
    }
}
