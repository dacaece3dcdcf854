//! What the peers take for one query and for building, on the small made-up graph.

use std::error::Error;
use std::time::Duration;

use benches::ldk::Ldk;
use benches::pet::Pet;
use benches::{Contender, Query, fixture};
use criterion::{Criterion, criterion_group, criterion_main};
use engine::graph::GraphBuilder;

fn peers(criterion: &mut Criterion) {
    let (draft, queries) = inputs().expect("the made-up graph is far below the builder's limits");
    contender::<Ldk>(criterion, &draft, &queries);
    contender::<Pet>(criterion, &draft, &queries);
}

fn contender<C: Contender>(criterion: &mut Criterion, draft: &GraphBuilder, queries: &[Query]) {
    let mut group = criterion.benchmark_group(C::NAME);
    group.bench_function("build/made-up-1k", |bencher| bencher.iter(|| C::build(draft)));
    let contender = C::build(draft).expect("peers take the made-up graph");
    for &mode in C::MODES {
        let requests: Vec<_> = queries.iter().map(|query| contender.request(query, mode)).collect();
        let mut turn = requests.iter().flatten().cycle();
        let mut scratch = contender.scratch();
        group.bench_function(format!("route/{mode}-made-up-1k"), |bencher| {
            bencher.iter(|| turn.next().map(|request| contender.route(&mut scratch, request)));
        });
    }
    group.finish();
}

fn inputs() -> Result<(GraphBuilder, Vec<Query>), Box<dyn Error>> {
    let draft = fixture::graph(1000, 1)?;
    let queries = fixture::queries(&draft, 50, 1);
    Ok((draft, queries))
}

criterion_group! {
    name = benches;
    config = Criterion::default()
        .sample_size(20)
        .warm_up_time(Duration::from_millis(500))
        .measurement_time(Duration::from_secs(2));
    targets = peers
}
criterion_main!(benches);
