//! A peer behind a SOCKS5 proxy, by a name that only the proxy knows.

use std::io::{Read as _, Write as _, copy};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};

use server::net::PeerAddress;

use super::ours::{OurNode, until};

/// A proxy for one connection; returns its address, and what was asked for when it has carried it.
fn start_proxy(to: SocketAddr) -> (SocketAddr, std::thread::JoinHandle<Vec<u8>>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let proxy = std::thread::spawn(move || {
        let (mut client, _) = listener.accept().unwrap();
        let mut greeting = [0; 3];
        client.read_exact(&mut greeting).unwrap();
        assert_eq!(greeting, [5, 1, 0], "one method, without a password");
        client.write_all(&[5, 0]).unwrap();
        let mut head = [0; 5];
        client.read_exact(&mut head).unwrap();
        assert_eq!(head[..4], [5, 1, 0, 3], "connect, by name");
        let mut rest = vec![0; usize::from(head[4]) + 2];
        client.read_exact(&mut rest).unwrap();
        client.write_all(&[5, 0, 0, 1, 0, 0, 0, 0, 0, 0]).unwrap();
        let server = TcpStream::connect(to).unwrap();
        let (mut up, mut down) = (client.try_clone().unwrap(), server.try_clone().unwrap());
        let back = std::thread::spawn(move || copy(&mut &server, &mut client));
        let _ = copy(&mut up, &mut down);
        let _ = down.shutdown(Shutdown::Both);
        let _ = back.join();
        rest
    });
    (address, proxy)
}

#[test]
fn names_go_through_the_proxy_unresolved() {
    let folder = tempfile::tempdir().unwrap();
    let first = OurNode::start(&folder.path().join("first.log"), vec![]);
    let (proxy_address, proxy) = start_proxy(first.address());
    let to = PeerAddress::new(first.public_key(), "hidden.onion".into(), 9735);
    let second = OurNode::start_with(&folder.path().join("second.log"), vec![to], Some(proxy_address));
    until("both are connected", || {
        first.node.status().peers.len() == 1 && second.node.status().peers.len() == 1
    });
    second.node.stop().unwrap();
    first.node.stop().unwrap();
    assert_eq!(proxy.join().unwrap(), [b"hidden.onion", &9735_u16.to_be_bytes()[..]].concat());
}
