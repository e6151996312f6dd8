//! What can be asked of an output later: records of a finding, hosts, rules, what is new; and what is read at all.

use crate::{Bench, csv_column, shared};
use std::path::Path;

/// Two hours of a small network: a host that asks for names, a clock, a scanner of 60 ports; the second file has records that are
/// no flows between them.
pub fn logs(bench: &Bench) {
    let header = "#separator \\x09\n#set_separator\t,\n#empty_field\t(empty)\n#unset_field\t-\n#path\tconn\n\
                  #fields\tts\tuid\tid.orig_h\tid.orig_p\tid.resp_h\tid.resp_p\tproto\tservice\tduration\torig_bytes\tresp_bytes\tconn_state\n";
    let line = |i: u32, ts: f64, from: &str, to: &str, port: u32, service: &str, state: &str| {
        format!(
            "{ts:.6}\tC{i:05}\t{from}\t{}\t{to}\t{port}\ttcp\t{service}\t0.5\t{}\t200\t{state}\n",
            40_000 + i,
            100 + i % 7
        )
    };
    let start = 1_713_484_800.0;
    let (mut first, mut second) = (header.to_owned(), header.to_owned());
    for i in 0..300 {
        let text = line(i, start + f64::from(i) * 11.3, "10.0.0.5", "192.0.2.53", 53, "dns", "SF");
        first += &text;
    }
    for i in 0..60 {
        first += &line(1_000 + i, start + f64::from(i) * 30.0, "10.0.0.6", "192.0.2.80", 443, "ssl", "SF");
        second += &line(2_000 + i, start + 3_700.0 + f64::from(i), "203.0.113.9", "10.0.0.5", 1_000 + i, "-", "REJ");
        if i % 20 == 10 {
            second += "\n#close\t2024-04-19-01-00-00\n";
        }
    }
    std::fs::create_dir(bench.path("logs")).unwrap();
    bench.write("logs/conn.00.log", first);
    bench.write("logs/conn.01.log", second);
}

pub fn manifest(bench: &Bench, name: &str) -> serde_json::Value {
    serde_json::from_str(&bench.read(&format!("{name}.manifest.json"))).unwrap()
}

