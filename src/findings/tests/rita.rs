use super::made::{Batch, Made, grouped};
use super::zeek::{iot, rita_day, score};
use crate::Stop;
use crate::device::Device;
use crate::findings::{Finding, Grouped, Kind, Opinions};
use crate::detectors::Ranking;

#[test]
fn explore() {
    let Some(mut rows) = rita_day() else { return };
    for seed in 0..3 {
        score(&mut rows, seed);
        let grouped = grouped(&rows, 1000);
        let opinions = Opinions::ask(&grouped, seed, &Device::Cpu, &Stop::new()).unwrap();
        println!("{} findings {:?}", grouped.findings().len(), opinions.lines);
        for (name, rule) in RULES {
            let mut order: Vec<(f64, &Finding)> = grouped.findings().iter().enumerate().filter(|(_, f)| f.subject.kind != Kind::Data).map(|(i, f)| (rule(f, opinions.conversation[i], opinions.host[i]), f)).collect();
            order.sort_by(|a, b| b.0.total_cmp(&a.0));
            let place = |source: &str, least: u64| order.iter().position(|(_, f)| f.subject.conversation.source.unwrap().to_string() == source && f.tally.flows >= least).map_or(0, |p| p + 1);
            println!("{name}: scanner {} ssh {} knocker {} long {} bursts {} beat {}  first 100: {} flows", place("165.154.254.36", 1000), place("170.64.237.193", 400), place("120.245.134.197", 5000), order.iter().position(|(_, f)| f.tally.longest > 80_000_000_000).unwrap() + 1, place("94.232.45.152", 900), place("73.54.23.243", 300), order[..100].iter().map(|(_, f)| f.tally.flows).sum::<u64>());
            if seed == 0 { for (s, f) in &order[..14] { println!("   {s:.3} mean {:.3} max {:.3} flows {} {} ports {} hosts {} states {:?} out {} in {} long {:.0}", f.tally.severity_mean(), f.tally.severity_max, f.tally.flows, f.subject, f.ports, f.hosts, f.states, f.tally.bytes_out, f.tally.bytes_in, f.tally.longest as f64 / 1e6); } }
        }
    }
}

type Rule = fn(&Finding, Option<(f64, f64)>, Option<(f64, f64)>) -> f64;

const RULES: [(&str, Rule); 8] = [
    ("row mean", |f, _, _| f.tally.severity_mean()),
    ("row max", |f, _, _| f.tally.severity_max),
    ("conv max", |_, c, _| c.map_or(0.0, |c| c.1)),
    ("host max", |_, _, h| h.map_or(0.0, |c| c.1)),
    ("max of conv max, host max, row mean", |f, c, h| c.map_or(0.0, |c| c.1).max(h.map_or(0.0, |h| h.1)).max(f.tally.severity_mean())),
    ("noisy or of means", |f, c, h| 1.0 - (1.0 - f.tally.severity_mean()) * (1.0 - c.map_or(0.0, |c| c.0)) * (1.0 - h.map_or(0.0, |c| c.0))),
    ("mean of means", |f, c, h| (f.tally.severity_mean() + c.map_or(0.0, |c| c.0) + h.map_or(0.0, |c| c.0)) / 3.0),
    ("mean of row mean, conv max, host max + size", |f, c, h| (f.tally.severity_mean() + c.map_or(0.0, |c| c.1) + h.map_or(0.0, |c| c.1)) / 3.0 + 0.05 * libm::log10(f.tally.flows as f64)),
];

#[test]
fn explore_iot() {
    let Some((all, labels)) = iot() else { return };
    for thin in [1, 100] {
        let keep: Vec<usize> = (0..all.len()).filter(|&i| !labels[i] || i % thin == 0).collect();
        let mut rows: Vec<Made> = keep.iter().map(|&i| all[i].clone()).collect();
        let labels: Vec<bool> = keep.iter().map(|&i| labels[i]).collect();
        let scores = score(&mut rows, 0);
        let auroc = |s: &[f64]| {
            let mut ranking = Ranking::new();
            s.iter().zip(&labels).for_each(|(&s, &l)| ranking.push(s, false, l));
            let q = ranking.finish();
            (q.auroc, q.average_precision)
        };
        println!("thin {thin} rows {} ", rows.len());
        let _ = scores;
        let grouped: Grouped = grouped(&rows, 1000);
        let of = grouped.findings_of(&Batch::of(&rows).rows());
        let opinions = Opinions::ask(&grouped, 0, &Device::Cpu, &Stop::new()).unwrap();
        println!("{} findings {:?}", grouped.findings().len(), opinions.lines);
        for (name, rule) in RULES {
            let s: Vec<f64> = of.iter().map(|at| { let i = at.unwrap(); rule(&grouped.findings()[i], opinions.conversation[i], opinions.host[i]) }).collect();
            println!("{name}: {:?}", auroc(&s));
        }
    }
}
