use super::made::{Batch, Made, grouped, made};
use crate::findings::allow::{AllowList, Day, Rule, appended, parse, unused};
use crate::findings::{Common, HostNames};
use crate::flows::record::StateGroup;
use proptest::prelude::*;

const LIST: &str = r#"# what is fine here
[[allow]]
src = "10.0.0.0/8"
dst = "192.0.2.53"
port = 53
proto = "udp"
service = "DNS"
expires = 2026-12-31
reason = "our resolver"

[[allow]]
pair = "::ffff:10.0.0.5 > 2001:db8::/32"
reason = "backup"

[[allow]]
port = "8000-8099"
reason = "staging"
"#;

fn list(text: &str) -> AllowList {
    AllowList::new(parse("list", text).unwrap(), None)
}

fn rule_of(list: &AllowList, row: &Made) -> Option<usize> {
    list.rule_of(&Batch::of(std::slice::from_ref(row)).rows().flow(0))
}

#[test]
fn a_row_must_agree_with_all_that_a_rule_says() {
    let list = list(LIST);
    assert_eq!(list.rules().iter().map(|rule| rule.line).collect::<Vec<_>>(), [2, 11, 15]);
    let dns = Made { protocol: 17, service: Some("dns".into()), ..made(0.0, "10.9.8.7", "192.0.2.53", 53) };
    assert_eq!(rule_of(&list, &dns), Some(0));
    let others: [fn(&mut Made); 6] = [
        |row| row.source = "11.0.0.1",
        |row| row.destination = "192.0.2.54",
        |row| row.port = Some(54),
        |row| row.protocol = 6,
        |row| row.service = Some("ssh".into()),
        |row| row.service = None,
    ];
    for change in others {
        let mut row = dns.clone();
        change(&mut row);
        assert_eq!(rule_of(&list, &row), None, "{row:?}");
    }
    assert_eq!(rule_of(&list, &made(0.0, "10.0.0.5", "2001:db8:7::1", 9)), Some(1));
    assert_eq!(rule_of(&list, &made(0.0, "10.0.0.6", "2001:db8:7::1", 9)), None);
    let ports = [7_999, 8_000, 8_099, 8_100].map(|port| rule_of(&list, &made(0.0, "printer", "192.0.2.1", port)));
    assert_eq!(ports, [None, Some(2), Some(2), None]);
    let named = AllowList::new(parse("list", "[[allow]]\nsrc = \"Printer\"\nreason = \"r\"").unwrap(), None);
    assert_eq!(rule_of(&named, &made(0.0, "printer", "192.0.2.1", 1)), Some(0));
    assert_eq!(rule_of(&named, &made(0.0, "scanner", "192.0.2.1", 1)), None);
}

#[test]
fn expired_rules_are_told_and_allow_nothing() {
    let dns = Made { protocol: 17, service: Some("dns".into()), ..made(0.0, "10.9.8.7", "192.0.2.53", 53) };
    let rules = parse("list", LIST).unwrap();
    let on = |month, day| AllowList::new(rules.clone(), Some(Day { year: 2026 + u16::from(month == 1), month, day }));
    let last_day = on(12, 31);
    assert_eq!(rule_of(&last_day, &dns), Some(0));
    assert_eq!(last_day.expired().count(), 0);
    let after = on(1, 1);
    assert_eq!(rule_of(&after, &dns), None);
    assert_eq!(after.expired().map(|rule| rule.line).collect::<Vec<_>>(), [2]);
}

#[test]
fn a_rule_ends_while_the_list_is_in_use() {
    let dns = Made { protocol: 17, service: Some("dns".into()), ..made(0.0, "10.9.8.7", "192.0.2.53", 53) };
    let mut list = AllowList::new(parse("list", LIST).unwrap(), Some(Day { year: 2026, month: 12, day: 30 }));
    let mut ended = |year, month, day| {
        let lines: Vec<usize> = list.pass_to(Day { year, month, day }).iter().map(|rule| rule.line).collect();
        (lines, rule_of(&list, &dns))
    };
    assert_eq!(ended(2026, 12, 31), (vec![], Some(0)));
    assert_eq!(ended(2027, 1, 1), (vec![2], None));
    assert_eq!(ended(2027, 1, 2), (vec![], None));
}

/// What a rule says of a service it says of rows that name one: a conversation most of whose rows name none is not allowed by it.
#[test]
fn a_rule_for_a_service_allows_no_conversation_with_rows_of_none() {
    let list = list("[[allow]]\nservice = \"ssh\"\nreason = \"r\"");
    let named = Made { service: Some("ssh".into()), ..made(0.0, "203.0.113.9", "10.0.0.5", 22) };
    let rows = |others: Option<&str>| -> Vec<Made> {
        let other =
            |i| Made { service: others.map(str::to_owned), ..made(f64::from(i), "203.0.113.9", "10.0.0.5", 22) };
        [named.clone()].into_iter().chain((1..800).map(other)).collect()
    };
    for (others, allowed) in [(Some("ssh"), Some(0)), (None, None), (Some("http"), None)] {
        for size in [1, 800] {
            assert_eq!(list.findings(&grouped(&rows(others), size)), [allowed], "{others:?}");
            let mut reversed = rows(others);
            reversed.reverse();
            assert_eq!(list.findings(&grouped(&reversed, size)), [allowed], "{others:?}");
        }
    }
}