#[test]
fn a_finding_shows_the_records_it_is_made_of_untouched() {
    let bench = Bench::empty();
    logs(&bench);
    for out in ["out.parquet", "out.csv"] {
        bench.ok(&["detect", "logs", "-o", out, "--device", "cpu", "--alerts", "3/day"]);
        let kept = manifest(&bench, out);
        let list = kept["findings"]["list"].as_array().unwrap();
        let scan = list.iter().find(|told| told["kind"] == "scan").unwrap_or_else(|| panic!("{list:?}"));
        assert_eq!((&scan["flows"], &scan["source"], &scan["port"]), (&60.into(), &"203.0.113.9".into(), &"*".into()));
        let id = scan["id"].as_str().unwrap();
        let rank = scan["rank"].to_string();
        let ran = bench.ok(&["show", out, &rank, "--limit", "100"]);
        let text = bench.read("logs/conn.01.log");
        let wanted: Vec<&str> = text.lines().filter(|line| line.contains("203.0.113.9")).collect();
        assert_eq!(ran.stdout.lines().collect::<Vec<_>>(), wanted, "{out}");
        for said in [
            "60 flows",
            "203.0.113.9 -> 10.0.0.5",
            "conn.01.log, records 1-",
            "zeek-cut",
            "src=\"203.0.113.9\"",
            "60 ports",
        ] {
            assert!(ran.stderr.contains(said), "{said}\n{}", ran.stderr);
        }
        // By name, some, with their places.
        let ran = bench.ok(&["show", out, id, "--limit", "2", "-n", "--quiet"]);
        let places: Vec<&str> = ran.stdout.lines().map(|line| line.split("\t").next().unwrap()).collect();
        assert!(places[0].starts_with("logs/conn.01.log:1:1713488500"), "{}", ran.stdout);
        assert_eq!((ran.stdout.lines().count(), ran.stderr.as_str()), (2, ""));
    }
    // The filter for DuckDB is a condition here.
    let ran = bench.ok(&["show", "out.csv", "1"]);
    let id = manifest(&bench, "out.csv")["findings"]["list"][0]["id"].as_str().unwrap().to_owned();
    let query = format!("output     FROM 'out.csv' WHERE \"finding_id\" = '{id}'");
    assert!(ran.stderr.contains(&query), "{query}\n{}", ran.stderr);
    let filter = ran.stderr.lines().find_map(|line| line.strip_prefix("DuckDB")).unwrap().trim();
    let again =
        bench.ok(&["score", "-m", "out.csv.model", "logs", "--where", filter, "-o", "again.csv", "--device", "cpu"]);
    let flows = manifest(&bench, "out.csv")["findings"]["list"][0]["flows"].as_u64().unwrap();
    assert!(again.stderr.contains("left out by --where"), "{}", again.stderr);
    assert_eq!(csv_column(&bench.path("again.csv"), "uid").len() as u64, flows, "{filter}");

    for (args, said) in [
        (&["show", "out.csv", "99"][..], "findings up to "),
        (&["show", "nowhere.csv", "1"], "is no file"),
        (&["show", "out.csv", "first"], "16 hexadecimal digits"),
        (&["show", "out.csv", "0123456789abcdef"], "no row of it"),
        (&["show", "logs/conn.00.log", "0123456789abcdef"], "name an output of detect or score"),
        (&["show", "out.csv", "1", "--root", "elsewhere"], "--root"),
        (&["hosts", "logs/conn.00.log"], "name an output of detect or score"),
    ] {
        let ran = bench.run(args);
        assert!(ran.code == 2 && ran.stderr.contains(said), "{args:?}\n{}", ran.stderr);
    }
    // A log that has grown is still what was scored; one of the same size with other lines is not, nor is a shorter one.
    let list = manifest(&bench, "out.csv")["findings"]["list"].clone();
    let scan = list.as_array().unwrap().iter().find(|told| told["kind"] == "scan").unwrap()["rank"].to_string();
    let log = bench.read("logs/conn.01.log");
    bench.write("logs/conn.01.log", format!("{log}#close\t2024-04-19-02-00-00\n"));
    bench.ok(&["show", "out.csv", &scan]);
    let mut lines: Vec<&str> = log.lines().collect();
    lines[1..].reverse();
    for other in [lines.join("\n") + "\n", "#fields\tts\n".to_owned()] {
        bench.write("logs/conn.01.log", other);
        let ran = bench.run(&["show", "out.csv", &scan]);
        assert!(ran.code == 2 && ran.stdout.is_empty(), "{}", ran.stdout);
        assert!(ran.stderr.contains("has changed since it was scored"), "{}", ran.stderr);
    }
    let rows = Bench::with_flows(500);
    rows.ok(&["detect", "flows.csv", "-o", "rows.csv", "--device", "cpu"]);
    let ran = rows.run(&["show", "rows.csv", "0123456789abcdef"]);
    assert!(ran.code == 2 && ran.stderr.contains("tell no addresses and times"), "{}", ran.stderr);
}

#[test]
fn hosts_are_listed_by_day_and_rules_are_added() {
    let bench = Bench::empty();
    logs(&bench);
    bench.ok(&["detect", "logs", "-o", "out.csv", "--device", "cpu", "--alerts", "3/day"]);
    let ran = bench.ok(&["hosts", "out.csv"]);
    let scanner = ran.stdout.lines().find(|line| line.contains("203.0.113.9")).unwrap();
    let cells: Vec<&str> = scanner.split_whitespace().collect();
    assert_eq!(cells[1..7], ["203.0.113.9", "2024-04-19", "60", "60", "1", "100%"], "{}", ran.stdout);
    let json = bench.ok(&["hosts", "out.csv", "--json"]);
    let lines: Vec<serde_json::Value> = json.stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(lines.iter().map(|line| line["flows"].as_u64().unwrap()).sum::<u64>(), 420);

    // A rule: printed, added, used, and the list is known from then on.
    let list = manifest(&bench, "out.csv")["findings"]["list"].clone();
    let scan = list.as_array().unwrap().iter().find(|told| told["kind"] == "scan").unwrap()["rank"].to_string();
    let dry = bench.ok(&["allow", "out.csv", &scan, "--reason", "our own scanner", "--dry-run"]);
    assert!(dry.stdout.contains("src = \"203.0.113.9\"") && !bench.path("allow.toml").exists(), "{}", dry.stdout);
    bench.ok(&["allow", "out.csv", &scan, "--reason", "our own scanner", "--expires", "2099-12-31"]);
    let ran = bench.ok(&["detect", "logs", "-o", "again.csv", "--device", "cpu", "--allow", "allow.toml"]);
    assert!(ran.stderr.contains("our own scanner: 60 flows") && !ran.stdout.contains("203.0.113.9"), "{}", ran.stderr);
    let kept = manifest(&bench, "again.csv");
    assert_eq!(kept["findings"]["allowed"]["rules"][0]["rows"], 60);
    bench.ok(&["allow", "again.csv", "1", "--reason", "fine"]);
    assert_eq!(bench.read("allow.toml").matches("[[allow]]").count(), 2);
    for (args, said) in [
        (&["allow", "out.csv", &scan, "--reason", " "][..], "a rule says why"),
        (&["allow", "out.csv", &scan, "--reason", "x", "--expires", "2099-13-01"], "2027-01-31"),
    ] {
        let ran = bench.run(args);
        assert!(ran.code == 2 && ran.stderr.contains(said), "{args:?}\n{}", ran.stderr);
    }
}

