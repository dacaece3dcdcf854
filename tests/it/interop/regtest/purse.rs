//! Coins of our own, and channels that are funded and closed with them.

use std::collections::VecDeque;

use bitcoin::absolute::LockTime;
use bitcoin::hashes::Hash as _;
use bitcoin::opcodes::all::{OP_CHECKMULTISIG, OP_PUSHNUM_2};
use bitcoin::script::Builder;
use bitcoin::secp256k1::{All, Message, PublicKey, Secp256k1, SecretKey};
use bitcoin::sighash::{EcdsaSighashType, SighashCache};
use bitcoin::{
    Amount, CompressedPublicKey, OutPoint, ScriptBuf, Sequence, Transaction, TxIn, TxOut, Txid, Witness,
    transaction,
};
use gossip::funding::funding_script;
use primitives::ShortChannelId;
use serde_json::json;
use tests::signed::Signer;

use super::bitcoind::Bitcoind;

/// What a miner got for each block at first.
const COIN: Amount = Amount::from_sat(5_000_000_000);
const FEE: Amount = Amount::from_sat(10_000);

/// One key with coins that may be spent.
pub(super) struct Purse {
    secp: Secp256k1<All>,
    key: SecretKey,
    coins: VecDeque<OutPoint>,
}

/// A channel that is in a block.
#[derive(Debug, Clone, Copy)]
pub(super) struct Funded {
    pub(super) short_channel_id: ShortChannelId,
    pub(super) outpoint: OutPoint,
    pub(super) value: Amount,
}

impl Purse {
    /// Mines as many coins as asked for, and the hundred blocks above them that make them good.
    pub(super) fn filled(bitcoind: &Bitcoind, count: u32) -> Self {
        let key = SecretKey::from_slice(&[0x51; 32]).unwrap();
        let mut purse = Purse { secp: Secp256k1::new(), key, coins: VecDeque::new() };
        bitcoind.mine(count + 100, &purse.script());
        for height in 1..=count {
            let block = bitcoind.call("getblock", &json!([bitcoind.hash(height), 1]));
            let txid: Txid = block["tx"][0].as_str().unwrap().parse().unwrap();
            purse.coins.push_back(OutPoint { txid, vout: 0 });
        }
        purse
    }

    pub(super) fn script(&self) -> ScriptBuf {
        ScriptBuf::new_p2wpkh(&CompressedPublicKey(self.key.public_key(&self.secp)).wpubkey_hash())
    }

    /// Pays a coin to a script; what is left comes back as a second output.
    fn pay(&mut self, script_pubkey: ScriptBuf, value: Amount) -> Transaction {
        let coin = self.coins.pop_front().expect("enough coins");
        let change = TxOut { value: COIN - value - FEE, script_pubkey: self.script() };
        let mut transaction = spend(coin, vec![TxOut { value, script_pubkey }, change]);
        let mut cache = SighashCache::new(&mut transaction);
        let digest = cache.p2wpkh_signature_hash(0, &self.script(), COIN, EcdsaSighashType::All).unwrap();
        let signature = self.secp.sign_ecdsa(&Message::from_digest(digest.to_byte_array()), &self.key);
        let signature = bitcoin::ecdsa::Signature::sighash_all(signature);
        let witness = Witness::p2wpkh(&signature, &self.key.public_key(&self.secp));
        transaction.input[0].witness = witness;
        transaction
    }

    /// The next block holds a channel of each of these values and nothing else; those with `false` pay to somebody else.
    pub(super) fn fund(
        &mut self,
        bitcoind: &Bitcoind,
        signer: &Signer,
        channels: &[(u64, bool)],
    ) -> Vec<Funded> {
        let height = bitcoind.height() + 1;
        let (mut transactions, mut funded) = (Vec::new(), Vec::new());
        for (place, &(sat, is_right)) in channels.iter().enumerate() {
            let short_channel_id = ShortChannelId::from_parts(height, 1 + place as u32, 0).unwrap();
            let [one, two] = signer.funding_keys(short_channel_id);
            let script = if is_right { funding_script(&one, &two) } else { funding_script(&one, &one) };
            let (value, transaction) = (Amount::from_sat(sat), self.pay(script, Amount::from_sat(sat)));
            let outpoint = OutPoint { txid: transaction.compute_txid(), vout: 0 };
            transactions.push(transaction);
            funded.push(Funded { short_channel_id, outpoint, value });
        }
        bitcoind.mine_block(&self.script(), &transactions);
        funded
    }

    /// The transaction that closes a channel, signed by both ends.
    pub(super) fn closing(&self, signer: &Signer, channel: &Funded) -> Transaction {
        let output = TxOut { value: channel.value - FEE, script_pubkey: self.script() };
        let mut transaction = spend(channel.outpoint, vec![output]);
        let mut keys = signer.funding_secrets(channel.short_channel_id);
        let public = |key: &SecretKey| PublicKey::from_secret_key(&self.secp, key).serialize();
        keys.sort_by_key(public);
        let script = Builder::new()
            .push_opcode(OP_PUSHNUM_2)
            .push_slice(public(&keys[0]))
            .push_slice(public(&keys[1]))
            .push_opcode(OP_PUSHNUM_2)
            .push_opcode(OP_CHECKMULTISIG)
            .into_script();
        let mut cache = SighashCache::new(&mut transaction);
        let digest = cache.p2wsh_signature_hash(0, &script, channel.value, EcdsaSighashType::All).unwrap();
        let digest = Message::from_digest(digest.to_byte_array());
        let [one, two] = keys
            .map(|key| bitcoin::ecdsa::Signature::sighash_all(self.secp.sign_ecdsa(&digest, &key)).to_vec());
        transaction.input[0].witness = Witness::from_slice(&[&[][..], &*one, &*two, script.as_bytes()]);
        transaction
    }
}

fn spend(previous_output: OutPoint, output: Vec<TxOut>) -> Transaction {
    let sequence = Sequence::ENABLE_RBF_NO_LOCKTIME;
    let input = TxIn { previous_output, script_sig: ScriptBuf::new(), sequence, witness: Witness::new() };
    Transaction { version: transaction::Version::TWO, lock_time: LockTime::ZERO, input: vec![input], output }
}
