use super::super::work::Patience;
use super::*;

fn ms(ms: u64) -> Duration {
    Duration::from_millis(ms)
}

/// A pressure, and a connection that has come at the time that is told.
fn connection() -> (Pressure, Arc<Arrival>, Reads, Instant) {
    let start = Instant::now();
    let pressure = Pressure::new(Patience::new(ms(1), ms(100), start), 2, start);
    let arrival = Arrival::new(pressure.clone(), start);
    let reads = arrival.reads();
    (pressure, arrival, reads, start)
}

fn poll(reads: &mut Reads, result: Poll<()>) {
    let _ = reads.poll(&Context::from_waker(Waker::noop()), |_| result);
}

#[test]
fn a_request_waits_since_the_wake_that_it_was_read_after() {
    let (pressure, arrival, mut reads, start) = connection();
    assert_eq!(pressure.waiting(), 1, "a new connection waits");
    poll(&mut reads, Poll::Ready(()));
    assert_eq!(pressure.waiting(), 0);
    let first = arrival.of(Version::HTTP_11).begin(start + ms(3));
    assert!(first > ms(2) && first <= ms(3), "{first:?}");
    poll(&mut reads, Poll::Pending);
    arrival.note_wake(start + ms(10));
    arrival.note_wake(start + ms(12));
    assert_eq!(pressure.waiting(), 1);
    poll(&mut reads, Poll::Ready(()));
    assert_eq!(arrival.of(Version::HTTP_11).begin(start + ms(15)), ms(5));
    assert_eq!(pressure.waiting(), 0);
}

#[test]
fn nobody_has_waited_for_what_nobody_was_woken_for() {
    let (_, arrival, mut reads, start) = connection();
    poll(&mut reads, Poll::Pending);
    poll(&mut reads, Poll::Ready(()));
    for version in [Version::HTTP_11, Version::HTTP_2] {
        assert_eq!(arrival.of(version).begin(start), Duration::ZERO);
    }
}

#[test]
fn a_request_that_was_sent_before_the_last_answer_has_waited_since_that() {
    let (_, arrival, mut reads, start) = connection();
    poll(&mut reads, Poll::Ready(()));
    let mut first = arrival.of(Version::HTTP_11);
    first.begin(start);
    first.end(start + ms(200));
    assert_eq!(arrival.of(Version::HTTP_11).begin(start + ms(201)), ms(1));
}

#[test]
fn over_http_2_it_waits_until_its_own_task_begins() {
    let (pressure, arrival, mut reads, start) = connection();
    poll(&mut reads, Poll::Ready(()));
    poll(&mut reads, Poll::Pending);
    let mut both = [arrival.of(Version::HTTP_2), arrival.of(Version::HTTP_2)];
    assert_eq!(pressure.waiting(), 2);
    let waits = both.each_mut().map(|arrived| arrived.begin(start + ms(9)));
    assert!(waits.iter().all(|wait| *wait > ms(8)), "{waits:?}");
    assert_eq!(pressure.waiting(), 0);
    drop(arrival.of(Version::HTTP_2));
    assert_eq!(pressure.waiting(), 0, "one that is given up waits no longer");
}

/// Some bytes that come at `at`; tells whether they are taken for a request that waits.
fn bytes(arrival: &Arrival, reads: &mut Reads, at: Instant) -> bool {
    poll(reads, Poll::Pending);
    arrival.note_wake(at);
    let waits = arrival.pressure.waiting() == 1;
    poll(reads, Poll::Ready(()));
    assert_eq!(arrival.pressure.waiting(), 0);
    waits
}

#[test]
fn whoever_drips_is_no_crowd_and_has_waited_since_the_last_bytes_of_its_head() {
    let (_, arrival, mut reads, start) = connection();
    poll(&mut reads, Poll::Pending);
    assert!(bytes(&arrival, &mut reads, start + ms(1)), "it may be a request");
    for at in 2..100 {
        assert!(!bytes(&arrival, &mut reads, start + ms(at)), "the head goes on");
    }
    let mut request = arrival.of(Version::HTTP_11);
    assert_eq!(request.begin(start + ms(101)), ms(2));
    let of_body = (102..200).filter(|&at| bytes(&arrival, &mut reads, start + ms(at)));
    assert!(of_body.count() <= 1, "the body comes");
    request.end(start + ms(200));
    assert!(bytes(&arrival, &mut reads, start + ms(300)), "the next one");
    assert_eq!(arrival.of(Version::HTTP_11).begin(start + ms(301)), ms(1));
}

#[test]
fn parts_of_a_record_of_tls_drip_as_well() {
    let (pressure, arrival, mut reads, start) = connection();
    poll(&mut reads, Poll::Pending);
    for at in 1..100 {
        arrival.note_wake(start + ms(at));
        assert_eq!(pressure.waiting(), usize::from(at == 1));
        poll(&mut reads, Poll::Pending);
    }
    poll(&mut reads, Poll::Ready(()));
    drop(arrival.of(Version::HTTP_11));
    poll(&mut reads, Poll::Pending);
    arrival.note_wake(start + ms(200));
    assert_eq!(pressure.waiting(), 1);
}

#[test]
fn over_http_2_some_frames_lie_between_requests_and_many_are_no_crowd() {
    let (_, arrival, mut reads, start) = connection();
    poll(&mut reads, Poll::Ready(()));
    for turn in 0..3 {
        drop(arrival.of(Version::HTTP_2));
        let waits: Vec<bool> =
            (1..10).map(|at| bytes(&arrival, &mut reads, start + ms(10 * turn + at))).collect();
        assert_eq!(waits, [true, true, true, true, false, false, false, false, false]);
    }
}

#[test]
fn a_connection_that_ends_waits_no_longer() {
    let (pressure, arrival, mut reads, start) = connection();
    poll(&mut reads, Poll::Pending);
    arrival.note_wake(start);
    drop((arrival, reads));
    assert_eq!(pressure.waiting(), 0);
}

#[tokio::test]
async fn the_task_is_woken_by_way_of_the_note() {
    let (pressure, _arrival, mut reads, _) = connection();
    let mut is_first = true;
    std::future::poll_fn(|cx| {
        reads.poll(cx, |cx| {
            if !std::mem::take(&mut is_first) {
                return Poll::Ready(());
            }
            cx.waker().wake_by_ref();
            assert_eq!(pressure.waiting(), 1);
            Poll::Pending
        })
    })
    .await;
    assert_eq!(pressure.waiting(), 0);
}
