//! The vectors of BOLT 1: BigSize, TLV streams, extensions, signed integers.

use bitcoin::secp256k1::PublicKey;
use primitives::ShortChannelId;
use primitives::codec::{
    TlvError, TlvFault, TlvReader, TlvRecord, decode_bigsize, decode_tu32, decode_tu64, encode_bigsize,
};
use primitives::wire::{Message, WireError};

fn hex(text: &str) -> Vec<u8> {
    let digits: String = text.split_whitespace().collect();
    (0..digits.len() / 2).map(|at| u8::from_str_radix(&digits[2 * at..2 * at + 2], 16).unwrap()).collect()
}

#[test]
fn bigsize_of_appendix_a() {
    let sound = [
        (0, "00"),
        (252, "fc"),
        (253, "fd00fd"),
        (65_535, "fdffff"),
        (65_536, "fe00010000"),
        (4_294_967_295, "feffffffff"),
        (4_294_967_296, "ff0000000100000000"),
        (u64::MAX, "ffffffffffffffffff"),
    ];
    for (value, bytes) in sound {
        let mut encoded = Vec::new();
        encode_bigsize(value, &mut encoded);
        assert_eq!(encoded, hex(bytes));
        assert_eq!(decode_bigsize(&encoded), Some((value, &[][..])));
    }
    let broken =
        ["fd00fc", "fe0000ffff", "ff00000000ffffffff", "fd00", "feffff", "ffffffffff", "", "fd", "fe", "ff"];
    for bytes in broken {
        assert_eq!(decode_bigsize(&hex(bytes)), None, "{bytes}");
    }
}

#[derive(Debug, Default, PartialEq)]
struct N1 {
    tlv1: Option<u64>,
    tlv2: Option<ShortChannelId>,
    tlv3: Option<(PublicKey, u64, u64)>,
    tlv4: Option<u16>,
}

fn read_n1(stream: &[u8]) -> Result<N1, TlvError> {
    let mut n1 = N1::default();
    for record in TlvReader::new(stream) {
        let record = record?;
        match record.tlv_type {
            1 => n1.tlv1 = Some(decode_tu64(record.value).ok_or(record.invalid())?),
            2 => n1.tlv2 = Some(ShortChannelId::from_u64(u64::from_be_bytes(record.array()?))),
            3 => n1.tlv3 = Some(key_and_amounts(&record)?),
            254 => n1.tlv4 = Some(u16::from_be_bytes(record.array()?)),
            _ => record.skip()?,
        }
    }
    Ok(n1)
}

fn key_and_amounts(record: &TlvRecord<'_>) -> Result<(PublicKey, u64, u64), TlvError> {
    let bytes: [u8; 49] = record.array()?;
    let key = PublicKey::from_slice(&bytes[..33]).map_err(|_| record.invalid())?;
    let amount = |at: usize| u64::from_be_bytes(bytes[at..at + 8].try_into().unwrap());
    Ok((key, amount(33), amount(41)))
}

fn read_n2(stream: &[u8]) -> Result<(), TlvError> {
    for record in TlvReader::new(stream) {
        let record = record?;
        match record.tlv_type {
            0 => drop(decode_tu64(record.value).ok_or(record.invalid())?),
            11 => drop(decode_tu32(record.value).ok_or(record.invalid())?),
            _ => record.skip()?,
        }
    }
    Ok(())
}

const NODE: &str = "023da092f6980e58d2c037173180e9a465476026ee50f96695963e8efe436f54eb";

