#![no_main]
perfguard_fuzz::target!("shared-run");
