#![no_main]

oddflow_fuzz::target!("parquet_file");
