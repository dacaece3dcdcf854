//! Where the headers begin that proofs are checked against.

use std::str::FromStr;

use bitcoin::Network;
use bitcoin::block::Header;
use bitcoin::consensus::encode::deserialize_hex;
use bitcoin::params::Params;
use gossip::funding::{Anchor, HeaderChain};
use primitives::BlockHeight;

use crate::exit::Failure;

/// A header that the user trusts, and its height.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct ProofStart(Anchor);

impl FromStr for ProofStart {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (height, header) = text.split_once(':').ok_or("a height, a colon and a header are wanted")?;
        let height = height.parse().map_err(|_| "the height is a number")?;
        let header: Header = deserialize_hex(header)
            .map_err(|_| "a header is 160 hexadecimal digits, as `getblockheader HASH false` tells")?;
        Ok(ProofStart(Anchor { height: BlockHeight::from_u32(height), header }))
    }
}

/// The headers to begin with.
pub(crate) fn headers(network: Network, start: Option<ProofStart>) -> Result<HeaderChain, Failure> {
    let Some(ProofStart(anchor)) = start else { return Ok(HeaderChain::from_genesis(network)) };
    HeaderChain::new(Params::new(network), anchor)
        .map_err(|error| Failure::usage(error.to_string(), "name another header by --proof-start"))
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEADER: &str = "0100000000000000000000000000000000000000000000000000000000000000000000003ba3edfd7a7b12b27ac72c3e\
                          67768f617fc81bc3888a51323a9fb8aa4b1e5e4a29ab5f49ffff001d1dac2b7c";

    #[test]
    fn a_start_is_a_height_and_a_header() {
        let start: ProofStart = format!("4032:{HEADER}").parse().unwrap();
        let chain = headers(Network::Bitcoin, Some(start)).unwrap_or_else(|_| panic!("the header is sound"));
        assert_eq!(chain.tip(), BlockHeight::from_u32(4032));
        assert!(chain.is_credible());
        for wrong in ["", "4032", &format!("x:{HEADER}"), &format!("4032:{HEADER}00"), "4032:00"] {
            assert!(wrong.parse::<ProofStart>().is_err(), "{wrong}");
        }
        let middle = format!("4033:{HEADER}").parse().unwrap();
        assert!(headers(Network::Bitcoin, Some(middle)).is_err());
        assert!(!headers(Network::Bitcoin, None).unwrap_or_else(|_| panic!("genesis")).is_credible());
    }
}