#[test]
fn tlv_failures_of_appendix_b() {
    let long = format!("0ffd0201 {}", "00".repeat(512));
    let any = [
        "fd",
        "fd01",
        "fd0001 00",
        "fd0101",
        "0f fd",
        "0f fd26",
        "0f fd2602",
        "0f fd0001 00",
        &long,
        "12 00",
        "fd0102 00",
        "fe01000002 00",
        "ff0100000000000002 00",
    ];
    for stream in any.map(hex) {
        assert!(read_n1(&stream).is_err() && read_n2(&stream).is_err(), "{stream:02x?}");
    }
    let key = |tail: &str| format!("{NODE}{tail}");
    let n1 = [
        "01 09 ffffffffffffffffff".to_owned(),
        "01 01 00".to_owned(),
        "01 02 0001".to_owned(),
        "01 03 000100".to_owned(),
        "01 04 00010000".to_owned(),
        "01 05 0001000000".to_owned(),
        "01 06 000100000000".to_owned(),
        "01 07 00010000000000".to_owned(),
        "01 08 0001000000000000".to_owned(),
        "02 07 01010101010101".to_owned(),
        "02 09 010101010101010101".to_owned(),
        format!("03 21 {NODE}"),
        format!("03 29 {}", key("0000000000000001")),
        format!("03 30 {}", key("000000000000000100000000000001")),
        format!("03 31 04{}", &key("00000000000000010000000000000002")[2..]),
        format!("03 32 {}", key("0000000000000001000000000000000001")),
        "fd00fe 00".to_owned(),
        "fd00fe 01 01".to_owned(),
        "fd00fe 03 010101".to_owned(),
        "00 00".to_owned(),
        "02 08 0000000000000226 01 01 2a".to_owned(),
        "02 08 0000000000000231 02 08 0000000000000451".to_owned(),
        "1f 00 0f 01 2a".to_owned(),
        "1f 00 1f 01 2a".to_owned(),
    ];
    for stream in n1 {
        assert!(read_n1(&hex(&stream)).is_err(), "{stream}");
    }
    let wrapped = read_n2(&hex("ffffffffffffffffff 00 00 00")).map_err(|error| error.fault);
    assert_eq!(wrapped, Err(TlvFault::Order));
}

#[test]
fn tlv_successes_of_appendix_b() {
    for stream in
        ["", "21 00", "fd0201 00", "fd00fd 00", "fd00ff 00", "fe02000001 00", "ff0200000000000001 00"]
    {
        assert_eq!((read_n1(&hex(stream)), read_n2(&hex(stream))), (Ok(N1::default()), Ok(())), "{stream}");
    }
    let amounts = ["00", "01 01", "02 0100", "03 010000", "04 01000000", "05 0100000000", "06 010000000000"];
    for (bytes, stream) in amounts.iter().enumerate() {
        let expected = if bytes == 0 { 0 } else { 1 << (8 * (bytes - 1)) };
        assert_eq!(read_n1(&hex(&format!("01 {stream}"))).unwrap().tlv1, Some(expected));
    }
    assert_eq!(read_n1(&hex("01 07 01000000000000")).unwrap().tlv1, Some(281_474_976_710_656));
    assert_eq!(read_n1(&hex("01 08 0100000000000000")).unwrap().tlv1, Some(72_057_594_037_927_936));
    let tlv2 = read_n1(&hex("02 08 0000000000000226")).unwrap().tlv2;
    assert_eq!(tlv2, ShortChannelId::from_parts(0, 0, 550));
    let tlv3 = read_n1(&hex(&format!("03 31 {NODE}00000000000000010000000000000002"))).unwrap().tlv3;
    assert_eq!(tlv3.map(|(key, one, two)| (key.to_string(), one, two)), Some((NODE.to_owned(), 1, 2)));
    assert_eq!(read_n1(&hex("fd00fe 02 0226")).unwrap().tlv4, Some(550));
}

#[test]
fn extensions_of_appendix_c() {
    for bytes in ["001000000000", "001000000000c9012acb0104"] {
        assert!(matches!(Message::decode(&hex(bytes)), Ok(Message::Init(_))), "{bytes}");
    }
    let fault = |bytes: &str| match Message::decode(&hex(bytes)) {
        Err(WireError::Tlv(error)) => error.fault,
        other => panic!("{other:?}"),
    };
    assert_eq!(fault("00100000000001"), TlvFault::Frame);
    assert_eq!(fault("001000000000ca012a"), TlvFault::UnknownEven);
    assert_eq!(fault("001000000000c90101c90102"), TlvFault::Order);
}
