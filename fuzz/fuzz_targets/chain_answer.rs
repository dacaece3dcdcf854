//! What a Bitcoin node answers to our calls, which may be anybody's.
#![no_main]

use libfuzzer_sys::fuzz_target;
use server::chain::decode;

fuzz_target!(|bytes: &[u8]| {
    for count in 0..3 {
        let _ = decode::results(bytes, count, "getblockheader");
    }
    let Ok(result) = decode::result(bytes, "getblock") else { return };
    let _ = decode::text(&result, "getblockhash");
    let _ = decode::bytes(&result, "gettxoutproof");
    let _ = decode::height(&result, "getblockcount");
    let _ = decode::txids(&result);
    let _ = decode::output(&result);
});
