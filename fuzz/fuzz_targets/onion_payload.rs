//! Payloads of payments and trampolines: what is read is written the same, but for odd records that are skipped.
#![no_main]

use libfuzzer_sys::fuzz_target;
use onion::packet::HopPayload;
use onion::payload::{CustomRecords, Payload, PayloadContext};
use onion::trampoline::TrampolinePayload;

fuzz_target!(|bytes: &[u8]| {
    let Some((&flags, stream)) = bytes.split_first() else { return };
    let context = PayloadContext {
        is_final: flags & 1 != 0,
        has_path_key: flags & 2 != 0,
        knows_trampoline: flags & 4 != 0,
    };
    if let Ok(payload) = Payload::decode(stream, context) {
        let mut again = Vec::new();
        payload.encode(&mut again);
        assert_eq!(again.len(), payload.encoded_len());
        assert_eq!(Payload::decode(&again, context), Ok(payload));
    }
    if let Ok(payload) = TrampolinePayload::decode(stream, context) {
        let mut again = Vec::new();
        payload.encode(&mut again);
        assert_eq!(TrampolinePayload::decode(&again, context), Ok(payload));
    }
    if let Ok(records) = CustomRecords::from_stream(stream) {
        assert_eq!(records.iter().count() == 0, stream.is_empty());
    }
});
