//! The messages of Criterion's protocol, as they travel, and what we make of them.
//!
//! Each is a CBOR map of one entry, from the kind of message to its fields; a kind without fields is a text. Kinds
//! we do not know are no error: later versions may announce more.

use std::io;
use std::time::Duration;

use ciborium::Value;
use serde::{Deserialize, Serialize};

use super::error::ProtocolError;
use crate::domain::{Throughput, WorkUnit};

/// How much of what a benchmark declares of its work is read: Criterion has four units.
const MOST_DECLARED: usize = 4;

/// What a bench tells us.
#[derive(Debug, Clone, PartialEq)]
pub enum Message {
    /// It leaves out the benchmark with this id: the filter does not match.
    Skipping {
        /// The benchmark's id.
        id: String,
        /// What one iteration works on, where that is declared.
        throughput: Vec<Throughput>,
    },
    /// It begins with the benchmark with this id.
    Beginning(String),
    /// Warm-up is over; the samples will take about this long.
    Sampling {
        /// How long the samples will take, as guessed from the warm-up.
        estimate: Duration,
    },
    /// It has taken all samples of a benchmark, and now answers questions about units until told to continue.
    Complete {
        /// The benchmark's id.
        id: String,
        /// Iterations of each sample.
        iterations: Vec<f64>,
        /// What each sample cost in all, in a unit we have to ask for.
        totals: Vec<f64>,
    },
    /// It has finished a group, and waits to be told to continue.
    GroupFinished,
    /// The unit that figures are in.
    Unit(String),
    /// Anything else: announcements we have no use for.
    Other,
}

/// What we tell a bench.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Request {
    /// Ask for the unit of figures that other programs read.
    Unit,
    /// Go on.
    Continue,
}

#[derive(Serialize)]
enum RequestWire {
    ScaleForMachines { values: Vec<f64> },
    Continue,
}

#[derive(Deserialize)]
struct IdWire {
    group_id: String,
    function_id: Option<String>,
    value_str: Option<String>,
    // Read by hand: a later version may declare what no earlier one knows.
    throughput: Option<Value>,
}

#[derive(Deserialize)]
struct AnnouncementWire {
    id: IdWire,
}

#[derive(Deserialize)]
struct SamplingWire {
    estimate_ns: f64,
}

#[derive(Deserialize)]
struct CompleteWire {
    id: IdWire,
    iters: Vec<f64>,
    times: Vec<f64>,
}

#[derive(Deserialize)]
struct UnitWire {
    unit: String,
}

impl From<IdWire> for String {
    /// Criterion's full id, never cut: `group/function/value`.
    fn from(id: IdWire) -> Self {
        let parts = [Some(id.group_id), id.function_id, id.value_str];
        parts.into_iter().flatten().collect::<Vec<_>>().join("/")
    }
}

impl Message {
    /// Reads one message.
    ///
    /// # Errors
    /// Bytes that are no CBOR, or fields that are not those of their kind of message.
    pub fn decode(bytes: &[u8]) -> Result<Self, ProtocolError> {
        let value: Value = ciborium::from_reader(bytes).map_err(|_| ProtocolError::NotCbor)?;
        let Value::Map(mut entries) = value else { return Ok(Self::Other) };
        let Some((Value::Text(kind), fields)) = entries.pop() else { return Ok(Self::Other) };
        Ok(match kind.as_str() {
            "SkippingBenchmark" => {
                let AnnouncementWire { id } = read("SkippingBenchmark", &fields)?;
                let throughput = id.throughput.as_ref().map(declared).unwrap_or_default();
                Self::Skipping { id: id.into(), throughput }
            }
            "BeginningBenchmark" => {
                Self::Beginning(read::<AnnouncementWire>("BeginningBenchmark", &fields)?.id.into())
            }
            "MeasurementStart" => {
                let nanoseconds = read::<SamplingWire>("MeasurementStart", &fields)?.estimate_ns;
                let estimate = Duration::try_from_secs_f64(nanoseconds / 1e9).unwrap_or(Duration::MAX);
                Self::Sampling { estimate }
            }
            "MeasurementComplete" => {
                let CompleteWire { id, iters, times } = read("MeasurementComplete", &fields)?;
                Self::Complete { id: id.into(), iterations: iters, totals: times }
            }
            "FinishedBenchmarkGroup" => Self::GroupFinished,
            "ScaledValues" => Self::Unit(read::<UnitWire>("ScaledValues", &fields)?.unit),
            _ => Self::Other,
        })
    }
}