#[test]
fn mistakes_are_told_with_their_line() {
    let message = |text: &str| parse("fine.toml", text).unwrap_err().to_string();
    let first = "[[allow]]\nport = 1\nreason = \"a\"\n";
    for (table, line, part) in [
        ("[[allow]]\nsrc = \"10.0.0.0/33\"\nreason = \"b\"", 5, "10.0.0.0/33 is met; a network is written as"),
        ("[[allow]]\nsrc = \"\"\nreason = \"b\"", 5, "a side is an address"),
        ("[[allow]]\npair = \"10.0.0.1\"\nreason = \"b\"", 5, "src > dst"),
        ("[[allow]]\npair = \"a > b\"\nsrc = \"c\"\nreason = \"b\"", 5, "leave src and dst out"),
        ("[[allow]]\nport = 65536\nreason = \"b\"", 5, "65536 is met; a port is 0 to 65535"),
        ("[[allow]]\nport = \"9-8\"\nreason = \"b\"", 5, "9-8 is met"),
        ("[[allow]]\nproto = \"tpc\"\nreason = \"b\"", 5, "tpc is met; a protocol is"),
        ("[[allow]]\nport = 1\n\nreason = \" \"", 7, "a rule says why"),
        ("[[allow]]\nport = 1", 4, "reason"),
        ("[[allow]]\nreason = \"b\"", 4, "allows everything"),
        ("[[allow]]\nport = 1\nexpires = 2026-12-31T10:00:00\nreason = \"b\"", 6, "expires is a day"),
        ("[[allow]]\nprot = 1\nreason = \"b\"", 5, "unknown field `prot`"),
        ("[[allow]]\nport = = 1\nreason = \"b\"", 5, ""),
        ("[[allow]]\nsrc = \"10.0.0.300\"\nreason = \"b\"", 5, "10.0.0.300 is met; it is no address"),
        ("[[allow]]\ndst = \"10.0.0\"\nreason = \"b\"", 5, "it is no address"),
        ("[[allow]]\ndst = \"10.0.0.1:80\"\nreason = \"b\"", 5, "without a port"),
        ("[[allow]]\nsrc = \"2001:db8:::1\"\nreason = \"b\"", 5, "it is no address"),
        ("[[allow]]\npair = \"10.0.0.1 > fe80:1\"\nreason = \"b\"", 5, "it is no address"),
        ("[[allow]]\nsrc = \"10.0.0.300/24\"\nreason = \"b\"", 5, "a network is written as"),
        ("[[allow]]\nport = [80, 443]\nreason = \"b\"", 5, "[80, 443] is met; one value a rule: write two rules"),
        ("[[allow]]\nsrc = [\"10.0.0.1\", \"b\"]\nreason = \"b\"", 5, "one value a rule: write two rules"),
        ("[[allow]]\nservice = [\"dns\"]\nreason = \"b\"", 5, "one value a rule"),
        ("[[allow]]\nproto = [6, 17]\nreason = \"b\"", 5, "one value a rule"),
        ("[[allow]]\nsrc = 10\nreason = \"b\"", 5, "10 is met; a side is an address"),
        ("[[allow]]\nport = 1\nexpires = \"2024-02-30\"\nreason = \"b\"", 6, "2024-02-30 is met; expires is a day"),
        ("[[allow]]\nport = 1\nexpires = \"soon\"\nreason = \"b\"", 6, "expires is a day"),
        ("[[allow]]\nport = 1\nreason = 7", 6, "a reason is a text in quotes"),
        ("[[deny]]\nport = 1\nreason = \"b\"", 4, "unknown field `deny`"),
        ("[[allow]]\nsrc = \"\\u001b[2J/8\"\nreason = \"b\"", 5, r"\x1b[2J/8 is met"),
    ] {
        let message = message(&format!("{first}{table}"));
        assert!(
            message.starts_with(&format!("fine.toml, line {line}: ")) && message.contains(part),
            "{table}: {message}"
        );
    }
    assert_eq!(parse("empty", "").unwrap(), []);
}

#[test]
fn names_that_look_like_addresses_and_dates_in_quotes_are_read() {
    for name in
        ["printer", "4711", "web.example.7", "00:1B:44:11:3a:b7", "fe80::1%eth0", "::ffff:10.0.0.1", "cafe.babe"]
    {
        assert_eq!(parse("list", &format!("[[allow]]\nsrc = \"{name}\"\nreason = \"r\"")).unwrap().len(), 1, "{name}");
    }
    let rules = parse("list", "[[allow]]\nport = 1\nexpires = \"2024-04-24\"\nreason = \"r\"").unwrap();
    assert_eq!(rules[0].expires, Some(Day { year: 2024, month: 4, day: 24 }));
}

