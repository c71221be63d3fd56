//! Makes records of older forms such of this form, one form after another.

use engine::refs::file_url;
use serde_json::{Map, Value, json};
use std::path::Path;

/// Brings a record from the form `version` to the present one.
pub fn from(version: u64, record: &mut Value) {
    if version == 0 {
        to_one(record);
    }
}

/// Paths became addresses, and some fields got other names.
fn to_one(record: &mut Value) {
    for place in ["/template", "/serving", "/wanted/template"] {
        if let Some(Value::Object(template)) = record.pointer_mut(place) {
            addresses(template);
        }
    }
    let Value::Object(fields) = record else {
        return;
    };
    rename(fields, "moved", "rolled_out");
    if let Some(Value::Object(crashes)) = fields.get_mut("crashes") {
        for crashes in crashes.values_mut().filter_map(Value::as_object_mut) {
            rename(crashes, "fallen", "instance");
            if let Some(Value::Object(instance)) = crashes.get_mut("instance") {
                rename(instance, "print", "template_hash");
            }
        }
    }
    fields.insert("version".to_owned(), json!(1));
}

fn addresses(template: &mut Map<String, Value>) {
    if let Some(url) = template.get("bucket").and_then(address) {
        template.insert("bucket".to_owned(), json!({ "url": url }));
    }
    if let Some(Value::Object(package)) = template.get_mut("package")
        && let Some(url) = package.get("file").and_then(address)
    {
        package.insert("url".to_owned(), json!(url));
        package.remove("file");
    }
}

fn address(path: &Value) -> Option<String> {
    let url = file_url(Path::new(path.as_str()?)).ok()?;
    Some(url.into())
}

fn rename(fields: &mut Map<String, Value>, before: &str, now: &str) {
    if let Some(value) = fields.remove(before) {
        fields.insert(now.to_owned(), value);
    }
}
