//! Whether the time of an answer tells a secret: Welch's t between two kinds of input that only a secret tells apart, in
//! turns drawn at random (Reparaz, Balasch and Verbauwhede, "Dude, is my code constant time?", 2017). Beyond 4.5 either way,
//! time tells. The comparison that stops at the first difference is the control: it has to show.

use std::hint::black_box;
use std::time::Instant;

use bitcoin::secp256k1::SecretKey;
use onion::keys::{SharedSecret, same_secret};
use onion::packet::{PAYMENT_PACKET_LEN, PaymentPacket};
use onion::peel::peel_payment;
use rand::{Rng as _, SeedableRng as _};
use rand_chacha::ChaCha20Rng;

use super::fixture::{Fixture, HASH};

/// Measures and prints; without `is_whole` a few rounds, to see that it runs.
pub(super) fn print(is_whole: bool) {
    let count = |whole| if is_whole { whole } else { 20 };
    println!("\nwhether time tells a secret: Welch's t, beyond 4.5 it does");
    let secret: [u8; 32] = std::array::from_fn(|at| at as u8);
    let [early, late] = [0, 31].map(|at| {
        let mut guess = secret;
        guess[at] ^= 1;
        guess
    });
    let guesses = [&early, &late];
    compare("a comparison that stops early", count(20_000), |class| {
        (0..500).for_each(|_| _ = black_box(black_box(&secret[..]).iter().eq(black_box(guesses[class]))));
    });
    compare("same_secret", count(20_000), |class| {
        (0..500).for_each(|_| _ = black_box(same_secret(black_box(&secret), black_box(guesses[class]))));
    });
    let fixture = Fixture::new(20);
    let good = *fixture.packet().as_bytes();
    let packets = [PAYMENT_PACKET_LEN - 32, PAYMENT_PACKET_LEN - 1].map(|at| {
        let mut bytes = good;
        bytes[at] ^= 1;
        PaymentPacket::from_bytes(bytes)
    });
    let key = fixture.node_secret();
    compare("peel, by where the code is wrong", count(10_000), |class| {
        black_box(peel_payment(&fixture.secp, &key, black_box(&packets[class]), &HASH)).expect_err("forged");
    });
    let point = key.public_key(&fixture.secp);
    let mut small = [0; 32];
    small[31] = 3;
    let keys = [small, [0x77; 32]].map(|bytes| SecretKey::from_slice(&bytes).expect("a key"));
    compare("shared secret, by a small and a large key", count(10_000), |class| {
        black_box(SharedSecret::new(black_box(&point), black_box(&keys[class])));
    });
}

/// Times both classes in an order that nobody can foresee, leaves out the slow tenth in which the machine did something
/// else, and prints what is left of a difference.
fn compare(title: &str, count: usize, mut work: impl FnMut(usize)) {
    let mut rng = ChaCha20Rng::seed_from_u64(1);
    let mut times: [Vec<f64>; 2] = [Vec::new(), Vec::new()];
    for _ in 0..count {
        let class = usize::from(rng.random::<bool>());
        let began = Instant::now();
        work(class);
        times[class].push(began.elapsed().as_nanos() as f64);
    }
    let mut all: Vec<f64> = times.concat();
    all.sort_unstable_by(f64::total_cmp);
    let limit = all[all.len() * 9 / 10];
    let [first, second] =
        times.map(|times| Moments::new(times.into_iter().filter(|&time| time <= limit).collect()));
    let t = (first.mean - second.mean) / (first.error + second.error).sqrt();
    println!("  {title:<44} {:>9.0} ns {:>9.0} ns   t {t:>8.2}", first.mean, second.mean);
}

struct Moments {
    mean: f64,
    /// The variance of the mean.
    error: f64,
}

impl Moments {
    fn new(times: Vec<f64>) -> Self {
        let count = times.len() as f64;
        let mean = times.iter().sum::<f64>() / count;
        let variance = times.iter().map(|time| (time - mean).powi(2)).sum::<f64>() / (count - 1.0);
        Moments { mean, error: variance / count }
    }
}
