#![no_main]
perfguard_fuzz::target!("criterion-protocol");
