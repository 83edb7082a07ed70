//! A validator for the part of JSON Schema that docs/schemas uses. It is stricter than the schema: a field that the schema does not
//! list is an error, so that the schema says everything that `d1` prints.

use std::collections::BTreeSet;

use serde_json::Value;

/// A schema with its definitions.
pub(crate) struct Schema {
    root: Value,
}

impl Schema {
    pub(crate) fn read(text: &str) -> Self {
        Self { root: serde_json::from_str(text).expect("a schema is JSON") }
    }

    pub(crate) fn definitions(&self) -> &serde_json::Map<String, Value> {
        self.root["$defs"].as_object().expect("definitions")
    }

    /// Checks a document, and notes which fields of the schema it has.
    pub(crate) fn check(&self, name: &str, value: &Value, seen: &mut BTreeSet<String>) -> Result<(), String> {
        self.value(&self.root["$defs"][name], value, name, seen)
    }

    fn value(&self, schema: &Value, value: &Value, at: &str, seen: &mut BTreeSet<String>) -> Result<(), String> {
        if let Some(name) = schema["$ref"].as_str() {
            let name = name.strip_prefix("#/$defs/").expect("a definition");
            return self.value(&self.root["$defs"][name], value, name, seen);
        }
        if let Some(choices) = schema["anyOf"].as_array() {
            let mut errors = Vec::new();
            for choice in choices {
                let mut fields = BTreeSet::new();
                match self.value(choice, value, at, &mut fields) {
                    Ok(()) => {
                        seen.append(&mut fields);
                        return Ok(());
                    }
                    Err(error) => errors.push(error),
                }
            }
            return Err(errors.join("; or "));
        }
        if let Some(fixed) = schema.get("const").filter(|fixed| *fixed != value) {
            return Err(format!("{at} is {value} and not {fixed}"));
        }
        if let Some(words) = schema["enum"].as_array().filter(|words| !words.contains(value)) {
            return Err(format!("{at} is {value} and none of {words:?}"));
        }
        let types: Vec<&str> = match &schema["type"] {
            Value::String(one) => vec![one],
            Value::Array(several) => several.iter().filter_map(Value::as_str).collect(),
            _ => return Ok(()),
        };
        if !types.iter().any(|name| is_of_type(value, name)) {
            return Err(format!("{at} is {value} and not {types:?}"));
        }
        if let (Value::Array(items), Some(of_items)) = (value, schema.get("items")) {
            items.iter().try_for_each(|item| self.value(of_items, item, at, seen))?;
        }
        match (value, schema["properties"].as_object()) {
            (Value::Object(fields), Some(known)) => {
                let missing = schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str);
                if let Some(name) = missing.into_iter().find(|name| !fields.contains_key(*name)) {
                    return Err(format!("{at} has no {name}"));
                }
                for (name, value) in fields {
                    let path = format!("{at}.{name}");
                    match known.get(name) {
                        Some(schema) => {
                            seen.insert(path.clone());
                            self.value(schema, value, &path, seen)?;
                        }
                        None if schema["additionalProperties"] == true => {}
                        None => return Err(format!("the schema has no {path}")),
                    }
                }
                Ok(())
            }
            _ => Ok(()),
        }
    }

    /// Every field of the schema, in the form in which [`check`](Self::check) notes it.
    pub(crate) fn fields(&self) -> BTreeSet<String> {
        let mut all = BTreeSet::new();
        for (name, definition) in self.definitions() {
            fields_of(definition, name, &mut all);
        }
        all
    }
}

fn fields_of(schema: &Value, at: &str, all: &mut BTreeSet<String>) {
    for (name, inner) in schema["properties"].as_object().into_iter().flatten() {
        let path = format!("{at}.{name}");
        fields_of(inner, &path, all);
        all.insert(path);
    }
    fields_of_each(schema["anyOf"].as_array(), at, all);
    if let Some(items) = schema.get("items") {
        fields_of(items, at, all);
    }
}

fn fields_of_each(choices: Option<&Vec<Value>>, at: &str, all: &mut BTreeSet<String>) {
    choices.into_iter().flatten().for_each(|choice| fields_of(choice, at, all));
}

fn is_of_type(value: &Value, name: &str) -> bool {
    match name {
        "null" => value.is_null(),
        "boolean" => value.is_boolean(),
        "integer" => value.is_i64() || value.is_u64(),
        "number" => value.is_number(),
        "string" => value.is_string(),
        "array" => value.is_array(),
        "object" => value.is_object(),
        other => panic!("unknown type {other}"),
    }
}

#[test]
fn validator_refuses_what_the_schema_does_not_say() {
    let schema = Schema::read(
        r##"{"$defs":{"a":{"type":"object","required":["x"],"properties":{
            "x":{"anyOf":[{"type":"null"},{"$ref":"#/$defs/b"}]},"y":{"type":"array","items":{"enum":["p","q"]}}}},
            "b":{"type":"object","required":["n"],"properties":{"n":{"type":["integer","null"]},"v":{"const":1}}}}}"##,
    );
    let check = |text: &str| {
        let mut seen = BTreeSet::new();
        schema.check("a", &serde_json::from_str(text).expect("JSON"), &mut seen).map(|()| seen)
    };
    for good in [r#"{"x":null}"#, r#"{"x":{"n":1,"v":1},"y":["p","q"]}"#, r#"{"x":{"n":null},"y":[]}"#] {
        assert!(check(good).is_ok(), "{good}");
    }
    for bad in [
        "[]",
        "{}",
        r#"{"x":1}"#,
        r#"{"x":null,"z":1}"#,
        r#"{"x":{}}"#,
        r#"{"x":{"n":"1"}}"#,
        r#"{"x":{"n":1,"v":2}}"#,
        r#"{"x":null,"y":["r"]}"#,
    ] {
        assert!(check(bad).is_err(), "{bad}");
    }
    let seen = check(r#"{"x":{"n":1,"v":1},"y":[]}"#).expect("valid");
    assert_eq!(seen, schema.fields());
}
