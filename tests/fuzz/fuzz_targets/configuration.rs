#![no_main]
perfguard_fuzz::target!("configuration");
