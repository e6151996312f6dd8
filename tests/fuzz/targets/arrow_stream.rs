#![no_main]

oddflow_fuzz::target!("arrow_stream");