/// An output in which some rows are said to be of other findings: the four first of ten clients of one server, two that share no
/// side, one of the scan, and one of the scan that is of none.
fn regrouped(bench: &Bench) -> String {
    logs(bench);
    bench.ok(&["detect", "logs", "-o", "out.csv", "--device", "cpu", "--alerts", "3/day"]);
    let list = manifest(bench, "out.csv")["findings"]["list"].clone();
    let scan = list.as_array().unwrap().iter().find(|told| told["kind"] == "scan").unwrap()["id"].clone();
    let scan = scan.as_str().unwrap().to_owned();
    let ids = csv_column(&bench.path("out.csv"), "finding_id");
    let (mut clients, mut scanned, mut asked) = (0, 0, 0);
    let text = bench.read("out.csv");
    let header = text.lines().take(1).map(str::to_owned);
    let rows = text.lines().skip(1).zip(&ids).map(|(line, id)| {
        let in_finding = |line: &str, other: &str| line.replace(&format!(",{id},"), &format!(",{other},"));
        if line.contains(",10.0.0.6,") {
            clients += 1;
            let line = line.replace(",10.0.0.6,", &format!(",10.0.1.{},", clients % 10));
            return if clients <= 4 { in_finding(&line, "bbbbbbbbbbbbbbbb") } else { line };
        }
        if line.contains(",203.0.113.9,") {
            scanned += 1;
            return match scanned {
                20 => in_finding(line, "aaaaaaaaaaaaaaaa"),
                21 => in_finding(line, "cccccccccccccccc"),
                22 => in_finding(line, ""),
                _ => line.to_owned(),
            };
        }
        asked += 1;
        if asked == 1 { in_finding(line, "aaaaaaaaaaaaaaaa") } else { line.to_owned() }
    });
    bench.write("edited.csv", header.chain(rows).collect::<Vec<_>>().join("\n") + "\n");
    scan
}

#[test]
fn what_a_filter_or_rule_takes_beyond_the_finding_is_told() {
    let bench = Bench::empty();
    let scan = regrouped(&bench);
    let ran = bench.ok(&["show", "edited.csv", &scan]);
    let told =
        "filters    they select 3 more records: 2 of other findings, 1 of none (replaced by later ones, or not scored)";
    assert!(ran.stderr.contains(told), "{}", ran.stderr);
    let ran = bench.ok(&["show", "out.csv", &scan]);
    assert!(!ran.stderr.contains("they select"), "{}", ran.stderr);

    let allow =
        |id: &str, more: &[&str]| bench.run(&[&["allow", "edited.csv", id, "--reason", "r"][..], more].concat());
    let ran = allow("bbbbbbbbbbbbbbbb", &["--dry-run"]);
    assert!(ran.stdout.contains("dst = \"192.0.2.80\"") && !ran.stdout.contains("src"), "{}", ran.stdout);
    assert!(ran.stderr.contains("60 flows of edited.csv, 56 of them of other findings"), "{}", ran.stderr);
    assert!(ran.stderr.contains("every source, for ever; give it a last day with --expires"), "{}", ran.stderr);
    let ran = allow("bbbbbbbbbbbbbbbb", &["--dry-run", "--expires", "2099-01-31"]);
    assert!(ran.code == 0 && !ran.stderr.contains("for ever"), "{}", ran.stderr);
    // One conversation, and no other flows of it.
    let ran = bench.ok(&["allow", "out.csv", &scan, "--reason", "r", "--dry-run"]);
    assert!(!ran.stderr.contains("other findings") && !ran.stderr.contains("for ever"), "{}", ran.stderr);
    let ran = allow("aaaaaaaaaaaaaaaa", &[]);
    assert!(ran.code == 2 && ran.stderr.contains("write one by hand"), "{}", ran.stderr);
    assert!(!bench.path("allow.toml").exists());

    bench.ok(&["detect", "logs", "-o", "none.csv", "--device", "cpu", "--group", "none"]);
    for args in
        [&["show", "none.csv", "1"][..], &["show", "none.csv", &scan], &["allow", "none.csv", "1", "--reason", "r"]]
    {
        let ran = bench.run(args);
        assert!(ran.code == 2 && ran.stderr.contains("made with --group none and has no findings"), "{}", ran.stderr);
    }
}

