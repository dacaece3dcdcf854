//! Where `fulgurite serve` takes from what counts from a start on. Linux alone has all of 127.0.0.0/8, and tells the names of
//! threads.

use std::fs;
use std::time::{Duration, Instant};

use rustix::process::Signal;

use crate::run::Place;
use crate::serve::{PATIENCE, Server};

/// Starts a server, waits until so many of its threads search, and tells where it listens and which folder it keeps its
/// state in.
fn started(place: &Place, environment: &[(&str, &str)], flags: &[&str], thread_count: usize) -> String {
    let mut command = place.command(&[&["serve"][..], flags].concat());
    command.envs(environment.iter().copied());
    let server = Server::of(command);
    let threads = || {
        let tasks = fs::read_dir(format!("/proc/{}/task", server.id())).expect("it runs");
        let names = tasks.map(|task| fs::read_to_string(task.expect("a task").path().join("comm")));
        // One that has just ended has no name.
        names.filter(|name| name.as_ref().is_ok_and(|name| name.starts_with("search-"))).count()
    };
    let began = Instant::now();
    // A thread takes its name once it runs.
    while threads() != thread_count {
        assert!(began.elapsed() < PATIENCE, "{} threads, not {thread_count}", threads());
        std::thread::sleep(Duration::from_millis(5));
    }
    let address = server.address.ip().to_string();
    assert_eq!(server.end(Signal::TERM), 0);
    let folders = ["of_file", "of_environment", "of_flag"];
    // So that the next one begins without any.
    let kept = folders.into_iter().filter(|folder| fs::remove_dir_all(place.path(folder)).is_ok());
    format!("{address} {}", kept.collect::<Vec<_>>().join(" "))
}

#[test]
fn what_counts_from_a_start_comes_from_flags_the_environment_or_the_file() {
    let place = Place::new();
    let text = "graph = \"graph.csv\"\nlisten = \"127.0.0.2:0\"\nthreads = 2\nstate = \"of_file\"\n";
    place.write("serve.toml", text);
    let file = ("FULGURITE_CONFIG", "serve.toml");
    let environment = [
        file,
        ("FULGURITE_LISTEN", "127.0.0.3:0"),
        ("FULGURITE_THREADS", "3"),
        ("FULGURITE_STATE", "of_environment"),
    ];
    let flags = ["--listen", "127.0.0.1:0", "--threads", "4", "--state", "of_flag"];
    assert_eq!(started(&place, &[file], &[], 2), "127.0.0.2 of_file");
    assert_eq!(started(&place, &environment, &[], 3), "127.0.0.3 of_environment");
    assert_eq!(started(&place, &environment, &flags, 4), "127.0.0.1 of_flag");
    let nowhere = ("FULGURITE_CONFIG", "nowhere.toml");
    assert_eq!(started(&place, &[nowhere], &["--config", "serve.toml"], 2), "127.0.0.2 of_file");
}
