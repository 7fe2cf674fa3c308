#![no_main]
perfguard_fuzz::target!("baseline");
