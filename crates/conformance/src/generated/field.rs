//! Header fields and bodies as they are drawn: names that no library treats specially, values of every byte that a value may have.

use std::collections::BTreeMap;
use std::fmt;

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue};
use proptest::collection::vec;
use proptest::prelude::{Strategy, any, prop_oneof};
use proptest::sample::select;
use proptest::strategy::Just;

/// Values by their names, in lower case; those of one name in order.
pub(super) type Values = BTreeMap<String, Vec<Vec<u8>>>;

/// One header field.
#[derive(Clone)]
pub(super) struct Field {
    pub(super) name: String,
    pub(super) value: Vec<u8>,
}

impl Field {
    pub(super) fn new(name: &str, value: impl Into<Vec<u8>>) -> Self {
        Self { name: name.to_owned(), value: value.into() }
    }

    /// Its size in a limit of heads: HTTP/2 adds 32 bytes to each, HTTP/1.1 four.
    pub(super) fn size(&self) -> usize {
        self.name.len() + self.value.len() + 32
    }
}

impl fmt::Debug for Field {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: b\"{}\"", self.name, self.value.escape_ascii())
    }
}

/// The fields as a map.
pub(super) fn header_map(fields: &[Field]) -> HeaderMap {
    let mut map = HeaderMap::new();
    for field in fields {
        let name = HeaderName::from_bytes(field.name.as_bytes()).expect("a name");
        map.append(name, HeaderValue::from_bytes(&field.value).expect("a value"));
    }
    map
}

/// The fields by name, as they must arrive.
pub(super) fn values<'a>(fields: impl IntoIterator<Item = (&'a str, &'a [u8])>) -> Values {
    let mut values = Values::new();
    for (name, value) in fields {
        values.entry(name.to_ascii_lowercase()).or_default().push(value.to_vec());
    }
    values
}

/// Describes the first name whose values differ.
pub(super) fn difference(expected: &Values, arrived: &Values) -> Result<(), String> {
    let shown = |values: &Values, name: &String| {
        let list: Vec<String> = values.get(name).into_iter().flatten().map(|value| shortened(value)).collect();
        format!("{list:?}")
    };
    match expected.keys().chain(arrived.keys()).find(|name| expected.get(*name) != arrived.get(*name)) {
        None => Ok(()),
        Some(name) => Err(format!("the values of {name} are {}, not {}", shown(arrived, name), shown(expected, name))),
    }
}

/// Keeps the first of these names, of which a message may have one.
pub(super) fn first_of_each(mut fields: Vec<Field>, single: &[&str]) -> Vec<Field> {
    let mut seen = Vec::new();
    fields.retain(|field| {
        let is_new = !single.contains(&field.name.as_str()) || !seen.contains(&field.name);
        seen.push(field.name.clone());
        is_new
    });
    fields
}

/// Bytes as text, truncated if there are many.
pub(super) fn shortened(bytes: &[u8]) -> String {
    let shown = bytes[..bytes.len().min(200)].escape_ascii();
    if bytes.len() > 200 { format!("{shown}... ({} bytes)", bytes.len()) } else { shown.to_string() }
}

/// Names that requests and responses may share. `x-` separates random ones from those with a meaning.
pub(super) fn name(known: &'static [&'static str]) -> impl Strategy<Value = String> + Clone {
    let character = select(b"abcxyz019-_.!#$%&'*+^`|~".as_slice());
    prop_oneof![
        // Few, so that equal names are common.
        4 => select(["x-a", "x-b", "x-c"].as_slice()).prop_map(str::to_owned),
        4 => vec(character, 1..12).prop_map(|name| format!("x-{}", String::from_utf8_lossy(&name))),
        2 => select(known).prop_map(str::to_owned),
    ]
}

/// A value: visible ASCII and blanks, now and then a byte above ASCII; no blank at either end, which belongs to the framing.
pub(super) fn value(longest: usize) -> impl Strategy<Value = Vec<u8>> + Clone {
    let ascii = prop_oneof![
        12 => 0x21..=0x7e_u8,
        2 => Just(b' '),
        1 => Just(b'\t'),
    ];
    let any_byte = prop_oneof![6 => ascii.clone(), 1 => 0x80..=0xff_u8];
    prop_oneof![
        1 => Just(Vec::new()),
        8 => vec(ascii, 1..24),
        2 => vec(any_byte, 1..24),
        1 => filler(longest),
    ]
    .prop_map(|value| value.trim_ascii().to_vec())
}

/// A value built from two numbers, where generating each byte would take too long.
fn filler(longest: usize) -> impl Strategy<Value = Vec<u8>> + Clone {
    (0..=longest, any::<u8>()).prop_map(|(length, salt)| {
        let mut random = fastrand::Rng::with_seed(u64::from(salt));
        (0..length).map(|_| random.u8(b'!'..=b'~')).collect()
    })
}

/// Up to this many fields, of at most this many bytes.
pub(super) fn fields(
    known: &'static [&'static str],
    most: usize,
    bytes: usize,
) -> impl Strategy<Value = Vec<Field>> + Clone {
    let field = |(name, value)| Field { name, value };
    let few = vec((name(known), value(bytes / 8)).prop_map(field), 0..12);
    let many = vec((name(known), filler(120)).prop_map(field), most * 2 / 3..=most);
    prop_oneof![6 => few, 1 => many].prop_map(move |fields| within(fields, bytes))
}

/// As many of the fields as have room.
fn within(fields: Vec<Field>, bytes: usize) -> Vec<Field> {
    let mut left = Some(bytes);
    let fits = move |field: &Field| {
        left = left.and_then(|left| left.checked_sub(field.size()));
        left.is_some()
    };
    fields.into_iter().take_while(fits).collect()
}

/// Bytes that are known by their number and a seed, so that a failure shows two numbers and not a mebibyte.
#[derive(Clone, Copy, Debug)]
pub(super) struct Content {
    pub(super) length: usize,
    salt: u8,
}

impl Content {
    pub(super) const EMPTY: Self = Self { length: 0, salt: 0 };

    #[cfg(test)]
    pub(super) fn plain(length: usize) -> Self {
        Self { length, salt: 0 }
    }

    pub(super) fn bytes(self) -> Bytes {
        let mut bytes = vec![0; self.length];
        // 0 is plain text, so that the smallest input is one that can be read.
        match self.salt {
            0 => bytes.fill(b'a'),
            salt => fastrand::Rng::with_seed(u64::from(salt)).fill(&mut bytes),
        }
        bytes.into()
    }
}

/// Any length below the first number, lengths around those at which buffers and frames end, and now and then any below the second.
pub(super) fn content(usual: usize, longest: usize) -> impl Strategy<Value = Content> + Clone {
    let near = select([1_usize << 10, 1 << 12, 1 << 13, 1 << 14, 1 << 15, 1 << 16, 1 << 17].as_slice());
    let edge = (near, 0..3_usize).prop_map(move |(near, off)| (near + off - 1).min(longest));
    let length = prop_oneof![2 => Just(0), 24 => 0..usual, 12 => edge, 1 => usual..=longest];
    (length, any::<u8>()).prop_map(|(length, salt)| Content { length, salt })
}
