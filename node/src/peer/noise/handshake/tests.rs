//! BOLT 8, Appendix A, both sides; its short reads are tests of the connection.

use super::*;

fn hex<const N: usize>(text: &str) -> [u8; N] {
    assert_eq!(text.len(), 2 * N);
    std::array::from_fn(|at| u8::from_str_radix(&text[2 * at..2 * at + 2], 16).expect("digits"))
}

fn key(byte: u8) -> SecretKey {
    SecretKey::from_slice(&[byte; 32]).expect("a key")
}

const ACT_ONE: &str =
    "00036360e856310ce5d294e8be33fc807077dc56ac80d95d9cd4ddbd21325eff73f70df6086551151f58b8afe6c195782c6a";
const ACT_TWO: &str =
    "0002466d7fcae563e5cb09a0d1870bb580344804617879a14949cf22285f1bae3f276e2470b93aac583c9ef6eafca3f730ae";
const ACT_THREE: &str = "00b9e3a702e93e3a9948c2ed6e5fd7590a6e1c3a0344cfc9d5b57357049aa22355361aa02e55a8fc28fef5bd6d71ad\
                         0c38228dc68b1c466263b47fdf31e560e139ba";
const CHAINING_KEY: &str = "919219dbb2920afa8db80f9a51787a840bcf111ed8d588caf9ab4be716e42b01";
const INITIATOR_KEY: &str = "969ab31b4d288cedf6218839b27a3e2140827047f2c0f01bf5c04435d43511a9";
const RESPONDER_KEY: &str = "bb9020b8965f4df047e07f955f3c4b88418984aadc5cdb35096b9ea8fa5c3442";

fn initiator() -> Initiator {
    let remote = PublicKey::from_slice(&hex::<33>(
        "028d7500dd4c12685d1f568b4c2b5048e8534b873319f3a8daa612b469132ec7f7",
    ));
    let (initiator, act) = Initiator::new(&Secp256k1::new(), key(0x11), &remote.expect("a key"), key(0x12));
    assert_eq!(act, hex(ACT_ONE));
    initiator
}

fn responder() -> Responder {
    Responder::new(&Secp256k1::new(), key(0x21), key(0x22))
}

fn responder_act_three() -> ResponderActThree {
    let (next, act) = responder().receive(&Secp256k1::new(), &hex(ACT_ONE)).expect("sound");
    assert_eq!(act, hex(ACT_TWO));
    next
}

fn assert_keys(keys: &Keys) {
    assert_eq!(keys.raw, (hex(CHAINING_KEY), [hex(INITIATOR_KEY), hex(RESPONDER_KEY)]));
}

#[test]
fn both_sides_end_with_the_keys_of_bolt_8() {
    let (keys, act) = initiator().receive(&Secp256k1::new(), &hex(ACT_TWO)).expect("sound");
    assert_eq!(act, hex(ACT_THREE));
    assert_keys(&keys);
    let (keys, remote) = responder_act_three().receive(&hex(ACT_THREE)).expect("sound");
    assert_eq!(remote, key(0x11).public_key(&Secp256k1::new()));
    assert_keys(&keys);
}

#[test]
fn the_initiator_refuses_what_bolt_8_refuses() {
    let refuse = |act: &str| initiator().receive(&Secp256k1::new(), &hex(act)).expect_err("unsound");
    let act = Act::Two;
    assert_eq!(refuse(&ACT_TWO.replacen("00", "01", 1)), HandshakeError::Version { act, version: 1 });
    assert_eq!(refuse(&ACT_TWO.replacen("0002", "0004", 1)), HandshakeError::Key { act });
    assert_eq!(refuse(&ACT_TWO.replace("f730ae", "f730af")), HandshakeError::Tag { act });
}

#[test]
fn the_responder_refuses_what_bolt_8_refuses() {
    let refuse = |act: &str| responder().receive(&Secp256k1::new(), &hex(act)).expect_err("unsound");
    let act = Act::One;
    assert_eq!(refuse(&ACT_ONE.replacen("00", "01", 1)), HandshakeError::Version { act, version: 1 });
    assert_eq!(refuse(&ACT_ONE.replacen("0003", "0004", 1)), HandshakeError::Key { act });
    assert_eq!(refuse(&ACT_ONE.replace("782c6a", "782c6b")), HandshakeError::Tag { act });

    let refuse = |act: &str| responder_act_three().receive(&hex(act)).expect_err("unsound");
    let act = Act::Three;
    assert_eq!(refuse(&ACT_THREE.replacen("00", "01", 1)), HandshakeError::Version { act, version: 1 });
    assert_eq!(refuse(&ACT_THREE.replacen("00b9", "00c9", 1)), HandshakeError::Ciphertext);
    assert_eq!(refuse(&ACT_THREE.replace("e139ba", "e139bb")), HandshakeError::Tag { act });
    let no_point = "00bfe3a702e93e3a9948c2ed6e5fd7590a6e1c3a0344cfc9d5b57357049aa2235536ad09a8ee351870c2bb7f78b754a26c\
                    6cef79a98d25139c856d7efd252c2ae73c";
    assert_eq!(refuse(no_point), HandshakeError::Key { act });
}

#[test]
fn keys_rotate_as_in_bolt_8() {
    let keys = || (hex(CHAINING_KEY), hex(INITIATOR_KEY));
    let (mut sealer, mut opener) = (Sealer::new(keys().0, keys().1), Opener::new(keys().0, keys().1));
    let expected = [
        (0, "cf2b30ddf0cf3f80e7c35a6e6730b59fe802473180f396d88a8fb0db8cbcf25d2f214cf9ea1d95"),
        (1, "72887022101f0b6753e0c7de21657d35a4cb2a1f5cde2650528bbc8f837d0f0d7ad833b1a256a1"),
        (500, "178cb9d7387190fa34db9c2d50027d21793c9bc2d40b1e14dcf30ebeeeb220f48364f7a4c68bf8"),
        (501, "1b186c57d44eb6de4c057c49940d79bb838a145cb528d6e8fd26dbe50a60ca2c104b56b60e45bd"),
        (1000, "4a2f3cc3b5e78ddb83dcb426d9863d9d9a723b0337c89dd0b005d89f8d3c05c52b76b29b740f09"),
        (1001, "2ecd8c8a5629d0d02ab457a0fdd0f7b90a192cd46be5ecb6ca570bfc5e268338b1a16cf4ef2d36"),
    ];
    let mut expected = expected.into_iter().peekable();
    for at in 0..=1001 {
        let mut sealed = Vec::new();
        sealer.seal(b"hello", &mut sealed).expect("short");
        if let Some((_, text)) = expected.next_if(|(place, _)| *place == at) {
            assert_eq!(sealed, hex::<39>(text), "message {at}");
        }
        let (header, body) = sealed.split_first_chunk_mut().expect("a header");
        assert_eq!(opener.open_length(header), Ok(5));
        assert_eq!(opener.open_message(body), Ok(&b"hello"[..]));
    }
    assert!(expected.next().is_none());
}

#[test]
fn nothing_secret_is_shown() {
    let (keys, _) = initiator().receive(&Secp256k1::new(), &hex(ACT_TWO)).expect("sound");
    let shown = format!("{:?} {:?} {:?}", keys.sealer, keys.opener, initiator());
    assert_eq!(shown, "Sealer(Rotating { nonce: 0, .. }) Opener(Rotating { nonce: 0, .. }) Initiator { .. }");
}
