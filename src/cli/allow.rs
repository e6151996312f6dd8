//! `oddflow allow`: a finding becomes a rule of what is known to be fine.

use super::Done;
use super::args::Allow;
use super::kept::Asked;
use super::run::Session;
use super::talk::{count, plural, say};
use crate::findings::Port;
use crate::findings::allow::{AllowList, Day, Rule, appended, parse};
use crate::{Error, Result};
use std::fs::OpenOptions;
use std::io::Write;
use std::path::{Path, PathBuf};

pub fn run(args: &Allow) -> Result<Done> {
    let session = Session::reading(None, args.quiet)?;
    if args.reason.trim().is_empty() {
        let limit = "a rule says why, for whoever reads the list later: --reason \"our resolver, ticket 4711\"";
        return Err(Error::parameter("--reason", &args.reason, limit));
    }
    let expires = args.expires.as_deref().map(day).transpose()?;
    let asked = Asked::find(&args.output, &args.finding, 0, &session)?;
    if asked.is_fault() {
        let limit = "it is a fault of the capture, which is no threat and no anomaly: there is nothing to allow, and a rule would allow \
                     all flows of the conversation";
        return Err(Error::parameter("ID", &args.finding, limit));
    }
    let list = match (&args.to, asked.kept.allow_list()) {
        (Some(path), _) => path.clone(),
        (None, Some(used)) => used.to_path_buf(),
        (None, None) => PathBuf::from("allow.toml"),
    };
    let text = read(&list)?;
    // A list that cannot be read now would not be read with one rule more.
    let rules = parse(&list.display().to_string(), &text)?;
    let Some(common) = &asked.rows.common else {
        return Err(Error::Internal("a finding without rows was found".into()));
    };
    let rule = appended(&text, common, &asked.rows.names, &args.reason, expires)?;
    let new = parse("the new rule", &rule)?;
    if let Some(there) = new.first().and_then(|new| rules.iter().find(|rule| rule.makes_needless(new))) {
        let until = there.expires.map_or(String::new(), |day| format!(" until {day}"));
        let text = format!("nothing: {}, line {}, allows it{until} ({})", list.display(), there.line, there.reason);
        session.talk.line("added", &text);
        return Ok(Done::Clean);
    }
    if !args.quiet {
        say_width(&session, args, &asked, &new)?;
    }
    if !args.dry_run {
        add(&list, &rule)?;
    }
    rule.trim().lines().try_for_each(say)?;
    if args.dry_run {
        return Ok(Done::Clean);
    }
    let n = plural(rules.len() + 1, "rule");
    session.talk.line("added", &format!("to {}, which has {n} now; use it with --allow", list.display()));
    Ok(Done::Clean)
}

/// What the rule would allow beyond the finding, and that a wide one should have an end.
fn say_width(session: &Session, args: &Allow, asked: &Asked, rules: &[Rule]) -> Result<()> {
    let rule = AllowList::new(rules.to_vec(), None);
    let (others, _) = asked.others(session, |flow, _| rule.rule_of(flow).is_some())?;
    if others > 0 {
        let all = plural(asked.rows.flows + others, "flow");
        let text = format!("{all} of {}, {} of them of other findings", args.output, count(others));
        session.talk.line("allows", &text);
    }
    let is_icmp = asked.rows.common.is_some_and(|common| matches!(common.conversation.port, Port::Icmp(..)));
    let unsaid = match rules.first() {
        Some(rule) if rule.source.is_none() => "every source",
        Some(rule) if rule.destination.is_none() => "every destination",
        Some(_) if is_icmp => "every type of ICMP",
        _ => return Ok(()),
    };
    if args.expires.is_none() {
        session.talk.line("hint", &format!("the rule is for {unsaid}, for ever; give it a last day with --expires"));
    }
    Ok(())
}

fn add(list: &Path, rule: &str) -> Result<()> {
    let io = |error| Error::io(list, error);
    let mut file = OpenOptions::new().create(true).append(true).open(list).map_err(io)?;
    // In one piece, so that what breaks off leaves no half of a rule.
    file.write_all(rule.as_bytes()).and_then(|()| file.sync_all()).map_err(io)
}

fn read(list: &Path) -> Result<String> {
    match std::fs::read_to_string(list) {
        Ok(text) => Ok(text),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(String::new()),
        Err(error) => Err(Error::io(list, error)),
    }
}

/// `2027-01-31`.
fn day(text: &str) -> Result<Day> {
    let wrong = || Error::parameter("--expires", text, "it must be a date such as 2027-01-31");
    let mut parts = text.split('-').map(str::parse::<u16>);
    let mut part = || parts.next().and_then(std::result::Result::ok).ok_or_else(wrong);
    let (year, month, of_month) = (part()?, part()?, part()?);
    let small = |n: u16, most: u16| u8::try_from(n).ok().filter(|_| (1..=most).contains(&n)).ok_or_else(wrong);
    let day = Day { year, month: small(month, 12)?, day: small(of_month, 31)? };
    match Day::today() {
        today if day < today => {
            let limit = format!("that day is over (today is {today}, UTC), and the rule would allow nothing");
            Err(Error::parameter("--expires", text, limit))
        }
        _ => Ok(day),
    }
}
