//! A rule for a finding, as text to append to an allow-list.

use super::read::parse;
use super::{Day, Rule};
use crate::findings::key::Port;
use crate::findings::{Common, HostNames};
use crate::flows::record::{Host, protocol};
use crate::{Error, Result};
use std::fmt::Write;

/// The rule that allows rows, as text that [`parse`] reads back: the addresses, port and protocol that all of them have in
/// common. `text` is the list that it will be appended to, `reason` why, `expires` the last day.
///
/// # Errors
/// If they have no address in common, or none to name; if the reason is empty.
pub fn appended(text: &str, common: &Common, names: &HostNames, reason: &str, expires: Option<Day>) -> Result<String> {
    let conversation = common.conversation;
    if conversation.source.is_none() && conversation.destination.is_none() {
        return Err(Error::Schema(
            "the flows of the finding have neither a source nor a destination in common, and a rule without addresses would allow \
             those of all hosts; write one by hand"
                .into(),
        ));
    }
    let mut table = String::from("[[allow]]\n");
    for (key, host) in [("src", conversation.source), ("dst", conversation.destination)] {
        if let Some(host) = host {
            line(&mut table, key, &quoted(&address(host, names)?));
        }
    }
    if let Port::Number(port) = conversation.port {
        line(&mut table, "port", &port.to_string());
    }
    if let Some(number) = conversation.protocol {
        line(&mut table, "proto", &protocol::name(number).map_or(number.to_string(), quoted));
    }
    if let Some(day) = expires {
        line(&mut table, "expires", &day.to_string());
    }
    line(&mut table, "reason", &quoted(reason.trim()));
    let rules: Vec<Rule> = parse("the new rule", &table)?;
    match rules.len() {
        1 => Ok(format!("{}{table}", separation(text))),
        n => Err(Error::Internal(format!("the new rule reads back as {n} rules"))),
    }
}

fn line(table: &mut String, key: &str, value: &str) {
    // Writing to a String cannot fail.
    let _ = writeln!(table, "{key} = {value}");
}

/// A basic string of TOML.
fn quoted(text: &str) -> String {
    toml::Value::String(text.replace(['\n', '\r'], " ")).to_string()
}

fn address(host: Host, names: &HostNames) -> Result<String> {
    names.text(&host).ok_or_else(|| {
        Error::Schema(format!(
            "{host} is known by a digest of its name; write the rule by hand, with the name as the log has it"
        ))
    })
}

/// What must stand between the list and a new table.
fn separation(text: &str) -> &'static str {
    match text {
        "" => "",
        _ if text.ends_with("\n\n") => "",
        _ if text.ends_with('\n') => "\n",
        _ => "\n\n",
    }
}
