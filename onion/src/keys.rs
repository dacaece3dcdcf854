//! Secrets, and what is derived from them (BOLT 4, Key Generation, Shared Secret and Blinding Ephemeral Keys).
//!
//! Every secret here is wiped when it is dropped and shows nothing of itself in debug output. The engines that hash and
//! encrypt keep copies on the stack; those of the cipher are wiped, those of the hash are not.
//!
//! The keys of a hop are HMACs under a few constant names. The first two blocks of such an HMAC depend on the name alone,
//! so they are hashed once and copied: each key costs two compressions instead of four.

use std::fmt;
use std::mem::needs_drop;
use std::sync::LazyLock;

use bitcoin::hashes::cmp::fixed_time_eq;
use bitcoin::hashes::{Hash as _, HashEngine as _, Hmac, HmacEngine, sha256};
use bitcoin::secp256k1::{PublicKey, Scalar, Secp256k1, SecretKey, Signing, Verification, ecdh};
use chacha20::ChaCha20;
use chacha20::cipher::{KeyIvInit as _, StreamCipher as _, StreamCipherSeek as _};
use zeroize::Zeroize as _;

/// What two parties know after a Diffie-Hellman exchange: the hash of the compressed point.
///
/// The payer has one for each hop, and each hop has its own. It opens that hop's payload and all of its failures.
#[derive(Clone)]
pub struct SharedSecret([u8; 32]);

impl SharedSecret {
    /// The secret between the owner of `public_key` and that of `secret_key`. Takes a time that depends on neither key, and
    /// is the dearest step of all in this crate.
    pub fn new(public_key: &PublicKey, secret_key: &SecretKey) -> Self {
        let mut shared = ecdh::SharedSecret::new(public_key, secret_key);
        let secret = SharedSecret(shared.secret_bytes());
        shared.non_secure_erase();
        secret
    }

    /// Takes a secret that was stored.
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        SharedSecret(bytes)
    }

    /// The secret bytes, to be stored until the HTLC is settled.
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// What to remember a packet by, so that it is not taken twice. Reveals nothing of the secret.
    pub fn replay_tag(&self) -> ReplayTag {
        let hash = tagged(&REPLAY, &self.0);
        let (tag, _) = hash.as_byte_array().split_first_chunk().expect("a hash is longer than a tag");
        ReplayTag(*tag)
    }

    /// The key of one purpose.
    pub(crate) fn key(&self, key_type: KeyType) -> Key {
        Key(tagged(key_type.engine(), &self.0).to_byte_array())
    }

    /// The factor that blinds the ephemeral key whose bytes are `public_key` for the next hop; also the factor of a path
    /// key. `None` with a chance of 2^-128.
    pub(crate) fn blinding_factor(&self, public_key: &[u8; 33]) -> Option<Factor> {
        let mut engine = sha256::Hash::engine();
        engine.input(public_key);
        engine.input(&self.0);
        Factor::new(sha256::Hash::from_engine(engine).to_byte_array())
    }

    /// The factor between a node's id and its blinded one.
    pub(crate) fn node_factor(&self) -> Option<Factor> {
        Factor::new(tagged(&BLINDED_NODE_ID, &self.0).to_byte_array())
    }
}

impl PartialEq for SharedSecret {
    /// Takes the same time for all secrets.
    fn eq(&self, other: &Self) -> bool {
        fixed_time_eq(&self.0, &other.0)
    }
}

impl Eq for SharedSecret {}

impl Drop for SharedSecret {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}

impl fmt::Debug for SharedSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SharedSecret(..)")
    }
}

/// What a packet is remembered by; 16 bytes of a hash of its shared secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ReplayTag([u8; 16]);

impl ReplayTag {
    /// Takes a tag that was stored.
    pub const fn from_bytes(bytes: [u8; 16]) -> Self {
        ReplayTag(bytes)
    }

    /// The bytes.
    pub const fn as_bytes(&self) -> &[u8; 16] {
        &self.0
    }
}

/// What a derived key is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum KeyType {
    /// Obfuscates payloads, and encrypts the data of a blinded hop.
    Rho,
    /// Authenticates a packet.
    Mu,
    /// Authenticates a failure and its attribution.
    Um,
    /// Fills a new packet.
    Pad,
    /// Obfuscates a failure.
    Ammag,
    /// Obfuscates attribution data.
    AmmagExt,
}

impl KeyType {
    fn engine(self) -> &'static HmacEngine<sha256::Hash> {
        match self {
            KeyType::Rho => &RHO,
            KeyType::Mu => &MU,
            KeyType::Um => &UM,
            KeyType::Pad => &PAD,
            KeyType::Ammag => &AMMAG,
            KeyType::AmmagExt => &AMMAG_EXT,
        }
    }
}

