//! Values of flags that have a form of their own.

use std::path::PathBuf;

use primitives::{ChannelPolicy, CltvExpiryDelta, Fee, InboundFee, Msat, NodeId, UnixTime};

use engine::query::{ExtraArc, FirstChannel};

/// Reads an amount: `1500`, `1500msat` or `1sat`.
pub(crate) fn amount(text: &str) -> Result<Msat, String> {
    let (digits, unit) = match text.strip_suffix("msat") {
        Some(digits) => (digits, 1),
        None => text.strip_suffix("sat").map_or((text, 1), |digits| (digits, 1000)),
    };
    let digits = digits.trim_end();
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err("an amount is a whole number of msat, as 100000, or of sat, as 100sat".to_owned());
    }
    let count = digits.parse::<u64>().ok().and_then(|count| count.checked_mul(unit));
    count.map(Msat::from_msat).ok_or_else(|| "the amount is more than there will ever be".to_owned())
}

/// The same of what is to be paid.
pub(crate) fn payment(text: &str) -> Result<Msat, String> {
    let amount = amount(text)?;
    if amount == Msat::ZERO { Err("nobody pays nothing".to_owned()) } else { Ok(amount) }
}

/// Reads the name of a drawing.
pub(crate) fn svg_file(text: &str) -> Result<PathBuf, String> {
    let path = PathBuf::from(text);
    let is_svg = path.extension().is_some_and(|ending| ending.eq_ignore_ascii_case("svg"));
    if is_svg { Ok(path) } else { Err("drawings are SVG: give it a name that ends in .svg".to_owned()) }
}

/// Reads `SCID=BALANCE`.
pub(crate) fn first_channel(text: &str) -> Result<FirstChannel, String> {
    let (scid, balance) = text.split_once('=').ok_or("a first channel is written SCID=BALANCE_MSAT")?;
    Ok(FirstChannel { short_channel_id: scid.parse().map_err(said)?, balance: amount(balance)? })
}

/// Reads `tail,head,scid,base,ppm,cltv[,min,max]`.
pub(crate) fn extra_arc(text: &str) -> Result<ExtraArc, String> {
    let fields: Vec<&str> = text.split(',').map(str::trim).collect();
    let (tail, head, scid, base, ppm, cltv, bounds) = match *fields.as_slice() {
        [tail, head, scid, base, ppm, cltv] => (tail, head, scid, base, ppm, cltv, None),
        [tail, head, scid, base, ppm, cltv, min, max] => {
            (tail, head, scid, base, ppm, cltv, Some((min, max)))
        }
        _ => {
            let found = fields.len();
            return Err(format!(
                "an extra arc has 6 or 8 fields, tail,head,scid,base,ppm,cltv[,min,max]; this has {found}"
            ));
        }
    };
    let (htlc_minimum_msat, htlc_maximum_msat) = match bounds {
        Some((min, max)) => (amount(min)?, amount(max)?),
        None => (Msat::ZERO, Msat::MAX),
    };
    let policy = ChannelPolicy {
        fee: Fee { fee_base_msat: number(base, "base")?, fee_proportional_millionths: number(ppm, "ppm")? },
        inbound_fee: InboundFee::ZERO,
        cltv_expiry_delta: CltvExpiryDelta::from_blocks(number(cltv, "cltv")?),
        htlc_minimum_msat,
        htlc_maximum_msat,
        disabled: false,
        last_update: UnixTime::default(),
    };
    Ok(ExtraArc {
        short_channel_id: scid.parse().map_err(said)?,
        tail: node_id(tail)?,
        head: node_id(head)?,
        policy,
        // The engine takes `htlc_maximum_msat` for it.
        capacity: None,
    })
}

/// Reads a node id.
pub(crate) fn node_id(text: &str) -> Result<NodeId, String> {
    text.parse().map_err(said)
}

fn number<T: std::str::FromStr>(text: &str, field: &str) -> Result<T, String> {
    text.parse().map_err(|_| format!("{field} is a whole number in range, this is {text:?}"))
}

fn said(error: impl std::error::Error) -> String {
    error.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_have_units() {
        for (text, msat) in [("0", 0), ("1500", 1500), ("1500msat", 1500), ("2sat", 2000), ("2 sat", 2000)] {
            assert_eq!(amount(text), Ok(Msat::from_msat(msat)), "{text}");
        }
        for text in ["", "sat", "-1", "+1", "1.5", "1btc", "18446744073709551616", "18446744073709552sat"] {
            assert!(amount(text).is_err(), "{text}");
        }
    }

    #[test]
    fn first_channels_have_a_balance() {
        assert_eq!(first_channel("1x2x3=7sat").map(|channel| channel.balance), Ok(Msat::from_msat(7000)));
        assert!(first_channel("1x2x3").is_err());
    }

    #[test]
    fn extra_arcs_have_six_or_eight_fields() {
        let (tail, head) = ("02".repeat(33), "03".repeat(33));
        let arc = extra_arc(&format!("{tail},{head},1x2x3,1000,5,144")).expect("six fields");
        assert_eq!((arc.policy.fee.fee_base_msat, arc.policy.htlc_maximum_msat), (1000, Msat::MAX));
        let arc = extra_arc(&format!("{tail},{head},1x2x3,1000,5,144,1,9000")).expect("eight fields");
        assert_eq!(arc.policy.htlc_maximum_msat, Msat::from_msat(9000));
        for bad in ["", "1,2", &format!("{tail},{head},1x2x3,1000,5,70000")] {
            assert!(extra_arc(bad).is_err(), "{bad}");
        }
    }
}
