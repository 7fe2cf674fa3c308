//! A bench made of a thread, against the real server.

use std::thread;

use ciborium::{Value, cbor};

use super::super::wire::tests::{bytes, id};
use super::*;

const SHORT: Duration = Duration::from_millis(20);
const LONG: Duration = Duration::from_secs(30);

/// What Criterion does when it connects.
fn connect(port: u16) -> TcpStream {
    let mut stream = TcpStream::connect(("localhost", port)).unwrap();
    let mut greeting = [0; 18];
    stream.read_exact(&mut greeting).unwrap();
    assert_eq!(&greeting[..15], b"cargo-criterion");
    stream
}

fn connect_and_greet(port: u16) -> TcpStream {
    let mut stream = connect(port);
    stream.write_all(b"Criterion\x00\x08\x02\x00\x01\x00\x01").unwrap();
    stream
}

fn framed(value: &Value) -> Vec<u8> {
    let body = bytes(value);
    [&u32::try_from(body.len()).unwrap().to_be_bytes(), body.as_slice()].concat()
}

fn receive(stream: &mut TcpStream) -> Value {
    let mut length = [0; 4];
    stream.read_exact(&mut length).unwrap();
    let mut body = vec![0; usize::try_from(u32::from_be_bytes(length)).unwrap()];
    stream.read_exact(&mut body).unwrap();
    ciborium::from_reader(body.as_slice()).unwrap()
}

/// Runs a bench on a thread; gives the connection to it.
fn with_bench(bench: impl FnOnce(u16) + Send + 'static) -> (Connection, thread::JoinHandle<()>) {
    let server = Server::open().unwrap();
    let port = server.port();
    let thread = thread::spawn(move || bench(port));
    (server.accept(LONG).unwrap().unwrap(), thread)
}

#[test]
fn a_whole_conversation() {
    let (mut connection, bench) = with_bench(|port| {
        let mut stream = connect_and_greet(port);
        let ours = || id("g", Some("ours"));
        let mut talk = framed(&cbor!({"BeginningBenchmarkGroup" => {"group" => "g"}}).unwrap());
        talk.extend(framed(&cbor!({"SkippingBenchmark" => {"id" => id("g", Some("other"))}}).unwrap()));
        talk.extend(framed(&cbor!({"BeginningBenchmark" => {"id" => ours()}}).unwrap()));
        talk.extend(framed(&cbor!({"Warmup" => {"id" => ours(), "nanos" => 1.0}}).unwrap()));
        let complete = cbor!({"MeasurementComplete" => {
            "id" => ours(), "iters" => [1.0, 2.0], "times" => [10.0, 20.0]
        }});
        talk.extend(framed(&complete.unwrap()));
        // Dealt out byte by byte, as no sane system does.
        for byte in talk {
            stream.write_all(&[byte]).unwrap();
        }
        assert_eq!(receive(&mut stream), cbor!({"ScaleForMachines" => {"values" => [1.0]}}).unwrap());
        let unit = cbor!({"ScaledValues" => {"scaled_values" => [1.0], "unit" => "ns"}});
        stream.write_all(&framed(&unit.unwrap())).unwrap();
        assert_eq!(receive(&mut stream), cbor!("Continue").unwrap());
        stream.write_all(&framed(&cbor!({"FinishedBenchmarkGroup" => {"group" => "g"}}).unwrap())).unwrap();
        assert_eq!(receive(&mut stream), cbor!("Continue").unwrap());
    });
    assert_eq!(connection.version(), Version::new(0, 8, 2));
    let mut transcript = Transcript::default();
    loop {
        match connection.poll(LONG).unwrap() {
            Polled::Message(message) => {
                if let Some(request) = transcript.hear(message) {
                    connection.send(request).unwrap();
                }
            }
            Polled::Nothing => panic!("the bench says nothing"),
            Polled::Closed => break,
        }
    }
    bench.join().unwrap();
    assert_eq!(transcript.skipped, [("g/other".to_owned(), Vec::new())]);
    assert_eq!(transcript.reported[0].id, "g/ours");
    assert_eq!(transcript.reported[0].unit, "ns");
    assert_eq!(transcript.reported[0].totals, [10.0, 20.0]);
}

#[test]
fn nobody_is_waited_for_longer_than_asked() {
    let server = Server::open().unwrap();
    assert!(server.accept(SHORT).unwrap().is_none());
    let (mut connection, bench) = with_bench(|port| {
        let mut stream = connect_and_greet(port);
        // Half a message, then silence until we hang up.
        stream.write_all(&[0, 0, 0, 9, 1]).unwrap();
        assert_eq!(stream.read(&mut [0]).unwrap_or(0), 0);
    });
    assert_eq!(connection.poll(SHORT).unwrap(), Polled::Nothing);
    drop(connection);
    bench.join().unwrap();
}

#[test]
fn strangers_are_turned_away_and_the_bench_is_served_after_them() {
    let server = Server::open().unwrap();
    let port = server.port();
    let mut stranger = connect_now(port);
    stranger.write_all(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n").unwrap();
    drop(connect_now(port));
    let bench = thread::spawn(move || drop(connect_and_greet(port)));
    let mut strangers = 0;
    let mut connection = loop {
        match server.accept(LONG).unwrap() {
            Some(connection) => break connection,
            None => strangers += 1,
        }
    };
    assert_eq!(strangers, 2);
    assert_eq!(connection.poll(LONG).unwrap(), Polled::Closed);
    bench.join().unwrap();
}

/// A connection without waiting to be greeted.
fn connect_now(port: u16) -> TcpStream {
    TcpStream::connect((Ipv4Addr::LOCALHOST, port)).unwrap()
}

#[test]
fn another_version_of_the_protocol_is_an_error() {
    let server = Server::open().unwrap();
    let port = server.port();
    let bench = thread::spawn(move || {
        connect(port).write_all(b"Criterion\x01\x00\x00\x00\x02\x00\x01").unwrap();
    });
    let error = server.accept(LONG).unwrap_err();
    assert!(matches!(error, ProtocolError::Version { version: 2, format: 1 }), "{error}");
    bench.join().unwrap();
}

#[test]
fn nonsense_is_an_error_and_never_asks_for_memory() {
    let error = |bytes: &'static [u8]| {
        let (mut connection, bench) = with_bench(move |port| {
            connect_and_greet(port).write_all(bytes).unwrap();
        });
        let error = connection.poll(LONG).unwrap_err();
        bench.join().unwrap();
        error
    };
    assert!(matches!(error(&[0xff; 4]), ProtocolError::TooLong(_)));
    assert!(matches!(error(&[0, 0, 0, 1, 0xff]), ProtocolError::NotCbor));
    assert!(matches!(error(&[0, 0, 0, 0]), ProtocolError::NotCbor));
}

#[test]
fn a_request_to_a_bench_that_is_gone_is_no_error() {
    let (mut connection, bench) = with_bench(|port| drop(connect_and_greet(port)));
    bench.join().unwrap();
    for _ in 0..10 {
        connection.send(Request::Continue).unwrap();
    }
    assert_eq!(connection.poll(LONG).unwrap(), Polled::Closed);
}