/// Zeek's JSON in either habit of naming, with three ways to say a time; DuckDB's filter goes by what the records have.
#[test]
fn filters_are_for_the_records_as_they_were_logged() {
    let bench = Bench::empty();
    logs(&bench);
    let records: Vec<Vec<String>> = ["logs/conn.00.log", "logs/conn.01.log"]
        .iter()
        .flat_map(|log| bench.read(log).lines().map(str::to_owned).collect::<Vec<_>>())
        .filter(|line| !line.is_empty() && !line.starts_with('#'))
        .map(|line| line.split('\t').map(str::to_owned).collect())
        .collect();
    let iso = |ts: &str| {
        let (second, part) = ts.split_once('.').unwrap();
        let second = second.parse::<u64>().unwrap() - 1_713_484_800;
        format!("\"2024-04-19T{:02}:{:02}:{:02}.{part}Z\"", second / 3_600, second / 60 % 60, second % 60)
    };
    let millis = |ts: &str| ts.replace('.', "").get(..13).unwrap().to_owned();
    for (between, time, said) in [
        (
            "_",
            &iso as &dyn Fn(&str) -> String,
            &["id_orig_h = '203.0.113.9'", "ts BETWEEN TIMESTAMPTZ '2024-04-19 01:01:40.000000+00' AND"],
        ),
        (".", &millis, &["\"id.orig_h\" = '203.0.113.9'", "ts BETWEEN 1713488500000 AND 1713488559000"]),
        (".", &|ts| ts.to_owned(), &["\"id.orig_h\" = '203.0.113.9'", "ts BETWEEN 1713488500.000000 AND"]),
    ] {
        let line = |r: &Vec<String>| {
            let service = if r[7] == "-" { String::new() } else { format!("\"service\":\"{}\",", r[7]) };
            format!(
                "{{\"ts\":{},\"uid\":\"{}\",\"id{between}orig_h\":\"{}\",\"id{between}orig_p\":{},\"id{between}resp_h\":\"{}\",\
                 \"id{between}resp_p\":{},\"proto\":\"{}\",{service}\"duration\":{},\"orig_bytes\":{},\"resp_bytes\":{},\
                 \"conn_state\":\"{}\"}}\n",
                time(&r[0]),
                r[1],
                r[2],
                r[3],
                r[4],
                r[5],
                r[6],
                r[8],
                r[9],
                r[10],
                r[11]
            )
        };
        bench.write("conn.log", records.iter().map(line).collect::<String>());
        for out in ["out.csv", "out.parquet"] {
            bench.ok(&["detect", "conn.log", "-o", out, "--device", "cpu", "--alerts", "3/day"]);
            let list = manifest(&bench, out)["findings"]["list"].clone();
            let scan = list.as_array().unwrap().iter().find(|told| told["kind"] == "scan").unwrap()["rank"].to_string();
            let ran = bench.ok(&["show", out, &scan]);
            assert!(!ran.stderr.contains("zeek-cut"), "{}", ran.stderr);
            for said in said {
                assert!(ran.stderr.contains(said), "{out}: {said}\n{}", ran.stderr);
            }
        }
    }
    let Some(eve) = shared("data/suricata/eve.json") else { return };
    bench.ok(&["detect", eve.to_str().unwrap(), "-o", "eve.csv", "--device", "cpu"]);
    let ran = bench.ok(&["show", "eve.csv", "1"]);
    assert!(ran.stderr.contains("DuckDB     WHERE event_type = 'flow' AND "), "{}", ran.stderr);
    assert!(!ran.stderr.contains("zeek-cut"), "{}", ran.stderr);
}

