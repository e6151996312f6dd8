#![no_main]

oddflow_fuzz::target!("argus");