/// What Criterion's `Throughput` says. What is not known is left out.
fn declared(value: &Value) -> Vec<Throughput> {
    let all = value.as_array().into_iter().flatten();
    let kinds = all.filter_map(Value::as_map).flatten();
    let known = kinds.flat_map(|(kind, amount)| one_kind(kind.as_text().unwrap_or_default(), amount));
    known.take(MOST_DECLARED).collect()
}

fn one_kind(kind: &str, amount: &Value) -> Vec<Throughput> {
    let of = |unit, amount: &Value| {
        let amount = amount.as_integer().and_then(|amount| u64::try_from(amount).ok());
        amount.map(|amount| Throughput { unit, amount })
    };
    let simple = |unit| of(unit, amount).into_iter().collect();
    match kind {
        "Bytes" => simple(WorkUnit::Bytes),
        "BytesDecimal" => simple(WorkUnit::BytesDecimal),
        "Bits" => simple(WorkUnit::Bits),
        "Elements" => simple(WorkUnit::Elements),
        "ElementsAndBytes" => {
            let fields = amount.as_map().into_iter().flatten();
            let named = |(name, amount): &(Value, Value)| match name.as_text() {
                Some("elements") => of(WorkUnit::Elements, amount),
                Some("bytes") => of(WorkUnit::Bytes, amount),
                _ => None,
            };
            fields.filter_map(named).collect()
        }
        _ => Vec::new(),
    }
}

/// The fields of a message.
fn read<T: for<'a> Deserialize<'a>>(kind: &'static str, fields: &Value) -> Result<T, ProtocolError> {
    fields.deserialized().map_err(|_| ProtocolError::Fields { kind })
}

