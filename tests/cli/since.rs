//! What is new since an earlier output, and what is wrong with a capture as a whole.

use crate::Bench;

/// Conn records of these hours: a host that asks for names, and one that knocks at a closed port, each every 72 s.
fn log(hours: impl IntoIterator<Item = u32>) -> String {
    let mut text = "#separator \\x09\n#set_separator\t,\n#empty_field\t(empty)\n#unset_field\t-\n#path\tconn\n\
                    #fields\tts\tuid\tid.orig_h\tid.orig_p\tid.resp_h\tid.resp_p\tproto\tservice\tduration\torig_bytes\tresp_bytes\tconn_state\n"
        .to_owned();
    for i in hours.into_iter().flat_map(|hour| hour * 50..hour * 50 + 50) {
        let ts = 1_713_484_800.0 + f64::from(i) * 72.0;
        text += &format!(
            "{ts:.6}\tCa{i}\t10.0.0.5\t{}\t192.0.2.53\t53\ttcp\tdns\t0.5\t{}\t200\tSF\n",
            40_000 + i,
            100 + i % 7
        );
        text += &format!("{:.6}\tCb{i}\t203.0.113.9\t50000\t10.0.0.5\t4000\ttcp\t-\t0.1\t0\t0\tREJ\n", ts + 1.25);
    }
    text
}

/// Detects, and says what it said on stdout and stderr.
fn detect(bench: &Bench, args: &[&str]) -> (String, String) {
    let ran = bench.ok(&[&["detect"], args, &["--device", "cpu"]].concat());
    (ran.stdout, ran.stderr)
}

#[test]
fn the_same_logs_and_parts_of_them_have_not_grown() {
    let bench = Bench::empty();
    bench.write("conn.log", log(0..44));
    bench.write("hour.log", log(3..4));
    let baseline = ["--baseline", "2024-04-19T10:00..2024-04-20T10:00"];
    detect(&bench, &["conn.log", "-o", "whole.csv"]);
    detect(&bench, &[&["conn.log", "-o", "rest.csv"][..], &baseline].concat());
    detect(&bench, &["hour.log", "-o", "hour.csv"]);
    for (args, since) in [
        (&["conn.log"][..], "whole.csv"),
        (&[&["conn.log"][..], &baseline].concat(), "rest.csv"),
        (&["hour.log"], "whole.csv"),
        (&["conn.log"], "hour.csv"),
    ] {
        let (_, said) = detect(&bench, &[args, &["--since", since]].concat());
        let seen = said.contains("of these 0 new, ") && said.contains(" seen, 0 grown");
        assert!(seen, "{args:?} since {since}\n{said}");
    }
}

#[test]
fn faults_of_the_whole_capture_are_told_however_little_is_asked_for() {
    let bench = Bench::empty();
    bench.write("conn.log", log([0, 1, 4, 5, 6]));
    let fault = "no flows from 2024-04-19 02:00 to 2024-04-19 04:00 UTC";
    let (table, said) = detect(&bench, &["conn.log", "-q", "--top", "0"]);
    assert!(table.contains("!  data") && table.contains(fault) && said.is_empty(), "{table}\n{said}");
    let (rows, said) = detect(&bench, &["conn.log", "-o", "-"]);
    assert!(said.contains(&format!("capture    {fault}")) && !rows.contains("! "), "{said}");
    // Hours that are left out are not missed.
    let (table, _) = detect(&bench, &["conn.log", "--baseline", "2024-04-19T01:00..2024-04-19T04:00"]);
    assert!(!table.contains("data"), "{table}");
}

#[test]
fn what_to_ask_next_can_be_asked() {
    let bench = Bench::empty();
    bench.write("conn.log", log(0..2));
    let (_, said) = detect(&bench, &["conn.log", "-o", "conn.of a.csv.gz"]);
    assert!(said.contains("next       oddflow show 'conn.of a.csv.gz' 1 "), "{said}");
    assert!(said.contains("           oddflow report 'conn.of a.csv.gz' -o 'conn.of a.html' "), "{said}");
    bench.ok(&["show", "conn.of a.csv.gz", "1"]);
    // Records that came by standard input are in no file.
    let ran = bench.run_with_stdin(&["detect", "-", "-o", "st.csv", "--device", "cpu"], log(0..2).as_bytes());
    assert!(ran.stderr.contains("next       oddflow report st.csv -o st.html "), "{}", ran.stderr);
    let (_, said) = detect(&bench, &["conn.log", "-o", "scores.csv", "--scores-only"]);
    assert!(!said.contains("oddflow show") && !said.contains("oddflow report"), "{said}");
}
