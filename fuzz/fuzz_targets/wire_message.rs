//! Messages of any type: what is read is written the same, gossip byte for byte.
#![no_main]

use libfuzzer_sys::fuzz_target;
use primitives::wire::Message;

fuzz_target!(|bytes: &[u8]| {
    let Ok(message) = Message::decode(bytes) else { return };
    let mut again = Vec::new();
    message.encode(&mut again);
    assert_eq!(Message::decode(&again), Ok(message));
    match message {
        Message::ChannelAnnouncement(_) | Message::Unknown { .. } => assert_eq!(again, bytes),
        Message::ChannelUpdate(update) => {
            assert_eq!(again, bytes);
            let _ = update.policy();
        }
        Message::NodeAnnouncement(node) => {
            assert_eq!(again, bytes);
            assert!(node.addresses().count() <= bytes.len());
            assert!(!node.alias.to_string().contains('\u{1b}'));
        }
        Message::Init(init) => drop((init.combined_features(), init.seen_at())),
        Message::ReplyChannelRange(reply) => {
            assert_eq!(reply.entries().count(), reply.short_channel_ids.len());
        }
        Message::Warning(warning) => assert!(warning.to_string().is_ascii()),
        Message::Error(error) => assert!(error.to_string().is_ascii()),
        _ => {}
    }
});
