//! An allow-list from its text. Every message says the line.

use super::{Day, Rule, Side};
use crate::flows::record::{Host, protocol};
use crate::{Error, Result};
use ipnet::IpNet;
use serde::Deserialize;
use std::net::IpAddr;
use toml::value::Datetime;
use toml::{Spanned, Value};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(default)]
    allow: Vec<Spanned<Table>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Table {
    src: Option<Spanned<Said>>,
    dst: Option<Spanned<Said>>,
    pair: Option<Spanned<Said>>,
    port: Option<Spanned<Said>>,
    proto: Option<Spanned<Said>>,
    service: Option<Spanned<Said>>,
    expires: Option<Spanned<Said>>,
    reason: Spanned<Said>,
}

/// A value of any type: what is wrong with it is told here, where it is known what it is for.
#[derive(Deserialize)]
#[serde(transparent)]
struct Said(Value);

impl std::fmt::Display for Said {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match &self.0 {
            Value::String(text) => f.write_str(text),
            other => write!(f, "{other}"),
        }
    }
}

impl Said {
    /// Its text; `limit` is said of what is none.
    fn text(&self, limit: &'static str) -> Result<&str, &'static str> {
        match &self.0 {
            Value::String(text) => Ok(text),
            Value::Array(_) => Err(ONE),
            _ => Err(limit),
        }
    }
}

const ONE: &str = "one value a rule: write two rules";

/// The rules of an allow-list; `name` is what messages call it.
///
/// # Errors
/// If the text is no allow-list, with the line and what would be right.
pub fn parse(name: &str, text: &str) -> Result<Vec<Rule>> {
    let source = Source { name, text };
    let file: File = toml::from_str(text).map_err(|e| {
        let at = e.span().map_or(0, |span| span.start);
        source.error(at, e.message())
    })?;
    file.allow.into_iter().map(|table| source.rule(table)).collect()
}

struct Source<'a> {
    name: &'a str,
    text: &'a str,
}

impl Source<'_> {
    fn line(&self, offset: usize) -> usize {
        self.text.bytes().take(offset).filter(|&byte| byte == b'\n').count() + 1
    }

    fn error(&self, offset: usize, what: impl std::fmt::Display) -> Error {
        Error::Schema(format!("{}, line {}: {what}", self.name, self.line(offset)))
    }

    fn rule(&self, table: Spanned<Table>) -> Result<Rule> {
        let at = table.span().start;
        let table = table.into_inner();
        let (source, destination) = self.sides(&table)?;
        let rule = Rule {
            line: self.line(at),
            source,
            destination,
            ports: table.port.map(|port| self.read(&port, ports)).transpose()?,
            protocol: table.proto.map(|proto| self.read(&proto, protocol)).transpose()?,
            service: table.service.map(|service| self.read(&service, service_text)).transpose()?,
            expires: table.expires.map(|expires| self.read(&expires, day)).transpose()?,
            reason: self.read(&table.reason, reason)?,
        };
        let says = rule.source.is_some()
            || rule.destination.is_some()
            || rule.ports.is_some()
            || rule.protocol.is_some()
            || rule.service.is_some();
        match says {
            true => Ok(rule),
            false => Err(self.error(at, "the rule allows everything; say src, dst, pair, port, proto or service")),
        }
    }

    fn sides(&self, table: &Table) -> Result<(Option<Side>, Option<Side>)> {
        let side = |text: &Option<Spanned<Said>>| text.as_ref().map(|text| self.read(text, side_text)).transpose();
        let Some(pair) = &table.pair else { return Ok((side(&table.src)?, side(&table.dst)?)) };
        if table.src.is_some() || table.dst.is_some() {
            return Err(self.error(pair.span().start, "pair says both sides already; leave src and dst out"));
        }
        let (source, destination) = self.read(pair, |pair| {
            let text = pair.text("it must be src > dst, in quotes")?;
            let (source, destination) = text.split_once('>').ok_or("it must be src > dst")?;
            Ok((side_of(source)?, side_of(destination)?))
        })?;
        Ok((Some(source), Some(destination)))
    }

    fn read<R>(&self, value: &Spanned<Said>, read: impl Fn(&Said) -> Result<R, &'static str>) -> Result<R> {
        read(value.get_ref()).map_err(|limit| {
            self.error(
                value.span().start,
                format!("{} is met; {limit}", crate::flows::sink::printable(&value.get_ref().to_string())),
            )
        })
    }
}