#[test]
fn findings_are_new_seen_or_grown() {
    let bench = Bench::empty();
    logs(&bench);
    bench.ok(&["detect", "logs/conn.00.log", "-o", "before.parquet", "--device", "cpu"]);
    let ran = bench.ok(&["detect", "logs", "-o", "now.csv", "--device", "cpu", "--since", "before.parquet"]);
    let list = manifest(&bench, "now.csv")["findings"]["list"].clone();
    let since =
        |source: &str| list.as_array().unwrap().iter().find(|told| told["source"] == source).unwrap()["since"].clone();
    assert_eq!((since("203.0.113.9"), since("10.0.0.6")), ("new".into(), "seen".into()), "{list}");
    assert!(ran.stdout.contains("new: 60 ports") && ran.stdout.contains("seen: "), "{}", ran.stdout);
    let count = |since: &str| list.as_array().unwrap().iter().filter(|told| told["since"] == since).count();
    let told = format!("since      of these {} new, {} seen, 0 grown", count("new"), count("seen"));
    assert!(ran.stderr.contains(&told), "{told}\n{}", ran.stderr);
    assert!(ran.stderr.contains("next       oddflow show now.csv 1 "), "{}", ran.stderr);
    assert!(ran.stderr.contains("oddflow report now.csv -o now.html "), "{}", ran.stderr);
    let ran = bench.run(&["detect", "logs", "--since", "logs/conn.00.log"]);
    assert!(ran.code == 2 && ran.stderr.contains("name an output"), "{}", ran.stderr);
}

#[test]
fn a_condition_holds_for_what_is_fitted_on_and_scored() {
    let bench = Bench::empty();
    logs(&bench);
    let ran = bench.ok(&[
        "detect",
        "logs",
        "--where",
        "in_network(id.orig_h, '10.0.0.0/8')",
        "-o",
        "ours.csv",
        "--device",
        "cpu",
    ]);
    assert!(ran.stderr.contains("60 left out by --where") && ran.stderr.contains("of 360 rows"), "{}", ran.stderr);
    let sources = csv_column(&bench.path("ours.csv"), "id.orig_h");
    assert!(sources.len() == 360 && sources.iter().all(|source| source.starts_with("10.")));
    // Tables too, whatever the format; and records keep their numbers.
    let rows = Bench::with_flows(2_000);
    rows.ok(&["detect", "flows.csv", "-o", "all.parquet", "--device", "cpu"]);
    let count = |input: &str, condition: &str| {
        let ran = rows.ok(&["detect", input, "--where", condition, "--device", "cpu", "-o", "some.csv", "--top", "1"]);
        let kept = csv_column(&rows.path("some.csv"), "service").len();
        let table: Vec<&str> = ran.stdout.lines().collect();
        (kept, table[1].split_whitespace().nth(3).unwrap().parse::<usize>().unwrap())
    };
    let all = csv_column(&rows.path("flows.csv"), "service").iter().filter(|service| *service == "http").count();
    let (kept, record) = count("flows.csv", "service = 'http'");
    assert_eq!(kept, all);
    assert_eq!(csv_column(&rows.path("flows.csv"), "service")[record - 1], "http");
    assert_eq!(count("all.parquet", "service = 'http'"), (kept, record));
    for (condition, said) in [
        ("servce = 'http'", "no such column"),
        ("service = http", "text stands in single quotes"),
        ("service LIKE", "it must be a condition"),
        ("service = 'gopher'", "2000 left out by --where"),
    ] {
        let ran = rows.run(&["detect", "flows.csv", "--where", condition]);
        assert!(ran.code == 2 && ran.stderr.contains(said), "{condition}\n{}", ran.stderr);
    }
}

