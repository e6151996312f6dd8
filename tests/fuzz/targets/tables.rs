#![no_main]

oddflow_fuzz::target!("tables");