#[test]
fn a_rule_is_shadowed_only_by_one_that_allowed_something() {
    assert_eq!([&[][..], &[0], &[0, 0]].map(unused), ["allows none of these flows"; 3]);
    assert!(unused(&[0, 3]).contains("that an earlier rule does not allow"));
}

#[test]
fn a_finding_is_allowed_when_all_its_rows_are() {
    let scan: Vec<Made> = (0..20)
        .map(|i| Made { state: StateGroup::Refused, ..made(f64::from(i), "198.51.100.1", "192.0.2.1", 1_000 + i) })
        .collect();
    let grouped = grouped(&scan, 7);
    let allowed = |text: &str| list(text).findings(&grouped);
    assert_eq!(allowed("[[allow]]\nport = \"1000-1019\"\nreason = \"r\""), [Some(0)]);
    assert_eq!(allowed("[[allow]]\nport = \"1000-1018\"\nreason = \"r\""), [None]);
    assert_eq!(allowed("[[allow]]\nport = \"1001-1019\"\nreason = \"r\""), [None]);
    let two = "[[allow]]\nport = \"1010-1019\"\nreason = \"r\"\n[[allow]]\nport = \"1000-1009\"\nreason = \"r\"";
    assert_eq!(allowed(two), [Some(1)]);
}

#[test]
fn rules_of_findings_allow_them() {
    let mut rows: Vec<Made> = (0..20)
        .map(|i| Made { state: StateGroup::Refused, ..made(f64::from(i), "198.51.100.1", "192.0.2.1", 1_000 + i) })
        .collect();
    rows.push(made(0.0, "2001:db8::1", "fd00::2", 22));
    rows.push(Made { protocol: 47, port: None, ..made(0.0, "10.0.0.1", "192.0.2.9", 0) });
    rows.push(Made { protocol: 1, port: None, icmp: Some((8, 0)), ..made(0.0, "10.0.0.1", "192.0.2.9", 0) });
    rows.extend((1..=12).map(|i| Made {
        destination_text: Some(format!("203.0.113.{i}")),
        state: StateGroup::NoReply,
        ..made(0.0, "10.0.0.3", "", 445)
    }));
    let grouped = grouped(&rows, 5);
    assert_eq!(grouped.findings().len(), 5);
    let names = HostNames::default();
    let mut text = LIST.to_owned();
    for finding in grouped.findings() {
        let before = AllowList::new(parse("list", &text).unwrap(), None);
        text += &appended(
            &text,
            &Common::of(finding),
            &names,
            "seen \"often\" \\ by\nnight",
            Some(Day { year: 2030, month: 1, day: 2 }),
        )
        .unwrap();
        let after = AllowList::new(parse("list", &text).unwrap(), None);
        assert_eq!(after.rules().len(), before.rules().len() + 1);
        let at = grouped.findings().iter().position(|other| other.id == finding.id).unwrap();
        assert_eq!((before.findings(&grouped)[at], after.findings(&grouped)[at].is_some()), (None, true));
        let last = after.rules().last().unwrap();
        assert_eq!(
            (last.reason.as_str(), last.expires),
            ("seen \"often\" \\ by night", Some(Day { year: 2030, month: 1, day: 2 }))
        );
    }
    assert!(
        appended("", &Common::of(&grouped.findings()[0]), &names, " ", None)
            .unwrap_err()
            .to_string()
            .contains("a rule says why")
    );
    let of = |row: &Made| Common::of_row(&Batch::of(std::slice::from_ref(row)).rows().flow(0));
    let apart = of(&made(0.0, "10.0.0.1", "10.0.0.2", 80)).and(of(&made(0.0, "10.0.0.3", "10.0.0.4", 80)));
    assert!(appended("", &apart, &names, "r", None).unwrap_err().to_string().contains("write one by hand"));
    let named = super::made::grouped(&[made(0.0, "printer", "10.0.0.1", 9)], 1);
    assert!(
        appended("", &Common::of(&named.findings()[0]), &names, "r", None).unwrap_err().to_string().contains("by hand")
    );
}

proptest! {
    #[test]
    fn any_reason_parses_back(reason in any::<String>(), before in prop_oneof![Just(""), Just("# x"), Just("# x\n"), Just("# x\n\n")]) {
        let grouped = grouped(&[made(0.0, "10.0.0.1", "192.0.2.9", 80)], 1);
        match appended(before, &Common::of(&grouped.findings()[0]), &HostNames::default(), &reason, None) {
            Ok(text) => {
                let rules: Vec<Rule> = parse("list", &format!("{before}{text}")).unwrap();
                prop_assert_eq!(rules.len(), 1);
                prop_assert_eq!(&rules[0].reason, &reason.trim().replace(['\n', '\r'], " "));
            }
            Err(_) => prop_assert!(reason.trim().is_empty()),
        }
    }

    #[test]
    fn any_text_is_a_list_or_an_error(text in any::<String>()) {
        if let Err(error) = parse("list", &text) {
            prop_assert!(error.to_string().starts_with("list, line "));
        }
    }
}
