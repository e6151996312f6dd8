#![no_main]

oddflow_fuzz::target!("allow");