#[test]
fn a_baseline_may_be_a_span_of_the_logs_own_time() {
    let bench = Bench::empty();
    logs(&bench);
    let args =
        ["detect", "logs", "--baseline", "2024-04-19T00:00..2024-04-19T01:00", "-o", "rest.csv", "--device", "cpu"];
    let ran = bench.ok(&args);
    assert!(ran.stderr.contains("fit on     360 of 420 rows"), "{}", ran.stderr);
    assert!(ran.stderr.contains("360 rows of the baseline, not scored"), "{}", ran.stderr);
    let scores = csv_column(&bench.path("rest.csv"), "anomaly_score");
    let sources = csv_column(&bench.path("rest.csv"), "id.orig_h");
    assert_eq!(scores.len(), 420);
    assert!(scores.iter().zip(&sources).all(|(score, source)| score.is_empty() == source.starts_with("10.")));
    // The baseline is no anomaly, and its rows can be explained all the same.
    let verdicts = csv_column(&bench.path("rest.csv"), "anomaly");
    assert!(verdicts.iter().zip(&scores).all(|(verdict, score)| !score.is_empty() || verdict == "0"));
    let told = bench.ok(&["explain", "-m", "rest.csv.model", "rest.csv", "--row", "1", "--device", "cpu"]);
    assert!(told.stdout.contains("10.0.0."), "{}", told.stdout);
    let kept = manifest(&bench, "rest.csv");
    assert_eq!((&kept["rows_scored"], &kept["rows_of_baseline"]), (&60.into(), &360.into()));
    let share = kept["anomalies"].as_f64().unwrap() / 60.0;
    assert!(share > 0.0 && kept["share_of_anomalies"] == share, "{kept}");
    assert!(ran.stdout.contains("203.0.113.9") && !ran.stdout.contains("10.0.0.6"), "{}", ran.stdout);
    // Threads and batches change nothing.
    let whole = bench.read("rest.csv");
    bench.ok(&[&args[..], &["--threads", "1", "--batch-rows", "7"]].concat());
    assert_eq!(bench.read("rest.csv"), whole);
    let rows = Bench::with_flows(500);
    for (bench, args, said) in [
        (&bench, &["detect", "logs", "--baseline", "2024-04-20..2024-04-21"][..], "none begins within the span"),
        (&bench, &["detect", "logs", "--baseline", "noon..night"], "two times such as"),
        (&rows, &["detect", "flows.csv", "--baseline", "2024-04-20..2024-04-21"], "is for logs of flows"),
    ] {
        let ran = bench.run(args);
        assert!(ran.code == 2 && ran.stderr.contains(said), "{args:?}\n{}", ran.stderr);
    }
}

#[test]
fn a_real_day_shows_its_guesser() {
    let Some(day) = shared("data/zeek/rita-day") else { return };
    let bench = Bench::empty();
    let day = day.to_str().unwrap();
    bench.ok(&["detect", day, "-o", "day.parquet", "--device", "cpu"]);
    let list = manifest(&bench, "day.parquet")["findings"]["list"].clone();
    let guesser = list.as_array().unwrap().iter().find(|told| told["source"] == "170.64.237.193").unwrap();
    let ran = bench.ok(&["show", "day.parquet", guesser["id"].as_str().unwrap(), "--limit", "1000"]);
    assert_eq!(ran.stdout.lines().count(), 466);
    assert!(ran.stdout.lines().all(|line| line.contains("170.64.237.193") && line.split('\t').count() > 20));
    // What was scored before keeps its snapshots out when it is scored again.
    let again = bench.ok(&["score", "-m", "day.parquet.model", "day.parquet", "-o", "re.parquet", "--device", "cpu"]);
    assert!(again.stderr.contains("scored     31,368 rows"), "{}", again.stderr);
    // Which flows were still open is known by the files of its rows.
    let again = bench.ok(&["fit", "day.parquet", "-o", "again.model", "--device", "cpu"]);
    assert!(again.stderr.contains("features   50 from 49 derived columns"), "{}", again.stderr);
    // A model's bytes depend on what was fitted alone, and the columns not on the order of the command line.
    let model = std::fs::read(bench.path("day.parquet.model")).unwrap();
    let mut files: Vec<String> =
        std::fs::read_dir(Path::new(day)).unwrap().map(|e| e.unwrap().path().to_str().unwrap().to_owned()).collect();
    files.sort_by(|a, b| b.cmp(a));
    let fit = |files: &[String], model: &str| {
        let files: Vec<&str> = files.iter().map(String::as_str).collect();
        bench.ok(&[&["fit", "-o", model, "--device", "cpu"][..], &files].concat());
        std::fs::read(bench.path(model)).unwrap()
    };
    let there = fit(&files, "there.model");
    files.reverse();
    assert!(fit(&files, "back.model") == there);
    bench.ok(&["detect", day, "-o", "twice.parquet", "--device", "cpu"]);
    assert!(std::fs::read(bench.path("twice.parquet.model")).unwrap() == model);
}