impl Request {
    /// The request as it travels, without its length.
    ///
    /// # Errors
    /// None that are known: writing to memory does not fail.
    pub fn encode(self) -> io::Result<Vec<u8>> {
        let wire = match self {
            Self::Unit => RequestWire::ScaleForMachines { values: vec![1.0] },
            Self::Continue => RequestWire::Continue,
        };
        let mut bytes = Vec::new();
        ciborium::into_writer(&wire, &mut bytes).map_err(io::Error::other)?;
        Ok(bytes)
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use ciborium::cbor;

    use super::*;

    /// A message's bytes.
    pub(crate) fn bytes(value: &Value) -> Vec<u8> {
        let mut bytes = Vec::new();
        ciborium::into_writer(value, &mut bytes).unwrap();
        bytes
    }

    /// An id as it travels.
    pub(crate) fn id(group: &str, function: Option<&str>) -> Value {
        cbor!({"group_id" => group, "function_id" => function, "value_str" => None::<&str>, "throughput" => []})
            .unwrap()
    }

    fn decode(value: &Value) -> Result<Message, ProtocolError> {
        Message::decode(&bytes(value))
    }

    #[test]
    fn ids_are_joined_from_the_parts_they_have() {
        for (function, value, expected) in [
            (Some("f"), Some("v"), "g/f/v"),
            (Some("f"), None, "g/f"),
            (None, Some("v"), "g/v"),
            (None, None, "g"),
        ] {
            let id = cbor!({
                "group_id" => "g", "function_id" => function, "value_str" => value,
                "throughput" => [{"Bytes" => 3}]
            });
            let message = cbor!({"SkippingBenchmark" => {"id" => id.unwrap()}}).unwrap();
            let throughput = vec![Throughput { unit: WorkUnit::Bytes, amount: 3 }];
            assert_eq!(decode(&message).unwrap(), Message::Skipping { id: expected.into(), throughput });
        }
    }

    #[test]
    fn every_kind_of_throughput_is_read_and_no_other_is_an_error() {
        let declared = |throughput: Value| {
            let id = cbor!({
                "group_id" => "g", "function_id" => None::<&str>, "value_str" => None::<&str>,
                "throughput" => throughput
            });
            let message = cbor!({"SkippingBenchmark" => {"id" => id.unwrap()}}).unwrap();
            match decode(&message).unwrap() {
                Message::Skipping { throughput, .. } => {
                    throughput.into_iter().map(|one| (one.unit, one.amount)).collect::<Vec<_>>()
                }
                other => panic!("{other:?}"),
            }
        };
        for (throughput, expected) in [
            (cbor!([{"Bytes" => 1}]), vec![(WorkUnit::Bytes, 1)]),
            (cbor!([{"BytesDecimal" => 2}]), vec![(WorkUnit::BytesDecimal, 2)]),
            (cbor!([{"Bits" => 3}]), vec![(WorkUnit::Bits, 3)]),
            (cbor!([{"Elements" => u64::MAX}]), vec![(WorkUnit::Elements, u64::MAX)]),
            (
                cbor!([{"ElementsAndBytes" => {"elements" => 4, "bytes" => 5}}]),
                vec![(WorkUnit::Elements, 4), (WorkUnit::Bytes, 5)],
            ),
            (cbor!([{"Parsecs" => 6}, {"Bytes" => 7}]), vec![(WorkUnit::Bytes, 7)]),
            (cbor!([{"Bytes" => (-1)}, {"Bytes" => "many"}, 8, null]), vec![]),
            (cbor!("Bytes"), vec![]),
            (cbor!(null), vec![]),
        ] {
            assert_eq!(declared(throughput.unwrap()), expected);
        }
    }

    #[test]
    fn samples_and_estimates_are_read() {
        let message = cbor!({"MeasurementComplete" => {
            "id" => id("g", None), "iters" => [1.0, 2.0], "times" => [10.5, 1e300],
            "plot_config" => {"summary_scale" => "Linear"}, "sampling_method" => "Flat"
        }});
        assert_eq!(
            decode(&message.unwrap()).unwrap(),
            Message::Complete { id: "g".into(), iterations: vec![1.0, 2.0], totals: vec![10.5, 1e300] }
        );
        let start =
            |ns: f64| cbor!({"MeasurementStart" => {"id" => id("g", None), "estimate_ns" => ns}}).unwrap();
        let estimate = Duration::from_millis(1500);
        assert_eq!(decode(&start(1.5e9)).unwrap(), Message::Sampling { estimate });
        assert_eq!(decode(&start(f64::NAN)).unwrap(), Message::Sampling { estimate: Duration::MAX });
    }

    #[test]
    fn what_is_unknown_is_no_error_and_what_is_broken_is() {
        assert_eq!(decode(&cbor!({"Tomorrow" => {"x" => 1}}).unwrap()).unwrap(), Message::Other);
        assert_eq!(decode(&cbor!("Tomorrow").unwrap()).unwrap(), Message::Other);
        assert_eq!(decode(&cbor!(7).unwrap()).unwrap(), Message::Other);
        let broken = cbor!({"MeasurementComplete" => {"iters" => "many"}}).unwrap();
        assert!(matches!(decode(&broken), Err(ProtocolError::Fields { kind: "MeasurementComplete" })));
        assert!(matches!(Message::decode(&[0xff]), Err(ProtocolError::NotCbor)));
        assert!(matches!(Message::decode(&[]), Err(ProtocolError::NotCbor)));
    }

    #[test]
    fn requests_are_named_as_criterion_names_them() {
        assert_eq!(Request::Continue.encode().unwrap(), bytes(&cbor!("Continue").unwrap()));
        let unit = cbor!({"ScaleForMachines" => {"values" => [1.0]}}).unwrap();
        assert_eq!(Request::Unit.encode().unwrap(), bytes(&unit));
    }
}
