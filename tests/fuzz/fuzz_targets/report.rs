#![no_main]
perfguard_fuzz::target!("report");