/// A derived key.
pub(crate) struct Key([u8; 32]);

impl Key {
    pub(crate) const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// An HMAC under this key.
    pub(crate) fn hmac(&self) -> HmacEngine<sha256::Hash> {
        HmacEngine::new(&self.0)
    }

    /// The pseudo-random bytes of this key, with the nonce zero, from the first on.
    pub(crate) fn stream(&self) -> Stream {
        Stream(ChaCha20::new(&self.0.into(), &[0; 12].into()))
    }
}

impl Drop for Key {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}

/// A pseudo-random stream (BOLT 4, Pseudo Random Byte Stream).
pub(crate) struct Stream(ChaCha20);

impl Stream {
    /// Combines the stream's next bytes with `bytes`. A stream has 256 GiB; nothing here comes near.
    pub(crate) fn apply(&mut self, bytes: &mut [u8]) {
        self.0.apply_keystream(bytes);
    }

    /// Goes to the byte at `offset`.
    pub(crate) fn seek(&mut self, offset: usize) {
        self.0.seek(offset as u64);
    }
}

/// A factor that hides a key.
pub(crate) struct Factor(Scalar);

impl Factor {
    fn new(bytes: [u8; 32]) -> Option<Self> {
        Scalar::from_be_bytes(bytes).ok().map(Factor)
    }

    /// The product with a secret key. `None` where the factor is zero, with a chance of 2^-256.
    pub(crate) fn blind_secret(&self, key: &SecretKey) -> Option<WipedKey> {
        key.mul_tweak(&self.0).ok().map(WipedKey)
    }

    /// The product with a point. `None` as [`Factor::blind_secret`]. The time depends on the factor, which the library
    /// offers no other way; the product is public, and a factor serves once.
    pub(crate) fn blind_public<C: Verification>(
        &self,
        secp: &Secp256k1<C>,
        key: &PublicKey,
    ) -> Option<PublicKey> {
        key.mul_tweak(secp, &self.0).ok()
    }
}

impl Drop for Factor {
    fn drop(&mut self) {
        self.0.non_secure_erase();
    }
}

/// A secret key that is wiped when it is dropped.
pub(crate) struct WipedKey(SecretKey);

impl WipedKey {
    pub(crate) const fn new(key: SecretKey) -> Self {
        WipedKey(key)
    }

    pub(crate) const fn as_key(&self) -> &SecretKey {
        &self.0
    }

    pub(crate) fn public<C: Signing>(&self, secp: &Secp256k1<C>) -> PublicKey {
        self.0.public_key(secp)
    }
}

impl Drop for WipedKey {
    fn drop(&mut self) {
        self.0.non_secure_erase();
    }
}

/// None of these may lose its `Drop` unnoticed.
const _: () = assert!(
    needs_drop::<SharedSecret>() && needs_drop::<Key>() && needs_drop::<Factor>() && needs_drop::<WipedKey>()
);

/// Whether two secrets or codes are equal, in a time that depends on neither. A payee compares payment secrets and path ids
/// so, lest the time of its answer tell how much of a guess was right.
pub fn same_secret(left: &[u8], right: &[u8]) -> bool {
    left.len() == right.len() && fixed_time_eq(left, right)
}

/// The HMAC of `bytes` under the name that `engine` has taken in.
fn tagged(engine: &HmacEngine<sha256::Hash>, bytes: &[u8; 32]) -> Hmac<sha256::Hash> {
    let mut engine = engine.clone();
    engine.input(bytes);
    Hmac::from_engine(engine)
}

type Named = LazyLock<HmacEngine<sha256::Hash>>;

static RHO: Named = LazyLock::new(|| HmacEngine::new(b"rho"));
static MU: Named = LazyLock::new(|| HmacEngine::new(b"mu"));
static UM: Named = LazyLock::new(|| HmacEngine::new(b"um"));
static PAD: Named = LazyLock::new(|| HmacEngine::new(b"pad"));
static AMMAG: Named = LazyLock::new(|| HmacEngine::new(b"ammag"));
static AMMAG_EXT: Named = LazyLock::new(|| HmacEngine::new(b"ammagext"));
static BLINDED_NODE_ID: Named = LazyLock::new(|| HmacEngine::new(b"blinded_node_id"));
/// Ours alone: no other node sees a replay tag.
static REPLAY: Named = LazyLock::new(|| HmacEngine::new(b"fulgurite replay tag"));