fn side_text(side: &Said) -> Result<Side, &'static str> {
    side_of(side.text("a side is an address, a network or a name, in quotes")?)
}

fn side_of(text: &str) -> Result<Side, &'static str> {
    let text = text.trim();
    if text.contains('/') {
        let net: IpNet = text.parse().map_err(|_| "a network is written as 10.0.0.0/8 or 2001:db8::/32")?;
        if net.trunc() != net {
            return Err(
                "an address with a length is taken for a network, and this one is not where its network begins",
            );
        }
        return Ok(Side::Net(plain(net.trunc())));
    }
    match Host::parse(text).ok_or("a side is an address, a network or a name")? {
        Host::Named(_) if is_meant_as_address(text) => {
            Err("it is no address; one is written as 10.0.0.1 or 2001:db8::1, without a port")
        }
        Host::V4(address) => Ok(Side::Net(IpNet::from(IpAddr::V4(address)))),
        Host::V6(address, 0) => Ok(Side::Net(IpNet::from(IpAddr::V6(address)))),
        host => Ok(Side::Host(host)),
    }
}

/// Whether a text that is no address was meant as one: no host is called so. Hardware addresses are names here.
fn is_meant_as_address(text: &str) -> bool {
    let text = text.trim_matches(['[', ']']);
    let only = |known: &[u8]| text.bytes().all(|byte| byte.is_ascii_digit() || known.contains(&byte));
    let is_hardware = matches!(text.split(':').count(), 6 | 8) && text.split(':').all(|pair| pair.len() == 2);
    (text.contains('.') && only(b".")) || (text.contains(':') && only(b":.abcdefABCDEF") && !is_hardware)
}

/// IPv4 in IPv6's clothes is IPv4, as it is in flows.
fn plain(net: IpNet) -> IpNet {
    let IpNet::V6(v6) = net else { return net };
    let v4 = v6.addr().to_ipv4_mapped().zip(v6.prefix_len().checked_sub(96));
    v4.and_then(|(address, len)| IpNet::new(IpAddr::V4(address), len).ok()).unwrap_or(net)
}

fn ports(value: &Said) -> Result<(u16, u16), &'static str> {
    const LIMIT: &str = "a port is 0 to 65535, a range of them \"8000-8099\"";
    let port = |text: &str| text.trim().parse::<u16>().map_err(|_| LIMIT);
    if let Value::Integer(number) = value.0 {
        return u16::try_from(number).map(|port| (port, port)).map_err(|_| LIMIT);
    }
    let text = value.text(LIMIT)?;
    let (first, last) = text.split_once('-').unwrap_or((text, text));
    let (first, last) = (port(first)?, port(last)?);
    if first <= last { Ok((first, last)) } else { Err(LIMIT) }
}

fn protocol(value: &Said) -> Result<u8, &'static str> {
    const LIMIT: &str = "a protocol is a usual name such as tcp, udp, icmp, icmpv6, or IANA's number, 0 to 255";
    match value.0 {
        Value::Integer(number) => u8::try_from(number).map_err(|_| LIMIT),
        _ => protocol::number(value.text(LIMIT)?.trim()).ok_or(LIMIT),
    }
}

fn service_text(value: &Said) -> Result<String, &'static str> {
    value.text("a service is a name as the log has it, in quotes").map(str::to_ascii_lowercase)
}

/// A date, in quotes or not.
fn day(value: &Said) -> Result<Day, &'static str> {
    const LIMIT: &str = "expires is a day: 2026-12-31";
    let day = match value.0 {
        Value::Datetime(day) => day,
        _ => value.text(LIMIT)?.trim().parse::<Datetime>().map_err(|_| LIMIT)?,
    };
    match (day.date, day.time) {
        (Some(date), None) => Ok(Day { year: date.year, month: date.month, day: date.day }),
        _ => Err(LIMIT),
    }
}

fn reason(value: &Said) -> Result<String, &'static str> {
    match value.text("a reason is a text in quotes")?.trim() {
        "" => Err("a rule says why: reason = \"our resolver, ticket 4711\""),
        text => Ok(text.to_owned()),
    }
}
