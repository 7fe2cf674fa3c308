//! Criterion's messages as bytes, written by hand: what is wrong with them must be wrong on purpose.

/// A message behind its length.
pub fn frame(body: &[u8]) -> Vec<u8> {
    let length = u32::try_from(body.len()).unwrap_or(u32::MAX);
    [&length.to_be_bytes(), body].concat()
}

/// A benchmark that the filter leaves out.
pub fn skipping(id: &str) -> Vec<u8> {
    map(&[("SkippingBenchmark", map(&[("id", self::id(id))]))])
}

/// A measurement that is complete.
pub fn complete(id: &str, iterations: &[f64], times: &[f64]) -> Vec<u8> {
    let fields = [("id", self::id(id)), ("iters", numbers(iterations)), ("times", numbers(times))];
    map(&[("MeasurementComplete", map(&fields))])
}

/// The unit of values.
pub fn unit(name: &str) -> Vec<u8> {
    map(&[("ScaledValues", map(&[("scaled_values", numbers(&[1.0])), ("unit", text(name))]))])
}

fn id(id: &str) -> Vec<u8> {
    let nothing = vec![0xf6];
    map(&[
        ("group_id", text(id)),
        ("function_id", nothing.clone()),
        ("value_str", nothing),
        ("throughput", vec![0x80]),
    ])
}

fn map(entries: &[(&str, Vec<u8>)]) -> Vec<u8> {
    let mut bytes = head(5, entries.len());
    for (key, value) in entries {
        bytes.extend(text(key));
        bytes.extend(value);
    }
    bytes
}

fn text(text: &str) -> Vec<u8> {
    let mut bytes = head(3, text.len());
    bytes.extend(text.as_bytes());
    bytes
}

fn numbers(numbers: &[f64]) -> Vec<u8> {
    let mut bytes = head(4, numbers.len());
    for number in numbers {
        bytes.push(0xfb);
        bytes.extend(number.to_be_bytes());
    }
    bytes
}

/// The kind of an item and its length.
fn head(kind: u8, length: usize) -> Vec<u8> {
    let length = u32::try_from(length).unwrap_or(u32::MAX);
    let mut bytes = vec![kind << 5 | 0x1a];
    bytes.extend(length.to_be_bytes());
    bytes
}
