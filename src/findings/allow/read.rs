//! An allow-list from its text. Every message says the line.

use super::{Day, Rule, Side};
use crate::flows::record::{Host, protocol};
use crate::{Error, Result};
use ipnet::IpNet;
use serde::Deserialize;
use std::net::IpAddr;
use toml::Spanned;
use toml::value::Datetime;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(default)]
    allow: Vec<Spanned<Table>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Table {
    src: Option<Spanned<String>>,
    dst: Option<Spanned<String>>,
    pair: Option<Spanned<String>>,
    port: Option<Spanned<NumberOrText>>,
    proto: Option<Spanned<NumberOrText>>,
    service: Option<String>,
    expires: Option<Spanned<Datetime>>,
    reason: Spanned<String>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum NumberOrText {
    Number(i64),
    Text(String),
}

impl std::fmt::Display for NumberOrText {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Number(number) => write!(f, "{number}"),
            Self::Text(text) => f.write_str(text),
        }
    }
}

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
            service: table.service.map(|service| service.to_ascii_lowercase()),
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
        let side = |text: &Option<Spanned<String>>| text.as_ref().map(|text| self.read(text, side_text)).transpose();
        let Some(pair) = &table.pair else { return Ok((side(&table.src)?, side(&table.dst)?)) };
        if table.src.is_some() || table.dst.is_some() {
            return Err(self.error(pair.span().start, "pair says both sides already; leave src and dst out"));
        }
        let (source, destination) = self.read(pair, |text| {
            let (source, destination) = text.split_once('>').ok_or("it must be src > dst")?;
            Ok((side_of(source)?, side_of(destination)?))
        })?;
        Ok((Some(source), Some(destination)))
    }

    fn read<T: std::fmt::Display, R>(
        &self,
        value: &Spanned<T>,
        read: impl Fn(&T) -> Result<R, &'static str>,
    ) -> Result<R> {
        read(value.get_ref()).map_err(|limit| {
            self.error(
                value.span().start,
                format!("{} is met; {limit}", crate::flows::sink::printable(&value.get_ref().to_string())),
            )
        })
    }
}

#[expect(clippy::ptr_arg, reason = "called for a Spanned<String>")]
fn side_text(text: &String) -> Result<Side, &'static str> {
    side_of(text)
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
        Host::V4(address) => Ok(Side::Net(IpNet::from(IpAddr::V4(address)))),
        Host::V6(address, 0) => Ok(Side::Net(IpNet::from(IpAddr::V6(address)))),
        host => Ok(Side::Host(host)),
    }
}

/// IPv4 in IPv6's clothes is IPv4, as it is in flows.
fn plain(net: IpNet) -> IpNet {
    let IpNet::V6(v6) = net else { return net };
    let v4 = v6.addr().to_ipv4_mapped().zip(v6.prefix_len().checked_sub(96));
    v4.and_then(|(address, len)| IpNet::new(IpAddr::V4(address), len).ok()).unwrap_or(net)
}

fn ports(value: &NumberOrText) -> Result<(u16, u16), &'static str> {
    const LIMIT: &str = "a port is 0 to 65535, a range of them \"8000-8099\"";
    let port = |text: &str| text.trim().parse::<u16>().map_err(|_| LIMIT);
    match value {
        NumberOrText::Number(number) => u16::try_from(*number).map(|port| (port, port)).map_err(|_| LIMIT),
        NumberOrText::Text(text) => {
            let (first, last) = text.split_once('-').unwrap_or((text, text));
            let (first, last) = (port(first)?, port(last)?);
            if first <= last { Ok((first, last)) } else { Err(LIMIT) }
        }
    }
}

fn protocol(value: &NumberOrText) -> Result<u8, &'static str> {
    const LIMIT: &str = "a protocol is a usual name such as tcp, udp, icmp, icmpv6, or IANA's number, 0 to 255";
    match value {
        NumberOrText::Number(number) => u8::try_from(*number).map_err(|_| LIMIT),
        NumberOrText::Text(text) => protocol::number(text.trim()).ok_or(LIMIT),
    }
}

fn day(value: &Datetime) -> Result<Day, &'static str> {
    match (value.date, value.time) {
        (Some(date), None) => Ok(Day { year: date.year, month: date.month, day: date.day }),
        _ => Err("expires is a day: 2026-12-31"),
    }
}

#[expect(clippy::ptr_arg, reason = "called for a Spanned<String>")]
fn reason(text: &String) -> Result<String, &'static str> {
    match text.trim() {
        "" => Err("a rule says why: reason = \"our resolver, ticket 4711\""),
        text => Ok(text.to_owned()),
    }
}
